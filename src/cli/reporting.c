/* SPDX-License-Identifier: ISC */
#include "cli/reporting.h"
#include "cli/nominating.h"

#include "base/clock.h"
#include "base/file.h"
#include "mail/address.h"
#include "trace/names.h"
#include "trace/picture.h"
#include "report/bounce.h"
#include "report/send.h"
#include "store/json.h"
#include "store/reports.h"

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
	trace_fini(&r->trace);
	buf_fini(&r->message);
	buf_fini(&r->copy);
	buf_fini(&r->mail);
	buf_fini(&r->json);
}

static const char *own_address(const struct reporting *r)
{
	const struct settings *s = &r->cli.settings;
	return s->report.from[0] ? s->report.from : s->general.contact;
}

static int check_config(struct reporting *r)
{
	struct buf message = { 0 };
	int code = CLI_GO;
	if (report_config_check(&r->cli.settings.report, &message) != ERR_OK)
		code = cli_fail(&r->cli, EX_CONFIG, "%s", buf_cstr(&message));
	else if (!mail_address_valid(str_of(own_address(r))))
		code = cli_fail(&r->cli, EX_CONFIG, "report.from: expected a mail address, found "
		                "\"%s\"", cli_safe(&r->cli, own_address(r)));
	else if (r->to && !mail_address_valid(str_of(r->to)))
		code = cli_bad_value(&r->cli, r->to, "a mail address");
	buf_fini(&message);
	return code;
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
	struct trace *t = &r->trace;
	trace_message(t, buf_str(&r->message), &border);
	const char *why = report_guard(buf_str(&r->message), t, r->null_sender);
	if (why)
		return cli_fail(&r->cli, EX_DATAERR, "%s: no report is made: %s", path, why);
	if (t->handover.family == 0)
		return cli_fail(&r->cli, EX_DATAERR, "%s: expected a message that was handed over "
		                "to a host of ours; see \"portreeve trace\"", path);
	if (r->origin && t->origin.family == 0)
		return cli_fail(&r->cli, EX_DATAERR, "%s: expected a message with a believed "
		                "origin; see \"portreeve trace\"", path);
	r->report.source = r->origin ? t->origin : t->handover;
	r->report.relay = t->relay;
	if (!ip_is_public(&r->report.source))
		return cli_fail(&r->cli, EX_DATAERR, "%s: it came from a private address: there is "
		                "no network to report to", path);
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
	struct contact_setup setup = {
		.loop = r->loop, .resolver = r->resolver, .store = r->cli.store,
		.config = &r->cli.settings.report, .now_s = r->now_s,
	};
	r->search = contact_search_start(&setup, address, answers_came, r);
	loop_run(r->loop);
	return CLI_GO;
}

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');
	return at ? at + 1 : address;
}

int reporting_filter(struct reporting *r, struct contact_filter *filter)
{
	const struct settings *s = &r->cli.settings;
	const struct report_config *c = &s->report;
	const char **own = arena_alloc(&r->cli.arena, (c->own_domains.n + 8) * sizeof(*own));
	struct dead_contact *dead;
	size_t n = 0;
	own[n++] = domain_of(own_address(r));
	own[n++] = domain_of(s->general.contact);
	own[n++] = s->general.hostname;
	own[n++] = s->tester.domain;
	own[n++] = s->tester.domain2;
	if (c->return_path[0])
		own[n++] = domain_of(c->return_path);
	for (size_t i = 0; i < c->own_domains.n; i++)
		own[n++] = c->own_domains.v[i];
	*filter = (struct contact_filter){
		.own_domains = own, .ignore = &c->ignore,
		.dead_since_s = r->now_s - c->dead_for_s,
	};
	int e = store_contacts_dead(r->cli.store, &r->cli.arena, &dead, &filter->dead_count);
	filter->dead = dead;
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

static void show_answer(struct reporting *r, const struct contact_answer *a,
                        const struct contact_filter *filter)
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
		enum contact_use use = contact_use(filter, a->emails[i]);
		printf("  %s%s%s\n", cli_safe(&r->cli, a->emails[i]),
		       use == CONTACT_GOOD ? "" : ": not used, ", contact_use_text(use));
	}
}

