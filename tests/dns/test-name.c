/* SPDX-License-Identifier: ISC
 * Names: text and wire, both ways, with their limits. */
#include "test.h"

#include "dns/name.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONGEST A63 "." A63 "." A63 "." A61      /* 253 bytes: 255 on the wire */

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int err;
		unsigned wire_bytes;
		const char *back;        /* NULL: as given */
	} rows[] = {
		{ ".", ERR_OK, 1, NULL },
		{ "a", ERR_OK, 3, NULL },
		{ "Example.ORG", ERR_OK, 13, NULL },
		{ "example.org.", ERR_OK, 13, "example.org" },
		{ "_dmarc.x-y.example", ERR_OK, 20, NULL },
		{ "*.example", ERR_OK, 11, NULL },
		{ "a\\.b.example", ERR_OK, 13, "a\\046b.example" },
		{ "a\\000b", ERR_OK, 5, NULL },
		{ "\\255\\032x", ERR_OK, 5, NULL },
		{ "\\097", ERR_OK, 3, "a" },
		{ A63, ERR_OK, 65, NULL },
		{ A63 "a", ERR_INVALID, 0, NULL },
		{ LONGEST, ERR_OK, 255, NULL },
		{ LONGEST ".", ERR_OK, 255, LONGEST },
		{ LONGEST "a", ERR_INVALID, 0, NULL },
		{ LONGEST ".a", ERR_INVALID, 0, NULL },
		{ "", ERR_INVALID, 0, NULL },
		{ "..", ERR_INVALID, 0, NULL },
		{ ".a", ERR_INVALID, 0, NULL },
		{ "a..b", ERR_INVALID, 0, NULL },
		{ "a b", ERR_INVALID, 0, NULL },
		{ "a\nb", ERR_INVALID, 0, NULL },
		{ "caf\xc3\xa9", ERR_INVALID, 0, NULL },
		{ "a\\", ERR_INVALID, 0, NULL },
		{ "a\\25", ERR_INVALID, 0, NULL },
		{ "a\\256", ERR_INVALID, 0, NULL },
		{ "a\\2x6", ERR_INVALID, 0, NULL },
		{ "a\\\n", ERR_INVALID, 0, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_name name, again;
		struct parse_error pe = { 0 };
		char text[DNS_NAME_TEXT_MAX];
		int e = dns_name_parse(str_of(rows[i].text), &name, &pe);
		CHECK_ROW(rows[i].text, e == rows[i].err);
		if (e != ERR_OK) {
			CHECK_ROW(rows[i].text, pe.expected != NULL);
			continue;
		}
		CHECK_ROW(rows[i].text, name.n == rows[i].wire_bytes);
		dns_name_format(&name, text);
		CHECK_ROW(rows[i].text,
		          strcmp(text, rows[i].back ? rows[i].back : rows[i].text) == 0);
		CHECK_ROW(rows[i].text, dns_name_parse(str_of(text), &again, NULL) == ERR_OK);
		CHECK_ROW(rows[i].text, again.n == name.n && memcmp(again.b, name.b, name.n) == 0);
	}
}

/* Every byte in a label survives text and back; the longest text fits. */
static void test_any_byte(void **state)
{
	struct dns_name name = { .n = 1 }, back;
	char text[DNS_NAME_TEXT_MAX];
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		name = (struct dns_name){ .n = 3, .b = { 1, (uint8_t)byte, 0 } };
		dns_name_format(&name, text);
		assert_int_equal(dns_name_parse(str_of(text), &back, NULL), ERR_OK);
		assert_true(dns_name_eq(&name, &back) && back.b[1] == byte);
	}
	memset(name.b, 0xff, sizeof(name.b));
	name.n = 255;
	name.b[0] = name.b[64] = name.b[128] = 63;
	name.b[192] = 61;
	name.b[254] = 0;
	assert_int_equal(strlen(dns_name_format(&name, text)), 250 * 4 + 3);
	assert_int_equal(dns_name_parse(str_of(text), &back, NULL), ERR_OK);
	assert_true(dns_name_eq(&name, &back));
}

