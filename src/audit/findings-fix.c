/* SPDX-License-Identifier: ISC
 *
 * The fix for clients who may relay by their address: the line that lets them in, written again
 * with the rest of it kept. What the line looks like is each server's own.
 */
#include "audit/findings-private.h"
#include "audit/gather-private.h"

#include <assert.h>

enum { FIX_HOMES_MAX = 6 };

static const struct audit_line *first_line(const struct finding_group *g)
{
	return g->rows[0]->by_n ? &g->rows[0]->by[0] : NULL;
}

/* ---- Postfix ------------------------------------------------------------------- */

void finding_fix_postfix(struct findings *fs, struct finding_draft *d, const char *service,
                         const char *name, const char *value)
{
	const struct audit_setting *s = finding_set(fs, service, name);
	const bool own = s && s->service && s->service[0];
	const bool spaced = strpbrk(value, " \t{}") != NULL;
	if (!own) {
		if (s && s->place.line)
			finding_fix_place(fs, d, &s->place);
		else
			finding_fix(fs, d, "# In main.cf, where it is not set:");
		finding_fix(fs, d, "%s =%s%s", name, value[0] ? " " : "", value);
		return;
	}
	finding_fix(fs, d, "# In %s, service %s (line %u), in place of its %s:", s->place.file,
	            s->service, s->place.line, name);
	finding_fix(fs, d, spaced ? "    -o { %s = %s }" : "    -o %s=%s", name, value);
}

/* The type before a table's file, as a setting or line writes it: "hash"; NULL. */
static const char *table_type(struct findings *fs, const char *file)
{
	const char *needle = arena_printf(fs->a, ":%s", file);
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const char *value = fs->reading->settings[i].value;
		const size_t at = str_search(str_of(value), str_of(needle));
		size_t from = at;
		if (at == SIZE_MAX)
			continue;
		while (from > 0 && ascii_isalpha((unsigned char)value[from - 1]))
			from--;
		return arena_strdup(fs->a, (struct str){ value + from, at - from });
	}
	return NULL;
}

