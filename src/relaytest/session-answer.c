/* SPDX-License-Identifier: ISC
 *
 * What an answer means for the form that it was given to: settled, put off, suspect, or the
 * recipient taken; and what the controls beside the forms tell of the host.
 *
 * Hostile input that reaches it: the replies to envelopes and messages, by way of the engine.
 */
#include "relaytest/session-private.h"

#include "relaytest/verdict.h"

/* ---- what a refusal is about ----------------------------------------------------- */

/* What was asked, for the classifier: it cuts out what the server repeats. */
static void asked_of(struct session *s, struct item *it, enum case_stage stage,
                     struct smtp_asked *asked)
{
	const char *mail = "", *rcpt = "";
	*asked = (struct smtp_asked){
		.helo = str_of(s->setup.us->hostname), .port = s->setup.test->target.port,
		.login_offered = s->host.login_offered,
	};
	if (stage < STAGE_MAIL || !wording_commands(s, it, &mail, &rcpt))
		return;
	asked->sender = str_from(str_of(mail), sizeof("MAIL FROM:") - 1);
	asked->recipient = str_from(str_of(rcpt), sizeof("RCPT TO:") - 1);
}

/* A short text without an address in it repeats nothing of what was asked. */
static bool is_common(const struct smtp_reply *reply)
{
	static const char marks[] = "@<[%!:";          /* and the NUL behind them */
	bool plain = reply->text.n < HEARD_TEXT_MAX;
	for (size_t i = 0; plain && i < sizeof(marks); i++)
		plain = str_find(reply->text, marks[i]) == SIZE_MAX;
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

/* ---- what is no form ------------------------------------------------------------- */

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
		s->host.catch_all |= taken;
	else if (it->kind == ITEM_SECOND)
		s->host.second_taken |= taken && !first_took(s, it);
	else if (it->kind == ITEM_CHECK)
		check_finish(s, taken || (verdict_refused(r) && !refusal_is_identity(r->refusal)));
}

/* ---- forms ------------------------------------------------------------------------ */

static void set_result(struct case_result *result, enum case_stage stage,
                       const struct smtp_reply *reply)
{
	result->stage = stage;
	result->code = reply->code;
	str_copy(result->enhanced, sizeof(result->enhanced), str_of(reply->enhanced));
	str_copy(result->text, sizeof(result->text), reply->text);
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

void answer_finish(struct session *s, struct item *it, enum case_stage stage,
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

void answer_profile(struct session *s, enum case_stage stage, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if ((it->state == ITEM_TODO || it->state == ITEM_CANDIDATE) && plan_is_here(s, it))
			answer_finish(s, it, stage, reply);
	}
}

void answer_taken(struct session *s, struct item *it, const struct smtp_reply *reply)
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

void answer_recipient(struct session *s, struct item *it, const struct smtp_reply *reply)
{
	it->result.refusal = refusal_of(s, it, STAGE_RCPT, reply);
	set_result(&it->result, STAGE_RCPT, reply);
}
