/* SPDX-License-Identifier: ISC
 * The follower on a real database. */
#include "store/fuse.h"
#include "store/journal.h"
#include "store/list.h"
#include "test.h"
#include "world.h"

#include "base/log.h"
#include "blocklist/follower.h"
#include "store/support.h"

static struct blocklist_handover handover;

static bool has(enum blocklist_list list, const char *address)
{
	struct prefix p = world_prefix(address);
	return blocklist_index_has(blocklist_handover_take(&handover)->lists[list], &p.ip);
}

static void test_database(void **state)
{
	struct ip one = ip_of("192.0.2.1"), six = ip_of("2001:db8::1");
	struct blocklist_orders orders = { .outputs = true, .fuse = fuse_default,
	                                   .clock_jump_max_s = STORE_CLOCK_JUMP_MAX_S };
	uint64_t serial;
	(void)state;
	char *directory = state_make();
	struct store *admin = open_store(directory, STORE_ALL);
	OK(admin, store_list(admin, &one, "me", "because", &default_policy, 1000));
	struct store *reader = open_store(directory, STORE_READS);
	orders.fuse = *store_fuse(reader);
	struct blocklist_follower *f = blocklist_follower_create(reader, &handover, &orders);
	assert_null(blocklist_handover_take(&handover));
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	assert_false(has(BLOCKLIST_INPUTS, "2001:db8::1"));
	assert_false(has(BLOCKLIST_OUTPUTS, "192.0.2.1"));
	/* A change shows, with its serial; the second look reads nothing anew. */
	OK(admin, store_list(admin, &six, "me", "because", &default_policy, 1001));
	OK(admin, store_delist(admin, &one, "me", "fixed", 1002));
	assert_int_equal(blocklist_follower_poll(f), ERR_OK);
	assert_true(has(BLOCKLIST_INPUTS, "2001:db8::1"));
	assert_false(has(BLOCKLIST_INPUTS, "192.0.2.1"));
	OK(admin, store_serial(admin, &serial));
	const struct blocklist_edition *before = blocklist_handover_take(&handover);
	assert_int_equal(before->serial, serial);
	assert_true(blocklist_follower_step(f) > 0);
	assert_ptr_equal(before, blocklist_handover_take(&handover));
	blocklist_follower_destroy(f);
	/* What was read stands. */
	assert_true(has(BLOCKLIST_INPUTS, "2001:db8::1"));
	blocklist_handover_fini(&handover);
	store_close(reader);
	store_close(admin);
	state_remove(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_database) };
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
