/* SPDX-License-Identifier: ISC
 *
 * When things go wrong below us: a full disk, a lock, damage, other versions. Each is an
 * error that says so, and nothing was changed.
 */
#include "store/evidence-rows.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/support.h"

#include "sqlite/sqlite-private.h"
#include "sqlite/sqlite.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/tests.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1000000 };

static char *state;
static struct store *st;

static int setup(void **unused)
{
	(void)unused;
	state = state_make();
	st = open_store(state, STORE_ALL);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	store_close(st);
	state_remove(state);
	return 0;
}

/* Opens with that result; gives the message, freed by the caller. */
static char *open_fails(const char *directory, unsigned may_write, int expected)
{
	struct buf message = { 0 };
	struct store *none;
	int e = store_sqlite_open(directory, may_write, &none, &message);
	if (e != expected)
		fail_msg("open gave \"%s\", expected \"%s\": %s", err_text(e), err_text(expected),
		         buf_cstr(&message));
	assert_null(none);
	assert_null(strchr(buf_cstr(&message), '\n'));
	return buf_release(&message);
}

static void expect_in(char *message, const char *what)
{
	if (!strstr(message, what))
		fail_msg("\"%s\" does not say \"%s\"", message, what);
	free(message);
}

static char *list_file(void)
{
	return mem_printf("%s/portreeve.db", state);
}

/* Closes ours, so that the file can be spoilt. */
static void close_store(void)
{
	store_close(st);
	st = NULL;
}

