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

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSIONS_AT = 18, LEGACY = 1, PAGE_MAX = 65536 };

/* ---- past the caches ------------------------------------------------------------ */

/* Through SQLite's own descriptor: closing another one would give up its locks. */
static bool read_file(struct db *db, void *bytes, int n, int64_t at)
{
	sqlite3_file *file = NULL;
	return sqlite3_file_control(db->h, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	       file && file->pMethods && file->pMethods->xRead(file, bytes, n, at) == SQLITE_OK;
}

static bool one_number(struct db *db, const char *sql, int64_t *value)
{
	struct query q = query(db, sql);
	if (query_one(&q) != ERR_OK)
		return false;
	*value = col_int(&q);
	return query_end(&q) == ERR_OK;
}

/* Where the identity stands in the file; 0 as long as it is in the -wal file alone. */
static int64_t find_identity(struct db *db)
{
	int64_t size, page, at = 0;
	if (!one_number(db, "PRAGMA page_size", &size) || size < 512 || size > PAGE_MAX ||
	    !one_number(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'meta'", &page))
		return 0;
	unsigned char *bytes = mem_alloc((size_t)size);
	if (read_file(db, bytes, (int)size, (page - 1) * size)) {
		struct str in = { (const char *)bytes, (size_t)size };
		size_t found = str_search(in, (struct str){ (const char *)db->identity,
		                                            DB_IDENTITY });
		at = found == SIZE_MAX ? 0 : (page - 1) * size + (int64_t)found;
	}
	free(bytes);
	return at;
}

/* ---- an open file --------------------------------------------------------------- */

static int read_identity(struct db *db, unsigned char identity[static DB_IDENTITY])
{
	struct arena a = { 0 };
	struct query q = query(db, "SELECT value FROM meta WHERE name = 'identity'");
	int e = query_one(&q);
	if (e == ERR_OK) {
		struct str bytes = col_blob(&q, &a);
		e = query_end(&q);
		if (e == ERR_OK && bytes.n != DB_IDENTITY)
			e = ERR_CORRUPT;
		if (e == ERR_OK)
			memcpy(identity, bytes.p, DB_IDENTITY);
	}
	arena_fini(&a);
	if (e != ERR_NOT_FOUND && e != ERR_CORRUPT)
		return e;
	buf_clear(db->message);
	buf_printf(db->message, "%s: damaged: it has no identity", db->path);
	return ERR_CORRUPT;
}

static int replaced(struct db *db, const char *how)
{
	/* Not a byte of the old one goes into the new. */
	sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	buf_clear(db->message);
	buf_printf(db->message, "%s: was replaced while it was open: %s", db->path, how);
	return ERR_CLOSED;
}

/* The inode comes last: until then nothing is compared. */
int place_learn(struct db *db)
{
	struct stat st;
	if (stat(db->name, &st) != 0)
		return replaced(db, "it is gone");
	int e = read_identity(db, db->identity);
	if (e == ERR_OK && !read_file(db, db->versions, sizeof(db->versions), VERSIONS_AT))
		return replaced(db, "its head cannot be read");
	db->identity_at = 0;
	int moved = 0;
	sqlite3_file_control(db->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (e == ERR_OK && moved)
		return replaced(db, "another file has its name");
	db->device = st.st_dev;
	db->inode = st.st_ino;
	return e;
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
		return replaced(db, "another file has its name");
	if (!read_file(db, found, sizeof(db->versions), VERSIONS_AT) ||
	    memcmp(found, db->versions, sizeof(db->versions)) != 0)
		return replaced(db, "its head is another one");
	if (db->identity_at && (!read_file(db, found, DB_IDENTITY, db->identity_at) ||
	                        memcmp(found, db->identity, DB_IDENTITY) != 0))
		return replaced(db, "its bytes are those of another one");
	return ERR_OK;
}

/* What is still being copied to its place is not opened before it has come to rest. */
static bool is_at_rest(struct db *db)
{
	struct stat st;
	if (stat(db->name, &st) != 0)
		return false;
	bool rest = st.st_size == db->size && st.st_mtim.tv_sec == db->changed.tv_sec &&
	            st.st_mtim.tv_nsec == db->changed.tv_nsec;
	db->size = st.st_size;
	db->changed = st.st_mtim;
	return rest;
}

int place_check_all(struct db *db, const char *grows, int64_t *seen)
{
	unsigned char identity[DB_IDENTITY];
	int64_t now;
	int e = place_check(db);
	if (e == ERR_CLOSED && !is_at_rest(db))
		return ERR_BUSY;
	if (e != ERR_OK)
		return e;
	/* What was copied over the file changes no count by which SQLite knows its pages. */
	sqlite3_db_release_memory(db->h);
	e = read_identity(db, identity);
	if (e == ERR_BUSY || e == ERR_IO || e == ERR_FULL)
		return e;                  /* nothing was seen */
	if (e != ERR_OK || memcmp(identity, db->identity, DB_IDENTITY) != 0)
		return replaced(db, "it has another identity");
	if (!db->identity_at)
		db->identity_at = find_identity(db);
	if (!one_number(db, grows, &now))
		return ERR_OK;
	if (now < *seen) {
		char how[120];
		snprintf(how, sizeof(how), "its serial went back from %lld to %lld, an older copy "
		         "was restored", (long long)*seen, (long long)now);
		return replaced(db, how);
	}
	*seen = now;
	return ERR_OK;
}

/* ---- before it is read ------------------------------------------------------------ */

/* A database in WAL mode says so in its head before it has a -wal file: one that says it has
 * none was put there beside the -wal file of another. */
static bool has_foreign_wal(struct db *db, const char *wal)
{
	unsigned char versions[2];
	struct stat st;
	return stat(wal, &st) == 0 && st.st_size > 0 &&
	       read_file(db, versions, sizeof(versions), VERSIONS_AT) && versions[0] == LEGACY;
}

/* It may hold the last changes of a database that somebody moved away: it is kept. */
static int put_aside(struct db *db, const char *wal)
{
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
	char *wal = mem_printf("%s-wal", db->name), *copy = mem_strdup(db->name);
	int e = ERR_OK;
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
