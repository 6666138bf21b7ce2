/* SPDX-License-Identifier: ISC
 *
 * Tests as they stand: how they are found and made, their intents and results. The queue is in
 * queue.c, their end in finish.c.
 */
#include "store/tests.h"

#include "store/steps-private.h"

#include "base/random.h"

#include <assert.h>
#include <stdlib.h>

/* ---- finding ------------------------------------------------------------------------ */

int test_find(struct store *st, const char *id, struct test_row *row)
{
	*row = (struct test_row){ 0 };
	int e = str_copy(row->t.id, sizeof(row->t.id), str_of(id)) ?
	        row_get(st, ROW_TEST, TEST_BY_ID, row, NULL) : ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "no test has the id \"%s\"", id);
	assert(e != ERR_OK || strcmp(row->t.id, id) == 0);
	return e;
}

int test_find_live(struct store *st, const char *id, struct test_row *row)
{
	int e = test_find(st, id, row);
	if (e == ERR_OK && row->t.state == TEST_DONE)
		return store_fail(st, ERR_EXISTS, "test %s has ended", id);
	return e;
}

int test_of_target(struct store *st, const struct endpoint *target, struct test_row *row)
{
	*row = (struct test_row){ .t.target = *target };
	int e = row_get(st, ROW_TEST, TEST_LIVE, row, NULL);
	assert(e != ERR_OK || row->t.state != TEST_DONE);
	return e;
}

static int keep_newest(void *context, const void *row)
{
	struct test_row *newest = context;
	const struct test_row *test = row;
	if (test->key > newest->key)
		*newest = *test;
	return 0;
}

int test_newest(struct store *st, const struct endpoint *target, struct test_row *row)
{
	struct test_row of = { .t.target = *target };
	struct row_range range = {
		.index = TEST_BY_TARGET, .row = &of, .equal = target->port ? 2 : 1,
		.backward = true,
	};
	*row = (struct test_row){ 0 };
	if (target->port)
		return row_first(st, ROW_TEST, &range, row, NULL);
	int e = row_each(st, ROW_TEST, &range, NULL, keep_newest, row);
	return e == ERR_OK && row->key == 0 ? ERR_NOT_FOUND : e;
}

/* ---- making ------------------------------------------------------------------------- */

static void draw_id(char id[static TEST_ID_LEN + 1])
{
	unsigned char bits[5];
	random_bytes(bits, sizeof(bits));
	base32_encode(bits, sizeof(bits), id);
	assert(strlen(id) == TEST_ID_LEN);
}

int test_insert(struct store *st, struct test *t)
{
	int e = ERR_EXISTS;
	assert(st->writing[PLACE_LIST]);
	t->state = TEST_QUEUED;
	t->verdict = VERDICT_NONE;
	t->started_s = t->finished_s = t->wait_until_s = 0;
	t->seconds = 0;
	t->rounds = t->fruitless = 0;
	t->why[0] = '\0';
	t->evidence_id[0] = '\0';
	/* The target is free, so that ERR_EXISTS means an id that was drawn before. */
	for (int drawn = 0; e == ERR_EXISTS && drawn < 8; drawn++) {
		draw_id(t->id);
		struct test_row row = { .t = *t };
		e = row_add(st, ROW_TEST, &row);
	}
	return e;
}

int test_insert_again(struct store *st, const struct test_row *of, int64_t now_s)
{
	struct test t = {
		.target = of->t.target, .consent = of->again, .reason = TEST_RETEST,
		.created_s = now_s, .not_before_s = now_s,
	};
	assert(of->again != CONSENT_NONE);
	memcpy(t.who, of->again_who, sizeof(t.who));
	memcpy(t.reply_to, of->again_reply_to, sizeof(t.reply_to));
	memcpy(t.message_id, of->again_message_id, sizeof(t.message_id));
	return test_insert(st, &t);
}

int test_give_up(struct store *st, const struct test_row *row, int64_t now_s)
{
	struct test_row done = *row;
	assert(row->t.state != TEST_DONE);
	done.t.state = TEST_DONE;
	done.t.verdict = VERDICT_INCONCLUSIVE;
	done.t.finished_s = now_s;
	done.lease_until_s = 0;
	done.again = CONSENT_NONE;
	return row_update(st, ROW_TEST, &done);
}

/* ---- intents ------------------------------------------------------------------------ */

static int intend(struct store *st, const char *id, const char *case_id, unsigned attempt)
{
	struct test_row row;
	struct intent_row intent = { .attempt = (uint8_t)attempt };
	bool fits = str_copy(intent.case_id, sizeof(intent.case_id), str_of(case_id));
	assert(fits && attempt <= UINT8_MAX);
	int e = test_find(st, id, &row);
	if (e == ERR_OK && row.t.state == TEST_DONE)
		e = store_fail(st, ERR_DENIED, "test %s has ended: nothing more is sent", id);
	if (e == ERR_OK)
		e = admission_check(st, &row.t, row.t.started_s);
	if (e != ERR_OK)
		return e;
	intent.test = row.key;
	e = row_add(st, ROW_INTENT, &intent);
	if (e == ERR_EXISTS)
		return store_fail(st, e, "test %s: case %s, attempt %u was sent before", id,
		                  case_id, attempt);
	return e;
}

int store_test_intend(struct store *st, const char *id, const char *case_id, unsigned attempt)
{
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_intend");
	return e == ERR_OK ? store_end(st, intend(st, id, case_id, attempt)) : e;
}

/* ---- results ------------------------------------------------------------------------ */

