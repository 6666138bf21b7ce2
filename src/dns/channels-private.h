/* SPDX-License-Identifier: ISC
 *
 * c-ares on the loop, with one question per channel: so each question leaves from a source port of
 * its own, which the kernel chooses anew, and a forged answer must guess that, too (RFC 5452 9.2).
 * A channel of c-ares that has no question closes its sockets; it is used again.
 *
 * Hostile input that reaches it: any bytes of whoever answers, which it passes on.
 */
#ifndef PORTREEVE_DNS_CHANNELS_PRIVATE_H
#define PORTREEVE_DNS_CHANNELS_PRIVATE_H

#include "dns/message.h"
#include "dns/resolver.h"

struct channels;
struct channel;

/* What came, an answer (bytes, status ARES_SUCCESS) or a status of c-ares. Never from within
 * channels_ask(). Its question is over. */
typedef void channel_cb(void *arg, int status, struct str bytes);

/* As dns_resolver_create(). */
int channels_create(struct loop *loop, const struct endpoint *servers, size_t n,
                    const struct dns_resolver_options *options, struct channels **out);
/* Each has been answered or dropped. NULL is fine. */
void channels_destroy(struct channels *c);
/* NULL: as many as may be are asking; channels_free() says when one is free. */
struct channel *channels_ask(struct channels *c, const struct dns_question *q, channel_cb *cb,
                             void *arg);
bool channels_free(const struct channels *c);
/* No callback comes. Not from within one of the same channel. */
void channels_drop(struct channel *ch);

#endif
