/* SPDX-License-Identifier: ISC
 *
 * Why a mail server said no. Only a refusal by relay policy says anything about relaying;
 * one by identity or time is about who we are or when we came, and somebody else would get
 * another; an unknown one says nothing by itself. Databases keep the numbers.
 */
#ifndef PORTREEVE_MAIL_REFUSAL_H
#define PORTREEVE_MAIL_REFUSAL_H

#include <stdbool.h>

enum refusal {
	REFUSAL_NONE,           /* none: a yes, or no answer */
	REFUSAL_UNKNOWN,        /* a no that does not say why */
	REFUSAL_RELAY,          /* relay policy: it denies relaying, says that the domain is not its
	                           own, or wants a login from anybody */
	REFUSAL_RECIPIENT,      /* the recipient itself: no such user, no valid address */
	/* By identity or time: */
	REFUSAL_SENDER,         /* the envelope sender */
	REFUSAL_HELO,           /* the name in HELO or EHLO */
	REFUSAL_CLIENT,         /* the client: lists, reputation, bans, its reverse name */
	REFUSAL_TIME,           /* now: greylisting, limits, trouble of its own */
	/* Not said, but shown: */
	REFUSAL_TURNED_AWAY,    /* what the form needs is not offered, or a connection of the form's
	                           own kind was not let in */
};

/* Whether it is about who we are or when we come: somebody else, or later, would get another. */
bool refusal_is_identity(enum refusal r);
const char *refusal_name(enum refusal r);        /* "relay"; never NULL, "" for none */

#endif
