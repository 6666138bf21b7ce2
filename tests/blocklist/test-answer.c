/* SPDX-License-Identifier: ISC
 * The answer builder: a row for each rule. A query is made from a few words, its answer is
 * read back and described in a line:
 *   RCODE [aa] [tc] [rd] q= NAME; answer section | authority | additional | edns
 */
#include "test.h"
#include "world.h"

#include "dns/message.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLAIN = 0, EDNS = 1, EDNS_DO = 2, EDNS_V1 = 4, RD = 8, TCP = 16, SMALL = 32 };

struct row {
	const char *name, *type;
	unsigned how;
	const char *want;
};

#define LISTED "192.0.2.1 198.51.100.0/24 10.4.3.2 2001:db8::1 1234:5678::/32"
#define SOA "bl.example SOA 60 ns.bl.example hostmaster.bl.example 7 300 60 604800 60"
#define OUT_SOA "out.example SOA 60 ns.out.example hostmaster.out.example 7 300 60 604800 60"
#define V6(nibbles) \
	nibbles ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example"
#define MAPPED "0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"

static const struct row rows[] = {
	/* a listed address */
	{ "1.2.0.192.bl.example", "A", RD,
	  "NOERROR aa rd; 1.2.0.192.bl.example A 300 127.0.0.2 | | |" },
	{ "1.2.0.192.bl.example", "A", PLAIN,
	  "NOERROR aa; 1.2.0.192.bl.example A 300 127.0.0.2 | | |" },
	{ "1.2.0.192.bl.example", "A", EDNS,
	  "NOERROR aa; 1.2.0.192.bl.example A 300 127.0.0.2 | | | edns 1232" },
	{ "1.2.0.192.bl.example", "A", EDNS_DO,
	  "NOERROR aa; 1.2.0.192.bl.example A 300 127.0.0.2 | | | edns 1232 do" },
	{ "1.2.0.192.BL.eXample", "A", PLAIN,
	  "NOERROR aa; 1.2.0.192.BL.eXample A 300 127.0.0.2 | | |" },
	{ "1.2.0.192.bl.example", "TXT", PLAIN,
	  "NOERROR aa; 1.2.0.192.bl.example TXT 300 \"192.0.2.1 in bl.example\" | | |" },
	{ "1.2.0.192.bl.example", "AAAA", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "1.2.0.192.bl.example", "MX", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "1.2.0.192.bl.example", "NS", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "1.2.0.192.bl.example", "SOA", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "1.2.0.192.bl.example", "TYPE65280", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "1.2.0.192.bl.example", "TYPE0", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "1.2.0.192.bl.example", "ANY", PLAIN,
	  "NOERROR aa; 1.2.0.192.bl.example HINFO 300 RFC8482 | | |" },
	/* by a prefix */
	{ "77.100.51.198.bl.example", "A", PLAIN,
	  "NOERROR aa; 77.100.51.198.bl.example A 300 127.0.0.4 | | |" },      /* by word */
	{ "77.100.51.198.bl.example", "TXT", PLAIN,
	  "NOERROR aa; 77.100.51.198.bl.example TXT 300 \"198.51.100.77 in bl.example\" | | |" },
	{ "100.51.198.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	/* not listed */
	{ "2.2.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "2.2.0.192.bl.example", "TXT", EDNS, "NXDOMAIN aa; | " SOA " | | edns 1232" },
	{ "2.2.0.192.bl.example", "ANY", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.2.0.192.x.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "x.1.2.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "5.1.2.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "001.2.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "257.2.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "www.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "*.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "*.2.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	/* names with something below them: QNAME minimisation asks for these (RFC 9156) */
	{ "192.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "0.192.bl.example", "NS", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "2.0.192.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "2.0.192.bl.example", "ANY", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "3.0.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.192.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "193.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "2.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "0.0.2.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "8.B.D.0.1.0.0.2.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "9.b.d.0.1.0.0.2.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ V6("0"), "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	/* digits alone lead to both families */
	{ "4.3.2.1.bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "2.3.4.10.bl.example", "A", PLAIN,
	  "NOERROR aa; 2.3.4.10.bl.example A 300 127.0.0.2 | | |" },
	/* IPv6 */
	{ V6("1.0.0"), "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.0" V6(""), "A", PLAIN, "NOERROR aa; 1.0" V6("") " A 300 127.0.0.2 | | |" },
	{ "2.0" V6(""), "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.1.0" V6(""), "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.0" V6(""), "TXT", PLAIN,
	  "NOERROR aa; 1.0" V6("") " TXT 300 \"2001:db8::1 in bl.example\" | | |" },
	{ "1.0" V6(""), "AAAA", PLAIN, "NOERROR aa; | " SOA " | |" },
	/* test entries, RFC 5782 5 */
	{ "2.0.0.127.bl.example", "A", PLAIN,
	  "NOERROR aa; 2.0.0.127.bl.example A 300 127.0.0.2 | | |" },
	{ "2.0.0.127.bl.example", "TXT", PLAIN,
	  "NOERROR aa; 2.0.0.127.bl.example TXT 300 \"127.0.0.2 in bl.example\" | | |" },
	{ "1.0.0.127.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.0.0.127.bl.example", "TXT", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "2.0." MAPPED, "A", PLAIN, "NOERROR aa; 2.0." MAPPED " A 300 127.0.0.2 | | |" },
	{ "2.0." MAPPED, "TXT", PLAIN,
	  "NOERROR aa; 2.0." MAPPED " TXT 300 \"::ffff:127.0.0.2 in bl.example\" | | |" },
	{ "1.0." MAPPED, "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	/* the apex */
	{ "bl.example", "SOA", PLAIN,
	  "NOERROR aa; bl.example SOA 300 ns.bl.example hostmaster.bl.example 7 300 60 604800 60 | "
	  "| |" },
	{ "bl.example", "NS", PLAIN,
	  "NOERROR aa; bl.example NS 3600 ns.bl.example | | "
	  "ns.bl.example A 3600 192.0.2.53, ns.bl.example AAAA 3600 2001:db8::53 |" },
	{ "BL.Example", "NS", EDNS,
	  "NOERROR aa; BL.Example NS 3600 ns.BL.Example | | "
	  "ns.BL.Example A 3600 192.0.2.53, ns.BL.Example AAAA 3600 2001:db8::53 | edns 1232" },
	{ "bl.example", "A", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "bl.example", "DS", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "bl.example", "ANY", PLAIN, "NOERROR aa; bl.example HINFO 300 RFC8482 | | |" },
	/* the name server */
	{ "ns.bl.example", "A", PLAIN, "NOERROR aa; ns.bl.example A 3600 192.0.2.53 | | |" },
	{ "NS.bl.example", "AAAA", PLAIN,
	  "NOERROR aa; NS.bl.example AAAA 3600 2001:db8::53 | | |" },
	{ "ns.bl.example", "TXT", PLAIN, "NOERROR aa; | " SOA " | |" },
	{ "x.ns.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	/* the outputs' zone */
	{ "9.113.0.203.out.example", "A", PLAIN,
	  "NOERROR aa; 9.113.0.203.out.example A 300 127.0.0.3 | | |" },
	{ "9.113.0.203.out.example", "TXT", PLAIN,
	  "NOERROR aa; 9.113.0.203.out.example TXT 300 \"output 203.0.113.9\" | | |" },
	{ "9.113.0.203.bl.example", "A", PLAIN, "NXDOMAIN aa; | " SOA " | |" },
	{ "1.2.0.192.out.example", "A", PLAIN, "NXDOMAIN aa; | " OUT_SOA " | |" },
	/* not ours */
	{ "1.2.0.192.other.example", "A", PLAIN, "REFUSED; | | |" },
	{ "1.2.0.192.other.example", "A", EDNS | RD, "REFUSED rd; | | | edns 1232 ede 20" },
	{ "example", "SOA", EDNS, "REFUSED; | | | edns 1232 ede 20" },
	{ ".", "NS", PLAIN, "REFUSED; | | |" },
	{ "xbl.example", "A", PLAIN, "REFUSED; | | |" },
	{ "1.2.0.192.bl.example.x", "A", PLAIN, "REFUSED; | | |" },
	/* transfers */
	{ "bl.example", "AXFR", EDNS | TCP, "REFUSED; | | | edns 1232 ede 18" },
	{ "bl.example", "IXFR", PLAIN, "REFUSED; | | |" },
	{ "other.example", "AXFR", EDNS, "REFUSED; | | | edns 1232 ede 20" },
	/* EDNS of another version */
	{ "1.2.0.192.bl.example", "A", EDNS_V1, "BADVERS; | | | edns 1232" },
	{ "1.2.0.192.other.example", "A", EDNS_V1 | RD, "BADVERS rd; | | | edns 1232" },
	/* a stated payload below 512 counts as 512 (RFC 6891 6.2.3) */
	{ "1.2.0.192.bl.example", "A", EDNS | SMALL,
	  "NOERROR aa; 1.2.0.192.bl.example A 300 127.0.0.2 | | | edns 1232" },
};

static unsigned type_of(const char *text)
{
	static const struct { const char *name; unsigned type; } types[] = {
		{ "A", 1 }, { "NS", 2 }, { "SOA", 6 }, { "MX", 15 }, { "TXT", 16 }, { "AAAA", 28 },
		{ "DS", 43 }, { "IXFR", 251 }, { "AXFR", 252 }, { "ANY", 255 },
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(text, types[i].name) == 0)
			return types[i].type;
	uint64_t number = 0;
	assert_int_equal(str_u64(str_of(text + 4), UINT16_MAX, &number), ERR_OK);
	return (unsigned)number;
}

static void put_opt(struct dns_writer *w, unsigned how)
{
	dns_put_u8(w, 0);
	dns_put_u16(w, DNS_TYPE_OPT);
	dns_put_u16(w, how & SMALL ? 100 : 4096);
	dns_put_u8(w, 0);
	dns_put_u8(w, how & EDNS_V1 ? 1 : 0);
	dns_put_u16(w, how & EDNS_DO ? 0x8000 : 0);
	dns_put_u16(w, 0);
}

static size_t make_query(const char *name, const char *type, unsigned how, uint8_t *dst,
                         size_t size)
{
	struct dns_writer w = { .p = dst, .size = size };
	struct dns_question q = { .type = (uint16_t)type_of(type), .class = DNS_CLASS_IN };
	bool edns = how & (EDNS | EDNS_DO | EDNS_V1);
	struct dns_header h = { .id = 0xabcd, .flags = how & RD ? DNS_FLAG_RD : 0,
	                        .questions = 1, .additionals = edns };
	if (dns_name_parse(str_of(name), &q.name, NULL) != ERR_OK)
		fail_msg("%s: no name", name);
	dns_put_header(&w, &h);
	dns_put_question(&w, &q);
	if (edns)
		put_opt(&w, how);
	assert_false(w.full);
	return w.n;
}

/* ---- describing ----------------------------------------------------------------------------- */

static void add_name(struct buf *out, const struct dns_reader *r, size_t at)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_MAX];
	assert_int_equal(dns_name_read(r->p, r->n, &at, &name), ERR_OK);
	buf_printf(out, " %s", dns_name_format(&name, text));
}

static void add_soa(struct buf *out, const struct dns_reader *r, const struct dns_rr *rr)
{
	struct dns_name name;
	char text[DNS_NAME_TEXT_MAX];
	size_t at = rr->rdata_at;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dns_name_read(r->p, r->n, &at, &name), ERR_OK);
		buf_printf(out, " %s", dns_name_format(&name, text));
	}
	assert_int_equal(at + 20, rr->rdata_at + rr->rdata_bytes);
	for (int i = 0; i < 5; i++, at += 4)
		buf_printf(out, " %u", (unsigned)r->p[at] << 24 | (unsigned)r->p[at + 1] << 16 |
		           (unsigned)r->p[at + 2] << 8 | r->p[at + 3]);
}

static void add_rr(struct buf *out, const struct dns_reader *r, const struct dns_rr *rr)
{
	struct dns_name owner;
	char name[DNS_NAME_TEXT_MAX], text[256];
	struct ip ip;
	size_t n;
	assert_int_equal(dns_rr_owner(r, rr, &owner), ERR_OK);
	buf_printf(out, "%s ", dns_name_format(&owner, name));
	switch (rr->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		assert_int_equal(dns_rr_address(r, rr, &ip), ERR_OK);
		buf_printf(out, "%s %u %s", rr->type == DNS_TYPE_A ? "A" : "AAAA", rr->ttl_s,
		           ip_format(&ip, text));
		break;
	case DNS_TYPE_NS:
		buf_printf(out, "NS %u", rr->ttl_s);
		add_name(out, r, rr->rdata_at);
		break;
	case DNS_TYPE_SOA:
		buf_printf(out, "SOA %u", rr->ttl_s);
		add_soa(out, r, rr);
		break;
	case DNS_TYPE_TXT:
		assert_int_equal(dns_rr_text(r, rr, text, &n), ERR_OK);
		buf_printf(out, "TXT %u \"%.*s\"", rr->ttl_s, (int)n, text);
		break;
	case DNS_TYPE_HINFO:
		assert_int_equal(dns_rr_text(r, rr, text, &n), ERR_OK);
		buf_printf(out, "HINFO %u %.*s", rr->ttl_s, (int)n, text);
		break;
	default:
		fail_msg("type %u in an answer", rr->type);
	}
}

static void add_section(struct buf *out, struct dns_reader *r, unsigned count,
                        struct dns_edns *edns)
{
	unsigned shown = 0;
	for (unsigned i = 0; i < count; i++) {
		struct dns_rr rr;
		assert_int_equal(dns_read_rr(r, &rr), ERR_OK);
		if (rr.type == DNS_TYPE_OPT) {
			assert_false(edns->present);
			assert_int_equal(dns_rr_edns(r, &rr, edns), ERR_OK);
			continue;
		}
		buf_add_cstr(out, shown++ ? ", " : " ");
		add_rr(out, r, &rr);
	}
	buf_add_cstr(out, " |");
}

static const char *rcode_name(unsigned rcode)
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	};
	return rcode < 6 ? names[rcode] : rcode == DNS_RCODE_BADVERS ? "BADVERS" : "?";
}

