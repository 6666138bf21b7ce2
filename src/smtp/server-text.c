/* SPDX-License-Identifier: ISC
 *
 * The message itself, after DATA or in BDAT chunks. Only CRLF ends a line and only
 * CRLF.CRLF a message. A bare CR or LF spoils the message: it is read to its true
 * end and then refused, so that what follows a false end is never a command
 * (SMTP smuggling).
 *
 * Hostile input: all of it. Nothing is copied, slices of the input are handed on;
 * at most two bytes (a dot and a CR at a line's start) wait for the next input.
 */
#include "smtp/server-private.h"

#include <assert.h>

/* Why a message is refused. A later one counts more, so that what we say does not
 * depend on the pieces the message came in. */
static const struct smtp_answer reasons[] = {
	{ 554, "5.6.0", "A line of the message is too long" },
	{ 552, "5.3.4", "The message is larger than we take" },
	{ 554, "5.6.0", "A NUL is in the message" },
	{ 554, "5.6.0", "A bare CR or LF is in the message" },
};
static const struct smtp_answer *const long_line = &reasons[0];
static const struct smtp_answer *const too_big = &reasons[1];
static const struct smtp_answer *const has_nul = &reasons[2];
static const struct smtp_answer *const bare_end = &reasons[3];

void smtp_text_open(struct smtp_server *s)
{
	assert(!s->text.open && s->recipients > 0);
	s->text = (struct smtp_text){ .open = true, .line_start = true };
}

/* The message is lost; that is said at its end. */
static void spoil(struct smtp_server *s, const struct smtp_answer *refusal)
{
	if (s->text.open)
		s->abort_due = true;
	s->text.open = false;
	if (!s->text.refusal || refusal > s->text.refusal)
		s->text.refusal = refusal;
	assert(!s->text.open && s->text.refusal >= refusal);
}

/* RFC 2033 section 4.2: one reply for each recipient that was accepted. */
static unsigned replies_owed(const struct smtp_server *s)
{
	assert(s->recipients > 0);
	return s->options.lmtp ? s->recipients : 1;
}

static void message_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	if (s->replies_left == 0) {
		smtp_server_reset(s);
		smtp_server_pass_on(s, answer, "2.0.0");
		return;
	}
	assert(s->options.lmtp && s->replies_left < s->recipients);
	s->replies_left--;
	smtp_server_pass_on(s, answer, "2.0.0");
	if (s->phase != SMTP_PHASE_CLOSED)
		s->decided = message_decided;
}

static void refuse_message(struct smtp_server *s, const struct smtp_answer *refusal)
{
	unsigned owed = replies_owed(s);
	smtp_server_reset(s);
	while (owed-- > 0 && s->phase != SMTP_PHASE_CLOSED)
		smtp_server_refuse(s, refusal);
}

static void message_end(struct smtp_server *s)
{
	const struct smtp_answer *refusal = s->text.refusal;
	assert(s->in_mail && (s->text.open == (refusal == NULL)));
	s->phase = SMTP_PHASE_COMMAND;
	s->text.open = false;
	if (refusal) {
		refuse_message(s, refusal);
	} else {
		s->replies_left = replies_owed(s) - 1;
		s->event.replies = s->replies_left + 1;
		smtp_server_ask(s, SMTP_SERVER_MESSAGE, message_decided);
	}
}

/* Takes the next n bytes of the input as text: for the policy, or for nobody. */
static void take_text(struct smtp_server *s, size_t n)
{
	size_t max = s->options.limits.message_bytes;
	assert(n > 0 && n <= smtp_server_pending(s).n);
	struct str piece = { smtp_server_pending(s).p, n };
	s->in_at += n;
	s->text.bytes += n;
	bool counts = s->text.open || s->text.refusal;
	if (s->text.bytes > max && counts)
		spoil(s, too_big);
	/* For whom a string ends there, a header or a message does (RFC 2045 2.7, 2.8). */
	if (counts && !s->options.nul_ok && str_find(piece, '\0') != SIZE_MAX)
		spoil(s, has_nul);
	if (s->text.open) {
		s->event.text = piece;
		smtp_server_tell(s, SMTP_SERVER_TEXT);
	} else if (s->text.bytes > 2 * max + SKIPPED_MAX) {
		smtp_server_say(s, 421, "4.3.4", "The message does not end");
	}
}

