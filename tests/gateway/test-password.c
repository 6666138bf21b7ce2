/* SPDX-License-Identifier: ISC
 *
 * Passwords: what is made of them is theirs alone, and what is none matches nothing.
 */
#include "gateway/password.h"

#include "test.h"

#include <stdio.h>

static int verify(const char *hash, const char *password)
{
	return password_verify(str_of(hash), str_of(password));
}

static void hashed(void **unused)
{
	(void)unused;
	struct buf one = { 0 }, two = { 0 };
	assert_int_equal(password_hash(STR("correct horse"), &one), ERR_OK);
	assert_int_equal(password_hash(STR("correct horse"), &two), ERR_OK);
	assert_true(str_prefix(buf_str(&one), STR("$argon2id$v=19$m=19456,t=2,p=1$")));
	assert_string_not_equal(buf_cstr(&one), buf_cstr(&two));       /* salted */
	assert_int_equal(verify(buf_cstr(&one), "correct horse"), ERR_OK);
	assert_int_equal(verify(buf_cstr(&two), "correct horse"), ERR_OK);
	static const char *const others[] = {
		"", "correct hors", "correct horse ", "Correct horse", "\xff", "correct\nhorse",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(verify(buf_cstr(&one), others[i]), ERR_DENIED);
	assert_int_equal(password_verify(buf_str(&one), (struct str){ "correct horse\0", 14 }),
	                 ERR_DENIED);
	buf_fini(&one);
	buf_fini(&two);
}

/* Two ways to type one letter (U+00E9, or e and U+0301) are one password (SASLprep). */
static void typed(void **unused)
{
	(void)unused;
	struct buf hash = { 0 };
	assert_int_equal(password_hash(STR("caf\xc3\xa9"), &hash), ERR_OK);
	assert_int_equal(verify(buf_cstr(&hash), "cafe\xcc\x81"), ERR_OK);
	assert_int_equal(verify(buf_cstr(&hash), "cafe"), ERR_DENIED);
	buf_fini(&hash);
}

/* No hash, or none that is one, is nobody's, whatever is tried. */
static void nobodys(void **unused)
{
	(void)unused;
	char endless[400];
	memset(endless, '$', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	const char *hashes[] = {
		"", "x", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAA", endless,
		"$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$!!!!", "plain", "{PLAIN}x",
	};
	static const char *const tried[] = { "", "x", "plain", "secret" };
	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++)
		for (size_t k = 0; k < sizeof(tried) / sizeof(*tried); k++)
			assert_int_equal(verify(hashes[i], tried[k]), ERR_DENIED);
}

static void expected(void **unused)
{
	(void)unused;
	char endless[PASSWORD_MAX + 1];
	struct buf out = { 0 };
	memset(endless, 'a', sizeof(endless));
	struct str rows[] = {
		{ "", 0 }, { "a\0b", 3 }, STR("a\nb"), STR("\x7f"), STR("\xc3"),
		{ endless, sizeof(endless) },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_non_null(password_expected(rows[i]));
		assert_int_equal(password_hash(rows[i], &out), ERR_INVALID);
		assert_int_equal(password_scram(rows[i], &out), ERR_INVALID);
		assert_int_equal(out.n, 0);
	}
	assert_null(password_expected((struct str){ endless, PASSWORD_MAX }));
	assert_int_equal(password_hash((struct str){ endless, PASSWORD_MAX }, &out), ERR_OK);
	buf_fini(&out);
}

static void keys(void **unused)
{
	(void)unused;
	struct buf one = { 0 }, two = { 0 };
	assert_int_equal(password_scram(STR("pencil"), &one), ERR_OK);
	assert_int_equal(password_scram(STR("pencil"), &two), ERR_OK);
	assert_string_not_equal(buf_cstr(&one), buf_cstr(&two));
	unsigned iterations;
	char salt[64], stored[64], server[64];
	assert_int_equal(sscanf(buf_cstr(&one), "SCRAM-SHA-256$%u:%63[^$]$%63[^:]:%63s",
	                        &iterations, salt, stored, server), 4);
	assert_int_equal(iterations, PASSWORD_SCRAM_ITERATIONS);
	assert_true(strlen(salt) == 24 && strlen(stored) == 44 && strlen(server) == 44);
	buf_fini(&one);
	buf_fini(&two);
}

static void generated(void **unused)
{
	(void)unused;
	struct buf one = { 0 }, two = { 0 };
	password_generate(&one);
	password_generate(&two);
	assert_true(one.n == 23 && two.n == 23 && one.p[5] == '-');
	assert_string_not_equal(buf_cstr(&one), buf_cstr(&two));
	assert_null(password_expected(buf_str(&one)));
	buf_fini(&one);
	buf_fini(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashed), cmocka_unit_test(typed), cmocka_unit_test(nobodys),
		cmocka_unit_test(expected), cmocka_unit_test(keys), cmocka_unit_test(generated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
