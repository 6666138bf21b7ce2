/* SPDX-License-Identifier: ISC
 *
 * One look at a role's store, and the lines that tell what was seen.
 */
#include "roles/watch.h"

#include "base/log.h"
#include "store/upkeep.h"

/* Other errors are told by whoever uses the store. */
bool watch_look(struct watch *w, struct store *store, bool serves_on)
{
	int e = store_check(store);
	bool gone = e == ERR_NOT_FOUND;
	if (e == ERR_CLOSED) {
		LOG(LOG_ERROR, "store-replaced", LOG_S("why", store_message(store)),
		    LOG_S("effect", serves_on ? "what was read is served until the new one opens"
		                              : "this role ends and opens it anew"));
		return true;
	}
	if (gone && !w->gone)
		LOG(LOG_ERROR, "store-gone", LOG_S("why", store_message(store)),
		    LOG_S("effect", "what was read stands; nothing new is kept"));
	if (w->gone && !gone)
		LOG(LOG_INFO, "store-there-again", LOG_S("result", err_text(e)));
	w->gone = gone;
	return false;
}
