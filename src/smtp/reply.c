/* SPDX-License-Identifier: ISC
 *
 * Replies of an SMTP server: lines put together (one pass, no allocation once the
 * buffers have grown), and the question whether a 4xx says "later" or "no".
 *
 * Hostile input: every byte. A line is kept up to its limit, a reply too; the rest
 * is dropped and noted. Lines that are no reply lines are skipped and counted.
 */
#include "smtp/client-private.h"

#include "base/err.h"

#include <assert.h>

void smtp_reply_reader_fini(struct smtp_reply_reader *r)
{
	buf_fini(&r->line);
	buf_fini(&r->joined);
}

/* Length of "2.1.5" at the start of s if a space or the end is behind it, else 0. */
static size_t enhanced_length(struct str s)
{
	if (s.n < 5 || (s.p[0] != '2' && s.p[0] != '4' && s.p[0] != '5') || s.p[1] != '.')
		return 0;
	size_t i = 1;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;
		if (i >= s.n || s.p[i] != '.')
			return 0;
		for (i++; i < s.n && ascii_isdigit((unsigned char)s.p[i]); i++)
			digits++;
		if (digits < 1 || digits > 3)
			return 0;
	}
	assert(i >= 5 && i < sizeof((struct smtp_reply){ 0 }.enhanced));
	return i == s.n || s.p[i] == ' ' ? i : 0;
}

/* Adds bytes to a buffer that may hold `max`; notes what is cut. */
static void add_bounded(struct smtp_reply_reader *r, struct buf *b, struct str s, size_t max)
{
	size_t room = b->n < max ? max - b->n : 0;
	if (s.n > room) {
		s.n = room;
		r->notes |= SMTP_NOTE_LONG_LINE;
	}
	assert(s.n <= room && s.n <= max);
	buf_add_str(b, s);
}

static int line_code(struct str line)
{
	if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' ||
	    !ascii_isdigit((unsigned char)line.p[1]) || !ascii_isdigit((unsigned char)line.p[2]))
		return 0;
	if (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-')
		return 0;
	return (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
}

/* The text of one line stays where it is; of several, it is put together. */
static void add_text(struct smtp_reply_reader *r, struct str text, bool more)
{
	assert(r->lines > 0 && r->lines <= r->limits.reply_lines);
	size_t n = r->plain && r->code < 400 ? 0 : enhanced_length(text);
	if (n) {
		memcpy(r->enhanced, text.p, n);
		r->enhanced[n] = '\0';
		text = str_from(text, n + 1);
	}
	if (r->lines == 1 && !more && text.n <= r->limits.reply_bytes) {
		r->text = text;
		return;
	}
	if (r->lines > 1)
		add_bounded(r, &r->joined, STR("\n"), r->limits.reply_bytes);
	add_bounded(r, &r->joined, text, r->limits.reply_bytes);
	r->text = buf_str(&r->joined);
	assert(r->text.n <= r->limits.reply_bytes);
}

/* One line without its end. ERR_AGAIN if the reply goes on. */
static int take_line(struct smtp_reply_reader *r, struct str line)
{
	if (line.n > r->limits.line_bytes) {
		line.n = r->limits.line_bytes;
		r->notes |= SMTP_NOTE_LONG_LINE;
	}
	/* Some end their lines in CR CR LF. */
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	int code = line_code(line);
	if (code == 0) {
		r->notes |= SMTP_NOTE_GARBAGE;
		return ++r->garbage_lines > SMTP_GARBAGE_LINES_MAX ? ERR_INVALID : ERR_AGAIN;
	}
	if (++r->lines > r->limits.reply_lines)
		return ERR_LIMIT;
	if (r->code != 0 && r->code != code)
		r->notes |= SMTP_NOTE_CODES_DISAGREE;
	assert(code >= 200 && code <= 599);
	r->code = code;
	bool more = line.n > 3 && line.p[3] == '-';
	add_text(r, str_from(line, 4), more);
	return more ? ERR_AGAIN : ERR_OK;
}

/* Makes the line whole with what came before, and cuts off its CR. */
static int take_piece(struct smtp_reply_reader *r, struct str piece)
{
	char last = piece.n ? piece.p[piece.n - 1] : r->line_last;
	r->line_last = '\0';
	if (last != '\r')
		r->notes |= SMTP_NOTE_LF_ONLY;
	if (r->line.n > 0) {
		/* One byte more than a line: a CR at the end is not part of it. */
		add_bounded(r, &r->line, piece, r->limits.line_bytes + 1);
		piece = buf_str(&r->line);
	}
	assert(r->line.n <= r->limits.line_bytes + 1);
	if (piece.n && piece.p[piece.n - 1] == '\r')
		piece.n--;
	int e = take_line(r, piece);
	if (e == ERR_AGAIN)
		buf_clear(&r->line);
	return e;
}

/* The end of the line is still to come. */
static void carry(struct smtp_reply_reader *r, struct str piece)
{
	assert(piece.n > 0);
	add_bounded(r, &r->line, piece, r->limits.line_bytes + 1);
	r->line_last = piece.p[piece.n - 1];
}

/* A refusal is one from its first bytes on: nobody has to read megabytes for it. */
static bool is_long_refusal(const struct smtp_reply_reader *r)
{
	struct str line = buf_str(&r->line);
	size_t max = r->limits.line_bytes;
	return line.n > max && line.p[max] != '\r' && line.p[3] == ' ' && line_code(line) >= 400;
}

/* Drops the rest of a line that was answered. False: its end is still to come. */
static bool skip_line(struct smtp_reply_reader *r, struct str *in)
{
	assert(r->skips_line == true);
	size_t lf = str_find(*in, '\n');
	struct str rest = { in->p, lf == SIZE_MAX ? in->n : lf };
	if (rest.n)
		r->line_last = rest.p[rest.n - 1];
	r->skips_line = lf == SIZE_MAX;
	*in = str_from(*in, r->skips_line ? rest.n : lf + 1);
	if (!r->skips_line) {
		r->notes |= r->line_last == '\r' ? 0u : SMTP_NOTE_LF_ONLY;
		r->line_last = '\0';
	}
	return !r->skips_line;
}

static void begin(struct smtp_reply_reader *r)
{
	r->line.n = r->joined.n = 0;
	r->text = STR("");
	r->lines = 0;
	r->code = 0;
	r->enhanced[0] = '\0';
	r->done = false;
}

int smtp_reply_read(struct smtp_reply_reader *r, struct str *in, struct smtp_reply *reply)
{
	if (r->done)
		begin(r);
	if (r->skips_line && !skip_line(r, in))
		return ERR_AGAIN;
	assert(!r->done && r->garbage_lines <= SMTP_GARBAGE_LINES_MAX + 1);
	int e = ERR_AGAIN;
	while (in->n && e == ERR_AGAIN) {
		const char *lf = memchr(in->p, '\n', in->n);
		if (!lf) {
			carry(r, *in);
			*in = str_from(*in, in->n);
			if (is_long_refusal(r)) {
				e = take_line(r, buf_str(&r->line));
				r->skips_line = true;
			}
			break;
		}
		size_t length = (size_t)(lf - in->p);
		e = take_piece(r, (struct str){ in->p, length });
		*in = str_from(*in, length + 1);
	}
	if (e != ERR_OK)
		return e;
	assert(r->code >= 200 && r->text.n <= r->limits.reply_bytes);
	r->done = true;
	reply->code = r->code;
	memcpy(reply->enhanced, r->enhanced, sizeof(reply->enhanced));
	reply->text = r->text;
	return ERR_OK;
}