int results_save(struct store *st, int64_t test, const struct case_result *results, size_t n)
{
	struct result_row row = { .test = test };
	struct row_range its = { .row = &row, .equal = 1 };
	assert(test > 0 && n <= CASES_MAX * 2);
	int e = row_clear(st, ROW_RESULT, &its, NULL);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		row = (struct result_row){ .test = test, .n = (int64_t)i, .r = results[i] };
		e = row_add(st, ROW_RESULT, &row);
	}
	return e;
}

static int wait_for(struct store *st, const char *id, const struct case_result *results,
                    size_t n, double seconds, int64_t until_s)
{
	struct test_row row;
	int e = test_find_live(st, id, &row);
	if (e == ERR_OK)
		e = results_save(st, row.key, results, n);
	if (e != ERR_OK)
		return e;
	row.t.state = TEST_WAITING;
	row.t.seconds = seconds;
	row.t.wait_until_s = until_s;
	if (row.lease_until_s < until_s)
		row.lease_until_s = until_s;
	return row_update(st, ROW_TEST, &row);
}

int store_test_wait(struct store *st, const char *id, const struct case_result *results, size_t n,
                    double seconds, int64_t until_s)
{
	assert(n <= CASES_MAX * 2);
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "test_wait");
	return e == ERR_OK ? store_end(st, wait_for(st, id, results, n, seconds, until_s)) : e;
}

static struct case_result *result_like(struct case_result *results, size_t n,
                                       const struct intent_row *intent)
{
	for (size_t i = 0; i < n; i++)
		if (results[i].attempt == intent->attempt &&
		    strcmp(results[i].id, intent->case_id) == 0)
			return &results[i];
	return NULL;
}

/* Probes that were begun, and whose result died with the process that sent them. What was
 * saved before of the same case, that its recipient was taken, is not that result. */
static void add_interrupted(struct case_result *results, size_t *n,
                            const struct intent_row *intents, size_t intent_count)
{
	for (size_t i = 0; i < intent_count; i++) {
		struct case_result *r = result_like(results, *n, &intents[i]);
		if (r && r->stage == STAGE_MESSAGE)
			continue;
		if (!r)
			r = &results[(*n)++];
		*r = (struct case_result){
			.attempt = intents[i].attempt, .stage = STAGE_MESSAGE,
			.text = "interrupted",
		};
		str_copy(r->id, sizeof(r->id), str_of(intents[i].case_id));
	}
}

static int results_read(struct store *st, const char *id, struct arena *work, struct arena *a,
                        struct case_result **out, size_t *n)
{
	struct test_row test;
	int e = test_find(st, id, &test);
	struct result_row of = { .test = test.key }, *rows = NULL;
	struct intent_row sent = { .test = test.key }, *intents = NULL;
	struct row_wish saved = { .range = { .row = &of, .equal = 1 } };
	struct row_wish begun = { .range = { .row = &sent, .equal = 1 } };
	size_t row_count = 0, intent_count = 0;
	if (e == ERR_OK)
		e = row_list(st, ROW_RESULT, &saved, work, &rows, &row_count);
	if (e == ERR_OK)
		e = row_list(st, ROW_INTENT, &begun, work, &intents, &intent_count);
	if (e != ERR_OK || row_count + intent_count == 0)
		return e;
	*out = arena_alloc(a, (row_count + intent_count) * sizeof(**out));
	for (size_t i = 0; i < row_count; i++)
		(*out)[i] = rows[i].r;
	*n = row_count;
	add_interrupted(*out, n, intents, intent_count);
	assert(*n <= row_count + intent_count);
	return ERR_OK;
}

int store_test_results(struct store *st, const char *id, struct arena *a,
                       struct case_result **results, size_t *n)
{
	struct arena work = { 0 };
	*results = NULL;
	*n = 0;
	int e = store_begin_read(st, PLACE_LIST);
	if (e == ERR_OK)
		e = store_end(st, results_read(st, id, &work, a, results, n));
	arena_fini(&work);
	return e;
}

/* ---- reading ------------------------------------------------------------------------ */

int store_test_get(struct store *st, const char *id, struct test *t)
{
	struct test_row row;
	int e = test_find(st, id, &row);
	if (e == ERR_OK)
		*t = row.t;
	return e;
}

int store_test_last(struct store *st, const struct endpoint *target, struct test *t)
{
	struct test_row row;
	int e = test_newest(st, target, &row);
	if (e == ERR_OK)
		*t = row.t;
	return e == ERR_NOT_FOUND ? store_fail(st, e, "never tested") : e;
}

static int newest_first(const void *a, const void *b)
{
	const struct test_row *x = a, *y = b;
	return (x->key < y->key) - (x->key > y->key);
}

int store_tests(struct store *st, const struct ip *address, size_t max, struct arena *a,
                struct test **out, size_t *n)
{
	struct arena work = { 0 };
	struct test_row of = { .t.target.ip = *address }, *rows = NULL;
	struct row_wish wish = { .range = { .backward = true }, .max = max };
	*out = NULL;
	*n = 0;
	if (max == 0)
		return ERR_OK;
	/* Those of an address come by port, and are few. */
	if (address->family)
		wish = (struct row_wish){
			.range = { .index = TEST_BY_TARGET, .row = &of, .equal = 1 },
		};
	int e = row_list(st, ROW_TEST, &wish, &work, &rows, n);
	if (e == ERR_OK && *n) {
		qsort(rows, *n, sizeof(*rows), newest_first);
		*n = *n < max ? *n : max;
		*out = arena_alloc(a, *n * sizeof(**out));
		for (size_t i = 0; i < *n; i++)
			(*out)[i] = rows[i].t;
	}
	assert(*n <= max && (*n == 0) == (*out == NULL));
	arena_fini(&work);
	return e;
}
