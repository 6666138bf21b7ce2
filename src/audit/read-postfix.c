/* SPDX-License-Identifier: ISC
 *
 * The reading of a Postfix put together: main.cf, master.cf, then for each service its port, the
 * parameters that matter, the networks that it trusts and whether a stranger may relay.
 */
#include "audit/postfix-private.h"

/* Parameters that explain who may relay, or a finding of the catalogue's causes. */
static const char *const reported[] = {
	"compatibility_level", "myhostname", "mydomain", "mydestination", "mynetworks",
	"mynetworks_style", "inet_interfaces", "inet_protocols", "proxy_interfaces",
	"relay_domains", "relayhost", "relay_clientcerts", "permit_mx_backup_networks",
	"smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_client_restrictions",
	"smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_data_restrictions",
	"smtpd_restriction_classes", "postscreen_access_list",
	"smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol",
	"smtpd_authorized_xclient_hosts", "smtpd_authorized_xforward_hosts",
	"smtpd_sasl_auth_enable", "smtpd_sasl_type", "smtpd_sasl_path",
	"smtpd_sasl_security_options", "smtpd_sender_login_maps",
	"smtpd_tls_ask_ccert", "smtpd_tls_req_ccert", "smtpd_tls_wrappermode",
	"smtpd_tls_security_level", "smtpd_tls_CAfile", "smtpd_tls_CApath",
	"allow_untrusted_routing", "allow_percent_hack", "swap_bangpath",
	"smtpd_forbid_bare_newline", "smtpd_forbid_bare_newline_exclusions",
	"virtual_alias_domains", "virtual_alias_maps", "virtual_mailbox_domains",
	"virtual_mailbox_maps", "multi_instance_enable", "multi_instance_directories",
};

static void setting_add(struct postfix *p, const struct audit_setting *s)
{
	struct audit_reading *r = &p->reading;
	if (r->setting_n >= AUDIT_SETTINGS_MAX)
		return;
	r->settings = postfix_grown(p->arena, r->settings, r->setting_n, sizeof(*r->settings));
	r->settings[r->setting_n++] = *s;
}

/* Those of main.cf, then what a service has of its own. */
static void settings_report(struct postfix *p)
{
	const size_t n = sizeof(reported) / sizeof(*reported);
	for (size_t i = 0; i < n; i++)
		setting_add(p, postfix_value(p, &p->all, reported[i]));
	for (size_t i = 0; i < p->service_n; i++) {
		struct postfix_service *s = &p->services[i];
		for (size_t k = 0; s->own_n > 0 && k < n; k++) {
			const struct audit_setting *own = postfix_value(p, s, reported[k]);
			struct audit_setting as_own = *own;
			if (!*own->service
			    && !strcmp(own->value, postfix_value(p, &p->all, reported[k])->value))
				continue;
			as_own.service = s->name;
			setting_add(p, &as_own);
		}
	}
}

/* The smtpd to which a postscreen hands its clients; else the service itself. */
static struct postfix_service *service_behind(struct postfix *p, struct postfix_service *s)
{
	if (strcmp(s->command, "postscreen") != 0)
		return s;
	const char *name = postfix_value(p, s, "smtpd_service_name")->value;
	for (size_t i = 0; i < p->service_n; i++)
		if (!strcmp(p->services[i].type, "pass") && !strcmp(p->services[i].name, name))
			return &p->services[i];
	postfix_unread(p, s->place.text, "there is no smtpd of type pass behind it");
	return s;
}

/* Only who logs in is meant: a list lets those through and ends by refusing all others. */
static bool for_login(struct postfix *p, struct postfix_service *s)
{
	static const char *const lists[] = { "smtpd_relay_restrictions",
	                                     "smtpd_recipient_restrictions",
	                                     "smtpd_client_restrictions",
	                                     "smtpd_sender_restrictions" };
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct postfix_rule *rules;
		bool login = false, trusts = false;
		const size_t n = postfix_rules_of(p, s, lists[i], &rules);
		for (size_t k = 0; k < n; k++) {
			login = login || rules[k].kind == POSTFIX_RULE_SASL;
			trusts = trusts || rules[k].kind == POSTFIX_RULE_PERMIT;
		}
		if (login && !trusts && rules[n - 1].kind == POSTFIX_RULE_REJECT)
			return postfix_yes(p, s, "smtpd_sasl_auth_enable");
	}
	return false;
}

/* Only the networks that are trusted and who logs in may come at all. */
static bool for_known(struct postfix *p, struct postfix_service *s)
{
	struct postfix_rule *rules;
	const size_t n = postfix_rules_of(p, s, "smtpd_client_restrictions", &rules);
	for (size_t i = 0; i + 1 < n; i++)
		if (rules[i].kind != POSTFIX_RULE_MYNETWORKS &&
		    rules[i].kind != POSTFIX_RULE_SASL && rules[i].kind != POSTFIX_RULE_NEUTRAL)
			return false;
	return n > 0 && rules[n - 1].kind == POSTFIX_RULE_REJECT && !rules[n - 1].warns_only;
}

