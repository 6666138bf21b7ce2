/* SPDX-License-Identifier: ISC
 *
 * What is said on a connection, and what the replies mean for the forms.
 *
 * A tag given to the client engine names item and command: index * PART_COUNT + part.
 */
#include "relaytest/session-private.h"

#include "relaytest/probe.h"

#include <assert.h>
#include <openssl/evp.h>

enum { NOTE_LINE_MAX = 1000 };

enum part { PART_MAIL, PART_RCPT, PART_RSET, PART_DATA, PART_BODY, PART_EXTRA };
enum { PART_COUNT = PART_EXTRA + 1 };

static void item_finish(struct session *s, struct item *it, enum case_stage stage,
                        const struct smtp_reply *reply);

static uint32_t tag_of(size_t index, enum part part)
{
	return (uint32_t)(index * PART_COUNT + part);
}

/* What all lines of a note begin with: milliseconds and who speaks. */
static struct str note_head(const struct session *s, const char *prefix, char head[static 32])
{
	char *end = head + 32, *p = end;
	int64_t ms = s->now_ms - s->started_ms;
	*--p = ' ';
	*--p = *prefix;
	*--p = ' ';
	do
		*--p = (char)('0' + ms % 10);
	while ((ms /= 10) > 0);
	return (struct str){ p, (size_t)(end - p) };
}

static bool is_shown(unsigned char c)
{
	return c >= 0x20 || c == '\t';
}

/* Every command and reply comes by here: what can be shown is copied whole. */
static void add_shown(struct buf *t, struct str line)
{
	unsigned char odd = 0;
	for (size_t i = 0; i < line.n; i++)
		odd |= !is_shown((unsigned char)line.p[i]);
	if (!odd) {
		buf_add_str(t, line);
		return;
	}
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if (is_shown(c))
			buf_add_byte(t, (char)c);
		else
			buf_printf(t, "\\x%02x", c);
	}
}

static void note_line(struct session *s, struct str head, struct str line)
{
	struct buf *t = &s->transcript;
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 || t->n > TRANSCRIPT_MAX)
		return;
	if (line.n > NOTE_LINE_MAX)
		line.n = NOTE_LINE_MAX;
	buf_add_str(t, head);
	add_shown(t, line);
	buf_add_byte(t, '\n');
}

void talk_note(struct session *s, const char *prefix, struct str text)
{
	char room[32];
	struct str head = note_head(s, prefix, room);
	while (text.n) {
		size_t end = str_find(text, '\n');
		note_line(s, head, (struct str){ text.p, end == SIZE_MAX ? text.n : end });
		text = str_from(text, end == SIZE_MAX ? text.n : end + 1);
	}
}

static void command(struct session *s, enum smtp_verb verb, uint32_t tag, const char *line)
{
	talk_note(s, ">", str_of(line));
	int e = smtp_client_command(s->conn.client, verb, tag, str_of(line));
	assert(e == ERR_OK);
}

/* ---- greeting ------------------------------------------------------------ */

static const char *hello_name(const struct session *s)
{
	switch (s->conn.profile) {
	case RELAY_HELO_LOCALHOST: return "localhost";
	case RELAY_HELO_LOOPBACK: return "[127.0.0.1]";
	case RELAY_HELO_HOST: return *s->host_name ? s->host_name : s->literal;
	case RELAY_HELO_DOMAIN: return *s->mail_domain ? s->mail_domain : s->literal;
	case RELAY_HELO_LITERAL: return s->literal;
	default: return s->setup.helo;
	}
}

void talk_hello(struct session *s)
{
	bool helo = s->prefers_helo || s->conn.used_helo;
	bool lmtp = s->setup.test->target.port == 24;
	const char *verb = lmtp ? "LHLO" : helo ? "HELO" : "EHLO";
	s->conn.used_helo = helo;
	s->phase = PHASE_HELLO;
	command(s, helo && !lmtp ? SMTP_HELO : SMTP_EHLO, 0,
	        arena_printf(&s->arena, "%s %s", verb, hello_name(s)));
}

