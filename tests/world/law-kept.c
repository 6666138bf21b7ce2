/* SPDX-License-Identifier: ISC
 *
 * What the collector has answered 250 to: it is in the store, or an order to remove what is old
 * took it after its time, when the tester had read it.
 */
#include "law-inner.h"

#include "base/mem.h"
#include "store/returns.h"

enum { ROWS_MAX = 4096 };

/* A return or a request for a retest, as it was seen in the store. */
struct kept {
	int64_t id, time_s;
	char token[32], test_id[TEST_ID_LEN + 1];      /* of a return */
};

struct kept_list {
	struct kept *v;
	size_t n;
};

/* What is there, what was there before the order, and what has gone by right. */
static struct kept_list returns, requests, returns_before, requests_before, gone;
static size_t requests_gone, returns_checked, requests_checked;
static int64_t returns_at, requests_at;

static void add(struct kept_list *list, const struct kept *k)
{
	if ((list->n & (list->n - 1)) == 0)
		list->v = mem_realloc(list->v, list->n ? list->n * 2 : 1, sizeof(*list->v));
	list->v[list->n++] = *k;
}

static void add_return(const struct test_return *r)
{
	struct kept k = { .id = r->id, .time_s = r->time_s };
	str_copy(k.token, sizeof(k.token), str_of(r->token));
	str_copy(k.test_id, sizeof(k.test_id), str_of(r->test_id));
	add(&returns, &k);
	returns_at = r->id;
}

static void add_request(const struct retest_request *q)
{
	add(&requests, &(struct kept){ .id = q->id, .time_s = q->time_s });
	requests_at = q->id;
}

int law_kept_read(struct store *st)
{
	struct arena a = { 0 };
	struct test_return *r;
	struct retest_request *q;
	size_t n = 0, m = 0;
	int e = store_returns_after(st, returns_at, ROWS_MAX, false, &a, &r, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		add_return(&r[i]);
	if (e == ERR_OK)
		e = store_requests_after(st, requests_at, ROWS_MAX, &a, &q, &m);
	for (size_t i = 0; e == ERR_OK && i < m; i++)
		add_request(&q[i]);
	arena_fini(&a);
	return e;
}

/* ---- acknowledged, and there ----------------------------------------------------------- */

static bool has_token(const struct kept_list *list, const char *token)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].token, token) == 0)
			return true;
	return false;
}

void law_kept_check(void)
{
	size_t acknowledged = 0, there = requests.n + requests_gone;
	for (size_t i = 0; i < came_back_n; i++)
		acknowledged += came_back[i].acknowledged;
	for (size_t i = 0; acknowledged != returns_checked && i < came_back_n; i++)
		if (came_back[i].acknowledged && !has_token(&returns, came_back[i].token) &&
		    !has_token(&gone, came_back[i].token))
			world_broken("kept", "the return of %s was answered 250, and is not there",
			             came_back[i].token);
	returns_checked = acknowledged;
	if (asked_n != requests_checked && there < asked_n)
		world_broken("kept", "%zu requests were answered 250, and %zu are there, of which "
		             "%zu have expired", asked_n, there, requests_gone);
	requests_checked = asked_n;
}

void law_kept_forget(void)
{
	returns_at = requests_at = 0;
	returns.n = requests.n = returns_checked = requests_checked = 0;
}

bool law_return_expired(const char *test_id)
{
	for (size_t i = 0; i < gone.n; i++)
		if (strcmp(gone.v[i].test_id, test_id) == 0)
			return true;
	return false;
}

/* ---- what has expired ------------------------------------------------------------------ */

static void copy(struct kept_list *to, const struct kept_list *from)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		add(to, &from->v[i]);
}

void law_kept_expires(void)
{
	copy(&returns_before, &returns);
	copy(&requests_before, &requests);
	law_kept_forget();
}

static void check_gone(const struct kept *k, const char *what, int64_t read_up_to)
{
	const struct test *t = law_expiry_test(k->test_id);
	int64_t limit_s = law_expiry_limit_s(RETAINED_RETURN), now_s = law_expiry_now_s();
	/* What comes from the future is as old as now, which is enough where nothing is kept. */
	if (k->time_s > limit_s && limit_s < now_s)
		world_broken("stays-young", "%s %lld has gone, %lld s too early", what,
		             (long long)k->id,
		             (long long)(k->time_s - limit_s));
	if (k->id > read_up_to)
		world_broken("stays-unread", "%s %lld has gone, and the tester has read up to "
		             "%lld", what, (long long)k->id, (long long)read_up_to);
	if (t && law_expiry_was_listed(&t->target.ip))
		world_broken("stays-listed", "%s %lld of test %s has gone, whose address is "
		             "listed", what, (long long)k->id, t->id);
}

/* Both are in the order of their ids. */
static size_t look_for_gone(const struct kept_list *before, const struct kept_list *now,
                            const char *what, int64_t read_up_to)
{
	size_t n = 0, at = 0;
	for (size_t i = 0; i < before->n; i++) {
		while (at < now->n && now->v[at].id < before->v[i].id)
			at++;
		if (at < now->n && now->v[at].id == before->v[i].id)
			continue;
		check_gone(&before->v[i], what, read_up_to);
		trace("%s %lld has expired", what, (long long)before->v[i].id);
		add(&gone, &before->v[i]);
		n++;
	}
	return n;
}

int law_kept_expired(struct store *st)
{
	int64_t returns_read, requests_read;
	int e = store_cursor_get(st, "returns", &returns_read);
	if (e == ERR_OK)
		e = store_cursor_get(st, "requests", &requests_read);
	if (e != ERR_OK)
		return e;
	look_for_gone(&returns_before, &returns, "return", returns_read);
	requests_gone += look_for_gone(&requests_before, &requests, "request", requests_read);
	returns_before.n = requests_before.n = 0;
	return ERR_OK;
}
