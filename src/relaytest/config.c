/* SPDX-License-Identifier: ISC
 *
 * The rows of the sections "tester" and "collector", and their checks.
 */
#include "relaytest/config.h"

#define TESTER(type, field) CONFIG_MEMBER(type, struct tester_config, field)
#define COLLECTOR(type, field) CONFIG_MEMBER(type, struct collector_config, field)

enum { HOUR = 3600, DAY = 86400, YEAR = 366 * DAY };

const struct config_row tester_config_rows[] = {
	{ "domain", TESTER(CONFIG_DOMAIN, domain), 0, 0, "collector.portreeve.test",
	  "Mail domain whose MX is our collector; probes are addressed to it." },
	{ "domain2", TESTER(CONFIG_DOMAIN, domain2), 0, 0, "second.portreeve.invalid",
	  "A second, unrelated domain of the collector: it tells a relay from a legitimate MX of "
	  "the first, and is the usual sender domain." },
	{ "collector", TESTER(CONFIG_ENDPOINTS, collector), 0, 1, "127.0.0.1:2525",
	  "Address and port at which others reach the collector; used in address literals.",
	  .default_port = 25 },
	{ "collector_check", TESTER(CONFIG_BOOL, collector_check), 0, 0, "yes",
	  "Send nothing unless the collector at that address takes one of our tokens, asked before "
	  "the first test and then every 10 minutes. \"no\" only where this machine itself cannot "
	  "reach it, for example behind a NAT: then a host that accepts messages is inconclusive "
	  "until something has come back within tester.return_window." },
	{ "source", TESTER(CONFIG_IPS, source), 0, 16, "",
	  "Addresses that tests come from; unset: the system's choice. The first of a family is "
	  "used; a retest asks from the second too, and must hear the same where it is let in. "
	  "Case S06 comes from port 25 there, and is skipped while a server of this machine, the "
	  "collector say, listens on that port of the address." },
	{ "trusted_source", TESTER(CONFIG_IPS, trusted_source), 0, 2, "",
	  "Further addresses of this machine whose reverse names end in what careless servers "
	  "trust (a name in .localdomain, say): for case S03." },
	{ "seen_as", TESTER(CONFIG_IPS, seen_as), 0, 16, "",
	  "Addresses by which others see this tester, where a NAT gives it others than its own; "
	  "the first of a family counts. Unset: the address that a test comes from, if it is no "
	  "private one, or what most hosts saw. A server that notes another, private one loses its "
	  "clients' addresses." },
	{ "ports", TESTER(CONFIG_PORTS, ports), 1, 16, "25,587,465",
	  "Ports tested; 465 speaks TLS from the first byte." },
	{ "wait", TESTER(CONFIG_DURATION, wait_s), 0, 5 * DAY, "30s",
	  "How long a test waits for its messages to come back before it gives a verdict." },
	{ "proof_wait", TESTER(CONFIG_DURATION, proof_wait_s), 0, HOUR, "2s",
	  "Pause after an accepted message, so that its return can end the test before another one "
	  "is sent." },
	{ "rate", TESTER(CONFIG_INT, rate), 1, 100000, "10",
	  "Hosts tested a second, over all networks.", "hosts a second" },
	{ "sessions", TESTER(CONFIG_INT, sessions), 1, 20000, "200",
	  "Tests that run at the same time." },
	{ "sessions_per_net", TESTER(CONFIG_INT, sessions_per_net), 1, 20000, "16",
	  "Connections at the same time into one IPv4 /24 or IPv6 /48." },
	{ "interval", TESTER(CONFIG_DURATION, interval_s), 0, YEAR, "24h",
	  "Least time between two tests of one address and port, unless its owner asks (RFC 6471 "
	  "section 3.6.2)." },
	{ "messages", TESTER(CONFIG_INT, messages), 2, 64, "8",
	  "The most messages that a test may get accepted; a proof takes two." },
	{ "refusals", TESTER(CONFIG_INT, refusals), 1, 100, "6",
	  "Refusals in one connection before a new one is made; many servers slow down or hang up "
	  "on the tenth." },
	{ "pipeline", TESTER(CONFIG_INT, pipeline), 1, 64, "16",
	  "Transactions sent ahead where the server offers PIPELINING." },
	{ "connect_timeout", TESTER(CONFIG_DURATION, connect_timeout_s), 1, HOUR, "30s",
	  "How long TCP may take to connect." },
	{ "command_timeout", TESTER(CONFIG_DURATION, command_timeout_s), 1, HOUR, "45s",
	  "How long the banner, and each reply, is waited for." },
	{ "session_timeout", TESTER(CONFIG_DURATION, session_timeout_s), 1, DAY, "150s",
	  "How long one connection may last in all." },
	{ "ask_again", TESTER(CONFIG_DURATION, ask_again_s), 1, DAY, "30min",
	  "A test that a server puts off (greylisting, a ban part of the way) goes on after this "
	  "time, with the same sender, recipient and source; then after 4 and after 16 times this, "
	  "as long as nothing new is learnt." },
	{ "patience", TESTER(CONFIG_DURATION, patience_s), 0, 5 * DAY, "0s",
	  "How long the commands test and scan wait themselves for that; what is due later is left "
	  "to the tester role." },
	{ "retry_after", TESTER(CONFIG_DURATION, retry_after_s), 1, 30 * DAY, "15min",
	  "How long it takes until an inconclusive or unreachable test is tried again." },
	{ "retries", TESTER(CONFIG_INT, retries), 0, 100, "4", "How often it is tried again." },
	{ "recheck_interval", TESTER(CONFIG_DURATION, recheck_interval_s), HOUR, 10 * YEAR, "90d",
	  "Listed hosts are tested again after this time: addresses change hands." },
	{ "return_window", TESTER(CONFIG_DURATION, return_window_s), 0, 30 * DAY, "5d",
	  "A message that comes back this long after its test reopens the verdict." },
	{ "notify_postmaster", TESTER(CONFIG_BOOL, notify_postmaster), 0, 0, "no",
	  "Tell the postmaster of a host when it is listed." },
	{ "trusted_submitters", TESTER(CONFIG_STRINGS, trusted_submitters), 0, 1000, "",
	  "Names whose spam messages count as consent \"evidence\"." },
};
const size_t tester_config_row_count = sizeof(tester_config_rows) / sizeof(*tester_config_rows);

