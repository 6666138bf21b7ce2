/* SPDX-License-Identifier: ISC
 *
 * The primitives of store/backend.h, whatever the backend is: what one row is, the order of an
 * index and its parts, what is unique, what is undone, what others see, who may write.
 */
#include "admin.h"

#include "store/backend.h"

#include <assert.h>
#include <stddef.h>

static struct nomination nominated(const char *address, int64_t created_s, const char *message)
{
	struct nomination n = {
		.address = ip_of(address), .by = "x", .created_s = created_s,
		.consent = CONSENT_EVIDENCE, .message = str_of(message),
	};
	OK(st, row_add(st, ROW_NOMINATION, &n));
	return n;
}

/* Every kind's tables are what rows.h says of them. */
static void tables(void **unused)
{
	(void)unused;
	for (enum row_kind kind = 0; kind < ROW_KINDS; kind++) {
		const struct row_table *t = &row_tables[kind];
		assert_true(t->name && t->writers && t->size <= ROW_BYTES_MAX);
		assert_true(t->column_count <= ROW_COLUMNS_MAX &&
		            t->index_count <= ROW_INDEXES_MAX);
		assert_true(t->indexes[BY_KEY].unique && t->indexes[BY_KEY].where == WHERE_ANY);
		for (unsigned i = 0; i < t->index_count; i++)
			for (unsigned k = 0; k < row_index_width(&t->indexes[i]); k++)
				assert_non_null(row_column(kind, t->indexes[i].columns[k]));
		for (unsigned i = 0; i < t->column_count; i++)
			assert_true(t->columns[i].offset + t->columns[i].size <= t->size);
	}
}

/* Each kind of value comes back as it was given. */
static void values(void **unused)
{
	(void)unused;
	struct test_row t = {
		.t = { .id = "aaaabbbb", .target = { ip_of("2001:db8::1"), 65535 },
		       .consent = CONSENT_OWNER, .state = TEST_WAITING, .all = true,
		       .who = "it's \"me\"", .tries = 7, .created_s = INT64_MAX,
		       .started_s = -1, .seconds = 0.125, .why = "" },
		.passed = true, .again = CONSENT_RANGE, .again_who = "z",
	};
	OK(st, row_add(st, ROW_TEST, &t));
	struct test_row got = { .key = t.key };
	OK(st, row_get(st, ROW_TEST, BY_KEY, &got, NULL));
	assert_memory_equal(&got.t.target, &t.t.target, sizeof(t.t.target.ip));
	assert_int_equal(got.t.target.port, 65535);
	assert_string_equal(got.t.who, t.t.who);
	assert_true(got.t.all && got.passed && got.t.seconds == 0.125);
	assert_true(got.t.created_s == INT64_MAX && got.t.started_s == -1 && got.t.tries == 7);
	assert_int_equal(got.again, CONSENT_RANGE);

	struct permit p = { .range = prefix_of_text("2001:db8::/33"), .consent = CONSENT_RANGE };
	OK(st, row_add(st, ROW_PERMIT, &p));
	struct permit same = { .range = p.range };
	OK(st, row_get(st, ROW_PERMIT, PERMIT_BY_RANGE, &same, NULL));
	assert_true(prefix_cmp(&same.range, &p.range) == 0 && same.id == p.id);

	struct scan_row s = { .key = "k", .seed = UINT64_MAX - 1 };
	OK(st, row_put(st, ROW_SCAN, &s));
	s.seed = 0;
	OK(st, row_get(st, ROW_SCAN, BY_KEY, &s, NULL));
	assert_true(s.seed == UINT64_MAX - 1);
}

static void blobs(void **unused)
{
	(void)unused;
	struct nomination n = nominated("192.0.2.1", 1, "");
	struct nomination got = { .id = n.id };
	OK(st, row_get(st, ROW_NOMINATION, BY_KEY, &got, &a));
	assert_int_equal(got.message.n, 0);
	n.message = (struct str){ "a\0b", 3 };
	OK(st, row_update(st, ROW_NOMINATION, &n));
	OK(st, row_get(st, ROW_NOMINATION, BY_KEY, &got, &a));
	assert_true(got.message.n == 3 && memcmp(got.message.p, "a\0b", 3) == 0);
	OK(st, row_get(st, ROW_NOMINATION, BY_KEY, &got, NULL));
	assert_int_equal(got.message.n, 0);
}

