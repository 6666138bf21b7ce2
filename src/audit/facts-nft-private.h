/* SPDX-License-Identifier: ISC
 *
 * The two halves of the reader of nft's JSON: the list of chains and rules (facts-nft-list.c), and
 * what stands in one rule (facts-nft.c).
 */
#ifndef PORTREEVE_AUDIT_FACTS_NFT_PRIVATE_H
#define PORTREEVE_AUDIT_FACTS_NFT_PRIVATE_H

#include "audit/facts-private.h"

#include <jansson.h>
#include <stdio.h>

/* A named set or map; its strings are the JSON's. */
struct nft_set {
	const char *family, *table, *name;
	const json_t *elements;          /* NULL: none */
};

struct nft_reading {
	struct facts *f;
	struct nft_set *sets;
	size_t set_n;
	unsigned family;                 /* of the rule's table; 0: both */
	const char *table;               /* of the rule */
	const char *nft_family;          /* "ip", "ip6", "inet" */
	const json_t *map;               /* of the rule, a condition with its results; NULL */
	bool xt;                         /* a part of the rule is iptables' own */
};

/* The elements of the set or map of the rule's table that has this name; NULL. */
const json_t *nft_named(const struct nft_reading *r, const char *name);

void nft_read_statement(struct nft_reading *r, struct facts_rule *rule, const char *key,
                        const json_t *v);
void nft_read_row(const struct nft_reading *r, struct facts_rule *rule, const json_t *row);

#endif
