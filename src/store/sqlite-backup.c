/* SPDX-License-Identifier: ISC
 *
 * A backup while roles run: SQLite's online copy of both files, each from one read
 * transaction, then opened anew and checked from the first page to the last. The copy
 * has its name only when it is whole and on disk.
 *
 * The list is copied before the returns: a tester that starts from the two reads some
 * returns again; it never misses one.
 */
#include "store/sqlite-private.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

static int fail_at(struct sqlite_store *s, const char *path, sqlite3 *h, int rc)
{
	struct db at = { .h = h, .path = (char *)path, .message = &s->base.message };
	return db_error(&at, rc);
}

static int copy_pages(struct sqlite_store *s, struct db *from, sqlite3 *to, const char *path)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from->h, "main");
	if (!b)
		return fail_at(s, path, to, sqlite3_errcode(to));
	int rc = sqlite3_backup_step(b, -1);
	int done = sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE && done == SQLITE_OK)
		return ERR_OK;
	return fail_at(s, path, to, done != SQLITE_OK ? done : rc);
}

/* One file, without a -wal beside it. */
static int copy_to(struct sqlite_store *s, struct db *from, const char *path)
{
	sqlite3 *to = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, &to, flags, NULL);
	int e = rc == SQLITE_OK ? copy_pages(s, from, to, path) : fail_at(s, path, to, rc);
	if (e == ERR_OK) {
		rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			e = fail_at(s, path, to, rc);
	}
	sqlite3_close(to);
	return e;
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
		e = store_fail(s, ERR_CORRUPT, "%s: the copy fails its check: %s", path,
		               text ? text : "nothing was read");
	sqlite3_finalize(q);
	return e;
}

static int verify(struct sqlite_store *s, const char *path, const struct schema *schema)
{
	sqlite3 *h = NULL;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, &h, flags, NULL);
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

static int fail_errno(struct sqlite_store *s, const char *path)
{
	int errnum = errno;
	return store_fail(s, file_err(errnum), "%s: %s", path, strerror(errnum));
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int rc = fsync(fd);
	close(fd);
	return rc;
}

static int backup_file(struct sqlite_store *s, struct db *from, const struct schema *schema,
                       const char *path)
{
	char *part = mem_printf("%s.partial", path);
	char *directory = mem_strdup(path);
	unlink(part);                          /* of a backup that was killed */
	int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int e = fd < 0 ? fail_errno(s, part) : ERR_OK;
	if (fd >= 0)
		close(fd);
	if (e == ERR_OK)
		e = copy_to(s, from, part);
	if (e == ERR_OK)
		e = verify(s, part, schema);
	if (e == ERR_OK && sync_path(part, 0) != 0)
		e = fail_errno(s, part);
	/* link() and not rename(): what is there already is never replaced. */
	if (e == ERR_OK && link(part, path) != 0)
		e = fail_errno(s, path);
	unlink(part);
	if (e == ERR_OK && sync_path(dirname(directory), O_DIRECTORY) != 0)
		e = fail_errno(s, path);
	free(directory);
	free(part);
	return e;
}

int sqlite_backup(struct store *st, const char *path)
{
	struct sqlite_store *s = sqlite_of(st);
	char *returns = mem_printf("%s.returns", path);
	int e = ERR_OK;
	if (access(path, F_OK) == 0)
		e = store_fail(s, ERR_EXISTS, "%s: is there already", path);
	else if (access(returns, F_OK) == 0)
		e = store_fail(s, ERR_EXISTS, "%s: is there already", returns);
	if (e == ERR_OK)
		e = backup_file(s, &s->main, &main_schema, path);
	if (e == ERR_OK)
		e = backup_file(s, &s->returns, &returns_schema, returns);
	free(returns);
	return e;
}
