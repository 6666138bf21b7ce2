/* SPDX-License-Identifier: ISC
 *
 * By which way mail of a domain goes, and what of the configuration's entries is refused.
 */
#include "test.h"

#include "gateway/route.h"
#include "gateway/tlspolicy.h"

#include <stdlib.h>

static char *domains[] = { "ours.example", "Mixed.Example", "inner.example" };
static char *transports[] = {
	"inner.example smtp:192.0.2.5", "ours.example lmtp:/run/dovecot/lmtp",
	"elsewhere.example smtp:[2001:db8::1]:2525", "TCP.example lmtp:mail.example:24",
};
static const struct gateway_config settings = {
	.domains = { domains, 3 }, .transports = { transports, 4 }, .smarthost = "",
	.smarthost_login = "", .smarthost_password_file = "",
};

static void test_ways(void **state)
{
	static const struct {
		const char *domain, *smarthost, *star;
		bool local;
		enum gateway_way way;
		const char *where;
		unsigned port;
	} rows[] = {
		{ "ours.example", "", "", true, GATEWAY_WAY_LMTP, "/run/dovecot/lmtp", 0 },
		{ "OURS.EXAMPLE", "", "", true, GATEWAY_WAY_LMTP, "/run/dovecot/lmtp", 0 },
		{ "mixed.example", "", "", true, GATEWAY_WAY_MAILDIR, "", 0 },
		{ "mixed.example", "", "", false, GATEWAY_WAY_MAILDIR, "", 0 },
		{ "mixed.example", "relay.example", "", true, GATEWAY_WAY_MAILDIR, "", 0 },
		{ "mixed.example", "", "* lmtp:/l", true, GATEWAY_WAY_LMTP, "/l", 0 },
		{ "other.example", "", "* lmtp:/l", false, GATEWAY_WAY_MX, "", 0 },
		{ "inner.example", "", "", true, GATEWAY_WAY_HOST, "192.0.2.5", 25 },
		{ "elsewhere.example", "relay.example", "", false, GATEWAY_WAY_HOST,
		  "2001:db8::1", 2525 },
		{ "tcp.example", "", "", false, GATEWAY_WAY_LMTP, "mail.example", 24 },
		{ "other.example", "", "", false, GATEWAY_WAY_MX, "", 0 },
		{ "sub.ours.example", "", "", false, GATEWAY_WAY_MX, "", 0 },
		{ "other.example", "relay.example:587", "", false, GATEWAY_WAY_SMARTHOST,
		  "relay.example", 587 },
		{ "other.example", "[192.0.2.1]", "", false, GATEWAY_WAY_SMARTHOST,
		  "192.0.2.1", 25 },
		/* Taken as mail to a mailbox of ours: it never leaves by MX. */
		{ "gone.example", "", "", true, GATEWAY_WAY_MAILDIR, "", 0 },
		{ "gone.example", "relay.example", "* lmtp:/l", true, GATEWAY_WAY_LMTP, "/l", 0 },
		{ "", "", "", true, GATEWAY_WAY_MAILDIR, "", 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gateway_config c = settings;
		struct gateway_route r;
		char *all[5];
		memcpy(all, transports, sizeof(transports));
		all[4] = (char *)(uintptr_t)rows[i].star;
		c.smarthost = (char *)(uintptr_t)rows[i].smarthost;
		c.transports = (struct config_strings){ all, rows[i].star[0] ? 5 : 4 };
		struct buf message = { 0 };
		assert_int_equal(gateway_routes_check(&c, &message), ERR_OK);
		struct gateway_routes *routes = gateway_routes_create(&c);
		gateway_route_of(routes, str_of(rows[i].domain), rows[i].local, &r);
		CHECK_ROW(rows[i].domain, r.way == rows[i].way);
		CHECK_ROW(rows[i].domain,
		          str_eq(r.path.n ? r.path : r.host, str_of(rows[i].where)));
		CHECK_ROW(rows[i].domain, r.port == rows[i].port);
		gateway_routes_destroy(routes);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *transport, *expected;
	} rows[] = {
		{ "ours.example", "gateway.transports: expected a domain or \"*\", and a way, found "
		  "\"ours.example\"" },
		{ "smtp:host", "a domain or" },
		{ "-a.example smtp:host", "a domain or" },
		{ "a.example pipe:/bin/sh", "expected maildir, lmtp:/PATH, lmtp:HOST:PORT or "
		  "smtp:HOST[:PORT]" },
		{ "a.example maildir", "for a domain of gateway.domains only" },
		{ "a.example lmtp:host", "a port from 1" },
		{ "a.example lmtp:", "a host name" },
		{ "a.example smtp:", "a host name" },
		{ "a.example smtp:host:0", "a port from 1" },
		{ "a.example smtp:host:65536", "a port from 1" },
		{ "a.example smtp:host:25x", "a port from 1" },
		{ "a.example smtp:[2001:db8::1", "a host name" },
		{ "a.example smtp:[2001:db8::1]25", "a port from 1" },
		{ "a.example smtp:2001:db8::1", "a port from 1" },
		{ "a.example smtp:a b", "a host name" },
		{ "a.example smtp:\x01", "found \"a.example smtp:\\x01\"" },
		{ "OURS.example lmtp:/other", "expected one entry for ours.example, found two" },
		{ "a.example lmtp:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "at most 107 bytes" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gateway_config c = settings;
		struct buf message = { 0 };
		char *all[5];
		memcpy(all, transports, sizeof(transports));
		all[4] = (char *)(uintptr_t)rows[i].transport;
		c.transports = (struct config_strings){ all, 5 };
		CHECK_ROW(rows[i].transport,
		          gateway_routes_check(&c, &message) == ERR_INVALID);
		if (!strstr(buf_cstr(&message), rows[i].expected))
			fail_msg("%s: %s", rows[i].transport, buf_cstr(&message));
		buf_fini(&message);
	}
}

static void test_smarthost(void **state)
{
	static const char *const wrong[] = { "a b", ":25", "host:", "host:x", "[::1", "/path" };
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct gateway_config c = settings;
		struct buf message = { 0 };
		c.smarthost = (char *)(uintptr_t)wrong[i];
		CHECK_ROW(wrong[i], gateway_routes_check(&c, &message) == ERR_INVALID);
		CHECK_ROW(wrong[i], strstr(buf_cstr(&message), "gateway.smarthost: expected"));
		buf_fini(&message);
	}
}

static void test_policies(void **state)
{
	char *entries[] = { "bank.example verify", "Old.Example none", "* encrypt" };
	const struct config_strings all = { entries, 3 }, named = { entries, 2 };
	struct buf message = { 0 };
	(void)state;
	assert_int_equal(gateway_tls_policies_check(&all, &message), ERR_OK);
	struct gateway_tls_policies *p = gateway_tls_policies_create(&all);
	struct gateway_tls_policies *q = gateway_tls_policies_create(&named);
	const enum gateway_tls_policy usual = GATEWAY_TLS_OPPORTUNISTIC;
	assert_int_equal(gateway_tls_policy_of(p, STR("BANK.example"), usual), GATEWAY_TLS_VERIFY);
	assert_int_equal(gateway_tls_policy_of(p, STR("old.example"), usual), GATEWAY_TLS_NONE);
	assert_int_equal(gateway_tls_policy_of(p, STR("a.bank.example"), usual),
	                 GATEWAY_TLS_ENCRYPT);
	assert_int_equal(gateway_tls_policy_of(q, STR("a.bank.example"), usual), usual);
	assert_int_equal(gateway_tls_policy_of_name(p, STR("x.example"), usual), usual);
	assert_string_equal(gateway_tls_policy_name(GATEWAY_TLS_VERIFY), "verify");
	gateway_tls_policies_destroy(p);
	gateway_tls_policies_destroy(q);
}

static void test_policies_refused(void **state)
{
	static const char *const wrong[] = {
		"verify", "a.example", "a.example VERIFY", "a.example verify now", "a_b verify",
		"a@b.example verify", "bank.example none",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char *entries[] = { "bank.example verify", (char *)(uintptr_t)wrong[i] };
		const struct config_strings all = { entries, 2 };
		struct buf message = { 0 };
		CHECK_ROW(wrong[i], gateway_tls_policies_check(&all, &message) == ERR_INVALID);
		CHECK_ROW(wrong[i], strstr(buf_cstr(&message), "gateway.tls_policies: expected"));
		buf_fini(&message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_smarthost), cmocka_unit_test(test_policies),
		cmocka_unit_test(test_policies_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
