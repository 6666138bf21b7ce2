/* SPDX-License-Identifier: ISC */
#include "trace/picture.h"

#include "base/clock.h"
#include "trace/why.h"

#include <stdio.h>

struct ink {
	const char *bold, *dim, *off;
	const char *zone[6];
};

static const struct ink plain = { "", "", "", { "", "", "", "", "", "" } };
static const struct ink colours = {
	"\033[1m", "\033[2m", "\033[0m",
	{ "\033[36m", "\033[1;32m", "\033[32m", "\033[33m", "\033[35m", "\033[1;31m" },
};

static const char *mark_of(enum trace_zone zone)
{
	static const char *const marks[] = { "o", "@", "|", ":", "?", "X" };
	return marks[zone];
}

static void add_peer(const struct received *r, struct buf *out)
{
	char text[IP_TEXT_MAX];
	if (r->ip.family)
		buf_add_cstr(out, ip_format(&r->ip, text));
	else if (r->from.n)
		why_show(r->from, out);
	else
		buf_add_cstr(out, "(itself)");
	if (r->rdns.n) {
		buf_add_cstr(out, " = ");
		why_show(r->rdns, out);
	}
	if (r->helo.n) {
		buf_add_cstr(out, ", says ");
		why_show(r->helo, out);
	}
}

static void add_hop(const struct trace_hop *hop, const struct ink *ink, struct buf *out)
{
	const struct received *r = &hop->line;
	char when[CLOCK_TEXT_MAX] = "no time";
	const char *zone = ink->zone[hop->zone];
	if (r->has_time)
		clock_format(r->date.time_s, when);
	buf_printf(out, "  %s%s %-8s%s ", zone, mark_of(hop->zone), trace_zone_text(hop->zone),
	           ink->off);
	add_peer(r, out);
	buf_printf(out, "\n  %s|%s          -> ", zone, ink->off);
	if (r->by.n)
		why_show(r->by, out);
	else
		buf_add_cstr(out, "(names no writer)");
	buf_printf(out, "  %s%s%s%s%s\n", ink->dim, when, r->auth ? ", logged in" : "",
	           r->tls.n ? ", TLS" : "", ink->off);
	for (unsigned i = 0; i < hop->why.n; i++) {
		buf_printf(out, "  %s|%s          %s", zone, ink->off, ink->dim);
		why_text(&hop->why.v[i], out);
		buf_printf(out, "%s\n", ink->off);
	}
}

static const char *break_text(enum trace_zone zone)
{
	if (zone == TRACE_WEAK)
		return "from here on it rests on what the peer called itself";
	if (zone == TRACE_FORGED)
		return "the chain breaks here: forged below";
	return "the chain breaks here: anyone can have written what follows";
}

static void add_ip_line(struct buf *out, const char *label, const struct ip *ip, const char *rest)
{
	char text[IP_TEXT_MAX];
	buf_printf(out, "%-16s %s%s%s\n", label, ip->family ? ip_format(ip, text) : "none",
	           rest[0] ? ", " : "", rest);
}

void trace_answer(const struct trace *t, struct buf *out)
{
	struct buf why = { 0 };
	if (t->handover.family == 0 && t->why.n)
		why_text(&t->why.v[t->why.n - 1], &why);
	add_ip_line(out, "Handover", &t->handover,
	            t->handover.family ? "sure: our border took it from there" : buf_cstr(&why));
	buf_clear(&why);
	for (unsigned i = 0; i < t->why.n && t->origin.family; i++) {
		enum trace_reason r = t->why.v[i].reason;
		if (r == WHY_ORIGIN_HANDOVER || r == WHY_ORIGIN_LINKED || r == WHY_ORIGIN_HEADER) {
			buf_clear(&why);
			why_text(&t->why.v[i], &why);
		}
	}
	add_ip_line(out, "Believed origin", &t->origin, buf_cstr(&why));
	buf_printf(out, "%-16s ", "Claimed only");
	for (size_t i = 0; i < t->claimed_count; i++) {
		char text[IP_TEXT_MAX];
		buf_printf(out, "%s%s", i ? ", " : "", ip_format(&t->claimed[i], text));
	}
	buf_add_cstr(out, t->claimed_count ? " (not accused)\n" : "nothing\n");
	buf_fini(&why);
}

static void add_extras(const struct trace *t, struct buf *out)
{
	buf_printf(out, "%-16s ", "Relay");
	if (t->relay.family) {
		char text[IP_TEXT_MAX];
		buf_printf(out, "%s: ", ip_format(&t->relay, text));
	}
	if (t->relay_why.n == 0)
		buf_add_cstr(out, "none");
	for (unsigned i = 0; i < t->relay_why.n; i++) {
		buf_add_cstr(out, i ? "; " : "");
		why_text(&t->relay_why.v[i], out);
	}
	buf_printf(out, "\n%-16s %s", "Return address", trace_return_text(t->return_path.verdict));
	for (unsigned i = 0; i < t->return_path.why.n; i++) {
		buf_add_cstr(out, i ? "; " : ": ");
		why_text(&t->return_path.why.v[i], out);
	}
	buf_add_byte(out, '\n');
	for (size_t i = 0; i < t->odd_count; i++) {
		buf_printf(out, "%-16s byte %zu: ", "Odd line", t->odd[i].offset);
		why_show(t->odd[i].raw, out);
		buf_add_byte(out, '\n');
	}
	if (t->truncated)
		buf_add_cstr(out, "The message exceeds a limit; not all of it was looked at.\n");
}

void trace_picture(const struct trace *t, struct str title, bool colour, struct buf *out)
{
	const struct ink *ink = colour ? &colours : &plain;
	bool broken = false;
	buf_add_cstr(out, ink->bold);
	why_show(title, out);
	buf_printf(out, "%s: chain %s\n", ink->off, trace_chain_text(t->chain));
	for (size_t i = 0; i < t->hop_count; i++) {
		enum trace_zone zone = t->hops[i].zone;
		if (zone > TRACE_LINKED && !broken && t->handover.family) {
			buf_printf(out, "  %s~~ %s ~~%s\n", ink->zone[zone], break_text(zone),
			           ink->off);
			broken = true;
		}
		add_hop(&t->hops[i], ink, out);
	}
	trace_answer(t, out);
	add_extras(t, out);
}
