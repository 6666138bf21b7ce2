/* SPDX-License-Identifier: ISC
 *
 * Batch lines, the border's options, and what is learned from messages to oneself.
 */
#include "test.h"

#include "trace/batch.h"
#include "trace/learn.h"

#include <jansson.h>

static const char good[] =
	"{\"id\":\"\\u00e9 1\",\"message\":\"Received: from a (b.far.example [192.0.2.1]) by mx.our.example "
	"(Postfix) with ESMTP id 1; Mon, 9 Aug 2004 12:00:00 +0000\\nX: \\u0000\\u00ff\\n\\n\","
	"\"own_hosts\":[\"*.our.example\"],\"own_nets\":[\"10.0.0.1/8\"],\"border_hosts\":[]}";

static void test_good(void **state)
{
	(void)state;
	struct batch batch = { 0 };
	struct buf out = { 0 }, problem = { 0 };
	for (unsigned i = 0; i < 3; i++) {
		buf_clear(&out);
		assert_int_equal(batch_line(&batch, STR(good), &out, &problem), ERR_OK);
		json_t *j = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
		assert_non_null(j);
		assert_string_equal(json_string_value(json_object_get(j, "id")), "\xc3\xa9 1");
		assert_string_equal(json_string_value(json_object_get(j, "handover")), "192.0.2.1");
		assert_string_equal(json_string_value(json_object_get(j, "chain")), "none");
		json_t *hop = json_array_get(json_object_get(j, "hops"), 0);
		static const char *const fields[] = { "n", "ip", "rdns", "helo", "by", "with", "id", "for",
			"auth", "tls", "ident", "time", "zone", "why", "offset", "length" };
		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			CHECK_ROW(fields[k], json_object_get(hop, fields[k]));
		static const char *const tops[] = { "claimed", "relay", "origin", "why", "return_path",
			"truncated" };
		for (size_t k = 0; k < sizeof(tops) / sizeof(tops[0]); k++)
			CHECK_ROW(tops[k], json_object_get(j, tops[k]));
		json_decref(j);
	}
	buf_fini(&out);
	buf_fini(&problem);
	batch_fini(&batch);
}

static void test_bad(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "{", "[]", "1", "{\"id\":\"x\"}", "{\"message\":1}", "{\"message\":\"\\u0100\"}",
		"{\"message\":\"\\ud83d\\ude00\"}", "{\"message\":\"\",\"own_hosts\":\"x\"}",
		"{\"message\":\"\",\"own_hosts\":[1]}", "{\"message\":\"\",\"own_nets\":[\"x\"]}",
		"{\"message\":\"\",\"own_nets\":[\"10.0.0.0/33\"]}",
		"{\"message\":\"\",\"border_hosts\":[\"\"]}", "{\"message\":\"\",\"own_hosts\":[\"a b\"]}",
	};
	struct batch batch = { 0 };
	struct buf out = { 0 }, problem = { 0 };
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		buf_clear(&problem);
		CHECK_ROW(lines[i], batch_line(&batch, str_of(lines[i]), &out, &problem) == ERR_INVALID);
		CHECK_ROW(lines[i], problem.n != 0 && out.n == 0);
	}
	assert_int_equal(batch_line(&batch, STR("{\"message\":\"\",\"own_nets\":null}"), &out, &problem),
	                 ERR_OK);
	buf_fini(&out);
	buf_fini(&problem);
	batch_fini(&batch);
}

#define SELF "From: Me <me@our.example>\nTo: me@our.example\n"

static void test_learn(void **state)
{
	(void)state;
	struct learn learn = { 0 };
	struct buf out = { 0 };
	learn_message(&learn, STR("Received: from out.our.example ([192.0.2.5]) by mx.our.example (Postfix)"
	                          " id 1\nReceived: from pc ([198.51.100.7]) by out.our.example (Postfix) id "
	                          "2\n" SELF "\n"));
	learn_message(&learn, STR("Received: from out.our.example ([192.0.2.5]) by mx.our.example (Postfix)"
	                          " id 1\nReceived: from pc ([198.51.100.9]) by out.our.example (Postfix) id "
	                          "2\n" SELF "\n"));
	/* A spam from "me" to me cannot bring its own hosts in. */
	learn_message(&learn, STR("Received: from x ([203.0.113.9]) by mx.our.example (Postfix) id 1\n"
	                          "Received: from y ([203.0.113.7]) by evil.example id 2\n" SELF "\n"));
	learn_message(&learn, STR("Received: from x by y.example id 1\nFrom: a@b.example\n"
	                          "To: me@our.example\n\n"));
	learn_json(&learn, &out);
	assert_string_equal(buf_cstr(&out), "{\"own_hosts\":[\"mx.our.example\", \"out.our.example\"],"
	                    "\"own_nets\":[\"192.0.2.5\"],\"messages\":3,\"skipped\":1}");
	buf_clear(&out);
	learn_config(&learn, &out);
	assert_true(str_search(buf_str(&out), STR("own_hosts = {\"mx.our.example\"")) != SIZE_MAX);
	buf_fini(&out);
	learn_fini(&learn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_learn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
