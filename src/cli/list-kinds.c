/* SPDX-License-Identifier: ISC
 *
 * The kinds of rows that `portreeve list` shows, a table of them: where they come from, when each
 * was, and what people and machines see of it.
 */
#include "cli/list.h"

#include "catalogue/explain.h"
#include "store/admission.h"
#include "store/fuse.h"
#include "store/journal.h"
#include "store/json.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/tests.h"
#include "store/undecided.h"

#include <stdio.h>

enum { ROWS_USUAL = 1000, CHUNK = 1000 };

#define HEADING(...) (const char *const[]){ __VA_ARGS__, NULL }

/* ---- for the cells: texts in the command's arena --------------------------------------- */

static struct prefix whole(const struct ip *ip)
{
	return prefix_of(ip, ip_bits(ip));
}

static const char *ip_cell(struct list_args *a, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	return arena_strdup(&a->cli.arena, str_of(ip_format(ip, text)));
}

static const char *prefix_cell(struct list_args *a, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];
	return arena_strdup(&a->cli.arena, str_of(prefix_format(prefix, text)));
}

static const char *time_cell(struct list_args *a, int64_t time_s)
{
	char text[CLI_TIME_MAX];
	return arena_strdup(&a->cli.arena, str_of(cli_time(time_s, text)));
}

static const char *number_cell(struct list_args *a, uint64_t n)
{
	return arena_printf(&a->cli.arena, "%llu", (unsigned long long)n);
}

/* ---- listings ---------------------------------------------------------------------------- */

/* An address or a range. */
struct listed {
	struct prefix subject;
	bool is_range;
	union {
		struct listing l;
		struct listed_range r;
	};
};

static bool is_by_operator(const struct listed *row)
{
	return row->is_range || row->l.by_operator;
}

static int64_t since_of(const struct listed *row)
{
	return row->is_range ? row->r.since_s : row->l.since_s;
}

/* What an older version or somebody's hand put on the list: DNS leaves it out. */
static const char *not_published(struct list_args *a, const struct listed *row)
{
	return fuse_refuses(store_fuse(a->cli.store), &row->subject);
}

/* What the operator gave as the reason proves nothing: it stands as his word. */
static const char *word_text(struct list_args *a, const struct listed *row, const char *reason)
{
	struct proof *rows;
	size_t n = 0;
	if (!row->is_range)
		store_proofs(a->cli.store, &row->l.address, &a->cli.arena, &rows, &n);
	return arena_printf(&a->cli.arena, "%sby the operator's word: %s",
	                    n ? "open relay, and " : "", reason);
}

static const char *reason_text(struct list_args *a, const struct listed *row)
{
	const char *withheld = not_published(a, row);
	const char *reason = cli_safe(&a->cli, row->is_range ? row->r.reason : row->l.reason);
	if (is_by_operator(row))
		reason = word_text(a, row, reason);
	if (!withheld)
		return reason;
	return arena_printf(&a->cli.arena, "%s (not published: %s)", reason, withheld);
}

/* Both in order of the address; a range stands before its first address. */
static int read_listings(struct list_args *a, struct list_rows *rows)
{
	struct list_snapshot list;
	size_t i = 0, j = 0;
	int e = store_snapshot(a->cli.store, &a->cli.arena, &list);
	if (e != ERR_OK)
		return cli_store_fail(&a->cli, e, "listings");
	while (i < list.listing_n || j < list.range_n) {
		bool range = i == list.listing_n || (j < list.range_n &&
			ip_cmp(&list.ranges[j].range.ip, &list.listings[i].address) <= 0);
		struct listed row = { .is_range = range };
		if (range) {
			row.r = list.ranges[j];
			row.subject = row.r.range;
		} else {
			row.l = list.listings[i];
			row.subject = whole(&row.l.address);
		}
		list_rows_keep(rows, &row);
		i += !range;
		j += range;
	}
	return CLI_GO;
}

static struct list_key listing_key(const void *row)
{
	const struct listed *l = row;
	return (struct list_key){ l->subject, since_of(l), NULL };
}

static bool listing_fits(const struct list_query *q, const void *row)
{
	const struct listed *l = row;
	return !q->by_operator || is_by_operator(l);
}

