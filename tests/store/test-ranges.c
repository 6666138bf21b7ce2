/* SPDX-License-Identifier: ISC
 *
 * Ranges on the list: put there and taken off by the operator's word, beside the addresses inside
 * them.
 */
#include "admin.h"

#include "store/admission.h"
#include "store/clock.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/tests.h"

enum { DAY = 86400 };

static int list_range(const char *text, int64_t now_s)
{
	struct prefix range = prefix_of_text(text);
	return store_range_list(st, &range, "op", "spam from all of it", now_s);
}

static int delist_range(const char *text)
{
	struct prefix range = prefix_of_text(text);
	return store_range_delist(st, &range, "op", "over", NOW + 1);
}

static struct list_snapshot snapshot(void)
{
	struct list_snapshot list;
	OK(st, store_snapshot(st, &a, &list));
	return list;
}

static void said(const char *row, const char *words)
{
	if (!strstr(store_message(st), words))
		fail_msg("%s: expected \"%s\" in \"%s\"", row, words, store_message(st));
}

static void on_and_off(void **unused)
{
	(void)unused;
	static const char *const ranges[] = {
		"192.0.2.0/24", "192.0.2.0/25", "192.0.2.254/31", "198.51.100.128/25",
		"2001:db8::/48", "2001:db8:0:1::/64", "2001:db8:0:1::/127",
	};
	enum { N = sizeof(ranges) / sizeof(*ranges) };
	for (size_t i = 0; i < N; i++) {
		OK(st, list_range(ranges[N - 1 - i], NOW));
		struct journal_entry j = last_entry(st);
		struct prefix range = prefix_of_text(ranges[N - 1 - i]);
		assert_true(j.action == JOURNAL_LIST && prefix_cmp(&j.subject, &range) == 0);
		assert_string_equal(j.why, "spam from all of it");
		assert_string_equal(j.who, "op");
	}
	struct list_snapshot list = snapshot();
	assert_true(list.range_n == N && list.serial == N && list.listing_n == 0);
	for (size_t i = 0; i < N; i++) {                 /* in order */
		struct prefix range = prefix_of_text(ranges[i]);
		assert_int_equal(prefix_cmp(&list.ranges[i].range, &range), 0);
		assert_true(list.ranges[i].since_s == NOW);
		assert_int_equal(list_range(ranges[i], NOW), ERR_EXISTS);
	}
	for (size_t i = 0; i < N; i++) {
		OK(st, delist_range(ranges[i]));
		assert_int_equal(last_entry(st).action, JOURNAL_DELIST);
		assert_int_equal(snapshot().range_n, N - 1 - i);
	}
	assert_int_equal(serial_of(st), 2 * N);
}

/* What may not be published in it, or is excluded, is named; nothing is written then. */
static void refused(void **unused)
{
	(void)unused;
	static const struct { const char *range, *words; } rows[] = {
		{ "0.0.0.0/0", "wider than list.widest, which is /24 for IPv4" },
		{ "8.8.0.0/23", "wider than list.widest, which is /24 for IPv4" },
		{ "::/0", "wider than list.widest, which is /48 for IPv6" },
		{ "2600::/47", "wider than list.widest, which is /48 for IPv6" },
		{ "127.0.0.0/24", "127.0.0.1 in it is a test entry" },
		{ "0.0.0.0/24", "published: an unspecified address" },
		{ "10.1.2.0/24", "published: a private address" },
		{ "224.0.0.0/24", "published: a multicast address" },
		{ "8.8.8.0/24", "8.8.8.8 in it is an address of our own" },
		{ "2600:1::/64", "2600:1::25 in it is an address of our own" },
		{ "2001:db8::/64", "published: a documentation address" },
		{ "ff02::/64", "published: a multicast address" },
		{ "2002:a00:1::/48", "published: a private address" },
		{ "2002:808:808::/64", "published: holds an address of our own" },
		{ "8.8.4.0/24", "8.8.4.4 in it is excluded: list the rest of it, or end the" },
		{ "8.8.4.4/31", "8.8.4.4 in it is excluded" },
		{ "8.9.0.0/24", "8.9.0.0/24 is excluded: list" },
		{ "8.9.0.128/25", "8.9.0.0/24, of which it is a part, is excluded" },
		{ "2600:2::/48", "2600:2:0:1::/64 in it is excluded" },
	};
	static const char *const excluded[] = { "8.8.4.4", "8.9.0.0/24", "2600:2:0:1::/64" };
	struct fuse fuse = fuse_default;
	fuse.own[0] = ip_of("8.8.8.8");
	fuse.own[1] = ip_of("2600:1::25");
	fuse.own_count = 2;
	store_set_rules(st, &fuse, 0);
	for (size_t i = 0; i < 3; i++) {
		struct exclusion x = { .range = prefix_of_text(excluded[i]), .by = "op",
		                       .created_s = NOW };
		OK(st, store_exclusion_add(st, &x));
	}
	uint64_t serial = serial_of(st);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK_ROW(rows[i].range, list_range(rows[i].range, NOW) == ERR_DENIED);
		said(rows[i].range, rows[i].words);
	}
	assert_true(snapshot().range_n == 0 && serial_of(st) == serial);
	OK(st, list_range("8.8.9.0/24", NOW));
	OK(st, list_range("8.8.4.0/30", NOW));             /* beside what is excluded */
	OK(st, list_range("2600:2:0:2::/64", NOW));
	/* What is excluded later stays listed, as an address does. */
	struct exclusion x = { .range = prefix_of_text("8.8.9.9"), .by = "op", .created_s = NOW };
	OK(st, store_exclusion_add(st, &x));
	assert_int_equal(snapshot().range_n, 3);
}

