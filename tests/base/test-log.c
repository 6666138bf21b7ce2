/* SPDX-License-Identifier: ISC
 *
 * Log lines: no text from the network can forge one.
 */
#include "test.h"

#include "base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE(want, ...) \
	do { \
		const struct log_field fields[] = { __VA_ARGS__ }; \
		struct buf b = { 0 }; \
		log_format(&b, "event", fields, sizeof(fields) / sizeof(*fields)); \
		assert_string_equal(buf_cstr(&b), want); \
		buf_fini(&b); \
	} while (0)

static void test_format(void **state)
{
	(void)state;
	struct ip ip = ip_from_v4(192, 0, 2, 1);
	LINE("event a=plain", LOG_S("a", "plain"));
	LINE("event a=\"\"", LOG_S("a", ""));
	LINE("event a=\"\"", LOG_S("a", NULL));
	LINE("event a=\"two words\"", LOG_S("a", "two words"));
	LINE("event a=\"k=v\"", LOG_S("a", "k=v"));
	LINE("event a=\"\\\"\"", LOG_S("a", "\""));
	LINE("event a=\"x\\x0d\\n2026 error\"", LOG_S("a", "x\r\n2026 error"));
	LINE("event a=\"\\x1b[2J\"", LOG_S("a", "\x1b[2J"));
	LINE("event a=\"a\\x00b\"", LOG_STR("a", ((struct str){ "a\0b", 3 })));
	LINE("event a=-5 b=192.0.2.1", LOG_I("a", -5), LOG_IP("b", &ip));
}

/* What is written to stderr by one call. */
static void capture_to(bool journal, enum log_level max, enum log_level level, struct buf *out)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char chunk[4096];
	struct stat st;
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(chunk, sizeof(chunk), "%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	if (journal)
		setenv("JOURNAL_STREAM", chunk, 1);
	log_init("tester", max);
	unsetenv("JOURNAL_STREAM");
	LOG(level, "done", LOG_S("verdict", "open"));
	dup2(saved, STDERR_FILENO);
	close(saved);
	for (ssize_t n; (n = read(ends[0], chunk, sizeof(chunk))) > 0;)
		buf_add(out, chunk, (size_t)n);
	close(ends[0]);
}

static void capture(enum log_level max, enum log_level level, struct buf *out)
{
	capture_to(false, max, level, out);
}

static void test_is_journal(void **state)
{
	(void)state;
	static const struct { const char *stream; bool is; } table[] = {
		{ "8:4711", true }, { NULL, false }, { "", false }, { "8:4712", false },
		{ "9:4711", false }, { "8", false }, { "8:", false }, { ":4711", false },
		{ "8:4711:1", false }, { "8:4711 ", false }, { "8:-4711", false },
		{ "8:99999999999999999999", false },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(log_is_journal(table[i].stream, 8, 4711), table[i].is);
}

/* The journal has the time; it takes the priority off. */
static void test_journal(void **state)
{
	(void)state;
	static const struct { enum log_level level; const char *line; } table[] = {
		{ LOG_ERROR, "<3>tester done verdict=open\n" },
		{ LOG_WARN, "<4>tester done verdict=open\n" },
		{ LOG_INFO, "<6>tester done verdict=open\n" },
		{ LOG_DEBUG, "<7>tester done verdict=open\n" },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct buf out = { 0 };
		capture_to(true, LOG_DEBUG, table[i].level, &out);
		assert_string_equal(buf_cstr(&out), table[i].line);
		buf_fini(&out);
	}
}

static void test_event(void **state)
{
	(void)state;
	struct buf out = { 0 };
	capture(LOG_WARN, LOG_INFO, &out);
	assert_int_equal(out.n, 0);
	capture(LOG_INFO, LOG_INFO, &out);
	/* "2026-11-21T21:09:19Z info tester done verdict=open\n" */
	assert_int_equal(out.p[19], 'Z');
	assert_string_equal(out.p + 20, " info tester done verdict=open\n");
	buf_fini(&out);
}

/* ---- nobody reads ------------------------------------------------------------ */

/* Everything that can be read now. */
static void drain(int fd, struct buf *out)
{
	char chunk[4096];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (poll(&p, 1, 0) == 1 && (p.revents & POLLIN)) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		buf_add(out, chunk, (size_t)n);
	}
}

enum { LINES = 100000 };
#define X10 "xxxxxxxxxx"
#define TEXT X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

/* In a process of its own, because the way of the log is for good. Its exit status: 0 if it came
 * to its end before the alarm, and left the descriptor blocking as it was. */
static void log_much(int stderr_fd, int go_fd, bool gather)
{
	char byte;
	alarm(20);
	dup2(stderr_fd, STDERR_FILENO);
	log_init("tester", LOG_INFO);
	log_never_wait();
	log_never_wait();
	if (gather)
		log_gather();
	for (int i = 0; i < LINES; i++)
		LOG(LOG_INFO, "much", LOG_I("i", i), LOG_S("text", TEXT));
	if (fcntl(stderr_fd, F_GETFL) & O_NONBLOCK)
		_exit(2);
	if (write(go_fd, "f", 1) != 1 || read(go_fd, &byte, 1) != 1)
		_exit(3);
	log_flush();
	LOG(LOG_INFO, "again");
	log_flush();
	_exit(0);
}

