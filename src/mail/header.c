/* SPDX-License-Identifier: ISC
 *
 * The header block, field by field, in one pass.
 */
#include "mail/header.h"

#include "base/eight.h"

void header_begin(struct header_cursor *c, struct str message)
{
	static const struct str utf8_mark = { "\xef\xbb\xbf", 3 };
	*c = (struct header_cursor){ .message = message };
	if (str_prefix(message, utf8_mark))
		c->at = utf8_mark.n;
	if (!str_prefix(str_from(message, c->at), STR("From ")))
		return;
	const char *nl = memchr(message.p, '\n', message.n);
	c->at = nl ? (size_t)(nl - message.p) + 1 : message.n;
}

/* The end of the field that starts at `at`: past its last line end. */
static size_t field_end(struct str m, size_t at)
{
	for (;;) {
		const char *nl = memchr(m.p + at, '\n', m.n - at);
		if (!nl)
			return m.n;
		at = (size_t)(nl - m.p) + 1;
		if (at == m.n || (m.p[at] != ' ' && m.p[at] != '\t'))
			return at;
	}
}

/* Where a name ends: at its colon, white space, a control or an 8-bit character. */
static size_t name_end(struct str line)
{
	size_t i = 0;
	for (; i + 8 <= line.n; i += 8) {
		uint64_t x = eight_load(line.p + i);
		uint64_t marks = eight_below(x, ' ' + 1) | eight_equal(x, ':') |
		                 eight_equal(x, 0x7f) | eight_high(x);
		if (marks)
			return i + eight_first(marks);
	}
	while (i < line.n && line.p[i] != ':' && (unsigned char)line.p[i] > ' ' &&
	       (unsigned char)line.p[i] < 0x7f)
		i++;
	return i;
}

/* The length of the field name at the start of a line, *colon being where it ends; 0 if
 * the line is no field. RFC 5322 sets no limit to a name, but one that is longer than
 * this is none, and the search stays short on a line of 100 MB. */
static size_t name_length(struct str line, size_t *colon)
{
	enum { NAME_MAX_BYTES = 256 };
	size_t reach = line.n < NAME_MAX_BYTES ? line.n : NAME_MAX_BYTES;
	size_t length = name_end((struct str){ line.p, reach }), i = length;
	while (i < reach && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	if (i == reach || line.p[i] != ':')
		return 0;
	*colon = i;
	return length;
}

bool header_next(struct header_cursor *c, struct header_field *f)
{
	struct str m = c->message;
	size_t at = c->at;
	if (at >= m.n)
		return false;
	if (m.p[at] == '\n' || (m.p[at] == '\r' && at + 1 < m.n && m.p[at + 1] == '\n')) {
		c->at = at + (m.p[at] == '\n' ? 1 : 2);
		return false;
	}
	size_t end = field_end(m, at);
	c->at = end;
	if (m.p[end - 1] == '\n')
		end -= end - at >= 2 && m.p[end - 2] == '\r' ? 2 : 1;
	struct str line = { m.p + at, end - at };
	size_t colon = 0;
	struct str name = { line.p, name_length(line, &colon) };
	f->line = line;
	f->offset = at;
	f->odd = name.n == 0;
	f->name = f->odd ? STR("") : name;
	f->value = f->odd ? line : str_trim(str_from(line, colon + 1));
	return true;
}

bool header_is(const struct header_field *f, struct str name)
{
	return !f->odd && str_caseeq(f->name, name);
}

/* Names, and beginnings of names, that end in "-". */
static const char *const message_fields[] = {
	"Received", "Return-Path", "Delivered-To", "Envelope-To", "From", "To", "Cc", "Bcc", "Date",
	"Subject", "Sender", "Reply-To", "Message-ID", "In-Reply-To", "References", "MIME-Version",
	"Comments", "Keywords", "Received-SPF", "DKIM-Signature", "DomainKey-Signature",
	"Authentication-Results", "Apparently-To", "Auto-Submitted", "Precedence", "User-Agent",
	"Errors-To", "Return-Receipt-To", "Disposition-Notification-To", "Feedback-ID",
	"Content-", "Resent-", "ARC-", "List-", "X-", "Original-",
};

static bool is_message_field(struct str name)
{
	for (size_t i = 0; i < sizeof(message_fields) / sizeof(*message_fields); i++) {
		struct str known = str_of(message_fields[i]);
		bool begins = known.p[known.n - 1] == '-';
		if (begins ? str_caseprefix(name, known) : str_caseeq(name, known))
			return true;
	}
	return false;
}

bool header_is_message(struct str message)
{
	struct header_cursor cursor;
	struct header_field f;
	header_begin(&cursor, message);
	while (header_next(&cursor, &f))
		if (!f.odd && is_message_field(f.name))
			return true;
	return false;
}

size_t header_unfold(struct str value, char *dst, size_t size)
{
	size_t n = 0;
	bool gap = false;
	for (size_t i = 0; i < value.n && n + 1 < size; i++) {
		char ch = value.p[i];
		if (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n') {
			gap = n != 0;
			continue;
		}
		if (gap && n + 2 < size)
			dst[n++] = ' ';
		gap = false;
		dst[n++] = ch;
	}
	dst[n] = '\0';
	return n;
}
