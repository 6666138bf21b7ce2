/* SPDX-License-Identifier: ISC
 *
 * The directory: whose an address is, where its mail goes, who may send as it; and what is said
 * when nobody can be asked.
 */
#include "store/admin.h"

#include "gateway/directory.h"

#include "base/file.h"
#include "base/mem.h"
#include "mail/address.h"
#include "store/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STRINGS(...) { (char *[]){ __VA_ARGS__ }, \
                       sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) }

static struct buf message;
static struct directory *directory;

static void account(const char *name, int64_t uid, const char *first, const char *second)
{
	struct account row = { .uid = uid, .hash = "$argon2id$x", .scram = "keys" };
	const char *addresses[] = { first, second };
	assert_true(str_copy(row.name, sizeof(row.name), str_of(name)));
	OK(st, store_account_add(st, &row, addresses, !first ? 0 : !second ? 1 : 2, NOW));
}

static enum gateway_known inner(void *arg, const struct gateway_address *address)
{
	(void)arg;
	if (str_eq(address->local, STR("later")))
		return GATEWAY_NOT_NOW;
	return str_eq(address->local, STR("there")) ? GATEWAY_YES : GATEWAY_NO;
}

static char *file_of(const char *text)
{
	char *path = mem_printf("%s/recipients", state);
	assert_int_equal(file_write(path, str_of(text), 0600), ERR_OK);
	return path;
}

static void create(const struct gateway_config *config)
{
	struct directory_setup setup = { .config = config, .store = st, .inner = inner };
	buf_clear(&message);
	if (directory_create(&setup, &directory, &message) != ERR_OK)
		fail_msg("%s", buf_cstr(&message));
}

static void done(void)
{
	directory_destroy(directory);
	directory = NULL;
	buf_fini(&message);
}

static struct gateway_address address_of(const char *text)
{
	struct mail_path path;
	struct gateway_address out;
	size_t used;
	char *bracketed = mem_printf("<%s>", text);
	assert_int_equal(mail_path_parse(str_of(bracketed), MAIL_PATH_UTF8_OK, &path, &used, NULL),
	                 ERR_OK);
	gateway_address_of(&path, &out);
	assert_int_equal(out.kind, GATEWAY_ADDRESS_PLAIN);
	out.local = arena_str(&a, out.local);
	free(bracketed);
	return out;
}

static enum gateway_known has(const char *text)
{
	struct gateway_directory facts = directory_facts(directory);
	struct gateway_address address = address_of(text);
	return facts.has_mailbox(facts.arg, &address);
}

static enum gateway_known owns(const char *name, const char *text)
{
	struct gateway_directory facts = directory_facts(directory);
	struct gateway_address address = address_of(text);
	return facts.owns(facts.arg, str_of(name), &address);
}

/* "" where there is none. */
static const char *mailbox(const char *text)
{
	struct buf path = { 0 };
	enum gateway_known known = directory_mailbox(directory, str_of(text), &path);
	assert_true((known == GATEWAY_YES) == (path.n > 0));
	const char *copy = arena_strdup(&a, buf_str(&path));
	buf_fini(&path);
	return copy;
}

/* Only of a domain of ours that has an inner host, and for a while. */
static void offers(void)
{
	const struct gateway_offer none = { 0 }, some = { .known = true, .size_max = 7 };
	const char *const nowhere[] = { "example.org", "foreign.example", "", "x.inner.example" };
	const int64_t until = 5 + DIRECTORY_OFFER_MS;
	assert_false(directory_offer(directory, "inner.example", 5).known);
	assert_true(directory_offer(directory, "inner.example", 5).has_host);
	assert_false(directory_offer(directory, "example.org", 5).has_host);
	directory_note_offer(directory, "inner.example", &some, 5);
	assert_int_equal(directory_offer(directory, "inner.example", 5).size_max, 7);
	assert_true(directory_offer(directory, "inner.example", until - 1).known);
	assert_false(directory_offer(directory, "inner.example", until).known);
	directory_note_offer(directory, "inner.example", &none, 6);
	assert_false(directory_offer(directory, "inner.example", 6).known);
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		directory_note_offer(directory, nowhere[i], &some, 5);
		CHECK_ROW(nowhere[i], !directory_offer(directory, nowhere[i], 5).known);
	}
}

