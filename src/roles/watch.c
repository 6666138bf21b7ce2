/* SPDX-License-Identifier: ISC */
#include "roles/watch.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum { LOOK_MS = 250 };

struct watch {
	struct loop *loop;
	struct loop_timer *timer;
	struct store *store;
	bool gone, replaced;
};

/* Other errors are told by whoever uses the store. */
static void look(void *arg)
{
	struct watch *w = arg;
	int e = store_check(w->store);
	bool gone = e == ERR_NOT_FOUND;
	if (e == ERR_CLOSED) {
		LOG(LOG_ERROR, "store-replaced", LOG_S("why", store_message(w->store)),
		    LOG_S("effect", "this role ends and opens it anew"));
		w->replaced = true;
		loop_stop(w->loop);
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
