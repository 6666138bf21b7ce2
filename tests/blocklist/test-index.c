/* SPDX-License-Identifier: ISC
 * The index: rows, and thousands of random sets against a plain list. */
#include "test.h"

#include <stdlib.h>
#include "world.h"

static void test_has(void **state)
{
	static const struct { const char *listed, *address; bool has; } rows[] = {
		{ "", "192.0.2.1", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.0", false },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0 255.255.255.255", "255.255.255.255", true },
		{ "0.0.0.0 255.255.255.255", "0.0.0.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "10.0.0.0/8 10.1.0.0/16", "10.2.0.0", true },
		{ "10.0.0.0/8 10.1.0.0/16 10.1.2.0/24", "10.255.0.0", true },
		{ "192.0.2.128/25 192.0.2.4/31", "192.0.2.5", true },
		{ "192.0.2.128/25 192.0.2.4/31", "192.0.2.6", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::2", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "192.0.2.1", "2001:db8::1", false },
		/* test entries */
		{ "", "127.0.0.2", true },
		{ "", "::ffff:127.0.0.2", true },
		{ "", "127.0.0.1", false },
		{ "127.0.0.1", "127.0.0.1", false },
		{ "127.0.0.0/8", "127.0.0.1", false },
		{ "127.0.0.0/8", "127.0.0.3", true },
		{ "", "::ffff:127.0.0.1", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_index *index = world_index(rows[i].listed);
		struct prefix p = world_prefix(rows[i].address);
		CHECK_ROW(rows[i].address, blocklist_index_has(index, &p.ip) == rows[i].has);
		CHECK_ROW(rows[i].address, blocklist_index_any(index, &p) == rows[i].has);
		blocklist_index_destroy(index);
	}
}

/* By which entry: its own before that of a range, of ranges the widest. */
static void test_find(void **state)
{
	static const char listed[] = "192.0.2.0/24 192.0.2.0/25 192.0.2.9 10.0.0.0/8 10.1.0.0/16 "
	                             "2001:db8:0:1::/64 2001:db8:0:1::7";
	static const struct { const char *address, *entry; } rows[] = {
		{ "192.0.2.0", "192.0.2.0/24" }, { "192.0.2.255", "192.0.2.0/24" },
		{ "192.0.2.9", "192.0.2.9" }, { "192.0.1.255", NULL }, { "192.0.3.0", NULL },
		{ "10.1.2.3", "10.0.0.0/8" }, { "10.255.255.255", "10.0.0.0/8" },
		{ "2001:db8:0:1::", "2001:db8:0:1::/64" }, { "2001:db8:0:1::7", "2001:db8:0:1::7" },
		{ "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64" },
		{ "2001:db8:0:0:ffff:ffff:ffff:ffff", NULL }, { "2001:db8:0:2::", NULL },
	};
	struct blocklist_index *index = world_index(listed);
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix p = world_prefix(rows[i].address), entry;
		char text[PREFIX_TEXT_MAX];
		bool found = blocklist_index_find(index, &p.ip, &entry);
		CHECK_ROW(rows[i].address, found == (rows[i].entry != NULL));
		CHECK_ROW(rows[i].address, !found || strcmp(prefix_format(&entry, text),
		                                            rows[i].entry) == 0);
	}
	blocklist_index_destroy(index);
}

static void test_any(void **state)
{
	static const struct { const char *listed, *prefix; bool any; } rows[] = {
		{ "192.0.2.1", "192.0.2.0/24", true },
		{ "192.0.2.1", "192.0.0.0/16", true },
		{ "192.0.2.1", "192.0.3.0/24", false },
		{ "192.0.2.1", "192.0.1.0/24", false },
		{ "192.0.2.255", "192.0.2.0/24", true },
		{ "192.0.2.0", "192.0.2.0/24", true },
		{ "192.0.3.0 192.0.1.255", "192.0.2.0/24", false },
		{ "10.0.0.0/9", "10.1.2.0/24", true },
		{ "10.0.0.0/9", "10.128.0.0/16", false },
		{ "10.1.2.0/25", "10.0.0.0/8", true },
		{ "10.0.0.0/8 10.1.0.0/16", "10.9.0.0/16", true },
		{ "255.255.255.255", "255.0.0.0/8", true },
		{ "2001:db8::1", "2001::/16", true },
		{ "2001:db8::1", "2001:db8::/64", true },
		{ "2001:db8::1", "2001:db8:1::/48", false },
		{ "2001:db8::/32", "2001:db8:1::/48", true },
		{ "", "127.0.0.0/24", true },
		{ "", "127.0.1.0/24", false },
		{ "", "::/96", false },
		{ "", "::/16", true },
		{ "", "0.0.0.0/0", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_index *index = world_index(rows[i].listed);
		struct prefix p = world_prefix(rows[i].prefix);
		CHECK_ROW(rows[i].prefix, blocklist_index_any(index, &p) == rows[i].any);
		blocklist_index_destroy(index);
	}
}

static void test_changes(void **state)
{
	struct ip one = ip_from_v4(192, 0, 2, 1), two = ip_from_v4(192, 0, 2, 2);
	struct blocklist_change in[] = {
		{ world_prefix("192.0.2.1"), true }, { world_prefix("192.0.2.0/24"), true },
		{ world_prefix("192.0.2.1"), false }, { world_prefix("192.0.2.1"), true },
	};
	(void)state;
	struct blocklist_index *a = blocklist_index_apply(NULL, in, 4, NULL);
	assert_int_equal(blocklist_index_count(a), 4);
	/* The prefix goes, the address in it stays. */
	struct blocklist_change out[] = { { world_prefix("192.0.2.0/24"), false } };
	struct blocklist_index *b = blocklist_index_apply(a, out, 1, NULL);
	assert_true(blocklist_index_has(a, &two));
	assert_false(blocklist_index_has(b, &two));
	assert_true(blocklist_index_has(b, &one));
	/* What is not there goes without harm, and the test entry never goes. */
	struct blocklist_change gone[] = {
		{ world_prefix("192.0.2.1"), false }, { world_prefix("192.0.2.9"), false },
		{ world_prefix("127.0.0.2"), false }, { world_prefix("::ffff:127.0.0.2"), false },
	};
	struct blocklist_index *c = blocklist_index_apply(b, gone, 4, NULL);
	assert_int_equal(blocklist_index_count(c), 2);
	assert_true(blocklist_index_has(c, &gone[2].prefix.ip));
	assert_true(blocklist_index_has(c, &gone[3].prefix.ip));
	blocklist_index_destroy(a);
	blocklist_index_destroy(b);
	blocklist_index_destroy(c);
	blocklist_index_destroy(NULL);
}

/* No change lists the world. */
static void test_refused(void **state)
{
	static const struct { const char *prefix; bool refused; } rows[] = {
		{ "0.0.0.0/0", true }, { "0.0.0.0/1", true }, { "128.0.0.0/7", true },
		{ "10.0.0.0/8", false }, { "::/0", true }, { "2000::/3", true },
		{ "2000::/15", true }, { "2001::/16", false }, { "192.0.2.1", false },
	};
	struct blocklist_change none = { { { 0 }, 0 }, true };
	size_t refused;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_change c = { world_prefix(rows[i].prefix), true };
		struct blocklist_index *index = blocklist_index_apply(NULL, &c, 1, &refused);
		CHECK_ROW(rows[i].prefix, refused == rows[i].refused);
		CHECK_ROW(rows[i].prefix,
		          blocklist_index_has(index, &c.prefix.ip) != rows[i].refused);
		blocklist_index_destroy(index);
	}
	blocklist_index_destroy(blocklist_index_apply(NULL, &none, 1, &refused));
	assert_int_equal(refused, 1);
}

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t bound)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % bound;
}

