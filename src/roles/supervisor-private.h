/* SPDX-License-Identifier: ISC
 *
 * How the supervisor tells a role's process which descriptors it has inherited.
 */
#ifndef PORTREEVE_ROLES_SUPERVISOR_PRIVATE_H
#define PORTREEVE_ROLES_SUPERVISOR_PRIVATE_H

#include <stdbool.h>

#define ENV_SETTINGS "PORTREEVE_SETTINGS_FD"
#define ENV_READY "PORTREEVE_READY_FD"
#define ENV_SOCKETS "PORTREEVE_SOCKET_FDS"      /* comma-separated */
#define ENV_PARENT "PORTREEVE_SUPERVISOR_PID"

/* A HUP between fork() and the role's handler would end the role. Held, it waits. */
void role_hold_hup(bool hold);

#endif
