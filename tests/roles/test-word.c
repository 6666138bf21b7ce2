/* SPDX-License-Identifier: ISC
 *
 * What a role says to the supervisor: it comes through whole, in pieces and in a crowd; and what a
 * role that was taken over may write instead.
 */
#include "test.h"

#include "roles/word.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct running_word words[] = {
	{ 0 },
	{ .has_list = true, .listed = 12345, .serial = 678 },
	{ .has_list = true },
	{ .hangs = true },
	{ .reach = RUNNING_REACH_GOOD },
	{ .reach = RUNNING_REACH_BAD, .why = "192.0.2.1:25: connection refused" },
	{ .has_list = true, .listed = INT64_MAX, .serial = INT64_MAX, .hangs = true,
	  .reach = RUNNING_REACH_BAD, .why = "why" },
};
enum { WORDS = sizeof(words) / sizeof(*words) };

static void test_there_and_back(void **state)
{
	struct buf all = { 0 };
	(void)state;
	for (size_t i = 0; i < WORDS; i++) {
		struct word_reader whole = { 0 }, bytes = { 0 };
		buf_clear(&all);
		word_format(&words[i], &all);
		word_hear(&whole, buf_str(&all));
		assert_true(whole.heard && word_same(&whole.word, &words[i]));
		for (size_t at = 0; at < all.n; at++) {
			assert_false(bytes.heard);
			word_hear(&bytes, (struct str){ all.p + at, 1 });
		}
		assert_true(bytes.heard && word_same(&bytes.word, &words[i]));
		for (size_t j = 0; j < WORDS; j++)
			assert_int_equal(word_same(&words[i], &words[j]), i == j);
	}
	buf_fini(&all);
}

/* The longest reason, and one that would end the line. */
static void test_reasons(void **state)
{
	struct running_word w = { .reach = RUNNING_REACH_BAD };
	struct word_reader r = { 0 };
	struct buf line = { 0 };
	(void)state;
	memset(w.why, 'x', sizeof(w.why) - 1);
	word_format(&w, &line);
	assert_true(line.n < WORD_LINE_MAX && WORD_LINE_MAX < PIPE_BUF);
	word_hear(&r, buf_str(&line));
	assert_true(r.heard && word_same(&r.word, &w));
	buf_clear(&line);
	snprintf(w.why + 3, sizeof(w.why) - 3, "\nreplaced\n\x1b[2J");
	word_format(&w, &line);
	word_hear(&r, buf_str(&line));
	assert_false(r.replaced);
	assert_string_equal(r.word.why, "xxx?replaced??[2J");
	buf_fini(&line);
}

static const struct row {
	const char *bytes;
	bool heard, replaced;
} rows[] = {
	{ "\n", false, false },
	{ "\n\n\n", false, false },
	{ "replaced\n", false, true },
	{ "\nreplaced\n\n", false, true },
	{ "replaced", false, false },
	{ "replaced \n", false, false },
	{ "r\n", false, false },
	{ "word 1 2 goes good \n", true, false },
	{ "word 1 2 goes good \nreplaced\n", true, true },
	{ "word - - goes good\n", true, false },
	{ "word 1 2 goes good ", false, false },
	{ "word\n", false, false },
	{ "word 1\n", false, false },
	{ "word 1 2\n", false, false },
	{ "word 1 2 goes\n", false, false },
	{ "word 1 2 goes better \n", false, false },
	{ "word 1 2 stands good \n", false, false },
	{ "word 1 - goes good \n", false, false },
	{ "word - 2 goes good \n", false, false },
	{ "word -1 2 goes good \n", false, false },
	{ "word 1 99999999999999999999 goes good \n", false, false },
	{ "word 1 18446744073709551615 goes good \n", false, false },
	{ "words 1 2 goes good \n", false, false },
	{ "\xff\x00\xff\n", false, false },
};

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct word_reader r = { 0 };
		word_hear(&r, str_of(rows[i].bytes));
		CHECK_ROW(rows[i].bytes, r.heard == rows[i].heard);
		CHECK_ROW(rows[i].bytes, r.replaced == rows[i].replaced);
	}
}

/* A line without an end is passed over, and does not hide the next one. */
static void test_endless(void **state)
{
	struct word_reader r = { 0 };
	char flood[1000];
	(void)state;
	memset(flood, 'w', sizeof(flood));
	for (int i = 0; i < 100; i++)
		word_hear(&r, (struct str){ flood, sizeof(flood) });
	word_hear(&r, STR(" replaced\nword 1 2 goes bad it is so\n"));
	assert_true(r.heard && !r.replaced && r.word.listed == 1);
	assert_string_equal(r.word.why, "it is so");
	word_hear(&r, STR("replaced\n"));
	assert_true(r.replaced);
	word_hear(&r, STR("\n"));
	assert_false(r.replaced);
}

/* A reason that is longer than we keep is no word of ours. */
static void test_long_reason(void **state)
{
	struct word_reader r = { 0 };
	struct buf line = { 0 };
	(void)state;
	buf_add_cstr(&line, "word 1 2 goes bad ");
	for (int i = 0; i < RUNNING_WHY_MAX; i++)
		buf_add_byte(&line, 'x');
	buf_add_byte(&line, '\n');
	word_hear(&r, buf_str(&line));
	assert_false(r.heard);
	buf_fini(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_endless),
		cmocka_unit_test(test_long_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
