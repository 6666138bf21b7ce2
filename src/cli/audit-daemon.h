/* SPDX-License-Identifier: ISC
 *
 * The mail server that runs on this machine, as it was started: by its command line, else by the
 * file by which the system starts it (audit/daemon.h).
 *
 * Hostile input that reaches it: command lines and environments of processes. One is looked at only
 * if it holds a listening socket and has a mail server's name.
 */
#ifndef PORTREEVE_CLI_AUDIT_DAEMON_H
#define PORTREEVE_CLI_AUDIT_DAEMON_H

#include "audit/daemon.h"
#include "audit/facts.h"
#include "base/arena.h"

/* Of an image below a root, and where nothing is found that runs, by the file. */
void audit_daemon_find(enum mta mta, const struct facts *f, bool runs_here,
                       const struct audit_files *files, struct arena *a,
                       struct daemon_options *daemon);

/* Directories of the configurations by which masters of Postfix run here; how many, up to max. */
size_t audit_daemon_directories(const struct facts *f, struct arena *a, const char **directories,
                                size_t max);

/* All that is looked at of processes, for a digest: another command line is another answer. */
void audit_daemon_tell(const struct facts *f, struct buf *out);

#endif
