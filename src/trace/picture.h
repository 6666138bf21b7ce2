/* SPDX-License-Identifier: ISC
 *
 * A trace for people: the chain as a picture, newest first, with the break marked,
 * and the answer in three lines; on a terminal, or as an SVG for a page or report.
 * Text from the message is shown only with controls and 8-bit bytes taken out.
 */
#ifndef PORTREEVE_TRACE_PICTURE_H
#define PORTREEVE_TRACE_PICTURE_H

#include "trace/trace.h"

/* Appends the picture; `colour` adds terminal colours. `title` names the message. */
void trace_picture(const struct trace *t, struct str title, bool colour, struct buf *out);
/* Appends a whole SVG document. */
void trace_svg(const struct trace *t, struct str title, struct buf *out);

/* The answer's three lines, each with its line end: handover, origin, claimed. */
void trace_answer(const struct trace *t, struct buf *out);

#endif
