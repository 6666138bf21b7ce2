/* SPDX-License-Identifier: ISC
 *
 * Headers of the PROXY protocol, whole and byte by byte: what they say, where they end, and what
 * is none.
 */
#include "test.h"

#include "wire/proxy.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define FF39 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define V4_BYTES "\xc0\x00\x02\x01\xc6\x33\x64\x02\x80\x01\x00\x19"
#define V6_FROM "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define V6_TO "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"
#define A27 "aaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A108 A27 A27 A27 A27

static const struct row {
	const char *name;
	struct str bytes;
	int err;
	const char *source, *destination;        /* NULL: the peer itself */
} rows[] = {
	/* Version 1. */
	{ "v4", STR("PROXY TCP4 192.0.2.1 198.51.100.2 32769 25\r\n"), ERR_OK,
	  "192.0.2.1:32769", "198.51.100.2:25" },
	{ "v6", STR("PROXY TCP6 2001:db8::1 2001:DB8::2 0 65535\r\n"), ERR_OK,
	  "[2001:db8::1]:0", "[2001:db8::2]:65535" },
	{ "IPv4 in the form of IPv6", STR("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"),
	  ERR_OK, "192.0.2.1:1", "192.0.2.2:2" },
	{ "the longest", STR("PROXY TCP6 " FF39 " " FF39 " 65535 65535\r\n"), ERR_OK,
	  "[" FF39 "]:65535", "[" FF39 "]:65535" },
	{ "unknown", STR("PROXY UNKNOWN\r\n"), ERR_OK, NULL, NULL },
	{ "unknown, whatever it says", STR("PROXY UNKNOWN " FF39 " " FF39 " 65535 65535\r\n"),
	  ERR_OK, NULL, NULL },
	{ "one byte longer", STR("PROXY UNKNOWN  " FF39 " " FF39 " 65535 65535\r\n"), ERR_LIMIT,
	  NULL, NULL },
	{ "no end", STR("PROXY UNKNOWN " A108), ERR_LIMIT, NULL, NULL },
	{ "not yet", STR("PROXY TCP4 192.0.2.1"), ERR_AGAIN, NULL, NULL },
	{ "LF alone", STR("PROXY UNKNOWN\n"), ERR_INVALID, NULL, NULL },
	{ "CR alone", STR("PROXY UNKNOWN\rX"), ERR_INVALID, NULL, NULL },
	{ "NUL", STR("PROXY UNKNOWN \0\r\n"), ERR_INVALID, NULL, NULL },
	{ "lower case", STR("proxy UNKNOWN\r\n"), ERR_INVALID, NULL, NULL },
	{ "another family", STR("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), ERR_INVALID, NULL, NULL },
	{ "a longer word", STR("PROXY UNKNOWNS\r\n"), ERR_INVALID, NULL, NULL },
	{ "nothing", STR("PROXY \r\n"), ERR_INVALID, NULL, NULL },
	{ "two spaces", STR("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), ERR_INVALID, NULL, NULL },
	{ "two spaces later", STR("PROXY TCP4 192.0.2.1 192.0.2.2  1 2\r\n"), ERR_INVALID, NULL,
	  NULL },
	{ "a space behind", STR("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"), ERR_INVALID, NULL, NULL },
	{ "a word too many", STR("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), ERR_INVALID, NULL,
	  NULL },
	{ "a word too few", STR("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"), ERR_INVALID, NULL, NULL },
	{ "families differ", STR("PROXY TCP4 192.0.2.1 2001:db8::1 1 2\r\n"), ERR_INVALID, NULL,
	  NULL },
	{ "not its family", STR("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), ERR_INVALID, NULL, NULL },
	{ "a port with a zero", STR("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"), ERR_INVALID, NULL,
	  NULL },
	{ "a port too high", STR("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"), ERR_INVALID, NULL,
	  NULL },
	{ "a port with a sign", STR("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n"), ERR_INVALID, NULL,
	  NULL },
	{ "an address with a zero", STR("PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n"), ERR_INVALID,
	  NULL, NULL },
	{ "an address of half", STR("PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n"), ERR_INVALID, NULL, NULL },
	{ "SMTP", STR("EHLO x\r\n"), ERR_INVALID, NULL, NULL },
	/* Version 2. */
	{ "v4", STR(SIG "\x21\x11\0\x0c" V4_BYTES), ERR_OK, "192.0.2.1:32769", "198.51.100.2:25" },
	{ "v6", STR(SIG "\x21\x21\0\x24" V6_FROM V6_TO "\0\x01\0\x02"), ERR_OK, "[2001:db8::1]:1",
	  "[2001:db8::2]:2" },
	{ "v6 with IPv4 in it", STR(SIG "\x21\x21\0\x24" MAPPED V6_TO "\0\x01\0\x02"), ERR_OK,
	  "192.0.2.1:1", "[2001:db8::2]:2" },
	{ "TLVs are skipped", STR(SIG "\x21\x11\0\x13" V4_BYTES "\x04\0\x04" "ABCD"), ERR_OK,
	  "192.0.2.1:32769", "198.51.100.2:25" },
	{ "many of them", STR(SIG "\x21\x11\0\x78" V4_BYTES A108), ERR_OK, "192.0.2.1:32769",
	  "198.51.100.2:25" },
	{ "local", STR(SIG "\x20\0\0\0"), ERR_OK, NULL, NULL },
	{ "local with addresses", STR(SIG "\x20\x11\0\x0c" V4_BYTES), ERR_OK, NULL, NULL },
	{ "local of any family", STR(SIG "\x20\xff\0\0"), ERR_OK, NULL, NULL },
	{ "unspecified", STR(SIG "\x21\0\0\x03" "abc"), ERR_OK, NULL, NULL },
	{ "UDP is not ours", STR(SIG "\x21\x12\0\x0c" V4_BYTES), ERR_OK, NULL, NULL },
	{ "AF_UNIX", STR(SIG "\x21\x31\0\xd8" A108 A108), ERR_OK, NULL, NULL },
	{ "too short for v4", STR(SIG "\x21\x11\0\x0b" V4_BYTES), ERR_INVALID, NULL, NULL },
	{ "too short for v6", STR(SIG "\x21\x21\0\x23"), ERR_INVALID, NULL, NULL },
	{ "version 1 in binary", STR(SIG "\x11\x11\0\x0c"), ERR_INVALID, NULL, NULL },
	{ "another command", STR(SIG "\x22\x11\0\x0c"), ERR_INVALID, NULL, NULL },
	{ "another family", STR(SIG "\x21\x41\0\x0c"), ERR_INVALID, NULL, NULL },
	{ "another protocol", STR(SIG "\x21\x13\0\x0c"), ERR_INVALID, NULL, NULL },
	{ "too long", STR(SIG "\x21\x11\x10\x00"), ERR_LIMIT, NULL, NULL },
	{ "a wrong signature", STR("\r\n\r\n\0\r\nQUIX"), ERR_INVALID, NULL, NULL },
	{ "not yet", STR(SIG "\x21\x11\0\x0c\xc0"), ERR_AGAIN, NULL, NULL },
};

static void check_endpoint(const char *name, const char *want, const struct endpoint *got)
{
	struct endpoint ep = { 0 };
	if (want)
		CHECK_ROW(name, endpoint_parse(str_of(want), 1, &ep, NULL) == ERR_OK ||
		                str_prefix(str_of(want), STR("[2001:db8::1]:0")));
	if (want && ep.ip.family == 0)                    /* port 0 is no endpoint to others */
		ip_parse(STR("2001:db8::1"), &ep.ip, NULL);
	CHECK_ROW(name, ip_eq(&ep.ip, &got->ip) && ep.port == got->port);
}

static void check_row(const struct row *row, size_t piece)
{
	struct wire_proxy p = { 0 };
	struct buf bytes = { 0 };
	size_t at = 0, used = 0;
	int e = ERR_AGAIN;
	buf_add_str(&bytes, row->bytes);
	if (row->err == ERR_OK)
		buf_add_cstr(&bytes, "MAIL");             /* what follows is not the header's */
	while (e == ERR_AGAIN && at < bytes.n) {
		size_t n = piece < bytes.n - at ? piece : bytes.n - at;
		e = wire_proxy_take(&p, (struct str){ bytes.p + at, n }, &used);
		CHECK_ROW(row->name, used <= n && (e != ERR_AGAIN || used == n));
		at += used;
	}
	if (e != row->err)
		fail_msg("%s, in pieces of %zu: %d", row->name, piece, e);
	if (e == ERR_OK) {
		CHECK_ROW(row->name, at == row->bytes.n && p.relayed == (row->source != NULL));
		check_endpoint(row->name, row->source, &p.source);
		check_endpoint(row->name, row->destination, &p.destination);
	}
	buf_fini(&bytes);
}

static void test_headers(void **state)
{
	static const size_t pieces[] = { 1000, 1, 2, 13 };
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++)
			check_row(&rows[i], pieces[k]);
}

/* At the first byte that shows it: a peer that says nothing more is refused all the same. */
static void test_refused_early(void **state)
{
	static const struct { struct str bytes; size_t at; } early[] = {
		{ STR("EHLO x\r\n"), 1 }, { STR("PROXX"), 5 }, { STR("\r\nQUIT"), 3 },
		{ STR(SIG "\x31\x11\0\x0c" V4_BYTES), 16 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		struct wire_proxy p = { 0 };
		size_t used;
		assert_int_equal(wire_proxy_take(&p, early[i].bytes, &used), ERR_INVALID);
		assert_int_equal(used, early[i].at);
	}
}

static void test_largest(void **state)
{
	struct wire_proxy p = { 0 };
	struct buf bytes = { 0 };
	size_t used;
	(void)state;
	buf_add_str(&bytes, STR(SIG "\x21\x11\x0f\xf0" V4_BYTES));
	while (bytes.n < WIRE_PROXY_V2_MAX + 10)
		buf_add_byte(&bytes, 'x');
	assert_int_equal(wire_proxy_take(&p, buf_str(&bytes), &used), ERR_OK);
	assert_int_equal(used, WIRE_PROXY_V2_MAX);
	assert_true(p.relayed && p.source.port == 32769);
	buf_fini(&bytes);
}

static void test_peers(void **state)
{
	static const struct { const char *prefix; int err; } peers[] = {
		{ "0.0.0.0/0", ERR_DENIED }, { "::/0", ERR_DENIED }, { "192.0.2.1", ERR_OK },
		{ "10.1.0.0/16", ERR_OK }, { "2001:db8::/32", ERR_OK },
		/* All the world in halves; a network that is no host's. */
		{ "0.0.0.0/1", ERR_DENIED }, { "128.0.0.0/1", ERR_DENIED },
		{ "8000::/1", ERR_DENIED }, { "10.0.0.0/15", ERR_DENIED },
		{ "2001:db8::/31", ERR_DENIED },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct prefix p;
		assert_int_equal(prefix_parse(str_of(peers[i].prefix), &p, NULL), ERR_OK);
		CHECK_ROW(peers[i].prefix, wire_proxy_peer_check(&p) == peers[i].err);
	}
}

/* What is written is read again; the first two as the relay tester has always sent them. */
static void test_written(void **state)
{
	static const char v1[] = "PROXY TCP4 127.0.0.1 127.0.0.1 34567 25\r\n";
	static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
	                         "\x7f\0\0\x01\x7f\0\0\x01\x87\x07\0\x19";
	static const struct {
		unsigned version;
		struct endpoint from, to;
		struct str bytes;
	} all[] = {
		{ 1, { { 4, { 127, 0, 0, 1 } }, 34567 }, { { 4, { 127, 0, 0, 1 } }, 25 },
		  { v1, sizeof(v1) - 1 } },
		{ 2, { { 4, { 127, 0, 0, 1 } }, 34567 }, { { 4, { 127, 0, 0, 1 } }, 25 },
		  { v2, sizeof(v2) - 1 } },
		{ 1, { { 6, { 0x20, 1, [15] = 7 } }, 65535 }, { { 6, { [15] = 1 } }, 465 }, { 0 } },
		{ 2, { { 6, { 0x20, 1, [15] = 7 } }, 65535 }, { { 6, { [15] = 1 } }, 465 }, { 0 } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct wire_proxy p = { 0 };
		struct buf out = { 0 };
		size_t used;
		wire_proxy_format(all[i].version, &all[i].from, &all[i].to, &out);
		assert_true(all[i].bytes.n == 0 || str_eq(buf_str(&out), all[i].bytes));
		assert_int_equal(wire_proxy_take(&p, buf_str(&out), &used), ERR_OK);
		assert_int_equal(used, out.n);
		assert_true(p.relayed && ip_eq(&p.source.ip, &all[i].from.ip) &&
		            ip_eq(&p.destination.ip, &all[i].to.ip));
		assert_true(p.source.port == all[i].from.port &&
		            p.destination.port == all[i].to.port);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers), cmocka_unit_test(test_refused_early),
		cmocka_unit_test(test_largest), cmocka_unit_test(test_peers),
		cmocka_unit_test(test_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
