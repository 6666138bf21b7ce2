/* SPDX-License-Identifier: ISC
 *
 * What sources say, read: bootstraps, registries' answers and links, the two zones, and an
 * answer as the cache keeps it.
 */
#include "world.h"

#include "report/rdap.h"

/* ---- bootstrap --------------------------------------------------------------- */

#define SERVICES(list) "{\"version\":\"1.0\",\"services\":[" list "]}"
#define WIDE "[[\"198.0.0.0/8\"],[\"https://wide.test\"]]"

static void bootstraps(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *json;
		bool http_ok;
		int err;
		const char *url;
	} rows[] = {
		{ "one", SERVICES(WIDE), false, ERR_OK, "https://wide.test/ip/198.51.100.25" },
		{ "the longest wins", SERVICES(WIDE ",[[\"198.51.100.0/24\"],[\"https://a.test/\"]]"),
		  false, ERR_OK, "https://a.test/ip/198.51.100.25" },
		{ "https before http", SERVICES("[[\"198.0.0.0/8\"],[\"http://p.test\","
		  "\"https://s.test\"]]"), true, ERR_OK, "https://s.test/ip/198.51.100.25" },
		{ "http in a lab", SERVICES("[[\"198.0.0.0/8\"],[\"http://p.test\"]]"), true,
		  ERR_OK, "http://p.test/ip/198.51.100.25" },
		{ "no http", SERVICES("[[\"198.0.0.0/8\"],[\"http://p.test\"]]"), false,
		  ERR_NOT_FOUND, NULL },
		{ "no URL", SERVICES("[[\"198.0.0.0/8\"],[\"https://a b.test\",7]]"), false,
		  ERR_NOT_FOUND, NULL },
		{ "another network", SERVICES("[[\"10.0.0.0/8\",3,\"x\"],[\"https://a.test\"]]"),
		  false, ERR_NOT_FOUND, NULL },
		{ "of wrong types", SERVICES("1,\"a\",[],[[]],{}"), false, ERR_NOT_FOUND, NULL },
		{ "none", "{}", false, ERR_INVALID, NULL },
		{ "no JSON", "<html>", false, ERR_INVALID, NULL },
		{ "empty", "", false, ERR_INVALID, NULL },
	};
	const struct ip ip = address_of("198.51.100.25");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char url[RDAP_URL_MAX];
		struct prefix served;
		int e = rdap_bootstrap_find(str_of(rows[i].json), &ip, rows[i].http_ok, url,
		                            &served);
		CHECK_ROW(rows[i].name, e == rows[i].err);
		CHECK_ROW(rows[i].name, e != ERR_OK || strcmp(url, rows[i].url) == 0);
		CHECK_ROW(rows[i].name, e != ERR_OK || prefix_contains(&served, &ip));
	}
}

/* ---- answers ------------------------------------------------------------------ */

#define NETWORK(first, last, rest) \
	"{\"startAddress\":\"" first "\",\"endAddress\":\"" last "\"" rest "}"
#define OURS(rest) NETWORK("198.51.100.0", "198.51.100.127", ",\"name\":\"ISP\"" rest)
#define CARD(email) "\"vcardArray\":[\"vcard\",[[\"email\",{},\"text\",\"" email "\"]]]"
#define ENTITY(role, rest) "{\"roles\":[\"" role "\"]," rest "}"
#define LINK(url) "\"links\":[{\"rel\":\"self\",\"href\":\"" url "\"}]"

