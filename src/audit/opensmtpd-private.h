/* SPDX-License-Identifier: ISC
 *
 * smtpd.conf in steps: its text as statements of tokens (opensmtpd-lex.c), what they define
 * (read-opensmtpd.c, opensmtpd-table.c), and its match rules (opensmtpd-match.c).
 */
#ifndef PORTREEVE_AUDIT_OPENSMTPD_PRIVATE_H
#define PORTREEVE_AUDIT_OPENSMTPD_PRIVATE_H

#include "audit/gather-private.h"

/* A word, or one of { } < > = , ! as a word of that byte. */
struct smtpd_token {
	struct str text;
	bool quoted;
};

struct smtpd_macro {
	struct str name, value;
};

struct smtpd_table {
	struct str name;
	struct str *items;               /* of a mapping its keys */
	size_t n;
	bool known;                      /* the items are all; else a program has them */
	const char *file;                /* that has them, and is not read yet; NULL */
};

struct smtpd_action {
	struct str name;
	bool relays, unsure;             /* unsure: what aliases or .forward say */
};

enum { SMTPD_NAMES_MAX = 1000 };

struct smtpd {
	struct gather *g;
	struct smtpd_macro macros[SMTPD_NAMES_MAX];
	struct smtpd_table tables[SMTPD_NAMES_MAX];
	struct smtpd_action actions[SMTPD_NAMES_MAX];
	size_t macro_n, table_n, action_n;
	size_t expanded_bytes;           /* of macros, in all */
};

/* One statement: up to a line's end outside of braces. */
struct smtpd_statement {
	struct smtpd_token *t;
	size_t n;
	struct audit_place place;
};
struct smtpd_source {
	const char *file;
	struct str text;
	size_t at;
	unsigned line;
};
/* False at the end. One that is too long has no tokens. */
bool smtpd_next(struct smtpd *s, struct smtpd_source *source, struct smtpd_statement *st);

static inline bool smtpd_is(const struct smtpd_statement *st, size_t i, const char *word)
{
	return i < st->n && !st->t[i].quoted && str_eq(st->t[i].text, str_of(word));
}

void smtpd_define_table(struct smtpd *s, const struct smtpd_statement *st);
/* "{ a, b }", "<table>" or a word from *i on, which then stands behind it. */
void smtpd_argument(struct smtpd *s, const struct smtpd_statement *st, size_t *i,
                    struct smtpd_table *argument);

void smtpd_match(struct smtpd *s, const struct smtpd_statement *st);

#endif
