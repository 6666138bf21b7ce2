/* SPDX-License-Identifier: ISC
 *
 * Questions from their asking to their callback: the cache, then a channel for each message, or the
 * line of those that wait for one.
 */
#include "dns/resolver.h"

#include "base/arena.h"
#include "base/mem.h"
#include "dns/cache.h"
#include "dns/channels-private.h"
#include "dns/response.h"

#include <ares.h>
#include <assert.h>
#include <stdlib.h>

/* How long answers are kept at most, where nothing else is said. */
enum { KEEP_MAX_S = 86400, KEEP_NEGATIVE_MAX_S = 3 * 3600 };

struct dns_resolver {
	struct loop *loop;
	struct channels *channels;
	struct dns_cache *cache;         /* NULL: none */
	int total_ms;
	struct loop_timer *deliver;      /* armed while `done` is not empty */
	struct dns_query *waiting;       /* not called back; a list, the newest first */
	struct dns_query *done, **done_end;
	size_t pending;
	size_t queued;                   /* parts that have no channel yet */
	bool *destroyed;                 /* set when that happens inside a callback */
};

enum part_state { PART_QUEUED, PART_ASKED, PART_ANSWERED };

/* One message to a server; dns_resolve_ips() sends two. */
struct part {
	struct dns_query *query;
	enum part_state state;
	struct channel *channel;         /* PART_ASKED */
	struct dns_question asked;
	struct dns_result result;
};

struct dns_query {
	struct dns_resolver *resolver;
	struct dns_query *next, **link;  /* in `waiting` or `done` */
	dns_result_cb *cb;
	void *arg;
	struct arena arena;
	struct loop_timer *deadline;
	struct dns_result result;
	struct part parts[2];
	unsigned part_count;
};

/* ---- the life of a query ---------------------------------------------------------------- */

static void unlink_query(struct dns_query *q)
{
	assert(q->link && *q->link == q);
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	else if (q->resolver->done_end == &q->next)
		q->resolver->done_end = q->link;
	q->link = NULL;
}

/* Nobody waits for its parts any more. */
static void drop_parts(struct dns_query *q)
{
	for (unsigned i = 0; i < q->part_count; i++) {
		struct part *p = &q->parts[i];
		if (p->state == PART_ASKED)
			channels_drop(p->channel);
		else if (p->state == PART_QUEUED)
			q->resolver->queued--;
		p->state = PART_ANSWERED;
	}
	assert(q->resolver->queued <= 2 * q->resolver->pending);
}

static void query_free(struct dns_query *q)
{
	assert(!q->link);
	loop_timer_destroy(q->deadline);
	arena_fini(&q->arena);
	free(q);
}

/* The answer stands; the callback comes from the loop. */
static void finish(struct dns_query *q)
{
	struct dns_resolver *r = q->resolver;
	unlink_query(q);
	drop_parts(q);
	q->next = NULL;
	q->link = r->done_end;
	*r->done_end = q;
	r->done_end = &q->next;
	loop_timer_disarm(q->deadline);
	loop_timer_arm(r->deliver, 0);
}

static void deliver(void *arg)
{
	struct dns_resolver *r = arg;
	bool destroyed = false;
	r->destroyed = &destroyed;
	while (r->done) {
		struct dns_query *q = r->done;
		unlink_query(q);
		assert(r->pending > 0);
		r->pending--;
		q->cb(q->arg, &q->result);
		query_free(q);
		if (destroyed)
			return;
	}
	r->destroyed = NULL;
}

/* The worse of two answers that both found nothing: the one that leaves it open. */
static const struct dns_result *worse(const struct dns_result *a, const struct dns_result *b)
{
	if (dns_status_final(a->status) != dns_status_final(b->status))
		return dns_status_final(a->status) ? b : a;
	return a->status >= b->status ? a : b;
}

