/* SPDX-License-Identifier: ISC
 *
 * A page as one HTML file: no script, nothing from elsewhere, and a policy that allows neither.
 *
 * Hostile input that reaches it: every text of the page. All of it passes page_html_add().
 */
#include "proof/page.h"

#include <assert.h>

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta name=\"referrer\" content=\"no-referrer\">\n"
	"<meta name=\"robots\" content=\"noindex\">\n";

static const char style[] =
	"<style>\n"
	":root{color-scheme:light dark;--ink:#1c1f23;--paper:#fff;--soft:#f2f4f6;--edge:#b9c0c7;"
	"--dim:#57606a;--strong:#0b57a4;--mark:#fff3c4;--good:#1a7f37;--warning:#8a5a00;"
	"--bad:#b3261e}\n"
	"@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--paper:#15181c;--soft:#20252b;"
	"--edge:#4a535c;--dim:#a0a9b3;--strong:#79b8ff;--mark:#453a10;--good:#5fd07a;"
	"--warning:#e3b341;--bad:#ff8a80}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:56rem;padding:1rem;color:var(--ink);"
	"background:var(--paper);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
	"h1{font-size:1.5rem;line-height:1.25}\n"
	"h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--edge)}\n"
	"p{margin:.5rem 0}\n"
	"article+article{margin-top:4rem;border-top:4px solid var(--edge)}a{color:var(--strong)}\n"
	"code{font:.85rem/1.45 ui-monospace,monospace;white-space:pre-wrap}\n"
	".banner{padding:.75rem 1rem;border:2px solid;border-radius:.4rem;font-weight:600}\n"
	".bad.banner{font-size:1.25rem;border-width:4px}\n"
	".strong{color:var(--strong)}.good{color:var(--good)}.warning{color:var(--warning)}"
	".bad{color:var(--bad)}\n"
	"dl{display:grid;grid-template-columns:9rem 1fr;gap:.25rem 1rem;margin:.5rem 0}\n"
	"dt{color:var(--dim)}dd{margin:0}\n"
	"ol,ul{list-style:none;margin:.5rem 0;padding:0}\n"
	".wire li{display:grid;grid-template-columns:9rem 1fr;gap:0 1rem;padding:.05rem .5rem;"
	"border-left:4px solid transparent}\n"
	".wire .mark{background:var(--mark);border-left-color:var(--strong)}\n"
	".wire .who{color:var(--dim);font:.85rem/1.45 ui-monospace,monospace}\n"
	".wire small{grid-column:2;color:var(--dim)}\n"
	".lines,.wire{padding:.5rem 0;background:var(--soft);border-radius:.4rem}\n"
	".lines li{padding:0 .5rem;border-left:4px solid transparent}\n"
	".lines .mark{background:var(--mark);border-left-color:var(--strong)}\n"
	".command{padding:.4rem .75rem;background:var(--soft);border-radius:.4rem}\n"
	".command small{display:block;color:var(--dim)}\n"
	".paste{margin:.5rem 0;padding:.6rem .75rem;background:var(--soft);border:1px solid "
	"var(--edge);border-radius:.4rem;overflow-x:auto}\n"
	".paste code{white-space:pre;user-select:all;-webkit-user-select:all}\n"
	"table{border-collapse:collapse;width:100%;margin:.5rem 0}\n"
	"th,td{padding:.4rem .6rem;text-align:left;vertical-align:top;font-weight:400;"
	"border-bottom:1px solid var(--edge)}\n"
	"thead th{color:var(--dim);font-size:.85rem;white-space:nowrap}\n"
	"td code,th code,td small,th small{display:block}\n"
	"td small,th small{color:var(--dim)}\n"
	"tr.warning,tr.bad{background:var(--mark)}"
	"tr.warning th,tr.warning td,tr.bad th,tr.bad td{color:var(--ink)}\n"
	"tr.bad th:first-child{border-left:4px solid var(--bad);font-weight:700}"
	"tr.warning th:first-child{border-left:4px solid var(--warning);font-weight:700}\n"
	"svg{display:block;width:100%;max-width:40rem;height:auto;margin:.5rem 0}\n"
	"svg rect{fill:var(--soft);stroke:var(--edge)}"
	"svg .strong{stroke:var(--strong)}svg .bad{stroke:var(--bad)}\n"
	"svg text{fill:var(--ink);font-family:ui-monospace,monospace;font-size:13px}"
	"svg .l{font-weight:700}svg .n{fill:var(--dim)}svg path{stroke:var(--ink);fill:none}\n"
	"@media (max-width:36rem){dl,.wire li{grid-template-columns:1fr}"
	".wire small{grid-column:1}"
	"table,tbody,tr,th,td{display:block}thead{position:absolute;width:1px;height:1px;"
	"overflow:hidden;clip-path:inset(50%)}tr{margin:.75rem 0;padding:.25rem 0;border:1px "
	"solid var(--edge);border-radius:.4rem}th,td{border:0;padding:.2rem .75rem}"
	"td{display:grid;grid-template-columns:6.5rem 1fr}td>*{grid-column:2}"
	"td::before{content:attr(data-head);grid-row:1/span 3;color:var(--dim);font-size:.85rem}}\n"
	"@media print{body{max-width:none;padding:0;font-size:10pt}h2{break-after:avoid}"
	"li,dd,.command{break-inside:avoid}.mark{font-weight:700}}\n"
	"</style>\n";