static const struct { const char *address; enum gateway_known known; const char *mailbox; }
whose_rows[] = {
	{ "ann@example.org", GATEWAY_YES, "example.org/ann" },
	{ "ANN@Example.ORG", GATEWAY_YES, "example.org/ann" },
	{ "ann+list@example.org", GATEWAY_YES, "example.org/ann" },
	{ "ann+@example.org", GATEWAY_YES, "example.org/ann" },
	{ "info@example.org", GATEWAY_YES, "example.org/ann" },
	{ "eve@example.org", GATEWAY_NO, "" },
	{ "+ann@example.org", GATEWAY_NO, "" },
	{ "ann@sub.example.org", GATEWAY_NO, "" },
	{ "any@catch.example", GATEWAY_YES, "catch.example/bob" },
	{ "any+x@catch.example", GATEWAY_YES, "catch.example/bob" },
	{ "ann@xn--bcher-kva.example", GATEWAY_YES, "example.org/ann" },
	{ "ann@b\xc3\xbc" "cher.example", GATEWAY_YES, "example.org/ann" },
	/* of a file */
	{ "zoe@filed.example", GATEWAY_YES, "filed.example/zoe" },
	{ "ZOE@filed.example", GATEWAY_YES, "filed.example/zoe" },
	{ "zoe+x@filed.example", GATEWAY_YES, "filed.example/zoe" },
	{ "tag+own@filed.example", GATEWAY_YES, "filed.example/tag+own" },
	{ "tag+other@filed.example", GATEWAY_NO, "" },
	{ "eve@filed.example", GATEWAY_NO, "" },
	/* asked */
	{ "there@inner.example", GATEWAY_YES, "" },
	{ "nobody@inner.example", GATEWAY_NO, "" },
	{ "later@inner.example", GATEWAY_NOT_NOW, "" },
	{ "ann@inner.example", GATEWAY_YES, "example.org/ann" },
	/* roles */
	{ "postmaster@example.org", GATEWAY_YES, "example.org/postmaster" },
	{ "Abuse@example.org", GATEWAY_YES, "example.org/postmaster" },
	{ "postmaster+x@example.org", GATEWAY_NO, "" },
	{ "postmaster@catch.example", GATEWAY_YES, "catch.example/bob" },
	{ "postmaster@filed.example", GATEWAY_YES, "filed.example/postmaster" },
	{ "postmaster@inner.example", GATEWAY_NO, "" },
	{ "postmaster@elsewhere.example", GATEWAY_NO, "" },
};

