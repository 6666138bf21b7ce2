/* SPDX-License-Identifier: ISC
 *
 * The section "list" of the configuration: what may be published. The rules that it makes are
 * those of store/fuse.h.
 */
#ifndef PORTREEVE_STORE_LIST_CONFIG_H
#define PORTREEVE_STORE_LIST_CONFIG_H

#include "base/config.h"
#include "store/fuse.h"

struct list_config {
	struct config_prefixes widest;           /* one of each family */
	struct config_prefixes allow_special;
};
extern const struct config_row list_config_rows[];
extern const size_t list_config_row_count;

/* ERR_INVALID with one line that names the parameter. */
int list_config_check(const struct list_config *config, struct buf *message);
/* The rules, after the check; nothing is known to be ours yet. */
void list_config_fuse(const struct list_config *config, struct fuse *fuse);
/* Makes the address ours, unless it is none or unspecified. */
void list_config_own(struct fuse *fuse, const struct ip *address);

#endif
