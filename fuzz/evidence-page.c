/* SPDX-License-Identifier: ISC
 *
 * Evidence as a page, of any payload; input that is no JSON object is transcript, name and message
 * of one. Whatever it is, text fits into its columns, and HTML has no tag but ours.
 */
#include "fuzz.h"
#include "html.h"

#include "proof/evidence-page.h"

#include <stdlib.h>

enum { COLUMNS = 80 };

static const char *const tags[] = {
	"!DOCTYPE html>", "html ", "head>", "meta ", "title>", "style>", "body>", "main>",
	"section>", "h1>", "h2>", "p ", "p>", "dl>", "dt>", "dd ", "dd>", "bdi>", "ol>", "ol ",
	"ul>", "ul ", "li>", "li ", "span ", "span>", "code ", "code>", "small>", "strong>",
	"svg ", "svg>", "rect ", "path ", "text ", "text>", "html>",
};

static void check_text(struct str text)
{
	struct str line;
	while (str_token(&text, "\n", &line)) {
		size_t columns = 0;
		for (size_t i = 0; i < line.n; i++) {
			if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f)
				abort();
			columns += ((unsigned char)line.p[i] & 0xc0) != 0x80;
		}
		if (columns > COLUMNS)
			abort();
	}
}

static void show(const json_t *payload, enum evidence_check check)
{
	struct arena a = { 0 };
	struct page page;
	struct buf text = { 0 }, html = { 0 };
	const struct page_terminal terminal = { .columns = COLUMNS, .utf8 = true };
	const struct evidence_reading reading = {
		.payload = payload, .id = "ev-x", .key_id = "\xff<k>", .check = check,
		.why = check == EVIDENCE_GOOD ? NULL : "<why>", .key = "<key>",
	};
	evidence_page(&reading, &a, &page);
	page_to_text(&page, &terminal, &text);
	page_to_html(&page, &html);
	check_text(buf_str(&text));
	html_check(buf_str(&html), tags, sizeof(tags) / sizeof(*tags));
	buf_fini(&text);
	buf_fini(&html);
	arena_fini(&a);
}

/* Bytes that jansson would not take. */
static json_t *payload_of(const char *bytes, size_t n)
{
	struct buf shown = { 0 };
	json_t *payload = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(payload))
		return payload;
	json_decref(payload);
	for (size_t i = 0; i < n; i++)
		buf_add_byte(&shown, bytes[i] > 0 ? bytes[i] : '\n');
	const char *text = buf_cstr(&shown);
	payload = json_pack("{s:s,s:s,s:[{s:s,s:s,s:s,s:s}]}", "transcript", text, "operator", text,
	                    "returns", "kind", "recipient", "token", "tok", "case", text, "message",
	                    text);
	buf_fini(&shown);
	return payload;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *payload = payload_of((const char *)data, size);
	show(payload, EVIDENCE_GOOD);
	show(payload, EVIDENCE_BAD);
	json_decref(payload);
	return 0;
}
