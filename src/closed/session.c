/* SPDX-License-Identifier: ISC
 *
 * The talker of one session: what is awaited decides what is said next. A claim is made before the
 * first envelope; where it is refused the session is over.
 */
#include "closed/session.h"

#include "base/mem.h"
#include "closed/certificate.h"
#include "smtp/client.h"
#include "smtp/login.h"
#include "smtp/xclient.h"
#include "wire/proxy.h"
#include "wire/smtp-client.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum { AGAIN_MS = 50, CONNECT_MS = 3000, CLAIMED_PORT = 34567 };

struct asker_session {
	struct asker_setup setup;
	struct smtp_client *engine;
	struct wire_client *wire;
	struct loop_timer *again;
	int64_t began_ms;
	SSL_CTX *own_tls;                    /* with a certificate; NULL: the setup's */
	int bound;                           /* -1: none, or it is the wire's */
	enum smtp_verb awaited;
	int envelope;                        /* ASKED_CONTROL, or which one */
	bool at_first;                       /* its first recipient is awaited */
	struct closed_answer answer;         /* to it, so far */
	struct smtp_login login;
	bool over, secured, starttls_offered;
	bool claimed;                        /* the claim was taken, or there is none to be made
	                                        behind a hello */
	bool certificate_shown;              /* the server has asked for one */
	bool claim_refused;
	enum closed_end end;
};

/* It is told from the loop, not from within a call of the wire: whoever hears it destroys us. */
static void session_over(struct asker_session *s, enum closed_end end)
{
	if (s->over)
		return;
	s->over = true;
	s->end = end;
	loop_timer_arm(s->again, 0);
}

static void session_tell(struct asker_session *s, const struct asker_word *word)
{
	s->setup.told(s->setup.arg, word);
}

static void say_line(struct asker_session *s, enum smtp_verb verb, struct str line)
{
	s->awaited = verb;
	/* A form that cannot be said is for the caller not to ask. */
	if (smtp_client_command(s->engine, verb, 0, line) != ERR_OK)
		session_over(s, CLOSED_UNASKED);
}

static void say(struct asker_session *s, enum smtp_verb verb, const char *start, const char *rest)
{
	struct buf line = { 0 };
	buf_printf(&line, "%s%s", start, rest);
	say_line(s, verb, buf_str(&line));
	buf_fini(&line);
}

static unsigned extensions_now(const struct asker_session *s)
{
	return smtp_client_extensions(s->engine);
}

/* ---- envelopes ------------------------------------------------------------------------------ */

static const struct closed_envelope *envelope_now(const struct asker_session *s)
{
	const struct closed_session *asked = s->setup.session;
	return s->envelope == ASKED_CONTROL ? asked->control : &asked->envelopes[s->envelope];
}

static void envelope_next(struct asker_session *s)
{
	const struct closed_session *asked = s->setup.session;
	do
		s->envelope++;
	while ((s->envelope == ASKED_CONTROL && !asked->control) ||
	       (s->envelope < (int)asked->n && envelope_now(s)->utf8 &&
	        !(extensions_now(s) & SMTP_EXT_SMTPUTF8)));
	if (s->envelope >= (int)asked->n) {
		if (smtp_client_leave(s->engine))
			wire_client_flush(s->wire);
		session_over(s, CLOSED_ASKED);
		return;
	}
	s->answer = (struct closed_answer){ 0 };
	say(s, SMTP_MAIL, "MAIL FROM:", envelope_now(s)->mail);
}

static void envelopes_begin(struct asker_session *s)
{
	s->envelope = ASKED_CONTROL - 1;
	envelope_next(s);
}

static void reply_keep(struct closed_reply *kept, const struct smtp_reply *reply)
{
	kept->code = reply->code;
	str_copy(kept->enhanced, sizeof(kept->enhanced), str_of(reply->enhanced));
	str_copy(kept->text, sizeof(kept->text), reply->text);
}

static void envelope_done(struct asker_session *s)
{
	const struct asker_word word = { .about = s->envelope, .answer = s->answer };
	session_tell(s, &word);
	say(s, SMTP_RSET, "RSET", "");
}

static void on_mail(struct asker_session *s, const struct smtp_reply *reply)
{
	const struct closed_envelope *now = envelope_now(s);
	reply_keep(&s->answer.mail, reply);
	s->at_first = now->first != NULL;
	if (smtp_reply_ok(reply))
		say(s, SMTP_RCPT, "RCPT TO:", now->first ? now->first : now->rcpt);
	else
		envelope_done(s);
}

