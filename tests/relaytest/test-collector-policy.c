/* SPDX-License-Identifier: ISC
 *
 * What each recipient is to the collector. The rule: our own domains and literals, and there
 * tokens, postmaster, abuse and retest; nothing else, ever.
 */
#include "test.h"

#include "relaytest/collector.h"

#define TOKEN "kabcdefghaba3pmwo5yja4qngq34"

static struct ip addresses[3];
static const struct collector_domains domains = {
	.domain = "one.test", .domain2 = "two.example", .addresses = addresses,
	.address_count = 3,
};

static int set_up(void **state)
{
	(void)state;
	ip_parse(STR("198.51.100.7"), &addresses[0], NULL);
	ip_parse(STR("2001:db8::7"), &addresses[1], NULL);
	return 0;                        /* the third is unset */
}

static const char *what_text(const struct collector_recipient *r)
{
	switch (r->what) {
	case COLLECTOR_TOKEN: return "token";
	case COLLECTOR_PERSON: return r->person;
	case COLLECTOR_RETEST: return "retest";
	case COLLECTOR_REFUSED: break;
	}
	switch (r->code) {
	case 554: return "554";
	case 550: return "550";
	default: return "?";
	}
}

struct row {
	const char *path, *want;     /* "501": the grammar refuses it before us */
};

static void check(const struct row *row)
{
	struct mail_path path;
	struct collector_recipient r;
	size_t used;
	int e = mail_path_parse(str_of(row->path), MAIL_PATH_POSTMASTER_OK | MAIL_PATH_UTF8_OK,
	                        &path, &used, NULL);
	if (e != ERR_OK || used != strlen(row->path)) {
		if (strcmp(row->want, "501") != 0)
			fail_msg("%s: not a path, expected %s", row->path, row->want);
		return;
	}
	collector_recipient(&path, &domains, &r);
	if (strcmp(what_text(&r), row->want) != 0)
		fail_msg("%s: %s, expected %s", row->path, what_text(&r), row->want);
	if (r.what == COLLECTOR_TOKEN)
		assert_string_equal(r.token.text, TOKEN);
	if (r.what == COLLECTOR_REFUSED)
		assert_true(r.enhanced[0] == '5' && *r.text);
}