static const struct answer_row {
	const char *name, *json, *email, *link, *problem;
} answer_rows[] = {
	{ "the desk", OURS(",\"entities\":[" ENTITY("abuse", CARD("abuse@isp.test")) "]"),
	  "abuse@isp.test", NULL, "" },
	{ "mailto", OURS(",\"entities\":[" ENTITY("Abuse", CARD("mailto:abuse@isp.test")) "]"),
	  "abuse@isp.test", NULL, "" },
	{ "inside another", OURS(",\"entities\":[" ENTITY("registrant", "\"entities\":["
	  ENTITY("abuse", CARD("abuse@isp.test")) "]") "]"), "abuse@isp.test", NULL, "" },
	{ "another role", OURS(",\"entities\":[" ENTITY("technical", CARD("tech@isp.test")) "]"),
	  NULL, NULL, "" },
	{ "a link", OURS(",\"entities\":[" ENTITY("abuse", LINK("https://r.test/entity/X")) "]"),
	  NULL, "https://r.test/entity/X", "" },
	{ "a link by http", OURS(",\"entities\":[" ENTITY("abuse", LINK("http://r.test/X")) "]"),
	  NULL, NULL, "" },
	{ "no mail address", OURS(",\"entities\":[" ENTITY("abuse", CARD("call us")) "]"), NULL,
	  NULL, "" },
	{ "nobody", OURS(""), NULL, NULL, "" },
	{ "another network", NETWORK("203.0.113.0", "203.0.113.255", ""), NULL, NULL,
	  "the answer is about another network" },
	{ "of IPv6", NETWORK("2001:db8::", "2001:db8::ff", ""), NULL, NULL,
	  "the answer is about another network" },
	{ "no network", "{\"name\":\"x\"}", NULL, NULL, "the answer names no network" },
	{ "an error", "{\"errorCode\":429}", NULL, NULL, "the registry answered with an error" },
	{ "no JSON", "<html>", NULL, NULL, "the answer is not JSON" },
	{ "a list", "[]", NULL, NULL, "the answer is not JSON" },
};

static void answers(void **unused)
{
	(void)unused;
	const struct ip ip = address_of("198.51.100.25");
	const struct prefix served = { address_of("198.51.100.0"), 22 };
	for (size_t i = 0; i < sizeof(answer_rows) / sizeof(*answer_rows); i++) {
		const struct answer_row *row = &answer_rows[i];
		struct contact_answer a = { .source = "rdap" };
		struct rdap_links links = { .n = 0 };
		int e = rdap_parse(str_of(row->json), &ip, &served, &a, &links);
		CHECK_ROW(row->name, (e == ERR_OK) == (row->problem[0] == '\0'));
		CHECK_ROW(row->name, strcmp(a.problem, row->problem) == 0);
		CHECK_ROW(row->name, a.email_count == (row->email ? 1 : 0));
		CHECK_ROW(row->name, !row->email || strcmp(a.emails[0], row->email) == 0);
		CHECK_ROW(row->name, links.n == (row->link ? 1 : 0));
		CHECK_ROW(row->name, !row->link || strcmp(links.urls[0], row->link) == 0);
	}
}

/* ---- as registries write them -------------------------------------------------- */

#define CARD_OF(properties) "\"vcardArray\":[\"vcard\",[[\"version\",{},\"text\",\"4.0\"]," \
	properties "]]"
#define EMAIL(parameters, value) "[\"email\"," parameters ",\"text\"," value "]"
#define ABUSE "\"roles\":[\"abuse\"],"
#define IN(entities) OURS(",\"entities\":[" entities "]")
#define REMARK(text) ",\"remarks\":[{\"title\":\"remarks\",\"description\":[\"" text "\"]}]"
#define OLD_AND_GOOD CARD_OF(EMAIL("{\"pref\":\"1\"}", "\"old@isp.test\"") "," \
	EMAIL("{}", "\"good@isp.test\""))

