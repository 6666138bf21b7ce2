/* SPDX-License-Identifier: ISC
 *
 * What is due goes into the waiting line of its destination; destinations that have something to do
 * stand in a ring and take turns, so that none waits for another's backlog. In a turn a
 * destination starts one session, or ends some of what waits where there is no way; sessions take
 * the rest from the line by themselves.
 */
#include "gateway/delivery-private.h"

#include "base/log.h"
#include "base/mem.h"
#include "gateway/address.h"

#include <assert.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMTP_PORT = 25, SWEEP_MS = 60 * 1000, NAME_MAX_BYTES = 600 };

/* ---- whose mail goes where ------------------------------------------------------------------- */

/* No way at all: what stands in that line fails. */
static struct delivery_destination *nowhere(struct gateway_delivery *d)
{
	bool made;
	struct delivery_destination *to = delivery_destination_find(d, " nowhere", &made);
	to->verdict_for_good = true;
	delivery_destination_fail(to, GATEWAY_FATE_FAILED, "5.1.2",
	                          "the address has no domain name to which mail could go");
	return to;
}

static enum gateway_tls_policy policy_of(const struct gateway_delivery *d,
                                         const struct gateway_route *route, struct str domain)
{
	const struct gateway_tls_policies *p = d->policies;
	bool login = route->way == GATEWAY_WAY_SMARTHOST && d->setup.config->smarthost_login[0];
	if (route->way == GATEWAY_WAY_MAILDIR || route->path.n > 0)
		return GATEWAY_TLS_NONE;
	if (route->way == GATEWAY_WAY_MX)
		return gateway_tls_policy_of(p, domain, GATEWAY_TLS_OPPORTUNISTIC);
	/* A password goes to whom the certificate proves, unless that host's name is said to need
	 * less. */
	if (login)
		return gateway_tls_policy_of_name(p, route->host, GATEWAY_TLS_VERIFY);
	return gateway_tls_policy_of(p, route->host, GATEWAY_TLS_OPPORTUNISTIC);
}

static void name_of(const struct gateway_route *route, const char *domain,
                    char name[static NAME_MAX_BYTES])
{
	static const char *const kinds[] = {
		[GATEWAY_WAY_MAILDIR] = "maildir", [GATEWAY_WAY_LMTP] = "lmtp",
		[GATEWAY_WAY_HOST] = "smtp", [GATEWAY_WAY_SMARTHOST] = "smarthost",
	};
	if (route->way == GATEWAY_WAY_MX)
		snprintf(name, NAME_MAX_BYTES, "%s", domain);
	else if (route->way == GATEWAY_WAY_MAILDIR)
		snprintf(name, NAME_MAX_BYTES, "maildir:");
	else if (route->path.n > 0)
		snprintf(name, NAME_MAX_BYTES, "%s:%.*s", kinds[route->way],
		         STR_ARG(route->path));
	else
		snprintf(name, NAME_MAX_BYTES, "%s:%.*s:%u", kinds[route->way],
		         STR_ARG(route->host), route->port);
}

static struct delivery_destination *destination_for(struct gateway_delivery *d,
                                                    const struct gateway_route *route,
                                                    const char *domain)
{
	char name[NAME_MAX_BYTES];
	bool made;
	name_of(route, domain, name);
	struct delivery_destination *to = delivery_destination_find(d, name, &made);
	if (!made)
		return to;
	to->route = *route;
	to->policy = policy_of(d, route, str_of(domain));
	if (route->way == GATEWAY_WAY_MX)
		to->domain = mem_strdup(domain);
	if (route->host.n > 0)
		to->host = mem_strndup(route->host.p, route->host.n);
	if (route->path.n > 0)
		to->path = mem_strndup(route->path.p, route->path.n);
	return to;
}

static struct delivery_destination *destination_of(struct gateway_delivery *d,
                                                   const struct gateway_to *to)
{
	char path[GATEWAY_TEXT_MAX + 3];
	const struct config_strings *ours = &d->setup.config->domains;
	struct gateway_address address;
	struct gateway_route route;
	struct mail_path parsed;
	size_t used;
	int n = snprintf(path, sizeof(path), "<%.*s>", STR_ARG(to->address));
	if (n < 0 || (size_t)n >= sizeof(path) ||
	    mail_path_parse((struct str){ path, (size_t)n },
	                    MAIL_PATH_POSTMASTER_OK | MAIL_PATH_UTF8_OK, &parsed, &used,
	                    NULL) != ERR_OK || used != (size_t)n)
		return nowhere(d);
	gateway_address_of(&parsed, &address);
	if (address.kind == GATEWAY_ADDRESS_ROUTED)
		return nowhere(d);
	/* <postmaster> is that of our first domain. */
	const char *domain = address.domain[0] ? address.domain : ours->n > 0 ? ours->v[0] : "";
	gateway_route_of(d->routes, str_of(domain), to->local || !address.domain[0], &route);
	return destination_for(d, &route, domain);
}

