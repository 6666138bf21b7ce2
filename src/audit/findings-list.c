/* SPDX-License-Identifier: ISC
 *
 * Lists of clients as they stand in a configuration, written again without those who are too many:
 * what is sound is kept, and of a range that is too wide the machine's own private networks.
 */
#include "audit/findings-private.h"
#include "audit/exim-private.h"

#include <assert.h>

enum { LIST_MAX_BYTES = 1500, HOMES_MAX = 6 };

/* Whether the range holds one of the group's clients, or the address of strangers. */
static bool finding_is_bad(const struct finding_group *g, const struct prefix *range)
{
	if (g->arrival && g->arrival->as.family && prefix_contains(range, &g->arrival->as))
		return true;
	for (size_t i = 0; i < g->n; i++)
		if (prefix_contains(range, &g->rows[i]->asker->ip))
			return true;
	return false;
}

static bool is_ones_own(const struct findings *fs, const struct finding_group *g,
                        const struct prefix *network)
{
	if (!facts_is_private(&network->ip))
		return false;
	for (size_t i = 0; i < fs->known->arrival_n; i++)
		if (fs->known->arrivals[i].certain
		    && prefix_contains(network, &fs->known->arrivals[i].as))
			return false;
	for (size_t i = 0; i < g->n; i++)
		if (prefix_cmp(&g->rows[i]->asker->network, network) == 0)
			return false;
	return true;
}

size_t finding_homes(const struct findings *fs, const struct finding_group *g,
                     const struct prefix *range, struct prefix *homes, size_t max)
{
	const struct facts *f = fs->known->ground->facts;
	size_t n = 0;
	for (size_t i = 0; i < f->interface_n; i++) {
		const struct facts_interface *at = &f->interfaces[i];
		if (at->kind == FACTS_LOOPBACK || audit_is_container_bridge(f, at))
			continue;
		for (size_t k = 0; k < at->address_n && n < max; k++) {
			const struct prefix network = prefix_of(&at->addresses[k].ip,
			                                        at->addresses[k].len);
			if (network.len <= range->len || !prefix_covers(range, &network)
			    || !is_ones_own(fs, g, &network))
				continue;
			homes[n++] = network;
		}
	}
	assert(n <= max);
	return n;
}

/* ---- writing ------------------------------------------------------------------- */

struct writing {
	struct findings *fs;
	const struct finding_group *g;
	enum finding_list kind;
	char separator;                  /* of Exim */
	struct buf out;
	bool changed, everybody;         /* something, everybody was taken out */
	bool lost[2];                    /* everybody of IPv4, of IPv6 */
};

static void add_item(struct writing *w, struct str item)
{
	static const char *const gaps[] = { [FINDING_POSTFIX_LIST] = " ",
	                                    [FINDING_SMTPD_LIST] = ", " };
	if (w->out.n && w->kind == FINDING_EXIM_LIST)
		buf_printf(&w->out, " %c ", w->separator);
	else if (w->out.n)
		buf_add_cstr(&w->out, gaps[w->kind]);
	for (size_t i = 0; i < item.n; i++) {
		buf_add_byte(&w->out, item.p[i]);
		if (w->kind == FINDING_EXIM_LIST && item.p[i] == w->separator)
			buf_add_byte(&w->out, item.p[i]);
	}
}

static void add_range(struct writing *w, const struct prefix *range)
{
	const char *text = finding_range_text(w->fs, range);
	if (w->kind == FINDING_POSTFIX_LIST && range->ip.family == 6)
		text = arena_printf(w->fs->a, "[%s]/%u", finding_ip_text(w->fs, &range->ip),
		                    (unsigned)range->len);
	add_item(w, str_of(text));
}

/* Whoever let in everybody meant at least the machine itself. */
static void add_loopback(struct writing *w)
{
	static const struct { struct prefix range; const char *written; } both[] = {
		{ { { 4, { 127 } }, 8 }, "127.0.0." }, { { { 6, { [15] = 1 } }, 128 }, "::1" },
	};
	const bool empty = w->out.n == 0;
	for (size_t i = 0; i < 2; i++)
		if (!strstr(buf_cstr(&w->out), both[i].written) && (empty || w->lost[i]))
			add_range(w, &both[i].range);
}

static void add_homes(struct writing *w, const struct prefix *range)
{
	struct prefix homes[HOMES_MAX];
	const size_t n = finding_homes(w->fs, w->g, range, homes, HOMES_MAX);
	for (size_t i = 0; i < n; i++)
		add_range(w, &homes[i]);
}

/* A private network of the machine's own, in which the router alone is too much. */
static bool is_lan(const struct writing *w, const struct prefix *range)
{
	const struct facts *f = w->fs->known->ground->facts;
	if (!w->g->arrival || w->kind == FINDING_SMTPD_LIST || !facts_is_private(&range->ip))
		return false;
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			const struct prefix network = prefix_of(&a->ip, a->len);
			if (prefix_cmp(&network, range) == 0
			    && !audit_is_container_bridge(f, &f->interfaces[i]))
				return f->container == FACTS_NO_CONTAINER;
		}
	return false;
}

