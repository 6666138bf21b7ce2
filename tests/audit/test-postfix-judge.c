/* SPDX-License-Identifier: ISC
 * Who may relay by Postfix's lists of restrictions, by which element, on which line.
 */
#include "test.h"

#include "postfix-files.h"

#define DEFAULT_LIST "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"
#define RELAY "smtpd_relay_restrictions = "
#define RECIPIENT "smtpd_recipient_restrictions = "

enum who { STRANGER, FORGER, LOCAL, USER, CERT, MX, ANYWHERE, NAMED };

static const struct {
	const char *name, *main;         /* behind PLAIN: its first line is line 3 */
	enum who who;
	enum postfix_say say;
	const char *element, *file;
	unsigned line;
	const char *table;               /* /t */
} rows[] = {
	{ "default", "", STRANGER, POSTFIX_REFUSES, "defer_unauth_destination", "", 0, "" },
	{ "default, own network", "mynetworks = 10.0.0.0/8\n", LOCAL, POSTFIX_TAKES,
	  "permit_mynetworks", "main.cf", 3, "" },
	{ "default, login without SASL", "", USER, POSTFIX_REFUSES, "defer_unauth_destination", "", 0,
	  "" },
	{ "default, login", "smtpd_sasl_auth_enable = yes\n", USER, POSTFIX_TAKES,
	  "permit_sasl_authenticated", "", 0, "" },
	{ "the whole world", "mynetworks = 0.0.0.0/0\n", STRANGER, POSTFIX_TAKES, "permit_mynetworks",
	  "main.cf", 3, "" },
	{ "networks from a file", "mynetworks = /t\n", LOCAL, POSTFIX_TAKES, "permit_mynetworks", "/t",
	  2, "127.0.0.1\n10.0.0.0/8\n" },
	{ "networks from a cidr table", "mynetworks = cidr:/t\n", LOCAL, POSTFIX_TAKES,
	  "permit_mynetworks", "main.cf", 3, "10.0.0.0/8 x\n" },
	{ "networks in patterns", "mynetworks = pcre:/t\n", LOCAL, POSTFIX_UNSURE, "permit_mynetworks",
	  "main.cf", 3, "" },
	{ "excluded", "mynetworks = !10.1.1.1, 10.0.0.0/8\n", LOCAL, POSTFIX_REFUSES,
	  "defer_unauth_destination", "", 0, "" },
	{ "permit before the guard: does not run", RELAY "permit, reject_unauth_destination\n",
	  STRANGER, POSTFIX_REFUSES, "", "main.cf", 3, "" },
	{ "permit, the guard in the other list", RELAY "permit\n" RECIPIENT "reject_unauth_destination\n",
	  STRANGER, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 4, "" },
	{ "static OK", RELAY "permit_mynetworks\n  check_client_access static:OK\n"
	  "  reject_unauth_destination\n", STRANGER, POSTFIX_TAKES, "check_client_access", "main.cf", 3,
	  "" },
	{ "no guard at all", RELAY "permit_mynetworks\n", STRANGER, POSTFIX_REFUSES, "", "main.cf", 3,
	  "" },
	{ "guard in the other list", RELAY "\n" RECIPIENT "permit_mynetworks reject_unauth_destination\n",
	  STRANGER, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 4, "" },
	{ "old default", "compatibility_level = 0\n" RECIPIENT "permit_mynetworks, static:OK, reject\n",
	  STRANGER, POSTFIX_TAKES, "static:OK", "main.cf", 4, "" },
	{ "permit in the other list only", RECIPIENT "permit\n", STRANGER, POSTFIX_REFUSES,
	  "defer_unauth_destination", "", 0, "" },
	{ "guard for warning", RELAY "warn_if_reject reject_unauth_destination, defer_if_permit\n",
	  STRANGER, POSTFIX_REFUSES, "defer_if_permit", "main.cf", 3, "" },
	{ "guard for warning, then all", RELAY "warn_if_reject reject_unauth_destination, static:OK,"
	  " reject\n", STRANGER, POSTFIX_TAKES, "static:OK", "main.cf", 3, "" },
	{ "reject all", RELAY "permit_mynetworks, reject\n", STRANGER, POSTFIX_REFUSES, "reject",
	  "main.cf", 3, "" },
	{ "forged sender", RELAY "check_sender_access hash:/t, reject_unauth_destination\n", FORGER,
	  POSTFIX_TAKES, "check_sender_access", "/t", 1, "boss@example.org OK\n" },
	{ "forged sender, refusals only", RELAY "check_sender_access hash:/t, reject_unauth_destination\n",
	  FORGER, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 3, "bad@example.net REJECT\n" },
	{ "forged name in HELO", RELAY "check_helo_access inline:{good.example=OK},"
	  " reject_unauth_destination\n", FORGER, POSTFIX_TAKES, "check_helo_access", "main.cf", 3,
	  "" },
	{ "own sender's table, honest stranger", RELAY "check_sender_access hash:/t,"
	  " reject_unauth_destination\n", STRANGER, POSTFIX_REFUSES, "reject_unauth_destination",
	  "main.cf", 3, "boss@example.org OK\n" },
	{ "client by address", RELAY "check_client_access cidr:/t, reject_unauth_destination\n", LOCAL,
	  POSTFIX_TAKES, "check_client_access", "/t", 2, "10.2.0.0/16 OK\n10.1.0.0/16 OK\n" },
	{ "client by a pattern of addresses", RELAY "check_client_access regexp:/t,"
	  " reject_unauth_destination\n", STRANGER, POSTFIX_UNSURE, "check_client_access", "/t", 2,
	  "/^10\\./ REJECT\n/^(54|60)\\./ OK\n" },
	{ "client by a pattern of names", RELAY "check_client_access pcre:/t,"
	  " reject_unauth_destination\n", STRANGER, POSTFIX_REFUSES, "reject_unauth_destination",
	  "main.cf", 3, "/\\.partner\\.example$/ OK\n" },
	{ "patterns that only refuse", RELAY "check_helo_access regexp:/t, reject_unauth_destination\n",
	  FORGER, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 3,
	  "/adsl/i REJECT\nif /a/\n!/b/ 554 no\nendif\n/c\\/d/ DUNNO\n" },
	{ "a HELO by a pattern", RELAY "check_helo_access regexp:{{/adsl/ OK}},"
	  " reject_unauth_destination\n", FORGER, POSTFIX_UNSURE, "check_helo_access", "main.cf", 3,
	  "" },
	{ "client by octets", RELAY "check_client_access hash:/t, reject_unauth_destination\n", LOCAL,
	  POSTFIX_TAKES, "check_client_access", "/t", 1, "10.1 OK\n" },
	{ "client refused first", RELAY "check_client_access cidr:/t, permit_mynetworks, reject\n"
	  "mynetworks = 10.0.0.0/8\n", LOCAL, POSTFIX_REFUSES, "check_client_access", "/t", 1,
	  "10.1.0.0/16 REJECT\n" },
	{ "client by name", RELAY "check_client_access hash:/t, reject_unauth_destination\n", NAMED,
	  POSTFIX_TAKES, "check_client_access", "/t", 1, "example.net OK\n" },
	{ "client without a name", RELAY "check_client_access hash:/t, reject_unauth_destination\n",
	  STRANGER, POSTFIX_TAKES, "check_client_access", "/t", 1, "unknown OK\n" },
	{ "below a domain, with a dot", RELAY "check_client_access hash:/t, reject_unauth_destination\n",
	  NAMED, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 3, ".example.net OK\n" },
	{ "below a domain, by the other style", "parent_domain_matches_subdomains =\n" RELAY
	  "check_client_access hash:/t, reject_unauth_destination\n", NAMED, POSTFIX_TAKES,
	  "check_client_access", "/t", 1, ".example.net OK\n" },
	{ "unproved name", RELAY "check_reverse_client_hostname_access static:OK,"
	  " reject_unauth_destination\n", NAMED, POSTFIX_REFUSES,
	  "check_reverse_client_hostname_access", "main.cf", 3, "" },
	{ "a number is OK", RELAY "check_client_access hash:/t, reject_unauth_destination\n", LOCAL,
	  POSTFIX_TAKES, "check_client_access", "/t", 1, "10.1.1.1 1234567890\n" },
	{ "a code alone is one, too", RELAY "check_client_access hash:/t, reject\n", LOCAL,
	  POSTFIX_TAKES, "check_client_access", "/t", 1, "10.1.1.1 554\n" },
	{ "RELAY", RELAY "check_client_access hash:/t, reject\n", LOCAL, POSTFIX_TAKES,
	  "check_client_access", "/t", 1, "10.1.1.1 RELAY\n" },
	{ "a code is not", RELAY "check_client_access hash:/t, reject\n", LOCAL, POSTFIX_REFUSES,
	  "check_client_access", "/t", 1, "10.1.1.1 554 go away\n" },
	{ "table leads to a list", RELAY "check_client_access hash:/t, reject_unauth_destination\n",
	  LOCAL, POSTFIX_TAKES, "check_client_access", "/t", 1, "10.1.1.1 reject_unknown_client, permit\n" },
	{ "class", "smtpd_restriction_classes = local, c\nc = permit\n" RELAY
	  "c, reject_unauth_destination\n", STRANGER, POSTFIX_TAKES, "permit", "main.cf", 4, "" },
	{ "class in a circle", "smtpd_restriction_classes = c\nc = c\n" RELAY
	  "c, reject_unauth_destination\n", STRANGER, POSTFIX_UNSURE, "c", "main.cf", 4, "" },
	{ "unknown word", RELAY "permit_mynets, reject_unauth_destination\n", STRANGER, POSTFIX_REFUSES,
	  "permit_mynets", "main.cf", 3, "" },
	{ "policy before the guard", RELAY "check_policy_service { inet:127.0.0.1:1, timeout=1s },"
	  " reject_unauth_destination\n", STRANGER, POSTFIX_UNSURE, "check_policy_service", "main.cf", 3,
	  "" },
	{ "policy behind it", RECIPIENT "check_policy_service inet:127.0.0.1:1\n", STRANGER,
	  POSTFIX_REFUSES, "defer_unauth_destination", "", 0, "" },
	{ "tables of a database", RELAY "check_client_access mysql:/t, reject_unauth_destination\n",
	  STRANGER, POSTFIX_UNSURE, "check_client_access", "main.cf", 3, "" },
	{ "any certificate", "smtpd_tls_ask_ccert = yes\n" RELAY
	  "permit_tls_all_clientcerts, reject_unauth_destination\n", CERT, POSTFIX_TAKES,
	  "permit_tls_all_clientcerts", "main.cf", 4, "" },
	{ "any certificate, not asked", RELAY "permit_tls_all_clientcerts, reject_unauth_destination\n",
	  CERT, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 3, "" },
	{ "backup MX", RELAY "permit_mx_backup, reject_unauth_destination\n", MX, POSTFIX_TAKES,
	  "permit_mx_backup", "main.cf", 3, "" },
	{ "backup MX, elsewhere", RELAY "permit_mx_backup, reject_unauth_destination\n", STRANGER,
	  POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 3, "" },
	{ "backup MX, some", RELAY "permit_mx_backup, reject_unauth_destination\n", ANYWHERE,
	  POSTFIX_SOME, "permit_mx_backup", "main.cf", 3, "" },
	{ "backup MX within networks", "permit_mx_backup_networks = 10.0.0.0/8\n" RELAY
	  "permit_mx_backup, reject_unauth_destination\n", MX, POSTFIX_REFUSES,
	  "reject_unauth_destination", "main.cf", 4, "" },
	{ "some recipients", RELAY "check_recipient_access hash:/t, reject_unauth_destination\n",
	  ANYWHERE, POSTFIX_SOME, "check_recipient_access", "/t", 1, "example.net OK\n" },
	{ "all recipients", RELAY "check_recipient_access static:OK, reject_unauth_destination\n",
	  STRANGER, POSTFIX_TAKES, "check_recipient_access", "main.cf", 3, "" },
	{ "a bare table", RELAY "static:OK, reject_unauth_destination\n", STRANGER, POSTFIX_TAKES,
	  "static:OK", "main.cf", 3, "" },
	{ "every domain is own", "relay_domains = static:all\n", STRANGER, POSTFIX_TAKES, "", "main.cf",
	  3, "" },
	{ "domains in a database", "relay_domains = mysql:/t\n", STRANGER, POSTFIX_REFUSES,
	  "defer_unauth_destination", "", 0, "" },
	{ "domains in a database, some", "virtual_mailbox_domains = mysql:/t\n", ANYWHERE, POSTFIX_UNSURE,
	  "defer_unauth_destination", "main.cf", 3, "" },
	{ "all domains but those of a database", "relay_domains = !mysql:/t, example.net\n", ANYWHERE,
	  POSTFIX_REFUSES, "defer_unauth_destination", "", 0, "" },
	{ "a top level beside it", "relay_domains = mysql:/t, hash:/t\n", ANYWHERE, POSTFIX_SOME,
	  "defer_unauth_destination", "/t", 1, "net OK\n" },
	{ "refused earlier", RELAY "static:OK, reject\nsmtpd_client_restrictions = reject\n", STRANGER,
	  POSTFIX_REFUSES, "reject", "main.cf", 4, "" },
	{ "permit in the client's list", "smtpd_client_restrictions = permit\n", STRANGER,
	  POSTFIX_REFUSES, "defer_unauth_destination", "", 0, "" },
	{ "list of friends", RELAY "permit_dnswl_client list.example, reject_unauth_destination\n",
	  STRANGER, POSTFIX_REFUSES, "reject_unauth_destination", "main.cf", 3, "" },
	{ "other kind of letters", RELAY "PERMIT_MYNETWORKS, Reject_Unauth_Destination\n"
	  "mynetworks = 10.0.0.0/8\n", LOCAL, POSTFIX_TAKES, "PERMIT_MYNETWORKS", "main.cf", 4, "" },
	{ "words by references", "mine = permit_mynetworks static:OK\n" RELAY
	  "$mine, reject_unauth_destination\n", STRANGER, POSTFIX_TAKES, "static:OK", "main.cf", 4, "" },
	{ "IPv6 without brackets", "mynetworks = 2001:db8::/32 0.0.0.0/0\n", LOCAL, POSTFIX_REFUSES,
	  "permit_mynetworks", "main.cf", 3, "" },
	{ "IPv6 without brackets, behind", "mynetworks = 0.0.0.0/0 2001:db8::/32\n", LOCAL,
	  POSTFIX_TAKES, "permit_mynetworks", "main.cf", 3, "" },
	{ "bits of the host", "mynetworks = 10.1.1.1/8 0.0.0.0/0\n", LOCAL, POSTFIX_REFUSES,
	  "permit_mynetworks", "main.cf", 3, "" },
};

