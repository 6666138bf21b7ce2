/* SPDX-License-Identifier: ISC
 *
 * What is wrong: a change of a machine on which all is well a row.
 */
#include "test.h"

#include "settings/health.h"

#include <jansson.h>
#include <string.h>

enum { NOW_S = 1795856475, BOOT_MS = 500000000 };

/* ---- all is well ------------------------------------------------------------------------ */

static struct health well(void)
{
	struct health h = {
		.now_s = NOW_S, .now_boot_ms = BOOT_MS,
		.has_running = true, .sight = RUNNING_LIVES,
		.running = {
			.supervisor = { .pid = 100 }, .since_s = NOW_S - 9000,
			.told_boot_ms = BOOT_MS,
			.count = 3, .roles = {
				{ .name = "tester", .state = RUNNING_READY, .pid = 101,
				  .since_s = NOW_S - 9000, .word.reach = RUNNING_REACH_GOOD },
				{ .name = "collector", .state = RUNNING_READY, .pid = 102,
				  .since_s = NOW_S - 9000 },
				{ .name = "dnsbl", .state = RUNNING_READY, .pid = 103,
				  .since_s = NOW_S - 9000,
				  .word = { .has_list = true, .listed = 5, .serial = 7 } },
			},
		},
		.has_store = true,
		.sum = { .serial = 7, .listed = 5, .changed_s = NOW_S - 5000 },
		.has_disk = true, .counts_files = true, .free_bytes = 5000000000,
		.size_bytes = 9000000000, .free_files = 10000,
		.wants_certificate = true, .certificate_ends_s = NOW_S + 30 * 86400,
	};
	return h;
}

#define PUT(dst, text) str_copy((dst), sizeof(dst), STR(text))

/* ---- what happens ----------------------------------------------------------------------- */

static void nothing(struct health *h) { (void)h; }
static void no_file(struct health *h) { h->has_running = false; }
static void bad_file(struct health *h)
{
	h->has_running = false;
	PUT(h->why_running, "in\nvalid");
}
static void killed(struct health *h) { h->sight = RUNNING_DEAD; }
static void stopped(struct health *h)
{
	h->sight = RUNNING_DEAD;
	h->running.stopping = true;
}
static void unseen(struct health *h) { h->sight = RUNNING_UNSEEN; }
static void stale(struct health *h) { h->running.told_boot_ms -= RUNNING_STALE_MS + 1; }
static void fresh(struct health *h) { h->running.told_boot_ms -= RUNNING_STALE_MS; }
static void stopping(struct health *h)
{
	h->running.stopping = true;
	h->running.roles[2].state = RUNNING_WAITS;
}
static void kept(struct health *h) { PUT(h->running.kept, "tester.rate: expected a number"); }
static void waits(struct health *h)
{
	struct running_role *role = &h->running.roles[2];
	role->state = RUNNING_WAITS;
	role->pid = 0;
	role->again_s = NOW_S + 4;
	PUT(role->end, "exit 75");
}
static void gone(struct health *h) { h->role_gone[1] = true; }
static void hangs(struct health *h) { h->running.roles[1].state = RUNNING_HANGS; }
static void starts(struct health *h)
{
	h->running.roles[0].state = RUNNING_STARTS;
	h->running.roles[0].since_s = NOW_S - 5;
}
static void starts_long(struct health *h)
{
	h->running.roles[0].state = RUNNING_STARTS;
	h->running.roles[0].since_s = NOW_S - 31;
}
static void starts_again(struct health *h)
{
	starts(h);
	h->running.roles[0].restarts = 1;
	PUT(h->running.roles[0].end, "signal 9");
}
static void restarted(struct health *h)
{
	h->running.roles[2].restarts = 3;
	PUT(h->running.roles[2].end, "signal 9");
}
static void step_hangs(struct health *h) { h->running.roles[2].word.hangs = true; }
static void unreached(struct health *h)
{
	h->running.roles[0].word.reach = RUNNING_REACH_BAD;
	PUT(h->running.roles[0].word.why, "connection refused");
}
static void lags(struct health *h) { h->sum.serial = 8; }
static void lags_briefly(struct health *h)
{
	h->sum.serial = 8;
	h->sum.changed_s = NOW_S - 10;
}
static void ahead(struct health *h) { h->sum.serial = 6; }
static void no_store(struct health *h) { h->has_store = false; }
static void bad_store(struct health *h)
{
	h->has_store = false;
	PUT(h->why_store, "./portreeve.db: damaged");
}
static void jumped(struct health *h) { h->clock.state = CLOCK_AHEAD; }
static void disk_full(struct health *h) { h->free_bytes = 1000000; }
static void disk_share(struct health *h) { h->size_bytes = 600000000000; }
static void no_files(struct health *h) { h->free_files = 3; }
static void uncounted(struct health *h)
{
	h->counts_files = false;
	h->free_files = 0;
}
static void expires(struct health *h) { h->certificate_ends_s = NOW_S + 3 * 86400; }
static void expires_later(struct health *h) { h->certificate_ends_s = NOW_S + 7 * 86400; }
static void expired(struct health *h) { h->certificate_ends_s = NOW_S; }
static void no_certificate(struct health *h)
{
	h->certificate_ends_s = 0;
	PUT(h->why_certificate, "/c.pem: not found");
}
static void unwanted(struct health *h)
{
	h->certificate_ends_s = 0;
	h->wants_certificate = false;
}
static void dead_role_of_dead(struct health *h)
{
	killed(h);
	waits(h);
	unreached(h);
	expired(h);
}

