/* SPDX-License-Identifier: ISC
 *
 * Rows are kept in order of their key, each by itself with its blobs behind it. A transaction
 * begins with a copy of its place, which comes back if it is undone.
 */
#include "memory.h"

#include "base/mem.h"
#include "store/backend.h"
#include "store/upkeep.h"

#include <assert.h>
#include <stdlib.h>

/* The rows of one kind. */
struct shelf {
	void **rows;
	size_t n;
	int64_t last;                  /* the greatest number that was given */
};

/* What all see that open the same name. */
struct world {
	char *name;
	unsigned open;
	int64_t commits;
	struct shelf shelves[ROW_KINDS];
	struct world *next;
};
static struct world *worlds;

struct memory {
	struct store base;             /* first */
	struct world *world;
	struct shelf before[ROW_KINDS];
	int err;
	unsigned looks[ROW_KINDS];
};

static struct memory *memory_of(struct store *st)
{
	return (struct memory *)st;
}

static struct shelf *shelf_of(struct store *st, enum row_kind kind)
{
	return &memory_of(st)->world->shelves[kind];
}

static const struct row_index *key_of(enum row_kind kind)
{
	return &row_tables[kind].indexes[BY_KEY];
}

/* ---- copies ---------------------------------------------------------------------- */

static struct str *blob_of(const struct row_column *c, void *row)
{
	return c->type == COLUMN_BLOB ? (struct str *)(void *)((char *)row + c->offset) : NULL;
}

/* What is a column of a row, on the heap, with its blobs in the same piece. */
static void *row_copy(enum row_kind kind, const void *row)
{
	const struct row_table *table = &row_tables[kind];
	size_t size = table->size;
	for (unsigned i = 0; i < table->column_count; i++) {
		struct str *blob = blob_of(&table->columns[i], (void *)(uintptr_t)row);
		size += blob ? blob->n : 0;
	}
	char *copy = mem_zalloc(size), *at = copy + table->size;
	for (unsigned i = 0; i < table->column_count; i++) {
		const struct row_column *c = &table->columns[i];
		memcpy(copy + c->offset, (const char *)row + c->offset, c->size);
		struct str *blob = blob_of(c, copy);
		if (!blob)
			continue;
		if (blob->n)
			memcpy(at, blob->p, blob->n);
		blob->p = at;
		at += blob->n;
	}
	assert(at == copy + size);
	return copy;
}

/* What a reader gets: blobs of his arena, or none. */
static void row_give(enum row_kind kind, const void *row, void *out, struct arena *blobs)
{
	const struct row_table *table = &row_tables[kind];
	memcpy(out, row, table->size);
	for (unsigned i = 0; i < table->column_count; i++) {
		struct str *blob = blob_of(&table->columns[i], out);
		if (blob)
			*blob = blobs ? arena_str(blobs, *blob) : (struct str){ 0 };
	}
}

static struct shelf shelf_copy(enum row_kind kind, const struct shelf *from)
{
	struct shelf to = { .n = from->n, .last = from->last };
	to.rows = mem_array(from->n + 1, sizeof(void *));
	for (size_t i = 0; i < from->n; i++)
		to.rows[i] = row_copy(kind, from->rows[i]);
	return to;
}

static void shelf_clear(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->n; i++)
		free(shelf->rows[i]);
	free(shelf->rows);
	*shelf = (struct shelf){ 0 };
}

/* ---- transactions ---------------------------------------------------------------- */

static int memory_begin(struct store *st, enum row_place place, bool write)
{
	struct memory *m = memory_of(st);
	for (enum row_kind kind = 0; m->err == ERR_OK && write && kind < ROW_KINDS; kind++)
		if (row_tables[kind].place == place)
			m->before[kind] = shelf_copy(kind, &m->world->shelves[kind]);
	return m->err ? store_fail(st, m->err, "memory fails") : ERR_OK;
}

static int memory_end(struct store *st, int e)
{
	struct memory *m = memory_of(st);
	for (enum row_kind kind = 0; kind < ROW_KINDS; kind++) {
		if (!m->before[kind].rows)
			continue;
		struct shelf *now = &m->world->shelves[kind];
		struct shelf gone = e == ERR_OK ? m->before[kind] : *now;
		if (e != ERR_OK)
			*now = m->before[kind];
		m->before[kind] = (struct shelf){ 0 };
		shelf_clear(&gone);
	}
	m->world->commits += e == ERR_OK;
	return e;
}

/* ---- reading --------------------------------------------------------------------- */

