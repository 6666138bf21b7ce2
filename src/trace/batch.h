/* SPDX-License-Identifier: ISC
 *
 * One line of `trace --batch`: a JSON object with id, message and border in, the
 * trace's object out. In "message" each character U+0000 to U+00FF stands for one
 * byte. The line comes from a program and may hold anything.
 */
#ifndef PORTREEVE_TRACE_BATCH_H
#define PORTREEVE_TRACE_BATCH_H

#include "trace/border.h"

/* Memory that lines share. Zero-initialised is valid. */
struct batch {
	struct trace trace;
	struct border_set border;
	struct buf message;
};

void batch_fini(struct batch *batch);
/* Appends the answer (no line end). ERR_INVALID with a one-line *problem if the line
 * is no such object; nothing is appended then. */
int batch_line(struct batch *batch, struct str line, struct buf *out, struct buf *problem);

#endif
