/* SPDX-License-Identifier: ISC
 *
 * Guessing: who is slowed down, who is locked out, for how long; and who is not, whatever others
 * do.
 */
#include "gateway/known.h"
#include "gateway/throttle.h"

#include "test.h"

#include <stdio.h>

enum { NOW = 1000000 };

static struct throttle *t;
static struct known *known_places;

static int setup(void **unused)
{
	(void)unused;
	known_places = known_create(&(struct hash_key){ { 3, 4 } });
	t = throttle_create(&(struct hash_key){ { 1, 2 } }, known_places);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	throttle_destroy(t);
	known_destroy(known_places);
	return 0;
}

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

static bool may(const char *peer, const char *name, int64_t now_s)
{
	struct ip ip = ip_of(peer);
	return throttle_may(t, &ip, str_of(name), now_s);
}

static void guess(const char *peer, const char *name, int64_t now_s, unsigned n)
{
	struct ip ip = ip_of(peer);
	while (n--)
		throttle_guess(t, &ip, str_of(name), now_s);
}

static void right(const char *peer, const char *name, int64_t now_s)
{
	struct ip ip = ip_of(peer);
	throttle_guess(t, &ip, str_of(name), now_s);
	throttle_right(t, &ip, str_of(name), now_s);
}

static int64_t delay(const char *peer, const char *name, int64_t now_s)
{
	struct ip ip = ip_of(peer);
	return throttle_delay_ms(t, &ip, str_of(name), now_s);
}

static void by_address(void **unused)
{
	(void)unused;
	char name[16];
	for (unsigned i = 0; i < THROTTLE_BY_ADDRESS; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		assert_true(may("192.0.2.1", name, NOW));
		guess("192.0.2.1", name, NOW, 1);
	}
	assert_false(may("192.0.2.1", "other", NOW));
	assert_true(may("192.0.2.2", "other", NOW));
	assert_false(may("192.0.2.1", "other", NOW + THROTTLE_FORGET_S - 1));
	assert_true(may("192.0.2.1", "other", NOW + THROTTLE_FORGET_S));    /* one, and no more */
	guess("192.0.2.1", "other", NOW + THROTTLE_FORGET_S, 1);
	assert_false(may("192.0.2.1", "other", NOW + THROTTLE_FORGET_S));
	assert_true(may("192.0.2.1", "other", NOW + 2 * THROTTLE_FORGET_S));
	assert_true(may("192.0.2.1", "other", NOW + 86400));
	assert_int_equal(delay("192.0.2.1", "other", NOW + 86400), 0);
}

/* A network of IPv6 is one guesser; so is a name in any letters. */
static void one_of_many(void **unused)
{
	(void)unused;
	char peer[32];
	for (unsigned i = 0; i < THROTTLE_BY_ADDRESS; i++) {
		snprintf(peer, sizeof(peer), "2001:db8::%x", i + 1);
		guess(peer, "x", NOW, 1);
	}
	assert_false(may("2001:db8::ffff", "ann", NOW));
	assert_true(may("2001:db8:0:1::1", "ann", NOW));
	for (unsigned i = 0; i < THROTTLE_BY_ACCOUNT; i++) {
		snprintf(peer, sizeof(peer), "198.51.100.%u", i);
		assert_true(may(peer, "ann", NOW));
		guess(peer, i % 2 ? "ann" : "ANN", NOW, 1);
	}
	assert_false(may("198.51.100.99", "Ann", NOW));
	assert_true(may("198.51.100.99", "bob", NOW));
}

/* What a network may under attack, guess by guess. */
static void under_attack(void **unused)
{
	(void)unused;
	static const struct { const char *peer; int64_t after_s; bool may; } rows[] = {
		{ "192.0.2.1", 0, true },          /* the owner, on the road */
		{ "192.0.2.1", 0, false }, { "192.0.2.1", 59, false },
		{ "192.0.2.200", 59, false },      /* the same network */
		{ "192.0.3.1", 59, true },         /* another */
		{ "2001:db8::1", 59, true },
		{ "2001:db8:0:ffff::1", 59, false }, { "2001:db8:1::1", 59, true },
		{ "192.0.2.2", 60, true },
		{ "192.0.2.3", 179, false }, { "192.0.2.3", 180, true },
		{ "192.0.2.1", 419, false }, { "192.0.2.1", 420, true },
	};
	guess("198.51.100.1", "ann", NOW, THROTTLE_BY_ACCOUNT + 10);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const int64_t now_s = NOW + rows[i].after_s;
		if (may(rows[i].peer, "ann", now_s) != rows[i].may)
			fail_msg("row %zu: %s", i, rows[i].peer);
		if (rows[i].may)
			guess(rows[i].peer, "ann", now_s, 1);
	}
	right("203.0.113.1", "ann", NOW + 420);            /* and there he is at home now */
	guess("203.0.113.2", "ann", NOW + 420, 1);
	assert_false(may("203.0.113.3", "ann", NOW + 420));
	assert_true(may("203.0.113.1", "ann", NOW + 420));
}

