/* SPDX-License-Identifier: ISC
 *
 * One arena per message, request or session: allocation is a pointer bump,
 * nothing is freed singly, arena_fini() frees all. Never fails (see mem.h).
 */
#ifndef PORTREEVE_BASE_ARENA_H
#define PORTREEVE_BASE_ARENA_H

#include "base/str.h"

struct arena_block;

/* Zero-initialised is empty and valid. */
struct arena {
	struct arena_block *head;
	size_t used_bytes;           /* what callers asked for, in all */
};

void arena_fini(struct arena *a);
/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size_bytes) __attribute__((returns_nonnull));
/* A NUL-terminated copy. */
char *arena_strdup(struct arena *a, struct str s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));
/* The same bytes, owned by the arena. */
static inline struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_strdup(a, s), s.n };
}

#endif
