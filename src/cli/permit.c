/* SPDX-License-Identifier: ISC
 *
 * `portreeve permit`: who consented to tests of which addresses. No consent, no test.
 */
#include "cli/commands.h"
#include "cli/ranges.h"
#include "cli/table.h"

#include "base/clock.h"
#include "store/admission.h"
#include "store/json.h"
#include "store/permit.h"

#include <stdio.h>

struct permit_args {
	struct ranges r;
	const char *consent, *until;
	struct permit p;
};

static int refuse_permit(const struct permit_args *a, enum permit_fault fault)
{
	const struct cli *cli = &a->r.cli;
	switch (fault) {
	case PERMIT_GOOD:
		return CLI_GO;
	case PERMIT_NOT_TRUSTED:
		return cli_fail(cli, EX_NOPERM, "--by \"%s\": %s", a->p.by,
		                permit_expected(fault));
	case PERMIT_NO_GROUND:
		return cli_bad_value(cli, a->consent, permit_expected(fault));
	case PERMIT_ENDED:
		return cli_bad_value(cli, a->until, permit_expected(fault));
	case PERMIT_TOO_WIDE: case PERMIT_NOT_ONE:
		break;
	}
	return cli_bad_value(cli, cli->operands[1], permit_expected(fault));
}

static int check_permit(const struct permit_args *a)
{
	bool trusted = settings_trusts(&a->r.cli.settings, a->p.by);
	return refuse_permit(a, permit_check(&a->p, trusted, a->r.now_s));
}

static int read_add(struct permit_args *a)
{
	struct parse_error pe;
	if (!a->consent)
		return cli_fail(&a->r.cli, EX_USAGE, "expected --consent GROUND; see --help");
	if (consent_parse(str_of(a->consent), &a->p.consent) != ERR_OK ||
	    a->p.consent == CONSENT_NONE)
		return refuse_permit(a, PERMIT_NO_GROUND);
	if (!a->r.by)
		return cli_fail(&a->r.cli, EX_USAGE, "expected --by WHO; see --help");
	int code = cli_who(&a->r.cli, a->r.by, a->p.by);
	if (code != CLI_GO || !a->until)
		return code;
	if (clock_parse(str_of(a->until), &a->p.until_s, &pe) != ERR_OK)
		return cli_bad_value(&a->r.cli, a->until, pe.expected);
	return a->p.until_s <= a->r.now_s ? refuse_permit(a, PERMIT_ENDED) : CLI_GO;
}

static void permit_print_json(struct ranges *r, const struct permit *p)
{
	permit_json(p, cli_json_begin(&r->cli));
	cli_json_end(&r->cli);
}

static int permit_add(struct ranges *r)
{
	struct permit_args *a = (struct permit_args *)r;
	a->p.range = r->range;
	int code = read_add(a);
	if (code == CLI_GO)
		code = cli_settings(&r->cli);
	if (code == CLI_GO)
		code = check_permit(a);
	if (code == CLI_GO)
		code = cli_open(&r->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	a->p.created_s = r->now_s;
	int e = store_permit_add(r->cli.store, &a->p);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, r->cli.operands[1]);
	if (r->cli.json)
		permit_print_json(r, &a->p);
	else
		printf("%s: permitted, consent \"%s\" by %s\n", r->cli.operands[1],
		       consent_name(a->p.consent), a->p.by);
	return CLI_GO;
}

static int permit_list(struct ranges *r)
{
	struct permit *rows;
	size_t n;
	struct table t;
	int code = cli_open(&r->cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = store_permits(r->cli.store, &r->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, "permits");
	table_init(&t, &r->cli.arena,
	           (const char *[]){ "RANGE", "CONSENT", "BY", "SINCE", "UNTIL", NULL });
	for (size_t i = 0; i < n; i++) {
		char range[PREFIX_TEXT_MAX], since[CLI_TIME_MAX], until[CLI_TIME_MAX];
		if (r->cli.json)
			permit_print_json(r, &rows[i]);
		table_row(&t, (const char *[]){
			prefix_format(&rows[i].range, range), consent_name(rows[i].consent),
			cli_safe(&r->cli, rows[i].by), cli_time(rows[i].created_s, since),
			cli_time(rows[i].until_s, until) });
	}
	table_finish(&t, r->cli.json, "nothing is permitted: no host is tested");
	return CLI_GO;
}

int cli_permit(int argc, char **argv)
{
	struct permit_args a = { .r.now_s = clock_now_s() };
	const struct cli_option options[] = {
		{ .name = "consent", .argument = "GROUND", .value = &a.consent,
		  .words = "owner contact evidence range",
		  .help = "owner, contact, evidence or range" },
		{ .name = "by", .argument = "WHO", .value = &a.r.by,
		  .help = "who consented (add); who takes it back (remove)" },
		{ .name = "until", .argument = "DATE", .value = &a.until,
		  .help = "the consent's end, as 2026-12-31" },
	};
	const struct cli_spec spec = {
		.name = "permit",
		.synopsis =
		"add RANGE --consent GROUND --by WHO [--until DATE]\n"
		"remove RANGE [--by WHO]\nlist",
		.description =
		"Says which addresses may be tested and on what ground: owner (control of the\n"
		"address was proved), contact (it sent us mail), evidence (a spam message from a\n"
		"trusted submitter names it) or range (the operator's permit). No consent, no\n"
		"test.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 2,
		.operands_expected = "add RANGE, remove RANGE or list",
	};
	const struct ranges_kind kind = {
		"permit", "a permitted", "permitted", permit_add, permit_list, store_permit_remove,
	};
	int code = cli_begin(&a.r.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = ranges_run(&a.r, &kind);
	return cli_end(&a.r.cli, code);
}
