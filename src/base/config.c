/* SPDX-License-Identifier: ISC
 *
 * libconfuse reads the syntax and hands every value over as text; the rows say what
 * the text must mean. So there is one set of checks, for the file, for
 * config_set() and for the defaults, and a mistake is reported while
 * libconfuse still knows its line.
 */
#include "base/config-private.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <confuse.h>
#include <stdlib.h>

enum { FILE_MAX_BYTES = 1 << 20, LIST_MAX = 64 };

static void *field_of(const struct config_row *row, void *into)
{
	return (char *)into + row->offset;
}

bool config_is_list(enum config_type type)
{
	return type >= CONFIG_ENDPOINTS;
}

static size_t list_max(const struct config_row *row)
{
	return row->max ? (size_t)row->max : LIST_MAX;
}

/* ---- what a value may be ------------------------------------------------- */

void config_add_expected(struct buf *out, const struct config_row *row)
{
	if (row->choices) {
		buf_printf(out, "one of %s", row->choices);
		return;
	}
	switch (row->type) {
	case CONFIG_STRING: case CONFIG_STRINGS:
		buf_add_cstr(out, "a text without control characters");
		break;
	case CONFIG_INT:
		buf_printf(out, "a number from %lld to %lld", (long long)row->min,
		           (long long)row->max);
		break;
	case CONFIG_BOOL:
		buf_add_cstr(out, "yes or no");
		break;
	case CONFIG_DURATION: case CONFIG_SIZE:
		buf_add_cstr(out, row->type == CONFIG_SIZE ? "a size from " : "a duration from ");
		config_add_number(out, row->type, row->min);
		buf_add_cstr(out, " to ");
		config_add_number(out, row->type, row->max);
		break;
	case CONFIG_DOMAIN:
		buf_add_cstr(out, "a domain name");
		break;
	case CONFIG_ENDPOINTS:
		buf_add_cstr(out, row->default_port ? "ADDRESS or ADDRESS:PORT ([IPv6]:PORT)"
		                                    : "ADDRESS:PORT, or [IPv6]:PORT");
		break;
	case CONFIG_IPS:
		buf_add_cstr(out, "an IPv4 or IPv6 address");
		break;
	case CONFIG_PORTS:
		buf_add_cstr(out, "a port from 1 to 65535");
		break;
	case CONFIG_PREFIXES:
		buf_add_cstr(out, "an address or address/length with no host bits set");
		break;
	}
}

/* ---- text to value ------------------------------------------------------- */

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

static bool text_ok(const struct config_row *row, struct str s)
{
	return row->choices ? is_choice(row, s) : is_text(s);
}

static int parse_int(struct str s, int64_t *value)
{
	uint64_t v;
	bool negative = s.n && s.p[0] == '-';
	int e = str_u64(negative ? str_from(s, 1) : s, INT64_MAX, &v);
	*value = negative ? -(int64_t)v : (int64_t)v;
	return e;
}

static int parse_unit(struct str s, const struct config_unit *units, int64_t *value)
{
	size_t digits = 0;
	while (digits < s.n && ascii_isdigit((unsigned char)s.p[digits]))
		digits++;
	uint64_t v;
	if (str_u64((struct str){ s.p, digits }, INT64_MAX, &v) != ERR_OK)
		return ERR_INVALID;
	struct str unit = str_trim(str_from(s, digits));
	for (; units->name; units++)
		if (str_caseeq(unit, str_of(units->name)) || (unit.n == 0 && units->factor == 1))
			return __builtin_mul_overflow((int64_t)v, units->factor, value)
			       ? ERR_LIMIT : ERR_OK;
	return ERR_INVALID;
}

static int parse_bool(struct str s, bool *value)
{
	static const struct { const char *name; bool value; } words[] = {
		{ "yes", true }, { "true", true }, { "on", true },
		{ "no", false }, { "false", false }, { "off", false },
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_caseeq(s, str_of(words[i].name))) {
			*value = words[i].value;
			return ERR_OK;
		}
	return ERR_INVALID;
}

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
static char *parse_domain(struct str s)
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

static void set_string(char **field, char *owned)
{
	free(*field);
	*field = owned;
}

static int set_number(const struct config_row *row, struct str s, int64_t *field)
{
	int64_t v;
	int e = row->type == CONFIG_INT ? parse_int(s, &v)
	                                : parse_unit(s, config_units(row->type), &v);
	if (e != ERR_OK || v < row->min || v > row->max)
		return ERR_INVALID;
	*field = v;
	return ERR_OK;
}

