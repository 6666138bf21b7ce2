/* SPDX-License-Identifier: ISC
 *
 * From the connection to the session that takes messages; carrier-load.c has the transaction. Each
 * reply has one place: before the session is ready in opened_by(), while a message is carried in
 * carrier_load_reply().
 */
#include "gateway/carrier-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

enum { REPLIES_BYTES_MAX = 8 << 20 };

static const struct wire_client_talk talks;

static bool demands_tls(const struct gateway_carrier *c)
{
	return c->setup.policy >= GATEWAY_TLS_ENCRYPT || c->setup.user.n > 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* TLS is what did not work, and it need not be. */
static bool may_clear(const struct gateway_carrier *c)
{
	assert(!c->starttls || (!c->ready && !c->without_tls));
	return c->starttls && !demands_tls(c);
}

/* What was not told of the load is told now, then the end. */
static void finish(struct gateway_carrier *c, const char *enhanced, const char *why)
{
	if (c->over || c->clears)
		return;
	if (may_clear(c)) {
		LOG(LOG_WARN, "tls-failed", LOG_S("host", c->host), LOG_S("why", why),
		    LOG_S("effect", "goes on without TLS"));
		c->clears = true;
		return;
	}
	c->over = true;
	loop_timer_disarm(c->idle);
	if (c->load)
		carrier_load_lost(c, enhanced, why);
	/* The owner may have ended us in that call. */
	if (c->doomed)
		return;
	c->setup.hooks->ended(c->setup.arg, c->ready, enhanced, why);
}

/* A refusal of the session is none of the recipients: it counts as one for now. `what` it answers;
 * NULL: nothing, or all. */
static void refused(struct gateway_carrier *c, const char *what, const struct smtp_reply *r)
{
	struct buf why = { 0 };
	char enhanced[sizeof(r->enhanced)];
	str_copy(enhanced, sizeof(enhanced), str_of(r->enhanced[0] ? r->enhanced : "4.3.0"));
	enhanced[0] = '4';
	buf_printf(&why, "%s said%s%s: ", c->host, what ? " to " : "", what ? what : "");
	carrier_add_reply(&why, r);
	finish(c, enhanced, buf_cstr(&why));
	buf_fini(&why);
}

static void give_up(struct gateway_carrier *c, const char *enhanced, const char *why)
{
	struct buf text = { 0 };
	buf_printf(&text, "%s: %s", c->host, why);
	finish(c, enhanced, buf_cstr(&text));
	buf_fini(&text);
}

/* ---- the greeting ---------------------------------------------------------------------------- */

static void say_hello(struct gateway_carrier *c, enum smtp_verb verb)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s %s", verb == SMTP_HELO ? "HELO" : c->setup.lmtp ? "LHLO" : "EHLO",
	           c->hostname);
	carrier_say(c, verb, 0, &line);
}

static bool wants_tls(const struct gateway_carrier *c)
{
	return (c->setup.policy > GATEWAY_TLS_NONE || demands_tls(c)) && !c->without_tls;
}

static void become_ready(struct gateway_carrier *c)
{
	assert(!c->ready && !c->load);
	assert(c->secured || !demands_tls(c));
	c->ready = true;
	loop_timer_arm(c->idle, c->setup.idle_ms);
	c->setup.hooks->ready(c->setup.arg);
}

static void begin_login(struct gateway_carrier *c)
{
	struct buf line = { 0 };
	assert(c->secured);
	if (!smtp_login_offered(smtp_client_extensions(c->client))) {
		give_up(c, "4.7.0", "it offers no login that we can: PLAIN or LOGIN");
		return;
	}
	c->login = (struct smtp_login){ .user = c->setup.user, .password = c->setup.password };
	smtp_login_begin(&c->login, smtp_client_extensions(c->client), &line);
	carrier_say(c, SMTP_AUTH, 0, &line);
}

static void go_on_login(struct gateway_carrier *c)
{
	struct buf line = { 0 };
	if (smtp_login_answer(&c->login, &line))
		carrier_say(c, SMTP_AUTH, 0, &line);
	else
		give_up(c, "4.7.0", "its login does not end");
}

static void after_hello(struct gateway_carrier *c)
{
	struct buf line = { 0 };
	bool offered = smtp_client_extensions(c->client) & SMTP_EXT_STARTTLS;
	if (!c->secured && offered && wants_tls(c)) {
		c->starttls = true;
		buf_add_cstr(&line, "STARTTLS");
		carrier_say(c, SMTP_STARTTLS, 0, &line);
	} else if (!c->secured && demands_tls(c)) {
		give_up(c, "4.7.4", "TLS is demanded, and it offers none");
	} else if (c->setup.user.n > 0) {
		begin_login(c);
	} else {
		become_ready(c);
	}
}

