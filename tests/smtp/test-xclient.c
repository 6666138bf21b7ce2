/* SPDX-License-Identifier: ISC
 *
 * XCLIENT as a client says it: addresses of both families.
 */
#include "test.h"

#include "smtp/xclient.h"

static void test_lines(void **state)
{
	static const struct { const char *address, *name, *line; } rows[] = {
		{ "127.0.0.1", "localhost", "XCLIENT ADDR=127.0.0.1 NAME=localhost" },
		{ "2001:db8::1", "mx.own.example", "XCLIENT ADDR=IPV6:2001:db8::1 NAME=mx.own.example" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf line = { 0 };
		struct ip ip;
		assert_int_equal(ip_parse(str_of(rows[i].address), &ip, NULL), ERR_OK);
		smtp_xclient_format(&ip, rows[i].name, &line);
		CHECK_ROW(rows[i].address, strcmp(buf_cstr(&line), rows[i].line) == 0);
		buf_fini(&line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
