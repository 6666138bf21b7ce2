/* SPDX-License-Identifier: ISC
 *
 * Whether somebody reads what everybody must be able to write to: postmaster@ and abuse@ of the
 * gateway's domains. The judgement is pure.
 */
#ifndef PORTREEVE_DOCTOR_MAILBOXES_H
#define PORTREEVE_DOCTOR_MAILBOXES_H

#include "doctor/findings.h"
#include "settings/settings.h"

enum { DOCTOR_UNREAD_MAX = 4 };

struct doctor_mailboxes {
	bool asked;                          /* there are domains, and it could be found out */
	const char *why;                     /* it could not; NULL */
	const char *unread[DOCTOR_UNREAD_MAX];        /* domains, the first few */
	size_t unread_count;                 /* of all */
};

/* Reads the accounts and the files of recipients. Texts come in the arena. */
void doctor_mailboxes_look(const struct settings *s, struct store *st, struct arena *a,
                           struct doctor_mailboxes *m);
void doctor_mailboxes_judge(const struct doctor_mailboxes *m, struct doctor_findings *f);

#endif