static void ports_report(struct postfix *p)
{
	struct audit_reading *r = &p->reading;
	for (size_t i = 0; i < p->service_n; i++) {
		struct postfix_service *s = &p->services[i];
		struct audit_port port = { .place = s->place };
		if (strcmp(s->type, "inet") != 0)
			continue;
		if (postfix_service_port(s->name, &port.address, &port.port) != ERR_OK) {
			postfix_unread(p, s->place.text, "its port is not known here");
			r->port_unread = true;
			continue;
		}
		struct postfix_service *behind = service_behind(p, s);
		port.service = behind->name;
		port.tls_first = postfix_yes(p, behind, "smtpd_tls_wrappermode");
		port.for_login = for_login(p, behind);
		port.for_known = for_known(p, behind);
		r->ports = postfix_grown(p->arena, r->ports, r->port_n, sizeof(*r->ports));
		r->ports[r->port_n++] = port;
	}
}

static void trust_add(struct postfix *p, const struct audit_trust *trust)
{
	struct audit_reading *r = &p->reading;
	for (size_t i = 0; i < r->trust_n; i++)
		if (prefix_cmp(&r->trusts[i].range, &trust->range) == 0
		    && !strcmp(r->trusts[i].service, trust->service)
		    && !strcmp(r->trusts[i].name, trust->name))
			return;
	if (r->trust_n >= POSTFIX_TRUSTS_MAX) {
		postfix_cut(p, "trusted networks", "they are too many");
		return;
	}
	r->trusts = postfix_grown(p->arena, r->trusts, r->trust_n, sizeof(*r->trusts));
	r->trusts[r->trust_n++] = *trust;
}

enum { CLASS_DEPTH_MAX = 3 };

/* The range may relay by that service if one of its first addresses may, by its address. */
static void range_try(struct postfix *p, struct postfix_service *s, const struct prefix *range,
                      const char *name, const struct audit_place *place)
{
	struct postfix_client client = { .address = range->ip };
	struct postfix_answer answer = { 0 };
	for (int i = 0; i < 4 && p->reading.trust_n < POSTFIX_TRUSTS_MAX; i++) {
		postfix_judge(p, s->name, &client, &answer);
		if (answer.say == POSTFIX_TAKES)
			break;
		if (!ip_next(&client.address) || !prefix_contains(range, &client.address))
			return;
	}
	if (answer.say != POSTFIX_TAKES || (answer.kind != POSTFIX_RULE_MYNETWORKS
	                                    && answer.kind != POSTFIX_RULE_CLIENT))
		return;
	trust_add(p, &(struct audit_trust){ *range, s->name, place->line ? *place : answer.list,
	                                    name });
}

/* Of a table of clients: a long list of whom nobody wants is looked through in no time. */
static bool refuses(struct str value)
{
	static const char *const words[] = { "reject", "dunno", "defer", "4", "5" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_caseprefix(value, str_of(words[i])))
			return true;
	return false;
}

static void table_try(struct postfix *p, struct postfix_service *s, const struct postfix_map *map,
                      const char *name)
{
	const bool clients = strcmp(name, "mynetworks") != 0;
	size_t tried = 0;
	p->reading.cut |= map->cut;
	for (size_t i = 0; i < map->entry_n; i++) {
		const struct postfix_entry *e = &map->entries[i];
		struct prefix range = e->range;
		if (e->negated || (clients && refuses(e->value)))
			continue;
		if (tried++ >= POSTFIX_TRUSTS_MAX) {
			postfix_cut(p, map->name, "it has too many entries");
			return;
		}
		if (map->kind == POSTFIX_MAP_EXACT && !postfix_key_range(e->key, &range))
			continue;
		if (range.ip.family)
			range_try(p, s, &range, name, &e->place);
	}
}

/* An earlier exclusion takes all of it away. */
static bool excluded(const struct postfix_service *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (s->networks[k].negated && s->networks[k].range.ip.family
		    && prefix_covers(&s->networks[k].range, &s->networks[i].range))
			return true;
	return false;
}

static void networks_try(struct postfix *p, struct postfix_service *s)
{
	postfix_mynetworks(p, s);
	if (s->network_n > POSTFIX_TRUSTS_MAX)
		postfix_cut(p, "trusted networks", "they are too many");
	for (size_t i = 0; i < s->network_n && i < POSTFIX_TRUSTS_MAX; i++) {
		const struct postfix_network *n = &s->networks[i];
		if (n->negated)
			continue;
		if (n->map)
			table_try(p, s, n->map, "mynetworks");
		else if (n->range.ip.family && !excluded(s, i))
			range_try(p, s, &n->range, "mynetworks", &n->place);
	}
}

static void list_try(struct postfix *p, struct postfix_service *s, const char *list,
                     const char *parameter, unsigned depth)
{
	struct postfix_rule *rules;
	const size_t n = postfix_rules_of(p, s, list, &rules);
	for (size_t k = 0; k < n; k++) {
		if (rules[k].kind == POSTFIX_RULE_CLIENT)
			table_try(p, s, postfix_map(p, str_of(rules[k].argument)), parameter);
		else if (rules[k].kind == POSTFIX_RULE_CLASS && depth < CLASS_DEPTH_MAX)
			list_try(p, s, rules[k].name, parameter, depth + 1);
	}
}

