/* SPDX-License-Identifier: ISC
 *
 * What changes the list. Each function is one transaction: it loads the state, asks
 * lifecycle_step() what follows, and writes exactly that: list, proofs, follow-up tests,
 * evidence, journal. The journal's row is the serial.
 */
#include "sqlite/operations-private.h"

#include <stdlib.h>

static int load_state(struct sqlite_store *s, const struct endpoint *target, int64_t now_s,
                      struct lifecycle_state *state)
{
	struct listing l;
	struct consent_answer answer;
	*state = (struct lifecycle_state){ 0 };
	int e = listing_load(&s->main, &target->ip, &l);
	if (e == ERR_OK) {
		state->listed = true;
		state->by_operator = l.by_operator;
	} else if (e != ERR_NOT_FOUND) {
		return e;
	}
	e = store_consent(&s->base, &target->ip, now_s, &answer);
	if (e != ERR_OK)
		return e;
	state->excluded = answer.excluded;
	state->withheld = fuse_refuses_ip(&s->base.fuse, &target->ip);

	struct query q = query(&s->main, "SELECT count(DISTINCT port), coalesce(max(port = ?), 0)"
	                                 " FROM proofs WHERE address = ?");
	bind_int(&q, target->port);
	bind_ip(&q, &target->ip);
	e = query_one(&q);
	if (e != ERR_OK)
		return e;
	state->open_ports = (unsigned)col_int(&q);
	state->this_port_open = col_int(&q) != 0;
	return query_end(&q);
}

/* ---- the end of a test ----------------------------------------------------- */

struct finish {
	struct sqlite_store *s;
	const struct test_outcome *outcome;
	struct test_row row;
	struct lifecycle_state state;
	struct lifecycle_effects effects;
	char who[WHO_MAX], why[WHY_MAX];   /* for the journal */
};

/* Our message came back: the host took it, or lied when it said it did not. */
static bool is_proof(const struct test_outcome *o, const struct case_result *r)
{
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

/* Whether a newer test of the same target has passed. */
static int superseded(struct finish *f, bool *yes)
{
	struct query q = query(&f->s->main, "SELECT EXISTS (SELECT 1 FROM tests WHERE address = ?"
	                                    " AND port = ? AND key > ? AND passed)");
	bind_ip(&q, &f->row.t.target.ip);
	bind_int(&q, f->row.t.target.port);
	bind_int(&q, f->row.key);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*yes = col_int(&q) != 0;
	return query_end(&q);
}

static int check_outcome(struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	const char *id = o->test_id;
	bool done = f->row.t.state == TEST_DONE;
	if (o->verdict <= VERDICT_NONE || o->verdict > VERDICT_INCONCLUSIVE)
		return store_fail(&f->s->base, ERR_INVALID, "test %s cannot end without a verdict", id);
	if (o->verdict == VERDICT_OPEN && !has_proof(o))
		return store_fail(&f->s->base, ERR_INVALID,
		                  "test %s: open, but no message came back: nothing is proved", id);
	if (done)
		return store_fail(&f->s->base, ERR_EXISTS, "test %s has ended already", id);
	return ERR_OK;
}

/* It ended before, and something came back late: that can only put the host on the list. What
 * the forms were then says nothing of what they are now. */
static bool is_reopened(const struct finish *f)
{
	return f->row.t.finished_s != 0;
}

static struct lifecycle_effects effects_of(struct finish *f, const struct lifecycle_event *event,
                                           const struct lifecycle_policy *policy)
{
	if (is_reopened(f) && event->verdict != VERDICT_OPEN)
		return (struct lifecycle_effects){ .why = "a late return that proves nothing yet" };
	return lifecycle_step(&f->state, event, policy);
}

static int decide(struct finish *f, const struct lifecycle_policy *policy)
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
	int e = load_state(f->s, &f->row.t.target, o->now_s, &f->state);
	if (e == ERR_OK && is_reopened(f))
		e = superseded(f, &event.superseded);
	if (e != ERR_OK)
		return e;
	f->effects = effects_of(f, &event, policy);
	if (!is_reopened(f))
		f->row.passed = lifecycle_passed(&event);
	else if (o->verdict == VERDICT_OPEN)
		f->row.passed = false;

	struct buf why = { 0 };
	bool proof = f->effects.set & (LIFE_LIST | LIFE_REFRESH);
	if (proof && o->reason && *o->reason)
		buf_add_cstr(&why, o->reason);
	else
		buf_printf(&why, "port %u %s: %s%s", f->row.t.target.port,
		           verdict_name(o->verdict),
		           f->effects.set & LIFE_WITHHOLD ? "not published: " : "", f->effects.why);
	str_copy(f->why, sizeof(f->why), buf_str(&why));
	buf_clear(&why);
	buf_printf(&why, "test %s", f->row.t.id);
	str_copy(f->who, sizeof(f->who), buf_str(&why));
	buf_fini(&why);
	return ERR_OK;
}

