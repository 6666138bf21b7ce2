/* SPDX-License-Identifier: ISC
 *
 * Authentication-Results and Received-SPF: every place where a comment or a quoted string may
 * stand, what the field writes beside the grammar, and a sender's words that must stay words.
 */
#include "test.h"

#include "mail/authres.h"

static void add_result(struct buf *out, const struct authres_result *r)
{
	buf_add_str(out, r->method);
	buf_add_byte(out, '=');
	buf_add_str(out, r->result);
	if (r->reason.n)
		buf_printf(out, " (%.*s)", STR_ARG(r->reason));
	for (size_t i = 0; i < r->count; i++) {
		const struct authres_property *p = &r->property[i];
		buf_printf(out, " %.*s.%.*s:%.*s", STR_ARG(p->type), STR_ARG(p->name),
		           STR_ARG(p->domain));
	}
	buf_add_cstr(out, "; ");
}

/* "ID!" for an unknown version, then each result with the domains of its properties. */
static void describe(struct str value, struct buf *out)
{
	struct authres a;
	struct authres_result r;
	buf_clear(out);
	authres_begin(&a, value);
	buf_add_str(out, a.id);
	buf_add_cstr(out, a.supported ? "| " : "!| ");
	while (authres_next(&a, &r))
		add_result(out, &r);
	struct str all = str_trim(buf_str(out));
	out->n = all.n;
	out->p[all.n] = '\0';
}

static const struct { const char *value, *want; } rows[] = {
	/* RFC 8601 appendix B, and the grammar */
	{ "example.org 1; none", "example.org|" },
	{ "example.com; spf=pass smtp.mailfrom=example.net",
	  "example.com| spf=pass smtp.mailfrom:example.net;" },
	{ "example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass "
	  "smtp.mailfrom=example.net", "example.com| auth=pass smtp.auth:example.net; spf=pass "
	  "smtp.mailfrom:example.net;" },
	{ "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) "
	  "fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't "
	  "expecting it) 1362471462", "foo.example.net| dkim=fail policy.expired:1362471462;" },
	{ "\"mx.example\" ; spf=pass", "mx.example| spf=pass;" },
	{ "(by \\) us (and (them))) mx.example; spf = pass smtp . mailfrom = a@b.example",
	  "mx.example| spf=pass smtp.mailfrom:b.example;" },
	{ "mx.example;\r\n\tspf\r\n =\r\n pass smtp.mailfrom\r\n\t=\r\n b.example",
	  "mx.example| spf=pass smtp.mailfrom:b.example;" },
	{ "mx.example; dkim=pass reason=\"good; signature\" header.d=b.example header.i=@b.example "
	  "header.b=\"aB+/=\"", "mx.example| dkim=pass (good; signature) header.d:b.example "
	  "header.i:b.example header.b:;" },
	{ "mx.example; spf=pass smtp.mailfrom=\"a b\" (c) @b.example;dkim=none",
	  "mx.example| spf=pass smtp.mailfrom:b.example; dkim=none;" },
	/* versions */
	{ "mx.example 2; spf=pass", "mx.example!| spf=pass;" },
	{ "mx.example 01; spf=pass", "mx.example| spf=pass;" },
	{ "mx.example 1(x); spf/1=pass; dkim/2=pass; dmarc / 1 = fail",
	  "mx.example| spf=pass; dmarc=fail;" },
	/* what the field writes */
	{ "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=b.example; dkim=pass (signature was "
	  "verified)\r\n header.d=b.example;dmarc=pass action=none header.from=b.example;compauth=pass "
	  "reason=100", "| spf=pass smtp.mailfrom:b.example; dkim=pass header.d:b.example; dmarc=pass "
	  ".action:none header.from:b.example; compauth=pass (100);" },
	{ "mx.example; spf=none smtp.mailfrom= smtp.helo=h.example",
	  "mx.example| spf=none smtp.mailfrom: smtp.helo:h.example;" },
	{ "mx.example; spf=none smtp.mailfrom=; spf=pass smtp.helo=h.example",
	  "mx.example| spf=none smtp.mailfrom:; spf=pass smtp.helo:h.example;" },
	{ "mx.example; spf=pass smtp.mailfrom=<a=b.example@c.example>;",
	  "mx.example| spf=pass smtp.mailfrom:c.example;" },
	{ "mx.example; spf=pass smtp.mailfrom=\"a@b.example\"",
	  "mx.example| spf=pass smtp.mailfrom:b.example;" },
	{ "mx.example; spf=pass (x) smtp.mailfrom=b.example (client-ip=192.0.2.1; helo=h; receiver=x)",
	  "mx.example| spf=pass smtp.mailfrom:b.example;" },
	{ "mx.example; dkim=pass(2048-bit key)header.d=b.example", "mx.example| dkim=pass "
	  "header.d:b.example;" },
	{ "mx.example from=b.example; domainkeys=neutral (no sig); from=b.example; dkim=pass (ok)",
	  "mx.example| from=b; domainkeys=neutral; from=b; dkim=pass;" },
	{ "mx.example; ; ;spf=pass;", "mx.example| spf=pass;" },
	{ "mx.example; spf=pass junk \"a; b\" smtp.mailfrom=b.example",
	  "mx.example| spf=pass smtp.mailfrom:b.example;" },
	{ "mx.example", "mx.example|" }, { "", "|" }, { ";", "|" }, { "(", "|" }, { "\"", "|" },
	/* a sender's words */
	{ "mx.example; spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=shop.example; \"@b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail smtp.mailfrom=\"x\\\"; dmarc=pass \\\"\"@b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail smtp.mailfrom=<\"x; dmarc=pass \"@b.example>",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail smtp.mailfrom=a.\"x; dmarc=pass \".c@b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail smtp.mailfrom=\"a@shop.example\"@b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail smtp.mailfrom=smtp.helo=h.example@b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail (domain of \"x) ; dmarc=pass (\"@b.example) smtp.mailfrom=b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	{ "mx.example; spf=fail (5\" (wide)) smtp.mailfrom=b.example",
	  "mx.example| spf=fail smtp.mailfrom:b.example;" },
	/* cut off: nothing behind can be told apart */
	{ "mx.example; dkim=fail; spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=shop.example",
	  "mx.example| dkim=fail;" },
	{ "mx.example; dkim=fail; spf=pass (x; dmarc=pass header.from=shop.example",
	  "mx.example| dkim=fail; spf=pass;" },
	{ "\"mx.example; dmarc=pass", "|" },
};

static void test_results(void **state)
{
	(void)state;
	struct buf got = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		describe(str_of(rows[i].value), &got);
		if (strcmp(buf_cstr(&got), rows[i].want) != 0)
			fail_msg("%s: %s, expected %s", rows[i].value, buf_cstr(&got), rows[i].want);
	}
	buf_fini(&got);
}

