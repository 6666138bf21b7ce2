/* SPDX-License-Identifier: ISC
 *
 * The talker: one command at a time, each answer decides the next.
 */
#include "witness/knock.h"

#include "base/mem.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { NEED_TLS = 530 };     /* RFC 3207 4 */

struct witness_knock {
	struct witness_knock_setup setup;
	struct witness_said said;
	struct smtp_client *engine;
	struct wire_client *wire;
	struct loop_timer *end_timer;
	enum smtp_verb awaited;
	bool secured, over;
	struct witness_knocked result;
};

const char *witness_knock_end_text(enum witness_knock_end end)
{
	static const char *const texts[] = {
		[WITNESS_KNOCKED] = "said", [WITNESS_TURNED_AWAY] = "it turned us away",
		[WITNESS_NOBODY] = "nobody answers there",
		[WITNESS_LATE] = "it did not answer in time", [WITNESS_HUNG_UP] = "it hung up",
		[WITNESS_NO_SMTP] = "it does not speak SMTP", [WITNESS_NO_TLS] = "TLS failed",
		[WITNESS_NO_SOURCE] = "we have no such address to connect from",
	};
	assert((size_t)end < sizeof(texts) / sizeof(*texts));
	return texts[end];
}

/* It is told from the loop, not from within a call of the wire: whoever hears it destroys us. */
static void knock_over(struct witness_knock *k, enum witness_knock_end end)
{
	if (k->over)
		return;
	k->over = true;
	k->result.end = end;
	loop_timer_arm(k->end_timer, 0);
}

static void knock_tell(void *arg)
{
	struct witness_knock *k = arg;
	k->setup.ended(k->setup.arg, &k->result);
}

/* The verb and what stands around the word. */
static void say(struct witness_knock *k, enum smtp_verb verb, const char *before, bool word,
                const char *behind)
{
	char said[WITNESS_SAID_SIZE] = "", line[WITNESS_LINE_MAX];
	if (word)
		witness_said_format(&k->said, said);
	int n = snprintf(line, sizeof(line), "%s%s%s", before, said, behind);
	k->awaited = verb;
	if (n < 0 || (size_t)n >= sizeof(line) || k->result.n == WITNESS_LINES_MAX ||
	    smtp_client_command(k->engine, verb, 0, str_of(line)) != ERR_OK) {
		knock_over(k, WITNESS_HUNG_UP);
		return;
	}
	struct witness_line *kept = &k->result.lines[k->result.n++];
	str_copy(kept->said, sizeof(kept->said), str_of(line));
}

static void say_hello(struct witness_knock *k, enum smtp_verb verb)
{
	char behind[WITNESS_LINE_MAX - 64];
	snprintf(behind, sizeof(behind), ".%s", k->setup.name);
	say(k, verb, verb == SMTP_EHLO ? "EHLO " : "HELO ", true, behind);
}

static void leave(struct witness_knock *k, enum witness_knock_end end)
{
	k->result.end = end;
	say(k, SMTP_QUIT, "QUIT", false, "");
}

static void hello_answered(struct witness_knock *k, const struct smtp_reply *reply)
{
	k->result.told = true;
	if (k->awaited == SMTP_EHLO && smtp_reply_unknown(reply))
		say_hello(k, SMTP_HELO);
	else if (!smtp_reply_ok(reply))
		leave(k, WITNESS_TURNED_AWAY);
	else
		say(k, SMTP_OTHER, "EXPN ", true, "");
}

static void mail_answered(struct witness_knock *k, const struct smtp_reply *reply)
{
	bool offered = smtp_client_extensions(k->engine) & SMTP_EXT_STARTTLS;
	if (smtp_reply_ok(reply))
		say(k, SMTP_RCPT, "RCPT TO:<", true, "@a..b>");
	else if (reply->code == NEED_TLS && offered && !k->secured && k->setup.tls)
		say(k, SMTP_STARTTLS, "STARTTLS", false, "");
	else
		leave(k, WITNESS_TURNED_AWAY);
}

static void keep_reply(struct witness_knock *k, const struct smtp_reply *reply)
{
	if (k->result.n == 0)
		return;
	struct witness_line *line = &k->result.lines[k->result.n - 1];
	size_t end = str_find(reply->text, '\n');
	line->code = reply->code;
	str_copy(line->reply, sizeof(line->reply),
	         (struct str){ reply->text.p, end == SIZE_MAX ? reply->text.n : end });
}

