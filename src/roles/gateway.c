/* SPDX-License-Identifier: ISC
 *
 * Role gateway: the mail server. It reads the accounts, and writes its queue and the Maildirs and
 * nothing else; it connects to other mail servers, name servers, and services of this machine. The
 * loop has all of that; what waits for the disk is done in a thread of its own, passwords are
 * checked by helpers.
 *
 * Hostile input that reaches it: SMTP of anyone and of the servers that it connects to, DNS, the
 * lines of its control socket, through gateway/gateway.h and gateway/delivery.h.
 */
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/clock.h"
#include "base/syncer.h"
#include "roles/role.h"
#include "settings/assembly-gateway.h"
#include "settings/network.h"
#include "settings/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SYNCS_WAITING_MAX = 100000, NETWORK_LOOK_MS = 60 * 1000,
	DRAIN_MS = 5000, DRAIN_STEP_MS = 50,
	RESERVED_PATHS = 2,              /* of a sandbox's, for a build that counts its coverage */
};
static_assert((int)GATEWAY_FILES_MAX <= (int)FILES_MAX, "all files of the gateway");

struct gateway_role {
	struct gateway_login *login;
	/* A thread syncs the queue, and another one writes Maildirs, each of whose syncs would
	 * else be waited for by a client. */
	struct syncer *syncer, *mails;
	struct network network;
	bool network_is_open;
	struct fault network_unknown;
	SSL_CTX *tls;
	struct buf password;             /* of the smarthost */
	struct gateway_listening listening[ROLE_SOCKETS_MAX + 1];
	size_t listening_count;
	int local_fd, control_fd;        /* those that are in the state directory; -1: none */
	struct assembly_gateway *assembly;
	struct loop_timer *look;
	bool drained;
	struct gateway_counters counters;        /* over all reloads, as the next */
	struct gateway_delivery_counters delivered;
};

/* ---- in the supervisor ---------------------------------------------------------------------- */

static size_t add_tcp(const struct config_endpoints *list, struct role_socket *out, size_t n)
{
	for (size_t i = 0; i < list->n; i++)
		out[n++] = (struct role_socket){ .kind = ROLE_TCP, .at = list->v[i], .fd = -1 };
	return n;
}

/* A path in the state directory is the role's own affair: root binds nothing where another user
 * could exchange it. */
static size_t add_unix(char *path, bool inside, mode_t mode, const struct settings *settings,
                       struct role_socket *out, size_t n)
{
	if (path && !inside) {
		out[n] = (struct role_socket){ .kind = ROLE_UNIX, .fd = -1, .mode = mode,
		                               .uid = geteuid(), .gid = getegid() };
		if (geteuid() == 0)
			sandbox_user(settings->general.user, &out[n].uid, &out[n].gid);
		str_copy(out[n].path, sizeof(out[n].path), str_of(path));
		n++;
	}
	free(path);
	return n;
}

static size_t gateway_sockets(const struct settings *settings, struct role_socket *out, size_t max)
{
	const struct gateway_config *c = &settings->gateway;
	bool inside;
	size_t n = 0;
	assert(c->listen.n + c->submission.n + c->submissions.n + 2 <= max);
	n = add_tcp(&c->listen, out, n);
	n = add_tcp(&c->submission, out, n);
	n = add_tcp(&c->submissions, out, n);
	char *local = assembly_gateway_local_path(settings, &inside);
	/* Where it cannot be made, the socket says so. */
	if (local && !inside && strcmp(local, GATEWAY_RUN "/" GATEWAY_LOCAL_NAME) == 0 &&
	    mkdir(GATEWAY_RUN, 0755) != 0)
		errno = 0;
	n = add_unix(local, inside, 0666, settings, out, n);
	char *control = assembly_gateway_control_path(settings, &inside);
	return add_unix(control, inside, 0600, settings, out, n);
}

