/* SPDX-License-Identifier: ISC */
#include "trace/report-bounce.h"

#include "mail/header.h"
#include "trace/report.h"

enum { READ_MAX_BYTES = 1 << 20 };

/* 5.1.x address, 5.2.1 mailbox disabled, 5.4.4 no route, 5.0.0 says no more than "failed".
 * A full mailbox, a message too large or refused by policy says nothing about the desk. */
bool report_status_is_dead(struct str status)
{
	return str_prefix(status, STR("5.1.")) || str_eq(status, STR("5.2.1")) ||
	       str_eq(status, STR("5.4.4")) || str_eq(status, STR("5.0.0"));
}

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

static struct str behind_type(struct str value)
{
	size_t semicolon = str_find(value, ';');
	return semicolon == SIZE_MAX ? value : str_trim(str_from(value, semicolon + 1));
}

static void copy_printable(char *dst, size_t size, struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < size; i++)
		if (ascii_isprint((unsigned char)s.p[i]))
			dst[n++] = s.p[i];
	dst[n] = '\0';
}

/* One group of fields for each recipient (RFC 3464 2.3), ended by an empty line. */
struct group {
	struct str recipient, status, text;
	bool failed, delayed;
};

static void read_field(struct str line, struct group *g)
{
	struct str value;
	if (field(line, STR("Final-Recipient"), &value) ||
	    (g->recipient.n == 0 && field(line, STR("Original-Recipient"), &value)))
		g->recipient = behind_type(value);
	else if (field(line, STR("Action"), &value)) {
		g->failed = str_caseeq(value, STR("failed"));
		g->delayed = str_caseeq(value, STR("delayed"));
	} else if (field(line, STR("Status"), &value))
		g->status = value;
	else if (field(line, STR("Diagnostic-Code"), &value))
		g->text = behind_type(value);
}

static bool is_dsn(struct str message)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, message);
	while (header_next(&c, &f))
		if (!f.odd && header_is(&f, STR("Content-Type")) &&
		    str_caseprefix(f.value, STR("multipart/report")) &&
		    str_casesearch(f.value, STR("delivery-status")) != SIZE_MAX)
			return true;
	return false;
}

static void take(struct report_bounce *b, const struct group *g)
{
	struct str status = g->status;
	size_t n = 0;
	while (n < status.n && (ascii_isdigit((unsigned char)status.p[n]) || status.p[n] == '.'))
		n++;
	status.n = n;
	copy_printable(b->recipient, sizeof(b->recipient), g->recipient);
	copy_printable(b->status, sizeof(b->status), status);
	copy_printable(b->text, sizeof(b->text), g->text);
	b->dead = report_status_is_dead(status);
}

/* What was returned begins here: our report, with whatever a spammer wrote in it. */
static bool is_returned(struct str line)
{
	struct str value;
	return field(line, STR("Content-Type"), &value) &&
	       (str_caseprefix(value, STR("message/rfc822")) ||
	        str_caseprefix(value, STR("message/global")) ||
	        str_caseprefix(value, STR("text/rfc822-headers")));
}

int report_bounce_parse(struct str message, struct report_bounce *b, const char **expected)
{
	*b = (struct report_bounce){ 0 };
	*expected = "a bounce (multipart/report; report-type=delivery-status)";
	if (message.n > READ_MAX_BYTES)
		message.n = READ_MAX_BYTES;
	if (!is_dsn(message))
		return ERR_INVALID;
	*expected = "a bounce of one of our reports";
	if (!report_id_find(message, b->id))
		return ERR_INVALID;
	struct str rest = message, line;
	struct group g = { 0 };
	bool delayed = false, found = false;
	while (!found && next_line(&rest, &line) && !is_returned(line)) {
		if (line.n)
			read_field(line, &g);
		if (line.n && rest.n)
			continue;
		found = g.failed && g.recipient.n && str_prefix(g.status, STR("5"));
		delayed = delayed || g.delayed;
		if (found)
			take(b, &g);
		g = (struct group){ 0 };
	}
	*expected = delayed ? "a final failure; this is only a delay"
	                    : "a recipient for whom delivery failed";
	return found ? ERR_OK : delayed ? ERR_UNSUPPORTED : ERR_INVALID;
}
