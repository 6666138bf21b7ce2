/* SPDX-License-Identifier: ISC
 *
 * Findings of those who may relay and should not: by their address, as strangers arrive by it
 * (C1 to C5) or as the trust is too wide (C6), and whoever they are (C10, C33 and others). What
 * forms alone are taken stands in findings-form.c.
 */
#include "audit/findings-private.h"

#include <assert.h>

enum { GROUPS_MAX = 48 };

struct grouping {
	struct findings *fs;
	struct finding_group groups[GROUPS_MAX];
	size_t n;
};

static bool takes_plain(const struct audit_who *who)
{
	for (size_t i = 0; i < who->form_n; i++)
		if (!strcmp(who->forms[i], "E01"))
			return true;
	return false;
}

/* ---- groups -------------------------------------------------------------------- */

/* That strangers arrive by that very address; a certain one if there is one. */
static const struct audit_arrival *arrival_by(const struct findings *fs, const struct ip *ip)
{
	const struct audit_arrival *found = NULL;
	for (size_t i = 0; i < fs->known->arrival_n; i++) {
		const struct audit_arrival *a = &fs->known->arrivals[i];
		if (a->way == AUDIT_DIRECT || !a->as.family || !ip_eq(&a->as, ip))
			continue;
		if (!found || (a->certain && !found->certain))
			found = a;
	}
	return found;
}

static bool same_line(const struct audit_who *x, const struct audit_who *y)
{
	if (!x->by_n || !y->by_n)
		return x->by_n == y->by_n;
	const struct audit_place *a = &x->by[0].place, *b = &y->by[0].place;
	return a->line == b->line && !strcmp(a->file, b->file)
	       && (a->line || !strcmp(a->text, b->text));
}

static void group_form(struct finding_group *g, const char *form)
{
	for (size_t i = 0; i < g->form_n; i++)
		if (!strcmp(g->forms[i], form))
			return;
	if (g->form_n < FINDING_ROWS_MAX)
		g->forms[g->form_n++] = form;
}

static void group_row(struct finding_group *g, const struct audit_who *who)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->rows[i] == who)
			return;
	if (g->n < FINDING_ROWS_MAX)
		g->rows[g->n++] = who;
}

static bool same_arrival(const struct audit_arrival *x, const struct audit_arrival *y)
{
	return x == y || (x && y && ip_eq(&x->as, &y->as));
}

/* Also two that the server has by the same parameters. */
static bool same_cause(const struct findings *fs, const char *x, const char *y, bool by_form)
{
	const struct cause *a = cause_by_id(str_of(x)), *b = cause_by_id(str_of(y));
	return !strcmp(x, y)
	       || (by_form && a && b && cause_words_of(a, fs->report->mta)
	           && cause_words_of(a, fs->report->mta) == cause_words_of(b, fs->report->mta));
}

/* Where the row belongs; NULL: there are too many. */
static struct finding_group *group_of(struct grouping *all, const struct audit_who *who,
                                      const char *cause, const struct audit_arrival *arrival,
                                      bool by_form)
{
	for (size_t i = 0; i < all->n; i++) {
		struct finding_group *g = &all->groups[i];
		if (g->by_form == by_form && same_cause(all->fs, g->cause, cause, by_form)
		    && same_arrival(g->arrival, arrival) && same_line(g->rows[0], who)
		    && audit_is_stranger(g->rows[0]->asker) == audit_is_stranger(who->asker))
			return g;
	}
	if (all->n == GROUPS_MAX)
		return NULL;
	struct finding_group *g = &all->groups[all->n++];
	*g = (struct finding_group){ .cause = cause, .arrival = arrival, .by_form = by_form };
	return g;
}

/* The group of the address by which strangers arrive, if the same line lets the range in; of all
 * strangers, if it lets them in. */
