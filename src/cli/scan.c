/* SPDX-License-Identifier: ISC
 *
 * portreeve scan: tests of many addresses: those of ranges, of a file, or of all permits; in
 * random order, with progress, and resumable: started again after a kill with the same
 * targets, it goes on with those that have no verdict since the scan began.
 */
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/testing.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/admission.h"
#include "store/tests.h"
#include "store/upkeep.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	TARGETS_MAX = 1 << 24, FILE_BYTES_MAX = 1 << 30, WAITING_MAX = 2000, BUSY_TRIES = 100,
	BUSY_PAUSE_MS = 1000,
};

struct scan {
	struct testing t;
	struct cli *cli;
	struct buf file;
	struct endpoint *targets;
	size_t n, room;
	struct progress progress;
	size_t done, resumed, not_permitted, excluded, too_soon, busy;
	size_t by_verdict[VERDICT_INCONCLUSIVE + 1];
	int64_t started_s;
	int stopped_by;                  /* a signal; 0: none */
};

/* ---- targets -------------------------------------------------------------------- */

static bool scan_add_address(struct scan *s, const struct ip *ip)
{
	const struct config_ports *ports = &s->cli->settings.tester.ports;
	for (size_t p = 0; p < ports->n; p++) {
		if (s->n == TARGETS_MAX)
			return false;
		if (s->n == s->room) {
			s->room = s->room ? s->room * 2 : 1024;
			s->targets = mem_realloc(s->targets, s->room, sizeof(*s->targets));
		}
		s->targets[s->n++] = (struct endpoint){ .ip = *ip, .port = ports->v[p] };
	}
	return true;
}

static bool add_range(struct scan *s, const struct prefix *range)
{
	struct ip ip = range->ip;
	if (ip_bits(&ip) - range->len > 24)
		return false;
	do {
		if (!scan_add_address(s, &ip))
			return false;
	} while (ip_next(&ip) && prefix_contains(range, &ip));
	return true;
}

static int too_many(struct scan *s, const char *what)
{
	return cli_fail(s->cli, EX_USAGE, "%s: expected at most %d targets in one scan", what,
	                TARGETS_MAX);
}

static int add_operands(struct scan *s)
{
	for (size_t i = 0; i < s->cli->operand_count; i++) {
		struct prefix range;
		int code = cli_prefix(s->cli, s->cli->operands[i], &range);
		if (code != CLI_GO)
			return code;
		if (!add_range(s, &range))
			return too_many(s, s->cli->operands[i]);
	}
	return CLI_GO;
}

static int bad_line(struct scan *s, const char *path, size_t line, struct str text)
{
	struct buf shown = { 0 };
	buf_add_escaped(&shown, (struct str){ text.p, text.n < 80 ? text.n : 80 });
	int code = cli_fail(s->cli, EX_DATAERR,
	                    "%s:%zu: expected an address or a range, found \"%s\"",
	                    path, line, buf_cstr(&shown));
	buf_fini(&shown);
	return code;
}

static int scan_add_lines(struct scan *s, const char *path, struct str rest)
{
	for (size_t line = 1; rest.n; line++) {
		size_t end = str_find(rest, '\n');
		struct str text = { rest.p, end == SIZE_MAX ? rest.n : end };
		rest = str_from(rest, end == SIZE_MAX ? rest.n : end + 1);
		size_t hash = str_find(text, '#');
		if (hash != SIZE_MAX)
			text.n = hash;
		text = str_trim(text);
		struct prefix range;
		if (text.n == 0)
			continue;
		if (prefix_parse(text, &range, NULL) != ERR_OK)
			return bad_line(s, path, line, text);
		if (!add_range(s, &range))
			return too_many(s, path);
	}
	return CLI_GO;
}

/* Before root is given up: the file may be readable by root alone. */
static int scan_read_file(struct scan *s, const char *path)
{
	int e = path ? file_read(path, FILE_BYTES_MAX, &s->file) : ERR_OK;
	return e == ERR_OK ? CLI_GO : cli_fail(s->cli, cli_exit_code(e),
	                                       "%s: expected addresses or ranges: %s", path,
	                                       err_text(e));
}

