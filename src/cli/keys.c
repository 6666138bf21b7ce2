/* SPDX-License-Identifier: ISC
 *
 * `portreeve keys`: the keys that make tokens, the pair that signs evidence, and those of who may
 * ask a witness. Secrets are never printed.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/keys-witness.h"
#include "cli/table.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/outfile.h"
#include "settings/assembly.h"
#include "settings/state.h"
#include "store/keys.h"

#include <stdio.h>

enum { PUBLIC_MODE = 0644 };

static void keys_print_json(struct cli *cli, const struct token_key *key, bool signs)
{
	struct json *j = cli_json_begin(cli);
	json_add_str(j, "id", (struct str){ &key->id, 1 });
	json_add_time(j, "created", key->created_s);
	json_add_bool(j, "signs", signs);
	cli_json_end(cli);
}

static int keys_list(struct cli *cli)
{
	struct token_keys keys;
	struct table t;
	struct buf message = { 0 };
	int code = cli_enter(cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = keys_token_load(STATE_HERE, &keys, &message);
	if (e != ERR_OK) {
		code = cli_state_fail(cli, e, &message);
		buf_fini(&message);
		return code;
	}
	table_init(&t, &cli->arena, (const char *[]){ "KEY", "MADE", "USE", NULL });
	for (size_t i = 0; i < keys.n; i++) {
		char id[2] = { keys.v[i].id, '\0' }, when[CLI_TIME_MAX];
		bool signs = i + 1 == keys.n;
		if (cli->json)
			keys_print_json(cli, &keys.v[i], signs);
		table_row(&t, (const char *[]){ id, cli_time(keys.v[i].created_s, when),
		                                signs ? "makes and verifies tokens"
		                                      : "verifies tokens" });
	}
	table_finish(&t, cli->json, "no keys");
	keys_token_fini(&keys);
	return CLI_GO;
}

static void print_rotated(struct cli *cli)
{
	json_add_bool(cli_json_begin(cli), "rotated", true);
	cli_json_end(cli);
}

static int keys_rotate(struct cli *cli)
{
	struct buf message = { 0 };
	int code = cli_open(cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = assembly_keys_rotate(&cli->settings, clock_now_s(), &message);
	if (e != ERR_OK)
		code = cli_state_fail(cli, e, &message);
	else if (cli->json)
		print_rotated(cli);
	else
		puts("a new token key was made; a tester that runs takes it on HUP");
	buf_fini(&message);
	return code;
}

static int read_public(struct cli *cli, struct buf *pem)
{
	struct buf message = { 0 };
	int code = cli_enter(cli, CLI_READ);
	int e = code == CLI_GO ? keys_evidence_public(STATE_HERE, pem, &message) : ERR_OK;
	if (e != ERR_OK)
		code = cli_state_fail(cli, e, &message);
	buf_fini(&message);
	return code;
}

static int keys_export(struct cli *cli, const char *path, bool force)
{
	struct buf pem = { 0 };
	struct outfile out = { 0 };
	int e = path ? outfile_open(&out, path, PUBLIC_MODE, force) : ERR_OK;
	if (e != ERR_OK)
		return outfile_not_written(cli, path, e);
	int code = read_public(cli, &pem);
	if (code == CLI_GO && !path)
		cli_print(buf_str(&pem));
	if (code == CLI_GO && path) {
		e = file_write_fd(out.fd, buf_str(&pem));
		if (e == ERR_OK)
			e = outfile_commit(&out);
		if (e != ERR_OK)
			code = outfile_not_written(cli, path, e);
	}
	outfile_drop(&out);
	buf_fini(&pem);
	return code;
}

static int keys_run(struct cli *cli, const struct keys_witness *given)
{
	const char *verb = cli->operands[0];
	if (strcmp(verb, "witness") == 0)
		return cli->operand_count == 3 ? keys_witness(cli, given)
			: cli_fail(cli, EX_USAGE, "witness: expected NAME and FILE");
	if (given->hosts.n || given->ports.n || given->networks.n)
		return cli_fail(cli, EX_USAGE, "--host, --port and --network are of \"witness\"");
	if (cli->operand_count > 2)
		return cli_bad_value(cli, cli->operands[2], "no more arguments; see --help");
	bool exports = strcmp(verb, "export") == 0, rotates = strcmp(verb, "rotate") == 0;
	if (!exports && !rotates && strcmp(verb, "list") != 0)
		return cli_bad_value(cli, verb, "list, rotate, export or witness");
	if (!exports && cli->operand_count > 1)
		return cli_bad_value(cli, cli->operands[1], "no more arguments; see --help");
	int code = cli_settings(cli);
	if (code != CLI_GO)
		return code;
	if (rotates)
		return keys_rotate(cli);
	if (!exports)
		return keys_list(cli);
	return keys_export(cli, cli->operand_count > 1 ? cli->operands[1] : NULL,
	                   given->force);
}

int cli_keys(int argc, char **argv)
{
	struct cli cli;
	struct keys_witness given = { 0 };
	const struct cli_option options[] = {
		{ .name = "force", .flag = &given.force,
		  .help = "export, witness: replace FILE if it is there" },
		{ .name = "host", .argument = "HOST", .values = &given.hosts,
		  .help = "witness: a host that is connected to for this key" },
		{ .name = "port", .argument = "PORT", .values = &given.ports,
		  .help = "witness: a port of these hosts (default 25)" },
		{ .name = "network", .argument = "RANGE", .values = &given.networks,
		  .help = "witness: they may be in this private network" },
	};
	const struct cli_spec spec = {
		.name = "keys",
		.synopsis = "list\nrotate\nexport [FILE] [--force]\n"
		"witness NAME FILE --host HOST [--port PORT] [--network RANGE] [--force]",
		.description =
		"\"list\" shows the token keys, \"rotate\" makes a new one (old ones verify on\n"
		"until nothing made with them can come back; a running tester takes it on HUP),\n"
		"\"export\" writes the public key with which evidence is verified elsewhere,\n"
		"\"witness\" makes a key with which NAME may ask our witness about its hosts: the\n"
		"secret is written to FILE, the row for witness.keys is printed.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 3,
		.operands_expected = "list, rotate, export or witness",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = keys_run(&cli, &given);
	return cli_end(&cli, code);
}
