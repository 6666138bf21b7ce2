/* SPDX-License-Identifier: ISC
 *
 * The links below the handover. A line is believed if a believed line says that its
 * writer was the peer: by the name that was looked up, or by address. A name said in
 * HELO proves nothing. Once a link breaks, nothing below is believed again.
 */
#include "trace/trace-private.h"

#include "trace/names.h"
#include "trace/providers.h"

enum peer_kind {
	PEER_REMOTE,             /* a public address */
	PEER_PRIVATE,            /* an address inside the writer's network */
	PEER_SELF,               /* the writer itself: loopback, pickup, a local user */
	PEER_NAMELESS,           /* a name or nothing, and no address */
};

/* Whom the line above took the message from. */
struct peer {
	enum peer_kind kind;
	struct ip ip;
	struct str rdns, helo;
	struct str writer;       /* who says so */
	bool doubtful;           /* rdns does not lead back to ip */
};

/* Protocols that are spoken only between the machines of one site. */
static bool is_site_protocol(const struct received *r)
{
	return str_caseeq(r->with, STR("QMQP")) || str_caseeq(r->with, STR("NNFMP")) ||
	       str_caseeq(r->with, STR("LMTP"));
}

/* A machine beside the writer: it has no name of its own and is in the same /24 or
 * /64, or in the same /32 of a writer that tells its own address. */
static bool is_beside(const struct received *r, const struct ip *writer)
{
	if (r->ip.family == 0 || r->rdns.n || r->auth || writer->family == 0)
		return false;
	if (r->ip.family == 6 && r->by_ip.family == 6)
		return memcmp(r->ip.b, r->by_ip.b, 4) == 0;
	return r->ip.family == writer->family &&
	       memcmp(r->ip.b, writer->b, r->ip.family == 4 ? 3 : 8) == 0;
}

/* `writer` is the address of the line's writer as the line above saw it; family 0
 * for our own border, which has no neighbours that could be believed. */
static struct peer peer_of(const struct trace *t, const struct received *r,
                           const struct ip *writer)
{
	struct peer p = { .ip = r->ip, .rdns = r->rdns, .helo = r->helo, .writer = r->by,
	                  .doubtful = r->rdns_doubtful };
	if (r->ip.family == 0)
		p.kind = r->helo.n && !name_is_localhost(r->helo) ? PEER_NAMELESS : PEER_SELF;
	else if (ip_is_loopback(&r->ip) || ip_eq(&r->ip, writer))
		p.kind = PEER_SELF;
	else if (ip_is_private(&r->ip) || is_beside(r, writer) ||
	         (writer->family &&
	          (is_site_protocol(r) || !given_then(t, r, &r->ip))))
		p.kind = PEER_PRIVATE;
	else
		p.kind = PEER_REMOTE;
	if (r->form == RECEIVED_FETCHED)
		p.rdns = r->from;        /* the server that the writer called by name */
	return p;
}

static enum link_kind claim(struct trace_whys *why, enum link_kind kind, enum trace_reason reason,
                            struct str a, struct str b)
{
	why_add(why, reason, a, b);
	return kind;
}

/* Is the line's writer of the same organisation as that host? */
static bool same_org(const struct received *r, struct str host)
{
	if (name_same_domain(r->by, host))
		return true;
	const struct provider *provider = host.n ? provider_of(host) : NULL;
	return provider && provider == provider_of(r->by);
}

/* Ties that need no address: the writer passed it on to itself or a neighbour. */
static enum link_kind judge_inside(const struct received *r, const struct peer *p,
                                    struct trace_whys *why)
{
	if (name_eq(r->by, p->writer) || name_short_match(r->by, p->writer))
		return claim(why, LINK_HOLDS, WHY_LINK_SELF, r->by, p->writer);
	if (p->kind == PEER_SELF && (name_eq(r->by, p->helo) || name_short_match(r->by, p->helo)))
		return claim(why, LINK_HOLDS, WHY_LINK_SELF, r->by, p->writer);
	if (same_org(r, p->writer))
		return claim(why, LINK_HOLDS,
		             p->kind == PEER_NAMELESS ? WHY_LINK_ORG_NO_ADDRESS : WHY_LINK_PRIVATE,
		             r->by, p->writer);
	return LINK_NONE;
}

