/* SPDX-License-Identifier: ISC
 *
 * The protocol of Dovecot's auth socket, as a client (Dovecot's documentation, "Authentication
 * protocol v1"): lines of fields between tabs. Pure: lines in, meaning out.
 *
 *   it says   VERSION 1 n, MECH PLAIN …, SPID, CUID, COOKIE …, DONE
 *   we say    VERSION 1 1, CPID n, then AUTH id PLAIN service=smtp … resp=…
 *   it says   OK id user=name …, or FAIL id [temp] …
 *
 * Hostile input: names and passwords of anybody go into lines; what is at the socket is believed
 * about a login, but may say anything otherwise.
 */
#ifndef PORTREEVE_GATEWAY_DOVECOT_AUTH_H
#define PORTREEVE_GATEWAY_DOVECOT_AUTH_H

#include "base/err.h"
#include "base/ip.h"

/* Of a line without its end; it promises no longer ones. */
enum { DOVECOT_LINE_MAX = 8192 };

/* What has been heard so far; zeroed at first. */
struct dovecot_auth {
	bool version, plain, done;
};

enum dovecot_said {
	DOVECOT_NOTHING,              /* that matters */
	DOVECOT_READY,                /* DONE: questions may be asked */
	DOVECOT_YES,
	DOVECOT_NO,
	DOVECOT_LATER,                /* it could not find out */
	DOVECOT_WRONG,                /* it is no such socket, or speaks another version */
};
struct dovecot_reply {
	enum dovecot_said said;
	uint32_t id;                  /* YES, NO, LATER */
	struct str user;              /* YES: a slice of the line; may be empty */
};

void dovecot_auth_hello(unsigned pid, struct buf *out);
/* The question whether name and password belong together. ERR_INVALID: one of them has a NUL, or is
 * empty; ERR_LIMIT: longer than a line. */
int dovecot_auth_ask(uint32_t id, struct str name, struct str password, const struct ip *peer,
                     struct buf *out);
/* One line, without its end. */
struct dovecot_reply dovecot_auth_read(struct dovecot_auth *d, struct str line);

#endif
