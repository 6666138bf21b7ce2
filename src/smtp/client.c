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
	AUTH_LINE_MAX = 12286,         /* and CRLF: 12288 octets (RFC 4954 4) */
	SERVER_NAME_MAX = 255,
	UNASKED_MAX = 16,              /* replies out of the blue, then the session is broken */
};

struct awaited {
	enum smtp_verb verb;
	uint32_t tag;
};

/* Lines of a message on their way: what ended the last piece. */
struct stuffing {
	bool in_line, cr;
};

struct smtp_client {
	struct smtp_client_limits limits;
	struct buf out;
	struct buf in;
	size_t in_at;
	struct smtp_reply_reader reader;

	struct smtp_source source;     /* of the message that goes out; pull NULL: none does */
	struct stuffing stuffing;
	struct buf behind;             /* what goes out behind it */

	uint32_t *accepted;            /* LMTP: tags of the RCPTs, in the order of their replies */
	size_t accepted_count, accepted_size;
	size_t answered;               /* of them, as the message's replies come */

	struct awaited *queue;         /* a ring of queue_size, a power of two */
	size_t queue_size, queue_first, queue_count;

	size_t received_bytes;
	unsigned replies, unasked;
	struct smtp_offer offer;
	char server_name[SERVER_NAME_MAX + 1];
	const char *broken;            /* why; NULL while all is well */
	bool broken_told, cut;
	bool tls_awaited;              /* STARTTLS was granted */
	bool in_text;                  /* a 3xx came, and not all of the message is queued */
	bool farewell, left;           /* 421 came; QUIT was said */
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

bool smtp_reply_unknown(const struct smtp_reply *r)
{
	return r->code == 500 || r->code == 501 || r->code == 502 || r->code == 504;
}

/* What holds between any two calls, whatever the server sent. smtp_client_next() asks it first:
 * it is called until it has nothing, and so looks at what it left itself. */
static void check_client(const struct smtp_client *c)
{
	assert(c->in_at <= c->in.n);
	assert(c->queue_count <= c->queue_size && c->queue_first < c->queue_size);
	assert((c->queue_size & (c->queue_size - 1)) == 0);
	assert(c->answered <= c->accepted_count && c->accepted_count <= c->accepted_size);
	assert(c->limits.lmtp || c->accepted_count == 0);
	assert(c->behind.n == 0 || c->source.pull != NULL);
	assert(c->broken != NULL || (!c->broken_told && !c->cut));
	assert(c->unasked <= UNASKED_MAX + 1);
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
	assert(c->queue_count <= c->queue_size && at < c->queue_size);
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
	buf_fini(&c->behind);
	free(c->accepted);
	free(c->queue);
	free(c);
}

static bool is_one_line(struct str s)
{
	return !memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) && !memchr(s.p, '\0', s.n);
}

/* Where what comes next belongs. */
static struct buf *pending_out(struct smtp_client *c)
{
	return c->source.pull ? &c->behind : &c->out;
}

int smtp_client_command(struct smtp_client *c, enum smtp_verb verb, uint32_t tag, struct str line)
{
	size_t most = verb == SMTP_AUTH ? AUTH_LINE_MAX : COMMAND_MAX;
	if ((line.n == 0 && verb != SMTP_AUTH) || line.n > most || !is_one_line(line))
		return ERR_INVALID;
	struct buf *out = pending_out(c);
	buf_add_str(out, line);
	buf_add(out, "\r\n", 2);
	c->left = c->left || verb == SMTP_QUIT;
	await(c, verb, tag);
	return ERR_OK;
}

/* Whether a line that is sent now would be read as one of a command. */
static bool may_command(const struct smtp_client *c)
{
	if (c->in_text || c->source.pull || c->tls_awaited)
		return false;
	for (size_t i = 0; i < c->queue_count; i++) {
		enum smtp_verb verb = c->queue[(c->queue_first + i) & (c->queue_size - 1)].verb;
		if (verb == SMTP_BANNER || verb == SMTP_DATA || verb == SMTP_AUTH ||
		    verb == SMTP_STARTTLS)
			return false;
	}
	return true;
}

bool smtp_client_leave(struct smtp_client *c)
{
	bool no_smtp = c->broken && c->reader.notes & SMTP_NOTE_GARBAGE;
	check_client(c);
	if (c->left || c->farewell || no_smtp || !may_command(c))
		return false;
	int e = smtp_client_command(c, SMTP_QUIT, 0, STR("QUIT"));
	assert(e == ERR_OK && c->left);
	return true;
}

/* ---- messages ------------------------------------------------------------------- */

