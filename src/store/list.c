/* SPDX-License-Identifier: ISC
 *
 * The list as it stands: listings and their proofs. Nothing here decides.
 */
#include "store/list.h"

#include "store/steps-private.h"

#include <assert.h>

int store_listing_get(struct store *st, const struct ip *address, struct listing *l)
{
	struct listing found = { .address = *address };
	char text[IP_TEXT_MAX];
	int e = row_get(st, ROW_LISTING, BY_KEY, &found, NULL);
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "%s is not listed", ip_format(address, text));
	assert(e != ERR_OK || ip_eq(&found.address, address));
	if (e == ERR_OK)
		*l = found;
	return e;
}

int store_listings(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	struct row_wish all = { 0 };
	int e = row_list(st, ROW_LISTING, &all, a, rows, n);
	assert(e == ERR_OK || *n == 0);
	return e;
}

int store_seen(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	struct row_wish wish = { .range.index = LISTING_BY_SEEN };
	int e = row_list(st, ROW_LISTING, &wish, a, rows, n);
	assert(e == ERR_OK || *n == 0);
	return e;
}

int store_proofs(struct store *st, const struct ip *address, struct arena *a,
                 struct proof **out, size_t *n)
{
	struct arena work = { 0 };
	struct proof_row of = { .address = *address }, *rows = NULL;
	struct row_wish wish = { .range = { .row = &of, .equal = 1 } };
	int e = row_list(st, ROW_PROOF, &wish, &work, &rows, n);
	*out = *n ? arena_alloc(a, *n * sizeof(**out)) : NULL;
	for (size_t i = 0; i < *n; i++) {
		assert(ip_eq(&rows[i].address, address));
		(*out)[i] = rows[i].p;
	}
	arena_fini(&work);
	return e;
}

/* Leaves those of n listings without a proof. */
static int drop_proved(struct store *st, struct listing *rows, size_t *n)
{
	size_t kept = 0;
	for (size_t i = 0; i < *n; i++) {
		struct proof_row proof = { .address = rows[i].address };
		struct row_range range = { .row = &proof, .equal = 1 };
		int e = row_first(st, ROW_PROOF, &range, &proof, NULL);
		if (e == ERR_NOT_FOUND)
			rows[kept++] = rows[i];
		else if (e != ERR_OK)
			return e;
	}
	assert(kept <= *n);
	*n = kept;
	return ERR_OK;
}

int store_words(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	struct row_wish wish = { .range.index = LISTING_BY_WORD };
	*rows = NULL;
	*n = 0;
	int e = store_begin_read(st, PLACE_LIST);
	if (e != ERR_OK)
		return e;
	e = row_list(st, ROW_LISTING, &wish, a, rows, n);
	if (e == ERR_OK)
		e = drop_proved(st, *rows, n);
	return store_end(st, e);
}

int listing_remove(struct store *st, const struct listing *l)
{
	struct proof_row of = { .address = l->address };
	struct row_range its = { .row = &of, .equal = 1 };
	assert(st->writing[PLACE_LIST]);
	int e = row_clear(st, ROW_PROOF, &its, NULL);
	return e == ERR_OK ? row_remove(st, ROW_LISTING, l) : e;
}
