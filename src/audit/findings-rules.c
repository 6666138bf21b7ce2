/* SPDX-License-Identifier: ISC
 *
 * The fix for rules that let in whoever shows or says something: Postfix's list of restrictions
 * with its guard moved up, its lists of domains without patterns; the statement, line or match of
 * the other servers taken out.
 */
#include "audit/findings-private.h"
#include "audit/gather-private.h"

#include <assert.h>

enum { WORDS_MAX = 200, VALUE_MAX_BYTES = 1500 };

/* ---- Postfix: restrictions ------------------------------------------------------ */

static bool is_one_of(struct str word, const char *const *names)
{
	for (; *names; names++)
		if (str_caseeq(word, str_of(*names)))
			return true;
	return false;
}

/* Restrictions that a word follows. */
static bool has_argument(struct str word)
{
	static const char *const plain[] = { "check_relay_domains", "check_recipient_maps", NULL };
	static const char *const others[] = { "permit_dnswl_client", "permit_rhswl_client", "sleep",
	                                      "warn_if_reject", NULL };
	return (str_caseprefix(word, STR("check_")) && !is_one_of(word, plain))
	       || str_caseprefix(word, STR("reject_rbl_"))
	       || str_caseprefix(word, STR("reject_rhsbl_")) || is_one_of(word, others);
}

/* The next element with its argument; what stands in braces is one word. */
static bool next_element(struct str *list, struct str *element)
{
	size_t end = 0, depth = 0;
	while (list->n && (ascii_isspace(list->p[0]) || list->p[0] == ','))
		*list = str_from(*list, 1);
	if (!list->n)
		return false;
	while (end < list->n
	       && (depth || !(ascii_isspace(list->p[end]) || list->p[end] == ','))) {
		depth += list->p[end] == '{';
		depth -= depth && list->p[end] == '}';
		end++;
	}
	*element = (struct str){ list->p, end };
	*list = str_from(*list, end);
	struct str more;
	if (has_argument(*element) && next_element(list, &more))
		element->n = (size_t)(more.p + more.n - element->p);
	return true;
}

enum place_of_element { GOES, TRUSTED, GUARD, BEHIND };

static enum place_of_element place_of_element(struct str element, bool trusts)
{
	static const char *const trusted[] = { "permit_mynetworks", "permit_sasl_authenticated",
	                                       "permit_tls_clientcerts", NULL };
	static const char *const guards[] = { "reject_unauth_destination",
	                                      "defer_unauth_destination", NULL };
	static const char *const opening[] = { "permit", "permit_mx_backup",
	                                       "permit_tls_all_clientcerts",
	                                       "permit_inet_interfaces", NULL };
	if (!trusts && str_caseeq(element, STR("permit_mynetworks")))
		return GOES;
	if (is_one_of(element, trusted))
		return TRUSTED;
	if (is_one_of(element, guards))
		return GUARD;
	return is_one_of(element, opening) ? GOES : BEHIND;
}

static void add_elements(struct buf *b, struct str list, bool trusts,
                         enum place_of_element wanted)
{
	struct str element;
	for (int i = 0; i < WORDS_MAX && next_element(&list, &element); i++) {
		if (place_of_element(element, trusts) != wanted)
			continue;
		buf_printf(b, "%s%.*s", b->n ? ", " : "", STR_ARG(element));
	}
}

/* The list with its guard behind those who are trusted, and nothing before it that others reach;
 * without permit_mynetworks where an address says nothing (`trusts` is false). */
static const char *guarded_list(struct findings *fs, struct str list, bool trusts)
{
	struct buf b = { 0 };
	add_elements(&b, list, trusts, TRUSTED);
	const size_t before = b.n;
	add_elements(&b, list, trusts, GUARD);
	if (b.n == before)
		buf_printf(&b, "%sreject_unauth_destination", b.n ? ", " : "");
	add_elements(&b, list, trusts, BEHIND);
	const char *value = arena_strdup(fs->a, buf_str(&b));
	buf_fini(&b);
	return value;
}

