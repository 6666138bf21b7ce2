/* SPDX-License-Identifier: ISC
 *
 * How mail to a domain is to be encrypted: gateway.tls_policies, "DOMAIN POLICY" or "* POLICY".
 * Pure. Whoever sends reads the table once, and asks it for each destination.
 */
#ifndef PORTREEVE_GATEWAY_TLSPOLICY_H
#define PORTREEVE_GATEWAY_TLSPOLICY_H

#include "base/config.h"

enum gateway_tls_policy {
	GATEWAY_TLS_NONE,
	GATEWAY_TLS_OPPORTUNISTIC,    /* if it is offered and works; proves nothing */
	GATEWAY_TLS_ENCRYPT,          /* TLS or not at all; whose it is is not looked at */
	GATEWAY_TLS_VERIFY,           /* and the certificate is the host's */
};
const char *gateway_tls_policy_name(enum gateway_tls_policy policy);     /* "encrypt" */

/* ERR_INVALID with one line that names the parameter and the entry. */
int gateway_tls_policies_check(const struct config_strings *entries, struct buf *message);

struct gateway_tls_policies;
/* Of entries that were checked; nothing of them is kept. */
struct gateway_tls_policies *gateway_tls_policies_create(const struct config_strings *entries);
void gateway_tls_policies_destroy(struct gateway_tls_policies *p);       /* NULL is fine */
/* `domain` in any case; the table's word for it, else for "*", else `otherwise`. */
enum gateway_tls_policy gateway_tls_policy_of(const struct gateway_tls_policies *p,
                                              struct str domain,
                                              enum gateway_tls_policy otherwise);
/* The same without "*": what is said of that name alone. */
enum gateway_tls_policy gateway_tls_policy_of_name(const struct gateway_tls_policies *p,
                                                   struct str name,
                                                   enum gateway_tls_policy otherwise);

#endif
