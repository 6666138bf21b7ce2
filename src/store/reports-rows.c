/* SPDX-License-Identifier: ISC
 *
 * Reports to abuse desks: what was reported to whom and what became of it, what sources said of
 * contacts, and which contacts are dead.
 */
#include "store/reports.h"

#include "store/steps-private.h"

#include <assert.h>

/* ---- reports ---------------------------------------------------------------------- */

static int report_load(struct store *st, const char *id, struct report_row *row,
                       struct arena *texts)
{
	*row = (struct report_row){ 0 };
	if (!str_copy(row->r.id, sizeof(row->r.id), str_of(id)))
		return ERR_NOT_FOUND;          /* longer than any */
	return row_get(st, ROW_REPORT, REPORT_BY_ID, row, texts);
}

static int report_need(struct store *st, const char *id, struct report_row *row,
                       struct arena *texts)
{
	int e = report_load(st, id, row, texts);
	if (e == ERR_NOT_FOUND)
		return store_fail(st, e, "no report has the id \"%s\"", id);
	assert(e != ERR_OK || strcmp(row->r.id, id) == 0);
	return e;
}

static int find_by_digest(struct store *st, struct str digest, struct report_row *row)
{
	struct reported_row reported = { .digest = digest };
	int e = row_get(st, ROW_REPORTED, BY_KEY, &reported, NULL);
	if (e != ERR_OK)
		return e;
	*row = (struct report_row){ .n = reported.report };
	return row_get(st, ROW_REPORT, BY_KEY, row, NULL);
}

static struct report_row of_network(const char *network, int64_t day)
{
	struct report_row row = { .r.day = day };
	bool fits = str_copy(row.r.network, sizeof(row.r.network), str_of(network));
	assert(fits);
	return row;
}

static int sum_untold(void *context, const void *row)
{
	const struct report *r = &((const struct report_row *)row)->r;
	unsigned *n = context;
	if (r->told > 0 && r->incidents > r->told)
		*n += r->incidents - r->told;
	return 0;
}

static int find(struct store *st, const char *network, int64_t day, struct str digest,
                struct report *r)
{
	struct report_row row;
	int e = find_by_digest(st, digest, &row);
	if (e == ERR_NOT_FOUND) {
		row = of_network(network, day);
		e = row_get(st, ROW_REPORT, REPORT_BY_DAY, &row, NULL);
	} else if (e == ERR_OK) {
		e = ERR_EXISTS;
	}
	if (e == ERR_OK || e == ERR_EXISTS)
		*r = row.r;
	if (e != ERR_NOT_FOUND)
		return e;
	/* Messages that came after a report of their day had been sent. */
	struct row_range range = { .index = REPORT_BY_DAY, .row = &row, .equal = 1 };
	e = row_each(st, ROW_REPORT, &range, NULL, sum_untold, &r->incidents);
	return e == ERR_OK ? ERR_NOT_FOUND : e;
}

int store_report_find(struct store *st, const char *network, int64_t day, struct str digest,
                      struct report *r)
{
	*r = (struct report){ 0 };
	int e = store_begin_read(st, PLACE_LIST);
	if (e == ERR_OK)
		e = store_end(st, find(st, network, day, digest, r));
	assert(e != ERR_OK || strcmp(r->network, network) == 0);
	return e;
}

static bool is_untold(const void *unused, const void *row)
{
	const struct report *r = &((const struct report_row *)row)->r;
	(void)unused;
	return r->told > 0 && r->told != r->incidents;
}

/* The new report tells of them. */
static int take_over_untold(struct store *st, const struct report_row *report)
{
	struct arena a = { 0 };
	struct row_wish wish = {
		.range = { .index = REPORT_BY_DAY, .row = report, .equal = 1 },
		.fits = is_untold, .with_blobs = true,
	};
	struct report_row *rows = NULL;
	size_t n = 0;
	int e = row_list(st, ROW_REPORT, &wish, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		assert(strcmp(rows[i].r.network, report->r.network) == 0);
		rows[i].r.told = rows[i].r.incidents;
		e = row_update(st, ROW_REPORT, &rows[i]);
	}
	arena_fini(&a);
	return e;
}

