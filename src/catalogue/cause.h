/* SPDX-License-Identifier: ISC
 *
 * Why servers relay: the causes as a constant table, each in plain words and in the words of each
 * kind of server: the parameter that does it, the lines that close it, how to check that. And
 * which causes fit a form of the catalogue.
 *
 * Who uses it: explain.h, which writes it for people; the commands. All is constant and written
 * by us; no foreign byte reaches it. Each fact has its source in the documentation of the server
 * (Postfix postconf(5); Exim's specification; Sendmail's cf/README; OpenSMTPD smtpd.conf(5));
 * those that the lab can open by it were opened and closed there (tests/lab/test_explain.py).
 *
 * An id is never used for anything else, and stays: JSON and documents name it.
 */
#ifndef PORTREEVE_CATALOGUE_CAUSE_H
#define PORTREEVE_CATALOGUE_CAUSE_H

#include "catalogue/catalogue.h"
#include "catalogue/mta.h"

/* A cause. C1 to C18 are those of today's reports; from C31 on stand the classic ones. */
struct cause {
	const char *id;          /* "C6" */
	const char *title;       /* a few words, no full stop */
	const char *meaning;     /* what it is, in whole sentences */
	const char *remedy;      /* what to do outside of the mail server; NULL: nothing */
};

/* Causes in the words of one kind of server. A row may hold for many causes. */
struct cause_words {
	const char *causes;      /* their ids, a space between: "C1 C2" */
	const char *parameter;   /* what causes it; NULL: this kind of server cannot have it */
	const char *how;         /* how it does, or why it cannot; whole sentences */
	const char *file;        /* where the lines go (Debian's path); NULL: for a shell */
	const char *fix;         /* lines, each ended, up to CAUSE_LINE_MAX; NULL: none in it */
	const char *check;       /* how to see that it is closed, a sentence or two */
};
enum { CAUSE_LINE_MAX = 72 };

extern const struct cause causes[];
extern const size_t cause_count;

/* By id, any case of letters; NULL if there is none. */
const struct cause *cause_by_id(struct str id);
/* The cause in the words of that kind of server; NULL: nothing is known. Never NULL up to
 * MTA_LAST_WHOLE. */
const struct cause_words *cause_words_of(const struct cause *cause, enum mta mta);

/* What a form means that came back, and its causes. */
enum { FORM_CAUSES_MAX = 9 };
struct form_reasons {
	const char *form;        /* the row of the catalogue, "E14" */
	const char *title;       /* a few words */
	const char *meaning;     /* one sentence: what the server does that takes it */
	const char *causes[FORM_CAUSES_MAX + 1];    /* ids, the likeliest first, NULL behind */
};
extern const struct form_reasons form_reasons[];
extern const size_t form_reasons_count;

/* Of a row of the catalogue: never NULL. Its twin under STARTTLS has the same, and C44 first. */
const struct form_reasons *form_reasons_of(const struct relay_case *row);
/* The ids of its causes, the likeliest first; how many. */
size_t form_causes(const struct relay_form *form,
                   const struct cause *found[static FORM_CAUSES_MAX + 1]);

#endif