static int save_verdict(struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	struct db *db = &f->s->main;
	int e = ERR_OK;
	if (o->result_count)
		e = results_save(db, f->row.key, o->results, o->result_count);
	if (e != ERR_OK)
		return e;

	/* Its intents stay: it may be reopened, and then too nothing is sent twice. */
	const struct test *t = &f->row.t;
	struct query q = query(db, "UPDATE tests SET state = 3, verdict = ?, passed = ?,"
	                           " seconds = ?, started_s = ?, finished_s = ?, again = 0,"
	                           " lease_until_s = 0, why = ?, evidence_id ="
	                           " coalesce(nullif(?, ''), evidence_id) WHERE key = ?");
	bind_int(&q, o->verdict);
	bind_int(&q, f->row.passed);
	bind_real(&q, o->seconds > 0 ? o->seconds : t->seconds);
	bind_int(&q, t->started_s ? t->started_s : o->now_s - (int64_t)o->seconds);
	bind_int(&q, t->finished_s ? t->finished_s : o->now_s);
	bind_text(&q, o->why ? o->why : "");
	bind_text(&q, o->evidence_id ? o->evidence_id : "");
	bind_int(&q, f->row.key);
	return query_run(&q);
}

static int save_evidence(struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	if (o->evidence.n == 0)
		return ERR_OK;
	if (!o->evidence_id || !*o->evidence_id)
		return store_fail(&f->s->base, ERR_INVALID, "evidence without an id");
	struct buf packed = { 0 };
	bundle_pack(o->evidence, &packed);
	struct query q = query(&f->s->main, "INSERT OR IGNORE INTO evidence"
	                                    " (id, address, time_s, bundle) VALUES (?, ?, ?, ?)");
	bind_text(&q, o->evidence_id);
	bind_ip(&q, &f->row.t.target.ip);
	bind_int(&q, o->now_s);
	bind_blob(&q, buf_str(&packed));
	int e = query_run(&q);
	buf_fini(&packed);
	return e;
}

static int proof_insert(struct finish *f, const struct case_result *r)
{
	struct query q = query(&f->s->main, "INSERT OR REPLACE INTO proofs"
	                                    " (address, port, case_id, test_id, output, time_s)"
	                                    " VALUES (?, ?, ?, ?, ?, ?)");
	bind_ip(&q, &f->row.t.target.ip);
	bind_int(&q, f->row.t.target.port);
	bind_text(&q, r->id);
	bind_text(&q, f->row.t.id);
	bind_ip(&q, &r->output);
	bind_int(&q, f->outcome->now_s);
	return query_run(&q);
}

static int save_proofs(struct finish *f)
{
	const struct test_outcome *o = f->outcome;
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < o->result_count; i++)
		if (is_proof(o, &o->results[i]))
			e = proof_insert(f, &o->results[i]);
	return e;
}

