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
	const char *root;                /* of an image: its files are read, nothing is started */
};

enum { AUDIT_INSTANCES_MAX = 16 };
/* Directories of the other instances of Postfix that the audited one names. */
struct audit_instances {
	const char *directories[AUDIT_INSTANCES_MAX];
	size_t n;
};

/* CLI_GO with the report filled in, in the arena of `cli`; or an exit code, told. */
int audit_run(struct cli *cli, const struct audit_options *options, struct audit_report *report,
              struct audit_instances *instances);

#endif
