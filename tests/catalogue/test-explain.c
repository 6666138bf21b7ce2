/* SPDX-License-Identifier: ISC
 *
 * Forms and causes as they are printed: all fit 80 columns and ASCII, what stands below an "open"
 * is short and of the most basic form, and the JSON is JSON.
 */
#include "test.h"

#include "catalogue/explain.h"

#include <ctype.h>

/* ---- shape ------------------------------------------------------------------------------- */

static void check_shape(const char *name, struct str text)
{
	struct str rest = text, line;
	CHECK_ROW(name, text.n > 20 && text.p[text.n - 1] == '\n');
	CHECK_ROW(name, str_search(text, STR("\n\n\n")) == SIZE_MAX);
	CHECK_ROW(name, str_search(text, STR("(null)")) == SIZE_MAX);
	while (str_token(&rest, "\n", &line)) {
		bool is_lines = str_prefix(line, STR("           "));
		for (size_t i = 0; i < line.n; i++)
			CHECK_ROW(name, ((unsigned char)line.p[i] >= 0x20 || line.p[i] == '\t') &&
			          (unsigned char)line.p[i] < 0x7f);
		if (line.n > (is_lines ? 11 + CAUSE_LINE_MAX : EXPLAIN_COLUMNS))
			fail_msg("%s: %zu columns: %.*s", name, line.n, STR_ARG(line));
		CHECK_ROW(name, line.p[line.n - 1] != ' ');
	}
}

/* Every id in a text is one. */
static void check_references(const char *name, struct str text)
{
	struct str rest = text, word;
	while (str_token(&rest, " \n,.:;()", &word))
		if (word.n >= 2 && word.p[0] == 'C' && ascii_isdigit((unsigned char)word.p[1]))
			CHECK_ROW(name, cause_by_id(word) != NULL);
}

static void check_form(const struct relay_form *form)
{
	char name[RELAY_NAME_MAX];
	relay_form_name(form, name);
	for (enum mta m = MTA_UNKNOWN; m <= MTA_LAST; m++) {
		struct buf text = { 0 };
		explain_form(form, m, &text);
		check_shape(name, buf_str(&text));
		check_references(name, buf_str(&text));
		CHECK_ROW(name, str_prefix(buf_str(&text), str_of(name)));
		CHECK_ROW(name, m == MTA_UNKNOWN || m > MTA_LAST_WHOLE ||
		          str_search(buf_str(&text), str_of(mta_title(m))) != SIZE_MAX ||
		          strstr(buf_cstr(&text), "In the mail server: as"));
		CHECK_ROW(name, form->starttls == (strstr(buf_cstr(&text), "under STARTTLS.") != NULL ||
		          strstr(buf_cstr(&text), "under STARTTLS\n") != NULL) ||
		          form->row->session == RELAY_STARTTLS);
		buf_fini(&text);
	}
}

static void test_all_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < relay_case_count; i++)
		for (unsigned tls = 0; tls <= relay_has_tls_twin(&relay_cases[i]); tls++) {
			struct relay_form form = { &relay_cases[i], tls };
			check_form(&form);
		}
}

static void test_all_causes(void **state)
{
	(void)state;
	for (size_t i = 0; i < cause_count; i++)
		for (enum mta m = MTA_UNKNOWN; m <= MTA_LAST; m++) {
			struct buf text = { 0 };
			explain_cause(&causes[i], m, &text);
			check_shape(causes[i].id, buf_str(&text));
			check_references(causes[i].id, buf_str(&text));
			buf_fini(&text);
		}
}

static void test_list(void **state)
{
	(void)state;
	struct buf text = { 0 };
	explain_all(&text);
	check_shape("all", buf_str(&text));
	for (size_t i = 0; i < relay_case_count; i++)
		CHECK_ROW(relay_cases[i].id, strstr(buf_cstr(&text), relay_cases[i].id));
	for (size_t i = 0; i < cause_count; i++)
		CHECK_ROW(causes[i].id, strstr(buf_cstr(&text), causes[i].title));
	buf_fini(&text);
}

/* ---- names as people type them -------------------------------------------------------------- */

