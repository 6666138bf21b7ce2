/* SPDX-License-Identifier: ISC
 *
 * The picture of a trace as an SVG: the same words as in the text, in boxes.
 *
 * Hostile input that reaches it: names and lines of the message; all of it is escaped.
 */
#include "trace/picture.h"

#include "trace/why.h"

/* In pixels, but for SHOWN_HOPS and the columns: what fits at the font sizes below, each
 * character of the fixed-width font being 0.6 of its size wide. */
enum {
	WIDTH = 860, MARGIN = 20, LINE = 17, TEXT_X = 128, SHOWN_HOPS = 100,
	ANSWER_X = 148, TITLE_COLUMNS = 75, HOP_COLUMNS = 97, ANSWER_COLUMNS = 95, LABEL_BYTES = 17,
};

static const char *const fills[] = { "#d7ecf5", "#c9ecc9", "#e4f4e0", "#fdf1c6", "#ecdff4",
                                     "#f8d2d0" };
static const char *const strokes[] = { "#2a7f9e", "#1f7a1f", "#4f9a4f", "#b58900", "#7d4f9e",
                                       "#b3261e" };

/* The drawing, and how far down it goes by now. */
struct drawing {
	struct buf body;
	int y;
};

/* Text is printable ASCII by now. */
static void add_xml(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
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
			buf_add_byte(out, s.p[i]);
		}
	}
}

/* One line or, if it is longer than `columns`, several. */
static void draw_text(struct drawing *d, int x, size_t columns, const char *class_name,
                      struct str s)
{
	do {
		size_t n = trace_wrap(s, columns);
		d->y += LINE;
		buf_printf(&d->body, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, d->y - 4,
		           class_name);
		add_xml(&d->body, (struct str){ s.p, n });
		buf_add_cstr(&d->body, "</text>\n");
		s = str_trim(str_from(s, n));
	} while (s.n);
}

/* The box is drawn last and put below its text: its height is known only then. */
static void draw_hop(struct drawing *d, const struct trace_hop *hop)
{
	struct drawing inside = { .y = d->y + 4 };
	struct buf text = { 0 };
	buf_printf(&inside.body, "<text x=\"%d\" y=\"%d\" class=\"z\">%s</text>\n", MARGIN + 14,
	           inside.y + LINE - 4, trace_zone_text(hop->zone));
	trace_peer_text(hop, &text);
	draw_text(&inside, TEXT_X, HOP_COLUMNS, "p", buf_str(&text));
	buf_clear(&text);
	buf_add_cstr(&text, "to ");
	trace_writer_text(hop, &text);
	draw_text(&inside, TEXT_X, HOP_COLUMNS, "p", buf_str(&text));
	for (unsigned i = 0; i < hop->why.n; i++) {
		buf_clear(&text);
		why_text(&hop->why.v[i], &text);
		draw_text(&inside, TEXT_X, HOP_COLUMNS, "w", buf_str(&text));
	}
	buf_printf(&d->body, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" "
	           "fill=\"%s\" stroke=\"%s\"/>\n", MARGIN, d->y, WIDTH - 2 * MARGIN,
	           inside.y + 6 - d->y, fills[hop->zone], strokes[hop->zone]);
	buf_add_str(&d->body, buf_str(&inside.body));
	d->y = inside.y + 14;
	buf_fini(&text);
	buf_fini(&inside.body);
}

static void draw_break(struct drawing *d, const char *text)
{
	buf_printf(&d->body, "<path d=\"M%d %d H%d\" stroke=\"#b3261e\" stroke-width=\"3\" "
	           "stroke-dasharray=\"10 6\"/>\n", MARGIN, d->y + 2, WIDTH - MARGIN);
	d->y += 6;
	draw_text(d, MARGIN, ANSWER_COLUMNS, "b", str_of(text));
	d->y += 6;
}

static void draw_answer(struct drawing *d, const struct trace *t)
{
	struct buf answer = { 0 };
	struct str rest, line;
	trace_answer(t, &answer);
	trace_extras(t, &answer);
	rest = buf_str(&answer);
	d->y += 4;
	/* Each line is a label and a text. */
	while (str_token(&rest, "\n", &line)) {
		size_t label = line.n < LABEL_BYTES ? line.n : LABEL_BYTES;
		draw_text(d, MARGIN, ANSWER_COLUMNS, "l", str_trim((struct str){ line.p, label }));
		d->y -= LINE;
		draw_text(d, ANSWER_X, ANSWER_COLUMNS, "a", str_from(line, label));
		d->y += 3;
	}
	buf_fini(&answer);
}

static void draw_chain(struct drawing *d, const struct trace *t)
{
	enum trace_zone worst = TRACE_LINKED;
	size_t shown = t->hop_count < SHOWN_HOPS ? t->hop_count : SHOWN_HOPS;
	for (size_t i = 0; i < shown; i++) {
		const char *broken = trace_break_text(t, &t->hops[i], &worst);
		if (broken)
			draw_break(d, broken);
		draw_hop(d, &t->hops[i]);
	}
	if (shown == t->hop_count)
		return;
	struct buf text = { 0 };
	buf_printf(&text, "and %zu older lines that are not drawn", t->hop_count - shown);
	draw_text(d, MARGIN, ANSWER_COLUMNS, "b", buf_str(&text));
	buf_fini(&text);
}

void trace_svg(const struct trace *t, struct str title, struct buf *out)
{
	struct drawing d = { .y = 12 };
	struct buf text = { 0 };
	why_show(title, &text);
	draw_text(&d, MARGIN, TITLE_COLUMNS, "t", buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "chain %s", trace_chain_text(t->chain));
	draw_text(&d, MARGIN, ANSWER_COLUMNS, "p", buf_str(&text));
	d.y += 8;
	draw_chain(&d, t);
	draw_answer(&d, t);
	d.y += 12;
	/* White by itself, so that it can be read on a page of any colour. */
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
	           "width=\"%d\" height=\"%d\" role=\"img\">\n<title>Trace of a message</title>\n"
	           "<style>text{font-family:monospace;fill:#222}"
	           ".t{font-size:18px;font-weight:bold}.z{font-size:13px;font-weight:bold}"
	           ".p,.a{font-size:12px}.l{font-size:12px;font-weight:bold}"
	           ".w{font-size:12px;font-style:italic}"
	           ".b{font-size:12px;font-weight:bold;fill:#b3261e}</style>\n"
	           "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, d.y, WIDTH, d.y,
	           WIDTH, d.y);
	buf_add_str(out, buf_str(&d.body));
	buf_add_cstr(out, "</svg>\n");
	buf_fini(&text);
	buf_fini(&d.body);
}
