/* SPDX-License-Identifier: ISC
 *
 * Which rows `portreeve list` shows: the options become a query, and the query is put to a row.
 */
#include "cli/list.h"

#include "base/clock.h"

enum { ROWS_MAX = 1000000 };

/* ---- from the options ------------------------------------------------------------- */

static const struct known_filter {
	unsigned bit;
	const char *expected;
} known_filters[] = {
	{ LIST_BY_WHO, "tests, journal or nominations with --by" },
	{ LIST_BY_OPERATOR, "listings with --by-operator" },
	{ LIST_BY_STATE, "tests with --test-state" },
	{ LIST_BY_VERDICT, "tests, or listings --undecided, with --verdict" },
};

/* Those that were given, as bits. */
static unsigned given_filters(const struct list_args *a)
{
	return (a->by ? LIST_BY_WHO : 0u) | (a->by_operator ? LIST_BY_OPERATOR : 0u) |
	       (a->test_state ? LIST_BY_STATE : 0u) | (a->verdict ? LIST_BY_VERDICT : 0u);
}

static int refuse_unknown(struct list_args *a, const char *what, unsigned known)
{
	unsigned given = given_filters(a);
	for (size_t i = 0; i < sizeof(known_filters) / sizeof(*known_filters); i++)
		if (given & ~known & known_filters[i].bit)
			return cli_bad_value(&a->cli, what, known_filters[i].expected);
	if (a->why)
		return cli_bad_value(&a->cli, what, "add with --why");
	return CLI_GO;
}

static int read_date(struct list_args *a, const char *given, int64_t *time_s)
{
	struct parse_error pe;
	if (!given || clock_parse(str_of(given), time_s, &pe) == ERR_OK)
		return CLI_GO;
	return cli_bad_value(&a->cli, given, pe.expected);
}

static const char *order_name(int order)
{
	static const char *const names[] = { "", "newest", "oldest", "address" };
	return names[order];
}

static const char *state_of(int state)
{
	return test_state_name((enum test_state)state);
}

static const char *verdict_of(int verdict)
{
	return verdict_name((enum verdict)verdict);
}

/* The number from first to last that has the given name. */
static int read_name(struct list_args *a, const char *given, const char *(*name_of)(int),
                     int first, int last, int *number)
{
	struct buf expected = { 0 };
	for (int i = first; given && i <= last; i++) {
		if (strcmp(given, name_of(i)) == 0) {
			*number = i;
			buf_fini(&expected);
			return CLI_GO;
		}
		buf_printf(&expected, "%s%s", i == first ? "" : i == last ? " or " : ", ",
		           name_of(i));
	}
	int code = given ? cli_bad_value(&a->cli, given, buf_cstr(&expected)) : CLI_GO;
	buf_fini(&expected);
	return code;
}

static int read_limit(struct list_args *a, size_t *max)
{
	uint64_t n = 0;
	if (!a->limit)
		return CLI_GO;
	if (str_u64(str_of(a->limit), ROWS_MAX, &n) != ERR_OK || n == 0)
		return cli_bad_value(&a->cli, a->limit,
		                     arena_printf(&a->cli.arena, "a number from 1 to %d",
		                                  ROWS_MAX));
	*max = (size_t)n;
	return CLI_GO;
}

static int read_times(struct list_args *a, struct list_query *q)
{
	int code = read_date(a, a->since, &q->since_s);
	if (code == CLI_GO)
		code = read_date(a, a->before, &q->before_s);
	if (code == CLI_GO && a->since && a->before && q->before_s <= q->since_s)
		code = cli_bad_value(&a->cli, a->before, "a date behind that of --since");
	return code;
}

int list_query_read(struct list_args *a, const char *what, const char *subject, unsigned known)
{
	struct list_query *q = &a->query;
	int order = LIST_AS_KEPT;
	*q = (struct list_query){
		.by = a->by, .by_operator = a->by_operator, .undecided = a->undecided,
		.state = -1, .verdict = -1, .ranged = subject != NULL,
	};
	int code = refuse_unknown(a, what, known);
	if (code == CLI_GO)
		code = read_limit(a, &q->max);
	if (code == CLI_GO && subject)
		code = cli_prefix(&a->cli, subject, &q->range);
	if (code == CLI_GO)
		code = read_times(a, q);
	if (code == CLI_GO)
		code = read_name(a, a->test_state, state_of, TEST_QUEUED, TEST_DONE, &q->state);
	if (code == CLI_GO)
		code = read_name(a, a->verdict, verdict_of, VERDICT_NONE, VERDICT_INCONCLUSIVE,
		                 &q->verdict);
	if (code == CLI_GO)
		code = read_name(a, a->sort, order_name, LIST_NEWEST, LIST_ADDRESS, &order);
	q->order = (enum list_order)order;
	return code;
}

/* ---- put to a row ------------------------------------------------------------------ */

bool list_query_filters(const struct list_query *q)
{
	return q->ranged || q->since_s || q->before_s || q->by || q->by_operator ||
	       q->state >= 0 || q->verdict >= 0;
}

bool list_query_fits(const struct list_query *q, const struct list_key *key)
{
	if (q->ranged && !prefix_covers(&q->range, &key->subject) &&
	    !prefix_covers(&key->subject, &q->range))
		return false;
	if (q->since_s && key->time_s < q->since_s)
		return false;
	if (q->before_s && key->time_s >= q->before_s)
		return false;
	return !q->by || (key->who && strcmp(q->by, key->who) == 0);
}

int list_key_cmp(enum list_order order, const struct list_key *a, const struct list_key *b)
{
	int by_time = (a->time_s > b->time_s) - (a->time_s < b->time_s);
	switch (order) {
	case LIST_AS_KEPT: break;
	case LIST_NEWEST: return -by_time;
	case LIST_OLDEST: return by_time;
	case LIST_ADDRESS: return prefix_cmp(&a->subject, &b->subject);
	}
	return 0;
}
