/* SPDX-License-Identifier: ISC
 *
 * What `test` and `scan` share: the options that win over the configuration, a tester and (unless
 * a role has the port) a collector in this process, the checks before a test, and how
 * results are printed.
 */
#ifndef PORTREEVE_CLI_TESTING_H
#define PORTREEVE_CLI_TESTING_H

#include "cli/cli.h"
#include "settings/assembly.h"

struct testing_options {
	const char *port, *collector, *domain, *domain2, *source, *resolver, *wait, *rate, *account,
	           *patience, *retries;
	bool all;
};

/* The rows for a cli_spec. */
#define TESTING_OPTIONS(o) \
	{ .name = "port", .argument = "P[,P…]", .value = &(o).port, \
	  .help = "ports to test" }, \
	{ .name = "collector", .argument = "ADDR:PORT", .value = &(o).collector, \
	  .help = "run the collector here, at which probes come back" }, \
	{ .name = "domain", .argument = "D", .value = &(o).domain, \
	  .help = "mail domain of the collector" }, \
	{ .name = "domain2", .argument = "T", .value = &(o).domain2, \
	  .help = "its second, unrelated domain" }, \
	{ .name = "source", .argument = "ADDR", .value = &(o).source, \
	  .help = "test from this address" }, \
	{ .name = "resolver", .argument = "ADDR[:PORT]", .value = &(o).resolver, \
	  .help = "ask this name server" }, \
	{ .name = "wait", .argument = "SECONDS", .value = &(o).wait, \
	  .help = "wait this long for returns" }, \
	{ .name = "patience", .argument = "DURATION", .value = &(o).patience, \
	  .help = "wait this long for servers that put the test off" }, \
	{ .name = "rate", .argument = "HOSTS_PER_SECOND", .value = &(o).rate, \
	  .help = "tests started a second" }, \
	{ .name = "account", .argument = "FILE", .value = &(o).account, \
	  .help = "an account there, user and password on a line each, for case S14" }, \
	{ .name = "all", .flag = &(o).all, \
	  .help = "don't stop after the first proof (owner's consent)" }

struct testing {
	struct cli *cli;
	const struct testing_options *options;
	struct loop *loop;
	struct assembly_keys keys;
	struct assembly_tester assembled;
	struct dns_resolver *resolver;           /* of that */
	struct tester *tester;                   /* of that */
	struct syncer *syncer;                   /* of the collector */
	struct collector *collector;
	int listen_fds[16];
	struct endpoint listen_at[16];
	size_t listen_count;
	char user[256], password[256];
	struct buf scratch;
	size_t open, closed, other, failed;      /* results so far */
	void (*finished)(void *arg, const struct tester_result *result);   /* may be NULL */
	void (*remark)(void *arg);           /* a line for people follows; may be NULL */
	void *arg;
};

/* The settings with what the options say instead; of t, cli and options are set. CLI_GO or an exit
 * code. */
int testing_settings(struct testing *t);
/* After cli_begin(): settings, ports bound, store opened, all created. CLI_GO or an exit code. */
int testing_open(struct testing *t, struct cli *cli, const struct testing_options *options);
void testing_close(struct testing *t);

/* Why a target was not tested now. */
enum testing_refusal {
	TESTING_STARTED, TESTING_NO_CONSENT, TESTING_EXCLUDED, TESTING_TOO_SOON,
	TESTING_BUSY,                /* another process has a test of it under way */
	TESTING_FAILED,              /* the store failed: told */
};
/* Checks consent and politeness, queues, leases and starts a test. `why` (of at least 160
 * bytes) names the rule that refused it. */
enum testing_refusal testing_start(struct testing *t, const struct endpoint *target, char *why,
                                   size_t why_size);
/* Whether anything is left to wait for: tests that can go on, or mail to tested hosts. */
bool testing_is_busy(const struct testing *t);
/* Runs the loop until it is not. */
void testing_run(struct testing *t);
/* CLI_GO; or with `left` targets without a verdict: that the collector does not answer, told
 * in one line, and its exit code. */
int testing_check_collector(struct testing *t, size_t left);
/* 0 all closed, 1 one open, 2 anything else. */
int testing_exit_code(const struct testing *t);

#endif
