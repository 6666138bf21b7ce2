/* SPDX-License-Identifier: ISC
 *
 * A table as text. A column is as wide as its longest line; if all are too wide for the terminal,
 * the widest give way, down to their longest word. If that is too wide, too, each row is written
 * as a list of its cells.
 *
 * Hostile input that reaches it: every text of the cells, of any length.
 */
#include "proof/page-private.h"

#include "base/shown.h"

#include <assert.h>

enum {
	MARK = 3 /* "=> " */, GAP = 2, DEEPER = 2 /* what stands below a cell's first text */,
	WORD_MAX = 32 /* for whose sake a column stays wide */,
	NOTE_MAX = 12 /* one that is as short stays whole as long as a text does */,
};

struct table_writer {
	const struct page_table *table;
	const struct page_terminal *terminal;
	struct buf *out;
	size_t widths[PAGE_CELLS_MAX];
};

/* What of a cell is not written yet. */
struct cell_rest {
	struct buf lines[3];                 /* text, code, note: escaped */
	struct str rest;
	unsigned part;                       /* the next of `lines` */
	bool text;                           /* rest is of the cell's text */
};

static void put_spaces(struct buf *out, size_t n)
{
	while (n--)
		buf_add_byte(out, ' ');
}

/* ---- widths ---------- */

/* Of a column: its longest line, text of a cell, and word. */
struct extent {
	size_t line, text, word;
};

static void take_up(struct extent *e, const struct table_writer *w, struct str text, size_t deeper,
                    bool is_text)
{
	struct buf shown = { 0 };
	struct str rest, one;
	shown_add_plain(&shown, text, w->terminal->utf8);
	size_t columns = text.n ? shown_columns(buf_cstr(&shown)) + deeper : 0;
	e->line = columns > e->line ? columns : e->line;
	if (is_text)
		e->text = columns > e->text ? columns : e->text;
	rest = buf_str(&shown);
	while (str_token(&rest, " ", &one)) {
		size_t n = one.n + deeper;
		n = n > WORD_MAX ? WORD_MAX : n;
		e->word = n > e->word ? n : e->word;
	}
	buf_fini(&shown);
}

static struct extent extent_of(const struct table_writer *w, size_t column)
{
	struct extent e = { 0 };
	take_up(&e, w, w->table->heads[column], 0, true);
	for (const struct page_row *r = w->table->first; r; r = r->next) {
		const struct page_cell *c = &r->cells[column];
		size_t deeper = c->text.n ? DEEPER : 0;
		take_up(&e, w, c->text, 0, true);
		take_up(&e, w, c->code, deeper, false);
		take_up(&e, w, c->note, deeper, c->note.n <= NOTE_MAX);
	}
	return e;
}

/* Takes from the widest that is above its least, as long as all are wider than the room. */
static size_t narrow(struct table_writer *w, const size_t *least, size_t sum, size_t room)
{
	for (; sum > room; sum--) {
		size_t widest = SIZE_MAX;
		for (size_t i = 0; i < w->table->columns; i++)
			if (w->widths[i] > least[i] &&
			    (widest == SIZE_MAX || w->widths[i] >= w->widths[widest]))
				widest = i;
		if (widest == SIZE_MAX)
			break;
		w->widths[widest]--;
	}
	return sum;
}

/* False: they don't fit side by side. */
static bool find_widths(struct table_writer *w)
{
	size_t texts[PAGE_CELLS_MAX], words[PAGE_CELLS_MAX], n = w->table->columns, sum = 0;
	size_t room = w->terminal->columns - MARK - GAP * (n - 1);
	for (size_t i = 0; i < n; i++) {
		struct extent e = extent_of(w, i);
		w->widths[i] = e.line > room ? room : e.line;
		texts[i] = e.text > e.word ? e.text : e.word;
		words[i] = e.word;
		sum += w->widths[i];
	}
	sum = narrow(w, texts, sum, room);
	return narrow(w, words, sum, room) <= room;
}

/* ---- side by side ---------- */

static void next_part(struct cell_rest *c)
{
	while (c->rest.n == 0 && c->part < 3) {
		c->text = c->part == 0;
		c->rest = buf_str(&c->lines[c->part++]);
	}
}

/* At a space, wherever it is, as cells are narrow; but a word that fits into no line, as a path may
 * be, is broken behind a slash. */
static size_t cell_fitting(struct str rest, size_t columns)
{
	size_t n = page_fitting(rest, columns), space = 0, slash = 0, end = n;
	if (n == rest.n || rest.p[n] == ' ')
		return n;
	for (size_t i = 1; i < n; i++)
		if (rest.p[i] == ' ')
			space = i;
		else if (rest.p[i] == '/' && i > n / 2)
			slash = i + 1;
	while (end < rest.n && rest.p[end] != ' ')
		end++;
	if (space && (end - space - 1 <= columns || slash <= space))
		return space;
	return slash > space ? slash : n;
}

