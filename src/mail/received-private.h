/* SPDX-License-Identifier: ISC
 *
 * The files of the Received parser, in the order in which a line goes through them:
 *
 *   received.c         a value from its clauses to what it says
 *   received-scan.c    cuts it into its clauses
 *   received-words.c   single words: addresses, names, protocols
 *   received-client.c  the from clause: where the address stands
 *   received-form.c    the product and the form of the line
 *   received-naming.c  what the names beside the address mean
 *   received-odd.c     what no mailer writes there
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

/* How the address stood in the from clause: what a name beside it means depends
 * on it. */
enum shape {
	SHAPE_NONE,
	SHAPE_NAME_BRACKET,      /* (name [ip]) */
	SHAPE_BRACKET,           /* ([ip]) */
	SHAPE_PAREN,             /* (ip), (ident@ip) */
	SHAPE_WORD,              /* name [ip], outside comments */
	SHAPE_FIRST,             /* the first word itself */
};

struct peer {
	enum shape shape;
	struct str name;         /* beside the address, for SHAPE_NAME_BRACKET */
	struct str plain;        /* a comment that is a bare host name */
	bool helo_given;         /* (HELO x), helo=x */
	bool verified;           /* CommuniGate: HELO and address agree */
	bool from_comment;       /* (from helo [ip]) */
	bool local;              /* (joe@localhost): no network, the name was only said */
	const struct clauses *line;
};

/* ---- received-words.c ---- */

enum protocol { PROTOCOL_OTHER, PROTOCOL_SMTP, PROTOCOL_LOGIN };

static inline struct str word_slice(struct str s, size_t from, size_t to)
{
	return (struct str){ s.p + from, to - from };
}

/* Does s start with this text? A space in it stands for any white space, because a line
 * may be folded anywhere; ASCII case does not matter. */
bool word_starts_whole(struct str s, const char *text);

/* The same; mostly it does not, by the first letter. */
static inline bool word_starts(struct str s, const char *text)
{
	return s.n && (*text == ' ' || ascii_lower(s.p[0]) == ascii_lower(*text)) &&
	       word_starts_whole(s, text);
}

bool word_holds(struct str s, const char *text);
/* Without these around it, however often. */
struct str word_unwrap(struct str s, char open, char close);
/* "<a@b>", "<<a@b>>", "<a@b" */
struct str word_unangle(struct str s);
/* Four numbers in the place of an address, one of them too great. Leading zeros are only odd. */
bool word_is_impossible(struct str s);
/* What servers write where they know no name. */
bool word_is_unknown(struct str s);
/* A name that a server can have looked up, or "": no literal, no "unknown", no phrase. */
struct str word_looked_up(struct str s);
/* Only bytes that stand in names; `full`: of more than one label. */
bool word_is_name(struct str s, bool full);
/* RFC 3848 and RFC 6531: [UTF8] SMTP or ESMTP, LMTP, then S for TLS and A for a login;
 * ASMTP is Exim's old word for a login. */
enum protocol word_protocol(struct str s);
/* The protocol that begins or ends a phrase: "SMTP 1234", "AES256-SHA encrypted SMTP",
 * "MailEnable ESMTPA". */
enum protocol phrase_protocol(struct str phrase);
bool word_is_web(struct str s);

/* ---- received-client.c: the from clause, or what stands in its place ---- */
void client_read(const struct clause *c, struct received *r, struct peer *peer);

/* ---- received-form.c ---- */
/* Comments that may stand in any clause: login, TLS, envelope sender. True: it was one. */
bool form_comment(struct str s, struct received *r);
/* Comments of the clauses behind the first: product, the writer's address, TLS. */
void form_product(const struct clause *c, bool is_by, struct received *r);
/* qmail omits the HELO where it equals the name it looked up. */
bool form_is_qmail(const struct received *r);
void form_settle(const struct clauses *c, struct received *r, const struct peer *peer);

/* ---- received-naming.c ---- */
void naming_peer(struct received *r, const struct peer *peer);

/* ---- received-odd.c: after the rest ---- */
void odd_look(struct str value, const struct clauses *c, struct received *r);

#endif
