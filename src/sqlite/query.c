/* SPDX-License-Identifier: ISC
 *
 * Cached queries, which all of the room is written in: how they bind and read values, and how
 * SQLite's errors become ours.
 */
#include "sqlite/sqlite-private.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>

enum { QUERY_MADE_MAX = QUERY_CACHE * 3 / 4 };

/* ---- errors ---------------------------------------------------------------- */

/* The errno behind an I/O error: kept with the handle, or with the file that failed. */
static int errno_of(sqlite3 *h)
{
	int errnum = sqlite3_system_errno(h);
	sqlite3_file *wal = NULL;
	if (errnum == 0 && sqlite3_file_control(h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) ==
	    SQLITE_OK && wal && wal->pMethods)
		wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &errnum);
	if (errnum == 0)
		sqlite3_file_control(h, "main", SQLITE_FCNTL_LAST_ERRNO, &errnum);
	assert(errnum >= 0);
	return errnum;
}

static int io_err(int rc, int errnum)
{
	assert((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN);
	if (rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS)
		return ERR_CORRUPT;
	if (rc == SQLITE_IOERR_SHMSIZE)
		return ERR_FULL;               /* the -shm file could not grow */
	if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
		return ERR_FULL;
	return errnum ? file_err(errnum) : ERR_IO;
}

static int readonly_err(int rc)
{
	assert((rc & 0xff) == SQLITE_READONLY);
	/* A reader that may not write the -shm file waits for a writer to mend it. */
	if (rc == SQLITE_READONLY_RECOVERY || rc == SQLITE_READONLY_CANTINIT ||
	    rc == SQLITE_READONLY_CANTLOCK)
		return ERR_BUSY;
	return ERR_DENIED;
}

static int constraint_err(int rc)
{
	assert((rc & 0xff) == SQLITE_CONSTRAINT);
	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    rc == SQLITE_CONSTRAINT_ROWID)
		return ERR_EXISTS;
	return ERR_INVALID;
}

static int err_of(int rc, int errnum)
{
	switch (rc & 0xff) {
	case SQLITE_OK: case SQLITE_ROW: case SQLITE_DONE: return ERR_OK;
	case SQLITE_BUSY: case SQLITE_LOCKED: case SQLITE_PROTOCOL: return ERR_BUSY;
	case SQLITE_FULL: return ERR_FULL;
	case SQLITE_TOOBIG: return ERR_LIMIT;
	case SQLITE_READONLY: return readonly_err(rc);
	case SQLITE_PERM: case SQLITE_AUTH: return ERR_DENIED;
	case SQLITE_CONSTRAINT: return constraint_err(rc);
	case SQLITE_CANTOPEN: case SQLITE_IOERR: return io_err(rc, errnum);
	default: return ERR_CORRUPT;   /* CORRUPT, NOTADB, FORMAT, and a table that is not there */
	}
}

int db_error(struct db *db, int rc)
{
	int errnum = db->h ? errno_of(db->h) : errno;
	int e = err_of(rc, errnum);
	const char *detail = db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc);

	assert((rc & 0xff) != SQLITE_NOMEM && (rc & 0xff) != SQLITE_MISUSE &&
	       (rc & 0xff) != SQLITE_RANGE);
	buf_clear(db->message);
	buf_printf(db->message, "%s: ", db->path);
	switch (e) {
	case ERR_FULL:
		buf_add_cstr(db->message, "disk or quota full; nothing was changed");
		break;
	case ERR_BUSY:
		buf_add_cstr(db->message, (rc & 0xff) == SQLITE_READONLY ?
		             "a writer was cut off; any command that changes something mends it, "
		             "called by root or by its owner" :
		             "locked by another process; nothing was changed");
		break;
	case ERR_CORRUPT:
		buf_printf(db->message, "damaged, or not a database (%s)", detail);
		break;
	case ERR_NOT_FOUND:
		buf_add_cstr(db->message, "no such file; a command or the tester makes it");
		break;
	case ERR_DENIED:
		if (rc == SQLITE_READONLY_ROLLBACK)
			buf_add_cstr(db->message, "a change was cut off; any command that changes "
			             "something, or \"portreeve run\", undoes it");
		else
			buf_printf(db->message, "no permission (%s)", detail);
		break;
	default:
		buf_add_cstr(db->message, detail);
		if (e == ERR_IO && errnum)
			buf_printf(db->message, " (%s)", strerror(errnum));
	}
	return e;
}

