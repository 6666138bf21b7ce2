/* SPDX-License-Identifier: ISC
 *
 * What came back about a report, read as bounces are written.
 */
#include "report/bounce-private.h"

#include "mail/header.h"

enum { READ_MAX_BYTES = 1 << 20 };

/* 5.1.x address, 5.2.1 mailbox disabled, 5.4.4 no route, 5.0.0 says no more than "failed".
 * A full mailbox, a message too large or refused by policy says nothing about the desk. */
bool report_status_is_dead(struct str status)
{
	return str_prefix(status, STR("5.1.")) || str_eq(status, STR("5.2.1")) ||
	       str_eq(status, STR("5.4.4")) || str_eq(status, STR("5.0.0"));
}

/* ---- lines -------------------------------------------------------------- */

static bool next_line(struct str *rest, struct str *line)
{
	if (rest->n == 0)
		return false;
	const char *nl = memchr(rest->p, '\n', rest->n);
	size_t n = nl ? (size_t)(nl - rest->p) : rest->n;
	*line = (struct str){ rest->p, n };
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	*rest = str_from(*rest, nl ? n + 1 : n);
	return true;
}

/* The value of "Name: value"; for "Type; value" the value behind the type. */
static bool field(struct str line, struct str name, struct str *value)
{
	if (line.n <= name.n || !str_caseprefix(line, name) || line.p[name.n] != ':')
		return false;
	*value = str_trim(str_from(line, name.n + 1));
	return true;
}

static void copy_printable(char *dst, size_t size, struct str s)
{
	size_t n = 0;
	/* What is not ASCII leaves a mark: no other address may come of it. */
	for (size_t i = 0; i < s.n && n + 1 < size; i++)
		if (ascii_isprint((unsigned char)s.p[i]) || (unsigned char)s.p[i] >= 0x80)
			dst[n++] = (unsigned char)s.p[i] >= 0x80 ? '?' : s.p[i];
	dst[n] = '\0';
}

/* What was returned begins here: our report, with whatever a spammer wrote in it. */
static bool is_returned(struct str line)
{
	struct str value;
	if (str_prefix(line, STR("--- Below this line is a copy")) ||
	    str_prefix(line, STR("------ This is a copy")) ||
	    field(line, STR("X-Portreeve-Report"), &value))
		return true;
	return field(line, STR("Content-Type"), &value) &&
	       str_casesearch(value, STR("delivery-status")) == SIZE_MAX &&
	       (str_caseprefix(value, STR("message/rfc822")) ||
	        str_caseprefix(value, STR("message/global")) ||
	        str_caseprefix(value, STR("text/rfc822-headers")));
}

static size_t digits(struct str s, size_t i, size_t most)
{
	size_t n = 0;
	while (i + n < s.n && n <= most && ascii_isdigit((unsigned char)s.p[i + n]))
		n++;
	return n <= most ? n : 0;
}

/* An enhanced status of failure (RFC 3463) somewhere in a line: "5.1.1", and no address. */
static struct str find_status(struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char before = i ? (unsigned char)line.p[i - 1] : ' ';
		if (line.p[i] != '5' || ascii_isalnum(before) || before == '.' || before == '-')
			continue;
		size_t subject = i + 1 < line.n && line.p[i + 1] == '.'
		                 ? digits(line, i + 2, 3) : 0;
		size_t dot = i + 2 + subject;
		size_t detail = subject && dot < line.n && line.p[dot] == '.'
		                ? digits(line, dot + 1, 3) : 0;
		size_t end = dot + 1 + detail;
		bool whole = end >= line.n || (!ascii_isalnum((unsigned char)line.p[end]) &&
		                               (line.p[end] != '.' || end + 1 == line.n ||
		                                !ascii_isdigit((unsigned char)line.p[end + 1])));
		if (detail && whole)
			return (struct str){ line.p + i, end - i };
	}
	return STR("");
}

/* ---- the header --------------------------------------------------------- */

struct outer {
	bool delivery_status;          /* multipart/report of RFC 3464 */
	bool returned_to_null;         /* its own sender is null, or it says that it is a daemon */
	bool daemon;
	bool automatic;                /* RFC 3834 */
	struct str failed, subject, body;
};

static bool is_daemon(struct str from)
{
	return str_casesearch(from, STR("mailer-daemon@")) != SIZE_MAX ||
	       str_casesearch(from, STR("postmaster@")) != SIZE_MAX ||
	       str_eq(str_trim(from), STR("<>"));
}

static void read_header(struct str message, struct outer *o)
{
	struct header_cursor c;
	struct header_field f;
	bool has_return_path = false;
	*o = (struct outer){ .failed = STR("") };
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		if (f.odd)
			continue;
		if (header_is(&f, STR("Content-Type"))) {
			o->delivery_status = str_caseprefix(f.value, STR("multipart/report")) &&
				str_casesearch(f.value, STR("delivery-status")) != SIZE_MAX;
		} else if (header_is(&f, STR("Return-Path")) && !has_return_path) {
			has_return_path = true;
			o->returned_to_null = str_eq(f.value, STR("<>"));
		} else if (header_is(&f, STR("From"))) {
			o->daemon = is_daemon(f.value);
		} else if (header_is(&f, STR("Auto-Submitted"))) {
			o->automatic = !str_caseprefix(f.value, STR("no"));
		} else if (header_is(&f, STR("X-Failed-Recipients"))) {
			struct str rest = f.value;
			str_token(&rest, ", \t\r\n", &o->failed);
		} else if (header_is(&f, STR("Subject"))) {
			o->subject = f.value;
		}
	}
	if (!has_return_path)
		o->returned_to_null = o->daemon;
	o->body = str_from(message, c.at);
}

