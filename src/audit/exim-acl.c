/* SPDX-License-Identifier: ISC
 *
 * The ACL of acl_smtp_rcpt as rules: its verbs in order, each with the conditions that are left
 * when the recipient is a foreign one. What falls out at the end is refused, as everything is
 * where there is no such ACL.
 */
#include "audit/exim-private.h"

#include <assert.h>

enum verb { VERB_NONE, VERB_ACCEPT, VERB_DENY, VERB_REQUIRE, VERB_WARN };
enum { CONDITIONS_MAX = 64 };

struct statement {
	enum verb verb;
	struct exim_condition c[CONDITIONS_MAX];
	size_t n, endpass;               /* endpass: how many stand before it; SIZE_MAX: none */
	struct audit_place place;
	struct buf text;
};

static enum verb verb_of(struct str word)
{
	static const struct { const char *word; enum verb verb; } rows[] = {
		{ "accept", VERB_ACCEPT }, { "deny", VERB_DENY }, { "drop", VERB_DENY },
		{ "defer", VERB_DENY }, { "discard", VERB_DENY },       /* taken, and thrown away */
		{ "require", VERB_REQUIRE }, { "warn", VERB_WARN },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(word, str_of(rows[i].word)))
			return rows[i].verb;
	return VERB_NONE;
}

/* ---- rules ------------------------------------------------------------------- */

static void note_hosts(struct audit_rule *rule, const struct exim_hosts *hosts)
{
	rule->in_ranges = true;
	rule->ranges = hosts->ranges.p;
	rule->range_n = hosts->ranges.n;
	rule->range_else = hosts->range_else;
	if (hosts->named) {
		rule->list_name = hosts->named->name.p;
		rule->list = hosts->named->place;
	}
}

/* The first `n` conditions together; false: they never hold. */
static bool all_of(const struct statement *st, size_t n, struct audit_rule *rule,
                   const struct exim_hosts **hosts)
{
	*hosts = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct exim_condition *c = &st->c[i];
		if (c->truth == EXIM_NO)
			return false;
		if (c->truth == EXIM_YES)
			continue;
		rule->by |= c->by;
		rule->without |= c->without;
		rule->what = c->what;
		if (c->by_hosts && *hosts)
			rule->by |= AUDIT_BY_UNSURE;     /* two lists of hosts: one is followed */
		else if (c->by_hosts)
			*hosts = &c->hosts;
	}
	return true;
}

static void add_rule(struct exim *x, struct audit_rule *rule)
{
	rule->cause = rule->permits ? gather_cause(rule) : "";
	gather_rule(x->g, rule);
}

static struct audit_rule begin_rule(const struct statement *st, bool permits)
{
	return (struct audit_rule){ .permits = permits, .name = "acl_smtp_rcpt",
	                            .place = st->place };
}

static void add_whole(struct exim *x, const struct statement *st, size_t n, bool permits)
{
	struct audit_rule rule = begin_rule(st, permits);
	const struct exim_hosts *hosts;
	if (!all_of(st, n, &rule, &hosts))
		return;
	if (!hosts) {
		add_rule(x, &rule);
		return;
	}
	struct audit_rule ranges = rule;
	note_hosts(&ranges, hosts);
	add_rule(x, &ranges);
	if (permits && hosts->names) {
		rule.by |= AUDIT_BY_RDNS;
		add_rule(x, &rule);
	} else if (permits && hosts->unsure) {
		rule.by |= AUDIT_BY_UNSURE;
		add_rule(x, &rule);
	}
}

/* "require": who lacks one of the conditions is refused. */
static void add_lacking(struct exim *x, const struct statement *st, const struct exim_condition *c)
{
	struct audit_rule rule = begin_rule(st, false);
	rule.what = c->what;
	if (c->truth == EXIM_YES || ((c->by | c->without) & AUDIT_BY_UNSURE))
		return;
	if (c->truth == EXIM_NO) {
		add_rule(x, &rule);
		return;
	}
	for (unsigned bit = 1; bit < AUDIT_BY_UNSURE; bit <<= 1) {
		rule.without = c->by & bit;
		rule.by = c->without & bit;
		if (rule.by | rule.without)
			add_rule(x, &rule);
	}
	if (!c->by_hosts || c->hosts.unsure)
		return;
	rule.by = 0;
	rule.without = c->hosts.names ? AUDIT_BY_RDNS : 0;
	note_hosts(&rule, &c->hosts);
	struct audit_range *turned = arena_alloc(x->g->a, (rule.range_n + 1) * sizeof(*turned));
	for (size_t i = 0; i < rule.range_n; i++) {
		turned[i] = rule.ranges[i];
		turned[i].not = !turned[i].not;
	}
	rule.ranges = turned;
	rule.range_else = !rule.range_else;
	add_rule(x, &rule);
}

