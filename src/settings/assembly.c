/* SPDX-License-Identifier: ISC
 *
 * Keys, tester and collector from the settings: see assembly.h.
 */
#include "settings/assembly.h"

#include "store/keys.h"
#include "settings/state.h"

#include <assert.h>

int assembly_keys_load(struct assembly_keys *keys, bool evidence, struct buf *message)
{
	struct token_keys tokens;
	int e = keys_token_load(STATE_HERE, &tokens, message);
	if (e != ERR_OK)
		return e;
	if (keys->has_signer)
		token_signer_fini(&keys->signer);
	token_signer_init(&keys->signer, &tokens);
	keys->has_signer = true;
	keys_token_fini(&tokens);
	return !evidence || keys->evidence ? ERR_OK
		: keys_evidence_load(STATE_HERE, &keys->evidence, message);
}

void assembly_keys_fini(struct assembly_keys *keys)
{
	if (keys->has_signer)
		token_signer_fini(&keys->signer);
	EVP_PKEY_free(keys->evidence);
	*keys = (struct assembly_keys){ 0 };
}

int assembly_tester_create(const struct settings *s, const struct assembly_keys *keys,
                           struct tester_setup *setup, struct assembly_tester *out,
                           struct buf *message)
{
	const struct general_config *g = &s->general;
	assert(keys->has_signer && keys->evidence && "a tester marks what it sends, and signs");
	if (dns_resolver_create(setup->loop, g->resolver.v, g->resolver.n, NULL,
	                        &out->resolver) != ERR_OK) {
		buf_add_cstr(message, "the resolver cannot be set up");
		return ERR_IO;
	}
	setup->resolver = out->resolver;
	setup->signer = &keys->signer;
	setup->evidence_key = keys->evidence;
	setup->config = &s->tester;
	setup->us.hostname = g->hostname;
	setup->us.operator_name = g->operator_name;
	setup->us.contact = g->contact;
	setup->us.objection_url = g->objection_url;
	out->tester = tester_create(setup);
	return ERR_OK;
}

void assembly_tester_destroy(struct assembly_tester *t)
{
	tester_destroy(t->tester);
	dns_resolver_destroy(t->resolver);
	*t = (struct assembly_tester){ 0 };
}

struct collector *assembly_collector_create(const struct settings *s,
                                            const struct assembly_keys *keys,
                                            struct collector_setup *setup)
{
	assert(keys->has_signer && "a collector knows its own tokens");
	setup->signer = &keys->signer;
	setup->config = &s->collector;
	setup->tester = &s->tester;
	setup->hostname = s->general.hostname;
	setup->mail_directory = "mail";
	return collector_create(setup);
}

struct desk assembly_desk(const struct settings *s, struct store *st, int64_t now_s)
{
	return (struct desk){
		.store = st, .config = &s->report, .now_s = now_s,
		.hostname = s->general.hostname, .contact = s->general.contact,
		.operator_name = s->general.operator_name,
		.own_domains = { s->tester.domain, s->tester.domain2 },
		.hostname_given = s->general.hostname_given,
		.contact_given = s->general.contact_given,
	};
}

int assembly_keys_rotate(const struct settings *s, int64_t now_s, struct buf *message)
{
	enum { SPARE_S = 86400 };
	int64_t keep_s = s->tester.return_window_s + s->tester.wait_s + SPARE_S;
	return keys_token_rotate(STATE_HERE, now_s, keep_s, message);
}
