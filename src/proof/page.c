/* SPDX-License-Identifier: ISC
 *
 * How a page is filled: lists in its arena.
 */
#include "proof/page.h"

#include "base/shown.h"

#include <assert.h>
#include <stdlib.h>

static struct str kept(struct page *page, struct str text)
{
	struct str cut = shown_cut(text, PAGE_TEXT_MAX);
	assert(cut.n <= text.n);
	if (cut.n == text.n)
		return arena_str(page->arena, text);
	return str_of(arena_printf(page->arena, "%.*s...", STR_ARG(cut)));
}

void page_init(struct page *page, struct arena *arena, struct str title)
{
	*page = (struct page){ .arena = arena };
	page->title = kept(page, title);
}

static struct str formatted(struct page *page, const char *fmt, va_list ap)
{
	struct buf text = { 0 };
	buf_vprintf(&text, fmt, ap);
	struct str s = kept(page, buf_str(&text));
	buf_fini(&text);
	return s;
}

void page_banner(struct page *page, enum page_tone tone, const char *fmt, ...)
{
	va_list ap;
	assert(page->banner.n == 0);
	va_start(ap, fmt);
	page->banner = formatted(page, fmt, ap);
	va_end(ap);
	page->tone = tone;
}

void page_heading(struct page *page, const char *heading)
{
	struct page_section *section = arena_alloc(page->arena, sizeof(*section));
	section->heading = kept(page, str_of(heading));
	section->tone = PAGE_STRONG;
	if (page->last)
		page->last->next = section;
	else
		page->first = section;
	page->last = section;
}

static struct page_block *append(struct page *page, enum page_kind kind)
{
	struct page_section *section = page->last;
	struct page_block *block = arena_alloc(page->arena, sizeof(*block));
	assert(section);                     /* a heading comes first */
	block->kind = kind;
	if (section->last)
		section->last->next = block;
	else
		section->first = block;
	section->last = block;
	return block;
}

void page_add(struct page *page, enum page_kind kind, enum page_tone tone, struct str label,
              struct str text, struct str note)
{
	assert(kind != PAGE_TABLE);
	struct page_block *block = append(page, kind);
	block->tone = tone;
	block->label = kept(page, label);
	block->text = kept(page, text);
	block->note = kept(page, note);
}

void page_table(struct page *page, const char *const *heads, size_t columns)
{
	struct page_block *block = append(page, PAGE_TABLE);
	assert(columns > 0 && columns <= PAGE_CELLS_MAX);
	block->table = arena_alloc(page->arena, sizeof(*block->table));
	block->table->columns = columns;
	for (size_t i = 0; i < columns; i++)
		block->table->heads[i] = kept(page, str_of(heads[i]));
}

void page_row(struct page *page, enum page_tone tone, const struct page_cell *cells)
{
	assert(page->last && page->last->last && page->last->last->kind == PAGE_TABLE);
	struct page_table *table = page->last->last->table;
	struct page_row *row = arena_alloc(page->arena, sizeof(*row));
	row->tone = tone;
	for (size_t i = 0; i < table->columns; i++) {
		row->cells[i].text = kept(page, cells[i].text);
		row->cells[i].code = kept(page, cells[i].code);
		row->cells[i].note = kept(page, cells[i].note);
	}
	if (table->last)
		table->last->next = row;
	else
		table->first = row;
	table->last = row;
}

void page_text(struct page *page, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	append(page, PAGE_TEXT)->text = formatted(page, fmt, ap);
	va_end(ap);
}

void page_fact(struct page *page, const char *label, const char *fmt, ...)
{
	va_list ap;
	struct page_block *block = append(page, PAGE_FACT);
	block->label = kept(page, str_of(label));
	va_start(ap, fmt);
	block->text = formatted(page, fmt, ap);
	va_end(ap);
}