static void not_found(void **unused)
{
	(void)unused;
	struct listing l = { .address = ip_of("192.0.2.1"), .reason = "mine" };
	assert_int_equal(row_get(st, ROW_LISTING, BY_KEY, &l, NULL), ERR_NOT_FOUND);
	assert_string_equal(l.reason, "mine");
	assert_int_equal(row_update(st, ROW_LISTING, &l), ERR_NOT_FOUND);
	assert_int_equal(row_remove(st, ROW_LISTING, &l), ERR_NOT_FOUND);
	struct row_range all = { 0 };
	assert_int_equal(row_first(st, ROW_LISTING, &all, &l, NULL), ERR_NOT_FOUND);
	int64_t most = 7;
	OK(st, row_greatest(st, ROW_LISTING, "since_s", &most));
	assert_int_equal(most, 0);
}

/* ---- what is unique ------------------------------------------------------------ */

static struct test_row a_test(const char *id, const char *target, enum test_state now,
                              int64_t due_s)
{
	struct test_row t = { .t = { .target = endpoint_of(target), .state = now,
	                             .not_before_s = due_s } };
	str_copy(t.t.id, sizeof(t.t.id), str_of(id));
	return t;
}

static void unique(void **unused)
{
	(void)unused;
	struct test_row one = a_test("aaaaaaaa", "192.0.2.1:25", TEST_QUEUED, 5);
	OK(st, row_add(st, ROW_TEST, &one));
	struct test_row id = a_test("aaaaaaaa", "192.0.2.2:25", TEST_QUEUED, 5);
	assert_int_equal(row_add(st, ROW_TEST, &id), ERR_EXISTS);
	struct test_row live = a_test("bbbbbbbb", "192.0.2.1:25", TEST_RUNNING, 5);
	assert_int_equal(row_add(st, ROW_TEST, &live), ERR_EXISTS);
	struct test_row other_port = a_test("cccccccc", "192.0.2.1:26", TEST_RUNNING, 5);
	OK(st, row_add(st, ROW_TEST, &other_port));
	struct test_row ended = a_test("dddddddd", "192.0.2.1:25", TEST_DONE, 5);
	OK(st, row_add(st, ROW_TEST, &ended));
	assert_true(ended.key > other_port.key && other_port.key > one.key);
	/* The index holds what has not ended. */
	struct test_row got = { .t.target = one.t.target };
	OK(st, row_get(st, ROW_TEST, TEST_LIVE, &got, NULL));
	assert_string_equal(got.t.id, "aaaaaaaa");
	got.t.state = TEST_DONE;
	OK(st, row_update(st, ROW_TEST, &got));
	assert_int_equal(row_get(st, ROW_TEST, TEST_LIVE, &got, NULL), ERR_NOT_FOUND);
	live.key = 0;
	OK(st, row_add(st, ROW_TEST, &live));
}

/* A number is not given again. */
static void numbers_grow(void **unused)
{
	(void)unused;
	struct nomination one = nominated("192.0.2.1", 1, "x");
	struct nomination two = nominated("192.0.2.1", 2, "y");
	OK(st, row_remove(st, ROW_NOMINATION, &two));
	struct nomination three = nominated("192.0.2.1", 3, "z");
	assert_true(one.id < two.id && two.id < three.id);
	int64_t most;
	OK(st, row_greatest(st, ROW_NOMINATION, "created_s", &most));
	assert_int_equal(most, 3);
}

