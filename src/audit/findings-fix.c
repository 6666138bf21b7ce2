/* SPDX-License-Identifier: ISC
 *
 * The fix for clients who may relay by their address: the line that lets them in, written again
 * with the rest of it kept. What the line looks like is each server's own.
 */
#include "audit/findings-private.h"
#include "audit/gather-private.h"

#include <assert.h>

enum { FIX_HOMES_MAX = 6 };

#define UNTIL_THEN "# Until then no address may be trusted here; the machine's own programs send " \
	"by the command sendmail:"

static const struct audit_line *first_line(const struct finding_group *g)
{
	return g->rows[0]->by_n ? &g->rows[0]->by[0] : NULL;
}

/* ---- Postfix ------------------------------------------------------------------- */

static bool is_main_file(const char *file)
{
	return str_casesuffix(str_of(file), STR("main.cf"))
	       || str_casesuffix(str_of(file), STR("master.cf"));
}

/* Other hosts of a bridge's network may have to relay: all of it but the address by which strangers
 * arrive. */
static void say_exception(struct findings *fs, struct finding_draft *d,
                          const struct finding_group *g, const char *service,
                          const struct audit_setting *networks, const char *kept)
{
	if (!g->arrival || !g->arrival->as.family || strlen(networks->value) > 1000
	    || strchr(kept, '!')
	    || fs->known->ground->facts->container != FACTS_NO_CONTAINER)
		return;
	const char *ip = finding_ip_text(fs, &g->arrival->as);
	const char *all = arena_printf(fs->a, g->arrival->as.family == 6 ? "![%s] %s" : "!%s %s",
	                               ip, finding_unexpanded(fs, networks->value));
	finding_fix(fs, d, "# Or, if other hosts of that network must relay, all but the address "
	            "by which strangers arrive:");
	finding_fix(fs, d, "#%s && postfix reload",
	            finding_postfix_command(fs, service, "mynetworks", all));
}

static void fix_postfix_clients(struct findings *fs, struct finding_draft *d,
                                const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	const char *service = finding_service(fs, g->rows[0]->port);
	const struct audit_setting *networks = finding_set(fs, service, "mynetworks");
	const struct audit_trust *trust = finding_trust(fs, g->rows[0]);
	if (line && line->place.line && !is_main_file(line->place.file)) {
		finding_fix_row(fs, d, g, &line->place);
		return;
	}
	const char *value = networks ? networks->value : "";
	const char *kept = finding_list_kept(fs, g, FINDING_POSTFIX_LIST, str_of(value));
	if (!kept && trust && trust->place.line && !is_main_file(trust->place.file)) {
		finding_fix_row(fs, d, g, &trust->place);
		return;
	}
	if (!kept || !line || strncmp(line->parameter, "mynetworks", 10) != 0) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_postfix(fs, d, service, "mynetworks", finding_unexpanded(fs, kept));
	finding_fix_reload(fs, d);
	say_exception(fs, d, g, service, networks, kept);
	if (networks->service && networks->service[0])
		finding_check(fs, d, "%s -P | grep mynetworks", finding_postconf(fs));
	else
		finding_check(fs, d, "%s -xh mynetworks", finding_postconf(fs));
}

/* Strangers arrive by loopback: no list of networks helps. */
static void fix_postfix_loopback(struct findings *fs, struct finding_draft *d,
                                 const struct finding_group *g)
{
	finding_fix(fs, d, "%s", UNTIL_THEN);
	finding_fix_guarded_all(fs, d, g, false);
}

/* ---- Exim ---------------------------------------------------------------------- */

static void fix_exim_clients(struct findings *fs, struct finding_draft *d,
                             const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	struct str before, list;
	const char *quote, *kept = NULL;
	if (g->arrival && !strcmp(g->cause, "C5") && finding_is_debian_exim(fs)) {
		finding_fix(fs, d, "%s", UNTIL_THEN);
		finding_fix(fs, d, "sed -i 's/^hostlist relay_from_hosts = MAIN_RELAY_NETS$/"
		            "hostlist relay_from_hosts =/' /etc/exim4/exim4.conf.template "
		            "/etc/exim4/conf.d/main/01_exim4-config_listmacrosdefs && "
		            "update-exim4.conf && systemctl restart exim4");
		return;
	}
	if (line && finding_list_split(str_of(line->place.text), &before, &list, &quote))
		kept = finding_list_kept(fs, g, FINDING_EXIM_LIST, list);
	if (!kept || (g->arrival && !strcmp(g->cause, "C5"))) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_place(fs, d, &line->place);
	finding_fix(fs, d, "%.*s%s%s%s%s", STR_ARG(before), quote[0] ? "" : " ", quote, kept,
	            quote);
	finding_fix_reload(fs, d);
	finding_check(fs, d, "exim4 -bh %s plays such a client: a foreign recipient gets a 550",
	              finding_ip_text(fs, &g->rows[0]->asker->ip));
}