static void merge_ips(struct dns_query *q)
{
	const struct dns_result *a = &q->parts[0].result, *b = &q->parts[1].result;
	struct str name = q->result.name;
	if (a->status != DNS_FOUND && b->status != DNS_FOUND) {
		/* NXDOMAIN holds for the name, whatever the type. */
		q->result = *worse(a, b);
	} else if (a->status != DNS_FOUND || b->status != DNS_FOUND) {
		q->result = a->status == DNS_FOUND ? *a : *b;
	} else {
		size_t room = DNS_RESULTS_MAX - a->ip_count;
		size_t more = b->ip_count < room ? b->ip_count : room, n = a->ip_count + more;
		struct ip *ips = arena_alloc(&q->arena, n * sizeof(*ips));
		memcpy(ips, a->ips, a->ip_count * sizeof(*ips));
		memcpy(ips + a->ip_count, b->ips, more * sizeof(*ips));
		q->result = *a;
		q->result.ips = ips;
		q->result.ip_count = n;
		q->result.ttl_s = a->ttl_s < b->ttl_s ? a->ttl_s : b->ttl_s;
		q->result.keep_s = a->keep_s < b->keep_s ? a->keep_s : b->keep_s;
	}
	q->result.name = name;
	assert(q->result.ip_count <= DNS_RESULTS_MAX);
}

static enum dns_status status_of_ares(int status)
{
	switch (status) {
	case ARES_ETIMEOUT: return DNS_TIMEOUT;
	case ARES_ECONNREFUSED: return DNS_TIMEOUT;
	case ARES_EREFUSED: return DNS_REFUSED;
	case ARES_EBADRESP: return DNS_MALFORMED;
	default: return DNS_SERVFAIL;
	}
}

static void take_message(struct part *p, struct str bytes)
{
	dns_response_read((const uint8_t *)bytes.p, bytes.n, &p->asked, &p->query->arena,
	                  &p->result);
	p->state = PART_ANSWERED;
	const enum dns_status s = p->result.status;
	if (s == DNS_FOUND || s == DNS_NODATA || s == DNS_NXDOMAIN)
		p->result.keep_s = dns_response_ttl_s((const uint8_t *)bytes.p, bytes.n,
		                                      s != DNS_FOUND);
}

static void keep_message(struct dns_resolver *r, const struct part *p, struct str bytes)
{
	enum dns_status s = p->result.status;
	assert(p->state == PART_ANSWERED);
	if (!r->cache || (s != DNS_FOUND && s != DNS_NODATA && s != DNS_NXDOMAIN))
		return;
	dns_cache_put(r->cache, &p->asked, bytes, p->result.keep_s, s != DNS_FOUND,
	              loop_now_ms(r->loop));
}

static void ask_queued(struct dns_resolver *r);

/* All its parts have their results. */
static void conclude(struct dns_query *q)
{
	for (unsigned i = 0; i < q->part_count; i++)
		if (q->parts[i].state != PART_ANSWERED)
			return;
	if (q->part_count == 2) {
		merge_ips(q);
	} else {
		struct str name = q->result.name;
		q->result = q->parts[0].result;
		q->result.name = name;
	}
	finish(q);
}

static void answered(void *arg, int status, struct str bytes)
{
	struct part *p = arg;
	struct dns_query *q = p->query;
	struct dns_resolver *r = q->resolver;
	assert(p->state == PART_ASKED);
	p->state = PART_ANSWERED;
	if (status == ARES_SUCCESS && bytes.n > 0) {
		take_message(p, bytes);
		keep_message(r, p, bytes);
	} else {
		p->result = (struct dns_result){ .status = status_of_ares(status),
		                                 .ede = DNS_EDE_NONE };
	}
	conclude(q);
	ask_queued(r);
}

static void deadline_passed(void *arg)
{
	struct dns_query *q = arg;
	struct dns_resolver *r = q->resolver;
	struct str name = q->result.name;
	q->result = (struct dns_result){ .status = DNS_TIMEOUT, .ede = DNS_EDE_NONE,
	                                 .name = name };
	finish(q);
	ask_queued(r);
}

