/* SPDX-License-Identifier: ISC
 *
 * The dialogue: EHLO, from which the gateway's name is known, so that addresses without a domain
 * are whole; MAIL, every RCPT, and the message only if all of them were taken.
 */
#include "cli/submission.h"

#include "base/loop.h"
#include "base/mem.h"
#include "base/random.h"
#include "dns/name.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>

enum { CONNECT_MS = 30 * 1000, SAID_MAX = 400 };

struct talk {
	const struct submission *job;
	struct loop *loop;
	struct smtp_client *client;
	struct wire_client *wire;
	struct letter_recipients to;
	struct buf sender, message;
	struct str left;              /* of the message, as it goes out */
	struct smtp_offer offer;
	bool utf8, heard, over;
	size_t asked;                 /* recipients asked for */
	int code;                     /* CODE_NONE until something is decided */
	struct buf *why;
};
enum { CODE_NONE = -1 };

/* ---- the end ------------------------------------------------------------------------------ */

static void add_printable(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n && i < SAID_MAX; i++)
		buf_add_byte(out, ascii_isprint((unsigned char)s.p[i]) ? s.p[i] : ' ');
}

static void stop(struct talk *t)
{
	t->over = true;
	loop_stop(t->loop);
}

static void say(struct talk *t, enum smtp_verb verb, struct str line)
{
	if (t->job->trace)
		t->job->trace(">>>", line);
	const int e = smtp_client_command(t->client, verb, 0, line);
	assert(e == ERR_OK);
}

/* The first that is wrong gives the code. */
static void decide(struct talk *t, int code)
{
	if (t->code == CODE_NONE)
		t->code = code;
}

static void fail(struct talk *t, int code, const char *text)
{
	if (t->code == CODE_NONE)
		buf_printf(t->why, "%s\n", text);
	decide(t, code);
}

static void quit(struct talk *t)
{
	if (!t->over)
		say(t, SMTP_QUIT, STR("QUIT"));
}

/* What a program that calls sendmail makes of a refusal (sysexits.h). */
static int code_of(enum smtp_verb verb, const struct smtp_reply *r)
{
	static const struct { const char *enhanced; int code; } rows[] = {
		{ "5.1.1", EX_NOUSER }, { "5.1.2", EX_NOHOST }, { "5.1.10", EX_NOHOST },
		{ "5.7.", EX_NOPERM }, { "5.3.4", EX_DATAERR }, { "5.2.3", EX_DATAERR },
		{ "5.6.", EX_DATAERR },
	};
	if (r->code / 100 != 5)
		return EX_TEMPFAIL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct str row = str_of(rows[i].enhanced), said = str_of(r->enhanced);
		if (row.p[row.n - 1] == '.' ? str_prefix(said, row) : str_eq(said, row))
			return rows[i].code;
	}
	return verb == SMTP_RCPT && r->code == 550 ? EX_NOUSER : EX_UNAVAILABLE;
}

static void refused(struct talk *t, enum smtp_verb verb, const char *whom,
                    const struct smtp_reply *r)
{
	buf_printf(t->why, "%s%s\"%d %s%s", whom, whom[0] ? ": " : "", r->code, r->enhanced,
	           r->enhanced[0] ? " " : "");
	add_printable(r->text, t->why);
	buf_add_byte(t->why, '"');
	/* What the caller's account lacks is for who keeps this machine. */
	if (verb == SMTP_MAIL && r->code == 530)
		buf_printf(t->why, ": the user %s has no account; \"portreeve user add %s --uid "
		           "%s --no-password%s%s\" makes one", t->job->user, t->job->user,
		           t->job->user, t->sender.n > 0 ? " --address " : "",
		           buf_cstr(&t->sender));
	else if (verb == SMTP_MAIL && strcmp(r->enhanced, "5.7.1") == 0)
		buf_printf(t->why, ": \"portreeve user alias\" gives an account the address %s",
		           buf_cstr(&t->sender));
	buf_add_byte(t->why, '\n');
	decide(t, r->code == 530 ? EX_NOPERM : code_of(verb, r));
}

/* ---- the message is made when the gateway has said its name ------------------------------- */

static const char *hostname(const struct talk *t)
{
	const char *name = smtp_client_server_name(t->client);
	return dns_name_is_host(str_of(name)) ? name : t->job->helo;
}

