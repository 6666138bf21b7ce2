/* SPDX-License-Identifier: ISC
 *
 * Reports in the store: made once, sent once, and what became of them.
 */
#include "../store/support.h"
#include "store/reports.h"

#include "base/mem.h"

#include <stdlib.h>

enum { NOW = 1795255200, DAY_S = 86400 };

#define DIGEST(text) STR(text "0123456789abcdef0123456789abcd")

static struct report report_of(const char *id, const char *network, int64_t now_s)
{
	struct report r = {
		.source = ip_of("198.51.100.25"), .relay = ip_of("198.51.100.25"), .incidents = 1,
		.day = now_s / DAY_S, .created_s = now_s, .changed_s = now_s,
		.message = STR("mail"), .xarf = STR("{}"),
	};
	str_copy(r.id, sizeof(r.id), str_of(id));
	str_copy(r.network, sizeof(r.network), str_of(network));
	str_copy(r.contact, sizeof(r.contact), STR("abuse@isp.test"));
	str_copy(r.contact_source, sizeof(r.contact_source), STR("rdap"));
	return r;
}

static struct report get(struct store *st, const char *id)
{
	struct arena a = { 0 };
	struct report r;
	OK(st, store_report_get(st, id, &a, &r));
	r.message = r.xarf = STR("");
	arena_fini(&a);
	return r;
}

static void one_a_network_and_day(void **unused)
{
	(void)unused;
	char *state = state_make();
	struct store *st = open_store(state, STORE_ALL);
	struct report found, r = report_of("aaaaaaaa", "n1", NOW);
	assert_int_equal(store_report_find(st, "n1", r.day, DIGEST("1a"), &found), ERR_NOT_FOUND);
	assert_int_equal(found.incidents, 0);
	OK(st, store_report_save(st, &r, DIGEST("1a")));
	assert_int_equal(store_report_find(st, "n1", r.day, DIGEST("1a"), &found), ERR_EXISTS);
	OK(st, store_report_find(st, "n1", r.day, DIGEST("1b"), &found));
	assert_string_equal(found.id, "aaaaaaaa");

	/* Another message: counted. One that did not look again: refused. */
	found.incidents = 2;
	found.message = STR("mail 2");
	OK(st, store_report_save(st, &found, DIGEST("1b")));
	assert_int_equal(store_report_save(st, &found, DIGEST("1c")), ERR_BUSY);
	struct report rival = report_of("bbbbbbbb", "n1", NOW);
	assert_int_equal(store_report_save(st, &rival, DIGEST("1c")), ERR_BUSY);
	assert_int_equal(get(st, "aaaaaaaa").incidents, 2);

	/* Sent, it tells of two; a third is told by the next day's report. */
	OK(st, store_report_become(st, "aaaaaaaa", REPORT_SENT, "", NOW + 1));
	OK(st, store_report_find(st, "n1", r.day, DIGEST("1c"), &found));
	found.incidents = 3;
	found.message = STR("not this one");
	OK(st, store_report_save(st, &found, DIGEST("1c")));
	struct arena a = { 0 };
	OK(st, store_report_get(st, "aaaaaaaa", &a, &found));
	assert_true(str_eq(found.message, STR("mail 2")));
	assert_int_equal(found.told, 2);
	arena_fini(&a);
	assert_int_equal(store_report_find(st, "n1", r.day + 1, DIGEST("2a"), &found),
	                 ERR_NOT_FOUND);
	assert_int_equal(found.incidents, 1);
	struct report next = report_of("cccccccc", "n1", NOW + DAY_S);
	next.incidents = 2;
	OK(st, store_report_save(st, &next, DIGEST("2a")));
	assert_int_equal(store_report_find(st, "n1", r.day + 2, DIGEST("3a"), &found),
	                 ERR_NOT_FOUND);
	assert_int_equal(found.incidents, 0);
	/* Another network's are its own. */
	assert_int_equal(store_report_find(st, "n2", r.day, DIGEST("4a"), &found), ERR_NOT_FOUND);
	assert_int_equal(found.incidents, 0);
	store_close(st);
	state_remove(state);
}

/* The whole table of states. */
static void states(void **unused)
{
	(void)unused;
	static const char *const allowed[] = {
		[REPORT_MADE] = ".sb.c", [REPORT_SENT] = "..bac", [REPORT_BOUNCED] = "...ac",
		[REPORT_ANSWERED] = "....c", [REPORT_CLOSED] = ".....",
	};
	for (unsigned from = REPORT_MADE; from <= REPORT_CLOSED; from++)
		for (unsigned to = REPORT_MADE; to <= REPORT_CLOSED; to++)
			CHECK_ROW(report_state_name((enum report_state)from),
			          (allowed[from][to] != '.') ==
			          report_may_become((enum report_state)from,
			                            (enum report_state)to));

	char *state = state_make();
	struct store *st = open_store(state, STORE_ALL);
	struct report r = report_of("aaaaaaaa", "n1", NOW);
	OK(st, store_report_save(st, &r, DIGEST("1a")));
	assert_int_equal(store_report_become(st, "aaaaaaaa", REPORT_ANSWERED, "", NOW), ERR_DENIED);
	assert_int_equal(store_report_become(st, "zzzzzzzz", REPORT_SENT, "", NOW), ERR_NOT_FOUND);
	assert_int_equal(get(st, "aaaaaaaa").state, REPORT_MADE);
	store_close(st);
	state_remove(state);
}

