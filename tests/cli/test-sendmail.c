/* SPDX-License-Identifier: ISC
 *
 * portreeve sendmail, and a server at a unix socket that says what a row tells it to. The message
 * is an empty one; all else that programs do is in test_sendmail.py.
 */
#include "program.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

static int listening;

static int begin(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "gateway.sock" };
	(void)state;
	program_begin("");
	char here[200], configuration[300];
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(configuration, sizeof(configuration),
	         "gateway { local_socket = \"%s/gateway.sock\" }\n", here);
	program_configure(configuration);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (const struct sockaddr *)&at, sizeof(at)), 0);
	return listen(listening, 4);
}

static int end(void **state)
{
	(void)state;
	close(listening);
	program_end();
	return 0;
}

/* Says the first of the replies at once, each other one to a line, or to the end of a text; then
 * hangs up. What it heard is in the file "heard". */
static void serve(const char *replies)
{
	struct str rest = str_of(replies), reply;
	char line[4096];
	FILE *in = fdopen(accept(listening, NULL, NULL), "r+"), *heard = fopen("heard", "w");
	bool text = false;
	while (in && heard && str_token(&rest, "|", &reply)) {
		fprintf(in, "%.*s\r\n", STR_ARG(reply));
		fflush(in);
		const bool more = str_prefix(reply, STR("250-"));
		text = str_prefix(reply, STR("354"));
		while (!more && fgets(line, sizeof(line), in)) {
			fputs(line, heard);
			if (!text || strcmp(line, ".\r\n") == 0)
				break;
		}
	}
	fclose(heard);
	_exit(0);
}

static void test_dialogues(void **state)
{
	(void)state;
#define HELLO "220 gw.test ESMTP|250-gw.test|250-SIZE 1000|250 DSN|"
	static const struct {
		const char *line, *replies;
		int code;
		const char *err, *heard;
	} rows[] = {
		{ "sendmail -f a@b.test c@d.test", HELLO "250 ok|250 ok|354 go|250 2.0.0 ok|221 bye",
		  EX_OK, NULL, "RCPT TO:<c@d.test>\r\nDATA\r\nFrom: " },
		{ "sendmail -N never -R full -V x+ -f a c", HELLO "250 ok|250 ok|354 go|250 ok|221 bye",
		  EX_OK, NULL, "RET=FULL ENVID=x+2B\r\nRCPT TO:<c@gw.test> NOTIFY=NEVER\r\n" },
		{ "sendmail -f a@b.test c@d.test e@f.test", HELLO "250 ok|550 5.1.1 who?|250 ok|221 bye",
		  EX_NOUSER, "c@d.test: \"550 5.1.1 who?\"", "RCPT TO:<e@f.test>\r\nQUIT\r\n" },
		{ "sendmail -f a@b.test c@d.test", HELLO "530 5.7.0 who?|221 bye", EX_NOPERM,
		  "has no account", "\r\nQUIT\r\n" },
		{ "sendmail c@d.test", HELLO "550 5.7.1 not yours|221 bye", EX_NOPERM,
		  "gives an account the address ", "\r\nQUIT\r\n" },
		{ "sendmail c@d.test", HELLO "250 ok|250 ok|354 go|452 4.3.1 full|221 bye", EX_TEMPFAIL,
		  "\"452 4.3.1 full\"", "\r\n.\r\nQUIT\r\n" },
		{ "sendmail c@d.test", HELLO "250 ok|250 ok", EX_TEMPFAIL,
		  "the gateway closed the connection", "RCPT TO" },
		{ "sendmail c@d.test", "421 4.3.2 down", EX_TEMPFAIL, "\"421 4.3.2 down\"", "" },
		{ "sendmail -t", HELLO "221 bye", EX_USAGE, "expected a recipient in To, Cc or Bcc",
		  "QUIT" },
		{ "sendmail -f a@b> c@d.test", HELLO "221 bye", EX_USAGE, "-f: expected an address",
		  "QUIT" },
		{ "sendmail \xc3\xbc@d.test", HELLO "221 bye", EX_UNAVAILABLE,
		  "takes no message of this kind", "QUIT" },
		{ "sendmail a b c d", "220 gw.test ESMTP|250-gw.test|250 LIMITS RCPTMAX=3|221 bye",
		  EX_USAGE, "expected at most 3 recipients, as the gateway takes, found 4", "QUIT" },
		{ "sendmail -bs", "250-gw.test", EX_OK, NULL, "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const bool through = strcmp(rows[i].line, "sendmail -bs") == 0;
		const pid_t server = fork();
		assert_true(server >= 0);
		if (server == 0)
			serve(rows[i].replies);
		program_check(rows[i].line, rows[i].code, through ? "250-gw.test" : NULL,
		              rows[i].err);
		assert_int_equal(program_wait(server), 0);
		struct buf heard = program_file("heard");
		CHECK_ROW(rows[i].line, str_search(buf_str(&heard), str_of(rows[i].heard)) !=
		          SIZE_MAX);
		buf_fini(&heard);
	}
}

static void test_without_a_server(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "sendmail --socket none.sock a@b.test", EX_TEMPFAIL, NULL, "none.sock: expected the" },
		{ "sendmail -bp", EX_NOINPUT, NULL, "portreeve: queue: state directory" },
		{ "sendmail -bi", EX_OK, NULL, NULL },
		{ "sendmail -bd", EX_USAGE, NULL, "expected no server to be started here" },
		{ "sendmail -bv a@b.test", EX_USAGE, NULL, "expected a message to be sent" },
		{ "sendmail -bz", EX_USAGE, NULL, "\"z\": expected -bm, -bs or -bp" },
		{ "sendmail -q", EX_USAGE, NULL, "portreeve queue flush" },
		{ "sendmail -N x", EX_USAGE, NULL, "expected never, or some of" },
		{ "sendmail -R x", EX_USAGE, NULL, "expected full or hdrs" },
		{ "sendmail -x", EX_USAGE, NULL, "\"-x\": expected an option" },
		{ "sendmail -f", EX_USAGE, NULL, "-f: expected an argument" },
	};
	program_story(rows, sizeof(rows) / sizeof(*rows));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues), cmocka_unit_test(test_without_a_server),
	};
	if (argc > 1)
		return program_main(argc, argv);
	return cmocka_run_group_tests(tests, begin, end);
}