/* ---- queries --------------------------------------------------------------- */
/* What went into a file that has been replaced is not on disk for anybody. */
int db_check_written(struct db *db)
{
	int e = place_check(db);
	return e == ERR_NOT_FOUND ? ERR_CLOSED : e;
}

int db_changes(struct db *db)
{
	return sqlite3_changes(db->h);
}

int db_exec(struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? ERR_OK : db_error(db, rc);
}

struct query query(struct db *db, const char *text)
{
	struct query q = { .db = db };
	for (size_t i = 0; i < db->cached; i++) {
		if (db->cache[i].text == text) {
			q.s = db->cache[i].statement;
			return q;
		}
	}
	assert(db->cached < QUERY_CACHE);
	q.rc = sqlite3_prepare_v3(db->h, text, -1, SQLITE_PREPARE_PERSISTENT, &q.s, NULL);
	if (q.rc == SQLITE_OK) {
		db->cache[db->cached].text = text;
		db->cache[db->cached++].statement = q.s;
	}
	return q;
}

/* Where the statement of that number is kept, or would be: some places stay free. */
static size_t made_place(const struct db *db, uint64_t number)
{
	size_t i = (size_t)((number * 0x9e3779b97f4a7c15) >> 32) % QUERY_CACHE;
	assert(number != 0 && db->made_count <= QUERY_MADE_MAX);
	while (db->made[i].number != 0 && db->made[i].number != number)
		i = (i + 1) % QUERY_CACHE;
	return i;
}

struct query query_kept(struct db *db, uint64_t number)
{
	struct query q = { .db = db };
	size_t i = made_place(db, number);
	assert((db->made[i].number == 0) == (db->made[i].statement == NULL));
	if (db->made[i].number != 0 && !sqlite3_stmt_busy(db->made[i].statement))
		q.s = db->made[i].statement;
	return q;
}

struct query query_made(struct db *db, uint64_t number, const char *text)
{
	size_t i = made_place(db, number);
	struct query q = {
		.db = db, .own = db->made[i].number != 0 || db->made_count == QUERY_MADE_MAX,
	};
	q.rc = sqlite3_prepare_v3(db->h, text, -1, q.own ? 0 : SQLITE_PREPARE_PERSISTENT, &q.s,
	                          NULL);
	if (q.rc == SQLITE_OK && !q.own) {
		db->made[i].number = number;
		db->made[i].statement = q.s;
		db->made_count++;
	}
	return q;
}

/* A failure of a bind is one of ours, but for a value that is too big. */
static void bound(struct query *q, int rc)
{
	assert(rc == SQLITE_OK || rc == SQLITE_TOOBIG);
	if (q->rc == SQLITE_OK)
		q->rc = rc;
}

void bind_int(struct query *q, int64_t v)
{
	if (q->s)
		bound(q, sqlite3_bind_int64(q->s, ++q->bound, v));
}

void bind_real(struct query *q, double v)
{
	if (q->s)
		bound(q, sqlite3_bind_double(q->s, ++q->bound, v));
}

void bind_text(struct query *q, const char *s)
{
	if (q->s)
		bound(q, sqlite3_bind_text(q->s, ++q->bound, s, -1, SQLITE_STATIC));
}

void bind_blob(struct query *q, struct str bytes)
{
	const char *p = bytes.n ? bytes.p : "";       /* NULL would be a NULL, not an empty one */
	if (q->s)
		bound(q, sqlite3_bind_blob64(q->s, ++q->bound, p, bytes.n, SQLITE_STATIC));
}

/* Family, then the address: compares as ip_cmp() does. */
static size_t ip_pack(const struct ip *ip, unsigned char dst[static 18])
{
	size_t n = ip->family == 4 ? 4 : 16;
	assert(ip->family == 4 || ip->family == 6);
	dst[0] = ip->family;
	memcpy(dst + 1, ip->b, n);
	return n + 1;
}

void bind_ip(struct query *q, const struct ip *ip)
{
	unsigned char packed[18];
	if (!q->s)
		return;
	if (ip->family == 0) {
		bound(q, sqlite3_bind_null(q->s, ++q->bound));
		return;
	}
	size_t n = ip_pack(ip, packed);
	bound(q, sqlite3_bind_blob(q->s, ++q->bound, packed, (int)n, SQLITE_TRANSIENT));
}