/* `expected`: all contacts in their order. */
static const struct shape_row {
	const char *name, *json, *expected;
} shape_rows[] = {
	{ "typed, no role", IN("{\"roles\":[\"administrative\"]," CARD_OF(
	  EMAIL("{\"type\":\"abuse\"}", "\"a@isp.test\"")) "}"), "a@isp.test" },
	{ "typed among types", IN("{\"roles\":[\"technical\"]," CARD_OF(
	  EMAIL("{\"type\":[\"work\",\"Abuse\"]}", "\"a@isp.test\"")) "}"), "a@isp.test" },
	{ "typed otherwise", IN("{\"roles\":[\"technical\"]," CARD_OF(
	  EMAIL("{\"type\":\"work\"}", "\"a@isp.test\"")) "}"), "" },
	{ "typed within the role", IN("{" ABUSE CARD_OF(EMAIL("{\"type\":\"email\"}",
	  "\"office@isp.test\"") "," EMAIL("{\"TYPE\":\"abuse\"}", "\"a@isp.test\"")) "}"),
	  "a@isp.test office@isp.test" },
	{ "the role before the type", IN("{\"roles\":[\"registrant\"]," CARD_OF(
	  EMAIL("{\"type\":\"abuse\",\"pref\":\"1\"}", "\"b@isp.test\"")) "},{" ABUSE
	  CARD("a@isp.test") "}"), "a@isp.test b@isp.test" },
	{ "an entity's type", IN("{\"type\":\"abuse\"," CARD("a@isp.test") "}"), "a@isp.test" },
	{ "pref as text", IN("{" ABUSE CARD_OF(EMAIL("{\"pref\":\"2\"}", "\"b@isp.test\"") ","
	  EMAIL("{\"pref\":\"1\"}", "\"a@isp.test\"")) "}"), "a@isp.test b@isp.test" },
	{ "pref as number", IN("{" ABUSE CARD_OF(EMAIL("{}", "\"c@isp.test\"") ","
	  EMAIL("{\"pref\":10}", "\"b@isp.test\"") "," EMAIL("{\"pref\":9}", "\"a@isp.test\""))
	  "}"), "a@isp.test b@isp.test c@isp.test" },
	{ "pref of no sense", IN("{" ABUSE CARD_OF(EMAIL("{\"pref\":0}", "\"b@isp.test\"") ","
	  EMAIL("{\"pref\":\"x\"}", "\"c@isp.test\"") "," EMAIL("{\"pref\":100}",
	  "\"a@isp.test\"")) "}"), "a@isp.test b@isp.test c@isp.test" },
	{ "one is invalid", IN("{" ABUSE OLD_AND_GOOD REMARK("old@isp.test is invalid") "}"),
	  "good@isp.test" },
	{ "the network's remark", OURS(",\"entities\":[{" ABUSE OLD_AND_GOOD "}]"
	  REMARK("Old@ISP.test is no longer valid")), "good@isp.test" },
	{ "a remark that is text", IN("{" ABUSE OLD_AND_GOOD
	  ",\"remarks\":\"invalid: <old@isp.test>\"}"), "good@isp.test" },
	{ "all are invalid", IN("{" ABUSE OLD_AND_GOOD
	  REMARK("old@isp.test, good@isp.test are invalid") "}"), "" },
	{ "was validated", IN("{" ABUSE CARD("a@isp.test")
	  REMARK("a@isp.test was validated on 2025-01-01") "}"), "a@isp.test" },
	{ "parameters in a list", IN("{" ABUSE CARD_OF(EMAIL("[]", "\"a@isp.test\"")) "}"),
	  "a@isp.test" },
	{ "objects in that list", IN("{" ABUSE CARD_OF(EMAIL("[{}]", "\"b@isp.test\"") ","
	  EMAIL("[{\"x\":1},{\"pref\":\"1\"}]", "\"a@isp.test\"")) "}"),
	  "a@isp.test b@isp.test" },
	{ "values in a list", IN("{" ABUSE CARD_OF(EMAIL("{}", "[\"a@isp.test\",\"b@isp.test\"]"))
	  "}"), "a@isp.test b@isp.test" },
	{ "several values", IN("{" ABUSE CARD_OF(EMAIL("{}", "\"a@isp.test\",\"b@isp.test\""))
	  "}"), "a@isp.test b@isp.test" },
	{ "no parameters", IN("{" ABUSE "\"vcardArray\":[\"vcard\",[[\"email\",\"text\","
	  "\"a@isp.test\"]]]}"), "a@isp.test" },
	{ "no list of properties", IN("{" ABUSE "\"vcardArray\":[\"vcard\",[\"email\",{},"
	  "\"text\",\"a@isp.test\"]]}"), "a@isp.test" },
	{ "a list too many", IN("{" ABUSE "\"vcardArray\":[[\"vcard\",[[[\"email\",{},"
	  "\"text\",\"a@isp.test\"]]]]]}"), "a@isp.test" },
	{ "a role that is text", IN("{\"roles\":\"abuse\"," CARD("a@isp.test") "}"),
	  "a@isp.test" },
	{ "one entity, no list", OURS(",\"entities\":{" ABUSE CARD("a@isp.test") "}"),
	  "a@isp.test" },
	{ "within the desk", IN("{" ABUSE "\"entities\":[{" CARD("a@isp.test") "}]}"),
	  "a@isp.test" },
	{ "within the desk, another role", IN("{" ABUSE "\"entities\":[" ENTITY("technical",
	  CARD("a@isp.test")) "]}"), "" },
	{ "elsewhere by its handle", IN("{" ABUSE "\"handle\":\"H\"},{\"handle\":\"O\","
	  "\"roles\":[\"registrant\"],\"entities\":[{\"handle\":\"H\",\"roles\":[\"technical\"],"
	  CARD("a@isp.test") "}]}"), "a@isp.test" },
	{ "commas", IN("{" ABUSE CARD("a@isp.test, b@isp.test;c@isp.test") "}"),
	  "a@isp.test b@isp.test c@isp.test" },
	{ "strokes", IN("{" ABUSE CARD("a@isp.test/b@isp.test | c@isp.test") "}"),
	  "a@isp.test b@isp.test c@isp.test" },
	{ "angles", IN("{" ABUSE CARD("Desk, Abuse <a@isp.test>, <b@isp.test>") "}"),
	  "a@isp.test b@isp.test" },
	{ "in a sentence", IN("{" ABUSE CARD("write to a@isp.test.") "}"), "a@isp.test" },
	{ "a URL", IN("{" ABUSE CARD("mailto:a@isp.test?subject=abuse") "}"), "a@isp.test" },
	{ "each once", IN("{" ABUSE CARD("a@isp.test,A@isp.test") "}"), "a@isp.test" },
	{ "a line end", IN("{" ABUSE CARD("a@isp.test\\r\\nBcc: b@isp.test") "}"), "" },
};

