/* SPDX-License-Identifier: ISC
 *
 * The XCLIENT command as a client says it (Postfix, XCLIENT_README): by it a server takes another
 * address and name for the client's. The server's side is in server-xclient.c. Pure.
 *
 * Who uses it: the relay tester and the closed room, to see whether strangers are believed.
 */
#ifndef PORTREEVE_SMTP_XCLIENT_H
#define PORTREEVE_SMTP_XCLIENT_H

#include "base/ip.h"

/* In place of the name of a host that has none. */
#define SMTP_XCLIENT_UNNAMED "[UNAVAILABLE]"

/* Appends "XCLIENT ADDR=192.0.2.1 NAME=localhost"; the name is a host's, or SMTP_XCLIENT_UNNAMED.
 * The answer to it is a greeting (220), and what was said before is forgotten. */
void smtp_xclient_format(const struct ip *address, const char *name, struct buf *line);

#endif
