/* SPDX-License-Identifier: ISC
 *
 * `portreeve list`: what the store holds, and the operator's own word on a listing.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/table.h"

#include "base/clock.h"
#include "relaytest/tester.h"
#include "store/admission.h"
#include "store/fuse.h"
#include "store/journal.h"
#include "store/json.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/tests.h"
#include "store/undecided.h"

#include <stdio.h>

enum { ROWS_DEFAULT = 1000, ROWS_MAX = 1000000, RETURNS_CHUNK = 1000 };

struct list_args {
	struct cli cli;
	const char *by, *why, *limit;
	size_t max;
	struct ip address;                   /* family 0: all */
	bool undecided;
};

/* ---- listings --------------------------------------------------------------- */

/* What an older version or somebody's hand put on the list: DNS leaves it out. */
static const char *not_published(struct list_args *a, const struct listing *l)
{
	return fuse_refuses_ip(store_fuse(a->cli.store), &l->address);
}

static void print_listing(struct list_args *a, const struct listing *l)
{
	struct proof *proofs = NULL;
	size_t n = 0;
	if (store_proofs(a->cli.store, &l->address, &a->cli.arena, &proofs, &n) != ERR_OK)
		n = 0;
	listing_json(l, not_published(a, l), proofs, n, cli_json_begin(&a->cli));
	cli_json_end(&a->cli);
}

/* What the operator gave as the reason proves nothing: it stands as his word. */
static const char *word_text(struct list_args *a, const struct listing *l, const char *reason)
{
	struct proof *rows;
	size_t n = 0;
	store_proofs(a->cli.store, &l->address, &a->cli.arena, &rows, &n);
	return arena_printf(&a->cli.arena, "%sby the operator's word: %s",
	                    n ? "open relay, and " : "", reason);
}

static const char *reason_text(struct list_args *a, const struct listing *l)
{
	const char *withheld = not_published(a, l), *reason = cli_safe(&a->cli, l->reason);
	if (l->by_operator)
		reason = word_text(a, l, reason);
	if (!withheld)
		return reason;
	return arena_printf(&a->cli.arena, "%s (not published: %s)", reason, withheld);
}

static int list_listings(struct list_args *a)
{
	struct listing *rows;
	size_t n;
	struct table t;
	int e = store_listings(a->cli.store, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "listings");
	table_init(&t, &a->cli.arena, (const char *[]){ "ADDRESS", "SINCE", "LAST TEST", "REASON",
	                                                NULL });
	for (size_t i = 0; i < n; i++) {
		char address[IP_TEXT_MAX], since[CLI_TIME_MAX], last[CLI_TIME_MAX];
		if (a->address.family && !ip_eq(&a->address, &rows[i].address))
			continue;
		if (a->cli.json)
			print_listing(a, &rows[i]);
		table_row(&t, (const char *[]){
			ip_format(&rows[i].address, address), cli_time(rows[i].since_s, since),
			cli_time(rows[i].last_test_s, last), reason_text(a, &rows[i]) });
	}
	table_finish(&t, a->cli.json, "nothing is listed");
	return CLI_GO;
}

static void print_test(struct list_args *a, const struct test *t)
{
	test_row_json(t, cli_json_begin(&a->cli));
	cli_json_end(&a->cli);
}

/* ---- listings that no test decides --------------------------------------------- */

/* Hosts that stay listed because they cannot be tested: they come off by the operator's word. */
static int list_undecided(struct list_args *a)
{
	struct undecided *rows;
	size_t n;
	struct table t;
	int e = store_undecided(a->cli.store, &a->address, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "undecided listings");
	table_init(&t, &a->cli.arena, (const char *[]){ "ADDRESS", "SINCE", "LAST TEST", "VERDICT",
	                                                "WHY", NULL });
	for (size_t i = 0; i < n; i++) {
		const struct listing *l = &rows[i].listing;
		const struct test *last = &rows[i].last;
		char address[IP_TEXT_MAX], since[CLI_TIME_MAX], when[CLI_TIME_MAX];
		if (a->cli.json)
			print_test(a, last);
		table_row(&t, (const char *[]){
			ip_format(&l->address, address), cli_time(l->since_s, since),
			cli_time(last->finished_s, when), verdict_name(last->verdict),
			cli_safe(&a->cli, undecided_why(&rows[i])) });
	}
	table_finish(&t, a->cli.json, "every listed host could be tested");
	return CLI_GO;
}

