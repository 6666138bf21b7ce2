/* SPDX-License-Identifier: ISC
 *
 * The operator's word in `portreeve list`: an address is listed by it, an output agreed to.
 */
#include "cli/list.h"

#include "base/clock.h"
#include "relaytest/tester.h"
#include "store/list.h"

#include <stdio.h>

static void print_done(struct list_args *a, const struct ip *address, const char *what, bool yes)
{
	struct json *j = cli_json_begin(&a->cli);
	json_add_ip(j, "address", address);
	json_add_bool(j, what, yes);
	cli_json_end(&a->cli);
}

int list_word_add(struct list_args *a, const char *subject)
{
	char who[WHO_MAX], why[WHY_MAX];
	struct ip address;
	int code = cli_ip(&a->cli, subject, &address);
	if (code == CLI_GO)
		code = cli_who(&a->cli, a->by, who);
	if (code == CLI_GO)
		code = cli_text(&a->cli, "--why", a->why, why, sizeof(why));
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	struct lifecycle_policy policy = tester_policy(&a->cli.settings.tester);
	int e = store_list(a->cli.store, &address, who, why, &policy, clock_now_s());
	if (e == ERR_EXISTS)
		return cli_fail(&a->cli, EX_CANTCREAT, "%s: is listed already", subject);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, subject);
	if (a->cli.json)
		print_done(a, &address, "listed", true);
	else
		printf("%s: listed by the operator's word\n", subject);
	return CLI_GO;
}

int list_word_agree(struct list_args *a, const char *subject, bool agreed)
{
	char who[WHO_MAX];
	struct ip address;
	int code = cli_ip(&a->cli, subject, &address);
	if (code == CLI_GO)
		code = cli_who(&a->cli, a->by, who);
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = store_output_agree(a->cli.store, &address, agreed, who, clock_now_s());
	if (e == ERR_NOT_FOUND)
		return cli_fail(&a->cli, EX_NOINPUT, "%s: expected an output; \"portreeve list "
		                "outputs\" shows them", subject);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, subject);
	if (a->cli.json)
		print_done(a, &address, "agreed", agreed);
	else
		printf("%s: %s to be published as an output\n", subject,
		       agreed ? "agreed" : "no longer agreed");
	return CLI_GO;
}