/* A line of the cell, without the spaces behind it; its columns. */
static size_t put_line(struct table_writer *w, struct cell_rest *c, size_t width,
                       enum page_tone tone)
{
	if (c->rest.n == 0)
		return 0;
	size_t deeper = c->text || c->lines[0].n == 0 || width <= DEEPER ? 0 : DEEPER;
	size_t n = cell_fitting(c->rest, width - deeper);
	struct str line = { c->rest.p, n };
	size_t used = deeper;
	for (size_t i = 0; i < line.n; i++)
		used += ((unsigned char)line.p[i] & 0xc0) != 0x80;
	put_spaces(w->out, deeper);
	buf_add_cstr(w->out, page_tone_on(w->terminal, c->text ? tone : PAGE_PLAIN));
	buf_add_str(w->out, line);
	buf_add_cstr(w->out, page_tone_off(w->terminal, c->text ? tone : PAGE_PLAIN));
	c->rest = str_from(c->rest, n);
	while (c->rest.n && c->rest.p[0] == ' ')
		c->rest = str_from(c->rest, 1);
	next_part(c);
	return used;
}

static bool put_row_line(struct table_writer *w, struct cell_rest *cells, enum page_tone tone,
                         bool first)
{
	size_t n = w->table->columns, last = n;
	while (last > 0 && cells[last - 1].rest.n == 0)
		last--;
	if (last == 0)
		return false;
	buf_add_cstr(w->out, first && tone != PAGE_PLAIN ? "=> " : "   ");
	for (size_t i = 0; i < last; i++) {
		size_t used = put_line(w, &cells[i], w->widths[i], tone);
		if (i + 1 < last)
			put_spaces(w->out, w->widths[i] + GAP - used);
	}
	buf_add_byte(w->out, '\n');
	return true;
}

static void put_row(struct table_writer *w, const struct page_row *row)
{
	struct cell_rest cells[PAGE_CELLS_MAX] = { 0 };
	for (size_t i = 0; i < w->table->columns; i++) {
		const struct page_cell *cell = &row->cells[i];
		shown_add_plain(&cells[i].lines[0], cell->text, w->terminal->utf8);
		shown_add_plain(&cells[i].lines[1], cell->code, w->terminal->utf8);
		shown_add_plain(&cells[i].lines[2], cell->note, w->terminal->utf8);
		next_part(&cells[i]);
	}
	for (bool first = true; put_row_line(w, cells, row->tone, first);)
		first = false;
	for (size_t i = 0; i < w->table->columns; i++)
		for (size_t k = 0; k < 3; k++)
			buf_fini(&cells[i].lines[k]);
}

static void put_heads(struct table_writer *w)
{
	struct page_row heads = { .tone = PAGE_PLAIN };
	for (size_t i = 0; i < w->table->columns; i++)
		heads.cells[i].text = w->table->heads[i];
	put_row(w, &heads);
	buf_add_cstr(w->out, "   ");
	for (size_t i = 0; i < w->table->columns; i++) {
		for (size_t k = 0; k < w->widths[i]; k++)
			buf_add_byte(w->out, '-');
		put_spaces(w->out, i + 1 < w->table->columns ? GAP : 0);
	}
	buf_add_byte(w->out, '\n');
}

/* ---- one below the other ---------- */

/* A cell behind its head; the first needs none. */
static void fill_stacked(const struct table_writer *w, const struct page_row *row, size_t column,
                         struct cell_rest *c)
{
	const struct page_cell *cell = &row->cells[column];
	bool utf8 = w->terminal->utf8;
	if (column > 0 && (cell->text.n || cell->code.n || cell->note.n)) {
		shown_add_plain(&c->lines[0], w->table->heads[column], utf8);
		buf_add_cstr(&c->lines[0], cell->text.n ? ": " : ":");
	}
	shown_add_plain(&c->lines[0], cell->text, utf8);
	shown_add_plain(&c->lines[1], cell->code, utf8);
	shown_add_plain(&c->lines[2], cell->note, utf8);
	next_part(c);
}

static void put_stacked(struct table_writer *w, const struct page_row *row)
{
	for (size_t i = 0; i < w->table->columns; i++) {
		struct cell_rest c = { 0 };
		fill_stacked(w, row, i, &c);
		for (bool first = true; c.rest.n; first = false) {
			bool marked = first && i == 0 && row->tone != PAGE_PLAIN;
			size_t before = (i > 0) * DEEPER + !first * DEEPER;
			buf_add_cstr(w->out, marked ? "=> " : "   ");
			put_spaces(w->out, before);
			put_line(w, &c, w->terminal->columns - MARK - before, row->tone);
			buf_add_byte(w->out, '\n');
		}
		for (size_t k = 0; k < 3; k++)
			buf_fini(&c.lines[k]);
	}
}

void page_table_to_text(const struct page_table *table, const struct page_terminal *terminal,
                        struct buf *out)
{
	struct table_writer w = { .table = table, .terminal = terminal, .out = out };
	bool fits = find_widths(&w);
	if (fits)
		put_heads(&w);
	for (const struct page_row *r = table->first; r; r = r->next)
		if (fits)
			put_row(&w, r);
		else
			put_stacked(&w, r);
}
