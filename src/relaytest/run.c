/* SPDX-License-Identifier: ISC
 *
 * One test's sockets, pauses and waits: the shell around a session.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/admission.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/tests.h"
#include "wire/smtp-client.h"

#include <stdlib.h>

/* A test that was connected for this many session time-outs has had its chance. */
enum { TALK_SESSIONS_MAX = 4, LOAD_RETRY_MS = 2000 };

static void run_talk(struct run *r)
{
	struct tester *t = r->tester;
	if (r->state == RUN_TALKING)
		return;
	r->state = RUN_TALKING;
	t->talking++;
}

static void run_quiet(struct run *r, enum run_state state)
{
	if (r->state == RUN_TALKING)
		r->tester->talking--;
	r->state = state;
}

/* ---- connection ------------------------------------------------------------- */

static void step(struct run *r);

static void release_connection(struct run *r)
{
	wire_client_destroy(r->wire);
	r->wire = NULL;
	if (!r->holds_connection)
		return;
	r->holds_connection = false;
	r->connected_ms += loop_now_ms(r->tester->setup.loop) - r->connection_ms;
	politeness_disconnect(r->tester->politeness, &r->test.target.ip);
	tester_connections_free(r->tester);
}

static struct smtp_client *run_engine(void *arg)
{
	struct run *r = arg;
	return session_client(r->session);
}

static void on_connected(void *arg)
{
	struct run *r = arg;
	struct endpoint local;
	if (r->connect.source == SESSION_SOURCE_OWN && wire_client_local(r->wire, &local))
		r->came_from = local.ip;
	session_connected(r->session, loop_now_ms(r->tester->setup.loop));
	if (!r->connect.tls)
		step(r);
}

static void on_secured(void *arg)
{
	struct run *r = arg;
	session_secured(r->session, loop_now_ms(r->tester->setup.loop));
	step(r);
}

static void on_received(void *arg, struct str bytes)
{
	struct run *r = arg;
	session_received(r->session, bytes, loop_now_ms(r->tester->setup.loop));
	/* The last word of a conversation that is over. */
	wire_client_flush(r->wire);
	step(r);
}

static void on_ended(void *arg, enum stream_end why)
{
	struct run *r = arg;
	/* Also at a time-out: the stream has ended with it, and no QUIT can pass any more. */
	release_connection(r);
	session_ended(r->session, why, loop_now_ms(r->tester->setup.loop));
	step(r);
}

static const struct wire_client_talk run_talks = {
	.engine = run_engine, .connected = on_connected, .secured = on_secured,
	.received = on_received, .ended = on_ended,
};

/* The nth address of a family; NULL if there are not so many. */
static const struct ip *source_of(const struct config_ips *ips, uint8_t family, unsigned nth)
{
	for (size_t i = 0; i < ips->n; i++)
		if (ips->v[i].family == family && nth-- == 0)
			return &ips->v[i];
	return NULL;
}

void run_open_connection(struct run *r)
{
	const struct tester_config *c = r->tester->setup.config;
	uint8_t family = r->test.target.ip.family;
	enum session_source from = r->connect.source;
	const struct ip *ip = source_of(from == SESSION_SOURCE_TRUSTED ? &c->trusted_source
	                                : &c->source, family, from == SESSION_SOURCE_SECOND);
	struct endpoint source = { .ip = { .family = family } };
	bool bound = ip || from == SESSION_SOURCE_PORT_25;
	if (ip)
		source.ip = *ip;
	if (from == SESSION_SOURCE_PORT_25)
		source.port = 25;
	struct wire_client_setup setup = {
		.loop = r->tester->setup.loop, .to = r->test.target,
		.source = bound ? &source : NULL, .tls = r->tester->tls,
		.tls_at_once = r->connect.tls, .connect_ms = c->connect_timeout_s * 1000,
		.command_ms = c->command_timeout_s * 1000,
		.session_ms = c->session_timeout_s * 1000, .talk = &run_talks, .arg = r,
	};
	r->connection_ms = loop_now_ms(r->tester->setup.loop);
	r->wire = wire_client_create(&setup);
}

