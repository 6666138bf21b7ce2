/* SPDX-License-Identifier: ISC
 *
 * Who may connect: counts of the open sessions by host and network, and what follows from
 * them. The pure half of wire/listener.h: no socket, no clock, time is an argument. Each
 * function takes constant time, whatever strangers do.
 *
 * A network is looked at on several levels: an IPv4 address and its /24; an IPv6 /64 (a host),
 * /56 and /48 (a site). A peer without an address (AF_UNIX) is of this machine: each user counts as
 * a host, all users but root as a network, of which one has no more than half. Only what was
 * admitted is counted, so that what is refused costs nobody else anything.
 *
 *   share     A host holds at most `per_host` sessions; a /24 or /48 `per_net`, or a fourth of
 *             all, a /56 half of that, if that is more.
 *   room      The fewer places are free, the less each may hold to get one more: no more than
 *             are free, and where there are 100 places or more, no more than that times the
 *             part of them that is free. Who has none gets one as long as there is one; it
 *             takes dozens of greedy networks to get there.
 *   rate      New sessions: of a host `per_second`, of a /24 or /56 four times, of a /48 eight
 *             times as many; twice that at once.
 *   crowding  When all places are taken, the longest idle session outside a transaction of the
 *             network with the most sessions makes room for a network that has none.
 *   idle      Beyond half of the places sessions may be idle for ever shorter: down to
 *             WIRE_IDLE_LEAST_MS, in a transaction WIRE_BUSY_LEAST_MS.
 *
 * Hostile input that reaches it: the addresses of whoever connects, at any pace.
 */
#ifndef PORTREEVE_WIRE_LIMITS_H
#define PORTREEVE_WIRE_LIMITS_H

#include "base/hash.h"
#include "base/ip.h"

enum { WIRE_IDLE_LEAST_MS = 5000, WIRE_BUSY_LEAST_MS = 60000 };

struct wire_limits_config {
	unsigned sessions;           /* in all, at least 1 */
	unsigned per_host;           /* at least 1 */
	unsigned per_second;         /* new ones of one host; at least 1 */
	int64_t idle_ms;             /* how long a session may be idle while there is room */
	unsigned per_net;            /* 0: a fourth of all */
};

enum wire_admission {
	WIRE_ADMITTED,
	WIRE_ROOM_MADE,              /* admitted once *victim has ended */
	WIRE_CROWDED,                /* its host or network holds its share */
	WIRE_TOO_FAST,               /* its host or network connects too often */
	WIRE_FULL,                   /* all places are taken, and nobody's is too many */
};

struct wire_limits;
struct wire_session;

/* For a peer of AF_UNIX: its user in place of an address, of family 0. */
struct ip wire_limits_local(unsigned uid);

struct wire_limits *wire_limits_create(const struct wire_limits_config *config,
                                       const struct hash_key *key);
/* No session may be left. NULL is fine. */
void wire_limits_destroy(struct wire_limits *l);
/* From now on; sessions that are open stay. */
void wire_limits_set(struct wire_limits *l, const struct wire_limits_config *config);

/* Whether a session of that peer may begin; counts it for the rate if so. */
enum wire_admission wire_limits_ask(struct wire_limits *l, const struct ip *peer, int64_t now_ms,
                                    struct wire_session **victim);
/* The session that was asked for begins, outside a transaction. */
struct wire_session *wire_limits_enter(struct wire_limits *l, const struct ip *peer,
                                       int64_t now_ms);
void wire_limits_leave(struct wire_limits *l, struct wire_session *s);
/* The session got on; `busy`: it is inside a transaction. */
void wire_limits_active(struct wire_limits *l, struct wire_session *s, bool busy, int64_t now_ms);
/* Whose it is; for the listener. */
void wire_session_own(struct wire_session *s, void *owner);
void *wire_session_owner(const struct wire_session *s);

/* A session that has been idle for too long as it stands now; NULL: none. */
struct wire_session *wire_limits_idle(const struct wire_limits *l, int64_t now_ms);
/* Whether places are scarce, so that wire_limits_idle() is worth asking. */
bool wire_limits_scarce(const struct wire_limits *l);
/* The system has no descriptor left: for a quarter of a minute the places are some fewer than are
 * taken now, so that the rest of the process gets on. Not if so few are open that they are not
 * the cause. */
void wire_limits_shrink(struct wire_limits *l, int64_t now_ms);
/* A session that is to end because there are fewer places than sessions; NULL: none. */
struct wire_session *wire_limits_excess(struct wire_limits *l);

unsigned wire_limits_sessions(const struct wire_limits *l);
/* Sessions now held by the network of that length around ip: 32 or 24; 64, 56 or 48. */
unsigned wire_limits_held(const struct wire_limits *l, const struct ip *ip, unsigned length);

#endif
