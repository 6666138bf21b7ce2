/* SPDX-License-Identifier: ISC
 *
 * The rows of the section "dnsbl", and their check.
 */
#include "blocklist/config.h"

#include "blocklist/zones.h"

#include <assert.h>

#define DNSBL(type, field) CONFIG_MEMBER(type, struct dnsbl_config, field)

enum { HOUR = 3600, DAY = 86400 };

const struct config_row dnsbl_config_rows[] = {
	{ "zone", DNSBL(CONFIG_DOMAIN, zone), 0, 0, "relays.portreeve.test",
	  "DNS zone of the list of proved open relays." },
	{ "output_zone", DNSBL(CONFIG_DOMAIN, output_zone), 0, 0, "",
	  "DNS zone of the outputs of multi-hop relays, with only those that the operator agreed "
	  "to and at least 3 networks prove; unset: none." },
	{ "listen", DNSBL(CONFIG_ENDPOINTS, listen), 1, 16, "127.0.0.1:5354",
	  "Addresses and ports on which DNS is answered, by UDP and TCP.", .default_port = 53,
	  .restart = CONFIG_NEXT_RUN, .role = "dnsbl" },
	{ "ttl", DNSBL(CONFIG_DURATION, ttl_s), 0, DAY, "5min",
	  "How long others may keep that an address is listed." },
	{ "negative_ttl", DNSBL(CONFIG_DURATION, negative_ttl_s), 0, DAY, "60s",
	  "How long others may keep that an address is not listed." },
	{ "nameserver", DNSBL(CONFIG_STRINGS, nameserver), 0, 13, "",
	  "Names of the zones' name servers; unset: ns below the zone." },
	{ "nameserver_address", DNSBL(CONFIG_IPS, nameserver_address), 0, 16, "",
	  "Addresses of the name servers whose name is inside a zone; each gets all of them. "
	  "Unset: the addresses listened on." },
	{ "hostmaster", DNSBL(CONFIG_STRING, hostmaster), 0, 0, "",
	  "Mail address in the SOA record; unset: hostmaster at the zone." },
	{ "code", DNSBL(CONFIG_IPS, code), 1, 1, "127.0.0.2",
	  "The A record of a listed address: in 127.0.0.0/8, but not 127.0.0.1 and not in "
	  "127.255.255.0/24." },
	{ "code_word", DNSBL(CONFIG_IPS, code_word), 1, 1, "127.0.0.4",
	  "The same of an address that is listed by the operator's word, without a proof." },
	{ "output_code", DNSBL(CONFIG_IPS, output_code), 1, 1, "127.0.0.3",
	  "The same in the zone of the outputs." },
	{ "text", DNSBL(CONFIG_STRING, text), 0, 0, DNSBL_TEXT,
	  "The TXT record of a listed address; %a is the address, %z the zone, %d the day since "
	  "when it is listed, %r the reason, cut to what fits, %u the URL of dnsbl.url, %% a "
	  "percent sign. With %d or %r the whole list is read again with each change. "
	  "If the server saw the tester by a wrong address, that stands behind it, where it fits. "
	  "The default goes on to say how to ask for a retest." },
	{ "text_word", DNSBL(CONFIG_STRING, text_word), 0, 0, DNSBL_TEXT_WORD,
	  "The TXT record of an address that is listed by the operator's word, of the same parts; "
	  "%r is the operator's reason. The default goes on to say how to ask for a retest." },
	{ "text_range", DNSBL(CONFIG_STRING, text_range), 0, 0, DNSBL_TEXT_RANGE,
	  "The TXT record of an address that is listed as part of a range alone, of the same "
	  "parts; %n is the range. The default goes on to say whom to ask, as no retest ends it." },
	{ "url", DNSBL(CONFIG_STRING, url), 0, 0, "",
	  "For %u in texts: the URL of a page about a listed address, which is %a in it, like "
	  "https://lists.example/why?ip=%a; a percent sign is %%. It ends a text best, as readers "
	  "make a link of it." },
	{ "output_text", DNSBL(CONFIG_STRING, output_text), 0, 0,
	  "%a delivers mail that open relays took from strangers (%z)",
	  "The same in the zone of the outputs, without %d and %r." },
	{ "tcp_sessions", DNSBL(CONFIG_INT, tcp_sessions), 1, 20000, "200",
	  "TCP connections at the same time." },
	{ "tcp_sessions_per_host", DNSBL(CONFIG_INT, tcp_sessions_per_host), 1, 20000, "20",
	  "TCP connections at the same time from one IPv4 address or IPv6 /64. A /56 gets an "
	  "eighth of all connections, a /24 or /48 a fourth, and each less the fewer are free." },
	{ "tcp_timeout", DNSBL(CONFIG_DURATION, tcp_timeout_s), 1, HOUR, "10s",
	  "Idle time after which a TCP connection is closed." },
	{ "rrl_rate", DNSBL(CONFIG_INT, rrl_rate), 0, 100000, "20",
	  "Equal answers to one IPv4 /24 or IPv6 /56 by UDP, so that nobody can aim them at "
	  "others. Beyond it an answer is cut to its question, and who really asks comes back by "
	  "TCP. 0: no limit.", "answers a second" },
};
const size_t dnsbl_config_row_count = sizeof(dnsbl_config_rows) / sizeof(*dnsbl_config_rows);

int dnsbl_config_check(const struct dnsbl_config *config, struct buf *message)
{
	struct blocklist_zones *zones = NULL;
	int e = blocklist_zones_configure(config, &zones, message);
	assert((e == ERR_OK) == (zones != NULL));
	blocklist_zones_destroy(zones);
	return e;
}