/* ---- actions ---------------------------------------------------------------- */

static void timer_fired(void *arg)
{
	struct run *r = arg;
	if (r->state == RUN_PAUSED) {
		run_talk(r);
		session_resume(r->session);
		step(r);
	} else if (r->state == RUN_WAITING && r->later) {
		run_put_off(r);
	} else if (r->state == RUN_WAITING || r->state == RUN_OVER) {
		run_finish(r);
	} else if (r->state == RUN_LATER) {
		run_again(r);
	} else if (r->state == RUN_QUEUED) {
		run_begin(r);
	}
}

/* Something that was sent may still come back. */
static bool awaits_return(const struct session_outcome *out)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct case_result *c = &out->results[i];
		bool sent = c->accepted || (c->stage == STAGE_MESSAGE && c->code == 0);
		if (sent && !c->returned && !c->bounced)
			return true;
	}
	return false;
}

/* From the last message on: what comes back does not make it longer, or a host could keep a test
 * waiting by its bounces. */
static int64_t left_to_wait_ms(struct run *r)
{
	int64_t now_ms = clock_mono_ms();
	if (r->wait_until_ms == 0 || r->sent_ms > r->wait_from_ms) {
		r->wait_from_ms = now_ms;
		r->wait_until_ms = now_ms + r->tester->setup.config->wait_s * 1000;
	}
	return r->wait_until_ms - now_ms;
}

/* Nothing more to say for now, or at all: what was sent may yet come back. */
static void session_done(struct run *r, const struct session_action *action)
{
	struct session_outcome out;
	session_outcome(r->session, &out);
	int64_t wait_ms = left_to_wait_ms(r);
	bool proved = out.verdict == VERDICT_OPEN && !r->test.all;
	r->later = action->type == SESSION_LATER;
	r->connect = *action;
	if (proved || wait_ms <= 0 || !awaits_return(&out)) {
		run_quiet(r, RUN_OVER);
		if (r->later)
			run_put_off(r);
		else
			run_finish(r);
		return;
	}
	run_quiet(r, RUN_WAITING);
	run_save_wait(r, clock_now_s() + (wait_ms + 999) / 1000);
	loop_timer_arm(r->timer, wait_ms);
}

/* What became of the messages so far: a test that is killed and resumed cannot ask again. */
static void save_progress(struct run *r)
{
	if (r->unsaved)
		run_save_wait(r, clock_now_s());
	r->unsaved = false;
}

static void intend(struct run *r, const struct session_action *action)
{
	struct tester *t = r->tester;
	save_progress(r);
	if (!reach_may_send(&t->reach)) {
		session_deaf(r->session, reach_why(&t->reach));
		session_intended(r->session, ERR_AGAIN);
		return;
	}
	r->unsaved = true;
	int e = store_test_intend(t->setup.store, r->test.id, action->case_id, action->attempt);
	if (e != ERR_OK && e != ERR_EXISTS)
		LOG(LOG_ERROR, "intent-failed", LOG_S("test", r->test.id),
		    LOG_S("case", action->case_id), LOG_S("why", store_message(t->setup.store)));
	if (e == ERR_OK) {
		r->sent_ms = clock_mono_ms();
		t->sent++;
	}
	session_intended(r->session, e);
}

static void check_total_time(struct run *r)
{
	if (r->connected_ms > TALK_SESSIONS_MAX * 1000 * r->tester->setup.config->session_timeout_s)
		session_round_over(r->session, "time is up");
}

