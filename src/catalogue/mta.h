/* SPDX-License-Identifier: ISC
 *
 * The kinds of mail server in whose words causes are told, and the guess at a server's kind from
 * what it says of itself. Pure.
 *
 * Hostile input that reaches it: greetings of tested servers. A guess is a guess: anybody can
 * greet as Postfix.
 */
#ifndef PORTREEVE_CATALOGUE_MTA_H
#define PORTREEVE_CATALOGUE_MTA_H

#include "base/str.h"

enum mta {
	MTA_UNKNOWN,
	/* Of these each cause is told. */
	MTA_POSTFIX, MTA_EXIM, MTA_SENDMAIL, MTA_OPENSMTPD,
	/* Of these what is known. */
	MTA_QMAIL, MTA_COURIER, MTA_EXCHANGE,

	MTA_FIRST = MTA_POSTFIX, MTA_LAST_WHOLE = MTA_OPENSMTPD, MTA_LAST = MTA_EXCHANGE,
};

#define MTA_EXPECTED "postfix, exim, sendmail, opensmtpd, qmail, courier or exchange"

const char *mta_name(enum mta mta);               /* "postfix"; "" of none */
const char *mta_title(enum mta mta);              /* "Postfix"; "" of none */
/* Any case of letters. ERR_NOT_FOUND. */
int mta_parse(struct str name, enum mta *mta);

/* By the words behind the host's name in a greeting, with or without its code: a host may be
 * called postfix.example. */
enum mta mta_of_greeting(struct str line);
/* By the first greeting in the transcript of a test, its lines as of a bundle: milliseconds, who
 * speaks ("<" is the server), text. */
enum mta mta_of_transcript(struct str transcript);

#endif
