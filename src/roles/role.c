/* SPDX-License-Identifier: ISC
 *
 * Runs any role: calls the hooks of its table in their order, and does between them what all
 * roles do alike. It is the only place that opens a role's store.
 */
#include "roles/role.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "roles/upkeep.h"
#include "roles/watch.h"
#include "roles/word.h"
#include "settings/open.h"
#include "settings/state.h"
#include "store/upkeep.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum { STORE_TRIES = 300, STORE_RETRY_MS = 100, SERVES_ON_MS = 1000 };

/* ---- opening ------------------------------------------------------------------- */

static int role_open_store(struct role_context *ctx, struct buf *message)
{
	return settings_store_open(ctx->settings, ctx->role->may_write, &ctx->store, message);
}

/* At the first start of a machine another role is just making the database, or putting aside
 * what one that was replaced has left. The loop turns meanwhile: for TERM, HUP. */
static int wait_for_store(struct role_context *ctx, struct buf *message)
{
	int tries = ctx->role->waits_for_store ? STORE_TRIES : 1, e = ERR_NOT_FOUND;
	for (int i = 0; i < tries && !ctx->stopping; i++) {
		buf_clear(message);
		if (i > 0)
			loop_run_once(ctx->loop, STORE_RETRY_MS);
		e = role_open_store(ctx, message);
		if (e != ERR_NOT_FOUND && e != ERR_BUSY && e != ERR_AGAIN)
			break;
	}
	return e;
}

static int read_role_keys(struct role_context *ctx, struct buf *message)
{
	if (ctx->role->keys == ROLE_NO_KEYS)
		return ERR_OK;
	return assembly_keys_load(&ctx->keys, ctx->role->keys == ROLE_ALL_KEYS, message);
}

static int open_role(struct role_context *ctx, struct buf *message)
{
	const struct role *role = ctx->role;
	int e = role->prepare ? role->prepare(ctx, message) : ERR_OK;
	if (e == ERR_OK)
		e = state_enter(ctx->opened_with, role->keep, message);
	if (e == ERR_OK)
		e = read_role_keys(ctx, message);
	if (e == ERR_OK && !role->no_store)
		e = wait_for_store(ctx, message);
	if (e != ERR_OK)
		return e;
	e = role->open(ctx, message);
	if (e == ERR_OK)
		ctx->news_fd = role->step ? store_news(ctx->store) : -1;
	return e == ERR_OK ? role_enter_sandbox(role, ctx->opened_with, message) : e;
}

/* ---- in the loop ------------------------------------------------------------------- */

/* Of whoever has the store: the loop, or the role's thread. */
static void look_at_store(struct role_context *ctx)
{
	const struct role *role = ctx->role;
	if (atomic_load(&ctx->replaced) ||
	    !watch_look(&ctx->watch, ctx->store, role->store_replaced != NULL))
		return;
	if (role->store_replaced) {
		role->store_replaced(ctx);
		/* The locks of what was replaced would stop who opens the new one. */
		store_close(ctx->store);
		ctx->store = NULL;
	}
	atomic_store(&ctx->replaced, true);
}

/* Of the second thread, whichever the role has. */
static int64_t second_thread_since_ms(const struct role_context *ctx)
{
	if (ctx->thread)
		return thread_since_ms(ctx->thread);
	return ctx->role->since_ms ? ctx->role->since_ms(ctx) : INT64_MAX;
}

static void look_for_hang(struct role_context *ctx)
{
	int64_t now_ms = clock_mono_ms();
	int64_t late_ms = now_ms > ctx->look_due_ms ? now_ms - ctx->look_due_ms : 0;
	struct hang *h = &ctx->hang;
	switch (hang_look(h, now_ms, late_ms, second_thread_since_ms(ctx),
	                  ctx->settings->general.role_watchdog_s * 1000)) {
	case HANG_BEGAN:
		LOG(LOG_ERROR, "step-hangs", LOG_S("role", ctx->role->name),
		    LOG_I("for-ms", h->for_ms), LOG_S("meanwhile", ctx->role->without));
		break;
	case HANG_OVER:
		LOG(LOG_INFO, "step-goes-on", LOG_S("role", ctx->role->name),
		    LOG_I("after-ms", h->for_ms));
		break;
	case HANG_NOTHING:
		break;
	}
}

static void arm_look(struct role_context *ctx, int64_t delay_ms)
{
	ctx->look_due_ms = clock_mono_ms() + delay_ms;
	loop_timer_arm(ctx->look, delay_ms);
}

/* What others are to know of it, when that has changed. */
static void tell_word(struct role_context *ctx)
{
	struct running_word word = { .hangs = ctx->hang.said };
	if (!ctx->tell)
		return;
	if (ctx->role->word)
		ctx->role->word(ctx, &word);
	if (!word_same(&word, &ctx->told) && ctx->tell(ctx, &word))
		ctx->told = word;
}

/* Of the timer. */
static void look_in_loop(void *arg)
{
	struct role_context *ctx = arg;
	look_for_hang(ctx);
	tell_word(ctx);
	if (!ctx->role->step && !ctx->role->no_store)
		look_at_store(ctx);
	bool replaced = atomic_load(&ctx->replaced);
	if (replaced && !ctx->role->store_replaced) {
		loop_stop(ctx->loop);
		return;
	}
	if (replaced)
		ctx->serves_on(ctx);
	arm_look(ctx, replaced ? SERVES_ON_MS : WATCH_MS);
}