void reporting_show_answers(struct reporting *r, const struct contact_filter *filter)
{
	for (size_t i = 0; i < r->answer_count; i++)
		show_answer(r, &r->answers[i], filter);
}

static int no_contact(struct reporting *r, const struct contact_filter *filter)
{
	struct buf text = { 0 };
	char ip[IP_TEXT_MAX];
	for (size_t i = 0; i < r->answer_count; i++) {
		const struct contact_answer *a = &r->answers[i];
		buf_printf(&text, "; %s: ", a->source);
		if (a->email_count == 0)
			buf_add_cstr(&text, a->problem[0] ? a->problem : "names none");
		for (size_t k = 0; k < a->email_count; k++)
			buf_printf(&text, "%s%s (%s)", k ? ", " : "", a->emails[k],
			           contact_use_text(contact_use(filter, a->emails[k])));
	}
	if (r->answer_count == 0)
		buf_add_cstr(&text, "; nobody is asked (report.sources), give one with --to");
	cli_fail(&r->cli, EX_UNAVAILABLE, "%s: no abuse contact that can be used%s",
	         ip_format(&r->report.source, ip), cli_safe(&r->cli, buf_cstr(&text)));
	buf_fini(&text);
	return EX_UNAVAILABLE;
}

static int choose_contact(struct reporting *r)
{
	struct contact_filter filter;
	const struct contact_answer *answer = NULL;
	struct report *report = &r->report;
	int code = reporting_contacts(r, &report->source);
	if (code == CLI_GO)
		code = reporting_filter(r, &filter);
	if (code != CLI_GO)
		return code;
	const char *contact = r->to ? r->to
	                            : contact_choose(r->answers, r->answer_count, &filter, &answer);
	if (!r->cli.json)
		reporting_show_answers(r, &filter);
	if (!contact)
		return no_contact(r, &filter);
	enum contact_use use = contact_use(&filter, contact);
	if (use == CONTACT_OWN)
		return cli_fail(&r->cli, EX_USAGE, "%s: no report is made to ourselves", contact);
	if (use != CONTACT_GOOD)
		cli_note(&r->cli, "%s: %s", contact, contact_use_text(use));
	str_copy(report->contact, sizeof(report->contact), str_of(contact));
	str_copy(report->contact_source, sizeof(report->contact_source),
	         str_of(answer ? answer->source : "given"));
	report->contact_fetched_s = answer ? answer->fetched_s : r->now_s;
	contact_network(r->answers, r->answer_count, &report->source, report->network);
	return CLI_GO;
}

/* ---- the report --------------------------------------------------------- */

