/* SPDX-License-Identifier: ISC
 *
 * A configuration of a mail server read from the disk: that of this machine, one from elsewhere, or
 * one of an image below a directory.
 *
 * Hostile input that reaches it: the files, by audit/disk-files.h.
 */
#ifndef PORTREEVE_CLI_AUDIT_READ_H
#define PORTREEVE_CLI_AUDIT_READ_H

#include "audit/carried-files.h"
#include "audit/config.h"
#include "audit/disk-files.h"
#include "cli/cli.h"
#include "closed/server.h"

/* Where it is; its place must not change while the configuration is used. All zero is
 * nothing yet. */
struct audit_source {
	const char *root;                /* "" of this machine */
	const char *where;               /* for people, of a root: "in a container" */
	bool runs;                       /* what runs there is among the facts */
	const char *config;              /* a directory or file; NULL: where the server looks */
	bool in_place;                   /* config stays where it is: an instance of Postfix */
	const char *started;             /* of those that run, the one by these options; NULL */
	const char *host_name, *version; /* NULL: not known */
	struct disk_files disk;
	struct carried_files carried;
	struct daemon_options daemon;    /* found with it: how the server is started */
};

/* CLI_GO or an exit code, told. In the arena of `cli`. */
int audit_source_read(struct cli *cli, struct audit_source *source, enum mta mta,
                      const struct facts *f, struct audit_config **config);
void audit_source_fini(struct audit_source *source);

#endif
