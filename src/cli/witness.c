/* SPDX-License-Identifier: ISC
 *
 * `portreeve witness`: a word to be said to this machine's mail server from outside, and what its
 * log tells of whoever said it.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/maillogs.h"
#include "cli/waysin.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "witness/judge.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* LAST_DAYS: without a word, those of today and yesterday count. */
enum { KNOWN_MAX = 16, DAY_S = 86400, LAST_DAYS = 2, EXIT_LOST = 1, EXIT_UNKNOWN = 3 };

struct witness_options {
	bool read;
	const char *word;
	struct cli_values logs, seen_as;
};

struct reading {
	struct cli *cli;
	char word[WITNESS_WORD_SIZE];             /* "": any of the last days */
	unsigned first_day;
	struct maillogs logs;
	struct witness_log *log;
	struct witness_sighting *seen;               /* those that count */
	size_t n;
	struct ip known[KNOWN_MAX], *own;
	struct witness_ends ends;
	bool looked;                             /* at the network: only for a loss */
	struct waysin ways;
};

static unsigned today(void)
{
	return (unsigned)(clock_now_s() / DAY_S);
}

/* ---- a new word ---------- */

static int print_word(struct cli *cli)
{
	uint8_t random[WITNESS_RANDOM_BYTES];
	char word[WITNESS_WORD_SIZE], host[256] = "HOST";
	random_bytes(random, sizeof(random));
	witness_word_make(today(), random, word);
	if (cli->json) {
		json_add_cstr(cli_json_begin(cli), "word", word);
		cli_json_end(cli);
		return CLI_GO;
	}
	if (gethostname(host, sizeof(host) - 1) != 0 || !strchr(host, '.'))
		str_copy(host, sizeof(host), STR("HOST"));
	printf("%s\n\n"
	       "From a machine outside, which has a permit to test this one:\n"
	       "  portreeve test --word %s %s\n"
	       "Then here, as root:\n"
	       "  portreeve witness --read --word %s\n", word, word, cli_safe(cli, host), word);
	return CLI_GO;
}

/* ---- what is known ---------- */

static int read_known(struct reading *r, const struct cli_values *given)
{
	for (size_t i = 0; i < given->n; i++) {
		if (i == KNOWN_MAX)
			return cli_fail(r->cli, EX_USAGE, "--seen-as: expected at most %d "
			                "addresses", KNOWN_MAX);
		int code = cli_ip(r->cli, given->v[i], &r->known[i]);
		if (code != CLI_GO)
			return code;
		r->ends.known_n++;
	}
	r->ends.known = r->known;
	return CLI_GO;
}

static void find_own(struct reading *r)
{
	struct ifaddrs *list = NULL;
	size_t n = 0;
	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next)
		n++;
	r->own = mem_array(n, sizeof(*r->own));
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct endpoint at;
		if (i->ifa_addr && endpoint_from_sockaddr(i->ifa_addr, &at) == ERR_OK)
			r->own[r->ends.own_n++] = at.ip;
	}
	freeifaddrs(list);
	r->ends.own = r->own;
}

/* ---- reading ---------- */

static void keep_what_counts(struct reading *r)
{
	size_t all;
	const struct witness_sighting *seen = witness_log_sightings(r->log, &all);
	r->seen = mem_array(all, sizeof(*r->seen));
	for (size_t i = 0; i < all; i++) {
		char word[WITNESS_WORD_SIZE];
		unsigned day;
		int e = witness_word_parse(str_of(seen[i].said.word), word, &day, NULL);
		if (e == ERR_OK && (*r->word || day >= r->first_day))
			r->seen[r->n++] = seen[i];
	}
}

/* With what the network of this machine tells of a loss. */
static void judge_one(struct reading *r, const struct witness_sighting *seen,
                      struct witness_judged *judged)
{
	witness_judge(seen, &r->ends, judged);
	if (judged->verdict != WITNESS_LOST)
		return;
	if (!r->looked)
		waysin_look(&r->ways);
	r->looked = true;
	const struct audit_arrival *way = waysin_find(&r->ways, seen);
	if (way)
		witness_judge_evidence(judged, &(struct witness_evidence){
			way->cause, way->text, way->line });
}

static void print_object(struct reading *r, enum witness_verdict verdict)
{
	struct json *j = cli_json_begin(r->cli);
	json_add_cstr_if(j, "word", r->word);
	json_add_cstr(j, "verdict", witness_verdict_name(verdict));
	json_open_array(j, "seen");
	for (size_t i = 0; i < r->n; i++) {
		struct witness_judged judged;
		judge_one(r, &r->seen[i], &judged);
		witness_sighting_json(&r->seen[i], &judged, j);
	}
	json_close(j);
	json_add_int(j, "unplaced", (int64_t)witness_log_unplaced(r->log));
	json_open_array(j, "read");
	for (size_t i = 0; i < r->logs.n; i++)
		json_add_cstr(j, NULL, r->logs.read[i]);
	json_close(j);
	cli_json_end(r->cli);
}