/* Which kind of server it is nobody has kept: the evidence shows how it greeted. */
static bool explain_proofs(const struct listing *l, const struct proof *proofs, size_t n,
                           struct explanation *why)
{
	const struct seen_as seen = { l->seen_as, l->known_as };
	const char *names[PROOFS_MAX];
	n = n < PROOFS_MAX ? n : PROOFS_MAX;
	for (size_t i = 0; i < n; i++)
		names[i] = proofs[i].case_id;
	if (explain_open(names, n, MTA_UNKNOWN, why) != ERR_OK)
		return false;
	explain_seen(why, &seen, &l->address);
	return true;
}

static void listing_object(struct list_args *a, const void *row, struct json *j)
{
	const struct listed *l = row;
	struct proof *proofs = NULL;
	struct explanation why;
	size_t n = 0;
	if (l->is_range) {
		listed_range_json(&l->r, not_published(a, l), j);
		return;
	}
	if (store_proofs(a->cli.store, &l->l.address, &a->cli.arena, &proofs, &n) != ERR_OK)
		n = 0;
	listing_json(&l->l, not_published(a, l), proofs, n, j);
	if (explain_proofs(&l->l, proofs, n, &why))
		explanation_json(&why, j);
}

static void listing_below(struct list_args *a, const void *row)
{
	const struct listed *l = row;
	struct proof *proofs = NULL;
	struct explanation why;
	struct buf text = { 0 };
	size_t n = 0;
	if (l->is_range ||
	    store_proofs(a->cli.store, &l->l.address, &a->cli.arena, &proofs, &n) != ERR_OK ||
	    !explain_proofs(&l->l, proofs, n, &why))
		return;
	explain_short(&why, 0, &text);
	putchar('\n');
	cli_print(buf_str(&text));
	buf_fini(&text);
}

static void listing_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct listed *l = row;
	cells[0] = prefix_cell(a, &l->subject);
	cells[1] = time_cell(a, since_of(l));
	cells[2] = time_cell(a, l->is_range ? 0 : l->l.last_test_s);
	cells[3] = reason_text(a, l);
}

/* ---- listings that no test decides --------------------------------------------------------- */

/* Hosts that stay listed because they cannot be tested: they come off by the operator's word. */
static int read_undecided(struct list_args *a, struct list_rows *rows)
{
	struct undecided *found;
	size_t n;
	struct ip all = { 0 };
	int e = store_undecided(a->cli.store, &all, &a->cli.arena, &found, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		list_rows_keep(rows, &found[i]);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&a->cli, e, "undecided listings");
}

static struct list_key undecided_key(const void *row)
{
	const struct undecided *u = row;
	return (struct list_key){ whole(&u->listing.address), u->listing.since_s, NULL };
}

static bool undecided_fits(const struct list_query *q, const void *row)
{
	const struct undecided *u = row;
	return (!q->by_operator || u->listing.by_operator) &&
	       (q->verdict < 0 || u->last.verdict == (enum verdict)q->verdict);
}

static void undecided_object(struct list_args *a, const void *row, struct json *j)
{
	const struct undecided *u = row;
	(void)a;
	test_row_json(&u->last, j);
}

static void undecided_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct undecided *u = row;
	cells[0] = ip_cell(a, &u->listing.address);
	cells[1] = time_cell(a, u->listing.since_s);
	cells[2] = time_cell(a, u->last.finished_s);
	cells[3] = verdict_name(u->last.verdict);
	cells[4] = cli_safe(&a->cli, undecided_why(u));
}

/* ---- tests -------------------------------------------------------------------------------- */

static int read_tests(struct list_args *a, struct list_rows *rows)
{
	const struct list_query *q = &a->query;
	bool one = q->ranged && q->range.len == ip_bits(&q->range.ip);
	struct ip address = one ? q->range.ip : (struct ip){ 0 };
	struct test *found;
	size_t n;
	int e = store_tests(a->cli.store, &address, SIZE_MAX, &a->cli.arena, &found, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		list_rows_keep(rows, &found[i]);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&a->cli, e, "tests");
}

static struct list_key test_key(const void *row)
{
	const struct test *t = row;
	return (struct list_key){ whole(&t->target.ip), t->created_s, t->who };
}

static bool test_fits(const struct list_query *q, const void *row)
{
	const struct test *t = row;
	return (q->state < 0 || t->state == (enum test_state)q->state) &&
	       (q->verdict < 0 || t->verdict == (enum verdict)q->verdict);
}

static void test_object(struct list_args *a, const void *row, struct json *j)
{
	(void)a;
	test_row_json(row, j);
}