static void put(void **unused)
{
	(void)unused;
	struct listing l = { .address = ip_of("192.0.2.1"), .reason = "one" };
	struct proof_row p = { .address = l.address, .p = { .port = 25, .case_id = "E01" } };
	OK(st, row_put(st, ROW_LISTING, &l));
	OK(st, row_put(st, ROW_PROOF, &p));
	str_copy(l.reason, sizeof(l.reason), STR("two"));
	OK(st, row_put(st, ROW_LISTING, &l));
	l.reason[0] = '\0';
	OK(st, row_get(st, ROW_LISTING, BY_KEY, &l, NULL));
	assert_string_equal(l.reason, "two");
	/* What hangs on it stays. */
	OK(st, row_get(st, ROW_PROOF, BY_KEY, &p, NULL));
	OK(st, row_remove(st, ROW_PROOF, &p));
	OK(st, row_remove(st, ROW_LISTING, &l));
}

/* ---- ranges -------------------------------------------------------------------- */

static int note_port(void *context, const void *row)
{
	const struct proof_row *p = row;
	struct buf *b = context;
	buf_printf(b, "%u%s ", p->p.port, p->p.case_id);
	return b->n > 200;
}

static void expect_ports(struct row_range range, const char *expected)
{
	struct buf b = { 0 };
	OK(st, row_each(st, ROW_PROOF, &range, NULL, note_port, &b));
	assert_string_equal(buf_cstr(&b), expected);
	buf_fini(&b);
}

static void add_proof(const char *address, uint16_t port, const char *case_id, const char *output)
{
	struct listing l = { .address = ip_of(address) };
	struct proof_row p = { .address = l.address, .p = { .port = port } };
	str_copy(p.p.case_id, sizeof(p.p.case_id), str_of(case_id));
	if (*output)
		p.p.output = ip_of(output);
	OK(st, row_put(st, ROW_LISTING, &l));
	OK(st, row_put(st, ROW_PROOF, &p));
}

static void ranges(void **unused)
{
	(void)unused;
	add_proof("192.0.2.1", 587, "B", "");
	add_proof("192.0.2.1", 25, "B", "198.51.100.1");
	add_proof("192.0.2.1", 25, "A", "198.51.100.2");
	add_proof("192.0.2.2", 26, "C", "198.51.100.1");
	add_proof("2001:db8::1", 27, "D", "198.51.100.1");
	struct proof_row at = { .address = ip_of("192.0.2.1"), .p = { .port = 25, .case_id = "A",
	                        .output = ip_of("198.51.100.1") } };
	expect_ports((struct row_range){ 0 }, "25A 25B 587B 26C 27D ");
	expect_ports((struct row_range){ .backward = true }, "27D 26C 587B 25B 25A ");
	expect_ports((struct row_range){ .row = &at, .equal = 1 }, "25A 25B 587B ");
	expect_ports((struct row_range){ .row = &at, .equal = 2, .backward = true }, "25B 25A ");
	expect_ports((struct row_range){ .row = &at, .equal = 3 }, "25A ");
	expect_ports((struct row_range){ .row = &at, .equal = 1, .bound = BOUND_AFTER }, "587B ");
	expect_ports((struct row_range){ .row = &at, .equal = 1, .bound = BOUND_FROM },
	             "25A 25B 587B ");
	expect_ports((struct row_range){ .row = &at, .equal = 2, .bound = BOUND_UPTO }, "25A ");
	expect_ports((struct row_range){ .row = &at, .equal = 2, .bound = BOUND_BEFORE }, "");
	expect_ports((struct row_range){ .row = &at, .bound = BOUND_AFTER }, "26C 27D ");
	/* An index that holds some of the rows. */
	expect_ports((struct row_range){ .index = PROOF_BY_OUTPUT }, "25B 26C 27D 25A ");
	expect_ports((struct row_range){ .index = PROOF_BY_OUTPUT, .row = &at, .equal = 1 },
	             "25B 26C 27D ");
}

static bool is_odd(const void *context, const void *row)
{
	(void)context;
	return ((const struct nomination *)row)->created_s % 2;
}

