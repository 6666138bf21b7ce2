/* SPDX-License-Identifier: ISC
 *
 * The fuse: each special range at its edges, ranges that hold one or are too wide, IPv6 forms
 * that hold an IPv4 address, our own addresses, what list.allow_special lets through; then
 * that the store asks it wherever something would be published.
 */
#include "admin.h"
#include "store/evidence-rows.h"
#include "store/fuse.h"
#include "store/list.h"
#include "store/tests.h"

#include <stdio.h>

static struct prefix range(const char *text)
{
	struct prefix p = { 0 };
	/* What prefix_parse() would take for IPv4. */
	struct str s = str_of(text);
	if (str_prefix(s, STR("::ffff:")) && str_find(s, '.') != SIZE_MAX) {
		p = (struct prefix){ { 6, { [10] = 0xff, [11] = 0xff } }, 128 };
		memcpy(p.ip.b + 12, ip_of(text + 7).b, 4);
		return p;
	}
	return prefix_of_text(text);
}

static bool refused(const struct fuse *fuse, const char *text)
{
	struct prefix p = range(text);
	return fuse_refuses(fuse, &p) != NULL;
}

static struct ip before(struct ip ip)
{
	for (unsigned i = ip_bits(&ip) / 8; i-- > 0;)
		if (ip.b[i]-- != 0)
			break;
	return ip;
}

static struct ip last_of(const struct prefix *p)
{
	struct ip ip = p->ip;
	for (unsigned i = p->len; i < ip_bits(&ip); i++)
		ip.b[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	return ip;
}

enum { NEVER, SPECIAL };

/* `below`, `above`: the address next to it is refused as well, because it is part of another
 * special range, or there is none. */
static const struct {
	const char *range;
	int class;
	bool below, above;
} special[] = {
	{ "0.0.0.0/8", NEVER, true, false },
	{ "10.0.0.0/8", SPECIAL, false, false },
	{ "100.64.0.0/10", SPECIAL, false, false },
	{ "127.0.0.0/8", SPECIAL, false, false },
	{ "169.254.0.0/16", SPECIAL, false, false },
	{ "172.16.0.0/12", SPECIAL, false, false },
	{ "192.0.0.0/24", SPECIAL, false, false },
	{ "192.0.2.0/24", SPECIAL, false, false },
	{ "192.168.0.0/16", SPECIAL, false, false },
	{ "198.18.0.0/15", SPECIAL, false, false },
	{ "198.51.100.0/24", SPECIAL, false, false },
	{ "203.0.113.0/24", SPECIAL, false, false },
	{ "224.0.0.0/4", NEVER, false, true },
	{ "240.0.0.0/4", NEVER, true, true },
	{ "255.255.255.255", NEVER, true, true },
	{ "::", NEVER, true, true },
	{ "::1", SPECIAL, true, true },
	{ "64:ff9b:1::/48", SPECIAL, false, false },
	{ "100::/64", SPECIAL, false, false },
	{ "2001:2::/48", SPECIAL, false, false },
	{ "2001:10::/28", SPECIAL, false, false },
	{ "2001:db8::/32", SPECIAL, false, false },
	{ "3fff::/20", SPECIAL, false, false },
	{ "5f00::/16", SPECIAL, false, false },
	{ "fc00::/7", SPECIAL, false, false },
	{ "fe80::/10", SPECIAL, false, true },
	{ "fec0::/10", SPECIAL, true, true },
	{ "ff00::/8", NEVER, true, true },
};

#define SPECIALS (sizeof(special) / sizeof(*special))

static void edges(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < SPECIALS; i++) {
		struct prefix p = range(special[i].range);
		struct ip first = p.ip, last = last_of(&p), under = before(first), over = last;
		ip_next(&over);
		CHECK_ROW(special[i].range, fuse_refuses_ip(&fuse_default, &first));
		CHECK_ROW(special[i].range, fuse_refuses_ip(&fuse_default, &last));
		CHECK_ROW(special[i].range,
		          !fuse_refuses_ip(&fuse_default, &under) == !special[i].below);
		CHECK_ROW(special[i].range,
		          !fuse_refuses_ip(&fuse_default, &over) == !special[i].above);
	}
}

/* A range that holds a special one, is inside of one, or is beside it. */
static void ranges(void **unused)
{
	(void)unused;
	struct fuse wide = fuse_default;
	wide.widest_v4 = 0;
	wide.widest_v6 = 0;
	for (size_t i = 0; i < SPECIALS; i++) {
		struct prefix p = range(special[i].range);
		for (unsigned len = 0; len <= ip_bits(&p.ip); len++) {
			struct prefix other = prefix_of(&p.ip, len);
			CHECK_ROW(special[i].range, fuse_refuses(&wide, &other));
		}
	}
	assert_false(refused(&wide, "11.0.0.0/8"));
	assert_true(refused(&wide, "8.0.0.0/6"));        /* holds 10/8 */
	assert_false(refused(&wide, "2600::/12"));
}

