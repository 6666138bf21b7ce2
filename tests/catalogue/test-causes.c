/* SPDX-License-Identifier: ISC
 *
 * The causes against themselves and the catalogue: every form has one, every cause is told for
 * every server, no reference leads nowhere, and all that is printed fits.
 */
#include "test.h"

#include "catalogue/cause.h"

#include <stdio.h>

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x7f || ((unsigned char)*text < 0x20 && *text != '\n' &&
		    *text != '\t'))
			return false;
	return true;
}

/* Whole sentences: they end in a full stop, and nothing is doubled where literals meet. */
static bool is_prose(const char *text)
{
	size_t n = strlen(text);
	return n > 10 && (text[n - 1] == '.' || text[n - 1] == ')') && is_ascii(text) &&
	       !strstr(text, "  ") && !strstr(text, " . ") && text[0] != ' ';
}

static void test_ids(void **state)
{
	(void)state;
	for (size_t i = 0; i < cause_count; i++) {
		char lower[8] = "c";
		CHECK_ROW(causes[i].id, causes[i].id[0] == 'C' && strlen(causes[i].id) <= 3);
		CHECK_ROW(causes[i].id, cause_by_id(str_of(causes[i].id)) == &causes[i]);
		snprintf(lower + 1, sizeof(lower) - 1, "%s", causes[i].id + 1);
		CHECK_ROW(causes[i].id, cause_by_id(str_of(lower)) == &causes[i]);
	}
	assert_null(cause_by_id(STR("C0")));
	assert_null(cause_by_id(STR("C19")));
	assert_null(cause_by_id(STR("")));
	assert_null(cause_by_id(STR("E01")));
}

/* Today's reports name C1 to C18: each is there. */
static void test_numbers_stay(void **state)
{
	(void)state;
	static const struct { const char *id, *part; } rows[] = {
		{ "C1", "container" }, { "C2", "private networks" }, { "C3", "router" },
		{ "C4", "cluster" }, { "C5", "127.0.0.1" }, { "C6", "too wide" },
		{ "C7", "names the client" }, { "C8", "password" }, { "C9", "password" },
		{ "C10", "missing" }, { "C11", "SRS" }, { "C12", "catcher" }, { "C13", "cloud" },
		{ "C14", "own domain" }, { "C15", "login" }, { "C16", "web form" },
		{ "C17", "smuggled" }, { "C18", "bounces" }, { "C31", "sender" },
		{ "C32", "empty sender" }, { "C34", "percent" }, { "C35", "source route" },
		{ "C36", "bang path" }, { "C38", "in front" }, { "C39", "MX" }, { "C40", "address" },
		{ "C41", "HELO" }, { "C44", "Encryption" }, { "C48", "other mail systems" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct cause *c = cause_by_id(str_of(rows[i].id));
		CHECK_ROW(rows[i].id, c && strstr(c->title, rows[i].part));
	}
}

static void check_fix(const char *name, const char *fix)
{
	struct str rest = str_of(fix), line;
	CHECK_ROW(name, rest.n > 1 && rest.p[rest.n - 1] == '\n' && is_ascii(fix));
	while (str_token(&rest, "\n", &line))
		if (line.n > CAUSE_LINE_MAX)
			fail_msg("%s: %zu columns: %.*s", name, line.n, STR_ARG(line));
}

/* A cause that a server can have has its parameter, and the lines or what else is to be done. */
static void check_words(const char *name, const struct cause_words *words)
{
	CHECK_ROW(name, is_prose(words->how));
	CHECK_ROW(name, !words->parameter || (*words->parameter && is_ascii(words->parameter)));
	CHECK_ROW(name, words->parameter || (!words->file && !words->fix && !words->check));
	CHECK_ROW(name, !words->parameter || words->check);
	CHECK_ROW(name, !words->file || words->fix);
	CHECK_ROW(name, !words->check || is_ascii(words->check));
	if (words->fix)
		check_fix(name, words->fix);
}

static void test_words(void **state)
{
	(void)state;
	size_t without_lines = 0;
	for (size_t i = 0; i < cause_count; i++) {
		const struct cause *c = &causes[i];
		CHECK_ROW(c->id, is_prose(c->meaning) && *c->title && is_ascii(c->title));
		CHECK_ROW(c->id, strlen(c->title) <= 72 && c->title[strlen(c->title) - 1] != '.');
		CHECK_ROW(c->id, !c->remedy || is_prose(c->remedy));
		for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++) {
			const struct cause_words *words = cause_words_of(c, m);
			char name[40];
			snprintf(name, sizeof(name), "%s %s", c->id, mta_name(m));
			CHECK_ROW(name, words || m > MTA_LAST_WHOLE);
			if (words)
				check_words(name, words);
			without_lines += words && words->parameter && !words->fix &&
			                 m <= MTA_LAST_WHOLE;
		}
		assert_null(cause_words_of(c, MTA_UNKNOWN));
	}
	/* Sendmail has nothing that ties a sender to a login (C14, C15). */
	assert_int_equal(without_lines, 2);
}

/* What some server can have, or what is no matter of these servers. */
static void test_somebody_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < cause_count; i++) {
		bool possible = causes[i].remedy != NULL;
		for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++) {
			const struct cause_words *words = cause_words_of(&causes[i], m);
			possible |= words && words->parameter;
		}
		/* Routes were followed by servers that nobody has written down here. */
		CHECK_ROW(causes[i].id, possible || strcmp(causes[i].id, "C35") == 0 ||
		          strcmp(causes[i].id, "C40") == 0);
	}
}

