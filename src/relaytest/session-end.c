/* SPDX-License-Identifier: ISC
 *
 * A connection that ended, or was not let in: what that means for the forms that wait for
 * an answer, and whether to knock again.
 */
#include "relaytest/session-private.h"

static struct smtp_reply no_reply(const char *text)
{
	return (struct smtp_reply){ .code = 0, .text = str_of(text) };
}

static const char *end_text(enum stream_end why)
{
	switch (why) {
	case STREAM_TIMEOUT: return "no answer in time";
	case STREAM_REFUSED: return "connection refused";
	case STREAM_UNREACHABLE: return "unreachable";
	case STREAM_TLS_FAILED: return "TLS failed";
	case STREAM_NO_SOURCE: return "the source address or port cannot be used";
	case STREAM_CLOSED: case STREAM_RESET: break;
	}
	return "the server hung up";
}

static bool is_hangup(enum stream_end why)
{
	return why == STREAM_CLOSED || why == STREAM_RESET;
}

/* An ordinary connection from our first address: a host that takes part lets it in. */
static bool is_ordinary(const struct session *s)
{
	return !s->conn.profile.second && !plan_claims_client(s);
}

void end_shut_out(struct session *s, const char *words)
{
	static const int64_t pauses_ms[KNOCKS_MAX] = { 5000, 20000, 65000 };
	s->shut_out = words;
	if (s->knocks < KNOCKS_MAX)
		s->pause_ms = pauses_ms[s->knocks];
	else
		s->round_over = true;
	s->knocks++;
}

/* ---- forms without an answer ------------------------------------------------------ */

static bool is_plain_form(const struct item *it)
{
	return it->form == &relay_cases[0] && !it->starttls;
}

/* Again on a new connection, a few times. Then hanging up was how the server takes that form,
 * and no others; but of the plain form, of a message, and of silence it says nothing. */
static void drop_item(struct session *s, struct item *it, enum case_stage stage,
                      enum stream_end why)
{
	if (++it->drops < DROPS_MAX && !it->messaged) {
		it->state = it->state == ITEM_SENT ? ITEM_TODO : it->state;
		return;
	}
	struct smtp_reply none = no_reply(end_text(why));
	struct case_result before = it->result;
	talk_finish(s, it, stage, &none);
	/* DATA that is not answered lets the recipient's refusal stand. */
	if (stage == STAGE_DATA && it->form->session == RELAY_DATA_ANYWAY)
		it->result = before;
	else if (is_hangup(why) && !it->messaged && !is_plain_form(it))
		it->result.refusal = REFUSAL_TURNED_AWAY;
	s->unanswered += it->messaged;
}

static enum case_stage stage_of(enum smtp_verb verb)
{
	switch (verb) {
	case SMTP_BANNER: case SMTP_STARTTLS: return STAGE_CONNECT;
	case SMTP_EHLO: case SMTP_HELO: case SMTP_XCLIENT: case SMTP_AUTH: return STAGE_HELO;
	case SMTP_MAIL: return STAGE_MAIL;
	case SMTP_DATA: return STAGE_DATA;
	case SMTP_MESSAGE: case SMTP_BDAT: return STAGE_MESSAGE;
	default: return STAGE_RCPT;
	}
}

static void drop_batch(struct session *s, enum case_stage stage, enum stream_end why)
{
	struct conn *c = &s->conn;
	bool first = true;
	for (size_t i = 0; i < c->batch_n; i++) {
		struct item *it = &s->items[c->batch[i]];
		if (it->state != ITEM_SENT)
			continue;
		if (first && !c->closing && !c->farewell)
			drop_item(s, it, stage, why);
		if (it->state == ITEM_SENT)
			it->state = ITEM_TODO;
		first = false;
	}
	/* It hung up in the middle: ask for less at a time from now on. */
	if (!first && c->refusals > 0 && c->refusals < s->refusals_limit)
		s->refusals_limit = c->refusals;
	if (!first && !c->lockstep && !c->closing)
		s->no_pipelining = true;
}

/* The connection that a whole profile needs cannot be had. One that claims to come from
 * elsewhere is turned away so, if others are still let in: that is looked at in the end. Silence
 * is a no as well, but not for a form that was open. */
