/* SPDX-License-Identifier: ISC
 *
 * A mailing over wire/smtp-client.h: connects, keeps to the time-outs, tells how it went. For the
 * tester's own process; politeness is for the caller.
 *
 * Hostile input: none of its own; bytes go to the mailing, and no wait is without an end.
 */
#ifndef PORTREEVE_RELAYTEST_COURIER_H
#define PORTREEVE_RELAYTEST_COURIER_H

#include "base/stream.h"
#include "relaytest/mailing.h"

struct courier;

struct courier_setup {
	struct loop *loop;
	SSL_CTX *tls;                        /* may be NULL if no TLS is asked for */
	struct endpoint to;
	struct ip source;                    /* family 0: the system's choice */
	bool tls_at_once;
	int64_t connect_ms, command_ms, session_ms;
	struct mailing_setup mailing;
	/* Called once, from the loop; it may destroy the courier. */
	void (*over)(void *arg, const struct mailing_result *result, bool tls_failed);
	void *arg;
};

struct courier *courier_create(const struct courier_setup *setup);
/* Closes at once; `over` does not come any more. NULL is fine. */
void courier_destroy(struct courier *c);

#endif