/* ---- tests -------------------------------------------------------------------- */

static int list_tests(struct list_args *a)
{
	struct test *rows;
	size_t n;
	struct table t;
	int e = store_tests(a->cli.store, &a->address, a->max, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "tests");
	table_init(&t, &a->cli.arena, (const char *[]){ "TEST", "TARGET", "STATE", "VERDICT",
	                                                "REASON", "FROM", "WHO", NULL });
	for (size_t i = 0; i < n; i++) {
		char target[ENDPOINT_TEXT_MAX], when[CLI_TIME_MAX];
		if (a->cli.json)
			print_test(a, &rows[i]);
		table_row(&t, (const char *[]){
			rows[i].id, endpoint_format(&rows[i].target, target),
			test_state_name(rows[i].state), verdict_name(rows[i].verdict),
			test_reason_name(rows[i].reason), cli_time(rows[i].created_s, when),
			cli_safe(&a->cli, rows[i].who) });
	}
	table_finish(&t, a->cli.json, "no tests");
	return CLI_GO;
}

/* ---- returns -------------------------------------------------------------------- */

static void print_return(struct list_args *a, const struct test_return *r)
{
	test_return_json(r, cli_json_begin(&a->cli));
	cli_json_end(&a->cli);
}

static int add_returns(struct list_args *a, struct table *t, int64_t *after, size_t *n)
{
	struct test_return *rows;
	int e = store_returns_after(a->cli.store, *after, RETURNS_CHUNK, false, &a->cli.arena,
	                            &rows, n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "returns");
	for (size_t i = 0; i < *n; i++) {
		char output[IP_TEXT_MAX], when[CLI_TIME_MAX];
		*after = rows[i].id;
		if (a->address.family && !ip_eq(&a->address, &rows[i].peer.ip))
			continue;
		if (a->cli.json)
			print_return(a, &rows[i]);
		table_row(t, (const char *[]){
			rows[i].test_id, rows[i].case_id,
			rows[i].kind == RETURN_RECIPIENT ? "recipient" : "sender",
			rows[i].marked ? "yes" : "no", cli_time(rows[i].time_s, when),
			ip_format(&rows[i].peer.ip, output), cli_safe(&a->cli, rows[i].helo) });
	}
	return CLI_GO;
}

static int list_returns(struct list_args *a)
{
	struct table t;
	int64_t after = 0;
	size_t n = RETURNS_CHUNK;
	int code = CLI_GO;
	table_init(&t, &a->cli.arena, (const char *[]){ "TEST", "CASE", "TOKEN", "MARK", "TIME",
	                                                "OUTPUT", "HELO", NULL });
	while (code == CLI_GO && n == RETURNS_CHUNK)
		code = add_returns(a, &t, &after, &n);
	table_finish(&t, a->cli.json || code != CLI_GO, "nothing came back");
	return code;
}

/* ---- outputs --------------------------------------------------------------------- */

static void print_output(struct list_args *a, const struct output *row)
{
	output_json(row, cli_json_begin(&a->cli));
	cli_json_end(&a->cli);
}

static int list_outputs(struct list_args *a)
{
	struct output *rows;
	size_t n;
	struct table t;
	int e = store_outputs(a->cli.store, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "outputs");
	table_init(&t, &a->cli.arena, (const char *[]){ "OUTPUT", "INPUTS", "NETWORKS", "AGREED",
	                                                "FIRST", "LAST", NULL });
	for (size_t i = 0; i < n; i++) {
		const struct output *o = &rows[i];
		char address[IP_TEXT_MAX], first[CLI_TIME_MAX], last[CLI_TIME_MAX];
		if (a->address.family && !ip_eq(&a->address, &o->address))
			continue;
		if (a->cli.json)
			print_output(a, o);
		table_row(&t, (const char *[]){
			ip_format(&o->address, address),
			arena_printf(&a->cli.arena, "%u", o->inputs),
			arena_printf(&a->cli.arena, "%u", o->networks), o->agreed ? "yes" : "no",
			cli_time(o->first_s, first), cli_time(o->last_s, last) });
	}
	table_finish(&t, a->cli.json, "no outputs of multi-hop relays");
	return CLI_GO;
}

