/* SPDX-License-Identifier: ISC
 *
 * A match rule as a rule on mail for foreign domains. The first one that matches decides: so one
 * with an action that delivers here stands in the way of those behind it, as a refusal does.
 */
#include "audit/opensmtpd-private.h"

#include <assert.h>

struct match {
	struct smtpd *s;
	const struct smtpd_statement *st;
	struct audit_rule rule;
	struct gather_ranges ranges;
	bool from_seen, for_seen;
	bool never;                      /* no client of the network, or no foreign domain */
};

static void note_item(struct match *m, struct str item)
{
	enum { WHAT_MAX_BYTES = 1000 };
	const char *before = m->rule.what ? m->rule.what : "";
	if (item.n && strlen(before) < WHAT_MAX_BYTES)
		m->rule.what = arena_printf(m->s->g->a, "%s%s%.*s", before, before[0] ? " " : "",
		                            STR_ARG(item));
}

static void note_what(struct match *m, const struct smtpd_table *list)
{
	if (list->name.n)
		note_item(m, str_of(arena_printf(m->s->g->a, "<%.*s>", STR_ARG(list->name))));
	else if (list->n)
		note_item(m, list->items[0]);
}

/* ---- from ------------------------------------------------------------------- */

static void add_local(struct match *m, bool not)
{
	gather_loopback(m->s->g, &m->ranges);
	gather_range(m->s->g, &m->ranges, &(struct audit_range){ .own = true });
	for (size_t i = 0; i < m->ranges.n; i++)
		m->ranges.p[i].not = not;
	m->rule.in_ranges = true;
	m->rule.range_else = not;
}

static void add_sources(struct match *m, const struct smtpd_table *list, bool not)
{
	for (size_t i = 0; i < list->n; i++) {
		struct audit_range item = { .not = not };
		if (str_eq(list->items[i], STR("local")))
			item.own = true;
		else if (!gather_prefix(list->items[i], &item.range))
			continue;
		gather_range(m->s->g, &m->ranges, &item);
	}
	m->rule.in_ranges = true;
	m->rule.range_else = not;
	if (!list->known) {
		m->rule.by |= AUDIT_BY_UNSURE;
		m->rule.range_else = true;
	}
}

static bool is_argument(const struct match *m, size_t i)
{
	static const char *const words[] = {
		"for", "from", "auth", "helo", "mail-from", "rcpt-to", "tag", "tls", "action",
		"reject", "!",
	};
	if (i >= m->st->n)
		return false;
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		if (smtpd_is(m->st, i, words[k]))
			return false;
	return true;
}

/* Something that a client shows, which must be, or with `not` must not be, of a list. Whoever is
 * meant to be kept out by such a "not" shows something else. */
static void add_shown(struct match *m, unsigned by, size_t *i, bool needs, bool not)
{
	struct smtpd_table list = { 0 };
	bool regex = smtpd_is(m->st, *i, "regex");
	*i += regex;
	bool listed = needs || regex || is_argument(m, *i);
	if (listed)
		smtpd_argument(m->s, m->st, i, &list);
	if (!not)
		m->rule.by |= by;
	else if (!listed)
		m->rule.without |= by;
	note_what(m, &list);
}

static void add_from(struct match *m, size_t *i, bool not)
{
	struct smtpd_table list;
	m->from_seen = true;
	size_t word = (*i)++;
	if (smtpd_is(m->st, word, "any")) {
		m->never |= not;
	} else if (smtpd_is(m->st, word, "local")) {
		add_local(m, not);
	} else if (smtpd_is(m->st, word, "socket")) {
		m->never |= !not;
	} else if (smtpd_is(m->st, word, "auth")) {
		add_shown(m, AUDIT_BY_LOGIN, i, false, not);
	} else if (smtpd_is(m->st, word, "mail-from")) {
		add_shown(m, AUDIT_BY_SENDER, i, true, not);
	} else if (smtpd_is(m->st, word, "rdns")) {
		add_shown(m, AUDIT_BY_RDNS, i, false, not);
	} else if (smtpd_is(m->st, word, "src")) {
		bool regex = smtpd_is(m->st, *i, "regex");
		*i += regex;
		smtpd_argument(m->s, m->st, i, &list);
		list.known &= !regex;
		add_sources(m, &list, not);
		note_what(m, &list);
	} else {
		m->rule.by |= AUDIT_BY_UNSURE;
	}
}

/* ---- for -------------------------------------------------------------------- */

static bool takes_all(struct str pattern, bool regex)
{
	static const char *const texts[] = { "", ".", ".*", ".+", "^", "^.*$", "^.+$", "^.*", ".*$",
	                                     "@", ".*@.*", "^.*@.*$" };
	if (!regex)
		return str_eq(pattern, STR("*")) || str_eq(pattern, STR("*@*"));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (str_eq(pattern, str_of(texts[i])))
			return true;
	return false;
}

