/* SPDX-License-Identifier: ISC
 *
 * Text as a JSON value, from wherever it came: operators, the network, files, databases.
 * jansson refuses what is not UTF-8, and a json_pack() with one such text gives NULL for all
 * of it: so text that is not a constant of ours goes through here.
 *
 * Hostile input that reaches it: any bytes.
 */
#ifndef PORTREEVE_BASE_JSON_H
#define PORTREEVE_BASE_JSON_H

#include "base/str.h"

#include <jansson.h>

/* Never NULL; the caller owns it. Bytes that are not UTF-8 become \xHH; so do NUL, which
 * readers of JSON refuse, and the control characters from U+007F on, for which JSON has no
 * escape of its own. */
json_t *json_text(struct str s);
static inline json_t *json_cstr(const char *s) { return json_text(str_of(s)); }

#endif
