/* SPDX-License-Identifier: ISC
 *
 * The collector's sessions: what it answers to each command, over wire/smtp-server.h behind
 * wire/listener.h.
 */
#include "relaytest/collector-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "mail/maildir.h"
#include "store/clock.h"
#include "store/list.h"
#include "store/tests.h"

#include <assert.h>
#include <stdlib.h>

enum {
	MINUTE_MS = 60 * 1000,
	SESSION_IDLE_MS = 300 * 1000,    /* RFC 5321 4.5.3.2.7 */
	CONNECTIONS_PER_SECOND = 50,     /* of one host */
};

/* ---- limits ------------------------------------------------------------------ */

static struct prefix source_net(const struct ip *ip)
{
	return prefix_of(ip, ip->family == 4 ? 32 : 64);
}

static bool rate_allows(struct collector *c, const struct ip *ip)
{
	struct prefix net = source_net(ip);
	uint64_t h = hash_bytes(&c->key, net.ip.b, sizeof(net.ip.b));
	struct rate_slot *slot = &c->rate[h % RATE_SLOTS];
	int64_t minute = loop_now_ms(c->setup.loop) / MINUTE_MS;
	if (slot->minute != minute)
		*slot = (struct rate_slot){ .minute = minute };
	return ++slot->count <= c->setup.config->rate;
}

/* ---- what a transaction asks ---------------------------------------------------- */

static void reply(struct client *cl, int code, const char *enhanced, const char *text)
{
	wire_server_reply(cl->wire, code, enhanced, text);
}

static void forget_transaction(struct client *cl)
{
	cl->n = 0;
	cl->in_mail = false;
	buf_clear(&cl->message);
}

static void on_mail(struct client *cl, const struct smtp_server_event *ev)
{
	forget_transaction(cl);
	str_copy(cl->mail_from, sizeof(cl->mail_from), ev->path->text);
	cl->null_sender = ev->path->is_null;
	cl->in_mail = rate_allows(cl->collector, &cl->peer.ip);
	if (cl->in_mail)
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
	/* By a clock that has jumped it isn't refused: the tester looks at it later. */
	if (test.finished_s &&
	    store_clock_within(s->store, test.finished_s, now_s, s->tester->return_window_s,
	                       now_s) == ERR_LIMIT)
		return false;
	char id[CASE_ID_MAX];
	return token_case_id(&to->token, id) == ERR_OK &&
	       token_verify(s->signer, &to->token, &test.target, &to->tokens);
}

/* Only the listed host itself may ask: the address that connects is the proof of control. NULL, or
 * why not, in `words`. */
static const char *refuse_retest(struct client *cl, char words[static COLLECTOR_WORDS_MAX])
{
	struct store *store = cl->collector->setup.store;
	const struct ip *peer = &cl->peer.ip;
	struct prefix whole = prefix_of(peer, ip_bits(peer));
	struct listing listing;
	struct listed_range range;
	if (store_listing_get(store, peer, &listing) == ERR_OK)
		return NULL;
	if (store_range_around(store, &whole, &range) == ERR_OK)
		return collector_range_words(&range.range, peer, words);
	return collector_retest_words(COLLECTOR_NOT_KEPT, peer, words);
}

static struct recipient *next_recipient(struct client *cl)
{
	if (cl->n == cl->room) {
		cl->room = cl->room ? 2 * cl->room : 4;
		cl->recipients = mem_realloc(cl->recipients, cl->room, sizeof(*cl->recipients));
	}
	return &cl->recipients[cl->n];
}

static void count_recipient(struct collector_counters *counters, enum collector_for what)
{
	counters->tokens += what == COLLECTOR_TOKEN;
	counters->people += what == COLLECTOR_PERSON;
	counters->retests += what == COLLECTOR_RETEST;
}

/* The engine counts them. */
static void on_rcpt(struct client *cl, const struct smtp_server_event *ev)
{
	struct collector_recipient r;
	struct recipient *to = next_recipient(cl);
	char words[COLLECTOR_WORDS_MAX];
	assert(cl->n < RECIPIENTS_MAX);
	collector_recipient(ev->path, &cl->collector->domains, &r);
	struct collector_counters *counters = cl->collector->counters;
	*to = (struct recipient){ .what = r.what, .token = r.token, .person = r.person };
	str_copy(to->path, sizeof(to->path), ev->path->text);
	if (r.what == COLLECTOR_REFUSED) {
		counters->recipients_refused++;
		reply(cl, r.code, r.enhanced, r.text);
	} else if (r.what == COLLECTOR_TOKEN && !token_holds(cl, to)) {
		counters->recipients_refused++;
		reply(cl, 550, "5.1.1", "No such mailbox");
	} else if (r.what == COLLECTOR_RETEST && refuse_retest(cl, words)) {
		counters->recipients_refused++;
		reply(cl, 550, "5.7.1", words);
	} else {
		cl->n++;
		count_recipient(counters, r.what);
		reply(cl, 250, "2.1.5", "Ok");
	}
}

static void answer_message(struct client *cl, enum collector_fate worst)
{
	bool retest = false;
	for (size_t i = 0; i < cl->n; i++)
		retest |= cl->recipients[i].what == COLLECTOR_RETEST;
	char words[COLLECTOR_WORDS_MAX];
	struct collector_answer answer = collector_answer(worst, retest);
	if (retest && (worst == COLLECTOR_KEPT || worst == COLLECTOR_TOO_SOON))
		answer.text = collector_retest_words(worst, &cl->peer.ip, words);
	cl->collector->counters->messages += answer.code == 250;
	cl->collector->counters->not_taken += answer.code != 250;
	forget_transaction(cl);
	/* Its transaction is over, whoever hears that first. */
	wire_listener_active(cl->collector->listener, cl->session, false);
	reply(cl, answer.code, answer.enhanced, answer.text);
}

