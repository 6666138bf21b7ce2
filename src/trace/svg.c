/* SPDX-License-Identifier: ISC */
#include "trace/picture.h"

#include "base/clock.h"
#include "trace/why.h"

enum { WIDTH = 860, HEAD = 64, ROW = 74, FOOT = 120, SHOWN_HOPS = 60 };

static const char *const fills[] = { "#d7ecf5", "#c9ecc9", "#e4f4e0", "#fdf1c6", "#ecdff4",
                                     "#f8d2d0" };
static const char *const strokes[] = { "#2a7f9e", "#1f7a1f", "#4f9a4f", "#b58900", "#7d4f9e",
                                       "#b3261e" };

static void add_xml(struct buf *out, struct str s)
{
	struct buf shown = { 0 };
	why_show(s, &shown);
	for (size_t i = 0; i < shown.n; i++) {
		switch (shown.p[i]) {
		case '<':
			buf_add_cstr(out, "&lt;");
			break;
		case '>':
			buf_add_cstr(out, "&gt;");
			break;
		case '&':
			buf_add_cstr(out, "&amp;");
			break;
		default:
			buf_add_byte(out, shown.p[i]);
		}
	}
	buf_fini(&shown);
}

static void add_line(struct buf *out, int x, int y, const char *class_name, struct str s)
{
	buf_printf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class_name);
	add_xml(out, s);
	buf_add_cstr(out, "</text>\n");
}

static void add_hop(struct buf *out, const struct trace_hop *hop, int y)
{
	const struct received *r = &hop->line;
	struct buf text = { 0 };
	char ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX];
	buf_printf(out, "<rect x=\"20\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"%s\" "
	           "stroke=\"%s\"/>\n", y, WIDTH - 40, ROW - 16, fills[hop->zone],
	           strokes[hop->zone]);
	add_line(out, 34, y + 20, "z", str_of(trace_zone_text(hop->zone)));
	buf_add_cstr(&text, r->ip.family ? ip_format(&r->ip, ip) : "no address");
	if (r->rdns.n)
		buf_printf(&text, " = %.*s", STR_ARG(r->rdns));
	if (r->helo.n)
		buf_printf(&text, ", says %.*s", STR_ARG(r->helo));
	add_line(out, 120, y + 20, "p", buf_str(&text));
	buf_clear(&text);
	buf_add_cstr(&text, "to ");
	if (r->by.n)
		buf_add_str(&text, r->by);
	else
		buf_add_cstr(&text, "a host that is not named");
	if (r->has_time)
		buf_printf(&text, ", %s", clock_format(r->date.time_s, when));
	add_line(out, 120, y + 36, "p", buf_str(&text));
	buf_clear(&text);
	if (hop->why.n)
		why_text(&hop->why.v[0], &text);
	add_line(out, 120, y + 52, "w", buf_str(&text));
	buf_fini(&text);
}

static void add_break(struct buf *out, int y)
{
	buf_printf(out, "<path d=\"M20 %d H%d\" stroke=\"#b3261e\" stroke-width=\"3\" "
	           "stroke-dasharray=\"10 6\"/>\n", y - 8, WIDTH - 20);
}

static void add_answer(struct buf *out, const struct trace *t, int y)
{
	struct buf answer = { 0 };
	trace_answer(t, &answer);
	struct str rest = buf_str(&answer), line;
	for (int i = 0; str_token(&rest, "\n", &line); i++)
		add_line(out, 20, y + 20 * i, "a", line);
	buf_fini(&answer);
}

void trace_svg(const struct trace *t, struct str title, struct buf *out)
{
	size_t shown = t->hop_count < SHOWN_HOPS ? t->hop_count : SHOWN_HOPS;
	int height = HEAD + (int)shown * ROW + FOOT;
	bool broken = false;
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	           "width=\"%d\" height=\"%d\" role=\"img\">\n", WIDTH, height, WIDTH, height);
	buf_add_cstr(out, "<title>Trace of a message</title>\n"
	             "<style>text{font-family:sans-serif;fill:#222}"
	             ".t{font-size:18px;font-weight:bold}.z{font-size:13px;font-weight:bold}"
	             ".p{font-size:13px}.w{font-size:12px;font-style:italic}.a{font-size:14px}"
	             "</style>\n");
	buf_printf(out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, height);
	add_line(out, 20, 28, "t", title);
	add_line(out, 20, 48, "p", str_of(trace_chain_text(t->chain)));
	for (size_t i = 0; i < shown; i++) {
		int y = HEAD + (int)i * ROW;
		if (t->hops[i].zone > TRACE_LINKED && !broken && t->handover.family) {
			add_break(out, y);
			broken = true;
		}
		add_hop(out, &t->hops[i], y);
	}
	add_answer(out, t, HEAD + (int)shown * ROW + 24);
	buf_add_cstr(out, "</svg>\n");
}
