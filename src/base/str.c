/* SPDX-License-Identifier: ISC
 *
 * Slices and buffers of bytes: searched, cut, compared and grown.
 */
#include "base/str.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_caseeq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool str_prefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

bool str_caseprefix(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_caseeq((struct str){ s.p, prefix.n }, prefix);
}

bool str_casesuffix(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_caseeq(str_from(s, s.n - suffix.n), suffix);
}

bool str_in_domain(struct str host, struct str domain)
{
	return str_casesuffix(host, domain) &&
	       (host.n == domain.n || host.p[host.n - domain.n - 1] == '.');
}

size_t str_find(struct str s, char c)
{
	const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
	return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

size_t str_search(struct str s, struct str needle)
{
	if (needle.n == 0)
		return 0;
	const char *hit = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

size_t str_casesearch(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_caseeq((struct str){ s.p + i, needle.n }, needle))
			return i;
	return SIZE_MAX;
}

struct str str_from(struct str s, size_t offset)
{
	if (offset >= s.n)
		return (struct str){ s.p ? s.p + s.n : "", 0 };
	return (struct str){ s.p + offset, s.n - offset };
}

struct str str_trim(struct str s)
{
	while (s.n && ascii_isspace(s.p[0]))
		s = str_from(s, 1);
	while (s.n && ascii_isspace(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* strchr() for the few bytes that delimit; NUL is none. */
static bool is_one_of(const char *set, char c)
{
	for (; *set; set++)
		if (*set == c)
			return true;
	return false;
}

bool str_token(struct str *s, const char *delims, struct str *token)
{
	size_t i = 0;
	while (i < s->n && is_one_of(delims, s->p[i]))
		i++;
	*s = str_from(*s, i);
	if (s->n == 0)
		return false;
	for (i = 0; i < s->n && !is_one_of(delims, s->p[i]); i++)
		;
	*token = (struct str){ s->p, i };
	*s = str_from(*s, i);
	return true;
}

size_t str_utf8(struct str s)
{
	if (s.n == 0)
		return 0;
	unsigned first = (unsigned char)s.p[0];
	if (first < 0x80)
		return 1;
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || s.n < n)
		return 0;
	unsigned second = (unsigned char)s.p[1];
	/* No long forms, no surrogates, nothing past U+10FFFF. */
	unsigned from = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned to = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (second < from || second > to)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

uint32_t str_utf8_value(struct str s, size_t n)
{
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	assert(n > 0 && n < sizeof(masks) && n <= s.n);
	uint32_t c = (unsigned char)s.p[0] & masks[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

bool str_is_utf8(struct str s)
{
	while (s.n) {
		size_t n = str_utf8(s);
		if (n == 0)
			return false;
		s = str_from(s, n);
	}
	return true;
}

bool str_word(struct str *s, struct str *word)
{
	size_t from = 0, to;
	while (from < s->n && ascii_isspace(s->p[from]))
		from++;
	for (to = from; to < s->n && !ascii_isspace(s->p[to]); to++)
		;
	if (to > from)
		*word = (struct str){ s->p + from, to - from };
	*s = str_from(*s, to);
	return to > from;
}

int str_u64(struct str s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	if (s.n == 0)
		return ERR_INVALID;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_isdigit((unsigned char)s.p[i]))
			return ERR_INVALID;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return ERR_LIMIT;
	}
	if (v > max)
		return ERR_LIMIT;
	*value = v;
	return ERR_OK;
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

static void buf_reserve(struct buf *b, size_t extra)
{
	size_t need = b->n + extra + 1;
	assert(need > b->n);
	if (need <= b->cap)
		return;
	size_t cap = b->cap == 0 ? 64 : b->cap < 4096 ? b->cap * 4 : b->cap * 2;
	if (cap < need)
		cap = need;
	b->p = mem_realloc(b->p, cap, 1);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, bytes, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_add_str(struct buf *b, struct str s) { buf_add(b, s.p, s.n); }
void buf_add_cstr(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }
void buf_add_byte(struct buf *b, char c) { buf_add(b, &c, 1); }

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	buf_reserve(b, 128);
	int n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	assert(n >= 0);
	if ((size_t)n >= b->cap - b->n) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->p + b->n, b->cap - b->n, fmt, again);
	}
	va_end(again);
	b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

char *buf_release(struct buf *b)
{
	char *p = b->p ? b->p : mem_strdup("");
	*b = (struct buf){ 0 };
	return p;
}

/* The first that is not shown as it is; s.n: none. */
static size_t plain_run(struct str s)
{
	size_t n = 0;
	while (n < s.n && ascii_isprint((unsigned char)s.p[n]) && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

void buf_add_escaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		const size_t run = plain_run((struct str){ s.p + i, s.n - i });
		buf_add(b, s.p + i, run);
		i += run;
		if (i == s.n)
			return;
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_add_cstr(b, "\\n");
		else if (c == '\t')
			buf_add_cstr(b, "\\t");
		else
			buf_printf(b, "\\x%02x", c);
	}
}

bool str_copy(char *dst, size_t size, struct str s)
{
	assert(size > 0);
	size_t n = s.n < size ? s.n : size - 1;
	if (n)
		memcpy(dst, s.p, n);
	dst[n] = '\0';
	return n == s.n;
}

bool str_is_ascii(struct str s)
{
	unsigned char all = 0;
	for (size_t i = 0; i < s.n; i++)
		all |= (unsigned char)s.p[i];
	return all < 0x80;
}