static void on_rcpt(struct asker_session *s, const struct smtp_reply *reply)
{
	reply_keep(s->at_first ? &s->answer.first : &s->answer.rcpt, reply);
	if (s->at_first)
		say(s, SMTP_RCPT, "RCPT TO:", envelope_now(s)->rcpt);
	else
		envelope_done(s);
	s->at_first = false;
}

/* ---- claims --------------------------------------------------------------------------------- */

static bool is_proxy(const struct asker_session *s)
{
	enum closed_claim claim = s->setup.session->claim;
	return claim == CLOSED_CLAIM_PROXY1 || claim == CLOSED_CLAIM_PROXY2;
}

static bool has_certificate(const struct asker_session *s)
{
	return s->setup.session->claim == CLOSED_CLAIM_CERTIFICATE;
}

static enum closed_tls tls_of(const struct asker_session *s)
{
	enum closed_tls tls = s->setup.session->tls;
	return tls == CLOSED_CLEAR && has_certificate(s) ? CLOSED_STARTTLS : tls;
}

static void claim_tell(struct asker_session *s, const struct smtp_reply *reply)
{
	struct asker_word word = { .about = ASKED_CLAIM };
	reply_keep(&word.answer.mail, reply);
	session_tell(s, &word);
}

/* reply NULL: it could not be made. */
static void claim_refuse(struct asker_session *s, const struct smtp_reply *reply)
{
	if (reply)
		claim_tell(s, reply);
	s->claim_refused = true;
	if (smtp_client_leave(s->engine))
		wire_client_flush(s->wire);
	session_over(s, CLOSED_ASKED);
}

static void say_xclient(struct asker_session *s)
{
	struct buf line = { 0 };
	const char *name = s->setup.session->claimed_name;
	smtp_xclient_format(&s->setup.session->claimed, name ? name : "localhost", &line);
	say_line(s, SMTP_XCLIENT, buf_str(&line));
	buf_fini(&line);
}

static void say_secret(struct asker_session *s, struct buf *line)
{
	say_line(s, SMTP_AUTH, buf_str(line));
	explicit_bzero(line->p, line->n);
	buf_fini(line);
}

static void login_start(struct asker_session *s)
{
	struct buf line = { 0 };
	s->login = (struct smtp_login){ .user = str_of(s->setup.session->user),
	                                .password = str_of(s->setup.session->password) };
	smtp_login_begin(&s->login, extensions_now(s), &line);
	say_secret(s, &line);
}

/* What is claimed behind a hello. */
static void claim_make(struct asker_session *s)
{
	bool login = s->setup.session->claim == CLOSED_CLAIM_LOGIN;
	if (login ? !smtp_login_offered(extensions_now(s))
	          : !(extensions_now(s) & SMTP_EXT_XCLIENT))
		claim_refuse(s, NULL);
	else if (login)
		login_start(s);
	else
		say_xclient(s);
}

static void on_xclient(struct asker_session *s, const struct smtp_reply *reply)
{
	if (!smtp_reply_ok(reply)) {
		claim_refuse(s, reply);
		return;
	}
	claim_tell(s, reply);
	s->claimed = true;
	say(s, SMTP_EHLO, "EHLO ", s->setup.session->helo);
}

static void on_auth(struct asker_session *s, const struct smtp_reply *reply)
{
	struct buf line = { 0 };
	/* Who asks on and on has let nobody in. */
	if (reply->code / 100 == 3 && smtp_login_answer(&s->login, &line)) {
		say_secret(s, &line);
		return;
	}
	if (!smtp_reply_ok(reply)) {
		claim_refuse(s, reply);
		return;
	}
	claim_tell(s, reply);
	s->claimed = true;
	envelopes_begin(s);
}

static void add_preamble(struct asker_session *s)
{
	static const struct ip loopback6 = { 6, { [15] = 1 } };
	const struct closed_session *asked = s->setup.session;
	struct endpoint source = { asked->claimed, CLAIMED_PORT }, destination = asked->to;
	struct buf header = { 0 };
	/* Both are of one family. */
	if (source.ip.family != destination.ip.family)
		destination.ip = source.ip.family == 6 ? loopback6 : ip_from_v4(127, 0, 0, 1);
	wire_proxy_format(asked->claim == CLOSED_CLAIM_PROXY1 ? 1 : 2, &source, &destination,
	                  &header);
	smtp_client_preamble(s->engine, buf_str(&header));
	buf_fini(&header);
}

