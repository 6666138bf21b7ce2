/* SPDX-License-Identifier: ISC
 *
 * The commands that need no role and no network: each row is a process, and what it says and ends
 * with. The rows of one story share a state directory.
 */
#include "program.h"

#include "test.h"

#include "base/file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define STORY(rows) program_story(rows, sizeof(rows) / sizeof(*(rows)))

static const char spam[] =
	"Received: from relay.isp-lab.net (relay.isp-lab.net [198.51.100.25])\r\n"
	"\tby mx.ours.test (Postfix) with ESMTP id 1 for <zq@ours.test>;\r\n"
	"\tSat, 21 Nov 2026 10:00:00 +0000\r\n"
	"From: =?utf-8?b?SsO8cmdlbg==?= <a@b.test>\r\nSubject: spam\r\n\r\nhi\r\n";

static int begin(void **state)
{
	(void)state;
	program_begin("tester {\n  ports = {25, 587}\n  collector = \"127.0.0.1:1\"\n}\n");
	assert_int_equal(file_write("spam.eml", STR(spam), 0644), ERR_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	program_end();
	return 0;
}

/* ---- consent ------------------------------------------------------------------------ */

static void test_permits(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "permit list", EX_NOINPUT, NULL, "state/portreeve.db: expected a database" },
		{ "permit add 192.0.2.0/24 --consent range --by me --until 2099-12-31", EX_OK,
		  "192.0.2.0/24: permitted, consent \"range\" by me", NULL },
		{ "permit add 192.0.2.0/24 --consent range --by me", EX_CANTCREAT, NULL,
		  "that range has a permit already" },
		{ "permit add 192.0.2.999 --consent range --by me", EX_USAGE, NULL,
		  "\"192.0.2.999\": expected an address or address/length" },
		{ "permit add 192.0.2.1 --consent x --by me", EX_USAGE, NULL,
		  "\"x\": expected owner, contact, evidence or range" },
		{ "permit add 192.0.2.1 --consent evidence --by me", EX_NOPERM, NULL,
		  "tester.trusted_submitters" },
		{ "permit list", EX_OK, "2099-12-31 00:00:00\n", NULL },
		{ "permit list --json", EX_OK, "\"until\":\"2099-12-31T00:00:00Z\"}\n", NULL },
		{ "permit remove 192.0.2.0/24", EX_OK, "no longer permitted", NULL },
		{ "permit list --json", EX_OK, NULL, NULL },
		{ "permit list", EX_OK, "nothing is permitted", NULL },
		{ "exclude add 192.0.2.9 --why asked --by me", EX_OK, "it is never tested", NULL },
		{ "exclude list", EX_OK, "  asked\n", NULL },
		{ "exclude list --json", EX_OK,
		  "{\"range\":\"192.0.2.9\",\"by\":\"me\",\"why\":\"asked\",", NULL },
		{ "exclude remove 192.0.2.9", EX_OK, "no longer excluded", NULL },
		{ "exclude list --json", EX_OK, NULL, NULL },
	};
	STORY(rows);
}

static void test_no_test_without_consent(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "nominate 192.0.2.1 --reason spam --json", EX_OK,
		  "\"consent\":\"none\",\"excluded\":false,\"tests\":[]}", NULL },
		{ "nominate 192.0.2.1 --reason spam", EX_OK, "nobody has consented", NULL },
		{ "test 192.0.2.1", EX_NOPERM, NULL, "192.0.2.1:587: refused: no consent" },
		{ "scan 192.0.2.0/30 --port 25", EX_NOPERM, NULL, "4 targets, 4 not permitted" },
		{ "test a..b", EX_USAGE, NULL, "expected an IPv4 or IPv6 address, or a host name" },
		{ "list tests --json", EX_OK, NULL, NULL },
		{ "list tests", EX_OK, "\n", NULL },
		{ "list nominations", EX_OK, "192.0.2.1", NULL },
	};
	STORY(rows);
}

static void test_nominations(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "permit add 192.0.2.0/24 --consent range --by me", EX_OK, "permitted", NULL },
		{ "exclude add 192.0.2.9 --why asked --by me", EX_OK, "excluded", NULL },
		{ "nominate 192.0.2.9 --reason spam", EX_NOPERM, "no test runs: it is excluded",
		  "192.0.2.9 is excluded by me" },
		{ "nominate 192.0.2.1 --reason spam --by me --message spam.eml", EX_OK,
		  "192.0.2.1: nominated, consent \"range\" by me\n  port 25: test ", NULL },
		{ "nominate 192.0.2.1 --reason spam --json", EX_OK, "\"outcome\":\"pending\"}]}\n",
		  NULL },
		{ "nominate 192.0.2.1 --reason spam --message none.eml", EX_NOINPUT, NULL,
		  "none.eml: " },
		{ "list nominations --json", EX_OK, "\"message\":true", NULL },
		{ "list tests 192.0.2.1", EX_OK, "192.0.2.1:587  queued  none     nominated", NULL },
		{ "list tests 192.0.2.1 --limit 1 --json", EX_OK,
		  "\"state\":\"queued\",\"verdict\":\"none\",\"reason\":\"nominated\"", NULL },
		{ "list tests 192.0.2.2 --json", EX_OK, NULL, NULL },
	};
	STORY(rows);
}

