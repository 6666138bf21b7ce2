/* SPDX-License-Identifier: ISC
 *
 * IP addresses, prefixes and endpoints as plain values. An IPv4-mapped IPv6
 * address is always turned into its IPv4 form, so that one host has one name.
 */
#ifndef PORTREEVE_BASE_IP_H
#define PORTREEVE_BASE_IP_H

#include "base/err.h"
#include "base/str.h"

#include <sys/socket.h>

struct ip {
	uint8_t family;              /* 4, 6, or 0 for none */
	uint8_t b[16];               /* network order; IPv4 in the first 4, the rest 0 */
};

struct prefix {
	struct ip ip;                /* host bits are 0 */
	uint8_t len;                 /* 0…32 or 0…128 */
};

struct endpoint {
	struct ip ip;
	uint16_t port;
};

enum { IP_TEXT_MAX = 46, PREFIX_TEXT_MAX = 50, ENDPOINT_TEXT_MAX = 56 };

/* "192.0.2.1" or "2001:db8::1", nothing around it. No leading zeros, no short
 * forms: `010.1` is refused rather than guessed. */
int ip_parse(struct str s, struct ip *ip, struct parse_error *pe);
/* An address or address/len; host bits that are set are an error (the user
 * meant something else). */
int prefix_parse(struct str s, struct prefix *prefix, struct parse_error *pe);
/* Whether it is address/length but for host bits that are set; the network of that length is
 * what may have been meant. */
bool prefix_meant(struct str s, struct prefix *network);
/* "192.0.2.1", "192.0.2.1:25", "[2001:db8::1]:25", "2001:db8::1";
 * without a port, `default_port` is taken; 0 as default makes it required. */
int endpoint_parse(struct str s, uint16_t default_port, struct endpoint *ep,
                   struct parse_error *pe);

/* Each writes a NUL-terminated text and returns dst. */
char *ip_format(const struct ip *ip, char dst[static IP_TEXT_MAX]);
char *prefix_format(const struct prefix *prefix, char dst[static PREFIX_TEXT_MAX]);
char *endpoint_format(const struct endpoint *ep, char dst[static ENDPOINT_TEXT_MAX]);
/* As an SMTP address literal (RFC 5321 4.1.3): "[192.0.2.1]", "[IPv6:2001:db8::1]". */
char *ip_format_literal(const struct ip *ip, char dst[static IP_TEXT_MAX + 8]);

bool ip_eq(const struct ip *a, const struct ip *b);
/* 0.0.0.0 or ::, "all addresses" to a server that listens. */
bool ip_is_unspecified(const struct ip *ip);
/* In 127.0.0.0/8, or ::1. */
bool ip_is_loopback(const struct ip *ip);
/* Total order: IPv4 before IPv6, then by value. For qsort and the tables. */
int ip_cmp(const struct ip *a, const struct ip *b);
bool prefix_contains(const struct prefix *prefix, const struct ip *ip);
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
/* Whether they share an address: then one covers the other. */
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
int prefix_cmp(const struct prefix *a, const struct prefix *b);
/* The network of that length around ip; len is cut to the family's maximum. */
struct prefix prefix_of(const struct ip *ip, unsigned len);
static inline unsigned ip_bits(const struct ip *ip) { return ip->family == 4 ? 32 : 128; }
/* The next address; false when it wrapped. */
bool ip_next(struct ip *ip);

struct ip ip_from_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
/* From and to the system's form. */
int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ep);
socklen_t endpoint_to_sockaddr(const struct endpoint *ep, struct sockaddr_storage *ss);

#endif
