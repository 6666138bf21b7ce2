/* SPDX-License-Identifier: ISC
 *
 * A copy of a message without the persons in it.
 */
#include "report/redact.h"

#include "base/mem.h"
#include "base/random.h"
#include "mail/header.h"
#include "mail/mime.h"

#include <assert.h>
#include <gmime/gmime.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum {
	LOCAL_MAX_BYTES = 256,       /* longer runs before an '@' are cut there */
	NAME_MIN_BYTES = 3,          /* shorter recipients' names stand everywhere by chance */
	HEADER_MAX_BYTES = 128 << 10,
	LINE_MAX_BYTES = 900,
	PART_DEPTH_MAX = 8, PARTS_MAX = 64,
};

/* ---- text --------------------------------------------------------------- */

void redact_digest(const struct redaction *r, struct str local, struct buf *out)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	char text[REDACT_DIGEST_LEN + 1], folded[LOCAL_MAX_BYTES];
	unsigned n;
	size_t length = local.n < sizeof(folded) ? local.n : sizeof(folded);
	for (size_t i = 0; i < length; i++)
		folded[i] = ascii_lower(local.p[i]);
	HMAC(EVP_sha256(), r->key, REDACT_KEY_BYTES, (unsigned char *)folded, length, mac, &n);
	base32_encode(mac, REDACT_DIGEST_LEN * 5 / 8, text);
	buf_add_cstr(out, text);
}

static bool redact_is_local(unsigned char c)
{
	return ascii_isalnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool is_word(unsigned char c)
{
	return ascii_isalnum(c) || c >= 0x80 || c == '_' || c == '-' || c == '.';
}

/* Bytes that stand for '@' at i: 1, or 3 for "%40" of a URL; 0 if none do. */
static size_t at_sign(struct str s, size_t i)
{
	if (s.p[i] == '@')
		return 1;
	return s.p[i] == '%' && str_prefix(str_from(s, i), STR("%40")) ? 3 : 0;
}

/* Where what stands in s from `start` to `at` is the end of a URL: behind its last
 * separator. "bounce-jane=example.org" is none, and stays whole. */
static size_t behind_url(struct str s, size_t start, size_t at)
{
	bool url = false;
	for (size_t i = start; i < at; i++)
		url = url || s.p[i] == '/' || s.p[i] == '?';
	for (size_t i = at; url && i > start; i--)
		if (strchr("/?=&", s.p[i - 1]))
			return i;
	return start;
}

/* Where the local part before `at` begins, not before `from`; a quoted one at its quote. */
static size_t redact_local_start(struct str s, size_t from, size_t at)
{
	size_t least = at - from > LOCAL_MAX_BYTES ? at - LOCAL_MAX_BYTES : from, i = at;
	if (i > least && s.p[i - 1] == '"') {
		for (i--; i > least && s.p[i - 1] != '"' && s.p[i - 1] != '\n'; i--)
			;
		return i > least && s.p[i - 1] == '"' ? i - 1 : at;
	}
	while (i > least && redact_is_local((unsigned char)s.p[i - 1]))
		i--;
	return behind_url(s, i, at);
}

static size_t domain_end(struct str s, size_t i)
{
	if (i < s.n && s.p[i] == '[') {
		size_t end = i;
		while (end < s.n && s.p[end] != ']' && end - i < 64)
			end++;
		return end < s.n && s.p[end] == ']' ? end + 1 : i;
	}
	while (i < s.n && (ascii_isalnum((unsigned char)s.p[i]) || s.p[i] == '-' || s.p[i] == '.' ||
	                   (unsigned char)s.p[i] >= 0x80))
		i++;
	return i;
}

/* Addresses: the local part becomes its digest. */
static void redact_addresses(const struct redaction *r, struct str s, struct buf *out)
{
	size_t done = 0;
	for (size_t i = 0; i < s.n; i++) {
		size_t sign = at_sign(s, i);
		if (sign == 0)
			continue;
		size_t start = redact_local_start(s, done, i), end = domain_end(s, i + sign);
		struct str local = { s.p + start, i - start };
		struct str whole = { s.p + start, end - start };
		buf_add(out, s.p + done, start - done);
		done = i;
		/* Even before what is no domain: better a word too many than a person. */
		if (local.n == 0 || (r->keep.n && str_caseeq(whole, r->keep)))
			buf_add_str(out, local);
		else
			redact_digest(r, local, out);
	}
	buf_add_str(out, str_from(s, done));
}

static bool is_recipient(const struct redaction *r, struct str word)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (str_caseeq(word, r->names[i]))
			return true;
	return false;
}