/* ---- the list -------------------------------------------------------------------------- */

static void test_operators_word(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "list", EX_NOINPUT, NULL, "state/portreeve.db: expected a database" },
		{ "list add 192.0.2.3 --why seen --by me --json", EX_OK,
		  "{\"address\":\"192.0.2.3\",\"listed\":true}\n", NULL },
		{ "list add 192.0.2.3 --why seen --by me", EX_CANTCREAT, NULL, "listed already" },
		{ "list", EX_OK, "by the operator's word: seen\n", NULL },
		{ "list --json", EX_OK, "\"by_operator\":true,\"proofs\":[]}\n", NULL },
		{ "list --undecided", EX_OK, "nothing listed is undecided", NULL },
		{ "list agree 192.0.2.3", EX_NOINPUT, NULL, "expected an output" },
		{ "list bogus", EX_USAGE, NULL, "\"bogus\": expected listings, tests," },
		{ "retest 192.0.2.3", EX_NOPERM, NULL, "no consent" },
		{ "permit add 192.0.2.3 --consent owner --by me", EX_OK, "permitted", NULL },
		{ "retest 192.0.2.3 --by me", EX_OK, "192.0.2.3: 1 test queued", NULL },
		{ "retest 192.0.2.77", EX_NOINPUT, NULL, "expected a listed address" },
		{ "evidence show 192.0.2.3", EX_NOINPUT, NULL, "of which there is evidence" },
		{ "delist 192.0.2.3 --why wrong --by me", EX_OK, "delisted by the operator's word",
		  NULL },
		{ "delist 192.0.2.3 --why wrong", EX_NOINPUT, NULL, "expected a listed address" },
		{ "list --json", EX_OK, NULL, NULL },
		{ "list journal 192.0.2.3", EX_OK, "me   wrong\n", NULL },
		{ "list journal --json", EX_OK, "\"action\":\"delist\",\"subject\":\"192.0.2.3\"",
		  NULL },
		{ "list outputs", EX_OK, "no outputs of multi-hop relays", NULL },
		{ "list returns", EX_OK, "nothing came back", NULL },
	};
	STORY(rows);
}

/* ---- the state directory's other things -------------------------------------------------- */

static void check_mode(const char *path, mode_t forbidden)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & forbidden, 0);
}

static void test_keys(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "keys list", EX_NOINPUT, NULL, "state" },
		{ "keys rotate", EX_OK, "a new token key was made", NULL },
		{ "keys rotate", EX_OK, "a new token key was made", NULL },
		{ "keys list --json", EX_OK, "\"signs\":true}\n", NULL },
		{ "keys list", EX_OK, "makes and verifies tokens\n", NULL },
		{ "keys export key.pem", EX_OK, NULL, NULL },
		{ "keys export key.pem", EX_CANTCREAT, "", "--force replaces it" },
		{ "keys export key.pem --force", EX_OK, NULL, NULL },
		{ "keys bogus", EX_USAGE, NULL, "\"bogus\": expected list, rotate, export or witness" },
		{ "evidence verify spam.eml", EX_DATAERR, NULL, "not an evidence bundle" },
		{ "keys export", EX_OK, "-----BEGIN PUBLIC KEY-----\n", NULL },
	};
	STORY(rows);
	struct buf shown = program_file("out"), kept = program_file("key.pem");
	assert_true(str_eq(buf_str(&shown), buf_str(&kept)));
	buf_fini(&shown);
	buf_fini(&kept);
	check_mode("state", 0007);
	check_mode("state/keys", 0077);
}

static void test_upkeep(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "list add 192.0.2.3 --why seen --by me", EX_OK, "listed", NULL },
		{ "backup copy.db", EX_OK, "copy.db: written and verified\n", NULL },
		{ "backup copy.db", EX_CANTCREAT, NULL, "expected a file that does not exist" },
		{ "backup other.db --json", EX_OK, "{\"file\":\"other.db\",\"verified\":true}\n",
		  NULL },
		{ "expire --dry-run", EX_OK, "would remove 0 tests, 0 bundles of evidence", NULL },
		{ "expire --json", EX_OK,
		  "{\"dry_run\":false,\"tests\":0,\"evidence\":0,\"returns\":0,\"requests\":0}\n",
		  NULL },
		{ "clock", EX_OK, "steady: the clock says ", NULL },
		{ "clock accept", EX_OK, "accepted: it is ", NULL },
		{ "clock --json", EX_OK, "{\"state\":\"steady\",", NULL },
	};
	STORY(rows);
	assert_int_equal(access("copy.db", R_OK), 0);
}

