/* SPDX-License-Identifier: ISC
 *
 * A queue over a log in a directory of its own, for its tests.
 */
#include "queue-fixture.h"

#include "base/clock.h"
#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT = 4096 };

/* ---- the clock --------------------------------------------------------------------------- */

int64_t test_now_s = 1800000000, apart_ms;

static int64_t more_ms;
static int64_t set_by_s;              /* how far the clock was set ahead of the time that passed */

int64_t clock_now_s(void) { return test_now_s; }
int64_t clock_now_ms(void) { return test_now_s * 1000; }
int64_t clock_mono_ms(void) { return (test_now_s - set_by_s) * 1000 + more_ms; }
int64_t clock_boot_ms(void) { return (test_now_s - set_by_s) * 1000; }

/* ---- the queue's surroundings ------------------------------------------------------------ */

static char directory[] = "/tmp/gateway-queue-XXXXXX";
static char path[64];
struct loop *loop;
struct syncer *syncer;
struct gateway_queue *queue;
size_t messages_max;

/* Who was handed out and not settled, and what notices were asked for. */
struct gateway_rcpt *due[RCPTS];
size_t due_n;
struct buf notices;
bool nobody_is_told;

static void on_due(void *arg, struct gateway_rcpt *rcpt)
{
	(void)arg;
	assert_int_equal(rcpt->state, GATEWAY_TRYING);
	assert_true(due_n < RCPTS);
	due[due_n++] = rcpt;
}

static bool on_notice(void *arg, enum gateway_notice what, const struct gateway_message *m,
                      const struct gateway_told *told, size_t n, struct arena *a,
                      struct gateway_envelope *envelope, struct buf *text)
{
	static const char *const names[] = { "failed", "delayed", "success" };
	(void)arg;
	buf_printf(&notices, "%s %.*s:", names[what], STR_ARG(m->envelope.id));
	for (size_t i = 0; i < n; i++)
		buf_printf(&notices, " %.*s(%s %.*s)", STR_ARG(told[i].rcpt->to.address),
		           told[i].outcome.enhanced, STR_ARG(told[i].outcome.said));
	buf_add_cstr(&notices, "\n");
	if (nobody_is_told || m->envelope.from.n == 0)
		return false;
	envelope->to = arena_alloc(a, sizeof(*envelope->to));
	envelope->to->address = m->envelope.from;
	envelope->to_count = 1;
	envelope->helo = STR("localhost");
	buf_add_cstr(text, "Subject: notice\r\n\r\n");
	return true;
}

static int try_open(struct buf *message)
{
	const struct gateway_queue_setup setup = {
		.loop = loop, .syncer = syncer, .retry = gateway_retry_default,
		.log = { path, SEGMENT, SEGMENTS, { { 3, 4 } } },
		.hooks = { .due = on_due, .notice = on_notice }, .hostname = "mx.example.org",
		.messages_max = messages_max };
	due_n = 0;
	return gateway_queue_open(&setup, &queue, message);
}

void open_queue(void)
{
	struct buf message = { 0 };
	if (try_open(&message) != ERR_OK)
		fail_msg("%s", buf_cstr(&message));
	buf_fini(&message);
}

/* All that was asked of the syncer is done and called back, and what is due is handed out. */
void turn(void)
{
	for (int i = 0; i < 64; i++) {
		while (syncer_step(syncer) == 0)
			;
		loop_run_once(loop, 0);
	}
}

/* As the killed process leaves it: nothing more is said to the log. */
void kill_queue(void)
{
	if (!queue)
		return;
	assert_int_equal(syncer_stop(syncer, 0), ERR_OK);
	gateway_queue_close(queue);
	queue = NULL;
	syncer_destroy(syncer);
	syncer = syncer_create(loop, LIMIT);
	assert_non_null(syncer);
}

void again(void)
{
	kill_queue();
	open_queue();
}

/* Time goes on, and the queue looks at the clock. */
void later(int64_t seconds)
{
	test_now_s += seconds;
	gateway_queue_retry(queue, &gateway_retry_default);
	turn();
}

void set_clock(int64_t seconds)
{
	set_by_s += seconds;
	later(seconds);
}

void note_err(void *arg, int err)
{
	*(int *)arg = err;
}

