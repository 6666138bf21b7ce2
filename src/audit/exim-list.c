/* SPDX-License-Identifier: ISC
 *
 * Lists of Exim: hosts as ranges, domains as the answer whether a foreign one is among them. The
 * first item that fits decides; "!" before it turns its answer around; if none fits, the answer is
 * the contrary of the last item's.
 */
#include "audit/exim-private.h"

enum { ITEMS_MAX = 200000 };

static bool is_doubled(struct str list, size_t at)
{
	return at + 1 < list.n && list.p[at + 1] == list.p[at];
}

bool exim_item(struct gather *g, struct str *list, char *separator, struct str *item)
{
	if (!*separator) {
		*list = str_trim(*list);
		*separator = ':';
		if (list->n > 1 && list->p[0] == '<' && !ascii_isalnum((unsigned char)list->p[1])) {
			*separator = list->p[1];
			*list = str_from(*list, 2);
		}
	}
	if (!list->n)
		return false;
	size_t end = 0, n = 0;
	while (end < list->n && (list->p[end] != *separator || is_doubled(*list, end)))
		end += list->p[end] == *separator ? 2 : 1;
	char *text = arena_alloc(g->a, end + 1);
	for (size_t i = 0; i < end; i++) {
		text[n++] = list->p[i];
		i += list->p[i] == *separator;
	}
	*list = str_from(*list, end < list->n ? end + 1 : end);
	*item = str_trim((struct str){ text, n });
	return true;
}

const struct exim_list *exim_list_find(const struct exim *x, struct str name, bool hosts)
{
	for (size_t i = x->list_n; i-- > 0;)
		if (x->lists[i].hosts == hosts && str_eq(x->lists[i].name, name))
			return &x->lists[i];
	return NULL;
}

static bool take_not(struct str *item)
{
	bool not = item->n && item->p[0] == '!';
	if (not)
		*item = str_trim(str_from(*item, 1));
	return not;
}

static bool may_go_on(struct exim *x, unsigned depth)
{
	if (depth <= AUDIT_DEPTH_MAX && ++x->items <= ITEMS_MAX)
		return true;
	if (!x->g->full)
		gather_unread(x->g, "lists within lists", "they go too deep");
	x->g->full = true;
	return false;
}

/* ---- hosts ------------------------------------------------------------------- */

static void add_hosts(struct exim *x, struct str list, bool not, unsigned depth,
                      struct exim_hosts *hosts);

static void add_hosts_file(struct exim *x, struct str name, bool not, unsigned depth,
                           struct exim_hosts *hosts)
{
	struct str text, line;
	if (gather_file(x->g, arena_strdup(x->g->a, name), false, &text) != ERR_OK) {
		hosts->unsure = true;
		return;
	}
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		size_t comment = str_find(line, '#');
		if (comment != SIZE_MAX)
			line.n = comment;
		line = str_trim(line);
		if (line.n)
			/* Of a file each line is an item, whatever it holds. */
			add_hosts(x, str_of(arena_printf(x->g->a, "<\n %.*s", STR_ARG(line))), not,
			          depth + 1, hosts);
	}
}

static void add_host(struct exim *x, struct str item, bool not, unsigned depth,
                     struct exim_hosts *hosts)
{
	struct audit_range range = { .not = not };
	if (!item.n)
		return;                          /* a process of the machine, without TCP */
	if (str_eq(item, STR("*"))) {
		gather_everybody(x->g, &hosts->ranges, not);
	} else if (item.p[0] == '@') {
		range.own = true;
		gather_range(x->g, &hosts->ranges, &range);
	} else if (item.p[0] == '+') {
		const struct exim_list *named = exim_list_find(x, str_from(item, 1), true);
		if (named)
			add_hosts(x, named->value, not, depth + 1, hosts);
	} else if (item.p[0] == '/') {
		add_hosts_file(x, item, not, depth, hosts);
	} else if (gather_prefix(item, &range.range)) {
		gather_range(x->g, &hosts->ranges, &range);
	} else if (str_find(item, ';') != SIZE_MAX || str_find(item, '$') != SIZE_MAX) {
		hosts->unsure |= !exim_map_hosts(x, item, not, hosts) && !not;
	} else if (item.p[0] == '*' || item.p[0] == '^' || item.p[0] == '\\') {
		hosts->names |= !not;
	} else if (str_caseeq(item, STR("localhost"))) {
		add_host(x, STR("127.0.0.1"), not, depth, hosts);
		add_host(x, STR("::1"), not, depth, hosts);
	} else {
		gather_unread(x->g, gather_text(x->g, item), "a host by its name");
	}
}

static void add_hosts(struct exim *x, struct str list, bool not, unsigned depth,
                      struct exim_hosts *hosts)
{
	char separator = 0;
	struct str item;
	if (list.n && str_find(list, '$') != SIZE_MAX) {
		hosts->unsure |= !not;
		return;
	}
	while (may_go_on(x, depth) && exim_item(x->g, &list, &separator, &item)) {
		bool turned = take_not(&item) != not;
		add_host(x, item, turned, depth, hosts);
		if (!depth)
			hosts->range_else = turned;
	}
}

void exim_hosts(struct exim *x, struct str list, struct exim_hosts *hosts)
{
	*hosts = (struct exim_hosts){ 0 };
	struct str whole = str_trim(list);
	if (whole.n && whole.p[0] == '+' && str_find(whole, ':') == SIZE_MAX)
		hosts->named = exim_list_find(x, str_from(whole, 1), true);
	add_hosts(x, list, false, 0, hosts);
}

