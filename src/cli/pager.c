/* SPDX-License-Identifier: ISC
 *
 * The pager: a process between the standard output and the terminal.
 */
#include "cli/pager.h"

#include "base/mem.h"
#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool running;

/* Whether the usual pager is there: a command that is not would swallow all output. */
static bool on_path(const char *program)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path ? path : "/usr/bin:/bin"), folder;
	while (str_token(&rest, ":", &folder)) {
		char *file = mem_printf("%.*s/%s", STR_ARG(folder), program);
		bool there = access(file, X_OK) == 0;
		free(file);
		if (there)
			return true;
	}
	return false;
}

/* NULL: none. */
static const char *pager_command(void)
{
	const char *given = getenv("PAGER");
	if (isatty(STDOUT_FILENO) != 1)
		return NULL;
	if (!given)
		return on_path("less") ? "less" : NULL;
	return given[0] && strcmp(given, "cat") != 0 ? given : NULL;
}

/* In the child. less ends by itself if all fits, keeps colours and leaves the text there. */
static void become_pager(const char *command, int input)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	/* Who may call this command alone by sudo gets no shell of the list's owner out of less. */
	if (getenv("SUDO_USER"))
		setenv("LESSSECURE", "1", 1);
	if (chdir("/") == 0 && dup2(input, STDIN_FILENO) == STDIN_FILENO)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

void pager_begin(struct pager *pager, bool wanted)
{
	const char *command = wanted ? pager_command() : NULL;
	int ends[2];
	*pager = (struct pager){ 0 };
	assert(!running);
	fflush(stdout);
	if (!command || pipe2(ends, O_CLOEXEC) != 0)
		return;
	int output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	pid_t pid = output >= 0 ? fork() : -1;
	if (pid == 0)
		become_pager(command, ends[0]);
	close(ends[0]);
	if (pid > 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO) {
		/* The terminal's keys are the pager's until it is left. */
		*pager = (struct pager){
			.pid = pid, .output = output, .interrupt = signal(SIGINT, SIG_IGN),
			.quit = signal(SIGQUIT, SIG_IGN), .broken = signal(SIGPIPE, SIG_IGN),
		};
		running = true;
	} else if (output >= 0) {
		close(output);
	}
	close(ends[1]);
}

void pager_end(struct pager *pager)
{
	if (pager->pid == 0)
		return;
	assert(running && pager->output > STDERR_FILENO);
	fflush(stdout);
	clearerr(stdout);
	dup2(pager->output, STDOUT_FILENO);
	close(pager->output);
	while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, pager->interrupt);
	signal(SIGQUIT, pager->quit);
	signal(SIGPIPE, pager->broken);
	pager->pid = 0;
	running = false;
}

bool pager_runs(void)
{
	return running;
}
