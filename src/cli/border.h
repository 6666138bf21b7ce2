/* SPDX-License-Identifier: ISC
 *
 * What is ours, as `trace` and `report` are told it: by options, else by the configuration.
 */
#ifndef PORTREEVE_CLI_BORDER_H
#define PORTREEVE_CLI_BORDER_H

#include "cli/cli.h"
#include "trace/border.h"

struct border_options {
	struct cli_values own_hosts, own_nets, border_hosts;
};

/* The rows for a cli_spec. */
#define BORDER_OPTIONS(o) \
	{ .name = "own-host", .argument = "GLOB", .values = &(o).own_hosts, \
	  .help = "a mail host of ours, such as *.example.org; again for more" }, \
	{ .name = "own-net", .argument = "CIDR", .values = &(o).own_nets, \
	  .help = "a network of ours; again for more" }, \
	{ .name = "border-host", .argument = "GLOB", .values = &(o).border_hosts, \
	  .help = "one of our MX hosts; again for more" }

/* Fills the set; loads the settings if no option was given. CLI_GO or an exit code. */
int cli_border(struct cli *cli, const struct border_options *o, struct border_set *set);

#endif
