/* SPDX-License-Identifier: ISC
 *
 * A set of keys of one width: addresses or prefixes of one length, in network order, so that
 * memcmp() is their order. Immutable once made, as blocklist/addresses.h is: a change shares with
 * the set before all leaves that it does not touch.
 */
#ifndef PORTREEVE_BLOCKLIST_KEYS_H
#define PORTREEVE_BLOCKLIST_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCKLIST_KEY_MAX = 16 };

struct blocklist_keys;

struct blocklist_key_change {
	uint8_t key[BLOCKLIST_KEY_MAX];  /* of which the width counts */
	bool listed;
};

/* `base` (NULL: the empty set of that width) with n changes, in order, each key once. */
struct blocklist_keys *blocklist_keys_change(const struct blocklist_keys *base, size_t width,
                                             const struct blocklist_key_change *changes, size_t n);
/* Of the thread that makes sets. NULL is fine. */
void blocklist_keys_destroy(struct blocklist_keys *k);

bool blocklist_keys_has(const struct blocklist_keys *k, const uint8_t *key);
/* One from `first` to `last`, both included. */
bool blocklist_keys_any(const struct blocklist_keys *k, const uint8_t *first, const uint8_t *last);
size_t blocklist_keys_count(const struct blocklist_keys *k);
/* What it takes, what it shares with others included. */
size_t blocklist_keys_bytes(const struct blocklist_keys *k);

#endif
