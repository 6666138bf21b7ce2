/* SPDX-License-Identifier: ISC
 *
 * The client's side of an AUTH exchange (RFC 4954): AUTH PLAIN where the server offers it, else
 * AUTH LOGIN; where it offers neither, nothing is said. Pure.
 *
 * Who uses it: the relay tester, and the sending of reports. Each line that it makes has a
 * credential in it: the caller wipes what it keeps of them and shows none.
 * Hostile input that reaches it: which mechanisms a server names, and how often it asks.
 */
#ifndef PORTREEVE_SMTP_LOGIN_H
#define PORTREEVE_SMTP_LOGIN_H

#include "base/str.h"

struct smtp_login {
	struct str user, password;     /* the caller's, while the exchange lasts */
	bool by_login;                 /* AUTH LOGIN */
	unsigned said;                 /* answers so far, of those that the mechanism has */
};

/* Whether the EHLO reply (SMTP_EXT_…) offered one of the two. */
bool smtp_login_offered(unsigned extensions);
/* Begins anew; appends the command to *line. One of the two is offered. */
void smtp_login_begin(struct smtp_login *l, unsigned extensions, struct buf *line);
/* Appends the answer to a 334: "*" where nothing is left to say, which cancels the exchange and
 * is answered by 501. False, and nothing is appended, if it was cancelled before. */
bool smtp_login_answer(struct smtp_login *l, struct buf *line);

#endif
