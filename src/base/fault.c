/* SPDX-License-Identifier: ISC
 *
 * When the log says that a fault is there.
 */
#include "base/fault.h"

#include <assert.h>

bool fault_met(struct fault *f, int64_t now_ms)
{
	assert(!f->told_before || now_ms >= f->told_ms);
	if (!f->lasts) {
		f->lasts = true;
		f->told = false;
		f->began_ms = now_ms;
	}
	if (f->told_before && now_ms - f->told_ms < FAULT_SAID_EVERY_MS)
		return false;
	f->told = f->told_before = true;
	f->told_ms = now_ms;
	return true;
}

bool fault_over(struct fault *f, int64_t now_ms, int64_t *lasted_ms)
{
	bool told = f->lasts && f->told;
	*lasted_ms = f->lasts ? now_ms - f->began_ms : 0;
	f->lasts = f->told = false;
	return told;
}
