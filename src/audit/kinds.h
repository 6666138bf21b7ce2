/* SPDX-License-Identifier: ISC
 *
 * Who is to ask a mail server: the kinds of client that a machine can have, each with an address
 * that stands for it and for no other kind. Pure; facts may be hostile, the work is bounded.
 * Link-local addresses of IPv6 are not asked from: they need a scope, and few servers trust them.
 */
#ifndef PORTREEVE_AUDIT_KINDS_H
#define PORTREEVE_AUDIT_KINDS_H

#include "audit/facts.h"

enum audit_kind {
	AUDIT_STRANGER4, AUDIT_STRANGER6,
	AUDIT_NEIGHBOUR,                 /* in a network of the machine */
	AUDIT_BRIDGE,                    /* the machine's own address on a bridge of containers */
	AUDIT_CONTAINER,                 /* another address on such a bridge */
	AUDIT_GATEWAY,                   /* the default gateway */
	AUDIT_LOOPBACK,
	AUDIT_OWN,                       /* the machine's own address towards strangers */
	AUDIT_RANGE,                     /* within a range that the configuration trusts */
	AUDIT_OUTSIDE,                   /* the first address outside of such a range */
	AUDIT_SEEN,                      /* by which strangers arrive, of no other kind */
};

enum { AUDIT_ASKERS_MAX = 512, AUDIT_RANGES_MAX = 150, AUDIT_NETWORKS_MAX = 100 };

struct audit_asker {
	enum audit_kind kind;
	struct ip ip;                    /* from which to ask */
	struct prefix network;           /* for which it stands; a stranger's: 0.0.0.0/0, ::/0 */
	const char *interface;           /* ""; of the network */
	/* Every address that there is has another kind already (a trusted range that is one's own
	 * address): `ip` stands in another row, too. */
	bool shared;
};

/* What is known beside the facts. */
struct audit_asked {
	const struct prefix *trusted;    /* ranges of the configuration; equal ones count once */
	size_t trusted_n;
	const struct ip *seen;           /* by which strangers arrive (arrival.h) */
	size_t seen_n;
	bool partial;                    /* more may be trusted: who is outside is not known */
};

/* As JSON has it: "stranger4", "stranger6", "gateway", "neighbour", "loopback", "own", "range";
 * a bridge's own address is a "gateway", a container a "neighbour", who stands outside of a range a
 * stranger of that family. */
const char *audit_asker_name(const struct audit_asker *client);

bool audit_is_stranger(const struct audit_asker *asker);
/* Of IPv6; nobody asks from there. */
bool audit_is_link_local(const struct ip *ip);

/* All kinds in the order in which they are asked, in the arena of `f`. ERR_LIMIT: more networks or
 * ranges than are asked for; the list then has the first ones. */
int audit_kinds(const struct facts *f, const struct audit_asked *asked,
                struct audit_asker **clients, size_t *n);

/* An address of the Internet at large, in no network of the machine and, if there is one, in none
 * of the ranges. */
struct ip audit_stranger(const struct facts *f, unsigned family, const struct prefix *ranges,
                         size_t range_n);
/* All of that family that stand for strangers, far apart; how many. */
size_t audit_strangers(unsigned family, const struct ip **first);
/* Whether the interface is a bridge whose other ends are containers: not the way out. */
bool audit_is_container_bridge(const struct facts *f, const struct facts_interface *i);

#endif
