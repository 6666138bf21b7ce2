/* SPDX-License-Identifier: ISC
 *
 * Opening and closing the embedded store, and which function does what.
 */
#include "sqlite/sqlite.h"

#include "sqlite/sqlite-private.h"
#include "sqlite/rows-private.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_FILE "portreeve.db"
#define ACCOUNTS_FILE "accounts.db"
#define SERIAL_FILE "serial"

static void sqlite_close(struct store *st)
{
	struct sqlite_store *s = sqlite_of(st);
	assert(!st->open || st->ops == NULL);
	if (s->main.h)
		db_close(&s->main);
	if (s->returns.h)
		db_close(&s->returns);
	if (s->accounts.h)
		db_close(&s->accounts);
	free(s->returns_path);
	free(s->serial_path);
	free(s->accounts_path);
	store_fini(st);
	free(s);
}

/* ---- what a backend does ------------------------------------------------------- */

static struct db *db_of(struct sqlite_store *s, enum row_place place)
{
	assert(place < ROW_PLACES);
	return place == PLACE_LIST ? &s->main : place == PLACE_RETURNS ? &s->returns : &s->accounts;
}

/* NULL in *db: the place is not there yet. */
static int at_place(struct store *st, enum row_place place, struct db **db)
{
	struct sqlite_store *s = sqlite_of(st);
	bool there = true;
	*db = db_of(s, place);
	int e = place == PLACE_RETURNS ? returns_ready(s, &there) :
	        place == PLACE_ACCOUNTS ? accounts_ready(s) : ERR_OK;
	if (!there)
		*db = NULL;
	return e;
}

static int at_kind(struct store *st, enum row_kind kind, struct db **db)
{
	return at_place(st, row_tables[kind].place, db);
}

static int nowhere(struct store *st, enum row_kind kind)
{
	assert(row_tables[kind].place == PLACE_RETURNS);
	return store_fail(st, ERR_NOT_FOUND, "%s: is not there yet", row_tables[kind].name);
}

static int sqlite_begin(struct store *st, enum row_place place, bool write)
{
	struct db *db;
	int e = at_place(st, place, &db);
	if (e != ERR_OK || !db)
		return e;
	assert(!write || db->writable);
	return write ? db_begin(db) : db_begin_read(db);
}

static int sqlite_end(struct store *st, int e)
{
	struct sqlite_store *s = sqlite_of(st);
	struct db *db = db_of(s, st->open_place);
	assert(e <= 0);
	if (db->h && !sqlite3_get_autocommit(db->h))
		return db_end(db, e);
	/* SQLite undoes a transaction itself after some errors (a full disk, I/O). A use case that
	 * has not passed the error on has written nothing all the same. */
	if (e == ERR_OK && db->h && !st->only_reads)
		return store_fail(st, ERR_IO, "%s: the transaction was undone", db->path);
	return e;
}

static int sqlite_get(struct store *st, enum row_kind kind, unsigned index, void *row,
                      struct arena *blobs)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	if (e == ERR_OK)
		e = db ? rows_get(db, kind, index, row, blobs) : ERR_NOT_FOUND;
	return e;
}

static int sqlite_each(struct store *st, enum row_kind kind, const struct row_range *range,
                       struct arena *blobs, row_seen *seen, void *context)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	return e == ERR_OK && db ? rows_each(db, kind, range, blobs, seen, context) : e;
}

static int sqlite_greatest(struct store *st, enum row_kind kind, const char *column,
                           int64_t *value)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	*value = 0;
	return e == ERR_OK && db ? rows_greatest(db, kind, column, value) : e;
}

static int sqlite_add(struct store *st, enum row_kind kind, void *row)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	if (e == ERR_OK)
		e = db ? rows_add(db, kind, row) : nowhere(st, kind);
	return e;
}

static int sqlite_put(struct store *st, enum row_kind kind, const void *row)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	if (e == ERR_OK)
		e = db ? rows_put(db, kind, row) : nowhere(st, kind);
	return e;
}

static int sqlite_update(struct store *st, enum row_kind kind, const void *row)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	return e == ERR_OK && db ? rows_update(db, kind, row) : e == ERR_OK ? ERR_NOT_FOUND : e;
}

static int sqlite_remove(struct store *st, enum row_kind kind, const void *row)
{
	struct db *db;
	int e = at_kind(st, kind, &db);
	return e == ERR_OK && db ? rows_remove(db, kind, row) : e == ERR_OK ? ERR_NOT_FOUND : e;
}

