/* SPDX-License-Identifier: ISC
 *
 * Role collector: the SMTP server at which probes come back and admins ask for retests. It
 * adds returns and requests, and can write nothing else of the store; it makes no connection.
 *
 * Hostile input that reaches it: SMTP of anyone, through relaytest/collector.h.
 */
#include "base/mem.h"
#include "base/sandbox.h"
#include "relaytest/collector.h"
#include "roles/role.h"
#include "roles/upkeep.h"
#include "roles/watch.h"
#include "settings/state.h"
#include "store/keys.h"
#include "store/sqlite.h"

#include <openssl/ssl.h>
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
	for (size_t i = 0; i < listen->n && n < max; i++)
		out[n++] = (struct role_socket){ .kind = ROLE_TCP, .at = listen->v[i], .fd = -1 };
	return n;
}

/* Before the user changes: a key may be readable by root alone. */
static int load_tls(struct collector_role *c, struct buf *message)
{
	const struct collector_config *config = &c->ctx->settings->collector;
	if (!*config->certificate)
		return ERR_OK;
	c->tls = SSL_CTX_new(TLS_server_method());
	if (!c->tls)
		return ERR_IO;
	if (SSL_CTX_use_certificate_chain_file(c->tls, config->certificate) == 1 &&
	    SSL_CTX_use_PrivateKey_file(c->tls, config->key, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(c->tls) == 1)
		return ERR_OK;
	buf_printf(message, "collector.certificate %s, collector.key %s: expected a PEM chain and "
	           "its key", config->certificate, config->key);
	return ERR_INVALID;
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

static int enter_sandbox(struct collector_role *c, struct buf *message)
{
	const struct general_config *general = &c->ctx->settings->general;
	char *list[STORE_SQLITE_FILES];
	char *keys = keys_token_directory(STATE_HERE);
	store_sqlite_files(STATE_HERE, list);
	const char *const read[] = { list[0], list[1], list[2], keys, NULL };
	const char *const write[] = { "returns", "mail", NULL };
	struct sandbox box = { .user = general->user, .read_paths = read, .write_paths = write };
	int e = sandbox_enter(&box, message);
	for (size_t i = 0; i < STORE_SQLITE_FILES; i++)
		free(list[i]);
	free(keys);
	return e;
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
	int e = load_tls(c, message);
	if (e == ERR_OK)
		e = state_enter(s, 0, message);
	if (e == ERR_OK)
		e = load_keys(c, message);
	if (e == ERR_OK)
		e = store_sqlite_open(STATE_HERE, STORE_COLLECTOR, &c->store, message);
	if (e != ERR_OK)
		return e;
	create_collector(c);
	return enter_sandbox(c, message);
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
	.name = "collector", .sockets = collector_sockets, .run = collector_role_run,
	.compare = compare,
};
