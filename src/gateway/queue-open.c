/* SPDX-License-Identifier: ISC
 *
 * The index is made of the log, in its order: of a message's copies the last counts, of a
 * recipient's progress too. Progress may stand in front of its message, where that was written
 * anew and its first place is gone: it is kept aside until all is read.
 */
#include "gateway/queue-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct orphan {
	struct orphan *next;
	uint32_t kind;
	uint64_t number;
	struct gateway_kept kept;
	struct str payload;
};

struct reading {
	struct gateway_queue *q;
	struct arena arena;           /* of the orphans */
	struct orphan *first, **end;
	struct orphan *unread;        /* messages that cannot be read */
	uint64_t bad;                 /* records that are whole, and say nothing that can be */
};

static void bad_record(struct reading *r, uint32_t kind, uint64_t number, const char *why)
{
	r->bad++;
	LOG(LOG_ERROR, "queue-record", LOG_I("kind", kind), LOG_I("number", number),
	    LOG_S("why", why));
}

static bool is_behind(const struct gateway_kept *a, const struct gateway_kept *b)
{
	return a->use > b->use || (a->use == b->use && a->at > b->at);
}

/* ---- records ---------------------------------------------------------------------------- */

static void enter(struct gateway_queue *q, struct message *m)
{
	queue_index_add(&q->index, m);
	q->state.messages++;
	q->state.recipients += m->pub.rcpt_count;
	q->state.bytes += m->pub.envelope.size_bytes;
	if (m->pub.number >= q->next_number)
		q->next_number = m->pub.number + 1;
}

/* It was acknowledged: it stays in the log for a version of the program that can read it. */
static void unread_add(struct reading *r, uint64_t number, const struct gateway_kept *kept)
{
	struct orphan *o = arena_alloc(&r->arena, sizeof(*o));
	*o = (struct orphan){ .next = r->unread, .number = number, .kept = *kept };
	r->unread = o;
}

static void unread_end(struct reading *r, uint64_t number)
{
	for (struct orphan *o = r->unread; o; o = o->next)
		if (o->number == number)
			queue_drop(r->q, &o->kept);
}

static void message_read(struct reading *r, uint64_t number, struct str payload,
                         struct gateway_kept *kept)
{
	struct gateway_queue *q = r->q;
	struct message *m = queue_index_number(&q->index, number);
	struct arena a = { 0 };
	struct gateway_envelope envelope;
	struct str text;
	const char *why = NULL;
	if (m) {
		queue_drop(q, &m->kept);
		m->kept = *kept;
	} else if (gateway_envelope_read(payload, &a, &envelope, &text, &why) == ERR_OK) {
		m = queue_message_create(number, &envelope);
		m->kept = *kept;
		enter(q, m);
	} else {
		bad_record(r, QUEUE_MESSAGE, number, why);
		unread_add(r, number, kept);
	}
	arena_fini(&a);
}

static void progress_apply(struct message *m, struct gateway_rcpt *rcpt,
                           const struct queue_progress *p)
{
	const bool was_over = rcpt->state != GATEWAY_WAITING;
	m->pub.left += was_over;
	m->pub.left -= p->state != GATEWAY_WAITING;
	rcpt->state = p->state;
	rcpt->tries = p->tries;
	rcpt->due_s = p->due_s;
	rcpt->warned = p->warned;
	free(rcpt->why);
	rcpt->why = p->why.n > 0 ? mem_strndup(p->why.p, p->why.n) : NULL;
}

static void progress_read(struct reading *r, struct message *m, struct str payload,
                          struct gateway_kept *kept)
{
	struct gateway_queue *q = r->q;
	struct queue_progress p;
	struct arena a = { 0 };
	if (queue_progress_read(payload, &a, &p) != ERR_OK || p.rcpt >= m->pub.rcpt_count) {
		bad_record(r, QUEUE_PROGRESS, m->pub.number, "expected a recipient's progress");
		queue_drop(q, kept);
	} else if (is_behind(kept, &m->pub.rcpt[p.rcpt].kept)) {
		struct gateway_rcpt *rcpt = &m->pub.rcpt[p.rcpt];
		progress_apply(m, rcpt, &p);
		queue_drop(q, &rcpt->kept);
		rcpt->kept = *kept;
	} else {
		queue_drop(q, kept);
	}
	arena_fini(&a);
}

/* A release has a place, too, until all is read. */
static void hold_read(struct reading *r, struct message *m, bool held, struct gateway_kept *kept)
{
	if (!is_behind(kept, &m->hold)) {
		queue_drop(r->q, kept);
		return;
	}
	queue_drop(r->q, &m->hold);
	m->pub.held = held;
	m->hold = *kept;
}

static void end_read(struct gateway_queue *q, struct message *m)
{
	queue_index_remove(&q->index, m);
	q->state.messages--;
	q->state.recipients -= m->pub.rcpt_count;
	q->state.bytes -= m->pub.envelope.size_bytes;
	queue_drop(q, &m->kept);
	queue_drop(q, &m->hold);
	for (size_t i = 0; i < m->pub.rcpt_count; i++)
		queue_drop(q, &m->pub.rcpt[i].kept);
	queue_message_free(m);
}

