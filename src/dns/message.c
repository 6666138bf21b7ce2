/* SPDX-License-Identifier: ISC
 *
 * DNS messages: each step of reading checked, writing that stops at its limit.
 */
#include "dns/message.h"

#include <assert.h>

enum { OPTION_EDE = 15, EDNS_DO = 0x8000 };

static unsigned u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p) << 16 | u16(p + 2);
}

int dns_read_header(struct dns_reader *r, struct dns_header *h)
{
	assert(r->at <= r->n);
	if (r->n - r->at < DNS_HEADER_BYTES)
		return ERR_INVALID;
	const uint8_t *p = r->p + r->at;
	*h = (struct dns_header){
		.id = (uint16_t)u16(p), .flags = (uint16_t)u16(p + 2),
		.questions = (uint16_t)u16(p + 4), .answers = (uint16_t)u16(p + 6),
		.authorities = (uint16_t)u16(p + 8), .additionals = (uint16_t)u16(p + 10),
	};
	r->at += DNS_HEADER_BYTES;
	return ERR_OK;
}

int dns_read_question(struct dns_reader *r, struct dns_question *q)
{
	size_t at = r->at;
	if (dns_name_read(r->p, r->n, &at, &q->name) != ERR_OK || r->n - at < 4)
		return ERR_INVALID;
	q->type = (uint16_t)u16(r->p + at);
	q->class = (uint16_t)u16(r->p + at + 2);
	r->at = at + 4;
	assert(r->at <= r->n);
	return ERR_OK;
}

int dns_read_rr(struct dns_reader *r, struct dns_rr *rr)
{
	size_t at = r->at;
	if (dns_name_read(r->p, r->n, &at, NULL) != ERR_OK || r->n - at < 10)
		return ERR_INVALID;
	const uint8_t *p = r->p + at;
	uint32_t ttl_s = u32(p + 4);
	*rr = (struct dns_rr){
		.owner_at = r->at, .type = (uint16_t)u16(p), .class = (uint16_t)u16(p + 2),
		.ttl_s = ttl_s >> 31 ? 0 : ttl_s,
		.rdata_at = at + 10, .rdata_bytes = (uint16_t)u16(p + 8),
	};
	if (r->n - rr->rdata_at < rr->rdata_bytes)
		return ERR_INVALID;
	r->at = rr->rdata_at + rr->rdata_bytes;
	assert(r->at <= r->n && rr->owner_at < rr->rdata_at);
	return ERR_OK;
}

int dns_rr_owner(const struct dns_reader *r, const struct dns_rr *rr, struct dns_name *name)
{
	size_t at = rr->owner_at;
	assert(at < r->n);
	return dns_name_read(r->p, r->n, &at, name);
}

int dns_rr_address(const struct dns_reader *r, const struct dns_rr *rr, struct ip *ip)
{
	bool v4 = rr->type == DNS_TYPE_A;
	assert(v4 || rr->type == DNS_TYPE_AAAA);
	if (rr->rdata_bytes != (v4 ? 4 : 16))
		return ERR_INVALID;
	/* Not turned into IPv4 where mapped: the record's own form is what was asked. */
	*ip = (struct ip){ .family = v4 ? 4 : 6 };
	memcpy(ip->b, r->p + rr->rdata_at, rr->rdata_bytes);
	return ERR_OK;
}

/* A name that must end where the record's data ends. */
static int rdata_name(const struct dns_reader *r, const struct dns_rr *rr, size_t skip,
                      struct dns_name *name)
{
	size_t end = rr->rdata_at + rr->rdata_bytes, at = rr->rdata_at + skip;
	assert(end <= r->n);
	if (rr->rdata_bytes < skip || dns_name_read(r->p, end, &at, name) != ERR_OK)
		return ERR_INVALID;
	return at == end ? ERR_OK : ERR_INVALID;
}

int dns_rr_name(const struct dns_reader *r, const struct dns_rr *rr, struct dns_name *name)
{
	return rdata_name(r, rr, 0, name);
}

int dns_rr_mx(const struct dns_reader *r, const struct dns_rr *rr, uint16_t *preference,
              struct dns_name *host)
{
	if (rdata_name(r, rr, 2, host) != ERR_OK)
		return ERR_INVALID;
	*preference = (uint16_t)u16(r->p + rr->rdata_at);
	return ERR_OK;
}

int dns_rr_text(const struct dns_reader *r, const struct dns_rr *rr, char *dst, size_t *n)
{
	const uint8_t *p = r->p + rr->rdata_at, *end = p + rr->rdata_bytes;
	size_t length = 0;
	if (p == end)
		return ERR_INVALID;      /* RFC 1035 3.3.14: one or more strings */
	while (p < end) {
		size_t part = *p++;
		if ((size_t)(end - p) < part)
			return ERR_INVALID;
		memcpy(dst + length, p, part);
		length += part;
		p += part;
	}
	assert(length < rr->rdata_bytes);
	*n = length;
	return ERR_OK;
}

