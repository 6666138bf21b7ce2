/* SPDX-License-Identifier: ISC
 *
 * What all forms of a report share: guards, ids, header and the text for people.
 */
#include "report/report.h"

#include "base/clock.h"
#include "base/random.h"
#include "mail/header.h"
#include "trace/picture.h"
#include "trace/why.h"

#include <openssl/evp.h>
#include <stdio.h>

#define ID_PREFIX "portreeve-report."

/* ---- guards ------------------------------------------------------------- */

static bool is_value(const struct header_field *f, struct str name, struct str part)
{
	return header_is(f, name) && str_casesearch(f->value, part) != SIZE_MAX;
}

static const char *guard_field(const struct header_field *f)
{
	if (header_is(f, STR("X-Portreeve-Report")))
		return "it is a report itself";
	if (is_value(f, STR("Message-ID"), STR(ID_PREFIX)))
		return "it is a report itself";
	if (is_value(f, STR("In-Reply-To"), STR(ID_PREFIX)) ||
	    is_value(f, STR("References"), STR(ID_PREFIX)))
		return "it answers a report";
	if (is_value(f, STR("Content-Type"), STR("feedback-report")) ||
	    header_is(f, STR("X-ARF")) || header_is(f, STR("X-XARF")))
		return "it is a report itself: no report is made about a report";
	if (is_value(f, STR("Content-Type"), STR("delivery-status")) ||
	    is_value(f, STR("Content-Type"), STR("disposition-notification")))
		return "it is a bounce or a receipt";
	if (header_is(f, STR("Auto-Submitted")) && !str_caseprefix(f->value, STR("no")))
		return "it is automatic mail (Auto-Submitted)";
	return NULL;
}

const char *report_guard(struct str message, const struct trace *t, bool null_sender_ok)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		const char *why = f.odd ? NULL : guard_field(&f);
		if (why)
			return why;
	}
	if (!null_sender_ok && str_eq(str_trim(t->return_path.address), STR("<>")))
		return "its sender is empty, as that of bounces and automatic answers";
	return NULL;
}

/* ---- names -------------------------------------------------------------- */

void report_id_make(char id[static REPORT_ID_LEN + 1])
{
	unsigned char bits[REPORT_ID_LEN * 5 / 8];
	random_bytes(bits, sizeof(bits));
	base32_encode(bits, sizeof(bits), id);
}

void report_uuid_make(char uuid[static REPORT_UUID_MAX])
{
	unsigned char b[16];
	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	size_t n = 0;
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			uuid[n++] = '-';
		hex_encode(b + i, 1, uuid + n);
		n += 2;
	}
	uuid[n] = '\0';
}

void report_message_id(const char *token, const char *hostname,
                       char dst[static REPORT_MESSAGE_ID_MAX])
{
	snprintf(dst, REPORT_MESSAGE_ID_MAX, "<" ID_PREFIX "%s@%.100s>", token, hostname);
}

void report_digest(struct str message, char digest[static REPORT_DIGEST_BYTES])
{
	EVP_Digest(message.p ? message.p : "", message.n, (unsigned char *)digest, NULL,
	           EVP_sha256(), NULL);
}

/* ---- facts -------------------------------------------------------------- */

int64_t report_arrival(const struct trace *t)
{
	if (t->handover.family == 0 || t->handover_hop >= t->hop_count)
		return 0;
	const struct received *line = &t->hops[t->handover_hop].line;
	return line->has_time && line->date.has_zone ? line->date.time_s : 0;
}

/* The client names itself in HELO, and the ident word is its own, too. */
static bool is_its_word(struct str word, const char *p)
{
	return word.n && p >= word.p && p < word.p + word.n;
}

/* Exim and others write "[192.0.2.1]:50387". */
unsigned report_source_port(const struct report_facts *f)
{
	const struct trace *t = f->trace;
	const struct trace_hop *hop = &t->hops[t->handover_hop];
	char address[IP_TEXT_MAX + 1] = "[";
	if (!ip_eq(&f->source, &t->handover))
		return 0;
	ip_format(&f->source, address + 1);
	struct str line = hop->raw, sought = str_of(address);
	size_t at;
	while ((at = str_casesearch(line, sought)) != SIZE_MAX) {
		struct str behind = str_from(line, at + sought.n);
		uint64_t port;
		size_t n = 0;
		bool ours = !is_its_word(hop->line.helo, line.p + at) &&
		            !is_its_word(hop->line.ident, line.p + at);
		line = behind;
		if (!ours || !str_prefix(behind, STR("]:")))
			continue;
		behind = str_from(behind, 2);
		while (n < behind.n && ascii_isdigit((unsigned char)behind.p[n]))
			n++;
		if (str_u64((struct str){ behind.p, n }, 65535, &port) == ERR_OK)
			return (unsigned)port;
	}
	return 0;
}

