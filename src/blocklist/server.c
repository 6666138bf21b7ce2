/* SPDX-License-Identifier: ISC */
#include "blocklist/server.h"

#include "base/mem.h"
#include "base/stream.h"
#include "wire/listener.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BATCH = 32, BATCHES_PER_TURN = 8,
	QUERY_MAX = 4096,                /* a question, EDNS and a signature are far below */
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in6_pktinfo)),
	CONNECTIONS_PER_SECOND = 200,    /* of one host: many queries come alone in theirs */
	BACKLOG_MAX = 64 * 1024,         /* answers a peer has not read: then we stop reading */
};

struct connection {
	struct connection *next, **link;
	struct blocklist_server *server;
	struct wire_session *session;
	struct stream *stream;
	struct buf in;
};

struct udp_batch;

/* A UDP socket. */
struct listener {
	struct listener *next;
	struct blocklist_server *server;
	struct loop_watch *watch;
	int fd;
};

struct blocklist_server {
	struct loop *loop;
	const struct blocklist_state *state;
	struct blocklist_limits limits;
	struct listener *listeners;
	struct wire_listener *tcp;
	struct connection *connections;
	struct blocklist_rrl *rrl;
	struct udp_batch *batch;
};

/* ---- UDP ------------------------------------------------------------------------------------ */

/* The room for one batch: requests and answers side by side. The control data tells at
 * which of our addresses a datagram arrived, and makes the answer leave from there. */
struct udp_batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct sockaddr_storage peers[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_BYTES];
	uint8_t queries[BATCH][QUERY_MAX];
	uint8_t answers[BATCH][BLOCKLIST_ANSWER_MAX];
};

static void prepare(struct udp_batch *b)
{
	for (size_t i = 0; i < BATCH; i++) {
		b->in_iov[i] = (struct iovec){ b->queries[i], QUERY_MAX };
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &b->peers[i], .msg_namelen = sizeof(b->peers[i]),
			.msg_iov = &b->in_iov[i], .msg_iovlen = 1,
			.msg_control = b->control[i], .msg_controllen = CONTROL_BYTES,
		};
	}
}

