/* SPDX-License-Identifier: ISC
 *
 * Answers, record by record: finds the zone, then the node in it, writes what stands there, and the
 * head last of all.
 */
#include "blocklist/answer.h"

#include <assert.h>

enum {
	INFRASTRUCTURE_TTL_S = 3600,     /* NS and their addresses */
	SOA_REFRESH_S = 300, SOA_RETRY_S = 60, SOA_EXPIRE_S = 7 * 86400,
	NAME_AT = BLOCKLIST_NAME_AT,
	OPT_BYTES = 11 + 6,              /* with an EDE: kept free behind the rest */
};

/* A message under way. */
struct reply {
	struct dns_writer w;
	const struct blocklist_query *query;
	const struct blocklist_zone *zone;
	const struct blocklist_edition *edition;
	size_t zone_at;                  /* the zone's name inside the question's */
	unsigned rcode;
	bool authoritative, truncated;
	bool listed;                     /* it says that an address is */
	int ede;
	uint16_t answers, authorities, additionals;
};

/* ---- writing records ------------------------------------------------------------------------ */

/* A name; what it shares with the zone becomes a pointer into the question. */
static void put_name(struct reply *a, const struct dns_name *name)
{
	const struct dns_name *origin = &a->zone->origin;
	if (!dns_name_within(name, origin)) {
		dns_put_name(&a->w, name);
		return;
	}
	assert(a->zone_at >= NAME_AT && a->zone_at < a->query->question_end);
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
	assert(length_at + 2 <= a->w.n && n <= UINT16_MAX);
	a->w.p[length_at] = (uint8_t)(n >> 8);
	a->w.p[length_at + 1] = (uint8_t)n;
}

/* A listed address, and by which entry of the list it is. */
struct listed {
	struct ip address;
	struct prefix entry;
};

/* What is known of a listing; of outputs nothing is. */
static bool note_of(const struct reply *a, const struct listed *l, struct blocklist_note *note)
{
	return a->zone->list == BLOCKLIST_INPUTS &&
	       blocklist_words_find(a->edition->words, &l->entry, note);
}

/* No range was ever proved. */
static bool is_by_word(const struct reply *a, const struct listed *l)
{
	struct blocklist_note note;
	if (a->zone->list == BLOCKLIST_INPUTS && l->entry.len < ip_bits(&l->entry.ip))
		return true;
	return note_of(a, l, &note) && note.by_word;
}

/* The one place where the list's A records are written. */
static void put_code(struct reply *a, const struct listed *l)
{
	const struct blocklist_zone *zone = a->zone;
	const struct ip *code = is_by_word(a, l) ? &zone->code_word : &zone->code;
	assert(blocklist_code_valid(code));
	dns_put_pointer(&a->w, NAME_AT);
	size_t at = begin_data(a, DNS_TYPE_A, zone->ttl_s);
	dns_put_bytes(&a->w, code->b, 4);
	end_data(a, at);
	a->listed = true;
	a->answers++;
}

static void put_text(struct reply *a, const struct listed *l)
{
	char text[BLOCKLIST_TEXT_MAX];
	struct blocklist_note note;
	bool noted = note_of(a, l, &note);
	size_t n = blocklist_zone_text(a->zone, &l->address, &l->entry, noted ? &note : NULL, text);
	assert(n >= 1 && n <= BLOCKLIST_TEXT_MAX);
	dns_put_pointer(&a->w, NAME_AT);
	size_t at = begin_data(a, DNS_TYPE_TXT, a->zone->ttl_s);
	dns_put_u8(&a->w, (unsigned)n);
	dns_put_bytes(&a->w, text, n);
	end_data(a, at);
	a->listed = true;
	a->answers++;
}

static void put_hinfo(struct reply *a)
{
	static const char data[] = "\7RFC8482";       /* its NUL is the empty second string */
	dns_put_pointer(&a->w, NAME_AT);
	size_t at = begin_data(a, DNS_TYPE_HINFO, a->zone->ttl_s);
	dns_put_bytes(&a->w, data, sizeof(data));
	end_data(a, at);
	a->answers++;
}

static void put_soa(struct reply *a, uint32_t ttl_s)
{
	const struct blocklist_zone *zone = a->zone;
	dns_put_pointer(&a->w, a->zone_at);
	size_t at = begin_data(a, DNS_TYPE_SOA, ttl_s);
	put_name(a, &zone->nameservers[0]);
	put_name(a, &zone->hostmaster);
	dns_put_u32(&a->w, a->edition->serial);
	dns_put_u32(&a->w, SOA_REFRESH_S);
	dns_put_u32(&a->w, SOA_RETRY_S);
	dns_put_u32(&a->w, SOA_EXPIRE_S);
	dns_put_u32(&a->w, zone->negative_ttl_s);
	assert(zone->nameserver_count >= 1);
	end_data(a, at);
}

