/* SPDX-License-Identifier: ISC
 *
 * The big providers: their domains, how the lines that they write can be told from
 * imitations, and which header of theirs names the customer's address. There is one row
 * per provider, with facts as seen in mail of two decades; a provider that is not here is
 * treated like any other host.
 */
#ifndef PORTREEVE_TRACE_PROVIDERS_H
#define PORTREEVE_TRACE_PROVIDERS_H

#include "mail/received.h"

struct provider {
	const char *name;
	bool (*marked)(const struct received *line);   /* could this line be theirs? */
	bool exact;                      /* its names are its own servers only, no customers' */
	bool rents;                     /* some of its names are customers' lines or machines */
	struct str client_headers[3];   /* that they write, naming the customer's address */
};

/* By a host or mail domain name; NULL if it is none of them. */
const struct provider *provider_of(struct str name);
/* Same registrable domain, or two domains of one provider. */
bool provider_same_org(struct str a, struct str b);
/* families.c: have both registrable domains one provider, which serves its customers' lines under
 * one of its names and has its mail servers under another? */
bool provider_same_family(struct str a, struct str b);
/* Is it an address by which Microsoft 365 speaks to itself? They are public (2603:1006::/32,
 * 2603:1016::/32 to 2603:10f6::/32; before, 2a01:111:e400::/48 and 2a01:111:f400:7e00::/56; for
 * American authorities 2001:489a:200::/40; of 21Vianet 2406:e500::/32), and neither customers' nor
 * those by which it speaks to others. */
bool provider_is_inside(const struct ip *ip);
/* Does this provider write that header? */
bool provider_writes(const struct provider *p, struct str header);
/* Is this a header that some provider names the customer's address with? */
bool provider_header(struct str header);

#endif
