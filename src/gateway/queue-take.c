/* SPDX-License-Identifier: ISC
 *
 * A message comes: appended, synced, and in the queue from then on. Where the sync of its segment
 * failed, it is read back out of the kernel's cache, checked, and written anew into another one.
 */
#include "gateway/queue-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <stdlib.h>

enum {
	TRIES = 3, CHANCE_BITS = 22,
	BURST_LEAST = 10, BURST_GAP_MS = 10, BURST_MS = 1000,
};

/* The time and chance, and above the last one, in Crockford's base 32: 13 characters. */
void gateway_queue_id(struct gateway_queue *q, char id[static GATEWAY_ID_MAX])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	enum { DIGITS = 13, BITS = 5 };
	const uint64_t chance = random_u64() & ((1u << CHANCE_BITS) - 1);
	uint64_t value = (uint64_t)clock_now_ms() << CHANCE_BITS | chance;
	if (value <= q->last_id)
		value = q->last_id + 1;
	q->last_id = value;
	id[DIGITS] = '\0';
	for (int i = DIGITS - 1; i >= 0; i--, value >>= BITS)
		id[i] = digits[value & ((1 << BITS) - 1)];
}

struct taking {
	struct gateway_queue *q;
	struct message *m;
	void (*done)(void *arg, int err);
	void *arg;
	unsigned tries;
};

static void took(void *arg, int err);

static int commit(struct taking *t)
{
	const struct gateway_place place = queue_place(&t->m->kept);
	t->tries++;
	int e = gateway_log_commit(t->q->log, &place, took, t);
	if (e == ERR_OK)
		return ERR_OK;
	queue_write_undone(t->q, t->m->pub.number, &t->m->kept);
	return e == ERR_LIMIT ? ERR_FULL : ERR_IO;
}

static int write_anew(struct taking *t)
{
	struct gateway_queue *q = t->q;
	const struct gateway_place place = queue_place(&t->m->kept);
	struct gateway_kept anew;
	struct buf payload = { 0 };
	int e = t->tries < TRIES ? gateway_log_read(q->log, &place, &payload) : ERR_IO;
	if (e == ERR_OK)
		e = queue_append(q, GATEWAY_BEGINS, QUEUE_MESSAGE, t->m->pub.number,
		                 buf_str(&payload), &anew);
	buf_fini(&payload);
	if (e != ERR_OK) {
		queue_write_undone(q, t->m->pub.number, &t->m->kept);
		return e == ERR_FULL ? ERR_FULL : ERR_IO;
	}
	queue_drop(q, &t->m->kept);
	t->m->kept = anew;
	return commit(t);
}

/* ---- bursts ----------------------------------------------------------------------------- */

/* Clients wait for our answer, and nobody for what is in the queue already: the delivery, which
 * would take half of the processor, lets many messages that come at once come in first. Once for
 * each burst, and not for long: where mail never ceases to come, both go on side by side. */
int64_t queue_burst_left_ms(const struct gateway_queue *q)
{
	const int64_t now_ms = queue_now_ms(q);
	const int64_t most_ms = q->burst.began_ms + BURST_MS;
	/* One that waits for the disk goes on with it, however slow that is. */
	const int64_t pause_ms = q->pending > 0 ? most_ms : q->burst.last_ms + BURST_GAP_MS;
	const int64_t until_ms = pause_ms < most_ms ? pause_ms : most_ms;
	return q->burst.n >= BURST_LEAST && until_ms > now_ms ? until_ms - now_ms : 0;
}

static void burst_count(struct gateway_queue *q)
{
	const int64_t now_ms = queue_now_ms(q);
	if (q->burst.n == 0 || now_ms >= q->burst.last_ms + BURST_GAP_MS) {
		q->burst.n = 0;
		q->burst.began_ms = now_ms;
	}
	q->burst.n++;
	q->burst.last_ms = now_ms;
}

/* ---- one comes -------------------------------------------------------------------------- */

static void enter(struct gateway_queue *q, struct message *m)
{
	burst_count(q);
	queue_index_add(&q->index, m);
	for (size_t i = 0; i < m->pub.rcpt_count; i++)
		queue_heap_put(&q->index, &m->pub.rcpt[i]);
	q->state.messages++;
	q->state.recipients += m->pub.rcpt_count;
	q->state.bytes += m->pub.envelope.size_bytes;
	q->state.added++;
	queue_wake(q, 0);
}

static void took(void *arg, int err)
{
	struct taking *t = arg;
	struct gateway_queue *q = t->q;
	if (err != ERR_OK) {
		LOG(LOG_ERROR, "queue-sync", LOG_STR("id", t->m->pub.envelope.id),
		    LOG_S("why", err_text(err)));
		queue_wake(q, 0);
		err = write_anew(t);
		if (err == ERR_OK)
			return;
	}
	assert(q->pending > 0);
	q->pending--;
	if (err == ERR_OK)
		enter(q, t->m);
	else
		queue_message_free(t->m);
	t->done(t->arg, err);
	free(t);
}

int queue_take(struct gateway_queue *q, const struct gateway_envelope *envelope, struct str text,
               void (*done)(void *arg, int err), void *arg)
{
	struct gateway_envelope sized = *envelope;
	struct gateway_kept kept;
	struct buf payload = { 0 };
	assert(envelope->id.n > 0 && envelope->id.n < GATEWAY_ID_MAX);
	sized.size_bytes = text.n;
	gateway_envelope_write(&sized, &payload);
	buf_add_str(&payload, text);
	const uint64_t number = q->next_number;
	int e = queue_append(q, GATEWAY_BEGINS, QUEUE_MESSAGE, number, buf_str(&payload), &kept);
	buf_fini(&payload);
	if (e != ERR_OK)
		return e;
	q->next_number++;
	struct taking *t = mem_alloc(sizeof(*t));
	*t = (struct taking){ q, queue_message_create(number, &sized), done, arg, 0 };
	t->m->kept = kept;
	e = commit(t);
	if (e != ERR_OK) {
		queue_message_free(t->m);
		free(t);
		return e;
	}
	q->pending++;
	return ERR_OK;
}
