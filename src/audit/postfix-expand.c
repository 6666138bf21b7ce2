/* SPDX-License-Identifier: ISC
 *
 * The value of a parameter with its references resolved: $name, ${name}, $(name), $$, ${name?text},
 * ${name:text}, ${name?{a}:{b}}, and ${{x} operator {y} ? {a} : {b}} with comparisons of texts,
 * numbers and compatibility levels (postconf(5), main.cf file format).
 *
 * Hostile input: references in a circle, or many that lead to many. Depth, number and length are
 * bounded; what exceeds a bound is empty and said in `unread`.
 */
#include "audit/postfix-private.h"

#include <stdlib.h>

struct expansion {
	struct postfix *p;
	struct postfix_service *service;
	unsigned depth;
	struct buf out;
};

static void expand_text(struct expansion *e, struct str text);

static bool is_name(char c)
{
	return ascii_isalnum((unsigned char)c) || c == '_';
}

static size_t name_bytes(struct str s)
{
	size_t n = 0;
	while (n < s.n && is_name(s.p[n]))
		n++;
	return n;
}

static struct str skip_spaces(struct str s)
{
	while (s.n > 0 && ascii_isspace(s.p[0]))
		s = str_from(s, 1);
	return s;
}

/* Whether the reading may go on; a circle is said once. */
static bool may_expand(struct expansion *e)
{
	if (e->depth < AUDIT_DEPTH_MAX && e->p->references < POSTFIX_REFERENCES_MAX
	    && e->out.n < AUDIT_LINE_MAX_BYTES) {
		e->p->references++;
		return true;
	}
	postfix_unread(e->p, "references of parameters", "they are too many, or go in a circle");
	return false;
}

static void expand_name(struct expansion *e, struct str name)
{
	struct postfix_assign found;
	if (!may_expand(e))
		return;
	e->depth++;
	if (postfix_raw(e->p, e->service, name, &found))
		expand_text(e, found.value);
	e->depth--;
}

/* The same apart from what is written so far; freed by the caller. */
static struct buf expanded_apart(struct expansion *e, struct str text)
{
	const struct buf before = e->out;
	e->out = (struct buf){ 0 };
	expand_text(e, text);
	const struct buf apart = e->out;
	e->out = before;
	return apart;
}

