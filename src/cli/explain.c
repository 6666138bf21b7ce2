/* SPDX-License-Identifier: ISC
 *
 * `portreeve explain`: what a form of the catalogue means, which parameter of which server causes
 * it, and how to close it; of a cause the same. It knows no more than the catalogue does.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/pager.h"

#include "base/suggest.h"
#include "catalogue/explain.h"

/* What was asked for: one of both, or all. */
struct topic {
	struct relay_form form;
	const struct cause *cause;
};

static int refuse_topic(struct cli *cli, const char *given)
{
	const char *expected = "a form, such as E14, or a cause, such as C6";
	struct suggestion near = suggest(str_of(given));
	for (size_t i = 0; i < relay_case_count; i++)
		suggest_among(&near, relay_cases[i].id);
	for (size_t i = 0; i < cause_count; i++)
		suggest_among(&near, causes[i].id);
	if (near.word)
		expected = arena_printf(&cli->arena, "%s; did you mean %s?", expected, near.word);
	return cli_bad_value(cli, given, expected);
}

static int refuse_mta(struct cli *cli, const char *given)
{
	const char *expected = MTA_EXPECTED;
	struct suggestion near = suggest(str_of(given));
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++)
		suggest_among(&near, mta_name(m));
	if (near.word)
		expected = arena_printf(&cli->arena, "%s; did you mean %s?", expected, near.word);
	return cli_bad_value(cli, given, expected);
}

static int find_topic(struct cli *cli, struct topic *topic)
{
	const char *given = cli->operand_count ? cli->operands[0] : NULL;
	if (!given || explain_form_parse(str_of(given), &topic->form) == ERR_OK)
		return CLI_GO;
	topic->cause = cause_by_id(str_of(given));
	return topic->cause ? CLI_GO : refuse_topic(cli, given);
}

static void print_form_object(struct cli *cli, const struct relay_form *form, enum mta mta)
{
	form_json(form, mta, cli_json_begin(cli));
	cli_json_end(cli);
}

static void print_cause_object(struct cli *cli, const struct cause *cause, enum mta mta)
{
	cause_json(cause, mta, cli_json_begin(cli));
	cli_json_end(cli);
}

static void print_objects(struct cli *cli, const struct topic *topic, enum mta mta)
{
	if (topic->form.row) {
		print_form_object(cli, &topic->form, mta);
	} else if (topic->cause) {
		print_cause_object(cli, topic->cause, mta);
	} else {
		for (size_t i = 0; i < relay_case_count; i++) {
			struct relay_form form = { .row = &relay_cases[i] };
			print_form_object(cli, &form, mta);
		}
		for (size_t i = 0; i < cause_count; i++)
			print_cause_object(cli, &causes[i], mta);
	}
}

static void print_text(const struct topic *topic, enum mta mta)
{
	struct buf text = { 0 };
	struct pager pager;
	if (topic->form.row)
		explain_form(&topic->form, mta, &text);
	else if (topic->cause)
		explain_cause(topic->cause, mta, &text);
	else
		explain_all(&text);
	pager_begin(&pager, true);
	cli_print(buf_str(&text));
	pager_end(&pager);
	buf_fini(&text);
}

static int explain_run(struct cli *cli, const char *server)
{
	struct topic topic = { 0 };
	enum mta mta = MTA_UNKNOWN;
	if (server && mta_parse(str_of(server), &mta) != ERR_OK)
		return refuse_mta(cli, server);
	int code = find_topic(cli, &topic);
	if (code != CLI_GO)
		return code;
	if (cli->json)
		print_objects(cli, &topic, mta);
	else
		print_text(&topic, mta);
	return CLI_GO;
}

int cli_explain(int argc, char **argv)
{
	struct cli cli;
	const char *server = NULL;
	const struct cli_option options[] = {
		{ .name = "mta", .argument = "SERVER", .value = &server,
		  .words = "postfix exim sendmail opensmtpd qmail courier exchange",
		  .help = "in its words: postfix, exim, sendmail, opensmtpd, qmail, …" },
	};
	const struct cli_spec spec = {
		.name = "explain",
		.synopsis = "[FORM|CAUSE] [--mta SERVER]",
		.description =
		"Says what a form of the relay test means (such as E14), which parameter of which\n"
		"mail server causes it, how to close it and how to check that. Of a cause (such\n"
		"as C6) the same. Without an argument: all forms and causes, a line each.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 1, .operands_expected = "a form or a cause",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = explain_run(&cli, server);
	return cli_end(&cli, code);
}
