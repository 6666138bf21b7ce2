/* SPDX-License-Identifier: ISC
 *
 * A nomination to another blocklist, in the words that it wants: the user's template with
 * the facts put in. The template is the user's and trusted; the facts are not: in its
 * header only those of one line that we made ourselves may stand.
 */
#include "report/report.h"

#include "base/clock.h"
#include "base/mem.h"
#include "mail/address.h"
#include "mail/header.h"

#include <stdlib.h>

struct filling {
	const struct report_facts *facts;
	bool in_body;
	struct buf *out, *problem;
};

static bool add_ip(const struct ip *ip, struct buf *out)
{
	char text[IP_TEXT_MAX];
	if (ip->family)
		buf_add_cstr(out, ip_format(ip, text));
	return true;
}

static struct str copy_header(struct str copy)
{
	size_t end = str_search(copy, STR("\r\n\r\n"));
	return (struct str){ copy.p, end == SIZE_MAX ? copy.n : end + 2 };
}

/* False: no such name, or not here. */
static bool add_fact(const struct filling *f, struct str name)
{
	const struct report_facts *facts = f->facts;
	char when[CLOCK_TEXT_MAX];
	const struct { const char *name, *value; } texts[] = {
		{ "network", facts->network }, { "contact", facts->contact }, { "id", facts->id },
		{ "from", facts->reporter.from },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!str_eq(name, str_of(texts[i].name)))
			continue;
		report_ascii(str_of(texts[i].value), 300, f->out);
		return true;
	}
	if (str_eq(name, STR("organisation"))) {
		buf_add_cstr(f->out, facts->reporter.organisation);
		return true;
	}
	if (str_eq(name, STR("source")))
		return add_ip(&facts->source, f->out);
	if (str_eq(name, STR("relay")))
		return add_ip(&facts->relay, f->out);
	if (str_eq(name, STR("time"))) {
		int64_t arrival_s = report_arrival(facts->trace);
		buf_add_cstr(f->out, clock_format(arrival_s ? arrival_s : facts->now_s, when));
		return true;
	}
	if (str_eq(name, STR("message_id"))) {
		report_ascii(report_copy_field(facts, STR("Message-ID")), 300, f->out);
		return true;
	}
	if (f->in_body && str_eq(name, STR("header"))) {
		buf_add_str(f->out, copy_header(facts->copy));
		return true;
	}
	if (f->in_body && str_eq(name, STR("message"))) {
		buf_add_str(f->out, facts->copy);
		return true;
	}
	return false;
}

static int fill(const struct filling *f, struct str text)
{
	size_t at;
	while ((at = str_search(text, STR("{{"))) != SIZE_MAX) {
		struct str rest = str_from(text, at + 2);
		size_t end = str_search(rest, STR("}}"));
		struct str name = str_trim((struct str){ rest.p, end == SIZE_MAX ? 0 : end });
		buf_add(f->out, text.p, at);
		if (end == SIZE_MAX || !add_fact(f, name)) {
			buf_add_cstr(f->problem, "expected the name of a fact in {{}}, found \"");
			rest.n = rest.n < 30 ? rest.n : 30;
			buf_add_escaped(f->problem, rest);
			buf_printf(f->problem, "\" in the %s", f->in_body ? "body" : "header");
			return ERR_INVALID;
		}
		text = str_from(rest, end + 2);
	}
	buf_add_str(f->out, text);
	return ERR_OK;
}

static int read_to(struct str value, char to[static CONTACT_MAX], struct buf *problem)
{
	size_t open = str_find(value, '<'), close = str_find(value, '>');
	struct str address = str_trim(value);
	if (open != SIZE_MAX && close != SIZE_MAX && close > open)
		address = (struct str){ value.p + open + 1, close - open - 1 };
	if (!mail_address_valid(address)) {
		buf_add_cstr(problem, "To: expected one mail address");
		return ERR_INVALID;
	}
	str_copy(to, CONTACT_MAX, address);
	return ERR_OK;
}

