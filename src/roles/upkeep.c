/* SPDX-License-Identifier: ISC */
#include "roles/upkeep.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
	PASS_ROWS = 200, PASS_PAUSE_MS = 2000, REST_MS = 3600 * 1000, CLOCK_EVERY_MS = 10 * 1000,
};

struct upkeep {
	struct loop_timer *timer;
	struct store *store;
	const struct settings *settings;
	struct store_expiry expiry;
	int64_t rest_until_ms;           /* monotonic */
	bool jumped;
};

/* Whether the clock can be believed; says so when that changes. */
static bool clock_is_steady(struct upkeep *u)
{
	int e = store_clock_beat(u->store, clock_now_s());
	bool jumped = e != ERR_OK;
	if (jumped && !u->jumped)
		LOG(LOG_ERROR, "clock-jumped", LOG_S("why", store_message(u->store)));
	if (!jumped && u->jumped)
		LOG(LOG_INFO, "clock-steady");
	u->jumped = jumped;
	return !jumped;
}

static void expire(struct upkeep *u)
{
	struct store_expiry *x = &u->expiry;
	int e = store_expire(u->store, &u->settings->store, clock_now_s(), PASS_ROWS, false, x);
	if (e != ERR_OK)
		LOG(LOG_WARN, "upkeep-failed", LOG_S("why", store_message(u->store)));
	else if (!x->over)
		return;
	uint64_t removed = 0;
	for (size_t i = 0; i < RETAINED_KINDS; i++)
		removed += x->removed[i];
	if (removed)
		LOG(LOG_INFO, "expired", LOG_I("tests", x->removed[RETAINED_TEST]),
		    LOG_I("evidence", x->removed[RETAINED_EVIDENCE]),
		    LOG_I("returns", x->removed[RETAINED_RETURN]),
		    LOG_I("requests", x->removed[RETAINED_REQUEST]));
	*x = (struct store_expiry){ 0 };
	u->rest_until_ms = clock_mono_ms() + REST_MS;
}

static void pass(void *arg)
{
	struct upkeep *u = arg;
	bool steady = clock_is_steady(u);
	if (steady && clock_mono_ms() >= u->rest_until_ms)
		expire(u);
	bool more = steady && clock_mono_ms() >= u->rest_until_ms;
	loop_timer_arm(u->timer, more ? PASS_PAUSE_MS : CLOCK_EVERY_MS);
}

struct upkeep *upkeep_create(struct loop *loop, struct store *store, const struct settings *s)
{
	struct upkeep *u = mem_zalloc(sizeof(*u));
	*u = (struct upkeep){ .store = store, .settings = s };
	u->timer = loop_timer_create(loop, pass, u);
	loop_timer_arm(u->timer, 0);
	return u;
}

void upkeep_reload(struct upkeep *u, const struct settings *s)
{
	u->settings = s;
}

void upkeep_destroy(struct upkeep *u)
{
	if (!u)
		return;
	loop_timer_destroy(u->timer);
	free(u);
}
