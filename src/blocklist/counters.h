/* SPDX-License-Identifier: ISC
 *
 * What the DNS server has done since it was created, for the operator who asks by SIGUSR1. One
 * increment a query; written and read in the loop's thread.
 */
#ifndef PORTREEVE_BLOCKLIST_COUNTERS_H
#define PORTREEVE_BLOCKLIST_COUNTERS_H

#include "base/log.h"
#include "blocklist/answer.h"
#include "wire/listener.h"

struct blocklist_counters {
	uint64_t outcomes[BLOCKLIST_OUTCOMES];   /* of queries, by UDP and TCP */
	uint64_t tcp_queries;                    /* of these, by TCP */
	struct wire_counters tcp;
};

/* The fields of its line in the log; returns how many. Pure. */
enum { BLOCKLIST_COUNTERS_FIELDS = 13 };
size_t blocklist_counters_fields(const struct blocklist_counters *c,
                                 struct log_field fields[static BLOCKLIST_COUNTERS_FIELDS]);

#endif
