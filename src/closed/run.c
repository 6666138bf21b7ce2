/* SPDX-License-Identifier: ISC
 *
 * The plan and the room brought together: facts become interfaces and names, questions become
 * sessions, replies become answers.
 */
#include "closed/run.h"

#include "audit/callouts.h"
#include "audit/certificates.h"
#include "base/clock.h"
#include "base/mem.h"
#include "closed/ask.h"
#include "closed/authority.h"
#include "closed/beside-ask.h"
#include "closed/explain.h"
#include "closed/networks.h"
#include "closed/telling.h"
#include "smtp/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 256, COMMAND_MS = 9000, ENOUGH_MS = 500, SESSION_MS = 20000, AWAITED_MAX = 32,
       EXPLAIN_MS = 4000 };

struct running {
	const struct closed_run_setup *setup;
	struct audit_plan *plan;
	struct closed_room *room;
	struct closed_aside *aside;      /* where there can be no room */
	struct closed_authority authority;
	int64_t until_ms;
	bool greets;                     /* the server did when it was started */
	struct buf log;                  /* of the server, in the room */
};

/* ---- the room like this machine ------------------------------------------------------------- */

static const struct closed_interface *interfaces_of(const struct audit_plan *plan, size_t *n)
{
	const struct facts *f = plan->ground->facts;
	struct closed_interface *all = arena_alloc(plan->arena,
	                                           (f->interface_n + 1) * sizeof(*all));
	*n = 0;
	for (size_t i = 0; i < f->interface_n; i++) {
		const struct facts_interface *from = &f->interfaces[i];
		struct closed_address *addresses =
			arena_alloc(plan->arena, (from->address_n + 1) * sizeof(*addresses));
		for (size_t k = 0; k < from->address_n; k++)
			addresses[k] = (struct closed_address){ from->addresses[k].ip,
			                                        from->addresses[k].len };
		if (from->address_n || from->kind == FACTS_LOOPBACK)
			all[(*n)++] = (struct closed_interface){
				from->name, from->kind == FACTS_LOOPBACK, addresses,
				from->address_n };
	}
	return all;
}

struct naming {
	struct closed_name *rows;
	struct closed_reverse *reverses;
	size_t n, reverse_n;
};

static void name_add(struct naming *t, const char *name, const struct ip *ip, const char *mx)
{
	if (t->n < ROWS_MAX)
		t->rows[t->n++] = (struct closed_name){ name, ip ? *ip : (struct ip){ 0 }, mx };
}

/* The server by its name and by its domain; foreign domains, one with the server as its MX. */
static void names_of_server(const struct audit_plan *plan, struct naming *t)
{
	static const struct ip far = { 4, { 203, 0, 113, 25 } };
	const struct audit_ground *g = plan->ground;
	const char *mx = arena_printf(plan->arena, "mx.%s", g->foreign);
	for (size_t i = 0; i < g->facts->interface_n; i++)
		for (size_t k = 0; k < g->facts->interfaces[i].address_n; k++) {
			const struct ip *ip = &g->facts->interfaces[i].addresses[k].ip;
			if (g->facts->interfaces[i].kind != FACTS_LOOPBACK)
				name_add(t, g->host_name, ip, NULL);
		}
	if (strcmp(g->domain, g->host_name) != 0)
		name_add(t, g->domain, NULL, g->host_name);
	name_add(t, CLOSED_ASKERS, &far, NULL);
	name_add(t, g->foreign, NULL, mx);
	name_add(t, g->other, NULL, mx);
	name_add(t, mx, &far, NULL);
	/* Its second one: of a domain whose first it is Postfix is no backup (permit_mx_backup). */
	name_add(t, g->mx_here, NULL, mx);
	name_add(t, g->mx_here, NULL, g->host_name);
}

static bool name_known(const struct naming *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcasecmp(t->rows[i].name, name) == 0)
			return true;
	return false;
}

/* Those of senders, clients and recipients that the configuration has are there as well. */
static void names_of_hints(const struct audit_plan *plan, struct naming *t)
{
	static const struct ip far = { 4, { 203, 0, 113, 25 } };
	const char *mx = arena_printf(plan->arena, "mx.%s", plan->ground->foreign);
	for (size_t i = 0; i < plan->hint_n; i++) {
		const struct audit_hint *hint = &plan->hints[i];
		if (hint->by == AUDIT_BY_RDNS || name_known(t, hint->domain))
			continue;
		name_add(t, hint->domain, hint->by == AUDIT_BY_HELO ? &far : NULL,
		         hint->by == AUDIT_BY_HELO ? NULL : mx);
	}
}

