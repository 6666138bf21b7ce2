/* SPDX-License-Identifier: ISC
 *
 * Ranges on the list. The operator's word alone puts one there and takes it off: no proof is of a
 * range, so no test, recheck or retest touches it, and it has no lifecycle. Who lists a range names
 * hosts that he may not know of. So it is judged as a whole: the fuse refuses it for any part of
 * it, and whoever is excluded is not listed by the way, as a single address may be by name.
 */
#include "store/list.h"

#include "store/steps-private.h"

#include <assert.h>
#include <stdio.h>

/* ---- reading ------------------------------------------------------------------------- */

int store_ranges(struct store *st, struct arena *a, struct listed_range **rows, size_t *n)
{
	struct row_wish all = { 0 };
	int e = row_list(st, ROW_RANGE, &all, a, rows, n);
	assert(e == ERR_OK || *n == 0);
	return e;
}

int store_range_around(struct store *st, const struct prefix *part, struct listed_range *found)
{
	int e = ERR_NOT_FOUND;
	assert(part->len <= ip_bits(&part->ip));
	for (unsigned len = part->len; e == ERR_NOT_FOUND && len > 0; len--) {
		struct listed_range row = { .range = prefix_of(&part->ip, len - 1) };
		e = row_get(st, ROW_RANGE, BY_KEY, &row, NULL);
		assert(e != ERR_OK || (row.range.len == len - 1 &&
		                       prefix_covers(&row.range, part)));
		if (e == ERR_OK)
			*found = row;
	}
	return e;
}

/* ---- on the list ----------------------------------------------------------------------- */

static int refuse(struct store *st, const struct prefix *range, const struct prefix *part,
                  const char *why)
{
	char text[PREFIX_TEXT_MAX], named[PREFIX_TEXT_MAX + 16] = "";
	unsigned widest = range->ip.family == 4 ? st->fuse.widest_v4 : st->fuse.widest_v6;
	assert(prefix_covers(range, part));
	if (part->len > range->len)
		snprintf(named, sizeof(named), "%s in it is ", prefix_format(part, text));
	if (range->len >= widest)
		return store_fail(st, ERR_DENIED, "may not be published: %s%s; see \"list\" in "
		                  "portreeve.conf(5)", named, why);
	return store_fail(st, ERR_DENIED, "may not be published: %s, which is /%u for IPv%d; see "
	                  "\"list\" in portreeve.conf(5)", why, widest, (int)range->ip.family);
}

struct overlap {
	const struct prefix *range;
	struct prefix exclusion;
	bool found;
};

static int overlap_look(void *context, const void *row)
{
	struct overlap *o = context;
	const struct exclusion *x = row;
	if (!prefix_overlaps(&x->range, o->range))
		return 0;
	o->exclusion = x->range;
	o->found = true;
	return 1;
}

static int check_exclusions(struct store *st, const struct prefix *range)
{
	struct overlap o = { .range = range };
	struct row_range all = { .index = EXCLUSION_BY_RANGE };
	char text[PREFIX_TEXT_MAX];
	int e = row_each(st, ROW_EXCLUSION, &all, NULL, overlap_look, &o);
	if (e != ERR_OK || !o.found)
		return e;
	assert(prefix_overlaps(&o.exclusion, range));
	return store_fail(st, ERR_DENIED, "%s%s is excluded: list the rest of it, or end the "
	                  "exclusion first (portreeve exclude)", prefix_format(&o.exclusion, text),
	                  o.exclusion.len > range->len ? " in it" :
	                  o.exclusion.len < range->len ? ", of which it is a part," : "");
}

static int range_list(struct store *st, struct listed_range *row, const char *who)
{
	struct prefix part;
	const char *why = fuse_refuses_part(&st->fuse, &row->range, &part);
	if (why)
		return refuse(st, &row->range, &part, why);
	struct listed_range there = { .range = row->range };
	int e = row_get(st, ROW_RANGE, BY_KEY, &there, NULL);
	if (e == ERR_OK)
		return store_fail(st, ERR_EXISTS, "listed already");
	if (e == ERR_NOT_FOUND)
		e = check_exclusions(st, &row->range);
	if (e == ERR_OK)
		e = row_add(st, ROW_RANGE, row);
	assert(e != ERR_OK || !fuse_refuses(&st->fuse, &row->range));
	return e == ERR_OK ? journal_add(st, JOURNAL_LIST, &row->range, who, row->reason,
	                                 row->since_s) : e;
}

int store_range_list(struct store *st, const struct prefix *range, const char *who,
                     const char *why, int64_t now_s)
{
	struct listed_range row = { .range = *range, .since_s = now_s };
	assert(range->ip.family == 0 || range->len < ip_bits(&range->ip));
	str_copy(row.reason, sizeof(row.reason), str_of(why));
	int e = store_begin(st, PLACE_LIST, STORE_CONSENT, "list a range");
	return e == ERR_OK ? store_end(st, range_list(st, &row, who)) : e;
}

/* ---- off it ------------------------------------------------------------------------------ */

int range_keeps(struct store *st, const struct prefix *part)
{
	struct listed_range around;
	char text[PREFIX_TEXT_MAX];
	int e = store_range_around(st, part, &around);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	assert(around.range.len < part->len);
	return store_fail(st, ERR_DENIED, "listed as part of %s, and cannot be taken off alone: "
	                  "delist that range, and list what is to stay",
	                  prefix_format(&around.range, text));
}

/* What may have been meant by a range that is not listed. */
static int refuse_unlisted(struct store *st, const struct prefix *range)
{
	char text[PREFIX_TEXT_MAX];
	int e = range_keeps(st, range);
	if (e != ERR_OK)
		return e;
	return store_fail(st, ERR_NOT_FOUND, "not listed as a range; \"portreeve list %s\" shows "
	                  "what of it is listed", prefix_format(range, text));
}

static int range_delist(struct store *st, const struct prefix *range, const char *who,
                        const char *why, int64_t now_s)
{
	struct listed_range row = { .range = *range };
	int e = row_get(st, ROW_RANGE, BY_KEY, &row, NULL);
	if (e == ERR_NOT_FOUND)
		return refuse_unlisted(st, range);
	if (e == ERR_OK)
		e = row_remove(st, ROW_RANGE, &row);
	assert(e != ERR_OK || prefix_cmp(&row.range, range) == 0);
	return e == ERR_OK ? journal_add(st, JOURNAL_DELIST, range, who, why, now_s) : e;
}

int store_range_delist(struct store *st, const struct prefix *range, const char *who,
                       const char *why, int64_t now_s)
{
	assert(range->len <= ip_bits(&range->ip));
	int e = store_begin(st, PLACE_LIST, STORE_CONSENT, "delist a range");
	return e == ERR_OK ? store_end(st, range_delist(st, range, who, why, now_s)) : e;
}