static void test_forms(void **state)
{
	(void)state;
	assert_int_equal(form_reasons_count, relay_case_count);
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct form_reasons *r = form_reasons_of(&relay_cases[i]);
		CHECK_ROW(relay_cases[i].id, strcmp(r->form, relay_cases[i].id) == 0);
		CHECK_ROW(r->form, is_prose(r->meaning) && *r->title && strlen(r->title) <= 60);
		CHECK_ROW(r->form, r->causes[0] != NULL && r->causes[FORM_CAUSES_MAX] == NULL);
		for (const char *const *id = r->causes; *id; id++) {
			CHECK_ROW(*id, cause_by_id(str_of(*id)));
			for (const char *const *other = r->causes; other < id; other++)
				CHECK_ROW(r->form, strcmp(*id, *other) != 0);
		}
	}
}

/* Under STARTTLS the first question is whether encryption changes the answer. */
static void test_twins(void **state)
{
	(void)state;
	const struct cause *plain[FORM_CAUSES_MAX + 1], *tls[FORM_CAUSES_MAX + 1];
	for (size_t i = 0; i < relay_case_count; i++) {
		struct relay_form form = { .row = &relay_cases[i] };
		if (!relay_has_tls_twin(form.row))
			continue;
		size_t n = form_causes(&form, plain);
		form.starttls = true;
		CHECK_ROW(form.row->id, form_causes(&form, tls) == n + 1);
		CHECK_ROW(form.row->id, strcmp(tls[0]->id, "C44") == 0);
		CHECK_ROW(form.row->id, memcmp(tls + 1, plain, n * sizeof(*plain)) == 0);
	}
}

/* ---- kinds of servers ---------------------------------------------------------------------- */

static void test_names(void **state)
{
	(void)state;
	enum mta mta;
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++) {
		CHECK_ROW(mta_name(m), mta_parse(str_of(mta_name(m)), &mta) == ERR_OK && mta == m);
		CHECK_ROW(mta_name(m), mta_parse(str_of(mta_title(m)), &mta) == ERR_OK && mta == m);
		CHECK_ROW(mta_name(m), strstr(MTA_EXPECTED, mta_name(m)));
	}
	assert_int_equal(mta_parse(STR(""), &mta), ERR_NOT_FOUND);
	assert_int_equal(mta_parse(STR("post"), &mta), ERR_NOT_FOUND);
}

static void test_greetings(void **state)
{
	(void)state;
	static const struct { const char *line; enum mta mta; } rows[] = {
		{ "220 mx.example ESMTP Postfix", MTA_POSTFIX },
		{ "220 mx.example ESMTP Postfix (Debian/GNU)", MTA_POSTFIX },
		{ "220-mx.example ESMTP Postfix", MTA_POSTFIX },
		{ "220 mx.example ESMTP Exim 4.96 Sat, 28 Nov 2026 09:00:00 +0000", MTA_EXIM },
		{ "220 mx.example ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Sat, 28", MTA_SENDMAIL },
		{ "220 mx.example ESMTP OpenSMTPD", MTA_OPENSMTPD },
		{ "220 mx.example Microsoft ESMTP MAIL Service ready at Sat, 28", MTA_EXCHANGE },
		{ "mx.example ESMTP postfix", MTA_POSTFIX },
		/* What stands in a name tells nothing. */
		{ "220 postfix ESMTP", MTA_UNKNOWN },
		{ "220 postfix.example ESMTP Exim 4.96", MTA_EXIM },
		{ "220 mx.example ESMTP exim.example", MTA_UNKNOWN },
		{ "220 mx.example ESMTP no-postfix", MTA_UNKNOWN },
		{ "220 mx.example ESMTP Postfixed", MTA_UNKNOWN },
		{ "220 mx.example ESMTP", MTA_UNKNOWN },
		{ "220 mx.example", MTA_UNKNOWN }, { "220 ", MTA_UNKNOWN }, { "220", MTA_UNKNOWN },
		{ "", MTA_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].line, mta_of_greeting(str_of(rows[i].line)) == rows[i].mta);
}

static void test_transcripts(void **state)
{
	(void)state;
	static const struct { const char *text; enum mta mta; } rows[] = {
		{ "0 * connected\n12 < 220 mx.example ESMTP Exim 4.96\n13 > EHLO us\n", MTA_EXIM },
		{ "12 < 220-mx.example ESMTP Postfix\n12 < 220 and more\n", MTA_POSTFIX },
		/* The first greeting counts, and only what the server said. */
		{ "1 < 220 mx.example ESMTP\n2 < 220 mx.example ESMTP Exim 4.96\n", MTA_UNKNOWN },
		{ "1 > 220 mx.example ESMTP Exim\n", MTA_UNKNOWN },
		{ "1 < 554 mx.example ESMTP Postfix\n9 < 220 mx.example ESMTP Postfix\n",
		  MTA_POSTFIX },
		{ "1 <\n<\n\n \n1 < \n", MTA_UNKNOWN },
		{ "", MTA_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].text, mta_of_transcript(str_of(rows[i].text)) == rows[i].mta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_numbers_stay),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_somebody_has_it),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_greetings),
		cmocka_unit_test(test_transcripts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
