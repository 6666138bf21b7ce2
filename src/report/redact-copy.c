/* SPDX-License-Identifier: ISC
 *
 * A copy of a message without the persons in it and without our own side: its header, field by
 * field.
 */
#include "report/redact-private.h"

#include "base/mem.h"
#include "dns/idn.h"
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 900, ENCODED_MAX_BYTES = 8 * LINE_MAX_BYTES,
       NAME_MAX_BYTES = 80, RECIPIENTS_LINE = 76 };

/* Replaced by what the copy is, if it has a text. */
static bool is_replaced(const struct header_field *f)
{
	return header_is(f, STR("MIME-Version")) || header_is(f, STR("Content-Type")) ||
	       header_is(f, STR("Content-Transfer-Encoding")) ||
	       header_is(f, STR("Content-Length"));
}

/* One line of the copy: ASCII, not too long. */
static void add_line(struct str s, struct buf *out)
{
	size_t start = out->n;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (out->n - start > LINE_MAX_BYTES) {
			buf_add_cstr(out, " [cut]");
			break;
		}
		if (ascii_isprint(c) || c == '\t')
			buf_add_byte(out, s.p[i]);
		else
			buf_printf(out, "\\x%02X", c);
	}
	buf_add_cstr(out, "\r\n");
}

/* Lines of a field; an empty one would end the header. */
static void add_lines(struct str s, struct buf *out)
{
	while (s.n) {
		const char *nl = memchr(s.p, '\n', s.n);
		size_t n = nl ? (size_t)(nl - s.p) : s.n;
		struct str line = { s.p, n };
		while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' ' ||
		                  line.p[line.n - 1] == '\t'))
			line.n--;
		if (line.n)
			add_line(line, out);
		s = str_from(s, nl ? n + 1 : n);
	}
}

/* The addresses alone, redacted; names are left out. */
static void add_recipients(const struct redaction *r, const struct header_field *f,
                           struct buf *out)
{
	struct buf text = { 0 }, line = { 0 };
	struct str rest, word;
	const char *between = "";
	size_t start = 0;
	redact_text(r, f->value, &text);
	buf_printf(&line, "%.*s: ", STR_ARG(f->name));
	rest = buf_str(&text);
	while (str_token(&rest, " ,;<>()\"\t\r\n", &word)) {
		if (str_find(word, '@') == SIZE_MAX)
			continue;
		bool fold = line.n - start + word.n + 4 > RECIPIENTS_LINE && *between;
		if (fold)
			start = line.n;
		buf_printf(&line, "%s<%.*s>", fold ? ",\n " : between, STR_ARG(word));
		between = ", ";
	}
	add_lines(buf_str(&line), out);
	buf_fini(&text);
	buf_fini(&line);
}

static bool is_written_by_people(const struct header_field *f)
{
	return header_is(f, STR("Subject")) || header_is(f, STR("From")) ||
	       header_is(f, STR("Sender")) || header_is(f, STR("Reply-To"));
}

/* Text of a sender's that is not ASCII goes out as encoded words (RFC 2047), as it should have
 * come; what is not UTF-8 is taken for Latin-1. Elsewhere bytes are escaped. */
static bool is_raw_text(const struct header_field *f)
{
	return !str_is_ascii(f->value) && is_written_by_people(f);
}

static void begin_field(const struct header_field *f, struct mime_field *field, struct buf *out)
{
	size_t n = f->name.n < NAME_MAX_BYTES ? f->name.n : NAME_MAX_BYTES;
	char *name = mem_strndup(f->name.p, n);
	mime_field_begin(field, name, out);
	free(name);
}

/* One line: an encoded word may hold line ends, which would begin a field of its own. */
static void add_text(const struct header_field *f, struct str text, struct buf *out)
{
	struct mime_field field;
	struct buf plain = { 0 };
	for (size_t i = 0; i < text.n; i++)
		buf_add_byte(&plain, (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i]);
	begin_field(f, &field, out);
	mime_field_text(&field, buf_str(&plain));
	mime_field_end(&field);
	buf_fini(&plain);
}

static void add_name(const struct redaction *r, const char *name, struct mime_field *field)
{
	struct buf text = { 0 };
	redact_text(r, str_of(name), &text);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ')
			text.p[i] = ' ';
	if (text.n)
		mime_field_phrase(field, buf_str(&text));
	buf_fini(&text);
}

/* An address can hold no encoded word (RFC 2047 5): the domain is said in A-labels, and what then
 * is not ASCII, or cannot be in one, becomes "?". */
static void add_address(const struct redaction *r, const char *address, bool last,
                        struct mime_field *field)
{
	char ascii[IDN_TEXT_MAX];
	struct buf text = { 0 }, word = { 0 };
	redact_text(r, str_of(address), &text);
	struct str all = buf_str(&text);
	size_t at = all.n;
	while (at > 0 && all.p[at - 1] != '@')
		at--;
	buf_add_byte(&word, '<');
	buf_add_str(&word, (struct str){ all.p, at });
	buf_add_str(&word, idn_ascii(str_from(all, at), ascii));
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] <= ' ' || !ascii_isprint((unsigned char)word.p[i]))
			word.p[i] = '?';
	buf_add_cstr(&word, last ? ">" : ">,");
	mime_field_word(field, buf_str(&word));
	buf_fini(&text);
	buf_fini(&word);
}

