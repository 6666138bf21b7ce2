/* SPDX-License-Identifier: ISC
 *
 * The invariants of the world: what must hold after every step, whatever went wrong. Each has a
 * name and a sentence (the table in law.c); world_broken() tells which one does not hold.
 *
 * They look in two ways: from the network (law-wire.c), where every byte passes, and from the
 * store (law-store.c), through a connection of their own between the steps.
 */
#ifndef PORTREEVE_TESTS_WORLD_LAW_H
#define PORTREEVE_TESTS_WORLD_LAW_H

#include "host.h"
#include "store/config.h"
#include "store/store.h"
#include "world.h"


/* ---- what the seam and the hosts tell ------------------------------------------------ */
/* A host is asked for a recipient. */
void law_host_is_asked(struct str recipient);
/* A host took a message, with that recipient. */
void law_host_took(const struct host *h, const struct ip *from, const char *recipient);
/* The collector took a recipient. */
void law_collector_took(enum delivery_kind kind, const char *recipient);
/* A message goes to the collector now. */
void law_comes_back(struct host *h, enum delivery_kind kind, const char *recipient);
/* … and this was its last word. */
void law_collector_answered(struct host *h, enum delivery_kind kind, const struct ip *from,
                            const char *recipient, int code, struct str message);

/* What is old will be removed, at once and with these keeps. False: what there is was not seen
 * just now, so it must not be. */
bool law_expires(const struct store_config *keep, int64_t now_s);

/* ---- when it is looked ------------------------------------------------------------------ */
void law_step(void);
/* All is calm, and nothing is under way any more? */
bool law_settled(void);
void law_end(void);

/* ---- between law-*.c --------------------------------------------------------------------- */
/* A token that was seen on its way back. */
struct came_back {
	char test_id[TEST_ID_LEN + 1], token[32];
	char case_id[CASE_ID_MAX];
	bool confirm, sender, acknowledged;
	struct host *host;
};
extern struct came_back *came_back;
extern size_t came_back_n;
/* Messages that a host's collector took for good: address of a retest. */
extern struct ip *asked;
extern size_t asked_n;
/* Whether a form came back for both domains, in one test. */
bool law_proved(const char *test_id, const char *case_id);
/* Whether a confirmation was asked for, in that test. */
bool law_confirmed(const char *test_id);

/* law-store.c: as last seen. */
struct seen {
	bool known;                  /* the store could be read, after all that was done */
	struct permit *permits;
	struct exclusion *exclusions;
	size_t permit_n, exclusion_n;
	struct test *tests;
	size_t test_n;
	struct listing *listings;
	struct listed_range *ranges;
	size_t listing_n, range_n;
	uint64_t serial;
};
extern struct seen seen;
bool law_is_excluded(const struct ip *ip);
const struct test *law_test(const char *id);
/* Whether the address has a listing of its own. */
bool law_is_listed(const struct ip *ip);
/* Whether the list had the address at that serial, by itself or as part of a range. */
bool law_was_listed(const struct ip *ip, uint64_t serial);
/* law-kept.c: whether what came back in that test has expired, at least some of it. */
bool law_return_expired(const char *test_id);
/* law-dns.c */
void law_dns(void);

#endif
