/* SPDX-License-Identifier: ISC
 *
 * The configuration of Sendmail (8.12 and later): sendmail.cf, which the server runs by;
 * sendmail.mc, of which it was made, and which names the line to change; the class files and the
 * text of the access map. Pure.
 *
 * Hostile input that reaches it: all of these and what they include; see setting.h. m4 is not run:
 * calls of the macros of cf/README are read, at the top level alone.
 */
#ifndef PORTREEVE_AUDIT_READ_SENDMAIL_H
#define PORTREEVE_AUDIT_READ_SENDMAIL_H

#include "audit/setting.h"

/* `file` as "/etc/mail/sendmail.cf": with "….mc" beside it, if that is there. Or as
 * "/etc/mail/sendmail.mc": that one alone. 0, also where parts are among the unread; or the error
 * of the file itself. */
int audit_read_sendmail(const struct audit_files *files, const char *file, struct arena *a,
                        struct audit_reading *out);

#endif
