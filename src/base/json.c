/* SPDX-License-Identifier: ISC
 *
 * JSON as text. What may stand where is asserted; what may stand in a text is written so.
 */
#include "base/json.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { REAL_DIGITS_MAX = 17, REAL_TEXT_MAX = 32 };
static const double WHOLE_MAX = 1e15;        /* beyond, powers of ten are shorter */

/* ---- texts -------------------------------------------------------------- */

static const char hex[] = "0123456789abcdef";

static void add_unit(struct buf *out, unsigned unit)
{
	char u[6] = { '\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
	              hex[unit & 15] };
	buf_add(out, u, sizeof(u));
}

static void add_ascii(struct buf *out, unsigned c)
{
	if (c >= 0x10000) {
		add_unit(out, 0xd800 + ((c - 0x10000) >> 10));
		add_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
	} else {
		add_unit(out, c);
	}
}

/* Those that RFC 8259 wants escaped. */
static void add_escape(struct buf *out, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *known = c ? strchr(from, c) : NULL;
	if (known) {
		buf_add_byte(out, '\\');
		buf_add_byte(out, to[known - from]);
	} else {
		add_unit(out, (unsigned char)c);
	}
}

static bool needs_escape(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* A byte that is not written as itself, in words: the backslash is escaped once more. */
static void add_hex_byte(struct buf *out, unsigned char c)
{
	buf_printf(out, "\\\\x%02x", c);
}

/* Bytes of the character that s begins with, if it may stand in a text; else 0. */
static size_t plain_char(struct str s)
{
	size_t n = str_utf8(s);
	bool c1 = n == 2 && s.p[0] == '\xc2' && (unsigned char)s.p[1] < 0xa0;
	return s.p[0] == '\0' || s.p[0] == 0x7f || c1 ? 0 : n;
}

/* `exact`: each character as it is, whatever it may do to who reads it. */
static void write_text(const struct json *j, struct str s, bool exact)
{
	struct buf *out = j->out;
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.n;) {
		size_t n = plain_char(str_from(s, i)), whole = exact ? str_utf8(str_from(s, i)) : n;
		if (n == 0 && whole)
			add_ascii(out, str_utf8_value(str_from(s, i), n = whole));
		else if (n == 0)
			add_hex_byte(out, (unsigned char)s.p[i]);
		else if (needs_escape(s.p[i]))
			add_escape(out, s.p[i]);
		else if (n > 1 && j->ascii)
			add_ascii(out, str_utf8_value(str_from(s, i), n));
		else
			buf_add(out, s.p + i, n);
		i += n ? n : 1;
	}
	buf_add_byte(out, '"');
}

/* ---- what stands where -------------------------------------------------- */

static bool in_object(const struct json *j)
{
	return j->open.n && j->open.p[j->open.n - 1] == '{';
}

static void new_line(struct json *j)
{
	if (!j->indent)
		return;
	buf_add_byte(j->out, '\n');
	for (size_t i = 0; i < j->indent * j->open.n; i++)
		buf_add_byte(j->out, ' ');
}

/* What stands before each value. */
static void begin_value(struct json *j, const char *key)
{
	assert(in_object(j) == (key != NULL));
	if (j->comma)
		buf_add_byte(j->out, ',');
	if (j->open.n)
		new_line(j);
	if (key) {
		write_text(j, str_of(key), true);
		buf_add_cstr(j->out, j->indent ? ": " : ":");
	}
	j->comma = j->open.n > 0;
}

static void open_with(struct json *j, const char *key, char bracket)
{
	begin_value(j, key);
	buf_add_byte(j->out, bracket);
	buf_add_byte(&j->open, bracket);
	j->comma = false;
}

void json_open_object(struct json *j, const char *key) { open_with(j, key, '{'); }
void json_open_array(struct json *j, const char *key) { open_with(j, key, '['); }

void json_close(struct json *j)
{
	assert(j->open.n > 0);
	char closing = in_object(j) ? '}' : ']';
	j->open.n--;
	if (j->comma)
		new_line(j);
	buf_add_byte(j->out, closing);
	j->comma = j->open.n > 0;
	if (j->open.n == 0)
		buf_fini(&j->open);
}

/* ---- values ------------------------------------------------------------- */

/* What is written as it stands. */
static void add_token(struct json *j, const char *key, const char *text)
{
	begin_value(j, key);
	buf_add_cstr(j->out, text);
}

