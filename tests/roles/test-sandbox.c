/* SPDX-License-Identifier: ISC
 *
 * Each role's own sandbox, from inside: what THREAT-MODEL.md says that a role cannot do is
 * tried in a process that has entered the sandbox which that role asks for. It must be
 * forbidden, and nothing may have happened: nobody was connected to, no datagram came, the
 * other process lives with the limits it had, no file is there. The same attempts are made
 * without a sandbox, to see that they can work at all, and that it would be noticed; and in a
 * second thread of the roles that have one.
 */
#include "directory.h"
#include "test.h"

#include "attempts.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sandbox-private.h"
#include "base/stream.h"
#include "roles/role.h"
#include "settings/state.h"
#include "store/keys.h"
#include "sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKED = 0, NOT_PREPARED = 200, SHORT_MS = 2000 };

static const struct { const struct role *role; unsigned may_write; unsigned bit; } roles[] = {
	{ &role_tester, STORE_TESTS | STORE_LIST, BY_TESTER },
	{ &role_collector, STORE_RETURNS, BY_COLLECTOR },
	{ &role_dnsbl, STORE_READS, BY_DNSBL },
	{ &role_gateway, STORE_READS, BY_GATEWAY },
	{ &role_witness, 0, BY_WITNESS },
};
enum { ROLES = sizeof(roles) / sizeof(*roles), NO_SANDBOX = ROLES };
enum { THREADED = 1, THREADED_END = 4 };       /* those with a second thread */

/* The limits of paths and signals forbid some of what the limits of calls do, too. */
enum half { WHOLE, CALLS };
enum where { FIRST_THREAD, SECOND_THREAD };

static char top[] = "/tmp/portreeve-roles-XXXXXX";
static struct settings settings;
static struct world world;
static int tcp_peer, udp_peer, unix_peer;
static struct buf limits;      /* the other process's, as the kernel shows them */

static void explain(struct buf *message)
{
	fprintf(stderr, "%s\n", buf_cstr(message));
	buf_fini(message);
}

/* ---- what there is to attack --------------------------------------------------- */

static int prepare_as_owner(void)
{
	struct buf message = { 0 };
	struct store *store = NULL;
	int e = state_enter(&settings, 0, &message);
	if (e == ERR_OK)
		e = keys_ensure(".", clock_now_s(), &message);
	if (e == ERR_OK)
		e = store_sqlite_open(settings.general.state_directory, STORE_ALL, &store,
		                      &message);
	store_close(store);
	if (e != ERR_OK)
		explain(&message);
	return e == ERR_OK && mkdir("mail", 0700) == 0 && mkdir("mail/new", 0700) == 0 &&
	       mkdir("spool", 0700) == 0 && mkdir("mailboxes", 0700) == 0 &&
	       close(open("mail/message", O_WRONLY | O_CREAT, 0600)) == 0 ? 0 : 1;
}

