/* SPDX-License-Identifier: ISC
 *
 * `portreeve delist`: the operator's word ends a listing. The journal keeps who and why.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "store/list.h"

#include <stdio.h>

static int delist(struct cli *cli, const struct ip *address, const char *who, const char *why)
{
	int e = store_delist(cli->store, address, who, why, clock_now_s());
	if (e == ERR_NOT_FOUND)
		return cli_fail(cli, EX_NOINPUT, "%s: expected a listed address; "
		                "\"portreeve list\" shows them", cli->operands[0]);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, cli->operands[0]);
	if (cli->json) {
		struct json *j = cli_json_begin(cli);
		json_add_ip(j, "address", address);
		json_add_bool(j, "listed", false);
		cli_json_end(cli);
	} else {
		printf("%s: delisted by the operator's word\n", cli->operands[0]);
	}
	return CLI_GO;
}

int cli_delist(int argc, char **argv)
{
	struct cli cli;
	struct ip address;
	const char *by = NULL, *why_given = NULL;
	char who[WHO_MAX], why[WHY_MAX];
	const struct cli_option options[] = {
		{ .name = "why", .argument = "TEXT", .value = &why_given,
		  .help = "the reason, kept in the journal (required)" },
		{ .name = "by", .argument = "WHO", .value = &by,
		  .help = "who decided (default: the calling user)" },
	};
	const struct cli_spec spec = {
		.name = "delist",
		.synopsis = "ADDRESS --why TEXT [--by WHO]",
		.description =
		"Takes an address off the list by the operator's word, without a test.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 1, .operands_expected = "one ADDRESS",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_ip(&cli, cli.operands[0], &address);
	if (code == CLI_GO)
		code = cli_text(&cli, "--why", why_given, why, sizeof(why));
	if (code == CLI_GO)
		code = cli_who(&cli, by, who);
	if (code == CLI_GO)
		code = cli_open(&cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = delist(&cli, &address, who, why);
	return cli_end(&cli, code);
}
