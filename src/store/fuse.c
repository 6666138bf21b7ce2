/* SPDX-License-Identifier: ISC
 *
 * The special ranges as a table, and the questions asked of it.
 */
#include "store/fuse.h"

#include <assert.h>

const struct fuse fuse_default = { .widest_v4 = 24, .widest_v6 = 48 };

enum class { NEVER, SPECIAL };

struct rule {
	struct prefix range;
	enum class class;
	const char *why;
};

#define V4(a, b, c, d, len) { { 4, { a, b, c, d } }, len }
#define V6(len, ...) { { 6, { __VA_ARGS__ } }, len }

/* IANA's registries of special-purpose addresses, and RFC 5782 section 5. */
static const struct rule rules[] = {
	{ V4(0, 0, 0, 0, 8), NEVER, "an unspecified address (RFC 791)" },
	{ V4(127, 0, 0, 1, 32), NEVER, "a test entry (RFC 5782)" },
	{ V4(127, 0, 0, 2, 32), NEVER, "a test entry (RFC 5782)" },
	{ V4(224, 0, 0, 0, 4), NEVER, "a multicast address (RFC 5771)" },
	{ V4(240, 0, 0, 0, 4), NEVER, "a reserved or broadcast address (RFC 1112, RFC 919)" },
	{ V4(10, 0, 0, 0, 8), SPECIAL, "a private address (RFC 1918)" },
	{ V4(172, 16, 0, 0, 12), SPECIAL, "a private address (RFC 1918)" },
	{ V4(192, 168, 0, 0, 16), SPECIAL, "a private address (RFC 1918)" },
	{ V4(100, 64, 0, 0, 10), SPECIAL, "a private address of a provider (RFC 6598)" },
	{ V4(127, 0, 0, 0, 8), SPECIAL, "a loopback address (RFC 1122)" },
	{ V4(169, 254, 0, 0, 16), SPECIAL, "a link-local address (RFC 3927)" },
	{ V4(192, 0, 0, 0, 24), SPECIAL, "an address for protocols (RFC 6890)" },
	{ V4(192, 0, 2, 0, 24), SPECIAL, "a documentation address (RFC 5737)" },
	{ V4(198, 51, 100, 0, 24), SPECIAL, "a documentation address (RFC 5737)" },
	{ V4(203, 0, 113, 0, 24), SPECIAL, "a documentation address (RFC 5737)" },
	{ V4(198, 18, 0, 0, 15), SPECIAL, "a benchmarking address (RFC 2544)" },

	{ V6(128, 0), NEVER, "the unspecified address (RFC 4291)" },
	{ V6(8, 0xff), NEVER, "a multicast address (RFC 4291)" },
	{ V6(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), SPECIAL,
	  "the loopback address (RFC 4291)" },
	{ V6(48, 0, 0x64, 0xff, 0x9b, 0, 1), SPECIAL, "a local NAT64 address (RFC 8215)" },
	{ V6(64, 1), SPECIAL, "a discard-only address (RFC 6666)" },
	{ V6(48, 0x20, 0x01, 0, 2), SPECIAL, "a benchmarking address (RFC 5180)" },
	{ V6(28, 0x20, 0x01, 0, 0x10), SPECIAL, "a deprecated ORCHID (RFC 4843)" },
	{ V6(32, 0x20, 0x01, 0x0d, 0xb8), SPECIAL, "a documentation address (RFC 3849)" },
	{ V6(20, 0x3f, 0xff), SPECIAL, "a documentation address (RFC 9637)" },
	{ V6(16, 0x5f), SPECIAL, "a segment identifier (RFC 9602)" },
	{ V6(7, 0xfc), SPECIAL, "a private address (RFC 4193)" },
	{ V6(10, 0xfe, 0x80), SPECIAL, "a link-local address (RFC 4291)" },
	{ V6(10, 0xfe, 0xc0), SPECIAL, "a site-local address (RFC 3879)" },
};