static int64_t number(struct db *db, const char *sql)
{
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_prepare_v2(db->h, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return v;
}

/* ---- full ------------------------------------------------------------------ */

static char big[65536];

/* Ends tests with evidence until the disk is full; returns how many were acknowledged,
 * or -1 if that never happened. */
static int fill(struct store *to, int *number)
{
	for (int done = 0; done < 1000; done++) {
		char text[32], id[48];
		struct lifecycle_effects f;
		snprintf(text, sizeof(text), "10.0.%d.%d:25", *number / 250, *number % 250);
		struct test t = { .target = endpoint_of(text), .consent = CONSENT_OWNER };
		++*number;
		int e = store_test_add(to, &t);
		if (e == ERR_FULL)
			return done;
		if (e != ERR_OK) {
			fprintf(stderr, "%s\n", store_message(to));
			return -1;
		}
		struct case_result r = result_of("E01", &t, "");
		snprintf(id, sizeof(id), "ev-%s", t.id);
		struct test_outcome o = {
			.test_id = t.id, .verdict = VERDICT_OPEN, .results = &r, .result_count = 1,
			.now_s = NOW, .evidence = { big, sizeof(big) }, .evidence_id = id,
		};
		e = store_test_finish(to, &o, &default_policy, &f);
		if (e == ERR_FULL)
			return done;
		if (e != ERR_OK) {
			fprintf(stderr, "%s\n", store_message(to));
			return -1;
		}
	}
	return -1;
}

/* 0 if the store holds exactly `done` whole listings. */
static int check_filled(struct store *to, int done)
{
	struct arena a = { 0 };
	struct list_snapshot list;
	int rc = 0;
	if (store_snapshot(to, &a, &list) != ERR_OK)
		rc = 1;
	else if (list.listing_n != (size_t)done || list.serial != (uint64_t)done)
		rc = 2;
	for (size_t i = 0; rc == 0 && i < list.listing_n; i++) {
		struct str bundle;
		if (store_evidence_get(to, list.listings[i].evidence_id, &a, &bundle) != ERR_OK ||
		    bundle.n != sizeof(big))
			rc = 3;
	}
	arena_fini(&a);
	return rc;
}

static int limit_file_size(rlim_t bytes)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return -1;
	limit.rlim_cur = bytes;
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static int run_into_limit(void)
{
	int number = 0;
	signal(SIGXFSZ, SIG_IGN);
	if (limit_file_size(600000) != 0)
		return 10;
	struct store *to = open_store(state, STORE_ALL);
	int done = fill(to, &number);
	if (done <= 0)
		return 11;
	if (!strstr(store_message(to), "portreeve.db: disk or quota full"))
		return 12;
	int rc = check_filled(to, done);
	if (rc)
		return rc;
	/* Room again: it goes on in the same process, and after a restart. */
	if (limit_file_size(RLIM_INFINITY) != 0)
		return 13;
	char text[32];
	snprintf(text, sizeof(text), "10.9.9.9:25");
	struct test t = add_test(to, text, NOW);
	finish_open(to, &t, "E01", "", NOW);
	store_close(to);
	to = open_store(state, STORE_ALL);
	uint64_t serial = serial_of(to);
	store_close(to);
	return serial == (uint64_t)done + 1 ? 0 : 14;
}

static void in_child(int (*work)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(work());
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void file_too_large(void **unused)
{
	(void)unused;
	close_store();
	in_child(run_into_limit);
}

/* A file system of our own, in a mount namespace of our own; needs root. */
static int fill_file_system(void)
{
	int number = 0;
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", state, "tmpfs", 0, "size=900k") != 0)
		return 77;
	struct store *to = open_store(state, STORE_ALL);
	int done = fill(to, &number);
	if (done <= 0)
		return 11;
	int rc = check_filled(to, done);
	store_close(to);
	if (rc)
		return rc;
	to = open_store(state, STORE_ALL);
	rc = check_filled(to, done);
	store_close(to);
	return rc;
}

static void disk_full(void **unused)
{
	(void)unused;
	close_store();
	in_child(fill_file_system);
}

/* ---- locked ---------------------------------------------------------------- */

static void locked(void **unused)
{
	(void)unused;
	struct store *other = open_store(state, STORE_ALL);
	sqlite3_busy_timeout(sqlite_of(st)->main.h, 1);
	sqlite3_busy_timeout(sqlite_of(st)->returns.h, 1);
	assert_int_equal(db_begin(&sqlite_of(other)->main), ERR_OK);
	assert_int_equal(db_begin(&sqlite_of(other)->returns), ERR_OK);

	struct ip ip = ip_of("192.0.2.1");
	struct retest_request r = { .address = ip, .time_s = NOW };
	struct listing l;
	assert_int_equal(store_list(st, &ip, "op", "why", &default_policy, NOW), ERR_BUSY);
	assert_non_null(strstr(store_message(st), "portreeve.db: locked by another process"));
	assert_int_equal(store_cursor_set(st, "x", 1), ERR_BUSY);
	assert_int_equal(store_request_add(st, &r, 0), ERR_BUSY);
	assert_non_null(strstr(store_message(st), "returns.db: locked"));
	assert_int_equal(store_listing_get(st, &ip, &l), ERR_NOT_FOUND);    /* reading goes on */

	assert_int_equal(db_end(&sqlite_of(other)->main, ERR_OK), ERR_OK);
	assert_int_equal(db_end(&sqlite_of(other)->returns, ERR_OK), ERR_OK);
	OK(st, store_list(st, &ip, "op", "why", &default_policy, NOW));
	OK(st, store_request_add(st, &r, 0));
	store_close(other);
}

/* ---- damaged --------------------------------------------------------------- */

static void not_a_database(void **unused)
{
	(void)unused;
	close_store();
	char *path = list_file();
	static const unsigned roles[] = { STORE_ALL, STORE_TESTS | STORE_LIST, STORE_RETURNS,
	                                         STORE_READS };
	char junk[8192];
	memset(junk, 'x', sizeof(junk));
	/* Files beside it that are as broken are no lock of another process. */
	static const char *const files[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < 3; i++) {
		char *name = mem_printf("%s%s", path, files[i]);
		assert_int_equal(file_write(name, (struct str){ junk, sizeof(junk) }, 0600),
		                 ERR_OK);
		free(name);
	}
	for (size_t i = 0; i < 4; i++)
		expect_in(open_fails(state, roles[i], ERR_CORRUPT),
		          "portreeve.db: damaged, or not a database");
	free(path);
}

static void overwritten_pages(void **unused)
{
	(void)unused;
	off_t page = number(&sqlite_of(st)->main,
	                    "SELECT rootpage FROM sqlite_schema WHERE name = 'listings'") - 1;
	close_store();
	char *path = list_file(), junk[4096];
	memset(junk, 0xa5, sizeof(junk));
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096), sizeof(junk));
	close(fd);
	free(path);

	st = open_store(state, STORE_ALL);          /* the schema is whole */
	struct arena a = { 0 };
	struct list_snapshot list;
	struct ip ip = ip_of("192.0.2.1");
	assert_int_equal(store_snapshot(st, &a, &list), ERR_CORRUPT);
	assert_int_equal(store_delist(st, &ip, "op", "why", NOW), ERR_CORRUPT);
	assert_non_null(strstr(store_message(st), "portreeve.db: damaged"));
	arena_fini(&a);
}

/* A row that SQLite thinks well of and we never wrote. */
static void impossible_row(void **unused)
{
	(void)unused;
	struct db *db = &sqlite_of(st)->main;
	assert_int_equal(db_exec(db, "INSERT INTO listings VALUES (x'0501', '', 0, 0, 0, '', 0, "
	                             "NULL, NULL)"),
	                 ERR_OK);
	struct arena a = { 0 };
	struct listing *rows;
	size_t n;
	assert_int_equal(store_listings(st, &a, &rows, &n), ERR_CORRUPT);
	assert_int_equal(n, 0);
	arena_fini(&a);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *h;
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
}