static void whose(void **unused)
{
	(void)unused;
	char *path = file_of("# ours\r\nZoe@filed.example\n\n  tag+own@FILED.example\n");
	char *entry = mem_printf("filed.example %s", path);
	struct gateway_config config = {
		.auth = (char *)"accounts",
		.domains = STRINGS("Example.org", "catch.example", "b\xc3\xbc" "cher.example",
		                   "filed.example", "inner.example", "example.org"),
		.transports = STRINGS("inner.example smtp:192.0.2.5:25", "foreign.example smtp:x"),
		.recipients = STRINGS(entry),
	};
	account("ann", 1000, "ann@example.org", "info@example.org");
	account("bob", -1, "@catch.example", NULL);
	OK(st, store_address_add(st, "ann", "ann@xn--bcher-kva.example", NOW));
	OK(st, store_address_add(st, "ann", "ann@inner.example", NOW));
	create(&config);
	for (size_t i = 0; i < sizeof(whose_rows) / sizeof(*whose_rows); i++) {
		if (has(whose_rows[i].address) != whose_rows[i].known)
			fail_msg("%s: %d", whose_rows[i].address, has(whose_rows[i].address));
		struct gateway_address address = address_of(whose_rows[i].address);
		char *spelled = mem_printf("%.*s@%s", STR_ARG(address.local), address.domain);
		assert_string_equal(mailbox(spelled), whose_rows[i].mailbox);
		free(spelled);
	}
	struct gateway_directory facts = directory_facts(directory);
	assert_true(facts.has_domain(facts.arg, "example.org"));
	assert_true(facts.has_domain(facts.arg, "xn--bcher-kva.example"));
	assert_false(facts.has_domain(facts.arg, "foreign.example"));   /* a way, and not ours */
	assert_false(facts.has_domain(facts.arg, "sub.example.org"));
	assert_true(directory_asks(directory, "inner.example"));
	assert_false(directory_asks(directory, "filed.example"));
	assert_false(directory_asks(directory, "foreign.example"));
	offers();
	assert_string_equal(mailbox("PostMaster"), "example.org/postmaster");
	account("postmaster", -1, "root@example.org", NULL);
	assert_string_equal(mailbox("postmaster"), "example.org/root");
	assert_string_equal(mailbox("abuse@filed.example"), "example.org/root");
	OK(st, store_address_add(st, "ann", "postmaster@example.org", NOW));
	assert_string_equal(mailbox("abuse@example.org"), "example.org/ann");
	assert_string_equal(mailbox("abuse@filed.example"), "example.org/root");
	done();
	free(entry);
	free(path);
}

/* What no queue of ours holds leads nowhere. */
static void never(void **unused)
{
	(void)unused;
	static const char *const rows[] = {
		"", "@", "@example.org", "ann", "ann@", "../x@example.org", "..@example.org",
		".ssh@example.org", "a/b@example.org", "-x@example.org", "x@..", "x@../..",
		"x@a/b", "a@b@example.org", "x@[192.0.2.1]", "\"x\"@example.org",
		"abuse", "x\n@example.org", "\xff@example.org",
	};
	struct gateway_config config = {
		.auth = (char *)"accounts", .domains = STRINGS("example.org"),
		.recipients = { 0 },
	};
	create(&config);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(mailbox(rows[i]), "");
	struct buf path = { 0 };
	assert_int_equal(directory_mailbox(directory, (struct str){ "postmaster@example.org\0x", 24 },
	                                   &path), GATEWAY_NO);
	assert_int_equal(directory_mailbox(directory, (struct str){ "an\0n@example.org", 16 },
	                                   &path), GATEWAY_NO);
	done();
}

