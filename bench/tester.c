/* SPDX-License-Identifier: ISC
 *
 * What it costs to test a host: processor time of the client side, user and system, for each
 * closed host of a simulated field, all in one run:
 *
 *   bare      connect, banner, EHLO, QUIT, blocking: what cannot be undercut
 *   cases     the tester with 16 forms, pipelined, without store and signing
 *   nmap      smtp-open-relay, 16 forms (left out where nmap is missing)
 *   scan      portreeve scan, all forms, with store and signing
 *
 *   bench-tester [ROUNDS [HOSTS]]      default 50 rounds of 500 hosts
 *
 * Ends with an error if the cases cost more than twice the bare client.
 */
#include "base/log.h"
#include "relaytest/tester.h"
#include "store/backend.h"     /* for a store that keeps nothing */

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PORT = 26025, DNS_PORT = 26053, COLLECTOR_PORT = 26026, SESSIONS = 64, CASES = 16,
	HOSTS_PER_NET = 200, NMAP_HOSTS = 101, ROUNDS_MAX = 1000, PATH_BYTES = 512,
	RATIO_MAX = 2,
};

static const char *const cases[] = {
	"E01", "E02", "E03", "E04", "E05", "E06", "E07", "E08", "E11", "E12", "E15", "E17", "E19",
	"E22", "E24", "E26", NULL,
};

struct bench {
	unsigned rounds, hosts;
	char programs[PATH_BYTES];           /* the folder that this program is in */
	char directory[64];                  /* for files, removed at the end */
	pid_t simulator;
};

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static struct ip host_ip(unsigned i)
{
	return ip_from_v4(127, 20, (uint8_t)(i / HOSTS_PER_NET), (uint8_t)(i % HOSTS_PER_NET + 1));
}

/* Processor seconds, user and system: the kernel's split is too coarse to be told. */
static double cost_of(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static double cost_now(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return cost_of(&u);
}

/* The round that others on this machine disturbed least. */
static double least(const double *v, unsigned n)
{
	double best = v[0];
	for (unsigned i = 1; i < n; i++)
		if (v[i] < best)
			best = v[i];
	return best;
}

/* ---- the field -------------------------------------------------------------------- */

static FILE *create(const struct bench *b, const char *name, char path[static PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", b->directory, name);
	FILE *f = fopen(path, "w");
	if (!f)
		die(path);
	return f;
}

static void start_simulator(struct bench *b)
{
	char hosts[PATH_BYTES], program[PATH_BYTES + 16], address[IP_TEXT_MAX], collector[32],
		dns[32];
	int out[2];
	FILE *f = create(b, "hosts", hosts);
	for (unsigned i = 0; i < b->hosts; i++) {
		struct ip ip = host_ip(i);
		fprintf(f, "%s %d closed\n", ip_format(&ip, address), PORT);
	}
	fclose(f);
	snprintf(program, sizeof(program), "%s/simulator", b->programs);
	snprintf(collector, sizeof(collector), "127.0.0.1:%d", COLLECTOR_PORT);
	snprintf(dns, sizeof(dns), "127.0.0.1:%d", DNS_PORT);
	if (pipe(out) != 0)
		die("pipe");
	b->simulator = fork();
	if (b->simulator == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);    /* however this program ends */
		dup2(out[1], STDOUT_FILENO);
		execl(program, program, "--hosts", hosts, "--log", "/dev/null", "--collector",
		      collector, "--dns", dns, (char *)NULL);
		die(program);
	}
	close(out[1]);
	char ready[8];
	if (read(out[0], ready, sizeof(ready)) <= 0) {
		fprintf(stderr, "bench-tester: the simulator did not start\n");
		exit(EXIT_FAILURE);
	}
	close(out[0]);
}

/* ---- bare -------------------------------------------------------------------------- */

static void exchange(int fd, const char *say, size_t n)
{
	char reply[2048];
	if (send(fd, say, n, MSG_NOSIGNAL) != (ssize_t)n || recv(fd, reply, sizeof(reply), 0) <= 0)
		die("bare client");
}

static void bare_session(unsigned host)
{
	struct endpoint to = { .ip = host_ip(host), .port = PORT };
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&to, &ss);
	char banner[2048];
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&ss, len) != 0 ||
	    recv(fd, banner, sizeof(banner), 0) <= 0)
		die("bare client");
	exchange(fd, "EHLO bench.example\r\n", 20);
	exchange(fd, "QUIT\r\n", 6);
	close(fd);
}

static double bare(const struct bench *b)
{
	double began = cost_now();
	for (unsigned i = 0; i < b->hosts; i++)
		bare_session(i);
	return (cost_now() - began) / b->hosts;
}

/* ---- cases -------------------------------------------------------------------------- */

/* A backend that keeps nothing: every test is being run, nothing is listed. */
static unsigned results_kept;

static int nowhere_begin(struct store *st, enum row_place place, bool write)
{
	(void)st, (void)place, (void)write;
	results_kept = 0;
	return ERR_OK;
}

