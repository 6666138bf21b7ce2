/* SPDX-License-Identifier: ISC
 *
 * The dialogue with the smarthost: its address, TLS, the login, one mail.
 */
#include "report/send.h"

#include "base/file.h"
#include "base/mem.h"
#include "smtp/client.h"
#include "smtp/login.h"
#include "trace/names.h"
#include "wire/smtp-client.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { SMTP_PORT = 25, PASSWORD_MAX_BYTES = 4096, ADDRESSES_MAX = 8 };

struct send {
	struct send_setup setup;
	char *host;                         /* a name, or "" if only an address is known */
	struct endpoint to;                 /* that is tried now */
	struct ip others[ADDRESSES_MAX];    /* of its name, in turn (RFC 5321 5.1) */
	size_t others_n, other;
	bool heard;                         /* something came: no other is tried */
	char *password;                     /* NULL: no login is wanted */
	struct smtp_login login;
	struct dns_query *query;
	struct wire_client *wire;
	struct smtp_client *client;
	struct str left;                    /* of the message, as it goes out */
	struct loop_timer *step;
	SSL_CTX *tls;
	bool secured, may_login, ended;
	bool gone;                          /* no QUIT can be said or is owed any more */
	struct send_result result;
	send_cb *cb;
	void *arg;
};

/* ---- the end ------------------------------------------------------------ */

static void set_text(struct send *s, struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n && n + 1 < sizeof(s->result.text); i++) {
		char c = text.p[i] == '\n' ? ' ' : text.p[i];
		if (ascii_isprint((unsigned char)c))
			s->result.text[n++] = c;
	}
	s->result.text[n] = '\0';
}

/* Calls back from the loop, out of whatever callback we are in. */
static void leave(struct send *s)
{
	s->gone = true;
	loop_timer_arm(s->step, 0);
}

/* We leave by QUIT and wait for its answer, for the wire's 5 seconds (RFC 5321 4.1.1.10). */
static void end(struct send *s, enum send_outcome outcome, const char *text)
{
	if (s->ended)
		return;
	s->ended = true;
	s->result.outcome = outcome;
	if (text)
		set_text(s, str_of(text));
	if (!s->wire || s->gone || smtp_client_is_broken(s->client) ||
	    smtp_client_command(s->client, SMTP_QUIT, 0, STR("QUIT")) != ERR_OK)
		leave(s);
}

/* The connection has ended, or what comes from it is not to be trusted: nothing is waited for. */
static void break_off(struct send *s, const char *text)
{
	s->gone = true;
	if (s->ended)
		leave(s);
	else
		end(s, SEND_FAILED, text);
}

static void refused(struct send *s, const struct smtp_reply *r, bool recipient)
{
	struct buf text = { 0 };
	buf_printf(&text, "%d %s%s%.*s", r->code, r->enhanced, r->enhanced[0] ? " " : "",
	           STR_ARG(r->text));
	set_text(s, buf_str(&text));
	buf_fini(&text);
	str_copy(s->result.status, sizeof(s->result.status), str_of(r->enhanced));
	s->result.recipient = recipient;
	s->gone |= r->code == 421;
	end(s, r->code / 100 == 5 ? SEND_REFUSED : SEND_FAILED, NULL);
}

/* ---- the dialogue ------------------------------------------------------- */

