/* SPDX-License-Identifier: ISC
 *
 * Files within limits and arrays in the arena; see gather-private.h.
 */
#include "audit/gather-private.h"

#include <assert.h>
#include <stdio.h>

enum { RANGES_MAX = 200000, UNREAD_MAX = 1000, PORTS_MAX = 256 };

int gather_file(struct gather *g, const char *name, bool optional, struct str *text)
{
	*text = STR("");
	int err = g->files_n >= AUDIT_FILES_MAX ? ERR_LIMIT
		: g->files->read(g->files->arg, name, g->a, text);
	if (err == ERR_OK && (text->n > AUDIT_FILE_MAX_BYTES ||
	                      text->n > AUDIT_TOTAL_MAX_BYTES - g->total_bytes))
		err = ERR_LIMIT;
	if (err == ERR_OK) {
		g->files_n++;
		g->total_bytes += text->n;
		assert(g->total_bytes <= AUDIT_TOTAL_MAX_BYTES);
		return ERR_OK;
	}
	*text = STR("");
	g->out->cut |= err == ERR_LIMIT;
	if (err != ERR_NOT_FOUND || !optional)
		gather_unread(g, arena_strdup(g->a, str_of(name)), err_text(err));
	return err;
}

/* Room for one more in an array of the arena; NULL: the limit is met. */
static void *grow(struct gather *g, void *array, size_t n, size_t *cap, size_t size)
{
	assert(n <= *cap);
	if (n >= AUDIT_SETTINGS_MAX)
		return NULL;
	if (n < *cap)
		return array;
	size_t wanted = *cap ? *cap * 2 : 16;
	void *larger = arena_alloc(g->a, wanted * size);
	if (n)
		memcpy(larger, array, n * size);
	*cap = wanted;
	return larger;
}

static void say_full(struct gather *g)
{
	g->out->cut = true;
	if (g->full)
		return;
	g->full = true;
	gather_unread(g, "the rest of the configuration", "it says more than we take");
}

#define ROOM(array, count, cap_) __extension__ ({ \
	void *p_ = grow(g, g->out->array, g->out->count, &g->cap_, sizeof(*g->out->array)); \
	if (p_) \
		g->out->array = p_; \
	p_ != NULL; })

void gather_unread(struct gather *g, const char *what, const char *why)
{
	if (g->out->unread_n >= UNREAD_MAX)
		return;
	if (ROOM(unread, unread_n, unread_cap))
		g->out->unread[g->out->unread_n++] = (struct audit_unread){ what, why };
}

void gather_unread_at(struct gather *g, const struct audit_place *place, const char *why)
{
	gather_unread(g, arena_printf(g->a, "%s:%u", place->file, place->line), why);
}

void gather_cut_at(struct gather *g, const struct audit_place *place, const char *why)
{
	g->out->cut = true;
	gather_unread_at(g, place, why);
}

void gather_setting(struct gather *g, struct str name, struct str value, const char *service,
                    const struct audit_place *place)
{
	if (ROOM(settings, setting_n, setting_cap))
		g->out->settings[g->out->setting_n++] = (struct audit_setting){
			arena_strdup(g->a, name), arena_strdup(g->a, value), service, *place };
	else
		say_full(g);
}

void gather_rule(struct gather *g, const struct audit_rule *rule)
{
	if (g->decided)
		return;
	if (!ROOM(rules, rule_n, rule_cap)) {
		say_full(g);
		return;
	}
	struct audit_rule *added = &g->out->rules[g->out->rule_n++];
	*added = *rule;
	added->what = rule->what ? rule->what : "";
	added->cause = rule->cause ? rule->cause : "";
	added->service = rule->service ? rule->service : "";
	added->name = rule->name ? rule->name : "";
	g->decided = !rule->by && !rule->without && !rule->in_ranges && !added->service[0];
}

void gather_port(struct gather *g, const struct audit_port *port)
{
	if (g->out->port_n < PORTS_MAX && ROOM(ports, port_n, port_cap))
		g->out->ports[g->out->port_n++] = *port;
	else
		say_full(g);
}

void gather_domain(struct gather *g, struct str domain)
{
	for (size_t i = 0; i < g->out->domain_n && g->out->domain_n < 1000; i++)
		if (str_eq(str_of(g->out->domains[i]), domain))
			return;
	if (ROOM(domains, domain_n, domain_cap))
		g->out->domains[g->out->domain_n++] = arena_strdup(g->a, domain);
	else
		say_full(g);
}

struct str gather_value(const struct gather *g, const char *name, struct audit_place *place)
{
	for (size_t i = g->out->setting_n; i-- > 0;) {
		const struct audit_setting *s = &g->out->settings[i];
		if (strcmp(s->name, name))
			continue;
		if (place)
			*place = s->place;
		return str_of(s->value);
	}
	return STR("");
}

