/* SPDX-License-Identifier: ISC
 *
 * Random bytes fill what they were given; the encodings are those of RFC 4648.
 */
#include "test.h"

#include "base/err.h"
#include "base/random.h"

static void test_base32(void **state)
{
	(void)state;
	/* RFC 4648 section 10, in lower case and without padding */
	static const struct { const char *plain, *text; } rows[] = {
		{ "", "" }, { "f", "my" }, { "fo", "mzxq" }, { "foo", "mzxw6" },
		{ "foob", "mzxw6yq" }, { "fooba", "mzxw6ytb" }, { "foobar", "mzxw6ytboi" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[32];
		base32_encode(rows[i].plain, strlen(rows[i].plain), text);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_hex(void **state)
{
	(void)state;
	unsigned char bytes[4];
	char text[9];
	hex_encode("\x00\x7f\xab\xff", 4, text);
	assert_string_equal(text, "007fabff");
	assert_int_equal(hex_decode(STR("007FabFF"), bytes, 4), 4);
	assert_memory_equal(bytes, "\x00\x7f\xab\xff", 4);
	assert_int_equal(hex_decode(STR("0"), bytes, 4), ERR_INVALID);
	assert_int_equal(hex_decode(STR("0g"), bytes, 4), ERR_INVALID);
	assert_int_equal(hex_decode(STR("0011223344"), bytes, 4), ERR_INVALID);
}

static void test_bytes(void **state)
{
	(void)state;
	unsigned char a[600] = { 0 }, b[600] = { 0 };
	random_bytes(a, sizeof(a) - 1);
	random_bytes(b, sizeof(b) - 1);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(a[599], 0);
	assert_true(random_u64() != random_u64());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base32),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