static void shapes(void **unused)
{
	(void)unused;
	const struct ip ip = address_of("198.51.100.25");
	const struct prefix served = { address_of("198.51.100.0"), 22 };
	for (size_t i = 0; i < sizeof(shape_rows) / sizeof(*shape_rows); i++) {
		const struct shape_row *row = &shape_rows[i];
		struct contact_answer a = { .source = "rdap" };
		struct rdap_links links = { .n = 0 };
		struct buf found = { 0 };
		CHECK_ROW(row->name, rdap_parse(str_of(row->json), &ip, &served, &a, &links) ==
		          ERR_OK);
		for (size_t k = 0; k < a.email_count; k++)
			buf_printf(&found, "%s%s", k ? " " : "", a.emails[k]);
		CHECK_ROW(row->name, strcmp(buf_cstr(&found), row->expected) == 0);
		buf_fini(&found);
	}
}

static void networks_are_read(void **unused)
{
	(void)unused;
	static const struct { const char *json, *first, *last; } rows[] = {
		{ NETWORK("198.51.100.0/32", "198.51.100.127/32", ""), "198.51.100.0",
		  "198.51.100.127" },
		{ NETWORK("198.051.100.000", "198.051.100.127", ""), "198.51.100.0",
		  "198.51.100.127" },
		{ NETWORK("198.51.100.0/25", "", ""), "198.51.100.0", "198.51.100.127" },
		{ NETWORK(" 198.51.100.0", "198.51.100.127 ", ""), "198.51.100.0",
		  "198.51.100.127" },
		{ "{\"handle\":\"198.51.100.0 - 198.51.100.63\"}", "198.51.100.0",
		  "198.51.100.63" },
		{ "{\"handle\":\"198.51.100/25\"}", NULL, NULL },
		{ "{\"handle\":\"198.51.100.0/25\"}", "198.51.100.0", "198.51.100.127" },
		{ "{\"cidr0_cidrs\":[{\"v4prefix\":\"203.0.113.0\",\"length\":24},"
		  "{\"v4prefix\":\"198.51.100.0\",\"length\":26}]}", "198.51.100.0",
		  "198.51.100.63" },
		{ NETWORK("198.51.100.0/33", "", ""), NULL, NULL },
		{ NETWORK("198.51.100.0", "", ""), NULL, NULL },
		{ NETWORK("198.51.100.0/x", "198.51.100.127", ""), NULL, NULL },
		{ NETWORK("0198.51.100.0x", "198.51.100.127", ""), NULL, NULL },
		{ "{\"cidr0_cidrs\":[7,{\"v4prefix\":\"198.51.100.0\",\"length\":99}]}", NULL,
		  NULL },
	};
	const struct ip ip = address_of("198.51.100.25");
	const struct prefix served = { address_of("198.51.100.0"), 22 };
	char text[IP_TEXT_MAX];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct contact_answer a = { .source = "rdap" };
		struct rdap_links links = { .n = 0 };
		int e = rdap_parse(str_of(rows[i].json), &ip, &served, &a, &links);
		CHECK_ROW(rows[i].json, (e == ERR_OK) == (rows[i].first != NULL));
		if (e != ERR_OK)
			continue;
		CHECK_ROW(rows[i].json, strcmp(ip_format(&a.first, text), rows[i].first) == 0);
		CHECK_ROW(rows[i].json, strcmp(ip_format(&a.last, text), rows[i].last) == 0);
	}
}

