/* SPDX-License-Identifier: ISC
 *
 * The roles of the world: tester, collector and follower, each with a store of its own.
 */
#include "roles.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/stream.h"
#include "blocklist/follower.h"
#include "law.h"
#include "names.h"
#include "roles/upkeep.h"
#include "settings/assembly.h"
#include "sqlite/sqlite.h"
#include "store/clock.h"
#include "store/fuse.h"

#include <assert.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

enum { REFUSED_MOST = 50 };

struct role_parts {
	unsigned which;
	struct loop *loop;
	struct store *store;
	struct assembly_tester testing;
	struct syncer *syncer;
	struct collector *collector;
	struct upkeep *upkeep;
	struct blocklist_handover handover;
	struct blocklist_follower *follower;
	struct loop_timer *follow;       /* what is a thread's in the role */
	struct blocklist_state dns;      /* as it was last asked for */
	bool failed;
};

struct process roles[ROLES] = {
	[ROLE_TESTER] = { .name = "tester", .kind = PROCESS_TESTER },
	[ROLE_TESTER_2] = { .name = "tester-2", .kind = PROCESS_TESTER },
	[ROLE_COLLECTOR] = { .name = "collector", .kind = PROCESS_COLLECTOR },
	[ROLE_FOLLOWER] = { .name = "follower", .kind = PROCESS_FOLLOWER },
};
const unsigned role_n = ROLES;
struct settings roles_settings;
struct str roles_public_key;

static struct assembly_keys keys;
static struct blocklist_zones *zones;
static int collector_fd;
static struct endpoint collector_at[1];
static struct ip sources[2];
static unsigned refused;             /* openings of a store, in a row */

/* ---- before anything else --------------------------------------------------------- */

static void load_settings(void)
{
	struct settings *s = &roles_settings;
	struct buf message = { 0 };
	struct config_section sections[] = {
		{ "tester", "", tester_config_rows, tester_config_row_count, &s->tester },
		{ "collector", "", collector_config_rows, collector_config_row_count,
		  &s->collector },
		{ "dnsbl", "", dnsbl_config_rows, dnsbl_config_row_count, &s->dnsbl },
		{ "store", "", store_config_rows, store_config_row_count, &s->store },
	};
	int e = config_load(NULL, sections, sizeof(sections) / sizeof(*sections), &message);
	assert(e == ERR_OK);
	e = config_set(sections, 4, "dnsbl.zone", NAMES_ZONE, &message);
	assert(e == ERR_OK);
	e = blocklist_zones_configure(&s->dnsbl, &zones, &message);
	assert(e == ERR_OK);
	buf_fini(&message);
}

static void set_general(void)
{
	struct general_config *g = &roles_settings.general;
	g->hostname = mem_strdup("tester.example");
	g->operator_name = mem_strdup("World");
	g->contact = mem_strdup("op@world.example");
	g->objection_url = mem_strdup("");
}

/* Hours become minutes, minutes seconds: a world is short. */
static void shorten_times(void)
{
	struct tester_config *t = &roles_settings.tester;
	t->domain = mem_strdup(NAMES_DOMAIN);
	t->domain2 = mem_strdup(NAMES_DOMAIN2);
	collector_at[0] = names_collector;
	t->collector = (struct config_endpoints){ collector_at, 1 };
	sources[0] = names_tester;
	sources[1] = ip_from_v4(45, 9, 0, 8);
	t->source = (struct config_ips){ sources, 2 };
	t->wait_s = chance_between(2, 8);
	t->proof_wait_s = 1;
	t->rate = 20;
	t->messages = chance_of(400) ? 2 : 8;
	t->sessions = chance_between(2, 6);
	t->sessions_per_net = chance_between(1, 3);
	t->connect_timeout_s = 4;
	t->command_timeout_s = 8;
	t->session_timeout_s = 60;
	t->ask_again_s = 30;
	t->retry_after_s = 60;
	t->retries = 2;
	t->recheck_interval_s = 8 * 3600;
	t->notify_postmaster = chance_of(500);
	roles_settings.collector.session_timeout_s = 60;
	roles_settings.collector.retest_interval_s = 10;
}

static void make_keys(void)
{
	struct token_keys tokens = { .n = 1, .v[0] = { .id = 'a', .created_s = world_wall_s() } };
	unsigned char secret[32];
	random_bytes(tokens.v[0].secret, sizeof(tokens.v[0].secret));
	token_signer_init(&keys.signer, &tokens);
	keys.has_signer = true;
	random_bytes(secret, sizeof(secret));
	keys.evidence = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret,
	                                             sizeof(secret));
	BIO *bio = BIO_new(BIO_s_mem());
	assert(keys.evidence && bio && PEM_write_bio_PUBKEY(bio, keys.evidence) == 1);
	char *pem;
	long n = BIO_get_mem_data(bio, &pem);
	roles_public_key = (struct str){ mem_strndup(pem, (size_t)n), (size_t)n };
	BIO_free(bio);
}

void roles_prepare(void)
{
	load_settings();
	set_general();
	shorten_times();
	make_keys();
	for (unsigned i = 0; i < ROLES; i++)
		roles[i].ip = names_tester;
	collector_fd = stream_listen(&names_collector);
	struct store *st = roles_open_store();
	assert(st);
	int e = store_clock_beat(st, world_wall_s());
	assert(e == ERR_OK);
	store_close(st);
}

