/* SPDX-License-Identifier: ISC
 *
 * A store of its own for each test.
 */
#include "store/fuse.h"
#include "store/journal.h"
#include "store/tests.h"
#include "support.h"

#include "base/mem.h"
#ifdef STORE_IN_MEMORY
#include "memory.h"
#else
#include "sqlite/sqlite.h"
#endif

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct lifecycle_policy default_policy = {
	.recheck_interval_s = 90 * 86400, .retry_after_s = 3600, .retry_max = 3,
};

char *state_make(void)
{
	const char *base = getenv("TMPDIR");
	char *state = mem_printf("%s/portreeve-store-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(state));
	return state;
}

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

void state_remove(char *state)
{
#ifdef STORE_IN_MEMORY
	memory_forget(state);
#endif
	assert_int_equal(nftw(state, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(state);
}

static struct store *open_any(const char *state, unsigned may_write)
{
#ifdef STORE_IN_MEMORY
	return memory_open(state, may_write);
#else
	struct store *st = NULL;
	struct buf message = { 0 };
	int e = store_sqlite_open(state, may_write, &st, &message);
	if (e != ERR_OK)
		fail_msg("open to write %x: %s: %s", may_write, err_text(e), buf_cstr(&message));
	buf_fini(&message);
	return st;
#endif
}

struct store *open_store(const char *state, unsigned may_write)
{
	struct store *st = open_any(state, may_write);
	struct fuse fuse = fuse_default;
	static const char *const special[] = {
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32",
		"10.0.0.0/8",
	};
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		fuse.special[fuse.special_count++] = prefix_of_text(special[i]);
	store_set_rules(st, &fuse, 0);
	return st;
}

struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

struct endpoint endpoint_of(const char *text)
{
	struct endpoint ep;
	assert_int_equal(endpoint_parse(str_of(text), 25, &ep, NULL), ERR_OK);
	return ep;
}

struct prefix prefix_of_text(const char *text)
{
	struct prefix p;
	assert_int_equal(prefix_parse(str_of(text), &p, NULL), ERR_OK);
	return p;
}

struct test add_test(struct store *st, const char *endpoint, int64_t now_s)
{
	struct test t = {
		.target = endpoint_of(endpoint), .consent = CONSENT_OWNER, .reason = TEST_OPERATOR,
		.who = "tests", .created_s = now_s, .not_before_s = now_s,
	};
	OK(st, store_test_add(st, &t));
	return t;
}

struct case_result result_of(const char *case_id, const struct test *t, const char *output)
{
	struct case_result r = { .stage = STAGE_RCPT, .code = 554, .refusal = REFUSAL_RELAY };
	str_copy(r.id, sizeof(r.id), str_of(case_id));
	str_copy(r.enhanced, sizeof(r.enhanced), STR("5.7.1"));
	str_copy(r.text, sizeof(r.text), STR("Relay access denied"));
	if (output) {
		r.stage = STAGE_MESSAGE;
		r.code = 250;
		r.refusal = REFUSAL_NONE;
		r.accepted = true;
		r.returned = 1;
		r.output = *output ? ip_of(output) : t->target.ip;
	}
	return r;
}

struct lifecycle_effects finish_open(struct store *st, const struct test *t, const char *case_id,
                                     const char *output, int64_t now_s)
{
	struct case_result r = result_of(case_id, t, output);
	char evidence_id[48];
	snprintf(evidence_id, sizeof(evidence_id), "ev-%s", t->id);
	struct test_outcome o = {
		.test_id = t->id, .verdict = VERDICT_OPEN, .control_ok = true, .results = &r,
		.result_count = 1, .seconds = 1.5, .now_s = now_s, .reason = "open relay",
		.evidence = STR("{\"bundle\"}"), .evidence_id = evidence_id,
	};
	struct lifecycle_effects effects;
	OK(st, store_test_finish(st, &o, &default_policy, &effects));
	return effects;
}

struct lifecycle_effects finish_with(struct store *st, const struct test *t, enum verdict verdict,
                                     bool control_ok, bool forms_refused, int64_t now_s)
{
	struct case_result r = result_of("E01", t, NULL);
	struct test_outcome o = {
		.test_id = t->id, .verdict = verdict, .control_ok = control_ok,
		.forms_refused = forms_refused, .results = &r, .result_count = 1, .seconds = 0.5,
		.now_s = now_s, .evidence_id = "",
	};
	struct lifecycle_effects effects;
	OK(st, store_test_finish(st, &o, &default_policy, &effects));
	return effects;
}

uint64_t serial_of(struct store *st)
{
	uint64_t serial = 0;
	OK(st, store_serial(st, &serial));
	return serial;
}

struct journal_entry last_entry(struct store *st)
{
	struct arena a = { 0 };
	struct journal_entry *rows;
	size_t n;
	OK(st, store_journal(st, serial_of(st) - 1, 10, &a, &rows, &n));
	assert_int_equal(n, 1);
	struct journal_entry last = rows[0];
	arena_fini(&a);
	return last;
}

static int count_row(void *context, const void *row)
{
	(void)row;
	*(size_t *)context += 1;
	return 0;
}

size_t rows_of(struct store *st, enum row_kind kind)
{
	size_t n = 0;
	OK(st, row_each(st, kind, &(struct row_range){ 0 }, NULL, count_row, &n));
	return n;
}

struct test_return a_return(const char *test_id, const char *token, int64_t time_s)
{
	struct test_return r = {
		.kind = RETURN_RECIPIENT, .marked = true, .peer = endpoint_of("203.0.113.1:4025"),
		.time_s = time_s, .helo = "relay.example", .mail_from = "s@t.example",
		.rcpt_to = "u@d.example", .message = STR("Received: x\r\n\r\nbody\0\xff"),
	};
	str_copy(r.test_id, sizeof(r.test_id), str_of(test_id));
	str_copy(r.case_id, sizeof(r.case_id), STR("E14"));
	str_copy(r.token, sizeof(r.token), str_of(token));
	return r;
}
