/* SPDX-License-Identifier: ISC
 *
 * Rows in and out: the primitives of store/backend.h over the tables of store/rows.h. Each
 * statement is made of the tables when it is needed first, and kept; values of rows are always
 * bound, never text of a statement.
 */
#include "sqlite/rows-private.h"

#include <assert.h>
#include <stdalign.h>

/* ---- statements ------------------------------------------------------------------ */

enum verb { GET = 1, EACH, GREATEST, ADD, PUT, UPDATE, REMOVE };

/* What a statement is made of, and known by. */
struct shape {
	const struct row_plan *plan;
	enum row_kind kind;
	enum verb verb;
	unsigned index, equal;
	enum row_bound bound;
	bool backward;
	uint32_t columns;              /* those of the row that it reads or writes */
};

static uint64_t shape_number(const struct shape *s)
{
	assert(s->index < 8 && s->equal < 8 && (unsigned)s->kind < 32);
	return (uint64_t)s->kind | (uint64_t)s->verb << 5 | (uint64_t)s->index << 8 |
	       (uint64_t)s->equal << 11 | (uint64_t)s->bound << 14 |
	       (uint64_t)s->backward << 17 | (uint64_t)s->columns << 32;
}

static const struct row_table *table_of(const struct shape *s)
{
	return &row_tables[s->kind];
}

static const struct row_index *index_of(const struct shape *s)
{
	assert(s->index < table_of(s)->index_count);
	return &table_of(s)->indexes[s->index];
}

static struct shape shape_of(const struct db *db, enum row_kind kind, enum verb verb)
{
	const struct row_plan *plan = &db->plans[kind];
	assert(kind < ROW_KINDS && plan->all != 0);
	return (struct shape){ .plan = plan, .kind = kind, .verb = verb, .columns = plan->all };
}

/* Whether the row's column of that number is one of a set. */
static bool has(uint32_t columns, unsigned number)
{
	return columns >> number & 1;
}

static void add_columns(const struct shape *s, const char *behind, struct buf *sql)
{
	const char *between = "";
	assert(s->verb != REMOVE && s->columns != 0);
	for (unsigned i = 0; i < table_of(s)->column_count; i++) {
		if (!has(s->columns, i))
			continue;
		buf_printf(sql, "%s%s%s", between, table_of(s)->columns[i].name, behind);
		between = ", ";
	}
}

/* The first n columns of the index equal what is bound, and the row is one of the index. */
static void add_where(const struct shape *s, unsigned n, struct buf *sql)
{
	static const char *const compare[] = {
		[BOUND_AFTER] = ">", [BOUND_FROM] = ">=", [BOUND_BEFORE] = "<", [BOUND_UPTO] = "<=",
	};
	const struct row_index *index = index_of(s);
	const char *between = " WHERE ";
	assert(n + (s->bound != BOUND_NONE) <= row_index_width(index));
	for (unsigned i = 0; i < n; i++, between = " AND ")
		buf_printf(sql, "%s%s = ?", between, index->columns[i]);
	if (s->bound != BOUND_NONE) {
		buf_printf(sql, "%s%s %s ?", between, index->columns[n], compare[s->bound]);
		between = " AND ";
	}
	if (index->where == WHERE_IS_SET)
		buf_printf(sql, "%s%s IS NOT NULL", between, index->where_column);
	else if (index->where != WHERE_ANY)
		buf_printf(sql, "%s%s %s %lld", between, index->where_column,
		           index->where == WHERE_IS ? "=" : "<>", (long long)index->where_value);
}

static void add_order(const struct shape *s, struct buf *sql)
{
	assert(s->verb == EACH && s->equal <= row_index_width(index_of(s)));
	const struct row_index *index = index_of(s);
	const char *between = " ORDER BY ";
	for (unsigned i = s->equal; index->columns[i]; i++, between = ", ")
		buf_printf(sql, "%s%s%s", between, index->columns[i], s->backward ? " DESC" : "");
}

static void add_conflict(const struct shape *s, struct buf *sql)
{
	const struct row_table *table = table_of(s);
	const struct row_index *key = &table->indexes[BY_KEY];
	const char *between = " ON CONFLICT (";
	assert(s->columns == s->plan->all && s->plan->key != s->plan->all);
	for (const char *const *c = key->columns; *c; c++, between = ", ")
		buf_printf(sql, "%s%s", between, *c);
	between = ") DO UPDATE SET ";
	for (unsigned i = 0; i < table->column_count; i++) {
		const char *name = table->columns[i].name;
		if (has(s->plan->key, i))
			continue;
		buf_printf(sql, "%s%s = excluded.%s", between, name, name);
		between = ", ";
	}
}

