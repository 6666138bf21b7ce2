/* SPDX-License-Identifier: ISC
 *
 * Blocklists: one that is well and one whose weight is not enough, one that lists the world, one
 * that gives nothing but errors, one that is dead, and an allow-list. What a client may be told of
 * them.
 */
#include "mail.h"

#include "../faults.h"

#include <stdio.h>
#include <stdlib.h>

enum { KNOWN_MS = 15 * 1000, DEAD_MS = 60 * 1000 };

static const struct zone {
	const char *name;
	unsigned hosts;                  /* bits of the last byte of who is on it */
	bool all;                        /* whoever is asked about */
	uint8_t code[4];
} zones[] = {
	{ "well.bl.example", 1u << 3 | 1u << 4 | 1u << 5, false, { 127, 0, 0, 2 } },
	{ "half.bl.example", 1u << 5 | 1u << 6, false, { 127, 0, 0, 3 } },
	{ "world.bl.example", 0, true, { 127, 0, 0, 2 } },
	{ "error.bl.example", 0, true, { 127, 255, 255, 254 } },
	{ "dead.bl.example", 0, true, { 127, 0, 0, 2 } },
	{ "good.wl.example", 1u << 4 | 1u << 7, false, { 127, 0, 0, 2 } },
};
const char *const lists_block[LISTS_BLOCK] = {
	"well.bl.example weight=2", "half.bl.example weight=1", "world.bl.example weight=5",
	"error.bl.example weight=5", "dead.bl.example weight=5",
};
const char *const lists_allow[LISTS_ALLOW] = { "good.wl.example" };

/* Since when they are asked by the rules of now, and since when who is listed is refused or not. */
static int64_t asked_since_ms, action_since_ms;
static bool refuses, sound;

/* ---- what they answer -------------------------------------------------------------------- */

static const struct zone *zone_of(struct str name, struct str *front)
{
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		size_t n = strlen(zones[i].name);
		if (name.n <= n + 1 ||
		    !str_caseeq(str_from(name, name.n - n), str_of(zones[i].name)))
			continue;
		*front = (struct str){ name.p, name.n - n - 1 };
		return &zones[i];
	}
	return NULL;
}

static bool is_on(const struct zone *z, struct str front)
{
	if (z->all || str_eq(front, STR("2.0.0.127")))
		return true;
	if (!str_search(front, STR(".0.40.45")) || front.n != strlen("1.0.40.45"))
		return false;
	return front.p[0] >= '0' && front.p[0] <= '9' && (z->hosts >> (front.p[0] - '0') & 1);
}

bool lists_answer(enum names_type type, struct arena *a, struct dns_result *r)
{
	struct str front;
	const struct zone *z = zone_of(r->name, &front);
	if (!z)
		return false;
	r->status = type == NAMES_IPS && is_on(z, front) ? DNS_FOUND : DNS_NXDOMAIN;
	if (r->status == DNS_FOUND) {
		struct ip *ip = arena_alloc(a, sizeof(*ip));
		*ip = ip_from_v4(z->code[0], z->code[1], z->code[2], z->code[3]);
		r->ips = ip;
		r->ip_count = 1;
	}
	return true;
}

int64_t lists_delay_ms(struct str name)
{
	struct str front;
	const struct zone *z = zone_of(name, &front);
	return z && strcmp(z->name, "dead.bl.example") == 0 ? DEAD_MS : 0;
}

/* ---- the law ------------------------------------------------------------------------------ */

void lists_begin(void)
{
	sound = faults.dns_late == 0 && faults.dns_fails == 0;
}

void lists_asked(bool refuse)
{
	asked_since_ms = world.now_ms;
	if (refuse != refuses)
		action_since_ms = world.now_ms;
	refuses = refuse;
}

static bool is_role(struct str address)
{
	return str_caseeq(address, STR("postmaster")) ||
	       ((str_caseprefix(address, STR("postmaster@")) ||
	         str_caseprefix(address, STR("abuse@"))) && names_is_mailbox(address));
}

void law_stranger_rcpt(const struct ip *from, int64_t since_ms, struct str rcpt, int code,
                       struct str said)
{
	unsigned n = from->b[3];
	bool on = n == 3 || n == 5, allowed = n == 4;
	bool told = str_search(said, STR(LISTS_TEXT)) != SIZE_MAX;
	if (code / 100 == 5 && is_role(rcpt))
		world_broken("postmaster", "%.*s is refused: %d %.*s", STR_ARG(rcpt), code,
		             STR_ARG(said));
	if (told && !on && !(allowed && !sound))
		world_broken("lists", "45.40.0.%u is on no list that counts: %.*s", n,
		             STR_ARG(said));
	if (told && !refuses && action_since_ms < since_ms)
		world_broken("lists", "in shadow mode 45.40.0.%u is refused", n);
	if (code / 100 == 2 && on && sound && refuses && action_since_ms < since_ms &&
	    asked_since_ms + KNOWN_MS < since_ms && names_is_mailbox(rcpt) && !is_role(rcpt))
		world_broken("lists", "45.40.0.%u is listed, and may send to %.*s", n,
		             STR_ARG(rcpt));
}
