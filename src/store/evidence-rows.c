/* SPDX-License-Identifier: ISC
 *
 * The bundles of evidence that are kept, each under its id.
 */
#include "store/backend.h"
#include "store/evidence-rows.h"
#include "store/store.h"

#include <assert.h>

int evidence_keep(struct store *st, const char *id, const struct ip *address, struct str bundle,
                  int64_t now_s)
{
	struct evidence_row row = { .address = *address, .time_s = now_s }, there;
	struct buf packed = { 0 };
	bool fits = str_copy(row.id, sizeof(row.id), str_of(id));
	assert(fits && *id && bundle.n > 0);
	there = row;
	int e = row_get(st, ROW_EVIDENCE, EVIDENCE_BY_ID, &there, NULL);
	if (e != ERR_NOT_FOUND)
		return e;
	bundle_pack(bundle, &packed);
	row.bundle = buf_str(&packed);
	e = row_add(st, ROW_EVIDENCE, &row);
	buf_fini(&packed);
	return e;
}

static int unpack(struct store *st, const struct evidence_row *row, struct arena *a,
                  struct str *bundle)
{
	*bundle = row->bundle;
	int e = bundle_unpack(a, bundle);
	return e == ERR_OK ? e : store_fail(st, e, "%s: a bundle of evidence is damaged",
	                                    st->names[PLACE_LIST]);
}

int store_evidence_get(struct store *st, const char *id, struct arena *a, struct str *bundle)
{
	struct evidence_row row = { 0 };
	int e = str_copy(row.id, sizeof(row.id), str_of(id)) ?
	        row_get(st, ROW_EVIDENCE, EVIDENCE_BY_ID, &row, a) : ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "no evidence has the id \"%s\"", id);
	return e == ERR_OK ? unpack(st, &row, a, bundle) : e;
}

int store_evidence_of(struct store *st, const struct ip *address, struct arena *a,
                      char id[static 48], struct str *bundle)
{
	struct evidence_row row = { .address = *address };
	struct row_range newest = {
		.index = EVIDENCE_BY_ADDRESS, .row = &row, .equal = 1, .backward = true,
	};
	char text[IP_TEXT_MAX];
	int e = row_first(st, ROW_EVIDENCE, &newest, &row, a);
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "no evidence for %s", ip_format(address, text));
	if (e != ERR_OK)
		return e;
	assert(ip_eq(&row.address, address));
	memcpy(id, row.id, sizeof(row.id));
	return unpack(st, &row, a, bundle);
}
