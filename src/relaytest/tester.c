/* SPDX-License-Identifier: ISC
 *
 * Work in and out: leases, the rate, the queue for connections, what the collector
 * wrote down.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum {
	POLL_MS = 100, POLL_ROWS = 256, LEASE_ROWS = 64, LEASE_RENEW_MS = 20 * 1000,
	RECHECK_EVERY_POLLS = 600, HELD_EVERY_POLLS = 10,
};

struct lifecycle_policy tester_policy(const struct tester_config *config)
{
	return (struct lifecycle_policy){
		.recheck_interval_s = config->recheck_interval_s,
		.retry_after_s = config->retry_after_s,
		.retry_max = (unsigned)config->retries,
	};
}

/* ---- queues ------------------------------------------------------------------ */

static void queue_init(struct run_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void queue_push(struct run_queue *q, struct run *r)
{
	r->queue_next = NULL;
	*q->tail = r;
	q->tail = &r->queue_next;
}

static void queue_remove(struct run_queue *q, struct run *r)
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

/* One that has ended before and goes on does so because something came back. */
static bool may_start(const struct tester *t, const struct run *r)
{
	return r->test.finished_s || reach_may_start(&t->reach, clock_mono_ms());
}

static void start_due(void *arg)
{
	struct tester *t = arg;
	while (t->starting.head) {
		if (!may_start(t, t->starting.head)) {
			reach_check_poll(t->check);
			return;
		}
		int64_t wait_ms = politeness_start(t->politeness, clock_mono_ms());
		if (wait_ms > 0) {
			loop_timer_arm(t->start_timer, wait_ms);
			return;
		}
		struct run *r = t->starting.head;
		queue_remove(&t->starting, r);
		run_begin(r);
	}
}

void tester_connection_wanted(struct tester *t, struct run *r)
{
	if (r->wants_connection)
		return;
	if (!politeness_connect(t->politeness, &r->test.target.ip)) {
		r->wants_connection = true;
		queue_push(&t->connecting, r);
		return;
	}
	r->holds_connection = true;
	run_open_connection(r);
}

/* A connection was given back: those who wait try again, in order. */
void tester_connections_free(struct tester *t)
{
	struct run_queue waiting = t->connecting;
	if (!waiting.head)
		return;
	queue_init(&t->connecting);
	for (struct run *r = waiting.head, *next; r; r = next) {
		next = r->queue_next;
		r->wants_connection = false;
		tester_connection_wanted(t, r);
	}
}

/* ---- runs --------------------------------------------------------------------- */

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
	queue_push(&t->starting, r);
	loop_timer_arm(t->start_timer, 0);
}

static void remove_run(struct tester *t, struct run *r)
{
	queue_remove(&t->starting, r);
	queue_remove(&t->connecting, r);
	if (r->prev)
		r->prev->next = r->next;
	else
		t->runs = r->next;
	if (r->next)
		r->next->prev = r->prev;
	t->active--;
	run_free(r);
}

void tester_run_over(struct tester *t, struct run *r)
{
	remove_run(t, r);
}

static struct run *find_run(struct tester *t, const char *test_id)
{
	for (struct run *r = t->runs; r; r = r->next)
		if (strcmp(r->test.id, test_id) == 0)
			return r;
	return NULL;
}

size_t tester_active(const struct tester *t)
{
	return t->active;
}

size_t tester_talking(const struct tester *t)
{
	return t->talking;
}

size_t tester_queued(const struct tester *t)
{
	size_t n = 0;
	for (const struct run *r = t->starting.head; r; r = r->queue_next)
		n++;
	return n;
}

bool tester_has_notices(const struct tester *t)
{
	return t->notices;
}

/* ---- whether anything can come back ---------------------------------------------- */

/* Whoever looks for work finds them again. */
static void give_back_queued(struct tester *t)
{
	while (t->starting.head) {
		struct run *r = t->starting.head;
		store_test_release(t->setup.store, r->test.id);
		remove_run(t, r);
	}
}