static bool ended_well(pid_t pid)
{
	int status;
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void make_state(void)
{
	struct buf message = { 0 };
	if (access(settings.general.state_directory, F_OK) == 0)
		assert_int_equal(directory_remove(settings.general.state_directory), 0);
	assert_int_equal(state_prepare(&settings, true, &message), ERR_OK);
	pid_t pid = fork();
	if (pid == 0)
		_exit(prepare_as_owner());
	assert_true(ended_well(pid));
}

static void address_of(int fd, struct sockaddr_in *out)
{
	socklen_t length = sizeof(*out);
	assert_int_equal(getsockname(fd, (struct sockaddr *)out, &length), 0);
}

static struct endpoint loopback(void)
{
	struct endpoint at = { 0 };
	assert_int_equal(ip_parse(STR("127.0.0.1"), &at.ip, NULL), ERR_OK);
	return at;
}

static int setup(void **state)
{
	(void)state;
	struct buf message = { 0 };
	struct endpoint at = loopback();
	if (!mkdtemp(top) || chmod(top, 0755) != 0)
		return -1;
	char *text = mem_printf("state_directory = \"%s/state\"\nuser = \"nobody\"\n", top);
	assert_int_equal(settings_load_text(&settings, str_of(text), &message), ERR_OK);
	free(text);
	tcp_peer = stream_listen(&at);
	udp_peer = stream_bind_udp(&at);
	assert_true(tcp_peer >= 0 && udp_peer >= 0);
	char *path = mem_printf("%s/peer", top);
	unix_peer = stream_listen_unix(path, 0666);
	assert_true(unix_peer >= 0);
	world.unix_peer.sun_family = AF_UNIX;
	str_copy(world.unix_peer.sun_path, sizeof(world.unix_peer.sun_path), str_of(path));
	free(path);
	address_of(tcp_peer, &world.tcp_peer);
	address_of(udp_peer, &world.udp_peer);
	str_copy(world.mark, sizeof(world.mark), STR("mark"));
	return 0;
}

static int clean(void **state)
{
	(void)state;
	settings_fini(&settings);
	buf_fini(&limits);
	return directory_remove(top);
}

/* ---- the processes ---------------------------------------------------------------- */

/* Lets itself be looked at: what protects it is the sandbox of the others. */
static void sibling(int ready)
{
	struct buf message = { 0 };
	if (state_enter(&settings, 0, &message) != ERR_OK)
		explain(&message);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	if (write(ready, "\n", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void read_limits(struct buf *out)
{
	char *path = mem_printf("/proc/%d/limits", (int)world.sibling);
	buf_clear(out);
	assert_int_equal(file_read(path, 65536, out), ERR_OK);
	free(path);
}

static void start_sibling(void)
{
	int ends[2];
	char byte;
	assert_int_equal(pipe(ends), 0);
	world.sibling = fork();
	assert_true(world.sibling >= 0);
	if (world.sibling == 0)
		sibling(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	read_limits(&limits);
}

/* The role's sockets, as the supervisor makes them; at the listening one somebody waits. */
static bool make_sockets(struct world *w)
{
	struct endpoint at = loopback();
	struct sockaddr_in here;
	w->listening = stream_listen(&at);
	w->udp = stream_bind_udp(&at);
	w->spare = socket(AF_INET, SOCK_STREAM, 0);
	address_of(w->listening, &here);
	int clients[2];
	for (size_t i = 0; i < 2; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(clients[i], (struct sockaddr *)&here, sizeof(here)) != 0 ||
		    write(clients[i], "x", 1) != 1)
			return false;
	}
	int settings_fd = memfd_create("settings", 0);
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", settings_fd);
	w->settings = fchmod(settings_fd, 0600) == 0 ? open(path, O_RDONLY) : -1;
	close(settings_fd);
	w->network = open("/proc/self/net/route", O_RDONLY);
	w->accepted = accept(w->listening, NULL, NULL);
	return w->settings >= 0 && w->accepted >= 0 && pipe(w->pipe) == 0;
}

static int enter_sandbox(size_t role, enum half half, struct buf *message)
{
	struct role_sandbox s = { 0 };
	if (half == WHOLE)
		return role_enter_sandbox(roles[role].role, &settings, message);
	roles[role].role->sandbox(&settings, &s);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return sandbox_limit_calls(&s.box, message);
}

static void become(size_t role, enum half half)
{
	struct buf message = { 0 };
	struct store *store;
	int e = state_enter(&settings, 0, &message);
	if (e == ERR_OK && role != NO_SANDBOX && !roles[role].role->no_store)
		e = store_sqlite_open(settings.general.state_directory, roles[role].may_write,
		                      &store, &message);
	if (e == ERR_OK && role != NO_SANDBOX)
		e = enter_sandbox(role, half, &message);
	if (e == ERR_OK)
		return;
	explain(&message);
	_exit(NOT_PREPARED);
}

struct attempt_in_thread {
	const struct attempt *attempt;
	int result;
};

static void *try_in_thread(void *arg)
{
	struct attempt_in_thread *t = arg;
	t->result = t->attempt->try(&world) >= 0 ? WORKED : errno;
	return NULL;
}

/* As a role does it: the thread is started behind the sandbox. */
static int result_in_thread(const struct attempt *a)
{
	struct attempt_in_thread t = { a, NOT_PREPARED };
	pthread_t id;
	if (pthread_create(&id, NULL, try_in_thread, &t) != 0 || pthread_join(id, NULL) != 0)
		return NOT_PREPARED;
	return t.result;
}

/* What the attempt came to: WORKED, or errno; a call for which the kernel ended the process
 * was forbidden, too. */
static int result_of(const struct attempt *a, size_t role, enum half half, enum where where)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		if (!make_sockets(&world))
			_exit(NOT_PREPARED);
		become(role, half);
		if (where == SECOND_THREAD)
			_exit(result_in_thread(a));
		_exit(a->try(&world) >= 0 ? WORKED : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? EPERM : NOT_PREPARED;
	return WEXITSTATUS(status);
}

/* ---- what comes of it ---------------------------------------------------------------- */

static bool peers_noticed(void)
{
	char byte;
	int fd = accept(tcp_peer, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return recv(udp_peer, &byte, 1, MSG_DONTWAIT) >= 0 || fd >= 0;
}

static bool sibling_suffered(void)
{
	struct buf now = { 0 };
	bool suffered = waitpid(world.sibling, NULL, WNOHANG) != 0;
	if (!suffered) {
		read_limits(&now);
		suffered = !str_eq(buf_str(&now), buf_str(&limits));
	}
	buf_fini(&now);
	return suffered;
}

static bool is_there(const char *name, struct stat *st)
{
	char *path = mem_printf("%s/%s", settings.general.state_directory, name);
	bool there = lstat(path, st) == 0;
	free(path);
	return there;
}

static bool files_changed(void)
{
	struct stat st;
	return is_there(world.mark, &st) || !is_there("portreeve.db", &st) || st.st_size == 0;
}

static bool happened(void)
{
	bool peers = peers_noticed(), suffered = sibling_suffered();
	return files_changed() || peers || suffered;
}

/* A signal takes its time. */
static bool happens(void)
{
	int64_t end = clock_mono_ms() + SHORT_MS;
	while (!happened()) {
		if (clock_mono_ms() > end)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

static void end_sibling(void)
{
	kill(world.sibling, SIGKILL);
	waitpid(world.sibling, NULL, 0);
}

static void renew(void)
{
	end_sibling();
	if (files_changed())
		make_state();
	start_sibling();
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

/* ---- tests ---------------------------------------------------------------------------- */

/* The C library is told that there is no clone3(2), where it may take clone(2). */
static bool is_forbidden(int result, const struct attempt *a, size_t role)
{
	return result == EPERM || result == EACCES ||
	       (result == ENOSYS && roles[role].bit & (BY_DNSBL | BY_COLLECTOR | BY_GATEWAY) &&
	        strcmp(a->name, "clone3") == 0);
}

static void check_forbidden(size_t role, enum half half, enum where where)
{
	size_t wrong = 0;
	bool paths = half == WHOLE && has_landlock();
	make_state();
	start_sibling();
	for (size_t i = 0; i < attempt_count; i++) {
		const struct attempt *a = &attempts[i];
		if (!(a->roles & roles[role].bit) || (a->roles & OF_PATHS && !paths))
			continue;
		int result = result_of(a, role, half, where);
		bool seen = happened();
		if (is_forbidden(result, a, role) && !seen)
			continue;
		fprintf(stderr, "%s: %s: %s%s\n", roles[role].role->name, a->name,
		        result == WORKED ? "it worked" : strerror(result),
		        seen ? "; it showed" : "");
		wrong++;
		renew();
	}
	end_sibling();
	assert_int_equal(wrong, 0);
}

static void check_duties(size_t role, enum where where)
{
	make_state();
	start_sibling();
	for (size_t i = 0; i < duty_count; i++) {
		const struct attempt *a = &duties[i];
		if (!(a->roles & roles[role].bit))
			continue;
		int result = result_of(a, role, WHOLE, where);
		if (result != WORKED)
			fail_msg("%s: %s: %s", roles[role].role->name, a->name, strerror(result));
		assert_true(a->outside != WORKS_AND_SHOWS || happens());
	}
	end_sibling();
}

static void test_tester(void **state)
{
	(void)state;
	check_forbidden(0, WHOLE, FIRST_THREAD);
}

static void test_collector(void **state)
{
	(void)state;
	check_forbidden(1, WHOLE, FIRST_THREAD);
}

static void test_dnsbl(void **state)
{
	(void)state;
	check_forbidden(2, WHOLE, FIRST_THREAD);
}

static void test_gateway(void **state)
{
	(void)state;
	check_forbidden(3, WHOLE, FIRST_THREAD);
}

static void test_witness(void **state)
{
	(void)state;
	check_forbidden(4, WHOLE, FIRST_THREAD);
}

/* A sandbox is a thread's; those that it starts have the same. */
static void test_second_thread(void **state)
{
	(void)state;
	for (size_t role = THREADED; role < THREADED_END; role++) {
		check_forbidden(role, WHOLE, SECOND_THREAD);
		check_forbidden(role, CALLS, SECOND_THREAD);
		check_duties(role, SECOND_THREAD);
	}
}

/* Where the kernel has no Landlock, or an older one. */
static void test_calls_alone(void **state)
{
	(void)state;
	for (size_t role = 0; role < ROLES; role++)
		check_forbidden(role, CALLS, FIRST_THREAD);
}

static void test_duties(void **state)
{
	(void)state;
	for (size_t role = 0; role < ROLES; role++)
		check_duties(role, FIRST_THREAD);
}

/* An attempt that could not work would prove nothing, nor one that nobody would notice. */
static void test_without_sandbox(void **state)
{
	(void)state;
	size_t wrong = 0;
	make_state();
	start_sibling();
	for (size_t i = 0; i < attempt_count; i++) {
		const struct attempt *a = &attempts[i];
		if (a->outside == MAY_FAIL)
			continue;
		assert_false(happened());
		int result = result_of(a, NO_SANDBOX, WHOLE, FIRST_THREAD);
		bool fine = result == WORKED && (a->outside == WORKS || happens());
		renew();
		if (fine)
			continue;
		fprintf(stderr, "outside: %s: %s\n", a->name,
		        result == WORKED ? "nobody noticed" : strerror(result));
		wrong++;
	}
	end_sibling();
	assert_int_equal(wrong, 0);
}

static void *abort_in_thread(void *arg)
{
	(void)arg;
	abort();
}

static void check_abort(size_t role, enum where where)
{
	int status;
	pthread_t id;
	pid_t pid = fork();
	if (pid == 0) {
		become(role, WHOLE);
		if (where == FIRST_THREAD)
			abort();
		if (pthread_create(&id, NULL, abort_in_thread, NULL) == 0)
			pthread_join(id, NULL);
		_exit(NOT_PREPARED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* A failed assert() must end the role, and dump it where that is wanted. */
static void test_abort(void **state)
{
	(void)state;
	make_state();
	for (size_t role = 0; role < ROLES; role++)
		check_abort(role, FIRST_THREAD);
	for (size_t role = THREADED; role < THREADED_END; role++)
		check_abort(role, SECOND_THREAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tester),
		cmocka_unit_test(test_collector),
		cmocka_unit_test(test_dnsbl),
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_witness),
		cmocka_unit_test(test_second_thread),
		cmocka_unit_test(test_calls_alone),
		cmocka_unit_test(test_duties),
		cmocka_unit_test(test_without_sandbox),
		cmocka_unit_test(test_abort),
	};
	return cmocka_run_group_tests(tests, setup, clean);
}
