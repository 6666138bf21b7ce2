/* SPDX-License-Identifier: ISC
 *
 * What came of a try. A sender is told once of all recipients of a message that fail together: it
 * is waited until none of its others is being tried, for some seconds at most. A failure is written
 * down when its notice is safe; until then the recipient stays TRYING, though nobody tries it.
 */
#include "gateway/queue-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <stdlib.h>

enum { GATHER_MS = 5000, AGAIN_S = 300, KINDS = GATEWAY_NOTICE_SUCCESS + 1 };

/* Whom of one message its sender is told about next. */
struct telling {
	struct telling *next;
	struct message *message;
	int64_t at_ms;                /* at the latest */
	struct arena arena;           /* of the outcomes' texts */
	struct gateway_told *told[KINDS];
	size_t n[KINDS];
};

static const char *const notice_names[] = {
	[GATEWAY_NOTICE_FAILED] = "failed", [GATEWAY_NOTICE_DELAYED] = "delayed",
	[GATEWAY_NOTICE_SUCCESS] = "success",
};

/* ---- who is to be told ------------------------------------------------------------------ */

static void tell(struct gateway_queue *q, enum gateway_notice what, struct gateway_rcpt *rcpt,
                 const struct gateway_outcome *outcome)
{
	struct message *m = message_of(rcpt->message);
	struct telling *t = m->telling;
	if (!t) {
		t = mem_zalloc(sizeof(*t));
		*t = (struct telling){ .next = q->tellings, .message = m,
		                       .at_ms = queue_now_ms(q) + GATHER_MS };
		q->tellings = m->telling = t;
	}
	queue_wake(q, 0);
	const size_t n = t->n[what]++;
	t->told[what] = mem_realloc(t->told[what], n + 1, sizeof(struct gateway_told));
	struct gateway_told *told = &t->told[what][n];
	*told = (struct gateway_told){ .rcpt = rcpt, .outcome = *outcome };
	told->outcome.host = arena_str(&t->arena, outcome->host);
	told->outcome.said = arena_str(&t->arena, outcome->said);
}

static void telling_detach(struct gateway_queue *q, struct telling *t)
{
	struct telling **at = &q->tellings;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->message->telling = NULL;
}

static void telling_free(struct telling *t)
{
	for (size_t i = 0; i < KINDS; i++)
		free(t->told[i]);
	arena_fini(&t->arena);
	free(t);
}

void queue_settle_forget(struct gateway_queue *q, struct message *m)
{
	struct telling *t = m->telling;
	if (!t)
		return;
	telling_detach(q, t);
	telling_free(t);
}

void queue_settle_fini(struct gateway_queue *q)
{
	while (q->tellings)
		queue_settle_forget(q, q->tellings->message);
}

/* ---- what becomes of a recipient -------------------------------------------------------- */

static void no_longer_tried(struct gateway_queue *q, struct gateway_rcpt *rcpt)
{
	struct message *m = message_of(rcpt->message);
	assert(rcpt->state == GATEWAY_TRYING && m->trying > 0 && q->state.trying > 0);
	m->trying--;
	q->state.trying--;
	rcpt->telling = false;
	if (m->telling)
		queue_wake(q, 0);
}

static void end_if_over(struct gateway_queue *q, struct message *m)
{
	if (m->pub.left == 0 && !m->telling)
		queue_end(q, m);
}

/* The message may be gone after it. The last one's end is the message's, and says all. */
static void over(struct gateway_queue *q, struct gateway_rcpt *rcpt, enum gateway_state state)
{
	struct message *m = message_of(rcpt->message);
	no_longer_tried(q, rcpt);
	rcpt->state = state;
	m->pub.left--;
	if (m->pub.left > 0 || m->telling)
		queue_write_progress(q, rcpt);
	end_if_over(q, m);
}

static void wait_until(struct gateway_queue *q, struct gateway_rcpt *rcpt, int64_t due_s)
{
	const int64_t last_s = clock_now_s() + queue_longest_s(q);
	no_longer_tried(q, rcpt);
	rcpt->state = GATEWAY_WAITING;
	rcpt->due_s = due_s < last_s ? due_s : last_s;
	if (!rcpt->message->held)
		queue_heap_put(&q->index, rcpt);
	queue_wake(q, 0);
}

void gateway_queue_give_back(struct gateway_queue *q, struct gateway_rcpt *rcpt, int64_t due_s)
{
	assert(rcpt->state == GATEWAY_TRYING && !rcpt->telling);
	wait_until(q, rcpt, due_s);
}

