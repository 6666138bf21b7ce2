/* SPDX-License-Identifier: ISC
 *
 * add, remove and list: the three words of `permit` and `exclude`.
 */
#include "cli/ranges.h"

#include <stdio.h>

static int forget(struct ranges *r, const struct ranges_kind *kind)
{
	char who[WHO_MAX];
	const char *given = r->cli.operands[1];
	int code = cli_who(&r->cli, r->by, who);
	if (code == CLI_GO)
		code = cli_open(&r->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = kind->forget(r->cli.store, &r->range, who, r->now_s);
	if (e == ERR_NOT_FOUND)
		return cli_fail(&r->cli, EX_NOINPUT, "%s: expected %s range; "
		                "\"portreeve %s list\" shows them", given, kind->one,
		                kind->command);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, given);
	if (r->cli.json) {
		struct json *j = cli_json_begin(&r->cli);
		json_add_cstr(j, "range", given);
		json_add_bool(j, "removed", true);
		cli_json_end(&r->cli);
	} else {
		printf("%s: no longer %s\n", given, kind->kept);
	}
	return CLI_GO;
}

int ranges_run(struct ranges *r, const struct ranges_kind *kind)
{
	const char *verb = r->cli.operands[0];
	if (strcmp(verb, "list") == 0 && r->cli.operand_count == 1)
		return kind->list(r);
	bool adds = strcmp(verb, "add") == 0;
	if (!adds && strcmp(verb, "remove") != 0)
		return cli_bad_value(&r->cli, verb, "add RANGE, remove RANGE or list");
	if (r->cli.operand_count != 2)
		return cli_fail(&r->cli, EX_USAGE, "%s: expected one RANGE; see --help", verb);
	int code = cli_prefix(&r->cli, r->cli.operands[1], &r->range);
	if (code != CLI_GO)
		return code;
	return adds ? kind->add(r) : forget(r, kind);
}
