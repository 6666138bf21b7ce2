/* SPDX-License-Identifier: ISC
 *
 * Between the use cases and a backend: the one place that checks what an opener may write and
 * that transactions are what they should be, and what is made of the primitives for all. The
 * check guards against our own mistakes; what holds against a role that was taken over is how
 * its backend was opened, and its sandbox.
 */
#include "store/backend.h"

#include "store/fuse.h"
#include "store/store.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

void store_init(struct store *st, const struct backend_ops *ops, unsigned may_write)
{
	assert((may_write & ~(unsigned)STORE_ALL) == 0);
	st->ops = ops;
	st->may_write = may_write;
	st->fuse = fuse_default;
	st->clock_jump_max_s = STORE_CLOCK_JUMP_MAX_S;
}

void store_fini(struct store *st)
{
	assert(!st->open);
	arena_fini(&st->consents.arena);
	buf_fini(&st->message);
}

int store_fail(struct store *st, int err, const char *fmt, ...)
{
	va_list ap;
	assert(err < 0);
	va_start(ap, fmt);
	buf_clear(&st->message);
	buf_vprintf(&st->message, fmt, ap);
	va_end(ap);
	return err;
}

/* ---- who may write --------------------------------------------------------------- */

bool store_may_write(const struct store *st, enum row_kind kind)
{
	assert(kind < ROW_KINDS);
	return (st->may_write & row_tables[kind].writers) != 0;
}

static int allow(struct store *st, enum row_kind kind)
{
	if (store_may_write(st, kind))
		return ERR_OK;
	return store_fail(st, ERR_DENIED, "store: to write %s is not allowed to this process",
	                  row_tables[kind].name);
}

/* ---- transactions ---------------------------------------------------------------- */

static int begin(struct store *st, enum row_place place, bool write)
{
	assert(place < ROW_PLACES && !st->open);
	buf_clear(&st->message);
	int e = st->ops->begin(st, place, write);
	st->open = e == ERR_OK;
	st->open_place = place;
	st->writing[place] = e == ERR_OK && write;
	return e;
}

int store_begin(struct store *st, enum row_place place, unsigned needs, const char *what)
{
	if ((st->may_write & needs) == needs)
		return begin(st, place, true);
	return store_fail(st, ERR_DENIED, "store: %s is not allowed to this process", what);
}

int store_begin_read(struct store *st, enum row_place place)
{
	return begin(st, place, false);
}

int store_end(struct store *st, int e)
{
	assert(st->open && e <= 0);
	st->open = false;
	st->writing[st->open_place] = false;
	return st->ops->end(st, e);
}

/* ---- rows ------------------------------------------------------------------------ */

int row_get(struct store *st, enum row_kind kind, unsigned index, void *row, struct arena *blobs)
{
	assert(index < row_tables[kind].index_count && row_tables[kind].indexes[index].unique);
	return st->ops->get(st, kind, index, row, blobs);
}

int row_each(struct store *st, enum row_kind kind, const struct row_range *range,
             struct arena *blobs, row_seen *seen, void *context)
{
	assert(range->index < row_tables[kind].index_count);
	assert(range->row || (range->equal == 0 && range->bound == BOUND_NONE));
	assert(range->equal + (range->bound != BOUND_NONE) <=
	       row_index_width(&row_tables[kind].indexes[range->index]));
	return st->ops->each(st, kind, range, blobs, seen, context);
}

int row_greatest(struct store *st, enum row_kind kind, const char *column, int64_t *value)
{
	assert(row_column(kind, column)->type <= COLUMN_BOOL);
	return st->ops->greatest(st, kind, column, value);
}

int row_add(struct store *st, enum row_kind kind, void *row)
{
	int e = allow(st, kind);
	assert(kind != ROW_JOURNAL);
	if (e == ERR_OK)
		e = st->ops->add(st, kind, row);
	assert(e != ERR_OK || !row_tables[kind].numbered ||
	       row_number(row_column(kind, row_tables[kind].indexes[BY_KEY].columns[0]), row) > 0);
	return e;
}

int row_put(struct store *st, enum row_kind kind, const void *row)
{
	const struct row_table *table = &row_tables[kind];
	assert(!table->numbered);
	for (unsigned i = 1; i < table->index_count; i++)
		assert(!table->indexes[i].unique);
	int e = allow(st, kind);
	return e == ERR_OK ? st->ops->put(st, kind, row) : e;
}

int row_update(struct store *st, enum row_kind kind, const void *row)
{
	int e = allow(st, kind);
	return e == ERR_OK ? st->ops->update(st, kind, row) : e;
}

int row_remove(struct store *st, enum row_kind kind, const void *row)
{
	int e = allow(st, kind);
	assert(kind != ROW_JOURNAL);
	return e == ERR_OK ? st->ops->remove(st, kind, row) : e;
}

/* ---- made of them ---------------------------------------------------------------- */

struct first {
	void *row;
	size_t size;
	bool found;
};

static int take_first(void *context, const void *row)
{
	struct first *f = context;
	memcpy(f->row, row, f->size);
	f->found = true;
	return 1;
}

int row_first(struct store *st, enum row_kind kind, const struct row_range *range, void *row,
              struct arena *blobs)
{
	max_align_t copy[ROW_BYTES_MAX / sizeof(max_align_t)];
	struct first f = { .row = copy, .size = row_tables[kind].size };
	assert(f.size <= sizeof(copy));
	int e = row_each(st, kind, range, blobs, take_first, &f);
	if (e == ERR_OK && f.found)
		memcpy(row, copy, f.size);
	return e == ERR_OK && !f.found ? ERR_NOT_FOUND : e;
}

struct gathering {
	const struct row_wish *wish;
	size_t size, n, room;
	char *rows;
};

static int gather(void *context, const void *row)
{
	struct gathering *g = context;
	if (g->wish->fits && !g->wish->fits(g->wish->context, row))
		return 0;
	if (g->n == g->room) {
		g->room = g->room ? g->room * 2 : g->wish->max == 1 ? 1 : 16;
		g->rows = mem_realloc(g->rows, g->room, g->size);
	}
	memcpy(g->rows + g->n++ * g->size, row, g->size);
	return g->n == g->wish->max;
}

int row_list(struct store *st, enum row_kind kind, const struct row_wish *wish, struct arena *a,
             void *rows, size_t *n)
{
	struct gathering g = { .wish = wish, .size = row_tables[kind].size };
	void *copy = NULL;
	int e = row_each(st, kind, &wish->range, wish->with_blobs ? a : NULL, gather, &g);
	if (e == ERR_OK && g.n) {
		copy = arena_alloc(a, g.n * g.size);
		memcpy(copy, g.rows, g.n * g.size);
	}
	*n = copy ? g.n : 0;
	memcpy(rows, &copy, sizeof(copy));     /* any struct's pointer */
	free(g.rows);
	assert(wish->max == 0 || *n <= wish->max);
	return e;
}

int row_clear(struct store *st, enum row_kind kind, const struct row_range *range,
              size_t *removed)
{
	struct arena a = { 0 };
	struct row_wish wish = { .range = *range };
	char *rows = NULL;
	size_t n = 0;
	int e = row_list(st, kind, &wish, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = row_remove(st, kind, rows + i * row_tables[kind].size);
	if (removed)
		*removed = e == ERR_OK ? n : 0;
	arena_fini(&a);
	return e;
}