static bool answer_from_cache(struct part *p)
{
	const struct dns_resolver *r = p->query->resolver;
	struct str bytes;
	uint32_t age_s;
	if (!r->cache ||
	    !dns_cache_get(r->cache, &p->asked, loop_now_ms(r->loop), &bytes, &age_s))
		return false;
	take_message(p, bytes);
	/* Both sides: nothing else was kept. */
	assert(dns_status_final(p->result.status));
	p->result.ttl_s = p->result.ttl_s > age_s ? p->result.ttl_s - age_s : 0;
	p->result.keep_s = p->result.keep_s > age_s ? p->result.keep_s - age_s : 0;
	return true;
}

/* Asks what can be asked; the rest stays in line. */
static void ask_parts(struct dns_query *q)
{
	struct dns_resolver *r = q->resolver;
	for (unsigned i = 0; i < q->part_count; i++) {
		struct part *p = &q->parts[i];
		if (p->state != PART_QUEUED || !channels_free(r->channels))
			continue;
		p->channel = channels_ask(r->channels, &p->asked, answered, p);
		if (!p->channel)
			continue;
		p->state = PART_ASKED;
		assert(r->queued > 0);
		r->queued--;
	}
}

/* The oldest first: at the end of the list. */
static void ask_queued(struct dns_resolver *r)
{
	while (r->queued > 0 && channels_free(r->channels)) {
		struct dns_query *oldest = NULL;
		size_t before = r->queued;
		for (struct dns_query *q = r->waiting; q; q = q->next)
			for (unsigned i = 0; i < q->part_count; i++)
				if (q->parts[i].state == PART_QUEUED)
					oldest = q;
		assert(oldest && oldest->part_count > 0);
		ask_parts(oldest);
		if (r->queued == before)
			return;
	}
}

/* ---- the resolver ------------------------------------------------------------------------- */

static struct dns_cache *make_cache(const struct dns_resolver_options *o)
{
	struct hash_key key;
	if (o->cache_entries == 0)
		return NULL;
	struct dns_cache_limits limits = {
		.entries = o->cache_entries, .min_s = o->cache_min_s,
		.max_s = o->cache_max_s ? o->cache_max_s : KEEP_MAX_S,
		.negative_max_s = o->cache_negative_max_s ? o->cache_negative_max_s
		                                          : KEEP_NEGATIVE_MAX_S,
	};
	assert(limits.min_s <= limits.max_s);
	hash_key_init(&key);
	return dns_cache_create(&limits, &key);
}

int dns_resolver_create(struct loop *loop, const struct endpoint *servers, size_t n,
                        const struct dns_resolver_options *options, struct dns_resolver **out)
{
	static const struct dns_resolver_options defaults = { 2000, 3, 10000 };
	struct dns_resolver *r = mem_zalloc(sizeof(*r));
	if (!options)
		options = &defaults;
	*r = (struct dns_resolver){ .loop = loop, .total_ms = options->total_ms };
	r->done_end = &r->done;
	int e = channels_create(loop, servers, n, options, &r->channels);
	if (e != ERR_OK) {
		free(r);
		return e;
	}
	r->deliver = loop_timer_create(loop, deliver, r);
	r->cache = make_cache(options);
	*out = r;
	return ERR_OK;
}

static void forget(struct dns_query *q)
{
	unlink_query(q);
	drop_parts(q);
	assert(q->resolver->pending > 0);
	q->resolver->pending--;
	query_free(q);
}

void dns_resolver_destroy(struct dns_resolver *r)
{
	if (!r)
		return;
	if (r->destroyed)
		*r->destroyed = true;
	while (r->waiting)
		forget(r->waiting);
	while (r->done)
		forget(r->done);
	assert(r->pending == 0 && r->queued == 0);
	channels_destroy(r->channels);
	dns_cache_destroy(r->cache);
	loop_timer_destroy(r->deliver);
	free(r);
}

