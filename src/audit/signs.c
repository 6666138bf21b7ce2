/* SPDX-License-Identifier: ISC
 *
 * How a local part holds a foreign address: by the characters in a form of the catalogue, or in a
 * pattern of a configuration.
 */
#include "audit/signs-private.h"

#include "audit/config.h"
#include "catalogue/catalogue.h"

static const struct { unsigned sign; char mark; } marks[] = {
	{ AUDIT_BY_PERCENT, '%' }, { AUDIT_BY_BANG, '!' }, { AUDIT_BY_AT, '@' },
};

static char mark_of(unsigned sign)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].sign == sign)
			return marks[i].mark;
	return 0;
}

static bool is_packing(struct str text)
{
	static const char *const words[] = { "srs", "imcea", "rfc-822", "rfc822" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_casesearch(text, str_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

/* "!eq{", "! match": a negation, no character that is looked for. */
static bool is_negation(struct str text, size_t at)
{
	char before = at ? text.p[at - 1] : ' ', after = at + 1 < text.n ? text.p[at + 1] : 0;
	return text.p[at] == '!' && (ascii_isspace(before) || before == '{') &&
	       (ascii_isspace(after) || (after >= 'a' && after <= 'z'));
}

/* The end of "[^…]", or `at`. */
static size_t after_negated_class(struct str text, size_t at)
{
	if (text.p[at] != '[' || at + 1 >= text.n || text.p[at + 1] != '^')
		return at;
	size_t end = at + 2;
	while (end < text.n && text.p[end] != ']')
		end++;
	return end;
}

bool sign_is_in(struct str text, unsigned sign)
{
	char mark = mark_of(sign);
	if (!mark)
		return is_packing(text);
	for (size_t i = 0; i < text.n; i++) {
		i = after_negated_class(text, i);
		if (i < text.n && text.p[i] == mark && !is_negation(text, i))
			return true;
	}
	return false;
}

/* ---- forms --------------------------------------------------------------------- */

static bool is_wide_at(const char *c)
{
	return !strncmp(c, "\xef\xbc\xa0", 3);
}

unsigned audit_form_routes(const char *form)
{
	const struct relay_case *row = relay_case_by_id(str_of(form));
	unsigned signs = 0;
	bool quoted = false;
	if (!row || !(row->flags & RELAY_OWN_DOMAIN))
		return 0;
	for (const char *c = row->rcpt; *c; c++) {
		quoted ^= *c == '"';
		signs |= *c == '%' ? AUDIT_BY_PERCENT : 0u;
		signs |= *c == '!' ? AUDIT_BY_BANG : 0u;
		/* One that is not the last, or is no sign of a domain. */
		if ((*c == '@' && (quoted || strchr(c + 1, '@'))) || is_wide_at(c))
			signs |= AUDIT_BY_AT;
	}
	return signs ? signs : AUDIT_BY_PACKED;
}
