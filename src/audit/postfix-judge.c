/* SPDX-License-Identifier: ISC
 *
 * Who may relay by Postfix's lists of restrictions. A message passes if none of the lists refuses
 * it; a permit ends its own list only, and so does its end (SMTPD_ACCESS_README). What cannot be
 * read (policy services, patterns, tables of services) may permit or not: the answer is unsure
 * where only that stands before the refusal.
 *
 * Hostile input: classes within classes, tables that lead to lists. Elements and depth are
 * counted; beyond the limit the answer is unsure.
 */
#include "audit/postfix-private.h"

enum outcome { WENT_ON, PERMITS, REFUSES };

struct evidence {
	const struct postfix_rule *rule;
	struct audit_place place;
	struct audit_line inner;         /* the list in which the rule stands */
};

struct judging {
	struct postfix *p;
	struct postfix_service *service;
	const struct postfix_client *client;
	struct audit_place list;         /* where the list stands */
	const char *list_name;
	unsigned elements, depth;
	struct evidence by, unsure, some;    /* rule NULL: none */
	const struct audit_setting *own; /* by which a foreign recipient counts as own */
};

static enum outcome list_judge(struct judging *j, const struct postfix_rule *rules, size_t n);

static struct evidence evidence_of(const struct judging *j, const struct postfix_rule *rule,
                                   struct audit_place place)
{
	return (struct evidence){ rule, place, { j->list_name, j->list } };
}

static void note_first(const struct judging *j, struct evidence *e,
                       const struct postfix_rule *rule, struct audit_place place)
{
	if (!e->rule)
		*e = evidence_of(j, rule, place);
}

static enum outcome outcome_by(struct judging *j, const struct postfix_rule *rule,
                               struct audit_place place, enum outcome outcome)
{
	if (outcome != WENT_ON)
		j->by = evidence_of(j, rule, place);
	return outcome;
}

/* Looking through that many entries counts, too. */
static void spend(struct judging *j, size_t looked)
{
	j->p->elements += 1 + looked / 64;
}

/* --- tables --- */

