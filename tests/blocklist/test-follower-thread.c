/* SPDX-License-Identifier: ISC
 * The follower in a thread beside a server: a store that hangs delays no answer, what it says after
 * that shows, and no edition is read that is gone. */
#include "fake-store.h"
#include "sockets.h"
#include "store/fuse.h"
#include "test.h"
#include "world.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/thread.h"
#include "blocklist/follower.h"
#include "blocklist/server.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT_MS = 30000, EDITIONS = 3000 };

struct fixture {
	struct world w;
	struct loop *loop;
	struct blocklist_handover handover;
	struct blocklist_follower *follower;
	struct blocklist_server *server;
	struct thread *thread;
	struct endpoint at;
	int udp, tcp, client;
};

static struct blocklist_orders orders_for_tests(void)
{
	struct blocklist_orders o = { .fuse = fuse_default };
	o.fuse.special[0] = world_prefix("192.0.2.0/24");
	o.fuse.special_count = 1;
	return o;
}

static int64_t follow(void *arg)
{
	return blocklist_follower_step(arg);
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));
	struct blocklist_limits limits = { 3, 2, 200, 0 };
	struct blocklist_orders orders = orders_for_tests();
	struct sockaddr_storage ss;
	world_make(&f->w, "", NULL, NULL);
	f->loop = loop_create();
	f->follower = blocklist_follower_create(fake_store_reset(), &f->handover, &orders);
	fake.serial = 1;
	fake.listings[0].address = world_prefix("192.0.2.1").ip;
	fake.listing_count = 1;
	assert_int_equal(blocklist_follower_poll(f->follower), ERR_OK);
	f->server = blocklist_server_create(f->loop, f->w.table, &f->handover, &limits);
	f->at.ip = ip_from_v4(127, 0, 0, 1);
	assert_int_equal(sockets_bind_both(&f->at, &f->udp, &f->tcp), ERR_OK);
	blocklist_server_add_udp(f->server, f->udp);
	socklen_t len = endpoint_to_sockaddr(&f->at, &ss);
	f->client = socket(ss.ss_family, SOCK_DGRAM, 0);
	assert_int_equal(connect(f->client, (struct sockaddr *)&ss, len), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	fake_store_let_go();
	thread_stop(f->thread, LIMIT_MS);
	blocklist_server_destroy(f->server);
	blocklist_follower_destroy(f->follower);
	blocklist_handover_fini(&f->handover);
	close(f->client);
	close(f->udp);
	close(f->tcp);
	loop_destroy(f->loop);
	world_free(&f->w);
	free(f);
	return 0;
}

/* Whether DNS says that it is listed; fails if there is no answer. */
static bool says_listed(struct fixture *f, const char *name)
{
	uint8_t bytes[512];
	struct dns_writer w = { .p = bytes, .size = sizeof(bytes) };
	struct dns_question q = { .type = DNS_TYPE_A, .class = DNS_CLASS_IN };
	assert_int_equal(dns_name_parse(str_of(name), &q.name, NULL), ERR_OK);
	dns_put_query(&w, 1, &q);
	assert_int_equal(send(f->client, bytes, w.n, 0), w.n);
	struct pollfd p = { .fd = f->client, .events = POLLIN };
	for (int64_t end = clock_mono_ms() + LIMIT_MS; poll(&p, 1, 0) == 0;) {
		assert_true(clock_mono_ms() < end);
		loop_run_once(f->loop, 10);
	}
	assert_true(recv(f->client, bytes, sizeof(bytes), 0) > 12);
	return bytes[7] == 1;
}

static void test_slow_store(void **state)
{
	struct fixture *f = *state;
	struct blocklist_orders orders = orders_for_tests();
	fake_store_hold();
	f->thread = thread_start(follow, f->follower);
	assert_true(fake_store_is_held());
	for (int i = 0; i < 200; i++) {
		assert_true(says_listed(f, "1.2.0.192.bl.example"));
		assert_false(says_listed(f, "2.2.0.192.bl.example"));
	}
	/* Nor do orders wait for it. */
	fake_store_journal(2, JOURNAL_LIST, "192.0.2.2");
	blocklist_follower_order(f->follower, &orders);
	fake.listings[1].address = world_prefix("192.0.2.2").ip;
	fake.listing_count = 2;
	assert_true(fake_store_is_held());
	fake_store_let_go();
	thread_wake(f->thread);
	for (int64_t end = clock_mono_ms() + LIMIT_MS; !says_listed(f, "2.2.0.192.bl.example");)
		assert_true(clock_mono_ms() < end);
	assert_true(says_listed(f, "1.2.0.192.bl.example"));
	/* Once it has stopped there is no step any more. */
	thread_stop(f->thread, LIMIT_MS);
	f->thread = NULL;
	fake_store_journal(3, JOURNAL_DELIST, "192.0.2.1");
	assert_true(says_listed(f, "1.2.0.192.bl.example"));
}

/* ---- the hand-over alone ------------------------------------------------------------------- */

struct press {
	struct blocklist_handover handover;
	uint32_t serial;
	atomic_bool done;
};

/* Edition n lists 192.0.2.n and nothing else of it. */
static int64_t print_one(void *arg)
{
	struct press *p = arg;
	if (p->serial == EDITIONS) {
		atomic_store(&p->done, true);
		return -1;
	}
	struct blocklist_edition *e = mem_zalloc(sizeof(*e));
	e->serial = ++p->serial;
	struct ip ip = ip_from_v4(192, 0, 2, (uint8_t)e->serial);
	struct blocklist_change change = { prefix_of(&ip, 32), true };
	e->lists[BLOCKLIST_INPUTS] = blocklist_index_apply(NULL, &change, 1, NULL);
	blocklist_handover_put(&p->handover, e);
	return 0;
}

static void test_handover(void **state)
{
	static struct press p;
	uint32_t before = 0;
	(void)state;
	struct thread *t = thread_start(print_one, &p);
	while (!atomic_load(&p.done) || before < EDITIONS) {
		const struct blocklist_edition *e = blocklist_handover_take(&p.handover);
		if (!e)
			continue;
		struct ip ip = ip_from_v4(192, 0, 2, (uint8_t)e->serial);
		struct ip other = ip_from_v4(192, 0, 2, (uint8_t)(e->serial + 1));
		assert_true(e->serial >= before);
		assert_true(blocklist_index_has(e->lists[BLOCKLIST_INPUTS], &ip));
		assert_false(blocklist_index_has(e->lists[BLOCKLIST_INPUTS], &other));
		before = e->serial;
	}
	thread_stop(t, LIMIT_MS);
	blocklist_handover_fini(&p.handover);
}

/* Nobody took them: none is left behind. */
static void test_handover_unread(void **state)
{
	static struct press p;
	(void)state;
	while (p.serial < 10)
		print_one(&p);
	assert_int_equal(blocklist_handover_take(&p.handover)->serial, 10);
	assert_int_equal(blocklist_handover_take(&p.handover)->serial, 10);
	print_one(&p);
	blocklist_handover_fini(&p.handover);
	assert_null(blocklist_handover_take(&p.handover));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slow_store, setup, teardown),
		cmocka_unit_test(test_handover), cmocka_unit_test(test_handover_unread),
	};
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
