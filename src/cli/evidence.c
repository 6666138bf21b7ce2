/* SPDX-License-Identifier: ISC
 *
 * `portreeve evidence`: the signed bundle of a listing. `verify` needs no state: only the
 * file, which may come from anybody, and the public key.
 */
#include "store/evidence.h"

#include "base/file.h"
#include "cli/commands.h"
#include "cli/evidence.h"
#include "cli/outfile.h"

#include <stdio.h>

enum { BUNDLE_MODE = 0644 };

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

static void print_good(struct cli *cli, const char *path, const json_t *payload)
{
	struct json *j = cli_json_begin(cli);
	json_add_cstr(j, "file", path);
	json_add_bool(j, "good", true);
	json_add_value(j, "payload", payload);
	cli_json_end(cli);
}

static int evidence_export(struct cli *cli, bool force)
{
	struct evidence_found found;
	struct outfile out = { 0 };
	const char *path = cli->operand_count > 2 ? cli->operands[2] : NULL;
	int e = path ? outfile_open(&out, path, BUNDLE_MODE, force) : ERR_OK;
	if (e != ERR_OK)
		return outfile_not_written(cli, path, e);
	int code = evidence_find(cli, cli->operands[1], &found);
	if (code == CLI_GO && !path)
		cli_print(found.bundle);
	if (code == CLI_GO && path) {
		e = file_write_fd(out.fd, found.bundle);
		if (e == ERR_OK)
			e = outfile_commit(&out);
		if (e != ERR_OK)
			code = outfile_not_written(cli, path, e);
	}
	outfile_drop(&out);
	return code;
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
	int code = evidence_read_file(cli, path, EVIDENCE_BUNDLE_MAX_BYTES,
	                              "an evidence bundle", &bundle);
	if (code == CLI_GO)
		code = key_path ? evidence_read_file(cli, key_path, EVIDENCE_KEY_MAX_BYTES,
		                                     "a public key", &pem)
		                : evidence_own_key(cli, &pem);
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

struct evidence_args {
	const char *key, *html;
	bool force;
};

static int evidence_run(struct cli *cli, const struct evidence_args *a)
{
	const char *verb = cli->operands[0];
	bool shows = strcmp(verb, "show") == 0;
	if (a->html && (!shows || cli->json))
		return cli_fail(cli, EX_USAGE, "--html: expected with show alone, without --json");
	if (strcmp(verb, "export") == 0)
		return evidence_export(cli, a->force);
	if (!shows && strcmp(verb, "verify") != 0)
		return cli_bad_value(cli, verb, "show, export or verify");
	if (cli->operand_count > 2)
		return cli_bad_value(cli, cli->operands[2], "no more arguments; see --help");
	if (!shows)
		return verify_file(cli, a->key);
	const struct evidence_show show = {
		.what = cli->operands[1], .key = a->key, .html = a->html, .force = a->force,
	};
	return evidence_show(cli, &show);
}

int cli_evidence(int argc, char **argv)
{
	struct cli cli;
	struct evidence_args args = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .argument = "FILE", .value = &args.key,
		  .help = "the signer's public key (default: that of the state directory)" },
		{ .name = "html", .argument = "FILE", .value = &args.html,
		  .help = "show: write the page as one HTML file (\"-\": standard output)" },
		{ .name = "force", .flag = &args.force,
		  .help = "replace FILE if it is there" },
	};
	const struct cli_spec spec = {
		.name = "evidence",
		.synopsis = "show ADDRESS|ID|FILE [--html FILE] [--key FILE]\n"
		            "export ADDRESS|ID [FILE] [--force]\n"
		            "verify FILE [--key FILE]",
		.description =
		"Shows the newest evidence of an address (or one by its id, or a bundle in a\n"
		"file) as a page to read, or with --json what was signed; exports the bundle; or\n"
		"verifies one. With --key, a file needs nothing but that key.",
		.options = options, .option_count = 3,
		.operands_min = 2, .operands_max = 3,
		.operands_expected = "show, export or verify and what",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = evidence_run(&cli, &args);
	return cli_end(&cli, code);
}