static bool is_compiled(const char *type)
{
	static const char *const types[] = { "hash", "btree", "lmdb", "dbm", "cdb", "sdbm" };
	for (size_t i = 0; type && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static bool is_main_file(const char *file)
{
	return str_casesuffix(str_of(file), STR("main.cf"))
	       || str_casesuffix(str_of(file), STR("master.cf"));
}

/* A row of a table, or of a file of networks. */
static void fix_table(struct findings *fs, struct finding_draft *d, const struct finding_group *g,
                      const struct audit_place *place)
{
	struct str rest = str_of(place->text), key;
	struct prefix range, homes[FIX_HOMES_MAX];
	const char *type = table_type(fs, place->file);
	finding_fix_place(fs, d, place);
	finding_fix(fs, d, "#%s", place->text);
	if (str_word(&rest, &key) && gather_prefix(key, &range) && !is_compiled(type)) {
		const size_t n = finding_homes(fs, g, &range, homes, FIX_HOMES_MAX);
		for (size_t i = 0; i < n; i++)
			finding_fix(fs, d, "%s%.*s", finding_range_text(fs, &homes[i]),
			            STR_ARG(rest));
	}
	finding_fix(fs, d, "# Then:");
	if (is_compiled(type) && finding_is_plain(str_of(place->file)))
		finding_fix(fs, d, "postmap %s:%s", type, place->file);
	finding_fix(fs, d, "postfix reload");
}

/* Other hosts of a bridge's network may have to relay: all of it but the address by which strangers
 * arrive. */
static void say_exception(struct findings *fs, struct finding_draft *d,
                          const struct finding_group *g, const char *kept,
                          const struct audit_setting *networks)
{
	const bool own = networks->service && networks->service[0];
	if (!g->arrival || !g->arrival->as.family || strlen(networks->value) > 1000
	    || strchr(kept, '!'))
		return;
	finding_fix(fs, d, "# Or, if other hosts of that network must relay, all but the address "
	            "by which strangers arrive:");
	finding_fix(fs, d, "#%s mynetworks = !%s%s%s %s%s", own ? "     -o {" : "",
	            g->arrival->as.family == 6 ? "[" : "", finding_ip_text(fs, &g->arrival->as),
	            g->arrival->as.family == 6 ? "]" : "", networks->value, own ? " }" : "");
}

static void fix_postfix_clients(struct findings *fs, struct finding_draft *d,
                                const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	const char *service = finding_service(fs, g->rows[0]->port);
	const struct audit_setting *networks = finding_set(fs, service, "mynetworks");
	const struct audit_trust *trust = finding_trust(fs, g->rows[0]);
	if (line && line->place.line && !is_main_file(line->place.file)) {
		fix_table(fs, d, g, &line->place);
		return;
	}
	const char *value = networks ? networks->value : "";
	const char *kept = finding_list_kept(fs, g, FINDING_POSTFIX_LIST, str_of(value));
	if (!kept && trust && trust->place.line && !is_main_file(trust->place.file)) {
		fix_table(fs, d, g, &trust->place);
		return;
	}
	if (!kept || !line || strncmp(line->parameter, "mynetworks", 10) != 0) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_postfix(fs, d, service, "mynetworks", kept);
	say_exception(fs, d, g, kept, networks);
	finding_fix_reload(fs, d);
	if (networks->service && networks->service[0] && finding_is_plain(str_of(service)))
		finding_check(fs, d, "postconf -P '%s/inet/mynetworks'", service);
	else
		finding_check(fs, d, "postconf -xh mynetworks");
}

/* ---- Exim ---------------------------------------------------------------------- */

/* "dc_relay_nets='…'", "hostlist relay_from_hosts = …", "accept hosts = …": what stands before the
 * list, and the list; false: it is no such line. */
static bool split_list(struct str text, struct str *before, struct str *list, const char **quote)
{
	const size_t equals = str_find(text, '=');
	if (equals == SIZE_MAX)
		return false;
	*before = (struct str){ text.p, equals + 1 };
	*list = str_trim(str_from(text, equals + 1));
	*quote = "";
	if (list->n > 1 && (list->p[0] == '\'' || list->p[0] == '"')
	    && list->p[list->n - 1] == list->p[0]) {
		*quote = list->p[0] == '"' ? "\"" : "'";
		*list = (struct str){ list->p + 1, list->n - 2 };
	}
	return true;
}

static void fix_exim_clients(struct findings *fs, struct finding_draft *d,
                             const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	struct str before, list;
	const char *quote, *kept = NULL;
	if (line && split_list(str_of(line->place.text), &before, &list, &quote))
		kept = finding_list_kept(fs, g, FINDING_EXIM_LIST, list);
	if (!kept || (g->arrival && !strcmp(g->cause, "C5"))) {
		finding_catalogue_fix(fs, d);
		return;
	}
	finding_fix_place(fs, d, &line->place);
	finding_fix(fs, d, "%.*s%s%s%s%s", STR_ARG(before), quote[0] ? "" : " ", quote, kept,
	            quote);
	if (str_casesuffix(str_of(line->place.file), STR("/update-exim4.conf.conf")))
		finding_fix(fs, d, "# Then:");
	if (str_casesuffix(str_of(line->place.file), STR("/update-exim4.conf.conf")))
		finding_fix(fs, d, "update-exim4.conf && systemctl restart exim4");
	else
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

static void fix_sendmail_clients(struct findings *fs, struct finding_draft *d,
                                 const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	if (line && !line->place.line && g->arrival && g->arrival->as.family) {
		finding_fix(fs, d, "# In /etc/mail/access:");
		finding_fix(fs, d, "Connect:%s%s REJECT", g->arrival->as.family == 6 ? "IPv6:" : "",
		            finding_ip_text(fs, &g->arrival->as));
		finding_fix(fs, d, "# Then:");
		finding_fix(fs, d, "makemap hash /etc/mail/access < /etc/mail/access");
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

static void fix_smtpd_clients(struct findings *fs, struct finding_draft *d,
                              const struct finding_group *g)
{
	const struct audit_line *line = first_line(g);
	size_t from, to;
	const struct str text = str_of(line ? line->place.text : "");
	const char *kept = NULL;
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
		if (strcmp(g->cause, "C5") != 0) {
			fix_postfix_clients(fs, d, g);
			return;
		}
		break;
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