void finding_fix_guarded(struct findings *fs, struct finding_draft *d, const char *service,
                         bool trusts)
{
	const char *name = "smtpd_relay_restrictions";
	if (!finding_value(fs, service, name)[0])
		name = "smtpd_recipient_restrictions";
	const char *value = finding_value(fs, service, name);
	if (strlen(value) > VALUE_MAX_BYTES) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_setting(d, finding_set(fs, service, name));
	finding_fix_postfix(fs, d, service, name,
	                    finding_unexpanded(fs, guarded_list(fs, str_of(value), trusts)));
	finding_fix_reload(fs, d);
	finding_check(fs, d, "%s -xh %s; %s -P | grep %s", finding_postconf(fs), name,
	              finding_postconf(fs), name);
}

void finding_fix_guarded_all(struct findings *fs, struct finding_draft *d,
                             const struct finding_group *g, bool trusts)
{
	for (size_t i = 0; i < g->n; i++)
		finding_fix_guarded(fs, d, finding_service(fs, g->rows[i]->port), trusts);
}

/* ---- Postfix: domains ---------------------------------------------------------- */

static bool is_wide_domain(struct str word)
{
	static const char *const types[] = { "static:", "regexp:", "pcre:", "proxy:regexp:",
	                                     "proxy:pcre:" };
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (str_caseprefix(word, str_of(types[i])))
			return true;
	while (word.n && (word.p[0] == '.' || word.p[0] == '*'))
		word = str_from(word, 1);
	return str_find(word, '.') == SIZE_MAX && str_find(word, ':') == SIZE_MAX
	       && str_find(word, '/') == SIZE_MAX && !str_caseeq(word, STR("localhost"));
}

/* A table whose rows can't be seen: a database, a service. */
static bool is_hidden_table(struct str word)
{
	static const char *const seen[] = { "hash:", "lmdb:", "btree:", "cdb:", "texthash:",
	                                    "inline:", "cidr:", "dbm:", "sdbm:" };
	for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++)
		if (str_caseprefix(word, str_of(seen[i])))
			return false;
	return str_find(word, ':') != SIZE_MAX;
}

/* The list of domains without what holds those of others; NULL: there is no such word. */
static const char *domains_kept(struct findings *fs, struct str list, bool (*goes)(struct str))
{
	struct buf b = { 0 };
	bool changed = false;
	struct str word;
	while (str_token(&list, ", \t", &word)) {
		if (goes(word))
			changed = true;
		else
			buf_printf(&b, "%s%.*s", b.n ? ", " : "", STR_ARG(word));
	}
	const char *kept = changed ? arena_strdup(fs->a, (struct str){ buf_cstr(&b), b.n }) : NULL;
	buf_fini(&b);
	return kept;
}

/* Whether one of the lists was shorter without those. */
static bool fix_domain_lists(struct findings *fs, struct finding_draft *d,
                             bool (*goes)(struct str))
{
	static const char *const names[] = { "relay_domains", "mydestination",
	                                     "virtual_alias_domains", "virtual_mailbox_domains" };
	bool fixed = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct audit_setting *s = finding_set(fs, "", names[i]);
		const char *kept = s && s->place.line && strlen(s->value) < VALUE_MAX_BYTES
		                 ? domains_kept(fs, str_of(s->value), goes) : NULL;
		if (!kept)
			continue;
		finding_setting(d, s);
		finding_fix_postfix(fs, d, "", names[i], finding_unexpanded(fs, kept));
		fixed = true;
	}
	return fixed;
}