static void say_verb(struct send *s, enum smtp_verb verb, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say_verb(struct send *s, enum smtp_verb verb, const char *fmt, ...)
{
	struct buf line = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	if (smtp_client_command(s->client, verb, 0, buf_str(&line)) != ERR_OK)
		end(s, SEND_FAILED, "a command cannot be sent: an address is too long");
	OPENSSL_cleanse(line.p, line.n);
	buf_fini(&line);
}

static bool demands_tls(const struct send *s)
{
	return strcmp(s->setup.config->smarthost_tls, "must") == 0;
}

/* RFC 3461: what bounces should hold; the message need not come back. */
static bool asks_for_bounce(const struct send *s)
{
	return (smtp_client_extensions(s->client) & SMTP_EXT_DSN) && s->setup.mail_from[0] &&
	       s->setup.envelope_id[0];
}

static void start_mail(struct send *s)
{
	if (asks_for_bounce(s))
		say_verb(s, SMTP_MAIL, "MAIL FROM:<%s> RET=HDRS ENVID=%s", s->setup.mail_from,
		    s->setup.envelope_id);
	else
		say_verb(s, SMTP_MAIL, "MAIL FROM:<%s>", s->setup.mail_from);
}

static void say_login(struct send *s, struct buf *line)
{
	say_verb(s, SMTP_AUTH, "%s", buf_cstr(line));
	OPENSSL_cleanse(line->p, line->n);
	buf_fini(line);
}

static void start_login(struct send *s, unsigned extensions)
{
	struct buf line = { 0 };
	if (!smtp_login_offered(extensions)) {
		end(s, SEND_FAILED, extensions & SMTP_EXT_AUTH ?
		    "the smarthost offers no login that we can: PLAIN or LOGIN" :
		    "the smarthost offers no login");
		return;
	}
	smtp_login_begin(&s->login, extensions, &line);
	say_login(s, &line);
}

static void go_on_login(struct send *s)
{
	struct buf line = { 0 };
	if (smtp_login_answer(&s->login, &line))
		say_login(s, &line);
	else
		end(s, SEND_FAILED, "the smarthost's login does not end");
}

static void after_ehlo(struct send *s)
{
	unsigned extensions = smtp_client_extensions(s->client);
	if (!s->secured && (extensions & SMTP_EXT_STARTTLS))
		say_verb(s, SMTP_STARTTLS, "STARTTLS");
	else if (!s->secured && demands_tls(s))
		end(s, SEND_FAILED, "the smarthost offers no TLS");
	else if (!s->password)
		start_mail(s);
	else if (!s->may_login)
		end(s, SEND_FAILED, "no login over a connection that does not prove the smarthost; "
		    "set smarthost_tls = \"must\"");
	else
		start_login(s, extensions);
}

static void start_message(struct send *s)
{
	s->left = s->setup.message;
	const struct smtp_source source = { smtp_text_pull, &s->left };
	smtp_client_message_from(s->client, 0, &source);
}

static void on_reply(struct send *s, enum smtp_verb verb, const struct smtp_reply *r)
{
	bool ok = smtp_reply_ok(r);
	bool plain = !s->secured && !demands_tls(s) && !s->password;
	if (verb == SMTP_EHLO && plain && smtp_reply_unknown(r)) {
		say_verb(s, SMTP_HELO, "HELO %s", s->setup.hostname);
	} else if (verb == SMTP_DATA && r->code / 100 == 3) {
		start_message(s);
	} else if (verb == SMTP_AUTH && r->code / 100 == 3) {
		go_on_login(s);
	} else if (!ok || verb == SMTP_DATA) {
		refused(s, r, verb == SMTP_RCPT);
	} else if (verb == SMTP_BANNER) {
		say_verb(s, SMTP_EHLO, "EHLO %s", s->setup.hostname);
	} else if (verb == SMTP_EHLO) {
		after_ehlo(s);
	} else if (verb == SMTP_STARTTLS) {
		wire_client_start_tls(s->wire);
	} else if (verb == SMTP_HELO || verb == SMTP_AUTH) {
		start_mail(s);
	} else if (verb == SMTP_MAIL) {
		say_verb(s, SMTP_RCPT, "RCPT TO:<%s>%s", s->setup.rcpt_to,
		    asks_for_bounce(s) ? " NOTIFY=FAILURE" : "");
	} else if (verb == SMTP_RCPT) {
		say_verb(s, SMTP_DATA, "DATA");
	} else if (verb == SMTP_MESSAGE) {
		set_text(s, r->text);
		end(s, SEND_DONE, NULL);
	}
}

static struct smtp_client *send_engine(void *arg)
{
	struct send *s = arg;
	return s->client;
}

static void on_secured(void *arg)
{
	struct send *s = arg;
	if (smtp_client_injected(s->client)) {
		break_off(s, "something answered before TLS began");
		return;
	}
	s->secured = true;
	if (demands_tls(s))
		s->may_login = true;
	smtp_client_tls_started(s->client);
	say_verb(s, SMTP_EHLO, "EHLO %s", s->setup.hostname);
}

static void on_received(void *arg, struct str bytes)
{
	struct send *s = arg;
	struct smtp_client_event ev;
	s->heard = true;
	smtp_client_input(s->client, bytes);
	while (!s->gone && smtp_client_next(s->client, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN) {
			smtp_client_leave(s->client);
			break_off(s, "the smarthost does not speak SMTP");
		}
		else if (!s->ended)
			on_reply(s, ev.verb, &ev.reply);
		else if (ev.verb == SMTP_QUIT || ev.reply.code == 421)
			leave(s);
	}
}

static void on_ended(void *arg, enum stream_end why)
{
	struct send *s = arg;
	static const char *const texts[] = {
		[STREAM_CLOSED] = "the smarthost closed the connection",
		[STREAM_RESET] = "the connection to the smarthost broke",
		[STREAM_REFUSED] = "nobody listens at the smarthost",
		[STREAM_UNREACHABLE] = "the smarthost cannot be reached",
		[STREAM_TIMEOUT] = "no answer of the smarthost in time",
		[STREAM_TLS_FAILED] = "TLS with the smarthost failed",
		[STREAM_NO_SOURCE] = "no address to connect from",
	};
	if (!s->heard && s->other < s->others_n)
		loop_timer_arm(s->step, 0);
	else
		break_off(s, texts[why]);
}

static const struct wire_client_talk send_talks = {
	.engine = send_engine, .secured = on_secured, .received = on_received, .ended = on_ended,
};

/* ---- the beginning ------------------------------------------------------ */

static int check_name(SSL_CTX *tls, const struct send *s)
{
	X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(tls);
	char address[IP_TEXT_MAX];
	int good;
	if (s->host[0])
		good = X509_VERIFY_PARAM_set1_host(verify, s->host, 0);
	else
		good = X509_VERIFY_PARAM_set1_ip_asc(verify, ip_format(&s->to.ip, address));
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	return good && SSL_CTX_set_default_verify_paths(tls) ? ERR_OK : ERR_IO;
}

static void forget_connection(struct send *s)
{
	wire_client_destroy(s->wire);
	smtp_client_destroy(s->client);
	SSL_CTX_free(s->tls);
	s->wire = NULL;
	s->client = NULL;
	s->tls = NULL;
}

static void connect_to(struct send *s)
{
	forget_connection(s);
	s->tls = SSL_CTX_new(TLS_client_method());
	if (!s->tls || (demands_tls(s) && check_name(s->tls, s) != ERR_OK)) {
		end(s, SEND_FAILED, "TLS cannot be set up");
		return;
	}
	s->may_login = ip_is_loopback(&s->to.ip);
	s->client = smtp_client_create(NULL);
	struct wire_client_setup wire = {
		.loop = s->setup.loop, .to = s->to, .tls = s->tls,
		.server_name = s->host[0] ? s->host : NULL,
		.connect_ms = s->setup.config->timeout_s * 1000,
		/* Replies have the engine's time, of RFC 5321 4.5.3.2. */
		.talk = &send_talks, .arg = s,
	};
	s->wire = wire_client_create(&wire);
}

static void on_address(void *arg, const struct dns_result *r)
{
	struct send *s = arg;
	s->query = NULL;
	if (r->ip_count == 0) {
		end(s, SEND_FAILED, "the smarthost's name has no address");
		return;
	}
	s->to.ip = r->ips[0];
	for (size_t i = 1; i < r->ip_count && s->others_n < ADDRESSES_MAX; i++)
		s->others[s->others_n++] = r->ips[i];
	connect_to(s);
}

static void on_step(void *arg)
{
	struct send *s = arg;
	if (s->wire && !s->gone)
		s->to.ip = s->others[s->other++];
	if (s->gone)
		s->cb(s->arg, &s->result);
	else if (s->to.ip.family)
		connect_to(s);
	else
		s->query = dns_resolve_ips(s->setup.resolver, str_of(s->host), on_address, s);
}

/* "name", "name:port", or an address with or without a port. */
static int read_host(struct send *s, struct buf *problem)
{
	struct str text = str_of(s->setup.config->smarthost);
	uint64_t port = SMTP_PORT;
	s->host = mem_strdup("");
	if (text.n == 0) {
		buf_add_cstr(problem, "report.smarthost: expected a server that takes reports, "
		             "found none");
		return ERR_INVALID;
	}
	if (endpoint_parse(text, SMTP_PORT, &s->to, NULL) == ERR_OK)
		return ERR_OK;
	s->to.ip.family = 0;
	size_t colon = str_find(text, ':');
	if (colon != SIZE_MAX && (str_u64(str_from(text, colon + 1), 65535, &port) != ERR_OK ||
	                          port == 0)) {
		buf_add_cstr(problem, "report.smarthost: expected HOST or HOST:PORT");
		return ERR_INVALID;
	}
	free(s->host);
	s->host = mem_strndup(text.p, colon == SIZE_MAX ? text.n : colon);
	s->to.port = (uint16_t)port;
	return ERR_OK;
}

static void forget_text(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static int read_password(struct send *s, struct buf *problem)
{
	const struct report_config *c = s->setup.config;
	struct buf file = { 0 };
	if (!c->smarthost_user[0])
		return ERR_OK;
	int e = file_read(c->smarthost_password_file, PASSWORD_MAX_BYTES, &file);
	if (e != ERR_OK) {
		buf_printf(problem, "report.smarthost_password_file: \"%s\": %s",
		           c->smarthost_password_file, err_text(e));
	} else {
		size_t n = strcspn(buf_cstr(&file), "\r\n");
		s->password = mem_strndup(buf_cstr(&file), n);
		s->login = (struct smtp_login){ .user = str_of(c->smarthost_user),
		                                .password = str_of(s->password) };
	}
	if (file.p)
		OPENSSL_cleanse(file.p, file.n);
	buf_fini(&file);
	return e;
}

int send_start(const struct send_setup *setup, send_cb *cb, void *arg, struct send **out,
               struct buf *problem)
{
	struct send *s = mem_zalloc(sizeof(*s));
	*s = (struct send){ .setup = *setup, .cb = cb, .arg = arg };
	int e = read_host(s, problem);
	if (e == ERR_OK)
		e = read_password(s, problem);
	s->step = loop_timer_create(setup->loop, on_step, s);
	if (e != ERR_OK) {
		send_destroy(s);
		return e;
	}
	loop_timer_arm(s->step, 0);
	*out = s;
	return ERR_OK;
}

void send_destroy(struct send *s)
{
	if (!s)
		return;
	dns_query_cancel(s->query);
	if (s->wire && smtp_client_leave(s->client))
		wire_client_flush(s->wire);
	forget_connection(s);
	loop_timer_destroy(s->step);
	forget_text(s->password);
	free(s->host);
	free(s);
}