/* Whom the server asks, but for sockets that are let in. */
struct standing {
	struct audit_callout calls[CLOSED_STAND_INS_MAX];
	struct closed_stand_in stand_ins[CLOSED_STAND_INS_MAX];
	size_t n;
};

static bool is_let_in(const struct closed_run_setup *setup, const char *path)
{
	for (size_t i = 0; path && i < setup->socket_in_n; i++)
		if (strcmp(setup->sockets_in[i], path) == 0)
			return true;
	return false;
}

static void stand_in_say(struct audit_plan *plan, const struct audit_callout *call)
{
	audit_plan_leave_out(plan,
		arena_printf(plan->arena, "%s: %s", audit_callout_title(call->kind), call->text),
		call->kind == AUDIT_CALL_AUTH ? "it is not in the room, where no login is right"
		: call->kind == AUDIT_CALL_TABLE || call->kind == AUDIT_CALL_SOCKETMAP
		? "it is not in the room, where no address is another: whether it takes back what "
		  "it did not write (SRS) is not known"
		: "it is not in the room, where all is well by it: what it permits or refuses is "
		  "not known");
}

static struct standing *stand_ins_of(const struct closed_run_setup *setup, struct audit_plan *plan)
{
	static const enum closed_stand_in_kind kinds[] = {
		[AUDIT_CALL_MILTER] = CLOSED_MILTER, [AUDIT_CALL_POLICY] = CLOSED_POLICY,
		[AUDIT_CALL_FILTER] = CLOSED_FILTER, [AUDIT_CALL_AUTH] = CLOSED_AUTH,
		[AUDIT_CALL_TABLE] = CLOSED_TABLE, [AUDIT_CALL_SOCKETMAP] = CLOSED_SOCKETMAP,
	};
	struct standing *s = arena_alloc(plan->arena, sizeof(*s));
	size_t all = audit_callouts(plan->ground->config, plan->arena, s->calls,
	                            CLOSED_STAND_INS_MAX);
	s->n = 0;
	for (size_t i = 0; i < all; i++) {
		if (is_let_in(setup, s->calls[i].path))
			continue;
		s->calls[s->n] = s->calls[i];
		s->stand_ins[s->n] = (struct closed_stand_in){
			kinds[s->calls[i].kind], s->calls[i].path, s->calls[i].at };
		stand_in_say(plan, &s->calls[s->n++]);
	}
	return s;
}

static const struct closed_names *names_of(const struct audit_plan *plan,
                                           const struct standing *standing)
{
	struct closed_names *names = arena_alloc(plan->arena, sizeof(*names));
	struct naming t = {
		.rows = arena_alloc(plan->arena, ROWS_MAX * sizeof(*t.rows)),
		.reverses = arena_alloc(plan->arena, AUDIT_NAMED_MAX * sizeof(*t.reverses)),
	};
	names_of_server(plan, &t);
	names_of_hints(plan, &t);
	for (size_t i = 0; i < standing->n; i++)
		if (standing->calls[i].host)
			name_add(&t, standing->calls[i].host, &standing->calls[i].at.ip, NULL);
	for (size_t i = 0; i < plan->named_n; i++) {
		const struct audit_named *named = &plan->named[i];
		t.reverses[t.reverse_n++] = (struct closed_reverse){ named->ip, named->name };
		if (named->verified)
			name_add(&t, named->name, &named->ip, NULL);
	}
	*names = (struct closed_names){ CLOSED_ASKERS, t.rows, t.n, t.reverses, t.reverse_n };
	return names;
}

static int bind_find(const struct closed_run_setup *setup, struct closed_bind *bind,
                     struct buf *message)
{
	if (!setup->config || setup->is_instance)
		return ERR_OK;
	int e = closed_server_bind(setup->server, setup->config, bind);
	if (e != ERR_OK)
		buf_printf(message, "%s: expected a configuration of %s, file or directory: %s",
		           setup->config, mta_title(setup->server->mta), err_text(e));
	return e;
}

