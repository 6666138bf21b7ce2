/* SPDX-License-Identifier: ISC
 *
 * A queue as the role has it, and nothing else, to be killed: spooler DIRECTORY. Lines of standard
 * input are commands; what is done is said on standard output when it is safe.
 *
 *	add WORD BYTES     "ok WORD" or "no WORD"; the message's sender is WORD@x, and a part of its
 *	                   text too. Then it is delivered: "delivered WORD" is said first
 *	keep WORD BYTES    the same, and it stays
 *	list               "have WORD" for each that is there and whole, "bad WORD", then "end"
 */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/queue.h"
#include "gateway/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SEGMENT = 1 << 20, SEGMENTS = 24, LIMIT = 100000, BYTES_MAX = 100000, WORD_MAX = 40 };

struct adding {
	char word[WORD_MAX];
};

static struct loop *loop;
static struct gateway_queue *queue;
static struct buf input;

static void say(const char *what, struct str word)
{
	printf("%s %.*s\n", what, STR_ARG(word));
	fflush(stdout);
}

static struct str word_of(struct str address)
{
	address.n = str_find(address, '@');
	return address;
}

static void due(void *arg, struct gateway_rcpt *rcpt)
{
	struct gateway_outcome outcome = { .fate = GATEWAY_FATE_DELIVERED, .enhanced = "2.0.0" };
	(void)arg;
	if (!str_eq(rcpt->to.address, STR("now@y"))) {
		gateway_queue_give_back(queue, rcpt, clock_now_s() + 100000);
		return;
	}
	say("delivered", word_of(rcpt->message->envelope.from));
	gateway_queue_settle(queue, rcpt, &outcome);
}

/* The word, and bytes that follow from it. */
static void text_of(struct str word, size_t n, struct buf *out)
{
	buf_add_str(out, word);
	for (size_t i = word.n; i < n; i++)
		buf_add_byte(out, word.p[i % word.n]);
}

static void added(void *arg, int err)
{
	struct adding *a = arg;
	say(err == ERR_OK ? "ok" : "no", str_of(a->word));
	free(a);
}

static void add(struct str word, size_t n, const char *to)
{
	char id[GATEWAY_ID_MAX], from[WORD_MAX + 2];
	struct gateway_to list = { .address = str_of(to) };
	struct buf text = { 0 };
	struct adding *a = calloc(1, sizeof(*a));
	if (!a || !str_copy(a->word, sizeof(a->word), word))
		abort();
	snprintf(from, sizeof(from), "%s@x", a->word);
	gateway_queue_id(queue, id);
	const struct gateway_envelope e = { .id = str_of(id), .from = str_of(from), .to = &list,
	                                    .to_count = 1, .came_s = clock_now_s() };
	text_of(word, n, &text);
	int err = gateway_queue_add(queue, &e, buf_str(&text), added, a);
	if (err != ERR_OK)
		added(a, err);
	buf_fini(&text);
}

static void list(void)
{
	struct gateway_message *m;
	for (uint64_t after = 0; (m = gateway_queue_after(queue, after)); after = m->number) {
		struct buf text = { 0 }, expected = { 0 };
		const struct str word = word_of(m->envelope.from);
		text_of(word, m->envelope.size_bytes, &expected);
		const bool whole = gateway_queue_text(queue, m, &text) == ERR_OK &&
		                   str_eq(buf_str(&text), buf_str(&expected));
		say(whole ? "have" : "bad", word);
		buf_fini(&text);
		buf_fini(&expected);
	}
	say("end", STR(""));
}

static void command(struct str line)
{
	struct str what, word, number;
	uint64_t n;
	if (!str_word(&line, &what))
		return;
	if (str_eq(what, STR("list"))) {
		list();
		return;
	}
	if (!str_word(&line, &word) || !str_word(&line, &number) ||
	    str_u64(number, BYTES_MAX, &n) != ERR_OK)
		abort();
	add(word, n, str_eq(what, STR("add")) ? "now@y" : "later@y");
}

static void readable(void *arg, unsigned events)
{
	char piece[65536];
	(void)arg;
	(void)events;
	ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));
	if (n <= 0) {
		loop_stop(loop);
		return;
	}
	buf_add(&input, piece, (size_t)n);
	for (size_t end; (end = str_find(buf_str(&input), '\n')) != SIZE_MAX;) {
		command((struct str){ input.p, end });
		buf_consume(&input, end + 1);
	}
}

int main(int argc, char **argv)
{
	struct buf message = { 0 };
	struct gateway_queue_setup setup = {
		.hooks = { .due = due }, .retry = gateway_retry_default };
	if (argc != 2)
		return 2;
	log_init("spooler", LOG_WARN);
	loop = loop_create();
	struct syncer *syncer = syncer_create(loop, LIMIT);
	setup.loop = loop;
	setup.syncer = syncer;
	setup.retry.most_s = 200000;
	setup.log = (struct gateway_log_options){ argv[1], SEGMENT, SEGMENTS, { { 0 } } };
	if (gateway_spool_key(argv[1], &setup.log.key, &message) != ERR_OK ||
	    gateway_queue_open(&setup, &queue, &message) != ERR_OK) {
		fprintf(stderr, "%s\n", buf_cstr(&message));
		return 1;
	}
	syncer_start(syncer);
	struct loop_watch *watch = loop_watch_create(loop, STDIN_FILENO, readable, NULL);
	loop_watch_set(watch, LOOP_READ);
	say("ready", STR(""));
	loop_run(loop);
	loop_watch_destroy(watch);
	if (syncer_stop(syncer, 10000) != ERR_OK)
		return 1;
	gateway_queue_close(queue);
	syncer_destroy(syncer);
	loop_destroy(loop);
	buf_fini(&input);
	return 0;
}
