/* SPDX-License-Identifier: ISC
 *
 * The names of what a question may end with: the pure part of dns/resolver.h.
 */
#include "dns/resolver.h"

const char *dns_status_name(enum dns_status s)
{
	switch (s) {
	case DNS_FOUND: return "found";
	case DNS_NODATA: return "nodata";
	case DNS_NXDOMAIN: return "nxdomain";
	case DNS_SERVFAIL: return "servfail";
	case DNS_REFUSED: return "refused";
	case DNS_TIMEOUT: return "timeout";
	case DNS_MALFORMED: return "malformed";
	case DNS_BAD_NAME: return "bad-name";
	}
	return "unknown";
}
