/* SPDX-License-Identifier: ISC
 *
 * What iptables-save and ip6tables-save write, of the tables nat and mangle. An option that is not
 * known becomes a condition that may hold or not.
 */
#include "audit/facts-private.h"

enum { WORDS_MAX = 512 };

struct reading {
	struct facts *f;
	const char *source;
	unsigned family;
	const char *table;               /* within *nat … COMMIT, *mangle … COMMIT; NULL */
};

/* Words of a line; one in quotes may hold blanks and, behind a backslash, quotes. */
static size_t split_words(struct str line, struct arena *a, struct str words[static WORDS_MAX])
{
	size_t n = 0, i = 0;
	while (n < WORDS_MAX) {
		while (i < line.n && ascii_isspace(line.p[i]))
			i++;
		if (i >= line.n)
			break;
		if (line.p[i] != '"') {
			size_t start = i;
			while (i < line.n && !ascii_isspace(line.p[i]))
				i++;
			words[n++] = (struct str){ line.p + start, i - start };
			continue;
		}
		char *text = arena_alloc(a, line.n - i);
		size_t length = 0;
		for (i++; i < line.n && line.p[i] != '"'; i++) {
			if (line.p[i] == '\\' && i + 1 < line.n)
				i++;
			text[length++] = line.p[i];
		}
		i++;
		words[n++] = (struct str){ text, length };
	}
	return n;
}

/* ---- options ---------- */

/* An option with its values; `negated` if "!" stood before it. */
struct option {
	struct str name;
	const struct str *values;
	size_t n;
	bool negated;
};

static struct str value_of(const struct option *o)
{
	return o->n ? o->values[0] : (struct str){ "", 0 };
}

static void add_interface(const struct reading *r, struct facts_rule *rule,
                          enum facts_field field, const struct option *o)
{
	struct str name = value_of(o);
	struct facts_match *m = facts_add_match(r->f, rule, field, o->negated);
	if (name.n && name.p[name.n - 1] == '+')
		name = str_of(arena_printf(r->f->arena, "%.*s*", (int)(name.n - 1), name.p));
	facts_add_name(r->f, m, name);
}

/* Values with commas between; one that can't be read makes it a condition not understood. */
static void add_spans(const struct reading *r, struct facts_rule *rule, enum facts_field field,
                      const struct option *o, bool (*parse)(struct str, struct facts_span *))
{
	struct facts_match *m = facts_add_match(r->f, rule, field, o->negated);
	struct str rest = value_of(o), part;
	struct facts_span span;
	bool sound = rest.n > 0;
	while (sound && str_token(&rest, ",", &part))
		sound = parse(part, &span) && facts_add_span(r->f, m, &span);
	if (!sound)
		*m = (struct facts_match){ .field = FACTS_UNKNOWN };
}

static bool parse_protocol(struct str s, struct facts_span *span)
{
	static const struct { const char *name; uint32_t number; } known[] = {
		{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "sctp", 132 }, { "ipv6-icmp", 58 },
		{ "dccp", 33 }, { "udplite", 136 },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(s, str_of(known[i].name))) {
			*span = (struct facts_span){ .low = known[i].number,
			                             .high = known[i].number };
			return true;
		}
	*span = (struct facts_span){ 0 };
	if (!facts_parse_number(s, &span->low))
		return false;
	span->high = span->low;
	return true;
}

/* "0x4000/0x4000": value and mask. */
static bool parse_mark(struct str s, struct facts_span *span)
{
	size_t slash = str_find(s, '/');
	struct str value = slash == SIZE_MAX ? s : (struct str){ s.p, slash };
	*span = (struct facts_span){ .high = UINT32_MAX };
	return facts_parse_number(value, &span->low) &&
	       (slash == SIZE_MAX || facts_parse_number(str_from(s, slash + 1), &span->high));
}

static void take_target(const struct reading *r, struct facts_rule *rule, struct str target)
{
	static const struct { const char *name; enum facts_action action; } known[] = {
		{ "MASQUERADE", FACTS_MASQUERADE }, { "SNAT", FACTS_SNAT },
		{ "DNAT", FACTS_DNAT }, { "REDIRECT", FACTS_REDIRECT },
		{ "TPROXY", FACTS_TPROXY },
		{ "ACCEPT", FACTS_ACCEPT }, { "RETURN", FACTS_RETURN },
		{ "MARK", FACTS_SET_MARK }, { "LOG", FACTS_NOTHING }, { "NFLOG", FACTS_NOTHING },
		{ "CONNMARK", FACTS_NOTHING }, { "TRACE", FACTS_NOTHING },
		{ "DROP", FACTS_ACCEPT },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_eq(target, str_of(known[i].name))) {
			rule->action = known[i].action;
			return;
		}
	rule->action = FACTS_JUMP;
	rule->target = arena_strdup(r->f->arena, target);
}

