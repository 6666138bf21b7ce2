/* SPDX-License-Identifier: ISC
 *
 * Domain names as plain values, in uncompressed wire form with the case they came in
 * (RFC 1035 3.1, RFC 2181 11: any byte may stand in a label). Comparison folds ASCII case.
 * All functions are pure and keep nothing.
 *
 * Hostile input that reaches it: names in messages of any peer, names in texts of users
 * and of mail servers.
 */
#ifndef PORTREEVE_DNS_NAME_H
#define PORTREEVE_DNS_NAME_H

#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

enum {
	DNS_NAME_MAX = 255,             /* bytes of the wire form, the root's 0 included */
	DNS_LABEL_MAX = 63,
	DNS_LABELS_MAX = 127,
	DNS_NAME_TEXT_MAX = 1010,       /* of the text form with its NUL: every byte as \DDD */
};

struct dns_name {
	uint8_t n;                      /* 1…255: a valid name, never 0 */
	uint8_t b[DNS_NAME_MAX];
};

/* From text, with or without the last dot; "." is the root. "\." and "\DDD" stand for
 * bytes; other bytes must be printable and no space. */
int dns_name_parse(struct str text, struct dns_name *name, struct parse_error *pe);
/* Without the last dot, save for the root; what is not a letter, digit, '-', '_' or one of
 * "*+/=:@!#%&" is escaped, so that the text is safe to show and parses back. */
char *dns_name_format(const struct dns_name *name, char dst[static DNS_NAME_TEXT_MAX]);
/* A host name of RFC 1123 2.1: labels of letters, digits and inner hyphens, at least two
 * labels, the last not all digits; at most 253 bytes, no last dot. */
bool dns_name_is_host(struct str text);

/* Reads the name at *at of a message, following compression pointers, which must lead
 * backwards; *at goes behind it. `name` may be NULL to only check and skip. ERR_INVALID. */
int dns_name_read(const uint8_t *message, size_t n, size_t *at, struct dns_name *name);

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b);
/* The same for names, or ends of names, that stand elsewhere in wire form, of n bytes both. */
bool dns_name_bytes_eq(const uint8_t *a, const uint8_t *b, size_t n);
/* Name is `zone` or below it. */
bool dns_name_within(const struct dns_name *name, const struct dns_name *zone);
/* Labels without the root's. */
unsigned dns_name_labels(const struct dns_name *name);
/* first.second; ERR_LIMIT if that is too long. */
int dns_name_join(const struct dns_name *first, const struct dns_name *second,
                  struct dns_name *out);
/* The address's octets or nibbles, last first, below `suffix`: "2.0.0.127.<suffix>" (RFC
 * 5782 2.1 and 2.4; RFC 1035 3.5 and RFC 3596 2.5 with in-addr.arpa and ip6.arpa).
 * ERR_LIMIT. */
int dns_name_reverse(const struct ip *address, const struct dns_name *suffix,
                     struct dns_name *out);

#endif