/* Up to the next end of a line. */
static struct str line_part(struct str rest)
{
	size_t n = 0;
	while (n < rest.n && rest.p[n] != '\r' && rest.p[n] != '\n')
		n++;
	return (struct str){ rest.p, n };
}

/* One piece of a message: every CRLF, CR or LF ends a line and becomes CRLF, dots at the start of
 * a line are doubled if `dots`. Where it is cut into pieces makes no difference. */
static void add_piece(struct stuffing *st, struct buf *out, struct str piece, bool dots)
{
	while (piece.n) {
		struct str line = line_part(piece);
		if (line.n) {
			if (dots && line.p[0] == '.' && !st->in_line)
				buf_add_byte(out, '.');
			buf_add_str(out, line);
			*st = (struct stuffing){ .in_line = true };
			piece = str_from(piece, line.n);
			continue;
		}
		bool second = st->cr && piece.p[0] == '\n';
		if (!second)
			buf_add(out, "\r\n", 2);
		*st = (struct stuffing){ .cr = piece.p[0] == '\r' };
		piece = str_from(piece, 1);
	}
}

static void end_lines(struct stuffing *st, struct buf *out)
{
	if (st->in_line)
		buf_add(out, "\r\n", 2);
	assert(out->n < 2 || (out->p[out->n - 1] == '\n' && out->p[out->n - 2] == '\r'));
	*st = (struct stuffing){ 0 };
}

void smtp_client_message(struct smtp_client *c, uint32_t tag, struct str message)
{
	struct stuffing st = { 0 };
	struct buf *out = pending_out(c);
	add_piece(&st, out, message, true);
	end_lines(&st, out);
	buf_add_cstr(out, ".\r\n");
	c->in_text = false;
	await(c, SMTP_MESSAGE, tag);
}

void smtp_client_message_from(struct smtp_client *c, uint32_t tag, const struct smtp_source *source)
{
	assert(source->pull && !c->source.pull && c->behind.n == 0);
	c->source = *source;
	c->stuffing = (struct stuffing){ 0 };
	await(c, SMTP_MESSAGE, tag);
}

ssize_t smtp_text_pull(void *arg, char *dst, size_t room)
{
	struct str *rest = arg;
	size_t n = rest->n < room ? rest->n : room;
	if (n > 0)
		memcpy(dst, rest->p, n);
	*rest = str_from(*rest, n);
	assert(n <= room);
	return (ssize_t)n;
}

static void source_over(struct smtp_client *c)
{
	assert(str_casesuffix(buf_str(&c->out), STR(".\r\n")));
	c->source = (struct smtp_source){ 0 };
	c->in_text = false;
	buf_add_str(&c->out, buf_str(&c->behind));
	buf_fini(&c->behind);
	c->behind = (struct buf){ 0 };
}

static void pull(struct smtp_client *c)
{
	char piece[SMTP_SOURCE_BYTES / 2];
	/* Dots and line ends may double it. */
	size_t room = (SMTP_SOURCE_BYTES - c->out.n) / 2;
	assert(room > 0 && room <= sizeof(piece));
	ssize_t n = c->source.pull(c->source.arg, piece, room);
	assert(n <= (ssize_t)room);
	if (n < 0) {
		c->broken = "the message cannot be read";
		c->source = (struct smtp_source){ 0 };
		buf_clear(&c->behind);
	} else if (n > 0) {
		add_piece(&c->stuffing, &c->out, (struct str){ piece, (size_t)n }, true);
		assert(c->out.n <= SMTP_SOURCE_BYTES);
	} else {
		end_lines(&c->stuffing, &c->out);
		buf_add_cstr(&c->out, ".\r\n");
		source_over(c);
	}
}

void smtp_client_bdat(struct smtp_client *c, uint32_t tag, struct str message)
{
	struct stuffing st = { 0 };
	struct buf lines = { 0 }, *out = pending_out(c);
	assert(!c->limits.lmtp);
	add_piece(&st, &lines, message, false);
	end_lines(&st, &lines);
	buf_printf(out, "BDAT %zu LAST\r\n", lines.n);
	buf_add_str(out, buf_str(&lines));
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
	check_client(c);
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
	assert(strlen(c->server_name) == n && n <= SERVER_NAME_MAX);
}

static void add_accepted(struct smtp_client *c, uint32_t tag)
{
	if (c->accepted_count == c->accepted_size) {
		c->accepted_size = c->accepted_size ? 2 * c->accepted_size : 4;
		c->accepted = mem_realloc(c->accepted, c->accepted_size, sizeof(*c->accepted));
	}
	assert(c->accepted_count < c->accepted_size);
	c->accepted[c->accepted_count++] = tag;
}

