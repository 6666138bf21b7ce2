/* SPDX-License-Identifier: ISC
 *
 * A question is for all who wait for the same recipient. It goes from its host's addresses to a
 * carrier, and from there into a table of fixed size, in which a later answer may take the place of
 * another one's: that is asked again then.
 */
#include "gateway/callout.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/carrier.h"
#include "gateway/mx.h"
#include "gateway/route.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS = 4096, CONNECT_MS = 10 * 1000, ALL_MS = 30 * 1000 };

struct slot {
	char *key;                       /* NULL: none */
	enum gateway_known known;
	int64_t until_ms;
};

struct gateway_callout {
	struct gateway_callout *next;
	struct question *question;
	void (*done)(void *arg);
	void *arg;
};

struct question {
	struct gateway_callouts *callouts;
	struct question *next;
	struct gateway_callout *waiting;
	char *key;                       /* "ann@inner.example" */
	char *host, *path;
	uint16_t port;
	bool lmtp;
	enum gateway_tls_policy policy;
	struct gateway_mx *looking;
	struct gateway_mx_result *places;    /* NULL: `path` */
	size_t place;
	struct gateway_carrier *carrier;
	struct loop_timer *limit;
	struct gateway_envelope envelope;
	struct gateway_rcpt rcpt;
	struct gateway_load load;
};

struct gateway_callouts {
	struct gateway_callouts_setup setup;
	char *hostname;
	struct gateway_routes *routes;
	struct gateway_tls_policies *policies;
	SSL_CTX *tls, *verified;
	struct question *questions;
	unsigned asking;
	struct hash_key hash_key;
	struct slot slots[SLOTS];
};

/* ---- what is known -------------------------------------------------------------------------- */

static char *key_of(const struct gateway_address *address)
{
	char *key = mem_printf("%.*s@%s", STR_ARG(address->local), address->domain);
	for (char *p = key; *p; p++)
		*p = ascii_lower(*p);
	return key;
}

static struct slot *slot_of(const struct gateway_callouts *c, const char *key)
{
	return (struct slot *)&c->slots[hash_bytes(&c->hash_key, key, strlen(key)) % SLOTS];
}

/* NULL: nothing counts. */
static const struct slot *find(const struct gateway_callouts *c, const char *key)
{
	const struct slot *slot = slot_of(c, key);
	if (!slot->key || strcmp(slot->key, key) != 0 ||
	    slot->until_ms <= loop_now_ms(c->setup.loop))
		return NULL;
	return slot;
}

enum gateway_known gateway_callouts_known(void *callouts, const struct gateway_address *address)
{
	char *key = key_of(address);
	const struct slot *slot = find(callouts, key);
	free(key);
	return slot ? slot->known : GATEWAY_NOT_NOW;
}

static void keep(struct gateway_callouts *c, const char *key, enum gateway_known known)
{
	static const int64_t counts_ms[] = {
		[GATEWAY_YES] = GATEWAY_CALLOUT_YES_MS, [GATEWAY_NO] = GATEWAY_CALLOUT_NO_MS,
		[GATEWAY_NOT_NOW] = GATEWAY_CALLOUT_LATER_MS,
	};
	struct slot *slot = slot_of(c, key);
	free(slot->key);
	*slot = (struct slot){ mem_strdup(key), known,
	                       loop_now_ms(c->setup.loop) + counts_ms[known] };
}

static void forget_all(struct gateway_callouts *c)
{
	for (size_t i = 0; i < SLOTS; i++) {
		free(c->slots[i].key);
		c->slots[i] = (struct slot){ 0 };
	}
}

/* ---- a question's end ----------------------------------------------------------------------- */

static void question_free(struct question *q)
{
	struct question **at = &q->callouts->questions;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	assert(q->callouts->asking > 0 && !q->waiting);
	q->callouts->asking--;
	gateway_mx_cancel(q->looking);
	gateway_carrier_destroy(q->carrier);
	gateway_load_fini(&q->load);
	loop_timer_destroy(q->limit);
	free(q->places);
	free(q->key);
	free(q->host);
	free(q->path);
	free(q);
}

