/* SPDX-License-Identifier: ISC
 *
 * Domains and the recipients of files are sorted arrays, looked up by bisection; accounts are
 * asked of the store each time, so that a new one counts at once.
 */
#include "gateway/directory.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/accounts.h"
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 64 << 20 };

struct domain {
	const char *name;
	bool is_inner, has_file;
	struct str *locals;            /* in order; "" is the whole domain */
	size_t local_count, local_cap;
	struct gateway_offer offer;    /* of its inner host */
	int64_t offer_until_ms;
};

struct directory {
	struct arena arena;            /* names, local parts */
	struct domain *domains;        /* in order */
	size_t domain_count;
	const char *first;             /* of gateway.domains; NULL: there is none */
	bool names_are_theirs;         /* another backend's accounts: their names are addresses */
	struct store *store;
	enum gateway_known (*inner)(void *arg, const struct gateway_address *address);
	void *arg;
};

/* ---- texts -------------------------------------------------------------------------- */

static void lower(char *text)
{
	for (; *text; text++)
		*text = ascii_lower(*text);
}

/* A domain in its one spelling; false: it is none. */
static bool domain_of(struct str text, char out[static IDN_TEXT_MAX])
{
	char ascii[IDN_TEXT_MAX];
	if (str_find(text, '\0') != SIZE_MAX)
		return false;
	if (!str_copy(out, IDN_TEXT_MAX, idn_ascii(text, ascii)))
		return false;
	lower(out);
	return mail_domain_valid(str_of(out));
}

/* "local@domain" as the store has it; false: longer than any. */
static bool key_of(struct str local, const char *domain, char key[static ADDRESS_MAX])
{
	size_t n = strlen(domain);
	if (local.n + 1 + n >= ADDRESS_MAX)
		return false;
	if (local.n > 0)
		memcpy(key, local.p, local.n);
	key[local.n] = '@';
	memcpy(key + local.n + 1, domain, n + 1);
	lower(key);
	return true;
}

/* ---- domains and files -------------------------------------------------------------- */

static int str_order(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int by = n ? memcmp(x->p, y->p, n) : 0;
	return by ? by : (x->n > y->n) - (x->n < y->n);
}

static int domain_order(const void *a, const void *b)
{
	return strcmp(((const struct domain *)a)->name, ((const struct domain *)b)->name);
}

static struct domain *find_domain(const struct directory *d, const char *name)
{
	struct domain key = { .name = name };
	return d->domain_count == 0 ? NULL :
	       bsearch(&key, d->domains, d->domain_count, sizeof(key), domain_order);
}

static bool has_local(const struct domain *domain, struct str local)
{
	return domain->local_count > 0 &&
	       bsearch(&local, domain->locals, domain->local_count, sizeof(local), str_order);
}

static struct str local_of(const char *key)
{
	return (struct str){ key, str_find(str_of(key), '@') };
}

/* By which step a file has the address; ADDRESS_STEPS: none has. */
static unsigned file_step(const struct domain *domain, const char *key)
{
	char at_step[ADDRESS_MAX];
	unsigned step = domain->local_count > 0 ? 0 : ADDRESS_STEPS;
	while (step < ADDRESS_STEPS && !(account_address_step(str_of(key), step, at_step) &&
	                                 has_local(domain, local_of(at_step))))
		step++;
	return step;
}

/* The address without its detail, or as it is where it has none. */
static void plain_of(const char *key, char plain[static ADDRESS_MAX])
{
	if (!account_address_step(str_of(key), ADDRESS_WITHOUT_DETAIL, plain))
		str_copy(plain, ADDRESS_MAX, str_of(key));
}

static void add_local(struct directory *d, struct domain *domain, struct str local)
{
	if (domain->local_count == domain->local_cap) {
		domain->local_cap = domain->local_cap ? domain->local_cap * 2 : 64;
		domain->locals = mem_realloc(domain->locals, domain->local_cap,
		                                   sizeof(*domain->locals));
	}
	char *text = arena_strdup(&d->arena, local);
	lower(text);
	domain->locals[domain->local_count++] = (struct str){ text, local.n };
}