static int report_insert(struct store *st, struct report_row *row)
{
	struct report_row day = of_network(row->r.network, row->r.day);
	int e = row_get(st, ROW_REPORT, REPORT_BY_DAY, &day, NULL);
	if (e != ERR_NOT_FOUND)
		return e == ERR_OK ? ERR_BUSY : e;
	e = take_over_untold(st, row);
	row->r.state = REPORT_MADE;
	row->r.told = 0;
	row->r.sent_s = 0;
	assert(row->r.incidents > row->r.told);
	return e == ERR_OK ? row_add(st, ROW_REPORT, row) : e;
}

/* One message more; a report that was not sent is about the newest one. */
static int report_count(struct store *st, struct report_row *there, const struct report *r)
{
	if (r->incidents != there->r.incidents + 1 || r->state != there->r.state)
		return ERR_BUSY;
	assert(strcmp(there->r.id, r->id) == 0);
	there->r.incidents = r->incidents;
	there->r.changed_s = r->changed_s;
	if (there->r.state == REPORT_MADE) {
		there->r.message = r->message;
		there->r.xarf = r->xarf;
		there->r.source = r->source;
		there->r.relay = r->relay;
	}
	return row_update(st, ROW_REPORT, there);
}

static int report_save(struct store *st, const struct report *r, struct str digest,
                       struct arena *a)
{
	struct report_row row;
	struct reported_row reported = { .digest = digest }, known = reported;
	int e = report_load(st, r->id, &row, a);
	if (e == ERR_OK) {
		e = report_count(st, &row, r);
	} else if (e == ERR_NOT_FOUND) {
		row = (struct report_row){ .r = *r };
		e = report_insert(st, &row);
	}
	if (e != ERR_OK)
		return e;
	reported.report = row.n;
	assert(row.n > 0);
	e = row_get(st, ROW_REPORTED, BY_KEY, &known, NULL);
	if (e == ERR_OK)
		return ERR_BUSY;
	return e == ERR_NOT_FOUND ? row_add(st, ROW_REPORTED, &reported) : e;
}

int store_report_save(struct store *st, const struct report *r, struct str digest)
{
	struct arena a = { 0 };
	int e = store_begin(st, PLACE_LIST, STORE_REPORTS, "report_save");
	assert(r->incidents > 0 && digest.n > 0);
	if (e != ERR_OK)
		return e;
	e = report_save(st, r, digest, &a);
	if (e == ERR_BUSY)
		e = store_fail(st, e, "%s: another message of this network is being reported; try"
		               " again", r->network);
	e = store_end(st, e);
	arena_fini(&a);
	return e;
}

int store_report_get(struct store *st, const char *id, struct arena *a, struct report *r)
{
	struct report_row row;
	int e = report_need(st, id, &row, a);
	if (e == ERR_OK)
		*r = row.r;
	return e;
}

int store_reports(struct store *st, struct arena *a, struct report **out, size_t *n)
{
	struct arena work = { 0 };
	struct row_wish newest_first = { .range.backward = true };
	struct report_row *rows = NULL;
	int e = row_list(st, ROW_REPORT, &newest_first, &work, &rows, n);
	*out = e == ERR_OK && *n ? arena_alloc(a, *n * sizeof(**out)) : NULL;
	for (size_t i = 0; e == ERR_OK && i < *n; i++) {
		assert(i == 0 || rows[i].n < rows[i - 1].n);
		(*out)[i] = rows[i].r;
	}
	arena_fini(&work);
	return e;
}

static int become(struct store *st, const char *id, enum report_state state, const char *why,
                  int64_t now_s, struct arena *a)
{
	struct report_row row;
	int e = report_need(st, id, &row, a);
	if (e != ERR_OK)
		return e;
	if (!report_may_become(row.r.state, state))
		return store_fail(st, ERR_DENIED, "report %s is %s and cannot become %s", id,
		                  report_state_name(row.r.state), report_state_name(state));
	assert(state != REPORT_MADE);
	row.r.state = state;
	row.r.changed_s = now_s;
	str_copy(row.r.why, sizeof(row.r.why), str_of(why));
	if (state == REPORT_SENT) {
		row.r.sent_s = now_s;
		row.r.told = row.r.incidents;
	}
	return row_update(st, ROW_REPORT, &row);
}

int store_report_become(struct store *st, const char *id, enum report_state state,
                        const char *why, int64_t now_s)
{
	struct arena a = { 0 };
	int e = store_begin(st, PLACE_LIST, STORE_REPORTS, "report_become");
	if (e == ERR_OK)
		e = store_end(st, become(st, id, state, why, now_s, &a));
	arena_fini(&a);
	return e;
}

