/* SPDX-License-Identifier: ISC
 *
 * The ACL of acl_smtp_rcpt as rules: its verbs in order, each with the conditions that are left
 * when the recipient is a foreign one; before them, for each sign by which a router makes a foreign
 * recipient of an own one (exim-route.c), with those that are left for that. What falls out at the
 * end is refused, as everything is where there is no such ACL.
 */
#include "audit/exim-private.h"

#include <assert.h>

enum verb { VERB_NONE, VERB_ACCEPT, VERB_DENY, VERB_REQUIRE, VERB_WARN };
enum { CONDITIONS_MAX = 64 };

struct statement {
	enum verb verb;
	struct exim_condition c[CONDITIONS_MAX];
	size_t n, endpass;               /* endpass: how many stand before it; SIZE_MAX: none */
	const struct exim_list *list;    /* of domains, by which a condition holds always */
	bool verifies;
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

static void note_list(struct audit_rule *rule, const struct exim_list *list)
{
	rule->list_name = list ? list->name.p : NULL;
	rule->list = list ? list->place : (struct audit_place){ 0 };
}

static void note_hosts(struct audit_rule *rule, const struct exim_hosts *hosts)
{
	rule->in_ranges = true;
	rule->ranges = hosts->ranges.p;
	rule->range_n = hosts->ranges.n;
	rule->range_else = hosts->range_else;
	if (hosts->named)
		note_list(rule, hosts->named);
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
		if (!rule->what || c->by & AUDIT_BY_RECIPIENT)
			rule->what = c->what;
		if (c->list)
			note_list(rule, c->list);
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

/* Of what is asked in this pass over the ACL. */
static struct audit_rule begin_rule(struct exim *x, const struct audit_place *place, bool permits)
{
	struct audit_rule rule = { .permits = permits, .name = "acl_smtp_rcpt", .place = *place };
	if (permits)
		rule.by = x->needs;
	rule.what = permits ? x->what : NULL;
	if (x->route) {
		rule.by |= x->route->sign;
		rule.by |= permits && x->route->unsure ? (unsigned)AUDIT_BY_UNSURE : 0;
		rule.through = x->route->line;
	} else if (permits && x->verified) {
		exim_routes_foreign(x, &rule.through);
	}
	return rule;
}

static void add_whole(struct exim *x, const struct statement *st, size_t n, bool permits)
{
	/* Who chooses what he says does not say what is refused. */
	static const unsigned chosen = AUDIT_BY_RDNS | AUDIT_BY_HELO | AUDIT_BY_SENDER |
	                               AUDIT_BY_RECIPIENT;
	struct audit_rule rule = begin_rule(x, &st->place, permits);
	const struct exim_hosts *hosts;
	if (permits)
		note_list(&rule, st->list ? st->list : x->list);
	if (!all_of(st, n, &rule, &hosts) || (!permits && rule.by & chosen))
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
	struct audit_rule rule = begin_rule(x, &st->place, false);
	const unsigned asked = rule.by;
	rule.what = c->what;
	if (c->truth == EXIM_YES || ((c->by | c->without) & AUDIT_BY_UNSURE))
		return;
	if (c->truth == EXIM_NO) {
		add_rule(x, &rule);
		return;
	}
	for (unsigned bit = 1; bit < AUDIT_BY_UNSURE; bit <<= 1) {
		rule.without = c->by & bit;
		rule.by = asked | (c->without & bit);
		if ((c->by | c->without) & bit)
			add_rule(x, &rule);
	}
	if (!c->by_hosts || c->hosts.unsure)
		return;
	rule.by = asked;
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
	x->verified |= st->verifies && st->verb != VERB_WARN;
	if (st->verb == VERB_ACCEPT || st->verb == VERB_DENY)
		add_whole(x, st, st->n, st->verb == VERB_ACCEPT);
	if (st->verb == VERB_ACCEPT && st->endpass != SIZE_MAX)
		add_whole(x, st, st->endpass, false);
	for (size_t i = 0; st->verb == VERB_REQUIRE && i < st->n; i++) {
		add_lacking(x, st, &st->c[i]);
		x->needs |= st->c[i].by & ~(unsigned)AUDIT_BY_UNSURE;
		x->list = st->c[i].list ? st->c[i].list : x->list;
		x->what = st->c[i].by & AUDIT_BY_RECIPIENT ? st->c[i].what : x->what;
	}
	if (st->verb == VERB_REQUIRE && st->list)
		x->list = st->list;
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
	st->verifies |= c->verifies;
	if (c->truth == EXIM_YES && c->list)
		st->list = c->list;
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
	st->list = NULL;
	st->verifies = false;
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
	for (size_t i = 0; i < x->acl.n; i++) {
		if (is_label(x->acl.p[i].text, &name)) {
			inside = str_eq(name, wanted);
			found |= inside;
		} else if (inside) {
			take_acl_line(x, st, &x->acl.p[i]);
		}
	}
	return found;
}

static void add_unsure(struct exim *x, const struct audit_place *place)
{
	struct audit_rule rule = begin_rule(x, place, true);
	rule.by |= AUDIT_BY_UNSURE;
	gather_unread_at(x->g, place, "which ACL is asked hangs on an expansion");
	gather_rule(x->g, &rule);
}

static void ask_acl(struct exim *x, struct str value, const struct audit_place *place)
{
	struct statement *st = arena_alloc(x->g->a, sizeof(*st));
	struct str text, line;
	x->needs = 0;
	x->what = NULL;
	x->list = NULL;
	x->verified = false;
	if (str_find(value, '$') != SIZE_MAX) {
		add_unsure(x, place);
	} else if (value.p[0] == '/') {
		const char *file = arena_strdup(x->g->a, value);
		if (gather_file(x->g, file, false, &text) == ERR_OK)
			for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);)
				take_acl_line(x, st, &(struct exim_line){ str_trim(line),
					{ file, l.line, "" } });
	} else if (!take_named(x, st, value)) {
		take_acl_line(x, st, &(struct exim_line){ value, *place });
	}
	finish_statement(x, st);
	buf_fini(&st->text);
}

