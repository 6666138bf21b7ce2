/* SPDX-License-Identifier: ISC
 *
 * Role collector: the SMTP server at which probes come back and admins ask for retests. It
 * adds returns and requests, and can write nothing else of the store; it makes no connection.
 *
 * Hostile input that reaches it: SMTP of anyone, through relaytest/collector.h.
 */
#include "base/mem.h"
#include "base/tls.h"
#include "relaytest/collector.h"
#include "roles/role.h"
#include "roles/upkeep.h"
#include "roles/watch.h"
#include "settings/state.h"
#include "store/keys.h"
#include "store/sqlite.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct collector_role {
	struct role_context *ctx;
	struct store *store;
	struct token_signer signer;
	bool has_signer;
	SSL_CTX *tls;
	int fds[ROLE_SOCKETS_MAX];
	struct endpoint at[ROLE_SOCKETS_MAX];
	struct collector *collector;
	struct upkeep *upkeep;
	struct watch *watch;
	bool stopping;
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
static void load_tls(struct collector_role *c)
{
	const struct collector_config *config = &c->ctx->settings->collector;
	struct buf message = { 0 };
	if (*config->certificate &&
	    tls_server_create("collector", config->certificate, config->key, &c->tls, &message))
		LOG(LOG_ERROR, "no-starttls", LOG_S("why", buf_cstr(&message)));
	buf_fini(&message);
}

/* The state directory is the current one: in the sandbox there may be no way to it. */
static int load_keys(struct collector_role *c, struct buf *message)
{
	struct token_keys keys;
	int e = keys_token_load(STATE_HERE, &keys, message);
	if (e != ERR_OK)
		return e;
	if (c->has_signer)
		token_signer_fini(&c->signer);
	token_signer_init(&c->signer, &keys);
	c->has_signer = true;
	keys_token_fini(&keys);
	return ERR_OK;
}

static void unknown_key(void *arg)
{
	struct buf message = { 0 };
	int e = load_keys(arg, &message);
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

static void create_collector(struct collector_role *c)
{
	const struct settings *s = c->ctx->settings;
	for (size_t i = 0; i < c->ctx->socket_count; i++) {
		c->fds[i] = c->ctx->sockets[i].fd;
		c->at[i] = c->ctx->sockets[i].at;
	}
	struct collector_setup setup = {
		.loop = c->ctx->loop, .store = c->store, .signer = &c->signer,
		.unknown_key = unknown_key, .arg = c, .config = &s->collector, .tester = &s->tester,
		.hostname = s->general.hostname,
		.mail_directory = "mail", .tls = c->tls, .listen_fds = c->fds,
		.listen_at = c->at, .listen_count = c->ctx->socket_count,
	};
	c->collector = collector_create(&setup);
}

static int open_all(struct collector_role *c, struct buf *message)
{
	const struct settings *s = c->ctx->settings;
	load_tls(c);
	int e = state_enter(s, 0, message);
	if (e == ERR_OK)
		e = load_keys(c, message);
	if (e == ERR_OK)
		e = store_sqlite_open(STATE_HERE, STORE_COLLECTOR, &c->store, message);
	if (e != ERR_OK)
		return e;
	settings_rules(s, c->store);
	create_collector(c);
	return role_enter_sandbox(&role_collector, s, message);
}

static void on_term(void *arg)
{
	struct collector_role *c = arg;
	c->stopping = true;
	loop_stop(c->ctx->loop);
}

/* Open sessions end with 421: their clients come again. */
static void on_hup(void *arg, const struct settings *settings)
{
	struct collector_role *c = arg;
	c->ctx->settings = settings;
	collector_destroy(c->collector);
	create_collector(c);
	settings_rules(settings, c->store);
	upkeep_reload(c->upkeep, settings);
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

static void close_all(struct collector_role *c)
{
	watch_destroy(c->watch);
	upkeep_destroy(c->upkeep);
	collector_destroy(c->collector);
	store_close(c->store);
	SSL_CTX_free(c->tls);
	if (c->has_signer)
		token_signer_fini(&c->signer);
	for (size_t i = 0; i < c->ctx->socket_count; i++)
		close(c->ctx->sockets[i].fd);
}

static int collector_role_run(struct role_context *ctx)
{
	struct collector_role c = { .ctx = ctx };
	struct buf message = { 0 };
	ctx->arg = &c;
	ctx->on_term = on_term;
	int e = open_all(&c, &message);
	if (e == ERR_OK) {
		ctx->on_hup = on_hup;
		c.upkeep = upkeep_create(ctx->loop, c.store, ctx->settings);
		c.watch = watch_create(ctx->loop, c.store);
		ctx->ready(ctx);
		if (!c.stopping)
			loop_run(ctx->loop);
	} else {
		LOG(LOG_ERROR, "cannot-start", LOG_S("why", buf_cstr(&message)));
	}
	bool replaced = watch_replaced(c.watch);
	close_all(&c);
	buf_fini(&message);
	if (replaced)
		return ROLE_STORE_REPLACED;
	return e == ERR_OK ? EX_OK : e == ERR_INVALID ? EX_CONFIG : e == ERR_DENIED ? EX_NOPERM :
	       EX_TEMPFAIL;
}

const struct role role_collector = {
	.name = "collector", .sockets = collector_sockets, .sandbox = collector_sandbox,
	.run = collector_role_run, .compare = compare,
};