const char *gather_text(struct gather *g, struct str bytes)
{
	char *text = arena_alloc(g->a, bytes.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		bool ends = c == '\\' && i + 1 < bytes.n && bytes.p[i + 1] == '\n';
		if (!ends && !ascii_isspace(c))
			text[n++] = c;
		else if (n && text[n - 1] != ' ')
			text[n++] = ' ';
	}
	while (n && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static bool takes_everybody(const struct audit_rule *rule)
{
	for (size_t i = 0; i < rule->range_n; i++)
		if (!rule->ranges[i].not && !rule->ranges[i].own && rule->ranges[i].range.len == 0)
			return true;
	return false;
}

const char *gather_cause(const struct audit_rule *rule)
{
	static const struct { unsigned by; const char *cause; } rows[] = {
		{ AUDIT_BY_LOGIN, "" }, { AUDIT_BY_PERCENT, "C34" }, { AUDIT_BY_BANG, "C36" },
		{ AUDIT_BY_AT, "C37" }, { AUDIT_BY_PACKED, "C11" },
		{ AUDIT_BY_CERTIFICATE, "C44" }, { AUDIT_BY_MX, "C39" },
		{ AUDIT_BY_RDNS, "C42" }, { AUDIT_BY_SENDER, "C31" }, { AUDIT_BY_HELO, "C41" },
		{ AUDIT_BY_TLS, "C44" }, { AUDIT_BY_RECIPIENT, "C33" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rule->by & rows[i].by)
			return rows[i].cause;
	if (!rule->in_ranges || rule->range_else)
		return "C10";
	return takes_everybody(rule) ? "C6" : "";
}

void gather_range(struct gather *g, struct gather_ranges *list, const struct audit_range *item)
{
	void *p = grow(g, list->p, list->n, &list->cap, sizeof(*list->p));
	if (!p || g->range_n >= RANGES_MAX) {
		say_full(g);
		return;
	}
	g->range_n++;
	list->p = p;
	list->p[list->n++] = *item;
}

void gather_everybody(struct gather *g, struct gather_ranges *list, bool not)
{
	const struct prefix four = { { 4, { 0 } }, 0 }, six = { { 6, { 0 } }, 0 };
	gather_range(g, list, &(struct audit_range){ four, not, false });
	gather_range(g, list, &(struct audit_range){ six, not, false });
}

void gather_loopback(struct gather *g, struct gather_ranges *list)
{
	struct ip six = { 6, { [15] = 1 } }, four = ip_from_v4(127, 0, 0, 1);
	gather_range(g, list, &(struct audit_range){ .range = prefix_of(&four, 32) });
	gather_range(g, list, &(struct audit_range){ .range = prefix_of(&six, 128) });
}

static bool dotted_mask(struct str text, uint64_t *bits)
{
	struct ip mask;
	if (ip_parse(text, &mask, NULL) != ERR_OK || mask.family != 4)
		return false;
	uint32_t m = (uint32_t)mask.b[0] << 24 | (uint32_t)mask.b[1] << 16 |
	             (uint32_t)mask.b[2] << 8 | mask.b[3];
	for (*bits = 0; *bits < 32 && (m & 0x80000000u); m <<= 1)
		++*bits;
	return m == 0;
}

bool gather_prefix(struct str text, struct prefix *prefix)
{
	if (str_caseprefix(text, STR("IPv6:")))
		text = str_from(text, 5);
	if (text.n > 1 && text.p[0] == '[') {
		size_t end = str_find(text, ']');
		if (end == SIZE_MAX)
			return false;
		/* "[::1]/128" has its length outside. */
		if (end + 1 < text.n) {
			char both[80];
			int n = snprintf(both, sizeof(both), "%.*s%.*s", (int)(end - 1), text.p + 1,
			                 (int)(text.n - end - 1), text.p + end + 1);
			return n > 0 && (size_t)n < sizeof(both) && both[0] != '[' &&
			       gather_prefix((struct str){ both, (size_t)n }, prefix);
		}
		text = (struct str){ text.p + 1, end - 1 };
	}
	size_t slash = str_find(text, '/');
	struct ip ip;
	struct str address = slash == SIZE_MAX ? text : (struct str){ text.p, slash };
	if (ip_parse(address, &ip, NULL) != ERR_OK)
		return false;
	uint64_t bits = ip_bits(&ip);
	if (slash != SIZE_MAX && str_u64(str_from(text, slash + 1), bits, &bits) != ERR_OK &&
	    (ip.family != 4 || !dotted_mask(str_from(text, slash + 1), &bits)))
		return false;
	*prefix = prefix_of(&ip, (unsigned)bits);
	return true;
}

uint16_t gather_port_number(struct str text)
{
	static const struct { const char *name; uint16_t port; } names[] = {
		{ "smtp", 25 }, { "mail", 25 }, { "smtps", 465 }, { "submissions", 465 },
		{ "ssmtp", 465 }, { "urd", 465 }, { "submission", 587 },
	};
	uint64_t number;
	if (str_u64(text, 65535, &number) == ERR_OK)
		return (uint16_t)number;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseeq(text, str_of(names[i].name)))
			return names[i].port;
	return 0;
}

bool gather_is_wide(struct str domain, bool below)
{
	if (!below && !(domain.n && domain.p[0] == '*'))
		return false;
	while (domain.n && (domain.p[0] == '*' || domain.p[0] == '.'))
		domain = str_from(domain, 1);
	return str_find(domain, '.') == SIZE_MAX && !str_caseeq(domain, STR("localhost"));
}

bool gather_line(struct gather_lines *lines, struct str *line)
{
	if (!lines->rest.n)
		return false;
	size_t end = str_find(lines->rest, '\n');
	*line = end == SIZE_MAX ? lines->rest : (struct str){ lines->rest.p, end };
	lines->rest = str_from(lines->rest, end == SIZE_MAX ? lines->rest.n : end + 1);
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	lines->line++;
	return true;
}
