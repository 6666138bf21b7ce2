/* SPDX-License-Identifier: ISC
 *
 * Tokens: they survive mail systems, bind what they name, and cannot be made, changed or moved.
 */
#include "test.h"

#include "catalogue/catalogue.h"
#include "relaytest/token.h"

static struct token_keys keys_of(const char *ids)
{
	struct token_keys keys = { 0 };
	for (const char *p = ids; *p; p++) {
		struct token_key *k = &keys.v[keys.n++];
		k->id = *p;
		memset(k->secret, *p, sizeof(k->secret));
	}
	return keys;
}

static struct token_signer signer_of(const char *ids)
{
	struct token_signer signer;
	struct token_keys keys = keys_of(ids);
	token_signer_init(&signer, &keys);
	return signer;
}

static struct endpoint target_of(const char *text)
{
	struct endpoint ep;
	assert_int_equal(endpoint_parse(str_of(text), 0, &ep, NULL), ERR_OK);
	return ep;
}

static bool verify(const struct token_signer *signer, const char *text,
                   const struct endpoint *target)
{
	struct token t;
	return token_parse(str_of(text), &t) == ERR_OK && token_verify(signer, &t, target, NULL);
}

static void test_round_trip(void **state)
{
	(void)state;
	struct token_signer signer = signer_of("c");
	static const char *const targets[] = { "192.0.2.1:25", "[2001:db8::1]:587", "0.0.0.0:1",
	                                       "255.255.255.255:65535" };
	static const unsigned flags[] = { 0, TOKEN_CONFIRM, TOKEN_STARTTLS,
	                                  TOKEN_CONFIRM | TOKEN_STARTTLS };
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *c = &relay_cases[i];
		struct endpoint target = target_of(targets[i % 4]);
		for (size_t f = 0; f < 4; f++) {
			struct token_set set, read;
			struct token t;
			token_make(&signer, "abcdefgh", c->number, flags[f], &target, &set);
			assert_int_equal(token_parse(str_of(set.recipient), &t), ERR_OK);
			assert_string_equal(t.test_id, "abcdefgh");
			assert_int_equal(t.case_number, c->number);
			assert_int_equal(t.flags, flags[f]);
			assert_true(token_verify(&signer, &t, &target, &read));
			assert_memory_equal(&read, &set, sizeof(set));
			assert_int_equal(token_parse(str_of(set.sender), &t), ERR_OK);
			assert_int_equal(t.flags, flags[f] | TOKEN_SENDER);
			assert_true(token_verify(&signer, &t, &target, &read));
			assert_memory_equal(&read, &set, sizeof(set));
		}
	}
	token_signer_fini(&signer);
}

/* Sender's, recipient's and mark share nothing that one could be guessed from. */
static void test_three_secrets(void **state)
{
	(void)state;
	struct token_signer signer = signer_of("c");
	struct endpoint target = target_of("192.0.2.1:25");
	struct token_set set;
	token_make(&signer, "abcdefgh", 1, 0, &target, &set);
	assert_int_equal(strlen(set.recipient), TOKEN_LEN);
	assert_int_equal(strlen(set.sender), TOKEN_LEN);
	assert_int_equal(strlen(set.mark), MARK_LEN);
	assert_true(TOKEN_LEN <= 32);
	/* 80 bits of MAC: 16 characters of base 32. */
	assert_true(memcmp(set.recipient + 12, set.sender + 12, 16) != 0);
	assert_null(strstr(set.recipient, set.mark));
	assert_null(strstr(set.sender, set.mark));
	for (const char *p = set.recipient; *p; p++)
		assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz234567", *p));
	token_signer_fini(&signer);
}

/* Every change of one character to every other is a forgery. */
static void test_every_change_fails(void **state)
{
	(void)state;
	struct token_signer signer = signer_of("abcdefghijklmnopqrstuvwxyz");
	struct endpoint target = target_of("192.0.2.1:25");
	struct token_set set;
	token_make(&signer, "abcdefgh", 14, 0, &target, &set);
	const char *const texts[] = { set.recipient, set.sender };
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < TOKEN_LEN; i++) {
			for (int c = 0; c < 256; c++) {
				char text[TOKEN_LEN + 1];
				memcpy(text, texts[k], sizeof(text));
				if (ascii_lower((char)c) == text[i])
					continue;
				text[i] = (char)c;
				struct token t;
				bool ok = token_parse((struct str){ text, TOKEN_LEN },
				                      &t) == ERR_OK &&
				          token_verify(&signer, &t, &target, NULL);
				assert_false(ok);
			}
		}
	}
	token_signer_fini(&signer);
}