/* "ann@example.org" or "@example.org", of that domain. */
static bool read_line(struct directory *d, struct domain *domain, struct str line)
{
	char name[IDN_TEXT_MAX];
	size_t at = str_find(line, '@');
	if (at == SIZE_MAX || !domain_of(str_from(line, at + 1), name) ||
	    strcmp(name, domain->name) != 0)
		return false;
	struct str local = { line.p, at };
	if (at > 0 && (at > MAIL_LOCAL_MAX || !gateway_local_is_plain(local)))
		return false;
	add_local(d, domain, local);
	return true;
}

static int read_lines(struct directory *d, struct domain *domain, const char *path,
                      struct str rest, struct buf *message)
{
	for (unsigned number = 1; rest.n > 0; number++) {
		size_t end = str_find(rest, '\n');
		struct str line = str_trim(end == SIZE_MAX ? rest : (struct str){ rest.p, end });
		rest = end == SIZE_MAX ? (struct str){ 0 } : str_from(rest, end + 1);
		if (line.n == 0 || line.p[0] == '#' || read_line(d, domain, line))
			continue;
		buf_printf(message, "gateway.recipients: %s:%u: expected an address of %s, or "
		           "\"@%s\" for all, found \"", path, number, domain->name, domain->name);
		buf_add_escaped(message, (struct str){ line.p, line.n < 80 ? line.n : 80 });
		buf_add_byte(message, '"');
		return ERR_INVALID;
	}
	return ERR_OK;
}

static int read_file(struct directory *d, struct domain *domain, const char *path,
                     struct buf *message)
{
	struct buf text = { 0 };
	int e = file_read(path, FILE_BYTES_MAX, &text);
	if (e != ERR_OK)
		buf_printf(message, "gateway.recipients: %s: cannot be read: %s", path,
		           err_text(e));
	else
		e = read_lines(d, domain, path, buf_str(&text), message);
	buf_fini(&text);
	domain->has_file = true;
	return e;
}

/* ---- the configuration -------------------------------------------------------------- */

/* An entry is "DOMAIN REST": its two parts. */
static bool entry_split(const char *entry, struct str *domain, struct str *rest)
{
	*rest = str_of(entry);
	bool any = str_word(rest, domain);
	*rest = str_trim(*rest);
	return any && rest->n > 0;
}

static bool entry_of(const char *entry, const char *domain, struct str *rest)
{
	char name[IDN_TEXT_MAX];
	struct str word;
	return entry_split(entry, &word, rest) && domain_of(word, name) &&
	       strcmp(name, domain) == 0;
}

/* Its own transport, or that of "*", which stands for all domains of ours. */
static bool goes_inside(const struct gateway_config *config, const char *domain)
{
	struct str how, word, all = STR("maildir");
	for (size_t i = 0; i < config->transports.n; i++) {
		if (entry_of(config->transports.v[i], domain, &how))
			return !str_caseeq(how, STR("maildir"));
		if (entry_split(config->transports.v[i], &word, &how) && str_eq(word, STR("*")))
			all = how;
	}
	return !str_caseeq(all, STR("maildir"));
}

static int refuse(struct buf *message, const char *parameter, const char *entry,
                  const char *expected)
{
	buf_printf(message, "gateway.%s: \"", parameter);
	buf_add_escaped(message, str_of(entry));
	buf_printf(message, "\": expected %s", expected);
	return ERR_INVALID;
}

static bool is_of_domains(const struct gateway_config *config, const char *name)
{
	char ours[IDN_TEXT_MAX];
	for (size_t i = 0; i < config->domains.n; i++)
		if (domain_of(str_of(config->domains.v[i]), ours) && strcmp(ours, name) == 0)
			return true;
	return false;
}

int directory_check(const struct gateway_config *config, struct buf *message)
{
	char name[IDN_TEXT_MAX];
	struct str domain, path;
	for (size_t i = 0; i < config->domains.n; i++)
		if (!domain_of(str_of(config->domains.v[i]), name))
			return refuse(message, "domains", config->domains.v[i], "a domain name");
	for (size_t i = 0; i < config->recipients.n; i++) {
		const char *entry = config->recipients.v[i];
		if (!entry_split(entry, &domain, &path) || !domain_of(domain, name) ||
		    path.p[0] != '/')
			return refuse(message, "recipients", entry, "\"DOMAIN /PATH\"");
		if (!is_of_domains(config, name))
			return refuse(message, "recipients", entry,
			              "a domain of gateway.domains");
	}
	return ERR_OK;
}

