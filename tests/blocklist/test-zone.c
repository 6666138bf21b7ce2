/* SPDX-License-Identifier: ISC
 * Zones from the configuration: what is refused, texts, codes, labels. */
#include "test.h"
#include "world.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define TEXT200 X50 X50 X50 X50

/* Every address of 127.0.0.0/8 and its neighbours, by the rule written another way. */
static void test_codes(void **state)
{
	(void)state;
	for (unsigned a = 126; a <= 128; a++)
		for (unsigned b = 0; b < 256; b++)
			for (unsigned c = 0; c < 256; c += 1)
				for (unsigned d = 0; d < 4; d++) {
					struct ip ip = ip_from_v4((uint8_t)a, (uint8_t)b,
					                          (uint8_t)c, (uint8_t)d);
					uint32_t v = a << 24 | b << 16 | c << 8 | d;
					bool good = a == 127 && v != 0x7f000001 &&
					            v >> 8 != 0x7fffff;
					assert_int_equal(blocklist_code_valid(&ip), good);
				}
	struct ip six = world_prefix("::ffff:127.0.0.2").ip;
	assert_false(blocklist_code_valid(&six));
	assert_false(blocklist_code_valid(&(struct ip){ 0 }));
}

struct setting {
	const char *name, *value;
	const char *error;               /* how it begins; NULL: good */
};

static void check_settings(const struct setting *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct world w;
		struct blocklist_zone zone;
		struct buf message = { 0 };
		char name[64] = "dnsbl.";
		world_make(&w, "", NULL, NULL);
		str_copy(name + 6, sizeof(name) - 6, str_of(rows[i].name));
		int e = config_set(&w.section, 1, name, rows[i].value, &message);
		if (e == ERR_OK)
			e = blocklist_zone_init(&zone, &w.config, false, &message);
		CHECK_ROW(rows[i].value, (e == ERR_OK) == (rows[i].error == NULL));
		CHECK_ROW(rows[i].value, (message.n == 0) == (e == ERR_OK));
		if (e != ERR_OK)
			CHECK_ROW(rows[i].value,
			          str_prefix(buf_str(&message), str_of(rows[i].error)));
		buf_fini(&message);
		world_free(&w);
	}
}

static void test_config(void **state)
{
	static const struct setting rows[] = {
		{ "zone", "bl.example", NULL },
		{ "zone", "", "dnsbl.zone" },
		{ "code", "127.0.0.10", NULL },
		{ "code", "127.0.0.1", "dnsbl.code" },
		{ "code", "127.255.255.254", "dnsbl.code" },
		{ "code", "192.0.2.1", "dnsbl.code" },
		{ "code", "::1", "dnsbl.code" },
		{ "code_word", "127.0.0.9", NULL },
		{ "code_word", "127.0.0.1", "dnsbl.code_word" },
		{ "code_word", "192.0.2.1", "dnsbl.code_word" },
		{ "text_word", "%a %z %% %r", NULL },
		{ "text_word", "%s", "dnsbl.text_word" },
		{ "text_word", "", "dnsbl.text_word" },
		{ "text_word", "%n", "dnsbl.text_word" },
		{ "text_range", "%a %n %z %% %r", NULL },
		{ "text_range", "", "dnsbl.text_range" },
		{ "text_range", "%s", "dnsbl.text_range: expected %a, %n, %z, %d, %r, %u or %%" },
		{ "text_range", "%n %n %n %n %n %n", "dnsbl.text_range" },
		{ "text", "%r", "dnsbl.text" },          /* it may be empty */
		{ "nameserver", "ns1.example.net,ns2.bl.example", NULL },
		{ "nameserver", "bl.example", "dnsbl.nameserver" },
		{ "nameserver", "no_host.example", "dnsbl.nameserver" },
		{ "nameserver", "single", "dnsbl.nameserver" },
		{ "nameserver", "1.2.3.4.bl.example", "dnsbl.nameserver" },
		{ "nameserver", "a.bl.example", NULL },
		{ "nameserver_address", "192.0.2.53,2001:db8::53", NULL },
		{ "hostmaster", "a.b@example.org", NULL },
		{ "hostmaster", "example.org", "dnsbl.hostmaster" },
		{ "hostmaster", "@example.org", "dnsbl.hostmaster" },
		{ "hostmaster", "a b@example.org", "dnsbl.hostmaster" },
		{ "hostmaster", "a@b@example.org", "dnsbl.hostmaster" },
		{ "text", "listed", NULL },
		{ "text", "%a %z %%", NULL },
		{ "text", "", "dnsbl.text" },
		{ "text", "100%", "dnsbl.text" },
		{ "text", "%s", "dnsbl.text" },
		{ "text", TEXT200 "%a", NULL },
		{ "text", TEXT200 "%a%z", NULL },
		{ "text", TEXT200 "%a%z%%", "dnsbl.text" },
		{ "text", "caf\xc3\xa9", "dnsbl.text" },
	};
	(void)state;
	check_settings(rows, sizeof(rows) / sizeof(*rows));
}

