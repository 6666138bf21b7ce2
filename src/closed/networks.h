/* SPDX-License-Identifier: ISC
 *
 * Whether the server derives the same networks from the room's interfaces as from the machine's:
 * whom it trusts in the room would else not be whom it trusts outside.
 *
 * Who uses it: run.c, before the server is started.
 * Hostile input: what the server's own tool prints, which is compared word by word and shown.
 */
#ifndef PORTREEVE_CLOSED_NETWORKS_H
#define PORTREEVE_CLOSED_NETWORKS_H

#include "base/arena.h"
#include "closed/server.h"

/* Compares both lists, parted by blanks and commas, as sets: NULL where they are the same; else a
 * sentence with what only one of them has, in the arena. Pure. */
const char *closed_networks_compare(struct str outside, struct str inside, struct arena *a);

/* Asks the tool here and in the room: NULL where both say the same, or where this server derives
 * nothing; else a sentence that says what differs, or that it could not be asked. `config`: as
 * closed_server_start(); it must be the machine's own, as a tool reads it here. Blocks, a few
 * seconds at most. */
const char *closed_networks_differ(struct closed_room *room, const struct closed_server *server,
                                   const char *config, struct arena *a);

#endif
