/* SPDX-License-Identifier: ISC
 *
 * When the gate says yes: by table. Each row that is no yes is one for which a careless gate
 * would pass. Then what is kept, and when it counts.
 */
#include "test.h"

#include "audit/gate.h"

#define ROW "range 172.18.0.0/16 25"

struct sight_row {
	const char *to, *source, *seen;      /* source NULL: not connected; seen NULL: not found */
	uint16_t port;
};

struct decision {
	const char *name;
	enum audit_verdict verdict;
	const char *rows[3], *allowed[3];
	enum gate_witness witness;
	struct sight_row sights[4];
	const char *real;
	bool no4, over6, cut, nothing;
	const char *doubt;
	size_t unasked;
	enum gate_answer answer;
	const char *says;
};

#define V4 { "8.8.4.4", "9.9.9.9", "9.9.9.9", 25 }
#define V6 { "2606:4700::1", "2620:fe::9", "2620:fe::9", 25 }
#define ASKED GATE_WITNESS_ASKED

static const struct decision decisions[] = {
	{ "closed", AUDIT_CLOSED, .answer = GATE_YES, .says = "closed" },
	{ "world", AUDIT_WORLD, .answer = GATE_NO, .says = "summary" },
	{ "world, all allowed", AUDIT_WORLD, { "stranger4 0.0.0.0/0 25" },
	  { "stranger4 0.0.0.0/0" }, .answer = GATE_NO, .says = "summary" },
	{ "world, and a witness", AUDIT_WORLD, { ROW }, .witness = ASKED, .sights = { V4 },
	  .answer = GATE_NO, .says = "summary" },
	{ "unknown", AUDIT_UNKNOWN, .answer = GATE_BLIND, .says = "could not look: summary" },
	{ "unknown, all allowed", AUDIT_UNKNOWN, { ROW }, { ROW }, .answer = GATE_BLIND,
	  .says = "could not look" },
	{ "anybody to some, and a witness", AUDIT_WIDE, { "stranger4 0.0.0.0/0 25" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_NO, .says = "does not name it" },
	{ "a range of all, and a witness", AUDIT_WIDE, { "range 0.0.0.0/0 25" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_NO, .says = "does not name it" },
	{ "anybody to some, allowed", AUDIT_WIDE, { "stranger4 0.0.0.0/0 25" },
	  { "stranger4 0.0.0.0/0" }, .answer = GATE_YES, .says = "each" },
	{ "unknown, and a witness", AUDIT_UNKNOWN, { ROW }, .witness = ASKED, .sights = { V4 },
	  .answer = GATE_BLIND, .says = "could not look" },

	{ "wide", AUDIT_WIDE, { ROW }, .answer = GATE_NO, .says = "\"" ROW "\" may relay, and "
	  "gate.allow does not name it" },
	{ "wide without rows", AUDIT_WIDE, .answer = GATE_BLIND, .says = "no row says" },
	{ "wide without rows, allowed", AUDIT_WIDE, { NULL }, { ROW }, .answer = GATE_BLIND,
	  .says = "no row says" },
	{ "allowed", AUDIT_WIDE, { ROW }, { ROW }, .answer = GATE_YES, .says = "each" },
	{ "allowed at any port", AUDIT_WIDE, { ROW, "range 172.18.0.0/16 587" },
	  { "range 172.18.0.0/16" }, .answer = GATE_YES, .says = "each" },
	{ "one of two", AUDIT_WIDE, { ROW, "gateway 172.18.0.1/32 25" }, { ROW },
	  .answer = GATE_NO, .says = "\"gateway 172.18.0.1 25\" may relay" },
	{ "another port", AUDIT_WIDE, { ROW }, { "range 172.18.0.0/16 587" }, .answer = GATE_NO,
	  .says = "does not name it" },
	{ "a wider network", AUDIT_WIDE, { ROW }, { "range 172.16.0.0/12 25" },
	  .answer = GATE_NO, .says = "does not name it" },
	{ "another client", AUDIT_WIDE, { ROW }, { "neighbour 172.18.0.0/16 25" },
	  .answer = GATE_NO, .says = "does not name it" },
	{ "two", AUDIT_WIDE, { ROW, "own 8.8.4.4 25" }, .answer = GATE_NO,
	  .says = " and others may relay" },

	{ "a witness", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V4 },
	  .answer = GATE_YES, .says = "by its own address" },
	{ "a witness for the rest", AUDIT_WIDE, { ROW, "own 8.8.4.4 587" }, { "own 8.8.4.4" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_YES, .says = "by its own" },
	{ "over both families", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V4, V6 },
	  .over6 = true, .answer = GATE_YES, .says = "by its own" },
	{ "no witness over IPv6", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V4 },
	  .over6 = true, .answer = GATE_BLIND,
	  .says = "no witness came over IPv6 to port 25: give the server's name" },
	{ "no witness over IPv4", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V6 },
	  .over6 = true, .answer = GATE_BLIND, .says = "no witness came over IPv4 to port 25" },
	{ "no witness at a port", AUDIT_WIDE, { ROW, "own 8.8.4.4 587" }, .witness = ASKED,
	  .sights = { V4 }, .answer = GATE_BLIND, .says = "over IPv4 to port 587" },
	{ "no family", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V4 }, .no4 = true,
	  .answer = GATE_BLIND, .says = "seen nothing" },
	{ "no sight", AUDIT_WIDE, { ROW }, .witness = ASKED, .answer = GATE_BLIND,
	  .says = "seen nothing" },
	{ "the gateway", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { { "8.8.4.4", "9.9.9.9", "172.18.0.1", 25 } }, .answer = GATE_NO,
	  .says = "at 8.8.4.4:25 the witness came as 172.18.0.1, not as 9.9.9.9" },
	{ "the gateway over IPv6 alone", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { V4, { "2606:4700::1", "2620:fe::9", "172.18.0.1", 25 } }, .over6 = true,
	  .answer = GATE_NO, .says = "came as 172.18.0.1" },
	{ "lost at one, unseen at another", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { { "2606:4700::1", "2620:fe::9", NULL, 25 },
	              { "8.8.4.4", "9.9.9.9", "172.18.0.1", 25 } }, .over6 = true,
	  .answer = GATE_NO, .says = "came as 172.18.0.1" },
	{ "another public address", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { { "8.8.4.4", "9.9.9.9", "8.8.4.4", 25 } }, .answer = GATE_NO,
	  .says = "came as 8.8.4.4, not as 9.9.9.9" },
	{ "a private witness", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { { "8.8.4.4", "10.0.0.9", "10.0.0.9", 25 } }, .answer = GATE_NO,
	  .says = "came as 10.0.0.9" },
	{ "a translated witness", AUDIT_WIDE, { ROW }, .witness = ASKED, .real = "9.9.9.9",
	  .sights = { { "8.8.4.4", "10.0.0.9", "9.9.9.9", 25 } }, .answer = GATE_YES,
	  .says = "by its own" },
	{ "not seen", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { { "8.8.4.4", "9.9.9.9", NULL, 25 } }, .answer = GATE_BLIND,
	  .says = "nothing here says by what address" },
	{ "not connected", AUDIT_WIDE, { ROW }, .witness = ASKED,
	  .sights = { V4, { "8.8.8.8", NULL, NULL, 25 } }, .answer = GATE_BLIND,
	  .says = "could not look at 8.8.8.8:25: refused" },
	{ "a witness that is blind", AUDIT_WIDE, { ROW }, .witness = GATE_WITNESS_BLIND,
	  .answer = GATE_BLIND, .says = "; the witness could not look: it sleeps" },
	{ "a blind witness that is not needed", AUDIT_WIDE, { ROW }, { ROW },
	  .witness = GATE_WITNESS_BLIND, .answer = GATE_YES, .says = "each" },
	{ "closed, and a blind witness", AUDIT_CLOSED, .witness = GATE_WITNESS_BLIND,
	  .answer = GATE_YES, .says = "closed" },

	{ "nothing was audited", AUDIT_CLOSED, .nothing = true, .answer = GATE_BLIND,
	  .says = "could not look: no mail server was audited" },
	{ "closed, things beside", AUDIT_CLOSED, .unasked = 3, .answer = GATE_YES,
	  .says = "shows what could not be asked (3)" },
	{ "closed, no time", AUDIT_CLOSED, .cut = true, .answer = GATE_BLIND,
	  .says = "of 340 forms 212 could be asked" },
	{ "closed, in doubt", AUDIT_CLOSED, .doubt = "port 25 leads elsewhere",
	  .answer = GATE_BLIND, .says = "could not look: port 25 leads elsewhere" },
	{ "allowed, no time", AUDIT_WIDE, { ROW }, { ROW }, .cut = true, .answer = GATE_BLIND,
	  .says = "could be asked" },
	{ "allowed, in doubt", AUDIT_WIDE, { ROW }, { ROW }, .doubt = "port 587 leads elsewhere",
	  .answer = GATE_BLIND, .says = "could not look: port 587 leads elsewhere" },
	{ "not allowed, in doubt", AUDIT_WIDE, { ROW }, .doubt = "port 587 leads elsewhere",
	  .answer = GATE_NO, .says = "does not name it" },
	{ "a witness, in doubt", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V4 },
	  .doubt = "port 587 leads elsewhere", .answer = GATE_BLIND, .says = "could not look: port" },
	{ "a witness, no time", AUDIT_WIDE, { ROW }, .witness = ASKED, .sights = { V4 },
	  .cut = true, .answer = GATE_BLIND, .says = "could be asked" },
	{ "half of the Internet, and a witness", AUDIT_WIDE, { "range 0.0.0.0/1 25" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_NO, .says = "does not name it" },
	{ "other customers, and a witness", AUDIT_WIDE, { "neighbour 8.8.4.0/24 25" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_NO, .says = "does not name it" },
	{ "a private block and more, and a witness", AUDIT_WIDE, { "range 192.168.0.0/15 25" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_NO, .says = "does not name it" },
	{ "a private block, and a witness", AUDIT_WIDE, { "range fc00::/7 25" },
	  .witness = ASKED, .sights = { V4 }, .answer = GATE_YES, .says = "by its own" },
	{ "other customers, allowed", AUDIT_WIDE, { "neighbour 8.8.4.0/24 25" },
	  { "neighbour 8.8.4.0/24" }, .answer = GATE_YES, .says = "each" },
};

static struct ip address(const char *text)
{
	struct ip ip = { 0 };
	assert_true(!text || ip_parse(str_of(text), &ip, NULL) == ERR_OK);
	return ip;
}

static size_t parse_rows(const char *const texts[3], struct gate_row rows[3])
{
	size_t n = 0;
	for (; n < 3 && texts[n]; n++)
		assert_int_equal(gate_row_parse(str_of(texts[n]), &rows[n]), ERR_OK);
	return n;
}

static void check_decision(const struct decision *d)
{
	struct gate_row rows[3], allowed[3];
	struct gate_sight sights[4];
	struct ip real = address(d->real);
	struct buf why = { 0 };
	size_t n = 0;
	for (; n < 4 && d->sights[n].to; n++) {
		const struct sight_row *r = &d->sights[n];
		sights[n] = (struct gate_sight){
			.to = { address(r->to), r->port }, .connected = r->source,
			.result = r->source ? "connected" : "refused",
			.source = address(r->source), .seen = address(r->seen) };
	}
	const struct gate_known known = {
		.verdict = d->verdict, .summary = d->nothing ? NULL : "summary", .rows = rows,
		.row_n = parse_rows(d->rows, rows), .allowed = allowed,
		.allowed_n = parse_rows(d->allowed, allowed), .witness = d->witness,
		.witness_why = "it sleeps", .sights = sights, .sight_n = n, .real = &real,
		.real_n = d->real ? 1 : 0, .over4 = !d->no4, .over6 = d->over6,
		.cut = d->cut, .forms_planned = 340, .forms_asked = 212,
		.doubt = d->doubt, .unasked_n = d->unasked,
	};
	enum gate_answer answer = gate_decide(&known, &why);
	CHECK_ROW(d->name, answer == d->answer);
	CHECK_ROW(d->name, strstr(buf_cstr(&why), d->says));
	CHECK_ROW(d->name, !strchr(buf_cstr(&why), '\n'));
	buf_fini(&why);
}

static void test_decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decisions) / sizeof(*decisions); i++)
		check_decision(&decisions[i]);
}

