/* SPDX-License-Identifier: ISC
 *
 * `portreeve use`: the lines that make a mail server or a filter ask our list.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "blocklist/snippets.h"

#include <stdio.h>

struct use_output {
	struct cli *cli;
	const char *server;
	size_t files;
};

static void print_snippet(void *arg, const char *file, struct str text)
{
	struct use_output *o = arg;
	if (o->cli->json) {
		struct json *j = cli_json_begin(o->cli);
		json_add_cstr(j, "server", o->server);
		json_add_cstr(j, "zone", o->cli->settings.dnsbl.zone);
		json_add_cstr(j, "file", file);
		json_add_str(j, "text", text);
		cli_json_end(o->cli);
		return;
	}
	printf("%s# %s\n", o->files++ ? "\n" : "", file);
	cli_print(text);
}

static int use_run(struct cli *cli)
{
	struct use_output output = { .cli = cli, .server = cli->operands[0] };
	int code = cli_settings(cli);
	if (code != CLI_GO)
		return code;
	struct buf message = { 0 };
	if (dnsbl_config_check(&cli->settings.dnsbl, &message) != ERR_OK)
		code = cli_fail(cli, EX_CONFIG, "%s", buf_cstr(&message));
	buf_fini(&message);
	if (code != CLI_GO)
		return code;
	if (blocklist_snippets(&cli->settings.dnsbl, str_of(output.server), print_snippet,
	                       &output) != ERR_OK)
		return cli_bad_value(cli, output.server, BLOCKLIST_SNIPPETS_EXPECTED);
	return CLI_GO;
}

int cli_use(int argc, char **argv)
{
	struct cli cli;
	const struct cli_spec spec = {
		.name = "use",
		.synopsis = "postfix|postscreen|exim|spamassassin|rspamd",
		.description =
		"Prints what a mail server or filter needs in its configuration to ask our list:\n"
		"with the name of our zone, and so that only our own return codes count.",
		.operands_min = 1, .operands_max = 1,
		.operands_expected = BLOCKLIST_SNIPPETS_EXPECTED,
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = use_run(&cli);
	return cli_end(&cli, code);
}
