/* SPDX-License-Identifier: ISC
 * The two sets that an index is made of: thousands of changes against a plain list, of which each
 * set before stays as it was.
 */
#include "test.h"

#include "base/mem.h"
#include "blocklist/addresses.h"
#include "blocklist/keys.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t bound)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % bound;
}

/* The world: PLACES places, the i-th at place_at[i], in order, and whether it is in the set. */
enum { PLACES = 4000 };

static uint32_t place_at[PLACES];
static bool in[PLACES], before[PLACES];

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* Some together in a /16, the rest anywhere. */
static void make_places(void)
{
	for (size_t i = 0; i < PLACES; i++)
		place_at[i] = (next_random(65536) << 16) | next_random(65536);
	for (size_t i = 0; i < PLACES / 2; i++)
		place_at[i] = 0xc0000000u | (next_random(3) << 16) | next_random(65536);
	place_at[PLACES - 1] = 0;
	place_at[PLACES - 2] = UINT32_MAX;
	qsort(place_at, PLACES, sizeof(*place_at), by_value);
	for (size_t i = 1; i < PLACES; i++)
		if (place_at[i] <= place_at[i - 1])
			place_at[i] = place_at[i - 1] + 1;
	memset(in, 0, sizeof(in));
}

static bool plain_any(const bool *set, uint32_t first, uint32_t last)
{
	for (size_t i = 0; i < PLACES; i++)
		if (set[i] && place_at[i] >= first && place_at[i] <= last)
			return true;
	return false;
}

/* Which places change, with how much of a chance, to what. */
static size_t choose(bool changed[PLACES])
{
	uint32_t chance = (uint32_t[]){ 2, 20, 400, 4000 }[next_random(4)];
	uint32_t lean = next_random(4);  /* 0: all go; 3: all come */
	size_t n = 0;
	for (size_t i = 0; i < PLACES; i++) {
		changed[i] = next_random(chance) == 0;
		if (!changed[i])
			continue;
		in[i] = next_random(3) < lean;
		n++;
	}
	return n;
}

static uint32_t range_end(uint32_t first)
{
	return first | (uint32_t)((UINT64_C(1) << next_random(33)) - 1);
}

/* ---- IPv4 addresses ----------------------------------------------------------------------- */

static struct blocklist_addresses *change_addresses(const struct blocklist_addresses *base,
                                                    const bool *changed, size_t n)
{
	struct blocklist_address_change *changes = mem_array(n + 1, sizeof(*changes));
	size_t m = 0;
	for (size_t i = 0; i < PLACES; i++)
		if (changed[i])
			changes[m++] = (struct blocklist_address_change){ place_at[i], in[i] };
	struct blocklist_addresses *a = blocklist_addresses_change(base, changes, m);
	free(changes);
	return a;
}

static void check_addresses(const struct blocklist_addresses *a, const bool *set)
{
	size_t n = 0;
	for (size_t i = 0; i < PLACES; i++) {
		assert_int_equal(blocklist_addresses_has(a, place_at[i]), set[i]);
		n += set[i];
	}
	assert_int_equal(blocklist_addresses_count(a), n);
	for (int i = 0; i < 30; i++) {
		uint32_t first = place_at[next_random(PLACES)] + next_random(3);
		uint32_t last = range_end(first);
		assert_int_equal(blocklist_addresses_any(a, first, last),
		                 plain_any(set, first, last));
	}
}

static void test_addresses(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		make_places();
		struct blocklist_addresses *a = blocklist_addresses_change(NULL, NULL, 0);
		for (int step = 0; step < 60; step++) {
			bool changed[PLACES];
			memcpy(before, in, sizeof(in));
			size_t n = choose(changed);
			struct blocklist_addresses *next = change_addresses(a, changed, n);
			check_addresses(next, in);
			check_addresses(a, before);
			blocklist_addresses_destroy(a);
			a = next;
		}
		blocklist_addresses_destroy(a);
	}
	blocklist_addresses_destroy(NULL);
}