static void test_config_of_parts(void **state)
{
	static const struct setting rows[] = {
		{ "text", "%a: %r, %d", NULL },
		{ "text", "%u", "dnsbl.text: expected dnsbl.url for %u" },
		{ "text_word", "%u", "dnsbl.text_word: expected dnsbl.url for %u" },
		{ "text", "%t", "dnsbl.text: expected %a, %z, %d, %r, %u or %% after" },
		{ "text", TEXT200 "%a%d", NULL },
		{ "text", TEXT200 "%a%dx", "dnsbl.text" },
		{ "url", "https://bl.example/why?ip=%a&x=%%20", NULL },
		{ "url", "http://bl.example/%a", NULL },
		{ "url", "ftp://bl.example/", "dnsbl.url: expected a URL that begins with" },
		{ "url", "bl.example", "dnsbl.url" },
		{ "url", "https://bl.example/ x", "dnsbl.url" },
		{ "url", "https://bl.example/<%a>", "dnsbl.url" },
		{ "url", "https://bl.example/\xc3\xa9", "dnsbl.url: expected printable ASCII" },
		{ "url", "https://bl.example/%z", "dnsbl.url: expected %a or %% after" },
		{ "url", "https://bl.example/%", "dnsbl.url" },
		{ "url", "https://" TEXT200 "%a", NULL },
		{ "url", "https://" TEXT200 "%a%%%%%%", "dnsbl.url" },
	};
	(void)state;
	check_settings(rows, sizeof(rows) / sizeof(*rows));
}

