/* SPDX-License-Identifier: ISC
 *
 * Postfix: which table of patterns makes a foreign address of a local part at an own domain, after
 * the relay check has seen the own one (percent hack, bang path, a quoted address, SRS taken back
 * unchecked); and the switches without which it would not come that far. No pattern is run: it is
 * the likeliest reading, for the line that explains what the server has taken.
 *
 * Hostile input: the tables; each is looked through once for each sign.
 */
#include "audit/config-private.h"

#include "audit/postfix-private.h"
#include "audit/signs-private.h"

#include <assert.h>

/* What may be done with a recipient before it is routed (ADDRESS_REWRITING_README). */
static const char *const parameters[] = { "recipient_canonical_maps", "canonical_maps",
                                          "virtual_alias_maps" };

static const struct { unsigned sign; const char *cause, *needs[2]; } signs[POSTFIX_SIGNS] = {
	{ AUDIT_BY_PERCENT, "C34", { "allow_percent_hack", "allow_untrusted_routing" } },
	{ AUDIT_BY_BANG, "C36", { "swap_bangpath", "allow_untrusted_routing" } },
	{ AUDIT_BY_AT, "C37", { "resolve_dequoted_address", "allow_untrusted_routing" } },
	{ AUDIT_BY_PACKED, "C11", { NULL, NULL } },
};

static size_t count_at(struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '@';
	return n;
}

/* "/^(.*)%(.*)@/ $1@$2": what is found goes into the domain. The whole address is matched, so that
 * its own "@" is there in any case. */
static bool routes(struct str line, unsigned sign)
{
	size_t end = line.n;
	if (line.n < 3 || line.p[0] == '!' || line.p[0] == '#')
		return false;
	while (end > 1 && line.p[end - 1] != line.p[0])         /* the slash behind the pattern */
		end--;
	const struct str made = str_from(line, end), pattern = { line.p, end };
	const size_t at = str_find(made, '@');
	if (sign == AUDIT_BY_AT)
		return end > 1 && str_find(made, '$') != SIZE_MAX &&
		       (at == SIZE_MAX ? count_at(pattern) == 1 : count_at(pattern) > 1);
	return end > 1 && sign_is_in(pattern, sign) && at != SIZE_MAX &&
	       str_find(str_from(made, at), '$') != SIZE_MAX;
}

static bool take(struct postfix_routed *found, const char *parameter,
                 const struct audit_place *place)
{
	assert(found->n < POSTFIX_ROUTED_LINES);
	found->lines[found->n++] = (struct audit_line){ parameter, *place };
	return true;
}

/* "{{/pattern/ result}, …}" in main.cf itself. */
static bool find_inline(struct str list, unsigned sign)
{
	struct str word, rest = postfix_unbraced(list);
	while (postfix_word(&rest, &word))
		if (routes(postfix_unbraced(word), sign))
			return true;
	return false;
}

static bool find_in_table(struct postfix *p, struct str table, const struct audit_setting *setting,
                          unsigned sign, struct postfix_routed *found)
{
	struct str text;
	struct postfix_line line;
	if (str_prefix(table, STR("proxy:")))
		table = str_from(table, 6);
	const size_t colon = str_find(table, ':');
	const struct str type = { table.p, colon == SIZE_MAX ? 0 : colon };
	if (!str_eq(type, STR("regexp")) && !str_eq(type, STR("pcre")))
		return false;
	table = str_from(table, colon + 1);
	if (table.n && table.p[0] == '{')
		return find_inline(table, sign);
	const char *name = arena_strdup(p->arena, table);
	if (postfix_file(p, name, &text) != ERR_OK)
		return false;
	struct postfix_lines lines = { .rest = text, .arena = p->arena };
	while (postfix_line_next(&lines, &line)) {
		const struct audit_place place = { name, line.number, line.text.p };
		if (!line.cut && routes(line.text, sign))
			return take(found, setting->name, &place);
	}
	return false;
}

static void look(struct postfix *p, size_t i, struct postfix_routed *found)
{
	for (size_t k = 0; k < sizeof(parameters) / sizeof(*parameters) && !found->n; k++) {
		const struct audit_setting *setting = postfix_value(p, &p->all, parameters[k]);
		struct str rest = str_of(setting->value), word;
		bool there = false;
		while (!there && postfix_word(&rest, &word))
			there = find_in_table(p, word, setting, signs[i].sign, found);
		if (there)
			take(found, setting->name, &setting->place);
	}
	for (size_t k = 0; k < 2 && found->n && signs[i].needs[k]; k++) {
		const struct audit_setting *needed = postfix_value(p, &p->all, signs[i].needs[k]);
		if (needed->place.line)
			take(found, needed->name, &needed->place);
	}
}

bool config_postfix_routed(struct postfix *p, unsigned shows, struct arena *a,
                           struct audit_why *why)
{
	for (size_t i = 0; i < POSTFIX_SIGNS; i++) {
		struct postfix_routed *found = &p->routed[i];
		if (!(shows & signs[i].sign))
			continue;
		if (!found->looked)
			look(p, i, found);
		found->looked = true;
		if (!found->n)
			continue;
		*why = (struct audit_why){ .answer = AUDIT_PERHAPS, .cause = signs[i].cause };
		for (size_t k = 0; k < found->n; k++)
			audit_why_add(why, a, found->lines[k].parameter, &found->lines[k].place);
		return true;
	}
	return false;
}
