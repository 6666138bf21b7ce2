/* SPDX-License-Identifier: ISC
 *
 * A session goes through the places of its destination until one takes mail of us, then takes one
 * message after another from the waiting line. Where a mail exchanger puts recipients off, they
 * are tried at the next one at once (RFC 5321 5.1), by the same session, which ends then.
 */
#include "gateway/delivery-private.h"

#include "base/mem.h"
#include "gateway/directory.h"

#include <assert.h>
#include <stdlib.h>

static const struct gateway_carrier_hooks hooks;

/* What a host said of a recipient that is tried at the next one. */
struct word {
	char *said, *host;
	char enhanced[12];
};

static void count(uint64_t *counter)
{
	(*counter)++;
}

#define COUNT(d, what) \
	do { if ((d)->setup.counters) count(&(d)->setup.counters->what); } while (0)

/* ---- what it carries ------------------------------------------------------------------------- */

static void drop_text(struct delivery_session *s)
{
	struct gateway_delivery *d = s->to->delivery;
	assert(d->text_bytes >= s->text.n);
	d->text_bytes -= s->text.n;
	buf_fini(&s->text);
	s->loaded = false;
	gateway_load_fini(&s->load);
}

static void count_idle(struct delivery_session *s, bool idle)
{
	struct gateway_delivery *d = s->to->delivery;
	assert(!s->idle || d->idle > 0);
	d->idle -= s->idle;
	d->idle += idle;
	s->idle = idle;
}

/* Of one message all that stand in line together. */
static void fill(struct delivery_session *s)
{
	struct delivery_line *line = &s->to->waiting;
	const struct gateway_message *m = line->first->message;
	size_t n = 0, most = gateway_carrier_recipients_max(s->carrier);
	most = most < DELIVERY_RCPTS_MAX ? most : DELIVERY_RCPTS_MAX;
	s->load = (struct gateway_load){ .envelope = &m->envelope };
	s->load.cargo = mem_array(DELIVERY_RCPTS_MAX, sizeof(*s->load.cargo));
	while (n < most && line->first && line->first->message == m)
		s->load.cargo[n++].rcpt = delivery_line_take(line);
	s->load.count = n;
	s->loaded = true;
	count_idle(s, false);
}

/* The sessions judge by it what is taken for an inner host. */
static void note_offer(const struct delivery_session *s)
{
	const struct gateway_delivery_setup *setup = &s->to->delivery->setup;
	const enum gateway_way way = s->to->route.way;
	const struct gateway_offer offer = gateway_carrier_offer(s->carrier);
	char domain[IDN_TEXT_MAX];
	if (!setup->directory || (way != GATEWAY_WAY_HOST && way != GATEWAY_WAY_LMTP))
		return;
	for (size_t i = 0; i < s->load.count; i++) {
		const struct str address = s->load.cargo[i].rcpt->to.address;
		const size_t at = str_find(address, '@');
		if (at != SIZE_MAX &&
		    str_copy(domain, sizeof(domain), str_from(address, at + 1)))
			directory_note_offer(setup->directory, domain, &offer,
			                     loop_now_ms(setup->loop));
	}
}

/* Gives it the next message; false: nothing waits, or there is no room for the text. */
static bool take_next(struct delivery_session *s)
{
	struct delivery_destination *to = s->to;
	struct gateway_delivery *d = to->delivery;
	while (to->waiting.first && !to->has_verdict && !d->draining) {
		const struct gateway_message *m = to->waiting.first->message;
		if (!delivery_has_room(d, m))
			return false;
		fill(s);
		int e = gateway_queue_text(d->queue, m, &s->text);
		d->text_bytes += s->text.n;
		if (e != ERR_OK) {
			for (size_t i = 0; i < s->load.count; i++)
				delivery_settle_unreadable(d, s->load.cargo[i].rcpt, e);
			drop_text(s);
			continue;
		}
		s->load.text = buf_str(&s->text);
		if (s->loads++ > 0)
			COUNT(d, reused);
		note_offer(s);
		gateway_carrier_carry(s->carrier, &s->load);
		return true;
	}
	return false;
}

static void settle_cargo(struct delivery_session *s, struct gateway_cargo *cargo)
{
	assert(cargo->known);
	struct gateway_outcome outcome = {
		.fate = cargo->fate, .said = str_of(cargo->said),
		.host = str_of(cargo->replied ? gateway_carrier_host(s->carrier) : ""),
		.relayed = s->load.relayed && cargo->fate == GATEWAY_FATE_DELIVERED,
	};
	memcpy(outcome.enhanced, cargo->enhanced, sizeof(outcome.enhanced));
	delivery_settle(s->to->delivery, cargo->rcpt, &outcome);
}

