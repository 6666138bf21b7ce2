/* SPDX-License-Identifier: ISC
 *
 * The player of dialogues with the SMTP server engine.
 */
#include "dialogue.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEGMENTS_MAX = 4, RANDOM_RUNS = 20 };

struct expected {
	struct buf client[SEGMENTS_MAX];      /* T: begins the next */
	size_t segments;
	struct buf server, events;
};

struct talk {
	const struct script *script;
	struct smtp_server *server;
	struct buf out, events;
	bool in_text;
	size_t text_at;                       /* where the TEXT of the message is logged */
	char sender[MAIL_LOCAL_MAX + 1];
	bool late, owed;
	unsigned replies;                     /* so many of the same, but for the second */
	int code;                             /* the answer that waits */
	const char *enhanced, *answer_text, *login;
	struct buf challenge;                 /* the answer, if its code is 334 */
	bool starttls;
};

/* --- the script --- */

static unsigned hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void add_unescaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\') {
			buf_add_byte(b, s.p[i]);
			continue;
		}
		char c = s.p[++i];
		if (c == 'x') {
			buf_add_byte(b, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
			i += 2;
		} else {
			buf_add_byte(b, c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c);
		}
	}
}

static void read_script(const struct script *script, struct expected *e)
{
	struct str rest = str_of(script->text), line;
	*e = (struct expected){ .segments = 1 };
	while (str_token(&rest, "\n", &line)) {
		struct str body = str_from(line, 3);
		struct buf *client = &e->client[e->segments - 1];
		if (line.n < 2 || line.p[1] != ':')
			fail_msg("%s: bad script line %.*s", script->name, STR_ARG(line));
		switch (line.p[0]) {
		case 'C':
			add_unescaped(client, body);
			buf_add_cstr(client, "\r\n");
			break;
		case 'c':
			add_unescaped(client, body);
			break;
		case 'S':
			buf_add_str(&e->server, body);
			buf_add_byte(&e->server, '\n');
			break;
		case 'E':
			buf_add_str(&e->events, body);
			buf_add_byte(&e->events, '\n');
			break;
		case 'T':
			assert_true(++e->segments <= SEGMENTS_MAX);
			break;
		default:
			fail_msg("%s: bad script line %.*s", script->name, STR_ARG(line));
		}
	}
}

static void expected_fini(struct expected *e)
{
	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		buf_fini(&e->client[i]);
	buf_fini(&e->server);
	buf_fini(&e->events);
}

/* --- the policy --- */

static void answer(struct talk *t, int code, const char *enhanced, const char *text)
{
	t->code = code;
	t->enhanced = enhanced;
	t->answer_text = text;
	t->owed = true;
}

static void answer_name(struct talk *t, const char *name, const char *ok_text)
{
	if (strcmp(name, "refuse") == 0)
		answer(t, 550, "5.7.1", "Refused");
	else if (strcmp(name, "later") == 0)
		answer(t, 450, "4.2.0", "Later");
	else if (strcmp(name, "close") == 0)
		answer(t, 421, "4.3.2", "Closed");
	else
		answer(t, 250, NULL, ok_text);
}

static void answer_login(struct talk *t, const char *login)
{
	answer(t, 235, NULL, "Welcome");
	t->login = login;
}

static void answer_sasl(struct talk *t, struct str text)
{
	if (str_eq(text, STR("ok"))) {
		answer_login(t, "canon");
	} else if (str_eq(text, STR("no"))) {
		answer(t, 535, NULL, "Wrong");
	} else if (str_eq(text, STR("down"))) {
		answer(t, 454, "4.7.0", "Later");
	} else if (str_eq(text, STR("close"))) {
		answer(t, 421, "4.3.2", "Closed");
	} else {
		answer(t, 334, NULL, NULL);
		buf_clear(&t->challenge);
		buf_add_byte(&t->challenge, '?');
		buf_add_str(&t->challenge, text);
	}
}

static void decide(struct talk *t, const struct smtp_server_event *ev)
{
	char name[300];
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		answer(t, t->script->connect_code ? t->script->connect_code : 220, NULL,
		       t->script->connect_code ? "No" : NULL);
		break;
	case SMTP_SERVER_HELO:
		str_copy(name, sizeof(name), ev->text);
		answer_name(t, name, NULL);
		break;
	case SMTP_SERVER_MAIL:
		str_copy(t->sender, sizeof(t->sender), ev->path->local);
		answer_name(t, t->sender, "OK");
		break;
	case SMTP_SERVER_RCPT:
		str_copy(name, sizeof(name), ev->path->local);
		answer_name(t, name, "OK");
		break;
	case SMTP_SERVER_DATA:
		if (strcmp(t->sender, "nodata") == 0)
			answer(t, 554, "5.7.1", "No data");
		else
			answer(t, 354, NULL, "Go on");
		break;
	case SMTP_SERVER_MESSAGE:
		t->replies = ev->replies;
		if (strcmp(t->sender, "nomessage") == 0)
			answer(t, 452, "4.3.1", "Full");
		else
			answer(t, 250, NULL, "Taken");
		break;
	case SMTP_SERVER_AUTH:
		if (str_eq(ev->user, STR("u")) && str_eq(ev->password, STR("p")))
			answer(t, 235, NULL, "Welcome");
		else if (str_eq(ev->user, STR("alias")) && str_eq(ev->password, STR("p")))
			answer_login(t, "canon");
		else
			answer(t, 535, NULL, "Wrong");
		break;
	case SMTP_SERVER_SASL: answer_sasl(t, ev->text); break;
	case SMTP_SERVER_XCLIENT:
		answer(t, 220, NULL, NULL);
		break;
	case SMTP_SERVER_UNKNOWN:
		answer(t, str_prefix(ev->text, STR("FOO")) ? 250 : 500, NULL, "FOO");
		break;
	default:
		break;
	}
}

