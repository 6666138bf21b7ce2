/* SPDX-License-Identifier: ISC
 *
 * The SQLite backend's own tools: a database handle with its cached statements, and
 * a query that binds and reads in order. Everything of it stays in this room.
 *
 *   struct query q = query(db, "SELECT code, text FROM results WHERE test = ?");
 *   bind_int(&q, test);
 *   while ((e = query_step(&q)) == 1)
 *           use(col_int(&q), …);       // columns in the order of the SELECT
 *   return e;                          // 0 at the end, or a negative enum err
 */
#ifndef PORTREEVE_SQLITE_SQLITE_PRIVATE_H
#define PORTREEVE_SQLITE_SQLITE_PRIVATE_H

#include "store/backend.h"
#include "store/store.h"

#include <sqlite3.h>

enum { QUERY_CACHE = 256, BUSY_TIMEOUT_MS = 5000, DB_IDENTITY = 16 };

/* A kind of rows by the numbers of its columns (plan.c); sets of columns are bits. */
struct row_plan {
	uint32_t all, key, blobs;
	uint32_t indexed;              /* what another index than the key depends on, no blobs */
	uint8_t width[ROW_INDEXES_MAX], columns[ROW_INDEXES_MAX][INDEX_COLUMNS_MAX];
};

/* One file and its connection. */
struct db {
	sqlite3 *h;                    /* NULL: not open */
	char *name;                    /* as it is opened */
	char *path;                    /* as messages name it */
	bool writable;
	struct buf *message;           /* the store's: one line on the last error */
	/* What it was when it was opened (place.c). */
	dev_t device;
	ino_t inode;                   /* 0: not yet known */
	unsigned char identity[DB_IDENTITY], versions[2];
	off_t size;                    /* when it was last looked at after it was replaced */
	struct timespec changed;
	int64_t identity_at;           /* in the file; 0: not yet known */
	struct db *accounts;           /* the list's: where those of an older one go, or NULL */
	int serial_fd;                 /* the list's (serial.c), or -1 */
	int64_t serial, serial_kept;   /* of this transaction (0: none), of the file */
	struct { const char *text; sqlite3_stmt *statement; } cache[QUERY_CACHE];
	size_t cached;
	/* By their numbers, each at the first free place from that on; 0: none. */
	struct { uint64_t number; sqlite3_stmt *statement; } made[QUERY_CACHE];
	size_t made_count;
	struct row_plan plans[ROW_KINDS];
};

/* A step forward of a file's schema; versions count up from 1 without a gap. */
struct migration {
	int version;
	const char *sql;
	int (*first)(struct db *db);   /* what SQL cannot do, before it; NULL: nothing */
};
struct schema {
	int application_id;
	unsigned mode;                 /* of its files */
	const struct migration *steps;
	size_t step_count;
};
extern const struct schema main_schema, returns_schema, accounts_schema;

/* Opens; if writable makes the file, and migrates it. ERR_INVALID: a link or no regular file. */
int db_open(struct db *db, const char *name, bool writable, const struct schema *schema,
            struct buf *message);
/* The same of the list, with the accounts if they are open to be written. */
int db_open_list(struct db *db, const char *name, bool writable, struct db *accounts,
                 struct buf *message);
/* Opens to read alone, for a process that may be the file's owner: what a writer that was
 * killed has left in the -shm file is mended then, as its owner. Nothing else is written. */
int db_open_to_read(struct db *db, const char *name, const struct schema *schema,
                    struct buf *message);
void db_close(struct db *db);
/* The file systems of files.c. */
const char *files_vfs(bool writable);
/* What is opened by that name is this descriptor; NULL ends it. */
void files_lend(const char *name, int fd);

/* What is open is what stands there now; to be called when the schema is right. */
int place_learn(struct db *db);
/* ERR_CLOSED: another one stands there now, or other bytes; ERR_NOT_FOUND: nothing does. A few
 * system calls. */
int place_check(struct db *db);
/* Bytes of the file past all caches. */
bool place_read(struct db *db, void *bytes, int n, int64_t at);
/* ERR_CLOSED, in words. */
int place_replaced(struct db *db, const char *how);
/* The same and what SQLite has to say: `grows` reads a number that never gets smaller, *seen is
 * the greatest so far. */
