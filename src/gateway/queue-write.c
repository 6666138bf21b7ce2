/* SPDX-License-Identifier: ISC
 *
 * Appending to the log, and what follows. What need not be safe at once is synced within a second,
 * together: an end that a power cut takes away is a message that is delivered once more.
 */
#include "gateway/queue-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { SYNC_AFTER_MS = 1000, AGAIN_AFTER_MS = 50 };

/* ---- the timer -------------------------------------------------------------------------- */

int64_t queue_now_ms(const struct gateway_queue *q)
{
	return loop_now_ms(q->setup.loop);
}

void queue_wake(struct gateway_queue *q, int64_t delay_ms)
{
	const int64_t at_ms = queue_now_ms(q) + delay_ms;
	assert(delay_ms >= 0 && delay_ms < INT64_MAX / 2);
	if (at_ms >= q->timer_ms)
		return;
	q->timer_ms = at_ms;
	loop_timer_arm(q->timer, delay_ms);
}

/* ---- numbers ---------------------------------------------------------------------------- */

static void numbers_add(struct numbers *list, uint64_t number)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->list = mem_realloc(list->list, list->cap, sizeof(*list->list));
	}
	list->list[list->n++] = number;
}

static struct numbers numbers_take(struct numbers *list)
{
	struct numbers taken = *list;
	*list = (struct numbers){ 0 };
	return taken;
}

/* ---- places ----------------------------------------------------------------------------- */

struct gateway_place queue_place(const struct gateway_kept *kept)
{
	return (struct gateway_place){ kept->use, kept->at, kept->bytes };
}

void queue_drop(struct gateway_queue *q, struct gateway_kept *kept)
{
	const struct gateway_place place = queue_place(kept);
	if (kept->bytes == 0)
		return;
	assert(q->live_bytes >= kept->bytes);
	q->live_bytes -= kept->bytes;
	*kept = (struct gateway_kept){ 0 };
	gateway_log_drop(q->log, &place);
}

/* A segment that cannot be written to is left by the first try. */
int queue_append(struct gateway_queue *q, enum gateway_room room, uint32_t kind, uint64_t number,
                 struct str payload, struct gateway_kept *kept)
{
	struct gateway_place place;
	int e = gateway_log_append(q->log, room, kind, number, payload, &place);
	if (e == ERR_IO)
		e = gateway_log_append(q->log, room, kind, number, payload, &place);
	if (e != ERR_OK) {
		queue_wake(q, 0);      /* perhaps there is room to be made */
		return e;
	}
	*kept = (struct gateway_kept){ place.use, (uint32_t)place.at, (uint32_t)place.bytes };
	q->live_bytes += kept->bytes;
	if (place.use != q->last_use) {
		q->last_use = place.use;
		queue_wake(q, 0);
	}
	return ERR_OK;
}

/* ---- syncing soon ----------------------------------------------------------------------- */

struct syncing {
	struct gateway_queue *q;
	struct gateway_kept kept;
	struct numbers ended;
};

static int append_end(struct gateway_queue *q, uint64_t number)
{
	struct gateway_kept kept;
	int e = queue_append(q, GATEWAY_ENDS, QUEUE_END, number, (struct str){ 0 }, &kept);
	if (e != ERR_OK)
		return e;
	queue_sync_soon(q, &kept);
	numbers_add(&q->ended, number);
	queue_drop(q, &kept);
	return ERR_OK;
}

/* Of a segment that failed nothing is sure: what ended is ended anew. */
static void synced(void *arg, int err)
{
	struct syncing *s = arg;
	struct gateway_queue *q = s->q;
	queue_drop(q, &s->kept);
	if (err != ERR_OK) {
		for (size_t i = 0; i < s->ended.n; i++)
			append_end(q, s->ended.list[i]);
		queue_wake(q, 0);
	}
	free(s->ended.list);
	free(s);
}

static void sync_now(struct gateway_queue *q)
{
	const struct gateway_place place = queue_place(&q->unsynced);
	struct syncing *s = mem_alloc(sizeof(*s));
	*s = (struct syncing){ q, q->unsynced, q->ended };
	q->sync_at_ms = 0;
	if (gateway_log_commit(q->log, &place, synced, s) == ERR_OK) {
		q->unsynced = (struct gateway_kept){ 0 };
		q->ended = (struct numbers){ 0 };
	} else {
		q->sync_at_ms = queue_now_ms(q) + SYNC_AFTER_MS;
		free(s);
	}
}

void queue_sync_soon(struct gateway_queue *q, const struct gateway_kept *kept)
{
	const struct gateway_place place = queue_place(kept);
	if (q->unsynced.bytes > 0 && q->unsynced.use != kept->use)
		sync_now(q);
	gateway_log_keep(q->log, &place);
	q->live_bytes += kept->bytes;
	queue_drop(q, &q->unsynced);
	q->unsynced = *kept;
	if (q->sync_at_ms == 0) {
		q->sync_at_ms = queue_now_ms(q) + SYNC_AFTER_MS;
		queue_wake(q, SYNC_AFTER_MS);
	}
}

/* ---- progress and ends ------------------------------------------------------------------ */

static void again_later(struct gateway_queue *q, int err)
{
	if (fault_met(&q->unwritten, queue_now_ms(q)))
		LOG(LOG_ERROR, "queue-unwritten", LOG_S("why", err_text(err)));
	q->again_at_ms = queue_now_ms(q) + AGAIN_AFTER_MS;
	queue_wake(q, AGAIN_AFTER_MS);
}

