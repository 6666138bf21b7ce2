/* SPDX-License-Identifier: ISC
 *
 * Role tester: leases tests from the store, runs them, writes verdict, evidence and list
 * change. It alone of the roles may connect out.
 *
 * Hostile input that reaches it: what tested servers and name servers send, through
 * relaytest/ and dns/; and what the collector wrote down, through the store.
 */
#include "roles/role.h"

#include "base/clock.h"
#include "store/tests.h"

static void tester_sandbox(const struct settings *settings, struct role_sandbox *out)
{
	(void)settings;
	out->box.sockets = SANDBOX_CONNECT;
	out->box.low_ports = true;
	role_may_write_list(out);
	role_may_read(out, "returns");
	role_may_read_keys(out);
	role_may_read(out, "/etc/resolv.conf");
	role_may_read(out, "/etc/hosts");
}

/* Before the sandbox, in which no other process can be seen. What fails here is only that the
 * leases of the dead run out by themselves. */
static void tester_inherit(struct store *st)
{
	struct alive_id self;
	size_t freed = 0;
	alive_self(&self);
	store_hold_as(st, &self);
	if (store_leases_of_dead(st, &self, alive_look, clock_now_s(), &freed) != ERR_OK)
		LOG(LOG_WARN, "leases-kept", LOG_S("why", store_message(st)));
	else if (freed)
		LOG(LOG_INFO, "leases-of-dead", LOG_I("tests", freed));
}

static int tester_open(struct role_context *ctx, struct buf *message)
{
	struct tester_setup setup = { .loop = ctx->loop, .store = ctx->store };
	tester_inherit(ctx->store);
	return assembly_tester_create(ctx->opened_with, &ctx->keys, &setup, ctx->own, message);
}

static int tester_start(struct role_context *ctx, struct buf *message)
{
	struct assembly_tester *t = ctx->own;
	(void)message;
	tester_follow(t->tester, true);
	return ERR_OK;
}

static void tester_take_over(struct role_context *ctx)
{
	struct assembly_tester *t = ctx->own;
	tester_reload(t->tester, &ctx->settings->tester);
}

static void tester_word(const struct role_context *ctx, struct running_word *word)
{
	const struct assembly_tester *t = ctx->own;
	const char *why;
	switch (tester_reach(t->tester, &why)) {
	case REACH_UNKNOWN: word->reach = RUNNING_REACH_UNKNOWN; break;
	case REACH_GOOD: word->reach = RUNNING_REACH_GOOD; break;
	case REACH_BAD: word->reach = RUNNING_REACH_BAD; break;
	}
	str_copy(word->why, sizeof(word->why), str_of(why));
}

static size_t tester_count_all(const struct role_context *ctx,
                               struct log_field fields[static ROLE_COUNTERS_MAX])
{
	const struct assembly_tester *t = ctx->own;
	struct tester_counters counters;
	struct tester_load load;
	tester_count(t->tester, &counters, &load);
	return tester_counters_fields(&counters, &load, fields);
}

static void tester_close(struct role_context *ctx)
{
	assembly_tester_destroy(ctx->own);
}

/* S06 speaks from port 25. */
const struct role role_tester = {
	.name = "tester", .may_write = STORE_TESTS | STORE_LIST, .keep = SANDBOX_KEEP_LOW_PORTS,
	.keys = ROLE_ALL_KEYS, .upkeep = true, .own_bytes = sizeof(struct assembly_tester),
	.open = tester_open, .sandbox = tester_sandbox, .start = tester_start,
	.word = tester_word, .counters = tester_count_all,
	.reload = tester_take_over, .close = tester_close,
};