void gateway_delivery_due(void *arg, struct gateway_rcpt *rcpt)
{
	struct gateway_delivery *d = arg;
	assert(rcpt->state == GATEWAY_TRYING && !rcpt->owner);
	struct delivery_destination *to = destination_of(d, &rcpt->to);
	rcpt->owner = to;
	delivery_line_add(&to->waiting, rcpt);
	delivery_destination_turn(to);
}

/* ---- turns ----------------------------------------------------------------------------------- */

enum turn {
	TURN_OVER,                    /* nothing to do for now: it leaves the ring */
	TURN_AGAIN,                   /* it has more */
	TURN_BLOCKED,                 /* … but others must end first */
};

static void end_pause(struct delivery_destination *to)
{
	if (to->pause_until_ms > 0 && !to->verdict_for_good &&
	    to->pause_until_ms <= loop_now_ms(to->delivery->setup.loop)) {
		to->pause_until_ms = 0;
		to->has_verdict = false;
	}
}

/* All connections are taken: an idle one makes room. */
static bool has_connection(struct gateway_delivery *d)
{
	if (d->sessions < (unsigned)d->setup.config->connections)
		return true;
	if (!d->starved && delivery_session_end_idle(d))
		return true;
	d->starved = true;
	return false;
}

static enum turn box_turn(struct delivery_destination *to)
{
	if (to->delivery->batch)
		return TURN_BLOCKED;
	if (delivery_box_start(to))
		return to->boxing ? TURN_OVER : TURN_AGAIN;
	to->delivery->again_soon = true;
	return TURN_BLOCKED;
}

static enum turn take_turn(struct delivery_destination *to)
{
	struct gateway_delivery *d = to->delivery;
	end_pause(to);
	if (to->has_verdict) {
		delivery_destination_judge(to, DELIVERY_TURN);
		return to->waiting.n > 0 ? TURN_AGAIN : TURN_OVER;
	}
	if (to->waiting.loads <= to->opening)
		return TURN_OVER;
	if (!delivery_has_room(d, to->waiting.first->message))
		return TURN_BLOCKED;
	if (to->route.way == GATEWAY_WAY_MAILDIR)
		return box_turn(to);
	if (delivery_session_use_idle(to))
		return TURN_AGAIN;
	if (to->session_count >= to->limit)
		return TURN_OVER;
	if (delivery_destination_may_not_ask(to))
		return TURN_BLOCKED;
	if (!delivery_destination_has_places(to))
		return TURN_OVER;
	if (!has_connection(d))
		return TURN_BLOCKED;
	delivery_session_start(to);
	return TURN_AGAIN;
}

static void on_wake(void *arg)
{
	struct gateway_delivery *d = arg;
	struct delivery_destination *to;
	if (d->draining)
		return;
	d->starved = d->again_soon = false;
	delivery_destinations_unblock(d);
	for (unsigned turns = 0; (to = d->ring) && turns < DELIVERY_TURN; turns++) {
		d->ring = to->ring_next;
		switch (take_turn(to)) {
		case TURN_OVER:
			delivery_destination_pass(to);
			delivery_destination_tidy(to);
			break;
		case TURN_AGAIN: break;
		case TURN_BLOCKED: delivery_destination_block(to); break;
		}
	}
	if (d->ring)
		delivery_wake(d);
	else if (d->again_soon)
		loop_timer_arm(d->wake, DELIVERY_AGAIN_MS);
	else
		loop_timer_disarm(d->wake);
}

/* Destinations that were kept for their pause go when it is over. */
static void on_sweep(void *arg)
{
	struct gateway_delivery *d = arg;
	for (struct delivery_destination *to = d->all, *next; to; to = next) {
		next = to->all_next;
		end_pause(to);
		if (!to->ring_next)
			delivery_destination_tidy(to);
	}
	loop_timer_arm(d->sweep, SWEEP_MS);
}

/* ---- its life -------------------------------------------------------------------------------- */