/* --- the log of events --- */

static void mail_params_text(struct buf *b, const struct smtp_mail_params *p)
{
	static const char *const bodies[] = { "", " BODY=7BIT", " BODY=8BITMIME" };
	static const char *const returns[] = { "", " RET=FULL", " RET=HDRS" };
	if (p->has_size)
		buf_printf(b, " SIZE=%llu", (unsigned long long)p->size);
	buf_printf(b, "%s%s%s", bodies[p->body], p->smtputf8 ? " SMTPUTF8" : "", returns[p->ret]);
	if (p->envid.n)
		buf_printf(b, " ENVID=%.*s", STR_ARG(p->envid));
	if (p->auth.n)
		buf_printf(b, " AUTH=%.*s", STR_ARG(p->auth));
}

static void rcpt_params_text(struct buf *b, const struct smtp_rcpt_params *p)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE", "DELAY" };
	for (unsigned i = 0, said = 0; i < 4; i++)
		if (p->notify & 1u << i)
			buf_printf(b, "%s%s", said++ ? "," : " NOTIFY=", words[i]);
	if (p->orcpt.n)
		buf_printf(b, " ORCPT=%.*s;%.*s", STR_ARG(p->orcpt_type), STR_ARG(p->orcpt));
}

static void event_text(struct buf *b, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: buf_add_cstr(b, "CONNECT"); break;
	case SMTP_SERVER_HELO: buf_add_cstr(b, ev->esmtp ? "EHLO " : "HELO "); break;
	case SMTP_SERVER_MAIL:
	case SMTP_SERVER_RCPT:
		buf_add_cstr(b, ev->type == SMTP_SERVER_MAIL ? "MAIL " : "RCPT ");
		buf_add_escaped(b, ev->path->text);
		if (ev->mail)
			mail_params_text(b, ev->mail);
		if (ev->rcpt)
			rcpt_params_text(b, ev->rcpt);
		break;
	case SMTP_SERVER_DATA: buf_add_cstr(b, "DATA"); break;
	case SMTP_SERVER_TEXT: break;
	case SMTP_SERVER_MESSAGE:
		buf_add_cstr(b, "MESSAGE");
		if (ev->replies != 1)
			buf_printf(b, " %u", ev->replies);
		break;
	case SMTP_SERVER_ABORT: buf_add_cstr(b, "ABORT"); break;
	case SMTP_SERVER_STARTTLS: buf_add_cstr(b, "STARTTLS"); break;
	case SMTP_SERVER_AUTH:
		buf_printf(b, "AUTH %.*s %.*s", STR_ARG(ev->user), STR_ARG(ev->password));
		break;
	case SMTP_SERVER_SASL:
		buf_printf(b, "SASL %.*s%s%s", STR_ARG(ev->mechanism), ev->first ? " first" : "",
		           ev->said ? " said " : "");
		break;
	case SMTP_SERVER_SASL_END: buf_add_cstr(b, "SASL END"); break;
	case SMTP_SERVER_XCLIENT: buf_add_cstr(b, "XCLIENT "); break;
	case SMTP_SERVER_UNKNOWN: buf_add_cstr(b, "UNKNOWN "); break;
	case SMTP_SERVER_CLOSE: buf_add_cstr(b, "CLOSE"); break;
	}
	buf_add_escaped(b, ev->text);
}

static void log_event_text(struct talk *t, const struct smtp_server_event *ev)
{
	if (ev->type == SMTP_SERVER_TEXT) {
		if (!t->in_text) {
			t->text_at = t->events.n;
			buf_add_cstr(&t->events, "TEXT ");
		}
		t->in_text = true;
		buf_add_escaped(&t->events, ev->text);
		return;
	}
	/* How much of a lost message was seen depends on the pieces it came in. */
	if (t->in_text && ev->type == SMTP_SERVER_ABORT)
		t->events.n = t->text_at;
	else if (t->in_text)
		buf_add_byte(&t->events, '\n');
	t->in_text = false;
	event_text(&t->events, ev);
	struct str login = smtp_server_state(t->server).login;
	if (ev->type == SMTP_SERVER_MAIL && login.n)
		buf_printf(&t->events, " by %.*s", STR_ARG(login));
	buf_add_byte(&t->events, '\n');
}

