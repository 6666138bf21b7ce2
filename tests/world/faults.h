/* SPDX-License-Identifier: ISC
 *
 * What goes wrong, and how often: per mille of the times that it could. All of it is 0 once the
 * world is calm.
 */
#ifndef PORTREEVE_TESTS_WORLD_FAULTS_H
#define PORTREEVE_TESTS_WORLD_FAULTS_H

#include "world.h"

struct faults {
	unsigned drop;           /* a connection breaks between two pieces */
	unsigned hole;           /* … goes silent */
	unsigned slow;           /* bytes take seconds */
	unsigned split;          /* bytes come in pieces */
	unsigned descriptors;    /* accept() has none */
	unsigned dns_late;       /* an answer takes longer than anybody waits */
	unsigned dns_fails;      /* … is SERVFAIL */
	unsigned disk_fails;     /* a write or sync is an error */
	unsigned disk_busy;      /* a lock is held by somebody else */
	bool disk_full;
};
extern struct faults faults;

/* Draws the seed's own mix, and lets things go wrong from now on, in pauses that are longer by that
 * factor. The clock jumps by that many seconds at most. */
void faults_begin(unsigned slow, int64_t jump_s);
/* After each step: who has died comes back after a while; a power cut is carried out. */
void faults_look(void);
/* From here on all goes well: nothing is lost any more, dead roles live, the clock is right. */
void faults_end(void);

#endif
