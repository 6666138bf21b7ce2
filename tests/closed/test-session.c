/* SPDX-License-Identifier: ISC
 *
 * The asker's sessions over real sockets, against servers that follow a script: what is said, what
 * is told of the answers, and that a claim which is refused or not offered ends all of it.
 */
#include "test.h"

#include "base/stream.h"
#include "certificate.h"
#include "closed/certificate.h"
#include "closed/session.h"
#include "smtp/client.h"
#include "wire/proxy.h"

#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURNS_MAX = 20000 };

struct world {
	struct loop *loop;
	int listen_fd;
	struct endpoint at;
	struct loop_watch *watch;
	SSL_CTX *server_tls, *client_tls;
	struct buf certificate;

	struct stream *server;
	const char *script;              /* what of it is left */
	struct buf in, fault;
	bool server_over;

	struct asker_session *session;
	const struct closed_patience *patience;
	bool lenient;                    /* the script need not be followed to its end */
	struct buf told;
	bool session_over;
};

/* ---- the server: a line of its script is what it says (>), what the client must say (<), or one
 * of the words at script_word() ------------------------------------------------------------- */

static struct str script_line(const struct world *w)
{
	struct str rest = str_of(w->script);
	size_t end = str_find(rest, '\n');
	return (struct str){ rest.p, end == SIZE_MAX ? rest.n : end };
}

static void script_next(struct world *w)
{
	w->script += script_line(w).n;
	w->script += *w->script == '\n';
}

/* False: the bytes have not come yet. */
static bool client_said(struct world *w, struct str expected)
{
	size_t end = str_search(buf_str(&w->in), STR("\r\n"));
	if (end == SIZE_MAX)
		return false;
	if (!str_eq((struct str){ w->in.p, end }, expected))
		buf_printf(&w->fault, "said \"%.*s\", not \"%.*s\"\n", (int)end, w->in.p,
		           STR_ARG(expected));
	buf_consume(&w->in, end + 2);
	return true;
}

/* A PROXY header of version 2 that names this client. */
static bool client_header(struct world *w, struct str claimed)
{
	struct wire_proxy header = { 0 };
	char text[ENDPOINT_TEXT_MAX];
	size_t used;
	int e = wire_proxy_take(&header, buf_str(&w->in), &used);
	if (e == ERR_AGAIN)
		return false;
	if (e != ERR_OK || !header.relayed ||
	    !str_eq(str_of(endpoint_format(&header.source, text)), claimed))
		buf_printf(&w->fault, "not the header of %.*s\n", STR_ARG(claimed));
	buf_consume(&w->in, used);
	return true;
}

static bool script_word(struct world *w, struct str line)
{
	if (str_eq(line, STR("tls")))
		stream_start_tls(w->server, w->server_tls, true, NULL);
	else if (str_eq(line, STR("close")))
		stream_finish(w->server);
	else if (str_prefix(line, STR("header ")))
		return client_header(w, str_from(line, strlen("header ")));
	else
		fail_msg("the script is wrong: %.*s", STR_ARG(line));
	return true;
}

static void script_follow(struct world *w)
{
	while (*w->script && !w->server_over) {
		struct str line = script_line(w), text = str_from(line, 1);
		if (line.p[0] == '>') {
			stream_write(w->server, text);
			stream_write(w->server, STR("\r\n"));
		} else if (line.p[0] == '<' ? !client_said(w, text) : !script_word(w, line)) {
			return;
		}
		script_next(w);
		if (str_eq(line, STR("tls")))
			return;
	}
}

static void server_secured(void *arg)
{
	script_follow(arg);
}

static void server_received(void *arg, struct str bytes)
{
	struct world *w = arg;
	buf_add_str(&w->in, bytes);
	script_follow(w);
}

static void server_ended(void *arg, enum stream_end why)
{
	struct world *w = arg;
	(void)why;
	w->server_over = true;
}

static void acceptable(void *arg, unsigned events)
{
	static const struct stream_events talk = { .secured = server_secured,
		.received = server_received, .ended = server_ended };
	struct world *w = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(w->listen_fd, &peer);
	if (fd < 0)
		return;
	w->server = stream_adopt(w->loop, fd, &talk, w);
	script_follow(w);
}

/* ---- what is told --------------------------------------------------------------------- */

static const char *about_name(int about)
{
	switch (about) {
	case ASKED_GREETING: return "greeting";
	case ASKED_HELLO: return "hello";
	case ASKED_CLAIM: return "claim";
	case ASKED_CONTROL: return "control";
	default: return "form";
	}
}

