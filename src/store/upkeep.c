/* SPDX-License-Identifier: ISC
 *
 * What a store has besides its list: scans that can be resumed, keys of ours, whether it is
 * still the one that was opened, and its copy.
 */
#include "store/backend.h"
#include "store/fuse.h"
#include "store/reports.h"

#include "base/random.h"
#include "store/upkeep.h"

#include <assert.h>

void store_close(struct store *st)
{
	if (st)
		st->ops->close(st);
}

const char *store_message(struct store *st)
{
	return buf_cstr(&st->message);
}

void store_set_rules(struct store *st, const struct fuse *fuse, int64_t clock_jump_max_s)
{
	assert(clock_jump_max_s >= 0);
	st->fuse = *fuse;
	st->clock_jump_max_s = clock_jump_max_s;
}

const struct fuse *store_fuse(const struct store *st)
{
	return &st->fuse;
}

int store_check(struct store *st)
{
	buf_clear(&st->message);
	return st->ops->check(st);
}

int store_news(struct store *st)
{
	int fd = st->ops->news ? st->ops->news(st) : -1;
	assert(fd >= -1);
	return fd;
}

int store_backup(struct store *st, const struct store_copy *list,
                 const struct store_copy *returns, const struct store_copy *accounts)
{
	buf_clear(&st->message);
	/* A command, that writes all or nothing; a role has no business with a copy. */
	if (st->may_write != 0 && st->may_write != STORE_ALL)
		return store_fail(st, ERR_DENIED, "store: backup is not allowed to this process");
	return st->ops->backup(st, list, returns, accounts);
}

/* ---- scans ----------------------------------------------------------------------- */

static void name_scan(struct scan_row *row, const char *key)
{
	bool fits = str_copy(row->key, sizeof(row->key), str_of(key));
	assert(fits);
}

static int scan_begin(struct store *st, struct scan_row *scan, int64_t now_s)
{
	assert(st->writing[PLACE_LIST] && scan->key[0]);
	int e = row_get(st, ROW_SCAN, BY_KEY, scan, NULL);
	if (e == ERR_OK && scan->ended_s == 0)
		return ERR_OK;
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	scan->seed = random_u64();
	scan->started_s = now_s;
	scan->ended_s = 0;
	return row_put(st, ROW_SCAN, scan);
}

int store_scan_begin(struct store *st, const char *key, int64_t now_s, uint64_t *seed,
                     int64_t *started_s)
{
	struct scan_row scan = { 0 };
	name_scan(&scan, key);
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "scan_begin");
	if (e == ERR_OK)
		e = store_end(st, scan_begin(st, &scan, now_s));
	if (e != ERR_OK)
		return e;
	assert(scan.ended_s == 0);
	*seed = scan.seed;
	*started_s = scan.started_s;
	return ERR_OK;
}

static int scan_end(struct store *st, struct scan_row *scan, int64_t now_s)
{
	int e = row_get(st, ROW_SCAN, BY_KEY, scan, NULL);
	if (e == ERR_NOT_FOUND || (e == ERR_OK && scan->ended_s != 0))
		return store_fail(st, ERR_NOT_FOUND, "no such scan is unfinished");
	scan->ended_s = now_s;
	return e == ERR_OK ? row_update(st, ROW_SCAN, scan) : e;
}

int store_scan_end(struct store *st, const char *key, int64_t now_s)
{
	struct scan_row scan = { 0 };
	name_scan(&scan, key);
	int e = store_begin(st, PLACE_LIST, STORE_TESTS, "scan_end");
	return e == ERR_OK ? store_end(st, scan_end(st, &scan, now_s)) : e;
}

/* ---- secrets --------------------------------------------------------------------- */

static int secret_make(struct store *st, struct secret_row *row, struct arena *a)
{
	assert(st->writing[PLACE_LIST] && row->name[0]);
	int e = row_get(st, ROW_SECRET, BY_KEY, row, a);
	if (e != ERR_NOT_FOUND)
		return e;
	unsigned char *bytes = arena_alloc(a, STORE_SECRET_BYTES);
	random_bytes(bytes, STORE_SECRET_BYTES);
	row->secret = (struct str){ (const char *)bytes, STORE_SECRET_BYTES };
	return row_put(st, ROW_SECRET, row);
}

int store_secret(struct store *st, const char *name,
                 unsigned char secret[static STORE_SECRET_BYTES])
{
	struct arena a = { 0 };
	struct secret_row row = { 0 };
	bool fits = str_copy(row.name, sizeof(row.name), str_of(name));
	assert(fits);
	int e = store_begin(st, PLACE_LIST, STORE_REPORTS, "secret");
	if (e == ERR_OK)
		e = store_end(st, secret_make(st, &row, &a));
	if (e == ERR_OK && row.secret.n != STORE_SECRET_BYTES)
		e = store_fail(st, ERR_CORRUPT, "%s: the secret \"%s\" is damaged",
		               st->names[PLACE_LIST], name);
	if (e == ERR_OK)
		memcpy(secret, row.secret.p, STORE_SECRET_BYTES);
	arena_fini(&a);
	return e;
}
