/* SPDX-License-Identifier: ISC
 *
 * A report about any message, a template of ours, and any bounce. Input: a byte of choice
 * (0: bounce), then the message. The mail made must be ASCII in short lines, its header what
 * we wrote, and the recipient that our own host wrote down must not be in it.
 */
#include "fuzz.h"

#include "trace/border.h"
#include "report/report.h"
#include "report/bounce.h"

#include <assert.h>
#include <stdlib.h>

#define HANDOVER "Received: from a.example (a.example [198.51.100.25]) by mx.ours.test (Postfix)" \
	" with ESMTP id 1 for <zqxjkvb@ours.test>; Sat, 21 Nov 2026 10:00:00 +0000\n"

static void check_mail(struct str mail)
{
	size_t line = 0;
	for (size_t i = 0; i < mail.n; i++) {
		unsigned char c = (unsigned char)mail.p[i];
		assert(c == '\r' || c == '\n' || c == '\t' || ascii_isprint(c));
		assert(c != '\n' || mail.p[i - 1] == '\r');
		line = c == '\n' ? 0 : line + 1;
		assert(line < 998);
	}
	struct str header = { mail.p, str_search(mail, STR("\r\n\r\n")) };
	assert(str_search(header, STR("\nBcc")) == SIZE_MAX);
}

static void check_report(struct str message)
{
	struct border_set set = { 0 };
	struct trace t = { 0 };
	struct redaction r = { 0 };
	struct buf copy = { 0 }, mail = { 0 }, json = { 0 };
	struct arena arena = { 0 };
	assert(border_add_own_host(&set, STR("*.ours.test"), NULL) == ERR_OK);
	struct trace_border border = border_view(&set);
	trace_message(&t, message, &border);
	report_guard(message, &t, false);
	if (t.handover.family) {
		r.trace = &t;
		r.border = &border;
		redact_recipients(&r, &arena, &t, message);
		redact_message(&r, message, 4096, &copy);
		struct report_facts f = {
			.reporter = { "Us", "reports@ours.test", "desk.ours.test" },
			.id = "abcdefgh", .token = "abcdefgh-aaaaaaaaaaaaaaaa",
			.uuid = "00000000-0000-4000-8000-000000000000", .contact = "abuse@isp.test",
			.contact_source = "rdap", .now_s = 1, .source = t.handover,
			.relay = t.relay,
			.network = "n", .network_name = "", .incidents = 1, .trace = &t,
			.redaction = &r, .copy = buf_str(&copy),
		};
		arf_format(&f, &mail);
		xarf_format(&f, &json);
		check_mail(buf_str(&mail));
		assert(str_casesearch(buf_str(&copy), STR("<zqxjkvb@")) == SIZE_MAX);
	}
	buf_fini(&copy);
	buf_fini(&mail);
	buf_fini(&json);
	arena_fini(&arena);
	trace_fini(&t);
	border_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str message = { (const char *)data + 1, size - 1 };
	if (data[0] == 0) {
		struct report_bounce b;
		const char *expected = NULL;
		/* Not even a fuzzer makes up a token: it gets one in front. */
		static const unsigned char key[REPORT_KEY_BYTES];
		char token[REPORT_TOKEN_LEN + 1];
		struct buf whole = { 0 };
		report_token_make(key, "abcdefgh", token);
		assert(report_bounce_parse(message, key, &b, &expected) != ERR_OK && expected);
		buf_printf(&whole, "To: b+%s@ours.test\r\n", token);
		buf_add_str(&whole, message);
		if (report_bounce_parse(buf_str(&whole), key, &b, &expected) == ERR_OK)
			assert(strcmp(b.id, "abcdefgh") == 0);
		buf_fini(&whole);
		return 0;
	}
	struct buf whole = { 0 };
	buf_add_cstr(&whole, HANDOVER);
	buf_add_str(&whole, message);
	check_report(buf_str(&whole));
	buf_fini(&whole);
	return 0;
}
