/* SPDX-License-Identifier: ISC
 *
 * The long parts of `portreeve report`: the steps of the desk (report/desk.h) with what a person
 * at a terminal or a script sees of them.
 */
#include "cli/reporting.h"
#include "cli/nominating.h"

#include "base/clock.h"
#include "base/file.h"
#include "mail/address.h"
#include "settings/assembly.h"
#include "store/json.h"

#include <stdio.h>
#include <unistd.h>

enum {
	MESSAGE_MAX_BYTES = 16 << 20,
	TEMPLATE_MAX_BYTES = 64 << 10, RESOLVERS_MAX = 8, DAY_S = 86400,
};

/* ---- the ground --------------------------------------------------------- */

static int start_loop(struct reporting *r)
{
	const struct config_endpoints *c = &r->cli.settings.general.resolver;
	size_t n = c->n < RESOLVERS_MAX ? c->n : RESOLVERS_MAX;
	if (r->loop)
		return CLI_GO;
	r->loop = loop_create();
	if (dns_resolver_create(r->loop, c->v, n, NULL, &r->resolver) != ERR_OK)
		return cli_fail(&r->cli, EX_OSERR, "the resolver cannot be set up");
	return CLI_GO;
}

void reporting_fini(struct reporting *r)
{
	contact_search_destroy(r->search);
	dns_resolver_destroy(r->resolver);
	if (r->loop)
		loop_destroy(r->loop);
	border_set_fini(&r->border);
	desk_draft_fini(&r->draft);
	buf_fini(&r->message);
	buf_fini(&r->problem);
}

int reporting_told(struct reporting *r, int code)
{
	return cli_fail(&r->cli, code, "%s", buf_cstr(&r->problem));
}

int reporting_open(struct reporting *r)
{
	int code = cli_open(&r->cli, CLI_CHANGE);
	r->desk = assembly_desk(&r->cli.settings, r->cli.store, r->now_s);
	return code;
}

static int reporting_check(struct reporting *r, bool send)
{
	struct desk desk = assembly_desk(&r->cli.settings, NULL, r->now_s);
	if (desk_check(&desk, &r->problem) != ERR_OK ||
	    (send && desk_check_sender(&desk, &r->problem) != ERR_OK))
		return reporting_told(r, EX_CONFIG);
	if (r->to && !mail_address_valid(str_of(r->to)))
		return cli_bad_value(&r->cli, r->to, "a mail address");
	return CLI_GO;
}

/* ---- the message -------------------------------------------------------- */

static int read_message(struct reporting *r, const char *path)
{
	int e = file_read(path, MESSAGE_MAX_BYTES, &r->message);
	if (e != ERR_OK)
		return cli_fail(&r->cli, cli_exit_code(e), "%s: expected a mail message: %s", path,
		                err_text(e));
	if (r->message.n == 0)
		return cli_fail(&r->cli, EX_DATAERR, "%s: expected a mail message, found nothing",
		                path);
	return CLI_GO;
}

/* Read before the store is opened: that gives up root, which they may need. */
static int read_templates(struct reporting *r)
{
	const struct config_strings *paths = &r->cli.settings.report.templates;
	for (size_t i = 0; r->nominate && i < paths->n && i < REPORT_TEMPLATES_MAX; i++) {
		struct buf file = { 0 };
		int e = file_read(paths->v[i], TEMPLATE_MAX_BYTES, &file);
		r->templates[i] = arena_str(&r->cli.arena, buf_str(&file));
		buf_fini(&file);
		if (e != ERR_OK)
			return cli_fail(&r->cli, cli_exit_code(e), "%s: expected a template: %s",
			                paths->v[i], err_text(e));
	}
	return CLI_GO;
}

static int trace_it(struct reporting *r, const char *path)
{
	struct trace_border border = border_view(&r->border);
	r->draft.own_lines = r->own_lines;
	if (desk_trace(buf_str(&r->message), &border, r->origin, r->null_sender, &r->draft,
	               &r->problem) != ERR_OK)
		return cli_fail(&r->cli, EX_DATAERR, "%s: %s", path, buf_cstr(&r->problem));
	return CLI_GO;
}

/* ---- the contact -------------------------------------------------------- */

static void answers_came(void *arg, const struct contact_answer *answers, size_t n)
{
	struct reporting *r = arg;
	r->answers = answers;
	r->answer_count = n;
	loop_stop(r->loop);
}

