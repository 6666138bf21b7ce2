/* SPDX-License-Identifier: ISC
 *
 * The queue and its disk: after a cut at any byte what is acknowledged is there and what is over is
 * not; the log is gone through many times; full, failing and dead disks are got over.
 */
#include "queue-fixture.h"

#include "break-segment.h"
#include "heard.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- cuts --------------------------------------------------------------------------------- */

struct checkpoint {
	size_t end;                   /* of what was written until then */
	char *shown;
};

static struct checkpoint checkpoints[32];
static size_t checkpoint_n;

struct saved {
	char name[400];
	struct buf bytes;
};

static void save_first(const char *file, void *arg)
{
	struct saved *s = arg;
	if (!strstr(file, "00000001"))
		return;
	str_copy(s->name, sizeof(s->name), str_of(file));
	buf_clear(&s->bytes);
	assert_int_equal(file_read(file, SEGMENT, &s->bytes), ERR_OK);
}

static size_t end_of_first(void)
{
	const struct hash_key key = { { 3, 4 } };
	struct saved saved = { 0 };
	struct gateway_record record;
	size_t at = 0;
	each_file(save_first, &saved);
	while (gateway_record_read(&key, buf_str(&saved.bytes), 1, &at, &record) ==
	       GATEWAY_FOUND_RECORD)
		;
	buf_fini(&saved.bytes);
	return at;
}

static void checkpoint(void)
{
	checkpoints[checkpoint_n++] = (struct checkpoint){ end_of_first(), mem_strdup(shown()) };
}

/* One record for each step. */
static void write_short_log(void)
{
	checkpoint_n = 0;
	checkpoint();
	add("one", "s@x", "a@x b@x");
	checkpoint();
	add("two", "s@x", "c@x");
	checkpoint();
	delivered("a@x");
	checkpoint();
	deferred("b@x");
	checkpoint();
	assert_int_equal(gateway_queue_hold(queue, gateway_queue_find(queue, STR("one")), true),
	                 ERR_OK);
	checkpoint();
	delivered("c@x");
	checkpoint();
	assert_int_equal(gateway_queue_hold(queue, gateway_queue_find(queue, STR("one")), false),
	                 ERR_OK);
	checkpoint();
	later(HOUR);
	add("six", "", "d@x");
	checkpoint();
	delivered("b@x");
	checkpoint();
}

static void restore_cut(const struct saved *s, size_t at)
{
	struct buf cut = { 0 };
	buf_add(&cut, s->bytes.p, s->bytes.n);
	memset(cut.p + at, 0, cut.n - at);
	int fd = open(s->name, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, cut.p, cut.n, 0), (ssize_t)cut.n);
	close(fd);
	buf_fini(&cut);
}

/* After a cut at any byte all is as after the last record that was whole: nothing that was
 * acknowledged is lost, nothing is there that was not, and who was delivered is. */
static void test_every_cut(void **state)
{
	(void)state;
	struct saved saved = { 0 };
	size_t i = 0;
	write_short_log();
	kill_queue();
	each_file(save_first, &saved);
	for (size_t at = checkpoints[0].end; at < checkpoints[checkpoint_n - 1].end + 16; at++) {
		while (i + 1 < checkpoint_n && checkpoints[i + 1].end <= at)
			i++;
		restore_cut(&saved, at);
		open_queue();
		/* A record is whole without its padding, and zeros at its end may be its own. */
		if (i + 1 == checkpoint_n || checkpoints[i + 1].end - at > 8 ||
		    strcmp(shown(), checkpoints[i + 1].shown) != 0)
			expect(checkpoints[i].shown);
		assert_int_equal(gateway_queue_state(queue).damaged_bytes, 0);
		kill_queue();
	}
	for (size_t c = 0; c < checkpoint_n; c++)
		free(checkpoints[c].shown);
	buf_fini(&saved.bytes);
	open_queue();
}

/* ---- room ---------------------------------------------------------------------------------- */

static struct str filler(size_t n)
{
	static char text[SEGMENT];
	memset(text, 'x', sizeof(text));
	return (struct str){ text, n };
}

/* Many times the log's size goes through it while some wait from first to last. */
static void test_written_anew(void **state)
{
	(void)state;
	add("one", "s@x", "a@x b@x");
	add("two", "s@x", "c@x d@x");
	delivered("a@x");
	deferred("b@x");
	deferred("c@x");
	deferred("d@x");
	assert_int_equal(gateway_queue_hold(queue, gateway_queue_find(queue, STR("two")), true),
	                 ERR_OK);
	for (int i = 0; i < 600; i++) {
		char id[GATEWAY_ID_MAX];
		gateway_queue_id(queue, id);
		assert_int_equal(add_text(id, "", "z@x", filler(4000)), ERR_OK);
		delivered("z@x");
		if (i % 100 == 50) {
			again();
			turn();
		}
	}
	expect("one: a@x delivered 1, b@x waiting 1; "
	       "two held: c@x waiting 1, d@x waiting 1");
	again();
	expect("one: a@x delivered 1, b@x waiting 1; "
	       "two held: c@x waiting 1, d@x waiting 1");
	assert_true(gateway_queue_find(queue, STR("one"))->envelope.size_bytes == 20);
	assert_true(gateway_queue_state(queue).log.segments <= SEGMENTS);
}

