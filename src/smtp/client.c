/* SPDX-License-Identifier: ISC
 *
 * The SMTP client engine: a queue of what is awaited, the bytes to send, and
 * around reply.c what the replies mean for the session itself.
 */
#include "smtp/client-private.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
	COMMAND_MAX = 2048,
	SERVER_NAME_MAX = 255,
	UNASKED_MAX = 16,              /* replies out of the blue, then the session is broken */
};

struct awaited {
	enum smtp_verb verb;
	uint32_t tag;
};

struct smtp_client {
	struct smtp_client_limits limits;
	struct buf out;
	struct buf in;
	size_t in_at;
	struct smtp_reply_reader reader;

	struct awaited *queue;         /* a ring of queue_size, a power of two */
	size_t queue_size, queue_first, queue_count;

	size_t received_bytes;
	unsigned unasked;
	unsigned extensions;
	char server_name[SERVER_NAME_MAX + 1];
	const char *broken;            /* why; NULL while all is well */
	bool broken_told;
	bool tls_awaited;              /* STARTTLS was granted */
	bool injected;
};

static const char *const verb_names[] = {
	[SMTP_BANNER] = "banner", [SMTP_EHLO] = "EHLO", [SMTP_HELO] = "HELO",
	[SMTP_MAIL] = "MAIL", [SMTP_RCPT] = "RCPT", [SMTP_DATA] = "DATA",
	[SMTP_MESSAGE] = "message", [SMTP_BDAT] = "BDAT", [SMTP_RSET] = "RSET",
	[SMTP_QUIT] = "QUIT", [SMTP_STARTTLS] = "STARTTLS", [SMTP_AUTH] = "AUTH",
	[SMTP_XCLIENT] = "XCLIENT", [SMTP_NOOP] = "NOOP", [SMTP_OTHER] = "other",
};

const char *smtp_verb_name(enum smtp_verb verb)
{
	assert((size_t)verb < sizeof(verb_names) / sizeof(verb_names[0]));
	return verb_names[verb];
}

static void set_default(size_t *value, size_t standard)
{
	if (*value == 0)
		*value = standard;
}

static void await(struct smtp_client *c, enum smtp_verb verb, uint32_t tag)
{
	if (c->queue_count == c->queue_size) {
		struct awaited *wider = mem_array(c->queue_size * 2, sizeof(*wider));
		for (size_t i = 0; i < c->queue_count; i++)
			wider[i] = c->queue[(c->queue_first + i) & (c->queue_size - 1)];
		free(c->queue);
		c->queue = wider;
		c->queue_first = 0;
		c->queue_size *= 2;
	}
	size_t at = (c->queue_first + c->queue_count++) & (c->queue_size - 1);
	c->queue[at] = (struct awaited){ verb, tag };
}

struct smtp_client *smtp_client_create(const struct smtp_client_limits *limits)
{
	struct smtp_client *c = mem_zalloc(sizeof(*c));
	if (limits)
		c->limits = *limits;
	set_default(&c->limits.line_bytes, 512);
	set_default(&c->limits.reply_bytes, 4096);
	set_default(&c->limits.reply_lines, 256);
	set_default(&c->limits.session_bytes, 1048576);
	c->reader.limits = c->limits;
	c->queue_size = 64;
	c->queue = mem_array(c->queue_size, sizeof(*c->queue));
	await(c, SMTP_BANNER, 0);
	return c;
}

void smtp_client_destroy(struct smtp_client *c)
{
	if (!c)
		return;
	smtp_reply_reader_fini(&c->reader);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c->queue);
	free(c);
}

static bool is_one_line(struct str s)
{
	return !memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) && !memchr(s.p, '\0', s.n);
}

int smtp_client_command(struct smtp_client *c, enum smtp_verb verb, uint32_t tag, struct str line)
{
	if (line.n == 0 || line.n > COMMAND_MAX || !is_one_line(line))
		return ERR_INVALID;
	buf_add_str(&c->out, line);
	buf_add(&c->out, "\r\n", 2);
	await(c, verb, tag);
	return ERR_OK;
}

/* Cuts a line off at CRLF, CR or LF. */
static struct str cut_line(struct str *rest)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] != '\r' && rest->p[n] != '\n')
		n++;
	struct str line = { rest->p, n };
	bool crlf = n + 1 < rest->n && rest->p[n] == '\r' && rest->p[n + 1] == '\n';
	*rest = str_from(*rest, n + (crlf ? 2 : 1));
	return line;
}

static void add_lines(struct buf *out, struct str message, bool stuff_dots)
{
	while (message.n) {
		struct str line = cut_line(&message);
		if (stuff_dots && line.n && line.p[0] == '.')
			buf_add_byte(out, '.');
		buf_add_str(out, line);
		buf_add(out, "\r\n", 2);
	}
}

void smtp_client_message(struct smtp_client *c, uint32_t tag, struct str message)
{
	add_lines(&c->out, message, true);
	buf_add_cstr(&c->out, ".\r\n");
	await(c, SMTP_MESSAGE, tag);
}

void smtp_client_bdat(struct smtp_client *c, uint32_t tag, struct str message)
{
	struct buf lines = { 0 };
	add_lines(&lines, message, false);
	buf_printf(&c->out, "BDAT %zu LAST\r\n", lines.n);
	buf_add_str(&c->out, buf_str(&lines));
	buf_fini(&lines);
	await(c, SMTP_BDAT, tag);
}

void smtp_client_preamble(struct smtp_client *c, struct str bytes)
{
	buf_add_str(&c->out, bytes);
}

