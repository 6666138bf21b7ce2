/* SPDX-License-Identifier: ISC
 *
 * Whether a local part that holds a foreign address is of one of Exim's lists, and whether an
 * expansion makes a domain of it: by the characters in the text. No pattern is run and nothing is
 * expanded, so it is the likeliest reading, for the line that explains what the server has taken.
 */
#include "audit/exim-private.h"
#include "audit/signs-private.h"

static bool takes_all(struct str item)
{
	static const char *const all[] = { "*", "^", "^.*", "^.*$", "^.*\\$", "^.+", "^.+$",
	                                   "^.+\\$", "^(.*)$", "^(.*)\\$", "^(.+)$", "^(.+)\\$" };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (str_eq(item, str_of(all[i])))
			return true;
	return false;
}

/* "\N^.*%\N": without its ends. */
static struct str bare_pattern(struct str item)
{
	if (str_prefix(item, STR("\\N")))
		item = str_from(item, 2);
	if (item.n > 1 && item.p[item.n - 1] == 'N' && item.p[item.n - 2] == '\\')
		item.n -= 2;
	return str_trim(item);
}

bool exim_sign_matches(struct exim *x, struct str list, unsigned sign)
{
	char separator = 0;
	struct str item;
	bool not = false;
	while (exim_item(x->g, &list, &separator, &item)) {
		not = item.n && item.p[0] == '!';
		item = bare_pattern(not ? str_trim(str_from(item, 1)) : item);
		if (takes_all(item) || (str_find(item, ';') == SIZE_MAX &&
		                        sign_is_in(item, sign)))
			return !not;
	}
	return not;
}

/* ---- what an expansion gives ------------------------------------------------------ */

/* Behind the last "@" that is no argument of an operator: the domain; SIZE_MAX: there is none. */
static size_t domain_at(struct str data)
{
	size_t depth = 0, found = SIZE_MAX;
	for (size_t i = 0; i < data.n; i++) {
		if (data.p[i] == '{')
			depth++;
		else if (data.p[i] == '}' && depth)
			depth--;
		else if (data.p[i] == '@' && !depth)
			found = i + 1;
	}
	return found;
}

static bool holds_a_capture(struct str text)
{
	for (size_t i = 0; i + 1 < text.n; i++)
		if (text.p[i] == '$') {
			size_t at = text.p[i + 1] == '{' ? i + 2 : i + 1;
			if (at < text.n && text.p[at] >= '1' && text.p[at] <= '9')
				return true;
		}
	return false;
}

static bool is_of_local_part(struct str text)
{
	static const char *const names[] = { "local_part", "srs_recipient", "address_data", "$r_",
	                                     "${r_" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_search(text, str_of(names[i])) != SIZE_MAX)
			return true;
	return holds_a_capture(text);
}

bool exim_sign_asks(struct str data)
{
	static const char *const outside[] = { "sql{", "sql {", "sqlite", "ldap", "redis",
	                                       "wildlsearch", "${perl", "${run", "${dlfunc",
	                                       "${readsocket", "oracle{", "dnsdb" };
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		if (str_search(data, str_of(outside[i])) != SIZE_MAX)
			return is_of_local_part(data);
	return false;
}

bool exim_sign_expands(struct str data, unsigned sign)
{
	size_t domain = domain_at(data);
	/* What is found in a map is its owner's; what is quoted stays a local part. */
	if (str_search(data, STR("lookup")) != SIZE_MAX ||
	    str_search(data, STR("quote_local_part")) != SIZE_MAX)
		return false;
	if (domain == SIZE_MAX)
		return is_of_local_part(data);
	/* With an "@" within, a domain behind it makes no address. */
	return sign != AUDIT_BY_AT && is_of_local_part(str_from(data, domain));
}