/* What they point to stays until the next call. */
static size_t gateway_files(const struct settings *settings, const char *paths[static FILES_MAX])
{
	static struct arena names;
	arena_fini(&names);
	return assembly_gateway_files(settings, &names, paths);
}

/* ---- what the supervisor gave --------------------------------------------------------------- */

/* What cannot be read stays as it was; at the start that is nothing: mail of strangers is still
 * taken, without STARTTLS, and nobody logs in. */
static void read_files(struct role_context *ctx)
{
	struct gateway_role *g = ctx->own;
	struct buf texts[GATEWAY_FILES_MAX] = { 0 }, message = { 0 };
	struct str contents[GATEWAY_FILES_MAX];
	SSL_CTX *fresh;
	for (size_t i = 0; i < GATEWAY_FILES_MAX; i++) {
		if (i < GATEWAY_FILE_SNI + 2 * ctx->settings->gateway.sni.n)
			files_read(ctx->files_fd, i, &texts[i]);
		contents[i] = texts[i].n ? buf_str(&texts[i]) : STR("");
	}
	if (assembly_gateway_tls(ctx->settings, contents, &fresh, &message) == ERR_OK) {
		SSL_CTX_free(g->tls);
		g->tls = fresh;
	} else {
		LOG(LOG_ERROR, g->tls ? "certificate-kept" : "no-starttls",
		    LOG_S("why", buf_cstr(&message)));
	}
	struct str rest = contents[GATEWAY_FILE_PASSWORD], line = STR("");
	str_token(&rest, "\r\n", &line);
	buf_clear(&g->password);
	buf_add_str(&g->password, line);
	for (size_t i = 0; i < GATEWAY_FILES_MAX; i++) {
		if (texts[i].n)
			OPENSSL_cleanse(texts[i].p, texts[i].n);
		buf_fini(&texts[i]);
	}
	buf_fini(&message);
}

static bool is_among(const struct config_endpoints *list, const struct endpoint *at)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].port == at->port && ip_eq(&list->v[i].ip, &at->ip))
			return true;
	return false;
}

static void listen_by(struct gateway_role *g, int fd, enum gateway_listener listener,
                      bool tls_at_once)
{
	g->listening[g->listening_count++] = (struct gateway_listening){
		.fd = fd, .listener = listener, .tls_at_once = tls_at_once };
}

/* Which socket is which is told by where it is. */
static void know_sockets(struct role_context *ctx)
{
	struct gateway_role *g = ctx->own;
	const struct gateway_config *c = &ctx->opened_with->gateway;
	bool inside;
	char *local = assembly_gateway_local_path(ctx->opened_with, &inside);
	for (size_t i = 0; i < ctx->socket_count; i++) {
		const struct role_socket *s = &ctx->sockets[i];
		if (s->kind == ROLE_UNIX && local && strcmp(s->path, local) == 0)
			listen_by(g, s->fd, GATEWAY_LOCAL, false);
		else if (s->kind == ROLE_UNIX)
			g->control_fd = s->fd;
		else if (is_among(&c->listen, &s->at))
			listen_by(g, s->fd, GATEWAY_INBOUND, false);
		else
			listen_by(g, s->fd, GATEWAY_SUBMISSION, is_among(&c->submissions, &s->at));
	}
	free(local);
}

/* In the state directory, as its owner: what an earlier process left there is gone with it. */
static int bind_inside(const char *name, mode_t mode, int *fd, struct buf *message)
{
	unlink(name);
	*fd = stream_listen_unix(name, mode);
	if (*fd >= 0)
		return ERR_OK;
	buf_printf(message, "%s in the state directory: expected a socket: %s", name,
	           strerror(errno));
	return *fd;
}

