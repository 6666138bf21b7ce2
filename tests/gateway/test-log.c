/* SPDX-License-Identifier: ISC
 *
 * The queue's log on a real file system: what was committed is there after every cut of every
 * file, segments take turns and are never lost from sight, and a full or broken disk is told and
 * got over. The syncer's steps are called here, without a thread.
 */
#include "break-segment.h"
#include "test.h"

#include "base/file.h"
#include "gateway/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT = GATEWAY_SEGMENT_MIN, SEGMENTS = 4, MESSAGES = 4096, LIMIT = 64 };
enum { KIND_MESSAGE = 1, KIND_END = 2 };

/* What the log says is in the queue, as its caller keeps it. */
struct queue {
	struct gateway_place place[MESSAGES];
	bool is_there[MESSAGES];
	unsigned records, damages;
	struct gateway_log *log;
};

static char directory[] = "/tmp/gateway-log-XXXXXX";
static char path[64];
static struct loop *loop;
static struct syncer *syncer;
static const struct hash_key key = { { 3, 4 } };
static size_t segment_bytes = SEGMENT;
static struct queue queue;

/* ---- the caller's part ------------------------------------------------------------------- */

static void on_record(void *arg, const struct gateway_record *record,
                      const struct gateway_place *place)
{
	struct queue *q = arg;
	assert_true(record->message < MESSAGES);
	q->records++;
	if (record->kind == KIND_MESSAGE) {
		q->place[record->message] = *place;
		q->is_there[record->message] = true;
	} else {
		q->is_there[record->message] = false;
	}
}

static void on_damage(void *arg, const char *file, size_t at, size_t bytes)
{
	struct queue *q = arg;
	assert_true(file && at % 8 == 0 && bytes > 0);
	q->damages++;
}

static int try_open(const struct hash_key *by, struct buf *message)
{
	const struct gateway_log_options options = { path, segment_bytes, SEGMENTS, *by };
	const struct gateway_log_reader reader = { &queue, on_record, on_damage };
	queue = (struct queue){ 0 };
	return gateway_log_open(&options, syncer, &reader, &queue.log, message);
}

static void open_log(void)
{
	struct buf message = { 0 };
	if (try_open(&key, &message) != ERR_OK)
		fail_msg("%s", buf_cstr(&message));
	buf_fini(&message);
}

/* All that was asked of the syncer is done, and called back. */
static void settle(void)
{
	for (int i = 0; i < LIMIT; i++) {
		while (syncer_step(syncer) == 0)
			;
		loop_run_once(loop, 0);
	}
}

static void close_log(void)
{
	settle();
	gateway_log_close(queue.log);
	queue.log = NULL;
}

static void note_err(void *arg, int err)
{
	*(int *)arg = err;
}

/* Appends and commits; what the commit said. */
static int put(enum gateway_room room, uint32_t kind, uint64_t message, struct str payload,
               struct gateway_place *place)
{
	int told = ERR_AGAIN;
	int e = gateway_log_append(queue.log, room, kind, message, payload, place);
	if (e != ERR_OK)
		return e;
	assert_int_equal(gateway_log_commit(queue.log, place, note_err, &told), ERR_OK);
	assert_int_equal(told, ERR_AGAIN);
	settle();
	return told;
}

static int begin_message(uint64_t message, struct str payload)
{
	int e = put(GATEWAY_BEGINS, KIND_MESSAGE, message, payload, &queue.place[message]);
	queue.is_there[message] = e == ERR_OK;
	return e;
}

/* Its end is one record, which need not stay for its own sake. */
static int end_message(uint64_t message)
{
	struct gateway_place place;
	int e = put(GATEWAY_ENDS, KIND_END, message, (struct str){ 0 }, &place);
	if (e != ERR_OK)
		return e;
	gateway_log_drop(queue.log, &place);
	gateway_log_drop(queue.log, &queue.place[message]);
	queue.is_there[message] = false;
	return ERR_OK;
}

static struct str text_of(uint64_t message, size_t n)
{
	static char text[SEGMENT];
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + (message + i) % 26);
	return (struct str){ text, n };
}

static void check_text(uint64_t message, size_t n)
{
	struct buf text = { 0 };
	assert_int_equal(gateway_log_read(queue.log, &queue.place[message], &text), ERR_OK);
	assert_true(str_eq(buf_str(&text), text_of(message, n)));
	buf_fini(&text);
}

/* ---- fixture ------------------------------------------------------------------------------- */

static void each_file(void (*f)(const char *file, void *arg), void *arg)
{
	char file[400];
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		f(file, arg);
	}
	if (dir)
		closedir(dir);
}

static void remove_file(const char *file, void *arg)
{
	(void)arg;
	unlink(file);
}

