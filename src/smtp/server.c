/* SPDX-License-Identifier: ISC
 *
 * The SMTP server engine's turn: input is kept, next() moves the session on until
 * something is to be told or asked, reply() lets it go on, output waits for the
 * caller. The replies' form is made here, so that no text of a policy can break it.
 */
#include "smtp/server-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static void set_default(size_t *value, size_t standard)
{
	if (*value == 0)
		*value = standard;
}

static void set_default_count(unsigned *value, unsigned standard)
{
	if (*value == 0)
		*value = standard;
}

struct smtp_server *smtp_server_create(const struct smtp_server_options *options)
{
	assert(options->hostname && strlen(options->hostname) <= MAIL_DOMAIN_MAX);
	struct smtp_server *s = mem_zalloc(sizeof(*s));
	s->options = *options;
	s->options.hostname = mem_strdup(options->hostname);
	s->options.greeting = mem_strdup(options->greeting ? options->greeting : "ESMTP");
	s->options.sasl = options->sasl ? mem_strdup(options->sasl) : NULL;
	struct smtp_server_limits *l = &s->options.limits;
	set_default(&l->line_bytes, 2048);
	set_default(&l->text_line_bytes, 65536);
	set_default(&l->message_bytes, 10485760);
	assert(l->message_bytes < SIZE_MAX / 4);
	set_default_count(&l->recipients, 100);
	set_default_count(&l->errors, 20);
	set_default_count(&l->commands, 1000);
	set_default_count(&l->transactions, 100);
	assert(l->line_bytes > 0 && l->recipients > 0 && l->errors > 0);
	return s;
}

void smtp_server_destroy(struct smtp_server *s)
{
	if (!s)
		return;
	smtp_server_auth_forget(s);
	free((char *)s->options.hostname);
	free((char *)s->options.greeting);
	free((char *)s->options.sasl);
	buf_fini(&s->in);
	buf_fini(&s->out);
	free(s);
}

/* What holds between any two steps, whatever the client sent. */
static void check_session(const struct smtp_server *s)
{
	assert(s->in_at <= s->in.n && s->scanned <= s->in.n - s->in_at);
	assert(s->authenticated == (s->login_bytes > 0));
	assert(s->esmtp <= s->said_helo);
	assert(s->errors <= s->options.limits.errors);
	assert(s->commands <= s->options.limits.commands + 1);
	assert(s->transactions <= s->options.limits.transactions);
	assert(s->phase != SMTP_PHASE_CLOSED || !s->decided);
	assert(s->phase == SMTP_PHASE_CLOSED || !s->close_told);
	assert(s->phase != SMTP_PHASE_AUTH || s->auth);
}

static void check_transaction(const struct smtp_server *s)
{
	assert(s->recipients <= (s->in_mail ? s->options.limits.recipients : 0));
	assert(s->replies_left == 0 || (s->options.lmtp && s->replies_left < s->recipients));
	assert(s->utf8 <= s->in_mail && s->chunked <= s->in_mail);
	assert(s->text.open <= s->in_mail);
	assert(s->phase != SMTP_PHASE_DATA || s->recipients > 0);
}

struct str smtp_server_pending(const struct smtp_server *s)
{
	if (s->in_at == s->in.n)
		return STR("");
	return (struct str){ s->in.p + s->in_at, s->in.n - s->in_at };
}

bool smtp_server_wants_input(const struct smtp_server *s)
{
	return !s->decided || s->in.n - s->in_at < INPUT_WAITING_MAX;
}

bool smtp_server_owes_mail(const struct smtp_server *s)
{
	return s->in_mail && s->decided;
}

bool smtp_server_input(struct smtp_server *s, struct str bytes)
{
	if (s->phase == SMTP_PHASE_CLOSED || bytes.n == 0)
		return true;
	if (s->phase == SMTP_PHASE_TLS) {
		/* Plain text behind our 220: injected by somebody between. */
		smtp_server_close(s);
		return true;
	}
	s->early |= s->phase == SMTP_PHASE_CONNECT;
	buf_consume(&s->in, s->in_at);
	s->in_at = 0;
	buf_add_str(&s->in, bytes);
	assert(s->in.n >= bytes.n);
	return smtp_server_wants_input(s);
}

void smtp_server_spoke_early(struct smtp_server *s)
{
	assert(s->phase == SMTP_PHASE_CONNECT && !s->event_due);
	s->early = true;
}

static void connect_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	assert(s->phase == SMTP_PHASE_CONNECT && s->commands == 0);
	s->phase = SMTP_PHASE_COMMAND;
	if (answer->code == 220) {
		smtp_server_greet(s, answer);
	} else {
		s->refused = true;
		smtp_server_pass_on(s, answer, "");
	}
}

