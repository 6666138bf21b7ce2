/* SPDX-License-Identifier: ISC
 *
 * Asking recursive name servers, on the loop (over c-ares). The relay tester looks up
 * hosts, addresses and mail exchangers here; room lookup asks blocklists. It never blocks. Each
 * question leaves from a source port of its own.
 *
 * Hostile input that reaches it: names from banners and arguments (checked by
 * dns_name_parse()), and any bytes of whoever answers (read by dns/message.h, at most
 * DNS_RESULTS_MAX records of them). Texts in answers are the network's: escape them.
 */
#ifndef PORTREEVE_DNS_RESOLVER_H
#define PORTREEVE_DNS_RESOLVER_H

#include "base/ip.h"
#include "base/loop.h"
#include "base/str.h"

enum dns_status {
	DNS_FOUND,              /* at least one record of what was asked */
	DNS_NODATA,             /* the name exists, without records of that type */
	DNS_NXDOMAIN,           /* no such name */
	DNS_SERVFAIL,           /* the server could not find out */
	DNS_REFUSED,            /* the server does not want to */
	DNS_TIMEOUT,            /* no answer, or none in time */
	DNS_MALFORMED,          /* an answer that breaks the protocol, or another error code */
	DNS_BAD_NAME,           /* what was asked is not a domain name; nothing was sent */
};
const char *dns_status_name(enum dns_status s);     /* "nxdomain"; never NULL */
/* The question got its answer, be it "none": no reason to ask again soon. */
static inline bool dns_status_final(enum dns_status s)
{
	return s == DNS_FOUND || s == DNS_NODATA || s == DNS_NXDOMAIN || s == DNS_BAD_NAME;
}

enum { DNS_RESULTS_MAX = 64 };

struct dns_mx {
	uint16_t preference;
	const char *host;               /* as in names; "." is the null MX of RFC 7505 */
};

/* Owned by the resolver, valid during the callback. Only the array of the type that was
 * asked is filled. Records beyond DNS_RESULTS_MAX are dropped. */
struct dns_result {
	enum dns_status status;
	struct str name;                /* the name that was asked, as text */
	uint32_t ttl_s;                 /* the least of the records, less the age of what was
	                                   kept; 0 unless DNS_FOUND */
	uint32_t keep_s;                /* how long that may be remembered, be it "none": as the
	                                   records say, or the SOA record (RFC 2308 5) */
	const struct ip *ips;           /* A, AAAA */
	size_t ip_count;
	const struct dns_mx *mx;        /* sorted by preference, then as received */
	size_t mx_count;
	const char *const *names;       /* PTR: "mail.example.org", odd bytes as \DDD */
	size_t name_count;
	const struct str *texts;        /* TXT: its strings joined; raw bytes */
	size_t text_count;
	bool alias;                     /* the records are another name's (CNAME) */
	int ede;                        /* Extended DNS Error code (RFC 8914), -1 for none */
	struct str ede_text;            /* its text; raw bytes */
};

struct dns_resolver;
struct dns_query;
typedef void dns_result_cb(void *arg, const struct dns_result *result);

/* Each try waits timeout_ms, doubled from try to try, and each server gets `tries`; the
 * whole query ends with DNS_TIMEOUT after total_ms at the latest. */
struct dns_resolver_options {
	int timeout_ms, tries, total_ms;
	/* Answers are kept as long as they say, "none" as long as its SOA record says (RFC 2308 5),
	 * within these limits; failures never. 0 entries: nothing is, as for tests of a host, which
	 * must see its names as they are now. 0 seconds: no limit below, and above a day, or three
	 * hours for "none". */
	size_t cache_entries;
	uint32_t cache_min_s, cache_max_s, cache_negative_max_s;
};

/* Servers are asked in turn; n = 0 takes the system's (/etc/resolv.conf, read here once).
 * options NULL: 2000 ms, 3 tries, 10000 ms, no cache. The loop must outlive the resolver. ERR_IO
 * if it cannot be set up. */
int dns_resolver_create(struct loop *loop, const struct endpoint *servers, size_t n,
                        const struct dns_resolver_options *options, struct dns_resolver **r);
/* Ends all queries without calling back. NULL is fine. */
void dns_resolver_destroy(struct dns_resolver *r);
/* Queries that have not called back. */
size_t dns_resolver_pending(const struct dns_resolver *r);

/* Each calls back exactly once, from the loop and never from within itself, unless it is
 * cancelled. The callback may start and cancel queries and destroy the resolver. The query
 * is gone once it has called back. Names are texts with or without a trailing dot, always
 * taken as absolute; CNAMEs are followed. Never NULL. */
struct dns_query *dns_resolve_a(struct dns_resolver *r, struct str name,
                                dns_result_cb *cb, void *arg);
struct dns_query *dns_resolve_aaaa(struct dns_resolver *r, struct str name,
                                   dns_result_cb *cb, void *arg);
/* A and AAAA at the same time: the IPv4 addresses, then the IPv6 ones. DNS_FOUND if either
 * was; else the worse status of the two, so that a failure is not taken for "none". */
struct dns_query *dns_resolve_ips(struct dns_resolver *r, struct str name,
                                  dns_result_cb *cb, void *arg);
struct dns_query *dns_resolve_mx(struct dns_resolver *r, struct str name,
                                 dns_result_cb *cb, void *arg);
struct dns_query *dns_resolve_txt(struct dns_resolver *r, struct str name,
                                  dns_result_cb *cb, void *arg);
/* The names of an address, by in-addr.arpa or ip6.arpa. */
struct dns_query *dns_resolve_ptr(struct dns_resolver *r, const struct ip *address,
                                  dns_result_cb *cb, void *arg);
/* It will not call back; for queries that have not. NULL is fine. */
void dns_query_cancel(struct dns_query *q);

#endif
