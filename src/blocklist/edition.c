/* SPDX-License-Identifier: ISC
 *
 * Editions, and how they pass from the thread that makes them to the one that reads them.
 */
#include "blocklist/edition.h"

#include <assert.h>
#include <stdlib.h>

void blocklist_edition_destroy(struct blocklist_edition *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < BLOCKLIST_LISTS; i++)
		blocklist_index_destroy(e->lists[i]);
	blocklist_words_destroy(e->words);
	free(e);
}

void blocklist_handover_put(struct blocklist_handover *h, struct blocklist_edition *e)
{
	assert(e->lists[BLOCKLIST_INPUTS] && !e->next);
	/* One that nobody took was never read. */
	blocklist_edition_destroy(atomic_exchange_explicit(&h->fresh, e, memory_order_acq_rel));
	blocklist_handover_clear(h);
}

void blocklist_handover_clear(struct blocklist_handover *h)
{
	struct blocklist_edition *e = atomic_exchange_explicit(&h->spent, NULL,
	                                                       memory_order_acquire);
	while (e) {
		struct blocklist_edition *next = e->next;
		assert(next != e);
		blocklist_edition_destroy(e);
		e = next;
	}
}

/* Nobody else pushes, and the other side takes the whole stack. */
static void give_back(struct blocklist_handover *h, struct blocklist_edition *e)
{
	assert(!e->next);
	e->next = atomic_load_explicit(&h->spent, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&h->spent, &e->next, e,
	                                              memory_order_release, memory_order_relaxed))
		;
}

const struct blocklist_edition *blocklist_handover_take(struct blocklist_handover *h)
{
	/* Most of the time there is none, and the line of the cache stays shared. */
	if (!atomic_load_explicit(&h->fresh, memory_order_relaxed))
		return h->current;
	struct blocklist_edition *e = atomic_exchange_explicit(&h->fresh, NULL,
	                                                       memory_order_acquire);
	/* The other side only ever replaces it by another one. */
	assert(e && e != h->current);
	if (h->current)
		give_back(h, h->current);
	h->current = e;
	return e;
}

void blocklist_handover_fini(struct blocklist_handover *h)
{
	blocklist_edition_destroy(atomic_exchange(&h->fresh, NULL));
	blocklist_handover_clear(h);
	blocklist_edition_destroy(h->current);
	h->current = NULL;
	assert(!atomic_load(&h->spent));
}
