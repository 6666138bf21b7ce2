/* SPDX-License-Identifier: ISC
 *
 * Envelopes and messages, and what their replies mean for the forms.
 *
 * A tag given to the client engine names item and command: index * PART_COUNT + part.
 *
 * Hostile input that reaches it: the replies to MAIL, RCPT, DATA and the message.
 */
#include "relaytest/session-private.h"

#include "relaytest/probe.h"
#include "relaytest/verdict.h"

#include <assert.h>

enum part { PART_MAIL, PART_RCPT, PART_RSET, PART_DATA, PART_BODY, PART_EXTRA };
enum { PART_COUNT = PART_EXTRA + 1 };

static uint32_t tag_of(size_t index, enum part part)
{
	return (uint32_t)(index * PART_COUNT + part);
}

void talk_command(struct session *s, enum smtp_verb verb, uint32_t tag, const char *line)
{
	note_add(s, ">", str_of(line));
	int e = smtp_client_command(s->conn.client, verb, tag, str_of(line));
	assert(e == ERR_OK);
}

/* ---- forms ---------------------------------------------------------------- */

static const char postmaster_rcpt[] = "RCPT TO:<postmaster>";

static void set_result(struct case_result *result, enum case_stage stage,
                       const struct smtp_reply *reply)
{
	result->stage = stage;
	result->code = reply->code;
	str_copy(result->enhanced, sizeof(result->enhanced), str_of(reply->enhanced));
	str_copy(result->text, sizeof(result->text), reply->text);
}

/* What was asked, for the classifier: it cuts out what the server repeats. */
static void asked_of(struct session *s, struct item *it, enum case_stage stage,
                     struct smtp_asked *asked)
{
	const char *mail = "", *rcpt = "";
	*asked = (struct smtp_asked){
		.helo = str_of(s->setup.helo), .port = s->setup.test->target.port,
		.login_offered = s->login_offered,
	};
	if (stage < STAGE_MAIL || !plan_commands(s, it, &mail, &rcpt))
		return;
	asked->sender = str_from(str_of(mail), sizeof("MAIL FROM:") - 1);
	asked->recipient = str_from(str_of(rcpt), sizeof("RCPT TO:") - 1);
}

/* A short text without an address in it repeats nothing of what was asked. */
static bool is_common(const struct smtp_reply *reply)
{
	bool plain = reply->text.n < HEARD_TEXT_MAX;
	for (size_t i = 0; plain && i < reply->text.n; i++)
		plain = !memchr("@<[%!:", reply->text.p[i], 6) && reply->text.p[i];
	return plain;
}

static bool was_heard(const struct session *s, const struct smtp_reply *reply, enum refusal *r)
{
	for (unsigned i = 0; i < HEARD_MAX && i < s->heard_n; i++) {
		if (s->heard[i].code != reply->code ||
		    strcmp(s->heard[i].enhanced, reply->enhanced) != 0 ||
		    !str_eq(str_of(s->heard[i].text), reply->text))
			continue;
		*r = s->heard[i].refusal;
		return true;
	}
	return false;
}

static enum refusal understand(struct session *s, struct item *it, enum case_stage stage,
                               const struct smtp_reply *reply)
{
	struct smtp_asked asked;
	enum refusal refusal;
	bool common = stage >= STAGE_MAIL && is_common(reply);
	if (common && was_heard(s, reply, &refusal))
		return refusal;
	asked_of(s, it, stage, &asked);
	refusal = smtp_refusal(reply, &asked);
	if (common) {
		unsigned at = s->heard_n++ % HEARD_MAX;
		s->heard[at].code = reply->code;
		s->heard[at].refusal = refusal;
		memcpy(s->heard[at].enhanced, reply->enhanced, sizeof(reply->enhanced));
		str_copy(s->heard[at].text, HEARD_TEXT_MAX, reply->text);
	}
	return refusal;
}

static enum refusal refusal_of(struct session *s, struct item *it, enum case_stage stage,
                               const struct smtp_reply *reply)
{
	if (reply->code < 400)
		return REFUSAL_NONE;
	if (stage < STAGE_MAIL && relay_claims_client(it->form) && it->kind == ITEM_FORM)
		return REFUSAL_TURNED_AWAY;
	return understand(s, it, stage, reply);
}

/* The plain form was answered by policy: who is kept out now was not then. */
static bool plain_was_heard(const struct session *s)
{
	const struct case_result *plain = &s->items[0].result;
	return s->items[0].state == ITEM_DONE && plain->code && !verdict_undecided(plain) &&
	       !refusal_is_identity(plain->refusal);
}

/* The plain form was asked once more, in the end. If it is heard as before, what other forms
 * were told of who we are was about them; else we have been shut out since, and ask again. */
