/* SPDX-License-Identifier: ISC
 *
 * Accounts of the mail gateway and their addresses.
 */
#include "store/accounts.h"

#include "store/backend.h"

#include <assert.h>

/* "ann@example.org": "example.org/ann". Of a whole domain it is the account's name there. */
static void mailbox_of(const char *name, const char *address, char out[static ADDRESS_MAX])
{
	struct str s = str_of(address), local = { s.p, str_find(s, '@') };
	struct buf b = { 0 };
	assert(account_address_valid(address) && account_name_valid(name));
	struct str domain = str_from(s, local.n + 1);
	if (local.n == 0) {
		size_t at = str_find(str_of(name), '@');
		local = at == SIZE_MAX ? str_of(name) : (struct str){ name, at };
	}
	buf_printf(&b, "%.*s/%.*s", STR_ARG(domain), STR_ARG(local));
	bool fits = str_copy(out, ADDRESS_MAX, buf_str(&b));
	if (!fits)
		out[0] = '\0';
	buf_fini(&b);
}

/* ---- rows --------------------------------------------------------------------------- */

static int need(struct store *st, const char *name, struct account *account)
{
	struct account found = { 0 };          /* name may be account->name */
	int e = str_copy(found.name, sizeof(found.name), str_of(name)) ?
	        row_get(st, ROW_ACCOUNT, BY_KEY, &found, NULL) : ERR_NOT_FOUND;
	found.has_password = found.hash[0] != '\0';
	found.has_scram = found.scram[0] != '\0';
	if (e == ERR_OK)
		*account = found;
	explicit_bzero(&found, sizeof(found));
	return e == ERR_NOT_FOUND ? store_fail(st, e, "no account has the name \"%s\"", name) : e;
}

static int find_address(struct store *st, struct str address, struct account_address *row)
{
	*row = (struct account_address){ 0 };
	if (!str_copy(row->address, sizeof(row->address), address))
		return ERR_NOT_FOUND;
	return row_get(st, ROW_ACCOUNT_ADDRESS, BY_KEY, row, NULL);
}

static int find_owner(struct store *st, const char *address, struct account_address *row)
{
	char key[ADDRESS_MAX];
	int e = ERR_NOT_FOUND;
	for (unsigned step = 0; e == ERR_NOT_FOUND && step < ADDRESS_STEPS; step++)
		if (account_address_step(str_of(address), step, key))
			e = find_address(st, str_of(key), row);
	return e;
}

static void hide_secrets(struct account *account)
{
	account->has_password = account->hash[0] != '\0';
	account->has_scram = account->scram[0] != '\0';
	memset(account->hash, 0, sizeof(account->hash));
	memset(account->scram, 0, sizeof(account->scram));
}

/* Whether another account has the mailbox. */
static int mailbox_free(struct store *st, const struct account *account)
{
	struct account other = { 0 };
	struct row_range its = { .index = ACCOUNT_BY_MAILBOX, .row = account, .equal = 1 };
	int e = row_first(st, ROW_ACCOUNT, &its, &other, NULL);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	return store_fail(st, ERR_EXISTS, "the mailbox %s is of the account %s; give the account"
	                  " another address first", other.mailbox, other.name);
}

/* The first address says where its mail is kept. */
static int settle_mailbox(struct store *st, struct account *account, const char *address)
{
	assert(st->writing[PLACE_ACCOUNTS]);
	if (account->mailbox[0])
		return ERR_OK;
	mailbox_of(account->name, address, account->mailbox);
	if (!account->mailbox[0])
		return store_fail(st, ERR_LIMIT, "%s: longer than a mailbox's name may be",
		                  address);
	return mailbox_free(st, account);
}

static int give(struct store *st, const char *account, const char *address, int64_t now_s)
{
	struct account_address row;
	assert(st->writing[PLACE_ACCOUNTS] && account_name_valid(account));
	if (!account_address_valid(address))
		return store_fail(st, ERR_INVALID, "\"%s\": expected an address in lower case, or"
		                  " \"@\" and a domain", address);
	int e = find_address(st, str_of(address), &row);
	if (e == ERR_OK)
		return store_fail(st, ERR_EXISTS, "the address %s is of the account %s", address,
		                  row.account);
	if (e != ERR_NOT_FOUND)
		return e;
	row = (struct account_address){ .created_s = now_s };
	bool fits = str_copy(row.address, sizeof(row.address), str_of(address)) &&
	            str_copy(row.account, sizeof(row.account), str_of(account));
	assert(fits);
	return row_add(st, ROW_ACCOUNT_ADDRESS, &row);
}

/* ---- accounts ----------------------------------------------------------------------- */

