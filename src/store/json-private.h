/* SPDX-License-Identifier: ISC
 *
 * Values of ours as JSON, for json.c and evidence.c.
 */
#ifndef PORTREEVE_STORE_JSON_PRIVATE_H
#define PORTREEVE_STORE_JSON_PRIVATE_H

#include "base/json.h"
#include "store/evidence.h"

json_t *json_ip(const struct ip *ip);        /* family 0: "" */
json_t *json_time(int64_t time_s);           /* 0: "" */

#endif