int reporting_contacts(struct reporting *r, const struct ip *address)
{
	int code = start_loop(r);
	if (code != CLI_GO)
		return code;
	struct contact_setup setup = desk_contact_setup(&r->desk, r->loop, r->resolver);
	r->search = contact_search_start(&setup, address, answers_came, r);
	loop_run(r->loop);
	int e = desk_filter(&r->desk, &r->cli.arena, &r->filter);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&r->cli, e, "dead contacts");
}

static char *age_text(int64_t age_s, char dst[static 32])
{
	if (age_s < 7200)
		snprintf(dst, 32, "%lld min old", (long long)age_s / 60);
	else
		snprintf(dst, 32, "%lld h old", (long long)age_s / 3600);
	return dst;
}

static void show_answer(struct reporting *r, const struct contact_answer *a)
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX], age[32];
	printf("%s:", a->source);
	if (a->first.family)
		printf(" %s-%s", ip_format(&a->first, first), ip_format(&a->last, last));
	if (a->name[0])
		printf(" %s", cli_safe(&r->cli, a->name));
	if (a->asn)
		printf(" AS%u", a->asn);
	if (a->problem[0])
		printf(" %s", cli_safe(&r->cli, a->problem));
	else
		printf("%s (%s, %s)",
		       a->first.family || a->asn || a->email_count ? ""
		                                                   : " nothing on this address",
		       a->cached ? "known" : "asked",
		       age_text(r->now_s - clock_past(a->fetched_s, r->now_s), age));
	putchar('\n');
	for (size_t i = 0; i < a->email_count; i++) {
		enum contact_use use = contact_use(&r->filter, a->emails[i]);
		printf("  %s%s%s\n", cli_safe(&r->cli, a->emails[i]),
		       use == CONTACT_GOOD ? "" : ": not used, ", contact_use_text(use));
	}
}

void reporting_show_answers(struct reporting *r)
{
	for (size_t i = 0; i < r->answer_count; i++)
		show_answer(r, &r->answers[i]);
}

static int choose_contact(struct reporting *r)
{
	enum contact_use use;
	int code = reporting_contacts(r, &r->draft.report.source);
	if (code != CLI_GO)
		return code;
	if (!r->cli.json)
		reporting_show_answers(r);
	int e = desk_address(&r->desk, r->answers, r->answer_count, &r->filter, r->to, &r->draft,
	                     &use, &r->problem);
	if (e == ERR_NOT_FOUND)
		return cli_fail(&r->cli, EX_UNAVAILABLE, "%s",
		                cli_safe(&r->cli, buf_cstr(&r->problem)));
	if (e != ERR_OK)
		return reporting_told(r, EX_USAGE);
	if (use != CONTACT_GOOD)
		cli_note(&r->cli, "%s: %s", r->draft.report.contact, contact_use_text(use));
	return CLI_GO;
}

/* ---- sending ------------------------------------------------------------ */

struct waiting {
	struct loop *loop;
	struct desk_sending sending;
	struct send_result result;
};

static void on_sent(void *arg, const struct send_result *result)
{
	struct waiting *w = arg;
	w->result = *result;
	loop_stop(w->loop);
}

void reporting_show(struct str mail)
{
	for (size_t i = 0; i < mail.n; i++)
		if (mail.p[i] != '\r')
			putchar(mail.p[i]);
}

enum answer { ANSWER_NO, ANSWER_UNASKED, ANSWER_YES };

/* On a terminal a person says yes; a script has said so with --send, but for what is old. */
static enum answer ask_person(struct reporting *r, const char *to, int64_t arrival_s)
{
	char answer[16] = "";
	struct buf why = { 0 };
	if (r->yes)
		return ANSWER_YES;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return ANSWER_UNASKED;
	if (desk_is_old(&r->desk, arrival_s, &why))
		printf("\nIt is old: %s.", buf_cstr(&why));
	buf_fini(&why);
	printf("\nSend this to %s? [y/N] ", to);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y')
	       ? ANSWER_YES : ANSWER_NO;
}

int reporting_buried(struct reporting *r, const struct report *report)
{
	if (!r->cli.json)
		printf("%s: dead, not used again for %lld days\n",
		       cli_safe(&r->cli, report->contact),
		       (long long)r->cli.settings.report.dead_for_s / DAY_S);
	return CLI_GO;
}

