/* SPDX-License-Identifier: ISC
 *
 * Which registry serves an address: the bootstrap, read.
 */
#include "report/rdap-private.h"

/* ---- bootstrap (RFC 9224) ----------------------------------------------- */

/* https wins. */
static struct str choose_url(const json_t *urls, bool http_ok)
{
	struct str plain = STR("");
	size_t i;
	json_t *value;
	json_array_foreach(urls, i, value) {
		struct str url = rdap_text(value);
		if (!rdap_is_url(url, http_ok) || url.n >= RDAP_URL_MAX - IP_TEXT_MAX - 8)
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
		if (prefix_parse(rdap_text(value), &p, NULL) != ERR_OK ||
		    !prefix_contains(&p, ip) ||
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
