/* SPDX-License-Identifier: ISC
 *
 * Which addresses may be an account, on a machine with a LAN and a bridge.
 */
#include "test.h"

#include "gateway/trust.h"

static const struct { const char *host, *word; } rows[] = {
	{ "192.0.2.7", NULL }, { "2001:db8::7", NULL }, { "10.0.0.9", NULL }, { "172.17.0.2", NULL },
	{ "127.0.0.1", "loopback" }, { "127.9.9.9", "loopback" }, { "::1", "loopback" },
	{ "::ffff:127.0.0.1", "loopback" },
	{ "0.0.0.0", "no host" }, { "::", "no host" }, { "224.0.0.1", "no host" },
	{ "255.255.255.255", "no host" }, { "ff02::1", "no host" },
	{ "10.0.0.2", "this machine" }, { "172.17.0.1", "this machine" },
	{ "::ffff:172.17.0.1", "this machine" }, { "2001:db8::2", "this machine" },
	{ "10.0.0.1", "gateway" }, { "fe80::1", "gateway" },
};

static struct ip address(const char *text)
{
	struct ip ip;
	struct parse_error pe;
	assert_int_equal(ip_parse(str_of(text), &ip, &pe), ERR_OK);
	return ip;
}

static void test_trust(void **state)
{
	(void)state;
	struct ip own[] = { address("10.0.0.2"), address("172.17.0.1"), address("2001:db8::2") };
	struct ip gateways[] = { address("10.0.0.1"), address("fe80::1") };
	struct gateway_network network = { own, 3, gateways, 2 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip host = address(rows[i].host);
		const char *why = gateway_trust_refuses(&host, &network);
		CHECK_ROW(rows[i].host, !why == !rows[i].word);
		CHECK_ROW(rows[i].host, !why || strstr(why, rows[i].word));
	}
	struct ip none = { 0 };
	assert_non_null(gateway_trust_refuses(&none, &network));
	/* What is written down, and a network that cannot be seen. */
	struct ip host = address("192.0.2.7"), bridge = address("172.17.0.1"),
	          loopback = address("127.0.0.1");
	struct gateway_network unseen = { 0 };
	assert_null(gateway_trust_refuses(&bridge, NULL));
	assert_non_null(strstr(gateway_trust_refuses(&loopback, NULL), "loopback"));
	assert_non_null(strstr(gateway_trust_refuses(&host, &unseen), "cannot be seen"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_trust) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