/* What the room has not, or has otherwise, goes to what is not asked. A configuration from
 * elsewhere derives nothing on this machine. */
static void differences_say(const struct running *r, struct buf *message)
{
	const struct closed_run_setup *s = r->setup;
	struct str lines = buf_str(message), line;
	while (str_token(&lines, "\n", &line)) {
		const char *colon = memmem(line.p, line.n, ": ", 2);
		if (!colon)
			continue;
		const struct str what = { line.p, (size_t)(colon - line.p) };
		audit_plan_leave_out(r->plan, arena_strdup(r->plan->arena, what),
		                     arena_strdup(r->plan->arena, str_from(line, what.n + 2)));
	}
	buf_clear(message);
	const char *networks = s->config && !s->is_instance ? NULL :
		closed_networks_differ(r->room, s->server, s->config, r->plan->arena);
	if (networks)
		audit_plan_leave_out(r->plan, "networks of the interfaces", networks);
}

/* What the configuration names, wherever it is; without the authorities that are covered there
 * would be no place for ours. */
static size_t kept_of(const struct running *r, const char **kept)
{
	const struct closed_run_setup *s = r->setup;
	const char *own[AUDIT_CERTIFICATES_MAX];
	const size_t own_n = audit_certificates(r->plan->ground->config, r->plan->arena, own);
	size_t n = 0;
	for (size_t i = 0; i < own_n && n < CLOSED_KEPT_MAX; i++)
		kept[n++] = own[i];
	for (size_t i = 0; i < s->trusted_n && n < CLOSED_KEPT_MAX; i++)
		kept[n++] = s->trusted[i];
	for (size_t i = 0; i < r->authority.n && n < CLOSED_KEPT_MAX; i++)
		kept[n++] = r->authority.paths[i];
	return n;
}

static int room_make(struct running *r, struct buf *message)
{
	const char *kept[CLOSED_KEPT_MAX];
	const struct closed_run_setup *s = r->setup;
	struct closed_tree *trees = arena_alloc(r->plan->arena,
		(s->server->tree_n + s->directory_n + 1) * sizeof(*trees));
	struct closed_bind binds[1 + CLOSED_AUTHORITY_FILES_MAX] = { 0 };
	size_t n, bind_n = 0;
	const struct closed_interface *interfaces = interfaces_of(r->plan, &n);
	const struct standing *standing = stand_ins_of(s, r->plan);
	int e = bind_find(s, &binds[0], message);
	bind_n += binds[0].from != NULL;
	/* Of a container's own files we have none. Without an authority that is not asked. */
	if (!s->inside)
		closed_authority_make(NULL, s->trusted, s->trusted_n, &r->authority);
	for (size_t i = 0; i < r->authority.n; i++)
		binds[bind_n++] = r->authority.binds[i];
	const struct closed_setup setup = {
		.inside = s->inside, .host_name = r->plan->ground->machine_name,
		.interfaces = interfaces, .interface_n = n, .trees = trees,
		.tree_n = closed_server_trees(s->server, s->directories, s->directory_n, trees),
		.kept = kept, .kept_n = kept_of(r, kept),
		.binds = binds, .bind_n = bind_n,
		.sockets_in = s->sockets_in, .socket_in_n = s->socket_in_n,
		.stand_ins = standing->stand_ins, .stand_in_n = standing->n,
		.names = names_of(r->plan, standing),
		.life_ms = 2 * s->start_ms + s->all_ms + 30000,
	};
	if (e == ERR_OK)
		e = closed_create(&setup, &r->room, message);
	if (e == ERR_OK)
		differences_say(r, message);
	return e;
}

/* ---- questions -------------------------------------------------------------------- */

static enum closed_claim claim_of(enum audit_claim claim)
{
	static const enum closed_claim claims[] = {
		[AUDIT_AS_ITSELF] = CLOSED_AS_ITSELF, [AUDIT_CLAIM_XCLIENT] = CLOSED_CLAIM_XCLIENT,
		[AUDIT_CLAIM_PROXY1] = CLOSED_CLAIM_PROXY1,
		[AUDIT_CLAIM_PROXY2] = CLOSED_CLAIM_PROXY2,
		[AUDIT_CLAIM_PORT25] = CLOSED_CLAIM_PORT25,
		[AUDIT_CLAIM_LOGIN] = CLOSED_CLAIM_LOGIN,
		[AUDIT_CLAIM_CERTIFICATE] = CLOSED_CLAIM_CERTIFICATE,
	};
	return claims[claim];
}

