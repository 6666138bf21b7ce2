/* SPDX-License-Identifier: ISC
 *
 * The tester as its callers see it: made, reloaded, asked and taken down; and its three timers,
 * for tests that may start, for what is to be read from the store, and for leases.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/tests.h"

#include <assert.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { POLL_MS = 100, LEASE_RENEW_MS = 20 * 1000 };

/* ---- runs --------------------------------------------------------------------- */

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
		run_queue_remove(&t->starting, r);
		t->counters.started++;
		run_begin(r);
	}
}

static void remove_run(struct tester *t, struct run *r)
{
	run_queue_remove(&t->starting, r);
	run_queue_remove(&t->connecting, r);
	if (r->prev)
		r->prev->next = r->next;
	else
		t->runs = r->next;
	if (r->next)
		r->next->prev = r->prev;
	t->active--;
	run_free(r);
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

static void reach_told_us(struct tester *t)
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

void tester_count(const struct tester *t, struct tester_counters *counters,
                  struct tester_load *load)
{
	*counters = t->counters;
	counters->messages = t->sent;
	load->queued = tester_queued(t);
	load->running = t->talking;
	assert(load->queued + t->talking <= t->active);
	load->waiting = t->active - t->talking - load->queued;
}

enum reach_state tester_reach(const struct tester *t, const char **why)
{
	*why = t->reach.state == REACH_BAD ? reach_why(&t->reach) : "";
	return t->reach.state;
}

static void warn_unchecked(struct tester *t)
{
	if (!t->reach.checked)
		tester_remark(t, "collector-unchecked", "tester.collector_check is off: whether "
		              "anything can come back is not known");
}

/* ---- following the store ------------------------------------------------------- */

static void poll_store(void *arg)
{
	struct tester *t = arg;
	follow_turn(t);
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
	follow_begin(t, lease);
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

static const struct tester_hooks hooks = {
	.open_connection = run_open_connection, .named = run_named, .run_over = remove_run,
	.reach_told = reach_told_us,
};

struct tester *tester_create(const struct tester_setup *setup)
{
	struct tester *t = mem_zalloc(sizeof(*t));
	struct politeness_limits limits = limits_of(setup->config);
	t->setup = *setup;
	t->hooks = &hooks;
	t->politeness = politeness_create(&limits);
	t->tls = tls_context(setup->us.hostname);
	reach_init(&t->reach, setup->config->collector_check);
	t->check = reach_check_create(t);
	run_queue_init(&t->starting);
	run_queue_init(&t->connecting);
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
	run_queue_init(&t->connecting);
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
