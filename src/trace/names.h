/* SPDX-License-Identifier: ISC
 *
 * What host names tell: whether two are the same host or of the same
 * registrable domain; whether a name was made from an address by rule. Pure.
 * The names come from hostile lines: any bytes, any length. A U-label and its A-label
 * are one name.
 */
#ifndef PORTREEVE_TRACE_NAMES_H
#define PORTREEVE_TRACE_NAMES_H

#include "base/ip.h"

/* Without the root dot. */
struct str name_trim(struct str host);
bool name_eq(struct str a, struct str b);
/* Is `helo` that name? qmail writes '?' for characters that it does not trust. */
bool name_was_said(struct str host, struct str helo);
/* `*` stands for any run of characters, `?` for one; ASCII case does not matter. */
bool name_glob(struct str pattern, struct str host);
/* No dot at all: "mailhost". */
bool name_is_short(struct str host);
/* "localhost" and its longer spellings. */
bool name_is_localhost(struct str host);
/* A name that means something only inside one network: short, ".local", ".lan". */
bool name_is_internal(struct str host);
/* "mailhost" and "mailhost.example.org". */
bool name_short_match(struct str a, struct str b);
/* "mx1.example.org" and "mx1.example.net": the first labels are alike. */
bool name_same_first(struct str a, struct str b);

/* The registrable domain ("example.co.uk" of "mx.example.co.uk") in lower case,
 * written to dst; "" for short names, literals and public suffixes. */
enum { NAME_ORG_MAX = 256 };
struct str name_org(struct str host, char dst[static NAME_ORG_MAX]);
bool name_same_domain(struct str a, struct str b);

/* A customer's line named after its address or kind ("adsl-192-0-2-7.example.net"):
 * no mail server of its organisation. */
bool name_is_generic(struct str host, const struct ip *ip);

/* Addresses that name nobody on the Internet. */
bool ip_is_private(const struct ip *ip);      /* also shared, link-local, and 6to4 of those */
/* Never given out to anybody: 0/8, multicast, reserved; IPv6 outside of 2000::/3. */
bool ip_is_unassigned(const struct ip *ip);
static inline bool ip_is_public(const struct ip *ip)
{
	return ip->family && !ip_is_loopback(ip) && !ip_is_private(ip) && !ip_is_unassigned(ip);
}
/* The same /16 or /32: most likely one operator. */
bool ip_is_near(const struct ip *a, const struct ip *b);

#endif