/* ---- notices ---------------------------------------------------------------------------- */

/* Recipients whose failure is written when their notice is safe. */
struct failing {
	struct gateway_queue *q;
	size_t n;
	struct gateway_rcpt *rcpt[];
};

/* The last of them may end the message. */
static void failing_over(struct failing *f)
{
	for (size_t i = 0; i < f->n; i++) {
		f->q->state.failed++;
		over(f->q, f->rcpt[i], GATEWAY_FAILED);
	}
	free(f);
}

/* They fail again by their next try, if their notice cannot be kept now. */
static void failing_done(void *arg, int err)
{
	struct failing *f = arg;
	if (err == ERR_OK) {
		f->q->state.notices++;
		failing_over(f);
		return;
	}
	LOG(LOG_ERROR, "notice-unwritten",
	    LOG_STR("about", f->rcpt[0]->message->envelope.id), LOG_S("why", err_text(err)));
	for (size_t i = 0; i < f->n; i++)
		wait_until(f->q, f->rcpt[i], clock_now_s() + AGAIN_S);
	free(f);
}

static void other_done(void *arg, int err)
{
	struct gateway_queue *q = arg;
	if (err == ERR_OK)
		q->state.notices++;
	else
		LOG(LOG_WARN, "notice-unwritten", LOG_S("why", err_text(err)));
}

/* ERR_NOT_FOUND: nobody is told. Else done() will be called, or an error says that it will not. */
static int notice_take(struct gateway_queue *q, enum gateway_notice what,
                       const struct message *m, const struct gateway_told *told, size_t n,
                       void (*done)(void *arg, int err), void *arg)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct gateway_envelope envelope = { 0 };
	char id[GATEWAY_ID_MAX];
	int e = ERR_NOT_FOUND;
	if (q->setup.hooks.notice &&
	    q->setup.hooks.notice(q->setup.hooks.arg, what, &m->pub, told, n, &a, &envelope,
	                          &text)) {
		assert(envelope.from.n == 0 && envelope.to_count > 0);
		gateway_queue_id(q, id);
		if (envelope.id.n == 0)
			envelope.id = str_of(id);
		if (envelope.came_s == 0)
			envelope.came_s = clock_now_s();
		LOG(LOG_INFO, "notice", LOG_STR("id", envelope.id),
		    LOG_STR("about", m->pub.envelope.id), LOG_S("what", notice_names[what]),
		    LOG_STR("to", envelope.to[0].address));
		e = queue_take(q, &envelope, buf_str(&text), done, arg);
	}
	buf_fini(&text);
	arena_fini(&a);
	return e;
}

static void failed_tell(struct gateway_queue *q, const struct message *m,
                        const struct gateway_told *told, size_t n)
{
	struct failing *f = mem_zalloc(sizeof(*f) + n * sizeof(struct gateway_rcpt *));
	*f = (struct failing){ .q = q, .n = n };
	for (size_t i = 0; i < n; i++)
		f->rcpt[i] = (struct gateway_rcpt *)told[i].rcpt;
	int e = notice_take(q, GATEWAY_NOTICE_FAILED, m, told, n, failing_done, f);
	if (e == ERR_NOT_FOUND)
		failing_over(f);
	else if (e != ERR_OK)
		failing_done(f, e);
}

/* The failures come last: they may end the message. */
static void telling_now(struct gateway_queue *q, struct telling *t)
{
	struct message *m = t->message;
	telling_detach(q, t);
	for (unsigned i = GATEWAY_NOTICE_DELAYED; i < KINDS; i++) {
		int e = t->n[i] == 0 ? ERR_NOT_FOUND
		      : notice_take(q, (enum gateway_notice)i, m, t->told[i], t->n[i], other_done,
		                    q);
		if (e != ERR_OK && e != ERR_NOT_FOUND)
			other_done(q, e);
	}
	if (t->n[GATEWAY_NOTICE_FAILED] > 0)
		failed_tell(q, m, t->told[GATEWAY_NOTICE_FAILED], t->n[GATEWAY_NOTICE_FAILED]);
	else
		end_if_over(q, m);
	telling_free(t);
}

/* Nobody of the message is tried any more but those who failed. */
static bool is_gathered(const struct telling *t)
{
	return t->message->trying == t->n[GATEWAY_NOTICE_FAILED];
}