/* The write lock is held from begin to end: the serial is given under it. */
static int sqlite_append(struct store *st, const struct journal_entry *entry)
{
	struct db *db = &sqlite_of(st)->main;
	struct journal_entry row = *entry;
	assert(sqlite3_txn_state(db->h, "main") == SQLITE_TXN_WRITE);
	int e = serial_raise(db, entry->time_s);
	if (e == ERR_OK)
		e = rows_add(db, ROW_JOURNAL, &row);
	assert(e != ERR_OK || row.serial > 0);
	if (e == ERR_OK)
		db->serial = (int64_t)row.serial;
	return e;
}

static int sqlite_changed(struct store *st, int64_t *version)
{
	struct query q = query(&sqlite_of(st)->main, "PRAGMA data_version");
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*version = col_int(&q);
	return query_end(&q);
}

static int sqlite_check(struct store *st)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = place_check_all(&s->main, "SELECT coalesce(max(serial), 0) FROM journal",
	                        &s->serial_seen);
	if (e == ERR_OK && s->returns.h)
		e = place_check_all(&s->returns, "SELECT coalesce(sum(seq), 0)"
		                    " FROM sqlite_sequence", &s->returns_seen);
	if (e == ERR_OK && s->accounts.h)
		e = place_check_all(&s->accounts, "SELECT 0", &s->accounts_seen);
	return e;
}

static int sqlite_news(struct store *st)
{
	const struct sqlite_store *s = sqlite_of(st);
	assert(s->serial_path);
	return serial_news(s->serial_path);
}

static const struct backend_ops backend_ops = {
	.close = sqlite_close, .begin = sqlite_begin, .end = sqlite_end, .get = sqlite_get,
	.each = sqlite_each, .greatest = sqlite_greatest, .add = sqlite_add, .put = sqlite_put,
	.update = sqlite_update, .remove = sqlite_remove, .journal = sqlite_append,
	.changed = sqlite_changed, .news = sqlite_news, .check = sqlite_check,
	.backup = sqlite_backup,
};

static int fail_at(struct sqlite_store *s, const char *path, int errnum)
{
	return store_fail(&s->base, file_err(errnum), "%s: %s", path, strerror(errnum));
}

/* The state directory is ours, or we are not root. */
static int check_directory(struct sqlite_store *s, const char *state)
{
	struct stat st;
	if (stat(state, &st) != 0)
		return fail_at(s, state, errno);
	if (geteuid() != 0 || st.st_uid == 0)
		return ERR_OK;
	return store_fail(&s->base, ERR_DENIED, "%s: root does not open what belongs to user id %u",
	                  state, (unsigned)st.st_uid);
}

/* Below it is the one that the collector alone writes. */
static int make_returns(struct sqlite_store *s, const char *state)
{
	struct stat st;
	char *returns = mem_printf("%s/returns", state);
	int e = ERR_OK;
	if (!s->base.only_reads && mkdir(returns, 0750) != 0 && errno != EEXIST)
		e = fail_at(s, returns, errno);
	else if (lstat(returns, &st) == 0 && !S_ISDIR(st.st_mode))
		e = store_fail(&s->base, ERR_INVALID,
		               "%s: expected a directory and no link", returns);
	free(returns);
	return e;
}

static int ready_directories(struct sqlite_store *s, const char *state)
{
	int e = ERR_OK;
	if (s->base.may_write && file_mkdirs(state, 0750) != ERR_OK)
		return store_fail(&s->base, file_err(errno),
		                  "%s: the state directory cannot be made (%s)", state,
		                  strerror(errno));
	e = check_directory(s, state);
	return e == ERR_OK && (s->base.may_write || s->base.only_reads) ?
	       make_returns(s, state) : e;
}

static int match_serial(struct db *db)
{
	int64_t own = 0;
	int e = db_begin(db);
	if (e != ERR_OK)
		return e;
	e = serial_raise(db, clock_now_s());
	if (e == ERR_OK)
		e = serial_own(db, &own);
	db->serial = own;
	return db_end(db, e);          /* which keeps it */
}