/* Words that are a recipient's local part. */
static void redact_words(const struct redaction *r, struct str s, struct buf *out)
{
	size_t i = 0;
	while (i < s.n) {
		size_t start = i;
		while (i < s.n && is_word((unsigned char)s.p[i]))
			i++;
		struct str word = { s.p + start, i - start }, bare = word;
		while (bare.n && bare.p[bare.n - 1] == '.')
			bare.n--;
		if (is_recipient(r, bare)) {
			redact_digest(r, bare, out);
			word = str_from(word, bare.n);
		}
		buf_add_str(out, word);
		if (i < s.n)
			buf_add_byte(out, s.p[i++]);
	}
}

void redact_text(const struct redaction *r, struct str text, struct buf *out)
{
	struct buf half = { 0 };
	redact_addresses(r, text, &half);
	redact_words(r, buf_str(&half), out);
	buf_fini(&half);
}

/* ---- recipients --------------------------------------------------------- */

static void redact_add_name(struct redaction *r, struct str address)
{
	address = str_trim(address);
	if (address.n && address.p[0] == '<')
		address = str_from(address, 1);
	size_t at = str_find(address, '@');
	if (at == SIZE_MAX || at < NAME_MIN_BYTES || at > LOCAL_MAX_BYTES)
		return;
	struct str name = { address.p, at };
	if (r->name_count < REDACT_NAMES_MAX && !is_recipient(r, name))
		r->names[r->name_count++] = name;
}

static bool is_delivery_field(const struct header_field *f)
{
	return header_is(f, STR("Delivered-To")) || header_is(f, STR("X-Original-To")) ||
	       header_is(f, STR("Envelope-To"));
}

void redact_recipients(struct redaction *r, const struct trace *t, struct str message)
{
	struct header_cursor c;
	struct header_field f;
	size_t border = 0;
	for (size_t i = 0; i < t->hop_count; i++) {
		if (t->hops[i].zone != TRACE_OWN && t->hops[i].zone != TRACE_HANDOVER)
			break;
		redact_add_name(r, t->hops[i].line.recipient);
		border = t->hops[i].offset;
	}
	header_begin(&c, message);
	while (header_next(&c, &f) && f.offset < border)
		if (!f.odd && is_delivery_field(&f))
			redact_add_name(r, f.value);
}

/* ---- the header --------------------------------------------------------- */

/* Who got it: names and all. */
static bool names_recipients(const struct header_field *f)
{
	static const char *const fields[] = {
		"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc", "Apparently-To",
		"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-To",
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (header_is(f, str_of(fields[i])))
			return true;
	return false;
}

/* Replaced by what the copy is, if it has a text. */
static bool is_replaced(const struct header_field *f)
{
	return header_is(f, STR("MIME-Version")) || header_is(f, STR("Content-Type")) ||
	       header_is(f, STR("Content-Transfer-Encoding")) ||
	       header_is(f, STR("Content-Length"));
}

/* Ids look like addresses and are none. */
static bool is_id(const struct header_field *f)
{
	return header_is(f, STR("Message-ID")) || header_is(f, STR("Resent-Message-ID")) ||
	       header_is(f, STR("In-Reply-To")) || header_is(f, STR("References"));
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
	redact_text(r, f->value, &text);
	buf_printf(&line, "%.*s: ", STR_ARG(f->name));
	rest = buf_str(&text);
	while (str_token(&rest, " ,;<>()\"\t\r\n", &word)) {
		if (str_find(word, '@') == SIZE_MAX)
			continue;
		buf_printf(&line, "%s<%.*s>", between, STR_ARG(word));
		between = ", ";
	}
	add_lines(buf_str(&line), out);
	buf_fini(&text);
	buf_fini(&line);
}

/* Encoded words that hide an address or a recipient are decoded and redacted. */
static bool add_encoded(const struct redaction *r, const struct header_field *f, struct buf *out)
{
	struct buf redacted = { 0 };
	if (str_search(f->value, STR("=?")) == SIZE_MAX || f->value.n > LINE_MAX_BYTES * 8)
		return false;
	char *value = mem_strndup(f->value.p, f->value.n);
	char *decoded = mime_decode_header(value);
	redact_text(r, str_of(decoded), &redacted);
	bool changed = !str_eq(str_of(decoded), buf_str(&redacted));
	if (changed) {
		char *encoded = mime_encode_header(buf_cstr(&redacted));
		struct buf line = { 0 };
		buf_printf(&line, "%.*s: %s", STR_ARG(f->name), encoded);
		add_lines(buf_str(&line), out);
		buf_fini(&line);
		g_free(encoded);
	}
	g_free(decoded);
	free(value);
	buf_fini(&redacted);
	return changed;
}

static void add_field(const struct redaction *r, const struct header_field *f, bool with_body,
                      struct buf *out)
{
	struct buf line = { 0 };
	if (!f->odd && names_recipients(f)) {
		add_recipients(r, f, out);
		return;
	}
	if (!f->odd && add_encoded(r, f, out))
		return;
	if (f->odd)
		buf_add_cstr(&line, "X-No-Field: ");      /* a line without a colon */
	else if (with_body && is_replaced(f))
		buf_add_cstr(&line, "X-Original-");
	if (!f->odd && is_id(f))
		redact_words(r, f->line, &line);
	else
		redact_text(r, f->line, &line);
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
		if (c.at > HEADER_MAX_BYTES) {
			buf_add_cstr(out, "X-Cut: the header is longer than what is reported\r\n");
			break;
		}
		add_field(r, &f, with_body, out);
	}
}

