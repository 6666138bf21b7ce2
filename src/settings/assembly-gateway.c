/* SPDX-License-Identifier: ISC
 *
 * The gateway's parts, each made of what the ones before it gave.
 */
#include "settings/assembly-gateway.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "gateway/control.h"
#include "gateway/directory.h"
#include "gateway/dsn.h"
#include "gateway/known.h"
#include "gateway/live.h"
#include "gateway/route.h"
#include "gateway/scram.h"
#include "gateway/spool.h"
#include "store/accounts.h"

#include <assert.h>
#include <stdlib.h>

enum { RESOLVER_CACHE_ENTRIES = 20000 };

struct assembly_gateway {
	const struct settings *settings;
	struct assembly_gateway_setup setup;
	struct dns_resolver *resolver;
	struct directory *directory;
	struct gateway_queue *queue;
	struct gateway_delivery *delivery;
	struct gateway_blocklists *blocklists;
	struct gateway_callouts *callouts;
	struct gateway *gateway;
	struct gateway_control *control;
	struct known_file *known;            /* NULL: there are no logins */
	struct gateway_trusted *trusted;
	size_t trusted_count;
	bool scram;                          /* somebody has keys for it */
	unsigned char scram_secret[SCRAM_SECRET_BYTES];
	struct arena network_arena;
	struct gateway_network network;      /* a copy */
};

/* ---- the network, and whom it lets be trusted ----------------------------------------------- */

static void copy_network(struct assembly_gateway *g, const struct gateway_network *network)
{
	arena_fini(&g->network_arena);
	struct ip *own = arena_alloc(&g->network_arena, (network->own_count + 1) * sizeof(*own));
	struct ip *gateways = arena_alloc(&g->network_arena,
	                                  (network->gateway_count + 1) * sizeof(*gateways));
	if (network->own_count)
		memcpy(own, network->own, network->own_count * sizeof(*own));
	if (network->gateway_count)
		memcpy(gateways, network->gateways, network->gateway_count * sizeof(*gateways));
	g->network = (struct gateway_network){
		.own = own, .own_count = network->own_count,
		.gateways = gateways, .gateway_count = network->gateway_count };
}

static bool was_trusted(const struct gateway_trusted *v, size_t n, const struct ip *host)
{
	for (size_t i = 0; i < n; i++)
		if (ip_eq(&v[i].host, host))
			return true;
	return false;
}

/* The accounts are slices of the settings. */
static void judge_trusted(struct assembly_gateway *g)
{
	const struct config_strings *hosts = &g->settings->gateway.trusted_hosts;
	struct gateway_trusted *before = g->trusted;
	size_t before_count = g->trusted_count;
	g->trusted = mem_array(hosts->n + 1, sizeof(*g->trusted));
	g->trusted_count = 0;
	for (size_t i = 0; i < hosts->n; i++) {
		struct gateway_trusted_entry entry;
		int e = gateway_trusted_parse(str_of(hosts->v[i]), &entry);
		assert(e == ERR_OK && "the check has read it");
		const char *why = gateway_trust_refuses(&entry.host, &g->network);
		if (why) {
			LOG(LOG_WARN, "host-not-trusted", LOG_IP("address", &entry.host),
			    LOG_S("why", why));
			continue;
		}
		if (!was_trusted(before, before_count, &entry.host))
			LOG(LOG_INFO, "host-trusted", LOG_IP("address", &entry.host),
			    LOG_STR("account", entry.account));
		g->trusted[g->trusted_count++] =
			(struct gateway_trusted){ entry.host, entry.account };
	}
	free(before);
}

/* ---- the queue ------------------------------------------------------------------------------ */

static void on_due(void *arg, struct gateway_rcpt *rcpt)
{
	struct assembly_gateway *g = arg;
	gateway_delivery_due(g->delivery, rcpt);
}

static bool is_ours(const struct assembly_gateway *g, struct str address)
{
	char domain[256];
	size_t at = str_find(address, '@');
	if (at == SIZE_MAX || !str_copy(domain, sizeof(domain), str_from(address, at + 1)))
		return false;
	struct gateway_directory facts = directory_facts(g->directory);
	return facts.has_domain(facts.arg, domain);
}

/* Of the first domain whose mail is kept here; "": there is none. */
static struct str postmaster_here(const struct gateway_config *config, struct arena *a)
{
	struct gateway_routes *routes = gateway_routes_create(config);
	struct str found = STR("");
	for (size_t i = 0; i < config->domains.n && found.n == 0; i++) {
		struct gateway_route route;
		gateway_route_of(routes, str_of(config->domains.v[i]), true, &route);
		if (route.way == GATEWAY_WAY_MAILDIR)
			found = str_of(arena_printf(a, "postmaster@%s", config->domains.v[i]));
	}
	gateway_routes_destroy(routes);
	return found;
}

