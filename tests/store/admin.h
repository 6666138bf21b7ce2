/* SPDX-License-Identifier: ISC
 *
 * The fixture of the tests that work on one store with all rights: each test gets an empty
 * one. Include it once a program.
 */
#ifndef PORTREEVE_TESTS_STORE_ADMIN_H
#define PORTREEVE_TESTS_STORE_ADMIN_H

#include "support.h"

enum { NOW = 1000000 };

static char *state;
static struct store *st;
static struct arena a;

static int setup(void **unused)
{
	(void)unused;
	state = state_make();
	st = open_store(state, STORE_ALL);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	store_close(st);
	arena_fini(&a);
	state_remove(state);
	return 0;
}

#endif
