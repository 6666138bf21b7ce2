/* SPDX-License-Identifier: ISC
 *
 * Asking the gateway that runs, by its control socket (gateway/control.h).
 *
 * Hostile input: in a state directory of somebody else whoever listens there may answer anything.
 */
#ifndef PORTREEVE_CLI_CONTROL_ASK_H
#define PORTREEVE_CLI_CONTROL_ASK_H

#include "cli/cli.h"

struct control_ask {
	struct cli *cli;
	int fd;
	struct buf in;
	size_t taken;                 /* of `in` */
};

/* Settings and state directory, then the socket. CLI_GO or an exit code: EX_UNAVAILABLE where the
 * gateway does not run. */
int control_open(struct control_ask *ask, struct cli *cli);
void control_close(struct control_ask *ask);
/* Sends one request, an object of JSON without its line end. CLI_GO or an exit code. */
int control_send(struct control_ask *ask, struct str request);
/* The next line of the answer, an object, to be freed with json_decref(). CLI_GO or an exit code:
 * what the gateway has against the request is told, too. */
int control_next(struct control_ask *ask, json_t **line);
/* Whether it is the answer's last one; *next is 0 where there is no more. */
bool control_is_end(const json_t *line, uint64_t *next);

#endif