static bool on_notice(void *arg, enum gateway_notice what, const struct gateway_message *message,
                      const struct gateway_told *told, size_t n, struct arena *a,
                      struct gateway_envelope *envelope, struct buf *text)
{
	struct assembly_gateway *g = arg;
	struct buf original = { 0 };
	char id[GATEWAY_ID_MAX];
	if (gateway_queue_text(g->queue, message, &original) != ERR_OK)
		buf_clear(&original);
	gateway_queue_id(g->queue, id);
	const struct gateway_dsn dsn = {
		.what = what, .about = &message->envelope, .told = told, .count = n,
		.original = original.n ? buf_str(&original) : STR(""),
		.postmaster = postmaster_here(&g->settings->gateway, a),
		.hostname = g->settings->general.hostname, .id = arena_strdup(a, str_of(id)),
		.now_s = clock_now_s(),
		.give_up_s = message->envelope.came_s + g->settings->gateway.give_up_s,
	};
	bool made = gateway_dsn_make(&dsn, is_ours(g, gateway_dsn_whom(&dsn, a)), a, envelope,
	                             text);
	buf_fini(&original);
	return made;
}

static struct gateway_retry retry_of(const struct gateway_config *c)
{
	return (struct gateway_retry){ .first_s = c->retry_first_s, .most_s = c->retry_most_s,
	                               .warn_s = c->warn_after_s, .give_up_s = c->give_up_s };
}

/* Bytes from the kernel, kept in a file so that they are the same at all starts. */
static int read_secret(const char *path, void *secret, size_t size, struct buf *message)
{
	struct buf bytes = { 0 };
	int e = file_read_plain(path, size, &bytes);
	if (e == ERR_NOT_FOUND) {
		random_bytes(secret, size);
		e = file_write(path, (struct str){ secret, size }, 0600);
	} else if (e == ERR_OK && bytes.n == size) {
		memcpy(secret, bytes.p, size);
	} else if (e == ERR_OK) {
		e = ERR_INVALID;
	}
	if (e != ERR_OK)
		buf_printf(message, "%s: expected %zu secret bytes: %s", path, size, err_text(e));
	if (bytes.n)
		OPENSSL_cleanse(bytes.p, bytes.n);
	buf_fini(&bytes);
	return e;
}

