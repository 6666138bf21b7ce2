/* SPDX-License-Identifier: ISC
 *
 * The SMTP server. Input: a byte of options, a byte of limits, a byte that counts
 * the policy's answers, the answers (a byte each), then what the client sends.
 * It is run twice, cut into different pieces and answered at once or late: both
 * runs must tell and say the same (but for STARTTLS, where the pieces matter), and
 * each must keep the engine's promises.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "smtp/server.h"

#include <assert.h>
#include <stdlib.h>

struct run {
	const struct smtp_server_options *options;
	struct smtp_server *server;
	const uint8_t *answers;
	size_t answers_left;
	struct buf out, events;
	enum smtp_server_event_type asked;
	bool owed, late, closed;
	unsigned replies;              /* owed to a message */
	bool exchange, logged_in;      /* an AUTH exchange goes on; one came to its end */
	/* what the engine should know of the transaction */
	bool in_mail, has_rcpt, open;
	char last_byte;                /* of the message */
	size_t text_bytes, line_bytes, text_at;
	bool in_text;
};

static bool asks(enum smtp_server_event_type type)
{
	return type != SMTP_SERVER_TEXT && type != SMTP_SERVER_ABORT &&
	       type != SMTP_SERVER_STARTTLS && type != SMTP_SERVER_SASL_END &&
	       type != SMTP_SERVER_CLOSE;
}

static int yes_code(enum smtp_server_event_type type)
{
	switch (type) {
	case SMTP_SERVER_CONNECT:
	case SMTP_SERVER_XCLIENT: return 220;
	case SMTP_SERVER_DATA: return 354;
	case SMTP_SERVER_AUTH:
	case SMTP_SERVER_SASL: return 235;
	case SMTP_SERVER_UNKNOWN: return 500;
	default: return 250;
	}
}

/* True: the exchange goes on. */
static bool answer_login(struct run *r, int code, uint8_t b)
{
	static const char challenge[] = "r=\0\xff\r\n,s=c2FsdA==,i=4096";
	size_t n = (b >> 3) % sizeof(challenge);
	if (r->asked == SMTP_SERVER_SASL && code == 235 && b & 8) {
		smtp_server_challenge(r->server, (struct str){ n ? challenge : NULL, n });
		return true;
	}
	if (code == 235 && (r->asked == SMTP_SERVER_SASL || b & 16))
		smtp_server_login(r->server, STR("a name"));
	r->logged_in |= code == 235;
	r->exchange = false;
	return false;
}

static void answer(struct run *r)
{
	static const char *const texts[] = {
		"OK", "", NULL, "two\nlines", "bad \r\x01\xff bytes\n", "x",
	};
	static const char *const enhanced[] = { NULL, "", "5.7.1", "4.7.1" };
	static const int codes[] = { 0, 0, 0, 0, 450, 550, 554, 421 };
	uint8_t b = 0;
	if (r->answers_left > 0) {
		b = *r->answers++;
		r->answers_left--;
	}
	int code = codes[b & 7] ? codes[b & 7] : yes_code(r->asked);
	if (code < 400 && r->asked == SMTP_SERVER_MAIL)
		r->in_mail = true, r->has_rcpt = false;
	if (code < 400 && r->asked == SMTP_SERVER_RCPT)
		r->has_rcpt = true;
	if (code == 220 && r->asked == SMTP_SERVER_XCLIENT)
		r->logged_in = false;
	if (code < 400 && r->asked == SMTP_SERVER_DATA) {
		r->open = true;
		r->last_byte = '\0';
		r->text_bytes = r->line_bytes = 0;
	}
	r->owed = r->replies > 1;
	r->replies -= r->owed;
	bool login = r->asked == SMTP_SERVER_SASL || r->asked == SMTP_SERVER_AUTH;
	if (login && answer_login(r, code, b))
		return;
	smtp_server_reply(r->server, code, enhanced[b >> 3 & 3], texts[(b >> 5) % 6]);
}

/* The message holds no bare CR or LF, or it would not come to its end. */
static void check_text(struct run *r, struct str text)
{
	assert(r->open && text.n > 0);
	r->text_bytes += text.n;
	assert(r->text_bytes <= r->options->limits.message_bytes);
	for (size_t i = 0; i < text.n; i++) {
		assert((r->last_byte == '\r') == (text.p[i] == '\n'));
		r->line_bytes = text.p[i] == '\n' ? 0 : r->line_bytes + (text.p[i] != '\r');
		assert(r->line_bytes <= r->options->limits.text_line_bytes);
		assert(text.p[i] != '\0' || r->options->nul_ok);
		r->last_byte = text.p[i];
	}
}

