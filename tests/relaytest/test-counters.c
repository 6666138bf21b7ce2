/* SPDX-License-Identifier: ISC
 *
 * The lines of the log in which collector and tester say what they have done.
 */
#include "test.h"

#include "relaytest/counters.h"

static void check_line(const struct log_field *fields, size_t n, const char *want)
{
	struct buf line = { 0 };
	log_format(&line, "counters", fields, n);
	assert_string_equal(buf_cstr(&line), want);
	buf_fini(&line);
}

static void test_collector(void **state)
{
	const struct collector_counters c = {
		.wire = { 9, 8 }, .messages = 7, .not_taken = 6, .tokens = 5, .retests = 4,
		.people = 3, .recipients_refused = 5000000000 };
	struct log_field fields[COLLECTOR_COUNTERS_FIELDS];
	(void)state;
	check_line(fields, collector_counters_fields(&c, fields),
	           "counters connections=9 refused=8 messages=7 not-taken=6 tokens=5 retests=4 "
	           "people=3 recipients-refused=5000000000");
	check_line(fields, collector_counters_fields(&(struct collector_counters){ 0 }, fields),
	           "counters connections=0 refused=0 messages=0 not-taken=0 tokens=0 retests=0 "
	           "people=0 recipients-refused=0");
}

static void test_tester(void **state)
{
	struct tester_counters c = { .started = 30, .put_off = 2, .messages = 400 };
	const struct tester_load load = { .running = 1, .waiting = 2, .queued = 3 };
	struct log_field fields[TESTER_COUNTERS_FIELDS];
	(void)state;
	for (unsigned v = VERDICT_NONE; v < VERDICTS; v++)
		c.done[v] = 10 + v;
	check_line(fields, tester_counters_fields(&c, &load, fields),
	           "counters running=1 waiting=2 queued=3 started=30 open=11 closed=12 "
	           "accepting=13 backscatter=14 unreachable=15 inconclusive=16 put-off=2 "
	           "messages=400");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collector), cmocka_unit_test(test_tester),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
