/* SPDX-License-Identifier: ISC */
#include "relaytest/collector.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/stream.h"
#include "relaytest/probe.h"
#include "smtp/server.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RECIPIENTS_MAX = 20, RATE_SLOTS = 4096, MINUTE_MS = 60 * 1000, LINGER_MS = 5000,
	MAILS_MAX = 2000, ACCEPTS_PER_TURN = 64,
};

struct recipient {
	enum collector_for what;
	struct token token;
	struct token_set tokens;
	const char *person;
	char path[MAIL_PATH_MAX + 2];
};

/* One client. */
struct client {
	struct collector *collector;
	struct client *next, *prev;
	struct stream *stream;
	struct smtp_server *smtp;
	struct endpoint peer;
	int64_t since_ms;
	char helo[256], mail_from[320];
	bool null_sender;
	struct recipient recipients[RECIPIENTS_MAX];
	size_t n;
	struct buf message;
	bool start_tls, closing;
};

/* Messages in the current minute, by a hash of the peer's network: a collision only
 * makes two strangers share a limit. */
struct rate_slot {
	int64_t minute;
	unsigned count;
};

struct collector {
	struct collector_setup setup;
	struct collector_domains domains;
	struct ip *addresses;
	char *mail_directory;
	struct loop_watch **watches;
	struct client *clients;
	size_t client_count;
	struct rate_slot rate[RATE_SLOTS];
	int64_t keys_asked_s;
	unsigned mails;                  /* kept for people, as of the last count */
};

/* ---- limits ------------------------------------------------------------------ */

static struct prefix source_net(const struct ip *ip)
{
	return prefix_of(ip, ip->family == 4 ? 32 : 64);
}

static size_t sessions_of(const struct collector *c, const struct ip *ip)
{
	struct prefix net = source_net(ip);
	size_t n = 0;
	for (const struct client *cl = c->clients; cl; cl = cl->next)
		n += prefix_contains(&net, &cl->peer.ip);
	return n;
}

static bool rate_allows(struct collector *c, const struct ip *ip)
{
	struct prefix net = source_net(ip);
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < sizeof(net.ip.b); i++)
		h = (h ^ net.ip.b[i]) * 16777619u;
	struct rate_slot *slot = &c->rate[h % RATE_SLOTS];
	int64_t minute = loop_now_ms(c->setup.loop) / MINUTE_MS;
	if (slot->minute != minute)
		*slot = (struct rate_slot){ .minute = minute };
	return ++slot->count <= c->setup.config->rate;
}

/* ---- what a transaction asks ---------------------------------------------------- */

static void reply(struct client *cl, int code, const char *enhanced, const char *text)
{
	smtp_server_reply(cl->smtp, code, enhanced, text);
}

static void on_connect(struct client *cl)
{
	struct collector *c = cl->collector;
	if (c->client_count > (size_t)c->setup.config->sessions ||
	    sessions_of(c, &cl->peer.ip) > (size_t)c->setup.config->sessions_per_host)
		reply(cl, 421, "4.7.0", "Too many connections, try again later");
	else
		reply(cl, 220, NULL, NULL);
}

static void forget_transaction(struct client *cl)
{
	cl->n = 0;
	buf_clear(&cl->message);
}

static void on_mail(struct client *cl, const struct smtp_server_event *ev)
{
	forget_transaction(cl);
	str_copy(cl->mail_from, sizeof(cl->mail_from), ev->path->text);
	cl->null_sender = ev->path->is_null;
	if (rate_allows(cl->collector, &cl->peer.ip))
		reply(cl, 250, "2.1.0", "Ok");
	else
		reply(cl, 450, "4.7.1", "Too many messages in this minute, try again later");
}

static void refresh_keys(struct collector *c, char key_id)
{
	int64_t now_s = clock_now_s();
	if (!c->setup.unknown_key || token_signer_knows(c->setup.signer, key_id) ||
	    c->keys_asked_s == now_s)
		return;
	c->keys_asked_s = now_s;
	c->setup.unknown_key(c->setup.arg);
}

/* Whether the token is ours, for a test that still listens. */
static bool token_holds(struct client *cl, struct recipient *to)
{
	const struct collector_setup *s = &cl->collector->setup;
	struct test test;
	refresh_keys(cl->collector, to->token.key_id);
	if (store_test_get(s->store, to->token.test_id, &test) != ERR_OK)
		return false;
	int64_t now_s = clock_now_s();
	if (test.finished_s &&
	    now_s - clock_past(test.finished_s, now_s) > s->tester->return_window_s)
		return false;
	char id[CASE_ID_MAX];
	return token_case_id(&to->token, id) == ERR_OK &&
	       token_verify(s->signer, &to->token, &test.target, &to->tokens);
}

