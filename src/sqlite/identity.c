/* SPDX-License-Identifier: ISC
 *
 * Which database is open: the half of place.c that asks SQLite. It is learned when the database is
 * opened, and looked at in full from time to time.
 */
#include "sqlite/sqlite-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { VERSIONS_AT = 18, PAGE_MAX = 65536 };

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
	if (place_read(db, bytes, (int)size, (page - 1) * size)) {
		struct str in = { (const char *)bytes, (size_t)size };
		size_t found = str_search(in, (struct str){ (const char *)db->identity,
		                                            DB_IDENTITY });
		at = found == SIZE_MAX ? 0 : (page - 1) * size + (int64_t)found;
	}
	free(bytes);
	assert(at >= 0);
	return at;
}

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

/* The inode comes last: until then nothing is compared. */
int place_learn(struct db *db)
{
	struct stat st;
	if (stat(db->name, &st) != 0)
		return place_replaced(db, "it is gone");
	int e = read_identity(db, db->identity);
	if (e == ERR_OK && !place_read(db, db->versions, sizeof(db->versions), VERSIONS_AT))
		return place_replaced(db, "its head cannot be read");
	db->identity_at = 0;
	int moved = 0;
	sqlite3_file_control(db->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (e == ERR_OK && moved)
		return place_replaced(db, "another file has its name");
	assert(db->identity_at == 0 && db->inode == 0);
	db->device = st.st_dev;
	db->inode = st.st_ino;
	return e;
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
		return place_replaced(db, "it has another identity");
	if (!db->identity_at)
		db->identity_at = find_identity(db);
	if (!one_number(db, grows, &now))
		return ERR_OK;
	assert(*seen >= 0 && db->inode != 0);
	if (now < *seen) {
		char how[120];
		snprintf(how, sizeof(how), "its serial went back from %lld to %lld, an older copy "
		         "was restored", (long long)*seen, (long long)now);
		return place_replaced(db, how);
	}
	*seen = now;
	return ERR_OK;
}
