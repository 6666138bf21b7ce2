/* SPDX-License-Identifier: ISC
 *
 * Drafts of findings: their sentences, lines and fixes, and the small words that all themes use;
 * see findings-private.h.
 */
#include "audit/findings-private.h"

#include <assert.h>
#include <stdio.h>

/* The same audit once more. */
static const char *audit_again(const struct findings *fs)
{
	const char *root = fs->report->root;
	return root && root[0] && finding_is_plain(str_of(root))
	       ? arena_printf(fs->a, "portreeve audit --root %s", root)
	       : "portreeve audit";
}

struct finding_draft *finding_begin(struct findings *fs, enum audit_severity severity,
                                    const char *cause, const char *title, unsigned people)
{
	struct finding_draft *d = fs->n < FINDING_DRAFTS_MAX ? &fs->drafts[fs->n++] : &fs->beyond;
	const struct cause *known = cause_by_id(str_of(cause));
	assert(title || known);
	*d = (struct finding_draft){ .severity = severity, .cause = cause, .why = "",
	                             .title = title ? title : known->title, .people = people,
	                             .check = audit_again(fs) };
	return d;
}

bool finding_has(const struct findings *fs, const char *cause)
{
	for (size_t i = 0; i < fs->n; i++)
		if (!strcmp(fs->drafts[i].cause, cause))
			return true;
	return false;
}

static const char *printed(struct findings *fs, const char *fmt, va_list ap)
{
	struct buf b = { 0 };
	buf_vprintf(&b, fmt, ap);
	const char *text = arena_strdup(fs->a, (struct str){ buf_cstr(&b), b.n });
	buf_fini(&b);
	return text;
}

void finding_say(struct findings *fs, struct finding_draft *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *more = printed(fs, fmt, ap);
	va_end(ap);
	if (more[0] && !strstr(d->why, more) && strlen(d->why) + strlen(more) < FINDING_WHY_MAX)
		d->why = arena_printf(fs->a, "%s%s%s", d->why, d->why[0] ? " " : "", more);
}

void finding_line(struct finding_draft *d, const char *parameter, const struct audit_place *place)
{
	if (!place->file || !place->file[0])
		return;
	for (size_t i = 0; i < d->line_n; i++)
		if (d->lines[i].place.line == place->line
		    && !strcmp(d->lines[i].place.file, place->file))
			return;
	if (d->line_n < FINDING_LINES_MAX)
		d->lines[d->line_n++] = (struct audit_line){ parameter, *place };
}

void finding_setting(struct finding_draft *d, const struct audit_setting *setting)
{
	if (setting && setting->place.line)
		finding_line(d, setting->name, &setting->place);
}

void finding_fix(struct findings *fs, struct finding_draft *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *text = printed(fs, fmt, ap);
	va_end(ap);
	char *line = arena_strdup(fs->a, str_of(text));
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			*c = ' ';
	for (size_t i = 0; line[0] == '#' && i < d->fix_n; i++)
		if (i + 1 == d->fix_n && !strcmp(d->fix[i], line))
			return;
	if (d->fix_n < FINDING_FIX_MAX)
		d->fix[d->fix_n++] = line;
}

void finding_check(struct findings *fs, struct finding_draft *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	d->check = arena_printf(fs->a, "%s; %s", audit_again(fs), printed(fs, fmt, ap));
	va_end(ap);
}

/* ---- words --------------------------------------------------------------------- */

const char *finding_at(struct findings *fs, const char *parameter,
                       const struct audit_place *place)
{
	if (place->file && place->file[0] && place->line)
		return arena_printf(fs->a, "%s:%u", place->file, place->line);
	if (parameter && !strcmp(parameter, "built in"))
		return "A rule that is built in";
	if (parameter && parameter[0])
		return arena_printf(fs->a, "The default of %s", parameter);
	return "The configuration";
}

bool finding_is_plain(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!ascii_isalnum((unsigned char)text.p[i])
		    && !memchr("/._-:@+=,", text.p[i], 9))
			return false;
	return text.n > 0 && text.p[0] != '-';
}

const struct audit_setting *finding_set(struct findings *fs, const char *service,
                                        const char *name)
{
	return audit_config_setting(fs->config, service, name);
}

const char *finding_value(struct findings *fs, const char *service, const char *name)
{
	const struct audit_setting *s = finding_set(fs, service, name);
	return s ? s->value : "";
}

const char *finding_range_text(struct findings *fs, const struct prefix *range)
{
	char text[PREFIX_TEXT_MAX];
	if (range->len == ip_bits(&range->ip))
		return finding_ip_text(fs, &range->ip);
	return arena_strdup(fs->a, str_of(prefix_format(range, text)));
}

const char *finding_ip_text(struct findings *fs, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	return arena_strdup(fs->a, str_of(ip_format(ip, text)));
}

const char *finding_ports(struct findings *fs, const struct finding_group *g)
{
	uint16_t ports[FINDING_ROWS_MAX];
	size_t n = 0;
	struct buf b = { 0 };
	for (size_t i = 0; i < g->n; i++) {
		size_t k = 0;
		while (k < n && ports[k] != g->rows[i]->port)
			k++;
		if (k == n)
			ports[n++] = g->rows[i]->port;
	}
	buf_add_cstr(&b, n > 1 ? "ports " : "port ");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%u", i == 0 ? "" : i + 1 == n ? " and " : ", ", ports[i]);
	const char *text = arena_strdup(fs->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

const struct audit_port *finding_port(const struct findings *fs, uint16_t port)
{
	for (size_t i = 0; i < fs->reading->port_n; i++)
		if (fs->reading->ports[i].port == port)
			return &fs->reading->ports[i];
	return NULL;
}

const char *finding_service(const struct findings *fs, uint16_t port)
{
	const struct audit_port *at = finding_port(fs, port);
	return at && at->service ? at->service : "";
}

static bool is_of_line(const struct audit_trust *t, const struct audit_who *who)
{
	for (size_t i = 0; i < who->by_n; i++)
		if (who->by[i].place.line == t->place.line
		    && !strcmp(who->by[i].place.file, t->place.file))
			return true;
	return false;
}

const struct audit_trust *finding_trust(const struct findings *fs, const struct audit_who *who)
{
	const struct audit_trust *best = NULL;
	bool of_line = false;
	for (size_t i = 0; i < fs->reading->trust_n; i++) {
		const struct audit_trust *t = &fs->reading->trusts[i];
		const bool same = is_of_line(t, who);
		if (!prefix_contains(&t->range, &who->asker->ip)
		    || (!same && (of_line || !who->by_n || strcmp(t->name, who->by[0].parameter))))
			continue;
		if (!best || (same && !of_line) || t->range.len > best->range.len)
			best = t;
		of_line |= same;
	}
	return best;
}
