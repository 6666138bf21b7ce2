/* SPDX-License-Identifier: ISC
 *
 * The picture of a trace in text: a line per hop, then the answer.
 */
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

/* Before the text of a hop, and before that of an answer. */
enum { HOP_COLUMNS = 13, ANSWER_COLUMNS = 17, TEXT_COLUMNS_MIN = 20 };

size_t trace_wrap(struct str s, size_t columns)
{
	size_t end = 0, column = 0;
	for (size_t n; end < s.n && column < columns; end += n, column++) {
		n = str_utf8(str_from(s, end));
		n = n ? n : 1;
	}
	if (end == s.n)
		return s.n;
	for (size_t i = end + 1; i-- > 1;)
		if (s.p[i] == ' ' && s.p[i - 1] != ' ')
			return i;
	return end;
}

/* One line of the picture, broken to fit: `first` before it, `next` before what is broken
 * off; each is `margin` columns wide, without the ink in it. */
struct line {
	const char *first, *next, *ink, *off;
	unsigned margin, columns;
};

static void show_line(const struct line *line, struct str text, struct buf *out)
{
	size_t room = SIZE_MAX;
	if (line->columns)
		room = line->columns > line->margin + TEXT_COLUMNS_MIN
			? line->columns - line->margin : TEXT_COLUMNS_MIN;
	for (const char *lead = line->first; lead; lead = text.n ? line->next : NULL) {
		size_t n = trace_wrap(text, room);
		buf_printf(out, "%s%s", lead, line->ink);
		buf_add_str(out, (struct str){ text.p, n });
		buf_printf(out, "%s\n", line->off);
		text = str_from(text, n);
		while (text.n && text.p[0] == ' ')
			text = str_from(text, 1);
	}
}

/* Lines of "Label            text", each broken to fit under its text. */
static void add_answers(struct str lines, unsigned columns, struct buf *out)
{
	static const char gap[] = "                 ";
	const struct line next = { gap, gap, "", "", ANSWER_COLUMNS, columns };
	struct str one;
	while (str_token(&lines, "\n", &one)) {
		size_t n = columns ? trace_wrap(one, columns > ANSWER_COLUMNS + TEXT_COLUMNS_MIN
		                                ? columns : ANSWER_COLUMNS + TEXT_COLUMNS_MIN)
		                   : one.n;
		buf_add_str(out, (struct str){ one.p, n });
		buf_add_byte(out, '\n');
		one = str_trim(str_from(one, n));
		if (one.n)
			show_line(&next, one, out);
	}
}

static const char *hop_mark(enum trace_zone zone)
{
	static const char *const marks[] = { "o", "@", "|", ":", "?", "X" };
	return marks[zone];
}

void trace_peer_text(const struct trace_hop *hop, struct buf *out)
{
	const struct received *r = &hop->line;
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

void trace_writer_text(const struct trace_hop *hop, struct buf *out)
{
	const struct received *r = &hop->line;
	char when[CLOCK_TEXT_MAX] = "no time";
	bool untold = r->has_time && !r->date.has_zone;
	if (untold)
		received_clock(r, when);
	else if (r->has_time)
		clock_format(r->date.time_s, when);
	if (r->by.n)
		why_show(r->by, out);
	else
		buf_add_cstr(out, "(names no writer)");
	buf_printf(out, "  %s%s%s%s, bytes %zu to %zu", when,
	           untold ? " in an unknown zone" : "",
	           r->auth ? ", logged in" : "", r->tls.n ? ", TLS" : "", hop->offset,
	           hop->offset + hop->raw.n - 1);
}

static void show_hop(const struct trace_hop *hop, const struct ink *ink, unsigned columns,
                     struct buf *out)
{
	const char *zone = ink->zone[hop->zone];
	struct buf text = { 0 }, first = { 0 }, bar = { 0 }, arrow = { 0 }, under = { 0 };
	buf_printf(&first, "  %s%s %-8s%s ", zone, hop_mark(hop->zone), trace_zone_text(hop->zone),
	           ink->off);
	buf_printf(&bar, "  %s|%s          ", zone, ink->off);
	buf_printf(&arrow, "%s-> ", bar.p);
	buf_printf(&under, "%s   ", bar.p);
	trace_peer_text(hop, &text);
	show_line(&(struct line){ first.p, under.p, "", "", HOP_COLUMNS + 3, columns },
	          buf_str(&text), out);
	buf_clear(&text);
	trace_writer_text(hop, &text);
	show_line(&(struct line){ arrow.p, under.p, "", "", HOP_COLUMNS + 3, columns },
	          buf_str(&text), out);
	for (unsigned i = 0; i < hop->why.n; i++) {
		buf_clear(&text);
		why_text(&hop->why.v[i], &text);
		show_line(&(struct line){ bar.p, bar.p, ink->dim, ink->off, HOP_COLUMNS, columns },
		          buf_str(&text), out);
	}
	buf_fini(&text);
	buf_fini(&first);
	buf_fini(&bar);
	buf_fini(&arrow);
	buf_fini(&under);
}

const char *trace_break_text(const struct trace *t, const struct trace_hop *hop,
                             enum trace_zone *worst)
{
	if (hop->zone <= TRACE_LINKED || hop->zone <= *worst || t->handover.family == 0)
		return NULL;
	*worst = hop->zone;
	if (hop->zone == TRACE_WEAK)
		return "from here on it rests on what the peer called itself";
	if (hop->zone == TRACE_FORGED)
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

void trace_extras(const struct trace *t, struct buf *out)
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
		buf_printf(out, "%-16s the message exceeds a limit; not all of it was looked at\n",
		           "Truncated");
}

void trace_picture(const struct trace *t, struct str title, bool colour, unsigned columns,
                   struct buf *out)
{
	const struct ink *ink = colour ? &colours : &plain;
	enum trace_zone worst = TRACE_LINKED;
	struct buf text = { 0 };
	why_show(title, &text);
	buf_printf(&text, ": chain %s", trace_chain_text(t->chain));
	show_line(&(struct line){ "", "  ", ink->bold, ink->off, 2, columns }, buf_str(&text), out);
	for (size_t i = 0; i < t->hop_count; i++) {
		const struct trace_hop *hop = &t->hops[i];
		const char *broken = trace_break_text(t, hop, &worst);
		buf_clear(&text);
		if (broken) {
			buf_printf(&text, "~~ %s ~~", broken);
			show_line(&(struct line){ "  ", "  ", ink->zone[hop->zone], ink->off, 2,
			                         columns }, buf_str(&text), out);
		}
		show_hop(hop, ink, columns, out);
	}
	buf_clear(&text);
	trace_answer(t, &text);
	trace_extras(t, &text);
	add_answers(buf_str(&text), columns, out);
	buf_fini(&text);
}
