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

struct audit_diffing {
	const char *mta;                 /* NULL: recognised */
	/* Each a directory, a main file, or the root of an image; old NULL: of this machine. */
	const char *old, *new_;
	const char *html;                /* the file of a page; NULL: none */
	bool force;                      /* it may be there */
};

/* Prints what differs. The exit code: 0 nothing is wider, 1 more may relay, 3 not known; or that
 * of an error, told. */
int audit_diff_run(struct cli *cli, const struct audit_diffing *asked);

#endif
