/* SPDX-License-Identifier: ISC
 *
 * Envelopes: MAIL, RCPT and RSET for form after form, pipelined where the server allows,
 * until this connection has had its refusals.
 *
 * Hostile input that reaches it: the replies to these commands.
 */
#include "relaytest/session-private.h"

static const char postmaster_rcpt[] = "RCPT TO:<postmaster>";

/* A recipient of the host's own goes before the form's. */
static bool postmaster_first(const struct item *it)
{
	return it->form->session == RELAY_POSTMASTER_FIRST && it->kind == ITEM_FORM;
}

bool envelope_lockstep(const struct session *s)
{
	return s->host.no_pipelining || s->conn.used_helo || s->setup.pipeline < 2 ||
	       !(smtp_client_extensions(s->conn.client) & SMTP_EXT_PIPELINING);
}

static unsigned batch_size(const struct session *s)
{
	const struct conn *c = &s->conn;
	unsigned left = c->refusals < s->refusals_limit ? s->refusals_limit - c->refusals : 0;
	if (c->rset != RSET_WORKS)
		return c->transactions ? 0 : 1;
	if (envelope_lockstep(s))
		return left ? 1 : 0;
	return left < s->setup.pipeline ? left : s->setup.pipeline;
}

static bool say_envelope(struct session *s, size_t index)
{
	struct item *it = &s->items[index];
	const char *mail, *rcpt;
	if (!wording_commands(s, it, &mail, &rcpt))
		return false;
	it->state = ITEM_SENT;
	note_say(s, SMTP_MAIL, part_tag(index, PART_MAIL), mail);
	if (envelope_lockstep(s))
		return true;
	if (postmaster_first(it))
		note_say(s, SMTP_RCPT, part_tag(index, PART_EXTRA), postmaster_rcpt);
	note_say(s, SMTP_RCPT, part_tag(index, PART_RCPT), rcpt);
	note_say(s, SMTP_RSET, part_tag(index, PART_RSET), "RSET");
	return true;
}

/* DATA after a refused recipient is decided in the message phase. */
static bool starts_directly(const struct item *it)
{
	return it->form->session == RELAY_DATA_ANYWAY;
}

bool envelope_start(struct session *s)
{
	struct conn *c = &s->conn;
	if (c->rset == RSET_SPOILED)
		c->rset = RSET_REFUSED;
	unsigned max = batch_size(s);
	c->batch_n = 0;
	while (c->batch_n < max && c->batch_n < BATCH_MAX) {
		size_t i = order_next_here(s);
		if (i == ITEMS_MAX)
			break;
		if (starts_directly(&s->items[i])) {
			s->items[i].state = ITEM_CANDIDATE;
			continue;
		}
		if (say_envelope(s, i)) {
			c->batch[c->batch_n++] = i;
			c->transactions++;
		}
	}
	if (c->batch_n == 0)
		return false;
	phase_enter(s, PHASE_BATCH);
	return true;
}

/* ---- replies ----------------------------------------------------------------------- */

bool envelope_is_goodbye(struct session *s, const struct smtp_reply *r)
{
	if (r->code != 421 || s->conn.finished == 0)
		return false;
	s->conn.leaving = true;
	return true;
}

void envelope_say_recipient(struct session *s, size_t index, enum part after)
{
	const char *mail, *rcpt;
	if (after == PART_MAIL && postmaster_first(&s->items[index]))
		note_say(s, SMTP_RCPT, part_tag(index, PART_EXTRA), postmaster_rcpt);
	else if (wording_commands(s, &s->items[index], &mail, &rcpt))
		note_say(s, SMTP_RCPT, part_tag(index, PART_RCPT), rcpt);
}

static void take_reply(struct session *s, size_t index, enum part part,
                       const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[index];
	if (c->leaving || envelope_is_goodbye(s, r))
		return;
	if (part == PART_RSET) {
		if (!smtp_reply_ok(r))
			c->rset = RSET_SPOILED;
		return;
	}
	if (it->state != ITEM_SENT)
		return;
	if (c->rset == RSET_SPOILED) {
		it->state = ITEM_TODO;
		return;
	}
	if (part == PART_EXTRA) {
		if (envelope_lockstep(s))
			envelope_say_recipient(s, index, part);
		return;
	}
	if (part == PART_RCPT && smtp_reply_ok(r)) {
		answer_taken(s, it, r);
	} else if (part == PART_RCPT || !smtp_reply_ok(r)) {
		answer_finish(s, it, part == PART_MAIL ? STAGE_MAIL : STAGE_RCPT, r);
	} else if (envelope_lockstep(s)) {
		envelope_say_recipient(s, index, part);
		return;
	}
	if (envelope_lockstep(s) && part != PART_RSET)
		note_say(s, SMTP_RSET, part_tag(index, PART_RSET), "RSET");
}

void envelope_reply(struct session *s, const struct smtp_client_event *ev)
{
	take_reply(s, ev->tag / PART_COUNT, ev->tag % PART_COUNT, &ev->reply);
	if (!s->conn.leaving && smtp_client_outstanding(s->conn.client) == 0)
		phase_enter(s, PHASE_READY);
}
