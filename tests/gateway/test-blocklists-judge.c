/* SPDX-License-Identifier: ISC
 *
 * The pure half of the blocklists: entries, when a case is settled, the text of a refusal.
 */
#include "test.h"

#include "gateway/blocklists-judge.h"

#include <stdlib.h>

#define LONG_LABEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_entries(void **state)
{
	static const struct {
		const char *text, *asked;        /* NULL: it is refused */
		int weight;
		size_t codes;
	} rows[] = {
		{ "relays.example.org", "relays.example.org", 1, 1 },
		{ "  Relays.example.org  weight=7 ", "Relays.example.org", 7, 1 },
		{ "a.example codes=127.0.0.2-11,127.0.0.14,127.1.2.0", "a.example", 1, 3 },
		{ "a.example key=abc123 weight=1000", "abc123.a.example", 1000, 1 },
		{ "a.example key=a.b", "a.b.a.example", 1, 1 },
		{ "", NULL, 0, 0 }, { "localhost", NULL, 0, 0 }, { "a..example", NULL, 0, 0 },
		{ "a_b.example", NULL, 0, 0 }, { "key=abc", NULL, 0, 0 },
		{ "a.example weight=0", NULL, 0, 0 }, { "a.example weight=1001", NULL, 0, 0 },
		{ "a.example weight=-1", NULL, 0, 0 }, { "a.example weight=", NULL, 0, 0 },
		{ "a.example weight", NULL, 0, 0 }, { "a.example wait=1", NULL, 0, 0 },
		{ "a.example b.example", NULL, 0, 0 }, { "a.example codes=", NULL, 0, 0 },
		{ "a.example codes=127.0.0.1", NULL, 0, 0 },
		{ "a.example codes=127.0.0.0-9", NULL, 0, 0 },
		{ "a.example codes=127.255.255.254", NULL, 0, 0 },
		{ "a.example codes=192.0.2.1", NULL, 0, 0 },
		{ "a.example codes=127.0.0.9-2", NULL, 0, 0 },
		{ "a.example codes=127.0.0.2-256", NULL, 0, 0 },
		{ "a.example codes=::1", NULL, 0, 0 },
		{ "a.example key=", NULL, 0, 0 }, { "a.example key=a/b", NULL, 0, 0 },
		{ "a.example key=a..b", NULL, 0, 0 },
		/* With the 64 labels of an IPv6 address in front it is too long. */
		{ LONG_LABEL "." LONG_LABEL "." LONG_LABEL ".example", NULL, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_entry e;
		const char *expected = NULL;
		char name[DNS_NAME_TEXT_MAX];
		const int err = blocklist_entry_parse(str_of(rows[i].text), &e, &expected);
		CHECK_ROW(rows[i].text, (err == ERR_OK) == (rows[i].asked != NULL));
		CHECK_ROW(rows[i].text, err == ERR_OK || expected != NULL);
		if (err != ERR_OK)
			continue;
		CHECK_ROW(rows[i].text, strcmp(dns_name_format(&e.asked, name),
		                               rows[i].asked) == 0);
		CHECK_ROW(rows[i].text, e.weight == rows[i].weight &&
		          e.code_count == rows[i].codes);
	}
}

static void test_codes(void **state)
{
	static const struct { const char *entry; uint8_t b, c, d; bool counts; } rows[] = {
		{ "a.example", 0, 0, 2, true }, { "a.example", 0, 0, 254, true },
		{ "a.example", 0, 0, 1, false }, { "a.example", 0, 0, 255, false },
		{ "a.example", 0, 1, 2, false }, { "a.example", 255, 255, 254, false },
		{ "a.example codes=127.0.0.2-4,127.0.1.9", 0, 0, 4, true },
		{ "a.example codes=127.0.0.2-4,127.0.1.9", 0, 0, 5, false },
		{ "a.example codes=127.0.0.2-4,127.0.1.9", 0, 1, 9, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct ip codes[] = { ip_from_v4(127, 9, 9, 9),
		                            ip_from_v4(127, rows[i].b, rows[i].c, rows[i].d) };
		struct blocklist_entry e;
		const char *expected;
		assert_int_equal(blocklist_entry_parse(str_of(rows[i].entry), &e, &expected),
		                 ERR_OK);
		CHECK_ROW(rows[i].entry, blocklist_entry_counts(&e, codes, 2) == rows[i].counts);
		CHECK_ROW(rows[i].entry, !blocklist_entry_counts(&e, codes, 1));
	}
}

static void test_check(void **state)
{
	static const struct { const char *block, *allow, *text, *message; } rows[] = {
		{ "a.example", "b.example", "{address} {list} {reason}", "" },
		{ "a.example key=secret weight=x", NULL, "no",
		  "gateway.blocklists: \"a.example\": expected a weight of 1 to 1000" },
		{ "key=secret", NULL, "no",
		  "gateway.blocklists: \"key\": expected a zone as relays.example.org" },
		{ "a.example", "b.example secret", "no", "gateway.allowlists: \"b.example\": "
		  "expected ZONE with weight=N, codes=… or key=… behind it" },
		{ "a.example", NULL, "", "gateway.blocklist_text: "
		  "expected a text of 1 to 400 characters" },
		{ "a.example", NULL, "{adress}", "gateway.blocklist_text: expected no other "
		  "braces than {address}, {list} and {reason}" },
		{ "a.example", NULL, "a\nb", "gateway.blocklist_text: expected printable ASCII, "
		  "as SMTP has it" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *block = (char *)(uintptr_t)rows[i].block;
		char *allow = (char *)(uintptr_t)rows[i].allow;
		struct gateway_config config = {
			.blocklists = { &block, 1 }, .allowlists = { &allow, allow ? 1 : 0 },
			.blocklist_text = (char *)(uintptr_t)rows[i].text,
		};
		struct buf message = { 0 };
		const int e = gateway_blocklists_check(&config, &message);
		assert_string_equal(buf_cstr(&message), rows[i].message);
		assert_true((e == ERR_OK) == (rows[i].message[0] == '\0'));
		buf_fini(&message);
	}
}

/* "+2" of a blocklist that matches, "-1" that does not, "?3" that has not answered; "a+" of an
 * allow-list. */
static void test_settle(void **state)
{
	static const struct {
		const char *votes;
		int threshold;
		enum blocklist_case outcome;
		int weight;
		size_t speaks;
	} rows[] = {
		{ "-1 -1", 1, BLOCKLIST_CLEAR, 0, 2 },
		{ "+1 -1", 1, BLOCKLIST_LISTED, 1, 0 },
		{ "?1 -1", 1, BLOCKLIST_OPEN, 0, 2 },
		{ "+1 ?1", 1, BLOCKLIST_LISTED, 1, 0 },
		{ "+1 ?1", 2, BLOCKLIST_OPEN, 1, 0 },
		{ "+1 ?1", 3, BLOCKLIST_CLEAR, 1, 0 },
		{ "+1 +1", 2, BLOCKLIST_LISTED, 2, 0 },
		{ "+1 +3 +3", 2, BLOCKLIST_LISTED, 7, 1 },
		{ "a+1 +9", 1, BLOCKLIST_ALLOWED, 0, 1 },
		{ "a+1 ?9", 1, BLOCKLIST_ALLOWED, 0, 2 },
		{ "a?1 +9", 1, BLOCKLIST_OPEN, 9, 1 },
		{ "a-1 +9", 1, BLOCKLIST_LISTED, 9, 1 },
		{ "a?1 -9", 1, BLOCKLIST_CLEAR, 0, 2 },
		{ "a-1 a+1 ?1", 1, BLOCKLIST_ALLOWED, 0, 3 },
		{ "a?9", 1, BLOCKLIST_CLEAR, 0, 1 },
		{ "", 1, BLOCKLIST_CLEAR, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_vote votes[8] = { { 0 } };
		struct str rest = str_of(rows[i].votes), word;
		size_t n = 0;
		int weight = -1;
		for (; str_word(&rest, &word); n++) {
			votes[n].allows = word.p[0] == 'a';
			word = str_from(word, votes[n].allows);
			votes[n].said = word.p[0] == '+' ? BLOCKLIST_YES :
			                word.p[0] == '-' ? BLOCKLIST_NO : BLOCKLIST_PENDING;
			votes[n].weight = word.p[1] - '0';
		}
		CHECK_ROW(rows[i].votes, blocklist_settle(votes, n, rows[i].threshold, &weight) ==
		          rows[i].outcome);
		CHECK_ROW(rows[i].votes, weight == rows[i].weight);
		CHECK_ROW(rows[i].votes, blocklist_spokesman(votes, n) == rows[i].speaks);
	}
}

static void test_text(void **state)
{
	static const struct { const char *entry, *text, *reason, *out; } rows[] = {
		{ "a.example", "{address} is listed by {list}: {reason}", "open relay, see https://x/",
		  "192.0.2.7 is listed by a.example: open relay, see https://x/" },
		{ "a.example", "{reason}{reason} {", "a\r\nb\x01\x7f\xff\xc3\xbc",
		  "a  b  ???a  b  ??? {" },
		{ "a.example", "{list}: {reason}", " \r\n", "a.example: no reason given" },
		{ "a.example key=SecReT", "{list}: {reason}", "https://x/secret/SECRET/9",
		  "a.example: https://x/***/***/9" },
		{ "a.example key=secret", "{list}", "", "a.example" },
		{ "a.example", "{adress}", "", "{adress}" },
	};
	const struct ip ip = ip_from_v4(192, 0, 2, 7);
	char out[GATEWAY_LISTED_TEXT_MAX];
	struct buf reason = { 0 };
	struct blocklist_entry e;
	const char *expected;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(blocklist_entry_parse(str_of(rows[i].entry), &e, &expected),
		                 ERR_OK);
		blocklist_text(str_of(rows[i].text), &ip, &e, str_of(rows[i].reason), out);
		assert_string_equal(out, rows[i].out);
	}
	for (int i = 0; i < 5000; i++)
		buf_add_byte(&reason, 'x');
	blocklist_text(STR("{list} {reason} {reason}"), &ip, &e, buf_str(&reason), out);
	assert_int_equal(strlen(out), GATEWAY_LISTED_TEXT_MAX - 1);
	assert_true(str_prefix(str_of(out), STR("a.example xxx")));
	buf_fini(&reason);
}

static void test_asks_about(void **state)
{
	static const struct { const char *ip; bool asks; } rows[] = {
		{ "203.0.113.7", true }, { "2001:db8::1", true }, { "11.0.0.1", true },
		{ "127.0.0.1", false }, { "::1", false }, { "10.1.2.3", false },
		{ "172.31.0.1", false }, { "172.32.0.1", true }, { "192.168.1.1", false },
		{ "100.64.0.1", false }, { "169.254.1.1", false }, { "fd00::1", false },
		{ "fe80::1", false }, { "0.0.0.0", false }, { "::", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip ip;
		assert_int_equal(ip_parse(str_of(rows[i].ip), &ip, NULL), ERR_OK);
		CHECK_ROW(rows[i].ip, blocklist_asks_about(&ip) == rows[i].asks);
	}
	assert_false(blocklist_asks_about(&(struct ip){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries), cmocka_unit_test(test_codes),
		cmocka_unit_test(test_check), cmocka_unit_test(test_settle),
		cmocka_unit_test(test_text), cmocka_unit_test(test_asks_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