static void senders(void **unused)
{
	(void)unused;
	static const struct { const char *name, *address; enum gateway_known ours, theirs; }
	rows[] = {
		{ "ann", "ann@example.org", GATEWAY_YES, GATEWAY_YES },
		{ "ann", "ann+x@example.org", GATEWAY_YES, GATEWAY_YES },
		{ "ann", "Info@example.org", GATEWAY_YES, GATEWAY_YES },
		{ "ann", "bob@example.org", GATEWAY_NO, GATEWAY_NO },
		{ "ann", "any@example.org", GATEWAY_NO, GATEWAY_NO },
		{ "ann", "ann@example.net", GATEWAY_NO, GATEWAY_YES },
		{ "ann", "ann+x@example.net", GATEWAY_NO, GATEWAY_YES },
		{ "ann", "ann@elsewhere.example", GATEWAY_NO, GATEWAY_NO },
		{ "cis@example.net", "cis@example.net", GATEWAY_NO, GATEWAY_YES },
		{ "cis@example.net", "cis@example.org", GATEWAY_NO, GATEWAY_NO },
		{ "cis@elsewhere.example", "cis@elsewhere.example", GATEWAY_NO, GATEWAY_NO },
		{ "bob", "any@catch.example", GATEWAY_YES, GATEWAY_YES },
		{ "ida", "ida@example.org", GATEWAY_NO, GATEWAY_NO },      /* locked */
		{ "", "ann@example.org", GATEWAY_NO, GATEWAY_NO },
		{ "", "@", 0, 0 },
	};
	struct gateway_config config = {
		.auth = (char *)"accounts",
		.domains = STRINGS("example.org", "example.net", "catch.example"),
	}, theirs = config;
	theirs.auth = (char *)"pam:smtp";
	account("ann", 1000, "ann@example.org", "info@example.org");
	account("bob", 0, "bob@example.org", "@catch.example");
	account("ida", 7, "ida@example.org", NULL);
	OK(st, store_account_lock(st, "ida", true, NOW));
	create(&config);
	for (size_t i = 0; rows[i].address[0] != '@'; i++)
		if (owns(rows[i].name, rows[i].address) != rows[i].ours)
			fail_msg("%s as %s", rows[i].name, rows[i].address);
	struct buf text = { 0 }, keys = { 0 };
	assert_int_equal(directory_account_of_uid(directory, 1000, &text), GATEWAY_YES);
	assert_string_equal(buf_cstr(&text), "ann");
	assert_int_equal(directory_account_of_uid(directory, 7, &text), GATEWAY_NO);
	assert_int_equal(directory_account_of_uid(directory, 8, &text), GATEWAY_NO);
	buf_clear(&text);
	assert_int_equal(directory_credentials(directory, STR("ANN"), &text, &keys), GATEWAY_YES);
	assert_string_equal(buf_cstr(&text), "$argon2id$x");
	assert_string_equal(buf_cstr(&keys), "keys");
	buf_clear(&text);
	assert_int_equal(directory_credentials(directory, STR("Info@Example.org"), &text, &keys),
	                 GATEWAY_YES);
	assert_string_equal(buf_cstr(&text), "$argon2id$x");
	buf_clear(&text);
	assert_int_equal(directory_account_of_login(directory, STR("INFO@example.org"), &text),
	                 GATEWAY_YES);
	assert_string_equal(buf_cstr(&text), "ann");
	assert_int_equal(directory_account_of_login(directory, STR("ida"), &text), GATEWAY_NO);
	assert_int_equal(directory_account_of_login(directory, STR("x@catch.example"), &text),
	                 GATEWAY_NO);
	buf_clear(&text);
	static const struct str none[] = { { "ida", 3 }, { "eve", 3 }, { "", 0 }, { "ann\0x", 5 } };
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(directory_credentials(directory, none[i], &text, &keys),
		                 GATEWAY_NO);
		assert_int_equal(text.n, 0);
	}
	directory_destroy(directory);
	create(&theirs);
	for (size_t i = 0; rows[i].address[0] != '@'; i++)
		if (owns(rows[i].name, rows[i].address) != rows[i].theirs)
			fail_msg("%s as %s", rows[i].name, rows[i].address);
	done();
	buf_fini(&text);
	buf_fini(&keys);
}

/* A store that is not there: nothing is known, and nothing is said to be unknown. */
static void trouble(void **unused)
{
	(void)unused;
	struct gateway_config config = {
		.auth = (char *)"accounts", .domains = STRINGS("example.org"),
	};
	struct buf text = { 0 }, keys = { 0 };
	account("ann", 1000, "ann@example.org", NULL);
	create(&config);
	directory_use(directory, NULL);
	assert_int_equal(has("ann@example.org"), GATEWAY_NOT_NOW);
	assert_int_equal(has("eve@example.org"), GATEWAY_NOT_NOW);
	assert_int_equal(has("postmaster@example.org"), GATEWAY_NOT_NOW);
	assert_int_equal(owns("ann", "ann@example.org"), GATEWAY_NOT_NOW);
	assert_int_equal(directory_account_of_uid(directory, 1000, &text), GATEWAY_NOT_NOW);
	assert_int_equal(directory_credentials(directory, STR("ann"), &text, &keys),
	                 GATEWAY_NOT_NOW);
	assert_int_equal(directory_mailbox(directory, STR("ann@example.org"), &text),
	                 GATEWAY_NOT_NOW);
	assert_int_equal(text.n, 0);
	directory_use(directory, st);
	assert_int_equal(has("ann@example.org"), GATEWAY_YES);
	done();
	buf_fini(&text);
}

