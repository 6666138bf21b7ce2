/* SPDX-License-Identifier: ISC
 *
 * The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): the header by which a
 * proxy says for whom it connects, read and written. Pure; whose header is read at all is for
 * wire/listener.h. TLVs are skipped.
 *
 * Hostile input that reaches it: all bytes of the header, of a peer that is named but may be
 * broken. It keeps at most 107 of them, takes none beyond the header, and refuses what it does not
 * know at the first byte that shows it.
 */
#ifndef PORTREEVE_WIRE_PROXY_H
#define PORTREEVE_WIRE_PROXY_H

#include "base/ip.h"

enum {
	WIRE_PROXY_V1_MAX = 107,     /* a line of version 1 with its CRLF */
	WIRE_PROXY_V2_MAX = 4096,    /* a header of version 2 with its TLVs */
};

struct wire_proxy {
	uint8_t kept[WIRE_PROXY_V1_MAX];
	size_t n, bytes;             /* kept, and taken in all */
	size_t whole;                /* version 2: bytes of the header; 0: not known yet */
	/* Once it is whole: */
	bool relayed;                /* `source` is who connects; false (LOCAL, UNKNOWN and
	                                protocols that are no TCP): the peer itself is */
	struct endpoint source, destination;
};

/* All zero at first. Takes bytes as they come: ERR_AGAIN, all are taken; ERR_OK, the header is
 * whole and ends behind *used of them; ERR_INVALID, it is none; ERR_LIMIT, it is too long. After
 * an answer but ERR_AGAIN it takes no more. */
int wire_proxy_take(struct wire_proxy *p, struct str bytes, size_t *used);

/* Appends a header of version 1 or 2 that says who connects to what; both of one family. */
void wire_proxy_format(unsigned version, const struct endpoint *source,
                       const struct endpoint *destination, struct buf *out);

/* Whether a prefix may be named as that of proxies: no wider than WIRE_PROXY_WIDEST4 and 6, as
 * everybody in it can speak for anybody. All the world is no less so in two halves. ERR_DENIED. */
enum { WIRE_PROXY_WIDEST4 = 16, WIRE_PROXY_WIDEST6 = 32 };
int wire_proxy_peer_check(const struct prefix *peer);

#endif
