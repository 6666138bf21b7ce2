/* SPDX-License-Identifier: ISC
 *
 * Who listens on all addresses listens on its own: those that the machine's interfaces have.
 */
#include "settings/own.h"

#include "base/mem.h"
#include "store/fuse.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>

static bool listens_on_all(const struct config_endpoints *listen)
{
	for (size_t i = 0; i < listen->n; i++)
		if (ip_is_unspecified(&listen->v[i].ip))
			return true;
	return false;
}

/* Of the loopback interface nothing can be reached from elsewhere, and laboratories use it. */
static size_t read_interfaces(struct ip *out, size_t max)
{
	struct ifaddrs *all;
	size_t n = 0;
	if (getifaddrs(&all) != 0)
		return 0;
	for (const struct ifaddrs *i = all; i && n < max; i = i->ifa_next) {
		struct endpoint at;
		if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK) ||
		    endpoint_from_sockaddr(i->ifa_addr, &at) != ERR_OK)
			continue;
		out[n++] = at.ip;
	}
	freeifaddrs(all);
	return n;
}

void own_interfaces(const struct settings *s, struct fuse *fuse)
{
	/* A role in its sandbox cannot ask again: what it knew before stands. */
	static struct ip known[OWN_INTERFACES_MAX];
	static size_t n;
	struct ip now[OWN_INTERFACES_MAX];
	size_t found = read_interfaces(now, OWN_INTERFACES_MAX);
	if (found > 0) {
		memcpy(known, now, sizeof(now));
		n = found;
	}
	if (!listens_on_all(&s->collector.listen) && !listens_on_all(&s->dnsbl.listen))
		return;
	for (size_t i = 0; i < n; i++)
		list_config_own(fuse, &known[i]);
}
