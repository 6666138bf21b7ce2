/* SPDX-License-Identifier: ISC
 *
 * What a role's process finds when it begins: descriptors at fixed numbers, and in its
 * environment how many sockets there are, and its parent.
 */
#ifndef PORTREEVE_ROLES_SUPERVISOR_PRIVATE_H
#define PORTREEVE_ROLES_SUPERVISOR_PRIVATE_H

#include "base/descriptors.h"
#include "settings/settings.h"

#include <stdbool.h>

enum {
	ROLE_FD_SETTINGS = DESCRIPTORS_FIRST,   /* the text, to read */
	ROLE_FD_READY,                          /* a pipe, to write */
	ROLE_FD_SOCKETS,                        /* the first of them; behind the last one the
	                                           role's files, to read, if it has some */
};

#define ENV_SOCKETS "PORTREEVE_SOCKETS"         /* a number */
#define ENV_PARENT "PORTREEVE_SUPERVISOR_PID"

enum prepare_for {
	PREPARE_FIRST,          /* the first start: what is not there is made */
	PREPARE_AGAIN,          /* a later one: a database that was restored may be older */
	PREPARE_TRIAL,          /* whether a later one would do: the list is read, too */
};

/* State directory, keys and database are there, of our schema and serial, and belong to the
 * roles' user. EX_OK, or another code of sysexits.h after a line that says why. Forks and
 * waits for the end of that, so whoever has roles does it in a process of its own. */
int supervisor_prepare(const struct settings *s, enum prepare_for what_for);
/* A line that says why something does not start, into the log; returns the code. */
int supervisor_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* In a process that was forked and does not execute: until its end our signals are not the loop's,
 * which the supervisor shares. */
void supervisor_leave_loop(void);

/* A HUP between fork() and the role's handler would end the role. Held, it waits. */
void role_hold_hup(bool hold);

#endif