/* The outputs' zone is another one, not above, not below. */
static void test_output_zone(void **state)
{
	static const struct { const char *zone; bool good; } rows[] = {
		{ "out.example", true }, { "bl.example", false }, { "x.bl.example", false },
		{ "example", false }, { "xbl.example", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		struct blocklist_zone zone;
		struct buf message = { 0 };
		world_make(&w, "", NULL, NULL);
		config_set(&w.section, 1, "dnsbl.output_zone", rows[i].zone, &message);
		int e = blocklist_zone_init(&zone, &w.config, true, &message);
		CHECK_ROW(rows[i].zone, (e == ERR_OK) == rows[i].good);
		buf_fini(&message);
		world_free(&w);
	}
}

static void test_hostmaster(void **state)
{
	struct world w;
	char text[DNS_NAME_TEXT_MAX];
	(void)state;
	world_make(&w, "", NULL, (const char *[]){ "hostmaster=john.doe@Example.org", NULL });
	assert_string_equal(dns_name_format(&w.zones[0].hostmaster, text),
	                    "john\\046doe.Example.org");
	world_free(&w);
	world_make(&w, "", NULL, NULL);
	assert_string_equal(dns_name_format(&w.zones[0].hostmaster, text), "hostmaster.bl.example");
	assert_string_equal(dns_name_format(&w.zones[0].nameservers[0], text), "ns.bl.example");
	world_free(&w);
}

static void test_text(void **state)
{
	struct world w;
	char text[BLOCKLIST_TEXT_MAX + 1];
	struct ip four = ip_from_v4(192, 0, 2, 1);
	struct ip six = world_prefix("2001:db8:1111:2222:3333:4444:5555:6666").ip;
	struct prefix entry4 = prefix_of(&four, 128), entry6 = prefix_of(&six, 128);
	(void)state;
	world_make(&w, "", NULL, (const char *[]){ "text=100%% %a in %z%%z", NULL });
	size_t n = blocklist_zone_text(&w.zones[0], &four, &entry4, NULL, text);
	text[n] = '\0';
	assert_string_equal(text, "100% 192.0.2.1 in bl.example%z");
	n = blocklist_zone_text(&w.zones[0], &six, &entry6, NULL, text);
	text[n] = '\0';
	assert_string_equal(text, "100% 2001:db8:1111:2222:3333:4444:5555:6666 in bl.example%z");
	world_free(&w);
}

static size_t text_by_word(const struct world *w, const char *reason, char *text)
{
	struct ip four = ip_from_v4(192, 0, 2, 1);
	struct prefix entry = prefix_of(&four, 128);
	struct blocklist_note note = { .reason = reason, .by_word = true };
	return blocklist_zone_text(&w->zones[0], &four, &entry, &note, text);
}

/* By word: the reason, cut to what fits, and no character of it in two. */
static void test_text_word(void **state)
{
	struct world w;
	char text[BLOCKLIST_TEXT_MAX + 1], reason[WHY_MAX] = "";
	(void)state;
	world_make(&w, "", NULL, NULL);
	size_t n = text_by_word(&w, "spam seen", text);
	text[n] = '\0';
	assert_string_equal(text, "192.0.2.1 is listed by its operator's word: spam seen");
	n = text_by_word(&w, "", text);
	text[n] = '\0';
	assert_string_equal(text, "192.0.2.1 is listed by its operator's word: ");
	memset(reason, 'x', sizeof(reason) - 1);
	assert_int_equal(text_by_word(&w, reason, text), 255);
	/* The room that is left is odd or even: one of the two would cut a character. */
	for (size_t shift = 0; shift < 2; shift++) {
		size_t bytes = 0;
		if (shift)
			reason[bytes++] = 'x';
		for (; bytes + 2 < sizeof(reason); bytes += 2)
			memcpy(reason + bytes, "\xc3\xa9", 2);
		reason[bytes] = '\0';
		n = text_by_word(&w, reason, text);
		assert_true(n >= 254 && (unsigned char)text[n - 1] == 0xa9);
	}
	world_free(&w);
	world_make(&w, "", NULL, (const char *[]){ "text_word=%r %% %r", NULL });
	n = text_by_word(&w, "because", text);
	text[n] = '\0';
	assert_string_equal(text, "because % ");         /* once */
	world_free(&w);
}

/* Of an address that is listed as part of a range, whether anything is known of that or not; the
 * longest of each part leaves a reason some room. */
static void test_text_range(void **state)
{
	static const struct {
		const char *template, *address, *range;
		struct blocklist_note note;
		const char *want;
	} rows[] = {
		{ "text_range=%a is in %n: %r since %d (%z) %%", "192.0.2.255", "192.0.2.0/24",
		  { "seen", 86400, true },
		  "192.0.2.255 is in 192.0.2.0/24: seen since 1970-01-02 (bl.example) %" },
		{ "text_range=" DNSBL_TEXT_RANGE, "2001:db8:1:2::7", "2001:db8:1:2::/64",
		  { "a spammer's net", 1, true }, "2001:db8:1:2::7 is in 2001:db8:1:2::/64, which is "
		  "listed by its operator's word: a spammer's net" },
		{ "text_range=" DNSBL_TEXT_RANGE, "192.0.2.0", "192.0.2.0/31", { NULL, 0, false },
		  "192.0.2.0 is in 192.0.2.0/31, which is listed by its operator's word: unknown" },
		{ "text_range=%n", "2001:db8:1111:2222:3333:4444:5555:6667",
		  "2001:db8:1111:2222:3333:4444:5555:6666/127", { "", 0, true },
		  "2001:db8:1111:2222:3333:4444:5555:6666/127" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const settings[] = { rows[i].template, NULL };
		char text[BLOCKLIST_TEXT_MAX + 1];
		struct ip address = world_prefix(rows[i].address).ip;
		struct prefix range = world_prefix(rows[i].range);
		struct world w;
		world_make(&w, "", NULL, settings);
		size_t n = blocklist_zone_text(&w.zones[0], &address, &range,
		                               rows[i].note.reason ? &rows[i].note : NULL, text);
		text[n] = '\0';
		assert_string_equal(text, rows[i].want);
		world_free(&w);
	}
}

/* As much as fits of what was seen stands behind, and never a part of it. */
static void test_text_seen(void **state)
{
	struct blocklist_note note = { "", 1, false, { "the long one", "middle", "short" } };
	static const struct { unsigned fixed; const char *behind; } rows[] = {
		{ 1, " (the long one)" }, { 240, " (the long one)" }, { 241, " (middle)" },
		{ 246, " (middle)" }, { 247, " (short)" }, { 248, "" }, { 255, "" },
	};
	struct ip four = ip_from_v4(192, 0, 2, 1);
	struct prefix entry = prefix_of(&four, 128);
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char setting[300] = "text=", text[BLOCKLIST_TEXT_MAX + 1];
		struct world w;
		memset(setting + strlen("text="), '.', rows[i].fixed);
		world_make(&w, "", NULL, (const char *const[]){ setting, NULL });
		size_t n = blocklist_zone_text(&w.zones[0], &four, &entry, &note, text);
		text[n] = '\0';
		assert_int_equal(n, rows[i].fixed + strlen(rows[i].behind));
		assert_string_equal(text + rows[i].fixed, rows[i].behind);
		world_free(&w);
	}
}

/* Date, reason and URL, of proved ones, of those by word, and of what nothing is known. */
static void test_text_parts(void **state)
{
	static const char *const settings[] = {
		"url=https://bl.example/why?ip=%a&all=%%2a", "text=%a since %d: %r; %u",
		"text_word=%d %r %u", NULL };
	static const struct {
		bool noted;
		struct blocklist_note note;
		const char *want;
	} rows[] = {
		{ true, { "open relay (E14)", 1795212559, false },
		  "192.0.2.1 since 2026-11-20: open relay (E14); "
		  "https://bl.example/why?ip=192.0.2.1&all=%2a" },
		{ true, { "seen", 86400, true },
		  "1970-01-02 seen https://bl.example/why?ip=192.0.2.1&all=%2a" },
		{ true, { "", INT64_MAX, true },
		  "unknown  https://bl.example/why?ip=192.0.2.1&all=%2a" },
		{ true, { "%a %z", -1, true },           /* a reason is no template */
		  "unknown %a %z https://bl.example/why?ip=192.0.2.1&all=%2a" },
		{ false, { 0 }, "192.0.2.1 since unknown: unknown; "
		  "https://bl.example/why?ip=192.0.2.1&all=%2a" },
	};
	struct ip four = ip_from_v4(192, 0, 2, 1);
	struct prefix entry = prefix_of(&four, 128);
	struct world w;
	(void)state;
	world_make(&w, "", NULL, (const char *const *)settings);
	assert_true(w.zones[0].notes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[BLOCKLIST_TEXT_MAX + 1];
		size_t n = blocklist_zone_text(&w.zones[0], &four, &entry,
		                               rows[i].noted ? &rows[i].note : NULL, text);
		text[n] = '\0';
		assert_string_equal(text, rows[i].want);
	}
	world_free(&w);
	world_make(&w, "", NULL, NULL);
	assert_false(w.zones[0].notes);
	world_free(&w);
}

/* Nothing of a reason reaches a terminal raw; who is listed by word counts as that. */
static void test_notes(void **state)
{
	static const struct { const char *reason, *want; } rows[] = {
		{ "plain", "plain" }, { "", "" }, { "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\x1b[2J\r\n", "\\x1b[2J\\x0d\\x0a" }, { "\x7f", "\\x7f" },
		{ "\xc2\x9b" "2J", "\\xc2\\x9b2J" }, { "\xff\n", "\\xff\\n" },
		{ "a\\b \"c\"", "a\\b \"c\"" },
	};
	struct listing listings[] = {
		{ .address = { 4, { 192, 0, 2, 1 } }, .since_s = 1 },
		{ .address = { 4, { 192, 0, 2, 2 } }, .since_s = 2, .reason = "two" },
		{ .address = { 6, { 0x20, 1 } }, .since_s = 3, .reason = "six" },
	};
	struct blocklist_words_of of = { listings, listings, NULL, 1, 3, 0 };
	struct prefix one = world_prefix("192.0.2.1"), two = world_prefix("192.0.2.2");
	struct prefix six = { { 6, { 0x20, 1 } }, 128 }, three = world_prefix("192.0.2.3");
	struct blocklist_note note;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		str_copy(listings[0].reason, WHY_MAX, str_of(rows[i].reason));
		struct blocklist_words *w = blocklist_words_create(&of);
		assert_true(blocklist_words_find(w, &one, &note));
		assert_true(note.by_word && note.since_s == 1);
		assert_string_equal(note.reason, rows[i].want);
		assert_true(blocklist_words_find(w, &two, &note));
		assert_true(!note.by_word && note.since_s == 2);
		assert_true(blocklist_words_find(w, &six, &note));
		assert_string_equal(note.reason, "six");
		assert_false(blocklist_words_find(w, &three, &note));
		blocklist_words_destroy(w);
	}
	assert_false(blocklist_words_find(NULL, &one, &note));
}