static void check_finish(struct session *s, bool heard)
{
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (!it->suspect)
			continue;
		bool by_words = it->result.refusal != REFUSAL_TURNED_AWAY;
		it->suspect = false;
		if (!heard && !by_words)
			it->result.refusal = REFUSAL_NONE;
		if (!heard || (by_words && plan_is_first(s, it)))
			it->state = ITEM_PUT_OFF;
		else if (by_words)
			it->result.refusal = REFUSAL_UNKNOWN;
	}
}

/* Whether our first address had its recipient taken as well, whatever came of it later. */
static bool first_took(const struct session *s, const struct item *second)
{
	for (size_t i = 0; i < s->item_count; i++) {
		const struct item *it = &s->items[i];
		if (it->kind == ITEM_FORM && it->form == second->form &&
		    it->starttls == second->starttls && it->result.attempt == 0)
			return it->result.stage > STAGE_RCPT || it->result.code / 100 == 2;
	}
	return false;
}

/* What is not a form: its answer tells something of the host. */
static void aside_finish(struct session *s, const struct item *it, bool taken)
{
	const struct case_result *r = &it->result;
	if (it->kind == ITEM_NOBODY)
		s->catch_all |= taken;
	else if (it->kind == ITEM_SECOND)
		s->second_taken |= taken && !first_took(s, it);
	else if (it->kind == ITEM_CHECK)
		check_finish(s, taken || (verdict_refused(r) && !refusal_is_identity(r->refusal)));
}

/* The second domain is refused: the host is an MX of the first. The rest of the forms go to
 * the second, which is nothing to it. */
static void swap_domains(struct session *s)
{
	s->swapped = true;
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *other = &s->items[i];
		if (other->kind == ITEM_FORM && other->state == ITEM_CANDIDATE && !other->messaged)
			other->state = ITEM_TODO;
	}
}

static void form_finish(struct session *s, struct item *it, enum case_stage stage)
{
	const struct case_result *r = &it->result;
	bool refused = verdict_refused(r);
	/* A recipient that was taken before the message was put off may be tried again; a
	 * message that left is never sent twice. */
	if (r->code / 100 == 4 && !refused && !it->messaged)
		it->state = ITEM_PUT_OFF;
	else if (refused && verdict_undecided(r) && !it->messaged && plain_was_heard(s) &&
	         (stage >= STAGE_MAIL || relay_forges_helo(it->form)))
		it->suspect = true;
	else if (refused && stage < STAGE_MAIL && r->refusal == REFUSAL_TURNED_AWAY)
		it->suspect = true;
	else if (r->code && !it->known && !verdict_undecided(r))
		s->settled++;
	if (verdict_denies_second(r) && !s->swapped)
		swap_domains(s);
}

void talk_finish(struct session *s, struct item *it, enum case_stage stage,
                 const struct smtp_reply *reply)
{
	it->state = ITEM_DONE;
	it->connection = s->connections;
	/* A farewell brings nothing further, even where it stands for an answer. */
	s->conn.finished += reply->code != 421;
	s->conn.answered += reply->code != 0;
	enum refusal refusal = refusal_of(s, it, stage, reply);
	set_result(&it->result, stage, reply);
	it->result.refusal = refusal;
	if (refusal != REFUSAL_NONE && reply->code / 100 == 5 && stage >= STAGE_MAIL)
		s->conn.refusals++;
	if (it->kind == ITEM_FORM)
		form_finish(s, it, stage);
	else if (it->kind == ITEM_SECOND && reply->code / 100 == 4 &&
	         !verdict_refused(&it->result))
		it->state = ITEM_PUT_OFF;
	else
		aside_finish(s, it, false);
}

void talk_finish_profile(struct session *s, enum case_stage stage, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if ((it->state == ITEM_TODO || it->state == ITEM_CANDIDATE) && plan_is_here(s, it))
			talk_finish(s, it, stage, reply);
	}
}

static void item_candidate(struct session *s, struct item *it, const struct smtp_reply *reply)
{
	/* One that was put off behind its recipient had that taken before. */
	bool is_new = !it->known && it->result.stage < STAGE_DATA;
	set_result(&it->result, STAGE_RCPT, reply);
	it->result.refusal = REFUSAL_NONE;
	it->connection = s->connections;
	s->conn.finished++;
	s->conn.answered++;
	if (it->kind == ITEM_FORM) {
		s->settled += is_new;
		it->state = ITEM_CANDIDATE;
	} else {
		it->state = ITEM_DONE;
		aside_finish(s, it, true);
	}
}

/* A recipient of the host's own goes before the form's. */
static bool postmaster_first(const struct item *it)
{
	return it->form->session == RELAY_POSTMASTER_FIRST && it->kind == ITEM_FORM;
}