static void lists(void **unused)
{
	(void)unused;
	struct nomination *rows;
	size_t n, removed;
	for (int i = 0; i < 40; i++)
		nominated("192.0.2.1", i, "text");
	struct row_wish wish = { .fits = is_odd, .max = 3 };
	OK(st, row_list(st, ROW_NOMINATION, &wish, &a, &rows, &n));
	assert_true(n == 3 && rows[2].created_s == 5 && rows[2].message.n == 0);
	wish = (struct row_wish){ .range.backward = true, .with_blobs = true };
	OK(st, row_list(st, ROW_NOMINATION, &wish, &a, &rows, &n));
	assert_true(n == 40 && rows[0].created_s == 39);
	assert_true(str_eq(rows[39].message, STR("text")));
	struct row_range from = { .row = &rows[1], .bound = BOUND_FROM };
	OK(st, row_clear(st, ROW_NOMINATION, &from, &removed));
	assert_int_equal(removed, 2);
	wish = (struct row_wish){ .range = from };
	OK(st, row_list(st, ROW_NOMINATION, &wish, &a, &rows, &n));
	assert_true(n == 0 && rows == NULL);
}

/* One may read while one goes over rows, the same ones too. */
static int look_again(void *context, const void *row)
{
	struct nomination first;
	struct row_range all = { 0 };
	unsigned *n = context;
	(void)row;
	OK(st, row_first(st, ROW_NOMINATION, &all, &first, NULL));
	assert_int_equal(first.created_s, 10);
	*n += 1;
	return *n == 2 ? ERR_IO : 0;
}

static void within(void **unused)
{
	(void)unused;
	struct row_range all = { 0 };
	unsigned n = 0;
	nominated("192.0.2.1", 10, "");
	assert_int_equal(row_each(st, ROW_NOMINATION, &all, NULL, look_again, &n), ERR_OK);
	nominated("192.0.2.1", 11, "");
	n = 0;
	assert_int_equal(row_each(st, ROW_NOMINATION, &all, NULL, look_again, &n), ERR_IO);
	assert_int_equal(n, 2);
}

/* ---- transactions -------------------------------------------------------------- */

static void undone(void **unused)
{
	(void)unused;
	struct nomination n = nominated("192.0.2.1", 10, "x");
	OK(st, store_begin(st, PLACE_LIST, STORE_TESTS, "test"));
	n.created_s = 11;
	OK(st, row_update(st, ROW_NOMINATION, &n));
	struct nomination more = nominated("192.0.2.9", 12, "y");
	assert_int_equal(store_end(st, store_fail(st, ERR_LIMIT, "no")), ERR_LIMIT);
	assert_string_equal(store_message(st), "no");
	OK(st, row_get(st, ROW_NOMINATION, BY_KEY, &n, NULL));
	assert_int_equal(n.created_s, 10);
	assert_int_equal(row_get(st, ROW_NOMINATION, BY_KEY, &more, NULL), ERR_NOT_FOUND);
	/* A row that could not be added undoes no other. */
	OK(st, store_begin(st, PLACE_LIST, STORE_TESTS, "test"));
	struct test_row one = a_test("aaaaaaaa", "192.0.2.1:25", TEST_QUEUED, 5), two = one;
	OK(st, row_add(st, ROW_TEST, &one));
	assert_int_equal(row_add(st, ROW_TEST, &two), ERR_EXISTS);
	OK(st, store_end(st, ERR_OK));
	OK(st, row_get(st, ROW_TEST, TEST_BY_ID, &one, NULL));
}

static void others(void **unused)
{
	(void)unused;
	struct store *other = open_store(state, STORE_TESTS | STORE_LIST);
	int64_t before, after;
	struct nomination n = nominated("192.0.2.1", 10, "x");
	OK(other, other->ops->changed(other, &before));
	OK(st, store_begin(st, PLACE_LIST, STORE_TESTS, "test"));
	OK(st, row_remove(st, ROW_NOMINATION, &n));
	OK(st, store_end(st, ERR_OK));
	OK(other, other->ops->changed(other, &after));
	assert_true(before != after);
	assert_int_equal(row_get(other, ROW_NOMINATION, BY_KEY, &n, NULL), ERR_NOT_FOUND);
	store_close(other);
}

