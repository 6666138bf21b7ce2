/* SPDX-License-Identifier: ISC
 *
 * One SQLite connection: how it is opened and closed.
 */
#include "sqlite/rows-private.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* readonly_shm: the shared index of the WAL is mapped read-only as well. */
static char *readonly_uri(const char *name)
{
	struct buf uri = { 0 };
	buf_add_cstr(&uri, "file:");
	for (const char *p = name; *p; p++) {
		if (ascii_isalnum((unsigned char)*p) || strchr("/-._", *p))
			buf_add_byte(&uri, *p);
		else
			buf_printf(&uri, "%%%02X", (unsigned char)*p);
	}
	buf_add_cstr(&uri, "?mode=ro&readonly_shm=1");
	return buf_release(&uri);
}

static int fail_errno(struct db *db, int errnum)
{
	int e = file_err(errnum);
	assert(errnum > 0 && e < 0);
	buf_clear(db->message);
	buf_printf(db->message, "%s: %s", db->path, strerror(errnum));
	return e;
}

/* Makes the file before SQLite does, so that its mode is ours to say. SQLite gives -wal and
 * -shm the same. Its name is synced by make_safe(). */
static int make_file(struct db *db, mode_t mode)
{
	assert(db->writable && db->serial_fd < 0);
	int fd = open(db->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return errno == EEXIST ? ERR_OK : fail_errno(db, errno);

	int e = fchmod(fd, mode) == 0 ? ERR_OK : fail_errno(db, errno);
	close(fd);
	return e;
}

/* The words for what files.c does not open. */
static int check_file(struct db *db)
{
	struct stat st;
	if (lstat(db->name, &st) != 0 || S_ISREG(st.st_mode))
		return ERR_OK;
	buf_clear(db->message);
	buf_printf(db->message, "%s: expected a regular file, no link and no pipe", db->path);
	return ERR_INVALID;
}

static int connect_to(struct db *db)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc;
	assert(db->cached == 0 && db->made_count == 0);
	errno = 0;
	if (db->writable) {
		rc = sqlite3_open_v2(db->name, &db->h, flags | SQLITE_OPEN_READWRITE,
		                     files_vfs(true));
	} else {
		char *uri = readonly_uri(db->name);
		rc = sqlite3_open_v2(uri, &db->h, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
		                     files_vfs(false));
		free(uri);
	}
	if (rc != SQLITE_OK)
		return db_error(db, rc);
	sqlite3_busy_timeout(db->h, BUSY_TIMEOUT_MS);
	sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return ERR_OK;
}

/* Changing to WAL needs the file for oneself, and SQLite does not wait for that. */
static int enter_wal(struct db *db)
{
	for (int waited_ms = 0;; waited_ms += 10) {
		int rc = sqlite3_exec(db->h, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			break;
		if ((rc & 0xff) != SQLITE_BUSY || waited_ms >= BUSY_TIMEOUT_MS)
			return db_error(db, rc);
		sqlite3_sleep(10);
	}
	assert(sqlite3_get_autocommit(db->h));
	/* Readers without write permission need -wal and -shm to be there: they stay. */
	int on = 1;
	sqlite3_file_control(db->h, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return db_exec(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	                   "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216");
}

/* A process that was killed may have written a commit and not synced it. We read it as any other,
 * and may tell somebody that what is asked for is there already; the next power cut would take it.
 * Once, at the beginning: who lives syncs what it writes. */
static int make_safe(struct db *db)
{
	sqlite3_file *wal = NULL;
	assert(db->writable && sqlite3_get_autocommit(db->h));
	int rc = sqlite3_file_control(db->h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	if (rc == SQLITE_OK && wal && wal->pMethods)
		rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
	if (rc != SQLITE_OK)
		return db_error(db, rc);
	int e = file_sync_name(db->name);
	return e == ERR_OK ? e : fail_errno(db, errno);
}

/* The current directory may be closed to us, its name is not. */
static char *path_for_messages(const char *name)
{
	char here[PATH_MAX];
	if (str_prefix(str_of(name), STR("./")) && getcwd(here, sizeof(here)))
		return mem_printf("%s%s", here, name + 1);
	return mem_strdup(name);
}

static struct db closed(const char *name, bool writable, struct buf *message)
{
	return (struct db){ .name = mem_strdup(name), .path = path_for_messages(name),
	                    .writable = writable, .message = message, .serial_fd = -1 };
}

static int open_it(struct db *db, const struct schema *schema)
{
	const bool writable = db->writable;
	rows_plan(db->plans);
	int e = check_file(db);
	if (e == ERR_OK && writable)
		e = make_file(db, schema->mode);
	if (e == ERR_OK)
		e = connect_to(db);
	if (e == ERR_OK)
		e = place_clear(db);
	if (e == ERR_OK && writable)
		e = enter_wal(db);
	if (e == ERR_OK && writable)
		e = make_safe(db);
	if (e == ERR_OK)
		e = schema_apply(db, schema);
	if (e == ERR_OK)
		e = place_learn(db);
	if (e != ERR_OK)
		db_close(db);
	assert((e == ERR_OK) == (db->h != NULL));
	return e;
}

int db_open(struct db *db, const char *name, bool writable, const struct schema *schema,
            struct buf *message)
{
	*db = closed(name, writable, message);
	return open_it(db, schema);
}

int db_open_list(struct db *db, const char *name, bool writable, struct db *accounts,
                 struct buf *message)
{
	*db = closed(name, writable, message);
	db->accounts = accounts;
	return open_it(db, &main_schema);
}

/* Reading once as a writer has SQLite make a new -shm file from the -wal file. */
static void mend(const char *name)
{
	struct stat st;
	sqlite3 *h = NULL;
	int on = 1, flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;
	if (stat(name, &st) == 0 && st.st_uid == geteuid() &&
	    sqlite3_open_v2(name, &h, flags, files_vfs(true)) == SQLITE_OK) {
		sqlite3_busy_timeout(h, BUSY_TIMEOUT_MS);
		sqlite3_file_control(h, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
		sqlite3_db_config(h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_exec(h, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	}
	sqlite3_close(h);
}

int db_open_to_read(struct db *db, const char *name, const struct schema *schema,
                    struct buf *message)
{
	int e = db_open(db, name, false, schema, message);
	if (e != ERR_BUSY && !(e == ERR_NOT_FOUND && access(name, F_OK) == 0))
		return e;
	mend(name);
	return db_open(db, name, false, schema, message);
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < db->cached; i++) {
		assert(!sqlite3_stmt_busy(db->cache[i].statement));
		sqlite3_finalize(db->cache[i].statement);
	}
	for (size_t i = 0; i < QUERY_CACHE; i++) {
		assert(!db->made[i].statement || !sqlite3_stmt_busy(db->made[i].statement));
		sqlite3_finalize(db->made[i].statement);
	}
	sqlite3_close(db->h);
	serial_close(db);
	free(db->name);
	free(db->path);
	*db = (struct db){ .message = db->message, .serial_fd = -1 };
}
