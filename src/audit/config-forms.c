/* SPDX-License-Identifier: ISC
 *
 * What a form of the catalogue shows to rules that look into the local part of an own recipient.
 */
#include "audit/config-private.h"

#include "catalogue/catalogue.h"

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