static void count_line(struct smtp_server *s, size_t n)
{
	s->text.line_bytes += n;
	if (s->text.line_bytes > s->options.limits.text_line_bytes)
		spoil(s, long_line);
}

/* Looks at one line, or the piece of it that is here, and gives the offset behind
 * it; `at` itself if only a CR is here whose LF may follow. */
static size_t line_piece(struct smtp_server *s, struct str in, size_t at)
{
	assert(at < in.n);
	size_t lf = str_find(str_from(in, at), '\n');
	size_t end = lf == SIZE_MAX ? in.n : at + lf;
	size_t cr = str_find((struct str){ in.p + at, end - at }, '\r');
	bool cr_last = end > at && in.p[end - 1] == '\r';
	size_t text_end = cr_last ? end - 1 : end;
	if (cr != SIZE_MAX && at + cr < text_end)
		spoil(s, bare_end);
	count_line(s, text_end - at);
	if (lf == SIZE_MAX) {
		if (text_end > at)
			s->text.line_start = false;
		return text_end;
	}
	if (!cr_last)
		spoil(s, bare_end);
	s->text.line_start = cr_last;
	if (cr_last)
		s->text.line_bytes = 0;
	return end + 1;
}

bool smtp_server_data_step(struct smtp_server *s)
{
	struct str in = smtp_server_pending(s);
	if (s->text.line_start && in.n && in.p[0] == '.') {
		if (in.n < 2 || (in.p[1] == '\r' && in.n < 3))
			return false;
		if (in.p[1] == '\r' && in.p[2] == '\n') {
			s->in_at += 3;
			message_end(s);
			return true;
		}
		s->in_at++;
		s->text.line_start = false;
		in = smtp_server_pending(s);
	}
	size_t at = 0;
	while (at < in.n && !(s->text.line_start && in.p[at] == '.')) {
		size_t next = line_piece(s, in, at);
		if (next == at)
			break;
		at = next;
	}
	if (at > 0)
		take_text(s, at);
	return at > 0;
}

/* Looks at what is up to an LF, at that, or at what is here without one; gives the rest. */
static struct str check_line(struct smtp_server *s, struct str piece)
{
	size_t lf = str_find(piece, '\n');
	size_t end = lf == SIZE_MAX ? piece.n : lf;
	size_t cr = str_find((struct str){ piece.p, end }, '\r');
	bool cr_last = end > 0 ? piece.p[end - 1] == '\r' : s->text.cr;
	bool bare_cr = end > 0 && (s->text.cr || (cr != SIZE_MAX && cr + 1 < end));
	if (bare_cr || (lf != SIZE_MAX && !cr_last))
		spoil(s, bare_end);
	count_line(s, end - (end > 0 && cr_last));
	s->text.cr = lf == SIZE_MAX && cr_last;
	if (lf != SIZE_MAX)
		s->text.line_bytes = 0;
	return str_from(piece, end + 1);
}

static void chunk_end(struct smtp_server *s)
{
	assert(s->chunk_left == 0);
	s->phase = SMTP_PHASE_COMMAND;
	if (s->chunk_last && s->text.cr)
		spoil(s, bare_end);
	if (s->text.refusal || (s->text.open && s->chunk_last))
		message_end(s);
	else if (s->text.open)
		smtp_server_say(s, 250, "2.0.0", "Chunk taken");
	/* Else the BDAT itself was refused, and has its answer. */
}

bool smtp_server_chunk_step(struct smtp_server *s)
{
	struct str in = smtp_server_pending(s);
	if (s->chunk_left == 0) {
		chunk_end(s);
		return true;
	}
	if (in.n == 0)
		return false;
	if (in.n > s->chunk_left)
		in.n = (size_t)s->chunk_left;
	assert(in.n <= s->chunk_left);
	s->chunk_left -= in.n;
	for (struct str rest = in; rest.n && (s->text.open || s->text.refusal);)
		rest = check_line(s, rest);
	take_text(s, in.n);
	return true;
}
