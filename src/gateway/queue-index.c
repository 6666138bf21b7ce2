/* SPDX-License-Identifier: ISC
 *
 * Three ways to a message: a line in order of the numbers, in which what is gone leaves a gap until
 * half of it is gaps; a table by id; a heap of recipients by when they are due.
 */
#include "gateway/queue-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS_MIN = 64, LINE_MIN = 64, HEAP_MIN = 64 };

/* ---- a message -------------------------------------------------------------------------- */

static size_t text_bytes(const struct gateway_envelope *e)
{
	size_t n = e->id.n + e->from.n + e->account.n + e->helo.n + e->envid.n + 5;
	for (size_t i = 0; i < e->to_count; i++)
		n += e->to[i].address.n + e->to[i].orcpt.n + 2;
	return n;
}

static struct str put_text(char **at, struct str s)
{
	char *p = *at;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	*at += s.n + 1;
	return (struct str){ p, s.n };
}

struct message *queue_message_create(uint64_t number, const struct gateway_envelope *e)
{
	const size_t n = e->to_count;
	assert(n > 0 && n <= GATEWAY_RECIPIENTS_MAX);
	struct message *m = mem_zalloc(sizeof(*m) + n * sizeof(struct gateway_rcpt) +
	                               text_bytes(e));
	struct gateway_rcpt *rcpt = (struct gateway_rcpt *)(m + 1);
	char *at = (char *)(rcpt + n);
	m->pub = (struct gateway_message){ .number = number, .envelope = *e, .rcpt = rcpt,
	                                   .rcpt_count = n, .left = n };
	struct gateway_envelope *copy = &m->pub.envelope;
	copy->id = put_text(&at, e->id);
	copy->from = put_text(&at, e->from);
	copy->account = put_text(&at, e->account);
	copy->helo = put_text(&at, e->helo);
	copy->envid = put_text(&at, e->envid);
	copy->to = NULL;
	copy->to_count = 0;
	for (size_t i = 0; i < n; i++) {
		rcpt[i] = (struct gateway_rcpt){ .message = &m->pub, .to = e->to[i],
		                                 .due_s = e->came_s, .heap_at = HEAP_NOWHERE };
		rcpt[i].to.address = put_text(&at, e->to[i].address);
		rcpt[i].to.orcpt = put_text(&at, e->to[i].orcpt);
	}
	return m;
}

void queue_message_free(struct message *m)
{
	for (size_t i = 0; i < m->pub.rcpt_count; i++)
		free(m->pub.rcpt[i].why);
	free(m);
}

/* ---- the line --------------------------------------------------------------------------- */

