/* SPDX-License-Identifier: ISC
 *
 * Envelope paths: each production of RFC 5321 4.1.2, each limit from both sides,
 * RFC 6531, and the relay forms of other testers.
 */
#include "test.h"

#include "mail/address.h"

#include <stdio.h>
#include <stdlib.h>

#define NULL_OK MAIL_PATH_NULL_OK
#define POST_OK MAIL_PATH_POSTMASTER_OK
#define UTF8 MAIL_PATH_UTF8_OK

#define A8 "aaaaaaaa"
#define A32 A8 A8 A8 A8
#define A61 A32 A8 A8 A8 "aaaaa"
#define A63 A61 "aa"
#define A64 A32 A32

enum { BAD = ERR_INVALID, LONG = ERR_LIMIT };

struct row {
	const char *text;
	unsigned flags;
	int err;
	size_t used;            /* 0: the whole text */
	const char *route, *local, *domain;
	const char *unquoted;   /* NULL: as local */
	const char *literal;    /* its address; "none" for a general one; NULL: no literal */
};

#define OK_ROW(text, flags, local, domain, ...) \
	{ text, flags, ERR_OK, 0, "", local, domain, __VA_ARGS__ }

static const struct row rows[] = {
	/* plain mailboxes */
	OK_ROW("<a@b>", 0, "a", "b"),
	OK_ROW("<user@example.org>", 0, "user", "example.org"),
	OK_ROW("<user.name@example.org>", 0, "user.name", "example.org"),
	OK_ROW("<USER@EXAMPLE.ORG>", 0, "USER", "EXAMPLE.ORG"),
	OK_ROW("<0@0.0>", 0, "0", "0.0"),
	OK_ROW("<!#$%&'*+-/=?^_`{|}~@example.org>", 0, "!#$%&'*+-/=?^_`{|}~", "example.org"),
	OK_ROW("<u%d@example.org>", 0, "u%d", "example.org"),
	OK_ROW("<d!u@example.org>", 0, "d!u", "example.org"),
	OK_ROW("<u+tag@ex-am--ple.org>", 0, "u+tag", "ex-am--ple.org"),
	OK_ROW("<u@192.0.2.1>", 0, "u", "192.0.2.1"),
	OK_ROW("<u@xn--bcher-kva.example>", 0, "u", "xn--bcher-kva.example"),
	{ "<user@example.org> SIZE=1", 0, ERR_OK, 18, "", "user", "example.org" },
	{ "<user@example.org>X", 0, ERR_OK, 18, "", "user", "example.org" },
	/* the null path and postmaster */
	OK_ROW("<>", NULL_OK, "", ""),
	{ "<>", 0, BAD },
	{ "<>", POST_OK, BAD },
	{ "< >", NULL_OK, BAD },
	OK_ROW("<postmaster>", POST_OK, "postmaster", ""),
	OK_ROW("<PostMaster>", POST_OK, "PostMaster", ""),
	OK_ROW("<postmaster@b>", POST_OK, "postmaster", "b"),
	{ "<postmaster>", 0, BAD },
	{ "<postmaster>", NULL_OK, BAD },
	{ "<postmaste>", POST_OK, BAD },
	{ "<\"postmaster\">", POST_OK, BAD },
	{ "<@a:postmaster>", POST_OK, BAD },
	/* quoted local parts */
	OK_ROW("<\"a\"@b>", 0, "\"a\"", "b", "a"),
	OK_ROW("<\"\"@b>", 0, "\"\"", "b", ""),
	OK_ROW("<\"a b\"@b>", 0, "\"a b\"", "b", "a b"),
	OK_ROW("<\"a@c\"@b>", 0, "\"a@c\"", "b", "a@c"),
	OK_ROW("<\"a>b\"@b>", 0, "\"a>b\"", "b", "a>b"),
	OK_ROW("<\"a\\\"b\"@b>", 0, "\"a\\\"b\"", "b", "a\"b"),
	OK_ROW("<\"a\\\\\"@b>", 0, "\"a\\\\\"", "b", "a\\"),
	OK_ROW("<\"\\a\\ \"@b>", 0, "\"\\a\\ \"", "b", "a "),
	OK_ROW("<\"..\"@b>", 0, "\"..\"", "b", ".."),
	{ "<\"a@b>", 0, BAD },
	{ "<\"a\"", 0, BAD },
	{ "<\"a\"b@c>", 0, BAD },
	{ "<\"a\".b@c>", 0, BAD },
	{ "<a.\"b\"@c>", 0, BAD },
	{ "<\"a\tb\"@c>", 0, BAD },
	{ "<\"a\x7f\"@c>", 0, BAD },
	{ "<\"a\\\x01\"@c>", 0, BAD },
	{ "<\"a\\", 0, BAD },
	{ "<\"a\\\"@b>", 0, BAD },
	{ "<\"U@D\">", 0, BAD },
	/* dot-strings */
	{ "<.a@b>", 0, BAD },
	{ "<a.@b>", 0, BAD },
	{ "<a..b@c>", 0, BAD },
	{ "<@b>", 0, BAD },
	{ "<a b@c>", 0, BAD },
	{ "<a(x)@b>", 0, BAD },
	{ "<a\\@b@c>", 0, BAD },
	{ "<a,b@c>", 0, BAD },
	{ "<a:b@c>", 0, BAD },
	{ "<a;b@c>", 0, BAD },
	{ "<a[b@c>", 0, BAD },
	/* domains */
	{ "<a>", 0, BAD },
	{ "<a@>", 0, BAD },
	{ "<a@.b>", 0, BAD },
	{ "<a@b.>", 0, BAD },
	{ "<a@b..c>", 0, BAD },
	{ "<a@-b>", 0, BAD },
	{ "<a@b->", 0, BAD },
	{ "<a@b-.c>", 0, BAD },
	{ "<a@b_c>", 0, BAD },
	{ "<a@b@c>", 0, BAD },
	{ "<a@b c>", 0, BAD },
	{ "<a@b(x)>", 0, BAD },
	{ "<a@b", 0, BAD },
	/* address literals */
	OK_ROW("<a@[192.0.2.1]>", 0, "a", "[192.0.2.1]", NULL, "192.0.2.1"),
	OK_ROW("<a@[IPv6:2001:db8::1]>", 0, "a", "[IPv6:2001:db8::1]", NULL, "2001:db8::1"),
	OK_ROW("<a@[ipv6:::1]>", 0, "a", "[ipv6:::1]", NULL, "::1"),
	OK_ROW("<a@[IPv6:::ffff:192.0.2.1]>", 0, "a", "[IPv6:::ffff:192.0.2.1]", NULL, "192.0.2.1"),
	OK_ROW("<a@[x400:c=us]>", 0, "a", "[x400:c=us]", NULL, "none"),
	OK_ROW("<a@[2001:db8::1]>", 0, "a", "[2001:db8::1]", NULL, "none"),
	{ "<a@[]>", 0, BAD },
	{ "<a@[192.0.2.1>", 0, BAD },
	{ "<a@[192.0.2]>", 0, BAD },
	{ "<a@[192.0.2.256]>", 0, BAD },
	{ "<a@[192.0.2.01]>", 0, BAD },
	{ "<a@[192.0.2.1 ]>", 0, BAD },
	{ "<a@[192.0.2.1].b>", 0, BAD },
	{ "<a@192.0.2.1]>", 0, BAD },
	{ "<a@[IPv6:192.0.2.1]>", 0, BAD },
	{ "<a@[IPv6:]>", 0, BAD },
	{ "<a@[IPv6:12345::]>", 0, BAD },
	{ "<a@[x400:]>", 0, BAD },
	{ "<a@[:x]>", 0, BAD },
	{ "<a@[x-:y]>", 0, BAD },
	{ "<a@[x_y:z]>", 0, BAD },
	{ "<a@[tag:a b]>", 0, BAD },
	{ "<a@[tag:a[b]>", 0, BAD },
	{ "<a@[tag:a\\b]>", 0, BAD },
	/* source routes: read and kept */
	{ "<@r:a@b>", 0, ERR_OK, 0, "@r", "a", "b" },
	{ "<@r.x,@s.y:a@b>", 0, ERR_OK, 0, "@r.x,@s.y", "a", "b" },
	{ "<@r:\"a\"@[192.0.2.1]>", 0, ERR_OK, 0, "@r", "\"a\"", "[192.0.2.1]", "a", "192.0.2.1" },
	{ "<@r:>", NULL_OK, BAD },
	{ "<@r a@b>", 0, BAD },
	{ "<@r,:a@b>", 0, BAD },
	{ "<@r,s:a@b>", 0, BAD },
	{ "<@r,@:a@b>", 0, BAD },
	{ "<@[192.0.2.1]:a@b>", 0, BAD },
	{ "<r:a@b>", 0, BAD },
	{ "<@r@s:a@b>", 0, BAD },
	/* brackets and what is around */
	{ "", NULL_OK, BAD },
	{ "<", NULL_OK, BAD },
	{ ">", NULL_OK, BAD },
	{ "a@b", 0, BAD },
	{ " <a@b>", 0, BAD },
	{ "< a@b>", 0, BAD },
	{ "<a@b >", 0, BAD },
	{ "<<a@b>>", 0, BAD },
	/* limits */
	OK_ROW("<" A64 "@b>", 0, A64, "b"),
	{ "<" A64 "a@b>", 0, LONG },
	OK_ROW("<\"" A32 A8 A8 A8 "aaaaaa\"@b>", 0, "\"" A32 A8 A8 A8 "aaaaaa\"", "b",
	       A32 A8 A8 A8 "aaaaaa"),
	{ "<\"" A63 "\"@b>", 0, LONG },
	OK_ROW("<a@" A63 ">", 0, "a", A63),
	{ "<a@" A64 ">", 0, BAD },
	OK_ROW("<a@" A63 "." A63 "." A63 ".aa>", 0, "a", A63 "." A63 "." A63 ".aa"),
	/* 256 bytes with the brackets, then 257 */
	OK_ROW("<a@" A63 "." A63 "." A63 "." A32 A8 A8 A8 "aaaa>", 0, "a",
	       A63 "." A63 "." A63 "." A32 A8 A8 A8 "aaaa"),
	{ "<a@" A63 "." A63 "." A63 "." A32 A8 A8 A8 "aaaaa>", 0, LONG },
	{ "<a@" A63 "." A63 "." A63 "." A63 ".a>", 0, BAD },
	{ "<@" A63 "." A63 ":a@" A63 "." A63 ">", 0, LONG },
	/* SMTPUTF8 */
	{ "<\xc3\xbc@b>", 0, BAD },
	OK_ROW("<\xc3\xbc@b>", UTF8, "\xc3\xbc", "b"),
	OK_ROW("<a@b\xc3\xbc.example>", UTF8, "a", "b\xc3\xbc.example"),
	{ "<a@b\xc3\xbc.example>", 0, BAD },
	OK_ROW("<\"\xe2\x82\xac x\"@b>", UTF8, "\"\xe2\x82\xac x\"", "b", "\xe2\x82\xac x"),
	OK_ROW("<\xf0\x9f\x93\xae@b>", UTF8, "\xf0\x9f\x93\xae", "b"),
	{ "<\"\\\xc3\xbc\"@b>", UTF8, BAD },
	{ "<\xc3@b>", UTF8, BAD },
	{ "<\xbc@b>", UTF8, BAD },
	{ "<\xc0\xaf@b>", UTF8, BAD },
	{ "<\xe0\x80\xaf@b>", UTF8, BAD },
	{ "<\xed\xa0\x80@b>", UTF8, BAD },
	{ "<\xf0\x80\x80\xaf@b>", UTF8, BAD },
	{ "<\xf4\x90\x80\x80@b>", UTF8, BAD },
	{ "<\xf5\x80\x80\x80@b>", UTF8, BAD },
	{ "<\xe2\x82", UTF8, BAD },
	{ "<a@b\xff>", UTF8, BAD },
};