static void test_rows(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "range", "range 172.18.0.0/16 x", "range 172.18.0.0/16 0", "range 172.18.0.1/16",
		"range 172.18.0.0/16 25 x", "anybody 0.0.0.0/0", "172.18.0.0/16", "range * 25",
		"range 172.18.0.0/16 65536",
	};
	static const char *const right[] = {
		ROW, "range 172.18.0.0/16", "own 2001:db8::1 465", "stranger6 ::/0 25",
		"neighbour 10.0.0.0/8 2525", "loopback 127.0.0.0/8", "gateway 10.0.0.1 25",
		"stranger4 0.0.0.0/0 25",
	};
	struct gate_row row;
	char text[GATE_ROW_TEXT_MAX];
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK_ROW(wrong[i], gate_row_parse(str_of(wrong[i]), &row) == ERR_INVALID);
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		CHECK_ROW(right[i], gate_row_parse(str_of(right[i]), &row) == ERR_OK);
		assert_string_equal(gate_row_format(&row, text), right[i]);
	}
}

static void test_wanted(void **state)
{
	(void)state;
	static const char *const texts[3] = { ROW, "own 8.8.4.4 587", "own 8.8.8.8 25" };
	struct gate_row rows[3];
	uint16_t ports[2];
	size_t n;
	struct gate_known known = { .verdict = AUDIT_WIDE, .rows = rows,
	                            .row_n = parse_rows(texts, rows) };
	assert_int_equal(gate_wants_witness(&known, ports, 2, &n), ERR_OK);
	assert_true(n == 2 && ports[0] == 25 && ports[1] == 587);
	assert_int_equal(gate_wants_witness(&known, ports, 1, &n), ERR_LIMIT);
	known.allowed = rows;
	known.allowed_n = 3;
	assert_int_equal(gate_wants_witness(&known, ports, 2, &n), ERR_OK);
	assert_int_equal(n, 0);
	known.allowed_n = 0;
	known.verdict = AUDIT_WORLD;
	assert_int_equal(gate_wants_witness(&known, ports, 2, &n), ERR_OK);
	assert_int_equal(n, 0);
}

