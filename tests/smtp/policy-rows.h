/* SPDX-License-Identifier: ISC
 *
 * Replies that say no, and what each is about. A row is a code, an enhanced code and the
 * text as a server writes it to client 192.0.2.1 (probe.t.example), sender <s@t.example>,
 * recipient <u@d.example>. Facts: sources and manuals of the servers that are named.
 */
#ifndef PORTREEVE_TESTS_SMTP_POLICY_ROWS_H
#define PORTREEVE_TESTS_SMTP_POLICY_ROWS_H

#include "mail/refusal.h"

#include <stddef.h>

struct policy_row {
	int code;
	const char *enhanced, *text;
	enum refusal is;
};

#define NONE REFUSAL_NONE
#define UNKNOWN REFUSAL_UNKNOWN
#define RELAY REFUSAL_RELAY
#define RECIPIENT REFUSAL_RECIPIENT
#define SENDER REFUSAL_SENDER
#define HELO REFUSAL_HELO
#define CLIENT REFUSAL_CLIENT
#define LATER REFUSAL_TIME

/* Each ends in a row without a text. */
extern const struct policy_row policy_servers[];      /* by server, as they are shipped */
extern const struct policy_row policy_relay[];        /* more ways to deny relaying */
extern const struct policy_row policy_identity[];     /* who we are or when we come */
extern const struct policy_row policy_languages[];
extern const struct policy_row policy_both[];         /* relaying and identity in one reply */

#endif