static int listing_insert(struct db *db, const struct listing *l)
{
	struct query q = query(db, "INSERT INTO listings (address, reason, since_s, last_test_s,"
	                           " recheck_s, evidence_id, by_operator)"
	                           " VALUES (?, ?, ?, ?, ?, ?, ?)");
	bind_ip(&q, &l->address);
	bind_text(&q, l->reason);
	bind_int(&q, l->since_s);
	bind_int(&q, l->last_test_s);
	bind_int(&q, l->recheck_s);
	bind_text(&q, l->evidence_id);
	bind_int(&q, l->by_operator);
	return query_run(&q);
}

static int put_on_list(struct finish *f)
{
	struct listing l = {
		.address = f->row.t.target.ip,
		.since_s = f->outcome->now_s, .last_test_s = f->outcome->now_s,
	};
	str_copy(l.reason, sizeof(l.reason), str_of(f->why));
	str_copy(l.evidence_id, sizeof(l.evidence_id), str_of(f->outcome->evidence_id));
	return listing_insert(&f->s->main, &l);
}

/* Reason and evidence of a listing are those of its newest proof; what the operator gave as
 * the reason of his word stands as long as his word. */
static int refresh(struct finish *f)
{
	struct query q = query(&f->s->main, "UPDATE listings SET reason = CASE WHEN by_operator"
	                                    " THEN reason ELSE ? END, evidence_id ="
	                                    " coalesce(nullif(?, ''), evidence_id)"
	                                    " WHERE address = ?");
	bind_text(&q, f->why);
	bind_text(&q, f->outcome->evidence_id ? f->outcome->evidence_id : "");
	bind_ip(&q, &f->row.t.target.ip);
	return query_run(&q);
}

/* The port's proofs are refuted. If others stand, the listing speaks of the newest. */
static int clear_port(struct finish *f)
{
	struct db *db = &f->s->main;
	const struct endpoint *target = &f->row.t.target;
	struct query q = query(db, "DELETE FROM proofs WHERE address = ? AND port = ?");
	bind_ip(&q, &target->ip);
	bind_int(&q, target->port);
	int e = query_run(&q);
	if (e != ERR_OK)
		return e;
	q = query(db, "UPDATE listings SET (reason, evidence_id) ="
	              " (SELECT CASE WHEN listings.by_operator THEN listings.reason ELSE"
	              "   'open relay on port ' || p.port || ' (' || p.case_id || ')' END,"
	              "  coalesce(t.evidence_id, '') FROM proofs AS p"
	              "  LEFT JOIN tests AS t ON t.id = p.test_id"
	              "  WHERE p.address = listings.address ORDER BY p.time_s DESC LIMIT 1)"
	              " WHERE address = ? AND EXISTS"
	              " (SELECT 1 FROM proofs AS p WHERE p.address = listings.address)");
	bind_ip(&q, &target->ip);
	return query_run(&q);
}

/* The same test again, later: a new one, with new tokens. It stays what it was asked as,
 * so that an owner gets an answer, and it counts the tries on. */
static int queue_retry(struct finish *f)
{
	struct test t = f->row.t;
	t.reason = t.reason == TEST_RETEST ? TEST_RETEST : TEST_RETRY;
	t.tries = t.tries ? t.tries : 1;
	t.created_s = f->outcome->now_s;
	t.not_before_s = f->effects.at_s;
	return test_insert(&f->s->main, &t);
}

/* The retest that was asked for while this test was under way: what it found was before
 * the asker's word that something has changed. */
static int queue_again(struct finish *f)
{
	f->effects.set &= ~(unsigned)LIFE_QUEUE_RETRY;
	return test_insert_again(&f->s->main, &f->row, f->outcome->now_s);
}

static int set_last_test(struct finish *f)
{
	struct query q = query(&f->s->main, "UPDATE listings SET last_test_s = ?"
	                                    " WHERE address = ?");
	bind_int(&q, f->outcome->now_s);
	bind_ip(&q, &f->row.t.target.ip);
	return query_run(&q);
}

