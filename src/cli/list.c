/* SPDX-License-Identifier: ISC
 *
 * `portreeve list`: what the store holds, and the operator's own word on a listing. Here are its
 * options and what they lead to; list.h names the other files.
 */
#include "cli/list.h"
#include "cli/commands.h"

#include "base/suggest.h"

/* The words that may stand first; all but the last three are kinds of rows. */
static const char *const first_words[] = {
	"listings", "tests", "returns", "outputs", "journal", "nominations", "add", "agree",
	"disagree",
};
enum { FIRST_WORDS = sizeof(first_words) / sizeof(*first_words) };

static int refuse_word(struct list_args *a, const char *what)
{
	struct suggestion near = suggest(str_of(what));
	const char *expected = "listings, tests, returns, outputs, journal, nominations, add, "
	                       "agree or disagree";
	for (size_t i = 0; i < FIRST_WORDS; i++)
		suggest_among(&near, first_words[i]);
	if (near.word)
		expected = arena_printf(&a->cli.arena, "%s; did you mean %s?", expected, near.word);
	return cli_bad_value(&a->cli, what, expected);
}

/* "list 192.0.2.0/24" is "list listings 192.0.2.0/24". */
static bool is_subject(const char *operand)
{
	return strpbrk(operand, ".:/0123456789") != NULL;
}

static int list_show(struct list_args *a, const char *what, const char *subject)
{
	const struct list_kind *kind = list_kind_find(what, a->undecided);
	if (!kind && a->undecided)
		return cli_bad_value(&a->cli, what, "listings with --undecided");
	if (!kind)
		return refuse_word(a, what);
	int code = list_query_read(a, what, subject, kind->filters);
	if (code == CLI_GO)
		code = cli_open(&a->cli, CLI_READ);
	return code == CLI_GO ? list_rows_show(a, kind) : code;
}

/* The word needs no filters. */
static int list_word(struct list_args *a, const char *what, const char *subject)
{
	if (!subject)
		return cli_fail(&a->cli, EX_USAGE, "%s: expected one ADDRESS%s; see --help", what,
		                strcmp(what, "add") == 0 ? " or RANGE" : "");
	if (a->since || a->before || a->test_state || a->verdict || a->sort || a->limit ||
	    a->undecided || a->by_operator || a->count)
		return cli_bad_value(&a->cli, what, "a kind of rows with filters");
	if (strcmp(what, "add") == 0)
		return list_word_add(a, subject);
	return list_word_agree(a, subject, strcmp(what, "agree") == 0);
}

static int list_run(struct list_args *a)
{
	size_t n = a->cli.operand_count;
	const char *what = n ? a->cli.operands[0] : "listings";
	const char *subject = n > 1 ? a->cli.operands[1] : NULL;
	if (n && is_subject(what)) {
		if (subject)
			return cli_bad_value(&a->cli, subject, "no more arguments; see --help");
		subject = what;
		what = "listings";
	}
	for (size_t i = FIRST_WORDS - 3; i < FIRST_WORDS; i++)
		if (strcmp(what, first_words[i]) == 0)
			return list_word(a, what, subject);
	return list_show(a, what, subject);
}

int cli_list(int argc, char **argv)
{
	struct list_args a = { 0 };
	const struct cli_option options[] = {
		{ .name = "since", .argument = "DATE", .value = &a.since,
		  .help = "rows of that time or later" },
		{ .name = "before", .argument = "DATE", .value = &a.before,
		  .help = "rows from before that time" },
		{ .name = "by-operator", .flag = &a.by_operator,
		  .help = "listings: those by the operator's word" },
		{ .name = "undecided", .flag = &a.undecided,
		  .help = "listings: those whose last test decided nothing, and why" },
		{ .name = "test-state", .argument = "STATE", .value = &a.test_state,
		  .words = "queued running waiting done",
		  .help = "tests: queued, running, waiting or done" },
		{ .name = "verdict", .argument = "VERDICT", .value = &a.verdict,
		  .words = "open closed accepting backscatter unreachable inconclusive none",
		  .help = "tests: open, closed, …" },
		{ .name = "sort", .argument = "ORDER", .value = &a.sort,
		  .words = "newest oldest address",
		  .help = "newest, oldest or address" },
		{ .name = "limit", .argument = "NUMBER", .value = &a.limit,
		  .help = "rows, at most (default 1000 tests or journal entries)" },
		{ .name = "count", .flag = &a.count, .help = "only how many there are" },
		{ .name = "by", .argument = "WHO", .value = &a.by,
		  .help = "add, agree: who decided (default: the calling user); else: of whom" },
		{ .name = "why", .argument = "TEXT", .value = &a.why,
		  .help = "add: the reason, shown to everybody" },
	};
	const struct cli_spec spec = {
		.name = "list",
		.synopsis =
		"[listings|tests|returns|outputs|journal|nominations] [ADDRESS|RANGE]\n"
		"[listings] [ADDRESS|RANGE] --undecided\n"
		"add ADDRESS|RANGE --why TEXT [--by WHO]\nagree|disagree ADDRESS [--by WHO]",
		.description =
		"Shows the list (without an argument), or tests, what came back to the collector,\n"
		"outputs of multi-hop relays, the journal of all changes, nominations; all, or\n"
		"of one address or a range. \"add\" lists an address or a range by the operator's\n"
		"word; \"agree\" lets an output be published. Times are UTC.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 2, .operands_expected = "what to list",
	};
	int code = cli_begin(&a.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = list_run(&a);
	return cli_end(&a.cli, code);
}