static void test_families(void **state)
{
	static const struct {
		const char *name, *addresses[3], *said[2];
		enum facts_container container;
		bool over4, over6;
	} rows[] = {
		{ "none", .over4 = false },
		{ "IPv4", { "10.0.0.2" }, .over4 = true },
		{ "both", { "10.0.0.2", "2001:db8::2" }, .over4 = true, .over6 = true },
		{ "a link of IPv6", { "10.0.0.2", "fe80::2" }, .over4 = true },
		{ "a container of IPv4", { "172.18.0.2" }, .container = FACTS_DOCKER,
		  .over4 = true, .over6 = true },
		{ "a container to which IPv4 leads", { "172.18.0.2" }, { "ipv4" }, FACTS_DOCKER,
		  .over4 = true },
		{ "said", { "10.0.0.2" }, { "ipv6", "ipv4" }, .over4 = true, .over6 = true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct facts f;
		struct gate_known known = { 0 };
		char *said[2] = { (char *)rows[i].said[0], (char *)rows[i].said[1] };
		const struct gate_config config = {
			.families = { .v = said, .n = !!said[0] + (size_t)!!said[1] } };
		facts_begin(&f, &a);
		for (size_t k = 0; k < 3 && rows[i].addresses[k]; k++) {
			struct ip ip = address(rows[i].addresses[k]);
			assert_int_equal(facts_add_address(&f, STR("eth0"), &ip, 16), ERR_OK);
		}
		f.container = rows[i].container;
		gate_find_families(&f, &config, &known);
		CHECK_ROW(rows[i].name, known.over4 == rows[i].over4);
		CHECK_ROW(rows[i].name, known.over6 == rows[i].over6);
		arena_fini(&a);
	}
}

static void test_kept(void **state)
{
	(void)state;
	struct gate_kept one = { .answer = GATE_YES, .time_s = 1000, .why = "closed" }, two;
	struct buf text = { 0 };
	memset(one.digest, 'a', GATE_DIGEST_CHARS);
	gate_kept_format(&one, &text);
	assert_int_equal(gate_kept_parse(buf_str(&text), &two), ERR_OK);
	assert_true(gate_kept_holds(&two, one.digest, 1000, 60));
	assert_true(gate_kept_holds(&two, one.digest, 1059, 60));
	assert_false(gate_kept_holds(&two, one.digest, 1060, 60));
	assert_false(gate_kept_holds(&two, one.digest, 999, 60));
	assert_false(gate_kept_holds(&two, one.digest, 1000, 0));
	assert_false(gate_kept_holds(&two, "aa", 1000, 60));
	assert_true(gate_kept_holds(&two, one.digest, 1000 + 80000, 86400));
	two.outside = true;
	assert_true(gate_kept_holds(&two, one.digest, 1000 + 3599, 86400));
	assert_false(gate_kept_holds(&two, one.digest, 1000 + 3600, 86400));
	assert_false(gate_kept_holds(&two, one.digest, 1060, 60));
	for (size_t n = 0; n < text.n; n++)
		assert_int_equal(gate_kept_parse((struct str){ text.p, n }, &two), ERR_INVALID);
	assert_false(gate_kept_holds(&two, one.digest, 1000, 60));
	assert_int_equal(gate_kept_parse(buf_str(&text), &two), ERR_OK);
	assert_false(two.outside);
	buf_add_byte(&text, 'x');
	assert_int_equal(gate_kept_parse(buf_str(&text), &two), ERR_INVALID);
	buf_clear(&text);
	one.outside = true;
	gate_kept_format(&one, &text);
	assert_int_equal(gate_kept_parse(buf_str(&text), &two), ERR_OK);
	assert_true(two.outside && two.time_s == 1000);
	buf_clear(&text);
	one.answer = GATE_BLIND;
	gate_kept_format(&one, &text);
	assert_int_equal(gate_kept_parse(buf_str(&text), &two), ERR_INVALID);
	buf_fini(&text);
}

/* What changes without a change does not count; what trust depends on does. */
static void test_facts(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	struct buf one = { 0 }, two = { 0 };
	struct ip ip = address("172.18.0.2");
	facts_begin(&f, &a);
	assert_int_equal(facts_add_address(&f, STR("eth0"), &ip, 16), ERR_OK);
	assert_int_equal(facts_parse_iptables(&f, 4, STR("*nat\n:POSTROUTING ACCEPT [1:60]\n"
	                 "-A POSTROUTING -s 172.18.0.0/16 -j MASQUERADE\nCOMMIT\n")), ERR_OK);
	gate_facts_format(&f, &one);
	f.chains[0].rules[0].text = "counted [5:300]";
	gate_facts_format(&f, &two);
	assert_true(str_eq(buf_str(&one), buf_str(&two)));
	buf_clear(&two);
	f.interfaces[0].addresses[0].len = 12;
	gate_facts_format(&f, &two);
	assert_false(str_eq(buf_str(&one), buf_str(&two)));
	buf_clear(&two);
	f.interfaces[0].addresses[0].len = 16;
	f.chains[0].rules[0].action = FACTS_ACCEPT;
	gate_facts_format(&f, &two);
	assert_false(str_eq(buf_str(&one), buf_str(&two)));
	buf_fini(&one);
	buf_fini(&two);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_wanted), cmocka_unit_test(test_families),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
