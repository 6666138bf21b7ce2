/* SPDX-License-Identifier: ISC
 *
 * The network of the world: connections between any two of its processes, in memory. Bytes come
 * late, in pieces, and now and then not at all; in order while they come. What was on its way
 * when its sender died arrives.
 */
#ifndef PORTREEVE_TESTS_WORLD_NET_H
#define PORTREEVE_TESTS_WORLD_NET_H

#include "base/stream.h"
#include "world.h"

/* Descriptors of the world; below are the system's. */
enum { NET_FD_BASE = 1 << 20 };

struct link;

/* One side of a connection. */
struct end {
	struct link *link;
	struct process *owner;           /* NULL: waits to be accepted */
	struct stream *stream;
	struct buf inbox;                /* came, and was not read */
	bool connected;                  /* the other side has answered (the one that asked) */
	bool over;                       /* nothing more comes, for this reason: */
	enum stream_end why;
	bool finished;                   /* we have said our last */
	bool closed;                     /* nobody reads here any more */
	int64_t arrival_ms;              /* of what we sent last */
	struct event wake;               /* something came */
};

struct link {
	struct link *next, *prev;
	struct endpoint at[2];           /* who asked, who was asked */
	struct end end[2];
	int fd;                          /* of the second side, while it has no stream; or -1 */
	bool hole;                       /* from here on nothing arrives */
};

/* ---- sockets ------------------------------------------------------------------------ */
int net_listen(const struct endpoint *at);
bool net_may_accept(int fd);
/* The next connection's descriptor, or -1 and errno. */
int net_accept(int fd, struct endpoint *peer);
/* stream_turn_away(). */
void net_turn_away(int fd, struct str text);
/* Who owns the side of an accepted descriptor from now on. */
struct end *net_adopt(int fd, struct stream *stream);

/* ---- connections: for stream.c -------------------------------------------------------- */
struct end *net_connect(const struct endpoint *from, const struct endpoint *to,
                        struct stream *stream);
void net_send(struct end *e, struct str bytes);
void net_finish(struct end *e);
void net_close(struct end *e);
struct end *net_other(const struct end *e);

/* Open connections of a process to the network of that length around the address. */
unsigned net_connections(const struct process *p, const struct ip *to, unsigned length);
/* Connections that anybody has open. */
unsigned net_open(void);
/* Ends of connections that the process has. */
unsigned net_owned(const struct process *p);

/* stream.c: what came for the stream of this side. */
void stream_woken(void *end);
/* loop.c: the watches of that descriptor look again; the watches of a process that died. */
void loop_readable(int fd);
void loop_drop(const struct process *p);

#endif
