/* SPDX-License-Identifier: ISC
 *
 * Opens the store that the settings name. There is one backend: SQLite, in the state directory.
 */
#include "settings/open.h"

#include "settings/state.h"
#include "sqlite/sqlite.h"

#include <assert.h>

static_assert((int)SETTINGS_STORE_FILES == (int)STORE_SQLITE_FILES, "all of them");

bool settings_store_exists(const struct settings *s)
{
	(void)s;
	return store_sqlite_exists(STATE_HERE);
}

const char *settings_store_missing(const struct settings *s, bool first)
{
	if (!first && !store_sqlite_exists(STATE_HERE))
		return "portreeve.db";
	bool needed = !first || (settings_has_role(s, "gateway") &&
	                         store_sqlite_accounts_apart(STATE_HERE));
	return needed && !store_sqlite_accounts_exist(STATE_HERE) ? "accounts.db" : NULL;
}

int settings_store_open(const struct settings *s, unsigned may_write, struct store **st,
                        struct buf *message)
{
	int e = store_sqlite_open(STATE_HERE, may_write, st, message);
	assert((e == ERR_OK) == (*st != NULL));
	if (e == ERR_OK)
		settings_rules(s, *st);
	return e;
}

int settings_store_open_to_read(const struct settings *s, struct store **st,
                                struct buf *message)
{
	int e = store_sqlite_open_to_read(STATE_HERE, st, message);
	assert((e == ERR_OK) == (*st != NULL));
	if (e == ERR_OK)
		settings_rules(s, *st);
	return e;
}

void settings_store_files(char *paths[static SETTINGS_STORE_FILES])
{
	store_sqlite_files(STATE_HERE, paths);
}

void settings_store_account_files(char *paths[static SETTINGS_STORE_FILES])
{
	store_sqlite_account_files(STATE_HERE, paths);
}
