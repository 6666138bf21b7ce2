/* SPDX-License-Identifier: ISC
 * The follower, on a store that fails, jumps and goes back. */
#include "fake-store.h"
#include "store/fuse.h"
#include "test.h"
#include "world.h"

#include "base/log.h"
#include "blocklist/follower.h"

static struct blocklist_handover handover;
static struct blocklist_follower *follower;

static struct ip address_of(const char *text)
{
	return world_prefix(text).ip;
}

static bool has(enum blocklist_list list, const char *address)
{
	struct ip ip = address_of(address);
	return blocklist_index_has(blocklist_handover_take(&handover)->lists[list], &ip);
}

static uint32_t served(void)
{
	return blocklist_handover_take(&handover)->serial;
}

static int poll_now(void)
{
	return blocklist_follower_poll(follower);
}

static struct blocklist_orders orders_for_tests(void)
{
	struct blocklist_orders o = { .outputs = true, .fuse = fuse_default };
	o.fuse.special[0] = world_prefix("192.0.2.0/24");
	o.fuse.special[1] = world_prefix("203.0.113.0/24");
	o.fuse.special_count = 2;
	o.fuse.own[0] = address_of("192.0.2.53");
	o.fuse.own_count = 1;
	return o;
}

static int setup(void **state)
{
	struct blocklist_orders orders = orders_for_tests();
	(void)state;
	follower = blocklist_follower_create(fake_store_reset(), &handover, &orders);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	blocklist_follower_destroy(follower);
	blocklist_handover_fini(&handover);
	return 0;
}

static void test_outputs_published(void **state)
{
	(void)state;
	assert_true(blocklist_output_published(&(struct output){ .networks = 3, .agreed = true }));
	assert_false(blocklist_output_published(&(struct output){ .networks = 3 }));
	assert_false(blocklist_output_published(&(struct output){ .networks = 2, .inputs = 9,
	                                                          .agreed = true }));
}

/* What an older version or somebody's hand put on the list is not published, in whatever way
 * it comes, and can be taken off. */
static void test_refused(void **state)
{
	static const char *const bad[] = { "10.1.2.3", "0.1.2.3", "224.0.0.1", "192.0.2.53" };
	(void)state;
	fake.serial = 1;
	fake.listings[fake.listing_count++].address = address_of("192.0.2.1");
	for (size_t i = 0; i < 4; i++) {
		fake.listings[fake.listing_count++].address = address_of(bad[i]);
		fake.outputs[i] = (struct output){ .address = address_of(bad[i]), .networks = 3,
		                                   .agreed = true };
	}
	fake.output_count = 4;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	for (size_t i = 0; i < 4; i++)
		assert_true(!has(BLOCKLIST_INPUTS, bad[i]) && !has(BLOCKLIST_OUTPUTS, bad[i]));
	for (size_t i = 0; i < 4; i++)
		fake_store_journal(2 + i, JOURNAL_LIST, bad[i]);
	fake_store_journal(6, JOURNAL_LIST, "192.0.2.0/23");
	fake_store_journal(7, JOURNAL_LIST, "192.0.2.9");
	fake_store_journal(8, JOURNAL_DELIST, "192.0.2.1");
	assert_int_equal(poll_now(), ERR_OK);
	for (size_t i = 0; i < 4; i++)
		assert_false(has(BLOCKLIST_INPUTS, bad[i]));
	assert_true(has(BLOCKLIST_INPUTS, "192.0.2.9"));
	assert_true(!has(BLOCKLIST_INPUTS, "192.0.2.1") && !has(BLOCKLIST_INPUTS, "192.0.2.8"));
}

/* Who is listed by word is read with each change. */
static void test_words(void **state)
{
	struct prefix one = world_prefix("192.0.2.1");
	(void)state;
	fake.serial = 1;
	fake.listings[fake.listing_count++].address = one.ip;
	fake.words[0] = (struct listing){ .address = one.ip, .reason = "seen by hand" };
	fake.word_count = 1;
	assert_int_equal(poll_now(), ERR_OK);
	const struct blocklist_edition *e = blocklist_handover_take(&handover);
	struct blocklist_note note;
	assert_true(blocklist_words_find(e->words, &one, &note));
	assert_true(note.by_word);
	assert_string_equal(note.reason, "seen by hand");
	fake.word_count = 0;             /* it was proved meanwhile */
	fake_store_journal(2, JOURNAL_REFRESH, "192.0.2.1");
	assert_int_equal(poll_now(), ERR_OK);
	e = blocklist_handover_take(&handover);
	assert_false(blocklist_words_find(e->words, &one, &note));
	assert_true(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	/* A template asks for reasons and dates of the proved ones. */
	struct blocklist_orders orders = orders_for_tests();
	orders.notes = true;
	blocklist_follower_order(follower, &orders);
	fake.listings[0].since_s = 86400;
	str_copy(fake.listings[0].reason, WHY_MAX, STR("open relay"));
	assert_int_equal(poll_now(), ERR_OK);
	e = blocklist_handover_take(&handover);
	assert_true(blocklist_words_find(e->words, &one, &note));
	assert_true(!note.by_word && note.since_s == 86400);
	assert_string_equal(note.reason, "open relay");
}

/* Ranges come as the rest does: whole at first, by the journal from there on, with their words;
 * what the fuse says of them is asked here, too. */
static void test_ranges(void **state)
{
	struct prefix range = world_prefix("203.0.113.0/25");
	struct blocklist_note note;
	(void)state;
	fake.serial = 1;
	fake.ranges[0] = (struct listed_range){ world_prefix("192.0.2.0/24"), "holds us", 1 };
	fake.ranges[1] = (struct listed_range){ range, "seen", 86400 };
	fake.range_count = 2;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(BLOCKLIST_INPUTS, "203.0.113.0") && has(BLOCKLIST_INPUTS, "203.0.113.127"));
	assert_false(has(BLOCKLIST_INPUTS, "203.0.113.128") || has(BLOCKLIST_INPUTS, "203.0.112.255"));
	assert_false(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	const struct blocklist_edition *e = blocklist_handover_take(&handover);
	assert_true(blocklist_words_find(e->words, &range, &note) && note.by_word);
	assert_string_equal(note.reason, "seen");
	/* One of its addresses as well: each goes by itself. */
	fake_store_journal(2, JOURNAL_LIST, "203.0.113.7");
	assert_int_equal(poll_now(), ERR_OK);
	fake.range_count = 0;
	fake_store_journal(3, JOURNAL_DELIST, "203.0.113.0/25");
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(BLOCKLIST_INPUTS, "203.0.113.7"));
	assert_false(has(BLOCKLIST_INPUTS, "203.0.113.6"));
	assert_int_equal(fake.snapshots, 1);
}