void smtp_client_input(struct smtp_client *c, struct str bytes)
{
	if (c->broken || bytes.n == 0)
		return;
	if (c->tls_awaited) {
		c->injected = true;
		return;
	}
	c->received_bytes += bytes.n;
	if (c->received_bytes > c->limits.session_bytes) {
		c->broken = "the server sends too much";
		return;
	}
	if (c->in_at == c->in.n)
		buf_clear(&c->in);
	else
		buf_consume(&c->in, c->in_at);
	c->in_at = 0;
	buf_add_str(&c->in, bytes);
}

/* The name is shown and looked up, so it must be one word of plain characters. */
static void keep_server_name(struct smtp_client *c, struct str text)
{
	size_t n = 0;
	c->server_name[0] = '\0';
	while (n < text.n && text.p[n] != ' ' && text.p[n] != '\t' && text.p[n] != '\n')
		if (!ascii_isprint((unsigned char)text.p[n++]) || n > SERVER_NAME_MAX)
			return;
	str_copy(c->server_name, sizeof(c->server_name), (struct str){ text.p, n });
}

static void learn(struct smtp_client *c, const struct smtp_client_event *event)
{
	const struct smtp_reply *reply = &event->reply;
	if (event->verb == SMTP_EHLO || event->verb == SMTP_HELO)
		c->extensions = 0;
	if (!smtp_reply_ok(reply))
		return;
	switch (event->verb) {
	case SMTP_EHLO:
		c->extensions = smtp_extensions_parse(reply->text);
		keep_server_name(c, reply->text);
		break;
	case SMTP_HELO:
	case SMTP_BANNER:
		keep_server_name(c, reply->text);
		break;
	case SMTP_STARTTLS:
		/* From here on only TLS may come. */
		c->tls_awaited = true;
		c->injected = c->in_at < c->in.n;
		c->in_at = c->in.n;
		break;
	default:
		break;
	}
}

static bool tell_broken(struct smtp_client *c, struct smtp_client_event *event)
{
	if (c->broken_told)
		return false;
	c->broken_told = true;
	*event = (struct smtp_client_event){ .type = SMTP_CLIENT_BROKEN,
	                                     .verb = smtp_client_awaiting(c),
	                                     .text = str_of(c->broken) };
	return true;
}

/* Says what the reply answers. */
static void match(struct smtp_client *c, struct smtp_client_event *event)
{
	if (c->queue_count > 0) {
		const struct awaited *a = &c->queue[c->queue_first];
		event->verb = a->verb;
		event->tag = a->tag;
		c->queue_first = (c->queue_first + 1) & (c->queue_size - 1);
		c->queue_count--;
		return;
	}
	event->verb = SMTP_OTHER;
	event->tag = SMTP_TAG_UNASKED;
	c->reader.notes |= SMTP_NOTE_UNASKED;
	if (++c->unasked > UNASKED_MAX)
		c->broken = "the server answers what nobody asked";
}

bool smtp_client_next(struct smtp_client *c, struct smtp_client_event *event)
{
	if (c->broken)
		return tell_broken(c, event);
	if (c->in_at == c->in.n)
		return false;
	*event = (struct smtp_client_event){ .type = SMTP_CLIENT_REPLY };
	enum smtp_verb verb = smtp_client_awaiting(c);
	c->reader.plain = verb == SMTP_BANNER || verb == SMTP_EHLO || verb == SMTP_HELO;
	struct str in = { c->in.p + c->in_at, c->in.n - c->in_at };
	int e = smtp_reply_read(&c->reader, &in, &event->reply);
	c->in_at = c->in.n - in.n;
	if (e == ERR_AGAIN)
		return false;
	if (e != ERR_OK) {
		c->broken = e == ERR_LIMIT ? "a reply has too many lines" :
		                             "the server does not speak SMTP";
		return tell_broken(c, event);
	}
	match(c, event);
	learn(c, event);
	return true;
}

struct str smtp_client_output(const struct smtp_client *c)
{
	return c->out.n ? buf_str(&c->out) : STR("");
}

void smtp_client_output_sent(struct smtp_client *c, size_t n)
{
	buf_consume(&c->out, n);
}

unsigned smtp_client_outstanding(const struct smtp_client *c)
{
	return (unsigned)c->queue_count;
}

enum smtp_verb smtp_client_awaiting(const struct smtp_client *c)
{
	return c->queue_count ? c->queue[c->queue_first].verb : SMTP_OTHER;
}

unsigned smtp_client_extensions(const struct smtp_client *c) { return c->extensions; }
unsigned smtp_client_notes(const struct smtp_client *c) { return c->reader.notes; }
const char *smtp_client_server_name(const struct smtp_client *c) { return c->server_name; }

void smtp_client_tls_started(struct smtp_client *c)
{
	c->tls_awaited = false;
	c->extensions = 0;
	/* What was sent behind STARTTLS in clear gets no answer. */
	c->queue_count = 0;
}

bool smtp_client_injected(const struct smtp_client *c) { return c->injected; }

int64_t smtp_client_timeout_ms(const struct smtp_client *c)
{
	enum { MINUTE = 60000 };
	switch (smtp_client_awaiting(c)) {
	case SMTP_DATA: return 2 * MINUTE;
	case SMTP_MESSAGE:
	case SMTP_BDAT:
		/* While the message still goes out, 3 minutes a block; then 10. */
		return c->out.n ? 3 * MINUTE : 10 * MINUTE;
	default: return 5 * MINUTE;
	}
}
