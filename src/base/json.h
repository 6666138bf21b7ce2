/* SPDX-License-Identifier: ISC
 *
 * The one writer of JSON. Whatever it is handed, what it writes is JSON in UTF-8: text from
 * operators, the network, files and databases may have any bytes. jansson reads, this writes.
 *
 * A room writes the JSON form of its own things, as a function that adds members to the
 * object that is open: so a caller may add more. One convention (portreeve-json(5)): times are
 * ISO 8601 in UTC, numbers are as short as they can be, and of what is not there nothing is
 * written. What is "" or null in the forms of traces, tests and evidence is so by promise.
 *
 * Hostile input that reaches it: any bytes, and nested values of any depth that jansson read.
 */
#ifndef PORTREEVE_BASE_JSON_H
#define PORTREEVE_BASE_JSON_H

#include "base/ip.h"
#include "base/str.h"

#include <jansson.h>

/* Where one value is written. Zeroed but for `out` it is ready; nothing is owned once the
 * outermost object or array is closed. */
struct json {
	struct buf *out;         /* appended to */
	unsigned indent;         /* spaces per level, a line per member; 0: all on one line */
	bool ascii;              /* other characters as \uXXXX */
	bool comma;              /* the next member needs one before it */
	struct buf open;         /* '{' and '[' of what is open, outermost first */
};

/* `key` names the member of an object, and is NULL for an item of an array and for the
 * outermost value. It is a literal, or made of checked values as those of an address. */
void json_open_object(struct json *j, const char *key);
void json_open_array(struct json *j, const char *key);
/* Ends what was opened last. */
void json_close(struct json *j);

/* Text: bytes that are not UTF-8 are written as \xHH (a backslash, an x, two digits); so are
 * NUL, which many readers refuse, and the control characters from U+007F to U+009F. */
void json_add_str(struct json *j, const char *key, struct str s);
void json_add_cstr(struct json *j, const char *key, const char *s);          /* NULL: "" */
/* Nothing for "" and NULL. */
void json_add_cstr_if(struct json *j, const char *key, const char *s);
/* Text that is also read by eye: all control characters but tab and line ends as \xHH. */
void json_add_shown(struct json *j, const char *key, struct str s);
/* Bytes, each as the character of its number (U+0000 to U+00FF), so that none is lost. */
void json_add_bytes(struct json *j, const char *key, struct str s);
void json_add_int(struct json *j, const char *key, int64_t n);
/* The shortest text that reads back as the same number; null for what is none. */
void json_add_real(struct json *j, const char *key, double n);
void json_add_bool(struct json *j, const char *key, bool yes);
void json_add_null(struct json *j, const char *key);
/* "2026-11-21T21:09:19Z"; nothing for 0. */
void json_add_time(struct json *j, const char *key, int64_t time_s);
/* Nothing for family 0. */
void json_add_ip(struct json *j, const char *key, const struct ip *ip);
void json_add_prefix(struct json *j, const char *key, const struct prefix *prefix);
/* What jansson has read: each text is the same to whoever reads it again. */
void json_add_value(struct json *j, const char *key, const json_t *value);

#endif
