/* SPDX-License-Identifier: ISC
 *
 * `portreeve backup`: a consistent, verified copy of the databases while the roles run.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include <stdio.h>

int cli_backup(int argc, char **argv)
{
	struct cli cli;
	const struct cli_spec spec = {
		.name = "backup",
		.synopsis = "FILE",
		.description =
		"Copies the database to FILE while the roles run, and verifies the copy by\n"
		"reading it back. FILE must not exist. The keys are not in it: keep a copy of the\n"
		"keys directory elsewhere.",
		.operands_min = 1, .operands_max = 1, .operands_expected = "one FILE",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_open(&cli, CLI_READ);
	if (code == CLI_GO) {
		const char *path = cli.operands[0];
		int e = store_backup(cli.store, path);
		if (e == ERR_EXISTS)
			code = cli_fail(&cli, EX_CANTCREAT,
			                "%s: expected a file that does not exist", path);
		else if (e != ERR_OK)
			code = cli_store_fail(&cli, e, path);
		else if (cli.json)
			cli_json(json_pack("{s:o, s:b}", "file", json_cstr(path), "verified", 1));
		else
			printf("%s: written and verified\n", path);
	}
	return cli_end(&cli, code);
}
