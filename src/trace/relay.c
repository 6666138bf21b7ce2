/* SPDX-License-Identifier: ISC
 *
 * The relay that was abused: a third party's host in the believed chain that took
 * the message from someone unlike itself, without login. It is a reason to test the
 * host, never a verdict; so hosts whose job is to pass on mail are left out.
 */
#include "trace/trace-private.h"

#include "trace/names.h"
#include "trace/providers.h"

/* A believed host and the line that it wrote. */
struct passing {
	const struct received *line;
	struct ip ip;            /* the host, as the line above saw it */
	struct str rdns;
};

static bool sends_for_customers(struct str host)
{
	static const char *const words[] = { "smtp-out", "smtpout", "mail-out", "mailout",
	                                     "outbound", "outgoing", "smarthost", "mta-out",
	                                     "mxout", "mx-out", "out." };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_caseprefix(host, str_of(words[i])) ||
		    (i + 1 < sizeof(words) / sizeof(words[0]) &&
		     str_casesearch(host, str_of(words[i])) != SIZE_MAX))
			return true;
	return false;
}

static struct str domain_of(struct str address)
{
	for (size_t i = address.n; i-- > 0;)
		if (address.p[i] == '@')
			return str_from(address, i + 1);
	return STR("");
}

static bool is_for_own_user(const struct passing *h)
{
	struct str domain = domain_of(h->line->recipient);
	return domain.n && (name_eq(domain, h->line->by) || name_same_org(domain, h->line->by) ||
	                    (h->rdns.n && name_same_org(domain, h->rdns)));
}

static bool is_alike(const struct passing *h)
{
	const struct received *r = h->line;
	if (ip_is_near(&r->ip, &h->ip))
		return true;
	if (r->rdns.n == 0)
		return false;
	return name_same_org(r->rdns, r->by) || (h->rdns.n && name_same_org(r->rdns, h->rdns));
}

/* Adds why the host is none, or why it is one. */
static bool is_relay(struct trace *t, const struct passing *h)
{
	const struct received *r = h->line;
	const struct provider *p = provider_of(r->by);
	struct trace_whys *why = &t->relay_why;
	if (!p && h->rdns.n)
		p = provider_of(h->rdns);
	if (r->auth)
		why_add(why, WHY_RELAY_LOGIN, r->by, STR(""));
	else if (p)
		why_add(why, WHY_RELAY_PROVIDER, r->by, str_of(p->name));
	else if (is_alike(h))
		why_add(why, WHY_RELAY_ALIKE, r->by, r->rdns.n ? r->rdns : r->helo);
	else if (t->list.n)
		why_add(why, WHY_RELAY_LIST, r->by, t->list);
	else if (is_for_own_user(h))
		why_add(why, WHY_RELAY_FORWARDER, r->by, r->recipient);
	else if (sends_for_customers(r->by) || sends_for_customers(h->rdns))
		why_add(why, WHY_RELAY_SMARTHOST, r->by, STR(""));
	else
		return true;
	return false;
}

void relay_find(struct trace *t, const struct trace_border *b)
{
	const struct received *border = &t->hops[t->handover_hop].line;
	struct passing h = { .ip = border->ip, .rdns = border->rdns };
	for (size_t i = t->handover_hop + 1;
	     i < t->hop_count && t->hops[i].zone == TRACE_LINKED; i++) {
		const struct received *r = &t->hops[i].line;
		if (!ip_is_public(&r->ip))
			continue;
		h.line = r;
		if (!ip_eq(&r->ip, &h.ip) && !border_is_own_ip(b, &h.ip) && is_relay(t, &h)) {
			t->relay = h.ip;
			t->relay_why.n = 0;
			why_add(&t->relay_why, WHY_RELAY, r->by, r->rdns.n ? r->rdns : r->helo);
		}
		h.ip = r->ip;
		h.rdns = r->rdns;
	}
	if (t->relay_why.n == 0)
		why_add(&t->relay_why, WHY_RELAY_NONE, STR(""), STR(""));
}
