/* SPDX-License-Identifier: ISC
 *
 * Envelopes written and read again; and what is refused of a line that is not ours, by the member
 * that is wrong.
 */
#include "test.h"

#include "gateway/envelope.h"

static struct gateway_to to[] = {
	{ .address = { "x@c.example", 11 } },
	{ .address = { "y@b.example", 11 }, .notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY,
	  .orcpt = { "rfc822;z@c.example", 18 }, .local = true },
};

static const struct gateway_envelope full = {
	.id = { "4kQ2", 4 }, .from = { "\"a \\\"b\"@\xd0\xb8.example", 17 },
	.account = { "a@b.example", 11 }, .helo = { "[192.0.2.1]", 11 },
	.client = { { 4, { 192, 0, 2, 1 } }, 65535 }, .listener = GATEWAY_SUBMISSION, .tls = true,
	.utf8 = true, .body = SMTP_BODY_8BITMIME, .ret = SMTP_RETURN_HEADERS,
	.envid = { "QQ+2B1", 6 }, .came_s = 1795000000, .size_bytes = 5, .to = to, .to_count = 2,
};

/* A bounce of a stranger's, to one. */
static const struct gateway_envelope least = {
	.id = { "1", 1 }, .from = { "", 0 }, .helo = { "", 0 }, .came_s = 0, .to = to, .to_count = 1,
};

static void check_same(const struct gateway_envelope *a, const struct gateway_envelope *b)
{
	assert_true(str_eq(a->id, b->id) && str_eq(a->from, b->from));
	assert_true(str_eq(a->account, b->account) && str_eq(a->helo, b->helo));
	assert_true(ip_eq(&a->client.ip, &b->client.ip) && a->client.port == b->client.port);
	assert_true(a->listener == b->listener && a->tls == b->tls && a->utf8 == b->utf8);
	assert_true(a->body == b->body && a->ret == b->ret && str_eq(a->envid, b->envid));
	assert_true(a->came_s == b->came_s && a->size_bytes == b->size_bytes);
	assert_int_equal(a->to_count, b->to_count);
	for (size_t i = 0; i < a->to_count; i++) {
		assert_true(str_eq(a->to[i].address, b->to[i].address));
		assert_true(str_eq(a->to[i].orcpt, b->to[i].orcpt));
		assert_true(a->to[i].notify == b->to[i].notify && a->to[i].local == b->to[i].local);
	}
}

static void check_again(const struct gateway_envelope *e, struct str text)
{
	struct arena a = { 0 };
	struct buf line = { 0 };
	struct gateway_envelope again;
	struct str behind;
	const char *why = "";
	gateway_envelope_write(e, &line);
	assert_true(line.p[line.n - 1] == '\n' && str_find(buf_str(&line), '\n') == line.n - 1);
	buf_add_str(&line, text);
	assert_int_equal(gateway_envelope_read(buf_str(&line), &a, &again, &behind, &why), ERR_OK);
	check_same(e, &again);
	assert_true(str_eq(behind, text));
	buf_fini(&line);
	arena_fini(&a);
}

static void test_again(void **state)
{
	(void)state;
	check_again(&full, STR("a\r\n\0b"));
	check_again(&least, (struct str){ "", 0 });
}

#define SOUND "\"id\":\"1\",\"came\":1,\"from\":\"\",\"listener\":\"inbound\",\"tls\":false," \
              "\"utf8\":false,\"size\":0"
#define ONE ",\"to\":[{\"address\":\"a@b\"}]"

static const struct { const char *line, *why; } rows[] = {
	{ "{" SOUND ONE "}\n", NULL }, { "{" SOUND ONE ",\"newer\":[1]}\n", NULL },
	{ "", "the line of JSON" }, { "{}", "the line of JSON" }, { "\n", "the line of JSON" },
	{ "[]\n", "the line of JSON" }, { "{" SOUND ONE "\n", "the line of JSON" },
	{ "{" SOUND ONE ",\"id\":\"2\"}\n", "the line of JSON" },
	{ "{}\n", "id" }, { "{" SOUND "}\n", "to" }, { "{" SOUND ",\"to\":[]}\n", "to" },
	{ "{" SOUND ",\"to\":[{}]}\n", "address" }, { "{" SOUND ",\"to\":[1]}\n", "address" },
	{ "{" SOUND ",\"to\":[{\"address\":\"\"}]}\n", "address" },
	{ "{" SOUND ",\"to\":[{\"address\":\"a\",\"notify\":16}]}\n", "notify" },
	{ "{" SOUND ",\"to\":[{\"address\":\"a\",\"local\":1}]}\n", "local" },
	{ "{" SOUND ONE ",\"client\":\"192.0.2\"}\n", "client" },
	{ "{" SOUND ONE ",\"client\":\"192.0.2.1\"}\n", "port" },
	{ "{" SOUND ONE ",\"client\":\"192.0.2.1\",\"port\":65536}\n", "port" },
	{ "{" SOUND ONE ",\"body\":\"9bit\"}\n", "body" }, { "{" SOUND ONE ",\"ret\":1}\n", "ret" },
	{ "{" SOUND ONE ",\"account\":\"a\\u0000b\"}\n", "the line of JSON" },
	{ "{" SOUND ONE "}\nx", "size" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = { 0 };
		struct gateway_envelope e;
		struct str text;
		const char *why = NULL;
		int err = gateway_envelope_read(str_of(rows[i].line), &a, &e, &text, &why);
		CHECK_ROW(rows[i].line, err == (rows[i].why ? ERR_CORRUPT : ERR_OK));
		CHECK_ROW(rows[i].line, !rows[i].why || (why && strcmp(why, rows[i].why) == 0));
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again), cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
