/* SPDX-License-Identifier: ISC
 *
 * Reads what comes back to the envelope sender of a report: which report it is about, and
 * what it says. A delivery status (RFC 3464), qmail's text (QSBMF), and any other mail with
 * the null sender are understood as bounces; automatic answers (RFC 3834), which come to the
 * same address, are not. Pure.
 *
 * Hostile input: the whole message; anybody can write one. It counts only with the token of
 * a report (report/token.h), and says only of that report's recipient that it is dead.
 */
#ifndef PORTREEVE_REPORT_BOUNCE_H
#define PORTREEVE_REPORT_BOUNCE_H

#include "report/token.h"

enum report_bounce_kind {
	REPORT_BOUNCE_FAILED,             /* the report did not arrive */
	REPORT_BOUNCE_DELAYED,            /* not yet */
	REPORT_BOUNCE_ARRIVED,            /* it did: a receipt, an automatic answer */
};

struct report_bounce {
	char id[REPORT_ID_LEN + 1];
	enum report_bounce_kind kind;
	char recipient[CONTACT_MAX];      /* who failed; may be forwarded elsewhere; "": not told */
	char status[12];                  /* "5.1.1", or "" */
	char text[WHY_MAX];               /* the reason, printable, or "" */
	bool dead;                        /* by its status: no mail will ever be taken there */
};

/* ERR_INVALID: nothing that came back from a report of ours; *expected says what was
 * expected; static. */
int report_bounce_parse(struct str message, const unsigned char key[static REPORT_KEY_BYTES],
                        struct report_bounce *b, const char **expected);
/* Whether an SMTP or DSN status says that the address takes no mail, rather than that
 * this mail was not liked. */
bool report_status_is_dead(struct str status);

#endif
