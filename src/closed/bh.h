/* SPDX-License-Identifier: ISC
 *
 * Exim asked where no room can be made: `exim -bh ADDRESS` speaks SMTP as to a client of that
 * address, by the configuration that is there, and delivers nothing. A listener of loopback starts
 * one for each session that comes, so that ask.h asks it as any server; which client it is to
 * believe in is told by the address of 127.1.0.0/16 from which the session comes.
 *
 *     exim -bh CLIENT.PORT -oMi OWN.PORT      standard input and output are the connection
 *
 * It runs as Exim's own user, and can get no more rights; where that one may not read the
 * configuration, as who we are. Its hints, logs and queue are not written (that is what -bh is),
 * and it sends nothing but what its rules ask of others: DNS, call-outs, lookups.
 *
 * Who uses it: beside-ask.c. All of it ends with whoever made it.
 * Hostile input: the configuration, which runs programs as Exim does anyway. Whoever is on the
 * machine can come to the listener meanwhile; he finds a fake session, as -bh gives to anybody.
 */
#ifndef PORTREEVE_CLOSED_BH_H
#define PORTREEVE_CLOSED_BH_H

#include "base/ip.h"
#include "closed/program.h"

struct closed_bh_as {
	struct endpoint client;          /* port 0: any */
	struct endpoint own;             /* at which it came in */
};

/* The program, and as whom it is run. */
struct closed_bh_program {
	struct program_words words;
	struct program_as as;
};
/* `options`: of its daemon, NULL-terminated, or NULL; they outlive it. ERR_CLOSED: it greets nobody
 * this way, *message has what it printed; ERR_NOT_FOUND. 8 s. */
int closed_bh_find(const char *const *options, struct closed_bh_program *program,
                   struct buf *message);

struct closed_bh;

enum { CLOSED_BH_MAX = 4096 };
/* For n sessions, at most CLOSED_BH_MAX; nothing given is needed afterwards. ERR_LIMIT; ERR_IO. */
int closed_bh_create(const struct closed_bh_program *program, const struct closed_bh_as *rows,
                     size_t n, int64_t life_ms, struct closed_bh **bh);
/* From where session i is to come, and to where. */
void closed_bh_at(const struct closed_bh *bh, size_t i, struct ip *from, struct endpoint *to);
/* Waits until it has ended. NULL is fine. */
void closed_bh_destroy(struct closed_bh *bh);

#endif
