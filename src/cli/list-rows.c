/* SPDX-License-Identifier: ISC
 *
 * The rows of `portreeve list`, of whatever kind: those that are asked for are copied, put in
 * order, cut to the limit, and printed.
 */
#include "cli/list.h"

#include "base/mem.h"
#include "cli/pager.h"
#include "cli/table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct list_rows {
	const struct list_kind *kind;
	const struct list_query *query;
	char *bytes;                         /* n rows of kind->size */
	size_t n, cap;
};

/* A row in order; equal ones stay as they were read. */
struct place {
	struct list_key key;
	enum list_order order;
	size_t at;
};

void list_rows_keep(struct list_rows *rows, const void *row)
{
	const struct list_kind *kind = rows->kind;
	struct list_key key = kind->key(row);
	if (!list_query_fits(rows->query, &key) || (kind->fits && !kind->fits(rows->query, row)))
		return;
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 64;
		rows->bytes = mem_realloc(rows->bytes, rows->cap, kind->size);
	}
	memcpy(rows->bytes + rows->n++ * kind->size, row, kind->size);
}

static const void *row_at(const struct list_rows *rows, size_t i)
{
	assert(i < rows->n);
	return rows->bytes + i * rows->kind->size;
}

static int in_order(const void *va, const void *vb)
{
	const struct place *a = va, *b = vb;
	int by = list_key_cmp(a->order, &a->key, &b->key);
	return by ? by : (a->at > b->at) - (a->at < b->at);
}

static struct place *put_in_order(const struct list_rows *rows)
{
	struct place *places = mem_array(rows->n + 1, sizeof(*places));
	for (size_t i = 0; i < rows->n; i++)
		places[i] = (struct place){
			rows->kind->key(row_at(rows, i)), rows->query->order, i,
		};
	if (rows->query->order != LIST_AS_KEPT)
		qsort(places, rows->n, sizeof(*places), in_order);
	return places;
}

static bool asks_for_one(const struct list_query *q)
{
	return q->ranged && q->range.len == ip_bits(&q->range.ip);
}

static void print_rows(struct list_args *a, const struct list_rows *rows,
                       const struct place *places, size_t n)
{
	const struct list_kind *kind = rows->kind;
	struct table t;
	table_init(&t, &a->cli.arena, kind->heading);
	for (size_t i = 0; i < n; i++) {
		const void *row = row_at(rows, places[i].at);
		const char *cells[TABLE_COLUMNS_MAX] = { 0 };
		if (a->cli.json) {
			kind->json(a, row, cli_json_begin(&a->cli));
			cli_json_end(&a->cli);
			continue;
		}
		kind->cells(a, row, cells);
		table_row(&t, cells);
	}
	struct pager pager;
	pager_begin(&pager, !a->cli.json && n > 0);
	table_finish(&t, a->cli.json,
	             list_query_filters(rows->query) ? "nothing matches" : kind->none);
	if (kind->below && n == 1 && asks_for_one(rows->query) && !a->cli.json)
		kind->below(a, row_at(rows, places[0].at));
	pager_end(&pager);
}

static void print_count(struct list_args *a, size_t n)
{
	if (!a->cli.json) {
		printf("%zu\n", n);
		return;
	}
	json_add_int(cli_json_begin(&a->cli), "count", (int64_t)n);
	cli_json_end(&a->cli);
}

/* What was asked for, of all that match; the usual end is no part of a count. */
static void print_some(struct list_args *a, const struct list_rows *rows)
{
	const struct list_query *q = rows->query;
	struct place *places = put_in_order(rows);
	size_t max = q->max ? q->max : a->count ? 0 : rows->kind->usual_max;
	size_t n = max && max < rows->n ? max : rows->n;
	bool from_end = rows->kind->newest_last && q->order == LIST_AS_KEPT;
	if (a->count)
		print_count(a, n);
	else
		print_rows(a, rows, from_end ? places + (rows->n - n) : places, n);
	if (n < rows->n && !q->max && !a->cli.json)
		cli_note(&a->cli, "%zu of %zu are shown; --limit shows more", n, rows->n);
	free(places);
}

int list_rows_show(struct list_args *a, const struct list_kind *kind)
{
	struct list_rows rows = { .kind = kind, .query = &a->query };
	int code = kind->read(a, &rows);
	if (code == CLI_GO)
		print_some(a, &rows);
	free(rows.bytes);
	return code;
}
