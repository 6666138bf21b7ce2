/* SPDX-License-Identifier: ISC
 * The follower: on a real database, and on a store that fails, jumps and goes back. */
#include "test.h"
#include "world.h"

#include "base/log.h"
#include "blocklist/follower.h"
#include "store/store-private.h"
#include "store/support.h"

static bool has(const struct world *w, size_t view, const char *address)
{
	struct prefix p = world_prefix(address);
	return blocklist_index_has(w->state.views[view].index, &p.ip);
}

static void test_database(void **state)
{
	struct ip one = ip_of("192.0.2.1"), six = ip_of("2001:db8::1");
	struct world w;
	uint64_t serial;
	(void)state;
	world_make(&w, "", "", NULL);
	w.state.views[0].index = w.state.views[1].index = NULL;
	char *directory = state_make();
	struct store *admin = open_store(directory, STORE_ALL);
	OK(admin, store_list(admin, &one, "me", "because", &default_policy, 1000));
	struct store *reader = open_store(directory, STORE_READS);
	struct loop *loop = loop_create();
	struct blocklist_follower *f = blocklist_follower_create(loop, reader, &w.state);
	assert_null(w.state.views[0].index);
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "192.0.2.1"));
	assert_false(has(&w, 0, "2001:db8::1"));
	assert_false(has(&w, 1, "192.0.2.1"));
	/* A change shows, with its serial; the second look reads nothing anew. */
	OK(admin, store_list(admin, &six, "me", "because", &default_policy, 1001));
	OK(admin, store_delist(admin, &one, "me", "fixed", 1002));
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "2001:db8::1"));
	assert_false(has(&w, 0, "192.0.2.1"));
	OK(admin, store_serial(admin, &serial));
	assert_int_equal(w.state.views[0].serial, serial);
	assert_int_equal(w.state.views[1].serial, serial);
	const struct blocklist_index *before = w.state.views[0].index;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_ptr_equal(before, w.state.views[0].index);
	/* By itself it looks within a second. */
	OK(admin, store_list(admin, &one, "me", "again", &default_policy, 1003));
	int64_t start = loop_now_ms(loop);
	while (!has(&w, 0, "192.0.2.1") && loop_now_ms(loop) - start < 1000)
		loop_run_once(loop, 50);
	assert_true(has(&w, 0, "192.0.2.1"));
	blocklist_follower_destroy(f);
	assert_null(w.state.views[0].index);
	loop_destroy(loop);
	store_close(reader);
	store_close(admin);
	state_remove(directory);
	world_free(&w);
}

static void test_outputs_published(void **state)
{
	(void)state;
	assert_true(blocklist_output_published(&(struct output){ .networks = 3, .agreed = true }));
	assert_false(blocklist_output_published(&(struct output){ .networks = 3 }));
	assert_false(blocklist_output_published(&(struct output){ .networks = 2, .inputs = 9,
	                                                          .agreed = true }));
}

/* ---- a store made of these ------------------------------------------------------------------- */

static struct {
	int err;                         /* of every call */
	uint64_t serial;
	struct journal_entry journal[8];
	size_t journal_count;
	struct listing listings[8];
	size_t listing_count;
	struct listing words[2];
	size_t word_count;
	struct output outputs[4];
	size_t output_count;
	unsigned snapshots, journals;
} fake;

static int fake_serial(struct store *st, uint64_t *serial)
{
	(void)st;
	*serial = fake.serial;
	return fake.err;
}

static int fake_journal(struct store *st, uint64_t after, size_t max, struct arena *a,
                        struct journal_entry **rows, size_t *n)
{
	(void)st;
	(void)max;
	fake.journals++;
	*rows = arena_alloc(a, sizeof(fake.journal));
	*n = 0;
	for (size_t i = 0; i < fake.journal_count; i++)
		if (fake.journal[i].serial > after)
			(*rows)[(*n)++] = fake.journal[i];
	return fake.err;
}

static int fake_snapshot(struct store *st, struct arena *a, struct listing **rows, size_t *n,
                         uint64_t *serial)
{
	(void)st;
	(void)a;
	fake.snapshots++;
	*rows = fake.listings;
	*n = fake.listing_count;
	*serial = fake.serial;
	return fake.err;
}

