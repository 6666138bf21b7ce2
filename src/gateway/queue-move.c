/* SPDX-License-Identifier: ISC
 *
 * What counts in a segment that failed, or in the oldest when room runs out, is appended anew, one
 * record at a time and some per turn of the loop. A record's old place counts until the new one is
 * safe. Progress may come to stand in front of its message: the reader of the log bears that.
 */
#include "gateway/queue-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { LOOKS = 4000, MOVES = 64, REST_MS = 200, ERROR_MS = 1000, STUCK_MS = 60000 };

/* Which of a message's records: a recipient's progress by its index, or one of these. */
enum { ITS_TEXT = -1, ITS_HOLD = -2 };

struct moving {
	struct gateway_queue *q;
	uint64_t number;
	int which;
	struct gateway_kept old, anew;
};

/* A segment stays for what ends, and one for what is written anew; an eighth of the rest is left,
 * so that making room does not cost more and more. Where the disk has no more there are only the
 * segments that there are. */
bool queue_move_helps(const struct gateway_queue *q, uint64_t more_bytes)
{
	const struct gateway_log_state log = gateway_log_state(q->log);
	const unsigned most = log.trouble == ERR_OK ? log.segments_max : log.segments;
	const uint64_t all = (uint64_t)(most > 2 ? most - 2 : 1) * log.segment_bytes;
	return q->live_bytes + more_bytes <= all - all / 8;
}

static struct gateway_kept *record_of(struct message *m, int which)
{
	if (which == ITS_TEXT)
		return &m->kept;
	return which == ITS_HOLD ? &m->hold : &m->pub.rcpt[which].kept;
}

static bool same(const struct gateway_kept *a, const struct gateway_kept *b)
{
	return a->use == b->use && a->at == b->at && a->bytes == b->bytes;
}

/* What was put in its place meanwhile, or ended it, stands behind both. */
static void moved(void *arg, int err)
{
	struct moving *v = arg;
	struct gateway_queue *q = v->q;
	struct message *m = queue_index_number(&q->index, v->number);
	struct gateway_kept *kept = m ? record_of(m, v->which) : NULL;
	if (err != ERR_OK && kept && same(kept, &v->anew)) {
		*kept = v->old;
		v->old = v->anew;
		q->move.failed++;
	}
	queue_drop(q, &v->old);
	assert(q->move.under_way > 0);
	q->move.under_way--;
	queue_wake(q, 0);
	free(v);
}

static uint32_t kind_of(int which)
{
	return which == ITS_TEXT ? QUEUE_MESSAGE : which == ITS_HOLD ? QUEUE_HOLD : QUEUE_PROGRESS;
}

static int move(struct gateway_queue *q, struct message *m, int which)
{
	struct gateway_kept *kept = record_of(m, which);
	const struct gateway_place old = queue_place(kept);
	struct moving *v = mem_alloc(sizeof(*v));
	struct buf payload = { 0 };
	*v = (struct moving){ .q = q, .number = m->pub.number, .which = which, .old = *kept };
	int e = gateway_log_read(q->log, &old, &payload);
	if (e == ERR_OK)
		e = queue_append(q, GATEWAY_ENDS, kind_of(which), v->number, buf_str(&payload),
		                 &v->anew);
	buf_fini(&payload);
	if (e == ERR_OK) {
		const struct gateway_place place = queue_place(&v->anew);
		e = gateway_log_commit(q->log, &place, moved, v);
		if (e == ERR_OK) {
			*kept = v->anew;
			q->move.under_way++;
			q->move.moved++;
			return ERR_OK;
		}
		queue_drop(q, &v->anew);
	}
	if (fault_met(&q->move.stuck, queue_now_ms(q)))
		LOG(LOG_ERROR, "queue-move", LOG_STR("id", m->pub.envelope.id),
		    LOG_S("why", err_text(e)));
	q->move.failed++;
	free(v);
	return e;
}

/* All of the message's records that stand there. */
static unsigned move_message(struct gateway_queue *q, struct message *m, int *err)
{
	unsigned moves = 0;
	for (int which = ITS_HOLD; *err == ERR_OK && which < (int)m->pub.rcpt_count; which++)
		if (record_of(m, which)->bytes > 0 && record_of(m, which)->use == q->move.use) {
			int e = move(q, m, which);
			moves++;
			if (e == ERR_FULL || e == ERR_LIMIT || e == ERR_BUSY)
				*err = e;
		}
	return moves;
}

static int64_t rest(struct gateway_queue *q, int64_t rest_ms)
{
	q->move.on = false;
	q->move.next_ms = queue_now_ms(q) + rest_ms;
	return rest_ms;
}

static void not_stuck(struct gateway_queue *q)
{
	int64_t lasted_ms;
	if (fault_over(&q->move.stuck, queue_now_ms(q), &lasted_ms))
		LOG(LOG_INFO, "queue-moved", LOG_I("after_s", lasted_ms / 1000));
}

/* One from which something went may be the next's turn at once. */
static int64_t rest_after(struct gateway_queue *q)
{
	if (q->move.failed > 0)
		return STUCK_MS;
	not_stuck(q);
	return q->move.moved > 0 ? 0 : REST_MS;
}

static bool begin(struct gateway_queue *q)
{
	uint64_t use;
	bool failed;
	if (!gateway_log_crowded(q->log, &use, &failed) || (!failed && !queue_move_helps(q, 0)))
		return false;
	q->move.on = true;
	q->move.use = use;
	q->move.after = 0;
	q->move.failed = q->move.moved = 0;
	return true;
}

int64_t queue_move_turn(struct gateway_queue *q)
{
	const int64_t now_ms = queue_now_ms(q);
	int err = ERR_OK;
	if (q->move.under_way > 0)
		return INT64_MAX;              /* moved() wakes */
	if (q->move.next_ms > now_ms)
		return q->move.next_ms - now_ms;
	if (!q->move.on && !begin(q)) {
		not_stuck(q);
		return INT64_MAX;
	}
	for (unsigned looks = 0, moves = 0; looks < LOOKS && moves < MOVES; looks++) {
		struct message *m = queue_index_after(&q->index, q->move.after);
		if (!m)
			return rest(q, rest_after(q));
		moves += move_message(q, m, &err);
		if (err != ERR_OK)
			return rest(q, ERROR_MS);
		q->move.after = m->pub.number;
	}
	return q->move.under_way > 0 ? INT64_MAX : 0;
}
