/* SPDX-License-Identifier: ISC
 *
 * Which backend the configuration names. Pure.
 */
#include "gateway/login-private.h"

const struct login_backend *login_backend_of(const char *auth, const char **place)
{
	static const struct login_backend *const all[] = { &login_accounts, &login_dovecot,
	                                                   &login_pam };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		size_t n = strlen(all[i]->name);
		if (strncmp(auth, all[i]->name, n) != 0)
			continue;
		*place = all[i]->has_place && auth[n] == ':' ? auth + n + 1 : NULL;
		if (all[i]->has_place ? *place && **place : !auth[n])
			return all[i];
	}
	return NULL;
}

int gateway_login_check(const struct gateway_config *config, struct buf *message)
{
	const char *place;
	const struct login_backend *b = login_backend_of(config->auth, &place);
	if (b && (b != &login_dovecot || place[0] == '/'))
		return ERR_OK;
	buf_add_cstr(message, "gateway.auth: \"");
	buf_add_escaped(message, str_of(config->auth));
	buf_printf(message, "\": expected accounts, %s, or %s", login_dovecot.place_expected,
	           login_pam.place_expected);
	return ERR_INVALID;
}
