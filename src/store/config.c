/* SPDX-License-Identifier: ISC
 *
 * The parameters of the store: how long is kept what.
 */
#include "store/config.h"

#define STORE(type, field) CONFIG_MEMBER(type, struct store_config, field)

/* More than tester.return_window can be: what comes back late finds its test. */
enum { HOUR = 3600, DAY = 86400, LEAST = 35 * DAY, MOST = 20000 * DAY };

const struct config_row store_config_rows[] = {
	{ "keep_tests", STORE(CONFIG_DURATION, keep_tests_s), LEAST, MOST, "180d",
	  "How long tests and their results are kept after they ended. The last test of each "
	  "address and port stays, and every one of an address that is listed." },
	{ "keep_returns", STORE(CONFIG_DURATION, keep_returns_s), LEAST, MOST, "90d",
	  "How long messages that came back, and requests for a retest, are kept. Those from an "
	  "address that is listed stay." },
	{ "keep_evidence", STORE(CONFIG_DURATION, keep_evidence_s), LEAST, MOST, "366d",
	  "How long evidence is kept: after its test, or after its address was taken off the list. "
	  "While the address is listed, it stays." },
	{ "clock_jump_max", STORE(CONFIG_DURATION, clock_jump_max_s), HOUR, MOST, "7d",
	  "How far the clock may be ahead of the time that the store last knew, which is written "
	  "once an hour. Beyond it, or an hour behind it, nothing is removed, tested or listed "
	  "until \"portreeve clock accept\" says that the clock is right." },
};
const size_t store_config_row_count = sizeof(store_config_rows) / sizeof(*store_config_rows);
