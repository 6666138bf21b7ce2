/* SPDX-License-Identifier: ISC
 *
 * It forks off in new namespaces, makes the room, says so, and then waits for words.
 */
#include "closed/keeper.h"

#include "closed/bounds.h"
#include "closed/confine.h"
#include "closed/enter.h"
#include "closed/files.h"
#include "closed/net.h"
#include "closed/stand-in.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL = 3, LOG_SOCKET = 4, KEPT_MAX = 8 * CLOSED_OUTPUT_MAX };

static struct closed_bounds bounds;
/* The program that we wait for; 0: none. */
static struct {
	pid_t pid;
	int raw;                         /* of waitpid(), once it has ended */
	bool ended;
} running;

static int64_t keeper_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The whole room ends with this process. */
static void time_over(int signum)
{
	(void)signum;
	_exit(1);
}

static void keeper_answer(int err, int status, struct str text)
{
	static char packet[sizeof(struct keeper_answer) + CLOSED_OUTPUT_MAX];
	struct keeper_answer head = { .err = err, .status = status };
	size_t n = text.n < CLOSED_OUTPUT_MAX ? text.n : CLOSED_OUTPUT_MAX;
	memcpy(packet, &head, sizeof(head));
	if (n)
		memcpy(packet + sizeof(head), text.p, n);
	if (send(CONTROL, packet, sizeof(head) + n, MSG_NOSIGNAL) < 0)
		_exit(1);                        /* whom we work for is gone */
}

/* Of what was told to the system's log, and nobody has asked for yet. */
static struct buf kept;

static void log_keep(struct buf *to, size_t most, const char *line, size_t n)
{
	if (to->n + n >= most)
		return;
	buf_add(to, line, n);
	buf_add_byte(to, '\n');
}

/* What the room's programs tell the system's log goes to the output of a program that runs, and is
 * kept; what is too much is lost: a log that nobody reads would make them wait. */
static void log_take(struct buf *out)
{
	char line[2048];
	ssize_t n;
	while ((n = recv(LOG_SOCKET, line, sizeof(line), MSG_DONTWAIT)) >= 0) {
		if (n == 0)
			continue;
		log_keep(&kept, KEPT_MAX, line, (size_t)n);
		if (out)
			log_keep(out, CLOSED_OUTPUT_MAX, line, (size_t)n);
	}
}

static void children_reap(void)
{
	pid_t pid;
	for (int raw; (pid = waitpid(-1, &raw, WNOHANG)) > 0;)
		if (pid == running.pid) {
			running.raw = raw;
			running.ended = true;
		}
}

/* What the room's life needs between two words. */
static void room_turn(struct buf *out)
{
	log_take(out);
	children_reap();
	const char *over = closed_bounds_over(&bounds, keeper_now_ms());
	if (over) {
		keeper_answer(ERR_LIMIT, 0, str_of(over));
		_exit(1);
	}
}

static void exec_inside(char **words)
{
	signal(SIGPIPE, SIG_DFL);
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C",
	                                     "HOME=/root", NULL };
	if (closed_confine() == ERR_OK)
		execve(words[0], words, environment);
	_exit(127);
}

/* A program whose parent is process 1 takes it for init, and does not become a daemon: there is one
 * between. Its exit status is the program's, or 128 and the signal. */
static _Noreturn void run_between(char **words, int output)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), raw = 0;
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	closefrom(3);
	setsid();
	pid_t pid = fork();
	if (pid == 0)
		exec_inside(words);
	close(1);
	close(2);
	while (pid > 0 && waitpid(pid, &raw, 0) < 0 && errno == EINTR)
		;
	_exit(pid < 0 ? 126 : WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw));
}

static int log_open(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* All below it are open: control and the standard ones. */
	return fd == LOG_SOCKET && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	       chmod(at.sun_path, 0666) == 0 ? ERR_OK : ERR_IO;
}

/* Takes what is there; false at the end. */
static bool output_take(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	if (out->n < CLOSED_OUTPUT_MAX)
		buf_add(out, bytes, (size_t)n);
	return true;
}

/* Until the program has ended or its time is over. What it left running may hold the pipe open. */
static bool program_follow(int program, int output, int64_t until, struct buf *out)
{
	struct pollfd wait[] = { { program, POLLIN, 0 }, { CONTROL, 0, 0 }, { output, POLLIN, 0 },
	                         { LOG_SOCKET, POLLIN, 0 } };
	for (;;) {
		int64_t left = until - keeper_now_ms();
		if (left <= 0)
			return false;
		if (poll(wait, 4, left < CLOSED_LOOK_MS ? (int)left : CLOSED_LOOK_MS) < 0 &&
		    errno != EINTR)
			return false;
		if (wait[1].revents)
			_exit(1);
		room_turn(out);
		if (wait[2].revents && !output_take(output, out))
			wait[2].fd = -1;
		if (wait[0].revents)
			break;
	}
	for (size_t n = SIZE_MAX; wait[2].fd >= 0 && n != out->n && out->n < CLOSED_OUTPUT_MAX;) {
		n = out->n;
		output_take(output, out);
	}
	return true;
}