/* The address, then the length. */
void bind_prefix(struct query *q, const struct prefix *p)
{
	unsigned char packed[18];
	size_t n = ip_pack(&p->ip, packed);
	assert(p->len <= ip_bits(&p->ip) && n < sizeof(packed));
	packed[n++] = p->len;
	if (q->s)
		bound(q, sqlite3_bind_blob(q->s, ++q->bound, packed, (int)n, SQLITE_TRANSIENT));
}

static int damaged(struct query *q)
{
	buf_clear(q->db->message);
	buf_printf(q->db->message, "%s: damaged: a row holds what was never written there",
	           q->db->path);
	return ERR_CORRUPT;
}

int query_step(struct query *q)
{
	if (q->rc != SQLITE_OK || q->damaged)
		return query_end(q);
	assert(q->bound == sqlite3_bind_parameter_count(q->s));
	int rc = sqlite3_step(q->s);
	q->column = 0;
	if (rc == SQLITE_ROW)
		return 1;
	q->rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	return query_end(q);
}

int query_one(struct query *q)
{
	int e = query_step(q);
	if (e == 1)
		return ERR_OK;
	return e == ERR_OK ? ERR_NOT_FOUND : e;
}

int query_end(struct query *q)
{
	/* The error is read before the reset; it stays the handle's last one. */
	int e = q->rc == SQLITE_OK ? ERR_OK : db_error(q->db, q->rc);
	if (e == ERR_OK && q->damaged)
		e = damaged(q);
	if (q->s) {
		sqlite3_reset(q->s);
		sqlite3_clear_bindings(q->s);
	}
	if (q->own)
		sqlite3_finalize(q->s);
	q->s = q->own ? NULL : q->s;
	return e;
}

int query_stop(struct query *q, int said)
{
	assert(said <= 1);
	if (said >= 0)
		return query_end(q);
	sqlite3_reset(q->s);
	sqlite3_clear_bindings(q->s);
	if (q->own)
		sqlite3_finalize(q->s);
	return said;
}

int query_run(struct query *q)
{
	int e;
	bool writes = q->s && !sqlite3_stmt_readonly(q->s);
	while ((e = query_step(q)) == 1)
		;
	/* A transaction of its own. */
	if (e == ERR_OK && sqlite3_get_autocommit(q->db->h) && writes)
		e = db_check_written(q->db);
	return e;
}

int64_t col_int(struct query *q)
{
	assert(q->column < sqlite3_column_count(q->s));
	return sqlite3_column_int64(q->s, q->column++);
}

double col_real(struct query *q)
{
	assert(q->column < sqlite3_column_count(q->s));
	return sqlite3_column_double(q->s, q->column++);
}

static struct str column(struct query *q)
{
	const void *p = sqlite3_column_blob(q->s, q->column);
	int n = sqlite3_column_bytes(q->s, q->column++);
	assert(q->column <= sqlite3_column_count(q->s) && n >= 0);
	return (struct str){ p, p ? (size_t)n : 0 };
}

void col_text(struct query *q, char *dst, size_t size)
{
	str_copy(dst, size, column(q));
}

struct str col_blob(struct query *q, struct arena *a)
{
	return arena_str(a, column(q));
}

static bool ip_unpack(struct str s, struct ip *ip)
{
	size_t n = s.n ? s.n - 1 : 0;
	if (!(n == 4 && s.p[0] == 4) && !(n == 16 && s.p[0] == 6))
		return false;
	ip->family = (uint8_t)s.p[0];
	memcpy(ip->b, s.p + 1, n);
	return true;
}

void col_ip(struct query *q, struct ip *ip)
{
	*ip = (struct ip){ 0 };
	bool none = sqlite3_column_type(q->s, q->column) == SQLITE_NULL;
	if (!ip_unpack(column(q), ip) && !none)
		q->damaged = true;
}

void col_prefix(struct query *q, struct prefix *p)
{
	*p = (struct prefix){ 0 };
	struct str s = column(q);
	if (s.n < 2 || !ip_unpack((struct str){ s.p, s.n - 1 }, &p->ip) ||
	    (unsigned char)s.p[s.n - 1] > ip_bits(&p->ip))
		q->damaged = true;
	else
		p->len = (uint8_t)s.p[s.n - 1];
}
