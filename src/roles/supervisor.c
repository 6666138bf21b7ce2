/* SPDX-License-Identifier: ISC */
#include "roles/supervisor.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "base/stream.h"
#include "roles/heartbeat.h"
#include "roles/supervisor-private.h"
#include "settings/check.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	ROLES_MAX = 8,
	BACKOFF_FIRST_MS = 500, BACKOFF_MAX_MS = 60000,
	HEALTHY_AFTER_MS = 60000,       /* then the next death starts at the first back-off */
	SETTLED_AFTER_MS = 1000,        /* who lived that long may start again at once */
	STOP_WAIT_MS = 15000,           /* for what a role has acknowledged; then SIGKILL */
	GONE_WAIT_MS = 5000,            /* for SIGKILL; then we are not well ourselves */
	TRIAL_PAUSE_MS = 5000,          /* between two looks at a store that was replaced */
};

struct supervisor;

struct process {
	struct supervisor *sup;
	const struct role *role;
	struct role_socket sockets[ROLE_SOCKETS_MAX];
	size_t socket_count;
	pid_t pid;                      /* 0: not running */
	bool ready, was_ready;          /* now; ever */
	int ready_fd;                   /* it is ready, and then alive */
	struct loop_watch *ready_watch;
	struct heartbeat heartbeat;
	int64_t killed_ms;              /* first, because it hung; 0: not */
	pid_t trial;                    /* looks whether it could start again; 0: none */
	int64_t trial_due_ms;           /* the next, at the earliest */
	struct loop_timer *restart;
	int64_t started_ms, backoff_ms;
	int64_t started_at_ms;          /* the same by the clock of the files */
};

struct supervisor {
	const char *config_path, *state_directory;
	struct settings settings;
	int settings_fd;                /* the text the roles read, written by us alone */
	struct loop *loop;
	struct loop_timer *kill_timer, *watchdog, *look;
	int64_t look_due_ms;
	bool stopping, told_ready;
	bool told_kept;                 /* the service manager shows that settings were refused */
	int exit_code;
	struct process processes[ROLES_MAX];
	size_t count;
};

/* ---- sockets --------------------------------------------------------------------- */

static int bind_one(const struct role *role, struct role_socket *socket)
{
	char at[ENDPOINT_TEXT_MAX];
	int fd = socket->kind == ROLE_UDP ? stream_bind_udp(&socket->at)
	                                  : stream_listen(&socket->at);
	if (fd >= 0) {
		socket->fd = fd;
		return EX_OK;
	}
	endpoint_format(&socket->at, at);
	const char *kind = socket->kind == ROLE_UDP ? "UDP" : "TCP";
	if (fd == ERR_EXISTS)
		return supervisor_fail(EX_UNAVAILABLE, "%s: %s %s: expected a free port, found one "
		                       "in use", role->name, kind, at);
	return supervisor_fail(fd == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE,
	                       "%s: %s %s: expected an address of this machine and a port we may "
	                       "use: %s", role->name, kind, at, strerror(errno));
}

static void close_sockets(struct process *p)
{
	for (size_t i = 0; i < p->socket_count; i++)
		if (p->sockets[i].fd >= 0)
			close(p->sockets[i].fd);
	p->socket_count = 0;
}

static size_t sockets_of(const struct role *role, const struct settings *s,
                         struct role_socket out[static ROLE_SOCKETS_MAX])
{
	size_t n = role->sockets ? role->sockets(s, out, ROLE_SOCKETS_MAX) : 0;
	assert(n <= ROLE_SOCKETS_MAX);
	return n;
}

static int bind_sockets(struct supervisor *sup, struct process *p)
{
	int code = EX_OK;
	p->socket_count = sockets_of(p->role, &sup->settings, p->sockets);
	for (size_t i = 0; i < p->socket_count; i++)
		p->sockets[i].fd = -1;
	for (size_t i = 0; code == EX_OK && i < p->socket_count; i++)
		code = bind_one(p->role, &p->sockets[i]);
	return code;
}

/* ---- the settings the roles read -------------------------------------------------- */

