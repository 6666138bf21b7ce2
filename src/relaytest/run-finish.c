/* SPDX-License-Identifier: ISC
 *
 * The end of a test: verdict, evidence and list change go to the store in one
 * transaction. A store that is full or locked does not lose the verdict: it is tried
 * again, and a test that was not finished keeps its results and intents.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "catalogue/catalogue.h"
#include "relaytest/seen.h"
#include "relaytest/verdict.h"
#include "store/evidence.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/tests.h"

#include <assert.h>
#include <stdio.h>

enum { FINISH_TRIES = 4, FINISH_RETRY_MS = 2000 };

/* From the first connection to now, waits included. */
static double seconds_of(const struct run *r)
{
	return (double)(clock_mono_ms() - r->began_ms) / 1000.0;
}

void run_save_wait(struct run *r, int64_t until_s)
{
	struct session_outcome out;
	session_outcome(r->session, &out);
	int e = store_test_wait(r->tester->setup.store, r->test.id, out.results, out.n,
	                        seconds_of(r), until_s);
	if (e != ERR_OK)
		LOG(LOG_ERROR, "results-not-saved", LOG_S("test", r->test.id),
		    LOG_S("why", store_message(r->tester->setup.store)));
}

static bool deserves_evidence(const struct session_outcome *out)
{
	return out->verdict == VERDICT_OPEN || out->verdict == VERDICT_BACKSCATTER ||
	       out->accepted > 0;
}

/* What came back, with all of its text; of the run's arena. */
struct came_back {
	struct test_return *v;
	size_t n;
};

static void read_returns(struct run *r, const struct session_outcome *out,
                         struct came_back *returns)
{
	*returns = (struct came_back){ 0 };
	if (deserves_evidence(out))
		store_returns_of(r->tester->setup.store, r->test.id, true, &r->arena, &returns->v,
		                 &returns->n);
}

static void find_seen(struct run *r, const struct session_outcome *out,
                      const struct came_back *returns)
{
	const struct tester_config *c = r->tester->setup.config;
	struct seen_votes *votes = &r->tester->seen_votes;
	const struct seen_from from = {
		.hello = str_of(r->tester->setup.us.hostname), .host = r->test.target.ip,
		.came_from = r->came_from, .set = &c->seen_as,
		.elected = seen_elected(votes, r->test.target.ip.family), .own = &c->source,
		.more_own = &c->trusted_source,
	};
	r->seen = (struct seen_as){ 0 };
	r->server = MTA_UNKNOWN;
	if (out->verdict != VERDICT_OPEN)
		return;
	seen_vote(votes, &r->test.target.ip, from.hello, returns->v, returns->n);
	r->seen = seen_find(&from, returns->v, returns->n);
	r->server = seen_server(from.hello, returns->v, returns->n);
}

/* Signs the bundle; an empty id if there is none to sign. */
static void make_evidence(struct run *r, const struct session_outcome *out,
                          const struct came_back *returns, char evidence_id[static 48],
                          struct buf *bundle)
{
	struct tester *t = r->tester;
	const struct tester_config *c = t->setup.config;
	char target[ENDPOINT_TEXT_MAX], address[IP_TEXT_MAX];
	evidence_id[0] = '\0';
	if (!t->setup.evidence_key || !deserves_evidence(out))
		return;
	endpoint_format(&r->test.target, target);
	const char *replay = arena_printf(&r->arena, "portreeve test %s --port %u%s",
	                                  ip_format(&r->test.target.ip, address),
	                                  r->test.target.port, r->test.all ? " --all" : "");
	const char *const own[] = { c->domain, c->domain2, NULL };
	struct evidence_input in = {
		.test = &r->test, .verdict = out->verdict, .results = out->results,
		.result_count = out->n, .returns = returns->v, .return_count = returns->n,
		.seen_as = r->seen.address, .known_as = r->seen.known, .mta = mta_name(r->server),
		.transcript = out->transcript, .operator_name = str_of(t->setup.us.operator_name),
		.contact = str_of(t->setup.us.contact), .replay = str_of(replay),
		.own_domains = own, .now_s = clock_now_s(),
	};
	if (evidence_sign(&in, t->setup.evidence_key, evidence_id, bundle) != ERR_OK)
		LOG(LOG_ERROR, "evidence-not-signed", LOG_S("test", r->test.id));
}