/* A report closes in the transaction in which its relay passes the retest; one about
 * another relay stays, and so does one while another port is open. */
static void closed_by_the_retest(void **unused)
{
	(void)unused;
	char *state = state_make();
	struct store *st = open_store(state, STORE_ALL);
	struct report r = report_of("aaaaaaaa", "n1", NOW);
	struct report other = report_of("bbbbbbbb", "n2", NOW);
	other.relay = ip_of("198.51.100.26");
	OK(st, store_report_save(st, &r, DIGEST("1a")));
	OK(st, store_report_save(st, &other, DIGEST("1b")));
	OK(st, store_report_become(st, "aaaaaaaa", REPORT_SENT, "", NOW));

	struct test t = add_test(st, "198.51.100.25:25", NOW);
	struct lifecycle_effects effects = finish_open(st, &t, "E01", "", NOW + 10);
	assert_true(effects.set & LIFE_LIST);
	t = add_test(st, "198.51.100.25:587", NOW);
	finish_open(st, &t, "E01", "", NOW + 11);
	assert_int_equal(get(st, "aaaaaaaa").state, REPORT_SENT);

	t = add_test(st, "198.51.100.25:25", NOW + 20);
	effects = finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 20);
	assert_false(effects.set & LIFE_DELIST);
	assert_int_equal(get(st, "aaaaaaaa").state, REPORT_SENT);
	t = add_test(st, "198.51.100.25:587", NOW + 21);
	effects = finish_with(st, &t, VERDICT_CLOSED, true, true, NOW + 21);
	assert_true(effects.set & LIFE_DELIST);
	r = get(st, "aaaaaaaa");
	assert_int_equal(r.state, REPORT_CLOSED);
	assert_string_equal(r.why, "the relay passed its retest");
	assert_int_equal(r.changed_s, NOW + 21);
	assert_int_equal(get(st, "bbbbbbbb").state, REPORT_MADE);
	store_close(st);
	state_remove(state);
}

static void contacts_are_kept_by_range(void **unused)
{
	(void)unused;
	char *state = state_make();
	struct store *st = open_store(state, STORE_ALL);
	struct ip first = ip_of("198.51.100.0"), last = ip_of("198.51.100.255");
	struct ip inner_first = ip_of("198.51.100.16"), inner_last = ip_of("198.51.100.31");
	struct arena a = { 0 };
	struct str answer;
	int64_t fetched_s;
	OK(st, store_contact_put(st, "rdap", &first, &last, STR("wide"), NOW));
	OK(st, store_contact_put(st, "rdap", &inner_first, &inner_last, STR("narrow"), NOW));
	static const struct { const char *source, *address; int64_t oldest_s; const char *answer; }
	rows[] = {
		{ "rdap", "198.51.100.1", NOW, "wide" }, { "rdap", "198.51.100.20", NOW, "narrow" },
		{ "rdap", "198.51.101.0", NOW, NULL }, { "rdap", "198.51.100.1", NOW + 1, NULL },
		{ "abusix", "198.51.100.1", NOW, NULL }, { "rdap", "2001:db8::1", NOW, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip ip = ip_of(rows[i].address);
		int e = store_contact_get(st, rows[i].source, &ip, rows[i].oldest_s, &a, &answer,
		                          &fetched_s);
		CHECK_ROW(rows[i].address, e == (rows[i].answer ? ERR_OK : ERR_NOT_FOUND));
		CHECK_ROW(rows[i].address, e != ERR_OK || str_eq(answer, str_of(rows[i].answer)));
	}
	arena_fini(&a);
	store_close(st);
	state_remove(state);
}

static void dead_and_secret(void **unused)
{
	(void)unused;
	char *state = state_make();
	struct store *st = open_store(state, STORE_ALL);
	struct arena a = { 0 };
	struct dead_contact *dead;
	unsigned char one[STORE_SECRET_BYTES], two[STORE_SECRET_BYTES], other[STORE_SECRET_BYTES];
	size_t n;
	OK(st, store_contact_bury(st, "Abuse@ISP.test", "5.1.1", NOW));
	OK(st, store_contact_bury(st, "abuse@isp.test", "5.2.1", NOW + 1));
	OK(st, store_contacts_dead(st, &a, &dead, &n));
	assert_int_equal(n, 1);
	assert_string_equal(dead[0].address, "abuse@isp.test");
	assert_int_equal(dead[0].since_s, NOW + 1);
	OK(st, store_secret(st, "x", one));
	OK(st, store_secret(st, "x", two));
	OK(st, store_secret(st, "y", other));
	assert_memory_equal(one, two, sizeof(one));
	assert_memory_not_equal(one, other, sizeof(one));
	arena_fini(&a);
	store_close(st);
	/* Only commands see reports and keys. */
	st = open_store(state, STORE_TESTS | STORE_LIST);
	assert_int_equal(store_secret(st, "x", one), ERR_DENIED);
	store_close(st);
	state_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_a_network_and_day), cmocka_unit_test(states),
		cmocka_unit_test(closed_by_the_retest),
		cmocka_unit_test(contacts_are_kept_by_range),
		cmocka_unit_test(dead_and_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
