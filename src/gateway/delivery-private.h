/* SPDX-License-Identifier: ISC
 *
 * What the files of the delivery share.
 *
 *   delivery.c              what is due to its destination; the turns of the destinations
 *   delivery-session.c      a session with a server, and what it carries
 *   delivery-box.c          batches into Maildirs
 *   delivery-destination.c  the destinations: their waiting lines, places, pauses
 *   delivery-settle.c       the end of a try, for the queue
 *
 * Each calls only those below it. What lies above is reached by delivery_wake(): the turns are
 * taken anew, from the loop.
 */
#ifndef PORTREEVE_GATEWAY_DELIVERY_PRIVATE_H
#define PORTREEVE_GATEWAY_DELIVERY_PRIVATE_H

#include "base/hash.h"
#include "gateway/carrier.h"
#include "gateway/delivery.h"
#include "gateway/mx.h"
#include "gateway/route.h"

enum {
	DELIVERY_RCPTS_MAX = 100,         /* of one message in one transaction */
	DELIVERY_LOADS_MAX = 100,         /* messages over one connection */
	DELIVERY_LOADS_FAIR = 10,         /* … while others wait for one */
	DELIVERY_SESSIONS_FIRST = 2,
	DELIVERY_PAUSE_FIRST_MS = 30 * 1000, DELIVERY_PAUSE_MOST_MS = 300 * 1000,
	DELIVERY_CLEAR_MS = 3600 * 1000,  /* TLS that did not work is not tried again */
	DELIVERY_CONNECT_MS = 30 * 1000, DELIVERY_IDLE_MS = 2000,
	DELIVERY_SLOTS = 4096,            /* of the table of destinations */
	DELIVERY_AGAIN_MS = 50,           /* … the syncer is asked again */
	DELIVERY_ASKING_MAX = 100,        /* where destinations are, at the same time */
	DELIVERY_UNBLOCKED = 16,          /* turns of blocked ones when something ended */
	DELIVERY_TURN = 200,              /* things done in one turn of the loop */
};

/* Recipients that wait, by their own `next`. */
struct delivery_line {
	struct gateway_rcpt *first, *last;
	size_t n;
	size_t loads;                     /* runs of recipients of one message */
};

struct delivery_session {
	struct delivery_destination *to;
	struct delivery_session *next, **prev;   /* of the destination */
	struct gateway_carrier *carrier;
	bool ready, idle;                 /* idle: as the delivery counts it */
	size_t place;                     /* of the destination's places: the one it is at */
	unsigned loads;
	bool moved;                       /* to the next host, for whom the one before put off */
	bool loaded;
	struct gateway_load load;
	struct buf text;
};

struct delivery_destination {
	struct gateway_delivery *delivery;
	char *name;                       /* what it is found by; unlike any other's */
	struct delivery_destination *chain;      /* of the table */
	bool listed;                      /* in the table; else it is of old settings */
	/* Among those that have something to do, or those that are blocked; NULL: neither. */
	struct delivery_destination *ring_next, *ring_prev, **ring;
	struct delivery_destination *all_next, **all_prev;

	struct gateway_route route;
	char *host, *path;                /* of the route */
	char *domain;                     /* by MX */
	enum gateway_tls_policy policy;

	struct delivery_line waiting;
	bool boxing;                      /* a batch of it is written into Maildirs */
	struct delivery_session *sessions;
	unsigned session_count, opening, limit, successes;

	struct gateway_mx *asking;
	struct gateway_mx_result *places; /* NULL: to be asked for */
	int64_t places_until_ms;
	size_t first_place;               /* the one that worked last */
	int64_t clear_until_ms;           /* TLS did not work: none before; kept as long */

	/* What becomes of all that waits, until the pause ends; `verdict_for_good`: always. */
	bool has_verdict, verdict_for_good;
	enum gateway_fate verdict;
	char verdict_enhanced[12];
	char *why;                        /* of the last failure; NULL */
	int64_t pause_until_ms, pause_ms;
};

struct gateway_delivery {
	struct gateway_delivery_setup setup;
	struct gateway_queue *queue;
	char *hostname;
	struct ip *own;
	struct str password;
	struct gateway_mx_self self;
	struct gateway_routes *routes;
	struct gateway_tls_policies *policies;
	SSL_CTX *tls, *verified;
	struct loop_timer *wake, *sweep;
	struct hash_key key;
	struct delivery_destination *table[DELIVERY_SLOTS];
	struct delivery_destination *all;
	struct delivery_destination *ring;       /* whose turn is next */
	/* Those for which there is no connection, question or room just now. Whenever something
	 * ends, some of them get a turn. */
	struct delivery_destination *blocked;
	unsigned asking;                  /* where destinations are */
	unsigned sessions, idle;          /* idle: of them */
	bool starved;                     /* somebody waits for a connection that others have */
	uint64_t text_bytes;              /* of messages on their way */
	struct delivery_batch *batch;     /* that is written into Maildirs; NULL: none */
	bool again_soon;                  /* the syncer has no place just now */
	bool draining;                    /* nothing is begun any more */
};

