/* SPDX-License-Identifier: ISC
 *
 * Exim's files as lines: continuations joined, macros put in where their names stand, .include and
 * .ifdef followed. A macro's value is taken as it is when it is defined, so no macro comes back
 * into itself; but each may double the one before, which is why the bytes are counted.
 */
#include "audit/exim-private.h"

#include <assert.h>

enum { LOOKS_MAX = 1 << 28 };

static bool in_name(char c)
{
	return ascii_isalnum((unsigned char)c) || c == '_';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* ---- macros ----------------------------------------------------------------- */

const struct exim_macro *exim_macro_find(const struct exim *x, struct str name)
{
	for (size_t i = 0; i < x->macro_n; i++)
		if (str_eq(x->macros[i].name, name))
			return &x->macros[i];
	return NULL;
}

/* The macro whose name the text begins with: of several the longest. */
static const struct exim_macro *macro_at(struct exim *x, struct str text)
{
	const struct exim_macro *best = NULL;
	x->looked += x->macro_n;
	if (x->looked > LOOKS_MAX)
		return NULL;
	for (size_t i = 0; i < x->macro_n; i++)
		if (x->macros[i].name.p[0] == text.p[0] && str_prefix(text, x->macros[i].name) &&
		    (!best || best->name.n < x->macros[i].name.n))
			best = &x->macros[i];
	return best;
}

/* Appends the text with its macros put in; how many there were. */
static unsigned expand(struct exim *x, struct str text, struct buf *out)
{
	unsigned found = 0;
	for (size_t i = 0; i < text.n;) {
		char c = text.p[i];
		const struct exim_macro *macro = is_upper(c) || c == '_'
			? macro_at(x, str_from(text, i)) : NULL;
		if (!macro) {
			buf_add_byte(out, c);
			i++;
			continue;
		}
		found++;
		i += macro->name.n;
		x->expanded_bytes += macro->value.n;
		if (x->expanded_bytes <= AUDIT_FILE_MAX_BYTES)
			buf_add_str(out, macro->value);
	}
	return found;
}

void exim_define(struct exim *x, struct str name, struct str value,
                 const struct audit_place *place)
{
	struct exim_macro *macro = (struct exim_macro *)exim_macro_find(x, name);
	bool again = value.n && value.p[0] == '=';       /* "NAME == value" */
	if (again)
		value = str_from(value, 1);
	if (!name.n || (macro && (!again || macro->fixed)))
		return;
	if (!macro && x->macro_n == EXIM_MACROS_MAX) {
		gather_unread_at(x->g, place, "more macros than we take");
		return;
	}
	if (!macro)
		macro = &x->macros[x->macro_n++];
	*macro = (struct exim_macro){ arena_str(x->g->a, name),
	                              arena_str(x->g->a, str_trim(value)), *place };
	if (x->defined)
		x->defined(x, macro);
}

/* "NAME" of "NAME = value", which is not looked up itself; 0: it is none. */
static size_t defined_name(struct str line)
{
	size_t n = 0, end;
	if (!line.n || !is_upper(line.p[0]))
		return 0;
	while (n < line.n && in_name(line.p[n]))
		n++;
	for (end = n; end < line.n && (line.p[end] == ' ' || line.p[end] == '\t'); end++) { }
	return end < line.n && line.p[end] == '=' ? n : 0;
}

/* ---- .ifdef ------------------------------------------------------------------ */

static bool counts(const struct exim *x)
{
	for (size_t i = 0; i < x->if_n; i++)
		if (!x->ifs[i].counts)
			return false;
	return true;
}

static bool names_a_macro(struct exim *x, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((is_upper(text.p[i]) || text.p[i] == '_') && macro_at(x, str_from(text, i)))
			return true;
	return false;
}

static void open_if(struct exim *x, bool holds, const struct audit_place *place)
{
	if (x->if_n == EXIM_IFS_MAX) {
		gather_unread_at(x->g, place, "conditions within conditions, too deep");
		return;
	}
	x->ifs[x->if_n].counts = x->ifs[x->if_n].done = holds;
	x->if_n++;
}

static void else_if(struct exim *x, bool holds)
{
	if (!x->if_n)
		return;
	x->ifs[x->if_n - 1].counts = holds && !x->ifs[x->if_n - 1].done;
	x->ifs[x->if_n - 1].done |= holds;
}

static void include(struct exim *x, struct str name, bool optional, unsigned depth,
                    const struct audit_place *place)
{
	struct buf path = { 0 };
	name = str_trim(name);
	if (name.n > 1 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = (struct str){ name.p + 1, name.n - 2 };
	expand(x, name, &path);
	const char *file = arena_strdup(x->g->a, str_trim(buf_str(&path)));
	buf_fini(&path);
	/* One that is not absolute stands beside the file that names it. */
	const char *slash = strrchr(place->file, '/');
	if (file[0] != '/' && slash)
		file = arena_printf(x->g->a, "%.*s/%s", (int)(slash - place->file), place->file,
		                    file);
	if (depth >= AUDIT_DEPTH_MAX)
		gather_cut_at(x->g, place, "includes within includes, too deep");
	else
		exim_read_file(x, file, optional, depth + 1);
}

static void directive(struct exim *x, struct str line, unsigned depth,
                      const struct audit_place *place)
{
	struct str word, rest = line;
	str_word(&rest, &word);
	if (str_eq(word, STR(".ifdef")))
		open_if(x, names_a_macro(x, rest), place);
	else if (str_eq(word, STR(".ifndef")))
		open_if(x, !names_a_macro(x, rest), place);
	else if (str_eq(word, STR(".elifdef")))
		else_if(x, names_a_macro(x, rest));
	else if (str_eq(word, STR(".elifndef")))
		else_if(x, !names_a_macro(x, rest));
	else if (str_eq(word, STR(".else")))
		else_if(x, true);
	else if (str_eq(word, STR(".endif")))
		x->if_n -= x->if_n > 0;
	else if (counts(x) && str_eq(word, STR(".include")))
		include(x, rest, false, depth, place);
	else if (counts(x) && str_eq(word, STR(".include_if_exists")))
		include(x, rest, true, depth, place);
}

/* ---- lines ------------------------------------------------------------------- */

struct joined {
	struct buf text, raw;            /* with macros put in; as it stands */
	unsigned line;                   /* 0: nothing is begun */
	bool goes_on;
};

static void hand_over(struct exim *x, struct joined *j, const char *file)
{
	struct audit_place place = { file, j->line, "" };
	struct str text = str_trim(buf_str(&j->text));
	size_t name = defined_name(text);
	if (!text.n) {
		/* Nothing is left of it. */
	} else if (text.n > AUDIT_LINE_MAX_BYTES || j->raw.n > AUDIT_LINE_MAX_BYTES) {
		gather_cut_at(x->g, &place, "it is too long");
	} else {
		place.text = gather_text(x->g, buf_str(&j->raw));
		text = arena_str(x->g->a, text);
		if (name)
			exim_define(x, (struct str){ text.p, name },
			            str_from(text, str_find(text, '=') + 1), &place);
		else
			x->line(x, text, &place);
	}
	buf_clear(&j->text);
	buf_clear(&j->raw);
	j->line = 0;
	j->goes_on = false;
}

static void join(struct exim *x, struct joined *j, struct str line, unsigned number)
{
	j->goes_on = line.n && line.p[line.n - 1] == '\\';
	if (j->goes_on)
		line.n--;
	if (!j->line)
		j->line = number;
	size_t name = j->text.n ? 0 : defined_name(line);
	if (j->raw.n)
		buf_add_byte(&j->raw, ' ');
	if (j->raw.n <= AUDIT_LINE_MAX_BYTES)
		buf_add_str(&j->raw, line);
	if (j->text.n <= AUDIT_LINE_MAX_BYTES) {
		buf_add_str(&j->text, (struct str){ line.p, name });
		expand(x, str_from(line, name), &j->text);
	}
}

int exim_read_file(struct exim *x, const char *file, bool optional, unsigned depth)
{
	struct str text, line;
	struct joined j = { 0 };
	int err = gather_file(x->g, file, optional, &text);
	if (err != ERR_OK)
		return err;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);) {
		struct str bare = str_trim(line);
		if (bare.n && bare.p[0] == '#')
			continue;
		if (bare.n > 1 && bare.p[0] == '.' && ascii_isalpha((unsigned char)bare.p[1])) {
			struct audit_place place = { file, l.line, "" };
			directive(x, bare, depth, &place);
		} else if (counts(x) && (bare.n || j.goes_on)) {
			join(x, &j, bare, l.line);
		}
		if (j.line && !j.goes_on)
			hand_over(x, &j, file);
	}
	if (j.line)
		hand_over(x, &j, file);
	assert(!j.line);
	buf_fini(&j.text);
	buf_fini(&j.raw);
	return ERR_OK;
}
