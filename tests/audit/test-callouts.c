/* SPDX-License-Identifier: ISC
 *
 * Whom a server asks before it answers, by its configuration.
 */
#include "test.h"

#include "memory-files.h"

#include "audit/callouts.h"

#include <stdio.h>

#define MAIN "/etc/postfix/main.cf"
#define MASTER "/etc/postfix/master.cf"
#define SMTP "smtp inet n - y - - smtpd\n"
#define QUEUE "/var/spool/postfix"

enum { CALLS_MAX = 8, FILES_MAX = 3 };

struct row {
	const char *title;
	enum mta mta;
	struct memory_file files[FILES_MAX];
	const char *calls;               /* "milter PATH", "policy ADDRESS:PORT", "… =NAME" */
};

static const struct row rows[] = {
	{ "nobody", MTA_POSTFIX, { { MAIN, "myhostname = a\n" }, { MASTER, SMTP } }, "" },
	{ "milters at paths", MTA_POSTFIX,
	  { { MAIN, "smtpd_milters = unix:opendkim/s, local:/run/a\n" }, { MASTER, SMTP } },
	  "milter " QUEUE "/opendkim/s; milter " QUEUE "/run/a; milter /run/a" },
	{ "milters at ports", MTA_POSTFIX,
	  { { MAIN, "m = inet:localhost:8891\nsmtpd_milters = $m,\n  { inet:[2001:db8::5]:8892, "
	            "default_action=accept }"
	            " inet:192.0.2.9:8893\n" }, { MASTER, SMTP } },
	  "milter 127.0.0.1:8891; milter [::1]:8891; milter [2001:db8::5]:8892; milter 192.0.2.9:8893" },
	{ "names", MTA_POSTFIX,
	  { { MAIN, "smtpd_milters = inet:a.example:1, inet:b.example:1, inet:A.example:2\n" },
	    { MASTER, SMTP } },
	  "milter 192.0.2.200:1 =a.example; milter 192.0.2.201:1 =b.example; "
	  "milter 192.0.2.200:2 =A.example" },
	{ "each once, of a service, too", MTA_POSTFIX,
	  { { MAIN, "smtpd_milters = inet:127.0.0.1:1\n" },
	    { MASTER, SMTP "587 inet n - y - - smtpd -o smtpd_milters=inet:127.0.0.1:1,"
	                   "inet:127.0.0.1:2\n" } },
	  "milter 127.0.0.1:1; milter 127.0.0.1:2" },
	{ "policy services in lists and classes", MTA_POSTFIX,
	  { { MAIN, "smtpd_restriction_classes = grey\ngrey = check_policy_service inet:127.0.0.1:10023\n"
	            "smtpd_recipient_restrictions = permit_mynetworks, check_policy_service "
	            "{ unix:private/p, timeout=5s }, grey\n" }, { MASTER, SMTP } },
	  "policy " QUEUE "/private/p; policy 127.0.0.1:10023" },
	{ "another queue directory", MTA_POSTFIX,
	  { { MAIN, "queue_directory = /srv/q\n"
	            "smtpd_client_restrictions = check_policy_service unix:private/p\n" },
	    { MASTER, SMTP } },
	  "policy /srv/q/private/p" },
	{ "a proxy of one service", MTA_POSTFIX,
	  { { MAIN, "" }, { MASTER, "smtp inet n - y - - smtpd -o smtpd_proxy_filter=127.0.0.1:10024\n" } },
	  "filter 127.0.0.1:10024" },
	{ "a proxy at a port alone", MTA_POSTFIX,
	  { { MAIN, "smtpd_proxy_filter = inet::10024\n" }, { MASTER, SMTP } },
	  "filter 127.0.0.1:10024; filter [::1]:10024" },
	{ "Dovecot", MTA_POSTFIX,
	  { { MAIN, "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n" }, { MASTER, SMTP } },
	  "auth " QUEUE "/private/auth" },
	{ "Dovecot elsewhere", MTA_POSTFIX,
	  { { MAIN, "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:10.0.0.5:12345\n" },
	    { MASTER, SMTP } },
	  "auth 10.0.0.5:12345" },
	{ "who rewrites addresses", MTA_POSTFIX,
	  { { MAIN, "recipient_canonical_maps = hash:/x, tcp:localhost:10002\n"
	            "sender_canonical_maps = socketmap:inet:192.0.2.9:10003:forward, "
	            "proxy:socketmap:unix:srs:forward\n"
	            "canonical_maps = socketmap:, socketmap:x, tcp:, tcp:x\n"
	            "relay_domains = tcp:localhost:10004\n" }, { MASTER, SMTP } },
	  "socketmap 192.0.2.9:10003; socketmap " QUEUE "/srs; table 127.0.0.1:10002; table [::1]:10002" },
	{ "Cyrus", MTA_POSTFIX,
	  { { MAIN, "smtpd_sasl_type = cyrus\nsmtpd_sasl_path = smtpd\n" }, { MASTER, SMTP } }, "" },
	{ "nonsense", MTA_POSTFIX,
	  { { MAIN, "smtpd_milters = unix:, inet:, inet:x, inet:h:99999, {, { }, :\n"
	            "smtpd_client_restrictions = check_policy_service\n" }, { MASTER, SMTP } }, "" },
	{ "Sendmail", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.cf", "O InputMailFilters=a,b,c\nXa, S=local:/run/a/s, F=T, T=S:4m\n"
	      "Xb, S=inet:8891@localhost\nXc,S=inet6:8892@IPv6:2001:db8::1\nXd, F=T\n" } },
	  "milter /run/a/s; milter 127.0.0.1:8891; milter [::1]:8891; milter [2001:db8::1]:8892" },
};

static void calls_print(const struct audit_callout *calls, size_t n, struct buf *out)
{
	static const char *const kinds[] = { "milter", "policy", "filter", "auth", "table",
	                                     "socketmap" };
	char text[ENDPOINT_TEXT_MAX];
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s %s%s%s", i ? "; " : "", kinds[calls[i].kind],
		           calls[i].path ? calls[i].path : endpoint_format(&calls[i].at, text),
		           calls[i].host ? " =" : "", calls[i].host ? calls[i].host : "");
}

static void all_that_are_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = { 0 };
		struct buf got = { 0 };
		struct audit_callout calls[CALLS_MAX];
		struct memory_file files[FILES_MAX + 1] = { { 0 } };
		memcpy(files, rows[i].files, sizeof(rows[i].files));
		const struct audit_files from = { memory_read, memory_list, files };
		const struct audit_config_given given = { .mta = rows[i].mta };
		struct audit_config *config;
		assert_int_equal(audit_config_read(&from, &given, &a, &config), ERR_OK);
		size_t n = audit_callouts(config, &a, calls, CALLS_MAX);
		calls_print(calls, n, &got);
		if (!str_eq(buf_str(&got), str_of(rows[i].calls)))
			fail_msg("%s: %s, expected %s", rows[i].title, buf_cstr(&got), rows[i].calls);
		for (size_t max = 0; max < n; max++)
			assert_int_equal(audit_callouts(config, &a, calls, max), max);
		buf_fini(&got);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_are_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