static int add_permits(struct scan *s)
{
	struct permit *rows;
	size_t n;
	int e = store_permits(s->cli->store, &s->cli->arena, &rows, &n);
	if (e != ERR_OK)
		return cli_store_fail(s->cli, e, "permits");
	for (size_t i = 0; i < n; i++) {
		char text[PREFIX_TEXT_MAX];
		if (!add_range(s, &rows[i].range))
			return too_many(s, prefix_format(&rows[i].range, text));
	}
	return CLI_GO;
}

static int by_address(const void *a, const void *b)
{
	const struct endpoint *x = a, *y = b;
	int c = ip_cmp(&x->ip, &y->ip);
	return c ? c : (int)x->port - (int)y->port;
}

static void sort_and_unite(struct scan *s)
{
	size_t kept = 0;
	if (s->n)
		qsort(s->targets, s->n, sizeof(*s->targets), by_address);
	for (size_t i = 0; i < s->n; i++)
		if (i == 0 || by_address(&s->targets[kept - 1], &s->targets[i]) != 0)
			s->targets[kept++] = s->targets[i];
	s->n = kept;
}

/* The same targets and domain are the same scan. */
static void scan_key(const struct scan *s, char key[static 33])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	for (size_t i = 0; i < s->n; i++) {
		char text[ENDPOINT_TEXT_MAX];
		endpoint_format(&s->targets[i], text);
		EVP_DigestUpdate(md, text, strlen(text) + 1);
	}
	EVP_DigestUpdate(md, s->cli->settings.tester.domain,
	                 strlen(s->cli->settings.tester.domain));
	EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
	hex_encode(digest, 16, key);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;      /* splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void shuffle(struct scan *s, uint64_t seed)
{
	for (size_t i = s->n; i > 1; i--) {
		size_t j = (size_t)(next_random(&seed) % i);
		struct endpoint swap = s->targets[i - 1];
		s->targets[i - 1] = s->targets[j];
		s->targets[j] = swap;
	}
}

/* ---- an end before the end ---------------------------------------------------------- */

/* Once: the leases are given back, and words are said. Who asks twice doesn't want to wait for
 * that: the leases of the dead are taken over. */
static void scan_stop(void *arg, int signum)
{
	struct scan *s = arg;
	if (s->stopped_by)
		_exit(128 + signum);
	s->stopped_by = signum;
}

static bool is_stopped(const struct scan *s)
{
	return s->stopped_by || tester_hopeless(s->t.tester);
}

static int print_stopped(const struct scan *s)
{
	size_t done = s->done < s->n ? s->done : s->n, active = tester_active(s->t.tester);
	if (active)
		cli_note(s->cli, "stopped: %zu of %zu targets done, %zu left, %zu of these under "
		         "way", done, s->n, s->n - done, active);
	else
		cli_note(s->cli, "stopped: %zu of %zu targets done, %zu left", done, s->n,
		         s->n - done);
	cli_note(s->cli, "the same command goes on with what is left; what was sent is not sent "
	         "again");
	return 128 + s->stopped_by;
}

/* ---- the run ---------------------------------------------------------------------- */

static void draw(struct scan *s)
{
	char remark[64];
	snprintf(remark, sizeof(remark), "%zu open, %zu under way", s->by_verdict[VERDICT_OPEN],
	         tester_active(s->t.tester));
	s->progress.before = s->resumed;
	progress_update(&s->progress, s->done, remark, clock_mono_ms());
}

static void scan_finished(void *arg, const struct tester_result *r)
{
	struct scan *s = arg;
	s->done++;
	s->by_verdict[r->verdict]++;
	progress_wipe(&s->progress);
}

static void scan_remark(void *arg)
{
	struct scan *s = arg;
	progress_wipe(&s->progress);
}

