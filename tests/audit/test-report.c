/* SPDX-License-Identifier: ISC
 *
 * A report as people and programs get it: three machines, word for word; and one in which every
 * string is hostile.
 */
#include "test.h"

#include "base/mem.h"
#include "base/shown.h"
#include "report-golden.h"
#include "report-samples.h"

#include <stdio.h>
#include <stdlib.h>

typedef void (*sample)(struct audit_report *r, struct arena *a);

static void render(const struct audit_report *r, unsigned columns, bool html, struct buf *out)
{
	struct page page;
	const struct page_terminal terminal = { .columns = columns, .utf8 = true };
	audit_report_page(r, &page);
	if (html)
		page_to_html(&page, out);
	else
		page_to_text(&page, &terminal, out);
}

static json_t *json_of(const struct audit_report *r)
{
	struct buf text = { 0 };
	struct json j = { .out = &text };
	json_open_object(&j, NULL);
	audit_report_json(r, &j);
	json_close(&j);
	json_t *read = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(read);
	buf_fini(&text);
	return read;
}

static void pages_word_for_word(void **unused)
{
	(void)unused;
	static const struct { sample fill; const char *text; } rows[] = {
		{ sample_closed, golden_closed }, { sample_world, golden_world },
		{ sample_wide, golden_wide },
	};
	for (size_t i = 0; i < SAMPLE_N(rows); i++) {
		struct arena a = { 0 };
		struct audit_report r;
		struct buf out = { 0 };
		rows[i].fill(&r, &a);
		render(&r, 80, false, &out);
		assert_string_equal(buf_cstr(&out), rows[i].text);
		buf_fini(&out);
		arena_fini(&a);
	}
}

/* By jansson's own format: what a member is, and that it is there. */
static void json_is_as_promised(void **unused)
{
	(void)unused;
	static const sample samples[] = { sample_closed, sample_world, sample_wide };
	for (size_t i = 0; i < SAMPLE_N(samples); i++) {
		struct arena a = { 0 };
		struct audit_report r;
		size_t k;
		json_t *one, *who, *findings, *unasked, *rows;
		const char *s;
		int n, yes;
		samples[i](&r, &a);
		json_t *all = json_of(&r);
		assert_int_equal(json_unpack(all, "{s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:s,s:s,s:s,s:o,s:i,s:i!}",
		                 "mta", &s, "version", &s, "verdict", &s, "who", &who, "findings",
		                 &findings, "unasked", &unasked, "host", &s, "how", &s, "time", &s,
		                 "summary", &s, "rows", &rows, "forms_planned", &n,
		                 "forms_asked", &n), 0);
		json_array_foreach(who, k, one) {
			json_t *forms, *by;
			assert_int_equal(json_unpack(one, "{s:s,s:s,s:i,s:o,s:o,s:s,s:s,s:b,s:b}",
			                 "client", &s, "network", &s, "port", &n, "forms", &forms,
			                 "by", &by, "address", &s, "tls", &s, "sound", &yes,
			                 "strangers", &yes), 0);
			assert_string_equal(json_string_value(json_array_get(forms, 0)), "plain");
			assert_int_equal(json_unpack(json_array_get(by, 0), "{s:s,s:i,s:s,s:s!}",
			                 "file", &s, "line", &n, "parameter", &s, "text", &s), 0);
		}
		json_array_foreach(findings, k, one) {
			json_t *fix, *lines;
			assert_int_equal(json_unpack(one, "{s:s,s:s,s:s,s:s,s:o,s:o,s:s!}", "severity",
			                 &s, "cause", &s, "title", &s, "why", &s, "lines", &lines,
			                 "fix", &fix, "check", &s), 0);
			assert_true(json_is_array(fix) && json_is_array(lines));
		}
		json_array_foreach(unasked, k, one)
			assert_int_equal(json_unpack(one, "{s:s,s:s,s:b!}", "what", &s, "why", &s,
			                             "weighs", &yes), 0);
		assert_int_equal(json_array_size(rows), r.row_n);
		json_decref(all);
		arena_fini(&a);
	}
}

static void words(void **unused)
{
	(void)unused;
	static const struct { enum audit_verdict verdict; const char *name; int code; } rows[] = {
		{ AUDIT_CLOSED, "closed", 0 }, { AUDIT_WORLD, "world", 1 },
		{ AUDIT_WIDE, "wide", 2 }, { AUDIT_UNKNOWN, "unknown", 3 },
	};
	struct arena a = { 0 };
	for (size_t i = 0; i < SAMPLE_N(rows); i++) {
		assert_string_equal(audit_verdict_name(rows[i].verdict), rows[i].name);
		assert_int_equal(audit_verdict_exit(rows[i].verdict), rows[i].code);
	}
	assert_string_equal(audit_severity_name(AUDIT_OPEN), "open");
	assert_string_equal(audit_severity_name(AUDIT_WARN), "warn");
	assert_string_equal(audit_severity_name(AUDIT_ADVICE), "advice");
	assert_string_equal(audit_asker_title(&a, &sample_stranger4), "a stranger, by IPv4");
	assert_string_equal(audit_asker_title(&a, &sample_container), "a container on br-4f2a");
	for (enum audit_kind kind = AUDIT_STRANGER4; kind <= AUDIT_SEEN; kind++) {
		struct audit_asker asker = sample_range;
		asker.kind = kind;
		assert_true(strlen(audit_asker_title(&a, &asker)) > 5);
	}
	arena_fini(&a);
}

