/* SPDX-License-Identifier: ISC
 *
 * Requests of the control socket over a queue of crafted messages: every answer is lines of JSON
 * without a control character, of which the last one ends it.
 */
#include "base/log.h"
#include "gateway/control.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In memory: a disk would be waited for at each message. */
#define DIRECTORY "/dev/shm/fuzz-control-XXXXXX"
enum { MESSAGES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static struct syncer *syncer;
static struct gateway_queue *queue;
static char directory[sizeof(DIRECTORY)];

static void due(void *arg, struct gateway_rcpt *rcpt)
{
	(void)arg;
	gateway_queue_give_back(queue, rcpt, rcpt->due_s + 1000000);
}

static void added(void *arg, int err)
{
	(void)arg;
	if (err != ERR_OK)
		abort();
}

static void add_message(void)
{
	char id[GATEWAY_ID_MAX];
	struct gateway_to to[] = { { .address = STR("a\x1b[2J@x") },
	                           { .address = STR("b@y.example") } };
	gateway_queue_id(queue, id);
	struct gateway_envelope e = { .id = str_of(id), .from = STR("s\n@x"), .to = to,
	                              .to_count = 2, .account = STR("\xff\xc2\x9b") };
	if (gateway_queue_add(queue, &e, STR("A: \x1b\r\n\r\n\xff"), added, NULL) != ERR_OK)
		abort();
	for (int i = 0; i < 2; i++) {
		while (syncer_step(syncer) == 0)
			;
		loop_run_once(loop, 0);
	}
}

static void end(void)
{
	char path[320];
	if (syncer_stop(syncer, 0) != ERR_OK)
		abort();
	gateway_queue_close(queue);
	syncer_destroy(syncer);
	loop_destroy(loop);
	DIR *dir = opendir(directory);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		unlink(path);
	}
	if (!dir || closedir(dir) != 0 || rmdir(directory) != 0)
		abort();
}

static void begin(void)
{
	struct buf message = { 0 };
	log_init("fuzz", LOG_ERROR);
	memcpy(directory, DIRECTORY, sizeof(directory));
	if (!mkdtemp(directory))
		abort();
	loop = loop_create();
	syncer = syncer_create(loop, 64);
	const struct gateway_queue_setup setup = {
		.loop = loop, .syncer = syncer, .retry = gateway_retry_default,
		.log = { directory, GATEWAY_SEGMENT_MIN, 4, { { 1, 2 } } },
		.hooks = { .due = due } };
	if (gateway_queue_open(&setup, &queue, &message) != ERR_OK)
		abort();
	buf_fini(&message);
}

static void check(struct str answer)
{
	struct str line, rest = answer;
	json_t *last = NULL;
	for (size_t i = 0; i < answer.n; i++)
		if ((unsigned char)answer.p[i] < 0x20 && answer.p[i] != '\n')
			abort();
	while (str_token(&rest, "\n", &line)) {
		if (last && (json_object_get(last, "end") || json_object_get(last, "error")))
			abort();
		json_decref(last);
		last = json_loadb(line.p, line.n, 0, NULL);
		if (!last)
			abort();
	}
	if (!json_object_get(last, "end") && !json_object_get(last, "error"))
		abort();
	json_decref(last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = { 0 };
	begin();
	for (int i = 0; i < MESSAGES; i++)
		add_message();
	const struct gateway_control_setup setup = { .queue = queue };
	gateway_control_answer(&setup, (struct str){ (const char *)data, size }, &out);
	check(buf_str(&out));
	buf_fini(&out);
	end();
	return 0;
}
