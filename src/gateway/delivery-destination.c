/* SPDX-License-Identifier: ISC
 *
 * The destinations in a table by name, in a list of all, and in a ring of those that have something
 * to do now.
 */
#include "gateway/delivery-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* ---- lines ----------------------------------------------------------------------------------- */

static bool of_one_message(const struct gateway_rcpt *a, const struct gateway_rcpt *b)
{
	return a && b && a->message == b->message;
}

void delivery_line_add(struct delivery_line *l, struct gateway_rcpt *rcpt)
{
	rcpt->next = NULL;
	l->loads += !of_one_message(l->last, rcpt);
	if (l->last)
		l->last->next = rcpt;
	else
		l->first = rcpt;
	l->last = rcpt;
	l->n++;
}

void delivery_line_put_back(struct delivery_line *l, struct gateway_rcpt *rcpt)
{
	l->loads += !of_one_message(l->first, rcpt);
	rcpt->next = l->first;
	l->first = rcpt;
	if (!l->last)
		l->last = rcpt;
	l->n++;
}

struct gateway_rcpt *delivery_line_take(struct delivery_line *l)
{
	struct gateway_rcpt *rcpt = l->first;
	if (!rcpt)
		return NULL;
	assert(l->n > 0 && l->loads > 0);
	l->first = rcpt->next;
	l->n--;
	l->loads -= !of_one_message(l->first, rcpt);
	if (!l->first)
		l->last = NULL;
	assert((l->n == 0) == !l->first && (l->loads == 0) == !l->first);
	rcpt->next = NULL;
	return rcpt;
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void enter_ring(struct delivery_destination **ring, struct delivery_destination *to)
{
	assert(!to->ring_next);
	to->ring = ring;
	if (!*ring) {
		to->ring_next = to->ring_prev = to;
		*ring = to;
		return;
	}
	to->ring_next = *ring;
	to->ring_prev = (*ring)->ring_prev;
	to->ring_prev->ring_next = to;
	(*ring)->ring_prev = to;
}

void delivery_destination_pass(struct delivery_destination *to)
{
	if (!to->ring_next)
		return;
	if (*to->ring == to)
		*to->ring = to->ring_next == to ? NULL : to->ring_next;
	to->ring_prev->ring_next = to->ring_next;
	to->ring_next->ring_prev = to->ring_prev;
	to->ring_next = to->ring_prev = NULL;
}

void delivery_destination_turn(struct delivery_destination *to)
{
	delivery_wake(to->delivery);
	if (!to->ring_next)
		enter_ring(&to->delivery->ring, to);
}

void delivery_destination_block(struct delivery_destination *to)
{
	delivery_destination_pass(to);
	enter_ring(&to->delivery->blocked, to);
}

void delivery_destinations_unblock(struct gateway_delivery *d)
{
	for (unsigned i = 0; i < DELIVERY_UNBLOCKED && d->blocked; i++) {
		struct delivery_destination *to = d->blocked;
		delivery_destination_pass(to);
		enter_ring(&d->ring, to);
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct delivery_destination **slot_of(struct gateway_delivery *d, const char *name)
{
	return &d->table[hash_bytes(&d->key, name, strlen(name)) % DELIVERY_SLOTS];
}

struct delivery_destination *delivery_destination_find(struct gateway_delivery *d,
                                                       const char *name, bool *made)
{
	struct delivery_destination **slot = slot_of(d, name), *to;
	*made = false;
	for (to = *slot; to; to = to->chain)
		if (strcmp(to->name, name) == 0)
			return to;
	*made = true;
	to = mem_zalloc(sizeof(*to));
	to->delivery = d;
	to->name = mem_strdup(name);
	to->limit = DELIVERY_SESSIONS_FIRST;
	to->chain = *slot;
	to->listed = true;
	*slot = to;
	to->all_next = d->all;
	to->all_prev = &d->all;
	if (d->all)
		d->all->all_prev = &to->all_next;
	d->all = to;
	return to;
}

void delivery_destination_unlist(struct delivery_destination *to)
{
	if (!to->listed)
		return;
	struct delivery_destination **at = slot_of(to->delivery, to->name);
	while (*at != to)
		at = &(*at)->chain;
	*at = to->chain;
	to->listed = false;
}

void delivery_destination_cease(struct delivery_destination *to)
{
	if (!to->asking)
		return;
	gateway_mx_cancel(to->asking);
	to->asking = NULL;
	assert(to->delivery->asking > 0);
	to->delivery->asking--;
}

void delivery_destination_free(struct delivery_destination *to)
{
	assert(to->waiting.n == 0 && !to->sessions && to->session_count == 0 && !to->boxing);
	delivery_destination_unlist(to);
	delivery_destination_pass(to);
	delivery_destination_cease(to);
	*to->all_prev = to->all_next;
	if (to->all_next)
		to->all_next->all_prev = to->all_prev;
	free(to->places);
	free(to->name);
	free(to->host);
	free(to->path);
	free(to->domain);
	free(to->why);
	free(to);
}

static bool is_paused(const struct delivery_destination *to)
{
	return to->pause_until_ms > loop_now_ms(to->delivery->setup.loop);
}

bool delivery_destination_is_clear(const struct delivery_destination *to)
{
	return to->clear_until_ms > loop_now_ms(to->delivery->setup.loop);
}

void delivery_destination_tidy(struct delivery_destination *to)
{
	if (to->waiting.n == 0 && !to->sessions && !to->boxing && !to->asking && !is_paused(to) &&
	    (!to->listed || !delivery_destination_is_clear(to)))
		delivery_destination_free(to);
}

/* ---- how it goes there ----------------------------------------------------------------------- */

static void note_why(struct delivery_destination *to, const char *why)
{
	free(to->why);
	to->why = mem_strndup(why, strnlen(why, GATEWAY_WHY_MAX));
}

void delivery_destination_fail(struct delivery_destination *to, enum gateway_fate fate,
                               const char *enhanced, const char *why)
{
	assert(fate != GATEWAY_FATE_DELIVERED);
	to->has_verdict = true;
	to->verdict = fate;
	str_copy(to->verdict_enhanced, sizeof(to->verdict_enhanced), str_of(enhanced));
	note_why(to, why);
	delivery_destination_turn(to);
}

void delivery_destination_pause(struct delivery_destination *to, const char *enhanced,
                                const char *why)
{
	int64_t next = to->pause_ms * 2;
	to->pause_ms = to->pause_ms == 0 ? DELIVERY_PAUSE_FIRST_MS
	             : next < DELIVERY_PAUSE_MOST_MS ? next : DELIVERY_PAUSE_MOST_MS;
	to->pause_until_ms = loop_now_ms(to->delivery->setup.loop) + to->pause_ms;
	free(to->places);
	to->places = NULL;
	to->limit = DELIVERY_SESSIONS_FIRST;
	to->successes = 0;
	delivery_destination_fail(to, GATEWAY_FATE_DEFERRED, enhanced, why);
}

void delivery_destination_clear(struct delivery_destination *to)
{
	assert(to->policy == GATEWAY_TLS_OPPORTUNISTIC);
	if (!delivery_destination_is_clear(to))
		to->clear_until_ms = loop_now_ms(to->delivery->setup.loop) + DELIVERY_CLEAR_MS;
}

void delivery_destination_works(struct delivery_destination *to)
{
	to->pause_ms = to->pause_until_ms = 0;
	if (!to->verdict_for_good)
		to->has_verdict = false;
}

/* One more for as many successes as there are sessions: twice as many in a round. */
void delivery_destination_grow(struct delivery_destination *to)
{
	unsigned most = (unsigned)to->delivery->setup.config->connections_per_destination;
	if (++to->successes < to->limit || to->limit >= most)
		return;
	to->successes = 0;
	to->limit++;
}

void delivery_destination_shrink(struct delivery_destination *to)
{
	to->successes = 0;
	to->limit = to->limit > 1 ? to->limit / 2 : 1;
}

size_t delivery_destination_judge(struct delivery_destination *to, size_t most)
{
	size_t n = 0;
	assert(to->has_verdict);
	const struct gateway_outcome outcome = {
		.fate = to->verdict, .said = str_of(to->why),
		.enhanced = { 0 },
	};
	struct gateway_outcome each = outcome;
	memcpy(each.enhanced, to->verdict_enhanced, sizeof(each.enhanced));
	for (struct gateway_rcpt *rcpt; n < most && (rcpt = delivery_line_take(&to->waiting)); n++)
		delivery_settle(to->delivery, rcpt, &each);
	/* What comes later is tried again. */
	if (to->waiting.n == 0 && !to->verdict_for_good && !is_paused(to))
		to->has_verdict = false;
	return n;
}

/* ---- where it is ----------------------------------------------------------------------------- */

static void set_places(struct delivery_destination *to, const struct gateway_mx_result *r,
                       int64_t kept_ms)
{
	to->places = mem_alloc(sizeof(*to->places));
	*to->places = *r;
	to->places_until_ms = loop_now_ms(to->delivery->setup.loop) + kept_ms;
	to->first_place = 0;
}

static void on_places(void *arg, const struct gateway_mx_result *r)
{
	struct delivery_destination *to = arg;
	enum { LEAST_MS = 10 * 1000 };
	int64_t kept_ms = (int64_t)r->ttl_s * 1000;
	to->asking = NULL;
	to->delivery->asking--;
	if (r->found)
		set_places(to, r, kept_ms > LEAST_MS ? kept_ms : LEAST_MS);
	else if (r->fate == GATEWAY_FATE_DEFERRED)
		delivery_destination_pause(to, r->enhanced, r->why);
	else
		delivery_destination_fail(to, r->fate, r->enhanced, r->why);
	delivery_destination_turn(to);
}

/* An address or a path that the configuration names. */
static bool is_plain_place(struct delivery_destination *to)
{
	struct gateway_mx_result one = { .found = true, .place_count = 1 };
	if (!to->path && ip_parse(str_of(to->host), &one.place[0].ip, NULL) != ERR_OK)
		return false;
	set_places(to, &one, INT32_MAX);
	return true;
}

bool delivery_destination_may_not_ask(const struct delivery_destination *to)
{
	return !to->places && !to->asking && to->delivery->asking >= DELIVERY_ASKING_MAX;
}

bool delivery_destination_has_places(struct delivery_destination *to)
{
	struct gateway_delivery *d = to->delivery;
	if (to->places && to->places_until_ms <= loop_now_ms(d->setup.loop)) {
		free(to->places);
		to->places = NULL;
	}
	if (to->places || (!to->asking && !to->domain && is_plain_place(to)))
		return true;
	d->asking += !to->asking;
	if (!to->asking && to->domain)
		to->asking = gateway_mx_ask(d->setup.resolver, &d->self, str_of(to->domain),
		                            on_places, to);
	else if (!to->asking)
		to->asking = gateway_mx_ask_host(d->setup.resolver, str_of(to->host), on_places,
		                                 to);
	return false;
}
