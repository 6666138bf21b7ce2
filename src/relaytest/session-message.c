/* SPDX-License-Identifier: ISC
 *
 * One message: its envelope again, DATA or BDAT, the intent that the shell makes durable, and
 * only then the body.
 *
 * Hostile input that reaches it: the replies to these commands, and to the message.
 */
#include "relaytest/session-private.h"

#include "relaytest/probe.h"
#include "relaytest/verdict.h"

bool message_start(struct session *s)
{
	struct conn *c = &s->conn;
	size_t i = order_next_message(s);
	if (i == ITEMS_MAX || !plan_is_here(s, &s->items[i]) ||
	    (c->rset != RSET_WORKS && c->transactions) || c->refusals >= s->refusals_limit)
		return false;
	const char *mail, *rcpt;
	if (!wording_commands(s, &s->items[i], &mail, &rcpt))
		return message_start(s);
	c->transactions++;
	c->batch_n = 0;
	c->current = i;
	phase_enter(s, PHASE_MESSAGE);
	note_say(s, SMTP_MAIL, part_tag(i, PART_MAIL), mail);
	return true;
}

/* The current form's message is over, one way or the other. */
static void message_over(struct session *s, enum case_stage stage, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[c->current];
	answer_finish(s, it, stage, r);
	if (smtp_reply_ok(r) && stage == STAGE_MESSAGE) {
		it->result.accepted = true;
		s->accepted++;
		s->pause_ms = s->setup.proof_wait_ms;
	} else if (stage == STAGE_MESSAGE) {
		s->unanswered += verdict_may_keep(&it->result);
	}
	if (it->result.accepted || c->leaving) {
		phase_enter(s, PHASE_READY);
		return;
	}
	phase_enter(s, PHASE_BATCH);             /* until the RSET is answered */
	note_say(s, SMTP_RSET, part_tag(c->current, PART_RSET), "RSET");
}

static void data_refused(struct session *s, struct item *it, const struct smtp_reply *r)
{
	struct case_result before = it->result;
	unsigned settled = s->settled;
	message_over(s, STAGE_DATA, r);
	if (it->form->session != RELAY_DATA_ANYWAY || r->code / 100 <= 3)
		return;
	/* The recipient had been refused: any "no" means that this stands. */
	it->result = before;
	it->state = ITEM_DONE;
	s->settled = settled + (!it->known && !verdict_undecided(&before));
}

/* Whether a message may follow this answer to RCPT. */
static bool goes_on(const struct item *it, const struct smtp_reply *r)
{
	if (it->form->session == RELAY_DATA_ANYWAY)
		return verdict_refused(&it->result);
	return smtp_reply_ok(r);
}

static void recipient_reply(struct session *s, struct item *it, const struct smtp_reply *r)
{
	answer_recipient(s, it, r);
	if (it->form->flags & RELAY_FINDING_ONLY || !goes_on(it, r))
		message_over(s, STAGE_RCPT, r);
	else if (it->form->session == RELAY_BARE_BDAT)
		phase_enter(s, PHASE_INTENT_DUE);
	else
		note_say(s, SMTP_DATA, part_tag(s->conn.current, PART_DATA), "DATA");
}

void message_reply(struct session *s, const struct smtp_client_event *ev)
{
	const struct smtp_reply *r = &ev->reply;
	size_t current = s->conn.current;
	struct item *it = &s->items[current];
	enum part part = ev->tag % PART_COUNT;
	if (envelope_is_goodbye(s, r))
		return;
	switch (part) {
	case PART_MAIL:
		if (smtp_reply_ok(r))
			envelope_say_recipient(s, current, part);
		else
			message_over(s, STAGE_MAIL, r);
		break;
	case PART_EXTRA:
		envelope_say_recipient(s, current, part);
		break;
	case PART_RCPT:
		recipient_reply(s, it, r);
		break;
	case PART_DATA:
		if (r->code / 100 == 3)
			phase_enter(s, PHASE_INTENT_DUE);
		else
			data_refused(s, it, r);
		break;
	case PART_BODY: case PART_RSET: case PART_COUNT:
		break;
	}
}

/* ---- the body ---------------------------------------------------------------------- */

bool message_intend(struct session *s, struct session_action *action)
{
	const struct item *it = &s->items[s->conn.current];
	phase_enter(s, PHASE_INTENDING);
	action->type = SESSION_INTEND;
	action->case_id = it->result.id;
	action->attempt = it->result.attempt;
	return true;
}

static void say_body(struct session *s)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[c->current];
	struct buf text = { 0 };
	struct probe probe = {
		.tokens = &it->tokens, .case_id = it->result.id, .test_id = s->setup.test->id,
		.detects = it->form->detects, .target = s->setup.test->target,
		.consent = s->setup.test->consent, .domain = wording_destination(s, it),
		.sender_domain = wording_sender_domain(s, it), .us = s->setup.us,
		.now_s = s->setup.now_s,
	};
	probe_write(&probe, &text);
	it->messaged = true;
	if (it->result.attempt == 0)
		it->second = s->swapped;
	phase_enter(s, PHASE_BODY);
	note_add(s, ">", buf_str(&text));
	note_add(s, ">", STR("."));
	if (it->form->session == RELAY_BARE_BDAT)
		smtp_client_bdat(c->client, part_tag(c->current, PART_BODY), buf_str(&text));
	else
		smtp_client_message(c->client, part_tag(c->current, PART_BODY), buf_str(&text));
	buf_fini(&text);
}

void session_intended(struct session *s, int err)
{
	if (!phase_awaits(s, AWAITS_INTENT))
		return;
	if (err == ERR_OK) {
		say_body(s);
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
	s->conn.leaving = true;
	phase_enter(s, PHASE_READY);
}

void message_body_reply(struct session *s, const struct smtp_client_event *ev)
{
	message_over(s, STAGE_MESSAGE, &ev->reply);
}
