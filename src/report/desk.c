/* SPDX-License-Identifier: ISC
 *
 * Making a report: what may be reported, to whom, and the report itself.
 */
#include "report/desk-private.h"

#include "base/clock.h"
#include "mail/address.h"
#include "trace/names.h"

enum { DAY_S = 86400, OWN_DOMAINS_MORE = 8, ORGANISATION_MAX = 100 };

void desk_draft_fini(struct desk_draft *draft)
{
	trace_fini(&draft->trace);
	arena_fini(&draft->arena);
	buf_fini(&draft->copy);
	buf_fini(&draft->mail);
	buf_fini(&draft->xarf);
}

static int said(struct buf *problem, int err, const char *text)
{
	buf_add_cstr(problem, text);
	return err;
}

/* ---- the message -------------------------------------------------------- */

int desk_trace(struct str message, const struct trace_border *border, bool origin,
               bool null_sender_ok, struct desk_draft *draft, struct buf *problem)
{
	struct trace *t = &draft->trace;
	draft->message = message;
	draft->border = *border;
	draft->is_origin = origin;
	trace_message(t, message, border);
	const char *why = report_guard(message, t, null_sender_ok);
	if (why) {
		buf_printf(problem, "no report is made: %s", why);
		return ERR_INVALID;
	}
	if (t->handover.family == 0 &&
	    border->own_host_count + border->own_net_count + border->border_host_count == 0)
		return said(problem, ERR_INVALID, "no own host or network is configured, so nobody "
		            "can tell who handed it over; see --own-host, and \"portreeve trace "
		            "learn\"");
	if (t->handover.family == 0)
		return said(problem, ERR_INVALID, "expected a message that was handed over to a "
		            "host of ours; see \"portreeve trace\"");
	if (origin && t->origin.family == 0)
		return said(problem, ERR_INVALID, "expected a message with a believed origin; see "
		            "\"portreeve trace\"");
	draft->report.source = origin ? t->origin : t->handover;
	draft->report.relay = t->relay;
	if (!ip_is_public(&draft->report.source))
		return said(problem, ERR_INVALID, "it came from a private address: there is no "
		            "network to report to");
	return ERR_OK;
}

/* ---- the contact -------------------------------------------------------- */

struct contact_setup desk_contact_setup(const struct desk *desk, struct loop *loop,
                                        struct dns_resolver *resolver)
{
	return (struct contact_setup){
		.loop = loop, .resolver = resolver, .store = desk->store,
		.config = desk->config, .now_s = desk->now_s,
	};
}

static const char *part_behind_at(const char *address)
{
	const char *at = strrchr(address, '@');
	return at ? at + 1 : address;
}

int desk_filter(const struct desk *desk, struct arena *a, struct contact_filter *filter)
{
	const struct report_config *c = desk->config;
	size_t n = 0, room = c->own_domains.n + DESK_DOMAINS_MAX + OWN_DOMAINS_MORE;
	const char **own = arena_alloc(a, room * sizeof(*own));
	struct dead_contact *dead;
	own[n++] = part_behind_at(desk_own_address(desk));
	own[n++] = part_behind_at(desk->contact);
	own[n++] = desk->hostname;
	if (c->return_path[0])
		own[n++] = part_behind_at(c->return_path);
	for (size_t i = 0; i < DESK_DOMAINS_MAX && desk->own_domains[i]; i++)
		own[n++] = desk->own_domains[i];
	for (size_t i = 0; i < c->own_domains.n; i++)
		own[n++] = c->own_domains.v[i];
	own[n] = NULL;
	*filter = (struct contact_filter){
		.own_domains = own, .ignore = &c->ignore,
		.dead_since_s = desk->now_s - c->dead_for_s,
	};
	int e = store_contacts_dead(desk->store, a, &dead, &filter->dead_count);
	filter->dead = dead;
	return e;
}

