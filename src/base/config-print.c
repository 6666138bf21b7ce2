/* SPDX-License-Identifier: ISC
 *
 * The configuration as text: a file that reads back the same, and the manual.
 */
#include "base/config-private.h"

enum { COMMENT_COLUMNS = 78 };

static void add_value(struct buf *out, const struct config_row *row, const void *field)
{
	const struct config_kind *kind = config_kind(row->type);
	if (!kind->item_size) {
		kind->print(field, out);
		return;
	}
	buf_add_byte(out, '{');
	for (size_t i = 0; i < config_list_count(field); i++) {
		buf_add_cstr(out, i ? ", " : "");
		kind->print(config_list_item(row, field, i), out);
	}
	buf_add_byte(out, '}');
}

void config_each_value(const struct config_section *sections, size_t n,
                       void (*visit)(void *arg, const struct config_section *section,
                                     const struct config_row *row, struct str value),
                       void *arg)
{
	struct buf value = { 0 };
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < sections[i].row_count; j++) {
			const struct config_row *row = &sections[i].rows[j];
			const struct config_kind *kind = config_kind(row->type);
			const void *field = config_field(row, sections[i].into);
			size_t count = kind->item_size ? config_list_count(field) : 1;
			for (size_t k = 0; k < count; k++) {
				buf_clear(&value);
				kind->print(kind->item_size ? config_list_item(row, field, k)
				                            : field, &value);
				visit(arg, &sections[i], row, buf_str(&value));
			}
		}
	buf_fini(&value);
}

/* What a row takes, in one sentence. */
static void add_rule(struct buf *out, const struct config_row *row)
{
	struct buf rule = { 0 };
	if (config_is_list(row->type))
		buf_printf(&rule, "List of %lld to %lld, each ", (long long)row->min,
		           (long long)(row->max ? row->max : 64));
	config_describe(row, &rule);
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
		add_value(out, row, config_field(row, section->into));
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

static void add_value_json(const struct config_row *row, const void *field, struct json *j)
{
	const struct config_kind *kind = config_kind(row->type);
	if (!kind->item_size) {
		kind->json(field, row->name, j);
		return;
	}
	json_open_array(j, row->name);
	for (size_t i = 0; i < config_list_count(field); i++)
		kind->json(config_list_item(row, field, i), NULL, j);
	json_close(j);
}

void config_json(const struct config_section *sections, size_t n, struct json *j)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_section *section = &sections[i];
		if (section->name[0])
			json_open_object(j, section->name);
		for (size_t k = 0; k < section->row_count; k++) {
			const struct config_row *row = &section->rows[k];
			add_value_json(row, config_field(row, section->into), j);
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
