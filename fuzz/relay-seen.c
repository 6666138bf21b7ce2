/* SPDX-License-Identifier: ISC
 *
 * By which address a tested server saw us: messages as hostile servers return them. What is told
 * never rests on a line that is not there, nor on one of our own addresses.
 */
#include "fuzz.h"

#include "relaytest/seen.h"

#include <assert.h>

#define US "probe.tester.example"

static void check_line(struct str message, const struct received *line)
{
	assert(line->ip.family && line->by.n > 0);
	assert(line->by.p >= message.p && line->by.p + line->by.n <= message.p + message.n);
	assert(!str_caseeq(line->by, STR(US)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = { (const char *)data, size };
	struct received line;
	const struct seen_from from = {
		.hello = STR(US), .host = ip_from_v4(198, 51, 100, 7),
		.came_from = ip_from_v4(203, 0, 113, 5),
	};
	const struct test_return r = {
		.kind = RETURN_RECIPIENT, .marked = true, .case_id = "E01", .message = message,
	};
	bool found = seen_line(message, from.hello, &line);
	struct seen_as seen = seen_find(&from, &r, 1);
	if (found)
		check_line(message, &line);
	assert(!seen.address.family || (found && ip_eq(&seen.address, &line.ip)));
	assert(!seen.address.family || seen_is_sure(&seen));
	assert(!ip_eq(&seen.address, &from.came_from));
	assert(found || seen_server(from.hello, &r, 1) == MTA_UNKNOWN);
	return 0;
}