#define B(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void test_read(void **state)
{
	const struct {
		const char *name;
		const uint8_t *p;
		size_t n, at;
		const char *want;        /* NULL: ERR_INVALID */
		size_t behind;
	} rows[] = {
		{ "root", B(0), 0, ".", 1 },
		{ "plain", B(1, 'a', 2, 'b', 'C', 0, 9), 0, "a.bC", 6 },
		{ "pointer", B(1, 'a', 0, 1, 'b', 0xc0, 0), 3, "b.a", 7 },
		{ "pointer alone", B(1, 'a', 0, 0xc0, 0), 3, "a", 5 },
		{ "chain", B(1, 'a', 0, 1, 'b', 0xc0, 0, 1, 'c', 0xc0, 3), 7, "c.b.a", 11 },
		{ "empty message", B(0), 1, NULL, 0 },
		{ "label past the end", B(2, 'a'), 0, NULL, 0 },
		{ "label up to the end", B(1, 'a'), 0, NULL, 0 },
		{ "half a pointer", B(0, 0xc0), 1, NULL, 0 },
		{ "to itself", B(0xc0, 0), 0, NULL, 0 },
		{ "forwards", B(0xc0, 2, 0), 0, NULL, 0 },
		{ "into its own labels", B(1, 'a', 0xc0, 0), 0, NULL, 0 },
		{ "two in a circle", B(0xc0, 2, 0xc0, 0), 2, NULL, 0 },
		{ "to a later start", B(0, 1, 'a', 0xc0, 1), 1, NULL, 0 },
		{ "extended label 0x40", B(0x41, 'a', 0), 0, NULL, 0 },
		{ "extended label 0x80", B(0x81, 'a', 0), 0, NULL, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_name name;
		char text[DNS_NAME_TEXT_MAX];
		size_t at = rows[i].at, skip = rows[i].at;
		int e = dns_name_read(rows[i].p, rows[i].n, &at, &name);
		CHECK_ROW(rows[i].name, (e == ERR_OK) == (rows[i].want != NULL));
		CHECK_ROW(rows[i].name, dns_name_read(rows[i].p, rows[i].n, &skip, NULL) == e);
		if (e != ERR_OK)
			continue;
		CHECK_ROW(rows[i].name, at == rows[i].behind && skip == at);
		CHECK_ROW(rows[i].name, strcmp(dns_name_format(&name, text), rows[i].want) == 0);
	}
}

/* 255 bytes pass, 256 do not, also when pointers make them. */
static void test_read_limit(void **state)
{
	uint8_t m[600] = { 0 };
	struct dns_name name;
	size_t n = 0, at = 0;
	(void)state;
	for (int i = 0; i < 4; i++) {
		m[n] = (uint8_t)(i < 3 ? 63 : 61);
		n += m[n] + 1u;
	}
	n++;
	assert_int_equal(n, 255);
	assert_int_equal(dns_name_read(m, n, &at, &name), ERR_OK);
	assert_int_equal(name.n, 255);
	/* One more label in front, by way of a pointer. */
	memcpy(m + n, "\1x\xc0\0", 4);
	at = n;
	assert_int_equal(dns_name_read(m, n + 4, &at, &name), ERR_INVALID);
	assert_int_equal(at, n);
	m[192] = 62;
	memmove(m + 255, "\0", 1);
	at = 0;
	assert_int_equal(dns_name_read(m, 256, &at, &name), ERR_INVALID);
}

static struct dns_name parsed(const char *text)
{
	struct dns_name name;
	assert_int_equal(dns_name_parse(str_of(text), &name, NULL), ERR_OK);
	return name;
}

static void test_within(void **state)
{
	static const struct { const char *name, *zone; bool within, eq; } rows[] = {
		{ "example.org", "example.org", true, true },
		{ "EXAMPLE.org", "example.ORG", true, true },
		{ "a.example.org", "example.org", true, false },
		{ "a.b.Example.Org", "example.org", true, false },
		{ "example.org", "a.example.org", false, false },
		{ "badexample.org", "example.org", false, false },
		{ "example.org", "example.com", false, false },
		{ "example.org", ".", true, false },
		{ ".", ".", true, true },
		{ ".", "org", false, false },
		{ "a\\.example.org", "example.org", false, false },
		{ "x\\007example\\003org\\000", "example.org", false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_name name = parsed(rows[i].name), zone = parsed(rows[i].zone);
		CHECK_ROW(rows[i].name, dns_name_within(&name, &zone) == rows[i].within);
		CHECK_ROW(rows[i].name, dns_name_eq(&name, &zone) == rows[i].eq);
	}
}

/* Any two bytes at any place of a name of any length: equal are the same, and a letter and
 * its other case. */
static void test_bytes_eq(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 26; n++)
		for (unsigned a = 0; a < 256; a++)
			for (unsigned b = 0; b < 256; b++) {
				uint8_t x[26], y[26];
				memset(x, 'q', n);
				memset(y, 'Q', n);
				x[(a + b) % n] = (uint8_t)a;
				y[(a + b) % n] = (uint8_t)b;
				bool same = ascii_lower((char)a) == ascii_lower((char)b);
				if (dns_name_bytes_eq(x, y, n) != same)
					fail_msg("%zu bytes: %02x and %02x", n, a, b);
			}
}

static void test_reverse(void **state)
{
	static const struct { const char *ip, *suffix, *want; } rows[] = {
		{ "192.0.2.9", "bl.example", "9.2.0.192.bl.example" },
		{ "127.0.0.2", "in-addr.arpa", "2.0.0.127.in-addr.arpa" },
		{ "255.10.100.0", ".", "0.100.10.255" },
		{ "2001:db8::a", "ip6.arpa",
		  "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
	};
	struct dns_name name, suffix;
	struct ip ip;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[DNS_NAME_TEXT_MAX];
		suffix = parsed(rows[i].suffix);
		assert_int_equal(ip_parse(str_of(rows[i].ip), &ip, NULL), ERR_OK);
		CHECK_ROW(rows[i].ip, dns_name_reverse(&ip, &suffix, &name) == ERR_OK);
		CHECK_ROW(rows[i].ip, strcmp(dns_name_format(&name, text), rows[i].want) == 0);
	}
	/* 64 bytes of nibbles leave room for a suffix of 191. */
	suffix = parsed(A63 "." A63 "." A61);
	assert_int_equal(suffix.n, 191);
	assert_int_equal(dns_name_reverse(&ip, &suffix, &name), ERR_OK);
	assert_int_equal(name.n, 255);
	assert_int_equal(dns_name_labels(&name), 35);
	suffix = parsed(A63 "." A63 "." A61 "a");
	assert_int_equal(dns_name_reverse(&ip, &suffix, &name), ERR_LIMIT);
}

static void test_is_host(void **state)
{
	static const struct { const char *text; bool host; } rows[] = {
		{ "mail.example.org", true }, { "MX1.example", true }, { "a.b", true },
		{ "1.example", true }, { "xn--bcher-kva.example", true }, { "3com.1x", true },
		{ LONGEST, true }, { LONGEST "a", false }, { "localhost", false }, { "", false },
		{ ".", false }, { "mail.example.org.", false }, { "a..b", false },
		{ "-a.example", false }, { "a-.example", false }, { "a_b.example", false },
		{ "192.0.2.1", false }, { "a.123", false }, { "a b.example", false },
		{ "a.99999999999999999999999", false }, { "[192.0.2.1]", false },
		{ "a.ex\xc3\xa4mple", false }, { A63 "a.example", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].text, dns_name_is_host(str_of(rows[i].text)) == rows[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_read), cmocka_unit_test(test_read_limit),
		cmocka_unit_test(test_within), cmocka_unit_test(test_bytes_eq),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_is_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
