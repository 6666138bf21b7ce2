/* SPDX-License-Identifier: ISC
 *
 * The end of a test: the one place where a verdict changes the list. One transaction loads the
 * state, asks lifecycle_step() what follows, and writes exactly that: verdict, results, evidence,
 * listing, proofs, follow-up tests, journal.
 */
#include "store/tests.h"

#include "store/steps-private.h"

#include <assert.h>

struct finish {
	struct store *st;
	const struct test_outcome *outcome;
	const struct lifecycle_policy *policy;
	struct test_row row;               /* as it was before */
	bool passed;
	struct lifecycle_state state;
	struct listing listing;            /* on the list if state.listed or LIFE_LIST */
	struct lifecycle_effects effects;
	char who[WHO_MAX], why[WHY_MAX];   /* for the journal */
	struct arena arena;
};

/* ---- what is proved ------------------------------------------------------------------- */

/* Our message came back: the host took it, or lied when it said it did not. */
static bool is_proof(const struct test_outcome *o, const struct case_result *r)
{
	assert(r >= o->results && r < o->results + o->result_count);
	return o->verdict == VERDICT_OPEN && r->returned > 0 &&
	       (r->accepted || r->stage == STAGE_MESSAGE);
}

static bool has_proof(const struct test_outcome *o)
{
	for (size_t i = 0; i < o->result_count; i++)
		if (is_proof(o, &o->results[i]))
			return true;
	return false;
}

static int check_outcome(const struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	const char *id = o->test_id;
	if (o->verdict <= VERDICT_NONE || o->verdict > VERDICT_INCONCLUSIVE)
		return store_fail(f->st, ERR_INVALID, "test %s cannot end without a verdict", id);
	if (o->verdict == VERDICT_OPEN && !has_proof(o))
		return store_fail(f->st, ERR_INVALID,
		                  "test %s: open, but no message came back: nothing is proved", id);
	if (f->row.t.state == TEST_DONE)
		return store_fail(f->st, ERR_EXISTS, "test %s has ended already", id);
	if (o->evidence.n && (!o->evidence_id || !*o->evidence_id))
		return store_fail(f->st, ERR_INVALID, "evidence without an id");
	return ERR_OK;
}

/* ---- what follows --------------------------------------------------------------------- */

/* It ended before, and something came back late: that can only put the host on the list. What
 * the forms were then says nothing of what they are now. */
static bool is_reopened(const struct finish *f)
{
	return f->row.t.finished_s != 0;
}

static int find_passed(void *context, const void *row)
{
	bool *passed = context;
	*passed = ((const struct test_row *)row)->passed;
	return *passed;
}

/* Whether a newer test of the same target has passed. */
static int is_superseded(const struct finish *f, bool *yes)
{
	struct row_range newer = {
		.index = TEST_BY_TARGET, .row = &f->row, .equal = 2, .bound = BOUND_AFTER,
	};
	*yes = false;
	assert(f->row.key > 0 && is_reopened(f));
	return row_each(f->st, ROW_TEST, &newer, NULL, find_passed, yes);
}

static struct lifecycle_effects effects_of(const struct finish *f,
                                           const struct lifecycle_event *event)
{
	if (is_reopened(f) && event->verdict != VERDICT_OPEN)
		return (struct lifecycle_effects){ .why = "a late return that proves nothing yet" };
	return lifecycle_step(&f->state, event, f->policy);
}

/* The journal's words. */
static void say_why(struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	const struct test *t = &f->row.t;
	struct buf text = { 0 };
	bool proof = f->effects.set & (LIFE_LIST | LIFE_REFRESH);
	if (proof && o->reason && *o->reason)
		buf_add_cstr(&text, o->reason);
	else
		buf_printf(&text, "port %u %s: %s%s", t->target.port, verdict_name(o->verdict),
		           f->effects.set & LIFE_WITHHOLD ? "not published: " : "",
		           f->effects.why);
	str_copy(f->why, sizeof(f->why), buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "test %s", t->id);
	str_copy(f->who, sizeof(f->who), buf_str(&text));
	assert(strlen(f->who) > strlen("test "));
	buf_fini(&text);
}

