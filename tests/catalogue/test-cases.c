/* SPDX-License-Identifier: ISC
 *
 * The catalogue against the list of all known relay forms: every form is there, reads on the
 * wire as its source has it, and carries the flags that its shape demands.
 */
#include "test.h"

#include "catalogue/catalogue.h"

static const struct relay_names sample = {
	.u = STR("uuu"), .s = STR("sss"), .d = STR("dest.test"), .t = STR("two.test"),
	.r = STR("mx.host.test"), .m = STR("host.test"), .i = STR("[192.0.2.1]"),
	.c = STR("198.51.100.7"), .cl = STR("[198.51.100.7]"),
};

#define FROM "<sss@two.test>"
#define TO "<uuu@dest.test>"

/* Written from the paper, not from the table. */
static const struct {
	const char *id, *mail, *rcpt;
} wire[] = {
	{ "E01", FROM, TO },
	{ "E02", "<sss@dest.test>", TO },
	{ "E03", "<>", TO },
	{ "E04", "<sss>", TO },
	{ "E05", "<sss@localhost>", TO },
	{ "E06", "<sss@mx.host.test>", TO },
	{ "E07", "<sss@[192.0.2.1]>", TO },
	{ "E08", "<postmaster@mx.host.test>", TO },
	{ "E09", "<sss@host.test>", TO },
	{ "E10", FROM, " uuu@dest.test" },
	{ "E11", FROM, "<\"uuu@dest.test\">" },
	{ "E12", FROM, "<\"uuu%dest.test\">" },
	{ "E13", FROM, "<uuu%dest.test>" },
	{ "E14", FROM, "<uuu%dest.test@mx.host.test>" },
	{ "E15", FROM, "<uuu%dest.test@[192.0.2.1]>" },
	{ "E16", FROM, "<uuu@dest.test@mx.host.test>" },
	{ "E17", FROM, "<uuu@dest.test@[192.0.2.1]>" },
	{ "E18", FROM, "<\"uuu@dest.test\"@mx.host.test>" },
	{ "E19", FROM, "<\"uuu@dest.test\"@[192.0.2.1]>" },
	{ "E20", FROM, "<\"uuu@dest.test@mx.host.test\">" },
	{ "E21", FROM, "<@mx.host.test:uuu@dest.test>" },
	{ "E22", FROM, "<@[192.0.2.1]:uuu@dest.test>" },
	{ "E23", FROM, "<@mx.host.test,@two.test:uuu@dest.test>" },
	{ "E24", FROM, "<dest.test!uuu>" },
	{ "E25", FROM, "<dest.test!uuu@mx.host.test>" },
	{ "E26", FROM, "<dest.test!uuu@[192.0.2.1]>" },
	{ "E27", FROM, "<mx.host.test!dest.test!uuu>" },
	{ "E28", FROM, "<uuu%dest.test%mx.host.test@mx.host.test>" },
	{ "E29a", FROM, "<uuu%dest.test@localhost>" },
	{ "E29b", FROM, "<uuu@dest.test@localhost>" },
	{ "E30", FROM, "<uuu@dest.test.>" },
	{ "E31a", FROM, "<uuu@dest.test@>" },
	{ "E31b", FROM, "<uuu%dest.test@>" },
	{ "E32", FROM, "<uuu@[198.51.100.7]>" },
	{ "E33", FROM, "<uuu@198.51.100.7>" },
	{ "E34a", FROM, "<\"/c=us/admd= /prmd=xyz/dd.rfc-822=uuu(a)dest.test/\"@mx.host.test>" },
	{ "E34b", FROM, "<\"mx.host.test::smtp%\\\"uuu@dest.test\\\"\"@mx.host.test>" },
	{ "E35", FROM, "<IMCEASMTP-uuu+40dest.test@mx.host.test>" },
	{ "E36", FROM, "<uuu:dest.test@mx.host.test>" },
	{ "E37a", FROM, "<uuu@dest.test(mx.host.test)@mx.host.test>" },
	{ "E37b", FROM, "<uuu(x)@dest.test>" },
	{ "E38a", FROM, "<<uuu@dest.test>>" },
	{ "E38b", FROM, "< uuu@dest.test >" },
	{ "E39", FROM, "<uuu\\@dest.test@mx.host.test>" },
	{ "E40a", FROM, "<uuu@dest.test> ORCPT=rfc822;x@mx.host.test" },
	{ "E40b", FROM, "<uuu@dest.test> NOTIFY=NEVER" },
	{ "E41", FROM, "<SRS0=HHH=TT=dest.test=uuu@mx.host.test>" },
	{ "X01", "<sss@mx.host.test>", "<uuu%dest.test@mx.host.test>" },
	{ "X02", "<sss@[192.0.2.1]>", "<uuu%dest.test@[192.0.2.1]>" },
	{ "S01a", FROM, TO }, { "S01b", FROM, TO }, { "S02a", FROM, TO }, { "S02b", FROM, TO },
	{ "S02c", FROM, TO }, { "S03", FROM, TO }, { "S04", FROM, TO }, { "S04b", FROM, TO },
	{ "S05a", FROM, TO }, { "S05b", FROM, TO }, { "S06", FROM, TO }, { "S09", FROM, TO },
	{ "S10", FROM, TO }, { "S11", FROM, TO }, { "S12", FROM, TO },
	{ "S13", FROM, "<uuu\xef\xbc\xa0" "dest.test@mx.host.test>" },
	{ "S14", FROM, TO }, { "S20", FROM, TO },
};
enum { WIRE = sizeof(wire) / sizeof(*wire) };

