/* SPDX-License-Identifier: ISC
 *
 * Findings of the network alone: by which address strangers arrive that nobody trusts yet, a
 * catcher of developers' mail (C12), a container from which the host can't be seen. And of our own:
 * where the reading and the server disagree, and what of the configuration could not be read.
 */
#include "audit/findings-private.h"

#include <assert.h>

enum { SHOWN_MAX = 5 };

/* ---- the network ---------------------------------------------------------------- */

static bool may_relay(const struct findings *fs, const struct ip *ip)
{
	for (size_t i = 0; i < fs->report->who_n; i++)
		if (ip_eq(&fs->report->who[i].asker->ip, ip))
			return true;
	return false;
}

static const char *list_of(const struct findings *fs)
{
	switch (fs->report->mta) {
	case MTA_POSTFIX: return "mynetworks";
	case MTA_EXIM: return "relay_from_hosts (Debian: dc_relay_nets)";
	case MTA_SENDMAIL: return "access and relay-domains";
	default: return "the rules \"match from src\"";
	}
}

static bool is_said(const struct findings *fs, size_t i)
{
	const struct audit_arrival *all = fs->known->arrivals;
	for (size_t k = 0; k < i; k++)
		if (all[k].certain && all[k].way != AUDIT_DIRECT && ip_eq(&all[k].as, &all[i].as))
			return true;
	return false;
}

/* The server sees the wrong address of strangers: no harm as long as nobody trusts it. */
static void untrusted_arrivals(struct findings *fs)
{
	for (size_t i = 0; i < fs->known->arrival_n; i++) {
		const struct audit_arrival *a = &fs->known->arrivals[i];
		const struct cause *cause = cause_by_id(str_of(a->cause));
		if (a->way == AUDIT_DIRECT || !a->certain || !cause || is_said(fs, i)
		    || (a->as.family && may_relay(fs, &a->as)))
			continue;
		struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, a->cause, a->as.family
			? arena_printf(fs->a, "Strangers arrive as %s", finding_ip_text(fs, &a->as))
			: "Strangers don't arrive by their own addresses", FINDING_EVERYBODY);
		finding_say(fs, d, "%s", a->text);
		if (a->line[0])
			finding_say(fs, d, "It is: \"%.300s\".", a->line);
		finding_say(fs, d, "Nobody relays by it now. Keep that address out of %s, and any "
		            "range that holds it: with it the whole Internet would be let in. "
		            "Blocklists and limits per client don't work on it either.",
		            list_of(fs));
		if (cause->remedy)
			finding_fix(fs, d, "# %s", cause->remedy);
		finding_check(fs, d, "portreeve witness prints a word; portreeve test --word from "
		              "outside, then portreeve witness --read shows by which address it "
		              "came");
	}
}

static bool is_settled(const struct findings *fs)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->drafts[i].cause[0] == 'C' && fs->drafts[i].cause[2] == '\0'
		    && fs->drafts[i].cause[1] <= '5')
			return true;
	return false;
}

/* From within a container nobody sees what the host does with connections. */
static void container_finding(struct findings *fs)
{
	const struct facts *f = fs->known->ground->facts;
	if (f->container == FACTS_NO_CONTAINER || is_settled(fs))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, f->container == FACTS_KUBERNETES
		? "C4" : f->container == FACTS_LXC ? "C5" : "C2", "Inside a container: what the "
		"host does is not to be seen", 100);
	finding_say(fs, d, "We are inside %s%s%s%s. By which address strangers arrive here is "
	            "decided outside. Three ways tell: portreeve audit on the host, as root; "
	            "portreeve witness here with portreeve test --word from outside; or the "
	            "addresses in the server's log.", facts_container_name(f->container),
	            f->container_why[0] ? " (" : "", f->container_why,
	            f->container_why[0] ? ")" : "");
	finding_fix(fs, d, "# It prints a word, and says what to do with it outside:");
	finding_fix(fs, d, "portreeve witness");
	finding_check(fs, d, "the log shows strangers' connections with public addresses");
}