static void add_insert(const struct shape *s, struct buf *sql)
{
	const char *between = "";
	assert(s->verb == ADD || s->verb == PUT);
	buf_printf(sql, "INSERT INTO %s (", table_of(s)->name);
	add_columns(s, "", sql);
	buf_add_cstr(sql, ") VALUES (");
	for (unsigned i = 0; i < table_of(s)->column_count; i++) {
		if (has(s->columns, i)) {
			buf_printf(sql, "%s?", between);
			between = ", ";
		}
	}
	buf_add_byte(sql, ')');
	if (s->verb == PUT)
		add_conflict(s, sql);
}

static void write_sql(const struct shape *s, struct buf *sql)
{
	const struct row_table *table = table_of(s);
	switch (s->verb) {
	case GET: case EACH:
		buf_add_cstr(sql, "SELECT ");
		add_columns(s, "", sql);
		buf_printf(sql, " FROM %s", table->name);
		add_where(s, s->equal, sql);
		if (s->verb == EACH)
			add_order(s, sql);
		break;
	case GREATEST:
		buf_add_cstr(sql, "SELECT coalesce(max(");
		add_columns(s, "", sql);
		buf_printf(sql, "), 0) FROM %s", table->name);
		break;
	case ADD: case PUT:
		add_insert(s, sql);
		break;
	case UPDATE:
		buf_printf(sql, "UPDATE %s SET ", table->name);
		add_columns(s, " = ?", sql);
		add_where(s, s->equal, sql);
		break;
	case REMOVE:
		buf_printf(sql, "DELETE FROM %s", table->name);
		add_where(s, s->equal, sql);
	}
}

static struct query shaped(struct db *db, const struct shape *s)
{
	uint64_t number = shape_number(s);
	assert((s->verb == EACH) || s->bound == BOUND_NONE);
	assert(number != 0);
	struct query q = query_kept(db, number);
	if (q.s)
		return q;
	struct buf sql = { 0 };
	write_sql(s, &sql);
	q = query_made(db, number, buf_cstr(&sql));
	buf_fini(&sql);
	return q;
}

/* ---- values ---------------------------------------------------------------------- */

static void bind_column(struct query *q, const struct row_column *c, const void *row)
{
	const void *at = (const char *)row + c->offset;
	double real;
	switch (c->type) {
	case COLUMN_INT: case COLUMN_UINT: case COLUMN_BOOL:
		bind_int(q, row_number(c, row));
		break;
	case COLUMN_REAL:
		memcpy(&real, at, sizeof(real));
		bind_real(q, real);
		break;
	case COLUMN_TEXT: bind_text(q, at); break;
	case COLUMN_BLOB: bind_blob(q, *(const struct str *)at); break;
	case COLUMN_IP: bind_ip(q, at); break;
	case COLUMN_PREFIX: bind_prefix(q, at); break;
	}
}

static void bind_row(struct query *q, const struct shape *s, const void *row)
{
	assert(s->verb >= ADD && q->bound == 0);
	for (unsigned i = 0; i < table_of(s)->column_count; i++)
		if (has(s->columns, i))
			bind_column(q, &table_of(s)->columns[i], row);
}

/* The first n columns of the index. */
static void bind_index(struct query *q, const struct shape *s, unsigned n, const void *row)
{
	assert(s->index < table_of(s)->index_count && n <= s->plan->width[s->index]);
	for (unsigned i = 0; i < n; i++)
		bind_column(q, &table_of(s)->columns[s->plan->columns[s->index][i]], row);
}

static void read_column(struct query *q, const struct row_column *c, void *row,
                        struct arena *blobs)
{
	void *at = (char *)row + c->offset;
	double real;
	switch (c->type) {
	case COLUMN_INT: case COLUMN_UINT: case COLUMN_BOOL:
		row_number_set(c, row, col_int(q));
		break;
	case COLUMN_REAL:
		real = col_real(q);
		memcpy(at, &real, sizeof(real));
		break;
	case COLUMN_TEXT: col_text(q, at, c->size); break;
	case COLUMN_BLOB: *(struct str *)at = col_blob(q, blobs); break;
	case COLUMN_IP: col_ip(q, at); break;
	case COLUMN_PREFIX: col_prefix(q, at); break;
	}
}

static void read_row(struct query *q, const struct shape *s, void *row, struct arena *blobs)
{
	assert(table_of(s)->size <= ROW_BYTES_MAX);
	assert((blobs != NULL) == ((s->columns & s->plan->blobs) != 0) || s->plan->blobs == 0);
	memset(row, 0, table_of(s)->size);
	for (unsigned i = 0; i < table_of(s)->column_count; i++)
		if (has(s->columns, i))
			read_column(q, &table_of(s)->columns[i], row, blobs);
}

/* ---- the primitives -------------------------------------------------------------- */

