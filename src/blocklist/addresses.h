/* SPDX-License-Identifier: ISC
 *
 * A set of IPv4 addresses, in blocks of a /16 (blocklist/block.h). Immutable once made: a change is
 * a new set, which shares with the old one all that it does not touch, so that it costs the same
 * whether the set has a thousand addresses or ten million.
 */
#ifndef PORTREEVE_BLOCKLIST_ADDRESSES_H
#define PORTREEVE_BLOCKLIST_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blocklist_addresses;

struct blocklist_address_change {
	uint32_t address;                /* in the host's order */
	bool listed;
};

/* `base` (NULL: the empty set) with n changes, in order of the address, each once. */
struct blocklist_addresses *
blocklist_addresses_change(const struct blocklist_addresses *base,
                           const struct blocklist_address_change *changes, size_t n);
/* Of the thread that makes sets. NULL is fine. */
void blocklist_addresses_destroy(struct blocklist_addresses *a);

bool blocklist_addresses_has(const struct blocklist_addresses *a, uint32_t address);
/* One from `first` to `last`, both included. */
bool blocklist_addresses_any(const struct blocklist_addresses *a, uint32_t first, uint32_t last);
size_t blocklist_addresses_count(const struct blocklist_addresses *a);
/* What it takes, what it shares with others included. */
size_t blocklist_addresses_bytes(const struct blocklist_addresses *a);

#endif