/* The words of our own: never a byte of a text. */
static const char *tone_class(enum page_tone tone)
{
	static const char *const names[] = {
		[PAGE_PLAIN] = "plain", [PAGE_STRONG] = "strong", [PAGE_GOOD] = "good",
		[PAGE_WARNING] = "warning", [PAGE_BAD] = "bad",
	};
	assert((size_t)tone < sizeof(names) / sizeof(*names));
	return names[tone];
}

/* <NAME ATTRIBUTES>text</NAME> */
static void add_element(struct buf *out, const char *name, const char *attributes,
                        struct str text)
{
	buf_printf(out, "<%s%s%s>", name, *attributes ? " " : "", attributes);
	page_html_add(out, text);
	buf_printf(out, "</%s>", name);
}

/* An order of its own: text that is written from right to left stays in its place. */
static void add_code(struct buf *out, struct str text)
{
	add_element(out, "code", "dir=\"ltr\"", text);
}

static void add_small(struct buf *out, struct str note)
{
	if (note.n)
		add_element(out, "small", "", note);
}

static void add_fact(struct buf *out, const struct page_block *b)
{
	add_element(out, "dt", "", b->label);
	buf_printf(out, "<dd class=\"%s\"><bdi>", tone_class(b->tone));
	page_html_add(out, b->text);
	buf_add_cstr(out, "</bdi></dd>\n");
}

static void add_wire(struct buf *out, const struct page_block *b)
{
	buf_printf(out, "<li%s>", b->tone == PAGE_PLAIN ? "" : " class=\"mark\"");
	add_element(out, "span", "class=\"who\"", b->label);
	add_code(out, b->text);
	add_small(out, b->note);
	buf_add_cstr(out, "</li>\n");
}

static void add_verbatim(struct buf *out, const struct page_block *b)
{
	buf_printf(out, "<li%s>", b->tone == PAGE_PLAIN ? "" : " class=\"mark\"");
	add_code(out, b->text);
	buf_add_cstr(out, "</li>\n");
}

/* For whom the picture is none. */
static void add_step(struct buf *out, const struct page_block *b)
{
	buf_add_cstr(out, "<li>");
	add_element(out, "strong", "", b->label);
	buf_add_cstr(out, ": <bdi>");
	page_html_add(out, b->text);
	buf_add_cstr(out, "</bdi> ");
	add_small(out, b->note);
	buf_add_cstr(out, "</li>\n");
}

static void add_alone(struct buf *out, const struct page_block *b)
{
	if (b->kind == PAGE_COMMAND) {
		buf_add_cstr(out, "<p class=\"command\">");
		add_code(out, b->text);
		add_small(out, b->note);
	} else {
		buf_printf(out, "<p class=\"%s\">", tone_class(b->tone));
		page_html_add(out, b->text);
	}
	buf_add_cstr(out, "</p>\n");
}

static void add_paste(struct buf *out, const struct page_block *b)
{
	page_html_add(out, b->text);
	buf_add_byte(out, '\n');
}

/* The roles keep it a table where a narrow page sets its cells one below the other. */
static void add_cell(struct buf *out, const struct page_cell *cell, const struct str *of)
{
	buf_add_cstr(out, of ? "<td role=\"cell\" data-head=\""
	                       : "<th scope=\"row\" role=\"rowheader\">");
	if (of) {
		page_html_add(out, *of);
		buf_add_cstr(out, "\">");
	}
	if (cell->text.n)
		add_element(out, "bdi", "", cell->text);
	if (cell->code.n)
		add_code(out, cell->code);
	add_small(out, cell->note);
	buf_add_cstr(out, of ? "</td>" : "</th>");
}

