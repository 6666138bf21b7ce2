/* SPDX-License-Identifier: ISC
 *
 * An audit's report whose strings, rows and flags are made of the input. Whatever it is, text fits
 * into its columns but for what is to be pasted, HTML has no tag but ours, and the JSON is read
 * back.
 */
#include "fuzz.h"
#include "html.h"

#include "audit/report.h"

#include <stdlib.h>

enum { COLUMNS = 80, PARTS_MAX = 12 };

static const char *const tags[] = {
	"!DOCTYPE html>", "html ", "head>", "meta ", "title>", "style>", "body>", "main>",
	"section>", "h1>", "h2 ", "h2>", "p ", "p>", "dl>", "dt>", "dd ", "dd>", "bdi>", "ul>",
	"ul ", "li>", "li ", "code ", "code>", "small>", "pre ", "pre>", "table ", "table>",
	"thead ", "thead>", "tbody ", "tbody>", "tr ", "tr>", "th ", "th>", "td ", "td>", "html>",
};

/* What the report is made of: bytes for numbers, strings for texts. */
struct made {
	const uint8_t *bytes;
	size_t n, at;
	const char *texts[PARTS_MAX];
	size_t text_n;
	struct arena *arena;
};

static uint8_t byte_of(struct made *m)
{
	return m->at < m->n ? m->bytes[m->at++] : 0;
}

static const char *text_of(struct made *m)
{
	return m->text_n ? m->texts[byte_of(m) % m->text_n] : "";
}

/* The input in strings: it is cut at each NUL. */
static void cut(struct made *m)
{
	const char *p = (const char *)m->bytes;
	size_t begin = 0;
	for (size_t i = 0; i <= m->n && m->text_n < PARTS_MAX; i++) {
		if (i < m->n && p[i])
			continue;
		const struct str part = { p + begin, i - begin };
		m->texts[m->text_n++] = arena_strdup(m->arena, part);
		begin = i + 1;
	}
}

static void make_lines(struct made *m, const struct audit_line **lines, size_t *n)
{
	*n = byte_of(m) % 4;
	struct audit_line *made = arena_alloc(m->arena, (*n + 1) * sizeof(*made));
	for (size_t i = 0; i < *n; i++)
		made[i] = (struct audit_line){ text_of(m),
		                               { text_of(m), byte_of(m), text_of(m) } };
	*lines = made;
}

static struct audit_asker *make_asker(struct made *m)
{
	struct audit_asker *asker = arena_alloc(m->arena, sizeof(*asker));
	asker->kind = byte_of(m) % (AUDIT_SEEN + 1);
	asker->ip.family = byte_of(m) % 2 ? 4 : 6;
	for (size_t i = 0; i < (asker->ip.family == 4 ? 4 : 16); i++)
		asker->ip.b[i] = byte_of(m);
	asker->network = prefix_of(&asker->ip, byte_of(m) % (ip_bits(&asker->ip) + 1));
	asker->interface = text_of(m);
	return asker;
}

static void make_who(struct made *m, struct audit_who *who, const struct audit_asker *asker)
{
	static const char *const known[] = { "E01", "E14", "A01", "S03" };
	who->asker = asker;
	who->port = byte_of(m);
	who->tls = byte_of(m) % (AUDIT_TLS_FIRST + 1);
	who->form_n = 1 + byte_of(m) % 6;
	who->forms = arena_alloc(m->arena, who->form_n * sizeof(*who->forms));
	for (size_t i = 0; i < who->form_n; i++)
		who->forms[i] = byte_of(m) % 2 ? known[byte_of(m) % 4] : text_of(m);
	uint8_t flags = byte_of(m);
	who->some = flags & 1;
	who->sound = flags & 2;
	who->strangers = flags & 4;
	who->perhaps = flags & 8;
	make_lines(m, &who->by, &who->by_n);
}

