/* SPDX-License-Identifier: ISC
 *
 * Role dnsbl: answers DNS with the list as the store has it. It can read the list and
 * nothing else; it makes no connection.
 *
 * Hostile input that reaches it: DNS messages of anyone, through blocklist/server.h.
 */
#include "base/mem.h"
#include "blocklist/follower.h"
#include "blocklist/server.h"
#include "roles/role.h"

#include <assert.h>
#include <stdlib.h>

struct dnsbl {
	struct blocklist_zone *zones;    /* as many as the state has views */
	struct blocklist_state state;
	struct blocklist_follower *follower;
	struct blocklist_server *server;
};

static size_t dnsbl_sockets(const struct settings *settings, struct role_socket *out, size_t max)
{
	const struct config_endpoints *listen = &settings->dnsbl.listen;
	size_t n = 0;
	for (size_t i = 0; i < listen->n; i++) {
		assert(n + 2 <= max && "dnsbl.listen allows more than a role may have");
		out[n++] = (struct role_socket){ .kind = ROLE_UDP, .at = listen->v[i], .fd = -1 };
		out[n++] = (struct role_socket){ .kind = ROLE_TCP, .at = listen->v[i], .fd = -1 };
	}
	return n;
}

/* New zones from the settings; the old ones stay if these are wrong, which
 * dnsbl_config_check() should have found before they came here. */
static int make_zones(struct dnsbl *d, const struct settings *settings, struct buf *message)
{
	const struct dnsbl_config *config = &settings->dnsbl;
	size_t n = config->output_zone[0] ? 2 : 1;
	struct blocklist_zone *zones = mem_array(n, sizeof(*zones));
	int e = blocklist_zone_init(&zones[0], config, false, message);
	if (e == ERR_OK && n > 1)
		e = blocklist_zone_init(&zones[1], config, true, message);
	if (e != ERR_OK) {
		LOG(LOG_ERROR, "check-missed", LOG_S("check", "dnsbl_config_check"));
		free(zones);
		return e;
	}
	for (size_t i = 0; i < n; i++)
		d->state.views[i].zone = &zones[i];
	d->state.view_count = n;
	free(d->zones);
	d->zones = zones;
	return ERR_OK;
}

static struct blocklist_limits limits_of(const struct settings *settings)
{
	const struct dnsbl_config *config = &settings->dnsbl;
	return (struct blocklist_limits){
		.tcp_sessions = (unsigned)config->tcp_sessions,
		.tcp_sessions_per_host = (unsigned)config->tcp_sessions_per_host,
		.tcp_timeout_ms = config->tcp_timeout_s * 1000,
		.rrl_rate = (unsigned)config->rrl_rate,
	};
}

/* The database's own files, not its directory, which holds keys. */
static void dnsbl_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	(void)settings;
	out->box.sockets = SANDBOX_ACCEPT | SANDBOX_DATAGRAMS;
	role_may_read_list(out);
}

static int dnsbl_prepare(struct role_context *ctx, struct buf *message)
{
	return make_zones(ctx->own, ctx->opened_with, message);
}

static int dnsbl_open(struct role_context *ctx, struct buf *message)
{
	struct dnsbl *d = ctx->own;
	struct blocklist_limits limits = limits_of(ctx->opened_with);
	(void)message;
	d->follower = blocklist_follower_create(ctx->loop, ctx->store, &d->state);
	blocklist_follower_poll(d->follower);    /* what it says of an error is in the log */
	d->server = blocklist_server_create(ctx->loop, &d->state, &limits);
	for (size_t i = 0; i < ctx->socket_count; i++) {
		const struct role_socket *s = &ctx->sockets[i];
		if (s->kind == ROLE_UDP)
			blocklist_server_add_udp(d->server, s->fd);
		else
			blocklist_server_add_tcp(d->server, s->fd);
	}
	return ERR_OK;
}

static void dnsbl_take_over(struct role_context *ctx)
{
	struct dnsbl *d = ctx->own;
	struct buf message = { 0 };
	struct blocklist_limits limits = limits_of(ctx->settings);
	if (make_zones(d, ctx->settings, &message) == ERR_OK) {
		blocklist_follower_reread(d->follower);
		blocklist_server_limits(d->server, &limits);
	} else {
		LOG(LOG_ERROR, "settings-kept", LOG_S("why", buf_cstr(&message)));
	}
	buf_fini(&message);
}

static void dnsbl_serve_on(struct role_context *ctx)
{
	struct dnsbl *d = ctx->own;
	blocklist_follower_stop(d->follower);
}

static void dnsbl_close(struct role_context *ctx)
{
	struct dnsbl *d = ctx->own;
	blocklist_server_destroy(d->server);
	blocklist_follower_destroy(d->follower);
	free(d->zones);
}

const struct role role_dnsbl = {
	.name = "dnsbl", .may_write = STORE_READS, .waits_for_store = true,
	.own_bytes = sizeof(struct dnsbl), .sockets = dnsbl_sockets, .prepare = dnsbl_prepare,
	.open = dnsbl_open, .sandbox = dnsbl_sandbox, .reload = dnsbl_take_over,
	.store_replaced = dnsbl_serve_on, .close = dnsbl_close,
};