/* Only the listed host itself may ask: the address that connects is the proof of control. */
static bool may_retest(struct client *cl)
{
	struct listing listing;
	return store_listing_get(cl->collector->setup.store, &cl->peer.ip, &listing) == ERR_OK;
}

static void on_rcpt(struct client *cl, const struct smtp_server_event *ev)
{
	struct collector_recipient r;
	struct recipient *to = &cl->recipients[cl->n];
	if (cl->n >= RECIPIENTS_MAX) {
		reply(cl, 452, "4.5.3", "Too many recipients");
		return;
	}
	collector_recipient(ev->path, &cl->collector->domains, &r);
	*to = (struct recipient){ .what = r.what, .token = r.token, .person = r.person };
	str_copy(to->path, sizeof(to->path), ev->path->text);
	if (r.what == COLLECTOR_REFUSED) {
		reply(cl, r.code, r.enhanced, r.text);
	} else if (r.what == COLLECTOR_TOKEN && !token_holds(cl, to)) {
		reply(cl, 550, "5.1.1", "No such mailbox");
	} else if (r.what == COLLECTOR_RETEST && !may_retest(cl)) {
		reply(cl, 550, "5.7.1", "The address you connect from is not listed here: "
		      "there is nothing to retest");
	} else {
		cl->n++;
		reply(cl, 250, "2.1.5", "Ok");
	}
}

/* ---- what a message is kept as ----------------------------------------------------- */

static int keep_return(struct client *cl, const struct recipient *to)
{
	const struct collector_setup *s = &cl->collector->setup;
	struct test_return r = {
		.attempt = to->token.flags & TOKEN_CONFIRM ? 1 : 0,
		.kind = to->token.flags & TOKEN_SENDER ? RETURN_SENDER : RETURN_RECIPIENT,
		.marked = probe_mark_found(buf_str(&cl->message), to->tokens.mark),
		.peer = cl->peer, .time_s = clock_now_s(), .message = buf_str(&cl->message),
	};
	memcpy(r.test_id, to->token.test_id, sizeof(r.test_id));
	token_case_id(&to->token, r.case_id);
	str_copy(r.token, sizeof(r.token), str_of(to->token.text));
	str_copy(r.helo, sizeof(r.helo), str_of(cl->helo));
	str_copy(r.mail_from, sizeof(r.mail_from), str_of(cl->mail_from));
	str_copy(r.rcpt_to, sizeof(r.rcpt_to), str_of(to->path));
	int e = store_return_add(s->store, &r, (unsigned)s->config->returns_per_token);
	LOG(LOG_INFO, "return", LOG_S("test", r.test_id), LOG_S("case", r.case_id),
	    LOG_I("attempt", r.attempt), LOG_S("to", r.kind ? "sender" : "recipient"),
	    LOG_S("marked", r.marked ? "yes" : "no"), LOG_IP("peer", &cl->peer.ip),
	    LOG_S("result", err_text(e)));
	return e;
}

static int keep_request(struct client *cl)
{
	const struct collector_setup *s = &cl->collector->setup;
	struct retest_request r = { .address = cl->peer.ip, .time_s = clock_now_s() };
	if (!cl->null_sender)
		str_copy(r.reply_to, sizeof(r.reply_to), str_of(cl->mail_from));
	return store_request_add(s->store, &r, s->config->retest_interval_s);
}

static unsigned count_mails(const char *directory)
{
	unsigned n = 0;
	char *path = mem_printf("%s/new", directory);
	DIR *d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	free(path);
	return n;
}

/* Strangers may write to postmaster, but not fill the disk: until somebody has read what is
 * there, no more is taken. */
static bool has_room(struct collector *c)
{
	if (c->mails >= MAILS_MAX)
		c->mails = count_mails(c->mail_directory);
	return c->mails++ < MAILS_MAX;
}

/* Into the Maildir, under a name that cannot exist yet; file_write() makes it whole or not
 * at all. */
