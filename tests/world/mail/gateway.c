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
#include "settings/assembly-gateway.h"

#include <assert.h>
#include <stdlib.h>

enum { SYNCS_MAX = 1000, REFUSED_MOST = 50, SEGMENTS_MOST = 9, LOOK_MS = 60 * 1000 };

struct parts {
	struct loop *loop;
	struct syncer *syncer;
	struct loop_timer *look;
	struct gateway_login *login;
	struct assembly_gateway *assembly;
	struct gateway_counters counters;
	struct gateway_delivery_counters delivered;
	bool failed;
};

struct process roles[1] = { { .name = "gateway", .kind = PROCESS_GATEWAY } };
const unsigned role_n = 1;
const struct endpoint gateway_at[LISTENS] = {
	{ { 4, { 45, 9, 0, 25 } }, 25 }, { { 4, { 45, 9, 0, 25 } }, 587 },
	{ { 4, { 45, 9, 0, 25 } }, 465 },
};

static struct settings *settings;        /* of now; those before it may still be in use */
static int listen_fd[LISTENS];
static SSL_CTX *tls;
static unsigned refused;

/* ---- settings ---------------------------------------------------------------------------- */

static void set_times(struct gateway_config *config, bool slow)
{
	enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
	config->retry_first_s = slow ? 5 * MINUTE : chance_between(2, 20);
	config->retry_most_s = slow ? 3 * HOUR : chance_between(30, 300);
	config->warn_after_s = slow ? 4 * HOUR : chance_of(300) ? 0 : chance_between(60, 300);
	config->give_up_s = slow ? 4 * DAY : chance_between(400, 1800);
}

static struct config_strings list_of(const char *const *texts, size_t n)
{
	struct config_strings list = { mem_array(n, sizeof(*list.v)), n };
	for (size_t i = 0; i < n; i++)
		list.v[i] = mem_strdup(texts[i]);
	return list;
}

#define LIST_OF(text) list_of((const char *const[]){ text }, 1)

static void set_ours(struct gateway_config *config)
{
	static const char *const ours[] = { OURS_ONE, OURS_TWO };
	config->domains = list_of(ours, 2);
	config->transports = LIST_OF(OURS_TWO " lmtp:10.0.0.5:24");
	config->recipients = LIST_OF(OURS_ONE " " NAMES_FILE);
	config->spool_anywhere = true;       /* what statfs() says is of the machine outside */
	config->message_bytes = 1 << 20;
	config->memory_bytes = 16 << 20;
	config->segment_bytes = GATEWAY_SEGMENT_MIN;
	config->spool_bytes = GATEWAY_SEGMENT_MIN *
	                      (chance_of(300) ? GATEWAY_SEGMENTS_MIN :
	                       (int64_t)chance_between(5, SEGMENTS_MOST));
}

static void set_lists(struct gateway_config *config)
{
	config->blocklists = list_of(lists_block, LISTS_BLOCK);
	config->allowlists = list_of(lists_allow, LISTS_ALLOW);
	config->blocklist_threshold = LISTS_THRESHOLD;
	config->blocklist_text = mem_strdup("{address} " LISTS_TEXT " {list}");
	config->blocklist_action = mem_strdup(chance_of(300) ? "warn" : "refuse");
}

void gateway_prepare(bool slow)
{
	settings = mem_zalloc(sizeof(*settings));
	struct config_section section = { "gateway", "", gateway_config_rows,
	                                  gateway_config_row_count, &settings->gateway };
	struct buf message = { 0 };
	int e = config_load(NULL, &section, 1, &message);
	assert(e == ERR_OK);
	settings->general.hostname = mem_strdup(OUR_NAME);
	set_ours(&settings->gateway);
	set_times(&settings->gateway, slow);
	set_lists(&settings->gateway);
	if (gateway_config_check_entries(&settings->gateway, &message) != ERR_OK)
		world_broken("opens", "%s", buf_cstr(&message));
	buf_fini(&message);
	roles[0].ip = names_gateway;
	tls = SSL_CTX_new(TLS_server_method());
	for (unsigned i = 0; i < LISTENS; i++)
		listen_fd[i] = stream_listen(&gateway_at[i]);
}

int64_t gateway_give_up_s(void)
{
	return settings->gateway.give_up_s;
}

