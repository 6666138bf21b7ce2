/* SPDX-License-Identifier: ISC
 *
 * The course of a test: connections, pauses, returns, the end. What is said on a
 * connection is in session-talk.c, which forms there are in session-plan.c.
 */
#include "relaytest/session-private.h"

#include "base/mem.h"
#include "relaytest/verdict.h"

#include <assert.h>
#include <stdlib.h>

struct session *session_create(const struct session_setup *setup)
{
	struct session *s = mem_zalloc(sizeof(*s));
	s->setup = *setup;
	s->host_name = s->mail_domain = "";
	s->refusals_limit = setup->refusals;
	ip_format_literal(&setup->test->target.ip, s->literal);
	if (setup->collector.family) {
		ip_format(&setup->collector, s->collector);
		ip_format_literal(&setup->collector, s->collector_literal);
	}
	plan_make(s);
	return s;
}

void session_destroy(struct session *s)
{
	if (!s)
		return;
	smtp_client_destroy(s->conn.client);
	arena_fini(&s->arena);
	buf_fini(&s->transcript);
	buf_fini(&s->scratch);
	free(s->items);
	free(s->results);
	free(s->returns_seen);
	free(s);
}

/* ---- connections ----------------------------------------------------------- */

static bool proved_enough(const struct session *s)
{
	if (s->setup.test->all)
		return false;
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].result.attempt == 1 && s->items[i].result.returned)
			return true;
	return false;
}

/* What the next connection is for; false: nothing is left to do. */
static bool next_profile(struct session *s, struct profile *profile)
{
	if (proved_enough(s))
		return false;
	if (s->connections >= CONNECTIONS_MAX)
		session_round_over(s, "too many connections");
	size_t i = plan_next_message(s);
	bool confirms = i != ITEMS_MAX && s->items[i].result.attempt == 1;
	/* What came back is confirmed even when time is up, if the host lets us. */
	if ((s->stopped || s->round_over) && (!confirms || s->shut_out))
		return false;
	if (i == ITEMS_MAX)
		i = plan_next_open(s);
	if (i != ITEMS_MAX)
		*profile = plan_profile(&s->items[i]);
	return i != ITEMS_MAX;
}

/* PROXY protocol headers that claim a client at 127.0.0.1 (haproxy's
 * proxy-protocol.txt, versions 1 and 2). */
static void add_preamble(struct session *s)
{
	static const char v1[] = "PROXY TCP4 127.0.0.1 127.0.0.1 34567 25\r\n";
	static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
	                         "\x7f\0\0\x01\x7f\0\0\x01\x87\x07\0\x19";
	if (s->conn.profile.session == RELAY_PROXY_V1)
		smtp_client_preamble(s->conn.client, STR(v1));
	else if (s->conn.profile.session == RELAY_PROXY_V2)
		smtp_client_preamble(s->conn.client, STR(v2));
}

static enum session_source source_of(struct profile p)
{
	return p.second ? SESSION_SOURCE_SECOND :
	       p.session == RELAY_SOURCE_PORT ? SESSION_SOURCE_PORT_25 :
	       p.session == RELAY_TRUSTED_PTR ? SESSION_SOURCE_TRUSTED : SESSION_SOURCE_OWN;
}

static void connect_action(struct session *s, struct profile profile,
                           struct session_action *action)
{
	s->conn = (struct conn){ .profile = profile, .client = smtp_client_create(NULL) };
	s->phase = PHASE_CONNECTING;
	s->connections++;
	action->type = SESSION_CONNECT;
	action->tls = s->setup.test->target.port == 465;
	s->conn.tls = action->tls;
	action->source = source_of(profile);
	add_preamble(s);
}

/* The connection is gone, by us or by them. One that brought no form further is
 * barren; a few in a row are enough. So are more of those that end without a word. */
static void connection_over(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	s->barren = c->finished ? 0 : s->barren + 1;
	s->mute = c->answered ? 0 : s->mute + 1;
	if (s->barren >= BARREN_MAX || s->mute >= MUTE_MAX) {
		end_give_up(s, why);
		s->barren = s->mute = 0;
	}
	smtp_client_destroy(c->client);
	c->client = NULL;
	s->phase = PHASE_IDLE;
	s->resolving = false;
	s->start_tls = false;
}

