/* SPDX-License-Identifier: ISC
 *
 * What the collector writes, and what each role may do and see: live, without write
 * permission, and from the moment a file comes to be.
 */
#include "store/sqlite-private.h"

#include "admin.h"

#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_return a_return(const char *test_id, const char *token, int64_t time_s)
{
	struct test_return r = {
		.kind = RETURN_RECIPIENT, .marked = true, .peer = endpoint_of("203.0.113.1:4025"),
		.time_s = time_s, .helo = "relay.example", .mail_from = "s@t.example",
		.rcpt_to = "u@d.example", .message = STR("Received: x\r\n\r\nbody\0\xff"),
	};
	str_copy(r.test_id, sizeof(r.test_id), str_of(test_id));
	str_copy(r.case_id, sizeof(r.case_id), STR("E14"));
	str_copy(r.token, sizeof(r.token), str_of(token));
	return r;
}

static void returns(void **unused)
{
	(void)unused;
	struct store *collector = open_store(state, STORE_RETURNS);
	struct test_return r = a_return("aaaaaaaa", "token1", NOW);
	static const char *const messages[] = { "Received: x\r\n\r\nbody", "second", "third" };
	int64_t last = 0;
	for (int i = 0; i < 3; i++) {
		r.message = str_of(messages[i]);
		OK(collector, store_return_add(collector, &r, 3));
		assert_true(r.id > last);
		last = r.id;
		/* The same again, by a client that did not hear our answer, adds nothing. */
		OK(collector, store_return_add(collector, &r, 3));
		assert_int_equal(r.id, last);
	}
	r.message = STR("fourth");
	assert_int_equal(store_return_add(collector, &r, 3), ERR_LIMIT);
	/* One that was there is known again. */
	r.message = str_of(messages[0]);
	OK(collector, store_return_add(collector, &r, 3));
	assert_true(r.id < last);
	struct test_return other = a_return("bbbbbbbb", "token2", NOW + 1);
	OK(collector, store_return_add(collector, &other, 3));

	struct store *tester = open_store(state, STORE_TESTS | STORE_LIST);
	struct test_return *rows;
	size_t n;
	OK(tester, store_returns_after(tester, 0, 10, true, &a, &rows, &n));
	assert_int_equal(n, 4);
	assert_string_equal(rows[0].token, "token1");
	assert_string_equal(rows[0].helo, "relay.example");
	assert_true(str_eq(rows[0].message, str_of(messages[0])));
	assert_int_equal(rows[0].peer.port, 4025);
	assert_true(rows[0].marked);
	OK(tester, store_returns_after(tester, last, 10, false, &a, &rows, &n));
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].message.n, 0);
	OK(tester, store_returns_of(tester, "aaaaaaaa", false, &a, &rows, &n));
	assert_int_equal(n, 3);
	OK(tester, store_returns_after(tester, 0, 2, false, &a, &rows, &n));
	assert_int_equal(n, 2);
	store_close(tester);
	store_close(collector);
}

/* What the file holds of messages. */
static int64_t in_returns(const char *sql)
{
	sqlite3 *h;
	sqlite3_stmt *q;
	char *path = mem_printf("%s/returns/returns.db", state);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(h);
	free(path);
	return n;
}

/* A hundred tokens in one message: it is stored once, again if a client tries again, and goes
 * with the last row. */