static void widest(void **unused)
{
	(void)unused;
	assert_false(refused(&fuse_default, "8.8.8.0/24"));
	assert_true(refused(&fuse_default, "8.8.8.0/23"));
	assert_true(refused(&fuse_default, "0.0.0.0/0"));
	assert_false(refused(&fuse_default, "2600:1::/48"));
	assert_true(refused(&fuse_default, "2600:1::/47"));
	assert_true(refused(&fuse_default, "::/0"));
	struct fuse wider = fuse_default;
	wider.widest_v4 = 16;
	wider.widest_v6 = 32;
	assert_false(refused(&wider, "8.8.0.0/16"));
	assert_true(refused(&wider, "8.8.0.0/15"));
	assert_false(refused(&wider, "2600:1::/32"));
	assert_true(refused(&wider, "2600::/31"));
}

/* Of each form one that holds a public address, and those that hold others. */
static void forms(void **unused)
{
	(void)unused;
	static const struct { const char *range; bool refused; } rows[] = {
		{ "::ffff:8.8.8.8", false }, { "::ffff:10.0.0.1", true },
		{ "::ffff:127.0.0.1", true }, { "::ffff:127.0.0.2", true },
		{ "::ffff:224.0.0.1", true }, { "::ffff:0.0.0.1", true },
		{ "::808:808", false }, { "::a00:1", true }, { "::7f00:2", true }, { "::2", true },
		{ "2002:808:808::1", false }, { "2002:808:808::/48", false },
		{ "2002:a00:1::1", true }, { "2002:a00:1::/48", true }, { "2002:7f00:1::5", true },
		{ "2002:e000:1::/48", true }, { "2002:c633:6401::/48", true },
		{ "64:ff9b::808:808", false }, { "64:ff9b::a00:1", true },
		{ "64:ff9b::808:0/112", true },                  /* an IPv4 /16 */
		{ "64:ff9b::808:800/120", false }, { "64:ff9b::/48", true },
		/* Teredo: server 8.8.8.8, client 8.8.8.8 with its bits inverted. */
		{ "2001:0:808:808:0:0:f7f7:f7f7", false },
		{ "2001:0:a00:1:0:0:f7f7:f7f7", true },          /* server 10.0.0.1 */
		{ "2001:0:808:808:0:0:f5ff:fffe", true },        /* client 10.0.0.1 */
		{ "2001:0:808:808::/64", true },                 /* any client */
		{ "2001:4860::8888", false }, { "2600::1", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].range, refused(&fuse_default, rows[i].range) == rows[i].refused);
	struct prefix mapped = { { 6, { [10] = 0xff, [11] = 0xff, [12] = 8, [13] = 8 } }, 112 };
	assert_non_null(fuse_refuses(&fuse_default, &mapped));
	assert_non_null(fuse_refuses(&fuse_default, &(struct prefix){ 0 }));
}

/* What is not on the Internet can be allowed; what is never published cannot. */
static void allowed(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < SPECIALS; i++) {
		struct fuse fuse = fuse_default;
		fuse.special[fuse.special_count++] = range(special[i].range);
		/* Its last address: 127.0.0.1 is a test entry. */
		struct prefix p = range(special[i].range);
		struct ip last = last_of(&p);
		CHECK_ROW(special[i].range,
		          !fuse_refuses_ip(&fuse, &last) == (special[i].class == SPECIAL));
	}
	struct fuse all = fuse_default;
	all.special[0] = range("0.0.0.0/0");
	all.special[1] = range("::/0");
	all.special_count = 2;
	static const char *const never[] = {
		"127.0.0.1", "127.0.0.2", "::ffff:127.0.0.1", "::ffff:127.0.0.2", "127.0.0.0/24",
		"2002:7f00:2::/48", "0.0.0.0", "0.255.255.255", "255.255.255.255", "239.1.1.1", "::",
		"ff02::1", "10.0.0.0/23", "fc00::/47",
	};
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		CHECK_ROW(never[i], refused(&all, never[i]));
	assert_false(refused(&all, "127.0.0.3"));
	assert_false(refused(&all, "10.0.0.0/24"));
	/* Only as far as it is allowed. */
	struct fuse some = fuse_default;
	some.special[0] = range("10.1.0.0/16");
	some.special_count = 1;
	assert_false(refused(&some, "10.1.2.3"));
	assert_false(refused(&some, "2002:a01:203::1"));
	assert_true(refused(&some, "10.2.0.1"));
	some.widest_v4 = 8;
	assert_true(refused(&some, "10.0.0.0/15"));
}

