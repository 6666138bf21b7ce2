/* SPDX-License-Identifier: ISC
 *
 * Whose the state directory is, and what to run if it is somebody else's: a package that was
 * installed anew, a restored backup or another machine's disk has numbers of users that are
 * nobody's or, worse, another service's. Told to whoever starts roles (settings/state.h) and by
 * `portreeve doctor`. Pure: what the machine says comes in as facts.
 *
 * Hostile input: the directory's owner can plant what he likes in it. So a file that has further
 * names is never put under a command that gives it away.
 */
#ifndef PORTREEVE_SETTINGS_OWNERSHIP_H
#define PORTREEVE_SETTINGS_OWNERSHIP_H

#include "base/str.h"

enum { OWNERSHIP_NAME_MAX = 64 };

/* A user id and the name that it has; "" if no user has it. */
struct ownership_user {
	unsigned uid;
	char name[OWNERSHIP_NAME_MAX];
};

struct ownership {
	const char *path;                    /* of the state directory */
	struct ownership_user owner;         /* of it */
	struct ownership_user wanted;        /* whom roles become */
	/* The first file in it that is not the directory's owner's; NULL: none is. */
	const char *inside;
	struct ownership_user inside_owner;
	bool inside_linked;                  /* it is a file that has other names, too */
};

/* Names the user: `user "portreeve" (id 998)`, `user id 4711, which no user has`. */
void ownership_add_user(const struct ownership_user *user, struct buf *out);
/* The one line to run, without an end of line. */
void ownership_command(const char *path, const struct ownership_user *wanted, struct buf *out);
/* Whether the directory and what is in it are the user's whom roles become; if not, appends what
 * is wrong, what was expected and what to run, all behind "state directory PATH: ". */
bool ownership_is_right(const struct ownership *o, struct buf *message);

/* ---- what the machine says ------------------------------------------------------- */

/* Fills in the name. Blocks. */
struct ownership_user ownership_user_of(unsigned uid);
/* Looks in the directory (a descriptor, or AT_FDCWD) at what this program makes there, and fills
 * in the first that is not uid's. */
void ownership_look(int directory, unsigned uid, struct ownership *o);

#endif
