/* SPDX-License-Identifier: ISC
 *
 * The program as a person runs it: one command, one process. A test program that links this file
 * and main.c is the program, too, when it is started with arguments: it executes itself for each
 * command, in a directory of the test's own with a configuration and a state directory, and takes
 * what the command writes and the code that it ends with.
 */
#ifndef PORTREEVE_TESTS_CLI_PROGRAM_H
#define PORTREEVE_TESTS_CLI_PROGRAM_H

#include "base/str.h"

#include <sys/types.h>

/* src/main.c's, under another name. */
int program_main(int argc, char **argv);

/* Makes the directory, enters it and writes the configuration "conf": the roles' user is who runs
 * the tests, the documentation networks may be listed, and `more` follows. */
void program_begin(const char *more);
/* Writes "conf" anew. */
void program_configure(const char *more);
/* Removes the directory. */
void program_end(void);

/* Starts "portreeve COMMAND -c conf --state state REST" of the words of `line`, which stand apart
 * by one space each; its output goes to the files "out" and "err". */
pid_t program_start(const char *line);
/* Its exit code; -1 if a signal ended it. */
int program_wait(pid_t pid);

/* Runs a command and looks that it ends with `code`, that `out` stands in its output (NULL: there
 * is none) and `err` in its errors (NULL: there are none). */
void program_check(const char *line, int code, const char *out, const char *err);
/* What the last command wrote, or any file here. The caller's to finish. */
struct buf program_file(const char *name);

/* A row of a story. */
struct program_row {
	const char *line;
	int code;
	const char *out, *err;
};
void program_story(const struct program_row *rows, size_t n);

#endif