static void told(void *arg, const struct asker_word *word)
{
	struct world *w = arg;
	if (word->about == ASKED_END) {
		buf_printf(&w->told, "%s%s\n", closed_end_text((enum closed_end)word->end),
		           word->claim_refused ? ", claim refused" : "");
		w->session_over = true;
		return;
	}
	buf_printf(&w->told, "%s", about_name(word->about));
	if (word->about >= 0)
		buf_printf(&w->told, " %d", word->about);
	buf_printf(&w->told, ": %d", word->answer.mail.code);
	if (word->answer.first.code)
		buf_printf(&w->told, " %d", word->answer.first.code);
	if (word->answer.rcpt.code)
		buf_printf(&w->told, " %d", word->answer.rcpt.code);
	if (word->extensions & SMTP_EXT_STARTTLS)
		buf_add_cstr(&w->told, " STARTTLS");
	if (word->extensions & SMTP_EXT_AUTH)
		buf_add_cstr(&w->told, " AUTH");
	if (word->extensions & SMTP_EXT_XCLIENT)
		buf_add_cstr(&w->told, " XCLIENT");
	buf_add_byte(&w->told, '\n');
}

/* ---- the world ------------------------------------------------------------------------ */

static const struct closed_patience patient = { .command_ms = 10000, .session_ms = 20000,
                                                .all_ms = 30000 };

static void world_init(struct world *w)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*w = (struct world){ .loop = loop_create(), .script = "", .patience = &patient,
	                     .at = { ip_from_v4(127, 0, 0, 1), 0 } };
	w->listen_fd = stream_listen(&w->at);
	assert_true(w->listen_fd >= 0);
	getsockname(w->listen_fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w->at);
	w->watch = loop_watch_create(w->loop, w->listen_fd, acceptable, w);
	loop_watch_set(w->watch, LOOP_READ);
	w->server_tls = certificate_server("mx.test");
	w->client_tls = SSL_CTX_new(TLS_client_method());
	assert_int_equal(closed_certificate_make("c.test", NULL, NULL, &w->certificate), ERR_OK);
}

static void world_clear(struct world *w)
{
	asker_session_destroy(w->session);
	stream_destroy(w->server);
	w->session = NULL;
	w->server = NULL;
	w->server_over = w->session_over = false;
	buf_clear(&w->in);
	buf_clear(&w->fault);
	buf_clear(&w->told);
}

static void world_fini(struct world *w)
{
	world_clear(w);
	loop_watch_destroy(w->watch);
	close(w->listen_fd);
	SSL_CTX_free(w->server_tls);
	SSL_CTX_free(w->client_tls);
	loop_destroy(w->loop);
	buf_fini(&w->in);
	buf_fini(&w->fault);
	buf_fini(&w->told);
	buf_fini(&w->certificate);
}

static const struct closed_envelope control = { .mail = "<a@b>", .rcpt = "<own@mx>" };
static const struct closed_envelope form = { .mail = "<s@t>", .rcpt = "<x@elsewhere>" };

static bool both_over(const struct world *w)
{
	return w->session_over && (w->server_over || !w->server);
}

/* Whole, until both are over; the script must have been followed to its end. */
static void talk(struct world *w, const char *name, struct closed_session *asked,
                 const char *script, const char *expected)
{
	world_clear(w);
	w->script = script;
	asked->from = ip_from_v4(127, 0, 0, 1);
	asked->to = w->at;
	asked->helo = "c.test";
	const struct asker_setup setup = {
		.loop = w->loop, .tls = w->client_tls, .session = asked, .patience = w->patience,
		.certificate = buf_cstr(&w->certificate), .bound = -1, .told = told, .arg = w,
	};
	w->session = asker_session_create(&setup);
	for (int i = 0; i < TURNS_MAX && !both_over(w); i++) {
		loop_run_once(w->loop, 1000);
		if (w->session_over && w->session) {
			asker_session_destroy(w->session);
			w->session = NULL;
		}
	}
	if (!w->lenient && (w->fault.n > 0 || *w->script))
		fail_msg("%s: %s, left of the script: %s", name, buf_cstr(&w->fault), w->script);
	if (strcmp(buf_cstr(&w->told), expected) != 0)
		fail_msg("%s: told %s instead of %s", name, buf_cstr(&w->told), expected);
}

/* ---- tests ---------------------------------------------------------------------------- */

