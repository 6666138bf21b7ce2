/* SPDX-License-Identifier: ISC
 *
 * `portreeve retest`: a listed host is tested again now, on every port that was open.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "store/list.h"

#include <stdio.h>

static int retest_address(struct cli *cli, const struct ip *address, const char *who)
{
	unsigned queued;
	const char *shown = cli->operands[0];
	int e = store_retest(cli->store, address, who, NULL, NULL, clock_now_s(), &queued);
	if (e == ERR_NOT_FOUND)
		return cli_fail(cli, EX_NOINPUT, "%s: expected a listed address; "
		                "\"portreeve list\" shows them", shown);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, shown);
	if (cli->json) {
		struct json *j = cli_json_begin(cli);
		json_add_ip(j, "address", address);
		json_add_int(j, "queued", queued);
		cli_json_end(cli);
	} else {
		printf("%s: %u test%s queued%s\n", shown, queued, queued == 1 ? "" : "s",
		       queued ? "" : "; one is under way already");
	}
	return CLI_GO;
}

int cli_retest(int argc, char **argv)
{
	struct cli cli;
	struct ip address;
	const char *by = NULL;
	char who[WHO_MAX];
	const struct cli_option options[] = {
		{ .name = "by", .argument = "WHO", .value = &by,
		  .help = "who asks (default: the calling user)" },
	};
	const struct cli_spec spec = {
		.name = "retest",
		.synopsis = "ADDRESS [--by WHO]",
		.description =
		"Queues a test of every port through which a listed address was proved open. It\n"
		"is delisted if all of them pass. Needs consent (portreeve permit). The host's\n"
		"own admin asks by mail from the host to retest@ at the collector's domain, which\n"
		"is the owner's consent.",
		.options = options, .option_count = 1,
		.operands_min = 1, .operands_max = 1, .operands_expected = "one ADDRESS",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_ip(&cli, cli.operands[0], &address);
	if (code == CLI_GO)
		code = cli_who(&cli, by, who);
	if (code == CLI_GO)
		code = cli_open(&cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = retest_address(&cli, &address, who);
	return cli_end(&cli, code);
}
