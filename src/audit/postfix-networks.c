/* SPDX-License-Identifier: ISC
 *
 * Lists of networks: $mynetworks and what has its syntax (addresses, address/length, names of
 * hosts, /file/name, type:table, each with ! to exclude; the first that matches decides), and the
 * default by mynetworks_style from the interfaces that inet_interfaces names (postconf(5)).
 */
#include "audit/postfix-private.h"

struct gathering {
	struct postfix *p;
	struct postfix_network *at;
	size_t n;
	unsigned depth;
};

static void list_gather(struct gathering *g, struct str list, const struct audit_place *place,
                        bool negated);

static void network_add(struct gathering *g, struct postfix_network network)
{
	if (g->n >= POSTFIX_NETWORKS_MAX) {
		postfix_cut(g->p, "networks", "they are too many");
		return;
	}
	g->at = postfix_grown(g->p->arena, g->at, g->n, sizeof(*g->at));
	g->at[g->n++] = network;
}

static void file_gather(struct gathering *g, struct str name, bool negated)
{
	const char *file = arena_strdup(g->p->arena, name);
	struct str text;
	struct postfix_line line;
	if (g->depth >= AUDIT_DEPTH_MAX) {
		postfix_cut(g->p, file, "files name files too deeply");
		return;
	}
	const int err = postfix_file(g->p, file, &text);
	if (err == ERR_NOT_FOUND)
		network_add(g, (struct postfix_network){ .broken = BROKEN_FOR_ALL, .place = {
			file, 0, file } });
	g->p->reading.cut |= err == ERR_LIMIT;
	if (err != ERR_OK)
		return;
	struct postfix_lines lines = { .rest = text, .arena = g->p->arena };
	g->depth++;
	while (g->n < POSTFIX_NETWORKS_MAX && g->p->elements <= POSTFIX_ELEMENTS_ALL_MAX
	       && postfix_line_next(&lines, &line)) {
		g->p->elements++;
		const struct audit_place place = { file, line.number, line.text.p };
		list_gather(g, line.text, &place, negated);
	}
	g->depth--;
}

/* Each network of a table that can be listed; the rest stays a question to the table. */
static void table_gather(struct gathering *g, struct str name, const struct audit_place *place,
                         bool negated)
{
	const struct postfix_map *map = postfix_map(g->p, name);
	network_add(g, (struct postfix_network){ .map = map, .negated = negated, .place = *place });
}

/* An IPv4 address in the form of IPv6, as "[::ffff:127.0.0.0]/104" of Debian's main.cf: clients of
 * IPv4 are looked up in their own form, so that it matches none. */
static bool is_mapped(struct str word)
{
	struct ip ip;
	const size_t end = str_find(word, ']');
	return end != SIZE_MAX && word.p[0] == '['
	       && ip_parse((struct str){ word.p + 1, end - 1 }, &ip, NULL) == ERR_OK
	       && ip.family == 4 && str_find(word, ':') != SIZE_MAX;
}

/* Whether Postfix cannot read it as a network, and whom it refuses for that. */
static uint8_t broken_for(struct str word, const char **why)
{
	struct prefix meant;
	const bool six = str_find(word, ':') != SIZE_MAX, brackets = word.p[0] == '[';
	const bool reads = postfix_range(word, &meant) == ERR_OK;
	const bool other = !reads && prefix_meant(word, &meant);
	if (six && !brackets && (reads || other)) {
		*why = "IPv6 without brackets: Postfix refuses mail by it";
		return BROKEN_FOR_ALL;
	}
	if (reads)
		return 0;
	*why = other ? "bits of the host are set: Postfix refuses mail by it"
	             : "it is no network: Postfix refuses mail by it";
	if (brackets)
		return 6;
	return !six && (other || (ascii_isdigit((unsigned char)word.p[0])
	                          && str_find(word, '/') != SIZE_MAX)) ? 4 : 0;
}

static void word_gather(struct gathering *g, struct str word, const struct audit_place *place,
                        bool negated)
{
	struct postfix_network network = { .negated = negated, .place = *place };
	const char *why = NULL;
	if (word.n == 0 || is_mapped(word))
		return;
	if (word.p[0] == '/') {
		file_gather(g, word, negated);
		return;
	}
	network.broken = broken_for(word, &why);
	if (network.broken) {
		postfix_unread(g->p, arena_strdup(g->p->arena, word), why);
		network_add(g, network);
	} else if (postfix_range(word, &network.range) == ERR_OK) {
		network_add(g, network);
	} else if (str_find(word, ':') != SIZE_MAX) {
		table_gather(g, word, place, negated);
	} else {
		network.range = (struct prefix){ 0 };
		network.name = arena_strdup(g->p->arena, word);
		network_add(g, network);
	}
}

static void list_gather(struct gathering *g, struct str list, const struct audit_place *place,
                        bool negated)
{
	struct str word;
	while (g->n < POSTFIX_NETWORKS_MAX && postfix_word(&list, &word)) {
		size_t marks = 0;
		while (marks < word.n && word.p[marks] == '!')
			marks++;
		word_gather(g, str_from(word, marks), place, negated != (marks % 2 == 1));
	}
}

size_t postfix_networks(struct postfix *p, const char *value, const struct audit_place *place,
                        struct postfix_network **networks)
{
	struct gathering g = { .p = p };
	list_gather(&g, str_of(value), place, false);
	if (g.n >= POSTFIX_NETWORKS_MAX || p->elements > POSTFIX_ELEMENTS_ALL_MAX)
		postfix_cut(p, "networks", "they are too many");
	*networks = g.at;
	return g.n;
}

