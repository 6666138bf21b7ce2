/* SPDX-License-Identifier: ISC
 *
 * A tiny backend in memory, generic over store/rows.h: the second one that the contract's tests
 * run against. All that open the same name see the same rows, as long as one has it open or
 * memory_forget() was not called. One process.
 */
#ifndef PORTREEVE_TESTS_STORE_MEMORY_H
#define PORTREEVE_TESTS_STORE_MEMORY_H

#include "store/rows.h"
#include "store/store.h"

struct store *memory_open(const char *name, unsigned may_write);
void memory_forget(const char *name);
/* What each operation returns from now on, instead of working: a store that fails. */
void memory_fail(struct store *st, int err);
/* How often rows of that kind were looked over. */
unsigned memory_looks(struct store *st, enum row_kind kind);

#endif