static int decide(struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	struct lifecycle_event event = {
		.type = is_reopened(f) ? LIFE_RETURN_LATE : LIFE_TEST_DONE,
		.verdict = o->verdict, .control_ok = o->control_ok,
		.forms_refused = o->forms_refused,
		.asked = f->row.t.reason == TEST_RETEST,
		.tries = f->row.t.tries ? f->row.t.tries : 1,
		.now_s = o->now_s,
	};
	int e = lifecycle_load(f->st, &f->row.t.target, o->now_s, &f->state, &f->listing);
	if (e == ERR_OK && is_reopened(f))
		e = is_superseded(f, &event.superseded);
	if (e != ERR_OK)
		return e;
	f->effects = effects_of(f, &event);
	f->passed = f->row.passed;
	if (!is_reopened(f))
		f->passed = lifecycle_passed(&event);
	else if (o->verdict == VERDICT_OPEN)
		f->passed = false;
	assert(!f->passed || o->verdict != VERDICT_OPEN || is_reopened(f));
	say_why(f);
	return ERR_OK;
}

/* ---- the test itself ------------------------------------------------------------------ */

static int save_verdict(const struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	struct test_row done = f->row;
	int e = ERR_OK;
	if (o->result_count)
		e = results_save(f->st, done.key, o->results, o->result_count);
	if (e != ERR_OK)
		return e;
	/* Its intents stay: it may be reopened, and then too nothing is sent twice. */
	assert(done.t.state != TEST_DONE && o->verdict != VERDICT_NONE);
	done.t.state = TEST_DONE;
	done.t.verdict = o->verdict;
	assert(o->cause == CAUSE_NONE || o->verdict == VERDICT_UNREACHABLE);
	done.t.cause = o->cause;
	done.passed = f->passed;
	done.lease_until_s = 0;
	done.again = CONSENT_NONE;
	if (o->seconds > 0)
		done.t.seconds = o->seconds;
	if (done.t.started_s == 0)
		done.t.started_s = o->now_s - (int64_t)o->seconds;
	if (done.t.finished_s == 0)
		done.t.finished_s = o->now_s;
	str_copy(done.t.why, sizeof(done.t.why), str_of(o->why ? o->why : ""));
	if (o->evidence_id && *o->evidence_id)
		str_copy(done.t.evidence_id, sizeof(done.t.evidence_id), str_of(o->evidence_id));
	return row_update(f->st, ROW_TEST, &done);
}

static int save_evidence(const struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	if (o->evidence.n == 0)
		return ERR_OK;
	assert(o->evidence_id && *o->evidence_id);
	return evidence_keep(f->st, o->evidence_id, &f->row.t.target.ip, o->evidence, o->now_s);
}

/* ---- the list ------------------------------------------------------------------------- */

static void take_evidence(struct finish *f)
{
	const char *id = f->outcome->evidence_id;
	if (id && *id)
		str_copy(f->listing.evidence_id, sizeof(f->listing.evidence_id), str_of(id));
	f->listing.seen_as = f->outcome->seen_as;
	f->listing.known_as = f->outcome->known_as;
	assert(f->listing.seen_as.family || !f->listing.known_as.family);
}

static int put_on_list(struct finish *f)
{
	struct listing *l = &f->listing;
	assert(!f->state.listed && !f->state.excluded && !f->state.withheld);
	*l = (struct listing){
		.address = f->row.t.target.ip, .since_s = f->outcome->now_s,
		.last_test_s = f->outcome->now_s,
	};
	memcpy(l->reason, f->why, sizeof(l->reason));
	take_evidence(f);
	return row_add(f->st, ROW_LISTING, l);
}

/* Reason and evidence of a listing are those of its newest proof; what the operator gave as
 * the reason of his word stands as long as his word. */
static void refresh(struct finish *f)
{
	assert(f->state.listed);
	if (!f->listing.by_operator)
		memcpy(f->listing.reason, f->why, sizeof(f->listing.reason));
	take_evidence(f);
}