void json_add_str(struct json *j, const char *key, struct str s)
{
	begin_value(j, key);
	write_text(j, s, false);
}

void json_add_cstr(struct json *j, const char *key, const char *s)
{
	json_add_str(j, key, str_of(s));
}

void json_add_cstr_if(struct json *j, const char *key, const char *s)
{
	if (s && s[0])
		json_add_cstr(j, key, s);
}

void json_add_shown(struct json *j, const char *key, struct str s)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			buf_printf(&b, "\\x%02x", c);
		else
			buf_add_byte(&b, s.p[i]);
	}
	json_add_str(j, key, buf_str(&b));
	buf_fini(&b);
}

void json_add_bytes(struct json *j, const char *key, struct str s)
{
	begin_value(j, key);
	buf_add_byte(j->out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			add_escape(j->out, s.p[i]);
		else if (c < 0x20 || c >= 0x7f)
			add_unit(j->out, c);
		else
			buf_add_byte(j->out, s.p[i]);
	}
	buf_add_byte(j->out, '"');
}

void json_add_int(struct json *j, const char *key, int64_t n)
{
	char text[REAL_TEXT_MAX];
	snprintf(text, sizeof(text), "%lld", (long long)n);
	add_token(j, key, text);
}

/* "1e+20" and "1e-05" as "1e20" and "1e-5". */
static void shorten_exponent(char *text)
{
	char *from = strchr(text, 'e'), *to = from ? from + 1 : NULL;
	if (!from)
		return;
	from += from[1] == '+' ? 2 : 1;
	if (*from == '-')
		*to++ = *from++;
	while (*from == '0')
		from++;
	memmove(to, from, strlen(from) + 1);
}

/* No locale is ever set: the point is a point. */
void json_add_real(struct json *j, const char *key, double n)
{
	char text[REAL_TEXT_MAX] = "null";
	bool whole = n > -WHOLE_MAX && n < WHOLE_MAX && (double)(int64_t)n == n;
	if (whole)
		snprintf(text, sizeof(text), "%.0f", n);
	for (int digits = 1; !whole && isfinite(n) && digits <= REAL_DIGITS_MAX; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, n);
		if (strtod(text, NULL) == n)
			break;
	}
	shorten_exponent(text);
	add_token(j, key, text);
}

void json_add_bool(struct json *j, const char *key, bool yes)
{
	add_token(j, key, yes ? "true" : "false");
}

void json_add_null(struct json *j, const char *key)
{
	add_token(j, key, "null");
}

void json_add_time(struct json *j, const char *key, int64_t time_s)
{
	char text[CLOCK_TEXT_MAX];
	if (time_s)
		json_add_cstr(j, key, clock_format(time_s, text));
}

void json_add_ip(struct json *j, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	if (ip->family)
		json_add_cstr(j, key, ip_format(ip, text));
}

void json_add_prefix(struct json *j, const char *key, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];
	if (prefix->ip.family)
		json_add_cstr(j, key, prefix_format(prefix, text));
}

/* ---- values that were read ---------------------------------------------- */

static void add_object(struct json *j, const char *key, json_t *value)
{
	const char *name;
	json_t *member;
	json_open_object(j, key);
	json_object_foreach(value, name, member)
		json_add_value(j, name, member);
	json_close(j);
}

static void add_array(struct json *j, const char *key, json_t *value)
{
	size_t i;
	json_t *item;
	json_open_array(j, key);
	json_array_foreach(value, i, item)
		json_add_value(j, NULL, item);
	json_close(j);
}

void json_add_value(struct json *j, const char *key, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		add_object(j, key, (json_t *)value);
		break;
	case JSON_ARRAY:
		add_array(j, key, (json_t *)value);
		break;
	case JSON_STRING:
		begin_value(j, key);
		write_text(j, (struct str){ json_string_value(value),
		                          json_string_length(value) }, true);
		break;
	case JSON_INTEGER:
		json_add_int(j, key, json_integer_value(value));
		break;
	case JSON_REAL:
		json_add_real(j, key, json_real_value(value));
		break;
	case JSON_TRUE: case JSON_FALSE:
		json_add_bool(j, key, json_is_true(value));
		break;
	case JSON_NULL:
		json_add_null(j, key);
		break;
	}
}