static void take_mark(struct facts_rule *rule, const struct option *o)
{
	struct facts_span span;
	if (!parse_mark(value_of(o), &span))
		return;
	rule->mark = span.low;
	/* --set-mark is or, with the bits of the mask; --set-xmark is exclusive or. */
	rule->mark_mask = span.high;
	if (str_eq(o->name, STR("--set-mark")))
		rule->mark_mask |= span.low;
}

/* "10.0.0.2-10.0.0.9:25", "[fd00::2-fd00::9]:25", not "10.0.0.2:25-30". */
static bool is_range(struct str target)
{
	char end = target.n && target.p[0] == '[' ? ']' : ':';
	size_t dash = str_find(target, '-');
	return dash != SIZE_MAX && dash < str_find(target, end);
}

/* What changes nothing of which packet a rule meets: names of modules and how ports are picked,
 * a choice by chance among rules of the same kind. */
static bool is_idle(struct str name)
{
	static const char *const idle[] = {
		"-m", "--match", "--comment", "--random", "--random-fully", "--persistent",
		"--mode", "--probability", "--every", "--packet", "-c", "--tproxy-mark",
	};
	for (size_t i = 0; i < sizeof(idle) / sizeof(*idle); i++)
		if (str_eq(name, str_of(idle[i])))
			return true;
	return false;
}

/* A module that is a condition by its name. */
static bool is_condition(const struct option *o)
{
	return (str_eq(o->name, STR("-m")) || str_eq(o->name, STR("--match"))) &&
	       (str_eq(value_of(o), STR("socket")) || str_eq(value_of(o), STR("rpfilter")));
}

static bool take_action_option(const struct reading *r, struct facts_rule *rule,
                               const struct option *o)
{
	struct str name = o->name;
	if (str_eq(name, STR("-j")) || str_eq(name, STR("--jump"))) {
		take_target(r, rule, value_of(o));
	} else if (str_eq(name, STR("-g")) || str_eq(name, STR("--goto"))) {
		rule->action = FACTS_GOTO;
		rule->target = arena_strdup(r->f->arena, value_of(o));
	} else if (str_eq(name, STR("--to-destination")) || str_eq(name, STR("--to-source"))) {
		bool known = facts_parse_target(value_of(o), &rule->to);
		if (!known)
			facts_add_match(r->f, rule, FACTS_UNKNOWN, false);
		rule->to_others = !known || is_range(value_of(o));
	} else if (str_eq(name, STR("--to-ports"))) {
		struct facts_span span;
		if (facts_parse_ports(value_of(o), &span))
			rule->to.port = (uint16_t)span.low;
	} else if (str_eq(name, STR("--on-port"))) {
		struct facts_span span;
		if (facts_parse_ports(value_of(o), &span))
			rule->to.port = (uint16_t)span.low;
	} else if (str_eq(name, STR("--on-ip"))) {
		rule->to_others = ip_parse(value_of(o), &rule->to.ip, NULL) != ERR_OK;
	} else if (str_eq(name, STR("--set-xmark")) || str_eq(name, STR("--set-mark"))) {
		take_mark(rule, o);
	} else {
		return is_idle(name) && !is_condition(o);
	}
	return true;
}

static void take_option(const struct reading *r, struct facts_rule *rule, const struct option *o)
{
	static const struct { const char *name, *long_name; enum facts_field field; } spans[] = {
		{ "-s", "--source", FACTS_FROM }, { "-d", "--destination", FACTS_TO },
		{ "--src-range", "", FACTS_FROM }, { "--dst-range", "", FACTS_TO },
		{ "--dport", "--dports", FACTS_PORT },
		{ "--destination-port", "--destination-ports", FACTS_PORT },
		{ "-p", "--protocol", FACTS_PROTOCOL }, { "--mark", "", FACTS_MARK },
	};
	static bool (*const parsers[])(struct str, struct facts_span *) = {
		[FACTS_FROM] = facts_parse_span, [FACTS_TO] = facts_parse_span,
		[FACTS_PORT] = facts_parse_ports, [FACTS_PROTOCOL] = parse_protocol,
		[FACTS_MARK] = parse_mark,
	};
	struct str name = o->name;
	if (take_action_option(r, rule, o))
		return;
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++)
		if (str_eq(name, str_of(spans[i].name)) ||
		    str_eq(name, str_of(spans[i].long_name))) {
			add_spans(r, rule, spans[i].field, o, parsers[spans[i].field]);
			return;
		}
	if (str_eq(name, STR("-i")) || str_eq(name, STR("--in-interface")))
		add_interface(r, rule, FACTS_IN, o);
	else if (str_eq(name, STR("-o")) || str_eq(name, STR("--out-interface")))
		add_interface(r, rule, FACTS_OUT, o);
	else if (str_eq(name, STR("--dst-type")) && str_eq(value_of(o), STR("LOCAL")))
		facts_add_match(r->f, rule, FACTS_TO_LOCAL, o->negated);
	else
		facts_add_match(r->f, rule, FACTS_UNKNOWN, false);
}