/* The interface is left to the routing table, save for link-local addresses. */
static void clear_interface(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	if (c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else if (c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

static size_t answer_datagram(const struct blocklist_server *s, const struct msghdr *h,
                              struct str query, uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	struct endpoint peer = { 0 };
	endpoint_from_sockaddr(h->msg_name, &peer);
	struct blocklist_asker asker = { s->rrl, peer.ip, loop_now_ms(s->loop) };
	return blocklist_answer_to(s->state, query, &asker, dst);
}

/* Fills out[] with the answers; returns how many. */
static unsigned answer_batch(const struct blocklist_server *s, struct udp_batch *b, unsigned n)
{
	unsigned m = 0;
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *h = &b->in[i].msg_hdr;
		struct str query = { (const char *)b->queries[i], b->in[i].msg_len };
		if (h->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
			continue;
		size_t length = answer_datagram(s, h, query, b->answers[i]);
		if (length == 0)
			continue;
		clear_interface(h);
		b->out_iov[m] = (struct iovec){ b->answers[i], length };
		b->out[m].msg_hdr = (struct msghdr){
			.msg_name = h->msg_name, .msg_namelen = h->msg_namelen,
			.msg_iov = &b->out_iov[m], .msg_iovlen = 1,
			.msg_control = h->msg_controllen ? h->msg_control : NULL,
			.msg_controllen = h->msg_controllen,
		};
		m++;
	}
	return m;
}

/* One that cannot be sent (a peer with port 0, a full buffer) is dropped: UDP may. */
static void send_batch(int fd, struct udp_batch *b, unsigned n)
{
	unsigned sent = 0;
	while (sent < n) {
		int rc = sendmmsg(fd, b->out + sent, n - sent, 0);
		sent += rc > 0 ? (unsigned)rc : 1;
	}
}

static void udp_ready(void *arg, unsigned events)
{
	struct listener *l = arg;
	struct udp_batch *b = l->server->batch;
	(void)events;
	for (int i = 0; i < BATCHES_PER_TURN; i++) {
		prepare(b);
		int n = recvmmsg(l->fd, b->in, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return;
		send_batch(l->fd, b, answer_batch(l->server, b, (unsigned)n));
		if (n < BATCH)
			return;
	}
}

/* ---- TCP ------------------------------------------------------------------------------------ */

static void connection_destroy(struct connection *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	stream_destroy(c->stream);
	wire_listener_ended(c->server->tcp, c->session);
	buf_fini(&c->in);
	free(c);
}

static void pace(struct connection *c)
{
	stream_pause(c->stream, stream_pending(c->stream) > BACKLOG_MAX);
}

/* False when the connection is to end: what came was no query. */
static bool answer_one(struct connection *c, struct str query)
{
	uint8_t answer[2 + BLOCKLIST_ANSWER_MAX];
	size_t n = blocklist_answer(c->server->state, query, BLOCKLIST_TCP, answer + 2);
	if (n == 0)
		return false;
	answer[0] = (uint8_t)(n >> 8);
	answer[1] = (uint8_t)n;
	stream_write(c->stream, (struct str){ (const char *)answer, n + 2 });
	return true;
}

static void tcp_received(void *arg, struct str bytes)
{
	struct connection *c = arg;
	size_t at = 0;
	buf_add_str(&c->in, bytes);
	while (c->in.n - at >= 2) {
		const uint8_t *p = (const uint8_t *)c->in.p + at;
		size_t length = (size_t)p[0] << 8 | p[1];
		if (length > QUERY_MAX) {
			connection_destroy(c);
			return;
		}
		if (c->in.n - at - 2 < length)
			break;
		if (!answer_one(c, (struct str){ (const char *)p + 2, length })) {
			connection_destroy(c);
			return;
		}
		at += 2 + length;
	}
	/* Only a whole query buys more time. */
	if (at > 0) {
		stream_deadline(c->stream, c->server->limits.tcp_timeout_ms);
		wire_listener_active(c->server->tcp, c->session, false);
	}
	buf_consume(&c->in, at);
	pace(c);
}

static void tcp_drained(void *arg)
{
	pace(arg);
}

static void tcp_ended(void *arg, enum stream_end why)
{
	(void)why;
	connection_destroy(arg);
}

static const struct stream_events tcp_events = {
	.received = tcp_received, .drained = tcp_drained, .ended = tcp_ended,
};

static void *connection_create(void *arg, struct wire_session *session, int fd,
                               const struct endpoint *peer)
{
	struct blocklist_server *s = arg;
	struct connection *c = mem_zalloc(sizeof(*c));
	(void)peer;
	*c = (struct connection){ .server = s, .session = session, .next = s->connections,
	                          .link = &s->connections };
	if (c->next)
		c->next->link = &c->next;
	s->connections = c;
	c->stream = stream_adopt(s->loop, fd, &tcp_events, c);
	stream_deadline(c->stream, s->limits.tcp_timeout_ms);
	return c;
}

static void connection_unwanted(void *owner)
{
	connection_destroy(owner);
}

static struct wire_limits_config tcp_limits(const struct blocklist_limits *limits)
{
	return (struct wire_limits_config){
		.sessions = limits->tcp_sessions, .per_host = limits->tcp_sessions_per_host,
		.per_second = CONNECTIONS_PER_SECOND, .idle_ms = limits->tcp_timeout_ms,
	};
}

/* ---- the server ----------------------------------------------------------------------------- */

struct blocklist_server *blocklist_server_create(struct loop *loop,
                                                 const struct blocklist_state *state,
                                                 const struct blocklist_limits *limits)
{
	struct blocklist_server *s = mem_zalloc(sizeof(*s));
	struct hash_key key;
	*s = (struct blocklist_server){ .loop = loop, .state = state, .limits = *limits };
	struct wire_listener_setup tcp = {
		.loop = loop, .name = "dnsbl", .limits = tcp_limits(limits),
		.opened = connection_create, .unwanted = connection_unwanted, .arg = s,
	};
	s->tcp = wire_listener_create(&tcp);
	hash_key_init(&key);
	s->rrl = blocklist_rrl_create(limits->rrl_rate, &key);
	s->batch = mem_zalloc(sizeof(*s->batch));
	return s;
}

void blocklist_server_destroy(struct blocklist_server *s)
{
	if (!s)
		return;
	while (s->connections)
		connection_destroy(s->connections);
	wire_listener_destroy(s->tcp);
	blocklist_rrl_destroy(s->rrl);
	while (s->listeners) {
		struct listener *l = s->listeners;
		s->listeners = l->next;
		loop_watch_destroy(l->watch);
		free(l);
	}
	free(s->batch);
	free(s);
}

void blocklist_server_limits(struct blocklist_server *s, const struct blocklist_limits *limits)
{
	struct wire_limits_config tcp = tcp_limits(limits);
	s->limits = *limits;
	wire_listener_limits(s->tcp, &tcp);
	blocklist_rrl_set(s->rrl, limits->rrl_rate);
}

void blocklist_server_add_udp(struct blocklist_server *s, int fd)
{
	struct listener *l = mem_zalloc(sizeof(*l));
	int one = 1;
	/* Each fails on a socket of the other family, and that is fine. */
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	*l = (struct listener){ .next = s->listeners, .server = s, .fd = fd };
	l->watch = loop_watch_create(s->loop, fd, udp_ready, l);
	loop_watch_set(l->watch, LOOP_READ);
	s->listeners = l;
}

void blocklist_server_add_tcp(struct blocklist_server *s, int fd)
{
	wire_listener_add(s->tcp, fd);
}
