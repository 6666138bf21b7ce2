/* SPDX-License-Identifier: ISC
 *
 * Entries of `blocklists` and `allowlists`, and the check of all that is said of them.
 */
#include "gateway/blocklists-judge.h"

#include "base/err.h"
#include "lookup/judge.h"

static const char *const expected_parameter = "ZONE with weight=N, codes=… or key=… behind it";

/* What lists may list by: not 127.0.0.1, nor the codes by which they refuse to answer. */
static bool is_code(const struct ip *ip)
{
	return ip->family == 4 && ip->b[0] == 127 &&
	       !(ip->b[1] == 0 && ip->b[2] == 0 && ip->b[3] < 2) &&
	       !(ip->b[1] == 255 && ip->b[2] == 255);
}

/* "127.0.0.2" or "127.0.0.2-11". */
static bool codes_parse(struct str text, struct blocklist_codes *out)
{
	const size_t dash = str_find(text, '-');
	uint64_t last;
	if (ip_parse((struct str){ text.p, dash == SIZE_MAX ? text.n : dash }, &out->first, NULL) !=
	    ERR_OK || !is_code(&out->first))
		return false;
	out->last = out->first.b[3];
	if (dash == SIZE_MAX)
		return true;
	if (str_u64(str_from(text, dash + 1), 255, &last) != ERR_OK || last < out->last)
		return false;
	out->last = (uint8_t)last;
	return true;
}

static const char *take_codes(struct blocklist_entry *e, struct str value)
{
	struct str one;
	e->code_count = 0;
	while (str_token(&value, ",", &one)) {
		if (e->code_count == BLOCKLIST_CODES_MAX)
			return "at most 16 codes";
		if (!codes_parse(one, &e->codes[e->code_count++]))
			return "codes as 127.0.0.2-11,127.0.0.14";
	}
	return e->code_count > 0 ? NULL : "codes as 127.0.0.2-11,127.0.0.14";
}

static const char *take_key(struct blocklist_entry *e, struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_isalnum((unsigned char)value.p[i]) && !strchr("-_.", value.p[i]))
			return "a key of letters, digits, dashes and dots";
	if (value.n == 0 || !str_copy(e->key, sizeof(e->key), value))
		return "a key of 1 to 119 characters";
	return NULL;
}

static const char *take_parameter(struct blocklist_entry *e, struct str word)
{
	const size_t equals = str_find(word, '=');
	const struct str name = { word.p, equals == SIZE_MAX ? word.n : equals };
	const struct str value = str_from(word, equals == SIZE_MAX ? word.n : equals + 1);
	uint64_t weight;
	if (str_eq(name, STR("codes")))
		return take_codes(e, value);
	if (str_eq(name, STR("key")))
		return take_key(e, value);
	if (!str_eq(name, STR("weight")))
		return expected_parameter;
	if (str_u64(value, BLOCKLIST_WEIGHT_MAX, &weight) != ERR_OK || weight == 0)
		return "a weight of 1 to 1000";
	e->weight = (int)weight;
	return NULL;
}

/* The name in front of which addresses are put: the longest, an IPv6 one, must fit. */
static const char *take_zone(struct blocklist_entry *e)
{
	const struct ip longest = lookup_test_listed(6);
	struct dns_name name;
	struct buf text = { 0 };
	if (!dns_name_is_host(str_of(e->zone)))
		return "a zone as relays.example.org";
	buf_printf(&text, "%s%s%s", e->key, e->key[0] ? "." : "", e->zone);
	const bool fits = dns_name_parse(buf_str(&text), &e->asked, NULL) == ERR_OK &&
	                  dns_name_reverse(&longest, &e->asked, &name) == ERR_OK;
	buf_fini(&text);
	return fits ? NULL : "a zone and key that fit into a domain name with an address";
}

int blocklist_entry_parse(struct str text, struct blocklist_entry *e, const char **expected)
{
	struct str word;
	*e = (struct blocklist_entry){ .weight = 1, .code_count = 1, .codes = {
		{ .first = ip_from_v4(127, 0, 0, 2), .last = 254 } } };
	*expected = "a zone as relays.example.org";
	if (!str_word(&text, &word) || !str_copy(e->zone, sizeof(e->zone), word))
		return ERR_INVALID;
	*expected = NULL;
	while (!*expected && str_word(&text, &word))
		*expected = take_parameter(e, word);
	if (!*expected)
		*expected = take_zone(e);
	return *expected ? ERR_INVALID : ERR_OK;
}

bool blocklist_entry_counts(const struct blocklist_entry *e, const struct ip *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; is_code(&codes[i]) && k < e->code_count; k++)
			if (memcmp(codes[i].b, e->codes[k].first.b, 3) == 0 &&
			    codes[i].b[3] >= e->codes[k].first.b[3] &&
			    codes[i].b[3] <= e->codes[k].last)
				return true;
	return false;
}

/* ---- the configuration ------------------------------------------------------------------- */

/* The zone is enough to find the entry by; a key may stand in all else. */
static struct str shown(struct str entry)
{
	struct str word = STR("");
	str_word(&entry, &word);
	const size_t equals = str_find(word, '=');
	return (struct str){ word.p, equals == SIZE_MAX ? word.n : equals };
}

static int check_entries(const char *parameter, const struct config_strings *entries,
                         struct buf *message)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct blocklist_entry e;
		const char *expected;
		if (blocklist_entry_parse(str_of(entries->v[i]), &e, &expected) == ERR_OK)
			continue;
		buf_printf(message, "gateway.%s: \"", parameter);
		buf_add_escaped(message, shown(str_of(entries->v[i])));
		buf_printf(message, "\": expected %s", expected);
		return ERR_INVALID;
	}
	return ERR_OK;
}

int gateway_blocklists_check(const struct gateway_config *config, struct buf *message)
{
	const char *expected = blocklist_template_check(str_of(config->blocklist_text));
	if (expected) {
		buf_printf(message, "gateway.blocklist_text: expected %s", expected);
		return ERR_INVALID;
	}
	int e = check_entries("blocklists", &config->blocklists, message);
	return e != ERR_OK ? e : check_entries("allowlists", &config->allowlists, message);
}
