/* SPDX-License-Identifier: ISC
 *
 * Accounts of the mail gateway: whose an address is, what belongs to one account alone, and what
 * is said of it when somebody else wants it.
 */
#include "admin.h"

#include "store/accounts.h"

static int add_as(const char *name, int64_t uid, const char *first, const char *second)
{
	struct account account = { .uid = uid, .hash = "$argon2id$x", .scram = "SCRAM-SHA-256$1:a$b:c" };
	const char *addresses[] = { first, second };
	assert_true(str_copy(account.name, sizeof(account.name), str_of(name)));
	size_t n = !first ? 0 : !second ? 1 : 2;
	int e = store_account_add(st, &account, addresses, n, NOW);
	assert_true(e != ERR_OK || (account.created_s == NOW && account.changed_s == NOW));
	return e;
}

static struct account get(const char *name)
{
	struct account account;
	OK(st, store_account_get(st, name, &account));
	return account;
}

static void said(const char *words)
{
	if (!strstr(store_message(st), words))
		fail_msg("expected \"%s\" in \"%s\"", words, store_message(st));
}

static const char *owner(const char *address)
{
	static struct account account;
	int e = store_account_of_address(st, address, &account);
	if (e == ERR_NOT_FOUND)
		return "nobody";
	OK(st, e);
	assert_true(account.hash[0] == '\0' && account.scram[0] == '\0');
	return account.name;
}

static bool owns(const char *name, const char *address)
{
	bool yes;
	OK(st, store_account_owns(st, name, address, &yes));
	return yes;
}

static void steps(void **unused)
{
	(void)unused;
	static const struct { const char *address, *at[ADDRESS_STEPS]; } rows[] = {
		{ "ann@a.example", { "ann@a.example", NULL, "@a.example" } },
		{ "ann+x@a.example", { "ann+x@a.example", "ann@a.example", "@a.example" } },
		{ "ann+@a.example", { "ann+@a.example", "ann@a.example", "@a.example" } },
		{ "ann+x+y@a.example", { "ann+x+y@a.example", "ann@a.example", "@a.example" } },
		{ "+ann@a.example", { "+ann@a.example", NULL, "@a.example" } },
		{ "@a.example", { "@a.example", NULL, NULL } },
		{ "ann", { "ann", NULL, NULL } }, { "ann+x", { "ann+x", NULL, NULL } },
		{ "ann@a+b", { "ann@a+b", NULL, "@a+b" } }, { "", { "", NULL, NULL } },
	};
	char out[ADDRESS_MAX], longest[ADDRESS_MAX + 1];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned k = 0; k < ADDRESS_STEPS; k++) {
			bool any = account_address_step(str_of(rows[i].address), k, out);
			CHECK_ROW(rows[i].address, any == (rows[i].at[k] != NULL));
			CHECK_ROW(rows[i].address, !any || strcmp(out, rows[i].at[k]) == 0);
		}
	memset(longest, 'a', sizeof(longest));
	assert_false(account_address_step((struct str){ longest, ADDRESS_MAX }, 0, out));
	assert_true(account_address_step((struct str){ longest, ADDRESS_MAX - 1 }, 0, out));
	assert_int_equal(strlen(out), ADDRESS_MAX - 1);
}

