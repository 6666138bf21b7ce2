/* SPDX-License-Identifier: ISC
 *
 * The table of TLS policies, and its words.
 */
#include "gateway/tlspolicy.h"

#include "base/mem.h"
#include "gateway/bydomain-private.h"

#include <assert.h>
#include <stdlib.h>

static const char *const names[] = {
	[GATEWAY_TLS_NONE] = "none", [GATEWAY_TLS_OPPORTUNISTIC] = "opportunistic",
	[GATEWAY_TLS_ENCRYPT] = "encrypt", [GATEWAY_TLS_VERIFY] = "verify",
};
static const size_t name_count = sizeof(names) / sizeof(*names);

struct gateway_tls_policies {
	struct by_domain table;
};

const char *gateway_tls_policy_name(enum gateway_tls_policy policy)
{
	assert((size_t)policy < name_count);
	return names[policy];
}

static bool policy_parse(struct str word, enum gateway_tls_policy *policy)
{
	for (unsigned i = 0; i < name_count; i++)
		if (str_eq(word, str_of(names[i]))) {
			*policy = (enum gateway_tls_policy)i;
			return true;
		}
	return false;
}

int gateway_tls_policies_check(const struct config_strings *entries, struct buf *message)
{
	struct by_domain table;
	struct str domain, word;
	enum gateway_tls_policy policy;
	for (size_t i = 0; i < entries->n; i++) {
		if (by_domain_split(str_of(entries->v[i]), true, &domain, &word) &&
		    policy_parse(word, &policy))
			continue;
		buf_add_cstr(message, "gateway.tls_policies: expected a domain or \"*\", and none, "
		             "opportunistic, encrypt or verify, found \"");
		buf_add_escaped(message, str_of(entries->v[i]));
		buf_add_cstr(message, "\"");
		return ERR_INVALID;
	}
	by_domain_init(&table, entries);
	const char *twice = by_domain_twice(&table);
	if (twice)
		buf_printf(message, "gateway.tls_policies: expected one entry for %s, found two",
		           twice);
	by_domain_fini(&table);
	return twice ? ERR_INVALID : ERR_OK;
}

struct gateway_tls_policies *gateway_tls_policies_create(const struct config_strings *entries)
{
	struct gateway_tls_policies *p = mem_zalloc(sizeof(*p));
	by_domain_init(&p->table, entries);
	return p;
}

void gateway_tls_policies_destroy(struct gateway_tls_policies *p)
{
	if (!p)
		return;
	by_domain_fini(&p->table);
	free(p);
}

enum gateway_tls_policy gateway_tls_policy_of_name(const struct gateway_tls_policies *p,
                                                   struct str name,
                                                   enum gateway_tls_policy otherwise)
{
	const struct by_domain_entry *e = by_domain_find(&p->table, name);
	enum gateway_tls_policy policy;
	return e && policy_parse(str_of(e->rest), &policy) ? policy : otherwise;
}

enum gateway_tls_policy gateway_tls_policy_of(const struct gateway_tls_policies *p,
                                              struct str domain,
                                              enum gateway_tls_policy otherwise)
{
	return gateway_tls_policy_of_name(p, domain,
	                                  gateway_tls_policy_of_name(p, STR("*"), otherwise));
}
