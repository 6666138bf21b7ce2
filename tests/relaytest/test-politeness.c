/* SPDX-License-Identifier: ISC
 *
 * The limits of politeness: rate, connections in all, in a network, at an address.
 */
#include "test.h"

#include "relaytest/politeness.h"

#include <stdio.h>

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

static bool connect_to(struct politeness *p, const char *text)
{
	struct ip ip = ip_of(text);
	return politeness_connect(p, &ip);
}

static void give_back(struct politeness *p, const char *text)
{
	struct ip ip = ip_of(text);
	politeness_disconnect(p, &ip);
}

/* ---- rate ------------------------------------------------------------------------------ */

/* Over ten seconds a rate is never passed by more than its small bucket, nor missed. */
static void test_rate(void **state)
{
	(void)state;
	static const unsigned rates[] = { 1, 2, 7, 10, 100, 1000, 5000 };
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		struct politeness_limits limits = { rates[i], 10, 10 };
		struct politeness *p = politeness_create(&limits);
		unsigned started = 0, bucket = rates[i] / 10 > 1 ? rates[i] / 10 : 1;
		int64_t now = 1000000, end = now + 10000;
		while (now <= end) {
			int64_t wait = politeness_start(p, now);
			assert_true(wait >= 0);
			if (wait == 0)
				started++;
			else
				now += wait;
		}
		if (started > rates[i] * 10 + bucket + 1 || started + 12 < rates[i] * 9)
			fail_msg("rate %u: %u in ten seconds", rates[i], started);
		politeness_destroy(p);
	}
}

/* A long rest saves up a tenth of a second, no more. */
static void test_no_saving_up(void **state)
{
	(void)state;
	struct politeness_limits limits = { 100, 10, 10 };
	struct politeness *p = politeness_create(&limits);
	unsigned burst = 0;
	politeness_start(p, 1000);
	while (politeness_start(p, 1000 + 3600 * 1000) == 0)
		burst++;
	assert_int_equal(burst, 10);
	/* A clock that stands still gives nothing. */
	assert_true(politeness_start(p, 1000 + 3600 * 1000) > 0);
	limits.rate = 1000;
	politeness_set(p, &limits);
	assert_int_equal(politeness_start(p, 1000 + 3600 * 1000 + 2), 0);
	politeness_destroy(p);
}

/* ---- connections -------------------------------------------------------------------------- */

static void test_one_an_address(void **state)
{
	(void)state;
	struct politeness_limits limits = { 1, 100, 100 };
	struct politeness *p = politeness_create(&limits);
	assert_true(connect_to(p, "192.0.2.1"));
	assert_false(connect_to(p, "192.0.2.1"));
	assert_false(connect_to(p, "::ffff:192.0.2.1"));
	assert_true(connect_to(p, "192.0.2.2"));
	assert_true(connect_to(p, "2001:db8::1"));
	assert_false(connect_to(p, "2001:db8::1"));
	assert_true(connect_to(p, "2001:db8::2"));
	give_back(p, "192.0.2.1");
	assert_true(connect_to(p, "192.0.2.1"));
	politeness_destroy(p);
}

static void test_nets(void **state)
{
	(void)state;
	struct politeness_limits limits = { 1, 100, 2 };
	struct politeness *p = politeness_create(&limits);
	assert_true(connect_to(p, "192.0.2.1"));
	assert_true(connect_to(p, "192.0.2.255"));
	assert_false(connect_to(p, "192.0.2.128"));
	assert_true(connect_to(p, "192.0.3.0"));
	assert_true(connect_to(p, "192.0.1.255"));
	assert_true(connect_to(p, "2001:db8:1::1"));
	assert_true(connect_to(p, "2001:db8:1:ffff::1"));
	assert_false(connect_to(p, "2001:db8:1:1::1"));
	assert_true(connect_to(p, "2001:db8:2::1"));
	give_back(p, "192.0.2.255");
	assert_true(connect_to(p, "192.0.2.128"));
	/* A refusal counts nothing. */
	for (int i = 0; i < 10; i++)
		assert_false(connect_to(p, "192.0.2.7"));
	give_back(p, "192.0.2.128");
	assert_true(connect_to(p, "192.0.2.7"));
	limits.sessions_per_net = 3;
	politeness_set(p, &limits);
	assert_true(connect_to(p, "192.0.2.8"));
	assert_false(connect_to(p, "192.0.2.9"));
	politeness_destroy(p);
}

static void test_all_sessions(void **state)
{
	(void)state;
	struct politeness_limits limits = { 1, 3, 100 };
	struct politeness *p = politeness_create(&limits);
	assert_true(connect_to(p, "192.0.2.1"));
	assert_true(connect_to(p, "198.51.100.1"));
	assert_true(connect_to(p, "2001:db8::1"));
	assert_false(connect_to(p, "203.0.113.1"));
	give_back(p, "192.0.2.1");
	assert_true(connect_to(p, "203.0.113.1"));
	assert_false(connect_to(p, "192.0.2.1"));
	politeness_destroy(p);
}

/* Many addresses, in and out, against a plain count; the table grows and forgets. */
static void test_many(void **state)
{
	(void)state;
	enum { NETS = 300, HOSTS = 8 };
	static bool open[NETS][HOSTS];
	struct politeness_limits limits = { 1, 1500, 5 };
	struct politeness *p = politeness_create(&limits);
	unsigned seed = 1, all = 0;
	memset(open, 0, sizeof(open));
	for (int step = 0; step < 200000; step++) {
		seed = seed * 1103515245 + 12345;
		unsigned net = seed >> 8 & 0xffff, host = seed >> 24 & 7, in_net = 0;
		net %= NETS;
		struct ip ip = ip_from_v4(10, (uint8_t)(net >> 8), (uint8_t)net, (uint8_t)host);
		for (unsigned h = 0; h < HOSTS; h++)
			in_net += open[net][h];
		if (open[net][host]) {
			politeness_disconnect(p, &ip);
			open[net][host] = false;
			all--;
			continue;
		}
		bool may = in_net < 5 && all < 1500;
		assert_int_equal(politeness_connect(p, &ip), may);
		open[net][host] = may;
		all += may;
	}
	politeness_destroy(p);
	politeness_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_no_saving_up),
		cmocka_unit_test(test_one_an_address),
		cmocka_unit_test(test_nets),
		cmocka_unit_test(test_all_sessions),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
