/* SPDX-License-Identifier: ISC
 *
 * Who may relay by what a configuration says: the rules of a reading, asked for one client. Pure.
 * It explains; the truth is the server's own answer.
 */
#ifndef PORTREEVE_AUDIT_WHO_H
#define PORTREEVE_AUDIT_WHO_H

#include "audit/setting.h"

struct audit_client {
	struct ip ip;
	bool own;                        /* ip is an address of the machine itself */
	unsigned shows;                  /* AUDIT_BY_…: what it can show; 0: a plain stranger */
	const struct audit_port *port;   /* where it comes in; NULL: at any port */
	const char *to;                  /* the domain its mail is for; NULL: a foreign one that
	                                    nothing names */
};

enum audit_answer {
	AUDIT_NO, AUDIT_YES,
	AUDIT_PERHAPS,                   /* by a condition that only the server can decide */
};

/* Whether mail of that client for a foreign domain is taken; *by: the rule that decides, or NULL if
 * none holds for it. A rule that might refuse is left out: rather say yes too often. */
enum audit_answer audit_may_relay(const struct audit_reading *reading,
                                  const struct audit_client *client,
                                  const struct audit_rule **by);

/* Fills open_to_all, opened_by and the trusts, from the rules and the ports: the last step of each
 * reader. */
void audit_conclude(struct audit_reading *reading, struct arena *a);

#endif
