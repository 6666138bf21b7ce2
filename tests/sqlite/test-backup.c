/* SPDX-License-Identifier: ISC
 *
 * A backup while others write: consistent, whole, and through the caller's descriptors alone.
 */
#include "store/accounts.h"
#include "store/evidence-rows.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/support.h"

#include "sqlite/sqlite-private.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/upkeep.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1000000 };

static char *state, *path, *returns_path, *accounts_path;
static struct store *st;

static int setup(void **unused)
{
	(void)unused;
	state = state_make();
	path = mem_printf("%s/copy.db", state);
	returns_path = mem_printf("%s.returns", path);
	accounts_path = mem_printf("%s.accounts", path);
	st = open_store(state, STORE_ALL);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	store_close(st);
	state_remove(state);
	free(path);
	free(returns_path);
	free(accounts_path);
	return 0;
}

static void list_number(struct store *to, int number)
{
	char text[32];
	snprintf(text, sizeof(text), "10.0.%d.%d:25", number / 250, number % 250);
	struct test t = add_test(to, text, NOW);
	finish_open(to, &t, "E01", "", NOW);
}

static int create(const char *name)
{
	return open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static int backup(struct store *from)
{
	struct store_copy list = { path, create(path) };
	struct store_copy returns = { returns_path, create(returns_path) };
	struct store_copy accounts = { accounts_path, create(accounts_path) };
	int e = store_backup(from, &list, &returns, &accounts);
	close(list.fd);
	close(returns.fd);
	close(accounts.fd);
	return e;
}

/* A state directory made of the backup: opened as a user would restore it. */
static struct store *restore(char **directory)
{
	*directory = state_make();
	char *sub = mem_printf("%s/returns", *directory);
	char *list = mem_printf("%s/portreeve.db", *directory);
	char *returns = mem_printf("%s/returns.db", sub);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(rename(path, list), 0);
	assert_int_equal(rename(returns_path, returns), 0);
	char *accounts = mem_printf("%s/accounts.db", *directory);
	assert_int_equal(rename(accounts_path, accounts), 0);
	free(sub);
	free(list);
	free(returns);
	free(accounts);
	return open_store(*directory, STORE_ALL);
}

/* Every listing of the copy has all that belongs to it, and the serial is its own. */
static uint64_t check_copy(struct store *copy)
{
	struct arena a = { 0 };
	struct list_snapshot list;
	OK(copy, store_snapshot(copy, &a, &list));
	const struct listing *rows = list.listings;
	size_t n = list.listing_n;
	uint64_t serial = list.serial;
	assert_int_equal(n, serial);
	for (size_t i = 0; i < n; i++) {
		struct str bundle;
		struct proof *proofs;
		size_t proof_count;
		OK(copy, store_evidence_get(copy, rows[i].evidence_id, &a, &bundle));
		OK(copy, store_proofs(copy, &rows[i].address, &a, &proofs, &proof_count));
		assert_int_equal(proof_count, 1);
	}
	arena_fini(&a);
	return serial;
}

static void whole_copy(void **unused)
{
	(void)unused;
	list_number(st, 1);
	struct retest_request r = { .address = ip_of("192.0.2.1"), .time_s = NOW };
	OK(st, store_request_add(st, &r, 0));
	struct account ann = { .name = "ann", .hash = "its hash", .uid = ACCOUNT_NO_UID }, found;
	OK(st, store_account_add(st, &ann, NULL, 0, NOW));
	OK(st, backup(st));

	static const char *const beside[] = { "-wal", "-shm", "-journal", ".returns-wal",
	                                      ".returns-shm", ".returns-journal",
	                                      ".accounts-wal", ".accounts-shm",
	                                      ".accounts-journal" };
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		char *name = mem_printf("%s%s", path, beside[i]);
		CHECK_ROW(beside[i], access(name, F_OK) != 0);
		free(name);
	}

	char *directory;
	struct store *copy = restore(&directory);
	assert_int_equal(check_copy(copy), 1);
	OK(copy, store_account_get(copy, "ann", &found));
	assert_string_equal(found.hash, "its hash");
	struct arena a = { 0 };
	struct retest_request *rows;
	size_t n;
	OK(copy, store_requests_after(copy, 0, 10, &a, &rows, &n));
	assert_int_equal(n, 1);
	arena_fini(&a);
	list_number(copy, 2);
	store_close(copy);
	state_remove(directory);
}