static int level_cmp(struct str a, struct str b)
{
	for (int part = 0; part < 4; part++) {
		uint64_t x = 0, y = 0;
		struct str word;
		if (str_token(&a, ".", &word))
			str_u64(str_trim(word), UINT32_MAX, &x);
		if (str_token(&b, ".", &word))
			str_u64(str_trim(word), UINT32_MAX, &y);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static int text_cmp(struct str a, struct str b)
{
	uint64_t x, y;
	if (str_u64(a, UINT64_MAX, &x) == ERR_OK && str_u64(b, UINT64_MAX, &y) == ERR_OK)
		return (x > y) - (x < y);
	const int order = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool compare_by(struct str operator, int order)
{
	if (str_eq(operator, STR("==")))
		return order == 0;
	if (str_eq(operator, STR("!=")))
		return order != 0;
	if (str_eq(operator, STR("<")))
		return order < 0;
	if (str_eq(operator, STR("<=")))
		return order <= 0;
	if (str_eq(operator, STR(">")))
		return order > 0;
	return order >= 0;
}

/* The text of one branch off *s: what stands in braces, or all up to `end`. */
static struct str branch(struct str *s, char end)
{
	*s = skip_spaces(*s);
	const size_t group = postfix_group(*s, '{', '}');
	size_t n = group;
	if (!group)
		for (n = 0; n < s->n && s->p[n] != end; n++)
			;
	const struct str text = { s->p, n };
	*s = skip_spaces(str_from(*s, n));
	return group ? postfix_unbraced(text) : text;
}

/* "?{a}:{b}", "?a", ":b" of a condition. */
static void expand_branches(struct expansion *e, struct str s, bool holds)
{
	s = skip_spaces(s);
	if (s.n == 0)
		return;
	const char mark = s.p[0];
	s = str_from(s, 1);
	struct str first = branch(&s, '\0'), second = STR("");
	if (mark == '?' && s.n > 0 && s.p[0] == ':') {
		s = str_from(s, 1);
		second = branch(&s, '\0');
	}
	if (mark == ':')
		expand_text(e, holds ? STR("") : first);
	else if (mark == '?')
		expand_text(e, holds ? first : second);
}

/* "{x} <level {y} ? {a} : {b}" */
static void expand_relation(struct expansion *e, struct str s)
{
	struct str left = branch(&s, '\0');
	size_t n = 0;
	while (n < s.n && strchr("<>=!", s.p[n]) && s.p[n])
		n++;
	const struct str operator = { s.p, n };
	s = str_from(s, n);
	const bool levels = str_prefix(s, STR("level"));
	s = skip_spaces(str_from(s, levels ? 5 : 0));
	struct str right = branch(&s, '\0');
	struct buf x = expanded_apart(e, left), y = expanded_apart(e, right);
	const int order = levels ? level_cmp(buf_str(&x), buf_str(&y))
	                         : text_cmp(buf_str(&x), buf_str(&y));
	buf_fini(&x);
	buf_fini(&y);
	expand_branches(e, s, compare_by(operator, order));
}

/* What stands between ${ and }. */
static void expand_inner(struct expansion *e, struct str inner)
{
	inner = skip_spaces(inner);
	if (inner.n > 0 && inner.p[0] == '{') {
		expand_relation(e, inner);
		return;
	}
	const struct str name = { inner.p, name_bytes(inner) };
	const struct str rest = skip_spaces(str_from(inner, name.n));
	if (rest.n == 0) {
		expand_name(e, name);
		return;
	}
	struct postfix_assign found;
	bool set = false;
	if (postfix_raw(e->p, e->service, name, &found)) {
		struct buf value = expanded_apart(e, found.value);
		set = value.n > 0;
		buf_fini(&value);
	}
	expand_branches(e, rest, set);
}

/* At a $; how many bytes it was. */
static size_t expand_reference(struct expansion *e, struct str s)
{
	if (s.n > 1 && s.p[1] == '$') {
		buf_add_byte(&e->out, '$');
		return 2;
	}
	const struct str behind = str_from(s, 1);
	size_t n = postfix_group(behind, '{', '}');
	if (!n)
		n = postfix_group(behind, '(', ')');
	if (n)
		expand_inner(e, (struct str){ behind.p + 1, n - 2 });
	else if ((n = name_bytes(behind)) > 0)
		expand_name(e, (struct str){ behind.p, n });
	else if (behind.n > 0 && (behind.p[0] == '{' || behind.p[0] == '('))
		return s.n;         /* never closed: Postfix does not take the value */
	else
		buf_add_byte(&e->out, '$');
	return 1 + n;
}

static void expand_text(struct expansion *e, struct str text)
{
	if (!may_expand(e))
		return;
	e->depth++;
	while (text.n > 0 && e->out.n < AUDIT_LINE_MAX_BYTES) {
		size_t n = str_find(text, '$');
		n = n == SIZE_MAX ? text.n : n;
		buf_add_str(&e->out, (struct str){ text.p, n });
		text = str_from(text, n);
		if (text.n > 0)
			text = str_from(text, expand_reference(e, text));
	}
	e->depth--;
}

static const char *postfix_expand(struct postfix *p, struct postfix_service *service,
                                  struct str text)
{
	struct expansion e = { .p = p, .service = service };
	expand_text(&e, text);
	const struct str trimmed = str_trim(buf_str(&e.out));
	const char *value = arena_strdup(p->arena, trimmed.n ? trimmed : STR(""));
	buf_fini(&e.out);
	return value;
}

const struct audit_setting *postfix_value(struct postfix *p, struct postfix_service *service,
                                          const char *name)
{
	for (size_t i = 0; i < service->setting_n; i++)
		if (!strcmp(service->settings[i].name, name))
			return &service->settings[i];
	struct postfix_assign found;
	const bool known = postfix_raw(p, service, str_of(name), &found);
	struct audit_setting *grown = postfix_grown(p->arena, service->settings,
	                                            service->setting_n, sizeof(*grown));
	service->settings = grown;
	struct audit_setting *s = &grown[service->setting_n++];
	*s = (struct audit_setting){
		.name = arena_strdup(p->arena, str_of(name)), .service = "", .place = found.place,
		.value = known ? postfix_expand(p, service, found.value) : "",
	};
	for (size_t i = 0; i < service->own_n; i++)
		if (str_eq(service->own[i].name, str_of(name)))
			s->service = service->name;
	if (known && s->place.line == 0)
		s->place.text = arena_printf(p->arena, "%s = %s", name, s->value);
	return s;
}

bool postfix_yes(struct postfix *p, struct postfix_service *service, const char *name)
{
	return str_caseeq(str_of(postfix_value(p, service, name)->value), STR("yes"));
}
