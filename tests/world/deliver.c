/* SPDX-License-Identifier: ISC
 *
 * Mail to the collector: what hosts pass on, what they bounce, what their owners ask for, and
 * what strangers try.
 */
#include "host.h"

#include "base/mem.h"
#include "base/stream.h"
#include "law.h"
#include "names.h"
#include "smtp/client.h"

#include <stdlib.h>

enum { RETRY_FIRST_MS = 4000, RETRY_MOST_MS = 300 * 1000, ANSWER_MS = 20 * 1000,
       STRANGER_TRIES = 2 };

struct delivery {
	struct host *host;
	enum delivery_kind kind;
	struct ip from;
	char *sender, *recipient;
	struct buf message;
	struct stream *stream;
	struct smtp_client *smtp;
	struct event again;
	unsigned tries;
	bool sent;                       /* the whole message, in this connection */
};

static unsigned open_n;

unsigned deliveries_open(void)
{
	return open_n;
}

static void hang_up(struct delivery *d)
{
	stream_destroy(d->stream);
	d->stream = NULL;
	smtp_client_destroy(d->smtp);
	d->smtp = NULL;
	d->sent = false;
}

static void forget(struct delivery *d)
{
	hang_up(d);
	event_disarm(&d->again);
	buf_fini(&d->message);
	free(d->sender);
	free(d->recipient);
	free(d);
	open_n--;
}

static void try_again(struct delivery *d)
{
	int64_t delay_ms = RETRY_FIRST_MS << (d->tries < 6 ? d->tries : 6);
	hang_up(d);
	if (d->kind == DELIVER_STRANGER && d->tries >= STRANGER_TRIES) {
		forget(d);
		return;
	}
	d->tries++;
	event_arm(&d->again, world.calm ? RETRY_FIRST_MS
	          : delay_ms < RETRY_MOST_MS ? delay_ms : RETRY_MOST_MS);
}

static void say(struct delivery *d, enum smtp_verb verb, const char *before, const char *text,
                const char *after)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s%s%s", before, text, after);
	smtp_client_command(d->smtp, verb, 0, buf_str(&line));
	buf_fini(&line);
}

static void over(struct delivery *d, int code)
{
	trace("mail to %s from host %u: %d", d->recipient, d->host->n, code);
	law_collector_answered(d->host, d->kind, &d->from, d->recipient, code,
	                       buf_str(&d->message));
	forget(d);
}

/* True: this connection is over. */
static bool on_reply(struct delivery *d, const struct smtp_client_event *ev)
{
	int kind = ev->reply.code / 100;
	if (ev->type == SMTP_CLIENT_BROKEN || kind == 4) {
		trace("mail to %s from host %u: %d, later", d->recipient, d->host->n,
		      ev->reply.code);
		try_again(d);
		return true;
	}
	if (kind == 5 || ev->verb == SMTP_MESSAGE) {
		over(d, ev->reply.code);
		return true;
	}
	switch (ev->verb) {
	case SMTP_BANNER:
		say(d, SMTP_EHLO, "EHLO ", d->host->name, "");
		break;
	case SMTP_EHLO:
		say(d, SMTP_MAIL, "MAIL FROM:<", d->sender, ">");
		break;
	case SMTP_MAIL:
		say(d, SMTP_RCPT, "RCPT TO:<", d->recipient, ">");
		break;
	case SMTP_RCPT:
		law_collector_took(d->kind, d->recipient);
		say(d, SMTP_DATA, "DATA", "", "");
		break;
	case SMTP_DATA:
		law_comes_back(d->host, d->kind, d->recipient);
		smtp_client_message(d->smtp, 0, buf_str(&d->message));
		break;
	default:
		break;
	}
	return false;
}

static void on_received(void *arg, struct str bytes)
{
	struct delivery *d = arg;
	struct smtp_client_event ev;
	smtp_client_input(d->smtp, bytes);
	while (smtp_client_next(d->smtp, &ev))
		if (on_reply(d, &ev))
			return;
	struct str out = smtp_client_output(d->smtp);
	stream_write(d->stream, out);
	smtp_client_output_sent(d->smtp, out.n);
}

static void on_connected(void *arg)
{
	(void)arg;
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	try_again(arg);
}

static const struct stream_events events = {
	.connected = on_connected, .received = on_received, .ended = on_ended,
};

static void attempt(void *arg)
{
	struct delivery *d = arg;
	struct endpoint from = { .ip = d->from };
	d->smtp = smtp_client_create(NULL);
	d->stream = stream_connect(outside_loop, &names_collector, &from, &events, d);
	stream_deadline(d->stream, ANSWER_MS);
}

void deliver(struct host *h, enum delivery_kind kind, const struct ip *from, const char *sender,
             const char *recipient, struct str message, int64_t delay_ms)
{
	struct delivery *d = mem_zalloc(sizeof(*d));
	*d = (struct delivery){ .host = h, .kind = kind, .from = *from,
	                        .sender = mem_strdup(sender), .recipient = mem_strdup(recipient) };
	buf_add_str(&d->message, message);
	event_init(&d->again, &outside, attempt, d);
	event_arm(&d->again, delay_ms);
	open_n++;
}