static int fake_words(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	(void)st;
	(void)a;
	*rows = fake.words;
	*n = fake.word_count;
	return fake.err;
}

static int fake_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n)
{
	(void)st;
	(void)a;
	*rows = fake.outputs;
	*n = fake.output_count;
	return fake.err;
}

static const struct store_ops fake_ops = {
	.serial = fake_serial, .journal = fake_journal, .snapshot = fake_snapshot,
	.words = fake_words, .outputs = fake_outputs,
};

static void journal(uint64_t serial, enum journal_action action, const char *subject)
{
	fake.journal[fake.journal_count++] = (struct journal_entry){
		.serial = serial, .action = action, .subject = world_prefix(subject) };
	fake.serial = serial;
}

static struct store fake_store(void)
{
	struct store st = { .ops = &fake_ops, .role = STORE_READS };
	memset(&fake, 0, sizeof(fake));
	st.fuse = fuse_default;
	st.fuse.special[0] = world_prefix("192.0.2.0/24");
	st.fuse.special[1] = world_prefix("203.0.113.0/24");
	st.fuse.special_count = 2;
	st.fuse.own[0] = ip_of("192.0.2.53");
	st.fuse.own_count = 1;
	return st;
}

/* What an older version or somebody's hand put on the list is not published, in whatever way
 * it comes, and can be taken off. */
static void test_refused(void **state)
{
	static const char *const bad[] = { "10.1.2.3", "0.1.2.3", "224.0.0.1", "192.0.2.53" };
	struct store st = fake_store();
	struct world w;
	(void)state;
	world_make(&w, "", "", NULL);
	w.state.views[0].index = w.state.views[1].index = NULL;
	struct loop *loop = loop_create();
	struct blocklist_follower *f = blocklist_follower_create(loop, &st, &w.state);
	fake.serial = 1;
	fake.listings[fake.listing_count++].address = ip_of("192.0.2.1");
	for (size_t i = 0; i < 4; i++) {
		fake.listings[fake.listing_count++].address = ip_of(bad[i]);
		fake.outputs[i] = (struct output){ .address = ip_of(bad[i]), .networks = 3,
		                                   .agreed = true };
	}
	fake.output_count = 4;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "192.0.2.1"));
	for (size_t i = 0; i < 4; i++)
		assert_true(!has(&w, 0, bad[i]) && !has(&w, 1, bad[i]));
	for (size_t i = 0; i < 4; i++)
		journal(2 + i, JOURNAL_LIST, bad[i]);
	journal(6, JOURNAL_LIST, "192.0.2.0/23");
	journal(7, JOURNAL_LIST, "192.0.2.9");
	journal(8, JOURNAL_DELIST, "192.0.2.1");
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	for (size_t i = 0; i < 4; i++)
		assert_false(has(&w, 0, bad[i]));
	assert_true(has(&w, 0, "192.0.2.9") && !has(&w, 0, "192.0.2.1") &&
	            !has(&w, 0, "192.0.2.8"));
	blocklist_follower_destroy(f);
	loop_destroy(loop);
	buf_fini(&st.message);
	world_free(&w);
}

/* Who is listed by word is read with each change. */
static void test_words(void **state)
{
	struct store st = fake_store();
	struct world w;
	struct ip one = ip_of("192.0.2.1");
	(void)state;
	world_make(&w, "", NULL, NULL);
	struct loop *loop = loop_create();
	struct blocklist_follower *f = blocklist_follower_create(loop, &st, &w.state);
	fake.serial = 1;
	fake.listings[fake.listing_count++].address = one;
	fake.words[0] = (struct listing){ .address = one, .reason = "seen by hand" };
	fake.word_count = 1;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_string_equal(blocklist_words_reason(w.state.views[0].words, &one), "seen by hand");
	fake.word_count = 0;             /* it was proved meanwhile */
	journal(2, JOURNAL_REFRESH, "192.0.2.1");
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_null(blocklist_words_reason(w.state.views[0].words, &one));
	blocklist_follower_destroy(f);
	assert_null(w.state.views[0].words);
	loop_destroy(loop);
	buf_fini(&st.message);
	world_free(&w);
}