const struct config_row collector_config_rows[] = {
	{ "listen", COLLECTOR(CONFIG_ENDPOINTS, listen), 1, 16, "127.0.0.1:2525",
	  "Addresses and ports of the SMTP server at which probes come back.", .default_port = 25,
	  .restart = CONFIG_NEXT_RUN, .role = "collector" },
	{ "message_size", COLLECTOR(CONFIG_SIZE, message_bytes), 1024, 64 << 20, "256K",
	  "Largest message taken." },
	{ "returns_per_token", COLLECTOR(CONFIG_INT, returns_per_token), 1, 100, "3",
	  "Messages kept for one token." },
	{ "sessions", COLLECTOR(CONFIG_INT, sessions), 1, 20000, "500",
	  "Connections at the same time." },
	{ "sessions_per_host", COLLECTOR(CONFIG_INT, sessions_per_host), 1, 20000, "20",
	  "Connections at the same time from one IPv4 address or IPv6 /64. A /56 gets an eighth of "
	  "all connections, a /24 or /48 a fourth, and each less the fewer are free." },
	{ "session_timeout", COLLECTOR(CONFIG_DURATION, session_timeout_s), 1, DAY, "600s",
	  "How long one connection may last in all." },
	{ "rate", COLLECTOR(CONFIG_INT, rate), 1, 100000, "120", "Messages taken from one peer.",
	  "messages a minute" },
	{ "retest_interval", COLLECTOR(CONFIG_DURATION, retest_interval_s), 0, DAY, "60s",
	  "Least time between two retest requests of one host." },
	{ "certificate", COLLECTOR(CONFIG_STRING, certificate), 0, 0, "",
	  "PEM chain for STARTTLS; empty: not offered." },
	{ "key", COLLECTOR(CONFIG_STRING, key), 0, 0, "", "PEM key of that certificate." },
};
const size_t collector_config_row_count =
	sizeof(collector_config_rows) / sizeof(*collector_config_rows);

int tester_config_check(const struct tester_config *config, struct buf *message)
{
	struct str one = str_of(config->domain), two = str_of(config->domain2);
	if (!str_in_domain(one, two) && !str_in_domain(two, one))
		return ERR_OK;
	buf_printf(message, "tester.domain2: expected a domain unrelated to tester.domain (%s), "
	           "found \"%s\"", config->domain, config->domain2);
	return ERR_INVALID;
}

int collector_config_check(const struct collector_config *config, struct buf *message)
{
	if (!config->certificate[0] == !config->key[0])
		return ERR_OK;
	buf_add_cstr(message, "collector.key: expected together with collector.certificate, found "
	             "one alone");
	return ERR_INVALID;
}