static int check_new(struct store *st, const struct account *account)
{
	struct account there;
	if (!account_name_valid(account->name))
		return store_fail(st, ERR_INVALID, "\"%s\": expected a name in lower case, as"
		                  " \"ann\" or \"ann@example.org\"", account->name);
	int e = need(st, account->name, &there);
	if (e == ERR_OK)
		return store_fail(st, ERR_EXISTS, "the account %s is there already", account->name);
	if (e != ERR_NOT_FOUND || account->uid == ACCOUNT_NO_UID)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	there = (struct account){ .uid = account->uid };
	e = row_get(st, ROW_ACCOUNT, ACCOUNT_BY_UID, &there, NULL);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_OK : e;
	return store_fail(st, ERR_EXISTS, "the user id %lld is of the account %s",
	                  (long long)account->uid, there.name);
}

static int add(struct store *st, struct account *account, const char *const *addresses, size_t n,
               int64_t now_s)
{
	int e = check_new(st, account);
	account->mailbox[0] = '\0';
	account->created_s = account->changed_s = now_s;
	if (e == ERR_OK)
		e = row_add(st, ROW_ACCOUNT, account);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		e = give(st, account->name, addresses[i], now_s);
	if (e == ERR_OK && n > 0)
		e = settle_mailbox(st, account, addresses[0]);
	return e == ERR_OK && n > 0 ? row_update(st, ROW_ACCOUNT, account) : e;
}

int store_account_add(struct store *st, struct account *account, const char *const *addresses,
                      size_t n, int64_t now_s)
{
	assert(account->uid >= ACCOUNT_NO_UID && (n == 0 || addresses));
	int e = store_begin(st, PLACE_ACCOUNTS, STORE_ACCOUNTS, "account_add");
	return e == ERR_OK ? store_end(st, add(st, account, addresses, n, now_s)) : e;
}

int store_account_get(struct store *st, const char *name, struct account *account)
{
	return need(st, name, account);
}

int store_accounts(struct store *st, struct arena *a, struct account **rows, size_t *n)
{
	struct row_wish all = { .range.index = BY_KEY };
	int e = row_list(st, ROW_ACCOUNT, &all, a, rows, n);
	for (size_t i = 0; e == ERR_OK && i < *n; i++)
		hide_secrets(&(*rows)[i]);
	return e;
}

static int see_scram(void *context, const void *row)
{
	const struct account *account = row;
	assert(account->name[0] != '\0');
	*(bool *)context = account->scram[0] != '\0';
	return *(bool *)context;
}

int store_accounts_use_scram(struct store *st, bool *any)
{
	const struct row_range all = { .index = BY_KEY };
	*any = false;
	return row_each(st, ROW_ACCOUNT, &all, NULL, see_scram, any);
}

static int set_hash(struct store *st, const char *name, const char *hash, const char *scram,
                    int64_t now_s)
{
	struct account account;
	int e = need(st, name, &account);
	if (e != ERR_OK)
		return e;
	bool fits = str_copy(account.hash, sizeof(account.hash), str_of(hash)) &&
	            str_copy(account.scram, sizeof(account.scram), str_of(scram));
	assert(fits);
	account.changed_s = now_s;
	return row_update(st, ROW_ACCOUNT, &account);
}

int store_account_set_hash(struct store *st, const char *name, const char *hash,
                           const char *scram, int64_t now_s)
{
	int e = store_begin(st, PLACE_ACCOUNTS, STORE_ACCOUNTS, "account_set_hash");
	return e == ERR_OK ? store_end(st, set_hash(st, name, hash, scram, now_s)) : e;
}

static int lock(struct store *st, const char *name, bool locked, int64_t now_s)
{
	struct account account;
	int e = need(st, name, &account);
	if (e != ERR_OK || account.locked == locked)
		return e;
	assert(strcmp(account.name, name) == 0);
	account.locked = locked;
	account.changed_s = now_s;
	return row_update(st, ROW_ACCOUNT, &account);
}

int store_account_lock(struct store *st, const char *name, bool locked, int64_t now_s)
{
	int e = store_begin(st, PLACE_ACCOUNTS, STORE_ACCOUNTS, "account_lock");
	return e == ERR_OK ? store_end(st, lock(st, name, locked, now_s)) : e;
}

static struct account_address of_account(const char *name)
{
	struct account_address row = { 0 };
	bool fits = str_copy(row.account, sizeof(row.account), str_of(name));
	assert(fits);
	return row;
}

static int take_away(struct store *st, const char *name)
{
	struct account account;
	int e = need(st, name, &account);
	if (e != ERR_OK)
		return e;
	struct account_address row = of_account(account.name);
	struct row_range its = { .index = ADDRESS_BY_ACCOUNT, .row = &row, .equal = 1 };
	assert(st->writing[PLACE_ACCOUNTS]);
	e = row_clear(st, ROW_ACCOUNT_ADDRESS, &its, NULL);
	return e == ERR_OK ? row_remove(st, ROW_ACCOUNT, &account) : e;
}

