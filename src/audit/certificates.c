/* SPDX-License-Identifier: ISC
 *
 * Settings by their names, and what in their values is a path.
 */
#include "audit/certificates.h"

/* Of all servers; parameters (DH) are no certificates, but are read with them. */
static const char *const names[] = {
	"smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_key_file",
	"smtpd_tls_eccert_file", "smtpd_tls_eckey_file", "smtpd_tls_dcert_file",
	"smtpd_tls_dkey_file", "smtpd_tls_dh1024_param_file", "tlsproxy_tls_chain_files",
	"tlsproxy_tls_cert_file", "tlsproxy_tls_key_file", "tlsproxy_tls_eccert_file",
	"tlsproxy_tls_eckey_file", "tlsproxy_tls_dcert_file", "tlsproxy_tls_dkey_file",
	"tls_certificate", "tls_privatekey", "tls_dhparam", "ServerCertFile", "ServerKeyFile",
	"DHParameters", "confSERVER_CERT", "confSERVER_KEY", "confDH_PARAMETERS", "pki",
};

static bool is_name(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static size_t path_add(const char **paths, size_t n, struct arena *a, struct str word)
{
	bool said = word.n < 2 || word.p[0] != '/' || str_find(word, '$') != SIZE_MAX ||
	            n == AUDIT_CERTIFICATES_MAX;
	for (size_t i = 0; i < n && !said; i++)
		said = str_eq(word, str_of(paths[i]));
	if (!said)
		paths[n++] = arena_strdup(a, word);
	return n;
}

static size_t paths_of(const struct audit_setting *s, const char **paths, size_t n, struct arena *a)
{
	struct str rest = str_of(s ? s->value : ""), word;
	while (str_token(&rest, " \t\"'`,:;{}", &word))
		n = path_add(paths, n, a, word);
	return n;
}

size_t audit_certificates(struct audit_config *config, struct arena *a,
                          const char *paths[static AUDIT_CERTIFICATES_MAX])
{
	const struct audit_reading *r = audit_config_reading(config);
	size_t n = 0;
	/* OpenSMTPD has many of one name; of Postfix only the door knows all. */
	for (size_t i = 0; i < r->setting_n; i++)
		if (is_name(r->settings[i].name))
			n = paths_of(&r->settings[i], paths, n, a);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		n = paths_of(audit_config_setting(config, "", names[i]), paths, n, a);
		for (size_t k = 0; k < r->port_n; k++)
			if (r->ports[k].service)
				n = paths_of(audit_config_setting(config, r->ports[k].service,
				                                  names[i]), paths, n, a);
	}
	return n;
}

/* ---- those that are needed ------------------------------------------------------- */

struct needed {
	struct audit_certificate *v;
	size_t n;
	bool sure;
};

static void need(struct needed *needed, const struct audit_setting *s, const char *between,
                 struct arena *a)
{
	struct str rest = str_of(s ? s->value : ""), word;
	/* What is expanded for each client may name another file. */
	if (str_find(rest, '$') != SIZE_MAX || str_find(rest, '{') != SIZE_MAX)
		needed->sure = false;
	while (needed->sure && str_token(&rest, between, &word)) {
		if (str_eq(word, STR("none")))
			continue;
		if (word.p[0] != '/' || needed->n == AUDIT_CERTIFICATES_MAX) {
			needed->sure = false;
			return;
		}
		needed->v[needed->n++] = (struct audit_certificate){ arena_strdup(a, word), s };
	}
}

/* A postscreen has them read by another process, which may have its own. */
static bool has_tlsproxys(struct audit_config *config)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct audit_setting *s = str_prefix(str_of(names[i]), STR("tlsproxy_"))
			? audit_config_setting(config, "", names[i]) : NULL;
		if (s && s->place.line)
			return true;
	}
	return false;
}

static void need_postfix(struct needed *needed, struct audit_config *config, const char *service,
                         struct arena *a)
{
	static const char *const single[] = {
		"smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_tls_eccert_file",
		"smtpd_tls_eckey_file", "smtpd_tls_dcert_file", "smtpd_tls_dkey_file",
	};
	const struct audit_setting *chain = audit_config_setting(config, service,
	                                                         "smtpd_tls_chain_files");
	needed->sure = !has_tlsproxys(config);
	if (chain && chain->value[0]) {
		need(needed, chain, ", \t", a);
		return;
	}
	for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++)
		need(needed, audit_config_setting(config, service, single[i]), " \t", a);
}

size_t audit_certificates_needed(struct audit_config *config, const struct audit_port *port,
                                 struct arena *a,
                                 struct audit_certificate needed[static AUDIT_CERTIFICATES_MAX])
{
	const enum mta mta = audit_config_reading(config)->mta;
	struct needed all = { .v = needed };
	if (mta == MTA_POSTFIX) {
		need_postfix(&all, config, port->service ? port->service : "", a);
	} else if (mta == MTA_EXIM) {
		all.sure = true;
		need(&all, audit_config_setting(config, "", "tls_certificate"), ": \t", a);
		need(&all, audit_config_setting(config, "", "tls_privatekey"), ": \t", a);
	}
	return all.sure ? all.n : 0;
}