static int set_domain(const struct config_row *row, struct str s, char **field)
{
	/* Unset is a value only where the default is unset. */
	char *name = s.n == 0 && row->def[0] == '\0' ? mem_strdup("") : parse_domain(s);
	if (!name)
		return ERR_INVALID;
	set_string(field, name);
	return ERR_OK;
}

static int set_scalar(const struct config_row *row, void *field, struct str s)
{
	switch (row->type) {
	case CONFIG_STRING:
		if (!text_ok(row, s))
			return ERR_INVALID;
		set_string(field, mem_strndup(s.p, s.n));
		return ERR_OK;
	case CONFIG_INT: case CONFIG_DURATION: case CONFIG_SIZE:
		return set_number(row, s, field);
	case CONFIG_BOOL:
		return parse_bool(s, field);
	case CONFIG_DOMAIN:
		return set_domain(row, s, field);
	default:
		assert(false && "a list is no scalar");
		return ERR_INVALID;
	}
}

#define APPEND(list, value) \
	((list)->v = mem_realloc((list)->v, (list)->n + 1, sizeof(*(list)->v)), \
	 (list)->v[(list)->n++] = (value))

static int add_item(const struct config_row *row, void *field, struct str s)
{
	struct endpoint ep;
	struct ip ip;
	struct prefix prefix;
	uint64_t port;
	switch (row->type) {
	case CONFIG_ENDPOINTS:
		if (endpoint_parse(s, row->default_port, &ep, NULL) != ERR_OK)
			return ERR_INVALID;
		APPEND((struct config_endpoints *)field, ep);
		return ERR_OK;
	case CONFIG_IPS:
		if (ip_parse(s, &ip, NULL) != ERR_OK)
			return ERR_INVALID;
		APPEND((struct config_ips *)field, ip);
		return ERR_OK;
	case CONFIG_STRINGS:
		if (s.n == 0 || !text_ok(row, s))
			return ERR_INVALID;
		APPEND((struct config_strings *)field, mem_strndup(s.p, s.n));
		return ERR_OK;
	case CONFIG_PORTS:
		if (str_u64(s, UINT16_MAX, &port) != ERR_OK || port == 0)
			return ERR_INVALID;
		APPEND((struct config_ports *)field, (uint16_t)port);
		return ERR_OK;
	case CONFIG_PREFIXES:
		if (prefix_parse(s, &prefix, NULL) != ERR_OK)
			return ERR_INVALID;
		APPEND((struct config_prefixes *)field, prefix);
		return ERR_OK;
	default:
		assert(false && "a scalar is no list");
		return ERR_INVALID;
	}
}

size_t config_list_count(const struct config_row *row, const void *field)
{
	switch (row->type) {
	case CONFIG_ENDPOINTS: return ((const struct config_endpoints *)field)->n;
	case CONFIG_IPS: return ((const struct config_ips *)field)->n;
	case CONFIG_STRINGS: return ((const struct config_strings *)field)->n;
	case CONFIG_PORTS: return ((const struct config_ports *)field)->n;
	case CONFIG_PREFIXES: return ((const struct config_prefixes *)field)->n;
	default: return 0;
	}
}

static void clear_strings(struct config_strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct config_strings){ 0 };
}

static void clear_field(const struct config_row *row, void *field)
{
	switch (row->type) {
	case CONFIG_STRING: case CONFIG_DOMAIN:
		set_string(field, NULL);
		break;
	case CONFIG_INT: case CONFIG_DURATION: case CONFIG_SIZE:
		*(int64_t *)field = 0;
		break;
	case CONFIG_BOOL:
		*(bool *)field = false;
		break;
	case CONFIG_ENDPOINTS:
		free(((struct config_endpoints *)field)->v);
		*(struct config_endpoints *)field = (struct config_endpoints){ 0 };
		break;
	case CONFIG_IPS:
		free(((struct config_ips *)field)->v);
		*(struct config_ips *)field = (struct config_ips){ 0 };
		break;
	case CONFIG_STRINGS:
		clear_strings(field);
		break;
	case CONFIG_PORTS:
		free(((struct config_ports *)field)->v);
		*(struct config_ports *)field = (struct config_ports){ 0 };
		break;
	case CONFIG_PREFIXES:
		free(((struct config_prefixes *)field)->v);
		*(struct config_prefixes *)field = (struct config_prefixes){ 0 };
		break;
	}
}