/* Ranges are found by themselves, not by what is in them; addresses beside them. */
static void test_notes_of_ranges(void **state)
{
	struct listing words[] = { { .address = { 4, { 192, 0, 2, 0 } }, .reason = "one" } };
	struct listed_range ranges[] = {
		{ world_prefix("192.0.2.0/24"), "wide\n", 1 },
		{ world_prefix("192.0.2.0/25"), "narrow", 2 },
		{ world_prefix("2001:db8::/64"), "six", 3 },
	};
	static const struct { const char *entry, *reason; int64_t since_s; } rows[] = {
		{ "192.0.2.0", "one", 0 }, { "192.0.2.0/24", "wide\\x0a", 1 },
		{ "192.0.2.0/25", "narrow", 2 }, { "2001:db8::/64", "six", 3 },
		{ "192.0.2.1", NULL, 0 }, { "192.0.2.0/26", NULL, 0 }, { "192.0.2.0/23", NULL, 0 },
		{ "192.0.2.128/25", NULL, 0 }, { "2001:db8::", NULL, 0 }, { "::/64", NULL, 0 },
	};
	struct blocklist_words_of of = { words, NULL, ranges, 1, 0, 3 };
	struct blocklist_words *w = blocklist_words_create(&of);
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct prefix entry = world_prefix(rows[i].entry);
		struct blocklist_note note = { 0 };
		bool found = blocklist_words_find(w, &entry, &note);
		CHECK_ROW(rows[i].entry, found == (rows[i].reason != NULL));
		CHECK_ROW(rows[i].entry, !found || (note.by_word && note.since_s ==
		          rows[i].since_s && strcmp(note.reason, rows[i].reason) == 0));
	}
	blocklist_words_destroy(w);
}

