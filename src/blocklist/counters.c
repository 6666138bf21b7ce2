/* SPDX-License-Identifier: ISC
 *
 * The server's counters as a line of the log: all queries first, then each outcome of them.
 */
#include "blocklist/counters.h"

#include <assert.h>

static const char *const names[BLOCKLIST_OUTCOMES] = {
	[BLOCKLIST_LISTED] = "listed", [BLOCKLIST_NOERROR] = "noerror",
	[BLOCKLIST_NXDOMAIN] = "nxdomain", [BLOCKLIST_REFUSED] = "refused",
	[BLOCKLIST_SERVFAIL] = "servfail", [BLOCKLIST_FORMERR] = "formerr",
	[BLOCKLIST_NOTIMP] = "notimp", [BLOCKLIST_LIMITED] = "rrl-cut",
	[BLOCKLIST_SILENCE] = "ignored",
};

size_t blocklist_counters_fields(const struct blocklist_counters *c,
                                 struct log_field fields[static BLOCKLIST_COUNTERS_FIELDS])
{
	uint64_t queries = 0;
	size_t n = 1;
	for (size_t i = BLOCKLIST_LISTED; i < BLOCKLIST_OUTCOMES; i++) {
		queries += c->outcomes[i];
		fields[n++] = LOG_I(names[i], c->outcomes[i]);
	}
	queries += c->outcomes[BLOCKLIST_SILENCE];
	fields[0] = LOG_I("queries", queries);
	fields[n++] = LOG_I(names[BLOCKLIST_SILENCE], c->outcomes[BLOCKLIST_SILENCE]);
	fields[n++] = LOG_I("tcp-queries", c->tcp_queries);
	fields[n++] = LOG_I("tcp-connections", c->tcp.connections);
	fields[n++] = LOG_I("tcp-refused", c->tcp.refused);
	assert(n == BLOCKLIST_COUNTERS_FIELDS && c->tcp_queries <= queries);
	return n;
}
