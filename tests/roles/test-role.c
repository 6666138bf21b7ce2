/* SPDX-License-Identifier: ISC
 *
 * The life that all roles have in common, with a role that only says which hook was called: their
 * order, what follows when one of them fails, HUP while it opens, a store that is replaced, a
 * second thread that hangs, and one that is woken by the list.
 */
#include "directory.h"
#include "test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "roles/role.h"
#include "settings/state.h"
#include "store/keys.h"
#include "store/list.h"
#include "sqlite/sqlite.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static char top[] = "/tmp/portreeve-role-XXXXXX";
static struct settings settings, other;

/* What the role in this row does; it says the names of its hooks to `out`. */
struct play {
	int prepare, open;           /* what these return */
	bool hup_while_opening;      /* other settings come */
	bool stops;                  /* in the loop, by TERM */
	bool has_thread;             /* whose step waits for a byte of `gate` */
	int64_t stop_limit_ms;
	int out, gate;
};

enum { LONG_MS = 30000, SHORT_MS = 50 };

static const struct play *play;

static void say(const char *what)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%s ", what);
	assert(write(play->out, line, (size_t)n) == n);
}

static int fake_prepare(struct role_context *ctx, struct buf *message)
{
	(void)message;
	assert(ctx->store == NULL && *(int *)ctx->own == 0);
	*(int *)ctx->own = 7;
	say("prepare");
	return play->prepare;
}

static int fake_open(struct role_context *ctx, struct buf *message)
{
	(void)message;
	assert(ctx->store && ctx->keys.has_signer && !ctx->keys.evidence);
	say("open");
	if (play->hup_while_opening) {
		ctx->settings = &other;
		role_reload(ctx);
	}
	return play->open;
}

static void fake_sandbox(const struct settings *s, struct role_sandbox *out)
{
	(void)s;
	role_may_read_list(out);
	role_may_read_keys(out);
	out->box.thread = play->has_thread;
	say("sandbox");
}

static void term(void *arg)
{
	role_stop(arg);
}

static int fake_start(struct role_context *ctx, struct buf *message)
{
	(void)message;
	say("start");
	if (play->stops)
		loop_timer_arm(loop_timer_create(ctx->loop, term, ctx), 0);
	return ERR_OK;
}

static void fake_reload(struct role_context *ctx)
{
	say(ctx->settings == &other ? "reload-new" : "reload-old");
}

static void fake_store_replaced(struct role_context *ctx)
{
	say(ctx->store ? "replaced" : "replaced-again");
}

static void fake_close(struct role_context *ctx)
{
	assert(*(int *)ctx->own == 7);
	say("close");
}

static const struct role fake = {
	.name = "fake", .may_write = STORE_READS, .waits_for_store = true, .keys = ROLE_TOKEN_KEYS,
	.own_bytes = sizeof(int), .prepare = fake_prepare, .open = fake_open,
	.sandbox = fake_sandbox, .start = fake_start, .reload = fake_reload, .close = fake_close,
};

/* ---- one whose step waits ------------------------------------------------------------- */

/* In the middle of whatever it reads. */
static int64_t fake_step(struct role_context *ctx)
{
	char byte;
	(void)ctx;
	say("step");
	return read(play->gate, &byte, 1) == 1 ? 1 : -1;
}

static const struct role with_step = {
	.name = "fake", .may_write = STORE_READS, .keys = ROLE_TOKEN_KEYS,
	.own_bytes = sizeof(int), .prepare = fake_prepare, .open = fake_open,
	.sandbox = fake_sandbox, .step = fake_step, .without = "the rest goes on",
	.reload = fake_reload, .close = fake_close,
};

/* ---- one whose next step is due in an hour ------------------------------------------------ */

static int64_t hourly_step(struct role_context *ctx)
{
	(void)ctx;
	say("step");
	return 3600 * 1000;
}

static const struct role hourly = {
	.name = "fake", .may_write = STORE_READS, .keys = ROLE_TOKEN_KEYS,
	.own_bytes = sizeof(int), .prepare = fake_prepare, .open = fake_open,
	.sandbox = fake_sandbox, .step = hourly_step, .without = "the rest goes on",
	.reload = fake_reload, .close = fake_close,
};

/* The same by a thread of the role's own, as the collector has it. */
static struct thread *own_thread;

static int64_t step_of_own_thread(void *arg)
{
	return fake_step(arg);
}

static int start_own_thread(struct role_context *ctx, struct buf *message)
{
	(void)message;
	own_thread = thread_start(step_of_own_thread, ctx);
	return own_thread ? ERR_OK : ERR_LIMIT;
}

static int64_t since_of_own_thread(const struct role_context *ctx)
{
	(void)ctx;
	return thread_since_ms(own_thread);
}

static void close_own_thread(struct role_context *ctx)
{
	if (thread_stop(own_thread, ctx->stop_limit_ms) != ERR_OK)
		role_abandon(ctx);
	say("close");
}