/* ---- messages ------------------------------------------------------------ */

static void add_name(struct buf *out, const char *section, const char *name)
{
	buf_printf(out, "%s%s%s: ", section, section[0] ? "." : "", name);
}

static void say_value(struct buf *out, const struct config_section *section,
                      const struct config_row *row, struct str found)
{
	add_name(out, section->name, row->name);
	buf_add_cstr(out, "expected ");
	config_add_expected(out, row);
	buf_add_cstr(out, ", found \"");
	buf_add_escaped(out, found.n > 100 ? (struct str){ found.p, 100 } : found);
	buf_add_cstr(out, found.n > 100 ? "…\"" : "\"");
}

static void say_count(struct buf *out, const struct config_section *section,
                      const struct config_row *row, size_t found)
{
	add_name(out, section->name, row->name);
	buf_printf(out, "expected %lld to %zu values, found %zu", (long long)row->min,
	           list_max(row), found);
}

/* ---- one parameter from text --------------------------------------------- */

static int check_count(const struct config_section *section, const struct config_row *row,
                       size_t count, struct buf *message)
{
	if (count >= (size_t)row->min && count <= list_max(row))
		return ERR_OK;
	say_count(message, section, row, count);
	return ERR_INVALID;
}

/* Replaces the list by the comma-separated text, or leaves it as it was. */
static int set_list(const struct config_section *section, const struct config_row *row,
                    struct str text, struct buf *message)
{
	union {
		struct config_endpoints endpoints;
		struct config_ips ips;
		struct config_strings strings;
		struct config_ports ports;
		struct config_prefixes prefixes;
	} fresh = { 0 };
	struct str item;
	int e = ERR_OK;
	while (e == ERR_OK && str_token(&text, ",", &item)) {
		item = str_trim(item);
		e = add_item(row, &fresh, item);
		if (e != ERR_OK)
			say_value(message, section, row, item);
	}
	if (e == ERR_OK)
		e = check_count(section, row, config_list_count(row, &fresh), message);
	if (e != ERR_OK) {
		clear_field(row, &fresh);
		return e;
	}
	void *field = field_of(row, section->into);
	clear_field(row, field);
	switch (row->type) {
	case CONFIG_ENDPOINTS: *(struct config_endpoints *)field = fresh.endpoints; break;
	case CONFIG_IPS: *(struct config_ips *)field = fresh.ips; break;
	case CONFIG_STRINGS: *(struct config_strings *)field = fresh.strings; break;
	case CONFIG_PREFIXES: *(struct config_prefixes *)field = fresh.prefixes; break;
	default: *(struct config_ports *)field = fresh.ports; break;
	}
	return ERR_OK;
}

static int set_text(const struct config_section *section, const struct config_row *row,
                    struct str text, struct buf *message)
{
	if (config_is_list(row->type))
		return set_list(section, row, text, message);
	int e = set_scalar(row, field_of(row, section->into), text);
	if (e != ERR_OK)
		say_value(message, section, row, text);
	return e;
}

static const struct config_section *find_section(const struct config_section *sections, size_t n,
                                                 struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, str_of(sections[i].name)))
			return &sections[i];
	return NULL;
}

static const struct config_row *find_row(const struct config_section *section, struct str name)
{
	for (size_t i = 0; i < section->row_count; i++)
		if (str_eq(name, str_of(section->rows[i].name)))
			return &section->rows[i];
	return NULL;
}

int config_set(const struct config_section *sections, size_t n, const char *name,
               const char *value, struct buf *message)
{
	struct str s = str_of(name);
	size_t dot = str_find(s, '.');
	struct str section_name = { name, dot == SIZE_MAX ? 0 : dot };
	struct str row_name = dot == SIZE_MAX ? s : str_from(s, dot + 1);
	const struct config_section *section = find_section(sections, n, section_name);
	const struct config_row *row = section ? find_row(section, row_name) : NULL;
	if (!row) {
		buf_add_cstr(message, "\"");
		buf_add_escaped(message, s);
		buf_add_cstr(message, "\": expected the name of a parameter, as SECTION.NAME");
		return ERR_INVALID;
	}
	return set_text(section, row, str_of(value), message);
}

