/* SPDX-License-Identifier: ISC
 *
 * A page: that no text of it becomes markup, an escape sequence or a line of ours, in any place,
 * and that text fits into the columns.
 */
#include "test.h"

#include "base/mem.h"
#include "base/shown.h"
#include "proof/page.h"

#include <stdio.h>
#include <stdlib.h>

static void html_is_escaped(void **unused)
{
	(void)unused;
	static const struct { const char *text, *html; } rows[] = {
		{ "250 ok", "250 ok" },
		{ "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ "\" onload=\"x", "&quot; onload=&quot;x" },
		{ "' onload='x", "&#39; onload=&#39;x" },
		{ "&lt;b&gt; &amp;", "&amp;lt;b&amp;gt; &amp;amp;" },
		{ "--><![CDATA[<x>]]>", "--&gt;&lt;![CDATA[&lt;x&gt;]]&gt;" },
		{ "a\tb", "a b" },
		{ "a\nb\r\n", "a\\x0ab\\x0d\\x0a" },
		{ "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f" },
		{ "\xff\xc3(", "\\xff\\xc3(" },
		{ "\xc0\xbcscript\xc0\xbe", "\\xc0\\xbcscript\\xc0\\xbe" },
		{ "+ADw-script+AD4-", "+ADw-script+AD4-" },
		{ "\xe2\x80\xae" "gpj", "\\xe2\\x80\\xaegpj" },
		{ "\xe2\x80\xa8x", "\\xe2\\x80\\xa8x" },
		{ "\xef\xbb\xbfx\xe2\x80\x8b", "\\xef\\xbb\\xbfx\\xe2\\x80\\x8b" },
		{ "\xc2\x85\xc2\x9b", "\\xc2\\x85\\xc2\\x9b" },
		{ "J\xc3\xbcrgen \xe6\x97\xa5", "J\xc3\xbcrgen \xe6\x97\xa5" },
		{ "v\xe2\x80\xa6@x", "v\xe2\x80\xa6@x" },
		{ "c:\\x1b \\", "c:\\x1b \\" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf out = { 0 };
		page_html_add(&out, str_of(rows[i].text));
		assert_string_equal(buf_cstr(&out), rows[i].html);
		buf_fini(&out);
	}
}

/* All that a stranger might send, in each place where a text can stand. */
#define HOSTILE "<script src=//x>\"'&\x1b[31m\xff\xe2\x80\xae\n=> fake\r\n\x9b</code></svg></p>"

static void fill_table(struct page *page, struct str text)
{
	const char *copy = arena_strdup(page->arena, text);
	const char *const heads[] = { copy, "Port", copy };
	const struct page_cell cells[] = { { text, text, text }, { STR(""), text, STR("") },
	                                   { STR(""), STR(""), text } };
	page_table(page, heads, 3);
	for (int tone = PAGE_PLAIN; tone <= PAGE_BAD; tone++)
		page_row(page, (enum page_tone)tone, cells);
}

static void fill(struct page *page, struct arena *a, struct str text)
{
	page_init(page, a, text);
	page_banner(page, PAGE_BAD, "%.*s", STR_ARG(text));
	page_heading(page, HOSTILE);
	for (int kind = PAGE_TEXT; kind <= PAGE_STEP; kind++)
		for (int tone = PAGE_PLAIN; tone <= PAGE_BAD; tone++)
			page_add(page, (enum page_kind)kind, (enum page_tone)tone, text, text,
			         text);
	page_text(page, "%.*s", STR_ARG(text));
	page_fact(page, HOSTILE, "%.*s", STR_ARG(text));
	page_add(page, PAGE_PASTE, PAGE_PLAIN, text, text, text);
	fill_table(page, text);
}

static void nothing_hostile_in_html(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct page page;
	struct buf out = { 0 };
	fill(&page, &a, STR(HOSTILE));
	page_to_html(&page, &out);
	assert_true(str_is_utf8(buf_str(&out)));
	static const char *const never[] = {
		"<script", "\x1b", "\x9b", "\xe2\x80\xae", "\r", "=> fake\n", "&&", "\"'", "src=\"",
		"javascript:", "url(", "@import", "http:", "https:",
	};
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (strstr(out.p, never[i]))
			fail_msg("found %s", never[i]);
	assert_non_null(strstr(out.p, "default-src 'none'"));
	assert_non_null(strstr(out.p, "&lt;script src=//x&gt;&quot;&#39;&amp;\\x1b[31m"));
	buf_fini(&out);
	arena_fini(&a);
}

static void nothing_hostile_in_text(void **unused)
{
	(void)unused;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct arena a = { 0 };
		struct page page;
		struct page_terminal terminal = { .columns = 80, .utf8 = utf8 };
		struct buf out = { 0 };
		fill(&page, &a, STR(HOSTILE));
		page_to_text(&page, &terminal, &out);
		for (size_t i = 0; i < out.n; i++)
			if (out.p[i] != '\n' && !ascii_isprint((unsigned char)out.p[i]))
				fail_msg("byte %zu is %02x", i, (unsigned char)out.p[i]);
		assert_null(strstr(out.p, "\n=> fake"));
		buf_fini(&out);
		arena_fini(&a);
	}
}

