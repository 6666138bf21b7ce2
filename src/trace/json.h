/* SPDX-License-Identifier: ISC
 *
 * A trace as one JSON object on one line, for --json and --batch. The field names
 * are a contract with scripts: add, never rename. Bytes of the message above 0x7f
 * are written as U+0080 to U+00FF, so that no byte is lost and the text is valid.
 */
#ifndef PORTREEVE_TRACE_JSON_H
#define PORTREEVE_TRACE_JSON_H

#include "trace/trace.h"

/* Appends the object and no line end; `id` is a JSON value, written as it is. */
void trace_json(const struct trace *t, struct str id, struct buf *out);
/* Appends bytes as a JSON string, each above 0x7f as the character of its number. */
void trace_json_bytes(struct str s, struct buf *out);

#endif