/* Puts the last `n` rules before the others. */
static void rules_to_front(struct exim *x, size_t n)
{
	struct audit_reading *out = x->g->out;
	const size_t before = out->rule_n - n;
	struct audit_rule *last = arena_alloc(x->g->a, (n + 1) * sizeof(*last));
	assert(n <= out->rule_n);
	if (!n)
		return;
	memcpy(last, out->rules + before, n * sizeof(*last));
	memmove(out->rules + n, out->rules, before * sizeof(*last));
	memcpy(out->rules, last, n * sizeof(*last));
}

/* Each pass reads the same files again, and may do as much. What the first one could not read is
 * said already. */
static void ask_routed(struct exim *x, struct str value, const struct audit_place *place)
{
	struct audit_reading *out = x->g->out;
	const struct gather before = *x->g;
	const size_t rules = out->rule_n, unread = out->unread_n;
	for (unsigned sign = AUDIT_BY_PERCENT; sign <= AUDIT_BY_PACKED; sign <<= 1) {
		struct exim_route route;
		if (!exim_route_of(x, sign, &route))
			continue;
		x->g->decided = false;
		x->g->range_n = x->g->files_n = x->g->total_bytes = x->items = 0;
		x->route = &route;
		ask_acl(x, value, place);
		/* What falls out at the end. */
		gather_rule(x->g, &(struct audit_rule){ .by = sign, .name = "acl_smtp_rcpt",
			.place = *place });
		x->route = NULL;
	}
	x->g->decided = before.decided;
	x->g->range_n = before.range_n;
	x->g->files_n = before.files_n;
	x->g->total_bytes = before.total_bytes;
	if (!x->g->full)
		out->unread_n = unread;
	rules_to_front(x, out->rule_n - rules);
}

void exim_acl(struct exim *x)
{
	struct audit_place place = { "", 0, "" };
	struct str value = gather_value(x->g, "acl_smtp_rcpt", &place);
	if (!value.n)
		return;
	ask_acl(x, value, &place);
	ask_routed(x, value, &place);
}
