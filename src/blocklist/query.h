/* SPDX-License-Identifier: ISC
 *
 * A query taken apart: what the answer builder goes by. Pure; it keeps no copy, so the bytes
 * outlive it.
 *
 * Hostile input that reaches it: any message of anyone.
 */
#ifndef PORTREEVE_BLOCKLIST_QUERY_H
#define PORTREEVE_BLOCKLIST_QUERY_H

#include "dns/message.h"

enum { BLOCKLIST_NAME_AT = DNS_HEADER_BYTES };   /* the question's name, in query and answer */

/* Offsets are into its bytes. */
struct blocklist_query {
	const uint8_t *bytes;
	struct dns_header header;
	size_t question_end;             /* 0: there is none to echo */
	size_t name_bytes;               /* at BLOCKLIST_NAME_AT, in wire form, not compressed */
	uint16_t type, class;
	struct dns_edns edns;
};

/* The rcode that the answer begins with, of enum dns_rcode; negative if nothing is answered. */
int blocklist_query_read(struct str message, struct blocklist_query *q);
/* The question's name; there is one. */
void blocklist_query_name(const struct blocklist_query *q, struct dns_name *name);

#endif
