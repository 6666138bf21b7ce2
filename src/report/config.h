/* SPDX-License-Identifier: ISC
 *
 * The section "report" of the configuration: whom we ask for abuse contacts, who we are
 * to an abuse desk, and through which server reports leave. Unset, nothing is asked and
 * nothing can be sent.
 */
#ifndef PORTREEVE_REPORT_CONFIG_H
#define PORTREEVE_REPORT_CONFIG_H

#include "base/config.h"

struct report_config {
	struct config_strings sources;         /* "rdap", "abusix", "cymru", in that order asked */
	struct config_strings rdap_bootstrap;  /* RFC 9224 files or URLs */
	bool rdap_private;                     /* http and private addresses too: for a lab */
	char *abusix_zone, *cymru_zone, *cymru_zone6;
	int64_t cache_s, timeout_s, dead_for_s;
	char *from, *return_path;              /* "" : general contact; null sender */
	char *return_path_delimiter;           /* before the token; "none": no token */
	struct config_strings own_domains;
	struct config_strings ignore;          /* globs of contacts that are never used */
	char *format;
	bool body;
	int64_t body_bytes;
	bool own_lines;                        /* what our side wrote goes along */
	int64_t old_after_s;                   /* a message as old needs a yes */
	char *smarthost, *smarthost_tls, *smarthost_user, *smarthost_password_file;
	struct config_strings templates;
};
extern const struct config_row report_config_rows[];
extern const size_t report_config_row_count;

/* Whether the addresses that are set can be used. ERR_INVALID with one line in *message. */
int report_config_check(const struct report_config *config, struct buf *message);

#endif
