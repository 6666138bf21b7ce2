/* SPDX-License-Identifier: ISC
 *
 * Reports to abuse desks: what was reported to whom and what became of it, what sources
 * said of contacts, and which contacts are dead.
 */
#include "store/sqlite-operations-private.h"

#include "base/random.h"

/* ---- reports --------------------------------------------------------------- */

#define COLUMNS "id, state, source, relay, network, contact, contact_source," \
	" contact_fetched_s, incidents, told, day, created_s, sent_s, changed_s, why"

static void report_read(struct query *q, struct report *r)
{
	*r = (struct report){ 0 };
	col_text(q, r->id, sizeof(r->id));
	r->state = (enum report_state)col_int(q);
	col_ip(q, &r->source);
	col_ip(q, &r->relay);
	col_text(q, r->network, sizeof(r->network));
	col_text(q, r->contact, sizeof(r->contact));
	col_text(q, r->contact_source, sizeof(r->contact_source));
	r->contact_fetched_s = col_int(q);
	r->incidents = (unsigned)col_int(q);
	r->told = (unsigned)col_int(q);
	r->day = col_int(q);
	r->created_s = col_int(q);
	r->sent_s = col_int(q);
	r->changed_s = col_int(q);
	col_text(q, r->why, sizeof(r->why));
}

/* The query's only row as a report without texts. */
static int report_one(struct query *q, struct report *r)
{
	int e = query_one(q);
	if (e != ERR_OK)
		return e;
	report_read(q, r);
	return query_end(q);
}

static int find_by_digest(struct db *db, struct str digest, struct report *r)
{
	struct query q = query(db, "SELECT " COLUMNS " FROM reports WHERE n ="
	                           " (SELECT report FROM report_messages WHERE digest = ?)");
	bind_blob(&q, digest);
	return report_one(&q, r);
}

/* Messages that came after a report of their day had been sent. */
static int untold(struct db *db, const char *network, unsigned *n)
{
	struct query q = query(db, "SELECT coalesce(sum(incidents - told), 0) FROM reports"
	                           " WHERE network = ? AND told > 0");
	bind_text(&q, network);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*n = (unsigned)col_int(&q);
	return query_end(&q);
}

int sqlite_report_find(struct store *st, const char *network, int64_t day, struct str digest,
                       struct report *r)
{
	struct db *db = &sqlite_of(st)->main;
	*r = (struct report){ 0 };
	int e = find_by_digest(db, digest, r);
	if (e != ERR_NOT_FOUND)
		return e == ERR_OK ? ERR_EXISTS : e;
	struct query q = query(db, "SELECT " COLUMNS " FROM reports"
	                           " WHERE network = ? AND day = ?");
	bind_text(&q, network);
	bind_int(&q, day);
	e = report_one(&q, r);
	if (e != ERR_NOT_FOUND)
		return e;
	e = untold(db, network, &r->incidents);
	return e == ERR_OK ? ERR_NOT_FOUND : e;
}

/* The new report tells of them. */
static int take_over_untold(struct db *db, const char *network)
{
	struct query q = query(db, "UPDATE reports SET told = incidents"
	                           " WHERE network = ? AND told > 0");
	bind_text(&q, network);
	return query_run(&q);
}

static int report_insert(struct db *db, const struct report *r)
{
	int e = take_over_untold(db, r->network);
	if (e != ERR_OK)
		return e;
	struct query q = query(db, "INSERT INTO reports (" COLUMNS ", message, xarf)"
	                           " VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0, ?, ?, ?, ?)");
	bind_text(&q, r->id);
	bind_ip(&q, &r->source);
	bind_ip(&q, &r->relay);
	bind_text(&q, r->network);
	bind_text(&q, r->contact);
	bind_text(&q, r->contact_source);
	bind_int(&q, r->contact_fetched_s);
	bind_int(&q, r->incidents);
	bind_int(&q, r->day);
	bind_int(&q, r->created_s);
	bind_int(&q, r->changed_s);
	bind_text(&q, r->why);
	bind_blob(&q, r->message);
	bind_blob(&q, r->xarf);
	return query_run(&q);
}

/* One message more; a report that was not sent is about the newest one. */
static int report_count(struct db *db, const struct report *r)
{
	struct query q = query(db, "UPDATE reports SET incidents = ?1, changed_s = ?2,"
	                           " message = CASE state WHEN 0 THEN ?3 ELSE message END,"
	                           " xarf = CASE state WHEN 0 THEN ?4 ELSE xarf END,"
	                           " source = CASE state WHEN 0 THEN ?5 ELSE source END,"
	                           " relay = CASE state WHEN 0 THEN ?6 ELSE relay END"
	                           " WHERE id = ?7 AND incidents = ?1 - 1 AND state = ?8");
	bind_int(&q, r->incidents);
	bind_int(&q, r->changed_s);
	bind_blob(&q, r->message);
	bind_blob(&q, r->xarf);
	bind_ip(&q, &r->source);
	bind_ip(&q, &r->relay);
	bind_text(&q, r->id);
	bind_int(&q, r->state);
	int e = query_run(&q);
	return e == ERR_OK && db_changes(db) == 0 ? ERR_BUSY : e;
}

static int is_there(struct db *db, const char *id)
{
	struct query q = query(db, "SELECT 1 FROM reports WHERE id = ?");
	bind_text(&q, id);
	int e = query_one(&q);
	return e == ERR_OK ? query_end(&q) : e;
}

