/* SPDX-License-Identifier: ISC
 *
 * The configuration as text: a file that reads back the same, and the manual.
 */
#include "base/config-private.h"

enum { COMMENT_COLUMNS = 78 };

const struct config_unit *config_units(enum config_type type)
{
	static const struct config_unit duration[] = {
		{ "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 }, { NULL, 0 },
	};
	static const struct config_unit size[] = {
		{ "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 }, { "", 1 }, { NULL, 0 },
	};
	return type == CONFIG_SIZE ? size : duration;
}

void config_add_number(struct buf *out, enum config_type type, int64_t value)
{
	const struct config_unit *unit = config_units(type);
	while (unit->factor > 1 && (value == 0 || value % unit->factor))
		unit++;
	buf_printf(out, "%lld%s", (long long)(value / unit->factor), unit->name);
}

size_t config_size(enum config_type type)
{
	switch (type) {
	case CONFIG_STRING: case CONFIG_DOMAIN: return sizeof(char *);
	case CONFIG_INT: case CONFIG_DURATION: case CONFIG_SIZE: return sizeof(int64_t);
	case CONFIG_BOOL: return sizeof(bool);
	case CONFIG_ENDPOINTS: return sizeof(struct config_endpoints);
	case CONFIG_IPS: return sizeof(struct config_ips);
	case CONFIG_STRINGS: return sizeof(struct config_strings);
	case CONFIG_PORTS: return sizeof(struct config_ports);
	case CONFIG_PREFIXES: return sizeof(struct config_prefixes);
	}
	return 0;
}

/* In libconfuse's double quotes, where $ would begin a variable. */
static void add_quoted(struct buf *out, const char *text)
{
	buf_add_byte(out, '"');
	for (; *text; text++) {
		if (strchr("\"\\$", *text))
			buf_add_byte(out, '\\');
		buf_add_byte(out, *text);
	}
	buf_add_byte(out, '"');
}

static void add_item(struct buf *out, const struct config_row *row, const void *field, size_t i)
{
	char text[ENDPOINT_TEXT_MAX];
	switch (row->type) {
	case CONFIG_ENDPOINTS:
		add_quoted(out, endpoint_format(&((const struct config_endpoints *)field)->v[i],
		                                text));
		break;
	case CONFIG_IPS:
		add_quoted(out, ip_format(&((const struct config_ips *)field)->v[i], text));
		break;
	case CONFIG_STRINGS:
		add_quoted(out, ((const struct config_strings *)field)->v[i]);
		break;
	case CONFIG_PREFIXES:
		add_quoted(out, prefix_format(&((const struct config_prefixes *)field)->v[i],
		                              text));
		break;
	default:
		buf_printf(out, "%u", ((const struct config_ports *)field)->v[i]);
		break;
	}
}

static void add_value(struct buf *out, const struct config_row *row, const void *field)
{
	size_t n = config_list_count(row, field);
	switch (row->type) {
	case CONFIG_STRING: case CONFIG_DOMAIN:
		add_quoted(out, *(char *const *)field);
		break;
	case CONFIG_INT:
		buf_printf(out, "%lld", (long long)*(const int64_t *)field);
		break;
	case CONFIG_BOOL:
		buf_add_cstr(out, *(const bool *)field ? "yes" : "no");
		break;
	case CONFIG_DURATION: case CONFIG_SIZE:
		config_add_number(out, row->type, *(const int64_t *)field);
		break;
	default:
		buf_add_byte(out, '{');
		for (size_t i = 0; i < n; i++) {
			buf_add_cstr(out, i ? ", " : "");
			add_item(out, row, field, i);
		}
		buf_add_byte(out, '}');
		break;
	}
}

/* What a row takes, in one sentence. */
static void add_rule(struct buf *out, const struct config_row *row)
{
	struct buf rule = { 0 };
	if (config_is_list(row->type))
		buf_printf(&rule, "List of %lld to %lld, each ", (long long)row->min,
		           (long long)(row->max ? row->max : 64));
	config_add_expected(&rule, row);
	if (row->unit)
		buf_printf(&rule, ", in %s", row->unit);
	if (rule.p[0] >= 'a' && rule.p[0] <= 'z')
		rule.p[0] = (char)(rule.p[0] - 'a' + 'A');
	buf_add_str(out, buf_str(&rule));
	struct str rest = str_of(row->def), item;
	const char *separator = config_is_list(row->type) ? "," : "";
	buf_add_cstr(out, rest.n ? "; default" : "; not set by default");
	for (const char *lead = " "; str_token(&rest, separator, &item); lead = ", ")
		buf_printf(out, "%s%.*s", lead, STR_ARG(str_trim(item)));
	buf_add_byte(out, '.');
	buf_fini(&rule);
}

static void add_comment(struct buf *out, const char *indent, const char *text)
{
	struct str rest = str_of(text), word;
	size_t column = 0;
	while (str_token(&rest, " ", &word)) {
		if (column == 0 || column + 1 + word.n > COMMENT_COLUMNS) {
			buf_printf(out, "%s%s#", column ? "\n" : "", indent);
			column = strlen(indent) + 1;
		}
		buf_printf(out, " %.*s", STR_ARG(word));
		column += 1 + word.n;
	}
	buf_add_byte(out, '\n');
}

static void print_section(const struct config_section *section, bool with_prose, struct buf *out)
{
	const char *indent = section->name[0] ? "  " : "";
	if (with_prose && section->prose)
		add_comment(out, "", section->prose);
	if (section->name[0])
		buf_printf(out, "%s {\n", section->name);
	for (size_t i = 0; i < section->row_count; i++) {
		const struct config_row *row = &section->rows[i];
		if (with_prose) {
			struct buf rule = { 0 };
			add_rule(&rule, row);
			add_comment(out, indent, row->prose);
			add_comment(out, indent, buf_cstr(&rule));
			buf_fini(&rule);
		}
		buf_printf(out, "%s%s = ", indent, row->name);
		add_value(out, row, (const char *)section->into + row->offset);
		buf_add_cstr(out, with_prose && i + 1 < section->row_count ? "\n\n" : "\n");
	}
	if (section->name[0])
		buf_add_cstr(out, "}\n");
}

void config_print(const struct config_section *sections, size_t n, bool with_prose,
                  struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_byte(out, '\n');
		print_section(&sections[i], with_prose, out);
	}
}

static void add_item_json(const struct config_row *row, const void *field, size_t i,
                          struct json *j)
{
	char text[ENDPOINT_TEXT_MAX];
	switch (row->type) {
	case CONFIG_ENDPOINTS:
		json_add_cstr(j, NULL, endpoint_format(
			&((const struct config_endpoints *)field)->v[i], text));
		break;
	case CONFIG_IPS:
		json_add_ip(j, NULL, &((const struct config_ips *)field)->v[i]);
		break;
	case CONFIG_STRINGS:
		json_add_cstr(j, NULL, ((const struct config_strings *)field)->v[i]);
		break;
	case CONFIG_PREFIXES:
		json_add_prefix(j, NULL, &((const struct config_prefixes *)field)->v[i]);
		break;
	default:
		json_add_int(j, NULL, ((const struct config_ports *)field)->v[i]);
		break;
	}
}

static void add_value_json(const struct config_row *row, const void *field, struct json *j)
{
	switch (row->type) {
	case CONFIG_STRING: case CONFIG_DOMAIN:
		json_add_cstr(j, row->name, *(char *const *)field);
		break;
	case CONFIG_INT: case CONFIG_DURATION: case CONFIG_SIZE:
		json_add_int(j, row->name, *(const int64_t *)field);
		break;
	case CONFIG_BOOL:
		json_add_bool(j, row->name, *(const bool *)field);
		break;
	default:
		json_open_array(j, row->name);
		for (size_t i = 0; i < config_list_count(row, field); i++)
			add_item_json(row, field, i, j);
		json_close(j);
		break;
	}
}

void config_json(const struct config_section *sections, size_t n, struct json *j)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_section *section = &sections[i];
		if (section->name[0])
			json_open_object(j, section->name);
		for (size_t k = 0; k < section->row_count; k++) {
			const struct config_row *row = &section->rows[k];
			add_value_json(row, (const char *)section->into + row->offset, j);
		}
		if (section->name[0])
			json_close(j);
	}
}

/* Text that roff takes as it stands. */
static void add_roff(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_add_cstr(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_add_cstr(out, "\\e");
		else if (*text == '-')
			buf_add_cstr(out, "\\-");
		else
			buf_add_byte(out, *text);
	}
	buf_add_byte(out, '\n');
}

void config_print_manual(const struct config_section *sections, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_section *section = &sections[i];
		buf_printf(out, ".SS \"%s%s\"\n", section->name[0] ? "Section " : "Top level",
		           section->name);
		if (section->prose)
			add_roff(out, section->prose);
		for (size_t j = 0; j < section->row_count; j++) {
			const struct config_row *row = &section->rows[j];
			struct buf rule = { 0 };
			add_rule(&rule, row);
			buf_add_cstr(out, ".TP\n.B ");
			add_roff(out, row->name);
			add_roff(out, row->prose);
			add_roff(out, buf_cstr(&rule));
			buf_fini(&rule);
		}
	}
}
