/* SPDX-License-Identifier: ISC
 * Messages: what is written reads back; what is broken is refused. */
#include "test.h"

#include "dns/message.h"

static void test_query(void **state)
{
	struct dns_question q = { .type = DNS_TYPE_TXT, .class = DNS_CLASS_IN }, back;
	uint8_t bytes[512];
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes) };
	struct dns_header h;
	struct dns_rr rr;
	struct dns_edns edns;
	(void)state;
	assert_int_equal(dns_name_parse(STR("Mail.Example"), &q.name, NULL), ERR_OK);
	dns_put_query(&w, 0x1234, &q);
	assert_false(w.full);
	struct dns_reader r = { bytes, w.n, 0 };
	assert_int_equal(dns_read_header(&r, &h), ERR_OK);
	assert_int_equal(h.id, 0x1234);
	assert_int_equal(h.flags, DNS_FLAG_RD);
	assert_int_equal(h.questions, 1);
	assert_int_equal(dns_read_question(&r, &back), ERR_OK);
	assert_int_equal(back.type, DNS_TYPE_TXT);
	assert_memory_equal(back.name.b, q.name.b, q.name.n);
	assert_int_equal(h.additionals, 1);
	assert_int_equal(dns_read_rr(&r, &rr), ERR_OK);
	assert_int_equal(dns_rr_edns(&r, &rr, &edns), ERR_OK);
	assert_int_equal(edns.payload_bytes, DNS_EDNS_PAYLOAD);
	assert_int_equal(edns.ede, DNS_EDE_NONE);
	assert_false(edns.dnssec_ok);
	assert_int_equal(r.at, r.n);
	/* Cut at any byte it is refused, never read beyond. */
	for (size_t n = 0; n < w.n; n++) {
		struct dns_reader cut = { bytes, n, 0 };
		assert_false(dns_read_header(&cut, &h) == ERR_OK &&
		             dns_read_question(&cut, &back) == ERR_OK &&
		             dns_read_rr(&cut, &rr) == ERR_OK);
	}
}

static void test_edns_error(void **state)
{
	uint8_t bytes[64];
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes) };
	struct dns_rr rr;
	struct dns_edns edns;
	(void)state;
	dns_put_edns(&w, DNS_RCODE_BADVERS, true, DNS_EDE_NOT_AUTHORITATIVE);
	struct dns_reader r = { bytes, w.n, 0 };
	assert_int_equal(dns_read_rr(&r, &rr), ERR_OK);
	assert_int_equal(dns_rr_edns(&r, &rr, &edns), ERR_OK);
	assert_int_equal(edns.rcode_high << 4, DNS_RCODE_BADVERS);
	assert_true(edns.dnssec_ok);
	assert_int_equal(edns.ede, DNS_EDE_NOT_AUTHORITATIVE);
	assert_int_equal(edns.ede_text.n, 0);
}