static const struct role with_thread = {
	.name = "fake", .may_write = STORE_READS, .keys = ROLE_TOKEN_KEYS,
	.own_bytes = sizeof(int), .prepare = fake_prepare, .open = fake_open,
	.sandbox = fake_sandbox, .start = start_own_thread, .since_ms = since_of_own_thread,
	.without = "the rest goes on", .reload = fake_reload, .close = close_own_thread,
};

/* ---- its process --------------------------------------------------------------------- */

static void on_ready(struct role_context *ctx)
{
	(void)ctx;
	say("ready");
}

static void on_serves_on(struct role_context *ctx)
{
	say("serves-on");
	role_stop(ctx);
}

static void on_term(void *arg, int signum)
{
	(void)signum;
	role_stop(arg);
}

/* What it logs goes where it says its hooks. */
static void live(const struct role *role)
{
	struct role_context ctx = { .role = role, .settings = &settings, .files_fd = -1,
	                            .loop = loop_create(), .ready = on_ready,
	                            .serves_on = on_serves_on,
	                            .stop_limit_ms = play->stop_limit_ms };
	log_init("test", LOG_ERROR);
	if (play->has_thread) {
		dup2(play->out, STDERR_FILENO);
		log_init("test", LOG_INFO);
	}
	loop_signal_create(ctx.loop, SIGTERM, on_term, &ctx);
	_exit(role_run(&ctx));
}

static pid_t begin(const struct role *role, struct play *p, int *in)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		play = p;
		p->out = ends[1];
		live(role);
	}
	close(ends[1]);
	*in = ends[0];
	return pid;
}

/* Reads what it says until `until` or its end. */
static void read_until(int in, const char *until, struct buf *said)
{
	char byte;
	while (!(until && strstr(buf_cstr(said), until)) && read(in, &byte, 1) == 1)
		buf_add_byte(said, byte);
}