static bool is_not_closed(const void *unused, const void *row)
{
	(void)unused;
	return ((const struct report_row *)row)->r.state != REPORT_CLOSED;
}

int reports_close(struct store *st, const struct ip *relay, const char *why, int64_t now_s)
{
	struct arena a = { 0 };
	struct report_row of = { .r.relay = *relay }, *rows = NULL;
	struct row_wish wish = {
		.range = { .index = REPORT_BY_RELAY, .row = &of, .equal = 1 },
		.fits = is_not_closed, .with_blobs = true,
	};
	size_t n = 0;
	assert(relay->family == 4 || relay->family == 6);
	int e = row_list(st, ROW_REPORT, &wish, &a, &rows, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		assert(report_may_become(rows[i].r.state, REPORT_CLOSED));
		rows[i].r.state = REPORT_CLOSED;
		rows[i].r.changed_s = now_s;
		str_copy(rows[i].r.why, sizeof(rows[i].r.why), str_of(why));
		e = row_update(st, ROW_REPORT, &rows[i]);
	}
	arena_fini(&a);
	return e;
}

/* ---- contacts --------------------------------------------------------------------- */

struct smallest {
	const struct ip *address;
	int64_t oldest_s;
	struct contact_row best;
	bool found;
};

/* Ranges come with the last beginning first; of those that begin there, the shortest counts. */
static int look_at_contact(void *context, const void *row)
{
	struct smallest *s = context;
	const struct contact_row *c = row;
	assert(ip_cmp(&c->first, s->address) <= 0);
	if (s->found && ip_cmp(&c->first, &s->best.first) != 0)
		return 1;
	if (ip_cmp(&c->last, s->address) < 0 || c->fetched_s < s->oldest_s)
		return 0;
	assert(!s->found || ip_eq(&c->first, &s->best.first));
	if (!s->found || ip_cmp(&c->last, &s->best.last) < 0)
		s->best = *c;
	s->found = true;
	return 0;
}

/* False: nothing is kept under so long a name. */
static bool name_source(struct contact_row *row, const char *source)
{
	return str_copy(row->source, sizeof(row->source), str_of(source));
}

int store_contact_get(struct store *st, const char *source, const struct ip *address,
                      int64_t oldest_s, struct arena *a, struct str *answer, int64_t *fetched_s)
{
	struct smallest s = { .address = address, .oldest_s = oldest_s };
	struct contact_row of = { .first = *address };
	struct row_range range = {
		.row = &of, .equal = 1, .bound = BOUND_UPTO, .backward = true,
	};
	if (!name_source(&of, source))
		return ERR_NOT_FOUND;
	int e = row_each(st, ROW_CONTACT, &range, NULL, look_at_contact, &s);
	if (e == ERR_OK)
		e = s.found ? row_get(st, ROW_CONTACT, BY_KEY, &s.best, a) : ERR_NOT_FOUND;
	if (e != ERR_OK)
		return e;
	assert(s.best.fetched_s >= oldest_s);
	*fetched_s = s.best.fetched_s;
	*answer = s.best.answer;
	return ERR_OK;
}

int store_contact_put(struct store *st, const char *source, const struct ip *first,
                      const struct ip *last, struct str answer, int64_t now_s)
{
	struct contact_row row = {
		.first = *first, .last = *last, .fetched_s = now_s, .answer = answer,
	};
	if (!name_source(&row, source))
		return store_fail(st, ERR_LIMIT, "the name of a source is %zu bytes long; "
		                  "expected fewer than %d", strlen(source), CONTACT_SOURCE_MAX);
	return row_put(st, ROW_CONTACT, &row);
}

int store_contact_bury(struct store *st, const char *address, const char *why, int64_t now_s)
{
	struct dead_contact row = { .since_s = now_s };
	str_copy(row.address, sizeof(row.address), str_of(address));
	str_copy(row.why, sizeof(row.why), str_of(why));
	for (char *p = row.address; *p; p++)
		*p = ascii_lower(*p);
	return row_put(st, ROW_DEAD_CONTACT, &row);
}

int store_contacts_dead(struct store *st, struct arena *a, struct dead_contact **rows, size_t *n)
{
	struct row_wish all = { 0 };
	return row_list(st, ROW_DEAD_CONTACT, &all, a, rows, n);
}
