/* SPDX-License-Identifier: ISC
 *
 * `portreeve evidence`: the signed bundle of a listing. `verify` needs no state: only the
 * file, which may come from anybody, and the public key.
 */
#include "store/evidence.h"

#include "base/file.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/outfile.h"
#include "settings/state.h"
#include "store/evidence-rows.h"
#include "store/keys.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUNDLE_MAX_BYTES = 16 << 20, KEY_MAX_BYTES = 1 << 16, BUNDLE_MODE = 0644 };

/* The bundle of an address, or of the id of an evidence. */
static int find_bundle(struct cli *cli, struct str *bundle)
{
	const char *what = cli->operands[1];
	char id[48];
	struct ip address;
	int code = cli_open(cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = ip_parse(str_of(what), &address, NULL) == ERR_OK
	        ? store_evidence_of(cli->store, &address, &cli->arena, id, bundle)
	        : store_evidence_get(cli->store, what, &cli->arena, bundle);
	if (e == ERR_NOT_FOUND)
		return cli_not_found(cli, what, "an address or an id of which there is evidence");
	return e == ERR_OK ? CLI_GO : cli_store_fail(cli, e, what);
}

static int check_bundle(struct cli *cli, struct str bundle, struct str pem, const char *what,
                        json_t **payload)
{
	struct buf message = { 0 };
	int e = evidence_verify(bundle, pem, payload, &message);
	int code = CLI_GO;
	if (e != ERR_OK)
		code = cli_fail(cli, EX_DATAERR, "%s: %s", what,
		                message.n ? buf_cstr(&message) : err_text(e));
	buf_fini(&message);
	return code;
}

static int own_key(struct cli *cli, struct buf *pem)
{
	struct buf message = { 0 };
	int code = cli_enter(cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = keys_evidence_public(STATE_HERE, pem, &message);
	if (e != ERR_OK)
		code = cli_state_fail(cli, e, &message);
	buf_fini(&message);
	return code;
}

/* For people in ASCII: safe for a terminal. */
static void print_payload(const struct cli *cli, const json_t *payload)
{
	struct buf text = { 0 };
	struct json j = { .out = &text, .indent = cli->json ? 0 : 2, .ascii = !cli->json };
	json_add_value(&j, NULL, payload);
	buf_add_byte(&text, '\n');
	cli_print(buf_str(&text));
	buf_fini(&text);
}

static void print_good(struct cli *cli, const char *path, const json_t *payload)
{
	struct json *j = cli_json_begin(cli);
	json_add_cstr(j, "file", path);
	json_add_bool(j, "good", true);
	json_add_value(j, "payload", payload);
	cli_json_end(cli);
}

static int evidence_show(struct cli *cli)
{
	struct str bundle;
	struct buf pem = { 0 };
	json_t *payload = NULL;
	int code = find_bundle(cli, &bundle);
	if (code == CLI_GO)
		code = own_key(cli, &pem);
	if (code == CLI_GO)
		code = check_bundle(cli, bundle, buf_str(&pem), cli->operands[1], &payload);
	if (code == CLI_GO)
		print_payload(cli, payload);
	json_decref(payload);
	buf_fini(&pem);
	return code;
}

static int evidence_export(struct cli *cli, bool force)
{
	struct str bundle;
	struct outfile out = { 0 };
	const char *path = cli->operand_count > 2 ? cli->operands[2] : NULL;
	int e = path ? outfile_open(&out, path, BUNDLE_MODE, force) : ERR_OK;
	if (e != ERR_OK)
		return outfile_not_written(cli, path, e);
	int code = find_bundle(cli, &bundle);
	if (code == CLI_GO && !path)
		cli_print(bundle);
	if (code == CLI_GO && path) {
		e = file_write_fd(out.fd, bundle);
		if (e == ERR_OK)
			e = outfile_commit(&out);
		if (e != ERR_OK)
			code = outfile_not_written(cli, path, e);
	}
	outfile_drop(&out);
	return code;
}

static int read_input(struct cli *cli, const char *path, size_t max, const char *expected,
                      struct buf *out)
{
	int e = file_read(path, max, out);
	if (e == ERR_OK)
		return CLI_GO;
	return cli_fail(cli, cli_exit_code(e), "%s: expected %s: %s", path, expected, err_text(e));
}

static const char *payload_text(const json_t *payload, const char *key)
{
	const char *text = json_string_value(json_object_get(payload, key));
	return text ? text : "?";
}

static int verify_file(struct cli *cli, const char *key_path)
{
	const char *path = cli->operands[1];
	struct buf bundle = { 0 }, pem = { 0 };
	json_t *payload = NULL;
	int code = read_input(cli, path, BUNDLE_MAX_BYTES, "an evidence bundle", &bundle);
	if (code == CLI_GO)
		code = key_path ? read_input(cli, key_path, KEY_MAX_BYTES, "a public key", &pem)
		                : own_key(cli, &pem);
	if (code == CLI_GO)
		code = check_bundle(cli, buf_str(&bundle), buf_str(&pem), path, &payload);
	if (code == CLI_GO && cli->json)
		print_good(cli, path, payload);
	else if (code == CLI_GO)
		printf("%s: good signature; address %s, verdict %s, signed by %s\n", path,
		       cli_safe(cli, payload_text(payload, "address")),
		       cli_safe(cli, payload_text(payload, "verdict")),
		       cli_safe(cli, payload_text(payload, "operator")));
	json_decref(payload);
	buf_fini(&bundle);
	buf_fini(&pem);
	return code;
}

static int evidence_run(struct cli *cli, const char *key_path, bool force)
{
	const char *verb = cli->operands[0];
	if (strcmp(verb, "export") == 0)
		return evidence_export(cli, force);
	if (strcmp(verb, "show") != 0 && strcmp(verb, "verify") != 0)
		return cli_bad_value(cli, verb, "show, export or verify");
	if (cli->operand_count > 2)
		return cli_bad_value(cli, cli->operands[2], "no more arguments; see --help");
	return strcmp(verb, "show") == 0 ? evidence_show(cli) : verify_file(cli, key_path);
}

int cli_evidence(int argc, char **argv)
{
	struct cli cli;
	const char *key = NULL;
	bool force = false;
	const struct cli_option options[] = {
		{ .name = "key", .argument = "FILE", .value = &key,
		  .help = "verify: the public key (default: that of the state directory)" },
		{ .name = "force", .flag = &force,
		  .help = "export: replace FILE if it is there" },
	};
	const struct cli_spec spec = {
		.name = "evidence",
		.synopsis = "show ADDRESS|ID\nexport ADDRESS|ID [FILE] [--force]\n"
		            "verify FILE [--key FILE]",
		.description =
		"Shows or exports the newest evidence of an address (or one by its id), or\n"
		"verifies a bundle. With --key, \"verify\" needs nothing but the two files.",
		.options = options, .option_count = 2,
		.operands_min = 2, .operands_max = 3,
		.operands_expected = "show, export or verify and what",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = evidence_run(&cli, key, force);
	return cli_end(&cli, code);
}
