/* SPDX-License-Identifier: ISC
 *
 * One timer, which is moved by changes: see announce.h. What is said and when is statusline.h's.
 */
#include "roles/announce.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/statusline.h"
#include "roles/supervisor-private.h"
#include "roles/supervisor.h"
#include "settings/state.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAST_WAIT_MS = 1000, LAST_LOOK_MS = 5 };

struct announce {
	const struct settings *settings;
	void (*fill)(const void *arg, struct running *out);
	const void *arg;
	struct loop_timer *timer;
	struct alive_id self;
	int64_t since_s, told_ms;
	bool changed;
	struct buf line;                 /* that the service manager shows */
	struct running written;          /* what the file has, or will have when `writer` ends */
	pid_t writer;                    /* 0: none */
	bool fails;
};

static void fill_running(const struct announce *a, struct running *out)
{
	*out = (struct running){ .supervisor = a->self, .since_s = a->since_s,
	                         .told_boot_ms = clock_boot_ms() };
	a->fill(a->arg, out);
}

/* ---- the file ------------------------------------------------------------------------- */

static int write_as_owner(const struct settings *s, const struct running *now, pid_t parent)
{
	struct buf message = { 0 };
	supervisor_leave_loop();
	int e = state_enter(s, 0, &message);
	buf_fini(&message);
	/* After root was given up: see prepare.c. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		return 1;
	return e == ERR_OK && running_write(now) == ERR_OK ? 0 : 1;
}

static void start_writer(struct announce *a, const struct running *now)
{
	pid_t parent = getpid();
	a->written = *now;
	a->writer = fork();
	if (a->writer == 0) {
		prctl(PR_SET_NAME, "status");
		_exit(write_as_owner(a->settings, now, parent));
	}
	if (a->writer < 0)
		a->writer = 0;
}

static void write_if_due(struct announce *a, const struct running *now)
{
	int64_t age_ms = now->told_boot_ms - a->written.told_boot_ms;
	if (a->writer == 0 && (running_differ(&a->written, now) || age_ms >= RUNNING_EVERY_MS))
		start_writer(a, now);
}

void announce_reaped(struct announce *a, pid_t pid, int status)
{
	if (pid != a->writer)
		return;
	bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	a->writer = 0;
	if (failed && !a->fails)
		LOG(LOG_WARN, "status-not-written",
		    LOG_S("effect", "\"portreeve status\" shows what was written before"));
	a->fails = failed;
	/* What has changed meanwhile is written with the next turn, and what failed with a later
	 * one: a role that says something else all the time must not have us fork all the time. */
	struct running now;
	fill_running(a, &now);
	if (!failed && running_differ(&a->written, &now))
		announce_changed(a);
}

/* ---- the line --------------------------------------------------------------------------- */

static void tell_manager(struct announce *a, const struct running *now)
{
	struct buf line = { 0 };
	buf_add_cstr(&line, "STATUS=");
	statusline_format(now, clock_now_s(), &line);
	if (!str_eq(buf_str(&line), buf_str(&a->line)))
		notify_send(buf_cstr(&line));
	buf_fini(&a->line);
	a->line = line;
}

static void arm(struct announce *a, const struct running *now)
{
	loop_timer_arm(a->timer, statusline_wait_ms(now, a->changed, a->told_ms, clock_mono_ms()));
}

static void tell(void *arg)
{
	struct announce *a = arg;
	struct running now;
	fill_running(a, &now);
	a->changed = false;
	a->told_ms = clock_mono_ms();
	tell_manager(a, &now);
	write_if_due(a, &now);
	arm(a, &now);
}

void announce_changed(struct announce *a)
{
	struct running now;
	if (a->changed)
		return;
	a->changed = true;
	fill_running(a, &now);
	arm(a, &now);
}

void announce_again(struct announce *a)
{
	buf_clear(&a->line);
	announce_changed(a);
}

/* ---- create and destroy ----------------------------------------------------------------- */

struct announce *announce_create(struct loop *loop, const struct settings *settings,
                                 void (*fill)(const void *arg, struct running *out),
                                 const void *arg)
{
	struct announce *a = mem_zalloc(sizeof(*a));
	*a = (struct announce){ .settings = settings, .fill = fill, .arg = arg,
	                        .since_s = clock_now_s(), .told_ms = clock_mono_ms() };
	alive_self(&a->self);
	a->timer = loop_timer_create(loop, tell, a);
	announce_changed(a);
	return a;
}

/* Whoever hangs is left behind: it dies with us. */
static void wait_for_writer(struct announce *a)
{
	int64_t until_ms = clock_mono_ms() + LAST_WAIT_MS;
	while (a->writer > 0 && waitpid(a->writer, NULL, WNOHANG) == 0) {
		if (clock_mono_ms() >= until_ms)
			return;
		poll(NULL, 0, LAST_LOOK_MS);
	}
	a->writer = 0;
}

void announce_destroy(struct announce *a)
{
	struct running now;
	if (!a)
		return;
	wait_for_writer(a);
	fill_running(a, &now);
	now.stopping = true;
	if (a->writer == 0) {
		start_writer(a, &now);
		wait_for_writer(a);
	}
	loop_timer_destroy(a->timer);
	buf_fini(&a->line);
	free(a);
}