void tester_reach_told(struct tester *t)
{
	if (t->reach.state == REACH_BAD && t->leases)
		give_back_queued(t);
	else
		loop_timer_arm(t->start_timer, 0);
}

const char *tester_hopeless(const struct tester *t)
{
	return reach_is_hopeless(&t->reach, clock_mono_ms()) ? reach_why(&t->reach) : NULL;
}

uint64_t tester_sent(const struct tester *t)
{
	return t->sent;
}

static void remember_return(struct tester *t, const struct test_return *ret)
{
	reach_returned(&t->reach, clock_mono_ms(), (clock_now_s() - ret->time_s) * 1000);
}

/* The last one that was read before: a new process need not wait for another. */
static void recall_return(struct tester *t)
{
	struct arena a = { 0 };
	struct test_return *rows;
	size_t n = 0;
	if (t->returns_seen > 0 && store_returns_after(t->setup.store, t->returns_seen - 1, 1,
	                                               false, &a, &rows, &n) == ERR_OK && n)
		remember_return(t, &rows[0]);
	arena_fini(&a);
}

static void warn_unchecked(struct tester *t)
{
	if (!t->reach.checked)
		tester_remark(t, "collector-unchecked", "tester.collector_check is off: whether "
		              "anything can come back is not known");
}

/* ---- following the store ------------------------------------------------------- */

/* The store may do tomorrow what it cannot do now. */
static bool is_passing(int e)
{
	return e == ERR_BUSY || e == ERR_FULL || e == ERR_IO;
}

bool tester_is_news(const struct test_return *ret)
{
	return ret->kind == RETURN_RECIPIENT && ret->marked;
}

/* A return for a test that has ended: within the window it reopens the verdict. */
static int reopen(struct tester *t, const struct test_return *ret)
{
	struct test test;
	int64_t now_s = clock_now_s();
	int e = store_test_get(t->setup.store, ret->test_id, &test);
	if (e != ERR_OK)
		return e;
	/* Between two rounds: the next one is now. A bounce can wait for it, or a host that
	 * greylists and bounces would be asked too soon until no round is left. */
	if (test.state == TEST_QUEUED && test.rounds > 0 && tester_is_news(ret))
		return store_test_due(t->setup.store, test.id, clock_now_s());
	if (test.state != TEST_DONE || test.verdict == VERDICT_OPEN ||
	    clock_past(ret->time_s, now_s) - clock_past(test.finished_s, now_s) >
	    t->setup.config->return_window_s)
		return ERR_OK;
	if (ret->kind == RETURN_RECIPIENT && !ret->marked)
		return ERR_OK;
	e = store_test_reopen(t->setup.store, test.id, now_s, TESTER_LEASE_S, &test);
	if (is_passing(e) || e == ERR_EXISTS)
		return e;
	LOG(LOG_INFO, "late-return", LOG_S("test", test.id), LOG_IP("address", &test.target.ip),
	    LOG_S("case", ret->case_id), LOG_S("result", err_text(e)));
	if (e == ERR_OK)
		tester_run(t, &test);
	return e;
}

/* A retry or retest of the target is queued or under way: the return waits for its end. */
static void hold(struct tester *t, const struct test_return *ret)
{
	for (size_t i = 0; i < t->held_n; i++)
		if (strcmp(t->held[i].test_id, ret->test_id) == 0)
			return;
	if (t->held_n == t->held_room) {
		t->held_room = t->held_room ? t->held_room * 2 : 16;
		t->held = mem_realloc(t->held, t->held_room, sizeof(*t->held));
	}
	t->held[t->held_n] = *ret;
	t->held[t->held_n++].message = STR("");
	LOG(LOG_INFO, "late-return-held", LOG_S("test", ret->test_id),
	    LOG_S("case", ret->case_id));
}

