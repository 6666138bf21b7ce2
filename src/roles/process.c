/* SPDX-License-Identifier: ISC
 *
 * Starting, hearing and ending the process of a role: see process.h.
 */
#include "roles/process.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "roles/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- what it gets ------------------------------------------------------------------ */

static int bind_one(const struct role *role, struct role_socket *socket)
{
	int e = role_socket_bind(socket), errnum = errno;
	if (e == ERR_OK)
		return EX_OK;
	struct buf what = { 0 };
	role_socket_describe(socket, &what);
	int code = e == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE;
	if (e == ERR_EXISTS && socket->kind == ROLE_UNIX)
		supervisor_fail(code, "%s: %s: expected a free path, found one in use", role->name,
		                buf_cstr(&what));
	else if (socket->kind == ROLE_UNIX)
		supervisor_fail(code, "%s: %s: expected a path in a directory that only root or we "
		                "can change: %s", role->name, buf_cstr(&what), strerror(errnum));
	else if (e == ERR_EXISTS)
		supervisor_fail(code, "%s: %s: expected a free port, found one in use", role->name,
		                buf_cstr(&what));
	else
		supervisor_fail(code, "%s: %s: expected an address of this machine and a port we "
		                "may use: %s", role->name, buf_cstr(&what), strerror(errnum));
	buf_fini(&what);
	return code;
}

static int bind_sockets(struct process *p, const struct settings *s)
{
	int code = EX_OK;
	p->socket_count = p->role->sockets ? p->role->sockets(s, p->sockets, ROLE_SOCKETS_MAX) : 0;
	assert(p->socket_count <= ROLE_SOCKETS_MAX);
	for (size_t i = 0; i < p->socket_count; i++)
		p->sockets[i].fd = -1;
	for (size_t i = 0; code == EX_OK && i < p->socket_count; i++)
		code = bind_one(p->role, &p->sockets[i]);
	return code;
}

int process_refill(struct process *p, const struct settings *s)
{
	const char *paths[FILES_MAX];
	if (!p->role->files)
		return ERR_OK;
	size_t n = p->role->files(s, paths);
	assert(n <= FILES_MAX);
	return files_fill(p->files_fd, paths, n);
}

int process_prepare(struct process *p, const struct settings *s)
{
	int code = bind_sockets(p, s);
	if (code != EX_OK || !p->role->files)
		return code;
	p->files_fd = files_create();
	if (p->files_fd >= 0 && process_refill(p, s) == ERR_OK)
		return EX_OK;
	return supervisor_fail(EX_OSERR, "files for the roles: %s", strerror(errno));
}

void process_init(struct process *p, const struct role *role)
{
	*p = (struct process){ .role = role, .files_fd = -1, .ready_fd = -1 };
	bool fits = str_copy(p->shown.name, sizeof(p->shown.name), str_of(role->name));
	assert(fits);
}

void process_fini(struct process *p)
{
	for (size_t i = 0; i < p->socket_count; i++)
		role_socket_close(&p->sockets[i]);
	p->socket_count = 0;
	if (p->files_fd >= 0)
		close(p->files_fd);
	if (p->ready_fd >= 0)
		close(p->ready_fd);
	p->files_fd = p->ready_fd = -1;
}

/* ---- its beginning ------------------------------------------------------------------- */

static void set_number(const char *name, int value)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", value);
	setenv(name, text, 1);
}

/* Until exec(). */
static int prepare_again(const struct process_ground *g, enum prepare_for what_for)
{
	supervisor_leave_loop();
	return supervisor_prepare(g->settings, what_for) == EX_OK ? EX_OK : EX_TEMPFAIL;
}

/* After fork(), until exec(). */
static void become_role(struct process *p, const struct process_ground *g, int ready_fd,
                        pid_t parent)
{
	enum { SOCKETS = ROLE_FD_SOCKETS - DESCRIPTORS_FIRST };
	int fds[SOCKETS + ROLE_SOCKETS_MAX + 1];
	size_t n = SOCKETS;
	signal(SIGUSR1, SIG_IGN);       /* stays so over exec(), until the role's loop has it */
	if (p->restart.was_ready && prepare_again(g, PREPARE_AGAIN) != EX_OK)
		_exit(EX_TEMPFAIL);
	fds[ROLE_FD_SETTINGS - DESCRIPTORS_FIRST] = files_read_only(g->settings_fd);
	fds[ROLE_FD_READY - DESCRIPTORS_FIRST] = ready_fd;
	for (size_t i = 0; i < p->socket_count; i++)
		fds[n++] = p->sockets[i].fd;
	if (p->files_fd >= 0)
		fds[n++] = files_read_only(p->files_fd);
	set_number(ENV_PARENT, parent);
	set_number(ENV_SOCKETS, (int)p->socket_count);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	role_hold_hup(true);            /* until it has a handler */
	if (descriptors_hand_over(fds, n) == ERR_OK)
		execl("/proc/self/exe", "portreeve", "role", p->role->name, (char *)NULL);
	/* The log's own descriptor is closed, or another's by now. */
	fprintf(stderr, "portreeve: run: %s: cannot be executed: %s\n", p->role->name,
	        strerror(errno));
	_exit(EX_OSERR);
}

