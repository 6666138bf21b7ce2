/* SPDX-License-Identifier: ISC
 *
 * store/accounts.h without a store: the accounts are the users of this world. Now and then the
 * database is busy.
 */
#include "mail.h"

#include <stdio.h>

enum { BUSY_PER_MILLE = 10 };

static bool is_busy(void)
{
	return !world.calm && chance_of(BUSY_PER_MILLE);
}

static int found(const struct user *u, struct account *out)
{
	if (is_busy())
		return ERR_BUSY;
	if (!u)
		return ERR_NOT_FOUND;
	const char *at = strchr(u->address[0], '@');
	*out = (struct account){ .uid = ACCOUNT_NO_UID };
	str_copy(out->name, sizeof(out->name), str_of(u->name));
	snprintf(out->mailbox, sizeof(out->mailbox), "%s/%.*s", at + 1,
	         (int)(at - u->address[0]), u->address[0]);
	return ERR_OK;
}

static const struct user *user_named(const char *name)
{
	for (unsigned i = 0; i < user_n; i++)
		if (strcmp(users[i].name, name) == 0)
			return &users[i];
	return NULL;
}

static const struct user *user_at(const char *address)
{
	for (unsigned i = 0; i < user_n; i++)
		if (names_owns(str_of(users[i].name), str_of(address)))
			return &users[i];
	return NULL;
}

int store_account_get(struct store *st, const char *name, struct account *account)
{
	(void)st;
	return found(user_named(name), account);
}

int store_account_of_address(struct store *st, const char *address, struct account *account)
{
	(void)st;
	return found(user_at(address), account);
}

int store_account_of_login(struct store *st, const char *login, struct account *account)
{
	const struct user *u = user_named(login);
	(void)st;
	int e = found(u ? u : user_at(login), account);
	struct buf keys = { 0 };
	scram_stored(&keys);
	if (e == ERR_OK)
		str_copy(account->scram, sizeof(account->scram), buf_str(&keys));
	buf_fini(&keys);
	return e;
}

int store_account_of_uid(struct store *st, unsigned uid, struct account *account)
{
	(void)st, (void)uid;
	return found(NULL, account);
}

int store_account_owns(struct store *st, const char *name, const char *address, bool *owns)
{
	(void)st;
	*owns = names_owns(str_of(name), str_of(address));
	return is_busy() ? ERR_BUSY : ERR_OK;
}

int store_accounts_use_scram(struct store *st, bool *any)
{
	(void)st;
	*any = true;
	return ERR_OK;
}
