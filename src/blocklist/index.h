/* SPDX-License-Identifier: ISC
 *
 * The set of listed addresses and prefixes: immutable once made, so that a reader needs no
 * lock and a change is a new index and a pointer swap. Four bytes an IPv4 address, sixteen
 * an IPv6 address.
 *
 * It keeps two rules whatever it is given. The test entries of RFC 5782 section 5 are in
 * it (127.0.0.2, ::ffff:127.0.0.2) and their opposites never (127.0.0.1, ::ffff:127.0.0.1).
 * And no prefix is taken that would list a large part of the world.
 */
#ifndef PORTREEVE_BLOCKLIST_INDEX_H
#define PORTREEVE_BLOCKLIST_INDEX_H

#include "base/ip.h"

enum { BLOCKLIST_WIDEST_V4 = 8, BLOCKLIST_WIDEST_V6 = 16 };

/* What there are indexes of. */
enum blocklist_list {
	BLOCKLIST_INPUTS,                /* the list */
	BLOCKLIST_OUTPUTS,               /* multi-hop outputs that may be published */
	BLOCKLIST_LISTS,
};

struct blocklist_index;

struct blocklist_change {
	struct prefix prefix;
	bool listed;
};

/* A new index: `base` (NULL: nothing but the test entries) with the changes made in their
 * order. A prefix and the addresses inside it are entries of their own: to take one away
 * leaves the other. *refused (may be NULL) counts changes that were too wide or no address. */
struct blocklist_index *blocklist_index_apply(const struct blocklist_index *base,
                                              const struct blocklist_change *changes,
                                              size_t n, size_t *refused);
/* The same once more: it is gone when each holder has destroyed it. Both of the one thread that
 * makes indexes; those who only ask take no part. */
struct blocklist_index *blocklist_index_share(struct blocklist_index *index);
void blocklist_index_destroy(struct blocklist_index *index);      /* NULL is fine */

/* Neither allocates nor blocks. IPv4-mapped IPv6 addresses are taken as IPv6. */
bool blocklist_index_has(const struct blocklist_index *index, const struct ip *address);
/* The same, and by which entry: the address itself, or else the widest prefix that holds it. */
bool blocklist_index_find(const struct blocklist_index *index, const struct ip *address,
                          struct prefix *entry);
/* Something inside the prefix, or all of it, is listed. */
bool blocklist_index_any(const struct blocklist_index *index, const struct prefix *prefix);
/* Entries, the test entries included. */
enum { BLOCKLIST_TEST_ENTRIES = 2 };
size_t blocklist_index_count(const struct blocklist_index *index);
/* The memory that it takes, in bytes. */
size_t blocklist_index_bytes(const struct blocklist_index *index);

#endif
