/* SPDX-License-Identifier: ISC
 *
 * Batch lines, the border's options, and what is learned from messages to oneself.
 */
#include "test.h"

#include "trace/batch.h"
#include "trace/learn.h"

#include <jansson.h>

static const char good[] =
	"{\"id\":\"\\u00e9 1\",\"message\":\"Received: from a (b.far.example [192.0.2.1]) by "
	"mx.our.example "
	"(Postfix) with ESMTP id 1; Mon, 9 Aug 2004 12:00:00 +0000\\nX: \\u0000\\u00ff\\n\\n\","
	"\"own_hosts\":[\"*.our.example\"],\"own_nets\":[\"10.0.0.1/8\"],\"border_hosts\":[]}";

static const struct trace_border nothing;

static void test_good(void **state)
{
	(void)state;
	struct batch batch = { 0 };
	struct buf out = { 0 }, problem = { 0 };
	for (unsigned i = 0; i < 3; i++) {
		buf_clear(&out);
		assert_int_equal(batch_line(&batch, STR(good), &nothing, &out, &problem), ERR_OK);
		json_t *j = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
		assert_non_null(j);
		assert_string_equal(json_string_value(json_object_get(j, "id")), "\xc3\xa9 1");
		assert_string_equal(json_string_value(json_object_get(j, "handover")), "192.0.2.1");
		assert_string_equal(json_string_value(json_object_get(j, "chain")), "none");
		json_t *hop = json_array_get(json_object_get(j, "hops"), 0);
		static const char *const fields[] = { "n", "ip", "rdns", "helo", "by", "with", "id",
		                                      "for",
			"auth", "tls", "ident", "time", "zone", "why", "offset", "length" };
		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			CHECK_ROW(fields[k], json_object_get(hop, fields[k]));
		static const char *const tops[] = { "claimed", "relay", "origin", "why",
		                                    "return_path",
			"truncated" };
		for (size_t k = 0; k < sizeof(tops) / sizeof(tops[0]); k++)
			CHECK_ROW(tops[k], json_object_get(j, tops[k]));
		json_decref(j);
	}
	buf_fini(&out);
	buf_fini(&problem);
	batch_fini(&batch);
}

/* What stands in front of a header in a file is none of it here, either. */
static void test_in_front(void **state)
{
	(void)state;
	static const struct { const char *front, *handover; } fronts[] = {
		{ "", "192.0.2.1" }, { "\\n", "192.0.2.1" }, { "\\r\\n\\r\\n", "192.0.2.1" },
		{ " \\t\\n\\n", "192.0.2.1" }, { "\\u00ef\\u00bb\\u00bf\\n", "192.0.2.1" },
		{ "no field\\n\\n", "" },
	};
	for (size_t i = 0; i < sizeof(fronts) / sizeof(*fronts); i++) {
		struct batch batch = { 0 };
		struct buf line = { 0 }, out = { 0 }, problem = { 0 };
		buf_printf(&line, "{\"message\":\"%sReceived: from a (b.far.example [192.0.2.1]) by "
		           "mx.our.example (Postfix) with ESMTP id 1; Mon, 9 Aug 2004 12:00:00 +0000"
		           "\\n\\n\",\"own_hosts\":[\"*.our.example\"]}", fronts[i].front);
		assert_int_equal(batch_line(&batch, buf_str(&line), &nothing, &out, &problem),
		                 ERR_OK);
		json_t *j = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
		const char *handover = json_string_value(json_object_get(j, "handover"));
		CHECK_ROW(fronts[i].front, handover && strcmp(handover, fronts[i].handover) == 0);
		json_decref(j);
		buf_fini(&line);
		buf_fini(&out);
		buf_fini(&problem);
		batch_fini(&batch);
	}
}

