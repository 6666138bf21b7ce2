/* SPDX-License-Identifier: ISC
 *
 * Evidence: what is in a bundle, that any change of it is found, what is masked; and the
 * JSON of tests.
 */
#include "support.h"

#include "base/file.h"
#include "store/evidence.h"
#include "store/json.h"

#include <openssl/pem.h>
#include <stdlib.h>

static const char *const own[] = { "t.example", "d.example", "[192.0.2.53]", NULL };

static EVP_PKEY *make_pair(struct buf *pem)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	assert_non_null(pair);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, pair), 1);
	size_t n = (size_t)BIO_get_mem_data(bio, &p);
	buf_add(pem, p, n);
	BIO_free(bio);
	return pair;
}

/* A small but whole bundle, of hostile texts. */
static void make_bundle(EVP_PKEY *pair, char id[static 48], struct buf *bundle)
{
	struct test t = {
		.id = "abcdefgh", .target = endpoint_of("192.0.2.1:25"), .consent = CONSENT_OWNER,
		.started_s = 1000000, .seconds = 1.5,
	};
	struct case_result results[] = { result_of("E01", &t, NULL), result_of("E14", &t, "") };
	str_copy(results[0].text, sizeof(results[0].text),
	         STR("no \x1b[2J \xff \"quoted\" \\ \x7f"));
	struct test_return r = {
		.kind = RETURN_RECIPIENT, .marked = true, .case_id = "E14",
		.peer = endpoint_of("192.0.2.1:4025"), .time_s = 1000002, .token = "tok",
		.helo = "relay", .mail_from = "someone@third.example", .rcpt_to = "tok@d.example",
		.message = STR("Received: from x for <victim@third.example>\r\n"
		               "To: tok@d.example\r\n\r\nb\0dy \xe9\r\n"),
	};
	struct evidence_input in = {
		.test = &t, .verdict = VERDICT_OPEN, .results = results, .result_count = 2,
		.returns = &r, .return_count = 1, .seen_as = ip_of("172.18.0.1"), .mta = "exim",
		.transcript = STR("> EHLO t\r\n< 250 \xc3\xa9\r\n"),
		.operator_name = STR("Op"), .contact = STR("op@t.example"),
		.replay = STR("portreeve test 192.0.2.1"), .own_domains = own, .now_s = 1000003,
	};
	assert_int_equal(evidence_sign(&in, pair, id, bundle), ERR_OK);
}

static const char *member(json_t *o, const char *name)
{
	const char *value = json_string_value(json_object_get(o, name));
	assert_non_null(value);
	return value;
}

static void signed_and_read(void **unused)
{
	(void)unused;
	struct buf pem = { 0 }, bundle = { 0 }, message = { 0 };
	EVP_PKEY *pair = make_pair(&pem);
	char id[48];
	json_t *payload;
	make_bundle(pair, id, &bundle);
	assert_true(str_prefix(str_of(id), STR("ev-")));
	assert_int_equal(evidence_verify(buf_str(&bundle), buf_str(&pem), &payload, &message),
	                 ERR_OK);
	assert_string_equal(member(payload, "address"), "192.0.2.1");
	assert_string_equal(member(payload, "verdict"), "open");
	assert_string_equal(member(payload, "replay"), "portreeve test 192.0.2.1");
	assert_string_equal(member(payload, "seen_as"), "172.18.0.1");
	assert_string_equal(member(payload, "known_as"), "");
	assert_string_equal(member(payload, "mta"), "exim");
	assert_string_equal(member(payload, "transcript"), "> EHLO t\r\n< 250 \xc3\xa9\r\n");
	json_t *cases = json_object_get(payload, "cases");
	assert_int_equal(json_array_size(cases), 2);
	assert_string_equal(member(json_array_get(cases, 0), "text"),
	                    "no \\x1b[2J \\xff \"quoted\" \\ \\x7f");
	json_t *r = json_array_get(json_object_get(payload, "returns"), 0);
	assert_string_equal(member(r, "mail_from"), "s\xe2\x80\xa6@third.example");
	assert_string_equal(member(r, "rcpt_to"), "tok@d.example");
	assert_null(strstr(member(r, "message"), "victim"));
	assert_non_null(strstr(member(r, "message"), "tok@d.example"));
	assert_int_equal(strlen(member(r, "message_sha256")), 64);
	json_decref(payload);
	assert_int_equal(evidence_verify(buf_str(&bundle), buf_str(&pem), NULL, NULL), ERR_OK);
	EVP_PKEY_free(pair);
	buf_fini(&pem);
	buf_fini(&bundle);
	buf_fini(&message);
}

