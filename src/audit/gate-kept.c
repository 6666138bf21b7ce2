/* SPDX-License-Identifier: ISC
 *
 * Whether anything has changed since the gate's last answer: what of the network counts, in a form
 * that can be compared, and the answer as it is kept: four lines, of which the first is the form's
 * name.
 */
#include "audit/gate.h"

#include <stdio.h>

/* ---- the network ------------------------------------------------------------------- */

static void format_interface(const struct facts_interface *i, struct buf *out)
{
	char text[IP_TEXT_MAX];
	buf_printf(out, "interface %s %d %d %s", i->name, (int)i->kind, i->up,
	           i->master ? i->master : "-");
	for (size_t j = 0; j < i->address_n; j++)
		buf_printf(out, " %s/%u", ip_format(&i->addresses[j].ip, text),
		           (unsigned)i->addresses[j].len);
	buf_add_byte(out, '\n');
}

static void format_route(const struct facts_route *r, struct buf *out)
{
	char to[PREFIX_TEXT_MAX], via[IP_TEXT_MAX];
	buf_printf(out, "route %s %s %s %u\n", prefix_format(&r->to, to),
	           r->via.family ? ip_format(&r->via, via) : "-", r->interface,
	           (unsigned)r->metric);
}

static void format_match(const struct facts_match *m, struct buf *out)
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	buf_printf(out, " %s%d", m->negated ? "!" : "", (int)m->field);
	for (size_t i = 0; i < m->n; i++) {
		if (m->names)
			buf_printf(out, ",%s", m->names[i]);
		else if (m->spans && m->spans[i].first.family)
			buf_printf(out, ",%s-%s", ip_format(&m->spans[i].first, first),
			           ip_format(&m->spans[i].last, last));
		else if (m->spans)
			buf_printf(out, ",%u-%u", m->spans[i].low, m->spans[i].high);
	}
}

/* Not the rule's text: nft shows counters in it. */
static void format_chain(const struct facts_chain *c, struct buf *out)
{
	char to[ENDPOINT_TEXT_MAX];
	buf_printf(out, "chain %s %s %s %u %d %d\n", c->source, c->table, c->name,
	           (unsigned)c->family, (int)c->hook, c->priority);
	for (size_t i = 0; i < c->rule_n; i++) {
		const struct facts_rule *r = &c->rules[i];
		buf_printf(out, "rule %d %s %s %u %u", (int)r->action, r->target ? r->target : "-",
		           r->to.ip.family ? endpoint_format(&r->to, to) : "-", r->mark,
		           r->mark_mask);
		buf_printf(out, " %u%s", (unsigned)r->to.port, r->to_others ? " others" : "");
		for (size_t j = 0; j < r->match_n; j++)
			format_match(&r->matches[j], out);
		buf_add_byte(out, '\n');
	}
}

void gate_facts_format(const struct facts *f, struct buf *out)
{
	char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];
	for (size_t i = 0; i < f->interface_n; i++)
		format_interface(&f->interfaces[i], out);
	for (size_t i = 0; i < f->route_n; i++)
		format_route(&f->routes[i], out);
	for (size_t i = 0; i < f->chain_n; i++)
		format_chain(&f->chains[i], out);
	for (size_t i = 0; i < f->proxy_n; i++) {
		const struct facts_proxy *p = &f->proxies[i];
		buf_printf(out, "proxy %d %s %s %u %d\n", (int)p->kind,
		           p->from.ip.family ? endpoint_format(&p->from, from) : "-",
		           p->to.ip.family ? endpoint_format(&p->to, to) : "-",
		           (unsigned)p->ports, p->keeps_source);
	}
	/* Who takes mail there, or passes it on to whom it names nowhere. */
	for (size_t i = 0; i < f->listener_n; i++)
		if (facts_is_for_mail(f->listeners[i].at.port))
			buf_printf(out, "listener %s %s %d\n",
			           endpoint_format(&f->listeners[i].at, from),
			           f->listeners[i].program, f->listeners[i].elsewhere);
	for (size_t i = 0; i < f->unread_n; i++)
		buf_printf(out, "unread %s %s\n", f->unread[i].what, f->unread[i].why);
	buf_printf(out, "container %d\n", (int)f->container);
}

/* ---- the answer -------------------------------------------------------------------- */

static const char form[] = "portreeve gate 2";

void gate_kept_format(const struct gate_kept *kept, struct buf *out)
{
	buf_printf(out, "%s\n%s %lld%s\n%s\n%s\n", form, gate_answer_name(kept->answer),
	           (long long)kept->time_s, kept->outside ? " witness" : "", kept->digest,
	           kept->why);
}

static bool next_line(struct str *text, struct str *line)
{
	size_t end = str_find(*text, '\n');
	if (end == SIZE_MAX)
		return false;
	*line = (struct str){ text->p, end };
	*text = str_from(*text, end + 1);
	return true;
}

static bool is_digest(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isdigit((unsigned char)s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n == GATE_DIGEST_CHARS;
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isprint((unsigned char)s.p[i]))
			return false;
	return true;
}

int gate_kept_parse(struct str text, struct gate_kept *out)
{
	struct str head, second, digest, why, answer, time;
	uint64_t time_s;
	*out = (struct gate_kept){ .answer = GATE_BLIND };
	if (!next_line(&text, &head) || !next_line(&text, &second) || !next_line(&text, &digest) ||
	    !next_line(&text, &why) || text.n || !str_eq(head, str_of(form)) ||
	    !is_digest(digest) || !is_printable(why) || why.n >= GATE_WHY_MAX)
		return ERR_INVALID;
	if (!str_word(&second, &answer) || !str_word(&second, &time) ||
	    str_u64(time, INT64_MAX, &time_s) != ERR_OK)
		return ERR_INVALID;
	second = str_trim(second);
	if (second.n && !str_eq(second, STR("witness")))
		return ERR_INVALID;
	bool yes = str_eq(answer, STR("yes"));
	if (!yes && !str_eq(answer, STR("no")))
		return ERR_INVALID;
	out->answer = yes ? GATE_YES : GATE_NO;
	out->outside = second.n;
	out->time_s = (int64_t)time_s;
	str_copy(out->digest, sizeof(out->digest), digest);
	str_copy(out->why, sizeof(out->why), why);
	return ERR_OK;
}

bool gate_kept_is(struct str text)
{
	return str_prefix(text, STR("portreeve gate "));
}

bool gate_kept_holds(const struct gate_kept *kept, const char *digest, int64_t now_s,
                     int64_t keep_s)
{
	if (kept->outside && keep_s > GATE_KEEP_OUTSIDE_S)
		keep_s = GATE_KEEP_OUTSIDE_S;
	/* One of the future is of another clock. */
	return kept->answer != GATE_BLIND && strcmp(kept->digest, digest) == 0 &&
	       now_s >= kept->time_s && now_s - kept->time_s < keep_s;
}
