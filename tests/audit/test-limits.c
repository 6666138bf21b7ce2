/* SPDX-License-Identifier: ISC
 *
 * What is above a limit is said to be cut wherever it may be a relay; what is long and harmless is
 * not.
 */
#include "test.h"

#include "memory-files.h"

#include "audit/config.h"
#include "audit/facts.h"

#define MAIN "/etc/postfix/main.cf"
#define MASTER "/etc/postfix/master.cf"

/* `line` so many times, "%u" in it a number; between `head` and `tail`. */
struct long_text {
	const char *head, *line, *tail;
	unsigned times;
};

static const char *long_text(const struct long_text *t, struct arena *a)
{
	struct buf b = { 0 };
	buf_add_cstr(&b, t->head ? t->head : "");
	for (unsigned i = 0; i < t->times; i++)
		for (const char *c = t->line; *c; c++)
			if (*c == '#')
				buf_printf(&b, "%u.%u", i / 250 % 250, i % 250);
			else
				buf_add_byte(&b, *c);
	buf_add_cstr(&b, t->tail ? t->tail : "");
	const char *text = arena_strdup(a, buf_str(&b));
	buf_fini(&b);
	return text;
}

static const struct {
	const char *title;
	enum mta mta;
	bool cut;
	struct { const char *name; struct long_text text; } files[3];
} rows[] = {
	{ "Postfix, a few networks", MTA_POSTFIX, false,
	  { { MAIN, { "mynetworks = ", "10.0.# ", "\n", 50 } },
	    { MASTER, { "smtp inet n - y - - smtpd\n", "", "", 0 } } } },
	{ "Postfix, networks", MTA_POSTFIX, true,
	  { { MAIN, { "mynetworks = ", "10.0.# ", "\n", 4100 } },
	    { MASTER, { "smtp inet n - y - - smtpd\n", "", "", 0 } } } },
	{ "Postfix, networks that may relay", MTA_POSTFIX, true,
	  { { MAIN, { "mynetworks = ", "10.0.# ", "\n", 1100 } },
	    { MASTER, { "smtp inet n - y - - smtpd\n", "", "", 0 } } } },
	{ "Postfix, clients", MTA_POSTFIX, true,
	  { { MAIN, { "smtpd_relay_restrictions = check_client_access cidr:/c, reject\n", "", "", 0 } },
	    { MASTER, { "smtp inet n - y - - smtpd\n", "", "", 0 } },
	    { "/c", { "", "10.0.# OK\n", "", 1100 } } } },
	{ "Postfix, clients whom nobody wants", MTA_POSTFIX, false,
	  { { MAIN, { "mynetworks = 127.0.0.1\nsmtpd_relay_restrictions = check_client_access cidr:/c, "
	              "permit_mynetworks, reject\n", "", "", 0 } },
	    { MASTER, { "smtp inet n - y - - smtpd\n", "", "", 0 } },
	    { "/c", { "", "10.0.# REJECT no\n", "", 5000 } } } },
	{ "Postfix, a long table of users", MTA_POSTFIX, false,
	  { { MAIN, { "mynetworks = 127.0.0.1\nvirtual_alias_domains = hash:/v\n", "", "", 0 } },
	    { MASTER, { "smtp inet n - y - - smtpd\n", "", "", 0 } },
	    { "/v", { "", "user#@a.example x\n", "", 60000 } } } },
	{ "Postfix, services", MTA_POSTFIX, true,
	  { { MAIN, { "mynetworks = 127.0.0.1\n", "", "", 0 } },
	    { MASTER, { "", "10.0.#:25 inet n - y - - smtpd\n", "", 120 } } } },
	{ "Exim, lines", MTA_EXIM, true,
	  { { "/etc/exim4/exim4.conf", { "", "hostlist a# = 10.0.0.1\n", "acl_smtp_rcpt = a\nbegin acl\na:\n"
	      "  deny\n", 25000 } } } },
	{ "Exim, a long line", MTA_EXIM, true,
	  { { "/etc/exim4/exim4.conf", { "hostlist a = ", "10.0.# : ", "\nacl_smtp_rcpt = a\nbegin acl\na:\n"
	      "  deny\n", 9000 } } } },
	{ "Sendmail, a long line", MTA_SENDMAIL, true,
	  { { "/etc/mail/sendmail.cf", { "O DaemonPortOptions=", "Name=#,", "\n", 9000 } } } },
	{ "OpenSMTPD, macros", MTA_OPENSMTPD, true,
	  { { "/etc/smtpd.conf", { "", "m# = x\n", "listen on lo\n", 1100 } } } },
};

static void readings_say_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct memory_file all[4] = { 0 };
		struct audit_files files = { memory_read, memory_list, all };
		struct audit_config *config;
		for (size_t k = 0; k < 3 && rows[i].files[k].name; k++)
			all[k] = (struct memory_file){ rows[i].files[k].name,
			                               long_text(&rows[i].files[k].text, &a) };
		const struct audit_config_given given = { .mta = rows[i].mta,
		                                          .hostname = "mx.example.org" };
		assert_int_equal(audit_config_read(&files, &given, &a, &config), ERR_OK);
		if (audit_config_reading(config)->cut != rows[i].cut)
			fail_msg("%s: expected it %scut", rows[i].title, rows[i].cut ? "" : "not ");
		arena_fini(&a);
	}
}

static void rules_say_it(void **state)
{
	(void)state;
	static const struct { struct long_text text; bool cut; } rules[] = {
		{ { "*nat\n:PREROUTING ACCEPT [0:0]\n", "-A PREROUTING -p tcp --dport 80 -j DNAT "
		    "--to-destination 10.0.#\n", "COMMIT\n", 1000 }, false },
		{ { "*nat\n:PREROUTING ACCEPT [0:0]\n", "-A PREROUTING -p tcp --dport 80 -j DNAT "
		    "--to-destination 10.0.#\n", "COMMIT\n", 60000 }, true },
		{ { "*nat\n-A PREROUTING ", "-m comment ", "-p tcp --dport 25 -j DNAT --to-destination "
		    "10.0.0.9\nCOMMIT\n", 300 }, true },
		{ { "*nat\n-A PREROUTING ", "--comment xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ", "-p tcp "
		    "--dport 25 -j DNAT --to-destination 10.0.0.9\nCOMMIT\n", 2000 }, true },
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct arena a = { 0 };
		struct facts f;
		facts_begin(&f, &a);
		int err = facts_parse_iptables(&f, 4, str_of(long_text(&rules[i].text, &a)));
		assert_int_equal(err == ERR_LIMIT || f.cut, rules[i].cut);
		arena_fini(&a);
	}
}

/* A program that passes on so many ports that some of them are not seen. */
static void programs_say_it(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	struct buf command = { 0 };
	buf_add(&command, "rootlesskit", sizeof("rootlesskit"));
	for (int i = 0; i < 200; i++) {
		buf_add(&command, "-p", sizeof("-p"));
		buf_printf(&command, "%d:25/tcp", 1000 + i);
		buf_add_byte(&command, '\0');
	}
	facts_begin(&f, &a);
	assert_true(facts_add_process(&f, 7, buf_str(&command), STR("")));
	assert_true(f.cut);
	buf_fini(&command);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_say_it),
		cmocka_unit_test(rules_say_it),
		cmocka_unit_test(programs_say_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
