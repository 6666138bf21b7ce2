/* SPDX-License-Identifier: ISC
 *
 * Host names and addresses among the arguments of a command.
 */
#include "cli/hosts.h"

#include "dns/idn.h"
#include "mail/address.h"

enum { TURN_MS = 100 };

static void hosts_came(void *arg, const struct dns_result *result)
{
	struct hosts *h = arg;
	h->status = result->status;
	h->n = result->ip_count < DNS_RESULTS_MAX ? result->ip_count : DNS_RESULTS_MAX;
	for (size_t i = 0; i < h->n; i++)
		h->ips[i] = result->ips[i];
	h->done = true;
}

bool cli_hosts_is_address(const char *text, struct ip *ip)
{
	return ip_parse(cli_bare(text), ip, NULL) == ERR_OK;
}

int cli_hosts(const struct cli *cli, struct loop *loop, struct dns_resolver *resolver,
              const char *text, struct hosts *found)
{
	char ascii[IDN_TEXT_MAX];
	*found = (struct hosts){ 0 };
	if (cli_hosts_is_address(text, &found->ips[0])) {
		found->n = 1;
		return CLI_GO;
	}
	struct str name = idn_ascii(str_of(text), ascii);
	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	if (!mail_domain_valid(name) || ascii_isdigit((unsigned char)name.p[name.n - 1]))
		return cli_bad_value(cli, text, "an IPv4 or IPv6 address, or a host name");
	dns_resolve_ips(resolver, name, hosts_came, found);
	while (!found->done)
		loop_run_once(loop, TURN_MS);
	if (found->n == 0)
		return cli_fail(cli, EX_NOHOST, "%.*s: no address found (%s)", STR_ARG(name),
		                dns_status_name(found->status));
	return CLI_GO;
}