static void on_reply(struct witness_knock *k, const struct smtp_reply *reply)
{
	keep_reply(k, reply);
	switch (k->awaited) {
	case SMTP_BANNER:
		if (smtp_reply_ok(reply))
			say_hello(k, SMTP_EHLO);
		else
			leave(k, WITNESS_TURNED_AWAY);
		break;
	case SMTP_EHLO: case SMTP_HELO:
		hello_answered(k, reply);
		break;
	case SMTP_OTHER:
		say(k, SMTP_MAIL, "MAIL FROM:<>", false, "");
		break;
	case SMTP_MAIL:
		mail_answered(k, reply);
		break;
	case SMTP_STARTTLS:
		if (smtp_reply_ok(reply))
			wire_client_start_tls(k->wire);
		else
			leave(k, WITNESS_NO_TLS);
		break;
	case SMTP_RCPT:
		leave(k, WITNESS_KNOCKED);
		break;
	default:
		assert(k->awaited == SMTP_QUIT);
		knock_over(k, k->result.end);
	}
}

/* ---- the wire ---------- */

static struct smtp_client *knock_engine(void *arg)
{
	struct witness_knock *k = arg;
	return k->over ? NULL : k->engine;
}

static void knock_connected(void *arg)
{
	struct witness_knock *k = arg;
	(void)wire_client_local(k->wire, &k->result.from);
}

static void knock_secured(void *arg)
{
	struct witness_knock *k = arg;
	k->secured = true;
	if (k->over || k->setup.tls_at_once)
		return;
	/* What was injected before TLS is dropped with it. */
	smtp_client_tls_started(k->engine);
	say_hello(k, SMTP_EHLO);
}

static void knock_received(void *arg, struct str bytes)
{
	struct witness_knock *k = arg;
	struct smtp_client_event event;
	smtp_client_input(k->engine, bytes);
	while (!k->over && smtp_client_next(k->engine, &event)) {
		if (event.type == SMTP_CLIENT_BROKEN)
			knock_over(k, WITNESS_NO_SMTP);
		else if (event.tag == SMTP_TAG_UNASKED)
			knock_over(k, WITNESS_HUNG_UP);
		else
			on_reply(k, &event.reply);
	}
}

static void knock_ended(void *arg, enum stream_end why)
{
	struct witness_knock *k = arg;
	enum witness_knock_end end = WITNESS_HUNG_UP;
	k->result.why = why;
	switch (why) {
	case STREAM_REFUSED: case STREAM_UNREACHABLE: end = WITNESS_NOBODY; break;
	case STREAM_TIMEOUT: end = k->result.from.ip.family ? WITNESS_LATE : WITNESS_NOBODY; break;
	case STREAM_NO_SOURCE: end = WITNESS_NO_SOURCE; break;
	case STREAM_TLS_FAILED: end = WITNESS_NO_TLS; break;
	case STREAM_CLOSED: case STREAM_RESET: break;
	}
	/* Behind QUIT it may close as it likes. */
	knock_over(k, k->awaited == SMTP_QUIT ? k->result.end : end);
}

struct witness_knock *witness_knock_create(const struct witness_knock_setup *setup)
{
	static const struct wire_client_talk talk = {
		.engine = knock_engine, .connected = knock_connected, .secured = knock_secured,
		.received = knock_received, .ended = knock_ended,
	};
	struct witness_knock *k = mem_zalloc(sizeof(*k));
	const struct endpoint from = { .ip = setup->from };
	const struct wire_client_setup wire = {
		.loop = setup->loop, .to = setup->to, .source = setup->from.family ? &from : NULL,
		.tls = setup->tls, .tls_at_once = setup->tls_at_once,
		.connect_ms = setup->connect_ms, .command_ms = setup->command_ms,
		.session_ms = setup->session_ms, .talk = &talk, .arg = k,
	};
	k->setup = *setup;
	k->said.family = setup->to.ip.family;
	k->said.port = setup->to.port;
	str_copy(k->said.word, sizeof(k->said.word), str_of(setup->word));
	k->setup.word = NULL;
	k->awaited = SMTP_BANNER;
	k->engine = smtp_client_create(NULL);
	k->end_timer = loop_timer_create(setup->loop, knock_tell, k);
	k->wire = wire_client_create(&wire);
	return k;
}

void witness_knock_destroy(struct witness_knock *k)
{
	if (!k)
		return;
	loop_timer_destroy(k->end_timer);
	wire_client_destroy(k->wire);
	smtp_client_destroy(k->engine);
	free(k);
}