/* ---- Sendmail ------------------------------------------------------------------ */

/* "Connect:192.168.1  RELAY": access knows whole octets alone. */
static void fix_sendmail_homes(struct findings *fs, struct finding_draft *d,
                               const struct finding_group *g, const struct audit_line *line)
{
	struct prefix homes[FIX_HOMES_MAX];
	const struct audit_trust *trust = NULL;
	for (size_t i = 0; i < fs->reading->trust_n; i++)
		if (fs->reading->trusts[i].place.line == line->place.line
		    && !strcmp(fs->reading->trusts[i].place.file, line->place.file))
			trust = &fs->reading->trusts[i];
	const size_t n = trust ? finding_homes(fs, g, &trust->range, homes, FIX_HOMES_MAX) : 0;
	for (size_t i = 0; i < n; i++) {
		const struct prefix *home = &homes[i];
		const uint8_t *o = home->ip.b;
		if (home->ip.family != 4 || home->len % 8 != 0 || home->len == 0)
			continue;
		char *text = arena_printf(fs->a, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
		for (unsigned octets = 4; octets > home->len / 8u; octets--)
			*strrchr(text, '.') = '\0';
		finding_fix(fs, d, strcmp(line->parameter, "access") ? "%s" : "Connect:%s RELAY",
		            text);
	}
}

/* Sendmail trusts the addresses of the machine's interfaces by itself, loopback among them. */
static void fix_sendmail_own(struct findings *fs, struct finding_draft *d, const struct ip *as)
{
	if (!ip_is_loopback(as)) {
		const char *mc = finding_macro_file(fs);
		finding_fix(fs, d, "# In %s, above MAILER_DEFINITIONS:", mc);
		finding_fix(fs, d, "define(`confDONT_PROBE_INTERFACES', `True')dnl");
		finding_fix_remake(fs, d, mc);
		return;
	}
	finding_fix(fs, d, "# No list takes that trust away. With this it refuses all mail that "
	            "comes so, for your own users, too:");
	finding_fix(fs, d, "# In /etc/mail/access:");
	finding_fix(fs, d, "Connect:%s%s REJECT", as->family == 6 ? "IPv6:" : "",
	            finding_ip_text(fs, as));
	finding_fix(fs, d, "# Then:");
	finding_fix(fs, d, "makemap hash /etc/mail/access < /etc/mail/access");
}

static void fix_sendmail_clients(struct findings *fs, struct finding_draft *d,
                                 const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	if (line && !line->place.line && g->arrival && g->arrival->as.family) {
		fix_sendmail_own(fs, d, &g->arrival->as);
		return;
	}
	if (!line || !line->place.line || !strcmp(g->cause, "C5")) {
		finding_catalogue_fix(fs, d);
		return;
	}
	const bool access = !strcmp(line->parameter, "access");
	finding_fix_place(fs, d, &line->place);
	finding_fix(fs, d, "#%s", line->place.text);
	fix_sendmail_homes(fs, d, g, line);
	finding_fix(fs, d, "# Then:");
	if (!access)
		finding_fix(fs, d, "systemctl restart sendmail");
	else if (finding_is_plain(str_of(line->place.file)))
		finding_fix(fs, d, "makemap hash %s < %s", line->place.file, line->place.file);
	finding_check(fs, d, "echo '$=R' | sendmail -bt, and grep RELAY /etc/mail/access, show "
	              "your own networks alone");
}

/* ---- OpenSMTPD ----------------------------------------------------------------- */

/* What follows "src" in a match: one word, or all in braces. */
static bool find_sources(struct str text, size_t *from, size_t *to)
{
	size_t at = str_search(text, STR(" src "));
	if (at == SIZE_MAX)
		return false;
	at += 5;
	while (at < text.n && text.p[at] == ' ')
		at++;
	*from = at;
	if (at < text.n && text.p[at] == '{') {
		while (at < text.n && text.p[at] != '}')
			at++;
		at += at < text.n;
	} else {
		while (at < text.n && text.p[at] != ' ')
			at++;
	}
	*to = at;
	return at > *from;
}

/* The clients of the rule as a list; "" if there is none. */
static const char *rule_list(struct findings *fs, const struct audit_place *place)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < fs->reading->rule_n; i++) {
		const struct audit_rule *rule = &fs->reading->rules[i];
		if (rule->place.line != place->line || strcmp(rule->place.file, place->file) != 0)
			continue;
		for (size_t k = 0; k < rule->range_n && b.n < 1500; k++)
			if (!rule->ranges[k].own && !rule->ranges[k].not)
				buf_printf(&b, "%s%s", b.n ? ", " : "",
				           finding_range_text(fs, &rule->ranges[k].range));
	}
	const char *list = arena_strdup(fs->a, (struct str){ buf_cstr(&b), b.n });
	buf_fini(&b);
	return list;
}

