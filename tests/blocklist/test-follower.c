/* SPDX-License-Identifier: ISC
 * The follower: on a real database, and on a store that fails, jumps and goes back. */
#include "test.h"
#include "world.h"

#include "base/log.h"
#include "blocklist/follower.h"
#include "store/backend.h"
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

static int fake_begin(struct store *st, enum row_place place, bool write)
{
	(void)st, (void)place;
	assert_false(write);
	return fake.err;
}

static int fake_end(struct store *st, int e)
{
	(void)st;
	return e;
}

static int fake_greatest(struct store *st, enum row_kind kind, const char *column,
                         int64_t *value)
{
	(void)st, (void)column;
	assert_int_equal(kind, ROW_JOURNAL);
	*value = (int64_t)fake.serial;
	return fake.err;
}

static int each_entry(const struct row_range *range, row_seen *seen, void *context)
{
	const struct journal_entry *after = range->row;
	int said = 0;
	fake.journals++;
	for (size_t i = 0; i < fake.journal_count && said == 0; i++)
		if (fake.journal[i].serial > after->serial)
			said = seen(context, &fake.journal[i]);
	return said < 0 ? said : ERR_OK;
}

static int each_listing(const struct row_range *range, row_seen *seen, void *context)
{
	bool words = range->index == LISTING_BY_WORD;
	const struct listing *rows = words ? fake.words : fake.listings;
	size_t n = words ? fake.word_count : fake.listing_count;
	int said = 0;
	fake.snapshots += !words;
	for (size_t i = 0; i < n && said == 0; i++)
		said = seen(context, &rows[i]);
	return said < 0 ? said : ERR_OK;
}

/* As many inputs as there are networks. */
static int each_proof(const struct row_range *range, row_seen *seen, void *context)
{
	const struct proof_row *of = range->row;
	int said = 0;
	for (size_t i = 0; range->index == PROOF_BY_OUTPUT && i < fake.output_count; i++) {
		struct proof_row row = { .p.output = fake.outputs[i].address };
		if (range->equal && !ip_eq(&row.p.output, &of->p.output))
			continue;
		for (uint8_t k = 0; k < fake.outputs[i].networks && said == 0; k++) {
			row.address = ip_from_v4(198, 51, k, 1);
			said = seen(context, &row);
		}
	}
	return said < 0 ? said : ERR_OK;
}

static int each_agreement(row_seen *seen, void *context)
{
	int said = 0;
	for (size_t i = 0; i < fake.output_count && said == 0; i++) {
		struct agreement_row row = { .output = fake.outputs[i].address };
		if (fake.outputs[i].agreed)
			said = seen(context, &row);
	}
	return said < 0 ? said : ERR_OK;
}

static int fake_each(struct store *st, enum row_kind kind, const struct row_range *range,
                     struct arena *blobs, row_seen *seen, void *context)
{
	(void)st, (void)blobs;
	if (fake.err != ERR_OK)
		return fake.err;
	switch (kind) {
	case ROW_JOURNAL: return each_entry(range, seen, context);
	case ROW_LISTING: return each_listing(range, seen, context);
	case ROW_PROOF: return each_proof(range, seen, context);
	default:
		assert_int_equal(kind, ROW_AGREEMENT);
		return each_agreement(seen, context);
	}
}

static int fake_get(struct store *st, enum row_kind kind, unsigned index, void *row,
                    struct arena *blobs)
{
	const struct agreement_row *of = row;
	(void)st, (void)index, (void)blobs;
	assert_int_equal(kind, ROW_AGREEMENT);
	for (size_t i = 0; i < fake.output_count; i++)
		if (fake.outputs[i].agreed && ip_eq(&fake.outputs[i].address, &of->output))
			return fake.err;
	return fake.err ? fake.err : ERR_NOT_FOUND;
}

static const struct backend_ops fake_ops = {
	.begin = fake_begin, .end = fake_end, .get = fake_get, .each = fake_each,
	.greatest = fake_greatest,
};

static void journal(uint64_t serial, enum journal_action action, const char *subject)
{
	fake.journal[fake.journal_count++] = (struct journal_entry){
		.serial = serial, .action = action, .subject = world_prefix(subject) };
	fake.serial = serial;
}

static struct store fake_store(void)
{
	struct store st = { .ops = &fake_ops };
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