/* ---- begin ------------------------------------------------------------------------------- */

static struct assembly_gateway_setup setup_of(struct parts *p)
{
	static struct ip own;
	static struct gateway_listening listening[LISTENS];
	static struct gateway_network network;
	own = names_gateway;
	network = (struct gateway_network){ .own = &own, .own_count = 1 };
	for (unsigned i = 0; i < LISTENS; i++)
		listening[i] = (struct gateway_listening){
			listen_fd[i], i == LISTEN_MX ? GATEWAY_INBOUND : GATEWAY_SUBMISSION,
			i == LISTEN_SUBMISSIONS };
	return (struct assembly_gateway_setup){
		.loop = p->loop, .syncer = p->syncer, .login = p->login,
		.store = (struct store *)(void *)p,      /* of which nobody reads: accounts.c */
		.listening = listening, .listening_count = LISTENS, .control_fd = -1, .tls = tls,
		.smarthost_password = STR(""), .network = &network,
		.counters = &p->counters, .delivered = &p->delivered,
	};
}

static int assemble(struct parts *p, struct buf *message)
{
	const struct assembly_gateway_setup setup = setup_of(p);
	lists_asked(strcmp(settings->gateway.blocklist_action, "refuse") == 0);
	return assembly_gateway_create(settings, &setup, &p->assembly, message);
}

static void look_again(void *arg)
{
	struct parts *p = arg;
	const struct assembly_gateway_setup setup = setup_of(p);
	assembly_gateway_look(p->assembly, setup.network);
	loop_timer_arm(p->look, LOOK_MS);
}

static void begin(void *arg)
{
	struct parts *p = arg;
	struct buf message = { 0 };
	p->loop = loop_create();
	p->syncer = syncer_create(p->loop, SYNCS_MAX);
	gateway_login_create(p->loop, &settings->gateway, &p->login, &message);
	int e = assemble(p, &message);
	p->failed = e != ERR_OK;
	if (p->failed) {
		trace("the gateway does not begin: %s: %s", err_text(e), buf_cstr(&message));
		if (world.calm && ++refused > REFUSED_MOST)
			world_broken("opens", "%s", buf_cstr(&message));
		buf_fini(&message);
		return;
	}
	refused = 0;
	law_opened(assembly_gateway_queue(p->assembly));
	p->look = loop_timer_create(p->loop, look_again, p);
	loop_timer_arm(p->look, LOOK_MS);
	syncer_start(p->syncer);
}

bool role_begin(unsigned which)
{
	struct parts *parts = mem_zalloc(sizeof(*parts));
	return process_begin(&roles[which], begin, parts, &parts->failed);
}

/* ---- other settings ----------------------------------------------------------------------- */

static void reload(void *arg)
{
	struct parts *p = arg;
	const struct assembly_gateway_setup setup = setup_of(p);
	lists_asked(strcmp(settings->gateway.blocklist_action, "refuse") == 0);
	assembly_gateway_reload(p->assembly, settings, &setup);
}

void gateway_hears_of_change(void)
{
	struct settings *fresh = mem_zalloc(sizeof(*fresh));
	if (!gateway_queue_of_now())
		return;
	*fresh = *settings;
	fresh->gateway.recipients_max = chance_between(3, 100);
	fresh->gateway.errors_max = chance_between(3, 50);
	fresh->gateway.retry_first_s = settings->gateway.retry_first_s + chance_below(3);
	set_lists(&fresh->gateway);
	settings = fresh;
	trace("other settings: %s", fresh->gateway.blocklist_action);
	process_run(&roles[0], reload, roles[0].role);
}

/* ---- end --------------------------------------------------------------------------------- */

static void end(void *arg)
{
	struct parts *p = arg;
	loop_timer_destroy(p->look);
	syncer_stop(p->syncer, 0);
	assembly_gateway_destroy(p->assembly);
	syncer_destroy(p->syncer);
	gateway_login_destroy(p->login);
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

struct gateway_queue *gateway_queue_of_now(void)
{
	const struct parts *p = roles[0].role;
	return roles[0].alive && p && p->assembly ? assembly_gateway_queue(p->assembly) : NULL;
}

size_t gateway_queued(void)
{
	const struct gateway_queue *q = gateway_queue_of_now();
	return q ? gateway_queue_state(q).messages : SIZE_MAX;
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
