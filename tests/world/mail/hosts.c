/* SPDX-License-Identifier: ISC
 *
 * The servers to which the gateway's mail goes: others', of a few kinds, and an inner one of ours
 * that speaks LMTP. How a recipient fares is in its name: "gone" is unknown, "busy" is put off for
 * ever, all else is taken as the host is.
 */
#include "../net.h"
#include "../speak.h"
#include "mail.h"

#include "base/mem.h"
#include "base/stream.h"
#include "smtp/server.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOSTS_MAX = 8, IDLE_MS = 90 * 1000, RCPTS = 100 };

struct kind {
	const char *name;
	unsigned share;
	bool absent, no_name, null_mx, loopback, tls, bad_tls, lmtp, old;
	int greeting;                    /* 0: 220 */
	/* Per mille: a recipient, a message is put off; it hangs up at a reply; it takes a message
	 * and is gone; a message is refused. */
	unsigned rcpt_later, dot_later, hangs_up, gone_after_dot, dot_refused;
};
static const struct kind kinds[] = {
	{ "sound", 8, .tls = true },
	{ "sound without TLS", 4 },
	{ "without ESMTP", 1, .old = true },
	{ "busy now and then", 4, .rcpt_later = 300, .dot_later = 100 },
	{ "in a hurry", 3, .hangs_up = 60, .tls = true },
	{ "gone after the dot", 2, .gone_after_dot = 400 },
	{ "refusing texts", 2, .dot_refused = 300 },
	{ "full", 1, .greeting = 421 },
	{ "not for us", 1, .greeting = 554 },
	{ "absent", 1, .absent = true },
	{ "unnamed", 1, .no_name = true },
	{ "without mail", 1, .null_mx = true },
	{ "at our own loopback", 1, .loopback = true },
	{ "with broken TLS", 1, .tls = true, .bad_tls = true },
};
static const struct kind inner_kind = { "inner", .lmtp = true, .rcpt_later = 20, .dot_later = 20,
                                        .dot_refused = 60,
                                        .hangs_up = 5, .gone_after_dot = 10 };

struct host {
	const struct kind *kind;
	struct endpoint at;
	char name[64], domain[64];
	int fd;
	struct loop_watch *watch;
};
static struct host hosts[HOSTS_MAX + 1];
unsigned host_n;
struct loop *outside_loop;

struct visit {
	struct host *host;
	struct smtp_server *smtp;
	struct stream *stream;
	char sender[ADDRESS_MAX];
	char to[RCPTS][ADDRESS_MAX];
	unsigned n, deaths;              /* deaths: when it began */
	struct buf text;
	struct copy *answered[RCPTS];    /* the gateway is being told that they were taken */
	unsigned answered_n;
	bool over;
};

/* ---- who they are ------------------------------------------------------------------------ */

void host_address(char address[static ADDRESS_MAX])
{
	static const char *const names[] = { "ok", "ok", "ok", "well", "fine", "gone", "busy" };
	snprintf(address, ADDRESS_MAX, "%s%u@%s", names[chance_below(7)], chance_below(4),
	         hosts[chance_below(host_n)].domain);
}

bool host_is(const struct endpoint *at)
{
	for (unsigned i = 0; i <= host_n; i++)
		if (ip_eq(&hosts[i].at.ip, &at->ip) && hosts[i].at.port == at->port)
			return true;
	return false;
}

static const struct host *host_named(struct str name, bool domain)
{
	for (unsigned i = 0; i < host_n; i++)
		if (str_caseeq(name, str_of(domain ? hosts[i].domain : hosts[i].name)))
			return &hosts[i];
	return NULL;
}

int host_lookup(struct str name, struct ip *ip)
{
	const struct host *h = host_named(name, false);
	if (!h)
		return host_named(name, true) ? 0 : -1;
	*ip = h->kind->loopback ? ip_from_v4(127, 0, 0, 1) : h->at.ip;
	return 1;
}

const char *host_mx(struct str domain)
{
	const struct host *h = host_named(domain, true);
	if (!h || h->kind->no_name)
		return NULL;
	return h->kind->null_mx ? "" : h->name;
}