static void check_parts(const struct row *r, const struct mail_path *path, size_t used)
{
	char unquoted[MAIL_LOCAL_MAX], text[IP_TEXT_MAX];
	CHECK_ROW(r->text, used == (r->used ? r->used : strlen(r->text)));
	CHECK_ROW(r->text, path->text.n == used);
	CHECK_ROW(r->text, str_eq(path->route, str_of(r->route)));
	CHECK_ROW(r->text, str_eq(path->local, str_of(r->local)));
	CHECK_ROW(r->text, str_eq(path->domain, str_of(r->domain)));
	CHECK_ROW(r->text, path->is_null == (path->local.n == 0));
	CHECK_ROW(r->text, path->is_quoted == (r->local[0] == '"'));
	CHECK_ROW(r->text, path->is_literal == (r->literal != NULL));
	size_t n = mail_local_unquote(path, unquoted);
	CHECK_ROW(r->text, str_eq((struct str){ unquoted, n },
	                          str_of(r->unquoted ? r->unquoted : r->local)));
	if (r->literal)
		CHECK_ROW(r->text, strcmp(ip_format(&path->literal, text), r->literal) == 0);
}

/* On the heap and of exact length, so that ASan sees a read past the end. */
static int parse_exact(struct str s, unsigned flags, struct mail_path *path, size_t *used,
                       struct parse_error *pe, char **copy)
{
	*copy = malloc(s.n ? s.n : 1);
	assert_non_null(*copy);
	if (s.n)
		memcpy(*copy, s.p, s.n);
	return mail_path_parse((struct str){ *copy, s.n }, flags, path, used, pe);
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct mail_path path;
		struct parse_error pe = { 0 };
		size_t used = 0;
		char *copy;
		int e = parse_exact(str_of(r->text), r->flags, &path, &used, &pe, &copy);
		CHECK_ROW(r->text, e == r->err);
		if (e == ERR_OK)
			check_parts(r, &path, used);
		else
			CHECK_ROW(r->text, pe.expected && pe.offset <= strlen(r->text));
		free(copy);
	}
}