/* Forms of IPv6 that hold an IPv4 address, from bit `at` on; `flipped`: all bits inverted. */
static const struct form {
	struct prefix range;
	uint8_t at;
	bool flipped;
} forms[] = {
	{ V6(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 96, false },     /* mapped */
	{ V6(96, 0), 96, false },                                            /* compatible */
	{ V6(16, 0x20, 0x02), 16, false },                                   /* 6to4 */
	{ V6(96, 0, 0x64, 0xff, 0x9b), 96, false },                          /* NAT64 */
	{ V6(32, 0x20, 0x01), 32, false },                                   /* Teredo: server */
	{ V6(32, 0x20, 0x01), 96, true },                                    /* Teredo: client */
};

static const struct prefix loopback_v6 = V6(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

static bool allowed(const struct fuse *fuse, const struct prefix *part)
{
	assert(fuse->special_count <= FUSE_SPECIAL_MAX);
	for (size_t i = 0; i < fuse->special_count; i++)
		if (prefix_covers(&fuse->special[i], part))
			return true;
	return false;
}

static bool too_wide(const struct fuse *fuse, const struct prefix *range)
{
	assert(fuse->widest_v4 <= 32 && fuse->widest_v6 <= 128);
	return range->len < (range->ip.family == 4 ? fuse->widest_v4 : fuse->widest_v6);
}

static const struct ip *own_in(const struct fuse *fuse, const struct prefix *range)
{
	assert(fuse->own_count <= FUSE_OWN_MAX);
	for (size_t i = 0; i < fuse->own_count; i++)
		if (prefix_contains(range, &fuse->own[i]))
			return &fuse->own[i];
	return NULL;
}

/* The rule that forbids some part of the range. What is never allowed goes first. */
static const char *by_rule(const struct fuse *fuse, const struct prefix *range, enum class class,
                           struct prefix *part)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct rule *r = &rules[i];
		if (r->class != class || !prefix_overlaps(&r->range, range))
			continue;
		/* Of two prefixes that overlap the longer one is what they share. */
		const struct prefix *shared = r->range.len > range->len ? &r->range : range;
		assert(prefix_covers(&r->range, shared) && prefix_covers(range, shared));
		if (class == NEVER || !allowed(fuse, shared)) {
			*part = *shared;
			return r->why;
		}
	}
	return NULL;
}

/* What of an IPv4 address a range in that form fixes; the rest is free. */
static struct prefix held(const struct form *form, const struct prefix *range)
{
	struct ip ip = { .family = 4 };
	assert(form->at % 8 == 0 && form->at + 32u <= 128);
	unsigned len = range->len <= form->at ? 0 :
	               range->len - form->at < 32 ? range->len - form->at : 32;
	for (unsigned i = 0; i < 4; i++)
		ip.b[i] = (uint8_t)(range->ip.b[form->at / 8 + i] ^ (form->flipped ? 0xff : 0));
	return prefix_of(&ip, len);
}

/* ::1 has the form of a compatible address, and holds none. */
static const char *by_form(const struct fuse *fuse, const struct prefix *range)
{
	if (range->ip.family != 6 || prefix_cmp(range, &loopback_v6) == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (!prefix_overlaps(&forms[i].range, range))
			continue;
		struct prefix inner = held(&forms[i], range), part;
		const char *why = by_rule(fuse, &inner, NEVER, &part);
		if (!why && own_in(fuse, &inner))
			why = "holds an address of our own";
		if (!why && too_wide(fuse, &inner))
			why = "holds a range wider than list.widest";
		if (!why && !allowed(fuse, range))
			why = by_rule(fuse, &inner, SPECIAL, &part);
		if (why)
			return why;
	}
	return NULL;
}

const char *fuse_refuses_part(const struct fuse *fuse, const struct prefix *range,
                              struct prefix *part)
{
	struct prefix shared = *range;
	if (range->ip.family != 4 && range->ip.family != 6)
		return "no address";
	assert(range->len <= ip_bits(&range->ip));
	const struct ip *own = own_in(fuse, range);
	const char *why = too_wide(fuse, range) ? "wider than list.widest" :
	                  by_rule(fuse, range, NEVER, &shared);
	if (!why && own) {
		shared = prefix_of(own, ip_bits(own));
		why = "an address of our own";
	}
	if (!why)
		why = by_rule(fuse, range, SPECIAL, &shared);
	if (!why)
		why = by_form(fuse, range);
	assert(!why || prefix_covers(range, &shared));
	if (why)
		*part = shared;
	return why;
}

const char *fuse_refuses(const struct fuse *fuse, const struct prefix *range)
{
	struct prefix part;
	return fuse_refuses_part(fuse, range, &part);
}

const char *fuse_refuses_ip(const struct fuse *fuse, const struct ip *address)
{
	struct prefix range = prefix_of(address, 128);
	return fuse_refuses(fuse, &range);
}
