/* SPDX-License-Identifier: ISC
 *
 * The sandbox, from inside: each row runs in a process of its own that enters it and
 * then tries something. What must fail must fail; what the roles do must work.
 */
#include "directory.h"
#include "test.h"

#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOW_PORT = 909 };     /* the kernel keeps those below 1024 for the privileged */

static char root[] = "/tmp/portreeve-sandbox-XXXXXX";
static char readable[64], writable[64], hidden[64];
static const char *const read_paths[] = { readable, "/no/such/path", NULL };
static const char *const write_paths[] = { writable, NULL };

static int write_file(const char *directory, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	return fd < 0 ? -1 : close(fd);
}

static int open_file(const char *directory, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : close(fd);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(root) || chmod(root, 0755) != 0)
		return -1;
	snprintf(readable, sizeof(readable), "%s/r", root);
	snprintf(writable, sizeof(writable), "%s/w", root);
	snprintf(hidden, sizeof(hidden), "%s/h", root);
	mkdir(readable, 0755);
	mkdir(writable, 0777);
	chmod(writable, 0777);
	mkdir(hidden, 0777);
	chmod(hidden, 0777);
	return write_file(readable, "f") | write_file(writable, "f") | write_file(hidden, "f");
}

static int clean(void **state)
{
	(void)state;
	return directory_remove(root);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

/* ---- what is tried; 0: it worked -------------------------------------------- */

static int try_read(void) { return open_file(readable, "f"); }
static int try_read_write_path(void) { return open_file(writable, "f"); }
static int try_write(void) { return write_file(writable, "new"); }
static int try_write_readable(void) { return write_file(readable, "new"); }
static int try_read_hidden(void) { return open_file(hidden, "f"); }
static int try_write_hidden(void) { return write_file(hidden, "new"); }
static int try_passwd(void) { return open("/etc/passwd", O_RDONLY) < 0 ? -1 : 0; }
static int try_ptrace(void) { return (int)ptrace(PTRACE_TRACEME, 0, 0, 0); }
static int try_mount(void) { return mount("none", root, "tmpfs", 0, ""); }
static int try_unshare(void) { return (int)syscall(SYS_unshare, CLONE_NEWUSER); }
static int try_kill(void) { return kill(getppid(), 0); }
static int try_root(void) { return setuid(0); }
static int try_poll(void) { return poll(&(struct pollfd){ .fd = 0 }, 1, 0) < 0 ? -1 : 0; }

/* The kernel may refuse these for other reasons: only EPERM is the sandbox. */
static int unless_forbidden(long result) { return result < 0 && errno == EPERM ? -1 : 0; }
static int try_bpf(void) { return unless_forbidden(syscall(SYS_bpf, 0, NULL, 0)); }
static int try_keyctl(void) { return unless_forbidden(syscall(SYS_keyctl, 0, -3, 1)); }
static int try_raw(void) { return unless_forbidden(socket(AF_PACKET, SOCK_RAW, 0)); }
static int try_tiocsti(void) { return unless_forbidden(syscall(SYS_ioctl, 0, TIOCSTI, "x")); }

static int try_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int try_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return -1;
}

static int bound(in_port_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ? -1 : fd;
}

static int try_bind(void) { return bound(0) < 0 ? -1 : 0; }
static int try_bind_low(void) { return bound(LOW_PORT) < 0 ? -1 : 0; }
static int try_listen(void) { return listen(bound(0), 1); }

/* Nobody listens at port 1: refused by the peer is a connect that was allowed. */
static int try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == ECONNREFUSED)
		return 0;
	return -1;
}

static const struct row {
	const char *name;
	int (*try)(void);
	bool connects, works, needs_landlock, needs_root, low_ports;
} rows[] = {
	{ "read a readable path", try_read, false, true, false, false },
	{ "read a writable path", try_read_write_path, false, true, false, false },
	{ "write a writable path", try_write, false, true, false, false },
	{ "bind", try_bind, true, true, false, false },
	{ "bind where it may not", try_bind, false, false, false, false },
	{ "bind a low port", try_bind_low, true, false, false, true },
	{ "bind a low port where it may", try_bind_low, true, true, false, true, true },
	{ "listen", try_listen, true, false, false, false },
	{ "listen where it may use low ports", try_listen, true, false, false, false, true },
	{ "root again with low ports", try_root, true, false, false, true, true },
	{ "poll", try_poll, false, true, false, false },
	{ "connect where it may", try_connect, true, true, false, false },
	{ "connect where it may not", try_connect, false, false, false, false },
	{ "write a readable path", try_write_readable, false, false, true, false },
	{ "read a hidden path", try_read_hidden, false, false, true, false },
	{ "write a hidden path", try_write_hidden, false, false, true, false },
	{ "read /etc/passwd", try_passwd, false, false, true, false },
	{ "exec", try_exec, true, false, false, false },
	{ "fork", try_fork, true, false, false, false },
	{ "ptrace", try_ptrace, true, false, false, false },
	{ "mount", try_mount, true, false, false, false },
	{ "unshare", try_unshare, true, false, false, false },
	{ "bpf", try_bpf, true, false, false, false },
	{ "keyctl", try_keyctl, true, false, false, false },
	{ "kill", try_kill, true, false, false, false },
	{ "raw sockets", try_raw, true, false, false, false },
	{ "type into the terminal", try_tiocsti, true, false, false, false },
	{ "root again", try_root, true, false, false, true },
};

enum { WORKED = 0, FAILED = 1, NOT_ENTERED = 2 };

static void in_child(const struct row *row)
{
	struct buf message = { 0 };
	struct sandbox box = {
		.user = geteuid() == 0 ? "nobody" : NULL, .read_paths = read_paths,
		.write_paths = write_paths, .sockets = row->connects ? SANDBOX_CONNECT : 0,
		.low_ports = row->low_ports,
	};
	if (sandbox_enter(&box, &message) != ERR_OK) {
		fprintf(stderr, "sandbox: %s\n", buf_cstr(&message));
		_exit(NOT_ENTERED);
	}
	_exit(row->try() == 0 ? WORKED : FAILED);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int status;
		if ((rows[i].needs_landlock && !has_landlock()) ||
		    (rows[i].needs_root && geteuid() != 0))
			continue;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			in_child(&rows[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		CHECK_ROW(rows[i].name, WIFEXITED(status));
		CHECK_ROW(rows[i].name, WEXITSTATUS(status) == (rows[i].works ? WORKED : FAILED));
	}
}

static void test_no_such_user(void **state)
{
	(void)state;
	struct buf message = { 0 };
	struct sandbox box = { .user = "no-such-user" };
	unsigned uid, gid;
	assert_int_equal(sandbox_user("no-such-user", &uid, &gid), ERR_NOT_FOUND);
	assert_int_equal(sandbox_user("root", &uid, &gid), ERR_OK);
	assert_int_equal(uid, 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(sandbox_enter(&box, &message), ERR_NOT_FOUND);
	assert_string_equal(buf_cstr(&message),
	                    "user \"no-such-user\": expected an existing user");
	buf_fini(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_such_user),
	};
	return cmocka_run_group_tests(tests, setup, clean);
}
