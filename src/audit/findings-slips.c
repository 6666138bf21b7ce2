/* SPDX-License-Identifier: ISC
 *
 * Findings of slips (slips.h) in the lists by which clients may relay: what the server makes of
 * each, and the list as it is likely to be meant.
 */
#include "audit/exim-private.h"
#include "audit/findings-private.h"
#include "audit/sendmail-private.h"
#include "audit/slips.h"

#include <assert.h>

enum { ITEMS_MAX = 200, SLIPS_MAX = 12 };

struct list {
	struct str items[ITEMS_MAX];
	size_t n;
	struct audit_slip slips[SLIPS_MAX];
	size_t slip_n;
};

/* The list with what is meant in the place of the slips; NULL: that is not known of each. */
static const char *mended(struct findings *fs, const struct list *l, const char *gap)
{
	struct buf b = { 0 };
	bool known = true;
	for (size_t i = 0; i < l->n; i++) {
		struct str item = l->items[i];
		for (size_t k = 0; k < l->slip_n; k++)
			if (str_eq(item, str_of(l->slips[k].item))) {
				known = known && l->slips[k].meant[0];
				item = str_of(l->slips[k].meant);
			}
		buf_printf(&b, "%s%.*s", i ? gap : "", STR_ARG(item));
	}
	const char *text = known ? arena_strdup(fs->a, buf_str(&b)) : NULL;
	buf_fini(&b);
	return text;
}

/* Files of Postfix's list that are not there. */
static void missing_files(struct findings *fs, struct list *l)
{
	const struct audit_reading *r = fs->reading;
	for (size_t i = 0; i < l->n && l->slip_n < SLIPS_MAX; i++) {
		size_t k = 0;
		while (k < r->unread_n && !str_eq(l->items[i], str_of(r->unread[k].what)))
			k++;
		if (l->items[i].p[0] != '/' || k == r->unread_n)
			continue;
		l->slips[l->slip_n++] = (struct audit_slip){
			.kind = SLIP_NO_FILE, .item = r->unread[k].what, .meant = "",
			.why = "can't be read: Postfix puts off the mail of clients that get as "
			       "far as it (451)", .broken = true };
	}
}

/* A draft with a sentence for each slip. NULL: there is none. */
static struct finding_draft *slips_finding(struct findings *fs, struct list *l, const char *name,
                                           const struct audit_place *place)
{
	bool broken = false;
	l->slip_n = audit_slips_of(fs->report->mta, l->items, l->n, fs->known->ground->facts, fs->a,
	                           l->slips, SLIPS_MAX);
	if (fs->report->mta == MTA_POSTFIX)
		missing_files(fs, l);
	if (!l->slip_n)
		return NULL;
	for (size_t i = 0; i < l->slip_n; i++)
		broken |= l->slips[i].broken;
	struct finding_draft *d = finding_begin(
		fs, broken ? AUDIT_WARN : AUDIT_ADVICE, "",
		arena_printf(fs->a, "%s is not read as it looks", name), 18);
	for (size_t i = 0; i < l->slip_n; i++) {
		const struct audit_slip *s = &l->slips[i];
		finding_say(fs, d, "%s: %.100s %s.%s%s%s", finding_at(fs, name, place), s->item,
		            s->why, s->meant[0] ? " Is " : "", s->meant,
		            s->meant[0] ? " meant?" : "");
	}
	finding_line(d, name, place);
	return d;
}

/* ---- by server -------------------------------------------------------------------- */

static void slips_of_postfix(struct findings *fs, const char *service)
{
	const struct audit_setting *s = finding_set(fs, service, "mynetworks");
	struct list *l = arena_alloc(fs->a, sizeof(*l));
	struct str rest = str_of(s && s->place.line ? s->value : "");
	*l = (struct list){ .n = 0 };
	while (l->n < ITEMS_MAX && str_token(&rest, ", \t", &l->items[l->n]))
		l->n++;
	struct finding_draft *d = slips_finding(fs, l, "mynetworks", s ? &s->place : NULL);
	const char *list = d ? mended(fs, l, " ") : NULL;
	if (!d)
		return;
	if (list) {
		finding_fix(fs, d, "# If that is meant:");
		finding_fix_postfix(fs, d, service, "mynetworks", finding_unexpanded(fs, list));
		finding_fix_reload(fs, d);
	}
	finding_check(fs, d, "%s -xh mynetworks", finding_postconf(fs));
}

static void slips_of_services(struct findings *fs)
{
	slips_of_postfix(fs, "");
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const struct audit_setting *s = &fs->reading->settings[i];
		if (s->service && s->service[0] && !strcmp(s->name, "mynetworks"))
			slips_of_postfix(fs, s->service);
	}
}