static struct postfix_client client_of(enum who who)
{
	struct postfix_client c = { .address = ip_from_v4(203, 0, 113, 9) };
	if (who == LOCAL)
		c.address = ip_from_v4(10, 1, 1, 1);
	c.forges_sender = c.forges_helo = who == FORGER;
	c.logged_in = who == USER;
	c.cert_any = who == CERT;
	c.mx_here = who == MX;
	c.any_destination = who == ANYWHERE;
	c.name = who == NAMED ? "host.example.net" : NULL;
	return c;
}

static void check_answer(size_t i, const struct postfix_answer *answer)
{
	if (answer->say != rows[i].say || strcmp(answer->element, rows[i].element) != 0)
		fail_msg("%s: %d by \"%s\"", rows[i].name, (int)answer->say, answer->element);
	const struct str file = str_of(answer->place.file), wanted = str_of(rows[i].file);
	if (answer->place.line != rows[i].line || !str_casesuffix(file, wanted))
		fail_msg("%s: %s:%u", rows[i].name, answer->place.file, answer->place.line);
}

static void test_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct buf main = { 0 };
		struct postfix_answer answer;
		buf_add_cstr(&main, PLAIN);
		buf_add_cstr(&main, rows[i].main);
		struct told t = { { { "/etc/postfix/main.cf", buf_cstr(&main), 0 },
		                    { "/etc/postfix/master.cf", SMTP, 0 }, { "/t", rows[i].table, 0 } } };
		struct postfix *p = told_postfix(&t, &a);
		const struct postfix_client client = client_of(rows[i].who);
		postfix_judge(p, "smtp", &client, &answer);
		check_answer(i, &answer);
		buf_fini(&main);
		arena_fini(&a);
	}
}