static bool queue_envelope(struct session *s, size_t index)
{
	struct item *it = &s->items[index];
	const char *mail, *rcpt;
	if (!plan_commands(s, it, &mail, &rcpt))
		return false;
	it->state = ITEM_SENT;
	talk_command(s, SMTP_MAIL, tag_of(index, PART_MAIL), mail);
	if (s->conn.lockstep)
		return true;
	if (postmaster_first(it))
		talk_command(s, SMTP_RCPT, tag_of(index, PART_EXTRA), postmaster_rcpt);
	talk_command(s, SMTP_RCPT, tag_of(index, PART_RCPT), rcpt);
	talk_command(s, SMTP_RSET, tag_of(index, PART_RSET), "RSET");
	return true;
}

static unsigned batch_size(const struct session *s)
{
	const struct conn *c = &s->conn;
	unsigned left = c->refusals < s->refusals_limit ? s->refusals_limit - c->refusals : 0;
	if (c->no_rset)
		return c->transactions ? 0 : 1;
	if (c->lockstep)
		return left ? 1 : 0;
	return left < s->setup.pipeline ? left : s->setup.pipeline;
}

/* DATA after a refused recipient is decided in the message phase. */
static bool starts_directly(const struct item *it)
{
	return it->form->session == RELAY_DATA_ANYWAY;
}

static bool start_batch(struct session *s)
{
	struct conn *c = &s->conn;
	c->lockstep = s->no_pipelining || c->used_helo || s->setup.pipeline < 2 ||
	              !(smtp_client_extensions(c->client) & SMTP_EXT_PIPELINING);
	unsigned max = batch_size(s);
	c->batch_n = 0;
	c->spoiled = false;
	while (c->batch_n < max && c->batch_n < sizeof(c->batch) / sizeof(*c->batch)) {
		size_t i = plan_next_todo(s, true);
		if (i == ITEMS_MAX)
			break;
		if (starts_directly(&s->items[i])) {
			s->items[i].state = ITEM_CANDIDATE;
			continue;
		}
		if (queue_envelope(s, i)) {
			c->batch[c->batch_n++] = i;
			c->transactions++;
		}
	}
	if (c->batch_n == 0)
		return false;
	s->phase = PHASE_BATCH;
	return true;
}

static bool start_message(struct session *s)
{
	struct conn *c = &s->conn;
	size_t i = plan_next_message(s);
	if (i == ITEMS_MAX || !plan_is_here(s, &s->items[i]) ||
	    (c->no_rset && c->transactions) || c->refusals >= s->refusals_limit)
		return false;
	const char *mail, *rcpt;
	if (!plan_commands(s, &s->items[i], &mail, &rcpt))
		return start_message(s);
	c->transactions++;
	c->batch_n = 0;
	c->current = i;
	c->body_out = false;
	s->phase = PHASE_MESSAGE;
	talk_command(s, SMTP_MAIL, tag_of(i, PART_MAIL), mail);
	return true;
}

bool talk_next(struct session *s)
{
	struct conn *c = &s->conn;
	if (c->closing || s->pause_ms)
		return false;
	return start_message(s) || (!s->stopped && !s->round_over && start_batch(s));
}

/* ---- replies -------------------------------------------------------------- */

/* 421 is not an answer to the form but the end of the connection: the form is tried
 * again, unless it was the first thing said. */
static bool is_goodbye(struct session *s, const struct smtp_reply *r)
{
	if (r->code != 421 || s->conn.finished == 0)
		return false;
	s->conn.closing = true;
	return true;
}

/* Where one command is said at a time: what follows MAIL. */
static void say_recipient(struct session *s, size_t index, enum part after)
{
	const char *mail, *rcpt;
	if (after == PART_MAIL && postmaster_first(&s->items[index]))
		talk_command(s, SMTP_RCPT, tag_of(index, PART_EXTRA), postmaster_rcpt);
	else if (plan_commands(s, &s->items[index], &mail, &rcpt))
		talk_command(s, SMTP_RCPT, tag_of(index, PART_RCPT), rcpt);
}

static void batch_reply(struct session *s, size_t index, enum part part,
                        const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[index];
	if (c->closing || is_goodbye(s, r))
		return;
	if (part == PART_RSET) {
		if (!smtp_reply_ok(r))
			c->no_rset = c->spoiled = true;
		return;
	}
	if (it->state != ITEM_SENT)
		return;
	if (c->spoiled) {
		it->state = ITEM_TODO;
		return;
	}
	if (part == PART_EXTRA) {
		if (c->lockstep)
			say_recipient(s, index, part);
		return;
	}
	if (part == PART_RCPT && smtp_reply_ok(r)) {
		item_candidate(s, it, r);
	} else if (part == PART_RCPT || !smtp_reply_ok(r)) {
		talk_finish(s, it, part == PART_MAIL ? STAGE_MAIL : STAGE_RCPT, r);
	} else if (c->lockstep) {
		say_recipient(s, index, part);
		return;
	}
	if (c->lockstep && part != PART_RSET)
		talk_command(s, SMTP_RSET, tag_of(index, PART_RSET), "RSET");
}