static bool is_said_before(const struct findings *fs, size_t rule)
{
	const struct audit_rule *r = fs->reading->rules;
	for (size_t i = 0; i < rule; i++)
		if (r[i].list.line == r[rule].list.line && r[i].list.file
		    && !strcmp(r[i].list.file, r[rule].list.file))
			return true;
	return false;
}

/* Lists of hosts by which a statement accepts. */
static void slips_of_exim(struct findings *fs)
{
	struct gather g = { .a = fs->a };
	for (size_t i = 0; i < fs->reading->rule_n; i++) {
		const struct audit_rule *rule = &fs->reading->rules[i];
		struct list *l = arena_alloc(fs->a, sizeof(*l));
		struct str before, list, item;
		const char *quote;
		char separator = 0;
		*l = (struct list){ .n = 0 };
		if (!rule->permits || !rule->in_ranges || !rule->list_name || !rule->list.file
		    || !rule->list.line || is_said_before(fs, i)
		    || !finding_list_split(str_of(rule->list.text), &before, &list, &quote))
			continue;
		if (str_casesuffix(str_of(rule->list.file), STR("/update-exim4.conf.conf"))
		    && str_find(list, ';') != SIZE_MAX)
			separator = ';';
		while (l->n < ITEMS_MAX && exim_item(&g, &list, &separator, &item))
			if (item.n && !str_caseeq(item, STR("localhost")))
				l->items[l->n++] = item;
		struct finding_draft *d = slips_finding(fs, l, rule->list_name, &rule->list);
		if (!d)
			continue;
		const char gap[] = { ' ', separator ? separator : ':', ' ', '\0' };
		const char *new = mended(fs, l, gap);
		finding_fix_place(fs, d, &rule->list);
		if (new)
			finding_fix(fs, d, "%.*s%s%s%s%s", STR_ARG(before), quote[0] ? "" : " ",
			            quote, new, quote);
		else
			finding_fix(fs, d, "%.*s%s<; 127.0.0.1 ; ::1%s", STR_ARG(before),
			            quote[0] ? quote : " ", quote);
		finding_fix_reload(fs, d);
		if (!new)
			finding_fix(fs, d, "# Your own networks follow, each behind a \";\".");
		finding_check(fs, d, "exim4 -bP +%s", rule->list_name);
	}
}

/* One key of a table, or one range. */
static void slip_of_line(struct findings *fs, struct str item, const char *name,
                         const struct audit_place *place)
{
	struct list *l = arena_alloc(fs->a, sizeof(*l));
	*l = (struct list){ .items = { item }, .n = 1 };
	struct finding_draft *d = slips_finding(fs, l, name, place);
	const size_t at = str_search(str_of(place->text), item);
	if (!d || at == SIZE_MAX || !l->slips[0].meant[0])
		return;
	finding_fix_place(fs, d, place);
	finding_fix(fs, d, "%.*s%s%s", (int)at, place->text, l->slips[0].meant,
	            place->text + at + item.n);
	finding_fix(fs, d, "# Then:");
	if (fs->report->mta == MTA_SENDMAIL && str_search(str_of(place->text), STR("RELAY"))
	                                       != SIZE_MAX && finding_is_plain(str_of(place->file)))
		finding_fix(fs, d, "makemap hash %s < %s", place->file, place->file);
	else
		finding_fix_reload(fs, d);
}

static void slips_of_sendmail(struct findings *fs)
{
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const struct audit_setting *s = &fs->reading->settings[i];
		if (!strcmp(s->name, SENDMAIL_RELAYED))
			slip_of_line(fs, str_of(s->value), "RELAY", &s->place);
	}
}

static void slips_of_opensmtpd(struct findings *fs)
{
	for (size_t i = 0; i < fs->reading->trust_n; i++) {
		const struct audit_trust *t = &fs->reading->trusts[i];
		const char *ip = finding_ip_text(fs, &t->range.ip);
		const struct str text = str_of(t->place.text);
		const size_t at = str_search(text, str_of(ip));
		if (t->range.len != ip_bits(&t->range.ip) || at == SIZE_MAX
		    || (at + strlen(ip) < text.n && text.p[at + strlen(ip)] == '/'))
			continue;
		slip_of_line(fs, str_of(ip), "match from src", &t->place);
	}
}

void findings_of_slips(struct findings *fs)
{
	switch (fs->report->mta) {
	case MTA_POSTFIX:
		slips_of_services(fs);
		break;
	case MTA_EXIM:
		slips_of_exim(fs);
		break;
	case MTA_SENDMAIL:
		slips_of_sendmail(fs);
		break;
	case MTA_OPENSMTPD:
		slips_of_opensmtpd(fs);
		break;
	default:
		break;
	}
	assert(fs->n <= FINDING_DRAFTS_MAX);
}
