/* SPDX-License-Identifier: ISC
 *
 * The rows of the sections "tester" and "collector", and their checks.
 */
#include "relaytest/config.h"

#include <stddef.h>

#define TESTER(field) offsetof(struct tester_config, field)
#define COLLECTOR(field) offsetof(struct collector_config, field)

enum { HOUR = 3600, DAY = 86400, YEAR = 366 * DAY };

const struct config_row tester_config_rows[] = {
	{ "domain", CONFIG_DOMAIN, 0, 0, "collector.portreeve.test",
	  "Mail domain whose MX is our collector; probes are addressed to it.", TESTER(domain) },
	{ "domain2", CONFIG_DOMAIN, 0, 0, "second.portreeve.invalid",
	  "A second, unrelated domain of the collector: it tells a relay from a legitimate MX of "
	  "the first, and is the usual sender domain.", TESTER(domain2) },
	{ "collector", CONFIG_ENDPOINTS, 0, 1, "127.0.0.1:2525",
	  "Address and port at which others reach the collector; used in address literals.",
	  TESTER(collector), .default_port = 25 },
	{ "collector_check", CONFIG_BOOL, 0, 0, "yes",
	  "Send nothing unless the collector at that address takes one of our tokens, asked "
	  "before the first test and then every 10 minutes. \"no\" only where this machine "
	  "itself cannot reach it, behind a NAT say: then a host that accepts messages is "
	  "inconclusive until something has come back within tester.return_window.",
	  TESTER(collector_check) },
	{ "source", CONFIG_IPS, 0, 16, "",
	  "Addresses that tests come from; unset: the system's choice. The first of a family is "
	  "used; a retest asks from the second too, and must hear the same where it is let in. "
	  "Case S06 comes from port 25 there, and is skipped while a server of this machine, the "
	  "collector say, listens on that port of the address.",
	  TESTER(source) },
	{ "trusted_source", CONFIG_IPS, 0, 2, "",
	  "Further addresses of this machine whose reverse names end in what careless servers "
	  "trust "
	  "(a name in .localdomain, say): for case S03.", TESTER(trusted_source) },
	{ "ports", CONFIG_PORTS, 1, 16, "25,587,465",
	  "Ports tested; 465 speaks TLS from the first byte.", TESTER(ports) },
	{ "wait", CONFIG_DURATION, 0, 5 * DAY, "30s",
	  "How long a test waits for its messages to come back before it gives a verdict.",
	  TESTER(wait_s) },
	{ "proof_wait", CONFIG_DURATION, 0, HOUR, "2s",
	  "Pause after an accepted message, so that its return can end the test before another "
	  "one is sent.", TESTER(proof_wait_s) },
	{ "rate", CONFIG_INT, 1, 100000, "10", "Hosts tested a second, over all networks.",
	  TESTER(rate), "hosts a second" },
	{ "sessions", CONFIG_INT, 1, 20000, "200", "Tests that run at the same time.",
	  TESTER(sessions) },
	{ "sessions_per_net", CONFIG_INT, 1, 20000, "16",
	  "Connections at the same time into one IPv4 /24 or IPv6 /48.",
	  TESTER(sessions_per_net) },
	{ "interval", CONFIG_DURATION, 0, YEAR, "24h",
	  "Least time between two tests of one address and port, unless its owner asks "
	  "(RFC 6471 section 3.4).", TESTER(interval_s) },
	{ "messages", CONFIG_INT, 2, 64, "8",
	  "Accepted messages a test, at most; a proof takes two.", TESTER(messages) },
	{ "refusals", CONFIG_INT, 1, 100, "6",
	  "Refusals in one connection before a new one is made; many servers slow down or hang up "
	  "on the tenth.", TESTER(refusals) },
	{ "pipeline", CONFIG_INT, 1, 64, "16",
	  "Transactions sent ahead where the server offers PIPELINING.", TESTER(pipeline) },
	{ "connect_timeout", CONFIG_DURATION, 1, HOUR, "30s", "For TCP to connect.",
	  TESTER(connect_timeout_s) },
	{ "command_timeout", CONFIG_DURATION, 1, HOUR, "45s",
	  "For the banner and for each reply.", TESTER(command_timeout_s) },
	{ "session_timeout", CONFIG_DURATION, 1, DAY, "150s", "For one connection, in all.",
	  TESTER(session_timeout_s) },
	{ "ask_again", CONFIG_DURATION, 1, DAY, "30min",
	  "A test that a server puts off (greylisting, a ban part of the way) goes on after this "
	  "time, with the same sender, recipient and source; then after 4 and after 16 times this, "
	  "as long as nothing new is learnt.", TESTER(ask_again_s) },
	{ "patience", CONFIG_DURATION, 0, 5 * DAY, "0s",
	  "How long the commands test and scan wait themselves for that; what is due later is left "
	  "to the tester role.", TESTER(patience_s) },
	{ "retry_after", CONFIG_DURATION, 1, 30 * DAY, "15min",
	  "Before an inconclusive or unreachable test is tried again.", TESTER(retry_after_s) },
	{ "retries", CONFIG_INT, 0, 100, "4", "How often it is tried again.", TESTER(retries) },
	{ "recheck_interval", CONFIG_DURATION, HOUR, 10 * YEAR, "90d",
	  "Listed hosts are tested again after this time: addresses change hands.",
	  TESTER(recheck_interval_s) },
	{ "return_window", CONFIG_DURATION, 0, 30 * DAY, "5d",
	  "A message that comes back this long after its test reopens the verdict.",
	  TESTER(return_window_s) },
	{ "notify_postmaster", CONFIG_BOOL, 0, 0, "no",
	  "Tell the postmaster of a host when it is listed.", TESTER(notify_postmaster) },
	{ "trusted_submitters", CONFIG_STRINGS, 0, 1000, "",
	  "Names whose spam messages count as consent \"evidence\".", TESTER(trusted_submitters) },
};
const size_t tester_config_row_count = sizeof(tester_config_rows) / sizeof(*tester_config_rows);

