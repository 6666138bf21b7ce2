/* SPDX-License-Identifier: ISC
 *
 * What `portreeve top` shows of the gateway's state, as lines of text. Pure.
 *
 * Hostile input: names of hosts, accounts and destinations, and what servers said, are in the
 * state; all of it is escaped here, so that each line is printable ASCII and as wide as it has
 * bytes.
 */
#ifndef PORTREEVE_CLI_TOP_DRAW_H
#define PORTREEVE_CLI_TOP_DRAW_H

#include "base/str.h"

#include <jansson.h>

struct top_view {
	const json_t *now, *before;   /* `before` NULL: no rates */
	double seconds;               /* between the two */
	const char *clock;            /* "22:33:10" */
	unsigned columns, rows;       /* what there is room for; rows 0: any number */
	bool colour;                  /* with what a terminal takes for bold and red */
};

/* Appends lines, each ended by "\n". */
void top_draw(const struct top_view *view, struct buf *out);

#endif
