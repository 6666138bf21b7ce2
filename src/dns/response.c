/* SPDX-License-Identifier: ISC
 *
 * Answers of name servers, read for the one question that was asked.
 */
#include "dns/response.h"

#include <assert.h>

enum { RECORDS_MAX = 256, CNAMES_MAX = 16 };

struct collector {
	struct arena *a;
	struct dns_result *result;
	struct ip *ips;
	struct dns_mx *mx;
	const char **names;
	struct str *texts;
};

static const char *keep_name(struct arena *a, const struct dns_name *name)
{
	char text[DNS_NAME_TEXT_MAX];
	return arena_strdup(a, str_of(dns_name_format(name, text)));
}

static void note_ttl(struct dns_result *result, uint32_t ttl_s)
{
	if (result->status != DNS_FOUND || ttl_s < result->ttl_s)
		result->ttl_s = ttl_s;
	result->status = DNS_FOUND;
}

static void collect(struct collector *c, const struct dns_reader *r, const struct dns_rr *rr)
{
	struct dns_result *result = c->result;
	struct dns_name name;
	struct dns_mx mx;
	int e;
	switch (rr->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		e = result->ip_count == DNS_RESULTS_MAX ? ERR_LIMIT :
		    dns_rr_address(r, rr, &c->ips[result->ip_count]);
		result->ip_count += e == ERR_OK;
		break;
	case DNS_TYPE_MX:
		e = result->mx_count == DNS_RESULTS_MAX ? ERR_LIMIT :
		    dns_rr_mx(r, rr, &mx.preference, &name);
		if (e == ERR_OK) {
			mx.host = keep_name(c->a, &name);
			c->mx[result->mx_count++] = mx;
		}
		break;
	case DNS_TYPE_PTR:
		e = result->name_count == DNS_RESULTS_MAX ? ERR_LIMIT : dns_rr_name(r, rr, &name);
		if (e == ERR_OK)
			c->names[result->name_count++] = keep_name(c->a, &name);
		break;
	default:
		assert(rr->type == DNS_TYPE_TXT);
		if (result->text_count == DNS_RESULTS_MAX)
			return;
		char *text = arena_alloc(c->a, rr->rdata_bytes + 1u);
		struct str *slot = &c->texts[result->text_count];
		e = dns_rr_text(r, rr, text, &slot->n);
		slot->p = text;
		result->text_count += e == ERR_OK;
	}
	if (e == ERR_OK)
		note_ttl(result, rr->ttl_s);
}

static bool is_at(const struct dns_reader *r, const struct dns_rr *rr,
                  const struct dns_name *owner)
{
	struct dns_name name;
	return dns_rr_owner(r, rr, &name) == ERR_OK && dns_name_eq(&name, owner);
}

/* The name that an alias chain of the records leads to from `owner`, in *owner. False: there is no
 * such chain. */
static bool follow_aliases(const struct dns_reader *r, const struct dns_rr *rows, size_t n,
                           struct dns_name *owner)
{
	for (unsigned hops = 0; hops < CNAMES_MAX; hops++) {
		size_t i = 0;
		while (i < n && !(rows[i].type == DNS_TYPE_CNAME && is_at(r, &rows[i], owner)))
			i++;
		if (i == n || dns_rr_name(r, &rows[i], owner) != ERR_OK)
			return hops > 0;
	}
	return true;
}

/* By preference; the order received is kept among equals. */
static void sort_mx(struct dns_mx *mx, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct dns_mx moving = mx[i];
		size_t j = i;
		for (; j > 0 && mx[j - 1].preference > moving.preference; j--)
			mx[j] = mx[j - 1];
		mx[j] = moving;
		assert(j == 0 || mx[j - 1].preference <= mx[j].preference);
	}
}

static void read_answers(const struct dns_reader *r, const struct dns_rr *rows, size_t n,
                         const struct dns_question *asked, struct collector *c)
{
	struct dns_name owner = asked->name;
	c->result->alias = follow_aliases(r, rows, n, &owner);
	size_t max = n < DNS_RESULTS_MAX ? n : DNS_RESULTS_MAX;
	c->ips = arena_alloc(c->a, max * sizeof(*c->ips));
	c->mx = arena_alloc(c->a, max * sizeof(*c->mx));
	c->names = arena_alloc(c->a, max * sizeof(*c->names));
	c->texts = arena_alloc(c->a, max * sizeof(*c->texts));
	for (size_t i = 0; i < n; i++)
		if (rows[i].type == asked->type && rows[i].class == asked->class &&
		    is_at(r, &rows[i], &owner))
			collect(c, r, &rows[i]);
	sort_mx(c->mx, c->result->mx_count);
	assert(c->result->ip_count <= max && c->result->mx_count <= max &&
	       c->result->name_count <= max && c->result->text_count <= max);
	c->result->ips = c->ips;
	c->result->mx = c->mx;
	c->result->names = c->names;
	c->result->texts = c->texts;
}