/* Only the colours that were asked for, each of them ended. */
static void colours(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct page page;
	struct page_terminal terminal = { .columns = 80, .utf8 = true, .colour = true };
	struct buf out = { 0 };
	fill(&page, &a, STR("plain"));
	page_to_text(&page, &terminal, &out);
	size_t on = 0, off = 0;
	for (const char *p = out.p; (p = strstr(p, "\033[")); p += 2)
		strncmp(p, "\033[0m", 4) == 0 ? off++ : on++;
	assert_true(on > 10 && on == off);
	buf_fini(&out);
	arena_fini(&a);
}

static void check_columns(struct str text, unsigned columns)
{
	struct str line;
	while (str_token(&text, "\n", &line)) {
		char *copy = mem_printf("%.*s", STR_ARG(line));
		if (shown_columns(copy) > columns)
			fail_msg("%zu columns: %s", shown_columns(copy), copy);
		free(copy);
	}
}

static void fits(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
		"short", "words of a text that goes on and on until it does not fit any more, and on",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
		"\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5",
		"          spaces              everywhere                                            x  ",
		HOSTILE HOSTILE HOSTILE,
	};
	static const unsigned columns[] = { PAGE_COLUMNS_MIN, 79, 80, 100 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		for (size_t k = 0; k < sizeof(columns) / sizeof(*columns); k++) {
			struct arena a = { 0 };
			struct page page;
			struct page_terminal terminal = { .columns = columns[k], .utf8 = true };
			struct buf out = { 0 };
			page_init(&page, &a, str_of(texts[i]));
			page_heading(&page, texts[i]);
			for (int kind = PAGE_TEXT; kind <= PAGE_STEP; kind++)
				page_add(&page, (enum page_kind)kind, PAGE_STRONG, STR("label"),
				         str_of(texts[i]), str_of(texts[i]));
			fill_table(&page, str_of(texts[i]));
			page_to_text(&page, &terminal, &out);
			check_columns(buf_str(&out), columns[k]);
			buf_fini(&out);
			arena_fini(&a);
		}
	}
}

/* An address may be any text; the left edge is ours. */
static void title_forges_no_line(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
		"Evidence: 192.0.2.1                                                             "
		"The signature is good",
		"Evidence: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"The signature is good",
		"Evidence: x The signature is good The signature is good The signature is good",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		for (unsigned columns = PAGE_COLUMNS_MIN; columns <= 100; columns++) {
			struct arena a = { 0 };
			struct page page;
			const struct page_terminal terminal = { .columns = columns };
			struct buf out = { 0 };
			page_init(&page, &a, str_of(texts[i]));
			page_to_text(&page, &terminal, &out);
			CHECK_ROW(texts[i], !strstr(out.p, "\nThe signature"));
			buf_fini(&out);
			arena_fini(&a);
		}
	}
}

static void long_texts_are_cut(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct page page;
	char *text = mem_array(2 * PAGE_TEXT_MAX, 1);
	memset(text, 'x', 2 * PAGE_TEXT_MAX - 1);
	page_init(&page, &a, STR("t"));
	page_heading(&page, "h");
	page_add(&page, PAGE_FACT, PAGE_PLAIN, STR(""), str_of(text), STR(""));
	assert_int_equal(page.first->first->text.n, PAGE_TEXT_MAX + 3);
	free(text);
	arena_fini(&a);
}

static void way_is_drawn(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct page page;
	struct buf out = { 0 };
	page_init(&page, &a, STR("t"));
	page_heading(&page, "h");
	for (int i = 0; i < 4; i++)
		page_add(&page, PAGE_STEP, PAGE_PLAIN, STR("Input"),
		         STR("0123456789012345678901234567890123456789012345678901234567890<&>xyz"),
		         STR("\xe2\x80\xae"));
	page_text(&page, "behind");
	const struct page_block *rest = page_way_svg(page.first->first, &out);
	assert_int_equal(rest->kind, PAGE_TEXT);
	size_t boxes = 0, arrows = 0;
	for (const char *p = out.p; (p = strstr(p, "<rect ")); p++)
		boxes++;
	for (const char *p = out.p; (p = strstr(p, "<path ")); p++)
		arrows++;
	assert_int_equal(boxes, 4);
	assert_int_equal(arrows, 3);
	assert_non_null(strstr(out.p, "\\xe2\\x80\\xae"));
	assert_null(strstr(out.p, "xyz"));
	buf_fini(&out);
	arena_fini(&a);
}

