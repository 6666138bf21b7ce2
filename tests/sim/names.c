/* SPDX-License-Identifier: ISC
 *
 * The hosts' name server: reverse names, addresses, and an MX for each mail domain. Answers
 * by UDP, some of them late; for its tester, who asks what a resolver asks.
 */
#include "sim.h"

#include "base/mem.h"
#include "dns/message.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { QUERY_MAX = 1500, QUERIES_PER_TURN = 64, TTL_S = 60 };

/* A question that is answered later. */
struct late {
	struct late *next;
	struct sim *sim;
	struct loop_timer *timer;
	struct sockaddr_storage from;
	socklen_t from_bytes;
	size_t n;
	uint8_t query[QUERY_MAX];
};

struct dns_zone {
	struct host_names {
		struct dns_name reverse, host, domain;
	} *v;
	struct dns_name victim;              /* whose name the impostors use */
	struct late *late;
};

static void parse(const char *text, struct dns_name *name)
{
	int e = dns_name_parse(str_of(text), name, NULL);
	assert(e == ERR_OK);
}

static void put_rr(struct dns_writer *w, unsigned type)
{
	dns_put_pointer(w, DNS_HEADER_BYTES);
	dns_put_u16(w, type);
	dns_put_u16(w, DNS_CLASS_IN);
	dns_put_u32(w, TTL_S);
}

static void put_name_rr(struct dns_writer *w, unsigned type, const struct dns_name *name)
{
	put_rr(w, type);
	dns_put_u16(w, name->n + (type == DNS_TYPE_MX ? 2u : 0u));
	if (type == DNS_TYPE_MX)
		dns_put_u16(w, 10);
	dns_put_name(w, name);
}

static void put_address(struct dns_writer *w, const struct ip *ip)
{
	unsigned n = ip->family == 4 ? 4 : 16;
	put_rr(w, ip->family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA);
	dns_put_u16(w, n);
	dns_put_bytes(w, ip->b, n);
}

/* Writes the answer's records; false: there is no such name. */
static bool answer(const struct sim *sim, const struct dns_question *q, struct dns_writer *w,
                   unsigned *answers)
{
	bool found = false;
	for (size_t i = 0; i < sim->host_count; i++) {
		const struct host_names *n = &sim->zone->v[i];
		const struct host *h = &sim->hosts[i];
		unsigned address_type = h->at.ip.family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA;
		if (dns_name_eq(&q->name, &n->reverse) && h->persona->naming != NAMELESS) {
			found = true;
			if (q->type == DNS_TYPE_PTR && *answers == 0 && ++*answers)
				put_name_rr(w, DNS_TYPE_PTR, &n->host);
		} else if (h->persona->naming == NAMED && dns_name_eq(&q->name, &n->host)) {
			found = true;
			if (q->type == address_type && ++*answers)
				put_address(w, &h->at.ip);
		} else if (h->persona->naming == NAMED && dns_name_eq(&q->name, &n->domain)) {
			found = true;
			if (q->type == DNS_TYPE_MX && *answers == 0 && ++*answers)
				put_name_rr(w, DNS_TYPE_MX, &n->host);
		}
	}
	if (dns_name_eq(&q->name, &sim->zone->victim)) {
		struct ip elsewhere = ip_from_v4(127, 255, 255, 254);
		found = true;
		if (q->type == DNS_TYPE_A && ++*answers)
			put_address(w, &elsewhere);
	}
	return found;
}

static void serve(struct sim *sim, const uint8_t *query, size_t n, const struct sockaddr *to,
                  socklen_t to_bytes)
{
	struct dns_reader r = { query, n, 0 };
	struct dns_header h;
	struct dns_question q;
	uint8_t reply[QUERY_MAX];
	struct dns_writer w = { reply, sizeof(reply), 0, false };
	unsigned answers = 0;
	if (dns_read_header(&r, &h) != ERR_OK || h.questions != 1 ||
	    dns_read_question(&r, &q) != ERR_OK)
		return;
	struct dns_header out = { .id = h.id, .flags = DNS_FLAG_QR | DNS_FLAG_RA | DNS_FLAG_RD,
	                          .questions = 1 };
	dns_put_header(&w, &out);
	dns_put_question(&w, &q);
	if (!answer(sim, &q, &w, &answers))
		out.flags |= DNS_RCODE_NXDOMAIN;
	out.answers = (uint16_t)answers;
	struct dns_writer again = { reply, sizeof(reply), 0, false };
	dns_put_header(&again, &out);
	sendto(sim->dns_fd, reply, w.n, 0, to, to_bytes);
}