static int write_settings(struct supervisor *sup)
{
	struct buf text = { 0 };
	settings_print(&sup->settings, false, &text);
	bool ok = ftruncate(sup->settings_fd, 0) == 0 &&
	          pwrite(sup->settings_fd, text.p, text.n, 0) == (ssize_t)text.n;
	buf_fini(&text);
	return ok ? ERR_OK : ERR_IO;
}

static int open_settings(struct supervisor *sup)
{
	/* Only we may write it: a role that was taken over must not configure the others. */
	sup->settings_fd = memfd_create("portreeve-settings", MFD_CLOEXEC);
	if (sup->settings_fd < 0 || fchmod(sup->settings_fd, 0600) != 0)
		return supervisor_fail(EX_OSERR, "settings for the roles: %s", strerror(errno));
	return write_settings(sup) == ERR_OK ? EX_OK :
	       supervisor_fail(EX_OSERR, "settings for the roles: %s", strerror(errno));
}

static int read_only_settings(const struct supervisor *sup)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sup->settings_fd);
	return open(path, O_RDONLY);
}

/* ---- a role's process --------------------------------------------------------------- */

static void set_number(const char *name, int value)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", value);
	setenv(name, text, 1);
}

/* Until exec() our signals are not the loop's, which the supervisor shares. */
static int prepare_again(const struct process *p, enum prepare_for what_for)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);        /* the settings are read after that */
	return supervisor_prepare(&p->sup->settings, what_for) == EX_OK ? EX_OK : EX_TEMPFAIL;
}

/* After fork(), until exec(). */
static void become_role(struct process *p, int ready_fd, pid_t parent)
{
	enum { SOCKETS = ROLE_FD_SOCKETS - DESCRIPTORS_FIRST };
	int fds[SOCKETS + ROLE_SOCKETS_MAX];
	if (p->was_ready && prepare_again(p, PREPARE_AGAIN) != EX_OK)
		_exit(EX_TEMPFAIL);
	fds[ROLE_FD_SETTINGS - DESCRIPTORS_FIRST] = read_only_settings(p->sup);
	fds[ROLE_FD_READY - DESCRIPTORS_FIRST] = ready_fd;
	for (size_t i = 0; i < p->socket_count; i++)
		fds[SOCKETS + i] = p->sockets[i].fd;
	set_number(ENV_PARENT, parent);
	set_number(ENV_SOCKETS, (int)p->socket_count);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	role_hold_hup(true);            /* until it has a handler */
	if (descriptors_hand_over(fds, SOCKETS + p->socket_count) == ERR_OK)
		execl("/proc/self/exe", "portreeve", "role", p->role->name, (char *)NULL);
	/* The log's own descriptor is closed, or another's by now. */
	fprintf(stderr, "portreeve: run: %s: cannot be executed: %s\n", p->role->name,
	        strerror(errno));
	_exit(EX_OSERR);
}

static void on_ready(void *arg, unsigned events);

static void start(void *arg)
{
	struct process *p = arg;
	int ends[2];
	if (p->sup->stopping)
		return;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		LOG(LOG_ERROR, "role-not-started", LOG_S("role", p->role->name),
		    LOG_S("why", strerror(errno)));
		loop_timer_arm(p->restart, p->backoff_ms);
		return;
	}
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become_role(p, ends[1], parent);
	close(ends[1]);
	if (pid < 0) {
		LOG(LOG_ERROR, "role-not-started", LOG_S("role", p->role->name),
		    LOG_S("why", strerror(errno)));
		close(ends[0]);
		loop_timer_arm(p->restart, p->backoff_ms);
		return;
	}
	p->pid = pid;
	p->ready = false;
	p->started_ms = clock_mono_ms();
	p->started_at_ms = clock_now_ms();
	p->killed_ms = 0;
	heartbeat_start(&p->heartbeat, p->started_ms);
	p->ready_fd = ends[0];
	p->ready_watch = loop_watch_create(p->sup->loop, p->ready_fd, on_ready, p);
	loop_watch_set(p->ready_watch, LOOP_READ);
}

