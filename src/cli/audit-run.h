/* SPDX-License-Identifier: ISC
 *
 * An audit of this machine, from what is installed to the report: what `audit` prints and `gate`
 * decides by. It blocks, for a minute at most; as root it makes the closed room.
 */
#ifndef PORTREEVE_CLI_AUDIT_RUN_H
#define PORTREEVE_CLI_AUDIT_RUN_H

#include "audit/entrance.h"
#include "audit/report.h"
#include "cli/audit-find.h"
#include "cli/audit-inside.h"
#include "cli/cli.h"

struct audit_options {
	const char *mta, *config;        /* as given; NULL: found out */
	bool is_instance;                /* config is the directory of another Postfix here */
	const char *started;             /* of those that run, the one by these options; NULL */
	const struct cli_values *sockets;        /* that are let into the room; NULL: none */
	bool reading;                    /* no server is started */
	bool in_container;               /* no room is tried; not as root, either */
	const char *root;                /* of an image: its files are read, nothing is started */
	const struct audit_inside *inside;       /* a container, whose server it is; NULL */
};

/* Each server that listens, and behind it each instance of Postfix, unless one is named; `take`
 * gets the reports when all are made: where strangers' mail arrives that none of them is about,
 * the first says so. CLI_GO, and *verdict is the worst of them; or an exit code, told. In
 * audit-all.c. */
int audit_run_all(struct cli *cli, const struct audit_options *options,
                  void (*take)(void *arg, const struct audit_report *report), void *arg,
                  enum audit_verdict *verdict);

enum { AUDIT_INSTANCES_MAX = 16, AUDIT_RUNNING_MAX = 16, AUDIT_ASKED_MAX = 1024,
       AUDIT_TOOL_MS = 5000 };
/* What came of one audit. */
struct audit_done {
	struct audit_report report;
	struct audit_asked_at *asked;    /* the ports that its configuration names */
	size_t asked_n;
	const char *directories[AUDIT_INSTANCES_MAX];    /* of other instances of Postfix */
	size_t directory_n, left;        /* left: of more that there was no room for */
	const char *first_left;          /* NULL: none */
	const char *started;             /* by which options it was asked, facts_listener.started */
	const char *others[AUDIT_RUNNING_MAX];   /* by which else it runs here, not Postfix */
	size_t other_n;
};
/* One server, or one instance of Postfix; machine: what facts_look() said of this machine; NULL:
 * options->root is an image, which has none. CLI_GO with *done filled in, in the arena of
 * `cli`; or an exit code, told. */
int audit_run_one(struct cli *cli, const struct audit_options *options,
                  const struct facts *machine, struct audit_done *done);

#endif