/* Line ends become CRLF. */
static void add_crlf(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
			buf_add_byte(out, '\r');
		buf_add_byte(out, s.p[i]);
	}
}

/* The Message-ID is not the report's: if this comes back, the report has not. */
static void add_own_fields(const struct report_facts *f, struct buf *out)
{
	char date[CLOCK_TEXT_MAX], uuid[REPORT_UUID_MAX];
	report_uuid_make(uuid);
	buf_printf(out, "From: <%s>\r\nDate: %s\r\nMessage-ID: <portreeve-nomination.%s@%s>\r\n"
	           "Auto-Submitted: auto-generated\r\nX-Portreeve-Report: %s\r\n",
	           f->reporter.from, clock_format_mail(f->now_s, date), uuid,
	           f->reporter.hostname, f->id);
}

static bool is_any(const struct header_field *f, const char *const *names)
{
	for (; *names; names++)
		if (header_is(f, str_of(*names)))
			return true;
	return false;
}

/* What no template may have, or NULL: fields that are added, which would stand there twice, and
 * recipients who would be named and get nothing; a Bcc would be told to all. */
static const char *not_in_a_template(const struct header_field *f)
{
	static const char *const added[] = {
		"From", "Date", "Message-ID", "Auto-Submitted", "X-Portreeve-Report", NULL,
	};
	static const char *const recipients[] = { "Cc", "Bcc", NULL };
	static const char *const traces[] = { "Return-Path", "Received", NULL };
	if (is_any(f, added))
		return "a field that is added";
	if (is_any(f, recipients))
		return "another recipient: it goes to To alone";
	if (is_any(f, traces) || str_caseprefix(f->name, STR("Resent-")))
		return "a field that only the mail's way adds";
	return NULL;
}

/* RFC 5322 3.6: what a header has once. */
static const char *const once_fields[] = {
	"To", "Subject", "Sender", "Reply-To", "In-Reply-To", "References", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", NULL,
};

static int refuse_field(struct buf *problem, const struct header_field *f, const char *what)
{
	buf_printf(problem, "%.*s: %s", (int)(f->name.n < 40 ? f->name.n : 40), f->name.p, what);
	return ERR_INVALID;
}

static int check_field(struct str header, const struct header_field *f, struct buf *problem)
{
	struct header_cursor c;
	struct header_field other;
	unsigned found = 0;
	if (f->odd) {
		buf_add_cstr(problem, "expected a mail: header, empty line, text");
		return ERR_INVALID;
	}
	const char *why = not_in_a_template(f);
	if (why)
		return refuse_field(problem, f, why);
	if (!is_any(f, once_fields))
		return ERR_OK;
	header_begin(&c, header);
	while (header_next(&c, &other))
		found += header_is(&other, f->name);
	if (found == 1)
		return ERR_OK;
	if (header_is(f, STR("To"))) {
		buf_add_cstr(problem, "expected one To field in the header");
		return ERR_INVALID;
	}
	return refuse_field(problem, f, "a field that a mail has once");
}

/* The header is checked as it will be sent. */
static int check_header(struct str header, char to[static CONTACT_MAX], struct buf *problem)
{
	struct header_cursor c;
	struct header_field f;
	bool found = false;
	int e = ERR_OK;
	header_begin(&c, header);
	while (e == ERR_OK && header_next(&c, &f)) {
		e = check_field(header, &f, problem);
		if (e == ERR_OK && header_is(&f, STR("To"))) {
			e = read_to(f.value, to, problem);
			found = true;
		}
	}
	if (e == ERR_OK && !found) {
		buf_add_cstr(problem, "expected one To field in the header");
		e = ERR_INVALID;
	}
	return e;
}

/* ---- the mail -------------------------------------------------------------- */