/* The operator's name as any header can carry it. */
static const char *organisation(struct reporting *r)
{
	struct buf b = { 0 };
	report_ascii(str_of(r->cli.settings.general.operator_name), 100, &b);
	const char *text = arena_strdup(&r->cli.arena, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* What stands between the brackets of "Name <address>". */
static struct str bare_address(struct str value)
{
	size_t open = str_find(value, '<');
	if (open == SIZE_MAX)
		return str_trim(value);
	struct str rest = str_from(value, open + 1);
	size_t close = str_find(rest, '>');
	return str_trim((struct str){ rest.p, close == SIZE_MAX ? rest.n : close });
}

static size_t body_max(const struct reporting *r)
{
	const struct report_config *c = &r->cli.settings.report;
	return c->body ? (size_t)c->body_bytes : 0;
}

static int redact(struct reporting *r)
{
	const struct trace_return_path *rp = &r->trace.return_path;
	int e = store_secret(r->cli.store, "redaction", r->redaction.key);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, "key of redaction");
	/* A sender that its own domain vouches for is no third person. */
	if (rp->verdict == TRACE_RETURN_PROVED)
		r->redaction.keep = bare_address(rp->from);
	redact_recipients(&r->redaction, &r->trace, buf_str(&r->message));
	redact_message(&r->redaction, buf_str(&r->message), body_max(r), &r->copy);
	return CLI_GO;
}

static void build(struct reporting *r)
{
	struct report_facts *f = &r->facts;
	const struct contact_answer *named = NULL;
	char *uuid = arena_alloc(&r->cli.arena, REPORT_UUID_MAX);
	report_uuid_make(uuid);
	report_token_make(r->token_key, r->report.id, r->token);
	*f = (struct report_facts){
		.reporter = { organisation(r), own_address(r), r->cli.settings.general.hostname },
		.id = r->report.id, .token = r->token, .uuid = uuid, .contact = r->report.contact,
		.contact_source = strcmp(r->report.contact_source, "given") == 0
		                  ? "the sender" : r->report.contact_source,
		.contact_age_s = r->now_s - clock_past(r->report.contact_fetched_s, r->now_s),
		.now_s = r->now_s,
		.source = r->report.source, .relay = r->report.relay, .is_origin = r->origin,
		.network = r->report.network, .network_name = "",
		.incidents = r->report.incidents, .trace = &r->trace,
		.redaction = &r->redaction, .copy = buf_str(&r->copy),
		.header_only = body_max(r) == 0,
	};
	for (size_t i = 0; i < r->answer_count; i++) {
		named = &r->answers[i];
		if (named->name[0])
			f->network_name = named->name;
		if (named->asn)
			f->asn = named->asn;
	}
	xarf_format(f, &r->json);
	if (strcmp(r->cli.settings.report.format, "xarf") == 0)
		xarf_mail_format(f, buf_str(&r->json), &r->mail);
	else
		arf_format(f, &r->mail);
	r->report.message = buf_str(&r->mail);
	r->report.xarf = buf_str(&r->json);
}

/* Finds what the store has of this network today. *counted: it was sent, so the message is
 * only counted. */
static int place(struct reporting *r, bool *counted)
{
	struct report found;
	struct str digest = { r->digest, sizeof(r->digest) };
	struct report *mine = &r->report;
	report_digest(buf_str(&r->message), r->digest);
	mine->day = r->now_s / DAY_S;
	int e = store_report_find(r->cli.store, mine->network, mine->day, digest, &found);
	*counted = false;
	if (e == ERR_EXISTS)
		return cli_fail(&r->cli, EX_CANTCREAT, "this message is in report %s already, "
		                "which is %s", found.id, report_state_name(found.state));
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return cli_store_fail(&r->cli, e, mine->network);
	mine->incidents = found.incidents + 1;
	mine->changed_s = r->now_s;
	if (e == ERR_NOT_FOUND) {
		report_id_make(mine->id);
		mine->created_s = r->now_s;
		str_copy(mine->why, sizeof(mine->why), STR("made from a message"));
		return CLI_GO;
	}
	*counted = found.state != REPORT_MADE;
	found.incidents = mine->incidents;
	found.changed_s = mine->changed_s;
	/* It is about the newest message until it is sent. */
	if (!*counted) {
		found.source = mine->source;
		found.relay = mine->relay.family ? mine->relay : found.relay;
	}
	*mine = found;
	return CLI_GO;
}

static int save(struct reporting *r)
{
	struct str digest = { r->digest, sizeof(r->digest) };
	int e = store_report_save(r->cli.store, &r->report, digest);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&r->cli, e, r->report.network);
}

/* ---- sending ------------------------------------------------------------ */

struct sending {
	struct loop *loop;
	struct send_result result;
};

static void sent(void *arg, const struct send_result *result)
{
	struct sending *s = arg;
	s->result = *result;
	loop_stop(s->loop);
}

static int send_mail(struct reporting *r, const char *from, const char *to, struct str mail,
                     const char *envelope_id, struct send_result *result)
{
	struct sending sending = { 0 };
	struct buf problem = { 0 };
	struct send *send = NULL;
	int code = start_loop(r);
	if (code != CLI_GO)
		return code;
	sending.loop = r->loop;
	struct send_setup setup = {
		.loop = r->loop, .resolver = r->resolver, .config = &r->cli.settings.report,
		.hostname = r->cli.settings.general.hostname,
		.mail_from = from, .rcpt_to = to, .message = mail, .envelope_id = envelope_id,
	};
	if (send_start(&setup, sent, &sending, &send, &problem) != ERR_OK) {
		code = cli_fail(&r->cli, EX_CONFIG, "%s", buf_cstr(&problem));
	} else {
		loop_run(r->loop);
		*result = sending.result;
	}
	send_destroy(send);
	buf_fini(&problem);
	return code;
}