/* ---- what is hostile ---------- */

#define HOSTILE "</script><img src=x onerror=y>\"'&\x1b[31m\xff\xe2\x80\xae\xc2\x9b\n=> fake\r\n" \
	"Open: forged\tx"

static char *hostile_line(void)
{
	char *line = mem_array((64 << 10) + 1, 1);
	memset(line, 'x', 64 << 10);
	memcpy(line, HOSTILE, sizeof(HOSTILE) - 1);
	return line;
}

static void fill_hostile(struct audit_report *r, struct arena *a, const char *text)
{
	static const char *forms[] = { "E14", "A01", HOSTILE, "E05", "E06" };
	static struct audit_line line;
	static struct audit_asker asker;
	static struct audit_who who;
	static struct audit_row rows[3];
	static const char *fix[2];
	static struct audit_finding finding;
	static struct audit_unasked unasked;
	sample_begin(r, a);
	line = (struct audit_line){ text, { text, 7, text } };
	asker = sample_container;
	asker.interface = text;
	who = (struct audit_who){ .asker = &asker, .port = 25, .forms = forms, .form_n = 5,
	                          .some = true, .perhaps = true, .by = &line, .by_n = 1 };
	rows[0] = (struct audit_row){ &asker, 25, AUDIT_CLEAR, AUDIT_REFUSED, "", &who };
	rows[1] = (struct audit_row){ &asker, 465, AUDIT_TLS_FIRST, AUDIT_UNSAID, text, NULL };
	rows[2] = (struct audit_row){ &sample_bridge, 25, AUDIT_CLEAR, AUDIT_REFUSED_ELSE, "", NULL };
	fix[0] = text, fix[1] = "postfix reload";
	finding = (struct audit_finding){ AUDIT_WARN, text, text, text, &line, 1, fix, 2, text };
	unasked = (struct audit_unasked){ text, text, false };
	r->version = r->host_name = r->how = r->summary = r->doubt = text;
	r->verdict = AUDIT_UNKNOWN;
	r->who = &who, r->who_n = 1;
	r->rows = rows, r->row_n = 3;
	r->findings = &finding, r->finding_n = 1;
	r->unasked = &unasked, r->unasked_n = 1;
}

static void hostile_html(const struct audit_report *r)
{
	static const char *const never[] = {
		"<img", "</script", "\x1b", "\xff", "\xe2\x80\xae", "\xc2\x9b", "\r", "\t",
		"=> fake\n",
	};
	struct buf out = { 0 };
	render(r, 80, true, &out);
	assert_true(str_is_utf8(buf_str(&out)));
	for (size_t i = 0; i < SAMPLE_N(never); i++)
		CHECK_ROW(never[i], !strstr(out.p, never[i]));
	assert_null(strstr(out.p, "class=\"paste\""));   /* not offered to be pasted */
	assert_true(out.n < 200000);
	buf_fini(&out);
}

static void hostile_text(const struct audit_report *r)
{
	for (unsigned columns = PAGE_COLUMNS_MIN; columns <= 120; columns += 20) {
		struct buf out = { 0 };
		render(r, columns, false, &out);
		struct str rest = buf_str(&out), line;
		assert_null(strstr(out.p, "\n=> fake"));
		while (str_token(&rest, "\n", &line)) {
			char *copy = mem_printf("%.*s", STR_ARG(line));
			for (size_t i = 0; i < line.n; i++)
				assert_true(ascii_isprint((unsigned char)line.p[i]));
			CHECK_ROW(copy, shown_columns(copy) <= columns);
			CHECK_ROW(copy, strncmp(copy, "Open: ", 6) != 0);
			free(copy);
		}
		buf_fini(&out);
	}
}

static void nothing_hostile_comes_through(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct audit_report r;
	char *line = hostile_line();
	fill_hostile(&r, &a, line);
	hostile_html(&r);
	hostile_text(&r);
	json_t *all = json_of(&r);
	const char *how = json_string_value(json_object_get(all, "how"));
	assert_non_null(how);
	assert_null(strchr(how, 0x1b));
	assert_true(strlen(how) < 5000);
	json_decref(all);
	free(line);
	arena_fini(&a);
}