/* A test of a host that is not listed and stays so is no change of the list: the table
 * of tests has it. That a proof was withheld must be seen. */
static int journal(struct finish *f)
{
	unsigned set = f->effects.set;
	enum journal_action action = set & LIFE_LIST ? JOURNAL_LIST :
		set & LIFE_DELIST ? JOURNAL_DELIST :
		set & LIFE_REFRESH ? JOURNAL_REFRESH : JOURNAL_TEST;
	if (action == JOURNAL_TEST && !f->state.listed && !(set & LIFE_WITHHOLD))
		return ERR_OK;
	return old_journal_add_ip(&f->s->main, action, &f->row.t.target.ip, f->who, f->why,
	                      f->outcome->now_s);
}

static int change_list(struct finish *f)
{
	struct db *db = &f->s->main;
	const struct ip *address = &f->row.t.target.ip;
	unsigned set = f->effects.set;
	int e = ERR_OK;
	if (set & LIFE_LIST)
		e = put_on_list(f);
	if (e == ERR_OK && (set & LIFE_REFRESH))
		e = refresh(f);
	if (e == ERR_OK && (set & (LIFE_LIST | LIFE_REFRESH)))
		e = save_proofs(f);
	if (e == ERR_OK && (set & LIFE_CLEAR_PORT))
		e = clear_port(f);
	if (e == ERR_OK && (set & LIFE_DELIST))
		e = listing_remove(db, address);
	if (e == ERR_OK && (set & LIFE_DELIST))
		e = reports_close(&f->s->base, address, "the relay passed its retest", f->outcome->now_s);
	if (e == ERR_OK && (set & LIFE_SET_RECHECK))
		e = recheck_set(db, address, f->effects.at_s);
	if (e == ERR_OK && f->state.listed && !is_reopened(f))
		e = set_last_test(f);
	if (e == ERR_OK)
		e = journal(f);
	return e;
}

static int finish(struct finish *f, const struct lifecycle_policy *policy)
{
	struct db *db = &f->s->main;
	struct rows published = { 0 };
	int e = test_load(db, f->outcome->test_id, &f->row);
	if (e == ERR_NOT_FOUND)
		return store_fail(&f->s->base, e, "no test has the id \"%s\"", f->outcome->test_id);
	if (e == ERR_OK)
		e = check_outcome(f);
	if (e == ERR_OK)
		e = clock_guard(&f->s->base, f->outcome->now_s);
	if (e == ERR_OK)
		e = decide(f, policy);
	if (e == ERR_OK)
		e = save_verdict(f);
	if (e == ERR_OK)
		e = save_evidence(f);
	if (e == ERR_OK)
		e = outputs_published(f->s, &published);
	if (e == ERR_OK)
		e = change_list(f);
	if (e == ERR_OK)
		e = outputs_journal(f->s, &published, f->outcome->now_s);
	if (e == ERR_OK && f->row.again != CONSENT_NONE)
		e = queue_again(f);
	else if (e == ERR_OK && (f->effects.set & LIFE_QUEUE_RETRY))
		e = queue_retry(f);
	free(published.v);
	return e;
}

int sqlite_test_finish(struct store *st, const struct test_outcome *outcome,
                       const struct lifecycle_policy *policy, struct lifecycle_effects *effects)
{
	struct finish f = { .s = sqlite_of(st), .outcome = outcome };
	int e = db_begin(&f.s->main);
	if (e != ERR_OK)
		return e;
	e = db_end(&f.s->main, finish(&f, policy));
	if (e == ERR_OK)
		*effects = f.effects;
	return e;
}

/* ---- the operator's word --------------------------------------------------- */

