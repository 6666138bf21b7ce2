/* SPDX-License-Identifier: ISC
 *
 * How much we ask of the world at a time: tests started per second, connections at the
 * same time in all and per network, one connection per address. Pure: time comes in as
 * an argument.
 */
#ifndef PORTREEVE_RELAYTEST_POLITENESS_H
#define PORTREEVE_RELAYTEST_POLITENESS_H

#include "base/ip.h"

struct politeness;

struct politeness_limits {
	unsigned rate;               /* tests started per second */
	unsigned sessions;           /* connections at the same time */
	unsigned sessions_per_net;   /* of those, in one /24 or /48 */
};

struct politeness *politeness_create(const struct politeness_limits *limits);
void politeness_destroy(struct politeness *p);       /* NULL is fine */
void politeness_set(struct politeness *p, const struct politeness_limits *limits);

/* 0 if a test may start now (it is counted); else the milliseconds to wait. */
int64_t politeness_start(struct politeness *p, int64_t now_ms);
/* Takes a connection to the address; false: not now, try again when one is given back. */
bool politeness_connect(struct politeness *p, const struct ip *address);
void politeness_disconnect(struct politeness *p, const struct ip *address);

#endif
