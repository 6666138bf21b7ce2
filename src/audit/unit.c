/* SPDX-License-Identifier: ISC
 *
 * The unit's own file is that of the first place that has one; drop-ins are those of all places in
 * the order of their names, and of one name that of the first place. Each line of [Service] adds to
 * what stands before it, and an empty value takes that away.
 */
#include "audit/unit.h"

enum { DROP_INS_MAX = 64 };

const char *const unit_places[] = {
	"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system", NULL,
};

struct reading {
	const struct audit_files *files;
	struct arena *a;
	struct unit *out;
	struct str command;              /* of the last ExecStart= */
	size_t commands;
	const char *environment_files[UNIT_ENVIRONMENT_FILES_MAX];
	size_t environment_file_n;
};

/* ---- words ------------------------------------------------------------------------ */

/* One word: quotes taken off, a backslash in front of a byte too. */
static bool next_word(struct str *rest, struct buf *word)
{
	char quote = 0;
	*rest = str_trim(*rest);
	buf_clear(word);
	if (!rest->n)
		return false;
	size_t i = 0;
	for (; i < rest->n && (quote || !ascii_isspace(rest->p[i])); i++) {
		const char c = rest->p[i];
		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else if (c == '\\' && i + 1 < rest->n)
			buf_add_byte(word, rest->p[++i]);
		else
			buf_add_byte(word, c);
	}
	*rest = str_from(*rest, i);
	return true;
}

static void set(struct reading *r, struct str name, struct str value)
{
	struct shell_values *all = &r->out->environment;
	const char *key = arena_strdup(r->a, name);
	struct shell_value *v = (struct shell_value *)shell_value_of(all, key);
	if (value.n > SHELL_VALUE_MAX_BYTES) {
		r->out->unknown = true;
		value.n = SHELL_VALUE_MAX_BYTES;
	}
	if (!v && all->n == SHELL_NAMES_MAX) {
		r->out->unknown = true;
		return;
	}
	if (!v)
		v = &all->v[all->n++];
	*v = (struct shell_value){ key, arena_strdup(r->a, value), 0, false };
}

static void take_environment(struct reading *r, struct str value)
{
	struct buf word = { 0 };
	while (next_word(&value, &word)) {
		const size_t equals = str_find(buf_str(&word), '=');
		if (equals != SIZE_MAX)
			set(r, (struct str){ word.p, equals },
			    str_from(buf_str(&word), equals + 1));
	}
	buf_fini(&word);
}

/* ---- lines ------------------------------------------------------------------------ */

static void take_assignment(struct reading *r, struct str name, struct str value,
                            const struct audit_place *place)
{
	if (str_eq(name, STR("ExecStart"))) {
		r->commands = value.n ? r->commands + 1 : 0;
		r->command = value;
		r->out->place = *place;
	} else if (str_eq(name, STR("Environment"))) {
		if (!value.n)
			r->out->environment.n = 0;
		take_environment(r, value);
	} else if (str_eq(name, STR("EnvironmentFile"))) {
		if (!value.n)
			r->environment_file_n = 0;
		else if (r->environment_file_n == UNIT_ENVIRONMENT_FILES_MAX)
			r->out->unknown = true;
		else
			r->environment_files[r->environment_file_n++] =
				arena_strdup(r->a, value.p[0] == '-' ? str_from(value, 1) : value);
	}
}

/* A line with those behind it that it goes on in. */
static bool next_line(struct str *rest, struct arena *a, struct str *line, unsigned *number)
{
	struct buf joined = { 0 };
	struct str part;
	bool goes_on = true, any = false;
	while (goes_on && str_token(rest, "\n", &part)) {
		any = true;
		++*number;
		part = str_trim(part);
		goes_on = part.n && part.p[part.n - 1] == '\\' && part.p[0] != '#';
		part.n -= goes_on;
		buf_add_str(&joined, part);
		if (goes_on)
			buf_add_byte(&joined, ' ');
	}
	*line = str_of(arena_strdup(a, buf_str(&joined)));
	buf_fini(&joined);
	return any;
}

static bool take_file(struct reading *r, const char *name)
{
	struct str text, line;
	bool service = false;
	unsigned number = 0;
	if (r->files->read(r->files->arg, name, r->a, &text) != ERR_OK)
		return false;
	for (unsigned first = 1; next_line(&text, r->a, &line, &number); first = number + 1) {
		const size_t equals = str_find(line, '=');
		if (line.n && line.p[0] == '[')
			service = str_eq(line, STR("[Service]"));
		if (!service || !line.n || strchr("#;[", line.p[0]) || equals == SIZE_MAX)
			continue;
		const struct audit_place place = { name, first, line.p };
		take_assignment(r, str_trim((struct str){ line.p, equals }),
		                str_trim(str_from(line, equals + 1)), &place);
	}
	return true;
}

