/* SPDX-License-Identifier: ISC
 *
 * `portreeve user`: the accounts of the mail gateway, their passwords and their addresses.
 */
#include "cli/commands.h"
#include "cli/secret.h"
#include "cli/table.h"

#include "base/clock.h"
#include "base/mem.h"
#include "gateway/address.h"
#include "gateway/password.h"
#include "store/accounts.h"
#include "store/json.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

struct user {
	struct cli cli;
	struct cli_values given;       /* --address */
	const char *uid_given;
	bool scram, generate, no_password;
	int64_t now_s;
	struct account account;        /* its name, and what is set of it */
	const char *addresses[CLI_VALUES_MAX];
	size_t address_count;
	struct buf password;
};

/* ---- arguments ------------------------------------------------------------------------ */

/* "Ann@Bücher.example" as the store has it; "@bücher.example", too, where a domain may be. */
static bool address_of(const char *text, bool domain_may, char out[static ADDRESS_MAX])
{
	char *bracketed = mem_printf("<%s%s>", domain_may && text[0] == '@' ? "x" : "", text);
	struct gateway_address address = { .kind = GATEWAY_ADDRESS_NULL };
	struct mail_path path;
	size_t used = 0;
	if (mail_path_parse(str_of(bracketed), MAIL_PATH_UTF8_OK, &path, &used, NULL) == ERR_OK &&
	    used == strlen(bracketed))
		gateway_address_of(&path, &address);
	bool plain = address.kind == GATEWAY_ADDRESS_PLAIN;
	if (plain && text[0] == '@')
		address.local.n = 0;
	if (plain)
		snprintf(out, ADDRESS_MAX, "%.*s@%s", STR_ARG(address.local), address.domain);
	for (char *c = out; plain && *c; c++)
		*c = ascii_lower(*c);
	free(bracketed);
	return plain && account_address_valid(out);
}

static int read_name(struct user *u)
{
	const char *text = u->cli.operands[1];
	char address[ADDRESS_MAX];
	struct account *account = &u->account;
	bool fine = true;
	if (strchr(text, '@'))
		fine = address_of(text, false, address);
	else
		fine = gateway_local_is_plain(str_of(text)) &&
		       str_copy(address, sizeof(address), str_of(text));
	fine = fine && str_copy(account->name, sizeof(account->name), str_of(address));
	for (char *c = account->name; fine && *c; c++)
		*c = ascii_lower(*c);
	return fine && account_name_valid(account->name) ? CLI_GO :
	       cli_bad_value(&u->cli, text, "a NAME, as ann or ann@example.org");
}

static int read_address(struct user *u, const char *text)
{
	char address[ADDRESS_MAX];
	if (!address_of(text, true, address))
		return cli_bad_value(&u->cli, text,
		                     "an ADDRESS as ann@example.org, or @example.org for all");
	u->addresses[u->address_count++] = arena_strdup(&u->cli.arena, str_of(address));
	return CLI_GO;
}

static int read_uid(struct user *u)
{
	enum { UID_LAST = 0x7ffffffe };
	uint64_t number;
	u->account.uid = ACCOUNT_NO_UID;
	if (!u->uid_given)
		return CLI_GO;
	const struct passwd *entry = getpwnam(u->uid_given);
	if (entry)
		u->account.uid = entry->pw_uid;
	else if (str_u64(str_of(u->uid_given), UID_LAST, &number) == ERR_OK)
		u->account.uid = (int64_t)number;
	else
		return cli_bad_value(&u->cli, u->uid_given, "a user of this machine, or a user id");
	return CLI_GO;
}

/* ---- the domains of the configuration ------------------------------------------------- */

static bool is_ours(const struct user *u, const char *address)
{
	const struct config_strings *domains = &u->cli.settings.gateway.domains;
	for (size_t i = 0; i < domains->n; i++) {
		char ascii[IDN_TEXT_MAX];
		struct str domain = idn_ascii(str_of(domains->v[i]), ascii);
		if (str_caseeq(domain, str_of(strchr(address, '@') + 1)))
			return true;
	}
	return false;
}

static void note_foreign(const struct user *u)
{
	for (size_t i = 0; i < u->address_count; i++)
		if (!is_ours(u, u->addresses[i]))
			cli_note(&u->cli, "%s is at no domain of gateway.domains: mail to it does"
			         " not come in; the account may send as it", u->addresses[i]);
}

