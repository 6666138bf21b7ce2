/* SPDX-License-Identifier: ISC
 *
 * Permits, exclusions and nominations.
 */
#include "store/sqlite-operations-private.h"

static int check_range(struct sqlite_store *s, const struct prefix *range)
{
	if (range->ip.family == 4 || range->ip.family == 6)
		return ERR_OK;
	return store_fail(&s->base, ERR_INVALID, "a range must have an address");
}

/* ---- permits --------------------------------------------------------------- */

static int permit_insert(struct sqlite_store *s, const struct permit *p)
{
	/* One that has run out makes room for a new one. */
	struct query q = query(&s->main, "DELETE FROM permits WHERE range = ?"
	                                 " AND until_s <> 0 AND until_s <= ?");
	bind_prefix(&q, &p->range);
	bind_int(&q, p->created_s);
	int e = query_run(&q);
	if (e != ERR_OK)
		return e;
	q = query(&s->main, "INSERT INTO permits (range, consent, who, created_s, until_s)"
	                    " VALUES (?, ?, ?, ?, ?)");
	bind_prefix(&q, &p->range);
	bind_int(&q, p->consent);
	bind_text(&q, p->by);
	bind_int(&q, p->created_s);
	bind_int(&q, p->until_s);
	e = query_run(&q);
	if (e == ERR_EXISTS)
		return store_fail(&s->base, e, "that range has a permit already");
	if (e != ERR_OK)
		return e;
	return old_journal_add(&s->main, JOURNAL_PERMIT, &p->range, p->by, consent_name(p->consent),
	                   p->created_s);
}

int sqlite_permit_add(struct store *st, const struct permit *p)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = check_range(s, &p->range);
	if (e == ERR_OK && (p->consent <= CONSENT_NONE || p->consent > CONSENT_OWNER))
		e = store_fail(&s->base, ERR_INVALID, "a permit needs a consent");
	if (e == ERR_OK)
		e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	s->base.consents.valid = false;
	return db_end(&s->main, permit_insert(s, p));
}

static int range_remove(struct store *st, const char *sql, enum journal_action action,
                        const struct prefix *range, const char *who, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = check_range(s, range);
	if (e == ERR_OK)
		e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	s->base.consents.valid = false;
	struct query q = query(&s->main, sql);
	bind_prefix(&q, range);
	e = query_run(&q);
	if (e == ERR_OK && db_changes(&s->main) == 0)
		e = store_fail(&s->base, ERR_NOT_FOUND, "no rule for exactly that range");
	if (e == ERR_OK)
		e = old_journal_add(&s->main, action, range, who, "", now_s);
	return db_end(&s->main, e);
}

int sqlite_permit_remove(struct store *st, const struct prefix *range, const char *who,
                         int64_t now_s)
{
	return range_remove(st, "DELETE FROM permits WHERE range = ?", JOURNAL_UNPERMIT, range,
	                    who, now_s);
}

static int permits_read(struct sqlite_store *s, struct arena *a, struct permit **out, size_t *n)
{
	struct rows rows = { .size = sizeof(struct permit) };
	struct query q = query(&s->main, "SELECT id, range, consent, who, created_s, until_s"
	                                 " FROM permits ORDER BY range");
	int e;
	while ((e = query_step(&q)) == 1) {
		struct permit *p = old_rows_add(&rows);
		p->id = col_int(&q);
		col_prefix(&q, &p->range);
		p->consent = (enum consent)col_int(&q);
		col_text(&q, p->by, sizeof(p->by));
		p->created_s = col_int(&q);
		p->until_s = col_int(&q);
	}
	return old_rows_done(&rows, e, a, out, n);
}

int sqlite_permits(struct store *st, struct arena *a, struct permit **rows, size_t *n)
{
	return permits_read(sqlite_of(st), a, rows, n);
}

/* ---- exclusions ------------------------------------------------------------ */

static int exclusion_insert(struct sqlite_store *s, const struct exclusion *x)
{
	struct query q = query(&s->main, "INSERT INTO exclusions (range, who, why, created_s)"
	                                 " VALUES (?, ?, ?, ?)");
	bind_prefix(&q, &x->range);
	bind_text(&q, x->by);
	bind_text(&q, x->why);
	bind_int(&q, x->created_s);
	int e = query_run(&q);
	if (e == ERR_EXISTS)
		return store_fail(&s->base, e, "that range is excluded already");
	if (e != ERR_OK)
		return e;
	return old_journal_add(&s->main, JOURNAL_EXCLUDE, &x->range, x->by, x->why, x->created_s);
}