static int nowhere_end(struct store *st, int e)
{
	(void)st;
	return e;
}

static int nowhere_get(struct store *st, enum row_kind kind, unsigned index, void *row,
                       struct arena *blobs)
{
	struct test_row *test = row;
	(void)st, (void)blobs;
	if (kind != ROW_TEST || index != TEST_BY_ID)
		return ERR_NOT_FOUND;
	test->key = 1;
	test->t.target = (struct endpoint){ .ip = host_ip(0), .port = PORT };
	test->t.consent = CONSENT_RANGE;
	test->t.state = TEST_RUNNING;
	return ERR_OK;
}

static int nowhere_each(struct store *st, enum row_kind kind, const struct row_range *range,
                        struct arena *blobs, row_seen *seen, void *context)
{
	(void)st, (void)kind, (void)range, (void)blobs, (void)seen, (void)context;
	return ERR_OK;
}

static int nowhere_greatest(struct store *st, enum row_kind kind, const char *column,
                            int64_t *value)
{
	(void)st, (void)kind, (void)column;
	*value = 0;
	return ERR_OK;
}

static int nowhere_add(struct store *st, enum row_kind kind, void *row)
{
	(void)st, (void)row;
	results_kept += kind == ROW_RESULT;
	return ERR_OK;
}

static int nowhere_update(struct store *st, enum row_kind kind, const void *row)
{
	const struct test_row *test = row;
	(void)st;
	assert(kind == ROW_TEST && test->t.verdict == VERDICT_CLOSED && results_kept == CASES);
	return ERR_OK;
}

static int nowhere_journal(struct store *st, const struct journal_entry *entry)
{
	(void)st, (void)entry;
	return ERR_OK;
}

static int nowhere_changed(struct store *st, int64_t *version)
{
	(void)st;
	*version = 0;
	return ERR_OK;
}

static double cases_pipelined(const struct bench *b)
{
	static const struct backend_ops nowhere = {
		.begin = nowhere_begin, .end = nowhere_end, .get = nowhere_get,
		.each = nowhere_each, .greatest = nowhere_greatest, .add = nowhere_add,
		.update = nowhere_update, .journal = nowhere_journal, .changed = nowhere_changed,
	};
	const struct tester_config config = {
		.domain = (char[]){ "d.test" }, .domain2 = (char[]){ "t.test" }, .rate = 100000,
		.sessions = SESSIONS, .sessions_per_net = SESSIONS, .messages = 8,
		.refusals = CASES,
		.pipeline = CASES, .connect_timeout_s = 30, .command_timeout_s = 60,
		.session_timeout_s = 300,
	};
	struct store store = { 0 };
	struct token_keys keys = { .n = 1, .v = { { .id = 'a' } } };
	struct token_signer signer;
	struct loop *loop = loop_create();
	token_signer_init(&signer, &keys);
	store_init(&store, &nowhere, STORE_ALL);
	struct tester_setup setup = {
		.loop = loop, .store = &store, .signer = &signer, .config = &config,
		.us = { .hostname = "bench.example", .operator_name = "", .contact = "",
		        .objection_url = "" },
		.only = cases,
	};
	struct tester *t = tester_create(&setup);
	double began = cost_now();
	for (unsigned i = 0; i < b->hosts; i++) {
		struct test test = { .target = { .ip = host_ip(i), .port = PORT },
		                     .consent = CONSENT_RANGE };
		snprintf(test.id, sizeof(test.id), "aaaa%c%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
		         'a' + i / 676 % 26, 'a');
		tester_run(t, &test);
		while (tester_active(t) >= SESSIONS)
			loop_run_once(loop, 100);
	}
	while (tester_active(t))
		loop_run_once(loop, 100);
	double spent = (cost_now() - began) / b->hosts;
	tester_destroy(t);
	token_signer_fini(&signer);
	loop_destroy(loop);
	buf_fini(&store.message);
	return spent;
}

/* ---- other programs ------------------------------------------------------------------ */

/* A program's; negative if it failed. Its output is dropped. */
static double run(char *const argv[], bool may_fail)
{
	struct rusage u;
	int status;
	pid_t child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (wait4(child, &status, 0, &u) != child)
		die("wait4");
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 127 ||
	    (WEXITSTATUS(status) != 0 && !may_fail))
		return -1;
	return cost_of(&u);
}

static double nmap_hosts(const struct bench *b, unsigned hosts)
{
	char targets[PATH_BYTES], address[IP_TEXT_MAX], port[8];
	FILE *f = create(b, "nmap-targets", targets);
	for (unsigned i = 0; i < hosts; i++) {
		struct ip ip = host_ip(i);
		fprintf(f, "%s\n", ip_format(&ip, address));
	}
	fclose(f);
	snprintf(port, sizeof(port), "%d", PORT);
	char *const argv[] = {
		"nmap", "-n", "-Pn", "-sT", "-p", port, "--script", "+smtp-open-relay", "-iL",
		targets,
		NULL,
	};
	return run(argv, false);
}

