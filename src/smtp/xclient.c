/* SPDX-License-Identifier: ISC
 *
 * Values are xtext (RFC 3461 4): of what a host's name and an address have, nothing is encoded.
 */
#include "smtp/xclient.h"

#include <assert.h>

void smtp_xclient_format(const struct ip *address, const char *name, struct buf *line)
{
	char text[IP_TEXT_MAX];
	assert(address->family == 4 || address->family == 6);
	assert(strcmp(name, SMTP_XCLIENT_UNNAMED) == 0 ||
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                    "0123456789.-_") == strlen(name));
	assert(*name);
	buf_printf(line, "XCLIENT ADDR=%s%s NAME=%s", address->family == 6 ? "IPV6:" : "",
	           ip_format(address, text), name);
}
