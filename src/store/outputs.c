/* SPDX-License-Identifier: ISC
 *
 * Outputs of relays of several hops: how many networks prove one, whether the operator agreed,
 * and so whether it is published. No output is kept as such: each is what the proofs say.
 *
 * Proofs of an output come in order of the address, so that inputs and their networks are
 * counted by looking at the one before. An address is no output of itself.
 */
#include "store/fuse.h"
#include "store/list.h"

#include "store/steps-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static bool is_same_network(const struct ip *a, const struct ip *b)
{
	struct prefix network = prefix_of(a, a->family == 4 ? 24 : 48);
	assert(prefix_contains(&network, a));
	return prefix_contains(&network, b);
}

static bool is_of_itself(const struct proof_row *proof)
{
	return ip_eq(&proof->address, &proof->p.output);
}

/* ---- all of them -------------------------------------------------------------------- */

struct gathering {
	struct output *v;
	size_t n, room;
	struct ip last;                /* the input before */
};

static struct output *begin_output(struct gathering *g, const struct proof_row *proof)
{
	if (g->n == g->room) {
		g->room = g->room ? g->room * 2 : 16;
		g->v = mem_realloc(g->v, g->room, sizeof(*g->v));
	}
	struct output *o = &g->v[g->n++];
	assert(g->n <= g->room);
	*o = (struct output){
		.address = proof->p.output, .first_s = proof->p.time_s, .last_s = proof->p.time_s,
	};
	return o;
}

static int add_proof(void *context, const void *row)
{
	struct gathering *g = context;
	const struct proof_row *proof = row;
	struct output *o = g->n ? &g->v[g->n - 1] : NULL;
	if (is_of_itself(proof))
		return 0;
	if (!o || !ip_eq(&o->address, &proof->p.output))
		o = begin_output(g, proof);
	if (o->inputs == 0 || !ip_eq(&g->last, &proof->address)) {
		o->networks += o->inputs == 0 || !is_same_network(&g->last, &proof->address);
		o->inputs++;
	}
	o->first_s = proof->p.time_s < o->first_s ? proof->p.time_s : o->first_s;
	o->last_s = proof->p.time_s > o->last_s ? proof->p.time_s : o->last_s;
	g->last = proof->address;
	assert(o->networks <= o->inputs);
	return 0;
}

static int agreement_get(struct store *st, const struct ip *output, bool *agreed)
{
	struct agreement_row row = { .output = *output };
	int e = row_get(st, ROW_AGREEMENT, BY_KEY, &row, NULL);
	*agreed = e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int read_outputs(struct store *st, struct gathering *g)
{
	struct row_range all = { .index = PROOF_BY_OUTPUT };
	int e = row_each(st, ROW_PROOF, &all, NULL, add_proof, g);
	assert(g->n == 0 || g->v[g->n - 1].inputs > 0);
	for (size_t i = 0; e == ERR_OK && i < g->n; i++)
		e = agreement_get(st, &g->v[i].address, &g->v[i].agreed);
	return e;
}

int store_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n)
{
	struct gathering g = { 0 };
	*rows = NULL;
	*n = 0;
	int e = store_begin_read(st, PLACE_LIST);
	if (e == ERR_OK)
		e = store_end(st, read_outputs(st, &g));
	if (e == ERR_OK && g.n) {
		*rows = arena_alloc(a, g.n * sizeof(**rows));
		memcpy(*rows, g.v, g.n * sizeof(**rows));
		*n = g.n;
	}
	free(g.v);
	return e;
}

/* ---- is it published? --------------------------------------------------------------- */

struct enough {
	struct ip last;
	unsigned networks;
};

static int count_network(void *context, const void *row)
{
	struct enough *enough = context;
	const struct proof_row *proof = row;
	if (is_of_itself(proof))
		return 0;
	if (enough->networks == 0 || !is_same_network(&enough->last, &proof->address))
		enough->networks++;
	enough->last = proof->address;
	assert(enough->networks <= OUTPUT_NETWORKS_MIN);
	return enough->networks == OUTPUT_NETWORKS_MIN;
}

/* The operator agreed, the networks are enough, and it may be. */
static int is_published(struct store *st, const struct ip *output, bool *published)
{
	struct proof_row of = { .p.output = *output };
	struct row_range range = { .index = PROOF_BY_OUTPUT, .row = &of, .equal = 1 };
	struct enough enough = { 0 };
	int e = agreement_get(st, output, published);
	if (e != ERR_OK || !*published)
		return e;
	e = row_each(st, ROW_PROOF, &range, NULL, count_network, &enough);
	*published = e == ERR_OK && enough.networks == OUTPUT_NETWORKS_MIN &&
	             !fuse_refuses_ip(&st->fuse, output);
	assert(!*published || enough.networks >= OUTPUT_NETWORKS_MIN);
	return e;
}

/* ---- what a change does to them ------------------------------------------------------- */

static int by_ip(const void *a, const void *b)
{
	return ip_cmp(a, b);
}

