/* SPDX-License-Identifier: ISC
 *
 * A way as a picture: a box for each step, an arrow to the next. The page's own style colours
 * it, so that it follows light, dark and print.
 *
 * Hostile input that reaches it: names and addresses of the steps; cut, then escaped.
 */
#include "proof/page.h"

#include "base/shown.h"

#include <assert.h>

/* In pixels, a character of 13 being 8 wide; what does not fit stands in the list below it. */
enum {
	WIDTH = 640, MARGIN = 8, BOX = 62, GAP = 34, LABEL_X = 22, TEXT_X = 120, COLUMNS = 61,
};

static void draw_text(struct buf *out, const char *class_name, int x, int y, struct str text)
{
	struct buf shown = { 0 };
	shown_add_plain(&shown, text, true);
	/* An escaped byte may be cut in two: it says nothing by then, and stays text. */
	struct str all = buf_str(&shown), cut = { all.p, 0 };
	for (size_t columns = 0; cut.n < all.n && columns < COLUMNS; columns++)
		cut.n += str_utf8(str_from(all, cut.n));
	assert(cut.n <= all.n);
	buf_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class_name, x, y);
	page_html_add(out, cut);
	buf_add_cstr(out, cut.n < all.n ? "...</text>\n" : "</text>\n");
	buf_fini(&shown);
}

static void draw_arrow(struct buf *out, int y)
{
	int x = WIDTH / 2, tip = y + GAP - 3;
	buf_printf(out, "<path stroke-width=\"2\" d=\"M%d %d V%d M%d %d L%d %d L%d %d\"/>\n", x,
	           y + 3, tip, x - 6, tip - 8, x, tip, x + 6, tip - 8);
}

static void draw_step(struct buf *out, int y, const struct page_block *b)
{
	const char *class_name = b->tone == PAGE_BAD ? "bad" :
		b->tone == PAGE_PLAIN ? "plain" : "strong";
	buf_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" "
	           "stroke-width=\"2\"/>\n", class_name, MARGIN, y, WIDTH - 2 * MARGIN, BOX);
	draw_text(out, "l", LABEL_X, y + 26, b->label);
	draw_text(out, "l", TEXT_X, y + 26, b->text);
	draw_text(out, "n", TEXT_X, y + 47, b->note);
}

const struct page_block *page_way_svg(const struct page_block *first, struct buf *out)
{
	int steps = 0;
	const struct page_block *end = first;
	for (; end && end->kind == PAGE_STEP; end = end->next)
		steps++;
	assert(steps > 0);
	buf_printf(out, "<svg viewBox=\"0 0 %d %d\" aria-hidden=\"true\">\n", WIDTH,
	           2 * MARGIN + steps * BOX + (steps - 1) * GAP);
	int y = MARGIN;
	for (const struct page_block *b = first; b != end; b = b->next, y += BOX + GAP) {
		if (b != first)
			draw_arrow(out, y - GAP);
		draw_step(out, y, b);
	}
	buf_add_cstr(out, "</svg>\n");
	return end;
}
