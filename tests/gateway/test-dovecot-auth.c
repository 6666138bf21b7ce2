/* SPDX-License-Identifier: ISC
 *
 * What is said at Dovecot's auth socket, and what is heard.
 */
#include "gateway/dovecot-auth.h"

#include "test.h"

static struct dovecot_reply hear(struct dovecot_auth *d, const char *line)
{
	return dovecot_auth_read(d, str_of(line));
}

static struct dovecot_auth greeted(void)
{
	static const char *const lines[] = {
		"VERSION\t1\t2", "MECH\tPLAIN\tplaintext", "MECH\tLOGIN\tplaintext", "SPID\t2413",
		"CUID\t1", "COOKIE\tbfd4d2bf", "SOMETHING\tnew",
	};
	struct dovecot_auth d = { 0 };
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(hear(&d, lines[i]).said, DOVECOT_NOTHING);
	assert_int_equal(hear(&d, "DONE").said, DOVECOT_READY);
	return d;
}

static void said(void **unused)
{
	(void)unused;
	struct buf out = { 0 };
	struct ip peer, none = { 0 };
	assert_int_equal(ip_parse(STR("2001:db8::1"), &peer, NULL), ERR_OK);
	dovecot_auth_hello(7, &out);
	assert_string_equal(buf_cstr(&out), "VERSION\t1\t1\nCPID\t7\n");
	buf_clear(&out);
	assert_int_equal(dovecot_auth_ask(3, STR("ann"), STR("p\tw\n"), &peer, &out), ERR_OK);
	assert_string_equal(buf_cstr(&out), "AUTH\t3\tPLAIN\tservice=smtp\tsecured\tnologin\t"
	                    "rip=2001:db8::1\tresp=AGFubgBwCXcK\n");
	buf_clear(&out);
	assert_int_equal(dovecot_auth_ask(4, STR("a\nAUTH"), STR("x"), &none, &out), ERR_OK);
	assert_string_equal(buf_cstr(&out), "AUTH\t4\tPLAIN\tservice=smtp\tsecured\tnologin\t"
	                    "resp=AGEKQVVUSAB4\n");
	buf_clear(&out);
	char endless[5000];
	memset(endless, 'a', sizeof(endless));
	assert_int_equal(dovecot_auth_ask(5, (struct str){ "a\0b", 3 }, STR("x"), &none, &out),
	                 ERR_INVALID);
	assert_int_equal(dovecot_auth_ask(5, STR("x"), (struct str){ "a\0b", 3 }, &none, &out),
	                 ERR_INVALID);
	assert_int_equal(dovecot_auth_ask(5, STR(""), STR("x"), &none, &out), ERR_INVALID);
	assert_int_equal(dovecot_auth_ask(5, STR("x"), STR(""), &none, &out), ERR_INVALID);
	assert_int_equal(dovecot_auth_ask(5, STR("x"), (struct str){ endless, sizeof(endless) },
	                                  &none, &out), ERR_LIMIT);
	assert_int_equal(out.n, 0);
	buf_fini(&out);
}

static void heard(void **unused)
{
	(void)unused;
	static const struct {
		const char *line;
		enum dovecot_said said;
		uint32_t id;
		const char *user;
	} rows[] = {
		{ "OK\t1\tuser=ann@example.org\tnologin", DOVECOT_YES, 1, "ann@example.org" },
		{ "OK\t4294967295\tx\tuser=ann", DOVECOT_YES, 4294967295, "ann" },
		{ "OK\t2", DOVECOT_YES, 2, "" },
		{ "OK\t2\tuser=", DOVECOT_YES, 2, "" },
		{ "FAIL\t3\tuser=ann", DOVECOT_NO, 3, "" },
		{ "FAIL\t3", DOVECOT_NO, 3, "" },
		{ "FAIL\t3\tuser=temp\treason=temp", DOVECOT_NO, 3, "" },
		{ "FAIL\t3\tuser=ann\ttemp", DOVECOT_LATER, 3, "" },
		{ "FAIL\t3\tcode=temp_fail\ttemp\t", DOVECOT_LATER, 3, "" },
		{ "CONT\t3\tabc=", DOVECOT_LATER, 3, "" },
		{ "OK", DOVECOT_WRONG, 0, "" },
		{ "OK\t", DOVECOT_WRONG, 0, "" },
		{ "OK\t-1", DOVECOT_WRONG, 0, "" },
		{ "OK\t4294967296", DOVECOT_WRONG, 0, "" },
		{ "OK 1 user=ann", DOVECOT_NOTHING, 0, "" },
		{ "OKAY\t1\tuser=ann", DOVECOT_NOTHING, 0, "" },
		{ "ok\t1\tuser=ann", DOVECOT_NOTHING, 0, "" },
		{ "", DOVECOT_WRONG, 0, "" },
		{ "\t", DOVECOT_NOTHING, 0, "" },
	};
	struct dovecot_auth d = greeted();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dovecot_reply reply = hear(&d, rows[i].line);
		if (reply.said != rows[i].said || reply.id != rows[i].id ||
		    !str_eq(reply.user, str_of(rows[i].user)))
			fail_msg("%s: %d", rows[i].line, reply.said);
	}
	assert_int_equal(dovecot_auth_read(&d, (struct str){ "OK\t1\0", 5 }).said, DOVECOT_WRONG);
	char endless[DOVECOT_LINE_MAX + 1];
	memset(endless, 'a', sizeof(endless));
	assert_int_equal(dovecot_auth_read(&d, (struct str){ endless, sizeof(endless) }).said,
	                 DOVECOT_WRONG);
}

/* No answer counts before the greeting has ended, and no other greeting. */
static void not_greeted(void **unused)
{
	(void)unused;
	struct dovecot_auth d = { 0 };
	assert_int_equal(hear(&d, "OK\t1\tuser=ann").said, DOVECOT_NOTHING);
	assert_int_equal(hear(&d, "DONE").said, DOVECOT_WRONG);
	d = (struct dovecot_auth){ 0 };
	assert_int_equal(hear(&d, "VERSION\t2\t0").said, DOVECOT_WRONG);
	assert_int_equal(hear(&d, "VERSION").said, DOVECOT_WRONG);
	d = (struct dovecot_auth){ 0 };
	assert_int_equal(hear(&d, "VERSION\t1\t1").said, DOVECOT_NOTHING);
	assert_int_equal(hear(&d, "MECH\tLOGIN").said, DOVECOT_NOTHING);
	assert_int_equal(hear(&d, "DONE").said, DOVECOT_WRONG);      /* it has no PLAIN */
	assert_int_equal(hear(&d, "OK\t1\tuser=ann").said, DOVECOT_NOTHING);
	d = (struct dovecot_auth){ 0 };
	assert_int_equal(hear(&d, "220 mail.example.org ESMTP").said, DOVECOT_NOTHING);
	assert_int_equal(hear(&d, "DONE").said, DOVECOT_WRONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(said), cmocka_unit_test(heard), cmocka_unit_test(not_greeted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