/* By OpenSSL, where the server wants to see a certificate. */
static int certificate_show(SSL *ssl, void *arg)
{
	struct asker_session *s = arg;
	const char *own = s->setup.session->certificate;
	struct str pem = str_of(own ? own : s->setup.certificate);
	s->certificate_shown = closed_certificate_use(ssl, pem) == ERR_OK;
	return s->certificate_shown;
}

/* ---- the beginning -------------------------------------------------------------------------- */

static void on_greeting(struct asker_session *s, const struct smtp_reply *reply)
{
	struct asker_word word = { .about = ASKED_GREETING };
	reply_keep(&word.answer.mail, reply);
	session_tell(s, &word);
	if (smtp_reply_ok(reply))
		say(s, SMTP_EHLO, "EHLO ", s->setup.session->helo);
	else if (is_proxy(s))
		claim_refuse(s, reply);
	else
		session_over(s, CLOSED_HUNG_UP);
}

static void hello_tell(struct asker_session *s, const struct smtp_reply *reply)
{
	struct asker_word word = { .about = ASKED_HELLO };
	bool extended = s->awaited == SMTP_EHLO && smtp_reply_ok(reply);
	word.extensions = extended ? extensions_now(s) : 0;
	s->starttls_offered |= (word.extensions & SMTP_EXT_STARTTLS) != 0;
	if (s->starttls_offered)
		word.extensions |= SMTP_EXT_STARTTLS;
	reply_keep(&word.answer.mail, reply);
	session_tell(s, &word);
}

static void on_hello(struct asker_session *s, const struct smtp_reply *reply)
{
	enum { HELLO_OK = 250 };
	/* A header that was not understood was a command, and this is the answer to it. The next
	 * would be taken for those to what follows. */
	if (is_proxy(s) && !s->secured && reply->code != HELLO_OK) {
		claim_refuse(s, reply);
		return;
	}
	if (s->awaited == SMTP_EHLO && smtp_reply_unknown(reply)) {
		say(s, SMTP_HELO, "HELO ", s->setup.session->helo);
		return;
	}
	hello_tell(s, reply);
	if (tls_of(s) == CLOSED_STARTTLS && !s->secured && smtp_reply_ok(reply)) {
		if (extensions_now(s) & SMTP_EXT_STARTTLS)
			say(s, SMTP_STARTTLS, "STARTTLS", "");
		else
			session_over(s, CLOSED_NO_TLS);
	} else if (!s->claimed) {
		claim_make(s);
	} else {
		/* Refused: there is something to learn from the answers to MAIL all the same. */
		envelopes_begin(s);
	}
}

static void on_reply(struct asker_session *s, const struct smtp_reply *reply)
{
	switch (s->awaited) {
	case SMTP_BANNER:
		on_greeting(s, reply);
		break;
	case SMTP_EHLO: case SMTP_HELO:
		on_hello(s, reply);
		break;
	case SMTP_STARTTLS:
		if (smtp_reply_ok(reply))
			wire_client_start_tls(s->wire);
		else
			session_over(s, CLOSED_NO_TLS);
		break;
	case SMTP_XCLIENT:
		on_xclient(s, reply);
		break;
	case SMTP_AUTH:
		on_auth(s, reply);
		break;
	case SMTP_MAIL:
		on_mail(s, reply);
		break;
	case SMTP_RCPT:
		on_rcpt(s, reply);
		break;
	default:
		assert(s->awaited == SMTP_RSET);
		envelope_next(s);
	}
}

static struct smtp_client *asker_engine(void *arg)
{
	struct asker_session *s = arg;
	return s->over ? NULL : s->engine;
}

static void asker_received(void *arg, struct str bytes)
{
	struct asker_session *s = arg;
	struct smtp_client_event event;
	smtp_client_input(s->engine, bytes);
	while (!s->over && smtp_client_next(s->engine, &event)) {
		if (event.type == SMTP_CLIENT_BROKEN)
			session_over(s, CLOSED_BROKEN);
		else if (event.tag == SMTP_TAG_UNASKED)
			session_over(s, CLOSED_HUNG_UP);
		else
			on_reply(s, &event.reply);
	}
}

static void asker_secured(void *arg)
{
	struct asker_session *s = arg;
	s->secured = true;
	if (s->over)
		return;
	if (has_certificate(s) && !s->certificate_shown) {
		s->claim_refused = true;
		session_over(s, CLOSED_ASKED);
		return;
	}
	if (tls_of(s) != CLOSED_STARTTLS)
		return;
	/* What was injected before TLS is dropped with it. */
	smtp_client_tls_started(s->engine);
	say(s, SMTP_EHLO, "EHLO ", s->setup.session->helo);
}