static void perform(struct run *r, const struct session_action *action)
{
	switch (action->type) {
	case SESSION_CONNECT:
		check_total_time(r);
		r->connect = *action;
		tester_connection_wanted(r->tester, r);
		break;
	case SESSION_START_TLS:
		wire_client_start_tls(r->wire);
		break;
	case SESSION_RESOLVE:
		run_find_name(r, action->name);
		break;
	case SESSION_INTEND:
		intend(r, action);
		break;
	case SESSION_DISCONNECT:
		wire_client_flush(r->wire);
		release_connection(r);
		break;
	case SESSION_PAUSE:
		save_progress(r);
		run_quiet(r, RUN_PAUSED);
		loop_timer_arm(r->timer, action->pause_ms);
		break;
	case SESSION_LATER:
	case SESSION_DONE:
		break;
	}
}

/* Does what the session wants until it waits. May free the run. A call from within
 * (a name that needs no question) leaves the rest to the one outside. */
static void step(struct run *r)
{
	struct session_action action;
	if (r->stepping)
		return;
	r->stepping = true;
	while (session_next(r->session, &action)) {
		if (action.type == SESSION_DONE || action.type == SESSION_LATER) {
			r->stepping = false;
			session_done(r, &action);
			return;
		}
		perform(r, &action);
	}
	r->stepping = false;
	wire_client_flush(r->wire);
}

void run_returned(struct run *r, const struct test_return *ret)
{
	/* Without a session nothing is lost: run_begin() reads all returns of the test. */
	if (!r->session)
		return;
	session_returned(r->session, ret);
	/* What was put off stays so unless there is something to confirm. */
	if (r->state == RUN_LATER) {
		if (tester_is_news(ret))
			run_again(r);
	} else if (r->state == RUN_PAUSED || r->state == RUN_WAITING || r->state == RUN_OVER) {
		loop_timer_disarm(r->timer);
		run_talk(r);
		step(r);
	}
}

/* ---- begin and end ------------------------------------------------------------ */

/* A retest begins with the forms that were open on this port. */
static int find_proofs(struct run *r)
{
	struct proof *proofs;
	size_t n;
	int e = store_proofs(r->tester->setup.store, &r->test.target.ip, &r->arena, &proofs, &n);
	if (e != ERR_OK)
		return e;
	r->first_count = 0;
	r->first = arena_alloc(&r->arena, (n + 1) * sizeof(*r->first));
	for (size_t i = 0; i < n; i++)
		if (proofs[i].port == r->test.target.port)
			memcpy(r->first[r->first_count++], proofs[i].case_id, CASE_ID_MAX);
	return ERR_OK;
}

/* What is known of a test that was begun before. Without it we would send twice, or forget
 * a proof. */
struct progress {
	struct case_result *sent;
	struct test_return *returns;
	size_t sent_n, return_n;
	bool may_talk;               /* consent still holds, and it is not our own collector */
};

/* It takes our tokens: that is its job. */
static bool is_own_collector(const struct run *r)
{
	const struct config_endpoints *own = &r->tester->setup.config->collector;
	for (size_t i = 0; i < own->n; i++)
		if (ip_eq(&own->v[i].ip, &r->test.target.ip) &&
		    own->v[i].port == r->test.target.port)
			return true;
	return false;
}

static int load_progress(struct run *r, struct progress *p)
{
	struct store *st = r->tester->setup.store;
	struct consent_answer answer;
	*p = (struct progress){ .may_talk = !is_own_collector(r) };
	int e = find_proofs(r);
	bool fresh = r->test.tries <= 1 && r->test.rounds == 0 && r->test.state != TEST_WAITING;
	if (e != ERR_OK || fresh)
		return e;
	e = store_consent(st, &r->test.target.ip, clock_now_s(), &answer);
	if (e == ERR_OK)
		e = store_test_results(st, r->test.id, &r->arena, &p->sent, &p->sent_n);
	if (e == ERR_OK)
		e = store_returns_of(st, r->test.id, false, &r->arena, &p->returns, &p->return_n);
	if (e == ERR_OK)
		p->may_talk &= consent_holds(r->test.consent, &answer);
	return e;
}