/* LMTP: whose replies a message will have. */
static void follow_recipients(struct smtp_client *c, const struct smtp_client_event *event)
{
	if (event->verb == SMTP_MAIL || event->verb == SMTP_RSET || event->verb == SMTP_EHLO)
		c->accepted_count = c->answered = 0;
	else if (event->verb == SMTP_RCPT && smtp_reply_ok(&event->reply))
		add_accepted(c, event->tag);
}

static void learn(struct smtp_client *c, const struct smtp_client_event *event)
{
	const struct smtp_reply *reply = &event->reply;
	c->farewell |= reply->code == 421;
	c->in_text |= event->verb == SMTP_DATA && reply->code / 100 == 3 &&
	              smtp_client_awaiting(c) != SMTP_MESSAGE;
	if (c->limits.lmtp)
		follow_recipients(c, event);
	if (event->verb == SMTP_EHLO || event->verb == SMTP_HELO)
		c->offer = (struct smtp_offer){ 0 };
	if (!smtp_reply_ok(reply))
		return;
	switch (event->verb) {
	case SMTP_EHLO:
		c->offer = smtp_offer_parse(reply->text);
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

/* In LMTP the message has a reply for each recipient (RFC 2033 section 4.2). False: others are
 * still to come. */
static bool is_last_reply(struct smtp_client *c, struct smtp_client_event *event)
{
	assert(c->answered <= c->accepted_count);
	if (!c->limits.lmtp || event->verb != SMTP_MESSAGE || c->answered == c->accepted_count)
		return true;
	event->tag = c->accepted[c->answered++];
	return c->answered == c->accepted_count;
}

/* Its answer has come before its end: what we say next would be taken for text of it. */
static void cut_message(struct smtp_client *c)
{
	c->source = (struct smtp_source){ 0 };
	buf_clear(&c->behind);
	assert(smtp_client_awaiting(c) == SMTP_MESSAGE);
	c->broken = "the server answers before the message has ended";
	c->cut = c->in_text = true;
}

/* Says what the reply answers. */
static void match(struct smtp_client *c, struct smtp_client_event *event)
{
	if (c->queue_count > 0) {
		const struct awaited *a = &c->queue[c->queue_first];
		event->verb = a->verb;
		event->tag = a->tag;
		c->replies++;
		if (event->verb == SMTP_MESSAGE && c->source.pull)
			cut_message(c);
		if (!is_last_reply(c, event))
			return;
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
	check_client(c);
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
	assert(c->in_at <= c->in.n && (e == ERR_AGAIN) <= (in.n == 0));
	if (e == ERR_AGAIN)
		return false;
	if (e != ERR_OK) {
		c->broken = e == ERR_LIMIT ? "a reply has too many lines" :
		                             "the server does not speak SMTP";
		return tell_broken(c, event);
	}
	match(c, event);
	/* Nobody can have taken what has not all been sent. */
	if (c->cut && smtp_reply_ok(&event->reply))
		return tell_broken(c, event);
	learn(c, event);
	return true;
}

struct str smtp_client_output(struct smtp_client *c)
{
	while (c->source.pull && c->out.n < SMTP_SOURCE_BYTES / 2)
		pull(c);
	assert(c->source.pull == NULL || c->out.n > 0);
	return c->out.n ? buf_str(&c->out) : STR("");
}

void smtp_client_output_sent(struct smtp_client *c, size_t n)
{
	assert(n <= c->out.n);
	buf_consume(&c->out, n);
}

unsigned smtp_client_outstanding(const struct smtp_client *c)
{
	return (unsigned)c->queue_count;
}

unsigned smtp_client_replies(const struct smtp_client *c) { return c->replies; }
bool smtp_client_is_broken(const struct smtp_client *c) { return c->broken != NULL; }

enum smtp_verb smtp_client_awaiting(const struct smtp_client *c)
{
	return c->queue_count ? c->queue[c->queue_first].verb : SMTP_OTHER;
}

unsigned smtp_client_extensions(const struct smtp_client *c) { return c->offer.extensions; }
struct smtp_offer smtp_client_offer(const struct smtp_client *c) { return c->offer; }
unsigned smtp_client_notes(const struct smtp_client *c) { return c->reader.notes; }
const char *smtp_client_server_name(const struct smtp_client *c) { return c->server_name; }

void smtp_client_tls_started(struct smtp_client *c)
{
	assert(!c->source.pull);
	c->tls_awaited = false;
	c->offer = (struct smtp_offer){ 0 };
	/* What was sent behind STARTTLS in clear gets no answer. */
	c->queue_count = 0;
	check_client(c);
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
		return c->out.n || c->source.pull ? 3 * MINUTE : 10 * MINUTE;
	default: return 5 * MINUTE;
	}
}
