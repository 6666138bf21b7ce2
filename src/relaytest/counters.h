/* SPDX-License-Identifier: ISC
 *
 * What collector and tester have done since they were started, for the operator who asks by
 * SIGUSR1. Each is written and read in the loop's thread.
 */
#ifndef PORTREEVE_RELAYTEST_COUNTERS_H
#define PORTREEVE_RELAYTEST_COUNTERS_H

#include "base/log.h"
#include "store/types.h"
#include "wire/listener.h"

enum { VERDICTS = VERDICT_INCONCLUSIVE + 1 };

struct collector_counters {
	struct wire_counters wire;
	uint64_t messages;               /* taken: answered with 250 */
	uint64_t not_taken;              /* answered otherwise after their end */
	uint64_t tokens;                 /* recipients with a token of a test that listens */
	uint64_t retests;                /* recipients at retest@, of a listed host */
	uint64_t people;                 /* recipients at postmaster and abuse */
	uint64_t recipients_refused;
};

struct tester_counters {
	uint64_t started, put_off;
	uint64_t done[VERDICTS];         /* by their verdict; what the store did not take is none */
	uint64_t messages;               /* sent */
};

/* As they stand now. */
struct tester_load {
	size_t running, waiting, queued; /* they talk; wait for returns; wait to be started */
};

/* The fields of their lines in the log; return how many. Pure. */
enum { COLLECTOR_COUNTERS_FIELDS = 8, TESTER_COUNTERS_FIELDS = 12 };
size_t collector_counters_fields(const struct collector_counters *c,
                                 struct log_field fields[static COLLECTOR_COUNTERS_FIELDS]);
size_t tester_counters_fields(const struct tester_counters *c, const struct tester_load *load,
                              struct log_field fields[static TESTER_COUNTERS_FIELDS]);

#endif