static void show_state(struct process *p, enum running_state state)
{
	p->shown.state = state;
	p->shown.since_s = clock_now_s();
}

int process_start(struct process *p, const struct process_ground *g)
{
	int ends[2];
	assert(p->pid == 0 && p->ready_fd < 0 && "one process a role");
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return ERR_IO;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become_role(p, g, ends[1], parent);
	int errnum = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		errno = errnum;
		return ERR_IO;
	}
	p->pid = pid;
	p->ready = false;
	p->killed_ms = 0;
	p->restart.started_ms = clock_mono_ms();
	p->words = (struct word_reader){ 0 };
	p->shown.word = (struct running_word){ 0 };
	p->shown.pid = pid;
	p->shown.again_s = 0;
	p->shown.restarts += p->started;
	p->started = true;
	show_state(p, RUNNING_STARTS);
	heartbeat_start(&p->heartbeat, p->restart.started_ms);
	p->ready_fd = ends[0];
	return ERR_OK;
}

/* ---- while it runs --------------------------------------------------------------------- */

void process_stop_hearing(struct process *p)
{
	if (p->ready_fd >= 0)
		close(p->ready_fd);
	p->ready_fd = -1;
}

struct process_news process_hear(struct process *p)
{
	char bytes[512];
	if (p->ready_fd < 0)
		return (struct process_news){ 0 };
	ssize_t n = read(p->ready_fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return (struct process_news){ 0 };
	if (n <= 0)
		return (struct process_news){ .over = true };
	heartbeat_hear(&p->heartbeat, clock_mono_ms());
	word_hear(&p->words, (struct str){ bytes, (size_t)n });
	struct process_news news = {
		.ready = !p->ready, .replaced = p->words.replaced, .word = p->words.heard };
	p->words.heard = false;
	p->shown.word = p->words.word;
	p->ready = p->restart.was_ready = true;
	if (news.ready && !p->heartbeat.aborted)
		show_state(p, RUNNING_READY);
	return news;
}

bool process_look(struct process *p, int64_t now_ms, int64_t late_ms, int64_t limit_ms)
{
	int64_t heard_ms = p->heartbeat.heard_ms;
	switch (heartbeat_look(&p->heartbeat, now_ms, late_ms, limit_ms)) {
	case HEARTBEAT_WAIT:
		break;
	case HEARTBEAT_ABORT:
		LOG(LOG_ERROR, "role-hangs", LOG_S("role", p->role->name), LOG_I("pid", p->pid),
		    LOG_I("silent-ms", now_ms - heard_ms));
		kill(p->pid, SIGABRT);
		show_state(p, RUNNING_HANGS);
		return true;
	case HEARTBEAT_KILL:
		kill(p->pid, SIGKILL);
		if (!p->killed_ms)
			p->killed_ms = now_ms;
		break;
	}
	return false;
}

void process_look_at_trial(struct process *p, int64_t now_ms, int64_t late_ms, int64_t limit_ms)
{
	if (p->trial <= 0)
		return;
	switch (heartbeat_look(&p->trial_heartbeat, now_ms, late_ms, limit_ms)) {
	case HEARTBEAT_WAIT:
		return;
	case HEARTBEAT_ABORT:
		LOG(LOG_ERROR, "trial-hangs", LOG_S("role", p->role->name),
		    LOG_I("pid", p->trial), LOG_S("effect", "it is ended; another one follows"));
		break;
	case HEARTBEAT_KILL:
		break;
	}
	kill(p->trial, SIGKILL);
}

void process_try_store(struct process *p, const struct process_ground *g)
{
	if (p->trial > 0 || !restart_try(&p->restart, clock_mono_ms()))
		return;
	heartbeat_start(&p->trial_heartbeat, clock_mono_ms());
	p->trial = fork();
	if (p->trial == 0) {
		prctl(PR_SET_NAME, "trial");
		_exit(prepare_again(g, PREPARE_TRIAL));
	}
}

static void show_end(struct process *p, struct restart_end end)
{
	struct running_role *shown = &p->shown;
	if (p->heartbeat.aborted)
		snprintf(shown->end, sizeof(shown->end), "it hung");
	else if (!end.killed && end.how == ROLE_STORE_REPLACED)
		snprintf(shown->end, sizeof(shown->end), "its database was replaced");
	else
		snprintf(shown->end, sizeof(shown->end), "%s %d", end.killed ? "signal" : "exit",
		         end.how);
	shown->ended_s = clock_now_s();
	shown->pid = 0;
	show_state(p, RUNNING_WAITS);
}

void process_ended(struct process *p, struct restart_end end)
{
	process_stop_hearing(p);
	show_end(p, end);
	p->pid = 0;
	p->ready = false;
}

void process_waits(struct process *p, int64_t wait_ms)
{
	assert(p->pid == 0 && wait_ms >= 0);
	if (p->shown.state != RUNNING_WAITS)
		show_state(p, RUNNING_WAITS);
	p->shown.again_s = (clock_now_ms() + wait_ms + 500) / 1000;
}

void process_signal(const struct process *p, int signum)
{
	if (p->pid > 0)
		kill(p->pid, signum);
}