/* What came is whole lines, and what did not come is counted: by a line that a terminal may
 * take half, and that then comes again. */
static void check_what_came(const struct buf *out, bool whole)
{
	static const char lost_event[] = " warn tester log-lost n=";
	struct str rest = buf_str(out), line;
	unsigned long long came = 0, lost = 0;
	while (str_token(&rest, "\r\n", &line)) {
		came += str_search(line, STR(" info tester much i=")) == 20 &&
		        str_casesuffix(line, STR(" text=" TEXT));
		if (str_search(line, str_of(lost_event)) == 20)
			lost += strtoull(line.p + 20 + strlen(lost_event), NULL, 10);
	}
	assert_true(came > 0 && came < LINES);
	assert_true(whole ? came + lost == LINES : came + lost >= LINES);
	assert_non_null(strstr(buf_cstr(out), " info tester again"));
}

static void check_reader_less(int read_fd, int write_fd, bool whole, bool gather)
{
	int go[2], status;
	char byte;
	struct buf out = { 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, go), 0);
	pid_t pid = fork();
	if (pid == 0)
		log_much(write_fd, go[1], gather);
	close(go[1]);
	assert_int_equal(read(go[0], &byte, 1), 1);     /* the alarm would end it without */
	drain(read_fd, &out);
	assert_int_equal(write(go[0], "g", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	drain(read_fd, &out);
	check_what_came(&out, whole);
	buf_fini(&out);
	close(go[0]);
	close(read_fd);
	close(write_fd);
}

static void test_full_pipe(void **state)
{
	(void)state;
	int ends[2];
	for (int gather = 0; gather < 2; gather++) {
		assert_int_equal(pipe(ends), 0);
		check_reader_less(ends[0], ends[1], true, gather);
	}
}

static void test_full_socket(void **state)
{
	(void)state;
	int ends[2];
	for (int gather = 0; gather < 2; gather++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		check_reader_less(ends[0], ends[1], true, gather);
	}
}

/* As one where somebody pressed ^S. */
static void test_stopped_terminal(void **state)
{
	(void)state;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave = -1;
	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
		slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0)
		skip();
	check_reader_less(master, slave, false, false);
}

/* ---- lines that wait ---------------------------------------------------------- */

static void expect_events(int fd, const char *const *events, size_t n)
{
	struct buf out = { 0 };
	drain(fd, &out);
	struct str rest = buf_str(&out), line;
	for (size_t i = 0; i < n; i++) {
		assert_true(str_token(&rest, "\n", &line));
		assert_true(str_casesuffix(line, str_of(events[i])));
	}
	assert_false(str_token(&rest, "\n", &line));
	buf_fini(&out);
}

static void *log_from_thread(void *arg)
{
	LOG(LOG_INFO, arg);
	return NULL;
}

/* In a process of its own: it gathers for good. */
static void gather_and_abort(int stderr_fd, int read_fd)
{
	pthread_t thread;
	dup2(stderr_fd, STDERR_FILENO);
	log_init("tester", LOG_INFO);
	log_flush();
	log_gather();
	LOG(LOG_INFO, "one");
	LOG(LOG_INFO, "two");
	expect_events(read_fd, NULL, 0);
	log_flush();
	expect_events(read_fd, (const char *[]){ "one", "two" }, 2);
	log_flush();
	LOG(LOG_INFO, "three");
	LOG(LOG_WARN, "trouble");
	expect_events(read_fd, (const char *[]){ "three", "trouble" }, 2);
	LOG(LOG_INFO, "four");
	assert_int_equal(pthread_create(&thread, NULL, log_from_thread, "other"), 0);
	pthread_join(thread, NULL);
	expect_events(read_fd, (const char *[]){ "four", "other" }, 2);
	LOG(LOG_INFO, "five");
	log_plain(STR("plain"));
	expect_events(read_fd, (const char *[]){ "five", "plain" }, 2);
	LOG(LOG_INFO, "last");
	abort();
}

static void test_gathered(void **state)
{
	(void)state;
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		gather_and_abort(ends[1], ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	expect_events(ends[0], (const char *[]){ "last" }, 1);
	close(ends[0]);
	close(ends[1]);
}

/* It is one line all the same, and its end says that it was cut. */
static void test_long_line(void **state)
{
	(void)state;
	struct buf out = { 0 };
	char text[2 * PIPE_BUF];
	int ends[2], saved = dup(STDERR_FILENO);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	LOG(LOG_ERROR, "long", LOG_S("text", text));
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	drain(ends[0], &out);
	close(ends[0]);
	assert_true(out.n <= PIPE_BUF && out.n > PIPE_BUF - 10);
	assert_true(str_casesuffix(buf_str(&out), STR("xxx...\n")));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_is_journal),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_full_pipe),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_stopped_terminal),
		cmocka_unit_test(test_gathered), cmocka_unit_test(test_long_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
