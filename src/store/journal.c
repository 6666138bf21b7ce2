/* SPDX-License-Identifier: ISC
 *
 * The journal: each change of the list has an entry, whose serial is the list's number. Those
 * who follow the list read it by serial, or begin with a snapshot and the serial it belongs to.
 */
#include "store/backend.h"
#include "store/journal.h"
#include "store/store.h"

#include <assert.h>

int journal_add(struct store *st, enum journal_action action, const struct prefix *subject,
                const char *who, const char *why, int64_t now_s)
{
	struct journal_entry entry = { .action = action, .subject = *subject, .time_s = now_s };
	assert(st->writing[PLACE_LIST]);
	assert(subject->ip.family == 4 || subject->ip.family == 6);
	if (!store_may_write(st, ROW_JOURNAL))
		return store_fail(st, ERR_DENIED, "store: to write the journal is not allowed to "
		                  "this process");
	str_copy(entry.who, sizeof(entry.who), str_of(who));
	str_copy(entry.why, sizeof(entry.why), str_of(why));
	int e = clock_guard(st, now_s);
	return e == ERR_OK ? st->ops->journal(st, &entry) : e;
}

int journal_add_ip(struct store *st, enum journal_action action, const struct ip *subject,
                   const char *who, const char *why, int64_t now_s)
{
	struct prefix whole = prefix_of(subject, ip_bits(subject));
	return journal_add(st, action, &whole, who, why, now_s);
}

int store_serial(struct store *st, uint64_t *serial)
{
	int64_t greatest;
	int e = row_greatest(st, ROW_JOURNAL, "serial", &greatest);
	if (e == ERR_OK)
		*serial = (uint64_t)greatest;
	return e;
}

int store_journal(struct store *st, uint64_t after, size_t max, struct arena *a,
                  struct journal_entry **rows, size_t *n)
{
	struct journal_entry from = { .serial = after > INT64_MAX ? INT64_MAX : after };
	struct row_wish wish = {
		.range = { .row = &from, .bound = BOUND_AFTER }, .max = max,
	};
	*rows = NULL;
	*n = 0;
	int e = max ? row_list(st, ROW_JOURNAL, &wish, a, rows, n) : ERR_OK;
	assert(*n <= max && (*n == 0 || (*rows)[0].serial > after));
	return e;
}

static int snapshot(struct store *st, struct arena *a, struct list_snapshot *s)
{
	struct row_wish all = { 0 };
	int e = store_serial(st, &s->serial);
	if (e == ERR_OK)
		e = row_list(st, ROW_LISTING, &all, a, &s->listings, &s->listing_n);
	if (e == ERR_OK)
		e = row_list(st, ROW_RANGE, &all, a, &s->ranges, &s->range_n);
	return e;
}

int store_snapshot(struct store *st, struct arena *a, struct list_snapshot *s)
{
	*s = (struct list_snapshot){ 0 };
	int e = store_begin_read(st, PLACE_LIST);
	return e == ERR_OK ? store_end(st, snapshot(st, a, s)) : e;
}