static void test_bad(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"", "{", "[]", "1", "{\"id\":\"x\"}", "{\"message\":1}",
		"{\"message\":\"\\u0100\"}",
		"{\"message\":\"\\ud83d\\ude00\"}", "{\"message\":\"\",\"own_hosts\":\"x\"}",
		"{\"message\":\"\",\"own_hosts\":[1]}", "{\"message\":\"\",\"own_nets\":[\"x\"]}",
		"{\"message\":\"\",\"own_nets\":[\"10.0.0.0/33\"]}",
		"{\"message\":\"\",\"border_hosts\":[\"\"]}",
		"{\"message\":\"\",\"own_hosts\":[\"a b\"]}",
	};
	struct batch batch = { 0 };
	struct buf out = { 0 }, problem = { 0 };
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		buf_clear(&problem);
		buf_clear(&out);
		CHECK_ROW(lines[i],
		          batch_line(&batch, str_of(lines[i]), &nothing, &out, &problem) ==
		          ERR_INVALID);
		CHECK_ROW(lines[i], problem.n != 0);
		json_t *j = json_loadb(out.p, out.n, 0, NULL);
		CHECK_ROW(lines[i],
		          json_integer_value(json_object_get(j, "line")) == (json_int_t)i + 1);
		CHECK_ROW(lines[i], strcmp(json_string_value(json_object_get(j, "error")),
		                           buf_cstr(&problem)) == 0);
		CHECK_ROW(lines[i], json_object_get(j, "id"));
		json_decref(j);
	}
	buf_clear(&out);
	assert_int_equal(batch_line(&batch, STR("{\"id\":[1],\"message\":2}"), &nothing, &out,
	                            &problem), ERR_INVALID);
	assert_true(str_prefix(buf_str(&out), STR("{\"id\":[1],")));
	/* What is behind the limit is not even read. */
	assert_int_equal(batch_line(&batch, (struct str){ "", (size_t)BATCH_LINE_MAX_BYTES + 1 },
	                            &nothing, &out, &problem), ERR_INVALID);
	assert_true(str_search(buf_str(&problem), STR("expected at most")) != SIZE_MAX);
	assert_int_equal(batch_line(&batch, STR("{\"message\":\"\",\"own_nets\":null}"), &nothing,
	                            &out, &problem), ERR_OK);
	buf_fini(&out);
	buf_fini(&problem);
	batch_fini(&batch);
}

/* The border of all lines is that of a line that names none. */
static void test_otherwise(void **state)
{
	(void)state;
#define RECEIVED \
	"\"Received: from a (b.far.example [192.0.2.1]) by mx.our.example (Postfix) id 1\\n\\n\""
	static const struct {
		const char *line, *handover;
	} rows[] = {
		{ "{\"message\":" RECEIVED "}", "\"handover\":\"192.0.2.1\"" },
		{ "{\"message\":" RECEIVED ",\"own_hosts\":null}", "\"handover\":\"192.0.2.1\"" },
		{ "{\"message\":" RECEIVED ",\"own_hosts\":[]}", "\"handover\":\"\"" },
		{ "{\"message\":" RECEIVED ",\"own_nets\":[\"10.0.0.0/8\"]}", "\"handover\":\"\"" },
		{ "{\"message\":" RECEIVED "}", "\"handover\":\"192.0.2.1\"" },
	};
	const struct str host = STR("mx.our.example");
	const struct trace_border otherwise = { .own_hosts = &host, .own_host_count = 1 };
	struct batch batch = { 0 };
	struct buf out = { 0 }, problem = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&out);
		CHECK_ROW(rows[i].line, batch_line(&batch, str_of(rows[i].line), &otherwise, &out,
		                                   &problem) == ERR_OK);
		CHECK_ROW(rows[i].line,
		          str_search(buf_str(&out), str_of(rows[i].handover)) != SIZE_MAX);
	}
	buf_fini(&out);
	buf_fini(&problem);
	batch_fini(&batch);
}

#define SELF "From: Me <me@our.example>\nTo: me@our.example\n"

static void add_learned(const struct learn *learn, struct buf *out)
{
	struct json j = { .out = out };
	json_open_object(&j, NULL);
	learn_json(learn, &j);
	json_close(&j);
}