/* ---- domains ----------------------------------------------------------------- */

static enum exim_truth ask_domains(struct exim *x, struct str list, unsigned depth, unsigned *by);

static enum exim_truth ask_domain_file(struct exim *x, struct str name, unsigned depth,
                                       unsigned *by)
{
	struct str text, line;
	enum exim_truth some = EXIM_NO;
	if (gather_file(x->g, arena_strdup(x->g->a, name), false, &text) != ERR_OK)
		return EXIM_NO;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		size_t comment = str_find(line, '#');
		if (comment != SIZE_MAX)
			line.n = comment;
		line = str_trim(line);
		if (!line.n || line.p[0] == '/' || line.p[0] == '+')
			continue;
		enum exim_truth truth = ask_domains(x, line, depth + 1, by);
		if (truth == EXIM_YES)
			return truth;
		if (truth == EXIM_SHOWN)
			some = truth;
	}
	return some;
}

static enum exim_truth ask_domain(struct exim *x, struct str item, unsigned depth, unsigned *by)
{
	if (!item.n)
		return EXIM_NO;
	if (str_eq(item, STR("*")))
		return EXIM_YES;
	if (str_prefix(item, STR("@mx_"))) {
		*by |= AUDIT_BY_MX;
		return EXIM_SHOWN;
	}
	if (item.p[0] == '@')
		return EXIM_NO;
	if (item.p[0] == '+') {
		const struct exim_list *named = exim_list_find(x, str_from(item, 1), false);
		x->found = NULL;
		enum exim_truth truth = named ? ask_domains(x, named->value, depth + 1, by)
		                              : EXIM_NO;
		if (truth != EXIM_NO && !x->found)
			x->found = named;
		return truth;
	}
	if (item.p[0] == '/')
		return ask_domain_file(x, item, depth, by);
	enum exim_truth truth;
	if (str_find(item, ';') != SIZE_MAX && exim_map_domains(x, item, by, &truth))
		return truth;
	if (str_find(item, ';') != SIZE_MAX || str_find(item, '$') != SIZE_MAX) {
		gather_unread(x->g, gather_text(x->g, item), "domains that are in a map");
		return EXIM_NO;
	}
	if (item.p[0] == '^' || item.p[0] == '\\' || gather_is_wide(item, false)) {
		*by |= AUDIT_BY_RECIPIENT;
		return EXIM_SHOWN;
	}
	gather_domain(x->g, item);
	return EXIM_NO;
}

static enum exim_truth ask_domains(struct exim *x, struct str list, unsigned depth, unsigned *by)
{
	char separator = 0;
	struct str item;
	enum exim_truth some = EXIM_NO;
	const struct exim_list *found = NULL;
	bool not = false;
	if (str_find(list, '$') != SIZE_MAX) {
		gather_unread(x->g, gather_text(x->g, list), "domains that are in an expansion");
		return EXIM_NO;
	}
	while (may_go_on(x, depth) && exim_item(x->g, &list, &separator, &item)) {
		not = take_not(&item);
		x->found = NULL;
		enum exim_truth truth = ask_domain(x, item, depth, by);
		if (truth == EXIM_YES)
			return not ? EXIM_NO : EXIM_YES;
		/* A domain outside of what is taken out is foreign all the same. */
		if (truth == EXIM_SHOWN && !not) {
			some = truth;
			found = x->found;
		}
	}
	x->found = found;
	return not ? EXIM_YES : some;
}

enum exim_truth exim_domains(struct exim *x, struct str list, unsigned *by)
{
	x->found = NULL;
	return ask_domains(x, list, 0, by);
}

/* ---- own domains --------------------------------------------------------------- */

/* The first item, of lists within as well, that takes something in by its name. */
static bool some_domain(struct exim *x, struct str list, unsigned depth, struct str *domain)
{
	char separator = 0;
	struct str item;
	while (may_go_on(x, depth) && exim_item(x->g, &list, &separator, &item)) {
		const struct exim_list *named;
		if (take_not(&item) || !item.n || item.p[0] == '*')
			continue;
		*domain = item;
		if (item.p[0] != '+')
			return true;
		named = exim_list_find(x, str_from(item, 1), false);
		if (named && some_domain(x, named->value, depth + 1, domain))
			return true;
	}
	*domain = STR("");
	return false;
}

struct str exim_some_domain(struct exim *x, struct str list)
{
	struct str domain;
	some_domain(x, list, 0, &domain);
	return domain;
}

static bool find_domain(struct exim *x, struct str list, unsigned depth, struct str domain)
{
	char separator = 0;
	struct str item;
	bool not = false;
	while (may_go_on(x, depth) && exim_item(x->g, &list, &separator, &item)) {
		not = take_not(&item);
		const struct exim_list *named = item.n && item.p[0] == '+'
			? exim_list_find(x, str_from(item, 1), false) : NULL;
		if (named ? find_domain(x, named->value, depth + 1, domain)
		    : str_caseeq(item, domain) ||
		      (item.n && item.p[0] == '*' && str_casesuffix(domain, str_from(item, 1))))
			return !not;
	}
	return not;
}

bool exim_has_domain(struct exim *x, struct str list, struct str domain)
{
	return find_domain(x, list, 0, domain);
}
