/* SPDX-License-Identifier: ISC
 *
 * Role tester: leases tests from the store, runs them, writes verdict, evidence and list
 * change. It alone of the roles may connect out.
 *
 * Hostile input that reaches it: what tested servers and name servers send, through
 * relaytest/ and dns/; and what the collector wrote down, through the store.
 */
#include "relaytest/tester.h"
#include "roles/role.h"
#include "roles/upkeep.h"
#include "roles/watch.h"
#include "settings/state.h"
#include "store/keys.h"
#include "store/sqlite.h"

#include <stdlib.h>
#include <sysexits.h>

struct tester_role {
	struct role_context *ctx;
	struct store *store;
	struct dns_resolver *resolver;
	struct token_signer signer;
	bool has_signer;
	EVP_PKEY *evidence_key;
	struct tester *tester;
	struct upkeep *upkeep;
	struct watch *watch;
	bool stopping;
};

static size_t tester_sockets(const struct settings *settings, struct role_socket *out, size_t max)
{
	(void)settings, (void)out, (void)max;
	return 0;
}

static int load_keys(struct tester_role *t, struct buf *message)
{
	struct token_keys keys;
	int e = keys_token_load(STATE_HERE, &keys, message);
	if (e != ERR_OK)
		return e;
	if (t->has_signer)
		token_signer_fini(&t->signer);
	token_signer_init(&t->signer, &keys);
	t->has_signer = true;
	keys_token_fini(&keys);
	return t->evidence_key ? ERR_OK : keys_evidence_load(STATE_HERE, &t->evidence_key, message);
}

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

static int open_all(struct tester_role *t, struct buf *message)
{
	const struct settings *s = t->ctx->settings;
	/* S06 speaks from port 25. */
	int e = state_enter(s, SANDBOX_KEEP_LOW_PORTS, message);
	if (e == ERR_OK)
		e = load_keys(t, message);
	if (e == ERR_OK)
		e = store_sqlite_open(STATE_HERE, STORE_TESTER, &t->store, message);
	if (e == ERR_OK && dns_resolver_create(t->ctx->loop, s->general.resolver.v,
	                                       s->general.resolver.n, NULL, &t->resolver)) {
		buf_add_cstr(message, "the resolver cannot be set up");
		e = ERR_IO;
	}
	if (e != ERR_OK)
		return e;
	settings_rules(s, t->store);
	struct tester_setup setup = {
		.loop = t->ctx->loop, .store = t->store, .resolver = t->resolver,
		.signer = &t->signer, .evidence_key = t->evidence_key, .config = &s->tester,
		.hostname = s->general.hostname, .operator_name = s->general.operator_name,
		.contact = s->general.contact, .objection_url = s->general.objection_url,
	};
	t->tester = tester_create(&setup);
	return role_enter_sandbox(&role_tester, s, message);
}

static void on_term(void *arg)
{
	struct tester_role *t = arg;
	t->stopping = true;
	loop_stop(t->ctx->loop);
}

static void on_hup(void *arg, const struct settings *settings)
{
	struct tester_role *t = arg;
	struct buf message = { 0 };
	if (load_keys(t, &message) != ERR_OK)
		LOG(LOG_ERROR, "keys-kept", LOG_S("why", buf_cstr(&message)));
	buf_fini(&message);
	settings_rules(settings, t->store);
	tester_reload(t->tester, &settings->tester);
	upkeep_reload(t->upkeep, settings);
}

static bool same_resolver(const struct config_endpoints *a, const struct config_endpoints *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++)
		same = a->v[i].port == b->v[i].port && ip_eq(&a->v[i].ip, &b->v[i].ip);
	return same;
}

static void compare(const struct settings *old, const struct settings *fresh, int64_t started_ms)
{
	const struct general_config *a = &old->general, *b = &fresh->general;
	const struct { const char *name, *old, *fresh; } rows[] = {
		{ "hostname", a->hostname, b->hostname }, { "contact", a->contact, b->contact },
		{ "operator", a->operator_name, b->operator_name },
		{ "objection_url", a->objection_url, b->objection_url },
	};
	(void)started_ms;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].old, rows[i].fresh) != 0)
			role_needs_restart("tester", rows[i].name);
	if (!same_resolver(&a->resolver, &b->resolver))
		role_needs_restart("tester", "resolver");
}

static void close_all(struct tester_role *t)
{
	watch_destroy(t->watch);
	upkeep_destroy(t->upkeep);
	tester_destroy(t->tester);
	dns_resolver_destroy(t->resolver);
	store_close(t->store);
	EVP_PKEY_free(t->evidence_key);
	if (t->has_signer)
		token_signer_fini(&t->signer);
}

static int tester_role_run(struct role_context *ctx)
{
	struct tester_role t = { .ctx = ctx };
	struct buf message = { 0 };
	ctx->arg = &t;
	ctx->on_term = on_term;
	int e = open_all(&t, &message);
	if (e == ERR_OK) {
		ctx->on_hup = on_hup;
		tester_follow(t.tester, true);
		t.upkeep = upkeep_create(ctx->loop, t.store, ctx->settings);
		t.watch = watch_create(ctx->loop, t.store);
		ctx->ready(ctx);
		if (!t.stopping)
			loop_run(ctx->loop);
	} else {
		LOG(LOG_ERROR, "cannot-start", LOG_S("why", buf_cstr(&message)));
	}
	bool replaced = watch_replaced(t.watch);
	close_all(&t);
	buf_fini(&message);
	if (replaced)
		return ROLE_STORE_REPLACED;
	return e == ERR_OK ? EX_OK : e == ERR_DENIED ? EX_NOPERM : EX_TEMPFAIL;
}

const struct role role_tester = {
	.name = "tester", .sockets = tester_sockets, .sandbox = tester_sandbox,
	.run = tester_role_run, .compare = compare,
};
