/* SPDX-License-Identifier: ISC
 *
 * Messages inside a message: the MIME tree is walked in place, and a message/rfc822 part whose
 * encoding hides it is decoded.
 *
 * Hostile input that reaches it: whole messages; depth and counts are limited.
 */
#include "mail/mbox.h"

#include "mail/header.h"

#include <gmime/gmime-encodings.h>

static const struct str text_plain = { "text/plain", 10 };

struct entity {
	struct str body;
	struct str type;         /* "multipart/mixed" */
	struct str boundary;
	struct str encoding;
};

/* The value of a parameter: "boundary" of `multipart/mixed; boundary="x"`. */
static struct str parameter(struct str value, struct str name)
{
	size_t at = str_casesearch(value, name);
	while (at != SIZE_MAX) {
		bool whole = at && strchr("; \t\r\n", value.p[at - 1]);
		struct str s = str_trim(str_from(value, at + name.n));
		if (whole && s.n && s.p[0] == '=') {
			s = str_trim(str_from(s, 1));
			size_t n = 0;
			if (s.n && s.p[0] == '"') {
				s = str_from(s, 1);
				while (n < s.n && s.p[n] != '"')
					n++;
			} else {
				while (n < s.n && !strchr("; \t\r\n", s.p[n]))
					n++;
			}
			return (struct str){ s.p, n };
		}
		size_t next = str_casesearch(str_from(value, at + 1), name);
		at = next == SIZE_MAX ? next : at + 1 + next;
	}
	return STR("");
}

static struct entity read_entity(struct str s, struct str default_type)
{
	struct header_cursor c;
	struct header_field f;
	struct entity e = { .type = default_type };
	header_begin(&c, s);
	while (header_next(&c, &f)) {
		if (header_is(&f, STR("Content-Type"))) {
			enum { TYPE_MAX_BYTES = 2000 };
			struct str v = f.value;
			if (v.n > TYPE_MAX_BYTES)
				v.n = TYPE_MAX_BYTES;
			size_t n = 0;
			while (n < v.n && !strchr("; \t\r\n", v.p[n]))
				n++;
			e.type = (struct str){ v.p, n };
			e.boundary = parameter(v, STR("boundary"));
		} else if (header_is(&f, STR("Content-Transfer-Encoding"))) {
			e.encoding = f.value;
		}
	}
	e.body = str_from(s, c.at);
	return e;
}

static struct str decode(struct str s, struct str encoding, struct arena *arena)
{
	bool base64 = str_caseeq(encoding, STR("base64"));
	if (!base64 && !str_caseeq(encoding, STR("quoted-printable")))
		return s;
	GMimeEncoding state;
	g_mime_encoding_init_decode(&state, base64 ? GMIME_CONTENT_ENCODING_BASE64
	                                           : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	char *out = arena_alloc(arena, g_mime_encoding_outlen(&state, s.n) + 1);
	size_t n = g_mime_encoding_flush(&state, s.p, s.n, out);
	return (struct str){ out, n };
}

static void keep_message(struct attached *found, struct str message)
{
	if (found->n == ATTACHED_MAX)
		found->truncated = true;
	else
		found->message[found->n++] = message;
}

static void walk_entity(struct str s, struct str default_type, unsigned depth, struct arena *arena,
                        struct attached *found);

/* Is this line "--boundary" or "--boundary--"? With more behind it, it is another's, whose
 * name begins alike. */
static bool is_boundary(struct str s, struct str boundary)
{
	if (!str_prefix(s, STR("--")) || !str_prefix(str_from(s, 2), boundary))
		return false;
	s = str_from(s, 2 + boundary.n);
	if (str_prefix(s, STR("--")))
		s = str_from(s, 2);
	return s.n == 0 || strchr(" \t\r\n", s.p[0]);
}

/* The offset of the next boundary at the start of a line, or SIZE_MAX. */
static size_t find_boundary(struct str s, size_t at, struct str boundary)
{
	while (at < s.n) {
		struct str line = str_from(s, at);
		if (is_boundary(line, boundary))
			return at;
		const char *nl = memchr(line.p, '\n', line.n);
		at = nl ? (size_t)(nl - s.p) + 1 : s.n;
	}
	return SIZE_MAX;
}

static void walk_parts(const struct entity *e, unsigned depth, struct arena *arena,
                       struct attached *found)
{
	struct str part_type = str_caseeq(e->type, STR("multipart/digest"))
		? STR("message/rfc822") : text_plain;
	size_t at = e->boundary.n ? find_boundary(e->body, 0, e->boundary) : SIZE_MAX;
	while (at != SIZE_MAX) {
		struct str rest = str_from(e->body, at);
		if (str_prefix(str_from(rest, 2 + e->boundary.n), STR("--")))
			return;
		const char *nl = memchr(rest.p, '\n', rest.n);
		if (!nl)
			return;
		size_t from = (size_t)(nl - e->body.p) + 1;
		at = find_boundary(e->body, from, e->boundary);
		size_t end = at == SIZE_MAX ? e->body.n : at;
		walk_entity((struct str){ e->body.p + from, end - from }, part_type, depth + 1,
		            arena, found);
	}
}

/* A message, or the header of one as bounces and abuse reports return it. */
static bool is_message(struct str type)
{
	return str_caseeq(type, STR("message/rfc822")) ||
	       str_caseeq(type, STR("message/global")) ||
	       str_caseeq(type, STR("text/rfc822-headers"));
}

static void walk_entity(struct str s, struct str default_type, unsigned depth, struct arena *arena,
                        struct attached *found)
{
	if (depth > ATTACHED_DEPTH_MAX || found->n == ATTACHED_MAX) {
		found->truncated = true;
		return;
	}
	struct entity e = read_entity(s, default_type);
	if (str_caseprefix(e.type, STR("multipart/"))) {
		walk_parts(&e, depth, arena, found);
	} else if (is_message(e.type)) {
		struct str inner = decode(e.body, e.encoding, arena);
		keep_message(found, inner);
		walk_entity(inner, text_plain, depth + 1, arena, found);
	}
}

void attached_find(struct str message, struct arena *arena, struct attached *found)
{
	found->n = 0;
	found->truncated = false;
	walk_entity(message, text_plain, 0, arena, found);
}