static void make_sender(struct talk *t)
{
	struct str given = str_trim(str_of(t->job->sender));
	if (given.n >= 2 && given.p[0] == '<' && given.p[given.n - 1] == '>')
		given = (struct str){ given.p + 1, given.n - 2 };
	letter_qualify(given, hostname(t), &t->sender);
}

static void make_recipients(struct talk *t)
{
	for (size_t i = 0; i < t->job->to_count; i++)
		letter_add_recipients(&t->to, str_of(t->job->to[i]), hostname(t));
	if (t->job->from_header)
		letter_recipients_of(&t->to, t->job->text, hostname(t));
}

static void make_message(struct talk *t)
{
	const uint64_t random = random_u64();
	char id[17];
	struct buf author = { 0 };
	hex_encode(&random, sizeof(random), id);
	letter_qualify(str_of(t->job->user), hostname(t), &author);
	const struct letter_facts facts = {
		.sender = buf_cstr(&t->sender), .author = buf_cstr(&author), .name = t->job->name,
		.hostname = hostname(t), .id = id, .now_s = t->job->now_s,
	};
	letter_write(t->job->text, &facts, &t->message);
	buf_fini(&author);
}

static bool needs_utf8(const struct talk *t)
{
	bool ascii = str_is_ascii(buf_str(&t->sender));
	for (size_t i = 0; i < t->to.n; i++)
		ascii &= str_is_ascii(str_of(t->to.v[i]));
	return !ascii;
}

/* ---- the dialogue ------------------------------------------------------------------------- */

static void start_mail(struct talk *t)
{
	struct buf line = { 0 };
	t->utf8 = needs_utf8(t);
	const struct smtp_mail_params params = {
		.has_size = true, .size = t->message.n, .smtputf8 = t->utf8,
		.body = str_is_ascii(buf_str(&t->message)) ? SMTP_BODY_UNSAID : SMTP_BODY_8BITMIME,
		.ret = t->job->ret, .envid = t->job->envid,
	};
	if (smtp_mail_lacks(&params, &t->offer) == SMTP_LACKS_ROOM)
		fail(t, EX_DATAERR, "the message is longer than the gateway takes");
	else if (smtp_mail_lacks(&params, &t->offer) != SMTP_LACKS_NOTHING)
		fail(t, EX_UNAVAILABLE, "the gateway takes no message of this kind");
	else if (smtp_mail_write(buf_str(&t->sender), &params, &t->offer, &line) != ERR_OK)
		fail(t, EX_USAGE, "-f: expected an address as user@example.org");
	else
		say(t, SMTP_MAIL, buf_str(&line));
	if (t->code != CODE_NONE)
		quit(t);
	buf_fini(&line);
}

static void begin_mail(struct talk *t)
{
	t->offer = smtp_client_offer(t->client);
	const unsigned most = t->offer.recipients_max;       /* RFC 9422; 0: not told */
	make_sender(t);
	make_recipients(t);
	make_message(t);
	if (t->to.wrong) {
		add_printable(str_of(t->to.wrong), t->why);
		buf_add_cstr(t->why, ": expected an address as user@example.org\n");
		decide(t, EX_USAGE);
	} else if (t->to.too_many) {
		fail(t, EX_USAGE, "expected at most 1000 recipients");
	} else if (most > 0 && t->to.n > most) {
		buf_printf(t->why, "expected at most %u recipients, as the gateway takes, found "
		           "%zu; send it in parts\n", most, t->to.n);
		decide(t, EX_USAGE);
	} else if (t->to.n == 0) {
		fail(t, EX_USAGE, t->job->from_header ? "expected a recipient in To, Cc or Bcc"
		     : "expected a recipient");
	}
	if (t->code == CODE_NONE)
		start_mail(t);
	else
		quit(t);
}

/* The next recipient that can be asked for; false: there is none. */
static bool ask_recipient(struct talk *t)
{
	const struct smtp_rcpt_params params = { .notify = t->job->notify };
	while (t->asked < t->to.n) {
		const char *address = t->to.v[t->asked++];
		struct buf line = { 0 };
		const int e = smtp_rcpt_write(str_of(address), t->utf8, &params, &t->offer, &line);
		if (e == ERR_OK)
			say(t, SMTP_RCPT, buf_str(&line));
		buf_fini(&line);
		if (e == ERR_OK)
			return true;
		add_printable(str_of(address), t->why);
		buf_add_cstr(t->why, ": expected an address as user@example.org\n");
		decide(t, EX_USAGE);
	}
	return false;
}