static void set_defaults(const struct config_section *sections, size_t n)
{
	struct buf message = { 0 };
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < sections[i].row_count; j++) {
			const struct config_row *row = &sections[i].rows[j];
			memset(field_of(row, sections[i].into), 0, config_size(row->type));
			int e = set_text(&sections[i], row, str_of(row->def), &message);
			assert(e == ERR_OK && "a default breaks its own row");
			(void)e;
		}
	buf_fini(&message);
}

/* ---- the file ------------------------------------------------------------ */

/* libconfuse's callbacks carry no argument of ours: this is it, for the time
 * of one config_load(). */
static struct {
	const char *path;
	const struct config_section *sections;
	size_t n;
	struct buf *message;
} reading;

static void say_where(const cfg_t *cfg)
{
	buf_printf(reading.message, "%s:%d: ", reading.path, cfg->line);
}

/* libconfuse takes a section that is never closed for a whole one. So a parameter of our
 * own is put behind the text, which is known at the top level only. */
#define END_NAME "end-of-file"

/* What libconfuse itself finds: unknown names and broken syntax. */
static void on_syntax(cfg_t *cfg, const char *fmt, va_list ap)
{
	if (reading.message->n)
		return;                 /* the first one is the cause */
	struct buf text = { 0 };
	buf_vprintf(&text, fmt, ap);
	say_where(cfg);
	if (str_search(buf_str(&text), STR(END_NAME)) != SIZE_MAX) {
		buf_add_cstr(reading.message, "expected \"}\" before the end of the file");
	} else {
		buf_add_escaped(reading.message, buf_str(&text));
		if (str_prefix(buf_str(&text), STR("no such option")))
			buf_add_cstr(reading.message,
			             ", expected a parameter of portreeve.conf(5)");
	}
	buf_fini(&text);
}

static int bad_value(const cfg_t *cfg, const struct config_section *section,
                     const struct config_row *row, struct str text)
{
	say_where(cfg);
	say_value(reading.message, section, row, text);
	return -1;
}

static int read_list(const cfg_t *cfg, cfg_opt_t *opt, const struct config_section *section,
                     const struct config_row *row)
{
	void *field = field_of(row, section->into);
	unsigned count = cfg_opt_size(opt);
	clear_field(row, field);
	if (count < (size_t)row->min || count > list_max(row)) {
		say_where(cfg);
		say_count(reading.message, section, row, count);
		return -1;
	}
	for (unsigned i = 0; i < count; i++) {
		struct str item = str_of(cfg_opt_getnstr(opt, i));
		if (add_item(row, field, item) != ERR_OK)
			return bad_value(cfg, section, row, item);
	}
	return 0;
}

/* Called after each scalar and each whole list that libconfuse has read. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	struct str name = cfg->name && strcmp(cfg->name, "root") != 0 ? str_of(cfg->name)
	                                                              : STR("");
	const struct config_section *section = find_section(reading.sections, reading.n, name);
	const struct config_row *row = section ? find_row(section, str_of(opt->name)) : NULL;
	assert(row);
	if (config_is_list(row->type))
		return read_list(cfg, opt, section, row);
	struct str text = str_of(cfg_opt_getnstr(opt, 0));
	if (set_scalar(row, field_of(row, section->into), text) == ERR_OK)
		return 0;
	return bad_value(cfg, section, row, text);
}

/* "25,587" as libconfuse writes lists: {"25","587"}. */
static char *list_default(struct arena *a, const char *def)
{
	struct buf b = { 0 };
	struct str rest = str_of(def), item;
	while (str_token(&rest, ",", &item)) {
		item = str_trim(item);
		buf_printf(&b, "%s\"%.*s\"", b.n ? "," : "{", STR_ARG(item));
	}
	buf_add_cstr(&b, b.n ? "}" : "{}");
	char *text = arena_strdup(a, buf_str(&b));
	buf_fini(&b);
	return text;
}

static size_t add_options(struct arena *a, const struct config_section *section, cfg_opt_t *opts)
{
	for (size_t i = 0; i < section->row_count; i++) {
		const struct config_row *row = &section->rows[i];
		if (config_is_list(row->type))
			opts[i] = (cfg_opt_t)CFG_STR_LIST(row->name, list_default(a, row->def),
			                                  CFGF_NONE);
		else
			opts[i] = (cfg_opt_t)CFG_STR(row->name, NULL, CFGF_NODEFAULT);
		opts[i].validcb = on_value;
	}
	return section->row_count;
}

