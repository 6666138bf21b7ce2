/* SPDX-License-Identifier: ISC
 *
 * The command `audit --watch`: an audit that is repeated, and tells only what has changed.
 */
#ifndef PORTREEVE_CLI_AUDIT_WATCH_H
#define PORTREEVE_CLI_AUDIT_WATCH_H

#include "cli/audit-run.h"

#define AUDIT_WATCH_DIRECTORY "/var/lib/portreeve-audit"
#define AUDIT_WATCH_KEPT AUDIT_WATCH_DIRECTORY "/last"

struct audit_watching {
	const char *kept;                /* path of what was found last; NULL: AUDIT_WATCH_KEPT */
	const char *mail;                /* an address that is told; NULL: none */
	const char *run;                 /* a command for the shell, told on its standard input */
};

/* Looks whether anything on which the answer depends has changed since the last time, or a day has
 * passed; if so, audits, and tells what differs. The exit code of the audit, or of an error, told.
 * It blocks as audit_run_all() does, and a minute for each who is told. */
int audit_watch_run(struct cli *cli, const struct audit_options *options,
                    const struct audit_watching *watching);

#endif