static void added(void **unused)
{
	(void)unused;
	OK(st, add_as("ann", 1000, "ann@example.org", "info@example.org"));
	OK(st, add_as("bob@example.net", ACCOUNT_NO_UID, "bob@example.net", NULL));
	OK(st, add_as("zoe", ACCOUNT_NO_UID, NULL, NULL));
	OK(st, add_as("yve", ACCOUNT_NO_UID, NULL, NULL));
	struct account ann = get("ann"), *rows;
	assert_string_equal(ann.hash, "$argon2id$x");
	assert_string_equal(ann.scram, "SCRAM-SHA-256$1:a$b:c");
	assert_string_equal(ann.mailbox, "example.org/ann");
	assert_string_equal(get("bob@example.net").mailbox, "example.net/bob");
	assert_string_equal(get("zoe").mailbox, "");
	assert_true(ann.uid == 1000 && !ann.locked);
	size_t n;
	OK(st, store_accounts(st, &a, &rows, &n));
	assert_int_equal(n, 4);
	static const char *const names[] = { "ann", "bob@example.net", "yve", "zoe" };
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(rows[i].name, names[i]);
		assert_true(rows[i].hash[0] == '\0' && rows[i].scram[0] == '\0');
	}
	struct account_address *addresses;
	OK(st, store_addresses(st, "ann", &a, &addresses, &n));
	assert_int_equal(n, 2);
	assert_string_equal(addresses[0].address, "ann@example.org");
	assert_string_equal(addresses[1].address, "info@example.org");
	OK(st, store_addresses(st, NULL, &a, &addresses, &n));
	assert_int_equal(n, 3);
	assert_int_equal(serial_of(st), 0);            /* the journal is the list's */
}

/* What is one account's alone; nothing is left of what was refused. */
static void refused(void **unused)
{
	(void)unused;
	static const struct { const char *name; int64_t uid; const char *first, *second;
	                      int err; const char *words; } rows[] = {
		{ "ann", -1, NULL, NULL, ERR_EXISTS, "the account ann is there already" },
		{ "eve", 1000, NULL, NULL, ERR_EXISTS, "the user id 1000 is of the account ann" },
		{ "eve", -1, "eve@example.org", "ann@example.org", ERR_EXISTS,
		  "the address ann@example.org is of the account ann" },
		{ "eve", -1, "eve@example.org", "eve@example.org", ERR_EXISTS,
		  "is of the account eve" },
		{ "eve", -1, "lost@example.org", NULL, ERR_EXISTS,
		  "the mailbox example.org/lost is of the account ida" },
		{ "Eve", -1, NULL, NULL, ERR_INVALID, "expected a name in lower case" },
		{ "", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "..", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "a/b", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "a b", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "-v", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "eve@", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "eve@a@b", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "eve\n", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "\xff", -1, NULL, NULL, ERR_INVALID, "expected a name" },
		{ "eve", -1, "eve", NULL, ERR_INVALID, "expected an address" },
		{ "eve", -1, "Eve@example.org", NULL, ERR_INVALID, "expected an address" },
		{ "eve", -1, "../x@example.org", NULL, ERR_INVALID, "expected an address" },
		{ "eve", -1, "x@..", NULL, ERR_INVALID, "expected an address" },
		{ "eve", -1, "x@a@b", NULL, ERR_INVALID, "expected an address" },
		{ "eve", -1, "@", NULL, ERR_INVALID, "expected an address" },
	};
	OK(st, add_as("ann", 1000, "ann@example.org", NULL));
	OK(st, add_as("ida", -1, "lost@example.org", NULL));
	OK(st, store_address_remove(st, "ida", "lost@example.org", NOW));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int e = add_as(rows[i].name, rows[i].uid, rows[i].first, rows[i].second);
		if (e != rows[i].err)
			fail_msg("row %zu: %s", i, err_text(e));
		said(rows[i].words);
		assert_int_equal(rows_of(st, ROW_ACCOUNT), 2);
		assert_int_equal(rows_of(st, ROW_ACCOUNT_ADDRESS), 1);
	}
	struct account none;
	assert_int_equal(store_account_get(st, "eve", &none), ERR_NOT_FOUND);
	said("no account has the name \"eve\"");
	assert_int_equal(store_account_lock(st, "eve", true, NOW), ERR_NOT_FOUND);
	assert_int_equal(store_account_set_hash(st, "eve", "h", "", NOW), ERR_NOT_FOUND);
	assert_int_equal(store_account_remove(st, "eve"), ERR_NOT_FOUND);
	assert_int_equal(store_address_add(st, "eve", "e@example.org", NOW), ERR_NOT_FOUND);
	assert_int_equal(store_address_remove(st, "ida", "ann@example.org", NOW), ERR_NOT_FOUND);
	said("the account ida has no address ann@example.org");
}

