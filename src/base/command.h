/* SPDX-License-Identifier: ISC
 *
 * A subcommand of the program. main.c has the table; each file of cli/ and roles/
 * that is a command has one such function.
 */
#ifndef PORTREEVE_BASE_COMMAND_H
#define PORTREEVE_BASE_COMMAND_H

#include <stddef.h>

struct command {
	const char *name;
	const char *summary;                 /* one line for --help; NULL hides it */
	/* argv[0] is the command's name. Returns an exit code. */
	int (*run)(int argc, char **argv);
};

/* Runs the command that argv[1] names; it answers "--help" and "--version" itself. Before that
 * it makes sure that descriptors 0, 1 and 2 are open. */
int command_dispatch(const struct command *commands, size_t n, int argc, char **argv);

#endif