static const struct row {
	void (*change)(struct health *h);
	enum health_state state;
	const char *warnings;
} rows[] = {
	{ nothing, HEALTH_WELL, "" },
	{ no_file, HEALTH_STOPPED, "" },
	{ bad_file, HEALTH_WRONG, "status.json cannot be read: in\\nvalid\n" },
	{ killed, HEALTH_STOPPED, "the supervisor, pid 100, ended without stopping: it was killed, or the "
	  "machine was started again\n" },
	{ stopped, HEALTH_STOPPED, "" },
	{ unseen, HEALTH_WRONG, "whether the supervisor, pid 100, lives cannot be seen from here\n" },
	{ stale, HEALTH_WRONG, "the supervisor hangs, or cannot write status.json: it has said nothing for "
	  "5 min\n" },
	{ fresh, HEALTH_WELL, "" },
	{ stopping, HEALTH_WRONG, "it is being stopped\n" },
	{ kept, HEALTH_WRONG, "new settings were refused, the old ones hold: tester.rate: expected a "
	  "number\n" },
	{ waits, HEALTH_WRONG, "role dnsbl is down: it starts again in 4 s (exit 75)\n" },
	{ gone, HEALTH_WRONG, "role collector is down: its process, pid 102, is gone\n" },
	{ hangs, HEALTH_WRONG, "role collector hangs and is ended\n" },
	{ starts, HEALTH_WELL, "" },
	{ starts_long, HEALTH_WRONG, "role tester is not ready: it has been starting for 31 s\n" },
	{ starts_again, HEALTH_WRONG, "role tester is not ready: it has been starting for 5 s (signal 9)\n" },
	{ restarted, HEALTH_WELL, "" },
	{ step_hangs, HEALTH_WRONG, "role dnsbl: its disk or database hangs\n" },
	{ unreached, HEALTH_WRONG, "tests are held: the collector does not answer: connection refused\n" },
	{ lags, HEALTH_WRONG, "DNS serves serial 7, the list has 8\n" },
	{ lags_briefly, HEALTH_WELL, "" },
	{ ahead, HEALTH_WELL, "" },
	{ no_store, HEALTH_WELL, "" },
	{ bad_store, HEALTH_WRONG, "the database cannot be read: ./portreeve.db: damaged\n" },
	{ jumped, HEALTH_WRONG, "the clock is ahead: nothing is tested, listed or removed; see "
	  "\"portreeve clock\"\n" },
	{ disk_full, HEALTH_WRONG, "the disk is full: 1 MB are free\n" },
	{ disk_share, HEALTH_WRONG, "the disk is full: 5000 MB are free\n" },
	{ no_files, HEALTH_WRONG, "the disk takes no more files: 3 may still be made\n" },
	{ uncounted, HEALTH_WELL, "" },
	{ expires, HEALTH_WRONG, "the collector's certificate expires in 3 days\n" },
	{ expires_later, HEALTH_WELL, "" },
	{ expired, HEALTH_WRONG, "the collector's certificate has expired\n" },
	{ no_certificate, HEALTH_WRONG, "the collector's certificate cannot be read: /c.pem: not found\n" },
	{ unwanted, HEALTH_WELL, "" },
	{ dead_role_of_dead, HEALTH_STOPPED, "the supervisor, pid 100, ended without stopping: it was "
	  "killed, or the machine was started again\nthe collector's certificate has expired\n" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct health h = well();
		struct buf warnings = { 0 };
		rows[i].change(&h);
		enum health_state found = health_judge(&h, &warnings);
		if (strcmp(buf_cstr(&warnings), rows[i].warnings) != 0)
			fail_msg("row %zu:\n found %s\nwanted %s", i, buf_cstr(&warnings),
			         rows[i].warnings);
		CHECK_ROW(rows[i].warnings, found == rows[i].state);
		buf_fini(&warnings);
	}
}

/* Whatever is so, the form is JSON; what does not run has no roles. */
static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct health h = well();
		struct buf text = { 0 };
		struct json j = { .out = &text };
		rows[i].change(&h);
		json_open_object(&j, NULL);
		health_json(&h, &j);
		json_close(&j);
		json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(root);
		assert_int_equal(json_object_get(root, "roles") != NULL, health_runs(&h));
		assert_int_equal(json_object_get(root, "list") != NULL, h.has_store);
		json_decref(root);
		buf_fini(&text);
	}
}

static void test_spans(void **state)
{
	static const struct { int64_t seconds; const char *want; } spans[] = {
		{ -5, "0 s" }, { 0, "0 s" }, { 119, "119 s" }, { 120, "2 min" }, { 7199, "119 min" },
		{ 7200, "2 h" }, { 172799, "47 h" }, { 172800, "2 days" }, { 8640000, "100 days" },
	};
	struct buf out = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
		buf_clear(&out);
		health_span(spans[i].seconds, &out);
		CHECK_ROW(spans[i].want, strcmp(buf_cstr(&out), spans[i].want) == 0);
	}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_forms),
		cmocka_unit_test(test_spans),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