/* Made by version 0.1, whose JSON was another library's: what was signed stays good. */
static void signed_before(void **unused)
{
	(void)unused;
	struct buf pem = { 0 }, bundle = { 0 }, message = { 0 };
	json_t *payload;
	assert_int_equal(file_read(OLD_BUNDLE ".json", 1 << 20, &bundle), ERR_OK);
	assert_int_equal(file_read(OLD_BUNDLE ".pem", 1 << 20, &pem), ERR_OK);
	assert_int_equal(evidence_verify(buf_str(&bundle), buf_str(&pem), &payload, &message),
	                 ERR_OK);
	assert_string_equal(member(payload, "address"), "192.0.2.1");
	assert_int_equal(json_array_size(json_object_get(payload, "cases")), 2);
	json_decref(payload);
	bundle.p[bundle.n / 2] ^= 1;
	assert_int_not_equal(evidence_verify(buf_str(&bundle), buf_str(&pem), NULL, &message),
	                     ERR_OK);
	buf_fini(&pem);
	buf_fini(&bundle);
	buf_fini(&message);
}

static void every_bit_counts(void **unused)
{
	(void)unused;
	struct buf pem = { 0 }, bundle = { 0 };
	EVP_PKEY *pair = make_pair(&pem);
	char id[48];
	make_bundle(pair, id, &bundle);
	for (size_t bit = 0; bit < bundle.n * 8; bit++) {
		bundle.p[bit / 8] = (char)(bundle.p[bit / 8] ^ 1 << bit % 8);
		int e = evidence_verify(buf_str(&bundle), buf_str(&pem), NULL, NULL);
		if (e != ERR_INVALID && e != ERR_CORRUPT)
			fail_msg("bit %zu of byte %zu can be changed: %s", bit % 8, bit / 8,
			         bundle.p);
		bundle.p[bit / 8] = (char)(bundle.p[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t n = 0; n < bundle.n; n++)
		assert_int_not_equal(evidence_verify((struct str){ bundle.p, n }, buf_str(&pem),
		                                     NULL, NULL), ERR_OK);
	EVP_PKEY_free(pair);
	buf_fini(&pem);
	buf_fini(&bundle);
}

/* Indented, reordered, with a newline: still what was signed. */
static void reformatted(void **unused)
{
	(void)unused;
	struct buf pem = { 0 }, bundle = { 0 };
	EVP_PKEY *pair = make_pair(&pem);
	char id[48];
	make_bundle(pair, id, &bundle);
	json_t *outer = json_loadb(bundle.p, bundle.n, 0, NULL);
	static const size_t flags[] = { JSON_INDENT(2), JSON_SORT_KEYS, JSON_ENSURE_ASCII,
	                                JSON_ESCAPE_SLASH };
	for (size_t i = 0; i < 4; i++) {
		char *text = json_dumps(outer, flags[i]);
		struct buf file = { 0 };
		buf_printf(&file, "\n%s\n", text);
		assert_int_equal(evidence_verify(buf_str(&file), buf_str(&pem), NULL, NULL),
		                 ERR_OK);
		buf_fini(&file);
		free(text);
	}
	json_decref(outer);
	EVP_PKEY_free(pair);
	buf_fini(&pem);
	buf_fini(&bundle);
}

static void refused(void **unused)
{
	(void)unused;
	struct buf pem = { 0 }, other_pem = { 0 }, bundle = { 0 }, message = { 0 }, more = { 0 };
	EVP_PKEY *pair = make_pair(&pem), *other = make_pair(&other_pem);
	char id[48];
	make_bundle(pair, id, &bundle);

	assert_int_equal(evidence_verify(buf_str(&bundle), buf_str(&other_pem), NULL, &message),
	                 ERR_CORRUPT);
	assert_non_null(strstr(buf_cstr(&message), "another key"));
	buf_clear(&message);
	assert_int_equal(evidence_verify(buf_str(&bundle), STR("no key"), NULL, &message),
	                 ERR_INVALID);
	assert_string_equal(buf_cstr(&message), "the public key is not an Ed25519 key in PEM");

#define REST "\"key_id\":\"\",\"signature\":\"\",\"payload\":\"\""
	static const char *const bad[] = {
		"", "x", "[]", "{}", "null", "{\"portreeve_evidence\":1}",
		"{\"portreeve_evidence\":2," REST "}",
		"{\"portreeve_evidence\":1,\"key_id\":1,\"signature\":2,\"payload\":3}",
		"{\"portreeve_evidence\":1," REST ",\"x\":1}",
		"{\"portreeve_evidence\":\"1\"," REST "}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *payload = (json_t *)&more;
		buf_clear(&message);
		CHECK_ROW(bad[i], evidence_verify(str_of(bad[i]), buf_str(&pem), &payload,
		                                  &message) == ERR_INVALID);
		CHECK_ROW(bad[i], message.n > 0 && payload == NULL);
	}
	/* Twice the same member: which one was checked? */
	buf_add(&more, bundle.p, bundle.n - 1);
	buf_add_cstr(&more, ",\"payload\":\"{}\"}");
	assert_int_equal(evidence_verify(buf_str(&more), buf_str(&pem), NULL, NULL), ERR_INVALID);
	EVP_PKEY_free(pair);
	EVP_PKEY_free(other);
	buf_fini(&pem);
	buf_fini(&other_pem);
	buf_fini(&bundle);
	buf_fini(&message);
	buf_fini(&more);
}

static void id_names_the_payload(void **unused)
{
	(void)unused;
	struct buf pem = { 0 }, one = { 0 }, two = { 0 };
	EVP_PKEY *pair = make_pair(&pem);
	char first[48], second[48];
	make_bundle(pair, first, &one);
	make_bundle(pair, second, &two);
	assert_string_equal(first, second);
	assert_true(strlen(first) < 48);
	EVP_PKEY_free(pair);
	buf_fini(&pem);
	buf_fini(&one);
	buf_fini(&two);
}

/* ---- masking --------------------------------------------------------------- */

#define DOTS "\xe2\x80\xa6"

static const struct { const char *in, *out; } masks[] = {
	{ "", "" },
	{ "no address", "no address" },
	{ "alice@third.example", "a" DOTS "@third.example" },
	{ "<alice@third.example>,<b@x>", "<a" DOTS "@third.example>,<b" DOTS "@x>" },
	{ "tok@d.example", "tok@d.example" },
	{ "tok@D.EXAMPLE.", "tok@D.EXAMPLE." },
	{ "tok@[192.0.2.53]", "tok@[192.0.2.53]" },
	{ "bob@[192.0.2.54]", "b" DOTS "@[192.0.2.54]" },
	{ "eve@sub.d.example", "e" DOTS "@sub.d.example" },
	{ "eve@d.example.net", "e" DOTS "@d.example.net" },
	{ "tok%d.example@relay", "tok%d.example@relay" },
	{ "d.example!tok@relay", "d.example!tok@relay" },
	{ "tok@d.example@relay", "tok@d.example@relay" },
	{ "\"tok@d.example\"@relay", "\"tok@d.example\"@relay" },
	{ "@relay:tok@d.example", "@relay:tok@d.example" },
	{ "@relay:eve@third.example", "@relay:e" DOTS "@third.example" },
	{ "bounce-alice=home.example@list.example", "b" DOTS "@list.example" },
	{ "alice+tag@x.example", "a" DOTS "@x.example" },
	{ "\"john doe\"@x.example", "\"j" DOTS "\"@x.example" },
	{ "\"a\\\"b\"@x.example", "\"a" DOTS "\"@x.example" },
	{ "{\"}\"@x", "{\"}" DOTS "\"@x" },
	{ "\"\"@x", "\"" DOTS "\"@x" },
	{ "alice@home@x.example", "a" DOTS "@h" DOTS "@x.example" },
	{ "a @ b", "a @ b" },
	{ "alice@", "alice@" },
	{ "@x", "@x" },
	{ "al\xc3\xa9@x.example", "a" DOTS "@x.example" },
	{ "\xc3\xa9ric@x.example", DOTS "@x.example" },
	{ "x@[unclosed", "x@[unclosed" },
	{ "To: alice@x.example, tok@t.example\r\n", "To: a" DOTS "@x.example, tok@t.example\r\n" },
};

static void masking(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct buf out = { 0 };
		evidence_mask(str_of(masks[i].in), own, &out);
		if (strcmp(buf_cstr(&out), masks[i].out) != 0)
			fail_msg("%s: masked \"%s\", expected \"%s\"", masks[i].in, buf_cstr(&out),
			         masks[i].out);
		buf_fini(&out);
	}
	struct buf out = { 0 };
	evidence_mask(STR("a@d.example"), NULL, &out);
	assert_string_equal(buf_cstr(&out), "a" DOTS "@d.example");
	buf_fini(&out);
}

/* A megabyte of what takes the longest way must not take long. */
static void masking_is_linear(void **unused)
{
	(void)unused;
	static const char *const units[] = { "@", "a@", "\"@", "\\\"@", "\"a\\\"", "aaaaaaaa",
	                                     "@[", "a@a.", "%a@a" };
	enum { BYTES = 1 << 20 };
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct buf in = { 0 }, out = { 0 };
		while (in.n < BYTES)
			buf_add_cstr(&in, units[i]);
		evidence_mask(buf_str(&in), own, &out);
		assert_true(out.n > 0);
		buf_fini(&in);
		buf_fini(&out);
	}
}

