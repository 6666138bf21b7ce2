/* SPDX-License-Identifier: ISC
 *
 * The store of these settings: the one place that names a backend. All of it happens in the
 * state directory, after state_enter(). Blocks.
 */
#ifndef PORTREEVE_SETTINGS_OPEN_H
#define PORTREEVE_SETTINGS_OPEN_H

#include "settings/settings.h"
#include "store/store.h"

/* Whether the list is there. */
bool settings_store_exists(const struct settings *s);
/* The name of a database that is not there and must not be made anew, as an empty one would be
 * taken for it; NULL: there is none. `first`: that may be the first start, at which only accounts
 * can be missed, by a gateway. */
const char *settings_store_missing(const struct settings *s, bool first);
/* Opens the store with what may be written (store/store.h; STORE_READS: the list is read alone),
 * and its rules (settings_rules()). What may be written is made, or brought to our version.
 * One line in *message on error: ERR_NOT_FOUND, ERR_BUSY, ERR_AGAIN: it may come; ERR_UNSUPPORTED:
 * it is a newer one. */
int settings_store_open(const struct settings *s, unsigned may_write, struct store **st,
                        struct buf *message);
/* For a command that changes nothing: nothing is made, and what a writer left that was killed
 * is mended if it is ours. */
int settings_store_open_to_read(const struct settings *s, struct store **st,
                                struct buf *message);
/* The files of the list, and those of the accounts, for a sandbox; each is the caller's, to be
 * freed. */
enum { SETTINGS_STORE_FILES = 3 };
void settings_store_files(char *paths[static SETTINGS_STORE_FILES]);
void settings_store_account_files(char *paths[static SETTINGS_STORE_FILES]);

#endif
