/* SPDX-License-Identifier: ISC
 *
 * Transactions: what is committed is on disk, in a file that still has its name, and its serial
 * is kept outside of it.
 */
#include "sqlite/sqlite-private.h"

#include <assert.h>

int db_begin(struct db *db)
{
	struct query q = query(db, "BEGIN IMMEDIATE");
	assert(sqlite3_get_autocommit(db->h));
	db->serial = 0;
	return query_run(&q);
}

int db_begin_read(struct db *db)
{
	struct query q = query(db, "BEGIN");
	assert(sqlite3_get_autocommit(db->h));
	return query_run(&q);
}

int db_end(struct db *db, int e)
{
	bool wrote = sqlite3_txn_state(db->h, "main") == SQLITE_TXN_WRITE;
	assert(e <= 0 && (db->writable || !wrote));
	if (e == ERR_OK) {
		struct query q = query(db, "COMMIT");
		e = query_run(&q);
		if (e == ERR_OK && wrote) {
			serial_keep(db);
			e = db_check_written(db);
		}
	}
	/* The message tells why e is what it is: undoing must not replace it. SQLite may
	 * have undone all itself; what is not written needs no disk to be undone. */
	if (!sqlite3_get_autocommit(db->h))
		sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
	return e;
}
