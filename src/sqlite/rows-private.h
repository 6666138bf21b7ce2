/* SPDX-License-Identifier: ISC
 *
 * The primitives of store/backend.h over one database.
 */
#ifndef PORTREEVE_SQLITE_ROWS_PRIVATE_H
#define PORTREEVE_SQLITE_ROWS_PRIVATE_H

#include "sqlite/sqlite-private.h"

void rows_plan(struct row_plan plans[static ROW_KINDS]);

int rows_get(struct db *db, enum row_kind kind, unsigned index, void *row, struct arena *blobs);
int rows_each(struct db *db, enum row_kind kind, const struct row_range *range,
              struct arena *blobs, row_seen *seen, void *context);
int rows_greatest(struct db *db, enum row_kind kind, const char *column, int64_t *value);
int rows_add(struct db *db, enum row_kind kind, void *row);
int rows_put(struct db *db, enum row_kind kind, const void *row);
int rows_update(struct db *db, enum row_kind kind, const void *row);
int rows_remove(struct db *db, enum row_kind kind, const void *row);

#endif