static void finish_statement(struct exim *x, struct statement *st)
{
	if (st->verb == VERB_NONE)
		return;
	st->place.text = gather_text(x->g, buf_str(&st->text));
	buf_clear(&st->text);
	assert(st->n <= CONDITIONS_MAX);
	if (st->verb == VERB_ACCEPT || st->verb == VERB_DENY)
		add_whole(x, st, st->n, st->verb == VERB_ACCEPT);
	if (st->verb == VERB_ACCEPT && st->endpass != SIZE_MAX)
		add_whole(x, st, st->endpass, false);
	for (size_t i = 0; st->verb == VERB_REQUIRE && i < st->n; i++)
		add_lacking(x, st, &st->c[i]);
	st->verb = VERB_NONE;
}

/* ---- lines ------------------------------------------------------------------- */

static void add_text(struct statement *st, struct str line)
{
	if (st->text.n >= 400)
		return;
	buf_add_byte(&st->text, ' ');
	buf_add_str(&st->text, line);
}

static void take_condition(struct exim *x, struct statement *st, struct str line)
{
	struct str whole = line = str_trim(line);
	if (!line.n || st->verb == VERB_NONE)
		return;
	bool not = line.p[0] == '!';
	if (not)
		line = str_trim(str_from(line, 1));
	if (str_eq(line, STR("endpass")))
		st->endpass = st->n;
	size_t equals = str_find(line, '=');
	if (equals == SIZE_MAX)
		return;
	if (st->n == CONDITIONS_MAX) {
		gather_unread_at(x->g, &st->place, "more conditions than we take");
		st->verb = VERB_NONE;
		return;
	}
	struct exim_condition *c = &st->c[st->n];
	exim_condition(x, str_trim((struct str){ line.p, equals }), not,
	               str_trim(str_from(line, equals + 1)), c);
	if (c->asks)
		add_text(st, whole);
	/* What holds always need not be kept. */
	st->n += c->truth != EXIM_YES;
}

static void begin_statement(struct exim *x, struct statement *st, enum verb verb, struct str word,
                            const struct audit_place *place)
{
	finish_statement(x, st);
	st->verb = verb;
	st->n = 0;
	st->endpass = SIZE_MAX;
	st->place = *place;
	buf_clear(&st->text);
	buf_add_str(&st->text, word);
}

static void take_acl_line(struct exim *x, struct statement *st, const struct exim_line *line)
{
	struct str rest = line->text, word;
	if (!str_word(&rest, &word))
		return;
	enum verb verb = verb_of(word);
	if (verb != VERB_NONE)
		begin_statement(x, st, verb, word, &line->place);
	take_condition(x, st, verb != VERB_NONE ? rest : line->text);
}

/* "acl_check_rcpt:" */
static bool is_label(struct str line, struct str *name)
{
	if (line.n < 2 || line.p[line.n - 1] != ':')
		return false;
	*name = str_trim((struct str){ line.p, line.n - 1 });
	for (size_t i = 0; i < name->n; i++)
		if (!ascii_isalnum((unsigned char)name->p[i]) && name->p[i] != '_')
			return false;
	return true;
}

static bool take_named(struct exim *x, struct statement *st, struct str wanted)
{
	bool inside = false, found = false;
	struct str name;
	for (size_t i = 0; i < x->acl_n; i++) {
		if (is_label(x->acl[i].text, &name)) {
			inside = str_eq(name, wanted);
			found |= inside;
		} else if (inside) {
			take_acl_line(x, st, &x->acl[i]);
		}
	}
	return found;
}

static void add_unsure(struct exim *x, const struct audit_place *place)
{
	gather_unread_at(x->g, place, "which ACL is asked hangs on an expansion");
	gather_rule(x->g, &(struct audit_rule){ .permits = true, .by = AUDIT_BY_UNSURE,
		.name = "acl_smtp_rcpt", .place = *place });
}

void exim_acl(struct exim *x)
{
	struct audit_place place = { "", 0, "" };
	struct str value = gather_value(x->g, "acl_smtp_rcpt", &place), text, line;
	struct statement *st = arena_alloc(x->g->a, sizeof(*st));
	if (!value.n)
		return;
	if (str_find(value, '$') != SIZE_MAX) {
		add_unsure(x, &place);
	} else if (value.p[0] == '/') {
		const char *file = arena_strdup(x->g->a, value);
		if (gather_file(x->g, file, false, &text) == ERR_OK)
			for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);)
				take_acl_line(x, st, &(struct exim_line){ str_trim(line),
					{ file, l.line, "" } });
	} else if (!take_named(x, st, value)) {
		take_acl_line(x, st, &(struct exim_line){ value, place });
	}
	finish_statement(x, st);
	buf_fini(&st->text);
}
