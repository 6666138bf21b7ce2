/* SPDX-License-Identifier: ISC
 *
 * Connections as packets that are on their way for a while.
 */
#include "net.h"

#include "base/mem.h"
#include "faults.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LISTENERS_MAX = 96, BACKLOG = 64, PIECES_MAX = 4, PORT_FIRST = 20000,
	LATENCY_LEAST_MS = 1, LATENCY_MOST_MS = 25, SLOW_MOST_MS = 4000,
};

enum packet_kind { PACKET_ASK, PACKET_ANSWER, PACKET_BYTES, PACKET_END };

struct packet {
	struct event event;
	struct end *to;
	enum packet_kind kind;
	enum stream_end why;
	size_t n;
	char bytes[];
};

struct listener {
	struct endpoint at;
	int fd;
	struct link *backlog[BACKLOG];
	unsigned waiting;
};

static struct listener listeners[LISTENERS_MAX];
static unsigned listener_n;
static struct link *links;
static int next_fd = NET_FD_BASE;
static uint16_t next_port = PORT_FIRST;

struct end *net_other(const struct end *e)
{
	return &e->link->end[e == &e->link->end[0]];
}

/* ---- packets -------------------------------------------------------------------------- */

static void arrive(void *arg);

static int64_t latency_ms(void)
{
	return chance_of(faults.slow) ? chance_between(LATENCY_MOST_MS, SLOW_MOST_MS)
		: chance_between(LATENCY_LEAST_MS, LATENCY_MOST_MS);
}

/* In the order in which they were sent. */
static void send_packet(struct end *from, struct end *to, enum packet_kind kind,
                        enum stream_end why, struct str bytes)
{
	if (from->link->hole)
		return;
	struct packet *p = mem_alloc(sizeof(*p) + bytes.n);
	*p = (struct packet){ .to = to, .kind = kind, .why = why, .n = bytes.n };
	if (bytes.n)
		memcpy(p->bytes, bytes.p, bytes.n);
	int64_t at_ms = world.now_ms + latency_ms();
	if (at_ms < from->arrival_ms)
		at_ms = from->arrival_ms;
	from->arrival_ms = at_ms;
	event_init(&p->event, &outside, arrive, p);
	event_arm(&p->event, at_ms - world.now_ms);
}

static void wake(struct end *e)
{
	if (e->stream && !e->closed)
		event_arm(&e->wake, 0);
}

static void break_link(struct link *l)
{
	trace("the connection to %u breaks", l->at[1].port);
	for (unsigned i = 0; i < 2; i++) {
		l->end[i].over = true;
		l->end[i].why = STREAM_RESET;
		wake(&l->end[i]);
	}
}

static struct listener *find_listener(const struct endpoint *at)
{
	for (unsigned i = 0; i < listener_n; i++)
		if (listeners[i].at.port == at->port && ip_eq(&listeners[i].at.ip, &at->ip))
			return &listeners[i];
	return NULL;
}

static struct listener *listener_of(int fd)
{
	for (unsigned i = 0; i < listener_n; i++)
		if (listeners[i].fd == fd)
			return &listeners[i];
	return NULL;
}

/* Somebody wants to connect. */
static void be_asked(struct end *here)
{
	struct link *l = here->link;
	struct listener *at = find_listener(&l->at[1]);
	if (!at || at->waiting == BACKLOG) {
		send_packet(here, &l->end[0], PACKET_END, STREAM_REFUSED, STR(""));
		here->closed = true;
		return;
	}
	l->fd = next_fd++;
	at->backlog[at->waiting++] = l;
	send_packet(here, &l->end[0], PACKET_ANSWER, STREAM_CLOSED, STR(""));
	loop_readable(at->fd);
}

static void arrive(void *arg)
{
	struct packet *p = arg;
	struct end *to = p->to;
	if (to->over && p->kind != PACKET_ASK) {
		free(p);
		return;
	}
	switch (p->kind) {
	case PACKET_ASK:
		be_asked(to);
		break;
	case PACKET_ANSWER:
		to->connected = true;
		break;
	case PACKET_BYTES:
		if (!to->closed)
			buf_add(&to->inbox, p->bytes, p->n);
		else
			send_packet(to, net_other(to), PACKET_END, STREAM_RESET, STR(""));
		break;
	case PACKET_END:
		to->over = true;
		to->why = p->why;
		break;
	}
	free(p);
	wake(to);
}

/* ---- sockets ---------------------------------------------------------------------------- */

int net_listen(const struct endpoint *at)
{
	assert(listener_n < LISTENERS_MAX);
	struct listener *l = &listeners[listener_n++];
	*l = (struct listener){ .at = *at, .fd = next_fd++ };
	return l->fd;
}

bool net_may_accept(int fd)
{
	const struct listener *l = listener_of(fd);
	return l && l->waiting > 0;
}

