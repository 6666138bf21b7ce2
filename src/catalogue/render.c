/* SPDX-License-Identifier: ISC
 *
 * Templates of the catalogue, filled in letter by letter.
 */
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
