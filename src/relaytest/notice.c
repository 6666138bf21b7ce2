/* SPDX-License-Identifier: ISC
 *
 * Mail to a tested host itself: the result of a retest that its admin asked for by mail,
 * and the notice of a listing. It goes to that host by address, never to another and never
 * by MX: so it can neither be relayed by us nor hit a forged address elsewhere. One
 * attempt; the log tells how it went.
 *
 * Hostile input: all that the host answers, by way of the client engine.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "smtp/client.h"

#include <stdlib.h>

enum { NOTICE_TIMEOUT_MS = 60000, RECIPIENTS = 3 };

struct notice {
	struct tester *tester;
	struct notice *next;
	struct endpoint host;
	struct stream *stream;
	struct smtp_client *client;
	char *recipients[RECIPIENTS];
	size_t n, current;
	struct buf message;
	bool sent;
};

static void notice_free(struct notice *n)
{
	for (struct notice **p = &n->tester->notices; *p; p = &(*p)->next) {
		if (*p != n)
			continue;
		*p = n->next;
		break;
	}
	stream_destroy(n->stream);
	smtp_client_destroy(n->client);
	for (size_t i = 0; i < n->n; i++)
		free(n->recipients[i]);
	buf_fini(&n->message);
	free(n);
}

static void over(struct notice *n, const char *outcome)
{
	LOG(n->sent ? LOG_INFO : LOG_WARN, "notice", LOG_IP("host", &n->host.ip),
	    LOG_S("outcome", n->sent ? "sent" : outcome));
	notice_free(n);
}

static void say(struct notice *n, enum smtp_verb verb, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct notice *n, enum smtp_verb verb, const char *fmt, ...)
{
	struct buf line = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	if (smtp_client_command(n->client, verb, 0, buf_str(&line)) != ERR_OK)
		n->current = n->n;
	buf_fini(&line);
}

static void quit(struct notice *n)
{
	say(n, SMTP_QUIT, "QUIT");
}

static void say_recipient(struct notice *n)
{
	if (n->current < n->n)
		say(n, SMTP_RCPT, "RCPT TO:%s", n->recipients[n->current]);
	else
		quit(n);
}

static void on_reply(struct notice *n, enum smtp_verb verb, const struct smtp_reply *r)
{
	bool ok = smtp_reply_ok(r);
	switch (verb) {
	case SMTP_BANNER:
		if (ok)
			say(n, SMTP_HELO, "HELO %s", n->tester->setup.hostname);
		else
			quit(n);
		break;
	case SMTP_HELO:
		if (ok)
			say(n, SMTP_MAIL, "MAIL FROM:<>");
		else
			quit(n);
		break;
	case SMTP_MAIL:
		if (!ok)
			n->current = n->n;
		say_recipient(n);
		break;
	case SMTP_RCPT:
		if (ok) {
			say(n, SMTP_DATA, "DATA");
		} else {
			n->current++;
			say_recipient(n);
		}
		break;
	case SMTP_DATA:
		if (r->code == 354)
			smtp_client_message(n->client, 0, buf_str(&n->message));
		else
			quit(n);
		break;
	case SMTP_MESSAGE:
		n->sent = ok;
		quit(n);
		break;
	default:
		break;
	}
}

static void notice_flush(struct notice *n)
{
	struct str out = smtp_client_output(n->client);
	stream_write(n->stream, out);
	smtp_client_output_sent(n->client, out.n);
}

static void notice_received(void *arg, struct str bytes)
{
	struct notice *n = arg;
	struct smtp_client_event ev;
	smtp_client_input(n->client, bytes);
	while (smtp_client_next(n->client, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN || ev.verb == SMTP_QUIT) {
			over(n, "refused by the host");
			return;
		}
		on_reply(n, ev.verb, &ev.reply);
	}
	notice_flush(n);
}

static void notice_connected(void *arg)
{
	(void)arg;
}

static void notice_ended(void *arg, enum stream_end why)
{
	over(arg, why == STREAM_TIMEOUT ? "no answer in time" : "no connection");
}

static const struct stream_events notice_events = {
	.connected = notice_connected, .received = notice_received, .ended = notice_ended,
};

static struct notice *notice_create(struct tester *t, const struct run *r)
{
	struct notice *n = mem_zalloc(sizeof(*n));
	*n = (struct notice){ .tester = t, .host = r->test.target, .next = t->notices };
	t->notices = n;
	n->client = smtp_client_create(NULL);
	return n;
}

static void add_recipient(struct notice *n, char *path)
{
	n->recipients[n->n++] = path;
}

static void add_header(struct notice *n, const char *subject)
{
	const struct tester_setup *s = &n->tester->setup;
	char date[CLOCK_TEXT_MAX], id[17];
	uint64_t random = random_u64();
	hex_encode(&random, sizeof(random), id);
	buf_printf(&n->message,
		"From: Open relay test <postmaster@%s>\n"
		"To: %s\n"
		"Subject: %s\n"
		"Date: %s\n"
		"Message-ID: <%s@%s>\n"
		"Auto-Submitted: auto-replied\n"
		"MIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=us-ascii\n"
		"\n",
		s->config->domain, n->recipients[0], subject,
		clock_format_mail(clock_now_s(), date), id, s->config->domain);
}

static void add_footer(struct notice *n)
{
	const struct tester_setup *s = &n->tester->setup;
	buf_printf(&n->message, "\nWho tests: %s (%s)\n", s->operator_name, s->hostname);
	if (*s->contact)
		buf_printf(&n->message, "To ask, or to object: %s\n", s->contact);
}

static void notice_start(struct notice *n)
{
	const struct config_ips *sources = &n->tester->setup.config->source;
	struct endpoint source = { 0 };
	for (size_t i = 0; i < sources->n; i++)
		if (sources->v[i].family == n->host.ip.family)
			source.ip = sources->v[i];
	n->stream = stream_connect(n->tester->setup.loop, &n->host,
	                           source.ip.family ? &source : NULL, &notice_events, n);
	stream_deadline(n->stream, NOTICE_TIMEOUT_MS);
}

void notice_result(struct tester *t, const struct run *r, enum verdict verdict, bool delisted)
{
	struct notice *n = notice_create(t, r);
	char address[IP_TEXT_MAX], literal[IP_TEXT_MAX + 8];
	ip_format(&r->test.target.ip, address);
	ip_format_literal(&r->test.target.ip, literal);
	/* The envelope sender of the request may be forged: a host that is open still would
	 * carry the answer to whomever it names. */
	if (verdict == VERDICT_CLOSED || verdict == VERDICT_BACKSCATTER)
		add_recipient(n, mem_strdup(r->test.reply_to));
	add_recipient(n, mem_printf("<postmaster@%s>", literal));
	add_recipient(n, mem_strdup("<postmaster>"));
	add_header(n, delisted ? "Retest passed: delisted" : "Retest result");
	buf_printf(&n->message,
		"You asked for a retest of %s.\n\n"
		"Verdict for port %u: %s.\n%s\n",
		address, r->test.target.port, verdict_name(verdict),
		delisted ? "The address has been taken off the list."
		         : "The list was not changed. It changes when every form that was open is\n"
		           "refused on every port that was open, and the server still answers us.");
	add_footer(n);
	notice_start(n);
}

void notice_listed(struct tester *t, const struct run *r, const char *evidence_id)
{
	struct notice *n = notice_create(t, r);
	char address[IP_TEXT_MAX], literal[IP_TEXT_MAX + 8];
	ip_format(&r->test.target.ip, address);
	ip_format_literal(&r->test.target.ip, literal);
	add_recipient(n, mem_printf("<postmaster@%s>", literal));
	add_recipient(n, mem_strdup("<postmaster>"));
	add_header(n, "Your mail server is an open relay");
	buf_printf(&n->message,
		"The mail server at %s, port %u, passed on a test message for a\n"
		"stranger. Spammers use such servers. It has been listed as an open relay.\n\n"
		"Evidence: %s\n"
		"When you have closed the relay, send a mail to retest@%s\n"
		"from that server. It is then tested again and taken off the list, free.\n",
		address, r->test.target.port, evidence_id, t->setup.config->domain);
	add_footer(n);
	notice_start(n);
}

void notice_abandon(struct tester *t)
{
	while (t->notices)
		notice_free(t->notices);
}
