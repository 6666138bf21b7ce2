/* SPDX-License-Identifier: ISC
 *
 * Foreign text in HTML: what a terminal must not get, a page does not get either; then what
 * could end a text or begin a tag.
 *
 * Hostile input that reaches it: any bytes.
 */
#include "proof/page.h"

#include "base/shown.h"

void page_html_add(struct buf *out, struct str text)
{
	struct buf shown = { 0 };
	shown_add_plain(&shown, text, true);
	for (size_t i = 0; i < shown.n; i++) {
		switch (shown.p[i]) {
		case '<': buf_add_cstr(out, "&lt;"); break;
		case '>': buf_add_cstr(out, "&gt;"); break;
		case '&': buf_add_cstr(out, "&amp;"); break;
		case '"': buf_add_cstr(out, "&quot;"); break;
		case '\'': buf_add_cstr(out, "&#39;"); break;
		default: buf_add_byte(out, shown.p[i]);
		}
	}
	buf_fini(&shown);
}