/* A small world, so that prefixes nest and addresses meet often. */
static struct prefix random_prefix(bool v6)
{
	struct ip ip = { v6 ? 6 : 4, { 10 } };
	unsigned bits = v6 ? 128 : 32;
	ip.b[bits / 8 - 1] = (uint8_t)next_random(256);
	ip.b[1] = (uint8_t)next_random(2);
	static const unsigned up[] = { 0, 0, 0, 1, 3, 4, 7, 8, 9, 17 };
	return prefix_of(&ip, bits - up[next_random(10)]);
}

static bool plain_has(const struct prefix *set, const bool *in, size_t n, const struct prefix *p,
                      bool any)
{
	for (size_t i = 0; i < n; i++)
		if (in[i] && (prefix_covers(&set[i], p) || (any && prefix_covers(p, &set[i]))))
			return true;
	return false;
}

static void test_random(void **state)
{
	enum { PREFIXES = 24, ROUNDS = 300, STEPS = 6, ASKED = 60 };
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct prefix set[PREFIXES];
		bool in[PREFIXES] = { false };
		bool v6 = round % 2;
		struct blocklist_index *index = blocklist_index_apply(NULL, NULL, 0, NULL);
		for (size_t i = 0; i < PREFIXES; i++) {
			do
				set[i] = random_prefix(v6);
			while (plain_has(set, (bool[PREFIXES]){ [0 ... PREFIXES - 1] = true }, i,
			                 &set[i], true) && next_random(3) == 0);
		}
		for (int step = 0; step < STEPS; step++) {
			struct blocklist_change changes[8];
			for (size_t i = 0; i < 8; i++) {
				size_t which = next_random(PREFIXES);
				bool listed = next_random(2);
				changes[i] = (struct blocklist_change){ set[which], listed };
				for (size_t j = 0; j < PREFIXES; j++)
					if (prefix_cmp(&set[j], &set[which]) == 0)
						in[j] = listed;
			}
			struct blocklist_index *next = blocklist_index_apply(index, changes, 8,
			                                                     NULL);
			blocklist_index_destroy(index);
			index = next;
			for (int i = 0; i < ASKED; i++) {
				struct prefix p = random_prefix(v6);
				struct prefix exact = prefix_of(&p.ip, 128);
				assert_int_equal(blocklist_index_has(index, &p.ip),
				                 plain_has(set, in, PREFIXES, &exact, false));
				assert_int_equal(blocklist_index_any(index, &p),
				                 plain_has(set, in, PREFIXES, &p, true));
			}
		}
		blocklist_index_destroy(index);
	}
}