static void fix_domains(struct findings *fs, struct finding_draft *d,
                        const struct finding_group *g)
{
	const struct audit_place *place = g->rows[0]->by_n ? &g->rows[0]->by[0].place : NULL;
	if (fix_domain_lists(fs, d, is_wide_domain)) {
		finding_fix_reload(fs, d);
		finding_fix(fs, d, "# Add your own domains by their whole names.");
	} else if (place && place->line && !str_casesuffix(str_of(place->file), STR(".cf"))) {
		finding_fix_row(fs, d, g, place);
	} else if (fix_domain_lists(fs, d, is_hidden_table)) {
		finding_fix_reload(fs, d);
		finding_fix(fs, d, "# Name its domains one by one, or mend its query, before you "
		            "set it again.");
	} else {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_check(fs, d, "%s -xh relay_domains mydestination virtual_alias_domains "
	              "virtual_mailbox_domains", finding_postconf(fs));
}

/* ---- Postfix: other parameters -------------------------------------------------- */

/* The catalogue's "name = value" lines, but for those that are so already. */
static void fix_parameters(struct findings *fs, struct finding_draft *d, const char *service)
{
	const struct cause *cause = cause_by_id(str_of(d->cause));
	const struct cause_words *w = cause ? cause_words_of(cause, MTA_POSTFIX) : NULL;
	struct str rest = str_of(w && w->fix && w->file ? w->fix : ""), line;
	const size_t before = d->fix_n;
	while (str_token(&rest, "\n", &line)) {
		const size_t equals = str_find(line, '=');
		if (equals == SIZE_MAX || ascii_isspace(line.p[0]))
			break;
		const char *name = arena_strdup(fs->a, str_trim((struct str){ line.p, equals }));
		const char *value = arena_strdup(fs->a, str_trim(str_from(line, equals + 1)));
		const struct audit_setting *s = finding_set(fs, service, name);
		/* Proxies that are named one by one stay. */
		const char *narrow = s && str_casesuffix(str_of(name), STR("_hosts"))
		                   ? finding_list_narrow(fs, s->value) : "";
		if (narrow[0] && strlen(narrow) < strlen(s->value))
			value = narrow;
		if (s && s->place.line && !str_caseeq(str_of(s->value), str_of(value)))
			finding_fix_postfix(fs, d, service, name, value);
	}
	if (d->fix_n == before) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_reload(fs, d);
	finding_catalogue_check(fs, d, w);
}

/* Of SRS addresses, as far as it stands there. */
static bool is_pattern(struct str word)
{
	if (str_find(word, '{') != SIZE_MAX && str_casesearch(word, STR("SRS")) == SIZE_MAX)
		return false;
	return str_caseprefix(word, STR("regexp:")) || str_caseprefix(word, STR("pcre:"))
	       || str_caseprefix(word, STR("proxy:regexp:"))
	       || str_caseprefix(word, STR("proxy:pcre:"));
}

/* The patterns that make a foreign address of an own one go, out of the maps that decide. */
static bool fix_patterns(struct findings *fs, struct finding_draft *d, const char *service)
{
	const size_t before = d->fix_n;
	for (size_t i = 0; i < d->line_n; i++) {
		const struct audit_line *line = &d->lines[i];
		const bool maps = str_casesuffix(str_of(line->parameter), STR("_maps"));
		const struct audit_setting *s = maps ? finding_set(fs, service, line->parameter)
		                                     : NULL;
		struct str rest = str_of(s ? s->value : ""), word;
		const char *kept = "";
		bool goes = false;
		while (next_element(&rest, &word)) {
			goes |= is_pattern(word);
			if (!is_pattern(word))
				kept = arena_printf(fs->a, "%s%s%.*s", kept, kept[0] ? ", " : "",
				                    STR_ARG(word));
		}
		if (goes)
			finding_fix_postfix(fs, d, service, s->name, finding_unexpanded(fs, kept));
	}
	if (d->fix_n > before)
		finding_fix_reload(fs, d);
	return d->fix_n > before;
}

/* Whether a table of recipients, not a list of domains, is what decides. */
static bool lets_recipients(struct findings *fs, const char *service,
                            const struct finding_draft *d)
{
	static const char *const names[] = { "smtpd_relay_restrictions",
	                                     "smtpd_recipient_restrictions" };
	for (size_t i = 0; i < d->line_n; i++)
		for (size_t k = 0; k < 2; k++) {
			const char *value = finding_value(fs, service, names[k]);
			const char *table = strstr(value, "check_recipient_access");
			const char *guard = strstr(value, "_unauth_destination");
			if (!strcmp(d->lines[i].parameter, "check_recipient_access")
			    || (!strcmp(d->lines[i].parameter, names[k]) && table
			        && (!guard || table < guard)))
				return true;
		}
	return false;
}

static void fix_postfix_rules(struct findings *fs, struct finding_draft *d,
                              const struct finding_group *g)
{
	static const char *const by_order[] = { "C10", "C31", "C32", "C39", "C41", "C42", "C44",
	                                        "C47", NULL };
	const char *service = finding_service(fs, g->rows[0]->port);
	if (is_one_of(str_of(g->cause), by_order)
	    || (!strcmp(g->cause, "C33") && lets_recipients(fs, service, d)))
		finding_fix_guarded_all(fs, d, g, true);
	else if (!strcmp(g->cause, "C33"))
		fix_domains(fs, d, g);
	else if (strcmp(g->cause, "C11") != 0 || !fix_patterns(fs, d, service))
		fix_parameters(fs, d, service);
}

/* ---- the others ---------------------------------------------------------------- */

static const char *const exim_domains[] = { "relay_to_domains", "local_domains" };
enum { EXIM_DOMAINS = sizeof(exim_domains) / sizeof(*exim_domains) };

bool finding_takes_all_domains(struct findings *fs)
{
	struct str item;
	for (size_t i = 0; fs->report->mta == MTA_EXIM && i < EXIM_DOMAINS; i++) {
		struct str rest = str_of(finding_value(fs, "", exim_domains[i]));
		while (str_token(&rest, ":; ", &item))
			if (str_eq(item, STR("*")))
				return true;
	}
	return false;
}

/* A domainlist of Exim that holds everything, where it stands. */
static bool fix_exim_domains(struct findings *fs, struct finding_draft *d)
{
	bool fixed = false;
	for (size_t i = 0; i < EXIM_DOMAINS; i++) {
		const struct audit_setting *s = finding_set(fs, "", exim_domains[i]);
		const size_t equals = s ? str_find(str_of(s->place.text), '=') : SIZE_MAX;
		if (equals == SIZE_MAX || !(strchr(s->value, '*') || strstr(s->value, "@mx_")
		                            || strchr(s->value, '^')))
			continue;
		const bool debian = str_casesuffix(str_of(s->place.file),
		                                   STR("/update-exim4.conf.conf"));
		finding_setting(d, s);
		finding_fix_place(fs, d, &s->place);
		finding_fix(fs, d, debian ? "%.*s''" : "%.*s your-domain.example",
		            (int)equals + 1, s->place.text);
		fixed = true;
	}
	if (fixed) {
		finding_fix(fs, d, "# with your own domains by their whole names.");
		finding_fix_reload(fs, d);
		finding_check(fs, d, "exim4 -bP +relay_to_domains +local_domains");
	}
	return fixed;
}

/* The statement that lets them in. Where a router makes a foreign address of it, or somebody is
 * believed who should not be, that is sound. */
static const struct audit_line *accepted_by(const struct finding_group *g)
{
	static const char *const routed[] = { "C7", "C8", "C11", "C34", "C36", "C37", "C48", NULL };
	for (size_t i = 0; i < g->rows[0]->by_n && !is_one_of(str_of(g->cause), routed); i++) {
		const struct audit_place *place = &g->rows[0]->by[i].place;
		if (place->line && str_prefix(str_of(place->text), STR("accept")))
			return &g->rows[0]->by[i];
	}
	return NULL;
}

static void fix_exim_rules(struct findings *fs, struct finding_draft *d,
                           const struct finding_group *g)
{
	const struct audit_line *line = accepted_by(g);
	const bool domains = !strcmp(g->cause, "C33") || !strcmp(g->cause, "C39");
	if (domains && fix_exim_domains(fs, d))
		return;
	if (line && !finding_is_debian_exim(fs)) {
		finding_fix(fs, d, "# Whoever logs in, in the place of all; or take the whole "
		            "statement out.");
		finding_fix_place(fs, d, &line->place);
		finding_fix(fs, d, "  accept  authenticated = *");
		finding_fix_reload(fs, d);
		finding_check(fs, d, "exim4 -bh 203.0.113.9 plays a stranger, who gets a 550 for a "
		              "foreign recipient");
		return;
	}
	finding_catalogue_fix(fs, d);
}

/* The line as a comment, of the macro file or of a table. */
static void fix_sendmail_rules(struct findings *fs, struct finding_draft *d,
                               const struct audit_line *line)
{
	if (!line || !line->place.line) {
		finding_catalogue_fix(fs, d);
		return;
	}
	const struct str file = str_of(line->place.file);
	if (str_casesuffix(file, STR(".mc"))) {
		finding_fix_place(fs, d, &line->place);
		finding_fix(fs, d, "dnl %s", line->place.text);
		finding_fix_remake(fs, d, line->place.file);
	} else if (str_casesuffix(file, STR(".cf"))) {
		finding_catalogue_fix(fs, d);
		return;
	} else {
		finding_fix_place(fs, d, &line->place);
		finding_fix(fs, d, "#%s", line->place.text);
		finding_fix(fs, d, "# Then:");
		if (strcmp(line->parameter, "access") != 0)
			finding_fix(fs, d, "systemctl restart sendmail");
		else if (finding_is_plain(file))
			finding_fix(fs, d, "makemap hash %s < %s", line->place.file,
			            line->place.file);
	}
	finding_check(fs, d, "in sendmail -bt, after .D{client_addr}203.0.113.9 and "
	              ".D{client_name}stranger.example, \"check_rcpt <user@example.com>\" ends in "
	              "an error");
}

/* "match from any … for any action X": from local; with more conditions it goes. */
static void fix_smtpd_rules(struct findings *fs, struct finding_draft *d,
                            const struct audit_line *line)
{
	const struct str text = str_of(line ? line->place.text : "");
	const size_t any = str_search(text, STR("from any"));
	const size_t action = str_search(text, STR("action "));
	if (!line || !line->place.line || action == SIZE_MAX) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_place(fs, d, &line->place);
	if (any != SIZE_MAX && !strcmp(d->cause, "C10")) {
		finding_fix(fs, d, "%.*sfrom local%.*s", (int)any, text.p,
		            STR_ARG(str_from(text, any + 8)));
	} else {
		finding_fix(fs, d, "#%s", line->place.text);
		finding_fix(fs, d, "# who has a login may relay by this one:");
		finding_fix(fs, d, "match from any auth for any %.*s",
		            STR_ARG(str_from(text, action)));
	}
	finding_fix_reload(fs, d);
	finding_check(fs, d, "smtpd -n; grep -n '^match' /etc/smtpd.conf shows \"for any\" only "
	              "with \"from local\", \"auth\" or your own networks");
}

void finding_fix_rules(struct findings *fs, struct finding_draft *d,
                       const struct finding_group *g)
{
	const struct audit_line *line = g->rows[0]->by_n ? &g->rows[0]->by[0] : NULL;
	assert(g->n > 0);
	switch (fs->report->mta) {
	case MTA_POSTFIX:
		fix_postfix_rules(fs, d, g);
		return;
	case MTA_EXIM:
		fix_exim_rules(fs, d, g);
		return;
	case MTA_SENDMAIL:
		fix_sendmail_rules(fs, d, line);
		return;
	case MTA_OPENSMTPD:
		fix_smtpd_rules(fs, d, line);
		return;
	default:
		finding_catalogue_fix(fs, d);
		return;
	}
}
