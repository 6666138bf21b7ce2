/* SPDX-License-Identifier: ISC
 *
 * JSON of registries, whatever shape it has.
 */
#include "report/rdap-private.h"

struct str rdap_text(const json_t *value)
{
	return json_is_string(value)
	       ? (struct str){ json_string_value(value), json_string_length(value) } : STR("");
}

const json_t *rdap_item(const json_t *value, size_t i)
{
	if (json_is_array(value))
		return json_array_get(value, i);
	return i == 0 ? value : NULL;
}

json_t *rdap_load(struct str json, size_t max_bytes)
{
	return json.n <= max_bytes ? json_loadb(json.p, json.n, 0, NULL) : NULL;
}

bool rdap_is_url(struct str s, bool http_ok)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n < RDAP_URL_MAX && (str_caseprefix(s, STR("https://")) ||
	                              (http_ok && str_caseprefix(s, STR("http://"))));
}