static void many_tokens(void **unused)
{
	(void)unused;
	enum { TOKENS = 100 };
	static struct test_return rows[TOKENS];
	static char big[100000];
	int results[TOKENS];
	struct test_return *read;
	size_t n;
	memset(big, 'x', sizeof(big));
	for (int i = 0; i < TOKENS; i++) {
		char token[16];
		snprintf(token, sizeof(token), "token%d", i);
		rows[i] = a_return("aaaaaaaa", token, NOW);
		rows[i].message = (struct str){ big, sizeof(big) };
	}
	for (int again = 0; again < 2; again++) {
		OK(st, store_returns_add(st, rows, TOKENS, 1, results));
		for (int i = 0; i < TOKENS; i++)
			assert_int_equal(results[i], ERR_OK);
		assert_int_equal(in_returns("SELECT count(*) FROM returns"), TOKENS);
		assert_int_equal(in_returns("SELECT sum(length(bytes)) FROM messages"), sizeof(big));
	}
	OK(st, store_returns_of(st, "aaaaaaaa", true, &a, &read, &n));
	assert_int_equal(n, TOKENS);
	assert_true(str_eq(read[0].message, rows[0].message));
	assert_ptr_equal(read[TOKENS - 1].message.p, read[0].message.p);

	/* Some have had enough, one has not: each its own result, and nothing of the rest. */
	struct test_return more[3] = { rows[0], a_return("aaaaaaaa", "new", NOW), rows[1] };
	more[0].message = STR("another");
	OK(st, store_returns_add(st, more, 3, 1, results));
	assert_int_equal(results[0], ERR_LIMIT);
	assert_int_equal(results[1], ERR_OK);
	assert_int_equal(results[2], ERR_LIMIT);
	more[0].message = STR("a third, for nobody");
	OK(st, store_returns_add(st, more, 1, 1, results));
	assert_int_equal(results[0], ERR_LIMIT);
	assert_int_equal(in_returns("SELECT count(*) FROM messages"), 2);

	/* Retention. */
	struct store_config keep = { .keep_tests_s = 1, .keep_evidence_s = 1, .keep_returns_s = 1 };
	OK(st, store_cursor_set(st, "returns", rows[TOKENS - 1].id));
	for (struct store_expiry x = { 0 }; !x.over;)
		OK(st, store_expire(st, &keep, NOW + 1000, 7, false, &x));
	assert_int_equal(in_returns("SELECT count(*) FROM returns"), 1);
	assert_int_equal(in_returns("SELECT count(*) FROM messages"), 1);
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
	free(path);
	free(folder);
	free(old);
}

static void requests(void **unused)
{
	(void)unused;
	struct retest_request r = { .address = ip_of("192.0.2.1"), .reply_to = "a@b.example",
	                            .time_s = NOW };
	OK(st, store_request_add(st, &r, 600));
	r.time_s = NOW + 599;
	assert_int_equal(store_request_add(st, &r, 600), ERR_LIMIT);
	r.time_s = NOW + 600;
	OK(st, store_request_add(st, &r, 600));
	struct retest_request *rows;
	size_t n;
	OK(st, store_requests_after(st, 0, 10, &a, &rows, &n));
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].reply_to, "a@b.example");
	OK(st, store_requests_after(st, rows[1].id, 10, &a, &rows, &n));
	assert_int_equal(n, 0);
}

static void cursors(void **unused)
{
	(void)unused;
	int64_t value = 7;
	OK(st, store_cursor_get(st, "returns", &value));
	assert_int_equal(value, 0);
	OK(st, store_cursor_set(st, "returns", 5));
	OK(st, store_cursor_set(st, "returns", 9));
	OK(st, store_cursor_get(st, "returns", &value));
	assert_int_equal(value, 9);
}

