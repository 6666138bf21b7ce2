/* SPDX-License-Identifier: ISC
 *
 * The Received field that we write: the protocol as it was, and a grammar that no HELO breaks.
 */
#include "test.h"

#include "mail/received-write.h"

#define TAIL "\r\n\tby mx.us.test with ESMTPS id 0CKZ7M4Q2X; "

static const struct row {
	const char *helo, *peer, *from;
} rows[] = {
	{ "mail.far.test", "192.0.2.1", "mail.far.test ([192.0.2.1])" },
	{ "pc", "192.0.2.1", "pc ([192.0.2.1])" },
	{ "mail.far.test", "2001:db8::1", "mail.far.test ([IPv6:2001:db8::1])" },
	{ "[192.0.2.7]", "192.0.2.1", "[192.0.2.7] ([192.0.2.1])" },
	{ "[IPv6:2001:db8::7]", "192.0.2.1", "[IPv6:2001:db8::7] ([192.0.2.1])" },
	{ "", "192.0.2.1", "[192.0.2.1]" },
	{ "my_pc", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=my_pc)" },
	{ "192.0.2.7.", "2001:db8::1", "[IPv6:2001:db8::1]\r\n\t(helo=192.0.2.7.)" },
	{ "[2001:db8::7]", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=[2001:db8::7])" },
	{ "a)by;evil", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=a\\)by;evil)" },
	{ "((\\", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=\\(\\(\\\\)" },
	{ "\"x@y", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=\"x@y)" },
	{ "-x.test", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=-x.test)" },
	{ "a\r\nX: y", "192.0.2.1", "[192.0.2.1]\r\n\t(helo=a??X: y)" },
};

static void test_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct received_written r = { .helo = str_of(rows[i].helo), .by = "mx.us.test",
		                              .with = "ESMTPS", .id = "0CKZ7M4Q2X",
		                              .time_s = 1800000000 };
		struct buf out = { 0 }, expected = { 0 };
		assert_int_equal(ip_parse(str_of(rows[i].peer), &r.peer, NULL), ERR_OK);
		received_write(&r, &out);
		buf_printf(&expected, "Received: from %s%s", rows[i].from, TAIL);
		CHECK_ROW(rows[i].helo, str_caseprefix(buf_str(&out), buf_str(&expected)));
		buf_fini(&out);
		buf_fini(&expected);
	}
}

static void test_whole(void **state)
{
	struct buf out = { 0 };
	const struct received_written r = {
		.helo = STR("far.test"), .peer = ip_from_v4(192, 0, 2, 1), .by = "mx.us.test",
		.with = "SMTP", .id = "0CKZ7M4Q2X", .recipient = STR("abuse@us.test"), .time_s = 0,
	};
	(void)state;
	received_write(&r, &out);
	assert_string_equal(buf_cstr(&out), "Received: from far.test ([192.0.2.1])\r\n"
	                    "\tby mx.us.test with SMTP id 0CKZ7M4Q2X\r\n"
	                    "\tfor <abuse@us.test>; Thu, 1 Jan 1970 00:00:00 +0000\r\n");
	buf_fini(&out);
}

/* "for" names a mailbox with its domain, or nobody. */
static void test_for(void **state)
{
	(void)state;
	static const struct { const char *recipient; bool said; } paths[] = {
		{ "abuse@us.test", true }, { "postmaster@[192.0.2.7]", true },
		{ "postmaster", false }, { "Postmaster", false }, { NULL, false },
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct buf out = { 0 };
		const struct received_written r = {
			.helo = STR("far.test"), .peer = ip_from_v4(192, 0, 2, 1), .by = "mx.us.test",
			.with = "SMTP", .id = "1", .recipient = str_of(paths[i].recipient),
		};
		received_write(&r, &out);
		bool said = str_search(buf_str(&out), STR("\tfor ")) != SIZE_MAX;
		assert_int_equal(said, paths[i].said);
		buf_fini(&out);
	}
}

/* A program of this machine has no address. */
static void test_local(void **state)
{
	struct buf out = { 0 };
	const struct received_written r = {
		.helo = STR("anything"), .by = "mx.us.test", .with = "ESMTP", .id = "1",
	};
	(void)state;
	received_write(&r, &out);
	assert_string_equal(buf_cstr(&out), "Received: by mx.us.test with ESMTP id 1; "
	                    "Thu, 1 Jan 1970 00:00:00 +0000\r\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_for),
		cmocka_unit_test(test_local),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