const struct config_row collector_config_rows[] = {
	{ "listen", CONFIG_ENDPOINTS, 1, 16, "127.0.0.1:2525",
	  "Addresses and ports of the SMTP server at which probes come back.", COLLECTOR(listen),
	  .default_port = 25 },
	{ "message_size", CONFIG_SIZE, 1024, 64 << 20, "256K", "Largest message taken.",
	  COLLECTOR(message_bytes) },
	{ "returns_per_token", CONFIG_INT, 1, 100, "3", "Messages kept for one token.",
	  COLLECTOR(returns_per_token) },
	{ "sessions", CONFIG_INT, 1, 20000, "500", "Connections at the same time.",
	  COLLECTOR(sessions) },
	{ "sessions_per_host", CONFIG_INT, 1, 20000, "20",
	  "Connections at the same time from one IPv4 address or IPv6 /64. A /56 gets an eighth of "
	  "all connections, a /24 or /48 a fourth, and each less the fewer are free.",
	  COLLECTOR(sessions_per_host) },
	{ "session_timeout", CONFIG_DURATION, 1, DAY, "600s", "For one connection, in all.",
	  COLLECTOR(session_timeout_s) },
	{ "rate", CONFIG_INT, 1, 100000, "120", "Messages taken from one peer.", COLLECTOR(rate),
	  "messages a minute" },
	{ "retest_interval", CONFIG_DURATION, 0, DAY, "60s",
	  "Least time between two retest requests of one host.", COLLECTOR(retest_interval_s) },
	{ "certificate", CONFIG_STRING, 0, 0, "", "PEM chain for STARTTLS; empty: not offered.",
	  COLLECTOR(certificate) },
	{ "key", CONFIG_STRING, 0, 0, "", "PEM key of that certificate.", COLLECTOR(key) },
};
const size_t collector_config_row_count =
	sizeof(collector_config_rows) / sizeof(*collector_config_rows);
