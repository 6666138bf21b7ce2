/* SPDX-License-Identifier: ISC
 *
 * Queries taken apart: header, the one question, the records behind it.
 */
#include "blocklist/query.h"

#include <assert.h>

/* The name of a question cannot be compressed: nothing stands before it. */
static bool read_question(struct dns_reader *r, struct blocklist_query *q)
{
	assert(r->at == BLOCKLIST_NAME_AT);
	size_t at = r->at;
	while (true) {
		if (at >= r->n || r->p[at] > DNS_LABEL_MAX)
			return false;
		uint8_t label = r->p[at];
		at += label + 1u;
		if (at - r->at > DNS_NAME_MAX)
			return false;
		if (label == 0)
			break;
	}
	if (at > r->n || r->n - at < 4)
		return false;
	q->name_bytes = at - r->at;
	q->type = (uint16_t)(r->p[at] << 8 | r->p[at + 1]);
	q->class = (uint16_t)(r->p[at + 2] << 8 | r->p[at + 3]);
	r->at = q->question_end = at + 4;
	return true;
}

/* Whatever is wrong with it, it is there (RFC 6891 7). */
static int read_opt(const struct dns_reader *r, const struct dns_rr *rr, struct dns_edns *edns)
{
	int e = dns_rr_edns(r, rr, edns);
	assert(e != ERR_OK || edns->present);
	edns->present = true;
	return e;
}

static bool read_records(struct dns_reader *r, struct blocklist_query *q)
{
	const struct dns_header *h = &q->header;
	unsigned before = (unsigned)h->answers + h->authorities;
	for (unsigned i = 0; i < before + h->additionals; i++) {
		struct dns_rr rr;
		size_t at = r->at;
		if (dns_read_rr(r, &rr) != ERR_OK) {
			/* The error answers an OPT all the same (RFC 6891 7). */
			q->edns.present |= i >= before && dns_is_cut_opt(r, at);
			return false;
		}
		if (rr.type != DNS_TYPE_OPT)
			continue;
		if (i < before || q->edns.present)
			return false;
		/* Of another version's OPT we know no more than that (RFC 6891 6.1.3). */
		if (read_opt(r, &rr, &q->edns) != ERR_OK && q->edns.version == 0)
			return false;
	}
	assert(r->at <= r->n);
	return r->at == r->n;
}

/* Of a message that is not answered: whether it has an OPT, as then the error has one, too
 * (RFC 6891 6.1.1). */
static void find_edns(struct dns_reader *r, struct blocklist_query *q)
{
	struct dns_question question;
	for (unsigned i = 0; i < q->header.questions; i++)
		if (dns_read_question(r, &question) != ERR_OK)
			return;
	read_records(r, q);
	assert(q->question_end == 0);
}

int blocklist_query_read(struct str message, struct blocklist_query *q)
{
	struct dns_reader r = { (const uint8_t *)message.p, message.n, 0 };
	*q = (struct blocklist_query){ .bytes = r.p };
	if (dns_read_header(&r, &q->header) != ERR_OK || q->header.flags & DNS_FLAG_QR)
		return -1;
	bool is_query = !(q->header.flags & DNS_FLAG_OPCODE);
	if (!is_query || q->header.questions != 1) {
		find_edns(&r, q);
		return is_query ? DNS_RCODE_FORMERR : DNS_RCODE_NOTIMP;
	}
	if (!read_question(&r, q))
		return DNS_RCODE_FORMERR;
	assert(q->name_bytes >= 1 && q->question_end == BLOCKLIST_NAME_AT + q->name_bytes + 4);
	/* FORMERR with an OPT: EDNS is known here, it is this one that is bad (RFC 6891 7). */
	if (!read_records(&r, q))
		return DNS_RCODE_FORMERR;
	return q->edns.version > 0 ? DNS_RCODE_BADVERS : DNS_RCODE_NOERROR;
}

void blocklist_query_name(const struct blocklist_query *q, struct dns_name *name)
{
	assert(q->name_bytes >= 1 && q->name_bytes <= DNS_NAME_MAX);
	name->n = (uint8_t)q->name_bytes;
	memcpy(name->b, q->bytes + BLOCKLIST_NAME_AT, q->name_bytes);
}
