/* SPDX-License-Identifier: ISC
 *
 * What the supervisor does before it starts a role: see supervisor-private.h.
 */
#include "roles/supervisor-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "settings/state.h"
#include "settings/open.h"
#include "store/clock.h"
#include "store/journal.h"
#include "store/keys.h"
#include "store/types.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

void supervisor_leave_loop(void)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);        /* the settings are read after that */
	signal(SIGUSR1, SIG_IGN);
}

int supervisor_fail(int code, const char *fmt, ...)
{
	struct buf line = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_add_cstr(&line, "portreeve: run: ");
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	log_plain(buf_str(&line));
	buf_fini(&line);
	return code;
}

/* What opens may be damaged further inside. */
static int read_list(struct store *st, struct buf *message)
{
	struct arena a = { 0 };
	struct list_snapshot list;
	int e = store_snapshot(st, &a, &list);
	if (e != ERR_OK)
		buf_add_cstr(message, store_message(st));
	arena_fini(&a);
	return e;
}

/* In a process of its own, because it gives root up: keys and schema exist before any
 * role looks for them, and belong to the roles' user. */
static int prepare_as_owner(const struct settings *s, enum prepare_for what_for, pid_t parent)
{
	struct buf message = { 0 };
	struct store *st = NULL;
	int e = state_enter(s, 0, &message);
	/* Nobody else would end it if it hangs. Forgotten when a process gives root up: so not
	 * before that. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		return EX_OSERR;
	/* The operator's to bring back: an empty one would be taken for the list, or for a server
	 * without users. */
	const char *missing = e == ERR_OK ?
	                      settings_store_missing(s, what_for == PREPARE_FIRST) : NULL;
	if (missing) {
		buf_printf(&message, "%s/%s: expected the database that was there",
		           s->general.state_directory, missing);
		e = ERR_NOT_FOUND;
	}
	if (e == ERR_OK)
		e = keys_ensure(STATE_HERE, clock_now_s(), &message);
	if (e == ERR_OK)
		e = settings_store_open(s, STORE_ALL, &st, &message);
	/* Roles start all the same: DNS answers, and what comes back is kept. */
	if (e == ERR_OK && store_clock_beat(st, clock_now_s()) != ERR_OK)
		supervisor_fail(EX_TEMPFAIL, "%s", store_message(st));
	if (e == ERR_OK && what_for == PREPARE_TRIAL)
		e = read_list(st, &message);
	store_close(st);
	int code = e == ERR_OK ? EX_OK : supervisor_fail(EX_CANTCREAT, "%s", buf_cstr(&message));
	buf_fini(&message);
	return code;
}

int supervisor_prepare(const struct settings *s, enum prepare_for what_for)
{
	struct buf message = { 0 };
	int status, code = EX_OK;
	if (state_prepare(s, true, &message) != ERR_OK)
		code = supervisor_fail(EX_CANTCREAT, "%s", buf_cstr(&message));
	buf_fini(&message);
	if (code != EX_OK)
		return code;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		_exit(prepare_as_owner(s, what_for, parent));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return supervisor_fail(EX_OSERR, "cannot start a process: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