/* ---- RFC 3464 ----------------------------------------------------------- */

static void fill_in(struct report_bounce *b, enum report_bounce_kind kind, struct str recipient,
                    struct str status, struct str text)
{
	size_t n = 0;
	while (n < status.n && (ascii_isdigit((unsigned char)status.p[n]) || status.p[n] == '.'))
		n++;
	status.n = n;
	b->kind = kind;
	copy_printable(b->recipient, sizeof(b->recipient), recipient);
	copy_printable(b->status, sizeof(b->status), status);
	copy_printable(b->text, sizeof(b->text), text);
	b->dead = kind == REPORT_BOUNCE_FAILED && report_status_is_dead(status);
}

static enum report_bounce_kind kind_of(struct str action)
{
	if (str_caseeq(action, STR("failed")))
		return REPORT_BOUNCE_FAILED;
	return str_caseeq(action, STR("delayed")) ? REPORT_BOUNCE_DELAYED : REPORT_BOUNCE_ARRIVED;
}

/* The fields up to what was returned. */
static struct str before_returned(struct str body)
{
	struct str rest = body, line;
	while (next_line(&rest, &line))
		if (is_returned(line))
			return (struct str){ body.p, (size_t)(line.p - body.p) };
	return body;
}

/* Failure is the last word of several. False: it tells of no recipient. */
static bool read_delivery_status(struct str fields, struct report_bounce *b)
{
	struct str rest = before_returned(fields);
	struct bounce_group g = { 0 };
	bool found = false;
	while (!(found && b->kind == REPORT_BOUNCE_FAILED) && bounce_group_next(&rest, &g)) {
		if (g.recipient.n && g.action.n) {
			fill_in(b, kind_of(buf_str(&g.action)), buf_str(&g.recipient),
			        buf_str(&g.status), buf_str(&g.text));
			found = true;
		}
	}
	bounce_group_fini(&g);
	return found;
}

/* ---- QSBMF -------------------------------------------------------------- */

/* qmail-send's text: an introduction, then a paragraph for each recipient, "<address>:" and
 * the reason, then the returned message. False: it is not that. */
static bool read_qmail(struct str body, struct report_bounce *b)
{
	struct str rest = body, line = STR(""), recipient = line, status = line, text = line;
	bool first = true;
	while (next_line(&rest, &line) && line.n == 0)
		;
	if (!str_prefix(line, STR("Hi. This is the ")))
		return false;
	while (next_line(&rest, &line) && !is_returned(line)) {
		if (line.n == 0) {
			if (recipient.n)
				break;
			first = true;
			continue;
		}
		if (first && line.n > 3 && line.p[0] == '<' && line.p[line.n - 1] == ':' &&
		    line.p[line.n - 2] == '>') {
			recipient = (struct str){ line.p + 1, line.n - 3 };
		} else if (recipient.n) {
			struct str code = find_status(line);
			if (text.n == 0 || (code.n && status.n == 0))
				text = line;
			if (status.n == 0)
				status = code;
		}
		first = false;
	}
	if (recipient.n)
		fill_in(b, REPORT_BOUNCE_FAILED, recipient, status, text);
	return recipient.n > 0;
}

/* ---- anything else ------------------------------------------------------ */

/* With the null sender and our token: a bounce, whatever its words. */
static void read_text(const struct outer *o, struct str text, struct report_bounce *b)
{
	struct str rest = text, line = STR(""), status = line;
	while (status.n == 0 && next_line(&rest, &line) && !is_returned(line))
		status = find_status(line);
	fill_in(b, REPORT_BOUNCE_FAILED, o->failed, status, status.n ? str_trim(line) : o->subject);
}

static int judge(const struct outer *o, const struct bounce_parts *parts, struct report_bounce *b,
                 const char **expected)
{
	struct str text = parts->text.n ? buf_str(&parts->text) : o->body;
	/* A receipt, or a report about ours: whatever became of it there, it arrived. */
	if (parts->is_receipt) {
		fill_in(b, REPORT_BOUNCE_ARRIVED, STR(""), STR(""), o->subject);
		return ERR_OK;
	}
	if ((parts->status.n && read_delivery_status(buf_str(&parts->status), b)) ||
	    (o->delivery_status && read_delivery_status(o->body, b)) || read_qmail(text, b))
		return ERR_OK;
	*expected = "a bounce: a mail whose sender is empty";
	if (!o->returned_to_null)
		return ERR_INVALID;
	if (o->automatic && !o->daemon && o->failed.n == 0)
		fill_in(b, REPORT_BOUNCE_ARRIVED, STR(""), STR(""), o->subject);
	else
		read_text(o, text, b);
	return ERR_OK;
}

int report_bounce_parse(struct str message, const unsigned char key[static REPORT_KEY_BYTES],
                        struct report_bounce *b, const char **expected)
{
	struct outer o;
	struct bounce_parts parts = { 0 };
	*b = (struct report_bounce){ 0 };
	*expected = "a bounce of one of our reports";
	if (message.n > READ_MAX_BYTES)
		message.n = READ_MAX_BYTES;
	bounce_parts_read(&parts, message);
	int e = ERR_INVALID;
	/* What was returned may be encoded: its token is seen in the decoded parts alone. */
	if (report_token_find(key, message, b->id) ||
	    report_token_find(key, buf_str(&parts.all), b->id)) {
		read_header(message, &o);
		e = judge(&o, &parts, b, expected);
	}
	bounce_parts_fini(&parts);
	return e;
}
