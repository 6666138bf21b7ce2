/* SPDX-License-Identifier: ISC
 *
 * What `permit` and `exclude` share: commands that keep a set of address ranges, by
 * "add RANGE", "remove RANGE" and "list".
 */
#ifndef PORTREEVE_CLI_RANGES_H
#define PORTREEVE_CLI_RANGES_H

#include "cli/cli.h"

/* The first member of the command's own arguments. */
struct ranges {
	struct cli cli;
	const char *by;          /* as given, or NULL */
	struct prefix range;
	int64_t now_s;
};

/* Each function returns CLI_GO when done, else the exit code. */
struct ranges_kind {
	const char *command;     /* "permit" */
	const char *one;         /* "a permitted" range */
	const char *kept;        /* what a range of the set is: "permitted" */
	int (*add)(struct ranges *r);        /* r->range has been read */
	int (*list)(struct ranges *r);
	int (*forget)(struct store *st, const struct prefix *range, const char *who,
	              int64_t now_s);
};

/* Does what the operands say. */
int ranges_run(struct ranges *r, const struct ranges_kind *kind);

#endif
