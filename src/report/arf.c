/* SPDX-License-Identifier: ISC
 *
 * The report as RFC 5965 has it: a text for people, a message/feedback-report for
 * programs, and the message, redacted by RFC 6590.
 */
#include "report/report.h"

#include "base/clock.h"

#include <openssl/evp.h>

static void add_auth(const struct report_facts *f, struct buf *out)
{
	const struct trace_auth *a = &f->trace->return_path.auth;
	const struct {
		const char *method, *property;
		enum trace_result result;
		struct str domain;
	} rows[] = {
		{ "spf", "smtp.mailfrom", a->spf, a->spf_domain },
		{ "dkim", "header.d", a->dkim, a->dkim_domain },
		{ "dmarc", "header.from", a->dmarc, a->dmarc_domain },
	};
	bool any = false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].result != TRACE_RESULT_PASS && rows[i].result != TRACE_RESULT_FAIL)
			continue;
		if (!any)
			buf_printf(out, "Authentication-Results: %s", f->reporter.hostname);
		any = true;
		buf_printf(out, ";\r\n\t%s=%s", rows[i].method, trace_result_text(rows[i].result));
		if (rows[i].domain.n) {
			buf_printf(out, " %s=", rows[i].property);
			report_plain(f, rows[i].domain, 255, out);
		}
	}
	if (any)
		buf_add_cstr(out, "\r\n");
}

/* A path (RFC 5321), without the person in it. */
static void add_path(const struct report_facts *f, const char *name, struct str address,
                     struct buf *out)
{
	struct buf path = { 0 };
	if (redact_path(f->redaction, address, &path)) {
		buf_printf(out, "%s: ", name);
		report_ascii(buf_str(&path), 320, out);
		buf_add_cstr(out, "\r\n");
	}
	buf_fini(&path);
}

static void add_envelope(const struct report_facts *f, struct buf *out)
{
	const struct trace *t = f->trace;
	add_path(f, "Original-Mail-From", t->return_path.address, out);
	add_path(f, "Original-Rcpt-To", t->hops[t->handover_hop].line.recipient, out);
}

static void add_feedback(const struct report_facts *f, const char *type, struct buf *out)
{
	char date[CLOCK_TEXT_MAX], literal[IP_TEXT_MAX + 8];
	int64_t arrival_s = report_arrival(f->trace);
	unsigned port = report_source_port(f);
	struct str by = f->trace->hops[f->trace->handover_hop].line.by;
	/* RFC 5965 3.2: as in an address literal (RFC 5321 4.1.3), without its brackets. */
	ip_format_literal(&f->source, literal);
	buf_printf(out, "Feedback-Type: %s\r\n"
	           "User-Agent: Portreeve/" PORTREEVE_VERSION "\r\n"
	           "Version: 1\r\n"
	           "Source-IP: %.*s\r\n"
	           "Incidents: %u\r\n", type, (int)strlen(literal) - 2, literal + 1,
	           f->incidents);
	if (port)
		buf_printf(out, "Source-Port: %u\r\n", port);        /* RFC 6692 */
	if (arrival_s)
		buf_printf(out, "Arrival-Date: %s\r\n", clock_format_mail(arrival_s, date));
	if (by.n) {
		buf_add_cstr(out, "Reporting-MTA: dns; ");
		report_plain(f, by, 255, out);
		buf_add_cstr(out, "\r\n");
	}
	add_envelope(f, out);
	add_auth(f, out);
}

/* Both forms: the header, the part for people, the feedback; *boundary gets what divides. */
static void arf_begin(const struct report_facts *f, const char *feedback_type, struct buf *boundary,
                      struct buf *out)
{
	buf_printf(boundary, "=_portreeve_%s_%s", f->id, f->uuid);
	const char *b = buf_cstr(boundary);
	report_header(f, b, out);
	buf_printf(out, "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n", b);
	report_text(f, out);
	buf_printf(out, "\r\n--%s\r\nContent-Type: message/feedback-report\r\n\r\n", b);
	add_feedback(f, feedback_type, out);
}

void arf_format(const struct report_facts *f, struct buf *out)
{
	struct buf boundary = { 0 };
	arf_begin(f, "abuse", &boundary, out);
	const char *b = buf_cstr(&boundary);
	buf_printf(out, "\r\n--%s\r\nContent-Type: %s\r\n"
	           "Content-Disposition: inline\r\n\r\n", b,
	           f->header_only ? "text/rfc822-headers" : "message/rfc822");
	buf_add_str(out, f->copy);
	buf_printf(out, "\r\n--%s--\r\n", b);
	buf_fini(&boundary);
}

static void add_base64(struct str s, struct buf *out)
{
	enum { LINE_BYTES = 57 };
	unsigned char line[LINE_BYTES / 3 * 4 + 1];
	while (s.n) {
		size_t n = s.n < LINE_BYTES ? s.n : LINE_BYTES;
		int length = EVP_EncodeBlock(line, (const unsigned char *)s.p, (int)n);
		buf_add(out, line, (size_t)length);
		buf_add_cstr(out, "\r\n");
		s = str_from(s, n);
	}
}

/* The same with the JSON in place of the message, as XARF travels by mail. */
void xarf_mail_format(const struct report_facts *f, struct str xarf, struct buf *out)
{
	struct buf boundary = { 0 };
	arf_begin(f, "xarf", &boundary, out);
	const char *b = buf_cstr(&boundary);
	buf_printf(out, "\r\n--%s\r\nContent-Type: application/json; name=\"xarf.json\"\r\n"
	           "Content-Transfer-Encoding: base64\r\n"
	           "Content-Disposition: attachment; filename=\"xarf.json\"\r\n\r\n", b);
	add_base64(xarf, out);
	buf_printf(out, "\r\n--%s--\r\n", b);
	buf_fini(&boundary);
}