static void check_login(struct run *r, const struct smtp_server_event *ev)
{
	bool sasl = ev->type == SMTP_SERVER_SASL;
	assert(!r->open && !r->logged_in && smtp_server_state(r->server).login.n == 0);
	if (ev->type == SMTP_SERVER_SASL_END) {
		assert(r->exchange);
		r->exchange = false;
	} else if (sasl) {
		assert(ev->first == !r->exchange && ev->mechanism.n > 0);
		assert(ev->said || (ev->first && ev->text.n == 0));
		assert(smtp_server_state(r->server).tls || !str_casesuffix(ev->mechanism,
		                                                           STR("-PLUS")));
		r->exchange = true;
	} else {
		assert(ev->user.n > 0 && ev->user.n <= 255 && ev->password.n > 0 &&
		       ev->password.n <= 255);
	}
}

static void check_order(struct run *r, const struct smtp_server_event *ev)
{
	/* What is owed to a session that has ended is owed no more. */
	assert(!r->closed && (!r->owed || ev->type == SMTP_SERVER_CLOSE));
	switch (ev->type) {
	case SMTP_SERVER_TEXT: check_text(r, ev->text); break;
	case SMTP_SERVER_RCPT: assert(r->in_mail && !r->open); break;
	case SMTP_SERVER_DATA: assert(r->in_mail && r->has_rcpt && !r->open); break;
	case SMTP_SERVER_MESSAGE:
		assert(r->open && r->last_byte != '\r');
		assert(ev->replies == (r->options->lmtp ? smtp_server_state(r->server).recipients
		                                        : 1));
		r->open = r->in_mail = false;
		break;
	case SMTP_SERVER_ABORT:
		assert(r->open);
		r->open = r->in_mail = false;
		break;
	case SMTP_SERVER_CLOSE:
		assert(!r->open);
		r->closed = true;
		break;
	case SMTP_SERVER_UNKNOWN: break;          /* between two chunks */
	default: assert(!r->open); break;
	}
	if (ev->type == SMTP_SERVER_MAIL || ev->type == SMTP_SERVER_RCPT) {
		assert(ev->path && ev->path->local.n <= MAIL_LOCAL_MAX);
		assert(r->options->lax_paths || ev->path->text.p[0] == '<');
	}
	if (ev->type == SMTP_SERVER_AUTH || ev->type == SMTP_SERVER_SASL ||
	    ev->type == SMTP_SERVER_SASL_END)
		check_login(r, ev);
	else
		assert(!r->exchange);
}

/* What it stands for could stand in a header field. */
static void check_xtext(struct str s)
{
	struct buf plain = { 0 };
	bool good = smtp_xtext_decode(s, &plain);
	assert(good && plain.n <= s.n);
	for (size_t i = 0; i < plain.n; i++)
		assert(ascii_isprint((unsigned char)plain.p[i]));
	buf_fini(&plain);
}

static void log_mail(struct run *r, const struct smtp_mail_params *p)
{
	assert(p->has_size || p->size == 0);
	assert(r->options->offer_dsn || (!p->ret && p->envid.n == 0));
	assert(r->options->offer_smtputf8 || !p->smtputf8);
	buf_printf(&r->events, " %zu %d %d %d ", (size_t)p->size, p->body, p->smtputf8, p->ret);
	buf_add_str(&r->events, p->envid);
	buf_add_str(&r->events, p->auth);
	check_xtext(p->envid);
}

static void log_rcpt(struct run *r, const struct smtp_rcpt_params *p)
{
	assert(r->options->offer_dsn || (!p->notify && p->orcpt.n == 0));
	assert(!(p->notify & SMTP_NOTIFY_NEVER) || p->notify == SMTP_NOTIFY_NEVER);
	buf_printf(&r->events, " %u ", p->notify);
	buf_add_str(&r->events, p->orcpt_type);
	buf_add_str(&r->events, p->orcpt);
	check_xtext(p->orcpt);
}

static void log_event_text(struct run *r, const struct smtp_server_event *ev)
{
	if (ev->type == SMTP_SERVER_TEXT) {
		if (!r->in_text)
			r->text_at = r->events.n;
		r->in_text = true;
		buf_add_str(&r->events, ev->text);
		return;
	}
	/* How much of a lost message was seen depends on the pieces. */
	if (r->in_text && ev->type == SMTP_SERVER_ABORT)
		r->events.n = r->text_at;
	r->in_text = false;
	buf_printf(&r->events, "\n%d %d %u ", ev->type, ev->esmtp, ev->replies);
	if (ev->path)
		buf_add_str(&r->events, ev->path->text);
	if (ev->mail)
		log_mail(r, ev->mail);
	if (ev->rcpt)
		log_rcpt(r, ev->rcpt);
	buf_add_str(&r->events, ev->text);
	buf_printf(&r->events, "%d %d ", ev->first, ev->said);
	buf_add_str(&r->events, ev->mechanism);
	buf_add_str(&r->events, ev->user);
	buf_add_str(&r->events, ev->password);
}

