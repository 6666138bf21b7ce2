/* SPDX-License-Identifier: ISC
 *
 * `portreeve nominate`: a reason to look at an address. It is always written down; a
 * test is queued only where somebody consented, nobody excluded the address and it was
 * not tested lately. A refusal names the rule.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/nominating.h"

#include "base/file.h"

#include <stdio.h>

struct nominate {
	struct cli cli;
	struct nominating it;
	struct buf message;
};

static int read_spam(struct nominate *n, const char *path)
{
	int e = file_read(path, NOMINATING_MESSAGE_MAX_BYTES, &n->message);
	if (e == ERR_LIMIT)
		return cli_fail(&n->cli, EX_DATAERR, "%s: expected a message of at most %d bytes",
		                path, NOMINATING_MESSAGE_MAX_BYTES);
	if (e != ERR_OK)
		return cli_fail(&n->cli, cli_exit_code(e), "%s: expected a mail message: %s", path,
		                err_text(e));
	if (n->message.n == 0)
		return cli_fail(&n->cli, EX_DATAERR, "%s: expected a mail message, found nothing",
		                path);
	n->it.nom.message = buf_str(&n->message);
	return CLI_GO;
}

static void nominate_print_json(struct cli *cli, const struct nominating *n)
{
	struct json *j = cli_json_begin(cli);
	json_add_ip(j, "address", &n->nom.address);
	json_add_int(j, "nomination", n->nom.id);
	json_add_cstr(j, "consent", consent_name(n->consent.consent));
	json_add_bool(j, "excluded", n->consent.excluded);
	json_add_prefix(j, "rule", &n->consent.rule);
	json_open_array(j, "tests");
	for (size_t i = 0; i < n->port_count; i++) {
		const struct nominating_port *p = &n->ports[i];
		json_open_object(j, NULL);
		json_add_int(j, "port", p->test.target.port);
		json_add_cstr_if(j, "id", p->test.id);
		json_add_cstr(j, "outcome", p->outcome);
		json_add_cstr_if(j, "rule", p->rule);
		json_close(j);
	}
	json_close(j);
	cli_json_end(cli);
}

static void print_text(const struct nominating *n)
{
	char address[IP_TEXT_MAX];
	ip_format(&n->nom.address, address);
	if (n->consent.excluded || n->consent.consent == CONSENT_NONE) {
		printf("%s: nominated; no test runs: %s\n", address, n->consent.excluded
		       ? "it is excluded" : "nobody has consented (see portreeve-permit(1))");
		return;
	}
	printf("%s: nominated, consent \"%s\" by %s\n", address,
	       consent_name(n->consent.consent), n->consent.by);
	for (size_t i = 0; i < n->port_count; i++)
		if (n->ports[i].rule[0])
			printf("  port %u: %s: %s\n", n->ports[i].test.target.port,
			       n->ports[i].outcome,
			       n->ports[i].rule);
		else
			printf("  port %u: test %s is %s\n", n->ports[i].test.target.port,
			       n->ports[i].test.id, n->ports[i].outcome);
}

/* What was refused by a rule ends with its code and one line; all else is success. */
static int refusal(const struct cli *cli, const struct nominating *n)
{
	char address[IP_TEXT_MAX], rule[PREFIX_TEXT_MAX];
	ip_format(&n->nom.address, address);
	if (n->consent.excluded)
		return cli_fail(cli, EX_NOPERM, "%s: not tested: %s is excluded by %s", address,
		                prefix_format(&n->consent.rule, rule), n->consent.by);
	if (n->refused && !n->queued && !n->pending)
		return cli_fail(cli, EX_TEMPFAIL, "%s: not tested: every port was tested "
		                "within tester.interval (%lld s)", address,
		                (long long)cli->settings.tester.interval_s);
	return EX_OK;
}

static int nominate_address(struct cli *cli, struct nominating *n)
{
	int code = nominating_run(cli, n);
	if (code != CLI_GO)
		return code;
	if (cli->json)
		nominate_print_json(cli, n);
	else
		print_text(n);
	return refusal(cli, n);
}

int cli_nominate(int argc, char **argv)
{
	const char *reason = NULL, *by = NULL, *message = NULL;
	const struct cli_option options[] = {
		{ .name = "reason", .argument = "TEXT", .value = &reason,
		  .help = "why this address (required)" },
		{ .name = "by", .argument = "WHO", .value = &by,
		  .help = "who nominates (default: the calling user)" },
		{ .name = "message", .argument = "FILE", .value = &message,
		  .help = "the spam message, kept with the nomination; - is standard input" },
	};
	const struct cli_spec spec = {
		.name = "nominate",
		.synopsis = "ADDRESS --reason TEXT [--by WHO] [--message FILE]",
		.description =
		"Writes down a reason to look at an address, and queues a test of each port of\n"
		"the configuration if somebody consented to it (portreeve-permit(1)).",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 1, .operands_expected = "one ADDRESS",
	};
	struct nominate n = { 0 };
	int code = cli_begin(&n.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_ip(&n.cli, n.cli.operands[0], &n.it.nom.address);
	if (code == CLI_GO)
		code = cli_text(&n.cli, "--reason", reason, n.it.nom.reason,
		                sizeof(n.it.nom.reason));
	if (code == CLI_GO)
		code = cli_who(&n.cli, by, n.it.nom.by);
	if (code == CLI_GO && message)
		code = read_spam(&n, message);
	if (code == CLI_GO)
		code = cli_open(&n.cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = nominate_address(&n.cli, &n.it);
	buf_fini(&n.message);
	return cli_end(&n.cli, code);
}
