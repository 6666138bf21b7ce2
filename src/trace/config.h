/* SPDX-License-Identifier: ISC
 *
 * The section "trace" of the configuration: what is ours.
 */
#ifndef PORTREEVE_TRACE_CONFIG_H
#define PORTREEVE_TRACE_CONFIG_H

#include "base/config.h"

struct trace_config {
	struct config_strings own_hosts;
	struct config_strings own_nets;
	struct config_strings border_hosts;
};
extern const struct config_row trace_config_rows[];
extern const size_t trace_config_row_count;

/* Whether names and networks are some. ERR_INVALID with one line in *message. */
int trace_config_check(const struct trace_config *config, struct buf *message);

#endif
