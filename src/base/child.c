/* SPDX-License-Identifier: ISC
 *
 * That a process has ended is seen by a descriptor of it, or looked for time and again where the
 * kernel has none. It is not reaped before its group is ended: until then its number is no other's.
 */
#include "base/child.h"

#include "base/clock.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_MS = 2000, LOOK_MS = 20, PIECE_BYTES = 65536, NOT_MADE = 126, NOT_RUN = 127 };

/* ---- the new process ----------------------------------------------------------------- */

/* Nothing of who started it holds here: no handler of his, and none of his patience. */
static void signals_default(void)
{
	sigset_t none;
	for (int signum = 1; signum < NSIG; signum++)
		signal(signum, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void end_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(NOT_MADE);
}

/* No handler runs in the new process before it has its own signals. */
static pid_t fork_quietly(void)
{
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		signals_default();
	else
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static bool place(int fd, int at)
{
	return fd >= 0 && dup2(fd, at) == at;
}

static _Noreturn void program_run(const struct child_order *order, int in, int out, pid_t parent)
{
	static const char *const usual[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
	                                     NULL };
	const char *const *variables = order->variables ? order->variables : usual;
	setsid();
	bool well = place(in, STDIN_FILENO);
	if (well && order->hearing != CHILD_NEITHER) {
		int none = open("/dev/null", O_WRONLY | O_CLOEXEC);
		well = place(out, STDOUT_FILENO) &&
		       place(order->hearing == CHILD_BOTH ? out : none, STDERR_FILENO);
	}
	if (!well)
		_exit(NOT_MADE);
	closefrom(STDERR_FILENO + 1);
	if (order->before && order->before(order->arg) != 0)
		_exit(NOT_MADE);
	end_with(parent);                /* who becomes another user loses it */
	execve(order->words[0], (char *const *)order->words, (char *const *)variables);
	_exit(NOT_RUN);
}

/* Its input, whole, in memory. */
static int input_make(struct str input)
{
	if (!input.n)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && input.n) {
		ssize_t n = write(fd, input.p, input.n);
		if (n <= 0)
			break;
		input = str_from(input, (size_t)n);
	}
	if (fd >= 0 && (input.n || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- beginning ----------------------------------------------------------------------- */

static int child_made(struct child *child, pid_t pid, int line)
{
	if (pid < 0) {
		close(line);
		return ERR_IO;
	}
	child->pid = pid;
	child->line = line;
	child->sight = pidfd_open(pid, 0);
	return ERR_OK;
}

int child_start(const struct child_order *order, struct child *child)
{
	int ends[2];
	*child = (struct child){ .line = -1, .sight = -1, .left_bytes = order->max_bytes,
	                         .until_ms = clock_mono_ms() + order->time_ms,
	                         .leaves = order->hearing == CHILD_NEITHER };
	assert(order->words[0] && order->words[0][0] == '/');
	if (access(order->words[0], X_OK) != 0)
		return file_err(errno);
	int in = input_make(order->input);
	if (in < 0)
		return ERR_IO;
	/* None of the new ends is a standard one: those are open (base/descriptors.h). */
	if (pipe2(ends, O_CLOEXEC) != 0) {
		close(in);
		return ERR_IO;
	}
	const pid_t parent = getpid();
	pid_t pid = fork_quietly();
	if (pid == 0)
		program_run(order, in, ends[1], parent);
	close(in);
	close(ends[1]);
	return child_made(child, pid, ends[0]);
}

int child_serve(int (*work)(void *arg, int line), void *arg, struct child *child)
{
	int ends[2];
	*child = (struct child){ .line = -1, .sight = -1, .left_bytes = SIZE_MAX };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_IO;
	const pid_t parent = getpid();
	pid_t pid = fork_quietly();
	if (pid == 0) {
		end_with(parent);
		close(ends[0]);
		_exit(work(arg, ends[1]));
	}
	close(ends[1]);
	return child_made(child, pid, ends[0]);
}

/* ---- hearing ------------------------------------------------------------------------- */

static bool has_ended(const struct child *child)
{
	siginfo_t info = { 0 };
	return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == child->pid;
}

/* Until there is something to see at one of both. */
static void look_wait(const struct child *child, int line, int64_t left_ms)
{
	struct pollfd p[] = { { child->sight, POLLIN, 0 }, { line, POLLIN, 0 } };
	if (child->sight < 0 && left_ms > LOOK_MS)
		left_ms = LOOK_MS;
	poll(p, 2, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
}

static bool line_ready(const struct child *child)
{
	struct pollfd p = { child->line, POLLIN, 0 };
	return child->line >= 0 && poll(&p, 1, 0) > 0;
}

static void line_close(struct child *child)
{
	if (child->line >= 0)
		close(child->line);
	child->line = -1;
}

/* What is there to be read. ERR_AGAIN: it was closed. */
static int line_read(struct child *child, struct buf *said)
{
	static char piece[PIECE_BYTES];
	ssize_t n = read(child->line, piece, sizeof(piece));
	if (n < 0)
		return errno == EINTR ? ERR_AGAIN : ERR_IO;
	if (n == 0) {
		line_close(child);
		return ERR_AGAIN;
	}
	const bool fits = (size_t)n <= child->left_bytes;
	buf_add(said, piece, fits ? (size_t)n : child->left_bytes);
	child->left_bytes -= fits ? (size_t)n : child->left_bytes;
	return fits ? ERR_OK : ERR_LIMIT;
}

int child_hear(struct child *child, struct buf *said)
{
	assert(child->pid > 0);
	for (;;) {
		/* In this order: what it said before it ended is there by then. One that it left
		 * running may hold the line open, and says nothing that counts. */
		const bool ended = has_ended(child);
		const int64_t left_ms = child->until_ms - clock_mono_ms();
		int e = left_ms <= 0 ? ERR_TIMEOUT : ERR_AGAIN;
		if (e == ERR_AGAIN && line_ready(child))
			e = line_read(child, said);
		else if (ended)
			e = ERR_CLOSED;
		if (e != ERR_AGAIN)
			return e;
		if (!line_ready(child))
			look_wait(child, child->line, left_ms);
	}
}

/* ---- ending -------------------------------------------------------------------------- */

static void end_await(const struct child *child)
{
	const int64_t until_ms = clock_mono_ms() + END_MS;
	for (int64_t left_ms = END_MS; left_ms > 0 && !has_ended(child);
	     left_ms = until_ms - clock_mono_ms())
		look_wait(child, -1, left_ms);
}

int child_end(struct child *child)
{
	int raw = SIGKILL;
	assert(child->pid > 0);
	const bool by_itself = has_ended(child);
	if (!by_itself) {
		kill(child->pid, SIGKILL);       /* it may not have its group yet */
		kill(-child->pid, SIGKILL);
		end_await(child);
	}
	/* One that hangs in the kernel is reaped by whoever comes after us. */
	if (has_ended(child)) {
		if (!by_itself || !child->leaves)
			kill(-child->pid, SIGKILL);
		waitpid(child->pid, &raw, 0);
	}
	line_close(child);
	if (child->sight >= 0)
		close(child->sight);
	*child = (struct child){ .line = -1, .sight = -1 };
	return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

int child_run(const struct child_order *order, struct buf *said, int *status)
{
	struct child child;
	int e = child_start(order, &child);
	if (e != ERR_OK)
		return e;
	do
		e = child_hear(&child, said);
	while (e == ERR_OK);
	*status = child_end(&child);
	return e == ERR_CLOSED ? ERR_OK : e;
}