static enum dns_status status_of(unsigned rcode)
{
	switch (rcode) {
	case DNS_RCODE_NOERROR: return DNS_NODATA;
	case DNS_RCODE_NXDOMAIN: return DNS_NXDOMAIN;
	case DNS_RCODE_SERVFAIL: return DNS_SERVFAIL;
	case DNS_RCODE_REFUSED: return DNS_REFUSED;
	default: return DNS_MALFORMED;
	}
}

/* Some servers answer an error with the header alone. */
static bool question_matches(struct dns_reader *r, const struct dns_header *h,
                             const struct dns_question *asked)
{
	struct dns_question q;
	if (h->questions == 0)
		return (h->flags & DNS_FLAG_RCODE) != DNS_RCODE_NOERROR &&
		       (h->flags & DNS_FLAG_RCODE) != DNS_RCODE_NXDOMAIN;
	return h->questions == 1 && dns_read_question(r, &q) == ERR_OK &&
	       q.type == asked->type && q.class == asked->class &&
	       dns_name_eq(&q.name, &asked->name);
}

/* Walks all sections; keeps the answers (at most RECORDS_MAX) and the EDNS record. */
static bool walk(struct dns_reader *r, const struct dns_header *h, struct dns_rr *rows,
                 size_t *n, struct dns_edns *edns)
{
	struct dns_rr rr;
	unsigned before = h->answers, all = before + h->authorities + h->additionals;
	*n = 0;
	for (unsigned i = 0; i < all; i++) {
		if (dns_read_rr(r, &rr) != ERR_OK)
			return false;
		if (i < before && *n < RECORDS_MAX)
			rows[(*n)++] = rr;
		if (i >= before + h->authorities && rr.type == DNS_TYPE_OPT && !edns->present &&
		    dns_rr_edns(r, &rr, edns) != ERR_OK)
			return false;
	}
	return true;
}

void dns_response_read(const uint8_t *message, size_t n, const struct dns_question *asked,
                       struct arena *a, struct dns_result *result)
{
	struct dns_reader r = { message, n, 0 };
	struct dns_header h;
	struct dns_edns edns = { .ede = DNS_EDE_NONE };
	struct dns_rr rows[RECORDS_MAX];
	size_t row_count;
	*result = (struct dns_result){ .status = DNS_MALFORMED, .ede = DNS_EDE_NONE };
	if (dns_read_header(&r, &h) != ERR_OK || !(h.flags & DNS_FLAG_QR) ||
	    h.flags & (DNS_FLAG_OPCODE | DNS_FLAG_TC) || !question_matches(&r, &h, asked) ||
	    !walk(&r, &h, rows, &row_count, &edns))
		return;
	result->ede = edns.ede;
	if (edns.ede != DNS_EDE_NONE)
		result->ede_text = arena_str(a, edns.ede_text);
	result->status = status_of((h.flags & DNS_FLAG_RCODE) | (unsigned)edns.rcode_high << 4);
	assert(result->status != DNS_FOUND);
	if (result->status == DNS_NODATA) {
		struct collector c = { .a = a, .result = result };
		read_answers(&r, rows, row_count, asked, &c);
	}
}

/* Behind two names and four numbers; its own time to live if that is less. */
static uint32_t soa_minimum_s(const struct dns_reader *r, const struct dns_rr *rr)
{
	enum { MINIMUM_BYTES = 4, SOA_BYTES_MIN = 2 + 5 * 4 };
	if (rr->rdata_bytes < SOA_BYTES_MIN)
		return 0;
	size_t end = rr->rdata_at + rr->rdata_bytes;
	assert(end <= r->n);
	const uint8_t *p = r->p + end - MINIMUM_BYTES;
	uint32_t minimum_s = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
	                     p[3];
	return minimum_s < rr->ttl_s ? minimum_s : rr->ttl_s;
}

uint32_t dns_response_ttl_s(const uint8_t *message, size_t n, bool negative)
{
	struct dns_reader r = { message, n, 0 };
	struct dns_header h;
	struct dns_question q;
	struct dns_rr rr;
	uint32_t least_s = UINT32_MAX;
	bool has_soa = false;
	if (dns_read_header(&r, &h) != ERR_OK || h.questions != 1 ||
	    dns_read_question(&r, &q) != ERR_OK || (!negative && h.answers == 0))
		return 0;
	for (unsigned i = 0; i < (unsigned)h.answers + h.authorities; i++) {
		uint32_t ttl_s = UINT32_MAX;
		if (dns_read_rr(&r, &rr) != ERR_OK)
			return 0;
		bool soa = i >= h.answers && rr.type == DNS_TYPE_SOA;
		if (i < h.answers)
			ttl_s = rr.ttl_s;
		else if (negative && soa)
			ttl_s = soa_minimum_s(&r, &rr);
		has_soa = has_soa || soa;
		least_s = ttl_s < least_s ? ttl_s : least_s;
	}
	assert(r.at <= n);
	return negative && !has_soa ? 0 : least_s;
}
