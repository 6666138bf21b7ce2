/* SPDX-License-Identifier: ISC
 *
 * Who is known where: what stays, what gives way, and what a file that was damaged does.
 */
#include "gateway/known.h"

#include "test.h"

#include "base/file.h"
#include "base/syncer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct hash_key key = { { 3, 4 } };

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

static void add(struct known *k, const char *account, const char *peer)
{
	struct ip ip = ip_of(peer);
	known_add(k, str_of(account), &ip);
}

static bool is(const struct known *k, const char *account, const char *peer)
{
	struct ip ip = ip_of(peer);
	return known_is(k, str_of(account), &ip);
}

static void pairs(void **unused)
{
	(void)unused;
	struct known *k = known_create(&key);
	assert_false(is(k, "ann", "192.0.2.1"));
	add(k, "ann", "192.0.2.1");
	add(k, "ann", "2001:db8::1");
	assert_true(is(k, "ann", "192.0.2.1"));
	assert_true(is(k, "ann", "2001:db8::2"));              /* its /64 */
	assert_false(is(k, "ann", "2001:db8:0:1::1"));
	assert_false(is(k, "ann", "192.0.2.2"));
	assert_false(is(k, "bob", "192.0.2.1"));
	assert_false(is(k, "", "192.0.2.1"));
	known_destroy(k);
	known_destroy(NULL);
}

/* The last eight; who comes often stays. */
static void places(void **unused)
{
	(void)unused;
	struct known *k = known_create(&key);
	char peer[32];
	for (unsigned i = 0; i < 100; i++) {
		snprintf(peer, sizeof(peer), "192.0.2.%u", i);
		add(k, "ann", peer);
		add(k, "ann", "198.51.100.1");
	}
	assert_true(is(k, "ann", "198.51.100.1"));
	for (unsigned i = 0; i < 100; i++) {
		snprintf(peer, sizeof(peer), "192.0.2.%u", i);
		assert_int_equal(is(k, "ann", peer), i >= 100 - (KNOWN_PLACES - 1));
	}
	known_destroy(k);
}

/* One account's places are no other's, however many it has; and many accounts have room. */
static void crowd(void **unused)
{
	(void)unused;
	enum { ACCOUNTS = 5000 };
	struct known *k = known_create(&key);
	add(k, "ann", "192.0.2.1");
	for (uint32_t i = 0; i < 100000; i++) {
		struct ip ip = { .family = 4, .b = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
		                                     (uint8_t)i } };
		known_add(k, STR("eve"), &ip);
	}
	assert_true(is(k, "ann", "192.0.2.1"));
	char name[16];
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		add(k, name, "192.0.2.7");
	}
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_true(is(k, name, "192.0.2.7"));
	}
	for (unsigned i = 0; i < 3 * KNOWN_ACCOUNTS; i++) {       /* more than it holds */
		snprintf(name, sizeof(name), "m%u", i);
		add(k, name, "192.0.2.7");
	}
	assert_true(is(k, name, "192.0.2.7"));
	known_destroy(k);
}

static struct known *filled(struct buf *bytes)
{
	struct known *k = known_create(&key);
	add(k, "ann", "192.0.2.1");
	add(k, "ann", "192.0.2.2");
	add(k, "bob", "2001:db8::1");
	known_form(k, bytes);
	return k;
}

static void file_form(void **unused)
{
	(void)unused;
	struct buf bytes = { 0 }, again = { 0 };
	struct known *k = filled(&bytes), *other = known_create(&(struct hash_key){ { 7, 7 } });
	add(other, "eve", "192.0.2.9");
	assert_int_equal(known_parse(other, buf_str(&bytes)), ERR_OK);
	assert_true(is(other, "ann", "192.0.2.1"));
	assert_true(is(other, "ann", "192.0.2.2"));
	assert_true(is(other, "bob", "2001:db8::5"));
	assert_false(is(other, "eve", "192.0.2.9"));
	known_form(other, &again);
	assert_true(str_eq(buf_str(&bytes), buf_str(&again)));
	add(other, "eve", "192.0.2.9");
	assert_true(is(other, "eve", "192.0.2.9"));
	known_destroy(k);
	known_destroy(other);
	buf_fini(&bytes);
	buf_fini(&again);
}

/* Every cut, and every byte that is another one. */
static void damaged(void **unused)
{
	(void)unused;
	struct buf bytes = { 0 };
	struct known *k = filled(&bytes);
	for (size_t n = 0; n < bytes.n; n++)
		assert_int_equal(known_parse(k, (struct str){ bytes.p, n }), ERR_INVALID);
	for (size_t i = 0; i < bytes.n; i++) {
		bytes.p[i] ^= 0x40;
		assert_int_equal(known_parse(k, buf_str(&bytes)), ERR_INVALID);
		bytes.p[i] ^= 0x40;
	}
	assert_true(is(k, "ann", "192.0.2.1"));                /* as it was */
	assert_int_equal(known_parse(k, buf_str(&bytes)), ERR_OK);
	known_destroy(k);
	buf_fini(&bytes);
}

/* Over a restart; of a damaged file nothing, and a new one then. */
static void file(void **unused)
{
	(void)unused;
	char path[] = "/tmp/test-known-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0 && close(fd) == 0);                /* empty: damaged */
	struct loop *loop = loop_create();
	struct syncer *syncer = syncer_create(loop, 10);
	struct known *k = known_create(&key);
	struct known_file *f = known_file_open(path, k, syncer);
	add(k, "ann", "192.0.2.1");
	known_file_look(f);
	add(k, "ann", "192.0.2.2");                            /* while that waits */
	known_file_look(f);
	assert_int_equal(syncer_stop(syncer, 0), ERR_OK);
	syncer_destroy(syncer);
	struct known *between = known_create(&key);
	known_file_close(known_file_open(path, between, NULL));
	assert_true(is(between, "ann", "192.0.2.1"));
	assert_false(is(between, "ann", "192.0.2.2"));
	known_file_close(f);
	struct known *again = known_create(&(struct hash_key){ { 9, 9 } });
	known_file_close(known_file_open(path, again, NULL));
	assert_true(is(again, "ann", "192.0.2.1"));
	assert_true(is(again, "ann", "192.0.2.2"));
	known_destroy(k);
	known_destroy(between);
	known_destroy(again);
	loop_destroy(loop);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs), cmocka_unit_test(places), cmocka_unit_test(crowd),
		cmocka_unit_test(file_form), cmocka_unit_test(damaged), cmocka_unit_test(file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