static void end_profile(struct session *s, enum case_stage stage, enum stream_end why)
{
	struct smtp_reply none = no_reply(end_text(why));
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (!plan_is_here(s, it) || (it->state != ITEM_TODO && it->state != ITEM_CANDIDATE))
			continue;
		if (why == STREAM_NO_SOURCE) {
			plan_skip(it, end_text(why));
			continue;
		}
		talk_finish(s, it, stage, &none);
		bool silent = !is_hangup(why);
		if (s->conn.profile.session == RELAY_PLAIN || (silent && plan_is_first(s, it)))
			continue;
		it->result.refusal = REFUSAL_TURNED_AWAY;
		it->suspect = plan_claims_client(s);
	}
}

/* ---- the connection -------------------------------------------------------------------- */

/* EHLO never got its whole answer, and the next time-out is the last. */
static bool ehlo_last_chance(const struct session *s)
{
	return !s->ehlo_seen && s->timeouts + 1 >= TIMEOUTS_MAX;
}

static void dropped_before_greeting(struct session *s, enum stream_end why)
{
	bool plain = s->conn.profile.session == RELAY_PLAIN && is_ordinary(s);
	bool garbage = s->phase == PHASE_BANNER &&
	               smtp_client_notes(s->conn.client) & SMTP_NOTE_GARBAGE;
	s->no_smtp |= garbage && !s->took_part;
	s->reached |= s->no_smtp;
	if (s->conn.kept_out)
		return;
	if (s->took_part && is_ordinary(s)) {
		end_shut_out(s, end_text(why));
		return;
	}
	/* Silence may mean that a PROXY header is waited for. */
	s->plain_dead |= plain && why == STREAM_TIMEOUT && !s->took_part &&
	                 s->phase == PHASE_BANNER;
	if (!plain || s->plain_dead)
		end_profile(s, STAGE_CONNECT, why);
}

static void dropped_at_hello(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	if (c->kept_out)
		return;
	if (c->profile.second || c->profile.session != RELAY_PLAIN)
		end_profile(s, STAGE_HELO, why);
	else if (!c->used_helo && (why != STREAM_TIMEOUT || ehlo_last_chance(s)))
		s->prefers_helo = true;
}

void end_dropped(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	enum case_stage stage = stage_of(c->client ? smtp_client_awaiting(c->client) : SMTP_BANNER);
	s->last_end = end_text(why);
	note_add(s, "!", str_of(c->farewell ? "closed after a farewell" :
	                        c->closing ? "closed by us" : end_text(why)));
	switch (s->phase) {
	case PHASE_CONNECTING:
	case PHASE_BANNER:
		dropped_before_greeting(s, why);
		break;
	case PHASE_HELLO:
		dropped_at_hello(s, why);
		break;
	case PHASE_STARTTLS:
	case PHASE_HANDSHAKE: {
		struct smtp_reply none = no_reply(end_text(why));
		hello_without_tls(s, STAGE_HELO, &none);
		break;
	}
	case PHASE_PRELUDE:
		end_profile(s, STAGE_HELO, why);
		break;
	case PHASE_BATCH:
		drop_batch(s, stage, why);
		break;
	case PHASE_MESSAGE:
	case PHASE_INTENDING:
		drop_item(s, &s->items[c->current], stage, why);
		break;
	default:
		break;
	}
}

void end_broken(struct session *s)
{
	/* An endless list of extensions, say: HELO has none. */
	if (s->phase == PHASE_HELLO && s->conn.profile.session == RELAY_PLAIN &&
	    !s->conn.used_helo)
		s->prefers_helo = true;
	bool garbage = smtp_client_notes(s->conn.client) & SMTP_NOTE_GARBAGE;
	if (s->phase == PHASE_BANNER && !s->took_part && garbage)
		s->no_smtp = s->reached = true;
	s->conn.closing = true;
}

static bool anything_answered(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == ITEM_FORM && s->items[i].result.code)
			return true;
	return false;
}

void end_give_up(struct session *s, enum stream_end why)
{
	if (is_ordinary(s) && s->took_part && anything_answered(s)) {
		s->shut_out = end_text(why);
		s->round_over = true;
		return;
	}
	end_profile(s, STAGE_CONNECT, why);
	/* A host that does not greet may wait for a PROXY header. */
	if (s->conn.profile.session != RELAY_PLAIN || s->conn.profile.second)
		return;
	if (s->took_part)
		session_stop(s, end_text(why));
	else
		s->plain_dead = true;
}