/* Whom each source named, and what is against him. */
static void no_contact(const struct contact_answer *answers, size_t n,
                       const struct contact_filter *filter, const struct ip *source,
                       struct buf *problem)
{
	char ip[IP_TEXT_MAX];
	buf_printf(problem, "%s: no abuse contact that can be used", ip_format(source, ip));
	for (size_t i = 0; i < n; i++) {
		const struct contact_answer *a = &answers[i];
		buf_printf(problem, "; %s: ", a->source);
		if (a->email_count == 0)
			buf_add_cstr(problem, a->problem[0] ? a->problem : "names none");
		for (size_t k = 0; k < a->email_count; k++)
			buf_printf(problem, "%s%s (%s)", k ? ", " : "", a->emails[k],
			           contact_use_text(contact_use(filter, a->emails[k])));
	}
	if (n == 0)
		buf_add_cstr(problem,
		             "; nobody is asked (report.sources), give one with --to");
}

int desk_address(const struct desk *desk, const struct contact_answer *answers, size_t n,
                 const struct contact_filter *filter, const char *to, struct desk_draft *draft,
                 enum contact_use *use, struct buf *problem)
{
	struct report *report = &draft->report;
	const struct contact_answer *answer = NULL;
	if (to && !mail_address_valid(str_of(to)))
		return said(problem, ERR_INVALID, "expected a mail address to report to");
	const char *contact = to ? to : contact_choose(answers, n, filter, &answer);
	if (!contact) {
		no_contact(answers, n, filter, &report->source, problem);
		return ERR_NOT_FOUND;
	}
	*use = contact_use(filter, contact);
	if (*use == CONTACT_OWN) {
		buf_printf(problem, "%s: no report is made to ourselves", contact);
		return ERR_DENIED;
	}
	str_copy(report->contact, sizeof(report->contact), str_of(contact));
	str_copy(report->contact_source, sizeof(report->contact_source),
	         str_of(answer ? answer->source : "given"));
	report->contact_fetched_s = answer ? answer->fetched_s : desk->now_s;
	contact_network(answers, n, &report->source, report->network);
	return ERR_OK;
}

/* ---- the report --------------------------------------------------------- */

/* Finds what the store has of this network today. Of a report that was sent the message is only
 * counted; one that was not is about the newest message. */
