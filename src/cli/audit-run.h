/* SPDX-License-Identifier: ISC
 *
 * An audit of this machine, from what is installed to the report: what `audit` prints and `gate`
 * decides by. It blocks, for a minute at most; as root it makes the closed room.
 */
#ifndef PORTREEVE_CLI_AUDIT_RUN_H
#define PORTREEVE_CLI_AUDIT_RUN_H

#include "audit/report.h"
#include "cli/audit-find.h"
#include "cli/cli.h"

struct audit_options {
	const char *mta, *config;        /* as given; NULL: found out */
	bool is_instance;                /* config is the directory of another Postfix here */
	const struct cli_values *sockets;        /* that are let into the room; NULL: none */
	bool reading;                    /* no server is started */
	bool in_container;               /* no room is tried; not as root, either */
	const char *root;                /* of an image: its files are read, nothing is started */
};

/* Each server that listens, and behind it each instance of Postfix, unless one is named; `take`
 * gets each report before the next is made. CLI_GO, and *verdict is the worst of them; or an exit
 * code, told. */
int audit_run_all(struct cli *cli, const struct audit_options *options,
                  void (*take)(void *arg, const struct audit_report *report), void *arg,
                  enum audit_verdict *verdict);

#endif
