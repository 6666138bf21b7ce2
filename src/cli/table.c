/* SPDX-License-Identifier: ISC
 *
 * A table: its cells are kept until the widest of each column is known.
 */
#include "cli/table.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/shown.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void table_init(struct table *t, struct arena *arena, const char *const *heading)
{
	*t = (struct table){ .arena = arena };
	while (heading[t->columns])
		t->columns++;
	assert(t->columns <= TABLE_COLUMNS_MAX);
	table_row(t, heading);
}

void table_row(struct table *t, const char *const *cells)
{
	if (t->rows == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->cells = mem_realloc(t->cells, t->cap * t->columns, sizeof(*t->cells));
	}
	for (size_t i = 0; i < t->columns; i++)
		t->cells[t->rows * t->columns + i] = arena_strdup(t->arena, str_of(cells[i]));
	t->rows++;
}

static void print_row(const struct table *t, size_t row, const int *width)
{
	for (size_t i = 0; i < t->columns; i++) {
		const char *cell = t->cells[row * t->columns + i];
		if (i + 1 == t->columns)
			printf("%s\n", cell);
		else
			printf("%s%*s  ", cell, width[i] - (int)shown_columns(cell), "");
	}
}

static void print_table(const struct table *t)
{
	int width[TABLE_COLUMNS_MAX] = { 0 };
	for (size_t i = 0; i < t->rows * t->columns; i++) {
		int n = (int)shown_columns(t->cells[i]);
		if (n > width[i % t->columns])
			width[i % t->columns] = n;
	}
	fputs(cli_colour(CLI_BOLD), stdout);
	print_row(t, 0, width);
	fputs(cli_colour(CLI_PLAIN), stdout);
	for (size_t i = 1; i < t->rows; i++)
		print_row(t, i, width);
}

void table_finish(struct table *t, bool quiet, const char *none)
{
	if (!quiet && t->rows == 1)
		puts(none);
	else if (!quiet)
		print_table(t);
	free(t->cells);
}
