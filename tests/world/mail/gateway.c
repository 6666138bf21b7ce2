/* SPDX-License-Identifier: ISC
 *
 * The gateway as a process of the world: begun, ended in order, and what is left of it then.
 */
#include "mail.h"

#include "../net.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/syncer.h"
#include "files.h"
#include "gateway/delivery.h"
#include "gateway/dsn.h"
#include "gateway/gateway.h"

#include <assert.h>
#include <stdlib.h>

enum { SYNCS_MAX = 1000, REFUSED_MOST = 50, UNSURE_PER_MILLE = 10, SEGMENTS_MOST = 9 };

struct parts {
	struct loop *loop;
	struct syncer *syncer;
	struct dns_resolver *resolver;
	struct gateway_login *login;
	struct gateway_queue *queue;
	struct gateway_delivery *delivery;
	struct gateway_blocklists *blocklists;
	struct gateway *gateway;
	struct gateway_counters counters;
	struct gateway_delivery_counters delivered;
	bool failed, drained;
};

struct process roles[1] = { { .name = "gateway", .kind = PROCESS_GATEWAY } };
const unsigned role_n = 1;
const struct endpoint gateway_at[LISTENS] = {
	{ { 4, { 45, 9, 0, 25 } }, 25 }, { { 4, { 45, 9, 0, 25 } }, 587 },
	{ { 4, { 45, 9, 0, 25 } }, 465 },
};

static struct gateway_config config;
static int listen_fd[LISTENS];
static SSL_CTX *tls;
static unsigned refused, segments;

/* ---- whose is what ----------------------------------------------------------------------- */

static bool unsure(void)
{
	return !world.calm && chance_of(UNSURE_PER_MILLE);
}

static bool has_domain(void *arg, const char *domain)
{
	(void)arg;
	return names_is_ours(str_of(domain));
}

static struct str text_of(const struct gateway_address *a, struct buf *b)
{
	buf_printf(b, "%.*s@%s", STR_ARG(a->local), a->domain);
	return buf_str(b);
}

static enum gateway_known has_mailbox(void *arg, const struct gateway_address *address)
{
	struct buf b = { 0 };
	(void)arg;
	bool has = names_is_mailbox(text_of(address, &b));
	buf_fini(&b);
	return unsure() ? GATEWAY_NOT_NOW : has ? GATEWAY_YES : GATEWAY_NO;
}

static enum gateway_known owns(void *arg, struct str account,
                               const struct gateway_address *address)
{
	struct buf b = { 0 };
	(void)arg;
	bool does = names_owns(account, text_of(address, &b));
	buf_fini(&b);
	return unsure() ? GATEWAY_NOT_NOW : does ? GATEWAY_YES : GATEWAY_NO;
}

static enum gateway_known credentials(void *arg, struct str name, struct buf *hash,
                                      struct buf *scram)
{
	(void)arg, (void)name, (void)hash, (void)scram;
	return unsure() ? GATEWAY_NOT_NOW : GATEWAY_YES;
}

/* ---- settings ---------------------------------------------------------------------------- */

static void set_times(bool slow)
{
	enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
	config.retry_first_s = slow ? 5 * MINUTE : chance_between(2, 20);
	config.retry_most_s = slow ? 3 * HOUR : chance_between(30, 300);
	config.warn_after_s = slow ? 4 * HOUR : chance_of(300) ? 0 : chance_between(60, 300);
	config.give_up_s = slow ? 4 * DAY : chance_between(400, 1800);
}

void gateway_prepare(bool slow)
{
	static char *domains[2], *transports[1];
	struct config_section section = { "gateway", "", gateway_config_rows,
	                                  gateway_config_row_count, &config };
	struct buf message = { 0 };
	int e = config_load(NULL, &section, 1, &message);
	assert(e == ERR_OK);
	buf_fini(&message);
	domains[0] = mem_strdup(OURS_ONE);
	domains[1] = mem_strdup(OURS_TWO);
	transports[0] = mem_strdup(OURS_TWO " lmtp:10.0.0.5:24");
	config.domains = (struct config_strings){ domains, 2 };
	config.transports = (struct config_strings){ transports, 1 };
	config.memory_bytes = 16 << 20;
	segments = chance_of(300) ? GATEWAY_SEGMENTS_MIN : chance_between(5, SEGMENTS_MOST);
	set_times(slow);
	roles[0].ip = names_gateway;
	tls = SSL_CTX_new(TLS_server_method());
	for (unsigned i = 0; i < LISTENS; i++)
		listen_fd[i] = stream_listen(&gateway_at[i]);
}

int64_t gateway_give_up_s(void)
{
	return config.give_up_s;
}

/* ---- begin ------------------------------------------------------------------------------- */

static void on_due(void *arg, struct gateway_rcpt *rcpt)
{
	struct parts *p = arg;
	gateway_delivery_due(p->delivery, rcpt);
}

static bool on_notice(void *arg, enum gateway_notice what, const struct gateway_message *message,
                      const struct gateway_told *told, size_t n, struct arena *a,
                      struct gateway_envelope *envelope, struct buf *text)
{
	struct parts *p = arg;
	struct buf original = { 0 };
	char id[GATEWAY_ID_MAX];
	if (gateway_queue_text(p->queue, message, &original) != ERR_OK)
		buf_clear(&original);
	gateway_queue_id(p->queue, id);
	const struct gateway_dsn dsn = {
		.what = what, .about = &message->envelope, .told = told, .count = n,
		.original = buf_str(&original), .hostname = OUR_NAME,
		.id = arena_strdup(a, str_of(id)), .now_s = clock_now_s(),
		.give_up_s = message->envelope.came_s + config.give_up_s,
	};
	const struct str whom = gateway_dsn_whom(&dsn, a);
	size_t at = str_find(whom, '@');
	bool made = gateway_dsn_make(&dsn, at != SIZE_MAX && names_is_ours(str_from(whom, at + 1)),
	                             a, envelope, text);
	buf_fini(&original);
	return made;
}

