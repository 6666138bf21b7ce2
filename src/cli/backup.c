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

/* The list last: who sees its file has all of them. */
enum { RETURNS, ACCOUNTS, LIST, PARTS };
static const char *const suffixes[PARTS] = { ".returns", ".accounts", "" };

struct backup {
	struct cli cli;
	struct part {
		char *name;
		struct store_copy copy;
		struct outfile out;
	} parts[PARTS];
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
	for (size_t i = 0; i < PARTS; i++) {
		struct part *p = &b->parts[i];
		int e = outfile_open(&p->out, p->name, BACKUP_MODE, false);
		if (e != ERR_OK)
			return backup_fail(b, e, p->name);
		p->copy = (struct store_copy){ p->name, p->out.fd };
	}
	return CLI_GO;
}

static int copy(struct backup *b)
{
	int e = store_backup(b->cli.store, &b->parts[LIST].copy, &b->parts[RETURNS].copy,
	                     &b->parts[ACCOUNTS].copy);
	if (e != ERR_OK)
		return cli_store_fail(&b->cli, e, b->parts[LIST].name);
	for (size_t i = 0; i < PARTS; i++) {
		e = outfile_commit(&b->parts[i].out);
		if (e != ERR_OK)
			return backup_fail(b, e, b->parts[i].name);
	}
	return CLI_GO;
}

static int backup(struct backup *b)
{
	const char *file = b->parts[LIST].name;
	int code = open_outputs(b);
	if (code == CLI_GO)
		code = cli_open(&b->cli, CLI_READ);
	if (code == CLI_GO)
		code = copy(b);
	for (size_t i = 0; i < PARTS; i++)
		outfile_drop(&b->parts[i].out);
	if (code != CLI_GO)
		return code;
	if (b->cli.json) {
		struct json *j = cli_json_begin(&b->cli);
		json_add_cstr(j, "file", file);
		json_add_bool(j, "verified", true);
		cli_json_end(&b->cli);
	} else {
		printf("%s: written and verified\n", file);
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
		"Copies the databases to FILE, FILE.returns and FILE.accounts while the roles\n"
		"run, and verifies the copies by reading them back. None may exist. The keys are\n"
		"in none of them: keep a copy of the keys directory elsewhere.",
		.operands_min = 1, .operands_max = 1, .operands_expected = "one FILE",
	};
	int code = cli_begin(&b.cli, &spec, argc, argv);
	if (code == CLI_GO) {
		for (size_t i = 0; i < PARTS; i++)
			b.parts[i].name = mem_printf("%s%s", b.cli.operands[0], suffixes[i]);
		code = backup(&b);
		for (size_t i = 0; i < PARTS; i++)
			free(b.parts[i].name);
	}
	return cli_end(&b.cli, code);
}
