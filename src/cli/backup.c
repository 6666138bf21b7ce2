/* SPDX-License-Identifier: ISC
 *
 * `portreeve backup`: a consistent, verified copy of the databases while the roles run.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/outfile.h"

#include "base/mem.h"
#include "store/upkeep.h"

#include <stdio.h>
#include <stdlib.h>

/* A backup has senders, recipients, messages and hashes of passwords in it. */
enum { BACKUP_MODE = 0600 };

struct backup {
	struct cli cli;
	struct store_copy list, returns;
	struct outfile list_out, returns_out;
};

static int backup_fail(struct backup *b, int e, const char *path)
{
	if (e == ERR_EXISTS)
		return cli_fail(&b->cli, EX_CANTCREAT, "%s: expected a file that does not exist",
		                path);
	return cli_fail(&b->cli, cli_exit_code(e), "%s: cannot be written: %s", path, err_text(e));
}

static int open_outputs(struct backup *b)
{
	int e = outfile_open(&b->list_out, b->list.name, BACKUP_MODE, false);
	if (e != ERR_OK)
		return backup_fail(b, e, b->list.name);
	e = outfile_open(&b->returns_out, b->returns.name, BACKUP_MODE, false);
	b->list.fd = b->list_out.fd;
	b->returns.fd = b->returns_out.fd;
	return e == ERR_OK ? CLI_GO : backup_fail(b, e, b->returns.name);
}

static int copy(struct backup *b)
{
	int e = store_backup(b->cli.store, &b->list, &b->returns);
	if (e != ERR_OK)
		return cli_store_fail(&b->cli, e, b->list.name);
	e = outfile_commit(&b->returns_out);
	if (e != ERR_OK)
		return backup_fail(b, e, b->returns.name);
	e = outfile_commit(&b->list_out);
	return e == ERR_OK ? CLI_GO : backup_fail(b, e, b->list.name);
}

static int backup(struct backup *b)
{
	int code = open_outputs(b);
	if (code == CLI_GO)
		code = cli_open(&b->cli, CLI_READ);
	if (code == CLI_GO)
		code = copy(b);
	outfile_drop(&b->returns_out);
	outfile_drop(&b->list_out);
	if (code != CLI_GO)
		return code;
	if (b->cli.json) {
		struct json *j = cli_json_begin(&b->cli);
		json_add_cstr(j, "file", b->list.name);
		json_add_bool(j, "verified", true);
		cli_json_end(&b->cli);
	} else {
		printf("%s: written and verified\n", b->list.name);
	}
	return CLI_GO;
}

int cli_backup(int argc, char **argv)
{
	struct backup b = { 0 };
	const struct cli_spec spec = {
		.name = "backup",
		.synopsis = "FILE",
		.description =
		"Copies the database to FILE while the roles run, and verifies the copy by\n"
		"reading it back. FILE must not exist. The keys are not in it: keep a copy of the\n"
		"keys directory elsewhere.",
		.operands_min = 1, .operands_max = 1, .operands_expected = "one FILE",
	};
	int code = cli_begin(&b.cli, &spec, argc, argv);
	if (code == CLI_GO) {
		char *returns = mem_printf("%s.returns", b.cli.operands[0]);
		b.list.name = b.cli.operands[0];
		b.returns.name = returns;
		code = backup(&b);
		free(returns);
	}
	return cli_end(&b.cli, code);
}