/* Without what it takes to start. */
static double nmap(const struct bench *b)
{
	double one = nmap_hosts(b, 1), many = nmap_hosts(b, NMAP_HOSTS);
	return one < 0 || many < 0 ? -1 : (many - one) / (NMAP_HOSTS - 1);
}

static double scan(const struct bench *b)
{
	char program[PATH_BYTES + 16], state[PATH_BYTES], config[PATH_BYTES], targets[PATH_BYTES];
	FILE *f = create(b, "portreeve.conf", config);
	fprintf(f, "resolver = {\"127.0.0.1:%d\"}\n"
	        "tester { domain = \"d.test\" domain2 = \"t.test\" ports = {%d} rate = 100000\n"
	        " sessions_per_net = %d collector = \"127.0.0.1:%d\" }\n"
	        "collector { listen = {\"127.0.0.1:%d\"} }\n", DNS_PORT, PORT, SESSIONS,
	        COLLECTOR_PORT, COLLECTOR_PORT);
	fclose(f);
	f = create(b, "targets", targets);
	for (unsigned i = 0; i < b->hosts; i++) {
		char address[IP_TEXT_MAX];
		struct ip ip = host_ip(i);
		fprintf(f, "%s\n", ip_format(&ip, address));
	}
	fclose(f);
	snprintf(program, sizeof(program), "%s/../portreeve", b->programs);
	snprintf(state, sizeof(state), "%s/state", b->directory);
	char *const permit[] = { program, "permit", "add", "127.0.0.0/8", "--consent", "range",
	                         "--by",
	                         "bench", "-c", config, "--state", state, NULL };
	char *const argv[] = { program, "scan", "--file", targets, "-c", config, "--state", state,
	                       "--json", NULL };
	if (run(permit, false) < 0)
		return -1;
	double spent = run(argv, false);             /* exit code 0: all closed */
	return spent < 0 ? -1 : spent / b->hosts;
}

/* ---- the run --------------------------------------------------------------------------- */

static void print(const char *name, double cost, double floor, const char *missing)
{
	if (cost < 0)
		printf("%-6s  %s\n", name, missing);
	else
		printf("%-6s  %8.1f us a host  %6.2f x bare\n", name, cost * 1e6, cost / floor);
	fflush(stdout);
}

static void find_programs(struct bench *b)
{
	ssize_t n = readlink("/proc/self/exe", b->programs, sizeof(b->programs) - 1);
	if (n <= 0)
		die("/proc/self/exe");
	b->programs[n] = '\0';
	*strrchr(b->programs, '/') = '\0';
}

/* All programs on one processor: no moves between two, no waking of idle ones. */
static void stay_here(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();
	CPU_ZERO(&one);
	CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void clean_up(const struct bench *b)
{
	char *const argv[] = { "rm", "-r", (char *)b->directory, NULL };
	kill(b->simulator, SIGTERM);
	waitpid(b->simulator, NULL, 0);
	run(argv, true);
}

int main(int argc, char **argv)
{
	static double bare_costs[ROUNDS_MAX], case_costs[ROUNDS_MAX];
	struct bench b = { .rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 50,
	                   .hosts = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 500,
	                   .directory = "/tmp/portreeve-bench-XXXXXX" };
	if (b.rounds < 1 || b.rounds > ROUNDS_MAX || b.hosts < NMAP_HOSTS ||
	    b.hosts > 255 * HOSTS_PER_NET) {
		fprintf(stderr, "bench-tester: expected at most %d rounds, and %d to %d hosts\n",
		        ROUNDS_MAX, NMAP_HOSTS, 255 * HOSTS_PER_NET);
		return EXIT_FAILURE;
	}
	log_init("bench", LOG_WARN);
	find_programs(&b);
	stay_here();
	/* The program becomes another user where this one is root. */
	if (!mkdtemp(b.directory) || chmod(b.directory, 0755) != 0)
		die(b.directory);
	start_simulator(&b);
	bare(&b);                                    /* warm up both sides */
	cases_pipelined(&b);
	for (unsigned i = 0; i < b.rounds; i++) {
		bare_costs[i] = bare(&b);
		case_costs[i] = cases_pipelined(&b);
	}
	double floor = least(bare_costs, b.rounds), ours = least(case_costs, b.rounds);
	print("bare", floor, floor, "");
	print("cases", ours, floor, "");
	print("nmap", nmap(&b), floor, "left out: nmap is not installed, or failed");
	print("scan", scan(&b), floor, "failed: a host was not closed, or the program not built");
	clean_up(&b);
	if (ours <= RATIO_MAX * floor)
		return EXIT_SUCCESS;
	fprintf(stderr, "bench-tester: expected at most %d times the bare client\n", RATIO_MAX);
	return EXIT_FAILURE;
}
