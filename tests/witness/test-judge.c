/* SPDX-License-Identifier: ISC
 *
 * Addresses by which a server saw a witness, and what they tell.
 */
#include "test.h"

#include "witness/judge.h"

#include <stdio.h>
#include <string.h>

static size_t addresses(const char *text, struct ip *ips)
{
	struct str rest = str_of(text), word;
	size_t n = 0;
	while (str_word(&rest, &word))
		assert_int_equal(ip_parse(word, &ips[n++], NULL), ERR_OK);
	return n;
}

static const struct {
	const char *as, *own, *known;
	unsigned family;                 /* at which the tester knocked */
	const char *want;                /* verdict and causes */
} rows[] = {
	{ "203.0.113.5", "198.51.100.2", "", 4, "kept" },
	{ "203.0.113.5", "198.51.100.2", "203.0.113.5", 4, "kept" },
	{ "203.0.113.5", "198.51.100.2", "203.0.113.5 2a00::5", 0, "kept" },
	{ "172.18.0.1", "198.51.100.2", "203.0.113.5", 4, "lost C2 C1 C3" },
	{ "172.18.0.1", "172.18.0.2", "2a00::5", 6, "lost C1 C2" },
	{ "172.18.0.1", "172.18.0.1", "2a00::5", 6, "lost C1 C2" },
	{ "172.18.0.1", "172.18.0.2", "", 0, "lost C2 C1 C3" },
	{ "127.0.0.1", "127.0.0.1", "203.0.113.5", 4, "lost C5 C2" },
	{ "::1", "::1", "", 6, "lost C5 C2" },
	{ "198.51.100.2", "127.0.0.1 198.51.100.2", "", 4, "lost C3 C5" },
	{ "10.42.0.1", "10.42.0.7", "203.0.113.5", 4, "lost C4 C3" },
	{ "198.51.100.1", "198.51.100.2", "203.0.113.5", 4, "lost C3 C4" },
	/* A neighbour, as far as we know. */
	{ "198.51.100.1", "198.51.100.2", "", 4, "kept" },
	{ "198.51.100.1", "198.51.100.2", "198.51.100.1", 4, "kept" },
	/* In one private network with the server. */
	{ "192.168.1.9", "192.168.1.2", "192.168.1.9", 4, "kept" },
	{ "192.168.1.1", "192.168.1.2", "192.168.1.9", 4, "lost C3 C2" },
	/* Somebody else's. */
	{ "192.0.2.77", "198.51.100.2", "203.0.113.5", 4, "unknown" },
	/* Of the other family nothing is known. */
	{ "2a00::77", "198.51.100.2", "203.0.113.5", 6, "kept" },
};

static void an_address_tells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip own[4], known[4], as;
		struct witness_ends ends = { own, addresses(rows[i].own, own), known,
		                             addresses(rows[i].known, known) };
		struct witness_judged judged;
		char got[100];
		assert_int_equal(addresses(rows[i].as, &as), 1);
		struct witness_sighting seen = { .as = as, .lines = 1,
		                             .said = { .family = (uint8_t)rows[i].family } };
		witness_judge(&seen, &ends, &judged);
		size_t n = (size_t)snprintf(got, sizeof(got), "%s",
		                            witness_verdict_name(judged.verdict));
		for (size_t k = 0; k < judged.cause_n; k++)
			n += (size_t)snprintf(got + n, sizeof(got) - n, " %s", judged.causes[k]->id);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row %zu, %s: got \"%s\", want \"%s\"", i, rows[i].as, got,
			         rows[i].want);
		assert_int_equal(witness_judge_all(&seen, 1, &ends), judged.verdict);
	}
}

static void one_loss_is_the_answer(void **state)
{
	const struct witness_ends ends = { 0 };
	struct witness_sighting seen[3] = { { .lines = 1 }, { .lines = 1 }, { .lines = 1 } };
	(void)state;
	assert_int_equal(witness_judge_all(seen, 0, &ends), WITNESS_UNSURE);
	seen[0].as = ip_from_v4(192, 0, 2, 1);
	seen[1].as = ip_from_v4(10, 0, 0, 1);
	seen[2].as = ip_from_v4(192, 0, 2, 2);
	assert_int_equal(witness_judge_all(seen, 1, &ends), WITNESS_KEPT);
	assert_int_equal(witness_judge_all(seen, 3, &ends), WITNESS_LOST);
}

static void evidence_comes_first(void **state)
{
	static const struct {
		const char *as, *cause, *want;
	} cases[] = {
		{ "172.18.0.1", "C3", "C3 C2 C1 " },        /* the last of three */
		{ "172.18.0.1", "C4", "C4 C2 C1 " },        /* not among them */
		{ "127.0.0.1", "C1", "C1 C5 C2 " },         /* there is room */
		{ "127.0.0.1", "C5", "C5 C2 " }, { "127.0.0.1", "C99", "C5 C2 " },
	};
	const struct witness_ends ends = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct witness_sighting seen = { .lines = 1 };
		struct witness_judged judged;
		char got[40] = "";
		assert_int_equal(addresses(cases[i].as, &seen.as), 1);
		witness_judge(&seen, &ends, &judged);
		witness_judge_evidence(&judged, &(struct witness_evidence){
			cases[i].cause, "so it is", "" });
		for (size_t k = 0; k < judged.cause_n; k++) {
			size_t n = strlen(got);
			snprintf(got + n, sizeof(got) - n, "%s ", judged.causes[k]->id);
		}
		CHECK_ROW(cases[i].cause, strcmp(got, cases[i].want) == 0);
	}
}

static void it_is_said_in_a_sentence(void **state)
{
	struct witness_judged judged = { .verdict = WITNESS_LOST };
	struct buf text = { 0 };
	(void)state;
	judged.told = (struct seen_as){ ip_from_v4(172, 18, 0, 1), ip_from_v4(203, 0, 113, 5) };
	witness_sentence(&judged, &text);
	assert_string_equal(buf_cstr(&text), "the server saw us as 172.18.0.1, not 203.0.113.5: "
	                    "your clients' addresses are lost before they reach it");
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_tells),
		cmocka_unit_test(one_loss_is_the_answer),
		cmocka_unit_test(evidence_comes_first),
		cmocka_unit_test(it_is_said_in_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
