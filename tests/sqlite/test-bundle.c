/* SPDX-License-Identifier: ISC
 *
 * Evidence in the database: packed, the same when it is read, and readable from before.
 */
#include "store/admin.h"
#include "store/evidence-rows.h"
#include "store/tests.h"

#include <sqlite3.h>
#include <stdio.h>
#include <zstd.h>

static const char id[] = "ev-bundle";

static int finish(struct str evidence)
{
	struct test t = add_test(st, "192.0.2.1:25", NOW);
	struct case_result r = result_of("E01", &t, "");
	struct test_outcome o = {
		.test_id = t.id, .verdict = VERDICT_OPEN, .control_ok = true, .results = &r,
		.result_count = 1, .now_s = NOW, .reason = "open relay", .evidence = evidence,
		.evidence_id = id,
	};
	struct lifecycle_effects effects;
	return store_test_finish(st, &o, &default_policy, &effects);
}

static sqlite3 *raw(void)
{
	char path[256];
	sqlite3 *db;
	snprintf(path, sizeof(path), "%s/portreeve.db", state);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static int64_t stored_bytes(void)
{
	sqlite3 *db = raw();
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT length(bundle) FROM evidence", -1, &s,
	                                    NULL),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static void store_raw(const void *bytes, size_t n)
{
	sqlite3 *db = raw();
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO evidence"
	                                    " (n, id, address, time_s, bundle)"
	                                    " VALUES (1, 'ev-bundle', x'04c0000201', 1, ?)",
	                                    -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_bind_blob(s, 1, bytes, (int)n, SQLITE_STATIC), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static void packed(void **unused)
{
	(void)unused;
	struct buf text = { 0 };
	struct str bundle;
	struct ip address = ip_of("192.0.2.1");
	char found[48];
	buf_add_cstr(&text, "{\"transcript\":\"");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%d > RCPT TO:<u%d@d.example>\\n", i * 17, i);
	buf_add_cstr(&text, "\"}");
	OK(st, finish(buf_str(&text)));
	assert_true(stored_bytes() * 3 < (int64_t)text.n);

	OK(st, store_evidence_get(st, id, &a, &bundle));
	assert_true(str_eq(bundle, buf_str(&text)));
	OK(st, store_evidence_of(st, &address, &a, found, &bundle));
	assert_string_equal(found, id);
	assert_true(str_eq(bundle, buf_str(&text)));
	buf_fini(&text);
}

static void from_before(void **unused)
{
	(void)unused;
	struct str bundle;
	store_raw("{\"old\"}", 7);
	OK(st, store_evidence_get(st, id, &a, &bundle));
	assert_true(str_eq(bundle, STR("{\"old\"}")));
}

static void damaged(void **unused)
{
	(void)unused;
	static char large[33 << 20];
	char packed[256];
	struct str bundle;
	size_t n = ZSTD_compress(packed, sizeof(packed), "{\"new\"}", 7, 3);
	assert_false(ZSTD_isError(n));
	for (size_t cut = 0; cut < n; cut++) {
		store_raw(packed, cut);
		assert_int_equal(store_evidence_get(st, id, &a, &bundle), ERR_CORRUPT);
	}
	assert_non_null(strstr(store_message(st), "portreeve.db: a bundle of evidence is damaged"));
	store_raw("garbage", 7);
	assert_int_equal(store_evidence_get(st, id, &a, &bundle), ERR_CORRUPT);

	/* A few bytes that would fill the memory. */
	char bomb[8192];
	n = ZSTD_compress(bomb, sizeof(bomb), large, sizeof(large), 3);
	assert_false(ZSTD_isError(n));
	store_raw(bomb, n);
	assert_int_equal(store_evidence_get(st, id, &a, &bundle), ERR_CORRUPT);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { EACH(packed), EACH(from_before), EACH(damaged) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