/* Of the role's thread. */
static int64_t step_in_thread(void *arg)
{
	struct role_context *ctx = arg;
	look_at_store(ctx);
	return atomic_load(&ctx->replaced) ? -1 : ctx->role->step(ctx);
}

/* Of the loop: the list has changed. What the descriptor holds is of no interest. */
static void on_news(void *arg, unsigned events)
{
	struct role_context *ctx = arg;
	char bytes[4096];
	(void)events;
	while (read(ctx->news_fd, bytes, sizeof(bytes)) > 0)
		continue;
	thread_wake(ctx->thread);
}

static void take_over_settings(struct role_context *ctx)
{
	struct buf message = { 0 };
	if (read_role_keys(ctx, &message) != ERR_OK)
		LOG(LOG_ERROR, "keys-kept", LOG_S("why", buf_cstr(&message)));
	buf_fini(&message);
	if (!ctx->role->step && ctx->store)
		settings_rules(ctx->settings, ctx->store);
	ctx->role->reload(ctx);
	if (ctx->thread)
		thread_wake(ctx->thread);
	if (ctx->upkeep)
		upkeep_reload(ctx->upkeep, ctx->settings);
}

static int serve(struct role_context *ctx, struct buf *message)
{
	const struct role *role = ctx->role;
	int e = role->start ? role->start(ctx, message) : ERR_OK;
	if (e != ERR_OK)
		return e;
	if (role->upkeep)
		ctx->upkeep = upkeep_create(ctx->loop, ctx->store, ctx->settings);
	if (role->step && !(ctx->thread = thread_start(step_in_thread, ctx))) {
		buf_add_cstr(message, "no second thread can be started");
		return ERR_LIMIT;
	}
	if (ctx->thread && ctx->news_fd >= 0) {
		ctx->news = loop_watch_create(ctx->loop, ctx->news_fd, on_news, ctx);
		loop_watch_set(ctx->news, LOOP_READ);
	}
	ctx->look = loop_timer_create(ctx->loop, look_in_loop, ctx);
	arm_look(ctx, 0);
	if (ctx->settings != ctx->opened_with)
		take_over_settings(ctx);
	ctx->is_ready = true;
	ctx->ready(ctx);
	if (!ctx->stopping)
		loop_run(ctx->loop);
	return ERR_OK;
}

void role_stop(struct role_context *ctx)
{
	ctx->stopping = true;
	loop_stop(ctx->loop);
}

/* A role that is still opening makes up for it when it is ready. */
void role_reload(struct role_context *ctx)
{
	if (ctx->is_ready)
		take_over_settings(ctx);
}

void role_count(const struct role_context *ctx)
{
	struct log_field fields[ROLE_COUNTERS_MAX];
	if (!ctx->is_ready || !ctx->role->counters)
		return;
	size_t n = ctx->role->counters(ctx, fields);
	assert(n <= ROLE_COUNTERS_MAX);
	log_event(LOG_INFO, "counters", fields, n);
}

/* ---- from the first hook to the last ---------------------------------------------------- */

void role_abandon(const struct role_context *ctx)
{
	LOG(LOG_ERROR, "stop-timeout", LOG_S("role", ctx->role->name),
	    LOG_I("after-ms", ctx->stop_limit_ms),
	    LOG_S("why", "its second thread hangs in a step"));
	_exit(EX_TEMPFAIL);
}

static void close_role(struct role_context *ctx)
{
	loop_timer_destroy(ctx->look);
	loop_watch_destroy(ctx->news);
	if (thread_stop(ctx->thread, ctx->stop_limit_ms) != ERR_OK)
		role_abandon(ctx);
	upkeep_destroy(ctx->upkeep);
	ctx->role->close(ctx);
	store_close(ctx->store);
	assembly_keys_fini(&ctx->keys);
	free(ctx->own);
	ctx->own = NULL;
	for (size_t i = 0; i < ctx->socket_count; i++)
		close(ctx->sockets[i].fd);
	if (ctx->files_fd >= 0)
		close(ctx->files_fd);
	if (ctx->news_fd >= 0)
		close(ctx->news_fd);
}

int role_exit_code(int err)
{
	switch (err) {
	case ERR_OK: return EX_OK;
	case ERR_INVALID: return EX_CONFIG;
	case ERR_DENIED: return EX_NOPERM;
	default: return EX_TEMPFAIL;
	}
}

int role_run(struct role_context *ctx)
{
	struct buf message = { 0 };
	ctx->own = mem_zalloc(ctx->role->own_bytes);
	ctx->news_fd = -1;
	ctx->opened_with = ctx->settings;
	int e = open_role(ctx, &message);
	if (e == ERR_OK)
		e = serve(ctx, &message);
	if (e != ERR_OK && ctx->stopping)
		e = ERR_OK;
	if (e != ERR_OK)
		LOG(LOG_ERROR, "cannot-start", LOG_S("why", buf_cstr(&message)));
	bool replaced = atomic_load(&ctx->replaced);
	close_role(ctx);
	buf_fini(&message);
	return replaced ? ROLE_STORE_REPLACED : role_exit_code(e);
}
