/* SPDX-License-Identifier: ISC
 *
 * What a stranger would say who knew the configuration: made of the words of its lines.
 */
#include "test.h"

#include "host.h"
#include "memory-files.h"

#include "audit/plan.h"

#define RELAY(rules) "compatibility_level = 3.6\nmynetworks = 127.0.0.1\nmydestination = a.example\n" \
	"smtpd_relay_restrictions = " rules ", reject_unauth_destination\n"
#define POSTFIX(rules, table) { { "/etc/postfix/main.cf", RELAY(rules) }, \
	{ "/etc/postfix/master.cf", "smtp inet n - y - - smtpd\n" }, { "/t", table } }
#define EXIM(acl) { { "/etc/exim4/exim4.conf", "domainlist local_domains = a.example\n" \
	"acl_smtp_rcpt = a\nbegin acl\na:\n  deny local_parts = ^.*[@%!]\n" acl \
	"  accept domains = +local_domains\n" } }
#define OPENSMTPD(match) { { "/etc/smtpd.conf", "listen on 0.0.0.0\naction \"relay\" relay\n" match } }

static const struct {
	const char *label, *hints;       /* "sender a@b.example" and so on, a line each */
	enum mta mta;
	struct memory_file files[FILES_OF_ROW];
} rows[] = {
	{ "none", "", MTA_POSTFIX, POSTFIX("permit_mynetworks", "") },
	{ "a sender's domain", "sender asker@partner.example\n", MTA_POSTFIX,
	  POSTFIX("check_sender_access hash:/t", "bad.example REJECT\npartner.example OK\n") },
	{ "a sender", "sender boss@partner.example\n", MTA_POSTFIX,
	  POSTFIX("check_sender_access hash:/t", "boss@partner.example OK\n") },
	{ "a local part of senders", "sender boss@sender.example\n", MTA_POSTFIX,
	  POSTFIX("check_sender_access hash:/t", "boss@ OK\n") },
	{ "a pattern of senders", "sender asker@partner-0.example\n", MTA_POSTFIX,
	  POSTFIX("check_sender_access regexp:/t", "/@partner-[0-9]+\\.example$/ OK\n") },
	{ "a HELO in the list itself", "helo mail.partner.example\n", MTA_POSTFIX,
	  POSTFIX("check_helo_access inline:{mail.partner.example=OK}", "") },
	{ "a pattern of HELO", "helo adsl\n", MTA_POSTFIX,
	  POSTFIX("check_helo_access regexp:{{/adsl/ OK}}", "") },
	{ "alternatives", "helo mx.partner.example\n", MTA_POSTFIX,
	  POSTFIX("check_helo_access pcre:/t", "/^(mx|mail)\\.partner\\.example$/i OK\n") },
	{ "a pattern of names, open at its end", "rdns host.partner.sender.example\n", MTA_POSTFIX,
	  POSTFIX("check_client_access regexp:/t", "/\\.partner/ OK\n") },
	{ "a top level domain", "rdns host.com\n", MTA_POSTFIX,
	  POSTFIX("check_client_access hash:/t", "com OK\n") },
	{ "a top level that nobody has on the Internet", "", MTA_POSTFIX,
	  POSTFIX("check_client_access hash:/t", "localhost OK\nLAN OK\n") },
	{ "domains of the machine's own", "", MTA_POSTFIX,
	  POSTFIX("check_recipient_access hash:/t", "localhost OK\nlocaldomain OK\n") },
	{ "a name that is its owner's", "", MTA_POSTFIX,
	  POSTFIX("check_client_access hash:/t", "mail.partner.example OK\n") },
	{ "a pattern of recipients", "rcpt someone@elsewhere.com\n", MTA_POSTFIX,
	  POSTFIX("check_recipient_access regexp:/t", "/\\.com$/ OK\n") },
	{ "a pattern of domains", "rcpt someone@elsewherea.org\n", MTA_POSTFIX,
	  POSTFIX("check_recipient_access regexp:{{/^[a-z]+\\.org$$/ OK}}", "") },
	{ "a recipient", "", MTA_POSTFIX,
	  POSTFIX("check_recipient_access hash:/t", "partner.example OK\n") },
	{ "no name at all", "", MTA_POSTFIX,
	  POSTFIX("check_helo_access regexp:/t", "/^\\x00[[:space:]]{1,9}$/ OK\n") },
	{ "Exim's senders", "sender asker@partner.example\nsender asker@x.other.example\n", MTA_EXIM,
	  EXIM("  accept senders = *@partner.example : *@*.other.example\n") },
	{ "Exim's condition", "helo mail.partner.example\n", MTA_EXIM,
	  EXIM("  accept condition = ${if match{$sender_helo_name}{\\N\\.partner\\.example$\\N}}\n") },
	{ "Exim's domains", "rcpt someone@elsewhere.net\n", MTA_EXIM,
	  EXIM("  accept domains = *.net\n") },
	{ "OpenSMTPD's pattern", "rdns partner.sender.example\n", MTA_OPENSMTPD,
	  OPENSMTPD("match from rdns regex \"partner\" for any action \"relay\"\n") },
	{ "OpenSMTPD's sender", "sender asker@partner.example\n", MTA_OPENSMTPD,
	  OPENSMTPD("match from any mail-from \"@partner.example\" for any action \"relay\"\n") },
};

static const char *kind_of(unsigned by)
{
	return by == AUDIT_BY_SENDER ? "sender" : by == AUDIT_BY_HELO ? "helo"
	     : by == AUDIT_BY_RDNS ? "rdns" : "rcpt";
}

static void test_hints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct buf said = { 0 };
		struct audit_files files = { memory_read, memory_list, (void *)rows[i].files };
		struct facts f = { 0 };
		struct audit_config *config;
		struct audit_plan plan;
		struct audit_asker *askers;
		host_build(&f, &a, "lo loopback 127.0.0.1/8\neth0 ethernet 198.51.100.7/24\n");
		const struct audit_config_given given = { .mta = rows[i].mta, .facts = &f,
		                                          .hostname = "mx.a.example" };
		assert_int_equal(audit_config_read(&files, &given, &a, &config), ERR_OK);
		struct audit_ground g = { .facts = &f, .config = config, .foreign = "recipient.example",
		                          .other = "sender.example", .domain = "a.example" };
		const struct audit_asked asked = { 0 };
		assert_int_equal(audit_kinds(&f, &asked, &askers, &g.asker_n), ERR_OK);
		g.askers = askers;
		audit_plan_init(&plan, &g, &a);
		for (size_t k = 0; k < plan.hint_n; k++)
			buf_printf(&said, "%s %s\n", kind_of(plan.hints[k].by), plan.hints[k].value);
		if (strcmp(buf_cstr(&said), rows[i].hints) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", rows[i].label, buf_cstr(&said),
			         rows[i].hints);
		buf_fini(&said);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hints) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