static int save_proofs(const struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < o->result_count; i++) {
		const struct case_result *r = &o->results[i];
		struct proof_row row = {
			.address = f->row.t.target.ip,
			.p = { .port = f->row.t.target.port, .output = r->output,
			       .time_s = o->now_s },
		};
		if (!is_proof(o, r))
			continue;
		memcpy(row.p.case_id, r->id, sizeof(row.p.case_id));
		memcpy(row.p.test_id, f->row.t.id, sizeof(row.p.test_id));
		e = row_put(f->st, ROW_PROOF, &row);
	}
	return e;
}

static int newest_proof(void *context, const void *row)
{
	struct proof_row *newest = context;
	const struct proof_row *proof = row;
	if (newest->p.port == 0 || proof->p.time_s > newest->p.time_s)
		*newest = *proof;
	return 0;
}

/* The listing speaks of that proof from now on. */
static int speak_of(struct finish *f, const struct proof *p)
{
	struct listing *l = &f->listing;
	struct test_row test = { 0 };
	memcpy(test.t.id, p->test_id, sizeof(test.t.id));
	int e = row_get(f->st, ROW_TEST, TEST_BY_ID, &test, NULL);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	memcpy(l->evidence_id, test.t.evidence_id, sizeof(l->evidence_id));
	/* What that test saw stands in its evidence alone. */
	l->seen_as = l->known_as = (struct ip){ 0 };
	if (l->by_operator)
		return ERR_OK;
	struct buf reason = { 0 };
	buf_printf(&reason, "open relay on port %u (%s)", p->port, p->case_id);
	str_copy(l->reason, sizeof(l->reason), buf_str(&reason));
	buf_fini(&reason);
	return ERR_OK;
}

/* The port's proofs are refuted. If others stand, the listing speaks of the newest. */
static int clear_port(struct finish *f)
{
	struct proof_row of = {
		.address = f->row.t.target.ip, .p.port = f->row.t.target.port,
	}, newest = { 0 };
	struct row_range its = { .row = &of, .equal = 2 }, all = { .row = &of, .equal = 1 };
	int e = row_clear(f->st, ROW_PROOF, &its, NULL);
	if (e == ERR_OK)
		e = row_each(f->st, ROW_PROOF, &all, NULL, newest_proof, &newest);
	if (e != ERR_OK || newest.p.port == 0 || !f->state.listed)
		return e;
	assert(newest.p.port != of.p.port);
	return speak_of(f, &newest.p);
}

static int take_off_list(struct finish *f)
{
	int e = listing_remove(f->st, &f->listing);
	assert(f->state.listed);
	if (e != ERR_OK)
		return e;
	return reports_close(f->st, &f->listing.address, "the relay passed its retest",
	                     f->outcome->now_s);
}

/* A test of a host that is not listed and stays so is no change of the list: the table
 * of tests has it. That a proof was withheld must be seen. */
static int journal(const struct finish *f)
{
	unsigned set = f->effects.set;
	enum journal_action action = set & LIFE_LIST ? JOURNAL_LIST :
		set & LIFE_DELIST ? JOURNAL_DELIST :
		set & LIFE_REFRESH ? JOURNAL_REFRESH : JOURNAL_TEST;
	if (action == JOURNAL_TEST && !f->state.listed && !(set & LIFE_WITHHOLD))
		return ERR_OK;
	return journal_add_ip(f->st, action, &f->row.t.target.ip, f->who, f->why,
	                      f->outcome->now_s);
}

/* What the listing says, if it is still there. */
static int save_listing(struct finish *f)
{
	unsigned set = f->effects.set;
	bool on_list = (f->state.listed || set & LIFE_LIST) && !(set & LIFE_DELIST);
	if (!on_list)
		return ERR_OK;
	assert(ip_eq(&f->listing.address, &f->row.t.target.ip));
	if (set & LIFE_SET_RECHECK)
		f->listing.recheck_s = f->effects.at_s;
	if (f->state.listed && !is_reopened(f))
		f->listing.last_test_s = f->outcome->now_s;
	return row_update(f->st, ROW_LISTING, &f->listing);
}

