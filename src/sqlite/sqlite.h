/* SPDX-License-Identifier: ISC
 *
 * The embedded backend: SQLite in WAL mode, three files below the state directory.
 *
 *   STATE/portreeve.db            the list, tests, evidence: written by tester and commands
 *   STATE/returns/returns.db      what came back: written by collector and commands
 *   STATE/accounts.db             the gateway's accounts: written by commands
 *   STATE/serial                  the highest serial ever given out: by tester and commands
 *
 * so that a collector that is taken over cannot write the list, and no role but the gateway reads a
 * hash of a password. Each has a -wal and a -shm beside it, which stay there when it is closed.
 *
 *   role        reads                            writes
 *   commands                                     STATE
 *   tester      STATE/returns                    STATE/portreeve.db*, STATE/serial
 *   collector   STATE/portreeve.db*              STATE/returns
 *   dnsbl       STATE/portreeve.db*
 *   gateway     STATE/portreeve.db*, STATE/accounts.db*
 *
 * What a role only reads is opened without a descriptor that could write: SQLite needs no
 * write permission on a WAL database as long as -wal and -shm exist; the -shm is mapped
 * read-only. A reader sees each commit at once. After a writer was killed within a commit
 * readers get ERR_BUSY until the next writer has opened the file: keep what you have and
 * ask again. What read permission still allows is to hold a read lock: that delays the
 * emptying of the -wal file, it changes nothing.
 *
 * The files are made with mode 0640, the accounts' with 0600. A process that only reads needs
 * them to exist: open the store once as STORE_ALL before the roles start. (The returns may come
 * later: until then there are none.)
 *
 * The directory may be in the hands of whoever took a role over: a link, a pipe or a journal
 * planted there is dealt with by that user's rights. So root does not open the store of
 * another user (ERR_DENIED): it becomes that user before (settings/state.h). The files and the
 * directory of the returns must be what they seem, and no links (ERR_INVALID).
 */
#ifndef PORTREEVE_SQLITE_SQLITE_H
#define PORTREEVE_SQLITE_SQLITE_H

#include "base/str.h"
#include "store/store.h"

#include <stdbool.h>

/* The files of the list, and those of the accounts, for a sandbox: the database, its -wal and its
 * -shm. Each is the caller's, to be freed. */
enum { STORE_SQLITE_FILES = 3 };
void store_sqlite_files(const char *state_directory, char *paths[static STORE_SQLITE_FILES]);
void store_sqlite_account_files(const char *state_directory,
                                char *paths[static STORE_SQLITE_FILES]);
/* Whether the list is there, and the accounts. */
bool store_sqlite_exists(const char *state_directory);
bool store_sqlite_accounts_exist(const char *state_directory);
/* Whether the list is of a version that has its accounts in their own file, as far as its head
 * says; before the store is opened. */
bool store_sqlite_accounts_apart(const char *state_directory);

/* Opens, making or migrating the schema forward in each place of which something may be
 * written (a newer schema than ours is ERR_UNSUPPORTED). One line in *message on error. */
int store_sqlite_open(const char *state_directory, unsigned may_write, struct store **st,
                      struct buf *message);
/* The same as STORE_ALL, for commands that change nothing: neither file is made, migrated
 * (an older schema is ERR_UNSUPPORTED) or opened for writing. */
int store_sqlite_open_to_read(const char *state_directory, struct store **st,
                              struct buf *message);

#endif
