/* SPDX-License-Identifier: ISC
 *
 * `portreeve audit`: may strangers relay by the mail server of this machine, who may, and why. The
 * report is made by audit-run.c; here it is told.
 */
#include "cli/audit-diff.h"
#include "cli/audit-run.h"
#include "cli/audit-watch.h"
#include "cli/commands.h"
#include "cli/paged.h"

#include <stdlib.h>
#include <unistd.h>

struct audit_told {
	struct cli *cli;
	const char *html;
	bool force;
	struct page *first, *last;       /* of the reports that were told, for --html */
	struct buf verdicts;             /* and their verdicts, which are said beside the file */
};

static bool is_to_file(const struct audit_told *told)
{
	return told->html && strcmp(told->html, "-") != 0 && !told->cli->json;
}

/* All servers and instances stand in one file, each by a page. */
static void tell(void *arg, const struct audit_report *report)
{
	struct audit_told *told = arg;
	struct page *page = arena_alloc(report->arena, sizeof(*page));
	audit_report_page(report, page);
	if (told->cli->json) {
		audit_report_json(report, cli_json_begin(told->cli));
		cli_json_end(told->cli);
	}
	if (is_to_file(told)) {
		buf_add_escaped(&told->verdicts, page->banner);
		buf_add_byte(&told->verdicts, '\n');
		buf_add_escaped(&told->verdicts, page->title);
		buf_add_byte(&told->verdicts, '\n');
	}
	if (told->html && told->last)
		told->last->next = page;
	else if (told->html)
		told->first = page;
	else if (!told->cli->json)
		cli_page_text(page);
	told->last = page;
}

/* What an audit needs. CLI_GO or an exit code, told. */
static int prepare(struct cli *cli, struct audit_options *options)
{
	char *whole = options->config ? realpath(options->config, NULL) : NULL;
	if (options->config && !whole)
		return cli_not_found(cli, options->config,
		                     "a directory or file of a configuration");
	if (whole)
		options->config = arena_strdup(&cli->arena, str_of(whole));
	free(whole);
	if (geteuid() != 0 && !options->reading && !options->root && !options->in_container)
		return cli_fail(cli, EX_NOPERM, "it starts a second mail server in a closed room, "
		                "which root alone may; --reading only reads the configuration, and "
		                "--in-container asks without a room");
	return CLI_GO;
}

static int watch_and_tell(struct cli *cli, const struct audit_options *options,
                          const struct audit_watching *watching)
{
	for (const char *p = watching->mail; p && *p; p++)
		if (!ascii_isprint((unsigned char)*p) || *p == ' ')
			return cli_bad_value(cli, watching->mail, "a mail address");
	return audit_watch_run(cli, options, watching);
}

static int audit_and_tell(struct cli *cli, const struct audit_options *options,
                          struct audit_told *told)
{
	struct outfile out = { .fd = -1 };
	enum audit_verdict verdict;
	told->cli = cli;
	int code = cli_page_open(cli, told->html, told->force, &out);
	if (code == CLI_GO)
		code = audit_run_all(cli, options, tell, told, &verdict);
	if (told->first) {                      /* also if one behind them could not be audited */
		int written = cli_page_html(cli, told->first, told->html, &out);
		if (written == CLI_GO)
			cli_print(buf_str(&told->verdicts));
		code = code == CLI_GO ? written : code;
	}
	buf_fini(&told->verdicts);
	outfile_drop(&out);
	return code == CLI_GO ? audit_verdict_exit(verdict) : code;
}

/* What was given that would do nothing where it stands is not passed over. CLI_GO, or an exit
 * code, told. */
