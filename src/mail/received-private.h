/* SPDX-License-Identifier: ISC
 *
 * The two halves of the Received parser: received-scan.c cuts a value into its
 * clauses, received.c reads them. Shared by those two only.
 */
#ifndef PORTREEVE_MAIL_RECEIVED_PRIVATE_H
#define PORTREEVE_MAIL_RECEIVED_PRIVATE_H

#include "mail/received.h"

enum { CLAUSE_ITEMS_MAX = 10 };

struct item {
	struct str s;            /* a word, or what stands between the parentheses */
	bool comment;
};

struct clause {
	struct item item[CLAUSE_ITEMS_MAX];   /* further ones are left out */
	size_t n;
};

/* A value cut up at its keywords, outside comments; the first of each counts. */
struct clauses {
	struct clause head;      /* before any keyword */
	struct clause from, by, with, via, id, recipient;
	struct clause tail;      /* words and comments behind the last semicolon */
	struct str sender;       /* XMail: for <…> from <…> */
	struct str date;         /* behind the last semicolon; p is NULL without one */
	struct mail_date plain;  /* that date, if has_plain: it needs no second reading */
	bool has_plain;
	bool truncated;
};

/* What a writer does with the words of a client. */
enum writer {
	WRITER_UNKNOWN,
	WRITER_CLEANS,           /* they hold no parentheses: Postfix, Sendmail, OpenSMTPD */
	WRITER_ENCLOSES,         /* they stand behind the address, as they came: Exim and its kin */
};

enum writer clauses_writer(const struct clauses *c);

bool clause_is_exim_id(struct str s);

void received_scan(struct str value, struct clauses *c);

/* The first word, or "". */
struct str clause_word(const struct clause *c);

#endif