int64_t queue_settle_turn(struct gateway_queue *q)
{
	const int64_t now_ms = queue_now_ms(q);
	int64_t next_ms = INT64_MAX;
	for (struct telling *t = q->tellings, *next; t; t = next) {
		next = t->next;
		if (t->at_ms <= now_ms || is_gathered(t))
			telling_now(q, t);
		else if (t->at_ms - now_ms < next_ms)
			next_ms = t->at_ms - now_ms;
	}
	return next_ms;
}

/* ---- outcomes --------------------------------------------------------------------------- */

static void why_set(struct gateway_rcpt *rcpt, const struct gateway_outcome *outcome)
{
	struct buf why = { 0 };
	if (outcome->host.n > 0) {
		buf_add_str(&why, outcome->host);
		buf_add_cstr(&why, " said: ");
	}
	buf_add_str(&why, outcome->said);
	free(rcpt->why);
	rcpt->why = NULL;
	const size_t n = why.n < GATEWAY_WHY_MAX ? why.n : GATEWAY_WHY_MAX - 1;
	if (n > 0)
		rcpt->why = mem_strndup(why.p, n);
	buf_fini(&why);
}

static void log_outcome(const char *event, const struct gateway_rcpt *rcpt,
                        const struct gateway_outcome *outcome, int64_t now_s)
{
	const struct gateway_envelope *e = &rcpt->message->envelope;
	LOG(LOG_INFO, event, LOG_STR("id", e->id), LOG_STR("from", e->from),
	    LOG_STR("to", rcpt->to.address), LOG_STR("account", e->account),
	    LOG_I("tries", rcpt->tries), LOG_I("age_s", now_s - e->came_s),
	    LOG_S("status", outcome->enhanced), LOG_STR("host", outcome->host),
	    LOG_STR("said", outcome->said));
}

static void fail(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                 const struct gateway_outcome *outcome, int64_t now_s)
{
	log_outcome("failed", rcpt, outcome, now_s);
	rcpt->telling = true;
	tell(q, GATEWAY_NOTICE_FAILED, rcpt, outcome);
}

/* RFC 3463 3.5: 4.4.7, delivery time expired. */
static void expire(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                   const struct gateway_outcome *outcome, int64_t now_s)
{
	struct gateway_outcome last = *outcome;
	last.fate = GATEWAY_FATE_FAILED;
	str_copy(last.enhanced, sizeof(last.enhanced), STR("4.4.7"));
	fail(q, rcpt, &last, now_s);
}

static void defer(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                  const struct gateway_outcome *outcome, int64_t now_s)
{
	const int64_t came_s = rcpt->message->envelope.came_s;
	const struct gateway_retry *retry = &q->setup.retry;
	if (gateway_retry_is_over(retry, came_s, now_s, rcpt->tries)) {
		expire(q, rcpt, outcome, now_s);
		return;
	}
	log_outcome("deferred", rcpt, outcome, now_s);
	q->state.deferred++;
	if (gateway_retry_warns(retry, came_s, now_s, rcpt->tries, rcpt->warned)) {
		rcpt->warned = true;
		tell(q, GATEWAY_NOTICE_DELAYED, rcpt, outcome);
	}
	wait_until(q, rcpt, gateway_retry_next(retry, came_s, now_s, rcpt->tries,
	                                       (uint32_t)random_u64()));
	queue_write_progress(q, rcpt);
}

static void deliver(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                    const struct gateway_outcome *outcome, int64_t now_s)
{
	log_outcome("delivered", rcpt, outcome, now_s);
	q->state.delivered++;
	if ((rcpt->to.notify & SMTP_NOTIFY_SUCCESS) && (outcome->relayed || rcpt->to.local))
		tell(q, GATEWAY_NOTICE_SUCCESS, rcpt, outcome);
	over(q, rcpt, GATEWAY_DELIVERED);
}

void gateway_queue_settle(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                          const struct gateway_outcome *outcome)
{
	const int64_t now_s = clock_now_s();
	assert(rcpt->state == GATEWAY_TRYING && !rcpt->telling);
	rcpt->tries++;
	why_set(rcpt, outcome);
	if (outcome->fate == GATEWAY_FATE_DELIVERED)
		deliver(q, rcpt, outcome, now_s);
	else if (outcome->fate == GATEWAY_FATE_DEFERRED)
		defer(q, rcpt, outcome, now_s);
	else
		fail(q, rcpt, outcome, now_s);
}
