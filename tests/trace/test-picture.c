/* SPDX-License-Identifier: ISC
 *
 * The pictures: they fit the terminal, mark where the chain breaks, and let nothing of a
 * sender's through but printable ASCII.
 */
#include "test.h"

#include "base/shown.h"
#include "trace/picture.h"

static const struct str own = { "mx.our.example", 14 };
static const struct trace_border border = { .own_hosts = &own, .own_host_count = 1 };

#define TIME "; Mon, 9 Aug 2004 12:00:00 +0000\n"
#define BORDER "Received: from a (b.far.example [192.0.2.1]) by mx.our.example (Postfix) id 1" TIME

static void test_wrap(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t columns, want;
	} rows[] = {
		{ "", 5, 0 }, { "abcde", 5, 5 }, { "abcdef", 5, 5 }, { "abcde f", 5, 5 },
		{ "abc def", 5, 3 }, { "abc  def", 4, 3 }, { "a b c d", 5, 5 }, { " abcdef", 5, 5 },
		{ "anything", SIZE_MAX, 8 },
		{ "\320\266\320\266 \320\266", 4, 7 }, { "\320\266\320\266 \320\266", 3, 4 },
		{ "\320\266\320\266", 1, 2 }, { "\320\320", 1, 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(rows[i].text, trace_wrap(str_of(rows[i].text), rows[i].columns) ==
		                        rows[i].want);
}

static size_t widest(struct str s)
{
	size_t max = 0;
	struct str line;
	while (str_token(&s, "\n", &line)) {
		size_t n = 0;
		for (size_t i = 0; i < line.n; i++) {
			if (line.p[i] == '\033')
				i += str_find(str_from(line, i), 'm');
			else
				n++;
		}
		max = n > max ? n : max;
	}
	return max;
}

static void test_width(void **state)
{
	(void)state;
	static const unsigned columns[] = { 40, 80, 120 };
	struct trace t = { 0 };
	struct buf out = { 0 };
	struct buf message = { 0 };
	buf_add_cstr(&message, BORDER "Received: from ");
	for (unsigned i = 0; i < 100; i++)
		buf_add_cstr(&message, "long");
	buf_add_cstr(&message, " ([192.0.2.2]) by b.far.example (Postfix) id 2" TIME "\n");
	trace_message(&t, buf_str(&message), &border);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		buf_clear(&out);
		trace_picture(&t, STR("a"), i % 2, columns[i], &out);
		assert_in_range(widest(buf_str(&out)), columns[i] - 15, columns[i]);
	}
	buf_clear(&out);
	trace_picture(&t, STR("a"), true, 0, &out);
	assert_true(widest(buf_str(&out)) > 130);
	/* Too narrow for anything: it goes on all the same. */
	buf_clear(&out);
	trace_picture(&t, STR("a"), false, 1, &out);
	assert_true(str_search(buf_str(&out), STR("Handover")) != SIZE_MAX);
	buf_fini(&out);
	buf_fini(&message);
	trace_fini(&t);
}

static void test_breaks(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct buf out = { 0 };
	trace_message(&t, STR(BORDER
		"Received: from c ([192.0.2.2]) by a (Postfix) id 2" TIME
		"Received: from d ([192.0.2.3]) by who.knows.example (Postfix) id 3" TIME "\n"),
		&border);
	trace_picture(&t, STR("a"), false, 0, &out);
	size_t weak = str_search(buf_str(&out), STR("~~ from here on it rests"));
	size_t broken = str_search(buf_str(&out), STR("~~ the chain breaks here"));
	assert_true(weak < broken && broken != SIZE_MAX);
	/* Each line with its place, the line end left out. */
	struct buf place = { 0 };
	buf_printf(&place, ", bytes 0 to %zu\n", sizeof(BORDER) - 3);
	assert_true(str_search(buf_str(&out), buf_str(&place)) != SIZE_MAX);
	buf_fini(&place);
	buf_clear(&out);
	trace_svg(&t, STR("a"), &out);
	assert_true(str_search(buf_str(&out), STR(">the chain breaks here")) != SIZE_MAX);
	buf_fini(&out);
	trace_fini(&t);
}

/* What a reader of it can read is shown as it is; what is hidden or no UTF-8 is not. */
static void test_utf8(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct buf out = { 0 }, narrow = { 0 };
	trace_message(&t, STR(BORDER
		"Received: from \320\266\342\200\256\320.example ([192.0.2.2]) by d.example id 2"
		TIME "\n"), &border);
	trace_picture(&t, STR("\320\264"), false, 0, &out);
	shown_narrow(&narrow, buf_str(&out));
	trace_svg(&t, STR("\320\264"), &out);
	static const char *const rows[] = {
		"\320\264: chain", "says \320\266\\xe2\\x80\\xae\\xd0.example", ">\320\264</text>",
	};
	for (size_t i = 0; i < 3; i++)
		CHECK_ROW(rows[i], str_search(buf_str(&out), str_of(rows[i])) != SIZE_MAX);
	assert_true(str_search(buf_str(&narrow), STR("\\xd0\\xb4: chain")) != SIZE_MAX);
	for (size_t i = 0; i < narrow.n; i++)
		assert_true((unsigned char)narrow.p[i] < 0x80);
	buf_fini(&narrow);
	buf_fini(&out);
	trace_fini(&t);
}

static void test_hostile(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct buf out = { 0 };
	trace_message(&t, STR(BORDER
		"Received: from \033[31mred\342\200\256evil (<b>&\"\007.example [192.0.2.2]) by "
		"\033]0;x\007\233m<script>.example id 2" TIME
		"\033[2J no field \302\233 \342\200\217 </svg>\n"
		"Return-Path: <\033[31m@x>\nFrom: \302\205 <a@b>\n\n"), &border);
	trace_picture(&t, STR("\033[31m</svg>\342\200\256"), false, 80, &out);
	trace_svg(&t, STR("\033[31m</svg>\342\200\256"), &out);
	for (size_t i = 0; i < out.n; i++)
		assert_true(out.p[i] == '\n' || ascii_isprint((unsigned char)out.p[i]));
	size_t svg = str_search(buf_str(&out), STR("<svg "));
	struct str drawn = str_from(buf_str(&out), svg);
	assert_true(str_search(drawn, STR("<script")) == SIZE_MAX);
	assert_true(str_search(drawn, STR("&lt;/svg&gt;")) != SIZE_MAX);
	assert_int_equal(str_search(drawn, STR("</svg>")), drawn.n - 7);
	buf_fini(&out);
	trace_fini(&t);
}

/* More lines than are drawn: it says how many. */
static void test_many(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct buf message = { 0 }, out = { 0 };
	buf_add_cstr(&message, BORDER);
	for (unsigned i = 0; i < 300; i++)
		buf_add_cstr(&message, "Received: from c ([192.0.2.2]) by d.example id 2" TIME);
	trace_message(&t, buf_str(&message), &border);
	trace_svg(&t, STR("a"), &out);
	assert_true(str_search(buf_str(&out), STR("and 150 older lines that are not drawn")) !=
	            SIZE_MAX);
	assert_true(str_search(buf_str(&out), STR("the message exceeds a limit")) != SIZE_MAX);
	buf_fini(&message);
	buf_fini(&out);
	trace_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap), cmocka_unit_test(test_width),
		cmocka_unit_test(test_breaks), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