/* "match [from local] for any action X" holds for each address of the machine's own: for its
 * programs alone, by the socket and by loopback. */
static bool fix_smtpd_local(struct findings *fs, struct finding_draft *d,
                            const struct finding_group *g, const struct audit_line *line)
{
	const struct str text = str_of(line ? line->place.text : "");
	const size_t local = str_search(text, STR("from local "));
	const size_t rest = local != SIZE_MAX ? local + strlen("from local ") : strlen("match ");
	const size_t before = local != SIZE_MAX ? local : strlen("match ");
	if (!g->arrival || !line || !line->place.line || !str_prefix(text, STR("match "))
	    || (local == SIZE_MAX && str_search(text, STR("from ")) != SIZE_MAX))
		return false;
	finding_fix_place(fs, d, &line->place);
	finding_fix(fs, d, "%.*sfrom socket %s", (int)before, text.p, text.p + rest);
	if (!ip_is_loopback(&g->arrival->as))
		finding_fix(fs, d, "%.*sfrom src { 127.0.0.1, ::1 } %s", (int)before, text.p,
		            text.p + rest);
	finding_fix_reload(fs, d);
	finding_check(fs, d, "smtpd -n; grep -n '^match' %s shows \"for any\" with \"from local\" "
	              "nowhere", finding_is_plain(str_of(line->place.file)) ? line->place.file
	                                                                     : "/etc/smtpd.conf");
	return true;
}

static void fix_smtpd_clients(struct findings *fs, struct finding_draft *d,
                              const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	size_t from, to;
	const struct str text = str_of(line ? line->place.text : "");
	const char *kept = NULL;
	if (fix_smtpd_local(fs, d, g, line))
		return;
	if (find_sources(text, &from, &to))
		kept = finding_list_kept(fs, g, FINDING_SMTPD_LIST,
		                         str_of(rule_list(fs, &line->place)));
	if (!kept || !strcmp(g->cause, "C5") || str_search(text, STR("! ")) != SIZE_MAX) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_place(fs, d, &line->place);
	if (kept[0])
		finding_fix(fs, d, "%.*s{ %s }%.*s", (int)from, text.p, kept,
		            STR_ARG(str_from(text, to)));
	else
		finding_fix(fs, d, "#%s", line->place.text);
	finding_fix_reload(fs, d);
	finding_check(fs, d, "smtpd -n; grep -n '^match' %s shows \"for any\" with your own "
	              "networks alone", finding_is_plain(str_of(line->place.file))
	                                ? line->place.file : "/etc/smtpd.conf");
}

void finding_fix_clients(struct findings *fs, struct finding_draft *d,
                         const struct finding_group *g)
{
	const struct cause *cause = cause_by_id(str_of(g->cause));
	assert(g->n > 0);
	if ((g->arrival || !strcmp(g->cause, "C13")) && cause && cause->remedy)
		finding_fix(fs, d, "# %s", cause->remedy);
	switch (fs->report->mta) {
	case MTA_POSTFIX:
		if (strcmp(g->cause, "C5") != 0)
			fix_postfix_clients(fs, d, g);
		else
			fix_postfix_loopback(fs, d, g);
		return;
	case MTA_EXIM:
		fix_exim_clients(fs, d, g);
		return;
	case MTA_SENDMAIL:
		fix_sendmail_clients(fs, d, g);
		return;
	case MTA_OPENSMTPD:
		fix_smtpd_clients(fs, d, g);
		return;
	default:
		break;
	}
	finding_catalogue_fix(fs, d);
}