/* Without --address it is the name, if that is one, or the name at our only domain. */
static int default_address(struct user *u)
{
	const struct config_strings *domains = &u->cli.settings.gateway.domains;
	if (u->address_count > 0)
		return CLI_GO;
	if (strchr(u->account.name, '@'))
		return read_address(u, u->account.name);
	if (domains->n == 1) {
		char *address = mem_printf("%s@%s", u->account.name, domains->v[0]);
		int code = read_address(u, address);
		free(address);
		return code;
	}
	if (domains->n > 1)
		return cli_fail(&u->cli, EX_USAGE, "expected --address ADDRESS, as gateway.domains"
		                " has %zu; see --help", domains->n);
	cli_note(&u->cli, "gateway.domains is empty and there is no --address: nothing can be sent"
	         " to %s, nor by it", u->account.name);
	return CLI_GO;
}

/* ---- passwords ------------------------------------------------------------------------- */

static int read_password(struct user *u)
{
	if (u->no_password)
		return CLI_GO;
	if (u->generate) {
		password_generate(&u->password);
		return CLI_GO;
	}
	char *what = mem_printf("password of %s", u->account.name);
	int code = secret_read(&u->cli, what, PASSWORD_MAX, &u->password);
	free(what);
	const char *expected = code == CLI_GO ? password_expected(buf_str(&u->password)) : NULL;
	return expected ? cli_fail(&u->cli, EX_DATAERR, "expected a password %s", expected) : code;
}

static int hash_password(struct user *u, bool with_keys)
{
	struct buf hash = { 0 }, keys = { 0 };
	struct account *account = &u->account;
	int e = u->no_password ? ERR_OK : password_hash(buf_str(&u->password), &hash);
	if (e == ERR_OK && with_keys)
		e = password_scram(buf_str(&u->password), &keys);
	str_copy(account->hash, sizeof(account->hash), buf_str(&hash));
	str_copy(account->scram, sizeof(account->scram), buf_str(&keys));
	secret_fini(&hash);
	secret_fini(&keys);
	return e == ERR_OK ? CLI_GO : cli_fail(&u->cli, EX_OSERR, "the password cannot be hashed:"
	                                       " %s", err_text(e));
}

/* ---- what is said ---------------------------------------------------------------------- */

static int load(struct user *u, struct account_address **addresses, size_t *n)
{
	int e = store_account_get(u->cli.store, u->account.name, &u->account);
	if (e == ERR_OK)
		e = store_addresses(u->cli.store, u->account.name, &u->cli.arena, addresses, n);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&u->cli, e, u->account.name);
}

/* The account as it is now. `did` is what was done with it, for people. */
static int say(struct user *u, const char *did)
{
	struct account_address *addresses;
	size_t n;
	int code = load(u, &addresses, &n);
	if (code != CLI_GO)
		return code;
	if (u->cli.json) {
		struct json *j = cli_json_begin(&u->cli);
		account_json(&u->account, addresses, n, j);
		if (u->generate)
			json_add_str(j, "generated", buf_str(&u->password));
		cli_json_end(&u->cli);
		return CLI_GO;
	}
	printf("%s: %s", u->account.name, did);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? ", " : "; its addresses: ", addresses[i].address);
	if (u->account.mailbox[0])
		printf("; its Maildir: %s", u->account.mailbox);
	putchar('\n');
	if (u->generate)
		printf("password: %.*s\n", STR_ARG(buf_str(&u->password)));
	return CLI_GO;
}

static int change(struct user *u, int e, const char *did)
{
	return e == ERR_OK ? say(u, did) : cli_store_fail(&u->cli, e, u->account.name);
}

/* ---- verbs ----------------------------------------------------------------------------- */

