/* SPDX-License-Identifier: ISC */
#include "wire/listener.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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
};

struct wire_listener {
	struct wire_listener_setup setup;
	struct wire_limits *limits;
	struct door *doors;
	struct loop_timer *resume, *sweep;
	bool paused, sweeping;
	int64_t pause_ms, shrunk_ms;
	unsigned refused, unserved;      /* since the log last said so */
	int64_t logged_ms;
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
	w->pause_ms = w->pause_ms * 2 < PAUSE_LAST_MS ? w->pause_ms * 2 : PAUSE_LAST_MS;
}

static void resume_accepting(void *arg)
{
	struct wire_listener *w = arg;
	w->paused = false;
	loop_timer_disarm(w->resume);
	watch_all(w, LOOP_READ);
}

/* Others of the process need descriptors too (a database, a mail): a few sessions end, and the
 * limits are as the system's for a while. */
static void make_room(struct wire_listener *w, int64_t now_ms)
{
	struct wire_session *s;
	w->shrunk_ms = now_ms;
	wire_limits_shrink(w->limits, now_ms);
	while ((s = wire_limits_excess(w->limits)) != NULL)
		w->setup.unwanted(wire_session_owner(s));
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

static void refuse(struct wire_listener *w, int fd)
{
	struct str text = w->setup.refusal;
	if (text.n && send(fd, text.p, text.n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0;               /* it has gone already */
	close(fd);
	w->refused++;
	report(w);
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
		w->setup.unwanted(wire_session_owner(s));
	w->sweeping = false;
	arm_sweep(w);
}

static void take(struct wire_listener *w, int fd, const struct endpoint *peer)
{
	struct wire_session *victim;
	int64_t now_ms = loop_now_ms(w->setup.loop);
	enum wire_admission answer = wire_limits_ask(w->limits, &peer->ip, now_ms, &victim);
	if (answer != WIRE_ADMITTED && answer != WIRE_ROOM_MADE) {
		refuse(w, fd);
		return;
	}
	if (victim)
		w->setup.unwanted(wire_session_owner(victim));
	struct wire_session *s = wire_limits_enter(w->limits, &peer->ip, now_ms);
	wire_session_own(s, w->setup.opened(w->setup.arg, s, fd, peer));
	arm_sweep(w);
}

static void door_ready(void *arg, unsigned events)
{
	struct door *d = arg;
	struct wire_listener *w = d->listener;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && !w->paused; i++) {
		struct endpoint peer;
		int fd = stream_accept(d->fd, &peer);
		if (fd >= 0) {
			w->pause_ms = PAUSE_FIRST_MS;
			take(w, fd, &peer);
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
	w->limits = wire_limits_create(&setup->limits, &key);
	w->pause_ms = PAUSE_FIRST_MS;
	w->shrunk_ms = INT64_MIN / 2;
	w->resume = loop_timer_create(setup->loop, resume_accepting, w);
	w->sweep = loop_timer_create(setup->loop, sweep, w);
	return w;
}

void wire_listener_destroy(struct wire_listener *w)
{
	if (!w)
		return;
	while (w->doors) {
		struct door *d = w->doors;
		w->doors = d->next;
		loop_watch_destroy(d->watch);
		free(d);
	}
	loop_timer_destroy(w->resume);
	loop_timer_destroy(w->sweep);
	wire_limits_destroy(w->limits);
	free(w);
}

void wire_listener_add(struct wire_listener *w, int fd)
{
	struct door *d = mem_zalloc(sizeof(*d));
	*d = (struct door){ .next = w->doors, .listener = w, .fd = fd };
	d->watch = loop_watch_create(w->setup.loop, fd, door_ready, d);
	if (!w->paused)
		loop_watch_set(d->watch, LOOP_READ);
	w->doors = d;
}

void wire_listener_limits(struct wire_listener *w, const struct wire_limits_config *limits)
{
	wire_limits_set(w->limits, limits);
}