static void tell_if_all_ready(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++)
		if (!sup->processes[i].ready)
			return;
	if (sup->told_ready || sup->stopping)
		return;
	sup->told_ready = true;
	LOG(LOG_INFO, "ready", LOG_I("roles", sup->count));
	notify_send("READY=1");
}

static void end_ready_watch(struct process *p)
{
	if (!p->ready_watch)
		return;
	loop_watch_destroy(p->ready_watch);
	close(p->ready_fd);
	p->ready_watch = NULL;
}

/* Its store was replaced, and it serves on what it has read of the old one: it is ended when
 * there is something to start again with. */
static void try_store(struct process *p)
{
	if (p->trial > 0 || p->sup->stopping || clock_mono_ms() < p->trial_due_ms)
		return;
	p->trial_due_ms = clock_mono_ms() + TRIAL_PAUSE_MS;
	p->trial = fork();
	if (p->trial == 0)
		_exit(prepare_again(p, PREPARE_TRIAL));
}

/* Others, which could not wait for it, need not wait longer. */
static void trial_ended(struct process *p, int status)
{
	struct supervisor *sup = p->sup;
	p->trial = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EX_OK || sup->stopping)
		return;
	if (p->pid > 0)
		kill(p->pid, SIGTERM);
	for (size_t i = 0; i < sup->count; i++)
		if (sup->processes[i].pid == 0)
			loop_timer_arm(sup->processes[i].restart, 0);
}

static void hear(struct process *p)
{
	char bytes[512];
	ssize_t n = read(p->ready_fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_ready_watch(p);     /* it ended: see ended() */
		return;
	}
	heartbeat_hear(&p->heartbeat, clock_mono_ms());
	if (memchr(bytes, ROLE_SAYS_REPLACED, (size_t)n))
		try_store(p);
	if (p->ready)
		return;
	p->ready = p->was_ready = true;
	LOG(LOG_INFO, "role-ready", LOG_S("role", p->role->name), LOG_I("pid", p->pid));
	tell_if_all_ready(p->sup);
}

static void on_ready(void *arg, unsigned events)
{
	(void)events;
	hear(arg);
}

/* ---- roles that hang -------------------------------------------------------------------- */

static int64_t silence_ms(const struct supervisor *sup)
{
	return sup->settings.general.role_watchdog_s * 1000;
}

static void arm_look(struct supervisor *sup)
{
	int64_t period_ms = heartbeat_period_ms(silence_ms(sup));
	sup->look_due_ms = clock_mono_ms() + period_ms;
	loop_timer_arm(sup->look, period_ms);
}

static void look_at(struct process *p, int64_t now_ms, int64_t late_ms)
{
	if (p->ready_watch)
		hear(p);                /* what it said may wait behind this timer */
	int64_t heard_ms = p->heartbeat.heard_ms;
	switch (heartbeat_look(&p->heartbeat, now_ms, late_ms, silence_ms(p->sup))) {
	case HEARTBEAT_WAIT:
		break;
	case HEARTBEAT_ABORT:
		LOG(LOG_ERROR, "role-hangs", LOG_S("role", p->role->name), LOG_I("pid", p->pid),
		    LOG_I("silent-ms", now_ms - heard_ms));
		kill(p->pid, SIGABRT);
		break;
	case HEARTBEAT_KILL:
		kill(p->pid, SIGKILL);
		if (!p->killed_ms)
			p->killed_ms = now_ms;
		break;
	}
}

static void look(void *arg)
{
	struct supervisor *sup = arg;
	int64_t now_ms = clock_mono_ms();
	int64_t late_ms = now_ms > sup->look_due_ms ? now_ms - sup->look_due_ms : 0;
	for (size_t i = 0; !sup->stopping && i < sup->count; i++)
		if (sup->processes[i].pid > 0)
			look_at(&sup->processes[i], now_ms, late_ms);
	arm_look(sup);
}

/* After a change of the time: roles may have spoken by the old one. */
static void look_anew(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++)
		if (sup->processes[i].ready && !sup->processes[i].heartbeat.aborted)
			sup->processes[i].heartbeat.heard_ms = clock_mono_ms();
	arm_look(sup);
}