/* Whose certificate it must be is set for the handshake that begins now. */
static void begin_tls(struct gateway_carrier *c)
{
	if (c->setup.policy == GATEWAY_TLS_VERIFY) {
		X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(c->setup.verified);
		char address[IP_TEXT_MAX];
		int ok = X509_VERIFY_PARAM_set1_host(verify, c->name[0] ? c->name : NULL, 0);
		if (ok && !c->name[0])
			ok = X509_VERIFY_PARAM_set1_ip_asc(verify,
			                                   ip_format(&c->setup.to.ip, address));
		assert(ok == 1);
	}
	wire_client_start_tls(c->wire);
}

/* It offers STARTTLS, refuses it, and goes on. */
static void go_on_clear(struct gateway_carrier *c)
{
	c->starttls = false;
	become_ready(c);
}

static void opened_by(struct gateway_carrier *c, enum smtp_verb verb, const struct smtp_reply *r)
{
	bool ok = smtp_reply_ok(r);
	if (c->secured)
		c->starttls = false;
	if (verb == SMTP_AUTH && r->code / 100 == 3)
		go_on_login(c);
	else if (verb == SMTP_EHLO && smtp_reply_unknown(r) && !c->setup.lmtp && !demands_tls(c))
		say_hello(c, SMTP_HELO);
	else if (verb == SMTP_STARTTLS && !ok && !demands_tls(c) && r->code != 421)
		go_on_clear(c);
	else if (!ok)
		refused(c, smtp_verb_name(verb), r);
	else if (verb == SMTP_BANNER)
		say_hello(c, SMTP_EHLO);
	else if (verb == SMTP_EHLO)
		after_hello(c);
	else if (verb == SMTP_STARTTLS)
		begin_tls(c);
	else if (verb == SMTP_HELO || verb == SMTP_AUTH)
		become_ready(c);
}

/* ---- the wire -------------------------------------------------------------------------------- */

static void disconnect(struct gateway_carrier *c)
{
	if (c->client && smtp_client_leave(c->client))
		wire_client_flush(c->wire);
	wire_client_destroy(c->wire);
	smtp_client_destroy(c->client);
	c->wire = NULL;
	c->client = NULL;
}

static void connect_to(struct gateway_carrier *c)
{
	const struct smtp_client_limits limits = {
		.lmtp = c->setup.lmtp, .session_bytes = REPLIES_BYTES_MAX,
	};
	struct endpoint source = { .ip = c->setup.source };
	bool verify = c->setup.policy == GATEWAY_TLS_VERIFY;
	c->client = smtp_client_create(&limits);
	struct wire_client_setup wire = {
		.loop = c->setup.loop, .to = c->setup.to, .path = c->setup.path,
		.source = source.ip.family && source.ip.family == c->setup.to.ip.family ?
		          &source : NULL,
		.tls = verify ? c->setup.verified : c->setup.tls,
		.server_name = c->name[0] ? c->name : NULL,
		.connect_ms = c->setup.connect_ms, .talk = &talks, .arg = c,
	};
	c->wire = wire_client_create(&wire);
}

static struct smtp_client *engine(void *arg)
{
	struct gateway_carrier *c = arg;
	return c->client;
}

static void take_event(struct gateway_carrier *c, const struct smtp_client_event *ev)
{
	if (ev->type == SMTP_CLIENT_BROKEN) {
		struct buf why = { 0 };
		buf_printf(&why, "it does not speak SMTP: %.*s", STR_ARG(ev->text));
		give_up(c, "4.5.0", buf_cstr(&why));
		buf_fini(&why);
	} else if (c->load && ev->reply.code != 421 && ev->tag != SMTP_TAG_UNASKED) {
		const char *broken = carrier_load_reply(c, ev->verb, ev->tag, &ev->reply);
		if (broken)
			give_up(c, "4.5.0", broken);
	} else if (c->ready) {
		/* It leaves: unasked, or instead of an answer to the message. */
		refused(c, NULL, &ev->reply);
	} else {
		opened_by(c, ev->verb, &ev->reply);
	}
}

static void carrier_free(struct gateway_carrier *c)
{
	assert(!c->in_call);
	disconnect(c);
	loop_timer_destroy(c->idle);
	free(c->name);
	free(c->hostname);
	free(c->host);
	free(c);
}

/* The owner may end us in any hook: what is freed is freed when the call is over. */
static void enter(struct gateway_carrier *c)
{
	assert(!c->in_call && !c->doomed);
	c->in_call = true;
}

