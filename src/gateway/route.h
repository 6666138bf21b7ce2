/* SPDX-License-Identifier: ISC
 *
 * By which way mail of a domain goes on: gateway.transports, gateway.domains and
 * gateway.smarthost, read once. Pure. Whether somebody may send there was decided before
 * (policy.h), and nothing here lets a message through that was not.
 *
 *   a transport that names the domain      its way, for any domain
 *   a domain of ours                       the way of "*", else its Maildir
 *   all else                               the smarthost, where there is one; else by MX
 *
 * A host that a transport or gateway.smarthost names is connected to wherever it is, this machine
 * included: the operator said so. Only what DNS says of strangers' domains is judged (mx.h).
 */
#ifndef PORTREEVE_GATEWAY_ROUTE_H
#define PORTREEVE_GATEWAY_ROUTE_H

#include "gateway/config.h"

enum gateway_way {
	GATEWAY_WAY_MAILDIR,
	GATEWAY_WAY_LMTP,             /* to `path`, or to `host` and `port` */
	GATEWAY_WAY_HOST,             /* by SMTP to `host` and `port`: an inner one */
	GATEWAY_WAY_SMARTHOST,        /* the same, with a login where one is configured */
	GATEWAY_WAY_MX,
};

/* Slices of what was read. */
struct gateway_route {
	enum gateway_way way;
	struct str path;              /* of a socket; empty: host */
	struct str host;              /* a name, or an address without brackets; NUL behind it */
	uint16_t port;
};

/* "maildir", "lmtp:/path", "lmtp:HOST:PORT", "smtp:HOST[:PORT]", HOST a name, an IPv4 address or
 * an IPv6 address in brackets. ERR_INVALID. `pe` may be NULL. */
int gateway_route_parse(struct str how, struct gateway_route *out, struct parse_error *pe);

/* ERR_INVALID with one line that names the parameter and the entry. */
int gateway_routes_check(const struct gateway_config *config, struct buf *message);

struct gateway_routes;
/* Of a configuration that was checked; nothing of it is kept. */
struct gateway_routes *gateway_routes_create(const struct gateway_config *config);
void gateway_routes_destroy(struct gateway_routes *r);                   /* NULL is fine */
/* The way of a domain, in any case; a route's slices live as long as `r`. `local`: the message was
 * taken as one to a mailbox of ours, so it never goes by MX, whatever the configuration says now.
 */
void gateway_route_of(const struct gateway_routes *r, struct str domain, bool local,
                      struct gateway_route *out);
/* Whether the domain is one of gateway.domains. */
bool gateway_route_is_ours(const struct gateway_routes *r, struct str domain);

#endif