static void test_configuration(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "config check", EX_OK, "the configuration is good\n", NULL },
		{ "config check --json", EX_OK, "{\"good\":true}\n", NULL },
		{ "config show --json", EX_OK, "\"ports\":[25,587]", NULL },
		{ "config manual", EX_OK, ".SS \"Top level\"\n", NULL },
		{ "config show", EX_OK, "ports = {25, 587}", NULL },
	};
	STORY(rows);
	/* What is shown is a configuration, and the same one. */
	struct buf first = program_file("out");
	assert_int_equal(file_write("conf", buf_str(&first), 0644), ERR_OK);
	program_check("config show", EX_OK, "ports = {25, 587}", NULL);
	struct buf second = program_file("out");
	assert_true(str_eq(buf_str(&first), buf_str(&second)));
	buf_fini(&first);
	buf_fini(&second);
	program_configure("tester { rate = fast }\n");
	program_check("config check", EX_CONFIG, NULL, "tester.rate: expected a number");
	program_check("list", EX_CONFIG, NULL, "tester.rate: expected a number");
}

/* ---- messages --------------------------------------------------------------------------- */

static void test_trace(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "trace --own-host *.ours.test spam.eml", EX_OK,
		  "Handover         198.51.100.25, sure: our border took it from there\n", NULL },
		{ "trace --own-host *.ours.test --json spam.eml", EX_OK,
		  "\"handover\":\"198.51.100.25\",\"origin\":\"198.51.100.25\"", NULL },
		{ "trace --own-host *.ours.test --svg chain.svg spam.eml", EX_OK, "chain none",
		  NULL },
		{ "trace --own-host *.ours.test none.eml", EX_NOINPUT, NULL, "none.eml" },
		{ "trace --own-net x spam.eml", EX_USAGE, NULL, "\"x\": expected" },
		{ "trace learn spam.eml", EX_DATAERR, NULL, "expected messages that you sent" },
	};
	STORY(rows);
	struct buf svg = program_file("chain.svg");
	assert_true(str_search(buf_str(&svg), STR("<svg ")) != SIZE_MAX);
	assert_true(str_search(buf_str(&svg), STR("198.51.100.25")) != SIZE_MAX);
	buf_fini(&svg);
}

/* The id of the report that the last command showed as JSON. */
static void take_id(char id[static 16])
{
	struct buf text = program_file("out");
	assert_int_equal(sscanf(buf_cstr(&text), "{\"id\":\"%15[a-z0-9]\"", id), 1);
	buf_fini(&text);
}

static void test_reports(void **state)
{
	(void)state;
	char id[16], line[64];
#define MAKE "report spam.eml --own-host *.ours.test --to abuse@isp-lab.net "
	static const struct program_row rows[] = {
		{ MAKE "--dry-run", EX_OK, "To: <abuse@isp-lab.net>\nSubject: FW: spam\n",
		  "nothing was kept or sent" },
		{ "report list", EX_OK, "no reports\n", NULL },
		{ "report bounce spam.eml", EX_DATAERR, NULL, "expected a bounce" },
		{ "report show 1", EX_NOINPUT, NULL, "expected the id of a report" },
		{ MAKE "--make --json", EX_OK, "\"state\":\"made\",\"source\":\"198.51.100.25\"",
		  NULL },
	};
	STORY(rows);
	take_id(id);
	program_check("report list", EX_OK, id, NULL);
	snprintf(line, sizeof(line), "report show %s", id);
	program_check(line, EX_OK, "abuse@isp-lab.net", NULL);
	snprintf(line, sizeof(line), "report close %s --why done", id);
	program_check(line, EX_OK, id, NULL);
	program_check("report list --json", EX_OK, "\"state\":\"closed\"", NULL);
}

/* ---- what is no command ----------------------------------------------------------------- */

static void test_dispatch(void **state)
{
	(void)state;
	static const struct program_row rows[] = {
		{ "--help", EX_OK, "  permit     who consented to tests", NULL },
		{ "--version", EX_OK, "portreeve " PORTREEVE_VERSION "\n", NULL },
		{ "bogus", EX_USAGE, NULL, "\"bogus\": expected a command" },
		{ "role tester", EX_USAGE, NULL, "expected to be started by \"portreeve run\"" },
		{ "list --help", EX_OK, "Usage: portreeve list [listings|tests|", NULL },
		{ "run --help", EX_OK, "Usage: portreeve run ", NULL },
		{ "run --bogus", EX_USAGE, NULL, "\"--bogus\": expected -c FILE or --state DIR" },
		{ "list --bogus", EX_USAGE, NULL, "--bogus" },
		{ "delist", EX_USAGE, NULL, "expected" },
	};
	STORY(rows);
}

#define IN_A_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(int argc, char **argv)
{
	if (argc > 1)
		return program_main(argc, argv);
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(test_permits), IN_A_DIRECTORY(test_no_test_without_consent),
		IN_A_DIRECTORY(test_nominations), IN_A_DIRECTORY(test_operators_word),
		IN_A_DIRECTORY(test_keys), IN_A_DIRECTORY(test_upkeep),
		IN_A_DIRECTORY(test_configuration), IN_A_DIRECTORY(test_trace),
		IN_A_DIRECTORY(test_reports), IN_A_DIRECTORY(test_dispatch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
