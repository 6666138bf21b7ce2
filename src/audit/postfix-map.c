/* SPDX-License-Identifier: ISC
 *
 * Tables: what "type:name" holds, as far as it is plain text: inline, static, cidr, texthash, and
 * the text from which postmap makes hash, btree, lmdb, dbm, sdbm and cdb (access(5),
 * cidr_table(5), DATABASE_README). Of patterns (regexp_table(5),
 * pcre_table(5)) the actions are read. All others are unread, and said so.
 *
 * Hostile input: tables that name files. Each is read once, within the limits of files.
 */
#include "audit/postfix-private.h"

#include <stdlib.h>

enum { ENTRIES_MAX = 50000 };

static const char *const from_text[] = { "texthash", "hash", "btree", "lmdb", "dbm", "sdbm",
                                         "cdb" };

int postfix_range(struct str s, struct prefix *range)
{
	char text[PREFIX_TEXT_MAX + 4];
	const size_t end = s.n > 0 && s.p[0] == '[' ? str_find(s, ']') : SIZE_MAX;
	if (end != SIZE_MAX) {
		const struct str ip = { s.p + 1, end - 1 }, rest = str_from(s, end + 1);
		if (ip.n + rest.n >= sizeof(text))
			return ERR_INVALID;
		memcpy(text, ip.p, ip.n);
		if (rest.n > 0)
			memcpy(text + ip.n, rest.p, rest.n);
		return prefix_parse((struct str){ text, ip.n + rest.n }, range, NULL);
	}
	return prefix_parse(s, range, NULL);
}

bool postfix_key_range(struct str key, struct prefix *range)
{
	const bool six = str_find(key, ':') != SIZE_MAX;
	const char mark = six ? ':' : '.';
	char text[64];
	size_t parts = 1;
	if (postfix_range(key, range) == ERR_OK)
		return true;
	for (size_t i = 0; i < key.n; i++)
		parts += key.p[i] == mark;
	if (key.n == 0 || key.n > 40 || parts >= (six ? 8 : 4))
		return false;
	struct buf whole = { 0 };
	buf_add_str(&whole, key);
	for (size_t i = parts; !six && i < 4; i++)
		buf_add_cstr(&whole, ".0");
	buf_printf(&whole, "%s/%zu", six ? "::" : "", parts * (six ? 16 : 8));
	const struct str made = { text, whole.n };
	const bool fits = whole.n < sizeof(text);
	if (fits)
		memcpy(text, buf_cstr(&whole), whole.n);
	buf_fini(&whole);
	return fits && prefix_parse(made, range, NULL) == ERR_OK;
}

static void entry_add(struct postfix *p, struct postfix_map *m, struct str key, struct str value,
                      struct audit_place place)
{
	struct postfix_entry e = { .value = str_trim(value), .place = place };
	m->cut |= m->entry_n >= ENTRIES_MAX;
	if (m->entry_n >= ENTRIES_MAX || key.n == 0)
		return;
	if (m->kind == POSTFIX_MAP_CIDR) {
		if (key.p[0] == '!') {
			e.negated = true;
			key = str_trim(str_from(key, 1));
		}
		if (postfix_range(key, &e.range) != ERR_OK) {
			postfix_unread(p, arena_printf(p->arena, "%s: %s", m->name, place.text),
			               "it is no network");
			return;
		}
	}
	e.key = key;
	m->entries = postfix_grown(p->arena, m->entries, m->entry_n, sizeof(*m->entries));
	m->entries[m->entry_n++] = e;
}

/* "/pattern/flags action", "!/pattern/ action"; what stands between "if" and "endif" counts. */
static void pattern_line(struct postfix *p, struct postfix_map *m, struct str line,
                         struct audit_place place)
{
	size_t end = line.p[0] == '!' ? 1 : 0;
	if (end == line.n || ascii_isalnum((unsigned char)line.p[end]))
		return;
	const char mark = line.p[end];
	for (end++; end < line.n && line.p[end] != mark; end++)
		end += line.p[end] == '\\';
	while (end < line.n && !ascii_isspace(line.p[end]))
		end++;
	if (end < line.n)
		entry_add(p, m, (struct str){ line.p, end }, str_from(line, end), place);
}

static void table_line(struct postfix *p, struct postfix_map *m, struct str line,
                       struct audit_place place)
{
	struct str key, rest = line;
	if (m->kind == POSTFIX_MAP_PATTERNS && line.n > 0) {
		pattern_line(p, m, line, place);
		return;
	}
	if (!str_word(&rest, &key))
		return;
	if (m->kind == POSTFIX_MAP_CIDR
	    && (str_caseeq(key, STR("if")) || str_caseeq(key, STR("endif")))) {
		m->kind = POSTFIX_MAP_UNREAD;
		postfix_unread(p, m->name, "it has conditions");
		return;
	}
	entry_add(p, m, key, rest, place);
}

static void table_file(struct postfix *p, struct postfix_map *m, struct str file)
{
	struct str text;
	struct postfix_line line;
	const char *name = arena_strdup(p->arena, file);
	const int err = postfix_file(p, name, &text);
	m->cut = err == ERR_LIMIT;
	if (err != ERR_OK) {
		m->kind = POSTFIX_MAP_UNREAD;
		return;
	}
	struct postfix_lines lines = { .rest = text, .arena = p->arena };
	while (m->kind != POSTFIX_MAP_UNREAD && postfix_line_next(&lines, &line))
		table_line(p, m, line.text, (struct audit_place){ name, line.number, line.text.p });
}