static void test_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct test *t = row;
	char target[ENDPOINT_TEXT_MAX];
	cells[0] = t->id;
	cells[1] = arena_strdup(&a->cli.arena, str_of(endpoint_format(&t->target, target)));
	cells[2] = test_state_name(t->state);
	cells[3] = verdict_name(t->verdict);
	cells[4] = test_reason_name(t->reason);
	cells[5] = time_cell(a, t->created_s);
	cells[6] = time_cell(a, test_due_s(t));
	cells[7] = cli_safe(&a->cli, t->who);
}

/* ---- returns ------------------------------------------------------------------------------- */

static int read_returns(struct list_args *a, struct list_rows *rows)
{
	int64_t after = 0;
	size_t n = CHUNK;
	int e = ERR_OK;
	while (e == ERR_OK && n == CHUNK) {
		struct arena chunk = { 0 };
		struct test_return *found;
		e = store_returns_after(a->cli.store, after, CHUNK, false, &chunk, &found, &n);
		for (size_t i = 0; e == ERR_OK && i < n; i++) {
			after = found[i].id;
			list_rows_keep(rows, &found[i]);
		}
		arena_fini(&chunk);
	}
	return e == ERR_OK ? CLI_GO : cli_store_fail(&a->cli, e, "returns");
}

static struct list_key return_key(const void *row)
{
	const struct test_return *r = row;
	return (struct list_key){ whole(&r->peer.ip), r->time_s, NULL };
}

static void return_object(struct list_args *a, const void *row, struct json *j)
{
	(void)a;
	test_return_json(row, j);
}

static void return_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct test_return *r = row;
	cells[0] = r->test_id;
	cells[1] = r->case_id;
	cells[2] = r->kind == RETURN_RECIPIENT ? "recipient" : "sender";
	cells[3] = r->marked ? "yes" : "no";
	cells[4] = time_cell(a, r->time_s);
	cells[5] = ip_cell(a, &r->peer.ip);
	cells[6] = cli_safe(&a->cli, r->helo);
}

/* ---- outputs -------------------------------------------------------------------------------- */

static int read_outputs(struct list_args *a, struct list_rows *rows)
{
	struct output *found;
	size_t n;
	int e = store_outputs(a->cli.store, &a->cli.arena, &found, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		list_rows_keep(rows, &found[i]);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&a->cli, e, "outputs");
}

static struct list_key output_key(const void *row)
{
	const struct output *o = row;
	return (struct list_key){ whole(&o->address), o->last_s, NULL };
}

static void output_object(struct list_args *a, const void *row, struct json *j)
{
	(void)a;
	output_json(row, j);
}

static void output_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct output *o = row;
	cells[0] = ip_cell(a, &o->address);
	cells[1] = number_cell(a, o->inputs);
	cells[2] = number_cell(a, o->networks);
	cells[3] = o->agreed ? "yes" : "no";
	cells[4] = time_cell(a, o->first_s);
	cells[5] = time_cell(a, o->last_s);
}

/* ---- journal --------------------------------------------------------------------------------- */

/* Where to begin: without filters only the last ones are asked for. */
static uint64_t journal_start(const struct list_args *a, uint64_t serial)
{
	const struct list_query *q = &a->query;
	uint64_t max = q->max ? q->max : ROWS_USUAL;
	if (a->count || list_query_filters(q) || q->order != LIST_AS_KEPT || serial <= max)
		return 0;
	return serial - max;
}

static int read_journal(struct list_args *a, struct list_rows *rows)
{
	uint64_t serial = 0;
	size_t n = CHUNK;
	int e = store_serial(a->cli.store, &serial);
	uint64_t after = journal_start(a, serial);
	while (e == ERR_OK && n == CHUNK) {
		struct arena chunk = { 0 };
		struct journal_entry *found;
		e = store_journal(a->cli.store, after, CHUNK, &chunk, &found, &n);
		for (size_t i = 0; e == ERR_OK && i < n; i++) {
			after = found[i].serial;
			list_rows_keep(rows, &found[i]);
		}
		arena_fini(&chunk);
	}
	return e == ERR_OK ? CLI_GO : cli_store_fail(&a->cli, e, "journal");
}

static struct list_key journal_key(const void *row)
{
	const struct journal_entry *e = row;
	return (struct list_key){ e->subject, e->time_s, e->who };
}

static void journal_object(struct list_args *a, const void *row, struct json *j)
{
	(void)a;
	journal_entry_json(row, j);
}