/* A role that even SIGKILL does not end cannot be started again: that is for whoever watches
 * us. */
static bool is_well(const struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++) {
		const struct process *p = &sup->processes[i];
		if (p->pid > 0 && p->killed_ms && clock_mono_ms() - p->killed_ms > GONE_WAIT_MS)
			return false;
	}
	return true;
}

/* ---- ends ------------------------------------------------------------------------------ */

static void signal_all(struct supervisor *sup, int signum)
{
	for (size_t i = 0; i < sup->count; i++)
		if (sup->processes[i].pid > 0)
			kill(sup->processes[i].pid, signum);
}

static void stop_if_all_gone(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++)
		if (sup->processes[i].pid > 0)
			return;
	loop_stop(sup->loop);
}

static void begin_stop(struct supervisor *sup, int code)
{
	if (sup->stopping) {
		signal_all(sup, SIGKILL);       /* asked twice */
		return;
	}
	sup->stopping = true;
	sup->exit_code = code;
	notify_send("STOPPING=1");
	for (size_t i = 0; i < sup->count; i++) {
		loop_timer_disarm(sup->processes[i].restart);
		if (sup->processes[i].trial > 0)
			kill(sup->processes[i].trial, SIGTERM);
	}
	signal_all(sup, SIGTERM);
	loop_timer_arm(sup->kill_timer, STOP_WAIT_MS);
	stop_if_all_gone(sup);
}

static void kill_rest(void *arg)
{
	struct supervisor *sup = arg;
	LOG(LOG_WARN, "stop-timeout", LOG_I("after-ms", STOP_WAIT_MS));
	signal_all(sup, SIGKILL);
}

