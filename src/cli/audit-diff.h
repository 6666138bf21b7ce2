/* SPDX-License-Identifier: ISC
 *
 * `audit --diff`: who may relay by one configuration and not by another. Both are read, and no
 * server is started.
 *
 * Hostile input that reaches it: both configurations, which a stranger may have sent.
 */
#ifndef PORTREEVE_CLI_AUDIT_DIFF_H
#define PORTREEVE_CLI_AUDIT_DIFF_H

#include "cli/cli.h"
#include "cli/outfile.h"

/* Of the operands: [OLD] NEW, each a directory, a main file, or the root of an image; without OLD
 * the configuration of this machine. `mta` NULL: recognised. html NULL: no page of HTML; out is
 * where it goes. Exit code 0: not wider; 1: wider; 3: not known. */
int audit_diff_command(struct cli *cli, const char *mta, const char *html, struct outfile *out);

#endif