static void add_confirmation(struct session *s, const struct item *of)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].result.attempt == 1 &&
		    strcmp(s->items[i].result.id, of->result.id) == 0)
			return;
	if (s->item_count >= ITEMS_MAX)
		return;
	struct item first = *of;
	struct item *it = plan_add_item(s, first.form, ITEM_FORM);
	it->starttls = first.starttls;
	it->second = !first.second;
	it->state = ITEM_CANDIDATE;
	it->result.attempt = 1;
	memcpy(it->result.id, first.result.id, sizeof(it->result.id));
}

/* ---- rounds ------------------------------------------------------------------ */

/* Something that another round may decide. */
static bool is_left(const struct session *s, const struct item *it)
{
	if (it->kind != ITEM_FORM && it->kind != ITEM_SECOND)
		return false;
	return it->state == ITEM_PUT_OFF ||
	       (s->round_over && (it->state == ITEM_TODO || it->state == ITEM_SENT));
}

static bool any_left(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (is_left(s, &s->items[i]))
			return true;
	return false;
}

/* Rounds in a row that brought nothing new, this one included; the first always does. */
static unsigned fruitless_now(const struct session *s)
{
	return s->setup.rounds == 0 || s->settled ? 0 : s->setup.fruitless + 1;
}

/* A test that had ended says no more, but what came back late is confirmed. */
static bool wants_later(const struct session *s)
{
	bool left = s->setup.test->finished_s ? plan_confirmation_put_off(s)
	                                      : !s->stopped && any_left(s);
	return left && s->setup.ask_again_ms > 0 && !proved_enough(s) &&
	       s->setup.rounds < ROUNDS_MAX && fruitless_now(s) < FRUITLESS_MAX;
}

static void over_for_now(struct session *s, struct session_action *action)
{
	s->unfinished |= s->round_over && any_left(s);
	if (!wants_later(s)) {
		s->phase = PHASE_DONE;
		action->type = SESSION_DONE;
		return;
	}
	s->phase = PHASE_LATER;
	action->type = SESSION_LATER;
	action->fruitless = fruitless_now(s);
	action->rounds = s->setup.rounds + 1;
	action->pause_ms = s->setup.ask_again_ms << 2 * action->fruitless;
}

void session_round_over(struct session *s, const char *why)
{
	if (s->stopped || s->round_over)
		return;
	/* A round that brings nothing will not be better when it is repeated. */
	if (s->settled == 0) {
		session_stop(s, why);
		return;
	}
	note_add(s, "!", str_of(why));
	s->stop_reason = arena_strdup(&s->arena, str_of(why));
	s->round_over = true;
}

/* Between connections. */
static void idle_next(struct session *s, struct session_action *action)
{
	struct profile profile;
	if (s->pause_ms) {
		s->phase = PHASE_PAUSED;
		action->type = SESSION_PAUSE;
		action->pause_ms = s->pause_ms;
		s->pause_ms = 0;
	} else if (next_profile(s, &profile) || (plan_check(s) && next_profile(s, &profile))) {
		connect_action(s, profile, action);
	} else {
		over_for_now(s, action);
	}
}

/* A name that the host gives itself is looked up once, before it is used. */
static bool wants_name(struct session *s)
{
	if (s->named || s->resolve_tried || s->conn.profile.session != RELAY_PLAIN ||
	    s->conn.profile.second || s->setup.only)
		return false;
	s->resolve_tried = true;
	if (*smtp_client_server_name(s->conn.client))
		return true;
	plan_names(s);
	return false;
}

static bool ready_next(struct session *s, struct session_action *action)
{
	if (wants_name(s)) {
		s->phase = PHASE_RESOLVING;
		action->type = SESSION_RESOLVE;
		action->name = smtp_client_server_name(s->conn.client);
		return true;
	}
	if (talk_next(s))
		return false;
	if (s->conn.greeted && !s->conn.closing) {
		note_add(s, ">", STR("QUIT"));
		smtp_client_command(s->conn.client, SMTP_QUIT, 0, STR("QUIT"));
		s->phase = PHASE_QUIT;
		return false;
	}
	connection_over(s, STREAM_CLOSED);
	action->type = SESSION_DISCONNECT;
	return true;
}