/* "a@x b@x": to whom. */
struct gateway_envelope envelope_of(const char *id, const char *from, const char *to,
                                           struct gateway_to *list)
{
	struct gateway_envelope e = { .id = str_of(id), .from = str_of(from), .came_s = test_now_s,
	                              .helo = STR("client.example"), .account = STR("alice"),
	                              .to = list };
	struct str rest = str_of(to), word;
	while (str_word(&rest, &word))
		list[e.to_count++] = (struct gateway_to){ .address = word };
	return e;
}

int add_text(const char *id, const char *from, const char *to, struct str text)
{
	struct gateway_to list[8];
	const struct gateway_envelope e = envelope_of(id, from, to, list);
	int told = ERR_AGAIN;
	more_ms += apart_ms;
	int err = gateway_queue_add(queue, &e, text, note_err, &told);
	assert_int_equal(told, ERR_AGAIN);
	if (err != ERR_OK)
		return err;
	turn();
	assert_int_not_equal(told, ERR_AGAIN);
	return told;
}

void add(const char *id, const char *from, const char *to)
{
	assert_int_equal(add_text(id, from, to, STR("Subject: x\r\n\r\ntext\r\n")), ERR_OK);
}

struct gateway_rcpt *take(const char *address)
{
	for (size_t i = 0; i < due_n; i++)
		if (str_eq(due[i]->to.address, str_of(address))) {
			struct gateway_rcpt *rcpt = due[i];
			due[i] = due[--due_n];
			return rcpt;
		}
	fail_msg("%s is not due", address);
	return NULL;
}

void settle_only(const char *address, enum gateway_fate fate, const char *enhanced,
                        const char *said)
{
	struct gateway_outcome outcome = { .fate = fate, .host = STR("mx[192.0.2.1]"),
	                                   .said = str_of(said) };
	str_copy(outcome.enhanced, sizeof(outcome.enhanced), str_of(enhanced));
	gateway_queue_settle(queue, take(address), &outcome);
}

void settle(const char *address, enum gateway_fate fate, const char *enhanced,
                   const char *said)
{
	settle_only(address, fate, enhanced, said);
	turn();
}

void delivered(const char *address)
{
	settle(address, GATEWAY_FATE_DELIVERED, "2.0.0", "ok");
}

void deferred(const char *address)
{
	settle(address, GATEWAY_FATE_DEFERRED, "4.2.0", "later");
}

void failed(const char *address)
{
	settle(address, GATEWAY_FATE_FAILED, "5.1.1", "no such user");
}

/* "one: a@x waiting 0, b@x delivered 1; two held: …". What is tried waits in the log. */
char *shown(void)
{
	static const char *const names[] = { "waiting", "waiting", "delivered", "failed" };
	static struct buf out;
	uint64_t after = 0;
	buf_clear(&out);
	for (struct gateway_message *m; (m = gateway_queue_after(queue, after));
	     after = m->number) {
		buf_printf(&out, "%s%.*s%s:", out.n ? "; " : "", STR_ARG(m->envelope.id),
		           m->held ? " held" : "");
		for (size_t i = 0; i < m->rcpt_count; i++)
			buf_printf(&out, "%s %.*s %s %u", i ? "," : "",
			           STR_ARG(m->rcpt[i].to.address), names[m->rcpt[i].state],
			           m->rcpt[i].tries);
	}
	buf_add_byte(&out, '\0');
	return out.p;
}

void expect(const char *what)
{
	assert_string_equal(shown(), what);
}

void expect_notices(const char *what)
{
	assert_string_equal(buf_cstr(&notices), what);
	buf_clear(&notices);
	if (notices.p)
		notices.p[0] = '\0';
}

void each_file(void (*f)(const char *file, void *arg), void *arg)
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

int queue_begin(void **state)
{
	(void)state;
	if (access(directory, F_OK) != 0 && !mkdtemp(directory))
		return -1;
	log_init("test", LOG_ERROR);
	snprintf(path, sizeof(path), "%s/log", directory);
	messages_max = 0;
	apart_ms = 10;
	nobody_is_told = false;
	loop = loop_create();
	syncer = syncer_create(loop, LIMIT);
	open_queue();
	return syncer ? 0 : -1;
}

int queue_end_of_test(void **state)
{
	(void)state;
	kill_queue();
	syncer_destroy(syncer);
	loop_destroy(loop);
	buf_fini(&notices);
	each_file(remove_file, NULL);
	return rmdir(path) == 0 ? 0 : -1;
}

int queue_tests_end(int failures)
{
	return rmdir(directory) == 0 ? failures : 1;
}
