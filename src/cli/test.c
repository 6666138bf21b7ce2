/* SPDX-License-Identifier: ISC
 *
 * portreeve test: is this host an open relay? One test an address and port, now, in front of
 * the user.
 */
#include "cli/commands.h"
#include "cli/testing.h"

#include "base/mem.h"
#include "mail/address.h"

#include <stdio.h>
#include <stdlib.h>

struct lookup {
	struct ip ips[DNS_RESULTS_MAX];
	size_t n;
	enum dns_status status;
	bool done;
};

static void looked_up(void *arg, const struct dns_result *result)
{
	struct lookup *l = arg;
	l->status = result->status;
	l->n = result->ip_count < DNS_RESULTS_MAX ? result->ip_count : DNS_RESULTS_MAX;
	for (size_t i = 0; i < l->n; i++)
		l->ips[i] = result->ips[i];
	l->done = true;
}

/* An address, or all addresses of a host name. */
static int find_addresses(struct testing *t, const char *text, struct lookup *l)
{
	*l = (struct lookup){ 0 };
	if (ip_parse(str_of(text), &l->ips[0], NULL) == ERR_OK) {
		l->n = 1;
		return CLI_GO;
	}
	if (!mail_domain_valid(str_of(text)) ||
	    ascii_isdigit((unsigned char)text[strlen(text) - 1]))
		return cli_bad_value(t->cli, text, "an IPv4 or IPv6 address, or a host name");
	dns_resolve_ips(t->resolver, str_of(text), looked_up, l);
	while (!l->done)
		loop_run_once(t->loop, 100);
	if (l->n == 0)
		return cli_fail(t->cli, EX_NOHOST, "%s: no address found (%s)", text,
		                dns_status_name(l->status));
	return CLI_GO;
}

/* Every address and every port is tested on its own. *refusal: why not, as an exit code. */
static int start_all(struct testing *t, const struct lookup *l, int *refusal)
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
static int test_run(struct testing *t, struct lookup *found)
{
	int code = CLI_GO, refusal = CLI_GO;
	for (size_t i = 0; i < t->cli->operand_count && code == CLI_GO; i++)
		code = find_addresses(t, t->cli->operands[i], &found[i]);
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
	const struct cli_option options[] = {
		TESTING_OPTIONS(o) };
	const struct cli_spec spec = {
		.name = "test",
		.synopsis =
		"ADDRESS|NAME… [--port P[,P…]] [--collector ADDR:PORT] [--wait SECONDS] [--all]",
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
	if (code == CLI_GO && (code = testing_open(&t, &cli, &o)) == CLI_GO) {
		struct lookup *found = mem_array(cli.operand_count, sizeof(*found));
		code = test_run(&t, found);
		free(found);
	}
	testing_close(&t);
	return cli_end(&cli, code);
}