/* Tested since this scan began, by the run that was interrupted. */
static bool done_before(struct scan *s, const struct endpoint *target)
{
	struct test last;
	if (store_test_last(s->cli->store, target, &last) != ERR_OK || last.state != TEST_DONE ||
	    last.created_s < s->started_s)
		return false;
	s->by_verdict[last.verdict]++;
	s->t.open += last.verdict == VERDICT_OPEN;
	s->t.closed += last.verdict == VERDICT_CLOSED;
	s->t.other += last.verdict != VERDICT_OPEN && last.verdict != VERDICT_CLOSED;
	return true;
}

/* True: the target must be tried again later. */
static bool start_one(struct scan *s, const struct endpoint *target, int *code)
{
	char why[200];
	switch (testing_start(&s->t, target, why, sizeof(why))) {
	case TESTING_STARTED: return false;
	case TESTING_NO_CONSENT: s->not_permitted++; break;
	case TESTING_EXCLUDED: s->excluded++; break;
	case TESTING_TOO_SOON: s->too_soon++; break;
	case TESTING_BUSY: return true;
	case TESTING_FAILED: *code = EX_IOERR; break;
	}
	s->done++;
	return false;
}

static void turn(struct scan *s, int timeout_ms)
{
	loop_run_once(s->t.loop, timeout_ms);
	draw(s);
}

/* A turn ends with the first event: this does not. */
static void wait(struct scan *s, int64_t delay_ms)
{
	int64_t end_ms = clock_mono_ms() + delay_ms;
	while (clock_mono_ms() < end_ms && !is_stopped(s))
		turn(s, 100);
}

/* Tests that only wait for returns cost memory, not connections. */
static bool is_full(const struct scan *s)
{
	const struct tester *t = s->t.tester;
	return tester_talking(t) + tester_queued(t) >= (size_t)s->cli->settings.tester.sessions ||
	       tester_active(t) >= (size_t)s->cli->settings.tester.sessions + WAITING_MAX;
}

static int run_targets(struct scan *s, bool resumed)
{
	int code = CLI_GO;
	size_t again = 0;
	for (size_t i = 0; i < s->n && code == CLI_GO && !is_stopped(s); i++) {
		if (resumed && done_before(s, &s->targets[i])) {
			s->resumed++;
			s->done++;
			continue;
		}
		while (is_full(s) && !is_stopped(s))
			turn(s, 50);
		if (is_stopped(s))
			break;
		if (start_one(s, &s->targets[i], &code))
			s->targets[again++] = s->targets[i];
		turn(s, 0);
	}
	/* Tests that another process has under way may be put off or ended soon. */
	for (int tries = 0; again && tries < BUSY_TRIES && code == CLI_GO && !is_stopped(s);
	     tries++) {
		size_t n = again;
		wait(s, BUSY_PAUSE_MS);
		again = 0;
		for (size_t i = 0; i < n && code == CLI_GO && !s->stopped_by; i++)
			if (start_one(s, &s->targets[i], &code))
				s->targets[again++] = s->targets[i];
	}
	s->busy = again;
	while (testing_is_busy(&s->t) && !s->stopped_by)
		turn(s, 100);
	if (s->stopped_by)
		return CLI_GO;
	return code == CLI_GO ? testing_check_collector(&s->t, s->n - s->done) : code;
}

static void print_summary(struct scan *s)
{
	fprintf(stderr, "scan: %zu targets", s->n);
	for (int v = VERDICT_OPEN; v <= VERDICT_INCONCLUSIVE; v++)
		if (s->by_verdict[v])
			fprintf(stderr, ", %zu %s", s->by_verdict[v],
			        verdict_name((enum verdict)v));
	const struct { size_t n; const char *text; } rest[] = {
		{ s->resumed, "done before the interruption" },
		{ s->not_permitted, "not permitted" },
		{ s->excluded, "excluded" }, { s->too_soon, "tested within the interval" },
		{ s->busy, "under way elsewhere" },
	};
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		if (rest[i].n)
			fprintf(stderr, ", %zu %s", rest[i].n, rest[i].text);
	fputc('\n', stderr);
}