/* The first entry whose number is at least that. */
static size_t line_find(const struct queue_index *x, uint64_t number)
{
	size_t from = 0, to = x->line_n;
	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		if (x->line[middle].number < number)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void line_close_gaps(struct queue_index *x)
{
	size_t n = 0;
	for (size_t i = 0; i < x->line_n; i++)
		if (x->line[i].message)
			x->line[n++] = x->line[i];
	x->line_n = n;
	x->gaps = 0;
}

static void line_append(struct queue_index *x, struct message *m)
{
	if (x->line_n == x->line_cap) {
		x->line_cap = x->line_cap ? 2 * x->line_cap : LINE_MIN;
		x->line = mem_realloc(x->line, x->line_cap, sizeof(*x->line));
	}
	x->line[x->line_n++] = (struct queue_entry){ m->pub.number, m };
}

/* Numbers come nearly in order: what is to be moved is short. */
static void line_insert(struct queue_index *x, struct message *m)
{
	const size_t at = line_find(x, m->pub.number);
	line_append(x, m);
	memmove(x->line + at + 1, x->line + at, (x->line_n - 1 - at) * sizeof(*x->line));
	x->line[at] = (struct queue_entry){ m->pub.number, m };
}

static void line_remove(struct queue_index *x, const struct message *m)
{
	const size_t at = line_find(x, m->pub.number);
	assert(at < x->line_n && x->line[at].message == m);
	x->line[at].message = NULL;
	x->gaps++;
	while (x->line_n > 0 && !x->line[x->line_n - 1].message) {
		x->line_n--;
		x->gaps--;
	}
	if (x->gaps > LINE_MIN && x->gaps > x->line_n / 2)
		line_close_gaps(x);
}

struct message *queue_index_after(const struct queue_index *x, uint64_t number)
{
	assert(!x->by_number);
	if (number == UINT64_MAX)
		return NULL;
	for (size_t i = line_find(x, number + 1); i < x->line_n; i++)
		if (x->line[i].message)
			return x->line[i].message;
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	const struct queue_entry *x = a, *y = b;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* ---- the table -------------------------------------------------------------------------- */

static size_t slot_of(const struct queue_index *x, const void *bytes, size_t n)
{
	return hash_bytes(&x->key, bytes, n) & (x->slots_n - 1);
}

static size_t slot_of_message(const struct queue_index *x, const struct message *m)
{
	return x->by_number ? slot_of(x, &m->pub.number, sizeof(m->pub.number))
	                    : slot_of(x, m->pub.envelope.id.p, m->pub.envelope.id.n);
}

static void table_put(struct queue_index *x, struct message *m)
{
	struct message **slot = &x->slots[slot_of_message(x, m)];
	m->next = *slot;
	*slot = m;
}

/* All anew, in so many slots. */
static void table_build(struct queue_index *x, size_t slots_n, bool by_number_then)
{
	struct message **old = x->slots;
	const size_t old_n = x->slots_n;
	x->slots = mem_array(slots_n, sizeof(*x->slots));
	x->slots_n = slots_n;
	x->by_number = by_number_then;
	for (size_t i = 0; i < old_n; i++)
		for (struct message *m = old[i], *next; m; m = next) {
			next = m->next;
			table_put(x, m);
		}
	free(old);
}

struct message *queue_index_id(const struct queue_index *x, struct str id)
{
	assert(!x->by_number);
	struct message *m = x->slots[slot_of(x, id.p, id.n)];
	while (m && !str_eq(m->pub.envelope.id, id))
		m = m->next;
	return m;
}

struct message *queue_index_number(const struct queue_index *x, uint64_t number)
{
	if (!x->by_number) {
		const size_t at = line_find(x, number);
		return at < x->line_n && x->line[at].number == number ? x->line[at].message : NULL;
	}
	struct message *m = x->slots[slot_of(x, &number, sizeof(number))];
	while (m && m->pub.number != number)
		m = m->next;
	return m;
}

/* ---- the heap --------------------------------------------------------------------------- */

static void heap_set(struct queue_index *x, size_t at, struct gateway_rcpt *rcpt)
{
	x->heap[at] = rcpt;
	rcpt->heap_at = (uint32_t)at;
}

static void heap_up(struct queue_index *x, size_t at)
{
	struct gateway_rcpt *rcpt = x->heap[at];
	for (size_t above; at > 0; at = above) {
		above = (at - 1) / 2;
		if (x->heap[above]->due_s <= rcpt->due_s)
			break;
		heap_set(x, at, x->heap[above]);
	}
	heap_set(x, at, rcpt);
}

static void heap_down(struct queue_index *x, size_t at)
{
	struct gateway_rcpt *rcpt = x->heap[at];
	for (size_t below; (below = 2 * at + 1) < x->heap_n; at = below) {
		if (below + 1 < x->heap_n && x->heap[below + 1]->due_s < x->heap[below]->due_s)
			below++;
		if (rcpt->due_s <= x->heap[below]->due_s)
			break;
		heap_set(x, at, x->heap[below]);
	}
	heap_set(x, at, rcpt);
}

void queue_heap_put(struct queue_index *x, struct gateway_rcpt *rcpt)
{
	if (rcpt->heap_at == HEAP_NOWHERE) {
		if (x->heap_n == x->heap_cap) {
			x->heap_cap = x->heap_cap ? 2 * x->heap_cap : HEAP_MIN;
			x->heap = mem_realloc(x->heap, x->heap_cap, sizeof(*x->heap));
		}
		assert(x->heap_n < HEAP_NOWHERE);
		heap_set(x, x->heap_n++, rcpt);
	}
	assert(x->heap[rcpt->heap_at] == rcpt);
	heap_up(x, rcpt->heap_at);
	heap_down(x, rcpt->heap_at);
}

void queue_heap_remove(struct queue_index *x, struct gateway_rcpt *rcpt)
{
	const size_t at = rcpt->heap_at;
	if (at == HEAP_NOWHERE)
		return;
	assert(at < x->heap_n && x->heap[at] == rcpt);
	rcpt->heap_at = HEAP_NOWHERE;
	struct gateway_rcpt *last = x->heap[--x->heap_n];
	if (last == rcpt)
		return;
	heap_set(x, at, last);
	heap_up(x, at);
	heap_down(x, last->heap_at);
}

/* ---- all of it -------------------------------------------------------------------------- */

void queue_index_init(struct queue_index *x)
{
	*x = (struct queue_index){ 0 };
	hash_key_init(&x->key);
	table_build(x, SLOTS_MIN, true);
}

void queue_index_add(struct queue_index *x, struct message *m)
{
	if (x->count == x->slots_n)
		table_build(x, 2 * x->slots_n, x->by_number);
	table_put(x, m);
	x->count++;
	if (!x->by_number)
		line_insert(x, m);
}

void queue_index_remove(struct queue_index *x, struct message *m)
{
	struct message **at = &x->slots[slot_of_message(x, m)];
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	m->next = NULL;
	x->count--;
	if (!x->by_number)
		line_remove(x, m);
	for (size_t i = 0; i < m->pub.rcpt_count; i++)
		queue_heap_remove(x, &m->pub.rcpt[i]);
}

void queue_index_by_id(struct queue_index *x)
{
	assert(x->by_number && x->line_n == 0);
	for (size_t i = 0; i < x->slots_n; i++)
		for (struct message *m = x->slots[i]; m; m = m->next)
			line_append(x, m);
	if (x->line_n > 0)
		qsort(x->line, x->line_n, sizeof(*x->line), by_number);
	table_build(x, x->slots_n, false);
}

void queue_index_fini(struct queue_index *x)
{
	for (size_t i = 0; i < x->slots_n; i++)
		for (struct message *m = x->slots[i], *next; m; m = next) {
			next = m->next;
			queue_message_free(m);
		}
	free(x->slots);
	free(x->line);
	free(x->heap);
}
