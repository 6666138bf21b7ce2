/* SPDX-License-Identifier: ISC
 *
 * What a role says of itself to the supervisor, as a line in the pipe by which it says that it
 * lives: what it serves, whether its second thread hangs, whether the collector answers. Said when
 * it changes. Pure.
 *
 * Hostile input that reaches it: a role may have been taken over, so its bytes may be any. They
 * come to no more than wrong words about that role.
 */
#ifndef PORTREEVE_ROLES_WORD_H
#define PORTREEVE_ROLES_WORD_H

#include "base/str.h"
#include "settings/running.h"

enum { WORD_LINE_MAX = 512 };           /* below PIPE_BUF: written as a whole or not at all */

/* Appends the line, with its end. */
void word_format(const struct running_word *w, struct buf *out);

/* Whether both say the same. */
bool word_same(const struct running_word *a, const struct running_word *b);

/* The lines of one process. Zero-initialised nothing has come. */
struct word_reader {
	char line[WORD_LINE_MAX];
	size_t n;
	bool too_long;                   /* the line, which is passed over */
	bool replaced;                   /* it serves on without its store: since the last read */
	bool heard;                      /* `word` has come at all */
	struct running_word word;        /* the newest */
};
/* What was read from the pipe; lines may come in pieces. */
void word_hear(struct word_reader *r, struct str bytes);

/* What else a line may be: that it lives; that its store was replaced (role.h). */
#define WORD_ALIVE "\n"
#define WORD_REPLACED "replaced\n"

#endif