/* The current form's message is over, one way or the other. */
static void message_over(struct session *s, enum case_stage stage, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[c->current];
	talk_finish(s, it, stage, r);
	if (smtp_reply_ok(r) && stage == STAGE_MESSAGE) {
		it->result.accepted = true;
		s->accepted++;
		s->pause_ms = s->setup.proof_wait_ms;
	} else if (stage == STAGE_MESSAGE) {
		s->unanswered += verdict_may_keep(&it->result);
	}
	s->phase = PHASE_READY;
	if (!it->result.accepted && !c->closing) {
		s->phase = PHASE_BATCH;      /* until the RSET is answered */
		talk_command(s, SMTP_RSET, tag_of(c->current, PART_RSET), "RSET");
	}
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

static void message_reply(struct session *s, enum part part, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[c->current];
	const char *mail, *rcpt;
	bool ok = smtp_reply_ok(r);
	if (!c->body_out && is_goodbye(s, r))
		return;
	switch (part) {
	case PART_MAIL:
		if (!ok) {
			message_over(s, STAGE_MAIL, r);
		} else if (it->form->session == RELAY_POSTMASTER_FIRST) {
			talk_command(s, SMTP_RCPT, tag_of(c->current, PART_EXTRA), postmaster_rcpt);
		} else if (plan_commands(s, it, &mail, &rcpt)) {
			talk_command(s, SMTP_RCPT, tag_of(c->current, PART_RCPT), rcpt);
		}
		break;
	case PART_EXTRA:
		if (plan_commands(s, it, &mail, &rcpt))
			talk_command(s, SMTP_RCPT, tag_of(c->current, PART_RCPT), rcpt);
		break;
	case PART_RCPT:
		it->result.refusal = refusal_of(s, it, STAGE_RCPT, r);
		set_result(&it->result, STAGE_RCPT, r);
		if (it->form->flags & RELAY_FINDING_ONLY || !goes_on(it, r))
			message_over(s, STAGE_RCPT, r);
		else if (it->form->session == RELAY_BARE_BDAT)
			s->phase = PHASE_INTENDING;
		else
			talk_command(s, SMTP_DATA, tag_of(c->current, PART_DATA), "DATA");
		break;
	case PART_DATA:
		if (r->code == 354)
			s->phase = PHASE_INTENDING;
		else
			data_refused(s, it, r);
		break;
	case PART_BODY:
		message_over(s, STAGE_MESSAGE, r);
		break;
	case PART_RSET:
		break;
	}
}

void talk_body(struct session *s)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[c->current];
	struct buf text = { 0 };
	struct probe probe = {
		.tokens = &it->tokens, .case_id = it->result.id, .test_id = s->setup.test->id,
		.detects = it->form->detects, .target = s->setup.test->target,
		.consent = s->setup.test->consent, .domain = plan_destination(s, it),
		.sender_domain = plan_sender_domain(s, it), .helo = s->setup.helo,
		.operator_name = s->setup.operator_name, .contact = s->setup.contact,
		.objection_url = s->setup.objection_url, .now_s = s->setup.now_s,
	};
	probe_write(&probe, &text);
	it->messaged = c->body_out = true;
	if (it->result.attempt == 0)
		it->second = s->swapped;
	s->phase = PHASE_MESSAGE;
	note_add(s, ">", buf_str(&text));
	note_add(s, ">", STR("."));
	if (it->form->session == RELAY_BARE_BDAT)
		smtp_client_bdat(c->client, tag_of(c->current, PART_BODY), buf_str(&text));
	else
		smtp_client_message(c->client, tag_of(c->current, PART_BODY), buf_str(&text));
	buf_fini(&text);
}

void talk_reply(struct session *s, const struct smtp_client_event *ev)
{
	size_t index = ev->tag / PART_COUNT;
	enum part part = ev->tag % PART_COUNT;
	s->conn.farewell |= ev->reply.code == 421;
	switch (s->phase) {
	case PHASE_BANNER:
		hello_banner(s, &ev->reply);
		break;
	case PHASE_HELLO:
		hello_reply(s, &ev->reply);
		break;
	case PHASE_STARTTLS:
		hello_starttls(s, &ev->reply);
		break;
	case PHASE_PRELUDE:
		hello_prelude(s, ev->verb, &ev->reply);
		break;
	case PHASE_BATCH:
		batch_reply(s, index, part, &ev->reply);
		break;
	case PHASE_MESSAGE:
		message_reply(s, part, &ev->reply);
		break;
	default:
		break;
	}
	if (s->phase == PHASE_BATCH && !s->conn.closing &&
	    smtp_client_outstanding(s->conn.client) == 0)
		s->phase = PHASE_READY;
}
