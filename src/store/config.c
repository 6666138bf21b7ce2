/* SPDX-License-Identifier: ISC */
#include "store/config.h"

#include <stddef.h>

#define STORE(field) offsetof(struct store_config, field)

/* More than tester.return_window can be: what comes back late finds its test. */
enum { HOUR = 3600, DAY = 86400, LEAST = 35 * DAY, MOST = 20000 * DAY };

const struct config_row store_config_rows[] = {
	{ "keep_tests", CONFIG_DURATION, LEAST, MOST, "180d",
	  "How long tests and their results are kept after they ended. The last test of each "
	  "address "
	  "and port stays, and every one of an address that is listed.", STORE(keep_tests_s) },
	{ "keep_returns", CONFIG_DURATION, LEAST, MOST, "90d",
	  "How long messages that came back, and requests for a retest, are kept. Those from an "
	  "address that is listed stay.", STORE(keep_returns_s) },
	{ "keep_evidence", CONFIG_DURATION, LEAST, MOST, "366d",
	  "How long evidence is kept: after its test, or after its address was taken off the list. "
	  "While the address is listed, it stays.", STORE(keep_evidence_s) },
	{ "clock_jump_max", CONFIG_DURATION, HOUR, MOST, "7d",
	  "How far the clock may be ahead of the time that the store last knew, which is written "
	  "once an hour. Beyond it, or an hour behind it, nothing is removed, tested or listed "
	  "until \"portreeve clock accept\" says that the clock is right.",
	  STORE(clock_jump_max_s) },
};
const size_t store_config_row_count = sizeof(store_config_rows) / sizeof(*store_config_rows);