/* "{ key=value, { key = text } }" of inline, "{ {net action}, ... }" of the others. */
static void table_inline(struct postfix *p, struct postfix_map *m, struct str list)
{
	struct str word, rest = postfix_unbraced(list);
	while (postfix_word(&rest, &word)) {
		const struct str pair = postfix_unbraced(word);
		const struct audit_place place = { "", 0, arena_strdup(p->arena, pair) };
		const size_t equals = str_find(pair, '=');
		if (m->kind != POSTFIX_MAP_EXACT)
			table_line(p, m, pair, place);
		else if (equals != SIZE_MAX)
			entry_add(p, m, str_trim((struct str){ pair.p, equals }),
			          str_from(pair, equals + 1), place);
	}
}

static bool made_from_text(struct str type)
{
	for (size_t i = 0; i < sizeof(from_text) / sizeof(*from_text); i++)
		if (str_eq(type, str_of(from_text[i])))
			return true;
	return false;
}

static void map_fill(struct postfix *p, struct postfix_map *m, struct str type, struct str name)
{
	const bool braces = name.n > 0 && name.p[0] == '{';
	const bool patterns = str_eq(type, STR("pcre")) || str_eq(type, STR("regexp"));
	if (str_eq(type, STR("static"))) {
		m->kind = POSTFIX_MAP_STATIC;
		entry_add(p, m, STR("*"), postfix_unbraced(name),
		          (struct audit_place){ "", 0, m->name });
	} else if (str_eq(type, STR("inline"))) {
		m->kind = POSTFIX_MAP_EXACT;
		table_inline(p, m, name);
	} else if (str_eq(type, STR("cidr")) || patterns) {
		m->kind = patterns ? POSTFIX_MAP_PATTERNS : POSTFIX_MAP_CIDR;
		if (braces)
			table_inline(p, m, name);
		else
			table_file(p, m, name);
		if (m->kind == POSTFIX_MAP_PATTERNS)
			postfix_unread(p, m->name, "its patterns are not read here");
	} else if (made_from_text(type)) {
		m->kind = POSTFIX_MAP_EXACT;
		table_file(p, m, name);
	} else {
		postfix_unread(p, m->name, "only the server itself can ask it");
	}
}

static int key_cmp(struct str a, struct str b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		const char x = ascii_lower(a.p[i]), y = ascii_lower(b.p[i]);
		if (x != y)
			return (unsigned char)x < (unsigned char)y ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int entry_cmp(const void *a, const void *b)
{
	const struct postfix_entry *x = *(const struct postfix_entry *const *)a;
	const struct postfix_entry *y = *(const struct postfix_entry *const *)b;
	const int order = key_cmp(x->key, y->key);
	return order ? order : (x > y) - (x < y);
}

static void map_sort(struct postfix *p, struct postfix_map *m)
{
	if (m->kind != POSTFIX_MAP_EXACT || m->entry_n == 0)
		return;
	m->sorted = arena_alloc(p->arena, m->entry_n * sizeof(*m->sorted));
	for (size_t i = 0; i < m->entry_n; i++)
		m->sorted[i] = &m->entries[i];
	qsort(m->sorted, m->entry_n, sizeof(*m->sorted), entry_cmp);
}

const struct postfix_map *postfix_map(struct postfix *p, struct str name)
{
	for (const struct postfix_map *m = p->maps; m; m = m->next)
		if (str_eq(name, str_of(m->name)))
			return m;
	struct postfix_map *m = arena_alloc(p->arena, sizeof(*m));
	m->name = arena_strdup(p->arena, name);
	struct str rest = str_of(m->name);
	if (str_prefix(rest, STR("proxy:")))
		rest = str_from(rest, 6);
	const size_t colon = str_find(rest, ':');
	if (colon != SIZE_MAX)
		map_fill(p, m, (struct str){ rest.p, colon }, str_from(rest, colon + 1));
	else                        /* of the default type */
		map_fill(p, m, STR("hash"), rest);
	map_sort(p, m);
	m->next = p->maps;
	p->maps = m;
	return m;
}

const struct postfix_entry *postfix_map_key(const struct postfix_map *m, struct str key)
{
	if (m->kind == POSTFIX_MAP_STATIC)
		return m->entry_n > 0 ? &m->entries[0] : NULL;
	if (m->kind != POSTFIX_MAP_EXACT)
		return NULL;
	size_t low = 0, high = m->entry_n;
	while (low < high) {                    /* the first of those that are the same */
		const size_t middle = low + (high - low) / 2;
		if (key_cmp(m->sorted[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->entry_n && key_cmp(m->sorted[low]->key, key) == 0 ? m->sorted[low] : NULL;
}

const struct postfix_entry *postfix_map_ip(const struct postfix_map *m, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	if (m->kind != POSTFIX_MAP_CIDR)
		return postfix_map_key(m, str_of(ip_format(ip, text)));
	for (size_t i = 0; i < m->entry_n; i++) {
		const struct postfix_entry *e = &m->entries[i];
		if (e->range.ip.family == ip->family
		    && prefix_contains(&e->range, ip) != e->negated)
			return e;
	}
	return NULL;
}
