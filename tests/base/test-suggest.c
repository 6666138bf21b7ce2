/* SPDX-License-Identifier: ISC
 *
 * Which known word a mistyped one is nearest to.
 */
#include "test.h"

#include "base/suggest.h"

static const char *const commands[] = { "run", "nominate", "permit", "test", "scan", "list",
                                        "retest", "delist", "evidence", "report", "check" };

static const char *nearest(const char *given)
{
	struct suggestion s = suggest(str_of(given));
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		suggest_among(&s, commands[i]);
	return s.word;
}

static void test_words(void **state)
{
	(void)state;
	static const struct { const char *given, *word; } table[] = {
		{ "lits", "list" },             /* two swapped */
		{ "lst", "list" },              /* one missing */
		{ "listt", "list" },            /* one too much */
		{ "lost", "list" },             /* another one */
		{ "LIST", "list" },
		{ "evidnece", "evidence" },
		{ "nomniate", "nominate" },
		{ "rport", "report" },
		{ "rn", "run" },
		{ "x", NULL }, { "", NULL }, { "frobnicate", NULL }, { "zz", NULL },
		{ "list-but-far-longer-than-any-word-that-we-know", NULL },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *word = nearest(table[i].given);
		if (table[i].word)
			assert_string_equal(word ? word : table[i].given, table[i].word);
		else
			assert_null(word);
	}
}

/* Of equals the first stays, and a longer word is none. */
static void test_order(void **state)
{
	(void)state;
	struct suggestion s = suggest(STR("tast"));
	suggest_among(&s, "test");
	suggest_among(&s, "last");
	suggest_among(&s, "a-word-that-is-longer-than-what-is-compared-here");
	assert_string_equal(s.word, "test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
