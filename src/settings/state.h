/* SPDX-License-Identifier: ISC
 *
 * Who owns the state directory. All files in it belong to the roles' user, so root
 * never writes there: whoever is about to, as root, becomes its owner first. So no
 * link planted there by a role that was taken over is ever followed with root's rights.
 */
#ifndef PORTREEVE_SETTINGS_STATE_H
#define PORTREEVE_SETTINGS_STATE_H

#include "settings/settings.h"

/* Makes the directory if it is missing, and gives it to the roles' user if we are root. For
 * a command, root's own directory with other things in it stays root's and is used so.
 * ERR_NOT_FOUND (no such user), ERR_DENIED (for roles:
 * such a directory), ERR_IO, with one line in *message. Blocks. */
int state_prepare(const struct settings *s, bool for_roles, struct buf *message);
/* If we are root and another user owns the directory: becomes that user for good, with the
 * rights `keep` of base/sandbox.h (0: none). If directories above it are closed to that user,
 * the right to pass through them is kept until sandbox_enter(), so a role opens what it
 * needs before. ERR_NOT_FOUND (no directory), ERR_DENIED. */
int state_become_owner(const struct settings *s, unsigned keep, struct buf *message);
/* The same, and makes it the current directory: for a role, which may find no way to it
 * from its sandbox. Its files are then "./mail" and so on. */
int state_enter(const struct settings *s, unsigned keep, struct buf *message);

#endif
