/* SPDX-License-Identifier: ISC
 *
 * Retests that the owner or the operator asks for, and rechecks that are due.
 */
#include "store/list.h"

#include "store/steps-private.h"

#include <assert.h>

enum { RECHECKS_MAX = 1000 };          /* in one transaction */

struct asking {
	const struct ip *address;
	enum consent consent;
	enum test_reason reason;
	const char *who, *reply_to, *message_id;
	int64_t now_s;
};

/* ---- one port ------------------------------------------------------------------------- */

/* One that waits in the queue is brought forward. */
static int bring_forward(struct store *st, const struct asking *ask, struct test_row *live)
{
	struct test *t = &live->t;
	assert(t->state == TEST_QUEUED && t->rounds == 0);
	t->reason = ask->reason;
	str_copy(t->who, sizeof(t->who), str_of(ask->who));
	str_copy(t->reply_to, sizeof(t->reply_to), str_of(ask->reply_to));
	str_copy(t->message_id, sizeof(t->message_id), str_of(ask->message_id));
	if (ask->consent > t->consent)
		t->consent = ask->consent;
	t->tries = 0;
	if (ask->now_s < t->not_before_s)
		t->not_before_s = ask->now_s;
	return row_update(st, ROW_TEST, live);
}

/* One under way may have seen the host before it was repaired: the retest comes after it. */
static int test_again(struct store *st, const struct asking *ask, struct test_row *live)
{
	assert(ask->consent != CONSENT_NONE && live->t.state != TEST_QUEUED);
	live->again = ask->consent;
	str_copy(live->again_who, sizeof(live->again_who), str_of(ask->who));
	str_copy(live->again_reply_to, sizeof(live->again_reply_to), str_of(ask->reply_to));
	str_copy(live->again_message_id, sizeof(live->again_message_id),
	         str_of(ask->message_id));
	return row_update(st, ROW_TEST, live);
}

static int queue_port(struct store *st, const struct asking *ask, uint16_t port,
                      unsigned *queued)
{
	struct test t = {
		.target = { *ask->address, port }, .consent = ask->consent, .reason = ask->reason,
		.created_s = ask->now_s, .not_before_s = ask->now_s,
	};
	struct test_row live;
	str_copy(t.who, sizeof(t.who), str_of(ask->who));
	str_copy(t.reply_to, sizeof(t.reply_to), str_of(ask->reply_to));
	str_copy(t.message_id, sizeof(t.message_id), str_of(ask->message_id));
	int e = test_of_target(st, &t.target, &live);
	if (e == ERR_NOT_FOUND) {
		e = test_insert(st, &t);
		*queued += e == ERR_OK;
		return e;
	}
	if (e != ERR_OK || ask->reason == TEST_RECHECK)
		return e;
	*queued += 1;
	if (live.t.state != TEST_QUEUED)
		return test_again(st, ask, &live);
	if (live.t.rounds == 0)
		return bring_forward(st, ask, &live);
	/* What it has heard so far was before the asker's word: it gives way to a new one. */
	e = test_give_up(st, &live, ask->now_s);
	return e == ERR_OK ? test_insert(st, &t) : e;
}

/* Every port with a standing proof; without any, the port that mail comes to. */
static int queue_ports(struct store *st, const struct asking *ask, unsigned *queued)
{
	struct arena a = { 0 };
	struct proof_row of = { .address = *ask->address }, *proofs = NULL;
	struct row_wish wish = { .range = { .row = &of, .equal = 1 } };
	size_t n = 0;
	assert(ask->consent != CONSENT_NONE);
	int e = row_list(st, ROW_PROOF, &wish, &a, &proofs, &n);
	if (e == ERR_OK && n == 0)
		e = queue_port(st, ask, 25, queued);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (i == 0 || proofs[i].p.port != proofs[i - 1].p.port)
			e = queue_port(st, ask, proofs[i].p.port, queued);
	arena_fini(&a);
	return e;
}

/* ---- a retest ------------------------------------------------------------------------- */

/* Of an address without a listing of its own. */
static int refuse_part(struct store *st, const struct ip *address)
{
	struct prefix whole = prefix_of(address, ip_bits(address));
	struct listed_range around;
	char text[PREFIX_TEXT_MAX];
	int e = store_range_around(st, &whole, &around);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	return store_fail(st, ERR_DENIED, "listed as part of %s by the operator's word, which no "
	                  "test ends: only \"portreeve delist\" of that range does",
	                  prefix_format(&around.range, text));
}

static int retest(struct store *st, struct asking *ask, bool by_mail, unsigned *queued)
{
	struct endpoint target = { *ask->address, 0 };
	struct lifecycle_event event = { .type = LIFE_RETEST_ASKED, .now_s = ask->now_s };
	struct lifecycle_policy none = { 0 };          /* asking needs no policy */
	struct lifecycle_state state;
	struct listing l;
	int e = lifecycle_load(st, &target, ask->now_s, &state, &l);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, &none);
	if (!state.listed)
		e = refuse_part(st, ask->address);
	if (e != ERR_OK)
		return e;
	if (effects.set & LIFE_REFUSE)
		return store_fail(st, state.listed ? ERR_DENIED : ERR_NOT_FOUND, "%s",
		                  effects.why);
	assert(state.listed && !state.excluded);
	ask->consent = CONSENT_OWNER;
	if (!by_mail)
		e = admission_standing(st, ask->address, ask->now_s, &ask->consent);
	if (e == ERR_OK && ask->consent == CONSENT_NONE)
		return store_fail(st, ERR_DENIED, "no consent holds for a test; permit it, or"
		                  " let its owner ask by mail");
	if (e == ERR_OK)
		e = queue_ports(st, ask, queued);
	if (e == ERR_OK)
		e = journal_add_ip(st, JOURNAL_RETEST, ask->address, ask->who, effects.why,
		                   ask->now_s);
	return e;
}