static void changed(void **unused)
{
	(void)unused;
	bool any = true;
	OK(st, store_accounts_use_scram(st, &any));
	assert_false(any);
	OK(st, add_as("ann", 1000, "ann@example.org", NULL));
	OK(st, store_accounts_use_scram(st, &any));
	assert_true(any);
	OK(st, store_account_set_hash(st, "ann", "other", "", NOW + 1));
	OK(st, store_accounts_use_scram(st, &any));
	assert_false(any);
	struct account ann = get("ann");
	assert_string_equal(ann.hash, "other");
	assert_string_equal(ann.scram, "");
	assert_true(ann.changed_s == NOW + 1 && ann.created_s == NOW);
	OK(st, store_account_lock(st, "ann", true, NOW + 2));
	assert_true(get("ann").locked && get("ann").changed_s == NOW + 2);
	OK(st, store_account_lock(st, "ann", true, NOW + 3));      /* as it is */
	assert_true(get("ann").changed_s == NOW + 2);
	assert_string_equal(owner("ann@example.org"), "ann");      /* mail comes in still */
	assert_false(owns("ann", "ann@example.org"));              /* and none goes out */
	OK(st, store_account_lock(st, "ann", false, NOW + 4));
	assert_true(owns("ann", "ann@example.org"));
	OK(st, store_account_remove(st, "ann"));
	assert_int_equal(rows_of(st, ROW_ACCOUNT) + rows_of(st, ROW_ACCOUNT_ADDRESS), 0);
	OK(st, add_as("new", 1000, "ann@example.org", NULL));      /* all of it is free again */
}

/* The mailbox is made by the first address and stays. */
static void mailbox(void **unused)
{
	(void)unused;
	OK(st, add_as("ann", -1, NULL, NULL));
	OK(st, store_address_add(st, "ann", "@example.org", NOW + 1));
	assert_string_equal(get("ann").mailbox, "example.org/ann");
	assert_true(get("ann").changed_s == NOW + 1);
	OK(st, store_address_add(st, "ann", "info@example.net", NOW));
	OK(st, store_address_remove(st, "ann", "@example.org", NOW + 2));
	assert_string_equal(get("ann").mailbox, "example.org/ann");
	assert_true(get("ann").changed_s == NOW + 2);
	OK(st, add_as("bob", -1, NULL, NULL));
	assert_int_equal(store_address_add(st, "bob", "ann@example.org", NOW), ERR_EXISTS);
	said("give the account another address first");
	assert_string_equal(owner("ann@example.org"), "nobody");
	OK(st, store_address_add(st, "bob", "bob@example.org", NOW));
	OK(st, store_address_add(st, "bob", "ann@example.org", NOW));
	assert_string_equal(get("bob").mailbox, "example.org/bob");
}

