/* SPDX-License-Identifier: ISC
 *
 * A subcommand of the program. main.c has the table; each file of cli/ and roles/
 * that is a command has one such function.
 */
#ifndef PORTREEVE_BASE_COMMAND_H
#define PORTREEVE_BASE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct command {
	const char *name;
	const char *summary;                 /* one line for --help; NULL hides it */
	/* argv[0] is the command's name. Returns an exit code. */
	int (*run)(int argc, char **argv);
};

/* Runs the command that argv is about; it answers "--help" and "--version" itself. -c, --state and
 * --json may stand before its name, too: argv is put in another order. Before that it makes sure
 * that descriptors 0, 1 and 2 are open.
 *
 * "complete -- WORD…" is what the shells ask (dist/completion): what may stand in the place of the
 * last word. A command is asked by COMMAND_COMPLETE before its own words. */
int command_dispatch(const struct command *commands, size_t n, int argc, char **argv);
/* Runs the one of them whose name the program was called by ("/usr/sbin/sendmail"), as if it were
 * a program of its own; false: by none. */
bool command_by_link(const struct command *commands, size_t n, int argc, char **argv, int *code);
#define COMMAND_COMPLETE "--complete"
/* A line of the answer: a word that may stand there and, behind a tab, what it is. */
void command_offer(const char *dashes, const char *word, const char *help);

#endif
