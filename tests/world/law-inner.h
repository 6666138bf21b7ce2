/* SPDX-License-Identifier: ISC
 *
 * Between law-store.c, law-kept.c and law-expiry.c, which look into the store together.
 */
#ifndef PORTREEVE_TESTS_WORLD_LAW_INNER_H
#define PORTREEVE_TESTS_WORLD_LAW_INNER_H

#include "law.h"
#include "store/retention.h"

/* ---- law-store.c ------------------------------------------------------------------------ */
/* Whether the list has had the address from that serial on, up to now. */
bool law_listed_since(const struct ip *ip, uint64_t serial);
/* When it was last taken off; 0: never. */
int64_t law_delisted_s(const struct ip *ip);

/* ---- law-kept.c: each an enum err ------------------------------------------------------- */
int law_kept_read(struct store *st);
void law_kept_check(void);
/* What is there is to be read again from the first. */
void law_kept_forget(void);
/* The same, and what was seen is remembered until law_kept_expired() has compared it. */
void law_kept_expires(void);
int law_kept_expired(struct store *st);

/* ---- law-expiry.c ----------------------------------------------------------------------- */
/* After rows and returns were read: whether only that has gone which may. */
int law_expiry_look(struct store *st);
bool law_expiry_pending(void);
/* That test as it was when the order was given; NULL: there was none. */
const struct test *law_expiry_test(const char *id);
/* The time of the order; what is of later than the limit was younger than its keep. */
int64_t law_expiry_now_s(void);
int64_t law_expiry_limit_s(enum retained kind);
/* Whether it was listed when the order was given, and is since. */
bool law_expiry_was_listed(const struct ip *ip);

#endif