/* What an entry takes. */
static void test_bytes_an_entry(void **state)
{
	enum { MANY = 10000 };
	/* Bytes for a hundred entries, at most. */
	static const struct { const char *what; struct ip base; unsigned len, bytes; } rows[] = {
		{ "dense IPv4 addresses", { 4, { 203, 0 } }, 32, 105 },
		{ "IPv6 addresses", { 6, { 0x20, 1 } }, 128, 1620 },
		{ "IPv6 networks", { 6, { 0x20, 1 } }, 64, 820 },
	};
	struct blocklist_change *changes = calloc(MANY, sizeof(*changes));
	(void)state;
	struct blocklist_index *empty = blocklist_index_apply(NULL, NULL, 0, NULL);
	size_t before = blocklist_index_bytes(empty);
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		for (unsigned i = 0; i < MANY; i++) {
			struct ip ip = rows[r].base;
			ip.b[2] = (uint8_t)(i >> 8);
			ip.b[3] = (uint8_t)i;
			changes[i] = (struct blocklist_change){ prefix_of(&ip, rows[r].len), true };
		}
		struct blocklist_index *index = blocklist_index_apply(empty, changes, MANY, NULL);
		assert_int_equal(blocklist_index_count(index), MANY + 2);
		CHECK_ROW(rows[r].what,
		          blocklist_index_bytes(index) - before <= MANY / 100 * rows[r].bytes);
		blocklist_index_destroy(index);
	}
	/* Held twice, it is gone with the second. */
	assert_ptr_equal(blocklist_index_share(empty), empty);
	blocklist_index_destroy(empty);
	assert_int_equal(blocklist_index_count(empty), 2);
	blocklist_index_destroy(empty);
	free(changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_an_entry),
		cmocka_unit_test(test_has), cmocka_unit_test(test_find),
		cmocka_unit_test(test_any),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