/* What it holds is not known. */
static bool is_unread(const struct postfix_map *map)
{
	return map->kind == POSTFIX_MAP_UNREAD || map->kind == POSTFIX_MAP_PATTERNS;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isdigit((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_reply(struct str word)
{
	return word.n == 3 && all_digits(word) && (word.p[0] == '4' || word.p[0] == '5');
}

static bool among(struct str word, const char *const *names)
{
	for (; *names; names++)
		if (str_caseeq(word, str_of(*names)))
			return true;
	return false;
}

/* What the right-hand side of an access table says (access(5)). */
static enum outcome action_judge(struct judging *j, const struct postfix_entry *entry,
                                 const struct postfix_rule *rule)
{
	static const char *const permits[] = { "OK", "RELAY", NULL };
	static const char *const refusals[] = { "REJECT", "DEFER", "DEFER_IF_PERMIT", NULL };
	static const char *const others[] = {
		"DUNNO", "DEFER_IF_REJECT", "BCC", "DISCARD", "FILTER", "HOLD", "INFO", "PREPEND",
		"REDIRECT", "WARN", NULL };
	struct str rest = entry->value, word;
	if (!str_word(&rest, &word) || among(word, others))
		return WENT_ON;
	if (among(word, permits) || all_digits(entry->value))   /* "554" alone permits */
		return outcome_by(j, rule, entry->place, PERMITS);
	if (among(word, refusals) || is_reply(word))
		return outcome_by(j, rule, entry->place, REFUSES);
	struct postfix_rule *rules;
	if (j->elements >= POSTFIX_ELEMENTS_MAX || j->p->elements > POSTFIX_ELEMENTS_ALL_MAX)
		return WENT_ON;             /* list_judge() says that it is unsure */
	const size_t n = postfix_rules_parse(j->p, j->service,
	                                     arena_strdup(j->p->arena, entry->value),
	                                     POSTFIX_RULE_UNKNOWN, &rules);
	const enum outcome outcome = list_judge(j, rules, n);
	return outcome_by(j, rule, entry->place, outcome);
}

/* Whether "domain" stands for what is below it as well, in the lists or tables of that name; else
 * ".domain" does. */
static bool parents_match(struct judging *j, struct str feature)
{
	const char *value = postfix_value(j->p, j->service,
	                                  "parent_domain_matches_subdomains")->value;
	struct str rest = str_of(value), word;
	while (postfix_word(&rest, &word))
		if (str_eq(word, feature))
			return true;
	return false;
}

/* The name itself, then the domains above it. */
static const struct postfix_entry *domain_find(const struct postfix_map *map, struct str name,
                                               bool parents)
{
	const struct postfix_entry *whole = postfix_map_key(map, name);
	if (whole)
		return whole;
	while (name.n > 0) {
		const size_t dot = str_find(name, '.');
		if (dot == SIZE_MAX)
			break;
		const struct postfix_entry *e =
			postfix_map_key(map, str_from(name, parents ? dot + 1 : dot));
		if (e)
			return e;
		name = str_from(name, dot + 1);
	}
	return NULL;
}

/* An address, and it with its last parts cut off, one after the other. */
static const struct postfix_entry *octets_find(const struct postfix_map *map, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	const struct postfix_entry *e = postfix_map_ip(map, ip);
	struct str s = str_of(ip_format(ip, text));
	while (!e && map->kind == POSTFIX_MAP_EXACT && s.n > 0) {
		s.n--;
		while (s.n > 0 && s.p[s.n] != '.' && s.p[s.n] != ':')
			s.n--;
		e = s.n > 0 ? postfix_map_key(map, s) : NULL;
	}
	return e;
}

static const struct postfix_entry *address_find(const struct postfix_map *map, const char *address,
                                                bool parents)
{
	const struct str s = *address ? str_of(address) : STR("<>");
	const struct postfix_entry *e = postfix_map_key(map, s);
	const size_t at = str_find(s, '@');
	if (e || at == SIZE_MAX)
		return e;
	e = domain_find(map, str_from(s, at + 1), parents);
	return e ? e : postfix_map_key(map, (struct str){ s.p, at + 1 });
}

/* Whether an entry permits: who chooses what is looked up finds it. */
static const struct postfix_entry *permitting(struct judging *j, const struct postfix_map *map,
                                              const struct postfix_rule *rule)
{
	spend(j, map->entry_n);
	for (size_t i = 0; map->kind == POSTFIX_MAP_EXACT && i < map->entry_n; i++)
		if (action_judge(j, &map->entries[i], rule) == PERMITS)
			return &map->entries[i];
	return NULL;
}

/* A name of clients, not an address or its beginning, and not what those without a name have. */
static bool is_name_key(struct str key, bool parents)
{
	bool letter = false;
	for (size_t i = 0; i < key.n; i++) {
		if (key.p[i] == ':')
			return false;
		letter = letter || ascii_isalpha((unsigned char)key.p[i]);
	}
	return letter && !(parents && key.p[0] == '.') && !str_caseeq(key, STR("unknown"));
}

/* An entry that permits clients by their name. */
static const struct postfix_entry *naming(struct judging *j, const struct postfix_map *map,
                                          const struct postfix_rule *rule, bool parents)
{
	spend(j, map->entry_n);
	for (size_t i = 0; map->kind == POSTFIX_MAP_EXACT && i < map->entry_n; i++)
		if (is_name_key(map->entries[i].key, parents)
		    && action_judge(j, &map->entries[i], rule) == PERMITS)
			return &map->entries[i];
	return NULL;
}

static const struct postfix_entry *client_find(struct judging *j, const struct postfix_map *map,
                                               const struct postfix_rule *rule, bool parents)
{
	const struct postfix_client *c = j->client;
	const struct str name = c->name ? str_of(c->name)
	                      : c->any_name ? STR("elsewhere.invalid") : STR("unknown");
	const struct postfix_entry *e = c->any_name ? naming(j, map, rule, parents) : NULL;
	if (!e)
		e = domain_find(map, name, parents);
	return e ? e : octets_find(map, &c->address);
}

static const struct postfix_entry *chosen_find(struct judging *j, const struct postfix_map *map,
                                               const struct postfix_rule *rule)
{
	const struct postfix_client *c = j->client;
	const bool parents = parents_match(j, STR("smtpd_access_maps"));
	switch (rule->kind) {
	case POSTFIX_RULE_CLIENT:
	case POSTFIX_RULE_REVERSE:
		return client_find(j, map, rule, parents);
	case POSTFIX_RULE_SENDER:
		if (c->forges_sender && map->kind == POSTFIX_MAP_EXACT)
			return permitting(j, map, rule);
		return address_find(map, c->sender ? c->sender : "someone@elsewhere.invalid",
		                    parents);
	case POSTFIX_RULE_HELO:
		if (c->forges_helo && map->kind == POSTFIX_MAP_EXACT)
			return permitting(j, map, rule);
		return domain_find(map, c->name ? str_of(c->name) : STR("elsewhere.invalid"),
		                   parents);
	default:
		return address_find(map, c->recipient ? c->recipient : "someone@elsewhere.invalid",
		                    parents);
	}
}

/* Whether that pattern may be one of this client: of a name that it chose, or of its address. */
static bool pattern_fits(const struct judging *j, const struct postfix_rule *rule,
                         const struct postfix_entry *e)
{
	bool letters = false;
	for (size_t i = 0; i < e->key.n; i++)
		letters = letters || (ascii_isalpha((unsigned char)e->key.p[i]) &&
		                      (i == 0 || e->key.p[i - 1] != '\\'));
	switch (rule->kind) {
	case POSTFIX_RULE_REVERSE:              /* not allowed by an unproved name: 451 */
		return false;
	case POSTFIX_RULE_CLIENT:
		return !letters || j->client->any_name;
	case POSTFIX_RULE_RECIPIENT:
		return j->client->any_destination || j->client->recipient;
	case POSTFIX_RULE_SENDER:
		return j->client->forges_sender || j->client->sender;
	case POSTFIX_RULE_HELO:
		return j->client->forges_helo || j->client->name;
	default:
		return true;
	}
}

/* Whether one that permits matches only the server can tell. */
static enum outcome patterns_judge(struct judging *j, const struct postfix_map *map,
                                   const struct postfix_rule *rule)
{
	spend(j, map->entry_n);
	for (size_t i = 0; i < map->entry_n && !j->unsure.rule; i++) {
		const struct postfix_entry *e = &map->entries[i];
		struct judging apart = *j;
		if (pattern_fits(j, rule, e) && action_judge(&apart, e, rule) == PERMITS)
			note_first(j, &j->unsure, rule, e->place.line ? e->place : j->list);
		j->elements = apart.elements;
	}
	return WENT_ON;
}

static enum outcome table_judge(struct judging *j, const struct postfix_rule *rule)
{
	const struct postfix_map *map = postfix_map(j->p, str_of(rule->argument));
	if (map->kind == POSTFIX_MAP_UNREAD) {
		note_first(j, &j->unsure, rule, j->list);
		return WENT_ON;
	}
	if (map->kind == POSTFIX_MAP_PATTERNS)
		return patterns_judge(j, map, rule);
	if (rule->kind == POSTFIX_RULE_RECIPIENT && j->client->any_destination
	    && map->kind == POSTFIX_MAP_EXACT) {
		const struct postfix_entry *some = permitting(j, map, rule);
		if (some)
			note_first(j, &j->some, rule, some->place);
	}
	spend(j, map->kind == POSTFIX_MAP_CIDR ? map->entry_n : 0);
	const struct postfix_entry *entry = chosen_find(j, map, rule);
	if (!entry)
		return WENT_ON;
	enum outcome outcome = action_judge(j, entry, rule);
	if (rule->kind == POSTFIX_RULE_REVERSE && outcome == PERMITS)
		outcome = REFUSES;          /* not allowed by an unproved name: 451 */
	if (j->by.rule == rule && j->by.place.line == 0)
		j->by.place = j->list;      /* static and inline stand in the list itself */
	return outcome;
}

/* --- destinations --- */

static const char *const own_lists[] = { "mydestination", "virtual_alias_domains",
                                         "virtual_mailbox_domains", "relay_domains" };
enum { RELAY_DOMAINS = 3 };              /* its place in the list */

static bool domain_named(struct str domain, struct str pattern, bool relays, bool parents)
{
	if (!relays)
		return str_caseeq(domain, pattern);
	if (parents)
		return str_in_domain(domain, pattern);
	return str_caseeq(domain, pattern)
	       || (pattern.n > 1 && pattern.p[0] == '.' && str_casesuffix(domain, pattern));
}

static bool domain_in(struct judging *j, size_t which, struct str domain)
{
	/* Destinations are told apart by a service of its own: no -o of smtpd changes them. */
	const struct audit_setting *s = postfix_value(j->p, &j->p->all, own_lists[which]);
	const bool relays = !strcmp(own_lists[which], "relay_domains");
	const bool parents = relays && parents_match(j, STR("relay_domains"));
	struct postfix_list *parsed = &j->p->all.domains[which];
	if (!parsed->read)
		parsed->n = postfix_networks(j->p, s->value, &s->place, &parsed->at);
	parsed->read = true;
	const struct postfix_network *list = parsed->at;
	const size_t n = parsed->n;
	spend(j, n * 8);                /* each may be a table */
	for (size_t i = 0; i < n; i++) {
		bool hit = false;
		if (list[i].map)
			hit = relays ? domain_find(list[i].map, domain, parents) != NULL
			             : postfix_map_key(list[i].map, domain) != NULL;
		else if (list[i].name)
			hit = domain_named(domain, str_of(list[i].name), relays, parents);
		if (hit && !list[i].negated)
			j->own = s;
		if (hit)
			return !list[i].negated;
	}
	return false;
}

static bool destination_own(struct judging *j)
{
	struct str address = str_of(j->client->recipient);
	const size_t at = address.n ? str_find(address, '@') : SIZE_MAX;
	const struct str domain = at == SIZE_MAX ? STR("elsewhere.invalid")
	                                         : str_from(address, at + 1);
	for (size_t i = 0; i < sizeof(own_lists) / sizeof(*own_lists); i++)
		if (domain_in(j, i, domain))
			return true;
	return false;
}

/* A name so short that its domains are not one's own: "com". */
static bool is_wide(struct str name)
{
	while (name.n > 0 && name.p[0] == '.')
		name = str_from(name, 1);
	return name.n > 0 && str_find(name, '.') == SIZE_MAX
	       && !str_caseeq(name, STR("localhost"));
}

static const struct audit_place *wide_entry(const struct postfix_network *n, bool parents)
{
	const bool exact = n->map && n->map->kind == POSTFIX_MAP_EXACT;
	for (size_t i = 0; exact && i < n->map->entry_n; i++) {
		const struct postfix_entry *e = &n->map->entries[i];
		if (is_wide(e->key) && (parents || e->key.p[0] == '.'))
			return &e->place;
	}
	if (!n->name || !is_wide(str_of(n->name)) || !(parents || n->name[0] == '.'))
		return NULL;
	return &n->place;
}

/* Who chooses the destination finds one in a domain of relay_domains that is too wide. */
static void guard_pass_some(struct judging *j, const struct postfix_rule *rule)
{
	const bool parents = parents_match(j, STR("relay_domains"));
	const struct postfix_list *list = &j->p->all.domains[RELAY_DOMAINS];
	spend(j, list->n * 8);
	for (size_t i = 0; i < list->n; i++) {
		spend(j, list->at[i].map ? list->at[i].map->entry_n : 0);
		const struct audit_place *place = wide_entry(&list->at[i], parents);
		if (place && !list->at[i].negated)
			note_first(j, &j->some, rule, *place);
	}
}

/* Domains that only the server can look up: whichever he chooses may be one of them. */
static void guard_pass_unread(struct judging *j, const struct postfix_rule *rule)
{
	for (size_t i = RELAY_DOMAINS + 1; i-- > 0;) {
		const struct postfix_list *list = &j->p->all.domains[i];
		spend(j, list->n * 8);
		for (size_t k = 0; k < list->n; k++)
			if (list->at[k].map && is_unread(list->at[k].map) &&
			    !list->at[k].negated)
				note_first(j, &j->unsure, rule, list->at[k].place);
	}
}

static enum outcome guard_judge(struct judging *j, const struct postfix_rule *rule)
{
	if (destination_own(j))
		return WENT_ON;
	if (j->client->any_destination)
		guard_pass_some(j, rule);
	if (j->client->recipient || (j->client->any_destination && !j->some.rule))
		guard_pass_unread(j, rule);
	return outcome_by(j, rule, j->list, REFUSES);
}

/* --- elements --- */

static enum outcome networks_judge(struct judging *j, const struct postfix_rule *rule)
{
	struct postfix_service *s = j->service;
	postfix_mynetworks(j->p, s);
	spend(j, s->network_n);
	for (size_t i = 0; i < s->network_n; i++)
		spend(j, s->networks[i].map ? s->networks[i].map->entry_n : 0);
	const struct postfix_network *network =
		postfix_network_of(s->networks, s->network_n, j->client);
	if (network && network->broken)
		return outcome_by(j, rule, network->place, REFUSES);
	if (network)
		return network->negated ? WENT_ON : outcome_by(j, rule, network->place, PERMITS);
	for (size_t i = 0; i < s->network_n; i++)
		if (s->networks[i].map && is_unread(s->networks[i].map))
			note_first(j, &j->unsure, rule, s->networks[i].place);
	return WENT_ON;
}

static bool address_own(const struct judging *j)
{
	const struct postfix_given *g = j->p->given;
	for (size_t i = 0; i < g->interface_n; i++)
		if (ip_eq(&g->interfaces[i].address, &j->client->address))
			return true;
	return false;
}

static bool asks_certificate(struct judging *j)
{
	return postfix_yes(j->p, j->service, "smtpd_tls_ask_ccert")
	       || postfix_yes(j->p, j->service, "smtpd_tls_req_ccert");
}

/* Whether the client is what the element permits. */
static bool client_permitted(struct judging *j, enum postfix_rule_kind kind)
{
	switch (kind) {
	case POSTFIX_RULE_PERMIT:
		return true;
	case POSTFIX_RULE_INET_INTERFACES:
		return address_own(j);
	case POSTFIX_RULE_SASL:
		return j->client->logged_in
		       && postfix_yes(j->p, j->service, "smtpd_sasl_auth_enable");
	case POSTFIX_RULE_CERT_ANY:
		return (j->client->cert_any || j->client->cert_listed) && asks_certificate(j);
	case POSTFIX_RULE_CERT_LISTED:
		return j->client->cert_listed && asks_certificate(j)
		       && *postfix_value(j->p, j->service, "relay_clientcerts")->value;
	case POSTFIX_RULE_OWN_DESTINATION:
		return destination_own(j);
	default:
		return false;
	}
}

static enum outcome backup_judge(struct judging *j, const struct postfix_rule *rule)
{
	if (*postfix_value(j->p, j->service, "permit_mx_backup_networks")->value)
		return WENT_ON;
	if (j->client->mx_here)
		return outcome_by(j, rule, j->list, PERMITS);
	if (j->client->any_destination)
		note_first(j, &j->some, rule, j->list);
	return WENT_ON;
}

static enum outcome class_judge(struct judging *j, const struct postfix_rule *rule)
{
	struct postfix_rule *rules;
	const struct audit_setting *s = postfix_value(j->p, j->service, rule->name);
	const size_t n = postfix_rules_of(j->p, j->service, rule->name, &rules);
	const struct audit_place outer = j->list;
	const char *outer_name = j->list_name;
	j->list = s->place;
	j->list_name = rule->name;
	const enum outcome outcome = list_judge(j, rules, n);
	j->list = outer;
	j->list_name = outer_name;
	return outcome;
}

static enum outcome rule_judge(struct judging *j, const struct postfix_rule *rule)
{
	switch (rule->kind) {
	case POSTFIX_RULE_UNKNOWN:
	case POSTFIX_RULE_REJECT:
		return outcome_by(j, rule, j->list, REFUSES);
	case POSTFIX_RULE_NEUTRAL:
		return WENT_ON;
	case POSTFIX_RULE_MYNETWORKS:
		return networks_judge(j, rule);
	case POSTFIX_RULE_GUARD:
		return guard_judge(j, rule);
	case POSTFIX_RULE_MX_BACKUP:
		return backup_judge(j, rule);
	case POSTFIX_RULE_CLASS:
		return class_judge(j, rule);
	case POSTFIX_RULE_CLIENT:
	case POSTFIX_RULE_REVERSE:
	case POSTFIX_RULE_HELO:
	case POSTFIX_RULE_SENDER:
	case POSTFIX_RULE_RECIPIENT:
		return table_judge(j, rule);
	case POSTFIX_RULE_POLICY:
		note_first(j, &j->unsure, rule, j->list);
		return WENT_ON;
	case POSTFIX_RULE_CERT_TABLE:
	case POSTFIX_RULE_SASL_TABLE:
		if (rule->kind == POSTFIX_RULE_SASL_TABLE ? j->client->logged_in
		                                          : j->client->cert_listed)
			note_first(j, &j->unsure, rule, j->list);
		return WENT_ON;
	default:
		return outcome_by(j, rule, j->list,
		                  client_permitted(j, rule->kind) ? PERMITS : WENT_ON);
	}
}

static enum outcome list_judge(struct judging *j, const struct postfix_rule *rules, size_t n)
{
	static const struct postfix_rule beyond = { POSTFIX_RULE_UNKNOWN, "", "", false };
	if (j->depth >= AUDIT_DEPTH_MAX || j->p->elements > POSTFIX_ELEMENTS_ALL_MAX) {
		note_first(j, &j->unsure, n > 0 ? &rules[0] : &beyond, j->list);
		return REFUSES;
	}
	j->depth++;
	enum outcome outcome = WENT_ON;
	for (size_t i = 0; i < n && outcome == WENT_ON; i++) {
		spend(j, 0);
		if (++j->elements > POSTFIX_ELEMENTS_MAX
		    || j->p->elements > POSTFIX_ELEMENTS_ALL_MAX) {
			note_first(j, &j->unsure, &rules[i], j->list);
			outcome = REFUSES;
			break;
		}
		outcome = rule_judge(j, &rules[i]);
		if (outcome == REFUSES && rules[i].warns_only) {
			outcome = WENT_ON;
			j->by = (struct evidence){ 0 };
		}
	}
	j->depth--;
	return outcome;
}

/* --- the lists together --- */

struct list_verdict {
	const char *parameter;
	const struct audit_setting *setting;
	enum outcome outcome;
	bool guards;
	struct evidence by, unsure, some;
	const struct audit_setting *own;
};

/* What Postfix wants to see in one of the two lists before it takes any mail: before a permit, as
 * it ignores what stands behind one. */
static bool list_guards(struct judging *j, const struct postfix_rule *rules, size_t n,
                        unsigned depth)
{
	static const char *const wanted[] = {
		"reject_unauth_destination", "defer_unauth_destination", "reject", "defer",
		"defer_if_permit", "check_relay_domains", NULL };
	for (size_t i = 0; i < n && j->elements < POSTFIX_ELEMENTS_MAX; i++) {
		j->elements++;
		if (!rules[i].warns_only && rules[i].kind == POSTFIX_RULE_PERMIT)
			return false;
		if (!rules[i].warns_only && among(str_of(rules[i].name), wanted))
			return true;
		if (rules[i].warns_only || rules[i].kind != POSTFIX_RULE_CLASS
		    || depth >= AUDIT_DEPTH_MAX)
			continue;
		struct postfix_rule *inner;
		const size_t m = postfix_rules_of(j->p, j->service, rules[i].name, &inner);
		if (list_guards(j, inner, m, depth + 1))
			return true;
	}
	return false;
}

static void verdict_of_list(struct judging *j, struct list_verdict *v)
{
	struct postfix_rule *rules;
	v->setting = postfix_value(j->p, j->service, v->parameter);
	const size_t n = postfix_rules_of(j->p, j->service, v->parameter, &rules);
	struct judging apart = { .p = j->p, .service = j->service, .client = j->client,
	                         .list = v->setting->place, .list_name = v->parameter };
	v->outcome = list_judge(&apart, rules, n);
	v->by = v->outcome == WENT_ON ? (struct evidence){ 0 } : apart.by;
	v->unsure = apart.unsure;
	v->some = apart.some;
	v->own = apart.own;
	struct judging guards = { .p = j->p, .service = j->service };
	v->guards = list_guards(&guards, rules, n, 0);
}

static void answer_by(struct postfix_answer *a, enum postfix_say say, const struct list_verdict *v,
                      const struct evidence *e)
{
	*a = (struct postfix_answer){
		.say = say, .kind = e->rule ? e->rule->kind : POSTFIX_RULE_NEUTRAL,
		.element = e->rule ? e->rule->name : "",
		.argument = e->rule ? e->rule->argument : "", .parameter = v->parameter,
		.list = v->setting->place,
		.inner = e->rule ? e->inner
		                 : (struct audit_line){ v->parameter, v->setting->place },
		.place = e->rule ? e->place : v->setting->place,
	};
	if (say == POSTFIX_TAKES && !e->rule && v->own) {
		a->element = "";
		a->parameter = v->own->name;
		a->place = v->own->place;
	}
}

/* The refusal that counts: one that is sure, then one that is not, then one of most. */
static bool answer_refused(struct postfix_answer *a, const struct list_verdict *v, size_t n)
{
	const struct list_verdict *unsure = NULL, *some = NULL;
	for (size_t i = 0; i < n; i++) {
		if (v[i].outcome != REFUSES)
			continue;
		if (v[i].unsure.rule) {
			unsure = unsure ? unsure : &v[i];
		} else if (v[i].some.rule) {
			some = some ? some : &v[i];
		} else {
			answer_by(a, POSTFIX_REFUSES, &v[i], &v[i].by);
			return true;
		}
	}
	if (unsure)
		answer_by(a, POSTFIX_UNSURE, unsure, &unsure->unsure);
	else if (some)
		answer_by(a, POSTFIX_SOME, some, &some->some);
	return unsure || some;
}

void postfix_judge(struct postfix *p, const char *service, const struct postfix_client *client,
                   struct postfix_answer *answer)
{
	struct list_verdict v[] = {
		{ .parameter = "smtpd_relay_restrictions" },
		{ .parameter = "smtpd_recipient_restrictions" },
		{ .parameter = "smtpd_client_restrictions" },
		{ .parameter = "smtpd_helo_restrictions" },
		{ .parameter = "smtpd_sender_restrictions" },
		{ .parameter = "smtpd_data_restrictions" },
	};
	const size_t n = sizeof(v) / sizeof(*v);
	const struct evidence none = { 0 };
	struct judging j = { .p = p, .service = postfix_service_of(p, service), .client = client };
	for (size_t i = 0; i < n; i++)
		verdict_of_list(&j, &v[i]);
	if (!v[0].guards && !v[1].guards)       /* Postfix refuses to take mail at all */
		answer_by(answer, POSTFIX_REFUSES, &v[0], &none);
	else if (answer_refused(answer, v, n))
		;
	else if (v[0].outcome == PERMITS || v[1].outcome != PERMITS)
		answer_by(answer, POSTFIX_TAKES, *v[0].setting->value ? &v[0] : &v[1],
		          v[0].outcome == PERMITS ? &v[0].by : &none);
	else
		answer_by(answer, POSTFIX_TAKES, &v[1], &v[1].by);
}
