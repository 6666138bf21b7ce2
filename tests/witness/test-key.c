/* SPDX-License-Identifier: ISC
 *
 * The files of keys: what is read, what is refused and how that is told, and whom a key lets the
 * witness connect to.
 */
#include "test.h"

#include "witness/key.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct {
	const char *name, *text;
	int e;
	const char *says;        /* in the line; NULL: nothing */
} files[] = {
	{ "none", "", ERR_OK, NULL },
	{ "comments", "# mine\n\n  \t# more\n", ERR_OK, NULL },
	{ "one", "mx " HEX " host=mail.example.org\n", ERR_OK, NULL },
	{ "all words", "mx " HEX " host=Mail.Example.org.,b.example.net port=25,587 "
	  "network=10.0.0.0/8,2001:db8::/32 # why\n", ERR_OK, NULL },
	{ "no line end", "mx " HEX " host=mail.example.org", ERR_OK, NULL },
	{ "CRLF", "mx " HEX " host=mail.example.org\r\n", ERR_OK, NULL },
	{ "no hash", "mx host=mail.example.org\n", ERR_INVALID, "k:1: expected 64 hexadecimal" },
	{ "short", "\nmx 00ff host=a.b\n", ERR_INVALID, "k:2: expected 64 hexadecimal" },
	{ "long", "mx " HEX "00 host=a.example\n", ERR_INVALID, "64 hexadecimal" },
	{ "no hex", "mx zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff "
	  "host=a.example\n", ERR_INVALID, "64 hexadecimal" },
	{ "no host", "mx " HEX " port=25\n", ERR_INVALID, "host=" },
	{ "a host that is none", "mx " HEX " host=mail\n", ERR_INVALID, "host names" },
	{ "an address", "mx " HEX " host=192.0.2.1\n", ERR_INVALID, "host names" },
	{ "an address of IPv6", "mx " HEX " host=2001:db8::1\n", ERR_INVALID, "host names" },
	{ "a wildcard", "mx " HEX " host=*.example.org\n", ERR_INVALID, "host names" },
	{ "a port that is none", "mx " HEX " host=a.example port=0\n", ERR_INVALID, "numbers" },
	{ "a high port", "mx " HEX " host=a.example port=65536\n", ERR_INVALID, "numbers" },
	{ "many ports", "mx " HEX " host=a.example port=1,2,3,4,5\n", ERR_INVALID, "up to 4" },
	{ "a range of ports", "mx " HEX " host=a.example port=1-9\n", ERR_INVALID, "numbers" },
	{ "host bits", "mx " HEX " host=a.example network=10.0.0.1/8\n", ERR_INVALID,
	  "networks" },
	{ "another word", "mx " HEX " host=a.example ports=25\n", ERR_INVALID, "port=" },
	{ "a bare word", "mx " HEX " host=a.example 25\n", ERR_INVALID, "port=" },
	{ "a name that is none", "m/x " HEX " host=a.example\n", ERR_INVALID, "a name" },
	{ "twice", "mx " HEX " host=a.example\nmx " HEX " host=b.example\n", ERR_INVALID,
	  "k:2: expected a name that no other" },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct witness_keys keys;
		struct buf message = { 0 };
		int e = witness_keys_parse("k", str_of(files[i].text), &keys, &message);
		CHECK_ROW(files[i].name, e == files[i].e);
		CHECK_ROW(files[i].name, (e == ERR_OK) == (message.n == 0));
		CHECK_ROW(files[i].name, e == ERR_OK || keys.v == NULL);
		CHECK_ROW(files[i].name,
		          !files[i].says || strstr(buf_cstr(&message), files[i].says));
		/* What stands where a secret may stand is not told. */
		CHECK_ROW(files[i].name, !strstr(buf_cstr(&message), "00112233"));
		witness_keys_fini(&keys);
		buf_fini(&message);
	}
}

