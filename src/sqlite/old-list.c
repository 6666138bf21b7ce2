/* SPDX-License-Identifier: ISC
 *
 * The list as it stands: listings, proofs, outputs, the journal and its serial, and the
 * evidence. Nothing here decides; sqlite-lifecycle.c does.
 */
#include "sqlite/operations-private.h"

#include <stdlib.h>

/* ---- listings -------------------------------------------------------------- */

#define COLUMNS "address, reason, since_s, last_test_s, recheck_s, evidence_id, by_operator"

static void listing_read(struct query *q, struct listing *l)
{
	*l = (struct listing){ 0 };
	col_ip(q, &l->address);
	col_text(q, l->reason, sizeof(l->reason));
	l->since_s = col_int(q);
	l->last_test_s = col_int(q);
	l->recheck_s = col_int(q);
	col_text(q, l->evidence_id, sizeof(l->evidence_id));
	l->by_operator = col_int(q) != 0;
}

int listing_load(struct db *db, const struct ip *address, struct listing *l)
{
	struct query q = query(db, "SELECT " COLUMNS " FROM listings WHERE address = ?");
	bind_ip(&q, address);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	listing_read(&q, l);
	return query_end(&q);
}

int listing_remove(struct db *db, const struct ip *address)
{
	struct query q = query(db, "DELETE FROM listings WHERE address = ?");
	bind_ip(&q, address);
	return query_run(&q);       /* its proofs go with it */
}

int recheck_set(struct db *db, const struct ip *address, int64_t at_s)
{
	struct query q = query(db, "UPDATE listings SET recheck_s = ? WHERE address = ?");
	bind_int(&q, at_s);
	bind_ip(&q, address);
	return query_run(&q);
}

int sqlite_listing_get(struct store *st, const struct ip *address, struct listing *l)
{
	struct sqlite_store *s = sqlite_of(st);
	char text[IP_TEXT_MAX];
	int e = listing_load(&s->main, address, l);
	if (e == ERR_NOT_FOUND)
		return store_fail(&s->base, e, "%s is not listed", ip_format(address, text));
	return e;
}

int sqlite_listings(struct store *st, struct arena *a, struct listing **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct listing) };
	struct query q = query(&s->main, "SELECT " COLUMNS " FROM listings ORDER BY address");
	int e;
	while ((e = query_step(&q)) == 1)
		listing_read(&q, old_rows_add(&rows));
	return old_rows_done(&rows, e, a, out, n);
}

int sqlite_proofs(struct store *st, const struct ip *address, struct arena *a, struct proof **out,
                  size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct proof) };
	struct query q = query(&s->main, "SELECT port, case_id, test_id, output, time_s"
	                                 " FROM proofs WHERE address = ? ORDER BY port, case_id");
	bind_ip(&q, address);
	int e;
	while ((e = query_step(&q)) == 1) {
		struct proof *p = old_rows_add(&rows);
		p->port = (uint16_t)col_int(&q);
		col_text(&q, p->case_id, sizeof(p->case_id));
		col_text(&q, p->test_id, sizeof(p->test_id));
		col_ip(&q, &p->output);
		p->time_s = col_int(&q);
	}
	return old_rows_done(&rows, e, a, out, n);
}

int sqlite_words(struct store *st, struct arena *a, struct listing **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct listing) };
	struct query q = query(&s->main, "SELECT " COLUMNS " FROM listings AS l"
	                                 " WHERE by_operator = 1 AND NOT EXISTS"
	                                 " (SELECT 1 FROM proofs AS p WHERE p.address = l.address)"
	                                 " ORDER BY address");
	int e;
	while ((e = query_step(&q)) == 1)
		listing_read(&q, old_rows_add(&rows));
	return old_rows_done(&rows, e, a, out, n);
}

/* ---- outputs --------------------------------------------------------------- */

/* The networks of the inputs: their first 24 or 48 bits, behind the family. An address
 * is no output of itself. */
#define NETWORKS \
	"count(DISTINCT substr(p.address, 1," \
	" CASE WHEN substr(p.address, 1, 1) = x'04' THEN 4 ELSE 7 END))"

int sqlite_outputs(struct store *st, struct arena *a, struct output **out, size_t *n)
{
	struct sqlite_store *s = sqlite_of(st);
	struct rows rows = { .size = sizeof(struct output) };
	struct query q = query(&s->main,
	                       "SELECT p.output, count(DISTINCT p.address), " NETWORKS ","
	                       " EXISTS (SELECT 1 FROM agreements AS a WHERE a.output = p.output),"
	                       " min(p.time_s), max(p.time_s) FROM proofs AS p"
	                       " WHERE p.output IS NOT NULL AND p.output <> p.address"
	                       " GROUP BY p.output ORDER BY p.output");
	int e;
	while ((e = query_step(&q)) == 1) {
		struct output *o = old_rows_add(&rows);
		col_ip(&q, &o->address);
		o->inputs = (unsigned)col_int(&q);
		o->networks = (unsigned)col_int(&q);
		o->agreed = col_int(&q) != 0;
		o->first_s = col_int(&q);
		o->last_s = col_int(&q);
	}
	return old_rows_done(&rows, e, a, out, n);
}