/* ---- journal and nominations ------------------------------------------------------- */

static void print_entry(struct list_args *a, const struct journal_entry *row)
{
	journal_entry_json(row, cli_json_begin(&a->cli));
	cli_json_end(&a->cli);
}

static int list_journal(struct list_args *a)
{
	struct journal_entry *rows;
	size_t n;
	uint64_t serial;
	struct table t;
	int e = store_serial(a->cli.store, &serial);
	if (e == ERR_OK)
		e = store_journal(a->cli.store, serial > a->max ? serial - a->max : 0, a->max,
		                  &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "journal");
	table_init(&t, &a->cli.arena, (const char *[]){ "SERIAL", "TIME", "ACTION", "SUBJECT",
	                                                "WHO", "WHY", NULL });
	for (size_t i = 0; i < n; i++) {
		const struct journal_entry *j = &rows[i];
		char subject[PREFIX_TEXT_MAX], when[CLI_TIME_MAX];
		if (a->address.family && !prefix_contains(&j->subject, &a->address))
			continue;
		prefix_format(&j->subject, subject);
		if (a->cli.json)
			print_entry(a, j);
		table_row(&t, (const char *[]){
			arena_printf(&a->cli.arena, "%llu", (unsigned long long)j->serial),
			cli_time(j->time_s, when), journal_action_name(j->action), subject,
			cli_safe(&a->cli, j->who), cli_safe(&a->cli, j->why) });
	}
	table_finish(&t, a->cli.json, "the journal is empty");
	return CLI_GO;
}

static void print_nomination(struct list_args *a, const struct nomination *row)
{
	nomination_json(row, cli_json_begin(&a->cli));
	cli_json_end(&a->cli);
}

static int list_nominations(struct list_args *a)
{
	struct nomination *rows;
	size_t n;
	struct table t;
	int e = store_nominations(a->cli.store, &a->cli.arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "nominations");
	table_init(&t, &a->cli.arena, (const char *[]){ "ADDRESS", "TIME", "CONSENT", "BY",
	                                                "REASON", NULL });
	for (size_t i = 0; i < n; i++) {
		char address[IP_TEXT_MAX], when[CLI_TIME_MAX];
		if (a->address.family && !ip_eq(&a->address, &rows[i].address))
			continue;
		if (a->cli.json)
			print_nomination(a, &rows[i]);
		table_row(&t, (const char *[]){
			ip_format(&rows[i].address, address), cli_time(rows[i].created_s, when),
			consent_name(rows[i].consent), cli_safe(&a->cli, rows[i].by),
			cli_safe(&a->cli, rows[i].reason) });
	}
	table_finish(&t, a->cli.json, "nothing was nominated");
	return CLI_GO;
}

/* ---- the operator's word -------------------------------------------------------------- */

static void print_done(struct list_args *a, const char *what, bool yes)
{
	struct json *j = cli_json_begin(&a->cli);
	json_add_ip(j, "address", &a->address);
	json_add_bool(j, what, yes);
	cli_json_end(&a->cli);
}

static int list_add(struct list_args *a)
{
	char who[WHO_MAX], why[WHY_MAX];
	int code = cli_who(&a->cli, a->by, who);
	if (code == CLI_GO)
		code = cli_text(&a->cli, "--why", a->why, why, sizeof(why));
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	struct lifecycle_policy policy = tester_policy(&a->cli.settings.tester);
	int e = store_list(a->cli.store, &a->address, who, why, &policy, clock_now_s());
	if (e == ERR_EXISTS)
		return cli_fail(&a->cli, EX_CANTCREAT, "%s: is listed already", a->cli.operands[1]);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, a->cli.operands[1]);
	if (a->cli.json)
		print_done(a, "listed", true);
	else
		printf("%s: listed by the operator's word\n", a->cli.operands[1]);
	return CLI_GO;
}