/* Programs that take all mail, for tests. */
static void catcher_findings(struct findings *fs)
{
	static const char *const names[] = { "mailhog", "mailpit", "maildev", "inbucket",
	                                     "smtp4dev", "papercut", "mailcatcher", "mailcrab" };
	const struct facts *f = fs->known->ground->facts;
	for (size_t i = 0; i < f->listener_n; i++) {
		const struct facts_listener *l = &f->listeners[i];
		const bool loopback = l->at.ip.family == 4 ? l->at.ip.b[0] == 127
			: !ip_is_unspecified(&l->at.ip) && !facts_is_public(&l->at.ip)
			  && !facts_is_private(&l->at.ip);
		const bool smtp = l->at.port == 25 || l->at.port == 1025 || l->at.port == 2525
		                  || l->at.port == 2500 || l->at.port == 587;
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
			if (loopback || !smtp || !l->program || finding_has(fs, "C12")
			    || !str_caseprefix(str_of(l->program), str_of(names[k])))
				continue;
			struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "C12", NULL, 150);
			finding_say(fs, d, "%s (process %u) listens at port %u of all addresses: "
			            "it takes mail for everybody, and shows it to who finds its "
			            "page.",
			            l->program, l->pid, l->at.port);
			finding_fix(fs, d, "# %s", cause_by_id(STR("C12"))->remedy);
			finding_check(fs, d, "ss -ltn 'sport = :%u' shows 127.0.0.1 alone",
			              l->at.port);
		}
	}
}

void findings_of_network(struct findings *fs)
{
	untrusted_arrivals(fs);
	container_finding(fs);
	catcher_findings(fs);
}

/* ---- our own -------------------------------------------------------------------- */

/* Whether the configuration, as we read it, says the contrary of the server's answer. */
static bool is_contrary(struct findings *fs, const struct audit_row *row, struct audit_why *why)
{
	struct audit_client client = {
		.ip = row->asker->ip, .port = row->at ? row->at : finding_port(fs, row->port),
		.own = facts_is_own(fs->known->ground->facts, &row->asker->ip),
		.shows = row->tls == AUDIT_CLEAR ? 0 : AUDIT_BY_TLS,
	};
	if (row->plain != AUDIT_TAKEN && row->plain != AUDIT_REFUSED && !row->contrary)
		return false;
	audit_config_explain(fs->config, &client, why);
	if (why->answer == AUDIT_NO && row->plain == AUDIT_TAKEN) {
		/* Our domain may be one of those that it takes. */
		client.to = fs->known->ground->foreign;
		audit_config_explain(fs->config, &client, why);
	}
	if (why->answer == AUDIT_PERHAPS || why->some)
		return false;
	return (why->answer == AUDIT_YES) != (row->plain == AUDIT_TAKEN);
}

/* Both: the answer, and the line. */
static void say_contrary(struct findings *fs, struct finding_draft *d, const struct audit_row *row,
                         const struct audit_why *why)
{
	const char *heard = row->heard && row->heard->code
		? arena_printf(fs->a, " (\"%d %.200s\")", row->heard->code, row->heard->text) : "";
	const char *line = why->by_n ? finding_at(fs, why->by[0].parameter, &why->by[0].place)
	                             : "the configuration";
	finding_say(fs, d, "Mail of %s for a foreign domain is %s by the server at port %u%s, "
	            "where %s seems to say %s.", finding_ip_text(fs, &row->asker->ip),
	            row->plain == AUDIT_TAKEN ? "taken" : "refused", row->port, heard, line,
	            why->answer == AUDIT_YES ? "yes" : "no");
}

/* Whether the lines of the reading have this file's, of the same parameter, and not that one. */
static bool is_elsewhere(const struct audit_who *who)
{
	const struct audit_line *own = who->decided;
	bool there = false;
	for (size_t i = 0; own && i < who->by_n; i++) {
		const struct audit_line *line = &who->by[i];
		if (strcmp(line->parameter, own->parameter) != 0 ||
		    strcmp(line->place.file, own->place.file) != 0)
			continue;
		if (line->place.line == own->place.line)
			return false;
		there = true;
	}
	return there;
}

static void other_lines(struct findings *fs)
{
	struct finding_draft *d = NULL;
	for (size_t i = 0; i < fs->report->who_n; i++) {
		const struct audit_who *who = &fs->report->who[i];
		if (!is_elsewhere(who))
			continue;
		if (!d)
			d = finding_begin(fs, AUDIT_WARN, "", "The server took it by another line "
			                  "than we read", 3);
		finding_say(fs, d, "Mail of %s was taken by %s, as the server itself shows.",
		            finding_ip_text(fs, &who->asker->ip),
		            finding_at(fs, who->decided->parameter, &who->decided->place));
		finding_line(d, who->decided->parameter, &who->decided->place);
		for (size_t k = 0; k < who->by_n; k++)
			finding_line(d, who->by[k].parameter, &who->by[k].place);
	}
	if (d)
		finding_say(fs, d, "Its line counts; lines to paste that are about another may "
		            "mend nothing. Please tell us.");
}

