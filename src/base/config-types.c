/* SPDX-License-Identifier: ISC
 *
 * The types of parameters: what text each takes, how it is shown, compared and freed. A new
 * type is a row of the table at the end, its enum and its C type in config.h.
 */
#include "base/config-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* ---- texts ------------------------------------------------------------------- */

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

/* In the row's choices, "a, b, c". */
static bool is_choice(const struct config_row *row, struct str s)
{
	struct str rest = str_of(row->choices), choice;
	while (str_token(&rest, ", ", &choice))
		if (str_eq(choice, s))
			return true;
	return false;
}

static void replace_text(char **value, char *owned)
{
	free(*value);
	*value = owned;
}

static int parse_string(const struct config_row *row, struct str s, void *value)
{
	if (row->choices ? !is_choice(row, s) : !is_text(s))
		return ERR_INVALID;
	replace_text(value, mem_strndup(s.p, s.n));
	return ERR_OK;
}

/* Of a list, in which an empty one says nothing. */
static int parse_string_item(const struct config_row *row, struct str s, void *value)
{
	return s.n == 0 ? ERR_INVALID : parse_string(row, s, value);
}

static void describe_string(const struct config_row *row, struct buf *out)
{
	(void)row;
	buf_add_cstr(out, "a text without control characters");
}

/* In libconfuse's double quotes, where $ would begin a variable. */
static void print_quoted(const char *text, struct buf *out)
{
	buf_add_byte(out, '"');
	for (; *text; text++) {
		if (strchr("\"\\$", *text))
			buf_add_byte(out, '\\');
		buf_add_byte(out, *text);
	}
	buf_add_byte(out, '"');
}

static void print_string(const void *value, struct buf *out)
{
	print_quoted(*(char *const *)value, out);
}

static void string_json(const void *value, const char *name, struct json *j)
{
	json_add_cstr(j, name, *(char *const *)value);
}

static bool strings_equal(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b) == 0;
}

static void release_string(void *value)
{
	replace_text(value, NULL);
}

/* ---- domain names --------------------------------------------------------------- */

static bool label_ok(struct str label)
{
	if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!ascii_isalnum((unsigned char)label.p[i]) && label.p[i] != '-' &&
		    label.p[i] != '_')
			return false;
	return true;
}

/* Lower-cased, without the trailing dot; NULL if it is no domain name. */
static char *domain_of(struct str s)
{
	if (s.n && s.p[s.n - 1] == '.')
		s.n--;
	if (s.n == 0 || s.n > 253)
		return NULL;
	struct str rest = s;
	for (size_t dot; (dot = str_find(rest, '.')) != SIZE_MAX; rest = str_from(rest, dot + 1))
		if (!label_ok((struct str){ rest.p, dot }))
			return NULL;
	if (!label_ok(rest))
		return NULL;
	char *name = mem_strndup(s.p, s.n);
	for (char *p = name; *p; p++)
		*p = ascii_lower(*p);
	return name;
}

static int parse_domain(const struct config_row *row, struct str s, void *value)
{
	/* Unset is a value only where the default is unset. */
	char *name = s.n == 0 && row->def[0] == '\0' ? mem_strdup("") : domain_of(s);
	if (!name)
		return ERR_INVALID;
	replace_text(value, name);
	return ERR_OK;
}

static void describe_domain(const struct config_row *row, struct buf *out)
{
	(void)row;
	buf_add_cstr(out, "a domain name");
}

/* ---- numbers -------------------------------------------------------------------- */

struct unit {
	const char *name;
	int64_t factor;
};

