/* SPDX-License-Identifier: ISC
 *
 * The rules with which sessions begin, counted by who uses them.
 */
#include "gateway/gateway-private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct gateway_rules *gateway_rules_create(const struct gateway_setup *setup)
{
	struct gateway_rules *r = mem_zalloc(sizeof(*r));
	*r = (struct gateway_rules){ .references = 1, .config = setup->config,
	                             .hostname = mem_strdup(setup->hostname),
	                             .tls = setup->tls };
	if (r->tls)
		SSL_CTX_up_ref(r->tls);
	r->refuses_ours = strcmp(setup->config->own_senders, "refuse") == 0;
	r->scram = setup->scram_secret != NULL;
	if (r->scram)
		memcpy(r->scram_secret, setup->scram_secret, sizeof(r->scram_secret));
	return r;
}

struct gateway_rules *gateway_rules_ref(struct gateway_rules *r)
{
	assert(r->references > 0);
	r->references++;
	return r;
}

void gateway_rules_unref(struct gateway_rules *r)
{
	assert(r->references > 0);
	if (--r->references > 0)
		return;
	SSL_CTX_free(r->tls);
	free(r->hostname);
	explicit_bzero(r->scram_secret, sizeof(r->scram_secret));
	free(r);
}