static void ended(struct process *p, int status)
{
	struct supervisor *sup = p->sup;
	int64_t lived_ms = clock_mono_ms() - p->started_ms;
	if (p->ready_watch)
		hear(p);                /* it may have been ready, and died, since we looked */
	end_ready_watch(p);
	p->pid = 0;
	p->ready = false;
	if (sup->stopping) {
		stop_if_all_gone(sup);
		return;
	}
	bool killed = WIFSIGNALED(status);
	int how = killed ? WTERMSIG(status) : WEXITSTATUS(status);
	/* What cannot start at all is the operator's to mend; what may pass is tried again. */
	if (!p->was_ready && !sup->told_ready && !killed && how != EX_TEMPFAIL) {
		LOG(LOG_ERROR, "role-cannot-start", LOG_S("role", p->role->name),
		    LOG_I("code", how));
		begin_stop(sup, how ? how : EX_SOFTWARE);
		return;
	}
	if (!killed && how == ROLE_STORE_REPLACED) {
		LOG(LOG_WARN, "role-starts-again", LOG_S("role", p->role->name),
		    LOG_S("why", "its store was replaced"));
		loop_timer_arm(p->restart, lived_ms < SETTLED_AFTER_MS ? BACKOFF_FIRST_MS : 0);
		return;
	}
	LOG(LOG_ERROR, "role-died", LOG_S("role", p->role->name),
	    LOG_I(killed ? "signal" : "code", how), LOG_I("restart-ms", p->backoff_ms));
	if (lived_ms >= HEALTHY_AFTER_MS)
		p->backoff_ms = BACKOFF_FIRST_MS;
	loop_timer_arm(p->restart, p->backoff_ms);
	p->backoff_ms = p->backoff_ms * 2 < BACKOFF_MAX_MS ? p->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void on_child(void *arg, int signum)
{
	struct supervisor *sup = arg;
	int status;
	(void)signum;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (size_t i = 0; i < sup->count; i++) {
			if (sup->processes[i].pid == pid)
				ended(&sup->processes[i], status);
			else if (sup->processes[i].trial == pid)
				trial_ended(&sup->processes[i], status);
		}
}

static void on_stop(void *arg, int signum)
{
	LOG(LOG_INFO, "stopping", LOG_I("signal", signum));
	begin_stop(arg, EX_OK);
}

/* ---- new settings ------------------------------------------------------------------------ */

static bool same_sockets(const struct process *p, const struct settings *fresh)
{
	struct role_socket now[ROLE_SOCKETS_MAX];
	if (sockets_of(p->role, fresh, now) != p->socket_count)
		return false;
	for (size_t i = 0; i < p->socket_count; i++)
		if (now[i].kind != p->sockets[i].kind || now[i].at.port != p->sockets[i].at.port ||
		    !ip_eq(&now[i].at.ip, &p->sockets[i].at.ip))
			return false;
	return true;
}

void role_needs_restart(const char *role, const char *parameter)
{
	LOG(LOG_WARN, "restart-needed", LOG_S("role", role), LOG_S("for", parameter));
}

static void warn_of_restart(const struct supervisor *sup, const struct settings *fresh)
{
	size_t known = 0;
	for (size_t i = 0; i < sup->count; i++) {
		const struct process *p = &sup->processes[i];
		known += settings_has_role(fresh, p->role->name);
		if (!same_sockets(p, fresh))
			role_needs_restart(p->role->name, "listen");
		if (p->role->compare)
			p->role->compare(&sup->settings, fresh, p->started_at_ms);
	}
	if (known != sup->count || fresh->general.roles.n != sup->count)
		LOG(LOG_WARN, "restart-needed", LOG_S("for", "roles"));
}

/* What was prepared at the start stays, also for a role that is started again. */
static void keep(char **old, char **fresh, const char *parameter)
{
	if (strcmp(*old, *fresh) == 0)
		return;
	LOG(LOG_WARN, "restart-needed", LOG_S("for", parameter));
	char *swap = *old;
	*old = *fresh;
	*fresh = swap;
}

static void log_remarks(const struct buf *remarks)
{
	struct str rest = buf_str(remarks), line;
	while (str_token(&rest, "\n", &line))
		LOG(LOG_WARN, "settings-remark", LOG_STR("what", line));
}

static void take_over(struct supervisor *sup, struct settings *fresh)
{
	warn_of_restart(sup, fresh);
	keep(&sup->settings.general.state_directory, &fresh->general.state_directory,
	     "state_directory");
	keep(&sup->settings.general.user, &fresh->general.user, "user");
	settings_fini(&sup->settings);
	sup->settings = *fresh;
	log_init("supervisor", settings_log_level(&sup->settings));
	if (write_settings(sup) == ERR_OK)
		signal_all(sup, SIGHUP);
	else
		LOG(LOG_ERROR, "settings-not-handed-on", LOG_S("why", strerror(errno)));
	look_anew(sup);
	LOG(LOG_INFO, "reloaded", LOG_I("roles", sup->count));
}

/* STATUS= is one line that stands until another one comes. */
static void tell_reloaded(struct supervisor *sup, const char *why_kept)
{
	struct buf state = { 0 };
	buf_add_cstr(&state, "READY=1");
	if (why_kept) {
		buf_add_cstr(&state, "\nSTATUS=settings kept: ");
		buf_add_escaped(&state, str_of(why_kept));
	} else if (sup->told_kept) {
		buf_add_cstr(&state, "\nSTATUS=settings taken over");
	}
	sup->told_kept = why_kept != NULL;
	notify_send(buf_cstr(&state));
	buf_fini(&state);
}

static void on_hup(void *arg, int signum)
{
	struct supervisor *sup = arg;
	struct settings fresh;
	struct buf message = { 0 }, remarks = { 0 };
	char reloading[80];
	(void)signum;
	snprintf(reloading, sizeof(reloading), "RELOADING=1\nMONOTONIC_USEC=%lld",
	         (long long)clock_mono_ms() * 1000);
	notify_send(reloading);
	bool good = settings_load_for_roles(&fresh, sup->config_path, sup->state_directory,
	                                    &message, &remarks) == ERR_OK;
	log_remarks(&remarks);
	if (good)
		take_over(sup, &fresh);
	else
		LOG(LOG_ERROR, "settings-kept", LOG_S("why", buf_cstr(&message)));
	tell_reloaded(sup, good ? NULL : buf_cstr(&message));
	buf_fini(&message);
	buf_fini(&remarks);
}

static void feed_watchdog(void *arg)
{
	struct supervisor *sup = arg;
	if (is_well(sup))
		notify_send("WATCHDOG=1");
	loop_timer_arm(sup->watchdog, notify_watchdog_ms());
}

/* ---- all of it --------------------------------------------------------------------------- */

static void run_loop(struct supervisor *sup)
{
	sup->loop = loop_create();
	sup->kill_timer = loop_timer_create(sup->loop, kill_rest, sup);
	sup->watchdog = loop_timer_create(sup->loop, feed_watchdog, sup);
	sup->look = loop_timer_create(sup->loop, look, sup);
	struct loop_signal *signals[] = {
		loop_signal_create(sup->loop, SIGCHLD, on_child, sup),
		loop_signal_create(sup->loop, SIGTERM, on_stop, sup),
		loop_signal_create(sup->loop, SIGINT, on_stop, sup),
		loop_signal_create(sup->loop, SIGHUP, on_hup, sup),
	};
	for (size_t i = 0; i < sup->count; i++) {
		struct process *p = &sup->processes[i];
		p->restart = loop_timer_create(sup->loop, start, p);
		start(p);
	}
	arm_look(sup);
	if (notify_watchdog_ms() > 0)
		feed_watchdog(sup);
	loop_run(sup->loop);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		loop_signal_destroy(signals[i]);
	for (size_t i = 0; i < sup->count; i++) {
		end_ready_watch(&sup->processes[i]);
		loop_timer_destroy(sup->processes[i].restart);
	}
	loop_timer_destroy(sup->kill_timer);
	loop_timer_destroy(sup->watchdog);
	loop_timer_destroy(sup->look);
	loop_destroy(sup->loop);
}

static int bind_all(struct supervisor *sup, const struct role *const *roles, size_t n)
{
	assert(n <= ROLES_MAX);
	int code = EX_OK;
	for (size_t i = 0; code == EX_OK && i < n; i++) {
		if (!settings_has_role(&sup->settings, roles[i]->name))
			continue;
		struct process *p = &sup->processes[sup->count++];
		*p = (struct process){ .sup = sup, .role = roles[i],
		                       .backoff_ms = BACKOFF_FIRST_MS };
		code = bind_sockets(sup, p);
	}
	return code;
}

int supervisor_run(const struct role *const *roles, size_t n, const char *config_path,
                   const char *state_directory)
{
	struct supervisor *sup = mem_zalloc(sizeof(*sup));
	struct buf message = { 0 }, remarks = { 0 };
	int code;
	sup->config_path = config_path;
	sup->state_directory = state_directory;
	sup->settings_fd = -1;
	if (settings_load_for_roles(&sup->settings, config_path, state_directory, &message,
	                            &remarks) != ERR_OK) {
		code = supervisor_fail(EX_CONFIG, "%s", buf_cstr(&message));
		buf_fini(&message);
		buf_fini(&remarks);
		free(sup);
		return code;
	}
	log_init("supervisor", settings_log_level(&sup->settings));
	/* What we were given by mistake is not for the roles, and nor for us; but the configuration
	 * may have come that way. The log opens a descriptor of its own after that. */
	descriptors_close_others();
	log_never_wait();
	log_remarks(&remarks);
	buf_fini(&remarks);
	if (geteuid() == 0 && strcmp(sup->settings.general.user, "nobody") == 0)
		LOG(LOG_WARN, "user-nobody", LOG_S("advice", "make a user \"portreeve\", so that "
		    "no other service shares its files"));
	code = supervisor_prepare(&sup->settings, PREPARE_FIRST);
	if (code == EX_OK)
		code = bind_all(sup, roles, n);
	if (code == EX_OK)
		code = open_settings(sup);
	if (code == EX_OK) {
		run_loop(sup);
		code = sup->exit_code;
	}
	for (size_t i = 0; i < sup->count; i++)
		close_sockets(&sup->processes[i]);
	if (sup->settings_fd >= 0)
		close(sup->settings_fd);
	settings_fini(&sup->settings);
	free(sup);
	return code;
}