static void test_too_many(void **state)
{
	(void)state;
	struct buf text = { 0 }, message = { 0 };
	struct witness_keys keys;
	for (int i = 0; i < WITNESS_KEYS_MAX; i++)
		buf_printf(&text, "k%d " HEX " host=a.example\n", i);
	assert_int_equal(witness_keys_parse("k", buf_str(&text), &keys, &message), ERR_OK);
	assert_int_equal(keys.n, WITNESS_KEYS_MAX);
	witness_keys_fini(&keys);
	buf_add_cstr(&text, "more " HEX " host=a.example\n");
	assert_int_equal(witness_keys_parse("k", buf_str(&text), &keys, &message), ERR_LIMIT);
	buf_fini(&text);
	buf_fini(&message);
}

static void test_round(void **state)
{
	(void)state;
	static const char row[] = "mx " HEX " host=mail.example.org,b.example.net port=25,587 "
	                          "network=10.0.0.0/8,2001:db8::/32\n";
	struct buf message = { 0 }, text = { 0 };
	struct witness_keys keys;
	assert_int_equal(witness_keys_parse("k", str_of(row), &keys, &message), ERR_OK);
	const struct witness_key *key = witness_keys_find(&keys, STR("mx"));
	assert_non_null(key);
	assert_null(witness_keys_find(&keys, STR("m")));
	assert_null(witness_keys_find(&keys, STR("mxx")));
	witness_key_format(key, &text);
	assert_string_equal(buf_cstr(&text), row);
	assert_true(witness_key_has_host(key, STR("MAIL.example.ORG.")));
	assert_false(witness_key_has_host(key, STR("example.org")));
	assert_false(witness_key_has_host(key, STR("x.mail.example.org")));
	assert_true(witness_key_has_port(key, 587));
	assert_false(witness_key_has_port(key, 465));
	witness_keys_fini(&keys);
	buf_fini(&text);
	buf_fini(&message);
}

/* The key's networks are 10.0.0.0/8 alone. */
static const struct {
	const char *address;
	bool allowed;
} addresses[] = {
	{ "9.9.9.9", true }, { "2620:fe::fe", true }, { "10.1.2.3", true },
	{ "192.168.1.1", false }, { "172.17.0.1", false }, { "127.0.0.1", false }, { "::1", false },
	{ "169.254.169.254", false }, { "100.64.0.1", false }, { "0.0.0.0", false },
	{ "224.0.0.1", false }, { "255.255.255.255", false }, { "fe80::1", false },
	{ "fd00::1", false }, { "64:ff9b::7f00:1", false }, { "2002:7f00:1::1", false },
	{ "192.0.2.1", false },
};

static void test_addresses(void **state)
{
	(void)state;
	struct witness_key key = { .network_count = 1 };
	assert_int_equal(prefix_parse(STR("10.0.0.0/8"), &key.networks[0], NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct ip ip;
		assert_int_equal(ip_parse(str_of(addresses[i].address), &ip, NULL), ERR_OK);
		CHECK_ROW(addresses[i].address,
		          (witness_key_refuses(&key, &ip) == NULL) == addresses[i].allowed);
	}
}

static void test_secret(void **state)
{
	(void)state;
	struct witness_secret one = { .name = "mx" }, two;
	struct buf text = { 0 }, message = { 0 };
	uint8_t a[WITNESS_SECRET_BYTES], b[WITNESS_SECRET_BYTES];
	memset(one.secret, 7, sizeof(one.secret));
	witness_secret_format(&one, &text);
	assert_int_equal(witness_secret_parse("s", buf_str(&text), &two, &message), ERR_OK);
	assert_memory_equal(&one, &two, sizeof(one));
	witness_secret_hash(&one, a);
	assert_memory_not_equal(a, one.secret, sizeof(a));
	two.secret[31] ^= 1;
	witness_secret_hash(&two, b);
	assert_memory_not_equal(a, b, sizeof(a));
	buf_add_cstr(&text, "mx " HEX "\n");
	assert_int_equal(witness_secret_parse("s", buf_str(&text), &two, &message), ERR_INVALID);
	assert_null(strstr(buf_cstr(&message), "0707"));
	assert_int_equal(witness_secret_parse("s", STR(" \n#\n"), &two, &message), ERR_INVALID);
	assert_int_equal(witness_secret_parse("s", STR("mx\n"), &two, &message), ERR_INVALID);
	buf_fini(&text);
	buf_fini(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files), cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_round), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
