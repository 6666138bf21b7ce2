/* SPDX-License-Identifier: ISC
 *
 * Programs that are asked outside of any room.
 */
#include "closed/program.h"

#include "base/child.h"
#include "base/sandbox.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CPU_S_MAX = 30 };

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

/* Between fork() and exec(): its files are in nobody's way, and it has no more rights than it is
 * to have. */
static int rights_drop(const void *arg)
{
	const struct program_as *as = arg;
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CPU_S_MAX);
	limit(RLIMIT_FSIZE, PROGRAM_OUTPUT_MAX);
	umask(077);
	if ((as->becomes && sandbox_become(as->uid, as->gid, 0) != ERR_OK) ||
	    (as->for_good && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0))
		return -1;
	return chdir("/");
}

_Noreturn void program_exec(const char *const *words, const struct program_as *as)
{
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL };
	closefrom(STDERR_FILENO + 1);
	if (rights_drop(as) != 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(words[0], (char *const *)words, environment);
	_exit(127);
}

int program_run(const char *const *words, const struct program_as *as, struct str input,
                int64_t timeout_ms, struct buf *output, int *status)
{
	const struct child_order order = {
		.words = words, .input = input, .hearing = CHILD_BOTH, .time_ms = timeout_ms,
		.max_bytes = PROGRAM_OUTPUT_MAX, .before = rights_drop, .arg = as };
	return child_run(&order, output, status);
}
