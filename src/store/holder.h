/* SPDX-License-Identifier: ISC
 *
 * Who holds a lease, as text in its row, and whether that process is dead: then its lease holds
 * nothing. Pure: what the machine says of processes is the caller's to bring (base/alive.h).
 *
 * The text comes from the database, which may hold anything: what is not understood is of nobody
 * who could be known to be dead.
 */
#ifndef PORTREEVE_STORE_HOLDER_H
#define PORTREEVE_STORE_HOLDER_H

#include "base/alive.h"

#include <stdbool.h>

enum { HOLDER_MAX = 112 };

/* "BOOT SPACE PID START"; "" if one of them is unknown. Returns dst. */
char *holder_format(const struct alive_id *id, char dst[static HOLDER_MAX]);
/* ERR_INVALID, and nothing is set. */
int holder_parse(const char *text, struct alive_id *id);
/* Whether the holder is certainly dead: the machine has started again; or, seen from the same
 * space of numbers, nobody has its number, or somebody who began at another time. A zombie holds
 * its lease until it is waited for. */
bool holder_is_dead(const struct alive_id *holder, const struct alive_id *self,
                    const struct alive_sight *sight);

#endif
