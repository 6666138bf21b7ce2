/* SPDX-License-Identifier: ISC
 *
 * What an inner host offered when it was last spoken to, and whether a message can be handed to it:
 * one that cannot is refused in its session, while its client still is there, and not when it is
 * ours to lose. Pure.
 *
 *   SMTPUTF8   A message needs it whose addresses or header are of other bytes than ASCII (RFC 6531
 *              3.2). One that only says the word goes without.
 *   SIZE       RFC 1870 4.
 *   8BITMIME   is not looked at: eight bits go out as they are (carrier.h).
 *
 * Who uses it: inner hosts are spoken to by callouts (callout.h) and the delivery, the directory
 * keeps what they offered, by domain, the sessions judge by it.
 */
#ifndef PORTREEVE_GATEWAY_OFFER_H
#define PORTREEVE_GATEWAY_OFFER_H

#include "base/str.h"

struct gateway_offer {
	bool known;                   /* else nothing is lacking */
	bool utf8;
	uint64_t size_max;            /* 0: it said none */
	bool has_host;                /* there is a host that can be asked, if it is not known */
};

enum gateway_lack {
	GATEWAY_LACKS_NOTHING,
	GATEWAY_LACKS_UTF8,           /* for an address or a header that is `wide` */
	GATEWAY_LACKS_ROOM,           /* for so many bytes */
};
enum gateway_lack gateway_offer_lacks(const struct gateway_offer *offer, bool wide,
                                      uint64_t bytes);

/* What all hosts offer: those that were in *all, and one more. */
void gateway_offer_join(struct gateway_offer *all, const struct gateway_offer *one);

/* The header of a message, without the empty line. */
struct str gateway_header_of(struct str message);

#endif