const char *directory_file(const char *entry)
{
	struct str domain, path;
	return entry_split(entry, &domain, &path) ? path.p : "";
}

static void read_domains(struct directory *d, const struct gateway_config *config)
{
	char name[IDN_TEXT_MAX];
	d->domains = mem_zalloc((config->domains.n + 1) * sizeof(*d->domains));
	for (size_t i = 0; i < config->domains.n; i++) {
		if (!domain_of(str_of(config->domains.v[i]), name))
			continue;              /* directory_check() has said so */
		struct domain *domain = &d->domains[d->domain_count++];
		domain->name = arena_strdup(&d->arena, str_of(name));
		domain->is_inner = goes_inside(config, name);
		if (!d->first)
			d->first = domain->name;
	}
	qsort(d->domains, d->domain_count, sizeof(*d->domains), domain_order);
	size_t kept = 0;
	for (size_t i = 0; i < d->domain_count; i++)
		if (i == 0 || strcmp(d->domains[i].name, d->domains[kept - 1].name) != 0)
			d->domains[kept++] = d->domains[i];
	d->domain_count = kept;
}

static int read_recipients(struct directory *d, const struct gateway_config *config,
                           struct buf *message)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < config->recipients.n; i++) {
		char name[IDN_TEXT_MAX];
		struct str word, path;
		bool fine = entry_split(config->recipients.v[i], &word, &path) &&
		            domain_of(word, name);
		struct domain *domain = fine ? find_domain(d, name) : NULL;
		if (domain)                    /* the path ends where the entry does */
			e = read_file(d, domain, path.p, message);
	}
	for (size_t i = 0; i < d->domain_count; i++)
		if (d->domains[i].local_count > 0)
			qsort(d->domains[i].locals, d->domains[i].local_count, sizeof(struct str),
			      str_order);
	return e;
}

int directory_create(const struct directory_setup *setup, struct directory **out,
                     struct buf *message)
{
	struct directory *d = mem_zalloc(sizeof(*d));
	d->store = setup->store;
	d->inner = setup->inner;
	d->arg = setup->arg;
	d->names_are_theirs = strcmp(setup->config->auth, "accounts") != 0;
	int e = directory_check(setup->config, message);
	if (e == ERR_OK) {
		read_domains(d, setup->config);
		e = read_recipients(d, setup->config, message);
	}
	*out = e == ERR_OK ? d : NULL;
	if (e != ERR_OK)
		directory_destroy(d);
	return e;
}

void directory_destroy(struct directory *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->domain_count; i++)
		free(d->domains[i].locals);
	free(d->domains);
	arena_fini(&d->arena);
	free(d);
}

void directory_use(struct directory *d, struct store *st)
{
	d->store = st;
}

/* ---- whose it is -------------------------------------------------------------------- */

static enum gateway_known known_of(int err)
{
	return err == ERR_OK ? GATEWAY_YES : err == ERR_NOT_FOUND ? GATEWAY_NO : GATEWAY_NOT_NOW;
}

static enum gateway_known account_of(struct directory *d, const char *key,
                                     struct account *account)
{
	if (!d->store)
		return GATEWAY_NOT_NOW;
	return known_of(store_account_of_address(d->store, key, account));
}

/* Of postmaster@ or abuse@ that is nobody's own address. */
static enum gateway_known role_account(struct directory *d, const char *key, const char *domain,
                                       struct account *account)
{
	char postmaster[ADDRESS_MAX];
	enum gateway_known known = GATEWAY_NO;
	if (str_prefix(str_of(key), STR("abuse@")) &&
	    key_of(STR("postmaster"), domain, postmaster))
		known = account_of(d, postmaster, account);
	if (known != GATEWAY_NO || !d->store)
		return known;
	int e = store_account_get(d->store, "postmaster", account);
	if (e == ERR_OK && !account->mailbox[0])
		return GATEWAY_NO;
	return known_of(e);
}

static bool is_role(const char *key)
{
	return str_prefix(str_of(key), STR("postmaster@")) ||
	       str_prefix(str_of(key), STR("abuse@"));
}

