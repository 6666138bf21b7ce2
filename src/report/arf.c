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

static void add_envelope(const struct report_facts *f, struct buf *out)
{
	const struct trace *t = f->trace;
	struct str sender = str_trim(t->return_path.address);
	struct str recipient = str_trim(t->hops[t->handover_hop].line.recipient);
	if (sender.n) {
		buf_printf(out, "Original-Mail-From: %s", sender.p[0] == '<' ? "" : "<");
		report_plain(f, sender, 320, out);
		buf_add_cstr(out, sender.p[0] == '<' ? "\r\n" : ">\r\n");
	}
	if (recipient.n) {
		buf_printf(out, "Original-Rcpt-To: %s", recipient.p[0] == '<' ? "" : "<");
		report_plain(f, recipient, 320, out);
		buf_add_cstr(out, recipient.p[0] == '<' ? "\r\n" : ">\r\n");
	}
}

static void add_feedback(const struct report_facts *f, const char *type, struct buf *out)
{
	char date[CLOCK_TEXT_MAX], ip[IP_TEXT_MAX];
	int64_t arrival_s = report_arrival(f->trace);
	unsigned port = report_source_port(f);
	struct str by = f->trace->hops[f->trace->handover_hop].line.by;
	buf_printf(out, "Feedback-Type: %s\r\n"
	           "User-Agent: Portreeve/" PORTREEVE_VERSION "\r\n"
	           "Version: 1\r\n"
	           "Source-IP: %s\r\n"
	           "Incidents: %u\r\n", type, ip_format(&f->source, ip), f->incidents);
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