#define ENVELOPES "<MAIL FROM:<a@b>\n>250 2.1.0 ok\n<RCPT TO:<own@mx>\n>250 2.1.5 ok\n<RSET\n" \
	">250 ok\n<MAIL FROM:<s@t>\n>250 ok\n<RCPT TO:<x@elsewhere>\n>554 5.7.1 no\n<RSET\n" \
	">250 ok\n<QUIT\n>221 bye\nclose"
#define ANSWERS "control: 250 250\nform 0: 250 554\nasked\n"
#define ENVELOPES_TOLD(hello) "greeting: 220\n" hello ANSWERS
#define HELLO ">220 mx\n<EHLO c.test\n"
#define LOGIN_OK "<AUTH PLAIN AGpvZQBzZWNyZXQ=\n>235 2.7.0 ok\n"
#define STARTTLS ">250-mx\n>250 STARTTLS\n<STARTTLS\n>220 go\ntls\n<EHLO c.test\n"

struct row {
	const char *name;
	enum closed_claim claim;
	enum closed_tls tls;
	const char *script, *told;
};

static const struct row rows[] = {
	{ "plain", CLOSED_AS_ITSELF, CLOSED_CLEAR, HELLO ">250-mx\n>250-AUTH PLAIN\n>250 STARTTLS\n"
	  ENVELOPES, ENVELOPES_TOLD("hello: 250 STARTTLS AUTH\n") },
	{ "HELO", CLOSED_AS_ITSELF, CLOSED_CLEAR, HELLO ">502 what\n<HELO c.test\n>250 mx\n"
	  ENVELOPES, ENVELOPES_TOLD("hello: 250\n") },
	{ "no hello", CLOSED_AS_ITSELF, CLOSED_CLEAR, HELLO ">550 you\n<MAIL FROM:<a@b>\n>503 no\n"
	  "<RSET\n>250 ok\n<MAIL FROM:<s@t>\n>503 no\n<RSET\n>250 ok\n<QUIT\n>221 bye\nclose",
	  "greeting: 220\nhello: 550\ncontrol: 503\nform 0: 503\nasked\n" },
	{ "no greeting", CLOSED_AS_ITSELF, CLOSED_CLEAR, ">554 no\nclose",
	  "greeting: 554\nit hung up\n" },
	{ "STARTTLS", CLOSED_AS_ITSELF, CLOSED_STARTTLS, HELLO STARTTLS ">250-mx\n>250 AUTH PLAIN\n"
	  ENVELOPES, ENVELOPES_TOLD("hello: 250 STARTTLS\nhello: 250 STARTTLS AUTH\n") },
	{ "no STARTTLS", CLOSED_AS_ITSELF, CLOSED_STARTTLS, HELLO ">250 mx",
	  "greeting: 220\nhello: 250\nno TLS can be had\n" },
	{ "no SMTP", CLOSED_AS_ITSELF, CLOSED_CLEAR, ">220-x\n>211-x\nclose", "it hung up\n" },
	{ "421", CLOSED_AS_ITSELF, CLOSED_CLEAR, HELLO ">250 mx\n<MAIL FROM:<a@b>\n>421 gone\nclose",
	  "greeting: 220\nhello: 250\ncontrol: 421\nit hung up\n" },

	{ "XCLIENT", CLOSED_CLAIM_XCLIENT, CLOSED_CLEAR, HELLO ">250-mx\n>250 XCLIENT NAME ADDR\n"
	  "<XCLIENT ADDR=10.0.0.5 NAME=localhost\n>220 mx\n<EHLO c.test\n>250 mx\n" ENVELOPES,
	  ENVELOPES_TOLD("hello: 250 XCLIENT\nclaim: 220\nhello: 250\n") },
	{ "XCLIENT under TLS", CLOSED_CLAIM_XCLIENT, CLOSED_STARTTLS, HELLO STARTTLS
	  ">250-mx\n>250 XCLIENT ADDR\n<XCLIENT ADDR=10.0.0.5 NAME=localhost\n>220 mx\n"
	  "<EHLO c.test\n>250 mx\n" ENVELOPES,
	  ENVELOPES_TOLD("hello: 250 STARTTLS\nhello: 250 STARTTLS XCLIENT\nclaim: 220\n"
	                 "hello: 250 STARTTLS\n") },
	{ "XCLIENT refused", CLOSED_CLAIM_XCLIENT, CLOSED_CLEAR, HELLO ">250-mx\n>250 XCLIENT ADDR\n"
	  "<XCLIENT ADDR=10.0.0.5 NAME=localhost\n>550 5.7.0 no\n<QUIT\n>221 bye\nclose",
	  "greeting: 220\nhello: 250 XCLIENT\nclaim: 550\nasked, claim refused\n" },
	{ "XCLIENT not offered", CLOSED_CLAIM_XCLIENT, CLOSED_CLEAR, HELLO ">250 mx\n<QUIT\n>221 bye\n"
	  "close", "greeting: 220\nhello: 250\nasked, claim refused\n" },

	{ "login", CLOSED_CLAIM_LOGIN, CLOSED_CLEAR, HELLO ">250-mx\n>250 AUTH PLAIN\n" LOGIN_OK
	  ENVELOPES, ENVELOPES_TOLD("hello: 250 AUTH\nclaim: 235\n") },
	{ "login by steps", CLOSED_CLAIM_LOGIN, CLOSED_CLEAR, HELLO ">250-mx\n>250 AUTH LOGIN\n"
	  "<AUTH LOGIN\n>334 VXNlcg==\n<am9l\n>334 UGFzcw==\n<c2VjcmV0\n>235 ok\n" ENVELOPES,
	  ENVELOPES_TOLD("hello: 250 AUTH\nclaim: 235\n") },
	{ "login under TLS", CLOSED_CLAIM_LOGIN, CLOSED_STARTTLS, HELLO STARTTLS
	  ">250-mx\n>250 AUTH PLAIN\n" LOGIN_OK ENVELOPES,
	  ENVELOPES_TOLD("hello: 250 STARTTLS\nhello: 250 STARTTLS AUTH\nclaim: 235\n") },
	{ "login refused", CLOSED_CLAIM_LOGIN, CLOSED_CLEAR, HELLO ">250-mx\n>250 AUTH PLAIN\n"
	  "<AUTH PLAIN AGpvZQBzZWNyZXQ=\n>535 5.7.8 no\n<QUIT\n>221 bye\nclose",
	  "greeting: 220\nhello: 250 AUTH\nclaim: 535\nasked, claim refused\n" },
	{ "login not offered", CLOSED_CLAIM_LOGIN, CLOSED_CLEAR, HELLO ">250-mx\n>250 AUTH NTLM\n"
	  "<QUIT\n>221 bye\nclose", "greeting: 220\nhello: 250 AUTH\nasked, claim refused\n" },
	{ "login without end", CLOSED_CLAIM_LOGIN, CLOSED_CLEAR, HELLO ">250-mx\n>250 AUTH PLAIN\n"
	  "<AUTH PLAIN AGpvZQBzZWNyZXQ=\n>334 x\n<*\n>334 x\nclose",
	  "greeting: 220\nhello: 250 AUTH\nclaim: 334\nasked, claim refused\n" },

	{ "PROXY 2", CLOSED_CLAIM_PROXY2, CLOSED_CLEAR, "header 10.0.0.5:34567\n" HELLO ">250 mx\n"
	  ENVELOPES, ENVELOPES_TOLD("hello: 250\n") },
	{ "PROXY 2 before STARTTLS", CLOSED_CLAIM_PROXY2, CLOSED_STARTTLS, "header 10.0.0.5:34567\n"
	  HELLO STARTTLS ">250 mx\n" ENVELOPES,
	  ENVELOPES_TOLD("hello: 250 STARTTLS\nhello: 250 STARTTLS\n") },
	/* The answer to the header stands where that to EHLO would, and all others one later. */
	{ "PROXY 2 not known", CLOSED_CLAIM_PROXY2, CLOSED_CLEAR, "header 10.0.0.5:34567\n>220 mx\n"
	  ">500 what\n<EHLO c.test\n>250 mx\n<QUIT\n>221 bye\nclose",
	  "greeting: 220\nclaim: 500\nasked, claim refused\n" },
	{ "PROXY 2 ends it", CLOSED_CLAIM_PROXY2, CLOSED_CLEAR, "header 10.0.0.5:34567\n>220 mx\n"
	  ">221 bye\nclose", "greeting: 220\nclaim: 221\nasked, claim refused\n" },
	{ "PROXY 2 refused", CLOSED_CLAIM_PROXY2, CLOSED_CLEAR, "header 10.0.0.5:34567\n"
	  ">554 sync\nclose", "greeting: 554\nclaim: 554\nasked, claim refused\n" },

	{ "certificate", CLOSED_CLAIM_CERTIFICATE, CLOSED_CLEAR, HELLO STARTTLS ">250 mx\n" ENVELOPES,
	  ENVELOPES_TOLD("hello: 250 STARTTLS\nhello: 250 STARTTLS\n") },
	{ "certificate, TLS first", CLOSED_CLAIM_CERTIFICATE, CLOSED_TLS_FIRST, "tls\n" HELLO
	  ">250 mx\n" ENVELOPES, ENVELOPES_TOLD("hello: 250\n") },
};