/* All of the network but the address by which strangers arrive. */
static void add_excepted(struct writing *w, const struct prefix *range, struct str item)
{
	const struct ip *ip = &w->g->arrival->as;
	assert(prefix_contains(range, ip));
	add_item(w, str_of(arena_printf(w->fs->a, ip->family == 6
	                                && w->kind == FINDING_POSTFIX_LIST ? "![%s]" : "!%s",
	                                finding_ip_text(w->fs, ip))));
	add_item(w, item);
}

static bool is_everybody(const struct writing *w, struct str item)
{
	if (w->kind == FINDING_EXIM_LIST)
		return str_eq(item, STR("*")) || str_eq(item, STR("0.0.0.0/0"));
	return w->kind == FINDING_POSTFIX_LIST && str_prefix(item, STR("static:"));
}

static void take_item(struct writing *w, struct str item)
{
	struct prefix range;
	const bool known = gather_prefix(item, &range);
	if (!item.n)
		return;
	if (is_everybody(w, item) || (known && range.len == 0)) {
		w->changed = w->everybody = true;
		w->lost[0] |= !known || range.ip.family == 4;
		w->lost[1] |= !known || range.ip.family == 6;
	} else if (known && w->g->arrival && prefix_contains(&range, &w->g->arrival->as)
	           && is_lan(w, &range)) {
		w->changed = true;
		add_excepted(w, &range, item);
	} else if (known && finding_is_bad(w->g, &range)) {
		w->changed = true;
		add_homes(w, &range);
	} else {
		add_item(w, item);
	}
}

static void take_exim(struct writing *w, struct str list)
{
	struct gather g = { .a = w->fs->a };
	struct str item;
	const bool marked = list.n > 1 && list.p[0] == '<';
	/* In update-exim4.conf.conf a semicolon alone changes the separator. */
	if (!marked && str_find(list, ';') != SIZE_MAX)
		w->separator = ';';
	while (exim_item(&g, &list, &w->separator, &item))
		take_item(w, item);
	if (marked && w->out.n) {
		const char *rest = arena_strdup(w->fs->a, buf_str(&w->out));
		buf_clear(&w->out);
		buf_printf(&w->out, "<%c %s", w->separator, rest);
	}
}

const char *finding_list_kept(struct findings *fs, const struct finding_group *g,
                              enum finding_list kind, struct str list)
{
	struct writing w = { .fs = fs, .g = g, .kind = kind };
	const char *kept = NULL;
	struct str item;
	if (list.n > LIST_MAX_BYTES)
		return NULL;
	if (kind == FINDING_EXIM_LIST)
		take_exim(&w, list);
	else
		while (str_token(&list, ", \t", &item))
			take_item(&w, item);
	if (w.everybody && kind != FINDING_SMTPD_LIST)
		add_loopback(&w);
	if (w.changed)
		kept = arena_strdup(fs->a, (struct str){ buf_cstr(&w.out), w.out.n });
	buf_fini(&w.out);
	return kept;
}

bool finding_list_split(struct str text, struct str *before, struct str *list, const char **quote)
{
	const size_t equals = str_find(text, '=');
	if (equals == SIZE_MAX)
		return false;
	*before = (struct str){ text.p, equals + 1 };
	*list = str_trim(str_from(text, equals + 1));
	*quote = "";
	if (list->n > 1 && (list->p[0] == '\'' || list->p[0] == '"')
	    && list->p[list->n - 1] == list->p[0]) {
		*quote = list->p[0] == '"' ? "\"" : "'";
		*list = (struct str){ list->p + 1, list->n - 2 };
	}
	return true;
}

/* ---- hosts that are believed ---------------------------------------------------------- */

static bool is_wide_range(const struct prefix *range)
{
	static const struct prefix blocks[] = {
		{ { 4, { 10 } }, 8 }, { { 4, { 172, 16 } }, 12 }, { { 4, { 192, 168 } }, 16 },
		{ { 4, { 100, 64 } }, 10 }, { { 6, { 0xfc } }, 7 },
	};
	if (range->len == 0)
		return true;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (prefix_covers(range, &blocks[i]))
			return true;
	return facts_is_public(&range->ip) && range->len < (range->ip.family == 4 ? 16 : 32);
}

bool finding_is_wide_host(struct str item)
{
	struct prefix range;
	return str_eq(item, STR("*")) || str_prefix(item, STR("static:"))
	       || (gather_prefix(item, &range) && is_wide_range(&range));
}

const char *finding_list_narrow(struct findings *fs, const char *list)
{
	const char *kept = "";
	struct str rest = str_of(list), item;
	while (str_token(&rest, ", \t", &item))
		if (!finding_is_wide_host(item))
			kept = arena_printf(fs->a, "%s%s%.*s", kept, kept[0] ? " " : "",
			                    STR_ARG(item));
	return finding_unexpanded(fs, kept);
}
