/* SPDX-License-Identifier: ISC
 *
 * Runs worlds.
 *
 *   world [--from N] [--seeds N] [--keep-going]    worlds of the seeds from N on (1; 200)
 *   world --seed N [--trace FILE]                  one, with all that happens in it
 *   world --twice N                                the first N twice: the same trace each time
 *   world --laws                                   the invariants
 *
 * Each world is a process of its own, so that no world knows of another.
 */
#include "world.h"

#include "base/mem.h"

#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEDS = 200, HANGS_S = 200 };

struct world world;

struct result {
	uint64_t hash, lines, steps;
	int64_t now_ms;
	bool passed;
};

/* ---- many ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb, (void)type, (void)ftw;
	return remove(path);
}

/* What the store wants of a directory besides SQLite's files: names, and the file of serials. */
static char *make_directory(void)
{
	struct stat st;
	bool memory = stat("/dev/shm", &st) == 0 && access("/dev/shm", W_OK) == 0;
	char *path = mem_printf("%s/portreeve-world-XXXXXX", memory ? "/dev/shm" : "/tmp");
	if (!mkdtemp(path)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return path;
}

/* An assertion of the rooms is an invariant too, and so is that they come to an end. */
static void on_abort(int signum)
{
	trace_print_tail();
	fprintf(stderr, "\nworld: seed %llu, step %llu: %s\n", (unsigned long long)world.seed,
	        (unsigned long long)world.steps, signum == SIGALRM ? "it hangs" : "it aborts");
	signal(signum, SIG_DFL);
	raise(signum);
}

static void child(uint64_t seed, const char *trace_path, const char *directory, int out)
{
	if (trace_path)
		trace_to(trace_path);
	trace_hide(directory, "STATE");
	signal(SIGABRT, on_abort);
	signal(SIGALRM, on_abort);
	alarm(HANGS_S);
	if (chdir(directory) != 0)
		abort();
	world_run(seed);
	struct result r = { trace_hash(), trace_lines(), world.steps, world.now_ms, true };
	ssize_t n = write(out, &r, sizeof(r));
	exit(n == sizeof(r) ? EXIT_SUCCESS : EXIT_FAILURE);
}

static struct result run_seed(uint64_t seed, const char *trace_path)
{
	struct result r = { 0 };
	int ends[2], status;
	char *directory = make_directory();
	if (pipe(ends) != 0)
		abort();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(seed, trace_path, directory, ends[1]);
	}
	close(ends[1]);
	bool whole = read(ends[0], &r, sizeof(r)) == sizeof(r);
	close(ends[0]);
	waitpid(pid, &status, 0);
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(directory);
	r.passed = whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!r.passed)
		fprintf(stderr, "world: seed %llu failed; again: world --seed %llu --trace FILE\n",
		        (unsigned long long)seed, (unsigned long long)seed);
	return r;
}

static int run_many(uint64_t from, uint64_t n, bool keep_going)
{
	uint64_t failed = 0, done = 0, steps = 0;
	for (uint64_t i = 0; i < n && (keep_going || failed == 0); i++) {
		struct result r = run_seed(from + i, NULL);
		failed += !r.passed;
		steps += r.steps;
		done++;
	}
	struct rusage u;
	getrusage(RUSAGE_CHILDREN, &u);
	double seconds = (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 +
	                 (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
	printf("%llu worlds, %llu failed; %llu steps, %.3f CPU seconds a world\n",
	       (unsigned long long)done, (unsigned long long)failed, (unsigned long long)steps,
	       seconds / (double)(done ? done : 1));
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_twice(uint64_t from, uint64_t n)
{
	for (uint64_t seed = from; seed < from + n; seed++) {
		struct result a = run_seed(seed, NULL), b = run_seed(seed, NULL);
		if (!a.passed || !b.passed || a.hash != b.hash || a.lines != b.lines) {
			fprintf(stderr, "world: seed %llu is not the same twice: %llu lines, "
			        "hash %llx, and %llu lines, hash %llx\n", (unsigned long long)seed,
			        (unsigned long long)a.lines, (unsigned long long)a.hash,
			        (unsigned long long)b.lines, (unsigned long long)b.hash);
			return EXIT_FAILURE;
		}
	}
	printf("%llu worlds are the same twice\n", (unsigned long long)n);
	return EXIT_SUCCESS;
}

static int run_one(uint64_t seed, const char *trace_path)
{
	struct result r = run_seed(seed, trace_path);
	if (!r.passed)
		return EXIT_FAILURE;
	printf("seed %llu: %llu steps, %llu lines, %lld s, hash %016llx\n",
	       (unsigned long long)seed, (unsigned long long)r.steps,
	       (unsigned long long)r.lines, (long long)r.now_ms / 1000, (unsigned long long)r.hash);
	return EXIT_SUCCESS;
}

static int list_laws(void)
{
	for (unsigned i = 0; i < law_n; i++)
		printf("%-16s %s\n", laws[i].name, laws[i].sentence);
	return EXIT_SUCCESS;
}

/* A process that was killed frees nothing. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' }, { "seeds", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' }, { "trace", required_argument, NULL, 't' },
		{ "twice", required_argument, NULL, '2' }, { "laws", no_argument, NULL, 'l' },
		{ "keep-going", no_argument, NULL, 'k' }, { 0 },
	};
	uint64_t from = 1, n = SEEDS, seed = 0, twice = 0;
	const char *trace_path = NULL;
	bool one = false, keep_going = false;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
		switch (c) {
		case 'f': from = number; break;
		case 'n': n = number; break;
		case 's': seed = number; one = true; break;
		case 't': trace_path = optarg; break;
		case '2': twice = number; break;
		case 'k': keep_going = true; break;
		case 'l': return list_laws();
		default: return EXIT_FAILURE;
		}
	}
	if (one)
		return run_one(seed, trace_path);
	return twice ? run_twice(from, twice) : run_many(from, n, keep_going);
}