static void leave(struct gateway_carrier *c)
{
	c->in_call = false;
	if (c->doomed) {
		carrier_free(c);
	} else if (c->clears) {
		disconnect(c);
		c->without_tls = true;
		c->clears = c->starttls = c->connected = c->secured = false;
		connect_to(c);
	}
}

static void on_secured(void *arg)
{
	struct gateway_carrier *c = arg;
	enter(c);
	if (smtp_client_injected(c->client)) {
		give_up(c, "4.7.5", "something answered in clear before TLS began");
	} else {
		c->secured = true;
		smtp_client_tls_started(c->client);
		say_hello(c, SMTP_EHLO);
	}
	leave(c);
}

static void on_received(void *arg, struct str bytes)
{
	struct gateway_carrier *c = arg;
	struct smtp_client_event ev;
	enter(c);
	smtp_client_input(c->client, bytes);
	while (!c->over && !c->doomed && !c->clears && smtp_client_next(c->client, &ev))
		take_event(c, &ev);
	leave(c);
}

static const char *end_text(const struct gateway_carrier *c, enum stream_end why)
{
	switch (why) {
	case STREAM_CLOSED: return "it closed the connection";
	case STREAM_RESET: return "the connection broke";
	case STREAM_REFUSED: return "connection refused";
	case STREAM_UNREACHABLE: return "there is no way to it";
	case STREAM_TIMEOUT: return c->connected ? "no answer in time" : "connection timed out";
	case STREAM_TLS_FAILED:
		return c->setup.policy == GATEWAY_TLS_VERIFY
			? "TLS failed: its certificate does not prove the host" : "TLS failed";
	case STREAM_NO_SOURCE: return "the source address is not to be had";
	}
	return "";
}

static void on_connected(void *arg)
{
	struct gateway_carrier *c = arg;
	c->connected = true;
}

static void on_ended(void *arg, enum stream_end why)
{
	struct gateway_carrier *c = arg;
	bool tls = why == STREAM_TLS_FAILED;
	if (c->over)
		return;
	enter(c);
	give_up(c, tls ? "4.7.5" : c->connected ? "4.4.2" : "4.4.1", end_text(c, why));
	leave(c);
}

static const struct wire_client_talk talks = {
	.engine = engine, .connected = on_connected, .secured = on_secured,
	.received = on_received, .ended = on_ended,
};

/* ---- for the owner --------------------------------------------------------------------------- */

/* All authorities are read now: later the process may not read files. */
SSL_CTX *gateway_carrier_tls(bool verify)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	assert(tls);
	SSL_CTX_set_min_proto_version(tls, verify ? TLS1_2_VERSION : TLS1_VERSION);
	if (!verify)
		return tls;
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_paths(tls);
	char *bundle = mem_printf("%s/ca-certificates.crt", X509_get_default_cert_dir());
	if (access(bundle, R_OK) == 0)
		SSL_CTX_load_verify_file(tls, bundle);
	free(bundle);
	return tls;
}

static void on_idle(void *arg)
{
	struct gateway_carrier *c = arg;
	assert(c->ready && !c->over);
	enter(c);
	if (c->load)
		carrier_load_tell(c);
	else
		finish(c, "2.0.0", "");
	leave(c);
}

struct gateway_carrier *gateway_carrier_create(const struct gateway_carrier_setup *setup)
{
	struct gateway_carrier *c = mem_zalloc(sizeof(*c));
	char address[IP_TEXT_MAX];
	c->setup = *setup;
	c->name = mem_strdup(setup->name);
	c->hostname = mem_strdup(setup->hostname);
	c->host = setup->path ? mem_strdup(setup->path)
	        : mem_printf("%s[%s]", setup->name, ip_format(&setup->to.ip, address));
	c->setup.path = setup->path ? c->host : NULL;
	c->setup.name = c->setup.hostname = NULL;
	c->without_tls = setup->clear && !demands_tls(c);
	c->idle = loop_timer_create(setup->loop, on_idle, c);
	connect_to(c);
	return c;
}

void gateway_carrier_destroy(struct gateway_carrier *c)
{
	if (!c)
		return;
	assert(!c->doomed);
	c->doomed = true;
	if (!c->in_call)
		carrier_free(c);
}

const char *gateway_carrier_host(const struct gateway_carrier *c)
{
	return c->host;
}

bool gateway_carrier_is_secured(const struct gateway_carrier *c)
{
	return c->secured;
}

bool gateway_carrier_goes_clear(const struct gateway_carrier *c)
{
	return c->without_tls && !c->setup.clear;
}