static int open_own_sockets(struct role_context *ctx, struct buf *message)
{
	struct gateway_role *g = ctx->own;
	bool inside;
	int e = ERR_OK;
	char *local = assembly_gateway_local_path(ctx->opened_with, &inside);
	if (local && inside) {
		e = bind_inside(GATEWAY_LOCAL_NAME, 0666, &g->local_fd, message);
		if (e == ERR_OK)
			listen_by(g, g->local_fd, GATEWAY_LOCAL, false);
	}
	char *control = assembly_gateway_control_path(ctx->opened_with, &inside);
	if (e == ERR_OK && control && inside)
		e = bind_inside(GATEWAY_CONTROL_NAME, 0600, &g->control_fd, message);
	free(local);
	free(control);
	return e;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* As who started us: PAM asks as root. */
static int gateway_prepare(struct role_context *ctx, struct buf *message)
{
	struct gateway_role *g = ctx->own;
	g->local_fd = g->control_fd = -1;
	network_open(&g->network);
	g->network_is_open = true;
	return gateway_login_create(ctx->loop, &ctx->settings->gateway, &g->login, message);
}

static int make_directory(const char *path, struct buf *message)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return ERR_OK;
	buf_printf(message, "%s: expected a directory: %s", path, strerror(errno));
	return file_err(errno);
}

/* Mail would wait for it in silence; a disk that is read-only for now is no reason to take none. */
static void look_at_mailboxes(const char *directory)
{
	if (access(directory, W_OK | X_OK) == 0)
		return;
	LOG(LOG_ERROR, "mailboxes-not-writable", LOG_S("directory", directory),
	    LOG_S("why", strerror(errno)),
	    LOG_S("effect", errno == EROFS ? "mail waits; a unit of systemd names it in "
	                                     "ReadWritePaths=" : "mail waits"));
}

static void look_at_network(struct role_context *ctx, struct arena *a, struct gateway_network *out)
{
	struct gateway_role *g = ctx->own;
	const int64_t now_ms = loop_now_ms(ctx->loop);
	int64_t lasted_ms;
	int e = network_look(&g->network, a, out);
	if (e == ERR_OK) {
		if (fault_over(&g->network_unknown, now_ms, &lasted_ms))
			LOG(LOG_INFO, "network-known", LOG_I("after_s", lasted_ms / 1000));
		return;
	}
	if (fault_met(&g->network_unknown, now_ms))
		LOG(LOG_ERROR, "network-unknown", LOG_S("why", err_text(e)),
		    LOG_S("effect", "no host is trusted by its address"));
	out->own_count = 0;
}

static struct assembly_gateway_setup setup_of(struct role_context *ctx,
                                              const struct gateway_network *network)
{
	struct gateway_role *g = ctx->own;
	return (struct assembly_gateway_setup){
		.loop = ctx->loop, .syncer = g->syncer, .mails = g->mails, .store = ctx->store,
		.login = g->login,
		.listening = g->listening, .listening_count = g->listening_count,
		.control_fd = g->control_fd, .tls = g->tls,
		.smarthost_password = g->password.n ? buf_str(&g->password) : STR(""),
		.network = network, .counters = &g->counters, .delivered = &g->delivered,
	};
}

static int create_gateway(struct role_context *ctx, struct buf *message)
{
	struct gateway_role *g = ctx->own;
	struct arena a = { 0 };
	struct gateway_network network;
	look_at_network(ctx, &a, &network);
	const struct assembly_gateway_setup setup = setup_of(ctx, &network);
	int e = assembly_gateway_create(ctx->settings, &setup, &g->assembly, message);
	arena_fini(&a);
	return e;
}

static int gateway_open(struct role_context *ctx, struct buf *message)
{
	struct gateway_role *g = ctx->own;
	g->syncer = syncer_create(ctx->loop, SYNCS_WAITING_MAX);
	g->mails = syncer_create(ctx->loop, SYNCS_WAITING_MAX);
	if (!g->syncer || !g->mails) {
		buf_add_cstr(message, "no descriptor is left to be woken by");
		return ERR_LIMIT;
	}
	know_sockets(ctx);
	read_files(ctx);
	int e = open_own_sockets(ctx, message);
	if (e == ERR_OK)
		e = make_directory(GATEWAY_SPOOL, message);
	if (e == ERR_OK)
		e = make_directory(assembly_gateway_mailboxes(ctx->settings), message);
	if (e == ERR_OK)
		look_at_mailboxes(assembly_gateway_mailboxes(ctx->settings));
	return e == ERR_OK ? create_gateway(ctx, message) : e;
}

