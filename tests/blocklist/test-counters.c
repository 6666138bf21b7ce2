/* SPDX-License-Identifier: ISC
 *
 * What each answer counts as, by UDP where the rate cuts it too, and the line of the counters.
 */
#include "test.h"
#include "world.h"

#include "blocklist/counters.h"
#include "dns/message.h"

#include <stdlib.h>

/* Flags, counts and EDNS of a query, besides its question. */
struct asked {
	const char *name;
	unsigned type;
	uint16_t flags, questions;
	bool edns_v1;
	size_t cut;                      /* bytes that are missing at its end */
};

static size_t make_query(const struct asked *asked, uint8_t *dst, size_t size)
{
	struct dns_writer w = { .p = dst, .size = size };
	struct dns_question q = { .type = (uint16_t)asked->type, .class = DNS_CLASS_IN };
	struct dns_header h = { .id = 1, .flags = asked->flags, .questions = asked->questions,
	                        .additionals = asked->edns_v1 };
	assert_int_equal(dns_name_parse(str_of(asked->name), &q.name, NULL), ERR_OK);
	dns_put_header(&w, &h);
	dns_put_question(&w, &q);
	if (asked->edns_v1) {
		static const uint8_t opt[] = { 0, 0, DNS_TYPE_OPT, 16, 0, 0, 1, 0, 0, 0, 0 };
		dns_put_bytes(&w, opt, sizeof(opt));
	}
	assert_false(w.full);
	return w.n - asked->cut;
}

static enum blocklist_outcome outcome(const struct blocklist_state *state, struct str query,
                                      struct blocklist_rrl *rrl)
{
	uint8_t answer[BLOCKLIST_ANSWER_MAX];
	struct blocklist_asker asker = { rrl, ip_from_v4(198, 51, 100, 1), 1000 };
	struct blocklist_answers a;
	blocklist_answers_begin(&a, state, query, rrl ? BLOCKLIST_UDP : BLOCKLIST_TCP,
	                        rrl ? &asker : NULL);
	size_t n = blocklist_answers_next(&a, answer);
	assert_int_equal(n == 0, a.outcome == BLOCKLIST_SILENCE);
	return a.outcome;
}

#define Q .questions = 1
static const struct row {
	struct asked asked;
	enum blocklist_outcome want;
} rows[] = {
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, Q }, BLOCKLIST_LISTED },
	{ { "1.2.0.192.bl.example", DNS_TYPE_TXT, Q }, BLOCKLIST_LISTED },
	{ { "2.0.0.127.bl.example", DNS_TYPE_A, Q }, BLOCKLIST_LISTED },
	{ { "1.2.0.192.bl.example", DNS_TYPE_AAAA, Q }, BLOCKLIST_NOERROR },
	{ { "1.2.0.192.bl.example", DNS_TYPE_ANY, Q }, BLOCKLIST_NOERROR },
	{ { "2.0.192.bl.example", DNS_TYPE_A, Q }, BLOCKLIST_NOERROR },
	{ { "bl.example", DNS_TYPE_SOA, Q }, BLOCKLIST_NOERROR },
	{ { "bl.example", DNS_TYPE_NS, Q }, BLOCKLIST_NOERROR },
	{ { "2.2.0.192.bl.example", DNS_TYPE_A, Q }, BLOCKLIST_NXDOMAIN },
	{ { "x.bl.example", DNS_TYPE_TXT, Q }, BLOCKLIST_NXDOMAIN },
	{ { "1.2.0.192.other.example", DNS_TYPE_A, Q }, BLOCKLIST_REFUSED },
	{ { "bl.example", DNS_TYPE_AXFR, Q }, BLOCKLIST_REFUSED },
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, .questions = 2 }, BLOCKLIST_FORMERR },
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, .questions = 0 }, BLOCKLIST_FORMERR },
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, Q, .cut = 3 }, BLOCKLIST_FORMERR },
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, Q, .flags = 5 << 11 }, BLOCKLIST_NOTIMP },
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, Q, .edns_v1 = true }, BLOCKLIST_NOTIMP },
	{ { "1.2.0.192.bl.example", DNS_TYPE_A, Q, .flags = DNS_FLAG_QR }, BLOCKLIST_SILENCE },
	{ { ".", DNS_TYPE_A, Q, .cut = 6 }, BLOCKLIST_SILENCE },
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static void test_outcomes(void **state)
{
	struct world w;
	uint8_t query[512];
	(void)state;
	world_make(&w, "192.0.2.1", NULL, NULL);
	for (size_t i = 0; i < ROWS; i++) {
		struct str q = { (char *)query, make_query(&rows[i].asked, query, sizeof(query)) };
		CHECK_ROW(rows[i].asked.name, outcome(&w.state, q, NULL) == rows[i].want);
	}
	/* Not read yet. */
	w.state.edition = NULL;
	struct str q = { (char *)query, make_query(&rows[0].asked, query, sizeof(query)) };
	assert_int_equal(outcome(&w.state, q, NULL), BLOCKLIST_SERVFAIL);
	world_free(&w);
}

/* What is beyond the rate is that, whatever it would have been; each question has its own. */
static void test_rate(void **state)
{
	static const struct hash_key key = { { 1, 2 } };
	struct world w;
	uint8_t query[512];
	(void)state;
	world_make(&w, "192.0.2.1", NULL, NULL);
	struct blocklist_rrl *rrl = blocklist_rrl_create(1, &key);
	struct str q = { (char *)query, make_query(&rows[0].asked, query, sizeof(query)) };
	assert_int_equal(outcome(&w.state, q, rrl), BLOCKLIST_LISTED);
	assert_int_equal(outcome(&w.state, q, rrl), BLOCKLIST_LIMITED);
	q.n = make_query(&rows[8].asked, query, sizeof(query));
	assert_int_equal(outcome(&w.state, q, rrl), BLOCKLIST_NXDOMAIN);
	assert_int_equal(outcome(&w.state, q, rrl), BLOCKLIST_LIMITED);
	blocklist_rrl_destroy(rrl);
	world_free(&w);
}

static void test_line(void **state)
{
	struct blocklist_counters c = { .tcp_queries = 4, .tcp = { 3, 2 } };
	struct log_field fields[BLOCKLIST_COUNTERS_FIELDS];
	struct buf line = { 0 };
	(void)state;
	for (unsigned i = 0; i < BLOCKLIST_OUTCOMES; i++)
		c.outcomes[i] = 1u << i;
	c.outcomes[BLOCKLIST_LISTED] = 5000000000;
	log_format(&line, "counters", fields, blocklist_counters_fields(&c, fields));
	assert_string_equal(buf_cstr(&line),
		"counters queries=5000000509 listed=5000000000 noerror=4 nxdomain=8 refused=16 "
		"servfail=32 formerr=64 notimp=128 rrl-cut=256 ignored=1 tcp-queries=4 "
		"tcp-connections=3 tcp-refused=2");
	buf_fini(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes), cmocka_unit_test(test_rate),
		cmocka_unit_test(test_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
