/* SPDX-License-Identifier: ISC
 *
 * What a stranger would say who knew the configuration: senders, HELO names, reverse names and
 * recipients made of the words of the lines that permit them. Of a pattern the likeliest text that
 * it matches. Whether one is let in only the server says; a word that is none costs a question.
 */
#include "audit/plan-private.h"

enum {
	WORD_MAX = 100,
	OF_ONE_KIND_MAX = 4,             /* made of the lines for one client and one claim */
};

struct word {
	char text[WORD_MAX + 1];
	size_t n;
	bool pattern;                    /* it may match more than itself */
	bool below;                      /* it stands for names below it */
	bool local;                      /* it stands in a list of local parts */
};

/* ---- words ------------------------------------------------------------------------------- */

static void put(struct word *w, char c)
{
	if (w->n < WORD_MAX)
		w->text[w->n++] = c;
}

/* From behind "[" on to its end: one of those characters. */
static size_t put_class(struct word *w, struct str s, size_t i)
{
	char one = i < s.n && s.p[i] == '^' ? 'a' : '\0';
	for (; i < s.n && s.p[i] != ']'; i++)
		if (!one && ascii_isalnum((unsigned char)s.p[i]))
			one = s.p[i];
	put(w, one ? one : '-');
	return i;
}

/* From behind an alternative's "|" on to the end of its group. */
static size_t skip_others(struct str s, size_t i)
{
	for (size_t depth = 1; i < s.n; i++) {
		depth += s.p[i] == '(';
		if (s.p[i] == ')' && --depth == 0)
			break;
	}
	return i;
}

static void put_escaped(struct word *w, char c)
{
	if (c == 'd')
		put(w, '1');
	else if (c == 'w')
		put(w, 'a');
	else if (c != 'N' && c != 'b' && c != '<' && c != '>')
		put(w, c);
}

/* A text that the pattern matches, most likely. */
static void put_sample(struct word *w, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		const char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : '\0';
		if (c == '\\' && next)
			put_escaped(w, s.p[++i]);
		else if (c == '[')
			i = put_class(w, s, i + 1);
		else if (c == '|')
			i = skip_others(s, i + 1);
		else if (c == '.' && (next == '*' || next == '+'))
			put(w, 'x');
		else if (c == '(' && next == '?')
			i += 2;
		else if (!strchr("^$()*+?", c))
			put(w, c);
	}
}

static bool is_pattern(struct str s)
{
	static const char marks[] = "^$\\[(|+?";
	for (size_t i = 0; i < s.n; i++)
		if (strchr(marks, s.p[i]) ||
		    (s.p[i] == '.' && i + 1 < s.n && s.p[i + 1] == '*'))
			return true;
	return false;
}

/* "!/…/i": what stands between the marks. */
static struct str without_marks(struct str s)
{
	const struct str bare = s.n && s.p[0] == '!' ? str_from(s, 1) : s;
	size_t end = bare.n;
	if (!bare.n || bare.p[0] != '/')
		return s;
	while (end > 1 && bare.p[end - 1] != '/')
		end--;
	return end > 2 ? (struct str){ bare.p + 1, end - 2 } : bare;
}

static bool is_address(const struct word *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!ascii_isdigit((unsigned char)w->text[i]) && w->text[i] != '.')
			return false;
	return true;
}

/* False: it is nothing that a client could say. */
static bool word_read(struct str s, struct word *w)
{
	const struct str bare = without_marks(s);
	size_t start = 0;
	*w = (struct word){ .pattern = bare.p != s.p || is_pattern(bare) };
	if (w->pattern)
		put_sample(w, bare);
	else
		for (size_t i = 0; i < bare.n; i++)
			put(w, i > 0 && bare.p[i] == '*' ? 'x' : bare.p[i]);
	while (start < w->n && strchr("*.", w->text[start]))
		start++;
	w->below = start > 0 && w->text[start - 1] == '.';
	w->n -= start;
	memmove(w->text, w->text + start, w->n);
	w->text[w->n] = '\0';
	for (size_t i = 0; i < w->n; i++)
		if (!ascii_isalnum((unsigned char)w->text[i]) && !strchr("@._-+=", w->text[i]))
			return false;
	return w->n > 0 && w->n < WORD_MAX && !is_address(w);
}

/* ---- what is said -------------------------------------------------------------------------- */

static bool is_domain(const struct word *w)
{
	return !strchr(w->text, '@') && !strchr(w->text, '_') && !strchr(w->text, '=');
}

static const char *sender_of(struct arena *a, const struct audit_ground *g, const struct word *w)
{
	const char *at = strchr(w->text, '@');
	if (at && !at[1])
		return arena_printf(a, "%s%s", w->text, g->other);
	if (at)
		return arena_printf(a, "%s%s", at == w->text ? "asker" : "", w->text);
	return is_domain(w) && strchr(w->text, '.')
		? arena_printf(a, "asker@%s%s", w->below ? "mail." : "", w->text) : NULL;
}

static const char *helo_of(struct arena *a, const struct audit_ground *g, const struct word *w)
{
	(void)g;
	return is_domain(w) && (w->pattern || strchr(w->text, '.'))
		? arena_printf(a, "%s%s", w->below ? "mail." : "", w->text) : NULL;
}

/* A top level domain in which strangers have names: it is one label, and none of those that are
 * only ever a machine's or a site's own. */