static int open_queue(struct assembly_gateway *g, struct buf *message)
{
	const struct gateway_config *c = &g->settings->gateway;
	struct gateway_queue_setup setup = {
		.loop = g->setup.loop, .syncer = g->setup.syncer,
		.log = { .directory = GATEWAY_SPOOL, .segment_bytes = (size_t)c->segment_bytes,
		         .segments_max = (unsigned)(c->spool_bytes / c->segment_bytes) },
		.retry = retry_of(c),
		.hooks = { .arg = g, .due = on_due, .notice = on_notice },
		.hostname = g->settings->general.hostname,
		.messages_max = (size_t)c->queue_messages,
	};
	if (setup.log.segments_max < GATEWAY_SEGMENTS_MIN)
		setup.log.segments_max = GATEWAY_SEGMENTS_MIN;
	int e = gateway_spool_check(GATEWAY_SPOOL, c->spool_anywhere, message);
	if (e == ERR_OK)
		e = gateway_spool_key(GATEWAY_SPOOL, &setup.log.key, message);
	return e == ERR_OK ? gateway_queue_open(&setup, &g->queue, message) : e;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static struct gateway_delivery_setup delivery_setup(const struct assembly_gateway *g)
{
	return (struct gateway_delivery_setup){
		.loop = g->setup.loop, .resolver = g->resolver,
		.syncer = g->setup.mails ? g->setup.mails : g->setup.syncer,
		.config = &g->settings->gateway, .hostname = g->settings->general.hostname,
		.mailboxes = assembly_gateway_mailboxes(g->settings),
		.directory = g->directory,
		.own = g->network.own, .own_count = g->network.own_count,
		.smarthost_password = g->setup.smarthost_password,
		.counters = g->setup.delivered,
	};
}

static bool asks_inside(void *directory, const char *domain)
{
	return directory_asks(directory, domain);
}

static struct gateway_offer offer_inside(void *directory, const char *domain, int64_t now_ms)
{
	return directory_offer(directory, domain, now_ms);
}

static void note_offer(void *arg, const char *domain, const struct gateway_offer *offer)
{
	struct assembly_gateway *g = arg;
	directory_note_offer(g->directory, domain, offer, loop_now_ms(g->setup.loop));
}

static struct gateway_callouts_setup callouts_setup(struct assembly_gateway *g)
{
	return (struct gateway_callouts_setup){
		.loop = g->setup.loop, .resolver = g->resolver, .config = &g->settings->gateway,
		.hostname = g->settings->general.hostname, .offered = note_offer, .arg = g };
}

static struct gateway_setup gateway_setup(const struct assembly_gateway *g)
{
	const bool ours = strcmp(g->settings->gateway.auth, "accounts") == 0;
	return (struct gateway_setup){
		.loop = g->setup.loop, .config = &g->settings->gateway,
		.hostname = g->settings->general.hostname,
		.listening = g->setup.listening, .listening_count = g->setup.listening_count,
		.tls = g->setup.tls, .directory = directory_facts(g->directory),
		.queue = g->queue, .login = g->setup.login, .blocklists = g->blocklists,
		.callouts = g->callouts, .asks = asks_inside, .offer = offer_inside,
		.trusted = g->trusted, .trusted_count = g->trusted_count,
		.account_of_uid = directory_account_of_uid,
		.account_of_login = ours ? directory_account_of_login : NULL,
		.credentials = ours ? directory_credentials : NULL,
		.arg = g->directory, .scram_secret = g->scram ? g->scram_secret : NULL,
		.counters = g->setup.counters,
	};
}

/* Whether SCRAM is offered. True: that has changed. */
static bool look_for_scram(struct assembly_gateway *g)
{
	bool any = g->scram;
	if (!g->setup.store || strcmp(g->settings->gateway.auth, "accounts") != 0)
		any = false;
	else if (store_accounts_use_scram(g->setup.store, &any) != ERR_OK)
		any = g->scram;
	bool changed = any != g->scram;
	g->scram = any;
	return changed;
}

static int make_directory(const struct assembly_gateway *g, struct directory **out,
                          struct buf *message)
{
	const struct directory_setup setup = {
		.config = &g->settings->gateway, .store = g->setup.store,
		.inner = gateway_callouts_known, .arg = g->callouts };
	return directory_create(&setup, out, message);
}

static int make_resolver(struct assembly_gateway *g, struct buf *message)
{
	const struct config_endpoints *servers = &g->settings->general.resolver;
	const struct dns_resolver_options options = { .timeout_ms = 2000, .tries = 3,
	                                              .total_ms = 10000,
	                                              .cache_entries = RESOLVER_CACHE_ENTRIES };
	int e = dns_resolver_create(g->setup.loop, servers->v, servers->n, &options,
	                            &g->resolver);
	if (e != ERR_OK)
		buf_add_cstr(message, "the resolver cannot be set up");
	return e;
}

/* What `portreeve top` sees beside the queue. */
static void add_state(void *arg, struct json *j)
{
	const struct assembly_gateway *g = arg;
	const struct gateway_live live = {
		.hostname = g->settings->general.hostname, .gateway = g->gateway,
		.queue = g->queue, .delivery = g->delivery, .blocklists = g->blocklists,
		.counters = g->setup.counters, .delivered = g->setup.delivered,
		.now_s = clock_now_s(),
	};
	gateway_live_form(&live, j);
}

static int listen_for_control(struct assembly_gateway *g, struct buf *message)
{
	const struct gateway_control_setup setup = {
		.loop = g->setup.loop, .queue = g->queue, .fd = g->setup.control_fd,
		.state = add_state, .arg = g,
	};
	if (setup.fd < 0)
		return ERR_OK;
	g->control = gateway_control_create(&setup);
	if (g->control)
		return ERR_OK;
	buf_add_cstr(message, "the control socket cannot be served");
	return ERR_LIMIT;
}

int assembly_gateway_create(const struct settings *s, const struct assembly_gateway_setup *setup,
                            struct assembly_gateway **out, struct buf *message)
{
	struct assembly_gateway *g = mem_zalloc(sizeof(*g));
	*g = (struct assembly_gateway){ .settings = s, .setup = *setup };
	copy_network(g, setup->network);
	int e = make_resolver(g, message);
	if (e == ERR_OK) {
		const struct gateway_callouts_setup callouts = callouts_setup(g);
		g->callouts = gateway_callouts_create(&callouts);
		e = make_directory(g, &g->directory, message);
	}
	if (e == ERR_OK)
		e = read_secret(GATEWAY_SCRAM_SECRET, g->scram_secret, sizeof(g->scram_secret),
		                message);
	if (e == ERR_OK)
		e = open_queue(g, message);
	if (e != ERR_OK) {
		assembly_gateway_destroy(g);
		return e;
	}
	const struct gateway_delivery_setup delivery = delivery_setup(g);
	g->delivery = gateway_delivery_create(&delivery);
	gateway_delivery_queue(g->delivery, g->queue);
	if (setup->login)
		g->known = known_file_open(GATEWAY_KNOWN, gateway_login_known(setup->login),
		                           setup->mails ? setup->mails : setup->syncer);
	g->blocklists = gateway_blocklists_create(setup->loop, g->resolver, &s->gateway);
	judge_trusted(g);
	look_for_scram(g);
	const struct gateway_setup gateway = gateway_setup(g);
	g->gateway = gateway_create(&gateway);
	e = listen_for_control(g, message);
	if (e == ERR_OK)
		*out = g;
	else
		assembly_gateway_destroy(g);
	return e;
}

/* ---- new settings --------------------------------------------------------------------------- */

static void tell_parts(struct assembly_gateway *g)
{
	const struct gateway_delivery_setup delivery = delivery_setup(g);
	const struct gateway_setup gateway = gateway_setup(g);
	const struct gateway_callouts_setup callouts = callouts_setup(g);
	gateway_delivery_reload(g->delivery, &delivery);
	gateway_callouts_reload(g->callouts, &callouts);
	gateway_reload(g->gateway, &gateway);
}

/* What is to be destroyed once nobody has it any more. */
static struct directory *renew_directory(struct assembly_gateway *g)
{
	struct directory *fresh = NULL, *old = NULL;
	struct buf message = { 0 };
	if (make_directory(g, &fresh, &message) == ERR_OK) {
		old = g->directory;
		g->directory = fresh;
	} else {
		LOG(LOG_ERROR, "recipients-kept", LOG_S("why", buf_cstr(&message)));
	}
	buf_fini(&message);
	return old;
}

void assembly_gateway_reload(struct assembly_gateway *g, const struct settings *s,
                             const struct assembly_gateway_setup *setup)
{
	const struct gateway_retry retry = retry_of(&s->gateway);
	struct gateway_blocklists *blocklists = g->blocklists;
	g->settings = s;
	g->setup.tls = setup->tls;
	g->setup.smarthost_password = setup->smarthost_password;
	copy_network(g, setup->network);
	struct directory *directory = renew_directory(g);
	gateway_queue_retry(g->queue, &retry);
	g->blocklists = gateway_blocklists_create(g->setup.loop, g->resolver, &s->gateway);
	judge_trusted(g);
	look_for_scram(g);
	tell_parts(g);
	/* Sessions and delivery have let go of them. */
	gateway_blocklists_destroy(blocklists);
	directory_destroy(directory);
}

static bool same(const struct ip *a, size_t n, const struct ip *b, size_t m)
{
	return n == m && (n == 0 || memcmp(a, b, n * sizeof(*a)) == 0);
}

static bool same_network(const struct gateway_network *a, const struct gateway_network *b)
{
	return same(a->own, a->own_count, b->own, b->own_count) &&
	       same(a->gateways, a->gateway_count, b->gateways, b->gateway_count);
}

void assembly_gateway_look(struct assembly_gateway *g, const struct gateway_network *network)
{
	bool changed = look_for_scram(g);
	if (g->known)
		known_file_look(g->known);
	if (!same_network(&g->network, network)) {
		LOG(LOG_INFO, "network-changed", LOG_I("addresses", network->own_count),
		    LOG_I("gateways", network->gateway_count));
		copy_network(g, network);
		judge_trusted(g);
		changed = true;
	}
	if (changed)
		tell_parts(g);
}

void assembly_gateway_without_store(struct assembly_gateway *g)
{
	g->setup.store = NULL;
	directory_use(g->directory, NULL);
}

struct gateway *assembly_gateway_sessions(struct assembly_gateway *g) { return g->gateway; }
struct gateway_queue *assembly_gateway_queue(struct assembly_gateway *g) { return g->queue; }
struct gateway_delivery *assembly_gateway_delivery(struct assembly_gateway *g)
{
	return g->delivery;
}

void assembly_gateway_destroy(struct assembly_gateway *g)
{
	if (!g)
		return;
	gateway_control_destroy(g->control);
	gateway_destroy(g->gateway);
	known_file_close(g->known);
	gateway_blocklists_destroy(g->blocklists);
	gateway_delivery_destroy(g->delivery);
	gateway_queue_close(g->queue);
	directory_destroy(g->directory);
	gateway_callouts_destroy(g->callouts);
	dns_resolver_destroy(g->resolver);
	arena_fini(&g->network_arena);
	free(g->trusted);
	free(g);
}
