/* SPDX-License-Identifier: ISC
 *
 * Values of ours as JSON, for json.c and evidence.c.
 */
#ifndef PORTREEVE_STORE_JSON_PRIVATE_H
#define PORTREEVE_STORE_JSON_PRIVATE_H

#include "base/json.h"
#include "store/evidence.h"

/* json_text() of what others wrote; control characters but tab and line ends are shown as
 * \xHH, too: evidence is also read by eye. */
json_t *json_shown(struct str s);
json_t *json_ip(const struct ip *ip);        /* family 0: "" */
json_t *json_time(int64_t time_s);           /* 0: "" */

#endif