static void test_typed(void **state)
{
	(void)state;
	static const struct { const char *typed, *form; } rows[] = {
		{ "E14", "E14" }, { "e14", "E14" }, { "e29A", "E29a" }, { "S09-E29a", "S09-E29a" },
		{ "s09-e14", "S09-E14" }, { "s09", "S09" }, { "x01", "X01" }, { "s04B", "S04b" },
		{ "S09-S01a", NULL }, { "E99", NULL }, { "", NULL }, { "E14 ", NULL }, { "C6", NULL },
		{ "S09-", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct relay_form form;
		char name[RELAY_NAME_MAX];
		int e = explain_form_parse(str_of(rows[i].typed), &form);
		CHECK_ROW(rows[i].typed, (e == ERR_OK) == (rows[i].form != NULL));
		if (e != ERR_OK)
			continue;
		relay_form_name(&form, name);
		CHECK_ROW(rows[i].typed, strcmp(name, rows[i].form) == 0);
	}
}

/* ---- below an "open" ---------------------------------------------------------------------- */

struct open_row {
	const char *forms[4];
	enum mta mta;
	const char *basic, *first;       /* the form that speaks, its likeliest cause; NULL: none */
	const char *said[3];
};

static void check_open(const struct open_row *row)
{
	struct explanation e;
	char name[RELAY_NAME_MAX];
	struct buf text = { 0 };
	size_t n = 0;
	while (n < 4 && row->forms[n])
		n++;
	int err = explain_open(row->forms, n, row->mta, &e);
	CHECK_ROW(row->forms[0], (err == ERR_OK) == (row->basic != NULL));
	if (err != ERR_OK)
		return;
	relay_form_name(&e.form, name);
	CHECK_ROW(row->forms[0], strcmp(name, row->basic) == 0);
	CHECK_ROW(row->forms[0], strcmp(e.causes[0]->id, row->first) == 0);
	explain_short(&e, 4, &text);
	check_shape(row->forms[0], buf_str(&text));
	for (size_t i = 0; i < 3 && row->said[i]; i++)
		if (!strstr(buf_cstr(&text), row->said[i]))
			fail_msg("%s: \"%s\" is not in\n%s", row->basic, row->said[i],
			         buf_cstr(&text));
	buf_fini(&text);
}

static void test_open(void **state)
{
	(void)state;
	static const struct open_row rows[] = {
		{ { "E01" }, MTA_UNKNOWN, "E01", "C6",
		  { "    E01 (anybody's mail to anybody): ", "Likeliest cause, C6: ",
		    "portreeve explain E01\n" } },
		{ { "E01" }, MTA_POSTFIX, "E01", "C6",
		  { "In Postfix, a guess", "C10, C1, C2",
		    "portreeve explain E01 --mta postfix\n" } },
		/* The plainest tells most, wherever it stands. */
		{ { "S09-E01", "E14", "E01", "S04" }, MTA_EXIM, "E01", "C6", { "relay_from_hosts" } },
		{ { "S09-E01", "E14" }, MTA_EXIM, "E14", "C34", { "$local_part" } },
		{ { "S09-E14", "S09-E06" }, MTA_SENDMAIL, "S09-E06", "C44", { "CertIssuer" } },
		{ { "E16", "E14" }, MTA_SENDMAIL, "E14", "C38", { "loose_relay_check" } },
		/* What that server cannot have is passed over, unless nothing is left. */
		{ { "E16" }, MTA_SENDMAIL, "E16", "C38", { "loose_relay_check" } },
		{ { "E14" }, MTA_OPENSMTPD, "E14", "C38", { "relay host" } },
		{ { "E21" }, MTA_POSTFIX, "E21", "C47", { "check_recipient_access" } },
		{ { "E32" }, MTA_POSTFIX, "E32", "C40", { "Likeliest cause, C40" } },
		/* Of a newer version. */
		{ { "E99", "E24" }, MTA_EXCHANGE, "E24", "C36", { "Likeliest cause, C36" } },
		{ { "E99" }, MTA_UNKNOWN, NULL, NULL, { NULL } },
		{ { NULL }, MTA_UNKNOWN, NULL, NULL, { NULL } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_open(&rows[i]);
}

static unsigned lines_of(struct str text)
{
	unsigned n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

/* Whatever came back, of whatever server: a few lines. */
static void test_open_is_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < relay_case_count; i++)
		for (enum mta m = MTA_UNKNOWN; m <= MTA_LAST; m++) {
			const char *const form = relay_cases[i].id;
			struct explanation e;
			struct buf text = { 0 };
			CHECK_ROW(form, explain_open(&form, 1, m, &e) == ERR_OK);
			explain_short(&e, 4, &text);
			check_shape(form, buf_str(&text));
			CHECK_ROW(form, lines_of(buf_str(&text)) <= 8);
			buf_clear(&text);
			explain_letter(&e, &text);
			check_shape(form, buf_str(&text));
			CHECK_ROW(form, !strstr(buf_cstr(&text), "portreeve"));
			buf_fini(&text);
		}
}

/* ---- for machines -------------------------------------------------------------------------- */

static json_t *object_of(struct buf *text)
{
	json_t *value = json_loadb(text->p, text->n, 0, NULL);
	assert_non_null(value);
	return value;
}

static void test_json(void **state)
{
	(void)state;
	struct relay_form form;
	struct buf text = { 0 };
	struct json j = { .out = &text };
	assert_int_equal(explain_form_parse(STR("S09-E14"), &form), ERR_OK);
	json_open_object(&j, NULL);
	form_json(&form, MTA_EXIM, &j);
	json_close(&j);
	json_t *o = object_of(&text), *first = json_array_get(json_object_get(o, "causes"), 0);
	json_t *server = json_array_get(json_object_get(first, "servers"), 0);
	assert_string_equal(json_string_value(json_object_get(o, "form")), "S09-E14");
	assert_true(json_is_true(json_object_get(o, "starttls")));
	assert_string_equal(json_string_value(json_object_get(first, "cause")), "C44");
	assert_string_equal(json_string_value(json_object_get(server, "mta")), "exim");
	assert_int_equal(json_array_size(json_object_get(first, "servers")), 1);
	assert_int_equal(json_array_size(json_object_get(server, "fix")), 4);
	json_decref(o);
	buf_fini(&text);
}

static void test_open_json(void **state)
{
	(void)state;
	const char *const form = "E14";
	struct explanation e;
	for (unsigned known = 0; known < 2; known++) {
		struct buf text = { 0 };
		struct json j = { .out = &text };
		assert_int_equal(explain_open(&form, 1, known ? MTA_EXIM : MTA_UNKNOWN, &e),
		                 ERR_OK);
		json_open_object(&j, NULL);
		explanation_json(&e, &j);
		json_close(&j);
		assert_string_equal(buf_cstr(&text), known
			? "{\"causes\":[\"C34\",\"C38\",\"C37\"],\"mta\":\"exim\"}"
			: "{\"causes\":[\"C34\",\"C38\",\"C37\"]}");
		buf_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_forms),
		cmocka_unit_test(test_all_causes),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_open_is_short),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_open_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
