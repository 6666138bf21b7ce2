/* SPDX-License-Identifier: ISC
 *
 * A play: carries out the session's actions against the scripted host, round by round.
 */
#include "host-stage.h"

#include "base/mem.h"

#include <stdlib.h>

#define DOMAIN "host.test"

enum { STEPS_MAX = 40000 };

/* ---- the session's side ------------------------------------------------------------- */

static void intend(struct stage_set *g, const struct session_action *a)
{
	const struct play *p = g->p;
	g->seen->intents++;
	if (p->intend_error || (p->intend_exists && strcmp(p->intend_exists, a->case_id) == 0)) {
		session_intended(g->s, p->intend_error ? p->intend_error : ERR_EXISTS);
		return;
	}
	for (size_t i = 0; i < g->intent_count; i++)
		if (strcmp(g->intents[i].id, a->case_id) == 0 &&
		    g->intents[i].attempt == a->attempt)
			fail_msg("%s: %s/%u is to be sent twice", p->name, a->case_id, a->attempt);
	CHECK_ROW(p->name, g->intent_count < INTENTS_MAX);
	struct intent *it = &g->intents[g->intent_count++];
	*it = (struct intent){ .attempt = a->attempt };
	str_copy(it->id, sizeof(it->id), str_of(a->case_id));
	session_intended(g->s, ERR_OK);
}

static void start_tls(struct stage_set *g)
{
	char rule[1024];
	if (host_rule(g, "TLS", rule, sizeof(rule))) {
		host_say(g, rule);
		return;
	}
	g->tls = true;
	session_secured(g->s, 1000);
}

static void next_round(struct stage_set *g, const struct session_action *a);

/* False: the session is done. */
static bool perform(struct stage_set *g, const struct session_action *a)
{
	switch (a->type) {
	case SESSION_CONNECT:
		CHECK_ROW(g->p->name, a->tls == (g->test.target.port == 465));
		host_connect(g, a);
		break;
	case SESSION_START_TLS:
		start_tls(g);
		break;
	case SESSION_RESOLVE:
		session_resolved(g->s, a->name, !g->p->nameless && strcmp(a->name, HOST) == 0,
		                 DOMAIN);
		break;
	case SESSION_INTEND:
		intend(g, a);
		break;
	case SESSION_DISCONNECT:
		/* RFC 5321 4.1.1.10; within a message it would be text. */
		CHECK_ROW(g->p->name, g->quit || g->farewell || g->reading || !g->replied ||
		          g->p->habits & LOSES_PIPELINED);
		g->up = false;
		break;
	case SESSION_PAUSE:
		if (g->p->fate != RELAY_LATE)
			host_deliver(g, g->p->lag);
		session_resume(g->s);
		break;
	case SESSION_LATER:
		if (g->returned == g->return_count) {
			next_round(g, a);
			break;
		}
		host_deliver(g, g->return_count - g->returned - 1);
		break;
	case SESSION_DONE:
		if (g->returned == g->return_count)
			return false;
		host_deliver(g, g->return_count - g->returned - 1);
		break;
	}
	return true;
}

static void feed(struct stage_set *g)
{
	struct buf bytes = g->out;
	g->out = (struct buf){ 0 };
	if (g->p->habits & BYTEWISE)
		for (size_t i = 0; i < bytes.n; i++)
			session_received(g->s, (struct str){ bytes.p + i, 1 }, 1000);
	else
		session_received(g->s, buf_str(&bytes), 1000);
	buf_fini(&bytes);
	/* The last word of a conversation that is over is sent before it is closed. */
	struct str out = session_output(g->s);
	if (g->up && out.n && str_search(out, STR("QUIT\r\n")) != SIZE_MAX) {
		host_take(g, out);
		session_output_sent(g->s, out.n);
	}
}

/* One step; false: the session is done. */
static bool step(struct stage_set *g)
{
	struct session_action a;
	struct str out;
	if (session_next(g->s, &a))
		return perform(g, &a);
	out = session_output(g->s);
	CHECK_ROW(g->p->name, !g->up || session_timeout_ms(g->s) > 0);
	if (g->up && out.n) {
		host_take(g, out);
		session_output_sent(g->s, out.n);
	} else if (g->up && g->out.n) {
		feed(g);
	} else {
		/* It hung up as scripted, or says nothing for ever. */
		g->up = false;
		session_ended(g->s, g->ending ? g->end : STREAM_TIMEOUT, 2000);
	}
	return true;
}

/* ---- a play ------------------------------------------------------------------------------ */

