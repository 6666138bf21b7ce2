/* SPDX-License-Identifier: ISC
 *
 * `portreeve permit`: who consented to tests of which addresses. No consent, no test.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/table.h"

#include "base/clock.h"

#include <stdio.h>

/* Nobody can speak for more: whole registries' blocks. */
enum { WIDEST_V4 = 8, WIDEST_V6 = 16 };

struct permit_args {
	struct cli cli;
	const char *consent, *by, *until;
	struct permit p;
	int64_t now_s;
};

static bool is_trusted(const struct settings *s, const char *who)
{
	const struct config_strings *trusted = &s->tester.trusted_submitters;
	for (size_t i = 0; i < trusted->n; i++)
		if (strcmp(trusted->v[i], who) == 0)
			return true;
	return false;
}

static int check_ground(const struct permit_args *a)
{
	const struct permit *p = &a->p;
	bool one = p->range.len == ip_bits(&p->range.ip);
	const char *given = a->cli.operands[1];
	if (p->range.len < (p->range.ip.family == 4 ? WIDEST_V4 : WIDEST_V6))
		return cli_bad_value(&a->cli, given, "at most an IPv4 /8 or an IPv6 /16");
	if ((p->consent == CONSENT_EVIDENCE || p->consent == CONSENT_CONTACT) && !one)
		return cli_bad_value(&a->cli, given, "a single address for this ground of consent");
	if (p->consent == CONSENT_EVIDENCE && !is_trusted(&a->cli.settings, p->by))
		return cli_fail(&a->cli, EX_NOPERM, "--by \"%s\": consent \"evidence\" counts only "
		                "from those in tester.trusted_submitters", p->by);
	return CLI_GO;
}

static int read_add(struct permit_args *a)
{
	struct parse_error pe;
	if (!a->consent)
		return cli_fail(&a->cli, EX_USAGE, "expected --consent GROUND; see --help");
	if (consent_parse(str_of(a->consent), &a->p.consent) != ERR_OK ||
	    a->p.consent == CONSENT_NONE)
		return cli_bad_value(&a->cli, a->consent, "owner, contact, evidence or range");
	if (!a->by)
		return cli_fail(&a->cli, EX_USAGE, "expected --by WHO; see --help");
	int code = cli_who(&a->cli, a->by, a->p.by);
	if (code != CLI_GO || !a->until)
		return code;
	if (clock_parse(str_of(a->until), &a->p.until_s, &pe) != ERR_OK)
		return cli_bad_value(&a->cli, a->until, pe.expected);
	if (a->p.until_s <= a->now_s)
		return cli_bad_value(&a->cli, a->until, "a date in the future");
	return CLI_GO;
}

static json_t *permit_json(const struct permit *p)
{
	char range[PREFIX_TEXT_MAX];
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "range", prefix_format(&p->range, range),
	                 "consent", consent_name(p->consent), "by", p->by,
	                 "created", cli_json_time(p->created_s), "until",
	                 cli_json_time(p->until_s));
}

static int add(struct permit_args *a)
{
	int code = read_add(a);
	if (code == CLI_GO)
		code = cli_settings(&a->cli);
	if (code == CLI_GO)
		code = check_ground(a);
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	a->p.created_s = a->now_s;
	int e = store_permit_add(a->cli.store, &a->p);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, a->cli.operands[1]);
	if (a->cli.json)
		cli_json(permit_json(&a->p));
	else
		printf("%s: permitted, consent \"%s\" by %s\n", a->cli.operands[1],
		       consent_name(a->p.consent), a->p.by);
	return CLI_GO;
}

static int remove_range(struct permit_args *a)
{
	int code = cli_who(&a->cli, a->by, a->p.by);
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = store_permit_remove(a->cli.store, &a->p.range, a->p.by, a->now_s);
	if (e == ERR_NOT_FOUND)
		return cli_fail(&a->cli, EX_NOINPUT, "%s: expected a permitted range; "
		                "\"portreeve permit list\" shows them", a->cli.operands[1]);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, a->cli.operands[1]);
	if (a->cli.json)
		cli_json(json_pack("{s:s, s:b}", "range", a->cli.operands[1], "removed", 1));
	else
		printf("%s: no longer permitted\n", a->cli.operands[1]);
	return CLI_GO;
}

static int list(struct permit_args *a)
{
	struct permit *rows;
	size_t n;
	struct table t;
	int code = cli_open(&a->cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = store_permits(a->cli.store, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "permits");
	table_init(&t, &a->cli.arena,
	           (const char *[]){ "RANGE", "CONSENT", "BY", "SINCE", "UNTIL", NULL });
	for (size_t i = 0; i < n; i++) {
		char range[PREFIX_TEXT_MAX], since[CLI_TIME_MAX], until[CLI_TIME_MAX];
		if (a->cli.json)
			cli_json(permit_json(&rows[i]));
		table_row(&t, (const char *[]){
			prefix_format(&rows[i].range, range), consent_name(rows[i].consent),
			cli_safe(&a->cli, rows[i].by), cli_time(rows[i].created_s, since),
			cli_time(rows[i].until_s, until) });
	}
	table_finish(&t, a->cli.json, "nothing is permitted: no host is tested");
	return CLI_GO;
}

static int run(struct permit_args *a)
{
	const char *verb = a->cli.operands[0];
	if (strcmp(verb, "list") == 0 && a->cli.operand_count == 1)
		return list(a);
	bool adds = strcmp(verb, "add") == 0;
	if (!adds && strcmp(verb, "remove") != 0)
		return cli_bad_value(&a->cli, verb, "add RANGE, remove RANGE or list");
	if (a->cli.operand_count != 2)
		return cli_fail(&a->cli, EX_USAGE, "%s: expected one RANGE; see --help", verb);
	int code = cli_prefix(&a->cli, a->cli.operands[1], &a->p.range);
	if (code != CLI_GO)
		return code;
	return adds ? add(a) : remove_range(a);
}

int cli_permit(int argc, char **argv)
{
	struct permit_args a = { .now_s = clock_now_s() };
	const struct cli_option options[] = {
		{ "consent", "GROUND", "owner, contact, evidence or range", &a.consent, NULL },
		{ "by", "WHO", "who consented (add); who takes it back (remove)", &a.by, NULL },
		{ "until", "DATE", "the consent's end, as 2026-12-31", &a.until, NULL },
	};
	const struct cli_spec spec = {
		"permit", "add RANGE --consent GROUND --by WHO [--until DATE]\n"
		"remove RANGE [--by WHO]\nlist",
		"Says which addresses may be tested and on what ground: owner (control of the\n"
		"address was proved), contact (it sent us mail), evidence (a spam message from a\n"
		"trusted submitter names it) or range (the operator's permit). No consent, no\n"
		"test.",
		options, sizeof(options) / sizeof(*options), 1, 2,
		"add RANGE, remove RANGE or list",
	};
	int code = cli_begin(&a.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = run(&a);
	return cli_end(&a.cli, code);
}