static void answered(struct question *q, enum gateway_known known, const char *why)
{
	struct gateway_callout *waiting = q->waiting, *next;
	if (known == GATEWAY_NOT_NOW)
		LOG(LOG_WARN, "inner-host-not-asked", LOG_S("recipient", q->key),
		    LOG_S("why", why));
	keep(q->callouts, q->key, known);
	q->waiting = NULL;
	question_free(q);
	for (; waiting; waiting = next) {
		next = waiting->next;
		void (*done)(void *arg) = waiting->done;
		void *arg = waiting->arg;
		free(waiting);
		done(arg);
	}
}

/* ---- in a session --------------------------------------------------------------------------- */

static void connect_to_place(struct question *q);

static void on_ready(void *arg)
{
	struct question *q = arg;
	const struct gateway_callouts_setup *setup = &q->callouts->setup;
	const struct gateway_offer offer = gateway_carrier_offer(q->carrier);
	if (setup->offered)
		setup->offered(setup->arg, strchr(q->key, '@') + 1, &offer);
	q->rcpt.to.address = str_of(q->key);
	q->envelope = (struct gateway_envelope){ .from = STR(""),
	                                         .utf8 = !str_is_ascii(str_of(q->key)) };
	q->load = (struct gateway_load){ .envelope = &q->envelope, .text = STR(""), .count = 1,
	                                 .asks = true,
	                                 .cargo = mem_zalloc(sizeof(*q->load.cargo)) };
	q->load.cargo->rcpt = &q->rcpt;
	gateway_carrier_carry(q->carrier, &q->load);
}

static void on_carried(void *arg)
{
	struct question *q = arg;
	const struct gateway_cargo *cargo = &q->load.cargo[0];
	enum gateway_known known = GATEWAY_NOT_NOW;
	if (cargo->known && cargo->fate == GATEWAY_FATE_DELIVERED)
		known = GATEWAY_YES;
	else if (cargo->known && cargo->fate == GATEWAY_FATE_FAILED && cargo->replied)
		known = GATEWAY_NO;
	answered(q, known, cargo->said ? cargo->said : "");
}

/* Another address of the host may answer. */
static void on_ended(void *arg, bool ready, const char *enhanced, const char *why)
{
	struct question *q = arg;
	(void)enhanced;
	if (ready || !q->places || ++q->place >= q->places->place_count) {
		answered(q, GATEWAY_NOT_NOW, why);
		return;
	}
	gateway_carrier_destroy(q->carrier);
	connect_to_place(q);
}

static const struct gateway_carrier_hooks hooks = {
	.ready = on_ready, .carried = on_carried, .ended = on_ended,
};

static void connect_to_place(struct question *q)
{
	struct gateway_callouts *c = q->callouts;
	struct gateway_carrier_setup setup = {
		.loop = c->setup.loop, .path = q->path, .name = "", .lmtp = q->lmtp,
		.policy = q->policy, .tls = c->tls, .verified = c->verified,
		.hostname = c->hostname, .connect_ms = CONNECT_MS, .idle_ms = ALL_MS,
		.hooks = &hooks, .arg = q,
	};
	if (q->places) {
		setup.to = (struct endpoint){ q->places->place[q->place].ip, q->port };
		setup.name = q->places->place[q->place].name;
	}
	q->carrier = gateway_carrier_create(&setup);
}

static void on_places(void *arg, const struct gateway_mx_result *result)
{
	struct question *q = arg;
	q->looking = NULL;
	if (!result->found) {
		answered(q, GATEWAY_NOT_NOW, result->why);
		return;
	}
	q->places = mem_alloc(sizeof(*q->places));
	*q->places = *result;
	connect_to_place(q);
}

static void on_limit(void *arg)
{
	answered(arg, GATEWAY_NOT_NOW, "it gave no answer in time");
}

/* ---- asking --------------------------------------------------------------------------------- */

/* From the loop: to an address it would be at once. */
static void on_begin(void *arg)
{
	struct question *q = arg;
	loop_timer_destroy(q->limit);
	q->limit = loop_timer_create(q->callouts->setup.loop, on_limit, q);
	loop_timer_arm(q->limit, ALL_MS);
	struct gateway_mx_result one = { .found = true, .place_count = 1 };
	if (q->path)
		connect_to_place(q);
	else if (ip_parse(str_of(q->host), &one.place[0].ip, NULL) == ERR_OK)
		on_places(q, &one);
	else
		q->looking = gateway_mx_ask_host(q->callouts->setup.resolver, str_of(q->host),
		                                 on_places, q);
}