static int report_save(struct db *db, const struct report *r, struct str digest)
{
	int e = is_there(db, r->id);
	if (e == ERR_OK)
		e = report_count(db, r);
	else if (e == ERR_NOT_FOUND)
		e = report_insert(db, r);
	if (e != ERR_OK)
		return e;
	struct query q = query(db, "INSERT INTO report_messages (digest, report)"
	                           " SELECT ?, n FROM reports WHERE id = ?");
	bind_blob(&q, digest);
	bind_text(&q, r->id);
	return query_run(&q);
}

int sqlite_report_save(struct store *st, const struct report *r, struct str digest)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	if (e == ERR_OK)
		e = db_end(&s->main, report_save(&s->main, r, digest));
	if (e == ERR_BUSY || e == ERR_EXISTS)
		return store_fail(&s->base, ERR_BUSY, "%s: another message of this network is being"
		                  " reported; try again", r->network);
	return e;
}

int sqlite_report_get(struct store *st, const char *id, struct arena *a, struct report *r)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "SELECT " COLUMNS ", message, xarf FROM reports"
	                                 " WHERE id = ?");
	bind_text(&q, id);
	int e = query_one(&q);
	if (e == ERR_NOT_FOUND)
		return store_fail(&s->base, e, "no report has the id \"%s\"", id);
	if (e != ERR_OK)
		return e;
	report_read(&q, r);
	r->message = col_blob(&q, a);
	r->xarf = col_blob(&q, a);
	return query_end(&q);
}

int sqlite_reports(struct store *st, struct arena *a, struct report **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct report) };
	struct query q = query(&s->main, "SELECT " COLUMNS " FROM reports ORDER BY n DESC");
	int e;
	while ((e = query_step(&q)) == 1)
		report_read(&q, old_rows_add(&rows));
	return old_rows_done(&rows, e, a, out, n);
}

static int report_become(struct sqlite_store *s, const char *id, enum report_state state,
                         const char *why, int64_t now_s)
{
	struct report r;
	struct query q = query(&s->main, "SELECT " COLUMNS " FROM reports WHERE id = ?");
	bind_text(&q, id);
	int e = report_one(&q, &r);
	if (e == ERR_NOT_FOUND)
		return store_fail(&s->base, e, "no report has the id \"%s\"", id);
	if (e != ERR_OK)
		return e;
	if (!report_may_become(r.state, state))
		return store_fail(&s->base, ERR_DENIED, "report %s is %s and cannot become %s", id,
		                  report_state_name(r.state), report_state_name(state));
	q = query(&s->main, "UPDATE reports SET state = ?1, why = ?2, changed_s = ?3,"
	                    " sent_s = CASE ?1 WHEN 1 THEN ?3 ELSE sent_s END,"
	                    " told = CASE ?1 WHEN 1 THEN incidents ELSE told END WHERE id = ?4");
	bind_int(&q, state);
	bind_text(&q, why);
	bind_int(&q, now_s);
	bind_text(&q, id);
	return query_run(&q);
}

int sqlite_report_become(struct store *st, const char *id, enum report_state state,
                         const char *why, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	if (e != ERR_OK)
		return e;
	return db_end(&s->main, report_become(s, id, state, why, now_s));
}

int reports_close(struct db *db, const struct ip *relay, const char *why, int64_t now_s)
{
	struct query q = query(db, "UPDATE reports SET state = ?1, why = ?2, changed_s = ?3"
	                           " WHERE relay = ?4 AND state <> ?1");
	bind_int(&q, REPORT_CLOSED);
	bind_text(&q, why);
	bind_int(&q, now_s);
	bind_ip(&q, relay);
	return query_run(&q);
}

/* ---- contacts -------------------------------------------------------------- */

int sqlite_contact_get(struct store *st, const char *source, const struct ip *address,
                       int64_t oldest_s, struct arena *a, struct str *answer,
                       int64_t *fetched_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "SELECT fetched_s, answer FROM contact_cache"
	                                 " WHERE source = ?1 AND first <= ?2 AND last >= ?2"
	                                 " AND fetched_s >= ?3"
	                                 " ORDER BY first DESC, last LIMIT 1");
	bind_text(&q, source);
	bind_ip(&q, address);
	bind_int(&q, oldest_s);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*fetched_s = col_int(&q);
	*answer = col_blob(&q, a);
	return query_end(&q);
}

int sqlite_contact_put(struct store *st, const char *source, const struct ip *first,
                       const struct ip *last, struct str answer, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "INSERT OR REPLACE INTO contact_cache"
	                                 " (source, first, last, fetched_s, answer)"
	                                 " VALUES (?, ?, ?, ?, ?)");
	bind_text(&q, source);
	bind_ip(&q, first);
	bind_ip(&q, last);
	bind_int(&q, now_s);
	bind_blob(&q, answer);
	return query_run(&q);
}

int sqlite_contact_bury(struct store *st, const char *address, const char *why, int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	struct query q = query(&s->main, "INSERT OR REPLACE INTO dead_contacts"
	                                 " (address, why, since_s) VALUES (lower(?), ?, ?)");
	bind_text(&q, address);
	bind_text(&q, why);
	bind_int(&q, now_s);
	return query_run(&q);
}

int sqlite_contacts_dead(struct store *st, struct arena *a, struct dead_contact **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct dead_contact) };
	struct query q = query(&s->main, "SELECT address, why, since_s FROM dead_contacts"
	                                 " ORDER BY address");
	int e;
	while ((e = query_step(&q)) == 1) {
		struct dead_contact *d = old_rows_add(&rows);
		col_text(&q, d->address, sizeof(d->address));
		col_text(&q, d->why, sizeof(d->why));
		d->since_s = col_int(&q);
	}
	return old_rows_done(&rows, e, a, out, n);
}

/* ---- secrets --------------------------------------------------------------- */