static int keep_mail(struct client *cl, const struct recipient *to)
{
	char peer[IP_TEXT_MAX], date[CLOCK_TEXT_MAX];
	struct buf text = { 0 };
	if (!has_room(cl->collector)) {
		LOG(LOG_WARN, "mail-refused", LOG_S("for", to->person),
		    LOG_S("why", "the mailbox is full: read what is in it"));
		return ERR_FULL;
	}
	buf_printf(&text, "Return-Path: %s\r\nDelivered-To: %s\r\n"
	           "Received: from %s ([%s])\r\n\tby %s with SMTP; %s\r\n",
	           cl->mail_from, to->person, cl->helo, ip_format(&cl->peer.ip, peer),
	           cl->collector->setup.hostname, clock_format_mail(clock_now_s(), date));
	buf_add_str(&text, buf_str(&cl->message));
	char *path = mem_printf("%s/new/%lld.%016llx.portreeve", cl->collector->mail_directory,
	                        (long long)clock_now_s(), (unsigned long long)random_u64());
	int e = file_write(path, buf_str(&text), 0600);
	LOG(e == ERR_OK ? LOG_INFO : LOG_ERROR, "mail-kept", LOG_S("for", to->person),
	    LOG_IP("peer", &cl->peer.ip), LOG_S("result", err_text(e)));
	free(path);
	buf_fini(&text);
	return e;
}

/* All of a message's recipients are served, or the sender hears which error was worst; a
 * token that gets a second copy after a retry is told apart by the test. */
static void on_message(struct client *cl)
{
	int worst = ERR_OK;
	bool retest = false;
	for (size_t i = 0; i < cl->n; i++) {
		const struct recipient *to = &cl->recipients[i];
		int e = to->what == COLLECTOR_TOKEN ? keep_return(cl, to) :
		        to->what == COLLECTOR_PERSON ? keep_mail(cl, to) : keep_request(cl);
		retest |= to->what == COLLECTOR_RETEST;
		if (e != ERR_OK)
			worst = e;
	}
	forget_transaction(cl);
	if (worst == ERR_LIMIT && retest)
		reply(cl, 450, "4.7.1", "A retest of your address was asked for just now");
	else if (worst == ERR_LIMIT)
		reply(cl, 552, "5.2.2", "Enough copies of this message have arrived");
	else if (worst != ERR_OK)
		reply(cl, 451, "4.3.0", "The message could not be stored, try again later");
	else if (retest)
		reply(cl, 250, "2.0.0",
		      "Your address will be tested again; the result goes to it alone");
	else
		reply(cl, 250, "2.0.0", "Ok, stored");
}

/* ---- sessions ------------------------------------------------------------------ */

static void answer(struct client *cl, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		on_connect(cl);
		break;
	case SMTP_SERVER_HELO:
		str_copy(cl->helo, sizeof(cl->helo), ev->text);
		reply(cl, 250, NULL, "");
		break;
	case SMTP_SERVER_MAIL:
		on_mail(cl, ev);
		break;
	case SMTP_SERVER_RCPT:
		on_rcpt(cl, ev);
		break;
	case SMTP_SERVER_DATA:
		reply(cl, 354, NULL, "End data with <CR><LF>.<CR><LF>");
		break;
	case SMTP_SERVER_TEXT:
		buf_add_str(&cl->message, ev->text);
		break;
	case SMTP_SERVER_MESSAGE:
		on_message(cl);
		break;
	case SMTP_SERVER_ABORT:
		forget_transaction(cl);
		break;
	case SMTP_SERVER_STARTTLS:
		cl->start_tls = true;
		break;
	case SMTP_SERVER_AUTH:
		reply(cl, 535, "5.7.8", "There are no accounts here");
		break;
	case SMTP_SERVER_XCLIENT:
	case SMTP_SERVER_UNKNOWN:
		reply(cl, 500, "5.5.1", "Command not known");
		break;
	case SMTP_SERVER_CLOSE:
		cl->closing = true;
		break;
	}
}

static void client_free(struct client *cl)
{
	struct collector *c = cl->collector;
	if (cl->prev)
		cl->prev->next = cl->next;
	else
		c->clients = cl->next;
	if (cl->next)
		cl->next->prev = cl->prev;
	c->client_count--;
	stream_destroy(cl->stream);
	smtp_server_destroy(cl->smtp);
	buf_fini(&cl->message);
	free(cl);
}

static void client_flush(struct client *cl)
{
	struct str out = smtp_server_output(cl->smtp);
	stream_write(cl->stream, out);
	smtp_server_output_sent(cl->smtp, out.n);
}

static void client_deadline(struct client *cl)
{
	struct collector *c = cl->collector;
	int64_t left = cl->since_ms + c->setup.config->session_timeout_s * 1000 -
	               loop_now_ms(c->setup.loop);
	int64_t idle = smtp_server_timeout_ms(cl->smtp);
	stream_deadline(cl->stream, left < idle ? (left > 0 ? left : 0) : idle);
}

static void client_step(struct client *cl)
{
	struct smtp_server_event ev;
	while (!cl->closing && smtp_server_next(cl->smtp, &ev))
		answer(cl, &ev);
	client_flush(cl);
	if (cl->closing) {
		stream_deadline(cl->stream, LINGER_MS);
		stream_finish(cl->stream);
		return;
	}
	if (cl->start_tls) {
		cl->start_tls = false;
		stream_start_tls(cl->stream, cl->collector->setup.tls, true, NULL);
	}
	client_deadline(cl);
}

