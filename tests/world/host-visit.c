/* SPDX-License-Identifier: ISC
 *
 * One connection to a tested host: what it answers by its kind.
 */
#include "host.h"

#include "base/mem.h"
#include "base/stream.h"
#include "law.h"
#include "names.h"
#include "smtp/server.h"
#include "speak.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECIPIENTS_MAX = 8, IDLE_MS = 60 * 1000 };

struct recipient {
	char text[MAILBOX_MAX], mailbox[MAILBOX_MAX];    /* mailbox "": its own user */
};

struct visit {
	struct host *host;
	struct endpoint peer;
	struct smtp_server *smtp;
	struct stream *stream;
	struct event later;              /* replies that take their time */
	char sender[MAILBOX_MAX];
	bool null_sender, over;
	struct recipient to[RECIPIENTS_MAX];
	unsigned n;
	struct buf message;
};

static void visit_free(struct visit *v)
{
	event_disarm(&v->later);
	stream_destroy(v->stream);
	smtp_server_destroy(v->smtp);
	buf_fini(&v->message);
	free(v);
}

static void forget(struct visit *v)
{
	v->n = 0;
	buf_clear(&v->message);
}

static struct str without_brackets(struct str s)
{
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

/* ---- who may ----------------------------------------------------------------------------- */

static uint64_t envelope_of(const struct visit *v, struct str rcpt)
{
	uint64_t h = 0xcbf29ce484222325;
	for (const char *p = v->sender; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3;
	for (size_t i = 0; i < rcpt.n; i++)
		h = (h ^ (unsigned char)rcpt.p[i]) * 0x100000001b3;
	return h ^ v->peer.ip.b[3];
}

/* True: not yet. */
static bool puts_off(struct visit *v, struct str rcpt)
{
	struct host *h = v->host;
	uint64_t envelope = envelope_of(v, rcpt);
	if (h->kind->grey_ms == 0)
		return false;
	for (unsigned i = 0; i < h->grey_n; i++)
		if (h->grey[i].envelope == envelope)
			return world.now_ms - h->grey[i].since_ms < h->kind->grey_ms;
	if (h->grey_n < GREYS_MAX) {
		h->grey[h->grey_n].envelope = envelope;
		h->grey[h->grey_n++].since_ms = world.now_ms;
	}
	return true;
}

static bool is_trusted(const struct visit *v, struct str domain)
{
	switch (v->host->kind->trusts) {
	case TRUST_ANYBODY: return true;
	case TRUST_NOBODYS_SENDER: return v->null_sender;
	case TRUST_FIRST_MX: return str_caseeq(domain, STR(NAMES_DOMAIN));
	case TRUST_NOBODY: break;
	}
	return false;
}

static void refuse(struct visit *v)
{
	const struct host_kind *k = v->host->kind;
	if (k->refusal)
		smtp_server_reply(v->smtp, k->refusal, "4.3.0", k->refusal_text);
	else
		smtp_server_reply(v->smtp, 554, "5.7.1", "Relay access denied");
}

static void take(struct visit *v, struct str rcpt, const char *mailbox)
{
	if (v->n < RECIPIENTS_MAX) {
		struct recipient *r = &v->to[v->n++];
		str_copy(r->text, sizeof(r->text), rcpt);
		str_copy(r->mailbox, sizeof(r->mailbox), str_of(mailbox));
	}
	smtp_server_reply(v->smtp, 250, NULL, "Ok");
}

static void on_local(struct visit *v, struct str rcpt)
{
	bool user = str_caseprefix(without_brackets(rcpt), STR("postmaster")) ||
	            str_caseprefix(without_brackets(rcpt), STR("admin@"));
	if (user || v->host->kind->takes_local)
		take(v, rcpt, "");
	else
		smtp_server_reply(v->smtp, 550, "5.1.1", "User unknown");
}

static void on_rcpt(struct visit *v, const struct smtp_server_event *ev)
{
	const struct host_kind *k = v->host->kind;
	char mailbox[MAILBOX_MAX];
	struct str rcpt = ev->path->text, local, domain = STR("");
	enum reading reading = reading_of(rcpt, k->reads, &v->host->own, mailbox);
	reading_split(str_of(mailbox), &local, &domain);
	law_host_is_asked(rcpt);
	if (reading == READING_BAD)
		smtp_server_reply(v->smtp, 501, "5.1.3", "Bad recipient address syntax");
	else if (puts_off(v, rcpt))
		smtp_server_reply(v->smtp, 450, "4.2.0", "Greylisted, try again in 20 seconds");
	else if (reading == READING_LOCAL)
		on_local(v, rcpt);
	else if (reading == READING_LED_ON || k->takes_all || is_trusted(v, domain))
		take(v, rcpt, mailbox);
	else
		refuse(v);
}

/* ---- messages ---------------------------------------------------------------------------- */

static void pass_on(struct visit *v, const struct recipient *r)
{
	struct host *h = v->host;
	const struct host_kind *k = h->kind;
	struct buf text = { 0 };
	const struct ip *from = k->hops ? &h->out : &h->at.ip;
	char sender[MAILBOX_MAX + 80];
	struct str local, domain;
	str_copy(sender, sizeof(sender), str_of(v->sender));
	if (*sender && !reading_split(str_of(v->sender), &local, &domain))
		snprintf(sender, sizeof(sender), "%s@%s", v->sender, h->name);
	buf_printf(&text, "Received: from stranger by %s with SMTP\r\n", h->name);
	buf_add_str(&text, buf_str(&v->message));
	h->relayed++;
	for (unsigned i = 0; i < (k->copies ? k->copies : 1); i++)
		deliver(h, DELIVER_RELAYED, from, sender, r->mailbox, buf_str(&text),
		        1000 * (int64_t)chance_between(k->delay_least_s, k->delay_most_s));
	buf_fini(&text);
}

static void bounce(struct visit *v, const struct recipient *r)
{
	struct buf text = { 0 };
	struct str local, domain;
	if (v->null_sender || !reading_split(str_of(v->sender), &local, &domain) ||
	    reading_is_own(domain, &v->host->own))
		return;
	buf_printf(&text, "Subject: Undelivered mail\r\n\r\n<%s>: no such user\r\n\r\n", r->text);
	buf_add_str(&text, buf_str(&v->message));
	deliver(v->host, DELIVER_BOUNCE, &v->host->at.ip, "", v->sender, buf_str(&text), 0);
	buf_fini(&text);
}

static void handle(struct visit *v, const struct recipient *r)
{
	switch (v->host->kind->fate) {
	case FATE_RELAY:
		if (*r->mailbox)
			pass_on(v, r);
		break;
	case FATE_FIRST_ONLY:
		if (*r->mailbox && v->host->relayed == 0)
			pass_on(v, r);
		break;
	case FATE_BOUNCE:
		bounce(v, r);
		break;
	case FATE_DISCARD: case FATE_FORGE:
		break;
	}
}

static void on_message(struct visit *v)
{
	for (unsigned i = 0; i < v->n; i++)
		law_host_took(v->host, &v->peer.ip, v->to[i].text);
	trace("host %u takes a message for %s", v->host->n, v->n ? v->to[v->n - 1].text : "");
	for (unsigned i = 0; i < v->n; i++)
		handle(v, &v->to[i]);
	forget(v);
	smtp_server_reply(v->smtp, 250, NULL, "Ok, queued");
}

/* ---- the session -------------------------------------------------------------------------- */

static void on_event(struct visit *v, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		smtp_server_reply(v->smtp, 220, NULL, NULL);
		break;
	case SMTP_SERVER_HELO:
		smtp_server_reply(v->smtp, 250, NULL, "");
		break;
	case SMTP_SERVER_MAIL:
		forget(v);
		str_copy(v->sender, sizeof(v->sender), without_brackets(ev->path->text));
		v->null_sender = ev->path->is_null;
		smtp_server_reply(v->smtp, 250, NULL, "Ok");
		break;
	case SMTP_SERVER_RCPT:
		on_rcpt(v, ev);
		break;
	case SMTP_SERVER_DATA:
		smtp_server_reply(v->smtp, 354, NULL, "Go on");
		break;
	case SMTP_SERVER_TEXT:
		buf_add_str(&v->message, ev->text);
		break;
	case SMTP_SERVER_MESSAGE:
		on_message(v);
		break;
	case SMTP_SERVER_ABORT:
		forget(v);
		break;
	case SMTP_SERVER_AUTH: case SMTP_SERVER_SASL:
		smtp_server_reply(v->smtp, 535, "5.7.8", "No");
		break;
	case SMTP_SERVER_STARTTLS: case SMTP_SERVER_XCLIENT: case SMTP_SERVER_UNKNOWN:
		smtp_server_reply(v->smtp, 502, "5.5.2", "Command not known");
		break;
	case SMTP_SERVER_SASL_END:
		break;
	case SMTP_SERVER_CLOSE:
		v->over = true;
		break;
	}
}

static void say(void *arg)
{
	struct visit *v = arg;
	speak(v->stream, v->smtp, v->over, IDLE_MS);
}

static void turn(struct visit *v)
{
	struct smtp_server_event ev;
	while (!v->over && smtp_server_next(v->smtp, &ev))
		on_event(v, &ev);
	if (chance_of(v->host->kind->hangs_up)) {
		trace("host %u hangs up", v->host->n);
		visit_free(v);
		return;
	}
	if (v->host->kind->reply_ms)
		event_arm(&v->later, v->host->kind->reply_ms);
	else
		say(v);
}

static void on_received(void *arg, struct str bytes)
{
	struct visit *v = arg;
	if (v->over)
		return;
	smtp_server_input(v->smtp, bytes);
	turn(v);
}

static void on_ended(void *arg, enum stream_end why)
{
	struct visit *v = arg;
	if (why == STREAM_RESET || why == STREAM_TIMEOUT)
		v->host->disturbed_ms = world.now_ms;
	visit_free(v);
}

static const struct stream_events events = { .received = on_received, .ended = on_ended };

void visit_begin(struct host *h, int fd, const struct endpoint *peer)
{
	struct visit *v = mem_zalloc(sizeof(*v));
	struct smtp_server_options options = {
		.hostname = h->name, .lax_paths = true, .offer_smtputf8 = true,
		.limits = { .errors = 200 },
	};
	*v = (struct visit){ .host = h, .peer = *peer };
	event_init(&v->later, &outside, say, v);
	v->smtp = smtp_server_create(&options);
	v->stream = stream_adopt(outside_loop, fd, &events, v);
	turn(v);
}