static int check_together(struct cli *cli, const struct audit_options *o,
                          const struct audit_told *told, const struct audit_watching *watching,
                          bool diff, bool watch)
{
	const bool sockets = o->sockets->n > 0;
	const struct { bool wrong; const char *what; } rows[] = {
		{ diff && !cli->operand_count, "--diff: expected one or two configurations" },
		{ !diff && cli->operand_count, "expected --diff before configurations" },
		{ diff && (o->config || o->root || o->reading || o->in_container || sockets ||
		           watch),
		  "--diff: expected no --config, --root, --reading, --in-container, --with-socket "
		  "or --watch with it: it reads both configurations" },
		{ !watch && (watching->mail || watching->run || watching->kept),
		  "expected --watch with --mail, --run and --kept" },
		{ watch && (told->html || cli->json),
		  "--watch: expected no --html or --json with it: it tells only what differs" },
		{ told->force && !told->html, "--force: expected --html FILE with it" },
		{ sockets && (o->reading || o->root),
		  "--with-socket: expected no --reading or --root with it: these start no server" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].wrong)
			return cli_fail(cli, EX_USAGE, "%s", rows[i].what);
	return CLI_GO;
}

int cli_audit(int argc, char **argv)
{
	struct audit_options asked = { 0 };
	struct audit_told told = { 0 };
	struct cli_values sockets = { 0 };
	struct audit_watching watching = { 0 };
	bool diff = false, watch = false;
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
		{ .name = "in-container", .flag = &asked.in_container,
		  .help = "make no room: ask as a container lets us, or only read" },
		{ .name = "root", .argument = "DIR", .value = &asked.root,
		  .help = "read the configuration of an unpacked image; start nothing" },
		{ .name = "diff", .flag = &diff,
		  .help = "compare two configurations, or the one in use with a new one" },
		{ .name = "watch", .flag = &watch,
		  .help = "audit again if something has changed, and tell only what differs" },
		{ .name = "mail", .argument = "ADDRESS", .value = &watching.mail,
		  .help = "with --watch: tell this address, too" },
		{ .name = "run", .argument = "COMMAND", .value = &watching.run,
		  .help = "with --watch: run this, with what differs on its standard input" },
		{ .name = "kept", .argument = "FILE", .value = &watching.kept,
		  .help = "with --watch: where it keeps what it found, " AUDIT_WATCH_KEPT },
		{ .name = "html", .argument = "FILE", .value = &told.html,
		  .help = "write the answer as one page, to send to somebody" },
		{ .name = "force", .flag = &told.force, .help = "replace FILE if it is there" },
	};
	const struct cli_spec spec = {
		.name = "audit",
		.synopsis = "[--mta NAME] [--config DIR] [--with-socket PATH]… [--reading]"
		            " [--in-container] [--root DIR] [--html FILE [--force]]\n"
		            "--diff [OLD] NEW [--mta NAME] [--html FILE [--force]]\n"
		            "--watch [--mail ADDRESS] [--run COMMAND] [--kept FILE] [...]",
		.description =
		"May others relay by the mail server of this machine, who may, and why? The\n"
		"server is started a second time, in a closed room without a way out, and asked\n"
		"from an address of each kind; the one that runs never notices. Each answer comes\n"
		"with the line that permits it, and the lines to paste that close it.\n"
		"Exit: 0 closed, 1 open to the whole Internet, 2 open to more than you think,\n"
		"3 not known. --in-container makes no room and needs no root: it asks by a second\n"
		"Postfix, exim -bh or sendmail -bt as far as its rights go, else reads, and says\n"
		"which. --diff starts nothing: it reads two configurations (directories,\n"
		"main files, roots of images; OLD is this machine's unless it is given). Exit:\n"
		"1 somebody more may relay by NEW, 3 that is not known, else 0.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 2,
		.operands_expected = "--diff with one or two configurations",
	};
	struct cli cli;
	int code = cli_begin(&cli, &spec, argc, argv);
	asked.sockets = &sockets;
	if (code == CLI_GO)
		code = check_together(&cli, &asked, &told, &watching, diff, watch);
	if (code == CLI_GO && diff)
		code = audit_diff_run(&cli, &(struct audit_diffing){
			asked.mta, cli.operand_count > 1 ? cli.operands[0] : NULL,
			cli.operands[cli.operand_count - 1], told.html, told.force });
	else if (code == CLI_GO && (code = prepare(&cli, &asked)) == CLI_GO)
		code = watch ? watch_and_tell(&cli, &asked, &watching)
		             : audit_and_tell(&cli, &asked, &told);
	return cli_end(&cli, code);
}