/* ---- files -------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* In the order of their names; one of an earlier place hides those of its name. */
static bool take_drop_ins(struct reading *r, const char *unit)
{
	const char *found[DROP_INS_MAX], **names;
	size_t n = 0, count;
	for (size_t p = 0; unit_places[p]; p++) {
		const char *pattern = arena_printf(r->a, "%s/%s.d", unit_places[p], unit);
		if (r->files->list(r->files->arg, pattern, r->a, &names, &count) != ERR_OK)
			continue;
		for (size_t i = 0; i < count; i++) {
			size_t at = 0;
			if (!str_casesuffix(str_of(names[i]), STR(".conf")))
				continue;
			while (at < n && strcmp(base_name(found[at]), base_name(names[i])) < 0)
				at++;
			if (at < n && strcmp(base_name(found[at]), base_name(names[i])) == 0)
				continue;
			if (n == DROP_INS_MAX) {
				r->out->unknown = true;
				break;
			}
			memmove(found + at + 1, found + at, (n - at) * sizeof(*found));
			found[at] = names[i];
			n++;
		}
	}
	bool any = false;
	for (size_t i = 0; i < n; i++)
		any |= take_file(r, found[i]);
	return any;
}

static void take_environment_line(struct reading *r, struct str line, struct buf *word)
{
	const size_t equals = str_find(line, '=');
	if (!line.n || strchr("#;", line.p[0]) || equals == SIZE_MAX)
		return;
	struct str value = str_trim(str_from(line, equals + 1));
	const bool quoted = value.n && (value.p[0] == '"' || value.p[0] == '\'');
	if (quoted && next_word(&value, word))
		value = buf_str(word);
	set(r, str_trim((struct str){ line.p, equals }), value);
}

/* What they set goes before Environment=. */
static void take_environment_files(struct reading *r)
{
	struct buf word = { 0 };
	struct str text, line;
	for (size_t i = 0; i < r->environment_file_n; i++) {
		if (r->files->read(r->files->arg, r->environment_files[i], r->a, &text) != ERR_OK)
			continue;
		for (unsigned number = 0; next_line(&text, r->a, &line, &number);)
			take_environment_line(r, line, &word);
	}
	buf_fini(&word);
}

static void add_word(struct reading *r, struct str word)
{
	struct unit *u = r->out;
	if (u->n == UNIT_WORDS_MAX) {
		u->unknown = true;
		return;
	}
	u->words[u->n++] = arena_strdup(r->a, word);
}

static size_t name_length(struct str s)
{
	size_t n = 0;
	while (n < s.n && (ascii_isalnum((unsigned char)s.p[n]) || s.p[n] == '_'))
		n++;
	return n;
}

static struct str value_of(const struct reading *r, struct str name)
{
	const struct shell_value *v =
		shell_value_of(&r->out->environment, arena_strdup(r->a, name));
	return str_of(v ? v->text : "");
}

/* "$NAME" is parted at spaces where it is a word; "${NAME}" is put in as it is. */
static void expand(struct reading *r, struct str word)
{
	struct buf whole = { 0 };
	struct str part, value;
	if (r->out->n == UNIT_WORDS_MAX) {
		r->out->unknown = true;
		return;
	}
	if (word.n > 1 && word.p[0] == '$' && name_length(str_from(word, 1)) == word.n - 1) {
		value = value_of(r, str_from(word, 1));
		while (str_word(&value, &part))
			add_word(r, part);
		return;
	}
	for (size_t i = 0; i < word.n && whole.n <= SHELL_VALUE_MAX_BYTES; i++) {
		const struct str rest = str_from(word, i);
		const size_t n = rest.n > 2 ? name_length(str_from(rest, 2)) : 0;
		if (str_prefix(rest, STR("${")) && n && n + 2 < rest.n && rest.p[n + 2] == '}') {
			buf_add_str(&whole, value_of(r, (struct str){ rest.p + 2, n }));
			i += n + 2;
		} else {
			if (str_prefix(rest, STR("$$")) || str_prefix(rest, STR("%%")))
				i++;
			else
				r->out->unknown |= rest.p[0] == '%';
			buf_add_byte(&whole, rest.p[0]);
		}
	}
	r->out->unknown |= whole.n > SHELL_VALUE_MAX_BYTES;
	add_word(r, buf_str(&whole));
	buf_fini(&whole);
}

/* Signs before the program say how, not what. */
static void take_command(struct reading *r)
{
	struct buf word = { 0 };
	struct str rest = r->command;
	while (rest.n && strchr("@-:+!|", rest.p[0]))
		rest = str_from(rest, 1);
	while (next_word(&rest, &word))
		expand(r, buf_str(&word));
	r->out->unknown |= r->commands > 1;
	buf_fini(&word);
}

bool unit_read(const struct audit_files *files, const char *const *names, struct arena *a,
               struct unit *out)
{
	bool any = false;
	*out = (struct unit){ .place = { "", 0, "" } };
	struct reading r = { .files = files, .a = a, .out = out };
	for (size_t i = 0; names[i] && !any; i++) {
		for (size_t p = 0; unit_places[p] && !any; p++)
			any = take_file(&r, arena_printf(a, "%s/%s", unit_places[p], names[i]));
		any |= take_drop_ins(&r, names[i]);
	}
	take_environment_files(&r);
	take_command(&r);
	return any;
}
