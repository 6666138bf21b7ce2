/* SPDX-License-Identifier: ISC
 *
 * The sockets of all kinds behind one set of limits, all sessions, new settings and the end.
 */
#include "gateway/gateway-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { SESSION_IDLE_MS = 300 * 1000 };   /* RFC 5321 4.5.3.2.7 */

/* ---- the listener -------------------------------------------------------------------- */

static void session_unwanted(void *owner)
{
	gateway_session_end(owner, "4.4.2", "Idle for too long while others wait");
}

static struct wire_limits_config limits_of(const struct gateway_config *config)
{
	return (struct wire_limits_config){
		.sessions = (unsigned)config->sessions,
		.per_host = (unsigned)config->sessions_per_host,
		.per_net = (unsigned)config->sessions_per_net,
		.per_second = (unsigned)config->connections_per_second,
		.idle_ms = SESSION_IDLE_MS,
	};
}

static void listen_at(struct gateway *g)
{
	const struct gateway_setup *s = &g->setup;
	const struct wire_listener_setup setup = {
		.loop = s->loop, .name = "gateway", .limits = limits_of(s->config),
		.refusal = STR("421 4.7.0 Too many connections, try again later\r\n"),
		.opened = gateway_session_open, .unwanted = session_unwanted,
		.proxy_peers = s->config->proxy_peers.v,
		.proxy_peer_count = s->config->proxy_peers.n,
		.counters = &g->counters->wire,
	};
	g->listener = wire_listener_create(&setup);
	g->doors = mem_array(s->listening_count ? s->listening_count : 1, sizeof(*g->doors));
	g->door_count = s->listening_count;
	for (size_t i = 0; i < g->door_count; i++) {
		g->doors[i] = (struct gateway_door){ .gateway = g, .at = s->listening[i] };
		wire_listener_add_for(g->listener, g->doors[i].at.fd, &g->doors[i]);
	}
}

/* ---- the end ------------------------------------------------------------------------- */

static void sweep(void *arg)
{
	struct gateway *g = arg;
	assert(g->draining);
	for (struct gateway_session *s = g->sessions, *next; s; s = next) {
		next = s->next;
		if (gateway_session_is_idle(s))
			gateway_session_end(s, "4.3.2", "Service shutting down");
	}
	if (g->sessions || !g->drained)
		return;
	void (*drained)(void *arg) = g->drained;
	g->drained = NULL;
	drained(g->drained_arg);
}

static void close_doors(struct gateway *g)
{
	for (size_t i = 0; i < g->door_count; i++)
		wire_listener_remove(g->listener, g->doors[i].at.fd);
	g->door_count = 0;
}

void gateway_drain(struct gateway *g, void (*drained)(void *arg), void *arg)
{
	assert(!g->draining && drained);
	g->draining = true;
	g->drained = drained;
	g->drained_arg = arg;
	close_doors(g);
	loop_timer_arm(g->sweep, 0);
}

/* ---- create, new settings, destroy --------------------------------------------------- */

struct gateway *gateway_create(const struct gateway_setup *setup)
{
	struct gateway *g = mem_zalloc(sizeof(*g));
	g->setup = *setup;
	g->counters = setup->counters;
	g->rules = gateway_rules_create(setup);
	g->sweep = loop_timer_create(setup->loop, sweep, g);
	listen_at(g);
	g->setup.listening = NULL;
	g->setup.hostname = NULL;        /* the rules have a copy, and of the secret */
	g->setup.scram_secret = NULL;
	return g;
}

void gateway_reload(struct gateway *g, const struct gateway_setup *setup)
{
	const struct wire_limits_config limits = limits_of(setup->config);
	struct gateway_rules *old = g->rules;
	g->setup = *setup;
	g->setup.listening = NULL;
	g->setup.hostname = NULL;
	g->setup.scram_secret = NULL;
	g->rules = gateway_rules_create(setup);
	gateway_rules_unref(old);
	wire_listener_limits(g->listener, &limits);
	wire_listener_proxy_peers(g->listener, setup->config->proxy_peers.v,
	                          setup->config->proxy_peers.n);
	for (struct gateway_session *s = g->sessions, *next; s; s = next) {
		next = s->next;
		gateway_greet_again(s);
	}
}

void gateway_destroy(struct gateway *g)
{
	if (!g)
		return;
	while (g->sessions)
		gateway_session_end(g->sessions, "4.3.2", "Service shutting down");
	wire_listener_destroy(g->listener);
	loop_timer_destroy(g->sweep);
	gateway_rules_unref(g->rules);
	free(g->doors);
	free(g);
}

/* ---- for who looks on ---------------------------------------------------------------- */

bool gateway_session(const struct gateway *g, size_t index, struct gateway_session_view *out)
{
	const struct gateway_session *s = g->sessions;
	while (s && index-- > 0)
		s = s->next;
	if (!s)
		return false;
	*out = (struct gateway_session_view){
		.peer = s->peer, .listener = s->client.listener,
		.helo = str_of(s->helo ? s->helo : ""), .account = s->client.name,
		.stage = s->stage, .age_ms = loop_now_ms(g->setup.loop) - s->since_ms,
		.bytes = s->bytes, .tls = wire_server_state(s->wire).tls,
	};
	return true;
}

size_t gateway_session_count(const struct gateway *g)
{
	size_t n = 0;
	for (const struct gateway_session *s = g->sessions; s; s = s->next)
		n++;
	return n;
}