static int begin(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/log", directory);
	loop = loop_create();
	syncer = syncer_create(loop, LIMIT);
	return syncer ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	close_log();
	assert_int_equal(syncer_stop(syncer, 0), ERR_OK);
	syncer_destroy(syncer);
	loop_destroy(loop);
	each_file(remove_file, NULL);
	return rmdir(path) == 0 ? 0 : -1;
}

/* ---- tests ----------------------------------------------------------------------------- */

static void test_comes_back(void **state)
{
	(void)state;
	open_log();
	assert_int_equal(queue.records, 0);
	for (uint64_t m = 0; m < 20; m++)
		assert_int_equal(begin_message(m, text_of(m, m * 37)), ERR_OK);
	for (uint64_t m = 0; m < 20; m += 2)
		assert_int_equal(end_message(m), ERR_OK);
	close_log();
	open_log();
	assert_int_equal(queue.records, 30);
	assert_int_equal(queue.damages, 0);
	for (uint64_t m = 0; m < 20; m++) {
		assert_int_equal(queue.is_there[m], m % 2);
		if (queue.is_there[m])
			check_text(m, m * 37);
	}
	/* It goes on where it was. */
	assert_int_equal(begin_message(20, text_of(20, 9)), ERR_OK);
	close_log();
	open_log();
	assert_true(queue.is_there[20] && queue.is_there[19]);
}

/* Many times the log's size goes through it, while one message stays from first to last. */
static void test_turns(void **state)
{
	(void)state;
	uint64_t use;
	unsigned moved = 0;
	bool failed;
	open_log();
	assert_int_equal(begin_message(0, text_of(0, 1000)), ERR_OK);
	for (uint64_t m = 1; m < 300; m++) {
		assert_int_equal(begin_message(m, text_of(m, 4000)), ERR_OK);
		assert_int_equal(end_message(m), ERR_OK);
		if (!gateway_log_crowded(queue.log, &use, &failed))
			continue;
		assert_false(failed);
		struct gateway_place old = queue.place[0];
		assert_true(old.use == use);
		assert_int_equal(put(GATEWAY_ENDS, KIND_MESSAGE, 0, text_of(0, 1000),
		                     &queue.place[0]), ERR_OK);
		gateway_log_drop(queue.log, &old);
		moved++;
	}
	assert_true(moved > 2 && gateway_log_state(queue.log).segments == SEGMENTS);
	check_text(0, 1000);
	close_log();
	open_log();
	for (uint64_t m = 0; m < 300; m++)
		assert_int_equal(queue.is_there[m], m == 0);
	check_text(0, 1000);
}

/* Nothing more is begun when it is full, what is there can still end, and then there is room. */
static void test_full(void **state)
{
	(void)state;
	uint64_t m = 0, ended = 0;
	open_log();
	while (begin_message(m, text_of(m, 6000)) == ERR_OK)
		m++;
	assert_true(m > 20 && m < 60);
	assert_int_equal(begin_message(m, text_of(m, 6000)), ERR_FULL);
	assert_int_equal(begin_message(m, (struct str){ text_of(m, SEGMENT - 60).p, SEGMENT }),
	                 ERR_LIMIT);
	for (; ended < m; ended++)
		assert_int_equal(end_message(ended), ERR_OK);
	assert_int_equal(begin_message(m, text_of(m, 6000)), ERR_OK);
	close_log();
	open_log();
	for (uint64_t i = 0; i <= m; i++)
		assert_int_equal(queue.is_there[i], i == m);
}

/* A full log opens: it has no segment free, and needs none. */
static void test_full_opens(void **state)
{
	(void)state;
	uint64_t m = 0;
	open_log();
	while (begin_message(m, text_of(m, 6000)) == ERR_OK)
		m++;
	close_log();
	open_log();
	for (uint64_t i = 0; i < m; i++)
		assert_true(queue.is_there[i]);
	assert_int_equal(end_message(0), ERR_OK);
}

/* ---- cuts and damage ------------------------------------------------------------------- */

struct saved {
	char name[400];
	struct buf bytes;
};

static void save_file(const char *file, void *arg)
{
	struct saved *s = arg;
	str_copy(s->name, sizeof(s->name), str_of(file));
	buf_clear(&s->bytes);
	assert_int_equal(file_read(file, SEGMENT, &s->bytes), ERR_OK);
}

/* The last file as it is with zeros from `at` on. */
static void restore_cut(const struct saved *s, size_t at)
{
	struct buf cut = { 0 };
	buf_add(&cut, s->bytes.p, s->bytes.n);
	memset(cut.p + at, 0, cut.n - at);
	assert_int_equal(file_write(s->name, buf_str(&cut), 0600), ERR_OK);
	buf_fini(&cut);
}

