/* SPDX-License-Identifier: ISC
 *
 * portreeve test: is this host an open relay? One test an address and port, now, in front of
 * the user.
 */
#include "cli/commands.h"
#include "cli/hosts.h"
#include "cli/testing.h"
#include "cli/wordtest.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* Every address and every port is tested on its own. *refusal: why not, as an exit code. */
static int start_all(struct testing *t, const struct hosts *l, int *refusal)
{
	const struct config_ports *ports = &t->cli->settings.tester.ports;
	for (size_t i = 0; i < l->n; i++) {
		for (size_t p = 0; p < ports->n; p++) {
			struct endpoint target = { .ip = l->ips[i], .port = ports->v[p] };
			char why[200], text[ENDPOINT_TEXT_MAX];
			enum testing_refusal r = testing_start(t, &target, why, sizeof(why));
			if (r == TESTING_STARTED)
				continue;
			if (r == TESTING_FAILED)
				return EX_IOERR;
			bool later = r == TESTING_BUSY || r == TESTING_TOO_SOON;
			int code = later ? EX_TEMPFAIL : EX_NOPERM;
			cli_fail(t->cli, code, "%s: refused: %s", endpoint_format(&target, text),
			         r == TESTING_BUSY ? "a test of it is under way" : why);
			if (*refusal != EX_NOPERM)
				*refusal = code;
		}
	}
	return CLI_GO;
}

/* All names first, so that a wrong one leaves no test half done. */
static int test_run(struct testing *t, struct hosts *found)
{
	int code = CLI_GO, refusal = CLI_GO;
	for (size_t i = 0; i < t->cli->operand_count && code == CLI_GO; i++)
		code = cli_hosts(t->cli, t->loop, t->resolver, t->cli->operands[i], &found[i]);
	for (size_t i = 0; i < t->cli->operand_count && code == CLI_GO; i++)
		code = start_all(t, &found[i], &refusal);
	if (code != CLI_GO)
		return code;
	testing_run(t);
	if ((code = testing_check_collector(t, tester_active(t->tester))) != CLI_GO)
		return code;
	return refusal != CLI_GO && !t->open ? refusal : testing_exit_code(t);
}

int cli_test(int argc, char **argv)
{
	struct testing_options o = { 0 };
	const char *word = NULL;
	const struct cli_option options[] = {
		TESTING_OPTIONS(o),
		{ .name = "word", .argument = "WORD", .value = &word,
		  .help = "ask no form: only say this word of \"portreeve witness\"" } };
	const struct cli_spec spec = {
		.name = "test",
		.synopsis =
		"ADDRESS|NAME… [--port P[,P…]] [--collector ADDR:PORT] [--wait SECONDS] [--all]\n"
		"ADDRESS|NAME… --word WORD [--port P[,P…]]",
		.description =
		"Tests whether a mail server relays for strangers. Every address and port is\n"
		"tested on its own. Only our own token that comes back makes a host open.\n"
		"Needs consent (portreeve permit). Exit: 0 closed, 1 open, 2 anything else.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = CLI_OPERANDS_MAX,
		.operands_expected = "at least one address or host name",
	};
	struct cli cli;
	struct testing t = { 0 };
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO && word) {
		t.cli = &cli;
		t.options = &o;
		code = wordtest_run(&t, word);
	} else if (code == CLI_GO && (code = testing_open(&t, &cli, &o)) == CLI_GO) {
		struct hosts *found = mem_array(cli.operand_count, sizeof(*found));
		code = test_run(&t, found);
		free(found);
	}
	testing_close(&t);
	return cli_end(&cli, code);
}
