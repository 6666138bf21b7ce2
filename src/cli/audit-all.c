/* SPDX-License-Identifier: ISC
 *
 * All servers of this machine, one behind the other, and whether they are all: where strangers'
 * mail arrives that nobody was asked about, "closed" is not said. A server in a container, to which
 * a port of this machine leads, is asked there.
 */
#include "cli/audit-run.h"

#include "base/clock.h"
#include "cli/audit-daemon.h"

#include <sys/stat.h>
#include <unistd.h>

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

/* Each that runs by other options than the first. */
static int run_others(struct all *all, const struct audit_options *options,
                      const struct audit_done *first, struct audit_report *report)
{
	int code = CLI_GO;
	for (size_t i = 0; code == CLI_GO && i < first->other_n; i++) {
		struct audit_options one = *options;
		struct audit_done done;
		if (clock_mono_ms() > all->until_ms || all->report_n == REPORTS_MAX) {
			audit_report_doubt(report, arena_printf(&all->cli->arena,
				"the server that runs by %s", first->others[i]),
				"no time is left");
			break;
		}
		one.started = first->others[i];
		code = audit_run_one(all->cli, &one, &all->machine, &done);
		if (code == CLI_GO)
			keep(all, &done);
	}
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
	struct audit_report *report = &all->reports[all->report_n - 1];
	code = run_instances(all, options, &done, report);
	return code == CLI_GO ? run_others(all, options, &done, report) : code;
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
	return all->options->mta && all->report_n && e->listener && !e->listener->elsewhere &&
	       audit_mta_of_process(e->listener->program) != MTA_UNKNOWN &&
	       audit_mta_of_process(e->listener->program) != all->reports[0].mta;
}

/* ---- in containers ---------------------------------------------------------------- */

static bool is_asked_already(const struct all *all, const struct audit_published *p)
{
	for (size_t i = 0; i < all->asked_n; i++)
		if (all->asked[i].pid == p->pid)
			return true;
	return false;
}

/* "port 25, by docker-proxy (process 7)" */
static const char *behind_words(struct all *all, const struct audit_entrance *e)
{
	return arena_printf(&all->cli->arena, "port %u of this machine%s%s", e->at.port,
	                    e->by[0] ? ", by " : "", e->by);
}

/* Asks the server; why not stands in *why, a clause. */
static int run_inside(struct all *all, const struct audit_published *published,
                      const struct audit_entrance *e, const char **why)
{
	struct audit_inside inside;
	struct audit_options options = *all->options;
	int code = CLI_GO;
	if (options.mta && strcmp(options.mta, mta_name(published->mta)) != 0) {
		*why = "it is of another kind than is asked about";
		return CLI_GO;
	}
	if (all->report_n == REPORTS_MAX || clock_mono_ms() > all->until_ms) {
		*why = "no time is left";
		return CLI_GO;
	}
	if (audit_inside_open(all->cli, published, &all->machine, &inside, why) == ERR_OK) {
		options.mta = mta_name(published->mta);
		options.inside = &inside;
		inside.behind = behind_words(all, e);
		code = run_server(all, &options);
	}
	audit_inside_close(&inside);
	if (code != CLI_GO)
		*why = "its configuration cannot be read";
	return CLI_GO;
}

static bool is_asked_there(const struct all *all, const struct audit_published *p)
{
	for (size_t i = 0; i < all->asked_n; i++)
		if (all->asked[i].pid == p->pid && all->asked[i].at.port == p->at.port &&
		    (ip_is_unspecified(&p->at.ip) || ip_eq(&all->asked[i].at.ip, &p->at.ip)))
			return true;
	return false;
}