/* ---- a visit ----------------------------------------------------------------------------- */

static void visit_free(struct visit *v)
{
	stream_destroy(v->stream);
	smtp_server_destroy(v->smtp);
	buf_fini(&v->text);
	free(v);
}

static void forget(struct visit *v)
{
	v->n = 0;
	buf_clear(&v->text);
}

static bool now_and_then(unsigned per_mille)
{
	return chance_of(world.calm ? per_mille / 4 : per_mille);
}

static void on_rcpt(struct visit *v, struct str rcpt)
{
	if (rcpt.n >= 2 && rcpt.p[0] == '<')
		rcpt = (struct str){ rcpt.p + 1, rcpt.n - 2 };
	law_rcpt(str_of(v->sender), rcpt, v->host->kind->lmtp);
	if (str_prefix(rcpt, STR("gone"))) {
		smtp_server_reply(v->smtp, 550, "5.1.1", "User unknown");
	} else if (str_prefix(rcpt, STR("busy")) || now_and_then(v->host->kind->rcpt_later) ||
	           v->n == RCPTS) {
		smtp_server_reply(v->smtp, 450, "4.2.0", "Later");
	} else {
		str_copy(v->to[v->n++], ADDRESS_MAX, rcpt);
		smtp_server_reply(v->smtp, 250, NULL, "Ok");
	}
}

static void take(struct visit *v, unsigned i)
{
	struct copy *c = law_taken(str_of(v->sender), str_of(v->to[i]), buf_str(&v->text),
	                           v->host->kind->lmtp, v->deaths);
	if (c && v->answered_n < RCPTS)
		v->answered[v->answered_n++] = c;
}

/* Of each recipient in LMTP, of all else. True: it hangs up. */
static bool on_message(struct visit *v, unsigned replies)
{
	const struct kind *k = v->host->kind;
	bool gone = now_and_then(k->gone_after_dot);
	for (unsigned i = 0; i < (k->lmtp ? replies : 1); i++) {
		if (now_and_then(k->dot_refused)) {
			smtp_server_reply(v->smtp, 554, "5.6.0", "Not this");
			continue;
		}
		if (now_and_then(k->dot_later)) {
			smtp_server_reply(v->smtp, 451, "4.3.0", "Not now");
			continue;
		}
		for (unsigned j = k->lmtp ? i : 0; j < (k->lmtp ? i + 1 : v->n); j++)
			take(v, j);
		smtp_server_reply(v->smtp, 250, NULL, "Ok");
	}
	forget(v);
	if (gone)
		trace("%s is gone after the dot", v->host->name);
	return gone;
}

static bool on_event(struct visit *v, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		smtp_server_reply(v->smtp, v->host->kind->greeting ? v->host->kind->greeting : 220,
		                  NULL, NULL);
		break;
	case SMTP_SERVER_HELO:
		smtp_server_reply(v->smtp, 250, NULL, "");
		break;
	case SMTP_SERVER_MAIL:
		forget(v);
		str_copy(v->sender, sizeof(v->sender), ev->path->is_null ? STR("")
		         : (struct str){ ev->path->text.p + 1, ev->path->text.n - 2 });
		smtp_server_reply(v->smtp, 250, NULL, "Ok");
		break;
	case SMTP_SERVER_RCPT:
		on_rcpt(v, ev->path->text);
		break;
	case SMTP_SERVER_DATA:
		smtp_server_reply(v->smtp, 354, NULL, "Go on");
		break;
	case SMTP_SERVER_TEXT:
		buf_add_str(&v->text, ev->text);
		break;
	case SMTP_SERVER_MESSAGE:
		return on_message(v, ev->replies);
	case SMTP_SERVER_ABORT:
		forget(v);
		break;
	case SMTP_SERVER_AUTH: case SMTP_SERVER_SASL:
		smtp_server_reply(v->smtp, 535, "5.7.8", "No");
		break;
	case SMTP_SERVER_XCLIENT: case SMTP_SERVER_UNKNOWN:
		smtp_server_reply(v->smtp, 502, "5.5.2", "Command not known");
		break;
	case SMTP_SERVER_STARTTLS: case SMTP_SERVER_SASL_END:
		break;
	case SMTP_SERVER_CLOSE:
		v->over = true;
		break;
	}
	return false;
}