static int take_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static struct closed_session session_of(const struct row *row, struct closed_answer *answer)
{
	return (struct closed_session){
		.claim = row->claim, .tls = row->tls, .claimed = ip_from_v4(10, 0, 0, 5),
		.user = "joe", .password = "secret", .control = &control, .envelopes = &form,
		.n = 1, .answers = answer,
	};
}

static void sessions_and_claims(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct closed_answer answer;
		struct closed_session asked = session_of(&rows[i], &answer);
		SSL_CTX_set_verify(w.server_tls, rows[i].claim == CLOSED_CLAIM_CERTIFICATE ?
		                   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT :
		                   SSL_VERIFY_NONE, take_any);
		talk(&w, rows[i].name, &asked, rows[i].script, rows[i].told);
	}
	world_fini(&w);
}

/* The line has the server's port in it. */
static void the_first_proxy_header(void **state)
{
	static const struct { struct ip claimed; const char *line; } lines[] = {
		{ { 4, { 10, 0, 0, 5 } }, "PROXY TCP4 10.0.0.5 127.0.0.1 34567 %u" },
		{ { 6, { 0xfd, [15] = 5 } }, "PROXY TCP6 fd00::5 ::1 34567 %u" },
	};
	struct world w;
	(void)state;
	world_init(&w);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		static const struct row row = { .claim = CLOSED_CLAIM_PROXY1 };
		struct closed_answer answer;
		struct closed_session asked = session_of(&row, &answer);
		struct buf script = { 0 };
		asked.claimed = lines[i].claimed;
		buf_add_byte(&script, '<');
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(&script, lines[i].line, w.at.port);
#pragma GCC diagnostic pop
		buf_add_cstr(&script, "\n" HELLO ">250 mx\n" ENVELOPES);
		talk(&w, lines[i].line, &asked, buf_cstr(&script), ENVELOPES_TOLD("hello: 250\n"));
		buf_fini(&script);
	}
	world_fini(&w);
}