/* Each server to which it may lead is asked; if one is not, nothing is known of it. */
static void ask_behind(struct all *all, struct audit_entrance *e)
{
	struct audit_published found[AUDIT_PUBLISHED_MAX];
	struct arena *a = &all->cli->arena;
	size_t n = 0;
	if (geteuid() != 0) {
		e->why_not = "only root can look for it";
		return;
	}
	audit_published_find(a, e, found, &n, &e->why_not);
	e->unsettled = n > 0 && e->why_not[0];
	for (size_t i = 0; i < n; i++) {
		const char *why = "";
		if (!is_asked_already(all, &found[i]))
			run_inside(all, &found[i], e, &why);
		if (!why[0] && n > 1 && !is_asked_there(all, &found[i]))
			why = "it was not asked at that port";
		if (why[0] && n > 1) {
			e->unsettled = true;
			why = arena_printf(a, "of %zu who may take it, %s: %s", n,
			                   audit_published_words(a, &found[i]), why);
		}
		if (why[0])
			e->why_not = why;
	}
	if (n > 0 && e->to.ip.family == 0)
		e->to = found[0].at;
}

/* ---- where mail arrives --------------------------------------------------------------- */

static void doubt(struct all *all, const struct audit_entrance *v, size_t n, int err)
{
	struct arena *a = &all->cli->arena;
	if (err != ERR_OK)
		audit_report_doubt(&all->reports[0], "all ways by which strangers' mail arrives",
		                   "the rules of the firewall go in circles, or too far");
	for (size_t i = 0; i < n; i++)
		if (!v[i].asked && !is_left_out(all, &v[i]))
			audit_report_doubt(&all->reports[0], audit_entrance_what(a, &v[i]),
			                   audit_entrance_why(a, &v[i]));
}

/* What nobody was asked about is asked, or said. */
static int follow_entrances(struct all *all)
{
	struct arena *a = &all->cli->arena;
	struct audit_entrance *v;
	size_t n;
	all->machine.work = 0;
	int err = audit_entrances(&all->machine, all->asked, all->asked_n, &v, &n);
	audit_entrances_mark(&all->machine, all->asked, all->asked_n, v, n);
	for (size_t i = 0; i < n; i++)
		if (!v[i].asked && !is_left_out(all, &v[i]))
			ask_behind(all, &v[i]);
	audit_entrances_mark(&all->machine, all->asked, all->asked_n, v, n);
	if (all->report_n)
		doubt(all, v, n, err);
	for (size_t i = 0; i < n && !all->report_n; i++)
		if (!v[i].asked)
			return cli_fail(all->cli, EX_UNAVAILABLE, "no Postfix, Exim, Sendmail or "
			                "OpenSMTPD is installed here, and %s could not be asked: "
			                "%s", audit_entrance_what(a, &v[i]),
			                cli_safe(all->cli, audit_entrance_why(a, &v[i])));
	return CLI_GO;
}

/* One that is not there is no service that could be asked. */
static int check_sockets(struct cli *cli, const struct cli_values *sockets)
{
	struct stat st;
	for (size_t i = 0; sockets && i < sockets->n; i++)
		if (stat(sockets->v[i], &st) != 0 || !S_ISSOCK(st.st_mode))
			return cli_fail(cli, EX_NOINPUT, "--with-socket: %s: expected a socket "
			                "that is there", sockets->v[i]);
	return CLI_GO;
}

int audit_run_all(struct cli *cli, const struct audit_options *options,
                  void (*take)(void *arg, const struct audit_report *report), void *arg,
                  enum audit_verdict *verdict)
{
	struct all *all = arena_alloc(&cli->arena, sizeof(*all));
	bool follows = !options->root && !options->config;
	int code = check_sockets(cli, options->sockets);
	if (code != CLI_GO)
		return code;
	*all = (struct all){ .cli = cli, .options = options,
	                     .until_ms = clock_mono_ms() + ALL_MS };
	facts_begin(&all->machine, &cli->arena);
	if (!options->root) {
		facts_look(&all->machine, AUDIT_TOOL_MS);
		audit_daemon_mark(&all->machine, NULL, &cli->arena);
		audit_published_ports(&all->machine);
	}
	if (!follows || options->mta || audit_find_any())
		code = run_machine(all);
	if (code == CLI_GO && follows)
		code = follow_entrances(all);
	if (code == CLI_GO && !all->report_n)
		code = run_machine(all);         /* it says that there is none */
	*verdict = AUDIT_CLOSED;
	for (size_t i = 0; i < all->report_n; i++) {
		take(arg, &all->reports[i]);
		*verdict = worse(*verdict, all->reports[i].verdict);
	}
	return code;
}