static const char *listing_reason(struct run *r, const struct session_outcome *out)
{
	const struct case_result *proof = verdict_proof(out->results, out->n);
	char date[CLOCK_TEXT_MAX];
	if (!proof)
		return verdict_name(out->verdict);
	struct relay_form form;
	int e = relay_form_parse(str_of(proof->id), &form);
	clock_format(clock_now_s(), date);
	return arena_printf(&r->arena, "open relay on port %u, case %s (%s), proved %.10s",
	                    r->test.target.port, proof->id,
	                    e == ERR_OK ? form.row->detects : "", date);
}

static void tell_result(struct run *r, const struct session_outcome *out, bool delisted,
                        const struct explanation *why)
{
	const struct ip *address = &r->test.target.ip;
	struct prefix whole = prefix_of(address, ip_bits(address));
	struct listed_range around;
	bool inside = store_range_around(r->tester->setup.store, &whole, &around) == ERR_OK;
	notice_result(r->tester, r, &(struct told){
		.verdict = out->verdict, .delisted = delisted, .reason = out->reason,
		.why = why, .range = inside ? &around.range : NULL,
	});
}

static void report(struct run *r, const struct session_outcome *out, const char *evidence_id,
                   const struct lifecycle_effects *effects, int err)
{
	struct tester *t = r->tester;
	struct explanation why;
	LOG(LOG_INFO, "test-done", LOG_S("test", r->test.id), LOG_IP("address", &r->test.target.ip),
	    LOG_I("port", r->test.target.port), LOG_S("verdict", verdict_name(out->verdict)),
	    LOG_S("reason", test_reason_name(r->test.reason)),
	    LOG_I("messages", out->accepted), LOG_S("why", effects->why ? effects->why : ""),
	    LOG_S("undecided", out->reason));
	if (effects->set & LIFE_WITHHOLD)
		LOG(LOG_WARN, "not-published", LOG_S("test", r->test.id),
		    LOG_IP("address", &r->test.target.ip), LOG_S("why", effects->why));
	if (t->setup.finished) {
		struct tester_result result = {
			.test = &r->test, .verdict = out->verdict, .cause = out->cause,
			.results = out->results, .n = out->n, .transcript = out->transcript,
			.finding = out->finding, .evidence_id = evidence_id, .seen = r->seen,
			.server = r->server,
			.reason = out->reason, .effects = *effects,
			.seconds = seconds_of(r), .err = err,
		};
		t->setup.finished(t->setup.arg, &result);
	}
	if (err != ERR_OK)
		return;
	assert((int)out->verdict < (int)VERDICTS);
	t->counters.done[out->verdict]++;
	bool known = out->verdict == VERDICT_OPEN &&
	             verdict_explain(out->results, out->n, out->transcript, r->server,
	                             &why) == ERR_OK;
	if (known && seen_is_sure(&r->seen))
		explain_seen(&why, &r->seen, &r->test.target.ip);
	if (r->test.reason == TEST_RETEST && *r->test.reply_to)
		tell_result(r, out, effects->set & LIFE_DELIST, known ? &why : NULL);
	if (effects->set & LIFE_NOTIFY && t->setup.config->notify_postmaster)
		notice_listed(t, r, evidence_id, known ? &why : NULL);
}

enum { REACH_LOOK_MS = 100 };

/* A message was taken, and silence is all that followed. */
static bool rests_on_silence(const struct session_outcome *out)
{
	bool accepted = false;
	for (size_t i = 0; i < out->n; i++) {
		if (out->results[i].returned || out->results[i].bounced)
			return false;
		accepted |= out->results[i].accepted;
	}
	return accepted;
}

/* Silence means something only if the collector would have heard. False: that is asked
 * first. */
static bool settle_silence(struct run *r, struct session_outcome *out)
{
	struct tester *t = r->tester;
	int64_t window_ms = t->setup.config->return_window_s * 1000;
	/* One that had ended goes on because something came back. */
	if (r->test.finished_s || !rests_on_silence(out))
		return true;
	switch (reach_sign(&t->reach, clock_mono_ms(), r->sent_ms, window_ms)) {
	case REACH_SIGN_ASK:
		reach_want(&t->reach, r->sent_ms);
		/* What comes back until then still wakes the session. */
		loop_timer_arm(r->timer, REACH_LOOK_MS);
		return false;
	case REACH_SIGN_NO:
		session_deaf(r->session, reach_why(&t->reach));
		session_outcome(r->session, out);
		break;
	case REACH_SIGN_YES:
		break;
	}
	return true;
}