int rows_get(struct db *db, enum row_kind kind, unsigned index, void *row, struct arena *blobs)
{
	alignas(max_align_t) char found[ROW_BYTES_MAX];
	struct shape s = shape_of(db, kind, GET);
	s.index = index;
	s.equal = s.plan->width[index];
	if (!blobs)
		s.columns &= ~s.plan->blobs;
	struct query q = shaped(db, &s);
	bind_index(&q, &s, s.equal, row);
	assert(index_of(&s)->unique == true);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	read_row(&q, &s, found, blobs);
	e = query_end(&q);
	if (e == ERR_OK)
		memcpy(row, found, table_of(&s)->size);
	return e;
}

int rows_each(struct db *db, enum row_kind kind, const struct row_range *range,
              struct arena *blobs, row_seen *seen, void *context)
{
	alignas(max_align_t) char row[ROW_BYTES_MAX];
	struct shape s = shape_of(db, kind, EACH);
	s.index = range->index;
	s.equal = range->equal;
	s.bound = range->bound;
	s.backward = range->backward;
	if (!blobs)
		s.columns &= ~s.plan->blobs;
	struct query q = shaped(db, &s);
	int e, said = 0;
	assert(s.equal + (s.bound != BOUND_NONE) == 0 || range->row != NULL);
	bind_index(&q, &s, s.equal + (s.bound != BOUND_NONE), range->row);
	while ((e = query_step(&q)) == 1) {
		read_row(&q, &s, row, blobs);
		if (q.damaged || (said = seen(context, row)) != 0)
			return query_stop(&q, said);
	}
	return e;
}

int rows_greatest(struct db *db, enum row_kind kind, const char *column, int64_t *value)
{
	struct shape s = shape_of(db, kind, GREATEST);
	s.columns = 1u << (row_column(kind, column) - table_of(&s)->columns);
	assert((s.columns & s.plan->all) != 0);
	struct query q = shaped(db, &s);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*value = col_int(&q);
	return query_end(&q);
}

int rows_add(struct db *db, enum row_kind kind, void *row)
{
	struct shape s = shape_of(db, kind, ADD);
	if (table_of(&s)->numbered)
		s.columns &= ~s.plan->key;
	struct query q = shaped(db, &s);
	bind_row(&q, &s, row);
	int e = query_run(&q);
	assert(e != ERR_OK || db_changes(db) == 1);
	if (e == ERR_OK && table_of(&s)->numbered)
		row_number_set(&table_of(&s)->columns[s.plan->columns[BY_KEY][0]], row,
		               sqlite3_last_insert_rowid(db->h));
	return e;
}

int rows_put(struct db *db, enum row_kind kind, const void *row)
{
	struct shape s = shape_of(db, kind, PUT);
	assert(!table_of(&s)->numbered);
	struct query q = shaped(db, &s);
	bind_row(&q, &s, row);
	return query_run(&q);
}

/* The columns that indexes depend on, and that stand as they are in *row. */
static int find_same(struct db *db, enum row_kind kind, const void *row, uint32_t *same)
{
	alignas(max_align_t) char there[ROW_BYTES_MAX];
	struct shape s = shape_of(db, kind, GET);
	s.equal = s.plan->width[BY_KEY];
	s.columns = s.plan->indexed;
	*same = 0;
	struct query q = shaped(db, &s);
	bind_index(&q, &s, s.equal, row);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	read_row(&q, &s, there, NULL);
	e = query_end(&q);
	for (unsigned i = 0; e == ERR_OK && i < table_of(&s)->column_count; i++)
		if (has(s.columns, i) && row_column_cmp(&table_of(&s)->columns[i], row, there) == 0)
			*same |= 1u << i;
	assert((*same & ~s.columns) == 0);
	return e;
}

/* SQLite writes each index of which a column is set, whether it changes or not: those that stay
 * as they are are left out. Within a transaction alone: no other writer comes in between. */
int rows_update(struct db *db, enum row_kind kind, const void *row)
{
	struct shape s = shape_of(db, kind, UPDATE);
	uint32_t same = 0;
	int e = s.plan->indexed != 0 && !sqlite3_get_autocommit(db->h) ?
	        find_same(db, kind, row, &same) : ERR_OK;
	if (e != ERR_OK)
		return e;
	s.columns &= ~(s.plan->key | same);
	s.equal = s.plan->width[BY_KEY];
	assert(s.columns != 0);
	struct query q = shaped(db, &s);
	bind_row(&q, &s, row);
	bind_index(&q, &s, s.equal, row);
	e = query_run(&q);
	assert(e != ERR_OK || db_changes(db) <= 1);
	return e == ERR_OK && db_changes(db) == 0 ? ERR_NOT_FOUND : e;
}

int rows_remove(struct db *db, enum row_kind kind, const void *row)
{
	struct shape s = shape_of(db, kind, REMOVE);
	s.columns = 0;
	s.equal = s.plan->width[BY_KEY];
	struct query q = shaped(db, &s);
	bind_index(&q, &s, s.equal, row);
	int e = query_run(&q);
	assert(e != ERR_OK || db_changes(db) <= 1);
	return e == ERR_OK && db_changes(db) == 0 ? ERR_NOT_FOUND : e;
}