static struct closed_envelope envelope_of(const struct audit_try *t)
{
	return (struct closed_envelope){ t->mail, t->rcpt, t->first, t->utf8 };
}

static struct closed_session session_of(const struct audit_plan *plan,
                                        const struct audit_question *q)
{
	static const struct ip loopback4 = { 4, { 127, 0, 0, 1 } }, loopback6 = { 6, { [15] = 1 } };
	struct closed_envelope *envelopes =
		arena_alloc(plan->arena, (q->try_n + 1) * sizeof(*envelopes));
	for (size_t i = 0; i < q->try_n; i++)
		envelopes[i] = envelope_of(&q->tries[i]);
	if (q->control)
		envelopes[q->try_n] = envelope_of(q->control);
	return (struct closed_session){
		.from = q->from, .to = q->at, .helo = q->helo, .envelopes = envelopes,
		.tls = q->tls == AUDIT_CLEAR ? CLOSED_CLEAR :
		       q->tls == AUDIT_STARTTLS ? CLOSED_STARTTLS : CLOSED_TLS_FIRST,
		.claim = claim_of(q->claim),
		.claimed = q->from.family == 4 ? loopback4 : loopback6,
		.user = q->user, .password = "no-such-password-4711",
		.control = q->control ? &envelopes[q->try_n] : NULL, .n = q->try_n,
		.answers = arena_alloc(plan->arena, q->try_n * sizeof(struct closed_answer)),
	};
}

static void answer_take(struct audit_plan *plan, const struct audit_question *q,
                        struct audit_try *t, const struct closed_answer *a)
{
	const struct audit_heard mail = { a->mail.code, a->mail.enhanced, a->mail.text };
	const struct audit_heard rcpt = { a->rcpt.code, a->rcpt.enhanced, a->rcpt.text };
	audit_answer(plan, q, t, &mail, &rcpt);
}

static void session_take(struct audit_plan *plan, struct audit_question *q,
                         const struct closed_session *s)
{
	q->end = s->end == CLOSED_UNASKED ? AUDIT_NOT_ASKED :
	         s->end == CLOSED_ASKED ? AUDIT_ASKED : AUDIT_NO_ANSWER;
	q->end_text = closed_end_text(s->end);
	q->nobody = s->end == CLOSED_NOBODY;
	q->late = s->end == CLOSED_LATE || s->end == CLOSED_NO_SOURCE;
	q->no_tls = s->end == CLOSED_NO_TLS;
	q->tls_offered = s->extensions & SMTP_EXT_STARTTLS;
	q->claim_taken = q->claim != AUDIT_AS_ITSELF && !s->claim_refused;
	if (q->control) {
		q->controlled = *q->control;
		q->controlled.said = AUDIT_UNSAID;
		q->controlled.code = 0;
		answer_take(plan, q, &q->controlled, &s->controlled);
	}
	for (size_t i = 0; i < q->try_n; i++)
		answer_take(plan, q, &q->tries[i], &s->answers[i]);
}

/* Who has a limit lets some in; who awaits a PROXY header, nobody. */
static bool is_anybody_greeted(const struct closed_session *sessions, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (sessions[i].to.port == port && sessions[i].greeting.code / 100 == 2)
			return true;
	return false;
}

static bool is_turned_away(const struct closed_session *sessions, size_t n, size_t i)
{
	const struct closed_session *s = &sessions[i];
	return s->end == CLOSED_HUNG_UP && s->greeting.code / 100 != 2 &&
	       s->claim == CLOSED_AS_ITSELF && is_anybody_greeted(sessions, n, s->to.port);
}