static int change_list(struct finish *f)
{
	unsigned set = f->effects.set;
	int e = ERR_OK;
	assert(!(set & LIFE_LIST && set & LIFE_DELIST));
	if (set & LIFE_LIST)
		e = put_on_list(f);
	if (e == ERR_OK && (set & LIFE_REFRESH))
		refresh(f);
	if (e == ERR_OK && (set & (LIFE_LIST | LIFE_REFRESH)))
		e = save_proofs(f);
	if (e == ERR_OK && (set & LIFE_CLEAR_PORT))
		e = clear_port(f);
	if (e == ERR_OK && (set & LIFE_DELIST))
		e = take_off_list(f);
	if (e == ERR_OK)
		e = save_listing(f);
	return e == ERR_OK ? journal(f) : e;
}

/* The outputs that this test proves, and those of the address before. */
static int watch_outputs(struct finish *f, struct outputs_watch *watch)
{
	const struct test_outcome *o = f->outcome;
	struct ip *outputs = arena_alloc(&f->arena, (o->result_count + 1) * sizeof(*outputs));
	size_t n = 0;
	for (size_t i = 0; i < o->result_count; i++)
		if (is_proof(o, &o->results[i]))
			outputs[n++] = o->results[i].output;
	assert(n <= o->result_count);
	return outputs_watch(f->st, &f->row.t.target.ip, outputs, n, &f->arena, watch);
}

/* ---- the tests that follow --------------------------------------------------------------- */

/* The same test again, later: a new one, with new tokens. It stays what it was asked as,
 * so that an owner gets an answer, and it counts the tries on. */
static int queue_retry(const struct finish *f)
{
	struct test t = f->row.t;
	assert(f->effects.at_s >= f->outcome->now_s);
	t.reason = t.reason == TEST_RETEST ? TEST_RETEST : TEST_RETRY;
	t.tries = t.tries ? t.tries : 1;
	t.cause = CAUSE_NONE;
	t.created_s = f->outcome->now_s;
	t.not_before_s = f->effects.at_s;
	return test_insert(f->st, &t);
}

/* The retest that was asked for while this test was under way: what it found was before
 * the asker's word that something has changed. */
static int queue_next(struct finish *f)
{
	assert(f->row.t.state != TEST_DONE);
	if (f->row.again != CONSENT_NONE) {
		f->effects.set &= ~(unsigned)LIFE_QUEUE_RETRY;
		return test_insert_again(f->st, &f->row, f->outcome->now_s);
	}
	return f->effects.set & LIFE_QUEUE_RETRY ? queue_retry(f) : ERR_OK;
}

/* ---- all of it ------------------------------------------------------------------------- */

static int finish(struct finish *f)
{
	struct outputs_watch watch = { 0 };
	int e = test_find(f->st, f->outcome->test_id, &f->row);
	if (e == ERR_OK)
		e = check_outcome(f);
	if (e == ERR_OK)
		e = clock_guard(f->st, f->outcome->now_s);
	if (e == ERR_OK)
		e = decide(f);
	if (e == ERR_OK)
		e = save_verdict(f);
	if (e == ERR_OK)
		e = save_evidence(f);
	if (e == ERR_OK)
		e = watch_outputs(f, &watch);
	if (e == ERR_OK)
		e = change_list(f);
	if (e == ERR_OK)
		e = outputs_journal(f->st, &watch, f->outcome->now_s);
	return e == ERR_OK ? queue_next(f) : e;
}

int store_test_finish(struct store *st, const struct test_outcome *outcome,
                      const struct lifecycle_policy *policy, struct lifecycle_effects *effects)
{
	struct finish f = { .st = st, .outcome = outcome, .policy = policy };
	*effects = (struct lifecycle_effects){ .why = "" };
	assert(outcome->result_count <= CASES_MAX * 2);
	int e = store_begin(st, PLACE_LIST, STORE_TESTS | STORE_LIST, "test_finish");
	if (e == ERR_OK)
		e = store_end(st, finish(&f));
	assert(e != ERR_OK || !(f.effects.set & LIFE_LIST) || outcome->verdict == VERDICT_OPEN);
	if (e == ERR_OK)
		*effects = f.effects;
	arena_fini(&f.arena);
	return e;
}