/* The rows as libconfuse's options, in the arena. */
static cfg_opt_t *options(struct arena *a, const struct config_section *sections, size_t n)
{
	size_t top = n + 2;
	for (size_t i = 0; i < n; i++)
		top += sections[i].row_count;
	cfg_opt_t *opts = arena_alloc(a, top * sizeof(*opts)), *next = opts;
	for (size_t i = 0; i < n; i++) {
		if (sections[i].name[0] == '\0') {
			next += add_options(a, &sections[i], next);
			continue;
		}
		cfg_opt_t *inner = arena_alloc(a, (sections[i].row_count + 1) * sizeof(*inner));
		inner[add_options(a, &sections[i], inner)] = (cfg_opt_t)CFG_END();
		*next++ = (cfg_opt_t)CFG_SEC(sections[i].name, inner, CFGF_NONE);
	}
	*next++ = (cfg_opt_t)CFG_STR(END_NAME, NULL, CFGF_NODEFAULT);
	*next = (cfg_opt_t)CFG_END();
	return opts;
}

/* An empty list, of which on_value() never hears. Its line is not known any more. */
static int check_empty(cfg_t *root)
{
	for (size_t i = 0; i < reading.n; i++) {
		const struct config_section *section = &reading.sections[i];
		cfg_t *cfg = section->name[0] ? cfg_getsec(root, section->name) : root;
		for (size_t j = 0; j < section->row_count; j++) {
			const struct config_row *row = &section->rows[j];
			if (!config_is_list(row->type) || cfg_size(cfg, row->name) > 0)
				continue;
			clear_field(row, field_of(row, section->into));
			if (row->min == 0)
				continue;
			buf_printf(reading.message, "%s: ", reading.path);
			say_count(reading.message, section, row, 0);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

static int parse_text(const char *text)
{
	struct arena a = { 0 };
	cfg_t *cfg = cfg_init(options(&a, reading.sections, reading.n), CFGF_NONE);
	assert(cfg);
	cfg_set_error_function(cfg, on_syntax);
	int e = cfg_parse_buf(cfg, text) == CFG_SUCCESS ? check_empty(cfg) : ERR_INVALID;
	if (e != ERR_OK && reading.message->n == 0)
		buf_printf(reading.message, "%s:%d: expected NAME = VALUE or SECTION { … }",
		           reading.path, cfg->line);
	cfg_free(cfg);
	arena_fini(&a);
	return e;
}

static int read_file(const char *path, struct buf *text, struct buf *message)
{
	int e = file_read(path, FILE_MAX_BYTES, text);
	if (e == ERR_LIMIT)
		buf_printf(message, "%s: expected a configuration of at most %d bytes", path,
		           FILE_MAX_BYTES);
	else if (e != ERR_OK)
		buf_printf(message, "%s: expected a configuration file: %s", path, err_text(e));
	return e;
}

int config_load_text(const char *name, struct str text, const struct config_section *sections,
                     size_t n, struct buf *message)
{
	struct buf whole = { 0 };
	set_defaults(sections, n);
	int e = ERR_OK;
	size_t nul = str_find(text, '\0');
	if (nul != SIZE_MAX) {
		buf_printf(message, "%s: expected text, found a NUL byte at offset %zu", name, nul);
		e = ERR_INVALID;
	} else {
		buf_add_str(&whole, text);
		buf_add_cstr(&whole, "\n" END_NAME " = \"\"\n");
		reading.path = name;
		reading.sections = sections;
		reading.n = n;
		reading.message = message;
		e = parse_text(whole.p);
	}
	buf_fini(&whole);
	if (e != ERR_OK)
		config_fini(sections, n);
	return e;
}

int config_load(const char *path, const struct config_section *sections, size_t n,
                struct buf *message)
{
	struct buf text = { 0 };
	if (!path) {
		set_defaults(sections, n);
		return ERR_OK;
	}
	int e = read_file(path, &text, message);
	if (e == ERR_OK)
		e = config_load_text(path, buf_str(&text), sections, n, message);
	buf_fini(&text);
	return e;
}

void config_fini(const struct config_section *sections, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < sections[i].row_count; j++) {
			const struct config_row *row = &sections[i].rows[j];
			clear_field(row, field_of(row, sections[i].into));
		}
}
