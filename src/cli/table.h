/* SPDX-License-Identifier: ISC
 *
 * A table for people: columns as wide as their widest cell, printed at the end.
 */
#ifndef PORTREEVE_CLI_TABLE_H
#define PORTREEVE_CLI_TABLE_H

#include "base/arena.h"

enum { TABLE_COLUMNS_MAX = 8 };

struct table {
	struct arena *arena;                  /* keeps the cells */
	size_t columns, rows, cap;
	const char **cells;                   /* row by row; the heading is row 0 */
};

/* `heading` has the columns' names, NULL behind the last. */
void table_init(struct table *t, struct arena *arena, const char *const *heading);
/* As many cells as there are columns; copied. Text must be safe for a terminal. */
void table_row(struct table *t, const char *const *cells);
/* Prints it on stdout, or only `none` if it has no rows; not if `quiet` (something
 * else was printed for machines). Frees. */
void table_finish(struct table *t, bool quiet, const char *none);

#endif
