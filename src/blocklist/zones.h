/* SPDX-License-Identifier: ISC
 *
 * The zones that are served, any number of them, found by a name inside: the longest match
 * counts. Immutable once made. A look-up takes a step for each label of the name, whatever the
 * number of zones; it allocates nothing.
 *
 * Hostile input that reaches it: names of any query.
 */
#ifndef PORTREEVE_BLOCKLIST_ZONES_H
#define PORTREEVE_BLOCKLIST_ZONES_H

#include "blocklist/zone.h"

struct blocklist_zones;

/* Copies the zones. ERR_EXISTS: two of them have one name. */
int blocklist_zones_create(const struct blocklist_zone *zones, size_t n,
                           struct blocklist_zones **out);
/* Those of the configuration: the list's, and the outputs' if they have one. ERR_INVALID as
 * blocklist_zone_init(). */
int blocklist_zones_configure(const struct dnsbl_config *config, struct blocklist_zones **out,
                              struct buf *message);
void blocklist_zones_destroy(struct blocklist_zones *t);          /* NULL is fine */

/* The zone that a name (in valid wire form, any case) is or is in; *labels_before of its labels
 * stand before the zone's own. NULL: in none. */
const struct blocklist_zone *blocklist_zones_find(const struct blocklist_zones *t,
                                                  const uint8_t *name, size_t n,
                                                  unsigned *labels_before);
/* Whether a text of one says of a proved listing what only its note has (blocklist/words.h). */
bool blocklist_zones_need_notes(const struct blocklist_zones *t);
/* Whether one of them shows that list. */
bool blocklist_zones_show(const struct blocklist_zones *t, enum blocklist_list list);

#endif
