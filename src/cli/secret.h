/* SPDX-License-Identifier: ISC
 *
 * A secret that its owner types or a script gives: never in an argument, where every user of the
 * machine reads it.
 */
#ifndef PORTREEVE_CLI_SECRET_H
#define PORTREEVE_CLI_SECRET_H

#include "cli/cli.h"

/* From the terminal, unseen, twice; or the one line that standard input has where that is no
 * terminal. `what` names it ("password of ann"). Appended to *secret, which the caller wipes,
 * without the line's end; at most `max` bytes. CLI_GO or an exit code. */
int secret_read(const struct cli *cli, const char *what, size_t max, struct buf *secret);
/* Overwrites and frees. */
void secret_fini(struct buf *secret);

#endif