int store_account_remove(struct store *st, const char *name)
{
	int e = store_begin(st, PLACE_ACCOUNTS, STORE_ACCOUNTS, "account_remove");
	return e == ERR_OK ? store_end(st, take_away(st, name)) : e;
}

/* ---- addresses ---------------------------------------------------------------------- */

static int address_add(struct store *st, const char *name, const char *address, int64_t now_s)
{
	struct account account;
	int e = need(st, name, &account);
	if (e == ERR_OK)
		e = give(st, account.name, address, now_s);
	if (e == ERR_OK)
		e = settle_mailbox(st, &account, address);
	account.changed_s = now_s;
	return e == ERR_OK ? row_update(st, ROW_ACCOUNT, &account) : e;
}

int store_address_add(struct store *st, const char *account, const char *address, int64_t now_s)
{
	int e = store_begin(st, PLACE_ACCOUNTS, STORE_ACCOUNTS, "address_add");
	return e == ERR_OK ? store_end(st, address_add(st, account, address, now_s)) : e;
}

static int address_remove(struct store *st, const char *name, const char *address, int64_t now_s)
{
	struct account account;
	struct account_address row;
	int e = need(st, name, &account);
	if (e != ERR_OK)
		return e;
	e = find_address(st, str_of(address), &row);
	assert(e != ERR_OK || row.account[0]);
	if (e == ERR_NOT_FOUND || (e == ERR_OK && strcmp(row.account, account.name) != 0))
		return store_fail(st, ERR_NOT_FOUND, "the account %s has no address %s", name,
		                  address);
	if (e == ERR_OK)
		e = row_remove(st, ROW_ACCOUNT_ADDRESS, &row);
	account.changed_s = now_s;
	return e == ERR_OK ? row_update(st, ROW_ACCOUNT, &account) : e;
}

int store_address_remove(struct store *st, const char *account, const char *address,
                         int64_t now_s)
{
	int e = store_begin(st, PLACE_ACCOUNTS, STORE_ACCOUNTS, "address_remove");
	return e == ERR_OK ? store_end(st, address_remove(st, account, address, now_s)) : e;
}

int store_addresses(struct store *st, const char *account, struct arena *a,
                    struct account_address **rows, size_t *n)
{
	struct account_address row = { 0 };
	struct row_wish wish = { .range.index = BY_KEY };
	if (account) {
		row = of_account(account);
		wish.range = (struct row_range){ .index = ADDRESS_BY_ACCOUNT, .row = &row,
		                                 .equal = 1 };
	}
	return row_list(st, ROW_ACCOUNT_ADDRESS, &wish, a, rows, n);
}

/* ---- whose it is -------------------------------------------------------------------- */

static int of_address(struct store *st, const char *address, struct account *account)
{
	struct account_address row;
	int e = find_owner(st, address, &row);
	if (e == ERR_OK)
		e = need(st, row.account, account);
	if (e == ERR_OK)
		hide_secrets(account);
	assert(e != ERR_OK || strcmp(account->name, row.account) == 0);
	return e;
}

int store_account_of_address(struct store *st, const char *address, struct account *account)
{
	int e = store_begin_read(st, PLACE_ACCOUNTS);
	return e == ERR_OK ? store_end(st, of_address(st, address, account)) : e;
}

static int of_login(struct store *st, const char *login, struct account *account)
{
	struct account_address row;
	int e = need(st, login, account);
	if (e != ERR_NOT_FOUND || login[0] == '@')
		return e;
	e = find_address(st, str_of(login), &row);
	assert(e != ERR_OK || strcmp(row.address, login) == 0);
	return e == ERR_OK ? need(st, row.account, account) : e;
}

int store_account_of_login(struct store *st, const char *login, struct account *account)
{
	int e = store_begin_read(st, PLACE_ACCOUNTS);
	return e == ERR_OK ? store_end(st, of_login(st, login, account)) : e;
}

int store_account_of_uid(struct store *st, unsigned uid, struct account *account)
{
	*account = (struct account){ .uid = uid };
	int e = row_get(st, ROW_ACCOUNT, ACCOUNT_BY_UID, account, NULL);
	hide_secrets(account);
	return e;
}

static int owns_address(struct store *st, const char *name, const char *address, bool *owns)
{
	struct account account;
	int e = of_address(st, address, &account);
	*owns = e == ERR_OK && !account.locked && strcmp(account.name, name) == 0;
	assert(!*owns || name[0]);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

int store_account_owns(struct store *st, const char *name, const char *address, bool *owns)
{
	*owns = false;
	assert(name && address);
	int e = store_begin_read(st, PLACE_ACCOUNTS);
	return e == ERR_OK ? store_end(st, owns_address(st, name, address, owns)) : e;
}
