/* SPDX-License-Identifier: ISC
 *
 * Role witness: says to who has a key by what addresses it reaches the hosts of that key. It has no
 * store and none of our keys; it may connect out.
 *
 * Hostile input that reaches it: connections of anybody, and what name servers and the visited
 * servers send, through witness/service.h.
 */
#include "roles/role.h"
#include "witness/service.h"

#include <assert.h>

struct witness_role {
	struct dns_resolver *resolver;
	struct witness_keys keys;
	struct witness_service *service;
	struct witness_counters counters;        /* over all reloads */
	int fds[ROLE_SOCKETS_MAX];
};

static size_t witness_sockets(const struct settings *settings, struct role_socket *out, size_t max)
{
	const struct config_endpoints *listen = &settings->witness.listen;
	size_t n = 0;
	assert(listen->n <= max && "witness.listen allows more than a role may have");
	for (size_t i = 0; i < listen->n; i++)
		out[n++] = (struct role_socket){ .kind = ROLE_TCP, .at = listen->v[i], .fd = -1 };
	return n;
}

/* Root's alone: who can read it can ask. */
static size_t witness_files(const struct settings *settings, const char *paths[static FILES_MAX])
{
	paths[0] = settings->witness.keys;
	return 1;
}

/* The settings' check has read the file; if it has changed since into what cannot be read, the keys
 * that there were stay. At the start these are none, and nobody is answered. */
static void load_keys(struct role_context *ctx)
{
	struct witness_role *w = ctx->own;
	struct witness_keys fresh = { 0 };
	struct buf text = { 0 }, message = { 0 };
	const char *path = ctx->settings->witness.keys;
	int e = files_read(ctx->files_fd, 0, &text);
	if (e == ERR_OK)
		e = witness_keys_parse(path, buf_str(&text), &fresh, &message);
	else
		buf_printf(&message, "%s: expected keys, found none", path);
	if (e == ERR_OK) {
		witness_keys_fini(&w->keys);
		w->keys = fresh;
		LOG(LOG_INFO, "witness-keys", LOG_I("keys", (int64_t)w->keys.n));
	} else {
		LOG(LOG_ERROR, "witness-keys-kept", LOG_I("keys", (int64_t)w->keys.n),
		    LOG_S("why", buf_cstr(&message)));
	}
	if (text.n)
		OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	buf_fini(&message);
}

static int create_service(struct role_context *ctx, struct buf *message)
{
	struct witness_role *w = ctx->own;
	for (size_t i = 0; i < ctx->socket_count; i++)
		w->fds[i] = ctx->sockets[i].fd;
	const struct witness_service_setup setup = {
		.loop = ctx->loop, .name = ctx->settings->general.hostname,
		.config = &ctx->settings->witness, .keys = &w->keys,
		.resolver = w->resolver, .counters = &w->counters,
		.listen_fds = w->fds, .listen_count = ctx->socket_count,
	};
	return witness_service_create(&setup, &w->service, message);
}

static int witness_open(struct role_context *ctx, struct buf *message)
{
	struct witness_role *w = ctx->own;
	const struct config_endpoints *servers = &ctx->opened_with->general.resolver;
	int e = dns_resolver_create(ctx->loop, servers->v, servers->n, NULL, &w->resolver);
	if (e != ERR_OK) {
		buf_add_cstr(message, "the resolver cannot be set up");
		return e;
	}
	load_keys(ctx);
	return create_service(ctx, message);
}

static void witness_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	(void)settings;
	out->box.sockets = SANDBOX_ACCEPT | SANDBOX_CONNECT;
	role_may_read(out, "/etc/resolv.conf");
	role_may_read(out, "/etc/hosts");
}

/* Open sessions end: their clients ask again. */
static void witness_take_over(struct role_context *ctx)
{
	struct witness_role *w = ctx->own;
	struct buf message = { 0 };
	witness_service_destroy(w->service);
	w->service = NULL;
	load_keys(ctx);
	if (create_service(ctx, &message) != ERR_OK)
		LOG(LOG_ERROR, "no-witness", LOG_S("why", buf_cstr(&message)));
	buf_fini(&message);
}

static size_t witness_count(const struct role_context *ctx,
                            struct log_field fields[static ROLE_COUNTERS_MAX])
{
	const struct witness_role *w = ctx->own;
	return witness_counters_fields(&w->counters, fields);
}
_Static_assert((int)WITNESS_COUNTERS_FIELDS <= (int)ROLE_COUNTERS_MAX, "they fit");

static void witness_close(struct role_context *ctx)
{
	struct witness_role *w = ctx->own;
	witness_service_destroy(w->service);
	dns_resolver_destroy(w->resolver);
	witness_keys_fini(&w->keys);
}

const struct role role_witness = {
	.name = "witness", .no_store = true, .own_bytes = sizeof(struct witness_role),
	.sockets = witness_sockets, .files = witness_files, .open = witness_open,
	.sandbox = witness_sandbox, .counters = witness_count, .reload = witness_take_over,
	.close = witness_close,
};