static void check_text(const char *id, const char *pattern, const char *want)
{
	struct buf text = { 0 };
	const char *missing = NULL;
	CHECK_ROW(id, relay_render(pattern, &sample, &text, &missing) == ERR_OK);
	if (strcmp(buf_cstr(&text), want) != 0)
		fail_msg("%s: \"%s\", expected \"%s\"", id, buf_cstr(&text), want);
	buf_fini(&text);
}

static void test_wire(void **state)
{
	(void)state;
	for (size_t i = 0; i < WIRE; i++) {
		const struct relay_case *c = relay_case_by_id(str_of(wire[i].id));
		CHECK_ROW(wire[i].id, c);
		check_text(wire[i].id, c->mail, wire[i].mail);
		check_text(wire[i].id, c->rcpt, wire[i].rcpt);
	}
	/* Nothing is in the table that is not on the paper. */
	assert_int_equal(relay_case_count, WIRE);
}

static void test_unique(void **state)
{
	(void)state;
	bool used[1024] = { false };
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *c = &relay_cases[i];
		CHECK_ROW(c->id, c->number > 0 && c->number < 1024 && !used[c->number]);
		used[c->number] = true;
		/* "S09-" and a NUL must fit a case_result's 12 bytes as well. */
		CHECK_ROW(c->id, strlen(c->id) >= 3 && strlen(c->id) + 4 < 12);
		CHECK_ROW(c->id, relay_case_by_id(str_of(c->id)) == c);
		CHECK_ROW(c->id, relay_case_by_number(c->number) == c);
		CHECK_ROW(c->id, *c->detects && *c->source);
	}
	assert_null(relay_case_by_id(STR("E00")));
	assert_null(relay_case_by_id(STR("")));
	assert_null(relay_case_by_id(STR("e01")));
	assert_null(relay_case_by_number(0));
	assert_null(relay_case_by_number(1023));
	assert_null(relay_case_by_number(UINT32_MAX));
}

/* Numbers stand in tokens and evidence: they may never change. */
static void test_numbers_stay(void **state)
{
	(void)state;
	static const struct { const char *id; unsigned number; } rows[] = {
		{ "E01", 1 }, { "E14", 14 }, { "E29a", 29 }, { "E41", 47 }, { "X01", 48 },
		{ "X02", 49 }, { "S11", 60 }, { "S20", 63 }, { "S01a", 65 }, { "S04", 71 },
		{ "S06", 74 }, { "S10", 75 }, { "S14", 76 }, { "S09", 77 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(relay_case_by_id(str_of(rows[i].id))->number, rows[i].number);
}

static void test_sessions(void **state)
{
	(void)state;
	static const struct { const char *id; enum relay_session session; } rows[] = {
		{ "S01a", RELAY_HELO_LOCALHOST }, { "S01b", RELAY_HELO_LOOPBACK },
		{ "S02a", RELAY_HELO_HOST }, { "S02b", RELAY_HELO_DOMAIN },
		{ "S02c", RELAY_HELO_LITERAL }, { "S03", RELAY_TRUSTED_PTR },
		{ "S04", RELAY_XCLIENT }, { "S04b", RELAY_ANNOUNCED }, { "S05a", RELAY_PROXY_V1 },
		{ "S05b", RELAY_PROXY_V2 }, { "S06", RELAY_SOURCE_PORT }, { "S09", RELAY_STARTTLS },
		{ "S10", RELAY_AUTH_INVENTED }, { "S11", RELAY_BARE_BDAT },
		{ "S12", RELAY_POSTMASTER_FIRST }, { "S13", RELAY_UTF8 }, { "S14", RELAY_AUTH_OWN },
		{ "S20", RELAY_DATA_ANYWAY },
	};
	size_t n = sizeof(rows) / sizeof(*rows), others = 0;
	for (size_t i = 0; i < n; i++)
		CHECK_ROW(rows[i].id,
		          relay_case_by_id(str_of(rows[i].id))->session == rows[i].session);
	for (size_t i = 0; i < relay_case_count; i++)
		others += relay_cases[i].session != RELAY_PLAIN;
	assert_int_equal(others, n);
}

/* ---- flags ------------------------------------------------------------------------------ */

/* The domain of a recipient: behind the last '@' outside quotes; "" for none. */
static struct str domain_of(struct str path)
{
	struct str domain = STR("");
	bool quoted = false;
	size_t end = path.n;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '\\')
			i++;
		else if (path.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && path.p[i] == '>' && end == path.n)
			end = i;
	}
	quoted = false;
	for (size_t i = 0; i < end; i++) {
		if (path.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && path.p[i] == '@')
			domain = (struct str){ path.p + i + 1, end - i - 1 };
	}
	return str_trim(domain);
}