static struct finding_group *group_around(struct grouping *all, const struct audit_who *who)
{
	for (size_t i = 0; i < all->n; i++) {
		struct finding_group *g = &all->groups[i];
		if (audit_is_stranger(g->rows[0]->asker) && same_line(g->rows[0], who))
			return g;
		if (g->arrival && same_line(g->rows[0], who)
		    && prefix_contains(&who->asker->network, &g->arrival->as))
			return g;
	}
	return NULL;
}

/* From which each customer of Microsoft 365 sends (its endpoints for mail, and its SPF). */
static bool is_cloud(const struct prefix *range)
{
	static const struct prefix of_microsoft[] = {
		{ { 4, { 40, 92 } }, 15 }, { { 4, { 40, 107 } }, 16 }, { { 4, { 52, 100 } }, 14 },
		{ { 4, { 104, 47 } }, 17 },
		{ { 6, { 0x2a, 0x01, 0x01, 0x11, 0xf4, 0x00 } }, 48 },
		{ { 6, { 0x2a, 0x01, 0x01, 0x11, 0xf4, 0x03 } }, 48 },
	};
	for (size_t i = 0; i < sizeof(of_microsoft) / sizeof(*of_microsoft); i++)
		if (prefix_overlaps(&of_microsoft[i], range) && range->len >= 12)
			return true;
	return false;
}

static const char *plain_cause(struct findings *fs, const struct audit_who *who)
{
	struct audit_client client = { .ip = who->asker->ip,
	                               .own = facts_is_own(fs->known->ground->facts,
	                                                   &who->asker->ip),
	                               .port = finding_port(fs, who->port),
	                               .shows = who->tls == AUDIT_CLEAR ? 0 : AUDIT_BY_TLS };
	struct audit_why why;
	audit_config_explain(fs->config, &client, &why);
	if (why.answer == AUDIT_NO) {           /* our domain is one of some that are let through */
		client.shows |= AUDIT_BY_RECIPIENT;
		audit_config_explain(fs->config, &client, &why);
		if (why.answer != AUDIT_NO)
			return "C33";
	}
	if (why.answer != AUDIT_NO && !strcmp(why.cause, "C10") && finding_takes_all_domains(fs))
		return "C33";
	if (why.answer != AUDIT_NO && why.cause[0])
		return why.cause;
	if (!audit_is_stranger(who->asker))
		return is_cloud(&who->asker->network) ? "C13" : "C6";
	if (who->by_n && !strcmp(who->by[0].parameter, "mynetworks"))
		return "C6";
	return who->tls == AUDIT_CLEAR ? "C10" : "C44";
}

/* In three passes: strangers, those by whose addresses strangers arrive, the rest. */
enum pass { PASS_STRANGERS, PASS_ARRIVALS, PASS_REST, PASSES };

static void group_plain(struct grouping *all, const struct audit_who *who, enum pass pass)
{
	const bool stranger = audit_is_stranger(who->asker);
	const struct audit_arrival *arrival = stranger ? NULL
	                                    : arrival_by(all->fs, &who->asker->ip);
	if (pass != (stranger ? PASS_STRANGERS : arrival ? PASS_ARRIVALS : PASS_REST))
		return;
	struct finding_group *g = arrival || stranger ? NULL : group_around(all, who);
	if (!g)
		g = group_of(all, who, arrival ? arrival->cause : plain_cause(all->fs, who),
		             arrival, false);
	if (g)
		group_row(g, who);
}

static void group_forms(struct grouping *all, const struct audit_who *who)
{
	for (size_t i = 0; i < who->form_n; i++) {
		struct finding_group *g = group_of(
			all, who, finding_form_cause(all->fs, who, who->forms[i]), NULL, true);
		if (!g)
			return;
		group_row(g, who);
		group_form(g, who->forms[i]);
	}
}

/* ---- what is said -------------------------------------------------------------- */

static unsigned people_of(const struct finding_group *g)
{
	unsigned most = 0;
	if (g->arrival || audit_is_stranger(g->rows[0]->asker))
		return FINDING_EVERYBODY;
	for (size_t i = 0; i < g->n; i++) {
		const struct prefix *network = &g->rows[i]->asker->network;
		const unsigned bits = network->ip.family == 4 ? 32 : 64;
		const unsigned people = network->len < bits ? bits - network->len : 0;
		most = people > most ? people : most;
	}
	return most;
}