static int program_run(char **words, int64_t timeout_ms, struct buf *out, int *status)
{
	int output[2];
	if (pipe2(output, O_CLOEXEC | O_NONBLOCK) != 0)
		return ERR_IO;
	/* A program's own end must wait as it is used to. */
	fcntl(output[1], F_SETFL, 0);
	pid_t pid = fork();
	if (pid == 0)
		run_between(words, output[1]);
	close(output[1]);
	running.pid = pid > 0 ? pid : 0;
	running.ended = false;
	int program = pid > 0 ? pidfd_open(pid, 0) : -1;
	bool ended = program >= 0 &&
	             program_follow(program, output[0], keeper_now_ms() + timeout_ms, out);
	if (pid > 0 && !ended) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	if (pid > 0 && !running.ended)
		waitpid(pid, &running.raw, 0);
	*status = WIFEXITED(running.raw) ? WEXITSTATUS(running.raw) : 128 + WTERMSIG(running.raw);
	running.pid = 0;
	if (program >= 0)
		close(program);
	close(output[0]);
	return program < 0 ? ERR_IO : ended ? ERR_OK : ERR_TIMEOUT;
}

/* Our own caller wrote it: what breaks its form is a bug. */
static size_t words_split(char *text, size_t n, char **words)
{
	size_t count = 0;
	assert(n > 0 && text[n - 1] == '\0');
	for (char *p = text; p < text + n; p += strlen(p) + 1) {
		assert(count < CLOSED_WORDS_MAX);
		words[count++] = p;
	}
	words[count] = NULL;
	return count;
}

/* As much of it as an answer has room for. */
static void log_answer(void)
{
	log_take(NULL);
	const size_t n = kept.n < CLOSED_OUTPUT_MAX ? kept.n : CLOSED_OUTPUT_MAX;
	keeper_answer(ERR_OK, 0, (struct str){ kept.p, n });
	buf_consume(&kept, n);
}

static void word_obey(void)
{
	static char packet[sizeof(struct keeper_word) + CLOSED_WORDS_BYTES_MAX];
	struct keeper_word head;
	char *words[CLOSED_WORDS_MAX + 1];
	struct buf out = { 0 };
	int status = 0;
	ssize_t n = recv(CONTROL, packet, sizeof(packet), 0);
	if (n <= 0)
		_exit(0);
	assert((size_t)n >= sizeof(head));
	if ((size_t)n == sizeof(head)) {
		log_answer();
		return;
	}
	memcpy(&head, packet, sizeof(head));
	words_split(packet + sizeof(head), (size_t)n - sizeof(head), words);
	int e = program_run(words, head.timeout_ms, &out, &status);
	keeper_answer(e, status, buf_str(&out));
	buf_fini(&out);
}

static int room_make(const struct closed_setup *setup, struct buf *left_out, struct buf *message)
{
	int e = closed_files_make(setup, left_out, message);
	if (e == ERR_OK)
		e = closed_net_make(setup, message);
	if (e == ERR_OK)
		closed_bounds_set(&bounds, setup);
	if (e == ERR_OK)
		e = closed_files_seal(message);
	if (e == ERR_OK && sethostname(setup->host_name, strlen(setup->host_name)) != 0) {
		buf_add_cstr(message, "the host name cannot be set");
		e = ERR_IO;
	}
	return e;
}

/* Nothing of the outside is left but the socket. */
static void outside_leave(int control)
{
	if (control != CONTROL && dup2(control, CONTROL) != CONTROL)
		_exit(1);
	closefrom(CONTROL + 1);
	fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
	for (int fd = 0; fd < CONTROL; fd++)
		close(fd);
	if (chdir("/") != 0)
		_exit(1);
	umask(022);
	setsid();
	for (int signum = 1; signum < NSIG; signum++)
		signal(signum, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void keep(const struct closed_setup *setup, int control)
{
	struct buf message = { 0 }, left_out = { 0 };
	struct pollfd wait[] = { { CONTROL, POLLIN, 0 }, { LOG_SOCKET, POLLIN, 0 } };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGALRM, time_over);
	alarm((unsigned)(setup->life_ms / 1000 + 1));
	int e = setup->inside ? closed_enter(setup->inside, &message) : ERR_OK;
	outside_leave(control);
	signal(SIGALRM, time_over);
	if (e == ERR_OK)
		e = room_make(setup, &left_out, &message);
	/* Standard ones, of the room's own /dev. */
	for (int fd = 0; e == ERR_OK && fd < CONTROL; fd++)
		if (open("/dev/null", O_RDWR) != fd)
			e = ERR_IO;
	if (e == ERR_OK)
		e = log_open();
	if (e == ERR_OK && setup->names && (e = closed_names_serve(setup->names)) != ERR_OK)
		buf_add_cstr(&message, "no process can answer DNS in the room");
	if (e == ERR_OK)
		e = closed_stand_ins_serve(setup->stand_ins, setup->stand_in_n, &left_out);
	keeper_answer(e, 0, buf_str(e == ERR_OK ? &left_out : &message));
	if (e != ERR_OK)
		_exit(1);
	buf_fini(&message);
	buf_fini(&left_out);
	for (;;) {
		if (poll(wait, 2, CLOSED_LOOK_MS) > 0 && wait[0].revents)
			word_obey();
		room_turn(NULL);
	}
}

int closed_keeper_start(const struct closed_setup *setup, pid_t *pid, int *control)
{
	enum { SPACES = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID |
	                CLONE_NEWCGROUP };
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_IO;
	/* As fork(), which glibc has not with flags. We have one thread. */
	long made = syscall(SYS_clone, (unsigned long)(SPACES | SIGCHLD), NULL, NULL, NULL, NULL);
	if (made == 0)
		keep(setup, ends[1]);
	int why = errno;
	close(ends[1]);
	if (made < 0) {
		close(ends[0]);
		return why == EPERM ? ERR_DENIED : why == EINVAL ? ERR_UNSUPPORTED : ERR_IO;
	}
	*pid = (pid_t)made;
	*control = ends[0];
	return ERR_OK;
}
