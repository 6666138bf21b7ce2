/* SPDX-License-Identifier: ISC
 *
 * The embedded backend: SQLite in WAL mode, two files in the state directory.
 * portreeve.db is written by tester and commands; returns.db by the collector alone, so
 * that a collector that is taken over cannot write the list. The dnsbl opens portreeve.db
 * read-only. File permissions and the roles' sandboxes enforce the same.
 */
#ifndef PORTREEVE_STORE_SQLITE_H
#define PORTREEVE_STORE_SQLITE_H

#include "store/store.h"

/* Opens, making or migrating the schema forward where the role may write (a newer
 * schema than ours is ERR_UNSUPPORTED). One line in *message on error. */
int store_sqlite_open(const char *state_directory, enum store_role role, struct store **st,
                      struct buf *message);

#endif
