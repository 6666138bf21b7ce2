/* SPDX-License-Identifier: ISC
 *
 * The word: what is made is read again, every typing error is seen, and no other text is a word.
 */
#include "test.h"

#include "witness/word.h"

#include <stdio.h>
#include <string.h>

static const uint8_t numbers[WITNESS_RANDOM_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7 };
#define WORD "pwkeyqaaicamcakbqh6usq"

static void a_word_carries_its_day(void **state)
{
	static const unsigned days[] = { 0, 1, 20785, 65535 };
	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		char word[WITNESS_WORD_SIZE], again[WITNESS_WORD_SIZE];
		unsigned day = 7;
		witness_word_make(days[i], numbers, word);
		assert_int_equal(strlen(word), WITNESS_WORD_CHARS);
		assert_int_equal(witness_word_parse(str_of(word), again, &day, NULL), ERR_OK);
		assert_string_equal(word, again);
		assert_int_equal(day, days[i]);
	}
}

static void its_form_stays(void **state)
{
	char word[WITNESS_WORD_SIZE];
	unsigned day;
	(void)state;
	assert_string_equal(witness_word_make(20785, numbers, word), WORD);
	assert_int_equal(witness_word_parse(STR("PWKEYQAAICAMCAKBQH6USQ"), word, &day, NULL),
	                 ERR_OK);
	assert_string_equal(word, WORD);
}

/* Each digit replaced by each other, and each two neighbours swapped. */
static void a_typing_error_is_seen(void **state)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	char word[WITNESS_WORD_SIZE], got[WITNESS_WORD_SIZE];
	struct parse_error pe;
	unsigned day;
	(void)state;
	for (size_t i = 2; i < WITNESS_WORD_CHARS; i++) {
		for (const char *d = digits; *d; d++) {
			memcpy(word, WORD, sizeof(word));
			word[i] = *d;
			int want = *d == WORD[i] ? ERR_OK : ERR_INVALID;
			assert_int_equal(witness_word_parse(str_of(word), got, &day, &pe), want);
		}
		memcpy(word, WORD, sizeof(word));
		if (i + 1 == WITNESS_WORD_CHARS || word[i] == word[i + 1])
			continue;
		word[i] = WORD[i + 1];
		word[i + 1] = WORD[i];
		assert_int_equal(witness_word_parse(str_of(word), got, &day, &pe), ERR_INVALID);
		assert_non_null(strstr(pe.expected, "typing error"));
	}
}

static void other_texts_are_no_words(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} rows[] = {
		{ "", 0 }, { "word", 0 }, { "pw", 2 }, { "pwkeyqaaicamcakbqh6us", 21 },
		{ WORD "a", 22 }, { "pwkeyqaaicam1akbqh6usq", 12 }, { "xwkeyqaaicamcakbqh6usq", 0 },
		{ "pw-eyqaaicamcakbqh6usq", 2 }, { WORD "-4-25", 22 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char word[WITNESS_WORD_SIZE];
		unsigned day;
		struct parse_error pe = { NULL, 99 };
		CHECK_ROW(rows[i].text, witness_word_parse(str_of(rows[i].text), word, &day, &pe) ==
		          ERR_INVALID);
		CHECK_ROW(rows[i].text, pe.offset == rows[i].offset && pe.expected);
	}
}

static void words_are_found_in_texts(void **state)
{
	static const struct {
		const char *text, *want;     /* "family-port" of each */
	} rows[] = {
		{ "", "" }, { "none here", "" }, { WORD, "0-0 " }, { "<" WORD "-4-25@a..b>", "4-25 " },
		{ WORD "-6-587 helo=<" WORD "-4-25.x>", "6-587 4-25 " }, { "x" WORD, "" },
		{ WORD "7", "" }, { "." WORD ".", "0-0 " }, { WORD "-5-25", "0-0 " },
		{ WORD "-4-", "0-0 " }, { WORD "-4-0", "0-0 " }, { WORD "-4-65536", "0-0 " },
		{ WORD "-4-65535x", "4-65535 " }, { "pwpwkeyqaaicamcakbqh6usq", "" },
		{ "pw " WORD, "0-0 " }, { "PWKEYQAAICAMCAKBQH6USQ-6-25", "6-25 " },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char got[200] = "";
		struct witness_said said;
		for (size_t at = 0; witness_said_find(str_of(rows[i].text), &at, &said);) {
			size_t n = strlen(got);
			CHECK_ROW(rows[i].text, strcmp(said.word, WORD) == 0);
			snprintf(got + n, sizeof(got) - n, "%u-%u ", said.family, said.port);
		}
		CHECK_ROW(rows[i].text, strcmp(got, rows[i].want) == 0);
	}
}

static void what_is_said_is_found(void **state)
{
	struct witness_said said = { WORD, 6, 65535 }, found;
	char text[WITNESS_SAID_SIZE];
	size_t at = 0;
	(void)state;
	assert_string_equal(witness_said_format(&said, text), WORD "-6-65535");
	assert_true(witness_said_find(str_of(text), &at, &found));
	assert_memory_equal(&said, &found, sizeof(said));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_carries_its_day),
		cmocka_unit_test(its_form_stays),
		cmocka_unit_test(a_typing_error_is_seen),
		cmocka_unit_test(other_texts_are_no_words),
		cmocka_unit_test(words_are_found_in_texts),
		cmocka_unit_test(what_is_said_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
