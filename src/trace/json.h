/* SPDX-License-Identifier: ISC
 *
 * A trace as JSON, for --json and --batch; described in portreeve-json(5). The field names are
 * a contract with scripts: add, never rename. Bytes of the message above 0x7f are written as
 * U+0080 to U+00FF, so that no byte is lost and the text is valid.
 */
#ifndef PORTREEVE_TRACE_JSON_H
#define PORTREEVE_TRACE_JSON_H

#include "base/json.h"
#include "trace/trace.h"

/* Adds the members to the object that is open; its "id" is the caller's. */
void trace_json(const struct trace *t, struct json *j);

#endif
