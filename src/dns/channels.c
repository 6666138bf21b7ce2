/* SPDX-License-Identifier: ISC
 *
 * c-ares's channels, its sockets and its timeouts on the loop. What c-ares says is passed on when
 * its functions have returned: so nothing that follows from it happens inside of them.
 */
#include "dns/channels-private.h"

#include "base/mem.h"
#include "base/random.h"

#include <ares.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>

enum {
	QUERY_BYTES = DNS_HEADER_BYTES + DNS_NAME_MAX + 4 + 11,
	CHANNELS_MAX = 256,              /* questions at the same time */
};

struct socket {
	struct socket *next;
	ares_socket_t fd;
	struct channel *channel;
	struct loop_watch *watch;
};

struct channel {
	struct channel *next;            /* in `idle` */
	struct channels *all;
	ares_channel ares;
	struct loop_timer *retry;        /* c-ares's own timeouts */
	struct socket *sockets;
	bool asking, answered;           /* since then; c-ares has called back */
	channel_cb *cb;
	void *arg;
	int status;
	struct buf bytes;
};

struct channels {
	struct loop *loop;
	struct dns_resolver_options options;
	struct endpoint *servers;
	size_t server_count;
	struct channel *idle;
	size_t made, asking;
};

/* ---- one question ------------------------------------------------------------------------ */

static void make_idle(struct channel *ch)
{
	assert(ch->asking && ch->all->asking > 0);
	ch->asking = ch->answered = false;
	ch->all->asking--;
	ch->next = ch->all->idle;
	ch->all->idle = ch;
	loop_timer_disarm(ch->retry);
}

/* The callback may ask anew, by this channel too, or destroy all. */
static void pass_on(struct channel *ch)
{
	struct buf bytes = ch->bytes;
	channel_cb *cb = ch->cb;
	void *arg = ch->arg;
	int status = ch->status;
	assert(ch->answered);
	ch->bytes = (struct buf){ 0 };
	make_idle(ch);
	cb(arg, status, buf_str(&bytes));
	buf_fini(&bytes);
}

