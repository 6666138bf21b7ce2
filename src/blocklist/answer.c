/* SPDX-License-Identifier: ISC */
#include "blocklist/answer.h"

#include "dns/message.h"

#include <assert.h>

enum {
	INFRASTRUCTURE_TTL_S = 3600,     /* NS and their addresses */
	SOA_REFRESH_S = 300, SOA_RETRY_S = 60, SOA_EXPIRE_S = 7 * 86400,
	NAME_AT = DNS_HEADER_BYTES,      /* the question's name, in query and answer */
};

/* A query taken apart; offsets are into its bytes. */
struct request {
	const uint8_t *bytes;
	struct dns_header header;
	size_t question_end;             /* 0: there is none to echo */
	size_t name_bytes;
	uint16_t type, class;
	struct dns_edns edns;
};

/* An answer under way. */
struct reply {
	struct dns_writer w;
	const struct request *request;
	const struct blocklist_view *view;
	size_t zone_at;                  /* the zone's name inside the question's */
	unsigned rcode;
	bool authoritative, truncated;
	int ede;
	uint16_t answers, authorities, additionals;
};

/* ---- taking the query apart --------------------------------------------------------------- */

/* The name of a question cannot be compressed: nothing stands before it. */
static bool read_question(struct dns_reader *r, struct request *q)
{
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

static bool read_records(struct dns_reader *r, struct request *q)
{
	const struct dns_header *h = &q->header;
	unsigned before = (unsigned)h->answers + h->authorities;
	for (unsigned i = 0; i < before + h->additionals; i++) {
		struct dns_rr rr;
		if (dns_read_rr(r, &rr) != ERR_OK)
			return false;
		if (rr.type != DNS_TYPE_OPT)
			continue;
		if (i < before || q->edns.present || dns_rr_edns(r, &rr, &q->edns) != ERR_OK)
			return false;
	}
	return r->at == r->n;
}

/* An rcode, or negative for silence. */
static int take_apart(struct str query, struct request *q)
{
	struct dns_reader r = { (const uint8_t *)query.p, query.n, 0 };
	*q = (struct request){ .bytes = r.p };
	if (dns_read_header(&r, &q->header) != ERR_OK || q->header.flags & DNS_FLAG_QR)
		return -1;
	if (q->header.flags & DNS_FLAG_OPCODE)
		return DNS_RCODE_NOTIMP;
	if (q->header.questions != 1 || !read_question(&r, q))
		return DNS_RCODE_FORMERR;
	if (!read_records(&r, q)) {
		q->edns.present = false;
		return DNS_RCODE_FORMERR;
	}
	return q->edns.version > 0 ? DNS_RCODE_BADVERS : DNS_RCODE_NOERROR;
}

/* ---- writing records ------------------------------------------------------------------------ */

/* A name; what it shares with the zone becomes a pointer into the question. */
static void put_name(struct reply *a, const struct dns_name *name)
{
	const struct dns_name *origin = &a->view->zone->origin;
	if (!dns_name_within(name, origin)) {
		dns_put_name(&a->w, name);
		return;
	}
	dns_put_bytes(&a->w, name->b, name->n - (size_t)origin->n);
	dns_put_pointer(&a->w, a->zone_at);
}

/* Everything up to the data; returns where its length goes. */
static size_t begin_data(struct reply *a, unsigned type, uint32_t ttl_s)
{
	dns_put_u16(&a->w, type);
	dns_put_u16(&a->w, DNS_CLASS_IN);
	dns_put_u32(&a->w, ttl_s);
	dns_put_u16(&a->w, 0);
	return a->w.n - 2;
}

static void end_data(struct reply *a, size_t length_at)
{
	if (a->w.full)
		return;
	size_t n = a->w.n - length_at - 2;
	a->w.p[length_at] = (uint8_t)(n >> 8);
	a->w.p[length_at + 1] = (uint8_t)n;
}

/* The one place where the list's A records are written. */
static void put_code(struct reply *a, const struct ip *address)
{
	const struct blocklist_zone *zone = a->view->zone;
	bool by_word = blocklist_words_reason(a->view->words, address);
	const struct ip *code = by_word ? &zone->code_word : &zone->code;
	assert(blocklist_code_valid(code));
	dns_put_pointer(&a->w, NAME_AT);
	size_t at = begin_data(a, DNS_TYPE_A, zone->ttl_s);
	dns_put_bytes(&a->w, code->b, 4);
	end_data(a, at);
	a->answers++;
}

static void put_text(struct reply *a, const struct ip *address)
{
	char text[BLOCKLIST_TEXT_MAX];
	size_t n = blocklist_zone_text(a->view->zone, address,
	                               blocklist_words_reason(a->view->words, address), text);
	dns_put_pointer(&a->w, NAME_AT);
	size_t at = begin_data(a, DNS_TYPE_TXT, a->view->zone->ttl_s);
	dns_put_u8(&a->w, (unsigned)n);
	dns_put_bytes(&a->w, text, n);
	end_data(a, at);
	a->answers++;
}

static void put_hinfo(struct reply *a)
{
	static const char data[] = "\7RFC8482";       /* its NUL is the empty second string */
	dns_put_pointer(&a->w, NAME_AT);
	size_t at = begin_data(a, DNS_TYPE_HINFO, a->view->zone->ttl_s);
	dns_put_bytes(&a->w, data, sizeof(data));
	end_data(a, at);
	a->answers++;
}

static void put_soa(struct reply *a, uint32_t ttl_s)
{
	const struct blocklist_zone *zone = a->view->zone;
	dns_put_pointer(&a->w, a->zone_at);
	size_t at = begin_data(a, DNS_TYPE_SOA, ttl_s);
	put_name(a, &zone->nameservers[0]);
	put_name(a, &zone->hostmaster);
	dns_put_u32(&a->w, a->view->serial);
	dns_put_u32(&a->w, SOA_REFRESH_S);
	dns_put_u32(&a->w, SOA_RETRY_S);
	dns_put_u32(&a->w, SOA_EXPIRE_S);
	dns_put_u32(&a->w, zone->negative_ttl_s);
	end_data(a, at);
}

static void put_nameservers(struct reply *a)
{
	const struct blocklist_zone *zone = a->view->zone;
	for (size_t i = 0; i < zone->nameserver_count; i++) {
		dns_put_pointer(&a->w, a->zone_at);
		size_t at = begin_data(a, DNS_TYPE_NS, INFRASTRUCTURE_TTL_S);
		put_name(a, &zone->nameservers[i]);
		end_data(a, at);
		a->answers++;
	}
}

/* Addresses of one nameserver, of one type or (0) both; returns how many. */
static uint16_t put_glue(struct reply *a, const struct dns_name *name, unsigned type)
{
	const struct blocklist_zone *zone = a->view->zone;
	uint16_t written = 0;
	for (size_t i = 0; i < zone->glue_count; i++) {
		const struct ip *ip = &zone->glue[i];
		unsigned its_type = ip->family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA;
		if (type && type != its_type)
			continue;
		size_t start = a->w.n;
		put_name(a, name);
		size_t at = begin_data(a, its_type, INFRASTRUCTURE_TTL_S);
		dns_put_bytes(&a->w, ip->b, ip_bits(ip) / 8);
		end_data(a, at);
		if (a->w.full && !type) {
			/* Additional records may be left out. */
			a->w.full = false;
			a->w.n = start;
			break;
		}
		written++;
	}
	return written;
}

/* ---- what stands at a name ------------------------------------------------------------------ */

enum node { NODE_NONE, NODE_EMPTY, NODE_APEX, NODE_NAMESERVER, NODE_LISTED };

static enum node address_node(const struct blocklist_index *index, const struct prefix *p)
{
	if (p->len == ip_bits(&p->ip))
		return blocklist_index_has(index, &p->ip) ? NODE_LISTED : NODE_NONE;
	return blocklist_index_any(index, p) ? NODE_EMPTY : NODE_NONE;
}

static enum node nameserver_node(const struct blocklist_zone *zone, const struct dns_name *name)
{
	enum node node = NODE_NONE;
	for (size_t i = 0; i < zone->nameserver_count; i++) {
		if (dns_name_eq(&zone->nameservers[i], name))
			return NODE_NAMESERVER;
		if (dns_name_within(&zone->nameservers[i], name))
			node = NODE_EMPTY;
	}
	return node;
}

/* `count` labels stand before the zone's name. A short name of digits may lead to both
 * IPv4 and IPv6 addresses. */
static enum node find_node(const struct reply *a, unsigned count, const struct dns_name *name,
                           struct ip *address)
{
	const struct blocklist_view *view = a->view;
	struct prefix p;
	enum node v4 = NODE_NONE, v6 = NODE_NONE;
	if (count == 0)
		return NODE_APEX;
	if (blocklist_labels_v4(name->b, count, &p)) {
		v4 = address_node(view->index, &p);
		*address = p.ip;
	}
	if (v4 != NODE_LISTED && blocklist_labels_v6(name->b, count, &p)) {
		v6 = address_node(view->index, &p);
		*address = p.ip;
	}
	enum node best = v4 > v6 ? v4 : v6;
	enum node nameserver = nameserver_node(view->zone, name);
	return best > nameserver ? best : nameserver;
}

static void answer_apex(struct reply *a)
{
	const struct blocklist_zone *zone = a->view->zone;
	if (a->request->type == DNS_TYPE_SOA) {
		put_soa(a, zone->ttl_s);
		a->answers++;
	} else if (a->request->type == DNS_TYPE_NS) {
		put_nameservers(a);
	}
}

static void add_glue(struct reply *a)
{
	const struct blocklist_zone *zone = a->view->zone;
	for (size_t i = 0; i < zone->nameserver_count; i++)
		if (dns_name_within(&zone->nameservers[i], &zone->origin))
			a->additionals = (uint16_t)(a->additionals +
			                            put_glue(a, &zone->nameservers[i], 0));
}

static void answer_node(struct reply *a, enum node node, const struct dns_name *name,
                        const struct ip *address)
{
	const struct blocklist_zone *zone = a->view->zone;
	unsigned type = a->request->type;
	if (type == DNS_TYPE_ANY && node != NODE_NONE && node != NODE_EMPTY)
		put_hinfo(a);
	else if (node == NODE_APEX)
		answer_apex(a);
	else if (node == NODE_LISTED && type == DNS_TYPE_A)
		put_code(a, address);
	else if (node == NODE_LISTED && type == DNS_TYPE_TXT)
		put_text(a, address);
	else if (node == NODE_NAMESERVER && (type == DNS_TYPE_A || type == DNS_TYPE_AAAA))
		a->answers = put_glue(a, name, type);
	if (node == NODE_NONE)
		a->rcode = DNS_RCODE_NXDOMAIN;
	if (a->answers == 0) {
		/* RFC 2308 5: kept by others for the lesser of the two. */
		put_soa(a, zone->ttl_s < zone->negative_ttl_s ? zone->ttl_s :
		           zone->negative_ttl_s);
		a->authorities++;
	}
	a->truncated = a->w.full;
	if (node == NODE_APEX && type == DNS_TYPE_NS && !a->truncated)
		add_glue(a);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void refuse(struct reply *a, unsigned rcode, int ede)
{
	a->rcode = rcode;
	a->ede = ede;
}

/* Finds the view whose zone the name is in, and counts the labels before the zone. */
static bool find_zone(const struct blocklist_state *state, const struct dns_name *name,
                      struct reply *a, unsigned *count)
{
	for (size_t i = 0; i < state->view_count; i++) {
		const struct dns_name *origin = &state->views[i].zone->origin;
		if (!dns_name_within(name, origin))
			continue;
		a->view = &state->views[i];
		a->zone_at = NAME_AT + (size_t)name->n - origin->n;
		*count = dns_name_labels(name) - dns_name_labels(origin);
		return true;
	}
	return false;
}

static void answer_query(struct reply *a, const struct blocklist_state *state)
{
	const struct request *q = a->request;
	struct dns_name name;
	struct ip address = { 0 };
	unsigned count;
	name.n = (uint8_t)q->name_bytes;
	memcpy(name.b, q->bytes + NAME_AT, q->name_bytes);
	if (q->class != DNS_CLASS_IN || !find_zone(state, &name, a, &count)) {
		refuse(a, DNS_RCODE_REFUSED, DNS_EDE_NOT_AUTHORITATIVE);
	} else if (q->type == DNS_TYPE_AXFR || q->type == DNS_TYPE_IXFR) {
		refuse(a, DNS_RCODE_REFUSED, DNS_EDE_PROHIBITED);
	} else if (!a->view->index) {
		refuse(a, DNS_RCODE_SERVFAIL, DNS_EDE_NOT_READY);
	} else {
		enum node node = find_node(a, count, &name, &address);
		a->authoritative = true;
		answer_node(a, node, &name, &address);
	}
}

static size_t limit_of(const struct request *q, enum blocklist_transport transport)
{
	if (transport == BLOCKLIST_TCP)
		return BLOCKLIST_ANSWER_MAX;
	if (!q->edns.present || q->edns.payload_bytes < DNS_UDP_MAX)
		return DNS_UDP_MAX;
	return q->edns.payload_bytes < DNS_EDNS_PAYLOAD ? q->edns.payload_bytes : DNS_EDNS_PAYLOAD;
}

static void put_head(struct reply *a)
{
	const struct request *q = a->request;
	unsigned flags = DNS_FLAG_QR | (q->header.flags & (DNS_FLAG_OPCODE | DNS_FLAG_RD)) |
	                 (a->authoritative ? DNS_FLAG_AA : 0u) |
	                 (a->truncated ? DNS_FLAG_TC : 0u) | (a->rcode & DNS_FLAG_RCODE);
	struct dns_header h = {
		.id = q->header.id, .flags = (uint16_t)flags,
		.questions = q->question_end ? 1 : 0,
		.answers = a->answers, .authorities = a->authorities,
		.additionals = (uint16_t)(a->additionals + q->edns.present),
	};
	struct dns_writer head = { .p = a->w.p, .size = DNS_HEADER_BYTES };
	dns_put_header(&head, &h);
}

/* Errors are alike whatever was asked, and so is what is not there whatever its type. */
static bool within_rate(const struct reply *a, const struct blocklist_asker *asker)
{
	const struct request *q = a->request;
	struct blocklist_rrl_question question = { .rcode = (uint8_t)a->rcode };
	if (a->rcode == DNS_RCODE_NOERROR || a->rcode == DNS_RCODE_NXDOMAIN ||
	    a->rcode == DNS_RCODE_SERVFAIL) {
		question.name = q->bytes + NAME_AT;
		question.name_bytes = q->name_bytes;
		question.type = a->answers ? q->type : 0;
	}
	return blocklist_rrl_allows(asker->rrl, &asker->ip, &question, asker->now_ms);
}

/* `asker` is NULL where the rate does not matter. */
static size_t answer(const struct blocklist_state *state, struct str query,
                     enum blocklist_transport transport, const struct blocklist_asker *asker,
                     uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	enum { OPT_BYTES = 11 + 6 };     /* with an EDE: kept free behind the rest */
	struct request q;
	int rcode = take_apart(query, &q);
	if (rcode < 0)
		return 0;
	size_t limit = limit_of(&q, transport), body = q.question_end ? q.question_end : NAME_AT;
	size_t reserved = q.edns.present ? OPT_BYTES : 0;
	struct reply a = { .w = { .p = dst, .size = limit - reserved, .n = NAME_AT },
	                   .request = &q, .rcode = (unsigned)rcode, .ede = DNS_EDE_NONE };
	dns_put_bytes(&a.w, q.bytes + NAME_AT, body - NAME_AT);
	assert(!a.w.full);
	if (rcode == DNS_RCODE_NOERROR)
		answer_query(&a, state);
	if (asker && !within_rate(&a, asker)) {
		a.truncated = true;
		a.ede = DNS_EDE_NONE;
	}
	if (a.truncated) {
		a.w.full = false;
		a.w.n = body;
		a.answers = a.authorities = a.additionals = 0;
	}
	a.w.size = limit;
	if (q.edns.present)
		dns_put_edns(&a.w, a.rcode, q.edns.dnssec_ok, a.ede);
	assert(!a.w.full);
	put_head(&a);
	return a.w.n;
}

size_t blocklist_answer(const struct blocklist_state *state, struct str query,
                        enum blocklist_transport transport,
                        uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	return answer(state, query, transport, NULL, dst);
}

size_t blocklist_answer_to(const struct blocklist_state *state, struct str query,
                           const struct blocklist_asker *asker,
                           uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	return answer(state, query, BLOCKLIST_UDP, asker, dst);
}
