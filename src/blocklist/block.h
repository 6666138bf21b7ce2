/* SPDX-License-Identifier: ISC
 *
 * The listed addresses of one IPv4 /16, packed: what stands of an address is its low sixteen bits.
 * Immutable once made; a look-up takes about as long whatever their number. Beside a header of
 * eight bytes an address takes two bytes where there are few, one and a third where there are some
 * hundred, and less where they are dense: never more than 8 KiB for all of them. HACKING has the
 * picture ("The index").
 */
#ifndef PORTREEVE_BLOCKLIST_BLOCK_H
#define PORTREEVE_BLOCKLIST_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blocklist_block;

enum { BLOCKLIST_BLOCK_MAX = 65536 };

/* Of n addresses, in order, each once. n is 1 to BLOCKLIST_BLOCK_MAX. */
struct blocklist_block *blocklist_block_pack(const uint16_t *addresses, size_t n);
/* The addresses, in order; returns how many. */
size_t blocklist_block_unpack(const struct blocklist_block *b,
                              uint16_t dst[static BLOCKLIST_BLOCK_MAX]);
/* As blocklist_index_share() and _destroy(): of the one thread that makes them. */
struct blocklist_block *blocklist_block_share(struct blocklist_block *b);
void blocklist_block_destroy(struct blocklist_block *b);

bool blocklist_block_has(const struct blocklist_block *b, uint16_t address);
/* One from `first` to `last`, both included. */
bool blocklist_block_any(const struct blocklist_block *b, uint16_t first, uint16_t last);
size_t blocklist_block_count(const struct blocklist_block *b);
size_t blocklist_block_bytes(const struct blocklist_block *b);

#endif
