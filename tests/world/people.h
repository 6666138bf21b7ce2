/* SPDX-License-Identifier: ISC
 *
 * People of the world: operators who give commands, owners who repair and ask for retests,
 * strangers who try to have their mail relayed.
 */
#ifndef PORTREEVE_TESTS_WORLD_PEOPLE_H
#define PORTREEVE_TESTS_WORLD_PEOPLE_H

#include "world.h"

extern struct process command;

/* Permits, and nominations to come. */
void people_begin(void);
/* The last orders: the clock is right, each host is tested once more. */
void people_calm(void);

#endif
