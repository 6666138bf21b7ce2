/* SPDX-License-Identifier: ISC
 *
 * The fuse: the one rule on what may never be published. Pure: a table of the special ranges
 * and the rules that the configuration gives. The store asks it in every transaction that
 * would put something on the list; what reads the list for DNS asks it again, because a
 * database may come from an older version or from somebody's hand.
 *
 * Two classes. Never, with no switch: the unspecified addresses, multicast, broadcast and what
 * is reserved beside it, the test entries of RFC 5782 section 5, our own addresses, and ranges
 * that are wider than the configuration lets them be. Not on the Internet: private, loopback,
 * link-local, documentation and benchmarking ranges; these may be published where
 * `list.allow_special` names them. Sources: IANA's registries of special-purpose addresses
 * (RFC 6890).
 *
 * An IPv6 address that holds an IPv4 address (mapped, compatible, 6to4, NAT64, Teredo) is
 * judged by that one as well. A range is refused for any part of it.
 *
 * It says what may be put on the list. Taking off is always allowed.
 */
#ifndef PORTREEVE_STORE_FUSE_H
#define PORTREEVE_STORE_FUSE_H

#include "base/ip.h"

enum { FUSE_SPECIAL_MAX = 64, FUSE_OWN_MAX = 192 };

/* The rules: a plain value, so that it has no owner. */
struct fuse {
	unsigned widest_v4, widest_v6;               /* shortest prefix that may be published */
	struct prefix special[FUSE_SPECIAL_MAX];     /* allowed, though not on the Internet */
	size_t special_count;
	struct ip own[FUSE_OWN_MAX];                 /* ours: never published */
	size_t own_count;
};

/* Nothing special is allowed, nothing is known to be ours, /24 and /48. */
extern const struct fuse fuse_default;

/* NULL if the range may be published, else why not, in words that name the rule: "a private
 * address (RFC 1918)". Static. */
const char *fuse_refuses(const struct fuse *fuse, const struct prefix *range);
/* The same, and what of the range the rule is about, as far as it can be named: an address of our
 * own, the private range in a wider one; else the range itself. NULL leaves *part as it is. */
const char *fuse_refuses_part(const struct fuse *fuse, const struct prefix *range,
                              struct prefix *part);
/* The same of one address. */
const char *fuse_refuses_ip(const struct fuse *fuse, const struct ip *address);

#endif