/* Whose mail that of an address is here. The mailbox is empty where the answer is yes but an inner
 * host's business alone. */
static enum gateway_known lookup(struct directory *d, const char *key,
                                 const struct gateway_address *address,
                                 char mailbox[static ADDRESS_MAX])
{
	struct account account = { 0 };
	const struct domain *domain = find_domain(d, address->domain);
	char own[ADDRESS_MAX];
	mailbox[0] = '\0';
	enum gateway_known known = account_of(d, key, &account);
	if (known == GATEWAY_YES)
		str_copy(mailbox, ADDRESS_MAX, str_of(account.mailbox));
	if (known != GATEWAY_NO || !domain)
		return known;
	const unsigned step = file_step(domain, key);
	if (step < ADDRESS_STEPS) {
		plain_of(key, own);
		struct str local = local_of(step == ADDRESS_ITSELF ? key : own);
		snprintf(mailbox, ADDRESS_MAX, "%s/%.*s", domain->name,
		         local.n < 64 ? (int)local.n : 64, local.p);
		return GATEWAY_YES;
	}
	if (domain->is_inner && !domain->has_file)
		return d->inner ? d->inner(d->arg, address) : GATEWAY_NOT_NOW;
	if (is_role(key)) {
		known = role_account(d, key, domain->name, &account);
		if (known == GATEWAY_YES)
			str_copy(mailbox, ADDRESS_MAX, str_of(account.mailbox));
		if (known == GATEWAY_NO)
			snprintf(mailbox, ADDRESS_MAX, "%s/postmaster", domain->name);
		return known == GATEWAY_NO ? GATEWAY_YES : known;
	}
	return GATEWAY_NO;
}

static bool has_domain(void *arg, const char *name)
{
	return find_domain(arg, name) != NULL;
}

static enum gateway_known has_mailbox(void *arg, const struct gateway_address *address)
{
	char key[ADDRESS_MAX], mailbox[ADDRESS_MAX];
	assert(address->kind == GATEWAY_ADDRESS_PLAIN);
	if (!key_of(address->local, address->domain, key))
		return GATEWAY_NO;
	return lookup(arg, key, address, mailbox);
}

/* The names of another backend's accounts are addresses, or local parts of each domain. */
static bool is_name(const struct directory *d, struct str account, const char *key)
{
	char plain[ADDRESS_MAX];
	plain_of(key, plain);
	const struct str local = local_of(plain);
	if (!d->names_are_theirs || !find_domain(d, plain + local.n + 1))
		return false;
	return str_caseeq(account, str_find(account, '@') == SIZE_MAX ? local : str_of(plain));
}

static enum gateway_known owns(void *arg, struct str account,
                               const struct gateway_address *address)
{
	struct directory *d = arg;
	struct account found;
	char key[ADDRESS_MAX], name[ACCOUNT_NAME_MAX];
	bool yes = false;
	assert(address->kind == GATEWAY_ADDRESS_PLAIN);
	if (!key_of(address->local, address->domain, key) ||
	    !str_copy(name, sizeof(name), account) || strlen(name) != account.n)
		return GATEWAY_NO;
	enum gateway_known known = account_of(d, key, &found);
	if (known == GATEWAY_NO)
		return is_name(d, account, key) ? GATEWAY_YES : GATEWAY_NO;
	if (known == GATEWAY_YES && store_account_owns(d->store, name, key, &yes) != ERR_OK)
		return GATEWAY_NOT_NOW;
	return known == GATEWAY_YES && !yes ? GATEWAY_NO : known;
}

struct gateway_directory directory_facts(struct directory *d)
{
	return (struct gateway_directory){ d, has_domain, has_mailbox, owns };
}

/* ---- accounts ----------------------------------------------------------------------- */

enum gateway_known directory_account_of_uid(void *directory, unsigned uid, struct buf *account)
{
	struct directory *d = directory;
	struct account found;
	if (!d->store)
		return GATEWAY_NOT_NOW;
	enum gateway_known known = known_of(store_account_of_uid(d->store, uid, &found));
	if (known == GATEWAY_YES && found.locked)
		return GATEWAY_NO;
	if (known == GATEWAY_YES)
		buf_add_cstr(account, found.name);
	return known;
}

