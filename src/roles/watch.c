/* SPDX-License-Identifier: ISC
 *
 * Looks at the store's place four times a second: see watch.h.
 */
#include "roles/watch.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum { LOOK_MS = 250, STAY_MS = 1000 };

struct watch {
	struct loop *loop;
	struct loop_timer *timer;
	struct store *store;
	bool gone, replaced;
	void (*stay)(void *arg);
	void *arg;
};

static void on_replaced(struct watch *w)
{
	if (!w->replaced)
		LOG(LOG_ERROR, "store-replaced", LOG_S("why", store_message(w->store)),
		    LOG_S("effect", w->stay ? "what was read is served until the new one opens"
		                            : "this role ends and opens it anew"));
	w->replaced = true;
	if (!w->stay) {
		loop_stop(w->loop);
		return;
	}
	w->stay(w->arg);
	loop_timer_arm(w->timer, STAY_MS);
}

/* Other errors are told by whoever uses the store. */
static void look(void *arg)
{
	struct watch *w = arg;
	int e = w->replaced ? ERR_CLOSED : store_check(w->store);
	bool gone = e == ERR_NOT_FOUND;
	if (e == ERR_CLOSED) {
		on_replaced(w);
		return;
	}
	if (gone && !w->gone)
		LOG(LOG_ERROR, "store-gone", LOG_S("why", store_message(w->store)),
		    LOG_S("effect", "what was read stands; nothing new is kept"));
	if (w->gone && !gone)
		LOG(LOG_INFO, "store-there-again", LOG_S("result", err_text(e)));
	w->gone = gone;
	loop_timer_arm(w->timer, LOOK_MS);
}

struct watch *watch_create(struct loop *loop, struct store *store)
{
	struct watch *w = mem_zalloc(sizeof(*w));
	*w = (struct watch){ .loop = loop, .store = store };
	w->timer = loop_timer_create(loop, look, w);
	loop_timer_arm(w->timer, 0);
	return w;
}

void watch_stay(struct watch *w, void (*stay)(void *arg), void *arg)
{
	w->stay = stay;
	w->arg = arg;
}

bool watch_replaced(const struct watch *w)
{
	return w && w->replaced;
}

void watch_destroy(struct watch *w)
{
	if (!w)
		return;
	loop_timer_destroy(w->timer);
	free(w);
}
