/* SPDX-License-Identifier: ISC
 *
 * What the hosts send on: a client of the collector, from the host's own address (or, where
 * mail hops, from another one).
 */
#include "sim.h"

#include "base/mem.h"
#include "smtp/client.h"
#include "wire/smtp-client.h"

#include <stdlib.h>

enum { TRIES_MAX = 400, RETRY_MS = 500, ANSWER_MS = 10000, BODY_LINE = 57 };

struct delivery {
	struct host *host;
	struct delivery *next, *prev;
	char *sender, *recipient;
	struct buf message;
	struct wire_client *wire;
	struct smtp_client *smtp;
	struct loop_timer *timer;
	unsigned tries;
};

static void attempt(void *arg);

static void forget(struct delivery *d)
{
	struct sim *sim = d->host->sim;
	if (d->prev)
		d->prev->next = d->next;
	else
		sim->deliveries = d->next;
	if (d->next)
		d->next->prev = d->prev;
	wire_client_destroy(d->wire);
	smtp_client_destroy(d->smtp);
	loop_timer_destroy(d->timer);
	buf_fini(&d->message);
	free(d->sender);
	free(d->recipient);
	free(d);
}

static void again(struct delivery *d)
{
	wire_client_destroy(d->wire);
	d->wire = NULL;
	smtp_client_destroy(d->smtp);
	d->smtp = NULL;
	if (++d->tries >= TRIES_MAX) {
		sim_log(d->host, "undelivered", str_of(d->recipient));
		forget(d);
		return;
	}
	loop_timer_arm(d->timer, RETRY_MS);
}

static void say(struct delivery *d, enum smtp_verb verb, const char *before, const char *text,
                const char *after)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s%s%s", before, text, after);
	smtp_client_command(d->smtp, verb, 0, buf_str(&line));
	buf_fini(&line);
}

/* True: the delivery is over. */
static bool on_reply(struct delivery *d, const struct smtp_client_event *ev)
{
	int kind = ev->reply.code / 100;
	if (ev->type == SMTP_CLIENT_BROKEN || kind == 4) {
		again(d);
		return true;
	}
	if (kind == 5 || ev->verb == SMTP_MESSAGE) {
		sim_log(d->host, kind == 5 ? "refused" : "delivered", str_of(d->recipient));
		forget(d);
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
		say(d, SMTP_DATA, "DATA", "", "");
		break;
	case SMTP_DATA:
		smtp_client_message(d->smtp, 0, buf_str(&d->message));
		break;
	default:
		break;
	}
	return false;
}

static struct smtp_client *delivery_engine(void *arg)
{
	struct delivery *d = arg;
	return d->smtp;
}

static void on_received(void *arg, struct str bytes)
{
	struct delivery *d = arg;
	struct smtp_client_event ev;
	smtp_client_input(d->smtp, bytes);
	while (smtp_client_next(d->smtp, &ev))
		if (on_reply(d, &ev))
			return;
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	again(arg);
}

static const struct wire_client_talk talks = {
	.engine = delivery_engine, .received = on_received, .ended = on_ended,
};

/* Another address of this machine that no host has. */
static struct ip other_address(struct ip ip)
{
	ip.b[ip.family == 4 ? 1 : 4] = 254;
	return ip;
}

static void attempt(void *arg)
{
	struct delivery *d = arg;
	const struct sim *sim = d->host->sim;
	struct endpoint from = { .ip = d->host->at.ip };
	const struct endpoint *to = NULL;
	for (size_t i = 0; i < sim->collector_count; i++)
		if (sim->collectors[i].ip.family == from.ip.family)
			to = &sim->collectors[i];
	if (!to) {
		forget(d);
		return;
	}
	if (d->host->persona->hops)
		from.ip = other_address(from.ip);
	d->smtp = smtp_client_create(NULL);
	const struct wire_client_setup setup = {
		.loop = sim->loop, .to = *to, .source = &from, .session_ms = ANSWER_MS,
		.connect_ms = ANSWER_MS, .talk = &talks, .arg = d,
	};
	d->wire = wire_client_create(&setup);
}

static struct delivery *create(struct host *h, const char *sender, const char *recipient)
{
	struct delivery *d = mem_zalloc(sizeof(*d));
	struct sim *sim = h->sim;
	*d = (struct delivery){ .host = h, .next = sim->deliveries, .sender = mem_strdup(sender),
	                        .recipient = mem_strdup(recipient) };
	if (sim->deliveries)
		sim->deliveries->prev = d;
	sim->deliveries = d;
	d->timer = loop_timer_create(sim->loop, attempt, d);
	loop_timer_arm(d->timer, h->persona->relay_delay_ms);
	return d;
}

/* ---- what is made of a message on its way ------------------------------------------- */

static struct str body_of(struct str message)
{
	size_t end = str_search(message, STR("\r\n\r\n"));
	return end == SIZE_MAX ? STR("") : str_from(message, end + 4);
}

static void add_base64(struct buf *out, struct str body)
{
	unsigned char line[BODY_LINE * 2];
	buf_add_cstr(out, "Subject: Open relay test\r\nMIME-Version: 1.0\r\n"
	             "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	for (; body.n; body = str_from(body, BODY_LINE)) {
		int n = body.n < BODY_LINE ? (int)body.n : BODY_LINE;
		EVP_EncodeBlock(line, (const unsigned char *)body.p, n);
		buf_printf(out, "%s\r\n", (const char *)line);
	}
}

static void rewrite(struct host *h, struct str message, struct buf *out)
{
	buf_printf(out, "Received: from stranger by %s with SMTP\r\n", h->name);
	switch (h->persona->rewrite) {
	case REWRITE_BASE64:
		add_base64(out, body_of(message));
		return;
	case REWRITE_STRIP:
		buf_add_cstr(out, "Subject: (removed)\r\n\r\n");
		buf_add_str(out, body_of(message));
		return;
	case REWRITE_FOOTER:
		buf_add_str(out, message);
		buf_add_cstr(out,
		             "\r\n-- \r\nThis message is confidential. Eat it after reading.\r\n");
		return;
	case REWRITE_UPPER: case REWRITE_NONE:
		break;
	}
	buf_add_str(out, message);
}

void relay_message(struct host *h, const char *sender, const char *recipient, struct str message)
{
	struct delivery *d = create(h, sender, recipient);
	rewrite(h, message, &d->message);
	if (h->persona->rewrite != REWRITE_UPPER)
		return;
	for (char *p = d->recipient; *p && *p != '@'; p++)
		*p = (char)(ascii_isalpha((unsigned char)*p) ? *p & ~0x20 : *p);
}

void relay_bounce(struct host *h, const char *sender, const char *recipient, struct str message)
{
	if (!*sender)
		return;
	struct delivery *d = create(h, "", sender);
	buf_printf(&d->message, "From: <mailer-daemon@%s>\r\nTo: <%s>\r\n"
	           "Subject: Undelivered mail\r\n\r\n<%s>: no such user\r\n\r\n", h->name, sender,
	           recipient);
	buf_add_str(&d->message, message);
}

void relay_forge(struct host *h, const char *recipient)
{
	struct delivery *d = create(h, "", recipient);
	buf_printf(&d->message, "From: <postmaster@%s>\r\nSubject: Hello\r\n\r\n"
	           "Nothing of yours is in here.\r\n", h->name);
}

void relays_close(struct sim *sim)
{
	while (sim->deliveries)
		forget(sim->deliveries);
}