/* *found is to be wiped. */
static enum gateway_known of_login(struct directory *d, struct str login, struct account *found)
{
	char key[ACCOUNT_NAME_MAX];
	if (!d->store)
		return GATEWAY_NOT_NOW;
	if (!str_copy(key, sizeof(key), login) || strlen(key) != login.n)
		return GATEWAY_NO;
	lower(key);
	enum gateway_known known = known_of(store_account_of_login(d->store, key, found));
	return known == GATEWAY_YES && found->locked ? GATEWAY_NO : known;
}

enum gateway_known directory_account_of_login(void *directory, struct str login,
                                              struct buf *account)
{
	struct account found;
	enum gateway_known known = of_login(directory, login, &found);
	if (known == GATEWAY_YES)
		buf_add_cstr(account, found.name);
	explicit_bzero(&found, sizeof(found));
	return known;
}

enum gateway_known directory_credentials(void *directory, struct str name, struct buf *hash,
                                         struct buf *scram)
{
	struct account found;
	enum gateway_known known = of_login(directory, name, &found);
	if (known == GATEWAY_YES) {
		buf_add_cstr(hash, found.hash);
		buf_add_cstr(scram, found.scram);
	}
	explicit_bzero(&found, sizeof(found));
	return known;
}

/* ---- delivery, sessions, doctor ------------------------------------------------------ */

/* Whatever the queue's file says: nothing that leads out of the directory. */
static bool split(struct str address, struct gateway_address *out)
{
	size_t at = str_find(address, '@');
	*out = (struct gateway_address){ .kind = GATEWAY_ADDRESS_PLAIN };
	if (at == SIZE_MAX || !domain_of(str_from(address, at + 1), out->domain))
		return false;
	out->local = (struct str){ address.p, at };
	return gateway_local_is_plain(out->local) && out->local.p[0] != '.';
}

enum gateway_known directory_mailbox(struct directory *d, struct str address, struct buf *path)
{
	struct gateway_address plain = { .kind = GATEWAY_ADDRESS_PLAIN,
	                                 .local = STR("postmaster") };
	char key[ADDRESS_MAX], mailbox[ADDRESS_MAX];
	bool fine = str_caseeq(address, STR("postmaster")) ?
	            d->first && str_copy(plain.domain, sizeof(plain.domain), str_of(d->first)) :
	            split(address, &plain);
	if (!fine || !key_of(plain.local, plain.domain, key))
		return GATEWAY_NO;
	enum gateway_known known = lookup(d, key, &plain, mailbox);
	if (known == GATEWAY_YES && !mailbox[0])
		return GATEWAY_NO;
	if (known == GATEWAY_YES)
		buf_add_cstr(path, mailbox);
	return known;
}

bool directory_asks(const struct directory *d, const char *domain)
{
	const struct domain *found = find_domain(d, domain);
	return found && found->is_inner && !found->has_file;
}

struct gateway_offer directory_offer(const struct directory *d, const char *domain, int64_t now_ms)
{
	const struct domain *found = find_domain(d, domain);
	struct gateway_offer offer = { 0 };
	if (found && now_ms < found->offer_until_ms)
		offer = found->offer;
	offer.has_host = found && found->is_inner;
	return offer;
}

void directory_note_offer(struct directory *d, const char *domain,
                          const struct gateway_offer *offer, int64_t now_ms)
{
	struct domain *found = find_domain(d, domain);
	if (!found || !found->is_inner)
		return;
	found->offer = *offer;
	found->offer_until_ms = now_ms + DIRECTORY_OFFER_MS;
}

const char *directory_unread(struct directory *d, size_t *at)
{
	for (; *at < d->domain_count; ++*at) {
		const struct domain *domain = &d->domains[*at];
		struct account account;
		char key[ADDRESS_MAX];
		if (domain->is_inner || !key_of(STR("postmaster"), domain->name, key) ||
		    file_step(domain, key) < ADDRESS_STEPS ||
		    account_of(d, key, &account) != GATEWAY_NO ||
		    role_account(d, key, domain->name, &account) != GATEWAY_NO)
			continue;
		++*at;
		return domain->name;
	}
	return NULL;
}
