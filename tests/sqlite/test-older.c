/* SPDX-License-Identifier: ISC
 *
 * Files of older versions: they are brought forward, and keep what they have.
 */
#include "sqlite/sqlite-private.h"

#include "store/admin.h"

#include "base/file.h"
#include "base/mem.h"
#include "sqlite/sqlite.h"
#include "store/accounts.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/tests.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What takes the database's last steps back, for tests of older files. */
#define UNDO_STEP_10 \
	"DROP INDEX listings_seen;" \
	"ALTER TABLE listings DROP COLUMN seen_as;" \
	"ALTER TABLE listings DROP COLUMN known_as;"
#define UNDO_STEP_9 \
	UNDO_STEP_10 \
	"ALTER TABLE tests DROP COLUMN cause;" \
	"ALTER TABLE tests DROP COLUMN message_id;" \
	"ALTER TABLE tests DROP COLUMN again_message_id;"
#define UNDO_STEP_8 \
	UNDO_STEP_9 \
	"DROP TABLE listed_ranges;"
#define UNDO_STEP_7 \
	UNDO_STEP_8 \
	"ALTER TABLE tests DROP COLUMN holder;"
#define UNDO_STEP_6 \
	UNDO_STEP_7 \
	"ALTER TABLE results RENAME COLUMN refusal TO refused;" \
	"ALTER TABLE tests DROP COLUMN rounds;" \
	"ALTER TABLE tests DROP COLUMN fruitless;" \
	"ALTER TABLE tests DROP COLUMN why;"

#define DIGEST(text) STR(text "0123456789abcdef0123456789abcd")

static struct report report_of(const char *id, const char *network, int64_t now_s)
{
	struct report r = {
		.source = ip_of("198.51.100.25"), .relay = ip_of("198.51.100.25"), .incidents = 1,
		.day = now_s / 86400, .created_s = now_s, .changed_s = now_s,
		.message = STR("mail"), .xarf = STR("{}"),
	};
	str_copy(r.id, sizeof(r.id), str_of(id));
	str_copy(r.network, sizeof(r.network), str_of(network));
	str_copy(r.contact, sizeof(r.contact), STR("abuse@isp.test"));
	str_copy(r.contact_source, sizeof(r.contact_source), STR("rdap"));
	return r;
}