struct lifecycle_policy tester_policy(const struct tester_config *config)
{
	return (struct lifecycle_policy){
		.recheck_interval_s = config->recheck_interval_s,
		.retry_after_s = config->retry_after_s,
		.retry_max = (unsigned)config->retries,
	};
}

void run_finish(struct run *r)
{
	struct tester *t = r->tester;
	struct session_outcome out;
	struct lifecycle_effects effects = { 0 };
	struct lifecycle_policy policy = tester_policy(t->setup.config);
	struct buf bundle = { 0 };
	struct came_back returns;
	char evidence_id[48];
	session_outcome(r->session, &out);
	if (!settle_silence(r, &out))
		return;
	read_returns(r, &out, &returns);
	find_seen(r, &out, &returns);
	make_evidence(r, &out, &returns, evidence_id, &bundle);
	struct test_outcome outcome = {
		.test_id = r->test.id, .verdict = out.verdict, .cause = out.cause,
		.control_ok = out.control_ok,
		.forms_refused = verdict_forms_refused(out.results, out.n,
			(const char (*)[CASE_ID_MAX])r->first, r->first_count),
		.results = out.results, .result_count = out.n, .seconds = seconds_of(r),
		.now_s = clock_now_s(), .reason = listing_reason(r, &out), .why = out.reason,
		.evidence = buf_str(&bundle), .evidence_id = evidence_id,
	};
	/* What is not sure is told to who tests, and to nobody else. */
	if (seen_is_sure(&r->seen)) {
		outcome.seen_as = r->seen.address;
		outcome.known_as = r->seen.known;
	}
	int e = store_test_finish(t->setup.store, &outcome, &policy, &effects);
	buf_fini(&bundle);
	if (e == ERR_EXISTS)
		e = ERR_OK;              /* committed before a kill: all is there */
	if (e != ERR_OK) {
		LOG(LOG_ERROR, "verdict-not-saved", LOG_S("test", r->test.id),
		    LOG_S("verdict", verdict_name(out.verdict)),
		    LOG_S("why", store_message(t->setup.store)));
		if (++r->finish_tries < FINISH_TRIES) {
			r->state = RUN_OVER;
			loop_timer_arm(r->timer, FINISH_RETRY_MS);
			return;
		}
	}
	report(r, &out, evidence_id, &effects, e);
	t->hooks->run_over(t, r);
}

/* Results so far go to the store; whoever takes the test up again goes on from there, with the
 * same tokens. A store that cannot keep them now is asked again, as with a verdict. */
void run_put_off(struct run *r)
{
	struct tester *t = r->tester;
	struct session_outcome out;
	int64_t delay_s = (r->connect.pause_ms + 999) / 1000;
	session_outcome(r->session, &out);
	struct test_put_off put_off = {
		.test_id = r->test.id, .results = out.results, .result_count = out.n,
		.seconds = seconds_of(r), .now_s = clock_now_s(), .due_s = clock_now_s() + delay_s,
		.rounds = r->connect.rounds, .fruitless = r->connect.fruitless, .why = out.reason,
	};
	int e = store_test_put_off(t->setup.store, &put_off);
	LOG(e == ERR_OK ? LOG_INFO : LOG_ERROR, "test-put-off", LOG_S("test", r->test.id),
	    LOG_IP("address", &r->test.target.ip), LOG_I("again-in-s", delay_s),
	    LOG_S("why", e == ERR_OK ? out.reason : store_message(t->setup.store)));
	t->counters.put_off += e == ERR_OK;
	if (e == ERR_OK && clock_mono_ms() - r->began_ms + delay_s * 1000 <=
	    t->setup.patience_s * 1000) {
		r->state = RUN_LATER;
		loop_timer_arm(r->timer, delay_s * 1000);
		return;
	}
	if (t->setup.finished) {
		struct tester_result result = {
			.test = &r->test, .verdict = out.verdict, .cause = out.cause,
			.results = out.results, .n = out.n, .transcript = out.transcript,
			.finding = out.finding, .evidence_id = "",
			.reason = out.reason, .again_s = put_off.due_s,
			.seconds = seconds_of(r), .err = e,
		};
		t->setup.finished(t->setup.arg, &result);
	}
	t->hooks->run_over(t, r);
}
