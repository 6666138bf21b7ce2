/* SPDX-License-Identifier: ISC
 *
 * Two configurations, and who may relay by the one and not by the other.
 */
#include "test.h"

#include "host.h"
#include "memory-files.h"

#include "audit/diff.h"

#define MAIN "/etc/postfix/main.cf"
#define MASTER "/etc/postfix/master.cf"
#define SMTP "smtp inet n - y - - smtpd\n"
#define NEW "compatibility_level = 3.6\nmynetworks = 127.0.0.0/8"
#define GUARD ", reject_unauth_destination\n"
#define RELAY "\nsmtpd_relay_restrictions = permit_mynetworks"
#define CONF "/etc/smtpd.conf"
#define EXIM "/etc/exim4/exim4.conf"
#define HEAD "action a relay\nlisten on all\n"

/* Rows as "+ range 10.0.0.0/8 25 +s no>yes main.cf:2": it widens for who comes from there and shows
 * a sender; the line is that which permits. */
static const struct {
	const char *title;
	enum mta mta;
	struct memory_file old[4], new_[4];
	const char *rows;
} rows[] = {
	{ "the same", MTA_POSTFIX, { { MAIN, NEW " 10.0.0.0/8\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW ",10.0.0.0/8\n" }, { MASTER, SMTP } }, "" },
	{ "a range more, a range less", MTA_POSTFIX,
	  { { MAIN, NEW " 10.0.0.0/8\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW " 192.168.0.0/16\n" }, { MASTER, SMTP } },
	  "+ range 192.168.0.0/16 25 no>yes main.cf:2\n- range 10.0.0.0/8 25 yes>no main.cf:2\n" },
	{ "to the whole world", MTA_POSTFIX, { { MAIN, NEW "\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW " 0.0.0.0/0\n" }, { MASTER, SMTP } },
	  "+ stranger4 0.0.0.0/0 25 no>yes main.cf:2\n" },
	{ "but one's own network is left out", MTA_POSTFIX, { { MAIN, NEW "\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW " !192.0.2.0/24 0.0.0.0/0\n" }, { MASTER, SMTP } },
	  "+ stranger4 0.0.0.0/0 25 no>yes main.cf:2\n" },
	{ "an exclusion is gone", MTA_POSTFIX,
	  { { MAIN, NEW " !10.1.0.0/16 10.0.0.0/8\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW " 10.0.0.0/8\n" }, { MASTER, SMTP } },
	  "+ range 10.1.0.0/16 25 no>yes main.cf:2\n" },
	{ "the style of networks", MTA_POSTFIX,
	  { { MAIN, "compatibility_level = 3.6\n" }, { MASTER, SMTP } },
	  { { MAIN, "compatibility_level = 3.6\nmynetworks_style = subnet\n" }, { MASTER, SMTP } },
	  "+ loopback 127.0.0.0/8 25 no>yes main.cf:2\n"
	  "+ neighbour 172.18.0.0/16 25 no>yes main.cf:2\n"
	  "+ neighbour 192.0.2.0/24 25 no>yes main.cf:2\n" },
	{ "a line in a table, octets", MTA_POSTFIX,
	  { { MAIN, NEW RELAY ", check_client_access hash:/t" GUARD }, { MASTER, SMTP },
	    { "/t", "10.1 REJECT\n" } },
	  { { MAIN, NEW RELAY ", check_client_access hash:/t" GUARD }, { MASTER, SMTP },
	    { "/t", "10.1 OK\nfriend.example OK\n" } },
	  "+ stranger4 0.0.0.0/0 25 +n no>yes t:2\n+ range 10.1.0.0/16 25 no>yes t:1\n"
	  "+ stranger6 ::/0 25 +n no>yes t:2\n" },
	{ "senders, backup MX", MTA_POSTFIX, { { MAIN, NEW RELAY GUARD }, { MASTER, SMTP } },
	  { { MAIN, NEW RELAY ", permit_mx_backup, check_sender_access hash:/t" GUARD },
	    { MASTER, SMTP }, { "/t", "x@y OK\n" } },
	  "+ stranger4 0.0.0.0/0 25 +s no>yes t:1\n+ stranger4 0.0.0.0/0 25 +r no>some main.cf:3\n"
	  "+ stranger4 0.0.0.0/0 25 +m no>some main.cf:3\n"
	  "+ stranger6 ::/0 25 +s no>yes t:1\n+ stranger6 ::/0 25 +r no>some main.cf:3\n"
	  "+ stranger6 ::/0 25 +m no>some main.cf:3\n" },
	{ "a port more, open", MTA_POSTFIX, { { MAIN, NEW "\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW "\n" }, { MASTER, SMTP "2525 inet n - y - - smtpd\n"
	      " -o smtpd_relay_restrictions=check_helo_access,static:OK,reject\n" } },
	  "+ stranger4 0.0.0.0/0 2525 no>yes master.cf:2\n"
	  "+ stranger6 ::/0 2525 no>yes master.cf:2\n" },
	{ "it listened on loopback alone", MTA_POSTFIX,
	  { { MAIN, NEW " 10.0.0.0/8\n" }, { MASTER, "127.0.0.1:25 inet n - y - - smtpd\n" } },
	  { { MAIN, NEW " 10.0.0.0/8\n" }, { MASTER, SMTP } },
	  "+ range 10.0.0.0/8 25 no>yes main.cf:2\n" },
	{ "no master.cf's services in either", MTA_POSTFIX, { { MAIN, NEW "\n" }, { MASTER, "" } },
	  { { MAIN, NEW " 10.0.0.0/8\n" }, { MASTER, "" } },
	  "+ range 10.0.0.0/8 0 no>yes main.cf:2\n" },
	{ "a host may say for whom it stands", MTA_POSTFIX, { { MAIN, NEW "\n" }, { MASTER, SMTP } },
	  { { MAIN, NEW "\nsmtpd_authorized_xclient_hosts = 198.51.100.0/24\n" }, { MASTER, SMTP } },
	  "+ range 198.51.100.0/24 25 no>yes main.cf:3\n" },
	{ "what could not be known", MTA_POSTFIX, { { MAIN, NEW RELAY GUARD }, { MASTER, SMTP } },
	  { { MAIN, NEW RELAY ", check_policy_service unix:p" GUARD }, { MASTER, SMTP } },
	  "+ stranger4 0.0.0.0/0 25 no>perhaps main.cf:3\n"
	  "+ stranger6 ::/0 25 no>perhaps main.cf:3\n" },
	{ "OpenSMTPD, from any", MTA_OPENSMTPD, { { CONF, HEAD "match from local for any action a\n" } },
	  { { CONF, HEAD "match from any for any action a\n" } },
	  "+ stranger4 0.0.0.0/0 25 no>yes smtpd.conf:3\n+ stranger6 ::/0 25 no>yes smtpd.conf:3\n" },
	{ "OpenSMTPD, both needed", MTA_OPENSMTPD, { { CONF, HEAD } },
	  { { CONF, HEAD "match tls from any helo x for any action a\n" } },
	  "+ stranger4 0.0.0.0/0 25 +ht no>yes smtpd.conf:3\n"
	  "+ stranger6 ::/0 25 +ht no>yes smtpd.conf:3\n" },
	{ "OpenSMTPD, own addresses no more", MTA_OPENSMTPD,
	  { { CONF, HEAD "match from local for any action a\n" } }, { { CONF, HEAD } },
	  "- loopback 127.0.0.0/8 25 yes>no smtpd.conf:3\n- gateway 172.18.0.1 25 yes>no smtpd.conf:3\n"
	  "- own 192.0.2.2 25 yes>no smtpd.conf:3\n- loopback ::1 25 yes>no smtpd.conf:3\n" },
	{ "Exim, hosts", MTA_EXIM,
	  { { EXIM, "acl_smtp_rcpt = a\nbegin acl\na:\n accept hosts = 10.0.0.0/8\n" } },
	  { { EXIM, "acl_smtp_rcpt = a\nbegin acl\na:\n accept hosts = !10.9.0.0/16 : 10.0.0.0/7\n"
	      " accept verify = certificate\n" } },
	  "+ stranger4 0.0.0.0/0 25 +tc no>yes exim4.conf:5\n"
	  "+ range 10.0.0.0/7 25 no>yes exim4.conf:4\n+ stranger6 ::/0 25 +tc no>yes exim4.conf:5\n"
	  "- range 10.9.0.0/16 25 yes>no exim4.conf:4\n" },
	{ "Exim, everybody but one: the list ends with a \"not\"", MTA_EXIM,
	  { { EXIM, "acl_smtp_rcpt = a\nbegin acl\na:\n accept hosts = 10.0.0.0/8\n" } },
	  { { EXIM, "acl_smtp_rcpt = a\nbegin acl\na:\n accept hosts = 10.0.0.0/8 : !10.9.0.0/16\n" } },
	  "+ stranger4 0.0.0.0/0 25 no>yes exim4.conf:4\n+ stranger6 ::/0 25 no>yes exim4.conf:4\n" },
	{ "Sendmail", MTA_SENDMAIL,
	  { { "/etc/mail/sendmail.mc", "FEATURE(`access_db')dnl\n" },
	    { "/etc/mail/access", "Connect:10 RELAY\n" } },
	  { { "/etc/mail/sendmail.mc", "FEATURE(`access_db')dnl\n" },
	    { "/etc/mail/access", "Connect:10 RELAY\nConnect:10.1 REJECT\nConnect:x.example RELAY\n" } },
	  "+ stranger4 0.0.0.0/0 25 +n no>yes access:3\n+ stranger4 0.0.0.0/0 587 +n no>yes access:3\n"
	  "+ stranger6 ::/0 25 +n no>yes access:3\n+ stranger6 ::/0 587 +n no>yes access:3\n"
	  "- range 10.1.0.0/16 25 yes>no access:1\n- range 10.1.0.0/16 587 yes>no access:1\n" },
};

static struct audit_config *config_of(enum mta mta, const struct memory_file *list,
                                      const struct facts *facts, struct arena *a)
{
	struct audit_config *config;
	const struct audit_files files = { memory_read, memory_list, (void *)list };
	const struct audit_config_given given = { mta, NULL, "mx.example.org", "3.7.11", facts };
	assert_int_equal(audit_config_read(&files, &given, a, &config), ERR_OK);
	return config;
}

static void write_shows(unsigned shows, struct buf *out)
{
	static const char letters[] = "nhstclrm";
	if (shows)
		buf_add_cstr(out, " +");
	for (size_t i = 0; i < 8; i++)
		if (shows & (1u << i))
			buf_add_byte(out, letters[i]);
}

static const char *answer_name(const struct audit_why *why)
{
	static const char *const answers[] = { "no", "yes", "perhaps" };
	return why->some ? "some" : answers[why->answer];
}

static void write_row(const struct audit_diff_row *row, struct buf *out)
{
	char network[PREFIX_TEXT_MAX];
	const struct audit_why *why = row->widens ? &row->is : &row->was;
	buf_printf(out, "%c %s %s %u", row->widens ? '+' : '-', audit_asker_name(&row->client),
	           prefix_format(&row->client.network, network), row->port);
	write_shows(row->shows, out);
	buf_printf(out, " %s>%s", answer_name(&row->was), answer_name(&row->is));
	assert_true(why->by_n > 0);
	const char *slash = strrchr(why->by[0].place.file, '/');
	buf_printf(out, " %s:%u\n", slash ? slash + 1 : "", why->by[0].place.line);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct facts facts;
		struct audit_diff diff;
		struct buf found = { 0 };
		host_build(&facts, &a, "lo loopback 127.0.0.1/8 ::1/128\n"
		           "eth0 ethernet 192.0.2.2/24\ndocker0 bridge 172.18.0.1/16\n"
		           "default eth0 192.0.2.1\n");
		struct audit_config *old = config_of(rows[i].mta, rows[i].old, &facts, &a);
		struct audit_config *new_ = config_of(rows[i].mta, rows[i].new_, &facts, &a);
		assert_int_equal(audit_diff(old, new_, &facts, &a, &diff), ERR_OK);
		for (size_t k = 0; k < diff.row_n; k++)
			write_row(&diff.rows[k], &found);
		assert_int_equal(diff.row_n, diff.widened + diff.narrowed);
		if (strcmp(buf_cstr(&found), rows[i].rows))
			fail_msg("%s: found\n%s", rows[i].title, buf_cstr(&found));
		buf_fini(&found);
		arena_fini(&a);
	}
}

static uint32_t drawn;

static unsigned draw(unsigned below)
{
	drawn = drawn * 1664525 + 1013904223;
	return (drawn >> 16) % below;
}

/* Ranges within 10.0.0.0/24, some excluded, in a table or not. */
static const char *draw_networks(struct arena *a)
{
	const char *text = NEW;
	for (unsigned n = draw(6); n > 0; n--) {
		const unsigned len = 24 + draw(9), at = draw(256) >> (32 - len) << (32 - len);
		text = arena_printf(a, "%s %s10.0.0.%u/%u", text, draw(3) ? "" : "!", at, len);
	}
	return arena_printf(a, "%s\n", text);
}

static bool is_told(const struct audit_diff *diff, const struct ip *ip, bool widens)
{
	for (size_t i = 0; i < diff->row_n; i++)
		if (diff->rows[i].widens == widens && !diff->rows[i].shows
		    && prefix_contains(&diff->rows[i].client.network, ip))
			return true;
	return false;
}

/* Each address whose answer changes is in a row that says so. */
static void test_whole(void **state)
{
	(void)state;
	drawn = 1;
	for (int round = 0; round < 60; round++) {
		struct arena a = { 0 };
		struct facts facts;
		struct audit_diff diff;
		facts_begin(&facts, &a);
		const struct memory_file was[] = { { MAIN, draw_networks(&a) },
		                                   { MASTER, SMTP }, { 0 } };
		const struct memory_file is[] = { { MAIN, draw_networks(&a) },
		                                  { MASTER, SMTP }, { 0 } };
		struct audit_config *old = config_of(MTA_POSTFIX, was, &facts, &a);
		struct audit_config *new_ = config_of(MTA_POSTFIX, is, &facts, &a);
		assert_int_equal(audit_diff(old, new_, &facts, &a, &diff), ERR_OK);
		for (uint8_t last = 0; last < 255; last++) {
			struct audit_client client = { .ip = ip_from_v4(10, 0, 0, last) };
			struct audit_why before, after;
			audit_config_explain(old, &client, &before);
			audit_config_explain(new_, &client, &after);
			if (before.answer != after.answer
			    && !is_told(&diff, &client.ip, after.answer == AUDIT_YES))
				fail_msg("10.0.0.%u:\n%s%s", last, was[0].text, is[0].text);
		}
		arena_fini(&a);
	}
}

/* More ranges than are compared: that is said, in bounded time. */
static void test_many(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts facts;
	struct audit_diff diff;
	struct buf table = { 0 };
	facts_begin(&facts, &a);
	for (unsigned i = 0; i < 6000; i++)
		buf_printf(&table, "10.%u.%u.0/24 OK\n", i / 200, i % 200);
	const struct memory_file was[] = { { MAIN, NEW RELAY GUARD }, { MASTER, SMTP }, { 0 } };
	const struct memory_file is[] = { { MAIN, NEW RELAY ", check_client_access cidr:/t" GUARD },
	                                  { MASTER, SMTP }, { "/t", buf_cstr(&table) }, { 0 } };
	struct audit_config *old = config_of(MTA_POSTFIX, was, &facts, &a);
	struct audit_config *new_ = config_of(MTA_POSTFIX, is, &facts, &a);
	assert_int_equal(audit_diff(old, new_, &facts, &a, &diff), ERR_LIMIT);
	assert_int_equal(diff.row_n, AUDIT_DIFF_ROWS_MAX);
	assert_true(diff.widened > diff.row_n);
	buf_fini(&table);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
