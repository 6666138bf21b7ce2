/* SPDX-License-Identifier: ISC
 *
 * What a role's process finds when it begins: descriptors at fixed numbers, and in its
 * environment how many sockets there are, and its parent.
 */
#ifndef PORTREEVE_ROLES_SUPERVISOR_PRIVATE_H
#define PORTREEVE_ROLES_SUPERVISOR_PRIVATE_H

#include "base/descriptors.h"

#include <stdbool.h>

enum {
	ROLE_FD_SETTINGS = DESCRIPTORS_FIRST,   /* the text, to read */
	ROLE_FD_READY,                          /* a pipe, to write */
	ROLE_FD_SOCKETS,                        /* the first of them */
};

#define ENV_SOCKETS "PORTREEVE_SOCKETS"         /* a number */
#define ENV_PARENT "PORTREEVE_SUPERVISOR_PID"

/* A HUP between fork() and the role's handler would end the role. Held, it waits. */
void role_hold_hup(bool hold);

#endif
