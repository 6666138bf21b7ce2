/* SPDX-License-Identifier: ISC
 *
 * The server may listen on this machine, or in a container to which a program or a rule leads from
 * here: each of these places is asked for the ways to it.
 */
#include "cli/waysin.h"

enum { TOOL_MS = 5000, PORT_SMTP = 25 };

void waysin_look(struct waysin *ways)
{
	*ways = (struct waysin){ 0 };
	facts_begin(&ways->facts, &ways->arena);
	(void)facts_look(&ways->facts, TOOL_MS);
}

void waysin_fini(struct waysin *ways)
{
	arena_fini(&ways->arena);
}

static bool fits(const struct audit_arrival *a, const struct witness_sighting *seen)
{
	return a->way != AUDIT_DIRECT && ip_eq(&a->as, &seen->as) &&
	       (!seen->said.family || a->family == seen->said.family) &&
	       (!seen->said.port || !a->port || a->port == seen->said.port);
}

static const struct audit_arrival *find_at(struct waysin *ways, const struct endpoint *server,
                                           const struct witness_sighting *seen)
{
	struct audit_arrival *found = NULL;
	size_t n = 0;
	(void)audit_arrivals(&ways->facts, server, &found, &n);
	for (size_t i = 0; i < n; i++)
		if (fits(&found[i], seen))
			return &found[i];
	return NULL;
}

/* Where rules lead that change the destination. */
static const struct audit_arrival *find_by_rules(struct waysin *ways,
                                                 const struct witness_sighting *seen)
{
	const struct facts *f = &ways->facts;
	const struct audit_arrival *found = NULL;
	for (size_t c = 0; c < f->chain_n && !found; c++) {
		for (size_t i = 0; i < f->chains[c].rule_n && !found; i++) {
			struct endpoint to = f->chains[c].rules[i].to;
			if (f->chains[c].rules[i].action != FACTS_DNAT || !to.ip.family)
				continue;
			to.port = to.port ? to.port : seen->said.port;
			found = to.port ? find_at(ways, &to, seen) : NULL;
		}
	}
	return found;
}

const struct audit_arrival *waysin_find(struct waysin *ways,
                                        const struct witness_sighting *seen)
{
	const uint16_t port = seen->said.port ? seen->said.port : PORT_SMTP;
	const struct endpoint all[] = {
		{ .ip = { .family = 4 }, .port = port }, { .ip = { .family = 6 }, .port = port },
	};
	const struct audit_arrival *found = NULL;
	for (size_t i = 0; i < 2 && !found; i++)
		found = find_at(ways, &all[i], seen);
	for (size_t i = 0; i < ways->facts.proxy_n && !found; i++)
		if (ways->facts.proxies[i].to.ip.family && ways->facts.proxies[i].to.port)
			found = find_at(ways, &ways->facts.proxies[i].to, seen);
	return found ? found : find_by_rules(ways, seen);
}
