/* SPDX-License-Identifier: ISC
 *
 * The transcript of a test, as evidence has it, read again: a line for each thing that was said,
 *
 *	MILLISECONDS > what we said
 *	MILLISECONDS < what the server said
 *	MILLISECONDS ! what happened to the connection
 *
 * and which of those lines decided: the envelope with a token, the end of the message, and what
 * was answered to each. Commands may have been sent many at once, so an answer is matched to the
 * oldest command that has none. Pure.
 *
 * Hostile input that reaches it: the server's lines; and, in a bundle from a stranger, any text.
 */
#ifndef PORTREEVE_PROOF_TRANSCRIPT_H
#define PORTREEVE_PROOF_TRANSCRIPT_H

#include "base/arena.h"

enum transcript_who { TRANSCRIPT_WE, TRANSCRIPT_SERVER, TRANSCRIPT_EVENT, TRANSCRIPT_OTHER };

/* What a line that we said is, or which one a server's line answers. */
enum transcript_step {
	TRANSCRIPT_NONE, TRANSCRIPT_MAIL, TRANSCRIPT_RCPT, TRANSCRIPT_DATA, TRANSCRIPT_END,
	TRANSCRIPT_COMMAND,                  /* any other */
	TRANSCRIPT_BODY,                     /* a line of the message */
};

struct transcript_line {
	int64_t ms;                          /* since the session began; -1: not said */
	enum transcript_who who;
	struct str whole, text;              /* as it stands, and without time and speaker */
	enum transcript_step step;
	unsigned code;                       /* of a server's line that ends an answer; else 0 */
	size_t answer;                       /* of a command: the line that ends its answer, or 0 */
	unsigned marks;                      /* the bits of transcript_mark() */
};

enum { TRANSCRIPT_LINES_MAX = 20000 };

struct transcript {
	struct transcript_line *lines;       /* of the arena */
	size_t n;
	size_t left_out;                     /* lines beyond TRANSCRIPT_LINES_MAX */
};

/* The texts of the lines are parts of `text`. */
void transcript_read(struct str text, struct arena *a, struct transcript *t);
/* Sets the bit `mark` in the lines of a message that was sent to its end, sender or recipient
 * having the token: MAIL, RCPT, DATA, the end, and what was answered to them. Of several the last
 * one; with an empty token all that were accepted. Whether there was one. */
bool transcript_mark(struct transcript *t, struct str token, unsigned mark);

#endif
