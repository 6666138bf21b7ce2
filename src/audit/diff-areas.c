/* SPDX-License-Identifier: ISC
 *
 * All addresses in areas: each prefix that matters, without the narrower ones inside it. As they
 * are sorted, the first address of an area that none of these has is found in one pass.
 */
#include "audit/diff-private.h"

#include "audit/config-private.h"

#include <assert.h>

static void add_machine(const struct facts *facts, struct config_ranges *all)
{
	for (size_t i = 0; i < facts->interface_n; i++)
		for (size_t k = 0; k < facts->interfaces[i].address_n && !all->cut; k++) {
			const struct facts_address *at = &facts->interfaces[i].addresses[k];
			const struct prefix network = prefix_of(&at->ip, at->len);
			const struct prefix alone = prefix_of(&at->ip, ip_bits(&at->ip));
			config_range_add(all, &network);
			config_range_add(all, &alone);
		}
	for (unsigned family = 4; family <= 6; family += 2) {
		const struct facts_route *gateway = facts_gateway(facts, family);
		if (!gateway || !gateway->via.family)
			continue;
		const struct prefix alone = prefix_of(&gateway->via, ip_bits(&gateway->via));
		config_range_add(all, &alone);
	}
}

static bool gather(struct audit_config *config, struct config_ranges *all)
{
	struct prefix *ranges;
	size_t n;
	const bool whole = audit_config_ranges(config, AUDIT_DIFF_AREAS_MAX / 2, all->arena,
	                                       &ranges, &n);
	for (size_t i = 0; i < n; i++)
		config_range_add(all, &ranges[i]);
	return whole;
}

/* ---- who it is ------------------------------------------------------------------ */

static bool is_of_loopback(const struct prefix *range)
{
	return ip_is_loopback(&range->ip) && (range->ip.family == 6 || range->len >= 8);
}

/* The interface whose network it is. */
static const struct facts_interface *network_holder(const struct facts *facts,
                                                    const struct prefix *range)
{
	for (size_t i = 0; i < facts->interface_n; i++)
		for (size_t k = 0; k < facts->interfaces[i].address_n; k++) {
			const struct facts_address *at = &facts->interfaces[i].addresses[k];
			const struct prefix network = prefix_of(&at->ip, at->len);
			if (prefix_cmp(&network, range) == 0)
				return &facts->interfaces[i];
		}
	return NULL;
}

static void name_client(const struct facts *facts, struct audit_asker *client)
{
	const struct prefix *range = &client->network;
	const bool alone = range->len == ip_bits(&range->ip);
	const struct facts_interface *holder = alone ? facts_holder(facts, &range->ip)
	                                             : network_holder(facts, range);
	const struct facts_route *gateway = facts_gateway(facts, range->ip.family);
	client->interface = holder ? holder->name : "";
	if (range->len == 0)
		client->kind = range->ip.family == 4 ? AUDIT_STRANGER4 : AUDIT_STRANGER6;
	else if (is_of_loopback(range))
		client->kind = AUDIT_LOOPBACK;
	else if (alone && holder)
		client->kind = audit_is_container_bridge(facts, holder) ? AUDIT_BRIDGE : AUDIT_OWN;
	else if (alone && gateway && ip_eq(&gateway->via, &range->ip))
		client->kind = AUDIT_GATEWAY;
	else if (holder)
		client->kind = audit_is_container_bridge(facts, holder) ? AUDIT_CONTAINER
		                                                        : AUDIT_NEIGHBOUR;
	else
		client->kind = AUDIT_RANGE;
}

/* ---- an address of each ----------------------------------------------------------- */

/* One behind the prefix; false: it is the last of all. */
static bool go_behind(struct ip *ip, const struct prefix *range)
{
	*ip = range->ip;
	for (unsigned bit = range->len; bit < ip_bits(ip); bit++)
		ip->b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return ip_next(ip);
}

/* The first address of area i, of those from `ip` on, that no narrower area has. */
static bool pick_from(const struct prefix *all, size_t n, size_t i, struct ip *ip)
{
	for (size_t k = i + 1; k < n && prefix_covers(&all[i], &all[k]); k++)
		if (prefix_contains(&all[k], ip) && !go_behind(ip, &all[k]))
			return false;
	return prefix_contains(&all[i], ip);
}

static bool is_free(const struct prefix *all, size_t n, size_t i, const struct ip *ip)
{
	for (size_t k = i + 1; k < n && prefix_covers(&all[i], &all[k]); k++)
		if (prefix_contains(&all[k], ip))
			return false;
	return true;
}

/* Of a stranger one of the Internet at large, if any is left. Of others rather a host's than that
 * of the network itself. */
static bool pick(const struct facts *facts, const struct prefix *all, size_t n, size_t i,
                 struct ip *ip)
{
	struct ip next;
	if (all[i].len == 0) {
		*ip = audit_stranger(facts, all[i].ip.family, all + i + 1, n - i - 1);
		if (is_free(all, n, i, ip))
			return true;
	}
	*ip = all[i].ip;
	if (!pick_from(all, n, i, ip))
		return false;
	next = *ip;
	if (ip_eq(ip, &all[i].ip) && ip_next(&next) && pick_from(all, n, i, &next))
		*ip = next;
	return true;
}

bool diff_areas(struct audit_config *old, struct audit_config *new_, const struct facts *facts,
                struct arena *a, struct diff_area **areas, size_t *n)
{
	static const struct prefix roots[] = { { { 4, { 0 } }, 0 }, { { 6, { 0 } }, 0 } };
	struct config_ranges all = { .arena = a, .max = AUDIT_DIFF_AREAS_MAX };
	config_range_add(&all, &roots[0]);
	config_range_add(&all, &roots[1]);
	add_machine(facts, &all);
	bool whole = gather(old, &all);
	whole = gather(new_, &all) && whole && !all.cut;
	config_ranges_sort(&all);
	*areas = arena_alloc(a, all.n * sizeof(**areas));
	*n = all.n;
	size_t around = SIZE_MAX;
	for (size_t i = 0; i < all.n; i++) {
		struct diff_area *area = &(*areas)[i];
		while (around != SIZE_MAX && !prefix_covers(&all.p[around], &all.p[i]))
			around = (*areas)[around].around;
		area->client.network = all.p[i];
		area->around = around;
		area->covered = !pick(facts, all.p, all.n, i, &area->client.ip);
		name_client(facts, &area->client);
		around = i;
	}
	assert(*n <= AUDIT_DIFF_AREAS_MAX);
	return whole;
}
