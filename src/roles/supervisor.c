/* SPDX-License-Identifier: ISC
 *
 * The supervisor's loop: which role is started when, who is told, and what TERM, HUP, USR1, new
 * settings and the end of a process come to. The processes themselves are process.c's.
 */
#include "roles/supervisor.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "roles/announce.h"
#include "roles/process.h"
#include "settings/check.h"

#include <assert.h>
#include <errno.h>
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
	STOP_WAIT_MS = 15000,           /* for what a role has acknowledged; then SIGKILL */
};
_Static_assert((int)ROLE_STOP_LIMIT_MS < (int)STOP_WAIT_MS, "a role says itself why it ends late");

/* A role in the loop. */
struct supervised {
	struct supervisor *sup;
	struct process process;
	struct loop_watch *ready_watch;
	struct loop_timer *restart;
};

struct supervisor {
	const char *config_path, *state_directory;
	struct settings settings;
	int settings_fd;                /* the text the roles read, written by us alone */
	struct loop *loop;
	struct loop_timer *kill_timer, *watchdog, *look;
	int64_t look_due_ms;
	bool stopping, told_ready;
	char kept[RUNNING_WHY_MAX];     /* why settings were refused, escaped; "": they were not */
	struct announce *announce;
	int exit_code;
	struct supervised roles[ROLES_MAX];
	size_t count;
};

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

static struct process_ground ground_of(const struct supervisor *sup)
{
	return (struct process_ground){ .settings = &sup->settings,
	                                .settings_fd = sup->settings_fd };
}

/* ---- a role's process --------------------------------------------------------------- */

static void on_ready(void *arg, unsigned events);

static void start_in(struct supervised *r, int64_t wait_ms)
{
	process_waits(&r->process, wait_ms);
	loop_timer_arm(r->restart, wait_ms);
	announce_changed(r->sup->announce);
}

static void start_role(void *arg)
{
	struct supervised *r = arg;
	struct process *p = &r->process;
	const struct process_ground ground = ground_of(r->sup);
	if (r->sup->stopping)
		return;
	if (process_start(p, &ground) != ERR_OK) {
		LOG(LOG_ERROR, "role-not-started", LOG_S("role", p->role->name),
		    LOG_S("why", strerror(errno)));
		start_in(r, p->restart.backoff_ms ? p->restart.backoff_ms : RESTART_FIRST_MS);
		return;
	}
	announce_changed(r->sup->announce);
	r->ready_watch = loop_watch_create(r->sup->loop, p->ready_fd, on_ready, r);
	loop_watch_set(r->ready_watch, LOOP_READ);
}

static void tell_if_all_ready(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++)
		if (!sup->roles[i].process.ready)
			return;
	if (sup->told_ready || sup->stopping)
		return;
	sup->told_ready = true;
	LOG(LOG_INFO, "ready", LOG_I("roles", sup->count));
	notify_send("READY=1");
}

static void end_ready_watch(struct supervised *r)
{
	if (r->ready_watch)
		loop_watch_destroy(r->ready_watch);
	r->ready_watch = NULL;
	process_stop_hearing(&r->process);
}

static void hear(struct supervised *r)
{
	struct supervisor *sup = r->sup;
	struct process *p = &r->process;
	const struct process_ground ground = ground_of(sup);
	struct process_news news = process_hear(p);
	if (news.over)
		end_ready_watch(r);
	/* It serves on what it has read of its old store: it is ended when there is something to
	 * start again with. */
	if (news.replaced && !sup->stopping)
		process_try_store(p, &ground);
	if (news.ready || news.word)
		announce_changed(sup->announce);
	if (!news.ready)
		return;
	LOG(LOG_INFO, "role-ready", LOG_S("role", p->role->name), LOG_I("pid", p->pid));
	tell_if_all_ready(sup);
}

static void on_ready(void *arg, unsigned events)
{
	(void)events;
	hear(arg);
}

/* Others, which could not wait for it, need not wait longer. */
static void trial_ended(struct supervised *r, int status)
{
	struct supervisor *sup = r->sup;
	r->process.trial = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EX_OK || sup->stopping)
		return;
	process_signal(&r->process, SIGTERM);
	for (size_t i = 0; i < sup->count; i++)
		if (sup->roles[i].process.pid == 0)
			loop_timer_arm(sup->roles[i].restart, 0);
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

static void look_for_hangs(void *arg)
{
	struct supervisor *sup = arg;
	int64_t now_ms = clock_mono_ms();
	int64_t late_ms = now_ms > sup->look_due_ms ? now_ms - sup->look_due_ms : 0;
	for (size_t i = 0; !sup->stopping && i < sup->count; i++) {
		struct supervised *r = &sup->roles[i];
		process_look_at_trial(&r->process, now_ms, late_ms, silence_ms(sup));
		if (r->process.pid == 0)
			continue;
		hear(r);                /* what it said may wait behind this timer */
		if (process_look(&r->process, now_ms, late_ms, silence_ms(sup)))
			announce_changed(sup->announce);
	}
	arm_look(sup);
}