static void make_rows(struct made *m, struct audit_report *r)
{
	size_t asker_n = 1 + byte_of(m) % 4;
	struct audit_asker *askers[4];
	for (size_t i = 0; i < asker_n; i++)
		askers[i] = make_asker(m);
	r->who_n = byte_of(m) % 24;
	r->who = arena_alloc(m->arena, (r->who_n + 1) * sizeof(*r->who));
	for (size_t i = 0; i < r->who_n; i++)
		make_who(m, &r->who[i], askers[byte_of(m) % asker_n]);
	r->row_n = byte_of(m) % 24;
	r->rows = arena_alloc(m->arena, (r->row_n + 1) * sizeof(*r->rows));
	for (size_t i = 0; i < r->row_n; i++)
		r->rows[i] = (struct audit_row){
			.asker = askers[byte_of(m) % asker_n], .port = byte_of(m),
			.tls = byte_of(m) % (AUDIT_TLS_FIRST + 1),
			.plain = byte_of(m) % (AUDIT_TAKEN + 1), .why = text_of(m),
			.who = r->who_n && byte_of(m) % 2 ? &r->who[byte_of(m) % r->who_n] : NULL,
		};
}

static void make_findings(struct made *m, struct audit_report *r)
{
	r->finding_n = byte_of(m) % 4;
	r->findings = arena_alloc(m->arena, (r->finding_n + 1) * sizeof(*r->findings));
	for (size_t i = 0; i < r->finding_n; i++) {
		struct audit_finding *f = &r->findings[i];
		f->severity = byte_of(m) % (AUDIT_ADVICE + 1);
		f->cause = byte_of(m) % 2 ? "C6" : text_of(m);
		f->title = text_of(m);
		f->why = text_of(m);
		make_lines(m, &f->lines, &f->line_n);
		f->fix_n = byte_of(m) % 4;
		const char **fix = arena_alloc(m->arena, (f->fix_n + 1) * sizeof(*fix));
		for (size_t k = 0; k < f->fix_n; k++)
			fix[k] = text_of(m);
		f->fix = fix;
		f->check = text_of(m);
	}
}

static void make(struct made *m, struct audit_report *r)
{
	cut(m);
	*r = (struct audit_report){ .arena = m->arena, .mta = byte_of(m) % (MTA_LAST + 1) };
	r->verdict = byte_of(m) % (AUDIT_UNKNOWN + 1);
	r->version = text_of(m);
	r->host_name = text_of(m);
	r->how = text_of(m);
	r->summary = text_of(m);
	r->time_s = byte_of(m) * 10000000LL;
	make_rows(m, r);
	make_findings(m, r);
	r->unasked_n = byte_of(m) % 4;
	r->unasked = arena_alloc(m->arena, (r->unasked_n + 1) * sizeof(*r->unasked));
	for (size_t i = 0; i < r->unasked_n; i++)
		r->unasked[i] = (struct audit_unasked){ text_of(m), text_of(m), byte_of(m) & 1 };
	r->doubt = byte_of(m) & 1 ? text_of(m) : NULL;
	r->forms_planned = byte_of(m);
	r->forms_asked = byte_of(m);
}

/* ---- what must hold ---------- */

static bool is_fix(const struct audit_report *r, struct str line)
{
	for (size_t i = 0; i < r->finding_n; i++)
		for (size_t k = 0; k < r->findings[i].fix_n; k++)
			if (str_eq(line, str_of(r->findings[i].fix[k])))
				return true;
	return false;
}

static void check_text(const struct audit_report *r, struct str text)
{
	struct str line;
	while (str_token(&text, "\n", &line)) {
		size_t columns = 0;
		for (size_t i = 0; i < line.n; i++) {
			if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f)
				abort();
			columns += ((unsigned char)line.p[i] & 0xc0) != 0x80;
		}
		if (columns > COLUMNS && !is_fix(r, line))
			abort();
	}
}

static void check_json(const struct audit_report *r)
{
	struct buf text = { 0 };
	struct json j = { .out = &text };
	json_open_object(&j, NULL);
	audit_report_json(r, &j);
	json_close(&j);
	json_t *read = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (!read || json_array_size(json_object_get(read, "who")) != r->who_n ||
	    json_array_size(json_object_get(read, "findings")) != r->finding_n)
		abort();
	json_decref(read);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct made m = { .bytes = data, .n = size, .arena = &a };
	struct audit_report r;
	struct page page;
	struct buf text = { 0 }, html = { 0 };
	const struct page_terminal terminal = { .columns = COLUMNS, .utf8 = true };
	make(&m, &r);
	audit_report_page(&r, &page);
	page_to_text(&page, &terminal, &text);
	page_to_html(&page, &html);
	check_text(&r, buf_str(&text));
	html_check(buf_str(&html), tags, sizeof(tags) / sizeof(*tags));
	check_json(&r);
	buf_fini(&text);
	buf_fini(&html);
	arena_fini(&a);
	return 0;
}