/* The question, if it is echoed, must be the query's, byte by byte. */
static void describe(const uint8_t *answer, size_t n, const uint8_t *query, struct buf *out)
{
	struct dns_reader r = { answer, n, 0 };
	struct dns_header h;
	struct dns_question q;
	struct dns_edns edns = { .ede = DNS_EDE_NONE };
	struct buf body = { 0 };
	assert_int_equal(dns_read_header(&r, &h), ERR_OK);
	assert_memory_equal(answer, query, 2);
	assert_true(h.flags & DNS_FLAG_QR);
	assert_false(h.flags & 0x00f0);           /* RA, Z, AD, CD */
	assert_true(h.questions <= 1);
	if (h.questions) {
		assert_int_equal(dns_read_question(&r, &q), ERR_OK);
		assert_memory_equal(answer + 12, query + 12, r.at - 12);
	}
	buf_add_cstr(&body, h.questions ? ";" : "; no question:");
	add_section(&body, &r, h.answers, &edns);
	add_section(&body, &r, h.authorities, &edns);
	add_section(&body, &r, h.additionals, &edns);
	assert_int_equal(r.at, n);
	unsigned rcode = (h.flags & DNS_FLAG_RCODE) | (unsigned)edns.rcode_high << 4;
	buf_printf(out, "%s%s%s%s%s", rcode_name(rcode), h.flags & DNS_FLAG_AA ? " aa" : "",
	           h.flags & DNS_FLAG_TC ? " tc" : "", h.flags & DNS_FLAG_RD ? " rd" : "",
	           buf_cstr(&body));
	if (edns.present) {
		buf_printf(out, " edns %u%s", edns.payload_bytes, edns.dnssec_ok ? " do" : "");
		if (edns.ede != DNS_EDE_NONE)
			buf_printf(out, " ede %d", edns.ede);
	}
	buf_fini(&body);
}

