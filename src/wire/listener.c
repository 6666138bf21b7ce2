/* SPDX-License-Identifier: ISC
 *
 * A door is a listening socket. What it accepts is asked for at the limits and opened, at once or
 * after its PROXY header: then it is an arrival until that is whole.
 */
#include "wire/listener.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "wire/proxy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	ACCEPTS_PER_TURN = 32,           /* of one socket; then the others have their turn */
	PAUSE_FIRST_MS = 50, PAUSE_LAST_MS = 2000,
	SHRINK_EVERY_MS = 5000, SWEEP_MS = 1000, LOG_EVERY_MS = 60000,
};

struct door {
	struct door *next;
	struct wire_listener *listener;
	struct loop_watch *watch;
	int fd;
	void *arg;                       /* for `opened` */
};

/* A connection of a proxy whose header is not whole yet. */
struct arrival {
	struct arrival *next, *prev;
	struct wire_listener *listener;
	struct loop_watch *watch;
	struct loop_timer *timer;
	int fd;
	void *arg;                       /* of its door */
	struct endpoint peer;            /* the proxy */
	struct wire_proxy header;
};

struct wire_listener {
	struct wire_listener_setup setup;
	struct wire_limits *limits;
	struct door *doors, *serving;
	struct arrival *arrivals;
	unsigned arriving;
	struct loop_timer *resume, *sweep;
	bool paused, sweeping;
	int64_t pause_ms, shrunk_ms;
	unsigned refused, unserved;      /* since the log last said so */
	int64_t logged_ms, header_logged_ms;
};

/* ---- the log ------------------------------------------------------------------------ */

/* One line a minute, however many connect. */
static void report(struct wire_listener *w)
{
	int64_t now_ms = loop_now_ms(w->setup.loop);
	if (w->logged_ms && now_ms - w->logged_ms < LOG_EVERY_MS)
		return;
	LOG(w->unserved ? LOG_WARN : LOG_INFO, "connections-refused",
	    LOG_S("by", w->setup.name), LOG_I("n", w->refused),
	    LOG_I("no-descriptor", w->unserved), LOG_I("open", wire_limits_sessions(w->limits)));
	w->logged_ms = now_ms;
	w->refused = w->unserved = 0;
}

/* ---- pause ---------------------------------------------------------------------------- */

static void watch_all(struct wire_listener *w, unsigned events)
{
	for (struct door *d = w->doors; d; d = d->next)
		loop_watch_set(d->watch, events);
}

static void pause_accepting(struct wire_listener *w)
{
	w->paused = true;
	watch_all(w, 0);
	loop_timer_arm(w->resume, w->pause_ms);
	assert(w->pause_ms >= PAUSE_FIRST_MS && w->pause_ms <= PAUSE_LAST_MS);
	w->pause_ms = w->pause_ms * 2 < PAUSE_LAST_MS ? w->pause_ms * 2 : PAUSE_LAST_MS;
}

static void resume_accepting(void *arg)
{
	struct wire_listener *w = arg;
	assert(w->paused == true);
	w->paused = false;
	loop_timer_disarm(w->resume);
	watch_all(w, LOOP_READ);
}

/* Its user has closed it on return, or this would go on for ever. */
static void end_session(struct wire_listener *w, struct wire_session *s)
{
	unsigned before = wire_limits_sessions(w->limits);
	w->setup.unwanted(wire_session_owner(s));
	assert(wire_limits_sessions(w->limits) < before);
}

/* Others of the process need descriptors too (a database, a mail): a few sessions end, and the
 * limits are as the system's for a while. */
static void make_room(struct wire_listener *w, int64_t now_ms)
{
	struct wire_session *s;
	w->shrunk_ms = now_ms;
	wire_limits_shrink(w->limits, now_ms);
	while ((s = wire_limits_excess(w->limits)) != NULL)
		end_session(w, s);
}

/* What we hold ourselves can be given back, once in a while; what all the machine holds not. */
static void out_of_descriptors(struct wire_listener *w, bool our_own)
{
	int64_t now_ms = loop_now_ms(w->setup.loop);
	unsigned before = wire_limits_sessions(w->limits);
	w->unserved++;
	report(w);
	if (our_own && now_ms - w->shrunk_ms >= SHRINK_EVERY_MS)
		make_room(w, now_ms);
	if (wire_limits_sessions(w->limits) == before)
		pause_accepting(w);
}

/* ---- accepting -------------------------------------------------------------------------- */

static void count_refused(struct wire_listener *w)
{
	w->refused++;
	if (w->setup.counters)
		w->setup.counters->refused++;
	report(w);
}

static void turn_away(struct wire_listener *w, int fd)
{
	stream_turn_away(fd, w->setup.refusal);
	count_refused(w);
}

