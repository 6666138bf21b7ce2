/* SPDX-License-Identifier: ISC
 *
 * Whether an address can have sent a message: whether a registry had been given it by then.
 */
#include "trace/trace-private.h"

#include "trace/allocation.h"
#include "trace/names.h"

bool given_then(const struct trace *t, const struct received *r, const struct ip *ip)
{
	const struct received *border = &t->hops[t->handover_hop].line;
	int64_t time_s = border->has_time ? border->date.time_s : 0;
	if (r->has_time && r->date.time_s > time_s)
		time_s = r->date.time_s;
	return allocation_was_given(ip, time_s);
}

bool given_is_public(const struct trace *t, const struct received *r)
{
	return ip_is_public(&r->ip) && given_then(t, r, &r->ip);
}