/* What master.cf sets for one service holds for that one. */
static void test_override(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct told t = { { { "/etc/postfix/main.cf", PLAIN, 0 },
	                    { "/etc/postfix/master.cf", SMTP "2525 inet n - n - - smtpd\n"
	                      "  -o smtpd_relay_restrictions=permit_mynetworks,static:OK,reject\n"
	                      "2526 inet n - n - - smtpd -o relay_domains=static:all\n", 0 } } };
	struct postfix *p = told_postfix(&t, &a);
	const struct postfix_client stranger = client_of(STRANGER);
	struct postfix_answer answer;
	postfix_judge(p, "smtp", &stranger, &answer);
	assert_int_equal(answer.say, POSTFIX_REFUSES);
	postfix_judge(p, "2525", &stranger, &answer);
	assert_int_equal(answer.say, POSTFIX_TAKES);
	assert_string_equal(answer.place.file, "/etc/postfix/master.cf");
	assert_int_equal(answer.place.line, 2);
	postfix_judge(p, "2526", &stranger, &answer);   /* destinations are main.cf's matter */
	assert_int_equal(answer.say, POSTFIX_REFUSES);
	assert_true(postfix_reading(p)->open_to_all);
	assert_int_equal(postfix_reading(p)->opened_by.line, 2);
	arena_fini(&a);
}

