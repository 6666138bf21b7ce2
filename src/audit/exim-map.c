/* SPDX-License-Identifier: ISC
 *
 * Lookups in Exim's lists that are text: "lsearch;/etc/localdomains" and its like of domains,
 * "net-iplsearch;/etc/relayhosts" of hosts, "dsearch;/etc/virtual". All other maps are for the
 * server alone. As tried with Exim 4.96: a plain lsearch finds whole names only, "lsearch*" and
 * "lsearch*@" have a default, "partial-" wants two components beside the star, and without "net" a
 * host is looked up by its name.
 */
#include "audit/exim-private.h"

#include <assert.h>

struct map {
	struct str type, file;
	bool star, net, partial;
	uint64_t components, bits;       /* of partialN- and netN-; 0 bits: the whole address */
};

/* "partial2-", "net24-": takes it off, with its number. */
static bool cut_prefix(struct str *type, struct str word, uint64_t max, uint64_t *number)
{
	struct str rest = str_from(*type, word.n);
	size_t dash = str_find(rest, '-');
	if (!str_prefix(*type, word) || dash == SIZE_MAX ||
	    (dash && str_u64((struct str){ rest.p, dash }, max, number) != ERR_OK))
		return false;
	*type = str_from(rest, dash + 1);
	return true;
}

static bool is_text(struct str type)
{
	static const char *const types[] = { "lsearch", "wildlsearch", "nwildlsearch", "iplsearch",
	                                     "dsearch" };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(type, str_of(types[i])))
			return true;
	return false;
}

static bool parse_map(struct str item, struct map *m)
{
	size_t semicolon = str_find(item, ';');
	*m = (struct map){ .components = 2 };
	if (semicolon == SIZE_MAX)
		return false;
	m->type = str_trim((struct str){ item.p, semicolon });
	m->file = str_trim(str_from(item, semicolon + 1));
	m->partial = cut_prefix(&m->type, STR("partial"), 100, &m->components);
	m->net = cut_prefix(&m->type, STR("net"), 128, &m->bits);
	size_t options = str_find(m->type, ',');
	if (options != SIZE_MAX)
		m->type.n = options;
	if (str_casesuffix(m->type, STR("*@")))
		m->type.n--;
	m->star = m->type.n > 1 && m->type.p[m->type.n - 1] == '*';
	m->type.n -= m->star;
	return m->file.n && m->file.p[0] == '/' && is_text(m->type);
}

/* The key of a line: "key: data", "\"::1\" data"; false: a comment, or one that goes on. */
static bool key_of(struct str line, struct str *key)
{
	size_t end = 0;
	if (!line.n || line.p[0] == '#' || ascii_isspace(line.p[0]))
		return false;
	if (line.p[0] == '"') {
		line = str_from(line, 1);
		end = str_find(line, '"');
		*key = (struct str){ line.p, end == SIZE_MAX ? line.n : end };
		return key->n > 0;
	}
	while (end < line.n && line.p[end] != ':' && !ascii_isspace(line.p[end]))
		end++;
	*key = (struct str){ line.p, end };
	return end > 0;
}

/* A file is read once, but looked through as often as it is named. */
static int count_bytes(struct exim *x, const char *name, struct str *text)
{
	enum { SCANNED_MAX_BYTES = 64 << 20 };
	x->scanned_bytes += text->n;
	if (x->scanned_bytes <= SCANNED_MAX_BYTES)
		return ERR_OK;
	if (!x->g->full)
		gather_unread(x->g, name, "it is asked for too often");
	x->g->full = x->g->out->cut = true;
	*text = STR("");
	return ERR_LIMIT;
}

static int read_text(struct exim *x, struct str name, struct str *text)
{
	*text = STR("");
	for (size_t i = 0; i < x->text_n; i++)
		if (str_eq(name, str_of(x->texts[i].name))) {
			*text = x->texts[i].text;
			return x->texts[i].err ? x->texts[i].err
			                       : count_bytes(x, x->texts[i].name, text);
		}
	const char *file = arena_strdup(x->g->a, name);
	const int err = gather_file(x->g, file, false, text);
	if (x->text_n < EXIM_TEXTS_MAX) {
		x->texts[x->text_n].name = file;
		x->texts[x->text_n].text = *text;
		x->texts[x->text_n++].err = err;
	}
	return err;
}

int exim_text(struct exim *x, struct str name, struct str *text)
{
	const int err = read_text(x, name, text);
	x->unknown |= err != ERR_OK;
	assert(err == ERR_OK || !text->n);
	return err;
}