static void disagreements(struct findings *fs)
{
	struct finding_draft *d = NULL;
	size_t shown = 0;
	for (size_t i = 0; i < fs->report->row_n && fs->known->started; i++) {
		const struct audit_row *row = &fs->report->rows[i];
		struct audit_why why;
		if (!is_contrary(fs, row, &why))
			continue;
		if (!d)
			d = finding_begin(fs, AUDIT_WARN, "", "The server and our reading of its "
			                  "configuration disagree", 5);
		if (shown++ >= SHOWN_MAX)
			continue;
		say_contrary(fs, d, row, &why);
		for (size_t k = 0; k < why.by_n; k++)
			finding_line(d, why.by[k].parameter, &why.by[k].place);
	}
	if (!d)
		return;
	if (shown > SHOWN_MAX)
		finding_say(fs, d, "There are %zu more.", shown - SHOWN_MAX);
	finding_say(fs, d, "What it takes makes the verdict; a refusal is believed only where both "
	            "agree. The lines that are named may be the wrong ones. Please tell us.");
	finding_fix(fs, d, "# Send what portreeve audit --json says, with the lines, to "
	            "Portreeve's developers.");
}

/* Lines that may permit strangers who say the right thing, or come at the right time. */
static void conditions(struct findings *fs)
{
	struct finding_draft *d = NULL;
	for (size_t i = 0; i < fs->report->row_n && fs->known->started; i++) {
		const struct audit_row *row = &fs->report->rows[i];
		const struct audit_client client = {
			.ip = row->asker->ip, .port = row->at, .shows = row->shows,
			.own = facts_is_own(fs->known->ground->facts, &row->asker->ip),
		};
		struct audit_why why;
		if (!row->conditional)
			continue;
		audit_config_explain(fs->config, &client, &why);
		if (!d)
			d = finding_begin(fs, AUDIT_WARN, row->shows & ~(unsigned)AUDIT_BY_TLS
			                  ? why.cause : "", "A condition may let "
			                  "strangers relay", FINDING_EVERYBODY - 2);
		finding_say(fs, d, "Of %s, at port %u: %s.", finding_ip_text(fs, &row->asker->ip),
		            row->port, row->why);
		for (size_t k = 0; k < why.by_n; k++)
			finding_line(d, why.by[k].parameter, &why.by[k].place);
	}
	if (!d)
		return;
	finding_say(fs, d, "A sender, a HELO name and often the time are of the client's choice: "
	            "who knows the line is let in.");
	finding_fix(fs, d, "# Let clients in by a login or by their own address instead, and take "
	            "the condition out.");
}

/* Whether that part may decide for somebody whom the closed room could not play. */
static bool matters(const struct findings *fs, const struct audit_unread *u)
{
	static const char *const asked[] = { "only the server itself can ask it",
	                                     "domains that are in a map" };
	if (!fs->known->started)
		return true;
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		if (!strcmp(u->why, asked[i]))
			return str_search(str_of(u->what), STR("ldap")) != SIZE_MAX
			       || str_search(str_of(u->what), STR("sql")) != SIZE_MAX
			       || str_search(str_of(u->what), STR("socketmap:")) != SIZE_MAX
			       || str_search(str_of(u->what), STR("tcp:")) != SIZE_MAX;
	return false;
}

static void unread_parts(struct findings *fs)
{
	const struct audit_reading *r = fs->reading;
	struct finding_draft *d = NULL;
	size_t shown = 0;
	for (size_t i = 0; i < r->unread_n; i++) {
		if (!matters(fs, &r->unread[i]))
			continue;
		if (!d)
			d = finding_begin(fs, AUDIT_ADVICE, "", "Parts of the configuration could "
			                  "not be read", 4);
		if (shown++ < SHOWN_MAX)
			finding_say(fs, d, "%.200s: %s.", r->unread[i].what, r->unread[i].why);
	}
	if (!d)
		return;
	if (shown > SHOWN_MAX)
		finding_say(fs, d, "There are %zu more.", shown - SHOWN_MAX);
	finding_say(fs, d, fs->known->started
	            ? "What these say to the running server was not asked; --with-socket lets "
	              "their service be asked."
	            : "What decides may stand there.");
	finding_check(fs, d, "the server itself, asked from outside: portreeve test");
}

void findings_of_reading(struct findings *fs)
{
	disagreements(fs);
	conditions(fs);
	other_lines(fs);
	unread_parts(fs);
	assert(fs->n <= FINDING_DRAFTS_MAX);
}