bool dns_is_cut_opt(const struct dns_reader *r, size_t at)
{
	enum { FIXED = 11 };             /* owner, type, class, TTL, length of the data */
	if (at > r->n || r->n - at < FIXED || r->p[at] != 0)
		return false;
	return u16(r->p + at + 1) == DNS_TYPE_OPT &&
	       r->n - at - FIXED < u16(r->p + at + FIXED - 2);
}

int dns_rr_edns(const struct dns_reader *r, const struct dns_rr *rr, struct dns_edns *e)
{
	const uint8_t *p = r->p + rr->rdata_at, *end = p + rr->rdata_bytes;
	if (rr->type != DNS_TYPE_OPT || r->p[rr->owner_at] != 0)
		return ERR_INVALID;
	/* The TTL's place holds other things here, its top bit too: read it again. */
	uint32_t fields = u32(p - 6);
	*e = (struct dns_edns){
		.present = true, .dnssec_ok = fields & EDNS_DO,
		.rcode_high = (uint8_t)(fields >> 24), .version = (uint8_t)(fields >> 16),
		.payload_bytes = rr->class, .ede = DNS_EDE_NONE,
	};
	while (p < end) {
		if (end - p < 4 || (size_t)(end - p) - 4 < u16(p + 2))
			return ERR_INVALID;
		size_t length = u16(p + 2);
		if (u16(p) == OPTION_EDE && length >= 2 && e->ede == DNS_EDE_NONE) {
			e->ede = (int)u16(p + 4);
			e->ede_text = (struct str){ (const char *)p + 6, length - 2 };
		}
		p += 4 + length;
	}
	assert(p == end && e->ede >= DNS_EDE_NONE);
	return ERR_OK;
}

void dns_put_bytes(struct dns_writer *w, const void *bytes, size_t n)
{
	if (w->full || w->size - w->n < n) {
		w->full = true;
		return;
	}
	memcpy(w->p + w->n, bytes, n);
	w->n += n;
}

void dns_put_u8(struct dns_writer *w, unsigned value)
{
	dns_put_bytes(w, &(uint8_t){ (uint8_t)value }, 1);
}

void dns_put_u16(struct dns_writer *w, unsigned value)
{
	dns_put_bytes(w, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

void dns_put_u32(struct dns_writer *w, uint32_t value)
{
	dns_put_bytes(w, (uint8_t[]){ (uint8_t)(value >> 24), (uint8_t)(value >> 16),
	                              (uint8_t)(value >> 8), (uint8_t)value }, 4);
}

void dns_put_name(struct dns_writer *w, const struct dns_name *name)
{
	assert(name->n >= 1 && name->b[name->n - 1] == 0);
	dns_put_bytes(w, name->b, name->n);
}

void dns_put_pointer(struct dns_writer *w, size_t at)
{
	assert(at < 0x4000);
	dns_put_u16(w, 0xc000u | (unsigned)at);
}

void dns_put_header(struct dns_writer *w, const struct dns_header *h)
{
	dns_put_u16(w, h->id);
	dns_put_u16(w, h->flags);
	dns_put_u16(w, h->questions);
	dns_put_u16(w, h->answers);
	dns_put_u16(w, h->authorities);
	dns_put_u16(w, h->additionals);
	assert(w->full || w->n >= DNS_HEADER_BYTES);
}

void dns_put_question(struct dns_writer *w, const struct dns_question *q)
{
	dns_put_name(w, &q->name);
	dns_put_u16(w, q->type);
	dns_put_u16(w, q->class);
}

void dns_put_edns(struct dns_writer *w, unsigned rcode, bool dnssec_ok, int ede)
{
	assert(rcode < 0x1000 && ede >= DNS_EDE_NONE && ede <= UINT16_MAX);
	dns_put_u8(w, 0);
	dns_put_u16(w, DNS_TYPE_OPT);
	dns_put_u16(w, DNS_EDNS_PAYLOAD);
	dns_put_u8(w, rcode >> 4);
	dns_put_u8(w, 0);                /* version */
	dns_put_u16(w, dnssec_ok ? EDNS_DO : 0);
	dns_put_u16(w, ede == DNS_EDE_NONE ? 0 : 6);
	if (ede != DNS_EDE_NONE) {
		dns_put_u16(w, OPTION_EDE);
		dns_put_u16(w, 2);
		dns_put_u16(w, (unsigned)ede);
	}
}

void dns_put_query(struct dns_writer *w, uint16_t id, const struct dns_question *q)
{
	struct dns_header h = { .id = id, .flags = DNS_FLAG_RD, .questions = 1,
	                        .additionals = 1 };
	dns_put_header(w, &h);
	dns_put_question(w, q);
	dns_put_edns(w, 0, false, DNS_EDE_NONE);
}
