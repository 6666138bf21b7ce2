/* SPDX-License-Identifier: ISC
 *
 * A page to read: sections of blocks, made once and rendered as text for a terminal or as one
 * HTML file. Pure: no file, no clock, no terminal.
 *
 * Hostile input that reaches it: any bytes in any text. Who fills a page adds texts as they
 * are, and escapes nothing; the renderers escape all of them, in every place. So no text can
 * become markup, an escape sequence, or a line that looks like ours. Texts are copied into the
 * page's arena and cut where it is said.
 */
#ifndef PORTREEVE_PROOF_PAGE_H
#define PORTREEVE_PROOF_PAGE_H

#include "base/arena.h"

enum page_kind {
	PAGE_TEXT,           /* a paragraph: text */
	PAGE_FACT,           /* label: text */
	PAGE_WIRE,           /* a line of a session: label (who, when), text, note (in words) */
	PAGE_VERBATIM,       /* a line as it stands: text */
	PAGE_COMMAND,        /* to be typed: text, note (what it does) */
	PAGE_STEP,           /* of a way from top to bottom, which is drawn: label, text, note */
	PAGE_PASTE,          /* a line to be pasted: text, never broken, at the left edge */
	PAGE_TABLE,          /* by page_table() alone */
};

/* How loud it is. */
enum page_tone { PAGE_PLAIN, PAGE_STRONG, PAGE_GOOD, PAGE_WARNING, PAGE_BAD };

enum { PAGE_CELLS_MAX = 6 };
/* Of a row; each part begins a line of its own. "" where there is none. */
struct page_cell {
	struct str text;
	struct str code;                     /* as it stands in a file, or as a machine writes it */
	struct str note;
};
struct page_row {
	enum page_tone tone;                 /* of the texts; one that is not plain is marked */
	struct page_cell cells[PAGE_CELLS_MAX];
	struct page_row *next;
};
struct page_table {
	size_t columns;
	struct str heads[PAGE_CELLS_MAX];
	struct page_row *first, *last;
};

struct page_block {
	enum page_kind kind;
	enum page_tone tone;
	struct str label, text, note;        /* "" where there is none */
	struct page_table *table;            /* of PAGE_TABLE; else NULL */
	struct page_block *next;
};

struct page_section {
	struct str heading;
	enum page_tone tone;                 /* of the heading: PAGE_STRONG, until it is set */
	struct page_block *first, *last;
	struct page_section *next;
};

struct page {
	struct arena *arena;
	struct str title;
	enum page_tone tone;                 /* of the banner */
	struct str banner;                   /* what must be known first */
	bool unruled;                        /* as text, the banner is the first line, without
	                                        rules around it */
	struct page_section *first, *last;
	const struct page *next;             /* that stands below it in the same file; NULL */
};

enum { PAGE_TEXT_MAX = 4096 };

/* `arena` outlives the page. */
void page_init(struct page *page, struct arena *arena, struct str title);
/* A page has one. */
void page_banner(struct page *page, enum page_tone tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What is added from now on stands below this heading. */
void page_heading(struct page *page, const char *heading);
/* Texts of more than PAGE_TEXT_MAX bytes are cut, and end in "...". */
void page_add(struct page *page, enum page_kind kind, enum page_tone tone, struct str label,
              struct str text, struct str note);
/* Begins a table; each row has a cell a head, at most PAGE_CELLS_MAX. The first cell says what the
 * row is about. */
void page_table(struct page *page, const char *const *heads, size_t columns);
/* A row of the table that was begun last, in whose section no other block follows yet. */
void page_row(struct page *page, enum page_tone tone, const struct page_cell *cells);
void page_text(struct page *page, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void page_fact(struct page *page, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Where text is shown. */
struct page_terminal {
	unsigned columns;                    /* at least PAGE_COLUMNS_MIN */
	bool colour, utf8;
};
enum { PAGE_COLUMNS_MIN = 40 };
/* Appends the page as lines that fit, without those behind it. */
void page_to_text(const struct page *page, const struct page_terminal *terminal, struct buf *out);
/* Appends the page, and those behind it, as a whole HTML document in UTF-8, without scripts and
 * without anything from elsewhere. Of several it begins with what must be known of each. */
void page_to_html(const struct page *page, struct buf *out);
/* Appends text as it may stand in HTML, in an element or in a quoted attribute. */
void page_html_add(struct buf *out, struct str text);
/* Appends the steps, up to the first block that is none, as an SVG element that stands in a page
 * of page_to_html(); the first block behind them. */
const struct page_block *page_way_svg(const struct page_block *first, struct buf *out);

#endif
