/* SPDX-License-Identifier: ISC
 *
 * What an address tells by which a server saw a stranger: whether it counts, what fits, and how it
 * is said.
 */
#include "test.h"

#include "catalogue/explain.h"

#include <stdio.h>

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };
	if (*text)
		assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

static void test_counts(void **state)
{
	static const struct { const char *address, *known, *host; bool counts; } rows[] = {
		/* Private, loopback, link-local. */
		{ "172.18.0.1", "203.0.113.5", "198.51.100.7", true },
		{ "172.16.0.0", "203.0.113.5", "198.51.100.7", true },
		{ "172.31.255.255", "203.0.113.5", "198.51.100.7", true },
		{ "10.88.0.1", "203.0.113.5", "198.51.100.7", true },
		{ "192.168.1.1", "203.0.113.5", "198.51.100.7", true },
		{ "127.0.0.1", "203.0.113.5", "198.51.100.7", true },
		{ "127.9.9.9", "203.0.113.5", "198.51.100.7", true },
		{ "100.64.0.1", "203.0.113.5", "198.51.100.7", true },
		{ "169.254.1.1", "203.0.113.5", "198.51.100.7", true },
		{ "::1", "2001:db8:3::5", "2001:db8:100::7", true },
		{ "fe80::1", "2001:db8:3::5", "2001:db8:100::7", true },
		{ "fd00::1", "2001:db8:3::5", "2001:db8:100::7", true },
		{ "172.18.0.1", "2001:db8:3::5", "2001:db8:100::7", true },
		/* Just outside. */
		{ "172.15.255.255", "203.0.113.5", "198.51.100.7", false },
		{ "172.32.0.0", "203.0.113.5", "198.51.100.7", false },
		{ "100.63.255.255", "203.0.113.5", "198.51.100.7", false },
		{ "100.128.0.0", "203.0.113.5", "198.51.100.7", false },
		{ "11.0.0.0", "203.0.113.5", "198.51.100.7", false },
		{ "::2", "2001:db8:3::5", "2001:db8:100::7", false },
		{ "fec0::1", "2001:db8:3::5", "2001:db8:100::7", false },
		{ "fe00::1", "2001:db8:3::5", "2001:db8:100::7", false },
		/* The host's own network, and beyond it. */
		{ "198.51.100.1", "203.0.113.5", "198.51.100.7", true },
		{ "198.51.100.7", "203.0.113.5", "198.51.100.7", true },
		{ "198.51.101.1", "203.0.113.5", "198.51.100.7", false },
		{ "2001:db8:100::1", "2001:db8:3::5", "2001:db8:100::7", true },
		{ "2001:db8:100:1::1", "2001:db8:3::5", "2001:db8:100::7", false },
		/* We live there: a second address of ours, perhaps. */
		{ "198.51.100.1", "198.51.100.5", "198.51.100.7", false },
		{ "172.18.0.1", "198.51.100.5", "198.51.100.7", true },
		/* Ourselves, another stranger, nobody. */
		{ "203.0.113.5", "203.0.113.5", "198.51.100.7", false },
		{ "203.0.113.6", "203.0.113.5", "198.51.100.7", false },
		{ "10.1.1.1", "10.1.1.1", "10.1.1.7", false },
		{ "", "203.0.113.5", "198.51.100.7", false },
		/* A test of one's own machine. */
		{ "172.18.0.1", "198.51.100.7", "198.51.100.7", false },
		/* It is not known by what others see us. */
		{ "172.18.0.1", "", "198.51.100.7", true },
		{ "198.51.100.1", "", "198.51.100.7", false },
		{ "203.0.113.5", "", "198.51.100.7", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip address = ip_of(rows[i].address), known = ip_of(rows[i].known);
		struct ip host = ip_of(rows[i].host);
		CHECK_ROW(rows[i].address, seen_counts(&address, &known, &host) == rows[i].counts);
	}
}

static void test_causes(void **state)
{
	static const struct { const char *address, *host, *causes; } rows[] = {
		{ "172.18.0.1", "198.51.100.7", "C2 C1 C3" },
		{ "172.18.0.1", "2001:db8:100::7", "C1 C2" },
		{ "10.88.0.1", "198.51.100.7", "C2 C1" }, { "10.88.0.1", "2001:db8::7", "C1 C2" },
		{ "10.0.2.2", "198.51.100.7", "C1 C2" },
		{ "10.42.0.1", "198.51.100.7", "C4 C3" }, { "10.244.3.1", "2001:db8::7", "C4 C3" },
		{ "10.9.9.9", "198.51.100.7", "C3 C4 C2" },
		{ "192.168.1.1", "198.51.100.7", "C3 C2" },
		{ "100.64.1.1", "198.51.100.7", "C3 C4" },
		{ "127.0.0.1", "198.51.100.7", "C5 C2" }, { "::1", "2001:db8::7", "C5 C2" },
		{ "fd00::1", "2001:db8::7", "C2 C1 C3" }, { "fe80::1", "2001:db8::7", "C3 C2" },
		{ "198.51.100.1", "198.51.100.7", "C3 C4" },
		{ "198.51.100.7", "198.51.100.7", "C3 C5" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct seen_as seen = { ip_of(rows[i].address), ip_of("203.0.113.5") };
		struct ip host = ip_of(rows[i].host);
		const struct cause *found[SEEN_CAUSES_MAX];
		struct buf ids = { 0 };
		size_t n = seen_causes(&seen, &host, found);
		for (size_t k = 0; k < n; k++)
			buf_printf(&ids, "%s%s", k ? " " : "", found[k]->id);
		CHECK_ROW(rows[i].address, strcmp(buf_cstr(&ids), rows[i].causes) == 0);
		buf_fini(&ids);
	}
}

static void test_ranges(void **state)
{
	static const struct { const char *address, *range, *who; } rows[] = {
		{ "172.18.0.1", "172.16.0.0/12", "Docker" }, { "10.88.9.9", "10.88.0.0/16", "Podman" },
		{ "10.42.0.1", "10.42.0.0/16", "k3s" }, { "10.244.0.1", "10.244.0.0/16", "flannel" },
		{ "10.0.0.1", "10.0.0.0/8", "private" }, { "127.0.0.1", "127.0.0.0/8", "itself" },
		{ "::1", "::1", "itself" }, { "fd12::1", "fc00::/7", "private" },
		{ "fe80::9", "fe80::/10", "one link" }, { "198.51.100.1", NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip address = ip_of(rows[i].address);
		struct prefix range;
		char text[PREFIX_TEXT_MAX];
		const char *who = seen_range(&address, &range);
		CHECK_ROW(rows[i].address, !who == !rows[i].who);
		CHECK_ROW(rows[i].address, !who || strstr(who, rows[i].who));
		CHECK_ROW(rows[i].address,
		          !who || strcmp(prefix_format(&range, text), rows[i].range) == 0);
	}
}

static void test_sentences(void **state)
{
	struct seen_as seen = { ip_of("172.18.0.1"), ip_of("203.0.113.5") };
	struct ip host = ip_of("198.51.100.7");
	struct buf out = { 0 };
	static const char *const notes[SEEN_LENGTHS] = {
		"the server saw us as 172.18.0.1, not 203.0.113.5: your clients' addresses are lost "
		"before they reach it; causes C2, C1, C3",
		"the server saw us as 172.18.0.1, not 203.0.113.5: your clients' addresses are lost "
		"before they reach it",
		"the server saw us as 172.18.0.1, not 203.0.113.5",
	};
	(void)state;
	for (unsigned i = 0; i < SEEN_LENGTHS; i++) {
		buf_clear(&out);
		seen_note(&seen, &host, (enum seen_length)i, &out);
		assert_string_equal(buf_cstr(&out), notes[i]);
	}
	buf_clear(&out);
	seen_sentence(&seen, &out);
	assert_string_equal(buf_cstr(&out), notes[SEEN_SENTENCE]);
	seen.known = (struct ip){ 0 };
	assert_false(seen_is_sure(&seen));
	buf_clear(&out);
	seen_sentence(&seen, &out);
	assert_non_null(strstr(buf_cstr(&out), "as 172.18.0.1, which is no public address: if "));
	buf_fini(&out);
}

/* The causes that were seen come first, none stands twice, and those of the form stay. */
static void test_explained(void **state)
{
	static const char *const plain = "E01";
	struct seen_as nothing = { 0 }, unsure = { ip_of("172.18.0.1"), { 0 } };
	struct seen_as seen = { ip_of("127.0.0.1"), ip_of("203.0.113.5") };
	struct ip host = ip_of("198.51.100.7");
	struct explanation e, before;
	struct buf text = { 0 };
	(void)state;
	assert_int_equal(explain_open(&plain, 1, MTA_POSTFIX, &before), ERR_OK);
	e = before;
	explain_seen(&e, &nothing, &host);
	assert_true(e.n == before.n && e.causes[0] == before.causes[0]);
	explain_seen(&e, &unsure, &host);
	assert_true(e.n == before.n && e.causes[0] == before.causes[0]);
	explain_short(&e, 4, &text);
	assert_non_null(strstr(buf_cstr(&text), "tester.seen_as"));
	e = before;
	explain_seen(&e, &seen, &host);
	assert_string_equal(e.causes[0]->id, "C5");
	assert_string_equal(e.causes[1]->id, "C2");
	for (size_t i = 0; i < e.n; i++)
		for (size_t k = 0; k < i; k++)
			CHECK_ROW(e.causes[i]->id, e.causes[i] != e.causes[k]);
	for (size_t i = 0; i < before.n; i++) {
		size_t k = 0;
		while (k < e.n && e.causes[k] != before.causes[i])
			k++;
		CHECK_ROW(before.causes[i]->id, k < e.n);
	}
	buf_clear(&text);
	explain_short(&e, 4, &text);
	assert_non_null(strstr(buf_cstr(&text), "saw us as 127.0.0.1, not 203.0.113.5"));
	assert_non_null(strstr(buf_cstr(&text), "Likeliest cause, C5: "));
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
