/* SPDX-License-Identifier: ISC
 *
 * `portreeve expire`: removes what is old and nothing rests on, as the roles do by
 * themselves; or tells how much that would be.
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "store/json.h"
#include "store/retention.h"
#include "store/upkeep.h"

#include <stdio.h>

enum { PASS_ROWS = 1000 };

static void print_expired(const struct store_expiry *x, bool dry)
{
	static const char *const names[RETAINED_KINDS] = {
		[RETAINED_TEST] = "tests", [RETAINED_EVIDENCE] = "bundles of evidence",
		[RETAINED_RETURN] = "returned messages", [RETAINED_REQUEST] = "retest requests",
	};
	for (size_t i = 0; i < RETAINED_KINDS; i++)
		printf("%s%llu %s", i ? ", " : dry ? "would remove " : "removed ",
		       (unsigned long long)x->removed[i], names[i]);
	putchar('\n');
}

static int expire_rows(struct cli *cli, bool dry)
{
	struct store_expiry x = { 0 };
	int64_t now_s = clock_now_s();
	while (!x.over) {
		int e = store_expire(cli->store, &cli->settings.store, now_s, PASS_ROWS, dry, &x);
		if (e != ERR_OK)
			return cli_store_fail(cli, e, "what is old could not be removed");
	}
	if (cli->json) {
		expiry_json(&x, dry, cli_json_begin(cli));
		cli_json_end(cli);
	} else {
		print_expired(&x, dry);
	}
	return CLI_GO;
}

int cli_expire(int argc, char **argv)
{
	struct cli cli;
	bool dry = false;
	const struct cli_option options[] = {
		{ .name = "dry-run", .flag = &dry,
		  .help = "remove nothing, say how much it would be" },
	};
	const struct cli_spec spec = {
		.name = "expire",
		.synopsis = "[--dry-run]",
		.description =
		"Removes tests, returned messages and evidence that are older than\n"
		"store.keep_tests, store.keep_returns and store.keep_evidence. Nothing of a\n"
		"listed address goes. The roles do the same once an hour.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 0,
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_open(&cli, dry ? CLI_READ : CLI_CHANGE);
	if (code == CLI_GO)
		code = expire_rows(&cli, dry);
	return cli_end(&cli, code);
}
