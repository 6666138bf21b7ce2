/* SPDX-License-Identifier: ISC
 *
 * Role dnsbl: answers DNS with the list as the store has it. The loop answers; what follows the
 * store is a thread of its own. It can read the list and nothing else; it makes no connection.
 *
 * Hostile input that reaches it: DNS messages of anyone, through blocklist/server.h.
 */
#include "blocklist/follower.h"
#include "blocklist/server.h"
#include "roles/role.h"

#include <assert.h>

struct dnsbl {
	struct blocklist_zones *zones;
	struct blocklist_handover handover;      /* from the thread to the loop */
	struct blocklist_follower *follower;     /* the thread's; orders come from the loop */
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

/* ERR_INVALID: these are wrong, which dnsbl_config_check() should have found before they came
 * here. */
static int make_zones(const struct settings *settings, struct blocklist_zones **out,
                      struct buf *message)
{
	int e = blocklist_zones_configure(&settings->dnsbl, out, message);
	if (e != ERR_OK)
		LOG(LOG_ERROR, "check-missed", LOG_S("check", "dnsbl_config_check"));
	return e;
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

static struct blocklist_orders orders_of(const struct dnsbl *d, const struct settings *settings)
{
	struct blocklist_orders orders = {
		.outputs = blocklist_zones_show(d->zones, BLOCKLIST_OUTPUTS),
		.notes = blocklist_zones_need_notes(d->zones),
		.clock_jump_max_s = settings->store.clock_jump_max_s,
	};
	settings_fuse(settings, &orders.fuse);
	return orders;
}

/* The database's own files, not its directory, which holds keys. */
static void dnsbl_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	(void)settings;
	out->box.sockets = SANDBOX_ACCEPT | SANDBOX_DATAGRAMS;
	out->box.thread = true;
	role_may_read_list(out);
}

static int dnsbl_prepare(struct role_context *ctx, struct buf *message)
{
	struct dnsbl *d = ctx->own;
	return make_zones(ctx->opened_with, &d->zones, message);
}

static int dnsbl_open(struct role_context *ctx, struct buf *message)
{
	struct dnsbl *d = ctx->own;
	struct blocklist_limits limits = limits_of(ctx->opened_with);
	struct blocklist_orders orders = orders_of(d, ctx->opened_with);
	(void)message;
	d->follower = blocklist_follower_create(ctx->store, &d->handover, &orders);
	/* Who is ready can answer. */
	blocklist_follower_step(d->follower);
	d->server = blocklist_server_create(ctx->loop, d->zones, &d->handover, &limits);
	for (size_t i = 0; i < ctx->socket_count; i++) {
		const struct role_socket *s = &ctx->sockets[i];
		if (s->kind == ROLE_UDP)
			blocklist_server_add_udp(d->server, s->fd);
		else
			blocklist_server_add_tcp(d->server, s->fd);
	}
	return ERR_OK;
}

/* A store that is slow delays no answer: that is another thread. */
static int64_t dnsbl_step(struct role_context *ctx)
{
	struct dnsbl *d = ctx->own;
	return blocklist_follower_step(d->follower);
}

/* The old zones stay if the new ones are wrong. */
static void dnsbl_take_over(struct role_context *ctx)
{
	struct dnsbl *d = ctx->own;
	struct blocklist_zones *zones;
	struct buf message = { 0 };
	struct blocklist_limits limits = limits_of(ctx->settings);
	if (make_zones(ctx->settings, &zones, &message) == ERR_OK) {
		blocklist_server_zones(d->server, zones);
		blocklist_server_limits(d->server, &limits);
		blocklist_zones_destroy(d->zones);
		d->zones = zones;
		struct blocklist_orders orders = orders_of(d, ctx->settings);
		blocklist_follower_order(d->follower, &orders);
	} else {
		LOG(LOG_ERROR, "settings-kept", LOG_S("why", buf_cstr(&message)));
	}
	buf_fini(&message);
}

/* There is no step any more: what was read is served. */
static void dnsbl_serve_on(struct role_context *ctx)
{
	(void)ctx;
}

static void dnsbl_word(const struct role_context *ctx, struct running_word *word)
{
	struct dnsbl *d = ctx->own;
	const struct blocklist_edition *e = blocklist_handover_take(&d->handover);
	word->has_list = e && e->lists[BLOCKLIST_INPUTS];
	if (!word->has_list)
		return;
	size_t entries = blocklist_index_count(e->lists[BLOCKLIST_INPUTS]);
	assert(entries >= BLOCKLIST_TEST_ENTRIES);
	word->listed = entries - BLOCKLIST_TEST_ENTRIES;
	word->serial = e->serial;
}

static size_t dnsbl_counters(const struct role_context *ctx,
                             struct log_field fields[static ROLE_COUNTERS_MAX])
{
	struct dnsbl *d = ctx->own;
	struct running_word word = { 0 };
	size_t n = blocklist_counters_fields(blocklist_server_counters(d->server), fields);
	dnsbl_word(ctx, &word);
	fields[n++] = LOG_I("serial", word.serial);
	fields[n++] = LOG_I("entries", word.has_list ? word.listed + BLOCKLIST_TEST_ENTRIES : 0);
	return n;
}
_Static_assert((int)BLOCKLIST_COUNTERS_FIELDS + 2 <= (int)ROLE_COUNTERS_MAX, "they fit");

static void dnsbl_close(struct role_context *ctx)
{
	struct dnsbl *d = ctx->own;
	blocklist_server_destroy(d->server);
	blocklist_follower_destroy(d->follower);
	blocklist_handover_fini(&d->handover);
	blocklist_zones_destroy(d->zones);
}

const struct role role_dnsbl = {
	.name = "dnsbl", .may_write = STORE_READS, .waits_for_store = true,
	.own_bytes = sizeof(struct dnsbl), .sockets = dnsbl_sockets, .prepare = dnsbl_prepare,
	.open = dnsbl_open, .sandbox = dnsbl_sandbox, .step = dnsbl_step,
	.without = "DNS serves the list as it was read last",
	.word = dnsbl_word, .counters = dnsbl_counters,
	.reload = dnsbl_take_over, .store_replaced = dnsbl_serve_on, .close = dnsbl_close,
};