static void settle(struct channel *ch)
{
	struct timeval tv;
	if (ch->answered)
		pass_on(ch);
	else if (ares_timeout(ch->ares, NULL, &tv))
		loop_timer_arm(ch->retry, (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
	else
		loop_timer_disarm(ch->retry);
}

static void ares_answered(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct channel *ch = arg;
	(void)timeouts;
	assert(ch->asking && !ch->answered);
	ch->answered = true;
	ch->status = status;
	if (status == ARES_SUCCESS && bytes && n > 0)
		buf_add(&ch->bytes, (const char *)bytes, (size_t)n);
}

static void retry_due(void *arg)
{
	struct channel *ch = arg;
	assert(ch->asking);
	if (!ch->answered)
		ares_process_fd(ch->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	settle(ch);
}

/* ---- sockets -------------------------------------------------------------------------------- */

static void socket_ready(void *arg, unsigned events)
{
	struct socket *s = arg;
	struct channel *ch = s->channel;
	ares_socket_t fd = s->fd;
	ares_process_fd(ch->ares, events & LOOP_READ ? fd : ARES_SOCKET_BAD,
	                events & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
	if (ch->asking)
		settle(ch);
}

static void socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *ch = arg;
	struct socket **link = &ch->sockets;
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
		*s = (struct socket){ .fd = fd, .channel = ch };
		s->watch = loop_watch_create(ch->all->loop, fd, socket_ready, s);
		*link = s;
	}
	assert((*link)->fd == fd);
	loop_watch_set((*link)->watch, (readable ? LOOP_READ : 0u) | (writable ? LOOP_WRITE : 0u));
}

/* ---- channels ------------------------------------------------------------------------------- */

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

/* Without servers of ours those of the system are read; with them no file is. */
static int init_ares(struct channel *ch)
{
	const struct channels *c = ch->all;
	/* Refusals and failures are answers to us; dns_put_query() writes the OPT record
	 * that ARES_FLAG_EDNS expects as the last 11 bytes, and takes off for old servers. */
	struct ares_options ares = {
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS,
		.timeout = c->options.timeout_ms, .tries = c->options.tries, .ndots = 1,
		.ednspsz = DNS_EDNS_PAYLOAD, .lookups = (char[]){ "b" },
		.sock_state_cb = socket_state, .sock_state_cb_data = ch,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
	           ARES_OPT_SOCK_STATE_CB;
	if (c->server_count > 0)
		mask |= ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST |
		        ARES_OPT_LOOKUPS | ARES_OPT_NDOTS;
	if (ares_init_options(&ch->ares, &ares, mask) != ARES_SUCCESS)
		return ERR_IO;
	if (c->server_count == 0 ||
	    set_servers(ch->ares, c->servers, c->server_count) == ARES_SUCCESS)
		return ERR_OK;
	ares_destroy(ch->ares);
	return ERR_IO;
}

static struct channel *channel_create(struct channels *c)
{
	struct channel *ch = mem_zalloc(sizeof(*ch));
	ch->all = c;
	if (init_ares(ch) != ERR_OK) {
		free(ch);
		return NULL;
	}
	ch->retry = loop_timer_create(c->loop, retry_due, ch);
	c->made++;
	assert(c->made <= CHANNELS_MAX);
	return ch;
}

static void channel_destroy(struct channel *ch)
{
	assert(!ch->asking && !ch->sockets);
	ares_destroy(ch->ares);
	loop_timer_destroy(ch->retry);
	buf_fini(&ch->bytes);
	free(ch);
}

/* Those that its first channel read from the system. */
static void learn_servers(struct channels *c, struct channel *first)
{
	struct ares_addr_port_node *nodes = NULL;
	size_t n = 0;
	if (ares_get_servers_ports(first->ares, &nodes) != ARES_SUCCESS)
		return;
	for (const struct ares_addr_port_node *node = nodes; node; node = node->next)
		n++;
	c->servers = mem_array(n + 1, sizeof(*c->servers));
	for (const struct ares_addr_port_node *node = nodes; node; node = node->next) {
		struct endpoint *at = &c->servers[c->server_count++];
		*at = (struct endpoint){ .port = (uint16_t)(node->udp_port ? node->udp_port : 53) };
		at->ip.family = node->family == AF_INET ? 4 : 6;
		memcpy(at->ip.b, &node->addr, at->ip.family == 4 ? 4 : 16);
	}
	assert(c->server_count == n);
	if (nodes)
		ares_free_data(nodes);
}

int channels_create(struct loop *loop, const struct endpoint *servers, size_t n,
                    const struct dns_resolver_options *options, struct channels **out)
{
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return ERR_IO;
	struct channels *c = mem_zalloc(sizeof(*c));
	*c = (struct channels){ .loop = loop, .options = *options, .server_count = n };
	if (n > 0) {
		c->servers = mem_array(n, sizeof(*servers));
		memcpy(c->servers, servers, n * sizeof(*servers));
	}
	c->idle = channel_create(c);
	if (!c->idle) {
		channels_destroy(c);
		return ERR_IO;
	}
	if (n == 0)
		learn_servers(c, c->idle);
	*out = c;
	return ERR_OK;
}

void channels_destroy(struct channels *c)
{
	if (!c)
		return;
	assert(c->asking == 0);
	while (c->idle) {
		struct channel *ch = c->idle;
		c->idle = ch->next;
		channel_destroy(ch);
	}
	ares_library_cleanup();
	free(c->servers);
	free(c);
}

bool channels_free(const struct channels *c)
{
	assert(c->asking <= c->made);
	return c->asking < CHANNELS_MAX;
}

struct channel *channels_ask(struct channels *c, const struct dns_question *q, channel_cb *cb,
                             void *arg)
{
	struct channel *ch = c->idle;
	uint8_t bytes[QUERY_BYTES];
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes) };
	uint16_t id;
	if (ch)
		c->idle = ch->next;
	else if (!channels_free(c) || !(ch = channel_create(c)))
		return NULL;
	/* No socket is left of the question before. */
	assert(!ch->asking && !ch->sockets && ch->bytes.n == 0);
	ch->cb = cb;
	ch->arg = arg;
	ch->asking = true;
	c->asking++;
	random_bytes(&id, sizeof(id));
	dns_put_query(&w, id, q);
	assert(!w.full);
	ares_send(ch->ares, bytes, (int)w.n, ares_answered, ch);
	if (ch->answered)
		loop_timer_arm(ch->retry, 0);
	else
		settle(ch);
	return ch;
}

void channels_drop(struct channel *ch)
{
	assert(ch->asking);
	ares_cancel(ch->ares);
	assert(ch->answered);
	buf_clear(&ch->bytes);
	make_idle(ch);
}