bool session_next(struct session *s, struct session_action *action)
{
	*action = (struct session_action){ 0 };
	if (s->start_tls) {
		s->start_tls = false;
		action->type = SESSION_START_TLS;
		return true;
	}
	if (s->conn.client && s->conn.closing) {
		/* Closed by us: a farewell, or no SMTP. That was no refusal. */
		if (s->phase != PHASE_QUIT)
			end_dropped(s, STREAM_TIMEOUT);
		connection_over(s, STREAM_TIMEOUT);
		action->type = SESSION_DISCONNECT;
		return true;
	}
	switch (s->phase) {
	case PHASE_IDLE:
		idle_next(s, action);
		return true;
	case PHASE_READY:
		return ready_next(s, action);
	case PHASE_INTENDING: {
		const struct item *it = &s->items[s->conn.current];
		action->type = SESSION_INTEND;
		action->case_id = it->result.id;
		action->attempt = it->result.attempt;
		return true;
	}
	default:
		return false;
	}
}

/* ---- events ---------------------------------------------------------------- */

static void set_now(struct session *s, int64_t now_ms)
{
	if (!s->started_ms)
		s->started_ms = now_ms;
	s->now_ms = now_ms;
}

void session_connected(struct session *s, int64_t now_ms)
{
	set_now(s, now_ms);
	note_add(s, "!", STR("connected"));
	s->phase = PHASE_BANNER;
}

void session_secured(struct session *s, int64_t now_ms)
{
	set_now(s, now_ms);
	note_add(s, "!", STR("TLS started"));
	if (s->phase != PHASE_HANDSHAKE)
		return;                  /* TLS from the first byte: the banner follows */
	s->conn.tls = true;
	smtp_client_tls_started(s->conn.client);
	hello_start(s);
}

void session_received(struct session *s, struct str bytes, int64_t now_ms)
{
	struct smtp_client_event ev;
	set_now(s, now_ms);
	if (!s->conn.client)
		return;
	note_add(s, "<", bytes);
	smtp_client_input(s->conn.client, bytes);
	while (s->conn.client && !s->conn.closing && smtp_client_next(s->conn.client, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN) {
			note_add(s, "!", ev.text);
			end_broken(s);
		} else if (s->phase == PHASE_QUIT) {
			s->conn.closing = true;
		} else if (ev.tag == SMTP_TAG_UNASKED) {
			/* Out of the blue: a farewell ends the connection, all else means
			 * nothing. */
			s->conn.closing = ev.reply.code == 421;
		} else {
			s->replies++;
			talk_reply(s, &ev);
		}
	}
}

void session_ended(struct session *s, enum stream_end why, int64_t now_ms)
{
	set_now(s, now_ms);
	if (!s->conn.client)
		return;
	if (why == STREAM_TIMEOUT && s->conn.profile.session == RELAY_PLAIN &&
	    !s->conn.profile.second && s->phase != PHASE_QUIT && ++s->timeouts >= TIMEOUTS_MAX)
		session_round_over(s, "too many time-outs");
	if (s->conn.farewell)
		why = STREAM_TIMEOUT;
	end_dropped(s, why);
	/* Nobody there at all: one try is enough, and other forms need it as well. */
	if (s->phase == PHASE_CONNECTING && s->conn.profile.session == RELAY_PLAIN && !s->reached)
		s->stopped = true;
	connection_over(s, why);
}

void session_resolved(struct session *s, const char *name, bool usable, const char *mail_domain)
{
	if (usable) {
		s->host_name = arena_strdup(&s->arena, str_of(name));
		s->mail_domain = arena_strdup(&s->arena, str_of(mail_domain));
	}
	if (usable || s->resolve_tried)
		plan_names(s);
	if (s->phase == PHASE_RESOLVING)
		s->phase = PHASE_READY;
}

void session_intended(struct session *s, int err)
{
	if (s->phase != PHASE_INTENDING)
		return;
	if (err == ERR_OK) {
		talk_body(s);
		return;
	}
	/* DATA cannot be taken back: only closing leaves the message unsent. */
	struct item *it = &s->items[s->conn.current];
	if (err == ERR_EXISTS) {
		/* As the store tells of a message whose answer was lost. */
		plan_skip(it, "interrupted");
		it->result.stage = STAGE_MESSAGE;
		it->messaged = true;
		s->unanswered++;
	} else {
		plan_skip(it, s->deaf ? s->deaf : "the intent could not be written down");
		session_stop(s, it->result.text);
		s->unfinished = true;
	}
	s->conn.finished++;
	s->conn.closing = true;
	s->phase = PHASE_READY;
}