/* A directory once; false: there is no room for more. */
static bool may_read_once(struct role_sandbox *out, const char *directory)
{
	size_t n = 0;
	for (; out->read[n]; n++)
		if (strcmp(out->read[n], directory) == 0)
			return true;
	if (n + RESERVED_PATHS >= ROLE_PATHS_MAX)
		return false;
	role_may_read(out, directory);
	return true;
}

/* The directories of files that are exchanged by new ones of their names. */
static void may_read_recipients(const struct config_strings *files, struct role_sandbox *out)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *path = strchr(files->v[i], '/');
		char *directory = mem_strdup(path ? path : "");
		char *slash = strrchr(directory, '/');
		if (slash)
			*slash = '\0';
		if (slash && slash != directory && !may_read_once(out, directory))
			LOG(LOG_WARN, "recipients-once", LOG_S("directory", directory),
			    LOG_S("effect", "too many directories: its files are read again when "
			          "the role starts again"));
		free(directory);
	}
}

static void gateway_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	out->box.sockets = SANDBOX_ACCEPT | SANDBOX_CONNECT | SANDBOX_CONNECT_UNIX;
	out->box.thread = true;
	role_may_read_list(out);
	role_may_read_accounts(out);
	role_may_read(out, "/etc/resolv.conf");
	role_may_read(out, "/etc/hosts");
	/* Whom it believes a certificate. */
	role_may_read(out, "/etc/ssl/certs");
	role_may_read(out, "/usr/share/ca-certificates");
	role_may_read(out, "/usr/local/share/ca-certificates");
	role_may_write(out, GATEWAY_SPOOL);
	role_may_write(out, assembly_gateway_mailboxes(settings));
	may_read_recipients(&settings->gateway.recipients, out);
}

/* ---- in the loop ---------------------------------------------------------------------------- */

static void look_again(void *arg)
{
	struct role_context *ctx = arg;
	struct gateway_role *g = ctx->own;
	struct arena a = { 0 };
	struct gateway_network network;
	look_at_network(ctx, &a, &network);
	assembly_gateway_look(g->assembly, &network);
	arena_fini(&a);
	loop_timer_arm(g->look, NETWORK_LOOK_MS);
}

/* Behind the sandbox, so that the thread is in it. */
static int gateway_start(struct role_context *ctx, struct buf *message)
{
	struct gateway_role *g = ctx->own;
	int e = syncer_start(g->syncer);
	if (e == ERR_OK)
		e = syncer_start(g->mails);
	if (e != ERR_OK) {
		buf_add_cstr(message, "no second and third thread can be started");
		return e;
	}
	g->look = loop_timer_create(ctx->loop, look_again, ctx);
	loop_timer_arm(g->look, NETWORK_LOOK_MS);
	return ERR_OK;
}

static void gateway_take_over(struct role_context *ctx)
{
	struct gateway_role *g = ctx->own;
	struct arena a = { 0 };
	struct gateway_network network;
	read_files(ctx);
	look_at_network(ctx, &a, &network);
	const struct assembly_gateway_setup setup = setup_of(ctx, &network);
	assembly_gateway_reload(g->assembly, ctx->settings, &setup);
	arena_fini(&a);
}

static int64_t gateway_since_ms(const struct role_context *ctx)
{
	const struct gateway_role *g = ctx->own;
	const int64_t queue_ms = syncer_since_ms(g->syncer), mails_ms = syncer_since_ms(g->mails);
	return queue_ms < mails_ms ? queue_ms : mails_ms;
}

