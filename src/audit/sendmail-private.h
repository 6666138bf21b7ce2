/* SPDX-License-Identifier: ISC
 *
 * Sendmail's configuration in three steps: the macro file (sendmail-mc.c) and the file made of it
 * (sendmail-cf.c) as entries, what differs in the two (sendmail-stale.c), and the entries as rules
 * in the order of the server's rulesets (sendmail-rules.c).
 */
#ifndef PORTREEVE_AUDIT_SENDMAIL_PRIVATE_H
#define PORTREEVE_AUDIT_SENDMAIL_PRIVATE_H

#include "audit/gather-private.h"

/* An element of a class, a row of the access map, or a feature. */
enum sendmail_kind {
	SENDMAIL_RELAY,                  /* class R */
	SENDMAIL_OWN,                    /* class w */
	SENDMAIL_ENTIRE,                 /* class m */
	SENDMAIL_MECHANISM,              /* class TrustAuthMech */
	SENDMAIL_CONNECT, SENDMAIL_TO, SENDMAIL_FROM, SENDMAIL_CERTIFICATE,    /* access */
	SENDMAIL_UNTAGGED,
	SENDMAIL_FEATURE,
};

/* Of rules of the admin's own that may let mail through, as if it were a feature. */
#define SENDMAIL_OWN_RULES "Local_check_rcpt"

struct sendmail_entry {
	enum sendmail_kind kind;
	struct str key, value;           /* "10.1", "RELAY" */
	bool is_range;
	struct prefix range;
	struct audit_place place;
};

struct sendmail {
	struct gather *g;
	struct sendmail_entry *entries;
	size_t n, cap;
	bool from_cf;                    /* features are those of sendmail.cf */
	bool in_own_rules;               /* the ruleset at hand is Local_check_rcpt */
	bool no_probe;                   /* the interfaces' addresses are not its own (class w) */
	bool cf_whole;                   /* it has the ruleset that refuses */
	const char *relay_file, *own_file, *access_file;        /* mc: NULL: none */
	/* Beside sendmail.cf: what the macro file says of relaying (sendmail-stale.c). */
	struct sendmail_entry *macros;
	size_t macro_n, macro_cap;
	bool macros_read, macros_unsure; /* some of them stand where we don't look */
};

void sendmail_add(struct sendmail *s, enum sendmail_kind kind, struct str key, struct str value,
                  const struct audit_place *place);
/* Each word of it. */
void sendmail_add_words(struct sendmail *s, enum sendmail_kind kind, struct str words,
                        const struct audit_place *place);
/* NULL: not there. */
const struct sendmail_entry *sendmail_feature(const struct sendmail *s, const char *name);

/* "-o /etc/mail/relay-domains %[^\#]": the file's words become elements. */
void sendmail_class_file(struct sendmail *s, enum sendmail_kind kind, struct str spec);
void sendmail_access(struct sendmail *s, const char *file);
void sendmail_daemon(struct sendmail *s, struct str options, const struct audit_place *place);
/* One line of sendmail.cf, from its first byte, continuations joined. */
void sendmail_cf_line(struct sendmail *s, struct str line, const struct audit_place *place);

/* A call of the macro file, beside sendmail.cf: each word of it. */
void sendmail_macro(struct sendmail *s, enum sendmail_kind kind, struct str words,
                    const struct audit_place *place);
/* What stands in one of the two alone, as settings of these names. */
#define SENDMAIL_MC_ALONE "in sendmail.mc alone"
#define SENDMAIL_CF_ALONE "in sendmail.cf alone"
/* What clients that may relay begin with, as settings of this name. */
#define SENDMAIL_RELAYED "relayed client"
void sendmail_compare(struct sendmail *s, const char *cf);

int sendmail_read_cf(struct sendmail *s, const char *file);
int sendmail_read_mc(struct sendmail *s, const char *file, unsigned depth);
void sendmail_rules(struct sendmail *s);

#endif