static void next_recipient(struct talk *t)
{
	if (ask_recipient(t))
		return;
	if (t->code == CODE_NONE)
		say(t, SMTP_DATA, STR("DATA"));
	else
		quit(t);
}

static void start_message(struct talk *t)
{
	t->left = buf_str(&t->message);
	const struct smtp_source source = { smtp_text_pull, &t->left };
	smtp_client_message_from(t->client, 0, &source);
}

static void on_reply(struct talk *t, enum smtp_verb verb, const struct smtp_reply *r)
{
	const bool ok = r->code / 100 == (verb == SMTP_DATA ? 3 : 2);
	if (verb == SMTP_QUIT || r->code == 421) {
		if (t->code == CODE_NONE)
			refused(t, verb, "", r);
		stop(t);
	} else if (t->code != CODE_NONE && verb != SMTP_RCPT) {
		return;
	} else if (verb == SMTP_RCPT) {
		if (!ok)
			refused(t, verb, t->to.v[t->asked - 1], r);
		next_recipient(t);
	} else if (!ok) {
		refused(t, verb, "", r);
		quit(t);
	} else if (verb == SMTP_BANNER) {
		struct buf line = { 0 };
		buf_printf(&line, "EHLO %s", t->job->helo);
		say(t, SMTP_EHLO, buf_str(&line));
		buf_fini(&line);
	} else if (verb == SMTP_EHLO) {
		begin_mail(t);
	} else if (verb == SMTP_MAIL) {
		next_recipient(t);
	} else if (verb == SMTP_DATA) {
		start_message(t);
	} else if (verb == SMTP_MESSAGE) {
		t->code = EX_OK;
		quit(t);
	}
}

static void trace_reply(const struct talk *t, const struct smtp_reply *r)
{
	struct buf line = { 0 };
	buf_printf(&line, "%d %s%s", r->code, r->enhanced, r->enhanced[0] ? " " : "");
	add_printable(r->text, &line);
	t->job->trace("<<<", buf_str(&line));
	buf_fini(&line);
}

static struct smtp_client *engine(void *arg)
{
	struct talk *t = arg;
	return t->client;
}

static void on_received(void *arg, struct str bytes)
{
	struct talk *t = arg;
	struct smtp_client_event ev;
	t->heard = true;
	smtp_client_input(t->client, bytes);
	while (!t->over && smtp_client_next(t->client, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN) {
			fail(t, EX_PROTOCOL, "what answers at the socket does not speak SMTP");
			stop(t);
			return;
		}
		if (t->job->trace)
			trace_reply(t, &ev.reply);
		on_reply(t, ev.verb, &ev.reply);
	}
}

static void on_ended(void *arg, enum stream_end why)
{
	struct talk *t = arg;
	if (!t->heard && why != STREAM_CLOSED)
		fail(t, EX_TEMPFAIL, "nobody answers; expected the role gateway to run");
	else if (why == STREAM_TIMEOUT)
		fail(t, EX_TEMPFAIL, "no answer in time");
	else
		fail(t, EX_TEMPFAIL, "the gateway closed the connection");
	stop(t);
}

static const struct wire_client_talk talks = {
	.engine = engine, .received = on_received, .ended = on_ended,
};

int submission_send(const struct submission *job, struct buf *why)
{
	struct talk t = { .job = job, .loop = loop_create(), .code = CODE_NONE, .why = why };
	t.client = smtp_client_create(NULL);
	const struct wire_client_setup wire = {
		.loop = t.loop, .path = job->path, .connect_ms = CONNECT_MS, .talk = &talks,
		.arg = &t,
	};
	t.wire = wire_client_create(&wire);
	loop_run(t.loop);
	wire_client_destroy(t.wire);
	smtp_client_destroy(t.client);
	loop_destroy(t.loop);
	letter_recipients_fini(&t.to);
	buf_fini(&t.sender);
	buf_fini(&t.message);
	assert(t.code != CODE_NONE);
	return t.code;
}