static int count_triggers(sqlite3 *h)
{
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(h, "SELECT count(*) FROM sqlite_schema WHERE type = "
	                                    "'trigger'", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* What an older version kept has its messages still, and they go as others do. */
static void older_returns(void **unused)
{
	(void)unused;
	struct test_return *rows;
	size_t n;
	char *path = mem_printf("%s/old/returns/returns.db", state), *old = mem_printf("%s/old", state);
	char *folder = mem_printf("%s/old/returns", state);
	assert_int_equal(mkdir(old, 0700), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	sqlite3 *h;
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, returns_schema.steps[0].sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h,
		"PRAGMA application_id = 0x50525452; PRAGMA user_version = 1;"
		"INSERT INTO returns VALUES (7, 'aaaaaaaa', 'E01', 0, 0, 1, NULL, 0, 1, 't', '', '',"
		" '', x'6f6e65'), (9, 'aaaaaaaa', 'E02', 0, 0, 1, NULL, 0, 1, 'u', '', '', '',"
		" x'6f6e65')", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
	struct store *admin = open_store(old, STORE_ALL);
	OK(admin, store_returns_of(admin, "aaaaaaaa", true, &a, &rows, &n));
	assert_int_equal(n, 2);
	assert_int_equal(rows[1].id, 9);
	assert_true(str_eq(rows[0].message, STR("one")) && str_eq(rows[1].message, STR("one")));
	struct test_return r = a_return("aaaaaaaa", "t", NOW);
	OK(admin, store_return_add(admin, &r, 3));
	assert_int_equal(r.id, 10);
	store_close(admin);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(count_triggers(h), 0);    /* the code has the rule of the last message */
	sqlite3_close(h);
	free(path);
	free(folder);
	free(old);
}

/* An older version wrote a proof's reason over the word's: the journal has it still. */
static void older_reason(void **unused)
{
	(void)unused;
	char path[256];
	sqlite3 *db;
	struct ip four = ip_of("192.0.2.25"), six = ip_of("2001:db8::25"), other = ip_of("192.0.2.26");
	OK(st, store_list(st, &four, "op", "spam seen", &default_policy, NOW));
	OK(st, store_list(st, &six, "op", "spam six", &default_policy, NOW));
	OK(st, store_list(st, &other, "op", "other", &default_policy, NOW));
	store_close(st);
	snprintf(path, sizeof(path), "%s/portreeve.db", state);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE listings SET reason = 'open relay on port 25';"
	                              UNDO_STEP_6
	                              "DROP TABLE heartbeat; DROP INDEX listings_word;"
	                              "PRAGMA user_version = 4", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	st = open_store(state, STORE_ALL);
	struct listing l;
	OK(st, store_listing_get(st, &four, &l));
	assert_string_equal(l.reason, "spam seen");
	OK(st, store_listing_get(st, &six, &l));
	assert_string_equal(l.reason, "spam six");
	OK(st, store_listing_get(st, &other, &l));
	assert_string_equal(l.reason, "other");
}

/* A database of the version before gets the tables, and keeps what it has. */
static void older_database(void **unused)
{
	(void)unused;
	char *path = mem_printf("%s/portreeve.db", state);
	sqlite3 *db;
	add_test(st, "198.51.100.25:25", NOW);
	store_close(st);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE report_messages; DROP TABLE reports;"
	                              "DROP TABLE contact_cache; DROP TABLE dead_contacts;"
	                              "DROP TABLE secrets; DROP INDEX journal_delisted;"
	                              UNDO_STEP_6
	                              "DROP TABLE heartbeat; DROP INDEX listings_word;"
	                              "PRAGMA user_version = 1",
	                              NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);

	st = open_store(state, STORE_ALL);
	struct report r = report_of("aaaaaaaa", "n1", NOW);
	OK(st, store_report_save(st, &r, DIGEST("1a")));
	struct endpoint target = endpoint_of("198.51.100.25:25");
	struct test t;
	OK(st, store_test_last(st, &target, &t));
	free(path);
}

/* A database of before there were ranges lists what it did, and takes them. */
static void older_ranges(void **unused)
{
	(void)unused;
	char *path = mem_printf("%s/portreeve.db", state);
	struct ip four = ip_of("192.0.2.25");
	struct prefix range = prefix_of_text("192.0.2.0/24");
	struct list_snapshot list;
	sqlite3 *db;
	OK(st, store_list(st, &four, "op", "spam seen", &default_policy, NOW));
	store_close(st);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, UNDO_STEP_8 "PRAGMA user_version = 7", NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	st = open_store(state, STORE_ALL);
	OK(st, store_snapshot(st, &a, &list));
	assert_true(list.listing_n == 1 && list.range_n == 0);
	OK(st, store_range_list(st, &range, "op", "all of it", NOW));
	store_close(st);
	st = open_store(state, STORE_ALL);          /* and keeps them */
	OK(st, store_snapshot(st, &a, &list));
	assert_true(list.listing_n == 1 && list.range_n == 1 && list.serial == 2);
	assert_string_equal(list.ranges[0].reason, "all of it");
	free(path);
}

/* A listing of before its server was known to see us wrongly says nothing of that. */
static void older_seen(void **unused)
{
	(void)unused;
	char *path = mem_printf("%s/portreeve.db", state);
	struct ip four = ip_of("192.0.2.25");
	struct listing l, *rows;
	size_t n;
	sqlite3 *db;
	OK(st, store_list(st, &four, "op", "spam seen", &default_policy, NOW));
	store_close(st);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, UNDO_STEP_10 "PRAGMA user_version = 9", NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	st = open_store(state, STORE_ALL);
	OK(st, store_listing_get(st, &four, &l));
	assert_true(l.seen_as.family == 0 && l.known_as.family == 0);
	assert_string_equal(l.reason, "spam seen");
	OK(st, store_seen(st, &a, &rows, &n));
	assert_int_equal(n, 0);
	free(path);
}

/* A database of before there were accounts has none, and takes them. */
static void older_accounts(void **unused)
{
	(void)unused;
	char *path = mem_printf("%s/portreeve.db", state);
	struct ip four = ip_of("192.0.2.25");
	struct account ann = { .name = "ann", .uid = ACCOUNT_NO_UID }, *rows;
	const char *address = "ann@example.org";
	struct listing l;
	size_t n;
	sqlite3 *db;
	OK(st, store_list(st, &four, "op", "spam seen", &default_policy, NOW));
	store_close(st);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 10", NULL, NULL,
	                              NULL), SQLITE_OK);
	sqlite3_close(db);
	st = open_store(state, STORE_ALL);
	OK(st, store_listing_get(st, &four, &l));
	OK(st, store_accounts(st, &a, &rows, &n));
	assert_int_equal(n, 0);
	OK(st, store_account_add(st, &ann, &address, 1, NOW));
	store_close(st);
	st = open_store(state, STORE_ALL);
	OK(st, store_account_of_address(st, address, &ann));
	assert_string_equal(ann.name, "ann");
	free(path);
}

/* ---- accounts, which were in the list --------------------------------------------------- */

#define SECRET "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"

