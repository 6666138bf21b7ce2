/* SPDX-License-Identifier: ISC
 *
 * Slips in lists of clients, for each server: what is one, and what is none.
 */
#include "test.h"

#include "host.h"

#include "audit/slips.h"

#define HOST "lo loopback 127.0.0.1/8\neth0 ethernet 192.168.7.5/24 203.0.113.5/24\n"

static const struct {
	enum mta mta;
	const char *item;
	enum slip_kind kind;
	const char *meant;
} rows[] = {
	{ MTA_POSTFIX, "192.168.1.0/24", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "192.168.1.10", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "[::1]/128", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "[::1]", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "[::ffff:127.0.0.0]/104", SLIP_NONE, NULL },      /* Debian's own */
	{ MTA_POSTFIX, "[fe80::]/10", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "/etc/postfix/networks", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "hash:/etc/postfix/networks", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "cdb:/etc/postfix/networks", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "cidr:{{10.0.0.0/8", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "localhost", SLIP_NONE, NULL },
	{ MTA_POSTFIX, "0.0.0.0/0", SLIP_NONE, NULL },       /* C6 has that */
	{ MTA_POSTFIX, "192.168.1.10/24", SLIP_HOST_BITS, "192.168.1.0/24" },
	{ MTA_POSTFIX, "!192.168.1.10/24", SLIP_HOST_BITS, "192.168.1.0/24" },
	{ MTA_POSTFIX, "203.0.113.5/24", SLIP_HOST_BITS, "203.0.113.5" },
	{ MTA_POSTFIX, "[2001:db8::5]/64", SLIP_HOST_BITS, "[2001:db8::5]" },
	{ MTA_POSTFIX, "[fd00::5]/64", SLIP_HOST_BITS, "[fd00::]/64" },
	{ MTA_POSTFIX, "10.0.0.0", SLIP_NO_MASK, "10.0.0.0/8" },
	{ MTA_POSTFIX, "172.16.0.0", SLIP_NO_MASK, "172.16.0.0/16" },
	{ MTA_POSTFIX, "192.168.7.0", SLIP_NO_MASK, "192.168.7.0/24" },
	{ MTA_POSTFIX, "0.0.0.0", SLIP_UNSPECIFIED, "" },
	{ MTA_POSTFIX, "192.168.7", SLIP_SHORT, "192.168.7.0/24" },
	{ MTA_POSTFIX, "192.168.7/24", SLIP_SHORT, "192.168.7.0/24" },
	{ MTA_POSTFIX, "10.", SLIP_SHORT, "10.0.0.0/8" },
	{ MTA_POSTFIX, "127.0.0.0/8;10.0.0.0/8", SLIP_SEPARATOR, "127.0.0.0/8 10.0.0.0/8" },
	{ MTA_POSTFIX, "127.0.0.0/8[::1]/128", SLIP_SEPARATOR, "127.0.0.0/8 [::1]/128" },
	{ MTA_POSTFIX, "2001:db8::/32", SLIP_BRACKETS, "[2001:db8::]/32" },
	{ MTA_POSTFIX, "::1", SLIP_BRACKETS, "[::1]" },
	{ MTA_POSTFIX, "office.example.org", SLIP_NAME, "" },

	{ MTA_EXIM, "192.168.1.10/24", SLIP_NONE, NULL },    /* it compares the network alone */
	{ MTA_EXIM, "::1", SLIP_NONE, NULL },
	{ MTA_EXIM, "*", SLIP_NONE, NULL },
	{ MTA_EXIM, "+own_hosts", SLIP_NONE, NULL },
	{ MTA_EXIM, "@[]", SLIP_NONE, NULL },
	{ MTA_EXIM, "net24-lsearch;/etc/exim4/nets", SLIP_NONE, NULL },
	{ MTA_EXIM, "${lookup{x}}", SLIP_NONE, NULL },
	{ MTA_EXIM, "/etc/exim4/hosts", SLIP_NONE, NULL },
	{ MTA_EXIM, ":1", SLIP_COLON, "" },
	{ MTA_EXIM, "2001", SLIP_COLON, "" },
	{ MTA_EXIM, "db8:/32", SLIP_COLON, "" },
	{ MTA_EXIM, "127.0.0.1, 10.0.0.0/8", SLIP_SEPARATOR, "127.0.0.1 : 10.0.0.0/8" },
	{ MTA_EXIM, "127.0.0.1, ::1", SLIP_SEPARATOR, "" },
	{ MTA_EXIM, "127.0.0.1;10.0.0.0/8", SLIP_SEPARATOR, "127.0.0.1 : 10.0.0.0/8" },
	{ MTA_EXIM, "127.0.0.1 10.0.0.0/8", SLIP_SEPARATOR, "127.0.0.1 : 10.0.0.0/8" },
	{ MTA_EXIM, "10.0.0.0", SLIP_NO_MASK, "10.0.0.0/8" },
	{ MTA_EXIM, "192.168.7", SLIP_SHORT, "192.168.7.0/24" },
	{ MTA_EXIM, "office.example.org", SLIP_NAME, "" },

	{ MTA_SENDMAIL, "192.168.7", SLIP_NONE, NULL },
	{ MTA_SENDMAIL, "10", SLIP_NONE, NULL },
	{ MTA_SENDMAIL, "192.168.7.4", SLIP_NONE, NULL },
	{ MTA_SENDMAIL, "partner.example", SLIP_NONE, NULL },
	{ MTA_SENDMAIL, "IPv6:2001:db8", SLIP_NONE, NULL },
	{ MTA_SENDMAIL, "192.168.7.0/24", SLIP_SLASH, "192.168.7" },
	{ MTA_SENDMAIL, "10.0.0.0/8", SLIP_SLASH, "10" },
	{ MTA_SENDMAIL, "172.16.0.0/12", SLIP_SLASH, "" },
	{ MTA_SENDMAIL, "192.168.7.0", SLIP_NO_MASK, "192.168.7" },
	{ MTA_SENDMAIL, "2001:db8", SLIP_TAG, "IPv6:2001:db8" },

	{ MTA_OPENSMTPD, "192.168.7.0/24", SLIP_NONE, NULL },
	{ MTA_OPENSMTPD, "192.168.7.9/24", SLIP_NONE, NULL },
	{ MTA_OPENSMTPD, "::1", SLIP_NONE, NULL },
	{ MTA_OPENSMTPD, "192.168.7.0", SLIP_NO_MASK, "192.168.7.0/24" },
	{ MTA_OPENSMTPD, "0.0.0.0", SLIP_UNSPECIFIED, "" },
};