static void under_load(void **unused)
{
	(void)unused;
	list_number(st, 0);
	int begun[2];
	assert_int_equal(pipe(begun), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *writer = open_store(state, STORE_ALL);
		for (int i = 1;; i++) {
			list_number(writer, i);
			if (write(begun[1], "x", 1) != 1)
				_exit(1);
		}
	}
	close(begun[1]);
	uint64_t last = 0;
	for (int round = 0; round < 5; round++) {
		char byte[64], *directory;
		assert_true(read(begun[0], byte, sizeof(byte)) > 0);
		OK(st, backup(st));
		struct store *copy = restore(&directory);
		uint64_t serial = check_copy(copy);
		assert_true(serial >= last);
		last = serial;
		store_close(copy);
		state_remove(directory);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(begun[0]);
	assert_true(last > 1);
}

/* The names are for messages: nothing is opened or made by them. */
static void only_through_descriptors(void **unused)
{
	(void)unused;
	struct buf bytes = { 0 };
	assert_int_equal(file_write(path, STR("mine"), 0600), ERR_OK);
	char *list_file = mem_printf("%s/a", state), *returns_file = mem_printf("%s/b", state);
	struct store_copy list = { path, create(list_file) };
	struct store_copy returns = { "/nonesuch/copy.db.returns", create(returns_file) };
	char *accounts_file = mem_printf("%s/c", state);
	struct store_copy accounts = { "/nonesuch/copy.db.accounts", create(accounts_file) };
	list_number(st, 1);
	OK(st, store_backup(st, &list, &returns, &accounts));
	close(list.fd);
	close(returns.fd);
	close(accounts.fd);
	free(accounts_file);
	assert_int_equal(file_read(path, 100, &bytes), ERR_OK);
	assert_true(str_eq(buf_str(&bytes), STR("mine")));
	buf_clear(&bytes);
	assert_int_equal(file_read(list_file, 1 << 20, &bytes), ERR_OK);
	assert_true(str_prefix(buf_str(&bytes), STR("SQLite format 3")));
	buf_fini(&bytes);
	free(list_file);
	free(returns_file);
}

/* A source that is damaged does not become a backup that claims to be good. */
static void damage_is_found(void **unused)
{
	(void)unused;
	for (int i = 0; i < 50; i++)
		list_number(st, i);
	off_t page;
	struct query q = query(&sqlite_of(st)->main, "SELECT rootpage FROM sqlite_schema"
	                                             " WHERE name = 'evidence'");
	assert_int_equal(query_one(&q), ERR_OK);
	page = col_int(&q) - 1;
	query_end(&q);
	store_close(st);
	char *file = mem_printf("%s/portreeve.db", state), junk[2048];
	memset(junk, 0xa5, sizeof(junk));
	FILE *f = fopen(file, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, page * 4096 + 2048, SEEK_SET), 0);
	assert_int_equal(fwrite(junk, sizeof(junk), 1, f), 1);
	fclose(f);
	free(file);
	st = open_store(state, STORE_ALL);
	assert_int_equal(backup(st), ERR_CORRUPT);
}

static int no_room(void)
{
	struct rlimit limit = { 8192, RLIM_INFINITY };
	signal(SIGXFSZ, SIG_IGN);
	struct store *to = open_store(state, STORE_ALL);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	if (backup(to) != ERR_FULL)
		return 2;
	return strstr(store_message(to), "disk or quota full") ? 0 : 3;
}

static void full(void **unused)
{
	(void)unused;
	store_close(st);
	st = NULL;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(no_room());
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(whole_copy), EACH(under_load), EACH(only_through_descriptors),
		EACH(damage_is_found), EACH(full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