static size_t sort_once(struct ip *v, size_t n)
{
	size_t kept = 0;
	if (n)
		qsort(v, n, sizeof(*v), by_ip);
	for (size_t i = 0; i < n; i++)
		if (v[i].family && (kept == 0 || !ip_eq(&v[kept - 1], &v[i])))
			v[kept++] = v[i];
	assert(kept <= n);
	return kept;
}

int outputs_watch(struct store *st, const struct ip *address, const struct ip *more, size_t n,
                  struct arena *a, struct outputs_watch *w)
{
	struct proof_row of = { .address = *address }, *rows = NULL;
	struct row_wish wish = { .range = { .row = &of, .equal = 1 } };
	size_t proofs = 0;
	assert(w->n == 0);
	int e = row_list(st, ROW_PROOF, &wish, a, &rows, &proofs);
	if (e != ERR_OK || proofs + n == 0)
		return e;
	w->outputs = arena_alloc(a, (proofs + n) * sizeof(*w->outputs));
	w->published = arena_alloc(a, (proofs + n) * sizeof(*w->published));
	for (size_t i = 0; i < proofs; i++)
		w->outputs[i] = rows[i].p.output;
	for (size_t i = 0; i < n; i++)
		w->outputs[proofs + i] = more[i];
	w->n = sort_once(w->outputs, proofs + n);
	assert(w->n <= proofs + n);
	for (size_t i = 0; e == ERR_OK && i < w->n; i++)
		e = is_published(st, &w->outputs[i], &w->published[i]);
	return e;
}

int outputs_journal(struct store *st, const struct outputs_watch *w, int64_t now_s)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < w->n; i++) {
		bool now;
		assert(i == 0 || ip_cmp(&w->outputs[i - 1], &w->outputs[i]) < 0);
		e = is_published(st, &w->outputs[i], &now);
		if (e != ERR_OK || now == w->published[i])
			continue;
		e = journal_add_ip(st, now ? JOURNAL_OUTPUT_LIST : JOURNAL_OUTPUT_DELIST,
		                   &w->outputs[i], "portreeve",
		                   now ? "proved by inputs of enough networks" :
		                         "proved by too few networks now", now_s);
	}
	return e;
}

/* ---- the operator's agreement ---------------------------------------------------------- */

static int is_through_another(void *context, const void *row)
{
	bool *found = context;
	*found = !is_of_itself(row);
	return *found;
}

/* Of the proofs, or of an agreement that was made when there were some. */
static int is_output(struct store *st, const struct ip *address, bool *known)
{
	struct proof_row of = { .p.output = *address };
	struct row_range range = { .index = PROOF_BY_OUTPUT, .row = &of, .equal = 1 };
	int e = agreement_get(st, address, known);
	if (e == ERR_OK && !*known)
		e = row_each(st, ROW_PROOF, &range, NULL, is_through_another, known);
	return e;
}

static int agreement_set(struct store *st, const struct ip *output, bool agreed, const char *who,
                         int64_t now_s)
{
	struct agreement_row row = { .output = *output, .time_s = now_s };
	str_copy(row.who, sizeof(row.who), str_of(who));
	assert(!agreed || !fuse_refuses_ip(&st->fuse, output));
	if (agreed)
		return row_put(st, ROW_AGREEMENT, &row);
	int e = row_remove(st, ROW_AGREEMENT, &row);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int agree(struct store *st, const struct ip *output, bool agreed, const char *who,
                 int64_t now_s)
{
	char text[IP_TEXT_MAX];
	bool known = false, was = false, is = false;
	int e = is_output(st, output, &known);
	if (e == ERR_OK && !known)
		return store_fail(st, ERR_NOT_FOUND, "%s is not known as an output",
		                  ip_format(output, text));
	const char *why = agreed ? fuse_refuses_ip(&st->fuse, output) : NULL;
	if (e == ERR_OK && why)
		return store_fail(st, ERR_DENIED, "may not be published: %s; see \"list\" in "
		                  "portreeve.conf(5)", why);
	if (e == ERR_OK)
		e = is_published(st, output, &was);
	if (e == ERR_OK)
		e = agreement_set(st, output, agreed, who, now_s);
	if (e == ERR_OK)
		e = is_published(st, output, &is);
	assert(e != ERR_OK || (agreed ? !was || is : !is));
	why = agreed ? "agreed to publish" : "agreement withdrawn";
	if (e == ERR_OK)
		e = journal_add_ip(st, agreed ? JOURNAL_AGREE : JOURNAL_WITHDRAW, output, who, why,
		                   now_s);
	if (e == ERR_OK && was != is)
		e = journal_add_ip(st, is ? JOURNAL_OUTPUT_LIST : JOURNAL_OUTPUT_DELIST, output,
		                   who, why, now_s);
	return e;
}

int store_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                       int64_t now_s)
{
	assert(address->family == 4 || address->family == 6);
	int e = store_begin(st, PLACE_LIST, STORE_LIST, "output_agree");
	return e == ERR_OK ? store_end(st, agree(st, address, agreed, who, now_s)) : e;
}