/* The list as version 11 had it, with ann and cis. */
static void make_eleven(void)
{
	char *path = mem_printf("%s/portreeve.db", state);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	/* As one that was killed: its log has it all, too. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_exec(db, main_schema.steps[10].sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
		"INSERT INTO accounts VALUES ('ann', '" SECRET "', 'keys', 'example.org/ann', 1, 1000,"
		" 5, 6), ('cis', '', '', '', 0, -1, 7, 8);"
		"INSERT INTO account_addresses VALUES ('ann@example.org', 'ann', 5),"
		" ('info@example.org', 'ann', 6);"
		"PRAGMA user_version = 11", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	free(path);
}

static void expect_moved(void)
{
	struct account_address *rows;
	struct account account;
	size_t n;
	OK(st, store_account_get(st, "ann", &account));
	assert_string_equal(account.hash, SECRET);
	assert_string_equal(account.scram, "keys");
	assert_string_equal(account.mailbox, "example.org/ann");
	assert_true(account.locked && account.uid == 1000);
	assert_true(account.created_s == 5 && account.changed_s == 6);
	OK(st, store_account_get(st, "cis", &account));
	assert_true(!account.locked && account.uid == ACCOUNT_NO_UID);
	OK(st, store_addresses(st, NULL, &a, &rows, &n));
	assert_int_equal(n, 2);
	assert_string_equal(rows[1].address, "info@example.org");
	assert_int_equal(rows[1].created_s, 6);
	assert_int_equal(store_account_get(st, "eve", &account), ERR_NOT_FOUND);
}

static bool has_secret(const char *name)
{
	char *path = mem_printf("%s/%s", state, name);
	struct buf bytes = { 0 };
	int e = file_read(path, 16 << 20, &bytes);
	assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
	bool found = bytes.n && str_search(buf_str(&bytes), STR(SECRET)) != SIZE_MAX;
	buf_fini(&bytes);
	free(path);
	return found;
}

/* They move once, and no byte of them stays behind. */
static void accounts_move_out(void **unused)
{
	(void)unused;
	store_close(st);
	make_eleven();
	assert_true(has_secret("portreeve.db-wal"));
	st = open_store(state, STORE_ALL);
	expect_moved();
	assert_false(has_secret("portreeve.db") || has_secret("portreeve.db-wal"));
	assert_true(has_secret("accounts.db") || has_secret("accounts.db-wal"));
	OK(st, store_account_remove(st, "cis"));
	store_close(st);
	st = open_store(state, STORE_ALL);                     /* and do not come back */
	struct account account;
	assert_int_equal(store_account_get(st, "cis", &account), ERR_NOT_FOUND);
	OK(st, store_account_get(st, "ann", &account));
}

/* Stopped between the copy and the drop, it is done once more; what the old version changed
 * meanwhile counts, and nothing else. */
static void accounts_move_again(void **unused)
{
	(void)unused;
	struct account eve = { .name = "eve", .uid = 1000 }, cis = { .name = "cis",
	                       .uid = ACCOUNT_NO_UID, .locked = true };
	const char *address = "info@example.org";
	OK(st, store_account_add(st, &eve, &address, 1, NOW));
	OK(st, store_account_add(st, &cis, NULL, 0, NOW));
	store_close(st);
	make_eleven();
	st = open_store(state, STORE_ALL);
	expect_moved();
}

/* Where they cannot go, they stay; and who has no business with them does not lose them. */
static void accounts_stay(void **unused)
{
	(void)unused;
	struct buf message = { 0 };
	struct store *other;
	char *path = mem_printf("%s/accounts.db", state), *wal = mem_printf("%s-wal", path);
	store_close(st);
	st = NULL;
	make_eleven();
	assert_int_equal(store_sqlite_open(state, STORE_TESTS | STORE_LIST, &other, &message),
	                 ERR_UNSUPPORTED);
	assert_non_null(strstr(buf_cstr(&message), "older version, with accounts"));
	unlink(wal);
	assert_int_equal(file_write(path, STR("no database at all, but a text"), 0600), ERR_OK);
	assert_int_equal(store_sqlite_open(state, STORE_ALL, &other, &message), ERR_CORRUPT);
	assert_int_equal(unlink(path), 0);
	st = open_store(state, STORE_ALL);
	expect_moved();
	free(path);
	free(wal);
	buf_fini(&message);
}

/* A file that is lost is not a server without users: who reads is told to come again. */
static void accounts_lost(void **unused)
{
	(void)unused;
	struct account account = { .name = "ann", .uid = ACCOUNT_NO_UID };
	char *path = mem_printf("%s/accounts.db", state);
	struct stat file;
	OK(st, store_account_add(st, &account, NULL, 0, NOW));
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	struct store *gateway = open_store(state, STORE_READS);
	assert_int_equal(store_account_of_login(gateway, "bob", &account), ERR_NOT_FOUND);
	store_close(gateway);
	assert_int_equal(unlink(path), 0);
	gateway = open_store(state, STORE_READS);
	assert_int_equal(store_account_of_login(gateway, "ann", &account), ERR_BUSY);
	assert_non_null(strstr(store_message(gateway), "accounts.db"));
	store_close(gateway);
	free(path);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(older_returns), EACH(older_reason), EACH(older_database),
		EACH(older_ranges), EACH(older_seen), EACH(older_accounts),
		EACH(accounts_move_out), EACH(accounts_move_again), EACH(accounts_stay),
		EACH(accounts_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
