/* SPDX-License-Identifier: ISC
 *
 * Texts without the persons in them: mail addresses of every form that the grammar of RFC 5321
 * and RFC 6531 knows, and the names of recipients where they stand alone.
 */
#include "report/redact-private.h"

#include "base/random.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { LOCAL_MAX_BYTES = 256 };      /* longer runs before an '@' are cut there */

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

/* ---- addresses ---------------------------------------------------------- */

static bool redact_is_local(unsigned char c)
{
	return ascii_isalnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

/* `begin`, as often as it may be `fill`, then `end`: its length at the start of s, or 0. */
static size_t redact_form(struct str s, const char *begin, const char *fill, const char *end)
{
	enum { FILLS_MAX = 8 };
	size_t n = strlen(begin);
	if (!str_caseprefix(s, str_of(begin)))
		return 0;
	for (unsigned k = 0; k < FILLS_MAX && str_prefix(str_from(s, n), str_of(fill)); k++)
		n += strlen(fill);
	return str_caseprefix(str_from(s, n), str_of(end)) ? n + strlen(end) : 0;
}

/* Bytes that stand for '@' at i, in a text, a URL, a script or HTML; 0 if none do. */
static size_t at_sign(struct str s, size_t i)
{
	static const struct {
		const char *begin, *fill, *end;
	} forms[] = {
		{ "%", "25", "40" }, { "&#", "0", "64;" }, { "&#x", "0", "40;" },
		{ "&#", "0", "64" }, { "&#x", "0", "40" }, { "&commat;", "", "" },
		{ "\\u", "0", "40" }, { "\\x", "0", "40" }, { "\xef\xbc\xa0", "", "" },
	};
	size_t n = 0;
	if (s.p[i] == '@')
		return 1;
	if (!s.p[i] || !strchr("%&\\\xef", s.p[i]))
		return 0;
	for (size_t k = 0; k < sizeof(forms) / sizeof(*forms) && n == 0; k++)
		n = redact_form(str_from(s, i), forms[k].begin, forms[k].fill, forms[k].end);
	return n;
}

/* Where the sign that ends at i begins, if HTML wrote it so: "&#106;"; else i. */
static size_t entity_before(struct str s, size_t least, size_t i)
{
	enum { LONGEST = 10 };
	if (i <= least || s.p[i - 1] != ';')
		return i;
	for (size_t k = i - 1; k > least && i - k < LONGEST; k--)
		if (s.p[k - 1] == '&' && k < i && s.p[k] == '#')
			return k - 1;
	return i;
}

/* Whether what stands from `start` to `at` is the end of a URL: behind "scheme:", or a part that
 * begins with a path and has a query. */
static bool redact_is_url(struct str s, size_t start, size_t at)
{
	struct str run = { s.p + start, at - start };
	if (str_prefix(run, STR("//")))
		return true;
	size_t query = str_find(run, '?');
	return query != SIZE_MAX && str_find(str_from(run, query), '=') != SIZE_MAX;
}

/* Where what stands in s from `start` to `at` is the end of a URL: behind its last separator.
 * "bounce-jane=example.org" is none, nor "/G=jane/S=doe", and stays whole. */
static size_t behind_url(struct str s, size_t start, size_t at)
{
	for (size_t i = at; redact_is_url(s, start, at) && i > start; i--)
		if (strchr("/?=&", s.p[i - 1]) && !(s.p[i - 1] == '&' && s.p[i] == '#'))
			return i;
	return start;
}

/* A quote within a quoted string has an odd number of backslashes before it. */
static bool is_escaped(struct str s, size_t i, size_t least)
{
	size_t n = 0;
	while (i > least + n && s.p[i - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/* Where the local part before `at` begins, not before `from`; a quoted one at its quote. */
static size_t redact_local_start(struct str s, size_t from, size_t at)
{
	size_t least = at - from > LOCAL_MAX_BYTES ? at - LOCAL_MAX_BYTES : from, i = at;
	if (i > least && s.p[i - 1] == '"') {
		for (i--; i > least && s.p[i - 1] != '\n'; i--)
			if (s.p[i - 1] == '"' && !is_escaped(s, i - 1, least))
				return i - 1;
		return at;
	}
	for (size_t before = i;; i = before) {
		if (i > least && redact_is_local((unsigned char)s.p[i - 1]))
			before = i - 1;
		else
			before = entity_before(s, least, i);
		if (before == i)
			break;
	}
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

/* Without its quotes and backslashes, so that both ways to write it have one digest. */
static struct str unquoted(struct str local, char dst[static LOCAL_MAX_BYTES])
{
	size_t n = 0;
	if (local.n < 2 || local.p[0] != '"')
		return local;
	for (size_t i = 1; i + 1 < local.n && n < LOCAL_MAX_BYTES; i++) {
		if (local.p[i] == '\\' && i + 2 < local.n)
			i++;
		dst[n++] = local.p[i];
	}
	return (struct str){ dst, n };
}

/* A quoted local part that begins at i, which may hold an '@' itself: where its own '@' is, or
 * 0. */
static size_t behind_quoted(struct str s, size_t i)
{
	for (size_t k = i + 1; k + 1 < s.n && k - i < LOCAL_MAX_BYTES && s.p[k] != '\n'; k++)
		if (s.p[k] == '"' && !is_escaped(s, k, i + 1))
			return at_sign(s, k + 1) ? k + 1 : 0;
	return 0;
}

/* Addresses: the local part becomes its digest. */
void redact_addresses(const struct redaction *r, struct str s, struct buf *out)
{
	char plain[LOCAL_MAX_BYTES];
	size_t done = 0;
	for (size_t i = 0; i < s.n; i++) {
		size_t quoted = s.p[i] == '"' ? behind_quoted(s, i) : 0;
		size_t begin = i;
		i = quoted ? quoted : i;
		size_t sign = at_sign(s, i);
		if (sign == 0)
			continue;
		size_t start = quoted ? begin : redact_local_start(s, done, i);
		size_t end = domain_end(s, i + sign);
		struct str local = { s.p + start, i - start };
		struct str whole = { s.p + start, end - start };
		buf_add(out, s.p + done, start - done);
		done = i;
		/* Even before what is no domain: better a word too many than a person. */
		if (local.n == 0 || (r->keep.n && str_caseeq(whole, r->keep)))
			buf_add_str(out, local);
		else
			redact_digest(r, unquoted(local, plain), out);
	}
	buf_add_str(out, str_from(s, done));
}

/* ---- names -------------------------------------------------------------- */

/* What a name may not touch: it would be part of another word. */
static bool is_word(unsigned char c)
{
	return ascii_isalnum(c) || c >= 0x80 || c == '_' || c == '-';
}

/* A full stop ends a sentence, or stands within a name. */
static bool ends_at(struct str s, size_t i)
{
	if (i < s.n && s.p[i] == '.')
		return i + 1 >= s.n || !is_word((unsigned char)s.p[i + 1]);
	return i >= s.n || !is_word((unsigned char)s.p[i]);
}

static bool begins_at(struct str s, size_t i)
{
	if (i > 0 && s.p[i - 1] == '.')
		return i > 1 && !is_word((unsigned char)s.p[i - 2]) && s.p[i - 2] != '.';
	return i == 0 || !is_word((unsigned char)s.p[i - 1]);
}

/* The longest name that stands at i, or NULL. */
static const struct redact_name *name_at(const struct redaction *r, struct str s, size_t i)
{
	const struct redact_name *best = NULL;
	struct str rest = str_from(s, i);
	for (size_t k = 0; k < r->name_count; k++) {
		const struct redact_name *name = &r->names[k];
		if (ascii_lower(name->text.p[0]) == ascii_lower(rest.p[0]) &&
		    (!best || name->text.n > best->text.n) &&
		    str_caseprefix(rest, name->text) && ends_at(s, i + name->text.n))
			best = name;
	}
	return best && begins_at(s, i) ? best : NULL;
}

void redact_names(const struct redaction *r, struct str s, struct buf *out)
{
	size_t done = 0, i = 0;
	while (i < s.n) {
		const struct redact_name *name = r->name_count ? name_at(r, s, i) : NULL;
		if (!name) {
			i++;
			continue;
		}
		buf_add(out, s.p + done, i - done);
		redact_digest(r, name->local, out);
		i += name->text.n;
		done = i;
	}
	buf_add_str(out, str_from(s, done));
}

/* ---- one address -------------------------------------------------------- */

static struct str without_brackets(struct str address)
{
	address = str_trim(address);
	if (address.n && address.p[0] == '<')
		address = str_from(address, 1);
	if (address.n && address.p[address.n - 1] == '>')
		address.n--;
	/* "@relay.example,@b.example:jane@c.example" */
	if (address.n && address.p[0] == '@') {
		size_t colon = str_find(address, ':');
		address = str_from(address, colon == SIZE_MAX ? address.n : colon + 1);
	}
	return str_trim(address);
}

/* Behind the local part: the '@' that no quote holds, or the end. */
static size_t local_end(struct str address)
{
	size_t i = 0;
	if (address.n && address.p[0] == '"')
		for (i = 1; i < address.n && (address.p[i] != '"' || is_escaped(address, i, 1));)
			i++;
	size_t at = SIZE_MAX;
	for (; i < address.n; i++)
		if (address.p[i] == '@')
			at = i;
	return at == SIZE_MAX ? address.n : at;
}

bool redact_local_of(struct arena *a, struct str address, struct str *local)
{
	char plain[LOCAL_MAX_BYTES];
	address = without_brackets(address);
	*local = (struct str){ address.p, local_end(address) };
	if (local->n == 0 || local->n > LOCAL_MAX_BYTES)
		return false;
	if (local->p[0] == '"')
		*local = arena_str(a, unquoted(*local, plain));
	return local->n > 0;
}

bool redact_path(const struct redaction *r, struct str address, struct buf *out)
{
	char plain[LOCAL_MAX_BYTES];
	bool is_path = str_trim(address).n > 0;
	address = without_brackets(address);
	struct str local = { address.p, local_end(address) };
	if (is_path)
		buf_add_byte(out, '<');
	if (r->keep.n && str_caseeq(address, r->keep))
		buf_add_str(out, local);
	else if (local.n)
		redact_digest(r, unquoted(local, plain), out);
	buf_add_str(out, str_from(address, local.n));
	if (is_path)
		buf_add_byte(out, '>');
	return is_path;
}
