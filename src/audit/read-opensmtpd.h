/* SPDX-License-Identifier: ISC
 *
 * The configuration of OpenSMTPD (6.4 and later, smtpd.conf(5)): listeners, tables in the file and
 * in text files, macros, includes, and the match rules in their order. Pure.
 *
 * Hostile input that reaches it: the file and all that it includes; see setting.h.
 */
#ifndef PORTREEVE_AUDIT_READ_OPENSMTPD_H
#define PORTREEVE_AUDIT_READ_OPENSMTPD_H

#include "audit/setting.h"

/* `file` as "/etc/smtpd.conf". 0, also where parts are among the unread; or the error of the file
 * itself. */
int audit_read_opensmtpd(const struct audit_files *files, const char *file, struct arena *a,
                         struct audit_reading *out);

#endif