static void take_setup(struct gateway_delivery *d, const struct gateway_delivery_setup *setup)
{
	d->setup = *setup;
	d->hostname = mem_strdup(setup->hostname);
	d->own = mem_array(setup->own_count + 1, sizeof(*d->own));
	if (setup->own_count > 0)
		memcpy(d->own, setup->own, setup->own_count * sizeof(*d->own));
	const struct str password = setup->smarthost_password;
	d->password = (struct str){ mem_strndup(password.n ? password.p : "", password.n),
	                            password.n };
	d->routes = gateway_routes_create(setup->config);
	d->policies = gateway_tls_policies_create(&setup->config->tls_policies);
	d->self = (struct gateway_mx_self){
		.hostname = d->hostname, .own = d->own, .own_count = setup->own_count,
		.laboratory = setup->config->remote_port != SMTP_PORT,
	};
	if (d->self.laboratory)
		LOG(LOG_WARN, "laboratory", LOG_I("remote_port", setup->config->remote_port),
		    LOG_S("hint", "no mail reaches the Internet by this port, and mail exchangers "
		          "on loopback are connected to"));
}

static void drop_setup(struct gateway_delivery *d)
{
	explicit_bzero((char *)(uintptr_t)d->password.p, d->password.n);
	free((char *)(uintptr_t)d->password.p);
	free(d->hostname);
	free(d->own);
	gateway_routes_destroy(d->routes);
	gateway_tls_policies_destroy(d->policies);
}

struct gateway_delivery *gateway_delivery_create(const struct gateway_delivery_setup *setup)
{
	struct gateway_delivery *d = mem_zalloc(sizeof(*d));
	take_setup(d, setup);
	hash_key_init(&d->key);
	d->tls = gateway_carrier_tls(false);
	d->verified = gateway_carrier_tls(true);
	d->wake = loop_timer_create(setup->loop, on_wake, d);
	d->sweep = loop_timer_create(setup->loop, on_sweep, d);
	loop_timer_arm(d->sweep, SWEEP_MS);
	return d;
}

void gateway_delivery_queue(struct gateway_delivery *d, struct gateway_queue *q)
{
	d->queue = q;
}

void gateway_delivery_drain(struct gateway_delivery *d)
{
	d->draining = true;
	delivery_box_stop(d);
}

bool gateway_delivery_is_busy(const struct gateway_delivery *d)
{
	if (d->batch)
		return true;
	for (const struct delivery_destination *to = d->all; to; to = to->all_next)
		for (const struct delivery_session *s = to->sessions; s; s = s->next)
			if (s->loaded)
				return true;
	return false;
}

void gateway_delivery_destroy(struct gateway_delivery *d)
{
	if (!d)
		return;
	delivery_box_abandon(d);
	while (d->all) {
		struct delivery_destination *to = d->all;
		while (to->sessions)
			delivery_session_abandon(to->sessions);
		for (struct gateway_rcpt *r; (r = delivery_line_take(&to->waiting));)
			delivery_give_back(d, r);
		delivery_destination_free(to);
	}
	assert(d->sessions == 0 && d->text_bytes == 0);
	loop_timer_destroy(d->wake);
	loop_timer_destroy(d->sweep);
	SSL_CTX_free(d->tls);
	SSL_CTX_free(d->verified);
	drop_setup(d);
	free(d);
}

/* What waits goes by the new ways; what is carried just now ends by the old one. */
static void reroute(struct gateway_delivery *d)
{
	struct delivery_line moved = { 0 };
	for (struct delivery_destination *to = d->all, *next; to; to = next) {
		next = to->all_next;
		delivery_destination_unlist(to);
		for (struct gateway_rcpt *r; (r = delivery_line_take(&to->waiting));) {
			r->owner = NULL;
			delivery_line_add(&moved, r);
		}
		delivery_sessions_retire(to);
		delivery_destination_cease(to);
		to->pause_until_ms = 0;
		delivery_destination_turn(to);
	}
	for (struct gateway_rcpt *r; (r = delivery_line_take(&moved));)
		gateway_delivery_due(d, r);
}

void gateway_delivery_reload(struct gateway_delivery *d,
                             const struct gateway_delivery_setup *setup)
{
	drop_setup(d);
	take_setup(d, setup);
	reroute(d);
}

/* ---- for the operator ------------------------------------------------------------------------ */

bool gateway_delivery_destination(const struct gateway_delivery *d, size_t index,
                                  struct gateway_destination *out)
{
	const struct delivery_destination *to = d->all;
	while (to && index-- > 0)
		to = to->all_next;
	if (!to)
		return false;
	int64_t pause_ms = to->pause_until_ms - loop_now_ms(d->setup.loop);
	*out = (struct gateway_destination){
		.name = to->name, .waiting = (unsigned)to->waiting.n,
		.sessions = to->session_count, .limit = to->limit,
		.pause_ms = pause_ms > 0 ? pause_ms : 0, .why = to->why,
	};
	return true;
}