int outputs_published(struct sqlite_store *s, struct rows *ips)
{
	struct query q = query(&s->main, "SELECT a.output FROM agreements AS a WHERE"
	                           " (SELECT " NETWORKS " FROM proofs AS p"
	                           "  WHERE p.output = a.output AND p.address <> a.output) >= ?"
	                           " ORDER BY a.output");
	bind_int(&q, OUTPUT_NETWORKS_MIN);
	*ips = (struct rows){ .size = sizeof(struct ip) };
	int e;
	while ((e = query_step(&q)) == 1) {
		struct ip output;
		col_ip(&q, &output);
		if (!fuse_refuses_ip(&s->base.fuse, &output))
			*(struct ip *)old_rows_add(ips) = output;
	}
	return e;
}

/* Journals those of `some` that are not among `others`. */
static int journal_missing(struct db *db, const struct rows *some, const struct rows *others,
                           enum journal_action action, const char *why, int64_t now_s)
{
	const struct ip *a = some->v, *b = others->v;
	int e = ERR_OK;
	for (size_t i = 0, j = 0; e == ERR_OK && i < some->n; i++) {
		while (j < others->n && ip_cmp(&b[j], &a[i]) < 0)
			j++;
		if (j == others->n || !ip_eq(&b[j], &a[i]))
			e = old_journal_add_ip(db, action, &a[i], "portreeve", why, now_s);
	}
	return e;
}

int outputs_journal(struct sqlite_store *s, const struct rows *before, int64_t now_s)
{
	struct db *db = &s->main;
	struct rows after;
	int e = outputs_published(s, &after);
	if (e == ERR_OK)
		e = journal_missing(db, &after, before, JOURNAL_OUTPUT_LIST,
		                    "proved by inputs of enough networks", now_s);
	if (e == ERR_OK)
		e = journal_missing(db, before, &after, JOURNAL_OUTPUT_DELIST,
		                    "proved by too few networks now", now_s);
	free(after.v);
	return e;
}

static int is_output(struct db *db, const struct ip *address)
{
	struct query q = query(db, "SELECT 1 FROM proofs WHERE output = ? AND address <> output"
	                           " UNION ALL SELECT 1 FROM agreements WHERE output = ? LIMIT 1");
	bind_ip(&q, address);
	bind_ip(&q, address);
	int e = query_one(&q);
	return e == ERR_OK ? query_end(&q) : e;
}

static int agree(struct sqlite_store *s, const struct ip *address, bool agreed, const char *who,
                 int64_t now_s)
{
	char text[IP_TEXT_MAX];
	int e = is_output(&s->main, address);
	if (e == ERR_NOT_FOUND)
		return store_fail(&s->base, e, "%s is not known as an output", ip_format(address, text));
	if (e != ERR_OK)
		return e;
	const char *why = agreed ? fuse_refuses_ip(&s->base.fuse, address) : NULL;
	if (why)
		return store_fail(&s->base, ERR_DENIED, "may not be published: %s; see \"list\" in "
		                  "portreeve.conf(5)", why);
	struct query q;
	if (agreed) {
		q = query(&s->main, "INSERT OR REPLACE INTO agreements (output, who, time_s)"
		                    " VALUES (?, ?, ?)");
		bind_ip(&q, address);
		bind_text(&q, who);
		bind_int(&q, now_s);
	} else {
		q = query(&s->main, "DELETE FROM agreements WHERE output = ?");
		bind_ip(&q, address);
	}
	e = query_run(&q);
	if (e != ERR_OK)
		return e;
	return old_journal_add_ip(&s->main, agreed ? JOURNAL_OUTPUT_LIST : JOURNAL_OUTPUT_DELIST,
	                      address, who, agreed ? "agreed to publish" : "agreement withdrawn",
	                      now_s);
}

int sqlite_output_agree(struct store *st, const struct ip *address, bool agreed, const char *who,
                        int64_t now_s)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = db_begin(&s->main);
	return e == ERR_OK ? db_end(&s->main, agree(s, address, agreed, who, now_s)) : e;
}

/* ---- journal --------------------------------------------------------------- */

int old_journal_add(struct db *db, enum journal_action action, const struct prefix *subject,
                const char *who, const char *why, int64_t now_s)
{
	/* The journal is the list's own database, which is a part of its store. */
	struct sqlite_store *s =
		(struct sqlite_store *)((char *)db - offsetof(struct sqlite_store, main));
	int e = clock_guard(&s->base, now_s);
	if (e == ERR_OK)
		e = serial_raise(db, now_s);
	if (e != ERR_OK)
		return e;
	struct query q = query(db, "INSERT INTO journal (action, subject, who, why, time_s)"
	                           " VALUES (?, ?, ?, ?, ?)");
	bind_int(&q, action);
	bind_prefix(&q, subject);
	bind_text(&q, who);
	bind_text(&q, why);
	bind_int(&q, now_s);
	e = query_run(&q);
	if (e == ERR_OK)
		db->serial = sqlite3_last_insert_rowid(db->h);
	return e;
}

int old_journal_add_ip(struct db *db, enum journal_action action, const struct ip *subject,
                   const char *who, const char *why, int64_t now_s)
{
	struct prefix whole = prefix_of(subject, ip_bits(subject));
	return old_journal_add(db, action, &whole, who, why, now_s);
}

/* ---- evidence -------------------------------------------------------------- */

