/* SPDX-License-Identifier: ISC
 *
 * Hides who is meant in the addresses of a returned message, and keeps where: the local
 * part becomes its first character and an ellipsis. Our own addresses stay, for they are
 * the proof: those at our domains, and those that name one of our domains inside the
 * local part (user%domain@host, domain!user@host).
 *
 * Hostile input that reaches it: any message. One pass; each byte is looked at a
 * bounded number of times.
 */
#include "store/evidence.h"

#include <assert.h>

static bool is_local(unsigned char c)
{
	return ascii_isalnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

static bool is_domain(unsigned char c)
{
	return ascii_isalnum(c) || c >= 0x80 || c == '-' || c == '.' || c == '_';
}

/* Where the local part that ends before `at` begins; never before `from`. A quoted one
 * begins at its quote. */
static size_t local_start(struct str s, size_t from, size_t at)
{
	size_t i = at;
	assert(from <= at && at <= s.n);
	if (i > from + 1 && s.p[i - 1] == '"' && s.p[i - 2] != '\\') {
		for (i -= 1; i > from; i--) {
			char c = s.p[i - 1];
			if (c == '\n')
				return at;
			if (c == '"' && !(i - 1 > from && s.p[i - 2] == '\\'))
				return i - 1;
		}
		return at;
	}
	while (i > from && is_local((unsigned char)s.p[i - 1]))
		i--;
	return i;
}

/* The domain or address literal behind the '@'. */
static struct str domain_at(struct str s, size_t start)
{
	size_t i = start;
	assert(start <= s.n);
	if (i < s.n && s.p[i] == '[') {
		while (i < s.n && s.p[i] != ']' && i - start < 64)
			i++;
		if (i < s.n && s.p[i] == ']')
			return (struct str){ s.p + start, i + 1 - start };
		return (struct str){ s.p + start, 0 };
	}
	while (i < s.n && is_domain((unsigned char)s.p[i]))
		i++;
	while (i > start && s.p[i - 1] == '.')
		i--;
	return (struct str){ s.p + start, i - start };
}

static bool is_own(struct str domain, const char *const *own)
{
	for (; own && *own; own++)
		if (str_caseeq(domain, str_of(*own)))
			return true;
	return false;
}

/* Whether one of our domains stands in the local part, between its separators. */
static bool names_own(struct str local, const char *const *own)
{
	struct str part;
	while (str_token(&local, "!%=\"@:,()<> ", &part))
		if (is_own(part, own))
			return true;
	return false;
}

static void add_masked(struct str local, struct buf *out)
{
	assert(local.n > 0);
	bool quoted = local.p[0] == '"';
	struct str bare = quoted ? str_from(local, 1) : local;
	if (quoted)
		buf_add_byte(out, '"');
	if (bare.n && ascii_isprint((unsigned char)bare.p[0]) && bare.p[0] != '"')
		buf_add_byte(out, bare.p[0]);
	buf_add_cstr(out, "\xe2\x80\xa6");
	if (quoted)
		buf_add_byte(out, '"');
}

void evidence_mask(struct str text, const char *const *own_domains, struct buf *out)
{
	size_t done = 0;                       /* all before this is in *out */
	for (size_t at = 0; at < text.n; at++) {
		if (text.p[at] != '@')
			continue;
		size_t start = local_start(text, done, at);
		assert(done <= start && start <= at);
		struct str local = { text.p + start, at - start };
		struct str domain = domain_at(text, at + 1);
		buf_add_str(out, (struct str){ text.p + done, start - done });
		if (local.n && domain.n && !is_own(domain, own_domains) &&
		    !names_own(local, own_domains))
			add_masked(local, out);
		else
			buf_add_str(out, local);
		done = at;
	}
	buf_add_str(out, str_from(text, done));
}