/* Recipients before the form's; forms that need an extension. */
static void envelopes_of_other_kinds(void **state)
{
	static const struct closed_envelope kinds[] = {
		{ .mail = "<s@t>", .rcpt = "<x@y>", .first = "<own@mx>" },
		{ .mail = "<s@t>", .rcpt = "<x@y>", .first = "<nobody@mx>" },
		{ .mail = "<s@t> SMTPUTF8", .rcpt = "<x@z>", .utf8 = true },
		{ .mail = "<s@t>", .rcpt = "<z@y>" },
	};
	static const char before[] = "<MAIL FROM:<s@t>\n>250 ok\n<RCPT TO:<own@mx>\n>250 ok\n"
		"<RCPT TO:<x@y>\n>550 no\n<RSET\n>250 ok\n"
		"<MAIL FROM:<s@t>\n>250 ok\n<RCPT TO:<nobody@mx>\n>551 no\n"
		"<RCPT TO:<x@y>\n>552 no\n<RSET\n>250 ok\n";
	static const char utf8[] = "<MAIL FROM:<s@t> SMTPUTF8\n>250 ok\n<RCPT TO:<x@z>\n>553 no\n"
		"<RSET\n>250 ok\n";
	static const char after[] = "<MAIL FROM:<s@t>\n>250 ok\n<RCPT TO:<z@y>\n>554 no\n"
		"<RSET\n>250 ok\n<QUIT\n>221 bye\nclose";
	struct world w;
	(void)state;
	world_init(&w);
	for (int offered = 0; offered < 2; offered++) {
		struct closed_answer answers[4];
		struct closed_session asked = { .envelopes = kinds, .n = 4, .answers = answers };
		struct buf script = { 0 }, expected = { 0 };
		buf_printf(&script, HELLO "%s%s%s%s", offered ? ">250-mx\n>250 SMTPUTF8\n" : ">250 mx\n",
		           before, offered ? utf8 : "", after);
		buf_printf(&expected, "greeting: 220\nhello: 250\nform 0: 250 250 550\n"
		           "form 1: 250 551 552\n%sform 3: 250 554\nasked\n",
		           offered ? "form 2: 250 553\n" : "");
		talk(&w, offered ? "offered" : "not offered", &asked, buf_cstr(&script),
		     buf_cstr(&expected));
		buf_fini(&script);
		buf_fini(&expected);
	}
	world_fini(&w);
}

