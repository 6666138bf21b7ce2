/* SPDX-License-Identifier: ISC
 *
 * smtpd.conf: who may relay by it, and by which line.
 */
#include "memory-files.h"

#include "audit/read-opensmtpd.h"

#define CONF "/etc/smtpd.conf"
#define STRANGER "203.0.113.9"
#define HEAD "listen on all\naction \"in\" mbox\naction \"out\" relay\n"

static const struct reading_row rows[] = {
	{ "Debian's default", { { CONF,
		"table aliases file:/etc/aliases\nlisten on localhost\n"
		"action \"local\" maildir alias <aliases>\naction \"relay\" relay\n"
		"match for local action \"local\"\nmatch from local for any action \"relay\"\n" },
		{ "/etc/aliases", "root: me\n" } }, false,
	  { { "127.0.0.1", "", 'y', CONF, 6 }, { "127.0.0.2", "", 'n' },
	    { "own", "", 'y', CONF, 6 }, { "::1", "", 'y' },
	    { STRANGER, "", 'n' }, { STRANGER, "nhstclrm", 'n' } }, "25 25" },
	{ "one word too much", { { CONF, HEAD "match from any for any action \"out\"\n" } }, true,
	  { { STRANGER, "", 'y', CONF, 4 }, { "2001:db8::9", "", 'y', CONF, 4 } }, "25" },
	{ "the same on loopback alone", { { CONF, "listen on lo\naction \"out\" relay\n"
		"match from any for any action \"out\"\n" } }, false, { { STRANGER, "", 'y' } } },
	{ "an action that delivers here is in the way", { { CONF, HEAD
		"match from any for any action \"in\"\nmatch from any for any action \"out\"\n" } },
	  false, { { STRANGER, "", 'n' }, { "127.0.0.1", "", 'n' } } },
	{ "a refusal is in the way", { { CONF, HEAD
		"match !from src 10.0.0.0/8 for any reject\nmatch from any for any action \"out\"\n" } },
	  false, { { STRANGER, "", 'n' }, { "10.1.2.3", "", 'y', CONF, 5 } } },
	{ "ranges in a table, a macro, a list", { { CONF,
		"lan = \"192.168.0.0/16\"\ntable nets { 10.0.0.0/8, \\\n  \"2001:db8::/32\" }\n" HEAD
		"match from src <nets> for any action \"out\"\n"
		"match from src $lan for any action out\n"
		"match from src { 172.16.0.0/12 } for any action \"out\"\n" } }, false,
	  { { "10.0.0.1", "", 'y', CONF, 7 }, { "2001:db8::1", "", 'y', CONF, 7 },
	    { "192.168.1.1", "", 'y', CONF, 8 }, { "172.18.0.1", "", 'y', CONF, 9 },
	    { STRANGER, "", 'n' }, { "127.0.0.1", "", 'n' } } },
	{ "a table in a file", { { CONF, "table nets file:/etc/mail/nets\n" HEAD
		"match from src <nets> for any action \"out\"\n" },
		{ "/etc/mail/nets", "# ours\n198.51.100.0/24\n" } }, false,
	  { { "198.51.100.7", "", 'y', CONF, 5 }, { STRANGER, "", 'n' } } },
	{ "a table that cannot be read", { { CONF, "table nets sqlite:/etc/nets.conf\n" HEAD
		"match from src <nets> for any action \"out\"\n" } }, false,
	  { { STRANGER, "", '?' } } },
	{ "senders, names, TLS", { { CONF, HEAD
		"match from mail-from \"@example.org\" for any action \"out\"\n"
		"match from any mail-from \"@example.net\" for any action \"out\"\n"
		"match from rdns regex \"example\" for any action \"out\"\n"
		"match tls from any for any action \"out\"\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "s", 'y', CONF, 4 }, { STRANGER, "n", 'y', CONF, 6 },
	    { STRANGER, "t", 'y', CONF, 7 } } },
	{ "HELO", { { CONF, HEAD "match from any helo \"friend\" for any action \"out\"\n" } }, false,
	  { { STRANGER, "h", 'y', CONF, 4 }, { STRANGER, "", 'n' } } },
	{ "logins", { { CONF, "listen on eth0 port 587 tls-require pki x auth\n"
		"listen on eth0 smtps pki x auth\nlisten on eth0 tls pki x auth-optional\n"
		"action \"out\" relay\nmatch from auth for any action \"out\"\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "l", 'y', CONF, 5 } }, "587l 465tl 25" },
	{ "auth for local clients is local", { { CONF, HEAD
		"match auth for any action \"out\"\n" } }, false,
	  { { STRANGER, "l", 'n' }, { "127.0.0.1", "", 'n' }, { "127.0.0.1", "l", 'y' } } },
	{ "only ports for logins are reached", { { CONF, "listen on eth0 port 587 auth\n"
		"action \"out\" relay\nmatch from any for any action \"out\"\n" } }, false, { { 0 } } },
	{ "backup MX, wide domains", { { CONF, HEAD
		"match from any for domain \"example.org\" action \"out\"\n"
		"match from any for domain { \"*.com\", \"example.net\" } action \"out\"\n" } }, false,
	  { { STRANGER, "", 'n' }, { STRANGER, "r", 'y', CONF, 5 } } },
	{ "any domain by a pattern", { { CONF, HEAD
		"match from any for domain \"*\" action \"out\"\n" } }, true, { { STRANGER, "", 'y' } } },
	{ "any domain by a regex", { { CONF, HEAD
		"match from any for domain regex \".*\" action \"out\"\n" } }, true,
	  { { STRANGER, "", 'y' } } },
	{ "not for local", { { CONF, HEAD "match from any !for local action \"out\"\n" } }, true,
	  { { STRANGER, "", 'y' } } },
	{ "comments hide, quotes do not expand", { { CONF, HEAD
		"# match from any for any action \"out\"\n#\\\nmatch from any for any action \"out\"\n"
		"match from local \\\n for any action \"out\" # from any\n" } }, false,
	  { { STRANGER, "", 'n' }, { "127.0.0.1", "", 'y', CONF, 7 } } },
	{ "an include", { { CONF, HEAD "include \"/etc/smtpd.d/more\"\n" },
		{ "/etc/smtpd.d/more", "\nmatch from any for any action \"out\"\n" } }, true,
	  { { STRANGER, "", 'y', "/etc/smtpd.d/more", 2 } } },
	{ "from socket", { { CONF, HEAD "match from socket for any action \"out\"\n" } }, false,
	  { { "127.0.0.1", "", 'n' } } },
	{ "a tag", { { CONF, "listen on all tag IN\naction \"out\" relay\n"
		"match tag OUT from any for any action \"out\"\n" } }, false, { { 0 } } },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_reading(&rows[i], audit_read_opensmtpd, CONF);
}

static void test_endless(void **state)
{
	(void)state;
	struct memory_file list[] = { { CONF, "include \"" CONF "\"\ninclude \"" CONF "\"\n" }, { 0 } };
	struct audit_files files = { memory_read, memory_list, list };
	struct arena a = { 0 };
	struct audit_reading r;
	assert_int_equal(audit_read_opensmtpd(&files, CONF, &a, &r), ERR_OK);
	assert_true(r.unread_n > 0);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_endless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