static void turn(struct visit *v)
{
	struct smtp_server_event ev;
	bool leaves = false, tls = false;
	while (!v->over && !leaves && smtp_server_next(v->smtp, &ev)) {
		tls |= ev.type == SMTP_SERVER_STARTTLS;
		leaves = on_event(v, &ev);
	}
	if (leaves || now_and_then(v->host->kind->hangs_up) ||
	    (tls && v->host->kind->bad_tls)) {
		trace("%s hangs up", v->host->name);
		visit_free(v);
		return;
	}
	speak(v->stream, v->smtp, v->over, IDLE_MS);
	if (tls)
		stream_start_tls(v->stream, NULL, true, NULL);
}

static void on_received(void *arg, struct str bytes)
{
	struct visit *v = arg;
	if (v->over)
		return;
	/* It goes on: so it has heard that they were taken. */
	for (unsigned i = 0; i < v->answered_n; i++)
		v->answered[i]->confirmed_ms = world.now_ms;
	v->answered_n = 0;
	smtp_server_input(v->smtp, bytes);
	turn(v);
}

static void on_secured(void *arg)
{
	struct visit *v = arg;
	smtp_server_tls_started(v->smtp);
	turn(v);
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	visit_free(arg);
}

static const struct stream_events events = {
	.received = on_received, .ended = on_ended, .secured = on_secured,
};

static void acceptable(void *arg, unsigned what)
{
	struct host *h = arg;
	struct endpoint peer;
	(void)what;
	int fd = stream_accept(h->fd, &peer);
	if (fd < 0)
		return;
	struct visit *v = mem_zalloc(sizeof(*v));
	struct smtp_server_options options = {
		.hostname = h->name, .offer_smtputf8 = !h->kind->old, .offer_dsn = h->kind->lmtp,
		.offer_starttls = h->kind->tls, .lmtp = h->kind->lmtp, .no_ehlo = h->kind->old,
		.limits = { .errors = 1000, .recipients = 1000 },
	};
	*v = (struct visit){ .host = h, .deaths = law_deaths };
	v->smtp = smtp_server_create(&options);
	v->stream = stream_adopt(outside_loop, fd, &events, v);
	turn(v);
}

/* ---- begin ------------------------------------------------------------------------------- */

static void host_listen(struct host *h)
{
	char address[ENDPOINT_TEXT_MAX];
	trace("%s at %s is %s", h->domain, endpoint_format(&h->at, address), h->kind->name);
	if (h->kind->absent)
		return;
	h->fd = stream_listen(&h->at);
	h->watch = loop_watch_create(outside_loop, h->fd, acceptable, h);
	loop_watch_set(h->watch, LOOP_READ);
}

static const struct kind *draw_kind(void)
{
	unsigned all = 0, at;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		all += kinds[i].share;
	at = chance_below(all);
	for (unsigned i = 0;; i++) {
		if (at < kinds[i].share)
			return &kinds[i];
		at -= kinds[i].share;
	}
}

void hosts_begin(void)
{
	host_n = chance_between(2, HOSTS_MAX);
	for (unsigned i = 0; i < host_n; i++) {
		hosts[i].kind = i == 0 ? &kinds[0] : draw_kind();
		hosts[i].at = (struct endpoint){ ip_from_v4(45, 20, (uint8_t)(i / 3),
		                                            (uint8_t)(10 + i)), 25 };
		snprintf(hosts[i].name, sizeof(hosts[i].name), "mx.f%u.example", i);
		snprintf(hosts[i].domain, sizeof(hosts[i].domain), "f%u.example", i);
		host_listen(&hosts[i]);
	}
	hosts[host_n] = (struct host){ .kind = &inner_kind, .at = { names_inner, PORT_LMTP },
	                               .name = "inner", .domain = OURS_TWO };
	host_listen(&hosts[host_n]);
}