static void add_table(struct buf *out, const struct page_block *b)
{
	const struct page_table *t = b->table;
	buf_add_cstr(out, "<table role=\"table\">\n<thead role=\"rowgroup\"><tr role=\"row\">");
	for (size_t i = 0; i < t->columns; i++)
		add_element(out, "th", "scope=\"col\" role=\"columnheader\"", t->heads[i]);
	buf_add_cstr(out, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
	for (const struct page_row *r = t->first; r; r = r->next) {
		buf_printf(out, "<tr role=\"row\" class=\"%s\">", tone_class(r->tone));
		for (size_t i = 0; i < t->columns; i++)
			add_cell(out, &r->cells[i], i ? &t->heads[i] : NULL);
		buf_add_cstr(out, "</tr>\n");
	}
	buf_add_cstr(out, "</tbody>\n</table>\n");
}

/* Blocks of a kind that stand together make one list. */
static const struct {
	const char *open, *close;
	void (*add)(struct buf *out, const struct page_block *b);
} lists[] = {
	[PAGE_TEXT] = { "", "", add_alone },
	[PAGE_FACT] = { "<dl>\n", "</dl>\n", add_fact },
	[PAGE_WIRE] = { "<ol class=\"wire\">\n", "</ol>\n", add_wire },
	[PAGE_VERBATIM] = { "<ul class=\"lines\">\n", "</ul>\n", add_verbatim },
	[PAGE_COMMAND] = { "", "", add_alone },
	[PAGE_STEP] = { "<ol>\n", "</ol>\n", add_step },
	[PAGE_PASTE] = { "<pre class=\"paste\"><code dir=\"ltr\">", "</code></pre>\n", add_paste },
	[PAGE_TABLE] = { "", "", add_table },
};

static void add_blocks(struct buf *out, const struct page_block *b)
{
	while (b) {
		enum page_kind kind = b->kind;
		if (kind == PAGE_STEP)
			page_way_svg(b, out);
		buf_add_cstr(out, lists[kind].open);
		for (; b && b->kind == kind; b = b->next)
			lists[kind].add(out, b);
		buf_add_cstr(out, lists[kind].close);
	}
}

static void add_heading(struct buf *out, const struct page_section *s)
{
	if (s->tone == PAGE_STRONG)
		buf_add_cstr(out, "<h2>");
	else
		buf_printf(out, "<h2 class=\"%s\">", tone_class(s->tone));
	page_html_add(out, s->heading);
	buf_add_cstr(out, "</h2>");
}

/* What must be known of each page, and a link to it. */
static void add_contents(struct buf *out, const struct page *first)
{
	size_t n = 0;
	buf_add_cstr(out, "<nav><ul>\n");
	for (const struct page *page = first; page; page = page->next) {
		buf_printf(out, "<li><a href=\"#page%zu\">", ++n);
		page_html_add(out, page->title);
		buf_printf(out, "</a><p class=\"%s\">", tone_class(page->tone));
		page_html_add(out, page->banner);
		buf_add_cstr(out, "</p></li>\n");
	}
	buf_add_cstr(out, "</ul></nav>\n");
}

static void add_page(struct buf *out, const struct page *page)
{
	if (page->banner.n) {
		buf_printf(out, "<p role=\"%s\" class=\"banner %s\">",
		           page->tone == PAGE_BAD ? "alert" : "note", tone_class(page->tone));
		page_html_add(out, page->banner);
		buf_add_cstr(out, "</p>\n");
	}
	add_element(out, "h1", "", page->title);
	buf_add_byte(out, '\n');
	for (const struct page_section *s = page->first; s; s = s->next) {
		buf_add_cstr(out, "<section>\n");
		add_heading(out, s);
		buf_add_byte(out, '\n');
		add_blocks(out, s->first);
		buf_add_cstr(out, "</section>\n");
	}
}

void page_to_html(const struct page *page, struct buf *out)
{
	size_t n = 0;
	buf_add_cstr(out, head);
	add_element(out, "title", "", page->title);
	buf_add_byte(out, '\n');
	buf_add_cstr(out, style);
	buf_add_cstr(out, "</head>\n<body>\n<main>\n");
	if (page->next)
		add_contents(out, page);
	for (const struct page *p = page; p; p = p->next) {
		if (page->next)
			buf_printf(out, "<article id=\"page%zu\">\n", ++n);
		add_page(out, p);
		if (page->next)
			buf_add_cstr(out, "</article>\n");
	}
	buf_add_cstr(out, "</main>\n</body>\n</html>\n");
}
