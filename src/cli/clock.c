/* SPDX-License-Identifier: ISC
 *
 * `portreeve clock`: whether the clock is where the store last knew it, and the operator's word
 * that it is right all the same.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "store/clock.h"
#include "store/heartbeat.h"
#include "store/json.h"

#include <stdio.h>

enum { EXIT_JUMPED = 1 };

static int clock_show(struct cli *cli)
{
	struct store_clock c;
	char now[CLI_TIME_MAX], known[CLI_TIME_MAX];
	int64_t now_s = clock_now_s();
	int e = store_clock_look(cli->store, now_s, &c);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, "clock");
	if (cli->json) {
		clock_json(&c, now_s, cli->settings.store.clock_jump_max_s, cli_json_begin(cli));
		cli_json_end(cli);
	} else {
		printf("%s: the clock says %s, the time last known is %s%s\n",
		       clock_state_name(c.state), cli_time(now_s, now),
		       cli_time(c.known_s, known),
		       c.state == CLOCK_STEADY ? "" :
		       "; when the clock is right, run \"portreeve clock accept\"");
	}
	return c.state == CLOCK_STEADY ? CLI_GO : EXIT_JUMPED;
}

static int accept_clock(struct cli *cli)
{
	char now[CLI_TIME_MAX];
	int64_t now_s = clock_now_s();
	int e = store_clock_accept(cli->store, now_s);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, "clock");
	if (cli->json) {
		json_add_time(cli_json_begin(cli), "accepted", now_s);
		cli_json_end(cli);
	} else {
		printf("accepted: it is %s\n", cli_time(now_s, now));
	}
	return CLI_GO;
}

static int clock_run(struct cli *cli)
{
	const char *what = cli->operand_count ? cli->operands[0] : NULL;
	if (what && strcmp(what, "accept") != 0)
		return cli_bad_value(cli, what, "accept, or nothing");
	int code = cli_open(cli, what ? CLI_CLOCK : CLI_READ);
	if (code != CLI_GO)
		return code;
	return what ? accept_clock(cli) : clock_show(cli);
}

int cli_clock(int argc, char **argv)
{
	struct cli cli;
	const struct cli_spec spec = {
		.name = "clock",
		.synopsis = "[accept]",
		.description =
		"Shows whether the clock is where the store last knew it. By a clock that has\n"
		"jumped nothing is removed, tested, listed or delisted; \"accept\" says that it\n"
		"is right. Exit: 0 steady, 1 jumped.",
		.operands_min = 0, .operands_max = 1, .operands_expected = "accept, or nothing",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = clock_run(&cli);
	return cli_end(&cli, code);
}