/* After a change of the time: roles may have spoken by the old one. */
static void look_anew(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++) {
		struct process *p = &sup->roles[i].process;
		if (p->ready && !p->heartbeat.aborted)
			p->heartbeat.heard_ms = clock_mono_ms();
	}
	arm_look(sup);
}

/* A role that even SIGKILL does not end cannot be started again: that is for whoever watches
 * us. */
static bool is_well(const struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++) {
		const struct process *p = &sup->roles[i].process;
		if (p->pid > 0 && restart_is_stuck(p->killed_ms, clock_mono_ms()))
			return false;
	}
	return true;
}

/* ---- ends ------------------------------------------------------------------------------ */

static void signal_all(struct supervisor *sup, int signum)
{
	for (size_t i = 0; i < sup->count; i++)
		process_signal(&sup->roles[i].process, signum);
}

static void stop_if_all_gone(struct supervisor *sup)
{
	for (size_t i = 0; i < sup->count; i++)
		if (sup->roles[i].process.pid > 0)
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
	announce_changed(sup->announce);
	for (size_t i = 0; i < sup->count; i++) {
		loop_timer_disarm(sup->roles[i].restart);
		if (sup->roles[i].process.trial > 0)
			kill(sup->roles[i].process.trial, SIGTERM);
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

static void start_again(struct supervised *r, struct restart_end end)
{
	struct supervisor *sup = r->sup;
	const char *name = r->process.role->name;
	int64_t wait_ms;
	switch (restart_after(&r->process.restart, end, sup->told_ready, clock_mono_ms(),
	                      &wait_ms)) {
	case RESTART_NEVER:
		LOG(LOG_ERROR, "role-cannot-start", LOG_S("role", name), LOG_I("code", end.how));
		begin_stop(sup, restart_exit_code(end));
		return;
	case RESTART_REPLACED:
		LOG(LOG_WARN, "role-starts-again", LOG_S("role", name),
		    LOG_S("why", "its store was replaced"));
		break;
	case RESTART_DIED:
		LOG(LOG_ERROR, "role-died", LOG_S("role", name),
		    LOG_I(end.killed ? "signal" : "code", end.how),
		    LOG_I("restart-ms", wait_ms));
		break;
	}
	start_in(r, wait_ms);
}

static void role_ended(struct supervised *r, int status)
{
	const struct restart_end end = {
		.killed = WIFSIGNALED(status),
		.how = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) };
	hear(r);                /* it may have been ready, and died, since we looked */
	end_ready_watch(r);
	process_ended(&r->process, end);
	announce_changed(r->sup->announce);
	if (r->sup->stopping)
		stop_if_all_gone(r->sup);
	else
		start_again(r, end);
}

static void on_child(void *arg, int signum)
{
	struct supervisor *sup = arg;
	int status;
	(void)signum;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		announce_reaped(sup->announce, pid, status);
		for (size_t i = 0; i < sup->count; i++) {
			if (sup->roles[i].process.pid == pid)
				role_ended(&sup->roles[i], status);
			else if (sup->roles[i].process.trial == pid)
				trial_ended(&sup->roles[i], status);
		}
	}
}

/* Each role says in the log what it has done. */
static void on_usr1(void *arg, int signum)
{
	signal_all(arg, signum);
}

static void on_stop(void *arg, int signum)
{
	LOG(LOG_INFO, "stopping", LOG_I("signal", signum));
	begin_stop(arg, EX_OK);
}

/* ---- new settings ------------------------------------------------------------------------ */

/* A parameter counts only after a restart. Of a role that doesn't run here nobody waits. */
static bool tell_restart(void *arg, const char *role, const char *parameter)
{
	const struct supervisor *sup = arg;
	bool runs = !role;
	for (size_t i = 0; !runs && i < sup->count; i++)
		runs = strcmp(sup->roles[i].process.role->name, role) == 0;
	if (runs && role)
		LOG(LOG_WARN, "restart-needed", LOG_S("role", role), LOG_S("for", parameter));
	else if (runs)
		LOG(LOG_WARN, "restart-needed", LOG_S("for", parameter));
	return runs;
}

static void log_remarks(const struct buf *remarks)
{
	struct str rest = buf_str(remarks), line;
	while (str_token(&rest, "\n", &line))
		LOG(LOG_WARN, "settings-remark", LOG_STR("what", line));
}

static int refill_files(struct supervisor *sup)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sup->count; i++)
		e = process_refill(&sup->roles[i].process, &sup->settings);
	return e;
}

static void take_over(struct supervisor *sup, struct settings *fresh)
{
	settings_keep(&sup->settings, fresh, tell_restart, sup);
	settings_fini(&sup->settings);
	sup->settings = *fresh;
	log_init("supervisor", settings_log_level(&sup->settings));
	if (write_settings(sup) == ERR_OK && refill_files(sup) == ERR_OK)
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
	} else if (sup->kept[0]) {
		buf_add_cstr(&state, "\nSTATUS=settings taken over");
	}
	notify_send(buf_cstr(&state));
	buf_clear(&state);
	buf_add_escaped(&state, str_of(why_kept ? why_kept : ""));
	str_copy(sup->kept, sizeof(sup->kept), buf_str(&state));
	buf_fini(&state);
	announce_again(sup->announce);
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

