/* SPDX-License-Identifier: ISC
 *
 * Which listings no test decides, from the listings and their tests.
 */
#include "store/undecided.h"
#include "store/list.h"
#include "store/tests.h"

#include <assert.h>

/* A newer test than these many has ended, or none will for long. */
enum { LOOK_BACK = 100 };

bool verdict_is_undecided(enum verdict verdict)
{
	return verdict == VERDICT_INCONCLUSIVE || verdict == VERDICT_UNREACHABLE ||
	       verdict == VERDICT_ACCEPTING;
}

const char *undecided_why(const struct undecided *u)
{
	if (!u->last.why[0] && u->last.verdict == VERDICT_ACCEPTING)
		return "took mail that never came back";
	return u->last.why;
}

/* The newest test of the address that has ended; ERR_NOT_FOUND: none has. */
static int find_last_ended(struct store *st, const struct ip *address, struct arena *a,
                           struct test *last)
{
	struct test *rows;
	size_t n;
	int e = store_tests(st, address, LOOK_BACK, a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (rows[i].state != TEST_DONE)
			continue;
		*last = rows[i];
		return ERR_OK;
	}
	return e == ERR_OK ? ERR_NOT_FOUND : e;
}

int store_undecided(struct store *st, const struct ip *address, struct arena *a,
                    struct undecided **rows, size_t *n)
{
	struct listing *listings;
	size_t count = 0;
	int e = store_listings(st, a, &listings, &count);
	*n = 0;
	*rows = e == ERR_OK && count ? arena_alloc(a, count * sizeof(**rows)) : NULL;
	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		struct undecided *u = &(*rows)[*n];
		u->listing = listings[i];
		if (address->family && !ip_eq(address, &u->listing.address))
			continue;
		e = find_last_ended(st, &u->listing.address, a, &u->last);
		if (e == ERR_OK && verdict_is_undecided(u->last.verdict))
			++*n;
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	assert(*n <= count);
	return e;
}