/* Those who were turned away, clients by turns: the first of each, the second of each. */
static size_t turned_away_find(const struct closed_session *sessions, size_t n, size_t *found)
{
	size_t count = 0, *turns = mem_array(n + 1, sizeof(*turns)), last = 0;
	for (size_t i = 0; i < n; i++) {
		turns[i] = is_turned_away(sessions, n, i);
		for (size_t k = i; k-- > 0 && turns[i] == 1;)
			if (turns[k] && ip_eq(&sessions[k].from, &sessions[i].from))
				turns[i] = turns[k] + 1;
		last = turns[i] > last ? turns[i] : last;
	}
	for (size_t turn = 1; turn <= last; turn++)
		for (size_t i = 0; i < n; i++)
			if (turns[i] == turn)
				found[count++] = i;
	free(turns);
	return count;
}

/* Many a server lets a client have a few connections at a time, and turns the others away with a
 * 421: these are asked once more, few at a time, and who is left one by one. */
static int turned_away_ask(struct running *r, const struct closed_patience *patience,
                           struct closed_session *sessions, size_t n)
{
	static const unsigned at_once[] = { 4, 1 };
	struct closed_session *again = mem_array(n + 1, sizeof(*again));
	size_t *found = mem_array(n + 1, sizeof(*found));
	int e = ERR_OK;
	for (size_t round = 0; e == ERR_OK && round < 2; round++) {
		const size_t count = turned_away_find(sessions, n, found);
		struct closed_patience rest = *patience;
		rest.at_once = at_once[round];
		rest.all_ms = r->until_ms - clock_mono_ms();
		for (size_t i = 0; i < count; i++)
			again[i] = sessions[found[i]];
		if (count && rest.all_ms > 0)
			e = closed_ask(r->room, &rest, again, count);
		for (size_t i = 0; e == ERR_OK && i < count; i++)
			sessions[found[i]] = again[i];
	}
	free(found);
	free(again);
	return e;
}

static int stage_ask(struct running *r, size_t first, int64_t most_ms)
{
	const size_t n = r->plan->n - first;
	const int64_t all_ms = r->until_ms - clock_mono_ms();
	const int64_t left_ms = all_ms < most_ms ? all_ms : most_ms;
	/* Within the time of all, so that who is late is told from who was not asked. */
	const int64_t enough_ms = left_ms > 2 * ENOUGH_MS ? left_ms - ENOUGH_MS : left_ms;
	const struct closed_patience patience = {
		.command_ms = enough_ms < COMMAND_MS ? enough_ms : COMMAND_MS,
		.session_ms = SESSION_MS, .all_ms = left_ms };
	struct closed_session *sessions = mem_array(n ? n : 1, sizeof(*sessions));
	for (size_t i = 0; i < n; i++) {
		sessions[i] = session_of(r->plan, &r->plan->questions[first + i]);
		if (r->plan->questions[first + i].by_authority)
			sessions[i].certificate = buf_cstr(&r->authority.own);
	}
	if (r->setup->progress)
		r->setup->progress(r->setup->arg, first, r->plan->n);
	int e = ERR_OK;
	if (left_ms > 0 && n)
		e = r->aside ? closed_aside_ask(r->aside, first, &patience, sessions, n)
		             : closed_ask(r->room, &patience, sessions, n);
	if (e == ERR_OK && !r->aside)
		e = turned_away_ask(r, &patience, sessions, n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		session_take(r->plan, &r->plan->questions[first + i], &sessions[i]);
	free(sessions);
	return e;
}

/* ---- the server --------------------------------------------------------------------- */

/* Where it is to greet: the places that the first stage goes to, without those where TLS comes
 * first: nobody greets there. */
static size_t awaited(const struct audit_plan *plan, struct endpoint *places)
{
	size_t n = 0;
	for (size_t i = 0; i < plan->n && n < AWAITED_MAX; i++) {
		bool known = plan->questions[i].tls == AUDIT_TLS_FIRST;
		for (size_t k = 0; k < n; k++)
			known |= places[k].port == plan->questions[i].at.port &&
			         ip_eq(&places[k].ip, &plan->questions[i].at.ip);
		if (!known)
			places[n++] = plan->questions[i].at;
	}
	return n;
}

static int server_start(struct running *r, struct buf *message)
{
	struct endpoint places[AWAITED_MAX];
	return closed_server_start(r->room, r->setup->server,
	                           r->setup->is_instance ? r->setup->config : NULL,
	                           r->setup->options, places, awaited(r->plan, places),
	                           r->setup->start_ms, &r->greets, message);
}

static bool is_answered(const struct audit_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->questions[i].end == AUDIT_ASKED)
			return true;
	return false;
}

