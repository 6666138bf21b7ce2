/* SPDX-License-Identifier: ISC
 *
 * `portreeve delist`: the operator's word ends a listing. The journal keeps who and why.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "store/list.h"

#include <stdio.h>

/* What is listed all the same. */
struct left {
	struct listed_range around;
	bool inside;                         /* of `around` */
	size_t within;                       /* listings inside the range that was taken off */
};

static int look_left(struct cli *cli, const struct prefix *what, struct left *left)
{
	struct listing *rows;
	struct listed_range *ranges;
	size_t n = 0, m = 0;
	int e = store_range_around(cli->store, what, &left->around);
	left->inside = e == ERR_OK;
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = store_listings(cli->store, &cli->arena, &rows, &n);
	if (e == ERR_OK)
		e = store_ranges(cli->store, &cli->arena, &ranges, &m);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		left->within += prefix_contains(what, &rows[i].address);
	for (size_t i = 0; e == ERR_OK && i < m; i++)
		left->within += prefix_covers(what, &ranges[i].range);
	return e;
}

static void print_json(struct cli *cli, const struct prefix *what, const struct left *left)
{
	struct json *j = cli_json_begin(cli);
	json_add_prefix(j, "address", what);
	if (what->len < ip_bits(&what->ip)) {
		json_add_int(j, "prefix", what->len);
		json_add_int(j, "inside", (int64_t)left->within);
	}
	json_add_bool(j, "listed", left->inside);
	if (left->inside)
		json_add_prefix(j, "within", &left->around.range);
	cli_json_end(cli);
}

static void print_words(const struct cli *cli, const struct left *left)
{
	char text[PREFIX_TEXT_MAX];
	printf("%s: delisted by the operator's word", cli->operands[0]);
	if (left->within)
		printf("; %zu listing%s inside it stay%s", left->within,
		       left->within == 1 ? "" : "s", left->within == 1 ? "s" : "");
	if (left->inside)
		printf("; it stays listed as part of %s",
		       prefix_format(&left->around.range, text));
	printf("\n");
}

static int delist(struct cli *cli, const struct prefix *what, const char *who, const char *why)
{
	struct left left = { 0 };
	bool one = what->len == ip_bits(&what->ip);
	int64_t now_s = clock_now_s();
	int e = one ? store_delist(cli->store, &what->ip, who, why, now_s) :
	              store_range_delist(cli->store, what, who, why, now_s);
	if (e == ERR_NOT_FOUND && one)
		return cli_fail(cli, EX_NOINPUT, "%s: expected a listed address; "
		                "\"portreeve list\" shows them", cli->operands[0]);
	if (e == ERR_OK)
		e = look_left(cli, what, &left);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, cli->operands[0]);
	if (cli->json)
		print_json(cli, what, &left);
	else
		print_words(cli, &left);
	return CLI_GO;
}

int cli_delist(int argc, char **argv)
{
	struct cli cli;
	struct prefix what;
	const char *by = NULL, *why_given = NULL;
	char who[WHO_MAX], why[WHY_MAX];
	const struct cli_option options[] = {
		{ .name = "why", .argument = "TEXT", .value = &why_given,
		  .help = "the reason, kept in the journal (required)" },
		{ .name = "by", .argument = "WHO", .value = &by,
		  .help = "who decided (default: the calling user)" },
	};
	const struct cli_spec spec = {
		.name = "delist",
		.synopsis = "ADDRESS|RANGE --why TEXT [--by WHO]",
		.description =
		"Takes an address off the list by the operator's word, without a test; or a range\n"
		"that was listed as one, which leaves what is listed inside it.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = 1, .operands_expected = "one ADDRESS or RANGE",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_prefix(&cli, cli.operands[0], &what);
	if (code == CLI_GO)
		code = cli_text(&cli, "--why", why_given, why, sizeof(why));
	if (code == CLI_GO)
		code = cli_who(&cli, by, who);
	if (code == CLI_GO)
		code = cli_open(&cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = delist(&cli, &what, who, why);
	return cli_end(&cli, code);
}