/* Bound to the address, the port and all that stands in it. */
static void test_bound(void **state)
{
	(void)state;
	struct token_signer signer = signer_of("c");
	struct endpoint target = target_of("192.0.2.1:25");
	static const char *const others[] = { "192.0.2.1:26", "192.0.2.2:25", "192.0.2.1:587",
	                                      "[2001:db8::1]:25", "[c000:201::]:25",
	                                      "192.0.2.1:6400" };
	struct token_set set, other;
	token_make(&signer, "abcdefgh", 1, 0, &target, &set);
	assert_true(verify(&signer, set.recipient, &target));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct endpoint ep = target_of(others[i]);
		CHECK_ROW(others[i], !verify(&signer, set.recipient, &ep));
		CHECK_ROW(others[i], !verify(&signer, set.sender, &ep));
	}
	/* A MAC does not fit another head. */
	static const struct { const char *test; unsigned number, flags; } heads[] = {
		{ "abcdefgi", 1, 0 }, { "abcdefgh", 2, 0 }, { "abcdefgh", 33, 0 },
		{ "abcdefgh", 1, TOKEN_CONFIRM }, { "abcdefgh", 1, TOKEN_STARTTLS },
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		char mixed[TOKEN_LEN + 1];
		token_make(&signer, heads[i].test, heads[i].number, heads[i].flags, &target,
		           &other);
		assert_true(strcmp(other.mark, set.mark) != 0);
		memcpy(mixed, other.recipient, sizeof(mixed));
		memcpy(mixed + 12, set.recipient + 12, 16);
		assert_false(verify(&signer, mixed, &target));
	}
	token_signer_fini(&signer);
}

static void test_case_does_not_matter(void **state)
{
	(void)state;
	struct token_signer signer = signer_of("c");
	struct endpoint target = target_of("192.0.2.1:25");
	struct token_set set;
	struct token t;
	char upper[TOKEN_LEN + 1];
	token_make(&signer, "abcdefgh", 1, 0, &target, &set);
	for (size_t i = 0; i <= TOKEN_LEN; i++)
		upper[i] = ascii_isalpha((unsigned char)set.recipient[i]) && i % 2
		         ? (char)(set.recipient[i] & ~0x20) : set.recipient[i];
	assert_int_equal(token_parse(str_of(upper), &t), ERR_OK);
	assert_true(token_verify(&signer, &t, &target, NULL));
	assert_string_equal(t.text, set.recipient);
	token_signer_fini(&signer);
}

static void test_rotation(void **state)
{
	(void)state;
	struct endpoint target = target_of("192.0.2.1:25");
	struct token_signer before = signer_of("c"), after = signer_of("cd"),
	                             later = signer_of("d");
	struct token_set old, new;
	token_make(&before, "abcdefgh", 1, 0, &target, &old);
	token_make(&after, "abcdefgh", 1, 0, &target, &new);
	assert_int_equal(old.recipient[0], 'c');
	assert_int_equal(new.recipient[0], 'd');
	assert_true(verify(&after, old.recipient, &target));
	assert_true(verify(&after, new.recipient, &target));
	/* A retired key, or one that is not there yet. */
	assert_false(verify(&later, old.recipient, &target));
	assert_false(verify(&before, new.recipient, &target));
	/* The same id with another secret (an installation of its own). */
	struct token_keys foreign = keys_of("c");
	struct token_signer other;
	foreign.v[0].secret[31] ^= 1;
	token_signer_init(&other, &foreign);
	assert_false(verify(&other, old.recipient, &target));
	token_signer_fini(&other);
	token_signer_fini(&before);
	token_signer_fini(&after);
	token_signer_fini(&later);
}

static void test_form(void **state)
{
	(void)state;
	static const struct { const char *text; bool ok; } rows[] = {
		{ "kabcdefghaba3pmwo5yja4qngq34", true },
		{ "KABCDEFGHABA3PMWO5YJA4QNGQ34", true },
		{ "", false },
		{ "kabcdefghaba3pmwo5yja4qngq3", false },
		{ "kabcdefghaba3pmwo5yja4qngq345", false },
		{ "kabcdefghaba3pmwo5yja4qngq31", false },
		{ "kabcdefghaba3pmwo5yja4qngq3.", false },
		{ "kabcdefghaba3pmwo5yja4qngq3 ", false },
		{ "kabcdefghaba3pmwo5yja4qng\xc3\xa9z", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct token t;
		CHECK_ROW(rows[i].text,
		          (token_parse(str_of(rows[i].text), &t) == ERR_OK) == rows[i].ok);
	}
	struct token t;
	char nul[TOKEN_LEN] = { 0 };
	assert_int_equal(token_parse((struct str){ nul, sizeof(nul) }, &t), ERR_INVALID);
}

static void test_case_id(void **state)
{
	(void)state;
	static const struct { unsigned number, flags; const char *id; } rows[] = {
		{ 1, 0, "E01" }, { 1, TOKEN_SENDER, "E01" }, { 14, TOKEN_STARTTLS, "S09-E14" },
		{ 29, TOKEN_STARTTLS | TOKEN_CONFIRM, "S09-E29a" }, { 0, 0, NULL }, { 59, 0, NULL },
		{ 1023, 0, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct token t = { .case_number = (uint16_t)rows[i].number,
		                   .flags = (uint8_t)rows[i].flags };
		char id[CASE_ID_MAX] = "";
		int e = token_case_id(&t, id);
		assert_int_equal(e, rows[i].id ? ERR_OK : ERR_NOT_FOUND);
		if (rows[i].id)
			assert_string_equal(id, rows[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_three_secrets),
		cmocka_unit_test(test_every_change_fails),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_case_does_not_matter),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_case_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
