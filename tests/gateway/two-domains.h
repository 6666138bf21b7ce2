/* SPDX-License-Identifier: ISC
 *
 * A server of the domains "b.a" and "a", with the mailboxes "a@b.a" and "a@a", which are the
 * addresses of the account "a" too, for tests.
 */
#ifndef PORTREEVE_TESTS_GATEWAY_TWO_DOMAINS_H
#define PORTREEVE_TESTS_GATEWAY_TWO_DOMAINS_H

#include "gateway/facts.h"

static inline bool test_has_domain(void *arg, const char *domain)
{
	(void)arg;
	return strcmp(domain, "b.a") == 0 || strcmp(domain, "a") == 0;
}

static inline enum gateway_known test_has_mailbox(void *arg, const struct gateway_address *address)
{
	(void)arg;
	return str_eq(address->local, STR("a")) ? GATEWAY_YES : GATEWAY_NO;
}

static inline enum gateway_known test_owns(void *arg, struct str account,
                                           const struct gateway_address *address)
{
	return str_eq(account, STR("a")) && str_eq(address->local, STR("a")) &&
	       test_has_domain(arg, address->domain) ? GATEWAY_YES : GATEWAY_NO;
}

static const struct gateway_directory test_directory = {
	.has_domain = test_has_domain, .has_mailbox = test_has_mailbox, .owns = test_owns,
};

#endif