static void put_nameservers(struct reply *a)
{
	const struct blocklist_zone *zone = a->zone;
	for (size_t i = 0; i < zone->nameserver_count; i++) {
		dns_put_pointer(&a->w, a->zone_at);
		size_t at = begin_data(a, DNS_TYPE_NS, INFRASTRUCTURE_TTL_S);
		put_name(a, &zone->nameservers[i]);
		end_data(a, at);
		a->answers++;
	}
	assert(a->answers == zone->nameserver_count);
}

/* Addresses of one nameserver, of one type or (0) both; returns how many. */
static uint16_t put_glue(struct reply *a, const struct dns_name *name, unsigned type)
{
	const struct blocklist_zone *zone = a->zone;
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
	assert(written <= zone->glue_count);
	return written;
}

/* ---- what stands at a name ------------------------------------------------------------------ */

enum node { NODE_NONE, NODE_EMPTY, NODE_APEX, NODE_NAMESERVER, NODE_LISTED };

static enum node address_node(const struct blocklist_index *index, const struct prefix *p,
                              struct listed *l)
{
	assert(p->len <= ip_bits(&p->ip));
	l->address = p->ip;
	if (p->len == ip_bits(&p->ip))
		return blocklist_index_find(index, &p->ip, &l->entry) ? NODE_LISTED : NODE_NONE;
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
                           struct listed *l)
{
	const struct blocklist_index *index = a->edition->lists[a->zone->list];
	struct prefix p;
	enum node v4 = NODE_NONE, v6 = NODE_NONE;
	if (count == 0)
		return NODE_APEX;
	if (blocklist_labels_v4(name->b, count, &p))
		v4 = address_node(index, &p, l);
	if (v4 != NODE_LISTED && blocklist_labels_v6(name->b, count, &p))
		v6 = address_node(index, &p, l);
	enum node best = v4 > v6 ? v4 : v6;
	enum node nameserver = nameserver_node(a->zone, name);
	assert(best != NODE_APEX && best != NODE_NAMESERVER);
	return best > nameserver ? best : nameserver;
}

static void answer_apex(struct reply *a)
{
	const struct blocklist_zone *zone = a->zone;
	if (a->query->type == DNS_TYPE_SOA) {
		put_soa(a, zone->ttl_s);
		a->answers++;
	} else if (a->query->type == DNS_TYPE_NS) {
		put_nameservers(a);
	}
}

static void add_glue(struct reply *a)
{
	const struct blocklist_zone *zone = a->zone;
	for (size_t i = 0; i < zone->nameserver_count; i++)
		if (dns_name_within(&zone->nameservers[i], &zone->origin))
			a->additionals = (uint16_t)(a->additionals +
			                            put_glue(a, &zone->nameservers[i], 0));
}

