/* SPDX-License-Identifier: ISC
 *
 * Passes over what is old, and a look at the clock before each: see upkeep.h.
 */
#include "roles/upkeep.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/clock.h"
#include "store/heartbeat.h"
#include "store/retention.h"
#include "store/upkeep.h"

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
	int64_t began_s, began_boot_ms;  /* when the clock was first found steady; 0: not yet */
	bool crept;
	int64_t known_s;                 /* of the heartbeat */
};

static void begin(struct upkeep *u, int64_t now_s)
{
	u->began_s = now_s;
	u->began_boot_ms = clock_boot_ms();
}

/* Against the time that has passed since then. That ends when somebody else writes the
 * heartbeat, as "clock accept" does. */
static bool has_crept(struct upkeep *u, int64_t now_s)
{
	struct store_clock clock;
	if (u->began_s == 0 || store_clock_look(u->store, now_s, &clock) != ERR_OK)
		return false;
	if (u->crept && clock.known_s != u->known_s)
		begin(u, now_s);
	u->known_s = clock.known_s;
	u->crept = heartbeat_crept(u->began_s, now_s, (clock_boot_ms() - u->began_boot_ms) / 1000,
	                           u->settings->store.clock_jump_max_s);
	return u->crept;
}

/* Whether the clock can be believed; says so when that changes. */
static bool clock_is_steady(struct upkeep *u)
{
	int64_t now_s = clock_now_s();
	bool crept = has_crept(u, now_s);
	bool jumped = crept || store_clock_beat(u->store, now_s) != ERR_OK;
	if (!jumped && u->began_s == 0)
		begin(u, now_s);
	if (jumped && !u->jumped)
		LOG(LOG_ERROR, "clock-jumped",
		    LOG_S("why", crept ? "it was set time and again, by more than "
		          "store.clock_jump_max in all; when the clock is right, run \"portreeve "
		          "clock accept\"" : store_message(u->store)));
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