static bool tell_close(struct smtp_server *s)
{
	if (s->close_told)
		return false;
	assert(s->in_at == s->in.n);
	s->close_told = true;
	s->event.quit = s->quit;
	smtp_server_tell(s, SMTP_SERVER_CLOSE);
	return true;
}

/* One step of the session; false if it waits for input. */
static bool step(struct smtp_server *s)
{
	switch (s->phase) {
	case SMTP_PHASE_CONNECT:
		smtp_server_ask(s, SMTP_SERVER_CONNECT, connect_decided);
		return true;
	case SMTP_PHASE_COMMAND: return smtp_server_command(s);
	case SMTP_PHASE_LONG_LINE: return smtp_server_skip_line(s);
	case SMTP_PHASE_AUTH: return smtp_server_auth_step(s);
	case SMTP_PHASE_DATA: return smtp_server_data_step(s);
	case SMTP_PHASE_CHUNK: return smtp_server_chunk_step(s);
	case SMTP_PHASE_TLS: return false;
	case SMTP_PHASE_CLOSED: return tell_close(s);
	}
	return false;
}

/* A client that says nothing costs no buffer, whatever it has said before. */
static void give_back_input(struct smtp_server *s)
{
	if (s->in_at < s->in.n)
		return;
	buf_fini(&s->in);
	s->in_at = s->scanned = 0;
}

bool smtp_server_next(struct smtp_server *s, struct smtp_server_event *event)
{
	for (;;) {
		check_session(s);
		check_transaction(s);
		if (s->abort_due) {
			s->abort_due = false;
			*event = (struct smtp_server_event){ .type = SMTP_SERVER_ABORT };
			return true;
		}
		if (s->sasl_end_due) {
			s->sasl_end_due = false;
			*event = (struct smtp_server_event){ .type = SMTP_SERVER_SASL_END };
			return true;
		}
		if (s->event_due) {
			s->event_due = false;
			*event = s->event;
			s->event = (struct smtp_server_event){ 0 };
			return true;
		}
		if (s->decided || !step(s)) {
			give_back_input(s);
			return false;
		}
	}
}

void smtp_server_tell(struct smtp_server *s, enum smtp_server_event_type type)
{
	assert(!s->event_due && !s->decided);
	s->event.type = type;
	s->event_due = true;
}

void smtp_server_ask(struct smtp_server *s, enum smtp_server_event_type type,
                     void (*decided)(struct smtp_server *s, const struct smtp_answer *answer))
{
	smtp_server_tell(s, type);
	s->decided = decided;
}

void smtp_server_reply(struct smtp_server *s, int code, const char *enhanced, const char *text)
{
	assert(code >= 200 && code <= 599);
	if (s->phase == SMTP_PHASE_CLOSED)
		return;
	assert(s->decided && !s->event_due);
	const struct smtp_answer answer = { code, enhanced, text };
	void (*decided)(struct smtp_server *, const struct smtp_answer *) = s->decided;
	s->decided = NULL;
	decided(s, &answer);
	check_session(s);
	check_transaction(s);
}

void smtp_server_shutdown(struct smtp_server *s, const char *enhanced, const char *text)
{
	if (s->phase == SMTP_PHASE_TLS)
		smtp_server_close(s);  /* no clear text into a handshake */
	else if (s->phase != SMTP_PHASE_CLOSED)
		smtp_server_say(s, 421, enhanced, text);
}

void smtp_server_close(struct smtp_server *s)
{
	smtp_server_reset(s);
	smtp_server_auth_forget(s);
	s->phase = SMTP_PHASE_CLOSED;
	s->decided = NULL;
	s->event_due = false;
	s->in_at = s->in.n;
	s->scanned = 0;
	assert(!s->text.open && !s->auth);
}

void smtp_server_reset(struct smtp_server *s)
{
	if (s->text.open)
		s->abort_due = true;
	s->text = (struct smtp_text){ 0 };
	s->in_mail = s->utf8 = s->chunked = false;
	s->recipients = s->replies_left = 0;
	assert(s->text.bytes == 0);
}

void smtp_server_tls_started(struct smtp_server *s)
{
	if (s->phase == SMTP_PHASE_CLOSED)
		return;
	assert(s->phase == SMTP_PHASE_TLS || s->phase == SMTP_PHASE_CONNECT);
	if (s->phase == SMTP_PHASE_TLS)
		s->phase = SMTP_PHASE_COMMAND;
	s->tls = true;
	/* RFC 3207 4.2: nothing the client said in clear counts. */
	s->said_helo = s->esmtp = s->authenticated = false;
	s->login_bytes = 0;
	assert(!s->in_mail);
}