/* What is there is still delivered and bounced when nothing more is taken; then there is room. */
static void test_full(void **state)
{
	(void)state;
	char id[GATEWAY_ID_MAX], address[32];
	int n = 0, e;
	for (;; n++) {
		gateway_queue_id(queue, id);
		snprintf(address, sizeof(address), "u%d@x", n);
		if ((e = add_text(id, "s@x", address, filler(5000))) != ERR_OK)
			break;
	}
	assert_int_equal(e, ERR_FULL);
	assert_in_range(n, 25, 60);
	assert_int_equal(gateway_queue_room(queue, 5000), ERR_FULL);
	assert_int_equal((int)due_n, n);
	for (int i = 0; i < n; i++) {
		snprintf(address, sizeof(address), "u%d@x", i);
		if (i < 5)
			failed(address);
		else
			delivered(address);
	}
	assert_int_equal(gateway_queue_state(queue).messages, 5);
	assert_int_equal(gateway_queue_state(queue).notices, 5);
	assert_int_equal(gateway_queue_room(queue, 5000), ERR_OK);
	add("one", "s@x", "a@x");
	again();
	assert_int_equal(gateway_queue_state(queue).messages, 6);
	messages_max = 6;
	again();
	assert_int_equal(gateway_queue_room(queue, 1), ERR_FULL);
	assert_int_equal(add_text("two", "s@x", "a@x", STR("x")), ERR_FULL);
}

/* The sync of its segment fails: it is written anew before it is acknowledged, and what stood in
 * that segment, too. */
static void test_failed_sync(void **state)
{
	(void)state;
	struct gateway_to list[8];
	add("one", "s@x", "a@x b@x");
	delivered("b@x");
	deferred("a@x");
	const struct gateway_envelope e = envelope_of("two", "s@x", "c@x", list);
	int told = ERR_AGAIN;
	assert_int_equal(gateway_queue_add(queue, &e, STR("x"), note_err, &told), ERR_OK);
	int both = break_segment("segment-00000001");
	while (syncer_step(syncer) == 0)
		;
	mend_segment(both);
	assert_int_equal(told, ERR_AGAIN);
	turn();
	assert_int_equal(told, ERR_OK);
	/* Nothing in the first segment counts any more. */
	struct gateway_message *m = gateway_queue_find(queue, STR("two"));
	assert_true(message_of(m)->kept.use > 1);
	for (int i = 0; i < 5; i++)
		turn();
	m = gateway_queue_find(queue, STR("one"));
	assert_true(message_of(m)->kept.use > 1);
	assert_true(m->rcpt[0].kept.use > 1 && m->rcpt[1].kept.use > 1);
	again();
	expect("one: a@x waiting 1, b@x delivered 1; two: c@x waiting 0");
}

static void seconds(int n)
{
	for (int i = 0; i < n; i++)
		later(1);
}

static void check_log(struct heard *h, unsigned unwritten, unsigned written)
{
	heard_end(h);
	assert_int_equal(heard_lines(h, "queue-unwritten"), unwritten);
	assert_int_equal(heard_lines(h, "queue-written"), written);
}

/* A disk that takes nothing more: messages are refused, outcomes are remembered and written when it
 * does again. */
static void test_dead_disk(void **state)
{
	(void)state;
	struct rlimit before, none;
	struct heard heard;
	add("one", "s@x", "a@x b@x");
	add("two", "s@x", "c@x");
	add("six", "s@x", "d@x");
	getrlimit(RLIMIT_FSIZE, &before);
	none = before;
	none.rlim_cur = 1;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	assert_int_not_equal(add_text("ten", "s@x", "e@x", STR("x")), ERR_OK);
	heard_begin(&heard);
	delivered("a@x");
	delivered("c@x");
	seconds(30);
	check_log(&heard, 1, 0);       /* … and not at each turn */
	failed("d@x");                 /* its notice cannot be kept: it is tried again */
	expect("one: a@x delivered 1, b@x waiting 0; six: d@x waiting 1");
	heard_begin(&heard);
	seconds(100);
	check_log(&heard, 2, 0);
	heard_begin(&heard);
	setrlimit(RLIMIT_FSIZE, &before);
	seconds(10);
	check_log(&heard, 0, 1);
	struct gateway_queue_state s = gateway_queue_state(queue);
	assert_true(s.trying == 1 && s.notices == 0);
	again();
	expect("one: a@x delivered 1, b@x waiting 0; six: d@x waiting 0");
}

/* A disk with no room for another segment: what is there is delivered, and when there is room again
 * messages are taken again. */
static void test_full_disk(void **state)
{
	(void)state;
	struct rlimit before, small;
	char id[GATEWAY_ID_MAX], address[32];
	int n = 0, e;
	turn();
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = SEGMENT - 1;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	for (;; n++) {
		gateway_queue_id(queue, id);
		snprintf(address, sizeof(address), "u%d@x", n);
		if ((e = add_text(id, "s@x", address, filler(5000))) != ERR_OK)
			break;
	}
	assert_int_equal(e, ERR_FULL);
	assert_in_range(n, 5, 25);
	assert_int_equal(gateway_queue_room(queue, 5000), ERR_FULL);
	for (int i = 0; i < n; i++) {
		snprintf(address, sizeof(address), "u%d@x", i);
		delivered(address);
	}
	assert_int_equal(gateway_queue_state(queue).messages, 0);
	setrlimit(RLIMIT_FSIZE, &before);
	for (int i = 0; i < 5 && gateway_queue_room(queue, 5000) != ERR_OK; i++)
		later(60);
	add("one", "s@x", "a@x");
	again();
	expect("one: a@x waiting 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(test_every_cut),
		QUEUE_TEST(test_written_anew),
		QUEUE_TEST(test_full),
		QUEUE_TEST(test_failed_sync),
		QUEUE_TEST(test_dead_disk),
		QUEUE_TEST(test_full_disk),
	};
	return queue_tests_end(cmocka_run_group_tests(tests, NULL, NULL));
}