static void answer_node(struct reply *a, enum node node, const struct dns_name *name,
                        const struct listed *l)
{
	const struct blocklist_zone *zone = a->zone;
	unsigned type = a->query->type;
	if (type == DNS_TYPE_ANY && node != NODE_NONE && node != NODE_EMPTY)
		put_hinfo(a);
	else if (node == NODE_APEX)
		answer_apex(a);
	else if (node == NODE_LISTED && type == DNS_TYPE_A)
		put_code(a, l);
	else if (node == NODE_LISTED && type == DNS_TYPE_TXT)
		put_text(a, l);
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

/* The zone that the name is in; *count of its labels stand before the zone's. */
static bool find_zone(const struct blocklist_state *state, struct reply *a, unsigned *count)
{
	const struct blocklist_query *q = a->query;
	a->edition = state->edition;
	a->zone = blocklist_zones_find(state->zones, q->bytes + NAME_AT, q->name_bytes, count);
	if (!a->zone)
		return false;
	assert(a->zone->origin.n <= q->name_bytes);
	a->zone_at = NAME_AT + q->name_bytes - a->zone->origin.n;
	return true;
}

static void answer_query(struct reply *a, const struct blocklist_state *state)
{
	const struct blocklist_query *q = a->query;
	unsigned count;
	assert(a->rcode == DNS_RCODE_NOERROR && q->question_end > NAME_AT);
	if (q->class != DNS_CLASS_IN || !find_zone(state, a, &count)) {
		refuse(a, DNS_RCODE_REFUSED, DNS_EDE_NOT_AUTHORITATIVE);
	} else if (q->type == DNS_TYPE_AXFR || q->type == DNS_TYPE_IXFR) {
		refuse(a, DNS_RCODE_REFUSED, DNS_EDE_PROHIBITED);
	} else if (!a->edition || !a->edition->lists[a->zone->list]) {
		refuse(a, DNS_RCODE_SERVFAIL, DNS_EDE_NOT_READY);
	} else {
		struct dns_name name;
		struct listed l = { 0 };
		blocklist_query_name(q, &name);
		enum node node = find_node(a, count, &name, &l);
		a->authoritative = true;
		answer_node(a, node, &name, &l);
	}
}

static size_t limit_of(const struct blocklist_query *q, enum blocklist_transport transport)
{
	if (transport == BLOCKLIST_TCP)
		return BLOCKLIST_ANSWER_MAX;
	if (!q->edns.present || q->edns.payload_bytes < DNS_UDP_MAX)
		return DNS_UDP_MAX;
	return q->edns.payload_bytes < DNS_EDNS_PAYLOAD ? q->edns.payload_bytes : DNS_EDNS_PAYLOAD;
}

static void put_head(struct reply *a)
{
	const struct blocklist_query *q = a->query;
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
	assert(head.n == DNS_HEADER_BYTES && !head.full);
}

/* Errors are alike whatever was asked, and so is what is not there whatever its type. */
static bool within_rate(const struct reply *a, const struct blocklist_asker *asker)
{
	const struct blocklist_query *q = a->query;
	struct blocklist_rrl_question question = { .rcode = (uint8_t)a->rcode };
	if (a->rcode == DNS_RCODE_NOERROR || a->rcode == DNS_RCODE_NXDOMAIN ||
	    a->rcode == DNS_RCODE_SERVFAIL) {
		question.name = q->bytes + NAME_AT;
		question.name_bytes = q->name_bytes;
		question.type = a->answers ? q->type : 0;
	}
	return blocklist_rrl_allows(asker->rrl, &asker->ip, &question, asker->now_ms);
}

static enum blocklist_outcome outcome_of(const struct reply *a, bool limited)
{
	if (limited)
		return BLOCKLIST_LIMITED;
	switch (a->rcode) {
	case DNS_RCODE_NOERROR: return a->listed ? BLOCKLIST_LISTED : BLOCKLIST_NOERROR;
	case DNS_RCODE_NXDOMAIN: return BLOCKLIST_NXDOMAIN;
	case DNS_RCODE_REFUSED: return BLOCKLIST_REFUSED;
	case DNS_RCODE_SERVFAIL: return BLOCKLIST_SERVFAIL;
	case DNS_RCODE_FORMERR: return BLOCKLIST_FORMERR;
	default: return BLOCKLIST_NOTIMP;
	}
}

/* The question alone is left. */
static void cut_to_question(struct reply *a, size_t body)
{
	assert(a->truncated && body >= NAME_AT && body <= a->w.size);
	a->w.full = false;
	a->w.n = body;
	a->answers = a->authorities = a->additionals = 0;
}

void blocklist_answers_begin(struct blocklist_answers *a, const struct blocklist_state *state,
                             struct str query, enum blocklist_transport transport,
                             const struct blocklist_asker *asker)
{
	assert(!asker || transport == BLOCKLIST_UDP);
	*a = (struct blocklist_answers){ .state = state, .asker = asker, .transport = transport };
	a->rcode = blocklist_query_read(query, &a->query);
}

size_t blocklist_answers_next(struct blocklist_answers *a,
                              uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	const struct blocklist_query *q = &a->query;
	if (a->rcode < 0 || a->made > 0)
		return 0;
	a->made++;
	size_t limit = limit_of(q, a->transport);
	size_t body = q->question_end ? q->question_end : NAME_AT;
	size_t reserved = q->edns.present ? OPT_BYTES : 0;
	struct reply r = { .w = { .p = dst, .size = limit - reserved, .n = NAME_AT },
	                   .query = q, .rcode = (unsigned)a->rcode, .ede = DNS_EDE_NONE };
	dns_put_bytes(&r.w, q->bytes + NAME_AT, body - NAME_AT);
	assert(!r.w.full);
	if (r.rcode == DNS_RCODE_NOERROR)
		answer_query(&r, a->state);
	bool limited = a->asker && !within_rate(&r, a->asker);
	if (limited) {
		r.truncated = true;
		r.ede = DNS_EDE_NONE;
	}
	a->outcome = outcome_of(&r, limited);
	if (r.truncated)
		cut_to_question(&r, body);
	r.w.size = limit;
	if (q->edns.present)
		dns_put_edns(&r.w, r.rcode, q->edns.dnssec_ok, r.ede);
	assert(!r.w.full && r.w.n <= limit);
	put_head(&r);
	return r.w.n;
}

size_t blocklist_answer(const struct blocklist_state *state, struct str query,
                        enum blocklist_transport transport, const struct blocklist_asker *asker,
                        uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	struct blocklist_answers a;
	blocklist_answers_begin(&a, state, query, transport, asker);
	return blocklist_answers_next(&a, dst);
}