static void test_learn(void **state)
{
	(void)state;
	struct learn learn = { 0 };
	struct buf out = { 0 };
	learn_message(&learn,
	              STR("Received: from out.our.example ([192.0.2.5]) by mx.our.example (Postfix)"
	                          " id 1\nReceived: from pc ([198.51.100.7]) by out.our.example "
	                          "(Postfix) id "
	                          "2\n" SELF "\n"));
	learn_message(&learn,
	              STR("Received: from out.our.example ([192.0.2.5]) by mx.our.example (Postfix)"
	                          " id 1\nReceived: from pc ([198.51.100.9]) by out.our.example "
	                          "(Postfix) id "
	                          "2\n" SELF "\n"));
	/* A spam from "me" to me cannot bring its own hosts in. */
	learn_message(&learn,
	              STR("Received: from x ([203.0.113.9]) by mx.our.example (Postfix) id 1\n"
	                          "Received: from y ([203.0.113.7]) by evil.example id 2\n"
	                          SELF "\n"));
	learn_message(&learn, STR("Received: from x by y.example id 1\nFrom: a@b.example\n"
	                          "To: me@our.example\n\n"));
	add_learned(&learn, &out);
	assert_string_equal(buf_cstr(&out),
	                    "{\"own_hosts\":[\"mx.our.example\",\"out.our.example\"],"
	                    "\"own_nets\":[\"192.0.2.5\"],\"messages\":3,\"skipped\":1}");
	buf_clear(&out);
	learn_config(&learn, &out);
	assert_true(str_search(buf_str(&out), STR("own_hosts = {\"mx.our.example\"")) != SIZE_MAX);
	buf_fini(&out);
	learn_fini(&learn);
}

#define FROM_TO(from, to) "From: " from "\nTo: " to "\n\n"