static int progress_write(struct gateway_queue *q, struct gateway_rcpt *rcpt)
{
	const struct gateway_message *m = rcpt->message;
	const struct queue_progress progress = {
		.rcpt = (uint64_t)(rcpt - m->rcpt), .tries = rcpt->tries, .due_s = rcpt->due_s,
		.state = rcpt->state == GATEWAY_TRYING ? GATEWAY_WAITING : rcpt->state,
		.warned = rcpt->warned, .why = str_of(rcpt->why) };
	struct gateway_kept kept;
	struct buf line = { 0 };
	queue_progress_write(&progress, &line);
	int e = queue_append(q, GATEWAY_ENDS, QUEUE_PROGRESS, m->number, buf_str(&line), &kept);
	buf_fini(&line);
	if (e != ERR_OK)
		return e;
	queue_sync_soon(q, &kept);
	queue_drop(q, &rcpt->kept);
	rcpt->kept = kept;
	rcpt->unwritten = false;
	return ERR_OK;
}

static bool is_owing(const struct gateway_message *m)
{
	for (size_t i = 0; i < m->rcpt_count; i++)
		if (m->rcpt[i].unwritten)
			return true;
	return false;
}

void queue_write_progress(struct gateway_queue *q, struct gateway_rcpt *rcpt)
{
	int e = progress_write(q, rcpt);
	if (e == ERR_OK || rcpt->unwritten)
		return;
	/* Once for a message, whatever the number of its recipients. */
	if (!is_owing(rcpt->message))
		numbers_add(&q->owing, rcpt->message->number);
	rcpt->unwritten = true;
	again_later(q, e);
}

static void progress_again(struct gateway_queue *q)
{
	struct numbers owing = numbers_take(&q->owing);
	for (size_t i = 0; i < owing.n; i++) {
		struct message *m = queue_index_number(&q->index, owing.list[i]);
		int e = ERR_OK;
		for (size_t r = 0; m && r < m->pub.rcpt_count && e == ERR_OK; r++)
			if (m->pub.rcpt[r].unwritten)
				e = progress_write(q, &m->pub.rcpt[r]);
		if (e == ERR_OK)
			continue;
		numbers_add(&q->owing, owing.list[i]);
		again_later(q, e);
	}
	free(owing.list);
}

int queue_write_end(struct gateway_queue *q, struct message *m)
{
	int e = append_end(q, m->pub.number);
	if (e != ERR_OK)
		return e;
	queue_drop(q, &m->kept);
	queue_drop(q, &m->hold);
	for (size_t i = 0; i < m->pub.rcpt_count; i++)
		queue_drop(q, &m->pub.rcpt[i].kept);
	return ERR_OK;
}

/* Without its end a later start would find the message: it is delivered although its sender was
 * asked to come again. Nothing is lost by that. */
void queue_write_undone(struct gateway_queue *q, uint64_t number, struct gateway_kept *kept)
{
	if (append_end(q, number) != ERR_OK)
		LOG(LOG_ERROR, "queue-undone", LOG_I("number", number));
	queue_drop(q, kept);
}

void queue_end(struct gateway_queue *q, struct message *m)
{
	struct gateway_queue_state *state = &q->state;
	assert(m->trying == 0 && !m->telling && state->messages > 0);
	queue_index_remove(&q->index, m);
	state->messages--;
	state->recipients -= m->pub.rcpt_count;
	state->held -= m->pub.held;
	state->bytes -= m->pub.envelope.size_bytes;
	int e = queue_write_end(q, m);
	if (e == ERR_OK) {
		queue_message_free(m);
		return;
	}
	m->next = q->ending;
	q->ending = m;
	again_later(q, e);
}

static void ends_again(struct gateway_queue *q)
{
	struct message *m = q->ending;
	q->ending = NULL;
	for (struct message *next; m; m = next) {
		next = m->next;
		int e = queue_write_end(q, m);
		if (e == ERR_OK) {
			queue_message_free(m);
			continue;
		}
		m->next = q->ending;
		q->ending = m;
		again_later(q, e);
	}
}

static void all_again(struct gateway_queue *q)
{
	int64_t lasted_ms;
	q->again_at_ms = 0;
	progress_again(q);
	ends_again(q);
	if (q->again_at_ms == 0 && fault_over(&q->unwritten, queue_now_ms(q), &lasted_ms))
		LOG(LOG_INFO, "queue-written", LOG_I("after_s", lasted_ms / 1000));
}

/* ---- turns ------------------------------------------------------------------------------ */

static int64_t until(const struct gateway_queue *q, int64_t at_ms)
{
	const int64_t now_ms = queue_now_ms(q);
	if (at_ms == 0)
		return INT64_MAX;
	return at_ms > now_ms ? at_ms - now_ms : 0;
}

int64_t queue_write_turn(struct gateway_queue *q)
{
	if (until(q, q->again_at_ms) == 0)
		all_again(q);
	if (until(q, q->sync_at_ms) == 0)
		sync_now(q);
	const int64_t again_ms = until(q, q->again_at_ms), sync_ms = until(q, q->sync_at_ms);
	return again_ms < sync_ms ? again_ms : sync_ms;
}

void queue_write_fini(struct gateway_queue *q)
{
	for (struct message *m = q->ending, *next; m; m = next) {
		next = m->next;
		queue_message_free(m);
	}
	free(q->ended.list);
	free(q->owing.list);
}