static void remarks(void **unused)
{
	(void)unused;
	static const struct { const char *text; bool condemned; } rows[] = {
		{ "a@isp.test is invalid", true }, { "A@ISP.TEST is invalid.", true },
		{ "<a@isp.test> is not valid", true }, { "a@isp.test is no longer in use", true },
		{ "a@isp.test bounces", true }, { "a@isp.test and b@isp.test are invalid", true },
		{ "b@isp.test, a@isp.test are invalid", true },
		{ "a@isp.test has been invalid", true },
		{ "Invalid email: a@isp.test", true }, { "invalid: b@isp.test, a@isp.test", true },
		{ "a@isp.test is valid", false }, { "a@isp.test is not invalid", false },
		{ "b@isp.test is invalid", false }, { "a@isp.test", false },
		{ "aa@isp.test is invalid", false },
		{ "b@isp.test is invalid, please use a@isp.test", false },
		{ "b@isp.test is invalid: use a@isp.test", false },
		{ "a@isp.test takes reports. Invalid ones are ignored", false },
		{ "a@isp.test. Invalid reports are ignored", false },
		{ "please use a@isp.test as b@isp.test is invalid", false },
		{ "a@isp.test was validated", false }, { "", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i].text, rdap_remark_condemns(str_of(rows[i].text),
		          STR("a@isp.test")) == rows[i].condemned);
}

/* No registry speaks for more than was given out to it. */
static void ranges_are_cut(void **unused)
{
	(void)unused;
	char text[IP_TEXT_MAX];
	const struct ip ip = address_of("198.51.100.25");
	const struct prefix served = { address_of("198.51.100.0"), 24 };
	struct contact_answer a = { .source = "rdap" };
	struct rdap_links links = { .n = 0 };
	assert_int_equal(rdap_parse(STR(NETWORK("0.0.0.0", "255.255.255.255", "")), &ip, &served, &a,
	                            &links), ERR_OK);
	assert_string_equal(ip_format(&a.first, text), "198.51.100.0");
	assert_string_equal(ip_format(&a.last, text), "198.51.100.255");
}

static void entities(void **unused)
{
	(void)unused;
	struct contact_answer a = { .source = "rdap" };
	struct rdap_links links = { .http_ok = true };
	assert_int_equal(rdap_entity_parse(STR("{" LINK("http://r.test/1") "}"), &a, &links), ERR_OK);
	assert_int_equal(rdap_entity_parse(STR("{" LINK("http://r.test/1") "}"), &a, &links), ERR_OK);
	assert_int_equal(links.n, 1);
	assert_int_equal(rdap_entity_parse(STR("{" CARD("abuse@isp.test") "}"), &a, &links), ERR_OK);
	assert_int_equal(a.email_count, 1);
	assert_int_equal(rdap_entity_parse(STR("7"), &a, &links), ERR_INVALID);
	assert_int_equal(rdap_entity_parse(STR("{\"errorCode\":404}"), &a, &links), ERR_INVALID);
}

