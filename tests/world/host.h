/* SPDX-License-Identifier: ISC
 *
 * The tested hosts: mail servers of a few kinds, rows of a table (host-kinds.c). What a host
 * is decides what a tester must find, so a host also keeps what is true of it, for the
 * invariants.
 */
#ifndef PORTREEVE_TESTS_WORLD_HOST_H
#define PORTREEVE_TESTS_WORLD_HOST_H

#include "base/loop.h"
#include "sim/persona.h"
#include "world.h"

enum host_trust { TRUST_NOBODY, TRUST_ANYBODY, TRUST_NOBODYS_SENDER, TRUST_FIRST_MX };

struct host_kind {
	const char *name;
	unsigned share;              /* how many of them, among all */
	bool relays;                 /* the truth: it passes on a stranger's mail */
	bool sure;                   /* … and any test that nothing disturbs shows it */
	enum host_trust trusts;
	unsigned reads;              /* how it reads recipients: READ_… of sim/persona.h */
	enum fate fate;              /* of what it took */
	bool takes_local;            /* any user of its own */
	bool takes_all;              /* and anybody else's, for its fate */
	int refusal;                 /* the code that strangers hear; 0: 554 */
	const char *refusal_text;
	unsigned grey_ms;            /* an envelope is put off that long */
	unsigned hangs_up;           /* per mille of its replies */
	unsigned reply_ms;           /* before each reply */
	unsigned delay_least_s, delay_most_s;      /* of what it passes on */
	unsigned copies;             /* … of each message; 0: 1 */
	bool hops;                   /* … through another address */
	bool absent;
	bool slow_name;
};
extern const struct host_kind host_kinds[];
extern const unsigned host_kind_n;

enum { HOSTS_MAX = 16, GREYS_MAX = 256 };

struct host {
	unsigned n;
	const struct host_kind *kind;
	struct endpoint at;
	struct ip out;               /* where its mail comes from if it hops */
	char name[64], domain[64], literal[IP_TEXT_MAX + 8];
	struct own_names own;
	int listen_fd;
	struct loop_watch *watch;
	unsigned relayed;
	struct { uint64_t envelope; int64_t since_ms; } grey[GREYS_MAX];
	unsigned grey_n;

	/* For the invariants. */
	bool was_open;               /* at any time */
	bool repaired;
	bool left_alone;             /* at some time no test of it was permitted */
	bool forbidden;              /* its address may not be published */
	int64_t disturbed_ms;        /* when something last went wrong with it; -1: never */
	int64_t asked_ms;            /* when a retest request was acknowledged last; -1: never */
};
extern struct host hosts[HOSTS_MAX];
extern unsigned host_n;

/* All hosts of this seed, and they listen. */
void hosts_begin(void);
struct host *host_of(const struct ip *ip);       /* NULL */
/* Its owner closes the relay. */
void host_repair(struct host *h);

/* host-visit.c: somebody connects to it. */
void visit_begin(struct host *h, int fd, const struct endpoint *peer);

/* deliver.c: from that address to the collector, again and again until it is taken or
 * refused for good. */
enum delivery_kind {
	DELIVER_RELAYED, DELIVER_BOUNCE, DELIVER_RETEST, DELIVER_STRANGER,
};
void deliver(struct host *h, enum delivery_kind kind, const struct ip *from, const char *sender,
             const char *recipient, struct str message, int64_t delay_ms);
/* Those that have not ended. */
unsigned deliveries_open(void);

extern struct loop *outside_loop;

#endif
