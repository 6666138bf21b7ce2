/* SPDX-License-Identifier: ISC
 *
 * A page as text: each text is escaped, then broken at spaces to fit, its later lines indented.
 *
 * Hostile input that reaches it: every text of the page.
 */
#include "proof/page-private.h"

#include "base/shown.h"

#include <assert.h>

enum { INDENT = 2, LABEL_COLUMNS = 14, WIRE_COLUMNS = 15, STEP_COLUMNS = 12, TITLE_INDENT = 10 };

struct writer {
	const struct page_terminal *terminal;
	struct buf *out;
	struct buf line;                     /* escaped, before it is broken */
};

static void add_spaces(struct writer *w, size_t n)
{
	while (n--)
		buf_add_byte(w->out, ' ');
}

/* The text from the column on that the line has reached by now. */
static void add_broken(struct writer *w, size_t indent, enum page_tone tone, struct str text)
{
	size_t columns = w->terminal->columns > indent + 8 ? w->terminal->columns - indent : 8;
	buf_clear(&w->line);
	shown_add_plain(&w->line, text, w->terminal->utf8);
	struct str rest = buf_str(&w->line);
	for (bool first = true; first || rest.n; first = false) {
		size_t n = page_fitting(rest, columns);
		if (!first)
			add_spaces(w, indent);
		buf_add_cstr(w->out, page_tone_on(w->terminal, tone));
		buf_add_str(w->out, (struct str){ rest.p, n });
		buf_add_cstr(w->out, page_tone_off(w->terminal, tone));
		buf_add_byte(w->out, '\n');
		rest = str_from(rest, n);
		while (rest.n && rest.p[0] == ' ')
			rest = str_from(rest, 1);
	}
}

/* A label in its own columns; one that is longer has a line of its own. */
static void add_label(struct writer *w, enum page_tone tone, size_t indent, size_t columns,
                      struct str label)
{
	buf_clear(&w->line);
	shown_add_plain(&w->line, label, w->terminal->utf8);
	size_t used = shown_columns(buf_cstr(&w->line));
	add_spaces(w, indent);
	buf_add_cstr(w->out, page_tone_on(w->terminal, tone));
	buf_add_str(w->out, buf_str(&w->line));
	buf_add_cstr(w->out, page_tone_off(w->terminal, tone));
	if (used < columns) {
		add_spaces(w, columns - used);
		return;
	}
	buf_add_byte(w->out, '\n');
	add_spaces(w, indent + columns);
}

static void add_note(struct writer *w, size_t indent, struct str note)
{
	if (note.n == 0)
		return;
	add_spaces(w, indent);
	add_broken(w, indent, PAGE_PLAIN, note);
}

static void add_wire(struct writer *w, const struct page_block *b)
{
	buf_add_cstr(w->out, b->tone == PAGE_PLAIN ? "   " : "=> ");
	add_label(w, b->tone, 0, WIRE_COLUMNS - 3, b->label);
	add_broken(w, WIRE_COLUMNS, b->tone, b->text);
	add_note(w, WIRE_COLUMNS, b->note);
}

static void add_step(struct writer *w, const struct page_block *b, bool first)
{
	if (!first) {
		add_spaces(w, INDENT + 3);
		buf_add_cstr(w->out, "|\n");
		add_spaces(w, INDENT + 3);
		buf_add_cstr(w->out, "v\n");
	}
	add_label(w, PAGE_STRONG, INDENT, STEP_COLUMNS, b->label);
	add_broken(w, INDENT + STEP_COLUMNS, b->tone, b->text);
	add_note(w, INDENT + STEP_COLUMNS, b->note);
}

static void add_block(struct writer *w, const struct page_block *b, const struct page_block *before)
{
	switch (b->kind) {
	case PAGE_TEXT:
		if (before)
			buf_add_byte(w->out, '\n');
		add_spaces(w, INDENT);
		add_broken(w, INDENT, b->tone, b->text);
		break;
	case PAGE_FACT:
		add_label(w, PAGE_PLAIN, INDENT, LABEL_COLUMNS, b->label);
		add_broken(w, INDENT + LABEL_COLUMNS, b->tone, b->text);
		break;
	case PAGE_WIRE:
		add_wire(w, b);
		break;
	case PAGE_VERBATIM:
		buf_add_cstr(w->out, b->tone == PAGE_PLAIN ? "    " : " => ");
		add_broken(w, 2 * INDENT + 2, b->tone, b->text);
		break;
	case PAGE_COMMAND:
		if (before && before->kind != PAGE_COMMAND)
			buf_add_byte(w->out, '\n');
		add_spaces(w, 2 * INDENT);
		add_broken(w, 3 * INDENT, PAGE_STRONG, b->text);
		add_note(w, 3 * INDENT, b->note);
		break;
	case PAGE_STEP:
		add_step(w, b, !before || before->kind != PAGE_STEP);
		break;
	case PAGE_PASTE:
		shown_add_plain(w->out, b->text, w->terminal->utf8);
		buf_add_byte(w->out, '\n');
		break;
	case PAGE_TABLE:
		page_table_to_text(b->table, w->terminal, w->out);
		break;
	}
}

static bool runs_on(enum page_kind kind)
{
	return kind == PAGE_WIRE || kind == PAGE_VERBATIM || kind == PAGE_STEP ||
	       kind == PAGE_PASTE || kind == PAGE_TABLE;
}

static void add_section(struct writer *w, const struct page_section *section)
{
	buf_add_byte(w->out, '\n');
	add_broken(w, INDENT, section->tone, section->heading);
	const struct page_block *before = NULL;
	for (const struct page_block *b = section->first; b; before = b, b = b->next) {
		if (before && before->kind != b->kind && b->kind != PAGE_TEXT &&
		    (runs_on(b->kind) || runs_on(before->kind) || before->kind == PAGE_TEXT) &&
		    b->kind != PAGE_COMMAND)
			buf_add_byte(w->out, '\n');
		add_block(w, b, before);
	}
}

/* What is bad is said between two rules, so that it is seen without colours, too. */
static void add_banner(struct writer *w, const struct page *page)
{
	bool loud = !page->unruled && (page->tone == PAGE_BAD || page->tone == PAGE_WARNING);
	if (page->banner.n == 0)
		return;
	for (int rule = 0; rule < 2; rule++) {
		for (size_t i = 0; loud && i < w->terminal->columns; i++)
			buf_add_byte(w->out, '!');
		if (loud)
			buf_add_byte(w->out, '\n');
		if (rule == 0)
			add_broken(w, page->unruled ? INDENT : 0, page->tone, page->banner);
	}
	if (!page->unruled)
		buf_add_byte(w->out, '\n');
}

void page_to_text(const struct page *page, const struct page_terminal *terminal, struct buf *out)
{
	struct writer w = { .terminal = terminal, .out = out };
	assert(terminal->columns >= PAGE_COLUMNS_MIN);
	add_banner(&w, page);
	/* At the left edge begins what we say: the later lines of a title may be foreign. */
	add_broken(&w, TITLE_INDENT, PAGE_STRONG, page->title);
	for (const struct page_section *s = page->first; s; s = s->next)
		add_section(&w, s);
	buf_fini(&w.line);
}
