/* SPDX-License-Identifier: ISC
 *
 * One session, from its socket to its end: what it holds, and which file answers an event.
 */
#include "gateway/gateway-private.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

enum {
	/* Large senders keep a session; its time has a limit besides. */
	COMMANDS_MAX = 20000, TRANSACTIONS_MAX = 1000,
};

/* ---- events -------------------------------------------------------------------------- */

static void on_helo(struct gateway_session *s, struct str name)
{
	gateway_forget_mail(s);
	gateway_set_text(&s->helo, name);
	s->stage = "HELO";
	gateway_say(s, 250, NULL, "");
}

/* RFC 3207 4.2: nothing the client said in clear counts. */
static void on_starttls(struct gateway_session *s)
{
	gateway_forget_mail(s);
	gateway_set_text(&s->helo, STR(""));
	s->stage = "STARTTLS";
}

static void session_event(void *arg, const struct smtp_server_event *ev)
{
	struct gateway_session *s = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		gateway_greet(s);
		break;
	case SMTP_SERVER_HELO:
		on_helo(s, ev->text);
		break;
	case SMTP_SERVER_MAIL:
		s->stage = "MAIL";
		gateway_on_mail(s, ev);
		break;
	case SMTP_SERVER_RCPT:
		s->stage = "RCPT";
		gateway_on_rcpt(s, ev);
		break;
	case SMTP_SERVER_DATA:
		s->stage = "DATA";
		gateway_on_data(s);
		break;
	case SMTP_SERVER_TEXT:
		gateway_on_text(s, ev->text);
		break;
	case SMTP_SERVER_MESSAGE:
		gateway_on_message(s);
		break;
	case SMTP_SERVER_ABORT:
		gateway_on_abort(s);
		break;
	case SMTP_SERVER_SASL:
		s->stage = "AUTH";
		gateway_on_sasl(s, ev);
		break;
	case SMTP_SERVER_SASL_END:
		gateway_forget_login(s);
		break;
	case SMTP_SERVER_STARTTLS:
		on_starttls(s);
		break;
	case SMTP_SERVER_AUTH:
		s->stage = "AUTH";
		gateway_on_auth(s, ev);
		break;
	case SMTP_SERVER_XCLIENT:
		gateway_on_xclient(s, ev->text);
		break;
	case SMTP_SERVER_UNKNOWN:
		gateway_say(s, 500, "5.5.2", "Command not known");
		break;
	case SMTP_SERVER_CLOSE:
		break;                   /* for the wire */
	}
}

/* ---- its life ------------------------------------------------------------------------ */

static void unlink_session(struct gateway_session *s)
{
	struct gateway *g = s->gateway;
	if (s->prev)
		s->prev->next = s->next;
	else
		g->sessions = s->next;
	if (s->next)
		s->next->prev = s->prev;
	wire_listener_ended(g->listener, s->place);
	if (g->draining && !g->sessions)
		loop_timer_arm(g->sweep, 0);
}

static void session_free(struct gateway_session *s)
{
	gateway_blocklists_cancel(s->asked);
	gateway_forget_login(s);
	gateway_forget_mail(s);
	gateway_forget_listing(s);
	wire_server_destroy(s->wire);
	unlink_session(s);
	gateway_rules_unref(s->rules);
	free(s->account);
	free(s->helo);
	free(s);
}

static void session_active(void *arg)
{
	struct gateway_session *s = arg;
	wire_listener_active(s->gateway->listener, s->place,
	                     s->mail && !wire_server_is_closing(s->wire));
}

static void session_ended(void *arg, enum stream_end why)
{
	struct gateway_session *s = arg;
	LOG(LOG_DEBUG, "session-ended", LOG_IP("peer", &s->peer.ip),
	    LOG_S("why", stream_end_word(why)));
	session_free(s);
}

static const struct wire_server_hooks session_hooks = {
	.event = session_event, .active = session_active, .ended = session_ended,
};

/* ---- its beginning ------------------------------------------------------------------- */