/* All are taken away: what is left takes no more than nothing does. */
static void test_addresses_emptied(void **state)
{
	bool changed[PLACES];
	(void)state;
	make_places();
	struct blocklist_addresses *none = blocklist_addresses_change(NULL, NULL, 0);
	memset(in, true, sizeof(in));
	memset(changed, true, sizeof(changed));
	struct blocklist_addresses *all = change_addresses(none, changed, PLACES);
	assert_true(blocklist_addresses_bytes(all) > blocklist_addresses_bytes(none));
	memset(in, false, sizeof(in));
	struct blocklist_addresses *left = change_addresses(all, changed, PLACES);
	assert_int_equal(blocklist_addresses_bytes(left), blocklist_addresses_bytes(none));
	assert_int_equal(blocklist_addresses_count(left), 0);
	assert_false(blocklist_addresses_any(left, 0, UINT32_MAX));
	blocklist_addresses_destroy(none);
	blocklist_addresses_destroy(all);
	blocklist_addresses_destroy(left);
}

/* ---- keys --------------------------------------------------------------------------------- */

/* A place as a key of that width: its number in the first bytes (or as many of them as there are),
 * then some that are always the same. */
static void key_of(uint32_t place, uint8_t key[static BLOCKLIST_KEY_MAX])
{
	uint32_t be = htobe32(place);
	memset(key, 0x5a, BLOCKLIST_KEY_MAX);
	memcpy(key, &be, sizeof(be));
}

static struct blocklist_keys *change_keys(const struct blocklist_keys *base, size_t width,
                                          const bool *changed, size_t n)
{
	struct blocklist_key_change *changes = mem_array(n + 1, sizeof(*changes));
	size_t m = 0;
	for (size_t i = 0; i < PLACES; i++) {
		if (!changed[i])
			continue;
		key_of(place_at[i], changes[m].key);
		changes[m++].listed = in[i];
	}
	struct blocklist_keys *k = blocklist_keys_change(base, width, changes, m);
	free(changes);
	return k;
}

static void check_keys(const struct blocklist_keys *k, const bool *set)
{
	uint8_t first[BLOCKLIST_KEY_MAX], last[BLOCKLIST_KEY_MAX];
	size_t n = 0;
	for (size_t i = 0; i < PLACES; i++) {
		key_of(place_at[i], first);
		assert_int_equal(blocklist_keys_has(k, first), set[i]);
		n += set[i];
	}
	assert_int_equal(blocklist_keys_count(k), n);
	for (int i = 0; i < 30; i++) {
		uint32_t low = place_at[next_random(PLACES)] + next_random(3);
		uint32_t high = range_end(low);
		key_of(low, first);
		key_of(high, last);
		assert_int_equal(blocklist_keys_any(k, first, last), plain_any(set, low, high));
	}
}

static void test_keys(void **state)
{
	static const size_t widths[] = { 4, 6, 8, 16 };
	(void)state;
	for (size_t round = 0; round < 4; round++) {
		make_places();
		struct blocklist_keys *k = blocklist_keys_change(NULL, widths[round], NULL, 0);
		for (int step = 0; step < 60; step++) {
			bool changed[PLACES];
			memcpy(before, in, sizeof(in));
			size_t n = choose(changed);
			struct blocklist_keys *next = change_keys(k, widths[round], changed, n);
			check_keys(next, in);
			check_keys(k, before);
			blocklist_keys_destroy(k);
			k = next;
		}
		blocklist_keys_destroy(k);
	}
	blocklist_keys_destroy(NULL);
}

/* One at a time, from either end and back: leaves stay neither many nor empty. */
static void test_keys_stay_together(void **state)
{
	(void)state;
	make_places();
	struct blocklist_keys *k = blocklist_keys_change(NULL, 8, NULL, 0);
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < PLACES; i++) {
			size_t which = round ? i : PLACES - 1 - i;
			bool changed[PLACES] = { false };
			changed[which] = true;
			in[which] = round == 0 || which % 50 == 0;
			struct blocklist_keys *next = change_keys(k, 8, changed, 1);
			blocklist_keys_destroy(k);
			k = next;
			if (i == PLACES - 1)
				check_keys(k, in);
		}
	assert_int_equal(blocklist_keys_count(k), PLACES / 50);
	assert_true(blocklist_keys_bytes(k) <= 3 * 8 * PLACES / 50);
	blocklist_keys_destroy(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_addresses_emptied),
		cmocka_unit_test(test_keys), cmocka_unit_test(test_keys_stay_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
