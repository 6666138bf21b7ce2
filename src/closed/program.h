/* SPDX-License-Identifier: ISC
 *
 * A program of the machine that is run outside of any room, to be asked: with few rights, its
 * words, its input given beforehand, bounded in time and output, its files in nobody's way.
 *
 * Who uses it: bh.c and bt.c, where no room can be made. It blocks.
 * Hostile input: what it prints comes back as it is, and must be escaped before it is shown.
 */
#ifndef PORTREEVE_CLOSED_PROGRAM_H
#define PORTREEVE_CLOSED_PROGRAM_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROGRAM_OUTPUT_MAX = 4 << 20 };

/* As whom: with `becomes` that user and no other group, or as who we are. `for_good`: it can get no
 * more rights, whatever its files' bits are. */
struct program_as {
	uid_t uid;
	gid_t gid;
	bool becomes, for_good;
};

/* Words of a command, one behind another. */
enum { PROGRAM_WORDS_MAX = 32 };
struct program_words {
	const char *v[PROGRAM_WORDS_MAX + 1];    /* NULL behind the last */
	size_t n;
};
/* Those behind the last that there is room for are lost: it is for a few. `more`: NULL-terminated;
 * NULL: none. */
void program_words_add(struct program_words *words, const char *const *more);

/* Between fork() and exec(): 0, 1 and 2 stay open, what it takes is limited; then the program.
 * words[0] is its path, NULL behind the last. */
_Noreturn void program_exec(const char *const *words, const struct program_as *as);

/* Appends what it prints, to both outputs, up to PROGRAM_OUTPUT_MAX; *status is its exit status, or
 * 128 and the signal. ERR_TIMEOUT, ERR_LIMIT: it was killed, *output has what came; ERR_IO. */
int program_run(const char *const *words, const struct program_as *as, struct str input,
                int64_t timeout_ms, struct buf *output, int *status);

#endif
