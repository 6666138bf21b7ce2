/* SPDX-License-Identifier: ISC
 *
 * The rules in their order; see who.h.
 */
#include "audit/who.h"

#include <assert.h>

static bool is_among(const struct audit_rule *rule, const struct audit_client *client)
{
	if (!rule->in_ranges)
		return true;
	for (size_t i = 0; i < rule->range_n; i++) {
		const struct audit_range *r = &rule->ranges[i];
		if (r->own ? client->own : prefix_contains(&r->range, &client->ip))
			return !r->not;
	}
	return rule->range_else;
}

static bool serves(const struct audit_rule *rule, const struct audit_client *client)
{
	return !rule->service[0] || !client->port || !client->port->service ||
	       !strcmp(rule->service, client->port->service);
}

/* Whether a pattern of domains has this one: "*.example", ".example", "example" all do. */
static bool is_pattern_of(struct str pattern, struct str domain)
{
	static const char starts[] = "*@.";
	while (pattern.n && strchr(starts, pattern.p[0]))
		pattern = str_from(pattern, 1);
	return pattern.n && str_in_domain(domain, pattern);
}

/* Also where the text names a list of Exim. */
static bool names_domain(const struct audit_reading *reading, struct str text, struct str domain,
                         bool lists)
{
	struct str item;
	while (str_token(&text, " \t,;:<>\"{}", &item)) {
		if (is_pattern_of(item, domain))
			return true;
		const struct str name = item.n && item.p[0] == '+' ? str_from(item, 1) : item;
		for (size_t i = 0; lists && name.n && i < reading->setting_n; i++) {
			const struct audit_setting *s = &reading->settings[i];
			if (str_eq(name, str_of(s->name)) &&
			    names_domain(reading, str_of(s->value), domain, false))
				return true;
		}
	}
	return false;
}

static bool is_named(const struct audit_reading *reading, const struct audit_rule *rule,
                     const struct audit_client *client)
{
	return client->to && (rule->by | rule->without) & AUDIT_BY_RECIPIENT &&
	       names_domain(reading, str_of(rule->what), str_of(client->to), true);
}

static bool holds(const struct audit_reading *reading, const struct audit_rule *rule,
                  const struct audit_client *client)
{
	const unsigned asked = rule->by & ~(unsigned)AUDIT_BY_UNSURE;
	const unsigned shows = client->shows | (is_named(reading, rule, client)
	                                        ? AUDIT_BY_RECIPIENT : 0u);
	return serves(rule, client) && !(asked & ~shows) && !(rule->without & shows) &&
	       is_among(rule, client);
}

enum audit_answer audit_may_relay(const struct audit_reading *reading,
                                  const struct audit_client *client,
                                  const struct audit_rule **by)
{
	const struct audit_rule *perhaps = NULL;
	*by = NULL;
	if (client->port && client->port->for_login && !(client->shows & AUDIT_BY_LOGIN))
		return AUDIT_NO;
	for (size_t i = 0; i < reading->rule_n; i++) {
		const struct audit_rule *rule = &reading->rules[i];
		if (!holds(reading, rule, client))
			continue;
		if (rule->by & AUDIT_BY_UNSURE) {
			if (rule->permits && !perhaps)
				perhaps = rule;
			continue;
		}
		if (perhaps && !rule->permits)
			break;
		*by = rule;
		return rule->permits ? AUDIT_YES : AUDIT_NO;
	}
	*by = perhaps;
	return perhaps ? AUDIT_PERHAPS : AUDIT_NO;
}

/* Whether a stranger's packet can arrive there. */
static bool is_reached(const struct audit_port *port)
{
	return !ip_is_loopback(&port->address);
}

/* Whether the rules answer the same at both. */
static bool is_alike(const struct audit_port *a, const struct audit_port *b)
{
	return a->for_login == b->for_login && a->service && b->service &&
	       !strcmp(a->service, b->service);
}

/* Clients that have nothing in common: whoever takes both of a family takes all. */
static const struct ip strangers[2][2] = {
	{ { 4, { 203, 0, 113, 9 } }, { 4, { 9, 9, 9, 9 } } },
	{ { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 } },
	  { 6, { 0x26, 0x20, 0x00, 0xfe, [15] = 9 } } },
};

static void look_for_strangers(struct audit_reading *reading, const struct audit_port *port)
{
	for (int family = 0; family < 2 && !reading->open_to_all; family++) {
		const struct audit_rule *by = NULL;
		unsigned taken = 0;
		for (int i = 0; i < 2; i++) {
			struct audit_client client = { .ip = strangers[family][i], .port = port };
			taken += audit_may_relay(reading, &client, &by) == AUDIT_YES;
		}
		if (taken < 2)
			continue;
		reading->open_to_all = true;
		reading->opened_by = by->place;
	}
}

static void list_trusts(struct audit_reading *reading, struct arena *a)
{
	size_t n = 0;
	for (size_t i = 0; i < reading->rule_n; i++)
		n += reading->rules[i].permits ? reading->rules[i].range_n : 0;
	reading->trusts = arena_alloc(a, (n + 1) * sizeof(*reading->trusts));
	reading->trust_n = 0;
	for (size_t i = 0; i < reading->rule_n; i++) {
		const struct audit_rule *rule = &reading->rules[i];
		if (!rule->permits || rule->by || !rule->in_ranges)
			continue;
		for (size_t k = 0; k < rule->range_n; k++)
			if (!rule->ranges[k].not && !rule->ranges[k].own)
				reading->trusts[reading->trust_n++] = (struct audit_trust){
					rule->ranges[k].range, rule->service,
					rule->list_name ? rule->list : rule->place,
					rule->list_name ? rule->list_name : rule->name };
	}
	assert(reading->trust_n <= n);
}

void audit_conclude(struct audit_reading *reading, struct arena *a)
{
	list_trusts(reading, a);
	reading->open_to_all = false;
	const struct audit_port *before = NULL;
	for (size_t i = 0; i < reading->port_n; i++) {
		const struct audit_port *port = &reading->ports[i];
		if (!is_reached(port) || (before && is_alike(before, port)))
			continue;
		before = port;
		look_for_strangers(reading, port);
	}
	if (!reading->port_n)
		look_for_strangers(reading, NULL);
}
