/* SPDX-License-Identifier: ISC
 *
 * The supervisor and what it starts. It prepares the state directory, binds every
 * role's sockets while it still may, starts each role as a process of its own by
 * executing this program again, restarts one that dies or hangs (heartbeat.h), and passes
 * TERM and HUP on. New settings are checked (settings/check.h) before anything is taken
 * over. It reads no byte from the network.
 *
 * What a role's process gets: the effective settings as text in an inherited file
 * (a role in its sandbox could not read the configuration again), its sockets, and a
 * pipe to say that it is ready and, from then on, alive. It has these descriptors, standard
 * error and /dev/null, and no other: see supervisor-private.h.
 */
#ifndef PORTREEVE_ROLES_SUPERVISOR_H
#define PORTREEVE_ROLES_SUPERVISOR_H

#include "base/command.h"
#include "roles/role.h"

/* Runs until TERM or INT; then 0. If a role cannot start at all, the exit code it left
 * with. One line on stderr for what stops it from starting. */
int supervisor_run(const struct role *const *roles, size_t n, const char *config_path,
                   const char *state_directory);
/* The other side: what `portreeve role NAME` does. */
int supervisor_role_main(const struct role *const *roles, size_t n, int argc, char **argv);

/* One message to the service manager (sd_notify(3)); nothing without $NOTIFY_SOCKET. */
void notify_send(const char *state);
/* Milliseconds between two "WATCHDOG=1", or 0 if none are wanted, or of another process. */
int64_t notify_watchdog_ms(void);

/* `portreeve run` and the hidden `portreeve role`. */
int roles_run(int argc, char **argv);
int roles_role(int argc, char **argv);

#endif
