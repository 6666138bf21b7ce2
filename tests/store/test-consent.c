/* SPDX-License-Identifier: ISC
 *
 * The words of types.h, and the decision whether an address may be tested.
 */
#include "store/admission.h"
#include "store/types.h"
#include "test.h"

#include "store/store.h"

static struct prefix range(const char *text)
{
	struct prefix p;
	assert_int_equal(prefix_parse(str_of(text), &p, NULL), ERR_OK);
	return p;
}

static struct ip ip(const char *text)
{
	struct ip a;
	assert_int_equal(ip_parse(str_of(text), &a, NULL), ERR_OK);
	return a;
}

static void names(void **unused)
{
	(void)unused;
	for (int i = CONSENT_NONE; i <= CONSENT_OWNER; i++) {
		enum consent c;
		assert_int_equal(consent_parse(str_of(consent_name((enum consent)i)), &c), ERR_OK);
		assert_int_equal(c, i);
	}
	enum consent c;
	assert_int_equal(consent_parse(STR("Owner"), &c), ERR_INVALID);
	assert_int_equal(consent_parse(STR("owner "), &c), ERR_INVALID);
	assert_int_equal(consent_parse(STR(""), &c), ERR_INVALID);
	assert_string_equal(verdict_name(VERDICT_OPEN), "open");
	assert_string_equal(verdict_name(VERDICT_INCONCLUSIVE), "inconclusive");
	assert_string_equal(stage_name(STAGE_NONE), "none");
	assert_string_equal(stage_name(STAGE_MESSAGE), "message");
	assert_string_equal(verdict_name((enum verdict)99), "unknown");
	assert_string_equal(consent_name((enum consent)-1), "unknown");
	assert_string_equal(test_state_name(TEST_DONE), "done");
	assert_string_equal(test_reason_name(TEST_RETRY), "retry");
	assert_string_equal(journal_action_name(JOURNAL_TEST), "test");
	assert_string_equal(journal_action_name(JOURNAL_OUTPUT_DELIST), "output-delist");
}

enum { NOW = 1000 };

static struct permit permits[] = {
	{ .consent = CONSENT_RANGE, .by = "all of it" },
	{ .consent = CONSENT_RANGE, .by = "a part" },
	{ .consent = CONSENT_OWNER, .by = "its owner" },
	{ .consent = CONSENT_CONTACT, .by = "over", .until_s = NOW },
	{ .consent = CONSENT_CONTACT, .by = "not over", .until_s = NOW + 1 },
	{ .consent = CONSENT_RANGE, .by = "six" },
	{ .consent = CONSENT_NONE, .by = "nothing" },
	{ .consent = CONSENT_OWNER, .by = "excluded owner" },
};
static const char *const permit_ranges[] = {
	"192.0.2.0/24", "192.0.2.64/26", "192.0.2.0/25", "198.51.100.1", "198.51.100.2",
	"2001:db8::/32", "203.0.113.0/24", "192.0.2.200",
};
static struct exclusion exclusions[] = { { .by = "wide" }, { .by = "narrow" }, { .by = "six" } };
static const char *const exclusion_ranges[] = {
	"192.0.2.192/26", "192.0.2.200/31", "2001:db8:bad::/48",
};

static const struct {
	const char *address;
	enum consent consent;
	bool excluded;
	const char *by;
} decisions[] = {
	{ "192.0.2.1", CONSENT_OWNER, false, "its owner" },      /* the greater consent wins… */
	{ "192.0.2.65", CONSENT_OWNER, false, "its owner" },     /* …over the smaller range */
	{ "192.0.2.129", CONSENT_RANGE, false, "all of it" },
	{ "198.51.100.1", CONSENT_NONE, false, "" },
	{ "198.51.100.2", CONSENT_CONTACT, false, "not over" },
	{ "198.51.100.3", CONSENT_NONE, false, "" },
	{ "203.0.113.1", CONSENT_NONE, false, "" },
	{ "192.0.2.199", CONSENT_NONE, true, "wide" },
	{ "192.0.2.200", CONSENT_NONE, true, "narrow" },      /* exclusion beats its own permit */
	{ "2001:db8::1", CONSENT_RANGE, false, "six" },
	{ "2001:db8:bad::1", CONSENT_NONE, true, "six" },
	{ "2001:db9::1", CONSENT_NONE, false, "" },
};

static void decides(void **unused)
{
	(void)unused;
	enum { P = sizeof(permits) / sizeof(permits[0]), X = 3 };
	for (size_t i = 0; i < P; i++)
		permits[i].range = range(permit_ranges[i]);
	for (size_t i = 0; i < X; i++)
		exclusions[i].range = range(exclusion_ranges[i]);
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		struct ip a = ip(decisions[i].address);
		struct consent_answer answer;
		consent_decide(permits, P, exclusions, X, &a, NOW, &answer);
		CHECK_ROW(decisions[i].address, answer.consent == decisions[i].consent);
		CHECK_ROW(decisions[i].address, answer.excluded == decisions[i].excluded);
		CHECK_ROW(decisions[i].address, strcmp(answer.by, decisions[i].by) == 0);
	}
}

static void order_does_not_matter(void **unused)
{
	(void)unused;
	struct permit two[2] = {
		{ .range = range("192.0.2.0/24"), .consent = CONSENT_RANGE, .by = "wide" },
		{ .range = range("192.0.2.0/28"), .consent = CONSENT_RANGE, .by = "narrow" },
	};
	struct ip a = ip("192.0.2.3");
	struct consent_answer answer;
	for (int i = 0; i < 2; i++) {
		consent_decide(two, 2, NULL, 0, &a, NOW, &answer);
		assert_string_equal(answer.by, "narrow");
		struct permit first = two[0];
		two[0] = two[1];
		two[1] = first;
	}
	consent_decide(NULL, 0, NULL, 0, &a, NOW, &answer);
	assert_int_equal(answer.consent, CONSENT_NONE);
	assert_false(answer.excluded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(decides),
		cmocka_unit_test(order_does_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