/* Every proper prefix of a path is no path. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		size_t whole = r->used ? r->used : strlen(r->text);
		for (size_t n = 0; r->err == ERR_OK && n < whole; n++) {
			struct mail_path path;
			size_t used;
			char *copy;
			CHECK_ROW(r->text, parse_exact((struct str){ r->text, n }, r->flags, &path,
			                               &used, NULL, &copy) != ERR_OK);
			free(copy);
		}
	}
}

static void test_nul(void **state)
{
	(void)state;
	struct mail_path path;
	size_t used;
	assert_int_equal(mail_path_parse(STR("<a\0@b>"), 0, &path, &used, NULL), ERR_INVALID);
	assert_int_equal(mail_path_parse(STR("<a@b\0>"), 0, &path, &used, NULL), ERR_INVALID);
	assert_int_equal(mail_path_parse(STR("<\"\0\"@b>"), 0, &path, &used, NULL), ERR_INVALID);
	assert_int_equal(mail_path_parse(STR("<a@[192.0.2.1\0]>"), 0, &path, &used, NULL),
	                 ERR_INVALID);
}

static void test_error_says_where(void **state)
{
	(void)state;
	static const struct { const char *text; size_t offset; } where[] = {
		{ "a@b", 0 }, { "<a b@c>", 2 }, { "<a@b c>", 4 }, { "<a@-b>", 3 }, { "<@r", 3 },
		{ "<a@[192.0.2.1>", 14 }, { "<a@[1.2]>", 3 }, { "<@r,s:a@b>", 4 },
	};
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		struct mail_path path;
		struct parse_error pe = { 0 };
		size_t used;
		mail_path_parse(str_of(where[i].text), 0, &path, &used, &pe);
		CHECK_ROW(where[i].text, pe.expected && pe.offset == where[i].offset);
	}
}

static void test_domains(void **state)
{
	(void)state;
	static const struct { const char *text; bool valid; } domains[] = {
		{ "a", true }, { "example.org", true }, { "EXAMPLE.org", true }, { "1.2.3", true },
		{ "a-b.c", true }, { A63 ".org", true },
		{ A63 "." A63 "." A63 "." A63, true },
		{ A63 "." A63 "." A63 "." A63 ".a", false },
		{ "", false }, { ".", false }, { "a.", false }, { ".a", false }, { "a..b", false },
		{ "-a", false }, { "a-", false }, { "a b", false }, { "a_b", false },
		{ "a\n", false },
		{ A64 ".org", false }, { "b\xc3\xbc.example", false }, { "[192.0.2.1]", false },
	};
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		CHECK_ROW(domains[i].text,
		          mail_domain_valid(str_of(domains[i].text)) == domains[i].valid);
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct { const char *text; bool valid; } addresses[] = {
		{ "a@b", true }, { "user@example.org", true }, { "\"a b\"@c", true },
		{ "a@[192.0.2.1]", true },
		{ A64 "@" A63 "." A63 "." A61, true }, { A64 "@" A63 "." A63 "." A61 "a", false },
		{ "", false }, { "a", false }, { "@b", false }, { "a@", false }, { "<a@b>", false },
		{ "@r:a@b", false }, { "a@b>", false }, { "a@b>,<c@d", false }, { " a@b", false },
		{ "a@b ", false }, { "a@b\r\n", false }, { "b\xc3\xbc@c", false },
	};
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		CHECK_ROW(addresses[i].text,
		          mail_address_valid(str_of(addresses[i].text)) == addresses[i].valid);
}

static void test_literals(void **state)
{
	(void)state;
	struct ip ip;
	char text[IP_TEXT_MAX + 8];
	assert_int_equal(mail_literal_parse(STR("[IPv6:2001:db8::1]"), &ip), ERR_OK);
	assert_string_equal(ip_format_literal(&ip, text), "[IPv6:2001:db8::1]");
	assert_int_equal(mail_literal_parse(STR("[192.0.2.1]"), &ip), ERR_OK);
	assert_string_equal(ip_format_literal(&ip, text), "[192.0.2.1]");
	assert_int_equal(mail_literal_parse(STR("[tag:x]"), &ip), ERR_UNSUPPORTED);
	assert_int_equal(mail_literal_parse(STR("192.0.2.1"), &ip), ERR_INVALID);
	assert_int_equal(mail_literal_parse(STR("[192.0.2.1"), &ip), ERR_INVALID);
	assert_int_equal(mail_literal_parse(STR(""), &ip), ERR_INVALID);
	assert_int_equal(mail_literal_parse(STR("[]"), &ip), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths), cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_nul), cmocka_unit_test(test_error_says_where),
		cmocka_unit_test(test_domains), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_literals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