void session_deaf(struct session *s, const char *why)
{
	s->deaf = arena_printf(&s->arena, "nothing could have come back: %s", why);
}

void session_resume(struct session *s)
{
	if (s->phase == PHASE_PAUSED)
		s->phase = PHASE_IDLE;
}

static bool counts(struct session *s, const struct test_return *r)
{
	for (size_t i = 0; i < s->returns_n; i++)
		if (s->returns_seen[i] == r->id)
			return false;
	if (r->id == 0)
		return true;
	if (s->returns_n == s->returns_room) {
		s->returns_room = s->returns_room ? s->returns_room * 2 : 16;
		s->returns_seen = mem_realloc(s->returns_seen, s->returns_room,
		                              sizeof(*s->returns_seen));
	}
	s->returns_seen[s->returns_n++] = r->id;
	return true;
}

void session_returned(struct session *s, const struct test_return *r)
{
	if (!counts(s, r))
		return;
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->kind != ITEM_FORM || it->result.attempt != r->attempt ||
		    strcmp(it->result.id, r->case_id) != 0)
			continue;
		if (r->kind == RETURN_SENDER) {
			it->result.bounced++;
		} else if (r->marked && it->messaged) {
			if (!it->result.returned++)
				it->result.output = r->peer.ip;
			if (r->attempt == 0 && !(it->form->flags & RELAY_FINDING_ONLY))
				add_confirmation(s, it);
		}
		break;
	}
	if (s->phase == PHASE_PAUSED || s->phase == PHASE_DONE || s->phase == PHASE_LATER)
		s->phase = PHASE_IDLE;
}

/* A form without an answer, or a message that would go out. */
static bool work_left(struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].state == ITEM_TODO || s->items[i].state == ITEM_SENT)
			return true;
	return plan_next_message(s) != ITEMS_MAX;
}

void session_stop(struct session *s, const char *why)
{
	if (s->stopped)
		return;
	note_add(s, "!", str_of(why));
	s->unfinished |= work_left(s);
	s->stopped = true;
	s->stop_reason = arena_strdup(&s->arena, str_of(why));
}

struct str session_output(const struct session *s)
{
	return s->conn.client ? smtp_client_output(s->conn.client) : STR("");
}

struct smtp_client *session_client(const struct session *s)
{
	return s->conn.client;
}

void session_output_sent(struct session *s, size_t n)
{
	if (s->conn.client)
		smtp_client_output_sent(s->conn.client, n);
}

int64_t session_timeout_ms(const struct session *s)
{
	if (s->phase == PHASE_QUIT)
		return QUIT_TIMEOUT_MS;
	return s->conn.client ? smtp_client_timeout_ms(s->conn.client) : -1;
}

/* ---- outcome ---------------------------------------------------------------- */

/* A candidate that never got a message was taken no further than RCPT. */
static void collect(struct session *s, unsigned attempt, size_t *n)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == ITEM_FORM && s->items[i].result.attempt == attempt)
			s->results[(*n)++] = s->items[i].result;
}

void session_outcome(struct session *s, struct session_outcome *out)
{
	size_t n = 0;
	plan_settle_twins(s);
	s->results = mem_realloc(s->results, s->item_count, sizeof(*s->results));
	collect(s, 0, &n);
	collect(s, 1, &n);
	struct verdict_input in = {
		.results = s->results, .n = n, .reached = s->reached,
		.plain_shut = judge_plain_shut(s), .unfinished = s->unfinished,
		.catch_all = s->catch_all, .second_taken = s->second_taken,
		.deaf = s->deaf != NULL,
	};
	enum verdict verdict = verdict_decide(&in);
	*out = (struct session_outcome){
		.results = s->results, .n = n, .verdict = verdict,
		.accepted = s->accepted, .control_ok = in.plain_shut,
		.catch_all = s->catch_all, .finding = verdict_finding(s->results, n),
		.reason = judge_reason(s, verdict), .transcript = buf_str(&s->transcript),
	};
}