static void own(void **unused)
{
	(void)unused;
	struct fuse fuse = fuse_default;
	fuse.own[0] = ip_of("8.8.8.8");
	fuse.own[1] = ip_of("2600::25");
	fuse.own_count = 2;
	assert_true(refused(&fuse, "8.8.8.8") && refused(&fuse, "8.8.8.0/24"));
	assert_false(refused(&fuse, "8.8.8.9") || refused(&fuse, "8.8.9.0/24"));
	assert_true(refused(&fuse, "2600::25") && refused(&fuse, "2600::/48"));
	assert_true(refused(&fuse, "2002:808:808::/48") && refused(&fuse, "64:ff9b::808:808"));
	fuse.special[fuse.special_count++] = range("0.0.0.0/0");
	assert_true(refused(&fuse, "8.8.8.8"));
}

/* Which part of a range is meant, as far as it can be said. */
static void parts(void **unused)
{
	(void)unused;
	static const struct { const char *range, *part, *why; } rows[] = {
		{ "8.8.8.0/24", "8.8.8.8", "an address of our own" },
		{ "8.8.8.8", "8.8.8.8", "an address of our own" },
		{ "127.0.0.0/24", "127.0.0.1", "a test entry (RFC 5782)" },
		{ "127.0.0.2/31", "127.0.0.2", "a test entry (RFC 5782)" },
		{ "127.0.0.4/30", "127.0.0.4/30", "a loopback address (RFC 1122)" },
		{ "10.1.2.0/24", "10.1.2.0/24", "a private address (RFC 1918)" },
		{ "192.160.0.0/12", "192.168.0.0/16", "a private address (RFC 1918)" },
		{ "8.0.0.0/7", "8.0.0.0/7", "wider than list.widest" },
		{ "0.0.0.0/0", "0.0.0.0/0", "wider than list.widest" },
		{ "2600::/48", "2600::25", "an address of our own" },
		{ "2600:0:0:1::/64", NULL, NULL }, { "8.8.9.0/24", NULL, NULL },
		{ "2002:808:800::/40", "2002:808:800::/40", "holds an address of our own" },
		{ "::/64", "::", "the unspecified address (RFC 4291)" },
	};
	struct fuse fuse = fuse_default;
	fuse.widest_v4 = 8;
	fuse.widest_v6 = 16;
	fuse.own[0] = ip_of("8.8.8.8");
	fuse.own[1] = ip_of("2600::25");
	fuse.own_count = 2;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix p = prefix_of_text(rows[i].range), part = { 0 };
		char text[PREFIX_TEXT_MAX];
		const char *why = fuse_refuses_part(&fuse, &p, &part);
		CHECK_ROW(rows[i].range, (why != NULL) == (rows[i].why != NULL));
		CHECK_ROW(rows[i].range, why ? strcmp(why, rows[i].why) == 0 : !part.ip.family);
		CHECK_ROW(rows[i].range, !why || strcmp(prefix_format(&part, text),
		                                        rows[i].part) == 0);
	}
}

/* ---- where the store asks it --------------------------------------------------- */

static void strict(void)
{
	store_set_rules(st, &fuse_default, 0);
}

/* A proof keeps verdict and evidence; only publishing is refused, and written down. */
static void proof_withheld(void **unused)
{
	(void)unused;
	strict();
	struct test t = add_test(st, "10.0.0.25:25", NOW), after;
	struct lifecycle_effects f = finish_open(st, &t, "E01", "", NOW + 10);
	assert_int_equal(f.set, LIFE_WITHHOLD);
	assert_string_equal(f.why, "a private address (RFC 1918)");
	struct listing l;
	assert_int_equal(store_listing_get(st, &t.target.ip, &l), ERR_NOT_FOUND);
	OK(st, store_test_get(st, t.id, &after));
	assert_int_equal(after.verdict, VERDICT_OPEN);
	char id[48];
	struct str bundle;
	OK(st, store_evidence_of(st, &t.target.ip, &a, id, &bundle));
	struct journal_entry j = last_entry(st);
	assert_int_equal(j.action, JOURNAL_TEST);
	assert_string_equal(j.why, "port 25 open: not published: a private address (RFC 1918)");
}