/* Which foreign recipients are of the list: all, none but some, or none. */
static void add_domains(struct match *m, const struct smtpd_table *list, bool regex, bool mailbox)
{
	bool some = regex || !list->known;
	for (size_t i = 0; i < list->n; i++) {
		struct str item = list->items[i];
		if (takes_all(item, regex))
			return;
		size_t at = str_find(item, '@');
		struct str domain = mailbox && at != SIZE_MAX ? str_from(item, at + 1) : item;
		if (regex)
			continue;
		if (gather_is_wide(domain, false)) {
			some = true;
			note_item(m, domain);
		} else {
			gather_domain(m->s->g, domain);
		}
	}
	note_what(m, list);
	if (!list->known)
		m->rule.by |= AUDIT_BY_UNSURE;
	if (some)
		m->rule.by |= AUDIT_BY_RECIPIENT;
	else
		m->never = true;
}

static void add_for(struct match *m, size_t *i, bool not)
{
	struct smtpd_table list;
	size_t word = (*i)++;
	m->for_seen = true;
	if (smtpd_is(m->st, word, "any")) {
		m->never |= not;
	} else if (smtpd_is(m->st, word, "local")) {
		m->never |= !not;
	} else if (smtpd_is(m->st, word, "domain") || smtpd_is(m->st, word, "rcpt-to")) {
		bool regex = smtpd_is(m->st, *i, "regex");
		*i += regex;
		smtpd_argument(m->s, m->st, i, &list);
		if (!not)
			add_domains(m, &list, regex, smtpd_is(m->st, word, "rcpt-to"));
	} else {
		m->rule.by |= AUDIT_BY_UNSURE;
	}
}

/* ---- the rest --------------------------------------------------------------- */

static void add_tag(struct match *m, size_t *i, bool not)
{
	struct smtpd_table list;
	bool regex = smtpd_is(m->st, *i, "regex");
	*i += regex;
	smtpd_argument(m->s, m->st, i, &list);
	if (!not && !regex && list.n == 1 && !list.name.n)
		m->rule.service = arena_strdup(m->s->g->a, list.items[0]);
	else
		m->rule.by |= AUDIT_BY_UNSURE;
}

static void add_recipients(struct match *m, size_t *i, bool not)
{
	bool for_seen = m->for_seen;
	--*i;                            /* it is read as "for rcpt-to" is */
	add_for(m, i, not);
	m->for_seen = for_seen;
}

static void finish_action(struct match *m, size_t i)
{
	const struct smtpd_action *action = NULL;
	for (size_t k = 0; i < m->st->n && k < m->s->action_n; k++)
		if (str_eq(m->s->actions[k].name, m->st->t[i].text))
			action = &m->s->actions[k];
	m->rule.permits = !action || action->relays || action->unsure;
	if (!action || action->unsure)
		m->rule.by |= AUDIT_BY_UNSURE;
}

/* One option at *i; false: it was the last. */
static bool take_option(struct match *m, size_t *i)
{
	bool not = smtpd_is(m->st, *i, "!");
	*i += not;
	size_t word = (*i)++;
	if (smtpd_is(m->st, word, "from"))
		add_from(m, i, not);
	else if (smtpd_is(m->st, word, "for"))
		add_for(m, i, not);
	else if (smtpd_is(m->st, word, "auth"))
		add_shown(m, AUDIT_BY_LOGIN, i, false, not);
	else if (smtpd_is(m->st, word, "helo"))
		add_shown(m, AUDIT_BY_HELO, i, true, not);
	else if (smtpd_is(m->st, word, "mail-from"))
		add_shown(m, AUDIT_BY_SENDER, i, true, not);
	else if (smtpd_is(m->st, word, "rcpt-to"))
		add_recipients(m, i, not);
	else if (smtpd_is(m->st, word, "tag"))
		add_tag(m, i, not);
	else if (smtpd_is(m->st, word, "tls"))
		*(not ? &m->rule.without : &m->rule.by) |= AUDIT_BY_TLS;
	else if (smtpd_is(m->st, word, "action"))
		finish_action(m, *i);
	return !smtpd_is(m->st, word, "action") && !smtpd_is(m->st, word, "reject");
}

void smtpd_match(struct smtpd *s, const struct smtpd_statement *st)
{
	struct match m = { .s = s, .st = st };
	size_t i = 1;
	while (i < st->n && take_option(&m, &i)) { }
	if (!m.from_seen)
		add_local(&m, false);
	if (m.never || !m.for_seen)
		return;
	assert(m.rule.in_ranges || !m.ranges.n);
	m.rule.ranges = m.ranges.p;
	m.rule.range_n = m.ranges.n;
	m.rule.name = "match";
	m.rule.place = st->place;
	m.rule.cause = m.rule.permits ? gather_cause(&m.rule) : "";
	gather_rule(s->g, &m.rule);
}
