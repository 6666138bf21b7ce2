/* SPDX-License-Identifier: ISC
 *
 * The operator's word in `portreeve list`: an address or a range is listed by it, an output
 * agreed to.
 */
#include "cli/list.h"

#include "base/clock.h"
#include "relaytest/tester.h"
#include "store/list.h"

#include <stdio.h>

static void print_done(struct list_args *a, const struct prefix *subject, const char *what,
                       bool yes)
{
	struct json *j = cli_json_begin(&a->cli);
	json_add_prefix(j, "address", subject);
	if (subject->len < ip_bits(&subject->ip))
		json_add_int(j, "prefix", subject->len);
	json_add_bool(j, what, yes);
	cli_json_end(&a->cli);
}

static int list_it(struct list_args *a, const struct prefix *what, const char *who,
                   const char *why)
{
	struct lifecycle_policy policy = tester_policy(&a->cli.settings.tester);
	int64_t now_s = clock_now_s();
	if (what->len < ip_bits(&what->ip))
		return store_range_list(a->cli.store, what, who, why, now_s);
	return store_list(a->cli.store, &what->ip, who, why, &policy, now_s);
}

int list_word_add(struct list_args *a, const char *subject)
{
	char who[WHO_MAX], why[WHY_MAX];
	struct prefix what;
	int code = cli_prefix(&a->cli, subject, &what);
	if (code == CLI_GO)
		code = cli_who(&a->cli, a->by, who);
	if (code == CLI_GO)
		code = cli_text(&a->cli, "--why", a->why, why, sizeof(why));
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = list_it(a, &what, who, why);
	if (e == ERR_EXISTS)
		return cli_fail(&a->cli, EX_CANTCREAT, "%s: is listed already", subject);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, subject);
	if (a->cli.json)
		print_done(a, &what, "listed", true);
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
	struct prefix output = prefix_of(&address, ip_bits(&address));
	if (a->cli.json)
		print_done(a, &output, "agreed", agreed);
	else
		printf("%s: %s to be published as an output\n", subject,
		       agreed ? "agreed" : "no longer agreed");
	return CLI_GO;
}
