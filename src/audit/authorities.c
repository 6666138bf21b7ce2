/* SPDX-License-Identifier: ISC
 *
 * Settings by their names, and what in their values is a path.
 */
#include "audit/authorities.h"

static const char *const names[] = {
	"smtpd_tls_CAfile", "smtpd_tls_CApath", "tls_verify_certificates", "confCACERT",
	"confCACERT_PATH", "CACertFile", "CACertPath", "ca",
};

static void take_paths(const struct audit_setting *s, struct arena *a, const char **paths,
                       size_t *n)
{
	struct str rest = str_of(s ? s->value : ""), word;
	while (str_token(&rest, " \t\"'`", &word) && *n < AUDIT_AUTHORITIES_MAX) {
		bool said = word.n < 2 || word.p[0] != '/' || str_find(word, '$') != SIZE_MAX;
		for (size_t i = 0; i < *n; i++)
			said |= str_eq(word, str_of(paths[i]));
		if (!said)
			paths[(*n)++] = arena_strdup(a, word);
	}
}

size_t audit_authorities(struct audit_config *config, struct arena *a,
                         const char *paths[static AUDIT_AUTHORITIES_MAX])
{
	const struct audit_reading *r = audit_config_reading(config);
	size_t n = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		take_paths(audit_config_setting(config, "", names[i]), a, paths, &n);
		for (size_t k = 0; k < r->port_n; k++) {
			const char *service = r->ports[k].service;
			if (service && service[0])
				take_paths(audit_config_setting(config, service, names[i]), a,
				           paths, &n);
		}
	}
	return n;
}
