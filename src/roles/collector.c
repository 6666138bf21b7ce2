/* SPDX-License-Identifier: ISC
 *
 * Role collector: the SMTP server at which probes come back and admins ask for retests. It
 * adds returns and requests, and can write nothing else of the store; it makes no connection. The
 * loop has all of that; mail for people is delivered in a thread of its own.
 *
 * Hostile input that reaches it: SMTP of anyone, through relaytest/collector.h.
 */
#include "base/syncer.h"
#include "base/tls.h"
#include "roles/role.h"

#include <assert.h>

struct collector_role {
	SSL_CTX *tls;
	int fds[ROLE_SOCKETS_MAX];
	struct endpoint at[ROLE_SOCKETS_MAX];
	struct syncer *syncer;           /* its thread delivers mail */
	struct collector *collector;
	struct collector_counters counters;      /* over all reloads */
};

enum { MAILS_WAITING_MAX = 100 };

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

/* A key may be readable by root alone. */
static size_t collector_files(const struct settings *settings, const char *paths[static FILES_MAX])
{
	paths[0] = settings->collector.certificate;
	paths[1] = settings->collector.key;
	return 2;
}

/* *out stays NULL where none is set. */
static int read_tls(const struct role_context *ctx, SSL_CTX **out, struct buf *message)
{
	const struct collector_config *config = &ctx->settings->collector;
	struct buf certificate = { 0 }, key = { 0 };
	int e = ERR_OK;
	if (config->certificate[0]) {
		files_read(ctx->files_fd, 0, &certificate);     /* what is missing is told below */
		files_read(ctx->files_fd, 1, &key);
		const struct tls_pem pem = {
			.certificate = config->certificate, .key = config->key,
			.certificate_text = buf_str(&certificate), .key_text = buf_str(&key) };
		e = tls_server_create_from("collector", &pem, out, message);
		OPENSSL_cleanse(key.p, key.n);
	}
	buf_fini(&certificate);
	buf_fini(&key);
	return e;
}

/* The settings' check has loaded both; if the files have changed since (half a renewal, say), what
 * was loaded before stays. At the start that is nothing: what comes back is still taken, without
 * STARTTLS, which mail servers do not insist on. */
static void load_tls(struct role_context *ctx)
{
	struct collector_role *c = ctx->own;
	struct buf message = { 0 };
	SSL_CTX *fresh = NULL;
	int e = read_tls(ctx, &fresh, &message);
	if (e == ERR_OK) {
		SSL_CTX_free(c->tls);
		c->tls = fresh;
	} else {
		LOG(LOG_ERROR, c->tls ? "certificate-kept" : "no-starttls",
		    LOG_S("why", buf_cstr(&message)));
	}
	buf_fini(&message);
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
	out->box.thread = true;
	role_may_read_list(out);
	role_may_read_keys(out);
	role_may_write(out, "returns");
	role_may_write(out, "mail");
}

static void create_collector(struct role_context *ctx)
{
	struct collector_role *c = ctx->own;
	for (size_t i = 0; i < ctx->socket_count; i++) {
		c->fds[i] = ctx->sockets[i].fd;
		c->at[i] = ctx->sockets[i].at;
	}
	struct collector_setup setup = {
		.loop = ctx->loop, .syncer = c->syncer, .store = ctx->store,
		.unknown_key = unknown_key, .arg = ctx,
		.tls = c->tls, .listen_fds = c->fds, .listen_at = c->at,
		.listen_count = ctx->socket_count, .counters = &c->counters,
	};
	c->collector = assembly_collector_create(ctx->settings, &ctx->keys, &setup);
}

static int collector_open(struct role_context *ctx, struct buf *message)
{
	struct collector_role *c = ctx->own;
	c->syncer = syncer_create(ctx->loop, MAILS_WAITING_MAX);
	if (!c->syncer) {
		buf_add_cstr(message, "no descriptor is left to be woken by");
		return ERR_LIMIT;
	}
	load_tls(ctx);
	create_collector(ctx);
	return ERR_OK;
}

/* Behind the sandbox, so that the thread is in it. */
static int collector_start(struct role_context *ctx, struct buf *message)
{
	struct collector_role *c = ctx->own;
	int e = syncer_start(c->syncer);
	if (e != ERR_OK)
		buf_add_cstr(message, "no second thread can be started");
	return e;
}

/* Open sessions end with 421: their clients come again. */
static void collector_take_over(struct role_context *ctx)
{
	struct collector_role *c = ctx->own;
	collector_destroy(c->collector);
	load_tls(ctx);
	create_collector(ctx);
}

static int64_t collector_since_ms(const struct role_context *ctx)
{
	const struct collector_role *c = ctx->own;
	return syncer_since_ms(c->syncer);
}

static size_t collector_count(const struct role_context *ctx,
                              struct log_field fields[static ROLE_COUNTERS_MAX])
{
	const struct collector_role *c = ctx->own;
	return collector_counters_fields(&c->counters, fields);
}

static void collector_close(struct role_context *ctx)
{
	struct collector_role *c = ctx->own;
	/* Whose mail waits for the disk gets its answer before the 421, or nobody's 250. */
	int e = c->syncer ? syncer_stop(c->syncer, ctx->stop_limit_ms) : ERR_OK;
	collector_destroy(c->collector);
	if (e != ERR_OK)
		role_abandon(ctx);
	syncer_destroy(c->syncer);
	SSL_CTX_free(c->tls);
}

const struct role role_collector = {
	.name = "collector", .may_write = STORE_RETURNS, .keys = ROLE_TOKEN_KEYS, .upkeep = true,
	.own_bytes = sizeof(struct collector_role), .sockets = collector_sockets,
	.files = collector_files, .open = collector_open,
	.sandbox = collector_sandbox, .start = collector_start, .since_ms = collector_since_ms,
	.without = "mail for people waits for the disk",
	.counters = collector_count, .reload = collector_take_over, .close = collector_close,
};