/* First the whole, then the journal; what is no change of the list passes. */
static void follow_a_while(void)
{
	/* Nothing to read yet: nothing is served. */
	fake.err = ERR_BUSY;
	assert_int_equal(poll_now(), ERR_BUSY);
	assert_null(blocklist_handover_take(&handover));
	fake.err = ERR_OK;
	fake.serial = 5;
	fake.listings[0].address = address_of("192.0.2.1");
	fake.listing_count = 1;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(0, "192.0.2.1") && fake.snapshots == 1 && fake.journals == 0);
	fake_store_journal(6, JOURNAL_LIST, "192.0.2.2");
	fake_store_journal(7, JOURNAL_TEST, "192.0.2.3");
	fake_store_journal(8, JOURNAL_REFRESH, "192.0.2.4");
	fake_store_journal(9, JOURNAL_OUTPUT_LIST, "192.0.2.5");
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(0, "192.0.2.1") && has(0, "192.0.2.2"));
	assert_true(!has(0, "192.0.2.3") && !has(0, "192.0.2.4") && !has(0, "192.0.2.5"));
	assert_true(fake.snapshots == 1 && served() == 9);
}

static void test_store_moods(void **state)
{
	(void)state;
	follow_a_while();
	/* Gone away: the last good state stands. */
	fake.err = ERR_IO;
	fake_store_journal(10, JOURNAL_DELIST, "192.0.2.2");
	assert_int_equal(poll_now(), ERR_IO);
	assert_true(has(0, "192.0.2.2") && served() == 9);
	fake.err = ERR_OK;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(!has(0, "192.0.2.2") && served() == 10);
	/* A gap in the journal: the whole again. */
	fake_store_journal(12, JOURNAL_LIST, "192.0.2.6");
	fake.listings[1].address = address_of("192.0.2.7");
	fake.listing_count = 2;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(0, "192.0.2.7") && fake.snapshots == 2 && served() == 12);
	/* A serial that went back: a copy was restored. DNS keeps the higher one. */
	fake.serial = 3;
	fake.listing_count = 1;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(0, "192.0.2.1") && !has(0, "192.0.2.7"));
	assert_true(fake.snapshots == 3 && served() == 12);
	/* Restored and gone on so fast that nobody saw the lower serial: the whole again. */
	fake.journal_count = 0;
	fake_store_journal(4, JOURNAL_RESTORE, "192.0.2.8");
	fake_store_journal(5, JOURNAL_TEST, "192.0.2.9");
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(fake.snapshots == 4 && served() == 12);
	/* The serial of DNS has 32 bits. */
	fake.serial = (1ull << 32) + 4;
	assert_int_equal(poll_now(), ERR_OK);
	assert_int_equal(served(), 4);
}

/* Only what is agreed and proved by three networks; and only if somebody asks for them. */
static void test_orders(void **state)
{
	struct blocklist_orders orders = orders_for_tests();
	(void)state;
	fake.outputs[0] = (struct output){ .address = address_of("203.0.113.1"), .networks = 3,
	                                   .agreed = true };
	fake.outputs[1] = (struct output){ .address = address_of("203.0.113.2"), .networks = 3 };
	fake.outputs[2] = (struct output){ .address = address_of("203.0.113.3"), .networks = 2,
	                                   .agreed = true };
	fake.output_count = 3;
	fake.listings[fake.listing_count++].address = address_of("192.0.2.1");
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(BLOCKLIST_OUTPUTS, "203.0.113.1"));
	assert_false(has(BLOCKLIST_OUTPUTS, "203.0.113.2"));
	assert_false(has(BLOCKLIST_OUTPUTS, "203.0.113.3"));
	assert_false(has(BLOCKLIST_INPUTS, "203.0.113.1"));
	/* New orders are followed though the serial is the old one. */
	orders.outputs = false;
	orders.fuse.special_count = 0;
	blocklist_follower_order(follower, &orders);
	assert_true(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	assert_true(blocklist_follower_step(follower) > 0);
	assert_null(blocklist_handover_take(&handover)->lists[BLOCKLIST_OUTPUTS]);
	assert_false(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	assert_int_equal(fake.snapshots, 2);
	/* A store that cannot be read leaves what stands, and the orders with it. */
	fake.err = ERR_BUSY;
	orders = orders_for_tests();
	blocklist_follower_order(follower, &orders);
	assert_int_equal(poll_now(), ERR_BUSY);
	assert_false(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	fake.err = ERR_OK;
	assert_int_equal(poll_now(), ERR_OK);
	assert_true(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	assert_true(has(BLOCKLIST_OUTPUTS, "203.0.113.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outputs_published),
		cmocka_unit_test_setup_teardown(test_store_moods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
	};
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
