/* SPDX-License-Identifier: ISC
 *
 * Which files of certificates and keys a configuration names, and which of them nobody can do
 * without.
 */
#include "test.h"

#include "memory-files.h"

#include "audit/certificates.h"

#define MAIN(lines) { "/etc/postfix/main.cf", "compatibility_level = 3.6\n" lines }
#define MASTER(lines) { "/etc/postfix/master.cf", lines }
#define SMTP "smtp inet n - y - - smtpd\n"
#define EXIM(lines) { "/etc/exim4/exim4.conf", lines "\nbegin acl\n" }

static const struct {
	const char *label;
	enum mta mta;
	struct memory_file files[FILES_OF_ROW];
	const char *named, *needed;      /* of the first port */
} rows[] = {
	{ "Debian's", MTA_POSTFIX,
	  { MAIN("smtpd_tls_cert_file=/etc/ssl/certs/snakeoil.pem\n"
	         "smtpd_tls_key_file=/etc/ssl/private/snakeoil.key\n"), MASTER(SMTP) },
	  "/etc/ssl/certs/snakeoil.pem /etc/ssl/private/snakeoil.key ",
	  "/etc/ssl/certs/snakeoil.pem /etc/ssl/private/snakeoil.key " },
	{ "none", MTA_POSTFIX, { MAIN(""), MASTER(SMTP) }, "", "" },
	{ "a chain counts alone", MTA_POSTFIX,
	  { MAIN("smtpd_tls_cert_file = /a\nsmtpd_tls_chain_files = /b, /c\n"), MASTER(SMTP) }, "/b /c /a ",
	  "/b /c " },
	{ "another one for a service", MTA_POSTFIX,
	  { MAIN("smtpd_tls_cert_file = /a\n"), MASTER(SMTP " -o smtpd_tls_cert_file=/run/secrets/b\n") },
	  "/a /run/secrets/b ", "/run/secrets/b " },
	{ "anonymous", MTA_POSTFIX, { MAIN("smtpd_tls_cert_file = none\n"), MASTER(SMTP) }, "", "" },
	{ "below the queue's directory", MTA_POSTFIX, { MAIN("smtpd_tls_cert_file = a.pem\n"), MASTER(SMTP) },
	  "", "" },
	{ "those of postscreen's proxy", MTA_POSTFIX,
	  { MAIN("smtpd_tls_cert_file = /a\ntlsproxy_tls_cert_file = /b\n"), MASTER(SMTP) }, "/a /b ", "" },
	{ "Exim's", MTA_EXIM, { EXIM("tls_certificate = /a.crt : /b.crt\ntls_privatekey = /a.key\n") },
	  "/a.crt /b.crt /a.key ", "/a.crt /b.crt /a.key " },
	{ "Exim's, of each name", MTA_EXIM,
	  { EXIM("tls_certificate = ${if exists{/run/x.pem}{/run/x.pem}{/etc/y.pem}}\n") },
	  "/run/x.pem /etc/y.pem ", "" },
	{ "Sendmail's", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.cf", "V10/Berkeley\nO DaemonPortOptions=Name=MTA\n"
	      "O ServerCertFile=/etc/mail/tls/a.pem\n"
	      "O ServerKeyFile=/run/secrets/a.key\n" } },
	  "/etc/mail/tls/a.pem /run/secrets/a.key ", "" },
	{ "OpenSMTPD's", MTA_OPENSMTPD,
	  { { "/etc/smtpd.conf", "pki a cert \"/etc/ssl/a.pem\"\npki a key \"/run/secrets/a.key\"\n"
	      "listen on 0.0.0.0 tls pki a\n" } },
	  "/etc/ssl/a.pem /run/secrets/a.key ", "" },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = { 0 };
		struct audit_files files = { memory_read, memory_list, (void *)rows[i].files };
		const struct audit_config_given given = { .mta = rows[i].mta, .hostname = "mx" };
		const char *paths[AUDIT_CERTIFICATES_MAX];
		struct audit_certificate needed[AUDIT_CERTIFICATES_MAX];
		struct audit_config *config;
		const struct audit_reading *reading;
		struct buf named = { 0 }, wanted = { 0 };
		assert_int_equal(audit_config_read(&files, &given, &a, &config), ERR_OK);
		reading = audit_config_reading(config);
		assert_true(reading->port_n > 0);
		size_t n = audit_certificates(config, &a, paths);
		for (size_t k = 0; k < n; k++)
			buf_printf(&named, "%s ", paths[k]);
		n = audit_certificates_needed(config, &reading->ports[0], &a, needed);
		for (size_t k = 0; k < n; k++)
			buf_printf(&wanted, "%s ", needed[k].path);
		if (strcmp(buf_cstr(&named), rows[i].named) ||
		    strcmp(buf_cstr(&wanted), rows[i].needed))
			fail_msg("%s: named %s, needed %s", rows[i].label, buf_cstr(&named),
			         buf_cstr(&wanted));
		buf_fini(&named);
		buf_fini(&wanted);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_files) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