/* AUTH PLAIN with credentials; the line is not kept in the transcript. */
static void say_auth(struct session *s)
{
	bool invented = s->conn.profile == RELAY_AUTH_INVENTED;
	const char *user = invented ? "nobody-" : s->setup.user;
	const char *password = invented ? "made-up-" : s->setup.password;
	const char *tail = invented ? s->setup.test->id : "";
	struct buf plain = { 0 };
	buf_add_byte(&plain, '\0');
	buf_printf(&plain, "%s%s", user, tail);
	buf_add_byte(&plain, '\0');
	buf_printf(&plain, "%s%s", password, tail);
	unsigned char *encoded = arena_alloc(&s->arena, plain.n * 2 + 8);
	EVP_EncodeBlock(encoded, (const unsigned char *)plain.p, (int)plain.n);
	const char *line = arena_printf(&s->arena, "AUTH PLAIN %s", (const char *)encoded);
	OPENSSL_cleanse(plain.p, plain.n);
	buf_fini(&plain);
	talk_note(s, ">", STR("AUTH PLAIN (credentials)"));
	int e = smtp_client_command(s->conn.client, SMTP_AUTH, 0, str_of(line));
	if (e != ERR_OK)
		s->conn.closing = true;
}

static void fail_profile(struct session *s, enum case_stage stage, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if ((it->state == ITEM_TODO || it->state == ITEM_CANDIDATE) &&
		    plan_profile(it) == s->conn.profile)
			item_finish(s, it, stage, reply);
	}
}

/* "530 Must issue a STARTTLS command first" (RFC 3207 4), or words to that effect. */
static bool demands_tls(const struct case_result *r)
{
	struct str text = str_of(r->text);
	return r->code >= 400 && (str_casesearch(text, STR("starttls")) != SIZE_MAX ||
	                          str_casesearch(text, STR("encrypt")) != SIZE_MAX ||
	                          (r->code == 530 && str_casesearch(text, STR("tls")) != SIZE_MAX));
}

/* Nothing was listened to in clear. */
static bool tls_only(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (plan_profile(&s->items[i]) == RELAY_PLAIN && demands_tls(&s->items[i].result))
			return true;
	return false;
}

/* STARTTLS is offered and does not work now. The client may go on in clear (RFC 3207 4.1),
 * and there every form has its answer: what needs TLS is open to nobody now, and was not
 * tried. Where it would have decided, it is left without an answer: a form that was open, a
 * recipient that was taken, a host that listens to nothing else. */
static void without_tls(struct session *s, enum case_stage stage, const struct smtp_reply *reply)
{
	bool decides = tls_only(s);
	const char *why = arena_printf(&s->arena, "STARTTLS does not work: %d %s %.*s", reply->code,
	                               reply->enhanced, STR_ARG(reply->text));
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (plan_profile(it) != s->conn.profile ||
		    (it->state != ITEM_TODO && it->state != ITEM_CANDIDATE))
			continue;
		if (decides || it->state == ITEM_CANDIDATE || plan_is_first(s, it))
			item_finish(s, it, stage, reply);
		else
			plan_skip(it, why);
	}
	s->conn.finished++;
}

static bool is_auth(enum relay_session profile)
{
	return profile == RELAY_AUTH_INVENTED || profile == RELAY_AUTH_OWN;
}

static bool is_proxy(enum relay_session profile)
{
	return profile == RELAY_PROXY_V1 || profile == RELAY_PROXY_V2;
}

