/* SPDX-License-Identifier: ISC
 *
 * A file that a command writes for its caller out of the state directory. Root must have
 * become the owner of that directory by then, and has no right any more to the place where
 * the file is to stand; the owner must not get one. So the file is opened first, as the
 * caller, under a name of no meaning, and a small process that stays the caller waits with
 * the directory in its hand. When all is written it gives the file its name; in every other
 * case, even that of a kill, it takes the file away.
 *
 * No link at the place itself or at the name of no meaning is ever followed.
 */
#ifndef PORTREEVE_CLI_OUTFILE_H
#define PORTREEVE_CLI_OUTFILE_H

#include "base/err.h"
#include "cli/cli.h"

#include <stdbool.h>
#include <sys/types.h>

struct outfile {
	int fd;                      /* to write to; -1: not open */
	int keeper_fd;
	pid_t keeper;
};

/* Before cli_open(). With `replace` a file that is there is replaced when all is written, else
 * it is ERR_EXISTS. ERR_NOT_FOUND, ERR_DENIED, ERR_FULL, ERR_IO. */
int outfile_open(struct outfile *o, const char *path, mode_t mode, bool replace);
/* Flushes it and gives it its name: it is whole and on disk when this is ERR_OK. Errors as
 * before; the file is gone then. */
int outfile_commit(struct outfile *o);
/* For an error of either: says it in one line, and of ERR_EXISTS that --force replaces. The exit
 * code. */
int outfile_not_written(const struct cli *cli, const char *path, int err);
/* Takes it away, if it was opened and not committed. */
void outfile_drop(struct outfile *o);

#endif
