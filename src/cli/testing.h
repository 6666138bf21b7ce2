/* SPDX-License-Identifier: ISC
 *
 * What `test` and `scan` share: the options that win over the configuration, a tester and (unless
 * a role has the port) a collector in this process, the checks before a test, and how
 * results are printed.
 */
#ifndef PORTREEVE_CLI_TESTING_H
#define PORTREEVE_CLI_TESTING_H

#include "cli/cli.h"
#include "relaytest/collector.h"
#include "relaytest/tester.h"

struct testing_options {
	const char *port, *collector, *domain, *domain2, *source, *resolver, *wait, *rate, *account;
	bool all;
};

/* The rows for a cli_spec. */
#define TESTING_OPTIONS(o) \
	{ "port", "P[,P…]", "ports to test", &(o).port, NULL }, \
	{ "collector", "ADDR:PORT", "run the collector here, at which probes come back", \
	  &(o).collector, NULL }, \
	{ "domain", "D", "mail domain of the collector", &(o).domain, NULL }, \
	{ "domain2", "T", "its second, unrelated domain", &(o).domain2, NULL }, \
	{ "source", "ADDR", "test from this address", &(o).source, NULL }, \
	{ "resolver", "ADDR[:PORT]", "ask this name server", &(o).resolver, NULL }, \
	{ "wait", "SECONDS", "wait this long for returns", &(o).wait, NULL }, \
	{ "rate", "HOSTS_PER_SECOND", "tests started a second", &(o).rate, NULL }, \
	{ "account", "FILE", "an account there, user and password on a line each, for case S14", \
	  &(o).account, NULL }, \
	{ "all", NULL, "don't stop after the first proof (owner's consent)", NULL, &(o).all }

struct testing {
	struct cli *cli;
	const struct testing_options *options;
	struct loop *loop;
	struct dns_resolver *resolver;
	struct token_signer signer;
	bool has_signer;
	EVP_PKEY *evidence_key;
	struct collector *collector;
	struct tester *tester;
	int listen_fds[16];
	struct endpoint listen_at[16];
	size_t listen_count;
	char user[256], password[256];
	struct buf scratch;
	size_t open, closed, other, failed;      /* results so far */
	void (*finished)(void *arg, const struct tester_result *result);   /* may be NULL */
	void *arg;
};

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
/* Runs the loop until fewer than `below` tests are under way. */
void testing_run(struct testing *t, size_t below);
/* 0 all closed, 1 one open, 2 anything else. */
int testing_exit_code(const struct testing *t);

#endif