static bool may_xclient(const struct gateway_config *config, const struct ip *peer)
{
	for (size_t i = 0; peer->family && i < config->xclient_peers.n; i++)
		if (prefix_contains(&config->xclient_peers.v[i], peer))
			return true;
	return false;
}

static struct smtp_server_options options_of(const struct gateway_session *s,
                                             const struct gateway_listening *at)
{
	const struct gateway_config *config = s->rules->config;
	return (struct smtp_server_options){
		.hostname = s->rules->hostname,
		.limits = { .message_bytes = (size_t)config->message_bytes,
		            .recipients = (unsigned)config->recipients_max,
		            .errors = (unsigned)config->errors_max,
		            .commands = COMMANDS_MAX, .transactions = TRANSACTIONS_MAX },
		.offer_starttls = s->rules->tls && !at->tls_at_once &&
		                  at->listener != GATEWAY_LOCAL,
		.offer_auth_plain = s->may_login,
		.sasl = s->may_login && s->rules->scram ? SCRAM_MECHANISMS : NULL,
		.offer_smtputf8 = true,
		/* A stranger is never told by us: his server does that, where we do not promise
		 * to (RFC 3461 5.2.2). */
		.offer_dsn = at->listener != GATEWAY_INBOUND,
		.offer_limits = true, .offer_xclient = s->may_xclient,
	};
}

/* The account of who is at the local socket, by the kernel's word. */
static void look_uid(struct gateway_session *s, int fd)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	struct buf name = { 0 };
	enum gateway_known known = GATEWAY_NO;
	s->uid = UINT_MAX;
	if (stream_peer_uid(fd, &s->uid) && setup->account_of_uid)
		known = setup->account_of_uid(setup->arg, s->uid, &name);
	if (known == GATEWAY_YES)
		gateway_set_account(s, GATEWAY_BY_UID, buf_str(&name));
	else if (known == GATEWAY_NOT_NOW)
		gateway_set_account(s, GATEWAY_UNSURE, STR(""));
	buf_fini(&name);
}

static void open_wire(struct gateway_session *s, const struct gateway_listening *at, int fd)
{
	const struct smtp_server_options options = options_of(s, at);
	const struct wire_server_setup setup = {
		.loop = s->gateway->setup.loop, .fd = fd, .options = &options,
		.tls = s->rules->tls, .tls_at_once = at->tls_at_once,
		.session_ms = s->rules->config->session_timeout_s * 1000,
		.hooks = &session_hooks, .arg = s,
	};
	s->wire = wire_server_create(&setup);
	wire_server_begin(s->wire);
}

void *gateway_session_open(void *arg, struct wire_session *place, int fd,
                           const struct endpoint *peer)
{
	const struct gateway_door *door = arg;
	struct gateway *g = door->gateway;
	assert(!g->draining);
	/* There is no certificate just now, and nothing is said in clear at this door. */
	if (door->at.tls_at_once && !g->rules->tls) {
		stream_turn_away(fd, STR(""));
		return NULL;
	}
	struct gateway_session *s = mem_zalloc(sizeof(*s));
	*s = (struct gateway_session){
		.gateway = g, .place = place, .rules = gateway_rules_ref(g->rules),
		.peer = *peer, .client = { .listener = door->at.listener, .name = STR("") },
		.next = g->sessions, .stage = "CONNECT", .since_ms = loop_now_ms(g->setup.loop),
		.may_login = door->at.listener == GATEWAY_SUBMISSION,
		.may_xclient = may_xclient(g->rules->config, &peer->ip),
	};
	if (g->sessions)
		g->sessions->prev = s;
	g->sessions = s;
	if (door->at.listener == GATEWAY_LOCAL)
		look_uid(s, fd);
	open_wire(s, &door->at, fd);
	return s;
}

void gateway_session_end(struct gateway_session *s, const char *enhanced, const char *why)
{
	wire_server_shutdown(s->wire, enhanced, why);
	session_free(s);
}

bool gateway_session_is_idle(const struct gateway_session *s)
{
	return !s->mail;
}