/* An address inside a range has a listing of its own or none: each goes by itself. */
static void beside_addresses(void **unused)
{
	(void)unused;
	struct ip ip = ip_of("192.0.2.25"), other = ip_of("192.0.2.26");
	struct listing l;
	OK(st, list_range("192.0.2.0/24", NOW));
	struct test t = add_test(st, "192.0.2.25:25", NOW);
	assert_true(finish_open(st, &t, "E01", "", NOW).set & LIFE_LIST);
	OK(st, store_list(st, &other, "op", "by name", &default_policy, NOW));
	/* What a test ends is the address's own. */
	t = add_test(st, "192.0.2.25:25", NOW + 1);
	assert_true(finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 1).set & LIFE_DELIST);
	assert_int_equal(store_listing_get(st, &ip, &l), ERR_NOT_FOUND);
	assert_int_equal(snapshot().range_n, 1);
	/* And the range's end leaves the other. */
	OK(st, delist_range("192.0.2.0/24"));
	OK(st, store_listing_get(st, &other, &l));
	OK(st, list_range("192.0.2.0/24", NOW + 2));
	OK(st, store_delist(st, &other, "op", "over", NOW + 3));
	assert_true(snapshot().range_n == 1 && snapshot().listing_n == 0);
}

/* A part of a range is not taken off alone, and no retest of it is made. */
static void parts_stay(void **unused)
{
	(void)unused;
	static const char *const parts[] = { "192.0.2.0", "192.0.2.25", "192.0.2.255" };
	unsigned queued;
	OK(st, list_range("192.0.2.0/24", NOW));
	for (size_t i = 0; i < 3; i++) {
		struct ip ip = ip_of(parts[i]);
		CHECK_ROW(parts[i], store_delist(st, &ip, "op", "x", NOW) == ERR_DENIED);
		said(parts[i], "part of 192.0.2.0/24, and cannot be taken off alone: delist that");
		CHECK_ROW(parts[i], store_retest(st, &ip, "op", NULL, NULL, NOW, &queued) == ERR_DENIED);
		said(parts[i], "part of 192.0.2.0/24 by the operator's word, which no test ends");
		CHECK_ROW(parts[i], store_retest(st, &ip, "its owner", "a@h.example", NULL, NOW,
		                                 &queued) == ERR_DENIED);
	}
	struct ip before = ip_of("192.0.1.255"), behind = ip_of("192.0.3.0");
	assert_int_equal(store_delist(st, &before, "op", "x", NOW), ERR_NOT_FOUND);
	assert_int_equal(store_delist(st, &behind, "op", "x", NOW), ERR_NOT_FOUND);
	assert_int_equal(store_retest(st, &behind, "op", NULL, NULL, NOW, &queued), ERR_NOT_FOUND);
	assert_int_equal(delist_range("192.0.2.0/25"), ERR_DENIED);
	said("/25", "part of 192.0.2.0/24, and cannot");
	assert_int_equal(delist_range("192.0.2.0/23"), ERR_NOT_FOUND);
	said("/23", "\"portreeve list 192.0.2.0/23\" shows what of it is listed");
	assert_int_equal(delist_range("192.0.2.7"), ERR_DENIED);
	assert_int_equal(serial_of(st), 1);
}

static void around(void **unused)
{
	(void)unused;
	static const char *const ranges[] = { "192.0.2.0/24", "192.0.2.0/26", "2001:db8::/64" };
	static const struct { const char *part, *around; } rows[] = {
		{ "192.0.2.1", "192.0.2.0/26" }, { "192.0.2.63", "192.0.2.0/26" },
		{ "192.0.2.64", "192.0.2.0/24" }, { "192.0.2.255", "192.0.2.0/24" },
		{ "192.0.2.0/27", "192.0.2.0/26" }, { "192.0.2.0/26", "192.0.2.0/24" },
		{ "192.0.2.0/25", "192.0.2.0/24" }, { "192.0.2.0/24", NULL },
		{ "192.0.3.0", NULL }, { "192.0.1.255", NULL }, { "192.0.2.0/23", NULL },
		{ "2001:db8::1", "2001:db8::/64" }, { "2001:db8:0:1::", NULL },
		{ "2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64" }, { "::", NULL },
	};
	for (size_t i = 0; i < 3; i++)
		OK(st, list_range(ranges[i], NOW));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix part = prefix_of_text(rows[i].part);
		struct listed_range found;
		char text[PREFIX_TEXT_MAX];
		int e = store_range_around(st, &part, &found);
		CHECK_ROW(rows[i].part, e == (rows[i].around ? ERR_OK : ERR_NOT_FOUND));
		CHECK_ROW(rows[i].part, e != ERR_OK || strcmp(prefix_format(&found.range, text),
		                                              rows[i].around) == 0);
	}
}

/* Nothing of the tester's rechecks, and a clock that was ahead is mended here, too. */
static void time_and_rechecks(void **unused)
{
	(void)unused;
	unsigned queued;
	struct permit p = { .range = prefix_of_text("192.0.2.0/24"), .consent = CONSENT_RANGE,
	                    .by = "op", .created_s = NOW };
	OK(st, store_permit_add(st, &p));
	OK(st, list_range("192.0.2.0/24", NOW + 2 * DAY));
	OK(st, store_rechecks(st, NOW + 1000 * DAY, &default_policy, &queued));
	assert_int_equal(queued, 0);
	OK(st, store_clock_accept(st, NOW + DAY));
	assert_true(snapshot().ranges[0].since_s == NOW + DAY);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(on_and_off), EACH(refused), EACH(beside_addresses), EACH(parts_stay),
		EACH(around), EACH(time_and_rechecks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