/* ---- lines ---------- */

static bool is_option(struct str word)
{
	return word.n > 1 && word.p[0] == '-';
}

static int read_rule(const struct reading *r, struct str line, const struct str *words, size_t n)
{
	struct facts_rule rule = { .text = facts_shown(r->f, line) };
	struct facts_chain *chain =
		facts_chain_of(r->f, r->source, r->family, str_of(r->table), words[1]);
	if (!chain)
		return ERR_LIMIT;
	for (size_t i = 2; i < n;) {
		struct option o = { .negated = str_eq(words[i], STR("!")) };
		i += o.negated;
		if (i >= n)
			break;
		o.name = words[i++];
		o.values = words + i;
		/* A comment may be any text; other values don't look like options. */
		if (str_eq(o.name, STR("--comment")))
			o.n = i < n;
		else
			while (i + o.n < n && !is_option(words[i + o.n]) &&
			       !str_eq(words[i + o.n], STR("!")))
				o.n++;
		i += o.n;
		take_option(r, &rule, &o);
	}
	return facts_add_rule(r->f, chain, &rule) ? ERR_OK : ERR_LIMIT;
}

static int read_chain(const struct reading *r, const struct str *words, size_t n)
{
	static const struct {
		const char *table, *name;
		enum facts_hook hook;
		int priority;
	} base[] = {
		{ "mangle", "PREROUTING", FACTS_PREROUTING, -150 },
		{ "nat", "PREROUTING", FACTS_PREROUTING, -100 },
		{ "nat", "INPUT", FACTS_INPUT, 100 }, { "nat", "OUTPUT", FACTS_OUTPUT, -100 },
		{ "nat", "POSTROUTING", FACTS_POSTROUTING, 100 },
	};
	struct facts_chain *chain = facts_chain_of(r->f, r->source, r->family, str_of(r->table),
	                                           str_from(words[0], 1));
	if (!chain)
		return ERR_LIMIT;
	for (size_t i = 0; i < sizeof(base) / sizeof(*base); i++)
		if (n > 1 && !str_eq(words[1], STR("-")) &&
		    strcmp(chain->table, base[i].table) == 0 &&
		    strcmp(chain->name, base[i].name) == 0) {
			chain->hook = base[i].hook;
			chain->priority = base[i].priority;
		}
	return ERR_OK;
}

static int read_line(struct reading *r, struct str line)
{
	struct str words[WORDS_MAX];
	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return ERR_OK;
	if (line.p[0] == '*') {
		r->table = str_eq(line, STR("*nat")) ? "nat"
		         : str_eq(line, STR("*mangle")) ? "mangle" : NULL;
		return ERR_OK;
	}
	if (!r->table)
		return ERR_OK;
	if (line.n > AUDIT_LINE_MAX_BYTES) {
		facts_unread(r->f, "a rule of iptables", "its line is too long");
		r->f->cut = true;
		return ERR_OK;
	}
	if (line.p[0] == '[') {                 /* counters, as iptables-save -c writes */
		size_t close = str_find(line, ']');
		line = close == SIZE_MAX ? line : str_trim(str_from(line, close + 1));
	}
	size_t n = split_words(line, r->f->arena, words);
	r->f->cut |= n == WORDS_MAX;
	if (n == WORDS_MAX)
		facts_unread(r->f, "a rule of iptables", "it has too many words");
	else if (n >= 1 && words[0].n > 1 && words[0].p[0] == ':')
		return read_chain(r, words, n);
	else if (n >= 2 && (str_eq(words[0], STR("-A")) || str_eq(words[0], STR("--append"))))
		return read_rule(r, line, words, n);
	return ERR_OK;
}

static int parse_tables(struct facts *f, const char *source, unsigned family, struct str text)
{
	struct reading r = { f, source, family, NULL };
	struct str line;
	int err = text.n > FACTS_TEXT_MAX_BYTES ? ERR_LIMIT : ERR_OK;
	while (err == ERR_OK && str_token(&text, "\n", &line))
		err = read_line(&r, line);
	return err;
}

int facts_parse_iptables(struct facts *f, unsigned family, struct str text)
{
	return parse_tables(f, family == 6 ? "ip6tables" : "iptables", family, text);
}

int facts_parse_iptables_legacy(struct facts *f, unsigned family, struct str text)
{
	return parse_tables(f, family == 6 ? "ip6tables-legacy" : "iptables-legacy", family, text);
}
