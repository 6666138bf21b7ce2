/* SPDX-License-Identifier: ISC
 *
 * A role's word as a line: "word LISTED SERIAL HANGS REACH WHY…", where LISTED and SERIAL are "-"
 * for a role that serves no list.
 */
#include "roles/word.h"

#include "base/err.h"

#include <assert.h>

static void add_printable(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_byte(out, ascii_isprint((unsigned char)s.p[i]) ? s.p[i] : '?');
}

void word_format(const struct running_word *w, struct buf *out)
{
	size_t before = out->n;
	assert(strnlen(w->why, sizeof(w->why)) < sizeof(w->why));
	if (w->has_list)
		buf_printf(out, "word %llu %llu", (unsigned long long)w->listed,
		           (unsigned long long)w->serial);
	else
		buf_add_cstr(out, "word - -");
	buf_printf(out, " %s %s ", w->hangs ? "hangs" : "goes", running_reach_name(w->reach));
	add_printable(out, str_of(w->why));
	buf_add_byte(out, '\n');
	assert(out->n - before < WORD_LINE_MAX);
}

bool word_same(const struct running_word *a, const struct running_word *b)
{
	return a->has_list == b->has_list && a->listed == b->listed && a->serial == b->serial &&
	       a->hangs == b->hangs && a->reach == b->reach && strcmp(a->why, b->why) == 0;
}

static bool take_number(struct str *rest, bool *is_there, uint64_t *value)
{
	struct str word;
	if (!str_token(rest, " ", &word))
		return false;
	*is_there = !str_eq(word, STR("-"));
	return !*is_there || str_u64(word, INT64_MAX, value) == ERR_OK;
}

static bool take_reach(struct str *rest, struct running_word *w)
{
	struct str word;
	if (!str_token(rest, " ", &word))
		return false;
	for (unsigned i = 0; i < RUNNING_REACHES; i++)
		if (str_eq(word, str_of(running_reach_name(i)))) {
			w->reach = i;
			return true;
		}
	return false;
}

/* Behind its first word. */
static bool parse(struct str rest, struct running_word *out)
{
	struct running_word w = { 0 };
	struct str hangs;
	bool has_serial;
	struct buf why = { 0 };
	if (!take_number(&rest, &w.has_list, &w.listed) ||
	    !take_number(&rest, &has_serial, &w.serial) || has_serial != w.has_list ||
	    !str_token(&rest, " ", &hangs) || !take_reach(&rest, &w))
		return false;
	w.hangs = str_eq(hangs, STR("hangs"));
	if (!w.hangs && !str_eq(hangs, STR("goes")))
		return false;
	add_printable(&why, str_trim(rest));
	bool fits = str_copy(w.why, sizeof(w.why), buf_str(&why));
	buf_fini(&why);
	if (fits)
		*out = w;
	return fits;
}

static void take_line(struct word_reader *r, struct str line)
{
	struct str word, rest = line;
	if (str_eq(line, STR("replaced")))
		r->replaced = true;
	else if (str_token(&rest, " ", &word) && str_eq(word, STR("word")) &&
	         parse(rest, &r->word))
		r->heard = true;
}

void word_hear(struct word_reader *r, struct str bytes)
{
	r->replaced = false;
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] != '\n') {
			r->too_long |= r->n == sizeof(r->line);
			if (!r->too_long)
				r->line[r->n++] = bytes.p[i];
			continue;
		}
		if (!r->too_long)
			take_line(r, (struct str){ r->line, r->n });
		r->n = 0;
		r->too_long = false;
	}
	assert(r->n <= sizeof(r->line));
}
