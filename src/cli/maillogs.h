/* SPDX-License-Identifier: ISC
 *
 * The mail logs of this machine: the journal, by journalctl as a child, and the files where the
 * distributions have them, each with the one that was rotated last. All of it blocks, within
 * bounds. What stands in them is foreign, and goes to the reader (witness/log.h).
 */
#ifndef PORTREEVE_CLI_MAILLOGS_H
#define PORTREEVE_CLI_MAILLOGS_H

#include "cli/cli.h"
#include "witness/log.h"

enum { MAILLOGS_MAX = 64, MAILLOGS_TAIL_BYTES = 256 << 20 /* of a file, its end */ };

/* What was read: file names, "journal". */
struct maillogs {
	const char *read[MAILLOGS_MAX];
	size_t n;
};
/* With commas, in the arena. */
const char *maillogs_names(const struct maillogs *logs, struct arena *a);

/* Those that the user names; "-" is standard input. CLI_GO or an exit code. */
int maillogs_read_named(struct cli *cli, const struct cli_values *paths, struct maillogs *logs,
                        struct witness_log *log);
/* Those that there are. The journal from the day before `since_s` on. What may not be read is
 * noted. */
void maillogs_read_usual(struct cli *cli, int64_t since_s, struct maillogs *logs,
                         struct witness_log *log);

#endif