static void check(const char *name, const struct blocklist_state *state, const uint8_t *query,
                  size_t n, enum blocklist_transport transport, const char *want)
{
	uint8_t answer[BLOCKLIST_ANSWER_MAX];
	struct buf found = { 0 };
	size_t length = blocklist_answer(state, (struct str){ (const char *)query, n }, transport,
	                                 NULL, answer);
	if (length)
		describe(answer, length, query, &found);
	else
		buf_add_cstr(&found, "silence");
	if (strcmp(buf_cstr(&found), want) != 0)
		fail_msg("%s:\n found %s\nwanted %s", name, buf_cstr(&found), want);
	buf_fini(&found);
}

static const char *const options[] = {
	"nameserver_address=192.0.2.53,2001:db8::53", "text=%a in %z", "output_text=output %a",
	"text_range=%a in %z", NULL,
};

static void test_rows(void **state)
{
	struct world w;
	uint8_t query[600];
	(void)state;
	world_make(&w, LISTED, "203.0.113.9", options);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		size_t n = make_query(row->name, row->type, row->how, query, sizeof(query));
		check(row->name, &w.state, query, n, row->how & TCP ? BLOCKLIST_TCP : BLOCKLIST_UDP,
		      row->want);
	}
	world_free(&w);
}

/* ---- messages that are not as they should be ------------------------------------------------ */

