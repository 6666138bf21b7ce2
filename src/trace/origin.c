/* SPDX-License-Identifier: ISC
 *
 * The believed origin: the deepest public address over links that hold. Behind a
 * provider's web mailer that is the address which the provider's own header names,
 * and only if the last believed host is the provider's: anyone can write the header.
 */
#include "trace/trace-private.h"

#include "trace/names.h"
#include "trace/providers.h"

/* The last line whose link holds; the handover's own if none below does. */
static size_t last_believed(const struct trace *t)
{
	size_t i = t->handover_hop;
	while (i + 1 < t->hop_count && t->hops[i + 1].zone == TRACE_LINKED)
		i++;
	return i;
}

/* The provider whose server the last believed host is, or NULL. */
static const struct provider *last_provider(const struct trace *t, size_t last)
{
	const struct received *r = &t->hops[last].line;
	while (r->by.n == 0 && last > t->handover_hop)
		r = &t->hops[--last].line;
	if (r->ip.family == 0 || ip_is_loopback(&r->ip) || ip_is_private(&r->ip))
		return last > t->handover_hop ? provider_of(r->by) : NULL;
	if (r->auth || r->rdns_doubtful || r->rdns.n == 0 || name_is_generic(r->rdns, &r->ip))
		return NULL;
	return provider_of(r->rdns);
}

static void from_headers(struct trace *t, const struct provider *p)
{
	for (size_t i = 0; i < t->client_count; i++) {
		const struct trace_client *c = &t->client[i];
		struct ip ip;
		if (!p || !provider_writes(p, c->name)) {
			why_add(&t->why, WHY_HEADER_UNUSED, c->name, STR(""));
		} else if (received_address(str_trim(c->value), &ip) && ip_is_public(&ip)) {
			t->origin = ip;
			t->origin_header = c->name;
			why_add(&t->why, WHY_ORIGIN_HEADER, c->name, str_of(p->name));
			return;
		}
	}
}

void origin_find(struct trace *t)
{
	size_t last = last_believed(t), named = t->handover_hop;
	for (size_t i = t->handover_hop; i <= last; i++)
		if (given_is_public(t, &t->hops[i].line))
			named = i;
	t->origin = t->hops[named].line.ip;
	if (named == t->handover_hop)
		why_add(&t->why, WHY_ORIGIN_HANDOVER, STR(""), STR(""));
	else
		why_add(&t->why, WHY_ORIGIN_LINKED, t->hops[named].line.by, STR(""));
	if (t->client_count && t->hops[last].line.form != RECEIVED_WEB)
		from_headers(t, last_provider(t, last));
}
