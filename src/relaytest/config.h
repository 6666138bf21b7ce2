/* SPDX-License-Identifier: ISC
 *
 * The sections "tester" and "collector" of the configuration: how we test, and
 * where what we sent may come back.
 */
#ifndef PORTREEVE_RELAYTEST_CONFIG_H
#define PORTREEVE_RELAYTEST_CONFIG_H

#include "base/config.h"

struct tester_config {
	char *domain, *domain2;              /* of the collector; unrelated to each other */
	struct config_endpoints collector;   /* at most one: its address, for address literals */
	bool collector_check;                /* asked before anything is sent */
	struct config_ips source;            /* of a family, the second is for retests */
	struct config_ips trusted_source;    /* S03: the same, with names that look trusted */
	struct config_ips seen_as;           /* by which others see us, where it is another */
	struct config_ports ports;
	int64_t wait_s;                      /* for returns, after the last accepted message */
	int64_t proof_wait_s;                /* before the next message, if none has come back */
	int64_t rate;                        /* hosts a second, over all */
	int64_t sessions;                    /* at the same time */
	int64_t sessions_per_net;            /* of those, in one /24 or /48 */
	int64_t interval_s;                  /* between tests of a target unless its owner asks */
	int64_t messages;                    /* accepted ones per test, at most */
	int64_t refusals;                    /* a connection, then a new one */
	int64_t pipeline;                    /* transactions sent ahead */
	int64_t connect_timeout_s, command_timeout_s, session_timeout_s;
	int64_t ask_again_s;                 /* what was put off; then 4 and 16 times that */
	int64_t patience_s;                  /* of the commands, for that */
	int64_t retry_after_s, retries;      /* after inconclusive or unreachable */
	int64_t recheck_interval_s;
	int64_t return_window_s;             /* late returns reopen a verdict */
	bool notify_postmaster;
	struct config_strings trusted_submitters;
};
extern const struct config_row tester_config_rows[];
extern const size_t tester_config_row_count;

/* Whether the two domains are unrelated. ERR_INVALID with one line that names the parameter. */
int tester_config_check(const struct tester_config *config, struct buf *message);

struct collector_config {
	struct config_endpoints listen;
	int64_t message_bytes;
	int64_t returns_per_token;
	int64_t sessions, sessions_per_host;
	int64_t session_timeout_s;
	int64_t rate;                        /* messages a minute and peer */
	int64_t retest_interval_s;           /* between requests of one host */
	char *certificate, *key;             /* PEM files for STARTTLS; "" for none */
};
extern const struct config_row collector_config_rows[];
extern const size_t collector_config_row_count;

/* Whether certificate and key are set together; the files are not looked at. As above. */
int collector_config_check(const struct collector_config *config, struct buf *message);

#endif