static int user_add(struct user *u)
{
	int code = read_uid(u);
	for (size_t i = 0; code == CLI_GO && i < u->given.n; i++)
		code = read_address(u, u->given.v[i]);
	if (code == CLI_GO && u->no_password && (u->scram || u->generate))
		code = cli_fail(&u->cli, EX_USAGE, "expected --no-password without "
		                "--generate and --scram; see --help");
	if (code == CLI_GO)
		code = cli_settings(&u->cli);
	if (code == CLI_GO)
		code = default_address(u);
	if (code == CLI_GO)
		code = read_password(u);
	if (code == CLI_GO)
		code = cli_open(&u->cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = hash_password(u, u->scram);
	if (code != CLI_GO)
		return code;
	note_foreign(u);
	if (!u->no_password && strcmp(u->cli.settings.gateway.auth, "accounts") != 0)
		cli_note(&u->cli, "gateway.auth is %s: this password lets nobody in",
		         cli_safe(&u->cli, u->cli.settings.gateway.auth));
	return change(u, store_account_add(u->cli.store, &u->account, u->addresses,
	                                   u->address_count, u->now_s), "added");
}

static int user_passwd(struct user *u)
{
	int code = read_password(u);
	if (code == CLI_GO)
		code = cli_open(&u->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = store_account_get(u->cli.store, u->account.name, &u->account);
	if (e != ERR_OK)
		return cli_store_fail(&u->cli, e, u->account.name);
	code = hash_password(u, u->scram || u->account.scram[0]);
	if (code != CLI_GO)
		return code;
	return change(u, store_account_set_hash(u->cli.store, u->account.name, u->account.hash,
	                                        u->account.scram, u->now_s), "has a new password");
}

static int set_lock(struct user *u, bool locked)
{
	int code = cli_open(&u->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	return change(u, store_account_lock(u->cli.store, u->account.name, locked, u->now_s),
	              locked ? "locked: it cannot log in or send; mail to it is kept" :
	                       "unlocked");
}

static int user_lock(struct user *u)
{
	return set_lock(u, true);
}

static int user_unlock(struct user *u)
{
	return set_lock(u, false);
}

static int user_remove(struct user *u)
{
	struct account_address *addresses;
	size_t n;
	int code = cli_open(&u->cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = load(u, &addresses, &n);
	if (code != CLI_GO)
		return code;
	int e = store_account_remove(u->cli.store, u->account.name);
	if (e != ERR_OK)
		return cli_store_fail(&u->cli, e, u->account.name);
	if (u->cli.json) {
		struct json *j = cli_json_begin(&u->cli);
		json_add_cstr(j, "name", u->account.name);
		json_add_bool(j, "removed", true);
		cli_json_end(&u->cli);
	} else {
		printf("%s: removed%s%s\n", u->account.name,
		       u->account.mailbox[0] ? "; what mail it has stays in " : "",
		       u->account.mailbox);
	}
	return CLI_GO;
}

static int user_alias(struct user *u)
{
	bool adds = strcmp(u->cli.operands[2], "add") == 0;
	if (!adds && strcmp(u->cli.operands[2], "remove") != 0)
		return cli_bad_value(&u->cli, u->cli.operands[2], "add ADDRESS or remove ADDRESS");
	int code = read_address(u, u->cli.operands[3]);
	if (code == CLI_GO)
		code = cli_open(&u->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	const char *name = u->account.name, *address = u->addresses[0];
	if (adds)
		note_foreign(u);
	return change(u, adds ? store_address_add(u->cli.store, name, address, u->now_s) :
	                        store_address_remove(u->cli.store, name, address, u->now_s),
	              adds ? "has the address" : "has the address no more");
}

static const char *addresses_text(struct user *u, const struct account_address *addresses, size_t n)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", addresses[i].address);
	const char *text = cli_safe(&u->cli, n ? buf_cstr(&b) : "-");
	buf_fini(&b);
	return text;
}

static const char *login_text(const struct account *account)
{
	return account->locked ? "locked" : account->has_scram ? "password, SCRAM" :
	       account->has_password ? "password" : "-";
}

static int list_one(struct user *u, const struct account *account, struct table *t)
{
	struct account_address *addresses;
	char uid[24] = "-", changed[CLI_TIME_MAX];
	size_t n;
	int e = store_addresses(u->cli.store, account->name, &u->cli.arena, &addresses, &n);
	if (e != ERR_OK)
		return cli_store_fail(&u->cli, e, account->name);
	if (account->uid != ACCOUNT_NO_UID)
		snprintf(uid, sizeof(uid), "%lld", (long long)account->uid);
	if (u->cli.json) {
		account_json(account, addresses, n, cli_json_begin(&u->cli));
		cli_json_end(&u->cli);
	}
	table_row(t, (const char *[]){
		cli_safe(&u->cli, account->name), login_text(account), uid,
		cli_time(account->changed_s, changed), addresses_text(u, addresses, n) });
	return CLI_GO;
}

static int user_list(struct user *u)
{
	struct account *rows;
	struct table t;
	size_t n;
	int code = cli_open(&u->cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = store_accounts(u->cli.store, &u->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&u->cli, e, "accounts");
	table_init(&t, &u->cli.arena,
	           (const char *[]){ "NAME", "LOGIN", "UID", "CHANGED", "ADDRESSES", NULL });
	for (size_t i = 0; code == CLI_GO && i < n; i++)
		code = list_one(u, &rows[i], &t);
	table_finish(&t, u->cli.json || code != CLI_GO, "there is no account");
	return code;
}

static const struct verb {
	const char *name;
	size_t operands;
	int (*run)(struct user *u);
	bool sets_password, adds;
	const char *expected;
} verbs[] = {
	{ "add", 2, user_add, true, true, "add: expected one NAME" },
	{ "passwd", 2, user_passwd, true, false, "passwd: expected one NAME" },
	{ "list", 1, user_list, false, false, "list: expected nothing behind it" },
	{ "lock", 2, user_lock, false, false, "lock: expected one NAME" },
	{ "unlock", 2, user_unlock, false, false, "unlock: expected one NAME" },
	{ "remove", 2, user_remove, false, false, "remove: expected one NAME" },
	{ "alias", 4, user_alias, false, false,
	  "alias: expected NAME add ADDRESS or NAME remove ADDRESS" },
};

#define VERBS "add, passwd, list, lock, unlock, remove or alias"

static int run(struct user *u)
{
	const struct verb *verb = NULL;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(u->cli.operands[0], verbs[i].name) == 0)
			verb = &verbs[i];
	if (!verb)
		return cli_bad_value(&u->cli, u->cli.operands[0], VERBS);
	if (u->cli.operand_count != verb->operands)
		return cli_fail(&u->cli, EX_USAGE, "%s; see --help", verb->expected);
	if (((u->scram || u->generate) && !verb->sets_password) ||
	    ((u->given.n > 0 || u->uid_given || u->no_password) && !verb->adds))
		return cli_fail(&u->cli, EX_USAGE, "%s: an option of another word; see --help",
		                verb->name);
	int code = verb->operands > 1 ? read_name(u) : CLI_GO;
	return code == CLI_GO ? verb->run(u) : code;
}

int cli_user(int argc, char **argv)
{
	struct user u = { .now_s = clock_now_s() };
	const struct cli_option options[] = {
		{ .name = "address", .argument = "ADDRESS", .values = &u.given,
		  .help = "of its addresses (add; may be given often)" },
		{ .name = "uid", .argument = "USER", .value = &u.uid_given,
		  .help = "the user of this machine whose local mail is the account's (add)" },
		{ .name = "scram", .flag = &u.scram,
		  .help = "keep keys for SCRAM-SHA-256 beside the hash (add, passwd)" },
		{ .name = "generate", .flag = &u.generate,
		  .help = "make a password and print it, once (add, passwd)" },
		{ .name = "no-password", .flag = &u.no_password,
		  .help = "another backend knows the password (add)" },
	};
	const struct cli_spec spec = {
		.name = "user",
		.synopsis =
		"add NAME [--address ADDRESS]... [--uid USER] [--scram] [--generate]\n"
		"add NAME --no-password [--address ADDRESS]... [--uid USER]\n"
		"passwd NAME [--scram] [--generate]\nlist\nlock NAME\nunlock NAME\nremove NAME\n"
		"alias NAME add|remove ADDRESS",
		.description =
		"The accounts of the mail gateway. Who logs in as NAME may send as the account's\n"
		"addresses and as nothing else, and gets what is sent to them; @example.org is\n"
		"every address of that domain that is nobody else's. The password is asked for at\n"
		"the terminal, or is the one line of standard input.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 4, .operands_expected = VERBS,
	};
	int code = cli_begin(&u.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = run(&u);
	secret_fini(&u.password);
	explicit_bzero(u.account.hash, sizeof(u.account.hash));
	explicit_bzero(u.account.scram, sizeof(u.account.scram));
	return cli_end(&u.cli, code);
}
