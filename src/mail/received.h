/* SPDX-License-Identifier: ISC
 *
 * One Received line as every mailer in use has written it. The result is slices
 * of the value that was given, so nothing is copied and nothing is invented: what
 * the line does not say is empty.
 *
 * The rule that all of it serves: what the client *said* (HELO) is never taken for
 * what the server *saw* (address, looked-up name). Where a format does not tell
 * which of both a name is, it counts as said. Nothing tells them apart where a writer
 * that names no product leaves a client's parentheses as they are: "x (HELO y)" then
 * looks as if it had looked up x.
 *
 * Called by trace. Any bytes may come: lines of 100 MB, ten thousand nested
 * comments, NULs. Time is linear in what is read, memory constant.
 */
#ifndef PORTREEVE_MAIL_RECEIVED_H
#define PORTREEVE_MAIL_RECEIVED_H

#include "base/clock.h"
#include "base/ip.h"
#include "mail/date.h"

enum { RECEIVED_READ_MAX_BYTES = 16384 };    /* more of one line is not read */

/* Who writes lines of this shape. */
enum received_form {
	RECEIVED_OTHER,
	RECEIVED_SENDMAIL,       /* from helo (rdns [ip]) by x (8.12.8/8.12.8) with … */
	RECEIVED_POSTFIX,        /* from helo (rdns [ip]) by x (Postfix) with … */
	RECEIVED_EXIM,           /* from rdns ([ip] helo=helo) by x with esmtp (Exim 4.96) */
	RECEIVED_QMAIL,          /* from rdns (HELO helo) (ident@ip) by x with SMTP; 1 Jan … */
	RECEIVED_EXCHANGE,       /* from helo (ip) by x (ip) with Microsoft SMTP Server id … */
	RECEIVED_SMTPSVC,        /* from helo ([ip]) by x with Microsoft SMTPSVC(…) */
	RECEIVED_DOMINO,         /* from helo ([ip]) by x (Lotus Domino Release …) with … */
	RECEIVED_COMMUNIGATE,    /* from [ip] (HELO helo) by x (CommuniGate Pro SMTP …) */
	RECEIVED_GOOGLE,         /* by 2002:a05:… with SMTP id …mr…; by mx.google.com */
	RECEIVED_WEB,            /* from ip by x with HTTP, via HTTP */
	RECEIVED_FETCHED,        /* from server [ip] by x with IMAP (fetchmail-…): we called it */
	RECEIVED_SCANNER,        /* from … by x with qmail-scanner, SpamAssassin; by simscan */
	RECEIVED_PICKUP,         /* from mail pickup service by x; from spooler by x */
	RECEIVED_LOCAL,          /* by x (Postfix, from userid 500); (from u@localhost) by x */
	RECEIVED_QUEUE,          /* (qmail 1 invoked by uid 2); a line that names no writer */
};

struct received {
	enum received_form form;
	struct str helo;         /* as the client said it: a name, "[literal]", anything */
	struct str rdns;         /* the client's name as the server looked it up */
	struct str ident;
	struct str by;           /* the host that wrote the line */
	struct str with, via;    /* protocol words */
	struct str id;
	struct str recipient;    /* for <…> */
	struct str sender;       /* envelope-from */
	struct str tls;          /* the words about it; "" when none */
	struct str product;      /* the comment behind the by-host or protocol */
	struct str from;         /* first word after "from", whatever it is */
	struct ip ip;            /* the client's address */
	struct ip by_ip;         /* the writer's own, where it says so */
	struct mail_date date;   /* valid if has_time */
	bool has_time;
	bool auth;               /* the client had logged in */
	bool folded_by;          /* cut in two as qmail does it: by a line end, two spaces, "by" */
	struct str placeholder;  /* "%RND_IP%" where the writer itself names something; or "" */
	bool date_misplaced;     /* a date where an address, a name or a comment stands */
	bool bad_ip;             /* where the address stands is "256.1.2.3" or the like */
	bool rdns_doubtful;      /* "may be forged": name and address disagree */
	bool truncated;          /* longer or deeper than what is read */
};

/* Reads the value of a Received field (folded or not). Never fails: a line that
 * says nothing gives nothing. The slices point into `value`. */
void received_parse(struct str value, struct received *r);

/* What the clock of a line without a known zone showed: "2004-08-09T11:59:00". */
char *received_clock(const struct received *r, char dst[static CLOCK_TEXT_MAX]);

/* "[192.0.2.1]", "192.0.2.1", "[IPv6:2001:db8::1]", "192.0.2.1:25",
 * "192.0.2.1.50387", "[192.0.2.1]:25"; a zone index is dropped. */
bool received_address(struct str s, struct ip *ip);

#endif