static int list_agree(struct list_args *a, bool agreed)
{
	char who[WHO_MAX];
	int code = cli_who(&a->cli, a->by, who);
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	int e = store_output_agree(a->cli.store, &a->address, agreed, who, clock_now_s());
	if (e == ERR_NOT_FOUND)
		return cli_fail(&a->cli, EX_NOINPUT, "%s: expected an output; \"portreeve list "
		                "outputs\" shows them", a->cli.operands[1]);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, a->cli.operands[1]);
	if (a->cli.json)
		print_done(a, "agreed", agreed);
	else
		printf("%s: %s to be published as an output\n", a->cli.operands[1],
		       agreed ? "agreed" : "no longer agreed");
	return CLI_GO;
}

/* ---- which ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	int (*print)(struct list_args *a);
} lists[] = {
	{ "listings", list_listings }, { "tests", list_tests }, { "returns", list_returns },
	{ "outputs", list_outputs }, { "journal", list_journal },
	{ "nominations", list_nominations },
};

static int list_show(struct list_args *a, const char *what)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		if (strcmp(what, lists[i].name) != 0)
			continue;
		int code = cli_open(&a->cli, CLI_READ);
		if (code != CLI_GO)
			return code;
		return a->undecided ? list_undecided(a) : lists[i].print(a);
	}
	return cli_bad_value(&a->cli, what, "listings, tests, returns, outputs, journal, "
	                     "nominations, add, agree or disagree");
}

static int list_run(struct list_args *a)
{
	const char *what = a->cli.operand_count ? a->cli.operands[0] : "listings";
	int code = CLI_GO;
	uint64_t max = ROWS_DEFAULT;
	if (a->undecided && strcmp(what, "listings") != 0)
		return cli_bad_value(&a->cli, what, "listings with --undecided");
	if (a->limit && (str_u64(str_of(a->limit), ROWS_MAX, &max) != ERR_OK || max == 0))
		return cli_bad_value(&a->cli, a->limit,
		                     arena_printf(&a->cli.arena, "a number from 1 to %d",
		                                  ROWS_MAX));
	a->max = max;
	if (a->cli.operand_count == 2)
		code = cli_ip(&a->cli, a->cli.operands[1], &a->address);
	if (code != CLI_GO)
		return code;
	bool adds = strcmp(what, "add") == 0, agrees = strcmp(what, "agree") == 0;
	if (!adds && !agrees && strcmp(what, "disagree") != 0)
		return list_show(a, what);
	if (a->cli.operand_count != 2)
		return cli_fail(&a->cli, EX_USAGE, "%s: expected one ADDRESS; see --help", what);
	return adds ? list_add(a) : list_agree(a, agrees);
}

int cli_list(int argc, char **argv)
{
	struct list_args a = { 0 };
	const struct cli_option options[] = {
		{ .name = "limit", .argument = "NUMBER", .value = &a.limit,
		  .help = "newest tests or journal entries, at most (default 1000)" },
		{ .name = "undecided", .flag = &a.undecided,
		  .help = "listings: those whose last test decided nothing, and why" },
		{ .name = "by", .argument = "WHO", .value = &a.by,
		  .help = "add, agree: who decided (default: the calling user)" },
		{ .name = "why", .argument = "TEXT", .value = &a.why,
		  .help = "add: the reason, shown to everybody" },
	};
	const struct cli_spec spec = {
		.name = "list",
		.synopsis =
		"[listings|tests|returns|outputs|journal|nominations [ADDRESS]]\n"
		"[listings [ADDRESS]] --undecided\n"
		"add ADDRESS --why TEXT [--by WHO]\nagree|disagree ADDRESS [--by WHO]",
		.description =
		"Shows the list (without an argument), or tests, what came back to the collector,\n"
		"outputs of multi-hop relays, the journal of all changes, nominations. \"add\"\n"
		"lists an address by the operator's word; \"agree\" lets an output be published.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 2, .operands_expected = "what to list",
	};
	int code = cli_begin(&a.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = list_run(&a);
	return cli_end(&a.cli, code);
}
