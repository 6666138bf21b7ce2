/* SPDX-License-Identifier: ISC
 *
 * Assignments of a file that a shell reads, as those of /etc/default: the value that a variable has
 * at its end. Pure. Nothing is run: what stands in branches counts as if all were taken, and a
 * command's output is not known.
 *
 * Source: POSIX.1-2017, Shell Command Language, 2.2 (quoting), 2.6.2 (parameters), 2.6.5 (fields).
 *
 * Hostile input: the file. Values are cut off at SHELL_VALUE_MAX_BYTES, variables at
 * SHELL_NAMES_MAX.
 */
#ifndef PORTREEVE_AUDIT_SHELL_WORDS_H
#define PORTREEVE_AUDIT_SHELL_WORDS_H

#include "base/arena.h"

enum { SHELL_NAMES_MAX = 100, SHELL_VALUE_MAX_BYTES = 4096 };

struct shell_value {
	const char *name, *text;
	unsigned line;                   /* where it begins */
	bool unknown;                    /* a command says what it is, or it is too long */
};

struct shell_values {
	struct shell_value v[SHELL_NAMES_MAX];
	size_t n;
};

/* In the arena. A variable that is set again stands there once, with its last value. */
void shell_values_read(struct str text, struct arena *a, struct shell_values *values);
/* NULL: it is not set. */
const struct shell_value *shell_value_of(const struct shell_values *values, const char *name);

#endif