static void other_versions(void **unused)
{
	(void)unused;
	close_store();
	char *path = list_file();
	run_sql(path, "PRAGMA user_version = 99");
	expect_in(open_fails(state, STORE_ALL, ERR_UNSUPPORTED),
	          "portreeve.db: written by a newer version: schema (found 99, this program has");
	expect_in(open_fails(state, STORE_READS, ERR_UNSUPPORTED), "newer version");
	run_sql(path, "PRAGMA user_version = 1; PRAGMA application_id = 7");
	expect_in(open_fails(state, STORE_ALL, ERR_CORRUPT), "another program's database");
	free(path);
}

static void no_permission(void **unused)
{
	(void)unused;
	expect_in(open_fails("/proc/portreeve", STORE_ALL, ERR_NOT_FOUND), "/proc/portreeve");
	char *file = mem_printf("%s/file", state);
	assert_int_equal(file_write(file, STR("x"), 0600), ERR_OK);
	free(open_fails(file, STORE_ALL, ERR_NOT_FOUND));
	free(file);
}

/* ---- migration ------------------------------------------------------------- */

static const char second_step[] =
	"ALTER TABLE listings ADD COLUMN note TEXT NOT NULL DEFAULT 'none';"
	"CREATE TABLE third (a INTEGER) STRICT;";

/* Today's schema and one step more. */
static struct schema tomorrow(struct migration steps[static 16], const char *sql)
{
	struct schema next = main_schema;
	for (size_t i = 0; i < main_schema.step_count; i++)
		steps[i] = main_schema.steps[i];
	steps[next.step_count] = (struct migration){ (int)next.step_count + 1, sql };
	next.step_count++;
	next.steps = steps;
	return next;
}

static void migrates_forward(void **unused)
{
	(void)unused;
	struct test t = add_test(st, "192.0.2.1:25", NOW);
	finish_open(st, &t, "E01", "", NOW);
	close_store();

	char *path = list_file();
	struct migration steps[16];
	struct schema next = tomorrow(steps, second_step);
	struct buf message = { 0 };
	struct db db;
	/* A reader cannot migrate, and says who can. */
	assert_int_equal(db_open(&db, path, false, &next, &message), ERR_UNSUPPORTED);
	assert_non_null(strstr(buf_cstr(&message), "older version; run a command that writes"));

	assert_int_equal(db_open(&db, path, true, &next, &message), ERR_OK);
	assert_int_equal(number(&db, "SELECT count(*) FROM listings WHERE note = 'none'"), 1);
	assert_int_equal(number(&db, "PRAGMA user_version"), (int64_t)next.step_count);
	assert_int_equal(number(&db, "SELECT count(*) FROM third"), 0);
	db_close(&db);
	assert_int_equal(db_open(&db, path, true, &next, &message), ERR_OK);       /* once */
	db_close(&db);
	/* And today's program refuses tomorrow's file. */
	expect_in(open_fails(state, STORE_TESTS | STORE_LIST, ERR_UNSUPPORTED), "newer version");
	buf_fini(&message);
	free(path);
}

/* A step that fails half-way leaves yesterday's file, which still works. */
static void failed_migration(void **unused)
{
	(void)unused;
	close_store();
	char *path = list_file();
	struct migration steps[16];
	struct schema next = tomorrow(steps, "CREATE TABLE half (a INTEGER) STRICT;"
	                                     "CREATE TABLE listings (a INTEGER) STRICT;");
	struct buf message = { 0 };
	struct db db;
	assert_true(db_open(&db, path, true, &next, &message) != ERR_OK);
	assert_true(message.n > 0);
	st = open_store(state, STORE_ALL);
	struct db *ours = &sqlite_of(st)->main;
	assert_int_equal(number(ours, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
	assert_int_equal(number(ours, "PRAGMA user_version"), (int64_t)main_schema.step_count);
	buf_fini(&message);
	free(path);
}

static void steps_in_order(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < main_schema.step_count; i++)
		assert_int_equal(main_schema.steps[i].version, i + 1);
	for (size_t i = 0; i < returns_schema.step_count; i++)
		assert_int_equal(returns_schema.steps[i].version, i + 1);
	assert_int_not_equal(main_schema.application_id, returns_schema.application_id);
}

/* ---- durability ------------------------------------------------------------ */

static void settings(void **unused)
{
	(void)unused;
	struct db *dbs[] = { &sqlite_of(st)->main, &sqlite_of(st)->returns };
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(number(dbs[i], "PRAGMA synchronous"), 2);
		assert_int_equal(number(dbs[i], "PRAGMA foreign_keys"), 1);
		assert_int_equal(number(dbs[i], "PRAGMA busy_timeout"), BUSY_TIMEOUT_MS);
		assert_int_equal(number(dbs[i], "SELECT count(*) FROM pragma_journal_mode"
		                                " WHERE journal_mode = 'wal'"), 1);
	}
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(file_too_large), EACH(disk_full), EACH(locked), EACH(not_a_database),
		EACH(overwritten_pages), EACH(impossible_row), EACH(other_versions),
		EACH(no_permission), EACH(migrates_forward), EACH(failed_migration),
		EACH(steps_in_order), EACH(settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