int sqlite_exclusion_add(struct store *st, const struct exclusion *x)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = check_range(s, &x->range);
	if (e == ERR_OK)
		e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	s->base.consents.valid = false;
	return db_end(&s->main, exclusion_insert(s, x));
}

int sqlite_exclusion_remove(struct store *st, const struct prefix *range, const char *who,
                            int64_t now_s)
{
	return range_remove(st, "DELETE FROM exclusions WHERE range = ?", JOURNAL_UNEXCLUDE, range,
	                    who, now_s);
}

static int exclusions_read(struct sqlite_store *s, struct arena *a, struct exclusion **out,
                           size_t *n)
{
	struct rows rows = { .size = sizeof(struct exclusion) };
	struct query q = query(&s->main, "SELECT id, range, who, why, created_s"
	                                 " FROM exclusions ORDER BY range");
	int e;
	while ((e = query_step(&q)) == 1) {
		struct exclusion *x = old_rows_add(&rows);
		x->id = col_int(&q);
		col_prefix(&q, &x->range);
		col_text(&q, x->by, sizeof(x->by));
		col_text(&q, x->why, sizeof(x->why));
		x->created_s = col_int(&q);
	}
	return old_rows_done(&rows, e, a, out, n);
}

int sqlite_exclusions(struct store *st, struct arena *a, struct exclusion **rows, size_t *n)
{
	return exclusions_read(sqlite_of(st), a, rows, n);
}

/* ---- the decision ---------------------------------------------------------- */

/* data_version changes when another connection has committed; our own changes mark the
 * cache themselves. */
static int consents_fresh(struct sqlite_store *s)
{
	struct consent_cache *c = &s->base.consents;
	struct query q = query(&s->main, "PRAGMA data_version");
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	int64_t version = col_int(&q);
	e = query_end(&q);
	if (e != ERR_OK || (c->valid && c->version == version))
		return e;

	arena_fini(&c->arena);
	*c = (struct consent_cache){ .version = version };
	e = permits_read(s, &c->arena, &c->permits, &c->permit_count);
	if (e == ERR_OK)
		e = exclusions_read(s, &c->arena, &c->exclusions, &c->exclusion_count);
	c->valid = e == ERR_OK;
	return e;
}

int consent_load(struct sqlite_store *s, const struct ip *address, int64_t now_s,
                 struct consent_answer *out)
{
	struct consent_cache *c = &s->base.consents;
	int e = consents_fresh(s);
	if (e == ERR_OK)
		consent_decide(c->permits, c->permit_count, c->exclusions, c->exclusion_count,
		               address, now_s, out);
	return e;
}

int sqlite_consent(struct store *st, const struct ip *address, int64_t now_s,
                   struct consent_answer *out)
{
	return consent_load(sqlite_of(st), address, now_s, out);
}

/* ---- nominations ----------------------------------------------------------- */

static int nomination_insert(struct sqlite_store *s, struct nomination *nom)
{
	struct query q = query(&s->main, "INSERT INTO nominations (address, who, reason, consent,"
	                                 " created_s, message) VALUES (?, ?, ?, ?, ?, ?)");
	bind_ip(&q, &nom->address);
	bind_text(&q, nom->by);
	bind_text(&q, nom->reason);
	bind_int(&q, nom->consent);
	bind_int(&q, nom->created_s);
	bind_blob(&q, nom->message);
	int e = query_run(&q);
	if (e != ERR_OK)
		return e;
	nom->id = sqlite3_last_insert_rowid(s->main.h);
	return old_journal_add_ip(&s->main, JOURNAL_NOMINATE, &nom->address, nom->by, nom->reason,
	                      nom->created_s);
}

int sqlite_nominate(struct store *st, struct nomination *nom)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, nomination_insert(s, nom)) : e;
}

int sqlite_nominations(struct store *st, struct arena *a, struct nomination **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct nomination) };
	struct query q = query(&s->main, "SELECT id, address, who, reason, consent, created_s,"
	                                 " message FROM nominations ORDER BY id");
	int e;
	while ((e = query_step(&q)) == 1) {
		struct nomination *nom = old_rows_add(&rows);
		nom->id = col_int(&q);
		col_ip(&q, &nom->address);
		col_text(&q, nom->by, sizeof(nom->by));
		col_text(&q, nom->reason, sizeof(nom->reason));
		nom->consent = (enum consent)col_int(&q);
		nom->created_s = col_int(&q);
		nom->message = col_blob(&q, a);
	}
	return old_rows_done(&rows, e, a, out, n);
}
