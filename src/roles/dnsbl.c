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
#include "roles/watch.h"
#include "settings/state.h"
#include "store/sqlite.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum { STORE_TRIES = 300, STORE_RETRY_MS = 100 };

struct dnsbl {
	struct role_context *ctx;
	struct blocklist_zone *zones;    /* as many as the state has views */
	struct blocklist_state state;
	struct store *store;
	struct blocklist_follower *follower;
	struct blocklist_server *server;
	struct watch *watch;
	bool stopping;
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

/* At the first start of a machine another role is just making the database, or putting aside
 * what one that was replaced has left. */
static int open_store(struct dnsbl *d, struct buf *message)
{
	int e = ERR_NOT_FOUND;
	for (int i = 0; i < STORE_TRIES && !d->stopping; i++) {
		buf_clear(message);
		if (i > 0)
			loop_run_once(d->ctx->loop, STORE_RETRY_MS);
		e = store_sqlite_open(STATE_HERE, STORE_DNSBL, &d->store, message);
		if (e != ERR_NOT_FOUND && e != ERR_BUSY && e != ERR_AGAIN)
			break;
	}
	return e;
}

/* The database's own files, not its directory, which holds keys. */
static void dnsbl_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	(void)settings;
	out->box.sockets = SANDBOX_ACCEPT | SANDBOX_DATAGRAMS;
	role_may_read_list(out);
}

static int open_all(struct dnsbl *d, struct buf *message)
{
	const struct settings *settings = d->ctx->settings;
	struct blocklist_limits limits = limits_of(settings);
	int e = make_zones(d, settings, message);
	if (e == ERR_OK)
		e = state_enter(settings, 0, message);
	if (e == ERR_OK)
		e = open_store(d, message);
	if (e != ERR_OK)
		return e;
	settings_rules(settings, d->store);
	d->follower = blocklist_follower_create(d->ctx->loop, d->store, &d->state);
	blocklist_follower_poll(d->follower);    /* what it says of an error is in the log */
	d->server = blocklist_server_create(d->ctx->loop, &d->state, &limits);
	for (size_t i = 0; i < d->ctx->socket_count; i++) {
		const struct role_socket *s = &d->ctx->sockets[i];
		if (s->kind == ROLE_UDP)
			blocklist_server_add_udp(d->server, s->fd);
		else
			blocklist_server_add_tcp(d->server, s->fd);
	}
	return role_enter_sandbox(&role_dnsbl, settings, message);
}

/* The locks of what was replaced would stop who opens the new one. */
static void serve_on(void *arg)
{
	struct dnsbl *d = arg;
	blocklist_follower_stop(d->follower);
	store_close(d->store);
	d->store = NULL;
	role_tell_replaced(d->ctx);
}

static void on_term(void *arg)
{
	struct dnsbl *d = arg;
	d->stopping = true;
	loop_stop(d->ctx->loop);
}

static void on_hup(void *arg, const struct settings *settings)
{
	struct dnsbl *d = arg;
	struct buf message = { 0 };
	struct blocklist_limits limits = limits_of(settings);
	if (make_zones(d, settings, &message) == ERR_OK) {
		if (d->store)
			settings_rules(settings, d->store);
		blocklist_follower_reread(d->follower);
		blocklist_server_limits(d->server, &limits);
	} else {
		LOG(LOG_ERROR, "settings-kept", LOG_S("why", buf_cstr(&message)));
	}
	buf_fini(&message);
}

static void close_all(struct dnsbl *d)
{
	watch_destroy(d->watch);
	blocklist_server_destroy(d->server);
	blocklist_follower_destroy(d->follower);
	store_close(d->store);
	free(d->zones);
	for (size_t i = 0; i < d->ctx->socket_count; i++)
		close(d->ctx->sockets[i].fd);
}

static int exit_code(int err)
{
	return err == ERR_INVALID ? EX_CONFIG : err == ERR_DENIED ? EX_NOPERM :
	       err == ERR_NOT_FOUND ? EX_UNAVAILABLE : EX_TEMPFAIL;
}

static int dnsbl_run(struct role_context *ctx)
{
	struct dnsbl d = { .ctx = ctx };
	struct buf message = { 0 };
	ctx->arg = &d;
	ctx->on_term = on_term;
	int e = open_all(&d, &message);
	if (e == ERR_OK) {
		ctx->on_hup = on_hup;
		d.watch = watch_create(ctx->loop, d.store);
		watch_stay(d.watch, serve_on, &d);
		ctx->ready(ctx);
		if (!d.stopping)
			loop_run(ctx->loop);
	} else if (!d.stopping) {
		LOG(LOG_ERROR, "cannot-start", LOG_S("why", buf_cstr(&message)));
	}
	bool replaced = watch_replaced(d.watch);
	close_all(&d);
	buf_fini(&message);
	if (replaced)
		return ROLE_STORE_REPLACED;
	return e == ERR_OK || d.stopping ? EX_OK : exit_code(e);
}

const struct role role_dnsbl = {
	.name = "dnsbl", .sockets = dnsbl_sockets, .sandbox = dnsbl_sandbox, .run = dnsbl_run,
};
