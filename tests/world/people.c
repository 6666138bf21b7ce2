/* SPDX-License-Identifier: ISC
 *
 * Orders, repairs, and what strangers try.
 */
#include "people.h"

#include "base/mem.h"
#include "host.h"
#include "law.h"
#include "names.h"
#include "roles.h"
#include "store/admission.h"
#include "store/clock.h"
#include "store/list.h"
#include "store/tests.h"
#include "store/upkeep.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_MOST_MS = 20 * 1000, PAUSE_LEAST_MS = 2000, PAUSE_MOST_MS = 25 * 1000,
       KILLED = 30, KILLED_WITHIN = 60,
       KEEP_LEAST_S = 2, KEEP_MOST_S = 90, NOT_KEPT = 500, PAGE_MOST = 8 };

struct process command = { .name = "command", .kind = PROCESS_COMMAND };

/* One command: what it does with its store, to whom. */
struct order {
	const char *name;
	int (*give)(struct store *st, struct host *h);
	struct host *host;
	int err;
};

static struct event next_order, next_owner;

/* ---- commands ------------------------------------------------------------------------ */

static int nominate(struct store *st, struct host *h)
{
	struct test t = {
		.target = h->at, .consent = CONSENT_RANGE, .reason = TEST_NOMINATED,
		.created_s = world_wall_s(), .not_before_s = world_wall_s(),
	};
	struct nomination nom = { .address = h->at.ip, .consent = CONSENT_RANGE,
	                          .created_s = world_wall_s() };
	struct consent_answer answer;
	str_copy(t.who, sizeof(t.who), str_of(world.calm ? "calm" : "operator"));
	str_copy(nom.by, sizeof(nom.by), STR("operator"));
	int e = store_consent(st, &h->at.ip, nom.created_s, &answer);
	if (e == ERR_OK)
		e = store_nominate(st, &nom);
	return e == ERR_OK ? store_test_add(st, &t) : e;
}

static int permit(struct store *st, struct host *h)
{
	struct permit p = { .consent = CONSENT_RANGE, .created_s = world_wall_s(),
	                    .range = prefix_of(&h->at.ip, 24) };
	str_copy(p.by, sizeof(p.by), STR("operator"));
	return store_permit_add(st, &p);
}

static int unpermit(struct store *st, struct host *h)
{
	struct prefix range = prefix_of(&h->at.ip, 24);
	return store_permit_remove(st, &range, "operator", world_wall_s());
}

static int exclude(struct store *st, struct host *h)
{
	struct exclusion x = { .range = prefix_of(&h->at.ip, 32), .created_s = world_wall_s() };
	str_copy(x.by, sizeof(x.by), STR("operator"));
	str_copy(x.why, sizeof(x.why), STR("asked not to be tested"));
	return store_exclusion_add(st, &x);
}

static int unexclude(struct store *st, struct host *h)
{
	struct prefix range = prefix_of(&h->at.ip, 32);
	return store_exclusion_remove(st, &range, "operator", world_wall_s());
}

static int retest(struct store *st, struct host *h)
{
	unsigned queued;
	return store_retest(st, &h->at.ip, "operator", NULL, NULL, world_wall_s(), &queued);
}

static int list(struct store *st, struct host *h)
{
	struct lifecycle_policy policy = roles_policy();
	return store_list(st, &h->at.ip, "operator", "by word", &policy, world_wall_s());
}

static int delist(struct store *st, struct host *h)
{
	return store_delist(st, &h->at.ip, "operator", "by word", world_wall_s());
}

/* The host, and mostly some of its neighbours. */
static int list_range(struct store *st, struct host *h)
{
	struct prefix range = prefix_of(&h->at.ip, 30);
	return store_range_list(st, &range, "operator", "all of it", world_wall_s());
}

static int delist_range(struct store *st, struct host *h)
{
	struct prefix range = prefix_of(&h->at.ip, 30);
	return store_range_delist(st, &range, "operator", "all of it", world_wall_s());
}

static int accept_clock(struct store *st, struct host *h)
{
	(void)h;
	return store_clock_accept(st, world_wall_s());
}

/* What would go after months goes after a minute, and returns often as soon as they are read. The
 * upkeep of the roles goes by the defaults, and finds nothing so old. */
static int expire(struct store *st, struct host *h)
{
	struct store_expiry x = { 0 };
	struct store_config keep = {
		.keep_tests_s = chance_between(KEEP_LEAST_S, KEEP_MOST_S),
		.keep_returns_s = chance_of(NOT_KEPT) ? 0 :
		                  chance_between(KEEP_LEAST_S, KEEP_MOST_S),
		.keep_evidence_s = chance_between(KEEP_LEAST_S, KEEP_MOST_S),
	};
	size_t page = chance_between(1, PAGE_MOST);
	int e = law_expires(&keep, world_wall_s()) ? ERR_OK : ERR_BUSY;
	(void)h;
	while (e == ERR_OK && !x.over)
		e = store_expire(st, &keep, world_wall_s(), page, false, &x);
	return e;
}