/* What is listed already can be tested, and taken off. */
static void removable(void **unused)
{
	(void)unused;
	struct ip one = ip_of("10.0.0.25"), two = ip_of("10.0.0.26");
	struct test t = add_test(st, "10.0.0.25:25", NOW);
	assert_true(finish_open(st, &t, "E01", "", NOW).set & LIFE_LIST);
	OK(st, store_list(st, &two, "op", "seen", &default_policy, NOW));
	strict();
	t = add_test(st, "10.0.0.25:25", NOW + 1);
	assert_true(finish_open(st, &t, "E01", "", NOW + 1).set & LIFE_REFRESH);
	t = add_test(st, "10.0.0.25:25", NOW + 2);
	assert_true(finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 2).set & LIFE_DELIST);
	struct listing l;
	assert_int_equal(store_listing_get(st, &one, &l), ERR_NOT_FOUND);
	OK(st, store_delist(st, &two, "op", "over", NOW + 3));
}

static void words_refused(void **unused)
{
	(void)unused;
	static const char *const bad[] = {
		"10.1.2.3", "0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.2", "127.0.0.1",
		"192.0.2.1", "198.18.0.1", "::", "::1", "ff02::1", "fc00::1", "fe80::1",
		"2001:db8::1", "2002:a00:1::1",
	};
	strict();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ip ip = ip_of(bad[i]);
		CHECK_ROW(bad[i], store_list(st, &ip, "op", "why", &default_policy, NOW) ==
		                  ERR_DENIED);
		CHECK_ROW(bad[i], strstr(store_message(st), "may not be published: "));
	}
	struct ip good = ip_of("8.8.8.8");
	OK(st, store_list(st, &good, "op", "why", &default_policy, NOW));
}

static void outputs_refused(void **unused)
{
	(void)unused;
	static const char *const inputs[] = { "8.8.1.25:25", "8.8.2.25:25", "8.8.3.25:25" };
	struct ip output = ip_of("10.9.9.9");
	strict();
	for (size_t i = 0; i < 2; i++) {
		struct test t = add_test(st, inputs[i], NOW);
		finish_open(st, &t, "E01", "10.9.9.9", NOW);
	}
	assert_int_equal(store_output_agree(st, &output, true, "op", NOW), ERR_DENIED);
	assert_non_null(strstr(store_message(st), "private address"));
	/* Agreed to when it was allowed: enough networks do not publish it any more. */
	struct fuse lax = fuse_default;
	lax.special[lax.special_count++] = range("10.0.0.0/8");
	store_set_rules(st, &lax, 0);
	OK(st, store_output_agree(st, &output, true, "op", NOW));
	strict();
	struct test t = add_test(st, inputs[2], NOW);
	finish_open(st, &t, "E01", "10.9.9.9", NOW);
	struct journal_entry j = last_entry(st);
	assert_int_equal(j.action, JOURNAL_LIST);        /* of the input, and no OUTPUT_LIST */
	OK(st, store_output_agree(st, &output, false, "op", NOW));
}

/* ---- by word ---------------------------------------------------------------------- */

static size_t words(struct listing **rows)
{
	size_t n;
	OK(st, store_words(st, &a, rows, &n));
	return n;
}

/* The operator's reason is his: a proof does not replace it, and when the proofs are gone
 * nothing says any more that there was one. */
static void a_word_stays_a_word(void **unused)
{
	(void)unused;
	struct ip ip = ip_of("192.0.2.25");
	struct listing *rows, l;
	OK(st, store_list(st, &ip, "op", "spam seen", &default_policy, NOW));
	assert_int_equal(words(&rows), 1);
	assert_string_equal(rows[0].reason, "spam seen");
	struct test t = add_test(st, "192.0.2.25:25", NOW);
	finish_open(st, &t, "E01", "", NOW);
	t = add_test(st, "192.0.2.25:587", NOW);
	finish_open(st, &t, "E02", "", NOW);
	assert_int_equal(words(&rows), 0);
	t = add_test(st, "192.0.2.25:25", NOW + 1);
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 1);
	OK(st, store_listing_get(st, &ip, &l));
	assert_string_equal(l.reason, "spam seen");
	assert_int_equal(words(&rows), 0);
	t = add_test(st, "192.0.2.25:587", NOW + 2);
	finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 2);
	OK(st, store_listing_get(st, &ip, &l));
	assert_true(l.by_operator);
	assert_string_equal(l.reason, "spam seen");
	assert_int_equal(words(&rows), 1);
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges), cmocka_unit_test(ranges), cmocka_unit_test(widest),
		cmocka_unit_test(forms), cmocka_unit_test(allowed), cmocka_unit_test(own),
		cmocka_unit_test(parts),
		STORE_TEST(proof_withheld), STORE_TEST(removable), STORE_TEST(words_refused),
		STORE_TEST(outputs_refused), STORE_TEST(a_word_stays_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
