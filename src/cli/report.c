/* SPDX-License-Identifier: ISC
 *
 * `portreeve report`: tells the network that spam came from. Makes the report from a
 * message, sends it if the user says so, and keeps what became of it. reporting.c has the
 * long parts.
 */
#include "cli/reporting.h"

#include "cli/commands.h"
#include "cli/table.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "trace/names.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPECTED_ID "the id of a report; see \"portreeve report list\""

enum { BOUNCE_MAX_BYTES = 4 << 20 };

static int list_reports(struct reporting *r)
{
	struct report *rows;
	size_t n;
	struct table t;
	int code = cli_open(&r->cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = store_reports(r->cli.store, &r->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, "reports");
	table_init(&t, &r->cli.arena, (const char *[]){ "ID", "STATE", "SINCE", "SOURCE", "RELAY",
	                                                "CONTACT", "INCIDENTS", "WHY", NULL });
	for (size_t i = 0; i < n; i++) {
		char source[IP_TEXT_MAX], relay[IP_TEXT_MAX] = "-", since[CLI_TIME_MAX];
		if (r->cli.json)
			reporting_json(r, &rows[i]);
		if (rows[i].relay.family)
			ip_format(&rows[i].relay, relay);
		table_row(&t, (const char *[]){
			rows[i].id, report_state_name(rows[i].state),
			cli_time(rows[i].changed_s, since), ip_format(&rows[i].source, source),
			relay,
			cli_safe(&r->cli, rows[i].contact),
			arena_printf(&r->cli.arena, "%u", rows[i].incidents),
			cli_safe(&r->cli, rows[i].why) });
	}
	table_finish(&t, r->cli.json, "no reports");
	return CLI_GO;
}

static int get(struct reporting *r, const char *id, struct report *report)
{
	int e = store_report_get(r->cli.store, id, &r->cli.arena, report);
	if (e == ERR_NOT_FOUND)
		return cli_not_found(&r->cli, id, EXPECTED_ID);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&r->cli, e, id);
}

static int show_report(struct reporting *r)
{
	struct report report;
	int code = cli_open(&r->cli, CLI_READ);
	if (code == CLI_GO)
		code = get(r, r->cli.operands[1], &report);
	if (code != CLI_GO)
		return code;
	if (r->cli.json)
		reporting_json(r, &report);
	else
		reporting_show(r->xarf ? report.xarf : report.message);
	return CLI_GO;
}

static int send_report(struct reporting *r)
{
	struct report report;
	int code = reporting_open(r);
	if (code == CLI_GO)
		code = get(r, r->cli.operands[1], &report);
	if (code == CLI_GO)
		code = reporting_send(r, &report);
	if (code == CLI_GO && r->cli.json)
		reporting_json(r, &report);
	return code;
}

static void print_state(struct reporting *r, const char *id, enum report_state state)
{
	struct json *j = cli_json_begin(&r->cli);
	json_add_cstr(j, "id", id);
	json_add_cstr(j, "state", report_state_name(state));
	cli_json_end(&r->cli);
}

static int become(struct reporting *r, const char *id, enum report_state state, const char *why)
{
	int e = store_report_become(r->cli.store, id, state, why, r->now_s);
	if (e == ERR_NOT_FOUND)
		return cli_not_found(&r->cli, id, EXPECTED_ID);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, id);
	if (r->cli.json)
		print_state(r, id, state);
	else
		printf("report %s: %s\n", id, report_state_name(state));
	return CLI_GO;
}

static int by_word(struct reporting *r, enum report_state state, const char *otherwise)
{
	char why[WHY_MAX];
	int code = cli_text(&r->cli, "--why", r->why ? r->why : otherwise, why, sizeof(why));
	if (code == CLI_GO)
		code = cli_open(&r->cli, CLI_CHANGE);
	return code == CLI_GO ? become(r, r->cli.operands[1], state, why) : code;
}

static int close_report(struct reporting *r)
{
	return by_word(r, REPORT_CLOSED, "the operator's word");
}

static int answer_report(struct reporting *r)
{
	return by_word(r, REPORT_ANSWERED, "the desk answered");
}

static const char *bounce_remark(const struct report_bounce *b)
{
	switch (b->kind) {
	case REPORT_BOUNCE_DELAYED: return "; only a delay";
	case REPORT_BOUNCE_ARRIVED: return "; an automatic answer: it arrived";
	case REPORT_BOUNCE_FAILED: break;
	}
	return "";
}

static int take_bounce(struct reporting *r, const char *path)
{
	struct report_bounce bounce;
	struct report report;
	bool buried;
	int e = desk_take_bounce(&r->desk, buf_str(&r->message), &r->cli.arena, &bounce, &report,
	                         &buried, &r->problem);
	if (e == ERR_INVALID)
		return cli_fail(&r->cli, EX_DATAERR, "%s: %s", path, buf_cstr(&r->problem));
	if (e == ERR_NOT_FOUND)
		return cli_not_found(&r->cli, bounce.id, EXPECTED_ID);
	if (e != ERR_OK)
		return reporting_told(r, cli_exit_code(e));
	if (buried)
		reporting_buried(r, &report);
	if (r->cli.json)
		print_state(r, report.id, report.state);
	else
		printf("report %s: %s%s\n", report.id, report_state_name(report.state),
		       bounce_remark(&bounce));
	return CLI_GO;
}

