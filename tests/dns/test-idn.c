/* SPDX-License-Identifier: ISC
 *
 * U-labels and their A-labels.
 */
#include "test.h"

#include "dns/idn.h"

static const struct { const char *name, *ascii; } rows[] = {
	{ "mx.example", "mx.example" }, { "", "" }, { "MX.Example.", "MX.Example." },
	{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
	{ "B\xc3\x9c" "CHER.example.", "xn--bcher-kva.example." },
	{ "bu\xcc\x88" "cher.example", "xn--bcher-kva.example" },
	{ "*.\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd1\x80\xd1\x84",
	  "*.xn--e1afmkfd.xn--p1ai" },
	{ "_dmarc.fa\xc3\x9f.example", "_dmarc.xn--fa-hia.example" },
	{ "..\xc3\xbc..", "..xn--tda.." },
	/* no U-labels: as they are */
	{ "a\xff.example", "a\xff.example" }, { "\xc3\xbc\xe2\x98", "\xc3\xbc\xe2\x98" },
	{ "\xe2\x80\xae" "a.example", "\xe2\x80\xae" "a.example" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[IDN_TEXT_MAX];
		CHECK_ROW(rows[i].name, str_eq(idn_ascii(str_of(rows[i].name), text),
		                               str_of(rows[i].ascii)));
	}
}

/* Labels and names too long for any buffer come back as they are. */
static void test_long(void **state)
{
	(void)state;
	char text[IDN_TEXT_MAX];
	struct buf b = { 0 };
	for (unsigned i = 0; i < 3000; i++) {
		buf_add_cstr(&b, i % 40 == 39 ? "." : "\xc3\xbc");
		(void)idn_ascii(buf_str(&b), text);
	}
	assert_ptr_equal(idn_ascii(buf_str(&b), text).p, b.p);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
	                                    cmocka_unit_test(test_long) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
