/* SPDX-License-Identifier: ISC
 *
 * Whether what is open is still what stands at its place. A database may be replaced under
 * those who have it open: by another file of that name, by other bytes in the same file, or by
 * an older copy of its own through SQLite. What they write then is lost, and what they read is
 * the past. Looked at cheaply after each commit, and all of it by sqlite_check():
 *
 *   device and inode        mv, rm
 *   the head and the identity as they stand in the file, past all caches     cp
 *   the identity as SQLite reads it, and numbers that only grow              .restore
 *
 * The identity is 16 random bytes, made with the file, which a copy keeps. A backup says in its
 * head that it has no -wal file (backup.c): one that is copied over an open database is
 * seen by that, and a -wal file that lies beside it is of the database before.
 */
#include "sqlite/sqlite-private.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSIONS_AT = 18, LEGACY = 1 };

/* ---- past the caches ------------------------------------------------------------ */

/* Through SQLite's own descriptor: closing another one would give up its locks. */
bool place_read(struct db *db, void *bytes, int n, int64_t at)
{
	assert(n > 0 && at >= 0);
	sqlite3_file *file = NULL;
	return sqlite3_file_control(db->h, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	       file && file->pMethods && file->pMethods->xRead(file, bytes, n, at) == SQLITE_OK;
}

/* Of the file as SQLite sees it; negative if it cannot. */
static int64_t place_size(struct db *db)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = -1;
	if (sqlite3_file_control(db->h, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    !file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return -1;
	assert(size >= 0);
	return size;
}

/* ---- an open file --------------------------------------------------------------- */

int place_replaced(struct db *db, const char *how)
{
	/* Not a byte of the old one goes into the new. */
	sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	buf_clear(db->message);
	buf_printf(db->message, "%s: was replaced while it was open: %s", db->path, how);
	return ERR_CLOSED;
}

/* Nothing is there, or nothing yet that we could open. */
static int gone(struct db *db, const char *why)
{
	buf_clear(db->message);
	buf_printf(db->message, "%s: was taken away while it was open: %s", db->path, why);
	return ERR_NOT_FOUND;
}

int place_check(struct db *db)
{
	unsigned char found[DB_IDENTITY];
	struct stat st;
	if (db->inode == 0)
		return ERR_OK;             /* just being made */
	if (stat(db->name, &st) != 0)
		return gone(db, strerror(errno));
	if (st.st_size == 0)
		return gone(db, "an empty file is there");
	if (faccessat(AT_FDCWD, db->name, db->writable ? R_OK | W_OK : R_OK, AT_EACCESS) != 0)
		return gone(db, "what is there cannot be opened by us; give it to the roles' user");
	if (st.st_dev != db->device || st.st_ino != db->inode)
		return place_replaced(db, "another file has its name");
	if (!place_read(db, found, sizeof(db->versions), VERSIONS_AT) ||
	    memcmp(found, db->versions, sizeof(db->versions)) != 0)
		return place_replaced(db, "its head is another one");
	if (db->identity_at && (!place_read(db, found, DB_IDENTITY, db->identity_at) ||
	                        memcmp(found, db->identity, DB_IDENTITY) != 0))
		return place_replaced(db, "its bytes are those of another one");
	return ERR_OK;
}

/* ---- before it is read ------------------------------------------------------------ */

/* What begins otherwise is no database. SQLite itself would ask its -wal and -shm files first, and
 * wait twenty seconds for a lock if they are as broken. */
static int check_magic(struct db *db)
{
	char magic[16];
	if (place_read(db, magic, sizeof(magic), 0)) {
		if (memcmp(magic, "SQLite format 3", sizeof(magic)) == 0)
			return ERR_OK;
	} else if (place_size(db) <= 0) {
		return ERR_OK;          /* a new one, or SQLite says why it cannot be read */
	}
	buf_clear(db->message);
	buf_printf(db->message, "%s: damaged, or not a database (its head is not SQLite's)",
	           db->path);
	return ERR_CORRUPT;
}

/* A database in WAL mode says so in its head before it has a -wal file: one that says it has
 * none was put there beside the -wal file of another. */
static bool has_foreign_wal(struct db *db, const char *wal)
{
	unsigned char versions[2];
	struct stat st;
	return stat(wal, &st) == 0 && st.st_size > 0 &&
	       place_read(db, versions, sizeof(versions), VERSIONS_AT) && versions[0] == LEGACY;
}

/* It may hold the last changes of a database that somebody moved away: it is kept. */
static int put_aside(struct db *db, const char *wal)
{
	assert(db->writable && db->inode == 0);
	char *old = mem_printf("%s.old", wal), *shm = mem_printf("%s-shm", db->name);
	int e = ERR_OK;
	if (rename(wal, old) != 0 || (unlink(shm) != 0 && errno != ENOENT)) {
		buf_clear(db->message);
		buf_printf(db->message, "%s-wal: is of another database, and cannot be put aside: "
		           "%s", db->path, strerror(errno));
		e = ERR_IO;
	}
	free(old);
	free(shm);
	return e;
}

int place_clear(struct db *db)
{
	assert(db->inode == 0 && db->made_count == 0);
	int e = check_magic(db);
	if (e != ERR_OK)
		return e;
	char *wal = mem_printf("%s-wal", db->name), *copy = mem_strdup(db->name);
	/* One at a time: the next one must not take the new -wal file for the old. */
	int lock = db->writable ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (lock >= 0)
		e = file_lock(lock);
	if (e != ERR_OK) {
		buf_clear(db->message);
		buf_printf(db->message, "%s: another process keeps its directory locked", db->path);
	} else if (has_foreign_wal(db, wal)) {
		buf_clear(db->message);
		buf_printf(db->message, "%s-wal: is of another database, which this one replaced; "
		           "run a command that writes, as \"portreeve run\" does, to put it aside",
		           db->path);
		e = db->writable ? put_aside(db, wal) : ERR_AGAIN;
	}
	if (lock >= 0)
		close(lock);
	free(copy);
	free(wal);
	return e;
}
