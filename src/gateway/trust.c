/* SPDX-License-Identifier: ISC
 *
 * The reasons from the surest to the one that needs the network's facts.
 */
#include "gateway/trust.h"

static bool is_among(const struct ip *host, const struct ip *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip_eq(host, &v[i]))
			return true;
	return false;
}

/* 224.0.0.0/4, ff00::/8 and 255.255.255.255: nobody's address. */
static bool is_group(const struct ip *host)
{
	return host->family == 4 ? host->b[0] >= 224 : host->b[0] == 0xff;
}

const char *gateway_trust_refuses(const struct ip *host, const struct gateway_network *network)
{
	if (host->family == 0 || ip_is_unspecified(host) || is_group(host))
		return "is no host's address: expected that of a single host";
	if (ip_is_loopback(host))
		return "is loopback: user-land proxies and networks of containers make strangers "
		       "come from it; local programs send by \"portreeve sendmail\"";
	if (!network)
		return NULL;
	if (network->own_count == 0)
		return "is not trusted: this machine's own addresses cannot be seen";
	if (is_among(host, network->own, network->own_count))
		return "is an address of this machine: bridges and NAT make strangers come from it";
	if (is_among(host, network->gateways, network->gateway_count))
		return "is a gateway of this machine: NAT makes strangers come from it";
	return NULL;
}