static const char *trusted_range(struct findings *fs, const struct audit_who *who)
{
	const struct audit_trust *trust = finding_trust(fs, who);
	return finding_range_text(fs, trust ? &trust->range : &who->asker->network);
}

static void add_lines(struct findings *fs, struct finding_draft *d, const struct finding_group *g)
{
	const struct audit_trust *trust = finding_trust(fs, g->rows[0]);
	if (trust && !audit_is_stranger(g->rows[0]->asker))
		finding_line(d, trust->name, &trust->place);
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < g->rows[i]->by_n; k++)
			finding_line(d, g->rows[i]->by[k].parameter, &g->rows[i]->by[k].place);
}

static const char *where(struct findings *fs, const struct audit_who *who)
{
	if (!who->by_n)
		return "The configuration";
	const char *at = finding_at(fs, who->by[0].parameter, &who->by[0].place);
	if (!who->by[0].parameter[0] || !who->by[0].place.line
	    || strchr(who->by[0].parameter, '('))
		return at;
	return arena_printf(fs->a, "%s (%s)", at, who->by[0].parameter);
}

/* All ways on which strangers come to that address. */
static void say_arrival(struct findings *fs, struct finding_draft *d,
                        const struct finding_group *g)
{
	const struct audit_who *who = g->rows[0];
	for (size_t i = 0; i < fs->known->arrival_n; i++) {
		const struct audit_arrival *a = &fs->known->arrivals[i];
		if (a->way != AUDIT_DIRECT && ip_eq(&a->as, &g->arrival->as))
			finding_say(fs, d, "%s", a->text);
	}
	if (g->arrival->line[0])
		finding_say(fs, d, "It is: \"%.300s\".", g->arrival->line);
	finding_say(fs, d, "%s lets %s relay, at %s: %s", where(fs, who), trusted_range(fs, who),
	            finding_ports(fs, g),
	            g->arrival->certain ? "so every stranger who arrives by that way may relay."
	                                : "if they do arrive so, every stranger may relay. "
	                                  "portreeve witness shows whether they do.");
}

static bool all_perhaps(const struct finding_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->rows[i]->perhaps || g->rows[i]->strangers)
			return false;
	return true;
}

static void say_perhaps(struct findings *fs, struct finding_draft *d,
                        const struct finding_group *g)
{
	if (all_perhaps(g) && !fs->known->started)
		finding_say(fs, d, "The configuration says so; the server could not be asked.");
}

static void arrival_finding(struct findings *fs, const struct finding_group *g)
{
	const bool sure = g->arrival->certain && !all_perhaps(g);
	/* Where the verdict is that it is closed all the same, it is no alarm. */
	const enum audit_severity severity = sure ? AUDIT_OPEN
		: fs->report->verdict == AUDIT_CLOSED ? AUDIT_ADVICE : AUDIT_WARN;
	struct finding_draft *d = finding_begin(fs, severity, g->cause, NULL, people_of(g));
	say_arrival(fs, d, g);
	say_perhaps(fs, d, g);
	add_lines(fs, d, g);
	finding_fix_clients(fs, d, g);
}

/* ---- ranges -------------------------------------------------------------------- */

static const struct { struct prefix range; const char *text; } blocks[] = {
	{ { { 4, { 10 } }, 8 }, "10.0.0.0/8" },
	{ { { 4, { 172, 16 } }, 12 }, "172.16.0.0/12" },
	{ { { 4, { 192, 168 } }, 16 }, "192.168.0.0/16" },
	{ { { 4, { 100, 64 } }, 10 }, "100.64.0.0/10" },
	{ { { 6, { 0xfc } }, 7 }, "fc00::/7" },
};

