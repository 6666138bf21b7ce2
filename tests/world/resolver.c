/* SPDX-License-Identifier: ISC
 *
 * dns/resolver.h over the names of the world (names.h). Answers come late, at times later than
 * anybody waits, or fail.
 */
#include "dns/resolver.h"

#include "base/arena.h"
#include "base/mem.h"
#include "faults.h"
#include "names.h"

#include <stdlib.h>

enum { USUAL_MOST_MS = 60, LATE_MOST_MS = 20 * 1000, TOTAL_MS = 10 * 1000 };

struct dns_query {
	struct dns_query *next, *prev;
	struct event event;
	struct dns_resolver *resolver;
	struct arena arena;
	struct dns_result result;
	dns_result_cb *cb;
	void *arg;
};

struct dns_resolver {
	int64_t total_ms;
	struct dns_query *queries;
	size_t pending;
	struct dns_resolver *next;
	struct process *owner;
};

static struct dns_resolver *resolvers;

int dns_resolver_create(struct loop *loop, const struct endpoint *servers, size_t n,
                        const struct dns_resolver_options *options, struct dns_resolver **r)
{
	(void)loop, (void)servers, (void)n;
	*r = mem_zalloc(sizeof(**r));
	(*r)->total_ms = options ? options->total_ms : TOTAL_MS;
	(*r)->owner = process_now();
	(*r)->next = resolvers;
	resolvers = *r;
	return ERR_OK;
}

void dns_resolver_destroy(struct dns_resolver *r)
{
	if (!r)
		return;
	while (r->queries)
		dns_query_cancel(r->queries);
	for (struct dns_resolver **p = &resolvers; *p; p = &(*p)->next)
		if (*p == r) {
			*p = r->next;
			break;
		}
	free(r);
}

size_t dns_resolver_pending(const struct dns_resolver *r)
{
	return r->pending;
}

static void query_remove(struct dns_query *q)
{
	event_disarm(&q->event);
	if (q->prev)
		q->prev->next = q->next;
	else
		q->resolver->queries = q->next;
	if (q->next)
		q->next->prev = q->prev;
	q->resolver->pending--;
}

static void query_free(struct dns_query *q)
{
	arena_fini(&q->arena);
	free(q);
}

static void answer(void *arg)
{
	struct dns_query *q = arg;
	query_remove(q);
	trace("dns %.*s: %s", STR_ARG(q->result.name), dns_status_name(q->result.status));
	seam("dns");
	q->cb(q->arg, &q->result);
	query_free(q);
}

/* As the name servers have it, unless they are not to be had. */
static int64_t draw_answer(struct dns_query *q, enum names_type type)
{
	int64_t delay_ms = names_delay_ms(q->result.name) + chance_between(1, USUAL_MOST_MS);
	if (chance_of(faults.dns_late))
		delay_ms = chance_between(USUAL_MOST_MS, LATE_MOST_MS);
	if (delay_ms >= q->resolver->total_ms) {
		q->result.status = DNS_TIMEOUT;
		return q->resolver->total_ms;
	}
	if (chance_of(faults.dns_fails))
		q->result.status = DNS_SERVFAIL;
	else
		names_answer(type, &q->arena, &q->result);
	return delay_ms;
}

static struct dns_query *ask(struct dns_resolver *r, struct str name, enum names_type type,
                             dns_result_cb *cb, void *arg)
{
	struct dns_query *q = mem_zalloc(sizeof(*q));
	*q = (struct dns_query){ .resolver = r, .cb = cb, .arg = arg, .next = r->queries };
	q->result = (struct dns_result){ .name = arena_str(&q->arena, name), .ede = -1 };
	if (r->queries)
		r->queries->prev = q;
	r->queries = q;
	r->pending++;
	event_init(&q->event, r->owner, answer, q);
	event_arm(&q->event, draw_answer(q, type));
	return q;
}

struct dns_query *dns_resolve_a(struct dns_resolver *r, struct str name,
                                dns_result_cb *cb, void *arg)
{
	return ask(r, name, NAMES_IPS, cb, arg);
}

struct dns_query *dns_resolve_aaaa(struct dns_resolver *r, struct str name,
                                   dns_result_cb *cb, void *arg)
{
	return ask(r, name, NAMES_NONE, cb, arg);
}

struct dns_query *dns_resolve_ips(struct dns_resolver *r, struct str name,
                                  dns_result_cb *cb, void *arg)
{
	return ask(r, name, NAMES_IPS, cb, arg);
}

struct dns_query *dns_resolve_mx(struct dns_resolver *r, struct str name,
                                 dns_result_cb *cb, void *arg)
{
	return ask(r, name, NAMES_MX, cb, arg);
}

struct dns_query *dns_resolve_txt(struct dns_resolver *r, struct str name,
                                  dns_result_cb *cb, void *arg)
{
	return ask(r, name, NAMES_NONE, cb, arg);
}

struct dns_query *dns_resolve_ptr(struct dns_resolver *r, const struct ip *address,
                                  dns_result_cb *cb, void *arg)
{
	char text[IP_TEXT_MAX];
	return ask(r, str_of(ip_format(address, text)), NAMES_PTR, cb, arg);
}

void dns_query_cancel(struct dns_query *q)
{
	if (!q)
		return;
	query_remove(q);
	query_free(q);
}

unsigned resolver_pending(void)
{
	size_t n = 0;
	for (const struct dns_resolver *r = resolvers; r; r = r->next)
		n += r->pending;
	return (unsigned)n;
}

void resolver_drop(const struct process *p)
{
	for (struct dns_resolver **r = &resolvers; *r;) {
		if ((*r)->owner == p)
			*r = (*r)->next;         /* its events are dropped with the process */
		else
			r = &(*r)->next;
	}
}
