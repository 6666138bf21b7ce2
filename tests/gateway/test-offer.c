/* SPDX-License-Identifier: ISC
 *
 * What an inner host offers against what a message needs.
 */
#include "test.h"

#include "gateway/offer.h"

static void test_lacks(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct gateway_offer offer;
		bool wide;
		uint64_t bytes;
		enum gateway_lack lack;
	} rows[] = {
		{ "never spoken to", { false, false, 10 }, true, 11, GATEWAY_LACKS_NOTHING },
		{ "plain", { true, false, 0 }, false, UINT64_MAX, GATEWAY_LACKS_NOTHING },
		{ "wide", { true, false, 0 }, true, 0, GATEWAY_LACKS_UTF8 },
		{ "wide, offered", { true, true, 0 }, true, 5, GATEWAY_LACKS_NOTHING },
		{ "as large as it takes", { true, true, 10 }, true, 10, GATEWAY_LACKS_NOTHING },
		{ "larger", { true, true, 10 }, true, 11, GATEWAY_LACKS_ROOM },
		{ "both", { true, false, 10 }, true, 11, GATEWAY_LACKS_UTF8 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].name, gateway_offer_lacks(&rows[i].offer, rows[i].wide,
		                                            rows[i].bytes) == rows[i].lack);
}

/* Whatever one of them lacks all lack, in any order. */
static void test_join(void **state)
{
	(void)state;
	static const struct gateway_offer some[] = {
		{ false, true, 1 }, { true, false, 0 }, { true, true, 0 }, { true, true, 10 },
		{ true, false, 20 },
	};
	enum { N = sizeof(some) / sizeof(*some) };
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++) {
			struct gateway_offer all = { 0 };
			gateway_offer_join(&all, &some[i]);
			gateway_offer_join(&all, &some[k]);
			assert_int_equal(all.known, some[i].known || some[k].known);
			for (unsigned need = 0; need < 6; need++) {
				const bool wide = need & 1;
				const uint64_t bytes = need / 2 * 10 + 1;
				bool one_lacks = gateway_offer_lacks(&some[i], wide, bytes) ||
				                 gateway_offer_lacks(&some[k], wide, bytes);
				assert_int_equal(one_lacks,
				                 gateway_offer_lacks(&all, wide, bytes) != 0);
			}
		}
}

static void test_header(void **state)
{
	(void)state;
	assert_int_equal(gateway_header_of(STR("A: b\r\n\r\nc")).n, 4);
	assert_int_equal(gateway_header_of(STR("A: b\r\n")).n, 6);
	assert_int_equal(gateway_header_of(STR("")).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lacks), cmocka_unit_test(test_join),
		cmocka_unit_test(test_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