int store_retest(struct store *st, const struct ip *address, const char *who,
                 const char *reply_to, const char *message_id, int64_t now_s,
                 unsigned *queued)
{
	struct asking ask = {
		.address = address, .reason = TEST_RETEST, .who = who,
		.reply_to = reply_to ? reply_to : "",
		.message_id = message_id ? message_id : "", .now_s = now_s,
	};
	assert(reply_to || !message_id);
	*queued = 0;
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "retest");
	if (e == ERR_OK)
		e = store_end(st, retest(st, &ask, reply_to != NULL, queued));
	if (e != ERR_OK)
		*queued = 0;
	assert(e != ERR_OK || *queued > 0);
	return e;
}

/* ---- rechecks ------------------------------------------------------------------------- */

static int recheck_set(struct store *st, struct listing *l, int64_t at_s)
{
	assert(at_s > 0);
	l->recheck_s = at_s;
	return row_update(st, ROW_LISTING, l);
}

/* Planned by a clock that was ahead: never further away than the interval. */
static int recheck_cap(struct store *st, int64_t latest_s)
{
	struct arena a = { 0 };
	struct listing latest = { .recheck_s = latest_s }, *rows = NULL;
	struct row_wish beyond = { .range = {
		.index = LISTING_BY_RECHECK, .row = &latest, .bound = BOUND_AFTER,
	} };
	size_t n = 0;
	int e = row_list(st, ROW_LISTING, &beyond, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		assert(rows[i].recheck_s > latest_s);
		e = recheck_set(st, &rows[i], latest_s);
	}
	arena_fini(&a);
	return e;
}

/* Queues the recheck of one listing, or puts it off where no test may run. */
static int recheck(struct store *st, const struct ip *address, int64_t now_s,
                   const struct lifecycle_policy *policy, unsigned *queued)
{
	struct endpoint target = { *address, 0 };
	struct lifecycle_event event = { .type = LIFE_RECHECK_DUE, .now_s = now_s };
	struct lifecycle_state state;
	struct listing l;
	struct asking ask = {
		.address = address, .reason = TEST_RECHECK, .who = "recheck", .reply_to = "",
		.message_id = "", .now_s = now_s,
	};
	int e = lifecycle_load(st, &target, now_s, &state, &l);
	if (e != ERR_OK)
		return e;
	assert(state.listed && l.recheck_s <= now_s);
	struct lifecycle_effects effects = lifecycle_step(&state, &event, policy);
	if (effects.set & LIFE_SET_RECHECK)
		return recheck_set(st, &l, effects.at_s);
	if (!(effects.set & LIFE_QUEUE_RETEST))
		return ERR_OK;
	e = admission_standing(st, address, now_s, &ask.consent);
	if (e == ERR_OK && ask.consent == CONSENT_NONE)
		return recheck_set(st, &l, now_s + policy->recheck_interval_s);
	return e == ERR_OK ? queue_ports(st, &ask, queued) : e;
}

static int recheck_due(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                       unsigned *queued)
{
	struct arena a = { 0 };
	struct listing now = { .recheck_s = now_s }, *rows = NULL;
	struct row_wish due = {
		.range = { .index = LISTING_BY_RECHECK, .row = &now, .bound = BOUND_UPTO },
		.max = RECHECKS_MAX,
	};
	size_t n = 0;
	int e = recheck_cap(st, now_s + policy->recheck_interval_s);
	if (e == ERR_OK)
		e = row_list(st, ROW_LISTING, &due, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = recheck(st, &rows[i].address, now_s, policy, queued);
	arena_fini(&a);
	return e;
}

static int is_any(struct store *st, int64_t recheck_s, enum row_bound bound, bool *any)
{
	struct listing l = { .recheck_s = recheck_s };
	struct row_range range = { .index = LISTING_BY_RECHECK, .row = &l, .bound = bound };
	int e = row_first(st, ROW_LISTING, &range, &l, NULL);
	*any |= e == ERR_OK;
	assert(e != ERR_OK || (bound == BOUND_UPTO) == (l.recheck_s <= recheck_s));
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Looking costs no lock and no write. */
int store_rechecks(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                   unsigned *queued)
{
	bool any = false;
	*queued = 0;
	assert(policy->recheck_interval_s >= 0);
	int e = clock_guard(st, now_s);
	if (e == ERR_OK)
		e = is_any(st, now_s, BOUND_UPTO, &any);
	if (e == ERR_OK)
		e = is_any(st, now_s + policy->recheck_interval_s, BOUND_AFTER, &any);
	if (e != ERR_OK || !any)
		return e;
	e = store_begin(st, PLACE_LIST, STORE_TESTS | STORE_LIST, "rechecks");
	if (e == ERR_OK)
		e = store_end(st, recheck_due(st, now_s, policy, queued));
	if (e != ERR_OK)
		*queued = 0;
	return e;
}
