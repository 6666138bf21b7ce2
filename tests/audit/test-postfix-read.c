/* SPDX-License-Identifier: ISC
 * What is read from Postfix's files: values, services, ports, networks, tables.
 */
#include "test.h"

#include "postfix-files.h"

/* Each as postconf -x of Postfix 3.7 answers it. */
static const struct { const char *name, *main, *value; } values[] = {
	{ "continued over comments", "a = x\n  # c\n  y\n# c\n\n  z\n", "x y z" },
	{ "last wins", "a = 1\na = 2\n", "2" },
	{ "empty", "a =\n", "" },
	{ "name", "b = x\na = $b.c ${b}d $(b)e\n", "x.c xd xe" },
	{ "dollar", "a = $$b\n", "$b" },
	{ "undefined", "a = -$nope-\n", "--" },
	{ "if set", "b = x\na = ${b?yes $b}\n", "yes x" },
	{ "if set, not", "a = -${b?yes}-\n", "--" },
	{ "if unset", "a = ${b:no}\n", "no" },
	{ "if unset, not", "b = x\na = -${b:no}-\n", "--" },
	{ "braces", "b = x\na = ${b?{ in }}-\n", "in-" },
	{ "both", "b = x\na = ${b?{yes}:{no}} ${c?{yes}:{no}}\n", "yes no" },
	{ "level below", "compatibility_level = 3.6\n"
	  "a = ${{$compatibility_level} <level {3.7} ? {lt} : {ge}}\n",
	  "lt" },
	{ "level at", "compatibility_level = 3.10\n"
	  "a = ${{$compatibility_level} <level {3.9} ? {lt} : {ge}}\n",
	  "ge" },
	{ "equal texts", "b = v\na = ${{$b} == {v} ? {same} : {other}}\n", "same" },
	{ "numbers", "a = ${{10} > {9} ? {more} : {less}}\n", "more" },
	{ "circle", "a = x$a\n", NULL },
	{ "never closed", "a = x ${b\n", "x" },
	{ "circle of two", "a = $b\nb = $a\n", "" },
	{ "default of the machine", "a = $mydomain\n", "example.org" },
	{ "CR LF", "a = 1\r\nb = 2\r\n", "1" },
	{ "no newline at the end", "a = 1", "1" },
	{ "equals in the value", "a = b = c\n", "b = c" },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct arena a = { 0 };
		struct told t = { { { "/etc/postfix/main.cf", values[i].main, 0 },
		                    { "/etc/postfix/master.cf", SMTP, 0 } } };
		struct postfix *p = told_postfix(&t, &a);
		const struct audit_setting *s = postfix_setting(p, "", "a");
		CHECK_ROW(values[i].name, s);
		if (values[i].value && strcmp(s->value, values[i].value) != 0)
			fail_msg("%s: \"%s\"", values[i].name, s->value);
		arena_fini(&a);
	}
}

static const struct {
	const char *name, *main, *parameter, *value;
} defaults[] = {
	{ "old level", "", "smtpd_relay_restrictions", "" },
	{ "level 1", "compatibility_level = 1\n", "smtpd_relay_restrictions",
	  "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination" },
	{ "old style", "compatibility_level = 1\n", "mynetworks_style", "subnet" },
	{ "new style", "compatibility_level = 2\n", "mynetworks_style", "host" },
	{ "old domains", "mydestination = example.org\n", "relay_domains", "example.org" },
	{ "new domains", "compatibility_level = 3.6\n", "relay_domains", "" },
	{ "networks of hosts", "compatibility_level = 2\n", "mynetworks",
	  "127.0.0.1/32 192.0.2.2/32 172.18.0.1/32 [::1]/128 [fd00::2]/128" },
	{ "networks of subnets", "mynetworks_style = subnet\n", "mynetworks",
	  "127.0.0.0/8 192.0.2.0/24 172.18.0.0/16 [::1]/128 [fd00::]/64" },
	{ "networks of classes", "mynetworks_style = class\n", "mynetworks",
	  "127.0.0.0/8 192.0.2.0/24 172.18.0.0/16 [::1]/128 [fd00::]/64" },
	{ "loopback only", "mynetworks_style = subnet\ninet_interfaces = loopback-only\n",
	  "mynetworks", "127.0.0.0/8 [::1]/128" },
	{ "one interface", "mynetworks_style = subnet\ninet_interfaces = 127.0.0.1\n",
	  "mynetworks", "127.0.0.0/8" },
	{ "IPv4 only", "mynetworks_style = host\ninet_protocols = ipv4\n", "mynetworks",
	  "127.0.0.1/32 192.0.2.2/32 172.18.0.1/32" },
	{ "bare newline of 3.7", "", "smtpd_forbid_bare_newline", "no" },
	{ "names", "", "mydestination", "mx.example.org, localhost.example.org, localhost" },
	{ "login", "", "smtpd_sasl_type", "cyrus" },
	{ "routing", "", "allow_untrusted_routing", "no" },
};

