/* SPDX-License-Identifier: ISC
 *
 * `portreeve audit`: may strangers relay by the mail server of this machine, who may, and why. The
 * report is made by audit-run.c; here it is told.
 */
#include "cli/audit-diff.h"
#include "cli/audit-run.h"
#include "cli/commands.h"
#include "cli/paged.h"

#include <stdlib.h>
#include <unistd.h>

struct audit_told {
	const char *html;
	bool force;
};

/* The page of each instance goes to the same file. */
static void tell(struct cli *cli, const struct audit_told *told, const struct audit_report *report)
{
	struct page page;
	if (cli->json) {
		audit_report_json(report, cli_json_begin(cli));
		cli_json_end(cli);
	} else if (!told->html) {
		audit_report_page(report, &page);
		cli_page_text(&page);
	}
}

/* Open to all is worse than to some, and that than what is not known. */
static enum audit_verdict worse(enum audit_verdict a, enum audit_verdict b)
{
	static const int badness[] = { [AUDIT_CLOSED] = 0, [AUDIT_UNKNOWN] = 1, [AUDIT_WIDE] = 2,
	                               [AUDIT_WORLD] = 3 };
	return badness[a] >= badness[b] ? a : b;
}

static int audit_all(struct cli *cli, struct audit_options *options, const struct audit_told *told,
                     struct outfile *out)
{
	struct audit_instances instances = { 0 }, none;
	struct audit_report report;
	struct page page;
	int code = audit_run(cli, options, &report, &instances);
	enum audit_verdict verdict = AUDIT_CLOSED;
	if (code == CLI_GO && told->html) {
		audit_report_page(&report, &page);
		code = cli_page_html(cli, &page, told->html, out);
	}
	for (size_t i = 0; code == CLI_GO; i++) {
		tell(cli, told, &report);
		verdict = worse(verdict, report.verdict);
		if (options->config && !options->is_instance)
			break;
		if (i == instances.n)
			break;
		options->config = instances.directories[i];
		options->is_instance = true;
		code = audit_run(cli, options, &report, &none);
	}
	return code == CLI_GO ? audit_verdict_exit(verdict) : code;
}

static int audit_and_tell(struct cli *cli, struct audit_options *options,
                          const struct audit_told *told)
{
	struct outfile out = { .fd = -1 };
	char *whole = options->config ? realpath(options->config, NULL) : NULL;
	if (options->config && !whole)
		return cli_not_found(cli, options->config,
		                     "a directory or file of a configuration");
	if (whole)
		options->config = arena_strdup(&cli->arena, str_of(whole));
	free(whole);
	if (geteuid() != 0 && !options->reading && !options->root)
		return cli_fail(cli, EX_NOPERM, "it starts a second mail server in a closed room, "
		                "which root alone may; --reading only reads the configuration");
	int code = cli_page_open(cli, told->html, told->force, &out);
	if (code == CLI_GO)
		code = audit_all(cli, options, told, &out);
	outfile_drop(&out);
	return code;
}

int cli_audit(int argc, char **argv)
{
	struct audit_options asked = { 0 };
	struct audit_told told = { 0 };
	struct cli_values sockets = { 0 };
	bool diff = false;
	const struct cli_option options[] = {
		{ .name = "mta", .argument = "NAME", .value = &asked.mta,
		  .words = "postfix exim sendmail opensmtpd",
		  .help = "postfix, exim, sendmail or opensmtpd, where more are installed" },
		{ .name = "config", .argument = "DIR", .value = &asked.config,
		  .help = "another configuration of it: a directory, or its main file" },
		{ .name = "with-socket", .argument = "PATH", .values = &sockets,
		  .help = "let this socket of the machine into the room, as of a directory" },
		{ .name = "reading", .flag = &asked.reading,
		  .help = "start no server: only read the configuration" },
		{ .name = "root", .argument = "DIR", .value = &asked.root,
		  .help = "read the configuration of an unpacked image; start nothing" },
		{ .name = "diff", .flag = &diff,
		  .help = "compare two configurations, or the one in use with a new one" },
		{ .name = "html", .argument = "FILE", .value = &told.html,
		  .help = "write the answer as one page, to send to somebody" },
		{ .name = "force", .flag = &told.force, .help = "replace FILE if it is there" },
	};
	const struct cli_spec spec = {
		.name = "audit",
		.synopsis = "[--mta NAME] [--config DIR] [--with-socket PATH] [--reading]\n"
		            "[--root DIR] [--html FILE [--force]]\n"
		            "--diff [OLD] NEW [--mta NAME] [--html FILE [--force]]",
		.description =
		"May others relay by the mail server of this machine, who may, and why? The\n"
		"server is started a second time, in a closed room without a way out, and asked\n"
		"from an address of each kind; the one that runs never notices. Each answer comes\n"
		"with the line that permits it, and the lines to paste that close it.\n"
		"Exit: 0 closed, 1 open to the whole Internet, 2 open to more than you think,\n"
		"3 not known. --diff starts nothing: it reads two configurations (directories,\n"
		"main files, roots of images; OLD is this machine's unless it is given). Exit:\n"
		"1 somebody more may relay by NEW, 3 that is not known, else 0.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 2,
		.operands_expected = "--diff with one or two configurations",
	};
	struct cli cli;
	int code = cli_begin(&cli, &spec, argc, argv);
	asked.sockets = &sockets;
	if (code == CLI_GO && diff != (cli.operand_count > 0))
		code = cli_fail(&cli, EX_USAGE, diff ? "--diff: expected one or two configurations"
		                                     : "expected --diff before configurations");
	else if (code == CLI_GO && diff)
		code = audit_diff_run(&cli, &(struct audit_diffing){
			asked.mta, cli.operand_count > 1 ? cli.operands[0] : NULL,
			cli.operands[cli.operand_count - 1], told.html, told.force });
	else if (code == CLI_GO)
		code = audit_and_tell(&cli, &asked, &told);
	return cli_end(&cli, code);
}
