/* SPDX-License-Identifier: ISC
 *
 * Role collector: the SMTP server at which probes come back and admins ask for retests. It
 * adds returns and requests, and can write nothing else of the store; it makes no connection.
 *
 * Hostile input that reaches it: SMTP of anyone, through relaytest/collector.h.
 */
#include "base/tls.h"
#include "roles/role.h"

#include <assert.h>
#include <sys/stat.h>

struct collector_role {
	SSL_CTX *tls;
	int fds[ROLE_SOCKETS_MAX];
	struct endpoint at[ROLE_SOCKETS_MAX];
	struct collector *collector;
};

static size_t collector_sockets(const struct settings *settings, struct role_socket *out,
                                size_t max)
{
	const struct config_endpoints *listen = &settings->collector.listen;
	size_t n = 0;
	assert(listen->n <= max && "collector.listen allows more than a role may have");
	for (size_t i = 0; i < listen->n; i++)
		out[n++] = (struct role_socket){ .kind = ROLE_TCP, .at = listen->v[i], .fd = -1 };
	return n;
}

/* Before the user changes: a key may be readable by root alone. The settings' check has loaded
 * both; if the files have changed since (half a renewal, say), what comes back is still taken,
 * without STARTTLS, which mail servers do not insist on. */
static int load_tls(struct role_context *ctx, struct buf *message)
{
	const struct collector_config *config = &ctx->settings->collector;
	struct collector_role *c = ctx->own;
	if (*config->certificate &&
	    tls_server_create("collector", config->certificate, config->key, &c->tls, message))
		LOG(LOG_ERROR, "no-starttls", LOG_S("why", buf_cstr(message)));
	buf_clear(message);
	return ERR_OK;
}

/* There may have been a rotation. */
static void unknown_key(void *arg)
{
	struct role_context *ctx = arg;
	struct buf message = { 0 };
	int e = assembly_keys_load(&ctx->keys, false, &message);
	LOG(e == ERR_OK ? LOG_INFO : LOG_ERROR, "keys-read-again",
	    LOG_S("result", e == ERR_OK ? "ok" : buf_cstr(&message)));
	buf_fini(&message);
}

static void collector_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	(void)settings;
	out->box.sockets = SANDBOX_ACCEPT;
	role_may_read_list(out);
	role_may_read_keys(out);
	role_may_write(out, "returns");
	role_may_write(out, "mail");
}

static int create_collector(struct role_context *ctx, struct buf *message)
{
	struct collector_role *c = ctx->own;
	(void)message;
	for (size_t i = 0; i < ctx->socket_count; i++) {
		c->fds[i] = ctx->sockets[i].fd;
		c->at[i] = ctx->sockets[i].at;
	}
	struct collector_setup setup = {
		.loop = ctx->loop, .store = ctx->store, .unknown_key = unknown_key, .arg = ctx,
		.tls = c->tls, .listen_fds = c->fds, .listen_at = c->at,
		.listen_count = ctx->socket_count,
	};
	c->collector = assembly_collector_create(ctx->settings, &ctx->keys, &setup);
	return ERR_OK;
}

/* Open sessions end with 421: their clients come again. */
static void collector_take_over(struct role_context *ctx)
{
	struct collector_role *c = ctx->own;
	collector_destroy(c->collector);
	create_collector(ctx, NULL);
}

static bool changed_since(const char *path, int64_t time_ms)
{
	struct stat st;
	return path[0] && stat(path, &st) == 0 &&
	       (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000 > time_ms;
}

/* Behind its sandbox the role cannot read them again: a renewed one waits, too. */
static void compare(const struct settings *old, const struct settings *fresh, int64_t started_ms)
{
	const struct collector_config *a = &old->collector, *b = &fresh->collector;
	if (strcmp(a->certificate, b->certificate) != 0 ||
	    changed_since(b->certificate, started_ms))
		role_needs_restart("collector", "certificate");
	if (strcmp(a->key, b->key) != 0 || changed_since(b->key, started_ms))
		role_needs_restart("collector", "key");
}

static void collector_close(struct role_context *ctx)
{
	struct collector_role *c = ctx->own;
	collector_destroy(c->collector);
	SSL_CTX_free(c->tls);
}

const struct role role_collector = {
	.name = "collector", .may_write = STORE_RETURNS, .keys = ROLE_TOKEN_KEYS, .upkeep = true,
	.own_bytes = sizeof(struct collector_role), .sockets = collector_sockets,
	.compare = compare, .prepare = load_tls, .open = create_collector,
	.sandbox = collector_sandbox, .reload = collector_take_over, .close = collector_close,
};