static void test_items(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	host_build(&f, &a, HOST);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct audit_slip slip;
		const bool is = audit_slip_in(rows[i].mta, str_of(rows[i].item), &f, &a, &slip);
		if (is != (rows[i].kind != SLIP_NONE) || slip.kind != rows[i].kind
		    || (is && strcmp(slip.meant, rows[i].meant)))
			fail_msg("%s (%s): kind %d, meant \"%s\"", rows[i].item, mta_name(rows[i].mta),
			         (int)slip.kind, slip.meant);
		assert_true(!is || slip.why[0]);
	}
	arena_fini(&a);
}

static void test_exclusions(void **state)
{
	(void)state;
	const struct str late[] = { STR("10.0.0.0/8"), STR("!10.1.0.0/16") };
	const struct str early[] = { STR("!10.1.0.0/16"), STR("10.0.0.0/8") };
	struct audit_slip slips[2];
	struct arena a = { 0 };
	assert_int_equal(audit_slips_of(MTA_POSTFIX, late, 2, NULL, &a, slips, 2), 1);
	assert_int_equal(slips[0].kind, SLIP_EXCLUDED_LATE);
	assert_string_equal(slips[0].item, "!10.1.0.0/16");
	assert_int_equal(audit_slips_of(MTA_POSTFIX, early, 2, NULL, &a, slips, 2), 0);
	assert_int_equal(audit_slips_of(MTA_POSTFIX, late, 2, NULL, &a, slips, 0), 0);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_exclusions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