static int operator_list(struct sqlite_store *s, const struct ip *address, const char *who,
                         const char *why, const struct lifecycle_policy *policy, int64_t now_s)
{
	struct endpoint target = { *address, 0 };
	struct lifecycle_event event = { .type = LIFE_OPERATOR_LIST, .now_s = now_s };
	struct lifecycle_state state;
	char text[IP_TEXT_MAX];
	int e = load_state(s, &target, now_s, &state);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, policy);
	ip_format(address, text);
	if (effects.set & LIFE_REFUSE && !state.listed)
		return store_fail(&s->base, ERR_DENIED, "may not be published: %s; see \"list\" in "
		                  "portreeve.conf(5)", effects.why);
	if (effects.set & LIFE_REFUSE)
		return store_fail(&s->base, ERR_EXISTS, "%s: %s", text, effects.why);
	struct listing l = {
		.address = *address, .since_s = now_s, .recheck_s = effects.at_s,
		.by_operator = true,
	};
	str_copy(l.reason, sizeof(l.reason), str_of(why));
	e = listing_insert(&s->main, &l);
	if (e == ERR_OK)
		e = old_journal_add_ip(&s->main, JOURNAL_LIST, address, who, why, now_s);
	return e;
}

int sqlite_list(struct store *st, const struct ip *address, const char *who, const char *why,
                const struct lifecycle_policy *policy, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	return db_end(&s->main, operator_list(s, address, who, why, policy, now_s));
}

static int operator_delist(struct sqlite_store *s, const struct ip *address, const char *who,
                           const char *why, int64_t now_s)
{
	struct endpoint target = { *address, 0 };
	struct lifecycle_event event = { .type = LIFE_OPERATOR_DELIST, .now_s = now_s };
	struct lifecycle_policy none = { 0 };          /* the word needs no policy */
	struct lifecycle_state state;
	struct rows published = { 0 };
	char text[IP_TEXT_MAX];
	int e = load_state(s, &target, now_s, &state);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, &none);
	if (effects.set & LIFE_REFUSE)
		return store_fail(&s->base, ERR_NOT_FOUND, "%s: %s", ip_format(address, text),
		                  effects.why);
	e = outputs_published(s, &published);
	if (e == ERR_OK)
		e = listing_remove(&s->main, address);
	if (e == ERR_OK)
		e = old_journal_add_ip(&s->main, JOURNAL_DELIST, address, who, why, now_s);
	if (e == ERR_OK)
		e = outputs_journal(s, &published, now_s);
	free(published.v);
	return e;
}

int sqlite_delist(struct store *st, const struct ip *address, const char *who, const char *why,
                  int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, operator_delist(s, address, who, why, now_s)) : e;
}

/* ---- retests and rechecks -------------------------------------------------- */

struct ask {
	const struct ip *address;
	enum consent consent;
	enum test_reason reason;
	const char *who, *reply_to;
	int64_t now_s;
};

/* One that waits in the queue is brought forward. */
static int bring_forward(struct db *db, const struct ask *ask, const struct test_row *live)
{
	struct query q = query(db, "UPDATE tests SET reason = ?, who = ?, reply_to = ?,"
	                           " consent = max(consent, ?), tries = 0,"
	                           " not_before_s = min(not_before_s, ?) WHERE key = ?");
	bind_int(&q, ask->reason);
	bind_text(&q, ask->who);
	bind_text(&q, ask->reply_to);
	bind_int(&q, ask->consent);
	bind_int(&q, ask->now_s);
	bind_int(&q, live->key);
	return query_run(&q);
}

/* One under way may have seen the host before it was repaired: the retest comes after it. */
static int test_again(struct db *db, const struct ask *ask, const struct test_row *live)
{
	struct query q = query(db, "UPDATE tests SET again = ?, again_who = ?, again_reply_to = ?"
	                           " WHERE key = ?");
	bind_int(&q, ask->consent);
	bind_text(&q, ask->who);
	bind_text(&q, ask->reply_to);
	bind_int(&q, live->key);
	return query_run(&q);
}

