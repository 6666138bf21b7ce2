/* SPDX-License-Identifier: ISC
 *
 * What must hold of every session whatever its host does, and what a play expects.
 */
#include "host-stage.h"

#include "relaytest/verdict.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

static void check_result(const struct stage_set *g, const struct case_result *r)
{
	const char *name = g->p->name;
	char what[128];
	snprintf(what, sizeof(what), "%s: %s/%u", name, r->id, r->attempt);
	CHECK_ROW(what, r->attempt <= 1);
	CHECK_ROW(what, !r->accepted || (r->stage == STAGE_MESSAGE && r->code / 100 == 2));
	CHECK_ROW(what, !(r->accepted && r->refusal));
	CHECK_ROW(what, !r->returned || r->stage == STAGE_MESSAGE);
	CHECK_ROW(what, r->stage != STAGE_SKIPPED || (!r->code && *r->text));
	CHECK_ROW(what, r->stage != STAGE_NONE || (!r->refusal && !r->code && !*r->text));
	CHECK_ROW(what, r->code == 0 || (r->code >= 200 && r->code <= 599));
	if (r->attempt == 1)
		seen_result(g->seen, r->id, 0);
}

void host_check(const struct stage_set *g)
{
	const struct session_outcome *o = &g->seen->outcome;
	const char *name = g->p->name;
	unsigned messages = g->p->messages ? g->p->messages : 8, taken = 0;
	CHECK_ROW(name, o->accepted <= messages);
	CHECK_ROW(name, g->seen->connections <= 200);
	for (size_t i = 0; i < o->n; i++) {
		const struct case_result *r = &o->results[i];
		check_result(g, r);
		taken += r->accepted;
		for (size_t j = 0; j < i; j++)
			CHECK_ROW(name, strcmp(o->results[j].id, r->id) != 0 ||
			          o->results[j].attempt != r->attempt);
	}
	CHECK_ROW(name, taken <= messages);
	CHECK_ROW(name, (o->verdict == VERDICT_OPEN) == (verdict_proof(o->results, o->n) != NULL));
	for (size_t i = 0; i < g->intent_count; i++)
		for (size_t j = 0; j < i; j++)
			CHECK_ROW(name, strcmp(g->intents[i].id, g->intents[j].id) != 0 ||
			          g->intents[i].attempt != g->intents[j].attempt);
}

const struct case_result *seen_result(const struct seen *seen, const char *id, unsigned attempt)
{
	const struct session_outcome *o = &seen->outcome;
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->results[i].id, id) == 0 && o->results[i].attempt == attempt)
			return &o->results[i];
	fail_msg("no result for %s/%u", id, attempt);
	return NULL;
}

unsigned seen_count(const struct seen *seen, const char *glob)
{
	struct str rest = { seen->commands, seen->commands_n }, row;
	unsigned n = 0;
	while (str_token(&rest, "\n", &row)) {
		char line[2100];
		str_copy(line, sizeof(line), row);
		n += fnmatch(glob, line, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
	}
	return n;
}

static void check_cases(const struct play *p, const struct seen *seen)
{
	struct str rest = str_of(p->cases ? p->cases : ""), word, id, stage;
	while (str_token(&rest, " ", &word)) {
		struct str code = { 0 };
		char name[32];
		unsigned attempt = 0;
		assert_true(str_token(&word, ":", &id) && str_token(&word, ":", &stage));
		str_copy(name, sizeof(name), id);
		char *slash = strchr(name, '/');
		if (slash) {
			attempt = (unsigned)strtoul(slash + 1, NULL, 10);
			*slash = '\0';
		}
		const struct case_result *r = seen_result(seen, name, attempt);
		if (!str_eq(stage, str_of(stage_name(r->stage))))
			fail_msg("%s: %s/%u: stage %s, expected %.*s (%s)", p->name, name, attempt,
			         stage_name(r->stage), STR_ARG(stage), r->text);
		uint64_t value = 0;
		if (str_token(&word, ":", &code))
			assert_int_equal(str_u64(code, 999, &value), ERR_OK);
		if (code.n && r->code != (int)value)
			fail_msg("%s: %s/%u: code %d, expected %.*s (%s)", p->name, name, attempt,
			         r->code, STR_ARG(code), r->text);
	}
}

void host_compare(const struct play *p, const struct seen *seen)
{
	const struct session_outcome *o = &seen->outcome;
	if (o->verdict != p->verdict)
		fail_msg("%s: verdict %s, expected %s\n%.*s", p->name, verdict_name(o->verdict),
		         verdict_name(p->verdict), (int)(o->transcript.n < 6000 ? o->transcript.n
		                                                                : 6000),
		         o->transcript.p);
	if (p->accepted >= 0 && o->accepted != (unsigned)p->accepted)
		fail_msg("%s: %u messages accepted, expected %d", p->name, o->accepted,
		         p->accepted);
	if (p->connections_max && seen->connections > p->connections_max)
		fail_msg("%s: %u connections, expected at most %u", p->name, seen->connections,
		         p->connections_max);
	const char *finding = o->finding ? o->finding : "", *want = p->finding ? p->finding : "";
	if (strcmp(finding, want) != 0)
		fail_msg("%s: finding \"%s\", expected \"%s\"", p->name, finding, want);
	if (o->verdict == VERDICT_CLOSED && !o->control_ok)
		fail_msg("%s: closed, and nothing shows its policy", p->name);
	bool undecided = o->verdict == VERDICT_INCONCLUSIVE || o->verdict == VERDICT_UNREACHABLE;
	if (!*o->reason == undecided ||
	    (p->reason && fnmatch(p->reason, o->reason, 0) != 0))
		fail_msg("%s: reason \"%s\", expected \"%s\"", p->name, o->reason,
		         p->reason ? p->reason : "one if it is undecided");
	CHECK_ROW(p->name, (o->cause != CAUSE_NONE) == (o->verdict == VERDICT_UNREACHABLE));
	CHECK_ROW(p->name, !p->cause || p->cause == o->cause);
	if (seen->rounds != p->rounds_seen)
		fail_msg("%s: %u more rounds, expected %u", p->name, seen->rounds, p->rounds_seen);
	if (o->catch_all != p->catch_all)
		fail_msg("%s: catch_all %d", p->name, o->catch_all);
	if (getenv("SHOW"))
		fprintf(stderr, "%s\n%.*s", p->name, (int)o->transcript.n, o->transcript.p);
	check_cases(p, seen);
}
