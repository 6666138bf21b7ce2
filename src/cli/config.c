/* SPDX-License-Identifier: ISC
 *
 * The command `portreeve config`: what the configuration comes to, whether it is right, and
 * what may stand in it.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "settings/check.h"

#include <stdio.h>

static int show_config(struct cli *cli, bool with_prose)
{
	struct buf out = { 0 };
	int code = cli_settings(cli);
	if (code != CLI_GO)
		return code;
	if (cli->json) {
		settings_json(&cli->settings, cli_json_begin(cli));
		cli_json_end(cli);
		return CLI_GO;
	}
	settings_print(&cli->settings, with_prose, &out);
	cli_print(buf_str(&out));
	buf_fini(&out);
	return CLI_GO;
}

static void print_check_json(struct cli *cli, struct str remarks)
{
	struct json *j = cli_json_begin(cli);
	struct str line;
	json_add_bool(j, "good", true);
	if (remarks.n)
		json_open_array(j, "remarks");
	for (struct str rest = remarks; str_token(&rest, "\n", &line);)
		json_add_str(j, NULL, line);
	if (remarks.n)
		json_close(j);
	cli_json_end(cli);
}

static void show_remarks(struct cli *cli, const struct buf *remarks)
{
	struct str line;
	if (cli->json) {
		print_check_json(cli, buf_str(remarks));
		return;
	}
	for (struct str rest = buf_str(remarks); str_token(&rest, "\n", &line);)
		cli_note(cli, "%.*s", STR_ARG(line));
	puts("the configuration is good");
}

static int check_config(struct cli *cli)
{
	struct buf message = { 0 }, remarks = { 0 };
	int code = CLI_GO;
	if (settings_load_for_roles(&cli->settings, cli->config_path, cli->state_directory,
	                            &message, &remarks) == ERR_OK) {
		cli->has_settings = true;
		show_remarks(cli, &remarks);
	} else {
		code = cli_fail(cli, EX_CONFIG, "%s", buf_cstr(&message));
	}
	buf_fini(&message);
	buf_fini(&remarks);
	return code;
}

static int manual(void)
{
	struct buf out = { 0 };
	settings_print_manual(&out);
	cli_print(buf_str(&out));
	buf_fini(&out);
	return CLI_GO;
}

int cli_config(int argc, char **argv)
{
	struct cli cli;
	bool with_prose = false;
	const struct cli_option options[] = {
		{ .name = "prose", .flag = &with_prose,
		  .help = "show: with what each parameter means" },
	};
	const struct cli_spec spec = {
		.name = "config",
		.synopsis = "show [--prose]\ncheck\nmanual",
		.description =
		"\"show\" prints the effective configuration as a file that can be used as one\n"
		"(with --json as an object, durations in seconds and sizes in bytes);\n"
		"\"check\" says whether \"portreeve run\" would take it, now or on HUP, and\n"
		"remarks what is odd; \"manual\" prints the parameters as the source of a manual\n"
		"page.",
		.options = options, .option_count = 1,
		.operands_min = 1, .operands_max = 1, .operands_expected = "show, check or manual",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code != CLI_GO)
		return cli_end(&cli, code);
	const char *verb = cli.operands[0];
	if (strcmp(verb, "show") == 0)
		code = show_config(&cli, with_prose);
	else if (strcmp(verb, "check") == 0)
		code = check_config(&cli);
	else if (strcmp(verb, "manual") == 0)
		code = manual();
	else
		code = cli_bad_value(&cli, verb, "show, check or manual");
	return cli_end(&cli, code);
}