static void test_defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		struct arena a = { 0 };
		struct told t = { { { "/etc/postfix/main.cf", defaults[i].main, 0 },
		                    { "/etc/postfix/master.cf", SMTP, 0 } } };
		struct postfix *p = told_postfix(&t, &a);
		const struct audit_setting *s = postfix_setting(p, "", defaults[i].parameter);
		CHECK_ROW(defaults[i].name, s);
		if (strcmp(s->value, defaults[i].value) != 0)
			fail_msg("%s: \"%s\"", defaults[i].name, s->value);
		arena_fini(&a);
	}
}

static const struct {
	const char *name, *master, *address, *service;
	unsigned port, line;
	const char *trace;              /* value of parameter x for it */
	bool tls_first, for_login;
} services[] = {
	{ "smtp", SMTP, NULL, "smtp", 25, 1, "all", false, false },
	{ "number", "2525 inet n - n - - smtpd\n", NULL, "2525", 2525, 1, "all", false, false },
	{ "address", "# c\n\n192.0.2.2:smtp inet n - n - - smtpd\n", "192.0.2.2", "192.0.2.2:smtp", 25, 3,
	  "all", false, false },
	{ "IPv6", "[::1]:587 inet n - n - - smtpd\n", "::1", "[::1]:587", 587, 1, "all", false, false },
	{ "bare IPv6", "::1:587 inet n - n - - smtpd\n", "::1", "::1:587", 587, 1, "all", false, false },
	{ "localhost", "localhost:10025 inet n - n - - smtpd -o x=own\n", "127.0.0.1",
	  "localhost:10025", 10025, 1, "own", false, false },
	{ "options", "smtp inet n - y - - smtpd\n  -o y=1\n # c\n  -o { x = a, b }\n", NULL, "smtp", 25, 1,
	  "a, b", false, false },
	{ "joined option", "smtp inet n - y - - smtpd -ox=own -v\n", NULL, "smtp", 25, 1, "own", false,
	  false },
	{ "last option", "smtp inet n - y - - smtpd -o x=1 -o x=$x2 -o x2=z\n", NULL, "smtp", 25, 1, "z",
	  false, false },
	{ "last service", SMTP "smtp inet n - y - - smtpd -o x=2\n", NULL, "smtp", 25, 2, "2", false,
	  false },
	{ "other services", "smtp unix - - y - - smtp\npickup unix n - y 60 1 pickup\n" SMTP, NULL, "smtp",
	  25, 3, "all", false, false },
	{ "postscreen", "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd -o x=behind\n", NULL,
	  "smtpd", 25, 1, "behind", false, false },
	{ "submissions", "submissions inet n - y - - smtpd\n  -o smtpd_tls_wrappermode=yes\n"
	  "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n",
	  NULL, "submissions", 465, 1, "all", true, true },
	{ "submission as Debian comments it", "submission inet n - y - - smtpd\n"
	  "  -o smtpd_sasl_auth_enable=yes\n"
	  "  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n",
	  NULL, "submission", 587, 1, "all", false, true },
};

static void test_services(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		struct arena a = { 0 };
		struct ip ip = { 0 };
		struct told t = { { { "/etc/postfix/main.cf", PLAIN "x = all\n", 0 },
		                    { "/etc/postfix/master.cf", services[i].master, 0 } } };
		struct postfix *p = told_postfix(&t, &a);
		const struct audit_reading *r = postfix_reading(p);
		const char *name = services[i].name;
		if (services[i].address)
			ip_parse(str_of(services[i].address), &ip, NULL);
		CHECK_ROW(name, r->port_n == 1);
		const struct audit_port *port = &r->ports[0];
		CHECK_ROW(name, port->port == services[i].port);
		CHECK_ROW(name, ip_eq(&port->address, &ip));
		CHECK_ROW(name, !strcmp(port->service, services[i].service));
		CHECK_ROW(name, port->place.line == services[i].line);
		CHECK_ROW(name, port->tls_first == services[i].tls_first);
		CHECK_ROW(name, port->for_login == services[i].for_login);
		CHECK_ROW(name, !strcmp(postfix_setting(p, port->service, "x")->value,
		                        services[i].trace));
		arena_fini(&a);
	}
}