int place_check_all(struct db *db, const char *grows, int64_t *seen);
/* Before the first read: what is no database is ERR_CORRUPT, whatever stands in its -wal and
 * -shm files; a -wal file of another database, which this one has replaced, is put
 * aside by who may write (to "-wal.old"); others get ERR_AGAIN. */
int place_clear(struct db *db);

/* The file of the highest serial. serial_raise() is called in a transaction before an entry of
 * the journal is added, serial_keep() after its commit. */
int serial_open(struct db *db, const char *path);
/* A descriptor that can be read when the file was written; -1: it cannot be watched. */
int serial_news(const char *path);
void serial_close(struct db *db);
int serial_raise(struct db *db, int64_t now_s);
void serial_keep(struct db *db);
/* Of the journal. */
int serial_own(struct db *db, int64_t *serial);

/* The enum err for what SQLite last said on this handle, with the message set. */
int db_error(struct db *db, int rc);
/* Statements without parameters. */
int db_exec(struct db *db, const char *sql);
/* What went into a file that has been replaced is not on disk for anybody: ERR_CLOSED. */
int db_check_written(struct db *db);
/* One transaction: db_begin() takes the write lock, db_end() commits if e is ERR_OK and
 * undoes all otherwise. Returns e, or why the commit failed. */
int db_begin(struct db *db);
int db_end(struct db *db, int e);
/* A read transaction: what is read between the two is one state. */
int db_begin_read(struct db *db);
/* Migrates the open database to the last step of the schema, or checks its version. */
int schema_apply(struct db *db, const struct schema *schema);

struct query {
	struct db *db;
	sqlite3_stmt *s;
	int bound, column;
	int rc;                        /* sticky: the first failure of prepare or bind */
	bool damaged;                  /* a column did not hold what we write there */
	bool own;                      /* the statement is this query's alone */
};

/* `text` must be a string literal: the statement is cached by its address. */
struct query query(struct db *db, const char *text);
/* The statement of that number if it was made before, and is not in use; else q.s is NULL. */
struct query query_kept(struct db *db, uint64_t number);
/* Makes it of the text. It is kept, unless the one that is kept is in use, or there are many. */
struct query query_made(struct db *db, uint64_t number, const char *text);
/* Texts and blobs are not copied: they stay as they are until the query is over. */
void bind_int(struct query *q, int64_t v);
void bind_real(struct query *q, double v);
void bind_text(struct query *q, const char *s);
void bind_blob(struct query *q, struct str bytes);
void bind_ip(struct query *q, const struct ip *ip);          /* family 0: NULL */
void bind_prefix(struct query *q, const struct prefix *p);
/* The next row: 1, or 0 at the end, or an error; the query is over then. */
int query_step(struct query *q);
/* The only row: ERR_OK, ERR_NOT_FOUND. After ERR_OK comes query_end(). */
int query_one(struct query *q);
int query_end(struct query *q);
/* Enough was read: said is 0, 1, or an error, which it returns with the message as it is. */
int query_stop(struct query *q, int said);
/* Runs what returns no rows. */
int query_run(struct query *q);
/* Rows changed by the last query_run(). */
int db_changes(struct db *db);

int64_t col_int(struct query *q);
double col_real(struct query *q);
void col_text(struct query *q, char *dst, size_t size);
struct str col_blob(struct query *q, struct arena *a);
void col_ip(struct query *q, struct ip *ip);
void col_prefix(struct query *q, struct prefix *p);

struct sqlite_store {
	struct store base;             /* first */
	struct db main, returns, accounts;
	char *returns_path, *accounts_path, *serial_path;
	int64_t serial_seen, returns_seen, accounts_seen;      /* the greatest so far */
};

static inline struct sqlite_store *sqlite_of(struct store *st)
{
	return (struct sqlite_store *)st;
}

/* Opens the returns if they are there and not yet open. */
int returns_ready(struct sqlite_store *s, bool *there);
/* The cursors count in the returns that are there: they begin anew where these were replaced. */
int returns_match(struct sqlite_store *s);
/* Opens the accounts if they are not yet open; ERR_BUSY: they are not there. */
int accounts_ready(struct sqlite_store *s);
/* Before the list's step that drops them: copies accounts and addresses to their own file. */
int accounts_move(struct db *list);
/* store_backup() */
int sqlite_backup(struct store *st, const struct store_copy *list,
                  const struct store_copy *returns, const struct store_copy *accounts);

#endif
