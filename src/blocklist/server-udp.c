/* SPDX-License-Identifier: ISC
 *
 * DNS by UDP: datagrams in batches, answered from the address that they came to.
 */
#include "blocklist/server-private.h"

#include "base/mem.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	BATCH = 32, BATCHES_PER_TURN = 8,
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

struct udp_socket {
	struct udp_socket *next;
	struct server_udp *udp;
	struct loop_watch *watch;
	int fd;
};

/* The room for one batch: requests and answers side by side. The control data tells at
 * which of our addresses a datagram arrived, and makes the answer leave from there. */
struct udp_batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct sockaddr_storage peers[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_BYTES];
	uint8_t queries[BATCH][SERVER_QUERY_MAX];
	uint8_t answers[BATCH][BLOCKLIST_ANSWER_MAX];
};

struct server_udp {
	struct blocklist_server *server;
	struct udp_socket *sockets;
	struct udp_batch batch;
};

static void prepare_batch(struct udp_batch *b)
{
	for (size_t i = 0; i < BATCH; i++) {
		b->in_iov[i] = (struct iovec){ b->queries[i], SERVER_QUERY_MAX };
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

static size_t answer_datagram(struct blocklist_server *s,
                              const struct blocklist_state *state, const struct msghdr *h,
                              struct str query, uint8_t dst[static BLOCKLIST_ANSWER_MAX])
{
	struct endpoint peer = { 0 };
	endpoint_from_sockaddr(h->msg_name, &peer);
	struct blocklist_asker asker = { s->rrl, peer.ip, loop_now_ms(s->loop) };
	struct blocklist_answers answers;
	blocklist_answers_begin(&answers, state, query, BLOCKLIST_UDP, &asker);
	size_t n = blocklist_answers_next(&answers, dst);
	assert(n <= DNS_EDNS_PAYLOAD && answers.outcome < BLOCKLIST_OUTCOMES);
	s->counters.outcomes[answers.outcome]++;
	return n;
}

/* Fills out[] with the answers; returns how many. */
static unsigned answer_batch(struct blocklist_server *s, struct udp_batch *b, unsigned n)
{
	struct blocklist_state state = server_state(s);
	unsigned m = 0;
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *h = &b->in[i].msg_hdr;
		struct str query = { (const char *)b->queries[i], b->in[i].msg_len };
		if (h->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
			s->counters.outcomes[BLOCKLIST_SILENCE]++;
			continue;
		}
		size_t length = answer_datagram(s, &state, h, query, b->answers[i]);
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
	assert(m <= n && n <= BATCH);
	return m;
}

/* One that cannot be sent (a peer with port 0, a full buffer) is dropped: UDP may. */
static void send_batch(int fd, struct udp_batch *b, unsigned n)
{
	unsigned sent = 0;
	assert(n <= BATCH);
	while (sent < n) {
		int rc = sendmmsg(fd, b->out + sent, n - sent, 0);
		sent += rc > 0 ? (unsigned)rc : 1;
	}
}

static void udp_ready(void *arg, unsigned events)
{
	struct udp_socket *l = arg;
	struct udp_batch *b = &l->udp->batch;
	(void)events;
	for (int i = 0; i < BATCHES_PER_TURN; i++) {
		prepare_batch(b);
		int n = recvmmsg(l->fd, b->in, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return;
		send_batch(l->fd, b, answer_batch(l->udp->server, b, (unsigned)n));
		if (n < BATCH)
			return;
	}
}

struct server_udp *server_udp_create(struct blocklist_server *s)
{
	struct server_udp *u = mem_zalloc(sizeof(*u));
	u->server = s;
	return u;
}

void server_udp_destroy(struct server_udp *u)
{
	while (u->sockets) {
		struct udp_socket *l = u->sockets;
		assert(l->udp == u);
		u->sockets = l->next;
		loop_watch_destroy(l->watch);
		free(l);
	}
	free(u);
}

void server_udp_add(struct server_udp *u, int fd)
{
	struct udp_socket *l = mem_zalloc(sizeof(*l));
	int one = 1;
	assert(fd >= 0);
	/* Each fails on a socket of the other family, and that is fine. */
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	*l = (struct udp_socket){ .next = u->sockets, .udp = u, .fd = fd };
	l->watch = loop_watch_create(u->server->loop, fd, udp_ready, l);
	loop_watch_set(l->watch, LOOP_READ);
	u->sockets = l;
}