/* The private part of a range that reaches beyond it; NULL. */
static const char *private_part(const struct prefix *range)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (range->len > 0 && range->len < blocks[i].range.len
		    && prefix_covers(range, &blocks[i].range))
			return blocks[i].text;
	return NULL;
}

/* Half of a block, or more of it. */
static bool is_block(const struct prefix *range)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (prefix_covers(&blocks[i].range, range)
		    && range->len <= blocks[i].range.len + 1)
			return true;
	return false;
}

static const struct facts_interface *interface_in(const struct findings *fs,
                                                  const struct prefix *network)
{
	const struct facts *f = fs->known->ground->facts;
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			const struct prefix p = prefix_of(&a->ip, a->len);
			if (prefix_cmp(&p, network) == 0)
				return &f->interfaces[i];
		}
	return NULL;
}

/* " This machine's own network in it is 192.168.1.0/24."; "". */
static const char *own_within(struct findings *fs, const struct prefix *range)
{
	const struct facts *f = fs->known->ground->facts;
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			const struct prefix p = prefix_of(&a->ip, a->len);
			if (p.len > range->len && prefix_covers(range, &p)
			    && !audit_is_container_bridge(f, &f->interfaces[i]))
				return arena_printf(fs->a, " This machine's own network in it is "
				                    "%s.", finding_range_text(fs, &p));
		}
	return "";
}

static void say_network(struct findings *fs, struct finding_draft *d,
                        const struct prefix *network)
{
	const char *text = finding_range_text(fs, network);
	const struct facts_interface *at = interface_in(fs, network);
	const char *part = private_part(network);
	if (network->len == 0)
		finding_say(fs, d, "%s is everybody.", text);
	else if (is_cloud(network))
		finding_say(fs, d, "%s is of Microsoft 365: each of its customers sends from "
		            "there, not only you.", text);
	else if (part)
		finding_say(fs, d, "%s is mostly public: %s is its private part, all else belongs "
		            "to strangers.", text, part);
	else if (!facts_is_private(&network->ip) && at)
		finding_say(fs, d, "%s is the public network of %s: its other hosts are mostly "
		            "those of strangers, the provider's other customers.", text, at->name);
	else if (!facts_is_private(&network->ip))
		finding_say(fs, d, "%s is public: it is well only if all of its addresses are "
		            "yours.", text);
	else if (is_block(network))
		finding_say(fs, d, "%s is a whole block of private addresses: routers, bridges of "
		            "containers and VPNs have theirs from it, too.%s", text,
		            own_within(fs, network));
	else
		finding_say(fs, d, "%s is wider than the networks that this machine has in it.",
		            text);
}

static void say_asker(struct findings *fs, struct finding_draft *d,
                      const struct audit_asker *asker)
{
	const char *ip = finding_ip_text(fs, &asker->ip);
	const char *on = asker->interface && asker->interface[0]
	               ? arena_printf(fs->a, " on %s", asker->interface) : "";
	switch (asker->kind) {
	case AUDIT_BRIDGE:
		finding_say(fs, d, "%s is this machine's own address%s, a bridge of containers: "
		            "connections that their runtime passes on come from it.", ip, on);
		return;
	case AUDIT_GATEWAY:
		finding_say(fs, d, "%s is the default gateway: if it forwards the port with source "
		            "NAT, every stranger comes from it.", ip);
		return;
	case AUDIT_OWN:
		finding_say(fs, d, "%s is the machine's own address towards strangers.", ip);
		return;
	case AUDIT_LOOPBACK:
	case AUDIT_SEEN:
		finding_say(fs, d, "By %s programs pass on what strangers send.", ip);
		return;
	case AUDIT_OUTSIDE:
		finding_say(fs, d, "%s lies outside of %s, and may relay all the same.", ip,
		            finding_range_text(fs, &asker->network));
		return;
	default:
		say_network(fs, d, &asker->network);
		return;
	}
}

