/* SPDX-License-Identifier: ISC
 *
 * The store contract's part for the mail gateway: its accounts, and the addresses that belong to
 * them. What store.h promises holds here too. Changes are for commands (STORE_ACCOUNTS); the
 * gateway reads. They are not in the journal, which is the list's. Blocks.
 *
 * A hash and the SCRAM keys are secrets: they are read by store_account_get() and _of_login(), and
 * nothing prints them. So accounts have a place of their own (rows.h), which is opened when it is
 * first asked for, and by no other role. Where it is not there, or not yet, all fails with
 * ERR_BUSY: a lost file is not a server without users.
 *
 *   name       in lower case: "ann", "ann@example.org"
 *   address    in lower case, its domain as A-labels: "ann@example.org". It belongs to one account,
 *              which receives what is sent to it and may send as it. "@example.org" is every
 *              address of that domain that belongs to nobody else
 *   mailbox    where its mail goes below the directory of the Maildirs: "example.org/ann". It is
 *              made of its first address and stays, whatever addresses come and go. An account
 *              without an address has none
 */
#ifndef PORTREEVE_STORE_ACCOUNTS_H
#define PORTREEVE_STORE_ACCOUNTS_H

#include "base/arena.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	ACCOUNT_NAME_MAX = 256, ACCOUNT_HASH_MAX = 160, ACCOUNT_SCRAM_MAX = 256,
	ADDRESS_MAX = 321,             /* 64, "@", 255, and a NUL */
};
/* Of an account that no user of the system has. */
enum { ACCOUNT_NO_UID = -1 };

struct account {
	char name[ACCOUNT_NAME_MAX];
	char hash[ACCOUNT_HASH_MAX];   /* PHC text, "$argon2id$v=19$…"; "": no password of ours */
	/* "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY" in base64 (RFC 5803 1); "": none. */
	char scram[ACCOUNT_SCRAM_MAX];
	char mailbox[ADDRESS_MAX];
	bool locked;                   /* no login, and no mail is sent; what comes is kept */
	int64_t uid;                   /* of the one system user who is this account */
	int64_t created_s, changed_s;
	bool has_password, has_scram;  /* where hash and keys are left out; no columns */
};
struct account_address {
	char address[ADDRESS_MAX];
	char account[ACCOUNT_NAME_MAX];
	int64_t created_s;
};

/* Whether a name, or an address, is as it is kept here: in lower case, no control character, no
 * space, no "/", and nothing that is a name in a directory ("." and ".."). Pure. */
bool account_name_valid(const char *name);
bool account_address_valid(const char *address);

/* An address is somebody's by the first of these that is: itself, without its "+detail" (RFC 5233
 * 4), "@" and its domain. */
enum { ADDRESS_ITSELF, ADDRESS_WITHOUT_DETAIL, ADDRESS_OF_DOMAIN, ADDRESS_STEPS };
/* False: it has no such form, or one that is longer than any address. Pure. */
bool account_address_step(struct str address, unsigned step, char out[static ADDRESS_MAX]);

/* A new account with addresses, at least none. account->mailbox is set by its first. ERR_EXISTS:
 * the name, the uid, an address or the mailbox is somebody's already, which the message says.
 * ERR_INVALID. */
int store_account_add(struct store *st, struct account *account, const char *const *addresses,
                      size_t n, int64_t now_s);
/* Each: ERR_NOT_FOUND, with a message. */
int store_account_get(struct store *st, const char *name, struct account *account);
/* In order of their names, without hash and keys. */
int store_accounts(struct store *st, struct arena *a, struct account **rows, size_t *n);
/* Whether any account has SCRAM keys: a server that offers SCRAM to people who have none only sends
 * them away. Reads all of them where none has. */
int store_accounts_use_scram(struct store *st, bool *any);
/* `scram` "": it has none from now on. */
int store_account_set_hash(struct store *st, const char *name, const char *hash,
                           const char *scram, int64_t now_s);
int store_account_lock(struct store *st, const char *name, bool locked, int64_t now_s);
/* With its addresses. Its Maildir is not the store's. */
int store_account_remove(struct store *st, const char *name);

/* ERR_EXISTS: it is an account's already. ERR_NOT_FOUND: no such account, no such address of it. */
int store_address_add(struct store *st, const char *account, const char *address, int64_t now_s);
int store_address_remove(struct store *st, const char *account, const char *address,
                         int64_t now_s);
/* Of one account, or (NULL) of all. In order. */
int store_addresses(struct store *st, const char *account, struct arena *a,
                    struct account_address **rows, size_t *n);

/* Whose mail it is: the account that has the address, or else the address without its "+detail"
 * (RFC 5233 4), or else its domain. Without hash and keys.
 * ERR_NOT_FOUND without a message. */
int store_account_of_address(struct store *st, const char *address, struct account *account);
/* Who logs in by that name: the account of that name, or the one that has exactly that address,
 * as most mail programs give the whole address. With hash and keys. ERR_NOT_FOUND. */
int store_account_of_login(struct store *st, const char *login, struct account *account);
/* Locked or not. ERR_NOT_FOUND without a message. */
int store_account_of_uid(struct store *st, unsigned uid, struct account *account);
/* Whether that account, which must not be locked, may send as that address. */
int store_account_owns(struct store *st, const char *name, const char *address, bool *owns);

#endif
