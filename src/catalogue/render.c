/* SPDX-License-Identifier: ISC */
#include "catalogue/catalogue.h"

#include <assert.h>

struct letter {
	const char *name;
	size_t offset;
	const char *words;
};

#define FIELD(f) offsetof(struct relay_names, f)

static const struct letter letters[] = {
	{ "U", FIELD(u), "a recipient token" },
	{ "S", FIELD(s), "a sender token" },
	{ "D", FIELD(d), "a collector domain" },
	{ "T", FIELD(t), "a second domain" },
	{ "R", FIELD(r), "a host name" },
	{ "M", FIELD(m), "a mail domain of the host" },
	{ "I", FIELD(i), "the host's address" },
	{ "C", FIELD(c), "the collector's address" },
	{ "CL", FIELD(cl), "the collector's address" },
};

/* `name` is not empty. */
static const struct letter *letter_find(struct str name)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		if (name.p[0] == letters[i].name[0] && str_eq(name, str_of(letters[i].name)))
			return &letters[i];
	return NULL;
}

int relay_render(const char *pattern, const struct relay_names *names, struct buf *out,
                 const char **missing)
{
	struct str rest = str_of(pattern);
	while (rest.n) {
		size_t open = str_find(rest, '{');
		buf_add(out, rest.p, open == SIZE_MAX ? rest.n : open);
		if (open == SIZE_MAX)
			break;
		rest = str_from(rest, open);
		size_t close = str_find(rest, '}');
		assert(close != SIZE_MAX && close > 1);
		const struct letter *l = letter_find((struct str){ rest.p + 1, close - 1 });
		assert(l);
		struct str value;
		memcpy(&value, (const char *)names + l->offset, sizeof(value));
		if (value.n == 0) {
			*missing = l->words;
			return ERR_NOT_FOUND;
		}
		buf_add_str(out, value);
		rest = str_from(rest, close + 1);
	}
	return ERR_OK;
}

size_t relay_local_length(struct str path)
{
	/* The local part is what stands between the bracket (or the route's colon) and
	 * the last '@' outside quotes; without one, all of it. */
	size_t start = 0, at = SIZE_MAX, end = path.n;
	bool quoted = false;
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '[') {
			while (i + 1 < path.n && path.p[i] != ']')
				i++;            /* IPv6 literals hold colons */
		} else if (c == '<' || c == ' ') {
			if (at != SIZE_MAX) {
				end = i;
				break;          /* parameters follow */
			}
			start = i + 1;
		} else if (c == '>') {
			end = i;
			break;
		} else if (c == ':' && at != SIZE_MAX && at == start) {
			start = i + 1;          /* "@a,@b:" was a route */
			at = SIZE_MAX;
		} else if (c == '@' && (at == SIZE_MAX || at != start)) {
			at = i;
		}
	}
	return (at == SIZE_MAX ? end : at) - start;
}
