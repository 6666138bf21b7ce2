/* SPDX-License-Identifier: ISC
 *
 * Entries of the configuration that begin with a domain, sorted by it: who looks one up takes
 * time that grows with the logarithm of their number. Pure.
 */
#ifndef PORTREEVE_GATEWAY_BYDOMAIN_PRIVATE_H
#define PORTREEVE_GATEWAY_BYDOMAIN_PRIVATE_H

#include "base/config.h"

struct by_domain_entry {
	char *domain;                 /* in lower case; "*": all others */
	char *rest;                   /* what stands behind it */
};
struct by_domain {
	struct by_domain_entry *v;
	size_t n;
};

/* "DOMAIN REST" in its two parts; "*" is a domain if `star`. False: it is not that. */
bool by_domain_split(struct str entry, bool star, struct str *domain, struct str *rest);
/* Entries that cannot be split are left out; of two for one domain the first counts. */
void by_domain_init(struct by_domain *t, const struct config_strings *entries);
void by_domain_fini(struct by_domain *t);
/* NULL: there is none. The domain is compared as ASCII, in any case. */
const struct by_domain_entry *by_domain_find(const struct by_domain *t, struct str domain);
/* A domain that has two entries; NULL: each has one. */
const char *by_domain_twice(const struct by_domain *t);

#endif