static int finish(pid_t pid, int in, struct buf *said)
{
	int status;
	read_until(in, NULL, said);
	close(in);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int prepare_as_owner(void)
{
	struct buf message = { 0 };
	struct store *store = NULL;
	int e = state_enter(&settings, 0, &message);
	if (e == ERR_OK)
		e = keys_ensure(STATE_HERE, clock_now_s(), &message);
	if (e == ERR_OK)
		e = store_sqlite_open(STATE_HERE, STORE_ALL, &store, &message);
	store_close(store);
	if (e != ERR_OK)
		fprintf(stderr, "%s\n", buf_cstr(&message));
	buf_fini(&message);
	return e == ERR_OK ? 0 : 1;
}

static int by_owner(int (*what)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(what());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int setup(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (!mkdtemp(top) || chmod(top, 0755) != 0)
		return -1;
	char *text = mem_printf("state_directory = \"%s/state\"\nuser = \"nobody\"\n"
	                        "role_watchdog = 1s\n", top);
	assert_int_equal(settings_load_text(&settings, str_of(text), &message), ERR_OK);
	assert_int_equal(settings_load_text(&other, str_of(text), &message), ERR_OK);
	free(text);
	assert_int_equal(state_prepare(&settings, true, &message), ERR_OK);
	buf_fini(&message);
	return by_owner(prepare_as_owner);
}

static int clean(void **state)
{
	(void)state;
	settings_fini(&settings);
	settings_fini(&other);
	return directory_remove(top);
}

/* ---- the tests ------------------------------------------------------------------------- */

static void test_order(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct play play;
		int code;
		const char *said;
	} rows[] = {
		{ "from begin to end", { .stops = true }, EX_OK,
		  "prepare open sandbox start ready close " },
		{ "HUP while it opens", { .stops = true, .hup_while_opening = true }, EX_OK,
		  "prepare open sandbox start reload-new ready close " },
		{ "prepare fails", { .prepare = ERR_DENIED }, EX_NOPERM, "prepare close " },
		{ "open fails", { .open = ERR_INVALID }, EX_CONFIG, "prepare open close " },
		{ "open fails for a while", { .open = ERR_BUSY }, EX_TEMPFAIL,
		  "prepare open close " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct play p = rows[i].play;
		struct buf said = { 0 };
		int in;
		pid_t pid = begin(&fake, &p, &in);
		int code = finish(pid, in, &said);
		assert_string_equal(buf_cstr(&said), rows[i].said);
		CHECK_ROW(rows[i].name, code == rows[i].code);
		buf_fini(&said);
	}
}

static int replace_store(void)
{
	struct buf message = { 0 };
	static const char *const names[] = { "portreeve.db", "portreeve.db-wal",
	                                     "portreeve.db-shm" };
	if (state_enter(&settings, 0, &message) != ERR_OK)
		return 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
	return prepare_as_owner();
}

static void test_replaced_store(void **state)
{
	(void)state;
	struct role stays = fake;
	stays.store_replaced = fake_store_replaced;
	const struct { const struct role *role; int code; const char *said; } rows[] = {
		{ &fake, ROLE_STORE_REPLACED, "prepare open sandbox start ready close " },
		{ &stays, ROLE_STORE_REPLACED,
		  "prepare open sandbox start ready replaced serves-on close " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct play p = { 0 };
		struct buf said = { 0 };
		int in;
		pid_t pid = begin(rows[i].role, &p, &in);
		read_until(in, "ready ", &said);
		assert_int_equal(by_owner(replace_store), 0);
		int code = finish(pid, in, &said);
		assert_string_equal(buf_cstr(&said), rows[i].said);
		assert_int_equal(code, rows[i].code);
		buf_fini(&said);
	}
}

/* Waits until it has said it, and forgets that. */
static void hear(int in, const char *what, struct buf *said)
{
	read_until(in, what, said);
	if (!strstr(buf_cstr(said), what))
		fail_msg("expected \"%s\" in \"%s\"", what, buf_cstr(said));
	buf_clear(said);
}

/* A role whose thread hangs says so once, and that it goes on, and lives; TERM ends it with its
 * step, or without it. */
static void check_hang(const struct role *role, bool ends)
{
	int gate[2], in, code;
	struct buf said = { 0 };
	assert_int_equal(pipe(gate), 0);
	struct play p = { .has_thread = true, .gate = gate[0],
	                  .stop_limit_ms = ends ? LONG_MS : SHORT_MS };
	pid_t pid = begin(role, &p, &in);
	hear(in, "error test step-hangs role=fake for-ms=1", &said);
	hear(in, "meanwhile=\"the rest goes on\"\n", &said);
	assert_int_equal(write(gate[1], "x", 1), 1);
	hear(in, "info test step-goes-on role=fake after-ms=1", &said);
	hear(in, "error test step-hangs role=fake for-ms=1", &said);
	kill(pid, SIGTERM);
	if (ends)
		assert_int_equal(write(gate[1], "xxx", 3), 3);
	code = finish(pid, in, &said);
	if (ends) {
		assert_int_equal(code, EX_OK);
		assert_non_null(strstr(buf_cstr(&said), "close "));
	} else {
		assert_int_equal(code, EX_TEMPFAIL);
		assert_non_null(strstr(buf_cstr(&said), "error test stop-timeout role=fake "
		                       "after-ms=50 why=\"its second thread hangs in a step\""));
		assert_null(strstr(buf_cstr(&said), "close "));
	}
	close(gate[0]);
	close(gate[1]);
	buf_fini(&said);
}

static void test_thread_that_hangs(void **state)
{
	(void)state;
	check_hang(&with_step, true);
	check_hang(&with_step, false);
	check_hang(&with_thread, true);
	check_hang(&with_thread, false);
}

static int change_list(bool listed)
{
	static const struct lifecycle_policy policy = { 0 };
	struct buf message = { 0 };
	struct store *store = NULL;
	struct ip ip = ip_from_v4(8, 8, 4, 4);
	int e = state_enter(&settings, 0, &message);
	if (e == ERR_OK)
		e = store_sqlite_open(STATE_HERE, STORE_ALL, &store, &message);
	if (e == ERR_OK)
		e = listed ? store_list(store, &ip, "operator", "spam", &policy, clock_now_s())
		           : store_delist(store, &ip, "operator", "no spam", clock_now_s());
	if (e != ERR_OK)
		fprintf(stderr, "%s%s\n", buf_cstr(&message), store ? store_message(store) : "");
	store_close(store);
	buf_fini(&message);
	return e == ERR_OK ? 0 : 1;
}

static int list_one(void)
{
	return change_list(true);
}

static int delist_one(void)
{
	return change_list(false);
}

/* What changes the list is seen at once, not when it is looked for. */
static void test_list_wakes_thread(void **state)
{
	struct play p = { .has_thread = true, .stop_limit_ms = LONG_MS };
	struct buf said = { 0 };
	int in;
	(void)state;
	pid_t pid = begin(&hourly, &p, &in);
	read_until(in, "step ", &said);
	read_until(in, "ready ", &said);
	for (int i = 0; i < 2; i++) {
		buf_clear(&said);
		assert_int_equal(by_owner(i == 0 ? list_one : delist_one), 0);
		read_until(in, "step ", &said);
	}
	kill(pid, SIGTERM);
	assert_int_equal(finish(pid, in, &said), EX_OK);
	assert_non_null(strstr(buf_cstr(&said), "close "));
	buf_fini(&said);
}

static void test_exit_codes(void **state)
{
	(void)state;
	static const struct { int err, code; } rows[] = {
		{ ERR_OK, EX_OK }, { ERR_INVALID, EX_CONFIG }, { ERR_DENIED, EX_NOPERM },
		{ ERR_NOT_FOUND, EX_TEMPFAIL }, { ERR_BUSY, EX_TEMPFAIL }, { ERR_IO, EX_TEMPFAIL },
		{ ERR_FULL, EX_TEMPFAIL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(role_exit_code(rows[i].err), rows[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_replaced_store),
		cmocka_unit_test(test_thread_that_hangs),
		cmocka_unit_test(test_list_wakes_thread),
		cmocka_unit_test(test_exit_codes),
	};
	return cmocka_run_group_tests(tests, setup, clean);
}
