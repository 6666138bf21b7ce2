/* SPDX-License-Identifier: ISC
 *
 * What an operator of a mail server writes into its configuration to ask our list: the lines for
 * each kind of server, with the zone's name and a filter that lets only our own return codes
 * count. Without the filter any answer would be taken for "listed": that of a resolver which says
 * 127.255.255.254 to tell of an error, or that of whoever bought the name. Pure.
 *
 * What is read is our own configuration, which dnsbl_config_check() has passed.
 */
#ifndef PORTREEVE_BLOCKLIST_SNIPPETS_H
#define PORTREEVE_BLOCKLIST_SNIPPETS_H

#include "blocklist/config.h"

/* "postfix, postscreen, exim, spamassassin or rspamd" */
#define BLOCKLIST_SNIPPETS_EXPECTED "postfix, postscreen, exim, spamassassin or rspamd"

/* One file of the server: where it is on Debian, and what is to stand in it. */
typedef void blocklist_snippet_cb(void *arg, const char *file, struct str text);

/* Calls back for each file, in order; `text` is valid during the callback, whole lines.
 * ERR_NOT_FOUND: no such server. */
int blocklist_snippets(const struct dnsbl_config *config, struct str server,
                       blocklist_snippet_cb *cb, void *arg);
/* The name of the i-th kind of server; NULL behind the last. */
const char *blocklist_snippet_server(size_t i);

#endif
