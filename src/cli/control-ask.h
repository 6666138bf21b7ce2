/* SPDX-License-Identifier: ISC
 *
 * One question to the gateway that runs, at its control socket (gateway/control.h).
 *
 * Hostile input: what answers there, if it is not the gateway: it has some seconds, and a size.
 */
#ifndef PORTREEVE_CLI_CONTROL_ASK_H
#define PORTREEVE_CLI_CONTROL_ASK_H

#include "cli/cli.h"

/* Sends the line and appends all that is answered to *answer. After cli_enter(). Blocks, for some
 * seconds at most. ERR_CLOSED (it does not run, or has no socket), ERR_DENIED, ERR_TIMEOUT,
 * ERR_LIMIT, ERR_IO; one line in *message. */
int control_ask(const struct cli *cli, const char *request, struct buf *answer,
                struct buf *message);

#endif
