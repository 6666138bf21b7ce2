/* SPDX-License-Identifier: ISC
 *
 * What is kept of clients, for how long, and that it stays within its bounds.
 */
#include "test.h"

#include "gateway/blocklists-kept.h"

static const struct hash_key key = { { 1, 2 } };

static void test_times(void **state)
{
	(void)state;
	static const struct {
		uint32_t keep_s;
		int64_t at_ms;
		uint64_t well;
		bool there;
	} rows[] = {
		{ 60, 0, 3, true }, { 60, 59999, 3, true }, { 60, 60000, 3, false },
		{ 60, 0, 1, false }, { 0, 999, 3, true }, { 0, 1000, 3, false },
		{ UINT32_MAX, 299999, 3, true }, { UINT32_MAX, 300000, 3, false },
	};
	const struct ip client = ip_from_v4(203, 0, 113, 7), other = ip_from_v4(203, 0, 113, 8);
	struct gateway_listing listing = { .listed = true, .weight = 2, .lists = STR("a=2"),
	                                   .text = "why" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklists_kept *k = blocklists_kept_create(&key);
		blocklists_kept_put(k, &client, 3, &listing, rows[i].keep_s, 5000);
		const struct gateway_listing *l =
			blocklists_kept_get(k, &client, rows[i].well, 5000 + rows[i].at_ms);
		assert_true((l != NULL) == rows[i].there);
		assert_true(!l || (l->listed && l->weight == 2 && str_eq(l->lists, STR("a=2"))));
		assert_null(blocklists_kept_get(k, &other, 3, 5000));
		listing.listed = !listing.listed;
		blocklists_kept_put(k, &client, 3, &listing, 60, 5000);
		l = blocklists_kept_get(k, &client, 3, 5000);
		assert_true(l && l->listed == listing.listed);
		listing.listed = true;
		blocklists_kept_destroy(k);
	}
	blocklists_kept_destroy(NULL);
}

/* Of more clients than there is room for those that came last, nearly all. */
static void test_bounds(void **state)
{
	(void)state;
	enum { CLIENTS = 4 * BLOCKLISTS_KEPT };
	struct blocklists_kept *k = blocklists_kept_create(&key);
	const struct gateway_listing listing = { .listed = true, .lists = STR("a=1") };
	size_t kept = 0;
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct ip ip = ip_from_v4(198, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
		                                (uint8_t)i);
		blocklists_kept_put(k, &ip, 1, &listing, 60, i);
		assert_non_null(blocklists_kept_get(k, &ip, 1, i));
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct ip ip = ip_from_v4(198, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
		                                (uint8_t)i);
		kept += blocklists_kept_get(k, &ip, 1, CLIENTS) != NULL;
	}
	assert_true(kept <= BLOCKLISTS_KEPT && kept > BLOCKLISTS_KEPT / 2);
	blocklists_kept_destroy(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times), cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