static bool in_range(enum row_kind kind, const struct row_range *range, const void *row)
{
	const struct row_index *index = &row_tables[kind].indexes[range->index];
	if (!row_index_holds(kind, index, row) ||
	    (range->equal && row_index_cmp(kind, index, range->equal, row, range->row) != 0))
		return false;
	if (range->bound == BOUND_NONE)
		return true;
	int by = row_column_cmp(row_column(kind, index->columns[range->equal]), row, range->row);
	switch (range->bound) {
	case BOUND_AFTER: return by > 0;
	case BOUND_FROM: return by >= 0;
	case BOUND_BEFORE: return by < 0;
	default: return by <= 0;
	}
}

static struct { enum row_kind kind; const struct row_index *index; } sorting;

static int by_index(const void *a, const void *b)
{
	const void *const *x = a, *const *y = b;
	return row_index_cmp(sorting.kind, sorting.index, row_index_width(sorting.index), *x, *y);
}

/* The rows of a range in order of its index. */
static size_t sorted(struct store *st, enum row_kind kind, const struct row_range *range,
                     void ***rows)
{
	struct shelf *shelf = shelf_of(st, kind);
	size_t n = 0;
	*rows = mem_array(shelf->n + 1, sizeof(void *));
	for (size_t i = 0; i < shelf->n; i++)
		if (in_range(kind, range, shelf->rows[i]))
			(*rows)[n++] = shelf->rows[i];
	sorting.kind = kind;
	sorting.index = &row_tables[kind].indexes[range->index];
	if (range->index != BY_KEY)
		qsort(*rows, n, sizeof(void *), by_index);
	return n;
}

static int memory_each(struct store *st, enum row_kind kind, const struct row_range *range,
                       struct arena *blobs, row_seen *seen, void *context)
{
	max_align_t row[ROW_BYTES_MAX / sizeof(max_align_t)];
	void **rows;
	int said = 0;
	memory_of(st)->looks[kind]++;
	if (memory_of(st)->err)
		return store_fail(st, memory_of(st)->err, "memory fails");
	size_t n = sorted(st, kind, range, &rows);
	for (size_t i = 0; i < n && said == 0; i++) {
		row_give(kind, rows[range->backward ? n - 1 - i : i], row, blobs);
		said = seen(context, row);
	}
	free(rows);
	return said < 0 ? said : ERR_OK;
}

/* The place of a row in its shelf by that index; n if it is not there. */
static size_t find(struct store *st, enum row_kind kind, unsigned index, const void *row)
{
	struct shelf *shelf = shelf_of(st, kind);
	const struct row_index *by = &row_tables[kind].indexes[index];
	size_t i = 0;
	while (i < shelf->n &&
	       (!row_index_holds(kind, by, shelf->rows[i]) ||
	        row_index_cmp(kind, by, row_index_width(by), shelf->rows[i], row) != 0))
		i++;
	return i;
}

static int memory_get(struct store *st, enum row_kind kind, unsigned index, void *row,
                      struct arena *blobs)
{
	struct shelf *shelf = shelf_of(st, kind);
	if (memory_of(st)->err)
		return store_fail(st, memory_of(st)->err, "memory fails");
	size_t at = find(st, kind, index, row);
	if (at == shelf->n)
		return ERR_NOT_FOUND;
	row_give(kind, shelf->rows[at], row, blobs);
	return ERR_OK;
}

static int memory_greatest(struct store *st, enum row_kind kind, const char *column,
                           int64_t *value)
{
	struct shelf *shelf = shelf_of(st, kind);
	const struct row_column *c = row_column(kind, column);
	*value = 0;
	for (size_t i = 0; i < shelf->n; i++) {
		int64_t number = row_number(c, shelf->rows[i]);
		*value = i == 0 || number > *value ? number : *value;
	}
	return memory_of(st)->err ? store_fail(st, memory_of(st)->err, "memory fails") : ERR_OK;
}

/* ---- writing --------------------------------------------------------------------- */

/* Whether another row than `but` has what must be unique. */
static bool clashes(struct store *st, enum row_kind kind, const void *row, size_t but)
{
	const struct row_table *table = &row_tables[kind];
	for (unsigned i = 0; i < table->index_count; i++) {
		const struct row_index *index = &table->indexes[i];
		if (!index->unique || !row_index_holds(kind, index, row))
			continue;
		size_t at = find(st, kind, i, row);
		if (at < shelf_of(st, kind)->n && at != but)
			return true;
	}
	return false;
}

static void insert(struct shelf *shelf, enum row_kind kind, const void *row)
{
	size_t at = shelf->n, width = row_index_width(key_of(kind));
	shelf->rows = mem_realloc(shelf->rows, shelf->n + 1, sizeof(void *));
	while (at > 0 && row_index_cmp(kind, key_of(kind), (unsigned)width, shelf->rows[at - 1],
	                               row) > 0)
		at--;
	memmove(&shelf->rows[at + 1], &shelf->rows[at], (shelf->n - at) * sizeof(void *));
	shelf->rows[at] = row_copy(kind, row);
	shelf->n++;
}