static void test_header_rules(void **state)
{
	static const struct {
		const char *name;
		size_t at;               /* bytes of the header to set */
		uint8_t a, b;
		const char *want;
	} cases[] = {
		{ "as it is", 2, 0, 0, "NOERROR aa; bl.example SOA 300 ns.bl.example "
		  "hostmaster.bl.example 7 300 60 604800 60 | | |" },
		{ "a response", 2, 0x80, 0, "silence" },
		{ "a response with an opcode", 2, 0xa8, 0, "silence" },
		{ "IQUERY", 2, 0x08, 0, "NOTIMP; no question: | | |" },
		{ "STATUS", 2, 0x10, 0, "NOTIMP; no question: | | |" },
		{ "NOTIFY", 2, 0x21, 0, "NOTIMP rd; no question: | | |" },
		{ "UPDATE", 2, 0x28, 0, "NOTIMP; no question: | | |" },
		{ "opcode 15", 2, 0x78, 0, "NOTIMP; no question: | | |" },
		{ "all other flags", 2, 0x07, 0xff,
		  "NOERROR aa rd; bl.example SOA 300 ns.bl.example "
		  "hostmaster.bl.example 7 300 60 604800 60 | | |" },
		{ "no question", 4, 0, 0, "FORMERR; no question: | | |" },
		{ "two questions", 4, 0, 2, "FORMERR; no question: | | |" },
		{ "65535 questions", 4, 255, 255, "FORMERR; no question: | | |" },
		{ "an answer that is not there", 6, 0, 1, "FORMERR; | | |" },
		{ "an authority that is not there", 8, 0, 1, "FORMERR; | | |" },
		{ "65535 additionals", 10, 255, 255, "FORMERR; | | |" },
	};
	struct world w;
	uint8_t query[600];
	(void)state;
	world_make(&w, LISTED, NULL, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = make_query("bl.example", "SOA", PLAIN, query, sizeof(query));
		query[cases[i].at] = cases[i].a;
		query[cases[i].at + 1] = cases[i].b;
		check(cases[i].name, &w.state, query, n, BLOCKLIST_UDP, cases[i].want);
	}
	world_free(&w);
}