#define B(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* Records by hand: owner the root, then type, class, ttl, data. */
static void test_rdata(void **state)
{
	enum kind { ADDRESS, NAME, MX, TEXT, EDNS };
	const struct {
		const char *name;
		enum kind kind;
		const uint8_t *p;
		size_t n;
		bool good;
	} rows[] = {
		{ "A", ADDRESS, B(0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, 2), true },
		{ "A of 3 bytes", ADDRESS, B(0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 127, 0, 0), false },
		{ "A of 5 bytes", ADDRESS, B(0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 5, 1, 2, 3, 4, 5),
		  false },
		{ "AAAA of 4", ADDRESS, B(0, 0, 28, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4), false },
		{ "PTR", NAME, B(0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 3, 1, 'a', 0), true },
		{ "PTR by pointer", NAME, B(0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 4, 1, 'a', 0xc0, 0),
		  true },
		{ "PTR too short", NAME, B(0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 1, 'a'), false },
		{ "PTR with more", NAME, B(0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 4, 1, 'a', 0, 0), false },
		{ "PTR empty", NAME, B(0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 0), false },
		{ "MX", MX, B(0, 0, 15, 0, 1, 0, 0, 0, 9, 0, 5, 0, 10, 1, 'a', 0), true },
		{ "MX of the root", MX, B(0, 0, 15, 0, 1, 0, 0, 0, 9, 0, 3, 0, 0, 0), true },
		{ "MX without name", MX, B(0, 0, 15, 0, 1, 0, 0, 0, 9, 0, 2, 0, 10), false },
		{ "MX of 1 byte", MX, B(0, 0, 15, 0, 1, 0, 0, 0, 9, 0, 1, 0), false },
		{ "TXT", TEXT, B(0, 0, 16, 0, 1, 0, 0, 0, 9, 0, 5, 2, 'h', 'i', 1, '!'), true },
		{ "TXT of an empty string", TEXT, B(0, 0, 16, 0, 1, 0, 0, 0, 9, 0, 1, 0), true },
		{ "TXT of nothing", TEXT, B(0, 0, 16, 0, 1, 0, 0, 0, 9, 0, 0), false },
		{ "TXT past its end", TEXT, B(0, 0, 16, 0, 1, 0, 0, 0, 9, 0, 2, 2, 'h', 'i'),
		  false },
		{ "OPT", EDNS, B(0, 0, 41, 2, 0, 0, 0, 0x80, 0, 0, 0), true },
		{ "OPT with an option", EDNS, B(0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 5, 0, 10, 0, 1, 7),
		  true },
		{ "OPT with half an option", EDNS, B(0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 3, 0, 10, 0),
		  false },
		{ "OPT option too long", EDNS, B(0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 5, 0, 10, 0, 2, 7),
		  false },
		{ "OPT not at the root", EDNS, B(1, 'a', 0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 0), false },
		{ "not OPT", EDNS, B(0, 0, 16, 2, 0, 0, 0, 0, 0, 0, 0), false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_reader r = { rows[i].p, rows[i].n, 0 };
		struct dns_rr rr;
		struct dns_name name;
		struct dns_edns edns;
		struct ip ip;
		uint16_t preference;
		char text[64];
		size_t n;
		CHECK_ROW(rows[i].name, dns_read_rr(&r, &rr) == ERR_OK);
		int e = rows[i].kind == ADDRESS ? dns_rr_address(&r, &rr, &ip) :
		        rows[i].kind == NAME ? dns_rr_name(&r, &rr, &name) :
		        rows[i].kind == MX ? dns_rr_mx(&r, &rr, &preference, &name) :
		        rows[i].kind == TEXT ? dns_rr_text(&r, &rr, text, &n) :
		                               dns_rr_edns(&r, &rr, &edns);
		CHECK_ROW(rows[i].name, (e == ERR_OK) == rows[i].good);
	}
}

static void test_ttl(void **state)
{
	static const uint8_t negative[] = { 0, 0, 1, 0, 1, 0x80, 0, 0, 1, 0, 0 };
	struct dns_reader r = { negative, sizeof(negative), 0 };
	struct dns_rr rr;
	(void)state;
	assert_int_equal(dns_read_rr(&r, &rr), ERR_OK);
	assert_int_equal(rr.ttl_s, 0);
}

/* Nothing is written past the size, and nothing after the first that did not fit. */
static void test_writer_limit(void **state)
{
	uint8_t bytes[8];
	(void)state;
	for (size_t size = 0; size < 8; size++) {
		memset(bytes, 0xee, sizeof(bytes));
		struct dns_writer w = { .p = bytes, .size = size };
		dns_put_u32(&w, 0);
		dns_put_u16(&w, 0);
		dns_put_u8(&w, 0);
		dns_put_u8(&w, 0);
		assert_true(w.full);
		assert_true(w.n == (size >= 7 ? 7 : size >= 6 ? 6 : size >= 4 ? 4 : 0));
		for (size_t i = w.n; i < 8; i++)
			assert_int_equal(bytes[i], 0xee);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query), cmocka_unit_test(test_edns_error),
		cmocka_unit_test(test_rdata), cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_writer_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