/* The first place of another host behind the one it is at; SIZE_MAX: there is none. */
static size_t next_host(const struct delivery_session *s)
{
	const struct gateway_mx_result *all = s->to->places;
	if (!s->to->domain || !all || s->place >= all->place_count)
		return SIZE_MAX;
	for (size_t i = s->place + 1; i < all->place_count; i++)
		if (strcmp(all->place[i].name, all->place[s->place].name) != 0)
			return i;
	return SIZE_MAX;
}

static void drop_word(struct gateway_cargo *cargo)
{
	struct word *w = cargo->owner;
	if (w) {
		free(w->said);
		free(w->host);
	}
	free(w);
	cargo->owner = NULL;
}

/* It goes on as the load's next, with the word that it has. */
static void keep(struct delivery_session *s, size_t place, struct gateway_cargo *cargo)
{
	struct word *w = mem_zalloc(sizeof(*w));
	w->said = cargo->said;
	w->host = mem_strdup(gateway_carrier_host(s->carrier));
	memcpy(w->enhanced, cargo->enhanced, sizeof(w->enhanced));
	drop_word(cargo);
	struct gateway_rcpt *rcpt = cargo->rcpt;
	*cargo = (struct gateway_cargo){ 0 };
	s->load.cargo[place] = (struct gateway_cargo){ .rcpt = rcpt, .owner = w };
}

/* True: it is still loaded, for the next host. */
static bool unload(struct delivery_session *s)
{
	bool moves = next_host(s) != SIZE_MAX;
	size_t kept = 0;
	for (size_t i = s->load.count; s->load.untouched && i-- > 0;)
		delivery_line_put_back(&s->to->waiting, s->load.cargo[i].rcpt);
	for (size_t i = 0; !s->load.untouched && i < s->load.count; i++) {
		struct gateway_cargo *cargo = &s->load.cargo[i];
		if (moves && cargo->replied && cargo->fate == GATEWAY_FATE_DEFERRED) {
			keep(s, kept++, cargo);
		} else {
			settle_cargo(s, cargo);
			drop_word(cargo);
			free(cargo->said);
			cargo->said = NULL;
		}
	}
	if (kept > 0)
		s->load.count = kept;
	else
		drop_text(s);
	return kept > 0;
}

/* No other host was to be had: what the one before said stands. */
static void settle_kept(struct delivery_session *s)
{
	for (size_t i = 0; i < s->load.count; i++) {
		struct word *w = s->load.cargo[i].owner;
		struct gateway_outcome outcome = { .fate = GATEWAY_FATE_DEFERRED,
		                                   .said = str_of(w->said),
		                                   .host = str_of(w->host) };
		memcpy(outcome.enhanced, w->enhanced, sizeof(outcome.enhanced));
		delivery_settle(s->to->delivery, s->load.cargo[i].rcpt, &outcome);
		drop_word(&s->load.cargo[i]);
	}
	drop_text(s);
}

/* ---- its life -------------------------------------------------------------------------------- */

static void forget(struct delivery_session *s)
{
	struct delivery_destination *to = s->to;
	assert(!s->loaded && to->session_count > 0 && to->delivery->sessions > 0);
	count_idle(s, false);
	gateway_carrier_destroy(s->carrier);
	to->opening -= !s->ready;
	to->session_count--;
	to->delivery->sessions--;
	*s->prev = s->next;
	if (s->next)
		s->next->prev = s->prev;
	free(s);
	delivery_destination_turn(to);
}

static void connect_to(struct delivery_session *s)
{
	struct delivery_destination *to = s->to;
	struct gateway_delivery *d = to->delivery;
	const struct gateway_config *config = d->setup.config;
	const struct gateway_mx_place *place = &to->places->place[s->place];
	bool smarthost = to->route.way == GATEWAY_WAY_SMARTHOST && config->smarthost_login[0];
	uint16_t port = to->domain ? (uint16_t)config->remote_port : to->route.port;
	struct gateway_carrier_setup setup = {
		.loop = d->setup.loop, .to = { place->ip, port }, .path = to->path,
		.name = place->name, .lmtp = to->route.way == GATEWAY_WAY_LMTP,
		.policy = to->policy, .clear = delivery_destination_is_clear(to),
		.tls = d->tls, .verified = d->verified,
		.hostname = d->hostname, .connect_ms = DELIVERY_CONNECT_MS,
		.idle_ms = DELIVERY_IDLE_MS, .hooks = &hooks, .arg = s,
	};
	for (size_t i = 0; i < config->source.n; i++)
		if (config->source.v[i].family == place->ip.family)
			setup.source = config->source.v[i];
	if (smarthost) {
		setup.user = str_of(config->smarthost_login);
		setup.password = d->password;
	}
	COUNT(d, connections);
	s->carrier = gateway_carrier_create(&setup);
}

