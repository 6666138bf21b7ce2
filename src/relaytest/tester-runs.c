/* SPDX-License-Identifier: ISC
 *
 * The tests under way: their list, the queue of those that wait for the rate, and of those that
 * wait for a connection.
 */
#include "relaytest/tester-private.h"

#include "base/log.h"
#include "base/mem.h"

void run_queue_init(struct run_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

void run_queue_push(struct run_queue *q, struct run *r)
{
	r->queue_next = NULL;
	*q->tail = r;
	q->tail = &r->queue_next;
}

void run_queue_remove(struct run_queue *q, struct run *r)
{
	for (struct run **p = &q->head; *p; p = &(*p)->queue_next) {
		if (*p != r)
			continue;
		*p = r->queue_next;
		if (!*p)
			q->tail = p;
		return;
	}
}

/* ---- the list ------------------------------------------------------------------- */

static struct run *add_run(struct tester *t, const struct test *test)
{
	struct run *r = mem_zalloc(sizeof(*r));
	*r = (struct run){ .tester = t, .test = *test, .next = t->runs };
	if (t->runs)
		t->runs->prev = r;
	t->runs = r;
	t->active++;
	return r;
}

void tester_run(struct tester *t, const struct test *test)
{
	struct run *r = add_run(t, test);
	run_queue_push(&t->starting, r);
	loop_timer_arm(t->start_timer, 0);
}

struct run *tester_find(struct tester *t, const char *test_id)
{
	for (struct run *r = t->runs; r; r = r->next)
		if (strcmp(r->test.id, test_id) == 0)
			return r;
	return NULL;
}

/* ---- connections ------------------------------------------------------------------ */

void tester_connection_wanted(struct tester *t, struct run *r)
{
	if (r->wants_connection)
		return;
	if (!politeness_connect(t->politeness, &r->test.target.ip)) {
		r->wants_connection = true;
		run_queue_push(&t->connecting, r);
		return;
	}
	r->holds_connection = true;
	t->hooks->open_connection(r);
}

void tester_connections_free(struct tester *t)
{
	struct run_queue waiting = t->connecting;
	if (!waiting.head)
		return;
	run_queue_init(&t->connecting);
	for (struct run *r = waiting.head, *next; r; r = next) {
		next = r->queue_next;
		r->wants_connection = false;
		tester_connection_wanted(t, r);
	}
}

/* ---- what the operator should know ------------------------------------------------ */

void tester_remark(struct tester *t, const char *event, const char *text)
{
	if (t->setup.remark)
		t->setup.remark(t->setup.arg, text);
	else
		LOG(LOG_WARN, event, LOG_S("why", text));
}
