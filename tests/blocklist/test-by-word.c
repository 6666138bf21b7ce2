/* SPDX-License-Identifier: ISC
 * What is listed by the operator's word, addresses and ranges: code and text claim no proof. */
#include "test.h"
#include "world.h"

#include "dns/message.h"

/* "NXDOMAIN", the address of an A record or the text of a TXT record at that name. */
static void ask(const struct world *w, const char *name, unsigned type, char found[static 256])
{
	uint8_t query[512], answer[BLOCKLIST_ANSWER_MAX];
	struct dns_question q = { .type = (uint16_t)type, .class = DNS_CLASS_IN };
	struct dns_writer writer = { .p = query, .size = sizeof(query) };
	assert_int_equal(dns_name_parse(str_of(name), &q.name, NULL), ERR_OK);
	dns_put_query(&writer, 1, &q);
	size_t n = blocklist_answer(&w->state, (struct str){ (const char *)query, writer.n },
	                            BLOCKLIST_TCP, NULL, answer);
	/* Behind the question: a pointer, type, class, TTL and length. */
	const uint8_t *data = answer + 12 + q.name.n + 4 + 12;
	assert_true(n > 12);
	if (answer[7] == 0) {
		assert_int_equal(answer[3] & 15, DNS_RCODE_NXDOMAIN);
		str_copy(found, 256, STR("NXDOMAIN"));
	} else if (type == DNS_TYPE_A) {
		snprintf(found, 256, "%u.%u.%u.%u", data[0], data[1], data[2], data[3]);
	} else {
		str_copy(found, 256, (struct str){ (const char *)data + 1, data[0] });
	}
}

struct row {
	const char *name, *code, *text;
};

static void check_rows(const struct world *w, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char found[256];
		ask(w, rows[i].name, DNS_TYPE_A, found);
		if (strcmp(found, rows[i].code) != 0)
			fail_msg("%s: %s, expected %s", rows[i].name, found, rows[i].code);
		ask(w, rows[i].name, DNS_TYPE_TXT, found);
		if (strcmp(found, rows[i].text) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", rows[i].name, found, rows[i].text);
	}
}

#define CHECK(w, rows) check_rows(w, rows, sizeof(rows) / sizeof(*(rows)))

static void test_addresses(void **state)
{
	static const struct row rows[] = {
		{ "1.2.0.192.bl.example", "127.0.0.4", "192.0.2.1 is listed by its operator's word: why" },
		{ "2.2.0.192.bl.example", "127.0.0.2", "192.0.2.2 is listed as an open relay (bl.example)" },
		{ "3.2.0.192.bl.example", "NXDOMAIN", "NXDOMAIN" },
	};
	struct world w;
	struct listing row = { .address = ip_from_v4(192, 0, 2, 1), .reason = "why" };
	struct blocklist_words_of of = { .words = &row, .word_n = 1 };
	(void)state;
	world_make(&w, "192.0.2.1 192.0.2.2", NULL, NULL);
	w.edition.words = blocklist_words_create(&of);
	CHECK(&w, rows);
	blocklist_words_destroy(w.edition.words);
	world_free(&w);
}

/* By which address a server saw us stands behind the text, and not of who is listed by word. */
static void test_seen(void **state)
{
	static const struct row rows[] = {
		{ "1.2.0.192.bl.example", "127.0.0.2", "192.0.2.1 is listed as an open relay "
		  "(bl.example) (the server saw us as 172.18.0.1, not 203.0.113.5: your clients' "
		  "addresses are lost before they reach it; causes C2, C1, C3)" },
		{ "2.2.0.192.bl.example", "127.0.0.4", "192.0.2.2 is listed by its operator's word: why" },
		{ "3.2.0.192.bl.example", "127.0.0.2", "192.0.2.3 is listed as an open relay (bl.example)" },
	};
	const struct ip bridge = ip_from_v4(172, 18, 0, 1), known = ip_from_v4(203, 0, 113, 5);
	struct listing listings[] = {
		{ .address = ip_from_v4(192, 0, 2, 1), .seen_as = bridge, .known_as = known },
		{ .address = ip_from_v4(192, 0, 2, 2), .seen_as = bridge, .known_as = known,
		  .reason = "why" },
		{ .address = ip_from_v4(192, 0, 2, 3), .seen_as = bridge },
	};
	struct blocklist_words_of of = { &listings[1], listings, NULL, 1, 3, 0 };
	struct world w;
	(void)state;
	world_make(&w, "192.0.2.1 192.0.2.2 192.0.2.3", NULL, NULL);
	w.edition.words = blocklist_words_create(&of);
	CHECK(&w, rows);
	blocklist_words_destroy(w.edition.words);
	world_free(&w);
}

/* From the first address to the last; what has a listing of its own speaks for itself; and where
 * no note is there, a range is no proof all the same. */
static void test_ranges(void **state)
{
	static const struct row rows[] = {
		{ "255.2.0.192.bl.example", "NXDOMAIN", "NXDOMAIN" },
		{ "0.3.0.192.bl.example", "127.0.0.4", "192.0.3.0 is in 192.0.3.0/24, which is "
		  "listed by its operator's word: spam" },
		{ "255.3.0.192.bl.example", "127.0.0.4", "192.0.3.255 is in 192.0.3.0/24, which is "
		  "listed by its operator's word: spam" },
		{ "0.4.0.192.bl.example", "NXDOMAIN", "NXDOMAIN" },
		{ "9.3.0.192.bl.example", "127.0.0.2", "192.0.3.9 is listed as an open relay (bl.example)" },
		{ "10.3.0.192.bl.example", "127.0.0.4", "192.0.3.10 is listed by its operator's word: one" },
		{ "1.100.51.198.bl.example", "127.0.0.4", "198.51.100.1 is in 198.51.100.0/24, "
		  "which is listed by its operator's word: unknown" },
	};
	struct world w;
	struct listing row = { .address = ip_from_v4(192, 0, 3, 10), .reason = "one" };
	struct listed_range ranges[] = { { world_prefix("192.0.3.0/24"), "spam", 1 },
	                                 { world_prefix("192.0.4.0/24"), "no more", 1 } };
	struct blocklist_words_of of = { &row, NULL, ranges, 1, 0, 2 };
	(void)state;
	world_make(&w, "192.0.3.0/24 192.0.3.9 192.0.3.10 198.51.100.0/24", NULL, NULL);
	w.edition.words = blocklist_words_create(&of);
	CHECK(&w, rows);
	blocklist_words_destroy(w.edition.words);
	world_free(&w);
}

/* Of outputs there is no range; one that were there would not be by word. */
static void test_outputs(void **state)
{
	static const struct row rows[] = {
		{ "9.113.0.203.out.example", "127.0.0.3", "output 203.0.113.9" },
	};
	struct world w;
	(void)state;
	world_make(&w, "", "203.0.113.0/24", (const char *[]){ "output_text=output %a", NULL });
	CHECK(&w, rows);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_outputs), cmocka_unit_test(test_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