/* RFC 3848 section 1, RFC 6531 section 4.3; HELO has no extensions to tell of. */
static const char *protocol(const struct smtp_server *s)
{
	static const char *const names[2][2][4] = {
		{ { "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA" },
		  { "UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA" } },
		{ { "LMTP", "LMTPA", "LMTPS", "LMTPSA" },
		  { "UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA" } },
	};
	if (!s->esmtp && !s->options.lmtp)
		return "SMTP";
	return names[s->options.lmtp][s->utf8][s->tls * 2 + s->authenticated];
}

struct smtp_server_state smtp_server_state(const struct smtp_server *s)
{
	check_session(s);
	check_transaction(s);
	return (struct smtp_server_state){
		.tls = s->tls, .esmtp = s->esmtp, .lmtp = s->options.lmtp, .smtputf8 = s->utf8,
		.early = s->early,
		.login = { s->login, s->login_bytes }, .recipients = s->recipients,
		.protocol = protocol(s),
	};
}

enum { ENHANCED_MAX = 11 };              /* "5.999.999" (RFC 3463 2), and two more */

/* `250-2.1.5 text`: cut to what fits a line; gives how much of the text did. */
static size_t say_piece(struct smtp_server *s, int code, const char *enhanced, struct str text,
                        bool last_line)
{
	const size_t start = s->out.n;
	const char begin[] = { (char)('0' + code / 100), (char)('0' + code / 10 % 10),
	                       (char)('0' + code % 10), '-' };
	buf_add(&s->out, begin, sizeof(begin));
	if (*enhanced) {
		buf_add(&s->out, enhanced, strnlen(enhanced, ENHANCED_MAX));
		buf_add_byte(&s->out, ' ');
	}
	assert(s->out.n - start < REPLY_LINE_MAX / 2);
	size_t room = REPLY_LINE_MAX - 2 - (s->out.n - start);
	size_t n = text.n < room ? text.n : room;
	buf_add(&s->out, text.p, n);
	for (size_t i = s->out.n - n; i < s->out.n; i++)
		if (!ascii_isprint((unsigned char)s->out.p[i]))
			s->out.p[i] = '?';
	if (last_line && n == text.n)
		s->out.p[start + 3] = ' ';
	buf_add_cstr(&s->out, "\r\n");
	assert(s->out.n - start <= REPLY_LINE_MAX && n <= text.n);
	return n;
}

static void say_lines(struct smtp_server *s, int code, const char *enhanced, struct str text)
{
	bool last;
	assert(code >= 200 && code <= 599);
	do {
		size_t length = str_find(text, '\n');
		last = length == SIZE_MAX;
		struct str line = { text.p, last ? text.n : length };
		do {
			line = str_from(line, say_piece(s, code, enhanced, line, last));
		} while (line.n);
		text = str_from(text, last ? text.n : length + 1);
	} while (!last);
}

static void close_after_reply(struct smtp_server *s, int code)
{
	if (s->phase == SMTP_PHASE_CLOSED)
		return;
	if (code >= 400 && code != 421 && ++s->errors >= s->options.limits.errors) {
		say_lines(s, 421, "4.7.0", STR("Too many errors"));
		code = 421;
	}
	if (code == 421)
		smtp_server_close(s);
}

void smtp_server_say(struct smtp_server *s, int code, const char *enhanced, const char *text)
{
	say_lines(s, code, enhanced && code / 100 != 3 ? enhanced : "", str_of(text ? text : ""));
	close_after_reply(s, code);
}

void smtp_server_refuse(struct smtp_server *s, const struct smtp_answer *refusal)
{
	smtp_server_say(s, refusal->code, refusal->enhanced, refusal->text);
}

void smtp_server_pass_on(struct smtp_server *s, const struct smtp_answer *answer,
                         const char *enhanced_ok)
{
	const char *enhanced = answer->enhanced;
	if (!enhanced && answer->code < 400)
		enhanced = enhanced_ok;
	else if (!enhanced)
		enhanced = answer->code < 500 ? "4.0.0" : "5.0.0";
	smtp_server_say(s, answer->code, enhanced, answer->text);
}

void smtp_server_greet(struct smtp_server *s, const struct smtp_answer *answer)
{
	struct buf line = { 0 };
	assert(answer->code < 300);
	const char *text = answer->text ? answer->text : s->options.greeting;
	buf_printf(&line, "%s%s%s", s->options.hostname, *text ? " " : "", text);
	say_lines(s, answer->code, "", buf_str(&line));
	buf_fini(&line);
}

struct str smtp_server_output(const struct smtp_server *s)
{
	return s->out.n ? buf_str(&s->out) : STR("");
}

void smtp_server_output_sent(struct smtp_server *s, size_t n)
{
	assert(n <= s->out.n);
	buf_consume(&s->out, n);
	if (s->out.n > 0)
		return;
	buf_fini(&s->out);
}

int64_t smtp_server_timeout_ms(const struct smtp_server *s)
{
	/* Once closed, only our own output has to go. */
	return s->phase == SMTP_PHASE_CLOSED ? 10000 : 300000;
}
