/* SPDX-License-Identifier: ISC
 * What answers mean to the resolver: each row is a message made by a small script. */
#include "test.h"

#include "dns/response.h"

#include <stdio.h>

struct row {
	const char *name;
	unsigned type;
	unsigned flags;                  /* without QR; the rcode too */
	const char *records;             /* "OWNER TYPE DATA; …" */
	enum dns_status status;
	const char *want;                /* what was found, joined by spaces */
};

static const struct row rows[] = {
	{ "one A", DNS_TYPE_A, 0, "q.example A 192.0.2.1", DNS_FOUND, "192.0.2.1" },
	{ "case folds", DNS_TYPE_A, 0, "Q.EXAMPLE A 192.0.2.1", DNS_FOUND, "192.0.2.1" },
	{ "three A in order", DNS_TYPE_A, 0,
	  "q.example A 192.0.2.3; q.example A 192.0.2.1; q.example A 192.0.2.2", DNS_FOUND,
	  "192.0.2.3 192.0.2.1 192.0.2.2" },
	{ "other owners are left out", DNS_TYPE_A, 0,
	  "x.example A 192.0.2.3; q.example A 192.0.2.1", DNS_FOUND, "192.0.2.1" },
	{ "other types are left out", DNS_TYPE_A, 0, "q.example TXT hi", DNS_NODATA, "" },
	{ "nothing", DNS_TYPE_A, 0, "", DNS_NODATA, "" },
	{ "alias", DNS_TYPE_A, 0, "q.example CNAME r.example; r.example A 192.0.2.1", DNS_FOUND,
	  "192.0.2.1" },
	{ "aliases in any order", DNS_TYPE_A, 0,
	  "s.example A 192.0.2.1; r.example CNAME s.example; q.example CNAME r.example",
	  DNS_FOUND, "192.0.2.1" },
	{ "alias to nothing", DNS_TYPE_A, 0, "q.example CNAME r.example", DNS_NODATA, "" },
	{ "aliases in a circle", DNS_TYPE_A, 0,
	  "q.example CNAME r.example; r.example CNAME q.example", DNS_NODATA, "" },
	{ "a broken record is left out", DNS_TYPE_A, 0, "q.example A bad; q.example A 192.0.2.1",
	  DNS_FOUND, "192.0.2.1" },
	{ "only a broken record", DNS_TYPE_A, 0, "q.example A bad", DNS_NODATA, "" },
	{ "AAAA", DNS_TYPE_AAAA, 0, "q.example AAAA 2001:db8::1", DNS_FOUND, "2001:db8::1" },
	{ "MX by preference", DNS_TYPE_MX, 0,
	  "q.example MX 20 b.example; q.example MX 10 a.example; q.example MX 20 a.example",
	  DNS_FOUND, "10:a.example 20:b.example 20:a.example" },
	{ "null MX", DNS_TYPE_MX, 0, "q.example MX 0 .", DNS_FOUND, "0:." },
	{ "PTR", DNS_TYPE_PTR, 0, "q.example PTR mail.example", DNS_FOUND, "mail.example" },
	{ "TXT", DNS_TYPE_TXT, 0, "q.example TXT hello; q.example TXT world", DNS_FOUND,
	  "hello world" },
	{ "NXDOMAIN", DNS_TYPE_A, DNS_RCODE_NXDOMAIN, "", DNS_NXDOMAIN, "" },
	{ "NXDOMAIN with records", DNS_TYPE_A, DNS_RCODE_NXDOMAIN, "q.example A 192.0.2.1",
	  DNS_NXDOMAIN, "" },
	{ "SERVFAIL", DNS_TYPE_A, DNS_RCODE_SERVFAIL, "", DNS_SERVFAIL, "" },
	{ "REFUSED", DNS_TYPE_A, DNS_RCODE_REFUSED, "", DNS_REFUSED, "" },
	{ "NOTIMP", DNS_TYPE_A, DNS_RCODE_NOTIMP, "", DNS_MALFORMED, "" },
	{ "truncated", DNS_TYPE_A, DNS_FLAG_TC, "q.example A 192.0.2.1", DNS_MALFORMED, "" },
	{ "another opcode", DNS_TYPE_A, 5 << 11, "q.example A 192.0.2.1", DNS_MALFORMED, "" },
};