void report_ascii(struct str text, size_t max, struct buf *out)
{
	char unfolded[2000];
	size_t n = header_unfold(text, unfolded, sizeof(unfolded));
	for (size_t i = 0; i < n && i < max; i++) {
		bool plain = ascii_isprint((unsigned char)unfolded[i]);
		buf_add_byte(out, plain ? unfolded[i] : '?');
	}
}

void report_plain(const struct report_facts *f, struct str text, size_t max, struct buf *out)
{
	enum { READ_MAX_BYTES = 4000 };
	struct buf redacted = { 0 };
	text.n = text.n < READ_MAX_BYTES ? text.n : READ_MAX_BYTES;
	redact_text(f->redaction, text, &redacted);
	report_ascii(buf_str(&redacted), max, out);
	buf_fini(&redacted);
}

struct str report_copy_field(const struct report_facts *f, struct str name)
{
	struct header_cursor c;
	struct header_field field;
	header_begin(&c, f->copy);
	while (header_next(&c, &field))
		if (!field.odd && header_is(&field, name))
			return field.value;
	return STR("");
}

/* ---- what both mails share ---------------------------------------------- */

/* A display name of configured text: what would need quoting is left out. */
static void add_display_name(const char *name, struct buf *out)
{
	buf_add_byte(out, '"');
	for (const char *p = name; *p; p++)
		if (ascii_isprint((unsigned char)*p) && *p != '"' && *p != '\\')
			buf_add_byte(out, *p);
	buf_add_byte(out, '"');
}

/* That of the message, as if it were forwarded: RFC 5965 2 f. */
static void add_subject(const struct report_facts *f, struct buf *out)
{
	enum { SUBJECT_MAX = 500 };
	buf_add_cstr(out, "Subject: FW: ");
	report_ascii(report_copy_field(f, STR("Subject")), SUBJECT_MAX, out);
	buf_add_cstr(out, "\r\n");
}

void report_header(const struct report_facts *f, const char *boundary, struct buf *out)
{
	char date[CLOCK_TEXT_MAX], id[REPORT_MESSAGE_ID_MAX];
	report_message_id(f->token, f->reporter.hostname, id);
	buf_add_cstr(out, "From: ");
	add_display_name(f->reporter.organisation, out);
	buf_printf(out, " <%s>\r\nTo: <%s>\r\n", f->reporter.from, f->contact);
	add_subject(f, out);
	buf_printf(out, "Date: %s\r\n"
		"Message-ID: %s\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Portreeve-Report: %s\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/report; report-type=feedback-report;\r\n"
		"\tboundary=\"%s\"\r\n"
		"\r\n",
		clock_format_mail(f->now_s, date), id, f->id, boundary);
}

static void add_whys(const struct trace_whys *whys, const struct report_facts *f, struct buf *out)
{
	struct buf text = { 0 };
	for (unsigned i = 0; i < whys->n; i++) {
		buf_clear(&text);
		why_text(&whys->v[i], &text);
		buf_add_cstr(out, "  ");
		report_plain(f, buf_str(&text), 300, out);
		buf_add_cstr(out, "\r\n");
	}
	buf_fini(&text);
}

static void add_relay(const struct report_facts *f, struct buf *out)
{
	char ip[IP_TEXT_MAX];
	if (f->relay.family == 0)
		return;
	buf_printf(out, "\r\nThe mail server at %s passed it on for a stranger without login.\r\n"
	           "It may be an open relay, abused without its owner's knowledge:\r\n",
	           ip_format(&f->relay, ip));
	/* An earlier message of the day may have named it. */
	if (ip_eq(&f->relay, &f->trace->relay))
		add_whys(&f->trace->relay_why, f, out);
}

void report_text(const struct report_facts *f, struct buf *out)
{
	char ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX] = "a time that was not recorded";
	int64_t arrival_s = report_arrival(f->trace);
	if (arrival_s)
		clock_format_mail(arrival_s, when);
	buf_printf(out, "This is a report of unsolicited mail that came from your network.\r\n\r\n"
	           "Address:   %s (%s)\r\n"
	           "Network:   %s%s%s\r\n"
	           "Received:  %s\r\n"
	           "Incidents: %u\r\n"
	           "Report:    %s\r\n\r\n",
	           ip_format(&f->source, ip),
	           f->is_origin ? "from where it was sent, as far as the lines can be believed"
	                        : "the host that gave it to our server",
	           f->network, f->network_name[0] ? " " : "", f->network_name, when, f->incidents,
	           f->id);
	buf_add_cstr(out, "How that was found:\r\n");
	add_whys(&f->trace->hops[f->trace->handover_hop].why, f, out);
	add_whys(&f->trace->why, f, out);
	add_relay(f, out);
	buf_printf(out, "\r\nMail addresses of persons in the copy are replaced by digests\r\n"
	           "(RFC 6590); the same person has the same digest in all our reports.\r\n"
	           "You get this because %s names %s for that network (an\r\n"
	           "answer %lld hours old). One report a network and day is sent.\r\n\r\n"
	           "To answer, or to object: %s\r\n",
	           f->contact_source, f->contact, (long long)(f->contact_age_s / 3600),
	           f->reporter.from);
}