static struct fuse rules_of_fuse(void)
{
	struct fuse fuse = fuse_default;
	fuse.own[fuse.own_count++] = names_collector.ip;
	fuse.own[fuse.own_count++] = names_tester;
	return fuse;
}

static void set_rules(struct store *st)
{
	struct fuse fuse = rules_of_fuse();
	store_set_rules(st, &fuse, roles_settings.store.clock_jump_max_s);
}

static struct store *open_store(unsigned may_write)
{
	struct store *st = NULL;
	struct buf message = { 0 };
	int e = store_sqlite_open(".", may_write, &st, &message);
	if (e == ERR_OK)
		set_rules(st);
	else
		trace("the store does not open: %s: %s", err_text(e), buf_cstr(&message));
	refused = e == ERR_OK ? 0 : refused + 1;
	if (e == ERR_CORRUPT || (world.calm && refused > REFUSED_MOST))
		world_broken("sound", "it does not open: %s", buf_cstr(&message));
	buf_fini(&message);
	return st;
}

struct store *roles_open_store(void)
{
	return open_store(STORE_ALL);
}

struct lifecycle_policy roles_policy(void)
{
	return tester_policy(&roles_settings.tester);
}

/* ---- each of them ------------------------------------------------------------------ */

static void begin_tester(struct role_parts *p)
{
	struct tester_setup setup = { .loop = p->loop, .store = p->store };
	struct buf message = { 0 };
	int e = assembly_tester_create(&roles_settings, &keys, &setup, &p->testing, &message);
	assert(e == ERR_OK);
	tester_follow(p->testing.tester, true);
	p->upkeep = upkeep_create(p->loop, p->store, &roles_settings);
}

static void begin_collector(struct role_parts *p)
{
	enum { MAILS_WAITING_MAX = 100 };
	p->syncer = syncer_create(p->loop, MAILS_WAITING_MAX);
	syncer_start(p->syncer);
	struct collector_setup setup = {
		.loop = p->loop, .syncer = p->syncer, .store = p->store,
		.listen_fds = &collector_fd,
		.listen_at = collector_at, .listen_count = 1,
	};
	p->collector = assembly_collector_create(&roles_settings, &keys, &setup);
	p->upkeep = upkeep_create(p->loop, p->store, &roles_settings);
}

static void follow(void *arg)
{
	struct role_parts *p = arg;
	loop_timer_arm(p->follow, blocklist_follower_step(p->follower));
}

static void begin_follower(struct role_parts *p)
{
	struct blocklist_orders orders = {
		.fuse = rules_of_fuse(),
		.clock_jump_max_s = roles_settings.store.clock_jump_max_s,
	};
	p->follower = blocklist_follower_create(p->store, &p->handover, &orders);
	p->follow = loop_timer_create(p->loop, follow, p);
	loop_timer_arm(p->follow, 0);
}

static void begin(void *arg)
{
	static const unsigned as[ROLES] = {
		STORE_TESTS | STORE_LIST, STORE_TESTS | STORE_LIST, STORE_RETURNS, STORE_READS,
	};
	struct role_parts *p = arg;
	p->loop = loop_create();
	p->store = open_store(as[p->which]);
	p->failed = p->store == NULL;
	if (p->failed)
		return;
	if (p->which == ROLE_COLLECTOR)
		begin_collector(p);
	else if (p->which == ROLE_FOLLOWER)
		begin_follower(p);
	else
		begin_tester(p);
}

static void end(void *arg)
{
	struct role_parts *p = arg;
	upkeep_destroy(p->upkeep);
	assembly_tester_destroy(&p->testing);
	if (p->syncer)
		syncer_stop(p->syncer, 0);
	collector_destroy(p->collector);
	syncer_destroy(p->syncer);
	loop_timer_destroy(p->follow);
	blocklist_follower_destroy(p->follower);
	blocklist_handover_fini(&p->handover);
	store_close(p->store);
	loop_destroy(p->loop);
}

bool role_begin(unsigned which)
{
	struct role_parts *parts = mem_zalloc(sizeof(*parts));
	parts->which = which;
	return process_begin(&roles[which], begin, parts, &parts->failed);
}

void role_end(unsigned which)
{
	struct process *p = &roles[which];
	if (!p->alive)
		return;
	trace("%s ends", p->name);
	struct role_parts *parts = p->role;
	if (process_run(p, end, parts)) {
		process_abandon(p);
		free(parts);
	}
}

bool roles_missing(void)
{
	for (unsigned i = 0; i < ROLES; i++)
		if (roles[i].life > 0 && !roles[i].alive)
			return true;
	return false;
}

unsigned roles_active(void)
{
	size_t n = 0;
	for (unsigned i = 0; i < ROLES; i++) {
		const struct role_parts *parts = roles[i].role;
		if (roles[i].alive && parts && parts->testing.tester)
			n += tester_active(parts->testing.tester);
	}
	return (unsigned)n;
}

const struct blocklist_state *roles_dns(void)
{
	const struct process *p = &roles[ROLE_FOLLOWER];
	struct role_parts *parts = p->role;
	if (!p->alive || !parts)
		return NULL;
	parts->dns = (struct blocklist_state){ zones, blocklist_handover_take(&parts->handover) };
	return parts->dns.edition ? &parts->dns : NULL;
}