static void follow_held(struct tester *t)
{
	size_t left = 0;
	for (size_t i = 0; i < t->held_n; i++) {
		int e = find_run(t, t->held[i].test_id) ? ERR_OK : reopen(t, &t->held[i]);
		if (e == ERR_EXISTS || is_passing(e))
			t->held[left++] = t->held[i];
	}
	t->held_n = left;
}

/* What is held is read again by the next process. */
static void keep_cursor(struct tester *t)
{
	int64_t done = t->held_n ? t->held[0].id - 1 : t->returns_seen;
	if (done != t->returns_kept &&
	    store_cursor_set(t->setup.store, "returns", done) == ERR_OK)
		t->returns_kept = done;
}

static void follow_returns(struct tester *t)
{
	struct arena a = { 0 };
	struct test_return *rows;
	size_t n = 0;
	int e = store_returns_after(t->setup.store, t->returns_seen, POLL_ROWS, false, &a, &rows,
	                            &n);
	if (e == ERR_OK) {
		for (size_t i = 0; i < n; i++) {
			struct run *r = find_run(t, rows[i].test_id);
			e = !r && t->leases ? reopen(t, &rows[i]) : ERR_OK;
			if (is_passing(e))
				break;           /* asked again at the next poll */
			if (e == ERR_EXISTS)
				hold(t, &rows[i]);
			t->returns_seen = rows[i].id;
			remember_return(t, &rows[i]);
			if (r)
				run_returned(r, &rows[i]);
		}
	}
	arena_fini(&a);
	if (t->leases)
		keep_cursor(t);
}

static void follow_requests(struct tester *t)
{
	struct arena a = { 0 };
	struct retest_request *rows;
	size_t n = 0;
	int64_t before = t->requests_seen;
	if (store_requests_after(t->setup.store, before, POLL_ROWS, &a, &rows, &n) == ERR_OK) {
		for (size_t i = 0; i < n; i++) {
			unsigned queued = 0;
			int e = store_retest(t->setup.store, &rows[i].address,
			                     "mail from the host itself",
			                     rows[i].reply_to, clock_now_s(), &queued);
			if (is_passing(e))
				break;           /* asked again at the next poll */
			LOG(LOG_INFO, "retest-asked", LOG_IP("address", &rows[i].address),
			    LOG_I("queued", queued), LOG_S("result", err_text(e)));
			t->requests_seen = rows[i].id;
		}
	}
	arena_fini(&a);
	if (t->requests_seen != before)
		store_cursor_set(t->setup.store, "requests", t->requests_seen);
}

/* While the collector does not answer, only to ask it again. */
static bool may_lease(const struct tester *t)
{
	if (!t->reach.checked || t->reach.state == REACH_GOOD)
		return true;
	return !reach_check_has_token(t) && reach_due_ms(&t->reach, clock_mono_ms()) == 0;
}

static void follow_leases(struct tester *t)
{
	struct test rows[LEASE_ROWS];
	size_t n = 0, room = (size_t)t->setup.config->sessions;
	if (t->starting.head || t->talking >= room || !may_lease(t))
		return;
	size_t max = room - t->talking < LEASE_ROWS ? room - t->talking : LEASE_ROWS;
	/* One is enough to ask the collector with. */
	if (t->reach.checked && t->reach.state != REACH_GOOD)
		max = 1;
	int e = store_test_lease(t->setup.store, clock_now_s(), TESTER_LEASE_S, rows, max, &n);
	if (e != ERR_OK && !t->lease_fails)
		LOG(LOG_WARN, "lease-failed", LOG_S("why", store_message(t->setup.store)));
	t->lease_fails = e != ERR_OK;        /* asked often, told once */
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (!find_run(t, rows[i].id))
			tester_run(t, &rows[i]);
}

static void queue_rechecks(struct tester *t)
{
	unsigned queued = 0;
	struct lifecycle_policy policy = tester_policy(t->setup.config);
	store_rechecks(t->setup.store, clock_now_s(), &policy, &queued);
	if (queued)
		LOG(LOG_INFO, "rechecks-queued", LOG_I("tests", queued));
}

