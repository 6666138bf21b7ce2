/* SPDX-License-Identifier: ISC
 *
 * The gateway's queue log on this disk: durable appends of 4 KB per second with 1, 20 and 100 per
 * sync, beside those of a bare file that is written and synced in the same way; and what an append
 * costs in processor time, the log's part of it and the kernel's.
 *
 *   bench-gateway-log [DIRECTORY]      default: the current one
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/log.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 4096, FILE_BYTES = 64 << 20, SEGMENTS = 4, ROUND_MS = 2000, LIMIT = 10000 };

static const unsigned batches[] = { 1, 20, 100 };
static char text[BYTES];

static double cpu_s(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void report(const char *what, unsigned batch, uint64_t appends, int64_t ms, double cpu)
{
	printf("%-10s %3u per sync: %8.0f appends/s, %6.2f us of processor time each\n", what,
	       batch, (double)appends * 1000 / (double)ms, cpu * 1e6 / (double)appends);
	fflush(stdout);
}

/* ---- a bare file ------------------------------------------------------------------------- */

static int bare_file(void)
{
	static char zeros[1 << 20];
	char path[] = "bench-gateway-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	assert(fd >= 0);
	unlink(path);
	for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) != (ssize_t)sizeof(zeros))
			abort();
	fsync(fd);
	return fd;
}

static void bench_bare(unsigned batch)
{
	const int fd = bare_file();
	const double cpu = cpu_s();
	const int64_t begun_ms = clock_mono_ms();
	uint64_t n = 0;
	while (clock_mono_ms() - begun_ms < ROUND_MS) {
		for (unsigned i = 0; i < batch; i++, n++)
			if (pwrite(fd, text, BYTES, (off_t)(n * BYTES % FILE_BYTES)) != BYTES)
				abort();
		fdatasync(fd);
	}
	report("a file", batch, n, clock_mono_ms() - begun_ms, cpu_s() - cpu);
	close(fd);
}

/* ---- the log ----------------------------------------------------------------------------- */

static void nothing_read(void *arg, const struct gateway_record *record,
                         const struct gateway_place *place)
{
	(void)arg;
	(void)record;
	(void)place;
}

static void nothing_damaged(void *arg, const char *file, size_t at, size_t bytes)
{
	(void)arg;
	(void)file;
	(void)at;
	(void)bytes;
}

static void note(void *arg, int err)
{
	*(int *)arg = err;
}

/* A batch, and the one before it does not count any more: segments are used in turn. */
static void round_of(struct gateway_log *log, struct loop *loop, unsigned batch,
                     struct gateway_place *places, uint64_t *n, uint64_t *waits)
{
	int told = ERR_AGAIN;
	for (unsigned i = 0; i < batch; i++) {
		const struct str payload = { text, BYTES };
		while (gateway_log_append(log, GATEWAY_BEGINS, 1, ++*n, payload, &places[i]) !=
		       ERR_OK) {
			++*waits;
			loop_run_once(loop, 1);
		}
	}
	if (gateway_log_commit(log, &places[batch - 1], note, &told) != ERR_OK)
		abort();
	while (told == ERR_AGAIN)
		loop_run_once(loop, 1000);
	assert(told == ERR_OK);
	for (unsigned i = 0; i < batch; i++)
		gateway_log_drop(log, &places[i]);
}

static void remove_log(const char *path)
{
	char file[600];
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void bench_log(unsigned batch)
{
	char path[] = "bench-gateway-XXXXXX";
	struct gateway_place places[100];
	struct buf message = { 0 };
	struct gateway_log *log;
	if (!mkdtemp(path))
		abort();
	const struct gateway_log_options options = { path, FILE_BYTES, SEGMENTS, { { 1, 2 } } };
	const struct gateway_log_reader reader = { NULL, nothing_read, nothing_damaged };
	struct loop *loop = loop_create();
	struct syncer *syncer = syncer_create(loop, LIMIT);
	if (gateway_log_open(&options, syncer, &reader, &log, &message) != ERR_OK)
		abort();
	syncer_start(syncer);
	const double cpu = cpu_s();
	const int64_t begun_ms = clock_mono_ms();
	uint64_t n = 0, waits = 0;
	while (clock_mono_ms() - begun_ms < ROUND_MS)
		round_of(log, loop, batch, places, &n, &waits);
	report("the log", batch, n - waits, clock_mono_ms() - begun_ms, cpu_s() - cpu);
	if (waits > 0)
		printf("           %llu ms without a segment\n", (unsigned long long)waits);
	if (syncer_stop(syncer, 10000) != ERR_OK)
		abort();
	gateway_log_close(log);
	syncer_destroy(syncer);
	loop_destroy(loop);
	remove_log(path);
}

int main(int argc, char **argv)
{
	if (argc > 1 && chdir(argv[1]) != 0) {
		perror(argv[1]);
		return 1;
	}
	log_init("bench", LOG_ERROR);
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		bench_bare(batches[i]);
		bench_log(batches[i]);
	}
	return 0;
}
