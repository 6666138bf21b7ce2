/* SPDX-License-Identifier: ISC
 *
 * A pager for what may be longer than the terminal: $PAGER by the shell, else less, as git does.
 * Without a terminal there is none, nor if PAGER is empty or "cat", or no less is installed. It
 * runs as whoever the command has become, outside of the state directory.
 */
#ifndef PORTREEVE_CLI_PAGER_H
#define PORTREEVE_CLI_PAGER_H

#include <stdbool.h>
#include <sys/types.h>

struct pager {
	pid_t pid;                           /* 0: there is none */
	int output;                          /* the standard output as it was */
	void (*interrupt)(int), (*quit)(int), (*broken)(int);    /* signals as they were */
};

/* What is printed from now on goes through it, if `wanted`. */
void pager_begin(struct pager *pager, bool wanted);
/* Waits until it is left, and gives the standard output back. That it was left early is no
 * error. */
void pager_end(struct pager *pager);
/* Whether the standard output is a pager's, so that colours reach the terminal. */
bool pager_runs(void);

#endif
