/* SPDX-License-Identifier: ISC
 *
 * The holder of a lease. When in doubt it lives: two testers of one host would be worse than a
 * lease that runs out by itself.
 */
#include "store/holder.h"

#include "base/err.h"
#include "base/str.h"

#include <assert.h>
#include <stdio.h>

char *holder_format(const struct alive_id *id, char dst[static HOLDER_MAX])
{
	dst[0] = '\0';
	if (!id->boot[0] || !id->space || id->pid <= 0 || !id->started_ticks)
		return dst;
	int n = snprintf(dst, HOLDER_MAX, "%s %llu %lld %llu", id->boot,
	                 (unsigned long long)id->space, (long long)id->pid,
	                 (unsigned long long)id->started_ticks);
	assert(n > 0 && n < HOLDER_MAX);
	return dst;
}

int holder_parse(const char *text, struct alive_id *id)
{
	struct alive_id found = { 0 };
	struct str rest = str_of(text), boot, space, pid, start, more;
	uint64_t pid_value = 0;
	if (!str_token(&rest, " ", &boot) || !str_token(&rest, " ", &space) ||
	    !str_token(&rest, " ", &pid) || !str_token(&rest, " ", &start) ||
	    str_token(&rest, " ", &more))
		return ERR_INVALID;
	if (!str_copy(found.boot, sizeof(found.boot), boot) ||
	    str_u64(space, UINT64_MAX, &found.space) != ERR_OK ||
	    str_u64(pid, INT32_MAX, &pid_value) != ERR_OK ||
	    str_u64(start, UINT64_MAX, &found.started_ticks) != ERR_OK)
		return ERR_INVALID;
	if (found.space == 0 || pid_value == 0 || found.started_ticks == 0)
		return ERR_INVALID;
	found.pid = (int64_t)pid_value;
	*id = found;
	assert(id->pid > 0 && id->pid <= INT32_MAX);
	return ERR_OK;
}

bool holder_is_dead(const struct alive_id *holder, const struct alive_id *self,
                    const struct alive_sight *sight)
{
	assert(holder->pid > 0 && holder->started_ticks > 0);
	if (!self->boot[0])
		return false;
	if (strcmp(holder->boot, self->boot) != 0)
		return true;
	if (!self->space || holder->space != self->space)
		return false;
	switch (sight->what) {
	case ALIVE_GONE: return true;
	case ALIVE_THERE: return sight->started_ticks != 0 &&
	                         sight->started_ticks != holder->started_ticks;
	case ALIVE_UNKNOWN: return false;
	}
	return false;
}