/* Until the account is under attack, by a network of its own. */
static void attack(int64_t now_s)
{
	char peer[32];
	for (unsigned i = 0; i < 100; i++) {
		snprintf(peer, sizeof(peer), "198.51.100.%u", i);
		if (may(peer, "ann", now_s))
			guess(peer, "ann", now_s, 1);
	}
}

/* A network waits a day at most, and is believed once more by being quiet. */
static void waits(void **unused)
{
	(void)unused;
	int64_t now_s = NOW, last_s = NOW;
	for (unsigned i = 0; i < 20; i++) {
		attack(now_s);
		guess("192.0.2.1", "ann", now_s, 1);
		last_s = now_s;
		now_s = last_s + (i < 11 ? 60 << i : 86400);
		attack(now_s - 1);
		assert_false(may("192.0.2.1", "ann", now_s - 1));
		assert_true(may("192.0.2.1", "ann", now_s));
	}
	now_s += 30 * 7 * 86400;
	attack(now_s);
	assert_true(may("192.0.2.1", "ann", now_s));
	guess("192.0.2.1", "ann", now_s, 1);
	assert_false(may("192.0.2.1", "ann", now_s + 59));
	assert_true(may("192.0.2.1", "ann", now_s + 60));
}

/* Networks that guess as often as they may; returns how many guesses there were. */
static unsigned guess_from(uint32_t networks, int64_t now_s)
{
	unsigned guesses = 0;
	for (uint32_t i = 0; i < networks; i++) {
		struct ip ip = { .family = 4, .b = { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 } };
		if (!throttle_may(t, &ip, STR("ann"), now_s))
			continue;
		throttle_guess(t, &ip, STR("ann"), now_s);
		guesses++;
	}
	return guesses;
}

/* However many they are: what an account can take in a day. */
static void botnet(void **unused)
{
	(void)unused;
	unsigned guesses = 0;
	for (int64_t s = 0; s <= 86400; s += 3600)
		guesses += guess_from(20000, NOW + s);
	assert_in_range(guesses, THROTTLE_BY_ACCOUNT_MOST + 1400, THROTTLE_BY_ACCOUNT_MOST + 1440);
}

/* When the owner gets in at once where he is not known: always, or after half a day. */
static void owner_on_the_road(void **unused)
{
	(void)unused;
	static const struct { uint32_t networks; int64_t after_s; } rows[] = {
		{ 100, 0 }, { 200, 0 }, { 1000, 43200 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int64_t s = 0; s <= 2 * 86400; s += 600) {
			guess_from(rows[i].networks, NOW + s);
			if (s >= rows[i].after_s && !may("192.0.2.1", "ann", NOW + s))
				fail_msg("%u networks, after %d s", rows[i].networks, (int)s);
		}
		teardown(NULL);
		setup(NULL);
	}
}

/* Who is known somewhere stays in, whatever others guess; and may not guess for ever himself. */
static void known(void **unused)
{
	(void)unused;
	right("192.0.2.1", "ann", NOW);
	guess("198.51.100.1", "ann", NOW, 1000);
	guess("192.0.2.1", "bob", NOW, 1000);
	assert_false(may("203.0.113.1", "ann", NOW));      /* all that it can take has been */
	assert_false(may("192.0.2.1", "cis", NOW));
	assert_true(may("192.0.2.1", "ann", NOW));
	assert_int_equal(delay("192.0.2.1", "ann", NOW), 0);
	guess("192.0.2.1", "ann", NOW, THROTTLE_KNOWN - 1);
	assert_true(may("192.0.2.1", "ann", NOW));
	guess("192.0.2.1", "ann", NOW, 1);
	assert_false(may("192.0.2.1", "ann", NOW));
	assert_true(may("192.0.2.1", "ann", NOW + THROTTLE_FORGET_S));
	right("192.0.2.1", "ann", NOW + THROTTLE_FORGET_S);
	assert_int_equal(delay("192.0.2.1", "ann", NOW + THROTTLE_FORGET_S), 0);
}

