/* SPDX-License-Identifier: ISC
 *
 * Who is who in the world: addresses and names of the collector, of the tested hosts and of
 * those who are none of them.
 */
#ifndef PORTREEVE_TESTS_WORLD_NAMES_H
#define PORTREEVE_TESTS_WORLD_NAMES_H

#include "base/arena.h"
#include "dns/resolver.h"

#define NAMES_DOMAIN "collector.example"
#define NAMES_DOMAIN2 "second.example"
#define NAMES_VICTIM "victim.example"
#define NAMES_ZONE "bl.example"

enum names_type { NAMES_NONE, NAMES_IPS, NAMES_MX, NAMES_PTR };

extern const struct endpoint names_collector;
extern const struct ip names_tester;

/* Of the nth host; of its own domain. */
void names_host(unsigned n, char name[static 64], char domain[static 64]);
/* What its name server adds to the time of an answer. */
int64_t names_delay_ms(struct str name);
/* Fills *result, of result->name (of NAMES_PTR: the address as a text). */
void names_answer(enum names_type type, struct arena *a, struct dns_result *result);

#endif