static void arm_sweep(struct wire_listener *w)
{
	if (w->sweeping || !wire_limits_scarce(w->limits))
		return;
	w->sweeping = true;
	loop_timer_arm(w->sweep, SWEEP_MS);
}

static void sweep(void *arg)
{
	struct wire_listener *w = arg;
	struct wire_session *s;
	while ((s = wire_limits_idle(w->limits, loop_now_ms(w->setup.loop))) != NULL)
		end_session(w, s);
	w->sweeping = false;
	arm_sweep(w);
}

/* Whom the limits count. */
static struct ip who_is(const struct endpoint *peer, int fd)
{
	unsigned uid = UINT32_MAX;         /* nobody's */
	if (peer->ip.family)
		return peer->ip;
	stream_peer_uid(fd, &uid);
	return wire_limits_local(uid);
}

static void admit(struct wire_listener *w, void *arg, int fd, const struct endpoint *peer)
{
	struct wire_session *victim;
	int64_t now_ms = loop_now_ms(w->setup.loop);
	const struct ip who = who_is(peer, fd);
	enum wire_admission answer = wire_limits_ask(w->limits, &who, now_ms, &victim);
	if (answer != WIRE_ADMITTED && answer != WIRE_ROOM_MADE) {
		turn_away(w, fd);
		return;
	}
	if (victim)
		end_session(w, victim);
	struct wire_session *s = wire_limits_enter(w->limits, &who, now_ms);
	if (w->setup.counters)
		w->setup.counters->connections++;
	void *owner = w->setup.opened(arg, s, fd, peer);
	if (owner)
		wire_session_own(s, owner);
	else
		wire_limits_leave(w->limits, s);
	arm_sweep(w);
}

/* ---- the PROXY header ----------------------------------------------------------------- */

/* Its socket is the caller's from here on. */
static void arrival_free(struct arrival *a)
{
	struct wire_listener *w = a->listener;
	assert(w->arriving > 0);
	w->arriving--;
	if (a->prev)
		a->prev->next = a->next;
	else
		w->arrivals = a->next;
	if (a->next)
		a->next->prev = a->prev;
	loop_watch_destroy(a->watch);
	loop_timer_destroy(a->timer);
	free(a);
}

/* One line a minute: a proxy that was told nothing sends none each time. */
static void arrival_refuse(struct arrival *a, const char *why)
{
	struct wire_listener *w = a->listener;
	int fd = a->fd;
	int64_t now_ms = loop_now_ms(w->setup.loop);
	if (!w->header_logged_ms || now_ms - w->header_logged_ms >= LOG_EVERY_MS) {
		w->header_logged_ms = now_ms;
		LOG(LOG_WARN, "proxy-header", LOG_S("by", w->setup.name),
		    LOG_IP("peer", &a->peer.ip), LOG_S("why", why));
	}
	arrival_free(a);
	stream_turn_away(fd, STR(""));
	count_refused(w);
}

static void arrival_late(void *arg)
{
	arrival_refuse(arg, "it did not come in time");
}

static void arrival_done(struct arrival *a)
{
	struct wire_listener *w = a->listener;
	int fd = a->fd;
	void *arg = a->arg;
	assert(!a->header.relayed || a->header.source.ip.family != 0);
	struct endpoint peer = a->header.relayed ? a->header.source : a->peer;
	arrival_free(a);
	admit(w, arg, fd, &peer);
}

/* Takes what belongs to the header off the socket, and no byte more. */
static void arrival_ready(void *arg, unsigned events)
{
	struct arrival *a = arg;
	char bytes[256];
	size_t used = 0;
	(void)events;
	ssize_t n = stream_peek(a->fd, bytes, sizeof(bytes));
	if (n == ERR_AGAIN)
		return;
	if (n <= 0) {
		arrival_refuse(a, "the proxy has closed");
		return;
	}
	int e = wire_proxy_take(&a->header, (struct str){ bytes, (size_t)n }, &used);
	assert(used > 0 && used <= (size_t)n);
	if ((e == ERR_OK || e == ERR_AGAIN) && stream_discard(a->fd, used) != ERR_OK)
		arrival_refuse(a, "the proxy has closed");
	else if (e == ERR_OK)
		arrival_done(a);
	else if (e != ERR_AGAIN)
		arrival_refuse(a, e == ERR_LIMIT ? "it is too long" : "it is none");
}

static void arrive(struct wire_listener *w, void *arg, int fd, const struct endpoint *peer)
{
	if (w->arriving >= WIRE_PROXY_WAITING) {
		turn_away(w, fd);
		return;
	}
	struct arrival *a = mem_zalloc(sizeof(*a));
	*a = (struct arrival){ .listener = w, .fd = fd, .arg = arg, .peer = *peer,
	                       .next = w->arrivals };
	if (w->arrivals)
		w->arrivals->prev = a;
	w->arrivals = a;
	w->arriving++;
	assert(w->arriving <= WIRE_PROXY_WAITING);
	a->watch = loop_watch_create(w->setup.loop, fd, arrival_ready, a);
	a->timer = loop_timer_create(w->setup.loop, arrival_late, a);
	loop_watch_set(a->watch, LOOP_READ);
	loop_timer_arm(a->timer, WIRE_PROXY_MS);
}