static void journal_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct journal_entry *e = row;
	cells[0] = number_cell(a, e->serial);
	cells[1] = time_cell(a, e->time_s);
	cells[2] = journal_action_name(e->action);
	cells[3] = prefix_cell(a, &e->subject);
	cells[4] = cli_safe(&a->cli, e->who);
	cells[5] = cli_safe(&a->cli, e->why);
}

/* ---- nominations ---------------------------------------------------------------------- */

static int read_nominations(struct list_args *a, struct list_rows *rows)
{
	struct nomination *found;
	size_t n;
	int e = store_nominations(a->cli.store, &a->cli.arena, &found, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		list_rows_keep(rows, &found[i]);
	return e == ERR_OK ? CLI_GO : cli_store_fail(&a->cli, e, "nominations");
}

static struct list_key nomination_key(const void *row)
{
	const struct nomination *n = row;
	return (struct list_key){ whole(&n->address), n->created_s, n->by };
}

static void nomination_object(struct list_args *a, const void *row, struct json *j)
{
	(void)a;
	nomination_json(row, j);
}

static void nomination_cells(struct list_args *a, const void *row, const char **cells)
{
	const struct nomination *n = row;
	cells[0] = ip_cell(a, &n->address);
	cells[1] = time_cell(a, n->created_s);
	cells[2] = consent_name(n->consent);
	cells[3] = cli_safe(&a->cli, n->by);
	cells[4] = cli_safe(&a->cli, n->reason);
}

/* ---- the table -------------------------------------------------------------------------- */

static const struct list_kind kinds[] = {
	{ .name = "listings", .none = "nothing is listed", .size = sizeof(struct listed),
	  .heading = HEADING("ADDRESS", "SINCE", "LAST TEST", "REASON"),
	  .filters = LIST_BY_OPERATOR, .read = read_listings, .key = listing_key,
	  .fits = listing_fits, .json = listing_object, .cells = listing_cells,
	  .below = listing_below },
	{ .name = "tests", .none = "no tests", .size = sizeof(struct test),
	  .heading = HEADING("TEST", "TARGET", "STATE", "VERDICT", "REASON", "FROM", "DUE", "WHO"),
	  .filters = LIST_BY_WHO | LIST_BY_STATE | LIST_BY_VERDICT, .usual_max = ROWS_USUAL,
	  .read = read_tests, .key = test_key, .fits = test_fits, .json = test_object,
	  .cells = test_cells },
	{ .name = "returns", .none = "nothing came back", .size = sizeof(struct test_return),
	  .heading = HEADING("TEST", "CASE", "TOKEN", "MARK", "TIME", "OUTPUT", "HELO"),
	  .newest_last = true, .read = read_returns, .key = return_key, .json = return_object,
	  .cells = return_cells },
	{ .name = "outputs", .none = "no outputs of multi-hop relays",
	  .size = sizeof(struct output),
	  .heading = HEADING("OUTPUT", "INPUTS", "NETWORKS", "AGREED", "FIRST", "LAST"),
	  .read = read_outputs, .key = output_key, .json = output_object, .cells = output_cells },
	{ .name = "journal", .none = "the journal is empty", .size = sizeof(struct journal_entry),
	  .heading = HEADING("SERIAL", "TIME", "ACTION", "SUBJECT", "WHO", "WHY"),
	  .filters = LIST_BY_WHO, .usual_max = ROWS_USUAL, .newest_last = true,
	  .read = read_journal, .key = journal_key, .json = journal_object,
	  .cells = journal_cells },
	{ .name = "nominations", .none = "nothing was nominated",
	  .size = sizeof(struct nomination),
	  .heading = HEADING("ADDRESS", "TIME", "CONSENT", "BY", "REASON"),
	  .filters = LIST_BY_WHO, .newest_last = true, .read = read_nominations,
	  .key = nomination_key, .json = nomination_object, .cells = nomination_cells },
};

static const struct list_kind undecided_kind = {
	.name = "listings", .none = "nothing listed is undecided",
	.size = sizeof(struct undecided),
	.heading = HEADING("ADDRESS", "SINCE", "LAST TEST", "VERDICT", "WHY"),
	.filters = LIST_BY_OPERATOR | LIST_BY_VERDICT, .read = read_undecided,
	.key = undecided_key, .fits = undecided_fits, .json = undecided_object,
	.cells = undecided_cells,
};

const struct list_kind *list_kind_find(const char *name, bool undecided)
{
	if (undecided)
		return strcmp(name, undecided_kind.name) == 0 ? &undecided_kind : NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(name, kinds[i].name) == 0)
			return &kinds[i];
	return NULL;
}