static void test_rules(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct told t = { { { "/etc/postfix/main.cf", PLAIN RELAY "permit_mynetworks,"
	                      " warn_if_reject check_policy_service { unix:p, timeout=1 } reject_rbl_client x"
	                      " reject_unauth_destination\n", 0 },
	                    { "/etc/postfix/master.cf", SMTP, 0 } } };
	const struct postfix_rule *rules;
	const size_t n = postfix_rules(told_postfix(&t, &a), "smtp", "smtpd_relay_restrictions", &rules);
	assert_int_equal(n, 4);
	assert_int_equal(rules[0].kind, POSTFIX_RULE_MYNETWORKS);
	assert_int_equal(rules[1].kind, POSTFIX_RULE_POLICY);
	assert_string_equal(rules[1].argument, "unix:p, timeout=1");
	assert_true(rules[1].warns_only);
	assert_int_equal(rules[2].kind, POSTFIX_RULE_NEUTRAL);
	assert_string_equal(rules[2].argument, "x");
	assert_int_equal(rules[3].kind, POSTFIX_RULE_GUARD);
	assert_false(rules[3].warns_only);
	arena_fini(&a);
}

/* A list that is cut off, or a table that leads to itself, is never taken for open. */
static void test_hostile(void **state)
{
	(void)state;
	struct buf main = { 0 }, table = { 0 };
	struct postfix_answer answer;
	buf_add_cstr(&main, PLAIN "x = reject_rbl_client a\n" RELAY);
	for (int i = 0; i < 6000; i++)
		buf_add_cstr(&main, "$x ");
	buf_add_cstr(&main, "reject_unauth_destination\n" RECIPIENT
	             "check_sender_access hash:/t, reject\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(&table, "a%d@b check_sender_access hash:/t, check_helo_access hash:/t\n", i);
	struct told t = { { { "/etc/postfix/main.cf", buf_cstr(&main), 0 },
	                    { "/etc/postfix/master.cf", SMTP, 0 }, { "/t", buf_cstr(&table), 0 } } };
	struct arena a = { 0 };
	struct postfix *p = told_postfix(&t, &a);
	const struct postfix_client forger = client_of(FORGER);
	postfix_judge(p, "smtp", &forger, &answer);
	assert_int_not_equal(answer.say, POSTFIX_TAKES);
	assert_false(postfix_reading(p)->open_to_all);
	buf_fini(&main);
	buf_fini(&table);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
