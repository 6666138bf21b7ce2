/* SPDX-License-Identifier: ISC
 *
 * The tables of store/rows.h by numbers, made when a database is opened, so that no call looks
 * a column up by its name.
 */
#include "sqlite/rows-private.h"

#include <assert.h>

static unsigned number_of(enum row_kind kind, const char *column)
{
	unsigned number = (unsigned)(row_column(kind, column) - row_tables[kind].columns);
	assert(number < row_tables[kind].column_count && number < ROW_COLUMNS_MAX);
	return number;
}

static void plan_index(struct row_plan *plan, enum row_kind kind, unsigned i)
{
	const struct row_index *index = &row_tables[kind].indexes[i];
	uint32_t *columns = i == BY_KEY ? &plan->key : &plan->indexed;
	plan->width[i] = (uint8_t)row_index_width(index);
	for (unsigned c = 0; c < plan->width[i]; c++) {
		plan->columns[i][c] = (uint8_t)number_of(kind, index->columns[c]);
		*columns |= 1u << plan->columns[i][c];
	}
	if (index->where != WHERE_ANY)
		*columns |= 1u << number_of(kind, index->where_column);
}

void rows_plan(struct row_plan plans[static ROW_KINDS])
{
	for (unsigned kind = 0; kind < ROW_KINDS; kind++) {
		const struct row_table *table = &row_tables[kind];
		struct row_plan *plan = &plans[kind];
		*plan = (struct row_plan){ 0 };
		for (unsigned c = 0; c < table->column_count; c++) {
			plan->all |= 1u << c;
			if (table->columns[c].type == COLUMN_BLOB)
				plan->blobs |= 1u << c;
		}
		for (unsigned i = 0; i < table->index_count; i++)
			plan_index(plan, (enum row_kind)kind, i);
		/* A blob may not have been read: nothing is compared with it. */
		plan->indexed &= ~(plan->key | plan->blobs);
		assert(plan->key != 0 && (plan->key & ~plan->all) == 0);
	}
}
