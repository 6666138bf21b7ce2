/* SPDX-License-Identifier: ISC
 *
 * What the sessions count, over all reloads.
 */
#ifndef PORTREEVE_GATEWAY_COUNTERS_H
#define PORTREEVE_GATEWAY_COUNTERS_H

#include "base/log.h"
#include "wire/listener.h"

struct gateway_counters {
	struct wire_counters wire;
	uint64_t messages, recipients;           /* accepted */
	uint64_t relay_refused, unknown_refused, listed_refused, listed_warned, sender_refused,
	         put_off, too_big,
	         early_refused;
	uint64_t logins, logins_failed;
};

/* The fields of their line in the log; returns how many. Pure. */
enum { GATEWAY_COUNTERS_FIELDS = 14 };
size_t gateway_counters_fields(const struct gateway_counters *c,
                               struct log_field fields[static GATEWAY_COUNTERS_FIELDS]);

#endif