/* ---- JSON of tests --------------------------------------------------------- */

static void write_test(const struct test *t, enum verdict verdict, const char *reason,
                       const struct case_result *r, size_t n, struct buf *out)
{
	struct json j = { .out = out };
	buf_clear(out);
	json_open_object(&j, NULL);
	test_json(t, verdict, reason, r, n, &j);
	json_close(&j);
}

static void test_as_json(void **unused)
{
	(void)unused;
	struct test t = {
		.id = "abcdefgh", .target = endpoint_of("[2001:db8::1]:587"), .started_s = 1000000,
		.seconds = 0.1, .evidence_id = "ev-x",
	};
	struct case_result r[] = { result_of("E01", &t, NULL), result_of("E14", &t, "192.0.2.9") };
	struct buf out = { 0 };
	write_test(&t, VERDICT_OPEN, "", r, 2, &out);
	assert_string_equal(buf_cstr(&out),
		"{\"address\":\"2001:db8::1\",\"port\":587,\"verdict\":\"open\",\"reason\":\"\","
		"\"output\":\"192.0.2.9\",\"cases\":[{\"id\":\"E01\",\"stage\":\"rcpt\","
		"\"code\":554,\"enhanced\":\"5.7.1\",\"text\":\"Relay access denied\","
		"\"accepted\":false,\"returned\":false},{\"id\":\"E14\",\"stage\":\"message\","
		"\"code\":250,\"enhanced\":\"5.7.1\",\"text\":\"Relay access denied\","
		"\"accepted\":true,\"returned\":true}],\"started\":\"1970-01-12T13:46:40Z\","
		"\"seconds\":0.1,\"evidence\":\"ev-x\"}");
	/* A word for programs; nothing where the host was reached. */
	static const struct { enum test_cause cause; const char *word; } causes[] = {
		{ CAUSE_REFUSED, "refused" }, { CAUSE_TIMEOUT, "timeout" },
		{ CAUSE_NO_ROUTE, "no-route" }, { CAUSE_TLS_FAILED, "tls-failed" },
		{ CAUSE_HUNG_UP, "hung-up" }, { CAUSE_NO_SOURCE, "no-source" },
		{ CAUSE_NOT_ASKED, "not-asked" },
	};
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		char want[64];
		t.cause = causes[i].cause;
		snprintf(want, sizeof(want), "\"reason\":\"\",\"cause\":\"%s\",\"output\"",
		         causes[i].word);
		write_test(&t, VERDICT_UNREACHABLE, "", NULL, 0, &out);
		CHECK_ROW(causes[i].word, strstr(buf_cstr(&out), want));
	}
	t.cause = CAUSE_NONE;
	t.started_s = 0;
	write_test(&t, VERDICT_INCONCLUSIVE, "refuses us: 554 \xff", NULL, 0, &out);
	assert_string_equal(buf_cstr(&out),
		"{\"address\":\"2001:db8::1\",\"port\":587,\"verdict\":\"inconclusive\","
		"\"reason\":\"refuses us: 554 \\\\xff\",\"output\":\"\",\"cases\":[],"
		"\"started\":\"\",\"seconds\":0.1,\"evidence\":\"ev-x\"}");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_and_read),
		cmocka_unit_test(signed_before),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(reformatted),
		cmocka_unit_test(refused),
		cmocka_unit_test(id_names_the_payload),
		cmocka_unit_test(masking),
		cmocka_unit_test(masking_is_linear),
		cmocka_unit_test(test_as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
