/* SPDX-License-Identifier: ISC
 *
 * What all forms of a report share: guards, ids, header and the text for people.
 */
#include "report/report.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "trace/names.h"
#include "trace/why.h"

#include <glib.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

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

/* The decoded text on one line, cut where a character ends. The caller frees it. */
static char *one_line(struct str value, size_t max)
{
	char *raw = mem_strndup(value.p, value.n);
	char *decoded = mime_decode_header(raw);
	struct buf line = { 0 };
	for (const char *p = decoded; *p; p++) {
		bool space = (unsigned char)*p <= ' ' || *p == 0x7f;
		if (!space || (line.n && line.p[line.n - 1] != ' '))
			buf_add_byte(&line, space ? ' ' : *p);
	}
	size_t n = line.n < max ? line.n : max;
	while (n > 0 && n < line.n && ((unsigned char)line.p[n] & 0xc0) == 0x80)
		n--;
	char *text = mem_strndup(line.n ? line.p : "", n);
	buf_fini(&line);
	g_free(decoded);
	free(raw);
	return text;
}

char *report_subject(const struct report_facts *f, size_t max)
{
	return one_line(report_copy_field(f, STR("Subject")), max);
}

void report_add_field(const char *name, const char *text, struct buf *out)
{
	struct mime_field field;
	mime_field_begin(&field, name, out);
	mime_field_text(&field, str_of(text));
	mime_field_end(&field);
}

static void add_from(const struct report_facts *f, struct buf *out)
{
	struct mime_field field;
	struct buf address = { 0 };
	buf_printf(&address, "<%s>", f->reporter.from);
	mime_field_begin(&field, "From", out);
	mime_field_phrase(&field, str_of(f->reporter.organisation));
	mime_field_word(&field, buf_str(&address));
	mime_field_end(&field);
	buf_fini(&address);
}

/* That of the message, as if it were forwarded: RFC 5965 2 f. */
static void add_subject(const struct report_facts *f, struct buf *out)
{
	enum { SUBJECT_MAX = 250 };
	char *subject = report_subject(f, SUBJECT_MAX);
	struct buf text = { 0 };
	buf_printf(&text, "FW: %s", subject);
	report_add_field("Subject", buf_cstr(&text), out);
	buf_fini(&text);
	free(subject);
}

void report_header(const struct report_facts *f, const char *boundary, struct buf *out)
{
	char date[CLOCK_TEXT_MAX], id[REPORT_MESSAGE_ID_MAX];
	report_message_id(f->token, f->reporter.hostname, id);
	add_from(f, out);
	buf_printf(out, "To: <%s>\r\n", f->contact);
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

/* ---- the text for people ------------------------------------------------- */

/* Whether lines that are tied to the handover, be it weakly, say from whom it took the message. */
static bool has_tied_line(const struct trace *t, const struct ip *source)
{
	for (size_t i = t->handover_hop + 1; i < t->hop_count; i++) {
		const struct trace_hop *hop = &t->hops[i];
		if (hop->zone != TRACE_LINKED && hop->zone != TRACE_WEAK)
			return false;
		if (ip_is_public(&hop->line.ip) && !ip_eq(&hop->line.ip, source))
			return true;
	}
	return false;
}

/* Whether the reported host took the message from another and passed it on. Of this one is rather
 * said too much: who forwards for his users is not to be called a sender of spam. */
static bool is_passed_on(const struct report_facts *f)
{
	const struct trace *t = f->trace;
	if (f->is_origin)
		return false;
	return f->relay.family != 0 || has_tied_line(t, &f->source) ||
	       (t->origin.family != 0 && !ip_eq(&t->origin, &f->source));
}

static void add_facts(const struct report_facts *f, struct buf *out)
{
	char ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX] = "a time that was not recorded";
	int64_t arrival_s = report_arrival(f->trace);
	if (arrival_s)
		clock_format_mail(arrival_s, when);
	buf_printf(out, "Address:   %s (%s)\r\n", ip_format(&f->source, ip),
	           f->is_origin ? "where it was sent from, as far as the lines can be believed"
	                        : "the host that gave it to our server");
	if (f->network[0])
		buf_printf(out, "Network:   %s%s%s\r\n", f->network,
		           f->network_name[0] ? " " : "", f->network_name);
	buf_printf(out, "Received:  %s\r\nMessages:  %u\r\nReport:    %s\r\n\r\n", when,
	           f->incidents, f->id);
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

static void add_proof(const struct report_facts *f, struct buf *out)
{
	char ip[IP_TEXT_MAX];
	struct str by = f->trace->hops[f->trace->handover_hop].line.by;
	buf_add_cstr(out, "How we know:\r\n  Our server ");
	report_plain(f, by, 255, out);
	buf_printf(out, "%stook the message from %s.\r\n"
	           "  The first Received line of the copy is what it wrote about that.\r\n",
	           by.n ? " " : "", ip_format(&f->trace->handover, ip));
	if (f->is_origin) {
		buf_add_cstr(out, "  Below it the lines of other servers hold together down to "
		             "your address:\r\n");
		add_whys(&f->trace->why, f, out);
	}
}

/* What it was for the lines do not tell: a relay that strangers abuse looks like a host that
 * forwards mail of its users. */
static void add_passing_on(const struct report_facts *f, struct buf *out)
{
	char ip[IP_TEXT_MAX];
	const struct ip *host = f->relay.family ? &f->relay : &f->source;
	if (f->relay.family == 0 && !is_passed_on(f))
		return;
	buf_printf(out, "\r\nThe host %s took the message from another host and passed it on.\r\n",
	           ip_format(host, ip));
	if (f->relay.family)
		buf_add_cstr(out, "It is a relay or a forwarder. If it forwards mail for a user of "
		             "its own, all is\r\nwell with it. If not, please see to it that it "
		             "takes no mail from strangers for\r\nothers.\r\n");
	else
		buf_add_cstr(out, "As it seems, it forwarded it for a user, a customer or a list "
		             "of its own.\r\n");
}

/* Who named the contact; nobody is said to have named what he did not. */
static void add_contact(const struct report_facts *f, struct buf *out)
{
	static const struct { const char *source, *words; } rows[] = {
		{ "rdap", "the registry's data (RDAP) name" },
		{ "abusix", "Abusix's list of contacts names" },
	};
	const char *words = NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(f->contact_source, rows[i].source) == 0)
			words = rows[i].words;
	if (!words) {
		buf_printf(out, "This was sent to %s because a person chose that address.\r\n",
		           f->contact);
		return;
	}
	buf_printf(out, "This was sent to %s because %s\r\nit for reports about this address "
	           "(an answer %lld hours old).\r\n", f->contact, words,
	           (long long)(f->contact_age_s / 3600));
}

void report_text(const struct report_facts *f, struct buf *out)
{
	buf_printf(out, "Unsolicited mail came to us %s %s.\r\n\r\n",
	           is_passed_on(f) ? "by way of" : "from",
	           f->network[0] ? "your network" : "the address below");
	add_facts(f, out);
	add_proof(f, out);
	add_passing_on(f, out);
	buf_add_cstr(out, "\r\nIn the copy the names in mail addresses are replaced by digests "
	             "(RFC 6590); the\r\nsame person has the same digest in all our reports. "
	             "What our own side wrote\r\nabove that line is left out. At most one report "
	             "a day is sent about this network\r\nor address.\r\n\r\n");
	add_contact(f, out);
	buf_printf(out, "To answer, or to object: %s\r\n", f->reporter.from);
}
