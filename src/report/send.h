/* SPDX-License-Identifier: ISC
 *
 * Hands one mail to the smarthost, which the user has configured: one attempt, over TLS
 * where it is offered or demanded, with a login if one is configured. A password goes only
 * over a connection whose certificate proves the smarthost, or to this machine itself.
 *
 * Hostile input: all that the smarthost answers, by way of the client engine.
 */
#ifndef PORTREEVE_REPORT_SEND_H
#define PORTREEVE_REPORT_SEND_H

#include "base/loop.h"
#include "dns/resolver.h"
#include "store/types.h"
#include "report/config.h"

struct send_setup {
	struct loop *loop;
	struct dns_resolver *resolver;
	const struct report_config *config;
	const char *hostname;               /* for EHLO */
	const char *mail_from, *rcpt_to;    /* without brackets; "" for the null sender */
	const char *envelope_id;            /* plain letters; bounces name it; "" for none */
	struct str message;                 /* lives until the end */
};

enum send_outcome {
	SEND_DONE,
	SEND_REFUSED,                       /* for good: sending it again would not help */
	SEND_FAILED,                        /* no connection, or only for now */
};

struct send_result {
	enum send_outcome outcome;
	char status[12];                    /* "5.1.1", or "" */
	bool recipient;                     /* it was the recipient that was refused */
	char text[WHY_MAX];                 /* one line, printable */
};

typedef void send_cb(void *arg, const struct send_result *result);
struct send;
/* Calls back once, from the loop, unless destroyed before. ERR_INVALID with one line in
 * *problem: the configuration names no usable smarthost. The strings of the setup are
 * borrowed. */
int send_start(const struct send_setup *setup, send_cb *cb, void *arg, struct send **s,
               struct buf *problem);
void send_destroy(struct send *s);          /* NULL is fine */

#endif