/* Notes and lines of files give way first, then texts; a word is broken last. */
static void table_in_columns(void **unused)
{
	(void)unused;
	static const struct { unsigned columns; const char *text; } rows[] = {
		{ 80,
		  "   Client               Port  Because of\n"
		  "   -------------------  ----  -------------------------------------------\n"
		  "=> a stranger, by IPv4  25    /etc/postfix/main.cf:23\n"
		  "     0.0.0.0/0                  mynetworks = 0.0.0.0/0 [::1]/128 10.0.0.1\n"
		  "   nobody               -\n" },
		{ 60,
		  "   Client               Port  Because of\n"
		  "   -------------------  ----  ------------------------------\n"
		  "=> a stranger, by IPv4  25    /etc/postfix/main.cf:23\n"
		  "     0.0.0.0/0                  mynetworks = 0.0.0.0/0\n"
		  "                                [::1]/128 10.0.0.1\n"
		  "   nobody               -\n" },
		{ 44,
		  "=> a stranger, by IPv4\n"
		  "       0.0.0.0/0\n"
		  "     Port: 25\n"
		  "     Because of: /etc/postfix/main.cf:23\n"
		  "         mynetworks = 0.0.0.0/0 [::1]/128\n"
		  "         10.0.0.1\n"
		  "   nobody\n"
		  "     Port: -\n" },
	};
	static const char *const heads[] = { "Client", "Port", "Because of" };
	static const struct page_cell stranger[] = {
		{ STR("a stranger, by IPv4"), STR("0.0.0.0/0"), STR("") },
		{ STR("25"), STR(""), STR("") },
		{ STR("/etc/postfix/main.cf:23"), STR("mynetworks = 0.0.0.0/0 [::1]/128 10.0.0.1"),
		  STR("") },
	};
	static const struct page_cell nobody[] = {
		{ STR("nobody"), STR(""), STR("") }, { STR("-"), STR(""), STR("") },
		{ STR(""), STR(""), STR("") },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct page page;
		const struct page_terminal terminal = { .columns = rows[i].columns };
		struct buf out = { 0 };
		page_init(&page, &a, STR("t"));
		page_heading(&page, "h");
		page_table(&page, heads, 3);
		page_row(&page, PAGE_BAD, stranger);
		page_row(&page, PAGE_PLAIN, nobody);
		page_to_text(&page, &terminal, &out);
		assert_string_equal(strstr(out.p, "h\n") + 2, rows[i].text);
		buf_fini(&out);
		arena_fini(&a);
	}
}

/* For who hears the page, and for who sees it narrow. */
static void table_in_html(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct page page;
	struct buf out = { 0 };
	page_init(&page, &a, STR("t"));
	page_heading(&page, "h");
	fill_table(&page, STR("\"><i>"));
	page_to_html(&page, &out);
	assert_non_null(strstr(out.p, "<th scope=\"col\" role=\"columnheader\">Port</th>"));
	assert_non_null(strstr(out.p, "<th scope=\"row\" role=\"rowheader\">"));
	assert_non_null(strstr(out.p, "<td role=\"cell\" data-head=\"&quot;&gt;&lt;i&gt;\">"));
	assert_null(strstr(out.p, "<i>"));
	buf_fini(&out);
	arena_fini(&a);
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void several_pages_in_one_file(void **unused)
{
	(void)unused;
	struct arena a = { 0 };
	struct page pages[3];
	struct buf out = { 0 };
	for (size_t i = 0; i < 3; i++) {
		page_init(&pages[i], &a, i == 2 ? STR("<i>third") : i ? STR("second") : STR("first"));
		page_banner(&pages[i], i ? PAGE_BAD : PAGE_GOOD, "banner <%zu>", i);
		page_heading(&pages[i], "Who may relay");
		page_text(&pages[i], "body %zu", i);
		if (i)
			pages[i - 1].next = &pages[i];
	}
	page_to_html(&pages[0], &out);
	assert_int_equal(times(out.p, "<html"), 1);
	assert_int_equal(times(out.p, "</html>"), 1);
	assert_int_equal(times(out.p, "<style>"), 1);
	assert_int_equal(times(out.p, "<article id="), 3);
	assert_int_equal(times(out.p, "</article>"), 3);
	assert_int_equal(times(out.p, "<h1>"), 3);
	assert_null(strstr(out.p, "<i>"));
	for (size_t i = 0; i < 3; i++) {
		char text[40];
		(void)snprintf(text, sizeof(text), "body %zu", i);
		assert_int_equal(times(out.p, text), 1);
		(void)snprintf(text, sizeof(text), "banner &lt;%zu&gt;", i);
		assert_int_equal(times(out.p, text), 2);        /* in front of all, too */
		(void)snprintf(text, sizeof(text), "href=\"#page%zu\"", i + 1);
		assert_int_equal(times(out.p, text), 1);
	}
	buf_clear(&out);
	page_to_html(&pages[2], &out);
	assert_null(strstr(out.p, "<article"));
	assert_null(strstr(out.p, "<nav"));
	buf_fini(&out);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_is_escaped),
		cmocka_unit_test(nothing_hostile_in_html),
		cmocka_unit_test(nothing_hostile_in_text),
		cmocka_unit_test(colours),
		cmocka_unit_test(fits),
		cmocka_unit_test(title_forges_no_line),
		cmocka_unit_test(table_in_columns),
		cmocka_unit_test(table_in_html),
		cmocka_unit_test(several_pages_in_one_file),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(way_is_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