#define HEAD(questions, answers, additionals) \
	"\xab\xcd\0\0\0" questions "\0" answers "\0\0\0" additionals
#define QUESTION "\2bl\7example\0\0\6\0\1"
#define OPT(length) "\0\0\x29\x10\0\0\0\0\0" length

static void test_bad_messages(void **state)
{
	static const struct { const char *name; struct str query; const char *want; } cases[] = {
		{ "nothing", STR(""), "silence" },
		{ "11 bytes", STR("\xab\xcd\0\0\0\1\0\0\0\0\0"), "silence" },
		{ "a header alone", STR(HEAD("\1", "\0", "\0")), "FORMERR; no question: | | |" },
		{ "a compressed name", STR(HEAD("\1", "\0", "\0") "\xc0\x0c\0\6\0\1"),
		  "FORMERR; no question: | | |" },
		{ "an extended label", STR(HEAD("\1", "\0", "\0") "\x41x\0\0\6\0\1"),
		  "FORMERR; no question: | | |" },
		{ "a name without end", STR(HEAD("\1", "\0", "\0") "\3abc"),
		  "FORMERR; no question: | | |" },
		{ "no type", STR(HEAD("\1", "\0", "\0") "\2bl\7example\0"),
		  "FORMERR; no question: | | |" },
		{ "half a class", STR(HEAD("\1", "\0", "\0") "\2bl\7example\0\0\6\0"),
		  "FORMERR; no question: | | |" },
		{ "a byte behind", STR(HEAD("\1", "\0", "\0") QUESTION "x"), "FORMERR; | | |" },
		{ "class CH", STR(HEAD("\1", "\0", "\1") "\2bl\7example\0\0\6\0\3" OPT("\0\0")),
		  "REFUSED; | | | edns 1232 ede 20" },
		{ "class ANY", STR(HEAD("\1", "\0", "\0") "\2bl\7example\0\0\6\0\xff"),
		  "REFUSED; | | |" },
		{ "version.bind", STR(HEAD("\1", "\0", "\0") "\7version\4bind\0\0\x10\0\3"),
		  "REFUSED; | | |" },
		{ "OPT", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1" OPT("\0\0")),
		  "REFUSED; | | | edns 1232 ede 20" },
		{ "OPT with a cookie", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1"
		  OPT("\0\x0c") "\0\x0a\0\x08" "12345678"), "REFUSED; | | | edns 1232 ede 20" },
		{ "OPT with half an option", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1"
		  OPT("\0\3") "\0\x0a\0"), "FORMERR; | | | edns 1232" },
		{ "OPT option too long", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1"
		  OPT("\0\4") "\0\x0a\0\1"), "FORMERR; | | | edns 1232" },
		{ "OPT data past the end", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1"
		  OPT("\0\1")), "FORMERR; | | | edns 1232" },
		{ "two OPT", STR(HEAD("\1", "\0", "\2") QUESTION OPT("\0\0") OPT("\0\0")),
		  "FORMERR; | | | edns 1232" },
		{ "OPT among the answers", STR(HEAD("\1", "\1", "\0") QUESTION OPT("\0\0")),
		  "FORMERR; | | |" },
		{ "OPT not at the root", STR(HEAD("\1", "\0", "\1") QUESTION
		  "\1x" OPT("\0\0")), "FORMERR; | | | edns 1232" },
		{ "OPT by pointer to the root", STR(HEAD("\1", "\0", "\1") QUESTION
		  "\xc0\x17\0\x29\x10\0\0\0\0\0\0\0"), "FORMERR; | | | edns 1232" },
		{ "a record we do not know", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1"
		  "\xc0\x0c\xff\0\0\1\0\0\0\0\0\2hi"), "REFUSED; | | |" },
		{ "a record in a circle", STR(HEAD("\1", "\0", "\1") "\7example\0\0\6\0\1"
		  "\xc0\x19\xff\0\0\1\0\0\0\0\0\0"), "FORMERR; | | |" },
	};
	struct world w;
	(void)state;
	world_make(&w, LISTED, NULL, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check(cases[i].name, &w.state, (const uint8_t *)cases[i].query.p, cases[i].query.n,
		      BLOCKLIST_UDP, cases[i].want);
	world_free(&w);
}