static int find_place(const struct desk *desk, struct desk_draft *draft, struct buf *problem)
{
	struct report found, *mine = &draft->report;
	struct str digest = { draft->digest, sizeof(draft->digest) };
	report_digest(draft->message, draft->digest);
	mine->day = desk->now_s / DAY_S;
	int e = store_report_find(desk->store, mine->network, mine->day, digest, &found);
	draft->counted = false;
	if (e == ERR_EXISTS) {
		buf_printf(problem, "this message is in report %s already, which is %s", found.id,
		           report_state_name(found.state));
		return e;
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return desk_store_refuses(desk, e, mine->network, problem);
	mine->incidents = found.incidents + 1;
	mine->changed_s = desk->now_s;
	if (e == ERR_NOT_FOUND) {
		report_id_make(mine->id);
		mine->created_s = desk->now_s;
		str_copy(mine->why, sizeof(mine->why), STR("made from a message"));
		return ERR_OK;
	}
	draft->counted = found.state != REPORT_MADE;
	found.incidents = mine->incidents;
	found.changed_s = mine->changed_s;
	if (!draft->counted) {
		found.source = mine->source;
		found.relay = mine->relay.family ? mine->relay : found.relay;
	}
	*mine = found;
	return ERR_OK;
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

static size_t body_max(const struct desk *desk)
{
	return desk->config->body ? (size_t)desk->config->body_bytes : 0;
}

static int redact_copy(const struct desk *desk, struct desk_draft *draft, struct buf *problem)
{
	const struct trace_return_path *rp = &draft->trace.return_path;
	int e = store_secret(desk->store, "redaction", draft->redaction.key);
	if (e != ERR_OK)
		return desk_store_refuses(desk, e, "key of redaction", problem);
	/* A sender that its own domain vouches for is no third person. */
	if (rp->verdict == TRACE_RETURN_PROVED)
		draft->redaction.keep = bare_address(rp->from);
	draft->redaction.trace = &draft->trace;
	draft->redaction.border = &draft->border;
	draft->redaction.own_lines = desk->config->own_lines || draft->own_lines;
	redact_recipients(&draft->redaction, &draft->arena, &draft->trace, draft->message);
	redact_message(&draft->redaction, draft->message, body_max(desk), &draft->copy);
	return ERR_OK;
}

/* The operator's name: text on one line. */
static const char *organisation(const struct desk *desk, struct arena *a)
{
	struct str name = str_of(desk->operator_name);
	struct buf b = { 0 };
	if (!str_is_utf8(name)) {
		report_ascii(name, ORGANISATION_MAX, &b);
		name.n = 0;
	}
	for (size_t i = 0; i < name.n;) {
		struct str character = { name.p + i, str_utf8(str_from(name, i)) };
		if (b.n + character.n > ORGANISATION_MAX)
			break;
		bool shown = (unsigned char)name.p[i] >= 0x80 ||
		             ascii_isprint((unsigned char)name.p[i]);
		if (shown)
			buf_add_str(&b, character);
		i += character.n;
	}
	const char *text = arena_strdup(a, buf_str(&b));
	buf_fini(&b);
	return text;
}

static void fill_facts(const struct desk *desk, const struct contact_answer *answers, size_t n,
                       struct desk_draft *draft)
{
	struct report_facts *f = &draft->facts;
	const struct report *r = &draft->report;
	char *uuid = arena_alloc(&draft->arena, REPORT_UUID_MAX);
	report_uuid_make(uuid);
	*f = (struct report_facts){
		.reporter = { organisation(desk, &draft->arena), desk_own_address(desk),
		              desk->hostname },
		.id = r->id, .token = draft->token, .uuid = uuid, .contact = r->contact,
		.contact_source = r->contact_source,
		.contact_age_s = desk->now_s - clock_past(r->contact_fetched_s, desk->now_s),
		.now_s = desk->now_s, .source = r->source, .relay = r->relay,
		.is_origin = draft->is_origin, .network_name = "",
		.network = contact_network_named(r->network) ? r->network : "",
		.incidents = r->incidents, .trace = &draft->trace,
		.redaction = &draft->redaction, .copy = buf_str(&draft->copy),
		.header_only = body_max(desk) == 0,
	};
	for (size_t i = 0; i < n; i++) {
		if (answers[i].name[0])
			f->network_name = answers[i].name;
		if (answers[i].asn)
			f->asn = answers[i].asn;
	}
}

static void write_forms(const struct desk *desk, struct desk_draft *draft)
{
	const struct report_facts *f = &draft->facts;
	xarf_format(f, &draft->xarf);
	if (strcmp(desk->config->format, "xarf") == 0)
		xarf_mail_format(f, buf_str(&draft->xarf), &draft->mail);
	else
		arf_format(f, &draft->mail);
	draft->report.message = buf_str(&draft->mail);
	draft->report.xarf = buf_str(&draft->xarf);
}

int desk_make(const struct desk *desk, const struct contact_answer *answers, size_t n,
              struct desk_draft *draft, struct buf *problem)
{
	unsigned char key[REPORT_KEY_BYTES];
	int e = find_place(desk, draft, problem);
	if (e == ERR_OK)
		e = redact_copy(desk, draft, problem);
	if (e != ERR_OK)
		return e;
	e = store_secret(desk->store, "reports", key);
	if (e != ERR_OK)
		return desk_store_refuses(desk, e, "key of reports", problem);
	report_token_make(key, draft->report.id, draft->token);
	fill_facts(desk, answers, n, draft);
	write_forms(desk, draft);
	return ERR_OK;
}

int desk_save(const struct desk *desk, const struct desk_draft *draft, struct buf *problem)
{
	struct str digest = { draft->digest, sizeof(draft->digest) };
	int e = store_report_save(desk->store, &draft->report, digest);
	return e == ERR_OK ? e : desk_store_refuses(desk, e, draft->report.network, problem);
}
