/* SPDX-License-Identifier: ISC
 *
 * Arenas: a list of chunks, the newest in use; what is large gets a chunk of its own.
 */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096 - 64 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

void arena_fini(struct arena *a)
{
	for (struct arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
	const size_t align = _Alignof(max_align_t);
	assert(size_bytes < SIZE_MAX / 2);
	size_t need = (size_bytes + align - 1) / align * align;
	struct arena_block *b = a->head;
	if (!b || b->size - b->used < need) {
		size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		b = mem_zalloc(sizeof(*b) + size);
		b->size = size;
		b->next = a->head;
		a->head = b;
	}
	void *p = b->bytes + b->used;
	b->used += need;
	a->used_bytes += size_bytes;
	return p;
}

char *arena_strdup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	char *p = arena_strdup(a, buf_str(&b));
	buf_fini(&b);
	return p;
}
