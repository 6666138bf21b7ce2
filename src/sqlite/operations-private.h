/* SPDX-License-Identifier: ISC
 *
 * The operations of the SQLite backend, as its table (sqlite.c) names them: each is what
 * store.h and reports.h say of it.
 */
#ifndef PORTREEVE_SQLITE_OPERATIONS_PRIVATE_H
#define PORTREEVE_SQLITE_OPERATIONS_PRIVATE_H

#include "sqlite/sqlite-private.h"


int sqlite_check(struct store *st);
int sqlite_backup(struct store *st, const struct store_copy *list,
                  const struct store_copy *returns);

#endif