static int read_bounce(struct reporting *r)
{
	const char *path = r->cli.operands[1];
	int e = file_read(path, BOUNCE_MAX_BYTES, &r->message);
	if (e != ERR_OK)
		return cli_fail(&r->cli, cli_exit_code(e), "%s: expected a bounce: %s", path,
		                err_text(e));
	int code = reporting_open(r);
	return code == CLI_GO ? take_bounce(r, path) : code;
}

static void print_contact(struct reporting *r, const struct ip *address, const char *contact)
{
	struct json *j = cli_json_begin(&r->cli);
	json_add_ip(j, "address", address);
	json_add_cstr_if(j, "contact", contact);
	json_open_array(j, "answers");
	for (size_t i = 0; i < r->answer_count; i++) {
		json_open_object(j, NULL);
		contact_answer_json(&r->answers[i], j);
		json_close(j);
	}
	json_close(j);
	cli_json_end(&r->cli);
}

/* Only who would get a report. */
static int show_contact(struct reporting *r)
{
	struct ip address;
	const struct contact_answer *answer;
	int code = cli_ip(&r->cli, r->cli.operands[1], &address);
	if (code == CLI_GO && !ip_is_public(&address))
		code = cli_bad_value(&r->cli, r->cli.operands[1], "a public address: nobody else's "
		                     "network has it");
	if (code == CLI_GO)
		code = reporting_open(r);
	if (code == CLI_GO)
		code = reporting_contacts(r, &address);
	if (code != CLI_GO)
		return code;
	const char *contact = contact_choose(r->answers, r->answer_count, &r->filter, &answer);
	if (r->cli.json) {
		print_contact(r, &address, contact);
	} else {
		reporting_show_answers(r);
		printf("%s\n", contact ? contact : r->answer_count ? "no contact that can be used"
		       : "no contact: nobody is asked (report.sources)");
	}
	return contact ? CLI_GO : EX_UNAVAILABLE;
}

static const struct {
	const char *name;
	size_t operands;
	int (*run)(struct reporting *r);
	const char *expected;
} verbs[] = {
	{ "list", 1, list_reports, "" },
	{ "show", 2, show_report, "one ID" },
	{ "send", 2, send_report, "one ID" },
	{ "close", 2, close_report, "one ID" },
	{ "answer", 2, answer_report, "one ID" },
	{ "bounce", 2, read_bounce, "one FILE, or -" },
	{ "contact", 2, show_contact, "one ADDRESS" },
};

static int report_run(struct reporting *r)
{
	const char *first = r->cli.operands[0];
	r->now_s = clock_now_s();
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(first, verbs[i].name) != 0)
			continue;
		if (r->cli.operand_count > verbs[i].operands)
			return cli_bad_value(&r->cli, r->cli.operands[verbs[i].operands],
			                     "no more arguments; see --help");
		if (r->cli.operand_count < verbs[i].operands)
			return cli_fail(&r->cli, EX_USAGE, "%s: expected %s; see --help", first,
			                verbs[i].expected);
		return verbs[i].run(r);
	}
	if (r->cli.operand_count > 1)
		return cli_bad_value(&r->cli, r->cli.operands[1], "one MESSAGE; see --help");
	return reporting_make(r, first);
}

int cli_report(int argc, char **argv)
{
	struct reporting *r = mem_zalloc(sizeof(*r));
	const struct cli_option options[] = {
		{ .name = "origin", .flag = &r->origin,
		  .help = "report the believed origin, not the host that gave it to us" },
		{ .name = "dry-run", .flag = &r->dry_run,
		  .help = "show it, keep and send nothing (default on a terminal)" },
		{ .name = "make", .flag = &r->make,
		  .help = "keep it, so that it can be sent later (default elsewhere)" },
		{ .name = "send", .flag = &r->send,
		  .help = "show it, then send it by the smarthost" },
		{ .name = "yes", .flag = &r->yes,
		  .help = "send without asking, an old message as well" },
		{ .name = "to", .argument = "ADDRESS", .value = &r->to,
		  .help = "send it there, whatever the sources say" },
		{ .name = "nominate", .flag = &r->nominate,
		  .help = "nominate the relay as well: here, and by the templates" },
		{ .name = "null-sender", .flag = &r->null_sender,
		  .help = "report it although its sender is empty" },
		{ .name = "own-lines", .flag = &r->own_lines,
		  .help = "include what our own side wrote into the header" },
		{ .name = "xarf", .flag = &r->xarf, .help = "show: the report as XARF" },
		{ .name = "why", .argument = "TEXT", .value = &r->why,
		  .help = "close, answer: a remark" },
		{ .name = "by", .argument = "WHO", .value = &r->by,
		  .help = "who nominates (default: the calling user)" },
		BORDER_OPTIONS(r->ours),
	};
	const struct cli_spec spec = {
		.name = "report",
		.synopsis =
		"MESSAGE|- [--origin] [--dry-run|--make|--send]\nlist\nshow|send ID\n"
		"close|answer ID [--why TEXT]\nbounce FILE|-\ncontact ADDRESS",
		.description =
		"Reports a spam message to the abuse desk of the network that it came from: finds\n"
		"the desk, makes the report (one a network and day), sends it. The other forms\n"
		"show what became of reports, and tell what did.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 2,
		.operands_expected = "a MESSAGE, or what to do",
	};
	int code = cli_begin(&r->cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = report_run(r);
	reporting_fini(r);
	code = cli_end(&r->cli, code);
	free(r);
	return code;
}