static void test_store_moods(void **state)
{
	struct store st = fake_store();
	struct world w;
	(void)state;
	world_make(&w, "", "", NULL);
	w.state.views[0].index = w.state.views[1].index = NULL;
	struct loop *loop = loop_create();
	struct blocklist_follower *f = blocklist_follower_create(loop, &st, &w.state);
	/* Nothing to read yet: nothing is served. */
	fake.err = ERR_BUSY;
	assert_int_equal(blocklist_follower_poll(f), ERR_BUSY);
	assert_null(w.state.views[0].index);
	/* First the whole. */
	fake.err = ERR_OK;
	fake.serial = 5;
	fake.listings[0].address = ip_of("192.0.2.1");
	fake.listing_count = 1;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "192.0.2.1") && fake.snapshots == 1 && fake.journals == 0);
	/* Then the journal; what is no change of the list passes. */
	journal(6, JOURNAL_LIST, "192.0.2.2");
	journal(7, JOURNAL_TEST, "192.0.2.3");
	journal(8, JOURNAL_REFRESH, "192.0.2.4");
	journal(9, JOURNAL_OUTPUT_LIST, "192.0.2.5");
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "192.0.2.1") && has(&w, 0, "192.0.2.2"));
	assert_true(!has(&w, 0, "192.0.2.3") && !has(&w, 0, "192.0.2.4") &&
	            !has(&w, 0, "192.0.2.5"));
	assert_true(fake.snapshots == 1 && w.state.views[0].serial == 9);
	/* Gone away: the last good state stands. */
	fake.err = ERR_IO;
	journal(10, JOURNAL_DELIST, "192.0.2.2");
	assert_int_equal(blocklist_follower_poll(f), ERR_IO);
	assert_true(has(&w, 0, "192.0.2.2") && w.state.views[0].serial == 9);
	fake.err = ERR_OK;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(!has(&w, 0, "192.0.2.2") && w.state.views[0].serial == 10);
	/* A gap in the journal: the whole again. */
	journal(12, JOURNAL_LIST, "192.0.2.6");
	fake.listings[1].address = ip_of("192.0.2.7");
	fake.listing_count = 2;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "192.0.2.7") && fake.snapshots == 2 &&
	            w.state.views[0].serial == 12);
	/* A serial that went back: a copy was restored. DNS keeps the higher one. */
	fake.serial = 3;
	fake.listing_count = 1;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 0, "192.0.2.1") && !has(&w, 0, "192.0.2.7"));
	assert_true(fake.snapshots == 3 && w.state.views[0].serial == 12);
	/* Restored and gone on so fast that nobody saw the lower serial: the whole again. */
	fake.journal_count = 0;
	journal(4, JOURNAL_RESTORE, "192.0.2.8");
	journal(5, JOURNAL_TEST, "192.0.2.9");
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(fake.snapshots == 4 && w.state.views[0].serial == 12);
	/* Outputs: only what is agreed and proved by three networks. */
	fake.outputs[0] = (struct output){ .address = ip_of("203.0.113.1"), .networks = 3,
	                                   .agreed = true };
	fake.outputs[1] = (struct output){ .address = ip_of("203.0.113.2"), .networks = 3 };
	fake.outputs[2] = (struct output){ .address = ip_of("203.0.113.3"), .networks = 2,
	                                   .agreed = true };
	fake.output_count = 3;
	blocklist_follower_reread(f);
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(&w, 1, "203.0.113.1"));
	assert_true(!has(&w, 1, "203.0.113.2") && !has(&w, 1, "203.0.113.3"));
	assert_false(has(&w, 0, "203.0.113.1"));
	/* The serial of DNS has 32 bits. */
	fake.serial = (1ull << 32) + 4;
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_int_equal(w.state.views[0].serial, 4);
	blocklist_follower_destroy(f);
	loop_destroy(loop);
	buf_fini(&st.message);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_database), cmocka_unit_test(test_outputs_published),
		cmocka_unit_test(test_store_moods), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_words),
	};
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
