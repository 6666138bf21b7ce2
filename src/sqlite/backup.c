/* SPDX-License-Identifier: ISC
 *
 * A backup while roles run: SQLite's online copy of all files, each from one read
 * transaction, then checked from the first page to the last.
 *
 * The copies are the caller's: this process, which is the owner of the state directory, has
 * no right to the place where they are to stand. So SQLite writes them through descriptors
 * that it takes for files of their names, without a journal.
 *
 * The list is copied before the returns: a tester that starts from the two reads some
 * returns again; it never misses one.
 */
#include "sqlite/sqlite-private.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/upkeep.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int fail_at(struct sqlite_store *s, const char *path, sqlite3 *h, int rc)
{
	struct db at = { .h = h, .path = (char *)path, .message = &s->base.message };
	return db_error(&at, rc);
}

static int copy_pages(struct sqlite_store *s, struct db *from, sqlite3 *to, const char *path)
{
	assert(from->h != to && sqlite3_get_autocommit(from->h));
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from->h, "main");
	if (!b)
		return fail_at(s, path, to, sqlite3_errcode(to));
	int rc = sqlite3_backup_step(b, -1);
	int done = sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE && done == SQLITE_OK)
		return ERR_OK;
	return fail_at(s, path, to, done != SQLITE_OK ? done : rc);
}

static int open_copy(struct sqlite_store *s, const struct store_copy *to, sqlite3 **h)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(to->name, h, flags, files_vfs(true));
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*h, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF",
		                  NULL, NULL, NULL);
	return rc == SQLITE_OK ? ERR_OK : fail_at(s, to->name, *h, rc);
}

/* A copy of a database in WAL mode says that it is one. These two bytes of its head make it a
 * single file (https://www.sqlite.org/fileformat2.html, 1.3.3: 1 for legacy, 2 for WAL). */
static int leave_wal(struct sqlite_store *s, const struct store_copy *to)
{
	enum { VERSIONS_AT = 18 };
	static const unsigned char legacy[2] = { 1, 1 };
	assert(to->fd >= 0);
	if (pwrite(to->fd, legacy, sizeof(legacy), VERSIONS_AT) == sizeof(legacy))
		return ERR_OK;
	int errnum = errno;
	return store_fail(&s->base, file_err(errnum), "%s: %s", to->name, strerror(errnum));
}

static int copy_to(struct sqlite_store *s, struct db *from, const struct store_copy *to)
{
	sqlite3 *h = NULL;
	assert(from == &s->main || from == &s->returns || from == &s->accounts);
	int e = open_copy(s, to, &h);
	if (e == ERR_OK)
		e = copy_pages(s, from, h, to->name);
	sqlite3_close(h);
	return e == ERR_OK ? leave_wal(s, to) : e;
}

/* The only row of the query must be this text. */
static int expect_text(struct sqlite_store *s, sqlite3 *h, const char *path, const char *sql,
                       const char *expected)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(h, sql, -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	int e = ERR_OK;
	const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		e = fail_at(s, path, h, rc);
	else if (!str_eq(str_of(text), str_of(expected)))
		e = store_fail(&s->base, ERR_CORRUPT, "%s: the copy fails its check: %s", path,
		               text ? text : "nothing was read");
	sqlite3_finalize(q);
	return e;
}

static int verify(struct sqlite_store *s, const char *path, const struct schema *schema)
{
	sqlite3 *h = NULL;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, &h, flags, files_vfs(false));
	int e = rc == SQLITE_OK ? ERR_OK : fail_at(s, path, h, rc);
	char *application = mem_printf("%d", schema->application_id);
	if (e == ERR_OK)
		e = expect_text(s, h, path, "PRAGMA application_id", application);
	if (e == ERR_OK)
		e = expect_text(s, h, path, "PRAGMA integrity_check", "ok");
	if (e == ERR_OK)
		e = expect_text(s, h, path, "SELECT count(*) FROM pragma_foreign_key_check", "0");
	free(application);
	sqlite3_close(h);
	return e;
}

static int backup_file(struct sqlite_store *s, struct db *from, const struct schema *schema,
                       const struct store_copy *to)
{
	assert(to->fd >= 0 && to->name[0]);
	files_lend(to->name, to->fd);
	int e = copy_to(s, from, to);
	if (e == ERR_OK)
		e = verify(s, to->name, schema);
	files_lend(NULL, -1);
	return e;
}

int sqlite_backup(struct store *st, const struct store_copy *list,
                  const struct store_copy *returns, const struct store_copy *accounts)
{
	struct sqlite_store *s = sqlite_of(st);
	bool there;
	int e = returns_ready(s, &there);
	if (e == ERR_OK && !there)
		e = store_fail(&s->base, ERR_NOT_FOUND, "%s: no such file; "
		               "\"portreeve run\" makes it",
		               s->returns_path);
	if (e == ERR_OK)
		e = accounts_ready(s);
	if (e == ERR_OK)
		e = backup_file(s, &s->main, &main_schema, list);
	if (e == ERR_OK)
		e = backup_file(s, &s->returns, &returns_schema, returns);
	return e == ERR_OK ? backup_file(s, &s->accounts, &accounts_schema, accounts) : e;
}
