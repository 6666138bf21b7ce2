/* SPDX-License-Identifier: ISC
 *
 * The one check of a configuration, before anything is taken over: `portreeve config check`, the
 * start of `portreeve run` and its HUP all call it, and a role refuses nothing that it passed.
 * So a file that would stop a role, at once or at its next start, is refused while the old one
 * still works. It judges all of the file, whichever roles run on this machine.
 */
#ifndef PORTREEVE_SETTINGS_CHECK_H
#define PORTREEVE_SETTINGS_CHECK_H

#include "settings/settings.h"

/* settings_load() and settings_check_for_roles(). On error *message has one line, with the file's
 * name in front, and *s is zeroed. Blocks. Errors as the two. */
int settings_load_for_roles(struct settings *s, const char *path, const char *state_directory,
                            struct buf *message, struct buf *remarks);

/* What settings_check() leaves out, because most commands can do without it. What rooms and the
 * settings together know: zones that can be made and do not hold the collector's domains, networks
 * that are some, addresses that do not collide, no value of the example file. What the machine
 * knows: that the user exists (asked if we are root), the state directory is one or can be made,
 * roles can read the settings' text, certificate and key can be read and fit, files of the commands
 * can be read by who reads them. One line in *message; each line of *remarks is no error: a
 * certificate that expires soon or is not for the host's name, an address that is not this
 * machine's now, what this user cannot check. ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID, ERR_IO.
 * Blocks; run it as whoever runs the roles, because it reads the key. */
int settings_check_for_roles(const struct settings *s, struct buf *message, struct buf *remarks);

#endif
