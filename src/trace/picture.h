/* SPDX-License-Identifier: ISC
 *
 * A trace for people: the chain as a picture, newest first, with the break marked,
 * and the answer in three lines; on a terminal, or as an SVG for a page or report.
 * Text from the message is UTF-8 of characters that may be shown (base/shown.h): no
 * escape sequence, no right-to-left mark and no markup of a sender's gets through. For a
 * terminal that doesn't speak it: shown_narrow().
 */
#ifndef PORTREEVE_TRACE_PICTURE_H
#define PORTREEVE_TRACE_PICTURE_H

#include "trace/trace.h"

/* Appends the picture; `colour` adds terminal colours, and lines are broken at spaces to
 * fit into `columns` (0: not at all). `title` names the message. */
void trace_picture(const struct trace *t, struct str title, bool colour, unsigned columns,
                   struct buf *out);
/* Appends a whole SVG document. */
void trace_svg(const struct trace *t, struct str title, struct buf *out);

/* The answer's three lines, each with its line end: handover, origin, claimed. */
void trace_answer(const struct trace *t, struct buf *out);
/* What else was found, a line for each: relay, return address, odd header lines, limits. */
void trace_extras(const struct trace *t, struct buf *out);

/* The parts of a hop, in words: whom the line names as its peer, and who wrote it when.
 * Used by both pictures. */
void trace_peer_text(const struct trace_hop *hop, struct buf *out);
void trace_writer_text(const struct trace_hop *hop, struct buf *out);
/* What the mark in front of this hop says; NULL if there is none: only where the chain
 * gets worse than `worst` (which is updated). */
const char *trace_break_text(const struct trace *t, const struct trace_hop *hop,
                             enum trace_zone *worst);
/* The bytes of the longest beginning of `s`, UTF-8, that fits into `columns`, of a character each:
 * up to a space, or mid-word where there is none. */
size_t trace_wrap(struct str s, size_t columns);

#endif