static const struct {
	const char *value, *result, *domain, *receiver;
	enum spf_identity identity;
} spf_rows[] = {
	{ "pass (mybox.example.org: domain of\r\n myname@example.com designates 192.0.2.1 as permitted "
	  "sender)\r\n receiver=mybox.example.org; client-ip=192.0.2.1;\r\n "
	  "envelope-from=\"myname@example.com\"; helo=foo.example.com;", "pass", "example.com",
	  "mybox.example.org", SPF_MAILFROM },
	{ "fail (x) identity=mailfrom; envelope-from=\"a@b.example\"; helo=h.example", "fail",
	  "b.example", "", SPF_MAILFROM },
	{ "Pass (sender SPF authorized) identity=helo; client-ip=192.0.2.1; helo=h.example; "
	  "envelope-from=a@b.example; receiver=<UNKNOWN>", "Pass", "h.example", "", SPF_HELO },
	{ "Pass identity=mailfrom; envelope-from=a@b.example; receiver=\"c d\"@mx.example", "Pass",
	  "b.example", "mx.example", SPF_MAILFROM },
	{ "pass identity=pra; envelope-from=a@b.example", "pass", "", "", SPF_OTHER },
	{ "Pass (protection.outlook.com: domain of b.example designates 192.0.2.1 as permitted sender) "
	  "receiver=protection.outlook.com; client-ip=192.0.2.1; helo=h.example; pr=C", "Pass",
	  "b.example", "protection.outlook.com", SPF_MAILFROM },
	{ "softfail (google.com: domain of transitioning a@b.example does not designate 192.0.2.1 as "
	  "permitted sender) client-ip=192.0.2.1;", "softfail", "b.example", "", SPF_MAILFROM },
	{ "pass (x: domain of h.example designates 192.0.2.1) helo=h.example", "pass", "", "",
	  SPF_UNTOLD },
	{ "None (no SPF record) identity = mailfrom; envelope-from = \"\\\"a b\\\"@b.example\"; x", "None",
	  "b.example", "", SPF_MAILFROM },
	{ "fail (x: domain of \"a) envelope-from=c@shop.example (\"@b.example does not) receiver=mx",
	  "fail", "b.example", "mx", SPF_MAILFROM },
	{ "neutral", "neutral", "", "", SPF_UNTOLD },
	{ "pass envelope-from=\"a", NULL, "", "", SPF_UNTOLD },
	{ "(x)", NULL, "", "", SPF_UNTOLD }, { "", NULL, "", "", SPF_UNTOLD },
};

static void test_received_spf(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spf_rows) / sizeof(spf_rows[0]); i++) {
		struct received_spf spf;
		const char *name = spf_rows[i].value;
		bool read = received_spf_parse(str_of(name), &spf);
		CHECK_ROW(name, read == (spf_rows[i].result != NULL));
		if (!read)
			continue;
		CHECK_ROW(name, str_eq(spf.result, str_of(spf_rows[i].result)));
		CHECK_ROW(name, str_eq(spf.domain, str_of(spf_rows[i].domain)));
		CHECK_ROW(name, str_eq(spf.receiver, str_of(spf_rows[i].receiver)));
		CHECK_ROW(name, spf.identity == spf_rows[i].identity);
	}
}

/* Deep, long and endless input takes linear time and ends. */
static void test_cost(void **state)
{
	(void)state;
	static const char *const units[] = { "(", "\"", "((\"", "a=\"\\", ";", "a=b ", "\\\"@(", "\"@" };
	struct buf b = { 0 }, out = { 0 };
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		buf_clear(&b);
		for (size_t k = 0; k < 20000; k++)
			buf_add_cstr(&b, units[i]);
		describe(buf_str(&b), &out);
	}
	buf_fini(&b);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results), cmocka_unit_test(test_received_spf),
		cmocka_unit_test(test_cost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