/* A writer that names itself by address only. qmail does; so do most forgers, who
 * know their own address and nothing else. */
static enum link_kind judge_literal(const struct received *r, const struct peer *p,
                                    struct trace_whys *why)
{
	if (!ip_eq(&r->by_ip, &p->ip))
		return LINK_NONE;
	struct ip literal;
	bool named = !received_address(r->by, &literal);
	if (named || r->form == RECEIVED_QMAIL)
		return claim(why, LINK_HOLDS, WHY_LINK_ADDRESS, r->by, STR(""));
	return claim(why, LINK_WEAK, WHY_WEAK_LITERAL, r->by, STR(""));
}

static enum link_kind judge_remote(const struct received *r, const struct peer *p,
                                    struct trace_whys *why)
{
	bool named = p->rdns.n && (name_eq(r->by, p->rdns) || name_short_match(r->by, p->rdns));
	if (named && !p->doubtful)
		return claim(why, LINK_HOLDS, name_eq(r->by, p->rdns) ? WHY_LINK_NAME
		                                                    : WHY_LINK_SHORT,
		             r->by, p->rdns);
	if (r->by_ip.family && p->kind == PEER_REMOTE) {
		enum link_kind k = judge_literal(r, p, why);
		if (k != LINK_NONE)
			return k;
	}
	if (named || (p->rdns.n && same_org(r, p->rdns))) {
		if (p->doubtful)
			return claim(why, LINK_WEAK, WHY_WEAK_DOUBTFUL, p->rdns, STR(""));
		const struct provider *provider = provider_of(p->rdns);
		bool serves = provider && !provider->rents;
		if (!serves && name_is_generic(p->rdns, &p->ip))
			return claim(why, LINK_WEAK, WHY_WEAK_GENERIC, r->by, p->rdns);
		return claim(why, LINK_HOLDS, WHY_LINK_ORG, r->by, p->rdns);
	}
	return LINK_NONE;
}

/* Inside a provider hosts go by bare private addresses. */
static enum link_kind judge_provider(const struct received *r, const struct peer *p,
                                     struct trace_whys *why)
{
	struct str known = p->kind == PEER_SELF ? p->writer : p->rdns;
	if (known.n == 0 || p->doubtful || !ip_is_private(&r->by_ip))
		return LINK_NONE;
	const struct provider *own = provider_of(known);
	if (own && own->marked(r))
		return claim(why, LINK_HOLDS, WHY_LINK_PROVIDER_INSIDE, r->by, str_of(own->name));
	return LINK_NONE;
}

static enum link_kind judge_link(const struct received *r, const struct peer *p,
                                 struct trace_whys *why)
{
	bool local = r->ip.family == 0 || ip_is_loopback(&r->ip);
	if ((r->by.n == 0 && !r->truncated) || (name_is_localhost(r->by) && local))
		return claim(why, LINK_QUEUE, WHY_LINK_QUEUE, STR(""), STR(""));
	enum link_kind k = p->kind == PEER_SELF ? LINK_NONE : judge_remote(r, p, why);
	if (k == LINK_NONE && p->kind != PEER_REMOTE)
		k = judge_inside(r, p, why);
	if (k == LINK_NONE)
		k = judge_provider(r, p, why);
	if (k != LINK_NONE)
		return k;
	if (name_was_said(r->by, p->helo) || name_short_match(r->by, p->helo) ||
	    same_org(r, p->helo))
		return claim(why, LINK_WEAK, WHY_WEAK_HELO, r->by, STR(""));
	if (p->kind == PEER_REMOTE || p->kind == PEER_PRIVATE)
		return claim(why, LINK_NONE, WHY_UNLINKED, r->by, p->rdns.n ? p->rdns : p->helo);
	return claim(why, LINK_NONE, WHY_UNLINKED_NO_PEER, r->by, STR(""));
}

/* A program of that host has noted what the line below says. */
static enum link_kind take_note(struct trace_hop *hop)
{
	return claim(&hop->why, LINK_QUEUE, WHY_LINK_NOTE, hop->line.by, STR(""));
}