static bool is_top_level(const char *text)
{
	static const char *const own[] = { "localhost", "localdomain", "local", "lan", "home",
	                                   "internal", "intranet", "corp", "private", "invalid" };
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (str_caseeq(str_of(text), str_of(own[i])))
			return false;
	return !strchr(text, '.');
}

/* One that the line's owner does not know: of a top level domain, or of another's below a text that
 * the pattern does not end with. A name that is given whole is its owner's alone. */
static const char *reverse_of(struct arena *a, const struct audit_ground *g, const struct word *w)
{
	if (!is_domain(w))
		return NULL;
	if (w->pattern)
		return arena_printf(a, "%s%s.%s", w->below ? "host." : "", w->text, g->other);
	return is_top_level(w->text) ? arena_printf(a, "host.%s", w->text) : NULL;
}

/* The same of destinations, and a local part wherever it is. */
static const char *recipient_of(struct arena *a, const struct audit_ground *g,
                                const struct word *w)
{
	const char *at = strchr(w->text, '@');
	if (at && !at[1])
		return arena_printf(a, "%s%s", w->text, g->foreign);
	if (at && w->pattern)
		return arena_printf(a, "someone@elsewhere%s", at + 1);
	if (at || !is_domain(w))
		return NULL;
	if (w->local && !strchr(w->text, '.'))
		return arena_printf(a, "%s@%s", w->text, g->foreign);
	if (is_top_level(w->text))
		return arena_printf(a, "someone@elsewhere.%s", w->text);
	return w->pattern ? arena_printf(a, "someone@elsewhere%s%s", w->below ? "." : "", w->text)
	                  : NULL;
}

static const struct claim {
	unsigned by;
	const char *(*make)(struct arena *a, const struct audit_ground *g, const struct word *w);
} claims[] = {
	{ AUDIT_BY_SENDER, sender_of }, { AUDIT_BY_HELO, helo_of },
	{ AUDIT_BY_RDNS, reverse_of }, { AUDIT_BY_RECIPIENT, recipient_of },
};

/* False: there is no room for it, or enough of its kind. */
static bool hint_add(struct audit_plan *plan, unsigned by, const char *value)
{
	for (size_t i = 0; i < plan->hint_n; i++)
		if (plan->hints[i].by == by && strcmp(plan->hints[i].value, value) == 0)
			return true;
	if (plan->hint_n == AUDIT_HINTS_MAX)
		return false;
	const char *at = strchr(value, '@');
	plan->hints[plan->hint_n++] = (struct audit_hint){ by, value, at ? at + 1 : value };
	return true;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* It cannot be one of the language's own. */
static bool is_telling(const struct word *w)
{
	return w->pattern || w->below || strpbrk(w->text, ".@");
}

/* "OK", "RELAY". */
static bool is_loud(const struct word *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (ascii_lower(w->text[i]) == w->text[i])
			return false;
	return true;
}

/* Those that tell something, or the others. */
static void text_read(struct audit_plan *plan, const struct claim *claim, struct str text,
                      bool telling, size_t *n)
{
	const size_t regex_at = str_search(text, STR(" regex "));
	const bool regex = regex_at != SIZE_MAX;
	const bool local = str_search(text, STR("local_parts")) != SIZE_MAX;
	struct str part, word_text;
	struct word w;
	if (regex) {
		text = str_from(text, regex_at + strlen(" regex "));
		text = str_token(&text, " \t\"'", &part) ? part : STR("");
	}
	while (*n < OF_ONE_KIND_MAX && str_token(&text, " \t\"'", &part)) {
		const bool whole = is_pattern(without_marks(part)) && part.p[0] != '{' &&
		                   str_find(part, '{') == SIZE_MAX;
		while (*n < OF_ONE_KIND_MAX &&
		       str_token(&part, whole ? ",;" : ",;:{}=<>", &word_text)) {
			if (!word_read(word_text, &w) || is_telling(&w) != telling ||
			    (!telling && is_loud(&w)))
				continue;
			w.pattern |= regex;
			w.local = local;
			const char *value = claim->make(plan->arena, plan->ground, &w);
			if (value && hint_add(plan, claim->by, value))
				(*n)++;
		}
	}
}

static void lines_read(struct audit_plan *plan, const struct claim *claim,
                       const struct audit_why *why)
{
	size_t n = 0;
	for (size_t i = 0; i < why->by_n; i++)
		text_read(plan, claim, str_of(why->by[i].place.text), true, &n);
	if (n == 0 && why->by_n > 0)
		text_read(plan, claim, str_of(why->by[0].place.text), false, &n);
}

void plan_hints_find(struct audit_plan *plan)
{
	const struct audit_ground *g = plan->ground;
	const struct audit_reading *r = audit_config_reading(g->config);
	for (size_t i = 0; i < g->asker_n; i++)
		for (size_t port = 0; port < r->port_n && port < AUDIT_PORTS_MAX; port++)
			for (size_t k = 0; k < sizeof(claims) / sizeof(*claims); k++) {
				const struct audit_client client = {
					.ip = g->askers[i].ip, .port = &r->ports[port],
					.shows = claims[k].by | (r->ports[port].tls_first
					                         ? AUDIT_BY_TLS : 0u),
				};
				struct audit_why why;
				if (!audit_is_stranger(&g->askers[i]))
					continue;
				audit_config_explain(g->config, &client, &why);
				if (why.answer != AUDIT_NO)
					lines_read(plan, &claims[k], &why);
			}
}