/* The first file, which has what is written first. */
static void only_first(const char *file, void *arg)
{
	if (strstr(file, "00000001"))
		save_file(file, arg);
}

/* Whatever the power cut left of the tail: what had been committed is there, the log opens and
 * takes more. */
static void test_every_cut(void **state)
{
	(void)state;
	struct saved saved = { 0 };
	open_log();
	for (uint64_t m = 0; m < 5; m++)
		assert_int_equal(begin_message(m, text_of(m, 20 + m)), ERR_OK);
	size_t ends[5];
	for (uint64_t m = 0; m < 5; m++)
		ends[m] = queue.place[m].at + queue.place[m].bytes;
	close_log();
	each_file(only_first, &saved);
	for (size_t at = queue.place[0].at; at <= ends[4]; at += 7) {
		restore_cut(&saved, at);
		open_log();
		for (uint64_t m = 0; m < 5; m++)
			assert_true(queue.is_there[m] || at < ends[m]);
		assert_int_equal(begin_message(9, text_of(9, 30)), ERR_OK);
		close_log();
		open_log();
		assert_true(queue.is_there[9]);
		assert_int_equal(queue.damages, 0);
		close_log();
	}
	buf_fini(&saved.bytes);
	open_log();
}

static void damage_first(const char *file, void *arg)
{
	const size_t *at = arg;
	if (!strstr(file, "00000001"))
		return;
	int fd = open(file, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, (off_t)*at), 4);
	close(fd);
}

static void test_damage(void **state)
{
	(void)state;
	open_log();
	for (uint64_t m = 0; m < 5; m++)
		assert_int_equal(begin_message(m, text_of(m, 100)), ERR_OK);
	size_t at = queue.place[2].at + 50, head = 0;
	close_log();
	each_file(damage_first, &at);
	open_log();
	assert_int_equal(queue.damages, 1);
	for (uint64_t m = 0; m < 5; m++)
		assert_int_equal(queue.is_there[m], m != 2);
	close_log();
	/* The segment's own head: the others tell its use. */
	each_file(damage_first, &head);
	open_log();
	assert_int_equal(queue.damages, 2);
	assert_true(queue.is_there[0] && queue.is_there[4]);
	/* Damaged while it is open. */
	struct buf text = { 0 };
	at = queue.place[4].at + 50;
	each_file(damage_first, &at);
	assert_int_equal(gateway_log_read(queue.log, &queue.place[4], &text), ERR_CORRUPT);
	buf_fini(&text);
}

static void test_refused(void **state)
{
	(void)state;
	struct buf message = { 0 };
	const struct hash_key other = { { 3, 5 } };
	open_log();
	assert_int_equal(begin_message(0, text_of(0, 10)), ERR_OK);
	struct gateway_log *mine = queue.log;
	assert_int_equal(try_open(&key, &message), ERR_BUSY);
	assert_non_null(strstr(buf_cstr(&message), "another process"));
	queue.log = mine;
	close_log();
	buf_clear(&message);
	assert_int_equal(try_open(&other, &message), ERR_INVALID);
	assert_non_null(strstr(buf_cstr(&message), "another key"));
	buf_fini(&message);
	open_log();
	assert_true(queue.is_there[0]);
}

/* A disk with no room for another segment: it goes on in those that there are, says why, and
 * makes one when it can. */
static void test_disk_full(void **state)
{
	(void)state;
	struct rlimit before, small;
	uint64_t m = 0;
	open_log();
	settle();
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = SEGMENT - 1;    /* a segment cannot be made, and can be written to */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	while (begin_message(m, text_of(m, 6000)) == ERR_OK)
		m++;
	assert_int_not_equal(gateway_log_state(queue.log).trouble, ERR_OK);
	setrlimit(RLIMIT_FSIZE, &before);
	/* The one that asks finds none; the next one does. */
	assert_int_equal(begin_message(m, text_of(m, 6000)), ERR_FULL);
	settle();
	assert_int_equal(begin_message(m, text_of(m, 6000)), ERR_OK);
	close_log();
	open_log();
	for (uint64_t i = 0; i <= m; i++)
		assert_true(queue.is_there[i]);
}

/* Messages that begin and end until one stands in that use of a segment. */
static uint64_t go_to_use(uint64_t m, uint64_t use)
{
	for (; queue.place[m].use != use; m++) {
		assert_int_equal(end_message(m), ERR_OK);
		assert_int_equal(begin_message(m + 1, text_of(m + 1, 6000)), ERR_OK);
	}
	return m;
}