static int queue_port(struct db *db, const struct ask *ask, uint16_t port, unsigned *queued)
{
	struct test t = {
		.target = { *ask->address, port }, .consent = ask->consent, .reason = ask->reason,
		.created_s = ask->now_s, .not_before_s = ask->now_s,
	};
	struct test_row live;
	str_copy(t.who, sizeof(t.who), str_of(ask->who));
	str_copy(t.reply_to, sizeof(t.reply_to), str_of(ask->reply_to));
	int e = test_live(db, &t.target, &live);
	if (e == ERR_NOT_FOUND) {
		e = test_insert(db, &t);
		*queued += e == ERR_OK;
		return e;
	}
	if (e != ERR_OK || ask->reason == TEST_RECHECK)
		return e;
	*queued += 1;
	if (live.t.state != TEST_QUEUED)
		return test_again(db, ask, &live);
	if (live.t.rounds == 0)
		return bring_forward(db, ask, &live);
	/* What it has heard so far was before the asker's word: it gives way to a new one. */
	e = test_give_up(db, live.key, ask->now_s);
	return e == ERR_OK ? test_insert(db, &t) : e;
}

/* Every port with a standing proof; without any, the port that mail comes to. */
static int queue_ports(struct db *db, const struct ask *ask, unsigned *queued)
{
	struct rows ports = { .size = sizeof(uint16_t) };
	struct query q = query(db, "SELECT DISTINCT port FROM proofs WHERE address = ?");
	bind_ip(&q, ask->address);
	int e;
	while ((e = query_step(&q)) == 1)
		*(uint16_t *)old_rows_add(&ports) = (uint16_t)col_int(&q);
	if (e == ERR_OK && ports.n == 0)
		*(uint16_t *)old_rows_add(&ports) = 25;
	const uint16_t *port = ports.v;
	for (size_t i = 0; e == ERR_OK && i < ports.n; i++)
		e = queue_port(db, ask, port[i], queued);
	free(ports.v);
	return e;
}

/* The consent that holds without the owner's asking: a permit, or the nomination. */
static int standing_consent(struct sqlite_store *s, const struct ip *address, int64_t now_s,
                            enum consent *consent)
{
	struct consent_answer answer;
	int e = store_consent(&s->base, address, now_s, &answer);
	if (e != ERR_OK)
		return e;
	struct query q = query(&s->main, "SELECT coalesce(max(consent), 0) FROM nominations"
	                                 " WHERE address = ? AND consent IN (?, ?)");
	bind_ip(&q, address);
	bind_int(&q, CONSENT_EVIDENCE);
	bind_int(&q, CONSENT_CONTACT);
	e = query_one(&q);
	if (e != ERR_OK)
		return e;
	enum consent nominated = (enum consent)col_int(&q);
	*consent = nominated > answer.consent ? nominated : answer.consent;
	return query_end(&q);
}

static int retest(struct sqlite_store *s, struct ask *ask, bool by_mail, unsigned *queued)
{
	struct endpoint target = { *ask->address, 0 };
	struct lifecycle_event event = { .type = LIFE_RETEST_ASKED, .now_s = ask->now_s };
	struct lifecycle_policy none = { 0 };          /* asking needs no policy */
	struct lifecycle_state state;
	int e = load_state(s, &target, ask->now_s, &state);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, &none);
	if (effects.set & LIFE_REFUSE)
		return store_fail(&s->base, state.listed ? ERR_DENIED : ERR_NOT_FOUND, "%s",
		                  effects.why);
	ask->consent = CONSENT_OWNER;
	if (!by_mail)
		e = standing_consent(s, ask->address, ask->now_s, &ask->consent);
	if (e == ERR_OK && ask->consent == CONSENT_NONE)
		return store_fail(&s->base, ERR_DENIED, "no consent holds for a test; permit it, or"
		                  " let its owner ask by mail");
	if (e == ERR_OK)
		e = queue_ports(&s->main, ask, queued);
	if (e == ERR_OK)
		e = old_journal_add_ip(&s->main, JOURNAL_TEST, ask->address, ask->who, effects.why,
		                   ask->now_s);
	return e;
}