/* The files of what may be written. What may not is opened so that it cannot be. */
static int open_files(struct sqlite_store *s, const char *directory)
{
	bool list = s->base.may_write & ~(unsigned)(STORE_RETURNS | STORE_ACCOUNTS);
	bool returns = s->base.may_write & STORE_RETURNS;
	bool accounts = s->base.may_write & STORE_ACCOUNTS;
	char *path = mem_printf("%s/" LIST_FILE, directory);
	int e = ERR_OK;
	if (accounts)              /* first: an older list has some for it */
		e = db_open(&s->accounts, s->accounts_path, true, &accounts_schema,
		            &s->base.message);
	if (e == ERR_OK)
		e = db_open_list(&s->main, path, list, accounts ? &s->accounts : NULL,
		                 &s->base.message);
	if (e == ERR_OK && list)
		e = serial_open(&s->main, s->serial_path);
	if (e == ERR_OK && list)
		e = match_serial(&s->main);
	free(path);
	if (e == ERR_OK && returns)
		e = db_open(&s->returns, s->returns_path, true, &returns_schema, &s->base.message);
	/* A sandbox may keep a role from coming to it later. */
	bool there = false;
	if (e == ERR_OK && list)
		e = returns_ready(s, &there);
	return e == ERR_OK && there ? returns_match(s) : e;
}

static void files_of(const char *directory, const char *name,
                     char *paths[static STORE_SQLITE_FILES])
{
	static const char *const suffix[STORE_SQLITE_FILES] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < STORE_SQLITE_FILES; i++)
		paths[i] = mem_printf("%s/%s%s", directory, name, suffix[i]);
}

void store_sqlite_files(const char *state_directory, char *paths[static STORE_SQLITE_FILES])
{
	files_of(state_directory, LIST_FILE, paths);
}

void store_sqlite_account_files(const char *state_directory,
                                char *paths[static STORE_SQLITE_FILES])
{
	files_of(state_directory, ACCOUNTS_FILE, paths);
}

static bool exists(const char *directory, const char *name)
{
	char *path = mem_printf("%s/%s", directory, name);
	struct stat st;
	bool there = lstat(path, &st) == 0;
	free(path);
	return there;
}

bool store_sqlite_exists(const char *state_directory)
{
	return exists(state_directory, LIST_FILE);
}

bool store_sqlite_accounts_exist(const char *state_directory)
{
	return exists(state_directory, ACCOUNTS_FILE);
}

/* The version of a file's schema stands in its head (https://www.sqlite.org/fileformat2.html,
 * 1.3.14). */
bool store_sqlite_accounts_apart(const char *state_directory)
{
	enum { VERSION_AT = 60, APART_SINCE = 12 };
	unsigned char v[4] = { 0 };
	char *path = mem_printf("%s/" LIST_FILE, state_directory);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool read = fd >= 0 && pread(fd, v, sizeof(v), VERSION_AT) == sizeof(v);
	if (fd >= 0)
		close(fd);
	free(path);
	assert(main_schema.steps[APART_SINCE - 1].first == accounts_move);
	return read && (v[0] << 24 | v[1] << 16 | v[2] << 8 | v[3]) >= APART_SINCE;
}

static int open_to_read(struct sqlite_store *s, const char *directory)
{
	bool there;
	char *name = mem_printf("%s/" LIST_FILE, directory);
	int e = db_open_to_read(&s->main, name, &main_schema, &s->base.message);
	free(name);
	return e == ERR_OK ? returns_ready(s, &there) : e;
}

static int open_store(const char *directory, unsigned may_write, bool only_reads,
                      struct store **st, struct buf *message)
{
	struct sqlite_store *s = mem_zalloc(sizeof(*s));
	store_init(&s->base, &backend_ops, may_write);
	s->returns_path = mem_printf("%s/returns/returns.db", directory);
	s->serial_path = mem_printf("%s/" SERIAL_FILE, directory);
	s->accounts_path = mem_printf("%s/" ACCOUNTS_FILE, directory);
	s->base.only_reads = only_reads;
	*st = NULL;

	int e = ready_directories(s, directory);
	if (e == ERR_OK)
		e = only_reads ? open_to_read(s, directory) : open_files(s, directory);
	s->base.names[PLACE_LIST] = s->main.path;
	s->base.names[PLACE_RETURNS] = s->returns_path;
	s->base.names[PLACE_ACCOUNTS] = s->accounts_path;
	if (e == ERR_OK) {
		*st = &s->base;
		return ERR_OK;
	}
	buf_add_str(message, buf_str(&s->base.message));
	sqlite_close(&s->base);
	return e;
}

int store_sqlite_open(const char *state_directory, unsigned may_write, struct store **st,
                      struct buf *message)
{
	return open_store(state_directory, may_write, false, st, message);
}

int store_sqlite_open_to_read(const char *state_directory, struct store **st,
                              struct buf *message)
{
	return open_store(state_directory, STORE_READS, true, st, message);
}
