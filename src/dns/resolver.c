/* SPDX-License-Identifier: ISC */
#include "dns/resolver.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/random.h"
#include "dns/message.h"
#include "dns/response.h"

#include <ares.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { QUERY_BYTES = DNS_HEADER_BYTES + DNS_NAME_MAX + 4 + 11 };

struct socket {
	struct socket *next;
	ares_socket_t fd;
	struct dns_resolver *resolver;
	struct loop_watch *watch;
};

struct dns_resolver {
	struct loop *loop;
	ares_channel channel;
	int total_ms;
	struct loop_timer *retry;        /* c-ares's own timeouts */
	struct loop_timer *deliver;      /* armed while `done` is not empty */
	struct socket *sockets;
	struct dns_query *waiting;       /* not called back; a list */
	struct dns_query *done, **done_end;
	size_t pending;
	bool *destroyed;                 /* set when that happens inside a callback */
};

/* One message to a server; dns_resolve_ips() sends two. */
struct part {
	struct dns_query *query;
	struct dns_question asked;
	struct dns_result result;
	bool sent, answered;             /* c-ares knows it; it has called back */
};

enum state { WAITING, DONE, ABANDONED };

/* c-ares cannot drop one query: one that is cancelled, or has timed out, lives on as
 * ABANDONED until c-ares has given back its parts. */
struct dns_query {
	struct dns_resolver *resolver;
	struct dns_query *next, **link;  /* in `waiting` or `done` */
	enum state state;
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
	if (!q->link)
		return;
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	else if (q->resolver->done_end == &q->next)
		q->resolver->done_end = q->link;
	q->link = NULL;
}

static bool outstanding(const struct dns_query *q)
{
	for (unsigned i = 0; i < q->part_count; i++)
		if (q->parts[i].sent && !q->parts[i].answered)
			return true;
	return false;
}

static void query_free(struct dns_query *q)
{
	loop_timer_destroy(q->deadline);
	arena_fini(&q->arena);
	free(q);
}

/* It is out of all lists and will not call back (again). */
static void abandon(struct dns_query *q)
{
	q->state = ABANDONED;
	loop_timer_disarm(q->deadline);
	if (!outstanding(q))
		query_free(q);
}

/* The answer stands; the callback comes from the loop. */
static void finish(struct dns_query *q)
{
	struct dns_resolver *r = q->resolver;
	unlink_query(q);
	q->state = DONE;
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
		r->pending--;
		q->cb(q->arg, &q->result);
		if (destroyed) {
			query_free(q);
			return;
		}
		abandon(q);
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
	}
	q->result.name = name;
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

static void answered(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct part *part = arg;
	struct dns_query *q = part->query;
	(void)timeouts;
	part->answered = true;
	if (q->state == ABANDONED) {
		if (!outstanding(q))
			query_free(q);
		return;
	}
	if (q->state == DONE)
		return;
	if (status == ARES_SUCCESS && bytes)
		dns_response_read(bytes, (size_t)n, &part->asked, &q->arena, &part->result);
	else
		part->result = (struct dns_result){ .status = status_of_ares(status),
		                                    .ede = DNS_EDE_NONE };
	for (unsigned i = 0; i < q->part_count; i++)
		if (!q->parts[i].answered)
			return;
	if (q->part_count == 2) {
		merge_ips(q);
	} else {
		struct str name = q->result.name;
		q->result = part->result;
		q->result.name = name;
	}
	finish(q);
}

static void deadline_passed(void *arg)
{
	struct dns_query *q = arg;
	struct str name = q->result.name;
	q->result = (struct dns_result){ .status = DNS_TIMEOUT, .ede = DNS_EDE_NONE,
	                                 .name = name };
	finish(q);
}

/* ---- c-ares on the loop ------------------------------------------------------------------ */

