/* SPDX-License-Identifier: ISC
 *
 * Invariants of expiry: what was seen when the order was given is compared with what is there
 * when the store can be read again.
 */
#include "law-inner.h"

#include "base/mem.h"
#include "store/evidence-rows.h"

#include <stdlib.h>

/* Of a test that was seen. */
struct record {
	char id[48];
	struct ip address;
	int64_t time_s;              /* when the test ended, which is not before it was made */
	bool gone;
};

/* The order whose result has not been looked at. */
static struct {
	bool pending;
	struct store_config keep;
	int64_t now_s;
	uint64_t serial;
	struct test *tests;
	size_t test_n;
} order;
static struct record *records;
static size_t record_n;

/* ---- what there was ---------------------------------------------------------------------- */

static void record_evidence(const struct test *t)
{
	if (!*t->evidence_id)
		return;
	for (size_t i = 0; i < record_n; i++)
		if (strcmp(records[i].id, t->evidence_id) == 0)
			return;
	records = mem_realloc(records, record_n + 1, sizeof(*records));
	struct record *r = &records[record_n++];
	*r = (struct record){ .address = t->target.ip, .time_s = t->finished_s };
	str_copy(r->id, sizeof(r->id), str_of(t->evidence_id));
}

bool law_expires(const struct store_config *keep, int64_t now_s)
{
	if (!seen.known || order.pending)
		return false;
	free(order.tests);
	order.tests = mem_array(seen.test_n + 1, sizeof(*order.tests));
	for (size_t i = 0; i < seen.test_n; i++) {
		order.tests[i] = seen.tests[i];
		record_evidence(&seen.tests[i]);
	}
	order.test_n = seen.test_n;
	order.keep = *keep;
	order.now_s = now_s;
	order.serial = seen.serial;
	order.pending = true;
	law_kept_expires();
	return true;
}

const struct test *law_expiry_test(const char *id)
{
	for (size_t i = 0; i < order.test_n; i++)
		if (strcmp(order.tests[i].id, id) == 0)
			return &order.tests[i];
	return NULL;
}

int64_t law_expiry_now_s(void)
{
	return order.now_s;
}

int64_t law_expiry_limit_s(enum retained kind)
{
	return order.now_s - retention_keep_s(kind, &order.keep);
}

bool law_expiry_was_listed(const struct ip *ip)
{
	return law_listed_since(ip, order.serial);
}

/* ---- what has gone ----------------------------------------------------------------------- */

static bool target_has_test(const struct endpoint *target)
{
	for (size_t i = 0; i < seen.test_n; i++)
		if (ip_eq(&seen.tests[i].target.ip, &target->ip) &&
		    seen.tests[i].target.port == target->port)
			return true;
	return false;
}

static void check_gone_test(const struct test *t)
{
	int64_t limit_s = law_expiry_limit_s(RETAINED_TEST);
	char target[ENDPOINT_TEXT_MAX];
	endpoint_format(&t->target, target);
	trace("test %s of %s has expired", t->id, target);
	if (t->state != TEST_DONE || t->finished_s > limit_s)
		world_broken("stays-young", "test %s of %s has gone, which was %s, %lld s too "
		             "early", t->id, target, test_state_name(t->state),
		             (long long)(t->finished_s - limit_s));
	if (!target_has_test(&t->target))
		world_broken("stays-young", "test %s has gone, the last of %s", t->id, target);
	if (law_expiry_was_listed(&t->target.ip))
		world_broken("stays-listed", "test %s of %s has gone, which is listed", t->id,
		             target);
}

static void check_gone_evidence(const struct record *r)
{
	int64_t delisted_s = law_delisted_s(&r->address);
	int64_t since_s = delisted_s > r->time_s ? delisted_s : r->time_s;
	int64_t limit_s = law_expiry_limit_s(RETAINED_EVIDENCE);
	char address[IP_TEXT_MAX];
	ip_format(&r->address, address);
	trace("evidence \"%s\" of %s has expired", r->id, address);
	if (law_expiry_was_listed(&r->address))
		world_broken("stays-listed", "evidence \"%s\" has gone, and %s is listed", r->id,
		             address);
	/* Taken off after the order was given: that was later than what it went by. And a test that
	 * ended by a clock that was ahead does not say when its evidence was made. */
	if (since_s > limit_s && since_s <= order.now_s)
		world_broken("stays-young", "evidence \"%s\" of %s has gone, %lld s too early",
		             r->id, address, (long long)(since_s - limit_s));
}

static int look_for_evidence(struct store *st, struct record *r)
{
	struct arena a = { 0 };
	struct str bundle;
	int e = r->gone ? ERR_OK : store_evidence_get(st, r->id, &a, &bundle);
	arena_fini(&a);
	if (e != ERR_NOT_FOUND)
		return e;
	r->gone = true;
	check_gone_evidence(r);
	return ERR_OK;
}

int law_expiry_look(struct store *st)
{
	int e = order.pending ? law_kept_expired(st) : ERR_OK;
	if (!order.pending || e != ERR_OK)
		return e;
	for (size_t i = 0; i < order.test_n; i++)
		if (!law_test(order.tests[i].id))
			check_gone_test(&order.tests[i]);
	for (size_t i = 0; e == ERR_OK && i < record_n; i++)
		e = look_for_evidence(st, &records[i]);
	order.pending = e != ERR_OK;
	return e;
}

bool law_expiry_pending(void)
{
	return order.pending;
}