static void poll_store(void *arg)
{
	struct tester *t = arg;
	follow_returns(t);
	if (t->leases) {
		if (t->polls % HELD_EVERY_POLLS == 0)
			follow_held(t);
		follow_requests(t);
		follow_leases(t);
		if (t->polls++ % RECHECK_EVERY_POLLS == 0)
			queue_rechecks(t);
	}
	reach_check_poll(t->check);
	notice_turn(t);
	loop_timer_arm(t->poll_timer, POLL_MS);
}

static void renew_leases(void *arg)
{
	struct tester *t = arg;
	int64_t until = clock_now_s() + TESTER_LEASE_S;
	for (struct run *r = t->runs; r; r = r->next)
		store_test_renew(t->setup.store, r->test.id, until);
	loop_timer_arm(t->lease_timer, LEASE_RENEW_MS);
}

void tester_follow(struct tester *t, bool lease)
{
	t->leases = lease;
	store_cursor_get(t->setup.store, "returns", &t->returns_seen);
	t->returns_kept = t->returns_seen;
	store_cursor_get(t->setup.store, "requests", &t->requests_seen);
	recall_return(t);
	warn_unchecked(t);
	loop_timer_arm(t->poll_timer, 0);
	loop_timer_arm(t->lease_timer, LEASE_RENEW_MS);
}

/* ---- create and destroy -------------------------------------------------------- */

static struct politeness_limits limits_of(const struct tester_config *c)
{
	return (struct politeness_limits){
		.rate = (unsigned)c->rate, .sessions = (unsigned)c->sessions,
		.sessions_per_net = (unsigned)c->sessions_per_net,
	};
}

/* A throw-away certificate: servers that trust any client certificate are a case of
 * their own (permit_tls_all_clientcerts). */
static void add_certificate(SSL_CTX *ctx, const char *hostname)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	assert(key && cert);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * 365);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)hostname,
	                           -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* Old relays speak old TLS, with any certificate: we test whether they relay, and tell them
 * nothing that is secret. */
static SSL_CTX *tls_context(const char *hostname)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	assert(ctx);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	add_certificate(ctx, hostname);
	return ctx;
}

struct tester *tester_create(const struct tester_setup *setup)
{
	struct tester *t = mem_zalloc(sizeof(*t));
	struct politeness_limits limits = limits_of(setup->config);
	t->setup = *setup;
	t->politeness = politeness_create(&limits);
	t->tls = tls_context(setup->us.hostname);
	reach_init(&t->reach, setup->config->collector_check);
	t->check = reach_check_create(t);
	queue_init(&t->starting);
	queue_init(&t->connecting);
	t->start_timer = loop_timer_create(setup->loop, start_due, t);
	t->poll_timer = loop_timer_create(setup->loop, poll_store, t);
	t->lease_timer = loop_timer_create(setup->loop, renew_leases, t);
	return t;
}

void tester_reload(struct tester *t, const struct tester_config *config)
{
	struct politeness_limits limits = limits_of(config);
	t->setup.config = config;
	politeness_set(t->politeness, &limits);
	reach_check_abandon(t->check);
	reach_forget(&t->reach, config->collector_check);
	warn_unchecked(t);
}

void tester_destroy(struct tester *t)
{
	if (!t)
		return;
	queue_init(&t->connecting);
	while (t->runs) {
		struct run *r = t->runs;
		store_test_release(t->setup.store, r->test.id);
		r->wants_connection = false;
		remove_run(t, r);
	}
	notice_abandon(t);
	reach_check_destroy(t->check);
	loop_timer_destroy(t->start_timer);
	loop_timer_destroy(t->poll_timer);
	loop_timer_destroy(t->lease_timer);
	politeness_destroy(t->politeness);
	SSL_CTX_free(t->tls);
	free(t->held);
	free(t);
}