/* The greeting is done: what the profile asks for comes before the first envelope. */
static void after_hello(struct session *s)
{
	struct conn *c = &s->conn;
	unsigned ext = smtp_client_extensions(c->client);
	c->greeted = true;
	if (c->profile == RELAY_PLAIN && !c->used_helo)
		plan_extensions(s, ext);
	else if (c->profile == RELAY_PLAIN)
		plan_extensions(s, 0);
	bool wants_tls = c->profile == RELAY_STARTTLS ||
	                 (is_auth(c->profile) && !(ext & SMTP_EXT_AUTH));
	if (wants_tls && !c->tls && ext & SMTP_EXT_STARTTLS) {
		s->phase = PHASE_STARTTLS;
		command(s, SMTP_STARTTLS, 0, "STARTTLS");
		return;
	}
	if (c->profile == RELAY_STARTTLS && !c->tls) {
		struct smtp_reply none = { .code = 502, .text = STR("STARTTLS is not offered") };
		fail_profile(s, STAGE_HELO, &none);
	} else if (c->profile == RELAY_XCLIENT && !c->hello_again) {
		s->phase = PHASE_PRELUDE;
		command(s, SMTP_XCLIENT, 0, "XCLIENT ADDR=127.0.0.1 NAME=localhost");
		return;
	} else if (is_auth(c->profile)) {
		if (ext & SMTP_EXT_AUTH) {
			s->phase = PHASE_PRELUDE;
			say_auth(s);
			return;
		}
		struct smtp_reply none = { .code = 502, .text = STR("AUTH is not offered") };
		fail_profile(s, STAGE_HELO, &none);
	}
	s->phase = PHASE_READY;
}

static void on_banner(struct session *s, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	c->heard = true;
	if (!smtp_reply_ok(r)) {
		/* A refused greeting is an answer; a temporary one may pass. */
		s->reached |= r->code / 100 == 5;
		c->closing = true;
		if (r->code / 100 == 5) {
			fail_profile(s, STAGE_CONNECT, r);
			c->finished++;
		} else if (s->barren + 1 >= BARREN_MAX || c->profile != RELAY_PLAIN) {
			s->reached = true;
			fail_profile(s, STAGE_CONNECT, r);
		}
		return;
	}
	if (c->profile == RELAY_PLAIN || is_proxy(c->profile))
		s->reached = true;
	talk_hello(s);
}

static void on_hello(struct session *s, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	if (smtp_reply_ok(r)) {
		after_hello(s);
		return;
	}
	/* A reply to a PROXY header that was not understood comes in this place. */
	if (r->code / 100 == 5 && !c->used_helo && !is_proxy(c->profile)) {
		c->used_helo = true;
		talk_hello(s);
		return;
	}
	fail_profile(s, STAGE_HELO, r);
	c->closing = true;
}

static void on_starttls(struct session *s, const struct smtp_reply *r)
{
	if (smtp_reply_ok(r)) {
		s->phase = PHASE_HANDSHAKE;
		s->start_tls = true;
		return;
	}
	if (r->code / 100 == 5)
		fail_profile(s, STAGE_HELO, r);
	else
		without_tls(s, STAGE_HELO, r);
	s->phase = PHASE_READY;
}