/* ---- the body ----------------------------------------------------------- */

struct body {
	struct buf text;             /* UTF-8 */
	size_t max;
	unsigned parts;
};

static void add_note(struct body *b, GMimeObject *object, const char *what)
{
	char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
	buf_printf(&b->text, "[%s: %.60s]\n", what, type);
	g_free(type);
}

static void read_object(struct body *b, GMimeObject *object, unsigned depth)
{
	if (!object || b->text.n >= b->max || ++b->parts > PARTS_MAX || depth > PART_DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
			read_object(b, g_mime_multipart_get_part(multipart, i), depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		add_note(b, object, "attached message");
		if (inner)
			read_object(b, g_mime_message_get_mime_part(inner), depth + 1);
	} else if (GMIME_IS_TEXT_PART(object)) {
		char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
		if (text)
			buf_add_cstr(&b->text, text);
		buf_add_byte(&b->text, '\n');
		g_free(text);
	} else {
		add_note(b, object, "attachment, left out");
	}
}

static void redact_read_body(struct str message, struct body *b)
{
	GMimeMessage *parsed = mime_parse(message);
	if (parsed) {
		read_object(b, g_mime_message_get_mime_part(parsed), 0);
		g_object_unref(parsed);
	}
}

static void encode(struct str text, struct buf *out)
{
	GMimeEncoding state;
	g_mime_encoding_init_encode(&state, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	char *encoded = mem_alloc(g_mime_encoding_outlen(&state, text.n) + 1);
	size_t n = g_mime_encoding_flush(&state, text.p, text.n, encoded);
	for (size_t i = 0; i < n; i++) {
		if (encoded[i] == '\n')
			buf_add_byte(out, '\r');
		buf_add_byte(out, encoded[i]);
	}
	free(encoded);
}

/* Ends where a character ends. */
static struct str redact_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return (struct str){ s.p, max };
}

/* gmime is given no more than can matter: it reads all before we can stop it. */
static void add_body(const struct redaction *r, struct str message, size_t body_max,
                     struct buf *out)
{
	enum { ENCODED_FACTOR = 8 };
	struct body b = { .max = body_max };
	struct buf redacted = { 0 };
	size_t most = HEADER_MAX_BYTES + body_max * ENCODED_FACTOR;
	if (message.n > most)
		message.n = most;
	redact_read_body(message, &b);
	struct str text = redact_cut(buf_str(&b.text), body_max);
	redact_text(r, text, &redacted);
	if (text.n < b.text.n)
		buf_add_cstr(&redacted, "\n[cut]\n");
	encode(buf_str(&redacted), out);
	buf_fini(&redacted);
	buf_fini(&b.text);
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
		add_body(r, message, body_max, out);
}