/* What a role may not do is refused before anything is touched. */
static void denied(void **unused)
{
	(void)unused;
	struct store *collector = open_store(state, STORE_RETURNS);
	struct store *dnsbl = open_store(state, STORE_READS);
	struct store *tester = open_store(state, STORE_TESTS | STORE_LIST);
	struct ip ip = ip_of("192.0.2.1");
	struct permit p = { .range = prefix_of_text("192.0.2.0/24"), .consent = CONSENT_OWNER };
	struct exclusion x = { .range = p.range };
	struct test_return r = a_return("aaaaaaaa", "t", NOW);
	struct retest_request rr = { .address = ip };
	struct listing *rows;
	size_t n;
	uint64_t serial;
	unsigned queued;

	assert_int_equal(store_permit_add(tester, &p), ERR_DENIED);
	assert_int_equal(store_permit_remove(tester, &p.range, "x", NOW), ERR_DENIED);
	assert_int_equal(store_exclusion_add(tester, &x), ERR_DENIED);
	assert_int_equal(store_return_add(tester, &r, 3), ERR_DENIED);
	assert_int_equal(store_backup(tester, NULL, NULL), ERR_DENIED);

	assert_int_equal(store_list(collector, &ip, "x", "y", &default_policy, NOW), ERR_DENIED);
	assert_int_equal(store_delist(collector, &ip, "x", "y", NOW), ERR_DENIED);
	assert_int_equal(store_retest(collector, &ip, "x", NULL, NOW, &queued), ERR_DENIED);
	assert_int_equal(store_cursor_set(collector, "x", 1), ERR_DENIED);
	assert_string_equal(store_message(collector),
	                    "store: to write cursors is not allowed to this process");

	assert_int_equal(store_return_add(dnsbl, &r, 3), ERR_DENIED);
	assert_int_equal(store_request_add(dnsbl, &rr, 0), ERR_DENIED);
	assert_int_equal(store_delist(dnsbl, &ip, "x", "y", NOW), ERR_DENIED);
	OK(dnsbl, store_snapshot(dnsbl, &a, &rows, &n, &serial));
	OK(dnsbl, store_serial(dnsbl, &serial));

	store_close(collector);
	store_close(dnsbl);
	store_close(tester);
}

