/* SPDX-License-Identifier: ISC
 *
 * One line of `trace --batch`: a JSON object with id, message and border in, an object
 * out, always. In "message" each character U+0000 to U+00FF stands for one byte. The
 * line comes from a program and may hold anything.
 */
#ifndef PORTREEVE_TRACE_BATCH_H
#define PORTREEVE_TRACE_BATCH_H

#include "trace/border.h"

enum { BATCH_LINE_MAX_BYTES = 1 << 30 };

/* Memory that lines share, and how many there were. Zero-initialised is valid. */
struct batch {
	struct trace trace;
	struct border_set border;
	struct buf message;
	size_t lines;
};

void batch_fini(struct batch *batch);
/* Appends the answer (no line end). `otherwise` is the border of a line that names none.
 * ERR_INVALID with a one-line *problem if the line is no such object, or longer than
 * the limit (what is behind it is not read); the answer is then {"id", "line", "error"}. */
int batch_line(struct batch *batch, struct str line, const struct trace_border *otherwise,
               struct buf *out, struct buf *problem);

#endif
