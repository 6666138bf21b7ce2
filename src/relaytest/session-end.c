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

static const char *end_in_words(enum stream_end why)
{
	switch (why) {
	case STREAM_TIMEOUT: return "no answer in time";
	case STREAM_REFUSED: return "connection refused";
	case STREAM_UNREACHABLE: return "no route to it";
	case STREAM_TLS_FAILED: return "TLS failed";
	case STREAM_NO_SOURCE: return "the source address or port cannot be used";
	case STREAM_CLOSED: case STREAM_RESET: break;
	}
	return "the server hung up";
}

static enum test_cause cause_of(enum stream_end why)
{
	switch (why) {
	case STREAM_TIMEOUT: return CAUSE_TIMEOUT;
	case STREAM_REFUSED: return CAUSE_REFUSED;
	case STREAM_UNREACHABLE: return CAUSE_NO_ROUTE;
	case STREAM_TLS_FAILED: return CAUSE_TLS_FAILED;
	case STREAM_NO_SOURCE: return CAUSE_NO_SOURCE;
	case STREAM_CLOSED: case STREAM_RESET: break;
	}
	return CAUSE_HUNG_UP;
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
	s->host.shut_out = words;
	if (s->knocks < KNOCKS_MAX)
		s->pause_ms = pauses_ms[s->knocks];
	else
		s->halted |= HALT_ROUND;
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
	struct smtp_reply none = no_reply(end_in_words(why));
	struct case_result before = it->result;
	answer_finish(s, it, stage, &none);
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

void end_of_batch(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	enum case_stage stage = stage_of(smtp_client_awaiting(c->client));
	bool first = true;
	for (size_t i = 0; i < c->batch_n; i++) {
		struct item *it = &s->items[c->batch[i]];
		if (it->state != ITEM_SENT)
			continue;
		if (first && !c->leaving && !c->farewell)
			drop_item(s, it, stage, why);
		if (it->state == ITEM_SENT)
			it->state = ITEM_TODO;
		first = false;
	}
	/* It hung up in the middle: ask for less at a time from now on. */
	if (!first && c->refusals > 0 && c->refusals < s->refusals_limit)
		s->refusals_limit = c->refusals;
	if (!first && !envelope_lockstep(s) && !c->leaving)
		s->host.no_pipelining = true;
}

/* The connection that a whole profile needs cannot be had. One that claims to come from
 * elsewhere is turned away so, if others are still let in: that is looked at in the end. Silence
 * is a no as well, but not for a form that was open. */
static void end_profile(struct session *s, enum case_stage stage, enum stream_end why)
{
	struct smtp_reply none = no_reply(end_in_words(why));
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (!plan_is_here(s, it) || (it->state != ITEM_TODO && it->state != ITEM_CANDIDATE))
			continue;
		if (why == STREAM_NO_SOURCE) {
			plan_skip(it, end_in_words(why));
			continue;
		}
		answer_finish(s, it, stage, &none);
		bool silent = !is_hangup(why);
		if (s->conn.profile.session == RELAY_PLAIN || (silent && plan_is_first(s, it)))
			continue;
		it->result.refusal = REFUSAL_TURNED_AWAY;
		it->suspect = plan_claims_client(s);
	}
}

/* ---- STARTTLS that does not work -------------------------------------------------- */

/* Nothing was listened to in clear. */
static bool tls_only(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (plan_profile(&s->items[i]).session == RELAY_PLAIN &&
		    judge_demands_tls(&s->items[i].result))
			return true;
	return false;
}

/* The client may go on in clear (RFC 3207 4.1), and there every form has its answer: what needs
 * TLS is open to nobody now, and was not tried. Where it would have decided, it is left without
 * an answer: a form that was open, a recipient that was taken, a host that listens to nothing
 * else. */
void end_without_tls(struct session *s, enum case_stage stage, const struct smtp_reply *reply)
{
	bool decides = tls_only(s);
	const char *why = arena_printf(&s->arena, "STARTTLS does not work: %d %s %.*s", reply->code,
	                               reply->enhanced, STR_ARG(reply->text));
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (!plan_is_here(s, it) || (it->state != ITEM_TODO && it->state != ITEM_CANDIDATE))
			continue;
		if (decides || it->state == ITEM_CANDIDATE || plan_is_first(s, it))
			answer_finish(s, it, stage, reply);
		else
			plan_skip(it, why);
	}
	s->conn.finished++;
}