static void journal(void **unused)
{
	(void)unused;
	struct prefix whole = prefix_of_text("192.0.2.1/32");
	uint64_t before = serial_of(st);
	OK(st, store_begin(st, PLACE_LIST, STORE_LIST, "test"));
	OK(st, journal_add(st, JOURNAL_TEST, &whole, "me", "why", NOW));
	OK(st, journal_add(st, JOURNAL_DELIST, &whole, "me", "undone", NOW));
	assert_int_equal(store_end(st, ERR_LIMIT), ERR_LIMIT);
	assert_int_equal(serial_of(st), before);
	OK(st, store_begin(st, PLACE_LIST, STORE_LIST, "test"));
	OK(st, journal_add(st, JOURNAL_DELIST, &whole, "me", "done", NOW));
	OK(st, store_end(st, ERR_OK));
	assert_true(serial_of(st) > before);
	assert_string_equal(last_entry(st).why, "done");
}

/* ---- who may write ------------------------------------------------------------- */

static void capabilities(void **unused)
{
	(void)unused;
	struct store *tester = open_store(state, STORE_TESTS | STORE_LIST);
	struct permit p = { .range = prefix_of_text("192.0.2.0/24"), .consent = CONSENT_OWNER };
	struct retest_request r = { .address = ip_of("192.0.2.1") };
	assert_true(store_may_write(tester, ROW_TEST) && !store_may_write(tester, ROW_PERMIT));
	assert_int_equal(row_add(tester, ROW_PERMIT, &p), ERR_DENIED);
	assert_string_equal(store_message(tester),
	                    "store: to write permits is not allowed to this process");
	assert_int_equal(row_add(tester, ROW_REQUEST, &r), ERR_DENIED);
	assert_int_equal(store_begin(tester, PLACE_LIST, STORE_LIST | STORE_CONSENT, "it"),
	                 ERR_DENIED);
	assert_string_equal(store_message(tester), "store: it is not allowed to this process");
	OK(st, row_add(st, ROW_PERMIT, &p));
	assert_int_equal(row_remove(tester, ROW_PERMIT, &p), ERR_DENIED);
	assert_int_equal(row_update(tester, ROW_PERMIT, &p), ERR_DENIED);
	store_close(tester);
}

/* What a role may write, kind by kind, is what it could before there were kinds. STORE_LIST closes
 * the reports on a host that passed its retest; it makes none. */
static void capabilities_of_roles(void **unused)
{
	(void)unused;
	enum { TESTER = 1, COLLECTOR = 2, DNSBL = 4 };
	static const unsigned may_write[] = { STORE_TESTS | STORE_LIST, STORE_RETURNS,
	                                      STORE_READS };
	static const unsigned roles[ROW_KINDS] = {
		[ROW_NOMINATION] = TESTER, [ROW_TEST] = TESTER, [ROW_INTENT] = TESTER,
		[ROW_RESULT] = TESTER, [ROW_LISTING] = TESTER, [ROW_PROOF] = TESTER,
		[ROW_AGREEMENT] = TESTER, [ROW_JOURNAL] = TESTER, [ROW_EVIDENCE] = TESTER,
		[ROW_SCAN] = TESTER, [ROW_CURSOR] = TESTER, [ROW_HEARTBEAT] = TESTER,
		[ROW_REPORT] = TESTER, [ROW_RETURN] = COLLECTOR, [ROW_MESSAGE] = COLLECTOR,
		[ROW_REQUEST] = COLLECTOR,
	};
	for (size_t i = 0; i < sizeof(may_write) / sizeof(*may_write); i++) {
		struct store *role = open_store(state, may_write[i]);
		for (enum row_kind kind = 0; kind < ROW_KINDS; kind++) {
			max_align_t row[ROW_BYTES_MAX / sizeof(max_align_t)] = { 0 };
			bool may = roles[kind] >> i & 1;
			assert_int_equal(store_may_write(role, kind), may);
			if (!may)
				assert_int_equal(row_update(role, kind, row), ERR_DENIED);
		}
		store_close(role);
	}
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables), EACH(values), EACH(blobs), EACH(not_found), EACH(unique),
		EACH(numbers_grow), EACH(put), EACH(ranges), EACH(lists), EACH(within),
		EACH(undone), EACH(others), EACH(journal), EACH(capabilities),
		EACH(capabilities_of_roles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