static bool name_matches(const char *pattern, const char *name)
{
	if (!name)
		return false;
	const struct str p = str_of(pattern), n = str_of(name);
	if (p.n > 1 && p.p[0] == '.')
		return n.n > p.n && str_casesuffix(n, p);
	return str_in_domain(n, p);
}

/* Whether a table has a name among its addresses. */
static bool has_name(const struct postfix_map *map)
{
	struct prefix range;
	for (size_t i = 0; map->kind == POSTFIX_MAP_EXACT && i < map->entry_n; i++)
		if (postfix_range(map->entries[i].key, &range) != ERR_OK)
			return true;
	return false;
}

static bool network_matches(const struct postfix_network *n, const struct postfix_client *client)
{
	const struct ip *ip = &client->address;
	const char *name = client->name;
	if (n->broken)
		return n->broken == BROKEN_FOR_ALL || n->broken == ip->family;
	if (n->map)
		return postfix_map_ip(n->map, ip)
		       || (name && postfix_map_key(n->map, str_of(name)))
		       || (client->any_name && !n->negated && has_name(n->map));
	if (n->name)
		return (client->any_name && !n->negated) || name_matches(n->name, name);
	return n->range.ip.family == ip->family && prefix_contains(&n->range, ip);
}

const struct postfix_network *postfix_network_of(const struct postfix_network *networks, size_t n,
                                                 const struct postfix_client *client)
{
	for (size_t i = 0; i < n; i++)
		if (network_matches(&networks[i], client))
			return &networks[i];
	return NULL;
}

/* The networks of the old classes A, B, C and D. */
static unsigned class_length(const struct ip *ip)
{
	if (ip->b[0] < 128)
		return 8;
	if (ip->b[0] < 192)
		return 16;
	return ip->b[0] < 224 ? 24 : 4;
}

/* Whether Postfix takes mail there: by inet_interfaces and inet_protocols. */
static bool listens_on(struct postfix *p, struct postfix_service *service, const struct ip *ip)
{
	const struct str protocols = str_of(postfix_value(p, service, "inet_protocols")->value);
	struct str rest = str_of(postfix_value(p, service, "inet_interfaces")->value), word;
	if (ip->family == 4 && str_caseeq(protocols, STR("ipv6")))
		return false;
	if (ip->family == 6 && str_caseeq(protocols, STR("ipv4")))
		return false;
	while (postfix_word(&rest, &word)) {
		struct prefix range;
		if (str_caseeq(word, STR("all")))
			return true;
		if ((str_caseeq(word, STR("loopback-only")) || str_caseeq(word, STR("localhost")))
		    && ip_is_loopback(ip))
			return true;
		if (postfix_range(word, &range) == ERR_OK && ip_eq(&range.ip, ip))
			return true;
	}
	return false;
}

/* The default is short of what names in inet_interfaces stand for. */
static void names_unread(struct postfix *p, struct postfix_service *service)
{
	struct str rest = str_of(postfix_value(p, service, "inet_interfaces")->value), word;
	struct prefix range;
	while (postfix_word(&rest, &word))
		if (!str_caseeq(word, STR("all")) && !str_caseeq(word, STR("loopback-only"))
		    && !str_caseeq(word, STR("localhost"))
		    && postfix_range(word, &range) != ERR_OK)
			postfix_unread(p, arena_printf(p->arena, "inet_interfaces: %.*s",
			                               STR_ARG(word)),
			               "the addresses of the name are not known here");
}

const char *postfix_style_networks(struct postfix *p, struct postfix_service *service)
{
	const struct str style = str_of(postfix_value(p, service, "mynetworks_style")->value);
	struct buf list = { 0 };
	char text[IP_TEXT_MAX];
	if (p->given->interface_n > POSTFIX_NETWORKS_MAX)
		postfix_cut(p, "networks of the interfaces", "they are too many");
	for (size_t i = 0; i < p->given->interface_n && i < POSTFIX_NETWORKS_MAX; i++) {
		const struct postfix_interface *at = &p->given->interfaces[i];
		unsigned len = ip_bits(&at->address);
		if (!listens_on(p, service, &at->address))
			continue;
		if (str_caseeq(style, STR("class")) && at->address.family == 4)
			len = class_length(&at->address);
		else if (!str_caseeq(style, STR("host")))
			len = at->len;
		const struct prefix range = prefix_of(&at->address, len);
		ip_format(&range.ip, text);
		buf_printf(&list, at->address.family == 4 ? "%s%s/%u" : "%s[%s]/%u",
		           list.n ? " " : "", text, (unsigned)range.len);
	}
	const char *value = arena_strdup(p->arena, (struct str){ buf_cstr(&list), list.n });
	buf_fini(&list);
	return value;
}

void postfix_mynetworks(struct postfix *p, struct postfix_service *service)
{
	if (service->networks_read)
		return;
	service->networks_read = true;
	const struct audit_setting *s = postfix_value(p, service, "mynetworks");
	const char *value = s->value;
	struct audit_place place = s->place;
	if (place.line == 0) {
		const struct audit_setting *style = postfix_value(p, service, "mynetworks_style");
		value = postfix_style_networks(p, service);
		names_unread(p, service);
		place = style->place;
	}
	service->network_n = postfix_networks(p, value, &place, &service->networks);
}