static struct ip collector_ip(const struct tester_config *c)
{
	return c->collector.n ? c->collector.v[0].ip : (struct ip){ 0 };
}

static void create_session(struct run *r, const struct progress *p)
{
	struct tester *t = r->tester;
	const struct tester_config *c = t->setup.config;
	uint8_t family = r->test.target.ip.family;
	struct session_setup setup = {
		.test = &r->test, .signer = t->setup.signer, .domain = c->domain,
		.domain2 = c->domain2, .collector = collector_ip(c), .us = &t->setup.us,
		.messages = p->may_talk ? (unsigned)c->messages : 0,
		.refusals = (unsigned)c->refusals, .pipeline = (unsigned)c->pipeline,
		.proof_wait_ms = c->proof_wait_s * 1000,
		.has_trusted_source = source_of(&c->trusted_source, family, 0),
		.has_second = r->first_count && source_of(&c->source, family, 1),
		.rounds = r->test.rounds, .fruitless = r->test.fruitless,
		.ask_again_ms = c->ask_again_s * 1000,
		.first = (const char (*)[CASE_ID_MAX])r->first, .first_count = r->first_count,
		.sent = p->sent, .sent_count = p->sent_n, .only = t->setup.only,
		.now_s = clock_now_s(),
	};
	r->session = session_create(&setup);
	for (size_t i = 0; i < p->return_n; i++)
		session_returned(r->session, &p->returns[i]);
	if (!p->may_talk)
		session_stop(r->session, "no consent holds, or it is our own collector");
	else if (r->test.finished_s)
		session_stop(r->session, "it had ended: what came back late is confirmed, no more");
}

void run_begin(struct run *r)
{
	struct progress p;
	if (!r->timer)
		r->timer = loop_timer_create(r->tester->setup.loop, timer_fired, r);
	r->began_ms = clock_mono_ms();
	int e = load_progress(r, &p);
	if (e != ERR_OK) {
		LOG(LOG_ERROR, "progress-not-read", LOG_S("test", r->test.id),
		    LOG_S("why", store_message(r->tester->setup.store)));
		loop_timer_arm(r->timer, LOAD_RETRY_MS);
		return;
	}
	create_session(r, &p);
	r->state = RUN_NAMES;
	if (r->tester->setup.only)
		run_named(r);
	else
		run_find_name(r, "");
}

void run_named(struct run *r)
{
	session_resolved(r->session, r->name, r->name_usable, r->mail_domain);
	if (r->state == RUN_NAMES)
		run_talk(r);
	step(r);
}

/* The next round of a test that was put off, by the process that ran the last one. */
void run_again(struct run *r)
{
	struct test test;
	struct tester *t = r->tester;
	int64_t began_ms = r->began_ms;
	int e = store_test_lease_one(t->setup.store, r->test.id, clock_now_s(), TESTER_LEASE_S,
	                             &test);
	if (e != ERR_OK) {
		/* Another process has it, it has ended, or its consent has gone. */
		LOG(LOG_INFO, "round-left", LOG_S("test", r->test.id),
		    LOG_S("why", store_message(t->setup.store)));
		t->hooks->run_over(t, r);
		return;
	}
	session_destroy(r->session);
	r->session = NULL;
	arena_fini(&r->arena);
	r->test = test;
	r->connected_ms = r->wait_until_ms = 0;
	r->later = r->unsaved = false;
	r->state = RUN_QUEUED;
	run_begin(r);
	r->began_ms = began_ms;
}

void run_free(struct run *r)
{
	run_quiet(r, RUN_OVER);
	/* Given up part of the way (at a stop, say): the host is told, where it can be. */
	if (r->wire && session_leave(r->session))
		wire_client_flush(r->wire);
	release_connection(r);
	dns_query_cancel(r->query);
	loop_timer_destroy(r->timer);
	session_destroy(r->session);
	arena_fini(&r->arena);
	free(r);
}