/* Cut at any byte, a query gets FORMERR or silence. */
static void test_cut(void **state)
{
	struct world w;
	uint8_t query[600], answer[BLOCKLIST_ANSWER_MAX];
	(void)state;
	world_make(&w, LISTED, NULL, NULL);
	size_t n = make_query("1.2.0.192.bl.example", "A", EDNS, query, sizeof(query));
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);
		memcpy(exact, query, cut);
		size_t length = blocklist_answer(&w.state, (struct str){ (char *)exact, cut },
		                                 BLOCKLIST_UDP, NULL, answer);
		free(exact);
		if (cut < 12)
			assert_int_equal(length, 0);
		else
			assert_true(length >= 12 && (answer[3] & 15) == DNS_RCODE_FORMERR);
	}
	world_free(&w);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_ZONE A50 "." A50 "." A50 ".aaaaaaaaaaaaaaaaaaaaaaaaaaa.example"

/* 255 bytes of text: beside a name of 254 bytes they are too much for 512. */
static void test_truncation(void **state)
{
	static const char *const long_options[] = {
		"zone=" LONG_ZONE, "text=" A50 A50 A50 A50 A50 "aaaaa", NULL,
	};
	static const char six[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	                          LONG_ZONE;
	struct world w;
	uint8_t query[600], answer[BLOCKLIST_ANSWER_MAX];
	struct str q = { (char *)query, 0 };
	(void)state;
	world_make(&w, "2001:db8::1 192.0.2.1", NULL, long_options);
	q.n = make_query("1.2.0.192." LONG_ZONE, "TXT", PLAIN, query, sizeof(query));
	size_t length = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
	assert_true(length <= 512 && !(answer[2] & 2) && answer[7] == 1);
	/* Header and question alone, TC set. */
	q.n = make_query(six, "TXT", PLAIN, query, sizeof(query));
	length = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
	assert_int_equal(length, q.n);
	assert_int_equal(answer[2] & 0x82, 0x82);
	assert_int_equal(answer[7], 0);
	/* By TCP, and with EDNS, all of it. */
	length = blocklist_answer(&w.state, q, BLOCKLIST_TCP, NULL, answer);
	assert_true(length == 538 && !(answer[2] & 2) && answer[7] == 1);
	q.n = make_query(six, "TXT", EDNS, query, sizeof(query));
	length = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
	assert_true(length == 549 && !(answer[2] & 2) && answer[7] == 1);
	/* Who takes no more than 512 gets no more, with EDNS or not. */
	q.n = make_query(six, "TXT", EDNS | SMALL, query, sizeof(query));
	length = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
	assert_true(length <= 512 && answer[2] & 2 && answer[7] == 0 && answer[11] == 1);
	world_free(&w);
}

static void test_many_nameservers(void **state)
{
	struct buf names = { 0 }, glue = { 0 };
	struct world w;
	uint8_t query[600], answer[BLOCKLIST_ANSWER_MAX];
	(void)state;
	buf_add_cstr(&names, "nameserver=");
	buf_add_cstr(&glue, "nameserver_address=");
	for (int i = 0; i < 13; i++)
		buf_printf(&names, "%s" A50 "." A50 "." A50 "." A50 ".x%d.%s",
		           i ? "," : "", i, i % 2 ? "bl.example" : "example.net");
	for (int i = 0; i < 16; i++)
		buf_printf(&glue, "%s2001:db8::%d", i ? "," : "", i);
	world_make(&w, "", NULL, (const char *[]){ buf_cstr(&names), buf_cstr(&glue), NULL });
	buf_fini(&names);
	buf_fini(&glue);
	struct str q = { (char *)query,
	                 make_query("bl.example", "NS", PLAIN, query, sizeof(query)) };
	size_t length = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
	assert_true(length <= 512 && answer[2] & 2 && answer[7] == 0);
	/* By TCP all names, and as many addresses as fit. */
	length = blocklist_answer(&w.state, q, BLOCKLIST_TCP, NULL, answer);
	struct buf found = { 0 };
	describe(answer, length, query, &found);
	assert_true(!(answer[2] & 2) && answer[7] == 13 && answer[11] > 0);
	q.n = make_query("bl.example", "NS", EDNS, query, sizeof(query));
	length = blocklist_answer(&w.state, q, BLOCKLIST_TCP, NULL, answer);
	assert_true(!(answer[2] & 2) && answer[7] == 13);
	describe(answer, length, query, &found);
	/* A negative answer too long for plain UDP says so as well. */
	q.n = make_query(A50 "." A50 "." A50 "." A50 ".x.bl.example", "A", PLAIN, query,
	                 sizeof(query));
	length = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
	assert_true(length <= 512 && (answer[3] & 15) == DNS_RCODE_NXDOMAIN);
	describe(answer, length, query, &found);
	buf_fini(&found);
	world_free(&w);
}

/* No list has been read: no answer about it, neither yes nor no. */
static void test_not_ready(void **state)
{
	static const char *const names[] = { "2.0.0.127.bl.example", "bl.example", "x.bl.example" };
	struct world w;
	uint8_t query[600];
	(void)state;
	world_make(&w, LISTED, "", NULL);
	blocklist_index_destroy(w.edition.lists[BLOCKLIST_OUTPUTS]);
	w.edition.lists[BLOCKLIST_OUTPUTS] = NULL;
	size_t n = make_query("out.example", "SOA", EDNS, query, sizeof(query));
	check("out", &w.state, query, n, BLOCKLIST_UDP, "SERVFAIL; | | | edns 1232 ede 14");
	w.state.edition = NULL;
	for (size_t i = 0; i < 3; i++) {
		n = make_query(names[i], "SOA", EDNS, query, sizeof(query));
		check(names[i], &w.state, query, n, BLOCKLIST_UDP,
		      "SERVFAIL; | | | edns 1232 ede 14");
	}
	world_free(&w);
}

static void test_ttls(void **state)
{
	static const char *const long_negative[] = { "ttl=10", "negative_ttl=1000", NULL };
	struct world w;
	uint8_t query[600];
	(void)state;
	world_make(&w, "", NULL, long_negative);
	w.edition.serial = 4294967295u;
	size_t n = make_query("x.bl.example", "A", PLAIN, query, sizeof(query));
	/* RFC 2308: the SOA's TTL is the lesser of its own and its minimum. */
	check("negative", &w.state, query, n, BLOCKLIST_UDP,
	      "NXDOMAIN aa; | bl.example SOA 10 ns.bl.example hostmaster.bl.example 4294967295 300 "
	      "60 "
	      "604800 1000 | |");
	world_free(&w);
}

/* Every name of up to four labels of a small alphabet, every type of a few: what comes back
 * agrees with the index, and no address leaves but the code. */
static void test_exhaustive(void **state)
{
	static const char *const labels[] = { "0", "1", "2", "127", "192", "256", "01", "f", "x" };
	static const char *const types[] = { "A", "TXT", "NS", "ANY" };
	enum { LABELS = 9 };
	struct world w;
	uint8_t query[600], answer[BLOCKLIST_ANSWER_MAX];
	(void)state;
	world_make(&w, "192.0.2.1 0.1.0.0/16 2.2.2.2 127.0.0.0/8", NULL, NULL);
	const struct blocklist_index *index = w.edition.lists[BLOCKLIST_INPUTS];
	struct prefix entry;
	for (unsigned i = 0; i < LABELS * LABELS * LABELS * LABELS; i++) {
		char name[100];
		const char *l[4] = { labels[i % LABELS], labels[i / LABELS % LABELS],
		                     labels[i / LABELS / LABELS % LABELS],
		                     labels[i / LABELS / LABELS / LABELS] };
		struct ip ip;
		struct prefix p;
		snprintf(name, sizeof(name), "%s.%s.%s.%s", l[3], l[2], l[1], l[0]);
		bool listed = ip_parse(str_of(name), &ip, NULL) == ERR_OK &&
		              blocklist_index_find(index, &ip, &entry);
		snprintf(name, sizeof(name), "%s.%s.%s.%s.bl.example", l[0], l[1], l[2], l[3]);
		for (int t = 0; t < 4; t++) {
			struct str q = { (char *)query,
			                 make_query(name, types[t], PLAIN, query, sizeof(query)) };
			size_t n = blocklist_answer(&w.state, q, BLOCKLIST_UDP, NULL, answer);
			bool answers = listed && t != 2;
			CHECK_ROW(name, n > 12 && answer[7] == answers && answer[9] == !answers);
			if (listed && t == 0)
				CHECK_ROW(name, memcmp(answer + n - 4, entry.len < 32 ?
				          "\177\0\0\4" : "\177\0\0\2", 4) == 0);
			/* Four digits may lead on to IPv6 addresses. */
			bool leads = listed || (blocklist_labels_v6(query + 12, 4, &p) &&
			                        blocklist_index_any(index, &p));
			CHECK_ROW(name, (answer[3] & 15) == (leads ? 0 : DNS_RCODE_NXDOMAIN));
		}
	}
	world_free(&w);
}

/* One message and no more, be it an answer, an error or a refused transfer; silence is none. */
static void test_a_message_at_a_time(void **state)
{
	static const char *const types[] = { "SOA", "A", "AXFR", "IXFR" };
	uint8_t query[512], answer[BLOCKLIST_ANSWER_MAX];
	struct blocklist_answers a;
	struct world w;
	(void)state;
	world_make(&w, LISTED, NULL, NULL);
	for (size_t i = 0; i < 4; i++) {
		size_t n = make_query("bl.example", types[i], TCP, query, sizeof(query));
		blocklist_answers_begin(&a, &w.state, (struct str){ (char *)query, n },
		                        BLOCKLIST_TCP, NULL);
		CHECK_ROW(types[i], blocklist_answers_next(&a, answer) > 12);
		CHECK_ROW(types[i], blocklist_answers_next(&a, answer) == 0);
	}
	blocklist_answers_begin(&a, &w.state, (struct str){ (char *)query, 11 }, BLOCKLIST_TCP,
	                        NULL);
	assert_int_equal(blocklist_answers_next(&a, answer), 0);
	world_free(&w);
}

/* They stand on the stack for each query. */
static void test_sizes(void **state)
{
	(void)state;
	assert_true(sizeof(struct blocklist_query) <= 96);
	assert_true(sizeof(struct blocklist_answers) <= 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_header_rules),
		cmocka_unit_test(test_bad_messages), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_truncation), cmocka_unit_test(test_many_nameservers),
		cmocka_unit_test(test_not_ready), cmocka_unit_test(test_ttls),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_a_message_at_a_time), cmocka_unit_test(test_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