static void late_answer(void *arg)
{
	struct late *l = arg;
	serve(l->sim, l->query, l->n, (const struct sockaddr *)&l->from, l->from_bytes);
}

/* How long this question has to wait. */
static unsigned delay_ms(const struct sim *sim, const uint8_t *query, size_t n)
{
	struct dns_reader r = { query, n, 0 };
	struct dns_header h;
	struct dns_question q;
	if (dns_read_header(&r, &h) != ERR_OK || h.questions != 1 ||
	    dns_read_question(&r, &q) != ERR_OK || q.type != DNS_TYPE_PTR)
		return 0;
	for (size_t i = 0; i < sim->host_count; i++)
		if (sim->hosts[i].persona->ptr_delay_ms &&
		    dns_name_eq(&q.name, &sim->zone->v[i].reverse))
			return sim->hosts[i].persona->ptr_delay_ms;
	return 0;
}

/* Kept to the end: there are few. */
static void put_off(struct sim *sim, unsigned ms, const uint8_t *query, size_t n,
                    const struct sockaddr_storage *from, socklen_t bytes)
{
	struct late *l = mem_zalloc(sizeof(*l));
	l->next = sim->zone->late;
	l->sim = sim;
	l->from = *from;
	l->from_bytes = bytes;
	l->n = n;
	memcpy(l->query, query, n);
	l->timer = loop_timer_create(sim->loop, late_answer, l);
	loop_timer_arm(l->timer, ms);
	sim->zone->late = l;
}

static void readable(void *arg, unsigned events)
{
	struct sim *sim = arg;
	(void)events;
	for (int i = 0; i < QUERIES_PER_TURN; i++) {
		uint8_t query[QUERY_MAX];
		struct sockaddr_storage from;
		socklen_t bytes = sizeof(from);
		ssize_t n = recvfrom(sim->dns_fd, query, sizeof(query), 0,
		                     (struct sockaddr *)&from, &bytes);
		if (n <= 0)
			return;
		unsigned ms = delay_ms(sim, query, (size_t)n);
		if (ms)
			put_off(sim, ms, query, (size_t)n, &from, bytes);
		else
			serve(sim, query, (size_t)n, (const struct sockaddr *)&from, bytes);
	}
}

void names_open(struct sim *sim, const struct endpoint *at)
{
	struct dns_name v4, v6;
	parse("in-addr.arpa", &v4);
	parse("ip6.arpa", &v6);
	sim->zone = mem_zalloc(sizeof(*sim->zone));
	sim->zone->v = mem_array(sim->host_count, sizeof(*sim->zone->v));
	parse("m.victim.test", &sim->zone->victim);
	for (size_t i = 0; i < sim->host_count; i++) {
		struct host_names *n = &sim->zone->v[i];
		const struct host *h = &sim->hosts[i];
		dns_name_reverse(&h->at.ip, h->at.ip.family == 4 ? &v4 : &v6, &n->reverse);
		parse(h->name, &n->host);
		parse(h->domain, &n->domain);
	}
	sim->dns_fd = stream_bind_udp(at);
	if (sim->dns_fd < 0)
		return;
	sim->dns_watch = loop_watch_create(sim->loop, sim->dns_fd, readable, sim);
	loop_watch_set(sim->dns_watch, LOOP_READ);
}

void names_close(struct sim *sim)
{
	loop_watch_destroy(sim->dns_watch);
	for (struct late *l = sim->zone ? sim->zone->late : NULL, *next; l; l = next) {
		next = l->next;
		loop_timer_destroy(l->timer);
		free(l);
	}
	if (sim->zone)
		free(sim->zone->v);
	free(sim->zone);
}