static void client_received(void *arg, struct str bytes)
{
	struct client *cl = arg;
	if (cl->closing)
		return;
	/* Every event is answered at once, so that the engine always takes its input. */
	bool taken = smtp_server_input(cl->smtp, bytes);
	assert(taken);
	client_step(cl);
}

static void client_secured(void *arg)
{
	struct client *cl = arg;
	smtp_server_tls_started(cl->smtp);
	client_step(cl);
}

static void client_ended(void *arg, enum stream_end why)
{
	struct client *cl = arg;
	LOG(LOG_DEBUG, "session-ended", LOG_IP("peer", &cl->peer.ip), LOG_I("why", why));
	client_free(cl);
}

static const struct stream_events client_events = {
	.secured = client_secured, .received = client_received, .ended = client_ended,
};

static void client_create(struct collector *c, int fd, const struct endpoint *peer)
{
	struct smtp_server_options options = {
		.hostname = c->setup.hostname,
		.greeting = "ESMTP open relay test collector",
		.limits = { .message_bytes = (size_t)c->setup.config->message_bytes,
		            .recipients = RECIPIENTS_MAX },
		.offer_starttls = c->setup.tls != NULL,
		.offer_smtputf8 = true,
	};
	struct client *cl = mem_zalloc(sizeof(*cl));
	*cl = (struct client){ .collector = c, .peer = *peer, .next = c->clients,
	                       .since_ms = loop_now_ms(c->setup.loop) };
	if (c->clients)
		c->clients->prev = cl;
	c->clients = cl;
	c->client_count++;
	cl->smtp = smtp_server_create(&options);
	cl->stream = stream_adopt(c->setup.loop, fd, &client_events, cl);
	client_step(cl);
}

static void accept_ready(void *arg, unsigned events)
{
	struct collector *c = arg;
	(void)events;
	for (size_t i = 0; i < c->setup.listen_count; i++) {
		struct endpoint peer;
		int fd;
		for (int n = 0; n < ACCEPTS_PER_TURN &&
		     (fd = stream_accept(c->setup.listen_fds[i], &peer)) >= 0; n++)
			client_create(c, fd, &peer);
	}
}

/* ---- create and destroy ---------------------------------------------------------- */

static void own_addresses(struct collector *c)
{
	const struct collector_setup *s = &c->setup;
	size_t n = 0;
	c->addresses = mem_array(s->listen_count + s->tester->collector.n, sizeof(*c->addresses));
	for (size_t i = 0; i < s->listen_count; i++)
		c->addresses[n++] = s->listen_at[i].ip;
	for (size_t i = 0; i < s->tester->collector.n; i++)
		c->addresses[n++] = s->tester->collector.v[i].ip;
	c->domains = (struct collector_domains){
		.domain = s->tester->domain, .domain2 = s->tester->domain2,
		.addresses = c->addresses, .address_count = n,
	};
}

static void make_maildir(const char *directory)
{
	static const char *const parts[] = { "new", "cur", "tmp" };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char *path = mem_printf("%s/%s", directory, parts[i]);
		int e = file_mkdirs(path, 0700);
		if (e != ERR_OK)
			LOG(LOG_ERROR, "mail-directory", LOG_S("path", path),
			    LOG_S("why", err_text(e)));
		free(path);
	}
}

struct collector *collector_create(const struct collector_setup *setup)
{
	struct collector *c = mem_zalloc(sizeof(*c));
	c->setup = *setup;
	own_addresses(c);
	c->mail_directory = mem_strdup(setup->mail_directory);
	c->mails = MAILS_MAX;            /* counted at the first mail */
	make_maildir(c->mail_directory);
	c->watches = mem_array(setup->listen_count, sizeof(*c->watches));
	for (size_t i = 0; i < setup->listen_count; i++) {
		c->watches[i] = loop_watch_create(setup->loop, setup->listen_fds[i],
		                                  accept_ready, c);
		loop_watch_set(c->watches[i], LOOP_READ);
	}
	return c;
}

void collector_destroy(struct collector *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->setup.listen_count; i++)
		loop_watch_destroy(c->watches[i]);
	while (c->clients) {
		smtp_server_shutdown(c->clients->smtp, "4.3.2", "Service shutting down");
		client_flush(c->clients);
		client_free(c->clients);
	}
	free(c->watches);
	free(c->addresses);
	free(c->mail_directory);
	free(c);
}
