/* SPDX-License-Identifier: ISC
 *
 * Audits that are repeated: what is told of two of them, and what is kept in between.
 */
#include "test.h"

#include "audit/watch.h"

static void test_compare(void **state)
{
	static const struct { const char *was, *is, *told; } rows[] = {
		{ "a\nb\n", "a\nb\n", "" },
		{ "a\nb\n", "b\na\n", "" },
		{ "", "a\n", "+ a\n" },
		{ "a\nb\n", "a\nc\n", "- b\n+ c\n" },
		{ "a\nb", "b", "- a\n" },
		{ "a\n", "", "- a\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf told = { 0 };
		watch_compare(str_of(rows[i].was), str_of(rows[i].is), &told);
		assert_string_equal(buf_cstr(&told), rows[i].told);
		buf_fini(&told);
	}
}

static void test_kept(void **state)
{
	static const char *const wrong[] = {
		"", "portreeve audit 1", "portreeve audit 1\n", "portreeve audit 1\n1 2\na\n",
		"portreeve audit 1\nx 2 -\n", "portreeve audit 1\n1 300 -\n", "portreeve audit 2\n1 2 -\n",
		"portreeve audit 1\n1 2 - more\n", "portreeve audit 1\n-1 2 -\n",
		"portreeve audit 1\n1 2 01234567890123456789012345678901234567890123456789012345678901234\n",
	};
	const struct watch_kept given[] = {
		{ .time_s = 1764300000, .code = 2, .digest = "abc", .lines = STR("one\ntwo\n") },
		{ .time_s = 0, .code = 0, .digest = "", .lines = STR("") },
	};
	struct watch_kept kept;
	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		struct buf text = { 0 };
		watch_format(&given[i], &text);
		assert_int_equal(watch_parse(buf_str(&text), &kept), ERR_OK);
		assert_int_equal(kept.time_s, given[i].time_s);
		assert_int_equal(kept.code, given[i].code);
		assert_string_equal(kept.digest, given[i].digest);
		assert_true(str_eq(kept.lines, given[i].lines));
		buf_fini(&text);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(watch_parse(str_of(wrong[i]), &kept), ERR_INVALID);
	assert_true(watch_is_kept(STR("portreeve audit 2\n")));
	assert_false(watch_is_kept(STR("root:x:0:0::/root:/bin/sh\n")));
}

static void test_lines(void **state)
{
	static const struct audit_asker loopback = { .kind = AUDIT_LOOPBACK,
		.ip = { 4, { 127, 0, 0, 1 } }, .network = { { 4, { 127, 0, 0, 1 } }, 32 },
		.interface = "lo" };
	static const struct audit_asker range = { .kind = AUDIT_RANGE,
		.ip = { 4, { 10, 0, 0, 1 } }, .network = { { 4, { 10 } }, 8 }, .interface = "" };
	const char *plain[] = { "E01" }, *forms[] = { "E14", "E15" };
	struct arena a = { 0 };
	struct buf lines = { 0 };
	struct audit_who who[] = {
		{ .asker = &loopback, .port = 25, .forms = plain, .form_n = 1, .sound = true },
		{ .asker = &range, .port = 25, .forms = plain, .form_n = 1 },
		{ .asker = &range, .port = 587, .forms = forms, .form_n = 2 },
	};
	struct audit_finding findings[] = {
		{ .severity = AUDIT_WARN, .cause = "C6", .title = "Too wide\n" },
		{ .severity = AUDIT_ADVICE, .cause = "C17", .title = "Bare newlines" },
	};
	struct audit_unasked unasked[] = {
		{ "E07, port 25", "refused for another reason", false },
		{ "a stranger, by IPv6, port 25", "it hung up after 3 s", true },
	};
	const struct audit_report report = {
		.arena = &a, .mta = MTA_POSTFIX, .host_name = "mx.example", .verdict = AUDIT_WIDE,
		.who = who, .who_n = 3, .findings = findings, .finding_n = 2,
		.unasked = unasked, .unasked_n = 2,
	};
	(void)state;
	watch_lines(&report, &lines);
	assert_string_equal(buf_cstr(&lines),
		"Postfix on mx.example: wide\n"
		"Postfix on mx.example: a client in a trusted range 10.0.0.0/8 may relay at port 25 "
		"(plain)\n"
		"Postfix on mx.example: a client in a trusted range 10.0.0.0/8 may relay at port 587 "
		"(E14 and more)\n"
		"Postfix on mx.example: could not be asked: a stranger, by IPv6, port 25\n"
		"Postfix on mx.example: warn: Too wide\\n (C6)\n");
	buf_fini(&lines);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