static enum closed_end end_of(enum stream_end why)
{
	switch (why) {
	case STREAM_REFUSED: case STREAM_UNREACHABLE: return CLOSED_NOBODY;
	case STREAM_TIMEOUT: return CLOSED_LATE;
	case STREAM_NO_SOURCE: return CLOSED_NO_SOURCE;
	case STREAM_TLS_FAILED: return CLOSED_NO_TLS;
	case STREAM_CLOSED: case STREAM_RESET: break;
	}
	return CLOSED_HUNG_UP;
}

static void asker_ended(void *arg, enum stream_end why)
{
	struct asker_session *s = arg;
	int64_t waited_ms = loop_now_ms(s->setup.loop) - s->began_ms;
	bool may_again = s->setup.session->claim != CLOSED_CLAIM_PORT25;
	if (!s->over && why == STREAM_REFUSED && may_again &&
	    waited_ms < s->setup.patience->refused_ms) {
		loop_timer_arm(s->again, AGAIN_MS);
		return;
	}
	/* The one that was shown was not good enough. */
	if (!s->over && why == STREAM_TLS_FAILED && s->certificate_shown &&
	    s->awaited != SMTP_MAIL && s->awaited != SMTP_RCPT && s->awaited != SMTP_RSET)
		s->claim_refused = true;
	session_over(s, end_of(why));
}

static void session_connect(struct asker_session *s)
{
	static const struct wire_client_talk talk = {
		.engine = asker_engine, .secured = asker_secured,
		.received = asker_received, .ended = asker_ended,
	};
	const struct endpoint from = { .ip = s->setup.session->from };
	struct wire_client_setup wire = {
		.loop = s->setup.loop, .to = s->setup.session->to, .source = &from,
		.tls = s->own_tls ? s->own_tls : s->setup.tls,
		.tls_at_once = s->setup.session->tls == CLOSED_TLS_FIRST,
		.bound = s->bound, .is_bound = s->bound >= 0,
		.connect_ms = CONNECT_MS, .command_ms = s->setup.patience->command_ms,
		.session_ms = s->setup.patience->session_ms, .talk = &talk, .arg = s,
	};
	wire_client_destroy(s->wire);
	smtp_client_destroy(s->engine);
	s->engine = smtp_client_create(NULL);
	s->awaited = SMTP_BANNER;
	if (is_proxy(s))
		add_preamble(s);
	s->bound = -1;
	s->wire = wire_client_create(&wire);
}

static void turn_again(void *arg)
{
	struct asker_session *s = arg;
	const struct asker_word word = { .about = ASKED_END, .end = (int32_t)s->end,
	                                 .claim_refused = s->claim_refused };
	if (s->over)
		session_tell(s, &word);
	else
		session_connect(s);
}

static bool is_claimed_behind_hello(enum closed_claim claim)
{
	return claim == CLOSED_CLAIM_XCLIENT || claim == CLOSED_CLAIM_LOGIN;
}

static bool own_tls_make(struct asker_session *s)
{
	assert(s->setup.certificate || s->setup.session->certificate);
	s->own_tls = SSL_CTX_new(TLS_client_method());
	if (s->own_tls)
		SSL_CTX_set_cert_cb(s->own_tls, certificate_show, s);
	return s->own_tls != NULL;
}

struct asker_session *asker_session_create(const struct asker_setup *setup)
{
	struct asker_session *s = mem_zalloc(sizeof(*s));
	assert(setup->session->n <= CLOSED_ENVELOPES_MAX);
	s->setup = *setup;
	s->began_ms = loop_now_ms(setup->loop);
	s->again = loop_timer_create(setup->loop, turn_again, s);
	s->bound = setup->bound;
	s->claimed = !is_claimed_behind_hello(setup->session->claim);
	if (setup->session->claim == CLOSED_CLAIM_PORT25 && setup->bound < 0)
		session_over(s, CLOSED_NO_SOURCE);
	else if (has_certificate(s) && !own_tls_make(s))
		session_over(s, CLOSED_NO_TLS);
	else
		session_connect(s);
	return s;
}

void asker_session_destroy(struct asker_session *s)
{
	if (!s)
		return;
	loop_timer_destroy(s->again);
	wire_client_destroy(s->wire);
	smtp_client_destroy(s->engine);
	SSL_CTX_free(s->own_tls);
	if (s->bound >= 0)
		close(s->bound);
	free(s);
}