static void test_learn_whom(void **state)
{
	(void)state;
	static const struct {
		const char *fields;
		bool used;
	} rows[] = {
		{ FROM_TO("me@our.example", "me@our.example"), true },
		{ FROM_TO("Me <me@our.example>", "\"a@b\" <x@y.example>, ME@our.example (me)"),
		  true },
		{ FROM_TO("me@our.example (Me)", "<me@our.example>"), true },
		{ "Delivered-To: me@our.example\n" FROM_TO("me@our.example", "list@x.example"),
		  true },
		{ FROM_TO("me@our.example", "not.me@our.example, me@our.example.com"), false },
		{ FROM_TO("me", "me"), false },
		{ FROM_TO("@", "@ @"), false },
		{ "Subject: x\n\n", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct learn learn = { 0 };
		learn_message(&learn, str_of(rows[i].fields));
		CHECK_ROW(rows[i].fields, learn.used == rows[i].used);
		CHECK_ROW(rows[i].fields, !learn_any(&learn));
		learn_fini(&learn);
	}
}

/* What several messages of one setup teach. */
static void test_learn_setups(void **state)
{
	(void)state;
#define POOL(out, ip, mx) \
	"Received: from " out ".isp.example (" out ".isp.example [" ip "]) by " mx ".isp.example " \
	"(Postfix) id 1\nReceived: from pc (dsl-7.isp.example [198.51.100.7]) by " out \
	".isp.example (Postfix) with ESMTPSA id 2\n" SELF "\n"
#define MANY(n) \
	"Received: from A" n "CA1.eur.prod.mail.example ([203.0.113.1]) by A" n ".eur" n \
	".prod.mail.example (Postfix) id 1\n" SELF "\n"
#define GMAIL \
	"Received: by 2002:a05:6a10:9f04:b0:4c2:1a2b:3c4d with SMTP id h4csp1873421pxf; " \
	"Mon, 3 Jul 2023 10:00:03 -0700 (PDT)\nReceived: from mail-sor-f41.google.com " \
	"(mail-sor-f41.google.com. [209.85.220.41]) by mx.google.com with SMTPS id v18sor3; " \
	"Mon, 03 Jul 2023 10:00:03 -0700 (PDT)\nReceived: from [192.168.1.20] (dsl.example. " \
	"[198.51.100.7]) by smtp.gmail.com with ESMTPSA id k13; " \
	"Mon, 03 Jul 2023 10:00:02 -0700 (PDT)\n" SELF "\n"
#define OUTLOOK \
	"Received: from AM9PR03MB7042.eurprd03.prod.outlook.com (2603:10a6:20b:2d7::10) by " \
	"DB9PR03MB7721.eurprd03.prod.outlook.com with HTTPS; Mon, 3 Jul 2023 17:00:05 +0000\n" \
	SELF "\n"
	/* Fetched, and sent from a machine at home: its address of the day is not ours. */
#define FETCHED \
	"Received: from localhost (localhost [127.0.0.1]) by home.lan (Postfix) id 1\n" \
	"Received: from pop.isp.example [192.0.2.5] by localhost with POP3 (fetchmail-6.4.37)\n" \
	"Received: from out.isp.example (out.isp.example [192.0.2.9]) by mx.isp.example " \
	"(Postfix) id 2\nReceived: from home.lan (dyn.example [198.51.100.9]) by " \
	"out.isp.example (Postfix) with ESMTPSA id 3\n" \
	"Received: by home.lan (Postfix, from userid 1000) id 4\n" SELF "\n"
	static const struct {
		const char *name, *messages[3], *hosts, *nets;
	} rows[] = {
		{ "one", { POOL("out1", "192.0.2.1", "mx1") },
		  "\"mx1.isp.example\",\"out1.isp.example\"", "\"192.0.2.1\"" },
		{ "pool", { POOL("out1", "192.0.2.1", "mx1"), POOL("out2", "192.0.2.2", "mx12"),
		            POOL("out3", "192.0.2.3", "mx3") },
		  "\"mx*.isp.example\",\"out*.isp.example\"", "\"192.0.2.0/24\"" },
		{ "first label", { MANY("x"), MANY("y"), MANY("z") }, "", "" },
		{ "digits", { MANY("1"), MANY("22"), MANY("3") }, "\"A*.eur*.prod.mail.example\"",
		  "" },
		{ "Gmail", { GMAIL }, "\"mx.google.com\"", "\"2002:a00::/24\"" },
		{ "Microsoft 365", { OUTLOOK }, "\"*.mail.protection.outlook.com\","
		  "\"*.prod.outlook.com\",\"*.outlook.office365.com\","
		  "\"*.prod.exchangelabs.com\"",
		  "\"2603:1000::/24\"" },
		{ "fetchmail", { FETCHED }, "\"home.lan\",\"mx.isp.example\",\"out.isp.example\"",
		  "\"192.0.2.5\",\"192.0.2.9\"" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct learn learn = { 0 };
		struct buf out = { 0 }, want = { 0 };
		for (size_t k = 0; k < 3 && rows[i].messages[k]; k++)
			learn_message(&learn, str_of(rows[i].messages[k]));
		add_learned(&learn, &out);
		buf_printf(&want, "{\"own_hosts\":[%s],\"own_nets\":[%s],", rows[i].hosts,
		           rows[i].nets);
		if (!str_prefix(buf_str(&out), buf_str(&want)))
			print_message("%s\n", buf_cstr(&out));
		CHECK_ROW(rows[i].name, str_prefix(buf_str(&out), buf_str(&want)));
		CHECK_ROW(rows[i].name, learn_any(&learn) == (rows[i].hosts[0] || rows[i].nets[0]));
		buf_fini(&out);
		buf_fini(&want);
		learn_fini(&learn);
	}
}

/* No pattern may reach beyond the registrable domain, whatever digits are in it. */
static void test_learn_narrow(void **state)
{
	(void)state;
	struct learn learn = { 0 };
	struct buf out = { 0 };
	static const char *const names[] = { "1and1.com", "2and2.com", "a.3and3.com",
	                                     "b.4and4.com" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_clear(&out);
		buf_printf(&out, "Received: from x by %s id 1\n" SELF "\n", names[i]);
		learn_message(&learn, buf_str(&out));
	}
	assert_int_equal(learn.used, 4);
	assert_false(learn_any(&learn));
	buf_fini(&out);
	learn_fini(&learn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_in_front),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_otherwise),
		cmocka_unit_test(test_learn), cmocka_unit_test(test_learn_whom),
		cmocka_unit_test(test_learn_setups), cmocka_unit_test(test_learn_narrow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
