/* SPDX-License-Identifier: ISC
 *
 * The section "dnsbl" of the configuration: the zones we serve and how. What the rows
 * cannot check alone (a code outside 127.0.0.0/8, a text too long) blocklist/zone.h
 * checks when it makes a zone of them; dnsbl_config_check() makes all of them to see.
 */
#ifndef PORTREEVE_BLOCKLIST_CONFIG_H
#define PORTREEVE_BLOCKLIST_CONFIG_H

#include "base/config.h"

/* The default of `text`. */
#define DNSBL_TEXT "%a is listed as an open relay (%z)"
/* The default of `text_word`. */
#define DNSBL_TEXT_WORD "%a is listed by its operator's word: %r"
/* The default of `text_range`. */
#define DNSBL_TEXT_RANGE "%a is in %n, which is listed by its operator's word: %r"

struct dnsbl_config {
	char *zone;                              /* the main list: inputs only */
	char *output_zone;                       /* "" for none */
	struct config_endpoints listen;          /* UDP and TCP on each */
	int64_t ttl_s, negative_ttl_s;
	struct config_strings nameserver;        /* none: ns.<zone> */
	struct config_ips nameserver_address;    /* of each nameserver inside a zone */
	char *hostmaster;                        /* mail address; "": hostmaster@<zone> */
	struct config_ips code, output_code;     /* exactly one each, in 127.0.0.0/8 */
	struct config_ips code_word;             /* the same, listed by the operator's word */
	char *text, *output_text;                /* templates: see zone.c */
	char *text_word, *text_range;
	char *url;                               /* with %a, for %u in them; "": none */
	int64_t tcp_sessions, tcp_sessions_per_host;
	int64_t tcp_timeout_s;                   /* idle */
	int64_t rrl_rate;                        /* equal answers a second and network; 0: any */
};
extern const struct config_row dnsbl_config_rows[];
extern const size_t dnsbl_config_row_count;

/* Whether the zones can be made. ERR_INVALID with one line in *message that names the parameter,
 * what was expected and what was found. */
int dnsbl_config_check(const struct dnsbl_config *config, struct buf *message);

#endif