/* What the smarthost said is kept, and told. */
static int keep_result(struct reporting *r, struct report *report,
                       const struct send_result *result)
{
	bool buried;
	int e = desk_sent(&r->desk, result, report, &buried, &r->problem);
	if (e != ERR_OK)
		return reporting_told(r, cli_exit_code(e));
	if (buried)
		reporting_buried(r, report);
	if (result->outcome == SEND_REFUSED && result->recipient)
		return cli_fail(&r->cli, EX_NOHOST, "%s: refused: %s", report->contact,
		                result->text);
	if (result->outcome != SEND_DONE)
		return cli_fail(&r->cli,
		                result->outcome == SEND_FAILED ? EX_TEMPFAIL : EX_UNAVAILABLE,
		                "report %s was not sent: %s", report->id, result->text);
	if (!r->cli.json)
		printf("\nreport %s: sent to %s\n", report->id, report->contact);
	return CLI_GO;
}

static int send_now(struct reporting *r, struct report *report, bool agreed)
{
	struct waiting w = { .loop = r->loop, .sending.agreed = agreed };
	int e = desk_send_start(&r->desk, r->loop, r->resolver, report, &w.sending, on_sent, &w,
	                        &r->problem);
	if (e == ERR_OK)
		loop_run(r->loop);
	desk_send_stop(&w.sending);
	if (e != ERR_OK)
		return reporting_told(r, e == ERR_INVALID ? EX_CONFIG : cli_exit_code(e));
	return keep_result(r, report, &w.result);
}

int reporting_send(struct reporting *r, struct report *report)
{
	int code = reporting_check(r, true);
	if (code == CLI_GO)
		code = start_loop(r);
	if (code != CLI_GO)
		return code;
	if (report->state != REPORT_MADE)
		return cli_fail(&r->cli, EX_DATAERR, "report %s is %s: only one that is made can "
		                "be sent", report->id, report_state_name(report->state));
	if (!r->cli.json)
		reporting_show(report->message);
	enum answer answer = ask_person(r, report->contact, desk_arrival(report));
	if (answer != ANSWER_NO)
		return send_now(r, report, answer == ANSWER_YES);
	cli_note(&r->cli, "not sent; \"portreeve report send %s\" sends it", report->id);
	return CLI_GO;
}

/* ---- nominations -------------------------------------------------------- */

/* To our own list: a nomination with the message as its evidence, never a listing. */
static int nominate_here(struct reporting *r)
{
	char by[WHO_MAX];
	int code = cli_who(&r->cli, r->by, by);
	if (code != CLI_GO)
		return code;
	const char *reason = arena_printf(&r->cli.arena, "report %s: took spam from a stranger "
	                                  "without login", r->draft.report.id);
	return nominating_relay(&r->cli, &r->draft.trace.relay, by, reason, buf_str(&r->message));
}

static int send_nomination(struct reporting *r, const char *name, const char *to, struct str mail)
{
	int64_t arrival_s = report_arrival(&r->draft.trace);
	struct buf why = { 0 };
	int code = start_loop(r);
	if (code != CLI_GO)
		return code;
	enum answer answer = ask_person(r, to, arrival_s);
	bool old = answer == ANSWER_UNASKED && desk_is_old(&r->desk, arrival_s, &why);
	if (old)
		code = cli_fail(&r->cli, EX_NOPERM, "%s: not sent to %s unless you say so "
		                "(--yes): %s", name, to, buf_cstr(&why));
	buf_fini(&why);
	if (answer == ANSWER_NO || old)
		return code;
	struct waiting w = { .loop = r->loop };
	int e = desk_nomination_start(&r->desk, r->loop, r->resolver, to, mail, &w.sending, on_sent,
	                              &w, &r->problem);
	if (e == ERR_OK)
		loop_run(r->loop);
	desk_send_stop(&w.sending);
	if (e != ERR_OK)
		return reporting_told(r, EX_CONFIG);
	if (w.result.outcome == SEND_DONE)
		return CLI_GO;
	return cli_fail(&r->cli, EX_TEMPFAIL, "%s: not sent to %s: %s", name, to, w.result.text);
}

