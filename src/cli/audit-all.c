/* SPDX-License-Identifier: ISC
 *
 * All servers of this machine, one behind the other, and whether they are all: where strangers'
 * mail arrives that nobody was asked about, "closed" is not said.
 */
#include "cli/audit-run.h"

#include "base/clock.h"

enum { ALL_MS = 180 * 1000, REPORTS_MAX = 128, ASKED_MAX = REPORTS_MAX * AUDIT_PORTS_MAX };

struct all {
	struct cli *cli;
	const struct audit_options *options;
	struct facts machine;
	struct audit_report reports[REPORTS_MAX];
	size_t report_n;
	struct audit_asked_at asked[ASKED_MAX];
	size_t asked_n;
	int64_t until_ms;
};

/* Open to all is worse than to some, and that than what is not known. */
static enum audit_verdict worse(enum audit_verdict a, enum audit_verdict b)
{
	static const int badness[] = { [AUDIT_CLOSED] = 0, [AUDIT_UNKNOWN] = 1, [AUDIT_WIDE] = 2,
	                               [AUDIT_WORLD] = 3 };
	return badness[a] >= badness[b] ? a : b;
}

static void keep(struct all *all, const struct audit_done *done)
{
	if (all->report_n < REPORTS_MAX)
		all->reports[all->report_n++] = done->report;
	for (size_t i = 0; i < done->asked_n && all->asked_n < ASKED_MAX; i++)
		all->asked[all->asked_n++] = done->asked[i];
}

/* ---- one server with its instances ---------------------------------------------------- */

static const char *beyond_words(struct all *all, const char *directory, size_t n)
{
	return n > 1 ? arena_printf(&all->cli->arena, "%s and %zu more instances of Postfix",
	                            directory, n - 1)
	             : arena_printf(&all->cli->arena, "%s, an instance of Postfix", directory);
}

/* Each instance of Postfix behind the first. */
static int run_instances(struct all *all, const struct audit_options *options,
                         const struct audit_done *first, struct audit_report *report)
{
	int code = CLI_GO;
	for (size_t i = 0; code == CLI_GO && i < first->directory_n; i++) {
		struct audit_options one = *options;
		struct audit_done done;
		if (clock_mono_ms() > all->until_ms || all->report_n == REPORTS_MAX) {
			audit_report_doubt(report, beyond_words(all, first->directories[i],
			                                        first->directory_n - i),
			                   "no time is left");
			break;
		}
		one.config = first->directories[i];
		one.is_instance = true;
		code = audit_run_one(all->cli, &one, &all->machine, &done);
		if (code == CLI_GO)
			keep(all, &done);
	}
	if (first->left)
		audit_report_doubt(report, beyond_words(all, first->first_left, first->left),
		                   "there are more than are asked at once; --config DIR asks one");
	return code;
}

static int run_server(struct all *all, const struct audit_options *options)
{
	struct audit_done done;
	int code = audit_run_one(all->cli, options, options->root ? NULL : &all->machine, &done);
	if (code != CLI_GO)
		return code;
	keep(all, &done);
	if (options->config || options->root)
		return code;
	return run_instances(all, options, &done, &all->reports[all->report_n - 1]);
}

/* ---- all of them ------------------------------------------------------------------ */

/* The one that listens first, or is named; then all others that listen. */
static int run_machine(struct all *all)
{
	const struct audit_options *options = all->options;
	int code = run_server(all, options);
	if (code != CLI_GO || options->mta || options->config || options->root)
		return code;
	for (int m = MTA_FIRST; code == CLI_GO && m <= MTA_LAST_WHOLE; m++) {
		struct audit_options other = *options;
		if ((enum mta)m == all->reports[0].mta ||
		    !audit_find_listens(&all->machine, (enum mta)m))
			continue;
		other.mta = mta_name((enum mta)m);
		code = run_server(all, &other);
	}
	return code;
}

/* Who names one kind of server does not ask about another one that runs here. */
static bool is_left_out(const struct all *all, const struct audit_entrance *e)
{
	return all->options->mta && e->listener && !e->listener->elsewhere &&
	       audit_mta_of_process(e->listener->program) != MTA_UNKNOWN &&
	       audit_mta_of_process(e->listener->program) != all->reports[0].mta;
}

static void doubt_entrances(struct all *all)
{
	struct arena *a = &all->cli->arena;
	struct audit_entrance *v;
	size_t n;
	all->machine.work = 0;
	if (audit_entrances(&all->machine, all->asked, all->asked_n, &v, &n) != ERR_OK)
		audit_report_doubt(&all->reports[0], "all ways by which strangers' mail arrives",
		                   "the rules of the firewall go in circles, or too far");
	audit_entrances_mark(&all->machine, all->asked, all->asked_n, v, n);
	for (size_t i = 0; i < n; i++)
		if (!v[i].asked && !is_left_out(all, &v[i]))
			audit_report_doubt(&all->reports[0], audit_entrance_what(a, &v[i]),
			                   audit_entrance_why(a, &v[i]));
}

int audit_run_all(struct cli *cli, const struct audit_options *options,
                  void (*take)(void *arg, const struct audit_report *report), void *arg,
                  enum audit_verdict *verdict)
{
	struct all *all = arena_alloc(&cli->arena, sizeof(*all));
	*all = (struct all){ .cli = cli, .options = options,
	                     .until_ms = clock_mono_ms() + ALL_MS };
	facts_begin(&all->machine, &cli->arena);
	if (!options->root)
		facts_look(&all->machine, "", AUDIT_TOOL_MS);
	int code = run_machine(all);
	if (code == CLI_GO && !options->root && !options->config)
		doubt_entrances(all);
	*verdict = AUDIT_CLOSED;
	for (size_t i = 0; i < all->report_n; i++) {
		take(arg, &all->reports[i]);
		*verdict = worse(*verdict, all->reports[i].verdict);
	}
	return code;
}
