/* SPDX-License-Identifier: ISC
 *
 * Reads a bounce (RFC 3464) of one of our reports: which report, which recipient, and
 * whether the recipient is dead. Pure.
 *
 * Hostile input: the whole message; anybody can write one. It counts only for a report
 * whose id it knows, which only its recipient has seen, and only for that recipient.
 */
#ifndef PORTREEVE_TRACE_REPORT_BOUNCE_H
#define PORTREEVE_TRACE_REPORT_BOUNCE_H

#include "store/types.h"

struct report_bounce {
	char id[REPORT_ID_LEN + 1];
	char recipient[CONTACT_MAX];      /* the first that failed; may be forwarded elsewhere */
	char status[12];                  /* "5.1.1" */
	char text[WHY_MAX];               /* Diagnostic-Code, printable */
	bool dead;                        /* no mail will ever be taken there */
};

/* ERR_INVALID: no bounce of a report of ours; ERR_UNSUPPORTED: only a delay. *expected
 * says what was expected; static. */
int report_bounce_parse(struct str message, struct report_bounce *b, const char **expected);
/* Whether an SMTP or DSN status says that the address takes no mail, rather than that
 * this mail was not liked. */
bool report_status_is_dead(struct str status);

#endif