static const struct {
	const char *name, *main, *table, *trusts;       /* "range@line ..." */
} networks[] = {
	{ "list", "mynetworks = 127.0.0.0/8, 10.1.0.0/16 [::1]/128\n", "",
	  "127.0.0.0/8@3 10.1.0.0/16@3 ::1@3 " },
	{ "exclusion", "mynetworks = !10.1.0.1, 10.1.0.0/28\n", "", "10.1.0.0/28@3 " },
	{ "excluded whole", "mynetworks = !10.0.0.0/8, 10.1.0.0/28\n", "", "" },
	{ "excluded too late", "mynetworks = 10.1.0.0/28, !10.0.0.0/8\n", "", "10.1.0.0/28@3 " },
	{ "file", "mynetworks = /t\n", "# c\n10.2.0.0/16\n\n  !10.3.0.1 10.3.0.0/16\n",
	  "10.2.0.0/16@2 10.3.0.0/16@2 " },
	{ "cidr", "mynetworks = cidr:/t\n", "10.2.0.0/16 yes\n2001:db8:1::/48 x\n",
	  "10.2.0.0/16@1 2001:db8:1::/48@2 " },
	{ "hash", "mynetworks = 127.0.0.1 hash:/t\n", "10.2.0.7 x\n", "127.0.0.1@3 10.2.0.7@1 " },
	{ "host bits", "mynetworks = 127.0.0.1 10.1.0.1/16 10/8\n", "", "127.0.0.1@3 " },
	{ "a list before it", "mynetworks = 10.1.0.0/16\n"
	  "smtpd_relay_restrictions = reject_unauth_destination, permit_mynetworks\n", "", "" },
	{ "table of clients", "mynetworks = 127.0.0.1\nsmtpd_relay_restrictions ="
	  " check_client_access cidr:/t, reject_unauth_destination\n", "10.9.0.0/16 OK\n10.8.0.0/16 REJECT\n",
	  "10.9.0.0/16@1 " },
	{ "beginnings of addresses", "mynetworks = 127.0.0.1\nsmtpd_relay_restrictions ="
	  " check_client_access hash:/t, reject_unauth_destination\n", "10.9 OK\n10.8.7 REJECT\n",
	  "10.9.0.0/16@1 " },
	{ "table of a class", "mynetworks = 127.0.0.1\nsmtpd_restriction_classes = c\n"
	  "c = check_client_access cidr:/t\nsmtpd_relay_restrictions = c, reject_unauth_destination\n",
	  "10.9.0.0/16 OK\n", "10.9.0.0/16@1 " },
	{ "XCLIENT", "mynetworks = 127.0.0.1\nsmtpd_authorized_xclient_hosts = 0.0.0.0/0\n", "",
	  "127.0.0.1@3 0.0.0.0/0@4 " },
	{ "Debian's", "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n", "",
	  "127.0.0.0/8@3 ::1@3 " },
	{ "missing file", "mynetworks = 127.0.0.1, /none\n", "", "127.0.0.1@3 " },
};

static void test_networks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
		struct arena a = { 0 };
		struct buf said = { 0 }, main = { 0 };
		buf_add_cstr(&main, PLAIN);
		buf_add_cstr(&main, networks[i].main);
		struct told t = { { { "/etc/postfix/main.cf", buf_cstr(&main), 0 },
		                    { "/etc/postfix/master.cf", SMTP, 0 }, { "/t", networks[i].table, 0 } } };
		const struct audit_reading *r = postfix_reading(told_postfix(&t, &a));
		for (size_t k = 0; k < r->trust_n; k++) {
			char text[PREFIX_TEXT_MAX];
			buf_printf(&said, "%s@%u ", prefix_format(&r->trusts[k].range, text),
			           r->trusts[k].place.line);
		}
		if (strcmp(buf_cstr(&said), networks[i].trusts) != 0)
			fail_msg("%s: \"%s\"", networks[i].name, buf_cstr(&said));
		buf_fini(&said);
		buf_fini(&main);
		arena_fini(&a);
	}
}

/* What cannot be read is said, and never taken for closed or open. */
static void test_unread(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct told t = { { { "/etc/postfix/main.cf",
	                      PLAIN "mynetworks = /t pcre:/p ldap:/l\nno equals\n", 0 },
	                    { "/etc/postfix/master.cf", SMTP "strange inet n - n - - smtpd\n", 0 },
	                    { "/t", NULL, ERR_DENIED } } };
	const struct audit_reading *r = postfix_reading(told_postfix(&t, &a));
	assert_int_equal(r->unread_n, 5);
	assert_false(r->open_to_all);
	arena_fini(&a);
}

static void test_missing(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct told none = { { { 0 } } };
	struct postfix_given given = { 0 };
	struct audit_files files = { .read = told_read, .arg = &none };
	struct postfix *p;
	assert_int_equal(postfix_read(&files, &given, &a, &p), ERR_NOT_FOUND);
	assert_int_equal(postfix_reading(p)->port_n, 0);
	arena_fini(&a);
}

/* A service shows what it has of its own, main.cf the rest. */
static void test_settings(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct told t = { { { "/etc/postfix/main.cf", PLAIN "smtpd_sasl_type = dovecot\n", 0 },
	                    { "/etc/postfix/master.cf",
	                      SMTP "submission inet n - y - - smtpd\n -o smtpd_sasl_type=cyrus\n", 0 } } };
	const struct audit_reading *r = postfix_reading(told_postfix(&t, &a));
	size_t all = 0, own = 0;
	for (size_t i = 0; i < r->setting_n; i++) {
		all += !strcmp(r->settings[i].name, "smtpd_sasl_type");
		if (!r->settings[i].service[0])
			continue;
		own++;
		assert_string_equal(r->settings[i].service, "submission");
		assert_string_equal(r->settings[i].value, "cyrus");
		assert_string_equal(r->settings[i].place.file, "/etc/postfix/master.cf");
		assert_int_equal(r->settings[i].place.line, 2);
	}
	assert_int_equal(all, 2);
	assert_int_equal(own, 1);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),   cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_services), cmocka_unit_test(test_networks),
		cmocka_unit_test(test_unread),   cmocka_unit_test(test_missing),
		cmocka_unit_test(test_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
