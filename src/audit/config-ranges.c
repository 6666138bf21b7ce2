/* SPDX-License-Identifier: ISC
 *
 * The ranges of addresses that a configuration tells apart: those of its rules; of Postfix, those
 * of its lists of networks and of each table whose keys are addresses.
 */
#include "audit/config-private.h"

#include "audit/postfix-private.h"

#include <assert.h>
#include <stdlib.h>

static int by_range(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	if (x->ip.family != y->ip.family)
		return x->ip.family < y->ip.family ? -1 : 1;
	const int order = memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

void config_ranges_sort(struct config_ranges *all)
{
	size_t kept = 0;
	if (all->n > 0)
		qsort(all->p, all->n, sizeof(*all->p), by_range);
	for (size_t i = 0; i < all->n; i++)
		if (kept == 0 || by_range(&all->p[i], &all->p[kept - 1]) != 0)
			all->p[kept++] = all->p[i];
	all->n = kept;
}

void config_range_add(struct config_ranges *all, const struct prefix *range)
{
	const struct prefix clean = prefix_of(&range->ip, range->len);
	if (all->n == all->cap) {
		config_ranges_sort(all);        /* many are written twice */
		if (all->n == all->max) {
			all->cut = true;
			return;
		}
		all->cap = all->n < 32 ? 64 : 2 * all->n;
		all->cap = all->cap < all->max ? all->cap : all->max;
		struct prefix *wide = arena_alloc(all->arena, all->cap * sizeof(*wide));
		if (all->n > 0)
			memcpy(wide, all->p, all->n * sizeof(*wide));
		all->p = wide;
	}
	all->p[all->n++] = clean;
	assert(all->n <= all->max);
}

void config_ranges_of_rules(const struct audit_reading *reading, struct config_ranges *all)
{
	for (size_t i = 0; i < reading->rule_n && !all->cut; i++)
		for (size_t k = 0; k < reading->rules[i].range_n && !all->cut; k++)
			if (!reading->rules[i].ranges[k].own)
				config_range_add(all, &reading->rules[i].ranges[k].range);
}

/* ---- Postfix -------------------------------------------------------------------- */

static void add_tables(struct postfix *p, struct config_ranges *all)
{
	for (const struct postfix_map *m = p->maps; m; m = m->next)
		for (size_t i = 0; i < m->entry_n && !all->cut; i++) {
			const struct postfix_entry *e = &m->entries[i];
			struct prefix range = e->range;
			if (m->kind == POSTFIX_MAP_CIDR ? range.ip.family != 0
			    : m->kind == POSTFIX_MAP_EXACT && postfix_key_range(e->key, &range))
				config_range_add(all, &range);
		}
}

static void add_networks(struct postfix *p, struct postfix_service *service,
                         struct config_ranges *all)
{
	postfix_mynetworks(p, service);
	for (size_t i = 0; i < service->network_n && !all->cut; i++)
		if (service->networks[i].range.ip.family)
			config_range_add(all, &service->networks[i].range);
}

void config_ranges_of_postfix(struct postfix *p, struct config_ranges *all)
{
	const struct audit_reading *r = postfix_reading(p);
	add_networks(p, &p->all, all);
	for (size_t i = 0; i < p->service_n; i++)
		add_networks(p, &p->services[i], all);
	for (size_t i = 0; i < r->trust_n && !all->cut; i++)
		config_range_add(all, &r->trusts[i].range);
	add_tables(p, all);
}
