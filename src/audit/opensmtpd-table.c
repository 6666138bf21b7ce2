/* SPDX-License-Identifier: ISC
 *
 * Tables of smtpd.conf, those in the file and in text files, and what a rule names of them.
 */
#include "audit/opensmtpd-private.h"

/* "a, b" or "k = v, l = w" up to the brace that ends it; *i then stands behind that. */
static void take_list(struct smtpd *s, const struct smtpd_statement *st, size_t *i,
                      struct smtpd_table *table)
{
	table->items = arena_alloc(s->g->a, (st->n - *i + 1) * sizeof(*table->items));
	table->known = true;
	for (bool value = false; *i < st->n && !smtpd_is(st, *i, "}"); ++*i) {
		if (smtpd_is(st, *i, "="))
			value = true;
		else if (smtpd_is(st, *i, ","))
			value = false;
		else if (!value)
			table->items[table->n++] = st->t[*i].text;
	}
	++*i;
}

/* Only what a match rule names is read: of aliases nothing hangs on. */
static void take_file(struct smtpd *s, struct smtpd_table *table)
{
	struct str text, line, word;
	const char *file = table->file;
	table->file = NULL;
	if (gather_file(s->g, file, false, &text) != ERR_OK)
		return;
	size_t lines = 1;
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	table->items = arena_alloc(s->g->a, lines * sizeof(*table->items));
	table->known = true;
	for (struct gather_lines l = { text, 0 }; gather_line(&l, &line);)
		if (str_token(&line, " \t", &word) && word.p[0] != '#')
			table->items[table->n++] = word;
}

static const struct smtpd_table *find_table(struct smtpd *s, struct str name)
{
	for (size_t i = s->table_n; i-- > 0;) {
		struct smtpd_table *table = &s->tables[i];
		if (!str_eq(table->name, name))
			continue;
		if (table->file)
			take_file(s, table);
		return table;
	}
	return NULL;
}

void smtpd_define_table(struct smtpd *s, const struct smtpd_statement *st)
{
	if (s->table_n == SMTPD_NAMES_MAX)
		gather_cut_at(s->g, &st->place, "more tables than we take");
	if (st->n < 3 || s->table_n == SMTPD_NAMES_MAX)
		return;
	struct smtpd_table *table = &s->tables[s->table_n];
	*table = (struct smtpd_table){ .name = st->t[1].text };
	size_t i = 2;
	struct str source = st->t[2].text;
	if (smtpd_is(st, 2, "{")) {
		i = 3;
		take_list(s, st, &i, table);
	} else if (str_prefix(source, STR("file:"))) {
		table->file = arena_strdup(s->g->a, str_from(source, 5));
	} else if (source.n && source.p[0] == '/') {
		table->file = arena_strdup(s->g->a, source);
	} else {
		gather_unread_at(s->g, &st->place, "a table of another kind than a text file");
	}
	s->table_n++;
}

void smtpd_argument(struct smtpd *s, const struct smtpd_statement *st, size_t *i,
                    struct smtpd_table *argument)
{
	*argument = (struct smtpd_table){ .known = true };
	if (*i >= st->n)
		return;
	if (smtpd_is(st, *i, "{")) {
		++*i;
		take_list(s, st, i, argument);
	} else if (smtpd_is(st, *i, "<") && *i + 2 < st->n) {
		const struct smtpd_table *table = find_table(s, st->t[*i + 1].text);
		argument->known = false;
		if (table)
			*argument = *table;
		argument->name = st->t[*i + 1].text;
		*i += 3;
	} else {
		argument->items = &st->t[*i].text;
		argument->n = 1;
		++*i;
	}
}
