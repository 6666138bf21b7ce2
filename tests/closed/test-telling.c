/* SPDX-License-Identifier: ISC
 *
 * Which line of a mail server's log tells why; and what of it says that nobody gets TLS.
 */
#include "test.h"

#include "closed/server.h"
#include "closed/telling.h"

#define TIME "<22>Nov 28 18:34:41 "
#define TEN "0123456789"
#define FAR TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define POSTFIX TIME "mail postfix/"

static const struct {
	const char *label, *log, *of_all, *of_tls;       /* NULL: nothing */
} rows[] = {
	{ "nothing", "", NULL, NULL },
	{ "empty lines", "\n \r\n", NULL, NULL },
	{ "where it stopped", POSTFIX "master[7]: daemon started\n" POSTFIX "smtpd[8]: connect from x\n",
	  "postfix/smtpd: connect from x", NULL },
	{ "fatal before a warning, the first of two", POSTFIX "smtpd[8]: warning: old\n"
	  POSTFIX "smtpd[8]: fatal: open database /a.db: No such file\n" POSTFIX "smtpd[9]: fatal: again\n"
	  POSTFIX "master[7]: warning: process smtpd exit status 1\n",
	  "postfix/smtpd: fatal: open database /a.db: No such file", NULL },
	{ "of TLS", POSTFIX "smtpd[8]: fatal: out of memory\n"
	  POSTFIX "smtpd[8]: warning: cannot get RSA certificate from file \"/a\": disabling TLS support\n",
	  "postfix/smtpd: fatal: out of memory",
	  "postfix/smtpd: warning: cannot get RSA certificate from file \"/a\": disabling TLS support" },
	{ "Exim's own time", "2026-11-28 18:34:41 TLS error on connection from x: Error while reading file.\n"
	  "2026-11-28 18:34:42 rejected RCPT <a@b>: relay not permitted\n",
	  "TLS error on connection from x: Error while reading file.",
	  "TLS error on connection from x: Error while reading file." },
	{ "Sendmail", TIME "sendmail[9]: NOQUEUE: SYSERR(root): No local mailer defined\n",
	  "sendmail: NOQUEUE: SYSERR(root): No local mailer defined", NULL },
	{ "without a time", "/etc/smtpd.conf:3: syntax error\n", "/etc/smtpd.conf:3: syntax error", NULL },
	{ "it goes on in the next line", "Warning: purging the environment.\n"
	  "2026-11-28 18:34:41 Exim configuration error in line 21 of /etc/exim4/exim4.conf:\n"
	  "  \"x\" is not a known configuration section name\n",
	  "Exim configuration error in line 21 of /etc/exim4/exim4.conf: "
	  "\"x\" is not a known configuration section name", NULL },
	{ "another one is another", POSTFIX "smtpd[8]: warning: x:\n" POSTFIX "smtpd[8]: warning: y\n",
	  "postfix/smtpd: warning: x:", NULL },
	{ "nothing but noise",
	  "Warning: purging the environment.\n Suggested action: use keep_environment.\n", NULL, NULL },
	{ "brackets of the message are no number",
	  "error [of] " FAR "[9]: x\n", "error [of] " FAR "[9]: x", NULL },
};

static void the_line_that_tells_the_most(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int tls = 0; tls < 2; tls++) {
			struct buf line = { 0 };
			const char *want = tls ? rows[i].of_tls : rows[i].of_all;
			bool found = closed_telling(str_of(rows[i].log), tls, &line) !=
			             CLOSED_TELLS_NOTHING;
			if (found != (want != NULL) || strcmp(buf_cstr(&line), want ? want : ""))
				fail_msg("%s: %s", rows[i].label, buf_cstr(&line));
			buf_fini(&line);
		}
}

static void the_last_line_is_no_reason(void **state)
{
	(void)state;
	struct buf line = { 0 };
	const struct str log = STR(POSTFIX "smtpd[8]: disconnect from x starttls=0/1\n");
	assert_int_equal(closed_telling(log, true, &line), CLOSED_TELLS_LAST);
	buf_fini(&line);
}

static void a_long_line_is_cut(void **state)
{
	(void)state;
	struct buf log = { 0 }, line = { 0 };
	for (int i = 0; i < 1000; i++)
		buf_add_cstr(&log, "fatal \xc3\xa4");
	assert_int_equal(closed_telling(buf_str(&log), false, &line), CLOSED_TELLS_WHY);
	assert_true(line.n <= CLOSED_TELLING_MAX && line.n > CLOSED_TELLING_MAX - 2);
	buf_fini(&log);
	buf_fini(&line);
}

static void a_server_whose_tls_is_broken_says_so_itself(void **state)
{
	(void)state;
	static const struct {
		const char *log;
		bool gone;
	} logs[] = {
		{ TIME "smtpd[9]: debug: SSL library error: io_dispatch_accept_tls:SSL_accept: "
		  "error:020000B3:rsa routines::missing private key\n", true },
		{ TIME "smtpd[9]: debug: SSL library error: io_dispatch_accept_tls:SSL_accept: "
		  "error:0800007D:elliptic curve routines::missing private key\n", true },
		{ TIME "smtpd[9]: debug: SSL library error: io_dispatch_accept_tls:SSL_accept: "
		  "error:0A0000C1:SSL routines::no shared cipher\n", false },
		{ TIME "smtpd[9]: 33451dc48a12c1a2 smtp failed-command command=\"missing private key\"\n",
		  false },
		{ "", false },
	};
	const struct closed_server *server = closed_server_of(MTA_OPENSMTPD);
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		assert_int_equal(server->tls_gone(str_of(logs[i].log)) != NULL, logs[i].gone);
	assert_null(closed_server_of(MTA_POSTFIX)->tls_gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_that_tells_the_most),
		cmocka_unit_test(the_last_line_is_no_reason),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_server_whose_tls_is_broken_says_so_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