static void whose(void **unused)
{
	(void)unused;
	static const struct { const char *address, *owner; } rows[] = {
		{ "ann@example.org", "ann" }, { "bob@example.org", "bob" },
		{ "any@example.org", "bob" }, { "any@example.net", "nobody" },
		{ "@example.org", "bob" }, { "ann", "nobody" }, { "", "nobody" },
		{ "any@sub.example.org", "nobody" },
		{ "ann+x@example.org", "ann" }, { "ann+x+y@example.org", "ann" },
		{ "ann+@example.org", "ann" }, { "+ann@example.org", "bob" },
		{ "ann+own@example.org", "bob" }, { "ann+x@example.net", "nobody" },
	};
	struct account account;
	OK(st, add_as("ann", 7, "ann@example.org", NULL));
	OK(st, add_as("bob", 0, "bob@example.org", "@example.org"));
	OK(st, store_address_add(st, "bob", "ann+own@example.org", NOW));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(owner(rows[i].address), rows[i].owner);
		assert_int_equal(owns("ann", rows[i].address), strcmp(rows[i].owner, "ann") == 0);
		assert_int_equal(owns("bob", rows[i].address), strcmp(rows[i].owner, "bob") == 0);
		assert_false(owns("", rows[i].address));
	}
	char endless[1000];
	memset(endless, 'a', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_string_equal(owner(endless), "nobody");
	endless[0] = '@';
	assert_string_equal(owner(endless), "nobody");
	assert_int_equal(store_account_get(st, endless, &account), ERR_NOT_FOUND);
	OK(st, store_account_of_uid(st, 7, &account));
	assert_string_equal(account.name, "ann");
	assert_true(account.hash[0] == '\0' && account.scram[0] == '\0');
	OK(st, store_account_of_uid(st, 0, &account));
	assert_string_equal(account.name, "bob");
	assert_int_equal(store_account_of_uid(st, 8, &account), ERR_NOT_FOUND);
	assert_int_equal(store_account_of_uid(st, UINT32_MAX, &account), ERR_NOT_FOUND);
}

/* By its name, or by an address of its own, and by nothing that is only like one. */
static void logins(void **unused)
{
	(void)unused;
	static const struct { const char *login, *name; } rows[] = {
		{ "ann", "ann" }, { "ann@example.org", "ann" }, { "info@example.org", "ann" },
		{ "bob@example.net", "bob@example.net" }, { "bob@example.org", "bob@example.net" },
		{ "any@example.com", NULL }, { "@example.com", NULL }, { "ann+x@example.org", NULL },
		{ "bob", NULL }, { "", NULL }, { "eve", NULL },
	};
	struct account account;
	OK(st, add_as("ann", -1, "ann@example.org", "info@example.org"));
	OK(st, add_as("bob@example.net", -1, "bob@example.org", "@example.com"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int e = store_account_of_login(st, rows[i].login, &account);
		assert_int_equal(e, rows[i].name ? ERR_OK : ERR_NOT_FOUND);
		if (rows[i].name) {
			assert_string_equal(account.name, rows[i].name);
			assert_string_equal(account.hash, "$argon2id$x");
		}
	}
	/* A name goes before an address. */
	OK(st, add_as("info@example.org", -1, NULL, NULL));
	OK(st, store_account_of_login(st, "info@example.org", &account));
	assert_string_equal(account.name, "info@example.org");
}

/* Roles read; who may write is the commands. */
static void rights(void **unused)
{
	(void)unused;
	OK(st, add_as("ann", -1, "ann@example.org", NULL));
	static const unsigned roles[] = { STORE_READS, STORE_TESTS | STORE_LIST, STORE_RETURNS };
	struct account account = { .name = "eve", .uid = ACCOUNT_NO_UID };
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		struct store *role = open_store(state, roles[i]);
		bool yes;
		OK(role, store_account_owns(role, "ann", "ann@example.org", &yes));
		assert_true(yes);
		assert_int_equal(store_account_add(role, &account, NULL, 0, NOW), ERR_DENIED);
		assert_int_equal(store_account_remove(role, "ann"), ERR_DENIED);
		assert_int_equal(store_account_lock(role, "ann", true, NOW), ERR_DENIED);
		assert_int_equal(store_account_set_hash(role, "ann", "", "", NOW), ERR_DENIED);
		assert_int_equal(store_address_add(role, "ann", "x@example.org", NOW),
		                 ERR_DENIED);
		assert_int_equal(store_address_remove(role, "ann", "ann@example.org", NOW),
		                 ERR_DENIED);
		store_close(role);
	}
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps), EACH(added), EACH(refused), EACH(changed), EACH(mailbox),
		EACH(whose), EACH(logins), EACH(rights),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
