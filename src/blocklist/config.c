/* SPDX-License-Identifier: ISC */
#include "blocklist/config.h"

#include "blocklist/zone.h"

#include <stddef.h>

#define DNSBL(field) offsetof(struct dnsbl_config, field)

enum { HOUR = 3600, DAY = 86400 };

const struct config_row dnsbl_config_rows[] = {
	{ "zone", CONFIG_DOMAIN, 0, 0, "relays.portreeve.test",
	  "DNS zone of the list of proved open relays.", DNSBL(zone) },
	{ "output_zone", CONFIG_DOMAIN, 0, 0, "",
	  "DNS zone of the outputs of multi-hop relays, with only those that the operator agreed "
	  "to and at least 3 networks prove; unset: none.", DNSBL(output_zone) },
	{ "listen", CONFIG_ENDPOINTS, 1, 16, "127.0.0.1:5354",
	  "Addresses and ports on which DNS is answered, by UDP and TCP.", DNSBL(listen),
	  .default_port = 53 },
	{ "ttl", CONFIG_DURATION, 0, DAY, "5min",
	  "How long others may keep that an address is listed.", DNSBL(ttl_s) },
	{ "negative_ttl", CONFIG_DURATION, 0, DAY, "60s",
	  "How long others may keep that an address is not listed.", DNSBL(negative_ttl_s) },
	{ "nameserver", CONFIG_STRINGS, 0, 13, "",
	  "Names of the zones' name servers; unset: ns below the zone.", DNSBL(nameserver) },
	{ "nameserver_address", CONFIG_IPS, 0, 16, "",
	  "Addresses of the name servers whose name is inside a zone; each gets all of them. "
	  "Unset: the addresses listened on.", DNSBL(nameserver_address) },
	{ "hostmaster", CONFIG_STRING, 0, 0, "",
	  "Mail address in the SOA record; unset: hostmaster at the zone.", DNSBL(hostmaster) },
	{ "code", CONFIG_IPS, 1, 1, "127.0.0.2",
	  "The A record of a listed address: in 127.0.0.0/8, but not 127.0.0.1 and not in "
	  "127.255.255.0/24.", DNSBL(code) },
	{ "code_word", CONFIG_IPS, 1, 1, "127.0.0.4",
	  "The same of an address that is listed by the operator's word, without a proof.",
	  DNSBL(code_word) },
	{ "output_code", CONFIG_IPS, 1, 1, "127.0.0.3",
	  "The same in the zone of the outputs.", DNSBL(output_code) },
	{ "text", CONFIG_STRING, 0, 0, DNSBL_TEXT,
	  "The TXT record of a listed address; %a is the address, %z the zone, %% a percent sign. "
	  "The default goes on to say how to ask for a retest.",
	  DNSBL(text) },
	{ "text_word", CONFIG_STRING, 0, 0, DNSBL_TEXT_WORD,
	  "The TXT record of an address that is listed by the operator's word; %r is the reason, "
	  "cut to what fits. The default goes on to say how to ask for a retest.",
	  DNSBL(text_word) },
	{ "output_text", CONFIG_STRING, 0, 0,
	  "%a delivers mail that open relays took from strangers (%z)",
	  "The same in the zone of the outputs.", DNSBL(output_text) },
	{ "tcp_sessions", CONFIG_INT, 1, 20000, "200", "TCP connections at the same time.",
	  DNSBL(tcp_sessions) },
	{ "tcp_sessions_per_host", CONFIG_INT, 1, 20000, "20",
	  "TCP connections at the same time from one IPv4 address or IPv6 /64. A /56 gets an "
	  "eighth of all connections, a /24 or /48 a fourth, and each less the fewer are free.",
	  DNSBL(tcp_sessions_per_host) },
	{ "tcp_timeout", CONFIG_DURATION, 1, HOUR, "10s",
	  "Idle time after which a TCP connection is closed.", DNSBL(tcp_timeout_s) },
	{ "rrl_rate", CONFIG_INT, 0, 100000, "20",
	  "Equal answers to one IPv4 /24 or IPv6 /56 by UDP, so that nobody can aim them at "
	  "others; beyond it an answer is cut to its question, and who really asks comes back by "
	  "TCP. 0: no limit.", DNSBL(rrl_rate), "answers a second" },
};
const size_t dnsbl_config_row_count = sizeof(dnsbl_config_rows) / sizeof(*dnsbl_config_rows);

int dnsbl_config_check(const struct dnsbl_config *config, struct buf *message)
{
	struct blocklist_zone zone;
	int e = blocklist_zone_init(&zone, config, false, message);
	if (e == ERR_OK && config->output_zone[0])
		e = blocklist_zone_init(&zone, config, true, message);
	return e;
}
