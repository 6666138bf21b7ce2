/* SPDX-License-Identifier: ISC
 *
 * Permits, exclusions, and what follows from them: the one place where it is decided whether
 * something may be tested.
 */
#include "store/admission.h"

#include "store/steps-private.h"

#include "base/clock.h"

#include <assert.h>

static int check_range(struct store *st, const struct prefix *range)
{
	if (range->ip.family == 4 || range->ip.family == 6)
		return ERR_OK;
	return store_fail(st, ERR_INVALID, "a range must have an address");
}

/* A change of permits and exclusions: what is kept of them is read again. */
static int begin_change(struct store *st, const struct prefix *range, const char *what)
{
	int e = check_range(st, range);
	if (e == ERR_OK)
		e = store_begin(st, PLACE_LIST, STORE_CONSENT, what);
	if (e == ERR_OK)
		st->consents.valid = false;
	assert(e != ERR_OK || (st->may_write & STORE_CONSENT) == STORE_CONSENT);
	return e;
}

/* ---- permits ---------------------------------------------------------------------- */

static bool has_ended(const struct permit *p, int64_t now_s)
{
	return p->until_s != 0 && p->until_s <= now_s;
}

static int permit_insert(struct store *st, const struct permit *p)
{
	struct permit row = *p, there = { .range = p->range };
	int e = row_get(st, ROW_PERMIT, PERMIT_BY_RANGE, &there, NULL);
	if (e == ERR_OK && !has_ended(&there, p->created_s))
		return store_fail(st, ERR_EXISTS, "that range has a permit already");
	/* One that has run out makes room for a new one. */
	if (e == ERR_OK)
		e = row_remove(st, ROW_PERMIT, &there);
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = row_add(st, ROW_PERMIT, &row);
	assert(e != ERR_OK || row.id > 0);
	if (e != ERR_OK)
		return e;
	return journal_add(st, JOURNAL_PERMIT, &p->range, p->by, consent_name(p->consent),
	                   p->created_s);
}

int store_permit_add(struct store *st, const struct permit *p)
{
	if (p->consent <= CONSENT_NONE || p->consent > CONSENT_OWNER)
		return store_fail(st, ERR_INVALID, "a permit needs a consent");
	int e = begin_change(st, &p->range, "permit_add");
	return e == ERR_OK ? store_end(st, permit_insert(st, p)) : e;
}

static int permit_remove(struct store *st, const struct prefix *range, const char *who,
                         int64_t now_s)
{
	struct permit there = { .range = *range };
	int e = row_get(st, ROW_PERMIT, PERMIT_BY_RANGE, &there, NULL);
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "no rule for exactly that range");
	assert(e != ERR_OK || prefix_cmp(&there.range, range) == 0);
	if (e == ERR_OK)
		e = row_remove(st, ROW_PERMIT, &there);
	return e == ERR_OK ? journal_add(st, JOURNAL_UNPERMIT, range, who, "", now_s) : e;
}

int store_permit_remove(struct store *st, const struct prefix *range, const char *who,
                        int64_t now_s)
{
	int e = begin_change(st, range, "permit_remove");
	return e == ERR_OK ? store_end(st, permit_remove(st, range, who, now_s)) : e;
}

int store_permits(struct store *st, struct arena *a, struct permit **rows, size_t *n)
{
	struct row_wish all = { .range.index = PERMIT_BY_RANGE };
	return row_list(st, ROW_PERMIT, &all, a, rows, n);
}

/* ---- exclusions ------------------------------------------------------------------- */

static int exclusion_insert(struct store *st, const struct exclusion *x)
{
	struct exclusion row = *x, there = { .range = x->range };
	int e = row_get(st, ROW_EXCLUSION, EXCLUSION_BY_RANGE, &there, NULL);
	if (e == ERR_OK)
		return store_fail(st, ERR_EXISTS, "that range is excluded already");
	if (e == ERR_NOT_FOUND)
		e = row_add(st, ROW_EXCLUSION, &row);
	assert(e != ERR_OK || row.id > 0);
	if (e != ERR_OK)
		return e;
	return journal_add(st, JOURNAL_EXCLUDE, &x->range, x->by, x->why, x->created_s);
}

int store_exclusion_add(struct store *st, const struct exclusion *x)
{
	int e = begin_change(st, &x->range, "exclusion_add");
	return e == ERR_OK ? store_end(st, exclusion_insert(st, x)) : e;
}

static int exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                            int64_t now_s)
{
	struct exclusion there = { .range = *range };
	int e = row_get(st, ROW_EXCLUSION, EXCLUSION_BY_RANGE, &there, NULL);
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "no rule for exactly that range");
	assert(e != ERR_OK || prefix_cmp(&there.range, range) == 0);
	if (e == ERR_OK)
		e = row_remove(st, ROW_EXCLUSION, &there);
	return e == ERR_OK ? journal_add(st, JOURNAL_UNEXCLUDE, range, who, "", now_s) : e;
}