/* A right login of one's own does not take back what was guessed of others. */
static void own_account(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 100 && may("192.0.2.1", "victim", NOW); i++) {
		guess("192.0.2.1", "victim", NOW, 1);
		right("192.0.2.1", "thief", NOW);
		assert_true(i <= THROTTLE_BY_ADDRESS);
	}
	assert_false(may("192.0.2.1", "victim", NOW));
}

static void no_guess(void **unused)
{
	(void)unused;
	struct ip ip = ip_of("192.0.2.1");
	for (unsigned i = 0; i < 100; i++) {
		throttle_guess(t, &ip, STR("ann"), NOW);
		throttle_none(t, &ip, STR("ann"), NOW);
	}
	assert_true(may("192.0.2.1", "ann", NOW));
	assert_int_equal(delay("192.0.2.1", "ann", NOW), 0);
	throttle_none(t, &ip, STR("bob"), NOW);          /* never below nothing */
	guess("192.0.2.1", "bob", NOW, 3);
	assert_int_equal(delay("192.0.2.1", "bob", NOW), 1000);
}

static void delays(void **unused)
{
	(void)unused;
	static const int64_t expected[] = { 0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000 };
	for (unsigned i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		assert_int_equal(delay("192.0.2.1", "ann", NOW), expected[i]);
		assert_int_equal(delay("192.0.2.9", "ann", NOW), expected[i]);    /* by account */
		assert_int_equal(delay("192.0.2.1", "bob", NOW), expected[i]);    /* by address */
		guess("192.0.2.1", "ann", NOW, 1);
	}
	assert_int_equal(delay("192.0.2.9", "bob", NOW), 0);
	assert_int_equal(delay("192.0.2.1", "ann", NOW + 2 * THROTTLE_FORGET_S), 8000);
	assert_int_equal(delay("192.0.2.1", "ann", NOW + 6 * THROTTLE_FORGET_S), 1000);
	assert_int_equal(delay("192.0.2.1", "ann", NOW + 7 * THROTTLE_FORGET_S), 0);
}

/* A million of addresses and names take no more room, and one that guesses on is not forgotten. */
static void flood(void **unused)
{
	(void)unused;
	guess("192.0.2.1", "victim", NOW, THROTTLE_BY_ACCOUNT_MOST + 10);
	right("192.0.2.77", "victim", NOW);
	for (uint32_t i = 0; i < 200000; i++) {
		struct ip ip = { .family = 4, .b = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
		                                     (uint8_t)i } };
		char name[16];
		snprintf(name, sizeof(name), "n%u", i);
		throttle_guess(t, &ip, str_of(name), NOW + i % 60);
	}
	assert_false(may("203.0.113.1", "victim", NOW + 60));
	assert_false(may("192.0.2.1", "other", NOW + 60));
	assert_true(may("192.0.2.77", "victim", NOW + 60));      /* known, and stays so */
}

/* Clocks and names of any kind. */
static void odd(void **unused)
{
	(void)unused;
	char endless[5000];
	memset(endless, 'a', sizeof(endless));
	struct ip ip = ip_of("192.0.2.1");
	guess("192.0.2.1", "ann", NOW, 30);
	assert_false(may("192.0.2.1", "ann", NOW - 100000));      /* backwards: as it was */
	assert_true(may("192.0.2.1", "ann", INT64_MAX / 2));
	throttle_guess(t, &ip, (struct str){ endless, sizeof(endless) }, NOW);
	throttle_right(t, &ip, (struct str){ NULL, 0 }, NOW);
	throttle_right(t, &ip, (struct str){ "a\0b", 3 }, NOW);
	assert_true(throttle_may(t, &ip, (struct str){ "a\0b", 3 }, NOW));
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(by_address), EACH(one_of_many), EACH(under_attack), EACH(waits),
		EACH(botnet), EACH(owner_on_the_road), EACH(known), EACH(own_account),
		EACH(no_guess),
		EACH(delays), EACH(flood), EACH(odd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
