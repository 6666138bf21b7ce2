/* SPDX-License-Identifier: ISC
 *
 * The SMTP client. Input: a byte of limits, a byte that counts the commands, the commands
 * (a byte each), then what the server sends. Run twice, cut into different pieces: both runs
 * must tell the same. What refusals mean is smtp-policy's.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "smtp/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
	struct smtp_client *client;
	struct smtp_client_limits limits;
	struct buf log;
	bool broken;
	unsigned unasked;
};

static ssize_t pull(void *arg, char *dst, size_t room)
{
	struct str *rest = arg;
	if (rest->n == 0 || room == 0)
		return 0;
	*dst = rest->p[0];
	*rest = str_from(*rest, 1);
	return 1;
}

/* All of it at once, so that the source need not live. */
static void pull_message(struct run *r, uint32_t tag, struct str message)
{
	const struct smtp_source source = { pull, &message };
	struct str out;
	smtp_client_output_sent(r->client, smtp_client_output(r->client).n);
	smtp_client_message_from(r->client, tag, &source);
	while ((out = smtp_client_output(r->client)).n)
		smtp_client_output_sent(r->client, out.n);
	assert(message.n == 0);
}

static void queue(struct run *r, const uint8_t *commands, size_t n)
{
	static const struct str message = { "a\n.\r\n..b\rc", 10 };
	for (size_t i = 0; i < n; i++) {
		enum smtp_verb verb = commands[i] % (SMTP_OTHER + 1);
		uint32_t tag = (uint32_t)i + 1;
		if (verb == SMTP_MESSAGE && commands[i] & 64)
			pull_message(r, tag, message);
		else if (verb == SMTP_MESSAGE)
			smtp_client_message(r->client, tag, message);
		else if (verb == SMTP_BDAT && !r->limits.lmtp)
			smtp_client_bdat(r->client, tag, message);
		else
			smtp_client_command(r->client, verb, tag, str_of(smtp_verb_name(verb)));
	}
	assert(smtp_client_outstanding(r->client) == n + 1);
}

static void check_enhanced(const char *e)
{
	int a, b, c, n = 0;
	if (!*e)
		return;
	assert(sscanf(e, "%d.%d.%d%n", &a, &b, &c, &n) == 3 && e[n] == '\0');
	assert(a == 2 || a == 4 || a == 5);
}

static void check_reply(struct run *r, const struct smtp_client_event *ev)
{
	const struct smtp_reply *reply = &ev->reply;
	assert(reply->code >= 200 && reply->code <= 599);
	assert(reply->text.n <= r->limits.reply_bytes);
	check_enhanced(reply->enhanced);
	if (ev->tag == SMTP_TAG_UNASKED)
		assert(ev->verb == SMTP_OTHER && ++r->unasked < 20);
	buf_printf(&r->log, "%s %u %d %s ", smtp_verb_name(ev->verb), ev->tag, reply->code,
	           reply->enhanced);
	buf_add_str(&r->log, reply->text);
	buf_add_byte(&r->log, '\n');
}

static void pump(struct run *r)
{
	struct smtp_client_event ev;
	for (;;) {
		unsigned before = smtp_client_outstanding(r->client);
		if (!smtp_client_next(r->client, &ev))
			break;
		assert(!r->broken);
		if (ev.type == SMTP_CLIENT_BROKEN) {
			r->broken = true;
			buf_printf(&r->log, "BROKEN %.*s\n", STR_ARG(ev.text));
			continue;
		}
		check_reply(r, &ev);
		unsigned after = smtp_client_outstanding(r->client);
		/* In LMTP a message has several. */
		bool more = r->limits.lmtp && ev.verb == SMTP_MESSAGE && after == before;
		assert(ev.tag == SMTP_TAG_UNASKED ? before == 0 : more || after + 1 == before);
	}
}

static void run_once(struct run *r, const uint8_t *commands, size_t n_commands, struct str input,
                     size_t piece)
{
	r->client = smtp_client_create(&r->limits);
	queue(r, commands, n_commands);
	smtp_client_output_sent(r->client, smtp_client_output(r->client).n);
	while (input.n) {
		size_t n = piece < input.n ? piece : input.n;
		char *copy = mem_strndup(input.p, n);
		smtp_client_input(r->client, (struct str){ copy, n });
		free(copy);
		input = str_from(input, n);
		pump(r);
		piece = piece * 3 % 61 + 1;
	}
	assert(smtp_client_timeout_ms(r->client) > 0);
	const char *name = smtp_client_server_name(r->client);
	for (size_t i = 0; name[i]; i++)
		assert(ascii_isprint((unsigned char)name[i]) && name[i] != ' ');
	/* A long refusal is one before its line ends. If it breaks the session, how the line
	 * ends is seen only if that end came in the same piece. */
	unsigned notes = smtp_client_notes(r->client);
	if (r->broken)
		notes &= ~(unsigned)SMTP_NOTE_LF_ONLY;
	buf_printf(&r->log, "%s %u %u %d", name, notes,
	           smtp_client_extensions(r->client), smtp_client_injected(r->client));
	smtp_client_tls_started(r->client);
	assert(smtp_client_extensions(r->client) == 0);
	smtp_client_destroy(r->client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size < 2u + data[1] || size > 100000)
		return 0;
	struct run a = { .limits = {
		.line_bytes = data[0] & 1 ? 8 : 512, .reply_bytes = data[0] & 2 ? 20 : 4096,
		.reply_lines = data[0] & 4 ? 3 : 256, .session_bytes = 1000000,
		.lmtp = data[0] & 8,
	} };
	struct run b = a;
	struct str input = { (const char *)data + 2 + data[1], size - 2 - data[1] };
	run_once(&a, data + 2, data[1], input, SIZE_MAX);
	run_once(&b, data + 2, data[1], input, 1 + (data[0] >> 4));
	assert(str_eq(buf_str(&a.log), buf_str(&b.log)));
	buf_fini(&a.log);
	buf_fini(&b.log);
	return 0;
}