int store_exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                           int64_t now_s)
{
	int e = begin_change(st, range, "exclusion_remove");
	return e == ERR_OK ? store_end(st, exclusion_remove(st, range, who, now_s)) : e;
}

int store_exclusions(struct store *st, struct arena *a, struct exclusion **rows, size_t *n)
{
	struct row_wish all = { .range.index = EXCLUSION_BY_RANGE };
	return row_list(st, ROW_EXCLUSION, &all, a, rows, n);
}

/* ---- consent ---------------------------------------------------------------------- */

/* The version changes when another has committed; our own changes mark the cache themselves. */
static int consents_fresh(struct store *st)
{
	struct consent_cache *c = &st->consents;
	int64_t version;
	int e = st->ops->changed(st, &version);
	if (e != ERR_OK || (c->valid && c->version == version))
		return e;
	arena_fini(&c->arena);
	*c = (struct consent_cache){ .version = version };
	e = store_permits(st, &c->arena, &c->permits, &c->permit_count);
	if (e == ERR_OK)
		e = store_exclusions(st, &c->arena, &c->exclusions, &c->exclusion_count);
	c->valid = e == ERR_OK;
	assert(!c->valid || c->version == version);
	return e;
}

int store_consent(struct store *st, const struct ip *address, int64_t now_s,
                  struct consent_answer *out)
{
	struct consent_cache *c = &st->consents;
	int e = consents_fresh(st);
	if (e != ERR_OK)
		return e;
	consent_decide(c->permits, c->permit_count, c->exclusions, c->exclusion_count, address,
	               now_s, out);
	assert(!out->excluded || out->consent == CONSENT_NONE);
	return ERR_OK;
}

int store_consent_on(struct store *st, const struct ip *address, enum admission_ground ground,
                     const char *by, int64_t now_s, struct consent_answer *out)
{
	int e = store_consent(st, address, now_s, out);
	assert(ground == GROUND_NONE || ground == GROUND_TRACE);
	if (e != ERR_OK || out->excluded || out->consent != CONSENT_NONE)
		return e;
	if (ground == GROUND_TRACE) {
		out->consent = CONSENT_EVIDENCE;
		str_copy(out->by, sizeof(out->by), str_of(by));
	}
	return ERR_OK;
}

int admission_check(struct store *st, const struct test *t, int64_t at_s)
{
	struct consent_answer answer;
	char address[IP_TEXT_MAX], rule[PREFIX_TEXT_MAX];
	int e = store_consent(st, &t->target.ip, at_s, &answer);
	if (e != ERR_OK || consent_holds(t->consent, &answer))
		return e;
	ip_format(&t->target.ip, address);
	if (answer.excluded)
		return store_fail(st, ERR_DENIED, "%s is excluded from tests by %s (%s)", address,
		                  prefix_format(&answer.rule, rule), answer.by);
	if (t->consent == CONSENT_NONE)
		return store_fail(st, ERR_DENIED, "%s: no consent, no test", address);
	assert(t->consent == CONSENT_RANGE);
	return store_fail(st, ERR_DENIED, "%s: no permit for it holds", address);
}

/* What was found when it was nominated, as far as it lasts: a permit is looked at anew. */
static int strongest_nomination(void *context, const void *row)
{
	const struct nomination *nom = row;
	enum consent *consent = context;
	bool lasts = nom->consent == CONSENT_EVIDENCE || nom->consent == CONSENT_CONTACT;
	if (lasts && nom->consent > *consent)
		*consent = nom->consent;
	return 0;
}

int admission_standing(struct store *st, const struct ip *address, int64_t now_s,
                       enum consent *consent)
{
	struct consent_answer answer;
	struct nomination of = { .address = *address };
	struct row_range range = { .index = NOMINATION_BY_ADDRESS, .row = &of, .equal = 1 };
	int e = store_consent(st, address, now_s, &answer);
	if (e != ERR_OK)
		return e;
	*consent = answer.consent;
	e = row_each(st, ROW_NOMINATION, &range, NULL, strongest_nomination, consent);
	assert(*consent >= answer.consent);
	return e;
}

/* ---- the answer: pure --------------------------------------------------------------- */

bool admission_may_repeat(int64_t last_s, int64_t now_s, int64_t interval_s, bool owner_asks)
{
	return owner_asks || last_s == 0 || now_s - clock_past(last_s, now_s) >= interval_s;
}

enum admission admission_decide(const struct consent_answer *consent, bool all, int64_t last_s,
                                int64_t now_s, int64_t interval_s)
{
	bool is_owner = consent->consent == CONSENT_OWNER;
	assert(interval_s >= 0);
	if (consent->excluded)
		return ADMISSION_EXCLUDED;
	if (consent->consent == CONSENT_NONE)
		return ADMISSION_NO_CONSENT;
	if (all && !is_owner)
		return ADMISSION_OWNER_ONLY;
	if (!admission_may_repeat(last_s, now_s, interval_s, is_owner))
		return ADMISSION_TOO_SOON;
	return ADMITTED;
}