static int open_queue(struct parts *p, struct buf *message)
{
	struct gateway_queue_setup setup = {
		.loop = p->loop, .syncer = p->syncer,
		.log = { .directory = "spool", .segment_bytes = GATEWAY_SEGMENT_MIN,
		         .segments_max = segments, .key = { { 5, 6 } } },
		.retry = { .first_s = config.retry_first_s, .most_s = config.retry_most_s,
		           .warn_s = config.warn_after_s, .give_up_s = config.give_up_s },
		.hooks = { .arg = p, .due = on_due, .notice = on_notice },
		.hostname = OUR_NAME,
	};
	return gateway_queue_open(&setup, &p->queue, message);
}

static void begin_delivery(struct parts *p)
{
	const struct gateway_delivery_setup setup = {
		.loop = p->loop, .syncer = p->syncer, .resolver = p->resolver, .config = &config,
		.hostname = OUR_NAME, .mailboxes = "mailboxes", .own = &names_gateway,
		.own_count = 1, .smarthost_password = STR(""), .counters = &p->delivered,
	};
	p->delivery = gateway_delivery_create(&setup);
	gateway_delivery_queue(p->delivery, p->queue);
}

static void begin_sessions(struct parts *p)
{
	const struct gateway_listening listening[LISTENS] = {
		{ listen_fd[LISTEN_MX], GATEWAY_INBOUND, false },
		{ listen_fd[LISTEN_SUBMISSION], GATEWAY_SUBMISSION, false },
		{ listen_fd[LISTEN_SUBMISSIONS], GATEWAY_SUBMISSION, true },
	};
	p->blocklists = gateway_blocklists_create(p->loop, p->resolver, &config);
	const struct gateway_setup setup = {
		.loop = p->loop, .config = &config, .hostname = OUR_NAME, .listening = listening,
		.listening_count = LISTENS, .tls = tls,
		.directory = { .has_domain = has_domain, .has_mailbox = has_mailbox,
		               .owns = owns },
		.queue = p->queue, .login = p->login, .blocklists = p->blocklists,
		.credentials = credentials, .counters = &p->counters,
	};
	p->gateway = gateway_create(&setup);
}

static void begin(void *arg)
{
	struct parts *p = arg;
	struct buf message = { 0 };
	p->loop = loop_create();
	p->syncer = syncer_create(p->loop, SYNCS_MAX);
	dns_resolver_create(p->loop, NULL, 0, NULL, &p->resolver);
	gateway_login_create(p->loop, &config, &p->login, &message);
	int e = open_queue(p, &message);
	p->failed = e != ERR_OK;
	if (p->failed) {
		trace("the queue does not open: %s: %s", err_text(e), buf_cstr(&message));
		if (world.calm && ++refused > REFUSED_MOST)
			world_broken("opens", "%s", buf_cstr(&message));
		buf_fini(&message);
		return;
	}
	refused = 0;
	law_opened(p->queue);
	begin_delivery(p);
	begin_sessions(p);
	syncer_start(p->syncer);
}

bool role_begin(unsigned which)
{
	struct process *p = &roles[which];
	assert(!p->alive);
	struct parts *parts = mem_zalloc(sizeof(*parts));
	p->alive = true;
	p->life++;
	p->role = parts;
	trace("%s begins", p->name);
	if (!process_run(p, begin, parts))
		return false;
	if (parts->failed)
		process_abandon(p);
	return p->alive;
}

/* ---- end --------------------------------------------------------------------------------- */

static void end(void *arg)
{
	struct parts *p = arg;
	syncer_stop(p->syncer, 0);
	gateway_destroy(p->gateway);
	gateway_blocklists_destroy(p->blocklists);
	gateway_delivery_destroy(p->delivery);
	gateway_queue_close(p->queue);
	syncer_destroy(p->syncer);
	gateway_login_destroy(p->login);
	dns_resolver_destroy(p->resolver);
	loop_destroy(p->loop);
}

static void check_left(const struct process *p)
{
	unsigned files = files_open(p), connections = net_owned(p), events = schedule_owned(p);
	if (files > 0 || connections > 0 || events > 0 || resolver_pending() > 0)
		world_broken("leaves-nothing", "%u files, %u connections, %u timers and watches, "
		             "%u questions", files, connections, events, resolver_pending());
}

void role_end(unsigned which)
{
	struct process *p = &roles[which];
	if (!p->alive)
		return;
	trace("%s ends", p->name);
	struct parts *parts = p->role;
	if (process_run(p, end, parts)) {
		check_left(p);
		process_abandon(p);
		free(parts);
	}
}

bool roles_missing(void)
{
	return !roles[0].alive;
}

size_t gateway_queued(void)
{
	const struct parts *p = roles[0].role;
	return roles[0].alive && p && p->queue ? gateway_queue_state(p->queue).messages : SIZE_MAX;
}

/* ---- whom it calls ----------------------------------------------------------------------- */

void law_connects(const struct process *p, const struct endpoint *to)
{
	char address[ENDPOINT_TEXT_MAX];
	if (process_outlives(p))
		return;
	endpoint_format(to, address);
	trace("connects to %s", address);
	if (!host_is(to))
		world_broken("connects", "it connects to %s", address);
}

void law_sends(const struct process *p, const struct endpoint *to, struct str bytes)
{
	(void)p, (void)to, (void)bytes;
}