static bool reads_same(const char *a, const char *b, const struct relay_names *names)
{
	struct buf one = { 0 }, two = { 0 };
	const char *missing;
	bool same = relay_render(a, names, &one, &missing) == ERR_OK &&
	            relay_render(b, names, &two, &missing) == ERR_OK &&
	            str_eq(buf_str(&one), buf_str(&two));
	buf_fini(&one);
	buf_fini(&two);
	return same;
}

/* "E14", "S09-E14" and back; nothing else is a form. */
static void test_form_names(void **state)
{
	(void)state;
	static const char *const none[] = { "", "S09-", "S09-Z99", "s09-E14", "E14 ", "S09E14" };
	struct relay_form form, again;
	char name[RELAY_NAME_MAX];
	for (size_t i = 0; i < relay_case_count; i++)
		for (unsigned tls = 0; tls <= relay_has_tls_twin(&relay_cases[i]); tls++) {
			form = (struct relay_form){ &relay_cases[i], tls };
			relay_form_name(&form, name);
			CHECK_ROW(name, relay_form_parse(str_of(name), &again) == ERR_OK);
			CHECK_ROW(name, again.row == form.row && again.starttls == form.starttls);
		}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK_ROW(none[i], relay_form_parse(str_of(none[i]), &form) == ERR_NOT_FOUND);
}

/* Where the literal stands for the name, a form and its literal twin are one. */
static void test_literal_twins(void **state)
{
	(void)state;
	struct relay_names nameless = sample;
	unsigned twins = 0;
	nameless.r = sample.i;
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *c = &relay_cases[i], *twin;
		if (!c->literal)
			continue;
		twins++;
		twin = relay_case_by_id(str_of(c->literal));
		CHECK_ROW(c->id, twin && twin > c && !twin->literal);
		CHECK_ROW(c->id, reads_same(c->mail, twin->mail, &nameless));
		CHECK_ROW(c->id, reads_same(c->rcpt, twin->rcpt, &nameless));
		CHECK_ROW(c->id, !reads_same(c->mail, twin->mail, &sample) ||
		                 !reads_same(c->rcpt, twin->rcpt, &sample));
	}
	assert_int_equal(twins, 7);
}

static void test_own_domain(void **state)
{
	(void)state;
	for (size_t i = 0; i < WIRE; i++) {
		const struct relay_case *c = relay_case_by_id(str_of(wire[i].id));
		struct str domain = domain_of(str_of(wire[i].rcpt));
		bool own = domain.n == 0 || str_eq(domain, sample.r) || str_eq(domain, sample.i) ||
		           str_eq(domain, STR("localhost"));
		CHECK_ROW(c->id, own == !!(c->flags & RELAY_OWN_DOMAIN));
	}
}

static void test_flags(void **state)
{
	(void)state;
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *c = &relay_cases[i];
		bool auth = c->session == RELAY_AUTH_INVENTED || c->session == RELAY_AUTH_OWN;
		CHECK_ROW(c->id, auth == !!(c->flags & RELAY_OWNER_ONLY));
		bool finding = c->session == RELAY_ANNOUNCED || c->session == RELAY_AUTH_OWN;
		CHECK_ROW(c->id, finding == !!(c->flags & RELAY_FINDING_ONLY));
		bool bare = strstr(c->rcpt, "{C}") != NULL;
		CHECK_ROW(c->id, bare == !!(c->flags & RELAY_V4_COLLECTOR));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_numbers_stay),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_form_names),
		cmocka_unit_test(test_literal_twins),
		cmocka_unit_test(test_own_domain),
		cmocka_unit_test(test_flags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
