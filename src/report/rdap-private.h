/* SPDX-License-Identifier: ISC
 *
 * What the readers of bootstraps and of answers share: JSON that may be of any shape.
 */
#ifndef PORTREEVE_REPORT_RDAP_PRIVATE_H
#define PORTREEVE_REPORT_RDAP_PRIVATE_H

#include "report/rdap.h"

#include <jansson.h>

/* NULL: too long, or no JSON. jansson limits the depth. */
json_t *rdap_load(struct str json, size_t max_bytes);
/* "" for what is no string. */
struct str rdap_text(const json_t *value);
/* Registries write one thing where the standard has a list of them: element i of a list, or
 * the value itself for i = 0; NULL behind the last. */
const json_t *rdap_item(const json_t *value, size_t i);
/* What has bytes that no URL has is no URL. */
bool rdap_is_url(struct str s, bool http_ok);

/* ---- the desks of an answer ------------------------------------------------- */

/* Finds who is named for abuse in the object and adds him to the answer, the best first: who
 * has the role comes before an address that is only typed so (RFC 6350 5.6: "type"), and then
 * counts "pref", smaller first. What a remark calls invalid is left out. `is_desk`: the object
 * itself is the desk. Adds the links of desks that are named elsewhere. */
void rdap_desks_find(const json_t *root, bool is_desk, struct contact_answer *answer,
                     struct rdap_links *links);
#endif