/* Only mailboxes: false for a group, or for what is no list of addresses. */
static bool is_mailboxes(InternetAddressList *list)
{
	int n = list ? internet_address_list_length(list) : 0;
	for (int i = 0; i < n; i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		if (!INTERNET_ADDRESS_IS_MAILBOX(one) ||
		    !internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)))
			return false;
	}
	return n > 0;
}

/* From, Sender, Reply-To: each name and each address for itself. */
static bool add_mailboxes(const struct redaction *r, const struct header_field *f,
                          const char *value, struct buf *out)
{
	struct mime_field field;
	InternetAddressList *list = header_is(f, STR("Subject")) ? NULL : mime_addresses(value);
	bool good = is_mailboxes(list);
	if (good)
		begin_field(f, &field, out);
	for (int i = 0, n = good ? internet_address_list_length(list) : 0; i < n; i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		const char *name = internet_address_get_name(one);
		if (name)
			add_name(r, name, &field);
		add_address(r, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)),
		            i + 1 == n, &field);
	}
	if (good)
		mime_field_end(&field);
	if (list)
		g_object_unref(list);
	return good;
}

/* Encoded words that hide an address or a recipient are decoded and redacted. False: the field
 * can stay as it is written. */
static bool add_encoded(const struct redaction *r, const struct header_field *f, struct buf *out)
{
	struct buf redacted = { 0 };
	bool raw = is_raw_text(f);
	if (!raw && str_search(f->value, STR("=?")) == SIZE_MAX)
		return false;
	if (f->value.n > ENCODED_MAX_BYTES) {
		buf_printf(out, "%.*s: [cut]\r\n", (int)(f->name.n < 80 ? f->name.n : 80),
		           f->name.p);
		return true;
	}
	char *value = mem_strndup(f->value.p, f->value.n);
	char *decoded = mime_decode_header(value);
	redact_text(r, str_of(decoded), &redacted);
	bool changed = raw || !str_eq(str_of(decoded), buf_str(&redacted));
	if (changed && !(is_written_by_people(f) && add_mailboxes(r, f, value, out)))
		add_text(f, buf_str(&redacted), out);
	g_free(decoded);
	free(value);
	buf_fini(&redacted);
	return changed;
}

static void add_field(const struct redaction *r, const struct header_field *f, bool with_body,
                      struct buf *out)
{
	struct buf line = { 0 };
	if (!f->odd && redact_is_recipients(f)) {
		add_recipients(r, f, out);
		return;
	}
	if (!f->odd && add_encoded(r, f, out))
		return;
	if (f->odd)
		buf_add_cstr(&line, "X-No-Field: ");      /* a line without a colon */
	else if (with_body && is_replaced(f))
		buf_add_cstr(&line, "X-Original-");
	/* A recipient may be called as a field is, "date"; that is no reason to lose the field. */
	size_t name = f->odd || str_caseprefix(f->name, STR("X-")) ? 0 : f->name.n;
	buf_add(&line, f->line.p, name);
	if (!f->odd && redact_is_id(f))
		redact_names(r, str_from(f->line, name), &line);
	else
		redact_text(r, str_from(f->line, name), &line);
	add_lines(buf_str(&line), out);
	buf_fini(&line);
}

/* The line of the handover, if the field is that one and our own side stays home. */
static const struct trace_hop *handover_line(const struct redaction *r,
                                             const struct header_field *f)
{
	const struct trace *t = r->trace;
	if (!t || !r->border || r->own_lines || t->handover.family == 0)
		return NULL;
	const struct trace_hop *hop = &t->hops[t->handover_hop];
	return hop->offset == f->offset ? hop : NULL;
}

static void copy_field(const struct redaction *r, const struct header_field *f, bool with_body,
                       struct buf *out)
{
	const struct trace_hop *hop = handover_line(r, f);
	struct buf line = { 0 };
	if (redact_stays_home(r, f))
		return;
	if (!hop) {
		add_field(r, f, with_body, out);
		return;
	}
	redact_handover(r, hop, &line);
	add_lines(buf_str(&line), out);
	buf_fini(&line);
}

static void add_header(const struct redaction *r, struct str message, bool with_body,
                       struct buf *out)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		if (c.at > REDACT_HEADER_MAX_BYTES) {
			buf_add_cstr(out, "X-Cut: the header is longer than what is reported\r\n");
			break;
		}
		copy_field(r, &f, with_body, out);
	}
}

void redact_message(const struct redaction *r, struct str message, size_t body_max,
                    struct buf *out)
{
	add_header(r, message, body_max > 0, out);
	if (body_max == 0) {
		buf_add_cstr(out, "\r\n");
		return;
	}
	buf_add_cstr(out, "MIME-Version: 1.0\r\n"
	             "Content-Type: text/plain; charset=utf-8\r\n"
	             "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	if (message.n)
		redact_body(r, message, body_max, out);
}