static void print_seen(struct reading *r, const struct witness_sighting *seen)
{
	static const enum cli_colour colours[] = {
		[WITNESS_KEPT] = CLI_GREEN, [WITNESS_LOST] = CLI_RED, [WITNESS_UNSURE] = CLI_YELLOW,
	};
	struct witness_judged judged;
	struct buf sentence = { 0 };
	char address[IP_TEXT_MAX];
	judge_one(r, seen, &judged);
	witness_sentence(&judged, &sentence);
	printf("%s  %s%s%s", ip_format(&seen->as, address), cli_colour(colours[judged.verdict]),
	       witness_verdict_name(judged.verdict), cli_colour(CLI_PLAIN));
	if (seen->said.family)
		printf("  over IPv%u to port %u", seen->said.family, seen->said.port);
	printf("  (%s, %s%s%s)\n  %s.\n", mta_title(seen->mta), *r->word ? "" : seen->said.word,
	       *r->word ? "" : ", ", cli_safe(r->cli, seen->time), buf_cstr(&sentence));
	if (judged.evidence.text)
		printf("  %s\n", cli_safe(r->cli, judged.evidence.text));
	if (judged.evidence.line && *judged.evidence.line)
		printf("    %s\n", cli_safe(r->cli, judged.evidence.line));
	for (size_t i = 0; i < judged.cause_n; i++)
		printf("    %s  %s\n", judged.causes[i]->id, judged.causes[i]->title);
	if (judged.cause_n)
		printf("  How to close it: portreeve explain %s\n", judged.causes[0]->id);
	buf_fini(&sentence);
}

/* A family at which nobody knocked is no failure: the server may have one alone. */
static void note_family(const struct reading *r)
{
	bool four = false, six = false;
	for (size_t i = 0; i < r->n; i++) {
		four |= r->seen[i].said.family == 4;
		six |= r->seen[i].said.family == 6;
	}
	if (four != six)
		cli_note(r->cli, "the word was said over %s alone; if the server has an address of "
		         "IPv%d, too, test it: what arrives by the two may differ",
		         four ? "IPv4" : "IPv6", four ? 6 : 4);
}

static void explain_nothing(const struct reading *r)
{
	size_t unplaced = witness_log_unplaced(r->log);
	if (unplaced)
		cli_note(r->cli, "%zu line%s with the word name%s no address that is surely the "
		         "server's own", unplaced, unplaced == 1 ? "" : "s",
		         unplaced == 1 ? "s" : "");
	if (r->n)
		return;
	if (r->logs.n == 0)
		cli_note(r->cli, "no mail log was found; name it with --log FILE");
	else if (witness_log_lines(r->log) == 0)
		cli_note(r->cli, "nothing of a mail server's sessions stands in what was read: %s",
		         maillogs_names(&r->logs, &r->cli->arena));
	else
		cli_note(r->cli, "%s stands in none of: %s", *r->word ? "the word" : "a word",
		         maillogs_names(&r->logs, &r->cli->arena));
}

static int tell_reading(struct reading *r)
{
	enum witness_verdict verdict = witness_judge_all(r->seen, r->n, &r->ends);
	if (r->cli->json)
		print_object(r, verdict);
	for (size_t i = 0; i < r->n && !r->cli->json; i++)
		print_seen(r, &r->seen[i]);
	explain_nothing(r);
	if (witness_log_cut(r->log))
		cli_note(r->cli, "there was more than is told here");
	note_family(r);
	return verdict == WITNESS_LOST ? EXIT_LOST : verdict == WITNESS_KEPT ? EX_OK : EXIT_UNKNOWN;
}

static int witness_read(struct cli *cli, const struct witness_options *o)
{
	struct reading r = { .cli = cli, .first_day = today() - LAST_DAYS + 1 };
	struct parse_error pe;
	unsigned day = r.first_day;
	if (o->word && witness_word_parse(str_of(o->word), r.word, &day, &pe) != ERR_OK)
		return cli_bad_value(cli, o->word, pe.expected);
	int code = read_known(&r, &o->seen_as);
	if (code != CLI_GO)
		return code;
	r.log = witness_log_create(*r.word ? r.word : NULL);
	find_own(&r);
	code = o->logs.n ? maillogs_read_named(cli, &o->logs, &r.logs, r.log) : CLI_GO;
	if (!o->logs.n)
		maillogs_read_usual(cli, (int64_t)day * DAY_S, &r.logs, r.log);
	if (code == CLI_GO) {
		keep_what_counts(&r);
		code = tell_reading(&r);
	}
	free(r.seen);
	free(r.own);
	if (r.looked)
		waysin_fini(&r.ways);
	witness_log_destroy(r.log);
	return code;
}

int cli_witness(int argc, char **argv)
{
	struct cli cli;
	struct witness_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "read", .flag = &o.read,
		  .help = "find words in the mail log, and say who the server saw" },
		{ .name = "word", .argument = "WORD", .value = &o.word,
		  .help = "this one alone (default: those of today and yesterday)" },
		{ .name = "log", .argument = "FILE", .values = &o.logs,
		  .help = "read this log, - for standard input; again for more" },
		{ .name = "seen-as", .argument = "ADDRESS", .values = &o.seen_as,
		  .help = "by which others see the tester; again for its other family" },
	};
	const struct cli_spec spec = {
		.name = "witness",
		.synopsis = "\n--read [--word WORD] [--log FILE]… [--seen-as ADDRESS]…",
		.description =
		"By what address does the mail server of this machine see strangers? Prints a\n"
		"word; \"portreeve test --word WORD\" says it from outside; --read then finds it\n"
		"in the mail log. A server that sees strangers by an address it trusts relays for\n"
		"all of them. Exit of --read: 0 by their own addresses, 1 these are lost, 3 not\n"
		"found or not known.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 0, .operands_expected = "nothing",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO && !o.read && (o.word || o.logs.n || o.seen_as.n))
		code = cli_fail(&cli, EX_USAGE, "--word, --log, --seen-as: expected --read, too");
	if (code == CLI_GO)
		code = o.read ? witness_read(&cli, &o) : print_word(&cli);
	return cli_end(&cli, code);
}