/* To another list, as its template says. */
static int nominate_there(struct reporting *r, const char *name, struct str template, bool send)
{
	struct buf mail = { 0 };
	char to[CONTACT_MAX];
	int code = CLI_GO;
	buf_clear(&r->problem);
	if (template_format(&r->draft.facts, template, to, &mail, &r->problem) != ERR_OK) {
		code = cli_fail(&r->cli, EX_CONFIG, "%s: %s", name, buf_cstr(&r->problem));
	} else {
		if (!r->cli.json) {
			printf("\n---- nomination by %s\n", name);
			reporting_show(buf_str(&mail));
		}
		if (send)
			code = send_nomination(r, name, to, buf_str(&mail));
	}
	buf_fini(&mail);
	return code;
}

static int reporting_nominate(struct reporting *r, bool dry, bool send)
{
	const struct config_strings *paths = &r->cli.settings.report.templates;
	int code = CLI_GO;
	if (!r->nominate)
		return CLI_GO;
	if (r->draft.trace.relay.family == 0) {
		cli_note(&r->cli, "no relay to nominate");
		return CLI_GO;
	}
	if (!dry)
		code = nominate_here(r);
	for (size_t i = 0; code == CLI_GO && i < paths->n && i < REPORT_TEMPLATES_MAX; i++)
		code = nominate_there(r, paths->v[i], r->templates[i], send);
	return code;
}

/* ---- all of it ---------------------------------------------------------- */

void reporting_json(struct reporting *r, const struct report *p)
{
	report_json(p, r->now_s, cli_json_begin(&r->cli));
	cli_json_end(&r->cli);
}

/* On a terminal nothing is written or sent unless that was asked for. */
static bool is_dry(const struct reporting *r)
{
	return r->dry_run || (!r->make && !r->send && isatty(STDOUT_FILENO) == 1);
}

static void show_counted(const struct reporting *r, bool dry)
{
	const struct report *report = &r->draft.report;
	if (!r->cli.json)
		printf("report %s of today is %s: the message %s counted in it (%u)\n", report->id,
		       report_state_name(report->state), dry ? "would be" : "is",
		       report->incidents);
}

/* Before somebody finds out by what sends it. */
static void note_old(const struct reporting *r)
{
	struct buf why = { 0 };
	if (!r->yes && desk_is_old(&r->desk, report_arrival(&r->draft.trace), &why))
		cli_note(&r->cli, "it is old, and sent only by --yes: %s", buf_cstr(&why));
	buf_fini(&why);
}

static void show_made(const struct reporting *r, bool dry)
{
	const struct report *report = &r->draft.report;
	if (r->cli.json)
		return;
	reporting_show(report->message);
	if (!dry)
		printf("\nreport %s: made for %s; \"portreeve report send %s\" sends it\n",
		       report->id, report->contact, report->id);
	note_old(r);
}

static int finish_report(struct reporting *r)
{
	struct report *report = &r->draft.report;
	bool dry = is_dry(r);
	int code = CLI_GO;
	int e = dry ? ERR_OK : desk_save(&r->desk, &r->draft, &r->problem);
	if (e != ERR_OK)
		return reporting_told(r, cli_exit_code(e));
	if (r->draft.counted) {
		report->message = report->xarf = STR("");        /* those were sent */
		show_counted(r, dry);
	} else if (r->send && !dry) {
		code = reporting_send(r, report);
	} else {
		show_made(r, dry);
	}
	if (code == CLI_GO)
		code = reporting_nominate(r, dry, r->send && !dry);
	if (r->cli.json)
		reporting_json(r, report);
	if (code == CLI_GO && dry)
		cli_note(&r->cli, "a dry run: nothing was kept or sent; --make keeps it, --send "
		         "sends it");
	return code;
}

/* All that is read before root is given up, which it may need. */
static int reporting_read(struct reporting *r, const char *path)
{
	int code = cli_settings(&r->cli);
	if (code == CLI_GO)
		code = reporting_check(r, r->send);
	if (code == CLI_GO)
		code = cli_border(&r->cli, &r->ours, &r->border);
	if (code == CLI_GO)
		code = read_message(r, path);
	if (code == CLI_GO)
		code = read_templates(r);
	return code == CLI_GO ? trace_it(r, path) : code;
}

int reporting_make(struct reporting *r, const char *path)
{
	int code = reporting_read(r, path);
	if (code == CLI_GO)
		code = reporting_open(r);
	if (code == CLI_GO)
		code = choose_contact(r);
	if (code != CLI_GO)
		return code;
	int e = desk_make(&r->desk, r->answers, r->answer_count, &r->draft, &r->problem);
	return e == ERR_OK ? finish_report(r) : reporting_told(r, cli_exit_code(e));
}