static void put_name_text(struct dns_writer *w, const char *text)
{
	struct dns_name name;
	assert_int_equal(dns_name_parse(str_of(text), &name, NULL), ERR_OK);
	dns_put_name(w, &name);
}

static void put_data(struct dns_writer *w, const char *type, const char *data)
{
	struct ip ip;
	unsigned preference;
	char host[64];
	if (ip_parse(str_of(data), &ip, NULL) == ERR_OK) {
		dns_put_bytes(w, ip.b, ip_bits(&ip) / 8);
	} else if (strcmp(type, "MX") == 0) {
		assert_int_equal(sscanf(data, "%u %63s", &preference, host), 2);
		dns_put_u16(w, preference);
		put_name_text(w, host);
	} else if (strcmp(type, "TXT") == 0) {
		dns_put_u8(w, (unsigned)strlen(data));
		dns_put_bytes(w, data, strlen(data));
	} else {
		put_name_text(w, data);
	}
}

static uint16_t put_records(struct dns_writer *w, const char *script)
{
	static const struct { const char *name; unsigned type; } types[] = {
		{ "A", 1 }, { "CNAME", 5 }, { "PTR", 12 }, { "MX", 15 }, { "TXT", 16 },
		{ "AAAA", 28 },
	};
	struct str rest = str_of(script), one;
	uint16_t count = 0;
	while (str_token(&rest, ";", &one)) {
		char line[128], owner[64], type[8], data[64];
		str_copy(line, sizeof(line), str_trim(one));
		assert_int_equal(sscanf(line, "%63s %7s %63[^\n]", owner, type, data), 3);
		put_name_text(w, owner);
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			if (strcmp(type, types[i].name) == 0)
				dns_put_u16(w, types[i].type);
		dns_put_u16(w, DNS_CLASS_IN);
		dns_put_u32(w, 300 - count);
		size_t length_at = w->n;
		dns_put_u16(w, 0);
		put_data(w, type, data);
		w->p[length_at + 1] = (uint8_t)(w->n - length_at - 2);
		count++;
	}
	return count;
}

static size_t make(const struct row *row, struct dns_question *q, uint8_t *dst, size_t size)
{
	struct dns_writer w = { .p = dst, .size = size, .n = DNS_HEADER_BYTES };
	*q = (struct dns_question){ .type = (uint16_t)row->type, .class = DNS_CLASS_IN };
	assert_int_equal(dns_name_parse(STR("q.example"), &q->name, NULL), ERR_OK);
	dns_put_question(&w, q);
	struct dns_header h = { .id = 1, .flags = (uint16_t)(DNS_FLAG_QR | row->flags),
	                        .questions = 1, .answers = put_records(&w, row->records) };
	struct dns_writer head = { .p = dst, .size = DNS_HEADER_BYTES };
	dns_put_header(&head, &h);
	assert_false(w.full);
	return w.n;
}

static void add(struct buf *out, const char *text)
{
	if (out->n)
		buf_add_byte(out, ' ');
	buf_add_cstr(out, text);
}

static void describe(const struct dns_result *r, struct buf *out)
{
	char text[IP_TEXT_MAX];
	for (size_t i = 0; i < r->ip_count; i++)
		add(out, ip_format(&r->ips[i], text));
	for (size_t i = 0; i < r->mx_count; i++) {
		snprintf(text, sizeof(text), "%u:%s", r->mx[i].preference, r->mx[i].host);
		add(out, text);
	}
	for (size_t i = 0; i < r->name_count; i++)
		add(out, r->names[i]);
	for (size_t i = 0; i < r->text_count; i++) {
		snprintf(text, sizeof(text), "%.*s", STR_ARG(r->texts[i]));
		add(out, text);
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		uint8_t bytes[1024];
		struct dns_question q;
		struct dns_result result;
		struct arena a = { 0 };
		struct buf found = { 0 };
		size_t n = make(row, &q, bytes, sizeof(bytes));
		dns_response_read(bytes, n, &q, &a, &result);
		describe(&result, &found);
		CHECK_ROW(row->name, result.status == row->status);
		CHECK_ROW(row->name, strcmp(buf_cstr(&found), row->want) == 0);
		CHECK_ROW(row->name, (result.ttl_s != 0) == (row->status == DNS_FOUND));
		CHECK_ROW(row->name, result.alias == !!strstr(row->records, "q.example CNAME"));
		/* Cut anywhere it says so. */
		for (size_t cut = 0; cut < n; cut++) {
			dns_response_read(bytes, cut, &q, &a, &result);
			CHECK_ROW(row->name, result.status != DNS_FOUND);
		}
		buf_fini(&found);
		arena_fini(&a);
	}
}