/* Tables of clients in the two lists that say who may relay, and in the classes that they name. */
static void tables_try(struct postfix *p, struct postfix_service *s)
{
	list_try(p, s, "smtpd_relay_restrictions", "smtpd_relay_restrictions", 0);
	list_try(p, s, "smtpd_recipient_restrictions", "smtpd_recipient_restrictions", 0);
}

/* Hosts that may say which client they stand for (XCLIENT): they may say any. */
static void xclient_report(struct postfix *p, struct postfix_service *s)
{
	const struct audit_setting *hosts = postfix_value(p, s, "smtpd_authorized_xclient_hosts");
	struct postfix_network *list;
	const size_t n = postfix_networks(p, hosts->value, &hosts->place, &list);
	for (size_t i = 0; i < n; i++)
		if (!list[i].negated && list[i].range.ip.family)
			trust_add(p, &(struct audit_trust){ list[i].range, s->name, list[i].place,
			                                    hosts->name });
}

static void trusts_report(struct postfix *p)
{
	for (size_t i = 0; i < p->reading.port_n; i++) {
		struct postfix_service *s = postfix_service_of(p, p->reading.ports[i].service);
		networks_try(p, s);
		tables_try(p, s);
		xclient_report(p, s);
	}
}

/* A stranger with nothing but the choice of what he says of himself. */
static void stranger_report(struct postfix *p)
{
	const struct ip addresses[] = {
		ip_from_v4(198, 51, 100, 77),
		{ .family = 6, .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } },
	};
	struct audit_reading *r = &p->reading;
	for (size_t i = 0; i < r->port_n; i++) {
		for (size_t k = 0; k < 2; k++) {
			const struct postfix_client stranger = {
				.address = addresses[k], .forges_sender = true,
				.forges_helo = true };
			struct postfix_answer answer;
			postfix_judge(p, r->ports[i].service, &stranger, &answer);
			if (answer.say != POSTFIX_TAKES || r->open_to_all)
				continue;
			r->open_to_all = true;
			r->opened_by = answer.place;
		}
	}
}

enum { DOMAINS_MAX = 2000 };

static void domain_add(struct postfix *p, const char *name)
{
	struct audit_reading *r = &p->reading;
	if (r->domain_n >= DOMAINS_MAX || strchr(name, '@') || !strchr(name, '.'))
		return;
	for (size_t i = 0; i < r->domain_n; i++)
		if (str_caseeq(str_of(r->domains[i]), str_of(name)))
			return;
	r->domains = postfix_grown(p->arena, r->domains, r->domain_n, sizeof(*r->domains));
	r->domains[r->domain_n++] = name;
}

static void domains_report(struct postfix *p)
{
	static const char *const lists[] = { "mydestination", "virtual_mailbox_domains",
	                                     "virtual_alias_domains", "relay_domains" };
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const struct audit_setting *s = postfix_value(p, &p->all, lists[i]);
		struct postfix_network *list;
		const size_t n = postfix_networks(p, s->value, &s->place, &list);
		for (size_t k = 0; k < n; k++) {
			const struct postfix_map *map = list[k].map;
			const size_t entry_n = map && map->kind == POSTFIX_MAP_EXACT
			                       && (k == 0 || list[k - 1].map != map)
			                       ? map->entry_n : 0;
			if (list[k].name && !list[k].negated)
				domain_add(p, list[k].name);
			for (size_t e = 0; e < entry_n && p->reading.domain_n < DOMAINS_MAX; e++)
				domain_add(p, arena_strdup(p->arena, map->entries[e].key));
		}
	}
}

int postfix_read(const struct audit_files *files, const struct postfix_given *given,
                 struct arena *a, struct postfix **read)
{
	struct postfix *p = arena_alloc(a, sizeof(*p));
	struct postfix_given *own = arena_alloc(a, sizeof(*own));
	*own = *given;
	own->directory = given->directory ? given->directory : "/etc/postfix";
	*p = (struct postfix){ .files = files, .given = own, .arena = a,
	                       .all = { .name = "", .type = "", .command = "" },
	                       .reading = { .mta = MTA_POSTFIX } };
	*read = p;
	int err = postfix_main_read(p);
	const int master_err = postfix_master_read(p);
	if (err == ERR_OK)
		err = master_err;
	p->mynetworks = postfix_style_networks(p, &p->all);
	settings_report(p);
	ports_report(p);
	trusts_report(p);
	stranger_report(p);
	domains_report(p);
	return err;
}

const struct audit_reading *postfix_reading(const struct postfix *p)
{
	return &p->reading;
}

const struct audit_setting *postfix_setting(struct postfix *p, const char *service,
                                            const char *name)
{
	struct postfix_assign found;
	struct postfix_service *s = postfix_service_of(p, service);
	return postfix_raw(p, s, str_of(name), &found) ? postfix_value(p, s, name) : NULL;
}