/* For who asks how it stands. */
static void describe(const void *arg, struct running *out)
{
	const struct supervisor *sup = arg;
	out->stopping = sup->stopping;
	memcpy(out->kept, sup->kept, sizeof(out->kept));
	out->count = sup->count;
	for (size_t i = 0; i < sup->count; i++)
		out->roles[i] = sup->roles[i].process.shown;
}
_Static_assert((int)ROLES_MAX == (int)RUNNING_ROLES_MAX, "each role is described");

static void run_loop(struct supervisor *sup)
{
	sup->loop = loop_create();
	sup->kill_timer = loop_timer_create(sup->loop, kill_rest, sup);
	sup->watchdog = loop_timer_create(sup->loop, feed_watchdog, sup);
	sup->look = loop_timer_create(sup->loop, look_for_hangs, sup);
	struct loop_signal *signals[] = {
		loop_signal_create(sup->loop, SIGCHLD, on_child, sup),
		loop_signal_create(sup->loop, SIGTERM, on_stop, sup),
		loop_signal_create(sup->loop, SIGINT, on_stop, sup),
		loop_signal_create(sup->loop, SIGHUP, on_hup, sup),
		loop_signal_create(sup->loop, SIGUSR1, on_usr1, sup),
	};
	sup->announce = announce_create(sup->loop, &sup->settings, describe, sup);
	for (size_t i = 0; i < sup->count; i++) {
		struct supervised *r = &sup->roles[i];
		r->restart = loop_timer_create(sup->loop, start_role, r);
		start_role(r);
	}
	arm_look(sup);
	if (notify_watchdog_ms() > 0)
		feed_watchdog(sup);
	loop_run(sup->loop);
	announce_destroy(sup->announce);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		loop_signal_destroy(signals[i]);
	for (size_t i = 0; i < sup->count; i++) {
		end_ready_watch(&sup->roles[i]);
		loop_timer_destroy(sup->roles[i].restart);
	}
	loop_timer_destroy(sup->kill_timer);
	loop_timer_destroy(sup->watchdog);
	loop_timer_destroy(sup->look);
	loop_destroy(sup->loop);
}

static int prepare_roles(struct supervisor *sup, const struct role *const *roles, size_t n)
{
	assert(n <= ROLES_MAX);
	int code = EX_OK;
	for (size_t i = 0; code == EX_OK && i < n; i++) {
		if (!settings_has_role(&sup->settings, roles[i]->name))
			continue;
		struct supervised *r = &sup->roles[sup->count++];
		*r = (struct supervised){ .sup = sup };
		process_init(&r->process, roles[i]);
		code = process_prepare(&r->process, &sup->settings);
	}
	return code;
}

static int load_settings(struct supervisor *sup)
{
	struct buf message = { 0 }, remarks = { 0 };
	int code = EX_OK;
	if (settings_load_for_roles(&sup->settings, sup->config_path, sup->state_directory,
	                            &message, &remarks) != ERR_OK) {
		code = supervisor_fail(EX_CONFIG, "%s", buf_cstr(&message));
	} else {
		log_init("supervisor", settings_log_level(&sup->settings));
		/* What we were given by mistake is not for the roles, and nor for us; but the
		 * configuration may have come that way. The log opens a descriptor of its own after
		 * that. */
		descriptors_close_others();
		log_never_wait();
		log_remarks(&remarks);
	}
	buf_fini(&message);
	buf_fini(&remarks);
	return code;
}

static int supervise(struct supervisor *sup, const struct role *const *roles, size_t n)
{
	if (geteuid() == 0 && strcmp(sup->settings.general.user, "nobody") == 0)
		LOG(LOG_WARN, "user-nobody", LOG_S("advice", "make a user \"portreeve\", so that "
		    "no other service shares its files"));
	int code = supervisor_prepare(&sup->settings, PREPARE_FIRST);
	if (code == EX_OK)
		code = prepare_roles(sup, roles, n);
	if (code == EX_OK)
		code = open_settings(sup);
	if (code != EX_OK)
		return code;
	run_loop(sup);
	return sup->exit_code;
}

int supervisor_run(const struct role *const *roles, size_t n, const char *config_path,
                   const char *state_directory)
{
	struct supervisor *sup = mem_zalloc(sizeof(*sup));
	*sup = (struct supervisor){ .config_path = config_path, .state_directory = state_directory,
	                            .settings_fd = -1 };
	int code = load_settings(sup);
	if (code == EX_OK) {
		code = supervise(sup, roles, n);
		for (size_t i = 0; i < sup->count; i++)
			process_fini(&sup->roles[i].process);
		if (sup->settings_fd >= 0)
			close(sup->settings_fd);
		settings_fini(&sup->settings);
	}
	free(sup);
	return code;
}
