/* SPDX-License-Identifier: ISC
 *
 * Messages inside a message: the MIME tree is walked in place, and a part that is a message, by
 * its type or by the name of its file, is decoded if its encoding hides it.
 *
 * Hostile input that reaches it: whole messages; depth and counts are limited.
 */
#include "mail/mbox.h"

#include "mail/header.h"
#include "mail/mime.h"
#include "mail/parameter.h"

#include <glib.h>
#include <gmime/gmime-encodings.h>

static const struct str text_plain = { "text/plain", 10 };

struct entity {
	struct str body;
	struct str type;         /* "multipart/mixed" */
	struct str boundary;
	struct str encoding;
	struct str file;         /* the name under which it was attached */
};

static void read_type(struct entity *e, struct str value, struct arena *arena)
{
	e->type = parameter_main(value, arena);
	e->boundary = parameter_find(value, STR("boundary"), arena);
	if (e->file.n == 0)
		e->file = parameter_find(value, STR("name"), arena);
}

static struct entity read_entity(struct str s, struct str default_type, struct arena *arena)
{
	struct header_cursor c;
	struct header_field f;
	struct entity e = { .type = default_type };
	header_begin(&c, s);
	while (header_next(&c, &f)) {
		if (header_is(&f, STR("Content-Type"))) {
			read_type(&e, f.value, arena);
		} else if (header_is(&f, STR("Content-Transfer-Encoding"))) {
			e.encoding = parameter_main(f.value, arena);
		} else if (header_is(&f, STR("Content-Disposition"))) {
			struct str file = parameter_find(f.value, STR("filename"), arena);
			e.file = file.n ? file : e.file;
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
	message = mbox_text(message);
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
	       str_caseeq(type, STR("message/global-headers")) ||
	       str_caseeq(type, STR("text/rfc822-headers"));
}

static bool is_eml(struct str file)
{
	return str_casesuffix(str_trim(file), STR(".eml"));
}

/* Many programs attach a message as a file of any type: its name tells. It may stand in
 * encoded words, which belong in no parameter and are written there all the same. */
static bool is_named_message(const struct entity *e, struct arena *arena)
{
	if (e->file.n == 0 || is_eml(e->file))
		return e->file.n != 0;
	if (str_search(e->file, STR("=?")) == SIZE_MAX)
		return false;
	char *text = mime_decode_header(arena_strdup(arena, e->file));
	bool named = text && is_eml(str_of(text));
	g_free(text);
	return named;
}

/* Does it begin with a header field? */
static bool begins_header(struct str s)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, s);
	return header_next(&c, &f) && !f.odd;
}

static void walk_entity(struct str s, struct str default_type, unsigned depth, struct arena *arena,
                        struct attached *found)
{
	if (depth > ATTACHED_DEPTH_MAX || found->n == ATTACHED_MAX) {
		found->truncated = true;
		return;
	}
	struct entity e = read_entity(s, default_type, arena);
	if (str_caseprefix(e.type, STR("multipart/"))) {
		walk_parts(&e, depth, arena, found);
	} else if (is_message(e.type)) {
		struct str inner = decode(e.body, e.encoding, arena);
		keep_message(found, inner);
		walk_entity(mbox_text(inner), text_plain, depth + 1, arena, found);
	} else if (is_named_message(&e, arena)) {
		struct str inner = mbox_text(decode(e.body, e.encoding, arena));
		if (!begins_header(inner))
			return;
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
