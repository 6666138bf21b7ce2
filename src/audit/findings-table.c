/* SPDX-License-Identifier: ISC
 *
 * The fix for a row of a table of Postfix, or of a file of networks: it becomes a comment, and the
 * machine's own networks within it stand below. One command, which touches that row alone.
 */
#include "audit/findings-private.h"
#include "audit/gather-private.h"

enum { FIX_HOMES_MAX = 6 };

/* The type before a table's file, as a setting or line writes it: "hash"; NULL. */
static const char *table_type(struct findings *fs, const char *file)
{
	const char *needle = arena_printf(fs->a, ":%s", file);
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const char *value = fs->reading->settings[i].value;
		const size_t at = str_search(str_of(value), str_of(needle));
		size_t from = at;
		if (at == SIZE_MAX)
			continue;
		while (from > 0 && ascii_isalpha((unsigned char)value[from - 1]))
			from--;
		return arena_strdup(fs->a, (struct str){ value + from, at - from });
	}
	return NULL;
}

static bool is_compiled(const char *type)
{
	static const char *const types[] = { "hash", "btree", "lmdb", "dbm", "cdb", "sdbm" };
	for (size_t i = 0; type && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/* For a regular expression of sed between '|', in single quotes; NULL: it can't stand there. */
static const char *sed_text(struct findings *fs, struct str text)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < text.n && b.n < 1000; i++) {
		if (!ascii_isprint((unsigned char)text.p[i]) || text.p[i] == '\'')
			break;
		if (memchr("\\.*[]^$|&", text.p[i], 9))
			buf_add_byte(&b, '\\');
		buf_add_byte(&b, text.p[i]);
	}
	const char *escaped = arena_strdup(fs->a, buf_str(&b));
	buf_fini(&b);
	return strlen(escaped) >= text.n && text.n ? escaped : NULL;
}

/* The networks of the machine's own within the row's range, as more rows for sed's "s". */
static const char *homes_for_sed(struct findings *fs, const struct finding_group *g,
                                 struct str key, struct str rest)
{
	struct prefix range, homes[FIX_HOMES_MAX];
	const char *more = "";
	const size_t n = gather_prefix(key, &range)
	                 ? finding_homes(fs, g, &range, homes, FIX_HOMES_MAX) : 0;
	const char *value = n ? sed_text(fs, str_trim(rest)) : NULL;
	for (size_t i = 0; i < n; i++)
		more = arena_printf(fs->a, "%s\\n%s%s%s", more, finding_range_text(fs, &homes[i]),
		                    value ? " " : "", value ? value : "");
	return more;
}

/* A row of a table, or of a file of networks: it becomes a comment. */
void finding_fix_row(struct findings *fs, struct finding_draft *d, const struct finding_group *g,
                     const struct audit_place *place)
{
	struct str rest = str_of(place->text), key = STR("");
	const char *type = table_type(fs, place->file);
	const bool plain = finding_is_plain(str_of(place->file));
	const char *row = str_word(&rest, &key) && plain ? sed_text(fs, key) : NULL;
	if (row) {
		finding_fix(fs, d, "sed -i '%u s|^%s.*|#&%s|' %s%s && postfix reload", place->line,
		            row, is_compiled(type) ? "" : homes_for_sed(fs, g, key, rest),
		            place->file, !is_compiled(type) ? ""
		            : arena_printf(fs->a, " && postmap %s:%s", type, place->file));
	} else {
		finding_fix_place(fs, d, place);
		finding_fix(fs, d, "#%s", place->text);
		finding_fix(fs, d, "# Then:");
		if (is_compiled(type) && plain)
			finding_fix(fs, d, "postmap %s:%s", type, place->file);
		finding_fix_reload(fs, d);
	}
}
