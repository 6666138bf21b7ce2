/* SPDX-License-Identifier: ISC
 *
 * Who owns the state directory, and how a process comes to it. All files in it belong to
 * its owner, the roles' user, who may be in the hands of an attacker: root only opens the
 * directory, looks who owns it, and becomes that user before it looks at anything within.
 * So no link, pipe or database planted there is ever opened with root's rights.
 *
 * Root stays root only where all of it is root's own: the directories above, the directory
 * and what is in it. Directories above it may be root's or the owner's, nobody else's: a
 * stranger could put another directory in its place.
 *
 * What is inside is opened by names that begin with STATE_HERE, for two reasons: nothing can
 * be exchanged between the look and the use, and directories above that are closed to the
 * owner need no right to pass.
 */
#ifndef PORTREEVE_SETTINGS_STATE_H
#define PORTREEVE_SETTINGS_STATE_H

#include "settings/settings.h"

/* The state directory after state_enter(). */
#define STATE_HERE "."

/* Makes the directory if it is missing, and gives it to the roles' user if we are root. For
 * a command, root's own directory with other things in it stays root's and is used so.
 * ERR_NOT_FOUND (no such user), ERR_DENIED (for roles: such a directory, or another user's than
 * theirs, with what to run; strangers can change what is above it), ERR_INVALID (no directory),
 * ERR_IO, with one line in *message. Blocks. */
int state_prepare(const struct settings *s, bool for_roles, struct buf *message);
/* Makes it the current directory. If we are root and another user owns it, becomes that user
 * for good, with the rights `keep` of base/sandbox.h (0: none): so open before what belongs
 * to the caller. ERR_NOT_FOUND (no directory), ERR_INVALID (another thing), ERR_DENIED (we
 * are neither root nor its owner, it is not safe for root, or what is in it is another's: with
 * what to run). */
int state_enter(const struct settings *s, unsigned keep, struct buf *message);
/* The same for who only reads: need not be the owner, if the owner lets others read. */
int state_enter_to_read(const struct settings *s, struct buf *message);

#endif
