/* SPDX-License-Identifier: ISC
 *
 * What a bootstrap and a registry say, read.
 */
#include "report/rdap.h"

#include <jansson.h>

enum { ENTITY_DEPTH_MAX = 8, ENTITIES_MAX = 500 };

static struct str text_of(const json_t *value)
{
	return json_is_string(value)
	       ? (struct str){ json_string_value(value), json_string_length(value) } : STR("");
}

/* NULL: too long, or no JSON. jansson limits the depth. */
static json_t *rdap_load(struct str json, size_t max_bytes)
{
	return json.n <= max_bytes ? json_loadb(json.p, json.n, 0, NULL) : NULL;
}

/* What has bytes that no URL has is no URL. */
static bool is_url(struct str s, bool http_ok)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n < RDAP_URL_MAX && (str_caseprefix(s, STR("https://")) ||
	                              (http_ok && str_caseprefix(s, STR("http://"))));
}

/* ---- bootstrap (RFC 9224) ----------------------------------------------- */

/* https wins. */
static struct str choose_url(const json_t *urls, bool http_ok)
{
	struct str plain = STR("");
	size_t i;
	json_t *value;
	json_array_foreach(urls, i, value) {
		struct str url = text_of(value);
		if (!is_url(url, http_ok) || url.n >= RDAP_URL_MAX - IP_TEXT_MAX - 8)
			continue;
		if (str_caseprefix(url, STR("https:")))
			return url;
		if (!plain.n)
			plain = url;
	}
	return plain;
}

static void write_url(struct str base, const struct ip *ip, char url[static RDAP_URL_MAX])
{
	struct buf b = { 0 };
	char address[IP_TEXT_MAX];
	buf_add_str(&b, base);
	if (base.p[base.n - 1] != '/')
		buf_add_byte(&b, '/');
	buf_printf(&b, "ip/%s", ip_format(ip, address));
	str_copy(url, RDAP_URL_MAX, buf_str(&b));
	buf_fini(&b);
}

/* One service: [[ranges…], [URLs…]]. */
static void look_in_service(const json_t *service, const struct ip *ip, bool http_ok,
                            struct str *best_url, struct prefix *best)
{
	const json_t *ranges = json_array_get(service, 0);
	size_t i;
	json_t *value;
	json_array_foreach(ranges, i, value) {
		struct prefix p;
		if (prefix_parse(text_of(value), &p, NULL) != ERR_OK || !prefix_contains(&p, ip) ||
		    (best->ip.family && p.len <= best->len))
			continue;
		struct str url = choose_url(json_array_get(service, 1), http_ok);
		if (url.n == 0)
			continue;
		*best = p;
		*best_url = url;
	}
}

int rdap_bootstrap_find(struct str json, const struct ip *ip, bool http_ok,
                        char url[static RDAP_URL_MAX], struct prefix *served)
{
	json_t *root = rdap_load(json, RDAP_BOOTSTRAP_MAX_BYTES);
	const json_t *services = json_object_get(root, "services");
	struct str best_url = STR("");
	size_t i;
	json_t *service;
	int e = ERR_OK;
	*served = (struct prefix){ 0 };
	if (!json_is_array(services))
		e = ERR_INVALID;
	json_array_foreach(services, i, service)
		look_in_service(service, ip, http_ok, &best_url, served);
	if (e == ERR_OK && best_url.n == 0)
		e = ERR_NOT_FOUND;
	if (e == ERR_OK)
		write_url(best_url, ip, url);
	json_decref(root);
	return e;
}

/* ---- an answer (RFC 9083) ----------------------------------------------- */

struct entities {
	struct contact_answer *answer;
	struct rdap_links *links;
	unsigned seen;
};

static bool has_role(const json_t *entity, struct str role)
{
	size_t i;
	json_t *value;
	json_array_foreach(json_object_get(entity, "roles"), i, value)
		if (str_caseeq(text_of(value), role))
			return true;
	return false;
}

/* jCard (RFC 7095): ["vcard", [["email", {…}, "text", "abuse@example.org"], …]]. False: it
 * holds no address that is new. */