static void test_tokens(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "<" TOKEN "@one.test>", "token" },
		{ "<" TOKEN "@two.example>", "token" },
		{ "<" TOKEN "@ONE.Test>", "token" },
		{ "<KABCDEFGHABA3PMWO5YJA4QNGQ34@one.test>", "token" },
		{ "<" TOKEN "@[198.51.100.7]>", "token" },
		{ "<" TOKEN "@[IPv6:2001:db8::7]>", "token" },
		{ "<" TOKEN "@[ipv6:2001:DB8:0::7]>", "token" },
		{ "<" TOKEN "@198.51.100.7>", "token" },
		/* What a relay may leave of the form it was sent in. */
		{ "<" TOKEN "%one.test@one.test>", "token" },
		{ "<\"" TOKEN "@one.test\"@one.test>", "token" },
		{ "<\"" TOKEN "\"@one.test>", "token" },
		{ "<one.test!" TOKEN "@one.test>", "token" },
		{ "<SRS0=HHH=TT=one.test=" TOKEN "@two.example>", "token" },
		{ "<IMCEASMTP-" TOKEN "+40one.test@one.test>", "token" },
		{ "<\"" TOKEN "\\@one.test\"@one.test>", "token" },
		{ "<x." TOKEN ".y@one.test>", "token" },
		/* Not tokens. */
		{ "<" TOKEN "5@one.test>", "550" },
		{ "<5" TOKEN "@one.test>", "550" },
		{ "<abcdefghaba3pmwo5yja4qngq34@one.test>", "550" },
		{ "<kabcdefghaba3pmwo5yja4qngq31@one.test>", "550" },
		{ "<kabcdefghaba3-mwo5yja4qngq34@one.test>", "550" },
		{ "<kabcdefghaba3\xc3\xa9mwo5yja4qngq34@one.test>", "550" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

static void test_persons(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "<postmaster>", "postmaster" },
		{ "<POSTMASTER>", "postmaster" },
		{ "<postmaster@one.test>", "postmaster" },
		{ "<PostMaster@two.example>", "postmaster" },
		{ "<\"postmaster\"@one.test>", "postmaster" },
		{ "<postmaster@[198.51.100.7]>", "postmaster" },
		{ "<abuse@one.test>", "abuse" },
		{ "<Abuse@[IPv6:2001:db8::7]>", "abuse" },
		{ "<retest@one.test>", "retest" },
		{ "<RETEST@TWO.EXAMPLE>", "retest" },
		{ "<retest@[198.51.100.7]>", "retest" },
		/* Nobody else lives here. */
		{ "<abuse>", "501" },
		{ "<retest>", "501" },
		{ "<postmaster@mx.one.test>", "554" },
		{ "<post.master@one.test>", "550" },
		{ "<postmaster%other.test@one.test>", "550" },
		{ "<\"postmaster@other.test\"@one.test>", "550" },
		{ "<other.test!postmaster@one.test>", "550" },
		{ "<root@one.test>", "550" },
		{ "<retest2@one.test>", "550" },
		{ "<\"\"@one.test>", "550" },
		{ "<\"post\\master\"@one.test>", "postmaster" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* A token does not open a foreign domain. */
static void test_never_relays(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "<" TOKEN "@other.test>", "554" },
		{ "<" TOKEN "@one.test.other.test>", "554" },
		{ "<" TOKEN "@xone.test>", "554" },
		{ "<" TOKEN "@x.one.test>", "554" },
		{ "<" TOKEN "@test>", "554" },
		{ "<" TOKEN "@one.tes>", "554" },
		{ "<" TOKEN "@[198.51.100.8]>", "554" },
		{ "<" TOKEN "@[IPv6:2001:db8::8]>", "554" },
		{ "<" TOKEN "@[0.0.0.0]>", "554" },
		{ "<" TOKEN "@[x-y:198.51.100.7]>", "554" },
		{ "<" TOKEN "@198.51.100.8>", "554" },
		{ "<" TOKEN "@localhost>", "554" },
		{ "<postmaster@other.test>", "554" },
		{ "<retest@other.test>", "554" },
		{ "<user@other.test>", "554" },
		{ "<" TOKEN "%one.test@other.test>", "554" },
		{ "<\"" TOKEN "@one.test\"@other.test>", "554" },
		/* Routes are read, never followed, not even home. */
		{ "<@one.test:user@other.test>", "554" },
		{ "<@one.test:" TOKEN "@one.test>", "550" },
		{ "<@other.test:" TOKEN "@one.test>", "550" },
		{ "<@other.test:postmaster@one.test>", "550" },
		{ "<@one.test,@two.example:user@other.test>", "554" },
		/* What the grammar refuses never comes here. */
		{ "<" TOKEN "@one.test@other.test>", "501" },
		{ "<" TOKEN "@one.test.>", "501" },
		{ "<" TOKEN "@>", "501" },
		{ "<" TOKEN ">", "501" },
		{ "<>", "501" },
		{ "<\"" TOKEN TOKEN TOKEN "\"@one.test>", "501" },
		{ "<" TOKEN "@[127.1]>", "501" },
		{ "<" TOKEN "@[010.0.0.1]>", "501" },
		{ "<user@other.test\r\nRCPT TO:<x@y.test>", "501" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* The name with its root dot, and local parts that a caller did not bound. */
static void test_not_from_the_grammar(void **state)
{
	(void)state;
	static char longest[2 * MAIL_PATH_MAX];
	struct collector_recipient r;
	struct mail_path dot = { .local = STR(TOKEN), .domain = STR("one.test."),
	                         .route = STR("") };
	collector_recipient(&dot, &domains, &r);
	assert_int_equal(r.what, COLLECTOR_TOKEN);
	memset(longest, 'a', sizeof(longest));
	struct mail_path big = { .local = { longest, sizeof(longest) }, .domain = STR("one.test"),
	                         .route = STR("") };
	collector_recipient(&big, &domains, &r);
	assert_int_equal(r.what, COLLECTOR_REFUSED);
}

/* Errors of up to three recipients of any kinds, in any order: what is due again is never lost
 * to what is over. */
static void test_worst_of_all(void **state)
{
	(void)state;
	static const enum collector_for kinds[] = { COLLECTOR_TOKEN, COLLECTOR_PERSON,
	                                            COLLECTOR_RETEST };
	static const int errors[] = { ERR_OK, ERR_LIMIT, ERR_FULL, ERR_BUSY, ERR_IO, ERR_DENIED,
	                              ERR_CORRUPT };
	enum { KINDS = 3, ERRORS = 7, EACH = KINDS * ERRORS };
	for (unsigned i = 0; i < EACH * EACH * EACH; i++) {
		bool again = false, soon = false, enough = false, retest = false;
		enum collector_fate worst = COLLECTOR_KEPT;
		for (unsigned k = 0, rest = i; k < 3; k++, rest /= EACH) {
			enum collector_for what = kinds[rest % EACH / ERRORS];
			int e = errors[rest % ERRORS];
			worst = collector_worse(worst, collector_fate(what, e));
			retest |= what == COLLECTOR_RETEST;
			soon |= e == ERR_LIMIT && what == COLLECTOR_RETEST;
			enough |= e == ERR_LIMIT && what == COLLECTOR_TOKEN;
			again |= e != ERR_OK && (e != ERR_LIMIT || what == COLLECTOR_PERSON);
		}
		struct collector_answer answer = collector_answer(worst, retest);
		assert_int_equal(answer.code, again ? 451 : soon ? 450 : enough ? 552 : 250);
	}
}

/* The address, and how to come from the other one; the longest fits a reply line (RFC 5321
 * section 4.5.3.1.5) with its codes. */
static void test_words_of_a_retest(void **state)
{
	(void)state;
	static const struct {
		enum collector_fate fate;
		const char *peer, *words[3];
	} rows[] = {
		{ COLLECTOR_KEPT, "192.0.2.7",
		  { "192.0.2.7 will be tested", "For an IPv6 address", "= ipv6," } },
		{ COLLECTOR_KEPT, "192.0.2.7",
		  { "smtp_bind_address6 = ", "Exim: interface", "Family=inet6;" } },
		{ COLLECTOR_KEPT, "2001:db8::7",
		  { "2001:db8::7 will", "For an IPv4 address", "= ipv4," } },
		{ COLLECTOR_KEPT, "2001:db8::7",
		  { "smtp_bind_address = ", "Family=inet;", "OpenSMTPD: relay src" } },
		{ COLLECTOR_TOO_SOON, "192.0.2.7",
		  { "192.0.2.7 was asked", "just now. For an IPv6", "= ipv6" } },
		{ COLLECTOR_TOO_SOON, "2001:db8:1111:2222:3333:4444:5555:6666",
		  { "5555:6666 was asked", "just now. For an IPv4", "Family=inet;" } },
		{ COLLECTOR_NOT_KEPT, "192.0.2.7", { "192.0.2.7, is not listed", "IPv6", "ipv6" } },
		{ COLLECTOR_NOT_KEPT, "2001:db8:1111:2222:3333:4444:5555:6666",
		  { "5555:6666, is not listed", "IPv4", "= ipv4," } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip peer;
		char words[COLLECTOR_WORDS_MAX];
		assert_int_equal(ip_parse(str_of(rows[i].peer), &peer, NULL), ERR_OK);
		collector_retest_words(rows[i].fate, &peer, words);
		assert_true(strlen("250 2.0.0 ") + strlen(words) + strlen("\r\n") <= 512);
		for (size_t k = 0; k < 3; k++)
			if (!strstr(words, rows[i].words[k]))
				fail_msg("row %zu: %s", i, words);
	}
}

/* Of an address that no retest takes off; it fits a reply line, too. */
static void test_words_of_a_range(void **state)
{
	(void)state;
	static const struct { const char *range, *peer; } rows[] = {
		{ "192.0.2.0/24", "192.0.2.7" },
		{ "2001:db8:1111:2222:3333:4444:5555:6660/124",
		  "2001:db8:1111:2222:3333:4444:5555:6666" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip peer;
		struct prefix range;
		char words[COLLECTOR_WORDS_MAX];
		assert_int_equal(ip_parse(str_of(rows[i].peer), &peer, NULL), ERR_OK);
		assert_int_equal(prefix_parse(str_of(rows[i].range), &range, NULL), ERR_OK);
		collector_range_words(&range, &peer, words);
		assert_non_null(strstr(words, rows[i].range));
		assert_non_null(strstr(words, rows[i].peer));
		assert_non_null(strstr(words, "which no retest ends: write to postmaster"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_persons),
		cmocka_unit_test(test_never_relays),
		cmocka_unit_test(test_not_from_the_grammar),
		cmocka_unit_test(test_worst_of_all),
		cmocka_unit_test(test_words_of_a_retest),
		cmocka_unit_test(test_words_of_a_range),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