/* A segment that failed is room for a new one, though all places are taken. */
static void test_failed_makes_room(void **state)
{
	(void)state;
	struct gateway_place lost;
	int told = ERR_OK;
	open_log();
	settle();
	assert_int_equal(begin_message(0, text_of(0, 1000)), ERR_OK);
	assert_int_equal(begin_message(1, text_of(1, 6000)), ERR_OK);
	uint64_t m = go_to_use(1, 2);
	assert_int_equal(end_message(m), ERR_OK);
	assert_int_equal(gateway_log_append(queue.log, GATEWAY_BEGINS, KIND_MESSAGE, m,
	                                    text_of(m, 6000), &lost), ERR_OK);
	assert_int_equal(lost.use, 2);
	const int both = break_segment("segment-00000002");
	assert_int_equal(gateway_log_commit(queue.log, &lost, note_err, &told), ERR_OK);
	settle();
	mend_segment(both);
	assert_int_not_equal(told, ERR_OK);
	/* The third is in use, the fourth is ready; the first goes, the second comes last. */
	m++;
	assert_int_equal(begin_message(m, text_of(m, 6000)), ERR_OK);
	const uint64_t stays = m;
	gateway_log_drop(queue.log, &lost);
	assert_int_equal(end_message(0), ERR_OK);
	m++;
	assert_int_equal(begin_message(m, text_of(m, 6000)), ERR_OK);
	m = go_to_use(m, 4);
	assert_int_equal(gateway_log_state(queue.log).segments, SEGMENTS);
	for (int i = 0; i < 15; i++, m++)
		assert_int_equal(begin_message(m + 1, text_of(m + 1, 6000)), ERR_OK);
	check_text(stays, 6000);
	check_text(m, 6000);
}

/* A block that was allocated and never written is a hole to the file system. */
static void count_written(const char *file, void *arg)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_HOLE), segment_bytes);
	close(fd);
	++*(unsigned *)arg;
}

static void count_file(const char *file, void *arg)
{
	(void)file;
	++*(unsigned *)arg;
}

/* A large segment is written once before it is used; what is to be synced does not wait for it. */
static void test_made_piece_by_piece(void **state)
{
	(void)state;
	unsigned files = 0, written = 0, made = 0;
	int told = ERR_AGAIN;
	segment_bytes = (3 << 20) + 4096;
	open_log();
	struct gateway_place *place = &queue.place[0];
	assert_int_equal(gateway_log_append(queue.log, GATEWAY_BEGINS, KIND_MESSAGE, 0,
	                                    text_of(0, 1000), place), ERR_OK);
	assert_int_equal(gateway_log_commit(queue.log, place, note_err, &told), ERR_OK);
	assert_int_equal(syncer_step(syncer), 0);
	loop_run_once(loop, 0);
	assert_int_equal(syncer_step(syncer), 0);
	loop_run_once(loop, 0);
	assert_int_equal(told, ERR_OK);
	assert_true(gateway_log_state(queue.log).preparing);
	settle();
	assert_int_equal(gateway_log_state(queue.log).free, 1);
	each_file(count_written, &written);
	assert_int_equal(written, 2);
	close_log();

	/* One that is not finished by the end is no more there. */
	each_file(remove_file, NULL);
	open_log();
	assert_true(syncer_step(syncer) < 0);
	assert_int_equal(syncer_stop(syncer, 0), ERR_OK);
	assert_false(gateway_log_state(queue.log).preparing);
	gateway_log_close(queue.log);
	syncer_destroy(syncer);
	syncer = syncer_create(loop, LIMIT);
	each_file(count_file, &files);
	assert_int_equal(files, 1);

	/* One that a kill left unfinished is made ready like any other. */
	char half[128];
	snprintf(half, sizeof(half), "%s/segment-00000009", path);
	int fd = open(half, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, (off_t)segment_bytes), 0);
	close(fd);
	open_log();
	settle();
	each_file(count_file, &made);
	assert_int_equal(made, 2);
	assert_int_equal(gateway_log_state(queue.log).free, 1);
	segment_bytes = SEGMENT;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_comes_back, begin, end),
		cmocka_unit_test_setup_teardown(test_turns, begin, end),
		cmocka_unit_test_setup_teardown(test_full, begin, end),
		cmocka_unit_test_setup_teardown(test_full_opens, begin, end),
		cmocka_unit_test_setup_teardown(test_every_cut, begin, end),
		cmocka_unit_test_setup_teardown(test_damage, begin, end),
		cmocka_unit_test_setup_teardown(test_made_piece_by_piece, begin, end),
		cmocka_unit_test_setup_teardown(test_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_disk_full, begin, end),
		cmocka_unit_test_setup_teardown(test_failed_makes_room, begin, end),
	};
	if (!mkdtemp(directory))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(directory) == 0 ? failed : 1;
}