static void on_prelude(struct session *s, enum smtp_verb verb, const struct smtp_reply *r)
{
	if (!smtp_reply_ok(r)) {
		fail_profile(s, STAGE_HELO, r);
		s->phase = PHASE_READY;
	} else if (verb == SMTP_XCLIENT) {
		s->conn.hello_again = true;
		talk_hello(s);
	} else {
		s->phase = PHASE_READY;
	}
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

/* A submission service lets in nobody but its own users, not even mail for its postmaster:
 * that it refuses everything and offers a login is how it talks to strangers. One that
 * refuses the tester as a client is another matter. */
static bool asks_for_login(const struct session *s, const struct smtp_reply *reply,
                           enum case_stage stage)
{
	static const char *const blocked[] = { "client host", "blocked", "banned", "listed" };
	uint16_t port = s->setup.test->target.port;
	if (stage < STAGE_MAIL || reply->code / 100 != 5)
		return false;
	if (reply->code == 530)
		return true;
	for (size_t i = 0; i < sizeof(blocked) / sizeof(*blocked); i++)
		if (str_casesearch(reply->text, str_of(blocked[i])) != SIZE_MAX)
			return false;
	return (port == 587 || port == 465) &&
	       smtp_client_extensions(s->conn.client) & (SMTP_EXT_AUTH | SMTP_EXT_STARTTLS);
}

/* A catch-all takes anybody. A server that talks to us takes mail for its postmaster, or
 * says that it does not know him. */
static void control_finish(struct session *s, struct item *it, const struct smtp_reply *reply,
                           enum case_stage stage)
{
	bool taken = smtp_reply_ok(reply) && stage == STAGE_RCPT;
	bool unknown_user = stage == STAGE_RCPT && reply->code / 100 == 5 &&
	                    strncmp(reply->enhanced, "5.1.", 4) == 0;
	if (it->kind == ITEM_NOBODY)
		s->catch_all = taken;
	s->control_ok |= taken || unknown_user || asks_for_login(s, reply, stage);
}

/* It took greeting and sender, and refuses the recipient because of where it is: that is no
 * server that just blocks the tester. */
static bool speaks_of_relaying(const struct smtp_reply *reply, enum case_stage stage)
{
	/* "Relay access denied", "relaying denied", "not permitted to relay", …: words of the
	 * sentence, not a host name such as relay.example. */
	static const char *const words[] = {
		"relaying", "relay access", "relay denied", "relay not ", "to relay", "not relay",
	};
	for (size_t i = 0; stage == STAGE_RCPT && i < sizeof(words) / sizeof(*words); i++)
		if (str_casesearch(reply->text, str_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

static void item_finish(struct session *s, struct item *it, enum case_stage stage,
                        const struct smtp_reply *reply)
{
	it->state = ITEM_DONE;
	/* A farewell brings nothing further, even where it stands for an answer. */
	s->conn.finished += reply->code != 421;
	s->conn.answered += reply->code != 0;
	set_result(&it->result, stage, reply);
	it->result.refused = reply->code / 100 == 5 || smtp_reply_is_policy_refusal(reply);
	if (it->result.refused && stage >= STAGE_MAIL)
		s->conn.refusals++;
	if (it->kind != ITEM_FORM) {
		control_finish(s, it, reply, stage);
		return;
	}
	if (it->result.refused && !s->control_ok)
		s->control_ok = speaks_of_relaying(reply, stage);
	/* The second domain is refused: the host is an MX of the first. The rest of
	 * the forms go to the second, which is nothing to it. */
	if (it->result.attempt == 1 && it->result.refused && stage >= STAGE_MAIL && !s->swapped) {
		s->swapped = true;
		for (size_t i = 0; i < s->item_count; i++) {
			struct item *other = &s->items[i];
			if (other->kind == ITEM_FORM && other->state == ITEM_CANDIDATE &&
			    !other->messaged)
				other->state = ITEM_TODO;
		}
	}
}

static void item_candidate(struct session *s, struct item *it, const struct smtp_reply *reply)
{
	set_result(&it->result, STAGE_RCPT, reply);
	s->conn.finished++;
	s->conn.answered++;
	if (it->kind != ITEM_FORM) {
		control_finish(s, it, reply, STAGE_RCPT);
		it->state = ITEM_DONE;
	} else {
		it->state = ITEM_CANDIDATE;
	}
}

static bool queue_envelope(struct session *s, size_t index)
{
	struct item *it = &s->items[index];
	const char *mail, *rcpt;
	if (!plan_commands(s, it, &mail, &rcpt))
		return false;
	it->state = ITEM_SENT;
	command(s, SMTP_MAIL, tag_of(index, PART_MAIL), mail);
	if (s->conn.lockstep)
		return true;
	if (it->form->session == RELAY_POSTMASTER_FIRST && it->kind == ITEM_FORM)
		command(s, SMTP_RCPT, tag_of(index, PART_EXTRA), postmaster_rcpt);
	command(s, SMTP_RCPT, tag_of(index, PART_RCPT), rcpt);
	command(s, SMTP_RSET, tag_of(index, PART_RSET), "RSET");
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
		size_t i = plan_next_todo(s, (int)c->profile);
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
	if (i == ITEMS_MAX || plan_profile(&s->items[i]) != c->profile ||
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
	command(s, SMTP_MAIL, tag_of(i, PART_MAIL), mail);
	return true;
}

bool talk_next(struct session *s)
{
	struct conn *c = &s->conn;
	if (c->closing || s->pause_wanted)
		return false;
	return start_message(s) || (!s->stopped && start_batch(s));
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

static void batch_reply(struct session *s, size_t index, enum part part,
                        const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[index];
	const char *mail, *rcpt;
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
	if (part == PART_EXTRA)
		return;
	if (part == PART_RCPT && smtp_reply_ok(r)) {
		item_candidate(s, it, r);
	} else if (part == PART_RCPT || !smtp_reply_ok(r)) {
		item_finish(s, it, part == PART_MAIL ? STAGE_MAIL : STAGE_RCPT, r);
	} else if (c->lockstep) {
		if (plan_commands(s, it, &mail, &rcpt))
			command(s, SMTP_RCPT, tag_of(index, PART_RCPT), rcpt);
		return;
	}
	if (c->lockstep && part != PART_RSET)
		command(s, SMTP_RSET, tag_of(index, PART_RSET), "RSET");
}

/* The current form's message is over, one way or the other. */
static void message_over(struct session *s, enum case_stage stage, const struct smtp_reply *r)
{
	struct conn *c = &s->conn;
	struct item *it = &s->items[c->current];
	item_finish(s, it, stage, r);
	if (smtp_reply_ok(r) && stage == STAGE_MESSAGE) {
		it->result.accepted = true;
		it->result.refused = false;
		s->accepted++;
		s->pause_wanted = true;
	}
	s->phase = PHASE_READY;
	if (!it->result.accepted && !c->closing) {
		s->phase = PHASE_BATCH;      /* until the RSET is answered */
		command(s, SMTP_RSET, tag_of(c->current, PART_RSET), "RSET");
	}
}

/* Whether a message may follow this answer to RCPT. */
static bool goes_on(const struct item *it, const struct smtp_reply *r)
{
	if (it->form->session == RELAY_DATA_ANYWAY)
		return r->code / 100 == 5 || smtp_reply_is_policy_refusal(r);
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
			command(s, SMTP_RCPT, tag_of(c->current, PART_EXTRA), postmaster_rcpt);
		} else if (plan_commands(s, it, &mail, &rcpt)) {
			command(s, SMTP_RCPT, tag_of(c->current, PART_RCPT), rcpt);
		}
		break;
	case PART_EXTRA:
		if (plan_commands(s, it, &mail, &rcpt))
			command(s, SMTP_RCPT, tag_of(c->current, PART_RCPT), rcpt);
		break;
	case PART_RCPT:
		set_result(&it->result, STAGE_RCPT, r);
		if (it->form->flags & RELAY_FINDING_ONLY || !goes_on(it, r))
			message_over(s, STAGE_RCPT, r);
		else if (it->form->session == RELAY_BARE_BDAT)
			s->phase = PHASE_INTENDING;
		else
			command(s, SMTP_DATA, tag_of(c->current, PART_DATA), "DATA");
		break;
	case PART_DATA:
		if (r->code == 354)
			s->phase = PHASE_INTENDING;
		else
			message_over(s, STAGE_DATA, r);
		/* The recipient had been refused: any "no" means that this stands. */
		it->result.refused |= it->form->session == RELAY_DATA_ANYWAY && r->code / 100 > 3;
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
	talk_note(s, ">", buf_str(&text));
	talk_note(s, ">", STR("."));
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
		on_banner(s, &ev->reply);
		break;
	case PHASE_HELLO:
		on_hello(s, &ev->reply);
		break;
	case PHASE_STARTTLS:
		on_starttls(s, &ev->reply);
		break;
	case PHASE_PRELUDE:
		on_prelude(s, ev->verb, &ev->reply);
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

/* ---- the connection ended ------------------------------------------------- */

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

/* A form without an answer: again on a new connection, a few times; then hanging
 * up was the answer, but silence was none. */
static void drop_item(struct session *s, struct item *it, enum case_stage stage,
                      enum stream_end why)
{
	if (++it->drops < DROPS_MAX && !it->messaged) {
		it->state = it->state == ITEM_SENT ? ITEM_TODO : it->state;
		return;
	}
	struct smtp_reply none = no_reply(end_text(why));
	/* DATA that is not answered lets the recipient's refusal stand. */
	bool stands = stage == STAGE_DATA && it->form->session == RELAY_DATA_ANYWAY;
	item_finish(s, it, stage, &none);
	it->result.refused = is_hangup(why) || stands;
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

/* The connection that a whole profile needs cannot be had: hanging up or a reset is
 * how this host refuses it, silence is not. */
static void end_profile(struct session *s, enum case_stage stage, enum stream_end why)
{
	struct smtp_reply none = no_reply(end_text(why));
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (plan_profile(it) != s->conn.profile ||
		    (it->state != ITEM_TODO && it->state != ITEM_CANDIDATE))
			continue;
		if (why == STREAM_NO_SOURCE) {
			plan_skip(it, end_text(why));
			continue;
		}
		item_finish(s, it, stage, &none);
		/* Forms of their own connection need to be let in: silence is a no as well,
		 * but no proof that a form that was open has been closed. */
		it->result.refused = is_hangup(why) || (s->conn.profile != RELAY_PLAIN &&
		                                        !plan_is_first(s, it));
	}
}

/* EHLO never got its whole answer, and the next time-out is the last. */
static bool ehlo_last_chance(const struct session *s)
{
	return !s->ehlo_seen && s->timeouts + 1 >= TIMEOUTS_MAX;
}

void talk_dropped(struct session *s, enum stream_end why)
{
	struct conn *c = &s->conn;
	enum case_stage stage = stage_of(c->client ? smtp_client_awaiting(c->client) : SMTP_BANNER);
	bool plain = c->profile == RELAY_PLAIN;
	talk_note(s, "!", str_of(c->farewell ? "closed after a farewell" :
	                         c->closing ? "closed by us" : end_text(why)));
	switch (s->phase) {
	case PHASE_CONNECTING:
	case PHASE_BANNER:
		/* Silence may mean that a PROXY header is waited for. */
		s->plain_dead |= plain && why == STREAM_TIMEOUT && !s->reached &&
		                 s->phase == PHASE_BANNER;
		if (!plain || s->plain_dead)
			end_profile(s, STAGE_CONNECT, why);
		break;
	case PHASE_HELLO:
		if (!plain)
			end_profile(s, STAGE_HELO, why);
		else if (!c->used_helo && (why != STREAM_TIMEOUT || ehlo_last_chance(s)))
			s->prefers_helo = true;
		break;
	case PHASE_STARTTLS:
	case PHASE_HANDSHAKE: {
		struct smtp_reply none = no_reply(end_text(why));
		without_tls(s, STAGE_HELO, &none);
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

void talk_broken(struct session *s)
{
	/* An endless list of extensions, say: HELO has none. */
	if (s->phase == PHASE_HELLO && s->conn.profile == RELAY_PLAIN && !s->conn.used_helo)
		s->prefers_helo = true;
	s->conn.closing = true;
}

void talk_give_up(struct session *s, enum stream_end why)
{
	end_profile(s, STAGE_CONNECT, why);
}
