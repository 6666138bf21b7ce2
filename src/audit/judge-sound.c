/* SPDX-License-Identifier: ISC
 *
 * Whether trust in a client is what its owner is likely to mean: sound are loopback and own
 * addresses, private networks of an interface, and single networks that the configuration names.
 * Wide are an address by which strangers arrive, a bridge's gateway, the prefix of a public
 * interface (its neighbours are other customers), a whole block of private addresses, and ranges
 * that reach into the public space farther than anybody's own network does.
 */
#include "audit/judge-private.h"

#include <assert.h>

/* Wider than these nobody's own network is (a customer's allocation: /22, /40). */
enum { PUBLIC4_BITS_MIN = 22, PUBLIC6_BITS_MIN = 40 };

/* That a router far away may masquerade is true of every private address: advice, no verdict. In a
 * container it is what runs beside us, and of a rule we have its line. */
static bool arrival_counts(const struct audit_known *known, const struct audit_arrival *a)
{
	return a->way != AUDIT_DIRECT && a->as.family &&
	       (a->certain || a->line[0] ||
	        known->ground->facts->container != FACTS_NO_CONTAINER);
}

static const struct audit_arrival *arrival_by(const struct audit_known *known, const struct ip *ip,
                                              bool certain)
{
	for (size_t i = 0; i < known->arrival_n; i++) {
		const struct audit_arrival *a = &known->arrivals[i];
		if (arrival_counts(known, a) && a->certain == certain && ip_eq(&a->as, ip))
			return a;
	}
	return NULL;
}

/* The server said no to mail of that address, and took none: it is excluded from the trust around
 * it ("!172.18.0.1 172.18.0.0/16"). */
static bool is_refused(const struct audit_known *known, const struct ip *ip)
{
	bool refused = false;
	for (size_t i = 0; i < known->question_n; i++) {
		const struct audit_question *q = &known->questions[i];
		for (size_t k = 0; k < q->try_n && ip_eq(&q->asker->ip, ip); k++) {
			const bool plain = strcmp(q->tries[k].form, "E01") == 0;
			if (plain && q->tries[k].said == AUDIT_REFUSED)
				refused = true;
			else if (plain && q->tries[k].said != AUDIT_UNSAID)
				return false;
		}
	}
	return refused;
}

/* In a container it is not seen which of its neighbours pass strangers on. */
static bool has_arrival_within(const struct audit_known *known, const struct prefix *range)
{
	const bool seen = known->ground->facts->container == FACTS_NO_CONTAINER;
	for (size_t i = 0; i < known->arrival_n; i++) {
		const struct audit_arrival *a = &known->arrivals[i];
		if (arrival_counts(known, a) && prefix_contains(range, &a->as)
		    && !(seen && is_refused(known, &a->as)))
			return true;
	}
	return false;
}

/* A block that the standards set aside, or more than one: RFC 1918, 6598 and 4193. */
static bool is_whole_block(const struct prefix *range)
{
	static const struct prefix blocks[] = {
		{ { 4, { 10 } }, 8 }, { { 4, { 172, 16 } }, 12 }, { { 4, { 192, 168 } }, 16 },
		{ { 4, { 100, 64 } }, 10 }, { { 6, { 0xfc } }, 7 }, { { 6, { 0xfd } }, 8 },
	};
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (prefix_covers(range, &blocks[i]))
			return true;
	return false;
}

/* The network of an interface that has the range within it; NULL: none. */
static const struct facts_interface *interface_of(const struct facts *f, const struct prefix *range,
                                                  struct prefix *network)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			*network = prefix_of(&a->ip, a->len);
			if (prefix_covers(network, range))
				return &f->interfaces[i];
		}
	return NULL;
}

static bool is_own_prefix(const struct facts *f, const struct prefix *range)
{
	return range->len == ip_bits(&range->ip) && facts_is_own(f, &range->ip);
}

/* Of this machine or its links alone. */
static bool is_of_link(const struct ip *ip)
{
	return ip->family == 4 ? ip->b[0] == 127 || (ip->b[0] == 169 && ip->b[1] == 254)
	                       : (ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80) ||
	                         prefix_contains(&(struct prefix){ { 6, { 0 } }, 64 }, ip);
}

static bool is_inner(const struct ip *ip)
{
	return is_of_link(ip) || facts_is_private(ip);
}

static bool range_sound(const struct audit_known *known, const struct prefix *range)
{
	const struct facts *f = known->ground->facts;
	struct prefix network;
	if (has_arrival_within(known, range) || is_whole_block(range))
		return false;
	if (is_own_prefix(f, range))
		return true;
	if (is_inner(&range->ip))
		return range->len >= 8;
	if (interface_of(f, range, &network) && network.len < ip_bits(&network.ip))
		return range->len == ip_bits(&range->ip);
	return range->len >= (range->ip.family == 4 ? PUBLIC4_BITS_MIN : PUBLIC6_BITS_MIN);
}

static bool gateway_sound(const struct audit_known *known, const struct ip *ip)
{
	const struct facts *f = known->ground->facts;
	return f->container == FACTS_NO_CONTAINER && facts_is_private(ip);
}

bool judge_is_strangers(const struct audit_known *known, const struct audit_asker *asker)
{
	return audit_is_stranger(asker) || asker->kind == AUDIT_OUTSIDE ||
	       arrival_by(known, &asker->ip, true) != NULL;
}

void judge_sound(const struct audit_known *known, struct audit_who *who)
{
	const struct audit_asker *asker = who->asker;
	who->strangers = arrival_by(known, &asker->ip, true) != NULL;
	who->perhaps = who->perhaps || arrival_by(known, &asker->ip, false) != NULL;
	who->sound = false;
	if (who->strangers || arrival_by(known, &asker->ip, false))
		return;
	switch (asker->kind) {
	case AUDIT_STRANGER4: case AUDIT_STRANGER6: case AUDIT_OUTSIDE:
	case AUDIT_BRIDGE: case AUDIT_SEEN:
		break;
	case AUDIT_LOOPBACK: case AUDIT_OWN:
		who->sound = true;
		break;
	case AUDIT_GATEWAY:
		who->sound = gateway_sound(known, &asker->ip);
		break;
	case AUDIT_NEIGHBOUR: case AUDIT_CONTAINER:
		who->sound = is_inner(&asker->network.ip) &&
		             !has_arrival_within(known, &asker->network);
		break;
	case AUDIT_RANGE:
		who->sound = range_sound(known, &asker->network);
		break;
	}
}
