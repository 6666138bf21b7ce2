/* SPDX-License-Identifier: ISC
 *
 * Tells the service manager, and the file of the state directory (settings/running.h), how the
 * roles are: soon after each change, at most a few times a second. The file is written by a process
 * of its own, which becomes the directory's owner; while one hangs there is no other.
 */
#ifndef PORTREEVE_ROLES_ANNOUNCE_H
#define PORTREEVE_ROLES_ANNOUNCE_H

#include "base/loop.h"
#include "settings/running.h"
#include "settings/settings.h"

#include <sys/types.h>

struct announce;

/* `fill` is asked for what stands now: roles, and why settings were refused; the rest is filled in
 * here. The settings stay at their place, whatever they become. */
struct announce *announce_create(struct loop *loop, const struct settings *settings,
                                 void (*fill)(const void *arg, struct running *out),
                                 const void *arg);
/* Says for the last time, in the file alone, that it stops; waits for that for a second. NULL is
 * fine. */
void announce_destroy(struct announce *a);
void announce_changed(struct announce *a);
/* The service manager was told another line meanwhile. */
void announce_again(struct announce *a);
/* A child has ended; maybe the one that wrote. */
void announce_reaped(struct announce *a, pid_t pid, int status);

#endif