/* ---- domains ------------------------------------------------------------------------ */

/* How many components stand behind the "*." of a key. */
static uint64_t components(struct str key)
{
	uint64_t n = 0;
	for (struct str part; str_token(&key, ".", &part);)
		n += !str_eq(part, STR("*"));
	return n;
}

static enum exim_truth ask_key(struct exim *x, const struct map *m, struct str key, unsigned *by)
{
	bool wild = str_eq(m->type, STR("wildlsearch")) || str_eq(m->type, STR("nwildlsearch"));
	bool star = key.p[0] == '*';
	if (str_eq(key, STR("*")))
		return wild || m->star || (m->partial && !m->components) ? EXIM_YES : EXIM_NO;
	if (wild && (key.p[0] == '^' || key.p[0] == '\\' || (star && gather_is_wide(key, false)))) {
		*by |= AUDIT_BY_RECIPIENT;
		return EXIM_SHOWN;
	}
	if (star && m->partial && components(key) >= m->components && gather_is_wide(key, false)) {
		*by |= AUDIT_BY_RECIPIENT;
		return EXIM_SHOWN;
	}
	gather_domain(x->g, key);
	return EXIM_NO;
}

static enum exim_truth ask_directory(struct exim *x, const struct map *m)
{
	const char **names;
	size_t n = 0;
	const char *folder = arena_strdup(x->g->a, m->file);
	const int err = x->g->files->list(x->g->files->arg, folder, x->g->a, &names, &n);
	if (err != ERR_OK)
		gather_unread(x->g, folder, err_text(err));
	x->unknown |= err != ERR_OK;
	for (size_t i = 0; err == ERR_OK && i < n; i++) {
		const char *slash = strrchr(names[i], '/');
		gather_domain(x->g, str_of(slash ? slash + 1 : names[i]));
	}
	return EXIM_NO;
}

static enum exim_truth ask_file(struct exim *x, const struct map *m, unsigned *by)
{
	struct str text, line, key;
	enum exim_truth truth = EXIM_NO;
	if (exim_text(x, m->file, &text) != ERR_OK)
		return EXIM_NO;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line) && truth != EXIM_YES;) {
		enum exim_truth found = key_of(line, &key) ? ask_key(x, m, key, by) : EXIM_NO;
		truth = found == EXIM_NO ? truth : found;
	}
	return truth;
}

bool exim_map_domains(struct exim *x, struct str item, unsigned *by, enum exim_truth *truth)
{
	struct map m;
	unsigned shown = 0;
	for (size_t i = 0; i < x->map_n; i++)
		if (str_eq(x->maps[i].item, item)) {
			*by |= x->maps[i].by;
			*truth = x->maps[i].truth;
			return true;
		}
	const bool before = x->unknown;
	x->unknown = false;
	*truth = EXIM_NO;
	if (!parse_map(item, &m) || m.net || str_eq(m.type, STR("iplsearch")))
		return false;                    /* the caller says that it is unknown */
	*truth = str_eq(m.type, STR("dsearch")) ? ask_directory(x, &m) : ask_file(x, &m, &shown);
	*by |= shown;
	if (!x->unknown && x->map_n < EXIM_TEXTS_MAX) {
		x->maps[x->map_n].item = item;
		x->maps[x->map_n].by = shown;
		x->maps[x->map_n++].truth = *truth;
	}
	x->unknown |= before;
	return true;
}

/* ---- hosts -------------------------------------------------------------------------- */

/* By its address: a network in iplsearch only, or with the bits that netN- puts behind it. */
static bool range_of(const struct map *m, struct str key, struct prefix *range)
{
	bool whole = str_find(key, '/') == SIZE_MAX;
	if (!gather_prefix(key, range))
		return false;
	if (str_eq(m->type, STR("iplsearch")))
		return true;
	return m->bits ? !whole && range->len == m->bits : whole;
}

bool exim_map_hosts(struct exim *x, struct str item, bool not, struct exim_hosts *hosts)
{
	struct str text, line, key;
	struct map m;
	if (!parse_map(item, &m) || str_eq(m.type, STR("dsearch")))
		return false;
	if (exim_text(x, m.file, &text) != ERR_OK)
		return false;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		struct audit_range range = { .not = not };
		if (!key_of(line, &key))
			continue;
		if (m.net && range_of(&m, key, &range.range))
			gather_range(x->g, &hosts->ranges, &range);
		else if (!m.net && !str_eq(m.type, STR("iplsearch")))
			hosts->names |= !not;
	}
	return true;
}