int sqlite_retest(struct store *st, const struct ip *address, const char *who,
                  const char *reply_to, int64_t now_s, unsigned *queued)
{
	struct sqlite_store *s = sqlite_of(st);
	struct ask ask = {
		.address = address, .reason = TEST_RETEST, .who = who,
		.reply_to = reply_to ? reply_to : "", .now_s = now_s,
	};
	int e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	e = db_end(&s->main, retest(s, &ask, reply_to != NULL, queued));
	if (e != ERR_OK)
		*queued = 0;
	return e;
}

/* Planned by a clock that was ahead: never further away than the interval. */
static int recheck_cap(struct db *db, int64_t latest_s)
{
	struct query q = query(db, "SELECT EXISTS (SELECT 1 FROM listings WHERE recheck_s > ?)");
	bind_int(&q, latest_s);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	bool any = col_int(&q) != 0;
	e = query_end(&q);
	if (e != ERR_OK || !any)
		return e;
	q = query(db, "UPDATE listings SET recheck_s = ?1 WHERE recheck_s > ?1");
	bind_int(&q, latest_s);
	return query_run(&q);
}

static int due_addresses(struct db *db, int64_t now_s, struct rows *ips)
{
	struct query q = query(db, "SELECT address FROM listings WHERE recheck_s <= ?"
	                           " ORDER BY recheck_s LIMIT 1000");
	bind_int(&q, now_s);
	*ips = (struct rows){ .size = sizeof(struct ip) };
	int e;
	while ((e = query_step(&q)) == 1)
		col_ip(&q, old_rows_add(ips));
	return e;
}

/* Queues the recheck of one listing, or puts it off where no test may run. */
static int recheck(struct sqlite_store *s, const struct ip *address, int64_t now_s,
                   const struct lifecycle_policy *policy, unsigned *queued)
{
	struct endpoint target = { *address, 0 };
	struct lifecycle_event event = { .type = LIFE_RECHECK_DUE, .now_s = now_s };
	struct lifecycle_state state;
	struct ask ask = {
		.address = address, .reason = TEST_RECHECK, .who = "recheck", .reply_to = "",
		.now_s = now_s,
	};
	int e = load_state(s, &target, now_s, &state);
	if (e != ERR_OK)
		return e;
	struct lifecycle_effects effects = lifecycle_step(&state, &event, policy);
	if (effects.set & LIFE_SET_RECHECK)
		return recheck_set(&s->main, address, effects.at_s);
	if (!(effects.set & LIFE_QUEUE_RETEST))
		return ERR_OK;
	e = standing_consent(s, address, now_s, &ask.consent);
	if (e == ERR_OK && ask.consent == CONSENT_NONE)
		return recheck_set(&s->main, address, now_s + policy->recheck_interval_s);
	return e == ERR_OK ? queue_ports(&s->main, &ask, queued) : e;
}

static int rechecks(struct sqlite_store *s, const struct rows *due, int64_t now_s,
                    const struct lifecycle_policy *policy, unsigned *queued)
{
	const struct ip *address = due->v;
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < due->n; i++)
		e = recheck(s, &address[i], now_s, policy, queued);
	return e;
}

int sqlite_rechecks(struct store *st, int64_t now_s, const struct lifecycle_policy *policy,
                    unsigned *queued)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows due = { 0 };
	int e = clock_guard(&s->base, now_s);
	if (e == ERR_OK)
		e = recheck_cap(&s->main, now_s + policy->recheck_interval_s);
	if (e == ERR_OK)
		e = due_addresses(&s->main, now_s, &due);
	if (e == ERR_OK && due.n > 0) {
		e = db_begin(&s->main);
		if (e == ERR_OK)
			e = db_end(&s->main, rechecks(s, &due, now_s, policy, queued));
		if (e != ERR_OK)
			*queued = 0;
	}
	free(due.v);
	return e;
}
