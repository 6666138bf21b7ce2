/* SPDX-License-Identifier: ISC
 *
 * What the catalogue knows of forms and causes, as text for people and for machines. Pure: it
 * writes constant words of ours. The longest line of text has EXPLAIN_COLUMNS columns, save for a
 * word that is longer; all is ASCII.
 *
 * Who uses it: the command explain, and whatever shows an "open": tests, listings, evidence,
 * notices.
 */
#ifndef PORTREEVE_CATALOGUE_EXPLAIN_H
#define PORTREEVE_CATALOGUE_EXPLAIN_H

#include "base/json.h"
#include "catalogue/seen.h"

enum { EXPLAIN_COLUMNS = 78 };

/* ---- below an "open" --------------------------------------------------------------------- */

enum { EXPLAIN_CAUSES_MAX = FORM_CAUSES_MAX + SEEN_CAUSES_MAX };

/* Why a server is open, from the forms that came back. */
struct explanation {
	struct relay_form form;          /* the most basic of them: it tells most */
	enum mta mta;                    /* the kind of server, a guess; or MTA_UNKNOWN */
	bool by_line;                    /* a guess by its Received line, not by its greeting */
	const struct cause *causes[EXPLAIN_CAUSES_MAX];     /* the likeliest first; those that */
	size_t n;                        /* this kind of server cannot have are left out */
	struct seen_as seen;             /* told below an open by its text; or nothing */
};

/* `names` are forms as results, proofs and evidence name them; others are passed over.
 * ERR_NOT_FOUND if none is left. */
int explain_open(const char *const *names, size_t n, enum mta mta, struct explanation *e);
/* The same, with two guesses at the kind of server: by its greeting, and by its Received line,
 * which counts where the first is MTA_UNKNOWN. */
int explain_server(const char *const *names, size_t n, enum mta greets, enum mta writes,
                   struct explanation *e);
/* By which address `host` saw us is told, too; if it is sure that ours was lost, the causes of that
 * come first. Nothing changes if `seen` tells nothing. */
void explain_seen(struct explanation *e, const struct seen_as *seen, const struct ip *host);
/* Three to eight lines, each behind `indent` spaces: what the form means, the likeliest cause (in
 * the words of the server, where one is guessed), and the command that says more. */
void explain_short(const struct explanation *e, unsigned indent, struct buf *out);
/* The same for somebody who has no Portreeve: in place of the command the likeliest cause in full,
 * or its parameters in all servers. */
void explain_letter(const struct explanation *e, struct buf *out);
/* The members "causes", an array of ids, and "mta", absent if there is no guess. */
void explanation_json(const struct explanation *e, struct json *j);

/* ---- asked for --------------------------------------------------------------------------- */

/* A form of the catalogue, any case of letters: "e14", "s09-E14". ERR_NOT_FOUND. */
int explain_form_parse(struct str name, struct relay_form *form);

/* A form, what it means and all its causes. With MTA_UNKNOWN the first is told in the words of
 * all servers, and of the others which parameters there are. */
void explain_form(const struct relay_form *form, enum mta mta, struct buf *out);
void explain_cause(const struct cause *cause, enum mta mta, struct buf *out);
/* All forms and all causes, a line each. */
void explain_all(struct buf *out);

/* The members of an object for a form ("form", "title", …, "causes") or a cause ("cause", …,
 * "servers"); with MTA_UNKNOWN in the words of each server. */
void form_json(const struct relay_form *form, enum mta mta, struct json *j);
void cause_json(const struct cause *cause, enum mta mta, struct json *j);

#endif