void reporting_show(struct str mail)
{
	for (size_t i = 0; i < mail.n; i++)
		if (mail.p[i] != '\r')
			putchar(mail.p[i]);
}

/* On a terminal a person says yes; a script has said so with --send. */
static bool agreed(struct reporting *r, const char *to)
{
	char answer[16] = "";
	if (r->yes || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return true;
	printf("\nSend this to %s? [y/N] ", to);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int write_state(struct reporting *r, enum report_state state, const char *why)
{
	int e = store_report_become(r->cli.store, r->report.id, state, why, r->now_s);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, r->report.id);
	r->report.state = state;
	r->report.changed_s = r->now_s;
	str_copy(r->report.why, sizeof(r->report.why), str_of(why));
	return CLI_GO;
}

/* Whether the newest other report to the contact that was sent bounced. */
static int bounced_before(struct reporting *r, bool *bounced)
{
	struct report *rows;
	size_t n;
	int e = store_reports(r->cli.store, &r->cli.arena, &rows, &n);
	*bounced = false;
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (rows[i].state == REPORT_MADE || strcmp(rows[i].id, r->report.id) == 0 ||
		    !str_caseeq(str_of(rows[i].contact), str_of(r->report.contact)))
			continue;
		*bounced = rows[i].state == REPORT_BOUNCED;
		break;
	}
	return e == ERR_OK ? CLI_GO : cli_store_fail(&r->cli, e, "reports");
}

int reporting_bounced(struct reporting *r, const char *why, bool dead)
{
	int code = CLI_GO, e;
	if (report_may_become(r->report.state, REPORT_BOUNCED))
		code = write_state(r, REPORT_BOUNCED, why);
	if (code == CLI_GO && !dead)
		code = bounced_before(r, &dead);
	if (code != CLI_GO || !dead)
		return code;
	e = store_contact_bury(r->cli.store, r->report.contact, why, r->now_s);
	if (e != ERR_OK)
		return cli_store_fail(&r->cli, e, r->report.contact);
	if (!r->cli.json)
		printf("%s: dead, not used again for %lld days\n",
		       cli_safe(&r->cli, r->report.contact),
		       (long long)r->cli.settings.report.dead_for_s / DAY_S);
	return CLI_GO;
}

/* Refused while we were there: the same as a bounce. */
static int recipient_refused(struct reporting *r, const struct send_result *result)
{
	int code = reporting_bounced(r, result->text,
	                             report_status_is_dead(str_of(result->status)));
	if (code != CLI_GO)
		return code;
	return cli_fail(&r->cli, EX_NOHOST, "%s: refused: %s", r->report.contact, result->text);
}

int reporting_key(struct reporting *r)
{
	int e = store_secret(r->cli.store, "reports", r->token_key);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&r->cli, e, "key of reports");
}

int reporting_send(struct reporting *r)
{
	struct send_result result;
	struct report *report = &r->report;
	char from[CONTACT_MAX];
	int code = check_config(r);
	if (code == CLI_GO)
		code = reporting_key(r);
	if (code != CLI_GO)
		return code;
	if (report->state != REPORT_MADE)
		return cli_fail(&r->cli, EX_DATAERR, "report %s is %s: only one that is made can "
		                "be sent", report->id, report_state_name(report->state));
	if (!r->cli.json)
		reporting_show(report->message);
	if (!agreed(r, report->contact)) {
		cli_note(&r->cli, "not sent; \"portreeve report send %s\" sends it", report->id);
		return CLI_GO;
	}
	report_token_make(r->token_key, report->id, r->token);
	report_return_path(&r->cli.settings.report, r->token, from);
	code = send_mail(r, from, report->contact, report->message, r->token, &result);
	if (code != CLI_GO)
		return code;
	if (result.outcome == SEND_REFUSED && result.recipient)
		return recipient_refused(r, &result);
	if (result.outcome != SEND_DONE)
		return cli_fail(&r->cli,
		                result.outcome == SEND_FAILED ? EX_TEMPFAIL : EX_UNAVAILABLE,
		                "report %s was not sent: %s", report->id, result.text);
	code = write_state(r, REPORT_SENT, result.text);
	report->sent_s = r->now_s;
	report->told = report->incidents;
	if (code == CLI_GO && !r->cli.json)
		printf("\nreport %s: sent to %s\n", report->id, report->contact);
	return code;
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
	                                  "without login", r->report.id);
	return nominating_relay(&r->cli, &r->trace.relay, by, reason, buf_str(&r->message));
}