size_t dns_resolver_pending(const struct dns_resolver *r)
{
	return r->pending;
}

/* ---- asking -------------------------------------------------------------------------------- */

static struct dns_query *query_create(struct dns_resolver *r, struct str name,
                                      dns_result_cb *cb, void *arg)
{
	struct dns_query *q = mem_zalloc(sizeof(*q));
	*q = (struct dns_query){ .resolver = r, .cb = cb, .arg = arg };
	q->result.name = arena_str(&q->arena, name);
	q->deadline = loop_timer_create(r->loop, deadline_passed, q);
	loop_timer_arm(q->deadline, r->total_ms);
	q->next = r->waiting;
	q->link = &r->waiting;
	if (q->next)
		q->next->link = &q->next;
	r->waiting = q;
	r->pending++;
	assert(*q->link == q);
	return q;
}

static struct dns_query *ask(struct dns_resolver *r, struct str text, unsigned type,
                             dns_result_cb *cb, void *arg)
{
	struct dns_query *q = query_create(r, text, cb, arg);
	struct dns_name name;
	if (dns_name_parse(text, &name, NULL) != ERR_OK) {
		q->result.status = DNS_BAD_NAME;
		q->result.ede = DNS_EDE_NONE;
		finish(q);
		return q;
	}
	/* ANY stands for both kinds of address here; it is never sent. */
	bool both = type == DNS_TYPE_ANY;
	q->part_count = both ? 2 : 1;
	for (unsigned i = 0; i < q->part_count; i++) {
		struct part *p = &q->parts[i];
		*p = (struct part){
			.query = q,
			.asked = { .name = name, .class = DNS_CLASS_IN,
			           .type = (uint16_t)(!both ? type :
			                              i == 0 ? DNS_TYPE_A : DNS_TYPE_AAAA) },
		};
		r->queued += !answer_from_cache(p);
	}
	ask_parts(q);
	conclude(q);
	return q;
}

struct dns_query *dns_resolve_a(struct dns_resolver *r, struct str name,
                                dns_result_cb *cb, void *arg)
{
	return ask(r, name, DNS_TYPE_A, cb, arg);
}

struct dns_query *dns_resolve_aaaa(struct dns_resolver *r, struct str name,
                                   dns_result_cb *cb, void *arg)
{
	return ask(r, name, DNS_TYPE_AAAA, cb, arg);
}

struct dns_query *dns_resolve_ips(struct dns_resolver *r, struct str name,
                                  dns_result_cb *cb, void *arg)
{
	return ask(r, name, DNS_TYPE_ANY, cb, arg);
}

struct dns_query *dns_resolve_mx(struct dns_resolver *r, struct str name,
                                 dns_result_cb *cb, void *arg)
{
	return ask(r, name, DNS_TYPE_MX, cb, arg);
}

struct dns_query *dns_resolve_txt(struct dns_resolver *r, struct str name,
                                  dns_result_cb *cb, void *arg)
{
	return ask(r, name, DNS_TYPE_TXT, cb, arg);
}

struct dns_query *dns_resolve_ptr(struct dns_resolver *r, const struct ip *address,
                                  dns_result_cb *cb, void *arg)
{
	struct dns_name suffix, name;
	char text[DNS_NAME_TEXT_MAX];
	struct str arpa = address->family == 4 ? STR("in-addr.arpa") : STR("ip6.arpa");
	int e = dns_name_parse(arpa, &suffix, NULL);
	if (e == ERR_OK)
		e = dns_name_reverse(address, &suffix, &name);
	assert(e == ERR_OK);
	return ask(r, str_of(dns_name_format(&name, text)), DNS_TYPE_PTR, cb, arg);
}

void dns_query_cancel(struct dns_query *q)
{
	if (!q)
		return;
	struct dns_resolver *r = q->resolver;
	forget(q);
	ask_queued(r);
}