/* ---- the connection, by the phase it ended in -------------------------------------- */

/* EHLO never got its whole answer, and the next time-out is the last. */
static bool ehlo_last_chance(const struct session *s)
{
	return !s->host.extensions_known && s->timeouts + 1 >= TIMEOUTS_MAX;
}

void end_before_greeting(struct session *s, enum stream_end why)
{
	bool plain = s->conn.profile.session == RELAY_PLAIN && is_ordinary(s);
	bool garbage = s->phase == PHASE_BANNER &&
	               smtp_client_notes(s->conn.client) & SMTP_NOTE_GARBAGE;
	if (garbage)
		host_seen(s, HOST_NO_SMTP);
	if (s->conn.kept_out)
		return;
	if (host_took_part(s) && is_ordinary(s)) {
		end_shut_out(s, end_in_words(why));
		return;
	}
	/* Silence may mean that a PROXY header is waited for. */
	s->host.plain_dead |= plain && why == STREAM_TIMEOUT && !host_took_part(s) &&
	                 s->phase == PHASE_BANNER;
	if (!plain || s->host.plain_dead)
		end_profile(s, STAGE_CONNECT, why);
}

void end_at_hello(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	if (c->kept_out)
		return;
	if (c->profile.second || c->profile.session != RELAY_PLAIN)
		end_profile(s, STAGE_HELO, why);
	else if (!c->used_helo && (why != STREAM_TIMEOUT || ehlo_last_chance(s)))
		s->host.prefers_helo = true;
}

void end_at_tls(struct session *s, enum stream_end why)
{
	struct smtp_reply none = no_reply(end_in_words(why));
	end_without_tls(s, STAGE_HELO, &none);
}

void end_at_prelude(struct session *s, enum stream_end why)
{
	end_profile(s, STAGE_HELO, why);
}

void end_of_message(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	drop_item(s, &s->items[c->current], stage_of(smtp_client_awaiting(c->client)), why);
}

void end_note(struct session *s, enum stream_end why)
{
	const struct conn *c = &s->conn;
	s->last_end = end_in_words(why);
	s->last_cause = cause_of(why);
	note_add(s, "!", str_of(c->farewell ? "closed after a farewell" :
	                        c->leaving || c->kept_out ? "closed by us" : s->last_end));
}

void end_leave(struct session *s)
{
	s->conn.leaving = !smtp_client_leave(s->conn.client);
	if (s->conn.leaving)
		return;
	note_add(s, ">", STR("QUIT"));
	phase_enter(s, PHASE_QUIT);
}

/* ---- broken, or for nothing ------------------------------------------------------------ */

void end_broken(struct session *s)
{
	/* An endless list of extensions, say: HELO has none. */
	if (s->phase == PHASE_HELLO && s->conn.profile.session == RELAY_PLAIN &&
	    !s->conn.used_helo)
		s->host.prefers_helo = true;
	bool garbage = smtp_client_notes(s->conn.client) & SMTP_NOTE_GARBAGE;
	if (s->phase == PHASE_BANNER && garbage)
		host_seen(s, HOST_NO_SMTP);
	/* Its answer could not be read: it is told, where it can hear that, and not waited for. */
	if (smtp_client_leave(s->conn.client))
		note_add(s, ">", STR("QUIT"));
	s->conn.leaving = true;
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
	if (is_ordinary(s) && host_took_part(s) && anything_answered(s)) {
		s->host.shut_out = end_in_words(why);
		s->halted |= HALT_ROUND;
		return;
	}
	end_profile(s, STAGE_CONNECT, why);
	/* A host that does not greet may wait for a PROXY header. */
	if (s->conn.profile.session != RELAY_PLAIN || s->conn.profile.second)
		return;
	if (host_took_part(s))
		session_stop(s, end_in_words(why));
	else
		s->host.plain_dead = true;
}
