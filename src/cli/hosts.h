/* SPDX-License-Identifier: ISC
 *
 * A host as commands take it: an address, one in brackets, or a name, which stands for each of
 * its addresses. Arguments are the user's; the answers of the DNS are any bytes (dns/resolver.h).
 */
#ifndef PORTREEVE_CLI_HOSTS_H
#define PORTREEVE_CLI_HOSTS_H

#include "cli/cli.h"
#include "dns/resolver.h"

struct hosts {
	struct ip ips[DNS_RESULTS_MAX];
	size_t n;
	enum dns_status status;
	bool done;
};

/* Runs the loop until a name is answered. CLI_GO with n > 0, or an exit code, and it is told. */
int cli_hosts(const struct cli *cli, struct loop *loop, struct dns_resolver *resolver,
              const char *text, struct hosts *found);
/* Whether the text is an address and needs no question. */
bool cli_hosts_is_address(const char *text, struct ip *ip);

#endif