/* Greatest first; a NULL name ends them. */
static const struct unit duration_units[] = {
	{ "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "m", 60 }, { "s", 1 }, { NULL, 0 },
};
static const struct unit size_units[] = {
	{ "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 }, { "", 1 }, { NULL, 0 },
};

static int take_number(const struct config_row *row, int64_t v, void *value)
{
	if (v < row->min || v > row->max)
		return ERR_INVALID;
	*(int64_t *)value = v;
	return ERR_OK;
}

static int parse_int(const struct config_row *row, struct str s, void *value)
{
	uint64_t v;
	bool negative = s.n && s.p[0] == '-';
	if (str_u64(negative ? str_from(s, 1) : s, INT64_MAX, &v) != ERR_OK)
		return ERR_INVALID;
	return take_number(row, negative ? -(int64_t)v : (int64_t)v, value);
}

static int parse_with_unit(const struct config_row *row, struct str s, const struct unit *units,
                           void *value)
{
	size_t digits = 0;
	uint64_t v;
	int64_t product;
	while (digits < s.n && ascii_isdigit((unsigned char)s.p[digits]))
		digits++;
	if (str_u64((struct str){ s.p, digits }, INT64_MAX, &v) != ERR_OK)
		return ERR_INVALID;
	struct str unit = str_trim(str_from(s, digits));
	for (; units->name; units++)
		if (str_caseeq(unit, str_of(units->name)) || (unit.n == 0 && units->factor == 1))
			return __builtin_mul_overflow((int64_t)v, units->factor, &product)
			       ? ERR_INVALID : take_number(row, product, value);
	return ERR_INVALID;
}

static int parse_duration(const struct config_row *row, struct str s, void *value)
{
	return parse_with_unit(row, s, duration_units, value);
}

static int parse_size(const struct config_row *row, struct str s, void *value)
{
	return parse_with_unit(row, s, size_units, value);
}

/* 86400 as "1d", 65536 as "64K": the greatest unit that divides it. */
static void print_with_unit(int64_t value, const struct unit *unit, struct buf *out)
{
	while (unit->factor > 1 && (value == 0 || value % unit->factor))
		unit++;
	buf_printf(out, "%lld%s", (long long)(value / unit->factor), unit->name);
}

static void print_int(const void *value, struct buf *out)
{
	buf_printf(out, "%lld", (long long)*(const int64_t *)value);
}

static void print_duration(const void *value, struct buf *out)
{
	print_with_unit(*(const int64_t *)value, duration_units, out);
}

static void print_size(const void *value, struct buf *out)
{
	print_with_unit(*(const int64_t *)value, size_units, out);
}

static void describe_range(const char *what, const struct config_row *row,
                           void (*print)(const void *value, struct buf *out), struct buf *out)
{
	buf_printf(out, "a %s from ", what);
	print(&row->min, out);
	buf_add_cstr(out, " to ");
	print(&row->max, out);
}

static void describe_int(const struct config_row *row, struct buf *out)
{
	describe_range("number", row, print_int, out);
}

static void describe_duration(const struct config_row *row, struct buf *out)
{
	describe_range("duration", row, print_duration, out);
}

static void describe_size(const struct config_row *row, struct buf *out)
{
	describe_range("size", row, print_size, out);
}

static void number_json(const void *value, const char *name, struct json *j)
{
	json_add_int(j, name, *(const int64_t *)value);
}

static bool numbers_equal(const void *a, const void *b)
{
	return *(const int64_t *)a == *(const int64_t *)b;
}

/* ---- switches ------------------------------------------------------------------- */

static int parse_bool(const struct config_row *row, struct str s, void *value)
{
	static const struct { const char *name; bool value; } words[] = {
		{ "yes", true }, { "true", true }, { "on", true },
		{ "no", false }, { "false", false }, { "off", false },
	};
	(void)row;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_caseeq(s, str_of(words[i].name))) {
			*(bool *)value = words[i].value;
			return ERR_OK;
		}
	return ERR_INVALID;
}

static void print_bool(const void *value, struct buf *out)
{
	buf_add_cstr(out, *(const bool *)value ? "yes" : "no");
}

static void bool_json(const void *value, const char *name, struct json *j)
{
	json_add_bool(j, name, *(const bool *)value);
}

static void describe_bool(const struct config_row *row, struct buf *out)
{
	(void)row;
	buf_add_cstr(out, "yes or no");
}

static bool bools_equal(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

/* ---- addresses ------------------------------------------------------------------- */

static int parse_endpoint(const struct config_row *row, struct str s, void *value)
{
	struct endpoint at;
	if (endpoint_parse(s, row->default_port, &at, NULL) != ERR_OK)
		return ERR_INVALID;
	*(struct endpoint *)value = at;
	return ERR_OK;
}

static void print_endpoint(const void *value, struct buf *out)
{
	char text[ENDPOINT_TEXT_MAX];
	print_quoted(endpoint_format(value, text), out);
}

static void endpoint_json(const void *value, const char *name, struct json *j)
{
	char text[ENDPOINT_TEXT_MAX];
	json_add_cstr(j, name, endpoint_format(value, text));
}

static void describe_endpoint(const struct config_row *row, struct buf *out)
{
	buf_add_cstr(out, row->default_port ? "ADDRESS or ADDRESS:PORT ([IPv6]:PORT)"
	                                    : "ADDRESS:PORT, or [IPv6]:PORT");
}

static bool endpoints_equal(const void *a, const void *b)
{
	const struct endpoint *x = a, *y = b;
	return x->port == y->port && ip_eq(&x->ip, &y->ip);
}

static int parse_ip(const struct config_row *row, struct str s, void *value)
{
	struct ip ip;
	(void)row;
	if (ip_parse(s, &ip, NULL) != ERR_OK)
		return ERR_INVALID;
	*(struct ip *)value = ip;
	return ERR_OK;
}

static void print_ip(const void *value, struct buf *out)
{
	char text[IP_TEXT_MAX];
	print_quoted(ip_format(value, text), out);
}

static void ip_json(const void *value, const char *name, struct json *j)
{
	json_add_ip(j, name, value);
}

static void describe_ip(const struct config_row *row, struct buf *out)
{
	(void)row;
	buf_add_cstr(out, "an IPv4 or IPv6 address");
}

static bool ips_equal(const void *a, const void *b)
{
	return ip_eq(a, b);
}

static int parse_prefix(const struct config_row *row, struct str s, void *value)
{
	struct prefix prefix;
	(void)row;
	if (prefix_parse(s, &prefix, NULL) != ERR_OK)
		return ERR_INVALID;
	*(struct prefix *)value = prefix;
	return ERR_OK;
}

static void print_prefix(const void *value, struct buf *out)
{
	char text[PREFIX_TEXT_MAX];
	print_quoted(prefix_format(value, text), out);
}

static void prefix_json(const void *value, const char *name, struct json *j)
{
	json_add_prefix(j, name, value);
}

static void describe_prefix(const struct config_row *row, struct buf *out)
{
	(void)row;
	buf_add_cstr(out, "an address or address/length with no host bits set");
}

static bool prefixes_equal(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	return x->len == y->len && ip_eq(&x->ip, &y->ip);
}

static int parse_port(const struct config_row *row, struct str s, void *value)
{
	uint64_t port;
	(void)row;
	if (str_u64(s, UINT16_MAX, &port) != ERR_OK || port == 0)
		return ERR_INVALID;
	*(uint16_t *)value = (uint16_t)port;
	return ERR_OK;
}

static void print_port(const void *value, struct buf *out)
{
	buf_printf(out, "%u", *(const uint16_t *)value);
}

static void port_json(const void *value, const char *name, struct json *j)
{
	json_add_int(j, name, *(const uint16_t *)value);
}

static void describe_port(const struct config_row *row, struct buf *out)
{
	(void)row;
	buf_add_cstr(out, "a port from 1 to 65535");
}

static bool ports_equal(const void *a, const void *b)
{
	return *(const uint16_t *)a == *(const uint16_t *)b;
}

/* ---- the table ---------------------------------------------------------------------- */

static const struct config_kind kinds[] = {
	[CONFIG_STRING] = { sizeof(char *), 0, parse_string, print_string, string_json,
	                    describe_string, strings_equal, release_string },
	[CONFIG_INT] = { sizeof(int64_t), 0, parse_int, print_int, number_json, describe_int,
	                 numbers_equal, NULL },
	[CONFIG_BOOL] = { sizeof(bool), 0, parse_bool, print_bool, bool_json, describe_bool,
	                  bools_equal, NULL },
	[CONFIG_DURATION] = { sizeof(int64_t), 0, parse_duration, print_duration, number_json,
	                      describe_duration, numbers_equal, NULL },
	[CONFIG_SIZE] = { sizeof(int64_t), 0, parse_size, print_size, number_json, describe_size,
	                  numbers_equal, NULL },
	[CONFIG_DOMAIN] = { sizeof(char *), 0, parse_domain, print_string, string_json,
	                    describe_domain, strings_equal, release_string },
	[CONFIG_ENDPOINTS] = { sizeof(struct config_endpoints), sizeof(struct endpoint),
	                       parse_endpoint, print_endpoint, endpoint_json, describe_endpoint,
	                       endpoints_equal, NULL },
	[CONFIG_IPS] = { sizeof(struct config_ips), sizeof(struct ip), parse_ip, print_ip, ip_json,
	                 describe_ip, ips_equal, NULL },
	[CONFIG_STRINGS] = { sizeof(struct config_strings), sizeof(char *), parse_string_item,
	                     print_string, string_json, describe_string, strings_equal,
	                     release_string },
	[CONFIG_PORTS] = { sizeof(struct config_ports), sizeof(uint16_t), parse_port, print_port,
	                   port_json, describe_port, ports_equal, NULL },
	[CONFIG_PREFIXES] = { sizeof(struct config_prefixes), sizeof(struct prefix), parse_prefix,
	                      print_prefix, prefix_json, describe_prefix, prefixes_equal, NULL },
};

const struct config_kind *config_kind(enum config_type type)
{
	assert((size_t)type < sizeof(kinds) / sizeof(*kinds) && kinds[type].parse);
	return &kinds[type];
}

bool config_is_list(enum config_type type)
{
	return config_kind(type)->item_size > 0;
}

void config_describe(const struct config_row *row, struct buf *out)
{
	if (row->choices)
		buf_printf(out, "one of %s", row->choices);
	else
		config_kind(row->type)->describe(row, out);
}

/* ---- members ------------------------------------------------------------------------- */

/* All lists of config.h are one of these, with a type of its own for `v`. */
struct list {
	void *v;
	size_t n;
};
_Static_assert(sizeof(struct config_prefixes) == sizeof(struct list) &&
               offsetof(struct config_prefixes, n) == offsetof(struct list, n), "a list is one");

static struct list list_at(const void *field)
{
	struct list list;
	memcpy(&list, field, sizeof(list));
	return list;
}

void *config_field(const struct config_row *row, void *into)
{
	return (char *)into + row->offset;
}

size_t config_list_count(const void *field)
{
	return list_at(field).n;
}

const void *config_list_item(const struct config_row *row, const void *field, size_t i)
{
	struct list list = list_at(field);
	assert(i < list.n);
	return (const char *)list.v + i * config_kind(row->type)->item_size;
}

int config_list_add(const struct config_row *row, void *field, struct str text)
{
	const struct config_kind *kind = config_kind(row->type);
	struct list list = list_at(field);
	union {
		struct endpoint endpoint;
		struct prefix prefix;
		char *text;
	} item = { 0 };
	assert(kind->item_size > 0 && kind->item_size <= sizeof(item));
	if (kind->parse(row, text, &item) != ERR_OK)
		return ERR_INVALID;
	list.v = mem_realloc(list.v, list.n + 1, kind->item_size);
	memcpy((char *)list.v + list.n++ * kind->item_size, &item, kind->item_size);
	memcpy(field, &list, sizeof(list));
	return ERR_OK;
}

void config_field_clear(const struct config_row *row, void *field)
{
	const struct config_kind *kind = config_kind(row->type);
	if (kind->item_size) {
		struct list list = list_at(field);
		for (size_t i = 0; kind->release && i < list.n; i++)
			kind->release((char *)list.v + i * kind->item_size);
		free(list.v);
	} else if (kind->release) {
		kind->release(field);
	}
	memset(field, 0, kind->size);
}

bool config_field_equal(const struct config_row *row, const void *a, const void *b)
{
	const struct config_kind *kind = config_kind(row->type);
	if (!kind->item_size)
		return kind->equal(a, b);
	size_t n = config_list_count(a);
	bool same = config_list_count(b) == n;
	for (size_t i = 0; same && i < n; i++)
		same = kind->equal(config_list_item(row, a, i), config_list_item(row, b, i));
	return same;
}

void config_field_swap(const struct config_row *row, void *a, void *b)
{
	char kept[sizeof(struct list)];
	size_t size = config_kind(row->type)->size;
	assert(size <= sizeof(kept));
	memcpy(kept, a, size);
	memcpy(a, b, size);
	memcpy(b, kept, size);
}