static void test_labels(void **state)
{
	static const struct { const char *name, *v4, *v6; } rows[] = {
		{ "1.2.0.192", "192.0.2.1", NULL },
		{ "2.0.192", "192.0.2.0/24", NULL },
		{ "192", "192.0.0.0/8", NULL },
		{ "255.255.255.255", "255.255.255.255", NULL },
		{ "0.0.0.0", "0.0.0.0", "::/16" },
		{ "1", "1.0.0.0/8", "1000::/4" },
		{ "f", NULL, "f000::/4" },
		{ "F.e.1", NULL, "1ef0::/12" },
		{ "256", NULL, NULL }, { "01", NULL, NULL }, { "001", NULL, NULL },
		{ "00", NULL, NULL }, { "1000", NULL, NULL }, { "g", NULL, NULL },
		{ "1x", NULL, NULL }, { "\\000", NULL, NULL }, { "\\177", NULL, NULL },
		{ "-1", NULL, NULL }, { "+1", NULL, NULL },
		{ "5.4.3.2.1", NULL, "1234:5000::/20" },
		{ "1.2.3.400", NULL, NULL }, { "x.1.2.3", NULL, NULL }, { "10.f", NULL, NULL },
		{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2", NULL,
		  "2001:db8::1" },
		{ "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2", NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dns_name name;
		struct prefix p;
		char text[PREFIX_TEXT_MAX];
		assert_int_equal(dns_name_parse(str_of(rows[i].name), &name, NULL), ERR_OK);
		unsigned count = dns_name_labels(&name);
		bool v4 = blocklist_labels_v4(name.b, count, &p);
		CHECK_ROW(rows[i].name, v4 == (rows[i].v4 != NULL));
		CHECK_ROW(rows[i].name, !v4 || strcmp(prefix_format(&p, text), rows[i].v4) == 0);
		bool v6 = blocklist_labels_v6(name.b, count, &p);
		CHECK_ROW(rows[i].name, v6 == (rows[i].v6 != NULL));
		CHECK_ROW(rows[i].name, !v6 || strcmp(prefix_format(&p, text), rows[i].v6) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes), cmocka_unit_test(test_config),
		cmocka_unit_test(test_output_zone), cmocka_unit_test(test_hostmaster),
		cmocka_unit_test(test_text), cmocka_unit_test(test_text_word),
		cmocka_unit_test(test_config_of_parts), cmocka_unit_test(test_text_parts),
		cmocka_unit_test(test_text_range), cmocka_unit_test(test_text_seen),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_notes_of_ranges),
		cmocka_unit_test(test_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
