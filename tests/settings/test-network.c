/* SPDX-License-Identifier: ISC
 *
 * The machine's own addresses as the kernel's tables have them: those that getifaddrs() names, each
 * time anew.
 */
#include "test.h"

#include "settings/network.h"

#include <ifaddrs.h>

static bool is_own(const struct gateway_network *network, const struct ip *ip)
{
	for (size_t i = 0; i < network->own_count; i++)
		if (ip_eq(&network->own[i], ip))
			return true;
	return false;
}

static void test_addresses(void **state)
{
	(void)state;
	struct network n;
	struct ifaddrs *all;
	network_open(&n);
	assert_int_equal(getifaddrs(&all), 0);
	for (int again = 0; again < 2; again++) {
		struct arena a = { 0 };
		struct gateway_network network;
		assert_int_equal(network_look(&n, &a, &network), ERR_OK);
		for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
			struct endpoint at;
			if (!i->ifa_addr || endpoint_from_sockaddr(i->ifa_addr, &at) != ERR_OK)
				continue;
			assert_true(is_own(&network, &at.ip));
			assert_non_null(gateway_trust_refuses(&at.ip, &network));
		}
		for (size_t i = 0; i < network.gateway_count; i++)
			assert_non_null(gateway_trust_refuses(&network.gateways[i], &network));
		arena_fini(&a);
	}
	freeifaddrs(all);
	network_close(&n);
}

/* Nothing is known, and that is said. */
static void test_no_tables(void **state)
{
	(void)state;
	struct network n = { { -1, -1, -1, -1 } };
	struct arena a = { 0 };
	struct gateway_network network;
	assert_int_equal(network_look(&n, &a, &network), ERR_NOT_FOUND);
	assert_int_equal(network.own_count + network.gateway_count, 0);
	arena_fini(&a);
	network_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_no_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
