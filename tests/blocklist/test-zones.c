/* SPDX-License-Identifier: ISC
 * The zone table: by table, and against a plain search through all zones. */
#include "test.h"

#include "base/mem.h"
#include "blocklist/zones.h"

#include <stdio.h>
#include <stdlib.h>

static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	if (dns_name_parse(str_of(text), &name, NULL) != ERR_OK)
		fail_msg("%s: no name", text);
	return name;
}

static int make_table(const char *const *names, size_t n, struct blocklist_zones **out)
{
	struct blocklist_zone *zones = mem_array(n + 1, sizeof(*zones));
	memset(zones, 0, (n + 1) * sizeof(*zones));
	for (size_t i = 0; i < n; i++)
		zones[i].origin = name_of(names[i]);
	int e = blocklist_zones_create(zones, n, out);
	free(zones);
	return e;
}

static void check_found(const struct blocklist_zones *t, const char *text, const char *want,
                        unsigned want_before)
{
	struct dns_name name = name_of(text), wanted = name_of(want ? want : ".");
	unsigned before = 99;
	const struct blocklist_zone *z = blocklist_zones_find(t, name.b, name.n, &before);
	CHECK_ROW(text, (z != NULL) == (want != NULL));
	CHECK_ROW(text, !z || dns_name_eq(&z->origin, &wanted));
	CHECK_ROW(text, before == (z ? want_before : 99));
}

static void test_longest(void **state)
{
	static const char *const names[] = { "example", "bl.example", "a.b.bl.example", "Out.Test",
	                                     "x\\@y.test" };
	static const struct { const char *name, *want; unsigned before; } rows[] = {
		{ "example", "example", 0 }, { "EXAMPLE", "example", 0 },
		{ "x.example", "example", 1 }, { "xbl.example", "example", 1 },
		{ "bl.example", "bl.example", 0 }, { "1.2.0.192.BL.example", "bl.example", 4 },
		{ "b.bl.example", "bl.example", 1 }, { "c.b.bl.example", "bl.example", 2 },
		{ "a.b.bl.example", "a.b.bl.example", 0 },
		{ "z.A.B.bl.example", "a.b.bl.example", 1 },
		{ "out.test", "out.test", 0 }, { "q.OUT.TEST", "out.test", 1 },
		/* Equal in all but a bit that only letters fold. */
		{ "x\\@y.test", "x\\@y.test", 0 }, { "x`y.test", NULL, 0 },
		{ ".", NULL, 0 }, { "test", NULL, 0 }, { "example.test", NULL, 0 },
		{ "bl.example.test", NULL, 0 }, { "bl\\.example", NULL, 0 },
	};
	struct blocklist_zones *t;
	(void)state;
	assert_int_equal(make_table(names, 5, &t), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_found(t, rows[i].name, rows[i].want, rows[i].before);
	blocklist_zones_destroy(t);
	assert_int_equal(make_table(names, 0, &t), ERR_OK);
	check_found(t, "bl.example", NULL, 0);
	blocklist_zones_destroy(t);
}

static void test_twice(void **state)
{
	static const char *const names[] = { "bl.example", "x.example", "BL.EXAMPLE" };
	struct blocklist_zones *t;
	(void)state;
	assert_int_equal(make_table(names, 3, &t), ERR_EXISTS);
}

/* The longest of those that the name is in. */
static const char *search_plainly(char names[][48], size_t n, const char *text)
{
	struct dns_name name = name_of(text), zone;
	const char *best = NULL;
	unsigned most = 0;
	for (size_t i = 0; i < n; i++) {
		zone = name_of(names[i]);
		if (dns_name_within(&name, &zone) && dns_name_labels(&zone) >= most) {
			best = names[i];
			most = dns_name_labels(&zone);
		}
	}
	return best;
}

static void test_many(void **state)
{
	enum { ZONES = 2000 };
	static char names[ZONES][48];
	const char *pointers[ZONES];
	struct blocklist_zones *t;
	(void)state;
	for (unsigned i = 0; i < ZONES; i++) {
		snprintf(names[i], sizeof(names[i]), i % 2 ? "z%u.example" : "y.z%u.example",
		         i / 2 * 2);
		pointers[i] = names[i];
	}
	assert_int_equal(make_table(pointers, ZONES, &t), ERR_OK);
	for (unsigned i = 0; i < ZONES + 20; i += 7) {
		char text[80];
		static const char *const forms[] = { "z%u.example", "y.z%u.example",
		                                     "a.Y.z%u.example", "b.z%u.eXample" };
		for (size_t k = 0; k < 4; k++) {
			snprintf(text, sizeof(text), forms[k], i);
			const char *want = search_plainly(names, ZONES, text);
			struct dns_name zone = name_of(want ? want : ".");
			struct dns_name name = name_of(text);
			check_found(t, text, want, dns_name_labels(&name) - dns_name_labels(&zone));
		}
	}
	blocklist_zones_destroy(t);
}

/* Longest names, and as many labels as there can be. */
static void test_extremes(void **state)
{
	struct dns_name name = { .n = 255 };
	struct blocklist_zone zone = { .origin = { .n = 253 } };
	struct blocklist_zones *t;
	unsigned before;
	(void)state;
	for (size_t i = 0; i < 254; i += 2)
		memcpy(name.b + i, i == 0 ? "\1A" : "\1b", 2);
	name.b[254] = 0;
	memcpy(zone.origin.b, name.b + 2, 253);
	assert_int_equal(blocklist_zones_create(&zone, 1, &t), ERR_OK);
	assert_non_null(blocklist_zones_find(t, name.b, name.n, &before));
	assert_int_equal(before, 1);
	assert_null(blocklist_zones_find(t, name.b + 4, 251, &before));
	blocklist_zones_destroy(t);
	zone.origin = name;
	assert_int_equal(blocklist_zones_create(&zone, 1, &t), ERR_OK);
	assert_non_null(blocklist_zones_find(t, name.b, name.n, &before));
	assert_int_equal(before, 0);
	blocklist_zones_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest), cmocka_unit_test(test_twice),
		cmocka_unit_test(test_many), cmocka_unit_test(test_extremes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