static void unread(void **unused)
{
	(void)unused;
	struct gateway_config config = {
		.auth = (char *)"accounts",
		.domains = STRINGS("b.example", "a.example", "inner.example"),
		.transports = STRINGS("* maildir", "inner.example lmtp:/run/lmtp"),
	};
	size_t at = 0;
	create(&config);
	assert_string_equal(directory_unread(directory, &at), "a.example");
	assert_string_equal(directory_unread(directory, &at), "b.example");
	assert_null(directory_unread(directory, &at));
	account("ann", -1, "postmaster@a.example", NULL);
	at = 0;
	assert_string_equal(directory_unread(directory, &at), "b.example");
	account("postmaster", -1, "x@b.example", NULL);
	at = 0;
	assert_null(directory_unread(directory, &at));
	done();
}

/* An inner host for all; a file that has all. */
static void ways(void **unused)
{
	(void)unused;
	char *path = file_of("@filed.example"), *entry = mem_printf("filed.example\t%s", path);
	struct gateway_config config = {
		.auth = (char *)"accounts",
		.domains = STRINGS("filed.example", "own.example", "inner.example"),
		.transports = STRINGS("* lmtp:/run/lmtp", "own.example maildir"),
		.recipients = STRINGS(entry),
	};
	create(&config);
	assert_true(directory_asks(directory, "inner.example"));
	assert_false(directory_asks(directory, "own.example"));
	assert_false(directory_asks(directory, "filed.example"));
	assert_int_equal(has("any@filed.example"), GATEWAY_YES);
	assert_int_equal(has("any@own.example"), GATEWAY_NO);
	assert_int_equal(has("there@inner.example"), GATEWAY_YES);
	done();
	free(entry);
	free(path);
}

static void wrong(void **unused)
{
	(void)unused;
	static const struct { const char *domain, *recipients, *file, *words; int err; } rows[] = {
		{ "a b", NULL, NULL, "gateway.domains: \"a b\": expected a domain name", ERR_INVALID },
		{ "", NULL, NULL, "gateway.domains: \"\": expected", ERR_INVALID },
		{ "a.example", "a.example", NULL, "expected \"DOMAIN /PATH\"", ERR_INVALID },
		{ "a.example", "", NULL, "expected \"DOMAIN /PATH\"", ERR_INVALID },
		{ "a.example", "a.example x", NULL, "expected \"DOMAIN /PATH\"", ERR_INVALID },
		{ "a.example", "b.example /x", NULL, "expected a domain of gateway.domains",
		  ERR_INVALID },
		{ "a.example", "a.example /nowhere/at-all", NULL, "/nowhere/at-all: cannot be read",
		  ERR_NOT_FOUND },
		{ "a.example", NULL, "ann@a.example\nann\n", ":2: expected an address of a.example",
		  ERR_INVALID },
		{ "a.example", NULL, "ann@b.example", ":1: expected", ERR_INVALID },
		{ "a.example", NULL, "a/b@a.example", "found \"a/b@a.example\"", ERR_INVALID },
		{ "a.example", NULL, "\x1b[2J@a.example", "found \"\\x1b[2J@a.example\"",
		  ERR_INVALID },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *path = file_of(rows[i].file ? rows[i].file : "");
		char *filed = mem_printf("a.example %s", path);
		struct gateway_config config = {
			.auth = (char *)"accounts", .domains = STRINGS((char *)rows[i].domain),
			.recipients = STRINGS(rows[i].file ? filed : (char *)rows[i].recipients),
		};
		if (!rows[i].file && !rows[i].recipients)
			config.recipients.n = 0;
		struct directory_setup setup = { .config = &config, .store = st };
		buf_clear(&message);
		int e = directory_create(&setup, &directory, &message);
		if (e != rows[i].err || !strstr(buf_cstr(&message), rows[i].words))
			fail_msg("row %zu: %s: \"%s\"", i, err_text(e), buf_cstr(&message));
		assert_null(directory);
		free(filed);
		free(path);
	}
	done();
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(whose), EACH(never), EACH(senders), EACH(trouble), EACH(unread), EACH(ways),
		EACH(wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
