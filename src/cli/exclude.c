/* SPDX-License-Identifier: ISC
 *
 * `portreeve exclude`: addresses that are never tested, whoever consented.
 */
#include "cli/commands.h"
#include "cli/ranges.h"
#include "cli/table.h"

#include "base/clock.h"
#include "store/admission.h"
#include "store/json.h"

#include <stdio.h>

struct exclude_args {
	struct ranges r;
	const char *why;
	struct exclusion x;
};

static void exclude_print_json(struct ranges *r, const struct exclusion *x)
{
	exclusion_json(x, cli_json_begin(&r->cli));
	cli_json_end(&r->cli);
}

static int exclude_add(struct ranges *r)
{
	struct exclude_args *a = (struct exclude_args *)r;
	int code = cli_who(&r->cli, r->by, a->x.by);
	if (code == CLI_GO)
		code = cli_text(&r->cli, "--why", a->why, a->x.why, sizeof(a->x.why));
	if (code == CLI_GO)
		code = cli_open(&r->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	a->x.range = r->range;
	a->x.created_s = r->now_s;
	int e = store_exclusion_add(r->cli.store, &a->x);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, r->cli.operands[1]);
	if (r->cli.json)
		exclude_print_json(r, &a->x);
	else
		printf("%s: excluded; it is never tested, and what of it is listed stays so\n",
		       r->cli.operands[1]);
	return CLI_GO;
}

static int exclude_list(struct ranges *r)
{
	struct exclusion *rows;
	size_t n;
	struct table t;
	int code = cli_open(&r->cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = store_exclusions(r->cli.store, &r->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, "exclusions");
	table_init(&t, &r->cli.arena,
	           (const char *[]){ "RANGE", "BY", "SINCE", "WHY", NULL });
	for (size_t i = 0; i < n; i++) {
		char range[PREFIX_TEXT_MAX], since[CLI_TIME_MAX];
		if (r->cli.json)
			exclude_print_json(r, &rows[i]);
		table_row(&t, (const char *[]){
			prefix_format(&rows[i].range, range), cli_safe(&r->cli, rows[i].by),
			cli_time(rows[i].created_s, since), cli_safe(&r->cli, rows[i].why) });
	}
	table_finish(&t, r->cli.json, "nothing is excluded");
	return CLI_GO;
}

int cli_exclude(int argc, char **argv)
{
	struct exclude_args a = { .r.now_s = clock_now_s() };
	const struct cli_option options[] = {
		{ .name = "by", .argument = "WHO", .value = &a.r.by,
		  .help = "who decided (default: the calling user)" },
		{ .name = "why", .argument = "TEXT", .value = &a.why,
		  .help = "the reason, kept in the journal (add: required)" },
	};
	const struct cli_spec spec = {
		.name = "exclude",
		.synopsis = "add RANGE --why TEXT [--by WHO]\nremove RANGE [--by WHO]\nlist",
		.description =
		"Says which addresses are never tested. An exclusion wins over every permit. A\n"
		"listing of the address stays.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 2,
		.operands_expected = "add RANGE, remove RANGE or list",
	};
	const struct ranges_kind kind = {
		"exclude", "an excluded", "excluded", exclude_add, exclude_list,
		store_exclusion_remove,
	};
	int code = cli_begin(&a.r.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = ranges_run(&a.r, &kind);
	return cli_end(&a.r.cli, code);
}