/* To another list, as its template says. */
static int nominate_there(struct reporting *r, const char *name, struct str template, bool send)
{
	struct buf mail = { 0 }, problem = { 0 };
	struct send_result result;
	char to[CONTACT_MAX];
	int code = CLI_GO;
	if (template_format(&r->facts, template, to, &mail, &problem) != ERR_OK) {
		code = cli_fail(&r->cli, EX_CONFIG, "%s: %s", name, buf_cstr(&problem));
	} else {
		if (!r->cli.json) {
			printf("\n---- nomination by %s\n", name);
			reporting_show(buf_str(&mail));
		}
		if (send && agreed(r, to)) {
			code = send_mail(r, r->cli.settings.report.return_path, to, buf_str(&mail),
			                 "", &result);
			if (code == CLI_GO && result.outcome != SEND_DONE)
				code = cli_fail(&r->cli, EX_TEMPFAIL, "%s: not sent to %s: %s",
				                name, to, result.text);
		}
	}
	buf_fini(&mail);
	buf_fini(&problem);
	return code;
}

static int nominate(struct reporting *r, bool dry, bool send)
{
	const struct config_strings *paths = &r->cli.settings.report.templates;
	int code = CLI_GO;
	if (!r->nominate)
		return CLI_GO;
	if (r->trace.relay.family == 0) {
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

static int finish(struct reporting *r, bool counted)
{
	bool dry = is_dry(r);
	int code = dry ? CLI_GO : save(r);
	if (code != CLI_GO)
		return code;
	if (counted)
		r->report.message = r->report.xarf = STR("");        /* those were sent */
	if (counted && !r->cli.json)
		printf("report %s of today is %s: the message %s counted in it (%u)\n",
		       r->report.id, report_state_name(r->report.state),
		       dry ? "would be" : "is", r->report.incidents);
	else if (!counted && r->send && !dry)
		code = reporting_send(r);
	else if (!counted && !r->cli.json)
		reporting_show(r->report.message);
	if (code == CLI_GO && !counted && !dry && !r->send && !r->cli.json)
		printf("\nreport %s: made for %s; \"portreeve report send %s\" sends it\n",
		       r->report.id, r->report.contact, r->report.id);
	if (code == CLI_GO)
		code = nominate(r, dry, r->send && !dry);
	if (r->cli.json)
		reporting_json(r, &r->report);
	if (code == CLI_GO && dry)
		cli_note(&r->cli, "a dry run: nothing was kept or sent; --make keeps it, --send "
		         "sends it");
	return code;
}

int reporting_make(struct reporting *r, const char *path)
{
	bool counted = false;
	r->now_s = clock_now_s();
	int code = cli_settings(&r->cli);
	if (code == CLI_GO)
		code = check_config(r);
	if (code == CLI_GO)
		code = cli_border(&r->cli, &r->ours, &r->border);
	if (code == CLI_GO)
		code = read_message(r, path);
	if (code == CLI_GO)
		code = read_templates(r);
	if (code == CLI_GO)
		code = trace_it(r, path);
	if (code == CLI_GO)
		code = cli_open(&r->cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = choose_contact(r);
	if (code == CLI_GO)
		code = place(r, &counted);
	if (code == CLI_GO)
		code = redact(r);
	if (code == CLI_GO)
		code = reporting_key(r);
	if (code != CLI_GO)
		return code;
	build(r);
	return finish(r, counted);
}