/* ---- the zones --------------------------------------------------------------- */

static void zones(void **unused)
{
	(void)unused;
	static const struct { const char *text, *first, *last; uint32_t asn; } rows[] = {
		{ "64500 | 198.51.100.0/24 | US | arin | 1998-09-25", "198.51.100.0",
		  "198.51.100.255", 64500 },
		{ "64501 64502 | 198.51.100.0/25 | US", "198.51.100.0", "198.51.100.127", 64501 },
		{ "64500 | 203.0.113.0/24 | US", NULL, NULL, 0 },
		{ "64500 | 0.0.0.0/0 | US", NULL, NULL, 0 },
		{ "x | 198.51.100.0/24", NULL, NULL, 0 }, { "", NULL, NULL, 0 },
		{ "64500", NULL, NULL, 0 },
	};
	const struct ip ip = address_of("198.51.100.25");
	char text[IP_TEXT_MAX];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct contact_answer a = { .source = "cymru" };
		const struct str record = str_of(rows[i].text);
		int e = cymru_parse(&record, 1, &ip, &a);
		CHECK_ROW(rows[i].text, (e == ERR_OK) == (rows[i].first != NULL));
		CHECK_ROW(rows[i].text, a.asn == rows[i].asn);
		CHECK_ROW(rows[i].text, e == ERR_OK || a.problem[0]);
		if (e == ERR_OK)
			CHECK_ROW(rows[i].text,
			          strcmp(ip_format(&a.last, text), rows[i].last) == 0);
	}
	struct contact_answer a = { .source = "abusix" };
	const struct str records[] = { STR("abuse@isp.test, two@isp.test"), STR("Abuse@isp.test x") };
	assert_int_equal(abusix_parse(records, 2, &ip, &a), ERR_OK);
	assert_int_equal(a.email_count, 2);
	assert_int_equal(abusix_parse(NULL, 0, &ip, &(struct contact_answer){ .source = "" }),
	                 ERR_INVALID);
}

/* ---- the cache, and --json ----------------------------------------------------- */

static void kept(void **unused)
{
	(void)unused;
	struct contact_answer a = { .source = "rdap", .asn = 64500 }, again = { .source = "rdap" };
	struct buf text = { 0 };
	contact_name(&a, STR("I\x1bS\xffP"));
	contact_add(&a, STR("abuse@isp.test"));
	contact_range(&(struct prefix){ address_of("2001:db8::"), 32 }, &a.first, &a.last);
	contact_format(&a, &text);
	assert_int_equal(contact_parse(buf_str(&text), &again), ERR_OK);
	assert_string_equal(again.name, "ISP");
	assert_int_equal(again.asn, 64500);
	assert_string_equal(again.emails[0], "abuse@isp.test");
	assert_true(ip_eq(&again.first, &a.first) && ip_eq(&again.last, &a.last));
	static const char *const bad[] = {
		"", "{}", "[]", "{\"first\":\"x\",\"last\":\"\",\"name\":\"\",\"asn\":1,\"emails\":[]}",
		"{\"first\":\"\",\"last\":\"\",\"name\":\"\",\"asn\":-1,\"emails\":[]}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_ROW(bad[i], contact_parse(str_of(bad[i]), &again) == ERR_INVALID);
	buf_clear(&text);
	struct json j = { .out = &text };
	json_open_object(&j, NULL);
	contact_answer_json(&(struct contact_answer){ .source = "abusix", .fetched_s = 1000000,
	                                              .problem = "none" }, &j);
	json_close(&j);
	assert_string_equal(buf_cstr(&text), "{\"source\":\"abusix\",\"contacts\":[],\"fetched\":"
	                    "\"1970-01-12T13:46:40Z\",\"cached\":false,\"problem\":\"none\"}");
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bootstraps), cmocka_unit_test(answers),
		cmocka_unit_test(shapes), cmocka_unit_test(networks_are_read),
		cmocka_unit_test(remarks), cmocka_unit_test(ranges_are_cut),
		cmocka_unit_test(entities),
		cmocka_unit_test(zones), cmocka_unit_test(kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