/* The zone of a line by the worth of the chain above it and its own link. */
static enum trace_zone zone_below(enum trace_zone above, enum link_kind kind)
{
	if (above == TRACE_FORGED || above == TRACE_UNLINKED)
		return above;
	if (kind == LINK_NONE)
		return TRACE_UNLINKED;
	return above == TRACE_WEAK || kind == LINK_WEAK ? TRACE_WEAK : TRACE_LINKED;
}

/* Could one of our own hosts honestly have written this? A provider's names are those of
 * all its customers: where its marks are right, the claim is not false. Our users write
 * to lists and people who forward, so our hosts stand deep in many chains, and tied by
 * HELO they may well be real. Next to the border, a stranger who says HELO with our name
 * and claims that we got the message from someone else lies. */
static bool may_be_ours(enum link_kind kind, const struct received *r, const struct peer *p,
                        const struct trace_border *b, bool at_border)
{
	const struct provider *provider = provider_of(r->by);
	if (kind == LINK_HOLDS || border_is_own_ip(b, &p->ip) || (provider && provider->marked(r)))
		return true;
	if (kind == LINK_WEAK)
		return !at_border || !ip_is_public(&r->ip);
	return p->kind == PEER_SELF && border_is_own_name(b, p->writer);
}

/* Lines without a writer share the zone of the line below them. */
static void settle_queue(struct trace *t, size_t from, size_t to, enum trace_zone zone)
{
	for (size_t i = from; i < to; i++)
		t->hops[i].zone = zone;
}

static enum trace_chain worth(const struct trace *t)
{
	enum trace_zone worst = TRACE_LINKED;
	if (t->handover_hop + 1 == t->hop_count)
		return TRACE_CHAIN_NONE;
	for (size_t i = t->handover_hop + 1; i < t->hop_count; i++)
		if (t->hops[i].zone > worst)
			worst = t->hops[i].zone;
	return worst == TRACE_LINKED ? TRACE_CHAIN_LINKED :
	       worst == TRACE_WEAK ? TRACE_CHAIN_WEAK :
	       worst == TRACE_UNLINKED ? TRACE_CHAIN_UNLINKED : TRACE_CHAIN_FORGED;
}

void chain_walk(struct trace *t, const struct trace_border *b)
{
	size_t first = t->handover_hop + 1, queue = first;
	struct ip writer = { 0 };
	struct peer peer = peer_of(t, &t->hops[t->handover_hop].line, &writer);
	const int64_t *newer = NULL;
	enum trace_zone above = TRACE_LINKED;
	if (t->hops[t->handover_hop].line.has_time)
		newer = &t->hops[t->handover_hop].line.date.time_s;
	for (size_t i = first; i < t->hop_count; i++) {
		struct trace_hop *hop = &t->hops[i];
		enum link_kind kind = hop->note ? take_note(hop)
		                                : judge_link(&hop->line, &peer, &hop->why);
		if (kind != LINK_QUEUE) {
			hop->zone = zone_below(above, kind);
			if (hop->zone == TRACE_WEAK && kind == LINK_HOLDS)
				why_add(&hop->why, WHY_WEAK_BELOW, STR(""), STR(""));
			if (above == TRACE_UNLINKED)
				why_add(&hop->why, WHY_UNLINKED_BELOW, STR(""), STR(""));
			if (above == TRACE_FORGED)
				why_add(&hop->why, WHY_FORGED_BELOW, STR(""), STR(""));
			bool claims_us = hop->zone != TRACE_LINKED &&
			                 border_is_claimed(b, hop->line.by) &&
			                 !may_be_ours(kind, &hop->line, &peer, b, i == first);
			if (forgery_line(t, hop, newer, hop->zone == TRACE_LINKED, claims_us))
				hop->zone = TRACE_FORGED;
			above = hop->zone;
			settle_queue(t, queue, i, above);
			queue = i + 1;
			if (ip_is_public(&peer.ip))
				writer = peer.ip;
			struct str name = peer.writer;
			struct ip literal;
			peer = peer_of(t, &hop->line, &writer);
			if (received_address(hop->line.by, &literal))
				peer.writer = name;      /* the last that was named */
		}
		if (hop->line.has_time)
			newer = &hop->line.date.time_s;
	}
	settle_queue(t, queue, t->hop_count, above);
	forgery_block(t, first);
	t->chain = worth(t);
}
