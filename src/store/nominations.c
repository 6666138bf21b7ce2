/* SPDX-License-Identifier: ISC
 *
 * Nominations: who asked for a look at an address, and why.
 */
#include "store/admission.h"
#include "store/backend.h"

#include <assert.h>

static int nomination_insert(struct store *st, struct nomination *nom)
{
	int e = row_add(st, ROW_NOMINATION, nom);
	if (e != ERR_OK)
		return e;
	return journal_add_ip(st, JOURNAL_NOMINATE, &nom->address, nom->by, nom->reason,
	                      nom->created_s);
}

int store_nominate(struct store *st, struct nomination *nom)
{
	assert(nom->address.family == 4 || nom->address.family == 6);
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "nominate");
	return e == ERR_OK ? store_end(st, nomination_insert(st, nom)) : e;
}

int store_nominations(struct store *st, struct arena *a, struct nomination **rows, size_t *n)
{
	struct row_wish all = { .with_blobs = true };
	int e = row_list(st, ROW_NOMINATION, &all, a, rows, n);
	assert(e != ERR_OK || *n == 0 || (*rows)[0].id > 0);
	return e;
}