/* No descriptor of a reader could write the list, whoever's user it runs as. */
static void readers_hold_no_writable_descriptor(void **unused)
{
	(void)unused;
	store_close(st);
	st = NULL;
	struct store *dnsbl = open_store(state, STORE_READS);
	uint64_t serial;
	OK(dnsbl, store_serial(dnsbl, &serial));
	int files = 0;
	for (int fd = 0; fd < 256; fd++) {
		char link[64], path[4096];
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof(path) - 1);
		if (n < 0)
			continue;
		path[n] = '\0';
		if (!strstr(path, "portreeve.db"))
			continue;
		files++;
		CHECK_ROW(path, (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	}
	assert_true(files >= 3);                      /* the file, -wal and -shm */
	store_close(dnsbl);
}

/* Runs `work` in a child that has no write permission anywhere below the state. */
static void as_reader(int (*work)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(work());
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void allow_reading(void)
{
	static const char *const names[] = {
		"portreeve.db", "portreeve.db-wal", "portreeve.db-shm", "returns/returns.db",
		"returns/returns.db-wal", "returns/returns.db-shm",
	};
	char path[4096];
	snprintf(path, sizeof(path), "%s/returns", state);
	assert_int_equal(chmod(path, 0555), 0);
	assert_int_equal(chmod(state, 0555), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", state, names[i]);
		assert_int_equal(chmod(path, 0444), 0);
	}
}

static int pipe_to_child[2], pipe_to_parent[2];

static int read_two_states(void)
{
	struct buf message = { 0 };
	struct store *dnsbl;
	struct listing *rows;
	size_t n;
	uint64_t serial;
	char byte = 'r';
	if (store_sqlite_open(state, STORE_READS, &dnsbl, &message) != ERR_OK)
		return 1;
	if (store_snapshot(dnsbl, &a, &rows, &n, &serial) != ERR_OK || n != 1)
		return 2;
	if (write(pipe_to_parent[1], &byte, 1) != 1 || read(pipe_to_child[0], &byte, 1) != 1)
		return 3;
	if (store_snapshot(dnsbl, &a, &rows, &n, &serial) != ERR_OK || n != 2)
		return 4;
	store_close(dnsbl);
	arena_fini(&a);
	buf_fini(&message);
	return 0;
}

/* The dnsbl sees each commit of a tester that runs, with read permission alone. */
static void live_view(void **unused)
{
	(void)unused;
	struct ip one = ip_of("192.0.2.1"), two = ip_of("192.0.2.2");
	OK(st, store_list(st, &one, "op", "x", &default_policy, NOW));
	allow_reading();
	assert_int_equal(pipe(pipe_to_child), 0);
	assert_int_equal(pipe(pipe_to_parent), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(read_two_states());
	}
	/* If the child fails early, our end of the pipe would keep the read waiting. */
	close(pipe_to_parent[1]);
	char byte;
	assert_int_equal(read(pipe_to_parent[0], &byte, 1), 1);
	OK(st, store_list(st, &two, "op", "x", &default_policy, NOW));
	assert_int_equal(write(pipe_to_child[1], "w", 1), 1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(pipe_to_parent[0]);
	close(pipe_to_child[0]);
	close(pipe_to_child[1]);
}

static int read_alone(void)
{
	struct buf message = { 0 };
	struct store *dnsbl;
	struct listing *rows;
	size_t n;
	uint64_t serial;
	if (store_sqlite_open(state, STORE_READS, &dnsbl, &message) != ERR_OK)
		return 1;
	if (store_snapshot(dnsbl, &a, &rows, &n, &serial) != ERR_OK || n != 1)
		return 2;
	store_close(dnsbl);
	arena_fini(&a);
	buf_fini(&message);
	return 0;
}

/* Nobody who writes has the file open, and -wal and -shm are as the last one left them. */
static void view_without_a_writer(void **unused)
{
	(void)unused;
	struct ip one = ip_of("192.0.2.1");
	OK(st, store_list(st, &one, "op", "x", &default_policy, NOW));
	store_close(st);
	st = NULL;
	allow_reading();
	as_reader(read_alone);
}

/* A writer that was killed leaves its commits in the -wal alone. */
static void view_after_a_killed_writer(void **unused)
{
	(void)unused;
	store_close(st);
	st = NULL;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store *writer = open_store(state, STORE_ALL);
		struct ip one = ip_of("192.0.2.1");
		if (store_list(writer, &one, "op", "x", &default_policy, NOW) == ERR_OK)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	allow_reading();
	as_reader(read_alone);
}

/* The tester may start before the collector has made its file. */
static void returns_come_later(void **unused)
{
	(void)unused;
	char *fresh = state_make();
	struct store *tester = open_store(fresh, STORE_TESTS | STORE_LIST);
	struct test_return *rows;
	struct retest_request *requested;
	size_t n = 9;
	OK(tester, store_returns_after(tester, 0, 10, false, &a, &rows, &n));
	assert_int_equal(n, 0);
	OK(tester, store_requests_after(tester, 0, 10, &a, &requested, &n));
	assert_int_equal(n, 0);
	struct store *collector = open_store(fresh, STORE_RETURNS);
	struct test_return r = a_return("aaaaaaaa", "t", NOW);
	OK(collector, store_return_add(collector, &r, 3));
	OK(tester, store_returns_after(tester, 0, 10, false, &a, &rows, &n));
	assert_int_equal(n, 1);
	store_close(collector);
	store_close(tester);
	state_remove(fresh);
}

/* A reader of a store that nobody has made says what to do. */
static void nothing_to_read(void **unused)
{
	(void)unused;
	char *fresh = state_make();
	struct buf message = { 0 };
	struct store *dnsbl;
	assert_int_equal(store_sqlite_open(fresh, STORE_READS, &dnsbl, &message), ERR_NOT_FOUND);
	assert_null(dnsbl);
	assert_non_null(strstr(buf_cstr(&message), "portreeve.db: no such file"));
	buf_fini(&message);
	state_remove(fresh);
}

/* A path that SQLite could read as options. */
static void odd_path(void **unused)
{
	(void)unused;
	char *odd = mem_printf("%s/a?mode=rw#%%41 \xc3\xa9", state);
	struct store *admin = open_store(odd, STORE_ALL);
	struct store *dnsbl = open_store(odd, STORE_READS);
	uint64_t serial;
	OK(dnsbl, store_serial(dnsbl, &serial));
	store_close(dnsbl);
	store_close(admin);
	char *file = mem_printf("%s/portreeve.db", odd);
	assert_int_equal(access(file, R_OK), 0);
	free(file);
	free(odd);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(returns), EACH(many_tokens), EACH(older_returns), EACH(requests),
		EACH(cursors), EACH(denied),
		EACH(readers_hold_no_writable_descriptor), EACH(live_view),
		EACH(view_without_a_writer), EACH(view_after_a_killed_writer),
		EACH(returns_come_later), EACH(nothing_to_read), EACH(odd_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