static void set_stage(struct stage_set *g, const struct play *p, struct seen *seen)
{
	static struct token_keys keys = { .n = 1, .v = { { .id = 'k', .secret = "secret" } } };
	*g = (struct stage_set){ .p = p, .seen = seen };
	*seen = (struct seen){ 0 };
	token_signer_init(&g->signer, &keys);
	g->test = (struct test){
		.id = "abcdefgh", .all = p->all, .state = TEST_RUNNING,
		.consent = p->consent ? p->consent : CONSENT_RANGE,
		.finished_s = p->ended ? 1 : 0,
		.target = { .ip = ip_from_v4(192, 0, 2, 1), .port = p->port ? p->port : 25 },
	};
	if (p->ipv6)
		assert_int_equal(ip_parse(STR("2001:db8::25"), &g->test.target.ip, NULL), ERR_OK);
}

static size_t count_first(const struct play *p, char first[4][CASE_ID_MAX])
{
	size_t n = 0;
	for (; n < 4 && p->first[n]; n++)
		str_copy(first[n], CASE_ID_MAX, str_of(p->first[n]));
	return n;
}

static void create_session(struct stage_set *g)
{
	const struct play *p = g->p;
	static char first[4][CASE_ID_MAX];
	g->us = (struct identity){
		.hostname = "probe.one.test", .operator_name = "The operator",
		.contact = "abuse@one.test", .objection_url = "",
		.user = p->account ? "user" : NULL, .password = p->account ? "password" : NULL,
	};
	struct session_setup setup = {
		.test = &g->test, .signer = &g->signer, .domain = "one.test",
		.domain2 = "two.example", .us = &g->us,
		.messages = p->messages ? p->messages : 8,
		.refusals = p->refusals ? p->refusals : 6,
		.pipeline = p->pipeline ? p->pipeline : 16, .proof_wait_ms = 100,
		.has_trusted_source = p->trusted_source,
		.first = (const char (*)[CASE_ID_MAX])first, .first_count = count_first(p, first),
		.sent = g->sent, .sent_count = g->sent_count, .only = p->only, .now_s = 1000000,
		.has_second = p->second_source, .rounds = g->rounds, .fruitless = g->fruitless,
		.ask_again_ms = p->rounds ? 1800000 : 0,
	};
	if (!p->no_collector)
		setup.collector = ip_from_v4(198, 51, 100, 7);
	g->s = session_create(&setup);
	for (size_t i = 0; i < g->returned; i++)
		session_returned(g->s, &g->returns[i]);
	if (p->ended)
		session_stop(g->s, "it had ended");
}

/* What it had sent comes back late. */
static void return_sent(struct stage_set *g)
{
	for (size_t i = 0; g->p->ended && i < g->sent_count; i++) {
		struct test_return r = { .marked = true, .attempt = g->sent[i].attempt };
		memcpy(r.case_id, g->sent[i].id, sizeof(r.case_id));
		g->returns[g->return_count++] = r;
	}
	g->returned = g->return_count;
}

static void take_results(struct stage_set *g, const struct case_result *results, size_t n)
{
	struct case_result *copy = mem_array(n, sizeof(*copy));
	if (n)
		memcpy(copy, results, n * sizeof(*copy));
	free(g->sent);
	g->sent = copy;
	g->sent_count = n;
}

/* What was sent before comes back to the new session too, as the store has it. */
static void next_round(struct stage_set *g, const struct session_action *a)
{
	struct session_outcome o;
	CHECK_ROW(g->p->name, a->rounds == g->rounds + 1 && a->fruitless < 3);
	CHECK_ROW(g->p->name, a->pause_ms == (int64_t)1800000 << 2 * a->fruitless);
	session_outcome(g->s, &o);
	take_results(g, o.results, o.n);
	session_destroy(g->s);
	g->rounds = a->rounds;
	g->fruitless = a->fruitless;
	g->seen->rounds++;
	g->up = false;
	create_session(g);
}

static void run(struct stage_set *g)
{
	const struct play *p = g->p;
	take_results(g, p->sent, p->sent_count);
	return_sent(g);
	create_session(g);
	while (step(g))
		if (++g->seen->steps > STEPS_MAX)
			fail_msg("%s: no end after %d steps", p->name, STEPS_MAX);
	session_outcome(g->s, &g->seen->outcome);
}

void play(const struct play *p, struct seen *seen)
{
	struct stage_set g;
	struct seen own;
	set_stage(&g, p, seen ? seen : &own);
	run(&g);
	struct session_outcome *o = &g.seen->outcome;
	host_check(&g);
	host_compare(p, g.seen);
	g.seen->results = mem_array(o->n, sizeof(*o->results));
	memcpy(g.seen->results, o->results, o->n * sizeof(*o->results));
	o->results = g.seen->results;
	o->transcript = STR("");
	session_destroy(g.s);
	free(g.sent);
	token_signer_fini(&g.signer);
	buf_fini(&g.in);
	buf_fini(&g.out);
	buf_fini(&g.message);
	if (!seen)
		seen_fini(&own);
}

void play_all(const struct play *plays, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play(&plays[i], NULL);
}

void seen_fini(struct seen *seen)
{
	free(seen->commands);
	free(seen->results);
	*seen = (struct seen){ 0 };
}