/* The controls, then plain mail: of a server that listens and greets nobody not all is awaited, as
 * each of its answers would be late. */
static int stages_plain(struct running *r)
{
	/* A postscreen greets after six seconds. */
	enum { SILENT_CONTROLS_MS = 8000, SILENT_PLAIN_MS = 6000 };
	int e = stage_ask(r, 0, r->greets ? r->setup->all_ms : SILENT_CONTROLS_MS);
	const size_t first = r->plan->n;
	if (r->room)
		closed_log(r->room, &r->log);
	if (e != ERR_OK)
		return e;
	audit_plan_plain(r->plan);
	return stage_ask(r, first, r->greets || is_answered(r->plan) ? r->setup->all_ms
	                                                             : SILENT_PLAIN_MS);
}

/* What the server's log tells, where it did not answer all. */
static void log_tell(struct running *r)
{
	struct audit_plan *plan = r->plan;
	struct buf line = { 0 };
	if (!r->room)
		return;
	closed_server_log(r->room, &r->log);
	/* Of one that does answer only what is wrong: it logs all that we ask, too. */
	const enum closed_tells tells = closed_telling(buf_str(&r->log), false, &line);
	if (tells == CLOSED_TELLS_WHY || (tells == CLOSED_TELLS_LAST && !r->greets))
		plan->says = arena_strdup(plan->arena, buf_str(&line));
	buf_clear(&line);
	if (closed_telling(buf_str(&r->log), true, &line) == CLOSED_TELLS_WHY)
		plan->says_tls = arena_strdup(plan->arena, buf_str(&line));
	buf_fini(&line);
	const char *why = r->setup->server->tls_gone
		? r->setup->server->tls_gone(buf_str(&r->log)) : NULL;
	if (why)
		plan->tls_gone[plan->tls_gone_n++] = (struct audit_tls_gone){ .why = why };
}

static int stages(struct running *r, struct buf *message)
{
	audit_plan_controls(r->plan);
	int e = r->aside ? ERR_OK : server_start(r, message);
	if (e != ERR_OK)
		return e;
	r->greets |= r->aside != NULL;
	r->until_ms = clock_mono_ms() + r->setup->all_ms;
	r->plan->authority = !r->aside && r->authority.n > 0;
	e = stages_plain(r);
	log_tell(r);
	const size_t first = r->plan->n;
	if (e == ERR_OK) {
		audit_plan_forms(r->plan);
		e = stage_ask(r, first, r->setup->all_ms);
	}
	if (e == ERR_OK && r->room)
		closed_explain(r->room, r->setup->server, r->setup->options, r->plan, EXPLAIN_MS);
	if (r->plan->forms_left)
		audit_plan_cut(r->plan, "all forms", "they are too many");
	if (e != ERR_OK)
		buf_printf(message, "the server in the closed room cannot be asked: %s",
		           err_text(e));
	return e;
}

/* Elsewhere a machine that forbids a room has its reasons: nothing is started there. */
static bool is_container(const struct running *r)
{
	return r->setup->in_container ||
	       r->plan->ground->facts->container != FACTS_NO_CONTAINER;
}

int closed_audit(const struct closed_run_setup *setup, struct audit_plan *plan, struct buf *message)
{
	struct running r = { .setup = setup, .plan = plan };
	int e = setup->in_container ? ERR_DENIED : room_make(&r, message);
	/* In a container it may be asked otherwise: by the configuration of the server that runs,
	 * as nothing confines it there. */
	const bool is_foreign = setup->config && !setup->is_instance;
	if (e == ERR_DENIED && !is_foreign && !setup->inside && is_container(&r)) {
		buf_clear(message);
		e = closed_aside_create(setup, plan, &r.aside, message);
	} else if (e == ERR_DENIED && !is_foreign && !setup->inside) {
		buf_add_cstr(message, "; this seems to be no container: --in-container asks "
		             "without a room");
	}
	if (setup->aside)
		*setup->aside = r.aside ? closed_aside_how(r.aside) : NULL;
	if (e == ERR_OK)
		e = stages(&r, message);
	closed_destroy(r.room);
	closed_aside_destroy(r.aside);
	closed_authority_fini(&r.authority);
	buf_fini(&r.log);
	return e;
}