/* Takes the key. */
static struct question *question_create(struct gateway_callouts *c, char *key,
                                        const struct gateway_route *route)
{
	struct question *q = mem_zalloc(sizeof(*q));
	*q = (struct question){
		.callouts = c, .next = c->questions, .key = key, .port = route->port,
		.lmtp = route->way == GATEWAY_WAY_LMTP, .policy = GATEWAY_TLS_NONE,
	};
	if (route->path.n)
		q->path = mem_strndup(route->path.p, route->path.n);
	else
		q->host = mem_strndup(route->host.p, route->host.n);
	if (q->host)
		q->policy = gateway_tls_policy_of(c->policies, route->host,
		                                  GATEWAY_TLS_OPPORTUNISTIC);
	c->questions = q;
	c->asking++;
	q->limit = loop_timer_create(c->setup.loop, on_begin, q);
	loop_timer_arm(q->limit, 0);
	return q;
}

static struct question *question_of(struct gateway_callouts *c, const char *key)
{
	struct question *q = c->questions;
	while (q && strcmp(q->key, key) != 0)
		q = q->next;
	return q;
}

/* NULL: it can't be asked. Takes the key. */
static struct question *begin(struct gateway_callouts *c, const char *domain, char *key)
{
	struct gateway_route route;
	gateway_route_of(c->routes, str_of(domain), true, &route);
	if (c->asking >= GATEWAY_CALLOUTS_MAX || find(c, key) ||
	    (route.way != GATEWAY_WAY_LMTP && route.way != GATEWAY_WAY_HOST)) {
		free(key);
		return NULL;
	}
	return question_create(c, key, &route);
}

struct gateway_callout *gateway_callouts_ask(struct gateway_callouts *c,
                                             const struct gateway_address *address,
                                             void (*done)(void *arg), void *arg)
{
	char *key = key_of(address);
	struct question *q = question_of(c, key);
	assert(address->kind == GATEWAY_ADDRESS_PLAIN);
	if (q)
		free(key);
	else
		q = begin(c, address->domain, key);
	if (!q)
		return NULL;
	struct gateway_callout *one = mem_zalloc(sizeof(*one));
	*one = (struct gateway_callout){ .next = q->waiting, .question = q, .done = done,
	                                 .arg = arg };
	q->waiting = one;
	return one;
}

/* The question goes on: its answer is worth to be known. */
void gateway_callout_cancel(struct gateway_callout *one)
{
	if (!one)
		return;
	struct gateway_callout **at = &one->question->waiting;
	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	free(one);
}

/* ---- its life ------------------------------------------------------------------------------- */

static void take_setup(struct gateway_callouts *c, const struct gateway_callouts_setup *setup)
{
	c->setup = *setup;
	c->hostname = mem_strdup(setup->hostname);
	c->setup.hostname = c->hostname;
	c->routes = gateway_routes_create(setup->config);
	c->policies = gateway_tls_policies_create(&setup->config->tls_policies);
}

static void drop_setup(struct gateway_callouts *c)
{
	free(c->hostname);
	gateway_routes_destroy(c->routes);
	gateway_tls_policies_destroy(c->policies);
}

struct gateway_callouts *gateway_callouts_create(const struct gateway_callouts_setup *setup)
{
	struct gateway_callouts *c = mem_zalloc(sizeof(*c));
	take_setup(c, setup);
	hash_key_init(&c->hash_key);
	c->tls = gateway_carrier_tls(false);
	c->verified = gateway_carrier_tls(true);
	return c;
}

void gateway_callouts_reload(struct gateway_callouts *c,
                             const struct gateway_callouts_setup *setup)
{
	drop_setup(c);
	take_setup(c, setup);
	forget_all(c);
}

void gateway_callouts_destroy(struct gateway_callouts *c)
{
	if (!c)
		return;
	while (c->questions)
		question_free(c->questions);
	assert(c->asking == 0);
	forget_all(c);
	drop_setup(c);
	SSL_CTX_free(c->tls);
	SSL_CTX_free(c->verified);
	free(c);
}
