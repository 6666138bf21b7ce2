/* SPDX-License-Identifier: ISC
 *
 * `portreeve exclude`: addresses that are never tested, whoever consented.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/table.h"

#include "base/clock.h"

#include <stdio.h>

struct exclude_args {
	struct cli cli;
	const char *by, *why;
	struct exclusion x;
	int64_t now_s;
};

static json_t *exclusion_json(const struct exclusion *x)
{
	char range[PREFIX_TEXT_MAX];
	return json_pack("{s:s, s:s, s:s, s:o}", "range", prefix_format(&x->range, range),
	                 "by", x->by, "why", x->why, "created", cli_json_time(x->created_s));
}

static int add(struct exclude_args *a)
{
	int code = cli_who(&a->cli, a->by, a->x.by);
	if (code == CLI_GO)
		code = cli_text(&a->cli, "--why", a->why, a->x.why, sizeof(a->x.why));
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	a->x.created_s = a->now_s;
	int e = store_exclusion_add(a->cli.store, &a->x);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, a->cli.operands[1]);
	if (a->cli.json)
		cli_json(exclusion_json(&a->x));
	else
		printf("%s: excluded; it is never tested\n", a->cli.operands[1]);
	return CLI_GO;
}

static int remove_range(struct exclude_args *a)
{
	int code = cli_who(&a->cli, a->by, a->x.by);
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = store_exclusion_remove(a->cli.store, &a->x.range, a->x.by, a->now_s);
	if (e == ERR_NOT_FOUND)
		return cli_fail(&a->cli, EX_NOINPUT, "%s: expected an excluded range; "
		                "\"portreeve exclude list\" shows them", a->cli.operands[1]);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, a->cli.operands[1]);
	if (a->cli.json)
		cli_json(json_pack("{s:s, s:b}", "range", a->cli.operands[1], "removed", 1));
	else
		printf("%s: no longer excluded\n", a->cli.operands[1]);
	return CLI_GO;
}

static int list(struct exclude_args *a)
{
	struct exclusion *rows;
	size_t n;
	struct table t;
	int code = cli_open(&a->cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = store_exclusions(a->cli.store, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "exclusions");
	table_init(&t, &a->cli.arena,
	           (const char *[]){ "RANGE", "BY", "SINCE", "WHY", NULL });
	for (size_t i = 0; i < n; i++) {
		char range[PREFIX_TEXT_MAX], since[CLI_TIME_MAX];
		if (a->cli.json)
			cli_json(exclusion_json(&rows[i]));
		table_row(&t, (const char *[]){
			prefix_format(&rows[i].range, range), cli_safe(&a->cli, rows[i].by),
			cli_time(rows[i].created_s, since), cli_safe(&a->cli, rows[i].why) });
	}
	table_finish(&t, a->cli.json, "nothing is excluded");
	return CLI_GO;
}

static int run(struct exclude_args *a)
{
	const char *verb = a->cli.operands[0];
	if (strcmp(verb, "list") == 0 && a->cli.operand_count == 1)
		return list(a);
	bool adds = strcmp(verb, "add") == 0;
	if (!adds && strcmp(verb, "remove") != 0)
		return cli_bad_value(&a->cli, verb, "add RANGE, remove RANGE or list");
	if (a->cli.operand_count != 2)
		return cli_fail(&a->cli, EX_USAGE, "%s: expected one RANGE; see --help", verb);
	int code = cli_prefix(&a->cli, a->cli.operands[1], &a->x.range);
	if (code != CLI_GO)
		return code;
	return adds ? add(a) : remove_range(a);
}

int cli_exclude(int argc, char **argv)
{
	struct exclude_args a = { .now_s = clock_now_s() };
	const struct cli_option options[] = {
		{ "by", "WHO", "who decided (default: the calling user)", &a.by, NULL },
		{ "why", "TEXT", "the reason, kept in the journal (add: required)", &a.why, NULL },
	};
	const struct cli_spec spec = {
		"exclude", "add RANGE --why TEXT [--by WHO]\nremove RANGE [--by WHO]\nlist",
		"Says which addresses are never tested. An exclusion wins over every permit. A\n"
		"listing of the address stays.",
		options, sizeof(options) / sizeof(*options), 1, 2,
		"add RANGE, remove RANGE or list",
	};
	int code = cli_begin(&a.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = run(&a);
	return cli_end(&a.cli, code);
}