/* Of a server that wants none; of one that trusts others; of one that trusts our signer. */
static void certificates(void **state)
{
	static const struct row row = { .claim = CLOSED_CLAIM_CERTIFICATE };
	struct world w;
	struct closed_answer answer;
	struct closed_session asked = session_of(&row, &answer);
	struct buf authority = { 0 }, own = { 0 };
	(void)state;
	world_init(&w);
	talk(&w, "wants none", &asked, HELLO ">250-mx\n>250 STARTTLS\n<STARTTLS\n>220 go\ntls",
	     "greeting: 220\nhello: 250 STARTTLS\nasked, claim refused\n");
	assert_int_equal(closed_certificate_make("c.test", NULL, &authority, &own), ERR_OK);
	SSL_CTX_set_verify(w.server_tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	talk(&w, "trusts others", &asked, HELLO ">250-mx\n>250 STARTTLS\n<STARTTLS\n>220 go\ntls",
	     "greeting: 220\nhello: 250 STARTTLS\nno TLS can be had, claim refused\n");
	BIO *text = BIO_new_mem_buf(authority.p, (int)authority.n);
	X509 *signer = PEM_read_bio_X509(text, NULL, NULL, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(w.server_tls), signer);
	asked.certificate = buf_cstr(&own);
	talk(&w, "trusts our signer", &asked, HELLO STARTTLS ">250 mx\n" ENVELOPES,
	     ENVELOPES_TOLD("hello: 250 STARTTLS\nhello: 250 STARTTLS\n"));
	asked.certificate = "none";
	talk(&w, "no certificate", &asked, HELLO ">250-mx\n>250 STARTTLS\n<STARTTLS\n>220 go\ntls",
	     "greeting: 220\nhello: 250 STARTTLS\nno TLS can be had\n");
	X509_free(signer);
	BIO_free(text);
	buf_fini(&authority);
	buf_fini(&own);
	world_fini(&w);
}

/* Each ends in bounded time, and nothing of it is taken for an answer. */
static void hostile_servers(void **state)
{
	static const struct closed_patience short_patience = { .command_ms = 200, .session_ms = 400,
	                                                       .all_ms = 500 };
	static const struct {
		const char *name, *once, *often, *told;
		unsigned times;
	} kinds[] = {
		{ "silent", "", "", "no answer in time\n", 0 },
		{ "silent behind a greeting", HELLO, "", "greeting: 220\nno answer in time\n", 0 },
		{ "a greeting without end", "", ">220-x\n", "what answers speaks no SMTP\n", 300 },
		{ "a hello without end", HELLO, ">250-x\n",
		  "greeting: 220\nwhat answers speaks no SMTP\n", 300 },
		{ "what is no SMTP", "", ">HTTP/1.1 400 Bad Request\n",
		  "what answers speaks no SMTP\n", 300 },
		{ "bytes without a line", "", ">\r\r\r\r\r\r\r\r", "no answer in time\n", 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct world w;
		struct closed_answer answer;
		struct closed_session asked = session_of(&rows[0], &answer);
		struct buf script = { 0 };
		world_init(&w);
		if (kinds[i].times <= 1)
			w.patience = &short_patience;
		buf_add_cstr(&script, kinds[i].once);
		for (unsigned k = 0; k < kinds[i].times; k++)
			buf_add_cstr(&script, kinds[i].often);
		w.lenient = true;
		talk(&w, kinds[i].name, &asked, buf_cstr(&script), kinds[i].told);
		buf_fini(&script);
		world_fini(&w);
	}
}

/* Without a socket that is bound there is nothing to speak from. */
static void port_25_must_be_had(void **state)
{
	static const struct row row = { .claim = CLOSED_CLAIM_PORT25 };
	struct world w;
	struct closed_answer answer;
	struct closed_session asked = session_of(&row, &answer);
	(void)state;
	world_init(&w);
	talk(&w, "no socket", &asked, "", "we cannot speak from that address\n");
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_and_claims),
		cmocka_unit_test(the_first_proxy_header),
		cmocka_unit_test(envelopes_of_other_kinds),
		cmocka_unit_test(certificates),
		cmocka_unit_test(hostile_servers),
		cmocka_unit_test(port_25_must_be_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
