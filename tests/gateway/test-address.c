/* SPDX-License-Identifier: ISC
 *
 * Kinds of address, and the one spelling of a domain.
 */
#include "test.h"

#include "gateway/address.h"

enum { NIL = GATEWAY_ADDRESS_NULL, POSTMASTER = GATEWAY_ADDRESS_POSTMASTER,
       PLAIN = GATEWAY_ADDRESS_PLAIN, ODD = GATEWAY_ADDRESS_ODD, ROUTED = GATEWAY_ADDRESS_ROUTED };

static const struct { const char *path; int kind; const char *local, *domain; } rows[] = {
	{ "<>", NIL, "", "" },
	{ "<postmaster>", POSTMASTER, "", "" }, { "<PostMaster>", POSTMASTER, "", "" },
	{ "<a@b.example>", PLAIN, "a", "b.example" }, { "<A.B@B.Example>", PLAIN, "A.B", "b.example" },
	{ "<a+tag@b.example>", PLAIN, "a+tag", "b.example" },
	{ "<o'neil@b.example>", PLAIN, "o'neil", "b.example" },
	{ "<bounce=a=c.example@b.example>", PLAIN, "bounce=a=c.example", "b.example" },
	{ "<\xd0\xb8@b.example>", PLAIN, "\xd0\xb8", "b.example" },
	{ "<a@\xd0\xb8.example>", PLAIN, "a", "xn--h1a.example" },
	{ "<a@XN--H1A.example>", PLAIN, "a", "xn--h1a.example" },
	/* odd at a name */
	{ "<a%c.example@b.example>", ODD, "a%c.example", "b.example" },
	{ "<c.example!a@b.example>", ODD, "c.example!a", "b.example" },
	{ "<\"a\"@b.example>", ODD, "\"a\"", "b.example" },
	{ "<\"a@c.example\"@b.example>", ODD, "\"a@c.example\"", "b.example" },
	{ "<\"|sh\"@b.example>", ODD, "\"|sh\"", "b.example" },
	{ "<|sh@b.example>", ODD, "|sh", "b.example" },
	{ "</etc/x@b.example>", ODD, "/etc/x", "b.example" },
	{ "<-f@b.example>", ODD, "-f", "b.example" }, { "<a*@b.example>", ODD, "a*", "b.example" },
	{ "<$a@b.example>", ODD, "$a", "b.example" }, { "<`a`@b.example>", ODD, "`a`", "b.example" },
	{ "<\"\"@b.example>", ODD, "\"\"", "b.example" },
	/* where to, and not whose */
	{ "<@c.example:a@b.example>", ROUTED, "", "" },
	{ "<@c.example,@d.example:a@b.example>", ROUTED, "", "" },
	{ "<a@[192.0.2.1]>", ROUTED, "", "" }, { "<a@[IPv6:2001:db8::1]>", ROUTED, "", "" },
	{ "<postmaster@[192.0.2.1]>", ROUTED, "", "" }, { "<a@[x:y]>", ROUTED, "", "" },
	/* full-width "@", ">", "<", "/", ":", and a space that does not break: no name as A-labels */
	{ "<a@c\xef\xbc\xa0" "b.example>", ROUTED, "", "" },
	{ "<a@b\xef\xbc\x9e" "c.example>", ROUTED, "", "" },
	{ "<a@b\xef\xbc\x9c" "c.example>", ROUTED, "", "" },
	{ "<a@b\xef\xbc\x8f" "c.example>", ROUTED, "", "" },
	{ "<a@b\xef\xbc\x9a" "c.example>", ROUTED, "", "" },
	{ "<a@b\xc2\xa0" "c.example>", ROUTED, "", "" },
	/* but its full stop is one */
	{ "<a@b\xef\xbc\x8e" "example>", PLAIN, "a", "b.example" },
};

static struct mail_path parsed(const char *text)
{
	struct mail_path path;
	struct parse_error pe;
	size_t used;
	unsigned flags = MAIL_PATH_NULL_OK | MAIL_PATH_POSTMASTER_OK | MAIL_PATH_UTF8_OK;
	CHECK_ROW(text, mail_path_parse(str_of(text), flags, &path, &used, &pe) == ERR_OK);
	return path;
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail_path path = parsed(rows[i].path);
		struct gateway_address address;
		gateway_address_of(&path, &address);
		CHECK_ROW(rows[i].path, (int)address.kind == rows[i].kind);
		CHECK_ROW(rows[i].path, str_eq(address.local, str_of(rows[i].local)));
		CHECK_ROW(rows[i].path, strcmp(address.domain, rows[i].domain) == 0);
	}
}

static const struct { const char *path; bool role; } roles[] = {
	{ "<postmaster>", true }, { "<POSTMASTER@b.example>", true }, { "<Abuse@b.example>", true },
	{ "<abuse+x@b.example>", false }, { "<\"abuse\"@b.example>", false }, { "<>", false },
	{ "<abuse@[192.0.2.1]>", false }, { "<abuser@b.example>", false },
	{ "<abuse%c.example@b.example>", false },
};

static void test_roles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct mail_path path = parsed(roles[i].path);
		struct gateway_address address;
		gateway_address_of(&path, &address);
		CHECK_ROW(roles[i].path, gateway_address_is_role(&address) == roles[i].role);
	}
}

/* A byte that is not in the set by chance of a C string's end. */
static void test_bytes(void **state)
{
	(void)state;
	assert_false(gateway_local_is_plain((struct str){ "a\0b", 3 }));
	assert_false(gateway_local_is_plain(STR("")));
	assert_false(gateway_local_is_plain(STR("a\x7f")));
	assert_true(gateway_local_is_plain(STR("a-")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_roles),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
