/* SPDX-License-Identifier: ISC
 *
 * How the accounts that an older version kept in the list come to their own file.
 *
 * The rows are copied, which is one transaction of the accounts' file, and dropped in a later one
 * of the list. What stops it between the two leaves an older list, whose accounts are copied again,
 * in place of all that is there: as long as the list has accounts, they are those that count.
 */
#include "sqlite/sqlite-private.h"

#include <assert.h>

/* One row, by its columns in order. */
static int copy_row(struct query *from, struct query *to, int columns)
{
	int rc = SQLITE_OK;
	assert(to->bound == 0 && sqlite3_column_count(from->s) == columns);
	assert(sqlite3_bind_parameter_count(to->s) == columns);
	for (; rc == SQLITE_OK && to->bound < columns; to->bound++)
		rc = sqlite3_bind_value(to->s, to->bound + 1,
		                        sqlite3_column_value(from->s, to->bound));
	return rc == SQLITE_OK ? query_run(to) : db_error(to->db, rc);
}

static int copy_rows(struct db *from, struct db *to, const char *select, const char *insert,
                     int columns)
{
	struct query rows = query(from, select);
	int said;
	while ((said = query_step(&rows)) == 1) {
		struct query row = query(to, insert);
		if (row.rc != SQLITE_OK)
			return query_stop(&rows, db_error(to, row.rc));
		int e = copy_row(&rows, &row, columns);
		if (e != ERR_OK)
			return query_stop(&rows, e);
	}
	return said;
}

static int copy_all(struct db *from, struct db *to)
{
	assert(sqlite3_txn_state(to->h, "main") == SQLITE_TXN_WRITE);
	int e = db_exec(to, "DELETE FROM account_addresses; DELETE FROM accounts");
	if (e == ERR_OK)
		e = copy_rows(from, to, "SELECT name, hash, scram, mailbox, locked, uid, created_s,"
		              " changed_s FROM accounts",
		              "INSERT INTO accounts (name, hash, scram, mailbox, locked, uid,"
		              " created_s, changed_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", 8);
	if (e == ERR_OK)
		e = copy_rows(from, to, "SELECT address, account, created_s FROM account_addresses",
		              "INSERT INTO account_addresses (address, account, created_s)"
		              " VALUES (?, ?, ?)", 3);
	return e;
}

int accounts_move(struct db *list)
{
	struct query q = query(list, "SELECT EXISTS (SELECT 1 FROM accounts)");
	assert(sqlite3_txn_state(list->h, "main") == SQLITE_TXN_WRITE);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	bool any = col_int(&q) != 0;
	e = query_end(&q);
	if (e != ERR_OK || !any)
		return e;
	if (!list->accounts) {
		buf_clear(list->message);
		buf_printf(list->message, "%s: written by an older version, with accounts; run a "
		           "command that writes, as \"portreeve run\" does", list->path);
		return ERR_UNSUPPORTED;
	}
	e = db_begin(list->accounts);
	return e == ERR_OK ? db_end(list->accounts, copy_all(list, list->accounts)) : e;
}