static void rearm(struct dns_resolver *r)
{
	struct timeval tv;
	if (ares_timeout(r->channel, NULL, &tv))
		loop_timer_arm(r->retry, (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
	else
		loop_timer_disarm(r->retry);
}

static void retry_due(void *arg)
{
	struct dns_resolver *r = arg;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(r);
}

static void socket_ready(void *arg, unsigned events)
{
	struct socket *s = arg;
	struct dns_resolver *r = s->resolver;
	ares_socket_t fd = s->fd;
	ares_process_fd(r->channel, events & LOOP_READ ? fd : ARES_SOCKET_BAD,
	                events & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
	rearm(r);
}

static void socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns_resolver *r = arg;
	struct socket **link = &r->sockets;
	while (*link && (*link)->fd != fd)
		link = &(*link)->next;
	if (!readable && !writable) {
		struct socket *gone = *link;
		if (!gone)
			return;
		*link = gone->next;
		loop_watch_destroy(gone->watch);
		free(gone);
		return;
	}
	if (!*link) {
		struct socket *s = mem_zalloc(sizeof(*s));
		*s = (struct socket){ .fd = fd, .resolver = r };
		s->watch = loop_watch_create(r->loop, fd, socket_ready, s);
		*link = s;
	}
	loop_watch_set((*link)->watch, (readable ? LOOP_READ : 0u) | (writable ? LOOP_WRITE : 0u));
}

static int set_servers(ares_channel channel, const struct endpoint *servers, size_t n)
{
	struct ares_addr_port_node *nodes = mem_array(n, sizeof(*nodes));
	for (size_t i = 0; i < n; i++) {
		struct ares_addr_port_node *node = &nodes[i];
		node->next = i + 1 < n ? node + 1 : NULL;
		node->udp_port = node->tcp_port = servers[i].port;
		node->family = servers[i].ip.family == 4 ? AF_INET : AF_INET6;
		if (servers[i].ip.family == 4)
			memcpy(&node->addr.addr4, servers[i].ip.b, 4);
		else
			memcpy(&node->addr.addr6, servers[i].ip.b, 16);
	}
	int rc = ares_set_servers_ports(channel, nodes);
	free(nodes);
	return rc;
}

int dns_resolver_create(struct loop *loop, const struct endpoint *servers, size_t n,
                        const struct dns_resolver_options *options, struct dns_resolver **out)
{
	static const struct dns_resolver_options defaults = { 2000, 3, 10000 };
	struct dns_resolver *r = mem_zalloc(sizeof(*r));
	if (!options)
		options = &defaults;
	/* Refusals and failures are answers to us; dns_put_query() writes the OPT record
	 * that ARES_FLAG_EDNS expects as the last 11 bytes, and takes off for old servers. */
	struct ares_options ares = {
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS,
		.timeout = options->timeout_ms, .tries = options->tries,
		.ednspsz = DNS_EDNS_PAYLOAD,
		.sock_state_cb = socket_state, .sock_state_cb_data = r,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
	           ARES_OPT_SOCK_STATE_CB;
	*r = (struct dns_resolver){ .loop = loop, .total_ms = options->total_ms };
	r->done_end = &r->done;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		free(r);
		return ERR_IO;
	}
	if (ares_init_options(&r->channel, &ares, mask) != ARES_SUCCESS) {
		ares_library_cleanup();
		free(r);
		return ERR_IO;
	}
	r->retry = loop_timer_create(loop, retry_due, r);
	r->deliver = loop_timer_create(loop, deliver, r);
	if (n > 0 && set_servers(r->channel, servers, n) != ARES_SUCCESS) {
		dns_resolver_destroy(r);
		return ERR_IO;
	}
	*out = r;
	return ERR_OK;
}

void dns_resolver_destroy(struct dns_resolver *r)
{
	if (!r)
		return;
	if (r->destroyed)
		*r->destroyed = true;
	while (r->waiting)
		dns_query_cancel(r->waiting);
	while (r->done)
		dns_query_cancel(r->done);
	ares_destroy(r->channel);        /* gives back the parts of what is abandoned */
	assert(!r->sockets);
	ares_library_cleanup();
	loop_timer_destroy(r->retry);
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
	return q;
}

/* c-ares may call back from within ares_send(): finish() leaves the rest to the loop. */
static void send_parts(struct dns_query *q)
{
	for (unsigned i = 0; i < q->part_count; i++)
		q->parts[i].sent = true;
	for (unsigned i = 0; i < q->part_count; i++) {
		uint8_t bytes[QUERY_BYTES];
		uint16_t id;
		random_bytes(&id, sizeof(id));
		struct dns_writer w = { .p = bytes, .size = sizeof(bytes) };
		dns_put_query(&w, id, &q->parts[i].asked);
		assert(!w.full);
		ares_send(q->resolver->channel, bytes, (int)w.n, answered, &q->parts[i]);
	}
	rearm(q->resolver);
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
	for (unsigned i = 0; i < q->part_count; i++)
		q->parts[i] = (struct part){
			.query = q,
			.asked = { .name = name, .class = DNS_CLASS_IN,
			           .type = (uint16_t)(!both ? type :
			                              i == 0 ? DNS_TYPE_A : DNS_TYPE_AAAA) },
		};
	send_parts(q);
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
	assert(q->link);
	unlink_query(q);
	q->resolver->pending--;
	abandon(q);
}
