/* SPDX-License-Identifier: ISC
 *
 * The mail servers that run on this machine, as they were started: by their command lines, else by
 * the files by which the system starts them (audit/daemon.h).
 *
 * Hostile input that reaches it: command lines and environments of processes, pid files. A process
 * is looked at only if it holds a listening socket and has a mail server's name, or is the parent
 * of one.
 */
#ifndef PORTREEVE_CLI_AUDIT_DAEMON_H
#define PORTREEVE_CLI_AUDIT_DAEMON_H

#include "audit/daemon.h"
#include "audit/facts.h"
#include "base/arena.h"

/* Of the one that runs by the options `started` (facts_listener.started); NULL: of the first one,
 * one that listens for mail before others. Of an image below a root, and where none runs, by the
 * files; where one runs of which it cannot be known, by the files, and `unknown` says so. */
void audit_daemon_find(enum mta mta, const struct facts *f, bool runs_here, const char *started,
                       const struct audit_files *files, struct arena *a,
                       struct daemon_options *daemon);

/* Whether that process, which reads its configuration once, was started before the file was last
 * changed: it goes on by what the file said then. Others read it again for each connection. */
bool audit_daemon_is_older(unsigned pid, enum mta mta, const char *file);

/* Sets `started` of all that listen; files: where their pid files are, NULL: of this machine. */
void audit_daemon_mark(struct facts *f, const struct audit_files *files, struct arena *a);

/* By which options servers of that kind run here, each once, those for mail first; how many, up to
 * max. */
size_t audit_daemon_running(const struct facts *f, enum mta mta, const char **started, size_t max);

/* All of that, for a digest: by other options it is another answer. */
void audit_daemon_tell(const struct facts *f, struct buf *out);

#endif
