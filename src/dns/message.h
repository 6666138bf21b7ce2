/* SPDX-License-Identifier: ISC
 *
 * DNS messages on the wire (RFC 1035 4, RFC 2181, RFC 6891 EDNS(0), RFC 8914 errors): a
 * reader that walks one with every step checked, and a writer that stops at its limit.
 * Records of any type can be walked; those unknown are opaque (RFC 3597). Pure; no
 * allocation; both sides of the house use it: the resolver and the answer builder.
 *
 * Hostile input that reaches it: whole messages of any peer.
 */
#ifndef PORTREEVE_DNS_MESSAGE_H
#define PORTREEVE_DNS_MESSAGE_H

#include "dns/name.h"

enum {
	DNS_HEADER_BYTES = 12,
	DNS_UDP_MAX = 512,              /* without EDNS */
	DNS_EDNS_PAYLOAD = 1232,        /* what passes everywhere unfragmented */
	DNS_TCP_MAX = 65535,
};

enum dns_type {
	DNS_TYPE_A = 1, DNS_TYPE_NS = 2, DNS_TYPE_CNAME = 5, DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12, DNS_TYPE_HINFO = 13, DNS_TYPE_MX = 15, DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28, DNS_TYPE_OPT = 41, DNS_TYPE_IXFR = 251, DNS_TYPE_AXFR = 252,
	DNS_TYPE_ANY = 255,
};
enum { DNS_CLASS_IN = 1 };

enum dns_rcode {
	DNS_RCODE_NOERROR = 0, DNS_RCODE_FORMERR = 1, DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3, DNS_RCODE_NOTIMP = 4, DNS_RCODE_REFUSED = 5,
	DNS_RCODE_BADVERS = 16,         /* its upper part goes into the OPT record */
};

/* Bits of the header's flags. */
enum {
	DNS_FLAG_QR = 0x8000, DNS_FLAG_OPCODE = 0x7800, DNS_FLAG_AA = 0x0400,
	DNS_FLAG_TC = 0x0200, DNS_FLAG_RD = 0x0100, DNS_FLAG_RA = 0x0080,
	DNS_FLAG_RCODE = 0x000f,
};

enum dns_ede {
	DNS_EDE_NONE = -1,
	DNS_EDE_NOT_READY = 14, DNS_EDE_PROHIBITED = 18, DNS_EDE_NOT_AUTHORITATIVE = 20,
};

struct dns_header {
	uint16_t id, flags;
	uint16_t questions, answers, authorities, additionals;
};

struct dns_question {
	struct dns_name name;
	uint16_t type, class;
};

/* A record; offsets are into the message. */
struct dns_rr {
	size_t owner_at;
	uint16_t type, class;
	uint32_t ttl_s;                 /* RFC 2181 8: 0 if the top bit is set */
	size_t rdata_at;
	uint16_t rdata_bytes;
};

struct dns_edns {
	bool present, dnssec_ok;
	uint8_t version, rcode_high;
	uint16_t payload_bytes;         /* as sent; may be below 512 */
	int ede;                        /* the first one's code, or DNS_EDE_NONE */
	struct str ede_text;            /* points into the message */
};

/* ---- reading: each returns ERR_OK or ERR_INVALID and then leaves *r as it was -------- */
struct dns_reader {
	const uint8_t *p;
	size_t n, at;
};

int dns_read_header(struct dns_reader *r, struct dns_header *h);
int dns_read_question(struct dns_reader *r, struct dns_question *q);
int dns_read_rr(struct dns_reader *r, struct dns_rr *rr);

/* What a record holds; ERR_INVALID if its data is not of the right form. */
int dns_rr_owner(const struct dns_reader *r, const struct dns_rr *rr, struct dns_name *name);
int dns_rr_address(const struct dns_reader *r, const struct dns_rr *rr, struct ip *ip);
/* CNAME, NS, PTR. */
int dns_rr_name(const struct dns_reader *r, const struct dns_rr *rr, struct dns_name *name);
int dns_rr_mx(const struct dns_reader *r, const struct dns_rr *rr, uint16_t *preference,
              struct dns_name *host);
/* All its strings joined into dst; *n bytes of them (at most rdata_bytes - 1). */
int dns_rr_text(const struct dns_reader *r, const struct dns_rr *rr, char *dst, size_t *n);
/* Whether what stands where dns_read_rr() has failed is an OPT record that runs past the end of the
 * message: its data does, the rest of it is there. */
bool dns_is_cut_opt(const struct dns_reader *r, size_t at);
/* An OPT record: owner the root, options well-formed. */
int dns_rr_edns(const struct dns_reader *r, const struct dns_rr *rr, struct dns_edns *e);

/* ---- writing -------------------------------------------------------------------------- */
/* Writes nothing more once something did not fit: `full` says so at the end. */
struct dns_writer {
	uint8_t *p;
	size_t size, n;
	bool full;
};

void dns_put_u8(struct dns_writer *w, unsigned value);
void dns_put_u16(struct dns_writer *w, unsigned value);
void dns_put_u32(struct dns_writer *w, uint32_t value);
void dns_put_bytes(struct dns_writer *w, const void *bytes, size_t n);
void dns_put_name(struct dns_writer *w, const struct dns_name *name);
/* A compression pointer to a name earlier in the message. */
void dns_put_pointer(struct dns_writer *w, size_t at);
void dns_put_header(struct dns_writer *w, const struct dns_header *h);
void dns_put_question(struct dns_writer *w, const struct dns_question *q);
/* An OPT record with our payload size; rcode is the whole one, of which the upper part
 * goes here; an EDE unless DNS_EDE_NONE. */
void dns_put_edns(struct dns_writer *w, unsigned rcode, bool dnssec_ok, int ede);
/* A recursive query for one question, with EDNS. */
void dns_put_query(struct dns_writer *w, uint16_t id, const struct dns_question *q);

#endif
