/* SPDX-License-Identifier: ISC
 *
 * The turns of the queue's timer, and what it is asked.
 */
#include "gateway/queue-private.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdlib.h>

enum {
	AT_ONCE = 200,                /* recipients handed out in one turn of the loop */
	LOOK_MS = 60000,              /* the clock may be set at any time */
	ENVELOPE_BYTES = 8192,        /* of most, in front of the text */
	CLOCK_STEP_MS = 2000,         /* less is no step */
};

/* ---- the clock -------------------------------------------------------------------------- */

int64_t queue_clock_ahead_ms(void)
{
	return clock_now_ms() - clock_boot_ms();
}

/* Where the clock goes back, what waits does not wait longer for it. All move alike: their order
 * stays. (Where it goes forward they are due at once; retry.h says what that means.) */
static void look_at_clock(struct gateway_queue *q)
{
	const int64_t ahead_ms = queue_clock_ahead_ms(), back_ms = q->clock_ahead_ms - ahead_ms;
	q->clock_ahead_ms = ahead_ms;
	if (back_ms < CLOCK_STEP_MS)
		return;
	LOG(LOG_WARN, "clock-back", LOG_I("by_s", back_ms / 1000));
	for (size_t i = 0; i < q->index.heap_n; i++)
		q->index.heap[i]->due_s -= back_ms / 1000;
}

/* ---- what is due ------------------------------------------------------------------------ */

static int64_t due_turn(struct gateway_queue *q)
{
	const int64_t now_s = clock_now_s();
	const int64_t burst_ms = queue_burst_left_ms(q);
	if (burst_ms > 0)
		return burst_ms;
	for (unsigned n = 0; q->index.heap_n > 0; n++) {
		struct gateway_rcpt *rcpt = q->index.heap[0];
		const int64_t wait_s = rcpt->due_s - now_s;
		if (wait_s > 0 && wait_s <= queue_longest_s(q) + LOOK_MS / 1000) {
			const int64_t wait_ms = wait_s * 1000;
			return wait_ms < LOOK_MS ? wait_ms : LOOK_MS;
		}
		if (n == AT_ONCE)
			return 0;
		assert(rcpt->state == GATEWAY_WAITING && !rcpt->message->held);
		queue_heap_remove(&q->index, rcpt);
		rcpt->state = GATEWAY_TRYING;
		message_of(rcpt->message)->trying++;
		q->state.trying++;
		q->setup.hooks.due(q->setup.hooks.arg, rcpt);
	}
	return LOOK_MS;
}

void queue_turn(void *arg)
{
	struct gateway_queue *q = arg;
	int64_t (*const turns[])(struct gateway_queue *) = {
		queue_settle_turn, queue_write_turn, queue_move_turn, due_turn };
	int64_t wait_ms = LOOK_MS;
	look_at_clock(q);
	q->timer_ms = INT64_MAX;
	for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		const int64_t next_ms = turns[i](q);
		if (next_ms < wait_ms)
			wait_ms = next_ms;
	}
	queue_wake(q, wait_ms);
}

void gateway_queue_retry(struct gateway_queue *q, const struct gateway_retry *retry)
{
	q->setup.retry = *retry;
	queue_wake(q, 0);
}

/* ---- adding and reading ----------------------------------------------------------------- */

/* One that is being made ready will be there by the time the message is. */
int gateway_queue_room(const struct gateway_queue *q, uint64_t bytes)
{
	if (q->state.messages + q->pending >= q->setup.messages_max)
		return ERR_FULL;
	if (bytes > GATEWAY_RECORD_PAYLOAD_MAX || !queue_move_helps(q, bytes + ENVELOPE_BYTES))
		return ERR_FULL;
	if (gateway_log_state(q->log).preparing)
		return ERR_OK;
	return gateway_log_room(q->log, GATEWAY_BEGINS, (size_t)bytes + ENVELOPE_BYTES) == ERR_OK
	               ? ERR_OK : ERR_FULL;
}

int gateway_queue_add(struct gateway_queue *q, const struct gateway_envelope *envelope,
                      struct str text, void (*done)(void *arg, int err), void *arg)
{
	if (q->state.messages + q->pending >= q->setup.messages_max ||
	    !queue_move_helps(q, text.n))
		return ERR_FULL;
	return queue_take(q, envelope, text, done, arg);
}

int gateway_queue_text(struct gateway_queue *q, const struct gateway_message *m, struct buf *out)
{
	const struct message *own = (const struct message *)m;
	const struct gateway_place place = queue_place(&own->kept);
	const size_t before = out->n;
	int e = gateway_log_read(q->log, &place, out);
	if (e != ERR_OK)
		return e;
	/* Our own checksum says that it is what was written. */
	const size_t payload = out->n - before;
	assert(payload > m->envelope.size_bytes);
	const size_t line = payload - m->envelope.size_bytes;
	memmove(out->p + before, out->p + before + line, m->envelope.size_bytes);
	out->n -= line;
	out->p[out->n] = '\0';
	return ERR_OK;
}

struct gateway_queue_state gateway_queue_state(const struct gateway_queue *q)
{
	struct gateway_queue_state state = q->state;
	const struct message *first = queue_index_after(&q->index, 0);
	state.oldest_s = first ? first->pub.envelope.came_s : 0;
	state.log = gateway_log_state(q->log);
	return state;
}

void gateway_queue_close(struct gateway_queue *q)
{
	if (!q)
		return;
	queue_settle_fini(q);
	queue_write_fini(q);
	queue_index_fini(&q->index);
	loop_timer_destroy(q->timer);
	gateway_log_close(q->log);
	free(q->hostname);
	free(q);
}