void delivery_session_start(struct delivery_destination *to)
{
	assert(to->places && to->places->place_count > 0 && to->waiting.n > 0);
	struct delivery_session *s = mem_zalloc(sizeof(*s));
	s->to = to;
	s->next = to->sessions;
	s->prev = &to->sessions;
	if (s->next)
		s->next->prev = &s->next;
	to->sessions = s;
	to->session_count++;
	to->opening++;
	to->delivery->sessions++;
	s->place = to->first_place;
	connect_to(s);
}

/* Whether others need its connection more. */
static bool has_had_its_share(const struct delivery_session *s)
{
	return s->loads >= DELIVERY_LOADS_MAX || !s->to->listed ||
	       gateway_carrier_is_spent(s->carrier) ||
	       (s->to->delivery->starved && s->loads >= DELIVERY_LOADS_FAIR);
}

static void on_ready(void *arg)
{
	struct delivery_session *s = arg;
	struct delivery_destination *to = s->to;
	s->ready = true;
	to->opening--;
	/* The places may have been asked for anew since it began. */
	if (!s->moved && to->places && s->place < to->places->place_count)
		to->first_place = s->place;
	delivery_destination_works(to);
	if (gateway_carrier_goes_clear(s->carrier))
		delivery_destination_clear(to);
	if (gateway_carrier_is_secured(s->carrier))
		COUNT(to->delivery, over_tls);
	if (s->moved)
		gateway_carrier_carry(s->carrier, &s->load);
	else if (!take_next(s))
		count_idle(s, true);
	delivery_destination_turn(to);
}

static void move_on(struct delivery_session *s)
{
	gateway_carrier_destroy(s->carrier);
	s->place = next_host(s);
	s->moved = true;
	if (s->ready)
		s->to->opening++;
	s->ready = false;
	connect_to(s);
}

static void on_carried(void *arg)
{
	struct delivery_session *s = arg;
	struct delivery_destination *to = s->to;
	bool goes_on = gateway_carrier_takes(s->carrier);
	if (unload(s)) {
		move_on(s);
		return;
	}
	if (goes_on)
		delivery_destination_grow(to);
	else
		delivery_destination_shrink(to);
	/* Some room for texts came free. */
	delivery_destination_turn(to);
	if (!goes_on)
		return;
	if (s->moved || has_had_its_share(s))
		forget(s);
	else if (!take_next(s))
		count_idle(s, true);
}

static void next_place(struct delivery_session *s, const char *enhanced, const char *why)
{
	struct delivery_destination *to = s->to;
	gateway_carrier_destroy(s->carrier);
	s->carrier = NULL;
	if (to->places && !s->moved && s->place == to->first_place && s->place != 0) {
		/* What worked last does no more: from the first on. */
		to->first_place = 0;
		s->place = 0;
		connect_to(s);
		return;
	}
	if (to->places && s->place + 1 < to->places->place_count) {
		s->place++;
		connect_to(s);
		return;
	}
	bool others = to->session_count > to->opening || s->moved;
	if (s->moved)
		settle_kept(s);
	forget(s);
	if (others)
		delivery_destination_shrink(to);
	else
		delivery_destination_pause(to, enhanced, why);
}

static void on_ended(void *arg, bool ready, const char *enhanced, const char *why)
{
	struct delivery_session *s = arg;
	assert((!s->loaded || (s->moved && !ready)) && ready == s->ready);
	if (ready)
		forget(s);
	else
		next_place(s, enhanced, why);
}

static const struct gateway_carrier_hooks hooks = {
	.ready = on_ready, .carried = on_carried, .ended = on_ended,
};

/* ---- for the turns --------------------------------------------------------------------------- */

static bool is_idle(const struct delivery_session *s)
{
	return s->idle && gateway_carrier_takes(s->carrier);
}

bool delivery_session_use_idle(struct delivery_destination *to)
{
	for (struct delivery_session *s = to->sessions; s; s = s->next)
		if (is_idle(s)) {
			bool taken = take_next(s);
			count_idle(s, !taken);
			return taken;
		}
	return false;
}

bool delivery_session_end_idle(struct gateway_delivery *d)
{
	for (struct delivery_destination *to = d->all; to && d->idle > 0; to = to->all_next)
		for (struct delivery_session *s = to->sessions; s; s = s->next)
			if (is_idle(s)) {
				forget(s);
				return true;
			}
	return false;
}

void delivery_sessions_retire(struct delivery_destination *to)
{
	for (struct delivery_session *s = to->sessions, *next; s; s = next) {
		next = s->next;
		if (!s->loaded)
			forget(s);
	}
}

void delivery_session_abandon(struct delivery_session *s)
{
	struct gateway_delivery *d = s->to->delivery;
	gateway_carrier_destroy(s->carrier);
	s->carrier = NULL;
	for (size_t i = 0; s->loaded && i < s->load.count; i++) {
		delivery_give_back(d, s->load.cargo[i].rcpt);
		drop_word(&s->load.cargo[i]);
	}
	if (s->loaded)
		drop_text(s);
	forget(s);
}
