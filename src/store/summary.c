/* SPDX-License-Identifier: ISC
 *
 * Counting listings and tests, and a look at the ends of journal and evidence.
 */
#include "store/backend.h"
#include "store/journal.h"
#include "store/retention.h"
#include "store/summary.h"

#include <assert.h>

/* A look at an end of a table goes no further. */
enum { JOURNAL_LOOK_MAX = 20000, EVIDENCE_LOOK_MAX = 5000 };

struct count {
	struct store *st;
	struct store_summary *sum;
	const struct store_config *keep;
	int64_t now_s, newest_listing_s;
	size_t looked;
	int err;
};

static int count_listing(void *context, const void *row)
{
	const struct listing *l = row;
	struct count *c = context;
	assert(c->sum->withheld <= c->sum->listed);
	c->sum->listed++;
	c->sum->by_operator += l->by_operator;
	c->sum->withheld += fuse_refuses_ip(&c->st->fuse, &l->address) != NULL;
	if (l->since_s > c->newest_listing_s)
		c->newest_listing_s = l->since_s;
	return 0;
}

static int count_test(void *context, const void *row)
{
	const struct test *t = &((const struct test_row *)row)->t;
	struct count *c = context;
	struct store_summary *sum = c->sum;
	switch (t->state) {
	case TEST_QUEUED:
		sum->queued++;
		sum->due += t->not_before_s <= c->now_s;
		if (!sum->oldest_s || t->created_s < sum->oldest_s)
			sum->oldest_s = t->created_s;
		break;
	case TEST_RUNNING:
		sum->running++;
		break;
	case TEST_WAITING:
		sum->waiting++;
		break;
	case TEST_DONE:
		break;
	}
	return 0;
}

/* Backwards, so the first is the last that changed the list. */
static int find_change(void *context, const void *row)
{
	const struct journal_entry *entry = row;
	struct count *c = context;
	assert(c->looked < JOURNAL_LOOK_MAX && c->sum->changed_s == 0);
	bool changes = entry->action == JOURNAL_LIST || entry->action == JOURNAL_DELIST;
	if (changes)
		c->sum->changed_s = entry->time_s;
	return changes || ++c->looked >= JOURNAL_LOOK_MAX;
}

static int latest_end(void *context, const void *row)
{
	const struct journal_entry *entry = row;
	int64_t *time_s = context;
	*time_s = entry->time_s > *time_s ? entry->time_s : *time_s;
	return 0;
}

/* Until when the bundle is kept; 0: its address is listed. */
static int kept_until(const struct count *c, const struct evidence_row *evidence, int64_t *until_s)
{
	struct listing l = { .address = evidence->address };
	struct journal_entry of = { .subject = prefix_of(&l.address, ip_bits(&l.address)) };
	struct row_range range = { .index = JOURNAL_DELISTED, .row = &of, .equal = 1 };
	int64_t from_s = evidence->time_s;
	*until_s = 0;
	int e = row_get(c->st, ROW_LISTING, BY_KEY, &l, NULL);
	if (e != ERR_NOT_FOUND)
		return e;
	e = row_each(c->st, ROW_JOURNAL, &range, NULL, latest_end, &from_s);
	assert(from_s >= evidence->time_s);
	*until_s = from_s + c->keep->keep_evidence_s;
	return e;
}

/* The oldest first: what is made later than the best is not over earlier. */
static int find_over(void *context, const void *row)
{
	const struct evidence_row *evidence = row;
	struct count *c = context;
	int64_t *best_s = &c->sum->evidence_over_s, until_s;
	assert(c->err == ERR_OK && c->looked < EVIDENCE_LOOK_MAX);
	if (*best_s && evidence->time_s + c->keep->keep_evidence_s >= *best_s)
		return 1;
	c->err = kept_until(c, evidence, &until_s);
	if (c->err != ERR_OK)
		return c->err;
	if (until_s && (!*best_s || until_s < *best_s))
		*best_s = until_s;
	return ++c->looked >= EVIDENCE_LOOK_MAX;
}

static int summarize(struct count *c)
{
	struct row_range tests = { .index = TEST_DUE }, back = { .backward = true }, all = { 0 };
	int e = store_serial(c->st, &c->sum->serial);
	if (e == ERR_OK)
		e = row_each(c->st, ROW_LISTING, &all, NULL, count_listing, c);
	if (e == ERR_OK)
		e = row_each(c->st, ROW_TEST, &tests, NULL, count_test, c);
	if (e == ERR_OK)
		e = row_each(c->st, ROW_JOURNAL, &back, NULL, find_change, c);
	c->looked = 0;
	if (e == ERR_OK)
		e = row_each(c->st, ROW_EVIDENCE, &all, NULL, find_over, c);
	if (!c->sum->changed_s)
		c->sum->changed_s = c->newest_listing_s;
	assert(c->sum->due <= c->sum->queued && c->sum->withheld <= c->sum->listed);
	return e;
}

int store_summary(struct store *st, const struct store_config *keep, int64_t now_s,
                  struct store_summary *out)
{
	assert(keep->keep_evidence_s >= 0);
	*out = (struct store_summary){ 0 };
	struct count c = { .st = st, .sum = out, .keep = keep, .now_s = now_s };
	int e = store_begin_read(st, PLACE_LIST);
	return e == ERR_OK ? store_end(st, summarize(&c)) : e;
}