/* The turns are taken anew, from the loop. */
static inline void delivery_wake(struct gateway_delivery *d)
{
	loop_timer_arm(d->wake, 0);
}

/* ---- delivery-settle.c --------------------------------------------------------------------- */

/* From TRYING to its outcome: exactly once for each. */
void delivery_settle(struct gateway_delivery *d, struct gateway_rcpt *rcpt,
                     const struct gateway_outcome *outcome);
void delivery_give_back(struct gateway_delivery *d, struct gateway_rcpt *rcpt);

/* The text cannot be had: it is damaged (which the sender is told), or the disk does not answer. */
void delivery_settle_unreadable(struct gateway_delivery *d, struct gateway_rcpt *rcpt, int err);
/* Whether the text of that message has room beside those on their way. One always has. */
bool delivery_has_room(const struct gateway_delivery *d, const struct gateway_message *m);

/* ---- delivery-destination.c ---------------------------------------------------------------- */

void delivery_line_add(struct delivery_line *l, struct gateway_rcpt *rcpt);
void delivery_line_put_back(struct delivery_line *l, struct gateway_rcpt *rcpt);
struct gateway_rcpt *delivery_line_take(struct delivery_line *l);       /* NULL: empty */

/* The destination of that name, made if there is none; `made` says so. */
struct delivery_destination *delivery_destination_find(struct gateway_delivery *d,
                                                       const char *name, bool *made);
/* Nothing of it is left to do: it goes. Else nothing happens. */
void delivery_destination_tidy(struct delivery_destination *to);
void delivery_destination_cease(struct delivery_destination *to);    /* to ask where it is */
void delivery_destination_free(struct delivery_destination *to);
/* It is no more found by its name. */
void delivery_destination_unlist(struct delivery_destination *to);
/* It gets a turn, at the end of the ring; if it has one, it keeps it. */
void delivery_destination_turn(struct delivery_destination *to);
void delivery_destination_pass(struct delivery_destination *to);     /* it has none any more */
/* It has none until something ended. */
void delivery_destination_block(struct delivery_destination *to);
/* Some that are blocked get a turn. */
void delivery_destinations_unblock(struct gateway_delivery *d);
/* All that waits ends like that; a pause goes on until its time. */
void delivery_destination_fail(struct delivery_destination *to, enum gateway_fate fate,
                               const char *enhanced, const char *why);
/* The server cannot be reached: a pause, longer from time to time. */
void delivery_destination_pause(struct delivery_destination *to, const char *enhanced,
                                const char *why);
/* Whether TLS, which is offered, is left out for now; and from now on. */
bool delivery_destination_is_clear(const struct delivery_destination *to);
void delivery_destination_clear(struct delivery_destination *to);
/* A server takes mail: pauses and failures are forgotten. */
void delivery_destination_works(struct delivery_destination *to);
void delivery_destination_grow(struct delivery_destination *to);
void delivery_destination_shrink(struct delivery_destination *to);
/* The verdict upon what waits, up to `most` of it; how many there were. */
size_t delivery_destination_judge(struct delivery_destination *to, size_t most);
/* Whether it is not known where it is, and too much is asked for already. */
bool delivery_destination_may_not_ask(const struct delivery_destination *to);
/* Asks where it is, if that is not known; true: it is. */
bool delivery_destination_has_places(struct delivery_destination *to);

/* ---- delivery-box.c ------------------------------------------------------------------------ */

/* The next batch into Maildirs, where none is being written. False: the syncer takes none now. */
bool delivery_box_start(struct delivery_destination *to);
/* It ends soon: what of it is not in its mailbox is given back. */
void delivery_box_stop(struct gateway_delivery *d);
/* What it holds is given back now. */
void delivery_box_abandon(struct gateway_delivery *d);

/* ---- delivery-session.c -------------------------------------------------------------------- */

void delivery_session_start(struct delivery_destination *to);
/* A session of it that is ready and idle gets the next message; false: there is none, or no room
 * for the message's text. */
bool delivery_session_use_idle(struct delivery_destination *to);
/* One that is idle, of whatever destination, ends. False: there is none. */
bool delivery_session_end_idle(struct gateway_delivery *d);
/* Idle ones end, others after what they carry. */
void delivery_sessions_retire(struct delivery_destination *to);
/* All of it is given back. */
void delivery_session_abandon(struct delivery_session *s);

#endif