/* ---- sessions ------------------------------------------------------------------ */

static void client_event(void *arg, const struct smtp_server_event *ev)
{
	struct client *cl = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		reply(cl, 220, NULL, NULL);
		break;
	case SMTP_SERVER_HELO:
		forget_transaction(cl);
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
		collector_keep(cl, answer_message);
		break;
	case SMTP_SERVER_ABORT:
		forget_transaction(cl);
		break;
	case SMTP_SERVER_AUTH:
	case SMTP_SERVER_SASL:
		reply(cl, 535, "5.7.8", "There are no accounts here");
		break;
	case SMTP_SERVER_XCLIENT:
	case SMTP_SERVER_UNKNOWN:
		reply(cl, 500, "5.5.2", "Command not known");
		break;
	case SMTP_SERVER_SASL_END:
		break;
	case SMTP_SERVER_STARTTLS:
	case SMTP_SERVER_CLOSE:
		break;                   /* for the wire */
	}
}

static void client_free(struct client *cl)
{
	struct collector *c = cl->collector;
	collector_mail_forget(cl);
	wire_server_destroy(cl->wire);
	wire_listener_ended(c->listener, cl->session);
	if (cl->prev)
		cl->prev->next = cl->next;
	else
		c->clients = cl->next;
	if (cl->next)
		cl->next->prev = cl->prev;
	buf_fini(&cl->message);
	free(cl->recipients);
	free(cl);
}

static void client_active(void *arg)
{
	struct client *cl = arg;
	wire_listener_active(cl->collector->listener, cl->session,
	                     cl->in_mail && !wire_server_is_closing(cl->wire));
}

static void client_ended(void *arg, enum stream_end why)
{
	struct client *cl = arg;
	LOG(LOG_DEBUG, "session-ended", LOG_IP("peer", &cl->peer.ip),
	    LOG_S("why", stream_end_word(why)));
	client_free(cl);
}

static const struct wire_server_hooks client_hooks = {
	.event = client_event, .active = client_active, .ended = client_ended,
};

static void *client_create(void *arg, struct wire_session *session, int fd,
                           const struct endpoint *peer)
{
	struct collector *c = arg;
	struct smtp_server_options options = {
		.hostname = c->setup.hostname,
		.greeting = "ESMTP open relay test collector",
		.limits = { .message_bytes = (size_t)c->setup.config->message_bytes,
		            .recipients = RECIPIENTS_MAX },
		.offer_starttls = c->setup.tls != NULL,
		.offer_smtputf8 = true,
		.nul_ok = true,          /* whatever came back is a proof */
	};
	struct client *cl = mem_zalloc(sizeof(*cl));
	const struct wire_server_setup setup = {
		.loop = c->setup.loop, .fd = fd, .options = &options, .tls = c->setup.tls,
		.session_ms = c->setup.config->session_timeout_s * 1000,
		.hooks = &client_hooks, .arg = cl,
	};
	*cl = (struct client){ .collector = c, .peer = *peer, .next = c->clients,
	                       .session = session };
	if (c->clients)
		c->clients->prev = cl;
	c->clients = cl;
	cl->wire = wire_server_create(&setup);
	wire_server_begin(cl->wire);
	return cl;
}

static void client_end(struct client *cl, const char *enhanced, const char *why)
{
	wire_server_shutdown(cl->wire, enhanced, why);
	client_free(cl);
}

static void client_unwanted(void *owner)
{
	struct client *cl = owner;
	LOG(LOG_DEBUG, "session-unwanted", LOG_IP("peer", &cl->peer.ip));
	client_end(cl, "4.4.2", "Idle for too long while others wait");
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

static void listen_at(struct collector *c)
{
	const struct collector_config *config = c->setup.config;
	struct wire_listener_setup setup = {
		.loop = c->setup.loop, .name = "collector",
		.limits = { .sessions = (unsigned)config->sessions,
		            .per_host = (unsigned)config->sessions_per_host,
		            .per_second = CONNECTIONS_PER_SECOND, .idle_ms = SESSION_IDLE_MS },
		.refusal = STR("421 4.7.0 Too many connections, try again later\r\n"),
		.opened = client_create, .unwanted = client_unwanted, .arg = c,
		.counters = &c->counters->wire,
	};
	c->listener = wire_listener_create(&setup);
	for (size_t i = 0; i < c->setup.listen_count; i++)
		wire_listener_add(c->listener, c->setup.listen_fds[i]);
}

struct collector *collector_create(const struct collector_setup *setup)
{
	struct collector *c = mem_zalloc(sizeof(*c));
	c->setup = *setup;
	c->counters = setup->counters ? setup->counters : &c->own_counters;
	own_addresses(c);
	c->mail_directory = mem_strdup(setup->mail_directory);
	hash_key_init(&c->key);
	int e = maildir_open(c->mail_directory, clock_now_s());
	if (e != ERR_OK)
		LOG(LOG_ERROR, "mail-directory", LOG_S("path", c->mail_directory),
		    LOG_S("why", err_text(e)));
	listen_at(c);
	return c;
}

void collector_destroy(struct collector *c)
{
	if (!c)
		return;
	while (c->clients)
		client_end(c->clients, "4.3.2", "Service shutting down");
	wire_listener_destroy(c->listener);
	free(c->addresses);
	free(c->mail_directory);
	free(c);
}
