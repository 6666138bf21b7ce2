/* SPDX-License-Identifier: ISC
 *
 * A container of this machine, as an audit goes into it: its files beneath its root alone, its
 * network by the kernel, its names. No program of it runs here; in the closed room one does.
 *
 * Who uses it: audit-all.c opens and closes it, audit-run.c asks its server.
 * Hostile input that reaches it: all files of the container, and the name of its machine.
 */
#ifndef PORTREEVE_CLI_AUDIT_INSIDE_H
#define PORTREEVE_CLI_AUDIT_INSIDE_H

#include "audit/disk-files.h"
#include "audit/published.h"
#include "cli/cli.h"
#include "closed/server.h"

enum { AUDIT_INSIDE_PATH_MAX = 40 };

struct audit_inside {
	struct audit_published is;
	struct closed_inside spaces;     /* its mounts and root */
	int network;
	char root[AUDIT_INSIDE_PATH_MAX];        /* a path by which disk_files_init() finds it */
	struct disk_files disk;
	struct audit_files files;
	struct facts facts;              /* of its network */
	struct closed_server server;     /* with the program that is in it */
	const char *machine, *whole;     /* the name of its machine, and with its domain */
	const char *user, *version;      /* a real user; of the server; NULL */
	const char *behind;              /* "port 25 by docker-proxy (process 7)" */
};

/* In the arena of `cli`; `machine` are the facts of this one. ERR_UNSUPPORTED: it is of a kind that
 * is not entered; ERR_NOT_FOUND: it has ended, or has no such program; ERR_DENIED, ERR_IO. *why
 * says what, a clause. It is always to be closed. */
int audit_inside_open(struct cli *cli, const struct audit_published *published,
                      const struct facts *machine, struct audit_inside *inside,
                      const char **why);
void audit_inside_close(struct audit_inside *inside);

#endif
