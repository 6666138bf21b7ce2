/* SPDX-License-Identifier: ISC
 *
 * A list to ask, for the tests of this folder: configuration, zones and index made from
 * texts.
 */
#ifndef PORTREEVE_TESTS_BLOCKLIST_WORLD_H
#define PORTREEVE_TESTS_BLOCKLIST_WORLD_H

#include "blocklist/answer.h"

struct world {
	struct dnsbl_config config;
	struct config_section section;
	struct blocklist_zone zones[BLOCKLIST_LISTS];
	struct blocklist_zones *table;
	struct blocklist_edition edition;        /* what state stands for */
	struct blocklist_state state;
};

/* Zone "bl.example" with the prefixes listed (space-separated), serial 7; with `outputs` a
 * second zone "out.example". `options` are "name=value" texts, NULL-terminated; may be NULL. */
void world_make(struct world *w, const char *listed, const char *outputs,
                const char *const *options);
void world_free(struct world *w);
/* The same as an edition to put; the caller's. */
struct blocklist_edition *world_edition(const struct world *w);

struct blocklist_index *world_index(const char *listed);
struct prefix world_prefix(const char *text);

#endif
