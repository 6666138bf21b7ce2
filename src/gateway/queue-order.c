/* SPDX-License-Identifier: ISC
 *
 * What an operator asks for.
 */
#include "gateway/queue-private.h"

#include "base/clock.h"

#include <assert.h>

struct gateway_message *gateway_queue_after(struct gateway_queue *q, uint64_t after)
{
	struct message *m = queue_index_after(&q->index, after);
	return m ? &m->pub : NULL;
}

struct gateway_message *gateway_queue_find(struct gateway_queue *q, struct str id)
{
	struct message *m = id.n > 0 ? queue_index_id(&q->index, id) : NULL;
	return m ? &m->pub : NULL;
}

static void held_set(struct gateway_queue *q, struct gateway_message *pub, bool held)
{
	pub->held = held;
	q->state.held += held ? 1 : -1;
	for (size_t i = 0; i < pub->rcpt_count; i++) {
		if (pub->rcpt[i].state != GATEWAY_WAITING)
			continue;
		if (held)
			queue_heap_remove(&q->index, &pub->rcpt[i]);
		else
			queue_heap_put(&q->index, &pub->rcpt[i]);
	}
	queue_wake(q, 0);
}

/* A release undoes what stands before it, so it need not be kept itself. */
int gateway_queue_hold(struct gateway_queue *q, struct gateway_message *pub, bool held)
{
	struct message *m = message_of(pub);
	struct gateway_kept kept;
	if (pub->held == held)
		return ERR_OK;
	int e = queue_append(q, GATEWAY_ENDS, held ? QUEUE_HOLD : QUEUE_RELEASE, pub->number,
	                     (struct str){ 0 }, &kept);
	if (e != ERR_OK)
		return e;
	queue_sync_soon(q, &kept);
	queue_drop(q, &m->hold);
	if (held)
		m->hold = kept;
	else
		queue_drop(q, &kept);
	held_set(q, pub, held);
	return ERR_OK;
}

void gateway_queue_flush(struct gateway_queue *q, struct gateway_message *pub)
{
	const int64_t now_s = clock_now_s();
	for (size_t i = 0; i < pub->rcpt_count; i++) {
		struct gateway_rcpt *rcpt = &pub->rcpt[i];
		if (rcpt->state != GATEWAY_WAITING || rcpt->due_s <= now_s)
			continue;
		rcpt->due_s = now_s;
		if (!pub->held)
			queue_heap_put(&q->index, rcpt);
	}
	queue_wake(q, 0);
}

int gateway_queue_drop(struct gateway_queue *q, struct gateway_message *pub)
{
	struct message *m = message_of(pub);
	if (m->trying > 0)
		return ERR_BUSY;
	queue_settle_forget(q, m);
	queue_end(q, m);
	return ERR_OK;
}
