/* SPDX-License-Identifier: ISC
 *
 * The command `audit --diff`.
 */
#ifndef PORTREEVE_CLI_AUDIT_DIFF_H
#define PORTREEVE_CLI_AUDIT_DIFF_H

#include "cli/audit-read.h"
#include "cli/audit-run.h"

/* Prints what differs; old NULL: the configuration that the server uses. The exit code: 0 nobody
 * more may relay under the new one, 1 somebody may; or that of an error, told. */
int audit_diff_run(struct cli *cli, const struct audit_options *options, const char *old,
                   const char *new_);

#endif