static bool is_proxy(const struct wire_listener *w, const struct endpoint *peer)
{
	for (size_t i = 0; peer->ip.family && i < w->setup.proxy_peer_count; i++)
		if (prefix_contains(&w->setup.proxy_peers[i], &peer->ip))
			return true;
	return false;
}

static void take(struct wire_listener *w, void *arg, int fd, const struct endpoint *peer)
{
	if (is_proxy(w, peer))
		arrive(w, arg, fd, peer);
	else
		admit(w, arg, fd, peer);
}

static void door_ready(void *arg, unsigned events)
{
	struct door *d = arg;
	struct wire_listener *w = d->listener;
	(void)events;
	assert(d->fd >= 0 && w->doors != NULL);
	w->serving = d;
	for (int i = 0; i < ACCEPTS_PER_TURN && !w->paused && w->serving == d; i++) {
		struct endpoint peer;
		int fd = stream_accept(d->fd, &peer);
		if (fd >= 0) {
			w->pause_ms = PAUSE_FIRST_MS;
			take(w, d->arg, fd, &peer);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		           errno == ENOMEM) {
			out_of_descriptors(w, errno == EMFILE);
		}
		/* Else that connection has failed, and there may be another. */
	}
}

/* ---- sessions ------------------------------------------------------------------------------ */

void wire_listener_active(struct wire_listener *w, struct wire_session *session, bool busy)
{
	wire_limits_active(w->limits, session, busy, loop_now_ms(w->setup.loop));
}

void wire_listener_ended(struct wire_listener *w, struct wire_session *session)
{
	assert(wire_limits_sessions(w->limits) > 0);
	wire_limits_leave(w->limits, session);
	if (w->paused)
		resume_accepting(w);
}

unsigned wire_listener_sessions(const struct wire_listener *w)
{
	return wire_limits_sessions(w->limits);
}

/* ---- create and destroy -------------------------------------------------------------------- */

struct wire_listener *wire_listener_create(const struct wire_listener_setup *setup)
{
	struct wire_listener *w = mem_zalloc(sizeof(*w));
	struct hash_key key;
	hash_key_init(&key);
	w->setup = *setup;
	wire_listener_proxy_peers(w, setup->proxy_peers, setup->proxy_peer_count);
	w->limits = wire_limits_create(&setup->limits, &key);
	w->pause_ms = PAUSE_FIRST_MS;
	w->shrunk_ms = INT64_MIN / 2;
	w->resume = loop_timer_create(setup->loop, resume_accepting, w);
	w->sweep = loop_timer_create(setup->loop, sweep, w);
	return w;
}

static void door_close(struct wire_listener *w, struct door **at)
{
	struct door *d = *at;
	*at = d->next;
	if (w->serving == d)
		w->serving = NULL;
	loop_watch_destroy(d->watch);
	free(d);
}

void wire_listener_destroy(struct wire_listener *w)
{
	if (!w)
		return;
	while (w->arrivals) {
		int fd = w->arrivals->fd;
		arrival_free(w->arrivals);
		stream_turn_away(fd, STR(""));
	}
	assert(w->arriving == 0);
	while (w->doors)
		door_close(w, &w->doors);
	loop_timer_destroy(w->resume);
	loop_timer_destroy(w->sweep);
	wire_limits_destroy(w->limits);
	free(w);
}

void wire_listener_add_for(struct wire_listener *w, int fd, void *arg)
{
	struct door *d = mem_zalloc(sizeof(*d));
	*d = (struct door){ .next = w->doors, .listener = w, .fd = fd, .arg = arg };
	d->watch = loop_watch_create(w->setup.loop, fd, door_ready, d);
	if (!w->paused)
		loop_watch_set(d->watch, LOOP_READ);
	w->doors = d;
}

void wire_listener_add(struct wire_listener *w, int fd)
{
	wire_listener_add_for(w, fd, w->setup.arg);
}

void wire_listener_remove(struct wire_listener *w, int fd)
{
	struct door **at = &w->doors;
	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	assert(*at);
	door_close(w, at);
}

void wire_listener_limits(struct wire_listener *w, const struct wire_limits_config *limits)
{
	wire_limits_set(w->limits, limits);
}

void wire_listener_proxy_peers(struct wire_listener *w, const struct prefix *peers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert(wire_proxy_peer_check(&peers[i]) == ERR_OK);
	w->setup.proxy_peers = peers;
	w->setup.proxy_peer_count = n;
}