int net_accept(int fd, struct endpoint *peer)
{
	struct listener *at = listener_of(fd);
	if (!at || at->waiting == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (!process_outlives(process_now()) && chance_of(faults.descriptors)) {
		trace("no descriptor for a connection");
		errno = ENFILE;
		return -1;
	}
	struct link *l = at->backlog[0];
	memmove(at->backlog, at->backlog + 1, --at->waiting * sizeof(l));
	l->end[1].owner = process_now();
	*peer = l->at[0];
	return l->fd;
}

static struct link *link_of(int fd)
{
	for (struct link *l = links; l; l = l->next)
		if (l->fd == fd)
			return l;
	return NULL;
}

struct end *net_adopt(int fd, struct stream *stream)
{
	struct link *l = link_of(fd);
	assert(l && l->end[1].owner == process_now());
	struct end *e = &l->end[1];
	l->fd = -1;
	e->stream = stream;
	event_init(&e->wake, e->owner, stream_woken, e);
	wake(e);
	return e;
}

/* ---- connections ------------------------------------------------------------------------- */

static struct link *link_create(const struct endpoint *from, const struct endpoint *to)
{
	struct link *l = mem_zalloc(sizeof(*l));
	*l = (struct link){ .next = links, .at = { *from, *to }, .fd = -1 };
	l->end[0].link = l->end[1].link = l;
	if (links)
		links->prev = l;
	links = l;
	return l;
}

struct end *net_connect(const struct endpoint *from, const struct endpoint *to,
                        struct stream *stream)
{
	struct link *l = link_create(from, to);
	struct end *e = &l->end[0];
	if (l->at[0].port == 0)
		l->at[0].port = next_port++;
	e->owner = process_now();
	e->stream = stream;
	event_init(&e->wake, e->owner, stream_woken, e);
	send_packet(e, &l->end[1], PACKET_ASK, STREAM_CLOSED, STR(""));
	return e;
}

/* What is left of the bytes goes as one or as several pieces; a connection may break between
 * two of them. */
void net_send(struct end *e, struct str bytes)
{
	struct end *to = net_other(e);
	unsigned pieces = chance_of(faults.split) ? chance_between(2, PIECES_MAX) : 1;
	while (bytes.n) {
		size_t n = pieces > 1 ? 1 + chance_below((unsigned)bytes.n) : bytes.n;
		send_packet(e, to, PACKET_BYTES, STREAM_CLOSED, (struct str){ bytes.p, n });
		bytes = str_from(bytes, n);
		if (pieces > 1)
			pieces--;
		if (chance_of(faults.drop)) {
			break_link(e->link);
			return;
		}
		if (chance_of(faults.hole))
			e->link->hole = true;
	}
}

void net_finish(struct end *e)
{
	if (e->finished)
		return;
	e->finished = true;
	send_packet(e, net_other(e), PACKET_END, STREAM_CLOSED, STR(""));
}

static void link_free(struct link *l)
{
	if (l->prev)
		l->prev->next = l->next;
	else
		links = l->next;
	if (l->next)
		l->next->prev = l->prev;
	/* Packets may be on their way to it: it is kept. */
}

void net_close(struct end *e)
{
	net_finish(e);
	e->closed = true;
	e->stream = NULL;
	event_disarm(&e->wake);
	buf_fini(&e->inbox);
	if (net_other(e)->closed)
		link_free(e->link);
}

void net_drop(const struct process *p)
{
	for (struct link *l = links, *next; l; l = next) {
		next = l->next;
		for (unsigned i = 0; i < 2; i++)
			if (l->end[i].owner == p && !l->end[i].closed) {
				net_close(&l->end[i]);
				if (l->end[!i].closed)
					break;
			}
	}
	loop_drop(p);
}

unsigned net_connections(const struct process *p, const struct ip *to, unsigned length)
{
	struct prefix net = prefix_of(to, length);
	unsigned n = 0;
	for (const struct link *l = links; l; l = l->next)
		n += l->end[0].owner == p && !l->end[0].closed &&
		     prefix_contains(&net, &l->at[1].ip);
	return n;
}

unsigned net_open(void)
{
	unsigned n = 0;
	for (const struct link *l = links; l; l = l->next)
		n += l->end[0].stream || l->end[1].stream;
	return n;
}

unsigned net_owned(const struct process *p)
{
	unsigned n = 0;
	for (const struct link *l = links; l; l = l->next)
		for (unsigned i = 0; i < 2; i++)
			n += l->end[i].owner == p && !l->end[i].closed;
	return n;
}

/* ---- what rooms do with a descriptor themselves ------------------------------------------ */

void net_turn_away(int fd, struct str text)
{
	struct link *l = link_of(fd);
	if (!l || l->end[1].closed)
		return;
	net_send(&l->end[1], text);
	l->fd = -1;
	net_close(&l->end[1]);
}
