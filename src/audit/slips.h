/* SPDX-License-Identifier: ISC
 *
 * Slips in lists of clients: what stands there is read otherwise than it looks, or not at all. Each
 * server has its own (a list of Exim parts at colons, access of Sendmail knows no "/24"). Pure.
 *
 * Who uses it: the findings. Hostile input: items of any configuration.
 */
#ifndef PORTREEVE_AUDIT_SLIPS_H
#define PORTREEVE_AUDIT_SLIPS_H

#include "audit/facts.h"
#include "base/arena.h"
#include "catalogue/mta.h"

enum slip_kind {
	SLIP_NONE,
	SLIP_HOST_BITS,                  /* "192.168.1.10/24" */
	SLIP_NO_MASK,                    /* "10.0.0.0": one address */
	SLIP_UNSPECIFIED,                /* "0.0.0.0": nobody has it */
	SLIP_SHORT,                      /* "192.168.1", "192.168.1/24" */
	SLIP_SEPARATOR,                  /* "127.0.0.0/8;10.0.0.0/8": one word */
	SLIP_BRACKETS,                   /* "2001:db8::/32" for Postfix */
	SLIP_COLON,                      /* a piece of an IPv6 address */
	SLIP_SLASH,                      /* "192.168.1.0/24" for Sendmail */
	SLIP_TAG,                        /* "2001:db8" without IPv6: for Sendmail */
	SLIP_NO_FILE,                    /* known from elsewhere */
	SLIP_NAME,                       /* a name: who may relay is up to DNS */
	SLIP_EXCLUDED_LATE,              /* "!" behind what it is to be taken out of */
};

struct audit_slip {
	enum slip_kind kind;
	const char *item;
	const char *meant;               /* what is likely to be meant; "": not known */
	const char *why;                 /* what the server makes of it, without its beginning */
	bool broken;                     /* the server refuses mail for it, or takes nobody by it */
};

/* One item, as it stands in a list of that server. `facts` may be NULL. False: there is none. */
bool audit_slip_in(enum mta mta, struct str item, const struct facts *facts, struct arena *a,
                   struct audit_slip *slip);
/* Items in their order, exclusions behind what they are to be taken out of among them; how many. */
size_t audit_slips_of(enum mta mta, const struct str *items, size_t n, const struct facts *facts,
                      struct arena *a, struct audit_slip *slips, size_t max);

#endif
