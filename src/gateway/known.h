/* SPDX-License-Identifier: ISC
 *
 * From which addresses (IPv6: /64s) an account has logged in: the last eight of each. Who is known
 * somewhere stays in there, whatever others guess (throttle.h), so it is kept over a restart.
 *
 * The table is pure and bounded: only a right login makes an account or an address known, so that
 * nobody pushes out more than what is his own, but for accounts by the ten thousand. Names and
 * addresses are in it as keyed hashes, in the file too, which has the key.
 *
 * Hostile input: names and addresses that have logged in; a file that was damaged.
 */
#ifndef PORTREEVE_GATEWAY_KNOWN_H
#define PORTREEVE_GATEWAY_KNOWN_H

#include "base/hash.h"
#include "base/ip.h"
#include "base/str.h"

struct syncer;

enum { KNOWN_PLACES = 8, KNOWN_ACCOUNTS = 65536 };

struct known;
struct known *known_create(const struct hash_key *key);
void known_destroy(struct known *k);                     /* NULL is fine */

/* Accounts are in lower case. */
bool known_is(const struct known *k, struct str account, const struct ip *peer);
/* A right login from there. */
void known_add(struct known *k, struct str account, const struct ip *peer);

/* All of it as bytes, in this machine's order, appended; and back, in place of what was known.
 * ERR_INVALID: damaged, or of another kind; nothing is changed then. */
void known_form(const struct known *k, struct buf *out);
int known_parse(struct known *k, struct str bytes);

/* ---- its file -------------------------------------------------------------------------- */

struct known_file;
/* Reads the file, which blocks; one that is damaged is said in the log, and made anew. What is
 * known must outlive it, and so must the path and the syncer. */
struct known_file *known_file_open(const char *path, struct known *k, struct syncer *syncer);
/* Now and then: has what is new written, which does not block. */
void known_file_look(struct known_file *f);
/* After syncer_stop(): writes what is new, which blocks. NULL is fine. */
void known_file_close(struct known_file *f);

#endif