static void orphan_add(struct reading *r, const struct gateway_record *record,
                       const struct gateway_kept *kept)
{
	struct orphan *o = arena_alloc(&r->arena, sizeof(*o));
	*o = (struct orphan){ .kind = record->kind, .number = record->message, .kept = *kept,
	                      .payload = arena_str(&r->arena, record->payload) };
	*r->end = o;
	r->end = &o->next;
}

static void of_message(struct reading *r, struct message *m, uint32_t kind, struct str payload,
                       struct gateway_kept *kept)
{
	if (kind == QUEUE_PROGRESS)
		progress_read(r, m, payload, kept);
	else
		hold_read(r, m, kind == QUEUE_HOLD, kept);
}

static void on_record(void *arg, const struct gateway_record *record,
                      const struct gateway_place *place)
{
	struct reading *r = arg;
	struct gateway_queue *q = r->q;
	struct message *m = queue_index_number(&q->index, record->message);
	struct gateway_kept kept = { place->use, (uint32_t)place->at, (uint32_t)place->bytes };
	q->live_bytes += kept.bytes;
	if (record->message >= q->next_number && record->message < UINT64_MAX)
		q->next_number = record->message + 1;
	switch (record->kind) {
	case QUEUE_MESSAGE:
		message_read(r, record->message, record->payload, &kept);
		return;
	case QUEUE_PROGRESS: case QUEUE_HOLD: case QUEUE_RELEASE:
		if (m)
			of_message(r, m, record->kind, record->payload, &kept);
		else
			orphan_add(r, record, &kept);
		return;
	case QUEUE_END:
		if (m)
			end_read(q, m);
		else
			unread_end(r, record->message);
		queue_drop(q, &kept);
		return;
	default:
		bad_record(r, record->kind, record->message, "expected a kind of this version");
		queue_drop(q, &kept);
	}
}

static void on_damage(void *arg, const char *file, size_t at, size_t bytes)
{
	struct reading *r = arg;
	r->q->state.damaged_bytes += bytes;
	LOG(LOG_ERROR, "queue-damage", LOG_S("file", file), LOG_I("at", at),
	    LOG_I("bytes", bytes));
}

/* ---- when all is read ------------------------------------------------------------------- */

static void orphans_read(struct reading *r)
{
	for (struct orphan *o = r->first; o; o = o->next) {
		struct message *m = queue_index_number(&r->q->index, o->number);
		if (m)
			of_message(r, m, o->kind, o->payload, &o->kept);
		else
			queue_drop(r->q, &o->kept);
	}
	arena_fini(&r->arena);
}

/* What was over when it was cut off ends now. */
static void begin_all(struct gateway_queue *q)
{
	struct message *m = queue_index_after(&q->index, 0);
	for (struct message *next; m; m = next) {
		next = queue_index_after(&q->index, m->pub.number);
		q->state.held += m->pub.held;
		if (!m->pub.held)
			queue_drop(q, &m->hold);
		if (m->pub.left == 0) {
			queue_end(q, m);
			continue;
		}
		for (size_t i = 0; i < m->pub.rcpt_count; i++)
			if (m->pub.rcpt[i].state == GATEWAY_WAITING && !m->pub.held)
				queue_heap_put(&q->index, &m->pub.rcpt[i]);
	}
}

static struct gateway_queue *queue_create(const struct gateway_queue_setup *setup)
{
	struct gateway_queue *q = mem_zalloc(sizeof(*q));
	enum { MILLION = 1000000 };
	q->setup = *setup;
	q->setup.hostname = q->hostname = mem_strdup(setup->hostname ? setup->hostname : "");
	if (q->setup.messages_max == 0)
		q->setup.messages_max = MILLION;
	q->next_number = 1;
	q->timer_ms = INT64_MAX;
	q->clock_ahead_ms = queue_clock_ahead_ms();
	q->timer = loop_timer_create(setup->loop, queue_turn, q);
	queue_index_init(&q->index);
	return q;
}

int gateway_queue_open(const struct gateway_queue_setup *setup, struct gateway_queue **out,
                       struct buf *message)
{
	struct gateway_queue *q = queue_create(setup);
	struct reading r = { .q = q };
	const struct gateway_log_reader reader = { &r, on_record, on_damage };
	r.end = &r.first;
	int e = gateway_log_open(&setup->log, setup->syncer, &reader, &q->log, message);
	if (e != ERR_OK) {
		arena_fini(&r.arena);
		q->log = NULL;
		gateway_queue_close(q);
		return e;
	}
	orphans_read(&r);
	queue_index_by_id(&q->index);
	begin_all(q);
	LOG(LOG_INFO, "queue-open", LOG_I("messages", q->state.messages),
	    LOG_I("recipients", q->state.recipients), LOG_I("bytes", q->state.bytes),
	    LOG_I("damaged_bytes", q->state.damaged_bytes), LOG_I("bad_records", r.bad));
	queue_wake(q, 0);
	*out = q;
	return ERR_OK;
}