static void test_ttl_is_the_least(void **state)
{
	uint8_t bytes[1024];
	struct dns_question q;
	struct dns_result result;
	struct arena a = { 0 };
	(void)state;
	size_t n = make(&rows[2], &q, bytes, sizeof(bytes));
	dns_response_read(bytes, n, &q, &a, &result);
	assert_int_equal(result.ttl_s, 298);
	arena_fini(&a);
}

/* An answer to something else is none of ours. */
static void test_question_must_match(void **state)
{
	uint8_t bytes[1024];
	struct dns_question q, other;
	struct dns_result result;
	struct arena a = { 0 };
	(void)state;
	size_t n = make(&rows[0], &q, bytes, sizeof(bytes));
	other = q;
	other.type = DNS_TYPE_MX;
	dns_response_read(bytes, n, &other, &a, &result);
	assert_int_equal(result.status, DNS_MALFORMED);
	other = q;
	other.name.b[1] = 'z';
	dns_response_read(bytes, n, &other, &a, &result);
	assert_int_equal(result.status, DNS_MALFORMED);
	bytes[2] = 0;                    /* a query */
	dns_response_read(bytes, n, &q, &a, &result);
	assert_int_equal(result.status, DNS_MALFORMED);
	/* An error may come as a header alone, an answer may not. */
	static const uint8_t refused[12] = { 0, 1, 0x80, 5 }, empty[12] = { 0, 1, 0x80, 0 };
	dns_response_read(refused, 12, &q, &a, &result);
	assert_int_equal(result.status, DNS_REFUSED);
	dns_response_read(empty, 12, &q, &a, &result);
	assert_int_equal(result.status, DNS_MALFORMED);
	arena_fini(&a);
}

static void test_limit(void **state)
{
	static uint8_t bytes[20000];
	struct dns_question q;
	struct dns_result result;
	struct arena a = { 0 };
	struct row row = { "", DNS_TYPE_A, 0, "", DNS_NODATA, "" };
	(void)state;
	size_t n = make(&row, &q, bytes, sizeof(bytes));
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes), .n = n };
	for (int i = 0; i < 300; i++)
		put_records(&w, "q.example A 192.0.2.1");
	bytes[6] = 300 >> 8;
	bytes[7] = 300 & 255;
	dns_response_read(bytes, w.n, &q, &a, &result);
	assert_int_equal(result.status, DNS_FOUND);
	assert_int_equal(result.ip_count, DNS_RESULTS_MAX);
	arena_fini(&a);
}

static void test_edns(void **state)
{
	uint8_t bytes[1024];
	struct dns_question q;
	struct dns_result result;
	struct arena a = { 0 };
	struct row row = { "", DNS_TYPE_A, DNS_RCODE_REFUSED, "", DNS_NODATA, "" };
	(void)state;
	size_t n = make(&row, &q, bytes, sizeof(bytes));
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes), .n = n };
	dns_put_edns(&w, DNS_RCODE_REFUSED, false, DNS_EDE_PROHIBITED);
	bytes[11] = 1;
	dns_response_read(bytes, w.n, &q, &a, &result);
	assert_int_equal(result.status, DNS_REFUSED);
	assert_int_equal(result.ede, DNS_EDE_PROHIBITED);
	/* The upper part of the rcode counts: 16 + 5 is not REFUSED. */
	bytes[n + 5] = 1;
	dns_response_read(bytes, w.n, &q, &a, &result);
	assert_int_equal(result.status, DNS_MALFORMED);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_ttl_is_the_least),
		cmocka_unit_test(test_question_must_match), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_edns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
