/* SPDX-License-Identifier: ISC
 *
 * Programs that are asked outside of any room. What a program leaves running is ended with its
 * group.
 */
#include "closed/program.h"

#include "base/clock.h"
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_S_MAX = 30, READ_BYTES = 16384 };

void program_words_add(struct program_words *words, const char *const *more)
{
	for (; more && *more && words->n < PROGRAM_WORDS_MAX; more++)
		words->v[words->n++] = *more;
	words->v[words->n] = NULL;
}

static void limit(int what, rlim_t most)
{
	const struct rlimit l = { most, most };
	setrlimit(what, &l);
}

_Noreturn void program_exec(const char *const *words, const struct program_as *as)
{
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL };
	closefrom(STDERR_FILENO + 1);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CPU_S_MAX);
	limit(RLIMIT_FSIZE, PROGRAM_OUTPUT_MAX);
	umask(077);
	if (as->becomes && sandbox_become(as->uid, as->gid, 0) != ERR_OK)
		_exit(126);
	if (as->for_good && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir("/") == 0)
		execve(words[0], (char *const *)words, environment);
	_exit(127);
}

/* Its input, whole, in memory. */
static int input_make(struct str input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && input.n) {
		ssize_t n = write(fd, input.p, input.n);
		if (n <= 0) {
			close(fd);
			return -1;
		}
		input = str_from(input, (size_t)n);
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static pid_t program_start(const char *const *words, const struct program_as *as, int in, int out)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	setsid();
	if (dup2(in, STDIN_FILENO) != STDIN_FILENO || dup2(out, STDOUT_FILENO) != STDOUT_FILENO ||
	    dup2(out, STDERR_FILENO) != STDERR_FILENO)
		_exit(126);
	program_exec(words, as);
}

static int output_read(int fd, int64_t until_ms, struct buf *output)
{
	static char bytes[READ_BYTES];
	struct pollfd ready = { fd, POLLIN, 0 };
	const size_t most = output->n + PROGRAM_OUTPUT_MAX;
	for (;;) {
		const int64_t left = until_ms - clock_mono_ms();
		int n = left > 0 ? poll(&ready, 1, (int)left) : 0;
		if (n == 0)
			return ERR_TIMEOUT;
		ssize_t got = n > 0 ? read(fd, bytes, sizeof(bytes)) : -1;
		if (got == 0)
			return ERR_OK;
		if (got < 0 && errno != EINTR)
			return ERR_IO;
		if (got > 0)
			buf_add(output, bytes, (size_t)got);
		if (output->n > most)
			return ERR_LIMIT;
	}
}

int program_run(const char *const *words, const struct program_as *as, struct str input,
                int64_t timeout_ms, struct buf *output, int *status)
{
	int ends[2], raw = 0, e = ERR_IO;
	int in = input_make(input);
	if (in < 0 || pipe2(ends, O_CLOEXEC) != 0) {
		if (in >= 0)
			close(in);
		return ERR_IO;
	}
	pid_t pid = program_start(words, as, in, ends[1]);
	close(in);
	close(ends[1]);
	if (pid > 0) {
		e = output_read(ends[0], clock_mono_ms() + timeout_ms, output);
		/* Its output may have ended before it; and it may have left others. */
		if (e != ERR_OK)
			kill(-pid, SIGKILL);
		while (waitpid(pid, &raw, 0) < 0 && errno == EINTR)
			;
		kill(-pid, SIGKILL);
	}
	close(ends[0]);
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	return e;
}