static const struct {
	const char *name;
	int (*give)(struct store *st, struct host *h);
	unsigned share;
} orders[] = {
	{ "nominate", nominate, 10 }, { "permit", permit, 3 }, { "unpermit", unpermit, 1 },
	{ "exclude", exclude, 2 }, { "unexclude", unexclude, 2 }, { "retest", retest, 4 },
	{ "list", list, 1 }, { "delist", delist, 1 }, { "expire", expire, 8 },
	{ "list range", list_range, 2 }, { "delist range", delist_range, 2 },
};
enum { ORDERS = sizeof(orders) / sizeof(*orders) };

static void run_order(void *arg)
{
	struct order *o = arg;
	struct store *st = roles_open_store();
	o->err = ERR_BUSY;
	if (!st)
		return;
	o->err = o->give(st, o->host);
	trace("%s host %u: %s", o->name, o->host->n, err_text(o->err));
	store_close(st);
}

static bool give(const char *name, int (*f)(struct store *st, struct host *h), struct host *h)
{
	struct order *o = mem_zalloc(sizeof(*o));
	*o = (struct order){ .name = name, .give = f, .host = h };
	command.alive = true;
	command.life++;
	if (!world.calm && chance_of(KILLED))
		command.kill_in = 1 + chance_below(KILLED_WITHIN);
	bool lived = process_run(&command, run_order, o);
	if (lived)
		process_abandon(&command);
	else
		law_after_death(false);
	bool done = lived && (o->err == ERR_OK || o->err == ERR_EXISTS);
	free(o);
	return done;
}

static unsigned draw_order(void)
{
	unsigned all = 0;
	for (unsigned i = 0; i < ORDERS; i++)
		all += orders[i].share;
	unsigned at = chance_below(all);
	for (unsigned i = 0;; i++) {
		if (at < orders[i].share)
			return i;
		at -= orders[i].share;
	}
}

static void give_order(void *arg)
{
	(void)arg;
	if (world.calm)
		return;
	unsigned i = draw_order();
	give(orders[i].name, orders[i].give, &hosts[chance_below(host_n)]);
	event_arm(&next_order, chance_between(PAUSE_LEAST_MS, PAUSE_MOST_MS));
}

/* ---- owners and strangers ---------------------------------------------------------------- */

static void ask_for_retest(struct host *h)
{
	char sender[80];
	snprintf(sender, sizeof(sender), "admin@%s", h->domain);
	trace("host %u asks for a retest", h->n);
	deliver(h, DELIVER_RETEST, &h->at.ip, sender, "retest@" NAMES_DOMAIN,
	        STR("Subject: fixed\r\n\r\nI fixed it.\r\n"), 0);
}

static void try_to_relay(struct host *h)
{
	static const char *const victims[] = {
		"user@" NAMES_VICTIM, "user%" NAMES_VICTIM "@" NAMES_DOMAIN,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaa@" NAMES_DOMAIN,
	};
	deliver(h, DELIVER_STRANGER, &h->out, "spam@" NAMES_VICTIM,
	        victims[chance_below(sizeof(victims) / sizeof(*victims))],
	        STR("Subject: buy\r\n\r\nBuy.\r\n"), 0);
}

static void owner_moves(void *arg)
{
	(void)arg;
	struct host *h = &hosts[chance_below(host_n)];
	if (world.calm)
		return;
	if (law_is_listed(&h->at.ip) && chance_of(600)) {
		if (!h->repaired && h->kind->relays && chance_of(700))
			host_repair(h);
		ask_for_retest(h);
	} else if (chance_of(200)) {
		try_to_relay(h);
	}
	event_arm(&next_owner, chance_between(PAUSE_LEAST_MS, PAUSE_MOST_MS));
}

/* ---- begin and end ----------------------------------------------------------------------- */

void people_begin(void)
{
	for (unsigned i = 0; i < host_n; i++) {
		give("permit", permit, &hosts[i]);
		if (chance_of(700))
			give("nominate", nominate, &hosts[i]);
	}
	event_init(&next_order, &outside, give_order, NULL);
	event_init(&next_owner, &outside, owner_moves, NULL);
	event_arm(&next_order, chance_between(1, FIRST_MOST_MS));
	event_arm(&next_owner, chance_between(FIRST_MOST_MS, 2 * FIRST_MOST_MS));
}

void people_calm(void)
{
	give("clock accept", accept_clock, &hosts[0]);
	for (unsigned i = 0; i < host_n; i++) {
		give("permit", permit, &hosts[i]);
		give("nominate", nominate, &hosts[i]);
		if (hosts[i].repaired)
			ask_for_retest(&hosts[i]);
	}
}
