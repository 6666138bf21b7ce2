/* SPDX-License-Identifier: ISC
 *
 * What a permit may say.
 */
#include "test.h"

#include "store/permit.h"

enum { NOW = 1000000 };

static void permits(void **unused)
{
	(void)unused;
	static const struct {
		const char *range;
		enum consent consent;
		bool trusted;
		int64_t until_s;
		enum permit_fault fault;
	} rows[] = {
		{ "192.0.2.0/24", CONSENT_RANGE, false, 0, PERMIT_GOOD },
		{ "192.0.2.0/24", CONSENT_OWNER, false, NOW + 1, PERMIT_GOOD },
		{ "192.0.2.0/24", CONSENT_RANGE, false, NOW, PERMIT_ENDED },
		{ "192.0.2.1", CONSENT_NONE, true, 0, PERMIT_NO_GROUND },
		{ "10.0.0.0/8", CONSENT_RANGE, false, 0, PERMIT_GOOD },
		{ "10.0.0.0/7", CONSENT_RANGE, false, 0, PERMIT_TOO_WIDE },
		{ "0.0.0.0/0", CONSENT_OWNER, true, 0, PERMIT_TOO_WIDE },
		{ "2001::/16", CONSENT_RANGE, false, 0, PERMIT_GOOD },
		{ "2000::/15", CONSENT_RANGE, false, 0, PERMIT_TOO_WIDE },
		{ "192.0.2.1", CONSENT_CONTACT, false, 0, PERMIT_GOOD },
		{ "192.0.2.0/31", CONSENT_CONTACT, false, 0, PERMIT_NOT_ONE },
		{ "2001:db8::1", CONSENT_EVIDENCE, true, 0, PERMIT_GOOD },
		{ "2001:db8::/127", CONSENT_EVIDENCE, true, 0, PERMIT_NOT_ONE },
		{ "192.0.2.1", CONSENT_EVIDENCE, false, 0, PERMIT_NOT_TRUSTED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct permit p = { .consent = rows[i].consent, .until_s = rows[i].until_s };
		assert_int_equal(prefix_parse(str_of(rows[i].range), &p.range, NULL), ERR_OK);
		enum permit_fault fault = permit_check(&p, rows[i].trusted, NOW);
		CHECK_ROW(rows[i].range, fault == rows[i].fault);
		bool silent = permit_expected(fault)[0] == '\0';
		CHECK_ROW(rows[i].range, silent == (fault == PERMIT_GOOD));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(permits) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