/* What is to be pasted begins at the left edge and is not broken, however narrow the terminal. */
static void fixes_stay_whole(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct audit_report r;
	sample_world(&r, &a);
	char longer[400];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	const char *fix[] = { longer, r.findings[0].fix[0] };
	struct audit_finding finding = r.findings[0];
	finding.fix = fix;
	r.findings = &finding;
	for (unsigned columns = PAGE_COLUMNS_MIN; columns <= 120; columns += 20) {
		struct buf out = { 0 };
		render(&r, columns, false, &out);
		for (size_t i = 0; i < 2; i++)
			assert_non_null(strstr(out.p, arena_printf(&a, "\n%s\n", fix[i])));
		buf_fini(&out);
	}
	arena_fini(&a);
}

/* One row names clients of a kind only where the same holds for them at the same ports. */
static void rows_are_joined(void **unused)
{
	(void)unused;
	static const struct audit_line by = { "mynetworks", { SAMPLE_MAIN, 5, "mynetworks = x" } };
	static const struct { uint16_t port; bool sound; const char *there, *not_there; } rows[] = {
		{ 25, true, "127.0.0.1, ::1", "25, 587" },
		{ 587, true, "\n     ::1", "127.0.0.1, ::1" },
		{ 25, false, "\n     ::1", "127.0.0.1, ::1" },
	};
	for (size_t i = 0; i < SAMPLE_N(rows); i++) {
		struct arena a = { 0 };
		struct audit_report r;
		struct buf out = { 0 };
		struct audit_who who[2];
		sample_begin(&r, &a);
		who[0] = sample_who(&sample_loopback4, 25, &by);
		who[1] = sample_who(&sample_loopback6, rows[i].port, &by);
		who[0].sound = true;
		who[1].sound = rows[i].sound;
		r.who = who, r.who_n = 2;
		render(&r, 80, false, &out);
		CHECK_ROW(rows[i].there, strstr(out.p, rows[i].there));
		CHECK_ROW(rows[i].not_there, !strstr(out.p, rows[i].not_there));
		buf_fini(&out);
		arena_fini(&a);
	}
}

/* In a line of many networks the one that counts is shown. */
static void the_telling_part_is_shown(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct audit_report r;
	struct buf text = { 0 }, out = { 0 };
	buf_add_cstr(&text, "mynetworks =");
	for (int i = 0; i < 200; i++)
		buf_printf(&text, " 192.0.2.%d%s", i, i == 150 ? " 172.16.0.0/12" : "");
	const struct audit_line by = { "mynetworks", { SAMPLE_MAIN, 5, buf_cstr(&text) } };
	sample_begin(&r, &a);
	struct audit_who who = sample_who(&sample_range, 25, &by);
	r.who = &who, r.who_n = 1;
	render(&r, 200, false, &out);
	assert_non_null(strstr(out.p, " ... 172.16.0.0/12 192.0.2.151"));
	buf_fini(&out);
	buf_fini(&text);
	arena_fini(&a);
}

static size_t times_in(const char *text, const char *wanted)
{
	size_t n = 0;
	while ((text = strstr(text, wanted)) != NULL) {
		text++;
		n++;
	}
	return n;
}

/* Neither the forms of a row, nor that a line is a default. */
static void nothing_is_said_twice(void **unused)
{
	(void)unused;
	static const char *forms[] = { "E14" };
	struct arena a = { 0 };
	struct audit_report r;
	struct buf out = { 0 };
	const struct audit_line by = { "mynetworks_style", { "", 0, "mynetworks_style = host (default)" } };
	sample_begin(&r, &a);
	struct audit_who who = sample_who(&sample_stranger4, 25, &by);
	who.forms = forms;
	r.who = &who, r.who_n = 1;
	render(&r, 200, false, &out);
	assert_int_equal(times_in(out.p, "E14 (percent hack)"), 1);
	assert_int_equal(times_in(out.p, "(default)"), 1);
	buf_fini(&out);
	arena_fini(&a);
}

/* Where no server was asked, nothing says that it was. */
static void by_the_reading_alone(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct audit_report r;
	struct buf out = { 0 };
	sample_closed(&r, &a);
	for (size_t i = 0; i < r.row_n; i++) {
		r.rows[i].plain = AUDIT_UNSAID;
		r.rows[i].why = "not by the configuration";
	}
	render(&r, 120, false, &out);
	assert_null(strstr(out.p, "were asked"));
	assert_null(strstr(out.p, "Refused"));
	assert_null(strstr(out.p, "never DATA"));
	assert_non_null(strstr(out.p, "yes, by the configuration"));
	assert_non_null(strstr(out.p, "not by the configuration"));
	r.who_n = 0;
	buf_clear(&out);
	render(&r, 120, false, &out);
	assert_non_null(strstr(out.p, "nobody was asked."));
	buf_fini(&out);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_word_for_word),
		cmocka_unit_test(json_is_as_promised),
		cmocka_unit_test(words),
		cmocka_unit_test(nothing_hostile_comes_through),
		cmocka_unit_test(fixes_stay_whole),
		cmocka_unit_test(rows_are_joined),
		cmocka_unit_test(the_telling_part_is_shown),
		cmocka_unit_test(nothing_is_said_twice),
		cmocka_unit_test(by_the_reading_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
