/* SPDX-License-Identifier: ISC
 *
 * The process of one role, from its first instruction to role_run(), and what it says to the
 * supervisor meanwhile. What it finds in its environment was put there by the supervisor.
 */
#include "base/mem.h"
#include "roles/heartbeat.h"
#include "roles/supervisor-private.h"
#include "roles/supervisor.h"
#include "roles/word.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

/* The settings of one time. Earlier ones stay: a session may still go by them. */
struct generation {
	struct generation *before;
	struct settings settings;
};

struct child {
	const struct role *role;
	struct role_context ctx;
	struct generation *newest;
	int settings_fd;
	struct role_socket sockets[ROLE_SOCKETS_MAX];
	int ready_fd;                   /* at each beat it says there that it lives */
	struct loop_timer *beat;
	int64_t beat_due_ms;
};

/* ---- what was inherited ----------------------------------------------------- */

static bool number_from_environment(const char *name, int *value)
{
	const char *text = getenv(name);
	uint64_t v;
	if (!text || str_u64(str_of(text), INT32_MAX, &v) != ERR_OK)
		return false;
	*value = (int)v;
	unsetenv(name);
	return true;
}

static bool take_sockets(struct child *c)
{
	int n;
	if (!number_from_environment(ENV_SOCKETS, &n) || n > ROLE_SOCKETS_MAX)
		return false;
	for (int i = 0; i < n; i++)
		if (role_socket_take(ROLE_FD_SOCKETS + i, &c->sockets[i]) != ERR_OK)
			return false;
	c->ctx.sockets = c->sockets;
	c->ctx.socket_count = (size_t)n;
	c->ctx.files_fd = c->role->files ? ROLE_FD_SOCKETS + n : -1;
	return true;
}

static int read_settings(struct child *c, struct buf *message)
{
	char chunk[4096];
	struct buf text = { 0 };
	struct generation *g = mem_zalloc(sizeof(*g));
	for (ssize_t n; (n = pread(c->settings_fd, chunk, sizeof(chunk), (off_t)text.n)) > 0;)
		buf_add(&text, chunk, (size_t)n);
	int e = settings_load_text(&g->settings, buf_str(&text), message);
	buf_fini(&text);
	if (e != ERR_OK) {
		free(g);
		return e;
	}
	g->before = c->newest;
	c->newest = g;
	c->ctx.settings = &g->settings;
	log_init(c->role->name, settings_log_level(&g->settings));
	return ERR_OK;
}

static void free_settings(struct child *c)
{
	for (struct generation *g = c->newest, *before; g; g = before) {
		before = g->before;
		settings_fini(&g->settings);
		free(g);
	}
}

/* ---- while it runs ------------------------------------------------------------ */

static int64_t beat_period_ms(const struct child *c)
{
	return heartbeat_period_ms(c->ctx.settings->general.role_watchdog_s * 1000);
}

/* The pipe does not block: a supervisor that does not read, hears nothing either. */
static bool tell_supervisor(const struct child *c, struct str line)
{
	return write(c->ready_fd, line.p, line.n) == (ssize_t)line.n;
}

static void beat(void *arg)
{
	struct child *c = arg;
	tell_supervisor(c, STR(WORD_ALIVE));
	c->beat_due_ms = loop_now_ms(c->ctx.loop) + beat_period_ms(c);
	loop_timer_arm(c->beat, beat_period_ms(c));
}

/* The timer comes once a turn. While a database is locked a turn may take as often five seconds as
 * there are sessions. */
static void beat_if_due(void *arg)
{
	struct child *c = arg;
	if (loop_now_ms(c->ctx.loop) >= c->beat_due_ms)
		beat(c);
}

static void say_ready(struct role_context *ctx)
{
	struct child *c = ctx->process;
	beat(c);
	loop_on_step(ctx->loop, beat_if_due, c);
	loop_on_rest(ctx->loop, log_flush);
	log_gather();
}

/* The supervisor ends it (TERM) when it finds a store that a role can start with. Said until then,
 * each time anew. */
static void say_serves_on(struct role_context *ctx)
{
	tell_supervisor(ctx->process, STR(WORD_REPLACED));
}

static bool say_word(struct role_context *ctx, const struct running_word *word)
{
	struct buf line = { 0 };
	word_format(word, &line);
	bool told = tell_supervisor(ctx->process, buf_str(&line));
	buf_fini(&line);
	return told;
}

static void on_term(void *arg, int signum)
{
	struct child *c = arg;
	LOG(LOG_DEBUG, "stopping", LOG_I("signal", signum));
	role_stop(&c->ctx);
}

void role_hold_hup(bool hold)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void on_hup(void *arg, int signum)
{
	struct child *c = arg;
	struct buf message = { 0 };
	(void)signum;
	if (read_settings(c, &message) == ERR_OK)
		role_reload(&c->ctx);
	else
		LOG(LOG_ERROR, "settings-kept", LOG_S("why", buf_cstr(&message)));
	if (c->ctx.is_ready)
		beat(c);                /* the period may be a shorter one now */
	buf_fini(&message);
}

static void on_usr1(void *arg, int signum)
{
	struct child *c = arg;
	(void)signum;
	role_count(&c->ctx);
}

static int live(struct child *c)
{
	c->ctx.role = c->role;
	c->ctx.process = c;
	c->ctx.stop_limit_ms = ROLE_STOP_LIMIT_MS;
	c->ctx.loop = loop_create();
	c->ctx.ready = say_ready;
	c->ctx.serves_on = say_serves_on;
	c->ctx.tell = say_word;
	c->beat = loop_timer_create(c->ctx.loop, beat, c);
	struct loop_signal *term = loop_signal_create(c->ctx.loop, SIGTERM, on_term, c);
	struct loop_signal *hup = loop_signal_create(c->ctx.loop, SIGHUP, on_hup, c);
	struct loop_signal *usr1 = loop_signal_create(c->ctx.loop, SIGUSR1, on_usr1, c);
	role_hold_hup(false);
	int code = role_run(&c->ctx);
	log_flush();
	loop_signal_destroy(term);
	loop_signal_destroy(hup);
	loop_signal_destroy(usr1);
	loop_timer_destroy(c->beat);
	loop_destroy(c->ctx.loop);
	return code;
}

/* Dies with the supervisor, which may have died before we asked for it. */
static bool bind_to_parent(int parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

int supervisor_role_main(const struct role *const *roles, size_t n, int argc, char **argv)
{
	struct child c = { .settings_fd = ROLE_FD_SETTINGS, .ready_fd = ROLE_FD_READY };
	struct buf message = { 0 };
	int parent = 0;
	for (size_t i = 0; i < n; i++)
		if (argc == 2 && strcmp(argv[1], roles[i]->name) == 0)
			c.role = roles[i];
	if (!c.role || !number_from_environment(ENV_PARENT, &parent) || !take_sockets(&c)) {
		fputs("portreeve: role: expected to be started by \"portreeve run\"\n", stderr);
		return EX_USAGE;
	}
	if (!bind_to_parent(parent))
		return EX_TEMPFAIL;
	signal(SIGUSR1, SIG_IGN);       /* until the loop has it */
	signal(SIGINT, SIG_IGN);        /* from a terminal: the supervisor has it too */
	prctl(PR_SET_NAME, c.role->name);       /* executed by /proc/self/exe it is "exe" */
	log_never_wait();
	int code = EX_CONFIG;
	if (read_settings(&c, &message) == ERR_OK)
		code = live(&c);
	else
		LOG(LOG_ERROR, "no-settings", LOG_S("why", buf_cstr(&message)));
	free_settings(&c);
	buf_fini(&message);
	return code;
}
