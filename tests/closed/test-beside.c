/* SPDX-License-Identifier: ISC
 *
 * The configuration of a Postfix beside another.
 */
#include "test.h"

#include "closed/beside-config.h"

#include <stdlib.h>

#define NOTHING "check_client_access,static:DUNNO"

static void whom_it_asks_is_nobody(void **state)
{
	(void)state;
	static const struct {
		const char *was, *becomes;
	} rows[] = {
		{ "a = b\n", "a = b\n" },
		{ "# c\n\nqueue_directory = /x\nmaillog_file=/y,\n  /z\na = b\n", "a = b\n" },
		{ "r = check_policy_service inet:127.0.0.1:10023, permit\n",
		  "r = check_policy_service,unix:none, permit\n" },
		{ "r = check_policy_service\n  unix:private/p\n  permit",
		  "r = check_policy_service,unix:none\n  permit" },
		{ "r = check_policy_service {inet:h:1, timeout=2s}, check_policy_service,unix:x",
		  "r = check_policy_service,unix:none, check_policy_service,unix:none" },
		{ "check_policy_service", "check_policy_service" },
		{ "r = check_policy_service { x", "r = check_policy_service,unix:none" },
		{ "r = reject_unknown_sender_domain", "r = " NOTHING },
		{ "r = warn_if_reject reject_unknown_client_hostname, permit",
		  "r = warn_if_reject " NOTHING ", permit" },
		{ "r=Reject_RBL_client zen.example=127.0.0.2,reject_rhsbl_sender {a b} x",
		  "r=" NOTHING "," NOTHING " x" },
		{ "r = reject_rhsbl_reverse_client\n  d.example\n", "r = " NOTHING "\n" },
		{ "r = {reject_unverified_sender}", "r = {" NOTHING "}" },
		{ "my_reject_unknown_client = x", "my_reject_unknown_client = x" },
		{ "reject_unknown_sender_domain_x-y = x", "reject_unknown_sender_domain_x-y = x" },
		{ "r = reject_rbl_client", "r = reject_rbl_client" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };
		beside_main(str_of(rows[i].was), "/tmp/x", &out);
		assert_true(str_prefix(buf_str(&out), str_of(rows[i].becomes)));
		assert_int_equal(out.p[strlen(rows[i].becomes)], '\n');
		/* The last counts. */
		assert_true(str_search(buf_str(&out), STR("\nqueue_directory = /tmp/x/spool\n")) !=
		            SIZE_MAX);
		/* Nobody is there for whose word each message would be held up by a second. */
		assert_true(str_search(buf_str(&out), STR("\nin_flow_delay = 0\n")) != SIZE_MAX);
		buf_fini(&out);
	}
}

static void services_get_ports_of_loopback(void **state)
{
	(void)state;
	static const char master[] =
		"# comment\n smtp inet n - y - - nothing\n"
		"smtp      inet  n       -       y       -       1       postscreen\n"
		"smtpd     pass  -       -       y       -       -       smtpd\n"
		"10.0.0.1:587 inet n - y - - smtpd\n  -o a=b\n# between\n  -o c=d\n\n"
		"pickup unix n - y 60 1 pickup\nsmtp unix - - y - - smtp\nshort inet n\n"
		"x inet n - y - - smtpd -o r=check_policy_service,inet:h:1";
	static const uint16_t ports[] = { 2001, 2002, 2003, 2004 };
	struct beside_service services[4];
	struct buf out = { 0 };
	assert_int_equal(beside_master(STR(master), ports, 4, services, &out), 3);
	assert_string_equal(services[0].name, "smtpd");
	assert_string_equal(services[1].name, "10.0.0.1:587");
	assert_string_equal(services[2].name, "x");
	assert_int_equal(services[2].port, 2003);
	static const char *const has[] = {
		"127.0.0.1:2001 inet n - n - - smtpd -o smtpd_authorized_xclient_hosts=127.0.0.1 ",
		"127.0.0.1:2002 inet n - n - - smtpd -o a=b -o c=d -o smtpd_authorized_xclient_hosts",
		"smtpd -o r=check_policy_service,unix:none -o smtpd_auth", "\ncleanup unix ",
	};
	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		assert_true(str_search(buf_str(&out), str_of(has[i])) != SIZE_MAX);
	static const char *const lacks[] = { "pickup", "qmgr", " smtp\n", "postscreen", "local" };
	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
		assert_true(str_search(buf_str(&out), str_of(lacks[i])) == SIZE_MAX);
	buf_clear(&out);
	assert_int_equal(beside_master(STR(master), ports, 1, services, &out), 1);
	buf_fini(&out);
}

static void what_refuses_by_names_is_known(void **state)
{
	(void)state;
	assert_true(beside_asks_names(STR("a = b\nr = permit,\n reject_unknown_client\n")));
	assert_true(beside_asks_names(STR("x inet n - y - - smtpd -o r=reject_rbl_client,d")));
	assert_false(beside_asks_names(STR("# reject_unknown_client\nr = reject_unlisted_sender, "
	                                   "check_policy_service inet:h:1\n")));
}

static void what_goes_by_the_connection_is_refused(void **state)
{
	(void)state;
	assert_true(beside_hides(STR("a = b\nr = permit_mynetworks,\n  permit_inet_interfaces\n")));
	assert_false(beside_hides(STR("# permit_inet_interfaces\nr = permit_mynetworks\n")));
	assert_false(beside_hides(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_it_asks_is_nobody),
		cmocka_unit_test(services_get_ports_of_loopback),
		cmocka_unit_test(what_refuses_by_names_is_known),
		cmocka_unit_test(what_goes_by_the_connection_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