static void say_style(struct findings *fs, struct finding_draft *d, const struct audit_who *who)
{
	if (!who->by_n || strcmp(who->by[0].parameter, "mynetworks_style"))
		return;
	finding_say(fs, d, "mynetworks is not set: Postfix makes it of the interfaces, by "
	            "mynetworks_style = %s.",
	            finding_value(fs, finding_service(fs, who->port), "mynetworks_style"));
}

static void range_finding(struct findings *fs, const struct finding_group *g)
{
	struct finding_draft *d = finding_begin(fs, AUDIT_WARN, g->cause, NULL, people_of(g));
	const char *line = where(fs, g->rows[0]);
	finding_say(fs, d, "%s lets %s%s relay, at %s.", line, trusted_range(fs, g->rows[0]),
	            g->n > 1 ? " and more" : "", finding_ports(fs, g));
	for (size_t i = 0; i < g->n; i++) {
		bool said = false;
		for (size_t k = 0; k < i; k++)
			said |= g->rows[k]->asker == g->rows[i]->asker;
		if (!said)
			say_asker(fs, d, g->rows[i]->asker);
	}
	say_style(fs, d, g->rows[0]);
	say_perhaps(fs, d, g);
	add_lines(fs, d, g);
	if (!strcmp(g->cause, "C6") || !strcmp(g->cause, "C13") || !g->rows[0]->by_n)
		finding_fix_clients(fs, d, g);
	else
		finding_fix_rules(fs, d, g);
}

/* ---- everybody ------------------------------------------------------------------ */

static bool all_some(const struct finding_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->rows[i]->some)
			return false;
	return true;
}

static const char *families(const struct finding_group *g)
{
	bool four = false, six = false;
	for (size_t i = 0; i < g->n; i++) {
		const struct audit_asker *asker = g->rows[i]->asker;
		four |= audit_is_stranger(asker) && asker->ip.family == 4;
		six |= audit_is_stranger(asker) && asker->ip.family == 6;
	}
	return four && six ? "IPv4 and IPv6" : four ? "IPv4" : "IPv6";
}

static void world_finding(struct findings *fs, const struct finding_group *g)
{
	const bool some = all_some(g);
	const struct cause *cause = cause_by_id(str_of(g->cause));
	struct finding_draft *d = finding_begin(fs, some ? AUDIT_WARN : AUDIT_OPEN, g->cause,
	                                        NULL, people_of(g));
	finding_say(fs, d, "Strangers may send mail to %s by this server, by %s, at %s.",
	            some ? "some foreign domains" : "everybody", families(g),
	            finding_ports(fs, g));
	if (g->rows[0]->by_n)
		finding_say(fs, d, "%s permits it.", where(fs, g->rows[0]));
	if (cause)
		finding_say(fs, d, "%s", cause->meaning);
	say_style(fs, d, g->rows[0]);
	say_perhaps(fs, d, g);
	add_lines(fs, d, g);
	if (!strcmp(g->cause, "C6"))
		finding_fix_clients(fs, d, g);
	else
		finding_fix_rules(fs, d, g);
}

void findings_of_who(struct findings *fs)
{
	struct grouping *all = arena_alloc(fs->a, sizeof(*all));
	all->fs = fs;
	for (enum pass pass = PASS_STRANGERS; pass < PASSES; pass++)
		for (size_t i = 0; i < fs->report->who_n; i++)
			if (!fs->report->who[i].sound && takes_plain(&fs->report->who[i]))
				group_plain(all, &fs->report->who[i], pass);
	for (size_t i = 0; i < fs->report->who_n; i++)
		if (!fs->report->who[i].sound && !takes_plain(&fs->report->who[i]))
			group_forms(all, &fs->report->who[i]);
	for (size_t i = 0; i < all->n; i++) {
		const struct finding_group *g = &all->groups[i];
		assert(g->n > 0);
		if (g->by_form)
			findings_of_form(fs, g);
		else if (g->arrival)
			arrival_finding(fs, g);
		else if (audit_is_stranger(g->rows[0]->asker))
			world_finding(fs, g);
		else
			range_finding(fs, g);
	}
}