static void pump(struct run *r)
{
	struct smtp_server_event ev;
	while (smtp_server_next(r->server, &ev)) {
		check_order(r, &ev);
		log_event_text(r, &ev);
		r->asked = ev.type;
		r->owed = asks(ev.type);
		if (ev.type == SMTP_SERVER_STARTTLS) {
			smtp_server_tls_started(r->server);
			r->in_mail = r->has_rcpt = r->logged_in = false;
		}
		r->replies = ev.replies;
		while (r->owed && !r->late)
			answer(r);
	}
	struct str out = smtp_server_output(r->server);
	buf_add_str(&r->out, out);
	smtp_server_output_sent(r->server, out.n);
}

static void check_output(struct str out)
{
	while (out.n) {
		size_t lf = str_find(out, '\n');
		assert(lf != SIZE_MAX && lf >= 4 && lf < 512 && out.p[lf - 1] == '\r');
		assert(out.p[0] >= '2' && out.p[0] <= '5');
		assert(out.p[3] == ' ' || out.p[3] == '-');
		/* A line that says that another follows is followed by one of its code. */
		if (out.p[3] == '-')
			assert(out.n > lf + 4 && memcmp(out.p, out.p + lf + 1, 3) == 0);
		for (size_t i = 0; i + 1 < lf; i++)
			assert(ascii_isprint((unsigned char)out.p[i]));
		out = str_from(out, lf + 1);
	}
}

static void run_once(struct run *r, struct str input, size_t piece)
{
	r->server = smtp_server_create(r->options);
	pump(r);
	while (input.n) {
		size_t n = piece < input.n ? piece : input.n;
		char *copy = mem_strndup(input.p, n);
		smtp_server_input(r->server, (struct str){ copy, n });
		free(copy);
		input = str_from(input, n);
		if (r->owed)
			answer(r);
		pump(r);
		piece = piece * 3 % 61 + 1;
	}
	while (r->owed) {
		answer(r);
		pump(r);
	}
	assert(smtp_server_wants_input(r->server));
	assert(smtp_server_timeout_ms(r->server) > 0);
	smtp_server_shutdown(r->server, "4.4.2", "End");
	pump(r);
	assert(r->closed);
	check_output(buf_str(&r->out));
	smtp_server_destroy(r->server);
}

static void run_fini(struct run *r)
{
	buf_fini(&r->out);
	buf_fini(&r->events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || size < 3u + data[2])
		return 0;
	uint8_t o = data[0], l = data[1];
	const struct smtp_server_options options = {
		.hostname = "mx.test",
		.offer_starttls = o & 1, .offer_auth_plain = o & 2, .auth_in_clear = o & 2,
		.offer_smtputf8 = o & 4, .offer_xclient = o & 8, .lax_paths = o & 16,
		.sasl = o & 2 ? "X-BIND-PLUS X-STEPS" : NULL, .nul_ok = o & 128,
		.offer_limits = o & 8, .no_chunking = o & 32, .no_ehlo = o & 64,
		.no_pipelining = o & 128,
		.lmtp = (o & 96) == 96, .offer_dsn = !(o & 16),
		.limits = {
			.line_bytes = l & 1 ? 40 : 2048,
			.text_line_bytes = l & 2 ? 20 : 1000,
			.message_bytes = l & 4 ? 50 : 100000,
			.recipients = l & 8 ? 2 : 0, .errors = l & 16 ? 3 : 100,
			.commands = l & 32 ? 10 : 0, .transactions = l & 64 ? 2 : 0,
		},
	};
	struct run a = { .options = &options, .answers = data + 3, .answers_left = data[2] };
	struct run b = a;
	struct str input = { (const char *)data + 3 + data[2], size - 3 - data[2] };
	b.late = true;
	run_once(&a, input, SIZE_MAX);
	run_once(&b, input, 1 + (l >> 7) * 4);
	if (!options.offer_starttls) {
		assert(str_eq(buf_str(&a.out), buf_str(&b.out)));
		assert(str_eq(buf_str(&a.events), buf_str(&b.events)));
	}
	run_fini(&a);
	run_fini(&b);
	return 0;
}
