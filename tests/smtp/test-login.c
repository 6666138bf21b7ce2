/* SPDX-License-Identifier: ISC
 *
 * What a client says to log in, for what a server offers.
 */
#include "test.h"

#include "base/err.h"
#include "smtp/client.h"
#include "smtp/login.h"

#include <stdlib.h>

/* A password of n bytes. */
static struct str long_password(size_t n)
{
	static char room[4096];
	assert_true(n <= sizeof(room));
	memset(room, 'x', n);
	return (struct str){ room, n };
}

static void test_exchange(void **state)
{
	(void)state;
	static const struct {
		const char *ehlo;              /* the lines behind the first */
		const char *said[5];           /* the command, then the answer to each 334 */
	} rows[] = {
		{ "AUTH PLAIN", { "AUTH PLAIN AGpvZQBzZWNyZXQ=", "*", NULL } },
		{ "AUTH LOGIN PLAIN", { "AUTH PLAIN AGpvZQBzZWNyZXQ=", "*", NULL } },
		{ "auth login plain", { "AUTH PLAIN AGpvZQBzZWNyZXQ=", "*", NULL } },
		{ "AUTH CRAM-MD5 LOGIN", { "AUTH LOGIN", "am9l", "c2VjcmV0", "*", NULL } },
		{ "AUTH=LOGIN", { "AUTH LOGIN", "am9l", "c2VjcmV0", "*", NULL } },
		{ "AUTH CRAM-MD5\nAUTH=LOGIN", { "AUTH LOGIN", "am9l", "c2VjcmV0", "*", NULL } },
		{ "AUTH", { NULL } },
		{ "AUTH CRAM-MD5 DIGEST-MD5 NTLM GSSAPI XOAUTH2", { NULL } },
		{ "AUTH XPLAIN PLAINX LOGINS PLAIN-LOGIN", { NULL } },
		{ "PLAIN LOGIN", { NULL } },
		{ "XAUTH PLAIN", { NULL } },
		{ "", { NULL } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct smtp_login l = { .user = STR("joe"), .password = STR("secret") };
		struct smtp_client *c = smtp_client_create(NULL);
		struct smtp_client_event ev;
		struct buf in = { 0 }, line = { 0 };
		buf_add_cstr(&in, "220 x\r\n250-x\r\n");
		struct str rest = str_of(rows[i].ehlo), offer;
		while (str_token(&rest, "\n", &offer))
			buf_printf(&in, "250-%.*s\r\n", STR_ARG(offer));
		buf_add_cstr(&in, "250 HELP\r\n");
		assert_int_equal(smtp_client_command(c, SMTP_EHLO, 0, STR("EHLO x")), ERR_OK);
		smtp_client_input(c, buf_str(&in));
		while (smtp_client_next(c, &ev))
			;
		unsigned extensions = smtp_client_extensions(c);
		const char *const *said = rows[i].said;
		CHECK_ROW(rows[i].ehlo, smtp_login_offered(extensions) == (*said != NULL));
		if (*said)
			smtp_login_begin(&l, extensions, &line);
		for (bool more = *said; more; more = smtp_login_answer(&l, &line)) {
			CHECK_ROW(rows[i].ehlo, *said && strcmp(buf_cstr(&line), *said) == 0);
			buf_clear(&line);
			said++;
		}
		CHECK_ROW(rows[i].ehlo, *said == NULL);
		buf_fini(&in);
		buf_fini(&line);
		smtp_client_destroy(c);
	}
}

/* The command has 512 octets with CRLF: what is longer waits for the 334. */
static void test_initial_response_fits(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 1024; n++) {
		struct smtp_login l = { .user = STR("joe"), .password = long_password(n) };
		struct buf line = { 0 }, answer = { 0 };
		smtp_login_begin(&l, SMTP_EXT_AUTH | SMTP_EXT_AUTH_PLAIN, &line);
		bool initial = strlen("AUTH PLAIN ") + (n + 5 + 2) / 3 * 4 + 2 <= 512;
		assert_int_equal(line.n > strlen("AUTH PLAIN"), initial);
		assert_true(line.n + 2 <= 512);
		assert_true(smtp_login_answer(&l, &answer));
		assert_int_equal(strcmp(buf_cstr(&answer), "*") == 0, initial);
		buf_fini(&line);
		buf_fini(&answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_initial_response_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