/* --- the run --- */

/* Each recipient of a message in LMTP has an answer of its own: the second is refused. */
static void say(struct talk *t)
{
	t->owed = false;
	if (t->login)
		smtp_server_login(t->server, str_of(t->login));
	t->login = NULL;
	if (t->code == 334)
		smtp_server_challenge(t->server, buf_str(&t->challenge));
	else
		smtp_server_reply(t->server, t->code, t->enhanced, t->answer_text);
	for (unsigned i = 1; i < t->replies; i++)
		smtp_server_reply(t->server, i == 1 ? 452 : t->code, NULL,
		                  i == 1 ? "Full" : t->answer_text);
	t->replies = 0;
}

static void pump(struct talk *t)
{
	struct smtp_server_event ev;
	while (smtp_server_next(t->server, &ev)) {
		CHECK_ROW(t->script->name, !t->owed);
		log_event_text(t, &ev);
		if (ev.type == SMTP_SERVER_STARTTLS)
			t->starttls = true;
		decide(t, &ev);
		if (t->owed && !t->late)
			say(t);
	}
	struct str out = smtp_server_output(t->server);
	buf_add_str(&t->out, out);
	smtp_server_output_sent(t->server, out.n);
}

/* From a copy of exact length, gone after the call. */
static void feed(struct talk *t, const char *p, size_t n)
{
	char *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	smtp_server_input(t->server, (struct str){ copy, n });
	free(copy);
	if (t->owed)
		say(t);
	pump(t);
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16 & 0x7fff;
}

/* piece 0: whole; else pieces of 1 to `piece` bytes. */
static void feed_segment(struct talk *t, const struct buf *segment, size_t piece, unsigned seed)
{
	for (size_t at = 0; at < segment->n;) {
		size_t n = piece == 0 ? segment->n : 1 + next_random(&seed) % piece;
		if (n > segment->n - at)
			n = segment->n - at;
		feed(t, segment->p + at, n);
		at += n;
	}
	while (t->owed) {
		say(t);
		pump(t);
	}
}

/* Every line ends in CRLF, is of bounded length and plain ASCII. */
static void check_form(const char *name, struct str out)
{
	while (out.n) {
		size_t lf = str_find(out, '\n');
		CHECK_ROW(name, lf != SIZE_MAX && lf > 3 && lf < 512 && out.p[lf - 1] == '\r');
		for (size_t i = 0; i + 1 < lf; i++)
			CHECK_ROW(name, ascii_isprint((unsigned char)out.p[i]));
		out = str_from(out, lf + 1);
	}
}

static void check_output(const char *name, const char *how, const struct expected *e,
                         const struct buf *out)
{
	struct str want = buf_str(&e->server), got = buf_str(out), w, g;
	while (str_token(&want, "\n", &w)) {
		bool more = str_token(&got, "\r\n", &g);
		bool same = more && (w.n && w.p[w.n - 1] == '*' ?
		                     str_prefix(g, (struct str){ w.p, w.n - 1 }) : str_eq(w, g));
		if (!same)
			fail_msg("%s, %s: server should say \"%.*s\", got:\n"
			  "%s", name, how, STR_ARG(w),
			         buf_cstr(out));
	}
	if (str_token(&got, "\r\n", &g))
		fail_msg("%s, %s: server says too much: \"%.*s\"", name, how, STR_ARG(g));
}

static void run_once(const struct script *script, const struct expected *e, const char *how,
                     size_t piece, unsigned seed, bool late)
{
	struct smtp_server_options options = script->options;
	if (!options.hostname)
		options.hostname = "mx.test";
	options.offer_dsn = !script->no_dsn;
	struct talk t = { .script = script, .late = late, .server = smtp_server_create(&options) };
	pump(&t);
	for (size_t i = 0; i < e->segments; i++) {
		if (i > 0) {
			CHECK_ROW(script->name, t.starttls);
			smtp_server_tls_started(t.server);
		}
		feed_segment(&t, &e->client[i], piece, seed);
	}
	check_form(script->name, buf_str(&t.out));
	check_output(script->name, how, e, &t.out);
	if (e->events.n && !str_eq(buf_str(&e->events), buf_str(&t.events)))
		fail_msg("%s, %s: events should be\n%sbut are\n%s", script->name, how,
		         buf_cstr(&e->events), buf_cstr(&t.events));
	smtp_server_destroy(t.server);
	buf_fini(&t.out);
	buf_fini(&t.events);
	buf_fini(&t.challenge);
}

void run_scripts(const struct script *scripts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct expected e;
		read_script(&scripts[i], &e);
		for (int late = 0; late < 2; late++) {
			run_once(&scripts[i], &e, "whole", 0, 0, late);
			run_once(&scripts[i], &e, "byte by byte", 1, 0, late);
			for (unsigned seed = 1; seed <= RANDOM_RUNS; seed++)
				run_once(&scripts[i], &e, "random pieces", seed * 2, seed, late);
		}
		expected_fini(&e);
	}
}