static int memory_add(struct store *st, enum row_kind kind, void *row)
{
	struct shelf *shelf = shelf_of(st, kind);
	if (row_tables[kind].numbered)
		row_number_set(row_column(kind, key_of(kind)->columns[0]), row, shelf->last + 1);
	if (clashes(st, kind, row, SIZE_MAX))
		return store_fail(st, ERR_EXISTS, "%s: there already", row_tables[kind].name);
	shelf->last += row_tables[kind].numbered;
	insert(shelf, kind, row);
	return memory_of(st)->err;
}

static int memory_update(struct store *st, enum row_kind kind, const void *row)
{
	struct shelf *shelf = shelf_of(st, kind);
	size_t at = find(st, kind, BY_KEY, row);
	if (at == shelf->n)
		return ERR_NOT_FOUND;
	if (clashes(st, kind, row, at))
		return store_fail(st, ERR_EXISTS, "%s: there already", row_tables[kind].name);
	void *copy = row_copy(kind, row);
	free(shelf->rows[at]);
	shelf->rows[at] = copy;
	return memory_of(st)->err;
}

static int memory_put(struct store *st, enum row_kind kind, const void *row)
{
	int e = memory_update(st, kind, row);
	if (e == ERR_NOT_FOUND) {
		insert(shelf_of(st, kind), kind, row);
		e = ERR_OK;
	}
	return e;
}

static int memory_remove(struct store *st, enum row_kind kind, const void *row)
{
	struct shelf *shelf = shelf_of(st, kind);
	size_t at = find(st, kind, BY_KEY, row);
	if (at == shelf->n)
		return ERR_NOT_FOUND;
	free(shelf->rows[at]);
	shelf->n--;
	memmove(&shelf->rows[at], &shelf->rows[at + 1], (shelf->n - at) * sizeof(void *));
	return memory_of(st)->err;
}

static int memory_journal(struct store *st, const struct journal_entry *entry)
{
	struct journal_entry row = *entry;
	return memory_add(st, ROW_JOURNAL, &row);
}

static int memory_changed(struct store *st, int64_t *version)
{
	*version = memory_of(st)->world->commits;
	return ERR_OK;
}

static int memory_check(struct store *st)
{
	return memory_of(st)->err;
}

static int memory_backup(struct store *st, const struct store_copy *list,
                         const struct store_copy *returns,
                         const struct store_copy *accounts)
{
	(void)list, (void)returns, (void)accounts;
	return store_fail(st, ERR_UNSUPPORTED, "memory has no copy");
}

/* ---- opening --------------------------------------------------------------------- */

static void memory_close(struct store *st)
{
	memory_of(st)->world->open--;
	store_fini(st);
	free(st);
}

static const struct backend_ops memory_ops = {
	.close = memory_close, .begin = memory_begin, .end = memory_end, .get = memory_get,
	.each = memory_each, .greatest = memory_greatest, .add = memory_add, .put = memory_put,
	.update = memory_update, .remove = memory_remove, .journal = memory_journal,
	.changed = memory_changed, .check = memory_check, .backup = memory_backup,
};

static struct world *world_of(const char *name)
{
	struct world *w = worlds;
	while (w && strcmp(w->name, name) != 0)
		w = w->next;
	if (!w) {
		w = mem_zalloc(sizeof(*w));
		w->name = mem_strdup(name);
		w->next = worlds;
		worlds = w;
	}
	return w;
}

struct store *memory_open(const char *name, unsigned may_write)
{
	struct memory *m = mem_zalloc(sizeof(*m));
	store_init(&m->base, &memory_ops, may_write);
	m->world = world_of(name);
	m->world->open++;
	m->base.names[PLACE_LIST] = "portreeve.db";
	m->base.names[PLACE_RETURNS] = "returns.db";
	m->base.names[PLACE_ACCOUNTS] = "accounts.db";
	return &m->base;
}

void memory_forget(const char *name)
{
	struct world **at = &worlds;
	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	struct world *w = *at;
	if (!w)
		return;
	assert(w->open == 0);
	*at = w->next;
	for (enum row_kind kind = 0; kind < ROW_KINDS; kind++)
		shelf_clear(&w->shelves[kind]);
	free(w->name);
	free(w);
}

void memory_fail(struct store *st, int err)
{
	memory_of(st)->err = err;
}

unsigned memory_looks(struct store *st, enum row_kind kind)
{
	return memory_of(st)->looks[kind];
}