/* A scan that tested nobody has not found everything closed. */
static int exit_code(const struct scan *s)
{
	size_t later = s->too_soon + s->busy, forbidden = s->not_permitted + s->excluded;
	if (s->n == 0 || later + forbidden < s->n)
		return testing_exit_code(&s->t);
	return later ? EX_TEMPFAIL : EX_NOPERM;
}

/* A scan by hand tests once. */
static void print_way_on(const struct scan *s)
{
	if (s->n > s->not_permitted + s->excluded)
		fputs("scan: to let the role \"tester\" go on with an address, by itself: "
		      "portreeve nominate ADDRESS --reason TEXT\n", stderr);
}

static int scan_run(struct scan *s, const char *file)
{
	char key[33];
	uint64_t seed = random_u64();
	int code = add_operands(s);
	if (code == CLI_GO && file)
		code = scan_add_lines(s, file, buf_str(&s->file));
	if (code == CLI_GO && !file && s->cli->operand_count == 0)
		code = add_permits(s);
	if (code != CLI_GO)
		return code;
	sort_and_unite(s);
	scan_key(s, key);
	int64_t now_s = clock_now_s();
	int e = store_scan_begin(s->cli->store, key, now_s, &seed, &s->started_s);
	if (e != ERR_OK)
		return cli_store_fail(s->cli, e, "scan");
	bool resumed = s->started_s != now_s;
	shuffle(s, seed);
	progress_init(&s->progress, "scan", s->n, clock_mono_ms());
	code = run_targets(s, resumed);
	progress_wipe(&s->progress);
	print_summary(s);
	if (code != CLI_GO)
		return code;
	if (s->stopped_by)
		return print_stopped(s);
	print_way_on(s);
	e = store_scan_end(s->cli->store, key, clock_now_s());
	return e == ERR_OK ? exit_code(s) : cli_store_fail(s->cli, e, "scan");
}

static int scan_run_caught(struct scan *s, const char *file)
{
	struct loop_signal *interrupt = loop_signal_create(s->t.loop, SIGINT, scan_stop, s);
	struct loop_signal *end = loop_signal_create(s->t.loop, SIGTERM, scan_stop, s);
	int code = scan_run(s, file);
	loop_signal_destroy(interrupt);
	loop_signal_destroy(end);
	return code;
}

int cli_scan(int argc, char **argv)
{
	struct testing_options o = { .retries = "0" };
	const char *file = NULL;
	const struct cli_option options[] = {
		{ .name = "file", .argument = "F", .value = &file,
		  .help = "read addresses or ranges, one a line; - for standard input" },
		{ .name = "retries", .argument = "N", .value = &o.retries,
		  .help = "queue tests that decided nothing again for the role, N times (0)" },
		TESTING_OPTIONS(o),
	};
	const struct cli_spec spec = {
		.name = "scan",
		.synopsis =
		"[RANGE…] [--file F] [--port P[,P…]] [--rate HOSTS_PER_SECOND] [--wait SECONDS]",
		.description =
		"Tests many addresses in random order: those of the ranges and the file, or else\n"
		"of every permit. What is not permitted is left out. A scan that was interrupted\n"
		"(with Ctrl-C, say) goes on where it stopped if the same command is given again.\n"
		"Exit: 0 all closed, 1 one or more open, 2 anything else.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = CLI_OPERANDS_MAX, .operands_expected = "ranges",
	};
	struct cli cli;
	struct scan s = { .cli = &cli };
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO && (code = scan_read_file(&s, file)) == CLI_GO &&
	    (code = testing_open(&s.t, &cli, &o)) == CLI_GO) {
		s.t.finished = scan_finished;
		s.t.remark = scan_remark;
		s.t.arg = &s;
		code = scan_run_caught(&s, file);
	}
	testing_close(&s.t);
	buf_fini(&s.file);
	free(s.targets);
	return cli_end(&cli, code);
}
