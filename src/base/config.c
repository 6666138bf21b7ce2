/* SPDX-License-Identifier: ISC
 *
 * The configuration from a file. libconfuse reads the syntax and hands every value over as text;
 * the rows say what the text must mean. So there is one set of checks, for the file, for
 * config_set() and for the defaults, and a mistake is reported while
 * libconfuse still knows its line.
 */
#include "base/config-private.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/suggest.h"

#include <assert.h>
#include <confuse.h>
#include <stdlib.h>

enum { FILE_MAX_BYTES = 1 << 20, LIST_MAX = 64 };

static size_t list_max(const struct config_row *row)
{
	return row->max ? (size_t)row->max : LIST_MAX;
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
	config_describe(row, out);
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
		struct config_endpoints any_list;
		char bytes[sizeof(struct config_endpoints)];
	} fresh = { 0 };
	struct str item;
	int e = ERR_OK;
	assert(config_kind(row->type)->size == sizeof(fresh));
	while (e == ERR_OK && str_token(&text, ",", &item)) {
		item = str_trim(item);
		e = config_list_add(row, &fresh, item);
		if (e != ERR_OK)
			say_value(message, section, row, item);
	}
	if (e == ERR_OK)
		e = check_count(section, row, config_list_count(&fresh), message);
	if (e == ERR_OK)
		config_field_swap(row, &fresh, config_field(row, section->into));
	config_field_clear(row, &fresh);
	return e;
}

static int set_text(const struct config_section *section, const struct config_row *row,
                    struct str text, struct buf *message)
{
	if (config_is_list(row->type))
		return set_list(section, row, text, message);
	int e = config_kind(row->type)->parse(row, text, config_field(row, section->into));
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
			memset(config_field(row, sections[i].into), 0,
			       config_kind(row->type)->size);
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

/* The name that was meant by one which this section does not have: "no such option 'rat'". */
static void add_suggestion(cfg_t *cfg, struct str text)
{
	bool top = strcmp(cfg_name(cfg), "root") == 0;
	const struct config_section *in = find_section(reading.sections, reading.n,
	                                               str_of(top ? "" : cfg_name(cfg)));
	struct str given = str_from(text, str_find(text, '\'') + 1);
	given.n -= given.n > 0;         /* the other quote */
	struct suggestion near = suggest(given);
	for (size_t i = 0; in && i < in->row_count; i++)
		suggest_among(&near, in->rows[i].name);
	for (size_t i = 0; top && i < reading.n; i++)
		if (reading.sections[i].name[0])
			suggest_among(&near, reading.sections[i].name);
	if (near.word)
		buf_printf(reading.message, "; did you mean \"%s\"?", near.word);
}

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
		if (str_prefix(buf_str(&text), STR("no such option '"))) {
			buf_add_cstr(reading.message,
			             ", expected a parameter of portreeve.conf(5)");
			add_suggestion(cfg, buf_str(&text));
		}
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
	void *field = config_field(row, section->into);
	unsigned count = cfg_opt_size(opt);
	config_field_clear(row, field);
	if (count < (size_t)row->min || count > list_max(row)) {
		say_where(cfg);
		say_count(reading.message, section, row, count);
		return -1;
	}
	for (unsigned i = 0; i < count; i++) {
		struct str item = str_of(cfg_opt_getnstr(opt, i));
		if (config_list_add(row, field, item) != ERR_OK)
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
	if (config_kind(row->type)->parse(row, text, config_field(row, section->into)) == ERR_OK)
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
			config_field_clear(row, config_field(row, section->into));
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

void config_keep(const struct config_section *old, const struct config_section *fresh, size_t n,
                 bool (*waits)(void *arg, const struct config_row *row), void *arg)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < fresh[i].row_count; j++) {
			const struct config_row *row = &fresh[i].rows[j];
			void *was = config_field(row, old[i].into);
			void *is = config_field(row, fresh[i].into);
			assert(old[i].rows == fresh[i].rows);
			if (row->restart == CONFIG_AT_ONCE || config_field_equal(row, was, is))
				continue;
			if (waits(arg, row) && row->restart == CONFIG_NEXT_RUN)
				config_field_swap(row, was, is);
		}
}

void config_fini(const struct config_section *sections, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < sections[i].row_count; j++) {
			const struct config_row *row = &sections[i].rows[j];
			config_field_clear(row, config_field(row, sections[i].into));
		}
}
