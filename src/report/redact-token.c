/* SPDX-License-Identifier: ISC
 *
 * A text without the persons in it; and of that the addresses that a link carries in base64
 * (either alphabet, a JSON web token's parts too) or in hex. A random token is no text when it is
 * decoded; what is, and holds an address or a recipient's name, becomes a digest as a whole.
 *
 * Hostile input: any text. Each byte is decoded at most twice.
 */
#include "report/redact-private.h"

enum { TOKEN_MIN_BYTES = 8, TOKEN_MAX_BYTES = 4096 };

/* The value of a sign of base64, or 64. */
static unsigned base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (ascii_isdigit((unsigned char)c))
		return (unsigned)(c - '0') + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : 64;
}

static unsigned hex_value(char c)
{
	if (ascii_isdigit((unsigned char)c))
		return (unsigned)(c - '0');
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* A sign holds so many bits; false at one that holds none. */
static bool decode_signs(struct str s, unsigned (*value)(char), unsigned bits, struct buf *out)
{
	unsigned held = 0, n = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned v = value(s.p[i]);
		if (v >> bits)
			return false;
		held = (held << bits | v) & 0xffff;
		n += bits;
		if (n >= 8) {
			n -= 8;
			buf_add_byte(out, (char)(held >> n & 0xff));
		}
	}
	return true;
}

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' && !strchr("\t\r\n", s.p[i] ? s.p[i] : 'x'))
			return false;
	return s.n != 0;
}

/* "a@b.example" somewhere in it. */
static bool holds_address(struct str s)
{
	for (size_t i = 1; i + 3 < s.n; i++)
		if ((s.p[i] == '@' || str_caseprefix(str_from(s, i), STR("%40"))) &&
		    !ascii_isspace(s.p[i - 1]) && str_find(str_from(s, i), '.') != SIZE_MAX)
			return true;
	return false;
}

static bool names_person(const struct redaction *r, struct str s)
{
	struct buf redacted = { 0 };
	redact_names(r, s, &redacted);
	bool named = !str_eq(buf_str(&redacted), s);
	buf_fini(&redacted);
	return named;
}

static bool hides_person(const struct redaction *r, struct str token)
{
	static const struct {
		unsigned (*value)(char);
		unsigned bits;
	} kinds[] = { { hex_value, 4 }, { base64_value, 6 } };
	bool hides = false;
	if (token.n < TOKEN_MIN_BYTES || token.n > TOKEN_MAX_BYTES)
		return false;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds) && !hides; k++) {
		struct buf plain = { 0 };
		hides = decode_signs(token, kinds[k].value, kinds[k].bits, &plain) &&
		        is_text(buf_str(&plain)) &&
		        (holds_address(buf_str(&plain)) || names_person(r, buf_str(&plain)));
		buf_fini(&plain);
	}
	return hides;
}

static void add_token(const struct redaction *r, struct str token, struct buf *out)
{
	if (hides_person(r, token))
		redact_digest(r, token, out);
	else
		buf_add_str(out, token);
}

/* A run of its signs is one token, or a path of several: "/u/amFuZUBleGFtcGxlLm9yZw/7". */
static void add_run(const struct redaction *r, struct str run, struct buf *out)
{
	if (hides_person(r, run)) {
		redact_digest(r, run, out);
		return;
	}
	size_t slash;
	while ((slash = str_find(run, '/')) != SIZE_MAX) {
		add_token(r, (struct str){ run.p, slash }, out);
		buf_add_byte(out, '/');
		run = str_from(run, slash + 1);
	}
	add_token(r, run, out);
}

static void redact_tokens(const struct redaction *r, struct str text, struct buf *out)
{
	size_t i = 0;
	while (i < text.n) {
		size_t start = i;
		while (i < text.n && base64_value(text.p[i]) < 64)
			i++;
		if (i > start)
			add_run(r, (struct str){ text.p + start, i - start }, out);
		if (i < text.n)
			buf_add_byte(out, text.p[i++]);
	}
}

void redact_text(const struct redaction *r, struct str text, struct buf *out)
{
	struct buf half = { 0 }, most = { 0 };
	redact_tokens(r, text, &half);
	redact_addresses(r, buf_str(&half), &most);
	redact_names(r, buf_str(&most), out);
	buf_fini(&half);
	buf_fini(&most);
}