static bool read_card(const json_t *entity, struct contact_answer *answer)
{
	size_t before = answer->email_count;
	const json_t *properties = json_array_get(json_object_get(entity, "vcardArray"), 1);
	size_t i;
	json_t *property;
	json_array_foreach(properties, i, property) {
		if (!str_caseeq(text_of(json_array_get(property, 0)), STR("email")))
			continue;
		for (size_t k = 3; k < json_array_size(property); k++) {
			struct str email = text_of(json_array_get(property, k));
			if (str_caseprefix(email, STR("mailto:")))
				email = str_from(email, 7);
			contact_add(answer, email);
		}
	}
	return answer->email_count > before;
}

static void add_link(struct rdap_links *links, struct str url)
{
	bool wanted = links->n < RDAP_LINKS_MAX && is_url(url, links->http_ok);
	for (size_t i = 0; wanted && i < links->n; i++)
		wanted = !str_eq(url, str_of(links->urls[i]));
	if (wanted)
		str_copy(links->urls[links->n++], RDAP_URL_MAX, url);
}

static void read_links(const json_t *entity, struct rdap_links *links)
{
	size_t i;
	json_t *value;
	json_array_foreach(json_object_get(entity, "links"), i, value)
		if (str_caseeq(text_of(json_object_get(value, "rel")), STR("self")))
			add_link(links, text_of(json_object_get(value, "href")));
}

static void read_entities(struct entities *e, const json_t *list, unsigned depth)
{
	size_t i;
	json_t *entity;
	if (depth > ENTITY_DEPTH_MAX)
		return;
	json_array_foreach(list, i, entity) {
		if (++e->seen > ENTITIES_MAX)
			return;
		if (has_role(entity, STR("abuse")) && !read_card(entity, e->answer))
			read_links(entity, e->links);
		read_entities(e, json_object_get(entity, "entities"), depth + 1);
	}
}

static int rdap_refuse(struct contact_answer *answer, const char *problem)
{
	str_copy(answer->problem, sizeof(answer->problem), str_of(problem));
	return ERR_INVALID;
}

/* The network must hold the address. It is cut to what the registry answers for: no
 * server may speak for the rest of the world. */
static int read_range(const json_t *root, const struct ip *ip, const struct prefix *served,
                      struct contact_answer *answer)
{
	struct ip first, last, least, greatest;
	if (ip_parse(str_trim(text_of(json_object_get(root, "startAddress"))), &first, NULL) != 0 ||
	    ip_parse(str_trim(text_of(json_object_get(root, "endAddress"))), &last, NULL) != 0)
		return rdap_refuse(answer, "the answer names no network");
	if (first.family != ip->family || last.family != ip->family ||
	    ip_cmp(&first, ip) > 0 || ip_cmp(&last, ip) < 0)
		return rdap_refuse(answer, "the answer is about another network");
	contact_range(served, &least, &greatest);
	answer->first = ip_cmp(&first, &least) < 0 ? least : first;
	answer->last = ip_cmp(&last, &greatest) > 0 ? greatest : last;
	return ERR_OK;
}

static int check_answer(const json_t *root, struct contact_answer *answer)
{
	if (!json_is_object(root))
		return rdap_refuse(answer, "the answer is not JSON");
	if (json_object_get(root, "errorCode"))
		return rdap_refuse(answer, "the registry answered with an error");
	return ERR_OK;
}

int rdap_parse(struct str json, const struct ip *ip, const struct prefix *served,
               struct contact_answer *answer, struct rdap_links *links)
{
	json_t *root = rdap_load(json, RDAP_ANSWER_MAX_BYTES);
	struct entities entities = { .answer = answer, .links = links };
	int e = check_answer(root, answer);
	if (e == ERR_OK)
		e = read_range(root, ip, served, answer);
	if (e == ERR_OK) {
		struct str name = text_of(json_object_get(root, "name"));
		contact_name(answer, name.n ? name : text_of(json_object_get(root, "handle")));
		read_entities(&entities, json_object_get(root, "entities"), 0);
	}
	json_decref(root);
	return e;
}

int rdap_entity_parse(struct str json, struct contact_answer *answer, struct rdap_links *links)
{
	json_t *root = rdap_load(json, RDAP_ANSWER_MAX_BYTES);
	struct entities entities = { .answer = answer, .links = links };
	int e = check_answer(root, answer);
	if (e == ERR_OK) {
		/* It is the desk because the network's answer said so; roles belong to that. */
		if (!read_card(root, answer))
			read_links(root, links);
		read_entities(&entities, json_object_get(root, "entities"), 0);
	}
	json_decref(root);
	return e;
}
