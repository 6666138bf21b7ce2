/* SPDX-License-Identifier: ISC
 *
 * A sieve: each kind is what the ones before it left over, and plain is the last.
 */
#include "gateway/address.h"

bool gateway_local_is_plain(struct str local)
{
	if (local.n == 0 || local.p[0] == '-')
		return false;
	for (size_t i = 0; i < local.n; i++) {
		unsigned char c = (unsigned char)local.p[i];
		if (c < 0x80 && !ascii_isalnum(c) && (c == '\0' || !strchr("+-_.=&'~#", c)))
			return false;
	}
	return true;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = ascii_lower(*text);
}

void gateway_address_of(const struct mail_path *path, struct gateway_address *out)
{
	char ascii[IDN_TEXT_MAX];
	*out = (struct gateway_address){ .kind = GATEWAY_ADDRESS_ROUTED };
	if (path->is_null) {
		out->kind = GATEWAY_ADDRESS_NULL;
		return;
	}
	/* The grammar lets no path but <postmaster> be without a domain. */
	if (path->domain.n == 0) {
		if (path->route.n == 0 && str_caseeq(path->local, STR("postmaster")))
			out->kind = GATEWAY_ADDRESS_POSTMASTER;
		return;
	}
	if (path->route.n > 0 || path->is_literal)
		return;
	if (!str_copy(out->domain, sizeof(out->domain), idn_ascii(path->domain, ascii)))
		return;
	lower(out->domain);
	/* Some wide characters are other spellings of "@", "<", ">" or a space. */
	if (idn_is_wide(path->domain) && !mail_domain_valid(str_of(out->domain))) {
		memset(out->domain, 0, sizeof(out->domain));
		return;
	}
	out->local = path->local;
	bool plain = !path->is_quoted && gateway_local_is_plain(path->local);
	out->kind = plain ? GATEWAY_ADDRESS_PLAIN : GATEWAY_ADDRESS_ODD;
}

bool gateway_address_is_role(const struct gateway_address *address)
{
	if (address->kind != GATEWAY_ADDRESS_PLAIN)
		return address->kind == GATEWAY_ADDRESS_POSTMASTER;
	return str_caseeq(address->local, STR("postmaster")) ||
	       str_caseeq(address->local, STR("abuse"));
}