static size_t gateway_count(const struct role_context *ctx,
                            struct log_field fields[static ROLE_COUNTERS_MAX])
{
	struct gateway_role *g = ctx->own;
	size_t n = gateway_counters_fields(&g->counters, fields);
	const struct gateway_queue_state q =
		gateway_queue_state(assembly_gateway_queue(g->assembly));
	const struct log_field rest[] = {
		LOG_I("queued", q.messages), LOG_I("waiting", q.recipients),
		LOG_I("delivered", q.delivered), LOG_I("deferred", q.deferred),
		LOG_I("failed", q.failed), LOG_I("notices", q.notices),
		LOG_I("out-connections", g->delivered.connections),
		LOG_I("out-reused", g->delivered.reused),
		LOG_I("out-over-tls", g->delivered.over_tls),
	};
	_Static_assert((size_t)GATEWAY_COUNTERS_FIELDS + sizeof(rest) / sizeof(*rest) <=
	               (size_t)ROLE_COUNTERS_MAX, "they fit");
	memcpy(fields + n, rest, sizeof(rest));
	return n + sizeof(rest) / sizeof(*rest);
}

static void gateway_store_replaced(struct role_context *ctx)
{
	struct gateway_role *g = ctx->own;
	assembly_gateway_without_store(g->assembly);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void note_drained(void *arg)
{
	struct gateway_role *g = arg;
	g->drained = true;
}

/* A message that is just coming in, or going out, may come to its end. */
static void drain(struct role_context *ctx)
{
	struct gateway_role *g = ctx->own;
	struct gateway_delivery *delivery = assembly_gateway_delivery(g->assembly);
	const int64_t until_ms = clock_mono_ms() + DRAIN_MS;
	gateway_drain(assembly_gateway_sessions(g->assembly), note_drained, g);
	gateway_delivery_drain(delivery);
	while ((!g->drained || gateway_delivery_is_busy(delivery)) && clock_mono_ms() < until_ms)
		loop_run_once(ctx->loop, DRAIN_STEP_MS);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void gateway_close(struct role_context *ctx)
{
	struct gateway_role *g = ctx->own;
	loop_timer_destroy(g->look);
	if (g->assembly && ctx->is_ready)
		drain(ctx);
	/* Whose mail waits for the disk gets its answer before the 421, or nobody's 250. */
	const int64_t until_ms = clock_mono_ms() + ctx->stop_limit_ms - DRAIN_MS;
	int e = g->mails ? syncer_stop(g->mails, until_ms - clock_mono_ms()) : ERR_OK;
	if (e == ERR_OK && g->syncer)
		e = syncer_stop(g->syncer, until_ms - clock_mono_ms());
	if (e != ERR_OK)
		role_abandon(ctx);
	assembly_gateway_destroy(g->assembly);
	syncer_destroy(g->syncer);
	syncer_destroy(g->mails);
	gateway_login_destroy(g->login);
	SSL_CTX_free(g->tls);
	if (g->password.n)
		OPENSSL_cleanse(g->password.p, g->password.n);
	buf_fini(&g->password);
	if (g->network_is_open) {
		network_close(&g->network);
		close_fd(g->local_fd);
		/* One that the supervisor bound is closed with the others. */
		bool inside = false;
		free(assembly_gateway_control_path(ctx->opened_with, &inside));
		if (inside)
			close_fd(g->control_fd);
	}
}

const struct role role_gateway = {
	.name = "gateway", .may_write = STORE_READS,
	.waits_for_store = true, .own_bytes = sizeof(struct gateway_role),
	.sockets = gateway_sockets, .files = gateway_files, .prepare = gateway_prepare,
	.open = gateway_open, .sandbox = gateway_sandbox, .start = gateway_start,
	.since_ms = gateway_since_ms, .without = "mail waits for the disk",
	.counters = gateway_count, .reload = gateway_take_over,
	.store_replaced = gateway_store_replaced, .close = gateway_close,
};