/* A line may have 998 bytes (RFC 5322 2.1.1), and no 8-bit one is sure to pass. */
static bool needs_encoding(struct str s)
{
	enum { LINE_MAX_BYTES = 998 };
	size_t line = 0;
	for (size_t i = 0; i < s.n; i++) {
		line = s.p[i] == '\n' ? 0 : line + 1;
		if ((unsigned char)s.p[i] >= 0x80 || line > LINE_MAX_BYTES)
			return true;
	}
	return false;
}

/* What a template says of its text. */
struct own_mime {
	bool type, parts;
	struct header_field encoding;    /* its name is empty if there is none */
};

static void find_mime(struct str header, struct own_mime *mime)
{
	struct header_cursor c;
	struct header_field f;
	*mime = (struct own_mime){ 0 };
	header_begin(&c, header);
	while (header_next(&c, &f)) {
		if (header_is(&f, STR("Content-Transfer-Encoding")))
			mime->encoding = f;
		if (!header_is(&f, STR("Content-Type")))
			continue;
		mime->type = true;
		mime->parts = str_caseprefix(str_trim(f.value), STR("multipart/")) ||
		              str_caseprefix(str_trim(f.value), STR("message/"));
	}
}

/* Fields with 8-bit text go out as encoded words (RFC 2047); those of MIME, which are once in a
 * mail, are said behind them. */
static void add_fields(struct str header, bool without_encoding, struct buf *out)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, header);
	while (header_next(&c, &f)) {
		if (header_is(&f, STR("MIME-Version")) ||
		    (without_encoding && header_is(&f, STR("Content-Transfer-Encoding"))))
			continue;
		if (!needs_encoding(f.value)) {
			buf_add_str(out, f.line);
			buf_add_cstr(out, "\r\n");
			continue;
		}
		char *name = mem_strndup(f.name.p, f.name.n);
		char *value = mem_strndup(f.value.p, f.value.n);
		report_add_field(name, value, out);
		free(name);
		free(value);
	}
}

static void add_mail(struct str header, struct str body, struct buf *out)
{
	struct own_mime mime;
	find_mime(header, &mime);
	/* Parts have their own encodings, and the whole can have none. */
	bool encode = needs_encoding(body) && !mime.parts;
	add_fields(header, encode, out);
	if (encode || mime.type || mime.encoding.name.n)
		buf_add_cstr(out, "MIME-Version: 1.0\r\n");
	if (!encode) {
		buf_add_str(out, body);
		return;
	}
	if (!mime.type)
		buf_add_cstr(out, "Content-Type: text/plain; charset=utf-8\r\n");
	buf_add_cstr(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	/* Behind the empty line. */
	struct buf lines = { 0 };
	for (size_t i = 2; i < body.n; i++)
		if (body.p[i] != '\r')
			buf_add_byte(&lines, body.p[i]);
	redact_quoted_printable(buf_str(&lines), out);
	buf_fini(&lines);
}

int template_format(const struct report_facts *f, struct str text, char to[static CONTACT_MAX],
                    struct buf *out, struct buf *problem)
{
	struct buf lines = { 0 }, header = { 0 }, body = { 0 };
	struct filling filling = { .facts = f, .out = &header, .problem = problem };
	add_crlf(text, &lines);
	struct str all = buf_str(&lines);
	size_t end = str_search(all, STR("\r\n\r\n"));
	size_t cut = end == SIZE_MAX ? all.n : end + 2;
	/* The recipient comes from the template as it is written, before any fact is in it. */
	int e = check_header((struct str){ all.p, cut }, to, problem);
	if (e == ERR_OK)
		e = fill(&filling, (struct str){ all.p, cut });
	filling.in_body = true;
	filling.out = &body;
	if (e == ERR_OK)
		e = fill(&filling, str_from(all, cut));
	if (e == ERR_OK) {
		add_own_fields(f, out);
		add_mail(buf_str(&header), buf_str(&body), out);
	}
	buf_fini(&lines);
	buf_fini(&header);
	buf_fini(&body);
	return e;
}
